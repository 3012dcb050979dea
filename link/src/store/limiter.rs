//! The store's limiter: how the embedder gives it, and how it is asked ([`super::grow`] says what).
//!
//! The limiter is a matter of the store's data, of which [`StoreOpaque`](super::opaque::StoreOpaque) does not know the type; so it is
//! asked by a function that does. That gets to the data and the limiter by the machine's pointer, and touches nothing of the inside.

use crate::engine::limiter::ResourceLimiter;
use crate::store::{AsContextMut, Store, StoreInner};
use pirn_exec::Vm;

/// The [`Ask`](super::hooks::Ask) for stores whose data is a `T`.
///
/// # Safety
/// L7 and L2: `vm` is the machine of a `Store<T>` that is mutably borrowed, and no reference to its data is in use.
unsafe fn ask<T: 'static>(vm: *mut Vm, question: &mut dyn FnMut(&mut dyn ResourceLimiter)) {
    // SAFETY: L1 and L7: the machine is attached to a live `StoreInner<T>`. L2: these two fields are nobody's meanwhile, for the
    // limiter gets no more of the store than its data; the rest of it is not referred to.
    let (limiter, data) = unsafe {
        let inner = Vm::store(vm).cast::<StoreInner<T>>();
        (&mut (*inner).limiter, &mut (*inner).data)
    };
    if let Some(limiter) = limiter {
        question(limiter(data));
    }
}

impl<T: 'static> Store<T> {
    /// Has a [`ResourceLimiter`] asked before memories and tables are made or grow, by code or by the host, and before tags and
    /// instances are made. `limiter` gives it, of the store's data. It replaces the one there was; without one nobody is asked, which costs
    /// nothing.
    ///
    /// It adds to the limits that the store has anyway ([`Store::set_limits`]), by default those of
    /// [`Config::limits`](crate::Config::limits): both have to allow what there is to be.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Instance, Module, ResourceLimiter, Result, Store};
    ///
    /// /// What all stores of a tenant may have together.
    /// struct Budget { bytes: usize, last: usize }
    ///
    /// impl ResourceLimiter for Budget {
    ///     fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
    ///         self.last = desired - current;
    ///         let left = self.bytes.checked_sub(self.last);
    ///         self.bytes = left.unwrap_or(self.bytes);
    ///         Ok(left.is_some())
    ///     }
    ///
    ///     // It was allowed, but passes the memory's maximum, for example.
    ///     fn memory_grow_failed(&mut self, _: pirn::Error) -> Result<()> {
    ///         self.bytes += self.last;
    ///         Ok(())
    ///     }
    ///
    ///     fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
    ///         Ok(desired <= 1_000)
    ///     }
    /// }
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (memory 1)
    ///     (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#)?;
    /// let mut store = Store::new(&engine, Budget { bytes: 200_000, last: 0 });
    /// store.limiter(|budget| budget);
    /// let grow = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i32>(&store, "grow")?;
    /// assert_eq!(grow.call(&mut store, 3)?, -1);
    /// assert_eq!(grow.call(&mut store, 2)?, 1);
    /// assert_eq!(store.data().bytes, 200_000 - 3 * 65_536);
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// As in wasmtime, [`StoreLimits`](crate::StoreLimits) in the store's data are a limiter:
    ///
    /// ```
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder};
    ///
    /// struct Data { limits: StoreLimits }
    ///
    /// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).instances(2).build();
    /// let mut store = Store::new(&Engine::default(), Data { limits });
    /// store.limiter(|data| &mut data.limits);
    /// let memory = Memory::new(&mut store, MemoryType::new(16, None))?;
    /// assert!(memory.grow(&mut store, 1).is_err());
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn limiter(&mut self, limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static) {
        let mut store = self.as_context_mut();
        *store.limiter_mut() = Some(Box::new(limiter));
        // SAFETY: L7: the store's data is a `T`.
        unsafe { store.opaque_mut().set_limiter(ask::<T>) };
    }
}
