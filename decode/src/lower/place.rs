//! Where an execution may stand still, and where the values of its frame are then.
//!
//! A frame that stands at one of these places is what the specification says a frame is: locals, and values on the operand
//! stack. Locals lie in their slots, but for those that some way there has not set and that are not zeroed: whatever comes reads
//! none of them before it sets it, so any value will do for one, and zero is its. A value
//! of the operand stack lies in its own slot, or is known without it: a constant, a local that has not been set since, a
//! function of the instance. The accumulators hold nothing, but for one operand that may be nowhere else. Whoever writes each
//! value to its own slot, whatever lowering made of it, has a frame that goes on there: what is known without its slot is not
//! read from there.
//!
//! A place is noted only in a survey that asks for it ([`Wanted`]): with all operands of all calls, a survey of hostile code
//! would be as long as the square of its body. Whoever asks for many asks at once, for each time the function is lowered again.
//! `places` notes them.

use std::collections::HashSet;

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
    /// Indices of the locals whose slots may hold nothing of theirs, in order: nothing reads them before it sets them.
    pub unset: Vec<u32>,
    /// The operand stack, the topmost value last.
    pub operands: Vec<Operand>,
    /// Of a call, the slot at which the callee's frame begins.
    pub args: u16,
}

/// Which places a survey is to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// None.
    Nothing,
    /// Those where one of these is about to be done, at the offset.
    Of(HashSet<(Stand, u32)>),
    /// Those at these bytes of the code, the head counted; behind a call, or not. Of several, the last that is noted.
    At(HashSet<(usize, bool)>),
}

impl Wanted {
    pub(super) fn includes(&self, stand: Stand, offset: u32, position: usize) -> bool {
        match self {
            Self::Nothing => false,
            Self::Of(places) => places.contains(&(stand, offset)),
            Self::At(positions) => positions.contains(&(position, stand == Stand::Call)),
        }
    }
}
