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
use super::emit::Emitted;
use super::tree::{Kind, Node, NodeId, Register, Traits};
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
    pub(super) prefix: Prefix,
    /// What it is, for those who read it.
    pub(super) kind: SinkKind,
}

/// What stands before a statement's trees.
#[derive(Debug, Clone, Copy)]
pub(super) enum Prefix {
    None,
    /// A slot.
    Slot(u16),
    /// A word of the instance, or the static offset of a store.
    Word(u32),
    /// A branch's target, which comes later.
    Target,
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
        if !node.kind.is_test() || self.code.tile(sig::form(Form::SetAcc, node.class, node.sig)).is_some() {
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
            prefix: Prefix::None,
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

    /// What waited at `height` was evaluated into `slot`, or nobody will ask for it: it must not be evaluated any more.
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
        let mut node = self.stack[height];
        let (cell, at) = self.emit_set(node, slot, class).unwrap_or_else(|| {
            self.set_acc(node);
            node = self.trees.acc(class);
            self.emit_set(node, slot, class).expect("an accumulator can be set to a slot")
        });
        self.last_set = (at == 8).then_some(Assignment { slot, node, cell, emitted: self.code.emitted });
        self.mirror(class, slot);
    }

    /// Emits an assignment of a tree to a slot. `None`, and nothing emitted, if the tree has to be evaluated into the
    /// accumulator first.
    pub(super) fn emit_set(&mut self, node: NodeId, slot: u16, class: Class) -> Option<Emitted> {
        let sink = Sink {
            sig: &|kids| sig::form(Form::SetSlot, class, kids[0]),
            prefix: Prefix::Slot(slot),
            kind: SinkKind::Form(Form::SetSlot),
        };
        self.statement(&sink, &[node])
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
    pub(super) fn statement(&mut self, sink: &Sink<'_>, kids: &[NodeId]) -> Option<Emitted> {
        if let Some(survey) = &mut self.code.survey {
            survey.next = kids.iter().map(|&kid| self.trees[kid].operators).sum();
        }
        // Signatures, with the leaf that is read from the accumulator instead of its slot.
        let mut candidates = SmallVec::<[(Sig, Option<NodeId>); 5]>::new();
        let mut sigs = [0; 3];
        for register in Register::BOTH {
            let Some((slot, class)) = self.acc_slot[register as usize] else { continue };
            if kids.iter().any(|&kid| self.trees[kid].traits.any(Traits::acc(register))) {
                continue;
            }
            for kid in kids {
                for nth in 0..2 {
                    let Some(leaf) = self.trees.find_slot(*kid, slot, class, &mut { nth }) else { break };
                    for (sig, &kid) in sigs.iter_mut().zip(kids) {
                        *sig = self.trees.sig_with(kid, leaf, slot);
                    }
                    candidates.push(((sink.sig)(&sigs[..kids.len()]), Some(leaf)));
                }
            }
        }
        for (sig, &kid) in sigs.iter_mut().zip(kids) {
            *sig = self.trees[kid].sig;
        }
        candidates.push(((sink.sig)(&sigs[..kids.len()]), None));
        let joined = candidates.iter().find_map(|&(sig, acc)| Some((sig, acc, self.code.joined(sig)?)));
        let (sig, acc, tile, joins) = match joined {
            Some((sig, acc, tile)) => (sig, acc, tile, true),
            None => {
                let alone = candidates.iter().find_map(|&(sig, acc)| Some((sig, acc, self.code.tile(sig)?)));
                let (sig, acc, tile) = alone?;
                (sig, acc, tile, false)
            }
        };
        if let Some(survey) = &mut self.code.survey {
            survey.statement(sink.kind, &self.trees, kids, acc);
        }
        let emitted = self.code.begin(sig, tile, joins);
        match sink.prefix {
            Prefix::None => {}
            Prefix::Slot(slot) => self.code.bytes.extend_from_slice(&slot.to_ne_bytes()),
            Prefix::Word(word) => self.code.bytes.extend_from_slice(&word.to_ne_bytes()),
            Prefix::Target => self.code.bytes.extend_from_slice(&[0; 8]),
        }
        for &kid in kids {
            self.trees.encode(kid, acc, &mut self.code.bytes);
        }
        self.code.finish();
        Some(emitted)
    }

    /// Whether a statement of this signature, whose trees have so many operators together, has a handler.
    fn fits(&self, sig: Sig, operators: u8) -> bool {
        // Without fusion nothing waits but leaves.
        (self.options.fuse || operators == 0)
            && self.code.survey.as_ref().is_none_or(|survey| survey.may_be(operators))
            && self.code.tile(sig).is_some()
    }

    /// Whether a statement of this signature over `kids` has a handler.
    pub(super) fn fits_over(&self, sig: Sig, kids: &[NodeId]) -> bool {
        self.fits(sig, kids.iter().map(|&kid| self.trees[kid].operators).sum())
    }

    /// Cuts parts off the top `count` entries until the statement `sig` gives for them has a handler. Fewest cuts win.
    pub(super) fn fit(&mut self, count: usize, sig: &dyn Fn(&tree::Trees, &[NodeId]) -> Sig) {
        let fits = |this: &Self, kids: &[NodeId]| this.fits_over(sig(&this.trees, kids), kids);
        while !fits(self, &self.stack[self.stack.len() - count..]) {
            self.cut(count, &fits);
        }
    }

    /// Cuts one part off the top `count` entries, which do not fit.
    fn cut(&mut self, count: usize, fits: &dyn Fn(&Self, &[NodeId]) -> bool) {
        let base = self.stack.len() - count;
        let mut places = [0; 3];
        places[..count].copy_from_slice(&self.stack[base..]);
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
            let class = self.trees[kids[cut]].class;
            let possible = (0..count).filter(|&other| other != cut).all(|other| {
                let node = &self.trees[kids[other]];
                let first = !node.is_leaf() && (node.traits.any(Traits::TRAPS) || self.is_high(base + other));
                !(node.traits.any(Traits::acc(Register::of(class))) || other < cut && first)
            });
            let acc = self.trees.acc(class);
            if possible && with(self, cut, acc) {
                return self.acquire(base + cut);
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
                return self.flush(base + cut);
            }
        }
        // Several: the first goes to its slot, and the rest is tried again.
        let first = (0..count).find(|&cut| !is_slot(self, cut));
        self.flush(base + first.expect("operands in slots fit every statement"));
    }

    /// Replaces the top `count` entries by an operator of them, cut so that `form` of it has a handler.
    pub(super) fn operator_of(&mut self, kind: Kind, count: usize, form: Form) {
        let node = loop {
            let kids = &self.stack[self.stack.len() - count..];
            if let Some(node) = self.fitting(kind, kids, form) {
                break node;
            }
            self.cut(count, &|this, kids| this.fitting(kind, kids, form).is_some());
        };
        let node = self.trees.push(node);
        self.replace(count, node);
    }

    /// The operator applied to `kids`, if `form` of it has a handler, or it may wait for a branch that takes it.
    fn fitting(&self, kind: Kind, kids: &[NodeId], form: Form) -> Option<Node> {
        let node = match kind {
            Kind::Binary(op) => {
                let (op, kids) = self.trees.canonical(op, [kids[0], kids[1]]);
                self.trees.applied(Kind::Binary(op), &kids)
            }
            _ => self.trees.applied(kind, kids),
        };
        let fits = |form| self.fits(sig::form(form, node.class, node.sig), node.operators - 1);
        (fits(form) || self.trees.is_test(&node) && fits(Form::BrIf)).then_some(node)
    }

    /// Forgets what the accumulators mirror.
    pub(super) fn forget_accs(&mut self) {
        self.acc_slot = [None; 2];
    }
}
