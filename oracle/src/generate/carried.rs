//! Loops that have handlers of their own, written back as WebAssembly: short ones, whose locals are in registers as long as they run.
//!
//! What such a loop does is a shape of the machine's ([`Shape::Carried`]), so it is made from that, and whatever loops the machine has
//! just learnt are among those made. Its variables become locals, and its numbers are chosen so that it ends: at once, after some
//! rounds, or after more of them than a handler does in one go; by its test, by a branch in the middle, or by a trap, for pointers may
//! begin near the memory's end. Some are written a little differently, and are no such cell perhaps.
//!
//! Behind the loop all it has set is looked at, by way of the accumulator too.

mod read;

use super::Generator;
use super::expr::{i32_const, leaf, mem};
use super::operators::{encoding, type_of};
use super::tree::{Construct, Node, Op as Does};
use crate::outcome::Type::{self, F32, I32, I64};
use pirn_decode::ops::{Class, Op};
use pirn_decode::shape::Shape;
use read::{Counter, End, Expr, Limit, Stmt, end_of, pointers, read};
use std::sync::LazyLock;
use wasm_encoder::{Instruction, Instruction as I};

/// The machine's loops, in an order that does not change from run to run.
static SHAPES: LazyLock<Vec<&'static Shape>> = LazyLock::new(|| {
    let mut shapes: Vec<_> =
        pirn_exec::exercise::all().filter(|(_, shape)| matches!(shape, Shape::Carried(..))).collect();
    shapes.sort_by_key(|&(sig, _)| sig);
    shapes.into_iter().map(|(_, shape)| shape).collect()
});

/// A loop that goes on for long walks over no more bytes: integers lie in so many without a float between.
const MOST_BYTES: i64 = 12_000;

/// The numbers of a loop: where variables begin, and what immediates are.
#[derive(Debug, Default)]
struct Plan {
    /// What variables are set to before, by number.
    begins: Vec<Option<i64>>,
    /// The global, before.
    global: i64,
    /// What the counter is compared with, and what it steps by.
    limit: i64,
    step: i64,
    /// What other variables step by, that are pointers.
    strides: Vec<Option<i64>>,
}

/// What a class's numbers wrap to.
fn wrapped(class: Class, value: i64) -> i64 {
    if class == Class::I32 { i64::from(value as i32) } else { value }
}

fn constant(class: Class, value: i64) -> Node {
    match class {
        Class::I32 => i32_const(value as i32),
        _ => leaf(I::I64Const(value), I64),
    }
}

fn plain(instruction: Instruction<'static>, kids: Vec<Node>, results: &[Type]) -> Node {
    Node::plain(instruction, kids, results)
}

fn set(local: u32, value: Node) -> Node {
    plain(I::LocalSet(local), vec![value], &[])
}

/// A loop being written.
struct Written {
    plan: Plan,
    end: End,
    classes: Vec<Class>,
    /// The locals that the variables are, by number.
    locals: Vec<u32>,
    /// The global, as it is set and as it is read: mostly the same one, and if it counts, always.
    globals: [u32; 2],
    /// How many blocks out branches lead that leave the loop.
    out: u32,
    /// The variable that is the value of the loop's label.
    label: Option<usize>,
}

impl Generator<'_> {
    /// A loop that has a handler of its own; many rounds of it, perhaps, if `may_last`. Nothing, if there are none.
    pub(super) fn carried_loop(&mut self, may_last: bool) -> Option<Node> {
        let shape = *SHAPES.get(self.rng.below(SHAPES.len().max(1)))?;
        let (statements, classes) = read(shape)?;
        let end = end_of(&statements)?;
        let global = self.global(I32)?;
        let is_counter = matches!(end, End::Count { counter: Counter::Global, .. });
        let read = if is_counter || self.rng.chance(75) { global } else { self.global(I32)? };
        let rounds = match self.rng.below(100) {
            0..12 => self.rng.below(2),
            12..70 => self.rng.between(2, 6),
            70..97 => self.rng.between(7, 36),
            _ if may_last => self.rng.between(995, 2_100),
            _ => self.rng.between(37, 60),
        };
        // One that is tested behind goes on for one round at least.
        let rounds = if statements.last() == Some(&Stmt::Br) { rounds } else { rounds.max(1) };
        let plan = self.plan(&statements, &classes, end, rounds as i64);
        let locals = self.variables(&statements, &classes, end);
        let out = self.rng.between(1, 2) as u32;
        let label = value_of_label(&statements).filter(|_| self.rng.chance(50));
        let written = Written { plan, end, classes, locals, globals: [global, read], out, label };
        Some(self.written(&statements, &written))
    }

    /// Numbers for so many rounds, or about so many.
    fn plan(&mut self, statements: &[Stmt], classes: &[Class], end: End, rounds: i64) -> Plan {
        let none = vec![None; classes.len()];
        let mut plan = Plan { begins: none.clone(), strides: none, ..Plan::default() };
        let pointers = pointers(statements);
        let long = rounds > 60;
        for (number, &class) in classes.iter().enumerate() {
            if pointers.contains(&number) {
                let strides: &[i64] = if long { &[1, 1, 4, 2] } else { &[1, 1, 4, 8, 2, 3, -1, -4] };
                let stride = *self.rng.pick(strides);
                plan.strides[number] = Some(stride);
                plan.begins[number] = Some(self.begin_of_pointer(stride, rounds));
            } else if matches!(class, Class::I32 | Class::I64) && self.rng.chance(70) {
                plan.begins[number] = Some(wrapped(class, self.rng.integer() as i64));
            }
        }
        // What a pointer steps by may be a variable too: it walks no further by it.
        for statement in statements {
            if let Stmt::Set(number, Expr::Op(op @ (Op::I32Add | Op::I32Sub), kids)) = statement
                && let [Expr::Var(other), Expr::Var(by)] = kids[..]
                && other == *number
                && let (Some(stride), None) = (plan.strides[other], plan.strides[by])
            {
                plan.begins[by] = Some(if *op == Op::I32Sub { -stride } else { stride });
            }
        }
        // Two pointers to the same find the same.
        if let [first, .., last] = pointers[..]
            && self.rng.chance(40)
        {
            plan.begins[last] = plan.begins[first];
        }
        match end {
            End::Count { counter, limit, op, subtracts } => {
                let is_pointer = matches!(counter, Counter::Var(number) if pointers.contains(&number));
                let class = match counter {
                    Counter::Var(number) => classes[number],
                    Counter::Global => Class::I32,
                };
                let (first, delta, last) = self.count(op, (limit == Limit::Zero, class), rounds, is_pointer);
                plan.step = if subtracts { -delta } else { delta };
                plan.limit = last;
                match counter {
                    Counter::Var(number) => plan.begins[number] = Some(first),
                    Counter::Global => plan.global = first,
                }
                if let Limit::Var(number) = limit {
                    plan.begins[number] = Some(last);
                }
            }
            // What is halved, or tripled, begins low; what loses its bits has some; divisors may be anything.
            End::Itself => {
                let chooses = statements.iter().any(|statement| matches!(statement, Stmt::Set(_, Expr::Select(..))));
                for (begin, &class) in plan.begins.iter_mut().zip(classes) {
                    let value = if chooses { self.rng.between(0, 40) as i64 } else { self.rng.integer() as i64 };
                    *begin = Some(wrapped(class, value));
                }
            }
        }
        plan
    }

    /// Where a pointer begins.
    fn begin_of_pointer(&mut self, stride: i64, rounds: i64) -> i64 {
        match self.rng.below(40) {
            // The memory ends within, or near.
            0 | 1 => 65_536 - (stride.abs() * rounds.min(40)).min(MOST_BYTES) / 2 - self.rng.below(12) as i64,
            2 => 65_536 - self.rng.below(20) as i64,
            // At once, or when it wraps.
            3 => -(self.rng.below(9) as i64),
            _ => self.rng.between(64, 1_000) as i64,
        }
    }

    /// Where a counter begins, how far it steps, and its limit, for a loop that goes on while this holds of the two.
    fn count(&mut self, op: Op, (to_zero, class): (bool, Class), rounds: i64, is_pointer: bool) -> (i64, i64, i64) {
        use Op::{I32GeS, I32GeU, I32GtS, I32GtU, I32LeS, I32LeU, I32LtS, I32LtU, I32Ne};
        use Op::{I64GeS, I64GeU, I64GtS, I64GtU, I64LeS, I64LeU, I64LtS, I64LtU, I64Ne};
        let far = if rounds > 60 { 4 } else { 9 };
        let size = if self.rng.chance(50) { 1 } else { self.rng.between(1, far) as i64 };
        if to_zero || matches!(op, I32Ne | I64Ne) {
            // It must meet the limit.
            let delta = if self.rng.chance(70) != to_zero { size } else { -size };
            let last = match (to_zero, is_pointer) {
                (true, _) => 0,
                (false, true) => {
                    let delta = delta.abs();
                    let first = self.begin_of_pointer(delta, rounds);
                    return (first, delta, wrapped(class, first + rounds * delta));
                }
                _ => wrapped(class, self.rng.integer() as i64),
            };
            return (wrapped(class, last.wrapping_sub(rounds * delta)), delta, last);
        }
        let up = matches!(op, I32LtS | I32LtU | I32LeS | I32LeU | I64LtS | I64LtU | I64LeS | I64LeU);
        debug_assert!(up || matches!(op, I32GeS | I32GeU | I32GtS | I32GtU | I64GeS | I64GeU | I64GtS | I64GtU));
        if is_pointer && up {
            let first = self.begin_of_pointer(size, rounds);
            // Unsigned, those below zero are above.
            return (first, size, if first < 0 { 0 } else { first + rounds * size });
        }
        // So far from zero that it is not passed, on either side.
        let base = self.rng.between(50, 90) as i64;
        let signed = matches!(op, I32LtS | I32LeS | I32GeS | I32GtS | I64LtS | I64LeS | I64GeS | I64GtS);
        let base = if signed && self.rng.chance(30) { -base } else { base };
        // What is left over, so that it steps over the limit.
        let rest = if size > 1 { self.rng.below(size as usize) as i64 } else { 0 };
        if up { (base, size, base + rounds * size - rest) } else { (base + rounds * size - rest, -size, base) }
    }

    /// The locals that variables are: such as anything is assigned to, and others.
    fn variables(&mut self, statements: &[Stmt], classes: &[Class], end: End) -> Vec<u32> {
        let mut locals: Vec<u32> = Vec::new();
        let counts = |number: usize| match end {
            End::Count { counter, limit, .. } => {
                counter == Counter::Var(number) || limit == Limit::Var(number) || pointers(statements).contains(&number)
            }
            End::Itself => true,
        };
        for (number, &class) in classes.iter().enumerate() {
            let ty = type_of(class);
            // The same twice, at times: that is another loop.
            let twice = (0..number).find(|&other| classes[other] == class && !counts(other));
            let known = match twice {
                Some(other) if !counts(number) && self.rng.chance(8) => Some(locals[other]),
                _ if self.rng.chance(60) => self.free_local(ty).filter(|local| !locals.contains(local)),
                _ => None,
            };
            locals.push(known.unwrap_or_else(|| {
                self.locals.push(ty);
                self.locals.len() as u32 - 1
            }));
        }
        locals
    }

    /// The loop, and what is before and behind it.
    fn written(&mut self, statements: &[Stmt], it: &Written) -> Node {
        let mut nodes = Vec::new();
        for (number, &class) in it.classes.iter().enumerate() {
            if let Some(value) = it.plan.begins[number] {
                nodes.push(set(it.locals[number], constant(class, value)));
            }
        }
        if matches!(it.end, End::Count { counter: Counter::Global, .. }) {
            nodes.push(plain(I::GlobalSet(it.globals[0]), vec![i32_const(it.plan.global as i32)], &[]));
        }
        let mut body = self.statements_of(statements, it);
        let last_set = statements.iter().rev().find_map(|statement| match statement {
            Stmt::Set(number, _) => Some(*number),
            _ => None,
        });
        // What the accumulators hold behind it, and what is there if it was left in the middle.
        let mut behind = Vec::new();
        if let Some(number) = last_set
            && self.rng.chance(60)
        {
            behind.push(self.looked_at(it.locals[number]));
        }
        if self.rng.chance(30) {
            let at = self.rng.between(11_000, 11_900) as u64;
            behind.push(plain(I::I32Store8(mem(at)), vec![i32_const(0), i32_const(self.rng.below(256) as i32)], &[]));
        }
        // In the loop or not.
        if statements.last() != Some(&Stmt::Br) && self.rng.chance(35) {
            body.append(&mut behind);
        }
        let value = it.label.map(|number| (it.locals[number], type_of(it.classes[number])));
        let types: Vec<Type> = value.iter().map(|&(_, ty)| ty).collect();
        let kids = value.iter().map(|&(local, ty)| leaf(I::LocalGet(local), ty)).collect();
        let node = self.block(Construct::Loop, &types, &types, kids, body, Vec::new());
        let mut block = vec![value.map_or(node.clone(), |(local, _)| set(local, node))];
        block.extend(behind);
        for _ in 0..2 {
            block = vec![self.block(Construct::Block, &[], &[], Vec::new(), block, Vec::new())];
        }
        // A value may wait below.
        let below = (0..it.locals.len()).find(|&number| it.classes[number] == Class::I32);
        match (below, self.free_local(I32)) {
            (Some(number), Some(to)) if self.rng.chance(30) => {
                let get = leaf(I::LocalGet(it.locals[number]), I32);
                block.push(get.clone());
                let value = Node::seq(block, &[I32]);
                nodes.push(set(to, plain(I::I32Xor, vec![get, value], &[I32])));
            }
            _ => nodes.extend(block),
        }
        for &local in &it.locals {
            // Free ones are looked at later.
            if !self.free.contains(&local) {
                nodes.push(self.remembered(local));
            }
        }
        Node::seq(nodes, &[])
    }

    /// A small operation on a local, to another.
    fn looked_at(&mut self, local: u32) -> Node {
        let ty = self.locals[local as usize];
        let get = leaf(I::LocalGet(local), ty);
        let Some(to) = self.free_local(ty).filter(|&to| to != local) else { return self.remembered(local) };
        let value = match ty {
            I32 => plain(I::I32Clz, vec![get], &[ty]),
            I64 => plain(I::I64Xor, vec![get, leaf(I::I64Const(7), ty)], &[ty]),
            F32 => plain(I::F32Neg, vec![get], &[ty]),
            _ => plain(I::F64Neg, vec![get], &[ty]),
        };
        set(to, value)
    }

    /// A store of a local, to where nothing else is.
    fn remembered(&mut self, local: u32) -> Node {
        let at = 8 * self.rng.below(64) as u64;
        let ty = self.locals[local as usize];
        let store = match ty {
            I32 => I::I32Store(mem(12_000 + at)),
            I64 => I::I64Store(mem(12_000 + at)),
            F32 => I::F32Store(mem(28_000 + at)),
            _ => I::F64Store(mem(44_000 + at)),
        };
        plain(store, vec![i32_const(0), leaf(I::LocalGet(local), ty)], &[])
    }

    fn statements_of(&mut self, statements: &[Stmt], it: &Written) -> Vec<Node> {
        let mut body: Vec<Node> = Vec::new();
        // What the accumulator holds, is computed where it is asked for.
        let mut acc = None;
        for (at, statement) in statements.iter().enumerate() {
            let is_last = at + 1 == statements.len();
            let node = match statement {
                Stmt::Set(number, _) if at == 0 && it.label.is_some() => {
                    let ty = type_of(it.classes[*number]);
                    set(it.locals[*number], Node { op: Does::Given, kids: Vec::new(), results: vec![ty] })
                }
                Stmt::Set(number, expr) if it.label == Some(*number) => {
                    self.written_expr(expr, it, it.classes[*number], None, &mut acc)
                }
                Stmt::Set(number, Expr::Select(class, parts)) if self.rng.chance(50) => {
                    let [first, second, condition] = &**parts;
                    let arms = [first, second].map(|arm| {
                        let value = self.written_expr(arm, it, *class, None, &mut acc);
                        vec![set(it.locals[*number], value)]
                    });
                    let condition = self.written_expr(condition, it, Class::I32, None, &mut acc);
                    let [first, second] = arms;
                    self.block(Construct::If, &[], &[], vec![condition], first, second)
                }
                Stmt::Set(number, expr) => {
                    let value = self.written_expr(expr, it, it.classes[*number], Some(*number), &mut acc);
                    set(it.locals[*number], value)
                }
                Stmt::SetAcc(expr) => {
                    acc = Some(self.written_expr(expr, it, Class::I32, None, &mut None));
                    continue;
                }
                Stmt::SetGlobal(expr) => {
                    let value = self.written_expr(expr, it, Class::I32, None, &mut acc);
                    plain(I::GlobalSet(it.globals[0]), vec![value], &[])
                }
                Stmt::Store(op, address, value) => {
                    let kids = vec![
                        self.written_expr(address, it, Class::I32, None, &mut acc),
                        self.written_expr(value, it, op.info().operand, None, &mut acc),
                    ];
                    plain(encoding(*op, self.static_offset()), kids, &[])
                }
                Stmt::BrIf(expr) => {
                    let mut condition = self.test(expr, it, &mut acc);
                    // The counter may be set in the condition.
                    if self.rng.chance(50) {
                        tee(&mut body, &mut condition);
                    }
                    plain(I::BrIf(if is_last { 0 } else { it.out }), vec![condition], &[])
                }
                Stmt::Br => plain(I::Br(0), Vec::new(), &[]),
            };
            body.push(node);
        }
        body
    }

    /// The condition of a branch, in one of the ways in which it may be written.
    fn test(&mut self, expr: &Expr, it: &Written, acc: &mut Option<Node>) -> Node {
        if let Expr::Op(op, kids) = expr
            && let [Expr::Var(_) | Expr::Acc, limit @ (Expr::Imm(_) | Expr::Var(_))] = &kids[..]
            && let End::Count { .. } = it.end
        {
            let class = op.info().operand;
            let first = self.written_expr(&kids[0], it, class, None, acc);
            let second = match limit {
                Expr::Var(number) => leaf(I::LocalGet(it.locals[*number]), type_of(class)),
                _ => constant(class, it.plan.limit),
            };
            return match op.swapped() {
                Some(swapped) if self.rng.chance(20) => plain(encoding(swapped, 0), vec![second, first], &[I32]),
                _ => plain(encoding(*op, 0), vec![first, second], &[I32]),
            };
        }
        let value = self.written_expr(expr, it, Class::I32, None, acc);
        if matches!(expr, Expr::Var(_)) && self.rng.chance(20) {
            return plain(I::I32Ne, vec![value, i32_const(0)], &[I32]);
        }
        value
    }

    /// An expression; `sets` says which variable it is for.
    fn written_expr(
        &mut self,
        expr: &Expr,
        it: &Written,
        class: Class,
        sets: Option<usize>,
        acc: &mut Option<Node>,
    ) -> Node {
        let ty = type_of(class);
        match expr {
            Expr::Var(number) => leaf(I::LocalGet(it.locals[*number]), ty),
            Expr::Imm(class) => self.number(*class),
            Expr::Acc => acc.take().unwrap_or_else(|| self.number(class)),
            Expr::Global => leaf(I::GlobalGet(it.globals[1]), ty),
            Expr::Select(_, parts) => {
                let [first, second, condition] = &**parts;
                let kids = vec![
                    self.written_expr(first, it, class, None, acc),
                    self.written_expr(second, it, class, None, acc),
                    self.written_expr(condition, it, Class::I32, None, acc),
                ];
                plain(I::Select, kids, &[ty])
            }
            Expr::Op(op, kids) => {
                let info = op.info();
                let offset = if op.may_trap() && kids.len() == 1 { self.static_offset() } else { 0 };
                let mut nodes = Vec::new();
                for (at, kid) in kids.iter().enumerate() {
                    let node = match kid {
                        Expr::Imm(class) if at == 1 => self.immediate(*op, kids, *class, it, sets),
                        _ => self.written_expr(kid, it, info.operand, None, acc),
                    };
                    nodes.push(node);
                }
                // Either order of operands is the same but for which slots are the same.
                if nodes.len() == 2 && op.swapped() == Some(*op) && self.rng.chance(10) {
                    nodes.swap(0, 1);
                }
                plain(encoding(*op, offset), nodes, &[type_of(info.result)])
            }
        }
    }

    /// The immediate that is the second operand: with some, the loop would not end.
    fn immediate(&mut self, op: Op, kids: &[Expr], class: Class, it: &Written, sets: Option<usize>) -> Node {
        let is_step = match (it.end, sets) {
            (End::Count { counter: Counter::Var(counter), .. }, Some(number)) => {
                number == counter && kids[0] == Expr::Var(counter)
            }
            (End::Count { counter: Counter::Global, .. }, None) => kids[0] == Expr::Global,
            _ => false,
        };
        if is_step {
            return constant(class, it.plan.step);
        }
        if let (Some(number), [Expr::Var(other), ..]) = (sets, kids)
            && number == *other
            && let Some(stride) = it.plan.strides[number]
        {
            return constant(class, if matches!(op, Op::I32Sub) { -stride } else { stride });
        }
        if matches!(it.end, End::Itself) {
            // Three times and one, the half, whether it is odd; one less.
            let value = match op {
                Op::I64Mul => 3,
                Op::I64Ne => 0,
                _ => 1,
            };
            return constant(class, value);
        }
        match op {
            Op::I32Shl | Op::I32ShrU | Op::I32ShrS | Op::I64Shl | Op::I64ShrU | Op::I64ShrS => {
                constant(class, self.rng.below(66) as i64)
            }
            _ => self.number(class),
        }
    }

    /// Any number of a class.
    fn number(&mut self, class: Class) -> Node {
        self.constant(type_of(class))
    }

    fn static_offset(&mut self) -> u64 {
        if self.rng.chance(60) { 0 } else { self.rng.below(400) as u64 }
    }
}

/// The variable that may be the value of the loop's label: a loop begins with it, and sets it before it branches back.
fn value_of_label(statements: &[Stmt]) -> Option<usize> {
    let [Stmt::Set(_, Expr::Var(number)), between @ .., Stmt::Set(set, Expr::Var(_)), Stmt::BrIf(Expr::Var(_))] =
        statements
    else {
        return None;
    };
    let is_other = |statement: &Stmt| match statement {
        Stmt::Set(set, Expr::Op(_, kids)) => set != number && !kids.contains(&Expr::Var(*number)),
        _ => false,
    };
    (set == number && between.iter().all(is_other)).then_some(*number)
}

/// Has a condition set the local that the last statement sets, if it reads that.
fn tee(body: &mut Vec<Node>, condition: &mut Node) {
    let Some(Node { op: Does::Plain(I::LocalSet(local)), .. }) = body.last() else { return };
    let local = *local;
    let is_get = |node: &Node| matches!(node.op, Does::Plain(I::LocalGet(get)) if get == local);
    let place = if is_get(condition) { Some(condition) } else { condition.kids.iter_mut().find(|kid| is_get(kid)) };
    if let Some(place) = place
        && let Some(Node { kids, .. }) = body.pop()
    {
        *place = plain(I::LocalTee(local), kids, &place.results);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loop that nothing is known to end is never made.
    #[test]
    fn all_loops_are_known_to_end() {
        for shape in &*SHAPES {
            let end = read(shape).and_then(|(statements, _)| end_of(&statements));
            assert!(end.is_some(), "{shape:?}");
        }
    }
}
