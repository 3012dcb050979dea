//! When trees on the operand stack wait, and when they are spilled. In these tests entry 0 owns slot 10.

use super::machine::{Machine, cells};
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::tree::{Kind, Register, Traits};
use crate::ops::{Class, Op};
use crate::sig::Form;

/// Pushes an operator of two locals.
fn binary(operands: &mut Operands<'_, Machine>, op: Op, a: u16, b: u16) {
    for slot in [a, b] {
        let leaf = operands.trees.slot(Slot(slot), op.info().operand);
        operands.push_leaf(leaf);
    }
    operands.operator_of::<2>(Kind::Binary(op), Form::SetAcc);
}

/// Pushes what a global holds.
fn global(operands: &mut Operands<'_, Machine>, word: u32) {
    let leaf = operands.trees.global(word, Class::I32);
    operands.push(leaf);
}

/// Pushes a load from the address in a local.
fn load(operands: &mut Operands<'_, Machine>, address: u16) {
    let leaf = operands.trees.slot(Slot(address), Class::I32);
    operands.push_leaf(leaf);
    operands.operator_of::<1>(Kind::Load(Op::I32Load, 0), Form::SetAcc);
}

/// Whether the entry still waits.
fn waits(operands: &Operands<'_, Machine>, height: usize) -> bool {
    !operands.is_spilled(height)
}

#[test]
fn what_reads_a_local_is_spilled_before_it_is_set() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    binary(&mut operands, Op::I32Add, 0, 1);
    binary(&mut operands, Op::I32Add, 2, 1);
    operands.spill_readers(2, Slot(0));
    assert_eq!(cells(&mut operands.code), ["s10 = I32Add(s0, s1)"]);
    assert!(!waits(&operands, 0) && waits(&operands, 1));
    // Slots 64 apart have the same bit, and are not the same.
    operands.spill_readers(2, Slot(66));
    assert!(waits(&operands, 1));
}

#[test]
fn what_may_trap_or_reads_what_changes_is_spilled_before_a_side_effect() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    binary(&mut operands, Op::I32Add, 0, 1);
    load(&mut operands, 0);
    global(&mut operands, 5);
    binary(&mut operands, Op::I32DivU, 0, 1);
    // What a store asks for.
    operands.spill_with(4, Traits::TRAPS.with(Traits::LOADS));
    assert_eq!(cells(&mut operands.code), ["s11 = I32Load[0](s0)", "s13 = I32DivU(s0, s1)"]);
    assert!(waits(&operands, 0) && waits(&operands, 2));
    // What `global.set` asks for.
    operands.spill_with(4, Traits::GLOBALS.with(Traits::TRAPS));
    assert_eq!(cells(&mut operands.code)[2..], ["s12 = global@5"]);
    assert!(waits(&operands, 0));
}

#[test]
fn entries_from_the_given_height_on_are_not_spilled_before_a_side_effect() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    load(&mut operands, 0);
    load(&mut operands, 1);
    operands.spill_with(1, Traits::LOADS);
    assert!(!waits(&operands, 0) && waits(&operands, 1));
}

#[test]
fn traps_happen_in_the_order_of_the_stack() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    binary(&mut operands, Op::I32DivU, 0, 1);
    binary(&mut operands, Op::I32RemU, 2, 3);
    operands.set_slot(1, Slot(0));
    assert_eq!(cells(&mut operands.code), ["s10 = I32DivU(s0, s1)", "s0 = I32RemU(s2, s3)"]);
    // One that cannot trap goes ahead of one that may.
    let mut operands = machine.operands();
    binary(&mut operands, Op::I32DivU, 0, 1);
    binary(&mut operands, Op::I32Add, 2, 3);
    operands.set_slot(1, Slot(0));
    assert_eq!(cells(&mut operands.code), ["s0 = I32Add(s2, s3)"]);
}

#[test]
fn what_holds_an_accumulator_is_spilled_before_it_is_overwritten() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::I32);
    binary(&mut operands, Op::F64Add, 0, 1);
    operands.spill(1);
    // That overwrites the other accumulator.
    assert_eq!(cells(&mut operands.code), ["s11 = F64Add(s0, s1)"]);
    assert_eq!(operands.accs.owners.of(Register::Integer), Some(0));
    binary(&mut operands, Op::I32Add, 0, 1);
    operands.spill(2);
    assert_eq!(cells(&mut operands.code)[1..], ["s10 = r", "s12 = I32Add(s0, s1)"]);
    assert_eq!(operands.accs.owners.of(Register::Integer), None);
}

#[test]
fn what_reads_a_slot_above_its_own_is_spilled_before_that_is_written() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    // A sum of which the second operand was cut off, to the slot of entry 1.
    binary(&mut operands, Op::I32Add, 0, 11);
    binary(&mut operands, Op::I32Add, 1, 2);
    operands.spill(1);
    assert_eq!(cells(&mut operands.code), ["s10 = I32Add(s0, s11)", "s11 = I32Add(s1, s2)"]);
}

#[test]
fn at_a_label_everything_but_constants_is_in_its_slot() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    binary(&mut operands, Op::I32Add, 0, 1);
    let constant = operands.trees.imm(7, Class::I32);
    operands.push_leaf(constant);
    let local = operands.trees.slot(Slot(2), Class::I32);
    operands.push_leaf(local);
    operands.spill_below(3);
    assert_eq!(cells(&mut operands.code), ["s10 = I32Add(s0, s1)", "s12 = s2"]);
    assert!(waits(&operands, 1));
    // The label's own values, constants too.
    operands.spill_from(1);
    assert_eq!(cells(&mut operands.code)[2..], ["s11 = #7"]);
}

#[test]
fn a_call_leaves_waiting_what_it_can_neither_change_nor_overwrite() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::F32);
    binary(&mut operands, Op::I32Add, 0, 1);
    global(&mut operands, 5);
    load(&mut operands, 0);
    // It reads a slot above its own, where the callee's frame will lie.
    binary(&mut operands, Op::I32Add, 0, 15);
    operands.spill_for_call(5);
    let expected = ["s10 = v", "s12 = global@5", "s13 = I32Load[0](s0)", "s14 = I32Add(s0, s15)"];
    assert_eq!(cells(&mut operands.code), expected);
    assert!(waits(&operands, 1));
}

#[test]
fn no_more_than_the_window_waits() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let constant = operands.trees.imm(7, Class::I32);
    operands.push_leaf(constant);
    for word in 0..24 {
        global(&mut operands, word);
    }
    // The constant is the lowest, and needs no slot.
    assert_eq!(cells(&mut operands.code), [""; 0]);
    global(&mut operands, 24);
    assert_eq!(cells(&mut operands.code), ["s11 = global@0"]);
    assert_eq!(operands.max_height, 26);
}

#[test]
fn what_nobody_asks_for_is_not_evaluated() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::I32);
    operands.replace_with_slot(0, operands.own_slot(0));
    assert_eq!(operands.accs.owners.of(Register::Integer), None);
    operands.spill(0);
    assert_eq!(cells(&mut operands.code), [""; 0]);
}

#[test]
fn an_entry_takes_the_accumulator_over() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::I32);
    binary(&mut operands, Op::I32Add, 0, 1);
    operands.materialise(1);
    assert_eq!(cells(&mut operands.code), ["s10 = r", "r = I32Add(s0, s1)"]);
    assert_eq!(operands.accs.owners.of(Register::Integer), Some(1));
    // It is there already.
    operands.materialise(1);
    assert_eq!(cells(&mut operands.code).len(), 2);
}

#[test]
fn taking_an_accumulator_over_spills_what_would_have_to_be_evaluated_before() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    binary(&mut operands, Op::I32Add, 0, 1);
    binary(&mut operands, Op::I32DivU, 0, 1);
    binary(&mut operands, Op::I32Add, 0, 15);
    operands.push_acc(Class::F32);
    operands.operator_of::<1>(Kind::Unary(Op::I32TruncSatF32S), Form::SetAcc);
    operands.take_over(Register::Integer, 4);
    // The second may trap, the third reads a slot above its own, and the fourth ends in the integer accumulator and holds the
    // other, so it could be asked for any time.
    let expected = ["s11 = I32DivU(s0, s1)", "s12 = I32Add(s0, s15)", "s13 = I32TruncSatF32S(v)"];
    assert_eq!(cells(&mut operands.code), expected);
    assert!(waits(&operands, 0));
}

#[test]
fn an_operator_owns_the_accumulators_of_its_operands() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let local = operands.trees.slot(Slot(0), Class::I32);
    operands.push_leaf(local);
    operands.push_acc(Class::I32);
    operands.operator_of::<2>(Kind::Binary(Op::I32Sub), Form::SetAcc);
    assert_eq!(operands.accs.owners.of(Register::Integer), Some(0));
    operands.pop(1);
    assert_eq!(operands.accs.owners.of(Register::Integer), None);
}

#[test]
fn trees_that_nobody_needs_are_forgotten() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    load(&mut operands, 0);
    let mut outside = operands.trees.imm(7, Class::I32);
    while !operands.trees.are_many() {
        operands.trees.imm(0, Class::I32);
    }
    operands.keep_trees(std::iter::once(&mut outside));
    assert!(!operands.trees.are_many());
    assert_eq!(operands.trees[outside].kind, Kind::Imm(7));
    operands.spill(0);
    assert_eq!(cells(&mut operands.code), ["s10 = I32Load[0](s0)"]);
    // An empty stack needs none, unless others keep some.
    let tree = operands.trees.imm(7, Class::I32);
    operands.outside = 1;
    operands.truncate(0);
    assert_eq!(operands.trees[tree].kind, Kind::Imm(7));
    operands.outside = 0;
    operands.truncate(0);
    assert_eq!(operands.trees.imm(8, Class::I32), 0);
}
