//! The system calls behind pages, on Linux.

use libc::{c_int, c_void};
use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;

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

/// A file of so many zeros that lies in memory alone, and has no name. `None` where there are no such files, or no more.
pub(super) fn memory_file(bytes: usize) -> Option<File> {
    // By its number: the C libraries of older Androids have no function for it.
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: the name is a string that ends with a zero.
    let file = unsafe { libc::syscall(libc::SYS_memfd_create, c"pirn".as_ptr(), flags) };
    let file = c_int::try_from(file).ok().filter(|&file| file >= 0)?;
    // SAFETY: the system has just given it, to nobody else.
    let file = unsafe { File::from_raw_fd(file) };
    file.set_len(bytes as u64).ok()?;
    Some(file)
}

/// How many files the process may have open.
pub(super) fn most_files() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the one limit.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

/// Has a file of [`memory_file`] stay as it is. Nobody else has it, so a system that refuses does no harm.
pub(super) fn seal(file: &File) {
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: nothing but the file is concerned.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) };
}

/// A new mapping of `room` bytes, of which the first `bytes` are as in the file, and the others zero. What is written to it is its own.
pub(super) fn map_file(file: &File, bytes: usize, room: usize) -> Option<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_NORESERVE;
    let file = file.as_raw_fd();
    if bytes == room {
        // SAFETY: without an address, the system chooses one where nothing is.
        return mapped(unsafe { libc::mmap(null_mut(), bytes, protection, flags, file, 0) });
    }
    let base = map_loosely(room)?;
    // SAFETY: the file takes the place of a part of the mapping made just now, which nobody knows of.
    let part = mapped(unsafe { libc::mmap(base.as_ptr().cast(), bytes, protection, flags | libc::MAP_FIXED, file, 0) });
    if part.is_none() {
        // SAFETY: as above.
        unsafe { unmap(base, room) };
        return None;
    }
    // SAFETY: a part of that mapping.
    unsafe { small_pages(base.add(bytes), room - bytes) };
    Some(base)
}

/// Gives back what was written since the mapping of [`map_file`] was made. `false`, with nothing changed, if it cannot be given back.
///
/// # Safety
/// The range is part of such a mapping, and nobody refers to it.
pub(super) unsafe fn revert(base: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: nobody refers to the bytes; pages that were given back are those of the file again, or zeros. If some are locked into
    // memory, the system gives an error before any is.
    unsafe { libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_DONTNEED) == 0 }
}

/// Gives `each` the parts of a range of mappings that lie in pages which only these have: of a mapping of a file, what was written to. Where
/// nothing was ever written may be among them. `None` if the system does not say.
pub(super) fn own_pages(base: NonNull<u8>, bytes: usize, each: &mut dyn FnMut(Range<usize>)) -> Option<()> {
    static TELLS: OnceLock<bool> = OnceLock::new();
    TELLS.get_or_init(tells_own_pages).then(|| pagemap(base, bytes, each))?
}

/// Whether [`pagemap`] is right. An emulator that runs programs of other processors may have memory at other addresses than these
/// know.
fn tells_own_pages() -> bool {
    const PAGES: usize = 64 << 10;
    let Some(file) = memory_file(4 * PAGES) else { return false };
    let Some(base) = map_file(&file, 3 * PAGES, 4 * PAGES) else { return false };
    let mut found = Vec::new();
    // SAFETY: the mapping is as long, nobody else knows of it, and it is given back once.
    let told = unsafe {
        base.add(PAGES).write_volatile(1);
        base.add(2 * PAGES).read_volatile();
        base.add(3 * PAGES).write_volatile(1);
        let told = pagemap(base, 4 * PAGES, &mut |range| found.push(range));
        unmap(base, 4 * PAGES);
        told
    };
    let page = page_size();
    told.is_some() && found == [PAGES..PAGES + page, 3 * PAGES..3 * PAGES + page]
}

/// Bytes of a page.
fn page_size() -> usize {
    // SAFETY: it asks for a number.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(PAGE)
}

/// As [`own_pages`], believing the system.
fn pagemap(base: NonNull<u8>, bytes: usize, each: &mut dyn FnMut(Range<usize>)) -> Option<()> {
    const ENTRY: usize = size_of::<u64>();
    // Bits of an entry: the page is there; it is swapped out; it is a file's, or zeros that many have.
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const SHARED: u64 = 1 << 61;
    let page = page_size();
    // Opened each time: it is of the process that opened it, which may not be this one since a `fork`.
    let map = File::open("/proc/self/pagemap").ok()?;
    let (first, count) = (base.addr().get() / page, bytes.div_ceil(page));
    let mut entries = [0; 1024 * ENTRY];
    let mut run = 0..0;
    for start in (0..count).step_by(1024) {
        let entries = &mut entries[..(count - start).min(1024) * ENTRY];
        map.read_exact_at(entries, ((first + start) * ENTRY) as u64).ok()?;
        for (entry, at) in entries.as_chunks().0.iter().zip(start..) {
            let entry = u64::from_ne_bytes(*entry);
            if entry & (PRESENT | SWAPPED) == 0 || entry & SHARED != 0 {
                continue;
            }
            let (begin, end) = (at * page, (at + 1) * page);
            if run.end != begin {
                if !run.is_empty() {
                    each(run);
                }
                run = begin..begin;
            }
            run.end = end;
        }
    }
    if !run.is_empty() {
        each(run.start..run.end.min(bytes));
    }
    Some(())
}
