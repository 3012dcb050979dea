//! How the machine is while an execution runs, and is no more afterwards, however that ends.

use crate::state::turns::Pausing;
use crate::state::vm::Vm;

/// The innermost entry can pause, as long as this is there.
pub(super) struct CanPause {
    vm: *mut Vm,
    outer: Pausing,
}

impl CanPause {
    /// `poller` polls it, if that is not null.
    ///
    /// # Safety
    /// `vm` is live until this is dropped; an entry has begun that ends afterwards.
    pub(super) unsafe fn new(vm: *mut Vm, poller: *mut ()) -> Self {
        // SAFETY: it is live, and nobody else refers to the field.
        unsafe {
            let outer = (*vm).pausing;
            (*vm).pausing = Pausing { depth: (*vm).depth, poller, ..outer };
            Self { vm, outer }
        }
    }
}

impl Drop for CanPause {
    fn drop(&mut self) {
        // SAFETY: `new` asked for a machine that is live until now. Polls that began since have ended.
        unsafe { (*self.vm).pausing = self.outer };
    }
}

/// The machine is on another stack than it was, as long as this is there.
pub(super) struct OnOther(*mut Vm);

impl OnOther {
    /// # Safety
    /// `vm` is live until this is dropped; what it is on now, it does not change before.
    pub(super) unsafe fn new(vm: *mut Vm) -> Self {
        // SAFETY: its frames end at its first free word, or there are none.
        unsafe { Vm::push_stack(vm, (*vm).top, 0) };
        Self(vm)
    }
}

impl Drop for OnOther {
    fn drop(&mut self) {
        // SAFETY: `new` asked for a machine that is live until now.
        unsafe { Vm::pop_stack(self.0) };
    }
}
