//! What those ask who copy a store: whether something was entered since, and how far it may go.

use crate::Word;
use crate::state::vm::Vm;

impl Vm {
    /// Has it stop for want of fuel and time where `other` does; nothing has stopped in a turn.
    ///
    /// # Safety
    /// Both are live and stand still; they are of one engine.
    pub unsafe fn take_bounds(this: *mut Self, other: *const Self) {
        // SAFETY: they are live, and nobody else refers to their fields while they stand still.
        unsafe {
            (*this).fuel.set((*other).fuel.total());
            (*this).deadline = (*other).deadline;
        }
    }

    /// Whether something may have been entered since this was asked last, or the machine was made. (Nothing is paid for that but by the first
    /// entry: it fails the test that it has anyway.)
    ///
    /// # Safety
    /// `this` is live and stands still.
    pub unsafe fn has_run(this: *mut Self) -> bool {
        // SAFETY: it is live, and nobody else refers to its fields while it stands still.
        unsafe {
            (*this).quick_depth = 0;
            !std::mem::replace(&mut (*this).is_watched, true)
        }
    }

    /// Whether the object that its heap had at an address when it was made a copy is still there: it was not freed since.
    pub fn has_inherited(&self, object: Word) -> bool {
        self.heap.is_inherited(object as usize)
    }

    /// Says that something is about to be entered.
    pub(crate) fn runs(&mut self) {
        self.is_watched = false;
        if !self.is_told() && !self.heap.was_full() {
            self.quick_depth = self.max_depth;
        }
    }
}
