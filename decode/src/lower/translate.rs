//! What each operator does to the operand stack and the code.

use super::labels::{BlockType, Construct};
use super::mutants::mutant;
use super::place::Stand;
use super::read::Reader;
use super::sink::{Prefix, Sink};
use super::slot::Slot;
use super::target::Target;
use super::tree::{Kind, Register, Traits, form_sig};
use super::{Function, Local};
use crate::cell;
use crate::instruction::Instruction;
use crate::ops::{Class, Op};
use crate::sig::Form;
use crate::{FuncIdx, TypeIdx, ValType};

impl<'a, T: Target> Function<'a, T> {
    /// Lowers the operator that `reader` reads next.
    #[inline(always)]
    pub(super) fn operator(&mut self, reader: &mut Reader<'a>) {
        if let Some(depth) = self.blocks.skipping {
            *reader = self.skip(reader.clone(), depth);
            return;
        }
        let instruction = reader.instruction();
        self.metering.charge(instruction);
        match instruction {
            Instruction::Nop => {}
            Instruction::Unreachable => {
                self.operands.spill_traps(0);
                self.operands.code.special(cell::Unreachable {}, &[]);
                self.blocks.unreachable(&mut self.operands);
            }
            Instruction::Block => {
                let ty = self.block_type(reader.block_type());
                self.blocks.block(&mut self.operands, ty);
            }
            Instruction::Loop => {
                let ty = self.block_type(reader.block_type());
                self.blocks.loop_(&mut self.operands, ty, reader.clone());
                self.operands.note_place(Stand::Loop);
                self.metering.open(&mut self.operands.code);
            }
            Instruction::If => {
                let ty = self.block_type(reader.block_type());
                self.blocks.if_(&mut self.operands, ty);
            }
            Instruction::Else => self.blocks.else_(&mut self.operands, reader.clone()),
            Instruction::End => self.end(reader.only_ends_follow()),
            Instruction::TryTable => {
                let ty = self.block_type(reader.block_type());
                let (clauses, rest) = reader.clone().catches();
                *reader = rest;
                self.metering.charge_clauses(clauses.len());
                self.try_table(ty, clauses);
            }
            Instruction::Throw => {
                let tagidx = reader.index();
                self.metering.charge_words(|| self.module.tag_type(tagidx).param_words());
                self.throw(tagidx);
            }
            Instruction::ThrowRef => self.throw_ref(),
            Instruction::Try => {
                let ty = self.block_type(reader.block_type());
                self.try_(ty);
            }
            Instruction::Catch => self.catch(Some(reader.index())),
            Instruction::CatchAll => self.catch(None),
            Instruction::Delegate => {
                let labelidx = reader.index();
                self.delegate(labelidx, reader.only_ends_follow());
            }
            Instruction::Rethrow => self.rethrow(reader.index()),
            Instruction::Br => {
                let labelidx = reader.index();
                self.metering.charge_words(|| self.blocks.arity(labelidx));
                if let Some(body) = self.blocks.br(&mut self.operands, labelidx, reader.clone()) {
                    *reader = body;
                }
            }
            Instruction::BrIf => {
                let labelidx = reader.index();
                self.metering.charge_words(|| self.blocks.arity(labelidx));
                if let Some(body) = self.blocks.br_if(&mut self.operands, labelidx) {
                    *reader = body;
                }
            }
            Instruction::BrTable => {
                let (labels, rest) = reader.clone().targets();
                *reader = rest;
                self.metering.charge_words(|| self.blocks.arity(labels[labels.len() - 1]));
                self.blocks.br_table(&mut self.operands, &labels);
            }
            Instruction::Return => {
                self.metering.charge_words(|| self.blocks.labels.function().arity());
                self.blocks.return_explicit(&mut self.operands);
            }
            Instruction::Call => {
                self.metering.count_call(&mut self.operands);
                self.call(FuncIdx(reader.index()));
            }
            Instruction::CallIndirect => {
                let (typeidx, tableidx) = reader.indices();
                self.table_index(tableidx);
                self.metering.count_call(&mut self.operands);
                self.call_indirect(TypeIdx(typeidx), tableidx);
            }
            Instruction::ReturnCall => {
                self.metering.count_call(&mut self.operands);
                self.return_call(FuncIdx(reader.index()));
            }
            Instruction::ReturnCallIndirect => {
                let (typeidx, tableidx) = reader.indices();
                self.table_index(tableidx);
                self.metering.count_call(&mut self.operands);
                self.return_call_indirect(TypeIdx(typeidx), tableidx);
            }
            Instruction::CallRef => {
                self.metering.count_call(&mut self.operands);
                self.call_ref(TypeIdx(reader.index()));
            }
            Instruction::ReturnCallRef => {
                self.metering.count_call(&mut self.operands);
                self.return_call_ref(TypeIdx(reader.index()));
            }
            Instruction::BrOnNull => {
                let labelidx = reader.index();
                self.metering.charge_words(|| self.blocks.arity(labelidx));
                self.br_on_null(labelidx);
            }
            Instruction::BrOnNonNull => {
                let labelidx = reader.index();
                self.metering.charge_words(|| self.blocks.arity(labelidx));
                self.br_on_non_null(labelidx);
            }
            Instruction::BrOnCast => self.br_on_cast(reader, false),
            Instruction::BrOnCastFail => self.br_on_cast(reader, true),
            Instruction::RefEq => self.operands.operator_of::<2>(Kind::Binary(Op::I64Eq), Form::SetAcc),
            // Words are the same.
            Instruction::AnyConvertExtern | Instruction::ExternConvertAny => {}
            Instruction::StructNew
            | Instruction::StructNewDefault
            | Instruction::StructGet
            | Instruction::StructGetS
            | Instruction::StructGetU
            | Instruction::StructSet
            | Instruction::ArrayNew
            | Instruction::ArrayNewDefault
            | Instruction::ArrayNewFixed
            | Instruction::ArrayNewData
            | Instruction::ArrayNewElem
            | Instruction::ArrayGet
            | Instruction::ArrayGetS
            | Instruction::ArrayGetU
            | Instruction::ArraySet
            | Instruction::ArrayLen
            | Instruction::ArrayFill
            | Instruction::ArrayCopy
            | Instruction::ArrayInitData
            | Instruction::ArrayInitElem
            | Instruction::RefTestNonNull
            | Instruction::RefTestNullable
            | Instruction::RefCastNonNull
            | Instruction::RefCastNullable
            | Instruction::RefI31 => self.object(instruction, reader),
            Instruction::Drop => self.drop_(),
            Instruction::Select => self.select(),
            Instruction::TypedSelect => {
                *reader = reader.clone().types();
                self.select();
            }
            Instruction::LocalGet => {
                let index = reader.index();
                self.operands.code.definite.read(index);
                let Local { slot, class, .. } = self.locals[index as usize];
                if class.is_wide() {
                    self.operands.push_vector_of(slot);
                } else {
                    let node = self.operands.trees.slot(slot, class);
                    self.operands.push_leaf(node);
                }
            }
            Instruction::LocalSet => {
                let Local { class, .. } = self.local_set(reader.index());
                self.operands.pop(class.words());
            }
            Instruction::LocalTee => {
                let Local { slot, class, .. } = self.local_set(reader.index());
                if class.is_wide() {
                    self.operands.pop(2);
                    self.operands.push_vector_of(slot);
                } else {
                    let node = self.operands.trees.slot(slot, class);
                    self.operands.replace(1, node);
                }
            }
            Instruction::GlobalGet => {
                let index = reader.index();
                let class = self.module.globals[index as usize].content.into();
                let node = self.operands.trees.global(self.global_word(index), class);
                self.operands.push(node);
                if class.is_wide() {
                    self.operands.push_upper();
                }
            }
            Instruction::GlobalSet => self.global_set(reader.index()),
            Instruction::I32Const => self.constant(u64::from(reader.signed() as u32), Class::I32),
            Instruction::I64Const => self.constant(reader.signed() as u64, Class::I64),
            Instruction::F32Const => self.constant(u64::from(reader.f32_bits()), Class::F32),
            Instruction::F64Const => self.constant(reader.f64_bits(), Class::F64),
            Instruction::V128Const => self.operands.push_vector(reader.vector()),
            Instruction::RefNull => {
                reader.signed();
                self.constant(0, Class::I64);
            }
            Instruction::RefFunc => {
                let node = self.operands.trees.func(self.layout.func(FuncIdx(reader.index())) as u32);
                self.operands.push_leaf(node);
            }
            Instruction::MemorySize => self.memory_size(reader.index()),
            Instruction::MemoryGrow => self.memory_grow(reader.index()),
            Instruction::MemoryFill => self.memory_fill(reader.index()),
            Instruction::MemoryCopy => {
                let (to, from) = reader.indices();
                self.memory_copy(to, from);
            }
            Instruction::MemoryInit => {
                let (dataidx, memidx) = reader.indices();
                self.memory_init(dataidx, memidx);
            }
            Instruction::DataDrop => {
                let segment = self.data_word(reader.index());
                self.consume(0, |_| cell::DataDrop { segment });
            }
            Instruction::TableGet => self.table_get(reader.index()),
            Instruction::TableSet => self.table_set(reader.index()),
            Instruction::TableSize => self.table_size(reader.index()),
            Instruction::TableGrow => self.table_grow(reader.index()),
            Instruction::TableFill => self.table_fill(reader.index()),
            Instruction::TableCopy => {
                let (to, from) = reader.indices();
                self.table_copy(to, from);
            }
            Instruction::TableInit => {
                let (elemidx, tableidx) = reader.indices();
                self.table_init(elemidx, tableidx);
            }
            Instruction::ElemDrop => {
                let segment = self.element_word(reader.index());
                self.consume(0, |_| cell::ElemDrop { segment });
            }
            Instruction::AtomicFence => {
                reader.lane();
                self.consume(0, |_| cell::AtomicFence {});
            }
            Instruction::Atomic(atomic) => self.atomic(atomic, reader.memarg()),
            Instruction::Unary(op) => {
                self.operands.operator_of::<1>(Kind::Unary(op), Form::SetAcc);
                self.canonicalise(op);
            }
            Instruction::Binary(op) => {
                self.operands.operator_of::<2>(Kind::Binary(op), Form::SetAcc);
                self.canonicalise(op);
            }
            Instruction::Load(op) => self.load(op, reader.memarg()),
            Instruction::Store(op) => self.store(op, reader.memarg()),
            Instruction::Vector(op) => self.vector(op, reader),
            Instruction::LoadLane(access) => self.load_lane(access, reader.memarg(), reader.lane()),
            Instruction::StoreLane(access) => self.store_lane(access, reader.memarg(), reader.lane()),
            Instruction::I64Add128 => self.wide(Op::I64Add128),
            Instruction::I64Sub128 => self.wide(Op::I64Sub128),
            Instruction::I64MulWideS => self.wide(Op::I64MulWideS),
            Instruction::I64MulWideU => self.wide(Op::I64MulWideU),
            Instruction::Relaxed(relaxed) => self.vector(relaxed.operator(self.deterministic), reader),
        }
    }

    /// Skips one operator, which cannot be reached, nor can the `depth` blocks around it that are open since: unless it is
    /// the `else` or `end` that ends this.
    fn skip(&mut self, reader: Reader<'a>, depth: usize) -> Reader<'a> {
        let before = reader.clone();
        let (instruction, reader) = reader.skip();
        match instruction {
            _ if instruction.info().opens_block() => self.blocks.skipping = Some(depth + 1),
            Instruction::Else if depth == 0 => self.blocks.else_(&mut self.operands, reader.clone()),
            Instruction::End if depth == 0 => self.end(reader.only_ends_follow()),
            Instruction::Catch | Instruction::CatchAll | Instruction::Delegate if depth == 0 => {
                self.catch_skipped(before)
            }
            Instruction::End | Instruction::Delegate => self.blocks.skipping = Some(depth - 1),
            // No other operator begins or ends a block.
            _ => {}
        }
        reader
    }

    /// Ends the innermost block; `last` says that the function ends behind it.
    pub(super) fn end(&mut self, last: bool) {
        match self.blocks.end(&mut self.operands, last) {
            Construct::Function | Construct::Loop => self.metering.close(&mut self.operands.code),
            Construct::Block | Construct::If | Construct::TryTable | Construct::Try | Construct::Catch => {}
        }
    }

    /// What a block of type `ty` takes and leaves: a typeidx, or a value type or nothing as a negative number (spec 5.3.1 and
    /// 5.4.1).
    #[inline]
    fn block_type(&self, ty: i64) -> BlockType<'a> {
        match ty {
            typeidx @ 0.. => BlockType::Type(self.module.signature(TypeIdx(typeidx as u32))),
            -0x40 => BlockType::Empty,
            -0x01 => BlockType::Value(ValType::I32),
            -0x02 => BlockType::Value(ValType::I64),
            -0x03 => BlockType::Value(ValType::F32),
            -0x04 => BlockType::Value(ValType::F64),
            -0x05 => BlockType::Value(ValType::V128),
            // To what it refers means nothing here.
            ..=-0x06 => BlockType::Value(ValType::FUNCREF),
        }
    }

    fn global_word(&self, globalidx: u32) -> u32 {
        (self.layout.globals + globalidx as usize) as u32
    }

    pub(super) fn data_word(&self, dataidx: u32) -> u32 {
        (self.layout.data + 2 * dataidx as usize) as u32
    }

    pub(super) fn element_word(&self, elemidx: u32) -> u32 {
        (self.layout.elements + 2 * elemidx as usize) as u32
    }

    #[inline(always)]
    pub(super) fn constant(&mut self, bits: u64, class: Class) {
        let node = self.operands.trees.imm(bits, class);
        self.operands.push_leaf(node);
    }

    /// A trap of what is dropped must still happen.
    pub(super) fn drop_(&mut self) {
        let top = self.operands.value(self.operands.height());
        if self.operands.tree(top).traits.any(Traits::TRAPS) && !mutant!(23) {
            self.operands.spill_with(top, Traits::TRAPS);
            self.operands.materialise(top);
        }
        self.operands.truncate(top);
    }

    /// Makes a NaN that the operator gives the canonical one, if results are to be the same on every machine.
    #[inline(always)]
    pub(super) fn canonicalise(&mut self, op: Op) {
        if self.deterministic
            && let Some(canonical) = op.canonical_nans()
        {
            self.operands.operator_of_vectors::<1>(Kind::Unary(canonical));
        }
    }

    /// Puts the reference at the top in its slot.
    pub(super) fn reference(&mut self) -> Slot {
        let top = self.operands.height() - 1;
        self.operands.spill(top);
        self.operands.own_slot(top)
    }

    /// Branches to a label if the reference in a slot is null, or if it is not.
    fn branch_on_null(&mut self, slot: Slot, is_null: bool, labelidx: u32) {
        let node = self.operands.trees.slot(slot, Class::I64);
        self.operands.push_leaf(node);
        if is_null {
            self.operands.operator_of::<1>(Kind::Unary(Op::I64Eqz), Form::SetAcc);
        } else {
            self.constant(0, Class::I64);
            self.operands.operator_of::<2>(Kind::Binary(Op::I64Ne), Form::SetAcc);
        }
        self.blocks.branch_if(&mut self.operands, labelidx);
    }

    fn br_on_null(&mut self, labelidx: u32) {
        let slot = self.reference();
        // The label does not take the reference, which lies in its slot for whoever does not branch.
        self.operands.pop(1);
        self.branch_on_null(slot, true, labelidx);
        self.operands.push_spilled(Class::I64);
    }

    fn br_on_non_null(&mut self, labelidx: u32) {
        let slot = self.reference();
        self.branch_on_null(slot, false, labelidx);
        self.operands.pop(1);
    }

    fn select(&mut self) {
        if self.operands.tree(self.operands.height() - 2).class.is_wide() {
            self.operands.operator_of_vectors::<3>(Kind::Select);
        } else {
            self.operands.operator_of::<3>(Kind::Select, Form::SetAcc);
        }
    }

    /// Sets the local, which it returns, to the value at the top, which stays.
    pub(super) fn local_set(&mut self, index: u32) -> Local {
        let local = self.locals[index as usize];
        self.operands.code.definite.set(index);
        let (slot, top) = (local.slot, self.operands.height() - local.class.words());
        self.operands.spill_readers(top, slot);
        // A local set to itself is left alone.
        if !self.operands.tree(top).is_slot(slot) {
            self.operands.set_slot(top, slot);
        }
        local
    }

    fn global_set(&mut self, index: u32) {
        let (word, top) = (self.global_word(index), self.operands.value(self.operands.height()));
        self.operands.spill_with(top, if mutant!(3) { Traits::TRAPS } else { Traits::GLOBALS.with(Traits::TRAPS) });
        let class = self.operands.tree(top).class;
        self.operands.fit_at(form_sig(Form::SetGlobal, class), [top]);
        self.operands.take_over(Register::of(class), top);
        let sink = Sink::form(Form::SetGlobal, class, Prefix::word(word));
        self.operands.statement(sink, [self.operands.stack[top]]).expect("`fit` made it so");
        self.operands.accs.mirrors.forget(Register::of(class));
        self.operands.truncate(top);
    }

    /// A cell that takes nothing and leaves an integer in the accumulator.
    pub(super) fn produce(&mut self, cell: impl cell::Operands, class: Class) {
        self.operands.take_over_integer();
        self.operands.code.special(cell, &[]);
        self.operands.push_acc(class);
    }

    /// A cell from accumulator to accumulator; what waits with any of `traits` is evaluated before.
    pub(super) fn transform(&mut self, cell: impl cell::Operands, traits: Traits) {
        let top = self.operands.height() - 1;
        self.operands.spill_with(top, traits);
        self.operands.materialise(top);
        self.operands.code.special(cell, &[]);
        self.operands.accs.mirrors.forget(Register::Integer);
    }

    /// The value in the accumulator at the top has another class than it was made with.
    pub(super) fn top_is(&mut self, class: Class) {
        let node = self.operands.trees.acc(class);
        self.operands.replace(1, node);
    }

    /// A cell with side effects that takes `count` operands from their slots.
    pub(super) fn consume<C: cell::Operands>(&mut self, count: usize, cell: impl FnOnce(u16) -> C) {
        let base = self.operands.height() - count;
        self.operands.spill_for_call(base);
        self.operands.spill_from(base);
        self.operands.code.special(cell(self.operands.own_slot(base).0), &[]);
        self.operands.forget_mirrors();
        self.operands.pop(count);
    }
}
