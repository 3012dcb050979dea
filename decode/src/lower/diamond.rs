//! Tiny `if`s to selections.
//!
//! An `if` whose arms each set the same local once, to something that cannot trap, needs no branch: one cell evaluates
//! both and selects. That saves a dispatch or two, and, where the condition depends on data, mispredicted branches: a
//! bit-serial CRC is bound by those. It is done only if the machine has one handler for all of it, so the code that the
//! arms became is known to be one cell each and is taken back.

use super::control::Frame;
use super::emit::{Emitted, Position};
use super::stack::Mirrored;
use super::tree::{Kind, NodeId, Traits, form_sig};
use super::{Lowering, Target};
use crate::sig::Form;

/// A slot set in a cell of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment {
    pub(super) slot: u16,
    pub(super) node: NodeId,
    pub(super) cell: Position,
    /// How many statements were emitted then.
    pub(super) emitted: usize,
}

/// An `if` that may become a selection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Diamond {
    /// The branch around the first arm.
    branch: Position,
    /// The condition on which it is taken.
    condition: NodeId,
    /// What the accumulators mirrored there.
    acc_slot: [Mirrored; 2],
    /// Where the arm begins that is being lowered.
    arm: Position,
    /// How many statements were emitted before it.
    pub(super) emitted: usize,
    /// How many cells are before the branch.
    cells: usize,
    /// The first arm's assignment, when the second is lowered.
    first: Option<Assignment>,
    /// The `if`'s offset; for the survey alone.
    offset: u32,
}

impl Diamond {
    /// The trees it needs.
    pub(super) fn nodes(&mut self) -> impl Iterator<Item = &mut NodeId> {
        std::iter::once(&mut self.condition).chain(self.first.as_mut().map(|first| &mut first.node))
    }
}

impl<T: Target> Lowering<'_, T> {
    /// The diamond a branch may begin: one that has a cell of its own.
    pub(super) fn diamond(&self, (branch, at): Emitted, condition: NodeId) -> Option<Diamond> {
        let arm = self.code.len();
        (self.options.fuse && at == 8).then_some(Diamond {
            branch,
            condition,
            acc_slot: self.acc_slot,
            arm,
            emitted: self.code.emitted,
            cells: self.code.cells - 1,
            first: None,
            offset: self.code.offset,
        })
    }

    /// The assignment that is all of the arm being lowered. Its place alone does not tell: a statement before it may have
    /// joined the branch without making its cell longer.
    fn arm(&self, diamond: &Diamond) -> Option<Assignment> {
        let impure = Traits::TRAPS.with(Traits::LOADS).with(Traits::ACC_INTEGER).with(Traits::ACC_FLOAT);
        self.last_set.filter(|set| {
            let alone = set.emitted == diamond.emitted + 1 && set.emitted == self.code.emitted;
            alone && set.cell == diamond.arm && !self.trees[set.node].traits.any(impure)
        })
    }

    /// Whether the innermost block may become a selection, as far as can be told before its results are in place.
    pub(super) fn may_select(&self) -> bool {
        self.innermost().is_some_and(|diamond| self.code.emitted <= diamond.emitted + 1)
    }

    /// The innermost `if`'s first arm ends here.
    pub(super) fn end_first_arm(&mut self) {
        let Some(diamond) = self.innermost() else { return };
        let first = self.arm(diamond);
        if first.is_none() {
            return self.forget_diamond();
        }
        self.diamonds.last_mut().expect("just seen").first = first;
    }

    /// The innermost `if`'s second arm begins here.
    pub(super) fn begin_second_arm(&mut self) {
        let (arm, emitted) = (self.code.len(), self.code.emitted);
        match self.innermost() {
            Some(Diamond { first: Some(_), .. }) => {
                let diamond = self.diamonds.last_mut().expect("just seen");
                (diamond.arm, diamond.emitted) = (arm, emitted);
            }
            Some(_) => self.forget_diamond(),
            None => {}
        }
    }

    /// The diamond of the innermost block, if it is one.
    fn innermost(&self) -> Option<&Diamond> {
        self.diamonds.last().filter(|_| self.frames.last().is_some_and(|frame| frame.is_diamond))
    }

    /// The innermost block can become no selection.
    fn forget_diamond(&mut self) {
        self.frames.last_mut().expect("an open `if`").is_diamond = false;
        self.diamonds.pop();
    }

    /// Replaces the `if` that ends here by a selection, if it can be one.
    pub(super) fn select_arms(&mut self, frame: &Frame<'_>) -> bool {
        let Some(&diamond) = self.diamonds.last().filter(|_| frame.is_diamond) else { return false };
        let Some(last) = self.arm(&diamond) else { return false };
        let class = self.trees[last.node].class;
        let (taken, not_taken) = match diamond.first {
            // The only branch to the end is the first arm's.
            Some(first) if first.slot == last.slot && frame.ends.len() == 1 => (last.node, first.node),
            None if frame.otherwise.is_some() && frame.ends.is_empty() && frame.results.is_empty() => {
                (self.trees.slot(last.slot, class), last.node)
            }
            _ => return false,
        };
        if self.trees[taken].class != self.trees[not_taken].class {
            return false;
        }
        let inverse = self.trees.negated(diamond.condition);
        let ways = [[taken, not_taken, diamond.condition], [not_taken, taken, inverse]];
        let set = form_sig(Form::SetSlot, class);
        let select = ways.into_iter().find_map(|kids| {
            let select = self.trees.operator(Kind::Select, kids);
            self.fits_over(set, &[select]).then_some(select)
        });
        let Some(select) = select else { return false };
        self.code.rewind(diamond.branch, diamond.cells);
        self.acc_slot = diamond.acc_slot;
        let end = std::mem::replace(&mut self.code.offset, diamond.offset);
        self.emit_set(select, last.slot, class).expect("just found");
        self.code.offset = end;
        self.mirror(class, last.slot);
        self.last_set = None;
        true
    }
}
