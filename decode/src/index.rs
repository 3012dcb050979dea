//! Indices and ids, each a type of its own: a funcidx is no typeidx, and a module's typeidx is no engine's id.

use std::fmt;

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[repr(transparent)]
            pub struct $name(pub u32);

            impl $name {
                /// The number, for indexing.
                #[inline(always)]
                pub const fn index(self) -> usize {
                    self.0 as usize
                }
            }

            /// The number.
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}
indices! {
    /// A function of a module: an index into its index space of functions, which begins with the imported ones (spec 2.5.1).
    FuncIdx;
    /// A type of a module: an index into its index space of types (spec 2.5.1).
    TypeIdx;
    /// A function type in an engine: two function types that are used there have the same id if and only if they are the same
    /// type. It stands in threaded code and before it, and tells types of all modules apart.
    TypeId;
}

impl TypeId {
    /// What no type has.
    pub const NONE: Self = Self(u32::MAX);

    /// The bytes in threaded code.
    #[inline(always)]
    pub(crate) const fn to_ne_bytes(self) -> [u8; 4] {
        self.0.to_ne_bytes()
    }
}
