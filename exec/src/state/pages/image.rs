//! Images: bytes that any number of memories begin with, each of which has pages of its own only for what it writes to (copy on write).
//!
//! An image is a file that lies in memory alone, and a memory that begins with it is a private mapping of that file, with zeros
//! behind. Mapping 16 MiB and giving them back takes 3 us, whatever there is in them, or 5 us with zeros behind; copying takes 1.8 us for
//! each page, nearly all of it the fault by which the system commits it, so that up to 64 KiB are better copied. What was written to
//! since, the kernel knows (`/proc/self/pagemap`): asking takes 8 us for 16 MiB, where comparing them takes a thousand.
//!
//! Each such memory is a mapping, or two. The kernel allows a process some 65,530, and who has used them up can do little else, so
//! there are no more than [`MOST`] of them; further ones are copied. Each image is an open file, of which a process may have 1,024, mostly,
//! and needs for other things, too: so images are no more than half of what the system allows.
//!
//! Tried and rejected: having the mapping of an image take the place of a part of a slot, for giving the slot back takes as many calls as
//! a mapping does; an image as long as the room, which is one mapping instead of two, but where pages that are written to behind the
//! content are made twice, the file's and the memory's own.

use super::{CHUNK, is_zero, system};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most memories that begin with images, in this process.
const MOST: usize = 16_384;

/// How many there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// How many images there are, each an open file.
static FILES: AtomicUsize = AtomicUsize::new(0);

/// What images are whole multiples of: of pages, on any system.
const GRAIN: usize = 64 << 10;

/// What some mappings begin with.
#[derive(Debug)]
pub(crate) struct Image {
    file: File,
    /// How many bytes of the file are mapped.
    bytes: usize,
    _place: Place,
}

/// A place among the images.
#[derive(Debug)]
struct Place;

impl Place {
    /// `None` if there are too many.
    fn take() -> Option<Self> {
        let this = Self;
        (FILES.fetch_add(1, Ordering::Relaxed) < system::most_files() / 2).then_some(this)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        FILES.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Image {
    /// An image that is to be written, of at most so many bytes. `None` if the system has no such files, or there are too many images or
    /// mappings already.
    fn begin(most: usize) -> Option<Self> {
        if COUNT.load(Ordering::Relaxed) >= MOST {
            return None;
        }
        let place = Place::take()?;
        Some(Self { file: system::memory_file(most.next_multiple_of(GRAIN))?, bytes: GRAIN, _place: place })
    }

    /// Writes a piece of it. `None` if there is no memory for it.
    fn write(&mut self, offset: usize, bytes: &[u8]) -> Option<()> {
        self.file.write_all_at(bytes, offset as u64).ok()?;
        self.bytes = self.bytes.max((offset + bytes.len()).next_multiple_of(GRAIN));
        Some(())
    }

    /// These pieces at these offsets, later ones over earlier ones, and zeros elsewhere, in at most so many bytes. `None` if the system has no
    /// such files, or there is no memory for it.
    pub(crate) fn new<'a>(pieces: impl Iterator<Item = (usize, &'a [u8])>, most: usize) -> Option<Self> {
        let mut this = Self::begin(most)?;
        for (offset, bytes) in pieces {
            this.write(offset, bytes)?;
        }
        system::seal(&this.file);
        Some(this)
    }

    /// What lies in the parts `written` of the first `used` bytes from `base` on, and zeros elsewhere. `None` as above.
    ///
    /// # Safety
    /// So many bytes can be read there, aligned to words, and nobody writes to them. Parts begin with whole chunks.
    pub(super) unsafe fn of(base: NonNull<u8>, used: usize, written: &[Range<usize>]) -> Option<Self> {
        let mut this = Self::begin(used)?;
        for part in written {
            // What is not zero and was not written to the file yet.
            let mut run = part.start..part.start;
            for at in part.clone().step_by(CHUNK).chain([part.end]) {
                // SAFETY: a whole chunk of bytes that can be read.
                if at + CHUNK <= part.end && unsafe { is_zero(base.add(at).as_ptr()) } || at == part.end {
                    if !run.is_empty() {
                        // SAFETY: a part of the bytes, which can be read, and nobody writes to.
                        let bytes = unsafe { std::slice::from_raw_parts(base.add(run.start).as_ptr(), run.len()) };
                        this.write(run.start, bytes)?;
                    }
                    run = at + CHUNK..at + CHUNK;
                } else {
                    run.end = (at + CHUNK).min(part.end);
                }
            }
        }
        system::seal(&this.file);
        Some(this)
    }

    /// How many bytes memories begin with that it has.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }
}

/// A mapping that begins with an image, as long as this is there.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) image: Arc<Image>,
    /// Whether nothing had been written to it when it was looked at last.
    pub(super) is_clean: bool,
    /// How many bytes were copied out of it that are not in the image.
    pub(super) copied: usize,
}

impl Mapped {
    /// A new mapping: where it begins, of `room` bytes, which is whole pages, and no fewer than the image has. `None` if there are too many,
    /// or the system refuses it.
    pub(super) fn new(image: &Arc<Image>, room: usize) -> Option<(NonNull<u8>, Self)> {
        // Dropped if it comes to nothing.
        let this = Self { image: Arc::clone(image), is_clean: true, copied: 0 };
        if COUNT.fetch_add(1, Ordering::Relaxed) >= MOST {
            return None;
        }
        Some((system::map_file(&image.file, image.bytes, room)?, this))
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has a mapping be as its image, with zeros behind. `false`, with nothing changed, if the system does not.
///
/// # Safety
/// The range is part of a mapping of [`Mapped::new`], and nobody refers to it.
pub(super) unsafe fn revert(base: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: a part of a mapping of `system`, of a file, and nobody refers to it.
    unsafe { system::revert(base, bytes) }
}

/// Gives a mapping back.
///
/// # Safety
/// It is a whole one of [`Mapped::new`], given back once, and nobody refers to it.
pub(super) unsafe fn give(base: NonNull<u8>, room: usize) {
    // SAFETY: a whole mapping of `system`, given back once.
    unsafe { system::unmap(base, room) };
}

/// See [`system::own_pages`].
pub(super) fn own_pages(base: NonNull<u8>, bytes: usize, each: &mut dyn FnMut(Range<usize>)) -> Option<()> {
    system::own_pages(base, bytes, each)
}
