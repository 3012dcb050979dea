//! What lives as long as one function is lowered.
//!
//! Locals, open blocks and loops lie in a bump arena, which is emptied for the next function and keeps its memory. Beside it lies
//! what is kept from function to function as it is: code's bytes, trees and the operand stack, which are asked for at every
//! operator (in the arena, the bytes took 2.4 % of decoding CoreMark more, for they would have to be cleared for every
//! function, trees 0.8 % and the stack 0.9 %, for its vectors grow out of line); and what a hostile body has many of, for an arena gives nothing back when a vector moves (a body
//! of nested `if`s took 237 bytes for each of its own, and takes less than 128).
//!
//! Whoever lowers keeps the arena, also between modules, so that a function lowered at its first call allocates little but its
//! code.

use super::carried::Loop;
use super::definite::Locals;
use super::if_conversion::Candidate;
use super::metering::Region;
use super::tree::{NodeId, Trees};
use bumpalo::Bump;

/// Memory for one function at a time while it is lowered. Costs nothing until it is used; keeping one for many modules saves
/// allocating it anew for each.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
    kept: Kept,
}

/// What is kept from function to function as it is.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The code as it grows; whatever it holds.
    pub(super) code: Vec<u8>,
    /// Where in it the targets of branches stand.
    pub(super) branches: Vec<usize>,
    /// The statements of a loop.
    pub(super) noted: Loop,
    pub(super) trees: Trees,
    /// The operand stack.
    pub(super) stack: Vec<NodeId>,
    /// Which locals are set where the open `if`s begin.
    pub(super) begins: Vec<Locals>,
    /// The open `if`s that may become selections.
    pub(super) candidates: Vec<Candidate>,
    /// The open regions of fuel.
    pub(super) regions: Vec<Region>,
}

/// More bytes than this, of any vector or the arena, are given back when the next function is lowered: hardly any needs so
/// many.
const MOST_KEPT: usize = 1 << 20;

impl Arena {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the function before, and lends the memory to the next.
    pub(super) fn empty(&mut self) -> (&Bump, &mut Kept) {
        if self.bump.allocated_bytes() > MOST_KEPT {
            self.bump = Bump::new();
        }
        self.bump.reset();
        let Kept { code, branches, noted, trees, stack, begins, candidates, regions } = &mut self.kept;
        if code.len() > MOST_KEPT {
            *code = Vec::new();
        }
        if code.is_empty() {
            code.resize(64 * FEW, 0);
        }
        if trees.bytes() > MOST_KEPT {
            *trees = Trees::default();
        }
        trees.clear();
        trees.reserve();
        clear(branches);
        noted.empty();
        clear(stack);
        clear(begins);
        clear(candidates);
        clear(regions);
        (&self.bump, &mut self.kept)
    }
}

/// So many items have room from the beginning. What is kept had better not be allocated bit by bit between what is not: the
/// gaps made the allocator take 11 % of decoding a small module more.
const FEW: usize = 16;

fn clear<T>(items: &mut Vec<T>) {
    items.clear();
    if items.capacity() * size_of::<T>() > MOST_KEPT {
        *items = Vec::new();
    }
    items.reserve(FEW);
}
