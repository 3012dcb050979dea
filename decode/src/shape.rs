//! Shapes as data: what a handler's type says of itself to those who read threaded code.
//!
//! Lowering knows shapes by their signatures alone ([`crate::sig`]). The machine can also give every handler's shape as a
//! constant tree, built from the same types as its decoder, and checks while it is compiled that signature and operand
//! bytes of the two agree. So the text of a cell ([`crate::dump`]) cannot drift away from what executes it.

use crate::cell::Cell;
use crate::ops::{Class, Op};
use crate::sig::{self, Form, Leaf, Numbers, Sig};

/// A handler's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Where a value comes from.
    Leaf(Leaf, Class),
    /// An operator of one operand.
    Unary(Op, &'static Shape),
    /// An operator of two operands.
    Binary(Op, &'static Shape, &'static Shape),
    /// Static offset (4 bytes), address.
    Load(Op, &'static Shape),
    /// Static offset (4 bytes), address, value.
    Store(Op, &'static Shape, &'static Shape),
    /// From any memory: word of the memory (4 bytes), static offset (8 bytes), address.
    FarLoad(Op, &'static Shape),
    /// To any memory: word of the memory (4 bytes), static offset (8 bytes), address, value.
    FarStore(Op, &'static Shape, &'static Shape),
    /// As [`Shape::FarLoad`], from a shared memory.
    SharedLoad(Op, &'static Shape),
    /// As [`Shape::FarStore`], to a shared memory.
    SharedStore(Op, &'static Shape, &'static Shape),
    /// From a struct: where the field lies (4 bytes), reference.
    FieldLoad(Op, &'static Shape),
    /// To a struct: where the field lies (4 bytes), reference, value.
    FieldStore(Op, &'static Shape, &'static Shape),
    /// From an array: reference, index.
    ElementLoad(Op, &'static Shape, &'static Shape),
    /// To an array: reference, index, value.
    ElementStore(Op, &'static Shape, &'static Shape, &'static Shape),
    /// First, second, condition.
    Select(Class, &'static Shape, &'static Shape, &'static Shape),
    /// An operator of three operands.
    Ternary(Op, &'static Shape, &'static Shape, &'static Shape),
    /// A lane of a vector, by its index.
    Extract(Op, u8, &'static Shape),
    /// A vector, with another value in the lane of that index.
    Replace(Op, u8, &'static Shape, &'static Shape),
    /// `MemoryFill` or `MemoryCopy`, with the operands that [`Form`] says.
    Bulk(Form, &'static Shape, &'static Shape, &'static Shape),
    /// What [`Form`] says, with one operand (a statement for `Repeat` and `Ask`); never one of the forms above, nor `Seq`.
    Form(Form, Class, &'static Shape),
    /// Two statements.
    Seq(&'static Shape, &'static Shape),
    /// A statement, or several, again and again as long as the branch at its end is taken, which leads back to it, but for when that was
    /// often. Its slots, of which these are the same, are in registers meanwhile.
    Carried(Numbers, &'static Shape),
    /// Operands of its own.
    Cell(Cell),
    /// A cell outside the code of functions.
    Thunk,
}

/// In which order operands stand that may be swapped, lower ones first: what is computed (`None`), then slots, then
/// immediates.
pub(crate) const fn rank(leaf: Option<Leaf>) -> u8 {
    match leaf {
        Some(Leaf::Imm) => 2,
        Some(Leaf::Slot) => 1,
        Some(Leaf::Acc | Leaf::Global | Leaf::Func | Leaf::Memory | Leaf::SharedMemory | Leaf::Field) | None => 0,
    }
}

/// The same of an operator: one that computes nothing counts as a slot.
pub(crate) const fn operator_rank(op: Op) -> u8 {
    if op.computes() { rank(None) } else { rank(Some(Leaf::Slot)) }
}

impl Shape {
    /// The signature.
    pub const fn sig(&self) -> Sig {
        match *self {
            Self::Leaf(leaf, class) => sig::leaf(leaf, class),
            Self::Unary(op, a) | Self::Load(op, a) => sig::unary(op, a.sig()),
            Self::Binary(op, a, b) | Self::Store(op, a, b) => sig::binary(op, a.sig(), b.sig()),
            Self::FarLoad(op, a) => sig::with(sig::far(op), a.sig()),
            Self::FarStore(op, a, b) => sig::with(sig::with(sig::far(op), a.sig()), b.sig()),
            Self::SharedLoad(op, a) => sig::with(sig::shared(op), a.sig()),
            Self::SharedStore(op, a, b) => sig::with(sig::with(sig::shared(op), a.sig()), b.sig()),
            Self::FieldLoad(op, a) => sig::with(sig::field(op), a.sig()),
            Self::FieldStore(op, a, b) => sig::with(sig::with(sig::field(op), a.sig()), b.sig()),
            Self::ElementLoad(op, a, b) => sig::with(sig::with(sig::element(op), a.sig()), b.sig()),
            Self::ElementStore(op, a, b, c) => {
                sig::with(sig::with(sig::with(sig::element(op), a.sig()), b.sig()), c.sig())
            }
            Self::Ternary(op, a, b, c) => sig::ternary_operator(op, a.sig(), b.sig(), c.sig()),
            Self::Extract(op, lane, a) => sig::extract(op, lane, a.sig()),
            Self::Replace(op, lane, a, b) => sig::replace(op, lane, a.sig(), b.sig()),
            Self::Select(class, a, b, condition) => sig::select(class, a.sig(), b.sig(), condition.sig()),
            Self::Bulk(form, a, b, bytes) => sig::bulk(form, a.sig(), b.sig(), bytes.sig()),
            Self::Form(form, class, a) => sig::form(form, class, a.sig()),
            Self::Seq(a, b) => sig::seq(a.sig(), b.sig()),
            Self::Carried(numbers, a) => sig::carried(a.sig(), numbers),
            Self::Cell(cell) => sig::cell(cell),
            Self::Thunk => 0,
        }
    }

    /// How many statements a sequence has; one of what is none.
    pub const fn statements(&self) -> usize {
        if let Self::Seq(first, then) = self { first.statements() + then.statements() } else { 1 }
    }

    /// Operand bytes, without the targets behind a `br_table`.
    pub const fn len(&self) -> usize {
        match *self {
            Self::Leaf(leaf, class) => leaf.bytes(class),
            Self::Unary(_, a) | Self::Extract(_, _, a) | Self::Carried(_, a) => a.len(),
            Self::Load(_, a) | Self::FieldLoad(_, a) => 4 + a.len(),
            Self::Binary(_, a, b) | Self::Replace(_, _, a, b) | Self::ElementLoad(_, a, b) | Self::Seq(a, b) => {
                a.len() + b.len()
            }
            Self::Store(_, a, b) | Self::FieldStore(_, a, b) => 4 + a.len() + b.len(),
            Self::FarLoad(_, a) | Self::SharedLoad(_, a) => Leaf::Memory.bytes(Class::I64) + a.len(),
            Self::FarStore(_, a, b) | Self::SharedStore(_, a, b) => Leaf::Memory.bytes(Class::I64) + a.len() + b.len(),
            Self::Select(_, a, b, c)
            | Self::Ternary(_, a, b, c)
            | Self::Bulk(_, a, b, c)
            | Self::ElementStore(_, a, b, c) => a.len() + b.len() + c.len(),
            Self::Form(form, _, a) => form.bytes() + a.len(),
            Self::Cell(cell) => cell.len(),
            Self::Thunk => 0,
        }
    }

    /// How many places there are where execution may trap: an operator that may, or a cell with operands of its own, which
    /// counts as one. A place comes behind those of its operands, and the second operand's behind the first's.
    pub const fn trap_places(&self) -> u8 {
        match *self {
            Self::Leaf(..) | Self::Thunk => 0,
            Self::Unary(op, a)
            | Self::Load(op, a)
            | Self::FarLoad(op, a)
            | Self::SharedLoad(op, a)
            | Self::FieldLoad(op, a) => a.trap_places() + op.may_trap() as u8,
            Self::Binary(op, a, b)
            | Self::Store(op, a, b)
            | Self::FarStore(op, a, b)
            | Self::SharedStore(op, a, b)
            | Self::FieldStore(op, a, b)
            | Self::ElementLoad(op, a, b) => a.trap_places() + b.trap_places() + op.may_trap() as u8,
            Self::Extract(_, _, a) => a.trap_places(),
            Self::Replace(_, _, a, b) => a.trap_places() + b.trap_places(),
            Self::Select(_, a, b, c) | Self::Ternary(_, a, b, c) => a.trap_places() + b.trap_places() + c.trap_places(),
            Self::Bulk(_, a, b, c) | Self::ElementStore(_, a, b, c) => {
                a.trap_places() + b.trap_places() + c.trap_places() + 1
            }
            Self::Form(_, _, a) | Self::Carried(_, a) => a.trap_places(),
            Self::Seq(a, b) => a.trap_places() + b.trap_places(),
            Self::Cell(_) => 1,
        }
    }

    /// Whether it works on objects of the heap, or references to them.
    pub const fn is_about_objects(&self) -> bool {
        match *self {
            Self::FieldLoad(..) | Self::FieldStore(..) | Self::ElementLoad(..) | Self::ElementStore(..) => true,
            Self::Cell(cell) => cell.is_about_objects(),
            Self::Leaf(..) | Self::Thunk => false,
            Self::Unary(_, a)
            | Self::Load(_, a)
            | Self::FarLoad(_, a)
            | Self::SharedLoad(_, a)
            | Self::Extract(_, _, a)
            | Self::Carried(_, a)
            | Self::Form(_, _, a) => a.is_about_objects(),
            Self::Binary(_, a, b)
            | Self::Store(_, a, b)
            | Self::FarStore(_, a, b)
            | Self::SharedStore(_, a, b)
            | Self::Replace(_, _, a, b)
            | Self::Seq(a, b) => a.is_about_objects() || b.is_about_objects(),
            Self::Select(_, a, b, c) | Self::Ternary(_, a, b, c) | Self::Bulk(_, a, b, c) => {
                a.is_about_objects() || b.is_about_objects() || c.is_about_objects()
            }
        }
    }

    /// Whether there are no operand bytes.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether lowering may ask for it: of operands that may be swapped, it puts what is computed first and immediates last.
    /// (A slot read from the accumulator that mirrors it stays where the slot stood.)
    pub const fn is_canonical(&self) -> bool {
        match *self {
            Self::Leaf(..) | Self::Cell(_) | Self::Thunk => true,
            Self::Unary(_, a)
            | Self::Load(_, a)
            | Self::FarLoad(_, a)
            | Self::SharedLoad(_, a)
            | Self::FieldLoad(_, a)
            | Self::Form(_, _, a)
            | Self::Carried(_, a)
            | Self::Extract(_, _, a) => a.is_canonical(),
            Self::Binary(op, a, b) => {
                let mirrors = matches!(b, Self::Leaf(Leaf::Acc, _));
                let second = if mirrors { rank(Some(Leaf::Slot)) } else { b.rank() };
                // What takes long is asked last: the compiler asks this of each handler.
                let swapped =
                    a.rank() > second && op.swapped().is_some() && (a.trap_places() == 0 || b.trap_places() == 0);
                !swapped && a.is_canonical() && b.is_canonical()
            }
            Self::Store(_, a, b)
            | Self::FarStore(_, a, b)
            | Self::SharedStore(_, a, b)
            | Self::FieldStore(_, a, b)
            | Self::ElementLoad(_, a, b)
            | Self::Replace(_, _, a, b)
            | Self::Seq(a, b) => a.is_canonical() && b.is_canonical(),
            Self::Select(_, a, b, c)
            | Self::Ternary(_, a, b, c)
            | Self::Bulk(_, a, b, c)
            | Self::ElementStore(_, a, b, c) => a.is_canonical() && b.is_canonical() && c.is_canonical(),
        }
    }

    const fn rank(&self) -> u8 {
        match *self {
            Self::Leaf(leaf, _) => rank(Some(leaf)),
            Self::Unary(op, _) | Self::Binary(op, ..) => operator_rank(op),
            Self::Load(..)
            | Self::Store(..)
            | Self::FarLoad(..)
            | Self::FarStore(..)
            | Self::SharedLoad(..)
            | Self::SharedStore(..)
            | Self::FieldLoad(..)
            | Self::FieldStore(..)
            | Self::ElementLoad(..)
            | Self::ElementStore(..)
            | Self::Select(..)
            | Self::Ternary(..)
            | Self::Extract(..)
            | Self::Replace(..)
            | Self::Bulk(..)
            | Self::Form(..)
            | Self::Seq(..)
            | Self::Carried(..)
            | Self::Cell(_)
            | Self::Thunk => rank(None),
        }
    }

    /// Whether a handler's type and its shape are of one mind.
    pub const fn agrees(&self, sig: Sig, len: usize) -> bool {
        self.sig() == sig && self.len() == len
    }

    /// Whether it ends in a `br_table`, whose targets follow the operands.
    pub const fn has_targets(&self) -> bool {
        match *self {
            Self::Cell(cell) => matches!(cell, Cell::BrTable),
            Self::Seq(_, b) => b.has_targets(),
            Self::Leaf(..)
            | Self::Unary(..)
            | Self::Binary(..)
            | Self::Load(..)
            | Self::Store(..)
            | Self::FarLoad(..)
            | Self::FarStore(..)
            | Self::SharedLoad(..)
            | Self::SharedStore(..)
            | Self::FieldLoad(..)
            | Self::FieldStore(..)
            | Self::ElementLoad(..)
            | Self::ElementStore(..)
            | Self::Select(..)
            | Self::Ternary(..)
            | Self::Extract(..)
            | Self::Replace(..)
            | Self::Bulk(..)
            | Self::Form(..)
            | Self::Carried(..)
            | Self::Thunk => false,
        }
    }
}

impl Leaf {
    /// Operand bytes.
    pub const fn bytes(self, class: Class) -> usize {
        match self {
            Self::Slot => 2,
            Self::Acc => 0,
            Self::Imm => class.bytes(),
            Self::Global | Self::Func => 4,
            Self::Memory | Self::SharedMemory => 12,
            Self::Field => 4,
        }
    }
}

impl Form {
    /// Operand bytes of its own, in front of its operand's.
    pub const fn bytes(self) -> usize {
        match self {
            Self::SetSlot | Self::SetHigh | Self::Return => 2,
            Self::SetGlobal => 4,
            Self::BrIf => 8,
            Self::SetAcc
            | Self::Select
            | Self::Seq
            | Self::Repeat
            | Self::Ask
            | Self::MemoryFill
            | Self::MemoryCopy => 0,
        }
    }
}
