//! Lanes of shuffles: such as compilers write, and such as lowering has cheaper operators for.

use super::expr::plain;
use super::tree::Node;
use super::vectors::{Immediates, encoding};
use crate::outcome::Type::V128;
use crate::rng::Rng;
use pirn_decode::ops::Op;
use wasm_encoder::Instruction;

/// How many patterns there are of lanes of two vectors that lowering has operators for.
const PATTERNS: usize = 10;

/// One of them: the operator, and its lanes.
fn pattern(number: usize) -> (Op, [u8; 16]) {
    use Op::*;
    const OPERATORS: [Op; PATTERNS] = [
        I8x16InterleaveLow,
        I8x16InterleaveHigh,
        I16x8InterleaveLow,
        I16x8InterleaveHigh,
        I32x4InterleaveLow,
        I32x4InterleaveHigh,
        I64x2InterleaveLow,
        I64x2InterleaveHigh,
        I32x4ConcatEven,
        I32x4ConcatOdd,
    ];
    let (width, odd) = (1 << (number / 2), number % 2);
    let lane = |index: usize| match number {
        // Of the second vector behind 16 bytes of the first.
        0..8 => index % 2 * 16 + (index / 2 * width + odd * 8),
        _ => 4 * (2 * index + odd),
    };
    let width = if number < 8 { width } else { 4 };
    (OPERATORS[number], std::array::from_fn(|byte| (lane(byte / width) + byte % width) as u8))
}

/// The lanes by which a shuffle is this operator of two vectors.
pub(super) fn lanes_of(op: Op) -> Option<[u8; 16]> {
    (0..PATTERNS).map(pattern).find(|&(other, _)| other == op).map(|(_, lanes)| lanes)
}

/// Lanes.
pub(super) fn lanes(rng: &mut Rng) -> [u8; 16] {
    let (first, form) = (rng.below(32) as u8, rng.below(8));
    if form == 0 {
        return pattern(rng.below(PATTERNS)).1;
    }
    std::array::from_fn(|index| {
        let index = index as u8;
        match form {
            // What follows each other, or is repeated, or is swapped.
            1 => (first + index) % 32,
            2 => first / 4 * 4 + index % 4,
            3 => index ^ (first % 16),
            // Of one operand, perhaps as it is.
            4 => first / 16 * 16 + rng.below(16) as u8,
            5 => first / 16 * 16 + index,
            _ => rng.below(32) as u8,
        }
    })
}

/// The instruction that shuffles by these lanes.
pub(super) fn shuffle(lanes: [u8; 16]) -> Instruction<'static> {
    encoding(Op::I8x16Shuffle, Immediates { lanes, ..Immediates::default() })
}

/// A shuffle by lanes of one operand, which is the first or the second.
pub(super) fn shuffle_of_one(rng: &mut Rng, operand: Node, other: Node) -> Node {
    let first = if rng.chance(50) { 16 } else { 0 };
    let lanes = std::array::from_fn(|_| first + rng.below(16) as u8);
    plain(shuffle(lanes), if first == 0 { vec![operand, other] } else { vec![other, operand] }, &[V128])
}
