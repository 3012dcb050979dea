//! Which `if`s become selections.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

const ONE_ARM: &str = "SetSlot<Select<S<u32>, S<u32>, S<u32>>>";

fn text(machine: &Machine, body: &str) -> Vec<String> {
    let wat = format!("(module (memory 1) (func (param i32 i32 i32) {body}))");
    lowered(machine, Options::default(), &wat).expect("a valid module")
}

/// Whether the machine is asked for a branch.
fn branches(text: &[String]) -> bool {
    text.iter().any(|cell| cell.contains("br_if"))
}

#[test]
fn an_if_that_sets_a_local_is_a_selection() {
    let text = text(&Machine::with(&[ONE_ARM]), "(if (local.get 0) (then (local.set 1 (local.get 2))))");
    assert_eq!(text, ["s1 = Select(s2, s1, s0)", "Return header 3"]);
}

#[test]
fn an_if_whose_arms_set_the_same_local_is_a_selection() {
    let machine = Machine::with(&["SetSlot<Select<Un<I32Clz, S<u32>>, I<u32>, S<u32>>>"]);
    let body = "(if (local.get 0)
        (then (local.set 1 (i32.clz (local.get 2)))) (else (local.set 1 (i32.const 7))))";
    assert_eq!(text(&machine, body), ["s1 = Select(I32Clz(s2), #7, s0)", "Return header 3"]);
    // With the condition negated and the arms the other way round, if that is what there is.
    let machine = Machine::with(&["SetSlot<Select<I<u32>, Un<I32Clz, S<u32>>, Un<I32Eqz, S<u32>>>>"]);
    assert_eq!(text(&machine, body), ["s1 = Select(#7, I32Clz(s2), I32Eqz(s0))", "Return header 3"]);
}

#[test]
fn an_if_with_a_result_is_a_selection_to_its_slot() {
    let body = "(local.set 1 (if (result i32) (local.get 0) (then (local.get 1)) (else (local.get 2))))";
    let text = text(&Machine::with(&[ONE_ARM]), body);
    assert_eq!(text, ["s6 = Select(s1, s2, s0)", "s1 = r", "Return header 3"]);
}

#[test]
fn an_if_stays_without_a_handler() {
    let machine = Machine::with(&[]);
    let body = "(if (local.get 0) (then (local.set 1 (i32.clz (local.get 2)))))";
    let expected = ["br_if I32Eqz(s0) -> 2", "s1 = I32Clz(s2)", "Return header 3"];
    assert_eq!(text(&machine, body), expected);
}

#[test]
fn arms_that_do_something_else_stay() {
    let shapes = [
        ONE_ARM,
        "SetSlot<Select<Load<I32Load, S<u32>>, S<u32>, S<u32>>>",
        "SetSlot<Select<Bin<I32DivU, S<u32>, S<u32>>, S<u32>, S<u32>>>",
    ];
    let machine = Machine::with(&shapes);
    for arm in [
        // May trap.
        "(local.set 1 (i32.load (local.get 2)))",
        "(local.set 1 (i32.div_u (local.get 2) (local.get 2)))",
        // Two assignments.
        "(local.set 1 (local.get 2)) (local.set 2 (local.get 0))",
        // Something else besides.
        "(local.set 1 (local.get 2)) (i32.store (local.get 0) (local.get 0))",
        "(i32.store (local.get 0) (local.get 0)) (local.set 1 (local.get 2))",
        // No assignment at all.
        "(nop)",
    ] {
        let text = text(&machine, &format!("(if (local.get 0) (then {arm}))"));
        assert!(branches(&text), "{arm}: {text:?}");
    }
}

#[test]
fn arms_that_set_different_locals_stay() {
    let body = "(if (local.get 0) (then (local.set 1 (local.get 2))) (else (local.set 2 (local.get 1))))";
    assert!(branches(&text(&Machine::with(&[ONE_ARM]), body)));
    // The second arm sets nothing.
    let body = "(if (local.get 0) (then (local.set 1 (local.get 2))) (else))";
    assert!(branches(&text(&Machine::with(&[ONE_ARM]), body)));
}

#[test]
fn an_if_that_something_leaves_stays() {
    let body = "(block (if (local.get 0) (then (local.set 1 (local.get 2)) (br 1)))) (local.set 2 (i32.const 1))";
    assert!(branches(&text(&Machine::with(&[ONE_ARM]), body)));
    let body = "(if (local.get 0) (then (br_if 0 (local.get 2)) (local.set 1 (local.get 2))))";
    assert!(branches(&text(&Machine::with(&[ONE_ARM]), body)));
}

#[test]
fn the_inner_of_two_becomes_a_selection() {
    let machine = Machine::with(&[ONE_ARM]);
    let inner = "(if (local.get 0) (then (local.set 1 (local.get 2))))";
    let text = text(&machine, &format!("(if (local.get 1) (then {inner}))"));
    assert_eq!(text, ["br_if I32Eqz(s1) -> 3", "s1 = Select(s2, s1, s0)", "Return header 3", "Return header 3"]);
}

#[test]
fn a_branch_that_joined_another_cell_stays() {
    let machine = Machine::with(&[ONE_ARM, "Seq<SetSlot<I<u32>>, BrIf<Un<I32Eqz, S<u32>>>>"]);
    let body = "(local.set 2 (i32.const 7)) (if (local.get 0) (then (local.set 1 (local.get 2))))";
    let text = text(&machine, body);
    assert_eq!(text, ["s2 = #7; br_if I32Eqz(s0) -> 3", "s1 = r", "Return header 3", "Return header 3"]);
}

#[test]
fn what_the_accumulators_mirrored_before_the_branch_they_mirror_in_the_selection() {
    let machine = Machine::with(&[ONE_ARM, "SetSlot<Select<R<u32>, S<u32>, S<u32>>>"]);
    let body = "(local.set 2 (i32.const 7)) (if (local.get 0) (then (local.set 1 (local.get 2))))";
    let text = text(&machine, body);
    assert_eq!(text, ["s2 = #7", "s1 = Select(r, s1, s0)", "Return header 3"]);
}

#[test]
fn an_arm_of_which_a_part_joined_the_branch_stays() {
    // The first assignment fits into the branch's padding, so the second begins where the arm does.
    let machine = Machine::with(&[ONE_ARM, "Seq<BrIf<Un<I32Eqz, S<u32>>>, SetSlot<S<u32>>>"]);
    let body = "(if (local.get 0) (then (local.set 1 (local.get 2)) (local.set 2 (local.get 0))))
        (local.set 0 (i32.const 7))";
    let text = text(&machine, body);
    assert_eq!(text, ["br_if I32Eqz(s0) -> 2; s1 = s2", "s2 = s0", "s0 = #7", "Return header 3"]);
}
