//! Walking along source and code in step.
//!
//! A walk begins at a pair: an instruction of the source and a cell to which several ways lead. It executes code up to its
//! next event, the source up to its own, and compares the two. Where both choose a way, the walk takes one and comes back
//! for the other. It ends where the function does, and at the next pair: [`super::join`].

use super::code::{CellIdx, Target};
use super::event::{After, Event, What};
use super::execute::Stop;
use super::join::Join;
use super::source::{Instr, Pc, Source};
use super::state::{Geometry, Stack, Stacks, State, World};
use super::value::{Map, UNKNOWN, Value, ValueId};
use super::{Mistake, source};
use crate::layout::{CodeHead, InstanceLayout};
use crate::ops::Class;
use crate::{FuncType, Module};
use std::collections::{HashSet, VecDeque};

/// Where both sides are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) pc: Pc,
    pub(super) stack: Stack,
    pub(super) cell: CellIdx,
    /// Which statement of the cell comes next.
    pub(super) statement: usize,
    /// Whether the cell is the walk's first.
    pub(super) entered: bool,
    /// Whether code has branched back since the walk began, and whether the source has, or had before without the code:
    /// code that goes round while the source does not would never come to what the source does next.
    pub(super) backward: bool,
    pub(super) source_backward: bool,
    /// A mark of when the last event was, and of when the statement began that it belongs to.
    pub(super) event: usize,
    pub(super) since: usize,
}

/// A way not taken yet.
#[derive(Debug)]
struct Fork {
    at: Position,
    mark: usize,
    world: World,
    /// The label that the source branches to.
    label: Option<u32>,
    to: CellIdx,
}

/// At which label the source is where code comes to a join. If a check fails, the next rule is tried: none of them can make
/// wrong code pass, but each can miss that right code is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The first label at which the code has written every local as often as the source has set it, every operand that was
    /// pushed since the last event, and no other operands.
    First,
    /// The last label at which it has written these, and others perhaps.
    Last,
    /// The last at which it has written the locals so often.
    Locals,
    /// The last at which slots hold what they should.
    None,
}

impl Rule {
    pub(super) const ALL: [Self; 4] = [Self::First, Self::Last, Self::Locals, Self::None];
}

/// The check of one function.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) module: &'a Module,
    pub(super) layout: InstanceLayout,
    pub(super) type_ids: &'a [u32],
    pub(super) ty: &'a FuncType,
    pub(super) source: Source,
    pub(super) target: Target,
    pub(super) state: State,
    pub(super) at: Position,
    /// Events of the code that are to be compared.
    pub(super) events: VecDeque<(Event, After)>,
    /// A mark of when the last statement began.
    pub(super) begun: usize,
    forks: Vec<Fork>,
    pub(super) joins: Vec<Join>,
    pub(super) by_pair: Map<(Pc, CellIdx), usize>,
    /// Joins to walk from.
    pub(super) waiting: Vec<usize>,
    pub(super) rule: Rule,
    budget: u64,
    results: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        module: &'a Module,
        layout: InstanceLayout,
        type_ids: &'a [u32],
        funcidx: u32,
        source: Source,
        target: Target,
        head: CodeHead,
        rule: Rule,
    ) -> Self {
        let ty = module.func_type(funcidx);
        let geometry = Geometry::new(ty, source.locals.len(), head.frame_bytes / 8);
        let state = State::new(geometry, source.locals.clone(), source.max_height);
        let size = source.instrs.len() + target.cells.len() + source.locals.len() + source.labels.len();
        let at = Position {
            pc: 0,
            stack: Stacks::EMPTY,
            cell: 0,
            statement: 0,
            entered: false,
            backward: false,
            source_backward: false,
            event: 0,
            since: 0,
        };
        Self {
            module,
            layout,
            type_ids,
            ty,
            source,
            target,
            state,
            at,
            events: VecDeque::new(),
            begun: 0,
            forks: Vec::new(),
            joins: Vec::new(),
            by_pair: Map::default(),
            waiting: Vec::new(),
            rule,
            budget: 1_000_000 + 400 * size as u64,
            results: 0,
        }
    }

    /// Checks everything that can be reached.
    pub(super) fn run(&mut self) -> Result<(), Mistake> {
        let geometry = self.state.geometry;
        self.state.begin(Stacks::EMPTY);
        for local in geometry.params..geometry.locals {
            self.state.set_slot(geometry.slot(local), UNKNOWN);
        }
        self.state.begun();
        for local in geometry.params..geometry.locals {
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

    /// What went wrong here.
    pub(super) fn wrong(&self, message: String) -> Mistake {
        let offset = self.source.offsets.get(self.at.pc as usize).copied();
        let cell = self.target.cells.get(self.at.cell as usize).map_or(0, |cell| cell.at);
        Mistake { offset: offset.unwrap_or(0), ..Mistake::of_cell(cell, message) }
    }

    /// A check must not take longer than it is worth.
    pub(super) fn check_budget(&self) -> Result<(), Mistake> {
        if self.state.work > self.budget {
            return Err(Mistake { gave_up: true, ..self.wrong("takes too long to check".into()) });
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

    pub(super) fn same_condition(&self, a: ValueId, b: ValueId) -> bool {
        self.state.values.condition(a).0 == self.state.values.condition(b).0 && b != UNKNOWN
    }

    pub(super) fn describe(&self, event: &Event) -> String {
        let args: Vec<String> = event.args.iter().map(|&arg| self.state.text(arg)).collect();
        match event.what {
            What::Compute => args.concat(),
            What::Call(word) | What::ReturnCall(word) | What::GlobalSet(word) => {
                format!("{:?} of {} ({})", event.what, self.describe_word(word), args.join(", "))
            }
            what => format!("{what:?} ({})", args.join(", ")),
        }
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
        self.effect(instr, event.what, &event.args);
        let results: Vec<Class> = match instr {
            Instr::Call(_, ty) | Instr::CallIndirect(_, ty) => {
                source::classes(self.module.types[ty as usize].results()).collect()
            }
            Instr::MemoryGrow | Instr::TableGrow(_) => vec![Class::I32],
            _ => Vec::new(),
        };
        let mut values = Vec::with_capacity(results.len());
        for class in results {
            self.results += 1;
            let value = self.state.values.number(Value::Result(self.results), class);
            self.push(value);
            values.push(value);
        }
        match after {
            After::Accumulator => self.state.set_accumulator(false, values[0]),
            After::Call { args } => {
                self.state.forget_slots(args);
                [false, true].into_iter().for_each(|is_float| self.state.set_accumulator(is_float, UNKNOWN));
                for (i, &value) in values.iter().enumerate() {
                    if i == 0 {
                        let is_float = self.state.values.class(value).is_float();
                        self.state.set_accumulator(is_float, value);
                    } else {
                        self.state.set_slot(args + i as u32, value);
                    }
                }
            }
            _ => {}
        }
        Ok(matches!(event.what, What::Return | What::Unreachable | What::ReturnCall(_) | What::ReturnCallIndirect(..)))
    }

    /// What is different after an event.
    fn effect(&mut self, instr: Instr, what: What, args: &[ValueId]) {
        let epoch = self.state.new_epoch();
        let world = &mut self.state.world;
        match what {
            What::Store(..) | What::MemoryFill | What::MemoryCopy | What::MemoryInit(_) => world.memory = epoch,
            What::MemoryGrow => (world.memory, world.memory_size) = (epoch, epoch),
            What::TableSet(_) | What::TableFill(_) | What::TableCopy(..) | What::TableInit(..) => world.tables = epoch,
            What::TableGrow(_) => (world.tables, world.table_sizes) = (epoch, epoch),
            What::Call(_) | What::CallIndirect(..) => self.state.everything_changes(),
            What::GlobalSet(word) => self.state.set_global(word, args[0], self.is_imported_global(word)),
            _ => {}
        }
        debug_assert!(instr.is_event());
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

/// Behind the branch.
const BEHIND: CellIdx = CellIdx::MAX;
