//! Values for labels, returns and calls. In these tests entry 0 owns slot 10, and the frame's header is at slot 4.

use super::machine::{Machine, cells, lowered};
use crate::layout::FrameLayout;
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::target::Options;
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

#[test]
fn a_function_that_calls_itself_in_tail_position_begins_anew() {
    let cells = |options: Options, params: &str, body: &str| {
        let wat = format!("(module (func $f (param {params}) {body}))");
        lowered(&Machine::base(), options, &wat).expect("a valid module")
    };
    let fused = Options::default();
    let next =
        "(if (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 2) (local.get 1))))";
    let expected =
        ["br_if I32Eqz(s0) -> 6", "s8 = s1", "s0 = I32Sub(s0, #1)", "s1 = s2", "s2 = s8", "Br -> 0", "Return header 3"];
    assert_eq!(cells(fused, "i32 i64 i64", next), expected);
    // More arguments than are put in place, of which one is a vector.
    let many = "(return_call $f (local.get 1) (local.get 0) (local.get 2) (local.get 3) (local.get 4) (local.get 5) \
                (local.get 6) (local.get 8) (local.get 7))";
    let cells_of_many = cells(fused, "i32 i32 v128 i32 i32 i32 i32 i32 i32", many);
    assert_eq!(cells_of_many.last_chunk().unwrap(), &["Copy from 13 to 0 count 10", "Br -> 0"]);
    // Locals would have to be zeroed, and fuel be paid.
    let expected =
        |cells: Vec<String>| assert!(cells.iter().any(|cell| cell.starts_with("ReturnCall func")), "{cells:?}");
    expected(cells(fused, "i32 i64 i64", &format!("(local i32) {next}")));
    expected(cells(Options { fuel: true, ..fused }, "i32 i64 i64", next));
    // The epoch is asked for by the branch, and where the function begins.
    let cells = cells(Options { epochs: true, ..fused }, "", "(return_call $f)");
    assert_eq!(cells, ["Epoch", "ask Br -> 1"]);
}
