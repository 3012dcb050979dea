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
    /// Whether they stand within an instruction, which may use a segment that is dropped meanwhile.
    pub(crate) is_within: bool,
}

// SAFETY: they are followed by who has the lock alone, which asks for live words.
unsafe impl Send for Words {}

/// Places for so many are kept when nothing stands still.
const KEPT: usize = 64;

/// Words of all executions of a store that stand still.
#[derive(Debug, Default)]
pub(crate) struct Parked(Mutex<Places>);

/// Where they stand, and which places have none.
#[derive(Debug, Default)]
pub(crate) struct Places {
    all: Vec<Option<Words>>,
    free: Vec<usize>,
}

impl Places {
    /// Those that there are.
    pub(crate) fn words(&self) -> impl Iterator<Item = &Words> {
        self.all.iter().flatten()
    }
}

impl Parked {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Places> {
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
        let mut places = of.lock();
        let place = places.free.pop().unwrap_or_else(|| {
            places.all.push(None);
            places.all.len() - 1
        });
        places.all[place] = Some(words);
        drop(places);
        Self { of: Arc::clone(of), place }
    }

    /// Says that the accumulator holds something else.
    pub(crate) fn set_r0(&mut self, r0: Word) {
        if let Some(words) = &mut self.of.lock().all[self.place] {
            words.r0 = r0;
        }
    }
}

impl Drop for Rooted {
    fn drop(&mut self) {
        let mut places = self.of.lock();
        places.all[self.place] = None;
        places.free.push(self.place);
        // Nothing stands still any more: what a million of them took is given back.
        if places.free.len() == places.all.len() && places.all.len() > KEPT {
            *places = Places::default();
        }
    }
}
