//! Values for labels, returns and calls. In these tests entry 0 owns slot 10, and the frame's header is at slot 4.

use super::machine::{Machine, cells};
use crate::layout::FrameLayout;
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::tree::{Kind, Register};
use crate::ops::{Class, Op};
use crate::sig::Form;
use crate::{FuncType, ValType};

/// Pushes locals of 32 bits.
fn locals(operands: &mut Operands<'_, Machine>, slots: impl IntoIterator<Item = u16>) {
    for slot in slots {
        let leaf = operands.trees.slot(Slot(slot), Class::I32);
        operands.push_leaf(leaf);
    }
}

#[test]
fn values_move_down_to_a_labels_slots() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    locals(&mut operands, [0, 1, 2]);
    operands.move_to(2, 0);
    assert_eq!(cells(&mut operands.code), ["s10 = s1", "s11 = s2"]);
    // The entries are where they went.
    assert!(operands.tree(1).is_slot(Slot(10)) && operands.tree(2).is_slot(Slot(11)));
}

#[test]
fn values_of_a_label_at_their_own_height_stay() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    locals(&mut operands, [0, 1]);
    operands.move_to(1, 1);
    assert_eq!(cells(&mut operands.code), ["s11 = s1"]);
}

#[test]
fn many_values_are_moved_by_one_cell() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    locals(&mut operands, 0..9);
    operands.spill_from(0);
    locals(&mut operands, [0]);
    operands.remove(9);
    let before = operands.code.emitted;
    // The slots of heights 0 to 8 to those from 3 on.
    operands.move_to(9, 3);
    assert_eq!(operands.code.emitted, before + 1);
    assert_eq!(cells(&mut operands.code).last().expect("a cell"), "Copy from 10 to 13 count 9");
    assert_eq!(operands.accs.mirrors.bits(), 0);
}

#[test]
fn the_first_result_is_returned_in_the_accumulator() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.emit_return(0);
    locals(&mut operands, [0]);
    operands.emit_return(1);
    locals(&mut operands, [1, 2]);
    operands.emit_return(3);
    let expected = [
        "Return header 4",
        "return s0 at 4",
        "s10 = s0",
        "s11 = s1",
        "s12 = s2",
        "Copy from 11 to 1 count 2",
        "return s10 at 4",
    ];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn arguments_lie_where_the_callees_frame_begins() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    operands.push_acc(Class::I32);
    locals(&mut operands, [0, 1]);
    let (args, header) = operands.arguments(2, FrameLayout { header: 3 });
    // The call overwrites the accumulator.
    assert_eq!(cells(&mut operands.code), ["s10 = r", "s11 = s0", "s12 = s1"]);
    assert_eq!((args, header), (Slot(11), Slot(14)));
}

#[test]
fn results_replace_arguments() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    locals(&mut operands, [0, 1, 2]);
    let ty = FuncType::new([ValType::I32; 2], [ValType::F32, ValType::I64]);
    operands.results(&ty);
    assert_eq!(operands.height(), 3);
    assert_eq!(operands.accs.owners.of(Register::Float), Some(1));
    assert!(operands.tree(2).is_slot(Slot(12)) && operands.tree(2).class == Class::I64);
}

#[test]
fn arguments_of_a_tail_call_go_where_they_do_not_overwrite_each_other() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    // The first is in place already.
    locals(&mut operands, [0, 2]);
    assert_eq!(operands.tail_arguments(2), (Slot(10), 0));
    assert_eq!(cells(&mut operands.code), ["s1 = s2"]);
    // The second reads what the first overwrites, and goes before it.
    let mut operands = machine.operands();
    locals(&mut operands, [1, 0]);
    assert_eq!(operands.tail_arguments(2), (Slot(10), 0));
    assert_eq!(cells(&mut operands.code), ["s11 = s0", "s0 = s1", "s1 = s11"]);
    // What is in place already overwrites nothing.
    let mut operands = machine.operands();
    locals(&mut operands, [0, 0]);
    assert_eq!(operands.tail_arguments(2), (Slot(10), 0));
    assert_eq!(cells(&mut operands.code), ["s1 = s0"]);
    // What may trap is not evaluated before another.
    let mut operands = machine.operands();
    locals(&mut operands, [1, 0]);
    operands.operator_of::<2>(Kind::Binary(Op::I32DivS), Form::SetAcc);
    locals(&mut operands, [0]);
    operands.tail_arguments(2);
    assert_eq!(cells(&mut operands.code), ["s10 = I32DivS(s1, s0)", "s11 = s0"]);
    // There is no room below the header.
    let mut operands = machine.operands();
    locals(&mut operands, [5; 5]);
    assert_eq!(operands.tail_arguments(5), (Slot(10), 5));
}

#[test]
fn an_index_of_a_callee_goes_to_the_accumulator_behind_the_arguments() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    locals(&mut operands, [0, 1]);
    operands.callee_index(1);
    assert_eq!(cells(&mut operands.code), ["s10 = s0", "r = s1"]);
    assert_eq!(operands.height(), 1);
}
