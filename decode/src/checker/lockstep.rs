//! Both sides in step: the loop of a walk, and the comparison of events.

use super::code::CellIdx;
use super::event::{After, Event, What};
use super::execute::Stop;
use super::mistake::Mistake;
use super::operators::classes;
use super::read_first::read_first;
use super::source::{Instr, Pc};
use super::stacks::Stacks;
use super::state::Register;
use super::value::{UNKNOWN, ValueId};
use super::walk::{Fork, Position, Walk};
use crate::ops::Class;
use smallvec::{SmallVec, smallvec};
use std::collections::HashSet;

/// Behind the branch.
const BEHIND: CellIdx = CellIdx::MAX;

impl Walk<'_> {
    /// Checks everything that can be reached.
    pub(super) fn run(&mut self) -> Result<(), Mistake> {
        let geometry = self.state.geometry;
        self.state.begin(Stacks::EMPTY);
        // What the source sets before it reads it may begin with anything, and so may its slot: with the same.
        let read = read_first(&self.source, geometry.params as usize, self.budget).ok_or_else(|| self.too_hard())?;
        let zeroed = (geometry.params..geometry.locals).filter(|&local| read[local as usize]);
        for local in zeroed.clone() {
            self.state.set_slot(geometry.slot(local), UNKNOWN);
        }
        self.state.begun();
        for local in zeroed {
            let zero = self.state.values.constant(0, self.source.locals[local as usize]);
            self.state.set(local, zero);
        }
        self.at.since = self.state.mark();
        self.at.event = self.at.since;
        self.walk()?;
        while let Some(join) = self.waiting.pop() {
            self.start(join);
            self.walk()?;
        }
        Ok(())
    }

    fn walk(&mut self) -> Result<(), Mistake> {
        loop {
            let ends = match self.execute()? {
                Stop::Join(cell) => {
                    self.arrive(cell)?;
                    true
                }
                Stop::Event => {
                    let (event, after) = self.events.pop_front().expect("there is one");
                    self.interpret(&event)?;
                    self.compare(&event, after)?
                }
            };
            if ends && !self.resume() {
                return Ok(());
            }
        }
    }

    /// Goes on with a way not taken yet.
    fn resume(&mut self) -> bool {
        let Some(Fork { at, mark, world, label, to }) = self.forks.pop() else { return false };
        self.state.back_to(mark);
        (self.state.world, self.at) = (world, at);
        if let Some(label) = label {
            self.take(label);
        }
        self.enter(to);
        true
    }

    /// Goes on in `to`, a cell that is branched to, or behind the branch if that is the cell where it is.
    fn enter(&mut self, to: CellIdx) {
        if to != BEHIND {
            self.go_to(to, true);
        }
    }

    /// Notes a way to take later: the source goes on at `pc`, or at a label.
    fn fork(&mut self, pc: Pc, label: Option<u32>, to: CellIdx) {
        let at = Position { pc, ..self.at };
        self.forks.push(Fork { at, mark: self.state.mark(), world: self.state.world, label, to });
    }

    /// Compares the code's event with the source's, which is the instruction to come, and lets both happen. Says whether
    /// this way ends.
    fn compare(&mut self, target: &Event, after: After) -> Result<bool, Mistake> {
        let (instr, pc) = (self.instr(), self.at.pc);
        let here = self.at;
        let event = self.happen();
        let same = match event.what {
            What::Branch => target.what == What::Branch && self.same_condition(event.args[0], target.args[0]),
            _ => event == *target,
        };
        if !same {
            self.at = here;
            let (expected, found) = (self.describe(&event), self.describe(target));
            return Err(self.wrong(format!("expected {expected}, found {found}")));
        }
        // What the event's statement wrote was written when it was executed.
        (self.at.event, self.at.since) = (self.state.mark(), self.begun);
        match after {
            After::Branch(to) => {
                self.branch(instr, pc, event.args[0], target.args[0], to);
                return Ok(false);
            }
            After::Table { at } => {
                self.table(instr, at)?;
                return Ok(true);
            }
            _ => {}
        }
        self.effect(event.what, &event.args);
        if let After::Call { args: lost } | After::Throw { behind: lost } = after {
            self.state.forget_slots(lost);
            Register::ALL.into_iter().for_each(|register| self.state.set_register(register, UNKNOWN));
        }
        if instr.may_throw() {
            self.catch(pc)?;
        }
        let results: SmallVec<[Class; 4]> = match instr {
            Instr::Call(_, ty) | Instr::CallIndirect(_, ty) | Instr::CallRef(ty) => {
                classes(self.module.signature(ty).results()).collect()
            }
            Instr::MemoryGrow(_, class) | Instr::TableGrow(_, class) => smallvec![class],
            Instr::TableFunc(..) => smallvec![Class::I64],
            Instr::Object(.., result) => result.into_iter().collect(),
            Instr::Atomic(atomic, _) => atomic.result().into_iter().collect(),
            _ => SmallVec::new(),
        };
        let values: SmallVec<[ValueId; 4]> = results.iter().map(|&class| self.fresh(class)).collect();
        values.iter().for_each(|&value| self.push(value));
        match after {
            After::Accumulator => {
                if let (Some(&class), Some(&value)) = (results.first(), values.first()) {
                    self.state.set_accumulator(class, value);
                }
            }
            After::Call { args } => {
                let mut slot = args;
                for (i, &value) in values.iter().enumerate() {
                    let class = self.state.values.class(value);
                    if i == 0 {
                        self.state.set_accumulator(class, value);
                    } else {
                        let words = self.state.values.words(value, class);
                        words.into_iter().zip(slot..).for_each(|(word, slot)| self.state.set_slot(slot, word));
                    }
                    slot += class.words() as u32;
                }
            }
            _ => {}
        }
        Ok(matches!(
            event.what,
            What::Return
                | What::Unreachable
                | What::ReturnCall(_)
                | What::ReturnCallIndirect(..)
                | What::ReturnCallRef(_)
                | What::Throw(_)
                | What::ThrowRef
        ))
    }

    /// What is different after an event.
    fn effect(&mut self, what: What, args: &[ValueId]) {
        let epoch = self.state.new_epoch();
        let world = &mut self.state.world;
        match what {
            What::Store(..) | What::MemoryFill(_) | What::MemoryCopy(..) | What::MemoryInit(..) => world.memory = epoch,
            // Other threads may have done anything to memories meanwhile.
            What::Atomic(..) | What::Fence => (world.memory, world.memory_size) = (epoch, epoch),
            What::MemoryGrow(_) => (world.memory, world.memory_size) = (epoch, epoch),
            What::TableSet(_) | What::TableFill(_) | What::TableCopy(..) | What::TableInit(..) => world.tables = epoch,
            What::TableGrow(_) => (world.tables, world.table_sizes) = (epoch, epoch),
            What::Call(_) | What::CallIndirect(..) | What::CallRef(_) => self.state.everything_changes(),
            // Elements are read as memories are.
            What::Object(..) => world.memory = epoch,
            What::GlobalSet(word) => self.state.set_global(word, args[0], self.is_imported_global(word)),
            What::Compute
            | What::Unreachable
            | What::DataDrop(_)
            | What::ElemDrop(_)
            | What::ReturnCall(_)
            | What::ReturnCallIndirect(..)
            | What::ReturnCallRef(_)
            | What::TableFunc(..)
            | What::Throw(_)
            | What::ThrowRef
            | What::Return
            | What::Branch
            | What::Table(_)
            | What::Fuel(_)
            | What::Pay(..) => {}
        }
    }

    /// Both sides branch, on the same condition or on opposite ones.
    fn branch(&mut self, instr: Instr, pc: Pc, condition: ValueId, target: ValueId, to: CellIdx) {
        let values = &self.state.values;
        let opposite = values.condition(condition).1 != values.condition(target).1;
        // Where the source goes on if its condition holds, and if not.
        let (taken, otherwise) = match instr {
            Instr::If { otherwise, .. } => ((pc + 1, None), otherwise),
            Instr::BrIf(label) => ((pc, Some(label)), pc + 1),
            _ => unreachable!("nothing else branches"),
        };
        let (if_taken, if_not) = if opposite { (BEHIND, to) } else { (to, BEHIND) };
        self.fork(otherwise, None, if_not);
        self.at.pc = taken.0;
        if let Some(label) = taken.1 {
            self.take(label);
        }
        self.enter(if_taken);
    }

    /// Both sides choose among as many ways.
    fn table(&mut self, instr: Instr, at: u32) -> Result<(), Mistake> {
        let Instr::BrTable(first, count) = instr else { unreachable!("nothing else has a table") };
        let mut seen = HashSet::new();
        for i in 0..count {
            let to = self.target.branch(self.at.cell, at + 8 * i)?;
            if seen.insert((self.source.labels[(first + i) as usize], to)) {
                self.fork(self.at.pc, Some(first + i), to);
            }
        }
        Ok(())
    }
}
