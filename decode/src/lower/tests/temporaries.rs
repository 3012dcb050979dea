//! Locals that are no more than names for values. The checker looks at each function, too.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

/// The cells of a function with two i32 parameters, eight i32 locals (2 to 9) and an i64 (10), long enough to be taken for one that nobody has
/// optimised.
fn code(body: &str) -> Vec<String> {
    let nops = "(nop)".repeat(40);
    let wat = format!(
        "(module (memory 1) 
            (func (param i32 i32) (result i32) (local i32 i32 i32 i32 i32 i32 i32 i32 i64) {nops} {body})
            (func $f (result i32) (i32.const 7)))"
    );
    let machine = Machine::with(&["SetSlot<Bin<I32Add, Load<I32Load, S<u32>>, Load<I32Load, S<u32>>>>"]);
    lowered(&machine, Options::default(), &wat).expect("a valid module")
}

/// What is written one way is lowered as the other.
#[track_caller]
fn same(naive: &str, plain: &str) {
    assert_eq!(code(naive), code(plain), "{naive}");
}

#[test]
fn values_go_on_as_if_they_had_no_names() {
    same(
        "(local.set 2 (i32.const 5)) (local.set 3 (i32.add (local.get 0) (local.get 2))) (local.get 3)",
        "(i32.add (local.get 0) (i32.const 5))",
    );
    // Two that wait, with what does not matter between them.
    same(
        "(local.set 2 (i32.load (local.get 0))) (local.set 3 (i32.load (local.get 1))) (local.set 4 (i32.const 3))
            (local.get 4) (local.get 2) (local.get 3) i32.add i32.sub",
        "(i32.sub (i32.const 3) (i32.add (i32.load (local.get 0)) (i32.load (local.get 1))))",
    );
    // A constant that is read several times, behind what has effects.
    same(
        "(local.set 2 (i32.const 24)) (i32.store (local.get 0) (local.get 2)) (i32.shl (local.get 1) (local.get 2))",
        "(i32.store (local.get 0) (i32.const 24)) (i32.shl (local.get 1) (i32.const 24))",
    );
    // What a call gives.
    same("(local.set 2 (call $f)) (i32.add (local.get 2) (local.get 0))", "(i32.add (call $f) (local.get 0))");
    // Nobody reads it.
    same("(local.set 2 (i32.add (local.get 0) (local.get 1))) (local.get 0)", "(local.get 0)");
    same("(local.set 2 (i32.load (local.get 0))) (local.get 0)", "(drop (i32.load (local.get 0))) (local.get 0)");
}

#[test]
fn values_are_set_where_something_comes_between() {
    // The address of the second load is older than what it is applied to; it may trap, and so comes first.
    assert_eq!(
        code(
            "(i32.load (local.get 1)) (local.set 2 (i32.load (local.get 0))) (local.set 3 (local.get 2)) (local.get 3) i32.sub"
        ),
        code("(i32.sub (i32.load (local.get 1)) (i32.load (local.get 0)))"),
    );
    let sets = |body: &str| {
        code(body).iter().flat_map(|cell| cell.split("; ").map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    // In another order than they were set: the first is evaluated first.
    let found = sets(
        "(local.set 2 (i32.load (local.get 0))) (local.set 3 (i32.load (local.get 1))) (i32.sub (local.get 3) (local.get 2))",
    );
    assert_eq!(found[..2], ["s5 = I32Load[0](s0)", "s6 = I32Load[0](s1)"], "{found:?}");
    // A store may change what is loaded.
    let found = sets("(local.set 2 (i32.load (local.get 0))) (i32.store (local.get 1) (i32.const 1)) (local.get 2)");
    assert_eq!(found[0], "s5 = I32Load[0](s0)", "{found:?}");
    // What it reads is set.
    let found = sets(
        "(local.set 2 (i32.add (local.get 0) (i32.const 1))) (local.set 0 (i32.const 7)) (i32.mul (local.get 2) (local.get 0))",
    );
    assert_eq!(found[0], "s5 = I32Add(s0, #1)", "{found:?}");
    // A division by zero would come before the load.
    let found =
        sets("(local.set 2 (i32.load (local.get 0))) (i32.div_u (local.get 1) (local.get 0)) (local.get 2) i32.sub");
    assert!(found[0].ends_with("= I32Load[0](s0)"), "{found:?}");
}

/// What is applied to something older must not come to lie below what was set before it, and may hold an accumulator.
#[test]
fn what_is_older_stays_below() {
    for body in [
        "(local.get 0) (call $f) (local.set 2) i32.load (local.get 2) i32.load (call $f) i32.add i32.add",
        "(local.get 0) (call $f) i32.load (local.set 2) i32.load (nop) (local.get 2) i32.add",
        "(f64.convert_i32_s (local.get 0)) (memory.size) (local.set 2) i64.reinterpret_f64 (local.get 2) f64.convert_i32_u (call $f) (drop) (drop) (drop) (local.get 0)",
    ] {
        assert!(!code(body).is_empty());
    }
    // The load comes before the division.
    let found =
        code("(local.get 0) (local.set 2 (i32.load (local.get 0))) (local.get 1) i32.div_u (local.get 2) i32.sub");
    assert_eq!(found[0], "s5 = I32Load[0](s0)", "{found:?}");
    let found =
        code("(local.get 0) (local.set 2 (i32.div_u (local.get 1) (local.get 1))) i32.load (local.get 2) i32.add");
    assert_eq!(found[0], "s5 = I32DivU(s1, s1)", "{found:?}");
    // As many entries wait as may, and a vector is two.
    let body = format!(
        "(local v128 i32 i32 i32 i32 i32 i32 i32 i32) {} (call $f) (local.set 3) (local.get 2) (local.get 3) i32x4.replace_lane 0 i32x4.extract_lane 0 {}",
        "(local.get 0)".repeat(23),
        "i32.add ".repeat(23)
    );
    let wat = format!("(module (func (param i32 i32) (result i32) {body}) (func $f (result i32) (i32.const 7)))");
    lowered(&Machine::base(), Options::default(), &wat).expect("a valid module");
}

#[test]
fn other_locals_are_locals() {
    for body in [
        // Set twice; read before; on another way; set and kept; a parameter.
        "(local.set 2 (i32.const 1)) (local.set 2 (i32.const 2)) (local.get 2)",
        "(drop (i32.load (local.get 2))) (local.set 2 (i32.const 1)) (local.get 2)",
        "(local.set 2 (i32.const 1)) (block (br_if 0 (local.get 0))) (local.get 2)",
        "(local.set 2 (i32.const 1)) (drop (call $f)) (local.get 2)",
        "(drop (local.tee 2 (i32.add (local.get 0) (local.get 1)))) (local.get 2)",
        "(local.set 0 (i32.const 3)) (local.get 0)",
    ] {
        let found = code(body).join("; ");
        assert!(found.contains("s5 = ") || found.contains("s0 = "), "{body}: {found}");
    }
}

#[test]
fn a_function_with_few_locals_or_much_code_is_not_looked_at() {
    let body = "(local.set 2 (i32.const 5)) (i32.store (local.get 0) (local.get 2)) (i32.load (local.get 2))";
    let code = |locals: usize, nops: usize| {
        let (locals, nops) = ("i32 ".repeat(locals), "(nop)".repeat(nops));
        let wat = format!("(module (memory 1) (func (param i32 i32) (result i32) (local {locals}) {nops} {body}))");
        lowered(&Machine::base(), Options::default(), &wat).expect("a valid module").join("; ")
    };
    assert!(!code(8, 40).contains("s5 = "));
    for (locals, nops) in [(7, 40), (8, 300), (200, 0)] {
        assert!(code(locals, nops).contains("s5 = "), "{locals} {nops}");
    }
}
