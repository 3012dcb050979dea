//! Copies of pages.
//!
//! The first copy of many pages makes an *image* of what they hold, and they become a mapping of it like the copy. From then on nothing is
//! copied but what was written to since; when that has become half of the image, another one is made.

use super::image::{self, Mapped};
use super::{Image, Origin, Pages, copy_written};
use std::ops::Range;
use std::sync::Arc;

/// So many bytes are copied: that takes no longer than a mapping, and what has few bytes may be many.
const COPIED: usize = 64 << 10;

/// As much as is copied out of a mapping, in all, before another image pays.
const LEAST_IMAGED: usize = 256 << 10;

/// Room of a mapping: that of the largest slot, at least.
const ROOM: usize = 16 << 20;

/// A list of ranges, and bytes of all of them.
#[derive(Default)]
struct Parts {
    list: Vec<Range<usize>>,
    bytes: usize,
    /// There was no memory for more of them.
    is_short: bool,
}

impl Parts {
    fn push(&mut self, part: Range<usize>) {
        self.is_short |= self.list.try_reserve(1).is_err();
        self.bytes += part.len();
        if !self.is_short {
            self.list.push(part);
        }
    }
}

impl Pages {
    /// As the image has them, with zeros behind, `bytes` in all. `None` if the system does not map images, or no more, or there is no
    /// memory.
    pub(crate) fn of_image(image: &Arc<Image>, bytes: usize) -> Option<Self> {
        let least = bytes.max(image.len()).checked_next_multiple_of(64 << 10)?;
        let most = least.checked_next_power_of_two().map(|room| room.max(ROOM));
        let mapped = most.and_then(|room| Some((Mapped::new(image, room)?, room)));
        let ((base, mapped), room) = mapped.or_else(|| Some((Mapped::new(image, least)?, least)))?;
        Some(Self { base, room, used: bytes, origin: Origin::Image(mapped) })
    }

    /// Has them be `bytes` again as the image has them, with zeros behind. `false`, with nothing changed, if they are not of this image, or the
    /// system does not do that.
    ///
    /// # Safety
    /// Nobody refers to them.
    pub(crate) unsafe fn revert(&mut self, image: &Arc<Image>, bytes: usize) -> bool {
        match &mut self.origin {
            Origin::Image(mapped) if Arc::ptr_eq(&mapped.image, image) && bytes <= self.room => {
                let used = self.used.next_multiple_of(64 << 10).min(self.room);
                // SAFETY: a part of the mapping, and nobody refers to it.
                let reverted = unsafe { image::revert(self.base, used) };
                if reverted {
                    (self.used, mapped.is_clean, mapped.copied) = (bytes, true, 0);
                }
                reverted
            }
            Origin::Image(_) | Origin::Nothing | Origin::Heap | Origin::Pool(_) => false,
        }
    }

    /// A copy of the first `used` bytes, behind which nothing was written. These bytes may move. `is_untouched` says that nobody has written to them
    /// since they were copied last, or made of an image. `None` if there is no memory for it; nothing has changed then.
    ///
    /// # Safety
    /// There are so many; nobody refers to them.
    pub(crate) unsafe fn fork(&mut self, used: usize, is_untouched: bool) -> Option<Self> {
        if used > COPIED {
            // SAFETY: the same is asked for.
            let shared = unsafe { self.share(used, is_untouched) };
            if shared.is_some() {
                return shared;
            }
        }
        let copy = Self::zeroed(used)?;
        // SAFETY: there are so many at either place, aligned to words, and the new ones are zero.
        unsafe { copy_written(self.base.as_ptr(), copy.base.as_ptr(), used) };
        Some(copy)
    }

    /// As [`Self::fork`], by an image. `None` also if the system does not map images.
    ///
    /// # Safety
    /// That of [`Self::fork`].
    unsafe fn share(&mut self, used: usize, is_untouched: bool) -> Option<Self> {
        let Origin::Image(mapped) = &mut self.origin else {
            // SAFETY: the same is asked for.
            return unsafe { self.freeze(used) };
        };
        if mapped.is_clean && is_untouched {
            return Self::of_image(&mapped.image, used);
        }
        mapped.is_clean = false;
        let mut written = Parts::default();
        let told = image::own_pages(self.base, used, &mut |part| written.push(part));
        mapped.copied += written.bytes;
        if told.is_none() || written.is_short || mapped.copied > (mapped.image.len() / 2).max(LEAST_IMAGED) {
            // SAFETY: the same is asked for.
            return unsafe { self.freeze(used) };
        }
        mapped.is_clean = written.list.is_empty();
        let mut copy = Self::of_image(&mapped.image, used)?;
        for part in &written.list {
            // SAFETY: the part lies within the bytes of both, which do not overlap, and nobody refers to either.
            unsafe {
                let (from, to) = (self.base.add(part.start), copy.base.add(part.start));
                to.copy_from_nonoverlapping(from, part.len());
            }
        }
        let Origin::Image(copied) = &mut copy.origin else { unreachable!("just made") };
        copied.is_clean = written.list.is_empty();
        Some(copy)
    }

    /// Makes an image of the first `used` bytes; what there was becomes a mapping of it, and so is what is given.
    ///
    /// # Safety
    /// That of [`Self::fork`].
    unsafe fn freeze(&mut self, used: usize) -> Option<Self> {
        let mut written = Parts::default();
        // What of the bytes may be no page of theirs, and not zero.
        let begin = match &self.origin {
            Origin::Image(mapped) => mapped.image.len().min(used),
            Origin::Nothing | Origin::Heap | Origin::Pool(_) => 0,
        };
        if begin > 0 {
            written.push(0..begin);
        }
        // SAFETY: so many bytes are there.
        let behind = unsafe { self.base.add(begin) };
        let told =
            image::own_pages(behind, used - begin, &mut |part| written.push(part.start + begin..part.end + begin));
        if told.is_none() || written.is_short {
            written.list.clear();
            written.list.push(0..used);
        }
        // SAFETY: so many can be read, and nobody refers to them; pages are whole chunks, as images are, and bytes of pages are aligned.
        let image = Arc::new(unsafe { Image::of(self.base, used, &written.list)? });
        let copy = Self::of_image(&image, used)?;
        // If there is no other mapping, there is no need of one either: what the copy has goes on as it is.
        if let Some(frozen) = Self::of_image(&image, used) {
            *self = frozen;
        }
        Some(copy)
    }
}
