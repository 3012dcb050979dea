//! What the quick check takes for the types of operands.

use super::super::Module;
use super::super::read::Reader;
use super::{EXTERNREF, F32, F64, FUNCREF, I32, I64, NOTHING, TYPES, V128};
use crate::{CompositeType, HeapType, RefType, Subtyping, TypeId, ValType};
use std::fmt::Debug;

/// A type of operands. There are two kinds, so that modules in which no type is below another pay nothing for those in which some are.
pub(super) trait OperandType: Copy + PartialEq + Debug + 'static {
    /// Whether types may be below others.
    const ORDERED: bool;

    /// The type that the binary has this byte for (spec 5.3), or that is none.
    fn of_byte(byte: u8) -> Self;

    /// The type; [`NOTHING`] if this pass knows none.
    fn of(ty: ValType) -> Self;

    /// Whether operands of this type are of another one, `wanted`.
    fn is_below(self, wanted: Self, module: &Module) -> bool;

    /// Whether locals of this type may be read before they are set.
    fn is_defaultable(self) -> bool;

    /// The reference type, if it is one that others are below.
    fn as_ref(self) -> Option<RefType>;

    /// Reads a type that begins with this byte.
    fn read(first: u8, reader: &mut Reader<'_>, module: &Module) -> Option<Self>;
}

/// Numbers, vectors, `funcref` and `externref`: as in the binary.
impl OperandType for u8 {
    const ORDERED: bool = false;

    #[inline(always)]
    fn of_byte(byte: u8) -> Self {
        byte
    }

    fn of(ty: ValType) -> Self {
        match ty {
            ValType::I32 => I32,
            ValType::I64 => I64,
            ValType::F32 => F32,
            ValType::F64 => F64,
            ValType::V128 => V128,
            ValType::Ref(RefType::FUNCREF) => FUNCREF,
            ValType::Ref(RefType::EXTERNREF) => EXTERNREF,
            // Types with others below them, or above.
            ValType::Ref(_) => NOTHING,
        }
    }

    #[inline(always)]
    fn is_below(self, _: Self, _: &Module) -> bool {
        false
    }

    #[inline(always)]
    fn is_defaultable(self) -> bool {
        true
    }

    #[inline(always)]
    fn as_ref(self) -> Option<RefType> {
        None
    }

    #[inline(always)]
    fn read(first: u8, _: &mut Reader<'_>, _: &Module) -> Option<Self> {
        TYPES.contains(&first).then_some(first)
    }
}

/// Any type: numbers and vectors as in the binary, references with [`Any::REFERENCE`] set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Any(u32);

impl Any {
    const REFERENCE: u32 = 1 << 31;
    const NULLABLE: u32 = 1 << 30;
    /// Above the id, what kind of type it is.
    const KIND: u32 = 26;
    const IDS: u32 = 1 << Self::KIND;

    fn reference(ty: RefType) -> Self {
        let (kind, id) = ty.heap_type().parts();
        if id >= Self::IDS {
            return Self::of_byte(NOTHING);
        }
        let nullable = if ty.is_nullable() { Self::NULLABLE } else { 0 };
        Self(Self::REFERENCE | nullable | u32::from(kind) << Self::KIND | id)
    }
}

/// Reads what a reference refers to (spec 5.3.4).
pub(super) fn read_heap_type(reader: &mut Reader<'_>, module: &Module) -> Option<HeapType> {
    let first = reader.peek()?;
    if let Some(heap) = HeapType::of_byte(first) {
        reader.byte()?;
        return Some(heap);
    }
    let id = reader.index_in_33_bits()?;
    named(id, module)
}

/// The type that typeidx `id` names.
pub(super) fn named(id: u32, module: &Module) -> Option<HeapType> {
    let id_of = TypeId(id);
    Some(match module.types.get(id as usize)?.composite {
        CompositeType::Func(_) => HeapType::ConcreteFunc(id_of),
        CompositeType::Struct(_) => HeapType::ConcreteStruct(id_of),
        CompositeType::Array(_) => HeapType::ConcreteArray(id_of),
    })
}

/// Which types of a module are declared below which, as far as their typeidxs say: two may name the same type.
struct ByTypeIdx<'a>(&'a Module);

impl Subtyping for ByTypeIdx<'_> {
    fn is_subtype(&self, sub: TypeId, of: TypeId) -> bool {
        // Each is declared behind those that it is below.
        let mut at = Some(sub);
        while let Some(id) = at.filter(|id| *id > of) {
            at = self.0.types[id.0 as usize].supertype;
        }
        at == Some(of)
    }
}

impl OperandType for Any {
    const ORDERED: bool = true;

    #[inline(always)]
    fn of_byte(byte: u8) -> Self {
        Self(byte.into())
    }

    fn of(ty: ValType) -> Self {
        match ty {
            ValType::Ref(ty) => Self::reference(ty),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => Self(u8::of(ty).into()),
        }
    }

    fn is_below(self, wanted: Self, module: &Module) -> bool {
        match (self.as_ref(), wanted.as_ref()) {
            (Some(ty), Some(wanted)) => ty.matches(wanted, &ByTypeIdx(module)),
            _ => false,
        }
    }

    fn as_ref(self) -> Option<RefType> {
        (self.0 & Self::REFERENCE != 0).then(|| {
            let kind = self.0 >> Self::KIND & 0xf;
            RefType::new(self.0 & Self::NULLABLE != 0, HeapType::of_parts(kind as u8, self.0 % Self::IDS))
        })
    }

    fn is_defaultable(self) -> bool {
        self.as_ref().is_none_or(RefType::is_nullable)
    }

    fn read(first: u8, reader: &mut Reader<'_>, module: &Module) -> Option<Self> {
        const REF_NULL: u8 = 0x63;
        const REF: u8 = 0x64;
        match first {
            I32 | I64 | F32 | F64 | V128 => Some(Self::of_byte(first)),
            REF_NULL | REF => {
                let heap = read_heap_type(reader, module)?;
                Some(Self::reference(RefType::new(first == REF_NULL, heap)))
            }
            _ => HeapType::of_byte(first).map(|heap| Self::reference(RefType::new(true, heap))),
        }
    }
}
