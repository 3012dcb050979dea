//! Expressions of a type.

use super::operators::{Conversion, OPERATORS, encoding};
use super::tree::Node;
use super::{FLOATS, Generator, NUMERIC};
use crate::outcome::Type::{self, Extern, F32, F64, Func, I32, I64, V128};
use wasm_encoder::{HeapType, Instruction, Instruction as I, MemArg, MemArgTarget};

pub(super) fn plain(instruction: Instruction<'static>, kids: Vec<Node>, results: &[Type]) -> Node {
    Node::plain(instruction, kids, results)
}

/// A leaf.
pub(super) fn leaf(instruction: Instruction<'static>, ty: Type) -> Node {
    plain(instruction, Vec::new(), &[ty])
}

pub(super) fn i32_const(value: i32) -> Node {
    leaf(I::I32Const(value), I32)
}

/// How many bytes a load or store may be aligned by, and at which offset.
pub(super) fn mem(offset: u64) -> MemArg {
    MemArg { offset, align: 0, target: MemArgTarget::Memory(0), ordering: None }
}

impl Generator<'_> {
    pub(super) fn get(&self, local: u32) -> Node {
        leaf(I::LocalGet(local), self.locals[local as usize])
    }

    /// A local of type `ty` that may be assigned.
    pub(super) fn free_local(&mut self, ty: Type) -> Option<u32> {
        let fitting: Vec<u32> = self.free.iter().copied().filter(|&local| self.locals[local as usize] == ty).collect();
        (!fitting.is_empty()).then(|| *self.rng.pick(&fitting))
    }

    /// A global of type `ty`, never the fuel.
    pub(super) fn global(&mut self, ty: Type) -> Option<u32> {
        let fitting: Vec<u32> =
            (0..self.globals.len() as u32).filter(|&i| i != self.fuel && self.globals[i as usize] == ty).collect();
        (!fitting.is_empty()).then(|| *self.rng.pick(&fitting))
    }

    pub(super) fn constant(&mut self, ty: Type) -> Node {
        match ty {
            I32 => i32_const(self.rng.integer() as i32),
            I64 => leaf(I::I64Const(self.rng.integer() as i64), I64),
            F32 => leaf(I::F32Const((self.rng.float() as f32).into()), F32),
            F64 => leaf(I::F64Const(self.rng.float().into()), F64),
            V128 => leaf(I::V128Const(self.vector_bits() as i128), V128),
            Func if self.rng.chance(60) => leaf(I::RefFunc(*self.rng.pick(&self.referable)), Func),
            Func => leaf(I::RefNull(HeapType::FUNC), Func),
            Extern => leaf(I::RefNull(HeapType::EXTERN), Extern),
            Type::Ref { .. } => unreachable!("trees have no such type"),
        }
    }

    pub(super) fn simple(&mut self, ty: Type) -> Node {
        let choice = self.rng.below(100);
        if choice < 62 {
            // Any local, pointers and counters included.
            let fitting: Vec<u32> =
                (0..self.locals.len() as u32).filter(|&local| self.locals[local as usize] == ty).collect();
            if !fitting.is_empty() {
                let local = *self.rng.pick(&fitting);
                return self.get(local);
            }
        } else if choice < 74
            && let Some(global) = self.global(ty)
        {
            return leaf(I::GlobalGet(global), ty);
        }
        self.constant(ty)
    }

    /// An expression of type `ty`.
    pub(super) fn expr(&mut self, ty: Type, depth: usize) -> Node {
        self.budget -= 1;
        if depth == 0 || self.budget < 0 || self.rng.chance(14) {
            return self.simple(ty);
        }
        let depth = depth - 1;
        if ty == I64 && self.rng.chance(self.habits.wide) {
            return self.half_of_wide(depth);
        }
        if matches!(ty, I32 | I64) && self.habits.atomics > 0 && self.rng.chance(self.habits.atomics) {
            return self.atomic(ty, depth);
        }
        if ty == Func && self.rng.chance(self.habits.references) {
            return self.not_null(depth);
        }
        let interleave = self.habits.interleave;
        if self.habits.vectors > 0 && ty != V128 && self.rng.chance(12) {
            return self.of_vector(ty, depth);
        }
        match self.rng.weighted(&[34, 9, 10, 12, 7, interleave, 5, 4, 5, 3, 6, 3, 4, 2, 2, 14]) {
            0..4 | 12 | 14 | 15 if ty == V128 => self.vector(depth),
            0 => self.binary(ty, depth),
            1 => self.unary(ty, depth),
            2 => self.conversion(ty, depth),
            3 => self.load(ty, depth),
            4 => match self.free_local(ty) {
                Some(local) => {
                    let value = self.expr(ty, depth);
                    plain(I::LocalTee(local), vec![value], &[ty])
                }
                None => self.simple(ty),
            },
            5 => {
                // A statement between operands.
                let mut kids = vec![self.statement(depth)];
                kids.push(self.expr(ty, depth));
                Node::seq(kids, &[ty])
            }
            6 => self.select(ty, depth),
            7 => self.block_of(&[ty], depth),
            8 => self.if_of(&[ty], depth),
            9 => self.loop_of(&[ty], depth),
            10 => self.call_of(&[ty], depth).unwrap_or_else(|| self.simple(ty)),
            11 => self.br_if_value(ty, depth),
            12 if ty == I32 => self.comparison(depth),
            12 => self.binary(ty, depth),
            13 => self.br_table_value(ty, depth),
            15 => self.idiom(ty),
            _ => match ty {
                I32 => match self.rng.below(4) {
                    0 => leaf(I::MemorySize(0), I32),
                    1 => leaf(I::TableSize(0), I32),
                    2 => {
                        let pages = i32_const(if self.rng.chance(85) { 0 } else { 1 });
                        plain(I::MemoryGrow(0), vec![pages], &[I32])
                    }
                    _ => {
                        let (value, count) = (self.expr(Func, 1), i32_const(self.rng.below(2) as i32));
                        plain(I::TableGrow(0), vec![value, count], &[I32])
                    }
                },
                Func => {
                    let index = self.table_index();
                    plain(I::TableGet(0), vec![index], &[Func])
                }
                _ => self.binary(ty, depth),
            },
        }
    }

    /// An index of the table, out of bounds at times.
    pub(super) fn table_index(&mut self) -> Node {
        match self.rng.below(20) {
            0 => i32_const(self.rng.between(14, 30) as i32),
            1..6 => {
                let (index, mask) = (self.expr(I32, 2), i32_const(15));
                plain(I::I32And, vec![index, mask], &[I32])
            }
            _ => i32_const(self.rng.below(16) as i32),
        }
    }

    /// Two operands of one type; at times from one node.
    fn pair(&mut self, ty: Type, depth: usize) -> Vec<Node> {
        if self.rng.chance(5) {
            return self.list(&[ty, ty], depth);
        }
        let a = self.expr(ty, depth);
        let b = if self.rng.chance(20) { self.constant(ty) } else { self.expr(ty, depth) };
        if self.rng.chance(8) { vec![b, a] } else { vec![a, b] }
    }

    /// A local, or at times a constant.
    pub(super) fn operand(&mut self, ty: Type) -> Node {
        if self.rng.chance(30) {
            return match ty {
                // What programs add, shift by and mask with.
                I32 if self.rng.chance(60) => i32_const(self.rng.between(1, 33) as i32),
                I64 if self.rng.chance(60) => leaf(I::I64Const(self.rng.between(1, 65) as i64), I64),
                _ => self.constant(ty),
            };
        }
        match self.free_local(ty) {
            Some(local) => self.get(local),
            None => self.constant(ty),
        }
    }

    /// An operator of locals and constants, or two: the shapes that have handlers of their own.
    pub(super) fn idiom(&mut self, ty: Type) -> Node {
        let operators = match ty {
            I32 | I64 => OPERATORS.binary(ty),
            // Not minima and maxima, which are rare.
            F32 | F64 => &OPERATORS.binary(ty)[..4],
            V128 => return self.vector_idiom(),
            Func | Extern | Type::Ref { .. } => return self.simple(ty),
        };
        let inner = |this: &mut Self| {
            let operator = encoding(*this.rng.pick(operators), 0);
            let kids = vec![this.operand(ty), this.operand(ty)];
            plain(operator, kids, &[ty])
        };
        let value = match self.rng.below(6) {
            0 => return inner(self),
            1 => {
                let local = *self.rng.pick(&self.pointers);
                let (offset, pointer) = (8 * self.rng.below(100) as u64, self.get(local));
                let (load, offset) = match ty {
                    I32 => (I::I32Load as fn(MemArg) -> _, offset),
                    I64 => (I::I64Load as fn(MemArg) -> _, offset),
                    F32 => (I::F32Load as fn(MemArg) -> _, offset + FLOATS.f32.0 as u64),
                    _ => (I::F64Load as fn(MemArg) -> _, offset + FLOATS.f64.0 as u64),
                };
                plain(load(mem(offset)), vec![pointer], &[ty])
            }
            _ => inner(self),
        };
        let other = if self.rng.chance(25) { inner(self) } else { self.operand(ty) };
        let kids = if self.rng.chance(70) { vec![value, other] } else { vec![other, value] };
        let operator = encoding(*self.rng.pick(operators), 0);
        plain(operator, kids, &[ty])
    }

    pub(super) fn binary(&mut self, ty: Type, depth: usize) -> Node {
        if !NUMERIC.contains(&ty) {
            return self.simple(ty);
        }
        let (operators, division) = (OPERATORS.binary(ty), OPERATORS.division(ty));
        if ty == I32 && self.rng.chance(22) {
            return self.comparison(depth);
        }
        if !division.is_empty() && self.rng.chance(9) {
            let operator = encoding(*self.rng.pick(division), 0);
            let a = self.expr(ty, depth);
            let b = self.expr(ty, depth.min(2));
            // Mostly not zero.
            let b = if !self.rng.chance(self.habits.traps) {
                let (or, one) =
                    if ty == I32 { (I::I32Or, i32_const(1)) } else { (I::I64Or, leaf(I::I64Const(1), I64)) };
                if self.rng.chance(50) { plain(or, vec![b, one], &[ty]) } else { self.nonzero(ty) }
            } else {
                b
            };
            return plain(operator, vec![a, b], &[ty]);
        }
        if matches!(ty, F32 | F64) && self.rng.chance(6) {
            let operator = if ty == F32 { I::F32Copysign } else { I::F64Copysign };
            let kids = vec![self.expr(ty, depth), self.certain(ty, depth)];
            return plain(operator, kids, &[ty]);
        }
        let operator = encoding(*self.rng.pick(operators), 0);
        let kids = self.pair(ty, depth);
        plain(operator, kids, &[ty])
    }

    fn nonzero(&mut self, ty: Type) -> Node {
        let value = self.rng.between(1, 40) as i64 * if self.rng.chance(20) { -1 } else { 1 };
        if ty == I32 { i32_const(value as i32) } else { leaf(I::I64Const(value), I64) }
    }

    pub(super) fn comparison(&mut self, depth: usize) -> Node {
        let comparisons = &OPERATORS.comparisons;
        // Integers of 32 bits are what programs compare.
        let i32s = comparisons.iter().take_while(|&&(ty, _)| ty == I32).count();
        let most = if self.rng.below(3) == 0 { comparisons.len() } else { i32s };
        let (ty, op) = comparisons[self.rng.below(most)];
        let operator = encoding(op, 0);
        let kids = match self.rng.below(4) {
            0 => vec![self.operand(ty), self.operand(ty)],
            1 => vec![self.idiom(ty), self.operand(ty)],
            _ => self.pair(ty, depth),
        };
        plain(operator, kids, &[I32])
    }

    fn unary(&mut self, ty: Type, depth: usize) -> Node {
        let operators = OPERATORS.unary(ty);
        if operators.is_empty() {
            return self.simple(ty);
        }
        let operator = encoding(*self.rng.pick(operators), 0);
        let value = self.expr(ty, depth);
        plain(operator, vec![value], &[ty])
    }

    fn conversion(&mut self, ty: Type, depth: usize) -> Node {
        let fitting: Vec<_> = OPERATORS.conversions.iter().filter(|conversion| conversion.result == ty).collect();
        if fitting.is_empty() {
            return self.simple(ty);
        }
        let &&Conversion { operand, shows_bits, op, .. } = self.rng.pick(&fitting);
        let value = if shows_bits { self.certain(operand, depth) } else { self.expr(operand, depth) };
        plain(encoding(op, 0), vec![value], &[ty])
    }

    /// A float whose bits are certain even if it is a NaN.
    pub(super) fn certain(&mut self, ty: Type, depth: usize) -> Node {
        self.budget -= 1;
        let int = if ty == F32 { I32 } else { I64 };
        if depth == 0 || self.budget < 0 {
            return self.constant(ty);
        }
        let depth = depth - 1;
        let f32 = ty == F32;
        match self.rng.below(7) {
            0 => self.constant(ty),
            1 => {
                let value = self.expr(int, depth);
                plain(if f32 { I::F32ReinterpretI32 } else { I::F64ReinterpretI64 }, vec![value], &[ty])
            }
            2 => {
                let value = self.expr(I32, depth);
                plain(if f32 { I::F32ConvertI32S } else { I::F64ConvertI32U }, vec![value], &[ty])
            }
            3 => {
                let (address, offset) = self.integer_address(depth);
                plain(if f32 { I::F32Load(mem(offset)) } else { I::F64Load(mem(offset)) }, vec![address], &[ty])
            }
            4 => {
                let value = self.certain(ty, depth);
                plain(if f32 { I::F32Neg } else { I::F64Abs }, vec![value], &[ty])
            }
            _ => match self.free_local(ty) {
                // Any float, if it is a number.
                Some(local) => {
                    let value = self.expr(ty, depth);
                    let set = plain(I::LocalTee(local), vec![value], &[ty]);
                    let constant = self.constant(ty);
                    let test =
                        plain(if f32 { I::F32Eq } else { I::F64Eq }, vec![self.get(local), self.get(local)], &[I32]);
                    plain(I::Select, vec![set, constant, test], &[ty])
                }
                None => self.constant(ty),
            },
        }
    }

    /// An address and offset where integers lie, out of bounds at times.
    pub(super) fn integer_address(&mut self, depth: usize) -> (Node, u64) {
        let offset = |this: &mut Self, most: usize| if this.rng.chance(40) { 0 } else { this.rng.below(most) as u64 };
        if self.habits.narrow && self.rng.chance(70) {
            // Few places, so that loads and stores meet.
            let offset = 8 * self.rng.below(3) as u64;
            return match self.rng.below(3) {
                0 => (i32_const(0), offset),
                1 => {
                    let local = *self.rng.pick(&self.pointers);
                    let kids = vec![self.get(local), i32_const(8)];
                    (plain(I::I32And, kids, &[I32]), offset)
                }
                _ => {
                    let local = *self.rng.pick(&self.pointers);
                    (self.get(local), offset)
                }
            };
        }
        let edges = if self.rng.chance(self.habits.traps) { 100 } else { 94 };
        match self.rng.below(edges) {
            0..30 => {
                let local = *self.rng.pick(&self.pointers);
                (self.get(local), offset(self, 2_000))
            }
            30..48 => {
                // A pointer and an index.
                let local = *self.rng.pick(&self.pointers);
                let (index, mask) = (self.expr(I32, depth.min(2)), i32_const(0xFF));
                let index = plain(I::I32And, vec![index, mask], &[I32]);
                let shift = i32_const(self.rng.below(4) as i32);
                let index = plain(I::I32Shl, vec![index, shift], &[I32]);
                let kids =
                    if self.rng.chance(70) { vec![self.get(local), index] } else { vec![index, self.get(local)] };
                (plain(I::I32Add, kids, &[I32]), offset(self, 2_000))
            }
            48..58 => {
                let local = *self.rng.pick(&self.pointers);
                let more = i32_const(self.rng.below(512) as i32);
                (plain(I::I32Add, vec![self.get(local), more], &[I32]), offset(self, 2_000))
            }
            58..82 => {
                let (address, mask) = (self.expr(I32, depth), i32_const(*self.rng.pick(&[0x1FFF, 0xFF8, 0xFF])));
                (plain(I::I32And, vec![address, mask], &[I32]), offset(self, 7_000))
            }
            82..94 => (i32_const(self.rng.below(8_000) as i32), offset(self, 8_000)),
            94..96 => {
                // About the end of the first page.
                let (address, mask) = (self.expr(I32, depth), i32_const(15));
                (plain(I::I32And, vec![address, mask], &[I32]), self.rng.between(65_512, 65_530) as u64)
            }
            96 => (i32_const(65_536 - self.rng.below(12) as i32), 0),
            97 => {
                // About the memory's end.
                let size = plain(I::I32Shl, vec![leaf(I::MemorySize(0), I32), i32_const(16)], &[I32]);
                let less = i32_const(self.rng.below(12) as i32);
                (plain(I::I32Sub, vec![size, less], &[I32]), self.rng.below(4) as u64)
            }
            98 => (i32_const(-1 - self.rng.below(9) as i32), self.rng.below(12) as u64),
            _ => (i32_const(self.rng.below(9) as i32), u64::from(u32::MAX) - self.rng.below(9) as u64),
        }
    }

    /// An address and offset where floats of type `ty` lie.
    pub(super) fn float_address(&mut self, ty: Type, depth: usize) -> (Node, u64) {
        let area = if ty == F32 { FLOATS.f32.0 } else { FLOATS.f64.0 } as u64;
        if self.habits.narrow {
            let local = *self.rng.pick(&self.pointers);
            return (self.get(local), area + 8 * self.rng.below(2) as u64);
        }
        match self.rng.below(4) {
            0 | 1 => {
                let local = *self.rng.pick(&self.pointers);
                (self.get(local), area + 8 * self.rng.below(256) as u64)
            }
            2 => {
                let local = *self.rng.pick(&self.pointers);
                let index = plain(I::I32And, vec![self.expr(I32, depth.min(2)), i32_const(0xFF)], &[I32]);
                let index = plain(I::I32Shl, vec![index, i32_const(3)], &[I32]);
                (plain(I::I32Add, vec![self.get(local), index], &[I32]), area)
            }
            _ => {
                let address = plain(I::I32And, vec![self.expr(I32, depth), i32_const(0xFF8)], &[I32]);
                (address, area + 8 * self.rng.below(256) as u64)
            }
        }
    }

    fn load(&mut self, ty: Type, depth: usize) -> Node {
        if matches!(ty, F32 | F64) && self.rng.chance(70) {
            let (address, offset) = self.float_address(ty, depth);
            return plain(
                if ty == F32 { I::F32Load(mem(offset)) } else { I::F64Load(mem(offset)) },
                vec![address],
                &[ty],
            );
        }
        if OPERATORS.loads(ty).is_empty() {
            return self.simple(ty);
        }
        let (address, offset) = self.integer_address(depth);
        let instruction = encoding(*self.rng.pick(OPERATORS.loads(ty)), offset);
        plain(instruction, vec![address], &[ty])
    }

    fn select(&mut self, ty: Type, depth: usize) -> Node {
        let mut kids = self.pair(ty, depth);
        kids.push(self.condition(depth));
        let instruction = match ty {
            Func | Extern | Type::Ref { .. } => I::TypedSelect(super::tree::val_type(ty)),
            V128 if self.rng.chance(30) => I::TypedSelect(super::tree::val_type(ty)),
            _ => I::Select,
        };
        plain(instruction, kids, &[ty])
    }

    /// What branches branch on.
    pub(super) fn condition(&mut self, depth: usize) -> Node {
        match self.rng.below(10) {
            0..5 => self.comparison(depth),
            5 => {
                let value = self.comparison(depth);
                plain(I::I32Eqz, vec![value], &[I32])
            }
            6 => {
                let value = self.expr(I32, depth);
                plain(I::I32And, vec![value, i32_const(1 << self.rng.below(4))], &[I32])
            }
            _ => self.expr(I32, depth),
        }
    }

    /// Expressions that together give `types`.
    pub(super) fn list(&mut self, types: &[Type], depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut at = 0;
        while at < types.len() {
            let rest = &types[at..];
            if rest.len() >= 2 && depth > 0 && self.budget > 0 && self.rng.chance(15) {
                let count = self.rng.between(2, rest.len().min(4));
                let part = rest[..count].to_vec();
                let node = match self.rng.below(4) {
                    0 => self.block_of(&part, depth - 1),
                    1 => self.if_of(&part, depth - 1),
                    2 => self.loop_of(&part, depth - 1),
                    _ => self.call_of(&part, depth - 1).unwrap_or_else(|| self.block_of(&part, depth - 1)),
                };
                nodes.push(node);
                at += count;
            } else {
                nodes.push(self.expr(rest[0], depth));
                at += 1;
            }
        }
        nodes
    }

    /// A call, to anything that returns `types`.
    pub(super) fn call_of(&mut self, types: &[Type], depth: usize) -> Option<Node> {
        if !self.calls {
            return None;
        }
        if self.rng.chance(self.habits.references)
            && let Some((kids, type_index)) = self.callee_ref(types, depth)
        {
            return Some(plain(I::CallRef(type_index), kids, types));
        }
        if self.rng.chance(25) {
            let fitting: Vec<usize> = (0..self.table.len())
                .filter(|&i| self.table[i].as_ref().is_some_and(|(_, results)| results == types))
                .collect();
            if !fitting.is_empty() {
                let at = *self.rng.pick(&fitting);
                let (params, results) = self.table[at].clone().expect("just seen");
                let mut kids = self.list(&params, depth);
                kids.push(self.element(at));
                let type_index = self.module.types.index(&params, &results);
                return Some(plain(I::CallIndirect { type_index, table_index: 0 }, kids, &results));
            }
        }
        let fitting: Vec<_> = self.callees.iter().filter(|callee| callee.signature.1 == types).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let callee = self.rng.pick(&fitting).clone();
        let kids = self.list(&callee.signature.0, depth);
        Some(plain(I::Call(callee.index), kids, &callee.signature.1))
    }

    /// The number `at`, computed.
    pub(super) fn element(&mut self, at: usize) -> Node {
        match self.rng.below(12) {
            0 => self.table_index(),
            1 => {
                let kids = vec![self.expr(I32, 1), i32_const(0)];
                let zero = plain(I::I32And, kids, &[I32]);
                plain(I::I32Or, vec![zero, i32_const(at as i32)], &[I32])
            }
            _ => i32_const(at as i32),
        }
    }
}
