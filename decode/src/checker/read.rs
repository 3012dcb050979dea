//! Reads a body's operators as the [source](super::source): with wasmparser's; lowering has a reader of its own.

mod blocks;
mod exceptions;
pub(super) mod objects;
mod spaces;

use super::operators::{Immediates, atomic, class_of, classes, halves, numeric, vector};
use super::source::{Instr, Label, Pc, Source};
use super::value::Access;
use crate::cell::Amount;
use crate::instruction::Instruction;
use crate::layout::InstanceLayout;
use crate::lower::Options;
use crate::ops::{Class, Kind, Op};
use crate::{Error, FuncIdx, FuncType, Module, TypeIdx};
use smallvec::SmallVec;
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// Classes of values.
type Classes = SmallVec<[Class; 4]>;

/// An open block.
struct Block {
    is_loop: bool,
    /// Where it begins.
    start: Pc,
    /// Height below its parameters.
    height: u32,
    params: Classes,
    results: Classes,
    /// The `if` that begins it.
    branch: Option<Pc>,
    /// Where its second arm begins.
    otherwise: Option<Pc>,
    /// The jump at the end of the first arm.
    jump: Option<Pc>,
    /// Labels that mean its end.
    ends: Vec<usize>,
    /// Whether it can be reached.
    reached: bool,
    /// Its region's instruction, if it is one that pays.
    region: Option<Pc>,
    /// The instruction by which what is in it is paid for: its own, or that of a block around it.
    pays: Option<Pc>,
    /// The scope that it is, or was before its first `catch`.
    scope: Option<u32>,
    /// The innermost scope that covers what is in it now.
    covered: Option<u32>,
}

/// A local: its first word, and its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Local {
    first: u32,
    class: Class,
}

/// What was read of a local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    local: Local,
    version: u32,
    era: u32,
}

/// A word of an operand.
#[derive(Debug, Clone, Copy)]
struct Word {
    /// The operand's class.
    class: Class,
    /// Which local the operand was read from, and since when the local has held it.
    read: Option<Read>,
}

struct Builder<'a> {
    module: &'a Module,
    layout: InstanceLayout,
    metered: bool,
    deterministic: bool,
    /// The function, if its calls of itself in tail position are a loop: it has parameters for locals alone.
    own: Option<FuncIdx>,
    source: Source,
    locals: Vec<Local>,
    blocks: Vec<Block>,
    operands: Vec<Word>,
    /// How many blocks began so far: code puts away what waits then.
    era: u32,
    /// Of each local, how often it was set so far.
    versions: Vec<u32>,
    /// Whether the next operator can be reached.
    reached: bool,
    offset: u32,
}

/// Reads the body of function `funcidx`.
pub(super) fn read(
    module: &Module,
    layout: InstanceLayout,
    funcidx: FuncIdx,
    options: Options,
) -> Result<Source, Error> {
    let range = module.body(funcidx);
    let (start, ty) = (range.start as u64, module.func_type(funcidx));
    let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
    let (mut locals, mut words) = (Vec::new(), Vec::new());
    let mut declare = |class: Class, count: usize| {
        for _ in 0..count {
            locals.push(Local { first: words.len() as u32, class });
            words.resize(words.len() + class.words(), class);
        }
    };
    ty.params().iter().for_each(|&ty| declare(ty.into(), 1));
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        declare(class_of(ty), count as usize);
    }
    let zeroed = words.len() - ty.param_words();
    let source = Source {
        instrs: Vec::new(),
        offsets: Vec::new(),
        is_label: Vec::new(),
        labels: Vec::new(),
        scopes: Vec::new(),
        covered: Vec::new(),
        locals: words,
        max_height: 0,
    };
    let mut builder = Builder {
        module,
        layout,
        metered: options.fuel,
        deterministic: options.deterministic,
        own: (options.tail_calls_loop() && zeroed == 0).then_some(funcidx),
        versions: vec![0; locals.len()],
        source,
        locals,
        blocks: Vec::new(),
        operands: Vec::new(),
        era: 0,
        reached: true,
        offset: start as u32,
    };
    let results: Classes = classes(ty.results()).collect();
    builder.open(false, Classes::new(), results);
    builder.begin_region();
    builder.charge(per_words(zeroed) + per_words(ty.result_words()));
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, offset) = operator?;
        builder.offset = offset as u32;
        builder.operator(&operator);
    }
    Ok(builder.source)
}

/// What so many words cost that are zeroed or moved.
fn per_words(count: usize) -> u64 {
    count as u64 / 8
}

/// How many words values of these classes have.
fn words(classes: &[Class]) -> usize {
    classes.iter().map(|class| class.words()).sum()
}

impl Builder<'_> {
    fn here(&self) -> Pc {
        self.source.instrs.len() as Pc
    }

    fn emit(&mut self, instr: Instr) -> Pc {
        let pc = self.here();
        self.source.instrs.push(instr);
        self.source.offsets.push(self.offset);
        self.source.is_label.push(false);
        self.source.covered.push(self.blocks.last().and_then(|block| block.covered));
        pc
    }

    fn height(&self) -> u32 {
        self.operands.len() as u32
    }

    fn push(&mut self, class: Class) {
        let word = Word { class, read: None };
        self.operands.resize(self.operands.len() + class.words(), word);
        self.source.max_height = self.source.max_height.max(self.height());
    }

    fn push_all(&mut self, classes: &[Class]) {
        classes.iter().for_each(|&class| self.push(class));
    }

    /// Takes the topmost value, and says its class.
    fn pop(&mut self) -> Class {
        let class = self.operands.last().expect("validation has counted the operands").class;
        self.operands.truncate(self.operands.len() - class.words());
        class
    }

    /// Emits an instruction that takes `pops` values and gives those of `pushes`.
    fn simple(&mut self, instr: Instr, pops: usize, pushes: &[Class]) {
        self.emit(instr);
        (0..pops).for_each(|_| _ = self.pop());
        self.push_all(pushes);
    }

    /// What reading a local now gives.
    fn read(&self, index: u32) -> Option<Read> {
        let local = self.locals[index as usize];
        Some(Read { local, version: self.versions[index as usize], era: self.era })
    }

    /// Whether the topmost value is what the local holds already: setting the local to it is nothing, and code may leave
    /// it out.
    fn is_read_of(&self, index: u32) -> bool {
        self.operands.last().is_some_and(|word| word.read == self.read(index))
    }

    /// The topmost value was read from the local.
    fn note_read(&mut self, index: u32) {
        let read = self.read(index);
        let words = self.locals[index as usize].class.words();
        self.operands.iter_mut().rev().take(words).for_each(|word| word.read = read);
    }

    /// Nobody knows which locals the operands from `height` on were read from: they come by several ways.
    fn forget_reads(&mut self, height: u32) {
        self.operands[height as usize..].iter_mut().for_each(|word| word.read = None);
    }

    /// The innermost block, just opened, pays for what is in it, if anything is paid for.
    fn begin_region(&mut self) {
        let region = self.metered.then(|| self.emit(Instr::Fuel(0)));
        let block = self.blocks.last_mut().expect("just opened");
        (block.region, block.pays) = (region, region);
    }

    /// The innermost region pays.
    fn charge(&mut self, cost: u64) {
        if let Some(pc) = self.blocks.last().and_then(|block| block.pays)
            && let Instr::Fuel(sum) = &mut self.source.instrs[pc as usize]
        {
            *sum += cost;
        }
    }

    fn call(&mut self, instr: Instr, ty: &FuncType, indirect: bool) {
        let results: Classes = classes(ty.results()).collect();
        self.simple(instr, ty.params().len() + usize::from(indirect), &results);
    }

    /// The function calls itself in tail position, which is a loop: the parameters are set to the operands at the top.
    fn begin_anew(&mut self) {
        let parameters = self.locals.len();
        for index in (0..parameters).rev() {
            self.simple(Instr::Set(self.locals[index].first), 1, &[]);
            self.versions[index] += 1;
        }
        // What branches back stands behind where it leads.
        self.emit(Instr::Nop);
        self.source.is_label[0] = true;
        let label = self.source.labels.len() as u32;
        self.source.labels.push(Label { pc: 0, height: 0, arity: 0, drops: false });
        self.emit(Instr::Br(label));
        self.dead();
    }

    fn pay(&mut self, amount: Amount, table: u32) {
        if self.metered {
            self.emit(Instr::Pay(amount, table));
        }
    }

    /// An operator of the table, and what makes its NaNs canonical.
    fn operator_of(&mut self, op: Op, immediates: Immediates) {
        let Immediates { lane, bytes, .. } = immediates;
        let result = [op.info().result];
        match op.kind() {
            Kind::Unary => self.simple(Instr::Numeric(op), 1, &result),
            Kind::Binary => self.simple(Instr::Numeric(op), 2, &result),
            Kind::Ternary => {
                if op == Op::I8x16Shuffle {
                    self.constant(bytes);
                }
                self.simple(Instr::Numeric(op), 3, &result);
            }
            Kind::Extract => self.simple(Instr::Lane(op, lane), 1, &result),
            Kind::Replace => self.simple(Instr::Lane(op, lane), 2, &result),
            Kind::Load => self.simple(Instr::Load(op, self.access(immediates)), 1, &result),
            Kind::Store => self.simple(Instr::Store(op, self.access(immediates)), 2, &[]),
        }
        if self.deterministic
            && let Some(canonical) = op.canonical_nans()
        {
            self.simple(Instr::Numeric(canonical), 1, &result);
        }
    }

    fn access(&self, Immediates { memarg: (memory, offset), .. }: Immediates) -> Access {
        Access { memory: self.layout.memory(memory as usize) as u32, offset }
    }

    /// A vector.
    fn constant(&mut self, bytes: [u8; 16]) {
        self.simple(Instr::Vector(halves(bytes)), 0, &[Class::V128]);
    }

    fn vector(&mut self, instruction: Instruction, immediates: Immediates) {
        let Immediates { lane, bytes, .. } = immediates;
        match instruction {
            Instruction::V128Const => self.constant(bytes),
            Instruction::Vector(op) => self.operator_of(op, immediates),
            Instruction::Relaxed(relaxed) => self.operator_of(relaxed.operator(self.deterministic), immediates),
            Instruction::LoadLane(load) => {
                self.simple(Instr::LoadLane(load.parts(), self.access(immediates), lane), 2, &[Class::V128]);
            }
            Instruction::StoreLane(store) => {
                self.simple(Instr::StoreLane(store.parts(), self.access(immediates), lane), 2, &[]);
            }
            other => unreachable!("{other:?} is no operator on vectors"),
        }
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        if !self.reached {
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    self.open(false, Classes::new(), Classes::new())
                }
                Operator::Else if self.blocks.last().is_some_and(|block| block.branch.is_some()) => self.else_(),
                Operator::End => self.end(),
                other => self.skip_exception(other),
            }
            return;
        }
        let is_free = matches!(
            operator,
            Operator::Nop
                | Operator::Drop
                | Operator::AnyConvertExtern
                | Operator::ExternConvertAny
                | Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::Try { .. }
                | Operator::TryTable { .. }
                | Operator::Delegate { .. }
                | Operator::Else
                | Operator::End
        );
        self.charge(u64::from(!is_free));
        if let Some((op, memarg)) = numeric(operator) {
            return self.operator_of(op, Immediates { memarg, ..Immediates::default() });
        }
        if let Some((atomic, memarg)) = atomic(operator) {
            let access = self.access(Immediates { memarg, ..Immediates::default() });
            let results = atomic.result();
            return self.simple(Instr::Atomic(atomic, access), 1 + atomic.operands().len(), results.as_slice());
        }
        if let Some((instruction, immediates)) = vector(operator) {
            return self.vector(instruction, immediates);
        }
        if self.object(operator) || self.exception(operator) {
            return;
        }
        let (module, layout) = (self.module, self.layout);
        let func = |index: u32| layout.func(FuncIdx(index)) as u32;
        let global = |index: u32| layout.global(index as usize) as u32;
        let table = |index: u32| layout.table(index as usize) as u32;
        match *operator {
            Operator::Nop => {}
            Operator::AtomicFence { .. } => self.simple(Instr::Fence, 0, &[]),
            Operator::Unreachable => {
                self.emit(Instr::Unreachable);
                self.dead();
            }
            Operator::Block { blockty } => {
                let (params, results) = self.block_type(blockty);
                self.open(false, params, results);
            }
            Operator::Loop { blockty } => {
                let (params, results) = self.block_type(blockty);
                self.open(true, params, results);
                self.emit(Instr::Nop);
                self.begin_region();
            }
            Operator::If { blockty } => {
                let (params, results) = self.block_type(blockty);
                let branch = self.here();
                self.simple(Instr::If { otherwise: 0, end: 0 }, 1, &[]);
                self.open(false, params, results);
                self.blocks.last_mut().expect("just opened").branch = Some(branch);
            }
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => {
                let label = self.branch(relative_depth);
                self.emit(Instr::Br(label));
                self.dead();
            }
            Operator::BrIf { relative_depth } => {
                let label = self.branch(relative_depth);
                self.simple(Instr::BrIf(label), 1, &[]);
                let arity = self.source.labels[label as usize].arity;
                self.forget_reads(self.height() - arity);
            }
            Operator::BrTable { ref targets } => {
                let first = self.source.labels.len() as u32;
                let depths = targets.targets().map(|depth| depth.expect("validated")).chain([targets.default()]);
                let depths: Vec<u32> = depths.collect();
                depths.iter().for_each(|&depth| _ = self.label(depth));
                self.charge(per_words(self.source.labels[first as usize].arity as usize));
                self.emit(Instr::BrTable(first, depths.len() as u32));
                self.dead();
            }
            Operator::Return => {
                self.charge(per_words(words(&self.blocks[0].results)));
                self.emit(Instr::Return);
                self.dead();
            }
            Operator::Call { function_index } => {
                let typeidx = module.typeidx(FuncIdx(function_index));
                self.call(Instr::Call(func(function_index), typeidx), module.signature(typeidx), false);
            }
            Operator::CallIndirect { type_index, table_index } => {
                let ty = module.signature(TypeIdx(type_index));
                self.table_index(table_index);
                let typeidx = TypeIdx(type_index);
                if module.types[typeidx.index()].is_final {
                    self.call(Instr::CallIndirect(table(table_index), typeidx), ty, true);
                } else {
                    self.simple(Instr::TableFunc(table(table_index), typeidx), 1, &[Class::I64]);
                    self.call(Instr::CallRef(typeidx), ty, true);
                }
            }
            Operator::ReturnCall { function_index } if self.own == Some(FuncIdx(function_index)) => self.begin_anew(),
            Operator::ReturnCall { function_index } => {
                let typeidx = module.typeidx(FuncIdx(function_index));
                self.emit(Instr::ReturnCall(func(function_index), typeidx));
                self.dead();
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.table_index(table_index);
                let typeidx = TypeIdx(type_index);
                if module.types[typeidx.index()].is_final {
                    self.emit(Instr::ReturnCallIndirect(table(table_index), typeidx));
                } else {
                    self.simple(Instr::TableFunc(table(table_index), typeidx), 1, &[Class::I64]);
                    self.emit(Instr::ReturnCallRef(typeidx));
                }
                self.dead();
            }
            Operator::CallRef { type_index } => {
                let typeidx = TypeIdx(type_index);
                self.call(Instr::CallRef(typeidx), module.signature(typeidx), true);
            }
            Operator::ReturnCallRef { type_index } => {
                self.emit(Instr::ReturnCallRef(TypeIdx(type_index)));
                self.dead();
            }
            Operator::BrOnNull { relative_depth } => {
                let label = self.branch(relative_depth);
                self.source.labels[label as usize].drops = true;
                self.simple(Instr::IsNull, 0, &[Class::I32]);
                self.simple(Instr::BrIf(label), 1, &[]);
                let arity = self.source.labels[label as usize].arity;
                self.forget_reads(self.height() - 1 - arity);
            }
            Operator::BrOnNonNull { relative_depth } => {
                let label = self.branch(relative_depth);
                self.simple(Instr::IsNull, 0, &[Class::I32]);
                self.simple(Instr::Numeric(Op::I32Eqz), 1, &[Class::I32]);
                self.simple(Instr::BrIf(label), 1, &[]);
                let arity = self.source.labels[label as usize].arity;
                self.forget_reads(self.height() - arity);
                self.simple(Instr::Drop, 1, &[]);
            }
            Operator::Drop => self.simple(Instr::Drop, 1, &[]),
            Operator::Select | Operator::TypedSelect { .. } => {
                self.emit(Instr::Select);
                self.pop();
                self.pop();
                let class = self.pop();
                self.push(class);
            }
            Operator::LocalGet { local_index } => {
                let Local { first, class } = self.locals[local_index as usize];
                self.simple(Instr::Get(first), 0, &[class]);
                self.note_read(local_index);
            }
            Operator::LocalSet { local_index } if self.is_read_of(local_index) => {
                self.emit(Instr::Keep(self.locals[local_index as usize].first));
                self.simple(Instr::Drop, 1, &[]);
            }
            Operator::LocalSet { local_index } => {
                self.simple(Instr::Set(self.locals[local_index as usize].first), 1, &[]);
                self.versions[local_index as usize] += 1;
            }
            Operator::LocalTee { local_index } if self.is_read_of(local_index) => {
                self.emit(Instr::Keep(self.locals[local_index as usize].first));
            }
            Operator::LocalTee { local_index } => {
                let Local { first, class } = self.locals[local_index as usize];
                self.simple(Instr::Tee(first), 1, &[class]);
                self.versions[local_index as usize] += 1;
                self.note_read(local_index);
            }
            Operator::GlobalGet { global_index } => {
                let class = module.globals[global_index as usize].content.into();
                self.simple(Instr::GlobalGet(global(global_index), class), 0, &[class]);
            }
            Operator::GlobalSet { global_index } => self.simple(Instr::GlobalSet(global(global_index)), 1, &[]),
            Operator::I32Const { value } => {
                self.simple(Instr::Const(u64::from(value as u32), Class::I32), 0, &[Class::I32])
            }
            Operator::I64Const { value } => self.simple(Instr::Const(value as u64, Class::I64), 0, &[Class::I64]),
            Operator::F32Const { value } => {
                self.simple(Instr::Const(value.bits().into(), Class::F32), 0, &[Class::F32])
            }
            Operator::F64Const { value } => self.simple(Instr::Const(value.bits(), Class::F64), 0, &[Class::F64]),
            Operator::RefNull { .. } => self.simple(Instr::Const(0, Class::I64), 0, &[Class::I64]),
            Operator::RefFunc { function_index } => self.simple(Instr::Func(func(function_index)), 0, &[Class::I64]),
            Operator::I64Add128 => self.simple(Instr::Wide(Op::I64Add128), 4, &[Class::I64; 2]),
            Operator::I64Sub128 => self.simple(Instr::Wide(Op::I64Sub128), 4, &[Class::I64; 2]),
            Operator::I64MulWideS => self.simple(Instr::Wide(Op::I64MulWideS), 2, &[Class::I64; 2]),
            Operator::I64MulWideU => self.simple(Instr::Wide(Op::I64MulWideU), 2, &[Class::I64; 2]),
            ref other => self.memory_or_table(other),
        }
    }
}
