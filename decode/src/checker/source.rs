//! The source: a validated body as instructions of the checker's own, with everything resolved that the specification
//! resolves by structure: where branches lead and how high the operand stack is there, what cannot be reached, and what
//! fuel the regions cost.
//!
//! It is read with wasmparser's operators; lowering has a reader of its own.

use super::operators::{class_of, numeric};
use crate::cell::Amount;
use crate::layout::InstanceLayout;
use crate::ops::{Class, Effect, Kind, Op};
use crate::{Error, FuncIdx, FuncType, Module, TypeIdx};
use wasmparser::{BinaryReader, BlockType, FunctionBody, Operator};

/// Index of an instruction.
pub(super) type Pc = u32;

/// Where a branch leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Label {
    pub(super) pc: Pc,
    /// Height of the operand stack below the values that the branch takes.
    pub(super) height: u32,
    /// How many values it takes.
    pub(super) arity: u32,
}

/// One instruction. Indices of globals, tables, segments and functions are words of the instance already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Instr {
    /// Nothing, or what cannot be reached.
    Nop,
    /// A region's fuel.
    Fuel(u32),
    /// Fuel for a size, which is the topmost operand; with the table's word.
    Pay(Amount, u32),
    /// Goes on behind it, or at `otherwise`; both ways meet at `end`.
    If {
        otherwise: Pc,
        end: Pc,
    },
    /// Goes on there.
    Jump(Pc),
    /// A label's index.
    Br(u32),
    BrIf(u32),
    /// So many labels from this one on, the default one last.
    BrTable(u32, u32),
    Return,
    Unreachable,
    /// With the function's word.
    Call(u32, TypeIdx),
    /// With the table's word.
    CallIndirect(u32, TypeIdx),
    ReturnCall(u32, TypeIdx),
    ReturnCallIndirect(u32, TypeIdx),
    Drop,
    Select,
    Get(u32),
    Set(u32),
    Tee(u32),
    /// Sets a local to what it holds: code may do so or not.
    Keep(u32),
    GlobalGet(u32, Class),
    GlobalSet(u32),
    Const(u64, Class),
    Func(u32),
    Numeric(Op),
    /// With the static offset.
    Load(Op, u32),
    Store(Op, u32),
    MemorySize,
    MemoryGrow,
    MemoryFill,
    MemoryCopy,
    MemoryInit(u32),
    DataDrop(u32),
    TableGet(u32),
    TableSet(u32),
    TableSize(u32),
    TableGrow(u32),
    TableFill(u32),
    TableCopy(u32, u32),
    /// Table, segment.
    TableInit(u32, u32),
    ElemDrop(u32),
}

impl Instr {
    /// Whether executing it can be seen from outside, or chooses a way: the two sides must do so in step.
    pub(super) fn is_event(self) -> bool {
        match self {
            Self::Nop
            | Self::Jump(_)
            | Self::Br(_)
            | Self::Drop
            | Self::Select
            | Self::Get(_)
            | Self::Set(_)
            | Self::Tee(_)
            | Self::Keep(_)
            | Self::GlobalGet(..)
            | Self::Const(..)
            | Self::Func(_)
            | Self::MemorySize
            | Self::TableSize(_) => false,
            Self::Numeric(op) => op.info().effect != Effect::Pure,
            _ => true,
        }
    }
}

/// A function's body.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) instrs: Vec<Instr>,
    /// Of each instruction, its offset in the binary.
    pub(super) offsets: Vec<u32>,
    /// Of each instruction, whether branches lead there.
    pub(super) is_label: Vec<bool>,
    pub(super) labels: Vec<Label>,
    /// Classes of the locals, parameters first.
    pub(super) locals: Vec<Class>,
    /// How high the operand stack gets.
    pub(super) max_height: u32,
}

/// An open block.
struct Block {
    is_loop: bool,
    /// Where it begins.
    start: Pc,
    /// Height below its parameters.
    height: u32,
    params: u32,
    results: u32,
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
}

/// What was read of a local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    local: u32,
    version: u32,
    era: u32,
}

struct Builder<'a> {
    module: &'a Module,
    layout: InstanceLayout,
    metered: bool,
    source: Source,
    blocks: Vec<Block>,
    height: u32,
    /// Of each operand, which local it was read from, and since when the local has held it.
    reads: Vec<Option<Read>>,
    /// How many blocks began so far: code puts away what waits then.
    era: u32,
    /// Of each local, how often it was set so far.
    versions: Vec<u32>,
    /// Whether the next operator can be reached.
    reached: bool,
    offset: u32,
}

/// Reads the body of function `funcidx`.
pub(super) fn read(module: &Module, layout: InstanceLayout, funcidx: FuncIdx, metered: bool) -> Result<Source, Error> {
    let range = module.body(funcidx);
    let (start, ty) = (range.start as u64, module.func_type(funcidx));
    let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
    let mut locals: Vec<Class> = ty.params().iter().map(|&ty| ty.into()).collect();
    let params = locals.len();
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        locals.resize(locals.len() + count as usize, class_of(ty));
    }
    let zeroed = locals.len() - params;
    let source = Source {
        instrs: Vec::new(),
        offsets: Vec::new(),
        is_label: Vec::new(),
        labels: Vec::new(),
        locals,
        max_height: 0,
    };
    let (blocks, offset) = (Vec::new(), start as u32);
    let (reads, versions) = (Vec::new(), vec![0; source.locals.len()]);
    let mut builder =
        Builder { module, layout, metered, source, blocks, height: 0, reads, versions, era: 0, reached: true, offset };
    builder.open(false, 0, ty.results().len());
    let region = builder.region();
    builder.blocks[0].region = region;
    builder.charge(words(zeroed) + words(ty.results().len()));
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, offset) = operator?;
        builder.offset = offset as u32;
        builder.operator(&operator);
    }
    Ok(builder.source)
}

/// What so many words cost that are zeroed or moved.
fn words(count: usize) -> u32 {
    count as u32 / 8
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
        pc
    }

    /// Emits an instruction that takes `pops` operands and gives `pushes`.
    fn simple(&mut self, instr: Instr, pops: usize, pushes: usize) {
        self.emit(instr);
        self.height = self.height - pops as u32 + pushes as u32;
        let below = self.height as usize - pushes;
        self.reads.truncate(below);
        self.reads.resize(self.height as usize, None);
        self.source.max_height = self.source.max_height.max(self.height);
    }

    /// What reading a local now gives.
    fn read(&self, local: u32) -> Option<Read> {
        Some(Read { local, version: self.versions[local as usize], era: self.era })
    }

    /// Whether the topmost operand is what the local holds already: setting the local to it is nothing, and code may leave
    /// it out.
    fn is_read_of(&self, local: u32) -> bool {
        self.reads.get(self.height as usize - 1).copied().flatten() == self.read(local)
    }

    /// Nobody knows which locals the operands from `height` on were read from: they come by several ways.
    fn forget_reads(&mut self, height: u32) {
        self.reads.truncate(height as usize);
        self.reads.resize(self.height as usize, None);
    }

    /// Emits a region's payment, if there are any.
    fn region(&mut self) -> Option<Pc> {
        self.metered.then(|| self.emit(Instr::Fuel(0)))
    }

    /// The innermost region pays.
    fn charge(&mut self, cost: u32) {
        if let Some(pc) = self.blocks.iter().rev().find_map(|block| block.region)
            && let Instr::Fuel(sum) = &mut self.source.instrs[pc as usize]
        {
            *sum += cost;
        }
    }

    /// The region that ends costs something, whatever is in it.
    fn close(&mut self, block: &Block) {
        if let Some(pc) = block.region
            && let Instr::Fuel(sum) = &mut self.source.instrs[pc as usize]
        {
            *sum = (*sum).max(1);
        }
    }

    fn open(&mut self, is_loop: bool, params: usize, results: usize) {
        self.era += 1;
        let (start, params) = (self.here(), params as u32);
        self.blocks.push(Block {
            is_loop,
            start,
            height: self.height - params,
            params,
            results: results as u32,
            branch: None,
            otherwise: None,
            jump: None,
            ends: Vec::new(),
            reached: self.reached,
            region: None,
        });
    }

    fn arity(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(typeidx) => {
                let ty = &self.module.types[typeidx as usize];
                (ty.params().len(), ty.results().len())
            }
        }
    }

    /// The label `depth` blocks out.
    fn label(&mut self, depth: u32) -> u32 {
        let (index, here) = (self.blocks.len() - 1 - depth as usize, self.source.labels.len());
        let block = &mut self.blocks[index];
        let label = if block.is_loop {
            self.source.is_label[block.start as usize] = true;
            Label { pc: block.start, height: block.height, arity: block.params }
        } else {
            block.ends.push(here);
            Label { pc: 0, height: block.height, arity: block.results }
        };
        self.source.labels.push(label);
        here as u32
    }

    /// What follows cannot be reached.
    fn dead(&mut self) {
        self.reached = false;
        self.height = self.blocks.last().expect("an open block").height;
    }

    /// A branch costs more for what it moves.
    fn branch(&mut self, depth: u32) -> u32 {
        let label = self.label(depth);
        self.charge(words(self.source.labels[label as usize].arity as usize));
        label
    }

    fn end(&mut self) {
        let block = self.blocks.pop().expect("an open block");
        self.close(&block);
        let here = self.here();
        // Without an `else`, the other way leads here; the first arm's end does so if it can be reached.
        let other = block.branch.is_some() && block.otherwise.is_none();
        let joined = other || !block.ends.is_empty() || block.jump.is_some();
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
        self.height = block.height + block.results;
        self.source.max_height = self.source.max_height.max(self.height);
        if joined {
            self.forget_reads(block.height);
        }
        let instr = if self.blocks.is_empty() && self.reached { Instr::Return } else { Instr::Nop };
        let pc = self.emit(instr);
        self.source.is_label[pc as usize] = joined;
        if let (Some(outer), false) = (self.blocks.last(), self.reached) {
            self.height = outer.height;
        }
    }

    fn else_(&mut self) {
        let jump = self.reached.then(|| self.emit(Instr::Nop));
        let here = self.emit(Instr::Nop);
        let block = self.blocks.last_mut().expect("an open `if`");
        (block.jump, block.otherwise) = (jump, Some(here));
        (self.reached, self.height) = (true, block.height + block.params);
        let base = block.height;
        self.forget_reads(base);
    }

    fn call(&mut self, instr: Instr, ty: &FuncType, indirect: bool) {
        self.simple(instr, ty.params().len() + usize::from(indirect), ty.results().len());
    }

    fn pay(&mut self, amount: Amount, table: u32) {
        if self.metered {
            self.emit(Instr::Pay(amount, table));
        }
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        if !self.reached {
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => self.open(false, 0, 0),
                Operator::Else if self.blocks.last().is_some_and(|block| block.branch.is_some()) => self.else_(),
                Operator::End => self.end(),
                _ => {}
            }
            return;
        }
        let is_free = matches!(
            operator,
            Operator::Nop
                | Operator::Drop
                | Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::Else
                | Operator::End
        );
        self.charge(u32::from(!is_free));
        if let Some((op, offset)) = numeric(operator) {
            return match op.kind() {
                Kind::Unary => self.simple(Instr::Numeric(op), 1, 1),
                Kind::Binary => self.simple(Instr::Numeric(op), 2, 1),
                Kind::Load => self.simple(Instr::Load(op, offset), 1, 1),
                Kind::Store => self.simple(Instr::Store(op, offset), 2, 0),
                Kind::Ternary | Kind::Extract | Kind::Replace => unreachable!("functions with vectors are not checked"),
            };
        }
        let (module, layout) = (self.module, self.layout);
        let func = |index: u32| layout.func(FuncIdx(index)) as u32;
        let global = |index: u32| layout.global(index as usize) as u32;
        let table = |index: u32| layout.table(index as usize) as u32;
        let data = |index: u32| layout.data(index as usize) as u32;
        let element = |index: u32| layout.element(index as usize) as u32;
        match *operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.emit(Instr::Unreachable);
                self.dead();
            }
            Operator::Block { blockty } => {
                let (params, results) = self.arity(blockty);
                self.open(false, params, results);
            }
            Operator::Loop { blockty } => {
                let (params, results) = self.arity(blockty);
                self.open(true, params, results);
                self.emit(Instr::Nop);
                let region = self.region();
                self.blocks.last_mut().expect("just opened").region = region;
            }
            Operator::If { blockty } => {
                let (params, results) = self.arity(blockty);
                self.height -= 1;
                let branch = self.emit(Instr::If { otherwise: 0, end: 0 });
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
                self.simple(Instr::BrIf(label), 1, 0);
                let arity = self.source.labels[label as usize].arity;
                self.forget_reads(self.height - arity);
            }
            Operator::BrTable { ref targets } => {
                let first = self.source.labels.len() as u32;
                let depths = targets.targets().map(|depth| depth.expect("validated")).chain([targets.default()]);
                let depths: Vec<u32> = depths.collect();
                depths.iter().for_each(|&depth| _ = self.label(depth));
                self.charge(words(self.source.labels[first as usize].arity as usize));
                self.emit(Instr::BrTable(first, depths.len() as u32));
                self.dead();
            }
            Operator::Return => {
                self.charge(words(self.blocks[0].results as usize));
                self.emit(Instr::Return);
                self.dead();
            }
            Operator::Call { function_index } => {
                let typeidx = module.typeidx(FuncIdx(function_index));
                self.call(Instr::Call(func(function_index), typeidx), &module.types[typeidx.index()], false);
            }
            Operator::CallIndirect { type_index, table_index } => {
                let ty = &module.types[type_index as usize];
                self.call(Instr::CallIndirect(table(table_index), TypeIdx(type_index)), ty, true);
            }
            Operator::ReturnCall { function_index } => {
                let typeidx = module.typeidx(FuncIdx(function_index));
                self.emit(Instr::ReturnCall(func(function_index), typeidx));
                self.dead();
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.emit(Instr::ReturnCallIndirect(table(table_index), TypeIdx(type_index)));
                self.dead();
            }
            Operator::Drop => self.simple(Instr::Drop, 1, 0),
            Operator::Select | Operator::TypedSelect { .. } => self.simple(Instr::Select, 3, 1),
            Operator::LocalGet { local_index } => {
                self.simple(Instr::Get(local_index), 0, 1);
                *self.reads.last_mut().expect("just pushed") = self.read(local_index);
            }
            Operator::LocalSet { local_index } if self.is_read_of(local_index) => {
                self.emit(Instr::Keep(local_index));
                self.simple(Instr::Drop, 1, 0);
            }
            Operator::LocalSet { local_index } => {
                self.simple(Instr::Set(local_index), 1, 0);
                self.versions[local_index as usize] += 1;
            }
            Operator::LocalTee { local_index } if self.is_read_of(local_index) => {
                self.emit(Instr::Keep(local_index));
            }
            Operator::LocalTee { local_index } => {
                self.simple(Instr::Tee(local_index), 1, 1);
                self.versions[local_index as usize] += 1;
                *self.reads.last_mut().expect("just pushed") = self.read(local_index);
            }
            Operator::GlobalGet { global_index } => {
                let class = module.globals[global_index as usize].content.into();
                self.simple(Instr::GlobalGet(global(global_index), class), 0, 1);
            }
            Operator::GlobalSet { global_index } => self.simple(Instr::GlobalSet(global(global_index)), 1, 0),
            Operator::I32Const { value } => self.simple(Instr::Const(u64::from(value as u32), Class::I32), 0, 1),
            Operator::I64Const { value } => self.simple(Instr::Const(value as u64, Class::I64), 0, 1),
            Operator::F32Const { value } => self.simple(Instr::Const(value.bits().into(), Class::F32), 0, 1),
            Operator::F64Const { value } => self.simple(Instr::Const(value.bits(), Class::F64), 0, 1),
            Operator::RefNull { .. } => self.simple(Instr::Const(0, Class::I64), 0, 1),
            Operator::RefFunc { function_index } => self.simple(Instr::Func(func(function_index)), 0, 1),
            Operator::MemorySize { .. } => self.simple(Instr::MemorySize, 0, 1),
            Operator::MemoryGrow { .. } => {
                self.pay(Amount::Pages, 0);
                self.simple(Instr::MemoryGrow, 1, 1);
            }
            Operator::MemoryFill { .. } => {
                self.pay(Amount::Bytes, 0);
                self.simple(Instr::MemoryFill, 3, 0);
            }
            Operator::MemoryCopy { .. } => {
                self.pay(Amount::Bytes, 0);
                self.simple(Instr::MemoryCopy, 3, 0);
            }
            Operator::MemoryInit { data_index, .. } => {
                self.pay(Amount::Bytes, 0);
                self.simple(Instr::MemoryInit(data(data_index)), 3, 0);
            }
            Operator::DataDrop { data_index } => self.simple(Instr::DataDrop(data(data_index)), 0, 0),
            Operator::TableGet { table: index } => self.simple(Instr::TableGet(table(index)), 1, 1),
            Operator::TableSet { table: index } => self.simple(Instr::TableSet(table(index)), 2, 0),
            Operator::TableSize { table: index } => self.simple(Instr::TableSize(table(index)), 0, 1),
            Operator::TableGrow { table: index } => {
                self.pay(Amount::NewElements, table(index));
                self.simple(Instr::TableGrow(table(index)), 2, 1);
            }
            Operator::TableFill { table: index } => {
                self.pay(Amount::Elements, table(index));
                self.simple(Instr::TableFill(table(index)), 3, 0);
            }
            Operator::TableCopy { dst_table, src_table } => {
                self.pay(Amount::Elements, table(dst_table));
                self.simple(Instr::TableCopy(table(dst_table), table(src_table)), 3, 0);
            }
            Operator::TableInit { elem_index, table: index } => {
                self.pay(Amount::Elements, table(index));
                self.simple(Instr::TableInit(table(index), element(elem_index)), 3, 0);
            }
            Operator::ElemDrop { elem_index } => self.simple(Instr::ElemDrop(element(elem_index)), 0, 0),
            ref other => unreachable!("{other:?} is part of no feature that is supported"),
        }
    }
}
