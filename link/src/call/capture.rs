//! Backtraces for host functions.

use crate::backtrace::WasmBacktrace;
use crate::store::AsContext;
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
