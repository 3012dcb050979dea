//! Where ways meet: what is known there is what every way knows.
//!
//! At a cell with several ways, every place of the source becomes a new unknown, and what is kept is which slots and
//! accumulators hold it. As a rule each slot holds what its place does; a join keeps the exceptions: operands that are
//! constants, and so may be in no slot; what other slots and the accumulators hold. A further way can only take facts
//! away, and each time it does the walk from here is repeated, so the facts that are left hold on every way.
//!
//! Which instruction belongs to the cell? Code that comes here has written what the source had computed so far, so it is
//! a label that the source comes to, before its next event, where the slots hold what their places do; and where the code
//! has written as much as the source has set ([`Rule`]), for a value may be in its slot by chance, and the code still have
//! to write it. Code branches back where the source does, and nowhere else. Whichever pairs are chosen, a check that
//! succeeds has followed every way of both sides.

use super::code::CellIdx;
use super::geometry::Place;
use super::mistake::Mistake;
use super::source::{Instr, Pc};
use super::state::Register;
use super::value::UNKNOWN;
use super::walk::{Attempt, Facts, Join, Position, Rule, Walk};
use smallvec::SmallVec;

/// How far to look for a better label than the last.
const FAR: usize = 64;

impl Walk<'_> {
    /// Comes to a cell to which other ways lead.
    pub(super) fn arrive(&mut self, cell: CellIdx) -> Result<(), Mistake> {
        self.choose()?;
        if self.at.backward && !self.at.source_backward {
            return Err(self.wrong("the code goes round where the source does not".into()));
        }
        let index = match self.by_pair.get(&(self.at.pc, cell)) {
            Some(&index) => {
                if !self.meet(index) || self.joins[index].waits {
                    return Ok(());
                }
                index
            }
            None => {
                let join = self.first(cell);
                self.joins.push(join);
                self.by_pair.insert((self.at.pc, cell), self.joins.len() - 1);
                self.joins.len() - 1
            }
        };
        self.joins[index].waits = true;
        self.waiting.push(index);
        Ok(())
    }

    /// Brings the source to the instruction that belongs to the cell: to a label, by this walk's rule or, if that finds none
    /// here and this is such a walk, by a later one.
    fn choose(&mut self) -> Result<(), Mistake> {
        let Attempt { rule: first, mixed, .. } = self.attempt;
        for rule in Rule::ALL.into_iter().skip_while(|&rule| rule != first) {
            if self.choose_by(rule)? || !mixed {
                break;
            }
        }
        Ok(())
    }

    /// Brings the source to a label that belongs to the cell, if this rule finds one.
    fn choose_by(&mut self, rule: Rule) -> Result<bool, Mistake> {
        let (begin, mark, before) = (self.at, self.state.mark(), self.height());
        let mut best: Option<(Position, usize)> = None;
        let (mut seen, mut far) = (SmallVec::<[Pc; 4]>::new(), 0);
        loop {
            self.check_budget()?;
            let pc = self.at.pc;
            if self.source.is_label[pc as usize] && (self.at.source_backward || !self.at.backward) {
                if seen.contains(&pc) {
                    break;
                }
                seen.push(pc);
                if self.is_settled(before, rule) {
                    (best, far) = (Some((self.at, self.state.mark())), 0);
                    if rule.is_first() {
                        break;
                    }
                }
            }
            if far > FAR && best.is_some() {
                break;
            }
            far += 1;
            // The source branches back when the code does, not before.
            if let Instr::Br(label) = self.instr()
                && self.source.labels[label as usize].pc < pc
                && (self.at.source_backward || !self.at.backward)
                && !(self.attempt.again && self.at.backward && best.is_none())
            {
                break;
            }
            match self.instr() {
                Instr::If { .. } if self.select_arms(true) => {}
                instr if instr.is_event() => break,
                _ => self.step(),
            }
        }
        let (at, mark) = best.unwrap_or((begin, mark));
        self.state.back_to(mark);
        self.at = at;
        Ok(best.is_some())
    }

    /// Whether every slot holds what its place does, or its place a constant; and what was set since the last event was
    /// written, and nothing else to where something lives. The operand stack was as high as `before` then.
    fn is_settled(&mut self, before: u32, rule: Rule) -> bool {
        let height = self.height();
        let is_constant = |this: &mut Self, place: Place| {
            let value = this.state.get(place);
            place >= this.state.geometry.locals && this.state.values.constant_bits(value).is_some()
        };
        if !self.state.stale(height).into_iter().all(|place| is_constant(self, place)) {
            return false;
        }
        if rule == Rule::None {
            return true;
        }
        if !self.state.is_balanced() {
            return false;
        }
        if rule == Rule::Locals {
            return true;
        }
        let [pushed, written] = self.state.operands_since(self.at.event, self.at.since);
        // An operand that is gone may have been written as well. If its slot holds what it never was, it is what comes next there
        // that was written.
        let mut is_explained = |&place: &Place| {
            self.state.is_live(place, height)
                || (self.state.is_live(place, before) || pushed.binary_search(&place).is_ok())
                    && self.state.was_in_slot(place, self.at.event)
        };
        if rule.is_first() && !written.iter().all(&mut is_explained) {
            return false;
        }
        // A place may hold a constant, but what was just written to its slot is what it holds where the source has come as far.
        let is_behind = |&place: &Place| {
            self.state.is_live(place, height)
                && self.state.get(place) != self.state.get_slot(self.state.geometry.slot(place))
        };
        if rule.is_first() && written.iter().any(is_behind) {
            return false;
        }
        pushed.into_iter().all(|place| {
            !self.state.is_live(place, height)
                || written.binary_search(&place).is_ok()
                || rule != Rule::Constants && is_constant(self, place)
        })
    }

    /// The join as the first way finds it.
    fn first(&mut self, cell: CellIdx) -> Join {
        let height = self.height();
        let (mut constants, mut slots) = (Vec::new(), Vec::<(u32, Facts)>::new());
        for place in self.state.stale(height) {
            let (value, slot) = (self.state.get(place), self.state.geometry.slot(place));
            slots.push((slot, self.holders_of_slot(slot, height)));
            if let Some(bits) = self.state.values.constant_bits(value) {
                constants.push((place, bits, self.state.values.class(value)));
            }
        }
        // What was just set may lie elsewhere as well, from where code is about to move it.
        let mut moved = self.state.stale(height);
        moved.extend(self.state.set_since(self.at.event));
        for place in moved {
            if !self.state.is_live(place, height) {
                continue;
            }
            let value = self.state.get(place);
            for slot in self.state.slots_of(value) {
                slots.push((slot, self.holders_of_slot(slot, height)));
            }
        }
        slots.sort_unstable();
        slots.dedup_by_key(|(slot, _)| *slot);
        let accumulators = Register::ALL.map(|register| {
            let value = self.state.register(register);
            self.state.holders(value, height)
        });
        let Position { pc, stack, backward, source_backward, .. } = self.at;
        let source_backward = source_backward && !backward;
        Join { pc, cell, stack, constants, slots, accumulators, source_backward, waits: false }
    }

    /// The live places that hold what a slot does, its own among them if it does.
    fn holders_of_slot(&mut self, slot: u32, height: u32) -> Facts {
        let value = self.state.get_slot(slot);
        let mut places = self.state.holders(value, height);
        if let Some(own) = self.state.geometry.place(slot)
            && value != UNKNOWN
            && self.state.is_live(own, height)
            && self.state.get(own) == value
            && !places.contains(&own)
        {
            places.push(own);
        }
        places
    }

    /// Takes away from a join what this way does not know. Says whether that was anything.
    fn meet(&mut self, index: usize) -> bool {
        let height = self.height();
        let mut join = std::mem::take(&mut self.joins[index]);
        let size = |join: &Join| {
            let slots: usize = join.slots.iter().map(|(_, facts)| facts.len()).sum();
            (join.constants.len(), slots, join.slots.len(), join.accumulators.each_ref().map(Facts::len))
        };
        let before = size(&join);
        self.state.work += join.constants.len() as u64;
        join.constants.retain(|&(place, bits, _)| {
            let value = self.state.get(place);
            self.state.values.constant_bits(value) == Some(bits)
        });
        for (slot, facts) in &mut join.slots {
            self.state.work += 1 + facts.len() as u64;
            let value = self.state.get_slot(*slot);
            facts.retain(|place| value != UNKNOWN && self.state.get(*place) == value);
        }
        for (register, facts) in Register::ALL.into_iter().zip(&mut join.accumulators) {
            let value = self.state.register(register);
            facts.retain(|place| value != UNKNOWN && self.state.get(*place) == value);
        }
        for place in self.state.stale(height) {
            let slot = self.state.geometry.slot(place);
            if self.state.get(place) != self.state.get_slot(slot)
                && let Err(at) = join.slots.binary_search_by_key(&slot, |(slot, _)| *slot)
            {
                join.slots.insert(at, (slot, Facts::new()));
            }
        }
        let had = join.source_backward;
        join.source_backward &= self.at.source_backward && !self.at.backward;
        let changed = size(&join) != before || join.source_backward != had;
        self.joins[index] = join;
        changed
    }

    /// Begins a walk from a join.
    pub(super) fn start(&mut self, index: usize) {
        let join = &mut self.joins[index];
        join.waits = false;
        let (pc, stack, cell, source_backward) = (join.pc, join.stack, join.cell, join.source_backward);
        let (constants, slots, accumulators) = (join.constants.clone(), join.slots.clone(), join.accumulators.clone());
        self.state.begin(stack);
        for &(place, bits, class) in &constants {
            let value = self.state.values.constant(bits, class);
            self.set_both(place, value);
        }
        // Places that hold the same value are given one: the lists may overlap, so the last of them may join two others.
        let lists = slots.iter().map(|(_, facts)| facts).chain(&accumulators);
        for facts in lists.filter(|facts| facts.len() > 1) {
            for &place in &facts[1..] {
                let (first, other) = (self.state.get(facts[0]), self.state.get(place));
                if other != first {
                    self.unite(first, other);
                }
            }
        }
        for (slot, facts) in &slots {
            let value = facts.first().map_or(UNKNOWN, |&place| self.state.get(place));
            self.state.set_slot(*slot, value);
        }
        for (register, facts) in Register::ALL.into_iter().zip(&accumulators) {
            let value = facts.first().map_or(UNKNOWN, |&place| self.state.get(place));
            self.state.set_register(register, value);
        }
        self.state.begun();
        let since = self.state.mark();
        self.at = Position {
            pc,
            stack,
            cell,
            statement: 0,
            entered: true,
            backward: false,
            source_backward,
            event: since,
            since,
        };
    }

    fn set_both(&mut self, place: Place, value: u32) {
        self.state.set(place, value);
        self.state.set_slot(self.state.geometry.slot(place), value);
    }

    /// Gives all places one of two values that hold the other; a constant is better than none.
    fn unite(&mut self, a: u32, b: u32) {
        let (kept, lost) = if self.state.values.constant_bits(b).is_some() { (b, a) } else { (a, b) };
        for place in self.state.all_holders(lost) {
            self.set_both(place, kept);
        }
    }
}
