//! Statements about to be emitted, before they have their trees.

use super::slot::Slot;
use super::tree::{Far, form_sig, operator_sig};
use crate::ops::{Class, Op};
use crate::sig::{self, Form, Sig};

/// A statement about to be emitted, without its trees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sink {
    pub(super) kind: SinkKind,
    /// Class of what it takes.
    pub(super) class: Class,
    /// Operand bytes before the trees'.
    pub(super) prefix: Prefix,
}

impl Sink {
    #[inline]
    pub(super) fn form(form: Form, class: Class, prefix: Prefix) -> Self {
        Self { kind: SinkKind::Form(form), class, prefix }
    }

    /// What its signature begins with; see [`crate::sig::of_form`].
    #[inline]
    pub(super) fn sig(&self) -> Sig {
        match self.kind {
            SinkKind::Form(form) => form_sig(form, self.class),
            SinkKind::Store(op) => operator_sig(op),
            SinkKind::FarStore(op) => sig::far(op),
            SinkKind::SharedStore(op) => sig::shared(op),
            SinkKind::FieldStore(op) => sig::field(op),
            SinkKind::ElementStore(op) => sig::element(op),
        }
    }
}

/// A form of statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum SinkKind {
    Form(Form),
    Store(Op),
    /// To any memory.
    FarStore(Op),
    /// To any shared memory.
    SharedStore(Op),
    /// To a field of a struct.
    FieldStore(Op),
    /// To an element of an array.
    ElementStore(Op),
}

/// What stands before a statement's trees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    pub(super) bytes: [u8; 16],
    pub(super) len: usize,
}

impl Prefix {
    pub(super) const NONE: Self = Self { bytes: [0; 16], len: 0 };
    /// A branch's target, which comes later.
    pub(super) const TARGET: Self = Self { bytes: [0; 16], len: 8 };

    #[inline]
    pub(super) fn slot(slot: Slot) -> Self {
        Self { bytes: u128::from(slot.0).to_le_bytes(), len: 2 }
    }

    /// The slot with which it begins.
    pub(super) fn first_slot(&self) -> Slot {
        Slot(u16::from_le_bytes(*self.bytes.first_chunk().expect("two bytes")))
    }

    /// A word of the instance, or the static offset of a store.
    #[inline]
    pub(super) fn word(word: u32) -> Self {
        Self { bytes: u128::from(word).to_le_bytes(), len: 4 }
    }

    /// The memory's word and the static offset of a far store.
    pub(super) fn far(far: Far) -> Self {
        Self { bytes: far.bytes(), len: far.len() }
    }
}
