//! Blocks, branches and labels. Blocks are driven without operators, or by a module's text where what follows matters.

use super::machine::{Machine, cells, lowered};
use crate::lower::blocks::Blocks;
use crate::lower::labels::{BlockType, Construct};
use crate::lower::operands::Operands;
use crate::lower::read::Reader;
use crate::lower::slot::Slot;
use crate::lower::target::Options;
use crate::lower::tree::Register;
use crate::ops::Class;
use crate::{FuncType, ValType};

const NOTHING: BlockType<'_> = BlockType::Empty;
const ONE: BlockType<'_> = BlockType::Value(ValType::I32);

/// Blocks of a function of this type.
fn function<'a>(machine: &'a Machine, operands: &mut Operands<'a, Machine>, ty: BlockType<'a>) -> Blocks<'a> {
    let mut blocks = Blocks::new_in(&machine.arena, Vec::new(), Vec::new(), Options::default());
    blocks.open(operands, Construct::Function, ty);
    blocks
}

/// Pushes a local of 32 bits.
fn local(operands: &mut Operands<'_, Machine>, slot: u16) {
    let leaf = operands.trees.slot(Slot(slot), Class::I32);
    operands.push_leaf(leaf);
}

#[test]
fn forward_branches_lead_to_the_end_of_their_block() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, NOTHING);
    blocks.block(&mut operands, NOTHING);
    blocks.block(&mut operands, NOTHING);
    for labelidx in [0, 1, 0] {
        local(&mut operands, 0);
        assert!(blocks.br_if(&mut operands, labelidx).is_none());
    }
    assert_eq!(blocks.end(&mut operands, false), Construct::Block);
    local(&mut operands, 1);
    operands.set_slot(0, Slot(2));
    operands.pop(1);
    assert_eq!(blocks.end(&mut operands, false), Construct::Block);
    assert_eq!(blocks.end(&mut operands, true), Construct::Function);
    let expected = ["br_if s0 -> 3", "br_if s0 -> 4", "br_if s0 -> 3", "s2 = s1", "Return header 4"];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn a_block_that_no_branch_leaves_is_no_label() {
    let machine = Machine::with(&["Seq<SetSlot<S<u32>>, Return>"]);
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, NOTHING);
    blocks.block(&mut operands, ONE);
    local(&mut operands, 0);
    blocks.end(&mut operands, false);
    // The result still waits, and what follows may join what went before.
    operands.set_slot(0, Slot(2));
    operands.pop(1);
    blocks.end(&mut operands, true);
    assert_eq!(cells(&mut operands.code), ["s2 = s0; Return header 4"]);
}

#[test]
fn results_of_a_label_lie_in_its_slots() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, NOTHING);
    local(&mut operands, 3);
    blocks.block(&mut operands, ONE);
    local(&mut operands, 0);
    local(&mut operands, 1);
    local(&mut operands, 2);
    // The value has to move on the way taken only.
    assert!(blocks.br_if(&mut operands, 0).is_none());
    // Where it is not taken, the accumulator has what lies in the slot that the value came from.
    assert_eq!(operands.accs.mirrors.of(Register::Integer).slot, Slot(12));
    operands.pop(1);
    blocks.end(&mut operands, false);
    assert!(operands.tree(1).is_slot(Slot(11)) && operands.height() == 2);
    let expected = ["s10 = s3", "s12 = s1", "br_if I32Eqz(s2) -> 5", "s11 = r", "Br -> end", "s11 = s0"];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn only_the_way_not_taken_goes_on_with_what_the_accumulators_hold() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, ONE);
    local(&mut operands, 0);
    local(&mut operands, 3);
    // To the function's label: a return, around which the other way goes.
    assert!(blocks.br_if(&mut operands, 0).is_none());
    assert_eq!(operands.accs.mirrors.of(Register::Integer).slot, Slot(10));
    operands.pop(1);
    local(&mut operands, 10);
    operands.set_slot(0, Slot(2));
    let expected = ["s10 = s0", "br_if I32Eqz(s3) -> 3", "return r at 4", "s2 = r"];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn a_table_of_branches_has_one_stub_for_each_label_that_needs_moves() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, ONE);
    blocks.block(&mut operands, ONE);
    local(&mut operands, 5);
    blocks.block(&mut operands, ONE);
    local(&mut operands, 0);
    local(&mut operands, 1);
    blocks.br_table(&mut operands, &[1, 0, 1, 2, 0]);
    assert_eq!(blocks.skipping, Some(0));
    blocks.end(&mut operands, false);
    operands.pop(2);
    local(&mut operands, 6);
    blocks.end(&mut operands, false);
    blocks.end(&mut operands, true);
    let expected = [
        "s10 = s5",
        "s11 = s0",
        "r = s1",
        "BrTable count 4 -> 4 -> 7 -> 4 -> 6 -> 7",
        // The outer block's value lies one slot lower.
        "s10 = s11",
        "Br -> 8",
        "return s11 at 4",
        "s10 = s6",
        "return s10 at 4",
    ];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn a_stub_knows_nothing_of_the_one_before_it() {
    let two = FuncType::new([], [ValType::I32; 2]);
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, NOTHING);
    blocks.block(&mut operands, BlockType::Type(&two));
    local(&mut operands, 0);
    blocks.block(&mut operands, BlockType::Type(&two));
    (1..5).for_each(|slot| local(&mut operands, slot));
    blocks.br_table(&mut operands, &[0, 1]);
    let expected = [
        "s10 = s0",
        "s12 = s2",
        "s13 = s3",
        "r = s4",
        "BrTable count 1 -> 5 -> 8",
        "s11 = s12",
        "s12 = s13",
        "Br -> ?",
        // Not from the accumulator, which the first stub leaves with the value of this slot.
        "s10 = s12",
        "s11 = s13",
        "Br -> ?",
    ];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn several_results_are_moved_to_a_label() {
    let two = FuncType::new([], [ValType::I32; 2]);
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, NOTHING);
    blocks.block(&mut operands, BlockType::Type(&two));
    for slot in 0..4 {
        local(&mut operands, slot);
    }
    assert!(blocks.br_if(&mut operands, 0).is_none());
    let expected = ["s11 = s1", "s12 = s2", "br_if I32Eqz(s3) -> end", "s10 = s11", "s11 = s12", "Br -> ?"];
    assert_eq!(cells(&mut operands.code), expected);
}

#[test]
fn what_waits_in_a_block_that_is_left_is_lost() {
    let text = lowered(
        &Machine::base(),
        Options::default(),
        "(module (func (param i32 i32) (result i32)
            (block (result i32)
                (i32.add (local.get 0) (local.get 1))
                (br 0 (local.get 1)))))",
    );
    // The sum is never evaluated. (The function ends here, but a branch to its last block is a branch.)
    assert_eq!(text.expect("a valid module"), ["s5 = s1", "Br -> 2", "return s5 at 2"]);
}

#[test]
fn a_lost_value_is_not_saved_from_the_accumulator() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut blocks = function(&machine, &mut operands, NOTHING);
    blocks.block(&mut operands, ONE);
    operands.push_acc(Class::I32);
    local(&mut operands, 0);
    assert!(blocks.br(&mut operands, 0, Reader::new(&[], 0)).is_none());
    assert_eq!(cells(&mut operands.code), ["s10 = s0", "Br -> ?"]);
    assert_eq!((operands.height(), blocks.skipping), (0, Some(0)));
}

#[test]
fn what_cannot_be_reached_becomes_no_code() {
    let text = lowered(
        &Machine::base(),
        Options::default(),
        "(module (func (param i32)
            (block (br 0) (if (local.get 0) (then (unreachable)) (else (drop (i32.const 1)))) (loop (br 0)))
            (local.set 0 (i32.const 7))))",
    );
    assert_eq!(text.expect("a valid module"), ["Br -> 1", "s0 = #7", "Return header 1"]);
}

#[test]
fn an_arm_that_ends_where_the_function_does_returns() {
    let text = lowered(
        &Machine::base(),
        Options::default(),
        "(module (func (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.const 1) (i32.store (i32.const 0) (i32.const 0)))
                (else (i32.const 2) (i32.store (i32.const 0) (i32.const 0)))))
            (memory 1))",
    );
    let text = text.expect("a valid module");
    let returns: Vec<&str> = text.iter().map(String::as_str).filter(|cell| cell.starts_with("return #")).collect();
    assert_eq!(returns, ["return #1 at 1", "return #2 at 1"], "{text:?}");
    assert!(text[0].starts_with("br_if I32Eqz(s0)"), "{text:?}");
}
