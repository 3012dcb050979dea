//! Loops whose beginning is lowered twice: kept, and taken back.

use super::machine::{Machine, lowered};
use crate::lower::target::Options;

/// The function's cells, without metering.
fn text(machine: &Machine, wat: &str) -> Vec<String> {
    lowered(machine, Options::default(), wat).expect("a valid module")
}

/// Counts down.
const COUNT: &str = "(module (func (param i32)
    (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))))";

/// Adds a number that it counts down to another one.
const SUM: &str = "(module (func (param i32 i32)
    (loop
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if 0 (local.get 0)))))";

#[test]
fn a_loop_is_peeled_if_the_accumulator_takes_a_value_round() {
    let expected = [
        "s0 = I32Sub(s0, #1)",
        "br_if r -> 3",
        // A loop left after its first iteration goes around the other.
        "Br -> 5",
        "s0 = I32Sub(r, #1)",
        "br_if r -> 3",
        "Return header 1",
    ];
    assert_eq!(text(&Machine::base(), COUNT), expected);
}

#[test]
fn a_loop_that_would_be_the_same_again_is_not_peeled() {
    // What an iteration ends with is not what the next one reads first.
    let machine = Machine::base();
    let text = text(
        &machine,
        "(module (func (param i32 i32)
            (loop (local.set 0 (i32.sub (local.get 1) (i32.const 1))) (br_if 0 (local.get 0)))))",
    );
    assert_eq!(text, ["s0 = I32Sub(s1, #1)", "br_if r -> 0", "Return header 2"]);
}

#[test]
fn the_first_body_is_as_it_was_when_peeling_is_undone() {
    // Joined, the body is one cell; again, read from the accumulator, it would be two.
    let joined = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<R<u32>>>";
    let text = text(&Machine::with(&[joined]), COUNT);
    assert_eq!(text, ["s0 = I32Sub(s0, #1); br_if r -> 0", "Return header 1"]);
}

#[test]
fn a_loop_that_is_one_cell_repeats_itself() {
    let joined = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<R<u32>>>";
    let repeated = format!("Repeat<{joined}>");
    let machine = Machine::with(&[joined, &repeated]);
    assert_eq!(text(&machine, COUNT), ["repeat s0 = I32Sub(s0, #1); br_if r -> 0", "Return header 1"]);
    // The second iteration of one that is peeled.
    let again = "Seq<SetSlot<Bin<I32Sub, R<u32>, I<u32>>>, BrIf<R<u32>>>";
    let repeated = format!("Repeat<{again}>");
    let machine = Machine::with(&[joined, again, &repeated]);
    let expected =
        ["s0 = I32Sub(s0, #1); br_if r -> 2", "Br -> 3", "repeat s0 = I32Sub(r, #1); br_if r -> 2", "Return header 1"];
    assert_eq!(text(&machine, COUNT), expected);
}

#[test]
fn long_bodies_are_not_peeled() {
    let mut body = String::new();
    for _ in 0..4 {
        body += "(local.set 0 (i32.sub (local.get 0) (i32.const 1)))";
    }
    let text = text(&Machine::base(), &format!("(module (func (param i32) (loop {body} (br_if 0 (local.get 0)))))"));
    assert_eq!(text.len(), 6);
    assert_eq!(text[4], "br_if r -> 0");
}

#[test]
fn code_behind_a_loop_does_not_know_whether_it_was_peeled() {
    let joined = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<R<u32>>>";
    for machine in [Machine::base(), Machine::with(&[joined])] {
        let wat = COUNT.replace("(local.get 0)))))", "(local.get 0))) (local.set 0 (i32.clz (local.get 0)))))");
        let text = text(&machine, &wat);
        // Either way the accumulator has the counter.
        assert_eq!(text[text.len() - 2], "s0 = I32Clz(r)", "{text:?}");
    }
}

#[test]
fn what_a_longer_loop_ends_with_is_mirrored_where_it_begins_again() {
    let text = text(&Machine::base(), SUM);
    let again = ["s1 = I32Add(s1, r)", "s0 = I32Sub(s0, #1)", "br_if r -> 4"];
    assert_eq!(text[4..7], again, "{text:?}");
    assert_eq!(text[0], "s1 = I32Add(s1, s0)");
}

/// Counts down, with the test in front.
const WHILE: &str = "(module (func (param i32)
    (block (loop
        (br_if 1 (i32.eqz (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br 0)))))";

#[test]
fn a_loop_with_its_test_in_front_is_rotated() {
    let text = text(&Machine::base(), WHILE);
    let expected = [
        "br_if I32Eqz(s0) -> 4",
        "s0 = I32Sub(s0, #1)",
        // The negated test, from the accumulator, in the place of the branch back; and the way out.
        "br_if r -> 1",
        "Br -> 4",
        "Return header 1",
    ];
    assert_eq!(text, expected);
}

#[test]
fn a_loop_is_not_rotated_if_that_saves_no_dispatch() {
    // The branch back joins the cell before it, and the test does not.
    let joined = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, Br>";
    let text = text(&Machine::with(&[joined]), WHILE);
    assert_eq!(text, ["br_if I32Eqz(s0) -> 2", "s0 = I32Sub(s0, #1); Br -> 0", "Return header 1"]);
}

/// As [`Options::default`], with deadlines.
const TIMED: Options = Options { fuse: true, fuel: false, epochs: true, deterministic: false };

/// The function's cells, with deadlines.
fn timed(machine: &Machine, wat: &str) -> Vec<String> {
    lowered(machine, TIMED, wat).expect("a valid module")
}

#[test]
fn branches_back_ask_for_the_epoch() {
    let wat = "(module (func (param i32) (loop (if (local.get 0) (then (br 1))) (br_if 0 (local.get 0)))))";
    let machine = Machine::with(&["Ask<BrIf<S<u32>>>"]);
    assert_eq!(timed(&machine, wat), ["br_if I32Eqz(s0) -> 2", "ask Br -> 0", "ask br_if s0 -> 0", "Return header 1"]);
    // What has no handler for it leads to a cell that does, one for each loop.
    let machine = Machine::base();
    let text = timed(&machine, wat);
    assert_eq!(text, ["br_if I32Eqz(s0) -> 2", "ask Br -> 0", "br_if s0 -> 4", "Return header 1", "ask Br -> 0"]);
    // Entries of a `br_table` too.
    let table =
        "(module (func (param i32) (loop (local.set 0 (i32.const 5)) (loop (br_table 0 1 2 0 (local.get 0))))))";
    assert_eq!(
        timed(&machine, table),
        ["s0 = #5", "r = s0", "BrTable count 3 -> 5 -> 4 -> 3 -> 5", "Return header 1", "ask Br -> 0", "ask Br -> 1"]
    );
}

#[test]
fn a_loop_is_rotated_where_its_test_asks_for_the_epoch() {
    let test = "Ask<BrIf<R<u32>>>";
    assert_eq!(
        timed(&Machine::with(&[test]), WHILE),
        ["br_if I32Eqz(s0) -> 4", "s0 = I32Sub(s0, #1)", "ask br_if r -> 1", "Br -> 4", "Return header 1"]
    );
    // Otherwise nothing is saved.
    assert_eq!(
        timed(&Machine::base(), WHILE),
        ["br_if I32Eqz(s0) -> 3", "s0 = I32Sub(s0, #1)", "ask Br -> 0", "Return header 1"]
    );
}

#[test]
fn a_loop_whose_test_counts_is_not_rotated_where_that_asks_for_the_epoch() {
    // Execution could stand still behind the test, where its state is not that of any place.
    const COUNTS: &str = "(module (func (param i32) (local i32)
        (block (loop
            (br_if 1 (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (br 0)))))";
    let test = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<Un<I32Eqz, R<u32>>>>";
    let negated = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<R<u32>>>";
    let asks = format!("Ask<{negated}>");
    let machine = Machine::with(&[test, negated, &asks]);
    let both = ["ZeroFew a 4 b 4 c 4 d 4", "s0 = I32Sub(s0, #1); br_if I32Eqz(r) -> 5", "s4 = I32Add(s4, r)"];
    let rotated = ["s0 = I32Sub(s0, #1); br_if r -> 2", "Br -> 5", "Return header 1"];
    assert_eq!(text(&machine, COUNTS), [both, rotated].concat());
    assert_eq!(
        timed(&machine, COUNTS),
        [both[0], &both[1].replace("> 5", "> 4"), both[2], "ask Br -> 1", "Return header 1"]
    );
}

#[test]
fn a_peeled_loop_asks_for_the_epoch() {
    assert_eq!(
        timed(&Machine::base(), COUNT),
        [
            "s0 = I32Sub(s0, #1)",
            "br_if r -> 3",
            "Br -> 5",
            // From the accumulator.
            "s0 = I32Sub(r, #1)",
            "br_if r -> 6",
            "Return header 1",
            "ask Br -> 3",
        ]
    );
    let asks = "Ask<BrIf<R<u32>>>";
    assert_eq!(
        timed(&Machine::with(&[asks]), COUNT),
        [
            "s0 = I32Sub(s0, #1)",
            "ask br_if r -> 3",
            "Br -> 5",
            "s0 = I32Sub(r, #1)",
            "ask br_if r -> 3",
            "Return header 1",
        ]
    );
    // Undone, both as they were.
    let joined = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<R<u32>>>";
    let text = timed(&Machine::with(&[joined]), COUNT);
    assert_eq!(text, ["s0 = I32Sub(s0, #1); br_if r -> 2", "Return header 1", "ask Br -> 0"]);
}

#[test]
fn a_loop_of_one_cell_asks_for_the_epoch_while_it_repeats_itself() {
    let joined = "Seq<SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, BrIf<R<u32>>>";
    let [repeated, asks, both] = ["Repeat<", "Ask<", "Repeat<Ask<"].map(|head| {
        let tail = ">".repeat(head.matches('<').count());
        format!("{head}{joined}{tail}")
    });
    let machine = Machine::with(&[joined, &repeated]);
    assert_eq!(text(&machine, COUNT), ["repeat s0 = I32Sub(s0, #1); br_if r -> 0", "Return header 1"]);
    // It must not repeat itself without.
    assert_eq!(timed(&machine, COUNT), ["s0 = I32Sub(s0, #1); br_if r -> 2", "Return header 1", "ask Br -> 0"]);
    let machine = Machine::with(&[joined, &repeated, &asks]);
    assert_eq!(timed(&machine, COUNT), ["ask s0 = I32Sub(s0, #1); br_if r -> 0", "Return header 1"]);
    let machine = Machine::with(&[joined, &repeated, &asks, &both]);
    assert_eq!(timed(&machine, COUNT), ["repeat ask s0 = I32Sub(s0, #1); br_if r -> 0", "Return header 1"]);
}

#[test]
fn nothing_is_lowered_twice_when_metered_or_unfused() {
    for options in [Options { fuel: true, ..Options::default() }, Options { fuse: false, ..Options::default() }] {
        for (wat, back) in [(COUNT, "br_if"), (WHILE, "Br ")] {
            let text = lowered(&Machine::base(), options, wat).expect("a valid module");
            let subtractions = text.iter().filter(|cell| cell.contains("I32Sub")).count();
            assert_eq!(subtractions, 1, "{text:?}");
            assert!(text.iter().rev().nth(1).is_some_and(|cell| cell.starts_with(back)), "{text:?}");
        }
    }
}

#[test]
fn only_the_innermost_of_nested_loops_is_lowered_twice() {
    let text = text(
        &Machine::base(),
        "(module (func (param i32 i32)
            (loop
                (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))
                (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                (br_if 0 (local.get 1)))))",
    );
    assert_eq!(text.iter().filter(|cell| cell.starts_with("s0 =")).count(), 2, "{text:?}");
    assert_eq!(text.iter().filter(|cell| cell.starts_with("s1 =")).count(), 1, "{text:?}");
}

#[test]
fn a_loop_begins_without_knowing_what_the_accumulators_have() {
    let wat = COUNT.replace("(loop", "(local.set 0 (i32.const 5)) (loop");
    assert_eq!(text(&Machine::base(), &wat)[..2], ["s0 = #5", "s0 = I32Sub(s0, #1)"]);
}
