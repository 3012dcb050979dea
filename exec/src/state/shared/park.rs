//! Where threads wait for each other: a queue for each address.
//!
//! A thread that waits [enters](Lot::enter) the queue of its address if what lies there is what it expects, both under the lot's
//! lock: so whoever changes the value and then [notifies](Lot::notify) finds it there, or it finds the new value. Threads are
//! woken in the order in which they entered.
//!
//! The lock is held for a few steps in the queue, never while somebody waits. What synchronises is named by `super::sync`, so that
//! a model checker can take the place of the standard library (`tests/park.rs`).

use super::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// The queues. Those in which nobody waits are not there.
#[derive(Debug)]
pub(crate) struct Lot {
    queues: Mutex<HashMap<usize, VecDeque<Arc<Waiter>>>>,
}

/// A thread that waits.
#[derive(Debug)]
struct Waiter {
    woken: Mutex<bool>,
    told: Condvar,
}

/// A place in a queue, which is left when this is dropped.
#[derive(Debug)]
pub(crate) struct Place<'lot> {
    lot: &'lot Lot,
    address: usize,
    waiter: Arc<Waiter>,
}

/// Nothing panics under these locks, and what they guard is whole between any two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lot {
    pub(crate) fn new() -> Self {
        Self { queues: Mutex::new(HashMap::new()) }
    }

    /// Enters the queue of `address` if `expected` says that the value there is the one that is to change.
    pub(crate) fn enter(&self, address: usize, expected: impl FnOnce() -> bool) -> Option<Place<'_>> {
        let mut queues = lock(&self.queues);
        if !expected() {
            return None;
        }
        let waiter = Arc::new(Waiter { woken: Mutex::new(false), told: Condvar::new() });
        queues.entry(address).or_default().push_back(Arc::clone(&waiter));
        Some(Place { lot: self, address, waiter })
    }

    /// Wakes threads that wait at `address`, no more than `count`, those first that came first: how many.
    pub(crate) fn notify(&self, address: usize, count: u32) -> u32 {
        let woken: Vec<Arc<Waiter>> = {
            let mut queues = lock(&self.queues);
            let Some(queue) = queues.get_mut(&address) else { return 0 };
            let count = queue.len().min(count as usize);
            let woken = queue.drain(..count).collect();
            if queue.is_empty() {
                queues.remove(&address);
            }
            woken
        };
        for waiter in &woken {
            *lock(&waiter.woken) = true;
            waiter.told.notify_one();
        }
        woken.len() as u32
    }
}

impl Place<'_> {
    /// Waits until somebody notifies this thread, but no longer than `until`, if that is some time: whether it was notified.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut woken = lock(&self.waiter.woken);
        while !*woken {
            woken = match until {
                None => self.waiter.told.wait(woken).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                        return false;
                    };
                    self.waiter.told.wait_timeout(woken, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    /// Leaves the queue: whether this thread was notified, which may have happened since it last waited.
    pub(crate) fn leave(self) -> bool {
        self.remove()
    }

    /// Whether this thread is in the queue no more, because it was notified; otherwise it is not from now on.
    fn remove(&self) -> bool {
        let mut queues = lock(&self.lot.queues);
        let Some(queue) = queues.get_mut(&self.address) else { return true };
        let Some(at) = queue.iter().position(|waiter| Arc::ptr_eq(waiter, &self.waiter)) else { return true };
        queue.remove(at);
        if queue.is_empty() {
            queues.remove(&self.address);
        }
        false
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}
