//! What lives as long as one function is lowered.
//!
//! Most of it (locals, the operand stack, open blocks, places of branches, regions) lies in a bump arena, which is emptied for
//! the next function and keeps its memory. Two things lie beside it, for both are asked for at every operator: in the arena,
//! code's bytes took 2.4 % of decoding CoreMark more (they would have to be cleared for every function), and trees 0.8 %.
//!
//! Whoever lowers keeps the arena, also between modules, so that a function lowered at its first call allocates little but its
//! code.

use super::tree::Trees;
use bumpalo::Bump;

/// Memory for one function at a time while it is lowered. Costs nothing until it is used; keeping one for many modules saves
/// allocating it anew for each.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
    /// The code as it grows.
    code: Vec<u8>,
    trees: Trees,
}

impl Arena {
    /// More bytes than this, of any of the three, are given back when the next function is lowered: hardly any needs so many.
    const MOST_KEPT: usize = 1 << 20;

    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the function before, and lends the memory to the next: for the code, for its trees, and for all else.
    pub(super) fn empty(&mut self) -> (&Bump, &mut Vec<u8>, &mut Trees) {
        if self.bump.allocated_bytes() > Self::MOST_KEPT {
            self.bump = Bump::new();
        }
        if self.code.len() > Self::MOST_KEPT {
            self.code = Vec::new();
        }
        if self.trees.bytes() > Self::MOST_KEPT {
            self.trees = Trees::default();
        }
        self.bump.reset();
        self.trees.clear();
        (&self.bump, &mut self.code, &mut self.trees)
    }
}
