//! What the functions do, by family. Each checks its arguments in the order in which wasmtime does.

mod fd;
mod io;
mod path;
mod poll;
mod process;
mod socket;

use crate::ctx::Failure;

/// What most calls give.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;
