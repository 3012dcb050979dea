//! Marking: from roots to everything that can be reached from them.

use super::Heap;
use super::block::Block;
use super::object::{ObjectKind, ObjectType};
use crate::Word;
use pirn_decode::objects::{ARRAY_HEADER_BYTES, LENGTH_AT};

/// Marks what is reached. Who has one gives it roots, and then has it [trace](Marker::trace).
pub struct Marker<'a> {
    heap: &'a mut Heap,
    /// Objects that are marked, but what they refer to not yet.
    waiting: Vec<usize>,
    /// A bit for each value of the embedder.
    externs: Vec<u64>,
    bytes: u64,
}

impl std::fmt::Debug for Marker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Marker").finish_non_exhaustive()
    }
}

impl<'a> Marker<'a> {
    /// # Safety
    /// Nothing is marked, and everything that is in use is as it should be.
    pub(super) unsafe fn new(heap: &'a mut Heap) -> Self {
        Self { heap, waiting: Vec::new(), externs: Vec::new(), bytes: 0 }
    }

    /// Marks what a reference refers to.
    ///
    /// # Safety
    /// [I5](crate#safety): it is the word of a reference of a type that is [traced](pirn_decode::objects::is_traced), in the
    /// store that is collected.
    #[inline(always)]
    pub unsafe fn mark(&mut self, word: Word) {
        match word & 3 {
            0 if word != 0 => {
                // SAFETY: a reference that is even and not null is the address of an object in use.
                unsafe { self.mark_object(word as usize) };
            }
            2 => self.mark_extern(word),
            // Null, or an integer.
            _ => {}
        }
    }

    /// Marks what a word refers to that may be anything.
    #[inline]
    pub fn mark_maybe(&mut self, word: Word) {
        match word & 3 {
            // SAFETY: the heap says that an object in use begins there.
            0 if self.heap.has_object(word as usize) => unsafe { self.mark_object(word as usize) },
            2 => self.mark_extern(word),
            _ => {}
        }
    }

    /// Marks what words refer to that may be anything.
    ///
    /// # Safety
    /// They are initialised, and nobody writes to them.
    pub(crate) unsafe fn mark_words(&mut self, from: *const Word, to: *const Word) {
        let mut at = from;
        while at < to {
            // SAFETY: as is asked for.
            unsafe {
                self.mark_maybe(at.read());
                at = at.add(1);
            }
        }
    }

    /// # Safety
    /// An object in use begins there.
    #[inline(always)]
    unsafe fn mark_object(&mut self, object: usize) {
        // SAFETY: it is an object of a live block.
        if unsafe { Block::mark(object) } {
            self.waiting.push(object);
        }
    }

    #[inline]
    fn mark_extern(&mut self, word: Word) {
        let index = (word >> 2) as usize;
        // What is no value's may be any number.
        if index >= self.heap.externs {
            return;
        }
        let place = index / 64;
        if place >= self.externs.len() {
            self.externs.resize(place + 1, 0);
        }
        self.externs[place] |= 1 << (index % 64);
    }

    /// Whether the value of the embedder with this index is marked.
    pub fn is_extern_marked(&self, index: usize) -> bool {
        self.externs.get(index / 64).is_some_and(|marks| marks >> (index % 64) & 1 != 0)
    }

    /// Marks everything that can be reached from what is marked.
    pub fn trace(&mut self) {
        while let Some(object) = self.waiting.pop() {
            let at = |offset: usize| std::ptr::with_exposed_provenance::<Word>(object + offset);
            // SAFETY: an object in use begins with the address of its type, which is live; references lie where that says, and
            // an array has as many elements as its length.
            unsafe {
                let ty: &ObjectType = &*at(0).cast::<*const ObjectType>().read();
                match ty.kind {
                    ObjectKind::Array => {
                        let len = at(LENGTH_AT as usize).cast::<u32>().read();
                        self.bytes += ty.bytes_with(len);
                        if ty.traces_elements {
                            for i in 0..len as usize {
                                self.mark(at(ARRAY_HEADER_BYTES as usize + 8 * i).read());
                            }
                        }
                    }
                    ObjectKind::Struct | ObjectKind::Exception => {
                        self.bytes += u64::from(ty.bytes);
                        for &offset in &ty.traced {
                            self.mark(at(offset as usize).read());
                        }
                    }
                }
            }
        }
    }

    /// How many bytes the objects have that were traced.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}
