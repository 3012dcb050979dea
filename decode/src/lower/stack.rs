//! The operand stack while a function is lowered: trees that wait, and the rules by which they may.
//!
//! Every entry has a slot of its own in the frame (its *canonical* slot, by its height), where its value goes when it can
//! wait no longer ("flush"). A tree waits until something consumes it; the rules keep the order of evaluation:
//! - a tree that reads a local is flushed before the local is set ([`Lowering::before_write`]);
//! - a tree that may trap, or reads what is about to change, is flushed before side effects ([`Lowering::settle`]);
//! - trees that may trap are evaluated in the order of the stack;
//! - a tree that reads slots above its own (parts of it were cut off there) is flushed before those are written;
//! - at most one waiting tree holds each accumulator, and whoever is about to overwrite it flushes that tree first. The
//!   order this asks for can have no cycle: what lies below and must go first is flushed when a tree gets an
//!   accumulator ([`Lowering::acquire`]), and so is a tree that would overwrite the accumulator asked for.
//!
//! At most [`WINDOW`] entries wait, so that looking through them keeps lowering linear.

use super::diamond::Assignment;
use super::tree::{Bytes, Kind, NodeId, Register, Traits};
use super::{Lowering, Target, tree};
use crate::ops::{Class, Op};
use crate::sig::{self, Form, Sig};
use smallvec::SmallVec;

/// How many entries at the top may wait.
const WINDOW: usize = 24;

/// A statement about to be emitted: how its signature follows from its operands', and what stands before them.
pub(super) struct Sink<'a> {
    pub(super) sig: &'a dyn Fn(&[Sig]) -> Sig,
    /// Operand bytes before the trees'.
    pub(super) prefix: Bytes,
    /// What it is, for those who read it.
    pub(super) kind: SinkKind,
}

/// A form of statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum SinkKind {
    Form(Form),
    Store(Op),
}

impl<T: Target> Lowering<'_, T> {
    /// The canonical slot of the entry at `height`.
    pub(super) fn canonical(&self, height: usize) -> u16 {
        (usize::from(self.operands) + height) as u16
    }

    /// Pushes a tree.
    pub(super) fn push(&mut self, node: NodeId) {
        let height = self.stack.len();
        self.stack.push(node);
        self.max_height = self.max_height.max(height + 1);
        self.adopt(height);
        if self.stack.len() - self.floor > WINDOW {
            while self.floor < height && self.settled(self.floor) {
                self.floor += 1;
            }
            if self.stack.len() - self.floor > WINDOW && matches!(self.tree(self.floor).kind, Kind::Imm(_)) {
                self.floor += 1;
            } else if self.stack.len() - self.floor > WINDOW {
                self.flush(self.floor);
                self.floor += 1;
            }
        }
    }

    /// Pushes a value that already lies in its canonical slot.
    pub(super) fn push_settled(&mut self, class: Class) {
        let node = self.trees.slot(self.canonical(self.stack.len()), class);
        self.push(node);
    }

    /// Pushes a value that lies in the accumulator.
    pub(super) fn push_acc(&mut self, class: Class) {
        self.acc_slot[Register::of(class) as usize] = None;
        let node = self.trees.acc(class);
        self.push(node);
    }

    /// Removes the top `count` entries.
    pub(super) fn pop(&mut self, count: usize) {
        let height = self.stack.len() - count;
        self.truncate(height);
    }

    /// Removes all entries from `height` on.
    pub(super) fn truncate(&mut self, height: usize) {
        self.stack.truncate(height);
        self.floor = self.floor.min(height);
        for owner in &mut self.acc_owner {
            *owner = owner.filter(|&owner| owner < height);
        }
        if height == 0 && self.pins == 0 {
            self.trees.clear();
        }
    }

    /// The root of the tree at `height`.
    pub(super) fn tree(&self, height: usize) -> &tree::Node {
        &self.trees[self.stack[height]]
    }

    /// Notes which accumulators the tree at `height` holds.
    fn adopt(&mut self, height: usize) {
        let traits = self.tree(height).traits;
        for register in Register::BOTH {
            if traits.any(Traits::acc(register)) {
                debug_assert!(self.acc_owner[register as usize].is_none_or(|owner| owner >= height));
                self.acc_owner[register as usize] = Some(height);
            }
        }
    }

    /// Replaces the top `count` entries by one tree made of them.
    pub(super) fn replace(&mut self, count: usize, node: NodeId) {
        let height = self.stack.len() - count;
        self.stack.truncate(height);
        self.floor = self.floor.min(height);
        for owner in &mut self.acc_owner {
            *owner = owner.filter(|&owner| owner < height);
        }
        self.push(node);
    }

    /// Whether the entry needs no flush, ever.
    fn settled(&self, height: usize) -> bool {
        match self.tree(height).kind {
            Kind::Slot(slot) => slot == self.canonical(height),
            _ => false,
        }
    }

    /// Whether the tree reads slots above its own.
    fn is_high(&self, height: usize) -> bool {
        self.tree(height).highest_slot > self.canonical(height)
    }

    /// Emits the tree's evaluation into its canonical slot.
    pub(super) fn flush(&mut self, height: usize) {
        if self.settled(height) {
            return;
        }
        let slot = self.canonical(height);
        // Writing this slot: trees below that read it were cut there.
        for below in self.floor..height {
            if self.is_high(below) && self.trees.reads_slot(self.stack[below], slot) {
                self.flush(below);
            }
        }
        if self.settled(height) {
            return;
        }
        self.set_slot(height, slot);
        self.stack[height] = self.trees.slot(slot, self.tree(height).class);
        self.disown(height);
    }

    /// Flushes the entries from `height` on, constants too.
    pub(super) fn flush_from(&mut self, height: usize) {
        for entry in height..self.stack.len() {
            self.flush(entry);
        }
    }

    /// Flushes every entry below `height` that is not a constant.
    pub(super) fn flush_below(&mut self, height: usize) {
        for entry in self.floor..height {
            if !matches!(self.tree(entry).kind, Kind::Imm(_)) {
                self.flush(entry);
            }
        }
    }

    /// Flushes the entries below `height` that have any of `traits`.
    pub(super) fn settle(&mut self, height: usize, traits: Traits) {
        for entry in self.floor..height {
            if self.tree(entry).traits.any(traits) {
                self.flush(entry);
            }
        }
    }

    /// Flushes what a call overwrites or may observe, below the arguments from `height` on.
    pub(super) fn before_call(&mut self, height: usize) {
        let traits = Traits::TRAPS.with(Traits::LOADS).with(Traits::GLOBALS);
        let traits = traits.with(Traits::ACC_INTEGER).with(Traits::ACC_FLOAT);
        for entry in self.floor..height {
            if self.tree(entry).traits.any(traits) || self.is_high(entry) {
                self.flush(entry);
            }
        }
    }

    /// Flushes the entries below `height` that read `slot`, which is about to be written.
    pub(super) fn before_write(&mut self, height: usize, slot: u16) {
        for entry in self.floor..height {
            if self.trees.reads_slot(self.stack[entry], slot) && !self.settled(entry) {
                self.flush(entry);
            }
        }
    }

    /// Readies the accumulator for what the entry at `height` is about to leave there; it may itself hold it now.
    fn release(&mut self, register: Register, height: usize) {
        if let Some(owner) = self.acc_owner[register as usize].filter(|&owner| owner != height) {
            self.flush(owner);
        }
    }

    /// Emits whatever has to be evaluated before the tree at `height`.
    fn before_evaluation(&mut self, height: usize) {
        if self.tree(height).traits.any(Traits::TRAPS) {
            self.settle(height, Traits::TRAPS);
        }
    }

    /// Has the part of a test that computes evaluated into the accumulator, if only branches can take the test whole.
    fn simplify(&mut self, height: usize) {
        let node = self.tree(height);
        if self.code.tile(sig::form(Form::SetAcc, node.class, node.sig)).is_some() {
            return;
        }
        let (kind, mut kids) = self.trees.test(self.stack[height]).expect("only tests wait for a branch");
        let part = kids.iter_mut().find(|kid| !self.trees[**kid].is_leaf()).expect("a test of leaves has a handler");
        let class = self.trees[*part].class;
        self.claim(Register::of(class), height);
        self.set_acc(*part);
        *part = self.trees.acc(class);
        self.stack[height] = self.trees.operator(kind, &kids);
        self.disown(height);
        self.acc_owner[Register::of(class) as usize] = Some(height);
    }

    /// Emits the evaluation of a tree into the accumulator.
    fn set_acc(&mut self, node: NodeId) {
        let class = self.trees[node].class;
        let sink = Sink {
            sig: &|kids| sig::form(Form::SetAcc, class, kids[0]),
            prefix: Bytes::new(),
            kind: SinkKind::Form(Form::SetAcc),
        };
        self.statement(&sink, &[node]).expect("a tree that waits can be set to the accumulator");
        self.acc_slot[Register::of(class) as usize] = None;
    }

    /// The entry holds no accumulator any more.
    fn disown(&mut self, height: usize) {
        for owner in &mut self.acc_owner {
            *owner = owner.filter(|&owner| owner != height);
        }
    }

    /// What waited at `height` was evaluated into `slot`, and must not be evaluated again.
    pub(super) fn moved(&mut self, height: usize, slot: u16) {
        if !self.settled(height) {
            self.stack[height] = self.trees.slot(slot, self.tree(height).class);
            self.disown(height);
        }
    }

    /// Emits the evaluation of the tree at `height` into `slot`. The entry is left as it was.
    pub(super) fn set_slot(&mut self, height: usize, slot: u16) {
        self.before_evaluation(height);
        self.simplify(height);
        let class = self.tree(height).class;
        self.release(Register::of(class), height);
        let sink = Sink {
            sig: &|kids| sig::form(Form::SetSlot, class, kids[0]),
            prefix: slot.to_ne_bytes().into_iter().collect(),
            kind: SinkKind::Form(Form::SetSlot),
        };
        let mut node = self.stack[height];
        let emitted = self.statement(&sink, &[node]);
        let (cell, at) = emitted.unwrap_or_else(|| {
            self.set_acc(node);
            node = self.trees.acc(class);
            self.statement(&sink, &[node]).expect("an accumulator can be set to a slot")
        });
        self.last_set = (at == 8).then(|| Assignment { slot, node, cell, end: self.code.len() });
        self.mirror(class, slot);
    }

    /// Notes that the accumulator holds what was just written to `slot`.
    pub(super) fn mirror(&mut self, class: Class, slot: u16) {
        let register = Register::of(class);
        self.acc_slot[register as usize] = Some((slot, class));
        let other = &mut self.acc_slot[1 - register as usize];
        *other = other.filter(|&(mirrored, _)| mirrored != slot);
    }

    /// Frees the accumulator `register` for a value of the entry at `height`: after this, nothing below that entry has to
    /// be evaluated before it, and nothing that waits overwrites the accumulator.
    pub(super) fn claim(&mut self, register: Register, height: usize) {
        let holds = Traits::ACC_INTEGER.with(Traits::ACC_FLOAT);
        for entry in self.floor..height {
            let node = self.tree(entry);
            let overwrites = Register::of(node.class) == register && node.traits.any(holds);
            if !node.is_leaf() && (node.traits.any(Traits::TRAPS) || self.is_high(entry) || overwrites) {
                self.flush(entry);
            }
        }
        self.release(register, height);
    }

    /// Emits the evaluation of the tree at `height` into the accumulator, which the entry then holds.
    pub(super) fn acquire(&mut self, height: usize) {
        let node = self.tree(height);
        let (class, is_acc) = (node.class, node.kind == Kind::Acc);
        if is_acc {
            return;
        }
        let register = Register::of(class);
        self.claim(register, height);
        self.simplify(height);
        self.set_acc(self.stack[height]);
        self.stack[height] = self.trees.acc(class);
        self.disown(height);
        self.acc_owner[register as usize] = Some(height);
    }

    /// Emits one statement over `kids`, in the best form there is: in one cell with the statement before, and with a
    /// slot read from the accumulator that mirrors it. `None`, and nothing emitted, if it has no handler.
    pub(super) fn statement(&mut self, sink: &Sink<'_>, kids: &[NodeId]) -> Option<(usize, usize)> {
        let mut sigs = [0; 3];
        let mut signature = |lowering: &Self, acc: Option<NodeId>| {
            for (sig, &kid) in sigs.iter_mut().zip(kids) {
                *sig = lowering.trees.sig_with(kid, acc);
            }
            (sink.sig)(&sigs[..kids.len()])
        };
        let plain = signature(self, None);
        if let Some(survey) = &mut self.code.survey {
            survey.next = kids.iter().map(|&kid| self.trees[kid].operators).sum();
        }
        let mut candidates = SmallVec::<[(Sig, Option<NodeId>); 4]>::new();
        for register in Register::BOTH {
            let Some((slot, class)) = self.acc_slot[register as usize] else { continue };
            if kids.iter().any(|&kid| self.trees[kid].traits.any(Traits::acc(register))) {
                continue;
            }
            for kid in kids {
                for nth in 0..2 {
                    let leaf = self.trees.find_slot(*kid, slot, class, &mut { nth });
                    let Some(leaf) = leaf else { break };
                    candidates.push((signature(self, Some(leaf)), Some(leaf)));
                }
            }
        }
        candidates.push((plain, None));
        let joined = candidates.iter().find_map(|&(sig, acc)| Some((sig, acc, self.code.joined(sig)?)));
        let (sig, acc, tile, joins) = match joined {
            Some((sig, acc, tile)) => (sig, acc, tile, true),
            None => {
                let alone = candidates.iter().find_map(|&(sig, acc)| Some((sig, acc, self.code.tile(sig)?)));
                let (sig, acc, tile) = alone?;
                (sig, acc, tile, false)
            }
        };
        let mut bytes = sink.prefix.clone();
        for &kid in kids {
            self.trees.encode(kid, acc, &mut bytes);
        }
        if let Some(survey) = &mut self.code.survey {
            survey.statement(sink.kind, &self.trees, kids, acc);
        }
        Some(if joins { self.code.join(sig, tile, &bytes) } else { self.code.cell(sig, tile, bytes) })
    }

    /// Whether a statement of this signature has a handler.
    pub(super) fn fits(&self, sig: Sig, kids: &[NodeId]) -> bool {
        if self
            .code
            .survey
            .as_ref()
            .is_some_and(|survey| !survey.may_be(kids.iter().map(|&kid| self.trees[kid].operators).sum()))
        {
            return false;
        }
        // Without fusion nothing waits but leaves.
        (self.options.fuse || kids.iter().all(|&kid| self.trees[kid].is_leaf())) && self.code.tile(sig).is_some()
    }

    /// Cuts parts off the top `count` entries until the statement `sig` gives for them has a handler. Fewest cuts win.
    pub(super) fn fit(&mut self, count: usize, sig: &dyn Fn(&tree::Trees, &[NodeId]) -> Sig) {
        let fits = |this: &Self, kids: &[NodeId]| this.fits(sig(&this.trees, kids), kids);
        while !self.fit_step(count, &fits) {}
    }

    /// Whether the top entries fit; if not, cuts one part off.
    fn fit_step(&mut self, count: usize, fits: &dyn Fn(&Self, &[NodeId]) -> bool) -> bool {
        let base = self.stack.len() - count;
        let kids: SmallVec<[NodeId; 3]> = self.stack[base..].into();
        if fits(self, &kids) {
            return true;
        }
        let with = |this: &mut Self, cut: usize, node: NodeId| {
            let mut trial = kids.clone();
            trial[cut] = node;
            fits(this, &trial)
        };
        // One part to the accumulator: no other may need it, or have to be evaluated before.
        for cut in (0..count).rev() {
            if self.trees[kids[cut]].kind == Kind::Acc {
                continue;
            }
            let class = self.trees[kids[cut]].class;
            let possible = (0..count).filter(|&other| other != cut).all(|other| {
                let node = &self.trees[kids[other]];
                let first = !node.is_leaf() && (node.traits.any(Traits::TRAPS) || self.is_high(base + other));
                !(node.traits.any(Traits::acc(Register::of(class))) || other < cut && first)
            });
            let acc = self.trees.acc(class);
            if possible && with(self, cut, acc) {
                self.acquire(base + cut);
                return false;
            }
        }
        // One part to its slot.
        let is_slot = |this: &Self, cut: usize| matches!(this.trees[kids[cut]].kind, Kind::Slot(_));
        for cut in 0..count {
            if is_slot(self, cut) {
                continue;
            }
            let class = self.trees[kids[cut]].class;
            let needed = Traits::acc(Register::of(class));
            let possible = (0..count).all(|other| other == cut || !self.trees[kids[other]].traits.any(needed));
            let slot = self.trees.slot(self.canonical(base + cut), class);
            if possible && with(self, cut, slot) {
                self.flush(base + cut);
                return false;
            }
        }
        // Several: the first goes to its slot, and the rest is tried again.
        let first = (0..count).find(|&cut| !is_slot(self, cut));
        self.flush(base + first.expect("operands in slots fit every statement"));
        false
    }

    /// Replaces the top `count` entries by an operator of them, cut so that `form` of it has a handler.
    pub(super) fn operator_of(&mut self, kind: Kind, count: usize, form: Form) {
        let canonical = |trees: &tree::Trees, kids: &[NodeId]| -> (Kind, SmallVec<[NodeId; 3]>) {
            match kind {
                Kind::Binary(op) => {
                    let (op, kids) = trees.canonical(op, [kids[0], kids[1]]);
                    (Kind::Binary(op), kids.into_iter().collect())
                }
                _ => (kind, kids.into()),
            }
        };
        let fits = |this: &Self, kids: &[NodeId]| {
            let (kind, kids) = canonical(&this.trees, kids);
            let class = this.trees.class(kind, &kids);
            let value = tree::combine(kind, class, |i| this.trees[kids[i]].sig);
            this.fits(sig::form(form, class, value), &kids)
                || this.trees.is_test(kind, &kids) && this.fits(sig::form(Form::BrIf, class, value), &kids)
        };
        while !self.fit_step(count, &fits) {}
        let (kind, kids) = canonical(&self.trees, &self.stack[self.stack.len() - count..]);
        let node = self.trees.operator(kind, &kids);
        self.replace(count, node);
    }

    /// Forgets what the accumulators mirror.
    pub(super) fn forget_accs(&mut self) {
        self.acc_slot = [None; 2];
    }
}
