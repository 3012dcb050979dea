//! The store's call hook: how the embedder gives it, and how the machine tells it.

use crate::error::{Error, Result};
use crate::store::{AsContextMut, Store, StoreContextMut};
use pirn_exec::{CallHook, Exit, Vm};

/// The machine's hook, for stores that have a call hook.
///
/// # Safety
/// L7 and L2: `vm` is the machine of a `Store<T>` that is mutably borrowed, and no reference to its inside is in use.
unsafe fn crossed<T: 'static>(vm: *mut Vm, at: CallHook) -> Result<(), Exit> {
    // SAFETY: L7 and L2 are asked for above.
    let mut store = unsafe { StoreContextMut::<T>::of_machine(vm) };
    // While it runs it is not there, and so is not told of the calls that it makes.
    let Some(mut hook) = store.call_hook_mut().take() else { return Ok(()) };
    let outcome = store.call_back(|store| hook(store, at), Error::thrown_or_host);
    *store.call_hook_mut() = Some(hook);
    outcome
}

impl<T: 'static> Store<T> {
    /// Has `hook` called whenever a call or return crosses between the host and WebAssembly: see [`CallHook`]. It replaces the one
    /// there was. A store without one pays nothing.
    ///
    /// What the hook is told of comes in pairs, which nest. Every call from the host is one, also of a host function, and of a start
    /// function. Every call of a host function is one, whoever makes it. Callbacks such as a [limiter](Store::limiter) are no host
    /// functions.
    ///
    /// A resumable or async call that is out of fuel, or pauses at its deadline, comes back to the host, and begins anew when it goes
    /// on. But a host function that [yields](crate::Yield), or an async one that waits, returns only when the call goes on; nothing is
    /// told meanwhile, for what waits may have borrowed what is in the store. A panic ends pairs without their second halves, and so
    /// does dropping a call while it waits.
    ///
    /// An error from the hook is what the call ends with that it was told of. Before a call, nothing of that happens. Behind one,
    /// the error takes the place of its results or error, and a call that has paused is over. The pairs further out get their
    /// second halves as ever. An exception that the hook throws is one that the call throws: WebAssembly that has made the call may catch it,
    /// unless the call had paused. A panic passes through WebAssembly as a host function's does.
    ///
    /// What [was pending](Store::take_pending_exception) is so again behind the hook, unless the hook has taken it, or throws something.
    ///
    /// The hook may do with the store whatever a host function may, also call WebAssembly; it is not told of what it calls itself.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{CallHook, Engine, Linker, Module, Store};
    /// use std::time::{Duration, Instant};
    ///
    /// /// How long WebAssembly ran, without the host functions it called.
    /// struct Clock { since: Instant, spent: Duration }
    ///
    /// let engine = Engine::default();
    /// let mut linker = Linker::new(&engine);
    /// linker.func_wrap("host", "sleep", || std::thread::sleep(Duration::from_millis(50)))?;
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "sleep" (func $sleep))
    ///     (func (export "run") (call $sleep)))"#)?;
    ///
    /// let mut store = Store::new(&engine, Clock { since: Instant::now(), spent: Duration::ZERO });
    /// store.call_hook(|mut store, at| {
    ///     let clock = store.data_mut();
    ///     if at.entering_host() {
    ///         clock.spent += clock.since.elapsed();
    ///     }
    ///     clock.since = Instant::now();
    ///     Ok(())
    /// });
    /// let run = linker.instantiate(&mut store, &module)?.get_typed_func::<(), ()>(&store, "run")?;
    /// run.call(&mut store, ())?;
    /// assert!(store.data().spent < Duration::from_millis(50));
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn call_hook(
        &mut self,
        hook: impl FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync + 'static,
    ) {
        let mut store = self.as_context_mut();
        *store.call_hook_mut() = Some(Box::new(hook));
        // SAFETY: L1, L2 and L7: the machine is this `Store<T>`'s, stands still, and tells of a call when no reference to the store
        // is in use.
        unsafe { Vm::set_crossed(store.opaque().vm(), crossed::<T>) };
    }
}
