//! The source's side of a walk: the specification's meaning of instructions (spec 4.4), on symbolic values.

use super::event::{Event, What};
use super::geometry::Place;
use super::mistake::Mistake;
use super::read::objects::ELEMENTS;
use super::source::{Instr, Pc};
use super::stacks::Stack;
use super::value::{Access, Value, ValueId};
use super::walk::Walk;
use crate::TypeIdx;
use crate::cell::Field;
use crate::ops::{Class, Kind, Op};
use smallvec::SmallVec;

/// So many instructions an arm may have that becomes part of a selection.
const MOST_IN_ARM: usize = 64;

/// What is set, and to what.
type Assignments = SmallVec<[(Place, ValueId); 4]>;

impl Walk<'_> {
    /// The instruction to execute next.
    pub(super) fn instr(&self) -> Instr {
        self.source.instrs[self.at.pc as usize]
    }

    pub(super) fn height(&self) -> u32 {
        self.state.stacks.height(self.at.stack)
    }

    fn operand(&self, height: u32) -> Place {
        self.state.geometry.locals + height
    }

    fn push_word(&mut self, word: ValueId, class: Class) {
        let place = self.operand(self.height());
        self.state.set(place, word);
        self.at.stack = self.state.stacks.push(self.at.stack, class);
    }

    pub(super) fn push(&mut self, value: ValueId) {
        let class = self.state.values.class(value);
        let words = self.state.values.words(value, class);
        words.into_iter().for_each(|word| self.push_word(word, class));
    }

    /// Where the topmost operand begins, and its class.
    fn top(&self) -> (u32, Class) {
        let top = self.height() - 1;
        let class = self.state.stacks.class(self.at.stack, top);
        (top + 1 - class.words() as u32, class)
    }

    /// The topmost operand.
    fn peek(&mut self) -> ValueId {
        let (height, class) = self.top();
        let place = self.operand(height);
        self.state.get_value(place, class)
    }

    fn pop(&mut self) -> ValueId {
        let value = self.peek();
        let (height, _) = self.top();
        self.at.stack = self.state.stacks.cut(self.at.stack, height);
        value
    }

    /// So many values, the lowest first.
    fn pop_all(&mut self, count: usize) -> SmallVec<[ValueId; 4]> {
        let mut values: SmallVec<[ValueId; 4]> = (0..count).map(|_| self.pop()).collect();
        values.reverse();
        values
    }

    /// The vector of these bits.
    pub(super) fn constant(&mut self, halves: [u64; 2]) -> ValueId {
        let halves = halves.map(|bits| self.state.values.constant(bits, Class::V128));
        self.state.values.vector(halves)
    }

    pub(super) fn load(&mut self, op: Op, access: Access, address: ValueId) -> ValueId {
        let epoch = self.state.world.memory;
        self.state.values.number(Value::Load { op, access, address, epoch }, op.info().result)
    }

    /// Where an element lies.
    pub(super) fn element(&mut self, array: ValueId, index: ValueId) -> ValueId {
        self.state.values.number(Value::Pair(array, index), Class::I64)
    }

    pub(super) fn memory_size(&mut self, word: u32, class: Class) -> ValueId {
        let epoch = self.state.world.memory_size;
        self.state.values.number(Value::MemorySize { word, epoch }, class)
    }

    pub(super) fn table_size(&mut self, word: u32, class: Class) -> ValueId {
        let epoch = self.state.world.table_sizes;
        self.state.values.number(Value::TableSize { word, epoch }, class)
    }

    /// An index of a table, of this class, as one of 32 bits.
    fn table_index(&mut self, index: ValueId, class: Class) -> ValueId {
        if class == Class::I64 { self.state.values.unary(Op::I32SaturateI64, index) } else { index }
    }

    pub(super) fn table_get(&mut self, word: u32, index: ValueId) -> ValueId {
        let epoch = self.state.world.tables;
        self.state.values.number(Value::TableGet { word, index, epoch }, Class::I64)
    }

    fn numeric(&mut self, op: Op) -> ValueId {
        match op.kind() {
            Kind::Unary => {
                let a = self.pop();
                self.state.values.unary(op, a)
            }
            Kind::Binary => {
                let (b, a) = (self.pop(), self.pop());
                self.state.values.binary(op, a, b)
            }
            Kind::Ternary => {
                let (c, b, a) = (self.pop(), self.pop(), self.pop());
                self.state.values.ternary(op, a, b, c)
            }
            other => unreachable!("no {other:?} is numeric"),
        }
    }

    /// An operator of wide arithmetic: the halves of what it gives.
    fn wide(&mut self, op: Op) -> [ValueId; 2] {
        let value = if op.info().operand == Class::I128 {
            let words = self.pop_all(4);
            let [a, b] = [[words[0], words[1]], [words[2], words[3]]].map(|halves| self.state.values.wide(halves));
            self.state.values.binary(op, a, b)
        } else {
            let (b, a) = (self.pop(), self.pop());
            self.state.values.binary(op, a, b)
        };
        self.state.values.wide_halves(value)
    }

    /// An operator on one lane.
    fn lane(&mut self, op: Op, lane: u8) -> ValueId {
        if op.kind() == Kind::Extract {
            let vector = self.pop();
            self.state.values.extract(op, lane, vector)
        } else {
            let (value, vector) = (self.pop(), self.pop());
            self.state.values.replace(op, lane, vector, value)
        }
    }

    /// Branches to a label: its values come to where it expects them.
    pub(super) fn take(&mut self, label: u32) {
        let label = self.source.labels[label as usize];
        if label.drops {
            self.pop();
        }
        let from = self.height() - label.arity;
        if from != label.height {
            let words: SmallVec<[(ValueId, Class); 4]> = (from..from + label.arity)
                .map(|height| {
                    let place = self.operand(height);
                    (self.state.get(place), self.state.stacks.class(self.at.stack, height))
                })
                .collect();
            self.at.stack = self.state.stacks.cut(self.at.stack, label.height);
            words.into_iter().for_each(|(word, class)| self.push_word(word, class));
        }
        self.at.source_backward |= label.pc < self.at.pc;
        self.at.pc = label.pc;
    }

    /// Executes an instruction that is no event.
    pub(super) fn step(&mut self) {
        self.state.work += 1;
        let instr = self.instr();
        self.at.pc += 1;
        match instr {
            Instr::Jump(pc) => self.at.pc = pc,
            Instr::Br(label) => self.take(label),
            Instr::Drop => _ = self.pop(),
            Instr::IsNull => {
                let reference = self.peek();
                let value = self.state.values.unary(Op::I64Eqz, reference);
                self.push(value);
            }
            Instr::Element => {
                let (index, array) = (self.pop(), self.pop());
                let place = self.element(array, index);
                self.push(place);
            }
            Instr::Copy => {
                let value = self.peek();
                self.push(value);
            }
            Instr::Select => {
                let (condition, b, a) = (self.pop(), self.pop(), self.pop());
                self.state.note_selection(self.state.values.class(a), [a, b, condition], -1);
                let value = self.state.values.select(a, b, condition);
                self.push(value);
            }
            Instr::Get(local) => {
                let value = self.state.get_value(local, self.source.locals[local as usize]);
                self.push(value);
            }
            Instr::Set(local) => {
                let value = self.pop();
                self.state.set_value(local, value);
            }
            Instr::Tee(local) => {
                let value = self.peek();
                self.state.set_value(local, value);
            }
            Instr::SetSame(local) => {
                self.pop();
                let words = self.source.locals[local as usize].words() as u32;
                (local..local + words).for_each(|word| self.state.keep(word));
            }
            Instr::Keep(local) => {
                let words = self.source.locals[local as usize].words() as u32;
                (local..local + words).for_each(|word| self.state.keep(word));
            }
            Instr::GlobalGet(word, class) => {
                let value = self.state.global(word, class);
                self.push(value);
            }
            Instr::Const(bits, class) => {
                let value = self.state.values.constant(bits, class);
                self.push(value);
            }
            Instr::Vector(halves) => {
                let value = self.constant(halves);
                self.push(value);
            }
            Instr::Func(word) => {
                let value = self.state.values.number(Value::Func(word), Class::I64);
                self.push(value);
            }
            Instr::MemorySize(word, class) => {
                let value = self.memory_size(word, class);
                self.push(value);
            }
            Instr::TableSize(word, class) => {
                let value = self.table_size(word, class);
                self.push(value);
            }
            Instr::Numeric(op) => {
                let value = self.numeric(op);
                self.push(value);
            }
            Instr::Wide(op) => self.wide(op).into_iter().for_each(|half| self.push(half)),
            Instr::Lane(op, lane) => {
                let value = self.lane(op, lane);
                self.push(value);
            }
            _ => debug_assert_eq!(instr, Instr::Nop, "only called where nothing can be seen"),
        }
    }

    /// Executes up to the next event; `target` is the code's, which says whether an `if` is a branch there.
    pub(super) fn interpret(&mut self, target: &Event) -> Result<(), Mistake> {
        // Without events, no instruction is executed twice but in a loop that does nothing else for ever.
        let mut left = 2 * self.source.instrs.len() + 2;
        loop {
            self.check_budget()?;
            let instr = self.instr();
            if matches!(instr, Instr::If { .. }) {
                let condition = self.peek();
                let branches = target.what == What::Branch && self.same_condition(condition, target.args[0]);
                if !self.select_arms(branches) {
                    return Ok(());
                }
            } else if instr.is_event() {
                return Ok(());
            } else {
                self.step();
            }
            left -= 1;
            if left == 0 {
                return Err(self.wrong(format!("{} happens, where nothing ever does", self.describe(target))));
            }
        }
    }

    /// Executes both arms of the `if` to come, and selects what they leave, if nothing happens in them: so does code in
    /// which it became a selection. With `only_if_made`, such a selection must have been computed already.
    pub(super) fn select_arms(&mut self, only_if_made: bool) -> bool {
        let Instr::If { otherwise, end } = self.instr() else { return false };
        let before = self.at;
        let condition = self.pop();
        let begin = self.at;
        let Some((first, stack)) = self.arm(before.pc + 1, end) else {
            self.at = before;
            return false;
        };
        self.at = begin;
        let second = if otherwise == end { Some((SmallVec::new(), stack)) } else { self.arm(otherwise, end) };
        let Some((second, _)) = second else {
            self.at = before;
            return false;
        };
        let find = |list: &[(Place, ValueId)], place| list.iter().find(|&&(p, _)| p == place).map(|&(_, value)| value);
        let mut places: SmallVec<[Place; 8]> = first.iter().chain(&second).map(|&(place, _)| place).collect();
        places.sort_unstable();
        places.dedup();
        let mut made = false;
        let mut merged = SmallVec::<[(Place, ValueId, ValueId); 8]>::new();
        for place in places {
            let now = self.state.get(place);
            let (a, b) = (find(&first, place).unwrap_or(now), find(&second, place).unwrap_or(now));
            made |= self.state.has_selected([a, b, condition]);
            merged.push((place, a, b));
        }
        if only_if_made && !made {
            self.at = before;
            return false;
        }
        for (place, a, b) in merged {
            self.state.note_word_selected([a, b, condition], -1);
            let value = self.state.values.select_word(a, b, condition);
            self.state.set(place, value);
        }
        (self.at.pc, self.at.stack) = (end, stack);
        true
    }

    /// What an arm sets that begins at `pc`, and the operand stack at its end; nothing is changed. `None` if something
    /// happens in it.
    fn arm(&mut self, pc: Pc, end: Pc) -> Option<(Assignments, Stack)> {
        let (begin, mark) = (self.at, self.state.mark());
        self.at.pc = pc;
        let mut left = MOST_IN_ARM;
        while self.at.pc != end && left > 0 && !self.instr().is_event() {
            self.step();
            left -= 1;
        }
        let set = (self.at.pc == end).then(|| {
            let height = self.height();
            let mut places = self.state.set_since(mark);
            places.sort_unstable();
            places.dedup();
            places.retain(|place| self.state.is_live(*place, height));
            let set = places.into_iter().map(|place| (place, self.state.get(place))).collect();
            (set, self.at.stack)
        });
        self.state.back_to(mark);
        self.at = begin;
        set
    }

    /// Executes the event to come: takes its operands, and gives nothing yet.
    pub(super) fn happen(&mut self) -> Event {
        let instr = self.instr();
        self.at.pc += 1;
        let (what, operands) = match instr {
            Instr::Numeric(op) => {
                let value = self.numeric(op);
                self.push(value);
                return Event::new(What::Compute, &[value]);
            }
            Instr::Load(op, access) => {
                let address = self.pop();
                let value = self.load(op, access, address);
                self.push(value);
                return Event::new(What::Compute, &[value]);
            }
            Instr::LoadLane([load, replace], access, lane) => {
                let (vector, address) = (self.pop(), self.pop());
                let loaded = self.load(load, access, address);
                let value = self.state.values.replace(replace, lane, vector, loaded);
                self.push(value);
                return Event::new(What::Compute, &[loaded]);
            }
            Instr::StoreLane([extract, store], access, lane) => {
                let (vector, address) = (self.pop(), self.pop());
                let value = self.state.values.extract(extract, lane, vector);
                return Event::new(What::Store(store, access), &[address, value]);
            }
            Instr::TableGet(word) => {
                let index = self.pop();
                let value = self.table_get(word, index);
                self.push(value);
                return Event::new(What::Compute, &[value]);
            }
            Instr::Pay(amount, table) => return Event::new(What::Pay(amount as u16, table), &[self.peek()]),
            Instr::Fuel(cost) => (What::Fuel(cost), 0),
            Instr::If { .. } | Instr::BrIf(_) => (What::Branch, 1),
            Instr::BrTable(_, count) => (What::Table(count), 1),
            Instr::Return => (What::Return, self.ty.results().len()),
            Instr::Unreachable => (What::Unreachable, 0),
            Instr::Call(func, ty) => (What::Call(func), self.params(ty)),
            Instr::ReturnCall(func, ty) => (What::ReturnCall(func), self.params(ty)),
            Instr::CallIndirect(table, ty) => {
                (What::CallIndirect(table, self.type_ids[ty.index()]), self.params(ty) + 1)
            }
            Instr::ReturnCallIndirect(table, ty) => {
                (What::ReturnCallIndirect(table, self.type_ids[ty.index()]), self.params(ty) + 1)
            }
            Instr::TableFunc(table, ty) => (What::TableFunc(table, self.type_ids[ty.index()]), 1),
            Instr::CallRef(ty) => (What::CallRef(self.type_ids[ty.index()]), self.params(ty) + 1),
            Instr::ReturnCallRef(ty) => (What::ReturnCallRef(self.type_ids[ty.index()]), self.params(ty) + 1),
            Instr::Throw(word, tag) => (What::Throw(word), self.module.tag_type(tag).params().len()),
            Instr::ThrowRef => (What::ThrowRef, 1),
            Instr::Rethrow(height) => {
                let exception = self.state.get(self.operand(height));
                return Event::new(What::ThrowRef, &[exception]);
            }
            Instr::GlobalSet(word) => (What::GlobalSet(word), 1),
            Instr::Store(op, access) => (What::Store(op, access), 2),
            Instr::ElementStore(op) => (What::Store(op, ELEMENTS), 3),
            Instr::Atomic(atomic, access) => (What::Atomic(atomic, access), 1 + atomic.operands().len()),
            Instr::Fence => (What::Fence, 0),
            Instr::MemoryGrow(memory, _) => (What::MemoryGrow(memory), 1),
            Instr::MemoryFill(memory) => (What::MemoryFill(memory), 3),
            Instr::MemoryCopy(to, from) => (What::MemoryCopy(to, from), 3),
            Instr::MemoryInit(memory, segment) => (What::MemoryInit(memory, segment), 3),
            Instr::DataDrop(segment) => (What::DataDrop(segment), 0),
            Instr::TableSet(table, class) => {
                let (value, index) = (self.pop(), self.pop());
                let index = self.table_index(index, class);
                return Event::new(What::TableSet(table), &[index, value]);
            }
            Instr::TableGrow(table, _) => (What::TableGrow(table), 2),
            Instr::TableFill(table) => (What::TableFill(table), 3),
            Instr::TableCopy(to, from) => (What::TableCopy(to, from), 3),
            Instr::TableInit(table, segment) => (What::TableInit(table, segment), 3),
            Instr::ElemDrop(segment) => (What::ElemDrop(segment), 0),
            Instr::Object(cell, mut operands, words, _) => {
                if matches!(cell.fields(), [(_, Field::TypeId), ..]) {
                    operands[0] = self.type_ids[operands[0] as usize].0;
                }
                let base = self.height() - u32::from(words);
                let args: SmallVec<[ValueId; 4]> =
                    (base..self.height()).map(|height| self.state.get(self.operand(height))).collect();
                self.at.stack = self.state.stacks.cut(self.at.stack, base);
                return Event { what: What::Object(cell, operands), args };
            }
            Instr::Nop
            | Instr::Jump(_)
            | Instr::Br(_)
            | Instr::Drop
            | Instr::IsNull
            | Instr::Copy
            | Instr::Element
            | Instr::Select
            | Instr::Get(_)
            | Instr::Set(_)
            | Instr::Tee(_)
            | Instr::Keep(_)
            | Instr::SetSame(_)
            | Instr::GlobalGet(..)
            | Instr::Const(..)
            | Instr::Vector(_)
            | Instr::Func(_)
            | Instr::Wide(_)
            | Instr::Lane(..)
            | Instr::MemorySize(..)
            | Instr::TableSize(..) => unreachable!("{instr:?} is no event"),
        };
        Event { what, args: self.pop_all(operands) }
    }

    fn params(&self, typeidx: TypeIdx) -> usize {
        self.module.signature(typeidx).params().len()
    }
}
