//! Typed references to functions: calls through them, and branches on null.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

const TYPES: &str = "(type $t (func (param i32) (result i32))) (type $u (sub (func (param i32) (result i32))))";

fn code(options: Options, text: &str) -> Vec<String> {
    lowered(&Machine::base(), options, &format!("(module {TYPES} (table 1 funcref) (func {text}))")).unwrap()
}

#[test]
fn a_call_takes_the_function_from_the_accumulator() {
    let text = code(Options::default(), "(param i32 (ref null $t)) (result i32) local.get 0 local.get 1 call_ref $t");
    assert_eq!(text, ["s5 = s0", "r = s1", "CallRef type_id 0 args 5 header 6", "return r at 2"]);
}

#[test]
fn a_table_gives_functions_below_a_type_that_is_not_final() {
    let body = "(param i32) (result i32) local.get 0 i32.const 7 call_indirect";
    let text = code(Options::default(), &format!("{body} (type $u)"));
    let expected =
        ["r = #7", "TableFunc table 11 type_id 1", "s5 = r", "s4 = s0", "r = s5", "CallRef type_id 1 args 4 header 5"];
    assert_eq!(text[..6], expected, "{text:?}");
    let text = code(Options::default(), &format!("{body} (type $t)"));
    assert_eq!(text[..3], ["s4 = s0", "r = #7", "CallIndirect table 11 type_id 0 args 4 header 5"], "{text:?}");
}

#[test]
fn a_branch_on_null_leaves_the_reference_to_whoever_does_not_branch() {
    let body = "i32.const 3 i32.const 1 local.get 0 br_on_null 0 call_ref $t drop";
    let text = code(Options::default(), &format!("(param (ref null $t)) (result i32) {body}"));
    let expected = ["s6 = s0", "s5 = #1", "br_if I64Ne(s6, #0) -> 4", "return r at 1", "r = s6"];
    assert_eq!(text[..5], expected, "{text:?}");
}

#[test]
fn a_branch_on_what_is_not_null_takes_it_along() {
    let body = "block (result (ref $t)) local.get 0 br_on_non_null 0 i32.const 5 return end ref.is_null";
    let text = code(Options::default(), &format!("(param (ref null $t)) (result i32) {body}"));
    assert_eq!(text, ["s4 = s0", "br_if I64Ne(r, #0) -> 3", "return #5 at 1", "r = RefIsNull(s4)", "return r at 1"]);
}
