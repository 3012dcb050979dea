//! The runtimes that every measurement includes.

mod pirn;
mod wasmi;

pub use pirn::Pirn;
pub use wasmi::Wasmi;
