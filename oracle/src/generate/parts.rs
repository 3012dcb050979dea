//! Parts of a shape, and what it is made of.

use super::shuffles::lanes_of;
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
        | Shape::FarLoad(op, _)
        | Shape::SharedLoad(op, _)
        | Shape::FieldLoad(op, _)
        | Shape::ElementLoad(op, ..)
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
        _ => operands(shape).into_iter().any(compares),
    }
}

/// Whether it begins with the zeroing of locals.
pub(super) fn begins_function(shape: &Shape) -> bool {
    match shape {
        Shape::Seq(a, _) => begins_function(a),
        _ => matches!(shape, Shape::Cell(Cell::Zero | Cell::ZeroFew)),
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

/// Whether what is set of the class is remembered: its bits are certain. Of vectors they are made so before.
pub(super) fn is_remembered(class: Class) -> bool {
    !matches!(class, Class::F32 | Class::F64)
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
        | Shape::FarLoad(op, _)
        | Shape::SharedLoad(op, _)
        | Shape::FieldLoad(op, _)
        | Shape::Store(op, ..)
        | Shape::FarStore(op, ..)
        | Shape::SharedStore(op, ..)
        | Shape::FieldStore(op, ..)
        | Shape::ElementLoad(op, ..)
        | Shape::ElementStore(op, ..)
        | Shape::Ternary(op, ..)
        | Shape::Extract(op, ..)
        | Shape::Replace(op, ..) => Some(op),
        _ => None,
    }
}

fn operands(shape: &Shape) -> Vec<&Shape> {
    match *shape {
        Shape::Leaf(..) | Shape::Cell(_) | Shape::Thunk => Vec::new(),
        Shape::Unary(_, a)
        | Shape::Load(_, a)
        | Shape::FarLoad(_, a)
        | Shape::SharedLoad(_, a)
        | Shape::FieldLoad(_, a)
        | Shape::Form(_, _, a)
        | Shape::Carried(_, a)
        | Shape::Extract(_, _, a) => vec![a],
        Shape::Binary(_, a, b)
        | Shape::Store(_, a, b)
        | Shape::FarStore(_, a, b)
        | Shape::SharedStore(_, a, b)
        | Shape::FieldStore(_, a, b)
        | Shape::ElementLoad(_, a, b)
        | Shape::Replace(_, _, a, b)
        | Shape::Seq(a, b) => vec![a, b],
        Shape::Select(_, a, b, c)
        | Shape::Ternary(_, a, b, c)
        | Shape::Bulk(_, a, b, c)
        | Shape::ElementStore(_, a, b, c) => vec![a, b, c],
    }
}

/// Whether every operator in it is an instruction, or what lowering makes of one whatever the mode: some stand for what a
/// deterministic engine adds, or relaxed ones are lowered to. No memory is shared, and there are no objects.
pub(super) fn is_encodable(shape: &Shape) -> bool {
    if matches!(shape, Shape::SharedLoad(..) | Shape::SharedStore(..)) || shape.is_about_objects() {
        return false;
    }
    let is_shuffle_of_one = matches!(shape, Shape::Binary(Op::I8x16RelaxedSwizzle, _, Shape::Leaf(Leaf::Imm, _)));
    // Operators of wide arithmetic have no rows of their own.
    let is_instruction = |op: Op| op.info().result == Class::I128 || Instruction::Vector(op).info().opcode.exists();
    let exists = root(shape).is_none_or(|op| is_instruction(op) || lanes_of(op).is_some());
    (exists || is_shuffle_of_one) && operands(shape).into_iter().all(is_encodable)
}

/// Whether an address of this shape is one of a float where memory holds floats. In the middle of one might lie the bits of a NaN,
/// which differ between engines.
pub(super) fn is_aligned(shape: &Shape) -> bool {
    match *shape {
        Shape::Leaf(Leaf::Slot | Leaf::Imm, Class::I32 | Class::I64) => true,
        Shape::Binary(Op::I32Add | Op::I32Sub | Op::I32Mul | Op::I32And | Op::I32Or | Op::I64Add, a, b) => {
            is_aligned(a) && is_aligned(b)
        }
        Shape::Binary(Op::I32Shl | Op::I64Shl, a, _) | Shape::Unary(Op::I64ExtendI32U, a) => is_aligned(a),
        _ => false,
    }
}

/// Whether something in it takes an address of memory 0.
pub(super) fn is_near(shape: &Shape) -> bool {
    matches!(shape, Shape::Load(..) | Shape::Store(..) | Shape::Bulk(..)) || operands(shape).into_iter().any(is_near)
}

/// Whether an access in it is to any memory.
pub(super) fn is_far(shape: &Shape) -> bool {
    matches!(shape, Shape::FarLoad(..) | Shape::FarStore(..)) || operands(shape).into_iter().any(is_far)
}

/// Whether an access in it takes an address of 64 bits.
pub(super) fn is_wide(shape: &Shape) -> bool {
    let own = match shape {
        Shape::Load(_, address)
        | Shape::Store(_, address, _)
        | Shape::FarLoad(_, address)
        | Shape::FarStore(_, address, _) => class_of(address) == Class::I64,
        _ => false,
    };
    own || operands(shape).into_iter().any(is_wide)
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
