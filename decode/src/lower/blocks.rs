//! Blocks, branches and returns.
//!
//! [`Blocks`] knows which blocks are open (`labels`), which operators cannot be reached, how loops begin (`loops`), and which
//! `if`s may become selections (`if_conversion`).

use super::definite::Locals;
use super::emit::{Fixup, Fixups, Position};
use super::if_conversion::{Candidate, IfConversion};
use super::labels::{Block, BlockType, Construct, Labels};
use super::loops::Loops;
use super::mutants::mutant;
use super::operands::Operands;
use super::read::Reader;
use super::target::{Options, Target};
use super::tree::{Register, Traits};
use crate::cell::{self, Operands as _};
use bumpalo::Bump;
use bumpalo::collections::{CollectIn, Vec};

/// The blocks of a function while it is lowered.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    arena: &'a Bump,
    pub(super) labels: Labels<'a>,
    /// `Some(depth)`: the operators here, in the innermost block, cannot be reached; so many blocks were opened since.
    pub(super) skipping: Option<usize>,
    loops: Loops<'a>,
    pub(super) selections: IfConversion,
}

impl<'a> Blocks<'a> {
    pub(super) fn new_in(
        arena: &'a Bump,
        begins: std::vec::Vec<Locals>,
        candidates: std::vec::Vec<Candidate>,
        options: Options,
    ) -> Self {
        Self {
            arena,
            labels: Labels::new_in(arena, begins),
            skipping: None,
            loops: Loops::new_in(arena, options),
            selections: IfConversion::new(candidates, options),
        }
    }

    /// Opens a block; what it takes is at the top.
    pub(super) fn open<T: Target>(&mut self, operands: &mut Operands<'a, T>, construct: Construct, ty: BlockType<'a>) {
        let base = operands.height() - ty.param_words();
        let start = if construct == Construct::Loop { operands.code.label() } else { 0 };
        self.labels.open(Block::new(construct, ty, base, start));
    }

    /// What follows cannot be reached.
    pub(super) fn unreachable<T: Target>(&mut self, operands: &mut Operands<'a, T>) {
        self.skipping = Some(0);
        operands.truncate(self.labels.innermost().base());
    }

    #[inline]
    pub(super) fn block<T: Target>(&mut self, operands: &mut Operands<'a, T>, ty: BlockType<'a>) {
        operands.spill_below(operands.height());
        self.open(operands, Construct::Block, ty);
    }

    /// `body` reads what is in the loop.
    pub(super) fn loop_<T: Target>(&mut self, operands: &mut Operands<'a, T>, ty: BlockType<'a>, body: Reader<'a>) {
        operands.spill_below(operands.height());
        operands.spill_from(operands.height() - ty.param_words());
        operands.forget_mirrors();
        self.open(operands, Construct::Loop, ty);
        let start = operands.code.len();
        self.loops.open(operands, self.labels.depth(), body, start);
    }

    /// Opens a block that is a scope of handlers. What is in the slots may be asked for by others from now on.
    pub(super) fn open_scope<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        construct: Construct,
        ty: BlockType<'a>,
    ) {
        self.loops.forget();
        self.open(operands, construct, ty);
    }

    /// The innermost block, a `try`, goes on with a handler, which begins here. Gives the height below the block.
    pub(super) fn begin_handler<T: Target>(&mut self, operands: &mut Operands<'a, T>) -> usize {
        if self.skipping.is_none() {
            self.move_results(operands);
            self.labels.branch(&mut operands.code, 0);
        }
        self.skipping = None;
        let block = self.labels.innermost_mut();
        block.construct = Construct::Catch;
        let base = block.base();
        operands.truncate(base);
        operands.code.label();
        if !mutant!(58) {
            operands.forget_mirrors();
        }
        base
    }

    /// Puts the results of the innermost block into the slots of its label, from where they are.
    fn move_results<T: Target>(&self, operands: &mut Operands<'a, T>) {
        let block = self.labels.innermost();
        let arity = block.arity();
        operands.spill_traps(arity);
        operands.move_to(arity, block.base());
    }

    pub(super) fn if_<T: Target>(&mut self, operands: &mut Operands<'a, T>, ty: BlockType<'a>) {
        let condition = operands.height() - 1;
        operands.spill_below(condition);
        for entry in condition - ty.param_words()..condition {
            operands.spill(entry);
        }
        let simple = ty.params().is_empty() && ty.results().len() <= 1;
        let (branch, condition) = operands.branch_on(false);
        let otherwise = operands.code.fixup(branch);
        self.open(operands, Construct::If, ty);
        self.labels.begin_arm(operands.code.definite.set);
        operands.code.chain(&mut self.labels.innermost_mut().otherwise, otherwise);
        if simple {
            self.selections.open(operands, self.labels.depth(), branch, condition);
        }
    }

    /// `reader` has read the `else`.
    pub(super) fn else_<T: Target>(&mut self, operands: &mut Operands<'a, T>, reader: Reader<'_>) {
        if self.skipping.is_none() && self.returns_before_else(operands, reader) {
            self.return_(operands);
            self.unreachable(operands);
            self.selections.end_first_arm(operands, self.labels.depth());
        } else if self.skipping.is_none() {
            self.spill_results(operands);
            self.selections.end_first_arm(operands, self.labels.depth());
            self.labels.branch(&mut operands.code, 0);
        }
        self.skipping = None;
        operands.code.definite.set = self.labels.begin_other_arm();
        let block = self.labels.innermost_mut();
        let otherwise = std::mem::replace(&mut block.otherwise, Fixups::NONE);
        let Block { ty, .. } = *block;
        let base = block.base();
        operands.truncate(base);
        bind(operands, otherwise);
        self.selections.begin_second_arm(operands, self.labels.depth());
        ty.params().iter().for_each(|&ty| operands.push_spilled(ty.into()));
    }

    /// Whether the first arm, which ends here, gives the function's results, and does best to return them: not if a
    /// selection may come of the two. It is asked of the outermost blocks only, so each operator is looked ahead at once at most.
    fn returns_before_else<T: Target>(&self, operands: &Operands<'a, T>, reader: Reader<'_>) -> bool {
        if self.labels.depth() != 2 || !self.gives_all_results() {
            return false;
        }
        let (last, acts) = reader.last_arm();
        last && (acts || !self.may_select(operands))
    }

    /// Whether the innermost block has as many results as the function.
    fn gives_all_results(&self) -> bool {
        self.labels.innermost().ty.result_words() == self.labels.function().ty.result_words()
    }

    /// Whether the innermost block may become a selection, as far as can be told before its results are in place.
    fn may_select<T: Target>(&self, operands: &Operands<'a, T>) -> bool {
        self.selections.may_select(operands, self.labels.depth())
    }

    /// Puts the results of the innermost block into their slots.
    fn spill_results<T: Target>(&self, operands: &mut Operands<'a, T>) {
        operands.spill_from(operands.height() - self.labels.innermost().ty.result_words());
    }

    /// Ends the innermost block, and says what it was. `last` says that the function ends behind it.
    pub(super) fn end<T: Target>(&mut self, operands: &mut Operands<'a, T>, last: bool) -> Construct {
        let reached = self.skipping.is_none();
        let block = *self.labels.innermost();
        if block.construct == Construct::Function {
            if reached {
                self.return_(operands);
            }
            if operands.code.catching.is_awaited(1) {
                self.return_caught(operands);
            }
            self.labels.close();
            return block.construct;
        }
        let depth = self.labels.depth();
        let is_handler = block.construct == Construct::Catch;
        let joined = block.is_joined() || is_handler || operands.code.catching.is_awaited(depth);
        // Whoever reaches the end of the function here returns at once, with values that wait, and leaves the label to those
        // who branch there; unless both arms may still become a selection, or results wait below the block, constants
        // perhaps, which belong to the other ways too.
        let returns = last && self.gives_all_results() && joined && reached && !self.may_select(operands);
        if returns {
            self.return_(operands);
            self.unreachable(operands);
        } else if reached && is_handler {
            self.move_results(operands);
        } else if joined && reached {
            self.spill_results(operands);
        }
        let reached = reached && !returns;
        self.skipping = None;
        self.labels.close();
        operands.code.catching.close(depth);
        self.join(operands, &block, reached);
        if block.construct == Construct::Loop {
            self.loops.close(self.labels.depth());
        }
        let selected = self.selections.close(operands, self.labels.depth() + 1, &block, reached);
        if selected || joined {
            operands.truncate(block.base());
            if !selected {
                bind(operands, block.ends);
                bind(operands, block.otherwise);
            }
            if operands.code.catching.is_awaited(depth) {
                let here = operands.code.len();
                operands.code.catching.bind(depth, here);
            }
            block.ty.results().iter().for_each(|&ty| operands.push_spilled(ty.into()));
        } else if !reached {
            self.unreachable(operands);
        }
        block.construct
    }

    /// The function ends, and clauses lead to its own label: their values are returned.
    #[cold]
    fn return_caught<T: Target>(&mut self, operands: &mut Operands<'a, T>) {
        operands.truncate(0);
        let here = operands.code.label();
        operands.forget_mirrors();
        operands.code.catching.bind(1, here);
        let ty = self.labels.function().ty;
        ty.results().iter().for_each(|&ty| operands.push_spilled(ty.into()));
        operands.emit_return(ty.result_words());
        operands.truncate(0);
    }

    /// Locals are set at the end of a block that are set on all ways there; `reached` says that it is without a branch.
    #[inline]
    fn join<T: Target>(&mut self, operands: &mut Operands<'a, T>, block: &Block<'a>, reached: bool) {
        let mut set = if reached { operands.code.definite.set } else { Locals::ALL };
        set.intersect(block.brought());
        if block.lacks_arm() {
            let begin = self.labels.begin_other_arm();
            if !mutant!(48) {
                set.intersect(&begin);
            }
        }
        operands.code.definite.set = set;
    }

    /// How many slots the values have that a branch to the label takes.
    #[inline]
    pub(super) fn arity(&self, labelidx: u32) -> usize {
        self.labels.get(labelidx).arity()
    }

    /// `rest` reads what follows. Returns what reads on, if that is something else.
    #[inline]
    pub(super) fn br<T: Target>(
        &mut self,
        operands: &mut Operands<'a, T>,
        labelidx: u32,
        rest: Reader<'a>,
    ) -> Option<Reader<'a>> {
        let block = self.labels.get(labelidx);
        let (construct, to) = (block.construct, block.base());
        if construct == Construct::Function {
            self.return_explicit(operands);
            return None;
        }
        let arity = self.arity(labelidx);
        operands.spill_traps(arity);
        // What waits in this block is lost, and must not come to its slot any more, where a value may be by then. (Below
        // it, nothing waits but constants, which belong to other ways too.)
        let base = self.labels.innermost().base();
        for entry in base..operands.height() - arity {
            operands.replace_with_slot(entry, operands.own_slot(entry));
        }
        if labelidx == 0 && construct == Construct::Loop && arity == 0 {
            operands.truncate(base);
            if self.loops.carry(operands, &mut self.labels, true) {
                self.unreachable(operands);
                return None;
            }
            if let Some(body) = self.loops.begin_rotation(operands, self.labels.depth(), rest) {
                return Some(body);
            }
        }
        operands.move_to(arity, to);
        self.labels.branch(&mut operands.code, labelidx);
        self.unreachable(operands);
        None
    }

    /// Returns what reads on, if that is not what follows.
    #[inline]
    pub(super) fn br_if<T: Target>(&mut self, operands: &mut Operands<'a, T>, labelidx: u32) -> Option<Reader<'a>> {
        if self.branched_around(operands, labelidx) {
            return None;
        }
        if let Some(rest) = self.loops.end_rotation(operands, &mut self.labels, labelidx) {
            self.unreachable(operands);
            return Some(rest);
        }
        let branch = self.branch_on_top(operands, labelidx);
        self.loops.branched(operands, &mut self.labels, labelidx, branch)
    }

    /// A `br_if` that is no end of a short loop.
    pub(super) fn branch_if<T: Target>(&mut self, operands: &mut Operands<'a, T>, labelidx: u32) {
        if !self.branched_around(operands, labelidx) {
            self.branch_on_top(operands, labelidx);
        }
    }

    /// Branches to a label whose values are in place, if the condition at the top holds.
    #[inline]
    fn branch_on_top<T: Target>(&mut self, operands: &mut Operands<'a, T>, labelidx: u32) -> Fixup {
        let (branch, _) = operands.branch_on(true);
        let branch = operands.code.fixup(branch);
        self.labels.target(&mut operands.code, branch, labelidx);
        branch
    }

    /// Makes ready for a branch if the condition at the top holds. If values must be moved for it, or it is a return, the branch is
    /// lowered here, and leads around what does that otherwise; it says so.
    #[inline]
    fn branched_around<T: Target>(&mut self, operands: &mut Operands<'a, T>, labelidx: u32) -> bool {
        let block = self.labels.get(labelidx);
        let (construct, to) = (block.construct, block.base());
        let arity = self.arity(labelidx);
        let is_function = construct == Construct::Function;
        let condition = operands.height() - 1;
        // Values and traps first: they are evaluated whether the branch is taken or not.
        operands.spill_with(condition, Traits::TRAPS);
        for entry in condition - arity..condition {
            operands.spill(entry);
        }
        let moves = arity > 0 && condition - arity != to;
        if moves {
            // The moves overwrite the accumulators on the way taken only.
            let owners = Register::BOTH.map(|register| operands.accs.owners.of(register));
            owners.into_iter().flatten().filter(|&owner| owner < condition).for_each(|owner| operands.spill(owner));
        }
        if is_function || moves {
            let around = operands.branch_unless();
            // Only the way not taken goes on with what waits and what the accumulators hold.
            let accs = operands.accs;
            if is_function {
                operands.emit_return(arity);
            } else {
                operands.move_to(arity, to);
                self.labels.branch(&mut operands.code, labelidx);
            }
            let here = operands.code.label();
            operands.code.bind(around, here);
            operands.accs = accs;
        }
        is_function || moves
    }

    /// `labels` are those it may branch to, the default one last.
    pub(super) fn br_table<T: Target>(&mut self, operands: &mut Operands<'a, T>, labels: &[u32]) {
        let arity = self.arity(labels[labels.len() - 1]);
        let index = operands.height() - 1;
        operands.spill_with(index, Traits::TRAPS);
        for entry in index - arity..index {
            operands.spill(entry);
        }
        operands.materialise(index);
        operands.pop(1);
        let placeholders: Vec<'_, u64> = labels.iter().map(|_| 0).collect_in(self.arena);
        let mut table = operands.code.special(cell::BrTable { count: labels.len() as u32 - 1 }, &placeholders);
        table.at += cell::BrTable::LEN;
        operands.code.fixups(table, labels.len());
        let from = operands.height() - arity;
        let entry = |i: usize| Fixup(table.cell + table.at + 8 * i);
        // Those that lead to their labels, as long as the table is what was emitted last.
        for (i, &labelidx) in labels.iter().enumerate() {
            if !self.needs_stub(labelidx, arity, from) {
                self.labels.target(&mut operands.code, entry(i), labelidx);
            }
        }
        // One stub for every label that needs its values moved, or returns.
        for (i, &labelidx) in labels.iter().enumerate() {
            if self.needs_stub(labelidx, arity, from) {
                let stub = self.labels.get(labelidx).stub();
                let stub = stub.unwrap_or_else(|| self.stub(operands, labelidx, arity));
                operands.code.bind(entry(i), stub);
            }
        }
        for &labelidx in labels {
            self.labels.get_mut(labelidx).set_stub(None);
        }
        self.unreachable(operands);
    }

    /// Whether a `br_table` whose values begin at this operand goes through something else to the label.
    fn needs_stub(&self, labelidx: u32, arity: usize, from: usize) -> bool {
        let block = self.labels.get(labelidx);
        block.construct == Construct::Function || arity != 0 && block.base() != from && !mutant!(20)
    }

    /// Emits what a `br_table` goes through to a label of so many values.
    fn stub<T: Target>(&mut self, operands: &mut Operands<'a, T>, labelidx: u32, arity: usize) -> Position {
        let stub = operands.code.label();
        operands.forget_mirrors();
        let block = self.labels.get(labelidx);
        let base = block.base();
        if block.construct == Construct::Function {
            operands.emit_return(arity);
        } else {
            operands.move_to(arity, base);
            self.labels.branch(&mut operands.code, labelidx);
        }
        self.labels.get_mut(labelidx).set_stub(Some(stub));
        stub
    }

    fn return_<T: Target>(&mut self, operands: &mut Operands<'a, T>) {
        let count = self.labels.function().ty.result_words();
        operands.spill_traps(count);
        operands.emit_return(count);
    }

    /// A `return`, or a branch that is one.
    pub(super) fn return_explicit<T: Target>(&mut self, operands: &mut Operands<'a, T>) {
        self.return_(operands);
        self.unreachable(operands);
    }
}

/// Makes this a label, and the place the branches lead to.
fn bind<T: Target>(operands: &mut Operands<'_, T>, fixups: Fixups) {
    let here = operands.code.label();
    operands.code.bind_all(fixups, here);
    if !mutant!(10) {
        operands.forget_mirrors();
    }
}
