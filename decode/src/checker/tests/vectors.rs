//! Vectors: values of two words, each of which can be lost by itself.

use super::assembler::*;
use crate::TypeId;
use crate::cell;
use crate::layout::HEAD_WORDS;
use crate::ops::{Class, Op};

/// A function of two vectors, in slots 0 and 2, and an i32 in slot 4, with its header in slot 5 and operands from slot 8
/// on.
pub(super) fn function(result: &str, body: &str) -> Subject {
    let text = format!(
        r#"(module
            (import "" "f" (func $f (param i32 v128 i32) (result v128 i32)))
            (import "" "g" (global $g (mut v128)))
            (memory 1)
            (func (param v128 v128 i32) {result} {body}))"#
    );
    Subject::new(&text, 24)
}

/// The word of the function that is imported, and of the global.
const FUNC: u32 = HEAD_WORDS as u32;
const GLOBAL: u32 = FUNC + 2 * 2;

pub(super) fn v(number: u16) -> Part {
    slot(number, Class::V128)
}

fn acc_v() -> Part {
    acc(Class::V128)
}

fn copy(from: u16, to: u16, count: u16) -> Part {
    cell(cell::Copy { from, to, count })
}

pub(super) const ANOTHER: &str = "expected Return";
const NOTHING: &str = "what nobody knows";

#[test]
fn a_half_is_overwritten() {
    let subject = function("(result v128)", "(local.get 0)");
    let code = |between: Part| [set(8, v(0)), between, ret(5, v(8))];
    subject.right(&code(set(10, s(4))));
    subject.right(&code(set(10, v(2))));
    subject.wrong(&code(set(8, s(4))), NOTHING);
    subject.wrong(&code(set(9, s(4))), NOTHING);
    subject.wrong(&code(set(8, v(2))), ANOTHER);
    subject.wrong(&code(set(9, v(2))), ANOTHER);
    subject.wrong(&code(set(9, slot(8, Class::F64))), NOTHING);
    // The vector that comes later lies below.
    subject.right(&[set(10, v(0)), set(8, v(2)), ret(5, v(10))]);
    subject.wrong(&[set(9, v(0)), set(8, v(2)), ret(5, v(9))], ANOTHER);
}

#[test]
fn halves_are_copied() {
    let subject = function("(result v128)", "(local.get 0)");
    subject.right(&[copy(0, 8, 2), ret(5, v(8))]);
    subject.right(&[copy(0, 8, 1), copy(1, 9, 1), ret(5, v(8))]);
    subject.right(&[copy(0, 8, 4), copy(8, 9, 2), ret(5, v(9))]);
    subject.wrong(&[copy(0, 8, 1), ret(5, v(8))], NOTHING);
    subject.wrong(&[copy(1, 8, 2), ret(5, v(8))], ANOTHER);
    subject.wrong(&[copy(0, 9, 1), copy(1, 8, 1), ret(5, v(8))], ANOTHER);
    subject.wrong(&[copy(0, 8, 2), copy(2, 9, 1), ret(5, v(8))], ANOTHER);
}

#[test]
fn vectors_and_other_classes() {
    let subject = function("(result v128)", "(local.get 0)");
    // The lower half of a vector is no float, and two integers are no vector.
    subject.wrong(&[set(8, slot(0, Class::F64)), copy(1, 9, 1), ret(5, v(8))], NOTHING);
    subject.wrong(&[set(8, slot(0, Class::I64)), set(9, slot(1, Class::I64)), ret(5, v(8))], NOTHING);
    subject.wrong(&[ret(5, v(4))], "header");
    subject.wrong(&[set(23, v(0)), ret(5, v(0))], "outside of the frame");
}

#[test]
fn floats_and_vectors_share_an_accumulator() {
    let subject = function("(result v128)", "(local.get 0)");
    let code = |between: Part| [set_acc(v(0)), between, ret(5, acc_v())];
    subject.right(&code(set_acc(s(4))));
    subject.wrong(&code(set_acc(v(2))), ANOTHER);
    subject.wrong(&code(set_acc(load(Op::F32Load, 0, s(4)))), "expected Return");
    subject.wrong(&code(set_acc(un(Op::F64ConvertI32S, s(4)))), NOTHING);
    subject.wrong(&[set_acc(s(4)), ret(5, acc_v())], NOTHING);
    // What mirrored a slot does so no more.
    let set_local = function("(result v128)", "(local.set 0 (local.get 1)) (local.get 0)");
    set_local.right(&[set_acc(v(0)), copy(2, 0, 2), ret(5, v(0))]);
    set_local.wrong(&[set_acc(v(0)), copy(2, 0, 2), ret(5, acc_v())], ANOTHER);
    set_local.wrong(&[set_acc(v(2)), copy(2, 0, 1), ret(5, v(0))], ANOTHER);
}

#[test]
fn constants() {
    let subject = function("(result v128)", "(v128.const i64x2 1 -2)");
    subject.right(&[ret(5, vector([1, -2]))]);
    subject.right(&[set(8, vector([1, -2])), ret(5, v(8))]);
    for wrong in [[1, 2], [2, -2], [-2, 1]] {
        subject.wrong(&[ret(5, vector(wrong))], ANOTHER);
    }
    // A half is a half, whichever vector it comes from.
    subject.right(&[set(8, vector([1, 7])), set(10, vector([7, -2])), copy(11, 9, 1), ret(5, v(8))]);
    subject.wrong(&[set(8, vector([1, 7])), set(10, vector([7, -2])), copy(10, 9, 1), ret(5, v(8))], ANOTHER);
}

#[test]
fn locals_begin_with_zero() {
    let subject = function("(result v128)", "(local v128) (local.get 3)");
    let zero = |from, count| cell(cell::Zero { from, count });
    subject.right(&[zero(8, 2), ret(5, v(8))]);
    subject.right(&[ret(5, vector([0, 0]))]);
    subject.wrong(&[zero(8, 1), ret(5, v(8))], NOTHING);
    subject.wrong(&[zero(9, 1), ret(5, v(8))], NOTHING);
}

#[test]
fn operands_keep_their_order() {
    use Op::*;
    for op in [I8x16Sub, I8x16Swizzle, V128AndNot, I16x8NarrowI32x4U, F32x4Lt, F64x2PMin] {
        let subject = function("(result v128)", &format!("({} (local.get 0) (local.get 1))", op.info().text));
        subject.right(&[ret(5, bin(op, v(0), v(2)))]);
        subject.wrong(&[ret(5, bin(op, v(2), v(0)))], ANOTHER);
    }
    for op in [I8x16Add, I64x2Eq, F32x4Mul] {
        let subject = function("(result v128)", &format!("({} (local.get 0) (local.get 1))", op.info().text));
        subject.right(&[ret(5, bin(op, v(2), v(0)))]);
        subject.wrong(&[ret(5, bin(op, v(2), v(2)))], ANOTHER);
    }
    let subject = function("(result v128)", "(v128.bitselect (local.get 0) (local.get 1) (local.get 0))");
    subject.right(&[ret(5, tern(V128Bitselect, v(0), v(2), v(0)))]);
    subject.wrong(&[ret(5, tern(V128Bitselect, v(2), v(0), v(0)))], ANOTHER);
    subject.wrong(&[ret(5, tern(V128Bitselect, v(0), v(0), v(2)))], ANOTHER);
}

#[test]
fn lanes_are_shuffled() {
    let body = "(i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get 0) (local.get 1))";
    let subject = function("(result v128)", body);
    let [low, high] = [0x0706_0504_0302_0100, 0x1f0e_0d0c_0b0a_0908];
    let code = |a, b, mask| [ret(5, tern(Op::I8x16Shuffle, a, b, vector(mask)))];
    subject.right(&code(v(0), v(2), [low, high]));
    subject.wrong(&code(v(2), v(0), [low, high]), ANOTHER);
    subject.wrong(&code(v(0), v(2), [low, high ^ 1]), ANOTHER);
    subject.wrong(&code(v(0), v(2), [high, low]), ANOTHER);
}

#[test]
fn lanes() {
    let extracts = function("(result i32)", "(i16x8.extract_lane_s 5 (local.get 1))");
    let code = |op, lane, vector| [ret(5, extract(op, lane, vector))];
    extracts.right(&code(Op::I16x8ExtractLaneS, 5, v(2)));
    extracts.wrong(&code(Op::I16x8ExtractLaneS, 4, v(2)), ANOTHER);
    extracts.wrong(&code(Op::I16x8ExtractLaneU, 5, v(2)), ANOTHER);
    extracts.wrong(&code(Op::I16x8ExtractLaneS, 5, v(0)), ANOTHER);
    let replaces = function("(result v128)", "(i32x4.replace_lane 2 (local.get 1) (local.get 2))");
    let code = |lane, vector, value| [ret(5, replace(Op::I32x4ReplaceLane, lane, vector, value))];
    replaces.right(&code(2, v(2), s(4)));
    replaces.wrong(&code(3, v(2), s(4)), ANOTHER);
    replaces.wrong(&code(2, v(0), s(4)), ANOTHER);
    replaces.wrong(&code(2, v(2), imm(4)), ANOTHER);
}

#[test]
fn loads_and_stores() {
    let loads = function("(result v128)", "(v128.load16x4_u offset=8 (local.get 2))");
    loads.right(&[ret(5, load(Op::V128Load16x4U, 8, s(4)))]);
    loads.wrong(&[ret(5, load(Op::V128Load16x4S, 8, s(4)))], "expected v128.load16x4_u");
    loads.wrong(&[ret(5, load(Op::V128Load16x4U, 9, s(4)))], "expected v128.load16x4_u");
    let stores = function("", "(v128.store offset=8 (local.get 2) (local.get 1))");
    let code = |offset, vector| [store(Op::V128Store, offset, s(4), vector), cell(cell::Return { header: 5 })];
    stores.right(&code(8, v(2)));
    stores.wrong(&code(8, v(0)), "expected Store");
    stores.wrong(&code(8, v(1)), "expected Store");
    stores.wrong(&code(0, v(2)), "expected Store");
}

#[test]
fn lanes_are_loaded() {
    let (lane, word) = (Op::I16x8ReplaceLane, Op::I32Load16U);
    let whole = function("(result v128)", "(v128.load16_lane offset=4 6 (local.get 2) (local.get 1))");
    let code = |lane_op, index, vector, address| [ret(5, replace(lane_op, index, vector, load(word, 4, address)))];
    whole.right(&code(lane, 6, v(2), s(4)));
    whole.wrong(&code(lane, 5, v(2), s(4)), ANOTHER);
    whole.wrong(&code(lane, 6, v(0), s(4)), ANOTHER);
    whole.wrong(&code(lane, 6, v(2), imm(4)), "expected i32.load16_u");
    whole.wrong(&[ret(5, replace(lane, 6, v(2), load(Op::I32Load16S, 4, s(4))))], "expected i32.load16_u");

    // The address is evaluated before the vector, and both before the access.
    let traps = function("(result v128)", "(v128.load16_lane 6 (i32.load (local.get 2)) (v128.load (local.get 2)))");
    let (address, vector) = (load(Op::I32Load, 0, s(4)), load(Op::V128Load, 0, s(4)));
    let access = |address| load(word, 0, address);
    traps.right(&[set(8, address.clone()), set(9, vector.clone()), ret(5, replace(lane, 6, v(9), access(s(8))))]);
    traps.right(&[set(8, address.clone()), ret(5, replace(lane, 6, vector.clone(), access(s(8))))]);
    let early = [ret(5, replace(lane, 6, vector.clone(), access(address.clone())))];
    traps.wrong(&early, "expected i32.load");
    let late = [set(8, access(address)), set(9, vector), ret(5, replace(lane, 6, v(9), s(8)))];
    traps.wrong(&late, "expected v128.load");
}

#[test]
fn lanes_are_stored() {
    let subject = function("", "(v128.store8_lane offset=3 9 (i32.load (local.get 2)) (local.get 1))");
    let address = || load(Op::I32Load, 0, s(4));
    let end = || cell(cell::Return { header: 5 });
    let code = |lane, vector| {
        let value = extract(Op::I8x16ExtractLaneU, lane, vector);
        [store(Op::I32Store8, 3, address(), value), end()]
    };
    subject.right(&code(9, v(2)));
    subject.wrong(&code(8, v(2)), "expected Store");
    subject.wrong(&code(9, v(0)), "expected Store");
    subject.wrong(&[store(Op::I32Store8, 3, address(), s(4)), end()], "expected Store");
}

#[test]
fn arguments_and_results_of_calls() {
    let subject = function("(result v128 i32)", "(call $f (local.get 2) (local.get 1) (i32.const 3))");
    let call = |args, header| cell(cell::Call { func: FUNC, args, header });
    // The vector is in the accumulator, and what follows it in the third slot.
    let code =
        [set(8, s(4)), set(9, v(2)), set(11, imm(3)), call(8, 12), set(8, acc_v()), copy(10, 2, 1), ret(5, v(8))];
    subject.only(
        &code,
        &[
            (1, set(10, v(2)), "expected Call"),
            (1, copy(2, 9, 1), "expected Call"),
            (2, set(10, imm(3)), "expected Call"),
            (3, call(8, 11), "header"),
            (4, copy(8, 10, 2), ANOTHER),
            (5, copy(9, 2, 1), NOTHING),
            (5, copy(10, 1, 1), ANOTHER),
        ],
    );
    // The callee's results lie over the second half.
    subject.wrong(&[set(8, s(4)), set(9, v(2)), set(11, imm(3)), call(8, 12), copy(10, 2, 1), ret(5, v(8))], NOTHING);
}

#[test]
fn results_in_the_middle() {
    let subject = function("(result i32 v128 i32)", "(local.get 2) (local.get 1) (local.get 2)");
    let code = [set(8, s(4)), set(9, v(2)), set(11, s(4)), copy(9, 1, 3), ret(5, s(8))];
    subject.only(
        &code,
        &[
            (3, copy(9, 1, 2), ANOTHER),
            (3, copy(9, 2, 3), ANOTHER),
            (3, copy(8, 1, 3), ANOTHER),
            (1, set(9, v(0)), ANOTHER),
            (4, ret(5, s(9)), ANOTHER),
        ],
    );
}

#[test]
fn tail_calls_move_words() {
    let text = r#"(module
        (type $swap (func (param v128 v128 i32)))
        (table 1 funcref)
        (func (param v128 v128 i32)
            (return_call_indirect (type $swap) (local.get 1) (local.get 0) (local.get 2) (i32.const 0))))"#;
    let subject = Subject::new(text, 24);
    let word = FUNC + 2;
    let call = |moves| {
        let (table, type_id) = (word, TypeId(0));
        cell(cell::ReturnCallIndirect { table, type_id, args: 8, moves, header: 5, new_header: 5 })
    };
    let code = [set(8, v(2)), set(10, v(0)), set(12, s(4)), set_acc(imm(0)), call(10)];
    subject.only(
        &code,
        &[
            (1, set(11, v(0)), "expected ReturnCallIndirect"),
            (4, call(6), "moves 3 words"),
            (4, call(0), "expected ReturnCallIndirect"),
        ],
    );
}

#[test]
fn globals() {
    let subject = function("(result v128)", "(global.get $g) (global.set $g (local.get 1))");
    let get = || global_of(GLOBAL, Class::V128);
    let code = [set(8, get()), set_global(GLOBAL, v(2)), ret(5, v(8))];
    subject.only(
        &code,
        &[
            (1, set_global(GLOBAL, v(0)), "expected GlobalSet"),
            (2, ret(5, get()), ANOTHER),
            (0, set(8, global_of(GLOBAL, Class::F64)), "no global of class"),
        ],
    );
}

#[test]
fn values_where_ways_meet() {
    let subject = function(
        "(result v128)",
        "(if (result v128) (local.get 2) (then (local.get 0)) (else (v128.load (local.get 2))))
         (v128.store (local.get 2) (local.get 1))",
    );
    let code = |second: Part, value: Part| {
        let access = load(Op::V128Load, 0, s(4));
        let first = [br_if(3, s(4)), set(8, access), second, set(8, v(0)), store(Op::V128Store, 0, s(4), v(2))];
        [&first[..], &[ret(5, value)]].concat()
    };
    let on = |more: Part| seq(more, br(4));
    subject.right(&code(br(4), v(8)));
    subject.right(&code(br(4), acc_v()));
    subject.right(&code(on(set(10, s(4))), acc_v()));
    // One half is lost on one way.
    subject.wrong(&code(on(set(9, s(4))), v(8)), NOTHING);
    subject.wrong(&code(on(copy(2, 8, 1)), v(8)), "expected");
    // The accumulator is another on one way.
    subject.wrong(&code(on(set_acc(un(Op::F32ConvertI32S, s(4)))), acc_v()), NOTHING);
    subject.wrong(&code(on(set_acc(v(2))), acc_v()), "expected");
}

#[test]
fn an_if_becomes_a_selection() {
    let subject = function(
        "(result v128)",
        "(if (local.get 2) (then (local.set 0 (local.get 1))) (else (local.set 0 (v128.not (local.get 0))))) (local.get 0)",
    );
    let not = || un(Op::V128Not, v(0));
    subject.right(&[set(0, select(v(2), not(), s(4))), ret(5, v(0))]);
    subject.right(&[set(0, select(not(), v(2), un(Op::I32Eqz, s(4)))), ret(5, acc_v())]);
    subject.wrong(&[set(0, select(not(), v(2), s(4))), ret(5, v(0))], ANOTHER);
    subject.wrong(&[set(0, select(v(2), not(), s(4))), copy(2, 1, 1), ret(5, v(0))], ANOTHER);
    let selects = function("(result v128)", "(select (result v128) (local.get 0) (local.get 1) (local.get 2))");
    selects.right(&[ret(5, select(v(0), v(2), s(4)))]);
    selects.wrong(&[ret(5, select(v(2), v(0), s(4)))], ANOTHER);
}

#[test]
fn values_are_moved_by_branches() {
    let subject = function(
        "(result v128)",
        "(block $a (result v128)
            (local.get 2) (br_if $a (local.get 1) (local.get 2)) (drop) (drop) (local.get 0))",
    );
    // The block's result is in slot 8; the branch's value comes from slot 9, so its first half is read first.
    let code = |value: Part| {
        [seq(set(8, s(4)), set(9, v(2))), br_if(3, un(Op::I32Eqz, s(4))), seq(value, br(4)), set(8, v(0)), ret(5, v(8))]
    };
    subject.right(&code(set(8, v(9))));
    subject.right(&code(copy(9, 8, 2)));
    subject.right(&code(seq(copy(9, 8, 1), copy(10, 9, 1))));
    subject.wrong(&code(seq(copy(10, 9, 1), copy(9, 8, 1))), ANOTHER);
    subject.wrong(&code(copy(9, 8, 1)), NOTHING);
    subject.wrong(&code(set(8, v(8))), NOTHING);
}

#[test]
fn loops_carry_vectors() {
    let subject = function(
        "(result v128)",
        "(loop $l (local.set 0 (i32x4.add (local.get 0) (local.get 1)))
            (br_if $l (local.tee 2 (i32.sub (local.get 2) (i32.const 1))))) (local.get 0)",
    );
    let sum = |vector| set(0, bin(Op::I32x4Add, vector, v(2)));
    let count = || set(4, bin(Op::I32Sub, s(4), imm(1)));
    let peeled = |first: u64, between: Part, vector| {
        let begin = [seq(seq(sum(v(0)), count()), br_if(first, s(4))), br(3)];
        let again = [seq(seq(sum(vector), between), br_if(2, s(4))), ret(5, v(0))];
        [&begin[..], &again[..]].concat()
    };
    subject.right(&peeled(2, count(), v(0)));
    subject.right(&peeled(2, count(), acc_v()));
    subject.wrong(&peeled(2, seq(count(), set_acc(v(2))), acc_v()), "expected");
    subject.wrong(&peeled(2, seq(count(), set_acc(un(Op::F32ConvertI32S, s(4)))), acc_v()), "expected");
    subject.wrong(&[repeat(seq(sum(acc_v()), seq(count(), br_if(0, s(4))))), ret(5, v(0))], "expected");
}

#[test]
fn words_cost_fuel() {
    // Four vectors are zeroed, and four more returned.
    let mut subject = function(
        "(result v128 v128 v128 v128)",
        "(local v128 v128 v128 v128) (local.get 0) (local.get 0) (local.get 0) (local.get 0)",
    );
    subject.fuel = true;
    let code = |cost| {
        let sets = (0..4).map(|i| set(8 + 8 + 3 + 2 * i, v(0)));
        let mut code = vec![cell(cell::Fuel { cost })];
        code.extend(sets);
        code.extend([copy(8 + 8 + 3 + 2, 2, 6), ret(8, v(19))]);
        code
    };
    subject.words = 27;
    subject.right(&code(4 + 2));
    subject.wrong(&code(4 + 1), "expected Fuel(6)");
}

#[test]
fn deterministic_operators() {
    let body = "(i8x16.relaxed_swizzle (local.get 0) (local.get 1))";
    let (relaxed, exact) = (Op::I8x16RelaxedSwizzle, Op::I8x16Swizzle);
    let code = |op| [ret(5, bin(op, v(0), v(2)))];
    let fast = function("(result v128)", body);
    fast.right(&code(relaxed));
    fast.wrong(&code(exact), ANOTHER);
    let deterministic = Subject { deterministic: true, ..function("(result v128)", body) };
    deterministic.right(&code(exact));
    deterministic.wrong(&code(relaxed), ANOTHER);

    let body = "(f32.add (f32.convert_i32_s (local.get 2)) (f32.convert_i32_u (local.get 2)))";
    let deterministic = Subject { deterministic: true, ..function("(result f32)", body) };
    let sum = || bin(Op::F32Add, un(Op::F32ConvertI32S, s(4)), un(Op::F32ConvertI32U, s(4)));
    deterministic.right(&[ret(5, un(Op::F32Canonical, sum()))]);
    deterministic.wrong(&[ret(5, sum())], ANOTHER);
}
