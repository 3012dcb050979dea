//! What a host function returns to yield.
//!
//! It is an error as far as Rust knows, so it passes through `?`; [`crate::Error`] tells it apart.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The error that a host function returns to yield to the embedder. The resumable call it was called from pauses with this
/// payload, and [`crate::Paused::resume`] later gives the host function's results.
///
/// Only calls that [`crate::Func::call_resumable`] and its like began can pause. In any other call yielding is an error of
/// that call, also if a host function makes it while a resumable call is running: host functions on the native stack
/// cannot be paused.
///
/// ```
/// # #[cfg(feature = "wat")] {
/// # use pirn_link as pirn;
/// use pirn::{Engine, Linker, Module, PauseReason, Resumable, Result, Store, Val, Yield};
///
/// let engine = Engine::default();
/// let mut linker = Linker::<()>::new(&engine);
/// // Asks the embedder for a number. It will be there when the execution goes on.
/// linker.func_wrap("host", "ask", |key: i32| -> Result<i32> { Err(Yield::new(key).into()) })?;
/// let module = Module::new(&engine, r#"(module
///     (import "host" "ask" (func $ask (param i32) (result i32)))
///     (func (export "sum") (result i32) (i32.add (call $ask (i32.const 1)) (call $ask (i32.const 2)))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let sum = linker.instantiate(&mut store, &module)?.get_typed_func::<(), i32>(&store, "sum")?;
///
/// let mut call = sum.call_resumable(&mut store, ())?;
/// let result = loop {
///     match call {
///         Resumable::Finished(result) => break result,
///         Resumable::Paused(paused) => {
///             let PauseReason::Yield(payload) = paused.reason() else { unreachable!("fuel is not consumed") };
///             let key = *payload.downcast_ref::<i32>().unwrap();
///             call = paused.resume(&mut store, &[Val::I32(key * 10)])?;
///         }
///     }
/// };
/// assert_eq!(result, 30);
/// # }
/// # Ok::<(), pirn_link::Error>(())
/// ```
pub struct Yield(Mutex<Box<dyn Any + Send>>);

impl Yield {
    /// Yields `payload`, which the embedder finds in [`crate::Paused::reason`].
    pub fn new(payload: impl Any + Send) -> Self {
        Self(Mutex::new(Box::new(payload)))
    }

    pub(crate) fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Yield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yield").finish_non_exhaustive()
    }
}

impl fmt::Display for Yield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host function yields to the embedder")
    }
}

impl std::error::Error for Yield {}
