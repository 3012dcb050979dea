//! Loops of one cell whose slots are registers as long as they run.
//!
//! What an iteration hands to the next goes through slots, and the next one begins where the branch back says, which is read from the
//! code. Both take as long as several operators. So a short loop becomes one cell, whatever cells it was, if there is a handler that
//! has read its slots, repeats its statements over registers, and writes them back ([`crate::sig::carried`]).
//!
//! Nothing is lowered again for it: while the first statements of a loop are emitted, they are written down here as well, one behind the
//! other, with slots in the place of accumulators that mirror them. Where the loop ends, that is the cell.
//!
//! Here is what is written down; `carry` makes the cell of it.
//!
//! The handler depends on which of the slots are the same, so slots are numbered in the order in which they occur. The cell's operands
//! say where they lie all the same, as in any other cell.

use super::sink::{Sink, SinkKind};
use super::slot::Slot;
use super::tree::{ENCODE_ROOM, Kind, NodeId, Trees};
use crate::ops::Class;
use crate::sig::{self, Form, Numbers, Sig};

/// So many operand bytes may they have, and so many branches.
const MOST_BYTES: usize = Numbers::MOST_BYTES;
const MOST_BRANCHES: usize = 3;

/// The statements of a loop, as one cell.
#[derive(Debug)]
pub(super) struct Carried {
    /// Whether these are all statements since a loop began.
    pub(super) is_complete: bool,
    so_far: SoFar,
    /// Before the last branch.
    before: SoFar,
    slots: [(Slot, Class); Numbers::MOST_SLOTS],
    bytes: [u8; MOST_BYTES + ENCODE_ROOM],
    /// Where in the bytes the targets of branches stand, in order.
    targets: [usize; MOST_BRANCHES],
}

/// How much there is of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoFar {
    /// The signature of the sequence, if there is a statement.
    sig: Option<Sig>,
    numbers: Numbers,
    /// How many slots are known.
    slots: usize,
    /// How many bytes.
    len: usize,
    branches: usize,
}

impl SoFar {
    const NOTHING: Self = Self { sig: None, numbers: Numbers::NONE, slots: 0, len: 0, branches: 0 };
}

impl Carried {
    pub(super) const NONE: Self = Self {
        is_complete: false,
        so_far: SoFar::NOTHING,
        before: SoFar::NOTHING,
        slots: [(Slot(0), Class::I32); Numbers::MOST_SLOTS],
        bytes: [0; MOST_BYTES + ENCODE_ROOM],
        targets: [0; MOST_BRANCHES],
    };

    /// A loop begins.
    pub(super) fn begin(&mut self) {
        (self.is_complete, self.so_far) = (true, SoFar::NOTHING);
    }

    /// What there was before the branch that is the last statement, if these are all.
    pub(super) fn before_branch(&self) -> Option<SoFar> {
        self.is_complete.then_some(self.before)
    }

    /// That branch was taken back, and all that came behind it.
    pub(super) fn go_back(&mut self, before: Option<SoFar>) {
        if let Some(so_far) = before {
            (self.is_complete, self.so_far) = (true, so_far);
        }
    }

    /// Writes a statement down that is about to be emitted, whose signature is this with slots in the place of accumulators that mirror
    /// them. By value, and seldom enough to be out of the way: what emits statements keeps all of it in registers.
    #[cold]
    #[inline(never)]
    pub(super) fn write_down<const N: usize>(&mut self, sink: Sink, kids: [NodeId; N], trees: &Trees, sig: Sig) {
        self.is_complete = self.add(&sink, &kids, trees, sig).is_some();
    }

    /// Adds a statement. `None` if that cannot be.
    fn add(&mut self, sink: &Sink, kids: &[NodeId], trees: &Trees, sig: Sig) -> Option<()> {
        let len: usize = kids.iter().map(|&kid| trees[kid].operand_bytes()).sum();
        if self.so_far.len + sink.prefix.len + len > MOST_BYTES {
            return None;
        }
        match sink.kind {
            SinkKind::Form(Form::SetSlot) => self.number(sink.prefix.first_slot(), sink.class)?,
            SinkKind::Form(Form::BrIf) => self.branch()?,
            SinkKind::Form(Form::SetAcc | Form::SetGlobal) | SinkKind::Store(_) => {}
            _ => return None,
        }
        self.so_far.sig = Some(self.so_far.sig.map_or(sig, |before| sig::seq(before, sig)));
        let room = &mut self.bytes[self.so_far.len..];
        *room.first_chunk_mut().expect("there is room") = sink.prefix.bytes;
        let mut room = &mut room[sink.prefix.len..];
        for &kid in kids {
            room = trees.encode(kid, None, room);
        }
        self.so_far.len += sink.prefix.len + len;
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
        let known = self.slots[..self.so_far.slots].iter().position(|&(known, _)| known == slot);
        let number = known.unwrap_or(self.so_far.slots);
        if known.is_none() && number < Numbers::MOST_SLOTS && !class.is_wide() {
            self.slots[number] = (slot, class);
            self.so_far.slots += 1;
        }
        // One that holds now this, now that stays a slot.
        let fits =
            number < self.so_far.slots && self.slots[number].1 == class && self.so_far.numbers.len() < Numbers::MOST;
        fits.then(|| self.so_far.numbers = self.so_far.numbers.with(number))
    }

    /// A target comes next.
    fn branch(&mut self) -> Option<()> {
        self.before = self.so_far;
        *self.targets.get_mut(self.so_far.branches)? = self.so_far.len;
        self.so_far.branches += 1;
        Some(())
    }

    /// The loop ends with a branch back that has no condition.
    pub(super) fn add_branch(&mut self) -> Option<()> {
        if self.so_far.len + 8 > MOST_BYTES {
            return None;
        }
        self.branch()?;
        self.so_far.len += 8;
        let branch = const { sig::cell(crate::cell::Cell::Br) };
        self.so_far.sig = Some(sig::seq(self.so_far.sig?, branch));
        Some(())
    }

    /// Signature of the handler for the loop.
    pub(super) fn sig(&self) -> Option<Sig> {
        self.so_far.sig.map(|sig| sig::carried(sig, self.so_far.numbers))
    }

    /// The operands of the cell.
    pub(super) fn operands(&self) -> &[u8] {
        &self.bytes[..self.so_far.len]
    }

    /// Where in those the targets of branches stand, the one back last.
    pub(super) fn targets(&self) -> &[usize] {
        &self.targets[..self.so_far.branches]
    }
}
