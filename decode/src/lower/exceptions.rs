//! Exceptions: `throw` and its like, `try_table`, and the older `try`, `catch`, `delegate` and `rethrow`.
//!
//! Nothing is emitted where a `try_table` begins or ends: handlers are found by the places of what calls or throws
//! (`catching`). What a handler needs is in place at every such cell. Locals lie in their slots; so do operands below the label
//! that a clause leads to, since that block began; locals are taken for set that were where the `try_table` began; and the machine writes an exception's values to the slots where the label looks for
//! its own. Accumulators hold nothing known at a label.
//!
//! A `catch` of a `try` is a label that nothing branches to. Below the exception's values lies a reference to it, in a
//! slot that the specification's operand stack does not have, for a `rethrow` further in. So what such a handler leaves lies
//! a slot too high, and is moved at its end.

use super::Function;
use super::definite::Locals;
use super::labels::{BlockType, Construct};
use super::mutants::mutant;
use super::read::{Catch, Reader};
use super::target::Target;
use crate::catches::CatchClause;
use crate::cell;
use crate::ops::Class;

impl<'a, T: Target> Function<'a, T> {
    fn tag_word(&self, tagidx: u32) -> u32 {
        self.layout.tag(tagidx as usize) as u32
    }

    pub(super) fn throw(&mut self, tagidx: u32) {
        let count = self.module.tag_type(tagidx).param_words();
        self.operands.spill_traps(count);
        let base = self.operands.height() - count;
        self.operands.spill_from(base);
        let args = self.operands.own_slot(base).0;
        self.operands.code.special(cell::Throw { tag: self.tag_word(tagidx), args }, &[]);
        if mutant!(54) {
            return self.blocks.unreachable(&mut self.operands);
        }
        self.thrown();
    }

    pub(super) fn throw_ref(&mut self) {
        self.operands.spill_traps(1);
        let top = self.operands.height() - 1;
        self.operands.spill(top);
        let exception = self.operands.own_slot(top).0;
        self.operands.code.special(cell::ThrowRef { exception }, &[]);
        self.thrown();
    }

    pub(super) fn rethrow(&mut self, labelidx: u32) {
        self.operands.spill_traps(0);
        // Where its `catch` has put the reference.
        let exception = self.operands.own_slot(self.blocks.labels.get(labelidx).base()).0;
        self.operands.code.special(cell::ThrowRef { exception }, &[]);
        self.thrown();
    }

    fn thrown(&mut self) {
        self.operands.code.note_site();
        self.blocks.unreachable(&mut self.operands);
    }

    /// `clauses` are in order.
    pub(super) fn try_table(&mut self, ty: BlockType<'a>, clauses: impl IntoIterator<Item = Catch>) {
        self.operands.spill_below(self.operands.height());
        // The labels are those around it.
        let outside = self.blocks.labels.depth();
        self.blocks.open_scope(&mut self.operands, Construct::TryTable, ty);
        // More of them may be set where something throws, or not.
        let set = self.operands.code.definite.set;
        let scope = self.operands.code.catching.open(outside + 1, set);
        for Catch { tag, reference, label } in clauses {
            let depth = outside - label as usize;
            let block = self.blocks.labels.get(label + 1);
            let (base, start, construct) = (block.base(), block.loop_start(), block.construct);
            if !matches!(construct, Construct::Function | Construct::Loop) {
                self.blocks.labels.join(label + 1, if mutant!(52) { &Locals::ALL } else { &set });
            }
            let words = tag.map_or(0, |tagidx| self.module.tag_type(tagidx).param_words());
            let clause = CatchClause {
                tag: tag.map(|tagidx| self.tag_word(tagidx)),
                values: self.operands.own_slot(base + usize::from(mutant!(49))).0,
                reference: reference.then(|| self.operands.own_slot(if mutant!(50) { base } else { base + words }).0),
                target: start.unwrap_or(0) as u32,
            };
            let catching = &mut self.operands.code.catching;
            let clause = (scope, catching.add(scope, clause));
            match start {
                Some(_) => catching.note_loop(clause),
                None => catching.await_end(depth, clause),
            }
        }
    }

    pub(super) fn try_(&mut self, ty: BlockType<'a>) {
        if !mutant!(55) {
            self.operands.spill_below(self.operands.height());
        }
        self.blocks.open_scope(&mut self.operands, Construct::Try, ty);
        let set = self.operands.code.definite.set;
        self.operands.code.catching.open(self.blocks.labels.depth(), set);
    }

    /// A `catch`, or a `catch_all` if there is no tag.
    pub(super) fn catch(&mut self, tag: Option<u32>) {
        let base = self.blocks.begin_handler(&mut self.operands);
        let (scope, set) = self.operands.code.catching.begin_handler();
        self.operands.code.definite.set = set;
        let target = self.operands.code.len() as u32;
        let slot = |height| self.operands.own_slot(height).0;
        let (values, reference) = (slot(base + 1), Some(slot(base)));
        let clause = CatchClause { tag: tag.map(|tagidx| self.tag_word(tagidx)), values, reference, target };
        self.operands.code.catching.add(scope, clause);
        self.operands.push_spilled(Class::I64);
        if let Some(tagidx) = tag {
            let ty = self.module.tag_type(tagidx);
            ty.params().iter().for_each(|&ty| self.operands.push_spilled(ty.into()));
        }
    }

    pub(super) fn delegate(&mut self, labelidx: u32, last: bool) {
        let depth = self.blocks.labels.depth();
        self.operands.code.catching.delegate(depth, depth - 1 - labelidx as usize);
        self.end(last);
    }

    /// Skips what ends the part of a `try` that cannot be reached; `reader` reads it.
    pub(super) fn catch_skipped(&mut self, mut reader: Reader<'a>) {
        use crate::instruction::Instruction;
        match reader.instruction() {
            Instruction::Catch => self.catch(Some(reader.index())),
            Instruction::CatchAll => self.catch(None),
            _ => {
                let labelidx = reader.index();
                self.delegate(labelidx, reader.only_ends_follow());
            }
        }
    }
}
