//! Statements over trees, each in the best form that the machine has.
//!
//! A statement may join the one before it in its cell, and may read a leaf's slot from the accumulator that mirrors it. Joining
//! comes first, for it saves a dispatch.

use super::accumulators::Mirror;
use super::emit::Emitted;
use super::operands::{Assignment, Operands};
use super::sink::{Prefix, Sink};
use super::slot::Slot;
use super::target::{Target, Tile};
use super::tree::{NodeId, Register, Traits};
use crate::ops::Class;
use crate::sig::{self, Form, Sig};

/// How many forms a statement has: for each of two accumulators and its trees, of which it has two at most, two leaves, or
/// three leaves; and the one without.
const MOST_FORMS: usize = 2 * 2 * 2 + 1;

impl<T: Target> Operands<'_, T> {
    /// Emits the evaluation of the tree at `height` into `slot`. The entry is left as it was.
    pub(super) fn set_slot(&mut self, height: usize, slot: Slot) {
        let facts = **self.tree(height);
        let class = facts.class;
        if facts.traits.any(Traits::TRAPS) {
            self.spill_with(height, Traits::TRAPS);
        }
        if facts.is_test {
            self.divide(height);
        }
        self.evict(Register::of(class), height);
        // What was emitted meanwhile may have changed it.
        let mut node = self.stack[height];
        let emitted = self.emit_set(node, slot, class).unwrap_or_else(|| {
            self.set_acc(node);
            node = self.trees.acc(class);
            self.emit_set(node, slot, class).expect("an accumulator can be set to a slot")
        });
        let (cell, count) = (emitted.cell, self.code.emitted);
        self.last_set = emitted.is_first().then_some(Assignment { slot, node, cell, emitted: count });
        self.accs.mirrors.written(class, slot);
    }

    /// Emits an assignment of a tree to a slot. `None`, and nothing emitted, if the tree has to be evaluated into the
    /// accumulator first.
    pub(super) fn emit_set(&mut self, node: NodeId, slot: Slot, class: Class) -> Option<Emitted> {
        self.statement(Sink::form(Form::SetSlot, class, Prefix::slot(slot)), [node])
    }

    /// Emits the evaluation of a tree into the accumulator.
    pub(super) fn set_acc(&mut self, node: NodeId) {
        let class = self.trees[node].class;
        let sink = Sink::form(Form::SetAcc, class, Prefix::NONE);
        self.statement(sink, [node]).expect("a tree that waits can be set to the accumulator");
        self.accs.mirrors.forget(Register::of(class));
    }

    /// Emits one statement over `kids`, in the best form there is: in one cell with the statement before, and with a
    /// slot read from the accumulator that mirrors it. `None`, and nothing emitted, if it has no handler.
    #[inline]
    pub(super) fn statement<const N: usize>(&mut self, sink: Sink, kids: [NodeId; N]) -> Option<Emitted> {
        if let Some(survey) = self.code.survey() {
            survey.next = kids.iter().map(|&kid| self.trees[kid].operators).sum();
        }
        let (begins, nodes) = (sink.sig(), kids.map(|kid| &self.trees[kid]));
        let mirrored = self.accs.mirrors.bits();
        let plain = nodes.iter().fold(begins, |sig, node| sig::with(sig, node.sig));
        let (sig, acc, tile, joins) = if nodes.iter().any(|node| node.may_read_any(mirrored)) {
            self.best_over_accs(begins, kids, plain)
        } else {
            self.best(&[(plain, None)])
        }?;
        if self.code.noted.is_complete() {
            self.code.noted.note(sink, kids, plain);
        }
        let offset = self.code.offset;
        if let Some(survey) = self.code.survey() {
            survey.statement(sink.kind, &self.trees, &kids, acc, offset);
        }
        // An operator has an offset and two leaves, or up to three. A leaf has 8 bytes at most, a vector's or a memory 16.
        let operators: usize = nodes.iter().map(|node| usize::from(node.operators)).sum();
        let len = 16 + 16 * N + (4 + 32) * operators;
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
            let Mirror { slot, class, bit } = self.accs.mirrors.of(register);
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
}
