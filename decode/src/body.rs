//! The loops and the operators of a function, for those who tell where time goes.

use crate::{Error, Module, lower};
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// One loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop {
    /// Offset in the binary of its `loop`.
    pub start: u32,
    /// Offset in the binary of its `end`.
    pub end: u32,
    /// Index of the loop around it.
    pub parent: Option<usize>,
}

/// What there is in a body.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// Its loops, in the order in which they begin.
    pub loops: Vec<Loop>,
    /// Offsets in the binary of what can be executed, without operators that stand for no work: those that cost no fuel.
    pub operators: Vec<u32>,
}

impl Body {
    /// The body of function `funcidx`, which is not an imported one.
    ///
    /// # Errors
    /// It cannot be read, which validation excludes.
    ///
    /// # Panics
    /// The module has no such function, or it is imported.
    pub fn read(module: &Module, funcidx: u32) -> Result<Self, Error> {
        let range = module.bodies[funcidx as usize - module.imported_funcs].clone();
        let start = range.start as u64;
        let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
        let mut this = Self::default();
        // Of each open block, which loop it is, if it is one; the function is the first.
        let mut blocks: Vec<Option<usize>> = vec![None];
        // How many blocks are open where the operators behind cannot be reached.
        let mut dead: Option<usize> = None;
        for operator in body.get_operators_reader()?.into_iter_with_offsets() {
            let (operator, offset) = operator?;
            let offset = offset as u32;
            match operator {
                Operator::Loop { .. } => {
                    let parent = blocks.iter().rev().find_map(|&block| block);
                    blocks.push(Some(this.loops.len()));
                    this.loops.push(Loop { start: offset, end: offset, parent });
                }
                Operator::Block { .. } | Operator::If { .. } => blocks.push(None),
                Operator::Else => dead = dead.filter(|&depth| depth != blocks.len()),
                Operator::End => {
                    dead = dead.filter(|&depth| depth != blocks.len());
                    if let Some(Some(ended)) = blocks.pop() {
                        this.loops[ended].end = offset;
                    }
                }
                _ => {}
            }
            let is_free = lower::is_free(module.bytes[offset as usize].into());
            if !is_free && dead.is_none() {
                this.operators.push(offset);
            }
            if leaves(&operator) {
                dead = dead.or(Some(blocks.len()));
            }
        }
        Ok(this)
    }
}

/// Whether the operator behind it cannot be reached.
fn leaves(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Unreachable
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
    )
}
