//! What lowering asks of the machine, and how it is to lower.

use crate::sig::Sig;

/// What a machine can execute.
///
/// Nobody asks for statements that set the accumulator to an operator (of one operand or two, or a load) whose first operand
/// is a slot or the accumulator, and whose second one is either or an immediate: every machine has a handler for these.
pub trait Target {
    /// Whether it is noted what is emitted: see [`super::survey`].
    const SURVEYED: bool = false;

    /// The handler for a shape.
    fn tile(&self, sig: Sig) -> Option<Tile>;

    /// Whether there may be a handler that [carries](crate::sig::carried) a sequence, of whatever slots: no is certain, and spares asking.
    fn may_carry(&self, sequence: Sig) -> bool {
        let _ = sequence;
        true
    }
}

/// A handler: what lowering writes into the first word of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its address.
    pub handler: u64,
}

/// How to lower.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether trees of several operations, and several statements, may become one handler.
    pub fuse: bool,
    /// Whether executing consumes fuel; without, no cell asks for any.
    pub fuel: bool,
    /// Whether execution can be interrupted at a deadline; without, no cell asks for the epoch.
    pub epochs: bool,
    /// Whether results are the same on every machine: NaNs are canonical, and relaxed operators give what the
    /// specification's deterministic profile says.
    pub deterministic: bool,
}

impl Options {
    /// Whether a function without declared locals that calls itself in tail position branches to its beginning. With fuel it
    /// does not: each call pays.
    pub(crate) fn tail_calls_loop(&self) -> bool {
        self.fuse && !self.fuel
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { fuse: true, fuel: false, epochs: false, deterministic: false }
    }
}
