//! Metering: which cells pay for what.
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
//! So do the words of locals that are zeroed, and of values that branches and returns move, which nobody can see in the
//! number of operators.
//!
//! Operations on memories and tables as a whole pay for their size besides, in a cell of their own in front of them. At
//! both kinds of cell nothing has happened yet of what they pay for: execution that stops there goes on there.

use super::emit::Emitted;
use super::tree::Traits;
use super::{Lowering, Target};
use crate::cell::{self, Amount};
use crate::instruction::Instruction;

/// So many words that are zeroed or moved cost 1.
const WORDS: u32 = 8;

/// A region whose end is not known yet.
#[derive(Debug)]
pub(super) struct Region {
    /// Its cell.
    cell: Emitted,
    cost: u32,
}

impl<T: Target> Lowering<'_, T> {
    /// A region begins here.
    pub(super) fn open_region(&mut self) {
        if self.options.fuel {
            let cell = self.code.special(cell::Fuel { cost: 0 }, &[]);
            self.regions.push(Region { cell, cost: 0 });
        }
    }

    /// The innermost region ends here.
    pub(super) fn close_region(&mut self) {
        if let Some(Region { cell, cost }) = self.regions.pop() {
            self.code.patch(cell, cost.max(1));
        }
    }

    /// The innermost region pays for `instruction`.
    pub(super) fn charge(&mut self, instruction: Instruction) {
        if let Some(region) = self.regions.last_mut() {
            region.cost += u32::from(instruction.info().cost);
        }
    }

    /// The innermost region pays for `words` that are zeroed or moved.
    pub(super) fn charge_words(&mut self, words: usize) {
        if let Some(region) = self.regions.last_mut() {
            region.cost += words as u32 / WORDS;
        }
    }

    /// Pays for the size of what is about to consume the top `count` operands, of which the topmost is the size.
    pub(super) fn charge_bulk(&mut self, amount: Amount, count: usize, table: u32) {
        if self.options.fuel {
            let base = self.stack.len() - count;
            self.before_call(base);
            self.flush_from(base);
            let slot = self.canonical(self.stack.len() - 1);
            self.code.special(cell::FuelBulk { amount: amount as u16, slot, table }, &[]);
        }
    }

    /// Pays for as many new pages as the topmost operand says; what waits with any of `traits` is evaluated before.
    pub(super) fn charge_pages(&mut self, traits: Traits) {
        if self.options.fuel {
            let top = self.stack.len() - 1;
            self.settle(top, traits);
            self.acquire(top);
            self.code.special(cell::FuelBulk { amount: Amount::Pages as u16, slot: 0, table: 0 }, &[]);
        }
    }
}
