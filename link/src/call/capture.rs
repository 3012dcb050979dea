//! Backtraces for host functions, and of calls that have paused.

use crate::backtrace::WasmBacktrace;
use crate::call::resumable::Paused;
use crate::error::Result;
use crate::module::Module;
use crate::store::AsContext;
use crate::store::trace::functions;
use pirn_decode::FuncIdx;
use pirn_exec::Walk;

impl WasmBacktrace {
    /// The frames of WebAssembly that are active now: those that called the host function that asks. Empty if
    /// [`Config::wasm_backtrace`](crate::Config::wasm_backtrace) was turned off.
    pub fn capture(store: impl AsContext) -> Self {
        if store.as_context().engine().config().backtrace {
            Self::force_capture(store)
        } else {
            Self::new(Vec::new(), false)
        }
    }

    /// As [`WasmBacktrace::capture`], whatever the configuration says.
    pub fn force_capture(store: impl AsContext) -> Self {
        let context = store.as_context();
        let store = context.opaque();
        // SAFETY: L1 and L2: the machine is live, and WebAssembly does not run on it while somebody has a context.
        unsafe { Self::of_walk(store, Walk::from_host(store.vm())) }
    }
}

impl<R> Paused<R> {
    /// Where it stands: the frames of WebAssembly that are active in it, the innermost first, of all instances that it went through; functions of
    /// the host have none. If a host function [yielded](crate::PauseReason::Yield), the first is at the call of that, otherwise at the instruction
    /// with which it goes on. As [`WasmBacktrace::force_capture`], it does not ask whether backtraces were turned off.
    ///
    /// # Errors
    /// It paused in another store.
    pub fn backtrace(&self, store: impl AsContext) -> Result<WasmBacktrace> {
        let context = store.as_context();
        let store = context.opaque();
        let execution = &self.parts(store.id())?.lease.execution;
        // SAFETY: L2 and L3: it stands still, and was begun in this store, in which nothing runs while somebody has a context.
        Ok(unsafe { WasmBacktrace::of_paused(store, execution.frames(store.vm())) })
    }

    /// Gives `each` the functions that are active in it, the innermost first: their modules and funcidxs. Nothing if it belongs to another
    /// store. For profilers, of which each sample has to be quick; not part of the API that versions promise.
    #[doc(hidden)]
    pub fn active_functions(&self, store: impl AsContext, each: impl FnMut(&Module, FuncIdx)) {
        let store = store.as_context();
        let Ok(parts) = self.parts(store.opaque().id()) else { return };
        // SAFETY: L2 and L3: it stands still, and was begun in this store; `each` cannot run anything in that, which is borrowed meanwhile,
        // so is alive.
        unsafe { functions(parts.lease.execution.frames(store.opaque().vm()), each) };
    }
}
