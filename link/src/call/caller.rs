//! What a host function sees of its caller.

use crate::engine::Engine;
use crate::items::external::Extern;
use crate::store::handle::StoreId;
use crate::store::instance_data::InstanceData;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use pirn_exec::{InstanceHead, Vm};

/// The first parameter of host functions that use the store, or exports of the calling instance.
///
/// It borrows the store mutably for the time of the call. A host function may do everything with it, also call
/// WebAssembly.
pub struct Caller<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    instance: *mut InstanceHead,
}

// SAFETY: it is a context, and an instance of the same store, of which it reads what that allows.
unsafe impl<T: Send> Send for Caller<'_, T> {}
// SAFETY: as above; a shared one only reads.
unsafe impl<T: Sync> Sync for Caller<'_, T> {}

impl<'a, T: 'static> Caller<'a, T> {
    /// # Safety
    /// L7 and L2: `vm` belongs to a `Store<T>` that is mutably borrowed for `'a`, with no other context in use meanwhile.
    /// `instance` is an instance of that store, or null.
    pub(crate) unsafe fn new(vm: *mut Vm, instance: *mut InstanceHead) -> Self {
        // SAFETY: L7 and L2 for `vm` are asked for above.
        Self { store: unsafe { StoreContextMut::of_machine(vm) }, instance }
    }

    pub(crate) fn reborrow(&mut self) -> Caller<'_, T> {
        Caller { store: self.store.as_context_mut(), instance: self.instance }
    }

    /// How many references are rooted.
    #[inline]
    pub(super) fn root_count(&mut self) -> usize {
        self.store.opaque_mut().root_count()
    }

    /// Gives this to a host function; what that roots is so until it returns.
    #[inline]
    pub(super) fn in_scope<R>(mut self, func: impl FnOnce(Caller<'_, T>) -> R) -> R {
        let count = self.root_count();
        let mut scope = Scope { caller: self, count };
        func(scope.caller.reborrow())
    }

    #[inline]
    pub(crate) fn store_id(&self) -> StoreId {
        self.store.opaque().id()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The engine of the store.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// The export called `name` of the calling instance. That is the instance whose code made the call, also by a tail call
    /// or through a table. For a host function that is imported to be the start function, it is the instance that is being
    /// made.
    ///
    /// `None` if the calling instance has no such export, or if the embedder called the function itself.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        if self.instance.is_null() {
            return None;
        }
        // SAFETY: what is not null is an instance of this store, by the contract of `new`; L2: nobody changes an `InstanceData`
        // while the store is borrowed here.
        let instance = unsafe { InstanceData::of_head(self.instance) };
        instance.export(name, self.store_id())
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

/// What a host function roots beyond so many references, which ends when it returns, or panics.
struct Scope<'a, T: 'static> {
    caller: Caller<'a, T>,
    count: usize,
}

impl<T: 'static> Drop for Scope<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.caller.store.opaque_mut().end_scope(self.count);
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<T: 'static> std::fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
