//! The blocks that are open, and the labels that branches lead to.
//!
//! At every label the values it takes lie in the slots of the label's own height. A branch moves them there if they lie
//! higher.

use super::emit::{Emitter, Fixup, Fixups, Position};
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
    /// Where a loop begins.
    start: u32,
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
        Self { ty, base, start, ends: Fixups::NONE, otherwise: Fixups::NONE, stub: 0, construct }
    }

    /// Height of the operand stack below the parameters.
    #[inline]
    pub(super) fn base(&self) -> usize {
        self.base as usize
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
}

impl<'a> Labels<'a> {
    pub(super) fn new_in(arena: &'a Bump) -> Self {
        Self { blocks: Vec::with_capacity_in(8, arena) }
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
        }
    }

    /// Branches to a label, with its values in place.
    pub(super) fn branch<T: Target>(&mut self, code: &mut Emitter<'_, T>, labelidx: u32) {
        let branch = code.br();
        self.target(code, branch, labelidx);
    }
}
