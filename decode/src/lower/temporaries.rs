//! Temporaries: locals that are set once, and read only behind that in the same straight line of code.
//!
//! Compilers that do not optimise give each value a local of its own, and each operand is a local that was set just before. A
//! function with as many locals as that is read once before it is lowered, to find those that are no more than names for
//! values. One that is a constant is never set: whoever reads it has the constant. One that is read once is a tree that waits,
//! as if it had been left on the operand stack; if anything is emitted before it is read, it is set as any other local. One
//! that is never read is dropped.
//!
//! Execution never stands still between where a temporary is set and where it is read, and nobody reads it elsewhere; so its
//! slot may hold anything where it does. Whether it is set differs from one way of lowering to another, and where an execution goes on in another
//! way, a reference that cannot be null has to be one: so numbers alone are temporaries.
//!
//! # The order of evaluation
//!
//! Trees wait in the order in which they were set, the *queue*. Entries of the operand stack below [`Temporaries::bottom`] are
//! older than all of the queue, and stay as they are; those above are newer. So newer ones must be constants or locals, which it does not matter when
//! they are evaluated, before something of the queue comes to stand on them. Where this cannot be had, or an operator takes what is older, all of
//! the queue is set, below what is newer.

use super::mutants::mutant;
use super::operands::WINDOW;
use super::read::Reader;
use super::target::Target;
use super::tree::{Kind, NodeId};
use super::{Function, Local};
use crate::instruction::Instruction;
use crate::sig::Form;
use bumpalo::Bump;
use bumpalo::collections::Vec;
use smallvec::SmallVec;
use std::ops::Range;

/// A function with fewer declared locals is lowered as it is.
const FEW_LOCALS: usize = 8;

/// So many bytes of its body for each declared local have most functions that a compiler has optimised, or more.
const BYTES_A_LOCAL: usize = 24;

/// Setting a local and reading it take so many bytes.
const LEAST_BYTES: usize = 4;

/// How many trees wait at most.
const MOST_WAITING: usize = 4;

/// What a local is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It is a local as any other.
    Local,
    /// It is set, and never read.
    Unread,
    /// It is read once.
    Once,
    /// It is read several times.
    Often,
    /// It was set to these bits.
    Constant(u64),
}

/// Which locals of a function are temporaries, and what waits for being read.
#[derive(Debug)]
pub(super) struct Temporaries<'a> {
    /// By index; empty if there are none.
    uses: Vec<'a, Use>,
    /// The locals and their trees, those first that were set first.
    queue: SmallVec<[(u32, NodeId); MOST_WAITING]>,
    /// See the module.
    bottom: usize,
}

impl<'a> Temporaries<'a> {
    /// Those of a function whose body, of so many bytes, `reader` reads, and whose locals from `params` on are declared.
    pub(super) fn new(arena: &'a Bump, locals: &[Local], params: usize, reader: &Reader<'_>, bytes: usize) -> Self {
        let declared = locals.len() - params;
        let is_asked = declared >= FEW_LOCALS && (LEAST_BYTES..=BYTES_A_LOCAL).contains(&(bytes / declared));
        let uses = if is_asked { uses(arena, locals, params, reader.clone()) } else { Vec::new_in(arena) };
        Self { uses, queue: SmallVec::new(), bottom: 0 }
    }

    /// Whether there are any.
    pub(super) fn are_any(&self) -> bool {
        !self.uses.is_empty()
    }
}

/// What the locals are used for, by one pass over the body.
fn uses<'a>(arena: &'a Bump, locals: &[Local], params: usize, mut reader: Reader<'_>) -> Vec<'a, Use> {
    /// The straight line of code in which a local was set.
    const NOWHERE: u32 = u32::MAX;
    let mut uses = Vec::from_iter_in(locals.iter().map(|_| Use::Unread), arena);
    let mut set_in = Vec::from_iter_in(locals.iter().map(|_| NOWHERE), arena);
    for (index, (local, uses)) in locals.iter().zip(&mut uses).enumerate() {
        if index < params || local.class.is_wide() || local.is_reference {
            *uses = Use::Local;
        }
    }
    let mut line = 0;
    while !reader.is_done() {
        let (instruction, rest) = reader.clone().skip();
        match instruction {
            Instruction::LocalSet => {
                reader.instruction();
                let index = reader.index() as usize;
                match set_in[index] {
                    NOWHERE => set_in[index] = line,
                    _ => uses[index] = Use::Local,
                }
            }
            Instruction::LocalGet => {
                reader.instruction();
                let index = reader.index() as usize;
                uses[index] = match uses[index] {
                    Use::Unread if set_in[index] == line => Use::Once,
                    Use::Once | Use::Often if set_in[index] == line => Use::Often,
                    _ => Use::Local,
                };
            }
            Instruction::LocalTee => {
                reader.instruction();
                uses[reader.index() as usize] = Use::Local;
            }
            _ => line += u32::from(!is_simple(instruction)),
        }
        reader = rest;
    }
    uses
}

/// Whether the instruction neither branches nor is branched to, and execution never stands still before it or within.
fn is_simple(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Nop
            | Instruction::Drop
            | Instruction::Select
            | Instruction::TypedSelect
            | Instruction::LocalGet
            | Instruction::LocalSet
            | Instruction::LocalTee
            | Instruction::GlobalGet
            | Instruction::GlobalSet
            | Instruction::I32Const
            | Instruction::I64Const
            | Instruction::F32Const
            | Instruction::F64Const
            | Instruction::Unary(_)
            | Instruction::Binary(_)
            | Instruction::Load(_)
            | Instruction::Store(_)
    )
}

impl<'a, T: Target> Function<'a, T> {
    /// Looks at the operator that `rest` reads next, in a function that has temporaries. Gives what reads on behind it if that was all there is to do;
    /// otherwise it is to be lowered, and nothing waits that lowering it would come before.
    #[inline(never)]
    pub(super) fn temporary(&mut self, mut rest: Reader<'a>) -> Option<Reader<'a>> {
        if self.blocks.skipping.is_some() {
            return None;
        }
        let instruction = rest.instruction();
        // Where as many entries wait, one more has another spilled.
        if self.operands.height() - self.operands.floor >= WINDOW {
            self.set_waiting();
        }
        let waits = !self.temporaries.queue.is_empty();
        let done = match instruction {
            Instruction::LocalSet => self.set_temporary(rest.index()),
            Instruction::LocalGet => {
                let index = rest.index();
                // A vector is two entries.
                if self.locals[index as usize].class.is_wide() {
                    self.set_waiting();
                }
                self.get_temporary(index)
            }
            Instruction::I32Const | Instruction::I64Const | Instruction::F32Const | Instruction::F64Const => false,
            // In the deterministic profile others may follow.
            Instruction::Unary(op) if waits && !self.deterministic => self.operator_with_waiting::<1>(Kind::Unary(op)),
            Instruction::Binary(op) if waits && !self.deterministic => {
                self.operator_with_waiting::<2>(Kind::Binary(op))
            }
            Instruction::Load(op) if waits && let Some(offset) = self.near(rest.memarg()) => {
                self.operator_with_waiting::<1>(Kind::Load(op, offset))
            }
            _ => {
                self.set_waiting();
                false
            }
        };
        if done {
            self.metering.charge(instruction);
        }
        done.then_some(rest)
    }

    /// Whether it does not matter when the entries at these heights are evaluated.
    fn are_at_rest(&self, mut heights: Range<usize>) -> bool {
        heights.all(|height| matches!(self.operands.tree(height).kind, Kind::Imm(_) | Kind::Slot(_)))
    }

    /// Whether all that is newer than what waits is at rest.
    fn is_newer_at_rest(&self) -> bool {
        self.are_at_rest(self.temporaries.bottom..self.operands.height())
    }

    /// Sets a local to the value at the top, which is removed, if the local is a temporary that need not be set now. Otherwise nothing waits any more,
    /// and the caller sets it.
    fn set_temporary(&mut self, index: u32) -> bool {
        let (class, top) = (self.locals[index as usize].class, self.operands.height() - 1);
        let tree = *self.operands.tree(top);
        match (self.temporaries.uses[index as usize], tree.kind) {
            (Use::Unread, _) => {
                self.set_waiting();
                self.drop_();
                true
            }
            (Use::Once | Use::Often | Use::Constant(_), Kind::Imm(bits)) => {
                self.temporaries.uses[index as usize] = Use::Constant(bits);
                self.temporaries.bottom = self.temporaries.bottom.min(top);
                self.operands.truncate(top);
                true
            }
            (Use::Once, _) if tree.class == class => {
                let bottom = self.temporaries.bottom;
                match self.temporaries.queue.len() {
                    0 => {}
                    1..MOST_WAITING if top >= bottom && self.are_at_rest(bottom..top) => {}
                    _ => self.set_waiting(),
                }
                // What lies in the slot of an entry is overwritten by the next one there.
                if self.operands.tree(top).highest_slot >= self.operands.first {
                    self.set_waiting();
                    return false;
                }
                let node = self.operands.stack[top];
                if self.temporaries.queue.is_empty() {
                    self.operands.outside += 1;
                }
                self.temporaries.queue.push((index, node));
                self.operands.remove(top);
                self.temporaries.bottom = top;
                true
            }
            (uses, _) => {
                // It was a constant where this was lowered before.
                if let Use::Constant(_) = uses {
                    self.temporaries.uses[index as usize] = Use::Local;
                }
                self.set_waiting();
                false
            }
        }
    }

    /// Pushes the value of a local, if it is a temporary that was not set.
    fn get_temporary(&mut self, index: u32) -> bool {
        match self.temporaries.uses[index as usize] {
            Use::Constant(bits) => {
                let class = self.locals[index as usize].class;
                self.constant(bits, class);
                true
            }
            Use::Once => {
                let Some(&(first, node)) = self.temporaries.queue.first() else { return false };
                if first != index || !(self.is_newer_at_rest() || mutant!(59)) {
                    // Another local may be read while they wait.
                    if self.temporaries.queue.iter().any(|&(local, _)| local == index) {
                        self.set_waiting();
                    }
                    return false;
                }
                self.temporaries.queue.remove(0);
                if self.temporaries.queue.is_empty() {
                    self.operands.outside -= 1;
                }
                self.operands.push(node);
                self.temporaries.bottom = self.operands.height();
                true
            }
            Use::Local | Use::Unread | Use::Often => false,
        }
    }

    /// Applies an operator to the top `N` entries, if what waits may go on doing so, for they are newer; otherwise it is set. (What is older stays as it
    /// is: nothing that traps, or overwrites an accumulator, may come to lie below the tree that holds it.)
    fn operator_with_waiting<const N: usize>(&mut self, kind: Kind) -> bool {
        if self.operands.height() - N >= self.temporaries.bottom
            && let Some(node) = self.operands.fitting(kind, self.operands.top::<N>(), Form::SetAcc)
        {
            self.operands.combine::<N>(node);
            return true;
        }
        self.set_waiting();
        false
    }

    /// Sets the temporaries that wait, below what is newer.
    pub(super) fn set_waiting(&mut self) {
        if self.temporaries.queue.is_empty() {
            return;
        }
        let bottom = self.temporaries.bottom;
        let newer: SmallVec<[NodeId; 8]> = self.operands.stack[bottom..].into();
        self.operands.remove(bottom);
        let queue = std::mem::take(&mut self.temporaries.queue);
        for &(index, node) in &queue {
            self.operands.put_back(node);
            self.local_set(index);
            self.operands.remove(bottom);
        }
        self.operands.outside -= 1;
        newer.into_iter().for_each(|node| self.operands.put_back(node));
    }
}
