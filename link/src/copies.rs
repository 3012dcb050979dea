//! What a module keeps for those who copy stores and put instances back: made when it is asked for first.

use pirn_exec::MemoryImage;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where a reference to a function is in a frame that stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FuncRefAt {
    /// In this slot of the frame.
    Slot(u16),
    /// In the accumulator of integers.
    Accumulator,
}

/// Which references to functions there are in a frame.
pub(crate) type FuncRefs = Arc<[FuncRefAt]>;

#[derive(Default)]
pub(crate) struct Copies {
    /// By the address of the cell that is behind a call, or is executed next, and whether it is the first: in a frame that stands there.
    func_refs: Mutex<HashMap<(usize, bool), FuncRefs>>,
    /// By memidx without imports: what the memory begins with, if that is worth an image.
    images: OnceLock<Box<[Option<MemoryImage>]>>,
}

impl Copies {
    /// The references in a frame that stands at `cell`, which `find` finds.
    ///
    /// # Errors
    /// Those of `find`.
    pub(crate) fn func_refs<E>(
        &self,
        cell: (usize, bool),
        find: impl FnOnce() -> Result<Vec<FuncRefAt>, E>,
    ) -> Result<FuncRefs, E> {
        let lock = || self.func_refs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&cell) {
            return Ok(Arc::clone(known));
        }
        let found: FuncRefs = find()?.into();
        lock().insert(cell, Arc::clone(&found));
        Ok(found)
    }

    /// What memories begin with, as `make` makes it.
    pub(crate) fn images(&self, make: impl FnOnce() -> Box<[Option<MemoryImage>]>) -> &[Option<MemoryImage>] {
        self.images.get_or_init(make)
    }
}
