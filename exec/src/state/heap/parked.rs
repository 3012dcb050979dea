//! Words of executions that stand still, apart from any stack: collecting looks at them, too.
//!
//! An execution belongs to the embedder, and may be dropped while its store runs, by another thread. So what it has of words is
//! behind a lock, which is held while they are looked at, and taken before they are freed.

use crate::Word;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many words from an address on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) at: *const Word,
    pub(crate) len: usize,
    /// One more: what the accumulator holds.
    pub(crate) r0: Word,
}

// SAFETY: they are followed by who has the lock alone, which asks for live words.
unsafe impl Send for Words {}

/// Words of all executions of a store that stand still.
#[derive(Debug, Default)]
pub(crate) struct Parked(Mutex<Vec<Option<Words>>>);

impl Parked {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<Option<Words>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Words are looked at, as long as this is there.
#[derive(Debug)]
pub(crate) struct Rooted {
    of: Arc<Parked>,
    place: usize,
}

impl Rooted {
    /// Has words looked at.
    ///
    /// # Safety
    /// They stay where they are as long as this is there, and who writes to them has the store.
    pub(crate) unsafe fn new(of: &Arc<Parked>, words: Words) -> Self {
        let mut all = of.lock();
        let place = all.iter().position(Option::is_none).unwrap_or_else(|| {
            all.push(None);
            all.len() - 1
        });
        all[place] = Some(words);
        Self { of: Arc::clone(of), place }
    }
}

impl Drop for Rooted {
    fn drop(&mut self) {
        let mut all = self.of.lock();
        all[self.place] = None;
        while all.last().is_some_and(Option::is_none) {
            all.pop();
        }
    }
}
