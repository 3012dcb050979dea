//! Reference types (spec 2.3.3 to 2.3.5), and which may stand for which (spec 3.3).

use crate::TypeId;
use std::fmt;

/// What a reference refers to (spec 2.3.3).
///
/// A concrete type is named by its id: in an engine, in what the API gives and takes; by its index, in a module that no engine
/// has seen yet ([`crate::Module::rename_types`]). An id does not keep its type: when nothing that has the type is left (a module, a store, a
/// [`StructType`](crate::StructType)), it may become another type's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeapType {
    /// Functions.
    Func,
    /// No function: the type of null alone, below every function type.
    NoFunc,
    /// Values of the embedder, opaque to WebAssembly.
    Extern,
    /// No value of the embedder.
    NoExtern,
    /// Everything that WebAssembly makes itself but functions and exceptions: structs, arrays, small integers.
    Any,
    /// What `ref.eq` compares.
    Eq,
    /// Integers of 31 bits.
    I31,
    /// Structs.
    Struct,
    /// Arrays.
    Array,
    /// Nothing: below every type that is below [`HeapType::Any`].
    None,
    /// Exceptions.
    Exn,
    /// No exception.
    NoExn,
    /// Functions of one type.
    ConcreteFunc(TypeId),
    /// Structs of one type.
    ConcreteStruct(TypeId),
    /// Arrays of one type.
    ConcreteArray(TypeId),
}

/// Says which declared types are below which.
pub trait Subtyping {
    /// Whether values of type `sub` are values of type `of`, both being the same or declared so (spec 3.3.7).
    fn is_subtype(&self, sub: TypeId, of: TypeId) -> bool;
}

/// Heap types that no module defines, and their bytes in binaries (spec 5.3.3).
const BYTES: [(u8, HeapType); 12] = [
    (0x74, HeapType::NoExn),
    (0x73, HeapType::NoFunc),
    (0x72, HeapType::NoExtern),
    (0x71, HeapType::None),
    (0x70, HeapType::Func),
    (0x6f, HeapType::Extern),
    (0x6e, HeapType::Any),
    (0x6d, HeapType::Eq),
    (0x6c, HeapType::I31),
    (0x6b, HeapType::Struct),
    (0x6a, HeapType::Array),
    (0x69, HeapType::Exn),
];

impl HeapType {
    /// The type that binaries have this byte for, if it is one that no module defines (spec 5.3.3).
    #[doc(hidden)]
    pub fn of_byte(byte: u8) -> Option<Self> {
        // One after the other, downwards.
        let (known, ty) = *BYTES.get(usize::from(BYTES[0].0.checked_sub(byte)?))?;
        debug_assert_eq!(known, byte);
        Some(ty)
    }

    /// Its byte in binaries, if no module defines it (spec 5.3.3).
    #[doc(hidden)]
    pub fn byte(self) -> Option<u8> {
        BYTES.iter().find(|(_, ty)| *ty == self).map(|(byte, _)| *byte)
    }

    /// The greatest type above it (spec 3.3.4): [`HeapType::Func`], [`HeapType::Extern`], [`HeapType::Any`] or [`HeapType::Exn`].
    pub const fn top(self) -> Self {
        match self {
            Self::Func | Self::NoFunc | Self::ConcreteFunc(_) => Self::Func,
            Self::Extern | Self::NoExtern => Self::Extern,
            Self::Exn | Self::NoExn => Self::Exn,
            Self::Any
            | Self::Eq
            | Self::I31
            | Self::Struct
            | Self::Array
            | Self::None
            | Self::ConcreteStruct(_)
            | Self::ConcreteArray(_) => Self::Any,
        }
    }

    /// Whether there is none above it.
    pub fn is_top(self) -> bool {
        self == self.top()
    }

    /// Whether there is none below it: whether it is that of null alone.
    pub fn is_bottom(self) -> bool {
        self == self.bottom()
    }

    /// The least type below it, that of null.
    pub const fn bottom(self) -> Self {
        match self.top() {
            Self::Func => Self::NoFunc,
            Self::Extern => Self::NoExtern,
            Self::Exn => Self::NoExn,
            _ => Self::None,
        }
    }

    /// Its id, if it is a concrete type.
    pub const fn type_id(self) -> Option<TypeId> {
        match self {
            Self::ConcreteFunc(id) | Self::ConcreteStruct(id) | Self::ConcreteArray(id) => Some(id),
            Self::Func
            | Self::NoFunc
            | Self::Extern
            | Self::NoExtern
            | Self::Any
            | Self::Eq
            | Self::I31
            | Self::Struct
            | Self::Array
            | Self::None
            | Self::Exn
            | Self::NoExn => None,
        }
    }

    /// Whether everything of this type is of type `wanted` (spec 3.3.4).
    pub fn matches(self, wanted: Self, types: &impl Subtyping) -> bool {
        if self == wanted {
            return true;
        }
        match (self, wanted) {
            (Self::ConcreteFunc(sub), Self::ConcreteFunc(of))
            | (Self::ConcreteStruct(sub), Self::ConcreteStruct(of))
            | (Self::ConcreteArray(sub), Self::ConcreteArray(of)) => types.is_subtype(sub, of),
            (Self::NoFunc | Self::NoExtern | Self::NoExn | Self::None, _) => self.top() == wanted.top(),
            (Self::ConcreteFunc(_), Self::Func) => true,
            (Self::Eq | Self::I31 | Self::Struct | Self::Array, Self::Any) => true,
            (Self::I31 | Self::Struct | Self::Array, Self::Eq) => true,
            (Self::ConcreteStruct(_), Self::Struct | Self::Eq | Self::Any) => true,
            (Self::ConcreteArray(_), Self::Array | Self::Eq | Self::Any) => true,
            (
                Self::Func
                | Self::Extern
                | Self::Any
                | Self::Eq
                | Self::I31
                | Self::Struct
                | Self::Array
                | Self::Exn
                | Self::ConcreteFunc(_)
                | Self::ConcreteStruct(_)
                | Self::ConcreteArray(_),
                _,
            ) => false,
        }
    }

    /// What kind it is, a number below 16, and the id that it has besides.
    pub(crate) const fn parts(self) -> (u8, u32) {
        match self {
            Self::Func => (0, 0),
            Self::NoFunc => (1, 0),
            Self::Extern => (2, 0),
            Self::NoExtern => (3, 0),
            Self::Any => (4, 0),
            Self::Eq => (5, 0),
            Self::I31 => (6, 0),
            Self::Struct => (7, 0),
            Self::Array => (8, 0),
            Self::None => (9, 0),
            Self::Exn => (10, 0),
            Self::NoExn => (11, 0),
            Self::ConcreteFunc(id) => (12, id.0),
            Self::ConcreteStruct(id) => (13, id.0),
            Self::ConcreteArray(id) => (14, id.0),
        }
    }

    /// The type that has these [parts](Self::parts).
    pub(crate) const fn of_parts(kind: u8, id: u32) -> Self {
        match kind {
            0 => Self::Func,
            1 => Self::NoFunc,
            2 => Self::Extern,
            3 => Self::NoExtern,
            4 => Self::Any,
            5 => Self::Eq,
            6 => Self::I31,
            7 => Self::Struct,
            8 => Self::Array,
            9 => Self::None,
            10 => Self::Exn,
            11 => Self::NoExn,
            12 => Self::ConcreteFunc(TypeId(id)),
            13 => Self::ConcreteStruct(TypeId(id)),
            _ => Self::ConcreteArray(TypeId(id)),
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::NoFunc => "nofunc",
            Self::Extern => "extern",
            Self::NoExtern => "noextern",
            Self::Any => "any",
            Self::Eq => "eq",
            Self::I31 => "i31",
            Self::Struct => "struct",
            Self::Array => "array",
            Self::None => "none",
            Self::Exn => "exn",
            Self::NoExn => "noexn",
            Self::ConcreteFunc(id) | Self::ConcreteStruct(id) | Self::ConcreteArray(id) => return write!(f, "{id}"),
        })
    }
}

/// A reference type (spec 2.3.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefType {
    nullable: bool,
    // `HeapType` would take four bytes more: there are lists of many types.
    kind: u8,
    id: u32,
}

const _: () = assert!(size_of::<super::ValType>() == 8);

impl RefType {
    /// `funcref`.
    pub const FUNCREF: Self = Self::new(true, HeapType::Func);
    /// `externref`.
    pub const EXTERNREF: Self = Self::new(true, HeapType::Extern);
    /// `anyref`.
    pub const ANYREF: Self = Self::new(true, HeapType::Any);
    /// `eqref`.
    pub const EQREF: Self = Self::new(true, HeapType::Eq);
    /// `i31ref`.
    pub const I31REF: Self = Self::new(true, HeapType::I31);
    /// `structref`.
    pub const STRUCTREF: Self = Self::new(true, HeapType::Struct);
    /// `arrayref`.
    pub const ARRAYREF: Self = Self::new(true, HeapType::Array);
    /// `exnref`.
    pub const EXNREF: Self = Self::new(true, HeapType::Exn);

    /// A reference to something of type `heap`; null, too, if it is `nullable`.
    pub const fn new(nullable: bool, heap: HeapType) -> Self {
        let (kind, id) = heap.parts();
        Self { nullable, kind, id }
    }

    /// What it refers to.
    pub const fn heap_type(self) -> HeapType {
        HeapType::of_parts(self.kind, self.id)
    }

    /// Whether it may be null.
    pub const fn is_nullable(self) -> bool {
        self.nullable
    }

    /// Whether every reference of this type is of type `wanted` (spec 3.3.5).
    pub fn matches(self, wanted: Self, types: &impl Subtyping) -> bool {
        (!self.nullable || wanted.nullable) && self.heap_type().matches(wanted.heap_type(), types)
    }

    /// The same with another name for a concrete type.
    #[must_use]
    pub fn rename(self, name: impl FnOnce(TypeId) -> TypeId) -> Self {
        match self.heap_type().type_id() {
            Some(id) => Self { id: name(id).0, ..self },
            None => self,
        }
    }

    /// A number below 64 of its own, but for the id.
    pub(super) const fn number(self) -> u64 {
        (self.kind as u64) << 1 | self.nullable as u64
    }
}

impl fmt::Debug for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefType").field("nullable", &self.nullable).field("heap", &self.heap_type()).finish()
    }
}

impl fmt::Display for RefType {
    /// As in the text format, with the short names where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heap = self.heap_type();
        match (self.nullable, heap.type_id()) {
            (true, None) => match heap {
                HeapType::None => f.write_str("nullref"),
                HeapType::NoFunc => f.write_str("nullfuncref"),
                HeapType::NoExtern => f.write_str("nullexternref"),
                HeapType::NoExn => f.write_str("nullexnref"),
                _ => write!(f, "{heap}ref"),
            },
            (true, Some(_)) => write!(f, "(ref null {heap})"),
            (false, _) => write!(f, "(ref {heap})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HeapType, RefType, Subtyping};
    use crate::TypeId;

    /// Each type below those of smaller numbers.
    struct Chain;

    impl Subtyping for Chain {
        fn is_subtype(&self, sub: TypeId, of: TypeId) -> bool {
            sub >= of
        }
    }

    #[test]
    fn types_are_ordered_as_the_specification_says() {
        use HeapType::*;
        let (one, two) = (TypeId(1), TypeId(2));
        // Each with those right above it.
        let above: [(HeapType, &[HeapType]); 18] = [
            (Any, &[]),
            (Eq, &[Any]),
            (I31, &[Eq]),
            (Struct, &[Eq]),
            (Array, &[Eq]),
            (ConcreteStruct(one), &[Struct]),
            (ConcreteStruct(two), &[ConcreteStruct(one)]),
            (ConcreteArray(one), &[Array]),
            (ConcreteArray(two), &[ConcreteArray(one)]),
            (None, &[I31, ConcreteStruct(two), ConcreteArray(two)]),
            (Func, &[]),
            (ConcreteFunc(one), &[Func]),
            (ConcreteFunc(two), &[ConcreteFunc(one)]),
            (NoFunc, &[ConcreteFunc(two)]),
            (Extern, &[]),
            (NoExtern, &[Extern]),
            (Exn, &[]),
            (NoExn, &[Exn]),
        ];
        let right_above = |ty| above.iter().find(|(of, _)| *of == ty).unwrap().1;
        for (sub, _) in above {
            let (mut all, mut at) = (vec![sub], 0);
            while at < all.len() {
                all.extend(right_above(all[at]));
                at += 1;
            }
            for (of, _) in above {
                assert_eq!(sub.matches(of, &Chain), all.contains(&of), "{sub:?} below {of:?}");
                let [nullable, other] = [true, false].map(|nullable| RefType::new(nullable, sub));
                assert_eq!(other.matches(RefType::new(true, of), &Chain), all.contains(&of));
                assert!(!nullable.matches(RefType::new(false, of), &Chain));
            }
            assert_eq!(all.last(), Some(&sub.top()));
            assert!(sub.bottom().matches(sub, &Chain));
            assert_eq!(RefType::new(false, sub).heap_type(), sub);
        }
    }

    #[test]
    fn bytes_are_those_of_the_types_and_of_no_other() {
        let types: Vec<_> = (0..=u8::MAX).filter_map(HeapType::of_byte).collect();
        assert_eq!(types.len(), 12);
        assert!((0..=u8::MAX).all(|byte| HeapType::of_byte(byte).is_none_or(|ty| ty.byte() == Some(byte))));
        assert_eq!(HeapType::ConcreteFunc(TypeId(0)).byte(), None);
    }

    #[test]
    fn types_are_written_as_in_the_text_format() {
        let texts = [
            (RefType::FUNCREF, "funcref"),
            (RefType::new(true, HeapType::None), "nullref"),
            (RefType::new(false, HeapType::Extern), "(ref extern)"),
            (RefType::new(true, HeapType::ConcreteArray(TypeId(7))), "(ref null 7)"),
        ];
        for (ty, text) in texts {
            assert_eq!(ty.to_string(), text);
        }
    }
}
