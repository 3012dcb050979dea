//! Noting where execution may stand still ([`super::place`]), and seeing to it that all values can be told there.

use super::definite::Locals;
use super::emit::{Position, ZEROES_BYTES};
use super::mutants::mutant;
use super::operands::Operands;
use super::place::{Operand, Place, Source, Stand};
use super::slot::Slot;
use super::target::Target;
use super::tree::{Kind, Register};
use crate::ops::Class;

impl<T: Target> Operands<'_, T> {
    /// Notes, if there is a survey, that execution may stand still here, in front of the next cell.
    #[inline]
    pub(super) fn note_place(&mut self, stand: Stand) {
        if T::SURVEYED {
            self.add_place(stand, self.code.offset, self.code.len(), self.height(), Slot(0));
        }
    }

    /// Execution may stand still in front of the next cell, and then executes the instruction. No accumulator is asked for there, but
    /// for an operand that is nowhere else.
    pub(super) fn stand_before(&mut self) {
        self.forget_mirrors();
        self.note_place(Stand::Before);
    }

    /// Notes, if there is a survey, that an iteration of the `loop` at `offset` may begin at `position` as well, with as many
    /// entries as there are; these locals are set where the loop begins.
    #[inline]
    pub(super) fn note_loop(&mut self, offset: u32, position: Position, set: &Locals) {
        if T::SURVEYED {
            let here = std::mem::replace(&mut self.code.definite.set, *set);
            self.add_place(Stand::Loop, offset, position, self.height(), Slot(0));
            self.code.definite.set = here;
        }
    }

    /// Notes that the call that was just emitted may throw, and, if there is a survey, that it may be waited for, whose callee's frame begins at
    /// `args`, where the entry at `height` has its slot.
    #[inline]
    pub(super) fn note_call(&mut self, height: usize, args: Slot) {
        self.code.note_site();
        if T::SURVEYED {
            self.add_place(Stand::Call, self.code.offset, self.code.len(), height, args);
        }
    }

    #[inline(never)]
    fn add_place(&mut self, stand: Stand, offset: u32, position: Position, height: usize, args: Slot) {
        let Some(survey) = self.code.survey() else { return };
        // It may be less in finished code.
        let mut positions = [position, position.saturating_sub(ZEROES_BYTES)].into_iter();
        if !positions.any(|position| survey.wanted.includes(stand, offset, position)) {
            return;
        }
        let operands = (0..height).filter(|&entry| !self.is_upper(entry)).map(|entry| self.operand(entry)).collect();
        let unset = self.code.definite.unset();
        let place = Place { stand, offset, position, unset, operands, args: args.0 };
        self.code.survey().expect("there was one").note(place);
    }

    fn operand(&self, height: usize) -> Operand {
        let (node, own) = (self.tree(height), self.own_slot(height));
        let source = match node.kind {
            Kind::Slot(slot) => {
                debug_assert!(slot == own || slot < self.first, "a value in a slot of another");
                Source::Slot(slot.0)
            }
            Kind::Imm(bits) => Source::Constant(bits),
            Kind::Vector => Source::Vector(self.trees.vector_bytes(self.stack[height])),
            Kind::Func(word) => Source::Func(word),
            Kind::Acc if Register::of(node.class) == Register::Integer => Source::Accumulator,
            // Whoever notes a place has spilled what is no leaf, and floats.
            kind => unreachable!("{kind:?} waits where execution may stand still"),
        };
        Operand { slot: own.0, source, is_vector: node.class == Class::V128 }
    }

    /// Spills, of the entries below `height`, what is in no slot that execution leaves alone and is no leaf: what stands still
    /// there can be told value by value.
    pub(super) fn settle(&mut self, height: usize) {
        self.spill_for_call(height);
        if mutant!(4) {
            return;
        }
        for entry in self.floor..height {
            if !self.is_settled(entry) {
                self.spill(entry);
            }
        }
    }

    /// Whether the entry is spilled, or a leaf that reads no slot of an entry.
    fn is_settled(&self, height: usize) -> bool {
        match self.tree(height).kind {
            Kind::Slot(slot) => slot < self.first || slot == self.own_slot(height),
            Kind::Imm(_) | Kind::Vector | Kind::Func(_) => true,
            Kind::Acc
            | Kind::Global(_)
            | Kind::Unary(_)
            | Kind::Binary(_)
            | Kind::Memory(_)
            | Kind::Load(..)
            | Kind::FarLoad(_)
            | Kind::ElementLoad(_)
            | Kind::Select
            | Kind::Ternary(_)
            | Kind::Lane(..) => false,
        }
    }
}
