//! Values: what may be done with an operator, and what may not; what side effects come between.

use super::assembler::*;
use crate::cell;
use crate::layout::HEAD_WORDS;
use crate::ops::{Class, Op};

/// A function of two i32s, with its header in slot 2, one more local in slot 5, and operands from slot 6 on.
fn binary(body: &str) -> Subject {
    let text = format!(
        r#"(module
            (import "" "f" (func $f))
            (memory 1)
            (global $g (mut i32) (i32.const 0))
            (func (param i32 i32) (result i32) (local i32) {body}))"#
    );
    Subject::new(&text, 16)
}

/// The word of the global, and of the function that is imported.
const GLOBAL: u32 = FUNC + 2 * 2;
const FUNC: u32 = HEAD_WORDS as u32;

fn zero() -> Part {
    cell(cell::Zero { from: 5, count: 1 })
}

/// Every operator with its operands swapped is refused, unless the specification says that this is the same.
#[test]
fn operands_are_swapped() {
    use Op::*;
    let mut commute = 0;
    for op in pure_binaries() {
        let subject = binary(&format!("({} (local.get 0) (local.get 1))", op.info().text));
        subject.right(&[zero(), ret(2, bin(op, s(0), s(1)))]);
        let swapped = [zero(), ret(2, bin(op, s(1), s(0)))];
        if matches!(op, I32Add | I32Mul | I32And | I32Or | I32Xor | I32Eq | I32Ne) {
            commute += 1;
            subject.right(&swapped);
        } else {
            subject.wrong(&swapped, "expected Return");
        }
    }
    assert_eq!(commute, 7);
}

/// Which comparison gives the same with its operands swapped, and which the opposite: all others are refused.
#[test]
fn comparisons() {
    use Op::*;
    let all = [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU];
    let apply = |op, a: i32, b: i32| {
        let (ua, ub) = (a as u32, b as u32);
        match op {
            I32Eq => a == b,
            I32Ne => a != b,
            I32LtS => a < b,
            I32LtU => ua < ub,
            I32GtS => a > b,
            I32GtU => ua > ub,
            I32LeS => a <= b,
            I32LeU => ua <= ub,
            I32GeS => a >= b,
            _ => ua >= ub,
        }
    };
    let samples = [(0, 0), (1, 2), (2, 1), (-1, 1), (1, -1), (-2, -1)];
    for op in all {
        let subject = binary(&format!("({} (local.get 0) (local.get 1))", op.info().text));
        for other in all {
            for (swaps, negates) in [(false, false), (false, true), (true, false), (true, true)] {
                let (a, b) = if swaps { (s(1), s(0)) } else { (s(0), s(1)) };
                let value = bin(other, a, b);
                let value = if negates { un(I32Eqz, value) } else { value };
                let same = samples.iter().all(|&(a, b)| {
                    let (x, y) = if swaps { (b, a) } else { (a, b) };
                    apply(op, a, b) == (apply(other, x, y) != negates)
                });
                let code = [zero(), ret(2, value)];
                if same { subject.right(&code) } else { subject.wrong(&code, "expected Return") }
            }
        }
    }
}

/// NaN is neither less nor greater.
#[test]
fn float_comparisons_have_no_opposite() {
    let text = "(module (func (param f64 f64) (result i32) (f64.lt (local.get 0) (local.get 1))))";
    let (subject, f) = (Subject::new(text, 8), |number| slot(number, Class::F64));
    subject.right(&[ret(2, bin(Op::F64Lt, f(0), f(1)))]);
    subject.right(&[ret(2, bin(Op::F64Gt, f(1), f(0)))]);
    subject.wrong(&[ret(2, un(Op::I32Eqz, bin(Op::F64Ge, f(0), f(1))))], "expected Return");
    subject.wrong(&[ret(2, bin(Op::F64Gt, f(0), f(1)))], "expected Return");
}

#[test]
fn tests_for_zero() {
    let subject = binary("(i32.eqz (local.get 0))");
    subject.right(&[zero(), ret(2, bin(Op::I32Eq, s(0), imm(0)))]);
    subject.wrong(&[zero(), ret(2, bin(Op::I32Eq, s(0), imm(1)))], "expected Return");
    subject.wrong(&[zero(), ret(2, un(Op::I32Eqz, un(Op::I32Eqz, s(0))))], "expected Return");
    // Twice is not nothing: the value need not be 1.
    let twice = binary("(i32.eqz (i32.eqz (local.get 0)))");
    twice.wrong(&[zero(), ret(2, s(0))], "expected Return");
    twice.right(&[zero(), ret(2, bin(Op::I32Ne, s(0), imm(0)))]);
}

#[test]
fn selections() {
    let subject = binary("(select (local.get 0) (local.get 1) (local.get 0))");
    subject.right(&[zero(), ret(2, select(s(0), s(1), s(0)))]);
    subject.right(&[zero(), ret(2, select(s(1), s(0), un(Op::I32Eqz, s(0))))]);
    subject.wrong(&[zero(), ret(2, select(s(1), s(0), s(0)))], "expected Return");
}

#[test]
fn immediates_of_another_width() {
    let text = "(module (func (param i64) (result i64) (i64.add (local.get 0) (i64.const 0x100000001))))";
    let (subject, one) = (Subject::new(text, 8), un(Op::I64ExtendI32U, imm(1)));
    subject.wrong(&[ret(1, bin(Op::I64Add, slot(0, Class::I64), one))], "expected Return");
}

#[test]
fn values_of_another_class() {
    let text = "(module (func (param i64) (result i64) (local.get 0)))";
    let subject = Subject::new(text, 8);
    subject.right(&[ret(1, slot(0, Class::I64))]);
    subject.right(&[set(5, slot(0, Class::I64)), ret(1, slot(5, Class::I64))]);
    // Half of it is lost on the way.
    subject.wrong(&[set(5, slot(0, Class::I32)), ret(1, slot(5, Class::I64))], "what nobody knows");
}

#[test]
fn locals_begin_with_zero() {
    let subject = binary("(local.get 2)");
    subject.right(&[zero(), ret(2, s(5))]);
    subject.right(&[ret(2, imm(0))]);
    subject.wrong(&[ret(2, s(5))], "what nobody knows");
    subject.wrong(&[cell(cell::Zero { from: 6, count: 1 }), ret(2, s(5))], "what nobody knows");
}

#[test]
fn locals_that_are_set_before_they_are_read_may_begin_with_anything() {
    let subject = binary("(local.set 2 (local.get 0)) (local.get 2)");
    let few = cell(cell::ZeroFew { a: 5, b: 5, c: 5, d: 5 });
    for first in [vec![], vec![zero()], vec![few]] {
        let code = |rest: &[Part]| [&first, rest].concat();
        subject.right(&code(&[set(5, s(0)), ret(2, s(5))]));
        subject.wrong(&code(&[ret(2, s(5))]), "expected Return");
    }
    // Not where it is set already.
    subject.wrong(&[set(5, s(0)), zero(), ret(2, s(5))], "expected Return");
    // One arm sets it, so the other reads what it began with.
    let subject = binary("(if (local.get 0) (then (local.set 2 (i32.const 1)))) (local.get 2)");
    let code = [select(imm(1), s(5), s(0))];
    subject.right(&[zero(), set(5, code[0].clone()), ret(2, s(5))]);
    subject.wrong(&[set(5, code[0].clone()), ret(2, s(5))], "");
    // But nobody if it is read in that arm alone.
    let subject =
        binary("(if (local.get 0) (then (local.set 2 (i32.const 1)) (local.set 1 (local.get 2)))) (local.get 1)");
    let subject_code = [set(5, select(imm(1), s(5), s(0))), set(1, select(imm(1), s(1), s(0))), ret(2, s(1))];
    subject.right(&subject_code);
}

#[test]
fn a_local_is_read_before_it_is_set() {
    let subject = binary("(local.get 0) (local.set 0 (local.get 1))");
    subject.right(&[zero(), set(6, s(0)), set(0, s(1)), ret(2, s(6))]);
    subject.wrong(&[zero(), set(0, s(1)), ret(2, s(0))], "expected Return");
}

#[test]
fn loads_stay_before_stores() {
    let subject = binary("(i32.load (local.get 0)) (i32.store (local.get 0) (local.get 1))");
    let (load, store) = (load(Op::I32Load, 0, s(0)), store(Op::I32Store, 0, s(0), s(1)));
    subject.right(&[zero(), set(6, load.clone()), store.clone(), ret(2, s(6))]);
    subject.wrong(&[zero(), store, ret(2, load)], "expected i32.load");
}

#[test]
fn globals_are_read_before_they_are_set() {
    let subject = binary("(global.get $g) (global.set $g (local.get 0))");
    subject.right(&[zero(), set(6, global(GLOBAL)), set_global(GLOBAL, s(0)), ret(2, s(6))]);
    subject.wrong(&[zero(), set_global(GLOBAL, s(0)), ret(2, global(GLOBAL))], "expected Return");
    // What was just written may be read again.
    let again = binary("(global.set $g (local.get 0)) (global.get $g)");
    again.right(&[zero(), set_global(GLOBAL, s(0)), ret(2, s(0))]);
}

#[test]
fn calls_change_globals_and_accumulators() {
    let call = || cell(cell::Call { func: FUNC, args: 7, header: 7 });
    let subject = binary("(global.get $g) (call $f)");
    subject.right(&[zero(), set(6, global(GLOBAL)), call(), ret(2, s(6))]);
    subject.wrong(&[zero(), call(), ret(2, global(GLOBAL))], "expected Return");
    subject.wrong(&[zero(), set(6, global(GLOBAL)), call(), ret(2, acc(Class::I32))], "what nobody knows");
    // The callee's frame lies over it.
    let over = [zero(), set(7, global(GLOBAL)), call(), ret(2, s(7))];
    subject.wrong(&over, "what nobody knows");
}

#[test]
fn the_size_of_memory_changes_when_it_grows() {
    let subject = binary("(memory.size) (drop (memory.grow (local.get 0)))");
    let size = || cell(cell::MemorySize {});
    let grow = || [set_acc(s(0)), cell(cell::MemoryGrow {})];
    let [a, b] = grow();
    subject.right(&[zero(), size(), set(6, acc(Class::I32)), a, b, ret(2, s(6))]);
    let [a, b] = grow();
    subject.wrong(&[zero(), a, b, size(), ret(2, acc(Class::I32))], "expected Return");
}

#[test]
fn the_frame_has_an_end_and_a_header() {
    let subject = binary("(local.get 0)");
    subject.wrong(&[zero(), set(3, s(0)), ret(2, s(0))], "header");
    subject.wrong(&[zero(), set(16, s(0)), ret(2, s(0))], "outside of the frame");
    let small = Subject { words: 4, ..binary("(local.get 0)") };
    small.wrong(&[ret(2, s(0))], "the head is not");
}
