//! Where an execution may stand still, and where the values of its frame are then.
//!
//! A frame that stands at one of these places is what the specification says a frame is: locals, and values on the operand
//! stack. All locals lie in their slots (but at the entry, where those that are no parameters are still to be zeroed). A value
//! of the operand stack lies in its own slot, or is known without it: a constant, a local that has not been set since, a
//! function of the instance. Whoever writes each value to its own slot, whatever lowering made of it, has a frame that goes
//! on there: what is known without its slot is not read from there.
//!
//! A place is noted only in a survey that asks for it ([`Wanted`]): with all operands of all calls, a survey of hostile code
//! would be as long as the square of its body.

use super::emit::Position;
use super::operands::Operands;
use super::slot::Slot;
use super::target::Target;
use super::tree::{Kind, Register};
use crate::ops::Class;

/// What an execution that stands still is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stand {
    /// The function begins; nothing of it was executed. Its body begins at the offset.
    Entry,
    /// An iteration of the `loop` at the offset begins.
    Loop,
    /// The call at the offset has not returned. Its operands are none any more.
    Call,
    /// The instruction at the offset is to be paid for and executed.
    Before,
}

/// Where a value of the operand stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In this slot of the frame, and the next one if it is a vector.
    Slot(u16),
    /// Bits.
    Constant(u64),
    /// A vector.
    Vector([u8; 16]),
    /// The address of this word of the instance, where the record of a function begins.
    Func(u32),
    /// In the integer accumulator, and nowhere else.
    Accumulator,
}

/// A value of the operand stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// The slot that it owns, by its height; of two that a vector owns, the first.
    pub slot: u16,
    /// Where it is.
    pub source: Source,
    /// Whether it is a vector.
    pub is_vector: bool,
}

/// A place at which execution may stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is about to do there.
    pub stand: Stand,
    /// Offset in the module's bytes, as [`Place::stand`] says.
    pub offset: u32,
    /// Byte of the code, the head counted, where it goes on; of a call, the cell behind.
    pub position: usize,
    /// The operand stack, the topmost value last.
    pub operands: Vec<Operand>,
    /// Of a call, the slot at which the callee's frame begins.
    pub args: u16,
}

/// Which places a survey is to note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// None.
    Nothing,
    /// Those where this is about to be done.
    At(Stand, u32),
    /// Those at this byte of the code, behind a call or not.
    Position {
        /// The byte, the head counted.
        position: usize,
        /// Whether behind a call.
        is_call: bool,
    },
}

impl Wanted {
    fn includes(self, stand: Stand, offset: u32, at: Position) -> bool {
        match self {
            Self::Nothing => false,
            Self::At(wanted, wanted_offset) => (wanted, wanted_offset) == (stand, offset),
            Self::Position { position, is_call } => position == at && is_call == (stand == Stand::Call),
        }
    }
}

impl<T: Target> Operands<'_, T> {
    /// Notes, if there is a survey, that execution may stand still here, in front of the next cell.
    #[inline]
    pub(super) fn note_place(&mut self, stand: Stand) {
        if T::SURVEYED {
            self.add_place(stand, self.code.offset, self.code.len(), self.height(), Slot(0));
        }
    }

    /// Notes, if there is a survey, that an iteration of the `loop` at `offset` may begin at `position` as well, with as many
    /// entries as there are.
    #[inline]
    pub(super) fn note_loop(&mut self, offset: u32, position: Position) {
        if T::SURVEYED {
            self.add_place(Stand::Loop, offset, position, self.height(), Slot(0));
        }
    }

    /// Notes, if there is a survey, that the call that was just emitted may be waited for, whose callee's frame begins at
    /// `args`, where the entry at `height` has its slot.
    #[inline]
    pub(super) fn note_call(&mut self, height: usize, args: Slot) {
        if T::SURVEYED {
            self.add_place(Stand::Call, self.code.offset, self.code.len(), height, args);
        }
    }

    #[inline(never)]
    fn add_place(&mut self, stand: Stand, offset: u32, position: Position, height: usize, args: Slot) {
        let Some(survey) = self.code.survey() else { return };
        if !survey.wanted.includes(stand, offset, position) {
            return;
        }
        let operands = (0..height).filter(|&entry| !self.is_upper(entry)).map(|entry| self.operand(entry)).collect();
        let place = Place { stand, offset, position, operands, args: args.0 };
        self.code.survey().expect("there was one").places.push(place);
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
            | Kind::Select
            | Kind::Ternary(_)
            | Kind::Lane(..) => false,
        }
    }
}
