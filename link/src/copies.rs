//! What a module keeps for those who copy stores and put instances back: made when it is asked for first.

use pirn_exec::MemoryImage;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where a reference is in a frame that stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefAt {
    /// In this slot of the frame.
    Slot(u16),
    /// In the accumulator of integers.
    Accumulator,
}

/// Which references there are in a frame.
#[derive(Debug, Default)]
pub(crate) struct Refs {
    /// To functions.
    pub(crate) funcs: Vec<RefAt>,
    /// To anything else.
    pub(crate) others: Vec<RefAt>,
}

#[derive(Default)]
pub(crate) struct Copies {
    /// By the address of the cell that is behind a call, or is executed next, and whether it is the first: in a frame that stands there.
    refs: Mutex<HashMap<(usize, bool), Arc<Refs>>>,
    /// By memidx without imports: what the memory begins with, if that is worth an image.
    images: OnceLock<Box<[Option<MemoryImage>]>>,
}

impl Copies {
    /// The references in a frame that stands at `cell`, which `find` finds.
    ///
    /// # Errors
    /// Those of `find`.
    pub(crate) fn refs<E>(&self, cell: (usize, bool), find: impl FnOnce() -> Result<Refs, E>) -> Result<Arc<Refs>, E> {
        let lock = || self.refs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&cell) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(find()?);
        lock().insert(cell, Arc::clone(&found));
        Ok(found)
    }

    /// What memories begin with, as `make` makes it.
    pub(crate) fn images(&self, make: impl FnOnce() -> Box<[Option<MemoryImage>]>) -> &[Option<MemoryImage>] {
        self.images.get_or_init(make)
    }
}
