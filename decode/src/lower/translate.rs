//! What each operator does to the operand stack and the code.

use super::read::{OPS, Operator, Reader, opcode};
use super::stack::{Prefix, Sink, SinkKind};
use super::tree::{Kind, Register, Traits};
use super::{Lowering, Target};
use crate::cell::{self, Amount};
use crate::ops::{self, Class, Op};
use crate::sig::{self, Form};

impl<T: Target> Lowering<'_, T> {
    /// Lowers one operator, which `reader` has just read.
    #[inline]
    pub(super) fn operator(&mut self, operator: Operator, reader: &Reader<'_>) {
        if self.is_skipping() && !self.skip(operator.opcode) {
            return;
        }
        self.charge(operator.opcode);
        if let Some(&Some(op)) = OPS.get(usize::from(operator.opcode)) {
            let offset = operator.immediate as u32;
            return match op.kind() {
                ops::Kind::Unary => self.operator_of(Kind::Unary(op), 1, Form::SetAcc),
                ops::Kind::Binary => self.operator_of(Kind::Binary(op), 2, Form::SetAcc),
                ops::Kind::Load => self.operator_of(Kind::Load(op, offset), 1, Form::SetAcc),
                ops::Kind::Store => self.store(op, offset),
            };
        }
        let (index, second) = (operator.index(), operator.second);
        match operator.opcode {
            opcode::NOP => {}
            opcode::UNREACHABLE => {
                self.settle_traps(0);
                self.code.special(cell::Unreachable {}, &[]);
                self.unreachable();
            }
            opcode::BLOCK => self.block(&operator),
            opcode::LOOP => self.loop_(&operator),
            opcode::IF => self.if_(&operator),
            opcode::ELSE => self.else_(reader),
            opcode::END => self.end(reader.only_ends_follow()),
            opcode::BR => self.br(index),
            opcode::BR_IF => self.br_if(index),
            opcode::BR_TABLE => self.br_table(&reader.targets(&operator).collect::<Vec<_>>()),
            opcode::RETURN => self.return_explicit(),
            opcode::CALL => self.call(index),
            opcode::CALL_INDIRECT => self.call_indirect(index, second),
            opcode::RETURN_CALL => self.return_call(index),
            opcode::RETURN_CALL_INDIRECT => self.return_call_indirect(index, second),
            opcode::DROP => self.drop_(),
            opcode::SELECT | opcode::TYPED_SELECT => self.operator_of(Kind::Select, 3, Form::SetAcc),
            opcode::LOCAL_GET => {
                let (slot, class) = (self.local_slot(index), self.locals[index as usize]);
                let node = self.trees.slot(slot, class);
                self.push(node);
            }
            opcode::LOCAL_SET => {
                self.local_set(index);
                self.pop(1);
            }
            opcode::LOCAL_TEE => {
                let slot = self.local_set(index);
                let node = self.trees.slot(slot, self.locals[index as usize]);
                self.replace(1, node);
            }
            opcode::GLOBAL_GET => {
                let class = self.module.globals[index as usize].content.into();
                let node = self.trees.global(self.global_word(index), class);
                self.push(node);
            }
            opcode::GLOBAL_SET => self.global_set(index),
            opcode::I32_CONST => self.constant(operator.immediate, Class::I32),
            opcode::I64_CONST => self.constant(operator.immediate, Class::I64),
            opcode::F32_CONST => self.constant(operator.immediate, Class::F32),
            opcode::F64_CONST => self.constant(operator.immediate, Class::F64),
            opcode::REF_NULL => self.constant(0, Class::I64),
            opcode::REF_FUNC => {
                let node = self.trees.func(self.layout.func(index) as u32);
                self.push(node);
            }
            opcode::MEMORY_SIZE => self.produce(cell::MemorySize {}),
            opcode::MEMORY_GROW => {
                let traits = Traits::TRAPS.with(Traits::LOADS);
                self.charge_pages(traits);
                self.transform(cell::MemoryGrow {}, traits);
            }
            opcode::MEMORY_FILL => {
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryFill { args });
            }
            opcode::MEMORY_COPY => {
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryCopy { args });
            }
            opcode::MEMORY_INIT => {
                let segment = self.data_word(index);
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryInit { segment, args });
            }
            opcode::DATA_DROP => {
                let segment = self.data_word(index);
                self.consume(0, |_| cell::DataDrop { segment });
            }
            opcode::TABLE_GET => {
                let table = self.table_word(index);
                self.transform(cell::TableGet { table }, Traits::TRAPS);
                self.top_is(Class::I64);
            }
            opcode::TABLE_SET => {
                let table = self.table_word(index);
                self.consume(2, |args| cell::TableSet { table, args });
            }
            opcode::TABLE_SIZE => self.produce(cell::TableSize { table: self.table_word(index) }),
            opcode::TABLE_GROW => {
                let table = self.table_word(index);
                self.charge_bulk(Amount::NewElements, 2, table);
                self.consume(2, |args| cell::TableGrow { table, args });
                self.push_acc(Class::I32);
            }
            opcode::TABLE_FILL => {
                let table = self.table_word(index);
                self.charge_bulk(Amount::Elements, 3, table);
                self.consume(3, |args| cell::TableFill { table, args });
            }
            opcode::TABLE_COPY => {
                let (to, from) = (self.table_word(index), self.table_word(second));
                self.charge_bulk(Amount::Elements, 3, to);
                self.consume(3, |args| cell::TableCopy { to, from, args });
            }
            opcode::TABLE_INIT => {
                let (table, segment) = (self.table_word(second), self.element_word(index));
                self.charge_bulk(Amount::Elements, 3, table);
                self.consume(3, |args| cell::TableInit { table, segment, args });
            }
            opcode::ELEM_DROP => {
                let segment = self.element_word(index);
                self.consume(0, |_| cell::ElemDrop { segment });
            }
            other => unreachable!("validation admits no opcode {other:#x}"),
        }
    }

    fn global_word(&self, globalidx: u32) -> u32 {
        (self.layout.globals + globalidx as usize) as u32
    }

    fn data_word(&self, dataidx: u32) -> u32 {
        (self.layout.data + 2 * dataidx as usize) as u32
    }

    fn element_word(&self, elemidx: u32) -> u32 {
        (self.layout.elements + 2 * elemidx as usize) as u32
    }

    fn constant(&mut self, bits: u64, class: Class) {
        let node = self.trees.imm(bits, class);
        self.push(node);
    }

    /// A trap of what is dropped must still happen.
    fn drop_(&mut self) {
        let top = self.stack.len() - 1;
        if self.tree(top).traits.any(Traits::TRAPS) {
            self.settle_traps(1);
            self.acquire(top);
        }
        self.pop(1);
    }

    /// Sets the local to the value at the top, which stays; returns the local's slot.
    fn local_set(&mut self, index: u32) -> u16 {
        let (slot, top) = (self.local_slot(index), self.stack.len() - 1);
        self.before_write(top, slot);
        // A local set to itself is left alone.
        if self.tree(top).kind != Kind::Slot(slot) {
            self.set_slot(top, slot);
        }
        slot
    }

    fn global_set(&mut self, index: u32) {
        let (word, top) = (self.global_word(index), self.stack.len() - 1);
        self.settle(top, Traits::GLOBALS.with(Traits::TRAPS));
        let class = self.tree(top).class;
        self.fit(1, &|trees, kids| sig::form(Form::SetGlobal, class, trees[kids[0]].sig));
        self.claim(Register::of(class), top);
        let sink = Sink {
            sig: &|kids| sig::form(Form::SetGlobal, class, kids[0]),
            prefix: Prefix::Word(word),
            kind: SinkKind::Form(Form::SetGlobal),
        };
        self.statement(&sink, &[self.stack[top]]).expect("`fit` made it so");
        self.acc_slot[Register::of(class) as usize] = None;
        self.pop(1);
    }

    fn store(&mut self, op: Op, offset: u32) {
        let base = self.stack.len() - 2;
        self.settle(base, Traits::TRAPS.with(Traits::LOADS));
        self.fit(2, &|trees, kids| sig::binary(op, trees[kids[0]].sig, trees[kids[1]].sig));
        let sink = Sink {
            sig: &|kids| sig::binary(op, kids[0], kids[1]),
            prefix: Prefix::Word(offset),
            kind: SinkKind::Store(op),
        };
        self.statement(&sink, &[self.stack[base], self.stack[base + 1]]).expect("`fit` made it so");
        self.pop(2);
    }

    /// A cell that takes nothing and leaves an i32 in the accumulator.
    fn produce(&mut self, cell: impl cell::Operands) {
        self.claim_integer();
        self.code.special(cell, &[]);
        self.push_acc(Class::I32);
    }

    /// A cell from accumulator to accumulator; what waits with any of `traits` is evaluated before.
    fn transform(&mut self, cell: impl cell::Operands, traits: Traits) {
        let top = self.stack.len() - 1;
        self.settle(top, traits);
        self.acquire(top);
        self.code.special(cell, &[]);
        self.acc_slot[0] = None;
    }

    /// The value in the accumulator at the top has another class than it was made with.
    fn top_is(&mut self, class: Class) {
        let node = self.trees.acc(class);
        self.replace(1, node);
    }

    /// A cell with side effects that takes `count` operands from their slots.
    fn consume<C: cell::Operands>(&mut self, count: usize, cell: impl FnOnce(u16) -> C) {
        let base = self.stack.len() - count;
        self.before_call(base);
        self.flush_from(base);
        self.code.special(cell(self.canonical(base)), &[]);
        self.forget_accs();
        self.pop(count);
    }
}
