//! Loops whose beginning is lowered twice.
//!
//! **Peeling.** At a label the accumulators hold nothing known, so what an iteration ends with and the next one begins
//! with, a counter or a pointer, goes through its slot; in a loop of a few cells nothing takes as long as that. The
//! first iteration of such a loop is peeled off: the body is lowered once more behind it, where the accumulators mirror
//! what an iteration ends with, and that is the loop from then on. A loop left after its first iteration jumps over the
//! other.
//!
//! ```text
//! start:  the body, slots read        -> again
//!         br                          -> end
//! again:  the body, accumulators read -> again
//! end:
//! ```
//!
//! Nothing is guessed: what was lowered again is taken back unless it differs, has no more cells, and ends as it
//! begins. The body is what comes before the first `br_if`, if that is the first branch and leads back; it is a few
//! cells at most ([`MOST_BYTES`]). More may follow, and may branch back, to `start`.
//!
//! **Repetition.** A loop that is one cell, peeled or not, does not come back by way of a dispatch if there is a handler that
//! repeats the cell.
//!
//! **Inversion.** A loop that begins with the cell that may leave it, and ends with a branch back, takes a dispatch for each. The
//! branch back becomes that cell, with the condition negated, if that saves one.
//!
//! ```text
//! start:  unless the condition holds  -> end
//! body:   ...
//!         if the condition holds      -> body
//!         br                          -> end
//! ```
//!
//! What is lowered again contains no loop, and each loop's beginning is lowered again once at most: to peel, or at the
//! branch back from the loop's own level, of which there is one, since what follows it cannot be reached. So decoding stays
//! linear.

use super::emit::{Fixup, Mark, Position};
use super::read::Reader;
use super::stack::Mirrored;
use super::{Lowering, Target};
use crate::cell;

/// Longer bodies, in bytes of code, are not peeled.
const MOST_BYTES: usize = 64;

/// What the next `br_if` may end.
#[derive(Debug)]
pub(super) enum Begun<'a> {
    /// The beginning of the loop opened last. Other branches may have come since.
    Loop(Opened<'a>),
    /// The body of a loop, lowered again behind the first iteration.
    Peeling(Box<Peeled>),
    /// The beginning of a loop, lowered again in the place of a branch back.
    Inverting(Box<Inverted<'a>>),
}

/// A loop just opened.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    /// Reads the body.
    body: Reader<'a>,
    /// How many blocks are open in it.
    frames: usize,
    /// Where it begins, and how many cells are before it.
    start: (Position, usize),
    /// The `loop`'s own offset; for the survey alone.
    offset: u32,
}

/// A first iteration.
#[derive(Debug)]
pub(super) struct Peeled {
    /// Where it begins, and how many cells are before it.
    start: (Position, usize),
    /// The branch back at its end, which becomes the way into the loop.
    enters: Fixup,
    /// Where it ends.
    end: Mark,
    /// The branch that stands there, over the loop.
    leaves: Fixup,
    /// Where the loop begins.
    again: Position,
    /// What the accumulators mirror there.
    acc_slot: [Mirrored; 2],
    /// The `loop`'s offset; for the survey alone.
    offset: u32,
}

/// The beginning of an open loop that begins with a cell that may leave it.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// Reads the body.
    body: Reader<'a>,
    /// How many blocks are open in the loop.
    frames: usize,
    /// The cell.
    cell: Position,
    /// Its handler, as long as nothing has joined it. (What has does more, so its machine code is no other handler's.)
    handler: u64,
    /// Where the next cell begins.
    end: Position,
    /// What the accumulators mirror there.
    acc_slot: [Mirrored; 2],
}

/// A branch back in whose place a loop's beginning is being lowered.
#[derive(Debug)]
pub(super) struct Inverted<'a> {
    head: Head<'a>,
    /// Reads what follows the branch.
    rest: Reader<'a>,
    /// Where it stands, and the accumulators there.
    at: Mark,
    acc_slot: [Mirrored; 2],
    /// How many cells it takes.
    cells: usize,
    /// Its offset; for the survey alone.
    offset: u32,
}

/// Whether accumulators mirror all that they should.
fn hold(now: [Mirrored; 2], wanted: [Mirrored; 2]) -> bool {
    now.iter().zip(&wanted).all(|(now, wanted)| *wanted == Mirrored::NONE || now == wanted)
}

impl<'a, T: Target> Lowering<'a, T> {
    /// A loop was just opened, which `body` reads.
    pub(super) fn open_loop(&mut self, body: Reader<'a>) {
        // With fuel, each iteration begins with a cell that pays.
        let twice = self.options.fuse && !self.options.fuel;
        let (frames, start, offset) = (self.frames.len(), (self.code.len(), self.code.cells), self.code.offset);
        self.begun = twice.then_some(Begun::Loop(Opened { body, frames, start, offset }));
    }

    /// The innermost loop was closed.
    pub(super) fn close_loop(&mut self) {
        self.begun = None;
        self.heads.pop_if(|head| head.frames > self.frames.len());
    }

    /// A branch on a condition was just emitted, to the frame `depth` blocks out. Returns what reads on, if that is not what
    /// follows.
    #[inline(always)]
    pub(super) fn branched(&mut self, depth: u32, branch: Fixup) -> Option<Reader<'a>> {
        if self.begun.is_some() { self.branched_first(depth, branch) } else { None }
    }

    #[inline(never)]
    fn branched_first(&mut self, depth: u32, branch: Fixup) -> Option<Reader<'a>> {
        let opened = match self.begun.take()? {
            Begun::Loop(opened) => opened,
            Begun::Peeling(peeled) => {
                self.end_peeling(*peeled, branch);
                return None;
            }
            Begun::Inverting(_) => return None,
        };
        let straight = opened.frames == self.frames.len() && self.code.branches_from(opened.start.0) == 1;
        // Nothing waits in the loop, so the branch takes nothing, and the loop neither.
        if !straight || self.frames.last().is_none_or(|frame| frame.base != self.stack.len()) {
            return None;
        }
        if depth == 0 {
            return self.begin_peeling(opened, branch);
        }
        if self.code.cells == opened.start.1 + 1 {
            let Opened { body, frames, start: (cell, _), .. } = opened;
            let (handler, end) = (self.code.handler(cell), self.code.len());
            self.heads.push(Head { body, frames, cell, handler, end, acc_slot: self.acc_slot });
        }
        None
    }

    /// A loop begins with a body that ends with `branch`, which leads back.
    fn begin_peeling(&mut self, opened: Opened<'a>, branch: Fixup) -> Option<Reader<'a>> {
        let Opened { body, start, offset, .. } = opened;
        if self.acc_slot == [Mirrored::NONE; 2] || self.code.len() - start.0 > MOST_BYTES {
            if self.code.cells == start.1 + 1 {
                self.code.repeat();
            }
            return None;
        }
        let end = self.code.mark();
        // In a cell of its own.
        self.code.label();
        let leaves = self.emit_br();
        let again = self.code.label();
        self.code.bind(branch, again);
        let acc_slot = self.acc_slot;
        self.begun =
            Some(Begun::Peeling(Box::new(Peeled { start, enters: branch, end, leaves, again, acc_slot, offset })));
        Some(body)
    }

    /// The body was lowered again, and ends with `branch`: keeps that as the loop, if it is other code, has no more
    /// cells, and ends with what the accumulators mirrored when it began.
    fn end_peeling(&mut self, peeled: Peeled, branch: Fixup) {
        let Peeled { start, enters, end, leaves, again, acc_slot, offset } = peeled;
        let here = self.code.len();
        let (first, second) = (self.code.between(start.0, end.end), self.code.between(again, here));
        // But for the target.
        let at = enters.0 - start.0;
        let same = first.len() == second.len() && first[..at] == second[..at] && first[at + 8..] == second[at + 8..];
        let cells = (end.cells - start.1, self.code.cells - end.cells - 1);
        if hold(self.acc_slot, acc_slot) && !same && cells.1 <= cells.0 {
            self.code.bind(branch, again);
            if cells.1 == 1 {
                self.code.repeat();
            }
            self.code.label();
            self.code.bind(leaves, here);
            if let Some(survey) = self.code.survey() {
                survey.recount(start.0, end.end, Some(offset), None);
                // How often that is the only iteration, nobody has counted.
                survey.recount(end.end, again, Some(offset), Some(offset));
                survey.recount(again, here, None, Some(offset));
            }
        } else {
            self.code.undo(end);
            self.code.bind(enters, start.0);
            self.last_set = None;
            if cells.0 == 1 {
                self.code.repeat();
            }
        }
        self.acc_slot = acc_slot;
    }

    /// A branch back to the innermost block, which is a loop, is about to be emitted, and nothing waits in it; `rest` reads
    /// what follows. Returns what reads on, if what the loop begins with is to be lowered in its place.
    pub(super) fn begin_inverting(&mut self, rest: Reader<'a>) -> Option<Reader<'a>> {
        let frames = self.frames.len();
        let head = self.heads.pop_if(|head| head.frames == frames)?;
        // Something joined it, or will.
        if self.code.handler(head.cell) != head.handler || self.code.len() == head.end {
            return None;
        }
        let body = head.body.clone();
        let (cells, offset) = (usize::from(!self.code.joins::<cell::Br>()), self.code.offset);
        let inverted = Inverted { head, rest, at: self.code.mark(), acc_slot: self.acc_slot, cells, offset };
        self.begun = Some(Begun::Inverting(Box::new(inverted)));
        Some(body)
    }

    /// Lowers the branch on a condition to the frame `depth` blocks out that ends what is being inverted, if anything is, and
    /// returns what reads on. Unless that saves a dispatch, the branch back is lowered instead.
    #[inline(always)]
    pub(super) fn end_inverting(&mut self, depth: u32) -> Option<Reader<'a>> {
        match self.begun.take_if(|begun| matches!(begun, Begun::Inverting(_))) {
            Some(Begun::Inverting(inverted)) => Some(self.inverted(*inverted, depth)),
            _ => None,
        }
    }

    #[inline(never)]
    fn inverted(&mut self, inverted: Inverted<'a>, depth: u32) -> Reader<'a> {
        let Inverted { head, rest, at, acc_slot, cells, offset } = inverted;
        let back = self.branch_unless();
        if hold(self.acc_slot, head.acc_slot) && self.code.cells - at.cells <= cells {
            self.code.bind(back, head.end);
            let exit = self.code.len();
            self.branch_to(depth);
            let here = self.code.len();
            if let Some(survey) = self.code.survey() {
                survey.recount(head.cell, head.end, None, Some(offset));
                survey.recount(at.end, exit, Some(offset), None);
                // How often the loop is left here, nobody has counted.
                survey.recount(exit, here, Some(offset), Some(offset));
            }
        } else {
            self.code.undo(at);
            self.acc_slot = acc_slot;
            self.last_set = None;
            self.branch_to(0);
        }
        self.unreachable();
        rest
    }
}
