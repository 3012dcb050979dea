//! Linear memories.
//!
//! The bytes are one zeroed allocation, so the system commits pages when they are first touched. Growing may move them;
//! every attached instance's base and length are rewritten then, which is what lets handlers read them through `inst`
//! without asking.
//!
//! Growing touches as little as it can: either the new bytes, which are zeroed behind a `realloc` (on Linux that of a
//! large block moves no bytes but page tables), or the old ones, which are copied into a new zeroed allocation, whichever
//! are fewer. So a program that grows its memory by a gigabyte pays for the pages it uses.

use crate::{Inst, Trap};
use pirn_decode::PAGE_BYTES;
use std::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use std::ptr::NonNull;

/// A linear memory.
#[derive(Debug)]
pub struct Memory {
    base: NonNull<u8>,
    len: usize,
    max_pages: u32,
    users: Vec<*mut Inst>,
}

// SAFETY: the memory owns its bytes; the instances in `users` belong to the same store and go between threads with it.
unsafe impl Send for Memory {}
// SAFETY: as above; writing needs `&mut` of the store.
unsafe impl Sync for Memory {}

/// No more than the alignment that every allocation has anyhow: beyond it, the standard library clears allocations by hand
/// instead of asking the system for zeroed pages, and copies on every `realloc`.
const ALIGN: usize = 16;

fn layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(len, ALIGN).ok()
}

impl Memory {
    /// A zeroed memory of `min` pages that may grow to `max` pages. `None` if there is no memory for it.
    pub fn new(min: u32, max: u32) -> Option<Self> {
        let mut this = Self { base: NonNull::<u64>::dangling().cast(), len: 0, max_pages: max, users: Vec::new() };
        this.grow(min).map(|_| this)
    }

    /// Keeps `inst`'s view of memory 0 true from now on.
    ///
    /// # Safety
    /// `this` is a live memory that does not move; `inst` is a live instance block, and stays so as long as this memory
    /// may grow.
    pub unsafe fn attach(this: *mut Self, inst: *mut Inst) {
        // The instance gets the pointer itself, not one derived from a reference that ends here.
        // SAFETY: the caller's.
        unsafe {
            (*inst).memory = this;
            (*this).users.push(inst);
            (*this).publish_to(inst);
        }
    }

    fn publish(&self) {
        for &inst in &self.users {
            // SAFETY: `attach` asked for live blocks.
            unsafe { self.publish_to(inst) };
        }
    }

    /// Writes base and limits into an instance.
    ///
    /// # Safety
    /// `inst` is live.
    unsafe fn publish_to(&self, inst: *mut Inst) {
        // SAFETY: the caller's.
        unsafe {
            (*inst).mem_base = self.base.as_ptr();
            (*inst).mem_limits = [1, 2, 4, 8].map(|bytes| (self.len as u64).saturating_sub(bytes - 1));
        }
    }

    /// Size now, in pages.
    pub fn size(&self) -> u32 {
        (self.len as u64 / PAGE_BYTES) as u32
    }

    /// Whether the maximum allows `delta` pages more.
    pub(crate) fn can_grow(&self, delta: u32) -> bool {
        self.size().checked_add(delta).is_some_and(|pages| pages <= self.max_pages)
    }

    /// Adds `delta` pages and gives the old size in pages; `None`, with nothing changed, if that passes the maximum or
    /// memory is short.
    pub fn grow(&mut self, delta: u32) -> Option<u32> {
        let old = self.size();
        let pages = old.checked_add(delta).filter(|&pages| pages <= self.max_pages)?;
        if delta == 0 {
            return Some(old);
        }
        let new_len = usize::try_from(u64::from(pages) * PAGE_BYTES).ok()?;
        let new_layout = layout(new_len)?;
        let (len, old_layout) = (self.len, layout(self.len)?);
        let grown = if len <= new_len - len {
            // SAFETY: the size is not zero.
            let grown = unsafe { alloc_zeroed(new_layout) };
            if !grown.is_null() && len != 0 {
                // SAFETY: the new allocation is longer than `len`, and `base` came from this allocator with the old layout.
                unsafe {
                    grown.copy_from_nonoverlapping(self.base.as_ptr(), len);
                    dealloc(self.base.as_ptr(), old_layout);
                }
            }
            grown
        } else {
            // SAFETY: `base` came from this allocator with this layout; the new size is larger and a valid layout.
            let grown = unsafe { realloc(self.base.as_ptr(), old_layout, new_len) };
            if !grown.is_null() {
                // SAFETY: the new bytes lie within the allocation just made.
                unsafe { grown.add(len).write_bytes(0, new_len - len) };
            }
            grown
        };
        self.base = NonNull::new(grown)?;
        self.len = new_len;
        self.publish();
        Some(old)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `base` and `len` describe the allocation; `&self` keeps the machine from running.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }

    /// The bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }

    fn range(&mut self, start: u32, len: u32) -> Result<&mut [u8], Trap> {
        let (start, len) = (start as usize, len as usize);
        self.bytes_mut().get_mut(start..).and_then(|rest| rest.get_mut(..len)).ok_or(Trap::MemoryOutOfBounds)
    }

    /// `memory.fill` (spec 4.4.7).
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`].
    pub fn fill(&mut self, start: u32, len: u32, value: u8) -> Result<(), Trap> {
        self.range(start, len)?.fill(value);
        Ok(())
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

    /// `memory.copy` (spec 4.4.7).
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`], for either side.
    pub fn copy_within(&mut self, to: u32, from: u32, len: u32) -> Result<(), Trap> {
        self.range(to, len)?;
        self.range(from, len)?;
        let from = from as usize;
        self.bytes_mut().copy_within(from..from + len as usize, to as usize);
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.len).filter(|layout| layout.size() != 0) {
            // SAFETY: `base` came from this allocator with this layout.
            unsafe { dealloc(self.base.as_ptr(), layout) };
        }
    }
}
