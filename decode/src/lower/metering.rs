//! Metering: which cells pay for what, and which ask whether the deadline has passed.
//!
//! # Fuel
//!
//! A function's body outside its loops is a *region*, and so is each loop's body outside the loops in it. A region
//! begins with a cell that pays for all operators of the region at once, before any of them is executed; it is passed
//! when the function is entered, or when an iteration begins. Operators of branches not taken are paid for as well. So
//! no more operators that cost are executed than fuel is consumed, what an iteration or a call costs can be told from
//! the program's text, and most dispatches of a metered program are those of the same program unmetered. (A cell for
//! each basic block would be exact, and one more dispatch where there are the fewest operators to pay for it.)
//! `Config::consume_fuel` says what costs how much, and what is free.
//!
//! What a region costs is known at its end, and is written into the cell then. Each region costs at least 1, so no loop and
//! no recursion goes on for free.
//!
//! The words of locals, which may have to be zeroed, and of values that branches and returns move, cost as well: nobody can see
//! those in the number of operators.
//!
//! Operations on memories and tables as a whole, and on many elements of arrays, pay for their size besides, in a cell of their own in
//! front of them. At
//! both kinds of cell nothing has happened yet of what they pay for: execution that stops there goes on there.
//!
//! # Epochs
//!
//! Each branch back to a loop's beginning asks for the epoch: its cell does so by itself, when it has branched, if there is a
//! handler for that ([`Form::Ask`](crate::sig::Form::Ask)), and takes no dispatch more for it. Otherwise it leads to a cell that
//! only asks and branches; these come behind the function's code. Entering a loop asks for nothing.
//!
//! A cell that asks ([`cell::Epoch`]) begins those functions that may take long without a loop: which call, work on memories or
//! tables as a whole or on many elements of arrays, or are long. So a leaf that compilers write has none. What is left between two places that ask is
//! code without a branch back, and [`MOST_CALLS`] calls of short leaves: more, in a row, get a cell of their own. Long operations
//! on memories, tables and arrays ask for themselves (`exec`, `handlers::epoch`).
//!
//! Asking leaves the accumulators as they are. Execution that stops there goes on where the branch leads, or with the cell that
//! asked, of which nothing has happened yet.

use super::emit::{Emitted, Emitter};
use super::operands::Operands;
use super::place::Stand;
use super::read::Reader;
use super::target::{Options, Target};
use crate::cell;
use crate::instruction::Instruction;

/// So many words that are zeroed or moved cost 1.
const WORDS: u64 = 8;

/// A body of more bytes asks for the epoch when it is entered.
const LONG_BODY: usize = 4096;

/// After so many calls and operations on memories, tables or arrays in a row the epoch is asked for.
const MOST_CALLS: u32 = 64;

/// What the open regions cost, if anything does, and where the epoch is asked for.
#[derive(Debug)]
pub(super) struct Metering {
    /// Whether executing consumes fuel.
    enabled: bool,
    /// The open regions, the innermost last; none without fuel.
    pub(super) regions: Vec<Region>,
    /// Whether the epoch is asked for.
    epochs: bool,
    /// How many calls have been lowered since it was.
    calls: u32,
}

/// A region whose end is not known yet.
#[derive(Debug)]
pub(super) struct Region {
    /// Its cell.
    cell: Emitted,
    /// 64 bits, because an instruction of three bytes may cost thousands.
    cost: u64,
}

impl Metering {
    /// `regions` is empty.
    pub(super) fn new(regions: Vec<Region>, options: Options) -> Self {
        Self { enabled: options.fuel, regions, epochs: options.epochs, calls: 0 }
    }

    /// A function begins here, whose body `reader` reads, of so many bytes.
    pub(super) fn enter<T: Target>(&mut self, operands: &mut Operands<'_, T>, reader: &Reader<'_>, bytes: usize) {
        if self.epochs && (bytes > LONG_BODY || may_take_long(reader.clone())) {
            self.ask(operands);
            operands.note_place(Stand::Entry);
        }
        self.open(&mut operands.code);
    }

    /// Something comes that [takes long](takes_long).
    #[inline]
    pub(super) fn count_call<T: Target>(&mut self, operands: &mut Operands<'_, T>) {
        if self.epochs {
            self.calls += 1;
            if self.calls > MOST_CALLS {
                // Whoever is asked may change memories and globals.
                operands.settle(operands.height());
                operands.stand_before();
                self.ask(operands);
                self.calls = 1;
            }
        }
    }

    /// Asks for the epoch. Nothing waits that reads what the embedder may change.
    fn ask<T: Target>(&mut self, operands: &mut Operands<'_, T>) {
        operands.code.special(cell::Epoch {}, &[]);
        self.calls = 0;
    }

    /// A region begins here.
    pub(super) fn open<T: Target>(&mut self, code: &mut Emitter<'_, T>) {
        if self.enabled {
            let cell = code.special(cell::Fuel { cost: 0 }, &[]);
            self.regions.push(Region { cell, cost: 0 });
        }
    }

    /// The innermost region ends here.
    pub(super) fn close<T: Target>(&mut self, code: &mut Emitter<'_, T>) {
        if let Some(Region { cell, cost }) = self.regions.pop() {
            code.patch(cell, cost.max(1));
        }
    }

    /// The innermost region pays for `instruction`.
    #[inline]
    pub(super) fn charge(&mut self, instruction: Instruction) {
        if let Some(region) = self.regions.last_mut() {
            region.cost += u64::from(instruction.info().cost);
        }
    }

    /// The innermost region pays for `words` that are zeroed or moved.
    #[inline]
    pub(super) fn charge_words(&mut self, words: impl FnOnce() -> usize) {
        if let Some(region) = self.regions.last_mut() {
            region.cost += words() as u64 / WORDS;
        }
    }

    /// The innermost region pays for so many clauses of a `try_table`: whoever throws into it asks each, once for each time it is entered.
    pub(super) fn charge_clauses(&mut self, clauses: usize) {
        if let Some(region) = self.regions.last_mut() {
            region.cost += clauses as u64;
        }
    }

    /// Pays for the size of what is about to consume the top `count` operands, of which the topmost is the size: by the cell
    /// that `pay` makes of its slot.
    pub(super) fn charge_bulk<T: Target, C: cell::Operands>(
        &mut self,
        operands: &mut Operands<'_, T>,
        count: usize,
        pay: impl FnOnce(u16) -> C,
    ) {
        self.count_call(operands);
        if self.enabled {
            let base = operands.height() - count;
            operands.settle(base);
            operands.spill_from(base);
            operands.stand_before();
            let slot = operands.own_slot(operands.height() - 1).0;
            operands.code.special(pay(slot), &[]);
        }
    }

    /// Pays, by the cell `pay`, for as many new pages as the topmost operand says.
    pub(super) fn charge_pages<T: Target>(&mut self, operands: &mut Operands<'_, T>, pay: impl cell::Operands) {
        self.count_call(operands);
        if self.enabled {
            let top = operands.height() - 1;
            operands.settle(top);
            operands.materialise(top);
            operands.stand_before();
            operands.code.special(pay, &[]);
        }
    }
}

/// Whether it calls, or does for long what no loop bounds.
fn takes_long(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Call
            | Instruction::CallIndirect
            | Instruction::ReturnCall
            | Instruction::ReturnCallIndirect
            | Instruction::CallRef
            | Instruction::ReturnCallRef
            | Instruction::MemoryGrow
            | Instruction::MemoryFill
            | Instruction::MemoryCopy
            | Instruction::MemoryInit
            | Instruction::TableGrow
            | Instruction::TableFill
            | Instruction::TableCopy
            | Instruction::TableInit
            | Instruction::ArrayNew
            | Instruction::ArrayNewDefault
            | Instruction::ArrayNewData
            | Instruction::ArrayNewElem
            | Instruction::ArrayFill
            | Instruction::ArrayCopy
            | Instruction::ArrayInitData
            | Instruction::ArrayInitElem
    )
}

/// Whether a body has anything that [takes long](takes_long), in loops too: calls there are how recursions go on that never branch
/// back.
fn may_take_long(mut reader: Reader<'_>) -> bool {
    while !reader.is_done() {
        let (instruction, rest) = reader.skip();
        reader = rest;
        if takes_long(instruction) {
            return true;
        }
    }
    false
}
