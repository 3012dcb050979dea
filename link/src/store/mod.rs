//! The store, as the embedder has it, and the contexts it is borrowed through.
//!
//! The store's inside lies behind one raw pointer, and contexts ([`StoreContextMut`], [`crate::Caller`]) are that same
//! pointer with a lifetime. A call into WebAssembly takes the pointer out of a mutable context, lets go of every
//! reference, and runs; a host function that is called from there gets back to the store by the machine's own pointer,
//! under a new mutable context that lives no longer than the call. So two references to the inside never overlap: this is
//! where invariant L2 comes from.
//!
//! Stores are cheap, and but for what is collected they free nothing before they are dropped ([`opaque`]); whoever makes instances without end makes stores
//! for them.

mod call_hook;
pub(crate) mod deadline;
pub(crate) mod fork;
mod grow;
pub(crate) mod handle;
pub(crate) mod held_refs;
mod hooks;
pub(crate) mod host_item;
pub(crate) mod instance_data;
pub(crate) mod lease;
mod limiter;
pub(crate) mod moved;
pub(crate) mod opaque;
pub(crate) mod pinned;
mod reset;
pub(crate) mod roots;
pub(crate) mod trace;

use crate::engine::Engine;
use crate::engine::limits::StoreLimits;
use crate::error::Result;
use crate::store::deadline::UpdateDeadline;
use crate::store::hooks::Limiter;
use crate::store::opaque::StoreOpaque;
use pirn_exec::{CallHook, Trap, Vm};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Says what happens when the deadline has passed.
type LateCallback<T> = Box<dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync>;

/// Is told of calls between the host and WebAssembly.
type CallHookCallback<T> = Box<dyn FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync>;

/// What a [`Store`] owns. `opaque` comes first, so that a pointer to one is a pointer to the other.
#[repr(C)]
pub(crate) struct StoreInner<T: 'static> {
    opaque: StoreOpaque,
    data: T,
    /// None while it is running.
    late: Option<LateCallback<T>>,
    limiter: Option<Limiter<T>>,
    /// None while it is running.
    call_hook: Option<CallHookCallback<T>>,
}

/// Owner of instances, functions, memories, tables, globals, and of `data` of the embedder's choosing, which host
/// functions reach through [`crate::Caller`].
///
/// Handles such as [`crate::Func`] are small and can be copied. What they stand for lives as long as the store. Using a
/// handle with another store is an error, or a panic where a method says so.
///
/// A store is [`Send`] and [`Sync`] as far as `T` is. One store executes on one thread at a time; different stores are
/// independent of each other, also when they share an engine and modules.
pub struct Store<T: 'static> {
    inner: NonNull<StoreInner<T>>,
    /// Host functions read and write a `T`. So `T` is invariant:
    ///
    /// ```compile_fail
    /// fn narrow(store: pirn_link::Store<for<'a> fn(&'a u8)>) -> pirn_link::Store<fn(&'static u8)> {
    ///     store
    /// }
    /// ```
    invariant: PhantomData<fn(T) -> T>,
    owns: PhantomData<StoreInner<T>>,
}

// SAFETY: the store owns its inside, and `StoreOpaque` is `Send` (asserted in `opaque`).
unsafe impl<T: Send> Send for Store<T> {}
// SAFETY: L2: through `&Store` the inside is only read, and `StoreOpaque` is `Sync` (asserted in `opaque`).
unsafe impl<T: Sync> Sync for Store<T> {}

impl<T: 'static> Store<T> {
    /// An empty store.
    pub fn new(engine: &Engine, data: T) -> Self {
        let opaque = StoreOpaque::new(engine);
        let inner = StoreInner { opaque, data, late: None, limiter: None, call_hook: None };
        let inner = NonNull::from(Box::leak(Box::new(inner)));
        let mut this = Self { inner, invariant: PhantomData, owns: PhantomData };
        // SAFETY: L7: what is attached is the `StoreInner<T>` that the opaque part begins; nothing runs in a new store. The hooks
        // are asked of frames of the store that the machine is attached to.
        unsafe {
            let mut context = this.as_context_mut();
            let opaque = context.opaque_mut();
            opaque.attach(inner.as_ptr().cast());
            (*opaque.vm()).set_trace(trace::trace);
            (*opaque.vm()).set_locate(trace::locate);
            (*opaque.vm()).set_subtypes(trace::is_subtype);
            (*opaque.vm()).set_roots(roots::HOOKS);
        }
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

    /// Drops the store, and gives the embedder's data back.
    pub fn into_data(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: this is the box of `new`, taken back once, because `this` is not dropped.
        let inner = unsafe { Box::from_raw(this.inner.as_ptr()) };
        inner.data
    }

    /// Collects garbage now, all at once: structs, arrays, exceptions and values of [`ExternRef`](crate::ExternRef)s that nothing refers to any more.
    /// Memory of objects that is empty then goes back to the system, but for what lies beside something that is in use (pieces of a mebibyte).
    ///
    /// It is done without being asked for, too, when about as much was allocated as was in use after the last time, or sooner where
    /// [`gc_heap`](crate::StoreLimitsBuilder::gc_heap) leaves less room; the more roots there are, the later. That is done bit by bit: whenever 8 KiB
    /// of objects were made, or a large one, some are marked. What nothing refers to any more is freed by the end of the next collection that begins.
    ///
    /// Some of it is done at once all the same:
    ///
    /// - When a collection begins, all roots are looked at: value stacks (about 1 ms for each MiB of them), frames of paused calls, tables, globals,
    ///   element segments, and what the embedder has rooted.
    /// - When it ends, all large objects are looked at (those of more than 16 KB; about 0.2 us each), and all values of `ExternRef`s; in a store that
    ///   was [forked](Store::fork), also all blocks of objects that it has of the original (1 to 2 ms for 100 MiB).
    /// - The whole collection is done at once where there is no room without it, and before a store is forked. The rest of it is, where a program makes
    ///   large objects faster than it marks.
    pub fn gc(&mut self) {
        self.as_context_mut().gc();
    }

    /// Limits what is created from now on. Memories and tables that exist keep the limit of one that they were created with,
    /// and grow as far as the new limits allow for all of them together. A [limiter](Store::limiter) is asked besides, if there is one.
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
        // SAFETY: this is the box of `new`, taken back once: a store that was taken apart by `into_data` is not dropped.
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

// SAFETY: a context is a `&StoreInner<T>`, which is `Send` and `Sync` if `StoreInner<T>` is `Sync`.
unsafe impl<T: Sync> Send for StoreContext<'_, T> {}
// SAFETY: a context is a `&StoreInner<T>`, which is `Send` and `Sync` if `StoreInner<T>` is `Sync`.
unsafe impl<T: Sync> Sync for StoreContext<'_, T> {}
// SAFETY: a mutable context is a `&mut StoreInner<T>`, which is `Send` if `StoreInner<T>` is.
unsafe impl<T: Send> Send for StoreContextMut<'_, T> {}
// SAFETY: as above: a shared one gives no more than a `&StoreInner<T>`.
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
        // SAFETY: L2: the context borrows the store for `'a`, and writers need a mutable context.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The engine of the store.
    pub fn engine(&self) -> &'a Engine {
        self.opaque().engine()
    }

    pub(crate) fn opaque(&self) -> &'a StoreOpaque {
        // SAFETY: L2, as in `data`.
        unsafe { &(*self.inner.as_ptr()).opaque }
    }
}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// The context of a host function.
    ///
    /// # Safety
    /// L7 and L2: `vm` belongs to a `Store<T>` that is mutably borrowed for `'a`, with no other context in use meanwhile.
    pub(crate) unsafe fn of_machine(vm: *mut Vm) -> Self {
        // SAFETY: L1: the machine is live, being a borrowed store's, as is asked for above.
        let inner = unsafe { Vm::store(vm) };
        // SAFETY: `Store::new` attached the machine to a `StoreInner<T>`, whose address is not null.
        Self { inner: unsafe { NonNull::new_unchecked(inner.cast()) }, borrow: PhantomData }
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: L2: the context, mutably borrowed here, is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// The engine of the store.
    pub fn engine(&self) -> &Engine {
        self.as_context().opaque().engine()
    }

    /// Collects garbage now: see [`Store::gc`].
    pub fn gc(&mut self) {
        self.collect();
        let heap = self.opaque_mut().heap();
        if !heap.is_held() {
            heap.give_empty_back();
        }
    }

    pub(crate) fn opaque(&self) -> &StoreOpaque {
        self.as_context().opaque()
    }

    pub(crate) fn opaque_mut(&mut self) -> &mut StoreOpaque {
        // SAFETY: L2: the context, mutably borrowed here, is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).opaque }
    }

    pub(crate) fn late_mut(&mut self) -> &mut Option<LateCallback<T>> {
        // SAFETY: L2: the context, mutably borrowed here, is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).late }
    }

    /// Collects what nothing refers to.
    pub(crate) fn collect(&mut self) {
        let vm = self.opaque().vm();
        // SAFETY: L1: the machine is the store's. L2: no reference to the inside is in use, and the context waits here.
        unsafe { Vm::collect(vm) };
    }

    /// Begins or ends a collection, if that is due.
    pub(crate) fn collect_if_due(&mut self) {
        let vm = self.opaque().vm();
        // SAFETY: L1 and L2, as above.
        unsafe { Vm::collect_if_due(vm) };
    }

    /// What `make` makes in the heap, or the trap if there is no room for it, even after a collection. Nothing is collected while it makes
    /// it.
    pub(crate) fn with_room<R>(&mut self, mut make: impl FnMut(&mut StoreOpaque) -> Option<R>) -> Result<R> {
        let mut once = |store: &mut Self| {
            let opaque = store.opaque_mut();
            opaque.heap().hold();
            let made = make(opaque);
            opaque.heap().release();
            made
        };
        self.collect_if_due();
        if let Some(made) = once(self) {
            return Ok(made);
        }
        let vm = self.opaque().vm();
        // SAFETY: L1 and L2, as in `collect`.
        let made = if unsafe { Vm::make_room(vm) } { once(self) } else { None };
        made.ok_or_else(|| Trap::GcHeapOutOfMemory.into())
    }

    fn limiter_mut(&mut self) -> &mut Option<Limiter<T>> {
        // SAFETY: L2: the context, mutably borrowed here, is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).limiter }
    }

    fn call_hook_mut(&mut self) -> &mut Option<CallHookCallback<T>> {
        // SAFETY: L2: the context, mutably borrowed here, is the only access to the store's inside.
        unsafe { &mut (*self.inner.as_ptr()).call_hook }
    }

    pub(crate) fn into_parts(self) -> (&'a mut StoreOpaque, &'a mut T) {
        // SAFETY: L2: the context is the only access to the store's inside for `'a`, and is given up here.
        let inner = unsafe { &mut *self.inner.as_ptr() };
        (&mut inner.opaque, &mut inner.data)
    }
}

/// Something through which a store can be read: `Store`, contexts, `Caller`, and references to them.
pub trait AsContext {
    /// The embedder's data in the store.
    type Data: 'static;

    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// Something through which a store can be changed: `Store`, `StoreContextMut`, `Caller`, and mutable references to them.
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
