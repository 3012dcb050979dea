//! Instances (spec 4.2.5): a module's index spaces filled with the store's functions, tables, memories and globals.

use crate::error::{Result, format_err};
use crate::external::{Export, Extern};
use crate::func::{Func, TypedFunc};
use crate::global::{Global, GlobalItem};
use crate::handle::{Handle, StoreId};
use crate::instantiate::{instantiate, instantiate_resumable};
use crate::memory::{Memory, MemoryItem};
use crate::module::Module;
use crate::resumable::Resumable;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreOpaque};
use crate::table::{Table, TableItem};
use crate::typed::{WasmParams, WasmResults};
use pirn_decode::module::ExternIndex;
use pirn_exec::{FuncRecord, InstanceBlock, InstanceHead, Word};
use std::ptr::NonNull;

/// An instance in a store.
///
/// `block` is what the machine works on; the vectors give the same things to the embedder, in the order of the index
/// spaces, as far as they have been filled.
pub(crate) struct InstanceData {
    module: Module,
    pub(crate) block: InstanceBlock,
    pub(crate) tables: Vec<Handle<TableItem>>,
    pub(crate) memories: Vec<Handle<MemoryItem>>,
    pub(crate) globals: Vec<Handle<GlobalItem>>,
    /// Of element segments that are not active, one after the other; the block points at them.
    pub(crate) elements: Box<[Word]>,
    /// Of active ones, until all are copied.
    pub(crate) active: Box<[Word]>,
}

impl InstanceData {
    /// An instance of `module` whose own functions exist and whose other words are null.
    ///
    /// Nothing runs here and nothing is linked, so several instances that import from each other can be allocated
    /// before any of them is linked.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn allocate(store: &mut StoreOpaque, module: &Module) -> Result<Handle<Self>> {
        let layout = module.layout();
        let mut block = InstanceBlock::new(layout, store.vm())
            .ok_or_else(|| format_err!("the system gave no memory for an instance of {} words", layout.words()))?;
        for funcidx in module.own_funcs() {
            // SAFETY: this function's code for the machine's target; the instance keeps the module, which stays as it was parsed.
            unsafe { block.set_func(funcidx, FuncRecord::new(module.first_cell(funcidx), block.as_ptr())) };
        }
        /// Room for so many.
        fn room<T>(count: usize) -> Result<Vec<T>> {
            let mut list = Vec::new();
            list.try_reserve_exact(count)
                .map_err(|_| format_err!("the system gave no memory for an instance's list of {count} items"))?;
            Ok(list)
        }
        let parsed = module.parsed();
        let handle = store.add_instance(Self {
            module: module.clone(),
            block,
            tables: room(parsed.tables.len())?,
            memories: room(parsed.memories.len())?,
            globals: room(parsed.globals.len())?,
            elements: Box::default(),
            active: Box::default(),
        })?;
        // SAFETY: the instance was made just now, nothing runs in it.
        unsafe { (*handle.as_ptr()).block.set_owner(handle.as_ptr().cast()) };
        Ok(handle)
    }

    pub(crate) fn module(&self) -> &Module {
        &self.module
    }

    /// Function `funcidx`, all imports being linked.
    pub(crate) fn func(&self, funcidx: u32, store: StoreId) -> Func {
        // SAFETY: a record of this instance, which is live, and set (allocated or linked) before anybody asks for it.
        unsafe { Func::of_record(store, self.block.func(funcidx)) }
    }

    /// The record of function `funcidx`, which is not an imported one.
    pub(crate) fn own_record(&self, funcidx: u32) -> FuncRecord {
        // SAFETY: set when the instance was allocated; nobody writes to it while the instance is borrowed.
        unsafe { *self.block.func(funcidx) }
    }

    /// Itself, as the machine knows it.
    pub(crate) fn inst(&self, store: StoreId) -> Handle<InstanceHead> {
        // SAFETY: the block's address, never null; it lives as long as the instance, and so the store.
        unsafe { Handle::new(store, NonNull::new_unchecked(self.block.as_ptr())) }
    }

    /// What stands at `index`.
    pub(crate) fn item(&self, index: ExternIndex, store: StoreId) -> Extern {
        match index {
            ExternIndex::Func(i) => Extern::Func(self.func(i, store)),
            ExternIndex::Table(i) => Table::from(self.tables[i as usize]).into(),
            ExternIndex::Memory(i) => Memory::from(self.memories[i as usize]).into(),
            ExternIndex::Global(i) => Global::from(self.globals[i as usize]).into(),
        }
    }

    /// The export called `name`.
    pub(crate) fn export(&self, name: &str, store: StoreId) -> Option<Extern> {
        self.module.export_index(name).map(|index| self.item(index, store))
    }
}

/// An instance of a module.
///
/// Methods panic when the instance belongs to another store, unless they return a `Result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instance(Handle<InstanceData>);

impl From<Handle<InstanceData>> for Instance {
    fn from(handle: Handle<InstanceData>) -> Self {
        Self(handle)
    }
}

impl Instance {
    /// Instantiates a module (spec 4.5.4) with `imports` in the order of [`Module::imports`], and runs its start
    /// function. [`crate::Linker`] finds imports by name.
    ///
    /// # Errors
    /// - The module was made with another engine, an import with another store.
    /// - There are too few or too many imports, or one is of another type than the module asks for.
    /// - A limit of the store would be passed, or memory is short.
    /// - An active segment reaches beyond its table or memory, or the start function traps or fails. What was written
    ///   to imported tables and memories until then stays, and functions that got into tables can be called.
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Self> {
        instantiate(&mut store.as_context_mut(), module, imports)
    }

    /// As [`Instance::new`], but the start function may pause: see [`Func::call_resumable`].
    ///
    /// # Errors
    /// As [`Instance::new`] and, if there is a start function, [`Func::call_resumable`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn new_resumable(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Resumable<Self>> {
        instantiate_resumable(&mut store.as_context_mut(), module, imports)
    }

    fn get<'a>(&self, store: &'a StoreOpaque) -> &'a InstanceData {
        self.0.get(store).expect("instance")
    }

    /// Compares the store.
    pub(crate) fn check(&self, store: &StoreOpaque) -> Result<()> {
        self.0.check(store.id())
    }

    /// Function `funcidx`, if there is one.
    pub(crate) fn func_at(&self, store: impl AsContext, funcidx: u32) -> Option<Func> {
        let store = store.as_context().opaque();
        let instance = self.get(store);
        ((funcidx as usize) < instance.module.parsed().funcs.len()).then(|| instance.func(funcidx, store.id()))
    }

    /// The module.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        &self.get(store.into().opaque()).module
    }

    /// All exports, in the module's order.
    pub fn exports<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> {
        let store = store.into().opaque();
        let instance = self.get(store);
        let parsed = instance.module.parsed();
        let export = |export: &pirn_decode::module::Export| Export {
            name: parsed.name(export.name),
            item: instance.item(export.index, store.id()),
        };
        parsed.exports.iter().map(export)
    }

    /// The export called `name`.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let store = store.as_context();
        self.get(store.opaque()).export(name, store.opaque().id())
    }

    /// The exported function called `name`.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported table called `name`.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported memory called `name`.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported global called `name`.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported function called `name`, its type known to Rust: see [`Func::typed`].
    ///
    /// # Errors
    /// There is no such export, or it is not a function of this type; the instance belongs to another store.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let store = store.as_context();
        let instance = self.0.get(store.opaque())?;
        let export = instance.export(name, store.opaque().id());
        let export = export.ok_or_else(|| format_err!("the instance has no export `{name}`"))?;
        let Some(func) = export.into_func() else {
            return Err(format_err!("export `{name}`: expected func, found {}", export.ty_in(store.opaque())?));
        };
        func.typed(store).map_err(|error| format_err!("export `{name}`: {error}"))
    }
}
