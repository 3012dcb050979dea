//! Cutting trees so that each part has a handler.
//!
//! When an operator is applied, and when a sink takes trees, the machine is asked for a handler of the whole. Where it has
//! none, one operand is cut off: evaluated by a cell of its own, into the accumulator if that is free and the order of
//! evaluation allows it, else into its slot. Then the machine is asked again. So trees that wait always have handlers, and no
//! cut is ever undone.

use super::emit::{Emitted, Fixup};
use super::mutants::mutant;
use super::operands::Operands;
use super::sink::{Prefix, Sink};
use super::target::Target;
use super::tree::{Kind, NodeId, Register, Traits, form_sig};
use crate::ops::Class;
use crate::sig::{self, Form, Sig};

impl<T: Target> Operands<'_, T> {
    /// Whether a statement of this signature, whose trees have so many operators together, has a handler.
    #[inline]
    fn fits(&self, sig: Sig, operators: u8) -> bool {
        operators <= self.code.most_operators && self.code.tile(sig).is_some()
    }

    /// Whether the statement whose signature begins with `begins` has a handler for `kids`.
    #[inline]
    pub(super) fn fits_over(&self, begins: Sig, kids: &[NodeId]) -> bool {
        let (mut sig, mut operators) = (begins, 0);
        for &kid in kids {
            sig = sig::with(sig, self.trees[kid].sig);
            operators += self.trees[kid].operators;
        }
        self.fits(sig, operators)
    }

    /// Cuts parts off the top entries until the statement whose signature begins with `begins` has a handler for them.
    /// Fewest cuts win.
    #[inline]
    pub(super) fn fit<const N: usize>(&mut self, begins: Sig) {
        while !self.fits_over(begins, &self.top::<N>()) {
            self.cut(&self.top_heights::<N>(), &|this, kids| this.fits_over(begins, kids));
        }
    }

    /// As [`Operands::fit`], of the entries at these heights.
    pub(super) fn fit_at<const N: usize>(&mut self, begins: Sig, heights: [usize; N]) {
        while !self.fits_over(begins, &heights.map(|height| self.stack[height])) {
            self.cut(&heights, &|this, kids| this.fits_over(begins, kids));
        }
    }

    /// The heights of the top entries.
    fn top_heights<const N: usize>(&self) -> [usize; N] {
        std::array::from_fn(|i| self.stack.len() - N + i)
    }

    /// Cuts one part off the entries at these heights, which do not fit.
    pub(super) fn cut(&mut self, heights: &[usize], fits: &dyn Fn(&mut Self, &[NodeId]) -> bool) {
        let count = heights.len();
        let mut places = [0; 4];
        for (place, &height) in places.iter_mut().zip(heights) {
            *place = self.stack[height];
        }
        let kids = &places[..count];
        let with = |this: &mut Self, cut: usize, node: NodeId| {
            let mut trial = places;
            trial[cut] = node;
            fits(this, &trial[..count])
        };
        // One part to the accumulator: no other may need it, or have to be evaluated before.
        for cut in (0..count).rev() {
            if self.trees[kids[cut]].kind == Kind::Acc {
                continue;
            }
            let class = self.trees[kids[cut]].class.of_entry();
            let possible = (0..count).filter(|&other| other != cut).all(|other| {
                let node = &self.trees[kids[other]];
                let first = !node.is_leaf() && (node.traits.any(Traits::TRAPS) || self.is_high(heights[other]));
                !(node.traits.any(Traits::acc(Register::of(class))) || other < cut && first)
            });
            let acc = self.trees.acc(class);
            if possible && with(self, cut, acc) {
                return self.materialise(heights[cut]);
            }
        }
        // One part to its slot.
        let is_slot = |this: &Self, cut: usize| matches!(this.trees[kids[cut]].kind, Kind::Slot(_));
        for cut in 0..count {
            if is_slot(self, cut) {
                continue;
            }
            let class = self.trees[kids[cut]].class.of_entry();
            let needed = Traits::acc(Register::of(class));
            let possible = (0..count).all(|other| other == cut || !self.trees[kids[other]].traits.any(needed));
            let slot = self.trees.slot(self.own_slot(heights[cut]), class);
            if possible && with(self, cut, slot) {
                return self.spill(heights[cut]);
            }
        }
        // Several: the first goes to its slot, and the rest is tried again.
        let first = (0..count).find(|&cut| !is_slot(self, cut));
        self.spill(heights[first.expect("operands in slots fit every statement")]);
    }

    /// Replaces the top entries by an operator of them, cut so that `form` of it has a handler.
    pub(super) fn operator_of<const N: usize>(&mut self, kind: Kind, form: Form) {
        let node = loop {
            if let Some(node) = self.fitting(kind, self.top::<N>(), form) {
                break node;
            }
            self.cut(&self.top_heights::<N>(), &|this, kids| {
                let kids = kids.try_into().expect("as many as there were");
                let fitting = this.fitting::<N>(kind, kids, form);
                fitting.inspect(|_| this.trees.pop()).is_some()
            });
        };
        self.combine::<N>(node);
    }

    /// The operator applied to `kids`, if `form` of it has a handler, or it may wait for a branch that takes it.
    #[inline(always)]
    pub(super) fn fitting<const N: usize>(
        &mut self,
        mut kind: Kind,
        mut kids: [NodeId; N],
        form: Form,
    ) -> Option<NodeId> {
        if let (Kind::Binary(op), [a, b]) = (kind, &mut kids[..])
            && let Some(swapped) = self.trees.swapped(op, *a, *b)
        {
            kind = Kind::Binary(if mutant!(11) { op } else { swapped });
            std::mem::swap(a, b);
        }
        let id = self.trees.operator(kind, kids);
        if T::SURVEYED {
            self.trees.note(id, self.code.offset);
        }
        let node = &self.trees[id];
        if form == Form::SetAcc && self.trees.is_basic(kind, kids)
            || self.fits(sig::with(form_sig(form, node.class), node.sig), node.operators - 1)
            || node.is_test && self.waits_for_branch(id)
        {
            return Some(id);
        }
        self.trees.pop();
        None
    }

    /// Whether the test may wait for a branch, which has a handler for it.
    #[inline(never)]
    fn waits_for_branch(&self, test: NodeId) -> bool {
        let node = &self.trees[test];
        self.trees.is_divisible(test)
            && self.fits(sig::with(form_sig(Form::BrIf, node.class), node.sig), node.operators - 1)
    }

    /// Has the part of a test that computes evaluated into the accumulator, if only branches can take the test whole.
    #[inline]
    pub(super) fn divide(&mut self, height: usize) {
        let node = self.tree(height);
        if node.is_test && self.code.tile(sig::with(form_sig(Form::SetAcc, node.class), node.sig)).is_none() {
            self.divide_test(height);
        }
    }

    fn divide_test(&mut self, height: usize) {
        let node = self.tree(height);
        let kind = node.kind;
        let mut kids = [0; 2];
        let kids = &mut kids[..node.kids().len()];
        kids.copy_from_slice(node.kids());
        let part = kids.iter_mut().find(|kid| !self.trees[**kid].is_leaf()).expect("a test of leaves has a handler");
        let class = self.trees[*part].class;
        self.take_over(Register::of(class), height);
        self.set_acc(*part);
        *part = self.trees.acc(class);
        self.stack[height] = match *kids {
            [a] => self.trees.operator(kind, [a]),
            [a, b] => self.trees.operator(kind, [a, b]),
            _ => unreachable!("tests have one operand or two"),
        };
        self.accs.owners.disown(height);
        self.accs.owners.set(Register::of(class), height);
    }

    /// Emits a branch on the condition at the top, if it is (or is not) zero, and removes the condition. Returns the branch
    /// and the condition on which it is taken.
    pub(super) fn branch_on(&mut self, if_nonzero: bool) -> (Emitted, NodeId) {
        let top = self.stack.len() - 1;
        let node = self.stack[top];
        let node = self.trees.condition(node);
        let node = if if_nonzero { node } else { self.trees.negated(node) };
        self.stack[top] = node;
        self.fit_condition();
        self.spill_traps(1);
        let node = self.stack[top];
        let sink = Sink::form(Form::BrIf, Class::I32, Prefix::TARGET);
        let branch = self.statement(sink, [node]).expect("`fit` made it so");
        // The caller looks at the condition.
        self.remove(top);
        (branch, node)
    }

    /// Emits a branch that is taken if the condition at the top does not hold, and removes the condition.
    pub(super) fn branch_unless(&mut self) -> Fixup {
        let (branch, _) = self.branch_on(false);
        self.code.fixup(branch)
    }

    /// Cuts the condition at the top until a branch on it has a handler.
    fn fit_condition(&mut self) {
        let top = self.stack.len() - 1;
        let id = self.stack[top];
        if self.fits_over(form_sig(Form::BrIf, Class::I32), &[id]) {
            return;
        }
        // The operands of a comparison become entries of their own and are cut; anything else goes to the accumulator.
        let node = self.trees[id];
        if node.is_test {
            self.remove(top);
            node.kids().iter().for_each(|&kid| self.push(kid));
            match node.kids().len() {
                1 => self.operator_of::<1>(node.kind, Form::BrIf),
                2 => self.operator_of::<2>(node.kind, Form::BrIf),
                _ => unreachable!("tests have one operand or two"),
            }
        } else {
            self.materialise(top);
        }
    }
}
