//! Functions made from the machine's own handlers: each tree that has a handler, written back as WebAssembly.
//!
//! Fused shapes are many and particular; generators that know nothing of them meet some hardly ever. These modules contain
//! a few dozen of them each, in loops, so a few hundred successive seeds contain all, whatever the machine has just learnt to fuse.
//! What a seed makes therefore changes with the set of handlers.
//!
//! Operands are as the shape says: slots are locals, the accumulator is a local set just before, or what a call gave where
//! lowering would put another operand first. Selections of what is computed are `if`s, and what follows the zeroing of
//! locals begins a function. Addresses are made of locals that hold small numbers, so that most accesses succeed.

use super::locals::{
    self, COUNTER, HELPERS, LAST, LOCALS, PARAMS, PLACE, REF, SMALL, SMALL_64, TIGHT_ROUNDS, VECTOR, WITNESS, low,
    seen, stores,
};
use super::operators::{encoding, type_of};
use super::parts::{
    begins_function, class_of, compares, flatten, is_aligned, is_computed, is_reference, is_remembered, returned, root,
};
use super::shuffles::{shuffle, shuffle_of_one};
use super::tree::{Construct, FuncSpec, Import, ModuleSpec, Node, Op, ProgramSpec, Signature, TABLE};
use super::vectors::{self, Lanes};
use super::{FLOATS, chosen, expr, wide};
use crate::outcome::Type::{self, F32, F64, Func, I32, I64, V128};
use crate::program::FUEL;
use crate::rng::Rng;
use pirn_decode::cell::Cell;
use pirn_decode::ops::{Class, Op as Operator};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{Form, Leaf};
use wasm_encoder::{Instruction, Instruction as I};

/// Rounds of each function's loop.
const ROUNDS: i32 = 3;
fn plain(instruction: Instruction<'static>, kids: Vec<Node>, results: &[Type]) -> Node {
    Node::plain(instruction, kids, results)
}

fn set(local: u32, value: Node) -> Node {
    plain(I::LocalSet(local), vec![value], &[])
}

/// The program of a seed.
pub fn program(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0x5_4A9E);
    let mut module = ModuleSpec { memory: true, table: true, ..ModuleSpec::default() };
    let ty = module.types.index(&[I32], &[]);
    module.imports.push(("host".into(), "h0".into(), Import::Func(ty)));
    module.imported_funcs = 1;
    for ty in super::NUMERIC.into_iter().chain([V128]) {
        let bits = match ty {
            F32 => u64::from((rng.float() as f32).to_bits()),
            F64 => rng.float().to_bits(),
            _ => rng.integer(),
        };
        module.globals.push((ty, bits));
    }
    module.globals.push((I32, 0));
    module.named_globals.push((5, FUEL.into()));
    module.data = super::memory_bytes(&mut rng);
    module.passive.push(vec![0]);
    module.passive_data.push(vec![1, 2, 3]);
    let (mut shapes, style) = chosen::of_seed(seed);
    let mut maker = Maker {
        rng: &mut rng,
        module,
        helpers: Vec::new(),
        functions: 0,
        written: Vec::new(),
        floats: Vec::new(),
        last: None,
        tight: false,
        second: false,
        low: None,
        wide_addresses: style.memory64,
    };
    let mut made = Vec::new();
    while !shapes.is_empty() {
        // A function returns once.
        let most = maker.rng.between(1, 5).min(shapes.len());
        let is_return = |shape: &&Shape| matches!(shape, Shape::Form(Form::Return, ..));
        let own: Vec<&Shape> = shapes.drain(..most).collect();
        // A sequence that returns has a function of its own.
        let (sequences, own): (Vec<&Shape>, Vec<&Shape>) = own.into_iter().partition(|shape| returned(shape).is_some());
        made.extend(sequences.iter().map(|shape| maker.returning(shape)));
        // Locals are zeroed once, too.
        let (starts, own): (Vec<&Shape>, Vec<&Shape>) = own.into_iter().partition(|shape| begins_function(shape));
        made.extend(starts.iter().map(|shape| maker.start(shape)));
        let (returns, others): (Vec<&Shape>, Vec<&Shape>) = own.into_iter().partition(is_return);
        let mut functions: Vec<Vec<&Shape>> = returns.into_iter().map(|shape| vec![shape]).collect();
        match functions.first_mut() {
            Some(first) => first.splice(0..0, others).for_each(drop),
            None => functions.push(others),
        }
        made.extend(functions.iter().map(|shapes| maker.function(shapes)));
    }
    let functions = made.len();
    let mut module = maker.module;
    let helpers = maker.helpers;
    module.funcs = made;
    // What is called: functions that leave their arguments in memory, or give them back. Their indices begin behind the
    // others'.
    for (i, (params, results)) in helpers.iter().enumerate() {
        let mut body = stores(params.iter().copied().zip(0..), HELPERS + 64 * i as u64);
        body.extend(results.iter().zip(0..).map(|(&ty, param)| plain(I::LocalGet(param), Vec::new(), &[ty])));
        let ty = module.types.index(params, results);
        module.funcs.push(FuncSpec { ty, locals: Vec::new(), body });
    }
    let first = 1 + functions as u32;
    let count = helpers.len().min(TABLE.0 as usize) as u32;
    module.elements.push((0, (first..first + count).collect()));
    let call = |instruction: &mut Instruction<'static>| {
        if let I::Call(func) = instruction {
            *func += first;
        }
    };
    module.funcs.iter_mut().flat_map(|func| &mut func.body).for_each(|node| node.each_instruction(&call));
    ProgramSpec {
        modules: vec![module],
        seed,
        rounds: super::ROUNDS,
        floats: FLOATS,
        circles: false,
        deterministic: false,
        style,
    }
}

struct Maker<'a> {
    rng: &'a mut Rng,
    module: ModuleSpec,
    /// The types of the functions that are called, by number.
    helpers: Vec<Signature>,
    /// Functions so far.
    functions: u64,
    /// Integer locals that this shape sets.
    written: Vec<(u32, Class)>,
    /// Vectors that this shape sets to floats, whose NaNs must not be seen.
    floats: Vec<(u32, Lanes)>,
    /// The local that was set last, by this shape.
    last: Option<(u32, Class)>,
    /// Whether this shape's integer constants are so small that operands equal them.
    tight: bool,
    /// Whether the slot before was the second parameter of its type.
    second: bool,
    /// The low half of an integer of 128 bits, whose high half this shape sets: what the accumulator holds then.
    low: Option<Node>,
    /// Whether addresses may have 64 bits.
    wide_addresses: bool,
}

impl Maker<'_> {
    fn function(&mut self, shapes: &[&Shape]) -> FuncSpec {
        let returned = match shapes.iter().rev().find(|shape| matches!(shape, Shape::Form(Form::Return, ..))) {
            Some(Shape::Form(_, _, value)) if !is_reference(value) => Some(*value),
            _ => None,
        };
        let mut round = Vec::new();
        let tight = shapes.iter().any(|shape| compares(shape));
        if tight {
            let ty = self.module.types.index(&[], &[]);
            round.push(locals::small_parameters(ty));
        }
        round.push(locals::small_addresses(self.wide_addresses));
        for shape in shapes {
            if !matches!(shape, Shape::Form(Form::Return, ..)) {
                round.push(self.shape(shape));
            }
        }
        let less = plain(I::I32Sub, vec![self.local(COUNTER, I32), expr::i32_const(1)], &[I32]);
        round.push(plain(I::BrIf(0), vec![plain(I::LocalTee(COUNTER), vec![less], &[I32])], &[]));
        let block = self.block(Construct::Loop, Vec::new(), round);
        let mut body = vec![set(COUNTER, expr::i32_const(if tight { ROUNDS + TIGHT_ROUNDS } else { ROUNDS })), block];
        let seen = seen();
        let results: Vec<Type>;
        if let Some(value) = returned {
            body.extend(stores(seen, PLACE * self.functions));
            let mut before = Vec::new();
            self.last = None;
            let value = self.certain(value, &mut before);
            results = value.results.clone();
            body.extend(before);
            body.push(plain(I::Return, vec![value], &[]));
        } else {
            results = seen.iter().map(|&(ty, _)| ty).collect();
            body.extend(seen.iter().map(|&(ty, local)| self.local(local, ty)));
        }
        self.functions += 1;
        let ty = self.module.types.index(&PARAMS, &results);
        FuncSpec { ty, locals: LOCALS.to_vec(), body }
    }

    /// A function that a sequence returns from, unless a branch in it leads around that.
    fn returning(&mut self, shape: &Shape) -> FuncSpec {
        let value = returned(shape).expect("it returns");
        let mut parts = Vec::new();
        flatten(shape, &mut parts);
        parts.pop();
        let mut body = Vec::new();
        // Nothing stands before the zeroing of locals.
        if !begins_function(shape) {
            let low = plain(I::I32And, vec![self.local(0, I32), expr::i32_const(2 * TIGHT_ROUNDS - 1)], &[I32]);
            body.push(set(COUNTER, low));
            if compares(shape) {
                let ty = self.module.types.index(&[], &[]);
                body.push(locals::small_parameters(ty));
            }
            body.push(locals::small_addresses(self.wide_addresses));
        }
        self.last = None;
        self.tight = compares(shape) && self.rng.chance(75);
        let (mut before, mut inner) = (Vec::new(), Vec::new());
        for part in parts {
            self.statement(part, &mut Vec::new(), &mut before, &mut inner);
        }
        self.set_low(&mut inner);
        let value = value.map(|value| self.certain(value, &mut before));
        let results = value.as_ref().map_or_else(Vec::new, |value| value.results.clone());
        inner.push(plain(I::Return, value.into_iter().collect(), &[]));
        before.extend(inner);
        body.push(self.block(Construct::Block, Vec::new(), before));
        self.written.clear();
        body.extend(self.numbers());
        body.extend(stores(seen(), PLACE * self.functions));
        body.extend(results.iter().map(|&ty| match ty {
            I32 => expr::i32_const(0x7E57),
            I64 => plain(I::I64Const(0x7E57), Vec::new(), &[I64]),
            F32 => plain(I::F32Const(7.5_f32.into()), Vec::new(), &[F32]),
            V128 => plain(I::V128Const(0x7E57), Vec::new(), &[V128]),
            _ => plain(I::F64Const(7.5_f64.into()), Vec::new(), &[F64]),
        }));
        self.functions += 1;
        let ty = self.module.types.index(&PARAMS, &results);
        FuncSpec { ty, locals: LOCALS.to_vec(), body }
    }

    /// A function that begins with the shape.
    fn start(&mut self, shape: &Shape) -> FuncSpec {
        let mut body = vec![self.shape(shape)];
        let results: Vec<Type> = seen().iter().map(|&(ty, _)| ty).collect();
        body.extend(seen().iter().map(|&(ty, local)| self.local(local, ty)));
        self.functions += 1;
        let ty = self.module.types.index(&PARAMS, &results);
        FuncSpec { ty, locals: LOCALS.to_vec(), body }
    }

    /// Whether integers of the class may be addresses.
    fn takes_address(&self, class: Class) -> bool {
        class == Class::I32 || class == Class::I64 && self.wide_addresses
    }

    fn local(&self, local: u32, ty: Type) -> Node {
        plain(I::LocalGet(local), Vec::new(), &[ty])
    }

    /// The statements of a shape, in a block that its branches leave.
    fn shape(&mut self, shape: &Shape) -> Node {
        self.last = None;
        let mut parts = Vec::new();
        flatten(shape, &mut parts);
        let mut before = Vec::new();
        self.tight = compares(shape) && self.rng.chance(75);
        let mut body = Vec::new();
        let ends_in = parts.last().copied();
        let calls = matches!(ends_in, Some(Shape::Cell(Cell::Call | Cell::CallIndirect)));
        let mut arguments: Vec<Node> = Vec::new();
        for part in parts {
            match *part {
                Shape::Form(Form::SetSlot, _, value) if calls => arguments.push(self.expr(value, false, &mut before)),
                _ => self.statement(part, &mut arguments, &mut before, &mut body),
            }
        }
        self.set_low(&mut body);
        let branches = match ends_in {
            Some(Shape::Form(Form::BrIf, ..)) => true,
            Some(Shape::Cell(Cell::Br)) => {
                // What is behind the branch must be reached, too.
                let kids = vec![self.local(0, I32), expr::i32_const(1)];
                let condition = plain(I::I32And, kids, &[I32]);
                body.push(plain(I::Br(1), Vec::new(), &[]));
                body = vec![self.block(Construct::If, vec![condition], body)];
                true
            }
            _ => false,
        };
        before.extend(body);
        if branches {
            let odd = expr::i32_const(self.rng.below(1_000) as i32);
            before.push(self.witness(odd));
        }
        let mut nodes = vec![self.block(Construct::Block, Vec::new(), before)];
        nodes.extend(self.numbers());
        // What was set is remembered before others overwrite it.
        for (local, class) in std::mem::take(&mut self.written) {
            match class {
                Class::I64 => nodes.push(self.witness(plain(I::I32WrapI64, vec![self.local(local, I64)], &[I32]))),
                Class::V128 => nodes.extend((0..4).map(|lane| {
                    let extract = vectors::on_lane(Operator::I32x4ExtractLane, lane);
                    self.witness(plain(extract, vec![self.local(local, V128)], &[I32]))
                })),
                _ => nodes.push(self.witness(self.local(local, I32))),
            }
        }
        Node::seq(nodes, &[])
    }

    /// Makes numbers of all floats in vectors that were set.
    fn numbers(&mut self) -> Vec<Node> {
        let floats = std::mem::take(&mut self.floats);
        let masked = |(local, lanes): (u32, Lanes)| set(local, lanes.numbers(self.local(local, V128), local));
        floats.into_iter().map(masked).collect()
    }

    /// An expression whose bits are seen.
    fn certain(&mut self, shape: &Shape, before: &mut Vec<Node>) -> Node {
        let value = self.expr(shape, false, before);
        match Lanes::given(root(shape)) {
            Lanes::Bits => value,
            lanes => plain(I::LocalTee(VECTOR), vec![lanes.numbers(value, VECTOR)], &[V128]),
        }
    }

    /// Adds a value to what is remembered.
    fn witness(&self, value: Node) -> Node {
        let more = plain(I::I32Mul, vec![self.local(WITNESS, I32), expr::i32_const(31)], &[I32]);
        set(WITNESS, plain(I::I32Add, vec![more, value], &[I32]))
    }

    fn block(&mut self, construct: Construct, kids: Vec<Node>, body: Vec<Node>) -> Node {
        let ty = self.module.types.index(&[], &[]);
        Node { op: Op::Block(construct, ty, body, Vec::new()), kids, results: Vec::new() }
    }

    /// Sets the low half that nothing took.
    fn set_low(&mut self, body: &mut Vec<Node>) {
        let local = LAST + Class::I64 as u32;
        body.extend(self.low.take().map(|low| set(local, low)));
    }

    fn statement(&mut self, part: &Shape, arguments: &mut Vec<Node>, before: &mut Vec<Node>, body: &mut Vec<Node>) {
        match *part {
            Shape::Form(Form::BrIf, _, condition) => {
                let condition = self.expr(condition, false, before);
                body.push(plain(I::BrIf(0), vec![condition], &[]));
            }
            Shape::Form(Form::SetSlot, class, Shape::Select(_, a, b, condition))
                if is_computed(a) || is_computed(b) =>
            {
                let local = 2 * class as u32 + self.rng.below(2) as u32;
                let condition = self.expr(condition, false, before);
                // An arm that leaves the local alone selects its slot.
                let mut arm = |this: &mut Self, value: &Shape| match value {
                    Shape::Leaf(Leaf::Slot, _) => Vec::new(),
                    _ => vec![set(local, this.expr(value, false, before))],
                };
                let arms = [arm(self, a), arm(self, b)];
                let mut node = self.block(Construct::If, vec![condition], Vec::new());
                let [then, otherwise] = arms;
                if let Op::Block(_, _, body, other) = &mut node.op {
                    (*body, *other) = (then, otherwise);
                }
                self.last = Some((local, class));
                for lanes in [Lanes::given(root(a)), Lanes::given(root(b))] {
                    self.floats.extend((lanes != Lanes::Bits).then_some((local, lanes)));
                }
                self.written.extend(is_remembered(class).then_some((local, class)));
                body.push(node);
            }
            Shape::Form(Form::SetHigh, _, value) => {
                let value = self.expr(value, false, before);
                let local = 2 * Class::I64 as u32 + self.rng.below(2) as u32;
                self.last = None;
                self.written.push((local, Class::I64));
                self.low = Some(plain(I::LocalSet(local), vec![value], &[I64]));
            }
            Shape::Form(form, class, value) => {
                let ty = if is_reference(value) { Func } else { type_of(class) };
                let lanes = Lanes::given(root(value));
                let mut value =
                    if form == Form::SetGlobal { self.certain(value, before) } else { self.expr(value, false, before) };
                if form == Form::SetAcc && ty != Func {
                    // Into the accumulator goes what another operator takes from there.
                    let operator = match class {
                        Class::I32 => I::I32Clz,
                        Class::I64 | Class::I128 => I::I64Ctz,
                        Class::F32 => I::F32Ceil,
                        Class::F64 => I::F64Floor,
                        // One that shows no bits of a NaN.
                        Class::V128 if lanes == Lanes::F32 => I::F32x4Neg,
                        Class::V128 if lanes == Lanes::F64 => I::F64x2Neg,
                        Class::V128 => I::V128Not,
                    };
                    value = plain(operator, vec![value], &[ty]);
                }
                if form == Form::SetGlobal && ty != Func {
                    return body.push(plain(I::GlobalSet(class as u32), vec![value], &[]));
                }
                // To a parameter, which changes what the next round computes, or to where the next statement looks.
                let local = if ty == Func {
                    REF
                } else if self.rng.chance(50) {
                    LAST + class as u32
                } else {
                    2 * class as u32 + self.rng.below(2) as u32
                };
                self.last = (ty != Func).then_some((local, class));
                self.floats.extend((lanes != Lanes::Bits).then_some((local, lanes)));
                self.written.extend((ty != Func && is_remembered(class)).then_some((local, class)));
                body.push(set(local, value));
            }
            Shape::Store(op, address, value) | Shape::FarStore(op, address, value) => {
                let offset = self.offset(op.info().result, Lanes::given(root(value)));
                let address = self.expr(address, true, before);
                let value = self.expr(value, false, before);
                body.push(plain(encoding(op, offset), vec![address, value], &[]));
            }
            Shape::Bulk(form, a, b, bytes) => {
                let fills = form == Form::MemoryFill;
                let operands = [(a, true), (b, !fills), (bytes, true)];
                let kids = operands.map(|(part, address)| self.expr(part, address, before)).to_vec();
                let operator = if fills { I::MemoryFill(0) } else { I::MemoryCopy { src_mem: 0, dst_mem: 0 } };
                body.push(plain(operator, kids, &[]));
            }
            Shape::Cell(Cell::Call | Cell::CallIndirect) => {
                let params: Vec<Type> = arguments.iter().map(|argument| argument.results[0]).collect();
                let helper = self.helper(&params, &[]);
                let mut kids = std::mem::take(arguments);
                let indirect = *part == Shape::Cell(Cell::CallIndirect) && helper < TABLE.0 as usize;
                if indirect {
                    kids.push(expr::i32_const(helper as i32));
                    let type_index = self.module.types.index(&params, &[]);
                    body.push(plain(I::CallIndirect { type_index, table_index: 0 }, kids, &[]));
                } else {
                    body.push(plain(I::Call(helper as u32), kids, &[]));
                }
                self.last = None;
            }
            _ => {}
        }
    }

    /// The number of a function that is called, of a type.
    fn helper(&mut self, params: &[Type], results: &[Type]) -> usize {
        let known = self.helpers.iter().position(|(p, r)| *p == params && *r == results);
        known.unwrap_or_else(|| {
            self.helpers.push((params.to_vec(), results.to_vec()));
            self.helpers.len() - 1
        })
    }

    /// A value that lies in the accumulator and nowhere else: what a call gave.
    fn given(&mut self, class: Class, address: bool, before: &mut Vec<Node>) -> Node {
        let ty = type_of(class);
        let mut value = self.expr(&Shape::Leaf(Leaf::Slot, class), address, before);
        if address && self.takes_address(class) {
            value = low(value, class);
        }
        let helper = self.helper(&[ty], &[ty]);
        plain(I::Call(helper as u32), vec![value], &[ty])
    }

    /// A static offset into where memory holds values of the class.
    fn offset(&mut self, class: Class, lanes: Lanes) -> u64 {
        let area = match (class, lanes) {
            (Class::F32, _) | (_, Lanes::F32) => FLOATS.f32.0,
            (Class::F64, _) | (_, Lanes::F64) => FLOATS.f64.0,
            (Class::I32 | Class::I64 | Class::V128 | Class::I128, Lanes::Bits) => 0,
        };
        area as u64 + if self.rng.chance(30) { 0 } else { 8 * self.rng.below(500) as u64 }
    }

    fn constant(&mut self, class: Class, address: bool) -> Node {
        let instruction = match class {
            // Aligned: in the middle of a float would lie the bits of a NaN.
            Class::I32 if address => I::I32Const(8 * self.rng.below(2) as i32),
            Class::I64 if address && self.wide_addresses => I::I64Const(8 * self.rng.below(2) as i64),
            Class::I32 if self.tight => I::I32Const(self.rng.below(3) as i32 - 1),
            Class::I64 if self.tight => I::I64Const(self.rng.below(3) as i64 - 1),
            Class::I32 if self.rng.chance(80) => I::I32Const(self.rng.between(1, 40) as i32),
            Class::I32 => I::I32Const(self.rng.integer() as i32),
            Class::I64 | Class::I128 => I::I64Const(self.rng.integer() as i64),
            Class::F32 => I::F32Const((self.rng.float() as f32).into()),
            Class::F64 => I::F64Const(self.rng.float().into()),
            Class::V128 => I::V128Const(i128::from(self.rng.integer()) << 64 | i128::from(self.rng.integer())),
        };
        plain(instruction, Vec::new(), &[type_of(class)])
    }

    /// An expression; `before` gets what has to be set first. `address` asks for small numbers.
    fn expr(&mut self, shape: &Shape, address: bool, before: &mut Vec<Node>) -> Node {
        let result = [type_of(class_of(shape))];
        let ty = result[0];
        match *shape {
            Shape::Leaf(Leaf::Slot, Class::I32) if address => {
                let local = *self.rng.pick(&SMALL);
                self.local(local, I32)
            }
            Shape::Leaf(Leaf::Slot, Class::I64) if address && self.wide_addresses => {
                let local = *self.rng.pick(&SMALL_64);
                self.local(local, I64)
            }
            Shape::Leaf(Leaf::Slot, class) => {
                // Mostly not the same as the slot before: comparing a local with itself tells little.
                self.second = if self.rng.chance(80) { !self.second } else { self.rng.chance(50) };
                self.local(2 * class as u32 + u32::from(self.second), ty)
            }
            Shape::Leaf(Leaf::Imm, class) => self.constant(class, address),
            Shape::Leaf(Leaf::Global, class) => plain(I::GlobalGet(class as u32), Vec::new(), &result),
            Shape::Leaf(Leaf::Func, _) => plain(I::RefFunc(0), Vec::new(), &[Func]),
            // An address may also be computed in place, where no handler takes it whole: that leaves a slot to be read from the
            // other accumulator.
            Shape::Leaf(Leaf::Acc, class) if address && self.takes_address(class) && self.rng.chance(40) => {
                let slot = self.expr(&Shape::Leaf(Leaf::Slot, class), true, before);
                low(slot, class)
            }
            Shape::Leaf(Leaf::Acc, Class::I64) if self.low.is_some() => self.low.take().expect("just seen"),
            Shape::Leaf(_, class) => {
                if let Some((local, last)) = self.last
                    && last == class
                {
                    return self.local(local, ty);
                }
                // A value that was computed just before.
                let local = LAST + class as u32;
                let operator = match class {
                    Class::I32 => I::I32Xor,
                    Class::I64 | Class::I128 => I::I64Add,
                    Class::F32 => I::F32Mul,
                    Class::F64 => I::F64Add,
                    Class::V128 => I::I8x16Sub,
                };
                let slot = self.expr(&Shape::Leaf(Leaf::Slot, class), address, before);
                let value = if address && self.takes_address(class) {
                    low(slot, class)
                } else {
                    plain(operator, vec![slot, self.constant(class, false)], &result)
                };
                before.push(set(local, value));
                self.local(local, ty)
            }
            Shape::Unary(Operator::RefIsNull, _) => plain(I::RefIsNull, vec![self.local(REF, Func)], &result),
            Shape::Unary(op, a) => {
                let kids = vec![self.expr(a, address, before)];
                if op.info().result == Class::I128 {
                    return wide::operator(op, kids);
                }
                plain(encoding(op, 0), kids, &result)
            }
            Shape::Binary(op, a, b) => {
                let a = match *a {
                    // As a local it would stand behind what is computed.
                    Shape::Leaf(Leaf::Acc, class) if op.swapped().is_some() && is_computed(b) => {
                        self.given(class, address, before)
                    }
                    _ => self.expr(a, address, before),
                };
                if let (Operator::I8x16RelaxedSwizzle, Shape::Leaf(Leaf::Imm, _)) = (op, b) {
                    let other = self.expr(&Shape::Leaf(Leaf::Slot, Class::V128), false, before);
                    return shuffle_of_one(self.rng, a, other);
                }
                let b = self.expr(b, address, before);
                if op.info().result == Class::I128 {
                    return wide::operator(op, vec![a, b]);
                }
                plain(encoding(op, 0), vec![a, b], &result)
            }
            Shape::Load(op, a) | Shape::FarLoad(op, a) => {
                let offset = self.offset(if is_aligned(a) { op.info().result } else { Class::I32 }, Lanes::Bits);
                plain(encoding(op, offset), vec![self.expr(a, true, before)], &result)
            }
            Shape::Ternary(Operator::I8x16Shuffle, a, b, _) => {
                let kids = vec![self.expr(a, false, before), self.expr(b, false, before)];
                plain(shuffle(std::array::from_fn(|_| self.rng.below(32) as u8)), kids, &result)
            }
            Shape::Ternary(op, a, b, c) => {
                let kids = [a, b, c].map(|part| self.expr(part, false, before)).to_vec();
                plain(encoding(op, 0), kids, &result)
            }
            Shape::Extract(op, lane, a) => {
                plain(vectors::on_lane(op, lane), vec![self.expr(a, false, before)], &result)
            }
            Shape::Replace(op, lane, a, b) => {
                let kids = [a, b].map(|part| self.expr(part, false, before)).to_vec();
                plain(vectors::on_lane(op, lane), kids, &result)
            }
            Shape::Select(_, a, b, condition) => {
                let kids = [a, b, condition].map(|part| self.expr(part, false, before)).to_vec();
                plain(I::Select, kids, &result)
            }
            _ => self.constant(Class::I32, address),
        }
    }
}
