//! Wide arithmetic. The function has four i64s in slots 0 to 3 and an i32 in slot 4; its header is at slot 5 and its operands
//! lie from slot 8 on, unless it has more results.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

/// The base: each operator with slots, and with the accumulator in one place.
fn base() -> Vec<String> {
    let (slot, acc) = ("S<u64>", "R<u64>");
    let mut shapes = Vec::new();
    for op in ["I64MulWideS", "I64MulWideU"] {
        for (a, b) in [(slot, slot), (acc, slot), (slot, acc), (slot, "I<u64>")] {
            shapes.push(format!("SetHigh<Bin<{op}, {a}, {b}>>"));
        }
    }
    let join = |a, b| format!("Bin<I64Join, {a}, {b}>");
    let widen = |a| format!("Un<I64Widen, {a}>");
    let slots = [join(slot, slot), widen(slot)];
    let accs = [join(acc, slot), join(slot, acc), widen(acc)];
    for op in ["I64Add128", "I64Sub128"] {
        for a in &slots {
            shapes.extend(slots.iter().map(|b| format!("SetHigh<Bin<{op}, {a}, {b}>>")));
            shapes.extend(
                accs.iter().flat_map(|b| [(a, b), (b, a)]).map(|(a, b)| format!("SetHigh<Bin<{op}, {a}, {b}>>")),
            );
        }
    }
    shapes
}

fn text_of(more: &[&str], options: Options, results: &str, body: &str) -> Vec<String> {
    let base = base();
    let shapes: Vec<&str> = base.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let wat = format!(
        r#"(module
            (func $f (param i64 i64 i64 i64 i32) {results} {body})
            (memory 1) (global (mut i64) (i64.const 0)))"#
    );
    lowered(&Machine::with(&shapes), options, &wat).unwrap()
}

/// What becomes of a body.
fn text(more: &[&str], body: &str) -> Vec<String> {
    text_of(more, Options::default(), "", body)
}

const PRODUCT: &str = "(local.get 0) (local.get 1) (i64.mul_wide_u)";
const SUM: &str = "(local.get 0) (local.get 1) (local.get 2) (local.get 3) (i64.add128)";
const CARRY: &str = "(local.get 2) (i64.const 0) (i64.add128)";

#[test]
fn a_high_half_goes_to_the_local_that_it_is_set_to() {
    let body = format!("{PRODUCT} (local.set 3) (local.set 2)");
    assert_eq!(text(&[], &body), ["s3:r = I64MulWideU(s0, s1)", "s2 = r", "Return header 5"]);
    let joined = ["Seq<SetHigh<Bin<I64MulWideU, S<u64>, S<u64>>>, SetSlot<R<u64>>>"];
    assert_eq!(text(&joined, &body), ["s3:r = I64MulWideU(s0, s1); s2 = r", "Return header 5"]);
    // Also to one that is an operand, or that something below reads.
    let body = format!("{SUM} (local.set 0) (local.set 1)");
    assert_eq!(text(&[], &body), ["s0:r = I64Add128(I64Join(s0, s1), I64Join(s2, s3))", "s1 = r", "Return header 5"]);
    let body = format!("(local.get 3) {PRODUCT} (local.set 3) (local.set 2) (local.set 1)");
    let expected = ["s8 = s3", "s3:r = I64MulWideU(s0, s1)", "s2 = r", "s1 = s8", "Return header 5"];
    assert_eq!(text(&[], &body), expected);
    let body = format!("(i32.const 0) {PRODUCT} (local.tee 3) (i64.xor) (i64.store)");
    let expected = ["s3:r = I64MulWideU(s0, s1)", "r = I64Xor(r, s3)", "I64Store[0](#0, r)", "Return header 5"];
    assert_eq!(text(&[], &body), expected);
}

#[test]
fn other_instructions_find_the_high_half_in_its_slot() {
    let body = format!("{PRODUCT} (i64.xor) (local.set 2)");
    assert_eq!(text(&[], &body), ["s9:r = I64MulWideU(s0, s1)", "s2 = I64Xor(r, s9)", "Return header 5"]);
    let body = format!("{PRODUCT} (drop) (drop)");
    assert_eq!(text(&[], &body), ["s9:r = I64MulWideU(s0, s1)", "Return header 5"]);
    let body = format!("{PRODUCT} (global.set 0) (local.set 2)");
    let lines = text(&[], &body);
    assert_eq!(lines[0], "s9:r = I64MulWideU(s0, s1)");
    assert!(lines.contains(&"s2 = s8".into()), "{lines:?}");
    // As results, and at labels, both lie in their slots.
    let lines = text_of(&[], Options::default(), "(result i64 i64)", PRODUCT);
    assert_eq!(lines[..2], ["s9:r = I64MulWideU(s0, s1)", "s8 = r"]);
    let body = format!("(block (result i64 i64) {PRODUCT} (br_if 0 (local.get 4))) (local.set 0) (local.set 1)");
    let expected = ["s9:r = I64MulWideU(s0, s1)", "s8 = r", "br_if s4 -> 3", "s0 = s9", "s1 = s8", "Return header 5"];
    assert_eq!(text(&[], &body), expected);
}

#[test]
fn a_sum_of_products_is_a_cell() {
    let sum = "SetHigh<Bin<I64Add128, Bin<I64MulWideU, S<u64>, S<u64>>, Un<I64Widen, S<u64>>>>";
    let body = format!("{PRODUCT} {CARRY} (local.set 2) (local.set 3)");
    let expected = ["s2:r = I64Add128(I64MulWideU(s0, s1), I64Widen(s2))", "s3 = r", "Return header 5"];
    assert_eq!(text(&[sum], &body), expected);
    // What computes comes first.
    let other = format!("(local.get 2) (i64.const 0) {PRODUCT} (i64.add128) (local.set 2) (local.set 3)");
    assert_eq!(text(&[sum], &other), expected);
    // Where no handler takes all, the product is evaluated for itself.
    let expected =
        ["s9:r = I64MulWideU(s0, s1)", "s2:r = I64Add128(I64Join(r, s9), I64Widen(s2))", "s3 = r", "Return header 5"];
    assert_eq!(text(&[], &body), expected);
    assert_eq!(text_of(&[sum], Options { fuse: false, ..Options::default() }, "", &body), expected);
}

#[test]
fn what_may_trap_keeps_its_order() {
    let body = "(i64.load (local.get 4)) (i64.const 0) (i64.load offset=8 (local.get 4)) (local.get 1) (i64.mul_wide_u)
        (i64.add128) (local.set 2) (local.set 3)";
    let (widen, product) = ("Un<I64Widen, Load<I64Load, S<u32>>>", "Bin<I64MulWideU, Load<I64Load, S<u32>>, S<u64>>");
    let [whole, swapped] =
        [(widen, product), (product, widen)].map(|(a, b)| format!("SetHigh<Bin<I64Add128, {a}, {b}>>"));
    let alone = format!("SetHigh<{product}>");
    let expected =
        ["s2:r = I64Add128(I64Widen(I64Load[0](s4)), I64MulWideU(I64Load[8](s4), s1))", "s3 = r", "Return header 5"];
    assert_eq!(text(&[&whole, &swapped, &alone], body), expected);
    let expected = [
        "s8 = I64Load[0](s4)",
        "s11:r = I64MulWideU(I64Load[8](s4), s1)",
        "s2:r = I64Add128(I64Widen(s8), I64Join(r, s11))",
        "s3 = r",
        "Return header 5",
    ];
    assert_eq!(text(&[&swapped, &alone], body), expected);
}

#[test]
fn several_wait_at_once() {
    let product = "SetHigh<Bin<I64MulWideU, S<u64>, S<u64>>>";
    let sum = |more: &str| format!("Bin<I64Add128, Bin<I64MulWideU, S<u64>, S<u64>>, {more}>");
    let (acc, slot) = ("Un<I64Widen, R<u64>>", "Un<I64Widen, S<u64>>");
    let shapes = [
        product.to_owned(),
        format!("SetHigh<{}>", sum(acc)),
        format!("SetHigh<{}>", sum(slot)),
        format!("SetHigh<Bin<I64Add128, {}, {slot}>>", sum(acc)),
    ];
    let shapes: Vec<&str> = shapes.iter().map(String::as_str).collect();
    // As LLVM writes a step of a multiplication: the low half of one sum is part of the next.
    let body = "(local.get 0) (local.get 1) (i64.mul_wide_u)
        (local.get 1) (local.get 2) (i64.mul_wide_u) (local.get 3) (i64.const 0) (i64.add128) (local.set 3)
        (i64.const 0) (i64.add128) (local.get 2) (i64.const 0) (i64.add128) (local.set 1) (local.set 0)";
    let expected = [
        "s3:r = I64Add128(I64MulWideU(s1, s2), I64Widen(s3))",
        "s1:r = I64Add128(I64Add128(I64MulWideU(s0, s1), I64Widen(r)), I64Widen(s2))",
        "s0 = r",
        "Return header 5",
    ];
    assert_eq!(text(&shapes, body), expected);
}

#[test]
fn a_local_or_slot_is_read_before_it_is_written() {
    // The product waits while one of its operands is set.
    let body = format!("{PRODUCT} (local.set 1 (local.get 2)) (local.set 3) (local.set 2)");
    assert_eq!(
        text(&[], &body),
        ["s9:r = I64MulWideU(s0, s1)", "s8 = r", "s1 = s2", "s3 = s9", "s2 = s8", "Return header 5"]
    );
    // It holds the accumulator, which something above it is about to overwrite.
    let body = "(i64.add (local.get 0) (local.get 2)) (local.get 1) (i64.mul_wide_s)
        (global.set 0 (i64.sub (local.get 1) (local.get 3))) (local.set 3) (local.set 2)";
    let lines = text(&[], body);
    assert_eq!(lines[..3], ["r = I64Add(s0, s2)", "s9:r = I64MulWideS(r, s1)", "s8 = r"]);
    // A tree below reads the slot of the high half: its part was cut off there.
    let body = "(i64.xor (i64.load (local.get 4)) (i64.clz (i64.ctz (local.get 0))))
        (local.get 0) (local.get 1) (i64.mul_wide_u) (i64.or) (i64.or) (local.set 2)";
    text(&[], body);
}

#[test]
fn what_nothing_can_reach_is_skipped() {
    let body = format!("{PRODUCT} (unreachable) (i64.add128) (local.set 0) (drop)");
    assert_eq!(text(&[], &body), ["Unreachable"]);
    // A part that may trap does.
    let body = "(i64.load (local.get 4)) (local.get 1) (i64.mul_wide_u) (unreachable)";
    let expected = ["r = I64Load[0](s4)", "Unreachable"];
    assert_eq!(text(&[], body), expected);
}

#[test]
fn long_chains_take_no_more_nodes() {
    let chain = CARRY.repeat(2_000);
    let lines = text(&[], &format!("{PRODUCT} {chain} (local.set 0) (local.set 1)"));
    assert_eq!(lines.len(), 2_000 + 3);
}
