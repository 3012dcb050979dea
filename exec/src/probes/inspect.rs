//! For those who read threaded code.

use crate::shapes::lookup::{self, Handlers};
use pirn_decode::dump::Disassembler;
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;
use pirn_decode::{Module, Options};

/// Which dispatcher was built: `tail` or `portable`.
pub const DISPATCHER: &str = if cfg!(pirn_tail) { "tail" } else { "portable" };

/// Gives threaded code of functions of `module` as text, as this machine executes it.
pub fn disassembler(module: &Module, options: Options) -> Disassembler<'_, Handlers> {
    Disassembler::new(module, options, lookup::target(), shape)
}

/// The shape of the handler with this signature.
pub fn shape(sig: Sig) -> Option<&'static Shape> {
    lookup::shapes().get(&sig).copied()
}
