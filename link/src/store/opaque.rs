//! The inside of a store: owner of everything that instances are made of (spec 4.2.3), and of the machine that runs them.
//!
//! Nothing is freed before the store: a function of a failed or forgotten instance may still be in a table. Every list here
//! only grows, and what it holds is [`Pinned`] or shared: this is where invariant L1 comes from.

use crate::engine::Engine;
use crate::engine::declared::{KeptType, is_named};
use crate::engine::limiter::ResourceLimiter;
use crate::engine::limits::{Needs, StoreLimits};
use crate::error::{CaughtPanic, Error, Result, format_err};
use crate::module::Module;
use crate::store::deadline::Yielded;
use crate::store::handle::{Handle, StoreId};
use crate::store::held_refs::{Externs, Roots};
use crate::store::hooks::Ask;
use crate::store::host_item::{HostDef, HostItem};
use crate::store::instance_data::{GlobalItem, InstanceData, TagItem};
use crate::store::lease::Calls;
use crate::store::moved::Origin;
use crate::store::pinned::Pinned;
use hashbrown::HashTable;
use pirn_decode::{
    FuncIdx, FuncType, GlobalType, HeapType, KnownType, MemoryType, Subtyping, TableType, TagType, TypeId,
};
use pirn_exec::{
    FuncRecord, GlobalCell, Heap, Held, Holdings, InstanceHead, Memory, ObjectType, Room, SharedMemory, Table, Vm,
    Word, first_cell,
};
use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// Host functions that stand for others, by the addresses of these, which are kept, and the types that they were declared to be of.
pub(super) type StandIns = HashMap<(usize, Option<TypeId>), (Arc<HostItem>, Handle<FuncRecord>)>;

/// Everything of a store but the user's data.
pub struct StoreOpaque {
    id: StoreId,
    engine: Engine,
    machine: Pinned<Vm>,
    limits: StoreLimits,
    /// How much more memories and tables have than the limits allow, which may have been set afterwards.
    pub(super) over: Room,
    /// How the limiter is asked, if there is one.
    pub(super) ask: Option<Ask>,
    /// What instances hold.
    pub(super) held: Held,
    /// The host functions it has, by their records, so that each lives as long as the store.
    pub(super) hosts: HashTable<Arc<HostItem>>,
    /// Those made for this store of items that are of another engine, or of another type than the import they were linked to.
    pub(super) stand_ins: StandIns,
    pub(super) externs: Externs,
    pub(super) roots: Mutex<Roots>,
    resumable_calls: Calls,
    /// Units of fuel after which async calls let the executor do something else.
    yield_interval: u64,
    /// When the deadline's callback had a call pause last, and how many ticks that call has when it goes on; `None` if the callback that
    /// is there has not yet.
    pub(crate) yielded: Option<Yielded>,
    /// Of what it was copied, if it was.
    pub(super) origin: Option<Box<Origin>>,
    /// How often it was copied.
    pub(super) forks: u64,
    // What handles and the machine point to.
    instances: Vec<Pinned<InstanceData>>,
    pub(super) memories: Vec<Pinned<Memory>>,
    /// What stands for memories that threads share and that are not made here, but imported: no limit is about them.
    pub(super) imported_memories: Vec<Pinned<Memory>>,
    pub(super) tables: Vec<Pinned<Table>>,
    pub(super) globals: Vec<Pinned<[GlobalItem]>>,
    pub(super) tags: Vec<Pinned<TagItem>>,
    /// The types of objects that are made here, but that no module of the store need define.
    pub(super) object_types: Vec<KeptType>,
}

const _: () = {
    const fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<StoreOpaque>();
};

impl StoreOpaque {
    /// An empty store, whose machine is still to be [attached](Self::attach).
    pub(crate) fn new(engine: &Engine) -> Self {
        // SAFETY: L1 and L4: the hook gives the code of the module whose instance asks; every store has this one.
        let machine = unsafe { engine.machine(lower) };
        let limits = engine.config().limits.clone();
        let held = Held::new(&engine.account().instances, 0);
        Self {
            id: StoreId::next(),
            engine: engine.clone(),
            machine,
            limits,
            over: Room { bytes: 0, elements: 0 },
            ask: None,
            held,
            hosts: HashTable::new(),
            stand_ins: StandIns::new(),
            externs: Externs::default(),
            roots: Mutex::default(),
            resumable_calls: Calls::default(),
            yield_interval: u64::MAX,
            yielded: None,
            origin: None,
            forks: 0,
            instances: Vec::new(),
            memories: Vec::new(),
            imported_memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            object_types: Vec::new(),
        }
    }

    /// Attaches its machine to the store that this is the inside of.
    ///
    /// # Safety
    /// L7: `store` is the address of the `StoreInner` that begins with this; nothing runs.
    pub(crate) unsafe fn attach(&mut self, store: *mut ()) {
        // SAFETY: L1: the machine is this store's and pinned; nothing runs on it, as is asked for above.
        unsafe { Vm::attach(self.vm(), store) };
        if self.engine.config().epoch_interruption {
            // SAFETY: L1: as above; the store keeps its engine, whose epoch does not move.
            unsafe { Vm::set_epoch(self.vm(), self.engine.epoch_counter()) };
        }
        *self.room_mut() = self.limits.room(0, 0);
        let (limit, stress) = (self.limits.gc_heap, self.engine.config().gc_stress);
        let held = Held::new(&self.engine.account().heaps, 0);
        let heap = self.heap();
        heap.set_limit(limit);
        heap.set_stress(stress);
        heap.set_held(held);
        let account = self.engine.account();
        let (memories, tables) = (Held::new(&account.memories, 0), Held::new(&account.tables, 0));
        *self.holdings() = Holdings { memories, tables };
        self.hook_growing();
    }

    #[inline]
    pub(crate) fn id(&self) -> StoreId {
        self.id
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    #[inline]
    pub(crate) fn vm(&self) -> *mut Vm {
        self.machine.as_ptr().as_ptr()
    }

    /// Whether the host may enter WebAssembly once more.
    pub(crate) fn may_enter(&self) -> bool {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        unsafe { (*self.vm()).may_enter() }
    }

    pub(crate) fn limits(&self) -> &StoreLimits {
        &self.limits
    }

    /// The type of a function. Nothing is looked up in the engine: its module has it, or the store.
    ///
    /// # Errors
    /// The function belongs to another store.
    pub(crate) fn func_type(&self, func: Handle<FuncRecord>) -> Result<&FuncType> {
        let record = func.get(self)?;
        if let Some(host) = record.host() {
            return Ok(host.ty());
        }
        Ok(self.own_module(record).parsed().func_type(record.head().index))
    }

    /// The type of a function, as the embedder has it: it keeps itself in the engine.
    ///
    /// # Errors
    /// The function belongs to another store.
    pub(crate) fn kept_func_type(&self, func: Handle<FuncRecord>) -> Result<FuncType> {
        let record = func.get(self)?;
        match record.host() {
            Some(host) => Ok(self.engine.kept_func_type(host.ty(), record.head().type_id)),
            None => Ok(self.own_module(record).func_type(record.head().index)),
        }
    }

    /// The module of a function of this store that is not the host's.
    fn own_module(&self, record: &FuncRecord) -> &Module {
        let inst = record.instance().expect("whoever is not the host's has an instance");
        // SAFETY: L3: the function, and so its instance, is of this store, which is borrowed; L2: nobody changes an `InstanceData`
        // meanwhile.
        unsafe { InstanceData::of_head(inst.as_ptr()) }.module()
    }

    /// Its instances, in the order in which they were made.
    pub(crate) fn instances(&self) -> impl ExactSizeIterator<Item = Handle<InstanceData>> {
        handles(self.id, &self.instances)
    }

    /// Its memories, in the order in which they were made.
    pub(crate) fn memories(&self) -> impl ExactSizeIterator<Item = Handle<Memory>> {
        handles(self.id, &self.memories)
    }

    /// Its tables, in the order in which they were made.
    pub(crate) fn tables(&self) -> impl ExactSizeIterator<Item = Handle<Table>> {
        handles(self.id, &self.tables)
    }

    /// Its globals, in the order in which they were made.
    pub(crate) fn globals(&self) -> impl Iterator<Item = Handle<GlobalItem>> {
        let store = self.id;
        self.globals.iter().flat_map(move |items| {
            let first = items.as_ptr().cast::<GlobalItem>();
            // SAFETY: L1 and L3: items of a list of this store, which only grows.
            (0..items.as_ptr().len()).map(move |index| unsafe { Handle::new(store, first.add(index)) })
        })
    }

    /// Its tags, in the order in which they were made.
    pub(crate) fn tags(&self) -> impl ExactSizeIterator<Item = Handle<TagItem>> {
        handles(self.id, &self.tags)
    }

    /// How many resumable calls there are.
    pub(crate) fn resumable_calls(&self) -> &Calls {
        &self.resumable_calls
    }

    pub(crate) fn yield_interval(&self) -> u64 {
        self.yield_interval
    }

    pub(crate) fn set_yield_interval(&mut self, interval: u64) {
        self.yield_interval = interval;
    }

    /// Its heap.
    pub(crate) fn heap(&mut self) -> &mut Heap {
        // SAFETY: L1 and L2, as in `room_mut`.
        unsafe { Vm::heap(self.vm()) }
    }

    /// The inside of the store of a machine.
    ///
    /// # Safety
    /// L1 and L2: it is mutably borrowed for `'a`, and nothing else refers to its inside meanwhile.
    pub(crate) unsafe fn of_machine<'a>(vm: *mut Vm) -> &'a mut Self {
        // SAFETY: a machine is attached to its store, which is as is asked for.
        unsafe { &mut *Vm::store(vm).cast::<Self>() }
    }

    pub(crate) fn set_limits(&mut self, limits: StoreLimits) {
        self.limits = limits;
        // SAFETY: L1 and L2: memories of this store, to whose inside nobody else refers while it is mutably borrowed.
        let bytes = |item: &Pinned<Memory>| unsafe { item.as_ptr().as_ref() }.byte_size();
        // SAFETY: L1 and L2, as above, of tables.
        let elements = |item: &Pinned<Table>| unsafe { item.as_ptr().as_ref() }.size();
        let (bytes, elements): (u64, _) =
            (self.memories.iter().map(bytes).sum(), self.tables.iter().map(elements).sum());
        // What this store has imported memories grow by is in no memory of its own.
        let bytes = bytes.max(self.holdings().memories.bytes());
        *self.room_mut() = self.limits.room(bytes, elements);
        self.over = self.limits.over(bytes, elements);
        let limit = self.limits.gc_heap;
        self.heap().set_limit(limit);
        self.hook_growing();
    }

    /// Has memories and tables take so much less. What is beyond the limits comes off first.
    pub(super) fn give_room(&mut self, bytes: u64, elements: u64) {
        let pay = |over: &mut u64, freed: u64| {
            let paid = freed.min(*over);
            *over -= paid;
            freed - paid
        };
        let (bytes, elements) = (pay(&mut self.over.bytes, bytes), pay(&mut self.over.elements, elements));
        let room = self.room_mut();
        room.bytes = room.bytes.saturating_add(bytes);
        room.elements = room.elements.saturating_add(elements);
    }

    /// What memories and tables may still grow by.
    pub(crate) fn room(&self) -> Room {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        unsafe { (*self.vm()).room }
    }

    /// What memories and tables hold.
    pub(super) fn holdings(&mut self) -> &mut Holdings {
        // SAFETY: L1 and L2, as in `room_mut`.
        unsafe { &mut (*self.vm()).held }
    }

    pub(crate) fn room_mut(&mut self) -> &mut Room {
        // SAFETY: L1 and L2: the store owns its machine; what runs on it, if anything, waits for the mutable borrow to end.
        unsafe { &mut (*self.vm()).room }
    }

    /// Whether what is needed may be created.
    ///
    /// # Errors
    /// A limit of the store would be passed.
    pub(crate) fn check_needs(&self, needs: &Needs) -> Result<()> {
        let has = Needs {
            instances: self.instances.len(),
            memories: self.memories.len(),
            tables: self.tables.len(),
            tags: self.tags.len(),
            ..Needs::default()
        };
        self.limits.check(&has, self.room(), needs)?;
        let asked = |limiter: &mut dyn ResourceLimiter| {
            [limiter.instances(), limiter.memories(), limiter.tables(), limiter.tags()]
        };
        let limiter = self.ask_limiter(asked);
        limiter.map_or(Ok(()), |limits| has.check_counts(needs, limits, "limiter's limit"))
    }

    /// Creates a memory of zeros.
    ///
    /// # Errors
    /// The type is not valid (spec 3.2.5); a limit of the store would be passed; the system has not that much memory.
    pub(crate) fn create_memory(&mut self, ty: MemoryType) -> Result<Handle<Memory>> {
        self.limits.check_memory(ty)?;
        let bytes = ty.bytes(ty.limits.min);
        self.check_needs(&Needs { memories: 1, bytes, ..Needs::default() })?;
        self.limited_memory(ty, |this| {
            let memory = Memory::new(ty, this.limits.memory_bytes);
            let memory = memory.ok_or_else(|| match ty.is_shared() {
                // What it may have one day counts, too.
                true => format_err!("the system gave no memory of type {ty}"),
                false => format_err!("the system gave no memory of {bytes} bytes"),
            })?;
            let handle = keep(this.id, &mut this.memories, memory)?;
            this.room_mut().bytes -= bytes;
            this.holdings().memories.add(bytes);
            Ok(handle)
        })
    }

    /// What stands in this store for a memory that threads share.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn add_shared_memory(&mut self, memory: &Arc<SharedMemory>) -> Result<Handle<Memory>> {
        keep(self.id, &mut self.imported_memories, Memory::of_shared(Arc::clone(memory)))
    }

    /// Creates a table, all its elements `init`.
    ///
    /// # Errors
    /// The type is not valid (spec 3.2.4); a limit of the store would be passed; the system has not that much memory.
    ///
    /// # Safety
    /// L5: `init` is the word of a reference of the table's type, in this store.
    pub(crate) unsafe fn create_table(&mut self, ty: TableType, init: Word) -> Result<Handle<Table>> {
        self.limits.check_table(ty)?;
        let min = ty.limits.min;
        self.check_needs(&Needs { tables: 1, elements: min, ..Needs::default() })?;
        self.limited_table(ty, |this| {
            let table = Table::new(ty, this.limits.table_elements, init);
            let table = table.ok_or_else(|| format_err!("the system gave no memory for a table of {min} elements"))?;
            let handle = keep(this.id, &mut this.tables, table)?;
            this.room_mut().elements -= min;
            this.holdings().tables.add(min * size_of::<Word>() as u64);
            Ok(handle)
        })
    }

    /// Globals of these types, in one piece, which hold zeros and nulls.
    ///
    /// # Errors
    /// There is no memory for them.
    pub(crate) fn add_globals(
        &mut self,
        types: &[GlobalType],
    ) -> Result<impl ExactSizeIterator<Item = Handle<GlobalItem>> + use<>> {
        let mut items = Vec::new();
        let room = self.globals.try_reserve(1).and_then(|()| items.try_reserve_exact(types.len()));
        room.map_err(|_| format_err!("the system gave no memory for {} globals", types.len()))?;
        items.extend(types.iter().map(|&ty| GlobalItem { cell: GlobalCell::new(0), ty }));
        let items = Pinned::new(items.into_boxed_slice());
        let (id, first) = (self.id, items.as_ptr().cast::<GlobalItem>());
        self.globals.push(items);
        // SAFETY: L1 and L3: they were put into a list of the store called `id`, which only grows.
        Ok((0..types.len()).map(move |index| unsafe { Handle::new(id, first.add(index)) }))
    }

    /// Makes a tag whose type has this id, for as long as it is `used` or some module of the store keeps it.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn add_tag(&mut self, ty: TagType, type_id: TypeId, used: Option<KeptType>) -> Result<Handle<TagItem>> {
        let handle = keep(self.id, &mut self.tags, TagItem::new(ty, type_id, used))?;
        // What the heap knows it keeps for good, and so does the store this type from here on.
        // SAFETY: L1 and L2: the store owns its machine, and nobody else refers to its heap while it is mutably borrowed, nor to a tag that was made just now.
        let (heap, tag) = unsafe { (Vm::heap(self.vm()), &mut *handle.as_ptr()) };
        let make = || ObjectType::of_exception(type_id, tag.ty.ty().params());
        let object = heap.exception_type(type_id, make);
        tag.set_object_type(object);
        Ok(handle)
    }

    /// Keeps the type that a heap type names, if it names one, with the store: something that is made here is of it, and no module need have it.
    ///
    /// # Errors
    /// The engine knows no such type any more, or one of another kind.
    pub(crate) fn keep_type(&mut self, ty: HeapType) -> Result<()> {
        let Some(id) = ty.type_id() else { return Ok(()) };
        if let Some(known) = self.engine.types().sub_type(id)
            && !is_named(&known.composite, ty)
        {
            return Err(format_err!("the engine's type {ty} is of another kind"));
        }
        if self.object_types.iter().all(|kept| kept.id() != id) {
            let kept = self.engine.kept(id).ok_or_else(|| format_err!("the engine has no type {ty} any more"))?;
            self.object_types.push(kept);
        }
        Ok(())
    }

    /// What the heap knows of objects of a type of structs or arrays, which is kept with the store.
    ///
    /// # Errors
    /// It is of another engine.
    pub(crate) fn object_type(&mut self, ty: &KnownType) -> Result<*const ObjectType> {
        let kept = self.engine.use_known(ty)?;
        if let Some(known) = self.heap().known_type(ty.id()) {
            return Ok(known);
        }
        // Objects may outlive whoever declared it.
        self.object_types.push(kept);
        Ok(self.heap().object_type(ty.id(), || ObjectType::of(ty.definition())))
    }

    /// Adds an instance made with this store's machine, and says in its head whose it is: invariant L4.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn add_instance(&mut self, instance: InstanceData) -> Result<Handle<InstanceData>> {
        let bytes = instance.bytes();
        let handle = keep(self.id, &mut self.instances, instance)?;
        self.held.add(bytes as u64);
        let vm = self.vm();
        // SAFETY: L1 and L2: the instance was put into this store just now, and nobody else refers to it; the machine is the store's.
        unsafe {
            let data = &mut *handle.as_ptr();
            data.block.set_owner(handle.as_ptr().cast());
            data.set_object_types(vm);
        }
        Ok(handle)
    }

    /// Puts bytes on the account that instances hold besides.
    pub(crate) fn hold(&mut self, bytes: usize) {
        self.held.add(bytes as u64);
    }

    /// As [`Self::hold`], in the place of so many. (An instance that was restored from a snapshot may have had more.)
    pub(crate) fn hold_instead(&mut self, before: usize, bytes: usize) {
        self.held.remove(before as u64);
        self.held.add(bytes as u64);
    }

    /// Makes a host function of this store.
    ///
    /// # Panics
    /// Its type is of another engine, or names types that this one does not have.
    #[track_caller]
    pub(crate) fn add_host(&mut self, host: HostDef) -> Handle<FuncRecord> {
        let item = host.for_engine(&self.engine).unwrap_or_else(|error| panic!("{error}"));
        self.keep_host(&item)
    }

    /// This store's function for a definition that serves many stores; the same one every time. `None` if there is none in this engine.
    pub(crate) fn shared_host(&mut self, item: &Arc<HostItem>) -> Option<Handle<FuncRecord>> {
        if item.is_for(&self.engine) {
            return Some(self.keep_host(item));
        }
        self.stand_in(item, None, |item, engine| item.for_engine(engine))
    }

    /// The same, linked to an import of a module, whose type is the item's or above it, or [may be](HostItem::may_be) the item's: then the
    /// same function of the import's type.
    pub(crate) fn imported_host(
        &mut self,
        item: &Arc<HostItem>,
        module: &Module,
        funcidx: FuncIdx,
    ) -> Option<Handle<FuncRecord>> {
        let (types, id) = (self.engine.types(), module.type_id(funcidx));
        let is_declared_type = match item.is_for(&self.engine) {
            true => types.is_subtype(HostItem::type_id(item), id),
            false if item.ty().names_types() => return None,
            false => {
                // Its id is another type's as soon as nobody uses it.
                let used = types.acquire_plain(item.ty());
                let is_below = types.is_subtype(used.id(), id);
                types.release(used);
                is_below
            }
        };
        if is_declared_type {
            return self.shared_host(item);
        }
        self.stand_in(item, Some(id), |item, engine| Some(item.declared(engine, module.func_type(funcidx))))
    }

    /// What stands for `item` where it is declared to be of a type, or of none.
    fn stand_in(
        &mut self,
        item: &Arc<HostItem>,
        declared: Option<TypeId>,
        make: impl FnOnce(&HostItem, &Engine) -> Option<Arc<HostItem>>,
    ) -> Option<Handle<FuncRecord>> {
        let key = (Arc::as_ptr(item).addr(), declared);
        if let Some((_, record)) = self.stand_ins.get(&key) {
            return Some(*record);
        }
        let record = self.keep_host(&make(item, &self.engine)?);
        self.stand_ins.insert(key, (Arc::clone(item), record));
        Some(record)
    }

    /// A host function, which is kept as long as this store.
    fn keep_host(&mut self, item: &Arc<HostItem>) -> Handle<FuncRecord> {
        /// Addresses are no secret, and nobody chooses them.
        fn hash(item: &Arc<HostItem>) -> u64 {
            (item.record().addr().get() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }
        let entry = self.hosts.entry(hash(item), |other| Arc::ptr_eq(other, item), hash);
        entry.or_insert_with(|| Arc::clone(item));
        // SAFETY: L1 and L3: the item, which owns the record, was put into this store's list, which only grows; nobody writes
        // to the record of a host function.
        unsafe { Handle::new(self.id, item.record()) }
    }
}

/// Puts something into a list of the store called `store`.
///
/// # Errors
/// There is no memory for it: a module may have any number of them.
pub(super) fn keep<T>(store: StoreId, list: &mut Vec<Pinned<T>>, item: T) -> Result<Handle<T>> {
    let item = list.try_reserve(1).ok().and_then(|()| Pinned::try_new(item));
    let item = item.ok_or_else(|| format_err!("the system gave no memory for what a store lists"))?;
    let ptr = item.as_ptr();
    list.push(item);
    // SAFETY: L1 and L3: the item was put into a list of the store called `store`, which only grows.
    Ok(unsafe { Handle::new(store, ptr) })
}

/// What a list of the store called `store` holds.
fn handles<T>(store: StoreId, list: &[Pinned<T>]) -> impl ExactSizeIterator<Item = Handle<T>> {
    // SAFETY: L1 and L3: it is in a list of the store called `store`, which only grows.
    list.iter().map(move |item| unsafe { Handle::new(store, item.as_ptr()) })
}

impl<T> Handle<T> {
    /// What it stands for.
    ///
    /// # Errors
    /// It belongs to another store.
    #[inline]
    pub(crate) fn get(self, store: &StoreOpaque) -> Result<&T> {
        self.check(store.id())?;
        // SAFETY: L1 and L3: it lives as long as the store; L2: nobody writes to it while the store is borrowed.
        Ok(unsafe { &*self.as_ptr() })
    }

    /// What it stands for, to change it.
    ///
    /// # Errors
    /// It belongs to another store.
    #[inline]
    pub(crate) fn get_mut(self, store: &mut StoreOpaque) -> Result<&mut T> {
        self.check(store.id())?;
        // SAFETY: L1 and L3: it lives as long as the store; L2: the mutable borrow makes this the only access.
        Ok(unsafe { &mut *self.as_ptr() })
    }
}

/// The machine's hook: gives a function of a module its threaded code on the first call.
///
/// # Safety
/// `inst` is the head of an instance of a store whose machine is running, and `funcidx` a function of its own.
unsafe fn lower(inst: *mut InstanceHead, funcidx: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
    // SAFETY: the machine asks for an instance in which it runs, which is one of the store's; L2: while it runs nobody changes
    // an `InstanceData`.
    let instance = unsafe { InstanceData::of_head(inst) };
    // A panic would be a mistake in lowering; it must not try to unwind the machine.
    match catch_unwind(AssertUnwindSafe(|| instance.module().code(funcidx))) {
        Ok(code) => Ok(first_cell(code.map_err(|error| Box::new(Error::from(error)) as Box<_>)?)),
        Err(payload) => Err(Box::new(CaughtPanic(payload))),
    }
}
