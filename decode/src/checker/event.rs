//! What both sides must do in the same order with the same values.

use super::code::CellIdx;
use super::value::{Access, ValueId};
use crate::TypeId;
use crate::cell::Cell;
use crate::instruction::Atomic;
use crate::ops::Op;
use smallvec::SmallVec;

/// What happens. Numbers are words of the instance, but for those said to be something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A value is computed whose computing may trap.
    Compute,
    Unreachable,
    Store(Op, Access),
    GlobalSet(u32),
    Atomic(Atomic, Access),
    Fence,
    MemoryGrow(u32),
    MemoryFill(u32),
    /// To, from.
    MemoryCopy(u32, u32),
    /// Memory, segment.
    MemoryInit(u32, u32),
    DataDrop(u32),
    TableSet(u32),
    TableGrow(u32),
    TableFill(u32),
    TableCopy(u32, u32),
    TableInit(u32, u32),
    ElemDrop(u32),
    Call(u32),
    /// Table, the engine's id of the type.
    CallIndirect(u32, TypeId),
    ReturnCall(u32),
    ReturnCallIndirect(u32, TypeId),
    /// A function is taken from a table, of a type below this one.
    TableFunc(u32, TypeId),
    CallRef(TypeId),
    ReturnCallRef(TypeId),
    /// With the tag's word.
    Throw(u32),
    ThrowRef,
    Return,
    /// A way is chosen by a condition.
    Branch,
    /// A way is chosen by an index, of so many.
    Table(u32),
    /// So much fuel is taken.
    Fuel(u64),
    /// A cell about objects, and its operands but the slots.
    Object(Cell, [u32; 3]),
    /// Fuel for a size is taken: what it counts, and of which memory or table.
    Pay(u16, u32),
}

/// An event, and the values it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) what: What,
    pub(super) args: SmallVec<[ValueId; 4]>,
}

impl Event {
    pub(super) fn new(what: What, args: &[ValueId]) -> Self {
        Self { what, args: args.into() }
    }
}

/// What the code does with what comes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    /// The result is in the integer accumulator.
    Accumulator,
    /// Results are in place of the arguments, which began in this slot, the first in its accumulator.
    Call {
        args: u32,
    },
    /// It goes on where the exception is caught, if at all; slots from this one on are lost then.
    Throw {
        behind: u32,
    },
    /// Goes on in this cell if the condition is not zero, else behind.
    Branch(CellIdx),
    /// Goes on in one of the cells named from here on.
    Table {
        at: u32,
    },
}
