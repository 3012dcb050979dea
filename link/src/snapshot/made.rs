//! What was made so far while a snapshot is restored, by the numbers that it has for it, none of which is trusted.

use super::state::{FuncName, RefName, Value};
use crate::error::{Result, format_err};
use crate::items::func::Func;
use crate::items::heap_ref::heap_type;
use crate::items::rooted::Rooted;
use crate::items::v128::V128;
use crate::items::value::Val;
use crate::module::Module;
use crate::store::handle::Handle;
use crate::store::instance_data::{GlobalItem, InstanceData, TagItem};
use crate::store::opaque::StoreOpaque;
use pirn_decode::{FuncIdx, FuncType, HeapType, RefType, TypeId, ValType};
use pirn_exec::{Memory, Table, Word, extern_word, i31_word};

/// What was made so far, by the numbers that the snapshot has for it.
#[derive(Default)]
pub(super) struct Made {
    /// Types, of the engine. They name themselves, so that no type has to be looked for by its id.
    pub(super) types: Vec<HeapType>,
    pub(super) hosts: Vec<Func>,
    /// Indices of the embedder's values in the store.
    pub(super) externs: Vec<usize>,
    pub(super) tags: Vec<Handle<TagItem>>,
    /// The addresses of objects.
    pub(super) objects: Vec<Word>,
    pub(super) memories: Vec<Handle<Memory>>,
    pub(super) tables: Vec<Handle<Table>>,
    pub(super) globals: Vec<Handle<GlobalItem>>,
    pub(super) instances: Vec<Handle<InstanceData>>,
}

/// What has this number.
pub(super) fn numbered<T: Copy>(list: &[T], number: u32, what: &str) -> Result<T> {
    let item = list.get(number as usize).copied();
    item.ok_or_else(|| format_err!("the snapshot has {} {what}, and refers to number {number}", list.len()))
}

/// Whether the module has this function, and does not import it.
pub(super) fn is_own(module: &Module, funcidx: FuncIdx) -> bool {
    module.parsed().own(funcidx).is_some_and(|own| own < module.own_funcs().len())
}

impl Made {
    pub(super) fn instance(&self, number: u32) -> Result<Handle<InstanceData>> {
        numbered(&self.instances, number, "instances")
    }

    pub(super) fn host(&self, number: u32) -> Result<Func> {
        numbered(&self.hosts, number, "host functions")
    }

    /// A type, of the engine.
    ///
    /// # Errors
    /// It names none, or one of another kind.
    pub(super) fn ty(&self, ty: ValType) -> Result<ValType> {
        let ValType::Ref(reference) = ty else { return Ok(ty) };
        let Some(number) = ty.type_id() else { return Ok(ty) };
        let found = numbered(&self.types, number.0, "types")?;
        let renamed = RefType::new(reference.is_nullable(), found);
        if std::mem::discriminant(&found) == std::mem::discriminant(&reference.heap_type()) {
            Ok(ValType::Ref(renamed))
        } else {
            Err(format_err!("{ty} names a type of another kind"))
        }
    }

    /// The id of the type that has this number.
    pub(super) fn type_id(&self, number: u32) -> Result<TypeId> {
        Ok(numbered(&self.types, number, "types")?.type_id().expect("all are defined by modules"))
    }

    /// A function type, of the engine.
    ///
    /// # Errors
    /// As [`Self::ty`].
    pub(super) fn func_type(&self, ty: &FuncType) -> Result<FuncType> {
        let types = |types: &[ValType]| types.iter().map(|&ty| self.ty(ty)).collect::<Result<Vec<_>>>();
        Ok(FuncType::new(types(ty.params())?, types(ty.results())?))
    }

    /// A function in the store.
    pub(super) fn func(&self, store: &StoreOpaque, name: FuncName) -> Result<Func> {
        match name {
            FuncName::Host(number) => self.host(number),
            FuncName::Own { instance, funcidx } => {
                let instance = self.instance(instance)?.get(store)?;
                let funcidx = FuncIdx(funcidx);
                if !is_own(instance.module(), funcidx) {
                    return Err(format_err!("function {funcidx} is none of the module's own"));
                }
                Ok(instance.func(funcidx, store.id()))
            }
        }
    }

    /// A value in the store.
    pub(super) fn val(&self, store: &StoreOpaque, value: &Value) -> Result<Val> {
        Ok(match *value {
            Value::I32(value) => Val::I32(value as i32),
            Value::I64(value) => Val::I64(value as i64),
            Value::F32(bits) => Val::F32(bits),
            Value::F64(bits) => Val::F64(bits),
            Value::V128(words) => Val::V128(V128::from_words(words)),
            Value::Func(name) => Val::FuncRef(name.map(|name| self.func(store, name)).transpose()?),
            Value::Extern(name) => Val::ExternRef(self.reference(store, name)?),
            Value::Any(name) => Val::AnyRef(self.reference(store, name)?),
            Value::Exn(None) => Val::ExnRef(None),
            Value::Exn(Some(number)) => {
                let word = numbered(&self.objects, number, "objects")?;
                // SAFETY: L5: an object of this store, none of which is collected meanwhile.
                if unsafe { heap_type(store, word) } != HeapType::Exn {
                    return Err(format_err!("object {number} is no exception"));
                }
                // SAFETY: L5: that is what it is.
                Val::ExnRef(Some(unsafe { Rooted::new(store, word) }))
            }
        })
    }

    /// What is no function and no exception; `None` is null. `T` is the type of anything or of anything of the embedder's.
    fn reference<T>(&self, store: &StoreOpaque, name: RefName) -> Result<Option<Rooted<T>>> {
        let word = match name {
            RefName::Null => return Ok(None),
            RefName::Host(number) => extern_word(numbered(&self.externs, number, "externrefs")?),
            RefName::I31(value) => i31_word(value),
            RefName::Object(number) => {
                let word = numbered(&self.objects, number, "objects")?;
                // SAFETY: L5: an object of this store, none of which is collected meanwhile.
                if unsafe { heap_type(store, word) } == HeapType::Exn {
                    return Err(format_err!("object {number} is an exception"));
                }
                word
            }
        };
        // SAFETY: L5: words of either type are words of the other (spec 4.4.5), and it is one of this store.
        Ok(Some(unsafe { Rooted::new(store, word) }))
    }
}
