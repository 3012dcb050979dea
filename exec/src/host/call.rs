//! Calls across the boundary of threaded code: from the host, to the host, and to what is not lowered yet.

use crate::handlers::stmt::{pop_frame, push_frame};
use crate::host::pause::Yielded;
use crate::state::record::{HostCall, HostRecord, head};
use crate::state::registers::{Flow, Handle, Handler, Machine, Stmt, Vector, handler_word, run};
use crate::state::stack::Borrowed;
use crate::{Exit, FuncRecord, InstanceHead, Trap, Vm, Word};
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
            let record = HostRecord::of(m.ip);
            // A function type is that short (`FuncType::MOST`).
            let header = (*record).head.header as u16;
            // Nobody asks for the accumulators of who calls: the results replace them.
            let caller = Machine { r0: 0, v0: Vector::zeroed(), ..pop_frame(m, header) };
            if !call_host(record, m.fp, caller.inst, m.inst) {
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
        crate::handlers::expr::Value::set_acc(fp.cast::<f64>().read(), &mut caller);
    }
    caller
}

/// Runs the host function behind `record` on the frame at `fp`, which returns to the instance `to`. It acts for the
/// instance `on_behalf`, if that is not null: whose code made a tail call, or whose start function it is. `false`, with the
/// reason in the machine, if execution cannot go on.
#[inline(never)]
unsafe fn call_host(
    record: *const HostRecord,
    fp: *mut u64,
    to: *mut InstanceHead,
    on_behalf: *mut InstanceHead,
) -> bool {
    // SAFETY: the frame was checked against the limit; nothing else refers to its values while the closure runs, for
    // what it calls lies above `top`.
    unsafe {
        let func = &(*record).func;
        let vm = (*to).vm;
        let words = (*record).head.header as usize;
        let top = std::mem::replace(&mut (*vm).top, fp.add(words + HEADER_WORDS));
        let values = std::slice::from_raw_parts_mut(fp, words);
        // The code that called it by a plain call is where it returns to.
        let caller = if on_behalf.is_null() && !Vm::is_host(vm, to) { to } else { on_behalf };
        let result = catch_unwind(AssertUnwindSafe(|| func(HostCall { vm, caller, values })));
        (*vm).top = top;
        let Ok(Ok(())) = result else {
            let exit = result.map_or_else(Exit::Panic, |result| result.expect_err("success is looked at before"));
            let yielded = Yielded { frame: fp, words, func: record };
            stop(vm, exit, yielded);
            return false;
        };
        true
    }
}

/// Leaves in the machine why a host function did not return.
#[cold]
#[inline(never)]
unsafe fn stop(vm: *mut Vm, exit: Exit, yielded: Yielded) {
    // SAFETY: `call_host`'s machine is live.
    unsafe {
        (*vm).yielded = matches!(exit, Exit::Yield(_)).then_some(yielded);
        (*vm).exit = Some(match exit {
            // Only metered code is where it can go on with more fuel.
            Exit::OutOfFuel { .. } => Exit::Trap(Trap::OutOfFuel),
            exit => exit,
        });
    }
}

/// Puts `func`'s frame at `fp`, with `values` for arguments and a header that returns to the host, and gives the state in
/// which it begins. `None` if the frame reaches beyond `limit`.
///
/// A host function acts for the instance `on_behalf`, or nobody's if that is null.
///
/// # Safety
/// That of [`invoke`] and, for `on_behalf`, [`invoke_start`]; `fp` is the first free word of a stack whose limit is `limit`.
#[inline(always)]
pub(crate) unsafe fn enter_from_host(
    vm: *mut Vm,
    func: *mut FuncRecord,
    on_behalf: *mut InstanceHead,
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
        copy_few(values.as_ptr(), fp, values.len());
        // The host itself returns nowhere.
        let host = Machine::new(std::ptr::null(), fp, Vm::host(vm), std::ptr::null());
        push_frame(fp.add((*head).header as usize), &host);
        let inst = if inst.is_null() { on_behalf } else { inst };
        Some(Machine { r0: func as u64, ..Machine::new(code, fp, inst, exit_cell()) })
    }
}

/// Copies words, mostly one or two: a call of `memcpy` takes as long as all the rest of an entry.
///
/// # Safety
/// That of [`pointer::copy_to_nonoverlapping`].
#[inline(always)]
unsafe fn copy_few(from: *const Word, to: *mut Word, words: usize) {
    // SAFETY: the caller's.
    unsafe {
        match words {
            0 => {}
            1 => *to = *from,
            2 => to.cast::<[Word; 2]>().write(from.cast::<[Word; 2]>().read()),
            _ => to.copy_from_nonoverlapping(from, words),
        }
    }
}

/// Calls `func` from the host: arguments are the first words of `values`, results replace them. A host function that is
/// called so acts for no instance.
///
/// # Errors
/// How the execution ended, if not by returning. It cannot go on.
///
/// # Safety
/// [The crate's](crate#safety), for the store of `vm`; `func` is a record of it; `values` holds arguments of its type and is
/// as long as the longer of parameters and results; `first` is the type of its first result, if it has one.
pub unsafe fn invoke(
    vm: *mut Vm,
    func: *mut FuncRecord,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    // SAFETY: the caller's.
    unsafe { call(vm, func, std::ptr::null_mut(), values, first) }
}

/// Calls the start function of the instance `inst` (spec 4.5.4), which may be a host function: then it acts for `inst`.
///
/// # Errors
/// As [`invoke`].
///
/// # Safety
/// That of [`invoke`], for a function without parameters and results; `inst` is a live instance of the same store.
pub unsafe fn invoke_start(vm: *mut Vm, func: *mut FuncRecord, inst: *mut InstanceHead) -> Result<(), Exit> {
    // SAFETY: the caller's.
    unsafe { call(vm, func, inst, &mut [], None) }
}

/// # Safety
/// That of [`invoke`] and, for `on_behalf`, [`invoke_start`].
#[inline(always)]
unsafe fn call(
    vm: *mut Vm,
    func: *mut FuncRecord,
    on_behalf: *mut InstanceHead,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    // SAFETY: the caller's.
    unsafe {
        let _entry = Entry::new(vm)?;
        let mut own_stack = None;
        if (*vm).top.is_null() {
            // Nothing runs yet; otherwise what is entered lies above the frames there are.
            let bytes = (*vm).stack_bytes;
            let Some(stack) = Borrowed::new(bytes) else { return Err(Exit::NoStack { bytes }) };
            let base = stack.base();
            (*vm).top = base;
            (*vm).stack_limit = base.byte_add(bytes);
            own_stack = Some(stack);
        }
        let fp = (*vm).top;
        let Some(machine) = enter_from_host(vm, func, on_behalf, values, fp, (*vm).stack_limit) else {
            return Err(Exit::Trap(Trap::StackOverflow));
        };
        run(machine);
        if let Some(exit) = (*vm).exit.take() {
            (*vm).yielded = None;
            if let (Some(stack), Exit::Trap(Trap::StackOverflow)) = (&mut own_stack, &exit) {
                // Nothing runs on it any more.
                stack.trim();
            }
            return Err(exit);
        }
        copy_few(fp, values.as_mut_ptr(), values.len());
        if let Some(ty) = first {
            values[0] = (*vm).first_result(ty);
        }
        Ok(())
    }
}

/// An entry from the host: when it is over, by a panic of the machine itself too, which only the portable loop can have,
/// the machine is as it was before.
pub(crate) struct Entry {
    vm: *mut Vm,
    limit: *mut u64,
    top: *mut u64,
}

impl Entry {
    /// # Errors
    /// Too many entries are nested.
    ///
    /// # Safety
    /// `vm` is live until the entry is dropped.
    #[inline(always)]
    pub(crate) unsafe fn new(vm: *mut Vm) -> Result<Self, Exit> {
        // SAFETY: the caller's.
        unsafe {
            (*vm).enter()?;
            Ok(Self { vm, limit: (*vm).stack_limit, top: (*vm).top })
        }
    }
}

impl Drop for Entry {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `new` asked for it.
        unsafe {
            (*self.vm).stack_limit = self.limit;
            (*self.vm).top = self.top;
            (*self.vm).depth -= 1;
        }
    }
}
