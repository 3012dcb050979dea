//! Cells that work on memories, tables and segments as a whole.
//!
//! Each calls an out-of-line function that owns its stack and returns a scalar; the handler then dispatches. `0` means
//! success, [`STOPPED`] that it is to go on later, otherwise it is a [`Trap`]'s code. Filling and copying memory are in
//! `fill_copy.rs`.

use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt, value};
use crate::handlers::epoch::{STEP, in_steps, stop};
use crate::state::instance::InstanceHead;
use crate::state::memory::Memory;
use crate::state::registers::Registers;
use crate::state::table::Table;
use crate::state::trap::{Trap, trap_if};
use crate::state::vm::{Growing, Stopped, Vm};
use pirn_decode::cell::{self, Operands};
use pirn_decode::sig::{self, Sig};

/// The code of what stopped at a deadline.
const STOPPED: u8 = u8::MAX;

/// In the place of an old size, or of a new object: execution stops, with the reason in the machine. No memory is so large, and no object
/// there.
pub(crate) const STOPPED_WORD: u64 = u64::MAX - 1;

/// So many elements are written in one go.
const ELEMENTS: usize = STEP / size_of::<u64>();

/// Goes on, stops, or traps.
///
/// # Safety
/// `m.instance` is a live instance; if the code is [`STOPPED`], the reason is in the machine.
#[inline(always)]
pub(crate) unsafe fn conclude(m: &mut Registers, at: At, code: u8) -> Flow {
    match code {
        0 => Flow::Next,
        // SAFETY: `stop` asks for the same.
        STOPPED => unsafe { stop(m) },
        trap => Flow::Trap(at.trap(m, Trap::from_code(trap))),
    }
}

/// Whether all is done, as a code.
pub(crate) fn done_code(done: bool) -> u8 {
    if done { 0 } else { STOPPED }
}

fn trap_code(result: Result<(), Trap>) -> u8 {
    result.map_or_else(|trap| trap as u8, |()| 0)
}

/// Memory 0 of an instance.
///
/// # Safety
/// `instance` is live and has one, to which nobody else refers as long as what this gives is in use.
unsafe fn memory<'a>(instance: *mut InstanceHead) -> &'a mut Memory {
    // SAFETY: the instance's memory is live (I1).
    unsafe { &mut *(*instance).memory }
}

/// The table behind a word of the instance.
///
/// # Safety
/// `instance` is live, `word` that of one of its tables, to which nobody else refers as long as what this gives is in
/// use.
unsafe fn table<'a>(instance: *mut InstanceHead, word: u32) -> &'a mut Table {
    // SAFETY: the word is within the block and leads to a live table (I1, I4).
    unsafe { &mut **InstanceHead::word::<*mut Table>(instance, word as usize) }
}

/// What is left of the segment at a word of the instance.
///
/// # Safety
/// `instance` is live, `word` that of one of its segments, of items of type `T`.
unsafe fn segment<'a, T>(instance: *mut InstanceHead, word: u32) -> &'a [T] {
    // SAFETY: both words are within the block (I4); `InstanceBlock::set_segment` wrote address and length of a slice that
    // outlives it (I1). The length is 0 before, and once the segment is dropped.
    unsafe {
        let len = InstanceHead::word::<u64>(instance, word as usize + 1).read() as usize;
        if len == 0 {
            return &[];
        }
        std::slice::from_raw_parts(InstanceHead::word::<*const T>(instance, word as usize).read(), len)
    }
}

/// So many items from `from` on of the segment at a word of the instance, or `None` if it has not so many.
///
/// An instruction that goes on found them there when it began. What was dropped since it has to its end.
///
/// # Safety
/// As for [`segment`]; the instruction asks for the same as when it began.
pub(crate) unsafe fn items<'a, T>(instance: *mut InstanceHead, word: u32, from: u32, len: usize) -> Option<&'a [T]> {
    // SAFETY: the word of the address stays when the segment is dropped, and what is there stays as long as the instance is not reset (I1),
    // which it is not while a call pauses, nor does any pause before active segments are dropped at its instantiation: meanwhile code runs only for the
    // deadline's callback, which cannot pause. A copy of the instance has none of what was dropped, but nor has it a call that stands within
    // an instruction that takes from there (`Execution::fork`).
    unsafe {
        if (*(*instance).vm).progress != 0 {
            let first = InstanceHead::word::<*const T>(instance, word as usize).read();
            return Some(std::slice::from_raw_parts(first.add(from as usize), len));
        }
        segment::<T>(instance, word).get(from as usize..)?.get(..len)
    }
}

/// An address, index or size, of 64 bits or of 32.
pub(crate) fn number(word: u64, is_64: bool) -> u64 {
    if is_64 { word } else { u64::from(word as u32) }
}

/// Three i32 operands.
///
/// # Safety
/// At `args` are three slots of a frame.
unsafe fn three(args: *const u64) -> (u32, u32, u32) {
    // SAFETY: slots are whole words.
    unsafe { (args.read() as u32, args.add(1).read() as u32, args.add(2).read() as u32) }
}

/// # Safety
/// `instance` is the one that runs, and has a memory.
#[cold]
#[inline(never)]
unsafe fn memory_grow(instance: *mut InstanceHead, delta: u32) -> u64 {
    // SAFETY: the machine is alone with the memory (I2), and its handler keeps no pointer into the bytes, which may move (I8).
    unsafe { grown(Vm::grow((*instance).vm, Growing::Memory((*instance).memory, delta.into())), false) }
}

/// What growing gave: -1, of 64 or of 32 bits, if nothing has grown, and [`STOPPED_WORD`] if execution cannot go on.
pub(crate) fn grown(old: Result<Option<u64>, Stopped>, is_64: bool) -> u64 {
    let failed = if is_64 { u64::MAX } else { u32::MAX.into() };
    old.map_or(STOPPED_WORD, |old| old.unwrap_or(failed))
}

/// # Safety
/// `instance` is the one that runs, and has a memory; `word` is that of one of its data segments; at `args` are three
/// slots.
#[inline(never)]
unsafe fn memory_init(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: the machine is alone with the memory (I2), and a segment's bytes are not among a memory's. They stay where they are
    // (I1), also if the segment is dropped by whoever is asked in between.
    unsafe {
        let (to, from, len) = three(args);
        if len as usize <= STEP {
            return trap_code(memory(instance).init(to.into(), segment(instance, word), from, len));
        }
        let source = items::<u8>(instance, word, from, len as usize);
        let Some(source) = source.filter(|_| u64::from(to) + u64::from(len) <= (*instance).mem_len()) else {
            return Trap::MemoryOutOfBounds as u8;
        };
        done_code(in_steps((*instance).vm, source.len(), STEP, |done, now| {
            let place = (*instance).mem_base.add(to as usize + done);
            place.copy_from_nonoverlapping(source.as_ptr().add(done), now);
        }))
    }
}

/// # Safety
/// `instance` is the one that runs, `word` that of one of its segments.
#[inline(never)]
unsafe fn drop_segment(instance: *mut InstanceHead, word: u32) {
    // SAFETY: a segment's length is in the word behind its address, within the block (I4).
    unsafe { InstanceHead::word::<u64>(instance, word as usize + 1).write(0) };
}

/// # Safety
/// `instance` is the one that runs, `word` that of one of its tables; at `args` are a slot of the table's type and a
/// size.
#[inline(never)]
unsafe fn table_grow(instance: *mut InstanceHead, word: u32, args: *mut u64) -> u64 {
    // SAFETY: the machine is alone with the table (I2). What it is filled with is of its type by validation (I3, I5), and so is null meanwhile,
    // where it is filled in steps.
    unsafe {
        let vm = (*instance).vm;
        let (init, count) = (args.read(), args.add(1).read());
        let is_64 = table(instance, word).is_64();
        let grow = |delta, init| Vm::grow(vm, Growing::Table(table(instance, word), delta, init));
        // What stopped has grown already, from the size in the high half of the slot, which means nothing else then: what grew by
        // `delta` has no more elements than fit 32 bits.
        let (old, delta) = if (*vm).progress != 0 {
            ((count >> 32) as u32, count as u32)
        } else {
            let delta = number(count, is_64);
            // Whoever is asked sees the elements, which have to be of their type before.
            let may_be_null = table(instance, word).element().is_nullable();
            let in_one_go = init == 0 || !may_be_null || delta <= ELEMENTS as u64 || (*vm).epoch.is_null();
            if in_one_go {
                return grown(grow(delta, init), is_64);
            }
            let old = match grow(delta, 0) {
                Ok(Some(old)) => old,
                other => return grown(other, is_64),
            };
            args.add(1).write(delta | old << 32);
            (old as u32, delta as u32)
        };
        let done = fill_elements(instance, word, old, delta, init);
        if done { old.into() } else { STOPPED_WORD }
    }
}

/// Fills so many elements of a table from `start` on, asking for the epoch from time to time: whether it is done.
///
/// # Safety
/// `instance` is the one that runs, `word` that of one of its tables, which has these elements, now and later, for tables do not
/// shrink; `value` is of its type.
unsafe fn fill_elements(instance: *mut InstanceHead, word: u32, start: u32, len: u32, value: u64) -> bool {
    // SAFETY: the machine is alone with the table (I2) but while the embedder is asked; the value is of its type (I5).
    unsafe {
        in_steps((*instance).vm, len as usize, ELEMENTS, |done, now| {
            let filled = table(instance, word).fill(start + done as u32, now as u32, value);
            debug_assert!(filled.is_ok(), "the table has these elements");
        })
    }
}

/// Whether a table has `len` elements from `start` on.
fn reaches(table: &Table, start: u64, len: u64) -> bool {
    start.checked_add(len).is_some_and(|end| end <= table.len)
}

/// # Safety
/// `instance` is the one that runs, `word` that of one of its tables; at `args` are an index, a slot of the table's type, and a
/// size.
#[inline(never)]
unsafe fn table_fill(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: the machine is alone with the table (I2); the value is of its type by validation (I3, I5).
    unsafe {
        let is_64 = table(instance, word).is_64();
        let (start, len) = (number(args.read(), is_64), number(args.add(2).read(), is_64));
        if !reaches(table(instance, word), start, len) {
            return Trap::TableOutOfBounds as u8;
        }
        done_code(fill_elements(instance, word, start as u32, len as u32, args.add(1).read()))
    }
}

/// # Safety
/// `instance` is the one that runs, the words those of two of its tables of one type, or of one; at `args` are three
/// slots.
#[inline(never)]
unsafe fn table_copy(instance: *mut InstanceHead, to_word: u32, from_word: u32, args: *const u64) -> u8 {
    // SAFETY: the machine is alone with the tables (I2). Two words may lead to one table, if it was imported twice:
    // then there is one reference to it, otherwise two to two. The elements are of one type by validation (I3, I5).
    unsafe {
        let pointer = |word| InstanceHead::word::<*mut Table>(instance, word as usize).read();
        let (to_64, from_64) = (table(instance, to_word).is_64(), table(instance, from_word).is_64());
        let (to, from) = (number(args.read(), to_64), number(args.add(1).read(), from_64));
        let len = number(args.add(2).read(), to_64 && from_64);
        if !reaches(table(instance, to_word), to, len) || !reaches(table(instance, from_word), from, len) {
            return Trap::TableOutOfBounds as u8;
        }
        let (to, from, len) = (to as u32, from as u32, len as usize);
        done_code(in_steps((*instance).vm, len, ELEMENTS, |done, now| {
            // Upwards from the end on, so that no step overwrites what a later one reads.
            let at = if to <= from { done } else { len - done - now } as u32;
            let (to, from, now) = (to + at, from + at, now as u32);
            let copied = if pointer(to_word) == pointer(from_word) {
                table(instance, to_word).copy_within(to, from, now)
            } else {
                table(instance, to_word).init(to, table(instance, from_word).elements(), from, now)
            };
            debug_assert!(copied.is_ok(), "both tables have these elements");
        }))
    }
}

/// # Safety
/// `instance` is the one that runs, `word` that of one of its tables, `segment_word` of an element segment of its type;
/// at `args` are three slots.
#[inline(never)]
unsafe fn table_init(instance: *mut InstanceHead, word: u32, segment_word: u32, args: *const u64) -> u8 {
    // SAFETY: the machine is alone with the table (I2); a segment's references are not among a table's, and of its type
    // (I5). If whoever is asked in between drops the segment, its words stay where they are, and what they refer to is kept as long as
    // this is under way (`Marker::is_within_instruction`).
    unsafe {
        let (_, from, len) = three(args);
        let to = number(args.read(), table(instance, word).is_64());
        let source = items(instance, segment_word, from, len as usize);
        let source = source.filter(|_| reaches(table(instance, word), to, len.into()));
        let Some(source) = source else { return Trap::TableOutOfBounds as u8 };
        let to = to as u32;
        done_code(in_steps((*instance).vm, source.len(), ELEMENTS, |done, now| {
            let copied = table(instance, word).init(to + done as u32, source, done as u32, now as u32);
            debug_assert!(copied.is_ok(), "both have these elements");
        }))
    }
}

define_cell! {
    MemorySize |m, _, at| {
        m.r0 = (*m.instance).mem_len() / pirn_decode::PAGE_BYTES;
        Flow::Next
    }
}
define_cell! {
    MemoryGrow |m, _, at| {
        let old = memory_grow(m.instance, m.r0 as u32);
        if old == STOPPED_WORD {
            return stop(m);
        }
        m.r0 = old;
        Flow::Next
    }
}
define_cell! {
    MemoryInit |m, cell::MemoryInit { segment, args }, at| { conclude(m, at, memory_init(m.instance, segment, m.slot(args))) }
}
define_cell! {
    DataDrop |m, cell::DataDrop { segment }, at| {
        drop_segment(m.instance, segment);
        Flow::Next
    }
}
define_cell! {
    ElemDrop |m, cell::ElemDrop { segment }, at| {
        drop_segment(m.instance, segment);
        Flow::Next
    }
}

/// Element `index` of the table at a word of the instance.
///
/// # Safety
/// `m.instance` is live, `word` that of one of its tables.
#[inline(always)]
unsafe fn element(m: &Registers, word: u32, index: u32) -> Result<*mut u64, Trap> {
    // SAFETY: the word is within the block and leads to a live table (I1, I4), which has so many elements as it says
    // (I8).
    unsafe {
        let table = InstanceHead::word::<*mut Table>(m.instance, word as usize).read();
        trap_if(u64::from(index) >= (*table).len, Trap::TableOutOfBounds)?;
        Ok((*table).base.add(index as usize))
    }
}

define_cell! {
    TableGet |m, cell::TableGet { table }, at| {
        m.r0 = value!(element(m, table, m.r0 as u32).map_err(|trap| at.trap(m, trap))).read();
        Flow::Next
    }
}
define_cell! {
    TableSet |m, cell::TableSet { table, args }, at| {
        let args = m.slot(args);
        value!(element(m, table, args.read() as u32).map_err(|trap| at.trap(m, trap))).write(args.add(1).read());
        Flow::Next
    }
}
define_cell! {
    TableSize |m, cell::TableSize { table }, at| {
        let table = InstanceHead::word::<*mut Table>(m.instance, table as usize).read();
        m.r0 = (*table).len;
        Flow::Next
    }
}
define_cell! {
    TableGrow |m, cell::TableGrow { table, args }, at| {
        let old = table_grow(m.instance, table, m.slot(args));
        if old == STOPPED_WORD {
            return stop(m);
        }
        m.r0 = old;
        Flow::Next
    }
}
define_cell! { TableFill |m, cell::TableFill { table, args }, at| { conclude(m, at, table_fill(m.instance, table, m.slot(args))) } }
define_cell! { TableCopy |m, cell::TableCopy { to, from, args }, at| { conclude(m, at, table_copy(m.instance, to, from, m.slot(args))) } }
define_cell! {
    TableInit |m, cell::TableInit { table, segment, args }, at| {
        conclude(m, at, table_init(m.instance, table, segment, m.slot(args)))
    }
}
