//! The heap of a store: structs, arrays and exceptions, which WebAssembly makes and nobody frees.
//!
//! What cannot be reached any more is *collected*: marking ([`mark`]) begins at roots and follows references; sweeping frees what was
//! not marked, block by block ([`block`]), when an object of that size is wanted next. Nothing moves, so an object's reference is
//! its address.
//!
//! | word of a reference | refers to |
//! |---|---|
//! | 0 | nothing: null |
//! | low bits 00 | the object at that address |
//! | low bit 1 | an integer of 31 bits, which are the upper ones ([`i31_word`]) |
//! | low bits 10 | the value of the embedder whose index the others are |
//!
//! So `extern.convert_any` and `any.convert_extern` leave words as they are, and `ref.eq` compares them.
//!
//! Value stacks are marked conservatively: any word that is the address of an object in use keeps it. So no handler has to
//! say where references are, and what a frame holds beyond its last use may keep something for longer. Everything else is exact.

pub(crate) mod access;
pub(crate) mod block;
pub(crate) mod copy;
mod inherited;
pub(crate) mod mark;
pub(crate) mod object;
pub(crate) mod parked;

use crate::Word;
use crate::state::held::Held;
use block::{BLOCK_BYTES, Block, FIRST};
use inherited::Inherited;
use mark::Marker;
use object::ObjectType;
use parked::Parked;
use pirn_decode::TypeId;
use pirn_decode::objects::{CLASS_BYTES, CLASSES, class_of};
use pirn_decode::planted;
use std::alloc::{Layout, alloc, dealloc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of a piece of memory that blocks are made of.
const CHUNK_BYTES: usize = 32 * BLOCK_BYTES;

/// So many bytes are allocated before anything is collected, even if less is in use.
const LEAST_BETWEEN: u64 = 2 << 20;

/// The word of a reference to an integer of 31 bits: the lower ones of this.
pub const fn i31_word(value: u32) -> Word {
    (value as u64) << 33 | 1
}

/// The integer, if a word is a reference to one: its 31 bits, the sign extended.
pub const fn i31_value(word: Word) -> Option<i32> {
    if word & 1 == 1 { Some((word as i64 >> 33) as i32) } else { None }
}

/// The word of a reference to a value of the embedder.
pub const fn extern_word(index: usize) -> Word {
    (index as u64) << 2 | 2
}

/// The index of the value of the embedder that a word refers to, if it does.
pub const fn extern_index(word: Word) -> Option<usize> {
    if word & 3 == 2 { Some((word >> 2) as usize) } else { None }
}

/// The words of a stack that is not the one in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OuterStack {
    pub(crate) base: *const Word,
    pub(crate) top: *const Word,
    /// What the accumulator holds there.
    pub(crate) r0: Word,
}

/// A store's heap.
#[derive(Debug)]
pub struct Heap {
    /// The first free object of each class, or 0. Handlers take from it.
    pub(crate) free: [u64; CLASSES],
    /// Blocks of each class whose marks have not been looked at since the last collection.
    unswept: [Vec<*mut Block>; CLASSES],
    /// Blocks of any class: with objects.
    used: Vec<*mut Block>,
    /// Blocks without.
    empty: Vec<*mut Block>,
    /// Where pieces of memory begin, in order.
    chunks: Vec<usize>,
    /// Objects with an allocation of their own, by their addresses, and how many bytes those are.
    large: BTreeMap<usize, usize>,
    types: BTreeMap<TypeId, Box<ObjectType>>,
    /// Types of exceptions, by the ids of the tags' function types.
    exceptions: BTreeMap<TypeId, Box<ObjectType>>,
    /// Bytes of all allocations.
    committed: u64,
    /// The most they may be.
    limit: u64,
    /// Bytes that were handed out since the last collection.
    allocated: u64,
    /// At how many of them the next begins.
    threshold: u64,
    /// How many values of the embedder there are, those counted that were freed.
    pub(crate) externs: usize,
    /// Stacks that wait for what runs on another.
    pub(crate) outer: Vec<OuterStack>,
    /// Executions that stand still; none was told of before something was allocated.
    pub(crate) parked: Option<Arc<Parked>>,
    /// How many ask for nothing to be collected.
    pub(crate) holds: u32,
    /// Whether everything that is allocated begins with a collection.
    stress: bool,
    /// How often it was collected.
    collections: u64,
    /// Which objects are those of the heap that this was copied of.
    inherited: Inherited,
    held: Held,
}

// SAFETY: all pointers are into memory that the heap owns; it goes between threads with the store (I2).
unsafe impl Send for Heap {}
// SAFETY: a shared one gives numbers; nothing is followed without `&mut` of the store (I2).
unsafe impl Sync for Heap {}

impl Heap {
    /// An empty heap, of no bound.
    pub(crate) fn new() -> Self {
        Self {
            free: [0; CLASSES],
            unswept: [const { Vec::new() }; CLASSES],
            used: Vec::new(),
            empty: Vec::new(),
            chunks: Vec::new(),
            large: BTreeMap::new(),
            types: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            committed: 0,
            limit: u64::MAX,
            allocated: 0,
            threshold: LEAST_BETWEEN,
            externs: 0,
            outer: Vec::new(),
            parked: None,
            holds: 0,
            stress: false,
            collections: 0,
            inherited: Inherited::default(),
            held: Held::default(),
        }
    }

    /// Has the heap take no more bytes than this. What it has it keeps.
    pub fn set_limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    /// Has everything that is allocated begin with a collection.
    pub fn set_stress(&mut self, stress: bool) {
        self.stress = stress;
        self.free = [0; CLASSES];
    }

    /// Puts what it takes on an account.
    pub fn set_held(&mut self, held: Held) {
        self.held = held;
        self.held.set(self.committed);
    }

    /// How many bytes it takes, of objects and of room for more.
    pub fn bytes(&self) -> u64 {
        self.committed
    }

    /// How often it was collected.
    pub fn collections(&self) -> u64 {
        self.collections
    }

    /// Says that there are so many values of the embedder, those counted that were freed.
    pub fn set_externs(&mut self, count: usize) {
        self.externs = count;
        self.allocated += 64;
        self.activate();
    }

    /// Whether so much was allocated that a collection is due.
    pub fn is_due(&self) -> bool {
        self.holds == 0 && (self.stress || self.allocated >= self.threshold)
    }

    /// Whether a collection is due, or there may be no room without one for what is allocated next.
    pub fn is_short(&self) -> bool {
        self.is_due() || self.holds == 0 && self.committed.saturating_add(CHUNK_BYTES as u64) > self.limit
    }

    /// Has nothing collected until [`Heap::release`].
    pub fn hold(&mut self) {
        self.holds += 1;
    }

    /// Ends a [`Heap::hold`].
    pub fn release(&mut self) {
        self.holds -= 1;
        if self.stress {
            self.free = [0; CLASSES];
        }
    }

    /// Whether something [holds](Heap::hold) it.
    pub fn is_held(&self) -> bool {
        self.holds != 0
    }

    /// Whether there are objects, or were when it was collected last.
    pub fn has_objects(&self) -> bool {
        !self.used.is_empty() || !self.large.is_empty()
    }

    fn activate(&mut self) {
        self.parked.get_or_insert_default();
    }

    /// What is known of objects of a type: `make` says it, if nobody did.
    pub fn object_type(&mut self, id: TypeId, make: impl FnOnce() -> Box<ObjectType>) -> *const ObjectType {
        &raw const **self.types.entry(id).or_insert_with(make)
    }

    /// What is known of objects of a type, if somebody said it.
    pub fn known_type(&self, id: TypeId) -> Option<*const ObjectType> {
        self.types.get(&id).map(|ty| &raw const **ty)
    }

    /// The same of exceptions whose tag has this function type.
    pub fn exception_type(&mut self, id: TypeId, make: impl FnOnce() -> Box<ObjectType>) -> *const ObjectType {
        &raw const **self.exceptions.entry(id).or_insert_with(make)
    }

    /// Whether an object in use begins at an address.
    pub(crate) fn has_object(&self, address: usize) -> bool {
        let Some(first) = self.chunks.first() else { return self.large.contains_key(&address) };
        let place = if address < *first { 0 } else { self.chunks.partition_point(|&chunk| chunk <= address) };
        if place > 0 && address - self.chunks[place - 1] < CHUNK_BYTES {
            let block = Block::of(address);
            // SAFETY: the chunk is of blocks; those that are empty have no class, and their first word says so.
            return address.is_multiple_of(8) && unsafe { (*block).class != NO_CLASS && Block::has_object(address) };
        }
        self.large.contains_key(&address)
    }

    /// Room for an object of so many bytes: the caller writes what it begins with before anything else is allocated. `None` if
    /// there is none without a collection, or one is due and `may_collect`.
    pub(crate) fn take(&mut self, bytes: u64, may_collect: bool) -> Option<*mut u64> {
        if may_collect && self.is_due() {
            return None;
        }
        self.activate();
        let Some(class) = class_of(bytes) else { return self.take_large(bytes) };
        let place = usize::from(class);
        while self.free[place] == 0 {
            let block = match self.unswept[place].pop() {
                Some(block) => block,
                None => self.empty_block(class)?,
            };
            // SAFETY: a block of this class; what was in use in it when everything was marked is marked, and nothing was
            // allocated in it since.
            let (first, free) = unsafe { Block::sweep(block) };
            self.free[place] = first;
            self.allocated += free as u64 * u64::from(CLASS_BYTES[place]);
        }
        let object: *mut u64 = std::ptr::with_exposed_provenance_mut(self.free[place] as usize);
        // SAFETY: a free object of the list, whose first word leads to the next.
        let next = unsafe { object.read() } - 1;
        self.free[place] = if self.stress && self.holds == 0 { 0 } else { next };
        Some(object)
    }

    /// A block without objects, which is of this class from now on.
    fn empty_block(&mut self, class: u16) -> Option<*mut Block> {
        if self.empty.is_empty() {
            self.more_blocks()?;
        }
        let block = self.empty.pop()?;
        // SAFETY: a block that nobody uses.
        unsafe {
            Block::clear(block);
            (*block).class = class;
        }
        self.used.push(block);
        Some(block)
    }

    fn more_blocks(&mut self) -> Option<()> {
        let base = self.allocate(CHUNK_BYTES)?;
        let place = self.chunks.partition_point(|&chunk| chunk < base);
        self.chunks.insert(place, base);
        for at in (base..base + CHUNK_BYTES).step_by(BLOCK_BYTES).rev() {
            let block = Block::of(at);
            // SAFETY: within what was just allocated.
            unsafe { (*block).class = NO_CLASS };
            self.empty.push(block);
        }
        Some(())
    }

    /// Memory that begins at a multiple of a block's size.
    fn allocate(&mut self, bytes: usize) -> Option<usize> {
        if self.committed.checked_add(bytes as u64)? > self.limit {
            return None;
        }
        let layout = Layout::from_size_align(bytes, BLOCK_BYTES).ok()?;
        // SAFETY: the layout has a size.
        let base = unsafe { alloc(layout) };
        if base.is_null() {
            return None;
        }
        self.committed += bytes as u64;
        self.held.set(self.committed);
        Some(base.expose_provenance())
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// [`Self::allocate`] gave it, of so many bytes, and nobody uses it any more.
    unsafe fn give_back(&mut self, base: usize, bytes: usize) {
        let layout = Layout::from_size_align(bytes, BLOCK_BYTES).expect("as it was when it was allocated");
        // SAFETY: as is asked for.
        unsafe { dealloc(std::ptr::with_exposed_provenance_mut(base), layout) };
        self.committed -= bytes as u64;
        self.held.set(self.committed);
    }

    fn take_large(&mut self, bytes: u64) -> Option<*mut u64> {
        let bytes = usize::try_from(bytes.checked_add(FIRST as u64)?).ok()?;
        let base = self.allocate(bytes)?;
        self.allocated += bytes as u64;
        let block = Block::of(base);
        // SAFETY: memory that nobody uses yet, larger than what a block begins with.
        unsafe {
            Block::clear(block);
            (*block).class = NO_CLASS;
        }
        self.large.insert(base + FIRST, bytes);
        Some(std::ptr::with_exposed_provenance_mut(base + FIRST))
    }

    /// Collects: `mark` gives the roots to the marker, has it trace, and may look at what was marked.
    ///
    /// # Safety
    /// All roots are given, and whatever is in use is as it should be.
    pub(crate) unsafe fn collect(&mut self, mark: impl FnOnce(&mut Marker<'_>)) {
        self.collections += 1;
        for place in 0..CLASSES {
            while let Some(block) = self.unswept[place].pop() {
                // What was not in use is told from what is by being free; the list is made anew afterwards.
                // SAFETY: as in `take`.
                unsafe { Block::sweep(block) };
            }
        }
        // SAFETY: everything is swept, so no mark is left, and what is in use is as it should be.
        let mut marker = unsafe { Marker::new(self) };
        mark(&mut marker);
        marker.trace();
        // SAFETY: the marks are those of this collection, and nothing was freed yet.
        unsafe { self.inherited.keep_marked() };
        let mut live = 0;
        self.free = [0; CLASSES];
        for block in std::mem::take(&mut self.used) {
            // SAFETY: a block that has a class.
            unsafe {
                let marked = Block::marked(block);
                if marked == 0 {
                    (*block).class = NO_CLASS;
                    self.empty.push(block);
                } else {
                    let class = usize::from((*block).class);
                    live += marked as u64 * u64::from(CLASS_BYTES[class]);
                    self.unswept[class].push(block);
                    self.used.push(block);
                }
            }
        }
        for (object, bytes) in std::mem::take(&mut self.large) {
            // SAFETY: an object with an allocation of its own; nothing refers to it if it is not marked.
            unsafe {
                if Block::is_marked(object) && !planted(18) {
                    Block::clear(Block::of(object));
                    live += bytes as u64;
                    self.large.insert(object, bytes);
                } else {
                    self.give_back(object - FIRST, bytes);
                }
            }
        }
        self.allocated = 0;
        self.threshold = live.max(LEAST_BETWEEN);
    }
}

/// The class of a block without objects.
const NO_CLASS: u16 = u16::MAX;

impl Drop for Heap {
    fn drop(&mut self) {
        for chunk in std::mem::take(&mut self.chunks) {
            // SAFETY: it was allocated so, and nobody uses it any more.
            unsafe { self.give_back(chunk, CHUNK_BYTES) };
        }
        for (object, bytes) in std::mem::take(&mut self.large) {
            // SAFETY: as above.
            unsafe { self.give_back(object - FIRST, bytes) };
        }
    }
}

#[cfg(test)]
mod tests;
