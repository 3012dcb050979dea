//! Cells of control flow other than `br_if` and valued returns: branches, calls, frames.

use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt, cell_bytes, value};
use crate::handlers::expr::Value;
use crate::state::frames::{Header, frame_end, pop_frame, push_frame};
use crate::state::instance::InstanceHead;
use crate::state::record::{FuncRecord, code_head};
use crate::state::registers::Registers;
use crate::state::table::Table;
use crate::state::trap::{Trap, trap_if};
use crate::state::vm::Vm;
use crate::vector::V128;
use pirn_decode::TypeId;
use pirn_decode::cell::{self, Operands};
use pirn_decode::sig::{self, Sig};

define_cell! { Unreachable |m, _, at| { Flow::Trap(at.trap(m, Trap::Unreachable)) } }

define_cell! {
    Br |m, cell::Br { target }, at| {
        m.branch(target);
        Flow::Jump
    }
}

define_cell! {
    BrTable |m, cell::BrTable { count }, at| {
        let index = (m.r0 as u32).min(count) as usize;
        m.branch(m.operand(at.operands + cell::BrTable::LEN + 8 * index));
        Flow::Jump
    }
}

define_cell! { Return |m, cell::Return { header }, at| { pop_frame(m, header); Flow::Jump } }

/// A vector of zeros that LLVM knows nothing of.
static ZERO: V128 = V128::from_bytes([0; 16]);

define_cell! {
    Zero |m, cell::Zero { from, count }, at| {
        let mut slot = m.slot(from);
        let end = slot.add(usize::from(count));
        // LLVM does not know the value, so the loop stays out of the library's `memset`.
        let zero = (&raw const ZERO).read_volatile();
        while end.offset_from(slot) >= 4 {
            zero.write_slot(slot);
            zero.write_slot(slot.add(2));
            slot = slot.add(4);
        }
        while slot < end {
            slot.write_volatile(0);
            slot = slot.add(1);
        }
        Flow::Next
    }
}

define_cell! {
    ZeroFew |m, cell::ZeroFew { a, b, c, d }, at| {
        for slot in [a, b, c, d] {
            m.slot(slot).write(0);
        }
        Flow::Next
    }
}

define_cell! {
    Copy |m, cell::Copy { from, to, count }, at| {
        copy_words(m.slot(from), m.slot(to), usize::from(count));
        Flow::Next
    }
}

/// Copies words one by one, upwards: right for ranges that overlap with the target below the source.
///
/// # Safety
/// Both ranges lie in frames of the value stack.
#[inline(always)]
unsafe fn copy_words(from: *const u64, to: *mut u64, count: usize) {
    for i in 0..count {
        // SAFETY: the word is in either range. Volatile keeps LLVM from calling the library's `memmove`.
        unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
    }
}

/// The call: checks the callee's whole frame against the limit, then enters it. What kind of function it is, nobody asks.
///
/// # Safety
/// [I6](crate#safety) holds of `m`; `record` is one of its store, not null; at `args`, within `m`'s frame, are
/// arguments of its type.
#[inline(always)]
unsafe fn enter(m: &Registers, record: *mut FuncRecord, args: *mut u64) -> Result<Registers, Trap> {
    // SAFETY: records are live (I1) and lead to code with a head, and the instance to its machine. The frame is
    // compared with the limit before anything is written (I7), so the rest of I6 holds of the callee: the instance is
    // the one of its code.
    unsafe {
        let code = (*record).code;
        trap_if(frame_end(code, args) > (*(*m.instance).vm).stack_limit as usize, Trap::StackOverflow)?;
        // The callee looks for nothing in the accumulator, unless it has to be lowered first: then for its record.
        Ok(Registers { ip: code, fp: args, instance: (*record).instance, r0: record as u64, ..*m })
    }
}

/// Calls the function of `record`, whose arguments begin in the slot `args`, with the header in the slot `header`; it
/// returns to `return_ip`.
///
/// # Safety
/// That of [`enter`]; `header` is the slot that the function's type gives for arguments there; `return_ip` is the cell
/// behind.
#[inline(always)]
unsafe fn call(
    m: &mut Registers,
    at: At,
    record: *mut FuncRecord,
    args: u16,
    header: u16,
    return_ip: *const u64,
) -> Flow {
    // SAFETY: the callee's frame begins with `args`, and its type puts the header in it: so that was compared with the
    // limit.
    unsafe {
        let mut callee = value!(enter(m, record, m.slot(args)).map_err(|trap| at.trap(m, trap)));
        push_frame(m.slot(header), m);
        callee.link = return_ip;
        *m = callee;
        Flow::Jump
    }
}

/// Moves so many words from the slot `args` on to the frame's beginning.
///
/// # Safety
/// Both ranges lie in frames of the value stack.
#[inline(always)]
unsafe fn move_arguments(m: &Registers, args: u16, count: u16) {
    // SAFETY: each word is in either range. Volatile keeps LLVM from calling the library's `memmove`; it does not
    // unroll the loop, which would take registers that have to be saved.
    unsafe {
        let (mut from, mut to) = (m.slot(args), m.fp);
        let end = m.slot(count);
        while to < end {
            to.write_volatile(from.read_volatile());
            (from, to) = (from.add(1), to.add(1));
        }
    }
}

/// The tail call: the callee gets this frame. `args`, `moves` and `header` are operands of the cell, `new_header` is
/// where in it the one stands that is called so: what is read late takes no register until then.
///
/// # Safety
/// That of [`enter`], but that the arguments are at `m.slot(args)`; the operands are what lowering wrote for a tail
/// call of a function of the record's type.
#[inline(always)]
unsafe fn tail_call(
    m: &mut Registers,
    at: At,
    record: *mut FuncRecord,
    args: u16,
    moves: u16,
    header: u16,
    new_header: usize,
) -> Flow {
    // SAFETY: the callee's frame is compared with the limit before anything is written (I7), and all that is written
    // lies in it: its arguments and its header. The header that leads to the caller is read before the arguments may
    // overwrite it.
    unsafe {
        let mut callee = value!(enter(m, record, m.fp).map_err(|trap| at.trap(m, trap)));
        if callee.instance.is_null() {
            // A host function. Nothing but this tells it whose code calls: the header names who called that code.
            callee.instance = m.instance;
        }
        if moves != 0 {
            if moves & 1 == 0 {
                move_arguments(m, args, moves / 2);
            } else {
                let caller = Header::read(m.slot(header));
                move_arguments(m, args, moves / 2);
                caller.write(m.slot(m.operand(new_header)));
            }
        }
        // Read once more, for the same reason.
        callee.ip = (&raw const (*record).code).read_volatile();
        *m = callee;
        Flow::Jump
    }
}

/// The record that begins at a word of the instance.
///
/// # Safety
/// `m.instance` is a live instance, and `func` the word of one of its functions.
#[inline(always)]
unsafe fn direct(m: &Registers, func: u32) -> *mut FuncRecord {
    // SAFETY: a function's word is within the block (I4).
    unsafe { InstanceHead::word(m.instance, func as usize) }
}

/// The function a table holds at the index in the accumulator, if it has the type (spec 4.4.8, `call_indirect`).
///
/// # Safety
/// `m.instance` is a live instance, and `table` the word of one of its tables of functions.
#[inline(always)]
unsafe fn indirect(m: &Registers, table: u32, type_id: TypeId) -> Result<*mut FuncRecord, Trap> {
    // SAFETY: as is asked for; the record is live, and its code has a head (I5).
    unsafe {
        let record = element(m.instance, table, m.r0)?;
        trap_if((*code_head((*record).code)).type_id != type_id, Trap::IndirectCallTypeMismatch)?;
        Ok(record)
    }
}

/// The function a table holds at an index.
///
/// # Safety
/// `instance` is live, and `table` the word of one of its tables of functions.
#[inline(always)]
unsafe fn element(instance: *mut InstanceHead, table: u32, index: u64) -> Result<*mut FuncRecord, Trap> {
    // SAFETY: the word is within the block and leads to a live table (I1, I4), which has so many elements as it says
    // (I8): each is null or the address of a live record (I5).
    unsafe {
        let table = InstanceHead::word::<*mut Table>(instance, table as usize).read();
        let index = u64::from(index as u32);
        trap_if(index >= (*table).len, Trap::UndefinedElement)?;
        let record = (*table).base.add(index as usize).read() as *mut FuncRecord;
        trap_if(record.is_null(), Trap::UninitializedElement)?;
        Ok(record)
    }
}

/// The function a table holds at an index, if its type is below one that others may be below: its record's address. Else a
/// [`Trap`]'s code, which is no such address.
///
/// # Safety
/// As for [`indirect`].
#[inline(never)]
unsafe fn table_func(instance: *mut InstanceHead, table: u32, index: u64, type_id: TypeId) -> u64 {
    // SAFETY: as is asked for; as in `indirect`, records are live and their code has a head.
    let (found, is_below) = unsafe {
        let found = match element(instance, table, index) {
            Ok(record) => record,
            Err(trap) => return trap as u64,
        };
        let found_id = (*code_head((*found).code)).type_id;
        (found, found_id == type_id || Vm::is_subtype((*instance).vm, found_id, type_id))
    };
    if is_below { found as u64 } else { Trap::IndirectCallTypeMismatch as u64 }
}

/// The function in the accumulator.
#[inline(always)]
fn referred(m: &Registers) -> Result<*mut FuncRecord, Trap> {
    trap_if(m.r0 == 0, Trap::NullFuncReference)?;
    Ok(m.r0 as *mut FuncRecord)
}

define_cell! {
    TableFunc |m, cell::TableFunc { table, type_id }, at| {
        let found = table_func(m.instance, table, m.r0, type_id);
        if found <= u64::from(u8::MAX) {
            return Flow::Trap(at.trap(m, Trap::from_code(found as u8)));
        }
        m.r0 = found;
        Flow::Next
    }
}

define_cell! {
    CallRef |m, cell::CallRef { args, header, .. }, at| {
        let record = value!(referred(m).map_err(|trap| at.trap(m, trap)));
        let return_ip = m.ip.byte_add(cell_bytes(at.operands - 8 + cell::CallRef::LEN));
        call(m, at, record, args, header, return_ip)
    }
}

define_cell! {
    ReturnCallRef |m, cell::ReturnCallRef { args, moves, header, .. }, at| {
        let record = value!(referred(m).map_err(|trap| at.trap(m, trap)));
        tail_call(m, at, record, args, moves, header, at.operands + cell::ReturnCallRef::LEN - 2)
    }
}

define_cell! {
    Call |m, cell::Call { func, args, header }, at| {
        let return_ip = m.ip.byte_add(cell_bytes(at.operands - 8 + cell::Call::LEN));
        call(m, at, direct(m, func), args, header, return_ip)
    }
}

define_cell! {
    CallIndirect |m, cell::CallIndirect { table, type_id, args, header }, at| {
        let record = value!(indirect(m, table, type_id).map_err(|trap| at.trap(m, trap)));
        let return_ip = m.ip.byte_add(cell_bytes(at.operands - 8 + cell::CallIndirect::LEN));
        call(m, at, record, args, header, return_ip)
    }
}

define_cell! {
    ReturnCall |m, cell::ReturnCall { func, args, moves, header, .. }, at| {
        tail_call(m, at, direct(m, func), args, moves, header, at.operands + cell::ReturnCall::LEN - 2)
    }
}

define_cell! {
    ReturnCallIndirect |m, cell::ReturnCallIndirect { table, type_id, args, moves, header, .. }, at| {
        let record = value!(indirect(m, table, type_id).map_err(|trap| at.trap(m, trap)));
        tail_call(m, at, record, args, moves, header, at.operands + cell::ReturnCallIndirect::LEN - 2)
    }
}

#[cfg(test)]
mod tests;
