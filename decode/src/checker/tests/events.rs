//! Each kind of event: done as the source says, with another operand, left out, done twice, or out of order.

use super::assembler::*;
use crate::TypeId;
use crate::cell::{self, Amount};
use crate::layout::HEAD_WORDS;
use crate::ops::{Class, Op};
use crate::sig::Form;

/// Words of the instance of [`RICH`].
const RECORDS: u32 = HEAD_WORDS as u32;
const GLOBALS: u32 = RECORDS + 2 * 3;
const TABLES: u32 = GLOBALS + 2;
const MEMORY: u32 = TABLES + 2;
const DATA: u32 = MEMORY + 1;
const ELEMENTS: u32 = DATA + 2 * 2;

/// Something of everything; the function of two i32s has its header in slot 2 and operands from slot 5 on.
fn rich(results: &str, body: &str) -> Subject {
    let text = format!(
        r#"(module
            (type $binary (func (param i32 i32) (result i32)))
            (type $other (func (param i32) (result i32)))
            (import "" "a" (func $a (type $binary)))
            (import "" "b" (func $b (type $other)))
            (memory 1)
            (global $g (mut i32) (i32.const 0))
            (global $h (mut i32) (i32.const 0))
            (table $t 1 funcref)
            (table $u 1 funcref)
            (data "x") (data "y")
            (elem func $a) (elem func $b)
            (func (param i32 i32) {results} {body}))"#
    );
    Subject::new(&text, 16)
}

fn end() -> Part {
    cell(cell::Return { header: 2 })
}

#[test]
fn stores() {
    let subject = rich("", "(i32.store offset=4 (local.get 0) (local.get 1))");
    let right = store(Op::I32Store, 4, s(0), s(1));
    let wrong = |part| (0, part, "expected Store");
    subject.only(
        &[right.clone(), end()],
        &[
            wrong(store(Op::I32Store, 8, s(0), s(1))),
            wrong(store(Op::I32Store8, 4, s(0), s(1))),
            wrong(store(Op::I32Store, 4, s(1), s(1))),
            wrong(store(Op::I32Store, 4, s(0), imm(1))),
            wrong(set_acc(s(0))),
        ],
    );
    subject.wrong(&[right.clone(), right, end()], "expected Return");
}

#[test]
fn stores_stay_in_order() {
    let subject = rich("", "(i32.store (local.get 0) (i32.const 1)) (i32.store (local.get 1) (i32.const 2))");
    let (first, second) = (store(Op::I32Store, 0, s(0), imm(1)), store(Op::I32Store, 0, s(1), imm(2)));
    subject.right(&[seq(first.clone(), second.clone()), end()]);
    subject.wrong(&[second, first, end()], "expected Store");
}

#[test]
fn globals_are_set() {
    let subject = rich("", "(global.set $h (local.get 0))");
    let wrong = |part| (0, part, "expected GlobalSet");
    subject.only(
        &[set_global(GLOBALS + 1, s(0)), end()],
        &[wrong(set_global(GLOBALS, s(0))), wrong(set_global(GLOBALS + 1, s(1))), wrong(set_acc(s(0)))],
    );
    subject.wrong(&[set_global(TABLES, s(0)), end()], "no global");
}

#[test]
fn operators_that_may_trap() {
    let subject = rich("", "(drop (i32.div_u (local.get 0) (local.get 1)))");
    let wrong = |part| (0, part, "expected i32.div_u");
    subject.only(
        &[set_acc(bin(Op::I32DivU, s(0), s(1))), end()],
        &[
            wrong(set_acc(bin(Op::I32DivU, s(1), s(0)))),
            wrong(set_acc(bin(Op::I32RemU, s(0), s(1)))),
            wrong(set_acc(bin(Op::I32Add, s(0), s(1)))),
        ],
    );
    let pure = rich("", "(drop (i32.add (local.get 0) (local.get 1)))");
    pure.wrong(&[set_acc(bin(Op::I32DivU, s(0), s(1))), end()], "expected Return");
}

#[test]
fn traps_stay_in_order() {
    let subject = rich("(result i32)", "(i32.add (i32.div_u (local.get 0) (local.get 1)) (i32.load (local.get 0)))");
    let (div, load) = (bin(Op::I32DivU, s(0), s(1)), load(Op::I32Load, 0, s(0)));
    subject.right(&[ret(2, bin(Op::I32Add, div.clone(), load.clone()))]);
    subject.wrong(&[ret(2, bin(Op::I32Add, load, div))], "expected i32.div_u");
}

#[test]
fn loads() {
    let subject = rich("(result i32)", "(i32.load offset=8 (local.get 0))");
    let expected = format!("expected i32.load at word {MEMORY}+8");
    let wrong = |part| (0, part, &expected[..]);
    subject.only(
        &[ret(2, load(Op::I32Load, 8, s(0)))],
        &[
            wrong(ret(2, load(Op::I32Load, 0, s(0)))),
            wrong(ret(2, load(Op::I32Load8U, 8, s(0)))),
            wrong(ret(2, load(Op::I32Load, 8, s(1)))),
        ],
    );
}

#[test]
fn filling_and_copying() {
    for (form, text) in [(Form::MemoryFill, "fill"), (Form::MemoryCopy, "copy")] {
        let other = if form == Form::MemoryFill { Form::MemoryCopy } else { Form::MemoryFill };
        let subject = rich("", &format!("(memory.{text} (local.get 0) (i32.const 1) (local.get 1))"));
        let wrong = |part| (0, part, "expected Memory");
        subject.only(
            &[bulk(form, s(0), imm(1), s(1)), end()],
            &[
                wrong(bulk(other, s(0), imm(1), s(1))),
                wrong(bulk(form, s(1), imm(1), s(1))),
                wrong(bulk(form, s(0), imm(2), s(1))),
                wrong(bulk(form, s(0), imm(1), s(0))),
            ],
        );
    }
}

#[test]
fn memories_grow() {
    let subject = rich("(result i32)", "(memory.grow (local.get 0))");
    let code = [set_acc(s(0)), cell(cell::MemoryGrow {}), ret(2, acc(Class::I32))];
    subject.only(&code, &[(0, set_acc(s(1)), "expected MemoryGrow"), (2, ret(2, s(0)), "expected Return")]);
}

/// Three operands to their slots, and a cell that takes them.
fn with_operands(third: Part, cell: Part) -> Vec<Part> {
    vec![set(5, s(0)), set(6, third), set(7, s(1)), cell, end()]
}

#[test]
fn segments_and_tables() {
    let r = |class: Class| if class == Class::I64 { func(RECORDS) } else { imm(3) };
    let cases: [(&str, Class, Part, Part); 4] = [
        (
            "(memory.init 1 (local.get 0) (i32.const 3) (local.get 1))",
            Class::I32,
            cell(cell::MemoryInit { segment: DATA + 2, args: 5 }),
            cell(cell::MemoryInit { segment: DATA, args: 5 }),
        ),
        (
            "(table.init $u 1 (local.get 0) (i32.const 3) (local.get 1))",
            Class::I32,
            cell(cell::TableInit { table: TABLES + 1, segment: ELEMENTS + 2, args: 5 }),
            cell(cell::TableInit { table: TABLES, segment: ELEMENTS + 2, args: 5 }),
        ),
        (
            "(table.copy $u $t (local.get 0) (i32.const 3) (local.get 1))",
            Class::I32,
            cell(cell::TableCopy { to: TABLES + 1, from: TABLES, args: 5 }),
            cell(cell::TableCopy { to: TABLES, from: TABLES + 1, args: 5 }),
        ),
        (
            "(table.fill $u (local.get 0) (ref.func $a) (local.get 1))",
            Class::I64,
            cell(cell::TableFill { table: TABLES + 1, args: 5 }),
            cell(cell::TableFill { table: TABLES, args: 5 }),
        ),
    ];
    for (body, class, right, wrong) in cases {
        let subject = rich("", body);
        subject.right(&with_operands(r(class), right.clone()));
        subject.wrong(&with_operands(r(class), wrong), "expected");
        // The operand in the middle is another one, or is not there.
        subject.wrong(&with_operands(s(0), right.clone()), "expected");
        subject.wrong(&[set(5, s(0)), set(7, s(1)), right, end()], "what nobody knows");
    }
}

#[test]
fn table_elements() {
    let subject = rich("", "(table.set $u (local.get 0) (ref.func $b))");
    let code = |word, table| [set(5, s(0)), set(6, func(word)), cell(cell::TableSet { table, args: 5 }), end()];
    subject.right(&code(RECORDS + 2, TABLES + 1));
    subject.wrong(&code(RECORDS, TABLES + 1), "expected TableSet");
    subject.wrong(&code(RECORDS + 2, TABLES), "expected TableSet");

    let subject = rich("(result i32)", "(ref.is_null (table.get $u (local.get 1)))");
    let code =
        |slot, table| [set_acc(s(slot)), cell(cell::TableGet { table }), ret(2, un(Op::RefIsNull, acc(Class::I64)))];
    subject.right(&code(1, TABLES + 1));
    subject.wrong(&code(0, TABLES + 1), "expected table.get");
    subject.wrong(&code(1, TABLES), "expected table.get");

    let subject = rich("(result i32)", "(table.grow $u (ref.null func) (local.get 1))");
    let null = un(Op::I64ExtendI32U, imm(0));
    let code = |third| {
        [
            set(5, null.clone()),
            set(6, third),
            cell(cell::TableGrow { table: TABLES + 1, args: 5 }),
            ret(2, acc(Class::I32)),
        ]
    };
    // Zero extended is no constant to the checker, which computes nothing.
    subject.wrong(&code(s(1)), "expected TableGrow");
}

#[test]
fn segments_are_dropped() {
    let subject = rich("", "(data.drop 1) (elem.drop 1)");
    let (data, element) = (cell::DataDrop { segment: DATA + 2 }, cell::ElemDrop { segment: ELEMENTS + 2 });
    subject.only(
        &[cell(data), cell(element), end()],
        &[
            (0, cell(cell::DataDrop { segment: DATA }), "expected DataDrop"),
            (1, cell(cell::ElemDrop { segment: ELEMENTS }), "expected ElemDrop"),
            (1, set_acc(imm(0)), "expected ElemDrop"),
        ],
    );
    subject.wrong(&[cell(element), cell(data), end()], "expected DataDrop");
}

#[test]
fn calls() {
    let subject = rich("(result i32)", "(call $a (local.get 1) (local.get 0))");
    let call = |func, args, header| cell(cell::Call { func, args, header });
    let code = [set(5, s(1)), set(6, s(0)), call(RECORDS, 5, 7), ret(2, acc(Class::I32))];
    subject.only(
        &code,
        &[
            (0, set(5, s(0)), "expected Call"),
            (2, call(RECORDS + 2, 5, 6), "expected Call"),
            (2, call(RECORDS, 5, 8), "header"),
            (2, call(RECORDS, 1, 3), "among locals"),
            (2, call(RECORDS + 1, 5, 7), "no function"),
            // The result is in the accumulator alone.
            (3, ret(2, s(5)), "expected Return"),
        ],
    );
}

#[test]
fn indirect_calls() {
    let subject = rich("(result i32)", "(call_indirect $u (type $other) (local.get 0) (local.get 1))");
    let call = |table, type_id| cell(cell::CallIndirect { table, type_id: TypeId(type_id), args: 5, header: 6 });
    let code = [set(5, s(0)), set_acc(s(1)), call(TABLES + 1, 1), ret(2, acc(Class::I32))];
    subject.only(
        &code,
        &[
            (1, set_acc(s(0)), "expected CallIndirect"),
            (2, call(TABLES, 1), "expected CallIndirect"),
            (2, call(TABLES + 1, 0), "header"),
            (2, call(TABLES + 1, 9), "no type's id"),
        ],
    );
}

#[test]
fn tail_calls() {
    let subject = rich("(result i32)", "(return_call $a (local.get 1) (local.get 0))");
    let call = |moves, header, new_header| cell(cell::ReturnCall { func: RECORDS, args: 5, moves, header, new_header });
    let moved = [set(5, s(1)), set(6, s(0)), call(4, 2, 2)];
    subject.only(
        &moved,
        &[
            (1, set(6, s(1)), "expected ReturnCall"),
            (2, call(2, 2, 2), "moves 1 words"),
            (2, call(4, 3, 2), "header"),
            (2, call(0, 2, 2), "expected ReturnCall"),
        ],
    );
    // In place: one of the two has to be put away first.
    subject.right(&[set(5, s(0)), set(0, s(1)), set(1, s(5)), call(0, 2, 2)]);
    subject.wrong(&[set(0, s(1)), set(1, s(0)), call(0, 2, 2)], "expected ReturnCall");

    let subject = rich("(result i32)", "(return_call_indirect $u (type $other) (local.get 0) (local.get 1))");
    let call = |moves, new_header| {
        cell(cell::ReturnCallIndirect { table: TABLES + 1, type_id: TypeId(1), args: 5, moves, header: 2, new_header })
    };
    subject.only(
        &[set(5, s(0)), set_acc(s(1)), call(3, 1)],
        &[(1, set_acc(s(0)), "expected ReturnCallIndirect"), (2, call(2, 1), "header"), (2, call(3, 2), "header")],
    );
}

#[test]
fn returns() {
    let subject = rich("(result i32 i32)", "(local.get 1) (local.get 0)");
    let code = [set(5, s(1)), set(1, s(0)), ret(2, s(5))];
    subject.only(
        &code,
        &[
            (0, set(5, s(0)), "expected Return"),
            (1, set(1, s(1)), "expected Return"),
            (2, ret(3, s(5)), "header"),
            (2, cell(cell::Return { header: 2 }), "expected Return"),
        ],
    );
}

#[test]
fn unreachable() {
    let subject = rich("", "unreachable");
    subject.only(&[cell(cell::Unreachable {})], &[(0, end(), "expected Unreachable")]);
    rich("", "").wrong(&[cell(cell::Unreachable {})], "expected Return");
}

#[test]
fn fuel() {
    let mut subject =
        rich("", "(loop $l (memory.fill (local.get 0) (local.get 1) (local.get 0)) (br_if $l (local.get 0)))");
    subject.fuel = true;
    let pay = |amount: Amount, slot| cell(cell::FuelBulk { amount: amount as u16, slot, table: 0 });
    let code = [
        // Nothing is outside of the loop, and costs 1 all the same.
        cell(cell::Fuel { cost: 1 }),
        cell(cell::Fuel { cost: 6 }),
        pay(Amount::Bytes, 0),
        bulk(Form::MemoryFill, s(0), s(1), s(0)),
        br_if(1, s(0)),
        end(),
    ];
    subject.only(
        &code,
        &[
            (0, cell(cell::Fuel { cost: 2 }), "expected Fuel(1)"),
            (1, cell(cell::Fuel { cost: 5 }), "expected Fuel(6)"),
            (1, set_acc(imm(0)), "expected Fuel(6)"),
            (2, pay(Amount::Bytes, 1), "expected Pay"),
            (2, pay(Amount::Elements32, 0), "expected Pay"),
            (2, pay(Amount::Elements, 0), "word 0 is no table"),
            (2, set_acc(imm(0)), "expected Pay"),
            // The next iteration is free.
            (4, br_if(2, s(0)), "expected"),
        ],
    );
}
