//! Value stacks.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// A value stack: where the frames of one execution lie, whatever their instances. It does not move, for frames point at
/// each other.
#[derive(Debug)]
pub struct Stack {
    base: NonNull<u64>,
    layout: Layout,
}

// SAFETY: the stack owns its words, and what they point at belongs to a store without which nobody follows them.
unsafe impl Send for Stack {}
// SAFETY: as above; a shared stack gives no more than addresses.
unsafe impl Sync for Stack {}

impl Stack {
    /// A stack of `bytes` bytes, rounded down to whole words, at least one. `None` if there is no memory for it.
    pub fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::array::<u64>((bytes / 8).max(1)).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) })?.cast();
        Some(Self { base, layout })
    }

    /// Its first word.
    pub(crate) fn base(&self) -> *mut u64 {
        self.base.as_ptr()
    }

    /// Its end, which no frame may pass. Nothing is written behind it, by whoever enters from the host either.
    pub(crate) fn limit(&self) -> *mut u64 {
        // SAFETY: the end of the allocation.
        unsafe { self.base().byte_add(self.layout.size()) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.base.as_ptr().cast(), self.layout) };
    }
}
