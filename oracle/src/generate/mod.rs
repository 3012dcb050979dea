//! Generated programs rich in expressions.
//!
//! wasm-smith's modules have little arithmetic on locals, so these have what lowering reorders: deep expressions whose
//! operands are calls, blocks, loops and `if`s (so values wait on the stack meanwhile), statements between operands that
//! change what the operands read (locals, globals, memory, tables), loops that count and walk pointers, branches on
//! every kind of condition with and without values, blocks with parameters, and traps in the middle of it.
//!
//! Two things keep the comparison exact. Every program ends: loops count down, and calls use up [`crate::program::FUEL`].
//! And the bits of NaNs that the specification leaves open reach no integer: floats of unknown origin are stored only to
//! the areas of memory reserved for their type ([`FLOATS`]), from which nothing else loads, and an expression whose bits
//! are looked at (reinterpretation, `copysign`'s second operand) is built of operators that fix them. Vectors are looked
//! at bit by bit, so wherever one can be seen its bits are certain (`vectors`).

mod atomics;
mod block;
mod carried;
mod chosen;
mod expr;
mod locals;
mod loops;
pub mod memories;
mod merge;
mod operators;
mod parts;
mod references;
pub mod shapes;
mod shuffles;
mod stmt;
pub mod traps;
pub mod tree;
mod vectors;
mod wide;

use crate::outcome::{FloatAreas, Type};
use crate::program::FUEL;
use crate::rng::Rng;
use tree::{FuncSpec, Import, ModuleSpec, Node, ProgramSpec, Signature, TABLE};
use wasm_encoder::Instruction;

/// Where generated memories hold floats. Below and above lie integers (and floats whose bits are certain).
pub const FLOATS: FloatAreas = FloatAreas { f32: (16_384, 32_768), f64: (32_768, 49_152) };

/// How often each function of a program is called.
pub const ROUNDS: usize = 4;

/// The numeric types, without vectors.
pub const NUMERIC: [Type; 4] = [Type::I32, Type::I64, Type::F32, Type::F64];

/// A function as its callers see it.
#[derive(Debug, Clone)]
struct Callee {
    index: u32,
    signature: Signature,
}

/// Where branches may go.
#[derive(Debug, Clone)]
struct Label {
    types: Vec<Type>,
    /// Whether generated branches may lead there.
    open: bool,
}

/// What a module does much or little of: each has habits of its own, for what is rare in all is hardly ever seen
/// together.
#[derive(Debug, Clone, Copy)]
struct Habits {
    /// How many divisors of a hundred may be zero, and addresses may be out of bounds.
    traps: usize,
    /// Whether loads and stores meet in a few places.
    narrow: bool,
    /// How often statements stand between operands, where expressions have a weight of about 100.
    interleave: usize,
    /// Whether functions are mostly loops.
    loops: bool,
    /// Whether there are loops among them that have handlers of their own.
    carried: bool,
    /// How many of a hundred values are vectors.
    vectors: usize,
    /// Whether operators of relaxed SIMD may be used.
    relaxed: bool,
    /// How many of a hundred statements and i64s are wide arithmetic.
    wide: usize,
    /// How many of a hundred statements and integers are atomic instructions.
    atomics: usize,
    /// How many of a hundred calls, and expressions that are functions, are about typed references.
    references: usize,
    /// Whether the memory is shared, so that those may wait.
    waits: bool,
}

/// What a program is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Expressions; modules import from those before them.
    Expressions,
    /// Loops; modules import from those before them.
    Loops,
    /// Both; modules import functions from each other, in circles.
    Circles,
    /// Expressions with atomic instructions, mostly on a shared memory; modules import from those before them.
    Atomics,
    /// Expressions with typed references to functions.
    References,
}

/// The generator of one module.
struct Generator<'a> {
    rng: &'a mut Rng,
    habits: Habits,
    module: ModuleSpec,
    callees: Vec<Callee>,
    /// Types of the globals, imported ones included; the last is the fuel.
    globals: Vec<Type>,
    fuel: u32,
    /// Functions the table holds at first, by element.
    table: Vec<Option<Signature>>,
    /// Functions that may be referred to by `ref.func`.
    referable: Vec<u32>,

    // Of the function being made:
    locals: Vec<Type>,
    /// Locals that anything may be assigned to.
    free: Vec<u32>,
    /// Locals that hold multiples of 8 below some thousands.
    pointers: Vec<u32>,
    labels: Vec<Label>,
    results: Vec<Type>,
    /// Nodes that may still be made.
    budget: isize,
    loops: usize,
    increments: usize,
    calls: bool,
}

/// A program of one module.
pub fn single(seed: u64) -> ProgramSpec {
    program(seed, 1, Style::Expressions)
}

/// A program of two to four modules.
pub fn group(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0x6709);
    let count = rng.between(2, 4);
    program(seed, count, Style::Expressions)
}

/// A program of one module or two, whose functions are loops.
pub fn loops(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0x100B5);
    let count = if rng.chance(75) { 1 } else { 2 };
    program(seed, count, Style::Loops)
}

/// A program of two to eight modules that import functions from each other, and share memory, table and globals.
pub fn circles(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0xC17C1E);
    let count = *rng.pick(&[2, 2, 3, 3, 4, 5, 6, 8]);
    program(seed, count, Style::Circles)
}

/// A program of one module or a few that use atomic instructions.
pub fn atomics(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0xA70_311C);
    let count = *rng.pick(&[1, 1, 1, 2, 3]);
    program(seed, count, Style::Atomics)
}

/// A program of one module or a few that use typed references to functions.
pub fn references(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0x5EF_311C);
    let count = *rng.pick(&[1, 1, 1, 2, 3]);
    program(seed, count, Style::References)
}

fn program(seed: u64, count: usize, style: Style) -> ProgramSpec {
    let memories = match style {
        Style::Atomics => memories::Style::shared(seed),
        _ => memories::Style::of(seed),
    };
    let salt = match style {
        Style::Atomics => 0xA7_0311,
        Style::References => 0x5E_F311,
        Style::Expressions => 0x9E11,
        Style::Loops => 0x10_0B50,
        Style::Circles => 0xC1_7C1E,
    };
    let mut rng = Rng::new(seed ^ salt ^ (count as u64) << 40);
    let vectors = *rng.pick(&[0, 0, 12, 35, 60]);
    let relaxed = vectors > 0 && rng.chance(30);
    let mut modules = Vec::new();
    // Exported functions and globals so far, with the name of their module.
    let mut funcs: Vec<(String, String, Signature)> = Vec::new();
    let mut globals: Vec<(String, String, Type)> = Vec::new();
    let exports = |index: usize, signatures: &[Signature]| -> Vec<(String, String, Signature)> {
        let export = |(i, signature): (usize, &Signature)| (format!("m{index}"), format!("f{i}"), signature.clone());
        signatures.iter().enumerate().map(export).collect()
    };
    // In circles everybody knows everybody's functions beforehand.
    let mut planned: Vec<Vec<Signature>> = Vec::new();
    if style == Style::Circles {
        for _ in 0..count {
            let most = if count > 4 { 3 } else { 5 };
            planned.push((0..rng.between(1, most)).map(|_| signature(&mut rng, vectors)).collect());
        }
    }
    for index in 0..count {
        let own = planned.get(index).cloned();
        if own.is_some() {
            let others = planned.iter().enumerate().filter(|(other, _)| *other != index);
            funcs = others.flat_map(|(other, signatures)| exports(other, signatures)).collect();
        }
        let (module, own) = module(&mut rng, index, (style, memories, vectors, relaxed), &funcs, &globals, own);
        funcs.extend(exports(index, &own));
        for (i, &(ty, _)) in module.globals.iter().enumerate() {
            globals.push((format!("m{index}"), format!("g{i}"), ty));
        }
        if index == 0 {
            // The fuel is the last global; it has a name of its own.
            globals.pop();
        }
        modules.push(module);
    }
    ProgramSpec {
        modules,
        seed,
        rounds: ROUNDS,
        floats: FLOATS,
        circles: style == Style::Circles,
        deterministic: relaxed,
        style: memories,
    }
}

/// A numeric type, or, so many times of a hundred, that of vectors.
fn numeric(rng: &mut Rng, vectors: usize) -> Type {
    if rng.chance(vectors) { Type::V128 } else { *rng.pick(&NUMERIC) }
}

/// A type list of `min` to `max` types, mostly numeric, so many of a hundred vectors.
/// What a memory begins with: few zeros, so that what is loaded makes a difference. Some repeat themselves, with a byte changed now and then: what is
/// loaded from two places differs in a lane or two, as it hardly does in others.
fn memory_bytes(rng: &mut Rng) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..8_192).map(|_| rng.integer() as u8).collect();
    if rng.chance(25) {
        let period = *rng.pick(&[1, 2, 4, 8, 16]);
        for at in period..bytes.len() {
            if !rng.chance(4) {
                bytes[at] = bytes[at % period];
            }
        }
    }
    bytes
}

fn types(rng: &mut Rng, min: usize, max: usize, vectors: usize) -> Vec<Type> {
    let count = rng.between(min, max);
    (0..count).map(|_| if rng.chance(4) { Type::Func } else { numeric(rng, vectors) }).collect()
}

fn signature(rng: &mut Rng, vectors: usize) -> Signature {
    let params = types(rng, 0, 4, vectors);
    let results = match rng.below(10) {
        0 => Vec::new(),
        1..7 => types(rng, 1, 1, vectors),
        7..9 => types(rng, 2, 2, vectors),
        _ => types(rng, 3, 4, vectors),
    };
    (params, results)
}

/// Module number `index`, which may import what is listed, and the types of its own functions.
fn module(
    rng: &mut Rng,
    index: usize,
    (style, memories, vectors, relaxed): (Style, memories::Style, usize, bool),
    exported_funcs: &[(String, String, Signature)],
    exported_globals: &[(String, String, Type)],
    planned: Option<Vec<Signature>>,
) -> (ModuleSpec, Vec<Signature>) {
    let mut module = ModuleSpec::default();
    let mut callees = Vec::new();
    let import = |module: &mut ModuleSpec, callees: &mut Vec<Callee>, from: &str, name: &str, signature: Signature| {
        let ty = module.types.index(&signature.0, &signature.1);
        module.imports.push((from.into(), name.into(), Import::Func(ty)));
        callees.push(Callee { index: module.imported_funcs, signature });
        module.imported_funcs += 1;
    };
    for i in 0..rng.between(1, 3) {
        let signature = signature(rng, vectors);
        // In circles, one linker has the functions for all.
        let name = if style == Style::Circles { format!("h{index}_{i}") } else { format!("h{i}") };
        import(&mut module, &mut callees, "host", &name, signature);
    }
    for (from, name, signature) in exported_funcs {
        if rng.chance(if exported_funcs.len() > 12 { 30 } else { 60 }) {
            import(&mut module, &mut callees, from, name, signature.clone());
        }
    }
    let mut globals = Vec::new();
    for (from, name, ty) in exported_globals {
        if rng.chance(50) {
            module.imports.push((from.clone(), name.clone(), Import::Global(*ty)));
            globals.push(*ty);
        }
    }
    if index > 0 {
        module.imports.push(("m0".into(), FUEL.into(), Import::Global(Type::I32)));
        globals.push(Type::I32);
    }
    module.imported_globals = globals.len() as u32;
    let mut fuel = globals.len().wrapping_sub(1) as u32;
    for (import, own, name) in [(Import::Memory, &mut module.memory, "mem"), (Import::Table, &mut module.table, "tab")]
    {
        *own = index == 0 || style != Style::Circles && rng.chance(40);
        if !*own {
            module.imports.push(("m0".into(), name.into(), import));
        }
    }
    let mut own_globals: Vec<Type> = NUMERIC.to_vec();
    own_globals.extend((vectors > 0).then_some(Type::V128));
    own_globals.extend(types(rng, 0, 2, vectors));
    for ty in own_globals {
        let bits = match ty {
            Type::F32 => u64::from((rng.float() as f32).to_bits()),
            Type::F64 => rng.float().to_bits(),
            _ => rng.integer(),
        };
        module.globals.push((ty, bits));
        globals.push(ty);
    }
    if index == 0 {
        module.globals.push((Type::I32, 0));
        fuel = globals.len() as u32;
        globals.push(Type::I32);
        module.named_globals.push((fuel, FUEL.into()));
    }

    // The functions' types, then the table, then their bodies.
    let own = planned.unwrap_or_else(|| (0..rng.between(2, 6)).map(|_| signature(rng, vectors)).collect());
    for (i, signature) in own.iter().enumerate() {
        let signature = signature.clone();
        callees.push(Callee { index: module.imported_funcs + i as u32, signature });
    }
    let mut table = vec![None; TABLE.0 as usize];
    if module.table || rng.chance(60) {
        // In circles, modules are initialised in an order of the engine's: each has elements of its own.
        let (offset, count) = match style {
            Style::Circles => (2 * index, 2),
            _ => (rng.between(0, 6), rng.between(2, 8)),
        };
        let funcs: Vec<_> = (0..count).map(|_| rng.pick(&callees).clone()).collect();
        module.elements.push((offset as u32, funcs.iter().map(|callee| callee.index).collect()));
        for (i, callee) in funcs.into_iter().enumerate() {
            table[offset + i] = Some(callee.signature);
        }
    }
    let passive: Vec<u32> = (0..rng.between(1, 4)).map(|_| rng.pick(&callees).index).collect();
    module.passive.push(passive.clone());
    let mut referable = passive;
    referable.extend(module.elements.iter().flat_map(|(_, funcs)| funcs.clone()));
    if module.memory {
        module.data = memory_bytes(rng);
    }
    module.passive_data.push((0..rng.between(8, 40)).map(|_| rng.next() as u8).collect());

    let habits = Habits {
        traps: *rng.pick(&[2, 12, 12, 45]),
        narrow: rng.chance(35),
        interleave: *rng.pick(&[4, 8, 30]),
        loops: match style {
            Style::Expressions => false,
            Style::Loops => true,
            Style::Circles => rng.chance(40),
            Style::Atomics | Style::References => rng.chance(25),
        },
        carried: style == Style::Loops,
        vectors,
        relaxed,
        wide: *rng.pick(&[0, 0, 4, 30]),
        atomics: if style == Style::Atomics { *rng.pick(&[6, 20, 45]) } else { 0 },
        references: if style == Style::References { *rng.pick(&[20, 50, 80]) } else { 0 },
        waits: memories.shared,
    };
    let mut generator = Generator {
        rng,
        habits,
        module,
        callees,
        globals,
        fuel,
        table,
        referable,
        locals: Vec::new(),
        free: Vec::new(),
        pointers: Vec::new(),
        labels: Vec::new(),
        results: Vec::new(),
        budget: 0,
        loops: 0,
        increments: 0,
        calls: false,
    };
    for signature in &own {
        let func = generator.function(signature);
        generator.module.funcs.push(func);
    }
    (generator.module, own)
}

impl Generator<'_> {
    /// A type of numbers or vectors.
    fn numeric(&mut self) -> Type {
        numeric(self.rng, self.habits.vectors)
    }

    /// Types of what a block takes.
    fn types(&mut self, min: usize, max: usize) -> Vec<Type> {
        types(self.rng, min, max, self.habits.vectors)
    }

    fn function(&mut self, (params, results): &Signature) -> FuncSpec {
        self.locals = params.clone();
        let more = self.rng.between(2, 9);
        for _ in 0..more {
            let ty = if self.rng.chance(3) { Type::Func } else { self.numeric() };
            self.locals.push(ty);
        }
        if self.habits.loops {
            let more = self.loop_locals();
            self.locals.extend(more);
        }
        self.free = (0..self.locals.len() as u32).collect();
        self.pointers.clear();
        for _ in 0..2 {
            self.pointers.push(self.locals.len() as u32);
            self.locals.push(Type::I32);
        }
        self.labels = vec![Label { types: results.clone(), open: true }];
        self.results = results.clone();
        self.budget = self.rng.between(20, 220) as isize;
        self.loops = 0;
        self.increments = 0;
        self.calls = self.rng.chance(60);
        let mut body = Vec::new();
        if self.calls {
            body.extend(self.fuel_check());
        }
        // Zeros hide mistakes.
        for local in params.len() as u32..self.free.len() as u32 {
            if self.rng.chance(75) {
                let value = self.constant(self.locals[local as usize]);
                body.push(Node::plain(Instruction::LocalSet(local), vec![value], &[]));
            }
        }
        for _ in 0..self.rng.between(2, 10) {
            let local = *self.rng.pick(&self.free);
            let value = self.idiom(self.locals[local as usize]);
            body.push(Node::plain(Instruction::LocalSet(local), vec![value], &[]));
        }
        if self.habits.loops {
            body.extend(self.nests());
        }
        if !self.habits.loops || self.rng.chance(15) {
            body.extend(self.statements(8));
        }
        if self.habits.loops || self.rng.chance(70) {
            body.extend(self.witnesses());
        }
        body.extend(self.list(results, 5));
        let ty = self.module.types.index(params, results);
        FuncSpec { ty, locals: self.locals[params.len()..].to_vec(), body }
    }

    /// Stores of what the locals hold, so that it is seen: to places that belong to the function.
    fn witnesses(&mut self) -> Vec<Node> {
        let function = self.module.funcs.len() as u64;
        let mut stores = Vec::new();
        for &local in &self.free {
            let at = 256 * function + 16 * u64::from(local);
            let store = match self.locals[local as usize] {
                Type::I32 => Instruction::I32Store(expr::mem(14_000 + at)),
                Type::I64 => Instruction::I64Store(expr::mem(14_000 + at)),
                Type::F32 => Instruction::F32Store(expr::mem(30_000 + at)),
                Type::F64 => Instruction::F64Store(expr::mem(46_000 + at)),
                Type::V128 => Instruction::V128Store(expr::mem(14_000 + at)),
                Type::Func | Type::Extern | Type::Ref { .. } => continue,
            };
            let value = self.get(local);
            stores.push(Node::plain(store, vec![expr::i32_const(0), value], &[]));
        }
        stores
    }

    /// `if (fuel == 0) unreachable; fuel -= 1`.
    fn fuel_check(&mut self) -> [Node; 2] {
        let get = Node::plain(Instruction::GlobalGet(self.fuel), Vec::new(), &[Type::I32]);
        let empty = Node::plain(Instruction::I32Eqz, vec![get.clone()], &[Type::I32]);
        let trap = Node::plain(Instruction::Unreachable, Vec::new(), &[]);
        let one = Node::plain(Instruction::I32Const(1), Vec::new(), &[Type::I32]);
        let less = Node::plain(Instruction::I32Sub, vec![get, one], &[Type::I32]);
        let set = Node::plain(Instruction::GlobalSet(self.fuel), vec![less], &[]);
        [self.block(tree::Construct::If, &[], &[], vec![empty], vec![trap], Vec::new()), set]
    }

    /// A block.
    fn block(
        &mut self,
        construct: tree::Construct,
        params: &[Type],
        results: &[Type],
        kids: Vec<Node>,
        body: Vec<Node>,
        other: Vec<Node>,
    ) -> Node {
        let ty = self.module.types.index(params, results);
        Node { op: tree::Op::Block(construct, ty, body, other), kids, results: results.to_vec() }
    }
}
