//! The best form of a statement.

use super::machine::{Machine, cells};
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::tree::{Kind, Register};
use crate::ops::{Class, Op};
use crate::sig::Form;

/// Pushes a local.
fn local(operands: &mut Operands<'_, Machine>, slot: u16, class: Class) {
    let leaf = operands.trees.slot(Slot(slot), class);
    operands.push_leaf(leaf);
}

#[test]
fn a_slot_is_read_from_the_accumulator_that_mirrors_it() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0, Class::I32);
    operands.set_slot(0, Slot(1));
    assert_eq!(operands.accs.mirrors.of(Register::Integer).slot, Slot(1));
    operands.pop(1);
    local(&mut operands, 1, Class::I32);
    operands.set_slot(0, Slot(2));
    // As a value of another class it is another value.
    operands.pop(1);
    local(&mut operands, 2, Class::I64);
    operands.set_slot(0, Slot(3));
    assert_eq!(cells(&mut operands.code), ["s1 = s0", "s2 = r", "s3 = s2"]);
}

#[test]
fn what_is_not_known_is_read_from_its_slot() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0, Class::I32);
    operands.set_slot(0, Slot(1));
    operands.forget_mirrors();
    local(&mut operands, 1, Class::I32);
    operands.set_slot(1, Slot(2));
    assert_eq!(cells(&mut operands.code), ["s1 = s0", "s2 = s1"]);
}

#[test]
fn a_value_in_the_accumulator_alone_is_mirrored_by_no_slot() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0, Class::I32);
    operands.set_slot(0, Slot(1));
    local(&mut operands, 2, Class::I32);
    operands.materialise(1);
    assert_eq!(operands.accs.mirrors.of(Register::Integer).bit, 0);
    // And it is not read in the place of a slot while an entry owns it.
    operands.pop(1);
    operands.push_acc(Class::I32);
    assert_eq!(operands.accs.owners.of(Register::Integer), Some(1));
    assert_eq!(cells(&mut operands.code), ["s1 = s0", "r = s2"]);
}

#[test]
fn what_a_cell_leaves_in_the_accumulator_is_no_slots_value() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    local(&mut operands, 0, Class::I32);
    operands.set_slot(0, Slot(1));
    operands.pop(1);
    // As after `memory.size`.
    operands.push_acc(Class::I32);
    operands.pop(1);
    local(&mut operands, 1, Class::I32);
    operands.set_slot(0, Slot(2));
    assert_eq!(cells(&mut operands.code), ["s1 = s0", "s2 = s1"]);
}

#[test]
fn joining_comes_before_reading_the_accumulator() {
    // With both, and with each alone.
    let joined = "Seq<SetSlot<S<u32>>, SetSlot<S<u32>>>";
    let both = "Seq<SetSlot<S<u32>>, SetSlot<R<u32>>>";
    for (shapes, expected) in [
        (&[joined][..], &["s1 = s0; s2 = s1"][..]),
        (&[joined, both], &["s1 = s0; s2 = r"]),
        (&[], &["s1 = s0", "s2 = r"]),
    ] {
        let machine = Machine::with(shapes);
        let mut operands = machine.operands();
        local(&mut operands, 0, Class::I32);
        operands.set_slot(0, Slot(1));
        operands.pop(1);
        local(&mut operands, 1, Class::I32);
        operands.set_slot(0, Slot(2));
        assert_eq!(cells(&mut operands.code), expected);
    }
}

#[test]
fn either_of_two_leaves_is_read_from_the_accumulator() {
    // But not both at once: a handler reads the accumulator once.
    let machine = Machine::with(&["SetSlot<Bin<I32Add, Bin<I32Mul, S<u32>, R<u32>>, S<u32>>>"]);
    let mut operands = machine.operands();
    local(&mut operands, 0, Class::I32);
    operands.set_slot(0, Slot(1));
    let (a, b) = (operands.trees.slot(Slot(1), Class::I32), operands.trees.slot(Slot(1), Class::I32));
    let product = operands.trees.operator(Kind::Binary(Op::I32Mul), [a, b]);
    let c = operands.trees.slot(Slot(3), Class::I32);
    let sum = operands.trees.operator(Kind::Binary(Op::I32Add), [product, c]);
    operands.emit_set(sum, Slot(2), Class::I32).expect("a form of it has a handler");
    assert_eq!(cells(&mut operands.code), ["s1 = s0", "s2 = I32Add(I32Mul(s1, r), s3)"]);
}

#[test]
fn nothing_is_emitted_without_a_handler() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let a = operands.trees.slot(Slot(1), Class::I32);
    let test = operands.trees.operator(Kind::Unary(Op::I32Clz), [a]);
    let twice = operands.trees.operator(Kind::Unary(Op::I32Clz), [test]);
    assert!(operands.emit_set(twice, Slot(2), Class::I32).is_none());
    assert_eq!((cells(&mut operands.code).len(), operands.code.emitted), (0, 0));
}

#[test]
fn what_no_handler_sets_to_a_slot_goes_through_the_accumulator() {
    let machine = Machine::with(&["SetAcc<Un<I32Clz, Un<I32Clz, S<u32>>>>"]);
    let mut operands = machine.operands();
    local(&mut operands, 1, Class::I32);
    for _ in 0..2 {
        let kind = Kind::Unary(Op::I32Clz);
        operands.operator_of::<1>(kind, Form::SetAcc);
    }
    operands.spill(0);
    assert_eq!(cells(&mut operands.code), ["r = I32Clz(I32Clz(s1))", "s10 = r"]);
}
