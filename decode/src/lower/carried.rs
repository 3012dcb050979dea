//! Loops of one cell whose slots are registers as long as they run.
//!
//! What an iteration hands to the next goes through slots, and the next one begins where the branch back says, which is read from the
//! code. Both take as long as several operators. So a short loop becomes one cell, whatever cells it was, if there is a handler that
//! has read its slots, repeats its statements over registers, and writes them back ([`crate::sig::carried`]).
//!
//! Nothing is lowered again for it: while the first statements of a loop are emitted, they are noted here as well ([`Loop`]), by their
//! trees, which are kept as long. Most loops go on with what no handler carries, so no more is done then. Where a loop ends all of
//! which was noted, its statements are written down one behind the other, with slots in the place of accumulators that mirror them
//! ([`Carried`]): that is the cell.
//!
//! Here is what is noted and written down; `carry` makes the cell of it.
//!
//! The handler depends on which of the slots are the same, so slots are numbered in the order in which they occur. The cell's operands
//! say where they lie all the same, as in any other cell.

use super::sink::{Sink, SinkKind};
use super::slot::Slot;
use super::tree::{ENCODE_ROOM, Kind, NodeId, Trees};
use crate::ops::Class;
use crate::sig::{self, Form, Numbers, Sig};

/// So many statements may they be, so many operand bytes may they have, and so many branches.
const MOST_STATEMENTS: usize = Numbers::MOST_STATEMENTS;
const MOST_BYTES: usize = Numbers::MOST_BYTES;
const MOST_BRANCHES: usize = 3;

/// The statements since a loop began.
#[derive(Debug, Default)]
pub(super) struct Loop {
    /// Whether these are all. Nobody else forgets their trees as long as they are.
    is_complete: bool,
    statements: Vec<Statement>,
    /// How many are branches.
    branches: usize,
    /// How many there were before the last branch.
    before: usize,
    /// How often trees were forgotten that they may have.
    forgotten: u32,
}

/// A statement that was emitted.
#[derive(Debug, Clone, Copy)]
struct Statement {
    sink: Sink,
    kids: [NodeId; 2],
    arity: usize,
    /// With slots in the place of accumulators that mirror them.
    sig: Sig,
}

/// How many statements there were once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    statements: usize,
    branches: usize,
    forgotten: u32,
}

impl Loop {
    /// A function begins.
    pub(super) fn empty(&mut self) {
        self.is_complete = false;
        self.statements.clear();
        self.statements.reserve(MOST_STATEMENTS);
    }

    /// A loop begins.
    pub(super) fn begin(&mut self) {
        self.statements.clear();
        (self.is_complete, self.branches) = (true, 0);
    }

    /// Whether all statements are known since a loop began.
    #[inline(always)]
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Something comes that no such loop has, or the code is no longer as it was.
    #[inline(always)]
    pub(super) fn give_up(&mut self) {
        self.is_complete = false;
    }

    /// Trees are forgotten that statements may have.
    pub(super) fn forget(&mut self) {
        self.is_complete = false;
        self.forgotten += 1;
    }

    /// What there was before the branch that is the last statement, if these are all.
    pub(super) fn before_branch(&self) -> Option<Before> {
        let branches = if self.is_complete { self.branches.checked_sub(1)? } else { return None };
        Some(Before { statements: self.before, branches, forgotten: self.forgotten })
    }

    /// That branch was taken back, and all that came behind it. No tree was forgotten meanwhile but by [`Loop::forget`].
    pub(super) fn go_back(&mut self, before: Option<Before>) {
        if let Some(Before { statements, branches, forgotten }) = before
            && forgotten == self.forgotten
        {
            self.statements.truncate(statements);
            (self.is_complete, self.branches) = (true, branches);
        }
    }

    /// Notes a statement that is about to be emitted. Seldom enough to be out of the way, and by value: what emits statements keeps all of
    /// it in registers.
    #[cold]
    #[inline(never)]
    pub(super) fn note<const N: usize>(&mut self, sink: Sink, kids: [NodeId; N], sig: Sig) {
        let is_branch = matches!(sink.kind, SinkKind::Form(Form::BrIf));
        let is_known = is_branch
            || matches!(sink.kind, SinkKind::Form(Form::SetSlot | Form::SetAcc | Form::SetGlobal) | SinkKind::Store(_));
        if N > 2 || !is_known || self.statements.len() == MOST_STATEMENTS {
            return self.give_up();
        }
        if is_branch {
            self.before = self.statements.len();
            self.branches += 1;
        }
        let kids = std::array::from_fn(|i| kids.get(i).copied().unwrap_or_default());
        self.statements.push(Statement { sink, kids, arity: N, sig });
    }

    /// The loop ends here: all of it, if it has so many branches, and can be one cell; `branches_back` says that another branch is its end,
    /// without a condition. `may_carry` says so of the signature of a sequence.
    pub(super) fn end(
        &mut self,
        trees: &Trees,
        branches: usize,
        branches_back: bool,
        may_carry: impl FnOnce(Sig) -> bool,
    ) -> Option<Carried> {
        if !std::mem::replace(&mut self.is_complete, false) || self.branches + usize::from(branches_back) != branches {
            return None;
        }
        let back = branches_back.then_some(const { sig::cell(crate::cell::Cell::Br) });
        let sig = self.statements.iter().map(|statement| statement.sig).chain(back).reduce(sig::seq)?;
        if !may_carry(sig) {
            return None;
        }
        let mut carried = Carried::of(sig);
        for Statement { sink, kids, arity, .. } in &self.statements {
            carried.add(sink, &kids[..*arity], trees)?;
        }
        if branches_back {
            carried.add_branch()?;
        }
        Some(carried)
    }
}

/// The statements of a loop, as one cell.
#[derive(Debug)]
pub(super) struct Carried {
    /// The signature of the sequence.
    sig: Sig,
    numbers: Numbers,
    slots: [(Slot, Class); Numbers::MOST_SLOTS],
    /// How many of those are known.
    known: usize,
    bytes: [u8; MOST_BYTES + ENCODE_ROOM],
    len: usize,
    /// Where in the bytes the targets of branches stand, in order.
    targets: [usize; MOST_BRANCHES],
    branches: usize,
}

impl Carried {
    /// Nothing yet of a sequence with this signature.
    fn of(sig: Sig) -> Self {
        Self {
            sig,
            numbers: Numbers::NONE,
            slots: [(Slot(0), Class::I32); Numbers::MOST_SLOTS],
            known: 0,
            bytes: [0; MOST_BYTES + ENCODE_ROOM],
            len: 0,
            targets: [0; MOST_BRANCHES],
            branches: 0,
        }
    }

    /// Adds a statement. `None` if that cannot be.
    fn add(&mut self, sink: &Sink, kids: &[NodeId], trees: &Trees) -> Option<()> {
        let len: usize = kids.iter().map(|&kid| trees[kid].operand_bytes()).sum();
        if self.len + sink.prefix.len + len > MOST_BYTES {
            return None;
        }
        match sink.kind {
            SinkKind::Form(Form::SetSlot) => self.number(sink.prefix.first_slot(), sink.class)?,
            SinkKind::Form(Form::BrIf) => self.branch()?,
            _ => {}
        }
        let room = &mut self.bytes[self.len..];
        *room.first_chunk_mut().expect("there is room") = sink.prefix.bytes;
        let mut room = &mut room[sink.prefix.len..];
        for &kid in kids {
            room = trees.encode(kid, None, room);
        }
        self.len += sink.prefix.len + len;
        kids.iter().try_for_each(|&kid| self.number_leaves(trees, kid))
    }

    /// Numbers the slots of a tree's leaves.
    fn number_leaves(&mut self, trees: &Trees, id: NodeId) -> Option<()> {
        let node = &trees[id];
        match node.kind {
            Kind::Slot(slot) => self.number(slot, node.class),
            _ => node.kids().iter().try_for_each(|&kid| self.number_leaves(trees, kid)),
        }
    }

    /// Numbers a slot that is an operand.
    fn number(&mut self, slot: Slot, class: Class) -> Option<()> {
        let known = self.slots[..self.known].iter().position(|&(known, _)| known == slot);
        let number = known.unwrap_or(self.known);
        if known.is_none() && number < Numbers::MOST_SLOTS && !class.is_wide() {
            self.slots[number] = (slot, class);
            self.known += 1;
        }
        // One that holds now this, now that stays a slot.
        let fits = number < self.known && self.slots[number].1 == class && self.numbers.len() < Numbers::MOST;
        fits.then(|| self.numbers = self.numbers.with(number))
    }

    /// A target comes next.
    fn branch(&mut self) -> Option<()> {
        *self.targets.get_mut(self.branches)? = self.len;
        self.branches += 1;
        Some(())
    }

    /// The loop ends with a branch back that has no condition.
    fn add_branch(&mut self) -> Option<()> {
        if self.len + 8 > MOST_BYTES {
            return None;
        }
        self.branch()?;
        self.len += 8;
        Some(())
    }

    /// Signature of the handler for the loop.
    pub(super) fn sig(&self) -> Sig {
        sig::carried(self.sig, self.numbers)
    }

    /// The operands of the cell.
    pub(super) fn operands(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Where in those the targets of branches stand, the one back last.
    pub(super) fn targets(&self) -> &[usize] {
        &self.targets[..self.branches]
    }
}
