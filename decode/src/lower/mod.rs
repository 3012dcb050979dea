//! Lowering: one validated function body to threaded code.

use crate::sig::Sig;
use crate::{Error, Module};

/// What a machine can execute.
pub trait Target {
    /// The handler for a shape.
    fn tile(&self, sig: Sig) -> Option<Tile>;
}

/// A handler: what lowering writes into the first word of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its address.
    pub handler: u64,
}

/// Threaded code of one function.
#[derive(Debug, Clone)]
pub struct Code {
    /// Cells: see [`crate::cell`].
    pub words: Box<[u64]>,
    /// Words of the whole frame.
    pub frame_words: u32,
}

/// How to lower.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether trees of several operations may become one handler.
    pub fuse: bool,
}

/// Lowers function `funcidx` (not an imported one). `type_ids` gives the engine-wide id of every typeidx.
///
/// # Errors
/// The frame would pass [`crate::layout::MAX_FRAME_WORDS`]; the code would pass 2 GiB.
pub fn lower(
    module: &Module,
    type_ids: &[u32],
    funcidx: u32,
    options: Options,
    target: &impl Target,
) -> Result<Code, Error> {
    let _ = (module, type_ids, funcidx, options, target);
    todo!()
}
