//! Joining, labels, and taking code back.

use super::machine::{Machine, cells};
use crate::cell;
use crate::lower::emit::Fixups;
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::ops::Class;

/// Sets a slot to a constant.
fn set(operands: &mut Operands<'_, Machine>, slot: u16, value: u64) {
    let constant = operands.trees.imm(value, Class::I32);
    operands.emit_set(constant, Slot(slot), Class::I32).expect("a base shape");
}

const TWO: &str = "Seq<SetSlot<I<u32>>, SetSlot<I<u32>>>";
const THREE: &str = "Seq<Seq<SetSlot<I<u32>>, SetSlot<I<u32>>>, SetSlot<I<u32>>>";

#[test]
fn statements_join_where_there_is_a_handler() {
    let machine = Machine::with(&[TWO, THREE]);
    let mut operands = machine.operands();
    (0..4).for_each(|slot| set(&mut operands, slot, 7));
    assert_eq!(cells(&mut operands.code), ["s0 = #7; s1 = #7; s2 = #7", "s3 = #7"]);
    assert_eq!((operands.code.emitted, operands.code.cells), (4, 2));
}

#[test]
fn a_label_ends_joining() {
    let machine = Machine::with(&[TWO]);
    let mut operands = machine.operands();
    set(&mut operands, 0, 7);
    let label = operands.code.label();
    set(&mut operands, 1, 7);
    assert_eq!(cells(&mut operands.code), ["s0 = #7", "s1 = #7"]);
    assert_eq!(label, operands.code.len() - 16);
}

#[test]
fn cells_with_operands_of_their_own_join_too() {
    let machine = Machine::with(&["Seq<SetSlot<I<u32>>, Br>"]);
    let mut operands = machine.operands();
    assert!(!operands.code.joins::<cell::Br>());
    set(&mut operands, 0, 7);
    assert!(operands.code.joins::<cell::Br>() && !operands.code.joins::<cell::Return>());
    let branch = operands.code.br();
    let here = operands.code.label();
    operands.code.bind(branch, here);
    assert_eq!(cells(&mut operands.code), ["s0 = #7; Br -> end"]);
}

#[test]
fn branches_to_one_label_are_bound_together() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let code = &mut operands.code;
    let mut fixups = Fixups::NONE;
    assert!(fixups.is_empty() && !code.is_single(fixups));
    let branch = code.br();
    code.chain(&mut fixups, branch);
    assert!(!fixups.is_empty() && code.is_single(fixups));
    for _ in 0..2 {
        let branch = code.br();
        code.chain(&mut fixups, branch);
    }
    assert!(!code.is_single(fixups));
    let here = code.label();
    code.special(cell::Unreachable {}, &[]);
    code.bind_all(fixups, here);
    assert_eq!(cells(code), ["Br -> 3", "Br -> 3", "Br -> 3", "Unreachable"]);
}

#[test]
fn undoing_leaves_the_code_as_it_was() {
    let machine = Machine::with(&[TWO, THREE]);
    let mut operands = machine.operands();
    set(&mut operands, 0, 7);
    set(&mut operands, 1, 7);
    let (before, len) = (cells(&mut operands.code), operands.code.len());
    let mark = operands.code.mark();
    // This joins the last cell: its handler has to be written anew.
    set(&mut operands, 2, 7);
    operands.code.br();
    operands.code.undo(mark);
    assert_eq!((cells(&mut operands.code), operands.code.len()), (before, len));
    assert_eq!((operands.code.cells, operands.code.branches_from(0)), (1, 0));
    // The next joins as if nothing had happened.
    set(&mut operands, 3, 9);
    assert_eq!(cells(&mut operands.code), ["s0 = #7; s1 = #7; s3 = #9"]);
}

#[test]
fn undoing_keeps_a_label() {
    let machine = Machine::with(&[TWO]);
    let mut operands = machine.operands();
    set(&mut operands, 0, 7);
    operands.code.label();
    let mark = operands.code.mark();
    set(&mut operands, 1, 7);
    operands.code.undo(mark);
    set(&mut operands, 2, 7);
    assert_eq!(cells(&mut operands.code), ["s0 = #7", "s2 = #7"]);
}

#[test]
fn undoing_leaves_padding_as_it_was() {
    // A cell's last word is compared as a whole where a loop's beginning was lowered twice.
    let machine = Machine::with(&[TWO]);
    let mut operands = machine.operands();
    set(&mut operands, 0, 7);
    let before = operands.code.between(0, operands.code.len()).to_vec();
    let mark = operands.code.mark();
    set(&mut operands, 0xffff, u64::MAX);
    operands.code.undo(mark);
    assert_eq!(operands.code.between(0, operands.code.len()), before);
}

#[test]
fn rewinding_takes_back_whole_cells_and_their_branches() {
    let machine = Machine::with(&[TWO]);
    let mut operands = machine.operands();
    operands.code.br();
    let (place, count) = (operands.code.len(), operands.code.cells);
    operands.code.br();
    set(&mut operands, 0, 7);
    assert_eq!((operands.code.branches_from(0), operands.code.branches_from(place)), (2, 1));
    operands.code.rewind(place, count);
    assert_eq!((operands.code.len(), operands.code.branches_from(0)), (place, 1));
    set(&mut operands, 1, 7);
    assert_eq!(cells(&mut operands.code), ["Br -> ?", "s1 = #7"]);
}

#[test]
fn what_is_patched_is_the_first_operand() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    set(&mut operands, 0, 7);
    let fuel = operands.code.special(cell::Fuel { cost: 0 }, &[]);
    assert!(fuel.is_first());
    set(&mut operands, 1, 7);
    operands.code.patch(fuel, 41);
    assert_eq!(cells(&mut operands.code), ["s0 = #7", "Fuel cost 41", "s1 = #7"]);
}
