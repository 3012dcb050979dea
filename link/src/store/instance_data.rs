//! Instances (spec 4.2.5) as a store keeps them.

use crate::engine::Engine;
use crate::engine::declared::KeptType;
use crate::error::{Result, format_err};
use crate::module::Module;
use crate::store::handle::{Handle, StoreId};
use pirn_decode::{FuncIdx, GlobalType, TagType, TypeId};
use pirn_exec::{FuncRecord, GlobalCell, InstanceBlock, InstanceHead, Memory, ObjectType, Table, Tag, Vm, Word};
use std::ptr::NonNull;

/// A global in a store.
#[derive(Debug)]
pub(crate) struct GlobalItem {
    pub(crate) cell: GlobalCell,
    pub(crate) ty: GlobalType,
}

/// A tag in a store. It begins with what the machine knows of it, by whose address it is found.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TagItem {
    pub(crate) tag: Tag,
    pub(crate) ty: TagType,
    /// The id of the function type.
    pub(crate) type_id: TypeId,
    /// What keeps the id, if no module of the store does.
    used: Option<KeptType>,
}

impl TagItem {
    /// Its type, as the embedder has it: it keeps itself in `engine`, which is the store's.
    pub(crate) fn kept_type(&self, engine: &Engine) -> TagType {
        TagType::new(engine.kept_func_type(self.ty.ty(), self.type_id))
    }

    /// A tag whose type has this id, for as long as it is `used` or some module of the store keeps it. What its exceptions are in the store's heap is said
    /// when it is in the store.
    pub(crate) fn new(ty: TagType, type_id: TypeId, used: Option<KeptType>) -> Self {
        Self { tag: Tag::new(std::ptr::null(), ty.ty().param_words() as u32), ty, type_id, used }
    }

    /// Says what its exceptions are in the store's heap.
    pub(crate) fn set_object_type(&mut self, object: *const ObjectType) {
        self.tag = Tag::new(object, self.tag.words());
    }

    /// What keeps the id of a copy of it, if no module of the store does.
    pub(crate) fn used_again(&self) -> Option<KeptType> {
        self.used.as_ref().map(KeptType::again)
    }
}

/// An instance in a store.
///
/// `block` is what the machine works on; the vectors give the same things to the embedder, in the order of the index
/// spaces, as far as they have been filled.
pub(crate) struct InstanceData {
    module: Module,
    pub(crate) block: InstanceBlock,
    pub(crate) tables: Vec<Handle<Table>>,
    pub(crate) memories: Vec<Handle<Memory>>,
    pub(crate) globals: Vec<Handle<GlobalItem>>,
    pub(crate) tags: Vec<Handle<TagItem>>,
    /// Of element segments that are not active, one after the other; the block points at them.
    pub(crate) elements: Box<[Word]>,
    /// Of active ones, until all are copied.
    pub(crate) active: Box<[Word]>,
}

impl InstanceData {
    /// An instance of `module` for the store whose machine is `vm`: its own functions exist, its other words are null.
    ///
    /// Nothing runs here and nothing is linked, so several instances that import from each other can be made before any of
    /// them is linked.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn new(module: &Module, vm: *mut Vm) -> Result<Self> {
        let layout = module.layout();
        let mut block = InstanceBlock::new(layout, vm)
            .ok_or_else(|| format_err!("the system gave no memory for an instance of {} words", layout.words()))?;
        for funcidx in module.own_funcs() {
            // SAFETY: L6: the code is this function's, lowered for the machine's target or to be lowered by it, and L1: the
            // instance keeps the module, which keeps the code.
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
        Ok(Self {
            module: module.clone(),
            block,
            tables: room(parsed.tables.len())?,
            memories: room(parsed.memories.len())?,
            globals: room(parsed.globals.len())?,
            tags: room(parsed.tags.len())?,
            elements: Box::default(),
            active: Box::default(),
        })
    }

    /// A copy for the store whose machine is `vm`, with nothing linked yet.
    ///
    /// # Errors
    /// There is no memory for it.
    ///
    /// # Safety
    /// L6: before the copy runs, functions, tables, memories, globals and tags of that store are linked, and its segments are those of the copy.
    pub(crate) unsafe fn fork(&self, vm: *mut Vm) -> Result<Self> {
        let no_memory = || format_err!("the system gave no memory to copy an instance");
        // SAFETY: the same is asked for.
        let block = unsafe { self.block.fork(vm) }.ok_or_else(no_memory)?;
        fn room<T>(count: usize) -> Option<Vec<T>> {
            let mut list = Vec::new();
            list.try_reserve_exact(count).ok()?;
            Some(list)
        }
        Ok(Self {
            module: self.module.clone(),
            block,
            tables: room(self.tables.len()).ok_or_else(no_memory)?,
            memories: room(self.memories.len()).ok_or_else(no_memory)?,
            globals: room(self.globals.len()).ok_or_else(no_memory)?,
            tags: room(self.tags.len()).ok_or_else(no_memory)?,
            elements: Box::default(),
            active: Box::default(),
        })
    }

    /// Sets what is known of objects, of each type of the module that has some, to what the heap of the store with the machine `vm` says, which keeps
    /// what it knows for good: so this is done when the store has the instance.
    ///
    /// # Safety
    /// L1 and L2: the machine is of the store that has the instance, and is borrowed.
    pub(crate) unsafe fn set_object_types(&mut self, vm: *mut Vm) {
        let Self { module, block, .. } = self;
        if !module.parsed().has_objects() {
            return;
        }
        for (typeidx, ty) in module.parsed().types.iter().enumerate().filter(|(_, ty)| ty.composite.is_object()) {
            let (id, types) = (module.type_ids()[typeidx], module.engine().types());
            let make = || ObjectType::of(&types.defined(id).unwrap_or_else(|| panic!("{ty} is a type of the engine")));
            // SAFETY: as is asked for; L8: the instance keeps the module, and with it the id.
            unsafe { block.set_object_type(typeidx, Vm::heap(vm).object_type(id, make)) };
        }
    }

    /// The instance whose block begins with `inst`.
    ///
    /// # Safety
    /// `inst` is the head of an instance's block (not null, not the machine's own head) in a store that is borrowed for `'a`
    /// or whose machine is running in a call made under such a borrow; nobody has a mutable reference to the instance.
    pub(crate) unsafe fn of_head<'a>(inst: *const InstanceHead) -> &'a Self {
        // SAFETY: L4 and L1: the owner of the head is the `InstanceData`, which lives as long as the store.
        unsafe { &*InstanceHead::owner(inst).cast::<Self>() }
    }

    pub(crate) fn module(&self) -> &Module {
        &self.module
    }

    /// Whether everything that its module imports and declares was linked, which is not so if making it failed.
    pub(crate) fn is_finished(&self) -> bool {
        let parsed = self.module.parsed();
        let lists = [self.tables.len(), self.memories.len(), self.globals.len(), self.tags.len()];
        let mut imported = (0..parsed.imported_funcs as u32).map(FuncIdx);
        // SAFETY: a record of this instance's block, null before it is linked; L2: nobody writes to it while the instance is borrowed.
        lists == [parsed.tables.len(), parsed.memories.len(), parsed.globals.len(), parsed.tags.len()]
            && imported.all(|funcidx| !unsafe { *self.block.func(funcidx) }.is_null())
    }

    /// Which data segments, and which element segments, are dropped. An empty one counts as such.
    pub(crate) fn dropped_segments(&self) -> (Vec<bool>, Vec<bool>) {
        let parsed = self.module.parsed();
        let data = (0..parsed.data.len()).map(|data| self.block.data_len(data) == 0);
        let elements = (0..parsed.elements.len()).map(|element| self.block.element_len(element) == 0);
        (data.collect(), elements.collect())
    }

    /// How many bytes it takes, with its globals.
    pub(crate) fn bytes(&self) -> usize {
        let parsed = self.module.parsed();
        let lists = parsed.tables.len() + parsed.memories.len() + parsed.globals.len() + parsed.tags.len();
        let globals = parsed.globals.len() - parsed.imported_globals;
        size_of::<Self>()
            + self.module.layout().words() * size_of::<Word>()
            + lists * size_of::<Handle<Memory>>()
            + globals * size_of::<GlobalItem>()
    }

    /// The record of function `funcidx`, which is not an imported one.
    pub(crate) fn own_record(&self, funcidx: FuncIdx) -> FuncRecord {
        // SAFETY: the record lies in this instance's block and was set by `new`; L2: nobody writes to it while the instance
        // is borrowed.
        unsafe { *self.block.func(funcidx) }
    }

    /// Itself, as the machine knows it.
    pub(crate) fn inst(&self, store: StoreId) -> Handle<InstanceHead> {
        // SAFETY: L1: the block's address is not null and stays valid as long as the instance, and so the store.
        unsafe { Handle::new(store, NonNull::new_unchecked(self.block.as_ptr())) }
    }

    /// Puts imported function `funcidx` in place.
    ///
    /// # Safety
    /// L6: `func` is a record of the instance's store, of a function of the type that the module says.
    pub(crate) unsafe fn link_func(&mut self, funcidx: FuncIdx, func: FuncRecord) {
        // SAFETY: the same is asked for above; L1: what the record leads to lives as long as the store.
        unsafe { self.block.set_func(funcidx, func) };
    }

    /// Puts a table behind those that are linked.
    ///
    /// # Safety
    /// L6: `table` is of the instance's store, and of the type that the module says for this place.
    pub(crate) unsafe fn link_table(&mut self, table: Handle<Table>) {
        // SAFETY: the same is asked for above; L1: the table lives as long as the store, and does not move.
        unsafe { self.block.set_table(self.tables.len(), table.as_ptr()) };
        self.tables.push(table);
    }

    /// Puts a global behind those that are linked.
    ///
    /// # Safety
    /// L6: `global` is of the instance's store, and of the type that the module says for this place.
    pub(crate) unsafe fn link_global(&mut self, global: Handle<GlobalItem>) {
        // SAFETY: the same is asked for above; only the field's address is taken, and L1: it stays valid with the store.
        unsafe { self.block.set_global(self.globals.len(), &raw mut (*global.as_ptr()).cell) };
        self.globals.push(global);
    }

    /// Puts a tag behind those that are linked.
    ///
    /// # Safety
    /// L6: `tag` is of the instance's store, and of the type that the module says for this place.
    pub(crate) unsafe fn link_tag(&mut self, tag: Handle<TagItem>) {
        // SAFETY: the same is asked for above; only the field's address is taken, and L1: it stays valid with the store.
        unsafe { self.block.set_tag(self.tags.len(), &raw const (*tag.as_ptr()).tag) };
        self.tags.push(tag);
    }

    /// Puts a memory behind those that are linked.
    ///
    /// # Safety
    /// L6: `memory` is of the instance's store, and of the type that the module says for this place.
    pub(crate) unsafe fn link_memory(&mut self, memory: Handle<Memory>) {
        // SAFETY: the same is asked for above; L1: memory and block live as long as the store, and do not move.
        unsafe { self.block.set_memory(self.memories.len(), memory.as_ptr()) };
        self.memories.push(memory);
    }
}
