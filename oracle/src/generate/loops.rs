//! Functions that are mostly loops, over locals that live from one round to the next: what keeping such locals in
//! registers, joining statements, and turning `if`s into selections get wrong first.
//!
//! Many locals of few types, all of them seen at the end: assigned from each other in every round, exchanged, tested, set
//! by half of an `if`, read after the loop, kept over calls, nested loops and branches out of several of them, and over
//! traps, after which memory and globals show how far it went.

use super::Generator;
use super::expr::{i32_const, leaf, mem};
use super::tree::{Construct, Node};
use crate::outcome::Type::{self, F32, F64, I32, I64, V128};
use wasm_encoder::{Instruction, Instruction as I};

/// Most rounds of nested loops together: pointers step once a round, and must stay in their area.
const ROUNDS: usize = 36;

fn plain(instruction: Instruction<'static>, kids: Vec<Node>, results: &[Type]) -> Node {
    Node::plain(instruction, kids, results)
}

fn set(local: u32, value: Node) -> Node {
    plain(I::LocalSet(local), vec![value], &[])
}

impl Generator<'_> {
    /// Types of the locals of a function of loops: mostly of one or two types.
    pub(super) fn loop_locals(&mut self) -> Vec<Type> {
        let favourites = [self.numeric(), *self.rng.pick(&[I32, I32, I64, F64])];
        (0..self.rng.between(5, 14))
            .map(|_| if self.rng.chance(80) { *self.rng.pick(&favourites) } else { self.numeric() })
            .collect()
    }

    /// The body of a function of loops.
    pub(super) fn nests(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        if self.habits.carried {
            for _ in 0..self.rng.between(1, 4) {
                nodes.extend(self.carried_loop(true));
            }
        }
        for _ in 0..self.rng.between(1, 3) {
            nodes.push(self.nest(ROUNDS));
            if self.rng.chance(40) {
                nodes.push(self.step());
            }
        }
        nodes
    }

    /// A loop of at most `rounds` rounds, those of the loops in it included.
    fn nest(&mut self, rounds: usize) -> Node {
        let count = self.rng.between(1, rounds.min(if self.loops == 0 { 6 } else { 4 }));
        let counter = self.locals.len() as u32;
        self.locals.push(I32);
        let get = leaf(I::LocalGet(counter), I32);
        let up = self.rng.chance(60);
        let (first, step) = if up { (0, 1) } else { (count as i32, -1) };
        let start = set(counter, i32_const(first));
        let next = plain(I::I32Add, vec![get.clone(), i32_const(step)], &[I32]);
        let test = |value: Node, this: &mut Self| match (up, this.rng.below(3)) {
            (true, 0) => plain(I::I32Ne, vec![value, i32_const(count as i32)], &[I32]),
            (true, 1) => plain(I::I32LtS, vec![value, i32_const(count as i32)], &[I32]),
            (true, _) => plain(I::I32GtU, vec![i32_const(count as i32), value], &[I32]),
            (false, 0) => plain(I::I32GtS, vec![value, i32_const(0)], &[I32]),
            (false, _) => value,
        };
        if self.rng.chance(25) {
            let body = self.tested_first(rounds / count, counter, count as i32, up);
            return Node::seq(vec![start, body], &[]);
        }
        if self.rng.chance(10) {
            return self.tight(count as i32);
        }
        // Values that the loop takes and gives.
        let carried: Vec<Type> = match self.rng.below(10) {
            0..6 => Vec::new(),
            6 | 7 => vec![self.numeric()],
            _ => (0..self.rng.between(2, 3)).map(|_| self.numeric()).collect(),
        };
        // A branch out of the loop ends in a block around it, with what the loop gives.
        let exit = self.rng.chance(50);
        let kids: Vec<Node> = carried.iter().map(|&ty| self.operand(ty)).collect();
        self.loops += 1;
        let make = |this: &mut Self| {
            this.labelled(&carried, false, |this| {
                let mut body = Vec::new();
                let mut given = carried.clone();
                // Some of the values go to locals, and come back at the end.
                while let Some(ty) = given.pop() {
                    let value = Node { op: super::tree::Op::Given, kids: Vec::new(), results: vec![ty] };
                    match this.free_local(ty) {
                        Some(local) => body.push(set(local, value)),
                        None => body.push(plain(I::Drop, vec![value], &[])),
                    }
                }
                if this.rng.chance(50) {
                    // In a block, for branches to go on with the next round.
                    let inner = this.labelled(&[], true, |this| this.round(rounds / count));
                    body.push(this.block(Construct::Block, &[], &[], Vec::new(), inner, Vec::new()));
                } else {
                    body.extend(this.round(rounds / count));
                }
                let values: Vec<Node> = carried.iter().map(|&ty| this.operand(ty)).collect();
                let condition = if this.rng.chance(50) {
                    let tee = plain(I::LocalTee(counter), vec![next.clone()], &[I32]);
                    test(tee, this)
                } else {
                    body.push(set(counter, next.clone()));
                    test(get.clone(), this)
                };
                body.extend(values);
                body.push(plain(I::BrIf(0), vec![condition], &[]));
                body
            })
        };
        let node = if exit {
            let inner = self.labelled(&carried, true, |this| {
                let body = make(this);
                this.block(Construct::Loop, &carried, &carried, kids, body, Vec::new())
            });
            self.block(Construct::Block, &[], &carried, Vec::new(), vec![inner], Vec::new())
        } else {
            let body = make(self);
            self.block(Construct::Loop, &carried, &carried, kids, body, Vec::new())
        };
        self.loops -= 1;
        // What the loop gives is looked at, or not.
        let node = carried.iter().rev().fold(node, |node, &ty| match self.free_local(ty) {
            Some(local) if self.rng.chance(80) => set(local, node),
            _ => plain(I::Drop, vec![node], &[]),
        });
        Node::seq(vec![start, node], &[])
    }

    /// A loop of `count` rounds that does next to nothing: a pointer steps, and stores or looks for something.
    fn tight(&mut self, count: i32) -> Node {
        let [pointer, end, step, byte] = [0; 4].map(|_| {
            self.locals.push(I32);
            self.locals.len() as u32 - 1
        });
        let get = |local: u32| leaf(I::LocalGet(local), I32);
        let stride = self.rng.between(1, 9) as i32 * if self.rng.chance(25) { -1 } else { 1 };
        // The memory ends within, sometimes.
        let base = if self.rng.chance(15) { 65_530 } else { self.rng.between(100, 200) as i32 };
        let mut nodes = vec![
            set(pointer, i32_const(base)),
            set(end, i32_const(base + count * stride)),
            set(step, i32_const(stride)),
        ];
        let by = if self.rng.chance(50) { get(step) } else { i32_const(stride) };
        let next = plain(I::I32Add, vec![get(pointer), by], &[I32]);
        let body = self.labelled(&[], false, |this| {
            let compare = |value: Node, this: &mut Self| {
                let operator = match (stride > 0, this.rng.below(3)) {
                    (true, 0) => I::I32LtS,
                    (true, 1) => I::I32LtU,
                    (false, 0) => I::I32GtS,
                    _ => I::I32Ne,
                };
                plain(operator, vec![value, get(end)], &[I32])
            };
            let mut body = Vec::new();
            if this.rng.chance(70) {
                let value = if this.rng.chance(50) { get(step) } else { i32_const(this.rng.between(0, 300) as i32) };
                let store = match this.rng.below(4) {
                    0 => I::I32Store(mem(0)),
                    1 => I::I32Store16(mem(3)),
                    _ => I::I32Store8(mem(0)),
                };
                body.push(plain(store, vec![get(pointer), value], &[]));
                let value = if this.rng.chance(60) {
                    plain(I::LocalTee(pointer), vec![next], &[I32])
                } else {
                    body.push(set(pointer, next));
                    get(pointer)
                };
                let condition = compare(value, this);
                body.push(plain(I::BrIf(0), vec![condition], &[]));
            } else {
                // What is looked for may be nowhere: then the memory's end is found, at either end.
                body.push(set(pointer, next));
                let load = this.rng.pick(&[I::I32Load8U(mem(0)), I::I32Load(mem(0))]).clone();
                let loaded = plain(load, vec![get(pointer)], &[I32]);
                let loaded = plain(I::LocalTee(byte), vec![loaded], &[I32]);
                let other = if this.rng.chance(50) { get(step) } else { i32_const(this.rng.below(3) as i32) };
                let operator = if this.rng.chance(50) { I::I32Eq } else { I::I32Ne };
                // Where it would walk through floats, it ends before: the bits of a NaN are anybody's.
                if (base == 65_530) == (stride < 0) {
                    let place = base + stride * this.rng.between(10, 1_000) as i32;
                    let unlike = i32_const(i32::from(matches!(operator, I::I32Eq)));
                    let value = plain(I::I32Add, vec![other.clone(), unlike], &[I32]);
                    nodes.push(plain(I::I32Store(mem(0)), vec![i32_const(place), value], &[]));
                }
                let condition = plain(operator, vec![loaded, other], &[I32]);
                body.push(plain(I::BrIf(0), vec![condition], &[]));
            }
            body
        });
        nodes.push(self.block(Construct::Loop, &[], &[], Vec::new(), body, Vec::new()));
        for local in [pointer, byte] {
            if let Some(to) = self.free_local(I32) {
                let sum = plain(I::I32Xor, vec![self.get(to), get(local)], &[I32]);
                nodes.push(set(to, sum));
            }
        }
        Node::seq(nodes, &[])
    }

    /// A loop of `count` rounds whose condition comes before what it does, and a branch back behind it; a block around it.
    fn tested_first(&mut self, rounds: usize, counter: u32, count: i32, up: bool) -> Node {
        let get = leaf(I::LocalGet(counter), I32);
        let next = plain(I::I32Add, vec![get.clone(), i32_const(if up { 1 } else { -1 })], &[I32]);
        self.loops += 1;
        let around = self.labelled(&[], true, |this| {
            let body = this.labelled(&[], false, |this| {
                let mut body = Vec::new();
                if this.rng.chance(30) {
                    body.push(this.step());
                }
                // The counter steps with the condition, or with what the loop does.
                let early = this.rng.chance(30);
                let (value, last) = match (early, up) {
                    (true, true) => (plain(I::LocalTee(counter), vec![next.clone()], &[I32]), count + 1),
                    (true, false) => (plain(I::LocalTee(counter), vec![next.clone()], &[I32]), -1),
                    (false, true) => (get, count),
                    (false, false) => (get, 0),
                };
                let condition = match this.rng.below(3) {
                    0 => plain(I::I32Eq, vec![value, i32_const(last)], &[I32]),
                    1 if last == 0 => plain(I::I32Eqz, vec![value], &[I32]),
                    _ if up => plain(I::I32GeS, vec![value, i32_const(last)], &[I32]),
                    _ => plain(I::I32GeS, vec![i32_const(last), value], &[I32]),
                };
                body.push(plain(I::BrIf(1), vec![condition], &[]));
                let steps = this.rng.below(3);
                body.extend(if steps == 0 { this.round(rounds) } else { (1..steps).map(|_| this.step()).collect() });
                if !early {
                    body.push(set(counter, next));
                }
                body.push(plain(I::Br(0), Vec::new(), &[]));
                body
            });
            vec![this.block(Construct::Loop, &[], &[], Vec::new(), body, Vec::new())]
        });
        self.loops -= 1;
        self.block(Construct::Block, &[], &[], Vec::new(), around, Vec::new())
    }

    /// What a loop does in one round; `rounds` are left for loops in it.
    fn round(&mut self, rounds: usize) -> Vec<Node> {
        let count = self.rng.between(if rounds > 1 { 2 } else { 0 }, 8);
        let mut nodes = Vec::new();
        for _ in 0..count {
            if self.habits.carried && self.rng.chance(3) {
                nodes.extend(self.carried_loop(false));
            } else if rounds > 1 && self.loops < 3 && self.rng.chance(14) {
                nodes.push(self.nest(rounds));
            } else {
                nodes.push(self.step());
            }
        }
        nodes
    }

    /// A local that is assigned to, and its type.
    fn target(&mut self) -> Option<(u32, Type)> {
        let is_numeric = |local: &u32| match self.locals[*local as usize] {
            V128 => true,
            ty => super::NUMERIC.contains(&ty),
        };
        let numeric: Vec<u32> = self.free.iter().copied().filter(is_numeric).collect();
        (!numeric.is_empty()).then(|| {
            let local = *self.rng.pick(&numeric);
            (local, self.locals[local as usize])
        })
    }

    /// A local of the type, or a constant.
    fn source(&mut self, ty: Type) -> Node {
        match self.free_local(ty) {
            Some(local) if self.rng.chance(85) => self.get(local),
            _ => self.constant(ty),
        }
    }

    fn operator(&mut self, ty: Type) -> Instruction<'static> {
        match ty {
            I32 => {
                self.rng.pick(&[I::I32Add, I::I32Add, I::I32Sub, I::I32Xor, I::I32Mul, I::I32And, I::I32Shl]).clone()
            }
            I64 => self.rng.pick(&[I::I64Add, I::I64Add, I::I64Sub, I::I64Xor, I::I64Mul, I::I64ShrU]).clone(),
            F32 => self.rng.pick(&[I::F32Add, I::F32Mul, I::F32Sub]).clone(),
            V128 => self.vector_operator(),
            _ => self.rng.pick(&[I::F64Add, I::F64Mul, I::F64Sub]).clone(),
        }
    }

    /// A comparison of locals.
    fn compare(&mut self) -> Node {
        let ty = match self.target() {
            Some((_, ty)) if ty != V128 && self.rng.chance(70) => ty,
            _ => I32,
        };
        let operator = match ty {
            I32 => self.rng.pick(&[I::I32LtS, I::I32LtU, I::I32Eq, I::I32Ne, I::I32GeS, I::I32GtU]).clone(),
            I64 => self.rng.pick(&[I::I64LtS, I::I64LtU, I::I64Eq, I::I64Ne, I::I64GeU]).clone(),
            F32 => self.rng.pick(&[I::F32Lt, I::F32Gt, I::F32Le, I::F32Eq, I::F32Ne]).clone(),
            _ => self.rng.pick(&[I::F64Lt, I::F64Gt, I::F64Ge, I::F64Eq, I::F64Ne]).clone(),
        };
        let kids = vec![self.source(ty), self.source(ty)];
        plain(operator, kids, &[I32])
    }

    fn small_condition(&mut self) -> Node {
        match self.rng.below(4) {
            0 => self.source(I32),
            1 => {
                let kids = vec![self.source(I32), i32_const(1 << self.rng.below(8))];
                plain(I::I32And, kids, &[I32])
            }
            _ => self.compare(),
        }
    }

    /// One small statement, such as loops are made of.
    fn step(&mut self) -> Node {
        let Some((local, ty)) = self.target() else { return self.statement(2) };
        match self.rng.weighted(&[30, 12, 10, 8, 12, 6, 10, 10, 8, 8, 8, 3, 6, 3, 12]) {
            // x = x op y
            0 => {
                let kids = vec![self.get(local), self.source(ty)];
                set(local, plain(self.operator(ty), kids, &[ty]))
            }
            // x = y op z, or x = (y op z) op w
            1 => {
                let kids = vec![self.source(ty), self.source(ty)];
                let mut value = plain(self.operator(ty), kids, &[ty]);
                if self.rng.chance(40) {
                    let mut kids = vec![value, self.source(ty)];
                    if self.rng.chance(50) {
                        kids.reverse();
                    }
                    value = plain(self.operator(ty), kids, &[ty]);
                }
                set(local, value)
            }
            // x = y
            2 => {
                let value = self.source(ty);
                set(local, value)
            }
            // Two or three exchange their values.
            3 => {
                let count = self.rng.between(2, 3);
                let others: Vec<u32> = (0..count).filter_map(|_| self.free_local(ty)).collect();
                let mut kids: Vec<Node> = others.iter().map(|&other| self.get(other)).collect();
                kids.reverse();
                if self.rng.chance(50) {
                    kids.rotate_left(1);
                }
                let mut nodes = kids;
                nodes.extend(others.iter().rev().map(|&other| plain(I::LocalSet(other), Vec::new(), &[])));
                Node::seq(nodes, &[])
            }
            // if (c) x = y [else x = z], what follows often looks at x
            4 => {
                let condition = self.small_condition();
                let arm = |this: &mut Self| {
                    let value = match this.rng.below(3) {
                        0 => this.source(ty),
                        1 => {
                            let kids = vec![this.get(local), this.constant(ty)];
                            plain(this.operator(ty), kids, &[ty])
                        }
                        _ => {
                            let kids = vec![this.source(ty), this.source(ty)];
                            plain(this.operator(ty), kids, &[ty])
                        }
                    };
                    let target = if this.rng.chance(90) { local } else { this.free_local(ty).unwrap_or(local) };
                    let mut arm = vec![set(target, value)];
                    if this.rng.chance(20) {
                        arm.push(this.leave_loop());
                    }
                    arm
                };
                let body = self.labelled(&[], true, arm);
                let other = if self.rng.chance(50) { self.labelled(&[], true, arm) } else { Vec::new() };
                self.block(Construct::If, &[], &[], vec![condition], body, other)
            }
            // x = select
            5 => {
                let kids = vec![self.source(ty), self.source(ty), self.small_condition()];
                set(local, plain(I::Select, kids, &[ty]))
            }
            // A load into a local, or into a sum.
            6 => {
                let (address, offset) =
                    if matches!(ty, F32 | F64) { self.float_address(ty, 1) } else { self.integer_address(1) };
                let at = mem(offset);
                let load = match ty {
                    I32 => {
                        self.rng.pick(&[I::I32Load(at), I::I32Load8U(at), I::I32Load8S(at), I::I32Load16U(at)]).clone()
                    }
                    I64 => self.rng.pick(&[I::I64Load(at), I::I64Load32U(at), I::I64Load8U(at)]).clone(),
                    F32 => I::F32Load(at),
                    V128 => I::V128Load(at),
                    _ => I::F64Load(at),
                };
                let mut value = plain(load, vec![address], &[ty]);
                if self.rng.chance(50) {
                    value = plain(self.operator(ty), vec![self.get(local), value], &[ty]);
                }
                set(local, value)
            }
            // A store of a local.
            7 => {
                let (address, offset) =
                    if matches!(ty, F32 | F64) { self.float_address(ty, 1) } else { self.integer_address(1) };
                let at = mem(offset);
                let (load, store) = match ty {
                    I32 => (I::I32Load(at), I::I32Store(at)),
                    I64 => (I::I64Load(at), I::I64Store(at)),
                    F32 => (I::F32Load(at), I::F32Store(at)),
                    V128 => (I::V128Load(at), I::V128Store(at)),
                    _ => (I::F64Load(at), I::F64Store(at)),
                };
                let mut value = self.source(ty);
                if self.rng.chance(35) {
                    // At one address: load, compute, store.
                    let loaded = plain(load, vec![address.clone()], &[ty]);
                    value = plain(self.operator(ty), vec![loaded, value], &[ty]);
                }
                plain(store, vec![address, value], &[])
            }
            // x = (y = e) op y
            8 => {
                let Some(other) = self.free_local(ty) else { return Node::nothing() };
                let kids = vec![self.source(ty), self.source(ty)];
                let tee = plain(I::LocalTee(other), vec![plain(self.operator(ty), kids, &[ty])], &[ty]);
                let last = if self.rng.chance(50) { self.get(other) } else { self.source(ty) };
                set(local, plain(self.operator(ty), vec![tee, last], &[ty]))
            }
            9 => self.leave_loop(),
            10 if self.calls => {
                let callee = self.rng.pick(&self.callees).clone();
                let (params, results) = callee.signature;
                let kids = params.iter().map(|&ty| self.operand(ty)).collect();
                let call = plain(I::Call(callee.index), kids, &results);
                results.iter().rev().fold(call, |node, &ty| match self.free_local(ty) {
                    Some(local) if self.rng.chance(80) => set(local, node),
                    _ => plain(I::Drop, vec![node], &[]),
                })
            }
            // A trap, once a local has a certain value.
            11 => {
                let mask = i32_const(7);
                let divisor = plain(I::I32And, vec![self.source(I32), mask], &[I32]);
                let kids = vec![self.source(I32), divisor];
                let value = plain(self.rng.pick(&[I::I32DivU, I::I32RemU, I::I32DivS]).clone(), kids, &[I32]);
                match self.free_local(I32) {
                    Some(local) => set(local, value),
                    None => plain(I::Drop, vec![value], &[]),
                }
            }
            12 => match self.global(ty) {
                Some(global) if self.rng.chance(50) => {
                    let kids = vec![leaf(I::GlobalGet(global), ty), self.source(ty)];
                    plain(I::GlobalSet(global), vec![plain(self.operator(ty), kids, &[ty])], &[])
                }
                Some(global) => set(local, leaf(I::GlobalGet(global), ty)),
                None => Node::nothing(),
            },
            13 => {
                let grow = plain(I::MemoryGrow(0), vec![i32_const(self.rng.below(2) as i32)], &[I32]);
                match self.free_local(I32) {
                    Some(local) => set(local, grow),
                    None => plain(I::Drop, vec![grow], &[]),
                }
            }
            _ => self.statement(3),
        }
    }

    /// A branch out, on a condition: to any label with the values it takes, by `br_if` or `br_table`, or a return.
    fn leave_loop(&mut self) -> Node {
        let open: Vec<usize> = (0..self.labels.len()).filter(|&at| self.labels[at].open).collect();
        let at = *self.rng.pick(&open);
        let types = self.labels[at].types.clone();
        let depth = (self.labels.len() - 1 - at) as u32;
        let mut kids: Vec<Node> = types.iter().map(|&ty| self.operand(ty)).collect();
        match self.rng.below(10) {
            0..6 => {
                kids.push(self.small_condition());
                let branch = plain(I::BrIf(depth), kids, &types);
                types.iter().rev().fold(branch, |node, &ty| match self.free_local(ty) {
                    Some(local) if self.rng.chance(60) => set(local, node),
                    _ => plain(I::Drop, vec![node], &[]),
                })
            }
            6 | 7 => {
                // if (c) { x = y; br }
                let condition = self.small_condition();
                let mut body = self.target().map_or_else(Vec::new, |(local, ty)| {
                    let value = self.source(ty);
                    vec![set(local, value)]
                });
                body.push(plain(I::Br(depth + 1), kids, &[]));
                self.block(Construct::If, &[], &[], vec![condition], body, Vec::new())
            }
            8 => {
                // One of several labels that take the same; all but one lead on.
                let condition = self.small_condition();
                let fitting: Vec<u32> = (0..self.labels.len())
                    .filter(|&i| self.labels[i].open && self.labels[i].types == types)
                    .map(|i| (self.labels.len() - i) as u32)
                    .collect();
                let targets: Vec<u32> = (0..self.rng.between(1, 4)).map(|_| *self.rng.pick(&fitting)).collect();
                let default = *self.rng.pick(&fitting);
                kids.push(self.source(I32));
                let body = vec![plain(I::BrTable(targets.into(), default), kids, &[])];
                self.block(Construct::If, &[], &[], vec![condition], body, Vec::new())
            }
            _ => {
                let condition = self.small_condition();
                let results = self.results.clone();
                let kids = results.iter().map(|&ty| self.operand(ty)).collect();
                let body = vec![plain(I::Return, kids, &[])];
                self.block(Construct::If, &[], &[], vec![condition], body, Vec::new())
            }
        }
    }
}
