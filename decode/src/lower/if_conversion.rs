//! If-conversion: tiny `if`s to selections.
//!
//! An `if` whose arms each set the same local once, to something that cannot trap, needs no branch: one cell evaluates
//! both and selects. That saves a dispatch or two, and, where the condition depends on data, mispredicted branches: a
//! bit-serial CRC is bound by those. It is done only if the machine has one handler for all of it, so the code that the
//! arms became is known to be one cell each and is taken back.

use super::accumulators::Mirrors;
use super::carried::Before;
use super::emit::{Emitted, Position};
use super::labels::Block;
use super::mutants::mutant;
use super::operands::{Assignment, Operands};
use super::target::{Options, Target};
use super::tree::{Kind, NodeId, Traits, form_sig};
use crate::sig::Form;

/// The open `if`s that may become selections.
#[derive(Debug)]
pub(super) struct IfConversion {
    /// Whether any may.
    enabled: bool,
    /// The innermost last. They keep nodes for later.
    pub(super) candidates: Vec<Candidate>,
    /// What there was of a loop to carry in front of the candidate opened last, and how many candidates were open around that.
    before: Option<(usize, Before)>,
}

/// An `if` that may become a selection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// How many blocks are open in it.
    depth: usize,
    /// The branch around the first arm.
    branch: Position,
    /// The condition on which it is taken.
    condition: NodeId,
    /// What the accumulators mirrored there.
    mirrors: Mirrors,
    /// Where the arm begins that is being lowered.
    arm: Position,
    /// How many statements were emitted before it.
    emitted: usize,
    /// How many cells are before the branch.
    cells: usize,
    /// The first arm's assignment, when the second is lowered.
    first: Option<Assignment>,
    /// The `if`'s offset; for the survey alone.
    offset: u32,
}

impl Candidate {
    /// The trees it needs.
    fn nodes(&mut self) -> impl Iterator<Item = &mut NodeId> {
        std::iter::once(&mut self.condition).chain(self.first.as_mut().map(|first| &mut first.node))
    }

    /// The assignment that is all of the arm being lowered. Its place alone does not tell: a statement before it may have
    /// joined the branch without making its cell longer.
    fn arm<T: Target>(&self, operands: &Operands<'_, T>) -> Option<Assignment> {
        let traps = if mutant!(24) { Traits::NONE } else { Traits::TRAPS.with(Traits::LOADS) };
        let impure = traps.with(Traits::ACC_INTEGER).with(Traits::ACC_FLOAT);
        operands.last_set.filter(|set| {
            let alone = set.emitted == self.emitted + 1 && set.emitted == operands.code.emitted;
            alone && set.cell == self.arm && !operands.trees[set.node].traits.any(impure)
        })
    }
}

impl IfConversion {
    /// `candidates` is empty.
    pub(super) fn new(candidates: Vec<Candidate>, options: Options) -> Self {
        Self { enabled: options.fuse, candidates, before: None }
    }

    /// An `if` was just opened, in which `depth` blocks are open, by a branch that is taken on this condition. It may become a
    /// selection if the branch has a cell of its own.
    pub(super) fn open<T: Target>(
        &mut self,
        operands: &mut Operands<'_, T>,
        depth: usize,
        branch: Emitted,
        condition: NodeId,
    ) {
        if !self.enabled || !branch.is_first() {
            return;
        }
        let code = &operands.code;
        self.before = code.noted.before_branch().map(|before| (self.candidates.len(), before));
        self.candidates.push(Candidate {
            depth,
            branch: branch.cell,
            condition,
            mirrors: operands.accs.mirrors,
            arm: code.len(),
            emitted: code.emitted,
            cells: code.cells - 1,
            first: None,
            offset: code.offset,
        });
        operands.outside = self.candidates.len();
    }

    /// The innermost of `depth` blocks, if it is an `if` that may become a selection.
    fn innermost(&mut self, depth: usize) -> Option<&mut Candidate> {
        self.candidates.last_mut().filter(|candidate| candidate.depth == depth)
    }

    /// The innermost can become no selection.
    fn forget<T: Target>(&mut self, operands: &mut Operands<'_, T>) {
        self.candidates.pop();
        operands.outside = self.candidates.len();
    }

    /// Whether the innermost of `depth` blocks may become a selection, as far as can be told before its results are in place.
    pub(super) fn may_select<T: Target>(&self, operands: &Operands<'_, T>, depth: usize) -> bool {
        let innermost = self.candidates.last().filter(|candidate| candidate.depth == depth);
        innermost.is_some_and(|candidate| operands.code.emitted <= candidate.emitted + 1)
    }

    /// The first arm of the innermost of `depth` blocks ends here.
    pub(super) fn end_first_arm<T: Target>(&mut self, operands: &mut Operands<'_, T>, depth: usize) {
        let Some(candidate) = self.innermost(depth) else { return };
        candidate.first = candidate.arm(operands);
        if candidate.first.is_none() {
            self.forget(operands);
        }
    }

    /// The second arm of the innermost of `depth` blocks begins here.
    pub(super) fn begin_second_arm<T: Target>(&mut self, operands: &mut Operands<'_, T>, depth: usize) {
        let Some(candidate) = self.innermost(depth) else { return };
        (candidate.arm, candidate.emitted) = (operands.code.len(), operands.code.emitted);
        if candidate.first.is_none() {
            self.forget(operands);
        }
    }

    /// The innermost of `depth` blocks ends here, and its end is reached or not: replaces it by a selection, if it can be one.
    #[inline]
    pub(super) fn close<T: Target>(
        &mut self,
        operands: &mut Operands<'_, T>,
        depth: usize,
        block: &Block<'_>,
        reached: bool,
    ) -> bool {
        let Some(&mut candidate) = self.innermost(depth) else { return false };
        let around = self.candidates.len() - 1;
        let before = self.before.filter(|&(open, _)| open == around).map(|(_, before)| before);
        let selected = reached && select(operands, &candidate, block, before);
        self.forget(operands);
        selected
    }

    /// Forgets the trees that nobody needs any more.
    #[inline(never)]
    pub(super) fn keep_trees<T: Target>(&mut self, operands: &mut Operands<'_, T>) {
        // The last assignment is asked for by the candidate whose arm it is all of.
        let (emitted, innermost) = (operands.code.emitted, self.candidates.last());
        let in_arm = |set: &Assignment| innermost.is_some_and(|it| set.emitted == emitted && it.emitted < emitted);
        operands.last_set = operands.last_set.filter(in_arm);
        operands.keep_trees(self.candidates.iter_mut().flat_map(Candidate::nodes));
    }
}

/// Replaces the `if`, which ends here, by a selection, if it can be one. `before` is what there was of a loop to carry in front of it.
fn select<T: Target>(
    operands: &mut Operands<'_, T>,
    candidate: &Candidate,
    block: &Block<'_>,
    before: Option<Before>,
) -> bool {
    let Some(last) = candidate.arm(operands) else { return false };
    let class = operands.trees[last.node].class;
    let (taken, not_taken) = match candidate.first {
        // The only branch to the end is the first arm's.
        Some(first) if first.slot == last.slot && operands.code.is_single(block.ends) => (last.node, first.node),
        None if !block.otherwise.is_empty() && block.ends.is_empty() && block.ty.results().is_empty() => {
            (operands.trees.slot(last.slot, class), last.node)
        }
        Some(_) | None => return false,
    };
    let (taken, not_taken) = if mutant!(18) { (not_taken, taken) } else { (taken, not_taken) };
    if operands.trees[taken].class != operands.trees[not_taken].class {
        return false;
    }
    let inverse = operands.trees.negated(candidate.condition);
    let ways = [[taken, not_taken, candidate.condition], [not_taken, taken, inverse]];
    let set = form_sig(Form::SetSlot, class);
    let select = ways.into_iter().find_map(|kids| {
        let select = operands.trees.operator(Kind::Select, kids);
        operands.fits_over(set, &[select]).then_some(select)
    });
    let Some(select) = select else { return false };
    operands.code.rewind(candidate.branch, candidate.cells);
    operands.code.noted.go_back(before);
    operands.accs.mirrors = candidate.mirrors;
    let end = std::mem::replace(&mut operands.code.offset, candidate.offset);
    operands.emit_set(select, last.slot, class).expect("just found");
    operands.code.offset = end;
    operands.accs.mirrors.written(class, last.slot);
    operands.last_set = None;
    true
}
