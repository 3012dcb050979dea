//! Shuffles that became other operators, in the functions that `vectors` has.

use super::assembler::*;
use super::vectors::{ANOTHER, function, v};
use crate::ops::Op;

/// A function that shuffles what is at hand by these lanes.
fn shuffle(lanes: [u8; 16], operands: &str) -> Subject {
    let lanes = lanes.map(|lane| lane.to_string()).join(" ");
    function("(result v128)", &format!("(i8x16.shuffle {lanes} {operands})"))
}

const BOTH: &str = "(local.get 0) (local.get 1)";

fn of(value: Part) -> [Part; 1] {
    [ret(5, value)]
}

fn constant(lanes: [u8; 16]) -> Part {
    vector(crate::checker::operators::halves(lanes).map(|bits| bits as i64))
}

#[test]
fn lanes_of_one_vector() {
    let first = [3, 3, 1, 0, 15, 14, 13, 12, 4, 5, 6, 7, 8, 9, 10, 11];
    let second = first.map(|lane| lane + 16);
    let other = std::array::from_fn(|i| if i == 7 { 2 } else { first[i] });
    for (lanes, operand) in [(first, 0), (second, 2)] {
        let subject = shuffle(lanes, BOTH);
        for op in [Op::I8x16RelaxedSwizzle, Op::I8x16Swizzle] {
            subject.right(&of(bin(op, v(operand), constant(first))));
            subject.wrong(&of(bin(op, v(2 - operand), constant(first))), ANOTHER);
            subject.wrong(&of(bin(op, v(operand), constant(other))), ANOTHER);
            // Out of range, which gives zeros or anything.
            subject.wrong(&of(bin(op, v(operand), constant(second))), ANOTHER);
        }
        subject.right(&of(tern(Op::I8x16Shuffle, v(0), v(2), constant(lanes))));
        subject.right(&of(tern(Op::I8x16Shuffle, v(operand), v(operand), constant(lanes))));
    }
    let mixed = std::array::from_fn(|i| if i % 2 == 0 { first[i] } else { second[i] });
    shuffle(mixed, "(local.get 1) (local.get 1)").right(&of(bin(Op::I8x16Swizzle, v(2), constant(first))));
    shuffle(mixed, BOTH).wrong(&of(bin(Op::I8x16Swizzle, v(2), constant(first))), ANOTHER);
}

#[test]
fn lanes_in_order() {
    let first = std::array::from_fn(|i| i as u8);
    shuffle(first, BOTH).right(&of(v(0)));
    shuffle(first, BOTH).wrong(&of(v(2)), ANOTHER);
    shuffle(first.map(|lane| lane + 16), BOTH).right(&of(v(2)));
    let almost = std::array::from_fn(|i| if i == 15 { 14 } else { i as u8 });
    shuffle(almost, BOTH).wrong(&of(v(0)), ANOTHER);
}

#[test]
fn an_operand_that_is_not_read_traps() {
    let first = std::array::from_fn(|i| i as u8);
    let (loads, load) = ("(local.get 0) (v128.load (local.get 2))", load(Op::V128Load, 0, s(4)));
    shuffle(first, loads).right(&[set(8, load), ret(5, v(0))]);
    shuffle(first, loads).wrong(&of(v(0)), "expected v128.load");
}

#[test]
fn lanes_of_both_in_a_pattern() {
    /// An operator, the bytes of its lanes, and which lane of the pair of vectors lane `i` of the result is.
    type Pattern = (Op, usize, fn(usize) -> usize);
    let patterns: [Pattern; 10] = [
        (Op::I8x16InterleaveLow, 1, |i| i / 2 + i % 2 * 16),
        (Op::I8x16InterleaveHigh, 1, |i| 8 + i / 2 + i % 2 * 16),
        (Op::I16x8InterleaveLow, 2, |i| i / 2 + i % 2 * 8),
        (Op::I16x8InterleaveHigh, 2, |i| 4 + i / 2 + i % 2 * 8),
        (Op::I32x4InterleaveLow, 4, |i| i / 2 + i % 2 * 4),
        (Op::I32x4InterleaveHigh, 4, |i| 2 + i / 2 + i % 2 * 4),
        (Op::I64x2InterleaveLow, 8, |i| i * 2),
        (Op::I64x2InterleaveHigh, 8, |i| 1 + i * 2),
        (Op::I32x4ConcatEven, 4, |i| i * 2),
        (Op::I32x4ConcatOdd, 4, |i| i * 2 + 1),
    ];
    for (op, width, lane) in patterns {
        let lanes = std::array::from_fn(|byte| (lane(byte / width) * width + byte % width) as u8);
        let subject = shuffle(lanes, BOTH);
        for (other, ..) in patterns {
            let code = of(bin(other, v(0), v(2)));
            if other == op {
                subject.right(&code);
            } else {
                subject.wrong(&code, ANOTHER);
            }
        }
        subject.wrong(&of(bin(op, v(2), v(0))), ANOTHER);
        subject.right(&of(tern(Op::I8x16Shuffle, v(0), v(2), constant(lanes))));
    }
}
