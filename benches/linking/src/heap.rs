//! A global allocator that counts, so that memory is measured where it is asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting bytes; to be a program's `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    /// Bytes that this thread has allocated less those it has freed, modulo 2^64. Other threads, as those of other tests, do not disturb.
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

fn add(bytes: usize) {
    LIVE.set(LIVE.get().wrapping_add(bytes));
}

fn subtract(bytes: usize) {
    LIVE.set(LIVE.get().wrapping_sub(bytes));
}

/// Bytes that this thread has allocated and not freed; of two calls, the difference counts. 0 without [`Counting`].
pub fn live() -> usize {
    LIVE.get()
}

/// What `make` makes, and the bytes it keeps allocated.
pub fn measure<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = live();
    let value = make();
    (value, live().wrapping_sub(before))
}

// SAFETY: everything is the system allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        subtract(layout.size());
        // SAFETY: the caller's.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        add(new_size);
        subtract(layout.size());
        // SAFETY: the caller's.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
