//! Wide arithmetic: integers of 128 bits, which are two i64s on the operand stack.
//!
//! What such an instruction gives waits as one tree, at the entry of its low half. The entry of the high half is a leaf that
//! reads the entry's own slot, where nothing lies yet: nobody may ask for it. So while such a tree waits, lowering looks at
//! each instruction before it lowers it ([`Function::attend`]):
//! - another instruction of wide arithmetic takes the tree whole, so that a sum of products becomes one cell;
//! - a `local.set` of the high half is part of the tree's own statement ([`Form::SetHigh`]), which leaves the low half in the
//!   accumulator: so compilers write it, and take the low half next;
//! - any other one that takes either half has the tree evaluated, the high half to its slot.
//!
//! Instructions that take neither let it wait, by the rules of all trees. That lowering looks is no test more where nothing
//! of the kind waits: it comes with the one whether nodes are [many](super::tree::Trees::need_attention).

use super::Function;
use super::mutants::mutant;
use super::operands::Operands;
use super::read::Reader;
use super::sink::{Prefix, Sink};
use super::slot::Slot;
use super::target::Target;
use super::tree::{Kind, NodeId, Register, Traits};
use crate::instruction::{Instruction, Type};
use crate::ops::{Class, Op};
use crate::sig::Form;
use smallvec::SmallVec;

/// Entries of the operand stack: the operands of an instruction of wide arithmetic.
type Entries<T> = SmallVec<[T; 4]>;

impl<T: Target> Operands<'_, T> {
    /// Whether an integer of 128 bits waits whose low half the entry is.
    #[inline]
    fn is_wide(&self, height: usize) -> bool {
        self.tree(height).class == Class::I128
    }

    /// The heights of those that wait.
    fn wide(&self) -> Entries<usize> {
        (self.floor..self.height()).filter(|&height| self.is_wide(height)).collect()
    }

    /// The integer of 128 bits of two entries.
    fn join(&mut self, [low, high]: [NodeId; 2]) -> NodeId {
        if self.trees[low].class == Class::I128 {
            low
        } else if self.trees[high].kind == Kind::Imm(0) {
            self.trees.operator(Kind::Unary(Op::I64Widen), [low])
        } else {
            self.trees.operator(Kind::Binary(Op::I64Join), [low, high])
        }
    }

    /// The operator applied to entries, if it has a handler.
    fn fitting_wide(&mut self, op: Op, entries: &[NodeId]) -> Option<NodeId> {
        let kids = match *entries {
            [a, b] => [a, b],
            [a, b, c, d] => [self.join([a, b]), self.join([c, d])],
            _ => unreachable!("two operands, of a word or of two"),
        };
        self.fitting(Kind::Binary(op), kids, Form::SetHigh)
    }

    /// Replaces the operands of `op` by what it gives.
    fn wide_operator(&mut self, op: Op) {
        let count = if op.info().operand == Class::I128 { 4 } else { 2 };
        let base = self.height() - count;
        let node = loop {
            let entries = Entries::from_slice(&self.stack[base..]);
            if let Some(node) = self.fitting_wide(op, &entries) {
                break node;
            }
            // A high half that waits is none of its own, and one that is zero is a part of the operator.
            let is_high = |height: usize| count == 4 && (height - base) % 2 == 1;
            let is_whole =
                |height: usize| !is_high(height) || !self.is_wide(height - 1) && self.tree(height).kind != Kind::Imm(0);
            let cuts: Entries<usize> = (base..base + count).filter(|&height| is_whole(height)).collect();
            self.cut(&cuts, &|this, kids| {
                let mut trial = entries.clone();
                cuts.iter().zip(kids).for_each(|(height, &kid)| trial[height - base] = kid);
                let fitting = this.fitting_wide(op, &trial);
                fitting.inspect(|_| this.trees.pop()).is_some()
            });
        };
        self.remove(base);
        self.push(node);
        let high = self.trees.slot(self.own_slot(base + 1), Class::I64);
        self.push_leaf(high);
        self.trees.watch();
    }

    /// Evaluates what waits at `height`: the high half to `slot`, the low half to the accumulator, which the entry then holds.
    /// Nothing is done if that had it spilled.
    pub(super) fn set_high(&mut self, height: usize, slot: Slot) {
        if self.tree(height).traits.any(Traits::TRAPS) {
            self.spill_with(height, Traits::TRAPS);
        }
        self.evict(Register::Integer, height);
        if !self.is_wide(height) {
            return;
        }
        let sink = Sink::form(Form::SetHigh, Class::I128, Prefix::slot(slot));
        self.statement(sink, [self.stack[height]]).expect("a tree that waits can be taken apart");
        // The slot was written, and then the accumulator.
        self.accs.mirrors.written(Class::I64, slot);
        if !mutant!(38) {
            self.accs.mirrors.forget(Register::Integer);
        }
        self.last_set = None;
        self.stack[height] = self.trees.acc(Class::I64);
        self.accs.owners.disown(height);
        self.accs.owners.set(Register::Integer, height);
    }

    /// [`Operands::materialise`], of an integer of 128 bits: the high half comes to `slot`, in place of its own.
    fn take_apart(&mut self, height: usize, slot: Slot) {
        if !mutant!(36) {
            self.spill_readers(height, slot);
        }
        self.take_over(Register::Integer, height);
        if self.is_wide(height) {
            self.set_high(height, slot);
        }
    }

    /// [`Operands::materialise`], of an integer of 128 bits.
    #[cold]
    #[inline(never)]
    pub(super) fn materialise_wide(&mut self, height: usize) {
        self.take_apart(height, self.own_slot(height + 1));
        // If it was spilled meanwhile, the low half is to be read.
        self.materialise(height);
    }

    /// The high half at the top is about to be set to the local in `slot`.
    fn set_high_local(&mut self, slot: Slot) {
        let top = self.height() - 1;
        self.take_apart(top - 1, slot);
        if self.tree(top - 1).kind == Kind::Acc {
            self.stack[top] = self.trees.slot(slot, Class::I64);
        }
    }
}

impl<'a, T: Target> Function<'a, T> {
    /// An instruction of wide arithmetic.
    #[cold]
    #[inline(never)]
    pub(super) fn wide(&mut self, op: Op) {
        self.operands.wide_operator(op);
    }

    /// Looks after trees before the next instruction: readies those of 128 bits for it, and forgets nodes if there are many. In a function that has
    /// [temporaries](super::temporaries), instructions that only name values are done here. Gives what reads on behind them.
    #[cold]
    #[inline(never)]
    pub(super) fn attend(&mut self, mut reader: Reader<'a>) -> Reader<'a> {
        loop {
            let wide = self.operands.wide();
            if wide.is_empty() {
                self.operands.trees.unwatch();
            } else {
                self.set_waiting();
                self.settle(&wide, reader.clone());
            }
            if self.operands.trees.are_many() {
                self.set_waiting();
                self.blocks.selections.keep_trees(&mut self.operands);
            }
            if !self.temporaries.are_any() || reader.is_done() {
                return reader;
            }
            if T::SURVEYED {
                self.operands.code.offset = reader.position() as u32;
            }
            match self.temporary(reader.clone()) {
                Some(rest) => reader = rest,
                None => return reader,
            }
        }
    }

    /// Evaluates those integers of 128 bits of which the next instruction takes a half.
    fn settle(&mut self, wide: &[usize], mut reader: Reader<'a>) {
        let (operands, instruction) = (&mut self.operands, reader.instruction());
        let top = operands.height();
        let takes_whole = match instruction {
            Instruction::LocalSet | Instruction::LocalTee if wide.contains(&(top - 2)) => {
                return operands.set_high_local(self.locals[reader.index() as usize].slot);
            }
            Instruction::I64Add128 | Instruction::I64Sub128 => true,
            _ => false,
        };
        let (mut base, mut is_control) = (top, false);
        for &ty in instruction.info().operands {
            match ty {
                Type::Label | Type::Params | Type::Results | Type::Returns => is_control = true,
                Type::I32
                | Type::I64
                | Type::F32
                | Type::F64
                | Type::V128
                | Type::Ref
                | Type::Func
                | Type::Exn
                | Type::Any
                | Type::Named
                | Type::Local
                | Type::Global
                | Type::Element => base = if is_control { 0 } else { operands.value(base) },
            }
        }
        for &height in wide {
            let is_whole = takes_whole && (height == base || height == base + 2);
            if is_control {
                operands.spill(height);
            } else if height + usize::from(!mutant!(37)) >= base && !is_whole && operands.is_wide(height) {
                operands.materialise(height);
            }
        }
    }
}
