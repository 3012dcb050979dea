//! What is known at a point of a walk: the value of every place of the source (locals, then operands), of every slot of
//! the frame, and of the accumulators; and all of it can be taken back. A value here is one word: of a vector, half of it.
//!
//! Nothing is written down for places that nobody touched: a walk begins with unknown values in the source's places and
//! the same ones in their slots, so its cost does not depend on how many locals there are.

use super::geometry::{Geometry, Place};
use super::stacks::{Stack, Stacks};
use super::value::{Map, NOWHERE, UNKNOWN, Value, ValueId, Values};
use crate::ops::Class;
use smallvec::SmallVec;

/// Which side effects lie behind: values that they may change differ from one epoch to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct World {
    pub(super) memory: u32,
    pub(super) memory_size: u32,
    pub(super) tables: u32,
    pub(super) table_sizes: u32,
    pub(super) globals: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The walk in which it was set; in others it means nothing.
    walk: u32,
    value: ValueId,
}

const UNSET: Entry = Entry { walk: 0, value: UNKNOWN };

#[derive(Debug, Clone, Copy)]
enum Undo {
    Place(Place, Entry),
    Slot(u32, Entry),
    Accumulator(Register, ValueId),
    Global(u32, Option<(u32, ValueId)>),
    Keep(u32),
    Selection(Value, i32),
    /// The highest slot that may be known.
    Top(u32),
}

/// A word of an accumulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Register {
    Integer,
    /// A float, or the lower half of a vector.
    Float,
    /// The upper half of a vector.
    Upper,
}

impl Register {
    pub(super) const ALL: [Self; 3] = [Self::Integer, Self::Float, Self::Upper];
}

/// A place's value may differ from its slot's.
const NOT_STALE: u32 = u32::MAX;

/// The state.
#[derive(Debug)]
pub(super) struct State {
    pub(super) geometry: Geometry,
    pub(super) values: Values,
    pub(super) stacks: Stacks,
    /// Classes of the locals' words.
    locals: Vec<Class>,
    /// Which of these are temporaries'.
    is_temporary: Vec<bool>,
    walk: u32,
    /// The operand stack where this walk began.
    begin: Stack,
    places: Vec<Entry>,
    slots: Vec<Entry>,
    accumulators: [ValueId; Register::ALL.len()],
    /// By word: as of which epoch, and the value.
    globals: Map<u32, (u32, ValueId)>,
    /// How often the code has computed each selection in this walk more than the source.
    selections: Map<Value, i32>,
    pub(super) world: World,
    epochs: u32,
    /// No slot behind this one is known.
    top: u32,
    /// Lists of who holds a value: the place or slot, and the rest.
    holders: Vec<(u32, u32)>,
    /// See [`State::stale`]: in no order, and where in this list each is.
    stale: Vec<Place>,
    stale_at: Vec<u32>,
    undo: Vec<Undo>,
    /// Of each local, how often it was set in this walk more than its slot was, and how often to itself; of how many locals
    /// these do not fit each other; and whether the walk has begun.
    balances: Vec<(i32, i32)>,
    unbalanced: u32,
    counts: bool,
    beginning: usize,
    /// What was done, in steps that take about as long as each other.
    pub(super) work: u64,
}

/// So many holders of a value are looked at: more hold the same only in code nobody writes.
const MOST_HOLDERS: usize = 24;

impl State {
    pub(super) fn new(geometry: Geometry, locals: Vec<Class>, is_temporary: Vec<bool>, max_height: u32) -> Self {
        let places = locals.len() + max_height as usize;
        Self {
            geometry,
            values: Values::new(),
            stacks: Stacks::new(),
            locals,
            is_temporary,
            walk: 0,
            begin: Stacks::EMPTY,
            places: vec![UNSET; places],
            slots: vec![UNSET; geometry.words as usize],
            accumulators: [UNKNOWN; Register::ALL.len()],
            globals: Map::default(),
            selections: Map::default(),
            world: World { memory: 0, memory_size: 0, tables: 0, table_sizes: 0, globals: 0 },
            epochs: 0,
            top: 0,
            holders: Vec::new(),
            stale: Vec::new(),
            stale_at: vec![NOT_STALE; places],
            undo: Vec::new(),
            balances: vec![(0, 0); geometry.locals as usize],
            unbalanced: 0,
            counts: false,
            beginning: 0,
            work: 0,
        }
    }

    /// Begins a walk with this operand stack: nothing is known but that slots hold what their places hold.
    pub(super) fn begin(&mut self, stack: Stack) {
        self.back_to(self.beginning);
        self.counts = false;
        self.back_to(0);
        debug_assert!(self.unbalanced == 0 && self.stale.is_empty(), "all was taken back");
        self.values.tidy();
        self.walk += 1;
        self.begin = stack;
        self.accumulators = [UNKNOWN; Register::ALL.len()];
        self.globals.clear();
        self.selections.clear();
        self.top = self.geometry.operands + self.stacks.height(stack);
        self.everything_changes();
    }

    pub(super) fn new_epoch(&mut self) -> u32 {
        self.epochs += 1;
        self.epochs
    }

    /// A call may do anything but touch the frame.
    pub(super) fn everything_changes(&mut self) {
        let epoch = self.new_epoch();
        self.world = World { memory: epoch, memory_size: epoch, tables: epoch, table_sizes: epoch, globals: epoch };
    }

    /// What was set so far in this walk is what it begins with.
    pub(super) fn begun(&mut self) {
        self.beginning = self.mark();
        self.counts = true;
    }

    /// A mark for [`State::back_to`].
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    fn is_operand_of_beginning(&self, place: Place) -> bool {
        place.checked_sub(self.geometry.locals).is_none_or(|height| height < self.stacks.height(self.begin))
    }

    fn initial(&mut self, place: Place) -> ValueId {
        let class = match place.checked_sub(self.geometry.locals) {
            None => self.locals[place as usize],
            Some(height) => self.stacks.class(self.begin, height),
        };
        self.values.number(Value::Initial { walk: self.walk, place }, class)
    }

    /// The value of a place.
    pub(super) fn get(&mut self, place: Place) -> ValueId {
        let entry = self.places[place as usize];
        if entry.walk == self.walk {
            entry.value
        } else if self.is_operand_of_beginning(place) {
            self.initial(place)
        } else {
            UNKNOWN
        }
    }

    /// Whether the walk began where the function does, and neither the place nor its slot has been set since.
    pub(super) fn is_untouched(&self, place: Place) -> bool {
        let slot = self.geometry.slot(place);
        self.walk == 1 && self.places[place as usize].walk != 1 && self.slots[slot as usize].walk != 1
    }

    /// The value in a slot of the frame.
    pub(super) fn get_slot(&mut self, slot: u32) -> ValueId {
        let entry = self.slots[slot as usize];
        if entry.walk == self.walk {
            return entry.value;
        }
        match self.geometry.place(slot) {
            Some(place) if self.is_operand_of_beginning(place) => self.initial(place),
            _ => UNKNOWN,
        }
    }

    pub(super) fn set(&mut self, place: Place, value: ValueId) {
        self.work += 1;
        self.undo.push(Undo::Place(place, self.places[place as usize]));
        self.places[place as usize] = Entry { walk: self.walk, value };
        let node = self.values.node_mut(value);
        self.holders.push((place, node.places));
        node.places = self.holders.len() as u32 - 1;
        self.count(place, 1, 0);
        self.compare(place);
    }

    pub(super) fn set_slot(&mut self, slot: u32, value: ValueId) {
        self.work += 1;
        self.undo.push(Undo::Slot(slot, self.slots[slot as usize]));
        self.slots[slot as usize] = Entry { walk: self.walk, value };
        let node = self.values.node_mut(value);
        self.holders.push((slot, node.slots));
        node.slots = self.holders.len() as u32 - 1;
        if slot > self.top {
            self.undo.push(Undo::Top(self.top));
            self.top = slot;
        }
        if let Some(place) = self.geometry.place(slot) {
            self.count(place, -1, 0);
            self.compare(place);
        }
    }

    /// Forgets all slots from `slot` on.
    pub(super) fn forget_slots(&mut self, slot: u32) {
        for slot in slot..=self.top.min(self.geometry.words - 1) {
            self.set_slot(slot, UNKNOWN);
        }
        if slot <= self.top {
            self.undo.push(Undo::Top(self.top));
            self.top = slot.max(1) - 1;
        }
    }

    pub(super) fn register(&self, register: Register) -> ValueId {
        self.accumulators[register as usize]
    }

    pub(super) fn set_register(&mut self, register: Register, value: ValueId) {
        self.undo.push(Undo::Accumulator(register, self.register(register)));
        self.accumulators[register as usize] = value;
    }

    /// The value of a class in its accumulator: what was left there as another class means nothing.
    pub(super) fn accumulator(&mut self, class: Class) -> ValueId {
        let [integer, float, upper] = Register::ALL.map(|register| self.register(register));
        match class {
            Class::I32 | Class::I64 => self.values.of_class(integer, class),
            Class::F32 | Class::F64 => self.values.of_class(float, class),
            Class::V128 => self.values.vector([float, upper]),
            // It never lies there whole.
            Class::I128 => UNKNOWN,
        }
    }

    /// Sets the accumulator of a class. What a float leaves in the upper half nobody knows.
    pub(super) fn set_accumulator(&mut self, class: Class, value: ValueId) {
        let words = self.values.words(value, class);
        if class.is_float() {
            self.set_register(Register::Float, words[0]);
            self.set_register(Register::Upper, words.get(1).copied().unwrap_or(UNKNOWN));
        } else {
            self.set_register(Register::Integer, words[0]);
        }
    }

    /// The value of a class that begins in a place.
    pub(super) fn get_value(&mut self, place: Place, class: Class) -> ValueId {
        let low = self.get(place);
        if !class.is_wide() {
            return low;
        }
        let high = self.get(place + 1);
        self.values.vector([low, high])
    }

    /// Sets a value that begins in a place.
    pub(super) fn set_value(&mut self, place: Place, value: ValueId) {
        let words = self.values.words(value, self.values.class(value));
        words.into_iter().zip(place..).for_each(|(word, place)| self.set(place, word));
    }

    pub(super) fn global(&mut self, word: u32, class: Class) -> ValueId {
        let epoch = self.world.globals;
        match self.globals.get(&word) {
            Some(&(of, value)) if of == epoch => value,
            _ => self.values.number(Value::Global { word, epoch }, class),
        }
    }

    /// Sets the global of this word. Two imported ones may be the same.
    pub(super) fn set_global(&mut self, word: u32, value: ValueId, imported: bool) {
        if imported {
            self.world.globals = self.new_epoch();
        }
        let old = self.globals.insert(word, (self.world.globals, value));
        self.undo.push(Undo::Global(word, old));
    }

    /// The code has computed a selection of values of a class, or the source has (`by` is -1 then).
    pub(super) fn note_selection(&mut self, class: Class, [a, b, condition]: [ValueId; 3], by: i32) {
        let (first, second) = (self.values.words(a, class), self.values.words(b, class));
        for (a, b) in first.into_iter().zip(second) {
            self.note_word_selected([a, b, condition], by);
        }
    }

    /// As [`State::note_selection`], of a word.
    pub(super) fn note_word_selected(&mut self, [a, b, condition]: [ValueId; 3], by: i32) {
        let selection = self.values.selection(a, b, condition);
        *self.selections.entry(selection).or_default() += by;
        self.undo.push(Undo::Selection(selection, by));
    }

    /// Whether the code has computed this selection of a word once more than the source.
    pub(super) fn has_selected(&self, [a, b, condition]: [ValueId; 3]) -> bool {
        self.selections.get(&self.values.selection(a, b, condition)).is_some_and(|&count| count > 0)
    }

    /// Takes back all that was set since; not the world.
    pub(super) fn back_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            self.work += 1;
            match self.undo.pop().expect("seen just now") {
                Undo::Place(place, old) => {
                    let value = self.places[place as usize].value;
                    let (_, rest) = self.holders.pop().expect("pushed with the entry");
                    self.values.node_mut(value).places = rest;
                    self.places[place as usize] = old;
                    self.count(place, -1, 0);
                    self.compare(place);
                }
                Undo::Slot(slot, old) => {
                    let value = self.slots[slot as usize].value;
                    let (_, rest) = self.holders.pop().expect("pushed with the entry");
                    self.values.node_mut(value).slots = rest;
                    self.slots[slot as usize] = old;
                    if let Some(place) = self.geometry.place(slot) {
                        self.count(place, 1, 0);
                        self.compare(place);
                    }
                }
                Undo::Accumulator(register, old) => self.accumulators[register as usize] = old,
                Undo::Global(word, Some(old)) => _ = self.globals.insert(word, old),
                Undo::Global(word, None) => _ = self.globals.remove(&word),
                Undo::Keep(local) => self.count(local, 0, -1),
                Undo::Selection(selection, by) => *self.selections.entry(selection).or_default() -= by,
                Undo::Top(old) => self.top = old,
            }
        }
    }

    /// Whether the place is a local that may be in no slot.
    fn is_temporary(&self, place: Place) -> bool {
        self.is_temporary.get(place as usize).is_some_and(|&is_temporary| is_temporary)
    }

    /// Notes whether the place's slot holds something else than the place, or the place is an operand that is a constant.
    fn compare(&mut self, place: Place) {
        if self.is_temporary(place) {
            return;
        }
        let Some(&at) = self.stale_at.get(place as usize) else { return };
        let slot = self.geometry.slot(place);
        let Some(&in_slot) = self.slots.get(slot as usize) else { return };
        let touched = self.places[place as usize].walk == self.walk || in_slot.walk == self.walk;
        let is_stale = touched && {
            let value = self.get(place);
            let is_constant = place >= self.geometry.locals && self.values.constant_bits(value).is_some();
            is_constant || value != self.get_slot(slot)
        };
        if is_stale && at == NOT_STALE {
            self.stale_at[place as usize] = self.stale.len() as u32;
            self.stale.push(place);
        } else if !is_stale && at != NOT_STALE {
            self.stale.swap_remove(at as usize);
            if let Some(&moved) = self.stale.get(at as usize) {
                self.stale_at[moved as usize] = at;
            }
            self.stale_at[place as usize] = NOT_STALE;
        }
    }

    /// Whether the place is a local, or an operand of a stack so high.
    pub(super) fn is_live(&self, place: Place, height: u32) -> bool {
        place < self.geometry.locals + height
    }

    /// The live places whose slots hold something else, and the operands that are constants, which may lie nowhere.
    pub(super) fn stale(&mut self, height: u32) -> SmallVec<[Place; 8]> {
        self.work += self.stale.len() as u64;
        self.stale.iter().copied().filter(|&place| self.is_live(place, height)).collect()
    }

    /// Places of the source that were set since the mark.
    pub(super) fn set_since(&self, mark: usize) -> SmallVec<[Place; 8]> {
        let places = self.undo[mark..].iter().filter_map(|undo| match undo {
            Undo::Place(place, _) => Some(*place),
            _ => None,
        });
        places.collect()
    }

    /// Whether every local's slot was written as often in this walk as the local was set, give or take where it was set to
    /// itself.
    pub(super) fn is_balanced(&self) -> bool {
        self.unbalanced == 0
    }

    /// Counts that a local was set or its slot written, or set to itself; or that one of these was taken back.
    fn count(&mut self, place: Place, sets: i32, keeps: i32) {
        if place < self.geometry.locals && self.counts && !self.is_temporary(place) {
            let (more, kept) = &mut self.balances[place as usize];
            let is_off = |more: i32, kept: i32| u32::from(more > 0 || more < -kept);
            self.unbalanced -= is_off(*more, *kept);
            (*more, *kept) = (*more + sets, *kept + keeps);
            self.unbalanced += is_off(*more, *kept);
        }
    }

    /// A local is set to itself.
    pub(super) fn keep(&mut self, local: u32) {
        self.undo.push(Undo::Keep(local));
        self.count(local, 0, 1);
    }

    /// Operands that were pushed since `event`, and those whose slots were written since `code`, which is earlier.
    pub(super) fn operands_since(&mut self, event: usize, code: usize) -> [SmallVec<[Place; 8]>; 2] {
        self.work += (self.undo.len() - code) as u64;
        let locals = self.geometry.locals;
        let pushed = self.set_since(event).into_iter().filter(|&place| place >= locals);
        let written = self.undo[code..].iter().filter_map(|undo| match *undo {
            Undo::Slot(slot, _) => self.geometry.place(slot).filter(|&place| place >= locals),
            _ => None,
        });
        let mut lists = [pushed.collect(), written.collect()];
        lists.iter_mut().for_each(|list: &mut SmallVec<_>| list.sort_unstable());
        lists
    }

    /// Whether a place's slot holds what the place holds, or held since the mark, or when it was made; or what nobody knows.
    pub(super) fn was_in_slot(&mut self, place: Place, mark: usize) -> bool {
        let value = self.get_slot(self.geometry.slot(place));
        if value == UNKNOWN || self.get(place) == value {
            return true;
        }
        self.work += (self.undo.len() - mark) as u64;
        let initial = self.is_operand_of_beginning(place).then(|| self.initial(place));
        self.undo[mark..].iter().any(|undo| match *undo {
            Undo::Place(other, old) if other == place => {
                if old.walk == self.walk {
                    old.value == value
                } else {
                    initial == Some(value)
                }
            }
            _ => false,
        })
    }

    /// The live places that hold a value, or many of them: no temporaries, whose slots may not.
    pub(super) fn holders(&mut self, value: ValueId, height: u32) -> SmallVec<[Place; 2]> {
        self.first_holders(value, height, MOST_HOLDERS)
    }

    /// All places that hold a value.
    pub(super) fn all_holders(&mut self, value: ValueId) -> SmallVec<[Place; 2]> {
        self.first_holders(value, u32::MAX - self.geometry.locals, usize::MAX)
    }

    fn first_holders(&mut self, value: ValueId, height: u32, most: usize) -> SmallVec<[Place; 2]> {
        let mut found = SmallVec::<[Place; 2]>::new();
        if value == UNKNOWN {
            return found;
        }
        if let Value::Initial { walk, place } = self.values.node(value).value
            && walk == self.walk
            && self.is_live(place, height)
            && !self.is_temporary(place)
            && self.get(place) == value
        {
            found.push(place);
        }
        let mut next = self.values.node(value).places;
        for _ in 0..most {
            if next == NOWHERE {
                break;
            }
            self.work += 1;
            let (place, rest) = self.holders[next as usize];
            let is_there = self.is_live(place, height) && !self.is_temporary(place);
            if is_there && self.get(place) == value && !found.contains(&place) {
                found.push(place);
            }
            next = rest;
        }
        found.sort_unstable();
        found
    }

    /// The slots that hold a value.
    pub(super) fn slots_of(&mut self, value: ValueId) -> SmallVec<[u32; 2]> {
        let mut found = SmallVec::<[u32; 2]>::new();
        if let Value::Initial { walk, place } = self.values.node(value).value
            && walk == self.walk
        {
            let slot = self.geometry.slot(place);
            if self.get_slot(slot) == value {
                found.push(slot);
            }
        }
        let mut next = self.values.node(value).slots;
        for _ in 0..MOST_HOLDERS {
            if next == NOWHERE {
                break;
            }
            self.work += 1;
            let (slot, rest) = self.holders[next as usize];
            if self.get_slot(slot) == value && !found.contains(&slot) {
                found.push(slot);
            }
            next = rest;
        }
        found
    }

    /// A value as text.
    pub(super) fn text(&self, value: ValueId) -> String {
        self.values.text(value, &|place| self.geometry.name(place))
    }
}
