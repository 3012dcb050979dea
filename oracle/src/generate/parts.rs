//! Parts of a shape, and what it is made of.

use pirn_decode::cell::Cell;
use pirn_decode::instruction::Instruction;
use pirn_decode::ops::{Class, Op};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{Form, Leaf};

/// The class of an expression.
pub(super) fn class_of(shape: &Shape) -> Class {
    match *shape {
        Shape::Leaf(_, class) | Shape::Select(class, ..) | Shape::Form(_, class, _) => class,
        Shape::Unary(op, _)
        | Shape::Binary(op, ..)
        | Shape::Load(op, _)
        | Shape::Ternary(op, ..)
        | Shape::Extract(op, ..)
        | Shape::Replace(op, ..) => op.info().result,
        _ => Class::I32,
    }
}

/// Whether it is an operator.
pub(super) fn is_computed(shape: &Shape) -> bool {
    !matches!(shape, Shape::Leaf(..))
}

/// Whether integers are compared in it.
pub(super) fn compares(shape: &Shape) -> bool {
    match *shape {
        Shape::Binary(op, a, b) => op.is_comparison() && !class_of(a).is_float() || compares(a) || compares(b),
        Shape::Unary(_, a) | Shape::Load(_, a) | Shape::Form(_, _, a) | Shape::Extract(_, _, a) => compares(a),
        Shape::Store(_, a, b) | Shape::Seq(a, b) | Shape::Replace(_, _, a, b) => compares(a) || compares(b),
        Shape::Select(_, a, b, c) | Shape::Ternary(_, a, b, c) | Shape::Bulk(_, a, b, c) => {
            compares(a) || compares(b) || compares(c)
        }
        Shape::Leaf(..) | Shape::Cell(_) | Shape::Thunk => false,
    }
}

/// Whether it begins with the zeroing of locals.
pub(super) fn begins_function(shape: &Shape) -> bool {
    match shape {
        Shape::Seq(a, _) => begins_function(a),
        _ => *shape == Shape::Cell(Cell::Zero),
    }
}

/// What a sequence returns in the end: nothing, or a value; `None` if it does not return, or returns a reference.
pub(super) fn returned(shape: &Shape) -> Option<Option<&Shape>> {
    let Shape::Seq(_, last) = shape else { return None };
    match last {
        Shape::Cell(Cell::Return) => Some(None),
        Shape::Form(Form::Return, _, value) if !is_reference(value) => Some(Some(value)),
        _ => None,
    }
}

/// Whether the class means a reference.
pub(super) fn is_reference(shape: &Shape) -> bool {
    matches!(shape, Shape::Leaf(Leaf::Func, _))
}

/// The operator at the root, if there is one.
pub(super) fn root(shape: &Shape) -> Option<Op> {
    match *shape {
        Shape::Unary(op, _)
        | Shape::Binary(op, ..)
        | Shape::Load(op, _)
        | Shape::Store(op, ..)
        | Shape::Ternary(op, ..)
        | Shape::Extract(op, ..)
        | Shape::Replace(op, ..) => Some(op),
        _ => None,
    }
}

fn operands(shape: &Shape) -> Vec<&Shape> {
    match *shape {
        Shape::Leaf(..) | Shape::Cell(_) | Shape::Thunk => Vec::new(),
        Shape::Unary(_, a) | Shape::Load(_, a) | Shape::Form(_, _, a) | Shape::Extract(_, _, a) => vec![a],
        Shape::Binary(_, a, b) | Shape::Store(_, a, b) | Shape::Replace(_, _, a, b) | Shape::Seq(a, b) => vec![a, b],
        Shape::Select(_, a, b, c) | Shape::Ternary(_, a, b, c) | Shape::Bulk(_, a, b, c) => vec![a, b, c],
    }
}

/// Whether every operator in it is an instruction: some stand for what a deterministic engine adds, or relaxed ones are
/// lowered to.
pub(super) fn is_encodable(shape: &Shape) -> bool {
    let exists = |op: Op| op.info().result == Class::I128 || Instruction::Vector(op).info().opcode.exists();
    let exists = root(shape).is_none_or(exists);
    exists && operands(shape).into_iter().all(is_encodable)
}

/// The statements of a cell, in order.
pub(super) fn flatten<'a>(shape: &'a Shape, parts: &mut Vec<&'a Shape>) {
    match shape {
        Shape::Seq(a, b) => {
            flatten(a, parts);
            flatten(b, parts);
        }
        _ => parts.push(shape),
    }
}
