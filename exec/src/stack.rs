//! Value stacks.

use pirn_decode::layout::HEADER_WORDS;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// A value stack: where the frames of one execution lie, whatever their instances. It does not move, for frames point at
/// each other.
#[derive(Debug)]
pub struct Stack {
    base: NonNull<u64>,
    layout: Layout,
}

/// Words above the limit, for entering from the host: a header.
const ENTRY_WORDS: usize = HEADER_WORDS;

// SAFETY: the stack owns its words, and what they point at belongs to a store without which nobody follows them.
unsafe impl Send for Stack {}
// SAFETY: as above; a shared stack gives no more than addresses.
unsafe impl Sync for Stack {}

impl Stack {
    /// A stack of `bytes` bytes. `None` if there is no memory for it.
    pub fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::array::<u64>((bytes / 8).checked_add(ENTRY_WORDS)?).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) })?.cast();
        Some(Self { base, layout })
    }

    /// Its first word.
    pub(crate) fn base(&self) -> *mut u64 {
        self.base.as_ptr()
    }

    /// The first word that no frame may reach.
    pub(crate) fn limit(&self) -> *mut u64 {
        // SAFETY: within the allocation.
        unsafe { self.base().byte_add(self.layout.size()).sub(ENTRY_WORDS) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.base.as_ptr().cast(), self.layout) };
    }
}
