//! Zeroed memory from the system: what linear memories, tables and value stacks are made of.
//!
//! A [`Pages`] is a run of bytes that are zero until somebody writes to them, with *room* behind what was asked for, so
//! that growing within it costs nothing. Where they come from depends on how many there are:
//!
//! | bytes | origin | growing beyond the room |
//! |---|---|---|
//! | less than [`HEAP_LIMIT`], tables mostly | the allocator | copies |
//! | up to 16 MiB | a slot of a mapping that many share ([`pool`]): 64 KiB or 16 MiB | from 64 KiB copies what is not zero, from 16 MiB moves page tables |
//! | more | a mapping of their own, twice as large | moves page tables |
//!
//! The system commits a page when it is first touched, so room costs addresses and nothing else, and making a memory
//! takes as long for 4 GiB as for 64 KiB. Where the system refuses room, there is none; only where it refuses what is
//! needed, there is no memory. Slots are no promise of the system's that it has so much memory (`MAP_NORESERVE`), and
//! never huge pages (`MADV_NOHUGEPAGE`), which would commit 2 MiB for a byte; for mappings of their own the system
//! decides both, as for any allocation, but what grew out of a slot keeps its small pages.
//!
//! A copy of pages ([`Pages::fork`]), if they are many, is a mapping of its own that begins with an *image* of them ([`image`]), and so are
//! then the pages that were copied. Such a mapping copies what is not zero when it grows beyond its room.
//!
//! That is so on Linux and Android. Elsewhere, and under Miri, everything comes from the allocator ([`heap`]).

mod copy;
mod heap;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
mod image;
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(miri))))]
#[path = "absent_image.rs"]
mod image;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
mod pool;
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(miri))))]
#[path = "absent.rs"]
mod pool;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
mod system;

pub(crate) use image::Image;

use std::ptr::NonNull;

/// Below so many bytes a page, which is the least a slot commits, would be a waste.
const HEAP_LIMIT: usize = if pool::PRESENT { 4096 } else { usize::MAX };

/// Has the system commit the pages of what is about to be written all over in one go, where it can.
pub(crate) fn populate<T>(room: &mut [T]) {
    pool::populate(room);
}

/// Bytes that were zero when they were taken, and that nobody else refers to.
#[derive(Debug)]
pub(crate) struct Pages {
    base: NonNull<u8>,
    room: usize,
    /// How many were asked for. Behind them nothing is written.
    used: usize,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    /// There are no bytes.
    Nothing,
    Heap,
    Pool(pool::Source),
    /// A mapping that begins with an image.
    Image(image::Mapped),
}

// SAFETY: they own their bytes (I9 of the crate).
unsafe impl Send for Pages {}
// SAFETY: as above; a shared `Pages` gives no more than an address.
unsafe impl Sync for Pages {}

impl Pages {
    /// No bytes.
    pub(crate) const fn empty() -> Self {
        // Aligned for whatever is kept in pages.
        Self { base: NonNull::<u64>::dangling().cast(), room: 0, used: 0, origin: Origin::Nothing }
    }

    /// At least `bytes` zeros. `None` if there is no memory for them.
    pub(crate) fn zeroed(bytes: usize) -> Option<Self> {
        if bytes == 0 {
            return Some(Self::empty());
        }
        if bytes < HEAP_LIMIT {
            return Some(Self { base: heap::zeroed(bytes)?, room: bytes, used: bytes, origin: Origin::Heap });
        }
        let (base, room, source) = pool::take(bytes)?;
        Some(Self { base, room, used: bytes, origin: Origin::Pool(source) })
    }

    /// Room for `bytes` zeros, whether the system has so much memory or not: who asks will mostly use little of it. `None` if there
    /// are no addresses for them, or, where pages come from the allocator, no memory.
    pub(crate) fn reserved(bytes: usize) -> Option<Self> {
        if bytes < HEAP_LIMIT {
            return Self::zeroed(bytes);
        }
        let (base, room, source) = pool::reserve(bytes)?;
        Some(Self { base, room, used: bytes, origin: Origin::Pool(source) })
    }

    /// Their first byte, aligned to words at least. So many bytes as were asked for may be used.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// How many were asked for.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// How many there are.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Gives back what lies behind the first `kept` bytes. These are as they were, the others zero.
    ///
    /// # Safety
    /// Nobody refers to the others.
    pub(crate) unsafe fn trim(&mut self, kept: usize) {
        if matches!(self.origin, Origin::Pool(_)) && kept < self.room {
            // SAFETY: the bytes are from there, as many as there is room for, and nobody refers to those behind `kept`.
            unsafe { pool::trim(self.base, self.room, kept) };
        }
    }

    /// Makes room for `bytes`, of which the first `used` are as they were and the others zero: nothing behind `used` has
    /// been written to. `false`, with nothing changed, if there is no memory for it.
    ///
    /// # Safety
    /// `used` is no more than there is room; nobody refers to the bytes, which may move.
    pub(crate) unsafe fn grow(&mut self, used: usize, bytes: usize) -> bool {
        if bytes <= self.room {
            self.used = self.used.max(bytes);
            return true;
        }
        let grown = match &mut self.origin {
            Origin::Nothing => None,
            // SAFETY: the bytes are from there, as many as there is room for: at least `used`, less than `bytes`;
            // behind `used` they are zero, for nothing has been written there.
            Origin::Heap if bytes < HEAP_LIMIT => unsafe { heap::grow(self.base, self.room, used, bytes) },
            Origin::Heap | Origin::Image(_) => None,
            // SAFETY: the bytes are from there, as many as there is room for, and nobody refers to them.
            Origin::Pool(source) => unsafe { pool::grow(self.base, self.room, source, bytes) },
        };
        if let Some((base, room)) = grown {
            (self.base, self.room, self.used) = (base, room, bytes);
            return true;
        }
        let Some(grown) = Self::zeroed(bytes) else { return false };
        // SAFETY: the new bytes are zero, nobody else's, and more than `used`.
        unsafe { copy_written(self.base.as_ptr(), grown.base.as_ptr(), used) };
        *self = grown;
        true
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        match &mut self.origin {
            Origin::Nothing => {}
            // SAFETY: the bytes are from there, as many as there is room for, and given back once.
            Origin::Heap => unsafe { heap::free(self.base, self.room) },
            // SAFETY: as above.
            Origin::Pool(source) => unsafe { pool::give(self.base, self.room, self.used, source) },
            // SAFETY: as above.
            Origin::Image(_) => unsafe { image::give(self.base, self.room) },
        }
    }
}

/// Bytes that are looked at together: a page on most systems.
const CHUNK: usize = 4096;

/// Whether all bytes of a chunk are zero.
///
/// # Safety
/// So many bytes can be read at `chunk`, which is aligned to words.
#[inline(always)]
unsafe fn is_zero(chunk: *const u8) -> bool {
    // SAFETY: a chunk is so many arrays of words, which can be read and are aligned; bytes of pages are initialised.
    let words = unsafe { &*chunk.cast::<[[u64; 16]; CHUNK / 128]>() };
    // What is written to mostly begins with something.
    if words[0] != [0; 16] {
        return false;
    }
    // All of it, without looking in between: that is a load and an `or` for each vector.
    let mut all = [0; 16];
    for words in words {
        for (all, word) in all.iter_mut().zip(words) {
            *all |= word;
        }
    }
    all == [0; 16]
}

/// Copies to where there are zeros, and leaves alone what is zero: so pages that nobody touched stay untouched.
///
/// # Safety
/// Both ranges are valid, aligned to words, and do not overlap.
unsafe fn copy_written(from: *const u8, to: *mut u8, bytes: usize) {
    let whole = bytes / CHUNK * CHUNK;
    for at in (0..whole).step_by(CHUNK) {
        // SAFETY: both chunks lie within their ranges, which do not overlap; a range aligned to words has such chunks.
        unsafe {
            if !is_zero(from.add(at)) {
                to.add(at).copy_from_nonoverlapping(from.add(at), CHUNK);
            }
        }
    }
    // SAFETY: this is the rest of both ranges, which do not overlap.
    unsafe { to.add(whole).copy_from_nonoverlapping(from.add(whole), bytes - whole) };
}
