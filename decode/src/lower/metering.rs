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
//! The words of locals that are zeroed, and of values that branches and returns move, cost as well: nobody can see those in
//! the number of operators.
//!
//! Operations on memories and tables as a whole pay for their size besides, in a cell of their own in front of them. At
//! both kinds of cell nothing has happened yet of what they pay for: execution that stops there goes on there.

use super::emit::{Emitted, Emitter};
use super::operands::Operands;
use super::target::Target;
use super::tree::Traits;
use crate::cell::{self, Amount};
use crate::instruction::Instruction;

/// So many words that are zeroed or moved cost 1.
const WORDS: u32 = 8;

/// What the open regions cost, if anything does.
#[derive(Debug)]
pub(super) struct Metering {
    /// Whether executing consumes fuel.
    enabled: bool,
    /// The open regions, the innermost last; none without fuel.
    pub(super) regions: Vec<Region>,
}

/// A region whose end is not known yet.
#[derive(Debug)]
pub(super) struct Region {
    /// Its cell.
    cell: Emitted,
    cost: u32,
}

impl Metering {
    /// `regions` is empty.
    pub(super) fn new(regions: Vec<Region>, enabled: bool) -> Self {
        Self { enabled, regions }
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
            region.cost += u32::from(instruction.info().cost);
        }
    }

    /// The innermost region pays for `words` that are zeroed or moved.
    #[inline]
    pub(super) fn charge_words(&mut self, words: usize) {
        if let Some(region) = self.regions.last_mut() {
            region.cost += words as u32 / WORDS;
        }
    }

    /// Pays for the size of what is about to consume the top `count` operands, of which the topmost is the size.
    pub(super) fn charge_bulk<T: Target>(
        &self,
        operands: &mut Operands<'_, T>,
        amount: Amount,
        count: usize,
        table: u32,
    ) {
        if self.enabled {
            let base = operands.height() - count;
            operands.spill_for_call(base);
            operands.spill_from(base);
            let slot = operands.own_slot(operands.height() - 1).0;
            operands.code.special(cell::FuelBulk { amount: amount as u16, slot, table }, &[]);
        }
    }

    /// Pays for as many new pages as the topmost operand says; what waits with any of `traits` is evaluated before.
    pub(super) fn charge_pages<T: Target>(&self, operands: &mut Operands<'_, T>, traits: Traits) {
        if self.enabled {
            let top = operands.height() - 1;
            operands.spill_with(top, traits);
            operands.materialise(top);
            operands.code.special(cell::FuelBulk { amount: Amount::Pages as u16, slot: 0, table: 0 }, &[]);
        }
    }
}
