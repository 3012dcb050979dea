//! Cells that pay for what follows them. What costs how much, `Config::consume_fuel` says.
//!
//! Both stop in front of themselves with the whole machine saved. Nothing has been paid then, so running them again, with
//! more fuel, is all there is to going on.

use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt};
use crate::state::instance::InstanceHead;
use crate::state::memory::Memory;
use crate::state::registers::Registers;
use crate::state::table::Table;
use crate::state::trap::Exit;
use crate::state::vm::{Room, StoppedAt};
use pirn_decode::cell::{self, Amount, Operands};
use pirn_decode::sig::{self, Sig};

/// So many bytes that are written or added cost 1.
const BYTES: u64 = 64;

/// Goes on if there is fuel for `cost`, and takes it; stops otherwise.
///
/// # Safety
/// `m.instance` is a live instance, and so leads to the machine that runs.
#[inline(always)]
unsafe fn pay(m: &Registers, cost: u64) -> Flow {
    // SAFETY: the machine's fields are nobody else's while it runs (I2).
    unsafe {
        let vm = (*m.instance).vm;
        let fuel = (*vm).fuel.left;
        if fuel < cost {
            m.save();
            (*vm).stopped_at = StoppedAt::Place(0);
            // Nothing is there to be dropped: a handler that finds something stops.
            (&raw mut (*vm).exit).write(Some(Exit::OutOfFuel { required: cost }));
            return Flow::Stop;
        }
        (*vm).fuel.left = fuel - cost;
    }
    Flow::Next
}

define_cell! { Fuel |m, cell::Fuel { cost }, at| { pay(m, cost) } }

define_cell! {
    FuelFar |m, operands, at| {
        let memory = InstanceHead::word::<*const Memory>(m.instance, operands.memory as usize).read();
        let cost = far_cost(m.instance, memory, m.slot(operands.slot), m.r0, operands.amount);
        pay(m, cost)
    }
}

define_cell! {
    FuelBulk |m, operands, at| {
        let cost = cost(m.instance, m.slot(operands.slot), m.r0 as u32, operands.amount, operands.table);
        pay(m, cost)
    }
}

/// What the operation behind the cell costs. One on a memory or table that traps, or grows nothing, pays for no more than there is: its size
/// may be anything. One on arrays pays for as many elements as it is told, for the cell does not know of which array.
///
/// # Safety
/// `instance` is the one that runs, and the rest the operands of a [`FuelBulk`] cell of its code: for pages it has a
/// memory, for elements `table` is the word of a table, and `slot` that of the size.
#[inline(never)]
unsafe fn cost(instance: *mut InstanceHead, slot: *const u64, pages: u32, amount: u16, table: u32) -> u64 {
    // SAFETY: memory and table are live (I1, I4), and the machine alone with them (I2); each is referred to only where
    // the amount says that it is there.
    unsafe {
        let memory = || &*(*instance).memory.cast_const();
        let table = || &*InstanceHead::word::<*const Table>(instance, table as usize).read();
        let short = || u64::from(slot.read() as u32);
        let size = || if table().is_64() { slot.read() } else { short() };
        let room = (*(*instance).vm).room;
        let bytes = if amount == Amount::Bytes as u16 {
            short().min((*instance).mem_len())
        } else if amount == Amount::Pages as u16 {
            new_bytes(memory(), pages.into(), room)
        } else if amount == Amount::Elements as u16 {
            size().min(table().size()) * 8
        } else if amount == Amount::Elements32 as u16 {
            short().min(table().size()) * 8
        } else if amount == Amount::Items as u16 {
            short() * 8
        } else {
            debug_assert_eq!(amount, Amount::NewElements as u16);
            if table().can_grow(size()) && size() <= room.elements { size() * 8 } else { 0 }
        };
        bytes / BYTES
    }
}

/// The bytes of so many new pages, if the memory may have them.
fn new_bytes(memory: &Memory, pages: u64, room: Room) -> u64 {
    let bytes = memory.declared().bytes(pages);
    if memory.can_grow(pages) && bytes <= room.bytes { bytes } else { 0 }
}

/// As [`cost`], of an operation on a memory.
///
/// # Safety
/// `instance` is the one that runs, `memory` one of its memories, and the rest the operands of a [`FuelFar`] cell of its code.
#[inline(never)]
unsafe fn far_cost(
    instance: *mut InstanceHead,
    memory: *const Memory,
    slot: *const u64,
    pages: u64,
    amount: u16,
) -> u64 {
    // SAFETY: the memory is live (I1, I4), and the machine alone with it (I2); the slot is read only where the amount says that it
    // is there.
    unsafe {
        let memory = &*memory;
        let bytes = if amount == Amount::Pages as u16 {
            let pages = if memory.declared().is_64() { pages } else { u64::from(pages as u32) };
            new_bytes(memory, pages, (*(*instance).vm).room)
        } else if amount == Amount::Bytes64 as u16 {
            slot.read().min(memory.byte_size())
        } else {
            u64::from(slot.read() as u32).min(memory.byte_size())
        };
        bytes / BYTES
    }
}
