//! The operand stack while a function is lowered: trees that wait, and the rules by which they may.
//!
//! Every entry owns a slot of the frame, by its height, where its value goes when it can wait no longer: the entry is
//! *spilled*. A tree waits until something consumes it; the rules keep the order of evaluation:
//! - a tree that reads a local is spilled before the local is set ([`Operands::spill_readers`]);
//! - a tree that may trap, or reads what is about to change, is spilled before side effects ([`Operands::spill_with`]);
//! - where execution may stand still, below a call or where code is paid for, what is no leaf is spilled ([`Operands::settle`]);
//! - trees that may trap are evaluated in the order of the stack;
//! - a tree that reads slots above its own (parts of it were cut off there) is spilled before those are written;
//! - at most one waiting tree holds each accumulator, and whoever is about to overwrite it spills that tree first
//!   ([`Operands::evict`]). The order this asks for can have no cycle: what lies below and must go first is spilled when a
//!   tree takes an accumulator over ([`Operands::take_over`]), and so is a tree that would overwrite the accumulator asked
//!   for.
//!
//! A vector takes two entries, as it takes two slots (`vectors`): the lower one is its tree, the upper one counts as spilled.
//!
//! At most [`WINDOW`] entries wait, so that looking through them keeps lowering linear.
//!
//! [`Operands`] owns all that is emitted, too: `statement` finds the best form of a statement, `fit` cuts trees that no
//! handler takes whole, `transfer` puts values where labels, calls and returns look for them.

use super::accumulators::{Accumulators, Mirrors};
use super::emit::{Emitter, Position};
use super::mutants::mutant;
use super::slot::Slot;
use super::target::Target;
use super::tree::{self, Kind, NodeId, Register, Traits, Trees};
use crate::ops::Class;

/// How many entries at the top may wait.
pub(super) const WINDOW: usize = 24;

/// A slot set in a cell of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment {
    pub(super) slot: Slot,
    pub(super) node: NodeId,
    pub(super) cell: Position,
    /// How many statements were emitted then.
    pub(super) emitted: usize,
}

/// The operand stack, and the code that its trees become.
#[derive(Debug)]
pub(super) struct Operands<'a, T> {
    pub(super) code: Emitter<'a, T>,
    pub(super) trees: Trees,
    pub(super) stack: Vec<NodeId>,
    /// Entries below never need a spill.
    pub(super) floor: usize,
    pub(super) max_height: usize,
    pub(super) accs: Accumulators,
    /// The last assignment to a slot that has a cell of its own.
    pub(super) last_set: Option<Assignment>,
    /// How many others keep nodes for later.
    pub(super) outside: usize,
    /// Slot of the frame's header.
    pub(super) header: Slot,
    /// Slot of the first entry.
    pub(super) first: Slot,
}

impl<'a, T: Target> Operands<'a, T> {
    /// Of a function whose frame has its header and the operands at these slots; with an empty stack.
    pub(super) fn new(code: Emitter<'a, T>, trees: Trees, stack: Vec<NodeId>, header: Slot, first: Slot) -> Self {
        Self {
            code,
            trees,
            stack,
            floor: 0,
            max_height: 0,
            accs: Accumulators::UNKNOWN,
            last_set: None,
            outside: 0,
            header,
            first,
        }
    }

    /// The slot that the entry at `height` owns.
    pub(super) fn own_slot(&self, height: usize) -> Slot {
        self.first.above(height)
    }

    /// How many entries there are.
    #[inline(always)]
    pub(super) fn height(&self) -> usize {
        self.stack.len()
    }

    /// Pushes a tree.
    #[inline(always)]
    pub(super) fn push(&mut self, node: NodeId) {
        self.own(self.stack.len(), node);
        self.push_leaf(node);
    }

    /// Puts a tree back that was on the stack, or one in the place of another, so that this is no higher than before.
    pub(super) fn put_back(&mut self, node: NodeId) {
        self.own(self.stack.len(), node);
        self.stack.push(node);
    }

    /// Pushes a tree that holds no accumulator.
    #[inline(always)]
    pub(super) fn push_leaf(&mut self, node: NodeId) {
        self.stack.push(node);
        let height = self.stack.len();
        self.max_height = self.max_height.max(height);
        if height - self.floor > WINDOW {
            self.raise_floor();
        }
    }

    /// Has no more than [`WINDOW`] entries wait.
    #[inline(never)]
    fn raise_floor(&mut self) {
        let top = self.stack.len() - 1;
        while self.floor < top && self.is_spilled(self.floor) {
            self.floor += 1;
        }
        if self.stack.len() - self.floor > WINDOW {
            if !matches!(self.tree(self.floor).kind, Kind::Imm(_)) {
                self.spill(self.floor);
            }
            self.floor += 1;
        }
    }

    /// Pushes a value that already lies in the slot of its height.
    pub(super) fn push_spilled(&mut self, class: Class) {
        let node = self.trees.slot(self.own_slot(self.stack.len()), class);
        self.push_leaf(node);
        if class.is_wide() {
            self.push_upper();
        }
    }

    /// Pushes a value that lies in the accumulator.
    pub(super) fn push_acc(&mut self, class: Class) {
        self.accs.mirrors.forget(Register::of(class));
        let node = self.trees.acc(class);
        self.push(node);
        if class.is_wide() {
            self.push_upper();
        }
    }

    /// Removes the top `count` entries.
    pub(super) fn pop(&mut self, count: usize) {
        let height = self.stack.len() - count;
        self.truncate(height);
    }

    /// Removes all entries from `height` on.
    #[inline]
    pub(super) fn truncate(&mut self, height: usize) {
        self.remove(height);
        if height == 0 && self.outside == 0 && !self.code.noted.is_complete() {
            self.trees.clear();
        }
    }

    /// Forgets the trees that nobody needs any more: neither the stack, nor the last assignment, nor `others`. A function may
    /// go on for long without its stack ever being empty.
    #[inline(never)]
    pub(super) fn keep_trees<'n>(&'n mut self, others: impl Iterator<Item = &'n mut NodeId>) {
        self.code.noted.forget();
        let last_set = self.last_set.as_mut().map(|set| &mut set.node);
        self.trees.keep(self.stack.iter_mut().chain(others).chain(last_set));
    }

    /// Removes all entries from `height` on, but not their trees.
    #[inline]
    pub(super) fn remove(&mut self, height: usize) {
        self.stack.truncate(height);
        self.floor = self.floor.min(height);
        self.accs.owners.truncate(height);
    }

    /// The root of the tree at `height`.
    pub(super) fn tree(&self, height: usize) -> &tree::Node {
        &self.trees[self.stack[height]]
    }

    /// The top entries.
    #[inline]
    pub(super) fn top<const N: usize>(&self) -> [NodeId; N] {
        *self.stack.last_chunk().expect("validation has counted the operands")
    }

    /// The tree, which comes to `height`, owns the accumulators that it holds.
    #[inline(always)]
    fn own(&mut self, height: usize, node: NodeId) {
        let traits = self.trees[node].traits;
        for register in Register::BOTH {
            if traits.any(Traits::acc(register)) {
                debug_assert!(self.accs.owners.of(register).is_none_or(|owner| owner >= height));
                self.accs.owners.set(register, height);
            }
        }
    }

    /// Replaces the top `count` entries by one tree.
    #[inline(always)]
    pub(super) fn replace(&mut self, count: usize, node: NodeId) {
        let height = self.stack.len() - count;
        self.remove(height);
        self.push(node);
    }

    /// Replaces the top `N` entries, at least one, by a tree made of them: it holds the accumulators that they held.
    #[inline]
    pub(super) fn combine<const N: usize>(&mut self, node: NodeId) {
        let height = self.stack.len() - N;
        self.stack[height] = node;
        self.stack.truncate(height + 1);
        self.floor = self.floor.min(height);
        self.own(height, node);
    }

    /// Whether the entry needs no spill, ever.
    pub(super) fn is_spilled(&self, height: usize) -> bool {
        self.tree(height).is_slot(self.own_slot(height))
    }

    /// Whether the tree reads slots above its own.
    pub(super) fn is_high(&self, height: usize) -> bool {
        let tree = self.tree(height);
        tree.highest_slot > self.own_slot(height + usize::from(tree.class.is_wide()))
    }

    /// Emits the tree's evaluation into its own slot.
    pub(super) fn spill(&mut self, height: usize) {
        if self.is_spilled(height) {
            return;
        }
        let slot = self.own_slot(height);
        let class = self.tree(height).class;
        // Writing this slot: trees below that read it were cut there.
        for below in self.floor..height {
            let reads = |slot| self.trees.reads_slot(self.stack[below], slot);
            if !mutant!(7)
                && self.is_high(below)
                && (reads(slot) || class.slots() == 2 && !mutant!(25) && reads(slot.above(1)))
            {
                self.spill(below);
                // That may have had this one spilled before.
                if self.is_spilled(height) {
                    return;
                }
            }
        }
        if class == Class::I128 {
            self.set_high(height, slot.above(1));
        }
        self.set_slot(height, slot);
        self.stack[height] = self.trees.slot(slot, class.of_entry());
        self.accs.owners.disown(height);
    }

    /// Spills the entries from `height` on, constants too.
    pub(super) fn spill_from(&mut self, height: usize) {
        for entry in height..self.stack.len() {
            self.spill(entry);
        }
    }

    /// Spills every entry below `height` that is not a constant.
    pub(super) fn spill_below(&mut self, height: usize) {
        for entry in self.floor..height {
            if !matches!(self.tree(entry).kind, Kind::Imm(_)) {
                self.spill(entry);
            }
        }
    }

    /// Spills the entries below `height` that have any of `traits`.
    pub(super) fn spill_with(&mut self, height: usize, traits: Traits) {
        for entry in self.floor..height {
            if self.tree(entry).traits.any(traits) {
                self.spill(entry);
            }
        }
    }

    /// Spills what a call overwrites or may observe, below the arguments from `height` on.
    pub(super) fn spill_for_call(&mut self, height: usize) {
        let traits = Traits::TRAPS.with(Traits::LOADS).with(Traits::GLOBALS);
        let traits = traits.with(Traits::ACC_INTEGER).with(Traits::ACC_FLOAT);
        let traits = if mutant!(4) { Traits::NONE } else { traits };
        for entry in self.floor..height {
            if self.tree(entry).traits.any(traits) || self.is_high(entry) {
                self.spill(entry);
            }
        }
    }

    /// Spills the entries below `height` that read `slot`, which is about to be written.
    #[inline]
    pub(super) fn spill_readers(&mut self, height: usize, slot: Slot) {
        if mutant!(1) {
            return;
        }
        for entry in self.floor..height {
            if self.trees.reads_slot(self.stack[entry], slot) && !self.is_spilled(entry) {
                self.spill(entry);
            }
        }
    }

    /// Readies the accumulator for what the entry at `height` is about to leave there; it may itself hold it now.
    pub(super) fn evict(&mut self, register: Register, height: usize) {
        if mutant!(5) {
            return;
        }
        if let Some(owner) = self.accs.owners.of(register).filter(|&owner| owner != height) {
            self.spill(owner);
        }
    }

    /// What waited at `height` was evaluated into `slot`, or nobody will ask for it: it must not be evaluated any more.
    pub(super) fn replace_with_slot(&mut self, height: usize, slot: Slot) {
        if !self.is_spilled(height) {
            self.stack[height] = self.trees.slot(slot, self.tree(height).class);
            self.accs.owners.disown(height);
        }
    }

    /// Frees the accumulator `register` for a value of the entry at `height`: after this, nothing below that entry has to
    /// be evaluated before it, and nothing that waits overwrites the accumulator.
    pub(super) fn take_over(&mut self, register: Register, height: usize) {
        let holds = Traits::ACC_INTEGER.with(Traits::ACC_FLOAT);
        for entry in self.floor..height {
            let node = self.tree(entry);
            let overwrites = Register::of(node.class) == register && node.traits.any(holds);
            if !node.is_leaf() && !mutant!(6) && (node.traits.any(Traits::TRAPS) || self.is_high(entry) || overwrites) {
                self.spill(entry);
            }
        }
        self.evict(register, height);
    }

    /// Emits the evaluation of the tree at `height` into the accumulator, which the entry then holds.
    pub(super) fn materialise(&mut self, height: usize) {
        let node = self.tree(height);
        let (class, is_acc) = (node.class, node.kind == Kind::Acc);
        if is_acc {
            return;
        }
        if class == Class::I128 {
            return self.materialise_wide(height);
        }
        let register = Register::of(class);
        self.take_over(register, height);
        self.divide(height);
        self.set_acc(self.stack[height]);
        self.stack[height] = self.trees.acc(class);
        self.accs.owners.disown(height);
        self.accs.owners.set(register, height);
    }

    /// Frees the integer accumulator for the value of an entry about to be pushed.
    pub(super) fn take_over_integer(&mut self) {
        self.take_over(Register::Integer, self.stack.len());
    }

    /// Evaluates what may trap below the top `count` entries.
    pub(super) fn spill_traps(&mut self, count: usize) {
        self.spill_with(self.stack.len() - count, Traits::TRAPS);
    }

    /// Forgets what the accumulators mirror.
    pub(super) fn forget_mirrors(&mut self) {
        self.accs.mirrors = Mirrors::NONE;
    }
}
