//! Where calls cross between the host and WebAssembly.

/// A call or return between the host and WebAssembly: what `Store::call_hook` has a callback told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallHook {
    /// The host calls a function, or has a call go on that paused without having yielded.
    CallingWasm,
    /// That call comes back to the host: it has returned or failed, or it pauses without yielding.
    ReturningFromWasm,
    /// A host function is called.
    CallingHost,
    /// The host function has returned, with results or an error. One that yielded returns when the call goes on.
    ReturningFromHost,
}

impl CallHook {
    /// Whether host code is what runs next.
    pub fn entering_host(&self) -> bool {
        matches!(self, Self::ReturningFromWasm | Self::CallingHost)
    }

    /// Whether WebAssembly is what runs next.
    pub fn exiting_host(&self) -> bool {
        !self.entering_host()
    }
}
