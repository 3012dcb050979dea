//! Fuel, the turns in which async calls consume it, and which entries from the host can pause.

use std::ptr::{NonNull, null_mut};

/// What metered code may still consume.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fuel {
    /// In this turn.
    pub(crate) left: u64,
    /// After this turn.
    kept_back: u64,
    /// What it might consume in this turn besides, if there were more. `u64::MAX`: there are no turns, and nothing is kept back.
    spare: u64,
}

impl Fuel {
    pub(super) const NONE: Self = Self { left: 0, kept_back: 0, spare: u64::MAX };

    /// All of it.
    pub(super) fn total(&self) -> u64 {
        self.left + self.kept_back
    }

    /// Changes how much there is; the turn is as long as before.
    pub(super) fn set(&mut self, fuel: u64) {
        let rest = if self.spare == u64::MAX { u64::MAX } else { self.left + self.spare };
        self.give(fuel, rest);
    }

    /// Gives `fuel`, of which `rest` may be consumed in this turn.
    fn give(&mut self, fuel: u64, rest: u64) {
        let left = fuel.min(rest);
        let spare = if rest == u64::MAX { rest } else { rest - left };
        *self = Self { left, kept_back: fuel - left, spare };
    }

    /// Begins a turn in which `slice` units may be consumed. `u64::MAX` ends turns.
    pub(super) fn begin_turn(&mut self, slice: u64) {
        self.give(self.total(), slice);
    }

    /// Makes the turn long enough for `least` units more.
    pub(super) fn extend_turn(&mut self, least: u64) {
        if self.spare != u64::MAX && self.left + self.spare < least {
            self.give(self.total(), least);
        }
    }

    /// Whether there are `required` units and some are kept back: now none are, and the turn is used up.
    pub(super) fn take_all(&mut self, required: u64) -> bool {
        if self.kept_back == 0 || self.total() < required {
            return false;
        }
        *self = Self { left: self.total(), kept_back: 0, spare: 0 };
        true
    }
}

/// The innermost entry from the host that can pause, and polls of async calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pausing {
    /// How many entries there were with it. What is further in is another entry.
    pub(crate) depth: u32,
    /// Who polls it; null if it is not an async call.
    pub(crate) poller: *mut (),
    /// How many polls last.
    pub(crate) polls: u32,
}

impl Pausing {
    pub(super) const NONE: Self = Self { depth: 0, poller: null_mut(), polls: 0 };

    /// Whether it is the entry at this depth.
    pub(super) fn is_at(&self, depth: u32) -> bool {
        depth != 0 && self.depth == depth
    }

    /// Who polls the entry at this depth.
    pub(super) fn poller_at(&self, depth: u32) -> Option<NonNull<()>> {
        if self.is_at(depth) { NonNull::new(self.poller) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fuel, of which there is so much.
    fn fuel(units: u64) -> Fuel {
        let mut fuel = Fuel::NONE;
        fuel.set(units);
        fuel
    }

    /// What may be consumed in this turn, and in all.
    fn both(fuel: &Fuel) -> (u64, u64) {
        (fuel.left, fuel.total())
    }

    #[test]
    fn without_turns_there_is_all_fuel() {
        let mut fuel = fuel(100);
        fuel.left -= 30;
        assert_eq!(both(&fuel), (70, 70));
        fuel.set(u64::MAX);
        assert_eq!(both(&fuel), (u64::MAX, u64::MAX));
        assert!(!fuel.take_all(1), "nothing is kept back");
    }

    #[test]
    fn a_turn_is_what_is_consumed_and_nothing_makes_it_longer() {
        let mut fuel = fuel(100);
        fuel.begin_turn(30);
        assert_eq!(both(&fuel), (30, 100));
        fuel.left -= 25;
        fuel.set(1000);
        assert_eq!(both(&fuel), (5, 1000));
        fuel.set(2);
        assert_eq!(both(&fuel), (2, 2));
        fuel.set(50);
        assert_eq!(both(&fuel), (5, 50), "less fuel meanwhile makes it no shorter");
        fuel.extend_turn(4);
        assert_eq!(both(&fuel), (5, 50));
        fuel.extend_turn(9);
        assert_eq!(both(&fuel), (9, 50));
        fuel.begin_turn(u64::MAX);
        assert_eq!(both(&fuel), (50, 50));
    }

    #[test]
    fn what_takes_no_turns_uses_up_that_of_who_called() {
        let mut fuel = fuel(100);
        fuel.begin_turn(30);
        fuel.left -= 28;
        assert!(!fuel.take_all(73));
        assert!(fuel.take_all(72));
        assert_eq!(both(&fuel), (72, 72));
        fuel.left -= 40;
        fuel.begin_turn(0);
        assert_eq!(both(&fuel), (0, 32));
        fuel.set(40);
        assert_eq!(both(&fuel), (0, 40));
    }

    #[test]
    fn only_the_entry_itself_is_polled() {
        let mut context = 0;
        let poller = (&raw mut context).cast();
        assert!(!Pausing::NONE.is_at(0), "outside of all entries");
        let asynchronous = Pausing { depth: 2, poller, polls: 1 };
        assert_eq!(asynchronous.poller_at(2), NonNull::new(poller));
        assert!(asynchronous.poller_at(3).is_none() && !asynchronous.is_at(3));
        let resumable = Pausing { poller: null_mut(), ..asynchronous };
        assert!(resumable.poller_at(2).is_none() && resumable.is_at(2));
    }
}
