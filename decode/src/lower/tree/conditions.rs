//! Conditions: the tests that branches and selections decide by, brought into the form that branches best.

use super::{Kind, NodeId, Trees};
use crate::lower::mutants::mutant;
use crate::ops::{Class, Op};

impl Trees {
    /// Whether the test may wait although only a branch can take it whole: one of its operands computes, and can be
    /// evaluated into the accumulator first.
    pub(in crate::lower) fn is_divisible(&self, test: NodeId) -> bool {
        let kids = self[test].kids();
        kids.iter().filter(|&&kid| !self[kid].is_leaf()).count() == 1
            && !kids.iter().any(|&kid| self[kid].kind == Kind::Acc)
    }

    /// The condition that holds when that of `id` does not, and that branches best.
    pub(in crate::lower) fn negated(&mut self, id: NodeId) -> NodeId {
        let node = self[id];
        match node.kind {
            Kind::Unary(Op::I32Eqz) => node.kids[0],
            Kind::Unary(Op::I64Eqz) => {
                let zero = self.imm(0, Class::I64);
                self.operator(Kind::Binary(Op::I64Ne), [node.kids[0], zero])
            }
            Kind::Binary(op) if op.inverse().is_some() => {
                let inverse = if mutant!(12) { op } else { op.inverse().expect("just seen") };
                let inverse = Kind::Binary(inverse);
                self.operator(inverse, [node.kids[0], node.kids[1]])
            }
            // Every other condition: that it is zero.
            _ => self.operator(Kind::Unary(Op::I32Eqz), [id]),
        }
    }

    /// The same condition without double negation and comparisons with zero.
    pub(in crate::lower) fn condition(&mut self, mut id: NodeId) -> NodeId {
        loop {
            let node = self[id];
            match node.kind {
                Kind::Unary(Op::I32Eqz) => match self[node.kids[0]].kind {
                    Kind::Unary(Op::I32Eqz) => id = self[node.kids[0]].kids[0],
                    Kind::Unary(Op::I64Eqz) => return self.negated(node.kids[0]),
                    Kind::Binary(op) if op.inverse().is_some() => return self.negated(node.kids[0]),
                    // Something that has no negation of its own.
                    _ => return id,
                },
                Kind::Binary(Op::I32Ne) if self[node.kids[1]].kind == Kind::Imm(0) => id = node.kids[0],
                Kind::Binary(Op::I32Eq) if self[node.kids[1]].kind == Kind::Imm(0) => {
                    id = self.operator(Kind::Unary(Op::I32Eqz), [node.kids[0]]);
                }
                // Neither a negation nor a comparison with zero: nothing to take away.
                _ => return id,
            }
        }
    }
}
