//! What is known of the accumulators: which entry of the operand stack holds each, and which slot's value each has.
//!
//! The two are different things. An entry *owns* an accumulator if its tree reads it: the value is nowhere else, so whoever
//! is about to overwrite the accumulator spills that tree first. An accumulator *mirrors* a slot if both have the same
//! value: then reading either will do, and nothing is lost when the accumulator is overwritten.

use super::mutants::mutant;
use super::slot::Slot;
use super::tree::Register;
use crate::ops::Class;

/// What is known of both accumulators.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accumulators {
    pub(super) owners: Owners,
    pub(super) mirrors: Mirrors,
}

impl Accumulators {
    pub(super) const UNKNOWN: Self = Self { owners: Owners([Owners::NONE; 2]), mirrors: Mirrors::NONE };
}

/// Which entry holds `r0`, which `v0`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owners([u32; 2]);

impl Owners {
    const NONE: u32 = u32::MAX;

    /// The height of the entry that holds the register.
    #[inline]
    pub(super) fn of(self, register: Register) -> Option<usize> {
        let owner = self.0[register as usize];
        (owner != Self::NONE).then_some(owner as usize)
    }

    #[inline]
    pub(super) fn set(&mut self, register: Register, height: usize) {
        self.0[register as usize] = height as u32;
    }

    /// The entries from `height` on are gone.
    #[inline]
    pub(super) fn truncate(&mut self, height: usize) {
        for owner in &mut self.0 {
            *owner = if (*owner as usize) < height { *owner } else { Self::NONE };
        }
    }

    /// The entry holds no accumulator any more.
    #[inline]
    pub(super) fn disown(&mut self, height: usize) {
        for owner in &mut self.0 {
            *owner = if *owner as usize == height { Self::NONE } else { *owner };
        }
    }
}

/// The slot whose value an accumulator has as well: of a vector, the first of its two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mirror {
    pub(super) slot: Slot,
    /// As a value of which class.
    pub(super) class: Class,
    /// The slot's [`Slot::bit`], or no bit if there is none.
    pub(super) bit: u64,
}

impl Mirror {
    const NONE: Self = Self { slot: Slot(0), class: Class::I32, bit: 0 };

    /// Whether a value of `class` in `slot` and what is mirrored have a slot in common.
    #[inline]
    fn touches(&self, slot: Slot, class: Class) -> bool {
        self.slot == slot
            || class.is_wide() && !mutant!(28) && self.slot == slot.above(1)
            || self.class.is_wide() && !mutant!(27) && self.slot.above(1) == slot
    }
}

/// Which slot `r0` mirrors, and which `v0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mirrors([Mirror; 2]);

impl Mirrors {
    pub(super) const NONE: Self = Self([Mirror::NONE; 2]);

    /// What the register mirrors; without a bit, nothing.
    #[inline]
    pub(super) fn of(&self, register: Register) -> Mirror {
        self.0[register as usize]
    }

    /// The bits of both slots.
    #[inline]
    pub(super) fn bits(&self) -> u64 {
        self.0[0].bit | self.0[1].bit
    }

    /// A value of `class` was just written to `slot`, and to the accumulator of that class. The other one mirrors that slot
    /// no longer.
    #[inline]
    pub(super) fn written(&mut self, class: Class, slot: Slot) {
        let register = Register::of(class);
        self.0[register as usize] = Mirror { slot, class, bit: slot.bit() };
        let other = &mut self.0[1 - register as usize];
        if other.touches(slot, class) && !mutant!(8) {
            *other = Mirror::NONE;
        }
    }

    /// The register was overwritten.
    #[inline]
    pub(super) fn forget(&mut self, register: Register) {
        self.0[register as usize] = Mirror::NONE;
    }

    /// Whether all holds that does in `wanted`.
    #[inline]
    pub(super) fn include(&self, wanted: &Self) -> bool {
        self.0.iter().zip(&wanted.0).all(|(now, wanted)| *wanted == Mirror::NONE || now == wanted)
    }
}
