//! Instructions on tables.
//!
//! No table has `u32::MAX` elements, so a 64-bit index or size does as well if it is made that where it is larger
//! (`i32.saturate_i64`): what would trap or fail with the one does with the other. So cells that take one from the
//! accumulator know of 32 bits alone. Those that take several from slots ask the table.

use super::Function;
use super::mutants::mutant;
use super::target::Target;
use super::tree::{Kind, Traits};
use crate::cell::{self, Amount};
use crate::ops::{Class, Op};

impl<T: Target> Function<'_, T> {
    /// The word of table `tableidx`.
    pub(super) fn table_word(&self, tableidx: u32) -> u32 {
        (self.layout.tables + tableidx as usize) as u32
    }

    fn is_64(&self, tableidx: u32) -> bool {
        self.module.tables[tableidx as usize].is_64()
    }

    /// The class of the table's indices.
    fn index_class(&self, tableidx: u32) -> Class {
        self.module.tables[tableidx as usize].address.val_type().into()
    }

    /// Makes the index at the top one of 32 bits.
    #[inline]
    pub(super) fn table_index(&mut self, tableidx: u32) {
        if self.is_64(tableidx) {
            let shorten = if mutant!(43) { Op::I32WrapI64 } else { Op::I32SaturateI64 };
            self.operands.operator_of_vectors::<1>(Kind::Unary(shorten));
        }
    }

    pub(super) fn table_get(&mut self, tableidx: u32) {
        self.table_index(tableidx);
        let table = self.table_word(tableidx);
        self.transform(cell::TableGet { table }, Traits::TRAPS);
        self.top_is(Class::I64);
    }

    pub(super) fn table_set(&mut self, tableidx: u32) {
        if self.is_64(tableidx) {
            // The index is below the reference, which is evaluated last.
            let operands = &mut self.operands;
            let top = operands.height() - 1;
            // Where it is in the accumulator, the shorter index would overwrite it.
            let tree = operands.tree(top);
            let moves = !tree.is_leaf() || tree.traits.any(Traits::ACC_INTEGER);
            if moves && !mutant!(39) {
                operands.spill_with(top, Traits::TRAPS);
                operands.spill(top);
            }
            let reference = operands.stack[top];
            operands.remove(top);
            self.table_index(tableidx);
            self.operands.push(reference);
        }
        let table = self.table_word(tableidx);
        self.consume(2, |args| cell::TableSet { table, args });
    }

    pub(super) fn table_size(&mut self, tableidx: u32) {
        let cell = cell::TableSize { table: self.table_word(tableidx) };
        self.produce(cell, self.index_class(tableidx));
    }

    pub(super) fn table_grow(&mut self, tableidx: u32) {
        let table = self.table_word(tableidx);
        self.charge_elements(Amount::NewElements, 2, tableidx);
        self.consume(2, |args| cell::TableGrow { table, args });
        self.operands.push_acc(self.index_class(tableidx));
    }

    pub(super) fn table_fill(&mut self, tableidx: u32) {
        let table = self.table_word(tableidx);
        self.charge_elements(Amount::Elements, 3, tableidx);
        self.consume(3, |args| cell::TableFill { table, args });
    }

    pub(super) fn table_copy(&mut self, to: u32, from: u32) {
        // The size is a number of the smaller type, by which the machine reads it, too.
        let sized = if self.is_64(to) { from } else { to };
        self.charge_elements(Amount::Elements, 3, sized);
        let (to, from) = (self.table_word(to), self.table_word(from));
        self.consume(3, |args| cell::TableCopy { to, from, args });
    }

    pub(super) fn table_init(&mut self, elemidx: u32, tableidx: u32) {
        let (table, segment) = (self.table_word(tableidx), self.element_word(elemidx));
        let pay = |slot| cell::FuelBulk { amount: Amount::Elements32 as u16, slot, table };
        self.metering.charge_bulk(&mut self.operands, 3, pay);
        self.consume(3, |args| cell::TableInit { table, segment, args });
    }

    /// Pays for as many elements as the topmost of `count` operands says, a number of the table's index type.
    fn charge_elements(&mut self, amount: Amount, count: usize, tableidx: u32) {
        let table = self.table_word(tableidx);
        let pay = |slot| cell::FuelBulk { amount: amount as u16, slot, table };
        self.metering.charge_bulk(&mut self.operands, count, pay);
    }
}
