//! Vectors, which take two entries and two slots. In the first of these tests entry 0 owns slot 10; in the others a function
//! has two vectors in slots 0 and 2, two i32s in slots 4 and 5, and its operands from slot 9 on, unless it has results that are
//! longer.

use super::machine::{Machine, cells, lowered};
use crate::layout::HEAD_WORDS;
use crate::lower::accumulators::Mirrors;
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::target::Options;
use crate::lower::tree::{Kind, Register};
use crate::ops::{Class, Op};
use crate::sig::Form;

/// Pushes a local that is a vector.
fn vector(operands: &mut Operands<'_, Machine>, slot: u16) {
    let leaf = operands.trees.slot(Slot(slot), Class::V128);
    operands.push_leaf(leaf);
    operands.push_upper();
}

/// Pushes a local of 32 bits.
fn local(operands: &mut Operands<'_, Machine>, slot: u16) {
    let leaf = operands.trees.slot(Slot(slot), Class::I32);
    operands.push_leaf(leaf);
}

/// Pushes a sum of two locals of 32 bits.
fn sum(operands: &mut Operands<'_, Machine>, a: u16, b: u16) {
    local(operands, a);
    local(operands, b);
    operands.operator_of::<2>(Kind::Binary(Op::I32Add), Form::SetAcc);
}

/// The lane of a vector that lies in a slot.
fn lane(operands: &mut Operands<'_, Machine>, slot: u16) {
    vector(operands, slot);
    operands.operator_of_vectors::<1>(Kind::Lane(Op::I32x4ExtractLane, 3));
}

#[test]
fn a_vector_takes_two_entries() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    vector(&mut operands, 0);
    local(&mut operands, 4);
    vector(&mut operands, 2);
    assert_eq!(operands.height(), 5);
    assert_eq!([0, 1, 2, 3, 4].map(|height| operands.is_upper(height)), [false, true, false, false, true]);
    assert_eq!([2, 3, 5].map(|end| operands.value(end)), [0, 2, 3]);
    operands.spill_from(0);
    assert_eq!(cells(&mut operands.code), ["s10 = s0", "s12 = s4", "s13 = s2"]);
    operands.operator_of_vectors::<1>(Kind::Unary(Op::V128AnyTrue));
    assert_eq!((operands.height(), operands.max_height), (4, 5));
}

#[test]
fn either_half_that_is_written_is_read_before() {
    // A vector is spilled to slots 11 and 12; below it waits what reads one of these.
    for slot in [11, 12] {
        let machine = Machine::base();
        let mut operands = machine.operands();
        sum(&mut operands, 0, slot);
        vector(&mut operands, 2);
        operands.spill(1);
        assert_eq!(cells(&mut operands.code), [&format!("s10 = I32Add(s0, s{slot})"), "s11 = s2"]);
    }
    let machine = Machine::base();
    let mut operands = machine.operands();
    sum(&mut operands, 0, 13);
    vector(&mut operands, 2);
    operands.spill(1);
    assert_eq!(cells(&mut operands.code), ["s11 = s2"]);
}

#[test]
fn a_number_is_written_over_either_half_of_a_vector_that_is_read_before() {
    // The lane of a vector in slots 10 and 11 waits in entry 0, and is read in place.
    let machine = Machine::base();
    let mut operands = machine.operands();
    lane(&mut operands, 10);
    assert!(operands.is_high(0));
    local(&mut operands, 4);
    operands.spill(1);
    assert_eq!(cells(&mut operands.code), ["s10 = I32x4ExtractLane.3(s10)", "s11 = s4"]);
    // One in slots 12 and 13.
    for own in [12, 13] {
        let mut operands = machine.operands();
        lane(&mut operands, 12);
        while operands.own_slot(operands.height()) < Slot(own) {
            operands.push_spilled(Class::I32);
        }
        local(&mut operands, 4);
        operands.spill(operands.height() - 1);
        let expected = ["s10 = I32x4ExtractLane.3(s12)".to_owned(), format!("s{own} = s4")];
        assert_eq!(cells(&mut operands.code), expected);
    }
}

#[test]
fn a_vector_made_of_the_one_in_its_slots_is_not_high() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    vector(&mut operands, 10);
    operands.operator_of_vectors::<1>(Kind::Unary(Op::V128Not));
    assert!(!operands.is_high(0) && !operands.is_high(1));
    operands.pop(2);
    // One higher, it is.
    vector(&mut operands, 11);
    operands.operator_of_vectors::<1>(Kind::Unary(Op::V128Not));
    assert!(operands.is_high(0));
}

#[test]
fn a_call_spills_what_reads_the_upper_half_where_the_callees_frame_lies() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    lane(&mut operands, 10);
    lane(&mut operands, 9);
    operands.spill_for_call(2);
    assert_eq!(cells(&mut operands.code), ["s10 = I32x4ExtractLane.3(s10)"]);
}

#[test]
fn either_half_that_is_written_is_mirrored_no_longer() {
    for (slot, is_mirrored) in [(2, true), (3, false), (4, false), (5, true)] {
        let mut mirrors = Mirrors::NONE;
        mirrors.written(Class::V128, Slot(3));
        mirrors.written(Class::I32, Slot(slot));
        assert_eq!(mirrors.of(Register::Float).bit != 0, is_mirrored, "{slot}");
        // The other way round.
        let mut mirrors = Mirrors::NONE;
        mirrors.written(Class::I32, Slot(slot));
        mirrors.written(Class::V128, Slot(3));
        assert_eq!(mirrors.of(Register::Integer).bit != 0, is_mirrored, "{slot}");
    }
}

#[test]
fn floats_and_vectors_take_the_accumulator_from_each_other() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::F32);
    vector(&mut operands, 0);
    operands.materialise(1);
    assert_eq!(cells(&mut operands.code), ["s10 = v", "v = s0"]);
    assert_eq!(operands.accs.owners.of(Register::Float), Some(1));
    operands.push_acc(Class::I32);
    let leaf = operands.trees.slot(Slot(4), Class::F64);
    operands.push_leaf(leaf);
    operands.materialise(4);
    assert_eq!(cells(&mut operands.code)[2..], ["s11 = v", "v = s4"]);
    assert_eq!(operands.accs.owners.of(Register::Integer), Some(3));
}

#[test]
fn a_vector_that_is_no_longer_asked_for_leaves_the_accumulator() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::V128);
    operands.pop(2);
    assert_eq!(operands.accs.owners.of(Register::Float), None);
    operands.push_acc(Class::V128);
    operands.replace_with_slot(0, operands.own_slot(0));
    assert_eq!(operands.accs.owners.of(Register::Float), None);
    operands.spill_from(0);
    assert_eq!(cells(&mut operands.code), [""; 0]);
}

#[test]
fn vectors_move_down_to_a_labels_slots() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_spilled(Class::I32);
    operands.push_spilled(Class::V128);
    local(&mut operands, 4);
    operands.move_to(3, 0);
    // The first half is overwritten when both were read.
    assert_eq!(cells(&mut operands.code), ["s10 = s11", "s12 = s4"]);
}

#[test]
fn results_are_words() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    vector(&mut operands, 0);
    operands.emit_return(2);
    vector(&mut operands, 2);
    local(&mut operands, 4);
    operands.emit_return(3);
    operands.truncate(0);
    local(&mut operands, 4);
    vector(&mut operands, 2);
    operands.emit_return(3);
    let expected = [
        "return s0 at 4",
        "s12 = s2",
        "s14 = s4",
        "Copy from 14 to 2 count 1",
        "return s12 at 4",
        "s10 = s4",
        "s11 = s2",
        "Copy from 11 to 1 count 2",
        "return s10 at 4",
    ];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn arguments_of_a_tail_call_overwrite_no_half_that_is_read_later() {
    let machine = Machine::base();
    let in_place = |push: &dyn Fn(&mut Operands<'_, Machine>)| {
        let mut operands = machine.operands();
        push(&mut operands);
        let count = operands.height();
        let (_, moved) = operands.tail_arguments(count);
        (moved == 0).then(|| cells(&mut operands.code))
    };
    let same = in_place(&|operands| {
        vector(operands, 0);
        vector(operands, 2);
    });
    assert_eq!(same, Some(vec![]));
    let swapped = in_place(&|operands| {
        vector(operands, 2);
        vector(operands, 0);
    });
    assert_eq!(swapped, Some(vec!["s12 = s0".into(), "s0 = s2".into(), "s2 = s12".into()]));
    // A vector goes one slot down, over its own first half.
    let down = in_place(&|operands| {
        vector(operands, 1);
        local(operands, 3);
    });
    assert_eq!(down, Some(vec!["s0 = s1".into(), "s2 = s3".into()]));
    // The vector's second half is written where the number is.
    let over = in_place(&|operands| {
        vector(operands, 2);
        local(operands, 1);
    });
    assert_eq!(over, Some(vec!["s12 = s1".into(), "s0 = s2".into(), "s2 = r".into()]));
    // The number is written where the vector's second half is.
    let under = in_place(&|operands| {
        local(operands, 3);
        local(operands, 2);
        vector(operands, 1);
    });
    assert_eq!(under, Some(vec!["s12 = s1".into(), "s0 = s3".into(), "s1 = s2".into(), "s2 = v".into()]));
}

fn text(machine: &Machine, results: &str, body: &str) -> Vec<String> {
    let wat = format!(
        r#"(module
            (type $pair (func (param i32 v128) (result v128 i32)))
            (type $carry (func (param v128) (result v128)))
            (import "" "f" (func $f (type $pair)))
            (import "" "g" (global $g (mut v128)))
            (memory 1)
            (table 1 funcref)
            (func (param v128 v128 i32 i32) {results} {body}))"#
    );
    lowered(machine, Options::default(), &wat).expect("a valid module")
}

/// What becomes of a body that gives a vector.
pub(super) fn gives(body: &str) -> Vec<String> {
    text(&Machine::base(), "(result v128)", body)
}

#[test]
fn a_dropped_vector_still_traps() {
    assert_eq!(
        text(&Machine::base(), "", "(drop (v128.load (local.get 2)))"),
        ["v = V128Load[0](s4)", "Return header 6"]
    );
    assert_eq!(text(&Machine::base(), "", "(drop (i8x16.add (local.get 0) (local.get 1)))"), ["Return header 6"]);
}

#[test]
fn locals_are_set_and_read() {
    assert_eq!(gives("(local.tee 0 (v128.not (local.get 1)))"), ["s0 = V128Not(s2)", "return v at 6"]);
    // To itself.
    assert_eq!(gives("(local.tee 0 (local.get 0))"), ["return s0 at 6"]);
    // What reads it is put away before.
    let text = gives("(local.get 0) (local.set 0 (local.get 1))");
    assert_eq!(text, ["s9 = s0", "s0 = s2", "return s9 at 6"]);
    // A local in two slots that begins in one that no local begins in.
    let text = gives("(local i32 v128 i32) (local.set 5 (local.get 0)) (local.set 6 (local.get 3)) (local.get 5)");
    assert_eq!(text, ["s10 = s0", "s12 = s5", "return v at 6"]);
}

#[test]
fn globals_are_read_before_they_are_set() {
    let word = HEAD_WORDS + 2 * 2;
    let text = gives("(global.get $g) (global.set $g (v128.not (local.get 0)))");
    assert_eq!(
        text,
        [&format!("s9 = global@{word}"), "v = V128Not(s0)", &format!("global@{word} = v"), "return s9 at 6"]
    );
}

#[test]
fn operators_of_vectors_are_cut_as_others_are() {
    let text = gives("(i32x4.add (v128.not (local.get 0)) (i32x4.mul (local.get 0) (local.get 1)))");
    assert_eq!(text, ["s9 = V128Not(s0)", "v = I32x4Mul(s0, s2)", "v = I32x4Add(v, s9)", "return v at 6"]);
    let text = gives("(v128.bitselect (v128.not (local.get 0)) (i32x4.neg (local.get 1)) (i8x16.neg (local.get 1)))");
    let expected = ["s9 = V128Not(s0)", "s11 = I32x4Neg(s2)", "v = I8x16Neg(s2)", "v = V128Bitselect(s9, s11, v)"];
    assert_eq!(text[..4], expected);
    let text = gives("(select (local.get 0) (v128.not (local.get 1)) (local.get 2))");
    assert_eq!(text, ["s11 = V128Not(s2)", "v = Select(s0, s11, s4)", "return v at 6"]);
    assert_eq!(gives("(v128.const i64x2 1 2)"), ["return #1:2 at 6"]);
    let body = "(i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.not (local.get 0)) (local.get 1))";
    let shuffle = "v = I8x16Shuffle(v, s2, #706050403020100:1f0e0d0c0b0a0908)";
    assert_eq!(gives(body), ["v = V128Not(s0)", shuffle, "return v at 6"]);
}

#[test]
fn vectors_and_numbers_are_operands_of_one_operator() {
    let text = gives("(i32x4.replace_lane 1 (v128.not (local.get 0)) (i32.load (local.get 2)))");
    let expected = ["s9 = V128Not(s0)", "r = I32Load[0](s4)", "v = I32x4ReplaceLane.1(s9, r)", "return v at 6"];
    assert_eq!(text, expected);
    let text = gives("(i64x2.shl (v128.not (local.get 0)) (i32.load (local.get 2)))");
    assert_eq!(text, ["s9 = V128Not(s0)", "r = I32Load[0](s4)", "v = I64x2Shl(s9, r)", "return v at 6"]);
}

#[test]
fn the_address_of_a_lane_that_is_loaded_is_evaluated_before_the_vector() {
    let lane = |address: &str, vector: &str| gives(&format!("(v128.load8_lane 3 {address} {vector})"));
    let (load, vector_load) = ("(i32.load (local.get 2))", "(v128.load (local.get 3))");
    let expected = [
        "s9 = I32Load[0](s4)",
        "s10 = V128Load[0](s5)",
        "r = I32Load8U[0](r)",
        "v = I8x16ReplaceLane.3(s10, r)",
        "return v at 6",
    ];
    assert_eq!(lane(load, vector_load), expected);
    // Only the vector may trap, or only the address.
    let expected = ["s10 = V128Load[0](s5)", "r = I32Load8U[0](s4)", "v = I8x16ReplaceLane.3(s10, r)", "return v at 6"];
    assert_eq!(lane("(local.get 2)", vector_load), expected);
    let expected = ["r = I32Load[0](s4)", "r = I32Load8U[0](r)", "v = I8x16ReplaceLane.3(s0, r)", "return v at 6"];
    assert_eq!(lane(load, "(local.get 0)"), expected);
    // The address is in the accumulator, which evaluating the vector leaves alone, or not.
    let (address, vector) = ("(i32.add (local.get 2) (local.get 3))", "(i32x4.splat (i32.load (local.get 3)))");
    let expected = [
        "r = I32Load[0](s5)",
        "s10 = I32x4Splat(r)",
        "r = I32Add(s4, s5)",
        "r = I32Load8U[0](r)",
        "v = I8x16ReplaceLane.3(s10, r)",
        "return v at 6",
    ];
    assert_eq!(lane(address, vector), expected);
}

#[test]
fn the_address_of_a_lane_that_is_stored_is_evaluated_before_the_vector() {
    let body = "(v128.store8_lane 3 (i32.load (local.get 2)) (v128.load (local.get 3)))";
    let expected = [
        "s9 = I32Load[0](s4)",
        "v = V128Load[0](s5)",
        "r = I8x16ExtractLaneU.3(v)",
        "I32Store8[0](s9, r)",
        "Return header 6",
    ];
    assert_eq!(text(&Machine::base(), "", body), expected);
    let body = "(v128.store (i32.load (local.get 2)) (v128.load (local.get 3)))";
    let expected = ["s9 = I32Load[0](s4)", "v = V128Load[0](s5)", "V128Store[0](s9, v)", "Return header 6"];
    assert_eq!(text(&Machine::base(), "", body), expected);
}

#[test]
fn calls_take_and_give_words() {
    let results = "(result v128 i32)";
    let body = "(call $f (local.get 2) (v128.not (local.get 1)))";
    let expected = [
        "s9 = s4",
        "s10 = V128Not(s2)",
        &format!("Call func {HEAD_WORDS} args 9 header 12"),
        // The first result is in the accumulator, and the second behind where it would lie.
        "s9 = v",
        "Copy from 11 to 2 count 1",
        "return s9 at 6",
    ];
    assert_eq!(text(&Machine::base(), results, body), expected);
    let body = "(return_call $f (local.get 2) (local.get 1))";
    let call = format!("ReturnCall func {HEAD_WORDS} args 9 moves 1 header 6 new_header 3");
    assert_eq!(text(&Machine::base(), results, body), ["s0 = s4", "s1 = s2", &call]);
    let body = "(return_call_indirect (type $pair) (local.get 2) (local.get 1) (local.get 3))";
    let table = HEAD_WORDS + 2 * 2 + 1;
    let call = format!("ReturnCallIndirect table {table} type_id 0 args 9 moves 7 header 6 new_header 3");
    assert_eq!(text(&Machine::base(), results, body), ["s9 = s4", "s10 = s2", "r = s5", &call]);
}

#[test]
fn blocks_take_and_give_vectors() {
    let text = gives("(block (result v128) (br_if 0 (local.get 0) (local.get 2)) (drop) (local.get 1))");
    assert_eq!(text, ["s9 = s0", "br_if s4 -> 3", "return s2 at 6", "return s9 at 6"]);
    let text = gives("(local.get 0) (block (param v128) (result v128) (v128.not) (br_if 0 (local.get 2)))");
    assert_eq!(text, ["s9 = s0", "s9 = V128Not(v)", "br_if s4 -> 4", "return v at 6", "return s9 at 6"]);
    // A branch's vector lies one slot above where the label has it.
    let text = gives(
        "(local.get 2)
         (block (result v128) (local.get 3) (br_if 0 (local.get 0) (local.get 2)) (drop) (drop) (local.get 1))
         (drop) (drop) (local.get 1)",
    );
    let expected = ["s9 = s4", "s11 = s0", "br_if I32Eqz(s4) -> 5", "s10 = v", "Br -> 6", "s10 = s2", "return s2 at 6"];
    assert_eq!(text, expected);
}

#[test]
fn tables_of_branches_move_vectors() {
    let text =
        gives("(block (result v128) (block (result v128) (local.get 2) (local.get 0) (local.get 3) (br_table 0 1 2)))");
    let expected = [
        "s10 = s0",
        "r = s5",
        "BrTable count 2 -> 3 -> 5 -> 7",
        "s9 = s10",
        "Br -> 8",
        "s9 = s10",
        "Br -> 9",
        "return s10 at 6",
        "return s9 at 6",
        "return s9 at 6",
    ];
    assert_eq!(text, expected);
}

#[test]
fn loops_carry_vectors() {
    let text = gives(
        "(local.get 0)
         (loop (param v128) (result v128) (v128.not)
            (local.set 2 (i32.sub (local.get 2) (i32.const 1))) (br_if 0 (local.get 2)))",
    );
    let expected = ["s9 = s0", "s4 = I32Sub(s4, #1)", "s9 = V128Not(s9)", "br_if r -> 1", "return v at 6"];
    assert_eq!(text, expected);
    // A peeled loop finds the vector in the accumulator.
    let body = "(loop (local.set 0 (i32x4.add (local.get 0) (local.get 1)))
            (br_if 0 (i32x4.all_true (local.get 0))))
         (local.get 0)";
    let round = |vector: &str| [format!("s0 = I32x4Add({vector}, s2)"), "r = I32x4AllTrue(v)".into()];
    let branch = |to: usize| vec![format!("br_if r -> {to}")];
    let [first, again] = [round("s0").to_vec(), round("v").to_vec()];
    let end = ["Br -> 7".to_owned()];
    let expected = [&first[..], &branch(4), &end, &again, &branch(4), &["return v at 6".to_owned()]].concat();
    assert_eq!(gives(body), expected);
}

#[test]
fn an_if_that_sets_a_vector_is_a_selection() {
    let text = gives("(if (local.get 2) (then (local.set 0 (local.get 1)))) (local.get 0)");
    assert_eq!(text, ["s0 = Select(s2, s0, s4)", "return v at 6"]);
    let text = gives("(if (result v128) (local.get 2) (then (local.get 0)) (else (local.get 1)))");
    assert_eq!(text, ["s9 = Select(s0, s2, s4)", "return v at 6"]);
}
