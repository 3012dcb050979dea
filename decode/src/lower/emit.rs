//! Threaded code as it grows: cells, labels, and the joining of neighbouring statements.

use super::survey::Survey;
use super::tree::Bytes;
use super::{Target, Tile};
use crate::cell::Operands;
use crate::layout::CodeHead;
use crate::sig::{self, Sig};

/// A word of the code: where a cell begins.
pub(super) type Position = usize;

/// An operand not known yet: a branch's target, a fuel cell's cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixup {
    /// The cell.
    cell: Position,
    /// Where in the code its `i32` stands, in bytes.
    byte: usize,
}

/// The last statement, while the next may still join its cell.
#[derive(Debug)]
struct Last {
    sig: Sig,
    cell: Position,
}

/// The code so far.
#[derive(Debug)]
pub(super) struct Emitter<'a, T> {
    target: &'a T,
    /// Room for the head, then cells.
    pub(super) words: Vec<u64>,
    last: Option<Last>,
    /// Operands of the last statement.
    bytes: Bytes,
    fuse: bool,
    /// Whether a branch offset did not fit.
    pub(super) overflow: bool,
    /// Statements so far. What is joined does not always make the code longer.
    pub(super) emitted: usize,
    /// What is noted of the cells, if anybody asked.
    pub(super) survey: Option<Box<Survey>>,
}

impl<'a, T: Target> Emitter<'a, T> {
    pub(super) fn new(target: &'a T, fuse: bool) -> Self {
        Self {
            target,
            words: vec![0; CodeHead::WORDS],
            last: None,
            bytes: Bytes::new(),
            fuse,
            overflow: false,
            emitted: 0,
            survey: None,
        }
    }

    /// The handler for a shape.
    pub(super) fn tile(&self, sig: Sig) -> Option<Tile> {
        self.target.tile(sig)
    }

    /// Words of code so far.
    pub(super) fn len(&self) -> Position {
        self.words.len()
    }

    /// Takes back everything from the cell at `position` on, to which no branch leads.
    pub(super) fn rewind(&mut self, position: Position) {
        self.words.truncate(position);
        self.last = None;
        if let Some(survey) = &mut self.survey {
            survey.rewind(position);
        }
    }

    /// Where the next cell begins; makes it a place that branches may lead to.
    pub(super) fn label(&mut self) -> Position {
        self.last = None;
        self.words.len()
    }

    /// The handler for this statement in one cell with the one before.
    pub(super) fn joined(&self, sig: Sig) -> Option<Tile> {
        let last = self.last.as_ref().filter(|_| self.fuse)?;
        if self.survey.as_ref().is_some_and(|survey| !survey.may_join()) {
            return None;
        }
        self.target.tile(sig::seq(last.sig, sig))
    }

    /// Adds a statement to the last cell: `tile` is what [`Emitter::joined`] gave. Returns the cell and where in it the
    /// statement's operands begin.
    pub(super) fn join(&mut self, sig: Sig, tile: Tile, operands: &Bytes) -> (Position, usize) {
        let last = self.last.take().expect("`joined` found one");
        if let Some(survey) = &mut self.survey {
            survey.join();
        }
        self.words.truncate(last.cell);
        let start = self.bytes.len();
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.extend_from_slice(operands);
        let (cell, _) = self.cell(sig::seq(last.sig, sig), tile, bytes);
        (cell, 8 + start)
    }

    /// Adds a cell for one statement.
    pub(super) fn cell(&mut self, sig: Sig, tile: Tile, operands: Bytes) -> (Position, usize) {
        let cell = self.words.len();
        self.emitted += 1;
        if let Some(survey) = &mut self.survey {
            survey.cell(cell);
        }
        self.words.push(tile.handler);
        for chunk in operands.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.words.push(u64::from_ne_bytes(word));
        }
        self.bytes = operands;
        self.last = Some(Last { sig, cell });
        (cell, 8)
    }

    /// Adds a cell with operands of its own, alone or joined to the one before; returns it and where in it the operands
    /// begin.
    pub(super) fn special<C: Operands>(&mut self, operands: C, more: &[i32]) -> (Position, usize) {
        let sig = sig::cell(C::CELL);
        if let Some(survey) = &mut self.survey {
            survey.special(C::CELL);
        }
        let mut bytes = Bytes::new();
        operands.encode(&mut bytes);
        bytes.extend(more.iter().flat_map(|target| target.to_ne_bytes()));
        match self.joined(sig) {
            Some(tile) => self.join(sig, tile, &bytes),
            None => {
                let tile = self.tile(sig).expect("every cell has a handler");
                self.cell(sig, tile, bytes)
            }
        }
    }

    /// A branch of `cell`, whose target's `i32` stands `at` bytes into it, leads to `target`.
    pub(super) fn branch(&mut self, (cell, at): (Position, usize), target: Position) {
        self.bind(Fixup { cell, byte: cell * 8 + at }, target);
    }

    /// An operand of `cell` that is not known yet.
    pub(super) fn fixup(&self, (cell, at): (Position, usize)) -> Fixup {
        Fixup { cell, byte: cell * 8 + at }
    }

    /// Gives a branch its target.
    pub(super) fn bind(&mut self, fixup: Fixup, target: Position) {
        let distance = (target as i64 - fixup.cell as i64) * 8;
        let Ok(distance) = i32::try_from(distance) else {
            self.overflow = true;
            return;
        };
        self.patch(fixup, distance.to_ne_bytes());
    }

    /// Overwrites an operand.
    pub(super) fn patch(&mut self, fixup: Fixup, operand: [u8; 4]) {
        for (i, byte) in operand.into_iter().enumerate() {
            let at = fixup.byte + i;
            let mut word = self.words[at / 8].to_ne_bytes();
            word[at % 8] = byte;
            self.words[at / 8] = u64::from_ne_bytes(word);
            // What joins the last cell writes it anew.
            if self.last.as_ref().is_some_and(|last| last.cell == fixup.cell) {
                self.bytes[at - fixup.cell * 8 - 8] = byte;
            }
        }
    }
}
