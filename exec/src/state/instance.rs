//! The running instance's block of words.

use crate::state::global::GlobalCell;
use crate::state::heap::object::ObjectType;
use crate::state::memory::{Memory, MemoryLimits};
use crate::state::record::FuncRecord;
use crate::state::table::Table;
use crate::state::tag::Tag;
use crate::state::vm::Vm;
use pirn_decode::FuncIdx;
use pirn_decode::layout::{HEAD_WORDS, InstanceLayout};
use std::ptr::NonNull;

/// Head of an instance; the words of its index spaces follow it in the same allocation, at the places
/// [`InstanceLayout`] gives. Everything a handler needs of an instance is one load away from this pointer.
#[repr(C)]
#[derive(Debug)]
pub struct InstanceHead {
    /// Memory 0's first byte. [`Memory`] keeps this and the next field true whenever it grows.
    pub(crate) mem_base: *mut u8,
    /// Below which address an access to memory 0 must begin, by the logarithm of its size: one comparison, with nothing
    /// added before. The first is the memory's size in bytes.
    pub(crate) mem_limits: MemoryLimits,
    /// The machine that executes.
    pub(crate) vm: *mut Vm,
    /// Memory 0, or null.
    pub(crate) memory: *mut Memory,
    /// Of the owner's choosing.
    owner: *const (),
}

const _: () = assert!(size_of::<InstanceHead>() == HEAD_WORDS * 8);

impl InstanceHead {
    /// A head that belongs to no module; `vm` is to be filled in.
    pub(crate) fn empty() -> Self {
        Self {
            mem_base: std::ptr::NonNull::dangling().as_ptr(),
            mem_limits: [0; 5],
            vm: std::ptr::null_mut(),
            memory: std::ptr::null_mut(),
            owner: std::ptr::null(),
        }
    }

    /// Whose it is: what [`InstanceBlock::set_owner`] was given; null before.
    ///
    /// # Safety
    /// `this` is a live instance.
    pub unsafe fn owner(this: *const Self) -> *const () {
        // SAFETY: the head is live, and the field written before anything runs in it.
        unsafe { (*this).owner }
    }

    /// Memory 0's bytes.
    pub(crate) fn mem_len(&self) -> u64 {
        self.mem_limits[0]
    }

    /// The word at `index` of the block.
    ///
    /// # Safety
    /// `this` is the head of a live block, with the right to all of it, and `index` lies within its layout.
    #[inline(always)]
    pub(crate) unsafe fn word<T>(this: *mut Self, index: usize) -> *mut T {
        // SAFETY: head and words are one allocation.
        unsafe { this.cast::<u64>().add(index).cast() }
    }
}

/// An instance block and the places in it.
///
/// The words are behind a raw pointer, not a box: records and memories point at them too, and moving a box, or writing
/// through one, would claim that they do not.
#[derive(Debug)]
pub struct InstanceBlock {
    words: NonNull<u64>,
    layout: InstanceLayout,
}

// SAFETY: the block is plain words; what they point to goes between threads with the store that owns it all (I2).
unsafe impl Send for InstanceBlock {}
// SAFETY: as above; nothing is written through a shared reference but by the machine, which needs `&mut` of the store
// (I2).
unsafe impl Sync for InstanceBlock {}

impl Drop for InstanceBlock {
    fn drop(&mut self) {
        let words = std::ptr::slice_from_raw_parts_mut(self.words.as_ptr(), self.layout.words());
        // SAFETY: the box that `new` leaked, of so many words, taken back once; nothing runs in it any more (I1).
        drop(unsafe { Box::from_raw(words) });
    }
}

impl InstanceBlock {
    /// A block with all words null: no memory, segments dropped, no owner. `None` if there is no memory for it.
    pub fn new(layout: InstanceLayout, vm: *mut Vm) -> Option<Self> {
        let mut words = Vec::new();
        words.try_reserve_exact(layout.words()).ok()?;
        words.resize(layout.words(), 0);
        let words: Box<[u64]> = words.into();
        let this = Self { words: NonNull::from(Box::leak(words)).cast(), layout };
        let head = InstanceHead { vm, ..InstanceHead::empty() };
        // SAFETY: every layout begins with room for the head (`HEAD_WORDS`).
        unsafe { this.as_ptr().write(head) };
        Some(this)
    }

    /// A copy for the machine `vm` of another store: its words are the same, but it has no owner and no memory 0.
    /// `None` if there is no memory for it.
    ///
    /// # Safety
    /// [I1, I4 and I5](crate#safety): before anything runs in it, functions, globals, tables, memories, tags, types of objects, and
    /// segments that this owner keeps, are set to others of that store.
    pub unsafe fn fork(&self, vm: *mut Vm) -> Option<Self> {
        let copy = Self::new(self.layout, vm)?;
        // SAFETY: both have as many words, and the head's are those of the first; with `&self` the machine does not run (I2).
        unsafe {
            let (from, to) = (self.words.as_ptr().add(HEAD_WORDS), copy.words.as_ptr().add(HEAD_WORDS));
            to.copy_from_nonoverlapping(from, self.layout.words() - HEAD_WORDS);
        }
        Some(copy)
    }

    /// The pointer handlers carry. Valid as long as the block lives; moving the block does not move it.
    pub fn as_ptr(&self) -> *mut InstanceHead {
        self.words.as_ptr().cast()
    }

    /// Says whose the instance is, for [`InstanceHead::owner`].
    pub fn set_owner(&mut self, owner: *const ()) {
        // SAFETY: the head of this block, which lives as long as `self`; with `&mut` of it, the machine does not run
        // (I2).
        unsafe { (*self.as_ptr()).owner = owner };
    }

    /// The word at a place that the layout gave.
    fn word(&self, place: usize) -> *mut u64 {
        // SAFETY: within the block, for the layout gives no other places.
        unsafe { self.words.as_ptr().add(place) }
    }

    /// Writes a pointer, and as one: its word is read as one.
    fn set<T>(&mut self, place: usize, pointer: *const T) {
        // SAFETY: a word of this block; with `&mut` of it, the machine does not run (I2).
        unsafe { self.word(place).cast::<*const T>().write(pointer) };
    }

    /// Puts address and length of a segment in place.
    fn set_segment<T>(&mut self, place: usize, items: &[T]) {
        self.set(place, items.as_ptr());
        // SAFETY: as in `set`; the layout has two words for each segment.
        unsafe { self.word(place + 1).write(items.len() as u64) };
    }

    /// The record of function `funcidx`; null before [`InstanceBlock::set_func`].
    ///
    /// # Panics
    /// The instance has no such function.
    pub fn func(&self, funcidx: FuncIdx) -> *mut FuncRecord {
        self.word(self.layout.func(funcidx)).cast()
    }

    /// Puts function `funcidx` in place: a copy of the record by which its own instance or the host has it.
    ///
    /// # Panics
    /// As [`InstanceBlock::func`].
    ///
    /// # Safety
    /// [I1 and I4](crate#safety): it is a record of the block's store, of a function of the type that the module says.
    pub unsafe fn set_func(&mut self, funcidx: FuncIdx, record: FuncRecord) {
        // SAFETY: a record's words in this block; with `&mut` of it, the machine does not run (I2).
        unsafe { self.func(funcidx).write(record) };
    }

    /// Puts global `globalidx` in place.
    ///
    /// # Panics
    /// The instance has no such global.
    ///
    /// # Safety
    /// [I1, I4 and I5](crate#safety): `cell` is of the block's store and holds a word of the type that the module says,
    /// now and later.
    pub unsafe fn set_global(&mut self, globalidx: usize, cell: *mut GlobalCell) {
        self.set(self.layout.global(globalidx), cell);
    }

    /// Puts tag `tagidx` in place.
    ///
    /// # Panics
    /// The instance has no such tag.
    ///
    /// # Safety
    /// [I1 and I4](crate#safety): it is of the block's store, and of the type that the module says.
    pub unsafe fn set_tag(&mut self, tagidx: usize, tag: *const Tag) {
        self.set(self.layout.tag(tagidx), tag);
    }

    /// Puts table `tableidx` in place.
    ///
    /// # Panics
    /// The instance has no such table.
    ///
    /// # Safety
    /// [I1, I4 and I5](crate#safety): it is a table of the block's store; the elements of `table` are words of the type
    /// that the module says, now and later.
    pub unsafe fn set_table(&mut self, tableidx: usize, table: *mut Table) {
        self.set(self.layout.table(tableidx), table);
    }

    /// Puts memory `memidx` in place. If it is memory 0, asks it to keep its base and limits in the head.
    ///
    /// # Panics
    /// The instance has no such memory.
    ///
    /// # Safety
    /// [I1, I4 and I5](crate#safety): `memory` is of the type that the module says, lives at least as long as the block is executed
    /// in, and does not move; the block lives as long as the memory may grow.
    pub unsafe fn set_memory(&mut self, memidx: usize, memory: *mut Memory) {
        self.set(self.layout.memory(memidx), memory);
        if memidx == 0 {
            let instance = self.as_ptr();
            // SAFETY: `attach` asks for the same of the memory, and `instance` is this block's head, which does not move.
            unsafe { Memory::attach(memory, instance) };
        }
    }

    /// Puts what the machine knows of objects of type `typeidx` in place.
    ///
    /// # Panics
    /// The instance has no types of objects.
    ///
    /// # Safety
    /// It is one of the heap of the block's store, of the type that the module says.
    pub unsafe fn set_object_type(&mut self, typeidx: usize, ty: *const ObjectType) {
        self.set(self.layout.object(typeidx), ty);
    }

    /// What the machine knows of objects of type `typeidx`; null before [`InstanceBlock::set_object_type`].
    ///
    /// # Panics
    /// The instance has no types of objects.
    pub fn object_type(&self, typeidx: usize) -> *const ObjectType {
        // SAFETY: a word of this block, as `set_object_type` wrote it or null; with `&self` the machine does not run (I2).
        unsafe { self.word(self.layout.object(typeidx)).cast::<*const ObjectType>().read() }
    }

    /// The bytes `memory.init dataidx` copies from; empty once dropped.
    ///
    /// # Panics
    /// The instance has no such segment.
    ///
    /// # Safety
    /// `bytes` stay where they are as long as the block does, or until the segment is set again.
    pub unsafe fn set_data(&mut self, dataidx: usize, bytes: &[u8]) {
        self.set_segment(self.layout.data(dataidx), bytes);
    }

    /// How many bytes `memory.init dataidx` copies from.
    ///
    /// # Panics
    /// The instance has no such segment.
    pub fn data_len(&self, dataidx: usize) -> u64 {
        // SAFETY: the second word of a segment; with `&self` the machine does not run (I2).
        unsafe { self.word(self.layout.data(dataidx) + 1).read() }
    }

    /// How many references `table.init elemidx` copies from.
    ///
    /// # Panics
    /// The instance has no such segment.
    pub fn element_len(&self, elemidx: usize) -> u64 {
        // SAFETY: as in `data_len`.
        unsafe { self.word(self.layout.element(elemidx) + 1).read() }
    }

    /// The address of the references that `table.init elemidx` copies from.
    ///
    /// # Panics
    /// The instance has no such segment.
    pub fn element_address(&self, elemidx: usize) -> usize {
        // SAFETY: the first word of a segment; with `&self` the machine does not run (I2).
        unsafe { self.word(self.layout.element(elemidx)).cast::<*const u64>().read() }.addr()
    }

    /// The references that `table.init elemidx` copies from.
    ///
    /// # Panics
    /// The instance has no such segment.
    pub fn element_words(&self, elemidx: usize) -> &[u64] {
        // SAFETY: the two words of a segment; with `&self` the machine does not run (I2). They are there as long as there is a length, as `set_element` asks for.
        unsafe {
            let first = self.word(self.layout.element(elemidx)).cast::<*const u64>().read();
            let len = self.element_len(elemidx) as usize;
            if len == 0 { &[] } else { std::slice::from_raw_parts(first, len) }
        }
    }

    /// The references `table.init elemidx` copies from; empty once dropped.
    ///
    /// # Panics
    /// The instance has no such segment.
    ///
    /// # Safety
    /// `refs` are words of the segment's type, in its store. They stay where they are until the segment is set again; if it is dropped or set to
    /// nothing, until no instruction is under way that began before.
    pub unsafe fn set_element(&mut self, elemidx: usize, refs: &[u64]) {
        self.set_segment(self.layout.element(elemidx), refs);
    }
}
