//! What was made so far while a snapshot is restored, by the numbers that it has for it, none of which is trusted.

use super::state::{FuncName, Value};
use crate::error::{Result, format_err};
use crate::items::func::Func;
use crate::items::heap_ref::ExternRef;
use crate::items::v128::V128;
use crate::items::value::Val;
use crate::module::Module;
use crate::store::handle::Handle;
use crate::store::instance_data::{GlobalItem, InstanceData};
use crate::store::opaque::StoreOpaque;
use pirn_decode::FuncIdx;
use pirn_exec::{Memory, Table};

/// What was made so far, by the numbers that the snapshot has for it.
#[derive(Default)]
pub(super) struct Made {
    pub(super) hosts: Vec<Func>,
    /// Indices of the embedder's values in the store.
    pub(super) externs: Vec<usize>,
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
            Value::Extern(None) => Val::ExternRef(None),
            Value::Extern(Some(number)) => {
                let index = numbered(&self.externs, number, "externrefs")?;
                Val::ExternRef(Some(ExternRef::of_index(store, index)))
            }
        })
    }
}
