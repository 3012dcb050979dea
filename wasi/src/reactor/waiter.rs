//! Whoever waits: a future that was polled, as the thread knows it that wakes it.

use crate::wait::Wait;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Whoever waits.
pub(super) struct Waiter {
    /// What for.
    pub(super) wait: Wait,
    pub(super) state: Mutex<State>,
}

/// How far the waiting is.
pub(super) enum State {
    /// To be woken.
    Waits(Waker),
    /// It is over.
    Over,
    /// Nobody waits any more.
    Dropped,
}

impl Waiter {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody waits.
    pub(super) fn waits(&self) -> bool {
        matches!(*self.state(), State::Waits(_))
    }

    /// Says that it is over, unless nobody waits any more.
    pub(super) fn wake(&self) {
        let mut state = self.state();
        if let State::Waits(_) = &*state
            && let State::Waits(waker) = std::mem::replace(&mut *state, State::Over)
        {
            drop(state);
            waker.wake();
        }
    }
}
