//! Blocks, their ends, and branches there.

use super::{Block, Builder, Classes, per_words, words};
use crate::TypeIdx;
use crate::checker::operators::{class_of, classes};
use crate::checker::source::{Instr, Label};
use smallvec::smallvec;
use wasmparser::BlockType;

impl Block {
    /// Whether this is a `try` behind its first `catch`.
    fn handles(&self) -> bool {
        self.scope.is_some() && self.scope != self.covered
    }
}

impl Builder<'_> {
    /// The region that ends costs something, whatever is in it.
    pub(super) fn close(&mut self, block: &Block) {
        if let Some(pc) = block.region
            && let Instr::Fuel(sum) = &mut self.source.instrs[pc as usize]
        {
            *sum = (*sum).max(1);
        }
    }

    /// Opens a block, whose parameters are at the top.
    pub(super) fn open(&mut self, is_loop: bool, params: Classes, results: Classes) {
        self.era += 1;
        let start = self.here();
        self.blocks.push(Block {
            is_loop,
            start,
            height: self.height() - words(&params) as u32,
            params,
            results,
            branch: None,
            otherwise: None,
            jump: None,
            ends: Vec::new(),
            reached: self.reached,
            region: None,
            pays: self.blocks.last().and_then(|block| block.pays),
            scope: None,
            covered: self.blocks.last().and_then(|block| block.covered),
        });
    }

    /// What a block takes and gives.
    pub(super) fn block_type(&self, ty: BlockType) -> (Classes, Classes) {
        match ty {
            BlockType::Empty => (Classes::new(), Classes::new()),
            BlockType::Type(ty) => (Classes::new(), smallvec![class_of(ty)]),
            BlockType::FuncType(typeidx) => {
                let ty = self.module.signature(TypeIdx(typeidx));
                (classes(ty.params()).collect(), classes(ty.results()).collect())
            }
        }
    }

    /// The label `depth` blocks out.
    pub(super) fn label(&mut self, depth: u32) -> u32 {
        let (index, here) = (self.blocks.len() - 1 - depth as usize, self.source.labels.len());
        let block = &mut self.blocks[index];
        let label = if block.is_loop {
            self.source.is_label[block.start as usize] = true;
            Label { pc: block.start, height: block.height, arity: words(&block.params) as u32, drops: false }
        } else {
            block.ends.push(here);
            Label { pc: 0, height: block.height, arity: words(&block.results) as u32, drops: false }
        };
        self.source.labels.push(label);
        here as u32
    }

    /// What follows cannot be reached.
    pub(super) fn dead(&mut self) {
        self.reached = false;
        let height = self.blocks.last().expect("an open block").height;
        self.operands.truncate(height as usize);
    }

    /// A branch costs more for what it moves.
    pub(super) fn branch(&mut self, depth: u32) -> u32 {
        let label = self.label(depth);
        self.charge(per_words(self.source.labels[label as usize].arity as usize));
        label
    }

    pub(super) fn end(&mut self) {
        // A handler's operands lie above the reference to the exception.
        let handles = self.blocks.last().is_some_and(Block::handles);
        if handles {
            self.leave();
        }
        let block = self.blocks.pop().expect("an open block");
        self.close(&block);
        self.close_scope(&block);
        let here = self.here();
        // Without an `else`, the other way leads here; the first arm's end does so if it can be reached.
        let other = block.branch.is_some() && block.otherwise.is_none();
        let joined = other || !block.ends.is_empty() || block.jump.is_some() || handles;
        for &label in &block.ends {
            self.source.labels[label].pc = here;
        }
        if let Some(branch) = block.branch {
            let otherwise = block.otherwise.unwrap_or(here);
            self.source.instrs[branch as usize] = Instr::If { otherwise, end: here };
        }
        if let Some(jump) = block.jump {
            self.source.instrs[jump as usize] = Instr::Jump(here);
        }
        self.reached = block.reached && (self.reached || joined);
        // What reaches the end without a branch leaves its results as they are.
        if joined || !self.reached {
            self.operands.truncate(block.height as usize);
            self.push_all(&block.results);
        }
        let instr = if self.blocks.is_empty() && self.reached { Instr::Return } else { Instr::Nop };
        let pc = self.emit(instr);
        self.source.is_label[pc as usize] = joined;
        if let (Some(outer), false) = (self.blocks.last(), self.reached) {
            self.operands.truncate(outer.height as usize);
        }
    }

    pub(super) fn else_(&mut self) {
        let jump = self.reached.then(|| self.emit(Instr::Nop));
        let here = self.emit(Instr::Nop);
        let block = self.blocks.last_mut().expect("an open `if`");
        (block.jump, block.otherwise) = (jump, Some(here));
        let (height, params) = (block.height, block.params.clone());
        self.reached = true;
        self.operands.truncate(height as usize);
        self.push_all(&params);
    }
}
