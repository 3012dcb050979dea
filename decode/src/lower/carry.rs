//! Short loops become one cell each, of what was written down of them ([`super::carried`]).

use super::emit::{Emitter, Fixup, Last, Moved, Position};
use super::target::Target;
use super::tree::Trees;
use smallvec::SmallVec;

impl<T: Target> Emitter<'_, T> {
    /// Replaces the loop that begins at `start`, with so many cells before it, and ends here, by one cell that carries its slots in
    /// registers, if there is a handler for that, and so many branches leave it; `branches_back` says that it ends with a branch back
    /// that is not emitted. Nothing joins it then. Returns which of its branches are where now, in order.
    pub(super) fn carry(
        &mut self,
        trees: &Trees,
        (start, cells): (Position, usize),
        exits: usize,
        branches_back: bool,
    ) -> Option<SmallVec<[Moved; 2]>> {
        if T::SURVEYED && self.survey.as_ref().is_some_and(|survey| !survey.may_carry()) {
            self.noted.give_up();
        }
        let target = self.target;
        let carried = self.noted.end(trees, exits + 1, branches_back, |sequence| target.may_carry(sequence))?;
        let sig = carried.sig();
        let tile = self.tile(sig)?;
        let places = self.branches.partition_point(|&place| place < start);
        let targets = carried.targets().iter().map(|at| Fixup(start + 8 + at));
        let mut moved: SmallVec<[Moved; 2]> = self.branches[places..]
            .iter()
            .map(|&place| Fixup(place))
            .zip(targets)
            .map(|(from, to)| Moved { from, to })
            .collect();
        let back = Fixup(start + 8 + carried.targets().last()?);
        // What those lead to that leave the loop: the place of another one in the chain, which may have moved as well.
        moved.retain(|moved| moved.to.0 != back.0);
        let before: SmallVec<[Position; 2]> =
            moved.iter().map(|branch| Moved::place(&moved, self.before(branch.from.0))).collect();
        let (offset, epochs) = (self.offset, self.epochs);
        if let Some(survey) = self.survey() {
            survey.carry(start, sig, branches_back.then_some(offset), epochs);
        }
        let merged = self.survey().and_then(|survey| survey.last().cloned());
        self.rewind(start, cells + 1);
        if let (Some(survey), Some(merged)) = (self.survey(), merged) {
            survey.cells.push(merged);
        }
        let end = start + 8 + carried.operands().len();
        self.end = end.next_multiple_of(8);
        self.reserve(0);
        let cell = &mut self.bytes[start..self.end];
        cell.fill(0);
        cell[..8].copy_from_slice(&tile.handler.to_ne_bytes());
        cell[8..end - start].copy_from_slice(carried.operands());
        self.last = Last { is_open: false, sig, cell: start, end };
        for (branch, before) in moved.iter().zip(before) {
            self.branches.push(branch.to.0);
            self.bind(branch.to, before);
        }
        self.branches.push(back.0);
        self.bind(back, start);
        if self.epochs {
            // Its handler asks nobody, and leaves by this branch every so often.
            self.unasked.push(back.0);
        }
        Some(moved)
    }
}
