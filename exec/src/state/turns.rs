//! Fuel, the turns in which async calls consume it, and which entries from the host can pause.

use crate::state::vm::Vm;
use std::ptr::{NonNull, null_mut};

/// How the fuel is given out that is not in [`Vm`]'s `fuel`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// What code may consume after this turn.
    kept_back: u64,
    /// What it might consume in this turn besides, if there were more. `u64::MAX`: there are no turns, and nothing is kept back.
    spare: u64,
}

impl Turn {
    pub(super) const NONE: Self = Self { kept_back: 0, spare: u64::MAX };
}

/// An entry from the host that can pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pausing {
    /// How many entries there were with it. What is further in is another entry.
    depth: u32,
    /// Who polls it; null if it is not an async call.
    poller: *mut (),
    /// How many polls of async calls last.
    polls: u32,
}

impl Pausing {
    pub(super) const NONE: Self = Self { depth: 0, poller: null_mut(), polls: 0 };
}

impl Vm {
    /// What metered code may still consume.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for the host function that asks.
    pub unsafe fn fuel(this: *const Self) -> u64 {
        // SAFETY: it is live, and nobody else refers to the fields meanwhile. Together they are what was set.
        unsafe { (*this).fuel + (*this).turn.kept_back }
    }

    /// Changes what metered code may still consume; the turn is as long as before.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for the host function that asks.
    pub unsafe fn set_fuel(this: *mut Self, fuel: u64) {
        // SAFETY: as in `fuel`.
        unsafe {
            let Turn { spare, .. } = (*this).turn;
            let rest = if spare == u64::MAX { spare } else { (*this).fuel + spare };
            Self::give(this, fuel, rest);
        }
    }

    /// Gives code `fuel`, of which it may consume `rest` in this turn.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    unsafe fn give(this: *mut Self, fuel: u64, rest: u64) {
        // SAFETY: as in `fuel`.
        unsafe {
            (*this).fuel = fuel.min(rest);
            let spare = if rest == u64::MAX { rest } else { rest - (*this).fuel };
            (*this).turn = Turn { kept_back: fuel - (*this).fuel, spare };
        }
    }

    /// Has metered code stop, out of fuel, when it has consumed `slice` units, whatever more it may consume. `u64::MAX` ends that.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    pub unsafe fn begin_turn(this: *mut Self, slice: u64) {
        // SAFETY: as in `fuel`.
        unsafe { Self::give(this, Self::fuel(this), slice) }
    }

    /// Makes the turn long enough for `least` units more.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    pub unsafe fn extend_turn(this: *mut Self, least: u64) {
        // SAFETY: as in `fuel`.
        unsafe {
            if (*this).turn.spare != u64::MAX && (*this).fuel + (*this).turn.spare < least {
                Self::give(this, Self::fuel(this), least);
            }
        }
    }

    /// Whether code that takes no turns, and has stopped for want of `required` units, can go on, since so many are kept back: now
    /// nothing is, until [`Vm::end_turn`].
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    #[cold]
    #[inline(never)]
    pub unsafe fn refuel(this: *mut Self, required: u64) -> bool {
        // SAFETY: as in `fuel`.
        unsafe {
            let fuel = Self::fuel(this);
            if (*this).turn.kept_back == 0 || fuel < required {
                return false;
            }
            (*this).fuel = fuel;
            (*this).turn = Turn { kept_back: 0, spare: 0 };
            true
        }
    }

    /// Has code that takes turns stop where it asks for fuel next: what it called has used up its turn.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    #[cold]
    pub unsafe fn end_turn(this: *mut Self) {
        // SAFETY: as in `fuel`.
        unsafe { Self::give(this, Self::fuel(this), 0) }
    }

    /// Who polls the innermost entry from the host, if that is an async call.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn poller(this: *const Self) -> Option<NonNull<()>> {
        // SAFETY: as in `fuel`.
        unsafe { if Self::can_pause(this) { NonNull::new((*this).pausing.poller) } else { None } }
    }

    /// Whether the innermost entry from the host can pause.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn can_pause(this: *const Self) -> bool {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.depth == (*this).depth && (*this).depth != 0 }
    }

    /// Says that a poll of an async call begins; whether it is the outermost.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    pub unsafe fn begin_poll(this: *mut Self) -> bool {
        // SAFETY: as in `fuel`.
        unsafe {
            (*this).pausing.polls += 1;
            (*this).pausing.polls == 1
        }
    }

    /// Says that the innermost poll ends.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`]; one has begun.
    pub unsafe fn end_poll(this: *mut Self) {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.polls -= 1 };
    }

    /// Whether an async call is polled.
    ///
    /// # Safety
    /// As for [`Vm::fuel`].
    pub unsafe fn is_polled(this: *const Self) -> bool {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.polls != 0 }
    }
}

/// The innermost entry can pause, as long as this is there.
pub(crate) struct CanPause {
    vm: *mut Vm,
    outer: (u32, *mut ()),
}

impl CanPause {
    /// `poller` polls it, if that is not null.
    ///
    /// # Safety
    /// `vm` is live until this is dropped; an entry has begun that ends afterwards.
    pub(crate) unsafe fn new(vm: *mut Vm, poller: *mut ()) -> Self {
        // SAFETY: it is live, and nobody else refers to the fields.
        unsafe {
            let depth = (*vm).depth;
            let Pausing { depth: outer, poller: by, .. } = (*vm).pausing;
            ((*vm).pausing.depth, (*vm).pausing.poller) = (depth, poller);
            Self { vm, outer: (outer, by) }
        }
    }
}

impl Drop for CanPause {
    fn drop(&mut self) {
        // SAFETY: `new` asked for a machine that is live until now.
        unsafe { ((*self.vm).pausing.depth, (*self.vm).pausing.poller) = self.outer };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::instance::InstanceHead;
    use std::any::Any;

    unsafe fn no_lowering(_: *mut InstanceHead, _: u32) -> Result<*const u64, Box<dyn Any + Send>> {
        panic!("nothing is lowered here")
    }

    fn with_machine(test: impl FnOnce(*mut Vm)) {
        // SAFETY: the hook gives nothing.
        let mut vm = unsafe { Vm::new(4096, 2, no_lowering) };
        test(&raw mut *vm);
    }

    /// What code may consume in this turn, and in all.
    fn fuel(vm: *const Vm) -> (u64, u64) {
        // SAFETY: the machine is live and stands still.
        unsafe { ((*vm).fuel, Vm::fuel(vm)) }
    }

    #[test]
    fn without_turns_there_is_all_fuel() {
        // SAFETY: the machine is live and stands still.
        with_machine(|vm| unsafe {
            Vm::set_fuel(vm, 100);
            (*vm).fuel -= 30;
            assert_eq!(fuel(vm), (70, 70));
            Vm::set_fuel(vm, u64::MAX);
            assert_eq!(fuel(vm), (u64::MAX, u64::MAX));
            assert!(!Vm::refuel(vm, 1), "nothing is kept back");
        });
    }

    #[test]
    fn a_turn_is_what_is_consumed_and_nothing_makes_it_longer() {
        // SAFETY: the machine is live and stands still.
        with_machine(|vm| unsafe {
            Vm::set_fuel(vm, 100);
            Vm::begin_turn(vm, 30);
            assert_eq!(fuel(vm), (30, 100));
            (*vm).fuel -= 25;
            Vm::set_fuel(vm, 1000);
            assert_eq!(fuel(vm), (5, 1000));
            Vm::set_fuel(vm, 2);
            assert_eq!(fuel(vm), (2, 2));
            Vm::set_fuel(vm, 50);
            assert_eq!(fuel(vm), (5, 50), "less fuel meanwhile makes it no shorter");
            Vm::extend_turn(vm, 4);
            assert_eq!(fuel(vm), (5, 50));
            Vm::extend_turn(vm, 9);
            assert_eq!(fuel(vm), (9, 50));
            Vm::begin_turn(vm, u64::MAX);
            assert_eq!(fuel(vm), (50, 50));
        });
    }

    #[test]
    fn what_takes_no_turns_uses_up_that_of_who_called() {
        // SAFETY: the machine is live and stands still.
        with_machine(|vm| unsafe {
            Vm::set_fuel(vm, 100);
            Vm::begin_turn(vm, 30);
            (*vm).fuel -= 28;
            assert!(!Vm::refuel(vm, 73));
            assert!(Vm::refuel(vm, 72));
            assert_eq!(fuel(vm), (72, 72));
            (*vm).fuel -= 40;
            Vm::end_turn(vm);
            assert_eq!(fuel(vm), (0, 32));
            Vm::set_fuel(vm, 40);
            assert_eq!(fuel(vm), (0, 40));
        });
    }

    #[test]
    fn only_the_innermost_entry_is_polled() {
        // SAFETY: the machine is live and stands still.
        with_machine(|vm| unsafe {
            let mut context = 0;
            let poller = (&raw mut context).cast();
            assert!(!Vm::can_pause(vm));
            (*vm).depth = 1;
            let outer = CanPause::new(vm, poller);
            assert_eq!(Vm::poller(vm), NonNull::new(poller));
            (*vm).depth = 2;
            assert!(!Vm::can_pause(vm) && Vm::poller(vm).is_none());
            let inner = CanPause::new(vm, null_mut());
            assert!(Vm::can_pause(vm) && Vm::poller(vm).is_none());
            drop(inner);
            (*vm).depth = 1;
            assert_eq!(Vm::poller(vm), NonNull::new(poller));
            drop(outer);
            assert!(!Vm::can_pause(vm));
        });
    }
}
