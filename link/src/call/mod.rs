//! Calls across the boundary: the embedder's into WebAssembly, and WebAssembly's of host functions.

pub(crate) mod asynchronous;
mod begin;
pub(crate) mod caller;
pub(crate) mod calls;
mod capture;
pub(crate) mod epoch;
pub(crate) mod exceptions;
pub(crate) mod fuel;
pub(crate) mod host;
pub(crate) mod host_async;
pub(crate) mod pending;
pub(crate) mod resumable;
pub(crate) mod start;
mod then;
pub(crate) mod typed;
mod words;
