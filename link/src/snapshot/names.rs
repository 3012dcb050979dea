//! Numbers for what references of a store refer to, while a snapshot is taken.

use super::hooks::SnapshotHooks;
use super::state::{FuncName, HostFunc, RefName, TypeName, Value};
use crate::error::{Result, format_err};
use crate::items::func::Func;
use crate::items::value::Val;
use crate::module::Module;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{FuncType, TypeId, ValType};
use pirn_exec::{Word, extern_index, i31_value};
use std::collections::HashMap;

/// The numbers given so far.
pub(super) struct Names<'a> {
    pub(super) store: &'a StoreOpaque,
    hooks: &'a mut dyn SnapshotHooks,
    /// Of instances, by the addresses of their heads.
    instances: HashMap<usize, u32>,
    /// Of host functions, by the addresses of their records.
    hosts: HashMap<usize, u32>,
    pub(super) host_funcs: Vec<HostFunc>,
    /// Of the embedder's values, by their places in the store.
    externs: HashMap<usize, u32>,
    pub(super) saved_externs: Vec<Vec<u8>>,
    /// Where types are defined, by their ids.
    defined: HashMap<TypeId, TypeName>,
    types: HashMap<TypeId, u32>,
    pub(super) named_types: Vec<TypeName>,
    /// Of tags, by their addresses.
    pub(super) tags: HashMap<usize, u32>,
    /// Of objects, by their addresses.
    objects: HashMap<Word, u32>,
    pub(super) found_objects: Vec<Word>,
}

impl<'a> Names<'a> {
    /// Names for `store`: of its instances, which are of these modules, and of the host functions that they import.
    ///
    /// # Errors
    /// Two host functions were linked to imports of the same names.
    pub(super) fn new(store: &'a StoreOpaque, modules: &[Module], hooks: &'a mut dyn SnapshotHooks) -> Result<Self> {
        let mut defined = HashMap::new();
        for (module, number) in modules.iter().zip(0..) {
            for (&id, typeidx) in module.type_ids().iter().zip(0..) {
                defined.entry(id).or_insert(TypeName { module: number, typeidx });
            }
        }
        let mut this = Self {
            store,
            hooks,
            instances: HashMap::new(),
            hosts: HashMap::new(),
            host_funcs: Vec::new(),
            externs: HashMap::new(),
            saved_externs: Vec::new(),
            defined,
            types: HashMap::new(),
            named_types: Vec::new(),
            tags: HashMap::new(),
            objects: HashMap::new(),
            found_objects: Vec::new(),
        };
        let mut by_name = HashMap::new();
        for (instance, number) in store.instances().zip(0..) {
            let instance = instance.get(store)?;
            this.instances.insert(instance.block.as_ptr().addr(), number);
            for import in instance.module().imports() {
                let pirn_decode::module::ExternIndex::Func(funcidx) = import.index() else { continue };
                let func = instance.func(funcidx, store.id());
                let Some(host) = func.record().get(store)?.host() else { continue };
                // One that is linked to imports of several declared types is a function of each.
                let name = (import.module(), import.name(), func.record().get(store)?.head().type_id);
                let address = func.record().as_ptr().addr();
                if *by_name.entry(name).or_insert(address) != address {
                    let (module, name, _) = name;
                    return Err(format_err!("two host functions were linked as `{module}::{name}`"));
                }
                let next = this.host_funcs.len() as u32;
                if let std::collections::hash_map::Entry::Vacant(entry) = this.hosts.entry(address) {
                    entry.insert(next);
                    let (module, name) = (name.0.into(), name.1.into());
                    let types = |types: &[ValType], this: &mut Self| -> Result<Vec<_>> {
                        types.iter().map(|&ty| this.ty(ty)).collect()
                    };
                    let ty =
                        FuncType::new(types(host.ty().params(), &mut this)?, types(host.ty().results(), &mut this)?);
                    this.host_funcs.push(HostFunc { module, name, ty });
                }
            }
        }
        Ok(this)
    }

    /// The number of a type.
    ///
    /// # Errors
    /// No module of the store defines it.
    pub(super) fn type_number(&mut self, id: TypeId) -> Result<u32> {
        if let Some(&number) = self.types.get(&id) {
            return Ok(number);
        }
        let name = self.defined.get(&id).copied();
        let name = name.ok_or_else(|| {
            let ty = self.store.engine().types().sub_type(id);
            let ty = ty.map_or_else(String::new, |ty| format!(" ({ty})"));
            format_err!("a type is in use that no module of the store defines, so it has no name: type {id}{ty}")
        })?;
        let number = self.named_types.len() as u32;
        self.named_types.push(name);
        self.types.insert(id, number);
        Ok(number)
    }

    /// A type, with numbers for those that it names.
    ///
    /// # Errors
    /// As [`Self::type_number`].
    pub(super) fn ty(&mut self, ty: ValType) -> Result<ValType> {
        let Some(id) = ty.type_id() else { return Ok(ty) };
        let number = TypeId(self.type_number(id)?);
        Ok(ty.rename(|_| number))
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
            Val::ExternRef(reference) => {
                let word = reference.map_or(Ok(0), |reference| reference.word(self.store))?;
                Value::Extern(self.reference(word)?)
            }
            Val::AnyRef(reference) => {
                let word = reference.map_or(Ok(0), |reference| reference.word(self.store))?;
                Value::Any(self.reference(word)?)
            }
            Val::ExnRef(None) => Value::Exn(None),
            Val::ExnRef(Some(reference)) => Value::Exn(Some(self.object(reference.word(self.store)?))),
        })
    }

    /// What a word refers to.
    fn reference(&mut self, word: Word) -> Result<RefName> {
        if word == 0 {
            return Ok(RefName::Null);
        }
        if let Some(value) = i31_value(word) {
            return Ok(RefName::I31(value as u32 & 0x7fff_ffff));
        }
        let Some(index) = extern_index(word) else { return Ok(RefName::Object(self.object(word))) };
        if let Some(&number) = self.externs.get(&index) {
            return Ok(RefName::Host(number));
        }
        let number = self.saved_externs.len() as u32;
        let value = self.store.extern_value(index).expect("a value that is referred to");
        let bytes = self.hooks.save_extern(value)?;
        self.saved_externs.push(bytes);
        self.externs.insert(index, number);
        Ok(RefName::Host(number))
    }

    /// The number of the object at an address.
    pub(super) fn object(&mut self, address: Word) -> u32 {
        *self.objects.entry(address).or_insert_with(|| {
            self.found_objects.push(address);
            self.found_objects.len() as u32 - 1
        })
    }

    /// What a host function yielded.
    pub(super) fn payload(&mut self, payload: &(dyn std::any::Any + Send)) -> Result<Vec<u8>> {
        self.hooks.save_payload(payload)
    }
}
