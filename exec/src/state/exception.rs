//! Exceptions (spec 4.2.11).
//!
//! An exception is an object of the store's [heap](crate::state::heap): behind the word that says so, it has its tag, then its values, each
//! in as many words as it takes slots. So throwing copies words from slots, and catching copies them back.

use crate::Word;
use crate::state::heap::OuterStack;
use crate::state::heap::object::{EXCEPTION_VALUES_AT, ObjectType, TAG_AT as TAG_BYTE};
use crate::state::tag::Tag;
use crate::state::vm::Vm;
use std::ptr::null;
use std::sync::atomic::{AtomicU64, Ordering};

/// The word that holds the tag of the exception at `exception`.
const TAG_AT: usize = TAG_BYTE as usize / size_of::<Word>();
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
        unsafe { std::slice::from_raw_parts(self.0.add(VALUES_AT), (*self.tag()).words() as usize) }
    }

    /// Writes an exception of `tag` to where there is room for it, and gives its word.
    ///
    /// # Safety
    /// There is room for an object of the tag's type; at `values` are as many words as the tag has.
    unsafe fn make(room: *mut Word, tag: *const Tag, values: *const Word) -> Word {
        // SAFETY: as is asked for.
        unsafe {
            room.cast::<*const ObjectType>().write((*tag).ty());
            room.add(TAG_AT).cast::<*const Tag>().write(tag);
            room.add(VALUES_AT).copy_from_nonoverlapping(values, (*tag).words() as usize);
        }
        room.expose_provenance() as Word
    }
}

/// What is to be put back when a callback of the embedder is over.
#[derive(Debug)]
#[must_use]
pub struct KeptPending {
    /// Of the callback further out, if there is one.
    outer: (Word, u64),
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
            let room = Self::allocate_below(this, (*(*tag).ty()).bytes().into(), top);
            (!room.is_null()).then(|| Exception::make(room, tag, values))
        }
    }

    /// Leaves an exception for whoever throws it next: a host function that returns [`Exit::Thrown`](crate::Exit::Thrown) with the number that
    /// this gives. It is not collected meanwhile.
    ///
    /// # Safety
    /// [I5](crate#safety): it is the word of an exception of this machine's store.
    pub unsafe fn set_pending_exception(&mut self, exception: Word) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.pending = exception;
        self.pending_number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.pending_number
    }

    /// The number of the exception that was left last: no other one has it in the process, but copies of the same in copies of its store.
    pub fn pending_number(&self) -> u64 {
        self.pending_number
    }

    /// Leaves the copy of the exception that `origin` has pending.
    ///
    /// # Safety
    /// [I5](crate#safety): `exception` is the word of an exception of this machine's store, or 0.
    pub unsafe fn set_forked_exception(&mut self, origin: &Self, exception: Word) {
        (self.pending, self.pending_number) = (exception, origin.pending_number);
    }

    /// The exception that nothing has caught, or that a host function is to throw; 0 if there is none.
    pub fn pending_exception(&self) -> Word {
        self.pending
    }

    /// The same, and there is none any more, nor will be behind a callback that runs, where it was pending before.
    pub fn take_pending_exception(&mut self) -> Word {
        if self.kept_pending.1 == self.pending_number {
            self.kept_pending.0 = 0;
        }
        std::mem::take(&mut self.pending)
    }

    /// Keeps what is pending while a callback of the embedder runs, which may call what throws, until [`Vm::end_callback`] gets what this gives.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for the callback.
    pub unsafe fn keep_pending(this: *mut Self) -> KeptPending {
        // SAFETY: nobody else refers to its fields.
        unsafe {
            let kept = ((*this).pending, (*this).pending_number);
            (*this).heap.outer.push(OuterStack { base: null(), top: null(), r0: kept.0 });
            KeptPending { outer: std::mem::replace(&mut (*this).kept_pending, kept) }
        }
    }

    /// The callback is over. What was pending when it began is so again, unless it has taken that. Other exceptions that came meanwhile are over,
    /// but the one that is pending if it `throws` that.
    ///
    /// # Safety
    /// As for [`Vm::keep_pending`]; all callbacks that began since are over.
    pub unsafe fn end_callback(this: *mut Self, kept: KeptPending, throws: bool) {
        // SAFETY: nobody else refers to its fields.
        unsafe {
            (*this).heap.outer.pop();
            let was = std::mem::replace(&mut (*this).kept_pending, kept.outer);
            // Who has taken it has taken it from the callback further out as well.
            if kept.outer.1 == was.1 {
                (*this).kept_pending = was;
            }
            if !throws {
                ((*this).pending, (*this).pending_number) = was;
            }
        }
    }
}
