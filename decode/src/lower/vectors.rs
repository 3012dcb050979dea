//! Vectors: values of two slots.
//!
//! A vector takes two entries of the operand stack, so that heights go on counting slots. The lower entry is its tree. The
//! upper one is a leaf that reads the entry's own slot: it counts as spilled, and nothing ever asks for its value. Its class
//! is that of vectors, by which a vector at the top is known.

use super::Function;
use super::mutants::mutant;
use super::operands::Operands;
use super::read::Reader;
use super::sink::{Prefix, Sink, SinkKind};
use super::slot::Slot;
use super::target::Target;
use super::tree::{Kind, Traits, operator_sig};
use crate::instruction::{LaneLoad, LaneStore};
use crate::ops::{self, Class, Op};
use crate::sig::Form;

impl<T: Target> Operands<'_, T> {
    /// Pushes the upper entry of a vector.
    pub(super) fn push_upper(&mut self) {
        let node = self.trees.upper(self.own_slot(self.stack.len()));
        self.push_leaf(node);
    }

    /// Pushes the vector that lies in `slot` and the next.
    #[inline(never)]
    pub(super) fn push_vector_of(&mut self, slot: Slot) {
        let node = self.trees.slot(slot, Class::V128);
        self.push_leaf(node);
        self.push_upper();
    }

    /// Whether the entry is the upper one of a vector.
    pub(super) fn is_upper(&self, height: usize) -> bool {
        self.tree(height).is_upper
    }

    /// The height of the value whose entries end below `end`.
    #[inline]
    pub(super) fn value(&self, end: usize) -> usize {
        let top = end - 1;
        top - usize::from(self.is_upper(top))
    }

    /// The heights of the top `N` values.
    pub(super) fn values<const N: usize>(&self) -> [usize; N] {
        let (mut heights, mut end) = ([0; N], self.height());
        for height in heights.iter_mut().rev() {
            end = self.value(end);
            *height = end;
        }
        heights
    }

    /// Pushes a constant.
    pub(super) fn push_vector(&mut self, bytes: [u8; 16]) {
        let node = self.trees.vector(bytes);
        self.push_leaf(node);
        self.push_upper();
    }

    /// As [`Operands::operator_of`], of values some of which are vectors, or that gives one.
    pub(super) fn operator_of_vectors<const N: usize>(&mut self, kind: Kind) {
        self.operator_at(kind, self.values::<N>());
    }

    /// Replaces all entries from the lowest of these heights on by an operator of them, cut so that it can be set to the
    /// accumulator.
    fn operator_at<const N: usize>(&mut self, kind: Kind, heights: [usize; N]) {
        let node = loop {
            if let Some(node) = self.fitting(kind, heights.map(|height| self.stack[height]), Form::SetAcc) {
                break node;
            }
            self.cut(&heights, &|this, kids| {
                let kids = kids.try_into().expect("as many as there were");
                let fitting = this.fitting::<N>(kind, kids, Form::SetAcc);
                fitting.inspect(|_| this.trees.pop()).is_some()
            });
        };
        self.trees.count_wide_operands(node);
        self.remove(heights.into_iter().min().expect("an operator has an operand"));
        self.push(node);
        if self.trees[node].class.is_wide() {
            self.push_upper();
        }
    }
}

impl<T: Target> Function<'_, T> {
    /// An operator on vectors, whose immediates come next.
    pub(super) fn vector(&mut self, op: Op, reader: &mut Reader<'_>) {
        match op.kind() {
            ops::Kind::Unary => self.operands.operator_of_vectors::<1>(Kind::Unary(op)),
            ops::Kind::Binary => self.operands.operator_of_vectors::<2>(Kind::Binary(op)),
            ops::Kind::Ternary => {
                if op == Op::I8x16Shuffle {
                    self.shuffle(reader.vector());
                } else {
                    self.operands.operator_of_vectors::<3>(Kind::Ternary(op));
                }
            }
            ops::Kind::Extract => self.operands.operator_of_vectors::<1>(Kind::Lane(op, reader.lane())),
            ops::Kind::Replace => self.operands.operator_of_vectors::<2>(Kind::Lane(op, reader.lane())),
            ops::Kind::Load => self.operands.operator_of_vectors::<1>(Kind::Load(op, reader.offset())),
            ops::Kind::Store => self.store_vector(op, reader.offset()),
        }
        self.canonicalise(op);
    }

    fn store_vector(&mut self, op: Op, offset: u32) {
        let heights = self.operands.values::<2>();
        self.operands.spill_with(heights[0], Traits::TRAPS.with(Traits::LOADS));
        self.operands.fit_at(operator_sig(op), heights);
        let sink = Sink { kind: SinkKind::Store(op), class: op.info().operand, prefix: Prefix::word(offset) };
        let kids = heights.map(|height| self.operands.stack[height]);
        self.operands.statement(sink, kids).expect("`fit` made it so");
        self.operands.truncate(heights[0]);
    }

    /// A load to one lane: its operands are an address and a vector, whose lane becomes what is loaded.
    pub(super) fn load_lane(&mut self, access: LaneLoad, offset: u32, lane: u8) {
        let [load, replace] = access.parts();
        let operands = &mut self.operands;
        let [_, vector] = operands.values::<2>();
        // The vector is the first operand from now on, but the second that is evaluated, unless nothing has to be.
        if !operands.tree(vector).is_leaf() && !mutant!(31) {
            operands.spill_with(vector, Traits::TRAPS);
            operands.spill(vector);
        }
        let node = operands.stack[vector];
        operands.remove(vector);
        operands.operator_of::<1>(Kind::Load(load, offset), Form::SetAcc);
        operands.push(node);
        operands.push_upper();
        operands.operator_at(Kind::Lane(replace, lane), [vector, vector - 1]);
    }

    /// A store of one lane: its operands are an address and a vector.
    pub(super) fn store_lane(&mut self, access: LaneStore, offset: u32, lane: u8) {
        let [extract, store] = access.parts();
        self.operands.operator_of_vectors::<1>(Kind::Lane(extract, lane));
        self.store(store, offset);
    }
}
