//! For those who read threaded code.

use crate::handlers::{self, Handlers};
use pirn_decode::checker::Checker;
use pirn_decode::dump::Disassembler;
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;
use pirn_decode::{Module, Options};

/// Which dispatcher was built: `tail` or `portable`.
pub const DISPATCHER: &str = if cfg!(pirn_tail) { "tail" } else { "portable" };

/// Gives threaded code of functions of `module` as text, as this machine executes it.
pub fn disassembler(module: &Module, options: Options) -> Disassembler<'_, Handlers> {
    Disassembler::new(module, options, handlers::target(), shape)
}

/// Checks threaded code of functions of `module`, whose types have these ids, by the shapes of this machine's handlers.
pub fn checker<'a>(module: &'a Module, type_ids: &'a [u32], options: Options) -> Checker<'a, Handlers> {
    Checker::new(module, type_ids, options, handlers::target(), shape)
}

/// The shape of the handler with this signature.
pub fn shape(sig: Sig) -> Option<&'static Shape> {
    handlers::shapes().get(&sig).copied()
}
