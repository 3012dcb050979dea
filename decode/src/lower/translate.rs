//! What each operator does to the operand stack and the code.

use super::read::Reader;
use super::stack::{Mirrored, Prefix, Sink, SinkKind};
use super::tree::{Kind, Register, Traits, form_sig, operator_sig};
use super::{Local, Lowering, Target};
use crate::cell::{self, Amount};
use crate::instruction::Instruction;
use crate::ops::{Class, Op};
use crate::sig::Form;

impl<'a, T: Target> Lowering<'a, T> {
    /// Lowers the operator that `reader` reads next.
    #[inline(always)]
    pub(super) fn operator(&mut self, reader: &mut Reader<'a>) {
        if let Some(depth) = self.skipping {
            *reader = self.skip(reader.clone(), depth);
            return;
        }
        let instruction = reader.instruction();
        self.charge(instruction);
        match instruction {
            Instruction::Nop => {}
            Instruction::Unreachable => {
                self.settle_traps(0);
                self.code.special(cell::Unreachable {}, &[]);
                self.unreachable();
            }
            Instruction::Block => self.block(reader.signed()),
            Instruction::Loop => {
                let ty = reader.signed();
                self.loop_(ty, reader.clone());
            }
            Instruction::If => self.if_(reader.signed()),
            Instruction::Else => self.else_(reader.clone()),
            Instruction::End => self.end(reader.only_ends_follow()),
            Instruction::Br => {
                let depth = reader.index();
                if let Some(body) = self.br(depth, reader.clone()) {
                    *reader = body;
                }
            }
            Instruction::BrIf => {
                if let Some(body) = self.br_if(reader.index()) {
                    *reader = body;
                }
            }
            Instruction::BrTable => {
                let (targets, rest) = reader.clone().targets();
                *reader = rest;
                self.br_table(&targets);
            }
            Instruction::Return => self.return_explicit(),
            Instruction::Call => self.call(reader.index()),
            Instruction::CallIndirect => {
                let (typeidx, tableidx) = reader.indices();
                self.call_indirect(typeidx, tableidx);
            }
            Instruction::ReturnCall => self.return_call(reader.index()),
            Instruction::ReturnCallIndirect => {
                let (typeidx, tableidx) = reader.indices();
                self.return_call_indirect(typeidx, tableidx);
            }
            Instruction::Drop => self.drop_(),
            Instruction::Select => self.operator_of::<3>(Kind::Select, Form::SetAcc),
            Instruction::TypedSelect => {
                *reader = reader.clone().types();
                self.operator_of::<3>(Kind::Select, Form::SetAcc);
            }
            Instruction::LocalGet => {
                let Local { slot, class } = self.locals[reader.index() as usize];
                let node = self.trees.slot(slot, class);
                self.push_leaf(node);
            }
            Instruction::LocalSet => {
                self.local_set(reader.index());
                self.pop(1);
            }
            Instruction::LocalTee => {
                let Local { slot, class } = self.local_set(reader.index());
                let node = self.trees.slot(slot, class);
                self.replace(1, node);
            }
            Instruction::GlobalGet => {
                let index = reader.index();
                let class = self.module.globals[index as usize].content.into();
                let node = self.trees.global(self.global_word(index), class);
                self.push(node);
            }
            Instruction::GlobalSet => self.global_set(reader.index()),
            Instruction::I32Const => self.constant(u64::from(reader.signed() as u32), Class::I32),
            Instruction::I64Const => self.constant(reader.signed() as u64, Class::I64),
            Instruction::F32Const => self.constant(u64::from(reader.f32_bits()), Class::F32),
            Instruction::F64Const => self.constant(reader.f64_bits(), Class::F64),
            Instruction::RefNull => {
                reader.signed();
                self.constant(0, Class::I64);
            }
            Instruction::RefFunc => {
                let node = self.trees.func(self.layout.func(reader.index()) as u32);
                self.push_leaf(node);
            }
            Instruction::MemorySize => {
                reader.index();
                self.produce(cell::MemorySize {});
            }
            Instruction::MemoryGrow => {
                reader.index();
                let traits = Traits::TRAPS.with(Traits::LOADS);
                self.charge_pages(traits);
                self.transform(cell::MemoryGrow {}, traits);
            }
            Instruction::MemoryFill => {
                reader.index();
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.bulk(Form::MemoryFill);
            }
            Instruction::MemoryCopy => {
                reader.indices();
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.bulk(Form::MemoryCopy);
            }
            Instruction::MemoryInit => {
                let (dataidx, _) = reader.indices();
                let segment = self.data_word(dataidx);
                self.charge_bulk(Amount::Bytes, 3, 0);
                self.consume(3, |args| cell::MemoryInit { segment, args });
            }
            Instruction::DataDrop => {
                let segment = self.data_word(reader.index());
                self.consume(0, |_| cell::DataDrop { segment });
            }
            Instruction::TableGet => {
                let table = self.table_word(reader.index());
                self.transform(cell::TableGet { table }, Traits::TRAPS);
                self.top_is(Class::I64);
            }
            Instruction::TableSet => {
                let table = self.table_word(reader.index());
                self.consume(2, |args| cell::TableSet { table, args });
            }
            Instruction::TableSize => self.produce(cell::TableSize { table: self.table_word(reader.index()) }),
            Instruction::TableGrow => {
                let table = self.table_word(reader.index());
                self.charge_bulk(Amount::NewElements, 2, table);
                self.consume(2, |args| cell::TableGrow { table, args });
                self.push_acc(Class::I32);
            }
            Instruction::TableFill => {
                let table = self.table_word(reader.index());
                self.charge_bulk(Amount::Elements, 3, table);
                self.consume(3, |args| cell::TableFill { table, args });
            }
            Instruction::TableCopy => {
                let (to, from) = reader.indices();
                let (to, from) = (self.table_word(to), self.table_word(from));
                self.charge_bulk(Amount::Elements, 3, to);
                self.consume(3, |args| cell::TableCopy { to, from, args });
            }
            Instruction::TableInit => {
                let (elemidx, tableidx) = reader.indices();
                let (table, segment) = (self.table_word(tableidx), self.element_word(elemidx));
                self.charge_bulk(Amount::Elements, 3, table);
                self.consume(3, |args| cell::TableInit { table, segment, args });
            }
            Instruction::ElemDrop => {
                let segment = self.element_word(reader.index());
                self.consume(0, |_| cell::ElemDrop { segment });
            }
            Instruction::Unary(op) => self.operator_of::<1>(Kind::Unary(op), Form::SetAcc),
            Instruction::Binary(op) => self.operator_of::<2>(Kind::Binary(op), Form::SetAcc),
            Instruction::Load(op) => self.operator_of::<1>(Kind::Load(op, reader.offset()), Form::SetAcc),
            Instruction::Store(op) => self.store(op, reader.offset()),
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

    #[inline(always)]
    fn constant(&mut self, bits: u64, class: Class) {
        let node = self.trees.imm(bits, class);
        self.push_leaf(node);
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

    /// Sets the local, which it returns, to the value at the top, which stays.
    fn local_set(&mut self, index: u32) -> Local {
        let (local, top) = (self.locals[index as usize], self.stack.len() - 1);
        let slot = local.slot;
        self.before_write(top, slot);
        // A local set to itself is left alone.
        if !self.tree(top).is_slot(slot) {
            self.set_slot(top, slot);
        }
        local
    }

    fn global_set(&mut self, index: u32) {
        let (word, top) = (self.global_word(index), self.stack.len() - 1);
        self.settle(top, Traits::GLOBALS.with(Traits::TRAPS));
        let class = self.tree(top).class;
        self.fit::<1>(form_sig(Form::SetGlobal, class));
        self.claim(Register::of(class), top);
        let sink = Sink::form(Form::SetGlobal, class, Prefix::word(word));
        self.statement(sink, [self.stack[top]]).expect("`fit` made it so");
        self.acc_slot[Register::of(class) as usize] = Mirrored::NONE;
        self.pop(1);
    }

    fn store(&mut self, op: Op, offset: u32) {
        let base = self.stack.len() - 2;
        self.settle(base, Traits::TRAPS.with(Traits::LOADS));
        self.fit::<2>(operator_sig(op));
        let sink = Sink { kind: SinkKind::Store(op), class: op.info().operand, prefix: Prefix::word(offset) };
        self.statement(sink, [self.stack[base], self.stack[base + 1]]).expect("`fit` made it so");
        self.pop(2);
    }

    /// `memory.fill` or `memory.copy` of the top three entries.
    fn bulk(&mut self, form: Form) {
        let base = self.stack.len() - 3;
        self.settle(base, Traits::TRAPS.with(Traits::LOADS));
        self.fit::<3>(form_sig(form, Class::I32));
        let sink = Sink::form(form, Class::I32, Prefix::NONE);
        self.statement(sink, self.top::<3>()).expect("`fit` made it so");
        self.pop(3);
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
        self.acc_slot[0] = Mirrored::NONE;
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
