//! Wide arithmetic: integers of 128 bits, as the two i64s that its instructions take and give.

use super::Generator;
use super::expr::{leaf, mem, plain};
use super::tree::Node;
use crate::outcome::Type::{self, I64};
use pirn_decode::ops::Op;
use wasm_encoder::{Instruction, Instruction as I};

/// The halves of an integer of 128 bits.
pub(super) const HALVES: [Type; 2] = [I64, I64];

/// The instruction of an operator on such integers; those that make one of i64s are none.
fn encoding(op: Op) -> Option<Instruction<'static>> {
    Some(match op {
        Op::I64Add128 => I::I64Add128,
        Op::I64Sub128 => I::I64Sub128,
        Op::I64MulWideS => I::I64MulWideS,
        Op::I64MulWideU => I::I64MulWideU,
        _ => return None,
    })
}

fn zero() -> Node {
    leaf(I::I64Const(0), I64)
}

/// An operator that gives an integer of 128 bits.
pub(super) fn operator(op: Op, mut kids: Vec<Node>) -> Node {
    match encoding(op) {
        Some(instruction) => plain(instruction, kids, &HALVES),
        None => {
            kids.extend((op == Op::I64Widen).then(zero));
            Node::seq(kids, &HALVES)
        }
    }
}

impl Generator<'_> {
    /// An integer of 128 bits.
    fn wide(&mut self, depth: usize) -> Node {
        self.budget -= 1;
        let op = match self.rng.weighted(&[30, 26, 14, 8, 22, 6]) {
            0 if depth > 0 => Op::I64MulWideU,
            1 if depth > 0 => Op::I64Add128,
            2 if depth > 0 => Op::I64Sub128,
            3 if depth > 0 => Op::I64MulWideS,
            5 => Op::I64Join,
            _ => Op::I64Widen,
        };
        let kids = match op {
            Op::I64Add128 | Op::I64Sub128 => vec![self.wide(depth - 1), self.wide(depth - 1)],
            Op::I64Widen => vec![self.half(depth)],
            _ => vec![self.half(depth), self.half(depth)],
        };
        operator(op, kids)
    }

    /// An i64, mostly as large numbers have it: in a local, or in memory.
    fn half(&mut self, depth: usize) -> Node {
        match self.rng.below(10) {
            0..4 => self.operand(I64),
            4..7 => self.limb(),
            7 => match self.free_local(I64) {
                Some(local) => plain(I::LocalTee(local), vec![self.limb()], &[I64]),
                None => self.limb(),
            },
            _ => self.expr(I64, depth.min(2)),
        }
    }

    /// A part of a large number in memory.
    fn limb(&mut self) -> Node {
        let pointer = *self.rng.pick(&self.pointers);
        let offset = 8 * self.rng.below(if self.habits.narrow { 3 } else { 100 }) as u64;
        plain(I::I64Load(mem(offset)), vec![self.get(pointer)], &[I64])
    }

    /// An i64 that is half of an integer of 128 bits.
    pub(super) fn half_of_wide(&mut self, depth: usize) -> Node {
        let wide = self.wide(depth.min(3));
        match (self.rng.below(8), self.free_local(I64)) {
            (0..5, Some(local)) => plain(I::LocalSet(local), vec![wide], &[I64]),
            (5, Some(local)) => plain(I::I64Xor, vec![plain(I::LocalTee(local), vec![wide], &HALVES)], &[I64]),
            (6, _) => plain(I::Drop, vec![wide], &[I64]),
            _ => plain(self.rng.pick(&[I::I64Xor, I::I64Sub, I::I64Or]).clone(), vec![wide], &[I64]),
        }
    }

    /// A step in a calculation with large numbers: the high half goes to a local, the low half to another or to memory.
    pub(super) fn wide_step(&mut self, depth: usize) -> Node {
        let Some(high) = self.free_local(I64) else { return Node::nothing() };
        let step = |this: &mut Self| {
            let wide = this.wide(depth.min(3));
            plain(I::LocalSet(high), vec![wide], &[I64])
        };
        match self.rng.below(8) {
            0..4 => {
                let pointer = *self.rng.pick(&self.pointers);
                let (address, at) = (self.get(pointer), mem(8 * self.rng.below(100) as u64));
                plain(I::I64Store(at), vec![address, step(self)], &[])
            }
            4..7 => {
                let low = self.free_local(I64).unwrap_or(high);
                plain(I::LocalSet(low), vec![step(self)], &[])
            }
            _ => plain(I::Drop, vec![step(self)], &[]),
        }
    }
}
