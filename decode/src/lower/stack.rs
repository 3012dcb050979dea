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

use super::diamond::{Assignment, Diamond};
use super::emit::Emitted;
use super::tree::{Facts, Kind, NodeId, Register, Traits, form_sig, operator_sig, slot_bit};
use super::{Lowering, Target, Tile, tree};
use crate::ops::{Class, Op};
use crate::sig::{self, Form, Sig};

/// How many entries at the top may wait.
const WINDOW: usize = 24;

/// How many forms a statement has: for each of two accumulators and its trees, of which it has two at most, two leaves, or
/// three leaves; and the one without.
const MOST_FORMS: usize = 2 * 2 * 2 + 1;

/// A statement about to be emitted, without its trees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sink {
    pub(super) kind: SinkKind,
    /// Class of what it takes.
    pub(super) class: Class,
    /// Operand bytes before the trees'.
    pub(super) prefix: Prefix,
}

impl Sink {
    pub(super) fn form(form: Form, class: Class, prefix: Prefix) -> Self {
        Self { kind: SinkKind::Form(form), class, prefix }
    }

    /// What its signature begins with; see [`sig::of_form`].
    #[inline]
    fn sig(&self) -> Sig {
        match self.kind {
            SinkKind::Form(form) => form_sig(form, self.class),
            SinkKind::Store(op) => operator_sig(op),
        }
    }
}

/// What stands before a statement's trees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    bytes: [u8; 8],
    len: usize,
}

impl Prefix {
    pub(super) const NONE: Self = Self { bytes: [0; 8], len: 0 };
    /// A branch's target, which comes later.
    pub(super) const TARGET: Self = Self { bytes: [0; 8], len: 8 };

    #[inline]
    pub(super) fn slot(slot: u16) -> Self {
        let [a, b] = slot.to_ne_bytes();
        Self { bytes: [a, b, 0, 0, 0, 0, 0, 0], len: 2 }
    }

    /// A word of the instance, or the static offset of a store.
    #[inline]
    pub(super) fn word(word: u32) -> Self {
        let [a, b, c, d] = word.to_ne_bytes();
        Self { bytes: [a, b, c, d, 0, 0, 0, 0], len: 4 }
    }
}

/// A form of statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum SinkKind {
    Form(Form),
    Store(Op),
}

/// Which entry holds `r0`, which `v0`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owners([u32; 2]);

impl Owners {
    const NONE: u32 = u32::MAX;

    pub(super) fn new() -> Self {
        Self([Self::NONE; 2])
    }

    pub(super) fn of(self, register: Register) -> Option<usize> {
        let owner = self.0[register as usize];
        (owner != Self::NONE).then_some(owner as usize)
    }

    pub(super) fn set(&mut self, register: Register, height: usize) {
        self.0[register as usize] = height as u32;
    }

    /// The entries from `height` on are gone.
    #[inline]
    pub(super) fn truncate(&mut self, height: usize) {
        for owner in &mut self.0 {
            *owner = if (*owner as usize) < height { *owner } else { Self::NONE };
        }
    }

    /// The entry holds no accumulator any more.
    #[inline]
    fn disown(&mut self, height: usize) {
        for owner in &mut self.0 {
            *owner = if *owner as usize == height { Self::NONE } else { *owner };
        }
    }
}

/// The slot whose value an accumulator holds as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mirrored {
    slot: u16,
    /// As a value of which class.
    class: Class,
    /// The slot's [`slot_bit`], or no bit if there is none.
    bit: u64,
}

impl Mirrored {
    pub(super) const NONE: Self = Self { slot: 0, class: Class::I32, bit: 0 };
}

impl<T: Target> Lowering<'_, T> {
    /// The canonical slot of the entry at `height`.
    pub(super) fn canonical(&self, height: usize) -> u16 {
        (usize::from(self.operands) + height) as u16
    }

    /// Pushes a tree.
    #[inline(always)]
    pub(super) fn push(&mut self, node: NodeId) {
        self.adopt(self.stack.len(), node);
        self.push_leaf(node);
    }

    /// Pushes a tree that holds no accumulator.
    #[inline(always)]
    pub(super) fn push_leaf(&mut self, node: NodeId) {
        self.stack.push(node);
        let height = self.stack.len();
        self.max_height = self.max_height.max(height);
        if height - self.floor > WINDOW {
            self.raise_floor();
        }
    }

    /// Has no more than [`WINDOW`] entries wait.
    #[inline(never)]
    fn raise_floor(&mut self) {
        let top = self.stack.len() - 1;
        while self.floor < top && self.settled(self.floor) {
            self.floor += 1;
        }
        if self.stack.len() - self.floor > WINDOW {
            if !matches!(self.tree(self.floor).kind, Kind::Imm(_)) {
                self.flush(self.floor);
            }
            self.floor += 1;
        }
    }

    /// Pushes a value that already lies in its canonical slot.
    pub(super) fn push_settled(&mut self, class: Class) {
        let node = self.trees.slot(self.canonical(self.stack.len()), class);
        self.push_leaf(node);
    }

    /// Pushes a value that lies in the accumulator.
    pub(super) fn push_acc(&mut self, class: Class) {
        self.acc_slot[Register::of(class) as usize] = Mirrored::NONE;
        let node = self.trees.acc(class);
        self.push(node);
    }

    /// Removes the top `count` entries.
    pub(super) fn pop(&mut self, count: usize) {
        let height = self.stack.len() - count;
        self.truncate(height);
    }

    /// Removes all entries from `height` on.
    #[inline]
    pub(super) fn truncate(&mut self, height: usize) {
        self.remove(height);
        if height == 0 && self.diamonds.is_empty() {
            self.trees.clear();
        }
    }

    /// Forgets the trees that nobody needs any more. A function may go on for long without its stack ever being empty.
    #[inline(never)]
    pub(super) fn keep_trees(&mut self) {
        // It is asked for by the diamond whose arm it is all of.
        let (emitted, diamond) = (self.code.emitted, self.diamonds.last());
        let in_arm = |set: &Assignment| diamond.is_some_and(|it| set.emitted == emitted && it.emitted < emitted);
        self.last_set = self.last_set.filter(in_arm);
        let diamonds = self.diamonds.iter_mut().flat_map(Diamond::nodes);
        let last_set = self.last_set.as_mut().map(|set| &mut set.node);
        self.trees.keep(self.stack.iter_mut().chain(diamonds).chain(last_set));
    }

    /// Removes all entries from `height` on, but not their trees.
    #[inline]
    pub(super) fn remove(&mut self, height: usize) {
        self.stack.truncate(height);
        self.floor = self.floor.min(height);
        self.acc_owner.truncate(height);
    }

    /// The root of the tree at `height`.
    pub(super) fn tree(&self, height: usize) -> &tree::Node {
        &self.trees[self.stack[height]]
    }

    /// Facts about the tree at `height`.
    fn facts(&self, height: usize) -> &Facts {
        self.tree(height)
    }

    /// The top entries.
    #[inline]
    pub(super) fn top<const N: usize>(&self) -> [NodeId; N] {
        *self.stack.last_chunk().expect("validation has counted the operands")
    }

    /// Notes which accumulators the tree, which comes to `height`, holds.
    #[inline]
    fn adopt(&mut self, height: usize, node: NodeId) {
        let traits = self.trees[node].traits;
        for register in Register::BOTH {
            if traits.any(Traits::acc(register)) {
                debug_assert!(self.acc_owner.of(register).is_none_or(|owner| owner >= height));
                self.acc_owner.set(register, height);
            }
        }
    }

    /// Replaces the top `count` entries by one tree.
    #[inline]
    pub(super) fn replace(&mut self, count: usize, node: NodeId) {
        let height = self.stack.len() - count;
        self.remove(height);
        self.push(node);
    }

    /// Replaces the top `N` entries, at least one, by a tree made of them: it holds the accumulators that they held.
    #[inline]
    fn combine<const N: usize>(&mut self, node: NodeId) {
        let height = self.stack.len() - N;
        self.stack[height] = node;
        self.stack.truncate(height + 1);
        self.floor = self.floor.min(height);
        self.adopt(height, node);
    }

    /// Whether the entry needs no flush, ever.
    fn settled(&self, height: usize) -> bool {
        self.tree(height).is_slot(self.canonical(height))
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
                // That may have had this one flushed before.
                if self.settled(height) {
                    return;
                }
            }
        }
        let class = self.tree(height).class;
        self.set_slot(height, slot);
        self.stack[height] = self.trees.slot(slot, class);
        self.acc_owner.disown(height);
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
        if let Some(owner) = self.acc_owner.of(register).filter(|&owner| owner != height) {
            self.flush(owner);
        }
    }

    /// Has the part of a test that computes evaluated into the accumulator, if only branches can take the test whole.
    #[inline]
    fn simplify(&mut self, height: usize) {
        let node = self.tree(height);
        if node.is_test && self.code.tile(sig::with(form_sig(Form::SetAcc, node.class), node.sig)).is_none() {
            self.simplify_test(height);
        }
    }

    fn simplify_test(&mut self, height: usize) {
        let node = self.tree(height);
        let kind = node.kind;
        let mut kids = [0; 2];
        let kids = &mut kids[..node.kids().len()];
        kids.copy_from_slice(node.kids());
        let part = kids.iter_mut().find(|kid| !self.trees[**kid].is_leaf()).expect("a test of leaves has a handler");
        let class = self.trees[*part].class;
        self.claim(Register::of(class), height);
        self.set_acc(*part);
        *part = self.trees.acc(class);
        self.stack[height] = match *kids {
            [a] => self.trees.operator(kind, [a]),
            [a, b] => self.trees.operator(kind, [a, b]),
            _ => unreachable!("tests have one operand or two"),
        };
        self.acc_owner.disown(height);
        self.acc_owner.set(Register::of(class), height);
    }

    /// Emits the evaluation of a tree into the accumulator.
    fn set_acc(&mut self, node: NodeId) {
        let class = self.trees[node].class;
        let sink = Sink::form(Form::SetAcc, class, Prefix::NONE);
        self.statement(sink, [node]).expect("a tree that waits can be set to the accumulator");
        self.acc_slot[Register::of(class) as usize] = Mirrored::NONE;
    }

    /// What waited at `height` was evaluated into `slot`, or nobody will ask for it: it must not be evaluated any more.
    pub(super) fn moved(&mut self, height: usize, slot: u16) {
        if !self.settled(height) {
            self.stack[height] = self.trees.slot(slot, self.tree(height).class);
            self.acc_owner.disown(height);
        }
    }

    /// Emits the evaluation of the tree at `height` into `slot`. The entry is left as it was.
    pub(super) fn set_slot(&mut self, height: usize, slot: u16) {
        let facts = *self.facts(height);
        let class = facts.class;
        if facts.traits.any(Traits::TRAPS) {
            self.settle(height, Traits::TRAPS);
        }
        if facts.is_test {
            self.simplify(height);
        }
        self.release(Register::of(class), height);
        // What was emitted meanwhile may have changed it.
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
        self.statement(Sink::form(Form::SetSlot, class, Prefix::slot(slot)), [node])
    }

    /// Notes that the accumulator holds what was just written to `slot`.
    pub(super) fn mirror(&mut self, class: Class, slot: u16) {
        let register = Register::of(class);
        self.acc_slot[register as usize] = Mirrored { slot, class, bit: slot_bit(slot) };
        let other = &mut self.acc_slot[1 - register as usize];
        if other.slot == slot {
            *other = Mirrored::NONE;
        }
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
        self.acc_owner.disown(height);
        self.acc_owner.set(register, height);
    }

    /// Emits one statement over `kids`, in the best form there is: in one cell with the statement before, and with a
    /// slot read from the accumulator that mirrors it. `None`, and nothing emitted, if it has no handler.
    pub(super) fn statement<const N: usize>(&mut self, sink: Sink, kids: [NodeId; N]) -> Option<Emitted> {
        if let Some(survey) = self.code.survey() {
            survey.next = kids.iter().map(|&kid| self.trees[kid].operators).sum();
        }
        let (begins, nodes) = (sink.sig(), kids.map(|kid| &self.trees[kid]));
        let mirrored = self.acc_slot[0].bit | self.acc_slot[1].bit;
        let sig = nodes.iter().fold(begins, |sig, node| sig::with(sig, node.sig));
        let (sig, acc, tile, joins) = if nodes.iter().any(|node| node.may_read_any(mirrored)) {
            self.best_over_accs(begins, kids, sig)
        } else {
            self.best(&[(sig, None)])
        }?;
        let offset = self.code.offset;
        if let Some(survey) = self.code.survey() {
            survey.statement(sink.kind, &self.trees, &kids, acc, offset);
        }
        // An operator has an offset and two leaves, or up to three.
        let operators: usize = nodes.iter().map(|node| usize::from(node.operators)).sum();
        let len = 8 + 8 * N + (4 + 16) * operators;
        let (trees, prefix) = (&self.trees, &sink.prefix);
        Some(self.code.statement(sig, tile, joins, len, |room| {
            *room.first_chunk_mut().expect("room was made") = prefix.bytes;
            kids.into_iter().fold(&mut room[prefix.len..], |room, kid| trees.encode(kid, acc, room))
        }))
    }

    /// The first of the forms, which are a statement's signature and the leaf that is the accumulator, for which there is a
    /// handler, joined to the statement before or else alone: the whole cell's signature, the leaf, the handler, and whether
    /// it joins.
    #[inline(always)]
    fn best(&self, forms: &[(Sig, Option<NodeId>)]) -> Option<(Sig, Option<NodeId>, Tile, bool)> {
        if let Some(begun) = self.code.joining() {
            for &(sig, acc) in forms {
                let sig = sig::with(begun, sig);
                if let Some(tile) = self.code.tile(sig) {
                    return Some((sig, acc, tile, true));
                }
            }
        }
        forms.iter().find_map(|&(sig, acc)| Some((sig, acc, self.code.tile(sig)?, false)))
    }

    /// The best form of a statement of which leaves may be read from accumulators that mirror their slots; `sig` is its
    /// signature if none is.
    #[inline(never)]
    fn best_over_accs<const N: usize>(
        &self,
        begins: Sig,
        kids: [NodeId; N],
        sig: Sig,
    ) -> Option<(Sig, Option<NodeId>, Tile, bool)> {
        let mut forms = [(0, None); MOST_FORMS];
        let mut count = 0;
        for register in Register::BOTH {
            let Mirrored { slot, class, bit } = self.acc_slot[register as usize];
            if bit == 0 || kids.iter().any(|&kid| self.trees[kid].traits.any(Traits::acc(register))) {
                continue;
            }
            for kid in kids {
                // The first two.
                let mut leaves = [0; 2];
                let found = self.trees.find_leaves(kid, slot, class, &mut leaves, 0);
                for &leaf in &leaves[..found] {
                    let sig =
                        kids.iter().fold(begins, |sig, &kid| sig::with(sig, self.trees.sig_with(kid, leaf, slot)));
                    forms[count] = (sig, Some(leaf));
                    count += 1;
                }
            }
        }
        forms[count] = (sig, None);
        self.best(&forms[..=count])
    }

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
    pub(super) fn fit<const N: usize>(&mut self, begins: Sig) {
        while !self.fits_over(begins, &self.top::<N>()) {
            self.cut(N, &|this, kids| this.fits_over(begins, kids));
        }
    }

    /// Cuts one part off the top `count` entries, which do not fit.
    fn cut(&mut self, count: usize, fits: &dyn Fn(&mut Self, &[NodeId]) -> bool) {
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

    /// Replaces the top entries by an operator of them, cut so that `form` of it has a handler.
    pub(super) fn operator_of<const N: usize>(&mut self, kind: Kind, form: Form) {
        let node = loop {
            if let Some(node) = self.fitting(kind, self.top::<N>(), form) {
                break node;
            }
            self.cut(N, &|this, kids| {
                let kids = kids.try_into().expect("as many as there were");
                let fitting = this.fitting::<N>(kind, kids, form);
                fitting.inspect(|_| this.trees.pop()).is_some()
            });
        };
        self.combine::<N>(node);
    }

    /// The operator applied to `kids`, if `form` of it has a handler, or it may wait for a branch that takes it.
    #[inline(always)]
    fn fitting<const N: usize>(&mut self, mut kind: Kind, mut kids: [NodeId; N], form: Form) -> Option<NodeId> {
        if let (Kind::Binary(op), [a, b]) = (kind, &mut kids[..])
            && let Some(swapped) = self.trees.swapped(op, *a, *b)
        {
            kind = Kind::Binary(swapped);
            std::mem::swap(a, b);
        }
        let id = self.trees.operator(kind, kids);
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

    /// Forgets what the accumulators mirror.
    pub(super) fn forget_accs(&mut self) {
        self.acc_slot = [Mirrored::NONE; 2];
    }
}
