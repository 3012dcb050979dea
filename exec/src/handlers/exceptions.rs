//! Throwing, and finding who catches (spec 4.6.13).
//!
//! Who throws walks over the frames, from its own outwards: each leads to its caller by its header, whatever their instances, up to
//! where the host entered. Each frame stands behind a call, and by that place the function's [`CatchTable`](pirn_decode::CatchTable) has
//! the clauses. Nothing is taken apart on the way: if nobody catches, the frames are still there, for a backtrace; if somebody does, its
//! frame's registers are the machine's, and what was above is above.
//!
//! A place is looked up once, with the module's help, and remembered. So a frame takes a look-up in a hash table; or none, if it stands at the
//! place of the one further in, as where a function calls itself, of the same instance: then nobody catches there, either.
//!
//! There may be many frames, of many clauses each. So with deadlines it is asked in between whether one has passed. How many frames nobody
//! catches in is in [`Vm::progress`](crate::Vm) if execution stops there; what throws begins anew when it goes on, and passes those.

use crate::Word;
use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt, cell_bytes};
use crate::handlers::epoch;
use crate::handlers::exit::exit_cell;
use crate::state::exception::Exception;
use crate::state::frames::pop_frame;
use crate::state::instance::InstanceHead;
use crate::state::registers::Registers;
use crate::state::tag::{Tag, ThrownAt};
use crate::state::trap::{Exit, Trap};
use crate::state::vm::{StoppedAt, Vm};
use pirn_decode::CatchClause;
use pirn_decode::cell::{self, Operands};
use pirn_decode::planted;
use pirn_decode::sig::{self, Sig};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;

define_cell! {
    Throw |m, cell::Throw { tag, args }, at| {
        m.save();
        let behind = m.ip.byte_add(cell_bytes(at.operands - 8 + cell::Throw::LEN));
        go_on(m, throw((*m.instance).vm, tag, m.slot(args), behind, at.place()))
    }
}

define_cell! {
    ThrowRef |m, cell::ThrowRef { exception }, at| {
        let exception = m.slot(exception).read();
        if exception == 0 {
            return Flow::Trap(at.trap(m, Trap::NullExceptionReference));
        }
        m.save();
        let behind = m.ip.byte_add(cell_bytes(at.operands - 8 + cell::ThrowRef::LEN));
        go_on(m, throw_exception((*m.instance).vm, exception, behind, at.place()))
    }
}

/// What follows where the machine was left: it goes on with the saved registers, or has stopped there.
///
/// # Safety
/// I6 holds of the saved registers, if there is no exit; if there is, `instance` is live.
#[inline(always)]
pub(crate) unsafe fn go_on(m: &mut Registers, vm: *mut Vm) -> Flow {
    // SAFETY: the machine is live (I1), and its fields are nobody else's while it runs (I2).
    unsafe {
        *m = (*vm).saved;
        if (*vm).exit.is_some() { Flow::Stop } else { Flow::Jump }
    }
}

/// Throws an exception of the tag at a word of the instance in which the machine was saved, with the values at `values`, from the cell
/// that ends `behind`, at this place of it. Returns the machine, for [`go_on`].
///
/// # Safety
/// [I6](crate#safety) holds of the saved registers of `vm`, which is live; the cell at their `ip` throws an exception of this tag with
/// these values.
#[cold]
#[inline(never)]
unsafe fn throw(vm: *mut Vm, tag: u32, values: *const Word, behind: *const u64, place: u8) -> *mut Vm {
    // SAFETY: the instance has the tag at this word (I4), which is live (I1), and so many words are the operands of the cell (I3).
    unsafe {
        let tag = InstanceHead::word::<*const Tag>((*vm).saved.instance, tag as usize).read();
        // The values are the topmost operands of the running frame.
        let Some(exception) = Vm::exception_below(vm, tag, values, values.add((*tag).words() as usize)) else {
            (*vm).stopped_at = StoppedAt::Place(place);
            (*vm).exit = Some(Exit::Trap(Trap::GcHeapOutOfMemory));
            return vm;
        };
        throw_exception(vm, exception, behind, place)
    }
}

/// As [`throw`], of an exception that there is.
///
/// # Safety
/// That of [`throw`]; it is the word of an exception, not null.
#[cold]
#[inline(never)]
unsafe fn throw_exception(vm: *mut Vm, exception: Word, behind: *const u64, place: u8) -> *mut Vm {
    // SAFETY: the same is asked for above. What calls or throws in the cell that ends there is the running function.
    unsafe {
        let from = Registers { ip: behind, ..(*vm).saved };
        let mut searched = std::mem::take(&mut (*vm).progress);
        match search(vm, from, exception, searched, &mut |frames| {
            searched = frames;
            (*vm).epoch.is_null() || !Vm::is_late(vm) || is_to_go_on(vm, exception)
        }) {
            Search::Found(handler) => (*vm).saved = handler,
            Search::Nobody => {
                let number = (*vm).set_pending_exception(exception);
                (*vm).stopped_at = StoppedAt::Place(place);
                (*vm).exit = Some(Exit::Thrown { number, error: None });
            }
            Search::Stopped => {
                (*vm).stopped_at = StoppedAt::Place(place);
                (*vm).progress = searched;
            }
        }
    }
    vm
}

/// Asks the embedder what is to be done about a deadline that has passed while an exception is thrown, which stays alive meanwhile.
///
/// # Safety
/// `vm` is live, and its registers are saved; `exception` is the word of an exception.
unsafe fn is_to_go_on(vm: *mut Vm, exception: Word) -> bool {
    // SAFETY: the machine's fields are nobody else's while it runs (I2). The accumulator is a root meanwhile. Nobody knows where the running
    // frame ends.
    unsafe {
        let r0 = std::mem::replace(&mut (*vm).saved.r0, exception);
        let goes_on = epoch::go_on(vm, (*vm).stack_limit);
        (*vm).saved.r0 = r0;
        goes_on
    }
}

/// A host function did not return, why says the machine's exit, and the state behind its call is saved. If it throws the pending
/// exception, and somebody catches that, there is no exit any more, and the state is the handler's. Returns the machine, for
/// [`go_on`].
///
/// # Safety
/// `vm` is live. [I6](crate#safety) holds of its saved registers, or they are what an entry from the host began with.
#[cold]
#[inline(never)]
pub(crate) unsafe fn catch_from_host(vm: *mut Vm) -> *mut Vm {
    // SAFETY: the machine's fields are nobody else's (I2): the host function is over. The saved registers are asked for.
    unsafe {
        // An error may be of an exception that is pending no more, or of another store's.
        if let Some(Exit::Thrown { number, .. }) = (*vm).exit
            && number == (*vm).pending_number
            && (*vm).pending != 0
            && !planted(39)
            && let Some(handler) = catch(vm, (*vm).saved, (*vm).pending)
        {
            let exit = (*vm).exit.take();
            // What the host has put into the error may panic.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(exit))) {
                (*vm).exit = Some(Exit::Panic(payload));
                return vm;
            }
            (*vm).saved = handler;
            if !planted(38) {
                (*vm).take_pending_exception();
            }
        }
    }
    vm
}

/// The state in which a handler begins that catches the exception, if there is one before the host is reached. It was thrown by what
/// stands in front of `ip` in the frame of `thrower`.
///
/// # Safety
/// [I6](crate#safety) holds of `thrower`, but that `ip` is behind the cell that is executed; or `ip` is the exit cell. `exception` is the word of
/// an exception. `vm` is the machine.
pub(crate) unsafe fn catch(vm: *mut Vm, thrower: Registers, exception: Word) -> Option<Registers> {
    // SAFETY: the same is asked for.
    match unsafe { search(vm, thrower, exception, 0, &mut |_| true) } {
        Search::Found(handler) => Some(handler),
        Search::Nobody | Search::Stopped => None,
    }
}

/// What [`search`] has found.
enum Search {
    /// The state in which a handler begins.
    Found(Registers),
    /// Nobody catches.
    Nobody,
    /// It was not to go on.
    Stopped,
}

/// After so many clauses and frames it is asked whether the search is to go on.
const ASKED: usize = 1 << 15;

/// As [`catch`], but for the first `passed` frames, in which nobody catches. Now and then `goes_on` is told in how many frames nobody does, and
/// says whether the search is to go on.
///
/// # Safety
/// That of [`catch`]; `goes_on` leaves the frames as they are.
unsafe fn search(
    vm: *mut Vm,
    thrower: Registers,
    exception: Word,
    passed: usize,
    goes_on: &mut dyn FnMut(usize) -> bool,
) -> Search {
    // SAFETY: an exception lives as long as the machine knows its word. Each frame leads to its caller by its header (I7), and
    // stands behind a call of the function that is further in. What lowering says of the handler is so (I3): where it begins, its
    // slots are the frame's, and the exception's values are as many as the tag has that was compared.
    unsafe {
        let exit = exit_cell();
        let thrown = Exception::of_word(exception);
        // A copy that is lent to nothing out of line, so it is in registers; the parameter is in memory, and each frame would wait for a store.
        let mut m = thrower;
        let mut at = ThrownAt { header: 0, position: 0, code: 0, catches: null() };
        let (mut place, mut frames) = (0, 0);
        // Nothing is asked of frames that are passed, so it gets on.
        let mut until = passed.saturating_add(ASKED);
        while m.ip != exit {
            if m.ip.addr() != place {
                place = m.ip.addr();
                let Some(found) = thrown_at(vm, m.instance, place) else { return Search::Nobody };
                at = found;
            }
            let Registers { ip, instance, .. } = m;
            if frames >= passed
                && let Some(table) = at.catches.as_ref()
            {
                let catches = |clause: &&CatchClause| {
                    let tag = clause.tag.map(|word| InstanceHead::word::<*const Tag>(instance, word as usize).read());
                    tag.is_none_or(|tag| {
                        tag == thrown.tag()
                            || planted(34) && (*tag).words() == 0
                            || planted(33) && (*tag).ty() == (*thrown.tag()).ty()
                    })
                };
                if let Some(clause) = table.clauses_at(at.position as usize).into_iter().find(catches) {
                    if clause.tag.is_some() {
                        let values = thrown.values();
                        let len = values.len() - usize::from(planted(35) && !values.is_empty());
                        m.slot(clause.values).copy_from_nonoverlapping(values.as_ptr(), len);
                    }
                    if let Some(slot) = clause.reference.filter(|_| !planted(36)) {
                        m.slot(slot).write(exception);
                    }
                    if planted(37) {
                        m.instance = thrower.instance;
                    }
                    m.branch((at.code + clause.target as usize) as u64);
                    return Search::Found(m);
                }
                // No more clauses were asked than the function has.
                until = until.saturating_sub(table.clauses());
            }
            // Frames at the same place of the same instance ask the same clauses: nobody catches there either.
            loop {
                pop_frame(&mut m, at.header as u16);
                frames += 1;
                if frames > until {
                    if !goes_on(frames) {
                        return Search::Stopped;
                    }
                    until = frames.saturating_add(ASKED);
                }
                if m.ip != ip || m.instance != instance {
                    break;
                }
            }
        }
    }
    Search::Nobody
}

/// What is known of the place `behind` a call or what throws, in code of an instance. `None` if the machine knows no code.
///
/// # Safety
/// `vm` is live, and the code is of a function of this instance of its store.
unsafe fn thrown_at(vm: *mut Vm, instance: *mut InstanceHead, behind: usize) -> Option<ThrownAt> {
    // SAFETY: the machine's fields are nobody else's while it runs (I2). The word in front of the place is in the cell that calls or
    // throws; so the place is in code, or at its end.
    unsafe {
        if let Some(&at) = (*vm).thrown_at.get(&behind) {
            return Some(at);
        }
        let found = (*vm).locate?(instance, behind - size_of::<u64>())?;
        let (code, position) = (found.code.start, (behind - found.code.start) as u32);
        let at = ThrownAt { header: found.head.header, position, code, catches: found.catches };
        (*vm).thrown_at.insert(behind, at);
        Some(at)
    }
}
