//! Tags and exceptions (spec 4.2.10, 4.2.11), and what is known of the places that exceptions were thrown through.
//!
//! An exception is an object of the store's [heap](crate::state::heap): behind the word that says so, it has its tag, then its values, each
//! in as many words as it takes slots. So throwing copies words from slots, and catching copies them back.

use crate::Word;
use crate::state::heap::object::{EXCEPTION_VALUES_AT, ObjectType};
use crate::state::vm::Vm;
use pirn_decode::CatchTable;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A tag. Its address tells it apart from others.
#[derive(Debug)]
pub struct Tag {
    /// What its exceptions are in the heap.
    ty: *const ObjectType,
    /// How many words their values have.
    words: u32,
}

// SAFETY: the pointer is into the store that owns the tag and goes between threads with it (I2); nobody writes there.
unsafe impl Send for Tag {}
// SAFETY: as above.
unsafe impl Sync for Tag {}

impl Tag {
    /// A tag whose exceptions are such objects, and whose values have so many words.
    pub const fn new(ty: *const ObjectType, words: u32) -> Self {
        Self { ty, words }
    }

    /// How many words the values of its exceptions have.
    pub const fn words(&self) -> u32 {
        self.words
    }
}

/// The word that holds the tag of the exception at `exception`.
const TAG_AT: usize = 1;
/// The first word of its values.
const VALUES_AT: usize = EXCEPTION_VALUES_AT as usize / size_of::<Word>();

/// An exception, by its address: see [`Exception::of_word`].
#[derive(Debug, Clone, Copy)]
pub struct Exception(*const Word);

impl Exception {
    /// That of a word which is one's.
    pub const fn of_word(word: Word) -> Self {
        Self(std::ptr::with_exposed_provenance(word as usize))
    }

    /// Its tag.
    ///
    /// # Safety
    /// It is live.
    pub unsafe fn tag(self) -> *const Tag {
        // SAFETY: `make` wrote a pointer there.
        unsafe { self.0.add(TAG_AT).cast::<*const Tag>().read() }
    }

    /// Its values.
    ///
    /// # Safety
    /// It, its tag, and the store are live as long as this is in use.
    pub unsafe fn values<'a>(self) -> &'a [Word] {
        // SAFETY: so many words were written by `make`, and nobody writes to an exception afterwards.
        unsafe { std::slice::from_raw_parts(self.0.add(VALUES_AT), (*self.tag()).words as usize) }
    }

    /// Writes an exception of `tag` to where there is room for it, and gives its word.
    ///
    /// # Safety
    /// There is room for an object of the tag's type; at `values` are as many words as the tag has.
    unsafe fn make(room: *mut Word, tag: *const Tag, values: *const Word) -> Word {
        // SAFETY: as is asked for.
        unsafe {
            room.cast::<*const ObjectType>().write((*tag).ty);
            room.add(TAG_AT).cast::<*const Tag>().write(tag);
            room.add(VALUES_AT).copy_from_nonoverlapping(values, (*tag).words as usize);
        }
        room.expose_provenance() as Word
    }
}

impl Vm {
    /// Makes an exception, of the values at `values`: its word, or `None` if there is no room for it.
    ///
    /// # Safety
    /// As for [`Vm::collect`]; `tag` is live, of the machine's store, and the words are values of its type, in that store ([I5](crate#safety)),
    /// and rooted.
    pub unsafe fn make_exception(this: *mut Self, tag: *const Tag, values: &[Word]) -> Option<Word> {
        // SAFETY: the same is asked for; nothing is live above the machine's first free word.
        unsafe { Self::exception_below(this, tag, values.as_ptr(), (*this).top) }
    }

    /// As [`Vm::make_exception`], if the frames on the stack in use end at `top`.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn exception_below(
        this: *mut Self,
        tag: *const Tag,
        values: *const Word,
        top: *const Word,
    ) -> Option<Word> {
        // SAFETY: the tag's type lives as long as the store; what is allocated is written before anything else is.
        unsafe {
            let room = Self::allocate_below(this, (*(*tag).ty).bytes().into(), top);
            (!room.is_null()).then(|| Exception::make(room, tag, values))
        }
    }

    /// Leaves an exception for whoever throws it next: a host function that returns [`Exit::Thrown`](crate::Exit::Thrown). It is not
    /// collected meanwhile.
    ///
    /// # Safety
    /// [I5](crate#safety): it is the word of an exception of this machine's store.
    pub unsafe fn set_pending_exception(&mut self, exception: Word) {
        self.pending = exception;
    }

    /// The exception that nothing has caught, or that a host function is to throw; 0 if there is none.
    pub fn pending_exception(&self) -> Word {
        self.pending
    }

    /// The same, and there is none any more.
    pub fn take_pending_exception(&mut self) -> Word {
        std::mem::take(&mut self.pending)
    }
}

/// What is known of the place behind a call, or behind what throws.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThrownAt {
    /// Slot of the frame's header.
    pub(crate) header: u32,
    /// Byte of the code, the head counted.
    pub(crate) position: u32,
    /// Where the code begins.
    pub(crate) code: usize,
    /// The function's handlers; null if it has none.
    pub(crate) catches: *const CatchTable,
}

/// Places by their addresses. Code lives as long as its store, so what was found once remains.
pub(crate) type Places = HashMap<usize, ThrownAt, BuildHasherDefault<AddressHasher>>;

/// Addresses are no secret, and nobody chooses them.
#[derive(Debug, Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(byte.into()));
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}
