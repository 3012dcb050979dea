//! Where execution enters and leaves WebAssembly: calls from the host and to it, and executions that stand still.

pub(crate) mod call;
pub(crate) mod parked;
pub(crate) mod pause;
pub(crate) mod thunks;
pub(crate) mod walk;
