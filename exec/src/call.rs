//! Calls across the boundary of threaded code: from the host, to the host, and to what is not lowered yet.

use crate::func::{Body, HostCall};
use crate::machine::{Flow, Handler, Machine, Stmt, handler, handler_word, run};
use crate::stmt::{pop_frame, push_frame};
use crate::{Exit, FuncRecord, Trap, Word, vm::Vm};
use pirn_decode::layout::HEADER_WORDS;
use pirn_decode::sig::Sig;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The one-cell code of a record that has no threaded code.
pub(crate) fn thunk(body: &Body) -> [u64; 2] {
    let handler = match body {
        Body::Wasm => handler::<LowerThunk> as Handler,
        Body::Host(_) => handler::<HostThunk> as Handler,
    };
    [handler_word(handler), 0]
}

/// The record whose thunk runs: the thunk is a field of it.
///
/// # Safety
/// `m.ip` is the thunk of a record.
#[inline(always)]
unsafe fn record_of(m: &Machine) -> *mut FuncRecord {
    // SAFETY: the caller's.
    unsafe { m.ip.byte_sub(std::mem::offset_of!(FuncRecord, thunk)).cast::<FuncRecord>().cast_mut() }
}

/// Where the host returns to: the end of [`invoke`].
struct ExitCell;

impl Stmt for ExitCell {
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: Machine, _: usize) -> Flow {
        // SAFETY: `inst` is the machine's own host instance.
        unsafe {
            let saved = &raw mut (*(*m.inst).vm).saved;
            (*saved).r0 = m.r0;
            (*saved).v0 = m.v0;
        }
        Flow::Stop(m)
    }
}

/// The address of an [`ExitCell`].
fn exit_cell() -> *const u64 {
    static CELL: std::sync::OnceLock<[u64; 1]> = std::sync::OnceLock::new();
    CELL.get_or_init(|| [handler_word(handler::<ExitCell> as Handler)]).as_ptr()
}

/// Lowers the function, then calls it for good.
struct LowerThunk;

impl Stmt for LowerThunk {
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(mut m: Machine, _: usize) -> Flow {
        // SAFETY: the cell is a record's thunk.
        unsafe {
            let code = lower(record_of(&m), m.fp);
            if code.is_null() {
                return Flow::Stop(m);
            }
            m.ip = code;
        }
        Flow::Jump(m)
    }
}

/// Has `record` lowered and checks its frame, which nobody knew before, at `fp`. Null, with the reason in the machine, if
/// execution cannot go on.
#[cold]
#[inline(never)]
unsafe fn lower(record: *mut FuncRecord, fp: *mut u64) -> *const u64 {
    // SAFETY: records of instances have an instance, and that a machine.
    unsafe {
        let vm = (*(*record).inst).vm;
        if let Err(error) = ((*vm).lower)(vm, record) {
            (*vm).exit = Some(Exit::Host(error));
            return std::ptr::null();
        }
        if fp as usize + (*record).frame_bytes as usize > (*vm).stack_limit as usize {
            (*vm).exit = Some(Exit::Trap(Trap::StackOverflow));
            return std::ptr::null();
        }
        (*record).code
    }
}

/// Calls the host function.
struct HostThunk;

impl Stmt for HostThunk {
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: Machine, _: usize) -> Flow {
        // SAFETY: the cell is a record's thunk; the header is where its type puts it.
        unsafe {
            let record = record_of(&m);
            let header = (*record).header as u16;
            let mut caller = pop_frame(m, header);
            if !call_host(record, m.fp, caller.inst) {
                return Flow::Stop(caller);
            }
            // The first result, whatever its class, is in the frame's first word.
            caller.r0 = m.fp.read();
            let first = m.fp.cast::<f64>().read();
            crate::expr::Value::set_acc(first, &mut caller);
            Flow::Jump(caller)
        }
    }
}

/// Runs the host function behind `record` on the frame at `fp`. `false`, with the reason in the machine, if execution
/// cannot go on.
#[inline(never)]
unsafe fn call_host(record: *mut FuncRecord, fp: *mut u64, caller: *mut crate::Inst) -> bool {
    // SAFETY: the frame was checked against the limit; a host record has a host body; nothing else refers to the frame's
    // values while the closure runs, for what it calls lies above `top`.
    unsafe {
        let Body::Host(func) = &(*record).body else { unreachable!("a host thunk in a record of an instance") };
        let vm = (*caller).vm;
        let words = (*record).header as usize;
        let top = std::mem::replace(&mut (*vm).top, fp.add(words + HEADER_WORDS));
        let values = std::slice::from_raw_parts_mut(fp, words);
        let caller = if Vm::is_host(vm, caller) { std::ptr::null_mut() } else { caller };
        let result = catch_unwind(AssertUnwindSafe(|| func(HostCall { vm, caller, values })));
        (*vm).top = top;
        match result {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => (*vm).exit = Some(Exit::Host(error)),
            Err(payload) => (*vm).exit = Some(Exit::Panic(payload)),
        }
        false
    }
}

/// Calls `func` from the host: arguments are the first words of `values`, results replace them.
///
/// # Errors
/// How the execution ended, if not by returning.
///
/// # Safety
/// `func` is a live record of the store `vm` belongs to; `values` holds arguments of its type and is as long as the
/// longer of parameters and results; `first_float` says whether the first result is a float.
pub unsafe fn invoke(vm: *mut Vm, func: *mut FuncRecord, values: &mut [Word], first_float: bool) -> Result<(), Exit> {
    // SAFETY: the caller's; the frame is checked before it is written.
    unsafe {
        (*vm).enter()?;
        let fp = (*vm).top;
        let result = if fp as usize + (*func).frame_bytes as usize > (*vm).stack_limit as usize {
            Err(Exit::Trap(Trap::StackOverflow))
        } else {
            fp.copy_from_nonoverlapping(values.as_ptr(), values.len());
            let host = Vm::host(vm);
            push_frame(fp.add((*func).header as usize), exit_cell(), fp, host);
            // A host function's record has no instance; its thunk takes the caller's from the header.
            run(Machine::new((*func).code, fp, (*func).inst));
            match (*vm).exit.take() {
                Some(exit) => Err(exit),
                None => {
                    values.copy_from_slice(std::slice::from_raw_parts(fp, values.len()));
                    if let Some(first) = values.first_mut() {
                        let saved = &raw const (*vm).saved;
                        *first = if first_float { (&raw const (*saved).v0).cast::<u64>().read() } else { (*saved).r0 };
                    }
                    Ok(())
                }
            }
        };
        (*vm).top = fp;
        (*vm).depth -= 1;
        result
    }
}
