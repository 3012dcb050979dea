//! Types of what modules import and export.

use super::{FuncType, GlobalType, MemoryType, Subtyping, TableType, TagType};
use std::fmt;

/// Type of something imported or exported (spec 2.3.11).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag.
    Tag(TagType),
}

/// What it is a type of, if it is one of that kind.
macro_rules! accessors {
    ($($kind:ident $ty:ident $get:ident $unwrap:ident $what:literal;)*) => {
        impl ExternType {
            $(
                #[doc = concat!("The type of ", $what, ", if it is one.")]
                pub const fn $get(&self) -> Option<&$ty> {
                    if let Self::$kind(ty) = self { Some(ty) } else { None }
                }

                #[doc = concat!("The type of ", $what, ".")]
                ///
                /// # Panics
                /// It is none.
                pub const fn $unwrap(&self) -> &$ty {
                    self.$get().expect(concat!("the type of ", $what))
                }
            )*
        }
    };
}
accessors! {
    Func FuncType func unwrap_func "a function";
    Table TableType table unwrap_table "a table";
    Memory MemoryType memory unwrap_memory "a memory";
    Global GlobalType global unwrap_global "a global";
    Tag TagType tag unwrap_tag "a tag";
}

impl ExternType {
    /// Whether something of this type, minima being sizes, may stand where `wanted` is asked for (spec 3.2.8). Of functions and tags whose types
    /// are declared to be below others the type alone does not say it: ids do.
    pub fn matches(&self, wanted: &Self, types: &impl Subtyping) -> bool {
        match (self, wanted) {
            (Self::Table(found), Self::Table(wanted)) => {
                found.element == wanted.element
                    && found.address == wanted.address
                    && found.limits.matches(found.limits.min, &wanted.limits)
            }
            (Self::Memory(found), Self::Memory(wanted)) => {
                found.address == wanted.address
                    && found.page_size_log2 == wanted.page_size_log2
                    && found.shared == wanted.shared
                    && found.limits.matches(found.limits.min, &wanted.limits)
            }
            (Self::Func(found), Self::Func(wanted)) => found == wanted,
            (Self::Global(found), Self::Global(wanted)) if found.mutable || wanted.mutable => found == wanted,
            (Self::Global(found), Self::Global(wanted)) => found.content.matches(wanted.content, types),
            (Self::Tag(found), Self::Tag(wanted)) => found == wanted,
            (Self::Func(_) | Self::Table(_) | Self::Memory(_) | Self::Global(_) | Self::Tag(_), _) => false,
        }
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "func {ty}"),
            Self::Table(ty) => write!(f, "table {ty}"),
            Self::Memory(ty) => write!(f, "memory {ty}"),
            Self::Global(ty) if ty.mutable => write!(f, "global (mut {})", ty.content),
            Self::Global(ty) => write!(f, "global {}", ty.content),
            Self::Tag(ty) => write!(f, "tag {ty}"),
        }
    }
}
