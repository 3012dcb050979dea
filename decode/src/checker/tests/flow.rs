//! Control flow: conditions, where branches lead, what is known where ways meet; and what lowering makes of loops and
//! small `if`s.

use super::assembler::*;
use crate::cell;
use crate::checker::Verdict;
use crate::layout::HEAD_WORDS;
use crate::ops::{Class, Op};

/// A function of two i32s, with its header in slot 2 and operands from slot 5 on.
fn binary(body: &str) -> Subject {
    Subject::new(&format!("(module (memory 1) (func (param i32 i32) (result i32) {body}))"), 12)
}

/// The word of the only global, behind the only function's record.
const GLOBAL: u32 = HEAD_WORDS as u32 + 2;

const CHOICE: &str = "(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))";

#[test]
fn conditions_and_targets() {
    let subject = binary(CHOICE);
    let code = |branch| [branch, ret(2, imm(2)), ret(2, imm(1))];
    subject.right(&code(br_if(2, s(0))));
    subject.right(&code(br_if(2, un(Op::I32Eqz, un(Op::I32Eqz, s(0))))));
    subject.right(&code(br_if(2, bin(Op::I32Ne, s(0), imm(0)))));
    subject.wrong(&code(br_if(2, s(1))), "found Branch");
    subject.wrong(&code(br_if(2, un(Op::I32Eqz, s(0)))), "expected Return");
    subject.wrong(&code(br_if(1, s(0))), "expected Return");
    subject.wrong(&[br_if(1, un(Op::I32Eqz, s(0))), ret(2, imm(2))], "expected Return");
}

#[test]
fn an_if_becomes_a_selection() {
    let subject = binary(CHOICE);
    subject.right(&[ret(2, select(imm(1), imm(2), s(0)))]);
    subject.wrong(&[ret(2, select(imm(2), imm(1), s(0)))], "expected Return");
    // An arm in which something happens must not be executed for nothing.
    let loads = binary("(if (result i32) (local.get 0) (then (i32.load (local.get 1))) (else (i32.const 2)))");
    let code = [ret(2, select(load(Op::I32Load, 0, s(1)), imm(2), s(0)))];
    loads.wrong(&code, "expected Branch");
}

#[test]
fn values_where_ways_meet() {
    let subject = binary(
        "(local.set 1 (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))))
         (i32.store (local.get 0) (local.get 1)) (local.get 1)",
    );
    let code = |second| {
        [
            br_if(2, s(0)),
            seq(second, br(3)),
            set(5, imm(1)),
            // Where both ways meet, nothing is known but that the slot holds the operand.
            set(1, s(5)),
            store(Op::I32Store, 0, s(0), s(1)),
            ret(2, s(1)),
        ]
    };
    subject.right(&code(set(5, imm(2))));
    subject.wrong(&code(set(6, imm(2))), "expected Store");
    // The accumulator holds the operand on both ways, or on one alone.
    let by_accumulator = |between| {
        [
            br_if(2, s(0)),
            seq(seq(set(5, imm(2)), between), br(3)),
            set(5, imm(1)),
            set(1, acc(Class::I32)),
            store(Op::I32Store, 0, s(0), s(1)),
            ret(2, s(1)),
        ]
    };
    subject.right(&by_accumulator(cell(cell::Copy { from: 5, to: 6, count: 1 })));
    subject.wrong(&by_accumulator(set_acc(imm(7))), "expected Store");
}

#[test]
fn tables_of_branches() {
    let subject = binary("(block $a (block $b (br_table $a $b (local.get 0))) (return (i32.const 1))) (i32.const 2)");
    let code = |targets: &[u64]| [set_acc(s(0)), br_table(targets), ret(2, imm(1)), ret(2, imm(2))];
    subject.right(&code(&[3, 2]));
    subject.wrong(&code(&[2, 3]), "expected Return");
    subject.wrong(&code(&[3, 2, 2]), "expected Table(2)");
    subject.only(&code(&[3, 2]), &[(0, set_acc(s(1)), "expected Table")]);
}

#[test]
fn values_are_moved_by_branches() {
    let subject = binary(
        "(block $a (result i32) (local.get 0) (br_if $a (local.get 1) (local.get 0)) (drop) (drop) (i32.const 3))",
    );
    // The block's result is in slot 5; the branch's value comes from slot 6.
    let code = |value| {
        [
            seq(set(5, s(0)), set(6, s(1))),
            br_if(3, un(Op::I32Eqz, s(0))),
            seq(set(5, value), br(4)),
            set(5, imm(3)),
            ret(2, s(5)),
        ]
    };
    subject.right(&code(s(6)));
    subject.wrong(&code(s(5)), "expected Return");
}

/// Ways meet with an operand that is dropped, and behind that another takes its slot. Where one way is known to have set the global
/// that it holds, and the other not, the code has come as far as the source all the same.
#[test]
fn a_dropped_operand_where_ways_meet() {
    let text = "(module (global (mut i32) (i32.const 0)) (memory 1) (func (param i32 i32) (result i32)
        (local.get 0)
        (if (result i32) (local.get 1)
            (then
                (global.set 0 (i32.const 7))
                (if (i32.eqz (i32.load (local.get 0)))
                    (then
                        (i32.store (local.get 0) (local.get 1))
                        (drop (block $b (result i32) (br_if $b (i32.const 3) (local.get 0)) (drop) (i32.const 4)))))
                (global.get 0))
            (else (i32.const 9)))
        i32.store
        local.get 1))";
    let subject = Subject::new(text, 12);
    let code = |value| {
        [
            seq(set(5, s(0)), br_if(6, un(Op::I32Eqz, s(1)))),
            set_global(GLOBAL, imm(7)),
            br_if(5, load(Op::I32Load, 0, s(0))),
            store(Op::I32Store, 0, s(0), s(1)),
            seq(set(6, imm(3)), br_if(5, s(0))),
            seq(set(6, value), br(7)),
            set(6, imm(9)),
            store(Op::I32Store, 0, s(5), s(6)),
            ret(2, s(1)),
        ]
    };
    subject.right(&code(global(GLOBAL)));
    subject.wrong(&code(s(1)), "expected Store");
}

/// The same with an operand that is pushed and dropped where nothing happens, between two labels. The other way into the block has
/// an operand that is a constant, or the global behind a label already, so that there the first label is the right one.
#[test]
fn an_operand_that_is_pushed_in_vain_where_ways_meet() {
    let text = "(module (global (mut i32) (i32.const 0)) (memory 1) (func (param i32 i32) (result i32)
        (block $out (result i32)
            (if (local.get 1) (then
                (select
                    (if (result i32) (local.get 0) (then (global.get 0)) (else (i32.const -1)))
                    (global.get 0)
                    (global.get 0))
                (br $out)))
            (block $in
                (if (local.get 0) (then (i32.store (local.get 0) (local.get 1)) (br $in)))
                (drop (local.get 1)))
            (local.get 0))
        (if (then (i32.store (local.get 1) (local.get 1))))
        local.get 1))";
    let subject = Subject::new(text, 12);
    let code = |value| {
        [
            br_if(6, un(Op::I32Eqz, s(1))),
            br_if(3, un(Op::I32Eqz, s(0))),
            seq(set(5, global(GLOBAL)), br(4)),
            set(5, imm(-1)),
            set(5, select(s(5), global(GLOBAL), global(GLOBAL))),
            br(9),
            br_if(8, un(Op::I32Eqz, s(0))),
            store(Op::I32Store, 0, s(0), s(1)),
            set(5, value),
            br_if(11, un(Op::I32Eqz, s(5))),
            store(Op::I32Store, 0, s(1), s(1)),
            ret(2, s(1)),
        ]
    };
    subject.right(&code(s(0)));
    subject.wrong(&code(s(1)), "expected Branch");
}

const COUNT: &str = "(loop $l
    (i32.store (local.get 0) (local.get 1))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)";

fn step(counter: Part) -> Part {
    seq(store(Op::I32Store, 0, counter.clone(), s(1)), set(0, bin(Op::I32Sub, counter, imm(1))))
}

#[test]
fn loops() {
    let subject = binary(COUNT);
    let r0 = || acc(Class::I32);
    subject.right(&[seq(step(s(0)), br_if(0, s(0))), ret(2, s(1))]);
    subject.right(&[repeat(seq(step(s(0)), br_if(0, r0()))), ret(2, s(1))]);
    // Peeled: the first iteration leads to another that finds the counter in the accumulator.
    let peeled = |first: u64, second: u64| {
        [seq(step(s(0)), br_if(first, s(0))), br(3), seq(step(r0()), br_if(second, r0())), ret(2, s(1))]
    };
    subject.right(&peeled(2, 2));
    subject.right(&peeled(2, 0));
    subject.wrong(&[repeat(seq(step(r0()), br_if(0, r0()))), ret(2, s(1))], "what nobody knows");
    // The accumulator holds something else when the next iteration begins.
    let spoiled = seq(step(r0()), seq(set_acc(s(1)), br_if(2, s(0))));
    subject.wrong(&[seq(step(s(0)), br_if(2, s(0))), br(3), spoiled, ret(2, s(1))], "expected Store");
    // It is left after one iteration.
    subject.wrong(&[step(s(0)), ret(2, s(1))], "expected Branch");
    subject.wrong(&[step(s(0)), repeat(br_if(1, s(0))), ret(2, s(1))], "expected");
}

#[test]
fn loops_carry_slots_by_their_numbers() {
    let subject = binary(COUNT);
    // The address and the value that is stored, then the counter thrice.
    let numbers = [0, 1, 0, 0, 0];
    let back = |to| seq(step(s(0)), br_if(to, s(0)));
    subject.right(&[carried(&numbers, back(0)), ret(2, s(1))]);
    subject.wrong(&[carried(&[0, 1, 0, 0, 1], back(0)), ret(2, s(1))], "the other way round");
    subject.wrong(&[carried(&[0, 0, 0, 0, 0], back(0)), ret(2, s(1))], "the other way round");
    subject.wrong(&[carried(&numbers[..4], back(0)), ret(2, s(1))], "the other way round");
    // Its last branch is taken for one back, whatever it says.
    subject.wrong(&[carried(&numbers, back(1)), ret(2, s(1))], "back to itself");
    subject.wrong(&[carried(&numbers[..4], step(s(0))), br_if(0, s(0)), ret(2, s(1))], "back to itself");
    // What it does counts.
    let other = seq(store(Op::I32Store, 0, s(0), s(1)), set(0, bin(Op::I32Add, s(0), imm(1))));
    subject.wrong(&[carried(&numbers, seq(other, br_if(0, s(0)))), ret(2, s(1))], "expected");
    // Another cell asks for the epoch.
    let subject = Subject { epochs: true, ..subject };
    subject.right(&[carried(&numbers, back(2)), ret(2, s(1)), ask(br(0))]);
    subject.wrong(&[carried(&numbers, back(0)), ret(2, s(1))], "does not ask");
}

#[test]
fn branches_back_ask_for_the_epoch() {
    let subject = Subject { epochs: true, ..binary(COUNT) };
    let r0 = || acc(Class::I32);
    let back = |to| seq(step(s(0)), br_if(to, s(0)));
    subject.right(&[ask(back(0)), ret(2, s(1))]);
    subject.right(&[repeat(ask(seq(step(s(0)), br_if(0, r0())))), ret(2, s(1))]);
    // Another cell asks for it; also for one that waits to write what the source has set when it branches back.
    subject.right(&[back(2), ret(2, s(1)), ask(br(0))]);
    let forever = Subject {
        epochs: true,
        ..binary(
            "(loop $l (br_if $l (local.get 0)) (local.set 1 (i32.add (local.get 0) (local.get 1))) (br $l)) (local.get 0)",
        )
    };
    let set = |to| seq(set(1, bin(Op::I32Add, s(0), s(1))), br(to));
    forever.right(&[br_if(2, s(0)), set(2), ask(br(0))]);
    forever.wrong(&[br_if(2, s(0)), set(2), ask(br(1))], "goes round");
    for wrong in [back(0), repeat(back(0))] {
        subject.wrong(&[wrong, ret(2, s(1))], "does not ask");
    }
    subject.wrong(&[back(2), ret(2, s(1)), br(0)], "does not ask");
}

#[test]
fn loops_are_rotated() {
    let subject = binary(
        "(block $end (loop $l (br_if $end (i32.eqz (local.get 0)))
            (i32.store (local.get 0) (local.get 1))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l)))
         (local.get 1)",
    );
    let code = |again| [br_if(3, un(Op::I32Eqz, s(0))), seq(step(s(0)), again), br(3), ret(2, s(1))];
    subject.right(&[br_if(3, un(Op::I32Eqz, s(0))), step(s(0)), br(0), ret(2, s(1))]);
    subject.right(&code(br_if(1, s(0))));
    subject.wrong(&code(br_if(1, un(Op::I32Eqz, s(0)))), "expected");
    subject.wrong(&code(br_if(1, s(1))), "expected Branch");
}

#[test]
fn code_that_never_comes_back() {
    let subject = binary("(local.get 0)");
    subject.wrong(&[set(5, s(0)), br(1)], "goes round");
    let forever = binary("(loop $l (br $l)) (local.get 0)");
    forever.right(&[br(0)]);
    forever.wrong(&[ret(2, s(0))], "where nothing ever does");
}

#[test]
fn code_that_is_none() {
    let subject = binary("(local.get 0)");
    subject.wrong(&[set(5, s(0))], "behind the last cell");
    assert_eq!(subject.check(&[ret(2, s(0))]), Ok(Verdict::Right));
}
