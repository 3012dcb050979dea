//! Blocks, branches, calls and returns.
//!
//! At every label the values it takes lie in canonical slots: those of the label's own height. A branch moves them there
//! if they lie higher.

use super::emit::{Emitted, Fixup, Position};
use super::read::Reader;
use super::stack::{Prefix, Sink};
use super::tree::{Kind, NodeId, Register, Traits, form_sig};
use super::{Lowering, Target};
use crate::cell::{self, Operands};
use crate::instruction::Instruction;
use crate::layout::FrameLayout;
use crate::ops::Class;
use crate::sig::Form;
use crate::{FuncType, RefType, ValType};
use smallvec::SmallVec;

/// What kind of structured instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Construct {
    Function,
    Block,
    Loop,
    If,
}

/// One open block.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) construct: Construct,
    /// Height of the operand stack below the parameters.
    pub(super) base: usize,
    pub(super) params: &'a [ValType],
    pub(super) results: &'a [ValType],
    /// Where a loop begins.
    start: Position,
    /// Branches to the end.
    pub(super) ends: SmallVec<[Fixup; 4]>,
    /// The branch of an `if` around its first arm.
    pub(super) otherwise: Option<Fixup>,
    /// The stub that leads here, of the `br_table` that is being lowered.
    stub: Option<Position>,
    /// Whether it is the innermost of [`Lowering`]'s diamonds.
    pub(super) is_diamond: bool,
}

impl Frame<'_> {
    /// How many values a branch here takes.
    fn arity(&self) -> usize {
        if self.construct == Construct::Loop { self.params.len() } else { self.results.len() }
    }
}

impl<'a, T: Target> Lowering<'a, T> {
    /// Begins the function.
    pub(super) fn enter(&mut self, ty: &'a FuncType) {
        self.open(Construct::Function, &[], ty.results());
        self.open_region();
        let count = self.locals.len() - ty.params().len();
        self.charge_words(count);
        self.charge_words(ty.results().len());
        if count > 0 {
            let from = self.operands - count as u16;
            self.code.special(cell::Zero { from, count: count as u16 }, &[]);
        }
    }

    fn open(&mut self, construct: Construct, params: &'a [ValType], results: &'a [ValType]) {
        let base = self.stack.len() - params.len();
        let start = if construct == Construct::Loop { self.code.label() } else { 0 };
        self.frames.push(Frame {
            construct,
            base,
            params,
            results,
            start,
            ends: SmallVec::new(),
            otherwise: None,
            stub: None,
            is_diamond: false,
        });
    }

    /// The parameters and results of a block of type `ty`: a typeidx, or a value type or nothing as a negative number
    /// (spec 5.4.1).
    fn block_type(&self, ty: i64) -> (&'a [ValType], &'a [ValType]) {
        let result: &[ValType] = match ty {
            -0x40 => &[],
            index @ 0.. => {
                let ty = &self.module.types[index as usize];
                return (ty.params(), ty.results());
            }
            -1 => &[ValType::I32],
            -2 => &[ValType::I64],
            -3 => &[ValType::F32],
            -4 => &[ValType::F64],
            // Which reference makes no difference here.
            _ => &[ValType::Ref(RefType::FUNCREF)],
        };
        (&[], result)
    }

    /// The frame `depth` blocks out.
    fn frame(&self, depth: u32) -> &Frame<'a> {
        &self.frames[self.frames.len() - 1 - depth as usize]
    }

    fn frame_mut(&mut self, depth: u32) -> &mut Frame<'a> {
        let index = self.frames.len() - 1 - depth as usize;
        &mut self.frames[index]
    }

    /// Skips one operator, which cannot be reached, nor can the `depth` blocks around it that are open since: unless it is
    /// the `else` or `end` that ends this.
    pub(super) fn skip(&mut self, reader: Reader<'a>, depth: usize) -> Reader<'a> {
        let (instruction, reader) = reader.skip();
        match instruction {
            _ if instruction.info().opens_block() => self.skipping = Some(depth + 1),
            Instruction::Else if depth == 0 => self.else_(reader.clone()),
            Instruction::End if depth == 0 => self.end(reader.only_ends_follow()),
            Instruction::End => self.skipping = Some(depth - 1),
            // No other begins or ends a block.
            _ => {}
        }
        reader
    }

    /// What follows cannot be reached.
    pub(super) fn unreachable(&mut self) {
        self.skipping = Some(0);
        let base = self.frames.last().expect("an open frame").base;
        self.truncate(base);
    }

    pub(super) fn block(&mut self, ty: i64) {
        let (params, results) = self.block_type(ty);
        self.flush_below(self.stack.len());
        self.open(Construct::Block, params, results);
    }

    /// `body` reads what is in the loop.
    pub(super) fn loop_(&mut self, ty: i64, body: Reader<'a>) {
        let (params, results) = self.block_type(ty);
        self.flush_below(self.stack.len());
        self.flush_from(self.stack.len() - params.len());
        self.forget_accs();
        self.open(Construct::Loop, params, results);
        self.open_loop(body);
        self.open_region();
    }

    pub(super) fn if_(&mut self, ty: i64) {
        let (params, results) = self.block_type(ty);
        let condition = self.stack.len() - 1;
        self.flush_below(condition);
        for entry in condition - params.len()..condition {
            self.flush(entry);
        }
        let simple = params.is_empty() && results.len() <= 1;
        let (branch, condition) = self.branch_on(false);
        let otherwise = self.code.fixup(branch);
        let diamond = self.diamond(branch, condition).filter(|_| simple);
        self.open(Construct::If, params, results);
        let frame = self.frames.last_mut().expect("just opened");
        frame.otherwise = Some(otherwise);
        frame.is_diamond = diamond.is_some();
        self.diamonds.extend(diamond);
    }

    /// `reader` has read the `else`.
    pub(super) fn else_(&mut self, reader: Reader<'_>) {
        if self.skipping.is_none() && self.returns_before_else(reader) {
            self.return_();
            self.unreachable();
            self.end_first_arm();
        } else if self.skipping.is_none() {
            self.flush_results();
            self.end_first_arm();
            let fixup = self.emit_br();
            self.frames.last_mut().expect("an open `if`").ends.push(fixup);
        }
        self.skipping = None;
        let frame = self.frames.last_mut().expect("an open `if`");
        let otherwise = frame.otherwise.take().expect("`else` belongs to `if`");
        let (base, params) = (frame.base, frame.params);
        self.truncate(base);
        self.bind(&[otherwise]);
        self.begin_second_arm();
        params.iter().for_each(|&ty| self.push_settled(ty.into()));
    }

    /// Whether the first arm, which ends here, gives the function's results, and does best to return them: not if a
    /// selection may come of the two. It is asked of the outermost blocks only, so each operator is looked ahead at once at most.
    fn returns_before_else(&self, reader: Reader<'_>) -> bool {
        let [function, frame] = self.frames.as_slice() else { return false };
        if function.results.len() != frame.results.len() {
            return false;
        }
        let (last, acts) = reader.last_arm();
        last && (acts || !self.may_select())
    }

    /// Puts the results of the innermost block into their slots.
    fn flush_results(&mut self) {
        let results = self.frames.last().expect("an open frame").results.len();
        self.flush_from(self.stack.len() - results);
    }

    /// Makes this the place the fixups lead to.
    fn bind(&mut self, fixups: &[Fixup]) {
        let here = self.code.label();
        fixups.iter().for_each(|&fixup| self.code.bind(fixup, here));
        self.forget_accs();
    }

    /// `last` says that the function ends behind this block.
    pub(super) fn end(&mut self, last: bool) {
        let reached = self.skipping.is_none();
        if self.frames.last().is_some_and(|frame| frame.construct == Construct::Function) {
            if reached {
                self.return_();
            }
            self.frames.pop();
            self.close_region();
            return;
        }
        let joined = self.frames.last().is_some_and(|frame| !frame.ends.is_empty() || frame.otherwise.is_some());
        // Whoever reaches the end of the function here returns at once, with values that wait, and leaves the label to those
        // who branch there; unless both arms may still become a selection, or results wait below the block, constants
        // perhaps, which belong to the other ways too.
        let all = self.frames.last().expect("an open frame").results.len() == self.frames[0].results.len();
        let returns = last && all && joined && reached && !self.may_select();
        if returns {
            self.return_();
            self.unreachable();
        } else if joined && reached {
            self.flush_results();
        }
        let reached = reached && !returns;
        self.skipping = None;
        let frame = self.frames.pop().expect("an open frame");
        if frame.construct == Construct::Loop {
            self.close_region();
            self.close_loop();
        }
        let selected = reached && self.select_arms(&frame);
        if frame.is_diamond {
            self.diamonds.pop();
        }
        if selected {
            self.truncate(frame.base);
            frame.results.iter().for_each(|&ty| self.push_settled(ty.into()));
        } else if joined {
            self.truncate(frame.base);
            self.bind(&frame.ends);
            if let Some(otherwise) = frame.otherwise {
                self.bind(&[otherwise]);
            }
            frame.results.iter().for_each(|&ty| self.push_settled(ty.into()));
        } else if !reached {
            self.unreachable();
        }
    }

    /// Emits a branch on the condition at the top, if it is (or is not) zero, and removes the condition. Returns the branch
    /// and the condition on which it is taken.
    fn branch_on(&mut self, if_nonzero: bool) -> (Emitted, NodeId) {
        let top = self.stack.len() - 1;
        let node = self.stack[top];
        let node = self.trees.condition(node);
        let node = if if_nonzero { node } else { self.trees.negated(node) };
        self.stack[top] = node;
        self.fit_condition();
        self.settle_traps(1);
        let node = self.stack[top];
        let sink = Sink::form(Form::BrIf, Class::I32, Prefix::TARGET);
        let branch = self.statement(sink, [node]).expect("`fit` made it so");
        // The caller looks at the condition.
        self.remove(top);
        (branch, node)
    }

    /// Emits a branch that is taken if the condition at the top does not hold, and removes the condition.
    pub(super) fn branch_unless(&mut self) -> Fixup {
        let (branch, _) = self.branch_on(false);
        self.code.fixup(branch)
    }

    /// Cuts the condition at the top until a branch on it has a handler.
    fn fit_condition(&mut self) {
        let top = self.stack.len() - 1;
        let id = self.stack[top];
        if self.fits_over(form_sig(Form::BrIf, Class::I32), &[id]) {
            return;
        }
        // The operands of a comparison become entries of their own and are cut; anything else goes to the accumulator.
        let node = self.trees[id];
        if node.is_test {
            self.remove(top);
            node.kids().iter().for_each(|&kid| self.push(kid));
            match node.kids().len() {
                1 => self.operator_of::<1>(node.kind, Form::BrIf),
                _ => self.operator_of::<2>(node.kind, Form::BrIf),
            }
        } else {
            self.acquire(top);
        }
    }

    /// Evaluates what may trap below the top `count` entries.
    pub(super) fn settle_traps(&mut self, count: usize) {
        self.settle(self.stack.len() - count, Traits::TRAPS);
    }

    /// Moves the top `count` entries to the slots from height `to` on.
    fn move_to(&mut self, count: usize, to: usize) {
        /// More are moved by one cell: two bytes of a module may ask for a thousand.
        const MOST: usize = 8;
        let from = self.stack.len() - count;
        if from == to {
            self.flush_from(from);
        } else if count > MOST {
            self.flush_from(from);
            let (from, to) = (self.canonical(from), self.canonical(to));
            self.code.special(cell::Copy { from, to, count: count as u16 }, &[]);
            self.forget_accs();
        } else {
            for i in 0..count {
                let slot = self.canonical(to + i);
                self.set_slot(from + i, slot);
                self.moved(from + i, slot);
            }
        }
    }

    /// Branches to the label of the frame `depth` blocks out, with its values in place.
    pub(super) fn branch_to(&mut self, depth: u32) {
        let target = self.emit_br();
        self.target(target, depth);
    }

    /// Emits a branch.
    pub(super) fn emit_br(&mut self) -> Fixup {
        let branch = self.code.special(cell::Br { target: 0 }, &[]);
        self.code.fixup(branch)
    }

    /// Gives a branch the label of the frame `depth` blocks out for a target.
    fn target(&mut self, branch: Fixup, depth: u32) {
        let index = self.frames.len() - 1 - depth as usize;
        if self.frames[index].construct == Construct::Loop {
            let start = self.frames[index].start;
            self.code.bind(branch, start);
        } else {
            self.frames[index].ends.push(branch);
        }
    }

    /// `rest` reads what follows. Returns what reads on, if that is something else.
    pub(super) fn br(&mut self, depth: u32, rest: Reader<'a>) -> Option<Reader<'a>> {
        let construct = self.frame(depth).construct;
        if construct == Construct::Function {
            self.return_explicit();
            return None;
        }
        let (arity, to) = (self.frame(depth).arity(), self.frame(depth).base);
        self.charge_words(arity);
        self.settle_traps(arity);
        // What waits in this block is lost, and must not come to its slot any more, where a value may be by then. (Below
        // it, nothing waits but constants, which belong to other ways too.)
        let base = self.frame(0).base;
        for entry in base..self.stack.len() - arity {
            self.moved(entry, self.canonical(entry));
        }
        if depth == 0 && construct == Construct::Loop && arity == 0 {
            self.truncate(base);
            if let Some(body) = self.begin_inverting(rest) {
                return Some(body);
            }
        }
        self.move_to(arity, to);
        self.branch_to(depth);
        self.unreachable();
        None
    }

    /// Returns what reads on, if that is not what follows.
    pub(super) fn br_if(&mut self, depth: u32) -> Option<Reader<'a>> {
        let (arity, to) = (self.frame(depth).arity(), self.frame(depth).base);
        self.charge_words(arity);
        let is_function = self.frame(depth).construct == Construct::Function;
        let condition = self.stack.len() - 1;
        // Values and traps first: they are evaluated whether the branch is taken or not.
        self.settle(condition, Traits::TRAPS);
        for entry in condition - arity..condition {
            self.flush(entry);
        }
        let moves = arity > 0 && condition - arity != to;
        if moves {
            // The moves overwrite the accumulators on the way taken only.
            let owners = Register::BOTH.map(|register| self.acc_owner.of(register));
            owners.into_iter().flatten().filter(|&owner| owner < condition).for_each(|owner| self.flush(owner));
        }
        if is_function || moves {
            let (around, _) = self.branch_on(false);
            let around = self.code.fixup(around);
            // Only the way not taken goes on with what waits and what the accumulators hold.
            let (owners, slots) = (self.acc_owner, self.acc_slot);
            if is_function {
                self.emit_return();
            } else {
                self.move_to(arity, to);
                self.branch_to(depth);
            }
            let here = self.code.label();
            self.code.bind(around, here);
            (self.acc_owner, self.acc_slot) = (owners, slots);
        } else {
            if let Some(rest) = self.end_inverting(depth) {
                return Some(rest);
            }
            let (branch, _) = self.branch_on(true);
            let target = self.code.fixup(branch);
            self.target(target, depth);
            return self.branched(depth, target);
        }
        None
    }

    /// `depths` says to which labels, the default one last.
    pub(super) fn br_table(&mut self, depths: &[u32]) {
        let arity = self.frame(depths[depths.len() - 1]).arity();
        self.charge_words(arity);
        let index = self.stack.len() - 1;
        self.settle(index, Traits::TRAPS);
        for entry in index - arity..index {
            self.flush(entry);
        }
        self.acquire(index);
        self.pop(1);
        let placeholders: SmallVec<[u64; 16]> = depths.iter().map(|_| 0).collect();
        let (cell, at) = self.code.special(cell::BrTable { count: depths.len() as u32 - 1 }, &placeholders);
        let entry = |i| self.code.fixup((cell, at + cell::BrTable::LEN + 8 * i));
        let entries: SmallVec<[Fixup; 16]> = (0..depths.len()).map(entry).collect();
        let from = self.stack.len() - arity;
        // One stub for every label that needs its values moved, or returns.
        for (&entry, &depth) in entries.iter().zip(depths) {
            let frame = self.frame(depth);
            let is_function = frame.construct == Construct::Function;
            if !is_function && (arity == 0 || frame.base == from) {
                self.target(entry, depth);
                continue;
            }
            let (to, stub) = (frame.base, frame.stub);
            let stub = stub.unwrap_or_else(|| {
                let stub = self.code.label();
                self.forget_accs();
                if is_function {
                    self.emit_return();
                } else {
                    self.move_to(arity, to);
                    self.branch_to(depth);
                }
                self.frame_mut(depth).stub = Some(stub);
                stub
            });
            self.code.bind(entry, stub);
        }
        for &depth in depths {
            self.frame_mut(depth).stub = None;
        }
        self.unreachable();
    }

    fn return_(&mut self) {
        self.settle_traps(self.frames[0].results.len());
        self.emit_return();
    }

    /// A `return`, or a branch that is one.
    pub(super) fn return_explicit(&mut self) {
        self.charge_words(self.frames[0].results.len());
        self.return_();
        self.unreachable();
    }

    /// Emits a return of the top entries. Those in their slots are left as they were.
    fn emit_return(&mut self) {
        let header = self.header;
        let count = self.frames[0].results.len();
        let height = self.stack.len() - count;
        if count == 0 {
            self.code.special(cell::Return { header }, &[]);
            return;
        }
        if count > 1 {
            self.flush_from(height);
            let from = self.canonical(height + 1);
            self.code.special(cell::Copy { from, to: 1, count: count as u16 - 1 }, &[]);
            self.forget_accs();
        }
        let class = self.tree(height).class;
        if count == 1 {
            self.fit::<1>(form_sig(Form::Return, class));
        }
        let sink = Sink::form(Form::Return, class, Prefix::slot(header));
        self.statement(sink, [self.stack[height]]).expect("`fit` made it so");
    }

    /// Puts the `count` arguments at the top in place and settles what the call might disturb. Returns the slots of the
    /// callee's frame and header.
    fn arguments(&mut self, count: usize, callee: FrameLayout) -> (u16, u16) {
        let height = self.stack.len() - count;
        self.before_call(height);
        self.flush_from(height);
        let args = self.canonical(height);
        // The callee's frame may reach beyond what 16 bits can name; `Module::new` refuses such frames.
        (args, (usize::from(args) + callee.header) as u16)
    }

    /// Puts the `count` arguments at the top where the callee looks for them, in this frame's first slots, if none of them
    /// reads what another overwrites; if not, in their own slots. Returns the first of those, and how many are left to move.
    fn tail_arguments(&mut self, count: usize) -> (u16, u16) {
        /// More are moved by the call; this keeps looking through them short.
        const MOST: usize = 8;
        let height = self.stack.len() - count;
        self.before_call(height);
        let overwrites =
            |slot: usize| (slot + 1..count).any(|other| self.trees.reads_slot(self.stack[height + other], slot as u16));
        // Further up lies this frame's header, which is still needed.
        let in_place = count <= MOST.min(usize::from(self.header)) && !(0..count).any(overwrites);
        if in_place {
            for slot in 0..count as u16 {
                let entry = height + usize::from(slot);
                if self.tree(entry).kind != Kind::Slot(slot) {
                    self.set_slot(entry, slot);
                    self.moved(entry, slot);
                }
            }
            (self.canonical(height), 0)
        } else {
            self.flush_from(height);
            (self.canonical(height), count as u16)
        }
    }

    /// Replaces the arguments of a call by its results.
    fn results(&mut self, ty: &FuncType) {
        self.pop(ty.params().len());
        self.forget_accs();
        for (i, &ty) in ty.results().iter().enumerate() {
            if i == 0 { self.push_acc(ty.into()) } else { self.push_settled(ty.into()) }
        }
    }

    pub(super) fn call(&mut self, funcidx: u32) {
        let ty = self.module.func_type(funcidx);
        let (args, header) = self.arguments(ty.params().len(), FrameLayout::of(ty));
        let func = self.layout.func(funcidx) as u32;
        self.code.special(cell::Call { func, args, header }, &[]);
        self.results(ty);
    }

    /// Leaves the index at the top in the accumulator, with everything below as a call needs it, and removes it.
    fn callee_index(&mut self, params: usize) {
        let index = self.stack.len() - 1;
        self.before_call(index - params);
        for entry in index - params..index {
            self.flush(entry);
        }
        self.acquire(index);
        self.pop(1);
    }

    pub(super) fn call_indirect(&mut self, typeidx: u32, tableidx: u32) {
        let ty = &self.module.types[typeidx as usize];
        self.callee_index(ty.params().len());
        let (args, header) = self.arguments(ty.params().len(), FrameLayout::of(ty));
        let (table, type_id) = (self.table_word(tableidx), self.type_ids[typeidx as usize]);
        self.code.special(cell::CallIndirect { table, type_id, args, header }, &[]);
        self.results(ty);
    }

    pub(super) fn return_call(&mut self, funcidx: u32) {
        let ty = self.module.func_type(funcidx);
        let count = ty.params().len();
        let new_header = FrameLayout::of(ty).header as u16;
        let (args, count) = self.tail_arguments(count);
        let (func, header) = (self.layout.func(funcidx) as u32, self.header);
        let moves = cell::moves(count, header != new_header);
        self.code.special(cell::ReturnCall { func, args, moves, header, new_header }, &[]);
        self.unreachable();
    }

    pub(super) fn return_call_indirect(&mut self, typeidx: u32, tableidx: u32) {
        let ty = &self.module.types[typeidx as usize];
        let count = ty.params().len();
        let new_header = FrameLayout::of(ty).header as u16;
        self.callee_index(count);
        let (args, _) = self.arguments(count, FrameLayout::of(ty));
        let (table, type_id) = (self.table_word(tableidx), self.type_ids[typeidx as usize]);
        let header = self.header;
        let moves = cell::moves(count as u16, header != new_header);
        self.code.special(cell::ReturnCallIndirect { table, type_id, args, moves, header, new_header }, &[]);
        self.unreachable();
    }

    /// The word of table `tableidx`.
    pub(super) fn table_word(&self, tableidx: u32) -> u32 {
        (self.layout.tables + tableidx as usize) as u32
    }

    /// Frees the integer accumulator for the value of an entry about to be pushed.
    pub(super) fn claim_integer(&mut self) {
        self.claim(Register::Integer, self.stack.len());
    }
}
