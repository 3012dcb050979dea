//! Globals.

use crate::Word;

/// One global's value. Its address never changes, so importers share the cell. It is aligned as vectors are, which lie in
/// both words; other values lie in the first.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct GlobalCell {
    pub(crate) value: [Word; 2],
}

impl GlobalCell {
    /// A global of this value, of a type of one word. What types it may be put in an instance for,
    /// [`crate::InstanceBlock::set_global`] asks.
    pub const fn new(value: Word) -> Self {
        Self { value: [value, 0] }
    }

    /// The value: its words, the second without meaning if its type has one.
    pub const fn get(&self) -> [Word; 2] {
        self.value
    }

    /// Changes the value.
    ///
    /// # Safety
    /// [I5](crate#safety): if instances have the global, `value` is of its type, in their store; what of it the type does not have
    /// is 0.
    pub const unsafe fn set(&mut self, value: [Word; 2]) {
        self.value = value;
    }
}
