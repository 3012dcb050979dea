//! A WebAssembly interpreter.

#[doc(inline)]
pub use pirn_link::*;
