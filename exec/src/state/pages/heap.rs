//! Zeroed memory from the allocator, which asks the system for zero pages where it can.

use std::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use std::ptr::NonNull;

/// No more than the alignment that every allocation has anyhow: beyond it, the standard library clears allocations by
/// hand instead of asking the system for zeroed pages, and copies on every `realloc`.
const ALIGN: usize = 16;

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, ALIGN).ok()
}

/// So many zeros, at least one.
pub(super) fn zeroed(bytes: usize) -> Option<NonNull<u8>> {
    let layout = layout(bytes).filter(|layout| layout.size() != 0)?;
    // SAFETY: the size is not zero.
    NonNull::new(unsafe { alloc_zeroed(layout) })
}

/// Gives them back.
///
/// # Safety
/// They are from [`zeroed`] or [`grow`], as many as were asked for there.
pub(super) unsafe fn free(base: NonNull<u8>, bytes: usize) {
    let layout = layout(bytes).expect("it was allocated with this layout");
    // SAFETY: an allocation of this layout, given back once (I9).
    unsafe { dealloc(base.as_ptr(), layout) };
}

/// More zeros behind the first `used` bytes of `old`; how many there are then is half as many again at least, so that
/// growing step by step is linear.
///
/// It touches as little as it can: either the new bytes, which are zeroed behind a `realloc` (that of a large block
/// mostly moves no bytes but page tables), or the old ones, which are copied into a new zeroed allocation, whichever
/// are fewer.
///
/// # Safety
/// That of [`free`]; `used <= old < bytes`; bytes behind `used` are zero.
pub(super) unsafe fn grow(base: NonNull<u8>, old: usize, used: usize, bytes: usize) -> Option<(NonNull<u8>, usize)> {
    let step_by_step = old.checked_add(old / 2).filter(|&more| more > bytes);
    // SAFETY: `grow_to` asks for the same. It leaves the old bytes alone where it gives nothing, so it may be asked
    // twice.
    step_by_step
        .and_then(|bytes| unsafe { grow_to(base, old, used, bytes) })
        .or_else(|| unsafe { grow_to(base, old, used, bytes) })
}

/// As [`grow`], to exactly `bytes`; `None` with the old bytes as they were.
///
/// # Safety
/// That of [`grow`].
unsafe fn grow_to(base: NonNull<u8>, old: usize, used: usize, bytes: usize) -> Option<(NonNull<u8>, usize)> {
    let grown = if used <= bytes - old {
        let grown = zeroed(bytes)?;
        // SAFETY: the new allocation is longer than `used`, and the old one is given up, of which nobody knows any more.
        unsafe {
            grown.copy_from_nonoverlapping(base, used);
            free(base, old);
        }
        grown
    } else {
        let new = layout(bytes)?;
        // SAFETY: the old bytes are an allocation of their layout; the new size is larger and a valid layout. The new
        // bytes lie within what is given.
        unsafe {
            let grown = NonNull::new(realloc(base.as_ptr(), layout(old)?, new.size()))?;
            grown.add(old).write_bytes(0, bytes - old);
            grown
        }
    };
    Some((grown, bytes))
}
