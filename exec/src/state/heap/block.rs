//! Blocks: 32 KiB of objects of one size, with a mark for each.
//!
//! A block lies at a multiple of its size, so an object's address leads to its block and to its mark. What is not in use is
//! *free*: its first word is odd, the address of the next free object of the list or 0, plus one. What is in use begins with
//! the address of an [`ObjectType`](super::object::ObjectType), which is even. So one is told from the other by its first word,
//! which conservative marking needs.
//!
//! A block is swept by words of marks: what is free of 64 places is one operation, so a block of objects that all stay takes 64.
//!
//! An object that is larger than any class has an allocation of its own, which begins as a block does.

use pirn_decode::objects::{CLASS_BYTES, CLASSES};
use pirn_decode::planted;

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 32 << 10;

/// A bit for each 8 bytes of a block.
pub(super) type Marks = [u64; BLOCK_BYTES / 8 / 64];

/// What a block begins with.
#[repr(C)]
pub(crate) struct Block {
    /// A bit for each 8 bytes: whether an object is marked that begins there.
    marks: Marks,
    /// Of which class its objects are.
    pub(crate) class: u16,
    padding: [u16; 3],
    /// While the heap is copied, the address of this block's copy.
    copy: usize,
    more_padding: [u64; 6],
}

/// Where a block's first object lies.
pub(crate) const FIRST: usize = 576;

const _: () = assert!(size_of::<Block>() == FIRST && FIRST.is_multiple_of(16));

/// How many objects of a class a block has.
const fn count(class: u16) -> usize {
    (BLOCK_BYTES - FIRST) / CLASS_BYTES[class as usize] as usize
}

/// Where the objects of each class begin.
static BEGINNINGS: [Marks; CLASSES] = {
    let mut all = [[0; BLOCK_BYTES / 8 / 64]; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let mut index = 0;
        while index < count(class as u16) {
            let at = (FIRST + index * CLASS_BYTES[class] as usize) / 8;
            all[class][at / 64] |= 1 << (at % 64);
            index += 1;
        }
        class += 1;
    }
    all
};

impl Block {
    /// The block of the object at an address.
    #[inline(always)]
    pub(crate) fn of(object: usize) -> *mut Self {
        std::ptr::with_exposed_provenance_mut(object & !(BLOCK_BYTES - 1))
    }

    /// Marks an object: whether it was not marked before.
    ///
    /// # Safety
    /// `object` is that of a live block, to which nobody else refers.
    #[inline(always)]
    pub(crate) unsafe fn mark(object: usize) -> bool {
        let (word, bit) = place(object);
        // SAFETY: the block is live, and there is a bit for each of its words.
        unsafe {
            let marks = &mut (*Self::of(object)).marks[word];
            let is_new = *marks & bit == 0;
            *marks |= bit;
            is_new
        }
    }

    /// Whether an object is marked.
    ///
    /// # Safety
    /// As for [`Self::mark`].
    pub(crate) unsafe fn is_marked(object: usize) -> bool {
        let (word, bit) = place(object);
        // SAFETY: as in `mark`.
        unsafe { (*Self::of(object)).marks[word] & bit != 0 }
    }

    /// Ends the mark of an object, or of the place for one.
    ///
    /// # Safety
    /// As for [`Self::mark`].
    pub(super) unsafe fn unmark(object: usize) {
        let (word, bit) = place(object);
        // SAFETY: as in `mark`.
        unsafe { (*Self::of(object)).marks[word] &= !bit };
    }

    /// Ends all marks.
    ///
    /// # Safety
    /// `this` has room for what a block begins with, to which nobody refers.
    pub(crate) unsafe fn clear(this: *mut Self) {
        // SAFETY: as is asked for.
        unsafe { (&raw mut (*this).marks).write_bytes(0, 1) };
    }

    /// Whether no object is marked.
    ///
    /// # Safety
    /// `this` is live, and nobody writes to it.
    pub(super) unsafe fn is_unmarked(this: *const Self) -> bool {
        // SAFETY: as is asked for.
        unsafe { (*this).marks.iter().fold(0, |any, word| any | word) == 0 }
    }

    /// How many objects are marked.
    ///
    /// # Safety
    /// As for [`Self::is_unmarked`].
    #[cfg(test)]
    pub(super) unsafe fn marked(this: *const Self) -> usize {
        // SAFETY: as is asked for.
        unsafe { (*this).marks.iter().map(|word| word.count_ones() as usize).sum() }
    }

    /// The marks.
    ///
    /// # Safety
    /// As for [`Self::is_unmarked`].
    pub(super) unsafe fn marks(this: *const Self) -> Marks {
        // SAFETY: as is asked for.
        unsafe { (*this).marks }
    }

    /// Copies the block, of so many bytes, to `copy`, and notes where that is.
    ///
    /// # Safety
    /// `this` is live, and `copy` has room for as many bytes; nobody refers to either.
    pub(super) unsafe fn copy_to(this: *mut Self, copy: *mut Self, bytes: usize) {
        // SAFETY: as is asked for. What is not initialised is copied as such.
        unsafe {
            copy.cast::<u8>().copy_from_nonoverlapping(this.cast(), bytes);
            (*this).copy = copy.expose_provenance();
        }
    }

    /// Where the copy of an object is.
    ///
    /// # Safety
    /// `object` is that of a live block which was [copied](Self::copy_to), and whose copy is.
    #[inline(always)]
    pub(super) unsafe fn copy_of(object: usize) -> usize {
        // SAFETY: the block is live, and nobody writes to it.
        unsafe { (*Self::of(object)).copy + (object & (BLOCK_BYTES - 1)) }
    }

    /// The addresses of all objects that are marked.
    ///
    /// # Safety
    /// As for [`Self::is_unmarked`], as long as they are asked for.
    pub(super) unsafe fn objects(this: *const Self) -> impl Iterator<Item = usize> {
        let base = this.expose_provenance();
        (0..BLOCK_BYTES / 8 / 64).flat_map(move |word| {
            // SAFETY: as is asked for.
            let mut marks = unsafe { (*this).marks[word] };
            std::iter::from_fn(move || {
                let bit = (marks != 0).then(|| marks.trailing_zeros() as usize)?;
                marks &= marks - 1;
                Some(base + 8 * (64 * word + bit))
            })
        })
    }

    /// Frees all objects that are not marked, and ends the marks. The first that is free, or 0, and how many there are.
    ///
    /// # Safety
    /// `this` is a live block of its class, and nothing that is in use is left unmarked, nor referred to.
    pub(crate) unsafe fn sweep(this: *mut Self) -> (u64, usize) {
        // SAFETY: as is asked for; each object lies within the block.
        unsafe {
            let (class, base) = (usize::from((*this).class), this.expose_provenance());
            if Self::is_unmarked(this) {
                let (size, len) = (CLASS_BYTES[class] as usize, count(class as u16));
                let last = base + FIRST + (len - 1) * size;
                for object in (base + FIRST..last).step_by(size) {
                    std::ptr::with_exposed_provenance_mut::<u64>(object).write((object + size) as u64 | 1);
                }
                std::ptr::with_exposed_provenance_mut::<u64>(last).write(1);
                return ((base + FIRST) as u64, len);
            }
            let (mut first, mut free) = (0, 0);
            // From the end on, so that the list goes upwards.
            for (word, (beginnings, marks)) in BEGINNINGS[class].iter().zip(&mut (*this).marks).enumerate().rev() {
                let mut unmarked = beginnings & !*marks;
                if planted(17) && word == BLOCK_BYTES / 8 / 64 - 1 {
                    unmarked = *beginnings;
                }
                *marks = 0;
                free += unmarked.count_ones() as usize;
                while unmarked != 0 {
                    let bit = unmarked.ilog2() as usize;
                    unmarked ^= 1 << bit;
                    let object = base + 8 * (64 * word + bit);
                    std::ptr::with_exposed_provenance_mut::<u64>(object).write(first | 1);
                    first = object as u64;
                }
            }
            (first, free)
        }
    }

    /// Whether an object in use begins at an address within a live block of small objects.
    ///
    /// # Safety
    /// It is; nobody writes to it.
    pub(crate) unsafe fn has_object(address: usize) -> bool {
        // SAFETY: as is asked for; what begins an object is initialised, in use or free.
        unsafe {
            let class = (*Self::of(address)).class;
            let size = CLASS_BYTES[usize::from(class)] as usize;
            let at = address & (BLOCK_BYTES - 1);
            at >= FIRST
                && (at - FIRST).is_multiple_of(size)
                && (at - FIRST) / size < count(class)
                && std::ptr::with_exposed_provenance::<u64>(address).read() & 1 == 0
        }
    }
}

/// Where an object's mark is: the word, and the bit.
#[inline(always)]
pub(super) fn place(object: usize) -> (usize, u64) {
    let word = (object & (BLOCK_BYTES - 1)) / 8;
    (word / 64, 1 << (word % 64))
}
