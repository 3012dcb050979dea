//! Cells that work on any memory as a whole: `memory.size` and the like of what is not as memory 0 was in WebAssembly 1.0.
//!
//! They name a memory, and ask it for its address type, by which they read addresses and sizes from slots. Otherwise they
//! are as those of [`bulk`](crate::handlers::bulk). The bytes of memories that threads share are accessed by [`racing`] alone.

use crate::handlers::bulk::{STOPPED_WORD, conclude, done_code, grown, items, number};
use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt};
use crate::handlers::epoch::{STEP, in_steps, stop};
use crate::state::instance::InstanceHead;
use crate::state::memory::Memory;
use crate::state::registers::Registers;
use crate::state::shared::racing;
use crate::state::trap::Trap;
use crate::state::vm::{Growing, Vm};
use pirn_decode::cell::{self, Operands};
use pirn_decode::sig::{self, Sig};

/// The memory behind a word of the instance.
///
/// # Safety
/// `instance` is live, `word` that of one of its memories.
#[inline(always)]
pub(crate) unsafe fn memory(instance: *mut InstanceHead, word: u32) -> *mut Memory {
    // SAFETY: the word is within the block (I4).
    unsafe { InstanceHead::word::<*mut Memory>(instance, word as usize).read() }
}

/// Whether `len` bytes from `start` on lie within a memory.
///
/// # Safety
/// It is live.
unsafe fn reaches(memory: *const Memory, start: u64, len: u64) -> bool {
    // SAFETY: it is live, and the machine alone with it (I2).
    unsafe { &*memory }.place(start, len).is_some()
}

/// Whether threads share a memory.
///
/// # Safety
/// It is live.
unsafe fn is_shared(memory: *const Memory) -> bool {
    // SAFETY: it is live, and the machine alone with it (I2).
    unsafe { &*memory }.shared.is_some()
}

/// # Safety
/// `instance` is the one that runs, and `word` that of one of its memories.
#[cold]
#[inline(never)]
unsafe fn far_grow(instance: *mut InstanceHead, word: u32, delta: u64) -> u64 {
    // SAFETY: the machine is alone with the memory (I2), and its handler keeps no pointer into the bytes, which may move (I8).
    unsafe {
        let memory = memory(instance, word);
        let is_64 = (*memory).declared().is_64();
        grown(Vm::grow((*instance).vm, Growing::Memory(memory, number(delta, is_64))), is_64)
    }
}

/// # Safety
/// `instance` is the one that runs, and `word` that of one of its memories; at `args` are three slots.
#[inline(never)]
unsafe fn far_fill(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: the machine is alone with the memory (I2), or accesses it by atomics (I10); all bytes that are written were compared
    // with its size (I8), which never falls.
    unsafe {
        let memory = memory(instance, word);
        let is_64 = (*memory).declared().is_64();
        let (start, len) = (number(args.read(), is_64), number(args.add(2).read(), is_64));
        let value = args.add(1).read() as u8;
        if !reaches(memory, start, len) {
            return Trap::MemoryOutOfBounds as u8;
        }
        done_code(in_steps((*instance).vm, len as usize, STEP, |done, now| {
            let place = (*memory).base.add(start as usize + done);
            if is_shared(memory) { racing::fill(place, value, now) } else { place.write_bytes(value, now) }
        }))
    }
}

/// # Safety
/// `instance` is the one that runs, and the words those of two of its memories, or of one; at `args` are three slots.
#[inline(never)]
unsafe fn far_copy(instance: *mut InstanceHead, to_word: u32, from_word: u32, args: *const u64) -> u8 {
    // SAFETY: the machine is alone with the memories (I2), or accesses them by atomics (I10); all bytes that are read or written
    // were compared with their sizes (I8), which never fall. Two words may lead to one memory, so the bytes may overlap.
    unsafe {
        let (target, source) = (memory(instance, to_word), memory(instance, from_word));
        let (to_64, from_64) = ((*target).declared().is_64(), (*source).declared().is_64());
        let (to, from) = (number(args.read(), to_64), number(args.add(1).read(), from_64));
        let len = number(args.add(2).read(), to_64 && from_64);
        if !reaches(target, to, len) || !reaches(source, from, len) {
            return Trap::MemoryOutOfBounds as u8;
        }
        let len = len as usize;
        done_code(in_steps((*instance).vm, len, STEP, |done, now| {
            // Upwards from the end on, so that no step overwrites what a later one reads.
            let at = if to <= from { done } else { len - done - now };
            let (to, from) = (to as usize + at, from as usize + at);
            let (to, from) = ((*target).base.add(to), (*source).base.add(from));
            if is_shared(target) || is_shared(source) { racing::copy(to, from, now) } else { to.copy_from(from, now) }
        }))
    }
}

/// # Safety
/// `instance` is the one that runs, `word` that of one of its memories, `segment_word` of one of its data segments; at `args` are
/// three slots.
#[inline(never)]
unsafe fn far_init(instance: *mut InstanceHead, word: u32, segment_word: u32, args: *const u64) -> u8 {
    // SAFETY: as in `far_fill`; a segment's bytes are not among a memory's, and stay where they are (I1).
    unsafe {
        let memory = memory(instance, word);
        let to = number(args.read(), (*memory).declared().is_64());
        let (from, len) = (args.add(1).read() as u32, args.add(2).read() as u32 as usize);
        let source = items::<u8>(instance, segment_word, from, len);
        let Some(source) = source.filter(|_| reaches(memory, to, len as u64)) else {
            return Trap::MemoryOutOfBounds as u8;
        };
        done_code(in_steps((*instance).vm, len, STEP, |done, now| {
            let place = (*memory).base.add(to as usize + done);
            if is_shared(memory) {
                racing::write(place, &source[done..][..now]);
            } else {
                place.copy_from_nonoverlapping(source.as_ptr().add(done), now);
            }
        }))
    }
}

define_cell! {
    FarMemorySize |m, cell::FarMemorySize { memory: word }, at| {
        m.r0 = (*memory(m.instance, word)).size();
        Flow::Next
    }
}
define_cell! {
    FarMemoryGrow |m, cell::FarMemoryGrow { memory }, at| {
        let old = far_grow(m.instance, memory, m.r0);
        if old == STOPPED_WORD {
            return stop(m);
        }
        m.r0 = old;
        Flow::Next
    }
}
define_cell! {
    FarMemoryFill |m, cell::FarMemoryFill { memory, args }, at| { conclude(m, at, far_fill(m.instance, memory, m.slot(args))) }
}
define_cell! {
    FarMemoryCopy |m, cell::FarMemoryCopy { to, from, args }, at| {
        conclude(m, at, far_copy(m.instance, to, from, m.slot(args)))
    }
}
define_cell! {
    FarMemoryInit |m, cell::FarMemoryInit { memory, segment, args }, at| {
        conclude(m, at, far_init(m.instance, memory, segment, m.slot(args)))
    }
}
