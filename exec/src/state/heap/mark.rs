//! Marking: from roots to everything that can be reached from them.
//!
//! What takes time is waiting: an object's address, its type, where that has references, and the reference there would be one load after
//! another. So the last object's type is remembered. Where the next object has the same type, which the processor expects, nothing waits for
//! the load. The last reference found is followed at once, the others wait: with fields in the order in which they were
//! computed, that one was mostly made just before, next to what refers to it. Elements of arrays are fetched into the cache before they are
//! looked at. What was dropped is in EXPERIMENTS.md, "Marking".

use super::Heap;
use super::block::Block;
use super::object::{ObjectKind, ObjectType};
use crate::Word;
use pirn_decode::objects::{ARRAY_HEADER_BYTES, LENGTH_AT};
use pirn_decode::planted;
use std::ptr::null;

/// What marking has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Objects that are marked, but what they refer to not yet; of an array only some of it, if its address has a low bit: from the element
    /// on whose index is below.
    waiting: Vec<usize>,
    /// A bit for each value of the embedder.
    externs: Vec<u64>,
    /// How many bytes those objects have that were followed.
    pub(super) bytes: u64,
}

impl Found {
    /// Whether all that was found is marked, and what it refers to.
    pub(super) fn is_all(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Marks what is reached: who has one gives it roots.
pub struct Marker<'a> {
    heap: &'a mut Heap,
    found: Found,
    /// Whether something may stand within an instruction: what runs on the machine, or pauses there.
    pub(crate) is_within: bool,
    /// Bytes of the roots that were looked at.
    pub(super) roots: u64,
}

impl std::fmt::Debug for Marker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Marker").finish_non_exhaustive()
    }
}

impl Drop for Marker<'_> {
    fn drop(&mut self) {
        self.heap.is_marking = !self.found.is_all();
        self.heap.found = Some(std::mem::take(&mut self.found));
    }
}

impl<'a> Marker<'a> {
    /// Goes on with the collection of this heap that is under way, which has found this.
    ///
    /// # Safety
    /// Everything that is in use is as it should be, and so is what is marked.
    pub(super) unsafe fn of(heap: &'a mut Heap, found: Found) -> Self {
        Self { heap, found, is_within: false, roots: 0 }
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

    /// Says that so many roots were looked at, one by one: collections are the rarer the more there are.
    pub fn count_roots(&mut self, count: usize) {
        self.roots += size_of::<Word>() as u64 * count as u64;
    }

    /// Marks what words refer to that may be anything.
    ///
    /// # Safety
    /// They are initialised, and nobody writes to them.
    pub(crate) unsafe fn mark_words(&mut self, from: *const Word, to: *const Word) {
        self.roots += (to.addr() - from.addr()) as u64;
        let mut at = from;
        let to = if planted(2) { to.wrapping_sub(1) } else { to };
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
            self.found.waiting.push(object);
        }
    }

    // Out of line, so that marking objects has all registers.
    #[inline(never)]
    fn mark_extern(&mut self, word: Word) {
        let index = (word >> 2) as usize;
        // What is no value's may be any number.
        if index >= self.heap.externs || planted(1) {
            return;
        }
        let place = index / 64;
        let externs = &mut self.found.externs;
        if place >= externs.len() {
            externs.resize(place + 1, 0);
        }
        externs[place] |= 1 << (index % 64);
    }

    /// Whether an instruction that takes long may be under way, and use a segment that was dropped meanwhile.
    pub fn is_within_instruction(&self) -> bool {
        self.is_within
    }

    /// Whether the value of the embedder with this index is marked.
    pub fn is_extern_marked(&self, index: usize) -> bool {
        self.found.externs.get(index / 64).is_some_and(|marks| marks >> (index % 64) & 1 != 0)
    }

    /// Marks what can be reached from what is marked: everything, or as much as objects of so many bytes refer to.
    pub(super) fn trace(&mut self, most: u64) {
        let mut waiting = std::mem::take(&mut self.found.waiting);
        let mut followed = 0;
        let (mut known, mut references, mut bytes, mut is_simple) = (null::<ObjectType>(), 0, 0, true);
        while followed < most
            && let Some(mut object) = waiting.pop()
        {
            if object & 1 != 0 {
                let from = waiting.pop().expect("an index lies below an array");
                // SAFETY: this is what `trace_rest` asks for.
                followed += unsafe { self.trace_rest(object - 1, from, &mut waiting) };
                continue;
            }
            while object != 0 {
                if followed >= most {
                    waiting.push(object);
                    break;
                }
                let at = |offset: usize| std::ptr::with_exposed_provenance::<Word>(object + offset);
                let mut next = 0;
                // SAFETY: an object in use begins with the address of its type, which is live; references lie where that says.
                unsafe {
                    let ty = at(0).cast::<*const ObjectType>().read();
                    if ty != known {
                        (known, references, bytes) = (ty, (*ty).references, u64::from((*ty).bytes));
                        is_simple = (*ty).is_plain && (*ty).kind != ObjectKind::Array;
                    }
                    followed += bytes;
                    let mut references = references;
                    if planted(3) {
                        references &= references.wrapping_sub(1);
                    }
                    while references != 0 {
                        let word = at(8 * references.trailing_zeros() as usize).read();
                        references &= references - 1;
                        match word & 3 {
                            0 if word != 0 => {
                                prefetch((word as usize).wrapping_sub(BELOW));
                                if Block::mark(word as usize) {
                                    if next != 0 {
                                        waiting.push(next);
                                    }
                                    next = if planted(24) { 0 } else { word as usize };
                                }
                            }
                            2 => self.mark_extern(word),
                            _ => {}
                        }
                    }
                    if !is_simple {
                        followed += if (*ty).is_plain {
                            u64::from(at(LENGTH_AT as usize).cast::<u32>().read()) << (*ty).shift
                        } else {
                            self.trace_rest(object, 0, &mut waiting)
                        };
                    }
                }
                object = next;
            }
        }
        self.found.waiting = waiting;
        self.found.bytes += followed;
    }

    /// Marks what an object refers to beyond its first words: elements, from an index on, or fields. Gives how many bytes those elements have.
    ///
    /// # Safety
    /// It is an object in use.
    #[inline(never)]
    unsafe fn trace_rest(&mut self, object: usize, from: usize, waiting: &mut Vec<usize>) -> u64 {
        let at = |offset: usize| std::ptr::with_exposed_provenance::<Word>(object + offset);
        std::mem::swap(&mut self.found.waiting, waiting);
        // SAFETY: as in `trace`; an array has as many elements as its length.
        let elements = unsafe {
            let ty: &ObjectType = &*at(0).cast::<*const ObjectType>().read();
            if ty.kind == ObjectKind::Array {
                let len = at(LENGTH_AT as usize).cast::<u32>().read() as usize;
                let end = len.min(from + AT_ONCE);
                let marked = if planted(4) { end.saturating_sub(1) } else { end };
                if end < len && !planted(5) {
                    self.found.waiting.extend([end, object | 1]);
                }
                for index in from..marked {
                    let word = at(ARRAY_HEADER_BYTES as usize + 8 * index).read();
                    prefetch(word as usize);
                    self.mark(word);
                }
                marked.saturating_sub(from)
            } else {
                for &offset in ty.traced.iter().filter(|_| !planted(6)) {
                    self.mark(at(offset as usize).read());
                }
                0
            }
        };
        std::mem::swap(&mut self.found.waiting, waiting);
        8 * elements as u64
    }
}

/// So many elements of an array are marked, and what they refer to, before the next ones are looked at: they are still in a cache, and what
/// waits stays short.
const AT_ONCE: usize = 4096;

/// So many bytes below an object that is found, there is likely another one that will be.
const BELOW: usize = 512;

/// Has the processor fetch what lies at an address, which may be any, if it can be told.
#[inline(always)]
fn prefetch(address: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint, which accesses nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::with_exposed_provenance(address));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}
