//! Blocks, and values that branches take to them.

use super::expr::plain;
use super::operators::{OPERATORS, encoding};
use super::tree::{Construct, Node, Op};
use super::{Generator, Label, NUMERIC};
use crate::outcome::Type::{self, I32, V128};
use wasm_encoder::Instruction as I;

impl Generator<'_> {
    /// Opens a label around what `body` makes.
    pub(super) fn labelled<R>(&mut self, types: &[Type], open: bool, body: impl FnOnce(&mut Self) -> R) -> R {
        self.labels.push(Label { types: types.to_vec(), open });
        let made = body(self);
        self.labels.pop();
        made
    }

    /// Depths of open labels that take `types`.
    pub(super) fn targets(&self, types: &[Type]) -> Vec<u32> {
        let depths = self.labels.iter().rev().enumerate();
        depths.filter(|(_, label)| label.open && label.types == types).map(|(depth, _)| depth as u32).collect()
    }

    pub(super) fn block_of(&mut self, types: &[Type], depth: usize) -> Node {
        let params = if self.rng.chance(35) { self.types(1, 3) } else { Vec::new() };
        let kids = self.list(&params, depth);
        let body = self.labelled(types, true, |this| this.body(&params, types, depth));
        self.block(Construct::Block, &params, types, kids, body, Vec::new())
    }

    pub(super) fn if_of(&mut self, types: &[Type], depth: usize) -> Node {
        let params = if self.rng.chance(25) { self.types(1, 3) } else { Vec::new() };
        let mut kids = self.list(&params, depth);
        kids.push(self.condition(depth));
        let [body, other] = [0; 2].map(|_| self.labelled(types, true, |this| this.body(&params, types, depth)));
        // Without an `else` the parameters are the results; an empty one is the same.
        let other = if other.is_empty() { vec![Node::nothing()] } else { other };
        self.block(Construct::If, &params, types, kids, body, other)
    }

    /// The inside of a block that takes `params` and leaves `results`.
    pub(super) fn body(&mut self, params: &[Type], results: &[Type], depth: usize) -> Vec<Node> {
        let mut given = params.to_vec();
        let mut nodes = Vec::new();
        loop {
            let fits = results.starts_with(&given);
            if given.is_empty() || (fits && self.rng.chance(50)) {
                break;
            }
            let ty = given.pop().expect("not empty");
            let value = Node { op: Op::Given, kids: Vec::new(), results: vec![ty] };
            match self.rng.below(10) {
                0..2 if NUMERIC.contains(&ty) => {
                    let operator = encoding(*self.rng.pick(OPERATORS.binary(ty)), 0);
                    // With the value below it, or with a new one.
                    let kids = if given.last() == Some(&ty) && self.rng.chance(60) {
                        given.pop();
                        vec![value.clone(), value]
                    } else {
                        vec![value, self.expr(ty, depth)]
                    };
                    nodes.push(plain(operator, kids, &[ty]));
                    given.push(ty);
                }
                0..2 if ty == V128 => {
                    let operator = self.vector_operator();
                    let kids = vec![value, self.expr(V128, depth)];
                    nodes.push(plain(operator, kids, &[V128]));
                    given.push(V128);
                }
                2 if ty == I32 && !given.is_empty() => {
                    let test = plain(I::I32Eqz, vec![value], &[I32]);
                    nodes.push(plain(I::Drop, vec![test], &[]));
                }
                3 => {
                    nodes.push(plain(I::Drop, vec![value], &[]));
                }
                _ => match self.free_local(ty) {
                    Some(local) => nodes.push(plain(I::LocalSet(local), vec![value], &[])),
                    None => nodes.push(plain(I::Drop, vec![value], &[])),
                },
            }
            if self.rng.chance(25) {
                nodes.push(self.statement(depth.min(2)));
            }
        }
        nodes.extend(self.statements(depth.min(2)));
        if self.rng.chance(8) {
            // The end is not reached.
            nodes.push(self.leave(depth));
            return nodes;
        }
        nodes.extend(self.list(&results[given.len()..], depth));
        nodes
    }

    /// `br_if` with a value, which goes on if the branch is not taken.
    pub(super) fn br_if_value(&mut self, ty: Type, depth: usize) -> Node {
        let Some(&target) = self.targets(&[ty]).first() else { return self.simple(ty) };
        let targets = self.targets(&[ty]);
        let target = if self.rng.chance(50) { target } else { *self.rng.pick(&targets) };
        let kids = vec![self.expr(ty, depth), self.condition(depth)];
        plain(I::BrIf(target), kids, &[ty])
    }

    /// A block whose value comes by `br_table`.
    pub(super) fn br_table_value(&mut self, ty: Type, depth: usize) -> Node {
        let body = self.labelled(&[ty], true, |this| {
            let targets = this.targets(&[ty]);
            let mut body = this.statements(1);
            let kids = vec![this.expr(ty, depth), this.expr(I32, depth)];
            let depths: Vec<u32> = (0..this.rng.between(1, 4)).map(|_| *this.rng.pick(&targets)).collect();
            body.push(plain(I::BrTable(depths.into(), *this.rng.pick(&targets)), kids, &[]));
            body
        });
        self.block(Construct::Block, &[], &[ty], Vec::new(), body, Vec::new())
    }
}
