//! For those who read threaded code.

use crate::handlers;
use pirn_decode::dump::{self, Disassembly};
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;
use pirn_decode::{Error, Module, Options};

/// Which dispatcher was built: `tail` or `portable`.
pub const DISPATCHER: &str = if cfg!(pirn_tail) { "tail" } else { "portable" };

/// Threaded code of function `funcidx` as text, as this machine executes it.
///
/// # Errors
/// See [`dump::disassemble`].
pub fn disassemble(module: &Module, funcidx: u32, options: Options) -> Result<Disassembly, Error> {
    dump::disassemble(module, funcidx, options, handlers::target(), shape)
}

/// The shape of the handler with this signature.
pub fn shape(sig: Sig) -> Option<&'static Shape> {
    handlers::shapes().get(&sig).copied()
}
