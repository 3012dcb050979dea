//! The types of a module: from wasmparser's to ours.

use super::Module;
use crate::{
    ArrayType, CompositeType, Error, FieldType, FuncType, HeapType, ModuleLimits, RefType, StorageType, StructType,
    SubType, TypeId, ValType,
};
use smallvec::SmallVec;
use std::collections::HashMap;
use wasmparser::types::CoreTypeId;
use wasmparser::{AbstractHeapType, CompositeInnerType, RecGroup};

/// Whose indices types are named by: of those the module has, and of those that are being read.
#[derive(Clone, Copy)]
struct Names<'a> {
    types: &'a [SubType],
    /// What the validator calls the types, if it gives them names of its own.
    ids: Option<&'a HashMap<CoreTypeId, u32>>,
    /// What the next types are, which may name each other.
    group: &'a [Kind],
}

/// What a concrete type is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Func,
    Struct,
    Array,
}

impl Kind {
    fn heap_type(self, id: TypeId) -> HeapType {
        match self {
            Self::Func => HeapType::ConcreteFunc(id),
            Self::Struct => HeapType::ConcreteStruct(id),
            Self::Array => HeapType::ConcreteArray(id),
        }
    }
}

impl Names<'_> {
    /// Type `typeidx`, which the validator knows.
    fn concrete(self, typeidx: u32) -> HeapType {
        let kind = match self.types.get(typeidx as usize) {
            None => self.group[typeidx as usize - self.types.len()],
            Some(ty) => match ty.composite {
                CompositeType::Func(_) => Kind::Func,
                CompositeType::Struct(_) => Kind::Struct,
                CompositeType::Array(_) => Kind::Array,
            },
        };
        kind.heap_type(TypeId(typeidx))
    }

    fn heap_type(self, ty: wasmparser::HeapType) -> Result<HeapType, Error> {
        Ok(match ty {
            wasmparser::HeapType::Concrete(index) => {
                let known = index.as_core_type_id().and_then(|id| self.ids?.get(&id).copied());
                match index.as_module_index().or(known) {
                    Some(typeidx) => self.concrete(typeidx),
                    None => return Err(unsupported(&ty)),
                }
            }
            wasmparser::HeapType::Abstract { shared: false, ty: heap } => match heap {
                AbstractHeapType::Func => HeapType::Func,
                AbstractHeapType::NoFunc => HeapType::NoFunc,
                AbstractHeapType::Extern => HeapType::Extern,
                AbstractHeapType::NoExtern => HeapType::NoExtern,
                AbstractHeapType::Any => HeapType::Any,
                AbstractHeapType::Eq => HeapType::Eq,
                AbstractHeapType::I31 => HeapType::I31,
                AbstractHeapType::Struct => HeapType::Struct,
                AbstractHeapType::Array => HeapType::Array,
                AbstractHeapType::None => HeapType::None,
                AbstractHeapType::Exn => HeapType::Exn,
                AbstractHeapType::NoExn => HeapType::NoExn,
                AbstractHeapType::Cont | AbstractHeapType::NoCont => return Err(unsupported(&ty)),
            },
            wasmparser::HeapType::Abstract { shared: true, .. } | wasmparser::HeapType::Exact(_) => {
                return Err(unsupported(&ty));
            }
        })
    }

    fn ref_type(self, ty: wasmparser::RefType) -> Result<RefType, Error> {
        Ok(RefType::new(ty.is_nullable(), self.heap_type(ty.heap_type())?))
    }

    fn val_type(self, ty: wasmparser::ValType) -> Result<ValType, Error> {
        Ok(match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(ty) => ValType::Ref(self.ref_type(ty)?),
        })
    }

    fn func_type(self, ty: &wasmparser::FuncType) -> Result<FuncType, Error> {
        let types = ty.params().iter().chain(ty.results()).map(|&ty| self.val_type(ty));
        let types = types.collect::<Result<SmallVec<[_; 32]>, _>>()?;
        let (params, results) = types.split_at(ty.params().len());
        Ok(FuncType::new(params.iter().copied(), results.iter().copied()))
    }

    fn field_type(self, ty: &wasmparser::FieldType) -> Result<FieldType, Error> {
        let element_type = match ty.element_type {
            wasmparser::StorageType::I8 => StorageType::I8,
            wasmparser::StorageType::I16 => StorageType::I16,
            wasmparser::StorageType::Val(ty) => StorageType::ValType(self.val_type(ty)?),
        };
        Ok(FieldType { element_type, mutable: ty.mutable })
    }

    fn sub_type(self, ty: &wasmparser::SubType) -> Result<SubType, Error> {
        let composite = match &ty.composite_type.inner {
            CompositeInnerType::Func(ty) => CompositeType::Func(self.func_type(ty)?),
            CompositeInnerType::Struct(ty) => {
                let fields = ty.fields.iter().map(|field| self.field_type(field));
                CompositeType::Struct(StructType { fields: fields.collect::<Result<_, _>>()? })
            }
            CompositeInnerType::Array(ty) => CompositeType::Array(ArrayType { field: self.field_type(&ty.0)? }),
            CompositeInnerType::Cont(_) => return Err(Error::new("unsupported type of continuations", 0)),
        };
        let supertype = ty.supertype_idxs.first().and_then(|index| index.as_module_index()).map(TypeId);
        Ok(SubType { composite, supertype, is_final: ty.is_final })
    }
}

/// Adds the types of a recursion group, which begins at `offset`, to the module's.
pub(super) fn read_group(
    module: &mut Module,
    group: &RecGroup,
    limits: &ModuleLimits,
    offset: u64,
) -> Result<(), Error> {
    let first = module.types.len();
    let kind = |ty: &wasmparser::SubType| match ty.composite_type.inner {
        CompositeInnerType::Struct(_) => Kind::Struct,
        CompositeInnerType::Array(_) => Kind::Array,
        CompositeInnerType::Func(_) | CompositeInnerType::Cont(_) => Kind::Func,
    };
    let kinds: SmallVec<[Kind; 4]> = group.types().map(kind).collect();
    let count = first as u64 + kinds.len() as u64;
    ModuleLimits::check(&"types", count, limits.types.into(), offset)?;
    let mut types = SmallVec::<[SubType; 1]>::with_capacity(kinds.len());
    let names = Names { types: &module.types, ids: None, group: &kinds };
    for (index, ty) in group.types().enumerate() {
        let ty = names.sub_type(ty)?;
        let check = |what: &str, found: usize, limit: usize| {
            let what = format_args!("{what} of type {}", first + index);
            ModuleLimits::check(&what, found as u64, limit as u64, offset)
        };
        if let Some(ty) = ty.as_func() {
            check("parameters", ty.params().len(), limits.params)?;
            check("results", ty.results().len(), limits.results)?;
        }
        types.push(ty);
    }
    for (index, ty) in types.iter().enumerate() {
        // A supertype comes before it (spec 3.2.11).
        debug_assert_eq!(module.depths.len(), first + index);
        let above = ty.supertype.and_then(|above| module.depths.get(above.index()));
        module.depths.push(above.map_or(0, |depth| depth + 1));
    }
    let is_plain = types.len() == 1 && types[0].is_plain();
    module.types.extend(types);
    if !is_plain && module.types.len() > first {
        module.rec_groups.push(first as u32..module.types.len() as u32);
    }
    Ok(())
}

/// The type of values of type `ty`, in a module whose types are read.
pub(super) fn val_type(module: &Module, ty: wasmparser::ValType) -> Result<ValType, Error> {
    Names { types: &module.types, ids: None, group: &[] }.val_type(ty)
}

/// The type of values of type `ty`, in which the validator names types by `ids`. It names them by typeidxs.
pub(crate) fn val_type_by(
    module: &Module,
    ids: &HashMap<CoreTypeId, u32>,
    ty: wasmparser::ValType,
) -> Result<ValType, Error> {
    Names { types: &module.types, ids: Some(ids), group: &[] }.val_type(ty)
}

/// The type of references of type `ty`, in a module whose types are read.
pub(super) fn ref_type(module: &Module, ty: wasmparser::RefType) -> Result<RefType, Error> {
    Names { types: &module.types, ids: None, group: &[] }.ref_type(ty)
}

/// The validator refuses such types where they stand, so nobody misses the offset.
fn unsupported(ty: &dyn std::fmt::Debug) -> Error {
    Error::new(format!("unsupported type {ty:?}"), 0)
}
