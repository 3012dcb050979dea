//! The heap of a store: structs, arrays and exceptions, which WebAssembly makes and nobody frees.
//!
//! What cannot be reached any more is *collected*: marking ([`mark`]) begins at roots and follows references; sweeping frees what was
//! not marked, block by block ([`block`]), when an object of that size is wanted next. Both are done bit by bit, between what the
//! program does ([`cycle`]). Nothing moves, so an object's reference is its address.
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
//! Frames, running and paused, the accumulator and what the machine is about to throw are marked conservatively: any word that is the
//! address of an object in use keeps it. So no handler has to say where references are, and what a frame holds beyond its last use may keep
//! something for longer. So are element segments while an instruction may be under way, which may use one that was dropped meanwhile. Globals, tables, roots of the embedder and
//! objects are exact.

pub(crate) mod access;
pub(crate) mod block;
pub(crate) mod copy;
pub(crate) mod cycle;
mod inherited;
pub(crate) mod mark;
pub(crate) mod object;
pub(crate) mod parked;

use crate::Word;
use crate::state::held::Held;
use block::{BLOCK_BYTES, Block, FIRST};
use cycle::{GcStress, Ready};
use inherited::Inherited;
use mark::Found;
use object::ObjectType;
use parked::Parked;
use pirn_decode::TypeId;
use pirn_decode::objects::{CLASSES, class_of};
use std::alloc::{Layout, alloc, dealloc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of a piece of memory that blocks are made of.
const CHUNK_BYTES: usize = 32 * BLOCK_BYTES;

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

/// The blocks of a class.
#[derive(Debug, Default)]
struct Class {
    /// Those whose marks have not been looked at since the last collection.
    unswept: Vec<*mut Block>,
    /// The others.
    swept: Vec<*mut Block>,
    /// What is free in blocks that were swept before it was wanted.
    ready: Vec<Ready>,
}

/// A store's heap.
#[derive(Debug)]
pub struct Heap {
    /// The first free object of each class, or 0. Handlers take from it.
    pub(crate) free: [u64; CLASSES],
    /// Whether a collection is under way that has not marked everything: handlers ask.
    pub(crate) is_marking: bool,
    /// What the collection has found that is under way.
    found: Option<Found>,
    /// What there is of each class; none before something was allocated.
    classes: Box<[Class]>,
    /// Blocks without objects, of no class.
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
    /// At how many of them the next should have ended.
    threshold: u64,
    /// How many times as many bytes it follows as are allocated meanwhile.
    pace: u64,
    /// Bytes of what the last collection found in use.
    live: u64,
    /// Bytes that were handed out before the one began that is under way.
    begun_at: u64,
    /// How many were handed out while the last one was under way.
    floating: u64,
    /// Bytes of the roots that the last one looked at, or that is under way.
    roots: u64,
    /// How many references were overwritten while collections were marking.
    overwritten: u64,
    /// How many collections for lack of room were in vain since the last that was not.
    in_vain: u32,
    /// How many values of the embedder there are, those counted that were freed.
    pub(crate) externs: usize,
    /// Stacks that wait for what runs on another.
    pub(crate) outer: Vec<OuterStack>,
    /// Executions that stand still; none was told of before something was allocated.
    pub(crate) parked: Option<Arc<Parked>>,
    /// How many ask for nothing to be collected.
    pub(crate) holds: u32,
    /// What is done whenever something is allocated.
    stress: GcStress,
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
        let mut new = Self {
            free: [0; CLASSES],
            is_marking: false,
            found: None,
            classes: Box::default(),
            empty: Vec::new(),
            chunks: Vec::new(),
            large: BTreeMap::new(),
            types: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            committed: 0,
            limit: u64::MAX,
            allocated: 0,
            threshold: 0,
            pace: 0,
            live: 0,
            begun_at: 0,
            floating: 0,
            roots: 0,
            overwritten: 0,
            in_vain: 0,
            externs: 0,
            outer: Vec::new(),
            parked: None,
            holds: 0,
            stress: GcStress::None,
            collections: 0,
            inherited: Inherited::default(),
            held: Held::default(),
        };
        new.plan();
        new
    }

    /// Has the heap take no more bytes than this. What it has it keeps.
    pub fn set_limit(&mut self, bytes: u64) {
        self.limit = bytes;
        self.plan();
    }

    /// Has this be done whenever something is allocated.
    pub fn set_stress(&mut self, stress: GcStress) {
        self.stress = stress;
        self.set_aside();
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
        self.allocated += cycle::EXTERN_BYTES;
        if self.allocated % (BLOCK_BYTES as u64) < cycle::EXTERN_BYTES {
            self.work(BLOCK_BYTES as u64);
        }
        self.activate();
    }

    /// Whether there may be no room without a collection for objects of so many bytes.
    pub fn is_short_of(&self, bytes: u64) -> bool {
        let next = self.committed.saturating_add(CHUNK_BYTES as u64).saturating_add(bytes);
        self.holds == 0 && next > self.limit
    }

    /// Has nothing collected until [`Heap::release`].
    pub fn hold(&mut self) {
        self.holds += 1;
    }

    /// Ends a [`Heap::hold`].
    pub fn release(&mut self) {
        self.holds -= 1;
        self.set_aside();
    }

    /// Whether something [holds](Heap::hold) it.
    pub fn is_held(&self) -> bool {
        self.holds != 0
    }

    /// Whether there are objects, or were when it was collected last.
    pub fn has_objects(&self) -> bool {
        self.classes.iter().any(|class| !class.unswept.is_empty() || !class.swept.is_empty()) || !self.large.is_empty()
    }

    fn activate(&mut self) {
        self.parked.get_or_insert_default();
        if self.classes.is_empty() {
            self.classes = (0..CLASSES).map(|_| Class::default()).collect();
        }
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
    /// there is none without a collection.
    pub(crate) fn take(&mut self, bytes: u64) -> Option<*mut u64> {
        self.activate();
        let Some(class) = class_of(bytes) else { return self.take_large(bytes) };
        let place = usize::from(class);
        if self.free[place] == 0 {
            self.refill(class)?;
        }
        let object: *mut u64 = std::ptr::with_exposed_provenance_mut(self.free[place] as usize);
        // SAFETY: a free object of the list, whose first word leads to the next.
        self.free[place] = unsafe { object.read() } - 1;
        self.set_aside();
        Some(object)
    }

    /// A block without objects, which is of this class from now on; the caller has it swept.
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
        self.work(bytes as u64);
        let base = self.allocate(bytes)?;
        self.allocated += bytes as u64;
        let block = Block::of(base);
        // SAFETY: memory that nobody uses yet, larger than what a block begins with.
        unsafe {
            Block::clear(block);
            (*block).class = NO_CLASS;
        }
        self.large.insert(base + FIRST, bytes);
        self.note_new(base + FIRST);
        Some(std::ptr::with_exposed_provenance_mut(base + FIRST))
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
