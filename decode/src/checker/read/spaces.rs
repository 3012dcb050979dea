//! Instructions about whole memories and tables, and segments.

use super::Builder;
use crate::AddressType;
use crate::cell::Amount;
use crate::checker::source::Instr;
use crate::ops::{Class, Op};
use wasmparser::Operator;

impl Builder<'_> {
    /// Whether an instruction on a whole memory names none.
    fn is_plain(&self, memory: u32) -> bool {
        let ty = self.module.memories[memory as usize];
        memory == 0 && ty.address == AddressType::I32 && ty.page_size_log2 == 16 && !ty.shared
    }

    /// Pays for a size, a number of this type, of a memory.
    fn pay_for_memory(&mut self, amount: Amount, memory: u32) {
        let word = if self.is_plain(memory) { 0 } else { self.layout.memory(memory as usize) as u32 };
        self.pay(amount, word);
    }

    /// Makes the index of a table at the top one of 32 bits.
    pub(super) fn table_index(&mut self, table: u32) {
        if self.module.tables[table as usize].address == AddressType::I64 {
            self.simple(Instr::Numeric(Op::I32SaturateI64), 1, &[Class::I32]);
        }
    }

    /// One of these instructions.
    pub(super) fn memory_or_table(&mut self, operator: &Operator<'_>) {
        let (module, layout) = (self.module, self.layout);
        let table = |index: u32| layout.table(index as usize) as u32;
        let memory = |index: u32| layout.memory(index as usize) as u32;
        let address = |index: u32| Class::from(module.memories[index as usize].address.val_type());
        let element_address = |index: u32| Class::from(module.tables[index as usize].address.val_type());
        let bytes_of = |class: Class| if class == Class::I64 { Amount::Bytes64 } else { Amount::Bytes };
        let data = |index: u32| layout.data(index as usize) as u32;
        let element = |index: u32| layout.element(index as usize) as u32;
        match *operator {
            Operator::MemorySize { mem } => {
                let class = address(mem);
                self.simple(Instr::MemorySize(memory(mem), class), 0, &[class]);
            }
            Operator::MemoryGrow { mem } => {
                self.pay_for_memory(Amount::Pages, mem);
                self.simple(Instr::MemoryGrow(memory(mem), address(mem)), 1, &[address(mem)]);
            }
            Operator::MemoryFill { mem } => {
                self.pay_for_memory(bytes_of(address(mem)), mem);
                self.simple(Instr::MemoryFill(memory(mem)), 3, &[]);
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                // The size is an i64 if both addresses are.
                let size = if address(src_mem) == Class::I64 { address(dst_mem) } else { Class::I32 };
                self.pay_for_memory(bytes_of(size), dst_mem);
                self.simple(Instr::MemoryCopy(memory(dst_mem), memory(src_mem)), 3, &[]);
            }
            Operator::MemoryInit { data_index, mem } => {
                self.pay_for_memory(Amount::Bytes, mem);
                self.simple(Instr::MemoryInit(memory(mem), data(data_index)), 3, &[]);
            }
            Operator::DataDrop { data_index } => self.simple(Instr::DataDrop(data(data_index)), 0, &[]),
            Operator::TableGet { table: index } => {
                self.table_index(index);
                self.simple(Instr::TableGet(table(index)), 1, &[Class::I64]);
            }
            Operator::TableSet { table: index } => {
                self.simple(Instr::TableSet(table(index), element_address(index)), 2, &[]);
            }
            Operator::TableSize { table: index } => {
                let class = element_address(index);
                self.simple(Instr::TableSize(table(index), class), 0, &[class]);
            }
            Operator::TableGrow { table: index } => {
                self.pay(Amount::NewElements, table(index));
                let class = element_address(index);
                self.simple(Instr::TableGrow(table(index), class), 2, &[class]);
            }
            Operator::TableFill { table: index } => {
                self.pay(Amount::Elements, table(index));
                self.simple(Instr::TableFill(table(index)), 3, &[]);
            }
            Operator::TableCopy { dst_table, src_table } => {
                // The size is a number of the smaller type.
                let sized = if element_address(dst_table) == Class::I64 { src_table } else { dst_table };
                self.pay(Amount::Elements, table(sized));
                self.simple(Instr::TableCopy(table(dst_table), table(src_table)), 3, &[]);
            }
            Operator::TableInit { elem_index, table: index } => {
                self.pay(Amount::Elements32, table(index));
                self.simple(Instr::TableInit(table(index), element(elem_index)), 3, &[]);
            }
            Operator::ElemDrop { elem_index } => self.simple(Instr::ElemDrop(element(elem_index)), 0, &[]),
            ref other => unreachable!("{other:?} is part of no feature that is supported"),
        }
    }
}
