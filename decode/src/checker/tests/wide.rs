//! Wide arithmetic: integers of 128 bits, either half of which can be lost or taken for the other.

use super::assembler::*;
use crate::ops::{Class, Op};

/// A function of four i64s in slots 0 to 3, with its header in slot 4 and operands from slot 7 on.
fn function(result: &str, body: &str) -> Subject {
    Subject::new(&format!("(module (memory 1) (func (param i64 i64 i64 i64) {result} {body}))"), 20)
}

fn l(number: u16) -> Part {
    slot(number, Class::I64)
}

fn acc_l() -> Part {
    acc(Class::I64)
}

fn join(low: Part, high: Part) -> Part {
    bin(Op::I64Join, low, high)
}

fn widen(low: Part) -> Part {
    un(Op::I64Widen, low)
}

fn product(a: u16, b: u16) -> Part {
    bin(Op::I64MulWideU, l(a), l(b))
}

fn sum(a: Part, b: Part) -> Part {
    bin(Op::I64Add128, a, b)
}

const ANOTHER: &str = "expected Return";

#[test]
fn halves_are_two_values() {
    let subject = function("(result i64)", "(local.get 0) (local.get 1) (i64.mul_wide_u) (i64.sub)");
    let code = |product: Part, difference: Part| [set_high(8, product), ret(4, difference)];
    let sub = |a, b| bin(Op::I64Sub, a, b);
    subject.right(&code(product(0, 1), sub(acc_l(), l(8))));
    subject.right(&code(product(1, 0), sub(acc_l(), l(8))));
    subject.wrong(&code(product(0, 1), sub(l(8), acc_l())), ANOTHER);
    subject.wrong(&code(product(0, 2), sub(acc_l(), l(8))), ANOTHER);
    subject.wrong(&code(bin(Op::I64MulWideS, l(0), l(1)), sub(acc_l(), l(8))), ANOTHER);
    subject.wrong(&[set_high(8, product(0, 1)), set(8, l(0)), ret(4, sub(l(0), l(8)))], ANOTHER);
}

#[test]
fn operands_are_joined_in_order() {
    let body = "(local.get 0) (local.get 1) (local.get 2) (local.get 3) (i64.sub128) (local.set 0)";
    let subject = function("(result i64)", body);
    let code = |a: Part, b: Part| [set_high(0, bin(Op::I64Sub128, a, b)), ret(4, acc_l())];
    subject.right(&code(join(l(0), l(1)), join(l(2), l(3))));
    subject.wrong(&code(join(l(1), l(0)), join(l(2), l(3))), ANOTHER);
    subject.wrong(&code(join(l(0), l(1)), join(l(3), l(2))), ANOTHER);
    subject.wrong(&code(join(l(2), l(3)), join(l(0), l(1))), ANOTHER);
    subject.wrong(&code(widen(l(0)), join(l(2), l(3))), ANOTHER);
    // The same pair added twice, in either order, is the same.
    let body = "(local.get 0) (local.get 1) (local.get 2) (local.get 3) (i64.add128) (local.set 0)";
    let subject = function("(result i64)", body);
    subject.right(&[set_high(0, sum(join(l(2), l(3)), join(l(0), l(1)))), ret(4, acc_l())]);
}

#[test]
fn a_sum_of_products_is_one_value_however_it_is_made() {
    let body = "(local.get 0) (local.get 1) (i64.mul_wide_u) (local.get 2) (i64.const 0) (i64.add128) (local.set 2)";
    let subject = function("(result i64)", body);
    subject.right(&[set_high(2, sum(product(0, 1), widen(l(2)))), ret(4, acc_l())]);
    let taken_apart = |high: u16| {
        [set_high(high, product(0, 1)), set_high(2, sum(join(acc_l(), l(8)), widen(l(2)))), ret(4, acc_l())]
    };
    subject.right(&taken_apart(8));
    subject.wrong(&taken_apart(9), "what nobody knows");
}
