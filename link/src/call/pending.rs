//! What waits in async calls, and who polls it.

use crate::error::Result;
use pirn_exec::{Vm, Word};
use std::ptr::{NonNull, null_mut};
use std::task::{Context, Poll};

/// What an async host function yields whose future is not ready yet: polls it. When that is ready, its results are in the words,
/// which are as many as those of the function's results, or it failed. It is given the machine of the store. Then it is not called again.
///
/// It may have borrowed the store. So nobody has it but the call's future, which has the store borrowed as long.
pub(crate) struct Pending(pub(crate) Box<PollFn>);

type PollFn = dyn FnMut(&mut Context<'_>, &mut [Word], *mut Vm) -> Poll<Result<()>> + Send;

/// Who polls a call, as long as it is polled; nobody, if it is not an async one.
#[derive(Clone, Copy)]
pub(crate) struct Poller(Option<NonNull<Context<'static>>>);

impl Poller {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn new(context: &mut Context<'_>) -> Self {
        Self(Some(NonNull::from(context).cast()))
    }

    pub(crate) fn is_none(self) -> bool {
        self.0.is_none()
    }

    /// As the machine has it.
    pub(crate) fn as_ptr(self) -> *mut () {
        self.0.map_or(null_mut(), |context| context.as_ptr().cast())
    }

    /// The context in which the innermost call on the machine is polled, if it is an async one.
    ///
    /// # Safety
    /// `vm` is the live machine of a store.
    pub(crate) unsafe fn of_machine(vm: *const Vm) -> Option<NonNull<Context<'static>>> {
        // SAFETY: as asked for above.
        unsafe { Vm::poller(vm) }.map(NonNull::cast)
    }
}
