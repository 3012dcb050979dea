//! Vectors: values of two slots.
//!
//! A vector takes two entries of the operand stack, so that heights go on counting slots. The lower entry is its tree. The
//! upper one is a leaf that reads the entry's own slot: it counts as spilled, and nothing ever asks for its value. Its class
//! is that of vectors, by which a vector at the top is known.

use super::Function;
use super::operands::Operands;
use super::read::Reader;
use super::slot::Slot;
use super::target::Target;
use super::tree::Kind;
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
    pub(super) fn operator_at<const N: usize>(&mut self, kind: Kind, heights: [usize; N]) {
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
            ops::Kind::Load => self.load_vector(op, reader.memarg()),
            ops::Kind::Store => self.store_vector(op, reader.memarg()),
        }
        self.canonicalise(op);
    }
}
