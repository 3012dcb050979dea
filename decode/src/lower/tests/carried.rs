//! Loops of one cell whose slots are registers as long as they run.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

fn text(machine: &Machine, wat: &str) -> Vec<String> {
    lowered(machine, Options::default(), wat).expect("a valid module")
}

/// Adds a number that it counts down to another one.
const SUM: &str = "(module (func (param i32 i32)
    (loop
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))";
/// What carries it.
const CARRIES_SUM: &str = "Carried<001111, Seq<Seq<SetSlot<Bin<I32Add, S<u32>, S<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>>, BrIf<S<u32>>>>";
const SUM_CARRIED: &str = "carry s1 = I32Add(s1, s0); s0 = I32Sub(s0, #1); br_if s0 -> 0";

#[test]
fn a_loop_of_several_cells_is_carried_by_one() {
    let expected = [SUM_CARRIED, "Return header 2"];
    assert_eq!(text(&Machine::with(&[CARRIES_SUM]), SUM), expected);
    // Joined, or peeled and repeated, it is the same.
    let joined = "Seq<SetSlot<Bin<I32Add, S<u32>, S<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>>";
    let whole = format!("Seq<{joined}, BrIf<R<u32>>>");
    let machine = Machine::with(&[joined, &whole, &format!("Repeat<{whole}>"), CARRIES_SUM]);
    assert_eq!(text(&machine, SUM), expected);
}

#[test]
fn it_depends_on_which_slots_are_the_same() {
    let other = SUM.replace("(i32.add (local.get 1) (local.get 0))", "(i32.add (local.get 0) (local.get 1))");
    let text = text(&Machine::with(&[CARRIES_SUM]), &other);
    assert!(text.iter().all(|cell| !cell.starts_with("carry")), "{text:?}");
}

#[test]
fn what_follows_knows_the_accumulator() {
    let wat = SUM.replace("(i32.const 1)))))))", "(i32.const 1)))))  (local.set 0 (i32.clz (local.get 0)))))");
    let text = text(&Machine::with(&[CARRIES_SUM]), &wat);
    assert_eq!(text, [SUM_CARRIED, "s0 = I32Clz(r)", "Return header 2"]);
}

#[test]
fn where_code_asks_for_the_epoch_another_cell_does_for_it() {
    let options = Options { epochs: true, ..Options::default() };
    let text = lowered(&Machine::with(&[CARRIES_SUM]), options, SUM).unwrap();
    let [start, carried, rest @ ..] = &text[..] else { panic!("{text:?}") };
    let _ = start;
    assert!(carried.starts_with("carry") || start.starts_with("carry"), "{text:?}");
    assert!(rest.iter().any(|cell| cell.starts_with("ask Br")), "{text:?}");
}

#[test]
fn code_with_fuel_carries_nothing() {
    let options = Options { fuel: true, ..Options::default() };
    let text = lowered(&Machine::with(&[CARRIES_SUM]), options, SUM).unwrap();
    assert!(text.iter().all(|cell| !cell.starts_with("carry")), "{text:?}");
}

/// The test in front, which other branches to its label surround, and the branch back.
const WHILE: &str = "(module (func (param i32 i32)
    (block
        (br_if 0 (local.get 1))
        (loop
            (br_if 1 (i32.eqz (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br 0))
        (unreachable))
    (local.set 0 (i32.const 3))))";
const CARRIES_WHILE: &str =
    "Carried<000, Seq<Seq<BrIf<Un<I32Eqz, S<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>>, Br>>";

#[test]
fn branches_that_leave_a_loop_move() {
    let expected =
        ["br_if s1 -> 2", "carry br_if I32Eqz(s0) -> 2; s0 = I32Sub(s0, #1); Br -> 1", "s0 = #3", "Return header 2"];
    assert_eq!(text(&Machine::with(&[CARRIES_WHILE]), WHILE), expected);
}

#[test]
fn two_branches_may_leave_for_one_label_or_two() {
    let carries = "Carried<0100, Seq<Seq<Seq<BrIf<Un<I32Eqz, S<u32>>>, BrIf<S<u32>>>, \
                   SetSlot<Bin<I32Sub, S<u32>, I<u32>>>>, Br>>";
    let wat = WHILE.replace("(local.set 0 (i32.sub", "(br_if 1 (local.get 1)) (local.set 0 (i32.sub");
    let expected = [
        "br_if s1 -> 2",
        "carry br_if I32Eqz(s0) -> 2; br_if s1 -> 2; s0 = I32Sub(s0, #1); Br -> 1",
        "s0 = #3",
        "Return header 2",
    ];
    assert_eq!(text(&Machine::with(&[carries]), &wat), expected);
    let wat = wat.replace("(block\n        (br_if 0", "(block (block\n        (br_if 0");
    let wat = wat.replace("(br_if 1 (local.get 1))", "(br_if 2 (local.get 1))");
    let wat = wat.replace("(unreachable))", "(unreachable)) (local.set 1 (i32.const 4)))");
    let expected = [
        "br_if s1 -> 2",
        "carry br_if I32Eqz(s0) -> 2; br_if s1 -> 3; s0 = I32Sub(s0, #1); Br -> 1",
        "s1 = #4",
        "s0 = #3",
        "Return header 2",
    ];
    assert_eq!(text(&Machine::with(&[carries]), &wat), expected);
}

#[test]
fn a_branch_may_move_to_where_another_was_to_the_same_label() {
    let carries = "Carried<01211, Seq<Seq<Seq<Seq<SetSlot<I<u32>>, BrIf<S<u32>>>, BrIf<S<u32>>>, \
                   SetSlot<Bin<I32Sub, S<u32>, I<u32>>>>, Br>>";
    let wat = "(module (func (param i32 i32 i32)
        (block
            (loop
                (local.set 1 (i32.const 7))
                (br_if 1 (local.get 0))
                (br_if 1 (local.get 2))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br 0)))))";
    let expected = ["carry s1 = #7; br_if s0 -> 1; br_if s2 -> 1; s0 = I32Sub(s0, #1); Br -> 0", "Return header 3"];
    assert_eq!(text(&Machine::with(&[carries]), wat), expected);
}

#[test]
fn values_of_a_loops_label_are_carried() {
    let wat = "(module (func (param i32 i32) (result i32)
        (local.get 0)
        (loop (param i32) (result i32)
            (i32.add (local.get 1))
            (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))))";
    let add = "SetSlot<Bin<I32Add, S<u32>, S<u32>>>";
    let down = "SetSlot<Bin<I32Sub, S<u32>, I<u32>>>";
    let machine = Machine::with(&[&format!("Carried<001111, Seq<Seq<{add}, {down}>, BrIf<S<u32>>>>")]);
    let text = text(&machine, wat);
    assert!(text[1].starts_with("carry s"), "{text:?}");
}

#[test]
fn a_loop_in_which_something_waits_is_not_carried() {
    let carries = "Carried<000, Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<S<u32>>>>";
    let wat = "(module (func (param i32 i32) (result i32)
        (loop (result i32)
            (local.get 1)
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))";
    let text = text(&Machine::with(&[carries]), wat);
    assert!(text.iter().all(|cell| !cell.starts_with("carry")), "{text:?}");
}

#[test]
fn an_if_that_is_a_selection_is_a_statement() {
    let select = "SetSlot<Select<S<u32>, S<u32>, S<u32>>>";
    let down = "SetSlot<Bin<I32Sub, S<u32>, I<u32>>>";
    let carries = format!("Carried<0102222, Seq<Seq<{select}, {down}>, BrIf<S<u32>>>>");
    let wat = "(module (func (param i32 i32 i32)
        (loop
            (if (local.get 1) (then (local.set 0 (local.get 2))))
            (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))))";
    let expected = ["carry s0 = Select(s2, s0, s1); s1 = I32Sub(s1, #1); br_if s1 -> 0", "Return header 3"];
    assert_eq!(text(&Machine::with(&[&carries]), wat), expected);
    // One that stays a branch is a block.
    let wat = wat.replace("(local.get 2))))", "(i32.load (local.get 2)))))").replace("(func", "(memory 1) (func");
    let text = text(&Machine::with(&[&carries]), &wat);
    assert!(text.iter().all(|cell| !cell.starts_with("carry")), "{text:?}");
}
