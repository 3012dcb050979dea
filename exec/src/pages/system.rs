//! The system calls behind pages, on Linux.

use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags, madvise, mmap_anonymous, mremap, munmap};
use std::ptr::{NonNull, null_mut};

/// A new mapping of so many bytes, which are zero. `None` if the system refuses it, be it because it never has so much.
pub(super) fn map(bytes: usize) -> Option<NonNull<u8>> {
    map_with(bytes, MapFlags::PRIVATE)
}

/// As [`map`], but without regard to how much memory there is: most of it will not be used.
pub(super) fn map_loosely(bytes: usize) -> Option<NonNull<u8>> {
    map_with(bytes, MapFlags::PRIVATE | MapFlags::NORESERVE)
}

fn map_with(bytes: usize, flags: MapFlags) -> Option<NonNull<u8>> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without an address, the system chooses one where nothing is.
    let base = unsafe { mmap_anonymous(null_mut(), bytes, protection, flags) };
    NonNull::new(base.ok()?.cast())
}

/// Keeps the system from giving pages of megabytes for single bytes.
///
/// # Safety
/// The range is part of a mapping of this file's.
pub(super) unsafe fn small_pages(base: NonNull<u8>, bytes: usize) {
    // A kernel without large pages refuses it, and need not be asked.
    // SAFETY: the advice changes no bytes.
    let _ = unsafe { madvise(base.as_ptr().cast(), bytes, Advice::LinuxNoHugepage) };
}

/// Gives a mapping back.
///
/// # Safety
/// It is one of this file's, whole, and nobody refers to it any more.
pub(super) unsafe fn unmap(base: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's. It cannot fail for a range that is mapped; were it to, the range would stay unused.
    let _ = unsafe { munmap(base.as_ptr().cast(), bytes) };
}

/// Makes all bytes zero by giving the pages back.
///
/// # Safety
/// The range is part of a mapping of this file's, and nobody refers to it.
pub(super) unsafe fn clear(base: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's; anonymous pages that were given back read as zeros.
    if unsafe { madvise(base.as_ptr().cast(), bytes, Advice::LinuxDontNeed) }.is_err() {
        // Pages that are locked into memory cannot be given back.
        // SAFETY: the caller's.
        unsafe { base.write_bytes(0, bytes) };
    }
}

/// Makes a mapping longer, where it is or elsewhere.
///
/// # Safety
/// It is one of this file's, whole, and nobody refers to it any more.
pub(super) unsafe fn extend(base: NonNull<u8>, old: usize, bytes: usize) -> Option<NonNull<u8>> {
    // SAFETY: the caller's.
    let base = unsafe { mremap(base.as_ptr().cast(), old, bytes, MremapFlags::MAYMOVE) };
    NonNull::new(base.ok()?.cast())
}

/// Moves the pages of a part of a mapping to a mapping of their own. The part stays mapped, and is zero then. `None` where
/// the kernel is older than 5.7.
///
/// # Safety
/// The range is part of a mapping of this file's, and nobody refers to it.
pub(super) unsafe fn take_out(base: NonNull<u8>, bytes: usize) -> Option<NonNull<u8>> {
    let flags = MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP;
    // SAFETY: the caller's.
    let base = unsafe { mremap(base.as_ptr().cast(), bytes, bytes, flags) };
    NonNull::new(base.ok()?.cast())
}
