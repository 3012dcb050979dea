//! `i8x16.shuffle` as the cheapest operator that gives the same.
//!
//! Its lanes are constants. One that reads a single operand is a swizzle of that operand: the other needs no slot, nor to be
//! computed, unless it may trap. One that takes lanes of both in a common pattern is an operator of two vectors without an
//! immediate. A third of the shuffles in the training programs are of the first kind, half are of the second.

use super::Function;
use super::mutants::mutant;
use super::target::Target;
use super::tree::{Kind, Traits};
use crate::ops::Op;

/// The lanes of two vectors, in bytes: those of the second begin with 16.
type Lanes = [u8; 16];

/// How many bytes a vector has.
const BYTES: u8 = 16;

/// Operators of two vectors that are shuffles.
static PATTERNS: [(Op, Lanes); 10] = [
    (Op::I8x16InterleaveLow, interleave(1, 0)),
    (Op::I8x16InterleaveHigh, interleave(1, 8)),
    (Op::I16x8InterleaveLow, interleave(2, 0)),
    (Op::I16x8InterleaveHigh, interleave(2, 8)),
    (Op::I32x4InterleaveLow, interleave(4, 0)),
    (Op::I32x4InterleaveHigh, interleave(4, 8)),
    (Op::I64x2InterleaveLow, interleave(8, 0)),
    (Op::I64x2InterleaveHigh, interleave(8, 8)),
    (Op::I32x4ConcatEven, every_other(4, 0)),
    (Op::I32x4ConcatOdd, every_other(4, 4)),
];

/// Lanes of so many bytes, from the byte `first` on, of the first and of the second vector in turn.
const fn interleave(width: u8, first: u8) -> Lanes {
    let (mut lanes, mut i) = ([0; 16], 0);
    while i < BYTES {
        let lane = i / width;
        lanes[i as usize] = first + lane / 2 * width + i % width + lane % 2 * BYTES;
        i += 1;
    }
    lanes
}

/// Every other lane of so many bytes, from the byte `first` on, of the first vector and then of the second.
const fn every_other(width: u8, first: u8) -> Lanes {
    let (mut lanes, mut i) = ([0; 16], 0);
    while i < BYTES {
        lanes[i as usize] = first + i / width * 2 * width + i % width;
        i += 1;
    }
    lanes
}

/// What a shuffle is.
#[derive(Debug, PartialEq, Eq)]
enum Shuffle {
    /// These lanes of the first operand, each less than 16.
    OfFirst(Lanes),
    /// These lanes of the second operand, each less than 16.
    OfSecond(Lanes),
    /// An operator of both.
    Operator(Op),
    /// Nothing cheaper.
    Any,
}

impl Shuffle {
    /// The shuffle by `lanes`. `same` says that both operands are the same.
    fn of(lanes: Lanes, same: bool) -> Self {
        let within = lanes.map(|lane| lane % BYTES);
        if same || lanes == within {
            return Self::OfFirst(within);
        }
        if lanes.iter().all(|&lane| lane >= BYTES) {
            return Self::OfSecond(if mutant!(34) { lanes } else { within });
        }
        match PATTERNS.iter().find(|(_, pattern)| *pattern == lanes) {
            Some(&(op, _)) => Self::Operator(op),
            None => Self::Any,
        }
    }
}

impl<T: Target> Function<'_, T> {
    /// A shuffle of two vectors by constant lanes.
    pub(super) fn shuffle(&mut self, lanes: Lanes) {
        let operands = &mut self.operands;
        let [first, second] = operands.values::<2>();
        let kinds = [first, second].map(|height| operands.tree(height).kind);
        let same = matches!(kinds[0], Kind::Slot(_)) && kinds[0] == kinds[1];
        match Shuffle::of(lanes, same) {
            Shuffle::OfFirst(lanes) => {
                self.drop_();
                self.swizzle(lanes);
            }
            Shuffle::OfSecond(lanes) => {
                // What traps does so before the second operand is evaluated.
                if operands.tree(first).traits.any(Traits::TRAPS) && !mutant!(35) {
                    operands.spill_with(first, Traits::TRAPS);
                    operands.spill(first);
                }
                let node = operands.stack[second];
                operands.remove(first);
                operands.push(node);
                operands.push_upper();
                self.swizzle(lanes);
            }
            Shuffle::Operator(op) => operands.operator_of_vectors::<2>(Kind::Binary(op)),
            Shuffle::Any => {
                operands.push_vector(lanes);
                operands.operator_of_vectors::<3>(Kind::Ternary(Op::I8x16Shuffle));
            }
        }
    }

    /// Lanes of the vector at the top. Each is less than 16, so that the relaxed operator gives no choice.
    fn swizzle(&mut self, lanes: Lanes) {
        if lanes != std::array::from_fn(|i| i as u8) {
            self.operands.push_vector(lanes);
            self.operands.operator_of_vectors::<2>(Kind::Binary(Op::I8x16RelaxedSwizzle));
        }
    }
}
