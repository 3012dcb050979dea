//! Programs as they are written for wasmtime, one for each of the small ones that its book shows, in words of our own: they use
//! the same types and methods in the same way, and only the crate has another name.

mod epochs;
mod fuel;
mod gcd;
mod hello;
mod interrupt;
mod memory;
mod multi;
mod serialize;
mod threads;
