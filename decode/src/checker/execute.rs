//! The target's side of a walk: what the shapes of cells mean, executed on symbolic values.

mod calls;

use super::code::CellIdx;
use super::event::{After, Event, What};
use super::mistake::Mistake;
use super::operators::{classes, halves};
use super::read::objects::{ELEMENTS, field_access};
use super::value::{Access, UNKNOWN, Value, ValueId};
use super::walk::Walk;
use crate::cell::{Amount, Cell};
use crate::instruction::Atomic;
use crate::layout::RECORD_WORDS;
use crate::ops::{Class, Effect};
use crate::shape::Shape;
use crate::sig::{Form, Leaf};
use crate::{MemoryType, TypeId};
use smallvec::SmallVec;

/// How many operand bytes say what a far access is about.
const FAR: u32 = Leaf::Memory.bytes(Class::I64) as u32;

/// Why the code was not executed further.
#[derive(Debug)]
pub(super) enum Stop {
    /// Events wait to be compared.
    Event,
    /// It comes to this cell, to which other ways lead as well.
    Join(CellIdx),
}

impl Walk<'_> {
    /// Executes code up to the next event or join.
    pub(super) fn execute(&mut self) -> Result<Stop, Mistake> {
        loop {
            if !self.events.is_empty() {
                return Ok(Stop::Event);
            }
            let cell = self.at.cell;
            if self.at.statement == 0 && !self.at.entered && self.target.is_join(cell) {
                return Ok(Stop::Join(cell));
            }
            self.state.work += 1;
            self.check_budget()?;
            let statements = self.target.statements(cell);
            match statements.get(self.at.statement) {
                Some(&(shape, at)) => {
                    self.at.statement += 1;
                    self.begun = self.state.mark();
                    self.statement(shape, at)?;
                }
                None => self.go_to(cell + 1, false),
            }
        }
    }

    /// Goes on in another cell.
    pub(super) fn go_to(&mut self, cell: CellIdx, jumps: bool) {
        self.at.backward |= jumps && cell <= self.at.cell;
        (self.at.cell, self.at.statement, self.at.entered) = (cell, 0, false);
    }

    pub(super) fn event(&mut self, what: What, args: &[ValueId], after: After) {
        self.events.push_back((Event::new(what, args), after));
    }

    fn statement(&mut self, shape: &'static Shape, at: u32) -> Result<(), Mistake> {
        match *shape {
            Shape::Form(Form::SetAcc, class, a) => {
                let value = self.expression(a, at)?;
                self.state.set_accumulator(class, value);
            }
            Shape::Form(Form::SetSlot, class, a) => {
                let value = self.expression(a, at + 2)?;
                let slot = self.target.u16(at).into();
                self.write_value(slot, value, class)?;
                self.state.set_accumulator(class, value);
            }
            Shape::Form(Form::SetHigh, _, a) => {
                let value = self.expression(a, at + 2)?;
                let [low, high] = self.state.values.wide_halves(value);
                self.write(self.target.u16(at).into(), high)?;
                self.state.set_accumulator(Class::I64, low);
            }
            Shape::Form(Form::SetGlobal, class, a) => {
                let value = self.expression(a, at + 4)?;
                let word = self.target.u32(at);
                if self.global_class(word) != Some(class) {
                    return Err(self.wrong(format!("sets word {word}, which is no global of class {class:?}")));
                }
                self.event(What::GlobalSet(word), &[value], After::Nothing);
                self.state.set_accumulator(class, value);
            }
            Shape::Form(Form::BrIf, _, a) => {
                let condition = self.expression(a, at + 8)?;
                let to = self.target.branch(self.at.cell, at)?;
                self.event(What::Branch, &[condition], After::Branch(to));
            }
            Shape::Form(Form::Return, _, a) => {
                let first = self.expression(a, at + 2)?;
                self.returns(self.target.u16(at).into(), Some(first))?;
            }
            Shape::Store(op, a, b) => {
                let address = self.expression(a, at + 4)?;
                let value = self.expression(b, at + 4 + a.len() as u32)?;
                let access = self.near(at)?;
                self.event(What::Store(op, access), &[address, value], After::Nothing);
            }
            Shape::FarStore(op, a, b) | Shape::SharedStore(op, a, b) => {
                let access = self.far(at, matches!(*shape, Shape::SharedStore(..)))?;
                let address = self.expression(a, at + FAR)?;
                let value = self.expression(b, at + FAR + a.len() as u32)?;
                self.event(What::Store(op, access), &[address, value], After::Nothing);
            }
            Shape::ElementStore(op, a, b, c) => {
                let second = at + a.len() as u32;
                let args = [
                    self.expression(a, at)?,
                    self.expression(b, second)?,
                    self.expression(c, second + b.len() as u32)?,
                ];
                self.event(What::Store(op, ELEMENTS), &args, After::Nothing);
            }
            Shape::FieldStore(op, a, b) => {
                let access = field_access(self.target.u32(at));
                let reference = self.expression(a, at + 4)?;
                let value = self.expression(b, at + 4 + a.len() as u32)?;
                self.event(What::Store(op, access), &[reference, value], After::Nothing);
            }
            Shape::Bulk(form, a, b, c) => {
                let second = at + a.len() as u32;
                let args = [
                    self.expression(a, at)?,
                    self.expression(b, second)?,
                    self.expression(c, second + b.len() as u32)?,
                ];
                let memory = self.memory();
                let what =
                    if form == Form::MemoryFill { What::MemoryFill(memory) } else { What::MemoryCopy(memory, memory) };
                self.event(what, &args, After::Nothing);
            }
            Shape::Cell(cell) => self.cell(cell, at)?,
            _ => return Err(self.wrong(format!("{shape:?} is no statement"))),
        }
        Ok(())
    }

    fn expression(&mut self, shape: &'static Shape, at: u32) -> Result<ValueId, Mistake> {
        let value = match *shape {
            Shape::Leaf(leaf, class) => return self.leaf(leaf, class, at),
            Shape::Unary(op, a) => {
                let a = self.expression(a, at)?;
                self.state.values.unary(op, a)
            }
            Shape::Binary(op, a, b) => {
                let first = self.expression(a, at)?;
                let second = self.expression(b, at + a.len() as u32)?;
                self.state.values.binary(op, first, second)
            }
            Shape::Load(op, a) => {
                let (address, access) = (self.expression(a, at + 4)?, self.near(at)?);
                self.load(op, access, address)
            }
            Shape::FarLoad(op, a) | Shape::SharedLoad(op, a) => {
                let access = self.far(at, matches!(*shape, Shape::SharedLoad(..)))?;
                let address = self.expression(a, at + FAR)?;
                self.load(op, access, address)
            }
            Shape::ElementLoad(op, a, b) => {
                let array = self.expression(a, at)?;
                let index = self.expression(b, at + a.len() as u32)?;
                let place = self.element(array, index);
                self.load(op, ELEMENTS, place)
            }
            Shape::FieldLoad(op, a) => {
                let (reference, access) = (self.expression(a, at + 4)?, field_access(self.target.u32(at)));
                self.load(op, access, reference)
            }
            Shape::Select(class, a, b, c) => {
                let second = at + a.len() as u32;
                let (a, third) = (self.expression(a, at)?, second + b.len() as u32);
                let (b, c) = (self.expression(b, second)?, self.expression(c, third)?);
                self.state.note_selection(class, [a, b, c], 1);
                self.state.values.select(a, b, c)
            }
            Shape::Ternary(op, a, b, c) => {
                let second = at + a.len() as u32;
                let (a, third) = (self.expression(a, at)?, second + b.len() as u32);
                let (b, c) = (self.expression(b, second)?, self.expression(c, third)?);
                self.state.values.ternary(op, a, b, c)
            }
            Shape::Extract(op, lane, a) => {
                let vector = self.expression(a, at)?;
                self.state.values.extract(op, lane, vector)
            }
            Shape::Replace(op, lane, a, b) => {
                let vector = self.expression(a, at)?;
                let value = self.expression(b, at + a.len() as u32)?;
                self.state.values.replace(op, lane, vector, value)
            }
            _ => return Err(self.wrong(format!("{shape:?} is no expression"))),
        };
        if let Shape::Unary(op, _)
        | Shape::Binary(op, ..)
        | Shape::Load(op, _)
        | Shape::FarLoad(op, _)
        | Shape::SharedLoad(op, _)
        | Shape::FieldLoad(op, _)
        | Shape::ElementLoad(op, ..) = *shape
            && op.info().effect != Effect::Pure
        {
            self.event(What::Compute, &[value], After::Nothing);
        }
        Ok(value)
    }

    fn leaf(&mut self, leaf: Leaf, class: Class, at: u32) -> Result<ValueId, Mistake> {
        Ok(match leaf {
            Leaf::Slot => {
                let slot = self.target.u16(at).into();
                self.read(slot, class)?
            }
            Leaf::Acc => self.state.accumulator(class),
            Leaf::Imm if class.is_wide() => self.constant(halves(self.target.vector(at))),
            Leaf::Imm => {
                let bits = if class.bytes() == 4 { self.target.u32(at).into() } else { self.target.u64(at) };
                self.state.values.constant(bits, class)
            }
            Leaf::Global => {
                let word = self.target.u32(at);
                if self.global_class(word) != Some(class) {
                    return Err(self.wrong(format!("reads word {word}, which is no global of class {class:?}")));
                }
                self.state.global(word, class)
            }
            Leaf::Func => {
                let word = self.target.u32(at);
                self.state.values.number(Value::Func(word), Class::I64)
            }
            Leaf::Memory | Leaf::SharedMemory | Leaf::Field => {
                return Err(self.wrong("a memory is no value".to_owned()));
            }
        })
    }

    /// The word of memory 0.
    fn memory(&self) -> u32 {
        self.layout.memory(0) as u32
    }

    /// What an access to memory 0 is about, which is not shared.
    fn near(&self, at: u32) -> Result<Access, Mistake> {
        let memory = self.memory();
        if self.memory_of(memory)?.shared {
            return Err(self.wrong("a near access to a shared memory".to_owned()));
        }
        Ok(Access { memory, offset: self.target.u32(at).into() })
    }

    /// What a far access is about, of a memory that is shared or not.
    fn far(&self, at: u32, shared: bool) -> Result<Access, Mistake> {
        let memory = self.target.u32(at);
        if self.memory_of(memory)?.shared != shared {
            return Err(self.wrong(format!("an access that takes word {memory} for a memory of the other kind")));
        }
        Ok(Access { memory, offset: self.target.u64(at + 4) })
    }

    /// The class of addresses of the memory of a word.
    fn memory_class(&self, word: u32) -> Result<Class, Mistake> {
        Ok(self.memory_of(word)?.address.val_type().into())
    }

    /// The type of the memory of a word.
    fn memory_of(&self, word: u32) -> Result<MemoryType, Mistake> {
        let index = (word as usize).checked_sub(self.layout.memories);
        let ty = index.and_then(|index| self.module.memories.get(index));
        ty.copied().ok_or_else(|| self.wrong(format!("word {word} is no memory")))
    }

    /// The class of indices of the table of a word.
    fn table_class(&self, word: u32) -> Result<Class, Mistake> {
        let index = (word as usize).checked_sub(self.layout.tables);
        let ty = index.and_then(|index| self.module.tables.get(index));
        ty.map(|ty| ty.address.val_type().into()).ok_or_else(|| self.wrong(format!("word {word} is no table")))
    }

    /// The class of the global of a word, if it is one.
    fn global_class(&self, word: u32) -> Option<Class> {
        let index = (word as usize).checked_sub(self.layout.globals)?;
        self.module.globals.get(index).map(|ty| ty.content.into())
    }

    pub(super) fn slot(&self, slot: u32) -> Result<u32, Mistake> {
        let geometry = &self.state.geometry;
        if slot >= geometry.words {
            return Err(self.wrong(format!("slot {slot} is outside of the frame, which has {} words", geometry.words)));
        }
        if geometry.is_header(slot) {
            return Err(self.wrong(format!("slot {slot} is part of the frame's header")));
        }
        Ok(slot)
    }

    /// The value of a class that begins in a slot.
    pub(super) fn read(&mut self, slot: u32, class: Class) -> Result<ValueId, Mistake> {
        let slot = self.slot(slot)?;
        let low = self.state.get_slot(slot);
        if !class.is_wide() {
            return Ok(self.state.values.of_class(low, class));
        }
        let slot = self.slot(slot + 1)?;
        let high = self.state.get_slot(slot);
        Ok(self.state.values.vector([low, high]))
    }

    pub(super) fn write(&mut self, slot: u32, value: ValueId) -> Result<(), Mistake> {
        let slot = self.slot(slot)?;
        self.state.set_slot(slot, value);
        Ok(())
    }

    /// Writes zero.
    fn zero(&mut self, slot: u32) -> Result<(), Mistake> {
        let place = self.state.geometry.place(slot);
        let class = place.and_then(|place| self.source.locals.get(place as usize));
        let zero = class.map_or(UNKNOWN, |&class| self.state.values.constant(0, class));
        // The source begins with zero as well where nobody asks.
        if let Some(place) = place
            && class.is_some()
            && place >= self.state.geometry.params
            && self.state.is_untouched(place)
        {
            self.state.set(place, zero);
        }
        self.write(slot, zero)
    }

    /// Writes a value of a class to where it begins.
    pub(super) fn write_value(&mut self, slot: u32, value: ValueId, class: Class) -> Result<(), Mistake> {
        let words = self.state.values.words(value, class);
        words.into_iter().zip(slot..).try_for_each(|(word, slot)| self.write(slot, word))
    }

    /// The values in slots from `first` on, of these classes.
    pub(super) fn read_all(
        &mut self,
        mut first: u32,
        classes: impl Iterator<Item = Class>,
    ) -> Result<Vec<ValueId>, Mistake> {
        let read = |class: Class| {
            let slot = first;
            first += class.words() as u32;
            self.read(slot, class)
        };
        classes.map(read).collect()
    }

    fn returns(&mut self, header: u32, first: Option<ValueId>) -> Result<(), Mistake> {
        if header != self.state.geometry.header {
            return Err(
                self.wrong(format!("returns by a header in slot {header}, which is in {}", self.state.geometry.header))
            );
        }
        let types = classes(self.ty.results());
        let mut results = Vec::new();
        if let Some(class) = types.clone().next() {
            let first = first.unwrap_or_else(|| self.state.accumulator(class));
            results.push(self.state.values.of_class(first, class));
            results.extend(self.read_all(class.words() as u32, types.skip(1))?);
        } else {
            results.extend(first);
        }
        self.event(What::Return, &results, After::Nothing);
        Ok(())
    }

    fn cell(&mut self, cell: Cell, at: u32) -> Result<(), Mistake> {
        let mut operand = at;
        let fields: SmallVec<[u32; 8]> = cell
            .fields()
            .iter()
            .map(|&(_, field)| {
                let at = operand;
                operand += field.bytes() as u32;
                match field.bytes() {
                    2 => self.target.u16(at).into(),
                    4 => self.target.u32(at),
                    // A branch's target, or what takes as many bytes, is read where it is needed.
                    _ => at,
                }
            })
            .collect();
        /// Operands of what is known to have 32-bit addresses.
        const I32S: [Class; 3] = [Class::I32; 3];
        // The class of a size that two have.
        let smaller = |a: Class, b: Class| if a == Class::I64 { b } else { a };
        let with_slots = |this: &mut Self, what, first, classes: &[Class], after| {
            let args = this.read_all(first, classes.iter().copied())?;
            this.event(what, &args, after);
            Ok(())
        };
        if cell.is_about_objects() {
            return self.object(cell, &fields);
        }
        match (cell, &fields[..]) {
            (Cell::Unreachable, _) => self.event(What::Unreachable, &[], After::Nothing),
            (Cell::Br, &[at]) => {
                let to = self.target.branch(self.at.cell, at)?;
                self.go_to(to, true);
            }
            (Cell::BrTable, &[count]) => {
                let index = self.state.accumulator(Class::I32);
                self.event(What::Table(count.saturating_add(1)), &[index], After::Table { at: operand });
            }
            (Cell::Return, &[header]) => self.returns(header, None)?,
            (Cell::Zero, &[from, count]) => {
                for slot in from..from + count {
                    self.zero(slot)?;
                }
            }
            (Cell::ZeroFew, slots) => {
                for (i, &slot) in slots.iter().enumerate() {
                    if !slots[..i].contains(&slot) {
                        self.zero(slot)?;
                    }
                }
            }
            (Cell::Copy, &[from, to, count]) => {
                // All is read before any is written.
                let words: Result<Vec<ValueId>, Mistake> =
                    (from..from + count).map(|slot| Ok(self.state.get_slot(self.slot(slot)?))).collect();
                words?.into_iter().zip(to..).try_for_each(|(word, slot)| self.write(slot, word))?;
            }
            (Cell::Call, &[func, args, header]) => {
                let ty = self.callee(func)?;
                self.call(What::Call(func), ty, None, args, header)?;
            }
            (Cell::CallIndirect, &[table, type_id, args, header]) => {
                let type_id = TypeId(type_id);
                let (ty, index) = (self.type_of_id(type_id)?, self.state.accumulator(Class::I32));
                self.call(What::CallIndirect(table, type_id), ty, Some(index), args, header)?;
            }
            (Cell::ReturnCall, &[func, args, moves, header, new_header]) => {
                let ty = self.callee(func)?;
                self.tail_call(What::ReturnCall(func), ty, None, args, moves, [header, new_header])?;
            }
            (Cell::ReturnCallIndirect, &[table, type_id, args, moves, header, new_header]) => {
                let type_id = TypeId(type_id);
                let (ty, index) = (self.type_of_id(type_id)?, self.state.accumulator(Class::I32));
                let what = What::ReturnCallIndirect(table, type_id);
                self.tail_call(what, ty, Some(index), args, moves, [header, new_header])?;
            }
            (Cell::TableFunc, &[table, type_id]) => {
                let index = self.state.accumulator(Class::I32);
                self.event(What::TableFunc(table, TypeId(type_id)), &[index], After::Accumulator);
            }
            (Cell::CallRef, &[type_id, args, header]) => {
                let type_id = TypeId(type_id);
                let (ty, func) = (self.type_of_id(type_id)?, self.state.accumulator(Class::I64));
                self.call(What::CallRef(type_id), ty, Some(func), args, header)?;
            }
            (Cell::ReturnCallRef, &[type_id, args, moves, header, new_header]) => {
                let type_id = TypeId(type_id);
                let (ty, func) = (self.type_of_id(type_id)?, self.state.accumulator(Class::I64));
                self.tail_call(What::ReturnCallRef(type_id), ty, Some(func), args, moves, [header, new_header])?;
            }
            (Cell::Throw, &[tag, args]) => self.throw(tag, args)?,
            (Cell::ThrowRef, &[exception]) => self.throw_ref(exception)?,
            // Whoever is asked may change memory and globals. Nothing waits where that matters, at labels and calls, and there
            // what is known of them is thrown away.
            (Cell::Epoch, _) => {}
            (Cell::Fuel, &[at]) => self.event(What::Fuel(self.target.u64(at)), &[], After::Nothing),
            (Cell::FuelBulk, &[amount, slot, table]) => {
                let size = if amount == Amount::Pages as u32 {
                    self.state.accumulator(Class::I32)
                } else if amount == Amount::Elements as u32 || amount == Amount::NewElements as u32 {
                    self.read(slot, self.table_class(table)?)?
                } else {
                    self.read(slot, Class::I32)?
                };
                self.event(What::Pay(amount as u16, table), &[size], After::Nothing);
            }
            (Cell::FuelFar, &[amount, slot, memory]) => {
                let class = self.memory_class(memory)?;
                let size = if amount == Amount::Pages as u32 {
                    self.state.accumulator(class)
                } else {
                    self.read(slot, if amount == Amount::Bytes64 as u32 { Class::I64 } else { Class::I32 })?
                };
                self.event(What::Pay(amount as u16, memory), &[size], After::Nothing);
            }
            (Cell::MemorySize, _) => {
                let size = self.memory_size(self.memory(), Class::I32);
                self.state.set_accumulator(Class::I32, size);
            }
            (Cell::FarMemorySize, &[memory]) => {
                let class = self.memory_class(memory)?;
                let size = self.memory_size(memory, class);
                self.state.set_accumulator(class, size);
            }
            (Cell::MemoryGrow, _) => {
                let (memory, pages) = (self.memory(), self.state.accumulator(Class::I32));
                self.event(What::MemoryGrow(memory), &[pages], After::Accumulator);
            }
            (Cell::FarMemoryGrow, &[memory]) => {
                let class = self.memory_class(memory)?;
                let pages = self.state.accumulator(class);
                self.event(What::MemoryGrow(memory), &[pages], After::Accumulator);
            }
            (Cell::FarMemoryFill, &[memory, args]) => {
                let class = self.memory_class(memory)?;
                let classes = [class, Class::I32, class];
                with_slots(self, What::MemoryFill(memory), args, &classes, After::Nothing)?;
            }
            (Cell::FarMemoryCopy, &[to, from, args]) => {
                let (a, b) = (self.memory_class(to)?, self.memory_class(from)?);
                let classes = [a, b, smaller(a, b)];
                with_slots(self, What::MemoryCopy(to, from), args, &classes, After::Nothing)?;
            }
            (Cell::MemoryInit, &[segment, args]) => {
                let memory = self.memory();
                with_slots(self, What::MemoryInit(memory, segment), args, &I32S, After::Nothing)?;
            }
            (Cell::FarMemoryInit, &[memory, segment, args]) => {
                let classes = [self.memory_class(memory)?, Class::I32, Class::I32];
                with_slots(self, What::MemoryInit(memory, segment), args, &classes, After::Nothing)?;
            }
            (Cell::DataDrop, &[segment]) => self.event(What::DataDrop(segment), &[], After::Nothing),
            (Cell::TableGet, &[word]) => {
                let index = self.state.accumulator(Class::I32);
                let value = self.table_get(word, index);
                self.event(What::Compute, &[value], After::Nothing);
                self.state.set_accumulator(Class::I64, value);
            }
            (Cell::TableSet, &[table, args]) => {
                with_slots(self, What::TableSet(table), args, &[Class::I32, Class::I64], After::Nothing)?;
            }
            (Cell::TableSize, &[word]) => {
                let class = self.table_class(word)?;
                let size = self.table_size(word, class);
                self.state.set_accumulator(class, size);
            }
            (Cell::TableGrow, &[table, args]) => {
                let class = self.table_class(table)?;
                with_slots(self, What::TableGrow(table), args, &[Class::I64, class], After::Accumulator)?;
            }
            (Cell::TableFill, &[table, args]) => {
                let class = self.table_class(table)?;
                with_slots(self, What::TableFill(table), args, &[class, Class::I64, class], After::Nothing)?;
            }
            (Cell::TableCopy, &[to, from, args]) => {
                let (a, b) = (self.table_class(to)?, self.table_class(from)?);
                let classes = [a, b, smaller(a, b)];
                with_slots(self, What::TableCopy(to, from), args, &classes, After::Nothing)?;
            }
            (Cell::TableInit, &[table, segment, args]) => {
                let classes = [self.table_class(table)?, Class::I32, Class::I32];
                with_slots(self, What::TableInit(table, segment), args, &classes, After::Nothing)?;
            }
            (Cell::ElemDrop, &[segment]) => self.event(What::ElemDrop(segment), &[], After::Nothing),
            (Cell::AtomicFence, _) => self.event(What::Fence, &[], After::Nothing),
            (atomic, &[memory, offset, args]) if let Some(atomic) = Atomic::of_cell(atomic) => {
                let access = Access { memory, offset: self.target.u64(offset) };
                let classes = [&[self.memory_class(memory)?], atomic.operands()].concat();
                let after = if atomic.result().is_some() { After::Accumulator } else { After::Nothing };
                with_slots(self, What::Atomic(atomic, access), args, &classes, after)?;
            }
            _ => return Err(self.wrong(format!("{cell:?} has other operands"))),
        }
        Ok(())
    }

    /// Whether the word is that of an imported global.
    pub(super) fn is_imported_global(&self, word: u32) -> bool {
        (word as usize) < self.layout.globals + self.module.imported_globals
    }

    /// Where an imported or own function's type is told apart, errors name it.
    pub(super) fn describe_word(&self, word: u32) -> String {
        match (word as usize).checked_sub(self.layout.funcs) {
            Some(offset) if (word as usize) < self.layout.globals => {
                format!("function {}", offset / RECORD_WORDS)
            }
            _ => format!("word {word}"),
        }
    }
}
