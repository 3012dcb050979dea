//! Threaded code as it grows: cells, labels, and the joining of neighbouring statements.
//!
//! A statement is emitted in three steps: [`Emitter::begin`] writes the handler, whoever knows the operands writes them
//! behind it ([`Emitter::bytes`]), and [`Emitter::finish`] closes the cell. One that joins the cell before it gives that
//! cell another handler, and goes on where the operands there ended.

use super::survey::Survey;
use super::{Code, Target, Tile};
use crate::cell::Operands;
use crate::layout::CodeHead;
use crate::sig::{self, Sig};

/// A byte of the code: where a cell begins.
pub(super) type Position = usize;

/// A cell, and where in it the operands of the statement begin that was emitted.
pub(super) type Emitted = (Position, usize);

/// A branch's target not known yet: the byte of the code where it is to stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixup(usize);

/// The last statement, while the next may still join its cell.
#[derive(Debug)]
struct Last {
    sig: Sig,
    cell: Position,
    /// Where its operands end.
    end: usize,
}

/// The code so far.
#[derive(Debug)]
pub(super) struct Emitter<'a, T> {
    target: &'a T,
    /// Room for the head, then cells: whole words, but for the operands being written.
    pub(super) bytes: Vec<u8>,
    last: Option<Last>,
    fuse: bool,
    /// Where in the bytes the targets of branches stand, in order.
    branches: Vec<usize>,
    /// Statements so far. What is joined does not always make the code longer.
    pub(super) emitted: usize,
    /// What is noted of the cells, if anybody asked.
    pub(super) survey: Option<Box<Survey>>,
}

impl<'a, T: Target> Emitter<'a, T> {
    /// With room for some `capacity` bytes.
    pub(super) fn new(target: &'a T, fuse: bool, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.resize(8 * CodeHead::WORDS, 0);
        Self { target, bytes, branches: Vec::new(), last: None, fuse, emitted: 0, survey: None }
    }

    /// The code, the head in front, and what was noted.
    pub(super) fn into_code(mut self, head: &CodeHead) -> (Code, Option<Box<Survey>>) {
        for (bytes, word) in self.bytes.as_chunks_mut().0.iter_mut().zip(head.words()) {
            *bytes = word.to_ne_bytes();
        }
        (Code::new(self.bytes, &self.branches), self.survey)
    }

    /// The handler for a shape.
    #[inline]
    pub(super) fn tile(&self, sig: Sig) -> Option<Tile> {
        self.target.tile(sig)
    }

    /// Bytes of code so far.
    pub(super) fn len(&self) -> Position {
        self.bytes.len()
    }

    /// Takes back everything from the cell at `position` on, to which no branch leads.
    pub(super) fn rewind(&mut self, position: Position) {
        self.bytes.truncate(position);
        let kept = self.branches.iter().rposition(|&place| place < position).map_or(0, |last| last + 1);
        self.branches.truncate(kept);
        self.last = None;
        if let Some(survey) = &mut self.survey {
            survey.rewind(position);
        }
    }

    /// Where the next cell begins; makes it a place that branches may lead to.
    pub(super) fn label(&mut self) -> Position {
        self.last = None;
        self.bytes.len()
    }

    /// The handler for this statement in one cell with the one before.
    #[inline]
    pub(super) fn joined(&self, sig: Sig) -> Option<Tile> {
        let last = self.last.as_ref()?;
        if self.survey.as_ref().is_some_and(|survey| !survey.may_join()) {
            return None;
        }
        self.target.tile(sig::seq(last.sig, sig))
    }

    /// Begins the cell of a statement, or adds it to the last cell: then `tile` is what [`Emitter::joined`] gave.
    #[inline]
    pub(super) fn begin(&mut self, sig: Sig, tile: Tile, joins: bool) -> Emitted {
        self.emitted += 1;
        let (sig, cell) = match self.last.take().filter(|_| joins) {
            Some(last) => {
                if let Some(survey) = &mut self.survey {
                    survey.join();
                }
                self.bytes.truncate(last.end);
                self.bytes[last.cell..][..8].copy_from_slice(&tile.handler.to_ne_bytes());
                (sig::seq(last.sig, sig), last.cell)
            }
            None => {
                let cell = self.bytes.len();
                self.bytes.extend_from_slice(&tile.handler.to_ne_bytes());
                (sig, cell)
            }
        };
        if let Some(survey) = &mut self.survey {
            survey.cell(cell);
        }
        // Without fusion nothing joins.
        if self.fuse {
            self.last = Some(Last { sig, cell, end: 0 });
        }
        (cell, self.bytes.len() - cell)
    }

    /// Ends what was begun: its operands are written.
    #[inline]
    pub(super) fn finish(&mut self) {
        let end = self.bytes.len();
        if let Some(last) = &mut self.last {
            last.end = end;
        }
        // Cheaper than `resize` by a variable amount.
        self.bytes.extend_from_slice(&[0; 8]);
        self.bytes.truncate(end.next_multiple_of(8));
    }

    /// Adds a cell with operands of its own, alone or joined to the one before; returns it and where in it the operands
    /// begin.
    pub(super) fn special<C: Operands>(&mut self, operands: C, more: &[u64]) -> Emitted {
        let sig = sig::cell(C::CELL);
        if let Some(survey) = &mut self.survey {
            survey.special(C::CELL);
        }
        let emitted = match self.joined(sig) {
            Some(tile) => self.begin(sig, tile, true),
            None => {
                let tile = self.tile(sig).expect("every cell has a handler");
                self.begin(sig, tile, false)
            }
        };
        operands.encode(&mut self.bytes);
        for target in more {
            self.bytes.extend_from_slice(&target.to_ne_bytes());
        }
        self.finish();
        emitted
    }

    /// The target of the branch just emitted, which stands `at` bytes into `cell`; it is not known yet. For the targets of
    /// a `br_table`, in order.
    pub(super) fn fixup(&mut self, (cell, at): Emitted) -> Fixup {
        self.branches.push(cell + at);
        Fixup(cell + at)
    }

    /// Gives a branch its target.
    pub(super) fn bind(&mut self, Fixup(place): Fixup, target: Position) {
        self.bytes[place..][..8].copy_from_slice(&(target as u64).to_ne_bytes());
    }

    /// Overwrites an operand that stands `at` bytes into `cell`.
    pub(super) fn patch(&mut self, (cell, at): Emitted, operand: u32) {
        self.bytes[cell + at..][..4].copy_from_slice(&operand.to_ne_bytes());
    }
}
