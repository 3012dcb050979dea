//! Lowering: one validated function body to threaded code, in one pass over its operators.
//!
//! Operators that compute become expression trees (`tree`) which wait on the operand stack (`stack`) until something
//! consumes them: a `local.set`, a store, a branch, a call. There the tree becomes one cell if the machine has a handler
//! for it; what is too big is cut into parts that do have one, which [`Target`] decides. `emit` packs the cells and
//! joins neighbours where one handler does both; `control` knows blocks, branches and calls, `translate` the
//! operators, `fuel` what they cost; `diamond` makes selections of small `if`s, `loops` lowers how loops begin twice.
//!
//! Validation comes first ([`crate::Module::new`]): nothing here checks types again. Memory is linear in the body's size;
//! so is time, but for what a byte of it may declare or name: 50,000 locals, a block or function type of 1,000 values.
//! Nothing recurses on the input's depth (trees are as deep as the deepest handler).

mod control;
mod diamond;
mod emit;
mod fuel;
mod loops;
pub(crate) mod read;
mod stack;
pub mod survey;
mod translate;
mod tree;

use crate::layout::{CodeHead, FrameLayout, InstanceLayout, MAX_FRAME_WORDS};
use crate::ops::Class;
use crate::sig::Sig;
use crate::{Error, Module};
use control::Frame;
use diamond::{Assignment, Diamond};
use emit::Emitter;
use loops::{Begun, Head};
use read::Reader;
use stack::{Mirrored, Owners};
use tree::{NodeId, Trees};

/// What a machine can execute.
///
/// Nobody asks for statements that set the accumulator to an operator (of one operand or two, or a load) whose first operand
/// is a slot or the accumulator, and whose second one is either or an immediate: every machine has a handler for these.
pub trait Target {
    /// Whether it is noted what is emitted: see [`survey`].
    const SURVEYED: bool = false;

    /// The handler for a shape.
    fn tile(&self, sig: Sig) -> Option<Tile>;
}

/// A handler: what lowering writes into the first word of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its address.
    pub handler: u64,
}

/// Threaded code of one function. Its branches hold addresses in it, so it stays where it is and has no copies.
///
/// It is worth no more than who made it: anybody can make some ([`Code::new`], or by a [`Target`] or [`Module`] of their
/// own). Where it is to be executed, somebody has to answer for that.
#[derive(Debug)]
pub struct Code {
    /// A vector, and no box: moving a box claims that nothing else points into it, but branches do.
    words: Vec<u64>,
}

impl Code {
    /// From its bytes: a [`CodeHead`], then cells. At every place in `branches` stands, as a `u64`, where in the bytes the
    /// branch's target begins; that becomes that cell's address, in the bytes too.
    ///
    /// # Panics
    /// A place is not in the bytes.
    pub fn new(bytes: &mut [u8], branches: &[usize]) -> Self {
        let cells = bytes.len() / 8;
        let mut words: Vec<u64> = Vec::with_capacity(cells);
        // Where they stay: they are as many as there is room for.
        let base = words.as_ptr().addr() as u64;
        for &place in branches {
            let operand = bytes[place..].first_chunk_mut().expect("eight bytes for an address");
            *operand = (base + u64::from_ne_bytes(*operand)).to_ne_bytes();
        }
        words.extend(bytes.as_chunks().0.iter().map(|bytes| u64::from_ne_bytes(*bytes)));
        assert_eq!(words.as_ptr().addr() as u64, base, "the words have moved");
        // The machine makes pointers of the addresses.
        words.as_ptr().expose_provenance();
        Self { words }
    }

    /// [`CodeHead`], then cells: see [`crate::cell`].
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The cells.
    pub fn cells(&self) -> &[u64] {
        &self.words[CodeHead::WORDS..]
    }
}

/// How to lower.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether trees of several operations, and several statements, may become one handler.
    pub fuse: bool,
    /// Whether executing consumes fuel; without, no cell asks for any.
    pub fuel: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { fuse: true, fuel: false }
    }
}

/// One local of the function.
#[derive(Debug, Clone, Copy)]
struct Local {
    slot: u16,
    class: Class,
}

/// Lowers functions of one module, one after the other: what it needs while it does is allocated once.
#[derive(Debug)]
pub struct Lowering<'a, T> {
    module: &'a Module,
    layout: InstanceLayout,
    type_ids: &'a [u32],
    options: Options,
    code: Emitter<'a, T>,
    trees: Trees,
    /// The operand stack.
    stack: Vec<NodeId>,
    /// Entries below never need a flush.
    floor: usize,
    max_height: usize,
    /// Which entry holds `r0`, which `v0`.
    acc_owner: Owners,
    /// Which slot's value, as which class, `r0` and `v0` hold besides.
    acc_slot: [Mirrored; 2],
    frames: Vec<Frame<'a>>,
    /// `Some(depth)`: the operators here, in the innermost frame, cannot be reached; so many blocks were opened since.
    skipping: Option<usize>,
    /// What the next `br_if` may end.
    begun: Option<Begun<'a>>,
    /// How open loops begin that may be inverted, the innermost last.
    heads: Vec<Head<'a>>,
    /// The last assignment to a slot that has a cell of its own.
    last_set: Option<Assignment>,
    /// The open regions that pay for themselves, the innermost last.
    regions: Vec<fuel::Region>,
    /// The open `if`s that may become selections, the innermost last. They keep nodes for later.
    diamonds: Vec<Diamond>,
    locals: Vec<Local>,
    /// Slot of the frame's header.
    header: u16,
    /// First slot of the operand stack.
    operands: u16,
}

impl<'a, T: Target> Lowering<'a, T> {
    /// Of functions of `module`. `type_ids` gives the engine-wide id of every typeidx.
    pub fn new(module: &'a Module, type_ids: &'a [u32], options: Options, target: &'a T) -> Self {
        Self::surveyed(module, type_ids, options, target, None)
    }

    /// As [`Lowering::new`], with a survey of the one function that is to be lowered, for a target that is
    /// [`Target::SURVEYED`].
    pub(crate) fn surveyed(
        module: &'a Module,
        type_ids: &'a [u32],
        options: Options,
        target: &'a T,
        survey: Option<Box<survey::Survey>>,
    ) -> Self {
        Self {
            module,
            layout: InstanceLayout::of(module),
            type_ids,
            options,
            code: Emitter::new(target, options.fuse, survey),
            trees: Trees::new(),
            stack: Vec::with_capacity(16),
            floor: 0,
            max_height: 0,
            acc_owner: Owners::new(),
            acc_slot: [Mirrored::NONE; 2],
            frames: Vec::new(),
            skipping: None,
            begun: None,
            heads: Vec::new(),
            last_set: None,
            regions: Vec::new(),
            diamonds: Vec::new(),
            locals: Vec::with_capacity(16),
            header: 0,
            operands: 0,
        }
    }

    /// Lowers function `funcidx`, which is not an imported one.
    ///
    /// # Errors
    /// The frame would pass [`MAX_FRAME_WORDS`] (which [`Module::new`] refuses already).
    ///
    /// # Panics
    /// The module has no such function, or it is imported; there are fewer type ids than types.
    pub fn lower(&mut self, funcidx: u32) -> Result<Code, Error> {
        let module = self.module;
        let ty = module.func_type(funcidx);
        let range = module.bodies[funcidx as usize - module.imported_funcs].clone();
        let (start, end) = (range.start as u64, range.end);
        let too_large = |words| {
            let message =
                format!("function {funcidx} needs a frame of {words} words; at most {MAX_FRAME_WORDS} are supported");
            Error::new(message, start)
        };
        self.reset(8 * range.len());
        let frame = FrameLayout::of(ty);
        self.header = frame.header as u16;
        self.locals.extend((0..).zip(ty.params()).map(|(slot, &ty)| Local { slot, class: ty.into() }));
        let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(&module.bytes[range], start));
        let mut declared = body.get_locals_reader()?;
        let mut operands = frame.locals();
        for _ in 0..declared.get_count() {
            let (count, ty) = declared.read()?;
            let slots = operands..operands + count as usize;
            operands = slots.end;
            if operands > MAX_FRAME_WORDS {
                return Err(too_large(operands));
            }
            self.locals.extend(slots.map(|slot| Local { slot: slot as u16, class: class_of(ty) }));
        }
        self.operands = operands as u16;
        self.enter(ty);
        let mut reader = Reader::new(&module.bytes[..end], declared.original_position() as usize);
        while !reader.is_done() {
            if T::SURVEYED {
                self.code.offset = reader.position() as u32;
            }
            self.operator(&mut reader);
            if self.trees.are_many() {
                self.keep_trees();
            }
        }
        let words = usize::from(self.operands) + self.max_height;
        if words > MAX_FRAME_WORDS {
            return Err(too_large(words));
        }
        let type_id = self.type_ids[self.module.funcs[funcidx as usize] as usize];
        let head = CodeHead { frame_bytes: words as u32 * 8, ..CodeHead::new(funcidx, ty, type_id) };
        Ok(self.code.code(&head))
    }

    /// Forgets the function before; code of the next will take some `size` bytes.
    fn reset(&mut self, size: usize) {
        self.code.reset(size);
        self.trees.clear();
        self.stack.clear();
        self.floor = 0;
        self.max_height = 0;
        self.acc_owner = Owners::new();
        self.forget_accs();
        self.frames.clear();
        self.skipping = None;
        self.begun = None;
        self.heads.clear();
        self.last_set = None;
        self.regions.clear();
        self.diamonds.clear();
        self.locals.clear();
    }
}

/// The class of a type wasmparser gave.
fn class_of(ty: wasmparser::ValType) -> Class {
    match ty {
        wasmparser::ValType::I32 => Class::I32,
        wasmparser::ValType::F32 => Class::F32,
        wasmparser::ValType::F64 => Class::F64,
        _ => Class::I64,
    }
}
