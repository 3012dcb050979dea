//! Exceptions: what throws, who catches it, and what is known there.

use super::assembler::*;
use crate::catches::{CatchClause, Scope};
use crate::cell;
use crate::checker::Verdict;
use crate::layout::HEAD_WORDS;
use crate::ops::{Class, Op};

/// Words of the instance: of the functions `f` and `g`, and of the tags.
const F: u32 = HEAD_WORDS as u32;
const G: u32 = F + 2;
const E: u32 = G + 2 * 2;
const I: u32 = E + 1;
const X: u32 = E + 2;

/// A function that takes and gives an i32: its header is in slot 1, its operands from slot 4 on.
fn unary(body: &str) -> Subject {
    let text = format!(
        "(module
            (tag $e) (tag $i (param i32)) (tag $x (param i32))
            (func $f) (func $g (param i32) (result i32) unreachable)
            (func (param i32) (result i32) {body}))"
    );
    Subject::new(&text, 16)
}

fn call_f(args: u16) -> Part {
    cell(cell::Call { func: F, args, header: args })
}

fn call_g(args: u16) -> Part {
    cell(cell::Call { func: G, args, header: args + 1 })
}

fn plus(a: Part, b: i32) -> Part {
    bin(Op::I32Add, a, imm(b))
}

fn end(a: Part) -> Part {
    ret(1, a)
}

/// A clause that leads to a cell.
fn clause(tag: impl Into<Option<u32>>, values: u16, reference: impl Into<Option<u16>>, target: u32) -> CatchClause {
    CatchClause { tag: tag.into(), values, reference: reference.into(), target }
}

/// One scope around some cells.
fn around(sites: &[usize], clauses: &[CatchClause]) -> Handlers {
    Handlers {
        sites: sites.iter().map(|&cell| (cell, 0)).collect(),
        scopes: vec![(Scope::NONE, 0, clauses.len() as u32)],
        clauses: clauses.to_vec(),
    }
}

impl Subject {
    fn catches(&self, cells: &[Part], handlers: &Handlers) {
        assert_eq!(self.check_with(cells, handlers), Ok(Verdict::Right));
    }

    fn fails(&self, cells: &[Part], handlers: &Handlers, what: &str) {
        let mistake = self.check_with(cells, handlers).expect_err("the code is wrong");
        assert!(mistake.message.contains(what), "{mistake}, not {what}");
    }
}

#[test]
fn who_catches_is_compared_in_order() {
    let subject = unary(
        "(block $all
            (block $x (result i32)
                (block $i (result i32)
                    (try_table (catch $i $i) (catch $x $x) (catch_all $all) (call $f))
                    (return (i32.const 1)))
                i32.const 2 i32.add return)
            i32.const 3 i32.add return)
        i32.const 4",
    );
    let code = [call_f(4), end(imm(1)), end(plus(s(4), 2)), end(plus(s(4), 3)), end(imm(4))];
    let [i, x, all] = [clause(I, 4, None, 2), clause(X, 4, None, 3), clause(None, 4, None, 4)];
    subject.catches(&code, &around(&[0], &[i, x, all]));
    // Nothing is left for others behind one for all.
    subject.catches(&code, &around(&[0], &[i, x, all, i]));
    let missing = "expected a handler of the tag at word 16, found no more";
    subject.fails(&code, &Handlers::default(), missing);
    subject.fails(&code, &around(&[1], &[i, x, all]), missing);
    subject.fails(&code, &around(&[0], &[x, i, all]), "expected a handler of the tag at word 16, found");
    subject.fails(&code, &around(&[0], &[i, all, x]), "found a handler of all tags");
    subject.fails(&code, &around(&[0], &[x, all]), "expected a handler of the tag at word 16");
    subject.fails(&code, &around(&[0], &[i, x]), "expected a handler of all tags, found no more");
    subject.fails(&code, &around(&[0], &[i, x, clause(E, 4, None, 4)]), "expected a handler of all tags");
    subject.fails(&code, &around(&[0], &[i, x, clause(None, 4, 5, 4)]), "by reference");
    // Where they lead, and with what.
    subject.fails(&code, &around(&[0], &[i, clause(X, 4, None, 2), all]), "expected Return");
    subject.fails(&code, &around(&[0], &[i, x, clause(None, 4, None, 1)]), "expected Return");
    subject.fails(&code, &around(&[0], &[clause(I, 5, None, 2), x, all]), "expected Return");
    subject.fails(&code, &around(&[0], &[clause(I, 16, None, 2), x, all]), "outside of the frame");
    subject.fails(&code, &around(&[0], &[clause(I, 1, None, 2), x, all]), "header");
    subject.fails(&code, &around(&[0], &[i, x, clause(None, 4, None, 9)]), "no cell begins");
    // An accumulator holds nothing that was caught.
    let mut other = code.clone();
    other[2] = end(plus(acc(Class::I32), 2));
    subject.fails(&other, &around(&[0], &[i, x, all]), "expected Return");
}

#[test]
fn nobody_catches_outside_of_a_scope() {
    let subject = unary("(block $h (try_table (catch_all $h) (call $f))) (call $f) (i32.const 1)");
    let code = [call_f(4), call_f(4), end(imm(1))];
    let all = clause(None, 4, None, 1);
    subject.catches(&code, &around(&[0], &[all]));
    subject.fails(&code, &around(&[0, 1], &[all]), "expected no more handlers, found a handler of all tags");
    subject.fails(&code, &around(&[1], &[all]), "expected a handler of all tags, found no more");
    // Nor does anybody what a call does that gives the frame away.
    let tail = unary("(block $h (try_table (catch_all $h) (return_call $g (local.get 0)))) (i32.const 1)");
    let call = cell::ReturnCall { func: G, args: 4, moves: 0, header: 1, new_header: 1 };
    tail.right(&[cell(call), end(imm(1))]);
}

#[test]
fn scopes_lie_in_each_other() {
    let subject = unary(
        "(block $o (result i32)
            (try_table (catch $i $o)
                (block $n (result i32)
                    (try_table (catch $i $n) (catch $x $n) (call $f))
                    (return (i32.const 1)))
                drop (call $f))
            i32.const 2)",
    );
    let code = [call_f(4), end(imm(1)), call_f(4), end(imm(2)), end(s(4))];
    let (inner, x, outer) = (clause(I, 4, None, 2), clause(X, 4, None, 2), clause(I, 4, None, 4));
    let handlers = |scopes: [(u32, u32, u32); 2], sites: &[(usize, u32)]| Handlers {
        sites: sites.to_vec(),
        scopes: scopes.to_vec(),
        clauses: vec![outer, inner, x],
    };
    let scopes = [(Scope::NONE, 0, 1), (0, 1, 2)];
    subject.catches(&code, &handlers(scopes, &[(0, 1), (2, 0)]));
    subject.fails(&code, &handlers([(Scope::NONE, 0, 1), (Scope::NONE, 1, 2)], &[(0, 1), (2, 0)]), "found no more");
    subject.fails(&code, &handlers(scopes, &[(0, 0), (2, 0)]), "expected");
    subject.fails(&code, &handlers(scopes, &[(0, 1), (2, 1)]), "expected");
    subject.fails(&code, &handlers(scopes, &[(0, 1)]), "expected a handler of the tag at word 16, found no more");
}

#[test]
fn throwing() {
    let subject = unary("(throw $i (i32.add (local.get 0) (i32.const 1)))");
    let throw = |tag, args| cell(cell::Throw { tag, args });
    subject.only(
        &[set(4, plus(s(0), 1)), throw(I, 4)],
        &[
            (0, set(4, s(0)), "expected Throw"),
            (1, throw(X, 4), "expected Throw"),
            (1, throw(E, 4), "expected Throw"),
            (1, throw(I, 5), "expected Throw"),
            (1, throw(X + 1, 4), "no tag"),
            (1, throw(F, 4), "no tag"),
            (1, cell(cell::Unreachable {}), "expected Throw"),
            (1, end(s(4)), "expected Throw"),
        ],
    );
    unary("i32.const 1").wrong(&[set(4, imm(1)), throw(I, 4)], "expected Return");
    // What is thrown here is caught here.
    let caught = unary("(block $h (result i32) (try_table (catch $i $h) (throw $i (i32.const 7))) i32.const 1)");
    let code = [set(4, imm(7)), throw(I, 4), end(s(4))];
    caught.catches(&code, &around(&[1], &[clause(I, 4, None, 2)]));
    caught.fails(&code, &around(&[0], &[clause(I, 4, None, 2)]), "found no more");
    caught.fails(&code, &around(&[1], &[clause(I, 5, None, 2)]), "expected Return");
}

#[test]
fn vectors_are_thrown() {
    let text = "(module (tag $v (param v128 i32)) (func $f)
        (func (param i32) (result i32)
            (block $h (result v128 i32) (try_table (catch $v $h) (call $f)) (return (i32.const 1)))
            drop i64x2.extract_lane 1 i32.wrap_i64))";
    let subject = Subject::new(text, 16);
    let lane = |slot_of| un(Op::I32WrapI64, extract(Op::I64x2ExtractLane, 1, slot(slot_of, Class::V128)));
    let code = [call_f(4), end(imm(1)), end(lane(4))];
    let tag = HEAD_WORDS as u32 + 2 * 2;
    subject.catches(&code, &around(&[0], &[clause(tag, 4, None, 2)]));
    subject.fails(&code, &around(&[0], &[clause(tag, 5, None, 2)]), "expected Return");
    subject.fails(&code, &around(&[0], &[clause(tag, 3, None, 2)]), "header");
}

/// Making an exception may collect, and then nobody looks above its values.
#[test]
fn what_is_thrown_lies_on_top() {
    let subject = unary(
        "local.get 0 local.get 0
        (block $h (result i32) (try_table (catch $i $h) (throw $i (local.get 0))) unreachable) drop i32.add",
    );
    let add = || end(bin(Op::I32Add, s(4), s(5)));
    let code = |args| [set(4, s(0)), set(5, s(0)), set(6, s(0)), cell(cell::Throw { tag: I, args }), add()];
    let handlers = around(&[3], &[clause(I, 6, None, 4)]);
    subject.catches(&code(6), &handlers);
    subject.catches(&code(5), &handlers);
    subject.fails(&code(4), &handlers, "expected Return");
}

#[test]
fn references_to_exceptions() {
    let subject = unary(
        "(block $a (result exnref)
            (block $h (result i32 exnref)
                (try_table (catch_ref $i $h) (catch_all_ref $a) (call $f))
                (return (i32.const 1)))
            throw_ref)
        throw_ref",
    );
    let throw = |exception| cell(cell::ThrowRef { exception });
    let code = [call_f(4), end(imm(1)), throw(5), throw(4)];
    let with = |i, all| around(&[0], &[i, all]);
    let (i, all) = (clause(I, 4, 5, 2), clause(None, 4, 4, 3));
    subject.catches(&code, &with(i, all));
    subject.fails(&code, &with(clause(I, 5, 4, 2), all), "expected ThrowRef");
    subject.fails(&code, &with(clause(I, 4, 4, 2), all), "expected ThrowRef");
    subject.fails(&code, &with(clause(I, 4, None, 2), all), "expected a handler of the tag at word 16, by reference");
    subject.fails(&code, &with(i, clause(None, 4, 5, 3)), "expected ThrowRef");
    subject.fails(&code, &with(i, clause(None, 4, None, 3)), "expected a handler of all tags, by reference");
    subject.fails(&[call_f(4), end(imm(1)), throw(4), throw(4)], &with(i, all), "expected ThrowRef");
}

/// What waits for a handler lies in slots that nobody else writes.
#[test]
fn locals_and_operands_lie_in_their_slots() {
    let all = |sites: &[usize], target| around(sites, &[clause(None, 4, None, target)]);
    let local = unary("(local.set 0 (i32.const 7)) (block $h (try_table (catch_all $h) (call $f))) (local.get 0)");
    local.catches(&[set(0, imm(7)), call_f(4), end(s(0))], &all(&[1], 2));
    // The slot is written only where the call comes back.
    let late = [call_f(4), set(0, imm(7)), end(s(0))];
    unary("(local.set 0 (i32.const 7)) (call $f) (local.get 0)").right(&late);
    local.fails(&late, &all(&[0], 2), "expected Return");
    // The handler looks for it in the accumulator, where it was.
    let code = |found| [set(0, imm(7)), call_f(4), end(s(0)), end(found)];
    local.catches(&code(s(0)), &all(&[1], 3));
    local.fails(&code(acc(Class::I32)), &all(&[1], 3), "expected Return");

    let operand = unary("local.get 0 (block $h (try_table (catch_all $h) (call $f)))");
    operand.catches(&[set(4, s(0)), call_f(5), end(s(4))], &all(&[1], 2));
    // The callee's frame begins where it lies.
    let lost = [call_f(4), set(4, s(0)), end(s(4))];
    unary("local.get 0 (call $f)").right(&lost);
    operand.fails(&lost, &all(&[0], 2), "expected Return");

    // Only what the throw has found set is known to the handler.
    let set_behind = unary("(block $h (try_table (catch_all $h) (call $f) (local.set 0 (i32.const 7)))) (local.get 0)");
    set_behind.catches(&[call_f(4), set(0, imm(7)), end(s(0))], &all(&[0], 2));
    set_behind.fails(&[call_f(4), set(0, imm(7)), end(imm(7))], &all(&[0], 2), "expected Return");
}

#[test]
fn locals_that_a_handler_may_read_are_zeroed() {
    let text = "(local $x i32)
        (block $h (try_table (catch_all $h) (call $f) (local.set $x (i32.const 1)) (call $f))) (local.get $x)";
    // The local is in slot 4.
    let zero = cell(cell::ZeroFew { a: 4, b: 4, c: 4, d: 4 });
    let all = clause(None, 5, None, 4);
    let code = [zero, call_f(5), set(4, imm(1)), call_f(5), end(s(4))];
    unary(text).catches(&code, &around(&[1, 3], &[all]));
    let mut without = code.clone();
    without[0] = set_acc(imm(0));
    unary(text).fails(&without, &around(&[1, 3], &[all]), "expected Return");
    // It is set wherever something throws.
    let text =
        "(local $x i32) (block $h (try_table (catch_all $h) (local.set $x (i32.const 1)) (call $f))) (local.get $x)";
    let code = [set(4, imm(1)), call_f(5), end(s(4))];
    unary(text).catches(&code, &around(&[1], &[clause(None, 5, None, 2)]));
}

#[test]
fn a_handler_at_the_beginning_of_a_loop() {
    let mut subject = unary("(loop $l (try_table (catch_all $l) (call $f))) i32.const 1");
    let code = [call_f(4), end(imm(1)), ask(br(0))];
    let all = |target| around(&[0], &[clause(None, 4, None, target)]);
    subject.catches(&code, &all(0));
    subject.fails(&code, &all(1), "expected Call");
    subject.epochs = true;
    subject.catches(&code, &all(2));
    subject.fails(&code, &all(0), "does not ask for the epoch");
}

#[test]
fn handlers_of_the_older_instructions() {
    let subject = unary(
        "try (result i32) local.get 0 call $g catch $i local.get 0 i32.add catch_all rethrow 0 end
        i32.const 2 i32.mul",
    );
    let code = [
        set(4, s(0)),
        call_g(4),
        seq(set(4, acc(Class::I32)), br(5)),
        seq(set(4, bin(Op::I32Add, s(5), s(0))), br(5)),
        cell(cell::ThrowRef { exception: 4 }),
        end(bin(Op::I32Mul, s(4), imm(2))),
    ];
    let with = |i, all| around(&[1], &[i, all]);
    let (i, all) = (clause(I, 5, 4, 3), clause(None, 5, 4, 4));
    subject.catches(&code, &with(i, all));
    subject.fails(&code, &Handlers::default(), "found no more");
    subject.fails(&code, &with(all, i), "found a handler of all tags");
    subject.fails(&code, &with(clause(I, 4, 5, 3), all), "expected");
    subject.fails(&code, &with(clause(X, 5, 4, 3), all), "expected a handler of the tag at word 16");
    subject.fails(&code, &with(clause(I, 5, 4, 4), all), "expected");
    subject.fails(&code, &with(i, clause(None, 5, 6, 4)), "expected ThrowRef");
    let mut other = code.clone();
    other[3] = seq(set(5, bin(Op::I32Add, s(5), s(0))), br(5));
    subject.fails(&other, &with(i, all), "expected Return");
    other = code;
    other[4] = end(imm(0));
    subject.fails(&other, &with(i, all), "expected ThrowRef");
}

#[test]
fn a_rethrow_names_its_handler() {
    let subject = unary("try call $f catch_all try call $f catch_all rethrow 1 end end i32.const 1");
    let throw = |exception| cell(cell::ThrowRef { exception });
    let code = |exception| [seq(set_acc(imm(0)), call_f(4)), end(imm(1)), call_f(5), end(imm(1)), throw(exception)];
    let handlers = Handlers {
        sites: vec![(0, 0), (2, 1)],
        scopes: vec![(Scope::NONE, 0, 1), (Scope::NONE, 1, 1)],
        clauses: vec![clause(None, 5, 4, 2), clause(None, 6, 5, 4)],
    };
    subject.catches(&code(4), &handlers);
    subject.fails(&code(5), &handlers, "expected ThrowRef");
    // The first one's reference is lost.
    let mut code = code(4);
    code[2] = call_f(4);
    subject.fails(&code, &handlers, "expected ThrowRef");
}

#[test]
fn a_delegate_leads_past_handlers() {
    let subject = unary("try try try call $f delegate 1 catch $e end call $f catch_all end i32.const 1");
    let code = [call_f(4), call_f(4), end(imm(1)), end(imm(1))];
    let handlers = |outer| Handlers {
        sites: vec![(0, 2), (1, 0)],
        scopes: vec![(Scope::NONE, 0, 1), (0, 1, 1), (outer, 2, 0)],
        clauses: vec![clause(None, 4, 4, 3), clause(E, 5, 4, 1)],
    };
    subject.catches(&code, &handlers(0));
    subject.fails(&code, &handlers(1), "expected a handler of all tags, by reference, found a handler of the tag");
    subject.fails(&code, &handlers(Scope::NONE), "expected a handler of all tags, by reference, found no more");
    let leaves = unary("try try call $f delegate 1 catch_all end i32.const 1");
    let code = [call_f(4), end(imm(1)), end(imm(1))];
    leaves.catches(&code, &Handlers::default());
    leaves.fails(&code, &around(&[0], &[clause(None, 4, 4, 2)]), "expected no more handlers");
}

#[test]
fn what_throws_ends_its_cell() {
    let subject = unary("(block $h (try_table (catch_all $h) (call $f))) (i32.const 1)");
    let code = [seq(call_f(4), set_acc(imm(0))), end(imm(1))];
    subject.fails(&code, &around(&[0], &[clause(None, 4, None, 1)]), "not the last in its cell");
}

#[test]
fn handlers_are_paid_for() {
    let mut subject = unary("(block $h (try_table (catch $e $h) (catch_all $h) (call $f))) (i32.const 1)");
    subject.fuel = true;
    let code = |cost| [cell(cell::Fuel { cost }), call_f(4), end(imm(1))];
    let handlers = around(&[1], &[clause(E, 4, None, 2), clause(None, 4, None, 2)]);
    subject.catches(&code(4), &handlers);
    subject.fails(&code(2), &handlers, "expected Fuel(4)");
    // What a handler does is paid for where nobody comes to the end of what it covers, too.
    let mut subject = unary("try (result i32) unreachable catch_all i32.const 1 end");
    subject.fuel = true;
    let code = |cost| [cell(cell::Fuel { cost }), cell(cell::Unreachable {}), end(imm(1))];
    subject.right(&code(2));
    subject.wrong(&code(3), "expected Fuel(2)");
}
