//! Programs that trap, several calls deep: where that was is compared with wasmtime, frame by frame.
//!
//! Every function takes and gives an `i32`, and calls only those before it: directly, through a table, of other modules, and as tail
//! calls. Its expressions are full of operators that trap for one parameter of eight, so that several are in one cell.

use super::FLOATS;
use super::expr::{i32_const, leaf, mem, plain};
use super::memories::Style;
use super::tree::{Construct, FuncSpec, Import, ModuleSpec, Node, Op, ProgramSpec, TABLE};
use crate::outcome::Type;
use crate::rng::Rng;
use wasm_encoder::Instruction as I;

const I32: &[Type] = &[Type::I32];

/// A local that nothing sets, and one that everything does.
const ZERO: u32 = 1;
const SUM: u32 = 2;

/// The program of a seed: one module, or up to four that call each other's functions.
pub fn program(seed: u64) -> ProgramSpec {
    let mut rng = Rng::new(seed ^ 0x7124_9500);
    let count = rng.between(1, 4);
    let mut modules: Vec<ModuleSpec> = Vec::new();
    for _ in 0..count {
        let mut module = ModuleSpec { memory: true, table: true, ..ModuleSpec::default() };
        let ty = module.types.index(I32, I32);
        for (from, other) in modules.iter().enumerate() {
            for func in 0..other.funcs.len() {
                if rng.chance(40) {
                    module.imports.push((format!("m{from}"), format!("f{func}"), Import::Func(ty)));
                    module.imported_funcs += 1;
                }
            }
        }
        let own = rng.between(2, 6);
        // What is behind the last function is null.
        let funcs: Vec<u32> = (0..(module.imported_funcs + own as u32).min(TABLE.0 as u32 - 2)).collect();
        module.passive.push(funcs.clone());
        module.elements.push((0, funcs));
        module.passive_data.push(vec![1; 8]);
        for _ in 0..own {
            let func = function(&mut rng, &mut module);
            module.funcs.push(func);
        }
        modules.push(module);
    }
    ProgramSpec {
        modules,
        seed,
        rounds: super::ROUNDS,
        floats: FLOATS,
        circles: false,
        deterministic: false,
        style: Style::of(seed),
    }
}

fn function(rng: &mut Rng, module: &mut ModuleSpec) -> FuncSpec {
    let ty = module.types.index(I32, I32);
    let before = module.imported_funcs + module.funcs.len() as u32;
    let mut func = Func { rng, module, before, budget: 12 };
    let mut body = Vec::new();
    for _ in 0..func.rng.between(0, 4) {
        body.push(func.statement());
    }
    let value = func.value(3);
    body.push(match func.rng.below(8) {
        0 if before > 0 => plain(I::ReturnCall(func.callee()), vec![value], &[]),
        1 if before > 0 => {
            let index = func.element();
            plain(I::ReturnCallIndirect { type_index: ty, table_index: 0 }, vec![value, index], &[])
        }
        _ => value,
    });
    FuncSpec { ty, locals: vec![Type::I32, Type::I32], body }
}

struct Func<'a> {
    rng: &'a mut Rng,
    module: &'a mut ModuleSpec,
    /// How many functions it may call.
    before: u32,
    /// How many things there may be in it that take time or trap.
    budget: usize,
}

impl Func<'_> {
    fn callee(&mut self) -> u32 {
        self.rng.below(self.before as usize) as u32
    }

    /// Index of an element it may call, or, for some parameters, of one that is null or not there.
    fn element(&mut self) -> Node {
        let callee = self.callee().min(TABLE.0 as u32 - 3);
        let wrong = [TABLE.0 as i32 - 1, TABLE.0 as i32, -1][self.rng.below(3)];
        let (sometimes, right) = (self.sometimes(), i32_const(callee as i32));
        plain(I::Select, vec![i32_const(wrong), right, sometimes], I32)
    }

    /// 1 for one of eight parameters, else 0.
    fn sometimes(&mut self) -> Node {
        let shifted =
            plain(I::I32ShrU, vec![leaf(I::LocalGet(0), Type::I32), i32_const(self.rng.below(6) as i32)], I32);
        let bits = plain(I::I32And, vec![shifted, i32_const(7)], I32);
        plain(I::I32Eq, vec![bits, i32_const(self.rng.below(8) as i32)], I32)
    }

    /// An address that is out of bounds for some parameters.
    fn address(&mut self) -> Node {
        let sometimes = self.sometimes();
        let far = [-1, -8, 1 << 20][self.rng.below(3)];
        plain(I::I32Mul, vec![sometimes, i32_const(far)], I32)
    }

    /// Zero for some parameters.
    fn divisor(&mut self) -> Node {
        let sometimes = self.sometimes();
        plain(I::I32Sub, vec![i32_const(1), sometimes], I32)
    }

    fn value(&mut self, depth: usize) -> Node {
        if depth == 0 || self.budget == 0 {
            return match self.rng.below(4) {
                0 => i32_const(self.rng.integer() as i32),
                1 => leaf(I::LocalGet(SUM), Type::I32),
                _ => leaf(I::LocalGet(0), Type::I32),
            };
        }
        match self.rng.below(10) {
            0..4 => {
                let operator = [I::I32Add, I::I32Sub, I::I32Xor, I::I32Mul, I::I32LtS][self.rng.below(5)].clone();
                let operands = vec![self.value(depth - 1), self.value(depth - 1)];
                plain(operator, operands, I32)
            }
            4..7 if self.before > 0 => self.call(depth),
            _ => self.trap(depth),
        }
    }

    fn call(&mut self, depth: usize) -> Node {
        self.budget -= 1;
        let argument = self.value(depth - 1);
        if self.rng.chance(60) {
            return plain(I::Call(self.callee()), vec![argument], I32);
        }
        let type_index = match self.rng.below(12) {
            // Not the type of any function.
            0 => {
                let other = self.module.types.index(&[Type::I32, Type::I32], I32);
                let call = I::CallIndirect { type_index: other, table_index: 0 };
                let index = self.element();
                return plain(call, vec![argument, i32_const(1), index], I32);
            }
            _ => self.module.types.index(I32, I32),
        };
        let index = self.element();
        plain(I::CallIndirect { type_index, table_index: 0 }, vec![argument, index], I32)
    }

    /// A value whose operator traps for some parameters.
    fn trap(&mut self, depth: usize) -> Node {
        self.budget -= 1;
        let offset = self.rng.below(64) as u64;
        match self.rng.below(16) {
            0 => plain(I::I32Load(mem(offset)), vec![self.address()], I32),
            1 => plain(I::I32Load8S(mem(offset)), vec![self.address()], I32),
            2 => {
                let load = plain(I::I64Load(mem(offset)), vec![self.address()], &[Type::I64]);
                plain(I::I32WrapI64, vec![load], I32)
            }
            3 => {
                let load = plain(I::F64Load(mem(offset)), vec![self.address()], &[Type::F64]);
                plain(I::I32TruncF64S, vec![load], I32)
            }
            4..7 => {
                let operator = [I::I32DivS, I::I32DivU, I::I32RemS, I::I32RemU][self.rng.below(4)].clone();
                let operands = vec![self.value(depth - 1), self.divisor()];
                plain(operator, operands, I32)
            }
            7 => {
                let divisor = plain(I::I64ExtendI32U, vec![self.divisor()], &[Type::I64]);
                let value = plain(I::I64ExtendI32S, vec![self.value(depth - 1)], &[Type::I64]);
                let operator = [I::I64DivS, I::I64DivU, I::I64RemS, I::I64RemU][self.rng.below(4)].clone();
                plain(I::I32WrapI64, vec![plain(operator, vec![value, divisor], &[Type::I64])], I32)
            }
            8 => {
                // The smallest number by -1, for some parameters.
                let sometimes = self.sometimes();
                let smallest = plain(I::I32Shl, vec![sometimes, i32_const(31)], I32);
                let minus = plain(I::I32Sub, vec![leaf(I::LocalGet(ZERO), Type::I32), i32_const(1)], I32);
                plain(I::I32DivS, vec![smallest, minus], I32)
            }
            9 => {
                let divisor = plain(I::F32ConvertI32S, vec![self.divisor()], &[Type::F32]);
                let value = plain(I::F32ConvertI32S, vec![self.value(depth - 1)], &[Type::F32]);
                let quotient = plain(I::F32Div, vec![value, divisor], &[Type::F32]);
                plain([I::I32TruncF32S, I::I32TruncF32U][self.rng.below(2)].clone(), vec![quotient], I32)
            }
            10 => {
                let element = plain(I::TableGet(0), vec![self.address()], &[Type::Func]);
                plain(I::RefIsNull, vec![element], I32)
            }
            11 => {
                let (sometimes, then, other) = (self.sometimes(), self.value(depth - 1), self.value(depth - 1));
                let trap = plain(I::Unreachable, Vec::new(), &[]);
                let ty = self.module.types.index(&[], I32);
                let body = vec![plain(I::Drop, vec![then], &[]), trap];
                Node {
                    op: Op::Block(Construct::If, ty, body, vec![other]),
                    kids: vec![sometimes],
                    results: I32.to_vec(),
                }
            }
            12 => {
                let at = mem(offset);
                let load = [I::V128Load(at), I::V128Load16x4S(at), I::V128Load8Splat(at)][self.rng.below(3)].clone();
                let vector = plain(load, vec![self.address()], &[Type::V128]);
                plain(I::I32x4ExtractLane(self.rng.below(4) as u8), vec![vector], I32)
            }
            13 => {
                // The address may trap, and so may what the vector is made of.
                let (address, value) = (self.address(), self.value(depth - 1));
                let vector = plain(I::I32x4Splat, vec![value], &[Type::V128]);
                let lane = self.rng.below(8) as u8;
                let load = plain(I::V128Load16Lane { memarg: mem(offset), lane }, vec![address, vector], &[Type::V128]);
                plain(I::I16x8ExtractLaneU(lane), vec![load], I32)
            }
            _ => {
                let value = self.value(depth - 1);
                Node::seq(vec![self.statement(), value], I32)
            }
        }
    }

    /// What leaves nothing, and may trap.
    fn statement(&mut self) -> Node {
        self.budget = self.budget.saturating_sub(1);
        let offset = self.rng.below(64) as u64;
        match self.rng.below(14) {
            0..3 => plain(I::LocalSet(SUM), vec![self.value(2)], &[]),
            3 => plain(I::I32Store(mem(offset)), vec![self.address(), self.value(1)], &[]),
            4 => plain(I::I32Store8(mem(offset)), vec![self.address(), self.value(1)], &[]),
            5 => {
                let value = plain(I::I64ExtendI32S, vec![self.value(1)], &[Type::I64]);
                plain(I::I64Store(mem(offset)), vec![self.address(), value], &[])
            }
            6 => plain(I::MemoryFill(0), vec![self.address(), i32_const(1), i32_const(9)], &[]),
            7 => {
                let copy = I::MemoryCopy { src_mem: 0, dst_mem: 0 };
                plain(copy, vec![self.address(), self.address(), i32_const(9)], &[])
            }
            8 => plain(I::MemoryInit { mem: 0, data_index: 0 }, vec![i32_const(0), self.address(), i32_const(3)], &[]),
            9 => {
                let null = leaf(I::RefNull(wasm_encoder::HeapType::FUNC), Type::Func);
                // Behind what is called.
                let far = plain(I::I32Add, vec![self.address(), i32_const(TABLE.0 as i32 - 1)], I32);
                plain(I::TableSet(0), vec![far, null], &[])
            }
            10 => {
                let trap = plain(I::Unreachable, Vec::new(), &[]);
                let ty = self.module.types.index(&[], &[]);
                let sometimes = self.sometimes();
                Node {
                    op: Op::Block(Construct::If, ty, vec![trap], Vec::new()),
                    kids: vec![sometimes],
                    results: Vec::new(),
                }
            }
            11 | 12 => {
                let (address, value) = (self.address(), self.value(1));
                let vector = plain(I::I16x8Splat, vec![value], &[Type::V128]);
                let memarg = mem(offset);
                let store = [I::V128Store(memarg), I::V128Store64Lane { memarg, lane: 1 }][self.rng.below(2)].clone();
                plain(store, vec![address, vector], &[])
            }
            _ => plain(I::TableInit { elem_index: 0, table: 0 }, vec![i32_const(0), self.address(), i32_const(1)], &[]),
        }
    }
}
