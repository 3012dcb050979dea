//! Values where labels, returns and calls look for them.
//!
//! A label looks for its values in the slots of its own height; the caller of a returning function for the first result in the
//! accumulator, and for the others in the frame's first slots; a callee for its arguments in the slots of their heights, where
//! its frame begins; after a tail call, in the frame's first slots.

use super::mutants::mutant;
use super::operands::Operands;
use super::sink::{Prefix, Sink};
use super::slot::Slot;
use super::target::Target;
use super::tree::{Kind, Traits, form_sig};
use crate::FuncType;
use crate::cell;
use crate::layout::FrameLayout;
use crate::sig::Form;

impl<T: Target> Operands<'_, T> {
    /// Moves the top `count` entries to the slots from height `to` on. The upper entries of vectors move with the lower ones.
    pub(super) fn move_to(&mut self, count: usize, to: usize) {
        /// More are moved by one cell: two bytes of a module may ask for a thousand.
        const MOST: usize = 8;
        let from = self.height() - count;
        if from == to {
            self.spill_from(from);
        } else if count > MOST {
            self.spill_from(from);
            let (from, to) = (self.own_slot(from), self.own_slot(to));
            self.code.special(cell::Copy { from: from.0, to: to.0, count: count as u16 }, &[]);
            self.forget_mirrors();
        } else {
            for i in 0..count {
                let i = if mutant!(13) { count - 1 - i } else { i };
                if self.is_upper(from + i) && !mutant!(29) {
                    continue;
                }
                let slot = self.own_slot(to + i);
                self.set_slot(from + i, slot);
                self.replace_with_slot(from + i, slot);
            }
        }
    }

    /// Emits a return of the values of the top `count` entries. Those in their slots are left as they were.
    pub(super) fn emit_return(&mut self, count: usize) {
        let height = self.height() - count;
        if count == 0 {
            self.code.special(cell::Return { header: self.header.0 }, &[]);
            return;
        }
        let class = self.tree(height).class;
        // The first goes to the accumulator.
        let first = class.words();
        if count > first {
            self.spill_from(height);
            let behind = if mutant!(30) { 1 } else { first };
            let from = self.own_slot(height + if mutant!(14) { 0 } else { behind });
            self.code.special(cell::Copy { from: from.0, to: first as u16, count: (count - first) as u16 }, &[]);
            self.forget_mirrors();
        }
        if count == first && first == 2 {
            self.fit_at(form_sig(Form::Return, class), [height]);
        } else if count == first {
            self.fit::<1>(form_sig(Form::Return, class));
        }
        let sink = Sink::form(Form::Return, class, Prefix::slot(self.header));
        self.statement(sink, [self.stack[height]]).expect("`fit` made it so");
    }

    /// Puts the `count` arguments at the top in place and spills what the call might disturb. Returns the slots of the
    /// callee's frame and header.
    pub(super) fn arguments(&mut self, count: usize, callee: FrameLayout) -> (Slot, Slot) {
        let height = self.height() - count;
        self.settle(height);
        self.spill_from(height);
        let args = self.own_slot(height);
        (args, args.above(callee.header))
    }

    /// Puts the `count` arguments at the top where the callee looks for them, in this frame's first slots. What reads a slot that
    /// an argument before it overwrites is evaluated before, to its own slot. If that is not possible, puts all in their own slots.
    /// Returns the first of those, and how many are left to move.
    pub(super) fn tail_arguments(&mut self, count: usize) -> (Slot, u16) {
        /// More are moved by the call; this keeps looking through them short.
        const MOST: usize = 8;
        let height = self.height() - count;
        self.spill_for_call(height);
        // Further up lies this frame's header, which is still needed.
        let fits = count <= MOST.min(usize::from(self.header.0));
        if fits && (mutant!(19) || self.evaluate_readers(height, count)) {
            for slot in 0..count as u16 {
                let (entry, slot) = (height + usize::from(slot), Slot(slot));
                if self.tree(entry).kind != Kind::Slot(slot) && !self.is_upper(entry) {
                    self.set_slot(entry, slot);
                    self.replace_with_slot(entry, slot);
                }
            }
            (self.own_slot(height), 0)
        } else {
            self.spill_from(height);
            (self.own_slot(height), count as u16)
        }
    }

    /// Evaluates to their own slots, of the `count` arguments from `height` on, those that read a slot that an argument before them
    /// overwrites. Returns whether there are none any more: an argument that may trap is not evaluated before another.
    fn evaluate_readers(&mut self, height: usize, count: usize) -> bool {
        let may_trap = |entry: usize| self.tree(height + entry).traits.any(Traits::TRAPS);
        let traps = (0..count).any(may_trap);
        for reader in 1..count {
            // The upper half of a vector is evaluated with the lower one.
            if self.is_upper(height + reader) {
                continue;
            }
            let overwritten = |slot: usize| {
                let entry = height + slot;
                let (entry, slot) = if self.is_upper(entry) { (entry - 1, slot - 1) } else { (entry, slot) };
                self.tree(entry).kind != Kind::Slot(Slot(slot as u16))
            };
            let reads = |slot: usize| self.trees.reads_slot(self.stack[height + reader], Slot(slot as u16));
            if (0..reader).any(|slot| overwritten(slot) && reads(slot)) {
                if traps {
                    return false;
                }
                self.spill(height + reader);
            }
        }
        true
    }

    /// Leaves the index at the top, of a callee of so many parameters, in the accumulator, with everything below as a call
    /// needs it, and removes it.
    pub(super) fn callee_index(&mut self, params: usize) {
        let index = self.height() - 1;
        self.settle(index - params);
        for entry in index - params..index {
            self.spill(entry);
        }
        self.materialise(index);
        self.pop(1);
    }

    /// Replaces the arguments of a call by its results.
    pub(super) fn results(&mut self, ty: &FuncType) {
        self.pop(ty.param_words());
        if !mutant!(9) {
            self.forget_mirrors();
        }
        for (i, &ty) in ty.results().iter().enumerate() {
            if i == 0 { self.push_acc(ty.into()) } else { self.push_spilled(ty.into()) }
        }
    }
}
