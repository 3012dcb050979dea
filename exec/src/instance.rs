//! The running instance's block of words.

use crate::{FuncRecord, GlobalCell, Memory, Table, vm::Vm};
use pirn_decode::layout::{HEAD_WORDS, InstanceLayout};
use std::ptr::NonNull;

/// Head of an instance; the words of its index spaces follow it in the same allocation, at the places
/// [`InstanceLayout`] gives. Everything a handler needs of an instance is one load away from this pointer.
#[repr(C)]
#[derive(Debug)]
pub struct Inst {
    /// Memory 0's first byte. [`Memory`] keeps this and the next field true whenever it grows.
    pub(crate) mem_base: *mut u8,
    /// Below which address an access to memory 0 must begin, by the logarithm of its size: one comparison, with nothing
    /// added before. The first is the memory's size in bytes.
    pub(crate) mem_limits: [u64; 4],
    /// The machine that executes.
    pub vm: *mut Vm,
    /// Memory 0, or null.
    pub memory: *mut Memory,
    /// Of the owner's choosing.
    pub owner: *const (),
}

const _: () = assert!(size_of::<Inst>() == HEAD_WORDS * 8);

impl Inst {
    /// A head that belongs to no module; `vm` is to be filled in.
    pub(crate) fn host() -> Self {
        Self {
            mem_base: std::ptr::NonNull::dangling().as_ptr(),
            mem_limits: [0; 4],
            vm: std::ptr::null_mut(),
            memory: std::ptr::null_mut(),
            owner: std::ptr::null(),
        }
    }

    /// Memory 0's bytes.
    pub(crate) fn mem_len(&self) -> u64 {
        self.mem_limits[0]
    }

    /// The word at `index` of the block.
    ///
    /// # Safety
    /// `this` points at a whole block and `index` lies within its layout.
    #[inline(always)]
    pub(crate) unsafe fn word<T>(this: *mut Self, index: usize) -> *mut T {
        // SAFETY: the caller's.
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

// SAFETY: the block is plain words; whoever shares it between threads is the store that owns everything they point to.
unsafe impl Send for InstanceBlock {}
// SAFETY: as above; nothing is written through a shared reference but by the machine, which needs `&mut` of the store.
unsafe impl Sync for InstanceBlock {}

impl Drop for InstanceBlock {
    fn drop(&mut self) {
        let words = std::ptr::slice_from_raw_parts_mut(self.words.as_ptr(), self.layout.words);
        // SAFETY: the box of `new`, taken back once.
        drop(unsafe { Box::from_raw(words) });
    }
}

impl InstanceBlock {
    /// A block with all words null: no memory, segments dropped.
    pub fn new(layout: InstanceLayout, vm: *mut Vm, owner: *const ()) -> Self {
        let words: Box<[u64]> = vec![0; layout.words].into();
        let this = Self { words: NonNull::from(Box::leak(words)).cast(), layout };
        let head = Inst {
            mem_base: NonNull::dangling().as_ptr(),
            mem_limits: [0; 4],
            vm,
            memory: std::ptr::null_mut(),
            owner,
        };
        // SAFETY: the block begins with room for the head (`InstanceLayout` starts at `HEAD_WORDS`).
        unsafe { this.as_ptr().write(head) };
        this
    }

    /// The pointer handlers carry. Valid as long as the block lives; moving the block does not move it.
    pub fn as_ptr(&self) -> *mut Inst {
        self.words.as_ptr().cast()
    }

    fn word(&self, index: usize) -> *mut u64 {
        assert!(index < self.layout.words, "word {index} of an instance of {} words", self.layout.words);
        // SAFETY: within the block.
        unsafe { self.words.as_ptr().add(index) }
    }

    fn set(&mut self, index: usize, word: u64) {
        // SAFETY: a word of this block; `&mut self` and the store's owner keep the machine from running.
        unsafe { self.word(index).write(word) };
    }

    /// The record of function `funcidx`; null before [`InstanceBlock::set_func`].
    ///
    /// # Panics
    /// It would lie behind the block.
    pub fn func(&self, funcidx: u32) -> *mut FuncRecord {
        self.word(self.layout.func(funcidx)).cast()
    }

    /// Puts function `funcidx` in place: a copy of the record by which its own instance or the host has it.
    ///
    /// # Panics
    /// As [`InstanceBlock::func`].
    pub fn set_func(&mut self, funcidx: u32, record: FuncRecord) {
        // SAFETY: a record of this block; `&mut self` and the store's owner keep the machine from running.
        unsafe { self.func(funcidx).write(record) };
    }

    /// Puts global `globalidx` in place.
    ///
    /// # Panics
    /// It would lie behind the block.
    pub fn set_global(&mut self, globalidx: usize, cell: *mut GlobalCell) {
        self.set(self.layout.globals + globalidx, cell as u64);
    }

    /// Puts table `tableidx` in place.
    ///
    /// # Panics
    /// It would lie behind the block.
    pub fn set_table(&mut self, tableidx: usize, table: *mut Table) {
        self.set(self.layout.tables + tableidx, table as u64);
    }

    /// Puts memory 0 in place, and asks `memory` to keep its base and length here.
    ///
    /// # Safety
    /// `memory` lives at least as long as the block is executed in, and does not move.
    pub unsafe fn set_memory(&mut self, memory: *mut Memory) {
        let inst = self.as_ptr();
        // SAFETY: the caller's, and `inst` is this block's head.
        unsafe { Memory::attach(memory, inst) };
    }

    /// The bytes `memory.init dataidx` copies from; empty once dropped.
    ///
    /// # Panics
    /// Their place would lie behind the block.
    ///
    /// # Safety
    /// `bytes` outlive the block.
    pub unsafe fn set_data(&mut self, dataidx: usize, bytes: &[u8]) {
        let at = self.layout.data + 2 * dataidx;
        self.set(at, bytes.as_ptr() as u64);
        self.set(at + 1, bytes.len() as u64);
    }

    /// The references `table.init elemidx` copies from; empty once dropped.
    ///
    /// # Panics
    /// Their place would lie behind the block.
    ///
    /// # Safety
    /// `refs` outlive the block.
    pub unsafe fn set_element(&mut self, elemidx: usize, refs: &[u64]) {
        let at = self.layout.elements + 2 * elemidx;
        self.set(at, refs.as_ptr() as u64);
        self.set(at + 1, refs.len() as u64);
    }
}
