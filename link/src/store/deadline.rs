//! What a store's callback says of its deadline.

/// What a callback of [`Store::epoch_deadline_callback`](crate::Store::epoch_deadline_callback) has an execution do whose deadline
/// has passed. Ticks count from the engine's epoch at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateDeadline {
    /// It traps with [`Trap::Interrupt`](crate::Trap::Interrupt).
    Interrupt,
    /// It goes on, with a deadline so many ticks later.
    Continue(u64),
    /// It pauses, with a deadline so many ticks later, if it is a resumable call; [`Paused::resume`](crate::Paused::resume) has it go
    /// on. If a tick has passed the deadline by then, the ticks, one at least, count from then. With none at all it is late when it goes on,
    /// and pauses again where it stands, until a tick has passed or there is another deadline.
    ///
    /// A thread that waits (`memory.atomic.wait32`, `wait64`) is not woken by notifications while it is paused: it compares the value when it
    /// goes on, and waits again if that is as it was.
    ///
    /// An async call lets the executor do something else, and goes on when it is polled again. A call that cannot pause fails, but
    /// for those that are made by a host function of an async call, which go on.
    Yield(u64),
}

/// When a call paused because of its deadline, and how many ticks it has when it goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Yielded {
    pub(crate) epoch: u64,
    pub(crate) ticks: u64,
}
