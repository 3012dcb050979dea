//! The target's side of a walk: what the shapes of cells mean, executed on symbolic values.

use super::code::CellIdx;
use super::event::{After, Event, What};
use super::mistake::Mistake;
use super::operators::{classes, halves};
use super::value::{UNKNOWN, Value, ValueId};
use super::walk::Walk;
use crate::cell::{Amount, Cell};
use crate::layout::{FrameLayout, RECORD_WORDS};
use crate::ops::{Class, Effect};
use crate::shape::Shape;
use crate::sig::{Form, Leaf};
use crate::{TypeId, TypeIdx};
use smallvec::SmallVec;

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

    fn event(&mut self, what: What, args: &[ValueId], after: After) {
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
                self.event(What::Store(op, self.target.u32(at)), &[address, value], After::Nothing);
            }
            Shape::Bulk(form, a, b, c) => {
                let second = at + a.len() as u32;
                let args = [
                    self.expression(a, at)?,
                    self.expression(b, second)?,
                    self.expression(c, second + b.len() as u32)?,
                ];
                let what = if form == Form::MemoryFill { What::MemoryFill } else { What::MemoryCopy };
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
                let (address, offset) = (self.expression(a, at + 4)?, self.target.u32(at));
                self.load(op, offset, address)
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
        if let Shape::Unary(op, _) | Shape::Binary(op, ..) | Shape::Load(op, _) = *shape
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
        })
    }

    /// The class of the global of a word, if it is one.
    fn global_class(&self, word: u32) -> Option<Class> {
        let index = (word as usize).checked_sub(self.layout.globals)?;
        self.module.globals.get(index).map(|ty| ty.content.into())
    }

    fn slot(&self, slot: u32) -> Result<u32, Mistake> {
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
    fn read(&mut self, slot: u32, class: Class) -> Result<ValueId, Mistake> {
        let slot = self.slot(slot)?;
        let low = self.state.get_slot(slot);
        if !class.is_wide() {
            return Ok(self.state.values.of_class(low, class));
        }
        let slot = self.slot(slot + 1)?;
        let high = self.state.get_slot(slot);
        Ok(self.state.values.vector([low, high]))
    }

    fn write(&mut self, slot: u32, value: ValueId) -> Result<(), Mistake> {
        let slot = self.slot(slot)?;
        self.state.set_slot(slot, value);
        Ok(())
    }

    /// Writes a value of a class to where it begins.
    fn write_value(&mut self, slot: u32, value: ValueId, class: Class) -> Result<(), Mistake> {
        let words = self.state.values.words(value, class);
        words.into_iter().zip(slot..).try_for_each(|(word, slot)| self.write(slot, word))
    }

    /// The values in slots from `first` on, of these classes.
    fn read_all(&mut self, mut first: u32, classes: impl Iterator<Item = Class>) -> Result<Vec<ValueId>, Mistake> {
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
                    // A branch's target is read where it is needed.
                    _ => at,
                }
            })
            .collect();
        const I32S: [Class; 3] = [Class::I32; 3];
        const WITH_REFERENCE: [Class; 3] = [Class::I32, Class::I64, Class::I32];
        let with_slots = |this: &mut Self, what, first, classes: &[Class], after| {
            let args = this.read_all(first, classes.iter().copied())?;
            this.event(what, &args, after);
            Ok(())
        };
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
                    let place = self.state.geometry.place(slot);
                    let class = place.and_then(|place| self.source.locals.get(place as usize));
                    let zero = class.map_or(UNKNOWN, |&class| self.state.values.constant(0, class));
                    self.write(slot, zero)?;
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
            // Whoever is asked may change memory and globals. Nothing waits where that matters, at labels and calls, and there
            // what is known of them is thrown away.
            (Cell::Epoch, _) => {}
            (Cell::Fuel, &[cost]) => self.event(What::Fuel(cost), &[], After::Nothing),
            (Cell::FuelBulk, &[amount, slot, table]) => {
                let size = if amount == Amount::Pages as u32 {
                    self.state.accumulator(Class::I32)
                } else {
                    self.read(slot, Class::I32)?
                };
                self.event(What::Pay(amount as u16, table), &[size], After::Nothing);
            }
            (Cell::MemorySize, _) => {
                let epoch = self.state.world.memory_size;
                let size = self.state.values.number(Value::MemorySize { epoch }, Class::I32);
                self.state.set_accumulator(Class::I32, size);
            }
            (Cell::MemoryGrow, _) => {
                let pages = self.state.accumulator(Class::I32);
                self.event(What::MemoryGrow, &[pages], After::Accumulator);
            }
            (Cell::MemoryInit, &[segment, args]) => {
                with_slots(self, What::MemoryInit(segment), args, &I32S, After::Nothing)?;
            }
            (Cell::DataDrop, &[segment]) => self.event(What::DataDrop(segment), &[], After::Nothing),
            (Cell::TableGet, &[word]) => {
                let index = self.state.accumulator(Class::I32);
                let value = self.table_get(word, index);
                self.event(What::Compute, &[value], After::Nothing);
                self.state.set_accumulator(Class::I64, value);
            }
            (Cell::TableSet, &[table, args]) => {
                with_slots(self, What::TableSet(table), args, &WITH_REFERENCE[..2], After::Nothing)?;
            }
            (Cell::TableSize, &[word]) => {
                let epoch = self.state.world.table_sizes;
                let size = self.state.values.number(Value::TableSize { word, epoch }, Class::I32);
                self.state.set_accumulator(Class::I32, size);
            }
            (Cell::TableGrow, &[table, args]) => {
                with_slots(self, What::TableGrow(table), args, &WITH_REFERENCE[1..], After::Accumulator)?;
            }
            (Cell::TableFill, &[table, args]) => {
                with_slots(self, What::TableFill(table), args, &WITH_REFERENCE, After::Nothing)?;
            }
            (Cell::TableCopy, &[to, from, args]) => {
                with_slots(self, What::TableCopy(to, from), args, &I32S, After::Nothing)?;
            }
            (Cell::TableInit, &[table, segment, args]) => {
                with_slots(self, What::TableInit(table, segment), args, &I32S, After::Nothing)?;
            }
            (Cell::ElemDrop, &[segment]) => self.event(What::ElemDrop(segment), &[], After::Nothing),
            _ => return Err(self.wrong(format!("{cell:?} has other operands"))),
        }
        Ok(())
    }

    /// The typeidx of the function whose record begins at a word.
    fn callee(&self, word: u32) -> Result<TypeIdx, Mistake> {
        let index = (word as usize).checked_sub(self.layout.funcs).filter(|offset| offset % RECORD_WORDS == 0);
        let typeidx = index.and_then(|offset| self.module.funcs.get(offset / RECORD_WORDS));
        typeidx.copied().ok_or_else(|| self.wrong(format!("word {word} is no function")))
    }

    /// A typeidx with this id in the engine.
    fn type_of_id(&self, type_id: TypeId) -> Result<TypeIdx, Mistake> {
        let typeidx = self.type_ids.iter().position(|&id| id == type_id);
        typeidx.map(|typeidx| TypeIdx(typeidx as u32)).ok_or_else(|| self.wrong(format!("{type_id} is no type's id")))
    }

    fn call(
        &mut self,
        what: What,
        typeidx: TypeIdx,
        index: Option<ValueId>,
        args: u32,
        header: u32,
    ) -> Result<(), Mistake> {
        let ty = &self.module.types[typeidx.index()];
        let expected = args + FrameLayout::of(ty).header as u32;
        // What does not fit 16 bits, no function has.
        if header != expected & 0xffff {
            return Err(self.wrong(format!("the callee's header is in slot {expected}, not {header}")));
        }
        // What the call leaves in place must be no part of what this frame still needs, and be part of it.
        if args < self.state.geometry.operands {
            return Err(self.wrong(format!("a callee's frame begins in slot {args}, among locals")));
        }
        let mut values = self.read_all(args, classes(ty.params()))?;
        values.extend(index);
        self.event(what, &values, After::Call { args });
        Ok(())
    }

    fn tail_call(
        &mut self,
        what: What,
        typeidx: TypeIdx,
        index: Option<ValueId>,
        args: u32,
        moves: u32,
        [header, new_header]: [u32; 2],
    ) -> Result<(), Mistake> {
        let ty = &self.module.types[typeidx.index()];
        let (own, callee) = (self.state.geometry.header, FrameLayout::of(ty).header as u32);
        if header != own || moves & 1 == 1 && new_header != callee || moves & 1 == 0 && callee != own {
            return Err(self.wrong(format!("the header goes from slot {own} to {callee}")));
        }
        let count = moves / 2;
        if count != 0 && count != ty.param_words() as u32 {
            return Err(self.wrong(format!("moves {count} words of {}", ty.param_words())));
        }
        let first = if count == 0 { 0 } else { args };
        let mut values = self.read_all(first, classes(ty.params()))?;
        values.extend(index);
        self.event(what, &values, After::Nothing);
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
