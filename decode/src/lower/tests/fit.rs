//! Cutting trees, and what becomes of conditions.

use super::machine::{Machine, cells};
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::tree::{Kind, Register};
use crate::ops::{Class, Op};
use crate::sig::Form;

/// Pushes a local of 32 bits.
fn local(operands: &mut Operands<'_, Machine>, slot: u16) {
    let leaf = operands.trees.slot(Slot(slot), Class::I32);
    operands.push_leaf(leaf);
}

/// Pushes a constant.
fn constant(operands: &mut Operands<'_, Machine>, value: u64) {
    let leaf = operands.trees.imm(value, Class::I32);
    operands.push_leaf(leaf);
}

fn unary(operands: &mut Operands<'_, Machine>, op: Op) {
    operands.operator_of::<1>(Kind::Unary(op), Form::SetAcc);
}

fn binary(operands: &mut Operands<'_, Machine>, op: Op) {
    operands.operator_of::<2>(Kind::Binary(op), Form::SetAcc);
}

#[test]
fn a_tree_with_a_handler_waits_whole() {
    let machine = Machine::with(&["SetAcc<Bin<I32Add, Un<I32Clz, S<u32>>, S<u32>>>"]);
    let mut operands = machine.operands();
    // In canonical order, what computes comes first.
    local(&mut operands, 0);
    local(&mut operands, 1);
    unary(&mut operands, Op::I32Clz);
    binary(&mut operands, Op::I32Add);
    assert_eq!(cells(&mut operands.code), [""; 0]);
    operands.materialise(0);
    assert_eq!(cells(&mut operands.code), ["r = I32Add(I32Clz(s1), s0)"]);
}

#[test]
fn a_part_is_cut_off_to_the_accumulator() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0);
    local(&mut operands, 1);
    unary(&mut operands, Op::I32Clz);
    binary(&mut operands, Op::I32Sub);
    operands.spill(0);
    assert_eq!(cells(&mut operands.code), ["r = I32Clz(s1)", "s10 = I32Sub(s0, r)"]);
}

#[test]
fn what_needs_the_accumulator_goes_to_its_slot_before_another_part_overwrites_it() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::I32);
    local(&mut operands, 1);
    unary(&mut operands, Op::I32Clz);
    binary(&mut operands, Op::I32Sub);
    operands.spill(0);
    assert_eq!(cells(&mut operands.code), ["s10 = r", "r = I32Clz(s1)", "s10 = I32Sub(s10, r)"]);
}

#[test]
fn a_part_is_cut_off_to_its_slot_if_only_that_has_a_handler() {
    let machine = Machine::with(&["SetAcc<Bin<I32Sub, S<u32>, Un<I32Clz, S<u32>>>>"]);
    let mut operands = machine.operands();
    local(&mut operands, 0);
    local(&mut operands, 1);
    binary(&mut operands, Op::I32DivU);
    local(&mut operands, 2);
    unary(&mut operands, Op::I32Clz);
    binary(&mut operands, Op::I32Sub);
    operands.materialise(0);
    assert_eq!(cells(&mut operands.code), ["s10 = I32DivU(s0, s1)", "r = I32Sub(s10, I32Clz(s2))"]);
}

#[test]
fn a_part_that_may_trap_is_not_evaluated_behind_another() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    for _ in 0..2 {
        local(&mut operands, 0);
        local(&mut operands, 1);
        binary(&mut operands, Op::I32DivU);
    }
    binary(&mut operands, Op::I32Sub);
    operands.spill(0);
    let expected = ["s10 = I32DivU(s0, s1)", "r = I32DivU(s0, s1)", "s10 = I32Sub(s10, r)"];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn a_sink_cuts_what_it_cannot_take() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0);
    unary(&mut operands, Op::I32Clz);
    operands.emit_return(1);
    assert_eq!(cells(&mut operands.code), ["r = I32Clz(s0)", "return r at 4"]);
}

#[test]
fn a_test_waits_for_the_branch_that_takes_it_whole() {
    let machine = Machine::with(&["BrIf<Bin<I32LtU, Un<I32Clz, S<u32>>, S<u32>>>"]);
    let test = |operands: &mut Operands<'_, Machine>| {
        local(operands, 0);
        unary(operands, Op::I32Clz);
        local(operands, 1);
        binary(operands, Op::I32LtU);
    };
    let mut operands = machine.operands();
    test(&mut operands);
    assert_eq!(cells(&mut operands.code), [""; 0]);
    operands.branch_on(true);
    assert_eq!(cells(&mut operands.code), ["br_if I32LtU(I32Clz(s0), s1) -> ?"]);
    assert_eq!(operands.height(), 0);
    // Where its value is asked for, what computes goes first.
    let mut operands = machine.operands();
    test(&mut operands);
    operands.spill(0);
    assert_eq!(cells(&mut operands.code), ["r = I32Clz(s0)", "s10 = I32LtU(r, s1)"]);
    assert_eq!(operands.accs.owners.of(Register::Integer), None);
}

#[test]
fn a_branch_that_is_not_taken_is_one_on_the_inverse() {
    let machine = Machine::base();
    for (op, inverse) in [(Op::I32LtS, "I32GeS"), (Op::I32Eq, "I32Ne"), (Op::I32GtU, "I32LeU")] {
        let mut operands = machine.operands();
        local(&mut operands, 0);
        local(&mut operands, 1);
        binary(&mut operands, op);
        operands.branch_on(false);
        assert_eq!(cells(&mut operands.code), [format!("br_if {inverse}(s0, s1) -> ?")]);
    }
}

#[test]
fn conditions_lose_double_negations_and_comparisons_with_zero() {
    let machine =
        Machine::with(&["SetAcc<Un<I32Eqz, Un<I32Eqz, S<u32>>>>", "SetAcc<Un<I32Eqz, Bin<I32LtU, S<u32>, S<u32>>>>"]);
    let mut operands = machine.operands();
    local(&mut operands, 0);
    unary(&mut operands, Op::I32Eqz);
    unary(&mut operands, Op::I32Eqz);
    operands.branch_on(true);
    local(&mut operands, 0);
    constant(&mut operands, 0);
    binary(&mut operands, Op::I32Ne);
    operands.branch_on(true);
    local(&mut operands, 0);
    constant(&mut operands, 0);
    binary(&mut operands, Op::I32Eq);
    operands.branch_on(true);
    local(&mut operands, 0);
    local(&mut operands, 1);
    binary(&mut operands, Op::I32LtU);
    unary(&mut operands, Op::I32Eqz);
    operands.branch_on(true);
    let expected = ["br_if s0 -> ?", "br_if s0 -> ?", "br_if I32Eqz(s0) -> ?", "br_if I32GeU(s0, s1) -> ?"];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn floats_have_no_inverse_for_nan_is_neither() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    for slot in [0, 1] {
        let leaf = operands.trees.slot(Slot(slot), Class::F64);
        operands.push_leaf(leaf);
    }
    binary(&mut operands, Op::F64Lt);
    operands.branch_on(false);
    assert_eq!(cells(&mut operands.code), ["r = F64Lt(s0, s1)", "br_if I32Eqz(r) -> ?"]);
}

#[test]
fn what_may_trap_is_evaluated_before_a_branch() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0);
    local(&mut operands, 1);
    binary(&mut operands, Op::I32DivU);
    local(&mut operands, 2);
    operands.branch_on(true);
    assert_eq!(cells(&mut operands.code), ["s10 = I32DivU(s0, s1)", "br_if s2 -> ?"]);
}
