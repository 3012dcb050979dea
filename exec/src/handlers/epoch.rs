//! Deadlines: the cell that asks whether the machine's has passed, and how what takes long asks meanwhile.
//!
//! The cell stops in front of itself with the whole machine saved; a branch that [asks](crate::handlers::seq::Ask), in front of the
//! cell that it leads to. A cell that works on gigabytes stops in front of itself, too: what it has done by
//! then is in [`Vm::progress`](crate::Vm), so running it again goes on where it stopped. It has a handler to itself therefore.
//!
//! Asking takes four loads and a compare that is predicted. What follows a deadline that has passed is out of line, in a handler
//! of its own: with a call in the same one LLVM saves registers before it looks at the epoch.

use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, HasHandler, Stmt};
use crate::state::registers::Registers;
use crate::state::vm::{StoppedAt, Vm};
use pirn_decode::cell::{self, Operands};
use pirn_decode::sig::{self, Sig};
use std::ptr::null_mut;

/// So many bytes are written in one go. It takes some ten microseconds, if the system has to commit the pages.
pub(crate) const STEP: usize = 128 << 10;

define_cell! {
    Epoch |m, _, at| {
        if Vm::is_late((*m.instance).vm) { Flow::Delegate } else { Flow::Next }
    }
    or Late::<NEXT>::handler
}

/// What is executed in the place of a cell when the deadline has passed: of an [`Epoch`] if it goes on with the [`NEXT`], of any one
/// that it goes on with if that is the cell [`THERE`].
pub(crate) struct Late<const AT: bool>;

/// Behind the cell.
const NEXT: bool = false;
/// At the cell.
pub(crate) const THERE: bool = true;

impl<const AT: bool> Stmt for Late<AT> {
    type Best = Self;
    const LEN: usize = cell::Epoch::LEN;
    // Nobody asks for it.
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, _: At) -> Flow {
        // SAFETY: the instance leads to the machine that runs (I6), whose fields are nobody else's (I2).
        unsafe {
            let vm = (*m.instance).vm;
            m.save();
            if !go_on(vm, end_of_frame(vm)) {
                return stop(m);
            }
            *m = (*vm).saved;
            if AT == THERE { Flow::Jump } else { Flow::Next }
        }
    }
}

/// Stops in front of the cell at `m.ip`; the reason is in the machine.
///
/// # Safety
/// `m.instance` is a live instance, and so leads to the machine that runs.
#[inline(always)]
pub(crate) unsafe fn stop(m: &Registers) -> Flow {
    // SAFETY: so `save` asks, too; the machine's fields are nobody else's while it runs (I2).
    unsafe {
        m.save();
        (*(*m.instance).vm).stopped_at = StoppedAt::Place(0);
    }
    Flow::Stop
}

/// Asks the embedder what is to be done about a deadline that has passed: whether execution goes on. If not, the reason is in
/// the machine. The registers that are saved are so again afterwards.
///
/// # Safety
/// The machine runs, and keeps no pointer to what the embedder may change. Its frames end at `top`, or before.
#[cold]
#[inline(never)]
pub(crate) unsafe fn go_on(vm: *mut Vm, top: *const u64) -> bool {
    // SAFETY: its fields are nobody else's (I2), but the hook's while it runs. What that enters runs on another stack, since
    // nobody says where the frame of this cell ends.
    unsafe {
        let saved = (*vm).saved;
        Vm::push_stack(vm, top, saved.r0);
        let (limit, top) = ((*vm).stack_limit, std::mem::replace(&mut (*vm).top, null_mut()));
        let outcome = Vm::late(vm);
        Vm::pop_stack(vm);
        ((*vm).saved, (*vm).stack_limit, (*vm).top) = (saved, limit, top);
        match outcome {
            Ok(()) => true,
            Err(exit) => {
                (*vm).exit = Some(exit);
                false
            }
        }
    }
}

/// Where the frame ends in which execution stands still; its stack, if nobody knows.
///
/// Out of line: what the hook gives lies on the stack, and a handler with an address of its stack does not leave by a jump.
///
/// # Safety
/// The registers that are saved are those of a cell.
#[cold]
#[inline(never)]
unsafe fn end_of_frame(vm: *mut Vm) -> *const u64 {
    // SAFETY: the machine is live, and so is the instance in which code stopped, which is asked for its function.
    unsafe {
        let Registers { ip, fp, instance, .. } = (*vm).saved;
        let code = (*vm).locate.and_then(|locate| locate(instance, ip.addr()));
        code.map_or((*vm).stack_limit, |code| fp.byte_add(code.head.frame_bytes as usize))
    }
}

/// Has `work` done on `len` items, from which it is told how many were done before and how many are to be done, `step` at a time;
/// asks for the epoch in between, if the machine has one. Whether it is done; if not, the reason is in the machine, and the cell
/// that is to go on is to call this again.
///
/// # Safety
/// The machine runs, and keeps no pointer to what the embedder may change; `work` follows none from before.
#[inline(always)]
pub(crate) unsafe fn in_steps(vm: *mut Vm, len: usize, step: usize, mut work: impl FnMut(usize, usize)) -> bool {
    // SAFETY: the machine's fields are nobody else's (I2).
    unsafe {
        if (*vm).epoch.is_null() {
            work(0, len);
            return true;
        }
        let mut done = std::mem::take(&mut (*vm).progress);
        loop {
            let now = step.min(len - done);
            work(done, now);
            done += now;
            if done == len {
                return true;
            }
            // What runs has not saved its registers, so nobody knows where its frame ends.
            if Vm::is_late(vm) && !go_on(vm, (*vm).stack_limit) {
                (*vm).progress = done;
                return false;
            }
        }
    }
}
