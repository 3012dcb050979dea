//! Parses, validates and lowers WebAssembly for the pirn interpreter.
//!
//! The data's way: [`module`] parses the bytes and validates them with wasmparser, giving a [`Module`] that describes
//! everything but the code; [`Lowering`] turns one validated function body at a time into threaded code. What a machine
//! can execute it says itself, by implementing [`Target`]; this crate does not know the machine.

#![forbid(unsafe_code)]

pub mod body;
pub mod cell;
pub mod dump;
mod error;
pub mod layout;
pub mod lower;
pub mod module;
mod opcode;
pub mod ops;
pub mod shape;
pub mod sig;
mod types;

pub use error::Error;
pub use lower::{Code, Lowering, Options, Target, Tile};
pub use module::Module;
pub use types::{
    ExternType, FuncType, GlobalType, HeapType, Limits, MemoryType, PAGE_BYTES, RefType, TableType, ValType,
};
