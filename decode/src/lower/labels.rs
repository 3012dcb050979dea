//! The blocks that are open, and the labels that branches lead to.
//!
//! At every label the values it takes lie in the slots of the label's own height. A branch moves them there if they lie
//! higher.

use super::definite::Locals;
use super::emit::{Emitter, Fixup, Fixups, Position};
use super::mutants::mutant;
use super::target::Target;
use crate::{FuncType, ValType};
use bumpalo::Bump;
use bumpalo::collections::Vec;

/// What kind of structured instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Construct {
    Function,
    Block,
    Loop,
    If,
    TryTable,
    /// Of the older instructions, before the first `catch`.
    Try,
    /// Of the older instructions, from the first `catch` on. What the handler got a reference to lies in the slot of the block's base.
    Catch,
}

/// What a block takes and leaves (spec 3.2.2).
#[derive(Debug, Clone, Copy)]
pub(super) enum BlockType<'a> {
    /// Takes and leaves nothing.
    Empty,
    /// Leaves a value.
    Value(ValType),
    /// Takes and leaves what a function of this type does.
    Type(&'a FuncType),
    /// Leaves the results of a function of this type: the block that is its body.
    Body(&'a FuncType),
}

impl BlockType<'_> {
    #[inline]
    pub(super) fn params(&self) -> &[ValType] {
        match self {
            Self::Empty | Self::Value(_) | Self::Body(_) => &[],
            Self::Type(ty) => ty.params(),
        }
    }

    /// How many slots it takes.
    #[inline]
    pub(super) fn param_words(&self) -> usize {
        match self {
            Self::Empty | Self::Value(_) | Self::Body(_) => 0,
            Self::Type(ty) => ty.param_words(),
        }
    }

    /// How many slots it leaves.
    #[inline]
    pub(super) fn result_words(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Value(ty) => ty.words(),
            Self::Type(ty) | Self::Body(ty) => ty.result_words(),
        }
    }

    #[inline]
    pub(super) fn results(&self) -> &[ValType] {
        match self {
            Self::Empty => &[],
            Self::Value(ty) => std::slice::from_ref(ty),
            Self::Type(ty) | Self::Body(ty) => ty.results(),
        }
    }
}

/// One open block. It is small, for two bytes of a module open one; code has less than 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) ty: BlockType<'a>,
    /// Height of the operand stack below the parameters.
    base: u32,
    /// Where a loop begins; 0 of others.
    start: u32,
    /// The locals that are set on all branches to the end.
    brought: Locals,
    /// Branches to the end.
    pub(super) ends: Fixups,
    /// The branch of an `if` around its first arm, or none.
    pub(super) otherwise: Fixups,
    /// The stub that leads here, of the `br_table` that is being lowered; 0 if there is none.
    stub: u32,
    pub(super) construct: Construct,
}

impl<'a> Block<'a> {
    #[inline]
    pub(super) fn new(construct: Construct, ty: BlockType<'a>, base: usize, start: Position) -> Self {
        let (base, start) = (base as u32, start as u32);
        let (brought, ends, otherwise) = (Locals::ALL, Fixups::NONE, Fixups::NONE);
        Self { ty, base, start, brought, ends, otherwise, stub: 0, construct }
    }

    /// Height of the operand stack below the parameters.
    #[inline]
    pub(super) fn base(&self) -> usize {
        self.base as usize
    }

    /// The locals that are set on all branches to the end: all of them if there are no branches.
    #[inline]
    pub(super) fn brought(&self) -> &Locals {
        &self.brought
    }

    /// A branch to the end brings these.
    #[inline]
    fn bring(&mut self, set: &Locals) {
        // The mutant knows the first branch only.
        if !(mutant!(47) && self.brought != Locals::ALL) {
            self.brought.intersect(set);
        }
    }

    /// Where it begins, if it is a loop.
    pub(super) fn loop_start(&self) -> Option<Position> {
        (self.construct == Construct::Loop).then_some(self.start as Position)
    }

    /// The stub that leads here, of the `br_table` that is being lowered.
    pub(super) fn stub(&self) -> Option<Position> {
        (self.stub != 0).then_some(self.stub as Position)
    }

    pub(super) fn set_stub(&mut self, stub: Option<Position>) {
        self.stub = stub.unwrap_or(0) as u32;
    }

    /// Whether branches lead around the first arm of an `if`, and there is no other.
    #[inline]
    pub(super) fn lacks_arm(&self) -> bool {
        !self.otherwise.is_empty()
    }

    /// How many slots the values have that a branch here takes.
    #[inline]
    pub(super) fn arity(&self) -> usize {
        if self.construct == Construct::Loop { self.ty.param_words() } else { self.ty.result_words() }
    }

    /// Whether a branch leads to its end.
    #[inline]
    pub(super) fn is_joined(&self) -> bool {
        !self.ends.is_empty() || !self.otherwise.is_empty()
    }
}

/// The open blocks, the function first.
#[derive(Debug)]
pub(super) struct Labels<'a> {
    blocks: Vec<'a, Block<'a>>,
    /// Which locals are set where the open `if`s begin that have no second arm yet, the innermost last.
    pub(super) begins: std::vec::Vec<Locals>,
}

impl<'a> Labels<'a> {
    pub(super) fn new_in(arena: &'a Bump, begins: std::vec::Vec<Locals>) -> Self {
        Self { blocks: Vec::with_capacity_in(8, arena), begins }
    }

    /// How many blocks are open.
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.blocks.len()
    }

    #[inline]
    pub(super) fn open(&mut self, block: Block<'a>) {
        self.blocks.push(block);
    }

    /// Closes the innermost block.
    #[inline]
    pub(super) fn close(&mut self) -> Block<'a> {
        self.blocks.pop().expect("an open block")
    }

    /// An `if` was opened, behind whose condition these locals are set.
    #[inline]
    pub(super) fn begin_arm(&mut self, set: Locals) {
        self.begins.push(set);
    }

    /// The locals that are set where the second arm of the innermost `if` begins, or would.
    #[inline]
    pub(super) fn begin_other_arm(&mut self) -> Locals {
        self.begins.pop().expect("an `if` with one arm is open")
    }

    /// Branches to the end of a block, which is no loop, bring these locals.
    #[inline]
    pub(super) fn join(&mut self, labelidx: u32, set: &Locals) {
        self.get_mut(labelidx).bring(set);
    }

    #[inline]
    pub(super) fn function(&self) -> &Block<'a> {
        &self.blocks[0]
    }

    #[inline]
    pub(super) fn innermost(&self) -> &Block<'a> {
        self.blocks.last().expect("an open block")
    }

    #[inline]
    pub(super) fn innermost_mut(&mut self) -> &mut Block<'a> {
        self.blocks.last_mut().expect("an open block")
    }

    /// The block `labelidx` blocks out.
    #[inline]
    pub(super) fn get(&self, labelidx: u32) -> &Block<'a> {
        &self.blocks[self.blocks.len() - 1 - labelidx as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, labelidx: u32) -> &mut Block<'a> {
        let index = self.blocks.len() - 1 - labelidx as usize;
        &mut self.blocks[index]
    }

    /// Gives a branch a label for its target.
    #[inline]
    pub(super) fn target<T: Target>(&mut self, code: &mut Emitter<'_, T>, branch: Fixup, labelidx: u32) {
        let block = self.get_mut(labelidx);
        if block.construct == Construct::Loop {
            code.bind_back(branch, block.start as Position);
        } else {
            code.chain(&mut block.ends, branch);
            block.bring(&code.definite.set);
        }
    }

    /// Branches to a label, with its values in place.
    pub(super) fn branch<T: Target>(&mut self, code: &mut Emitter<'_, T>, labelidx: u32) {
        let branch = code.br();
        self.target(code, branch, labelidx);
    }
}
