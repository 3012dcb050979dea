//! Typed references to functions: calls through them, and branches on null.

use super::Generator;
use super::expr::{leaf, plain};
use super::tree::{Construct, Node};
use crate::outcome::Type::{self, Func};
use wasm_encoder::{HeapType, Instruction as I, RefType, ValType};

impl Generator<'_> {
    /// Arguments of a function that gives `types`, and a reference to it; and the index of its type.
    pub(super) fn callee_ref(&mut self, types: &[Type], depth: usize) -> Option<(Vec<Node>, u32)> {
        let callees = self.callees.iter().filter(|callee| self.referable.contains(&callee.index));
        let fitting: Vec<_> = callees.filter(|callee| callee.signature.1 == types).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let callee = self.rng.pick(&fitting).clone();
        let mut kids = self.list(&callee.signature.0, depth);
        let type_index = self.module.types.index(&callee.signature.0, &callee.signature.1);
        let own = leaf(I::RefFunc(callee.index), Func);
        let own = match self.rng.below(4) {
            0 => {
                let same: Vec<_> = fitting.iter().filter(|other| other.signature == callee.signature).collect();
                let other = leaf(I::RefFunc(self.rng.pick(&same).index), Func);
                let other =
                    if self.rng.chance(10) { leaf(I::RefNull(HeapType::Concrete(type_index)), Func) } else { other };
                let ty = RefType { nullable: true, heap_type: HeapType::Concrete(type_index) };
                let condition = self.condition(depth);
                plain(I::TypedSelect(ValType::Ref(ty)), vec![other, own, condition], &[Func])
            }
            1 => plain(I::RefAsNonNull, vec![own], &[Func]),
            _ => own,
        };
        kids.push(own);
        Some((kids, type_index))
    }

    /// A function, or a trap or a branch in its place if it is null.
    pub(super) fn not_null(&mut self, depth: usize) -> Node {
        let value = self.expr(Func, depth);
        let targets = self.targets(&[]);
        if self.rng.chance(30) || targets.is_empty() {
            return plain(I::RefAsNonNull, vec![value], &[Func]);
        }
        plain(I::BrOnNull(*self.rng.pick(&targets)), vec![value], &[Func])
    }

    /// A block that a function leaves which is not null, with values below it.
    pub(super) fn unless_null(&mut self, depth: usize) -> Node {
        let mut types = if self.rng.chance(50) { self.types(0, 3) } else { Vec::new() };
        types.push(Func);
        let body = self.labelled(&types, true, |this| {
            let mut body = this.statements(depth.min(1));
            let targets = this.targets(&types);
            let kids = this.list(&types, depth);
            body.push(plain(I::BrOnNonNull(*this.rng.pick(&targets)), kids, &types[..types.len() - 1]));
            body.push(leaf(I::RefNull(HeapType::FUNC), Func));
            body
        });
        let block = self.block(Construct::Block, &[], &types, Vec::new(), body, Vec::new());
        (0..types.len()).rev().fold(block, |node, left| plain(I::Drop, vec![node], &types[..left]))
    }
}
