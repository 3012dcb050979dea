//! The trait every WebAssembly runtime is driven through.
//!
//! A program is a list of modules, the later ones importing from the earlier ones by name; the last one is what runs.
//! An adapter defines for each of them
//! - the functions of WASI preview 1 that [`for_each_wasi_function`](crate::for_each_wasi_function) lists,
//! - `host.inc`, which is [`inc`],
//! - the functions of [`Wasi::stubs`], which trap: so that large modules that expect a browser can at least be started.

use crate::wasi::Wasi;
use anyhow::Result;

/// A WebAssembly runtime in one configuration.
pub trait Runtime {
    /// What tables call it.
    fn name(&self) -> &'static str;

    /// Decodes, validates and, unless the configuration is lazy, compiles the modules.
    ///
    /// # Errors
    /// The runtime refuses one of them.
    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>>;
}

/// Compiled modules.
pub trait Program {
    /// Links and instantiates them, in a store of their own.
    ///
    /// # Errors
    /// Of linking, or a trap of a start function.
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>>;
}

/// An instance of the last module.
pub trait Instance {
    /// Finds the export of type `(i32) -> i64` that [`call`](Self::call) calls from now on.
    ///
    /// # Errors
    /// There is none.
    fn select(&mut self, export: &str) -> Result<()>;

    /// Calls the selected export.
    ///
    /// # Errors
    /// None is selected, or it trapped.
    fn call(&mut self, argument: i32) -> Result<i64>;

    /// Runs `_start` and gives the exit status of the program.
    ///
    /// # Errors
    /// There is no `_start`, or it trapped.
    fn start(&mut self) -> Result<i32>;
}

/// The host function `host.inc`.
#[inline]
pub fn inc(x: i32) -> i32 {
    x.wrapping_add(1)
}
