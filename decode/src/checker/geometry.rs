//! Where a function's locals and operands lie in its frame: each word of them has a slot that is its own.

use crate::FuncType;
use crate::layout::{FrameLayout, HEADER_WORDS};

/// A place of the source, one word: of a local, or `locals` more than an operand's height.
pub(super) type Place = u32;

/// Where things lie in the function's frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    /// Words of the parameters.
    pub(super) params: u32,
    /// Words of all locals.
    pub(super) locals: u32,
    pub(super) header: u32,
    /// First slot of the operands.
    pub(super) operands: u32,
    /// Slots there are.
    pub(super) words: u32,
}

impl Geometry {
    pub(super) fn new(ty: &FuncType, locals: usize, words: u32) -> Self {
        let frame = FrameLayout::of(ty);
        let params = ty.param_words() as u32;
        let operands = frame.locals() as u32 + locals as u32 - params;
        Self { params, locals: locals as u32, header: frame.header as u32, operands, words }
    }

    /// The slot that belongs to a place.
    pub(super) fn slot(&self, place: Place) -> u32 {
        if place < self.params {
            place
        } else if place < self.locals {
            self.header + HEADER_WORDS as u32 + place - self.params
        } else {
            self.operands + place - self.locals
        }
    }

    /// The place that a slot belongs to.
    pub(super) fn place(&self, slot: u32) -> Option<Place> {
        let first = self.header + HEADER_WORDS as u32;
        if slot < self.params {
            Some(slot)
        } else if slot < first {
            None
        } else if slot < self.operands {
            Some(slot - first + self.params)
        } else {
            Some(slot - self.operands + self.locals)
        }
    }

    /// Whether the slot is part of the header.
    pub(super) fn is_header(&self, slot: u32) -> bool {
        (self.header..self.header + HEADER_WORDS as u32).contains(&slot)
    }

    pub(super) fn name(&self, place: Place) -> String {
        match place.checked_sub(self.locals) {
            None => format!("word {place} of the locals"),
            Some(height) => format!("operand {height}"),
        }
    }
}
