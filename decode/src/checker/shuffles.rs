//! Shuffles in normal form.
//!
//! Lanes are bytes; of two vectors those of the second begin with 16 (spec 4.3.6, `shuffle`, `swizzle`). A shuffle that takes
//! lanes of a single vector is a swizzle by lanes less than 16, and one that takes all in order is that vector. Operators that
//! have no instruction are the shuffles that they are named after.

use super::operators::halves;
use super::value::{Value, ValueId, Values};
use crate::ops::{Class, Op};

type Lanes = [u8; 16];

/// The byte of the pair of vectors that each byte of the result is, for an operator that is a shuffle.
fn lanes_of(op: Op) -> Option<Lanes> {
    use Op::*;
    // The byte of the result, as a lane of so many bytes and the byte in it.
    let lanes = |width: usize, lane: &dyn Fn(usize) -> usize| {
        std::array::from_fn(|byte| (lane(byte / width) * width + byte % width) as u8)
    };
    // Lanes of the second vector follow those of the first, in the pair.
    let interleaved = |width: usize, upper: bool| {
        let count = 16 / width;
        let first = if upper { count / 2 } else { 0 };
        lanes(width, &|lane| if lane % 2 == 0 { first + lane / 2 } else { count + first + lane / 2 })
    };
    Some(match op {
        I8x16InterleaveLow => interleaved(1, false),
        I8x16InterleaveHigh => interleaved(1, true),
        I16x8InterleaveLow => interleaved(2, false),
        I16x8InterleaveHigh => interleaved(2, true),
        I32x4InterleaveLow => interleaved(4, false),
        I32x4InterleaveHigh => interleaved(4, true),
        I64x2InterleaveLow => interleaved(8, false),
        I64x2InterleaveHigh => interleaved(8, true),
        I32x4ConcatEven => lanes(4, &|lane| 2 * lane),
        I32x4ConcatOdd => lanes(4, &|lane| 2 * lane + 1),
        _ => return None,
    })
}

impl Values {
    /// The bytes of a vector, if it is a constant.
    fn constant_bytes(&self, vector: ValueId) -> Option<Lanes> {
        let Value::Pair(low, high) = self.node(vector).value else { return None };
        let bits = u128::from(self.constant_bits(high)?) << 64 | u128::from(self.constant_bits(low)?);
        Some(bits.to_le_bytes())
    }

    fn constant_vector(&mut self, bytes: Lanes) -> ValueId {
        let halves = halves(bytes).map(|bits| self.constant(bits, Class::V128));
        self.vector(halves)
    }

    /// `i8x16.shuffle`: its lanes are the third operand.
    pub(super) fn shuffle(&mut self, a: ValueId, b: ValueId, lanes: ValueId) -> ValueId {
        match self.constant_bytes(lanes) {
            Some(bytes) => self.shuffle_by(a, b, bytes),
            None => self.number(Value::Ternary(Op::I8x16Shuffle, a, b, lanes), Class::V128),
        }
    }

    fn shuffle_by(&mut self, a: ValueId, b: ValueId, bytes: Lanes) -> ValueId {
        let of_second = |&byte: &u8| byte >= 16;
        let only = match (a == b || !bytes.iter().any(of_second), bytes.iter().all(of_second)) {
            (true, _) => a,
            (_, true) => b,
            _ => {
                let lanes = self.constant_vector(bytes);
                return self.number(Value::Ternary(Op::I8x16Shuffle, a, b, lanes), Class::V128);
            }
        };
        let bytes = bytes.map(|byte| byte % 16);
        if (0..16).zip(bytes).all(|(place, byte)| place == byte) {
            return only;
        }
        let lanes = self.constant_vector(bytes);
        self.number(Value::Binary(Op::I8x16Swizzle, only, lanes), Class::V128)
    }

    /// An operator of two vectors, if it is a shuffle. Where lanes are out of range, swizzles give zeros, and the relaxed one
    /// whatever it likes.
    pub(super) fn as_shuffle(&mut self, op: Op, a: ValueId, b: ValueId) -> Option<ValueId> {
        match op {
            Op::I8x16Swizzle | Op::I8x16RelaxedSwizzle => {
                let bytes = self.constant_bytes(b).filter(|bytes| bytes.iter().all(|&byte| byte < 16))?;
                Some(self.shuffle_by(a, a, bytes))
            }
            _ => lanes_of(op).map(|bytes| self.shuffle_by(a, b, bytes)),
        }
    }
}
