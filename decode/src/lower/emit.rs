//! Threaded code as it grows: cells, labels, and the joining of neighbouring statements.
//!
//! [`Emitter::statement`] writes the handler, and whoever knows the operands writes them behind it. A statement that joins
//! the cell before it gives that cell another handler, and goes on where the operands there ended.

use super::carried::Loop;
use super::catching::Catching;
use super::code::Code;
use super::definite::{Definite, Zeroes};
use super::mutants::mutant;
use super::survey::{Survey, Surveyed};
use super::target::{Options, Target, Tile};
use super::tree::ENCODE_ROOM;
use crate::cell::{self, Cell, Operands, put};
use crate::layout::CodeHead;
use crate::sig::{self, Sig};

/// A byte of the code: where a cell begins.
pub(super) type Position = usize;

/// A statement that was emitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Emitted {
    /// Its cell.
    pub(super) cell: Position,
    /// Where in the cell its operands begin.
    pub(super) at: usize,
}

impl Emitted {
    /// Whether it is the first in its cell.
    #[inline]
    pub(super) fn is_first(self) -> bool {
        self.at == 8
    }
}

/// A branch's target not known yet: the byte of the code where it is to stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixup(pub(super) Position);

impl Fixup {
    /// Whether this is the target of a `BrIf` that is the first statement of `cell`.
    pub(super) fn is_of_first(self, cell: Position) -> bool {
        self.0 == cell + 8
    }
}

/// Branches to one label that is not known yet. They form a chain in the code: where a branch's target is to stand,
/// stands the place of the branch before, and 0 in the first, for no operand stands there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixups {
    last: u32,
}

impl Fixups {
    pub(super) const NONE: Self = Self { last: 0 };

    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.last == 0
    }

    /// Its branches have moved.
    pub(super) fn follow(&mut self, moved: &[Moved]) {
        self.last = Moved::place(moved, self.last as Position) as u32;
    }
}

/// A branch that is in another place now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moved {
    pub(super) from: Fixup,
    pub(super) to: Fixup,
}

impl Moved {
    /// Where that is now which was at a place, if it moved.
    pub(super) fn place(moved: &[Self], place: Position) -> Position {
        moved.iter().find(|moved| moved.from.0 == place).map_or(place, |moved| moved.to.0)
    }
}

/// The last statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    /// Whether the next may still join its cell.
    pub(super) is_open: bool,
    pub(super) sig: Sig,
    pub(super) cell: Position,
    /// Where its operands end.
    pub(super) end: usize,
}

/// The code as it was.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) end: Position,
    pub(super) cells: usize,
    last: Last,
    /// The last cell's handler.
    handler: u64,
    branches: usize,
    unasked: usize,
    sites: usize,
    surveyed: Option<Surveyed>,
}

/// Bytes of a cell that zeroes locals.
pub(super) const ZEROES_BYTES: usize = 16;

/// Room for the operand bytes of any kind of cell.
const MOST_BYTES: usize = 24;

/// The code so far.
#[derive(Debug)]
pub(super) struct Emitter<'a, T> {
    pub(super) target: &'a T,
    /// Room for the head, then cells up to `end`, which are whole words but for the operands being written, then room for
    /// more.
    pub(super) bytes: Vec<u8>,
    pub(super) end: usize,
    pub(super) last: Last,
    fuse: bool,
    /// Where in the bytes the targets of branches stand, in order.
    pub(super) branches: Vec<usize>,
    /// Whether branches back ask for the epoch.
    pub(super) epochs: bool,
    /// Where the targets of those stand that do not ask themselves, in order; [`Emitter::ask_for_others`] says who does.
    pub(super) unasked: Vec<usize>,
    /// The handlers of exceptions.
    pub(super) catching: Catching,
    /// The statements of the loop that began last.
    pub(super) noted: Loop,
    /// Statements so far. What is joined does not always make the code longer.
    pub(super) emitted: usize,
    /// Cells so far.
    pub(super) cells: usize,
    /// Offset in the module's bytes of the operator being lowered; for the survey alone.
    pub(super) offset: u32,
    /// How many operators a statement may have.
    pub(super) most_operators: u8,
    /// Which locals the code so far has set.
    pub(super) definite: Definite,
    /// See [`Emitter::survey`].
    pub(super) survey: Option<Box<Survey>>,
}

impl<'a, T: Target> Emitter<'a, T> {
    /// Writes code of some `size` bytes to `bytes`, which may have been used before; `branches` and `noted` are empty.
    pub(super) fn new(
        (bytes, branches, noted): (Vec<u8>, Vec<usize>, Loop),
        size: usize,
        target: &'a T,
        options: Options,
        survey: Option<Box<Survey>>,
    ) -> Self {
        let Options { fuse, epochs, .. } = options;
        assert_eq!(survey.is_some(), T::SURVEYED, "a survey is made of targets that ask for it");
        // Without fusion nothing waits but leaves.
        let most_operators = if fuse { survey.as_ref().map_or(u8::MAX, |survey| survey.most_operators()) } else { 0 };
        let mut this = Self {
            target,
            bytes,
            end: 8 * CodeHead::WORDS,
            last: Last { is_open: false, sig: 0, cell: 0, end: 0 },
            fuse,
            branches,
            epochs,
            unasked: Vec::new(),
            catching: Catching::new(),
            noted,
            emitted: 0,
            cells: 0,
            offset: 0,
            most_operators,
            definite: Definite::new(0..0),
            survey,
        };
        this.reserve(size);
        this
    }

    /// What is noted of the cells, if anybody asked.
    #[inline(always)]
    pub(super) fn survey(&mut self) -> Option<&mut Survey> {
        if T::SURVEYED { self.survey.as_deref_mut() } else { None }
    }

    /// Makes room for `len` more bytes.
    #[inline]
    pub(super) fn reserve(&mut self, len: usize) {
        if self.bytes.len() < self.end + len {
            self.grow(len);
        }
    }

    #[inline(never)]
    fn grow(&mut self, len: usize) {
        // A byte of a body becomes some 200 of code at most, and a body has less than 8 MiB.
        assert!(u32::try_from(self.end + len).is_ok(), "code of 4 GiB");
        self.bytes.resize((self.end + len).max(2 * self.bytes.len()), 0);
    }

    /// Leaves room at the beginning, where nothing has been emitted, for what zeroes locals.
    pub(super) fn leave_room(&mut self) {
        self.end += ZEROES_BYTES;
    }

    /// Fills the room at the beginning; `offset` is that of the function's body.
    pub(super) fn zero(&mut self, zeroes: Zeroes, offset: u32) {
        const END: usize = 8 * CodeHead::WORDS + ZEROES_BYTES;
        let (end, emitted) = (self.end, self.emitted);
        (self.end, self.offset) = (8 * CodeHead::WORDS, offset);
        self.label();
        // Writing a cell writes padding behind it.
        self.reserve(ZEROES_BYTES + MOST_BYTES + ENCODE_ROOM);
        let behind: [u8; MOST_BYTES + ENCODE_ROOM] = *self.bytes[END..].first_chunk().expect("room was made");
        match zeroes {
            Zeroes::Few(few) => self.special(few, &[]),
            Zeroes::Range(range) => self.special(range, &[]),
        };
        assert_eq!(self.end, END, "the cell fills its room");
        *self.bytes[END..].first_chunk_mut().expect("room was made") = behind;
        (self.end, self.emitted) = (end, emitted);
        if let Some(survey) = self.survey() {
            survey.put_first();
        }
    }

    /// The code, the head in front, but for `left` bytes of [room](Self::leave_room) that nothing has filled.
    pub(super) fn code(&mut self, head: &CodeHead, left: usize) -> Code {
        for (bytes, word) in self.bytes[left..].as_chunks_mut().0.iter_mut().zip(head.words()) {
            *bytes = word.to_ne_bytes();
        }
        if let Some(survey) = self.survey.as_deref_mut().filter(|_| T::SURVEYED) {
            survey.finish(left, &self.branches, &self.definite);
        }
        let code = Code::behind(left, &mut self.bytes[..self.end], &self.branches);
        if self.catching.is_used() { code.catching(self.catching.finish(left)) } else { code }
    }

    /// The handler for a shape.
    #[inline]
    pub(super) fn tile(&self, sig: Sig) -> Option<Tile> {
        self.target.tile(sig)
    }

    /// Bytes of code so far.
    pub(super) fn len(&self) -> Position {
        self.end
    }

    /// The handler of a cell.
    pub(super) fn handler(&self, cell: Position) -> u64 {
        u64::from_ne_bytes(*self.bytes[cell..].first_chunk().expect("a cell begins with its handler"))
    }

    /// The code from one place to another.
    pub(super) fn between(&self, begin: Position, end: Position) -> &[u8] {
        &self.bytes[begin..end]
    }

    /// How many targets of branches stand behind `position`, or two if there are more.
    pub(super) fn branches_from(&self, position: Position) -> usize {
        self.branches.iter().rev().take(2).take_while(|&&place| place >= position).count()
    }

    /// Takes back everything from the cell at `position` on, to which no branch leads; `cells` are before it.
    pub(super) fn rewind(&mut self, position: Position, cells: usize) {
        (self.end, self.cells) = (position, cells);
        let kept = self.branches.iter().rposition(|&place| place < position).map_or(0, |last| last + 1);
        self.branches.truncate(kept);
        while self.unasked.pop_if(|place| *place >= position).is_some() {}
        self.catching.rewind(position);
        self.last.is_open = false;
        self.noted.give_up();
        if let Some(survey) = self.survey() {
            survey.rewind(position);
        }
    }

    /// Has the last cell, whose only branch leads back to it, repeat itself, if there is a handler for that. Nothing joins it
    /// then.
    pub(super) fn repeat(&mut self) {
        let Last { sig, cell, .. } = self.last;
        if self.unasked.last().is_some_and(|&place| place >= cell) {
            return;
        }
        if let Some(tile) = self.tile(sig::repeat(sig)) {
            self.bytes[cell..][..8].copy_from_slice(&tile.handler.to_ne_bytes());
            self.last.is_open = false;
            if let Some(survey) = self.survey() {
                survey.repeat();
            }
        }
    }

    /// The code as it is, for [`Emitter::undo`].
    pub(super) fn mark(&mut self) -> Mark {
        let handler = if self.last.is_open { self.handler(self.last.cell) } else { 0 };
        let surveyed = self.survey().and_then(|survey| survey.last().cloned());
        let (branches, unasked, sites) = (self.branches.len(), self.unasked.len(), self.catching.sites());
        Mark { end: self.end, cells: self.cells, last: self.last, handler, branches, unasked, sites, surveyed }
    }

    /// Takes back everything since, to which no branch from before leads.
    pub(super) fn undo(&mut self, mark: Mark) {
        let Mark { end, cells, last, handler, branches, unasked, sites, surveyed } = mark;
        (self.end, self.cells, self.last) = (end, cells, last);
        self.noted.give_up();
        self.branches.truncate(branches);
        self.unasked.truncate(unasked);
        self.catching.truncate(sites);
        if last.is_open && !mutant!(15) {
            self.bytes[last.cell..][..8].copy_from_slice(&handler.to_ne_bytes());
            self.bytes[last.end..end].fill(0);
        }
        if let Some(survey) = self.survey() {
            survey.undo(end, surveyed);
        }
    }

    /// Where the next cell begins; makes it a place that branches may lead to.
    pub(super) fn label(&mut self) -> Position {
        self.last.is_open &= mutant!(21);
        self.noted.give_up();
        self.end
    }

    /// What the signature of a cell begins with in which the next statement joins the last one, if it may.
    #[inline]
    pub(super) fn joining(&self) -> Option<Sig> {
        if !self.last.is_open {
            return None;
        }
        if T::SURVEYED && self.survey.as_ref().is_some_and(|survey| !survey.may_join()) {
            return None;
        }
        Some(sig::with(sig::SEQ, self.last.sig))
    }

    /// Emits a statement, in a cell of its own or added to the last one; `sig` and `tile` are the whole cell's. `operands`
    /// writes the operands, at most `len` bytes, to where there is room for [`ENCODE_ROOM`] more, and returns the room behind
    /// them.
    #[inline(always)]
    pub(super) fn statement(
        &mut self,
        sig: Sig,
        tile: Tile,
        joins: bool,
        len: usize,
        operands: impl FnOnce(&mut [u8]) -> &mut [u8],
    ) -> Emitted {
        self.emitted += 1;
        // The handler in front, the padding behind.
        self.reserve(8 + len + ENCODE_ROOM);
        self.cells += usize::from(!joins);
        let (cell, begin) = if joins { (self.last.cell, self.last.end) } else { (self.end, self.end + 8) };
        if let Some(survey) = self.survey() {
            if joins {
                survey.join();
            }
            survey.cell(cell, sig);
        }
        let bytes = &mut self.bytes[cell..];
        let all = bytes.len();
        let (handler, room) = bytes.split_first_chunk_mut().expect("room was made");
        *handler = tile.handler.to_ne_bytes();
        let rest = operands(&mut room[begin - cell - 8..]);
        let end = cell + all - rest.len();
        *rest.first_chunk_mut().expect("room was made") = [0; 8];
        // Without fusion nothing joins.
        self.last = Last { is_open: self.fuse, sig, cell, end };
        self.end = end.next_multiple_of(8);
        Emitted { cell, at: begin - cell }
    }

    /// Whether a cell with operands of its own would join the last one.
    pub(super) fn joins<C: Operands>(&mut self) -> bool {
        if let Some(survey) = self.survey() {
            survey.next = 0;
        }
        self.joining().is_some_and(|begun| self.tile(sig::with(begun, const { sig::cell(C::CELL) })).is_some())
    }

    /// Adds a cell with operands of its own, alone or joined to the one before, and `more` behind them.
    #[inline(always)]
    pub(super) fn special<C: Operands>(&mut self, operands: C, more: &[u64]) -> Emitted {
        let mut bytes = [0; MOST_BYTES];
        operands.encode(&mut bytes);
        self.cell(C::CELL, const { sig::cell(C::CELL) }, &bytes, C::LEN, more)
    }

    /// As [`special`](Self::special), of another cell with the same operands.
    pub(super) fn special_as<C: Operands>(&mut self, cell: Cell, operands: C) -> Emitted {
        debug_assert_eq!(cell.fields(), C::CELL.fields(), "{cell:?}");
        let mut bytes = [0; MOST_BYTES];
        operands.encode(&mut bytes);
        self.cell(cell, sig::cell(cell), &bytes, C::LEN, &[])
    }

    /// One piece of code for all kinds of cell, rather than one for each: caches are small.
    #[inline(never)]
    fn cell(&mut self, cell: Cell, alone: Sig, operands: &[u8; MOST_BYTES], len: usize, more: &[u64]) -> Emitted {
        let offset = self.offset;
        self.noted.give_up();
        if let Some(survey) = self.survey() {
            survey.special(cell, offset);
        }
        let joined = self.joining().map(|begun| sig::with(begun, alone));
        let (sig, tile, joins) = match joined.and_then(|sig| Some((sig, self.tile(sig)?, true))) {
            Some(joined) => joined,
            None => (alone, self.tile(alone).expect("every cell has a handler"), false),
        };
        let emitted = self.statement(sig, tile, joins, MOST_BYTES + size_of_val(more), |room| {
            *room.first_chunk_mut().expect("room was made") = *operands;
            more.iter().fold(&mut room[len..], |room, target| put(room, target.to_ne_bytes()))
        });
        if let Some(survey) = self.survey()
            && let Some(at) = cell.type_id_at()
        {
            survey.type_id(emitted.cell + emitted.at + at);
        }
        emitted
    }

    /// The cell that was just emitted calls or throws: handlers are found by where it ends.
    #[inline(always)]
    pub(super) fn note_site(&mut self) {
        self.catching.note_site(self.end);
    }

    /// Emits a branch.
    pub(super) fn br(&mut self) -> Fixup {
        let branch = self.special(cell::Br { target: 0 }, &[]);
        self.fixup(branch)
    }

    /// The target of the branch just emitted; it is not known yet.
    pub(super) fn fixup(&mut self, Emitted { cell, at }: Emitted) -> Fixup {
        self.branches.push(cell + at);
        Fixup(cell + at)
    }

    /// The `count` targets of the `br_table` just emitted, of which the first stands where this says. They are not known yet.
    pub(super) fn fixups(&mut self, Emitted { cell, at }: Emitted, count: usize) {
        self.branches.reserve(count);
        self.branches.extend((0..count).map(|i| cell + at + 8 * i));
    }

    /// Gives a branch its target.
    #[inline]
    pub(super) fn bind(&mut self, Fixup(place): Fixup, target: Position) {
        self.bytes[place..][..8].copy_from_slice(&(target as u64).to_ne_bytes());
    }

    /// Gives the last branch that was emitted, or an entry of the `br_table` that was, a target before it. If code asks for the epoch,
    /// the branch's cell does so from now on, if there is a handler for that; otherwise another one will. Whether it takes no
    /// other one.
    #[inline]
    pub(super) fn bind_back(&mut self, branch: Fixup, target: Position) -> bool {
        self.bind(branch, target);
        !self.epochs || self.ask(branch)
    }

    #[inline(never)]
    fn ask(&mut self, Fixup(place): Fixup) -> bool {
        let Last { sig, cell, .. } = self.last;
        // A handler asks whichever of its branches is taken, and then execution stands still where that leads: which only the beginning of
        // a loop may be.
        let tile = if self.branches_from(cell) == 1 { self.tile(sig::ask(sig)) } else { None };
        if let Some(tile) = tile {
            self.bytes[cell..][..8].copy_from_slice(&tile.handler.to_ne_bytes());
            self.last.sig = sig::ask(sig);
        } else {
            self.unasked.push(place);
        }
        if let Some(survey) = self.survey() {
            survey.ask(tile.is_some());
        }
        tile.is_some()
    }

    /// What was bound back leads forward now: nobody asks for it, unless it does itself.
    pub(super) fn forget_to_ask(&mut self, Fixup(place): Fixup) {
        let behind = self.unasked.iter().rev().take_while(|&&unasked| unasked > place).count();
        let at = self.unasked.len() - behind;
        if at > 0 && self.unasked[at - 1] == place {
            self.unasked.remove(at - 1);
        }
    }

    /// Ends the code with cells that ask for the epoch and branch: one for each target of branches back that do not ask themselves,
    /// which lead there now.
    ///
    /// So do handlers of exceptions that are beginnings of loops: exceptions lead to cells of their own.
    pub(super) fn ask_for_others(&mut self) {
        if self.epochs && !mutant!(53) {
            let mut catching = std::mem::replace(&mut self.catching, Catching::new());
            catching.lead_loops(|target| {
                let other = self.label();
                let branch = self.br();
                assert!(self.bind_back(branch, target), "a branch alone asks itself");
                other
            });
            self.catching = catching;
        }
        let mut unasked = std::mem::take(&mut self.unasked);
        unasked.sort_unstable_by_key(|&place| (self.before(place), place));
        let mut others = None;
        for place in unasked {
            let target = self.before(place);
            let other = match others {
                Some((to, other)) if to == target => other,
                _ => {
                    let other = self.label();
                    let branch = self.br();
                    assert!(self.bind_back(branch, target), "a branch alone asks itself");
                    other
                }
            };
            others = Some((target, other));
            self.bind(Fixup(place), other);
        }
    }

    /// Adds a branch to those to a label.
    pub(super) fn chain(&mut self, fixups: &mut Fixups, fixup: Fixup) {
        self.bind(fixup, fixups.last as Position);
        fixups.last = fixup.0 as u32;
    }

    /// Whether only one branch leads there.
    pub(super) fn is_single(&self, fixups: Fixups) -> bool {
        !fixups.is_empty() && self.before(fixups.last as Position) == 0
    }

    /// The target of the branch at `place`, or the place of the branch before it in its chain.
    pub(super) fn before(&self, place: Position) -> Position {
        u64::from_ne_bytes(*self.bytes[place..].first_chunk().expect("a branch's target")) as Position
    }

    /// Gives all branches to a label their target.
    pub(super) fn bind_all(&mut self, fixups: Fixups, target: Position) {
        let mut place = fixups.last as Position;
        while place != 0 {
            let before = self.before(place);
            self.bind(Fixup(place), target);
            place = before;
        }
    }

    /// Overwrites an operand that stands where the statement's operands begin.
    pub(super) fn patch(&mut self, Emitted { cell, at }: Emitted, operand: u64) {
        self.bytes[cell + at..][..8].copy_from_slice(&operand.to_ne_bytes());
    }
}
