//! The system calls behind pages, on Linux.

use libc::{c_int, c_void};
use std::ptr::{NonNull, null_mut};

/// Bytes of a page, or of a part of one where pages are larger: what is asked for is whole pages of any size up to 64
/// KiB.
const PAGE: usize = 4096;

/// A new mapping of so many bytes, which are zero. `None` if the system refuses it, be it because it never has so much.
pub(super) fn map(bytes: usize) -> Option<NonNull<u8>> {
    map_with(bytes, 0)
}

/// As [`map`], but without regard to how much memory there is: most of it will not be used.
pub(super) fn map_loosely(bytes: usize) -> Option<NonNull<u8>> {
    map_with(bytes, libc::MAP_NORESERVE)
}

fn map_with(bytes: usize, flags: c_int) -> Option<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags;
    // SAFETY: without an address, the system chooses one where nothing is.
    mapped(unsafe { libc::mmap(null_mut(), bytes, protection, flags, -1, 0) })
}

fn mapped(address: *mut c_void) -> Option<NonNull<u8>> {
    if address == libc::MAP_FAILED { None } else { NonNull::new(address.cast()) }
}

/// Keeps the system from giving pages of megabytes for single bytes.
///
/// # Safety
/// The range is part of a mapping of this file's.
pub(super) unsafe fn small_pages(base: NonNull<u8>, bytes: usize) {
    // A kernel without large pages refuses it, and need not be asked.
    // SAFETY: the advice changes no bytes.
    unsafe { libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_NOHUGEPAGE) };
}

/// Has the system commit the pages of what is about to be written in one go: touching them one by one costs a fault each.
pub(super) fn populate<T>(room: &mut [T]) {
    let (start, end) = (room.as_mut_ptr().addr().next_multiple_of(PAGE), room.as_mut_ptr_range().end.addr());
    let bytes = end.saturating_sub(start) / PAGE * PAGE;
    if bytes > 0 {
        // A kernel that does not know the advice, or has larger pages, refuses it: then they are touched one by one.
        // SAFETY: the advice changes no bytes; the range lies within `room`.
        unsafe {
            libc::madvise(room.as_mut_ptr().with_addr(start).cast(), bytes, libc::MADV_POPULATE_WRITE);
        }
    }
}

/// Gives a mapping back.
///
/// # Safety
/// It is one of this file's, whole, or the end of one, and nobody refers to it any more.
pub(super) unsafe fn unmap(base: NonNull<u8>, bytes: usize) {
    // SAFETY: nobody refers to these addresses, which the system gave. It cannot fail for a range that is mapped; were
    // it to, the range would stay unused.
    unsafe { libc::munmap(base.as_ptr().cast(), bytes) };
}

/// Makes all bytes zero by giving the pages back.
///
/// # Safety
/// The range is part of a mapping of this file's, and nobody refers to it.
pub(super) unsafe fn clear(base: NonNull<u8>, bytes: usize) {
    // SAFETY: nobody refers to the bytes; anonymous pages that were given back read as zeros.
    if unsafe { libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_DONTNEED) } != 0 {
        // Pages that are locked into memory cannot be given back.
        // SAFETY: the range is mapped for writing, and nobody refers to it.
        unsafe { base.write_bytes(0, bytes) };
    }
}

/// How many of the first `bytes` bytes lie in pages that are in memory: a hint, for pages may be swapped out.
///
/// # Safety
/// The range, of [`MOST_COUNTED`] bytes at most, is part of a mapping of this file's.
pub(super) unsafe fn resident(base: NonNull<u8>, bytes: usize) -> usize {
    let mut pages = [0_u8; MOST_COUNTED / PAGE];
    let count = bytes.div_ceil(PAGE).min(pages.len());
    // SAFETY: the range is mapped, and looked at only; there is a byte for each page, and for more where pages are
    // larger.
    if unsafe { libc::mincore(base.as_ptr().cast(), count * PAGE, pages.as_mut_ptr().cast()) } != 0 {
        return 0;
    }
    pages[..count].iter().filter(|&&page| page & 1 != 0).count() * PAGE
}

/// Most bytes that [`resident`] looks at.
pub(super) const MOST_COUNTED: usize = 4 << 20;

/// Makes a mapping longer, where it is or elsewhere.
///
/// # Safety
/// It is one of this file's, whole, and nobody refers to it any more.
pub(super) unsafe fn extend(base: NonNull<u8>, old: usize, bytes: usize) -> Option<NonNull<u8>> {
    // SAFETY: a whole mapping, which may move, for nobody refers to it.
    mapped(unsafe { libc::mremap(base.as_ptr().cast(), old, bytes, libc::MREMAP_MAYMOVE) })
}

/// Moves the pages of a part of a mapping to a mapping of their own, which takes the place of the one at `to`. The part
/// stays mapped, and is zero then. `false` where the kernel is older than 5.7; nothing has changed then.
///
/// # Safety
/// The part is of a mapping of this file's, and nobody refers to it; at `to` is another one of so many bytes, whole.
pub(super) unsafe fn take_out(base: NonNull<u8>, bytes: usize, to: NonNull<u8>) -> bool {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
    // SAFETY: nobody refers to the part, whose pages may move; what was mapped at `to` is this file's, and unmapped
    // whole.
    mapped(unsafe { libc::mremap(base.as_ptr().cast(), bytes, bytes, flags, to.as_ptr().cast::<c_void>()) }).is_some()
}

/// Whether the part of a mapping is still there that [`take_out`] took pages of, and if not, puts zeros there. An
/// emulator may know `mremap` and not this flag of it. `false` if somebody else has the addresses now.
///
/// # Safety
/// The part was of a mapping of this file's, and nobody refers to it.
pub(super) unsafe fn is_left(base: NonNull<u8>, bytes: usize) -> bool {
    let mut page = [0_u8; 16];
    // SAFETY: there is a byte for the one page.
    if unsafe { libc::mincore(base.as_ptr().cast(), PAGE, page.as_mut_ptr().cast()) } == 0 {
        return true;
    }
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: nothing is replaced.
    let there = unsafe { libc::mmap(base.as_ptr().cast(), bytes, protection, flags, -1, 0) };
    if there == base.as_ptr().cast() {
        // SAFETY: the mapping made just now.
        unsafe { small_pages(base, bytes) };
        return true;
    }
    if there != libc::MAP_FAILED {
        // Old kernels take the address for a wish.
        // SAFETY: the mapping made just now.
        unsafe { libc::munmap(there, bytes) };
    }
    false
}

/// Moves pages back that [`take_out`] moved. The mapping at `from` is gone then.
///
/// # Safety
/// That of [`take_out`], of the same ranges.
pub(super) unsafe fn put_back(from: NonNull<u8>, bytes: usize, base: NonNull<u8>) -> bool {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: nobody refers to either range: `from` is a mapping of this file's, whole, and takes the place of its old
    // one.
    mapped(unsafe { libc::mremap(from.as_ptr().cast(), bytes, bytes, flags, base.as_ptr().cast::<c_void>()) }).is_some()
}
