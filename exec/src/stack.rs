//! Value stacks: where the frames of one execution lie, whatever their instances.
//!
//! A stack belongs to whoever executes, as long as that is: a store in which nothing runs has none. So a thread mostly
//! uses one and the same again, with its pages in the cache, and 100,000 stores that wait for calls hold no stack at all.
//! What an execution leaves on a stack the next one cannot read, for validated code writes every local and operand before
//! it reads it; so stacks are handed on as they are.

use crate::pages::Pages;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// A value stack. It does not move, for frames point at each other.
#[derive(Debug)]
pub struct Stack {
    pages: Pages,
    bytes: usize,
}

thread_local! {
    /// The stack this thread used last.
    static LAST: Cell<Option<Pages>> = const { Cell::new(None) };
}

/// Stacks nobody uses, for any thread: of calls that were nested, or paused.
static IDLE: Mutex<Vec<Pages>> = Mutex::new(Vec::new());

/// Most of them.
const MOST_IDLE: usize = 16;

impl Stack {
    /// A stack of `bytes` bytes, rounded down to whole words, at least one. `None` if there is no memory for it.
    pub fn new(bytes: usize) -> Option<Self> {
        let bytes = (bytes & !7).max(8);
        let last = LAST.try_with(Cell::take).ok().flatten();
        let pages = match last.filter(|last| last.room() >= bytes) {
            Some(last) => last,
            None => Self::idle(bytes).or_else(|| Pages::zeroed(bytes))?,
        };
        Some(Self { pages, bytes })
    }

    #[cold]
    fn idle(bytes: usize) -> Option<Pages> {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().rposition(|pages| pages.room() >= bytes)?;
        Some(idle.swap_remove(place))
    }

    /// Its first word.
    pub(crate) fn base(&self) -> *mut u64 {
        self.pages.base().cast()
    }

    /// Its end, which no frame may pass. Nothing is written behind it, by whoever enters from the host either.
    pub(crate) fn limit(&self) -> *mut u64 {
        // SAFETY: there is room for so many bytes.
        unsafe { self.base().byte_add(self.bytes) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let pages = std::mem::replace(&mut self.pages, Pages::empty());
        // While a thread ends, it keeps nothing.
        let _ = LAST.try_with(|last| match last.replace(Some(pages)) {
            None => {}
            Some(other) => keep(other),
        });
    }
}

/// Keeps a stack for whoever needs one, if there are few.
#[cold]
fn keep(pages: Pages) {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    // The pages of one too many are given back behind the lock.
    if idle.len() < MOST_IDLE && idle.try_reserve(1).is_ok() {
        idle.push(pages);
    }
}
