//! What each operator does to the operand stack and the code.

use super::stack::{Prefix, Sink, SinkKind};
use super::tree::{Kind, Register, Traits};
use super::{Lowering, Target};
use crate::cell::{self, Amount};
use crate::ops::{self, Class, Op};
use crate::sig::{self, Form};
use wasmparser::Operator;

impl<T: Target> Lowering<'_, T> {
    /// Lowers one operator.
    pub(super) fn operator(&mut self, operator: &Operator<'_>) {
        if self.is_skipping() && !self.skip(operator) {
            return;
        }
        self.charge(operator);
        if let Some((op, kind)) = Op::of(operator) {
            return match kind {
                ops::Kind::Unary => self.operator_of(Kind::Unary(op), 1, Form::SetAcc),
                ops::Kind::Binary => self.operator_of(Kind::Binary(op), 2, Form::SetAcc),
                ops::Kind::Load(offset) => self.operator_of(Kind::Load(op, offset), 1, Form::SetAcc),
                ops::Kind::Store(offset) => self.store(op, offset),
            };
        }
        match *operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.settle_traps(0);
                self.code.special(cell::Unreachable {}, &[]);
                self.unreachable();
            }
            Operator::Block { blockty } => self.block(blockty),
            Operator::Loop { blockty } => self.loop_(blockty),
            Operator::If { blockty } => self.if_(blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(relative_depth),
            Operator::BrTable { ref targets } => self.br_table(targets),
            Operator::Return => self.return_explicit(),
            Operator::Call { function_index } => self.call(function_index),
            Operator::CallIndirect { type_index, table_index } => self.call_indirect(type_index, table_index),
            Operator::ReturnCall { function_index } => self.return_call(function_index),
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.return_call_indirect(type_index, table_index);
            }
            Operator::Drop => self.drop_(),
            Operator::Select | Operator::TypedSelect { .. } => self.operator_of(Kind::Select, 3, Form::SetAcc),
            Operator::LocalGet { local_index } => {
                let (slot, class) = (self.local_slot(local_index), self.locals[local_index as usize]);
                let node = self.trees.slot(slot, class);
                self.push(node);
            }
            Operator::LocalSet { local_index } => {
                self.local_set(local_index);
                self.pop(1);
            }
            Operator::LocalTee { local_index } => {
                let slot = self.local_set(local_index);
                let node = self.trees.slot(slot, self.locals[local_index as usize]);
                self.replace(1, node);
            }
            Operator::GlobalGet { global_index } => {
                let class = self.module.globals[global_index as usize].content.into();
                let node = self.trees.global(self.global_word(global_index), class);
                self.push(node);
            }
            Operator::GlobalSet { global_index } => self.global_set(global_index),
            Operator::I32Const { value } => self.constant(u64::from(value as u32), Class::I32),
            Operator::I64Const { value } => self.constant(value as u64, Class::I64),
            Operator::F32Const { value } => self.constant(u64::from(value.bits()), Class::F32),
            Operator::F64Const { value } => self.constant(value.bits(), Class::F64),
            Operator::RefNull { .. } => self.constant(0, Class::I64),
            Operator::RefFunc { function_index } => {
                let node = self.trees.func(self.layout.func(function_index) as u32);
                self.push(node);
            }
            Operator::MemorySize { .. } => self.produce(cell::MemorySize {}),
            Operator::MemoryGrow { .. } => {
                let traits = Traits::TRAPS.with(Traits::LOADS);
                self.charge_pages(traits);
                self.transform(cell::MemoryGrow {}, traits);
            }
            Operator::MemoryFill { .. } => {
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryFill { args });
            }
            Operator::MemoryCopy { .. } => {
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryCopy { args });
            }
            Operator::MemoryInit { data_index, .. } => {
                let segment = self.data_word(data_index);
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryInit { segment, args });
            }
            Operator::DataDrop { data_index } => {
                let segment = self.data_word(data_index);
                self.consume(0, |_| cell::DataDrop { segment });
            }
            Operator::TableGet { table } => {
                let table = self.table_word(table);
                self.transform(cell::TableGet { table }, Traits::TRAPS);
                self.top_is(Class::I64);
            }
            Operator::TableSet { table } => {
                let table = self.table_word(table);
                self.consume(2, |args| cell::TableSet { table, args });
            }
            Operator::TableSize { table } => self.produce(cell::TableSize { table: self.table_word(table) }),
            Operator::TableGrow { table } => {
                let table = self.table_word(table);
                self.charge_bulk(Amount::NewElements, 2, table);
                self.consume(2, |args| cell::TableGrow { table, args });
                self.push_acc(Class::I32);
            }
            Operator::TableFill { table } => {
                let table = self.table_word(table);
                self.charge_bulk(Amount::Elements, 3, table);
                self.consume(3, |args| cell::TableFill { table, args });
            }
            Operator::TableCopy { dst_table, src_table } => {
                let (to, from) = (self.table_word(dst_table), self.table_word(src_table));
                self.charge_bulk(Amount::Elements, 3, to);
                self.consume(3, |args| cell::TableCopy { to, from, args });
            }
            Operator::TableInit { elem_index, table } => {
                let (table, segment) = (self.table_word(table), self.element_word(elem_index));
                self.charge_bulk(Amount::Elements, 3, table);
                self.consume(3, |args| cell::TableInit { table, segment, args });
            }
            Operator::ElemDrop { elem_index } => {
                let segment = self.element_word(elem_index);
                self.consume(0, |_| cell::ElemDrop { segment });
            }
            ref other => unreachable!("validation admits no {other:?}"),
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
