//! Cells that work on memories, tables and segments as a whole.
//!
//! Each calls an out-of-line function that owns its stack and returns a scalar; the handler then dispatches. `0` means
//! success, otherwise it is a [`Trap`]'s code. Filling and copying are in `fill_copy.rs`.

use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{Flow, Stmt, value};
use crate::state::instance::InstanceHead;
use crate::state::memory::Memory;
use crate::state::registers::Registers;
use crate::state::table::Table;
use crate::state::trap::{Trap, trap_if};
use crate::state::vm::Room;
use pirn_decode::cell::{self, Operands};
use pirn_decode::sig::{self, Sig};

/// Goes on, or traps.
#[inline(always)]
fn conclude(m: Registers, code: u8) -> Flow {
    if code == 0 { Flow::Next(m) } else { Flow::Trap(m, Trap::from_code(code)) }
}

fn code(result: Result<(), Trap>) -> u8 {
    result.map_or_else(|trap| trap as u8, |()| 0)
}

/// Memory 0 of an instance.
///
/// # Safety
/// The instance has one, and nobody else refers to it: the machine has the store to itself.
unsafe fn memory<'a>(instance: *mut InstanceHead) -> &'a mut Memory {
    // SAFETY: the caller's.
    unsafe { &mut *(*instance).memory }
}

/// The table behind a word of the instance.
///
/// # Safety
/// As for [`memory`].
unsafe fn table<'a>(instance: *mut InstanceHead, word: u32) -> &'a mut Table {
    // SAFETY: the caller's.
    unsafe { &mut **InstanceHead::word::<*mut Table>(instance, word as usize) }
}

/// What is left of the segment at a word of the instance.
///
/// # Safety
/// It is a segment of items of type `T`.
unsafe fn segment<'a, T>(instance: *mut InstanceHead, word: u32) -> &'a [T] {
    // SAFETY: `InstanceBlock` wrote address and length of a slice that outlives the block, or nulls.
    unsafe {
        let len = InstanceHead::word::<u64>(instance, word as usize + 1).read() as usize;
        if len == 0 {
            return &[];
        }
        std::slice::from_raw_parts(InstanceHead::word::<*const T>(instance, word as usize).read(), len)
    }
}

/// Three i32 operands.
///
/// # Safety
/// `args` points at three slots.
unsafe fn three(args: *const u64) -> (u32, u32, u32) {
    // SAFETY: the caller's.
    unsafe { (args.read() as u32, args.add(1).read() as u32, args.add(2).read() as u32) }
}

#[cold]
#[inline(never)]
unsafe fn memory_grow(instance: *mut InstanceHead, delta: u32) -> u32 {
    // SAFETY: validation: the instance has a memory; its machine runs it, and is not part of it.
    unsafe {
        let room = &mut (*(*instance).vm).room.pages;
        Room::grow(room, delta, |delta| memory(instance).grow(delta)).unwrap_or(u32::MAX)
    }
}

#[inline(never)]
unsafe fn memory_init(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: as in `memory_grow`; lowering placed the operands; `word` is a data segment's.
    unsafe {
        let (to, from, len) = three(args);
        code(memory(instance).init(to, segment(instance, word), from, len))
    }
}

#[inline(never)]
unsafe fn drop_segment(instance: *mut InstanceHead, word: u32) {
    // SAFETY: `word` is a segment's, its length the next.
    unsafe { InstanceHead::word::<u64>(instance, word as usize + 1).write(0) };
}

#[inline(never)]
unsafe fn table_grow(instance: *mut InstanceHead, word: u32, args: *const u64) -> u32 {
    // SAFETY: `word` is a table's; lowering placed the operands; the machine is as in `memory_grow`.
    unsafe {
        let room = &mut (*(*instance).vm).room.elements;
        Room::grow(room, args.add(1).read() as u32, |delta| table(instance, word).grow(delta, args.read()))
            .unwrap_or(u32::MAX)
    }
}

#[inline(never)]
unsafe fn table_fill(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: as in `table_grow`.
    unsafe {
        let (start, _, len) = three(args);
        code(table(instance, word).fill(start, len, args.add(1).read()))
    }
}

#[inline(never)]
unsafe fn table_copy(instance: *mut InstanceHead, to_word: u32, from_word: u32, args: *const u64) -> u8 {
    // SAFETY: as in `table_grow`; there is one reference to a table, or two to different ones.
    unsafe {
        let (to, from, len) = three(args);
        let pointer = |word| InstanceHead::word::<*mut Table>(instance, word as usize).read();
        code(if pointer(to_word) == pointer(from_word) {
            table(instance, to_word).copy_within(to, from, len)
        } else {
            table(instance, to_word).init(to, table(instance, from_word).elements(), from, len)
        })
    }
}

#[inline(never)]
unsafe fn table_init(instance: *mut InstanceHead, word: u32, segment_word: u32, args: *const u64) -> u8 {
    // SAFETY: as in `table_grow`; `segment_word` is an element segment's.
    unsafe {
        let (to, from, len) = three(args);
        code(table(instance, word).init(to, segment(instance, segment_word), from, len))
    }
}

define_cell! {
    MemorySize |m, _, at| {
        m.r0 = (*m.instance).mem_len() / pirn_decode::PAGE_BYTES;
        Flow::Next(m)
    }
}
define_cell! {
    MemoryGrow |m, _, at| {
        m.r0 = u64::from(memory_grow(m.instance, m.r0 as u32));
        Flow::Next(m)
    }
}
define_cell! {
    MemoryInit |m, cell::MemoryInit { segment, args }, at| { conclude(m, memory_init(m.instance, segment, m.slot(args))) }
}
define_cell! {
    DataDrop |m, cell::DataDrop { segment }, at| {
        drop_segment(m.instance, segment);
        Flow::Next(m)
    }
}
define_cell! {
    ElemDrop |m, cell::ElemDrop { segment }, at| {
        drop_segment(m.instance, segment);
        Flow::Next(m)
    }
}

/// Element `index` of the table at a word of the instance.
///
/// # Safety
/// As for [`table`].
#[inline(always)]
unsafe fn element(m: &Registers, word: u32, index: u32) -> Result<*mut u64, Trap> {
    // SAFETY: the caller's; `base` and `len` describe the elements.
    unsafe {
        let table = InstanceHead::word::<*mut Table>(m.instance, word as usize).read();
        trap_if(u64::from(index) >= (*table).len, Trap::TableOutOfBounds)?;
        Ok((*table).base.add(index as usize))
    }
}

define_cell! {
    TableGet |m, cell::TableGet { table }, at| {
        m.r0 = value!(m, element(&m, table, m.r0 as u32)).read();
        Flow::Next(m)
    }
}
define_cell! {
    TableSet |m, cell::TableSet { table, args }, at| {
        let args = m.slot(args);
        value!(m, element(&m, table, args.read() as u32)).write(args.add(1).read());
        Flow::Next(m)
    }
}
define_cell! {
    TableSize |m, cell::TableSize { table }, at| {
        let table = InstanceHead::word::<*mut Table>(m.instance, table as usize).read();
        m.r0 = (*table).len;
        Flow::Next(m)
    }
}
define_cell! {
    TableGrow |m, cell::TableGrow { table, args }, at| {
        m.r0 = u64::from(table_grow(m.instance, table, m.slot(args)));
        Flow::Next(m)
    }
}
define_cell! { TableFill |m, cell::TableFill { table, args }, at| { conclude(m, table_fill(m.instance, table, m.slot(args))) } }
define_cell! { TableCopy |m, cell::TableCopy { to, from, args }, at| { conclude(m, table_copy(m.instance, to, from, m.slot(args))) } }
define_cell! {
    TableInit |m, cell::TableInit { table, segment, args }, at| {
        conclude(m, table_init(m.instance, table, segment, m.slot(args)))
    }
}
