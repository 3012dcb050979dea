//! Deadlines: how a store's is set, and what happens when it has passed. [`crate::Config::epoch_interruption`] says where that is
//! noticed.

use crate::call::caller::Caller;
use crate::error::{Error, Result};
use crate::store::deadline::{UpdateDeadline, Yielded};
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContextMut, Store, StoreContextMut};
use pirn_exec::{Exit, Trap, Vm};

impl StoreOpaque {
    /// Sets the deadline to the epoch there is now plus `ticks`.
    fn set_epoch_deadline(&mut self, ticks: u64) {
        let deadline = self.engine().epoch().saturating_add(ticks);
        // SAFETY: L1 and L2: the store owns its machine; what runs on it, if anything, waits for the mutable borrow to end.
        unsafe { Vm::set_deadline(self.vm(), deadline) };
    }

    fn epoch_deadline_trap(&mut self) {
        self.yielded = None;
        // SAFETY: L1 and L2: the store owns its machine, as above.
        unsafe { Vm::set_late(self.vm(), None) };
    }
}

/// The machine's hook, for stores that have a callback.
///
/// # Safety
/// L7 and L2: `vm` is the machine of a `Store<T>` that is mutably borrowed, and no reference to its inside is in use.
unsafe fn late<T: 'static>(vm: *mut Vm) -> Result<(), Exit> {
    // SAFETY: L7 and L2 are asked for above.
    let mut store = unsafe { StoreContextMut::<T>::of_machine(vm) };
    let Some(mut callback) = store.late_mut().take() else {
        // It is running already, and what it has called is late as well.
        return Err(Exit::Trap(Trap::Interrupt));
    };
    let outcome = store.call_back(&mut callback, |error| Exit::Host(Box::new(error)));
    *store.late_mut() = Some(callback);
    let mut extend = |ticks| store.opaque_mut().set_epoch_deadline(ticks);
    match outcome {
        Ok(UpdateDeadline::Continue(ticks)) => {
            extend(ticks);
            Ok(())
        }
        Ok(UpdateDeadline::Yield(ticks)) => {
            extend(ticks);
            let epoch = store.opaque().engine().epoch();
            store.opaque_mut().yielded = Some(Yielded { epoch, ticks });
            // What an async call's host function calls does not wait; the async call itself will, at the next deadline.
            // SAFETY: L1 and L2: the machine is the store's, and waits for this.
            let goes_on = unsafe { !Vm::can_pause(vm) && Vm::is_polled(vm) };
            if goes_on { Ok(()) } else { Err(Exit::Late) }
        }
        Ok(UpdateDeadline::Interrupt) => Err(Exit::Trap(Trap::Interrupt)),
        Err(exit) => Err(exit),
    }
}

/// A store borrowed mutably, whatever its data, by what takes long outside the machine.
pub(crate) trait Borrowed {
    /// The inside.
    fn opaque(&mut self) -> &mut StoreOpaque;

    /// Collects, if there may be no room without that for objects of so many bytes.
    fn collect_if_short(&mut self, bytes: u64);

    /// Whether the deadline has passed; never, unless the configuration says that there is one.
    fn is_late(&mut self) -> bool;

    /// A call that the deadline's callback had pause goes on. If the deadline has passed meanwhile by a tick, it gets another one, a tick
    /// later at least: or it would pause before it has done anything.
    fn renew_deadline(&mut self);

    /// Fails if the deadline has passed, unless a callback says otherwise.
    ///
    /// # Errors
    /// [`Trap::Interrupt`], or what the callback returned. What cannot pause goes on if the callback would have it pause.
    ///
    /// # Panics
    /// The callback panicked.
    fn check_deadline(&mut self) -> Result<()>;
}

impl<T: 'static> Borrowed for StoreContextMut<'_, T> {
    fn opaque(&mut self) -> &mut StoreOpaque {
        self.opaque_mut()
    }

    fn collect_if_short(&mut self, bytes: u64) {
        self.collect_if_due();
        if self.opaque_mut().heap().is_short_of(bytes) {
            let vm = self.opaque_mut().vm();
            // SAFETY: L1 and L2: the machine is this store's, which nobody else refers to.
            unsafe { Vm::collect_before(vm) };
        }
    }

    fn is_late(&mut self) -> bool {
        let opaque = self.opaque_mut();
        // SAFETY: L1 and L2: the machine is this store's, and stands still. It knows an epoch if the configuration says so.
        opaque.engine().config().epoch_interruption && unsafe { Vm::is_late(opaque.vm()) }
    }

    fn renew_deadline(&mut self) {
        if let Some(Yielded { epoch, ticks }) = self.opaque_mut().yielded
            && self.opaque_mut().engine().epoch() > epoch
            && self.is_late()
        {
            self.opaque_mut().set_epoch_deadline(ticks.max(1));
        }
    }

    fn check_deadline(&mut self) -> Result<()> {
        if !self.is_late() {
            return Ok(());
        }
        let vm = self.opaque_mut().vm();
        // SAFETY: L7 and L2: this is a `Store<T>`, and nothing but this context refers to it.
        match unsafe { Vm::late(vm) } {
            Ok(()) | Err(Exit::Late) => Ok(()),
            Err(exit) => Err(Error::from_exit(exit)),
        }
    }
}

impl<T: 'static> Store<T> {
    /// Sets the deadline to the engine's epoch now plus `ticks`: when [`Engine::increment_epoch`](crate::Engine::increment_epoch)
    /// has been called so many times more, the deadline has passed.
    ///
    /// A new store's deadline is 0 ticks, so it has passed already. `u64::MAX` is never reached. This has no effect unless
    /// [`Config::epoch_interruption`](crate::Config::epoch_interruption) was set.
    pub fn set_epoch_deadline(&mut self, ticks: u64) {
        self.as_context_mut().set_epoch_deadline(ticks);
    }

    /// Has executions trap with [`Trap::Interrupt`] when the deadline has passed, which they do unless something else was asked
    /// for. A resumable call that traps is over.
    pub fn epoch_deadline_trap(&mut self) {
        self.as_context_mut().epoch_deadline_trap();
    }

    /// Has `callback` called when the deadline has passed. It says what happens then: see [`UpdateDeadline`].
    ///
    /// It may do with the store whatever a host function may, also call WebAssembly, which traps if it meets the deadline
    /// meanwhile. An error that it returns ends the execution, and a panic passes through WebAssembly as a host function's does.
    /// What it captures for a [`WasmBacktrace`](crate::WasmBacktrace) is empty; an error's is whole.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Config, Engine, Instance, Module, Store, Trap, UpdateDeadline};
    ///
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "hang") (loop $again (br $again))))"#)?;
    /// let mut store = Store::new(&engine, 0);
    /// // A tick a millisecond, as long as somebody has the engine.
    /// let clock = engine.weak();
    /// std::thread::spawn(move || {
    ///     while let Some(engine) = clock.upgrade() {
    ///         engine.increment_epoch();
    ///         drop(engine);
    ///         std::thread::sleep(std::time::Duration::from_millis(1));
    ///     }
    /// });
    /// store.epoch_deadline_callback(|mut store| {
    ///     *store.data_mut() += 1;
    ///     Ok(if *store.data() < 5 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    /// });
    /// let hang = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&store, "hang")?;
    /// assert_eq!(hang.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupt));
    /// assert_eq!(*store.data(), 5);
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn epoch_deadline_callback(
        &mut self,
        callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync + 'static,
    ) {
        let mut store = self.as_context_mut();
        *store.late_mut() = Some(Box::new(callback));
        store.opaque_mut().yielded = None;
        // SAFETY: L1, L2 and L7: the machine is this `Store<T>`'s, and asks when no reference to the store is in use.
        unsafe { Vm::set_late(store.opaque().vm(), Some(late::<T>)) };
    }
}

macro_rules! contexts {
    ($($context:ty),*) => {
        $(
            impl<T: 'static> $context {
                /// As [`Store::set_epoch_deadline`].
                pub fn set_epoch_deadline(&mut self, ticks: u64) {
                    self.as_context_mut().opaque_mut().set_epoch_deadline(ticks);
                }

                /// As [`Store::epoch_deadline_trap`].
                pub fn epoch_deadline_trap(&mut self) {
                    self.as_context_mut().opaque_mut().epoch_deadline_trap();
                }
            }
        )*
    };
}
contexts!(StoreContextMut<'_, T>, Caller<'_, T>);
