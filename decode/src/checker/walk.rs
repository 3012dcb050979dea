//! What a walk along source and code knows: where both are, what is still to do.
//!
//! A walk begins at a pair: an instruction of the source and a cell to which several ways lead. It executes code up to its
//! next event, the source up to its own, and compares the two ([`super::lockstep`]). Where both choose a way, the walk
//! takes one and comes back for the other. It ends where the function does, and at the next pair ([`super::join`]).

use super::code::{CellIdx, Target};
use super::event::{After, Event, What};
use super::geometry::{Geometry, Place};
use super::mistake::Mistake;
use super::source::{Pc, Source};
use super::stacks::{Stack, Stacks};
use super::state::{Register, State, World};
use super::temporaries::{find_same, temporaries};
use super::value::{Map, UNKNOWN, ValueId};
use crate::layout::{CodeHead, InstanceLayout};
use crate::ops::Class;
use crate::{FuncType, Module, TypeId};
use smallvec::SmallVec;
use std::collections::VecDeque;

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

/// Places that hold the same value as something else.
pub(super) type Facts = SmallVec<[Place; 2]>;

/// A pair to walk from.
#[derive(Debug, Default)]
pub(super) struct Join {
    pub(super) pc: Pc,
    pub(super) cell: CellIdx,
    pub(super) stack: Stack,
    /// Places that hold a constant wherever their slots may not: bits.
    pub(super) constants: Vec<(Place, u64, Class)>,
    /// Slots that do not hold what their places do, or hold what others do as well.
    pub(super) slots: Vec<(u32, Facts)>,
    pub(super) accumulators: [Facts; Register::ALL.len()],
    /// Whether the source has branched back on its way here, and the code has not yet.
    pub(super) source_backward: bool,
    /// Whether it waits to be walked from.
    pub(super) waits: bool,
}

/// A way not taken yet.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) at: Position,
    pub(super) mark: usize,
    pub(super) world: World,
    /// The label that the source branches to.
    pub(super) label: Option<u32>,
    pub(super) to: CellIdx,
}

/// At which label the source is where code comes to a join. If a check fails, the next [attempt](Attempt) is made: none of them can
/// make wrong code pass, but each can miss that right code is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The first label at which the code has written every local as often as the source has set it, every operand that was
    /// pushed since the last event, and no other operands, nor a gone one's slot with what it never was.
    First,
    /// The last label at which it has written these, and others perhaps.
    Last,
    /// The last at which it has written the locals so often.
    Locals,
    /// The last at which slots hold what they should.
    None,
    /// As the first rule, and the code has written the operands that are constants, too. A global that the code was seen to set
    /// is a constant on one way and none on another: there the label is the same by this rule alone.
    Constants,
}

impl Rule {
    pub(super) const ALL: [Self; 5] = [Self::First, Self::Last, Self::Locals, Self::None, Self::Constants];

    /// Whether the first label is taken that will do.
    pub(super) fn is_first(self) -> bool {
        matches!(self, Self::First | Self::Constants)
    }
}

/// How a walk finds labels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) rule: Rule,
    /// Whether later rules are tried where this one finds no label. If not, the source stays where it is there.
    pub(super) mixed: bool,
    /// Whether the source may branch back where it has done so already, as the code has, and no label was found before: what it has
    /// done was another loop's iteration perhaps, of which the code has a copy in front.
    pub(super) again: bool,
}

impl Attempt {
    /// All that are made, until a walk succeeds.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let ways = [(false, false), (true, false), (false, true), (true, true)];
        ways.into_iter().flat_map(|(mixed, again)| Rule::ALL.map(|rule| Self { rule, mixed, again }))
    }
}

/// The function.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) module: &'a Module,
    pub(super) layout: InstanceLayout,
    /// By typeidx.
    pub(super) type_ids: &'a [TypeId],
    pub(super) ty: &'a FuncType,
}

/// The check of one function.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) module: &'a Module,
    pub(super) layout: InstanceLayout,
    pub(super) type_ids: &'a [TypeId],
    pub(super) ty: &'a FuncType,
    pub(super) source: Source,
    pub(super) target: Target,
    pub(super) state: State,
    pub(super) at: Position,
    /// Events of the code that are to be compared.
    pub(super) events: VecDeque<(Event, After)>,
    /// A mark of when the last statement began.
    pub(super) begun: usize,
    pub(super) forks: Vec<Fork>,
    pub(super) joins: Vec<Join>,
    pub(super) by_pair: Map<(Pc, CellIdx), usize>,
    /// Joins to walk from.
    pub(super) waiting: Vec<usize>,
    pub(super) attempt: Attempt,
    pub(super) budget: u64,
    /// How many results of calls there were.
    pub(super) results: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(about: About<'a>, mut source: Source, target: Target, head: CodeHead, attempt: Attempt) -> Self {
        let About { module, layout, type_ids, ty } = about;
        let geometry = Geometry::new(ty, source.locals.len(), head.frame_bytes / 8);
        let is_temporary = temporaries(&source, geometry.params as usize);
        find_same(&mut source, &is_temporary);
        let state = State::new(geometry, source.locals.clone(), is_temporary, source.max_height);
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
            attempt,
            budget: 1_000_000 + 400 * size as u64,
            results: 0,
        }
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
            return Err(self.too_hard());
        }
        Ok(())
    }

    pub(super) fn too_hard(&self) -> Mistake {
        Mistake { gave_up: true, ..self.wrong("takes too long to check".into()) }
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
}
