//! Linear memories.
//!
//! The bytes are [`Pages`], committed by the system as they are touched. Growing may move them; every attached instance's
//! base and length are rewritten then, which is what lets handlers read them through `instance` without asking.

use crate::state::instance::InstanceHead;
use crate::state::pages::Pages;
use crate::state::trap::Trap;
use pirn_decode::{MemoryType, PAGE_BYTES};

/// A linear memory.
#[derive(Debug)]
pub struct Memory {
    pages: Pages,
    /// Bytes now; behind them, up to the room there is, nothing has been written.
    len: usize,
    /// Pages it may grow to, by its type.
    max: Option<u32>,
    /// Pages that the owner allows, whatever the type says.
    most: u32,
    users: Vec<*mut InstanceHead>,
}

// SAFETY: the memory owns its bytes (I9); the instances in `users` belong to the same store and go between threads with
// it (I2).
unsafe impl Send for Memory {}
// SAFETY: as above; writing needs `&mut` of the store (I2).
unsafe impl Sync for Memory {}

impl Memory {
    /// A zeroed memory of this type, that never has more than `most` pages. `None` if there is no memory for it.
    pub fn new(ty: MemoryType, most: u32) -> Option<Self> {
        let mut this = Self { pages: Pages::empty(), len: 0, max: ty.limits.max, most, users: Vec::new() };
        this.grow(ty.limits.min).map(|_| this)
    }

    /// Its type; the minimum is the size now (spec 4.5.3, growing memories).
    pub fn ty(&self) -> MemoryType {
        MemoryType::new(self.size(), self.max)
    }

    /// Keeps `instance`'s view of memory 0 true from now on.
    ///
    /// # Safety
    /// `this` is a live memory that does not move; `instance` is a live instance block, and stays so as long as this
    /// memory may grow.
    pub unsafe fn attach(this: *mut Self, instance: *mut InstanceHead) {
        // The instance gets the pointer itself, not one derived from a reference that ends here.
        // SAFETY: both are live and stay where they are, and nothing runs meanwhile. From here on I8 holds of `instance`.
        unsafe {
            (*instance).memory = this;
            (*this).users.push(instance);
            (*this).publish_to(instance);
        }
    }

    fn publish(&self) {
        for &instance in &self.users {
            // SAFETY: `attach` asked for blocks that are live as long as this memory may grow.
            unsafe { self.publish_to(instance) };
        }
    }

    /// Writes base and limits into an instance.
    ///
    /// # Safety
    /// `instance` is live.
    unsafe fn publish_to(&self, instance: *mut InstanceHead) {
        // SAFETY: it is live. I8: these are base and length of the pages there are now.
        unsafe {
            (*instance).mem_base = self.pages.base();
            (*instance).mem_limits = [1, 2, 4, 8, 16].map(|bytes| (self.len as u64).saturating_sub(bytes - 1));
        }
    }

    /// Size now, in pages.
    pub fn size(&self) -> u32 {
        (self.len as u64 / PAGE_BYTES) as u32
    }

    /// Whether the maximum allows `delta` pages more.
    pub(crate) fn can_grow(&self, delta: u32) -> bool {
        self.grown(delta).is_some()
    }

    /// Pages after growing by `delta`, if that is allowed.
    fn grown(&self, delta: u32) -> Option<u32> {
        let most = self.max.map_or(self.most, |max| max.min(self.most));
        self.size().checked_add(delta).filter(|&pages| pages <= most)
    }

    /// Adds `delta` pages and gives the old size in pages; `None`, with nothing changed, if that passes the maximum or
    /// memory is short.
    pub fn grow(&mut self, delta: u32) -> Option<u32> {
        let old = self.size();
        let pages = self.grown(delta)?;
        if delta == 0 {
            return Some(old);
        }
        let new_len = usize::try_from(u64::from(pages) * PAGE_BYTES).ok()?;
        // SAFETY: the pages have room for `len`, and nothing was written behind it. With `&mut self` nobody else refers
        // to the bytes; a cell that grows memory keeps no pointer to them. `publish` is next (I8).
        if !unsafe { self.pages.grow(self.len, new_len) } {
            return None;
        }
        self.len = new_len;
        self.publish();
        Some(old)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the pages have room for `len`, initialised (I9); with `&self` the machine does not run (I2).
        unsafe { std::slice::from_raw_parts(self.pages.base(), self.len) }
    }

    /// The bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; with `&mut self` nobody else refers to them.
        unsafe { std::slice::from_raw_parts_mut(self.pages.base(), self.len) }
    }

    fn range(&mut self, start: u32, len: u32) -> Result<&mut [u8], Trap> {
        let (start, len) = (start as usize, len as usize);
        self.bytes_mut().get_mut(start..).and_then(|rest| rest.get_mut(..len)).ok_or(Trap::MemoryOutOfBounds)
    }

    /// `memory.init` (spec 4.4.7): copies `len` bytes from `source[from..]`.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`], for either side.
    pub fn init(&mut self, start: u32, source: &[u8], from: u32, len: u32) -> Result<(), Trap> {
        let source = source.get(from as usize..).and_then(|rest| rest.get(..len as usize));
        let target = self.range(start, len)?;
        target.copy_from_slice(source.ok_or(Trap::MemoryOutOfBounds)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
