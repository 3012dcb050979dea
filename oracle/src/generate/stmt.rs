//! Statements.

use super::Generator;
use super::expr::{i32_const, leaf, mem};
use super::tree::{Construct, Node};
use crate::outcome::Type::{self, F32, F64, Func, I32, I64, V128};
use wasm_encoder::{Instruction, Instruction as I};

/// Most increments of pointers in one function: each happens at most 36 times, and they must stay in their area.
const INCREMENTS: usize = 20;

fn plain(instruction: Instruction<'static>, kids: Vec<Node>, results: &[Type]) -> Node {
    Node::plain(instruction, kids, results)
}

impl Generator<'_> {
    /// Some statements.
    pub(super) fn statements(&mut self, depth: usize) -> Vec<Node> {
        let most = if depth >= 6 { 10 } else { 3 };
        let count = if depth == 0 || self.budget < 0 { 0 } else { self.rng.below(most + 1) };
        (0..count).map(|_| self.statement(depth.min(5))).collect()
    }

    /// One statement.
    pub(super) fn statement(&mut self, depth: usize) -> Node {
        self.budget -= 1;
        if self.budget < 0 || depth == 0 || self.rng.chance(25) {
            return self.simple_statement();
        }
        let depth = depth - 1;
        if self.rng.chance(self.habits.wide) {
            return self.wide_step(depth);
        }
        if self.habits.atomics > 0 && self.rng.chance(self.habits.atomics) {
            return self.atomic_statement(depth);
        }
        if self.rng.chance(self.habits.references / 8) {
            return self.unless_null(depth);
        }
        match self.rng.weighted(&[34, 20, 8, 8, 4, 5, 4, 3, 3, 4, 3, 2, 7, 1]) {
            0 => self.set_local(depth),
            1 => self.store(depth),
            2 => self.set_global(depth),
            3 => self.if_(depth),
            4 => {
                let body = self.labelled(&[], true, |this| this.statements(depth));
                self.block(Construct::Block, &[], &[], Vec::new(), body, Vec::new())
            }
            5 => self.counted(&[], depth),
            6 => self.br_if(depth),
            7 => self.switch(depth),
            8 => {
                let ty = self.numeric();
                let value = self.expr(ty, depth);
                plain(I::Drop, vec![value], &[])
            }
            9 => self.call(depth),
            10 => self.bulk(depth),
            11 => self.table(depth),
            12 => self.pointer(depth),
            _ => {
                let condition = self.condition(depth);
                let body = self.labelled(&[], true, |this| vec![this.leave(depth)]);
                self.block(Construct::If, &[], &[], vec![condition], body, Vec::new())
            }
        }
    }

    /// A statement of locals and constants alone: it asks for no register, so everything that waits may go on waiting.
    fn simple_statement(&mut self) -> Node {
        let ty = self.numeric();
        let value = self.operand(ty);
        match self.rng.below(8) {
            0..3 => match self.free_local(ty) {
                Some(local) => plain(I::LocalSet(local), vec![value], &[]),
                None => Node::nothing(),
            },
            3 => match self.global(ty) {
                Some(global) => plain(I::GlobalSet(global), vec![value], &[]),
                None => Node::nothing(),
            },
            4 => {
                let (test, local) = (self.rng.chance(50), self.free_local(I32));
                let target = self.targets(&[]).first().copied();
                let (Some(local), Some(target)) = (local, target) else { return Node::nothing() };
                let mut condition = self.get(local);
                if test {
                    let kids = vec![condition, self.operand(I32)];
                    condition = plain(self.rng.pick(&[I::I32LtS, I::I32Eq, I::I32GtU]).clone(), kids, &[I32]);
                }
                plain(I::BrIf(target), vec![condition], &[])
            }
            _ => {
                let area = match ty {
                    F32 => super::FLOATS.f32.0,
                    F64 => super::FLOATS.f64.0,
                    _ => 0,
                };
                let at = mem(area as u64 + 8 * self.rng.below(if self.habits.narrow { 3 } else { 100 }) as u64);
                let local = *self.rng.pick(&self.pointers);
                let store = match ty {
                    I32 => I::I32Store(at),
                    I64 => I::I64Store(at),
                    F32 => I::F32Store(at),
                    V128 => I::V128Store(at),
                    _ => I::F64Store(at),
                };
                plain(store, vec![self.get(local), value], &[])
            }
        }
    }

    fn set_local(&mut self, depth: usize) -> Node {
        if self.free.is_empty() {
            return Node::nothing();
        }
        let local = *self.rng.pick(&self.free);
        let ty = self.locals[local as usize];
        if self.rng.chance(20) {
            let value = self.idiom(ty);
            return plain(I::LocalSet(local), vec![value], &[]);
        }
        if self.rng.chance(15) && super::NUMERIC.contains(&ty) {
            // Of itself, as programs do.
            let operator = match ty {
                I32 => self.rng.pick(&[I::I32Add, I::I32Sub, I::I32Xor, I::I32Mul]).clone(),
                I64 => self.rng.pick(&[I::I64Add, I::I64Sub, I::I64Xor, I::I64Mul]).clone(),
                F32 => self.rng.pick(&[I::F32Add, I::F32Mul]).clone(),
                _ => self.rng.pick(&[I::F64Add, I::F64Mul]).clone(),
            };
            let kids = vec![self.get(local), self.expr(ty, depth)];
            return plain(I::LocalSet(local), vec![plain(operator, kids, &[ty])], &[]);
        }
        if self.rng.chance(6) {
            // Two at once, in the order of the stack.
            let other = *self.rng.pick(&self.free);
            let other_ty = self.locals[other as usize];
            let kids = self.list(&[ty, other_ty], depth);
            let first = plain(I::LocalSet(other), kids, &[]);
            return plain(I::LocalSet(local), vec![first], &[]);
        }
        let value = self.expr(ty, depth);
        plain(I::LocalSet(local), vec![value], &[])
    }

    fn set_global(&mut self, depth: usize) -> Node {
        let ty = if self.rng.chance(5) { Func } else { self.numeric() };
        let Some(global) = self.global(ty) else { return Node::nothing() };
        let value = self.expr(ty, depth);
        plain(I::GlobalSet(global), vec![value], &[])
    }

    fn store(&mut self, depth: usize) -> Node {
        let ty = self.numeric();
        if ty == V128 {
            return self.store_vector(depth);
        }
        if matches!(ty, F32 | F64) {
            let certain = self.rng.chance(20);
            let (address, offset) = if certain { self.integer_address(depth) } else { self.float_address(ty, depth) };
            let value = if certain { self.certain(ty, depth) } else { self.expr(ty, depth) };
            let store = if ty == F32 { I::F32Store(mem(offset)) } else { I::F64Store(mem(offset)) };
            return plain(store, vec![address, value], &[]);
        }
        let (address, offset) = self.integer_address(depth);
        let at = mem(offset);
        let store = match ty {
            I32 => self.rng.pick(&[I::I32Store(at), I::I32Store(at), I::I32Store8(at), I::I32Store16(at)]).clone(),
            _ => self
                .rng
                .pick(&[I::I64Store(at), I::I64Store(at), I::I64Store8(at), I::I64Store16(at), I::I64Store32(at)])
                .clone(),
        };
        if self.rng.chance(12)
            && let I::I32Store(_) | I::I64Store(_) = store
        {
            // Load, compute, store, at one address.
            let load = plain(if ty == I32 { I::I32Load(at) } else { I::I64Load(at) }, vec![address.clone()], &[ty]);
            let operand = self.expr(ty, depth.min(1));
            let value = plain(if ty == I32 { I::I32Add } else { I::I64Xor }, vec![load, operand], &[ty]);
            return plain(store, vec![address, value], &[]);
        }
        let value = self.expr(ty, depth);
        plain(store, vec![address, value], &[])
    }

    fn if_(&mut self, depth: usize) -> Node {
        let condition = self.condition(depth);
        let body = self.labelled(&[], true, |this| this.statements(depth));
        let other = if self.rng.chance(50) {
            let mut other = self.labelled(&[], true, |this| this.statements(depth));
            other.push(Node::nothing());
            other
        } else {
            Vec::new()
        };
        self.block(Construct::If, &[], &[], vec![condition], body, other)
    }

    fn br_if(&mut self, depth: usize) -> Node {
        let open: Vec<u32> =
            (0..self.labels.len()).filter(|&i| self.labels[self.labels.len() - 1 - i].open).map(|i| i as u32).collect();
        let target = *self.rng.pick(&open);
        let types = self.labels[self.labels.len() - 1 - target as usize].types.clone();
        let mut kids = self.list(&types, depth.min(2));
        kids.push(self.condition(depth));
        let branch = plain(I::BrIf(target), kids, &types);
        // What is left if the branch is not taken goes.
        types.iter().rev().fold(branch, |node, &ty| match self.free_local(ty) {
            Some(local) if self.rng.chance(50) => plain(I::LocalSet(local), vec![node], &[]),
            _ => plain(I::Drop, vec![node], &[]),
        })
    }

    /// Ends in another place: a branch, a return or a tail call.
    pub(super) fn leave(&mut self, depth: usize) -> Node {
        let results = self.results.clone();
        match self.rng.below(10) {
            0..3 => {
                let kids = self.list(&results, depth);
                plain(I::Return, kids, &[])
            }
            3 if self.calls => {
                let fitting: Vec<_> =
                    self.callees.iter().filter(|callee| callee.signature.1 == results).cloned().collect();
                if fitting.is_empty() {
                    return plain(I::Unreachable, Vec::new(), &[]);
                }
                let callee = self.rng.pick(&fitting).clone();
                let kids = self.list(&callee.signature.0, depth);
                plain(I::ReturnCall(callee.index), kids, &[])
            }
            4 if self.calls && self.rng.chance(self.habits.references) => match self.callee_ref(&results, depth) {
                Some((kids, type_index)) => plain(I::ReturnCallRef(type_index), kids, &[]),
                None => {
                    let kids = self.list(&results, depth);
                    plain(I::Return, kids, &[])
                }
            },
            4 if self.calls => {
                let fitting: Vec<usize> = (0..self.table.len())
                    .filter(|&i| self.table[i].as_ref().is_some_and(|signature| signature.1 == results))
                    .collect();
                if fitting.is_empty() {
                    let kids = self.list(&results, depth);
                    return plain(I::Return, kids, &[]);
                }
                let at = *self.rng.pick(&fitting);
                let (params, _) = self.table[at].clone().expect("just seen");
                let mut kids = self.list(&params, depth);
                kids.push(self.element(at));
                let type_index = self.module.types.index(&params, &results);
                plain(I::ReturnCallIndirect { type_index, table_index: 0 }, kids, &[])
            }
            _ => {
                let open: Vec<usize> = (0..self.labels.len()).filter(|&i| self.labels[i].open).collect();
                let at = *self.rng.pick(&open);
                let types = self.labels[at].types.clone();
                let kids = self.list(&types, depth);
                plain(I::Br((self.labels.len() - 1 - at) as u32), kids, &[])
            }
        }
    }

    /// Nested blocks, a `br_table` in the innermost, and something behind each.
    fn switch(&mut self, depth: usize) -> Node {
        let count = self.rng.between(2, 4);
        for _ in 0..count {
            self.labels.push(super::Label { types: Vec::new(), open: true });
        }
        let targets = self.targets(&[]);
        let depths: Vec<u32> = (0..self.rng.between(1, 5))
            .map(|_| if self.rng.chance(80) { self.rng.below(count) as u32 } else { *self.rng.pick(&targets) })
            .collect();
        let mut index = self.expr(I32, depth);
        if self.rng.chance(80) {
            index = plain(I::I32And, vec![index, i32_const(7)], &[I32]);
        }
        let default = self.rng.below(count) as u32;
        let mut node = plain(I::BrTable(depths.into(), default), vec![index], &[]);
        for _ in 0..count {
            let mut body = vec![node];
            if self.labels.len() > 1 && body.len() == 1 {
                // Statements behind the inner block; behind the `br_table` they would not be reached.
                let reached = !matches!(body[0].op, super::tree::Op::Plain(_));
                if reached {
                    body.extend(self.statements(depth.min(2)));
                }
            }
            self.labels.pop();
            node = self.block(Construct::Block, &[], &[], Vec::new(), body, Vec::new());
        }
        node
    }

    fn call(&mut self, depth: usize) -> Node {
        if !self.calls {
            return self.set_local(depth);
        }
        let callee = self.rng.pick(&self.callees).clone();
        let results = callee.signature.1;
        let kids = self.list(&callee.signature.0, depth);
        let call = plain(I::Call(callee.index), kids, &results);
        results.iter().rev().fold(call, |node, &ty| match self.free_local(ty) {
            Some(local) if self.rng.chance(70) => plain(I::LocalSet(local), vec![node], &[]),
            _ => plain(I::Drop, vec![node], &[]),
        })
    }

    /// Bulk operations on memory, where integers lie.
    fn bulk(&mut self, depth: usize) -> Node {
        let small = |this: &mut Self, most: usize| match this.rng.below(12) {
            0 => {
                let kids = vec![this.expr(I32, depth.min(2)), i32_const(15)];
                plain(I::I32And, kids, &[I32])
            }
            _ => i32_const(this.rng.below(most) as i32),
        };
        let (to, offset) = self.integer_address(depth.min(2));
        let offset = i32_const((offset % 4_000) as i32);
        let to = plain(I::I32Add, vec![to, offset], &[I32]);
        match self.rng.below(8) {
            0..3 => {
                let kids = vec![to, self.expr(I32, depth), small(self, 24)];
                plain(I::MemoryFill(0), kids, &[])
            }
            3..6 => {
                let from = i32_const(self.rng.below(12_000) as i32);
                let kids = vec![to, from, small(self, 64)];
                plain(I::MemoryCopy { src_mem: 0, dst_mem: 0 }, kids, &[])
            }
            6 => {
                let kids = vec![to, small(self, 8), small(self, 16)];
                plain(I::MemoryInit { mem: 0, data_index: 0 }, kids, &[])
            }
            _ if self.rng.chance(20) => plain(I::DataDrop(0), Vec::new(), &[]),
            _ => {
                let grow = plain(I::MemoryGrow(0), vec![i32_const(self.rng.below(2) as i32)], &[I32]);
                plain(I::Drop, vec![grow], &[])
            }
        }
    }

    fn table(&mut self, depth: usize) -> Node {
        let few = |this: &mut Self| i32_const(this.rng.below(4) as i32);
        match self.rng.below(10) {
            0..5 => {
                // Mostly where no function lies that is called.
                let index =
                    if self.rng.chance(80) { i32_const(self.rng.between(12, 15) as i32) } else { self.table_index() };
                let value = self.expr(Func, depth);
                plain(I::TableSet(0), vec![index, value], &[])
            }
            5 | 6 => {
                let kids = vec![i32_const(self.rng.between(10, 14) as i32), self.expr(Func, depth), few(self)];
                plain(I::TableFill(0), kids, &[])
            }
            7 => {
                let kids = vec![i32_const(self.rng.between(9, 13) as i32), self.table_index(), few(self)];
                plain(I::TableCopy { src_table: 0, dst_table: 0 }, kids, &[])
            }
            8 => {
                let kids = vec![i32_const(self.rng.between(9, 13) as i32), few(self), few(self)];
                plain(I::TableInit { elem_index: 0, table: 0 }, kids, &[])
            }
            _ if self.rng.chance(20) => plain(I::ElemDrop(0), Vec::new(), &[]),
            _ => {
                let test = plain(I::RefIsNull, vec![self.expr(Func, depth)], &[I32]);
                plain(I::Drop, vec![test], &[])
            }
        }
    }

    /// Moves a pointer: by a step, or to anywhere.
    fn pointer(&mut self, depth: usize) -> Node {
        let local = *self.rng.pick(&self.pointers);
        if self.increments < INCREMENTS && self.rng.chance(60) {
            self.increments += 1;
            let next = plain(I::I32Add, vec![self.get(local), i32_const(8)], &[I32]);
            return plain(I::LocalSet(local), vec![next], &[]);
        }
        let mask = i32_const(if self.habits.narrow { 0x8 } else { 0xFF8 });
        let value = plain(I::I32And, vec![self.expr(I32, depth), mask], &[I32]);
        plain(I::LocalSet(local), vec![value], &[])
    }

    /// A loop as an expression.
    pub(super) fn loop_of(&mut self, types: &[Type], depth: usize) -> Node {
        self.counted(types, depth)
    }

    /// A loop that a counter ends, in one of the forms compilers make, leaving `types`.
    fn counted(&mut self, types: &[Type], depth: usize) -> Node {
        if self.loops >= 2 {
            return self.block_of(types, depth);
        }
        let counter = self.locals.len() as u32;
        let wide = self.rng.chance(20);
        let ty = if wide { I64 } else { I32 };
        self.locals.push(ty);
        let rounds = self.rng.between(1, 6) as i64;
        let constant = |value: i64| if wide { leaf(I::I64Const(value), I64) } else { i32_const(value as i32) };
        let (add, sub) = if wide { (I::I64Add, I::I64Sub) } else { (I::I32Add, I::I32Sub) };
        let get = leaf(I::LocalGet(counter), ty);
        self.loops += 1;
        let node = match self.rng.below(4) {
            // Carries values: `loop (param ..) .. br_if` with the values below the condition.
            0 => {
                let start = plain(I::LocalSet(counter), vec![constant(rounds)], &[]);
                let kids = self.list(types, depth);
                let less = plain(I::LocalTee(counter), vec![plain(sub, vec![get, constant(1)], &[ty])], &[ty]);
                let test = if wide { plain(I::I64Ne, vec![less, constant(0)], &[I32]) } else { less };
                let mut body = self.labelled(types, false, |this| this.body(types, types, depth));
                body.push(plain(I::BrIf(0), vec![test], &[]));
                let inner = self.block(Construct::Loop, types, types, kids, body, Vec::new());
                Node::seq(vec![start, inner], types)
            }
            // The test on top, in a block around; the body may `continue` and `break`.
            1 => {
                let start = plain(I::LocalSet(counter), vec![constant(rounds)], &[]);
                let done = plain(if wide { I::I64Eqz } else { I::I32Eqz }, vec![get.clone()], &[I32]);
                let exit = plain(I::BrIf(1), vec![done], &[]);
                let step = plain(I::LocalSet(counter), vec![plain(sub, vec![get, constant(1)], &[ty])], &[]);
                let mut body = vec![exit, step];
                body.extend(self.labelled(&[], true, |this| this.labelled(&[], true, |this| this.statements(depth))));
                body.push(plain(I::Br(0), Vec::new(), &[]));
                let inner = self.block(Construct::Loop, &[], &[], Vec::new(), body, Vec::new());
                let block = self.block(Construct::Block, &[], &[], Vec::new(), vec![inner], Vec::new());
                let mut kids = vec![start, block];
                kids.extend(self.list(types, depth.min(2)));
                Node::seq(kids, types)
            }
            // The test below: up to a bound, or down to zero.
            form => {
                let up = form == 2;
                let start = plain(I::LocalSet(counter), vec![constant(if up { 0 } else { rounds })], &[]);
                let next = plain(if up { add } else { sub }, vec![get.clone(), constant(1)], &[ty]);
                let mut body = self.labelled(&[], false, |this| this.statements(depth));
                let less = match (wide, self.rng.chance(50)) {
                    (false, true) => I::I32LtU,
                    (false, false) => I::I32LtS,
                    (true, true) => I::I64LtU,
                    (true, false) => I::I64LtS,
                };
                let tee = self.rng.chance(60);
                let value = if tee {
                    plain(I::LocalTee(counter), vec![next], &[ty])
                } else {
                    body.push(plain(I::LocalSet(counter), vec![next], &[]));
                    get
                };
                let test = match (up, wide) {
                    (true, _) => plain(less, vec![value, constant(rounds)], &[I32]),
                    (false, true) => plain(I::I64Ne, vec![value, constant(0)], &[I32]),
                    (false, false) => value,
                };
                body.push(plain(I::BrIf(0), vec![test], &[]));
                // The results of the loop itself, or what follows it.
                let inside = self.rng.chance(60);
                let mut inner_types = Vec::new();
                if inside {
                    body.extend(self.labelled(&[], false, |this| this.list(types, depth.min(3))));
                    inner_types = types.to_vec();
                }
                let inner = self.block(Construct::Loop, &[], &inner_types, Vec::new(), body, Vec::new());
                let mut kids = vec![start, inner];
                if !inside {
                    kids.extend(self.list(types, depth.min(2)));
                }
                Node::seq(kids, types)
            }
        };
        self.loops -= 1;
        node
    }
}
