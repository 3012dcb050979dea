//! Programs as trees, before they become bytes: what generators make and the shrinker cuts.

use super::memories::{Other, Style};
use crate::outcome::{FloatAreas, Type};
use crate::program::{LOOK, Program};
use std::borrow::Cow;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection, Instruction,
    MemorySection, TableSection, TypeSection, ValType,
};

/// Kind of block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Construct {
    /// `block`.
    Block,
    /// `loop`.
    Loop,
    /// `if`; the condition is the last operand.
    If,
}

/// What a node does with its operands.
#[derive(Debug, Clone)]
pub enum Op {
    /// An instruction.
    Plain(Instruction<'static>),
    /// Nothing: the value lies on the stack already (a parameter of a block).
    Given,
    /// Nothing: the operands follow each other.
    Seq,
    /// A block with its type and bodies.
    Block(Construct, u32, Vec<Node>, Vec<Node>),
}

/// An instruction and what computes its operands. Operands are evaluated in order, and need not be one node a value.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Operands.
    pub kids: Vec<Self>,
    /// Types of what it leaves.
    pub results: Vec<Type>,
}

impl Node {
    /// An instruction.
    pub fn plain(instruction: Instruction<'static>, kids: Vec<Self>, results: &[Type]) -> Self {
        Self { op: Op::Plain(instruction), kids, results: results.to_vec() }
    }

    /// Nothing at all.
    pub fn nothing() -> Self {
        Self { op: Op::Seq, kids: Vec::new(), results: Vec::new() }
    }

    /// Nodes one after the other, of which the last gives `results`.
    pub fn seq(kids: Vec<Self>, results: &[Type]) -> Self {
        Self { op: Op::Seq, kids, results: results.to_vec() }
    }

    /// Zero of a type.
    pub fn zero(ty: Type) -> Self {
        let instruction = match ty {
            Type::I32 => Instruction::I32Const(0),
            Type::I64 => Instruction::I64Const(0),
            Type::F32 => Instruction::F32Const(0.0_f32.into()),
            Type::F64 => Instruction::F64Const(0.0_f64.into()),
            Type::V128 => Instruction::V128Const(0),
            Type::Func => Instruction::RefNull(HeapType::FUNC),
            Type::Extern => Instruction::RefNull(HeapType::EXTERN),
            Type::Ref { .. } => unreachable!("trees have no such type"),
        };
        Self::plain(instruction, Vec::new(), &[ty])
    }

    fn emit(&self, function: &mut Function, types: &Types) {
        self.kids.iter().for_each(|kid| kid.emit(function, types));
        match &self.op {
            Op::Plain(instruction) => {
                function.instruction(instruction);
            }
            Op::Given | Op::Seq => {}
            Op::Block(construct, ty, body, other) => {
                let ty = types.block_type(*ty);
                function.instruction(&match construct {
                    Construct::Block => Instruction::Block(ty),
                    Construct::Loop => Instruction::Loop(ty),
                    Construct::If => Instruction::If(ty),
                });
                body.iter().for_each(|node| node.emit(function, types));
                if !other.is_empty() {
                    function.instruction(&Instruction::Else);
                    other.iter().for_each(|node| node.emit(function, types));
                }
                function.instruction(&Instruction::End);
            }
        }
    }

    /// Changes all instructions, but those that begin blocks.
    pub(super) fn each_instruction(&mut self, change: &impl Fn(&mut Instruction<'static>)) {
        match &mut self.op {
            Op::Plain(instruction) => change(instruction),
            Op::Block(_, _, body, other) => {
                body.iter_mut().chain(other).for_each(|node| node.each_instruction(change));
            }
            Op::Given | Op::Seq => {}
        }
        self.kids.iter_mut().for_each(|kid| kid.each_instruction(change));
    }

    /// How many nodes there are in this tree.
    pub fn count(&self) -> usize {
        let bodies = match &self.op {
            Op::Block(_, _, body, other) => body.iter().chain(other).map(Self::count).sum(),
            _ => 0,
        };
        1 + bodies + self.kids.iter().map(Self::count).sum::<usize>()
    }

    /// Node number `at` in the tree, and counts `at` down by the nodes passed.
    pub fn find(&mut self, at: &mut usize) -> Option<&mut Self> {
        if *at == 0 {
            return Some(self);
        }
        *at -= 1;
        let bodies = match &mut self.op {
            Op::Block(_, _, body, other) => [body.as_mut_slice(), other.as_mut_slice()],
            _ => [&mut [][..], &mut [][..]],
        };
        let mut parts = self.kids.iter_mut().chain(bodies.into_iter().flatten());
        parts.find_map(|part| part.find(at))
    }
}

/// Parameters and results.
pub type Signature = (Vec<Type>, Vec<Type>);

/// The function types of a module.
#[derive(Debug, Clone, Default)]
pub struct Types(Vec<Signature>);

impl Types {
    /// The index of a type, which is added if it is new.
    pub fn index(&mut self, params: &[Type], results: &[Type]) -> u32 {
        let found = self.0.iter().position(|(p, r)| p == params && r == results);
        found.unwrap_or_else(|| {
            self.0.push((params.to_vec(), results.to_vec()));
            self.0.len() - 1
        }) as u32
    }

    /// All of them, by index.
    pub fn signatures(&self) -> &[Signature] {
        &self.0
    }

    fn block_type(&self, index: u32) -> BlockType {
        match &self.0[index as usize] {
            (params, results) if params.is_empty() && results.is_empty() => BlockType::Empty,
            (params, results) if params.is_empty() && results.len() == 1 => BlockType::Result(val_type(results[0])),
            _ => BlockType::FunctionType(index),
        }
    }
}

/// A type for the encoder.
pub fn val_type(ty: Type) -> ValType {
    match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
        Type::Func => ValType::FUNCREF,
        Type::Extern => ValType::EXTERNREF,
        Type::Ref { .. } => unreachable!("trees have no such type"),
    }
}

/// An import.
#[derive(Debug, Clone)]
pub enum Import {
    /// A function of a type.
    Func(u32),
    /// A mutable global.
    Global(Type),
    /// The memory.
    Memory,
    /// The table.
    Table,
    /// A memory or table in front.
    Other(Other),
}

/// A function.
#[derive(Debug, Clone)]
pub struct FuncSpec {
    /// Index of its type.
    pub ty: u32,
    /// Its locals besides the parameters.
    pub locals: Vec<Type>,
    /// What it does.
    pub body: Vec<Node>,
}

/// A module.
#[derive(Debug, Clone, Default)]
pub struct ModuleSpec {
    /// Its types.
    pub types: Types,
    /// Module, name and kind of its imports.
    pub imports: Vec<(String, String, Import)>,
    /// How many of the imports are functions.
    pub imported_funcs: u32,
    /// How many of the imports are globals.
    pub imported_globals: u32,
    /// Its own functions.
    pub funcs: Vec<FuncSpec>,
    /// Its own globals, all mutable, with their bits.
    pub globals: Vec<(Type, u64)>,
    /// Name under which a global is exported, besides the default one.
    pub named_globals: Vec<(u32, String)>,
    /// Whether it has a memory of its own.
    pub memory: bool,
    /// Whether it has a table of its own.
    pub table: bool,
    /// Active element segments: offset and functions.
    pub elements: Vec<(u32, Vec<u32>)>,
    /// The functions of the passive element segments, which come first.
    pub passive: Vec<Vec<u32>>,
    /// The bytes of the active data segment, at 0.
    pub data: Vec<u8>,
    /// The bytes of the passive data segments, which come first.
    pub passive_data: Vec<Vec<u8>>,
    /// What is exported, if not everything of its own under the usual names.
    pub exports: Option<Vec<(String, ExportKind, u32)>>,
    /// Of which types the memory and the table are, and how many stand in front.
    pub style: Style,
    /// Memories and tables of its own that stand in front.
    pub others: Vec<Other>,
    /// If the memory is shared: a function that copies it to another, which can be looked at. That is the last memory, and exported.
    pub look: Option<FuncSpec>,
}

/// Most pages of a generated memory.
pub const MAX_PAGES: u64 = 3;
/// Elements of a generated table at first, and at most.
pub const TABLE: (u64, u64) = (16, 24);

/// An offset of a segment.
fn address(offset: u32, is_64: bool) -> ConstExpr {
    if is_64 { ConstExpr::i64_const(offset.into()) } else { ConstExpr::i32_const(offset as i32) }
}

fn global_type(ty: Type) -> GlobalType {
    GlobalType { val_type: val_type(ty), mutable: true, shared: false }
}

impl ModuleSpec {
    /// The binary module.
    pub fn encode(&self) -> Vec<u8> {
        let mut types = TypeSection::new();
        for (params, results) in &self.types.0 {
            types.ty().function(params.iter().map(|&ty| val_type(ty)), results.iter().map(|&ty| val_type(ty)));
        }
        let mut imports = ImportSection::new();
        for (module, name, import) in &self.imports {
            let entity = match import {
                Import::Func(ty) => EntityType::Function(*ty),
                Import::Global(ty) => global_type(*ty).into(),
                Import::Memory => self.style.memory_type().into(),
                Import::Table => self.style.table_type().into(),
                Import::Other(Other::Memory(ty)) => (*ty).into(),
                Import::Other(Other::Table(ty)) => (*ty).into(),
            };
            imports.import(module, name, entity);
        }
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        let mut exports = ExportSection::new();
        for (i, func) in self.funcs.iter().chain(&self.look).enumerate() {
            functions.function(func.ty);
            let mut body = Function::new_with_locals_types(func.locals.iter().map(|&ty| val_type(ty)));
            func.body.iter().for_each(|node| node.emit(&mut body, &self.types));
            body.instruction(&Instruction::End);
            code.function(&body);
            if self.exports.is_none() && i < self.funcs.len() {
                exports.export(&format!("f{i}"), ExportKind::Func, self.imported_funcs + i as u32);
            }
        }
        if self.look.is_some() {
            exports.export(LOOK, ExportKind::Func, self.imported_funcs + self.funcs.len() as u32);
            exports.export("seen", ExportKind::Memory, self.style.memories + 1);
        }
        let mut globals = GlobalSection::new();
        for (i, &(ty, bits)) in self.globals.iter().enumerate() {
            let value = match ty {
                Type::I32 => ConstExpr::i32_const(bits as i32),
                Type::I64 => ConstExpr::i64_const(bits as i64),
                Type::F32 => ConstExpr::f32_const(f32::from_bits(bits as u32).into()),
                Type::F64 => ConstExpr::f64_const(f64::from_bits(bits).into()),
                Type::V128 => ConstExpr::v128_const(i128::from(bits) << 64 | i128::from(!bits)),
                Type::Func => ConstExpr::ref_null(HeapType::FUNC),
                Type::Extern => ConstExpr::ref_null(HeapType::EXTERN),
                Type::Ref { .. } => unreachable!("trees have no such type"),
            };
            globals.global(global_type(ty), &value);
            if self.exports.is_none() {
                exports.export(&format!("g{i}"), ExportKind::Global, self.imported_globals + i as u32);
            }
        }
        if let Some(own) = &self.exports {
            own.iter().for_each(|(name, kind, index)| {
                exports.export(name, *kind, *index);
            });
        } else {
            for (global, name) in &self.named_globals {
                exports.export(name, ExportKind::Global, *global);
            }
            exports.export("mem", ExportKind::Memory, self.style.memories);
            exports.export("tab", ExportKind::Table, self.style.tables);
        }
        let mut elements = ElementSection::new();
        for funcs in &self.passive {
            elements.passive(Elements::Functions(Cow::Borrowed(funcs)));
        }
        for (offset, funcs) in &self.elements {
            let table = (self.style.tables > 0).then_some(self.style.tables);
            elements.active(table, &address(*offset, self.style.table64), Elements::Functions(Cow::Borrowed(funcs)));
        }
        let mut data = DataSection::new();
        for bytes in &self.passive_data {
            data.passive(bytes.iter().copied());
        }
        if !self.data.is_empty() {
            data.active(self.style.memories, &address(0, self.style.memory64), self.data.iter().copied());
        }

        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&imports).section(&functions);
        let (mut tables, mut memories) = (TableSection::new(), MemorySection::new());
        for other in &self.others {
            match other {
                Other::Memory(ty) => _ = memories.memory(*ty),
                Other::Table(ty) => _ = tables.table(*ty),
            }
        }
        if self.table {
            tables.table(self.style.table_type());
            module.section(&tables);
        }
        if self.memory {
            memories.memory(self.style.memory_type());
            if self.look.is_some() {
                memories.memory(Style::default().largest_memory());
            }
            module.section(&memories);
        }
        module.section(&globals).section(&exports).section(&elements);
        module.section(&DataCountSection { count: data.len() }).section(&code).section(&data);
        module.finish()
    }
}

/// Modules as trees.
#[derive(Debug, Clone)]
pub struct ProgramSpec {
    /// In order of instantiation.
    pub modules: Vec<ModuleSpec>,
    /// See [`Program::seed`].
    pub seed: u64,
    /// See [`Program::rounds`].
    pub rounds: usize,
    /// See [`FloatAreas`].
    pub floats: FloatAreas,
    /// Whether the modules import from each other in circles.
    pub circles: bool,
    /// See [`Program::deterministic`].
    pub deterministic: bool,
    /// What becomes of the memory and the table.
    pub style: Style,
}

impl ProgramSpec {
    /// The binary modules.
    pub fn encode(&self) -> Program {
        let style = self.style;
        let original = (style != Style::default() && style.is_faithful())
            .then(|| Box::new(Self { style: Style::default(), ..self.clone() }.encode()));
        let mut first = 0;
        let encode = |(index, module): (usize, &ModuleSpec)| {
            let wasm = style.apply(module, &format!("other{index}"), first).encode();
            first += module.funcs.len();
            wasm
        };
        Program {
            modules: self.modules.iter().enumerate().map(encode).collect(),
            floats: self.floats,
            seed: self.seed,
            rounds: self.rounds,
            deterministic: self.deterministic,
            merged: self.circles.then(|| style.apply(&super::merge::merge(&self.modules), "other", 0).encode()),
            original,
        }
    }
}
