//! Calls across the boundary of threaded code: from the host, to the host, and to what is not lowered yet.

use crate::func::{HostCall, HostRecord, head};
use crate::machine::{Flow, Handle, Handler, Machine, Stmt, handler_word, run};
use crate::pause::Yielded;
use crate::stmt::{pop_frame, push_frame};
use crate::{Exit, FuncRecord, Trap, Word, vm::Vm};
use pirn_decode::ValType;
use pirn_decode::layout::HEADER_WORDS;
use pirn_decode::sig::Sig;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The cell of a [`crate::LazyCode`].
pub(crate) const LOWER: Handler = LowerThunk::handler;
/// The cell of a [`HostRecord`].
pub(crate) const HOST: Handler = HostThunk::handler;

/// Where the host returns to: the end of [`invoke`].
struct ExitCell;

impl Stmt for ExitCell {
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: Machine, _: usize) -> Flow {
        // SAFETY: `inst` is the machine's own host instance.
        unsafe { m.save() };
        Flow::Stop(m)
    }
}

/// The address of an [`ExitCell`].
fn exit_cell() -> *const u64 {
    static CELL: std::sync::OnceLock<[u64; 1]> = std::sync::OnceLock::new();
    CELL.get_or_init(|| [handler_word(ExitCell::handler as Handler)]).as_ptr()
}

/// Lowers the function, then calls it for good.
struct LowerThunk;

impl Stmt for LowerThunk {
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(mut m: Machine, _: usize) -> Flow {
        // SAFETY: whoever enters a function leaves its record in `r0`.
        unsafe {
            let code = lower(m.r0 as *mut FuncRecord, m.fp);
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
    // SAFETY: records of functions to be lowered have an instance, and that a machine.
    unsafe {
        let FuncRecord { code, inst } = *record;
        let vm = (*inst).vm;
        match ((*vm).lower)(inst, (*head(code)).index) {
            Ok(code) => (*record).code = code,
            Err(error) => {
                (*vm).exit = Some(Exit::Host(error));
                return std::ptr::null();
            }
        }
        let code = (*record).code;
        if fp as usize + (*head(code)).frame_bytes as usize > (*vm).stack_limit as usize {
            (*vm).exit = Some(Exit::Trap(Trap::StackOverflow));
            return std::ptr::null();
        }
        code
    }
}

/// Calls the host function.
struct HostThunk;

impl Stmt for HostThunk {
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: Machine, _: usize) -> Flow {
        // SAFETY: the cell is a host record's thunk; the header is where its type puts it.
        unsafe {
            let record = m.ip.byte_sub(std::mem::offset_of!(HostRecord, thunk)).cast::<HostRecord>();
            // A function type is that short (`FuncType::MOST`).
            let header = (*record).head.header as u16;
            let caller = pop_frame(m, header);
            if !call_host(record, m.fp, caller.inst) {
                caller.save();
                return Flow::Stop(caller);
            }
            Flow::Jump(returned(caller, m.fp))
        }
    }
}

/// The state in which `caller` goes on behind a host function that left its results in the frame at `fp`.
///
/// # Safety
/// `fp` is that frame.
#[inline(always)]
pub(crate) unsafe fn returned(mut caller: Machine, fp: *const u64) -> Machine {
    // SAFETY: the caller's. The first result, whatever its class, is in the frame's first word.
    unsafe {
        caller.r0 = fp.read();
        crate::expr::Value::set_acc(fp.cast::<f64>().read(), &mut caller);
    }
    caller
}

/// Runs the host function behind `record` on the frame at `fp`. `false`, with the reason in the machine, if execution
/// cannot go on.
#[inline(never)]
unsafe fn call_host(record: *const HostRecord, fp: *mut u64, caller: *mut crate::Inst) -> bool {
    // SAFETY: the frame was checked against the limit; nothing else refers to its values while the closure runs, for
    // what it calls lies above `top`.
    unsafe {
        let func = &(*record).func;
        let vm = (*caller).vm;
        let words = (*record).head.header as usize;
        let top = std::mem::replace(&mut (*vm).top, fp.add(words + HEADER_WORDS));
        let values = std::slice::from_raw_parts_mut(fp, words);
        let caller = if Vm::is_host(vm, caller) { std::ptr::null_mut() } else { caller };
        let result = catch_unwind(AssertUnwindSafe(|| func(HostCall { vm, caller, values })));
        (*vm).top = top;
        match result {
            Ok(Ok(())) => return true,
            Ok(Err(exit)) => {
                if let Exit::Yield(_) = exit {
                    let number = (*record).head.index;
                    (*vm).yielded = Some(Yielded { frame: fp, words, number });
                }
                (*vm).exit = Some(exit);
            }
            Err(payload) => (*vm).exit = Some(Exit::Panic(payload)),
        }
        false
    }
}

/// Puts `func`'s frame at `fp`, with `values` for arguments and a header that returns to the host, and gives the state in
/// which it begins. `None` if the frame reaches beyond `limit`.
///
/// # Safety
/// That of [`invoke`]; `fp` is the first free word of a stack whose limit is `limit`.
#[inline(always)]
pub(crate) unsafe fn enter_from_host(
    vm: *mut Vm,
    func: *mut FuncRecord,
    values: &[Word],
    fp: *mut u64,
    limit: *mut u64,
) -> Option<Machine> {
    // SAFETY: the caller's; the frame is checked before it is written.
    unsafe {
        let FuncRecord { code, inst } = *func;
        let head = head(code);
        if fp as usize + (*head).frame_bytes as usize > limit as usize {
            return None;
        }
        fp.copy_from_nonoverlapping(values.as_ptr(), values.len());
        // The host itself returns nowhere.
        let host = Machine::new(std::ptr::null(), fp, Vm::host(vm), std::ptr::null());
        push_frame(fp.add((*head).header as usize), &host);
        // A host function's record has no instance; its thunk takes the caller's from the header.
        Some(Machine { r0: func as u64, ..Machine::new(code, fp, inst, exit_cell()) })
    }
}

/// Calls `func` from the host: arguments are the first words of `values`, results replace them.
///
/// # Errors
/// How the execution ended, if not by returning. It cannot go on.
///
/// # Safety
/// `func` is a live record of the store `vm` belongs to; `values` holds arguments of its type and is as long as the
/// longer of parameters and results; `first` is the type of its first result, if it has one.
pub unsafe fn invoke(
    vm: *mut Vm,
    func: *mut FuncRecord,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    // SAFETY: the caller's.
    unsafe {
        (*vm).enter()?;
        let fp = (*vm).top;
        let result = match enter_from_host(vm, func, values, fp, (*vm).stack_limit) {
            None => Err(Exit::Trap(Trap::StackOverflow)),
            Some(machine) => {
                run(machine);
                match (*vm).exit.take() {
                    Some(exit) => {
                        (*vm).yielded = None;
                        Err(exit)
                    }
                    None => {
                        values.copy_from_slice(std::slice::from_raw_parts(fp, values.len()));
                        if let Some(ty) = first {
                            values[0] = (*vm).first_result(ty);
                        }
                        Ok(())
                    }
                }
            }
        };
        (*vm).top = fp;
        (*vm).depth -= 1;
        result
    }
}
