//! For those who read threaded code.

use crate::shapes::entries;
use crate::shapes::lookup::{Handlers, target};
use pirn_decode::checker::Checker;
use pirn_decode::dump::Disassembler;
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;
use pirn_decode::{Module, Options, TypeId};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Which dispatcher was built: `tail` or `portable`.
pub const DISPATCHER: &str = if cfg!(pirn_tail) { "tail" } else { "portable" };

/// Gives threaded code of functions of `module` as text, as this machine executes it.
pub fn disassembler(module: &Module, options: Options) -> Disassembler<'_, Handlers> {
    Disassembler::new(module, options, target(), shape)
}

/// Checks threaded code of functions of `module`, whose types have these ids, by the shapes of this machine's handlers.
pub fn checker<'a>(module: &'a Module, type_ids: &'a [TypeId], options: Options) -> Checker<'a, Handlers> {
    Checker::new(module, type_ids, options, target(), shape)
}

/// The shape of the handler with this signature.
pub fn shape(sig: Sig) -> Option<&'static Shape> {
    shapes().get(&sig).copied()
}

/// Every handler's shape, by signature.
pub(crate) fn shapes() -> &'static HashMap<Sig, &'static Shape> {
    static SHAPES: OnceLock<HashMap<Sig, &'static Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| entries().into_iter().map(|entry| (entry.sig, entry.shape)).collect())
}
