//! Globals.

use crate::Word;

/// One global's value. Its address never changes, so importers share the cell.
#[repr(C)]
#[derive(Debug)]
pub struct GlobalCell {
    pub(crate) value: Word,
}

impl GlobalCell {
    /// A global of this value. What types it may be put in an instance for, [`crate::InstanceBlock::set_global`] asks.
    pub const fn new(value: Word) -> Self {
        Self { value }
    }

    /// The value.
    pub const fn get(&self) -> Word {
        self.value
    }

    /// Changes the value.
    ///
    /// # Safety
    /// [I5](crate#safety): if instances have the global, `value` is of its type, in their store.
    pub const unsafe fn set(&mut self, value: Word) {
        self.value = value;
    }
}
