//! Instructions about exceptions, the older ones too: what covers what, and where clauses lead.
//!
//! A handler of the older instructions is where a clause leads that nothing else does. The frame has a word there that the
//! specification's operand stack does not have, below the values: the reference to the exception, for `rethrow`. So it is an
//! operand here, and what such a handler leaves is moved down to the results of its block, as by a branch.

use super::{Block, Builder, Classes, per_words};
use crate::checker::operators::classes;
use crate::checker::source::{Clause, Instr, Label, Reference, Scope};
use crate::ops::Class;
use wasmparser::{Catch, Operator, TryTable};

impl Builder<'_> {
    /// The innermost block becomes a scope: what is in it goes to these clauses first.
    fn open_scope(&mut self, clauses: Vec<Clause>) {
        let scope = self.source.scopes.len() as u32;
        let block = self.blocks.last_mut().expect("just opened");
        self.source.scopes.push(Scope { outer: block.covered, clauses, end: 0 });
        (block.scope, block.covered) = (Some(scope), Some(scope));
    }

    /// The block's scope covers nothing from here on, if it has one.
    pub(super) fn close_scope(&mut self, block: &Block) {
        if let Some(scope) = block.scope
            && block.covered == block.scope
        {
            self.source.scopes[scope as usize].end = self.here();
        }
    }

    fn try_table(&mut self, try_table: &TryTable) {
        // The labels are those around it.
        let clause = |catch: &Catch| {
            let (tag, reference, depth) = match *catch {
                Catch::One { tag, label } => (Some(tag), Reference::None, label),
                Catch::OneRef { tag, label } => (Some(tag), Reference::Above, label),
                Catch::All { label } => (None, Reference::None, label),
                Catch::AllRef { label } => (None, Reference::Above, label),
            };
            Clause { tag: tag.map(|tag| (self.tag(tag), tag)), reference, label: self.label(depth) }
        };
        let clauses: Vec<Clause> = try_table.catches.iter().map(clause).collect();
        self.charge(clauses.len() as u64);
        let (params, results) = self.block_type(try_table.ty);
        self.open(false, params, results);
        self.open_scope(clauses);
    }

    /// The part of a `try` that ends here leaves the block's results.
    pub(super) fn leave(&mut self) {
        if self.reached {
            let label = self.label(0);
            self.emit(Instr::Br(label));
        }
    }

    /// A `catch`, or a `catch_all` if there is no tag.
    fn catch(&mut self, tag: Option<u32>) {
        self.leave();
        let around = self.blocks[self.blocks.len() - 2].covered;
        let block = self.blocks.pop().expect("an open `try`");
        self.close_scope(&block);
        let (scope, height) = (block.scope.expect("only asked of a `try`"), block.height);
        self.blocks.push(Block { covered: around, ..block });
        let here = self.emit(Instr::Nop);
        self.source.is_label[here as usize] = true;
        self.operands.truncate(height as usize);
        self.push(Class::I64);
        if let Some(tag) = tag {
            classes(self.module.tag_type(tag).params()).for_each(|class| self.push(class));
        }
        self.reached = true;
        let label = self.source.labels.len() as u32;
        self.source.labels.push(Label { pc: here, height, arity: self.height() - height, drops: false });
        let clause = Clause { tag: tag.map(|tag| (self.tag(tag), tag)), reference: Reference::Below, label };
        self.source.scopes[scope as usize].clauses.push(clause);
    }

    /// What the innermost block, a `try`, does not catch goes where exceptions go of the block `depth` blocks out of it.
    fn delegate(&mut self, depth: u32) {
        let (last, outer) = (self.blocks.len() - 1, self.blocks.len() - 2 - depth as usize);
        if let Some(scope) = self.blocks[last].scope {
            self.source.scopes[scope as usize].outer = self.blocks[outer].covered;
        }
        self.end();
    }

    fn tag(&self, tag: u32) -> u32 {
        self.layout.tag(tag as usize) as u32
    }

    /// One of these instructions, which is reached; `false` if it is none.
    pub(super) fn exception(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::TryTable { ref try_table } => self.try_table(try_table),
            Operator::Throw { tag_index } => {
                self.charge(per_words(self.module.tag_type(tag_index).param_words()));
                self.emit(Instr::Throw(self.tag(tag_index), tag_index));
                self.dead();
            }
            Operator::ThrowRef => {
                self.emit(Instr::ThrowRef);
                self.dead();
            }
            Operator::Try { blockty } => {
                let (params, results) = self.block_type(blockty);
                self.open(false, params, results);
                self.open_scope(Vec::new());
            }
            Operator::Catch { tag_index } => self.catch(Some(tag_index)),
            Operator::CatchAll => self.catch(None),
            Operator::Rethrow { relative_depth } => {
                let block = &self.blocks[self.blocks.len() - 1 - relative_depth as usize];
                let reference = block.height;
                self.emit(Instr::Rethrow(reference));
                self.dead();
            }
            Operator::Delegate { relative_depth } => self.delegate(relative_depth),
            _ => return false,
        }
        true
    }

    /// The same where it cannot be reached: the next part of a `try`, or its end, may be.
    pub(super) fn skip_exception(&mut self, operator: &Operator<'_>) {
        let is_try = self.blocks.last().is_some_and(|block| block.scope.is_some());
        match *operator {
            Operator::Try { .. } | Operator::TryTable { .. } => {
                self.open(false, Classes::new(), Classes::new());
            }
            Operator::Catch { tag_index } if is_try => self.catch(Some(tag_index)),
            Operator::CatchAll if is_try => self.catch(None),
            Operator::Delegate { relative_depth } => self.delegate(relative_depth),
            _ => {}
        }
    }
}
