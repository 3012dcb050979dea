//! What regions cost.

use super::machine::{Machine, cells, lowered};
use crate::cell::{self, Amount};
use crate::instruction::Instruction;
use crate::lower::metering::Metering;
use crate::lower::slot::Slot;
use crate::lower::target::Options;
use crate::ops::Class;

const METERED: Options = Options { fuse: true, fuel: true, epochs: false, deterministic: false };

#[test]
fn a_region_pays_for_its_operators_but_not_for_those_of_regions_in_it() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut metering = Metering::new(Vec::new(), METERED);
    metering.open(&mut operands.code);
    metering.charge(Instruction::LocalGet);
    metering.charge(Instruction::Block);
    metering.open(&mut operands.code);
    metering.charge(Instruction::Call);
    metering.charge(Instruction::Br);
    metering.charge(Instruction::End);
    metering.close(&mut operands.code);
    metering.charge(Instruction::Return);
    metering.charge(Instruction::Drop);
    metering.charge(Instruction::If);
    metering.close(&mut operands.code);
    assert_eq!(cells(&mut operands.code), ["Fuel cost 3", "Fuel cost 2"]);
}

#[test]
fn no_region_is_free() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut metering = Metering::new(Vec::new(), METERED);
    metering.open(&mut operands.code);
    metering.charge(Instruction::End);
    metering.close(&mut operands.code);
    assert_eq!(cells(&mut operands.code), ["Fuel cost 1"]);
}

#[test]
fn eight_words_cost_one() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut metering = Metering::new(Vec::new(), METERED);
    metering.open(&mut operands.code);
    metering.charge_words(|| 7);
    metering.charge_words(|| 8);
    metering.charge_words(|| 25);
    metering.close(&mut operands.code);
    assert_eq!(cells(&mut operands.code), ["Fuel cost 4"]);
}

#[test]
fn a_cost_may_pass_32_bits() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut metering = Metering::new(Vec::new(), METERED);
    metering.open(&mut operands.code);
    (0..9).for_each(|_| metering.charge_words(|| 1 << 32));
    metering.close(&mut operands.code);
    assert_eq!(cells(&mut operands.code), ["Fuel cost 4831838208"]);
}

#[test]
fn bulk_operations_pay_for_their_size_in_front_of_them() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut metering = Metering::new(Vec::new(), METERED);
    for slot in 0..3 {
        let leaf = operands.trees.slot(Slot(slot), Class::I32);
        operands.push_leaf(leaf);
    }
    let pay = |slot| cell::FuelBulk { amount: Amount::Elements as u16, slot, table: 9 };
    metering.charge_bulk(&mut operands, 2, pay);
    // Nothing has happened of what is paid for, and the operands are where execution goes on from.
    let expected = [
        "s11 = s1".to_string(),
        "s12 = s2".into(),
        format!("FuelBulk amount {} slot 12 table 9", Amount::Elements as u16),
    ];
    assert_eq!(cells(&mut operands.code), expected);
    operands.forget_mirrors();
    let pay = cell::FuelBulk { amount: Amount::Pages as u16, slot: 0, table: 0 };
    metering.charge_pages(&mut operands, pay);
    let expected = ["r = s12".to_string(), format!("FuelBulk amount {} slot 0 table 0", Amount::Pages as u16)];
    assert_eq!(cells(&mut operands.code)[3..], expected);
}

#[test]
fn nothing_asks_for_fuel_without() {
    let machine = Machine::base();
    let mut operands = machine.operands();
    let mut metering = Metering::new(Vec::new(), Options::default());
    metering.open(&mut operands.code);
    metering.charge(Instruction::Call);
    metering.charge_words(|| 80);
    let pay = |slot| cell::FuelBulk { amount: Amount::Bytes as u16, slot, table: 0 };
    metering.charge_bulk(&mut operands, 0, pay);
    metering.charge_pages(&mut operands, pay(0));
    metering.close(&mut operands.code);
    assert_eq!(cells(&mut operands.code), [""; 0]);
}

#[test]
fn a_function_and_each_loop_in_it_pay_for_themselves() {
    let machine = Machine::base();
    let text = lowered(
        &machine,
        METERED,
        "(module (func (param i32) (local i64 i64)
            (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))
            (local.set 0 (i32.const 5))))",
    );
    let expected = [
        // Two operators; two words of locals are not worth a unit.
        "Fuel cost 2",
        // Six operators, paid for in each iteration.
        "Fuel cost 6",
        "s0 = I32Sub(s0, #1)",
        "br_if r -> 1",
        "s0 = #5",
        "Return header 1",
    ];
    assert_eq!(text.expect("a valid module"), expected);
}

#[test]
fn branches_not_taken_are_paid_for_and_what_cannot_be_reached_is_not() {
    let machine = Machine::base();
    let text = lowered(
        &machine,
        METERED,
        "(module (func (param i32)
            (if (local.get 0) (then (return) (local.set 0 (i32.const 1))) (else (local.set 0 (i32.const 2))))))",
    );
    // `local.get`, `if`, `return`, `i32.const`, `local.set`.
    assert_eq!(text.expect("a valid module")[0], "Fuel cost 5");
}

/// How many cells of a function ask for the epoch by themselves, and where the first is: behind so many cells that zero nothing.
fn asks(body: &str) -> (usize, Option<usize>) {
    let machine = Machine::with(&["MemoryFill<I<u32>, I<u32>, I<u32>>", "MemoryCopy<I<u32>, I<u32>, I<u32>>"]);
    let options = Options { epochs: true, ..Options::default() };
    let wat = format!(
        "(module (memory 1) (table 1 funcref) (global $g (mut i32) (i32.const 0)) (func $f (local i32) {body}))"
    );
    let text = lowered(&machine, options, &wat).expect("a valid module");
    let mut places = text
        .iter()
        .skip_while(|cell| cell.starts_with("Zero"))
        .enumerate()
        .filter(|(_, cell)| cell.starts_with("Epoch"))
        .map(|(place, _)| place);
    let first = places.next();
    (places.count() + usize::from(first.is_some()), first)
}

#[test]
fn the_epoch_is_asked_for_where_something_may_take_long() {
    // Leaves.
    assert_eq!(asks("(local.set 0 (i32.load (i32.const 5)))"), (0, None));
    assert_eq!(asks("(loop (br_if 0 (local.get 0)))"), (0, None));
    // What calls.
    for call in [
        "(call $f)",
        "(call_indirect (i32.const 0))",
        "(return_call $f)",
        "(return_call_indirect (i32.const 0))",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 9))",
        "(memory.copy (i32.const 0) (i32.const 0) (i32.const 9))",
        "(drop (memory.grow (i32.const 0)))",
        "(drop (table.grow (ref.null func) (i32.const 0)))",
        "(table.fill (i32.const 0) (ref.null func) (i32.const 9))",
        "(table.copy (i32.const 0) (i32.const 0) (i32.const 9))",
    ] {
        assert_eq!(asks(call), (1, Some(0)), "{call}");
        assert_eq!(asks(&format!("(loop (br_if 0 (local.get 0))) (block {call})")), (1, Some(0)), "{call}");
        assert_eq!(asks(&format!("(loop (block {call}) (br_if 0 (local.get 0)))")), (1, Some(0)), "{call}");
    }
    // What is long.
    assert_eq!(asks(&"(local.set 0 (i32.const 5))".repeat(1500)), (1, Some(0)));
}

#[test]
fn calls_in_a_row_ask_for_the_epoch_in_between() {
    assert_eq!(asks(&"(call $f)".repeat(64)).0, 1);
    assert_eq!(asks(&"(call $f)".repeat(65)).0, 2);
    assert_eq!(asks(&"(call $f)".repeat(64 * 3 + 1)).0, 4);
    // What waits and may be changed meanwhile is evaluated before.
    let waiting = format!(
        "(local.set 0 (i32.add (global.get $g) (block (result i32) {} (i32.const 1))))",
        "(call $f)".repeat(65)
    );
    assert_eq!(asks(&waiting).0, 2);
}
