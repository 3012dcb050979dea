//! Lowering: one validated function body to threaded code, in one pass over its operators.
//!
//! Lowering is three objects, and what hands operators to them:
//!
//! - `operands`: the operand stack. Operators that compute become expression trees (`tree`) which wait there until something
//!   consumes them: a `local.set`, a store, a branch, a call. Then the tree becomes one cell (`statement`) if the machine has a
//!   handler for it; what is too big is cut into parts that do have one (`fit`), which [`Target`] decides. `accumulators` says
//!   what lies in `r0` and `v0`, `transfer` puts values where others look for them, and `emit` packs the cells and joins
//!   neighbours where one handler does both.
//! - `blocks`: the open blocks, with their `labels`, their branches and returns; `if_conversion` makes selections of small
//!   `if`s, `loops` lowers how loops begin twice, and has short ones `carried` in registers, whose cell `carry` makes.
//! - `definite`: which locals are zeroed.
//! - `temporaries`: locals that are no more than names for values, where nobody has optimised.
//! - `metering`: what the operators cost.
//! - `place`, `places`: where execution may stand still, and where the values of its frame are then.
//! - `catching`: which handlers of exceptions cover what.
//! - `translate`, `calls`, `exceptions`, `memory`, `table`, `vectors` and `wide`: what each operator does to these three.
//!
//! Validation comes first ([`crate::Module::new`]): nothing here checks types again. Memory is linear in the body's size;
//! so is time, but for what a byte of it may declare or name: 50,000 locals, a block or function type of 1,000 values.
//! Nothing recurses on the input's depth (trees are as deep as the deepest handler).

mod accumulators;
mod arena;
mod blocks;
mod calls;
mod carried;
mod carry;
mod catching;
mod code;
mod definite;
mod emit;
mod exceptions;
mod fit;
mod if_conversion;
mod labels;
mod loops;
mod memory;
mod metering;
mod mutants;
mod objects;
mod operands;
pub(crate) mod place;
mod places;
pub(crate) mod read;
mod shuffles;
mod sink;
mod slot;
mod statement;
pub mod survey;
pub mod surveying;
mod table;
mod target;
mod temporaries;
#[cfg(test)]
mod tests;
mod transfer;
mod translate;
mod tree;
mod vectors;
mod wide;

pub use arena::Arena;
pub use code::Code;
pub use target::{Options, Target, Tile};

use crate::layout::{CodeHead, FrameLayout, InstanceLayout, MAX_FRAME_WORDS};
use crate::ops::Class;
use crate::{Error, FuncIdx, FuncType, Module, TypeId};
use arena::Kept;
use blocks::Blocks;
use bumpalo::collections::Vec;
use definite::Definite;
use emit::{Emitter, Position, ZEROES_BYTES};
use labels::{BlockType, Construct};
use metering::Metering;
use operands::Operands;
use place::Stand;
use read::Reader;
use slot::Slot;
use survey::Survey;
use temporaries::Temporaries;

/// One local of the function.
#[derive(Debug, Clone, Copy)]
struct Local {
    slot: Slot,
    class: Class,
    is_reference: bool,
}

/// Lowers functions of one module, one after the other.
#[derive(Debug)]
pub struct Lowering<'a, T> {
    module: &'a Module,
    layout: InstanceLayout,
    type_ids: &'a [TypeId],
    options: Options,
    target: &'a T,
    arena: &'a mut Arena,
    /// What is noted of the function, for a target that is [`Target::SURVEYED`].
    survey: Option<Box<Survey>>,
}

impl<'a, T: Target> Lowering<'a, T> {
    /// Of functions of `module`. `type_ids` gives the engine-wide id of every typeidx. The arena may have been used before.
    pub fn new(
        module: &'a Module,
        type_ids: &'a [TypeId],
        options: Options,
        target: &'a T,
        arena: &'a mut Arena,
    ) -> Self {
        Self::surveyed(module, type_ids, options, target, arena, None)
    }

    /// As [`Lowering::new`], with a survey of the one function that is to be lowered, for a target that is
    /// [`Target::SURVEYED`].
    pub(crate) fn surveyed(
        module: &'a Module,
        type_ids: &'a [TypeId],
        options: Options,
        target: &'a T,
        arena: &'a mut Arena,
        survey: Option<Box<Survey>>,
    ) -> Self {
        Self { module, layout: InstanceLayout::of(module), type_ids, options, target, arena, survey }
    }

    /// Lowers function `funcidx`, which is not an imported one.
    ///
    /// # Errors
    /// The frame would pass [`MAX_FRAME_WORDS`] (which [`Module::new`] refuses already).
    ///
    /// # Panics
    /// The module has no such function, or it is imported; there are fewer type ids than types.
    pub fn lower(&mut self, funcidx: FuncIdx) -> Result<Code, Error> {
        let module = self.module;
        let ty = module.func_type(funcidx);
        let range = module.body(funcidx);
        let (start, end) = (range.start as u64, range.end);
        let too_large = |words| {
            let message =
                format!("function {funcidx} needs a frame of {words} words; at most {MAX_FRAME_WORDS} are supported");
            Error::new(message, start)
        };
        let (arena, kept) = self.arena.empty();
        let Kept { code: bytes, branches, noted, trees, stack, begins, candidates, regions } = std::mem::take(kept);
        let survey = if T::SURVEYED { self.survey.take() } else { None };
        let size = 8 * range.len();
        let code = Emitter::new((bytes, branches, noted), size, self.target, self.options, survey);
        let frame = FrameLayout::of(ty);
        let mut locals = Vec::with_capacity_in(16, arena);
        let mut first = 0;
        for &ty in ty.params() {
            locals.push(Local {
                slot: Slot(first as u16),
                class: ty.into(),
                is_reference: matches!(ty, crate::ValType::Ref(_)),
            });
            first += ty.words();
        }
        let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(&module.bytes[range], start));
        let mut declared = body.get_locals_reader()?;
        first = frame.locals();
        for _ in 0..declared.get_count() {
            let (count, ty) = declared.read()?;
            let class = class_of(ty);
            let slots = first..first + count as usize * class.words();
            first = slots.end;
            if first > MAX_FRAME_WORDS {
                return Err(too_large(first));
            }
            let is_reference = matches!(ty, wasmparser::ValType::Ref(_));
            let local = |slot| Local { slot: Slot(slot as u16), class, is_reference };
            locals.extend(slots.step_by(class.words()).map(local));
        }
        let mut reader = Reader::new(&module.bytes[..end], declared.original_position() as usize);
        let temporaries = Temporaries::new(arena, &locals, ty.params().len(), &reader, end - start as usize);
        let mut function = Function {
            module,
            layout: self.layout,
            type_ids: self.type_ids,
            locals,
            blocks: Blocks::new_in(arena, begins, candidates, self.options),
            metering: Metering::new(regions, self.options),
            operands: Operands::new(code, trees, stack, Slot(frame.header as u16), Slot(first as u16)),
            temporaries,
            deterministic: self.options.deterministic,
            funcidx,
            start: None,
        };
        let entry = reader.position() as u32;
        function.enter(ty, &reader, end - start as usize);
        if self.options.tail_calls_loop() && first == frame.locals() {
            function.start = Some(function.operands.code.label());
        }
        function.operands.trees.wait(function.temporaries.are_any());
        if function.temporaries.are_any() {
            reader = function.attend(reader);
        }
        while !reader.is_done() {
            if T::SURVEYED {
                function.operands.code.offset = reader.position() as u32;
            }
            function.operator(&mut reader);
            if function.operands.trees.need_attention() {
                reader = function.attend(reader);
            }
        }
        let words = first + function.operands.max_height;
        if words > MAX_FRAME_WORDS {
            return Err(too_large(words));
        }
        let type_id = self.type_ids[module.typeidx(funcidx).index()];
        let head = CodeHead { frame_bytes: words as u32 * 8, ..CodeHead::new(funcidx, ty, type_id) };
        let mut emitter = function.operands.code;
        emitter.ask_for_others();
        let mut left = if first > frame.locals() { ZEROES_BYTES } else { 0 };
        if let Some(zeroes) = emitter.definite.zeroes(&function.locals, ty.params().len(), first as u16) {
            emitter.zero(zeroes, entry);
            left = 0;
        }
        let code = emitter.code(&head, left);
        *kept = Kept {
            code: emitter.bytes,
            branches: emitter.branches,
            noted: emitter.noted,
            trees: function.operands.trees,
            stack: function.operands.stack,
            begins: function.blocks.labels.begins,
            candidates: function.blocks.selections.candidates,
            regions: function.metering.regions,
        };
        if T::SURVEYED {
            self.survey = emitter.survey;
        }
        Ok(code)
    }
}

/// One function while it is lowered.
#[derive(Debug)]
struct Function<'a, T> {
    module: &'a Module,
    layout: InstanceLayout,
    type_ids: &'a [TypeId],
    locals: Vec<'a, Local>,
    blocks: Blocks<'a>,
    metering: Metering,
    operands: Operands<'a, T>,
    temporaries: Temporaries<'a>,
    /// See [`Options`].
    deterministic: bool,
    funcidx: FuncIdx,
    /// Where the function goes on that calls itself in tail position, if there it may: behind what it begins with. Its frame is the same, and
    /// it has no locals but parameters.
    start: Option<Position>,
}

impl<'a, T: Target> Function<'a, T> {
    /// Begins a function of type `ty`, whose body `reader` reads, of so many bytes: opens its block and its region. Which of its locals
    /// are to be zeroed is known at its end.
    fn enter(&mut self, ty: &'a FuncType, reader: &Reader<'a>, bytes: usize) {
        self.blocks.open(&mut self.operands, Construct::Function, BlockType::Body(ty));
        if T::SURVEYED {
            self.operands.code.offset = reader.position() as u32;
        }
        let params = ty.params().len();
        if self.locals.len() > params {
            self.operands.code.leave_room();
            self.operands.code.definite = Definite::new(params..self.locals.len());
        }
        self.operands.note_place(Stand::Entry);
        self.metering.enter(&mut self.operands, reader, bytes);
        let count = usize::from(self.operands.first.0) - FrameLayout::of(ty).locals();
        self.metering.charge_words(|| count);
        self.metering.charge_words(|| ty.result_words());
    }
}

/// The class of a type wasmparser gave.
fn class_of(ty: wasmparser::ValType) -> Class {
    match ty {
        wasmparser::ValType::I32 => Class::I32,
        wasmparser::ValType::F32 => Class::F32,
        wasmparser::ValType::F64 => Class::F64,
        wasmparser::ValType::I64 | wasmparser::ValType::Ref(_) => Class::I64,
        wasmparser::ValType::V128 => Class::V128,
    }
}
