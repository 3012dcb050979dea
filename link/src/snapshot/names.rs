//! Numbers for what references of a store refer to, while a snapshot is taken.

use super::hooks::SnapshotHooks;
use super::state::{FuncName, HostFunc, Value, supported};
use crate::error::{Result, format_err};
use crate::items::func::Func;
use crate::items::value::Val;
use crate::store::opaque::StoreOpaque;
use pirn_exec::extern_index;
use std::collections::HashMap;

/// The error of what snapshots do not hold.
fn of_the_heap() -> crate::error::Error {
    format_err!(
        "a reference to a struct, array, exception or small integer, or null of such a type, is in use, which cannot be in a snapshot"
    )
}

/// The numbers given so far.
pub(super) struct Names<'a> {
    store: &'a StoreOpaque,
    hooks: &'a mut dyn SnapshotHooks,
    /// Of instances, by the addresses of their heads.
    instances: HashMap<usize, u32>,
    /// Of host functions, by the addresses of their records.
    hosts: HashMap<usize, u32>,
    pub(super) host_funcs: Vec<HostFunc>,
    /// Of the embedder's values, by their places in the store.
    externs: HashMap<usize, u32>,
    pub(super) saved_externs: Vec<Vec<u8>>,
}

impl<'a> Names<'a> {
    /// Names for `store`: of its instances, and of the host functions that they import.
    ///
    /// # Errors
    /// Two host functions were linked to imports of the same names.
    pub(super) fn new(store: &'a StoreOpaque, hooks: &'a mut dyn SnapshotHooks) -> Result<Self> {
        let mut this = Self {
            store,
            hooks,
            instances: HashMap::new(),
            hosts: HashMap::new(),
            host_funcs: Vec::new(),
            externs: HashMap::new(),
            saved_externs: Vec::new(),
        };
        let mut by_name = HashMap::new();
        for (instance, number) in store.instances().zip(0..) {
            let instance = instance.get(store)?;
            this.instances.insert(instance.block.as_ptr().addr(), number);
            for import in instance.module().imports() {
                let pirn_decode::module::ExternIndex::Func(funcidx) = import.index() else { continue };
                let func = instance.func(funcidx, store.id());
                let Some(host) = func.record().get(store)?.host() else { continue };
                let name = (import.module(), import.name());
                let address = func.record().as_ptr().addr();
                if *by_name.entry(name).or_insert(address) != address {
                    let (module, name) = name;
                    return Err(format_err!("two host functions were linked as `{module}::{name}`"));
                }
                let next = this.host_funcs.len() as u32;
                if let std::collections::hash_map::Entry::Vacant(entry) = this.hosts.entry(address) {
                    entry.insert(next);
                    let (module, name) = (name.0.into(), name.1.into());
                    for &ty in host.ty().params().iter().chain(host.ty().results()) {
                        supported(ty, || format!("a parameter or result of host function `{name}` of `{module}`"))?;
                    }
                    this.host_funcs.push(HostFunc { module, name, ty: host.ty().clone() });
                }
            }
        }
        Ok(this)
    }

    /// The number of the instance whose head is at this address.
    pub(super) fn instance(&self, head: usize) -> Result<u32> {
        let number = self.instances.get(&head).copied();
        number.ok_or_else(|| format_err!("a frame of an instance that the store does not have"))
    }

    /// The name of a function of the store.
    pub(super) fn func(&self, func: Func) -> Result<FuncName> {
        let record = func.record().get(self.store)?;
        if let Some(head) = record.instance() {
            let instance = self.instance(head.as_ptr().addr())?;
            return Ok(FuncName::Own { instance, funcidx: record.head().index.0 });
        }
        match self.hosts.get(&func.record().as_ptr().addr()) {
            Some(&host) => Ok(FuncName::Host(host)),
            None => {
                let ty = record.host().map(|host| host.ty().to_string()).unwrap_or_default();
                Err(format_err!(
                    "a host function of type {ty} is referred to that no instance imports, so it has no name"
                ))
            }
        }
    }

    /// A value, of this store.
    pub(super) fn value(&mut self, value: Val) -> Result<Value> {
        Ok(match value {
            Val::I32(value) => Value::I32(value as u32),
            Val::I64(value) => Value::I64(value as u64),
            Val::F32(bits) => Value::F32(bits),
            Val::F64(bits) => Value::F64(bits),
            Val::V128(vector) => Value::V128(vector.words()),
            Val::FuncRef(func) => Value::Func(func.map(|func| self.func(func)).transpose()?),
            Val::ExternRef(None) => Value::Extern(None),
            Val::ExternRef(Some(reference)) => {
                let index = extern_index(reference.word(self.store)?).ok_or_else(of_the_heap)?;
                if let Some(&number) = self.externs.get(&index) {
                    return Ok(Value::Extern(Some(number)));
                }
                let number = self.saved_externs.len() as u32;
                let bytes =
                    self.hooks.save_extern(self.store.extern_value(index).expect("a value that is referred to"))?;
                self.saved_externs.push(bytes);
                self.externs.insert(index, number);
                Value::Extern(Some(number))
            }
            Val::AnyRef(_) | Val::ExnRef(_) => return Err(of_the_heap()),
        })
    }

    /// What a host function yielded.
    pub(super) fn payload(&mut self, payload: &(dyn std::any::Any + Send)) -> Result<Vec<u8>> {
        self.hooks.save_payload(payload)
    }
}
