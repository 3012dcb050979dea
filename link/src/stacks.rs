//! Value stacks of resumable calls: a few that are not in use are kept, and those in use are counted.
//!
//! A paused call owns its stack and may outlive its store, so both share this. It is locked when a call begins and when it
//! is over, by the thread that has the store or the paused call.

use crate::error::{Result, format_err};
use pirn_exec::{Execution, Stack};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most stacks kept for later calls.
const MAX_IDLE: usize = 16;

/// The stacks of one store.
#[derive(Debug)]
pub(crate) struct Stacks {
    bytes: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    idle: Vec<Stack>,
    used: usize,
}

impl Stacks {
    /// No stacks yet; each will have so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What is locked here is never left half-changed by a panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more stack.
    ///
    /// # Errors
    /// `limit` are in use already; there is no memory for it.
    pub(crate) fn take(&self, limit: usize) -> Result<Stack> {
        let mut inner = self.lock();
        if inner.used >= limit {
            return Err(format_err!("the store's limit of {limit} resumable calls is reached"));
        }
        let stack = match inner.idle.pop() {
            Some(stack) => stack,
            None => Stack::new(self.bytes)
                .ok_or_else(|| format_err!("the system gave no memory for a value stack of {} bytes", self.bytes))?,
        };
        inner.used += 1;
        Ok(stack)
    }

    fn give_back(&self, stack: Stack) {
        let mut inner = self.lock();
        inner.used -= 1;
        if inner.idle.len() < MAX_IDLE {
            inner.idle.push(stack);
        }
    }
}

/// An execution, whose stack goes back to where it came from.
#[derive(Debug)]
pub(crate) struct Lease {
    execution: Option<Execution>,
    stacks: Arc<Stacks>,
}

impl Lease {
    /// `execution` runs on a stack of `stacks`.
    pub(crate) fn new(execution: Execution, stacks: Arc<Stacks>) -> Self {
        Self { execution: Some(execution), stacks }
    }

    pub(crate) fn get(&self) -> &Execution {
        self.execution.as_ref().expect("there until dropped")
    }

    pub(crate) fn get_mut(&mut self) -> &mut Execution {
        self.execution.as_mut().expect("there until dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(execution) = self.execution.take() {
            self.stacks.give_back(execution.into_stack());
        }
    }
}
