//! The running instance's block of words.

use crate::{FuncRecord, GlobalCell, Memory, Table, vm::Vm};
use pirn_decode::layout::{HEAD_WORDS, InstanceLayout};

/// Head of an instance; the words of its index spaces follow it in the same allocation, at the places
/// [`InstanceLayout`] gives. Everything a handler needs of an instance is one load away from this pointer.
#[repr(C)]
#[derive(Debug)]
pub struct Inst {
    /// Memory 0's first byte. [`Memory`] keeps this and the next field true whenever it grows.
    pub mem_base: *mut u8,
    /// Memory 0's bytes.
    pub mem_len: u64,
    /// The machine that executes.
    pub vm: *mut Vm,
    /// Memory 0, or null.
    pub memory: *mut Memory,
    /// Of the owner's choosing.
    pub owner: *const (),
    pub(crate) layout: *const InstanceLayout,
    pub(crate) reserved: [u64; 2],
}

const _: () = assert!(size_of::<Inst>() == HEAD_WORDS * 8);

impl Inst {
    /// The word at `index` of the block.
    ///
    /// # Safety
    /// `this` points at a whole block and `index` lies within its layout.
    #[inline(always)]
    pub(crate) unsafe fn word<T>(this: *mut Self, index: usize) -> *mut T {
        // SAFETY: the caller's.
        unsafe { this.cast::<T>().add(index) }
    }
}

/// An instance block and the places in it.
#[derive(Debug)]
pub struct InstanceBlock {
    words: Box<[u64]>,
    layout: Box<InstanceLayout>,
}

// SAFETY: the block is plain words; whoever shares it between threads is the store that owns everything they point to.
unsafe impl Send for InstanceBlock {}
// SAFETY: as above; nothing is written through a shared reference but by the machine, which needs `&mut` of the store.
unsafe impl Sync for InstanceBlock {}

impl InstanceBlock {
    /// A block with all words null: no memory, segments dropped.
    pub fn new(layout: InstanceLayout, vm: *mut Vm, owner: *const ()) -> Self {
        let mut this = Self { words: vec![0; layout.words].into(), layout: Box::new(layout) };
        let head = Inst {
            mem_base: std::ptr::NonNull::dangling().as_ptr(),
            mem_len: 0,
            vm,
            memory: std::ptr::null_mut(),
            owner,
            layout: &raw const *this.layout,
            reserved: [0; 2],
        };
        // SAFETY: the block begins with room for the head (`InstanceLayout` starts at `HEAD_WORDS`).
        unsafe { this.as_ptr().write(head) };
        this
    }

    /// The pointer handlers carry. Valid as long as the block lives; moving the block does not move it.
    pub fn as_ptr(&mut self) -> *mut Inst {
        self.words.as_mut_ptr().cast()
    }

    /// Puts function `funcidx` in place.
    pub fn set_func(&mut self, funcidx: usize, record: *mut FuncRecord) {
        self.words[self.layout.funcs + funcidx] = record as u64;
    }

    /// Puts global `globalidx` in place.
    pub fn set_global(&mut self, globalidx: usize, cell: *mut GlobalCell) {
        self.words[self.layout.globals + globalidx] = cell as u64;
    }

    /// Puts table `tableidx` in place.
    pub fn set_table(&mut self, tableidx: usize, table: *mut Table) {
        self.words[self.layout.tables + tableidx] = table as u64;
    }

    /// Puts memory 0 in place, and asks `memory` to keep its base and length here.
    ///
    /// # Safety
    /// `memory` lives at least as long as the block is executed in, and does not move.
    pub unsafe fn set_memory(&mut self, memory: *mut Memory) {
        let inst = self.as_ptr();
        // SAFETY: the caller's, and `inst` is this block's head.
        unsafe { (*memory).attach(inst) };
    }

    /// The bytes `memory.init dataidx` copies from; empty once dropped.
    ///
    /// # Safety
    /// `bytes` outlive the block.
    pub unsafe fn set_data(&mut self, dataidx: usize, bytes: &[u8]) {
        let at = self.layout.data + 2 * dataidx;
        self.words[at] = bytes.as_ptr() as u64;
        self.words[at + 1] = bytes.len() as u64;
    }

    /// The references `table.init elemidx` copies from; empty once dropped.
    ///
    /// # Safety
    /// `refs` outlive the block.
    pub unsafe fn set_element(&mut self, elemidx: usize, refs: &[u64]) {
        let at = self.layout.elements + 2 * elemidx;
        self.words[at] = refs.as_ptr() as u64;
        self.words[at + 1] = refs.len() as u64;
    }
}
