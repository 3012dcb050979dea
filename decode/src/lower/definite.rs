//! Definite assignment: which locals are set on every way that leads here.
//!
//! A local that is no parameter begins with zero (spec 4.2.1). Compilers set nearly all of theirs before they read them, so a
//! function zeroes only those that some way reads before it sets them. The others begin with what lies in their slots, which is
//! another function's and which nothing reads.
//!
//! One pass tells, for a block joins what its branches bring and a loop begins with what is set before it: whoever branches back
//! has come by there. [`super::labels`] joins. Only the first [`FOLLOWED`] locals are followed, so that a branch takes the same
//! time however many there are; the rest are zeroed.
//!
//! What a selection made of an `if` reads, the slot of the local it may leave as it is, needs no zero: behind it the local is set
//! on one way only.

use super::Local;
use crate::cell;
use std::ops::Range;

/// How many locals are followed, parameters included.
const FOLLOWED: usize = 128;

/// A set of locals. Those that are not followed are in every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Locals([u64; FOLLOWED / 64]);

impl Locals {
    /// Every local.
    pub(super) const ALL: Self = Self([u64::MAX; FOLLOWED / 64]);

    #[inline(always)]
    fn contains(&self, local: u32) -> bool {
        self.0.get(local as usize / 64).is_none_or(|word| word >> (local % 64) & 1 != 0)
    }

    #[inline(always)]
    fn insert(&mut self, local: u32) {
        if let Some(word) = self.0.get_mut(local as usize / 64) {
            *word |= 1 << (local % 64);
        }
    }

    /// Keeps those that are in `other` too.
    #[inline]
    pub(super) fn intersect(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
    }

    /// Those followed that are not in it.
    fn missing(&self) -> impl Iterator<Item = u32> {
        let mut rest = self.0.map(|word| !word);
        std::iter::from_fn(move || {
            let index = rest.iter().position(|&word| word != 0)?;
            let bit = rest[index].trailing_zeros();
            rest[index] &= rest[index] - 1;
            Some(64 * index as u32 + bit)
        })
    }
}

/// What is known of a function's locals where lowering is.
#[derive(Debug)]
pub(super) struct Definite {
    /// Those that are set on every way here.
    pub(super) set: Locals,
    /// Those but for which some way reads the local before it sets it.
    unread: Locals,
}

impl Definite {
    /// At the beginning of a function, whose locals but for `declared` are parameters.
    pub(super) fn new(declared: Range<usize>) -> Self {
        let mut set = Locals::ALL;
        for local in declared.start..declared.end.min(FOLLOWED) {
            set.0[local / 64] &= !(1 << (local % 64));
        }
        Self { set, unread: Locals::ALL }
    }

    /// The local is read here.
    #[inline(always)]
    pub(super) fn read(&mut self, local: u32) {
        if !self.set.contains(local) {
            self.read_unset(local);
        }
    }

    #[cold]
    fn read_unset(&mut self, local: u32) {
        self.unread.0[local as usize / 64] &= !(1 << (local % 64));
    }

    /// The local is set here.
    #[inline(always)]
    pub(super) fn set(&mut self, local: u32) {
        self.set.insert(local);
    }

    /// The locals that some way here has not set: their slots hold nothing, unless they are [zeroed](Self::is_zeroed).
    pub(super) fn unset(&self) -> Vec<u32> {
        self.set.missing().collect()
    }

    /// Whether the function begins by zeroing the local, asked at its end.
    pub(super) fn is_zeroed(&self, local: u32) -> bool {
        !self.unread.contains(local)
    }

    /// What the function zeroes, of all its locals, of which those from `declared` on are no parameters; `end` is the slot behind
    /// them. All is read.
    pub(super) fn zeroes(&self, locals: &[Local], declared: usize, end: u16) -> Option<Zeroes> {
        if self.unread == Locals::ALL && locals.len() <= FOLLOWED {
            return None;
        }
        // The first four slots, how many there are, and the last.
        let (mut few, mut count, mut last) = ([0; 4], 0, 0);
        for local in self.unread.missing() {
            let Local { slot, class, .. } = locals[local as usize];
            for slot in slot.0..slot.0 + class.words() as u16 {
                if let Some(few) = few.get_mut(count) {
                    *few = slot;
                }
                (count, last) = (count + 1, slot);
            }
        }
        let not_followed = locals.get(declared.max(FOLLOWED)).map(|local| local.slot.0);
        let first = if count > 0 { few[0] } else { not_followed? };
        if count <= few.len() && not_followed.is_none() {
            // Fewer than the cell takes are zeroed more than once.
            few[count..].fill(first);
            let [a, b, c, d] = few;
            return Some(Zeroes::Few(cell::ZeroFew { a, b, c, d }));
        }
        let end = if not_followed.is_some() { end } else { last + 1 };
        Some(Zeroes::Range(cell::Zero { from: first, count: end - first }))
    }
}

/// The cell that zeroes locals.
#[derive(Debug, Clone, Copy)]
pub(super) enum Zeroes {
    /// Single slots.
    Few(cell::ZeroFew),
    /// All slots in a range: some need no zero.
    Range(cell::Zero),
}
