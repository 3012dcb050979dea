//! The runtimes that every measurement includes.

mod pirn;
mod wasmi;

pub use pirn::{Pirn, linker};
pub use wasmi::Wasmi;
