//! Slots of a frame, as lowering names them.

/// A word of the frame, by its index from `fp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) u16);

impl Slot {
    /// The bit that stands for it in a set of slots, by number modulo 64: no bit, no such slot.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << (self.0 % 64)
    }

    /// The slot `count` words further up. Where that passes what 16 bits can name, the function is refused in the end:
    /// until then, any slot will do.
    #[inline]
    pub(super) const fn above(self, count: usize) -> Self {
        Self((self.0 as usize + count) as u16)
    }
}
