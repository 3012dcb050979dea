//! The types of a module: from wasmparser's to ours.

use super::Module;
use crate::{
    ArrayType, CompositeType, Error, FieldType, FuncType, HeapType, ModuleLimits, RefType, StorageType, StructType,
    SubType, TypeId, TypeIdx, ValType,
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
                CompositeType::Struct(StructType::of_fields(fields.collect::<Result<_, _>>()?))
            }
            CompositeInnerType::Array(ty) => CompositeType::Array(ArrayType::of_field(self.field_type(&ty.0)?)),
            CompositeInnerType::Cont(_) => return Err(Error::new("unsupported type of continuations", 0)),
        };
        let supertype = ty.supertype_idxs.first().and_then(|index| index.as_module_index()).map(TypeId);
        Ok(SubType { composite, supertype, is_final: ty.is_final })
    }
}

/// Checks how many types a module has, of which `ty` is the last.
fn check_limits(count: usize, ty: Option<&SubType>, limits: &ModuleLimits, offset: u64) -> Result<(), Error> {
    ModuleLimits::check(&"types", count as u64, limits.types.into(), offset)?;
    let check = |what: &str, found: usize, limit: usize| {
        ModuleLimits::check(&format_args!("{what} of type {}", count - 1), found as u64, limit as u64, offset)
    };
    match ty.map(|ty| &ty.composite) {
        Some(CompositeType::Func(ty)) => {
            check("parameters", ty.params().len(), limits.params)?;
            check("results", ty.results().len(), limits.results)
        }
        Some(CompositeType::Struct(ty)) => check("fields", ty.fields().len(), limits.fields),
        Some(CompositeType::Array(_)) | None => Ok(()),
    }
}

/// The one type of a group, if it is a [plain](SubType::is_plain) one: nearly all are.
fn plain(group: &RecGroup) -> Option<FuncType> {
    let mut types = group.types();
    let (Some(ty), None) = (types.next(), types.next()) else { return None };
    let CompositeInnerType::Func(func) = &ty.composite_type.inner else { return None };
    let known = |ty: &wasmparser::ValType| match *ty {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::F32 => Some(ValType::F32),
        wasmparser::ValType::F64 => Some(ValType::F64),
        wasmparser::ValType::V128 => Some(ValType::V128),
        wasmparser::ValType::FUNCREF => Some(ValType::FUNCREF),
        wasmparser::ValType::EXTERNREF => Some(ValType::EXTERNREF),
        wasmparser::ValType::Ref(_) => None,
    };
    let is_plain = ty.is_final && ty.supertype_idxs.is_empty();
    if !is_plain || !func.params().iter().chain(func.results()).all(|ty| known(ty).is_some()) {
        return None;
    }
    let known = |ty| known(ty).expect("a type that was looked at before");
    Some(FuncType::new(func.params().iter().map(known), func.results().iter().map(known)))
}

/// Adds the types of a recursion group, which begins at `offset`, to the module's.
pub(super) fn read_group(
    module: &mut Module,
    group: &RecGroup,
    limits: &ModuleLimits,
    offset: u64,
) -> Result<(), Error> {
    if let Some(ty) = plain(group) {
        let ty = SubType::from(ty);
        check_limits(module.types.len() + 1, Some(&ty), limits, offset)?;
        module.types.push(ty);
        return Ok(());
    }
    let first = module.types.len();
    let kind = |ty: &wasmparser::SubType| match ty.composite_type.inner {
        CompositeInnerType::Struct(_) => Kind::Struct,
        CompositeInnerType::Array(_) => Kind::Array,
        CompositeInnerType::Func(_) | CompositeInnerType::Cont(_) => Kind::Func,
    };
    let kinds: SmallVec<[Kind; 4]> = group.types().map(kind).collect();
    check_limits(first + kinds.len(), None, limits, offset)?;
    let mut types = SmallVec::<[SubType; 1]>::with_capacity(kinds.len());
    let names = Names { types: &module.types, ids: None, group: &kinds };
    for ty in group.types() {
        let ty = names.sub_type(ty)?;
        check_limits(first + types.len() + 1, Some(&ty), limits, offset)?;
        types.push(ty);
    }
    for (index, ty) in types.iter().enumerate() {
        // A supertype comes before it (spec 3.2.11).
        let depth = ty.supertype.map_or(0, |above| module.depth(TypeIdx(above.0)) + 1);
        module.depths.resize(first + index, 0);
        module.depths.push(depth);
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
