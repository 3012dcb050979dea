//! How many resumable calls a store has, running or paused.
//!
//! A paused call may outlive its store, so both share the count.

use crate::error::{Result, format_err};
use pirn_exec::{Execution, Held};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many there are. Only whoever borrows the store mutably adds to it.
pub(crate) type Calls = Arc<AtomicUsize>;

/// A place among a store's resumable calls.
#[derive(Debug)]
pub(crate) struct Place(Calls);

impl Place {
    /// Takes one.
    ///
    /// # Errors
    /// `limit` are taken already.
    pub(crate) fn take(calls: &Calls, limit: usize) -> Result<Self> {
        if calls.load(Ordering::Relaxed) >= limit {
            return Err(format_err!("the store's limit of {limit} resumable calls is reached"));
        }
        calls.fetch_add(1, Ordering::Relaxed);
        Ok(Self(Arc::clone(calls)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An execution and its place.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) execution: Execution,
    /// Whether it is the call of a start function.
    pub(crate) is_start: bool,
    _place: Place,
    /// What it holds while it is paused.
    held: Held,
}

impl Lease {
    /// `execution` was begun in `place`; what it holds is on the account of `held`.
    pub(crate) fn new(execution: Execution, is_start: bool, place: Place, held: Held) -> Self {
        Self { execution, is_start, _place: place, held }
    }

    /// Says on its account what it holds, now that it is paused.
    pub(crate) fn account(&mut self) {
        self.held.set(self.execution.bytes() as u64);
    }
}
