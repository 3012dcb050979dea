//! Exceptions: what is emitted for them, and which handlers cover what.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

fn code(options: Options, text: &str) -> Vec<String> {
    let others = "(tag $e) (tag $i (param i32)) (func $f) (func $g (param i32) (result i32) unreachable)";
    lowered(&Machine::base(), options, &format!("(module (func {text}) {others})")).unwrap()
}

fn plain(text: &str) -> Vec<String> {
    code(Options::default(), text)
}

#[test]
fn a_try_table_has_no_cells_but_where_its_handlers_return() {
    let text = plain("(param i32) (result i32) (try_table (catch $i 0) (call $f)) i32.const 1");
    let expected = ["Call func 11 args 4 header 4", "return #1 at 1", "return s4 at 1", "0 catches tag 16 to s4 -> 2"];
    assert_eq!(text, expected);
    let text = plain(
        "(param i32) (result i32)
        (block $h (result exnref) (try_table (catch_all_ref $h) (call $f)) unreachable) drop i32.const 1",
    );
    let expected = ["Call func 11 args 4 header 4", "Unreachable", "return #1 at 1", "0 catches any ref s4 -> 2"];
    assert_eq!(text, expected);
}

#[test]
fn what_waits_below_a_handlers_label_is_in_its_slot() {
    let text = plain(
        "(param i32) (result i32) i32.const 7 local.get 0
        (block $h (result i32 exnref) (try_table (result i32) (catch_ref $i $h) (call $g (local.get 0))) return)
        drop i32.add i32.add",
    );
    let expected = [
        "s5 = s0",
        "s6 = s0",
        "Call func 13 args 6 header 7",
        "return r at 1",
        "r = I32Add(s5, s6)",
        "r = I32Add(r, #7)",
        "return r at 1",
        "2 catches tag 16 to s6 ref s7 -> 4",
    ];
    assert_eq!(text, expected);
}

#[test]
fn a_handler_at_the_beginning_of_a_loop_asks_for_the_epoch() {
    let body = "(param i32) (loop $l (try_table (catch_all $l) (throw $i (i32.add (local.get 0) (i32.const 1)))))";
    let throws = ["s4 = I32Add(s0, #1)", "Throw tag 16 args 4"];
    assert_eq!(plain(body), [&throws[..], &["1 catches any -> 0"]].concat());
    let text = code(Options { epochs: true, ..Options::default() }, body);
    assert_eq!(text, [&throws[..], &["ask Br -> 0", "1 catches any -> 2"]].concat());
}

#[test]
fn a_catch_has_a_reference_below_the_values() {
    let text = plain(
        "(param i32) (result i32)
        try (result i32) local.get 0 call $g catch $i local.get 0 i32.add catch_all rethrow 0 end
        i32.const 2 i32.mul",
    );
    let expected = [
        "s4 = s0",
        "Call func 13 args 4 header 5",
        "s4 = r",
        "Br -> 7",
        "s4 = I32Add(s5, s0)",
        "Br -> 7",
        "ThrowRef exception 4",
        "r = I32Mul(s4, #2)",
        "return r at 1",
        "1 catches tag 16 to s5 ref s4 -> 4, any ref s4 -> 6",
    ];
    assert_eq!(text, expected);
}

#[test]
fn a_delegate_leads_past_the_handlers_in_between() {
    let text = plain("try try try call $f delegate 1 catch $e end call $f catch_all end");
    let expected = [
        "Call func 11 args 3 header 3",
        "Br -> 2",
        "Call func 11 args 3 header 3",
        "Br -> 5",
        "Return header 0",
        "Return header 0",
        "0 catches any ref s3 -> 4",
        "2 catches any ref s3 -> 4",
    ];
    assert_eq!(text, expected);
    let text = plain("try try call $f delegate 1 catch_all end");
    assert!(text.iter().all(|line| !line.contains("catches")), "it leaves the function: {text:?}");
}

#[test]
fn a_loop_that_is_lowered_twice_is_covered_twice() {
    let text = plain(
        "(param i32)
        (block $h (try_table (catch_all $h) (loop $l (local.set 0 (call $g (local.get 0))) (br_if $l (local.get 0)))))",
    );
    assert_eq!(text[9..], ["Return header 1", "Return header 1", "1 catches any -> 10", "6 catches any -> 10"]);
    // Not if it contains one.
    let text = plain(
        "(param i32)
        (loop $l (block $h (try_table (catch_all $h) (local.set 0 (call $g (local.get 0))))) (br_if $l (local.get 0)))",
    );
    assert_eq!(text.iter().filter(|line| line.starts_with("Call")).count(), 1, "{text:?}");
}

#[test]
fn a_handler_may_find_locals_as_they_were_where_its_scope_begins() {
    let zeroes = |text: &str| plain(text).iter().filter(|line| line.starts_with("Zero")).count();
    let set = "(local.set $x (i32.const 1)) (call $f) (local.set $y (i32.const 2))";
    let locals = "(result i32) (local $x i32) (local $y i32)";
    let body = format!("{locals} (block $h (try_table (catch_all $h) {set}))");
    assert_eq!(zeroes(&format!("{body} (local.get $x)")), 1);
    assert_eq!(zeroes(&format!("{body} (local.set $x (i32.const 3)) (local.get $x)")), 0);
    let before = format!("{locals} (local.set $x (i32.const 0)) (block $h (try_table (catch_all $h) {set}))");
    assert_eq!(zeroes(&format!("{before} (local.get $x)")), 0);
    assert_eq!(zeroes(&format!("{before} (local.get $y)")), 1);
    // So it is with the older ones, in a handler and behind it.
    let legacy = "(result i32) (local $x i32) try (result i32) i32.const 1 local.set $x call $f i32.const 0 catch_all";
    assert_eq!(zeroes(&format!("{legacy} local.get $x end")), 1);
    assert_eq!(zeroes(&format!("{legacy} i32.const 1 end drop local.get $x")), 1);
    assert_eq!(zeroes(&format!("{legacy} i32.const 2 local.set $x i32.const 1 end drop local.get $x")), 0);
}
