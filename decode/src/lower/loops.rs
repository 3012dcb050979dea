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
//! **Carrying.** A short loop without blocks becomes one cell that has its slots in registers as long as it runs, if there is a handler
//! for it ([`super::carried`]); then it is neither peeled nor rotated. Only its first branches may leave it, by labels that are no loops.
//!
//! **Rotation.** A loop that begins with the cell that may leave it, and ends with a branch back, takes a dispatch for each. The
//! branch back becomes that cell, with the condition negated, if that saves one.
//!
//! ```text
//! start:  unless the condition holds  -> end
//! body:   ...
//!         if the condition holds      -> body
//!         br                          -> end
//! ```
//!
//! Where branches back ask for the epoch ([`super::metering`]), so do those of what is lowered again, and a cell that repeats itself.
//! The way from a first iteration to the others asks for nothing, unless its handler does. Execution that stands still at `body` of a
//! rotated loop is told to stand at its `start` ([`super::place`]): the test comes out as it did, if it only reads. A test that
//! counts as well is not rotated there.
//!
//! What is lowered again contains no loop, and each loop's beginning is lowered again once at most: to peel, or at the
//! branch back from the loop's own level, of which there is one, since what follows it cannot be reached. So decoding stays
//! linear.

use super::accumulators::Mirrors;
use super::definite::Locals;
use super::emit::{Fixup, Mark, Position};
use super::labels::{Construct, Labels};
use super::mutants::mutant;
use super::operands::Operands;
use super::read::Reader;
use super::target::{Options, Target};
use crate::cell;
use bumpalo::Bump;
use bumpalo::collections::Vec;
use smallvec::SmallVec;

/// Longer bodies, in bytes of code, are not peeled.
const MOST_BYTES: usize = 64;

/// How the open loops begin.
#[derive(Debug)]
pub(super) struct Loops<'a> {
    /// Whether beginnings are lowered twice. With fuel, each iteration begins with a cell that pays.
    twice: bool,
    /// What the next `br_if` decides.
    pending: Option<Pending<'a>>,
    /// The tests with which open loops begin that may be rotated, the innermost last.
    tests: Vec<'a, ExitTest<'a>>,
    /// The loop opened last, if it may be carried in registers.
    straight: Option<Straight>,
}

/// A loop of which all statements are known.
#[derive(Debug)]
struct Straight {
    /// How many blocks are open in it.
    depth: usize,
    /// Where it begins, and how many cells are before it.
    start: (Position, usize),
    /// The labels to which branches leave it.
    exits: SmallVec<[u32; 2]>,
}

/// What the next `br_if` decides.
#[derive(Debug)]
enum Pending<'a> {
    /// Whether the loop opened last is peeled, or may be rotated. Other branches may have come since.
    Opened(Opened<'a>),
    /// Whether the body of a loop, lowered again behind the first iteration, is kept.
    Peeling(Box<Peeled>),
    /// Whether the beginning of a loop, lowered again in the place of a branch back, is kept.
    Rotating(Box<Rotation<'a>>),
}

/// A loop just opened.
#[derive(Debug)]
struct Opened<'a> {
    /// Reads the body.
    body: Reader<'a>,
    /// How many blocks are open in it.
    depth: usize,
    /// Where branches back lead.
    start: Position,
    /// How many cells are before that.
    cells: usize,
    /// The `loop`'s own offset, and which locals are set there; for the survey alone.
    offset: u32,
    set: Locals,
}

/// A first iteration.
#[derive(Debug)]
struct Peeled {
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
    mirrors: Mirrors,
    /// The `loop`'s offset, and which locals are set there; for the survey alone.
    offset: u32,
    set: Locals,
}

/// The beginning of an open loop: one cell, that may leave it.
#[derive(Debug)]
struct ExitTest<'a> {
    /// Reads the body.
    body: Reader<'a>,
    /// How many blocks are open in the loop.
    depth: usize,
    /// The `loop`'s own offset, and which locals are set there; for the survey alone.
    offset: u32,
    set: Locals,
    /// The cell.
    cell: Position,
    /// Its handler, as long as nothing has joined it. (What has does more, so its machine code is no other handler's.)
    handler: u64,
    /// Where the next cell begins.
    end: Position,
    /// What the accumulators mirror there.
    mirrors: Mirrors,
}

/// A branch back in whose place a loop's beginning is being lowered.
#[derive(Debug)]
struct Rotation<'a> {
    test: ExitTest<'a>,
    /// Reads what follows the branch.
    rest: Reader<'a>,
    /// Where it stands, and the accumulators there.
    at: Mark,
    mirrors: Mirrors,
    /// How many cells it takes.
    cells: usize,
    /// Its offset; for the survey alone.
    offset: u32,
}

impl<'a> Loops<'a> {
    pub(super) fn new_in(arena: &'a Bump, options: Options) -> Self {
        Self { twice: options.fuse && !options.fuel, pending: None, tests: Vec::new_in(arena), straight: None }
    }

    /// A loop was just opened, at `start`, which `body` reads, and in which `depth` blocks are open.
    pub(super) fn open<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        depth: usize,
        body: Reader<'a>,
        start: Position,
    ) {
        let code = &mut operands.code;
        if self.twice {
            code.noted.begin();
            self.straight = Some(Straight { depth, start: (start, code.cells), exits: SmallVec::new() });
        }
        let (cells, offset, set) = (code.cells, code.offset, code.definite.set);
        self.pending = self.twice.then_some(Pending::Opened(Opened { body, depth, start, cells, offset, set }));
    }

    /// What comes is not lowered twice: it begins a scope of handlers.
    pub(super) fn forget(&mut self) {
        (self.pending, self.straight) = (None, None);
    }

    /// The innermost loop was closed, and leaves `depth` blocks open.
    pub(super) fn close(&mut self, depth: usize) {
        (self.pending, self.straight) = (None, None);
        self.tests.pop_if(|test| test.depth > depth);
    }

    /// A branch on a condition was just emitted, to this label. Returns what reads on, if that is not what follows.
    #[inline(always)]
    pub(super) fn branched<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        labels: &mut Labels<'a>,
        labelidx: u32,
        branch: Fixup,
    ) -> Option<Reader<'a>> {
        if self.straight.is_some() && self.carried(operands, labels, labelidx) {
            return None;
        }
        if self.pending.is_some() { self.branched_first(operands, labels, labelidx, branch) } else { None }
    }

    /// A branch on a condition was just emitted, to this label: whether it ended a loop, all of which is one cell now.
    #[inline(never)]
    fn carried<T: Target>(&mut self, operands: &mut Operands<'a, T>, labels: &mut Labels<'a>, labelidx: u32) -> bool {
        if let Some(straight) = &mut self.straight
            && labelidx != 0
            && straight.depth == labels.depth()
            && operands.code.noted.is_complete()
            && labels.get(labelidx).construct != Construct::Loop
        {
            straight.exits.push(labelidx);
            return false;
        }
        labelidx == 0 && self.carry(operands, labels, false)
    }

    /// The loop ends here, if it is the innermost block, with a branch back, and nothing waits in it; `branches_back` says that the
    /// branch is not emitted. Whether it is one cell now.
    pub(super) fn carry<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        labels: &mut Labels<'a>,
        branches_back: bool,
    ) -> bool {
        let Some(Straight { depth, start, exits }) = self.straight.take() else { return false };
        let innermost = labels.innermost();
        if depth != labels.depth() || innermost.base() + innermost.arity() != operands.height() {
            return false;
        }
        let Some(moved) = operands.code.carry(&operands.trees, start, exits.len(), branches_back) else { return false };
        for (i, &labelidx) in exits.iter().enumerate() {
            // Once: where one of a label's branches is now, another one may have been.
            if !exits[..i].contains(&labelidx) {
                labels.get_mut(labelidx).ends.follow(&moved);
            }
        }
        self.pending = None;
        operands.last_set = None;
        true
    }

    #[inline(never)]
    fn branched_first<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        labels: &Labels<'a>,
        labelidx: u32,
        branch: Fixup,
    ) -> Option<Reader<'a>> {
        let opened = match self.pending.take()? {
            Pending::Opened(opened) => opened,
            Pending::Peeling(peeled) => {
                end_peeling(operands, *peeled, branch);
                return None;
            }
            Pending::Rotating(_) => return None,
        };
        let code = &operands.code;
        let straight = opened.depth == labels.depth() && code.branches_from(opened.start) == 1;
        // Nothing waits in the loop, so the branch takes nothing, and the loop neither.
        if !straight || labels.innermost().base() != operands.height() {
            return None;
        }
        if labelidx == 0 {
            return self.begin_peeling(operands, opened, branch);
        }
        let Opened { body, depth, start: cell, cells, offset, set } = opened;
        // Where code asks for the epoch, execution may stand still behind the test, in whose place the state is told to be that in front
        // of it: so it must have changed nothing.
        let may_stand = !code.epochs || branch.is_of_first(cell);
        if code.cells == cells + 1 && may_stand {
            let (handler, end) = (code.handler(cell), code.len());
            let mirrors = operands.accs.mirrors;
            self.tests.push(ExitTest { body, depth, offset, set, cell, handler, end, mirrors });
        }
        None
    }

    /// A loop begins with a body that ends with `branch`, which leads back.
    fn begin_peeling<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        opened: Opened<'a>,
        branch: Fixup,
    ) -> Option<Reader<'a>> {
        let Opened { body, start, cells, offset, set, .. } = opened;
        let (code, mirrors) = (&mut operands.code, operands.accs.mirrors);
        if mirrors == Mirrors::NONE || code.len() - start > MOST_BYTES {
            if code.cells == cells + 1 {
                code.repeat();
            }
            return None;
        }
        let start = (start, cells);
        let end = code.mark();
        // In a cell of its own.
        code.label();
        let leaves = code.br();
        let again = code.label();
        code.bind(branch, again);
        let peeled = Peeled { start, enters: branch, end, leaves, again, mirrors, offset, set };
        self.pending = Some(Pending::Peeling(Box::new(peeled)));
        Some(body)
    }

    /// A branch back to the innermost of `depth` blocks, which is a loop, is about to be emitted, and nothing waits in it;
    /// `rest` reads what follows. Returns what reads on, if what the loop begins with is to be lowered in its place.
    pub(super) fn begin_rotation<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        depth: usize,
        rest: Reader<'a>,
    ) -> Option<Reader<'a>> {
        let test = self.tests.pop_if(|test| test.depth == depth)?;
        let code = &mut operands.code;
        // Something joined it, or will.
        if code.handler(test.cell) != test.handler || code.len() == test.end {
            return None;
        }
        let body = test.body.clone();
        let cells = usize::from(!code.joins::<cell::Br>());
        let (at, offset) = (code.mark(), code.offset);
        let rotation = Rotation { test, rest, at, mirrors: operands.accs.mirrors, cells, offset };
        self.pending = Some(Pending::Rotating(Box::new(rotation)));
        Some(body)
    }

    /// Lowers the branch on a condition to this label that ends what is being rotated, if anything is, and returns what reads
    /// on; what follows cannot be reached then. Unless that saves a dispatch, the branch back is lowered instead.
    #[inline(always)]
    pub(super) fn end_rotation<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        labels: &mut Labels<'a>,
        labelidx: u32,
    ) -> Option<Reader<'a>> {
        match self.pending.take_if(|pending| matches!(pending, Pending::Rotating(_)))? {
            Pending::Rotating(rotation) => Some(rotate(operands, labels, *rotation, labelidx)),
            Pending::Opened(_) | Pending::Peeling(_) => None,
        }
    }
}

/// The body was lowered again, and ends with `branch`: keeps that as the loop, if it is other code, has no more cells, and
/// ends with what the accumulators mirrored when it began.
fn end_peeling<T: Target>(operands: &mut Operands<'_, T>, peeled: Peeled, branch: Fixup) {
    let Peeled { start, enters, end, leaves, again, mirrors, offset, set } = peeled;
    let code = &mut operands.code;
    let here = code.len();
    let (first, second) = (code.between(start.0, end.end), code.between(again, here));
    // But for the target.
    let at = enters.0 - start.0;
    let same = first.len() == second.len() && first[..at] == second[..at] && first[at + 8..] == second[at + 8..];
    let cells = (end.cells - start.1, code.cells - end.cells - 1);
    if (mutant!(16) || operands.accs.mirrors.include(&mirrors)) && !same && cells.1 <= cells.0 {
        code.forget_to_ask(enters);
        code.bind(branch, again);
        if cells.1 == 1 {
            code.repeat();
        }
        code.label();
        code.bind(leaves, here);
        operands.note_loop(offset, again, &set);
        let code = &mut operands.code;
        if let Some(survey) = code.survey() {
            survey.recount(start.0, end.end, Some(offset), None);
            // How often that is the only iteration, nobody has counted.
            survey.recount(end.end, again, Some(offset), Some(offset));
            survey.recount(again, here, None, Some(offset));
        }
    } else {
        code.undo(end);
        code.bind(enters, start.0);
        operands.last_set = None;
        if cells.0 == 1 {
            code.repeat();
        }
    }
    operands.accs.mirrors = mirrors;
}

/// Lowers the end of a rotation: a branch on the negated condition back into the loop, and one to the label behind it; or, if
/// that saves nothing, the branch back. Returns what reads on.
#[inline(never)]
fn rotate<'a, T: Target>(
    operands: &mut Operands<'a, T>,
    labels: &mut Labels<'a>,
    rotation: Rotation<'a>,
    labelidx: u32,
) -> Reader<'a> {
    let Rotation { test, rest, at, mirrors, cells, offset } = rotation;
    let back = if mutant!(17) {
        let (branch, _) = operands.branch_on(true);
        operands.code.fixup(branch)
    } else {
        operands.branch_unless()
    };
    let code = &mut operands.code;
    let fits = operands.accs.mirrors.include(&test.mirrors) && code.cells - at.cells <= cells;
    // Where another cell asks for the branch, nothing is saved.
    if fits && code.bind_back(back, test.end) {
        let exit = code.len();
        operands.note_loop(test.offset, test.end, &test.set);
        let code = &mut operands.code;
        labels.branch(code, labelidx);
        let here = code.len();
        if let Some(survey) = code.survey() {
            survey.recount(test.cell, test.end, None, Some(offset));
            survey.recount(at.end, exit, Some(offset), None);
            // How often the loop is left here, nobody has counted.
            survey.recount(exit, here, Some(offset), Some(offset));
        }
    } else {
        code.undo(at);
        operands.accs.mirrors = mirrors;
        operands.last_set = None;
        labels.branch(code, 0);
    }
    rest
}
