//! Shuffles as cheaper operators, of the functions that `vectors` has: two vectors in slots 0 and 2, two i32s in slots 4 and 5,
//! and operands from slot 9 on.

use super::vectors::gives;

fn shuffle(lanes: &str, operands: &str) -> Vec<String> {
    gives(&format!("(i8x16.shuffle {lanes} {operands})"))
}

const IN_ORDER: &str = "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15";
const OF_SECOND: &str = "16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31";
/// Of the first operand, and of the second.
const REVERSED: &str = "15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0";
const SECOND_REVERSED: &str = "31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16";
const LANES: &str = "#8090a0b0c0d0e0f:1020304050607";
const BOTH: &str = "(local.get 0) (local.get 1)";

#[test]
fn lanes_of_one_operand_are_a_swizzle() {
    assert_eq!(shuffle(REVERSED, BOTH), [&format!("v = I8x16RelaxedSwizzle(s0, {LANES})"), "return v at 6"]);
    assert_eq!(shuffle(SECOND_REVERSED, BOTH), [&format!("v = I8x16RelaxedSwizzle(s2, {LANES})"), "return v at 6"]);
    // Both are the same.
    let text = shuffle("31 14 29 12 27 10 25 8 23 6 21 4 19 2 17 0", "(local.get 1) (local.get 1)");
    assert_eq!(text, [&format!("v = I8x16RelaxedSwizzle(s2, {LANES})"), "return v at 6"]);
    let text = shuffle(REVERSED, "(v128.not (local.get 0)) (v128.not (local.get 1))");
    assert_eq!(text, ["v = V128Not(s0)", &format!("v = I8x16RelaxedSwizzle(v, {LANES})"), "return v at 6"]);
}

#[test]
fn all_lanes_in_order_are_the_operand() {
    assert_eq!(shuffle(IN_ORDER, BOTH), ["return s0 at 6"]);
    assert_eq!(shuffle(OF_SECOND, BOTH), ["return s2 at 6"]);
    assert_eq!(shuffle(OF_SECOND, "(local.get 0) (v128.not (local.get 1))"), ["v = V128Not(s2)", "return v at 6"]);
}

#[test]
fn an_operand_that_is_not_read_still_traps() {
    let (load, other) = ("(v128.load (local.get 2))", "(v128.load (local.get 3))");
    let text = shuffle(IN_ORDER, &format!("(local.get 0) {load}"));
    assert_eq!(text, ["v = V128Load[0](s4)", "return s0 at 6"]);
    let text = shuffle(OF_SECOND, &format!("{load} (local.get 0)"));
    assert_eq!(text, ["s9 = V128Load[0](s4)", "return s0 at 6"]);
    // In the order of the operands.
    let text = shuffle(IN_ORDER, &format!("{load} {other}"));
    assert_eq!(text, ["s9 = V128Load[0](s4)", "v = V128Load[0](s5)", "return s9 at 6"]);
    let text = shuffle(OF_SECOND, &format!("{load} {other}"));
    assert_eq!(text, ["s9 = V128Load[0](s4)", "v = V128Load[0](s5)", "return v at 6"]);
    // And behind what waits below.
    let text = gives(&format!(
        "(i8x16.add (v128.load offset=8 (local.get 2)) (i8x16.shuffle {OF_SECOND} {load} (v128.not (local.get 1))))"
    ));
    let expected = ["s9 = V128Load[8](s4)", "s11 = V128Load[0](s4)", "v = V128Not(s2)", "v = I8x16Add(v, s9)"];
    assert_eq!(text[..4], expected);
}

#[test]
fn a_second_operand_in_the_accumulator_is_kept() {
    // The first operand overwrites the accumulator that the second waits in.
    let call = "(v128.load (local.get 2)) (i32x4.add (v128.not (local.get 0)) (local.get 1))";
    let text = shuffle(OF_SECOND, call);
    let expected = ["s9 = V128Load[0](s4)", "v = V128Not(s0)", "v = I32x4Add(v, s2)", "return v at 6"];
    assert_eq!(text, expected);
}

#[test]
fn patterns_are_operators() {
    let check = |lanes: &str, op: &str| {
        assert_eq!(shuffle(lanes, BOTH), [&format!("v = {op}(s0, s2)"), "return v at 6"]);
    };
    check("0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23", "I8x16InterleaveLow");
    check("8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31", "I8x16InterleaveHigh");
    check("0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23", "I16x8InterleaveLow");
    check("8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31", "I16x8InterleaveHigh");
    check("0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23", "I32x4InterleaveLow");
    check("8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31", "I32x4InterleaveHigh");
    check("0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23", "I64x2InterleaveLow");
    check("8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31", "I64x2InterleaveHigh");
    check("0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27", "I32x4ConcatEven");
    check("4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31", "I32x4ConcatOdd");
    // Of one vector they are swizzles.
    let text = shuffle("0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23", "(local.get 0) (local.get 0)");
    assert_eq!(text, ["v = I8x16RelaxedSwizzle(s0, #303020201010000:707060605050404)", "return v at 6"]);
}
