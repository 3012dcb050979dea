//! The loops and the operators of a function, for those who tell where time goes.

use crate::instruction::Instruction;
use crate::lower::read::Reader;
use crate::{Error, FuncIdx, Module};
use wasmparser::{BinaryReader, FunctionBody};

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
    pub fn read(module: &Module, funcidx: FuncIdx) -> Result<Self, Error> {
        let range = module.body(funcidx);
        let (start, end) = (range.start as u64, range.end);
        let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
        let mut this = Self::default();
        // Of each open block, which loop it is, if it is one; the function is the first.
        let mut blocks: Vec<Option<usize>> = vec![None];
        // The innermost loop that is open.
        let mut innermost: Option<usize> = None;
        // How many blocks are open where the operators behind cannot be reached.
        let mut dead: Option<usize> = None;
        let code = body.get_binary_reader_for_operators()?.original_position() as usize;
        let mut reader = Reader::new(&module.bytes[..end], code);
        while !reader.is_done() {
            let offset = reader.position() as u32;
            let instruction;
            (instruction, reader) = reader.skip();
            let info = instruction.info();
            match instruction {
                Instruction::Loop => {
                    let parent = innermost.replace(this.loops.len());
                    blocks.push(innermost);
                    this.loops.push(Loop { start: offset, end: offset, parent });
                }
                _ if info.opens_block() => blocks.push(None),
                Instruction::Else => dead = dead.filter(|&depth| depth != blocks.len()),
                Instruction::End => {
                    dead = dead.filter(|&depth| depth != blocks.len());
                    if let Some(Some(ended)) = blocks.pop() {
                        this.loops[ended].end = offset;
                        innermost = this.loops[ended].parent;
                    }
                }
                // No other begins or ends a block.
                _ => {}
            }
            if info.cost > 0 && dead.is_none() {
                this.operators.push(offset);
            }
            if !info.falls_through {
                dead = dead.or(Some(blocks.len()));
            }
        }
        Ok(this)
    }
}
