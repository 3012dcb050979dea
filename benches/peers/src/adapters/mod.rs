//! One adapter a runtime, each in its fastest safe configuration.

mod sf_nano;
mod stitch;
mod tinywasm;
mod validator;
#[cfg(feature = "wasm3")]
mod wasm3;
mod wasmtime;

pub use sf_nano::SfNano;
pub use stitch::Stitch;
pub use tinywasm::Tinywasm;
pub use validator::Validator;
#[cfg(feature = "wasm3")]
pub use wasm3::Wasm3;
pub use wasmtime::Wasmtime;
