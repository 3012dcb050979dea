//! Memories and tables as small as they were made.

use crate::error::{Result, format_err};
use crate::store::handle::Handle;
use crate::store::opaque::StoreOpaque;
use pirn_exec::{Memory, MemoryImage, Table, Word};
use std::sync::atomic::Ordering;

impl StoreOpaque {
    /// Whether a call runs on its machine.
    pub(crate) fn runs(&self) -> bool {
        // SAFETY: L1 and L2: the machine is this store's, and nobody writes to it while the store is borrowed.
        unsafe { (*self.vm()).depth() > 0 }
    }

    /// Whether no call runs or is paused in it, and no instance is being made or reset.
    ///
    /// # Errors
    /// One does, or is; `what` cannot be done.
    pub(crate) fn check_idle(&mut self, what: &str) -> Result<()> {
        if self.heap().is_held() {
            return Err(format_err!("an instance is being made or reset in the store: {what}"));
        }
        if self.runs() || self.resumable_calls().load(Ordering::Relaxed) > 0 {
            return Err(format_err!("a call runs in the store, or is paused: {what}"));
        }
        Ok(())
    }

    /// Says that an instance is about to be reset, to those who [fork](crate::Paused::fork) a call to here.
    pub(crate) fn note_reset(&mut self) {
        if let Some(origin) = &mut self.origin {
            origin.is_reset = true;
        }
    }

    /// Has a memory be of `min` pages, of zeros or as the image has it, in a store that is [idle](Self::check_idle). Gives whether it is as the
    /// image has it: if there is none, or the system maps it no more, it is zeros.
    ///
    /// # Errors
    /// It is of another store; the system has no memory for it.
    pub(crate) fn reset_memory(
        &mut self,
        memory: Handle<Memory>,
        min: u64,
        image: Option<&MemoryImage>,
    ) -> Result<bool> {
        let item = memory.get_mut(self)?;
        // SAFETY: whoever asks has found the store idle, so nothing stands still within an operation.
        let reset = unsafe { item.reset(min, image) };
        let (more, is_image) =
            reset.ok_or_else(|| format_err!("the system gave no memory to reset one of type {}", item.ty()))?;
        self.give_room(more, 0);
        self.holdings().memories.remove(more);
        Ok(is_image)
    }

    /// Has a table be of `min` elements, all of them `init`, in a store that is [idle](Self::check_idle).
    ///
    /// # Errors
    /// It is of another store.
    ///
    /// # Safety
    /// L5: `init` is the word of a reference of the table's type, in this store.
    pub(crate) unsafe fn reset_table(&mut self, table: Handle<Table>, min: u64, init: Word) -> Result<()> {
        // SAFETY: as above, and L5 is asked for.
        let more = unsafe { table.get_mut(self)?.reset(min, init) };
        self.give_room(0, more);
        self.holdings().tables.remove(more * size_of::<Word>() as u64);
        Ok(())
    }
}
