//! The store: owner of everything that instances are made of (spec 4.2.3), and of the machine that runs them.
//!
//! The store's inside lies behind one raw pointer, and contexts ([`StoreContextMut`], [`crate::Caller`]) are that same
//! pointer with a lifetime. A call into WebAssembly takes the pointer out of a mutable context, lets go of every
//! reference, and runs; a host function that is called from there gets back to the store by the machine's own pointer,
//! under a new mutable context that lives no longer than the call. So two references to the inside never overlap.
//!
//! Nothing is freed before the store: a function of a failed or forgotten instance may still be in a table. Stores are
//! cheap; whoever makes instances without end makes stores for them.

use crate::engine::Engine;
use crate::error::{CaughtPanic, Error, Result, format_err};
use crate::handle::{Handle, Pinned, StoreId};
use crate::host::{HostDef, HostItem};
use crate::instance::InstanceData;
use crate::lease::Calls;
use crate::limits::{Needs, StoreLimits};
use crate::{global::GlobalItem, memory::MemoryItem, table::TableItem};
use hashbrown::HashTable;
use pirn_decode::{FuncType, GlobalType};
use pirn_exec::{FuncRecord, GlobalCell, InstanceHead, Room, Vm, first_cell};
use std::any::Any;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

/// Everything of a store but the user's data.
pub(crate) struct StoreOpaque {
    id: StoreId,
    engine: Engine,
    machine: Pinned<Vm>,
    limits: StoreLimits,
    /// The host functions it has, by their records, so that each lives as long as the store.
    hosts: HashTable<Arc<HostItem>>,
    /// Those made for this store of items of other engines, by the items.
    foreign: Vec<(Arc<HostItem>, Handle<FuncRecord>)>,
    externs: Vec<Box<dyn Any + Send + Sync>>,
    resumable_calls: Calls,
    // What handles and the machine point to.
    instances: Vec<Pinned<InstanceData>>,
    memories: Vec<Pinned<MemoryItem>>,
    tables: Vec<Pinned<TableItem>>,
    globals: Vec<Pinned<[GlobalItem]>>,
}

const _: () = {
    const fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<StoreOpaque>();
};

/// What a [`Store`] owns. `opaque` comes first, so that a pointer to one is a pointer to the other.
#[repr(C)]
pub(crate) struct StoreInner<T> {
    opaque: StoreOpaque,
    data: T,
}

/// Owner of instances, functions, memories, tables, globals, and of `data` of the embedder's choosing, which host
/// functions reach through [`crate::Caller`].
///
/// Handles such as [`crate::Func`] are small and copied freely; what they stand for lives as long as the store. Using a
/// handle with another store is an error, or a panic where a method says so.
///
/// A store is [`Send`] and [`Sync`] as far as `T` is. One store executes on one thread at a time; different stores are
/// independent of each other, also when they share an engine and modules.
pub struct Store<T: 'static> {
    inner: NonNull<StoreInner<T>>,
    /// Host functions read and write a `T`, so it is that type and no subtype:
    ///
    /// ```compile_fail
    /// fn narrow(store: pirn_link::Store<for<'a> fn(&'a u8)>) -> pirn_link::Store<fn(&'static u8)> {
    ///     store
    /// }
    /// ```
    invariant: PhantomData<fn(T) -> T>,
    owns: PhantomData<StoreInner<T>>,
}

// SAFETY: the store owns its inside, and `StoreOpaque` is `Send` (asserted above).
unsafe impl<T: Send> Send for Store<T> {}
// SAFETY: through `&Store` the inside is only read, and `StoreOpaque` is `Sync` (asserted above).
unsafe impl<T: Sync> Sync for Store<T> {}

impl<T: 'static> Store<T> {
    /// An empty store.
    pub fn new(engine: &Engine, data: T) -> Self {
        // SAFETY: the hook gives the code of the module whose instance asks, once it is lowered.
        let machine = unsafe { engine.machine(lower) };
        let vm = machine.as_ptr();
        let opaque = StoreOpaque {
            id: StoreId::next(),
            engine: engine.clone(),
            machine,
            limits: engine.config().limits.clone(),
            hosts: HashTable::new(),
            foreign: Vec::new(),
            externs: Vec::new(),
            resumable_calls: Calls::default(),
            instances: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
        };
        let inner = NonNull::from(Box::leak(Box::new(StoreInner { opaque, data })));
        let mut this = Self { inner, invariant: PhantomData, owns: PhantomData };
        // SAFETY: the machine is this store's now, pinned, and nothing runs on it.
        unsafe { Vm::attach(vm.as_ptr(), inner.as_ptr().cast()) };
        let opaque = this.as_context_mut().into_parts().0;
        *opaque.room_mut() = opaque.limits.room(0, 0);
        this
    }

    /// The engine it was made with.
    pub fn engine(&self) -> &Engine {
        StoreContext::new(self).opaque().engine()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        StoreContext::new(self).data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.as_context_mut().into_parts().1
    }

    /// Drops everything but the embedder's data.
    pub fn into_data(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: the box of `new`, taken back once: `this` is not dropped.
        let inner = unsafe { Box::from_raw(this.inner.as_ptr()) };
        inner.data
    }

    /// Limits what is created from now on; memories and tables that exist keep the maximum they were created with, and
    /// grow as far as the new limits allow for all of them together.
    pub fn set_limits(&mut self, limits: StoreLimits) {
        self.as_context_mut().opaque_mut().set_limits(limits);
    }
}

impl<T: Default + 'static> Default for Store<T> {
    /// A store of an engine of its own, with default settings, for default data.
    ///
    /// # Panics
    /// As [`Engine::default`].
    fn default() -> Self {
        Self::new(&Engine::default(), T::default())
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the box of `new`, taken back once.
        drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}

/// A borrowed store, as from `&Store<T>`.
pub struct StoreContext<'a, T: 'static> {
    inner: NonNull<StoreInner<T>>,
    borrow: PhantomData<&'a StoreInner<T>>,
}

/// A mutably borrowed store, as from `&mut Store<T>`.
pub struct StoreContextMut<'a, T: 'static> {
    inner: NonNull<StoreInner<T>>,
    borrow: PhantomData<&'a mut StoreInner<T>>,
}

// SAFETY: the same as `&StoreInner<T>`.
unsafe impl<T: Sync> Send for StoreContext<'_, T> {}
// SAFETY: the same as `&StoreInner<T>`.
unsafe impl<T: Sync> Sync for StoreContext<'_, T> {}
// SAFETY: the same as `&mut StoreInner<T>`.
unsafe impl<T: Send> Send for StoreContextMut<'_, T> {}
// SAFETY: the same as `&mut StoreInner<T>`.
unsafe impl<T: Sync> Sync for StoreContextMut<'_, T> {}

impl<T> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

impl<'a, T: 'static> StoreContext<'a, T> {
    fn new(store: &'a Store<T>) -> Self {
        Self { inner: store.inner, borrow: PhantomData }
    }

    /// The embedder's data.
    pub fn data(&self) -> &'a T {
        // SAFETY: the context borrows the store for `'a`; writers need a mutable context.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The engine of the store.
    pub fn engine(&self) -> &'a Engine {
        self.opaque().engine()
    }

    pub(crate) fn opaque(&self) -> &'a StoreOpaque {
        // SAFETY: as in `data`.
        unsafe { &(*self.inner.as_ptr()).opaque }
    }
}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// The context of a host function.
    ///
    /// # Safety
    /// `vm` belongs to a `Store<T>` that is mutably borrowed for `'a`, with no other context in use meanwhile.
    pub(crate) unsafe fn of_machine(vm: *mut Vm) -> Self {
        // SAFETY: the caller's; `Store::new` set the pointer.
        let inner = unsafe { Vm::store(vm) };
        // SAFETY: as above, it is not null.
        Self { inner: unsafe { NonNull::new_unchecked(inner.cast()) }, borrow: PhantomData }
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: the context is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// The engine of the store.
    pub fn engine(&self) -> &Engine {
        self.as_context().opaque().engine()
    }

    pub(crate) fn opaque(&self) -> &StoreOpaque {
        self.as_context().opaque()
    }

    pub(crate) fn opaque_mut(&mut self) -> &mut StoreOpaque {
        // SAFETY: the context is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).opaque }
    }

    pub(crate) fn into_parts(self) -> (&'a mut StoreOpaque, &'a mut T) {
        // SAFETY: the context is the only access to the store's inside for `'a`, and is given up here.
        let inner = unsafe { &mut *self.inner.as_ptr() };
        (&mut inner.opaque, &mut inner.data)
    }
}

/// What a store can be looked at through: `Store`, contexts, `Caller`, and references to them.
pub trait AsContext {
    /// The embedder's data in the store.
    type Data: 'static;

    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What a store can be changed through: `Store`, `StoreContextMut`, `Caller`, and mutable references to them.
pub trait AsContextMut: AsContext {
    /// Borrows the store mutably.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext::new(self)
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { inner: self.inner, borrow: PhantomData }
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { inner: self.inner, borrow: PhantomData }
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { inner: self.inner, borrow: PhantomData }
    }
}

impl<C: AsContext> AsContext for &C {
    type Data = C::Data;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &mut C {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    fn from(store: &'a C) -> Self {
        store.as_context()
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    fn from(store: &'a mut C) -> Self {
        C::as_context(store)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    fn from(store: &'a mut C) -> Self {
        store.as_context_mut()
    }
}

impl StoreOpaque {
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
        // SAFETY: the store owns its machine; nobody writes to it while the store is borrowed.
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
        let (index, inst) =
            (record.head().index, record.instance().expect("whoever is not the host's has an instance"));
        // SAFETY: an instance of this store, whose owner is its `InstanceData` (`InstanceData::allocate`). Both live as long
        // as the store, and nobody changes an `InstanceData` while the store is borrowed here.
        let instance = unsafe { &*InstanceHead::owner(inst.as_ptr()).cast::<InstanceData>() };
        Ok(instance.module().parsed().func_type(index))
    }

    /// How many resumable calls there are.
    pub(crate) fn resumable_calls(&self) -> &Calls {
        &self.resumable_calls
    }

    pub(crate) fn externs(&mut self) -> &mut Vec<Box<dyn Any + Send + Sync>> {
        &mut self.externs
    }

    pub(crate) fn extern_value(&self, index: usize) -> &(dyn Any + Send + Sync) {
        &*self.externs[index]
    }

    fn set_limits(&mut self, limits: StoreLimits) {
        self.limits = limits;
        // SAFETY: items of this store, to which nobody else refers while it is borrowed.
        let pages = |item: &Pinned<MemoryItem>| u64::from(unsafe { item.as_ptr().as_ref() }.memory.size());
        // SAFETY: as above.
        let elements = |item: &Pinned<TableItem>| u64::from(unsafe { item.as_ptr().as_ref() }.table.size());
        let (pages, elements) = (self.memories.iter().map(pages).sum(), self.tables.iter().map(elements).sum());
        *self.room_mut() = self.limits.room(pages, elements);
    }

    /// What memories and tables may still grow by.
    pub(crate) fn room(&self) -> Room {
        // SAFETY: the store owns its machine; nobody writes to it while the store is borrowed.
        unsafe { (*self.vm()).room }
    }

    pub(crate) fn room_mut(&mut self) -> &mut Room {
        // SAFETY: the store owns its machine; what runs on it, if anything, waits for the borrow to end.
        unsafe { &mut (*self.vm()).room }
    }

    /// Whether what is needed may be created.
    ///
    /// # Errors
    /// A limit of the store would be passed.
    pub(crate) fn check_needs(&self, needs: Needs) -> Result<()> {
        let kinds = [
            ("instances", self.instances.len(), needs.instances, self.limits.instances),
            ("memories", self.memories.len(), needs.memories, self.limits.memories),
            ("tables", self.tables.len(), needs.tables, self.limits.tables),
        ];
        let Room { pages, elements } = self.room();
        let totals = [
            ("pages of memory", pages, needs.pages, self.limits.total_pages),
            ("elements of tables", elements, needs.elements, self.limits.total_elements),
        ];
        for (name, has, more, limit) in kinds {
            if has.saturating_add(more) > limit {
                return Err(format_err!("the store's limit of {limit} {name} is reached"));
            }
        }
        for (name, room, more, limit) in totals {
            if more > room {
                return Err(format_err!("{more} {name} would pass the store's limit of {limit} in all"));
            }
        }
        Ok(())
    }

    pub(crate) fn add_memory(&mut self, memory: MemoryItem) -> Result<Handle<MemoryItem>> {
        keep(self.id, &mut self.memories, memory)
    }

    pub(crate) fn add_table(&mut self, table: TableItem) -> Result<Handle<TableItem>> {
        keep(self.id, &mut self.tables, table)
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
        // SAFETY: they were put into a list of the store, which only grows.
        Ok((0..types.len()).map(move |index| unsafe { Handle::new(id, first.add(index)) }))
    }

    pub(crate) fn add_instance(&mut self, instance: InstanceData) -> Result<Handle<InstanceData>> {
        keep(self.id, &mut self.instances, instance)
    }

    /// Makes a host function of this store.
    pub(crate) fn add_host(&mut self, host: HostDef) -> Handle<FuncRecord> {
        let item = host.for_engine(&self.engine);
        self.keep_host(&item)
    }

    /// This store's function for a definition that serves many stores; the same one every time.
    pub(crate) fn shared_host(&mut self, item: &Arc<HostItem>) -> Handle<FuncRecord> {
        if item.is_for(&self.engine) {
            return self.keep_host(item);
        }
        let known = self.foreign.iter().find(|(foreign, _)| Arc::ptr_eq(foreign, item));
        known.map(|&(_, record)| record).unwrap_or_else(|| {
            let record = self.keep_host(&item.for_engine(&self.engine));
            self.foreign.push((Arc::clone(item), record));
            record
        })
    }

    /// A host function, which is kept as long as this store.
    fn keep_host(&mut self, item: &Arc<HostItem>) -> Handle<FuncRecord> {
        /// Addresses are no secret, and nobody chooses them.
        fn hash(item: &Arc<HostItem>) -> u64 {
            (item.record().addr().get() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }
        let entry = self.hosts.entry(hash(item), |other| Arc::ptr_eq(other, item), hash);
        entry.or_insert_with(|| Arc::clone(item));
        // SAFETY: the item was put into this store's list, which only grows, and nobody writes to a host function's record.
        unsafe { Handle::new(self.id, item.record()) }
    }
}

/// # Errors
/// There is no memory for it: a module may have any number of them.
fn keep<T>(store: StoreId, list: &mut Vec<Pinned<T>>, item: T) -> Result<Handle<T>> {
    let item = list.try_reserve(1).ok().and_then(|()| Pinned::try_new(item));
    let item = item.ok_or_else(|| format_err!("the system gave no memory for what a store lists"))?;
    let ptr = item.as_ptr();
    list.push(item);
    // SAFETY: the item was put into a list of the store, which only grows.
    Ok(unsafe { Handle::new(store, ptr) })
}

/// The machine's hook: gives a function of a module its threaded code on the first call.
///
/// # Safety
/// `inst` is a live instance's, and `funcidx` a function of its own.
unsafe fn lower(inst: *mut InstanceHead, funcidx: u32) -> Result<*const u64, Box<dyn Any + Send>> {
    // SAFETY: an instance's owner is its `InstanceData` (`InstanceData::allocate`); both live as long as the store.
    let instance = unsafe { &*InstanceHead::owner(inst).cast::<InstanceData>() };
    // A panic would be a mistake in lowering; it must not try to unwind the machine.
    match catch_unwind(AssertUnwindSafe(|| instance.module().code(funcidx))) {
        Ok(code) => Ok(first_cell(code.map_err(|error| Box::new(Error::from(error)) as Box<_>)?)),
        Err(payload) => Err(Box::new(CaughtPanic(payload))),
    }
}
