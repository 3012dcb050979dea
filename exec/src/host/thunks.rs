//! Cells that no lowering writes: they stand where a call expects code. One has a function lowered, one calls a host function.

use crate::handlers::dispatch::{At, Flow, Handler, HasHandler, Stmt, handler_word};
use crate::handlers::exceptions::{catch_from_host, go_on};
use crate::handlers::expr::Value;
use crate::state::crossing::CallHook;
use crate::state::frames::{frame_end, pop_frame};
use crate::state::instance::InstanceHead;
use crate::state::record::{FuncRecord, HostCall, HostFunc, HostRecord, HostValues, code_head};
use crate::state::registers::{Registers, Vector, load};
use crate::state::trap::{Exit, Trap};
use crate::state::vm::{StoppedAt, Vm, Yielded};
use pirn_decode::layout::{CodeHead, HEADER_WORDS, RETURN_WORDS};
use pirn_decode::sig::Sig;
use pirn_decode::{FuncType, TypeId, ValType};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The code of a function that has none yet: a cell that has it lowered.
#[repr(C)]
#[derive(Debug)]
pub struct LazyCode {
    head: CodeHead,
    cell: u64,
}

impl LazyCode {
    /// The code of the function with this head.
    pub fn new(head: CodeHead) -> Self {
        Self { head, cell: handler_word(LowerThunk::handler as Handler) }
    }

    /// Where it begins, for [`FuncRecord::new`].
    pub fn first_cell(&self) -> *const u64 {
        std::ptr::from_ref(self).cast::<u64>().wrapping_add(CodeHead::WORDS)
    }
}

/// Lowers the function, then calls it for good.
struct LowerThunk;

impl Stmt for LowerThunk {
    type Best = Self;
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, _: At) -> Flow {
        // SAFETY: every call leaves in `r0` the record by which it found this cell, and has written nothing to the
        // frame but arguments and header, which the head of this cell counts.
        unsafe {
            let code = lower(m.r0 as *mut FuncRecord, m.fp, m.link);
            if code.is_null() {
                return Flow::Stop;
            }
            m.ip = code;
        }
        Flow::Jump
    }
}

/// Has the function behind `record` lowered, and checks its frame, which nobody knew before. Null, with the reason and the
/// caller's state in the machine, if execution cannot go on. (With all registers for one argument, by their address, the handler
/// would call where it should jump, unless both happen to be compiled together.)
///
/// # Safety
/// `fp` and `link` are those of a function that is entered whose code is a [`LazyCode`].
#[cold]
#[inline(never)]
unsafe fn lower(record: *mut FuncRecord, fp: *mut u64, link: *const u64) -> *const u64 {
    // SAFETY: a record that a `LazyCode` is for has an instance (`FuncRecord::new`), and that leads to its machine. The
    // hook gives code for the same record (`Vm::new`). Its frame is compared with the limit here (I7), for the call
    // knew only what the type says of it.
    unsafe {
        let FuncRecord { code, instance } = *record;
        let vm = (*instance).vm;
        let stop = |exit| {
            // The function has not begun: its caller stops behind the call.
            let mut callee = Registers::new(code, fp, instance, link);
            pop_frame(&mut callee, (*code_head(code)).header as u16);
            (*vm).saved = callee;
            (*vm).stopped_at = StoppedAt::Return;
            (*vm).exit = Some(exit);
            std::ptr::null()
        };
        match ((*vm).lower)(instance, (*code_head(code)).index) {
            Ok(code) => (*record).code = code,
            Err(error) => {
                return stop(Exit::Host(error));
            }
        }
        let code = (*record).code;
        if frame_end(code, fp) > (*vm).stack_limit as usize {
            return stop(Exit::Trap(Trap::StackOverflow));
        }
        code
    }
}

impl HostRecord {
    /// The host function `func`, to be [armed](Self::arm) before anything else.
    ///
    /// # Safety
    /// `type_id` is the id of `ty` as long as the record lives. When `func` returns `Ok`, words of the type's results
    /// are in the values.
    pub unsafe fn new(ty: FuncType, type_id: TypeId, func: Arc<HostFunc>) -> Box<Self> {
        let handler: Handler = if gives_vector(&ty) { HostThunk::<true>::handler } else { HostThunk::<false>::handler };
        // SAFETY: this is the handler that calls host functions of this type; for the rest `with_thunk` asks for the same.
        unsafe { Self::with_thunk(handler_word(handler), ty, type_id, func) }
    }
}

/// Whether the first result of functions of type `ty` is a vector.
pub(crate) fn gives_vector(ty: &FuncType) -> bool {
    ty.results().first() == Some(&ValType::V128)
}

/// Calls the host function, whose first result is a vector or not. Other functions do not pay for that: what is read as a
/// vector, of whose words one was just written, waits until that is in memory.
struct HostThunk<const VECTOR: bool>;

impl<const VECTOR: bool> Stmt for HostThunk<VECTOR> {
    type Best = Self;
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, _: At) -> Flow {
        // SAFETY: this cell is the thunk of a `HostRecord`, which is live (I1), and its type says where the header is
        // (I7), that of who called: whose `instance`, `link` and `fp` are I6 for what comes next. The cell's own `instance`
        // is null or live: `call_host` says on whose behalf that is.
        unsafe {
            let record = HostRecord::of(m.ip);
            // A function type is that short (`FuncType::MOST`).
            let header = (*record).head.header as u16;
            let (fp, link, on_behalf) = (m.fp, m.link, m.instance);
            pop_frame(m, header);
            // Nobody asks for the accumulators of who calls: the results replace them.
            (m.r0, m.v0) = (0, Vector::zeroed());
            if !call_host(record, fp, link, m.instance, on_behalf) {
                m.save();
                return go_on(m, catch_from_host((*m.instance).vm));
            }
            *m = after_host_call(*m, fp, VECTOR);
            Flow::Jump
        }
    }
}

/// The state in which `caller` goes on behind a host function that left its results in the frame at `fp`, of which the first is
/// a `vector` or not.
///
/// # Safety
/// At `fp` is that frame.
#[inline(always)]
pub(crate) unsafe fn after_host_call(mut caller: Registers, fp: *const u64, vector: bool) -> Registers {
    // SAFETY: every frame has a first word and a second, a header's at least. If there are results, they hold the first one,
    // whatever its class.
    unsafe {
        caller.r0 = fp.read();
        if vector {
            caller.v0 = load(fp.cast::<Vector>());
        } else {
            Value::set_acc(fp.cast::<f64>().read(), &mut caller);
        }
    }
    caller
}

/// Runs the host function behind `record` on the frame at `fp`, which returns to the instance `to`, to the cell `link`. It acts for the
/// instance `on_behalf`, if that is not null: whose code made a tail call, or whose start function it is. `false`, with
/// the reason in the machine, if execution cannot go on.
///
/// # Safety
/// `record` is live; at `fp` is a frame of its type ([I7](crate#safety)) with the arguments; `to` is a live instance of
/// the store that runs, or its machine's own for the host; so is `on_behalf`, if it is not null.
#[inline(never)]
unsafe fn call_host(
    record: *const HostRecord,
    fp: *mut u64,
    link: *const u64,
    to: *mut InstanceHead,
    on_behalf: *mut InstanceHead,
) -> bool {
    // SAFETY: `to` is live and leads to the machine (I1), whose fields are nobody else's (I2); the rest is asked for.
    unsafe {
        if (*(*to).vm).is_told() {
            return call_host_told(record, fp, link, to, on_behalf);
        }
        call_host_by(record, fp, link, to, on_behalf, |func, call| func(call))
    }
}

/// As [`call_host`]; tells the machine's hook of the call.
///
/// # Safety
/// That of [`call_host`].
#[cold]
#[inline(never)]
unsafe fn call_host_told(
    record: *const HostRecord,
    fp: *mut u64,
    link: *const u64,
    to: *mut InstanceHead,
    on_behalf: *mut InstanceHead,
) -> bool {
    // SAFETY: the same is asked for. The hook may do what the host function may: the machine waits for it as it does for that.
    unsafe {
        call_host_by(record, fp, link, to, on_behalf, |func, call| {
            let vm = call.vm;
            Vm::crossed(vm, CallHook::CallingHost)?;
            let result = func(call);
            // What yields has not returned: see `told`.
            if !matches!(result, Err(Exit::Yield(_))) {
                Vm::crossed(vm, CallHook::ReturningFromHost)?;
            }
            result
        })
    }
}

/// As [`call_host`], by `by`.
///
/// # Safety
/// That of [`call_host`]; `by` does what the host function may.
#[inline(always)]
unsafe fn call_host_by(
    record: *const HostRecord,
    fp: *mut u64,
    link: *const u64,
    to: *mut InstanceHead,
    on_behalf: *mut InstanceHead,
    by: impl FnOnce(&HostFunc, HostCall<'_>) -> Result<(), Exit>,
) -> bool {
    // SAFETY: the values are the frame's first words, whose end was compared with the limit; what the closure calls lies above `top`, and
    // a collection only reads them. No reference to the store is held meanwhile (I2).
    unsafe {
        let func = &(*record).func;
        let vm = (*to).vm;
        let words = (*record).head.header as usize;
        // Where it returns to is for whoever walks over the frames.
        let end = fp.add(words + HEADER_WORDS);
        end.cast::<*const u64>().write(link);
        let top = std::mem::replace(&mut (*vm).top, end.add(RETURN_WORDS));
        let values = HostValues::new(fp, words);
        let result = catch_unwind(AssertUnwindSafe(|| by(&**func, HostCall { vm, to, on_behalf, values })));
        (*vm).top = top;
        let Ok(Ok(())) = result else {
            let exit = result.map_or_else(Exit::Panic, |result| result.expect_err("success is looked at before"));
            let yielded = Yielded { frame: fp, words, func: record };
            leave_exit(vm, exit, yielded);
            return false;
        };
        true
    }
}

/// Leaves in the machine why a host function did not return.
///
/// # Safety
/// `vm` is the machine that runs.
#[cold]
#[inline(never)]
unsafe fn leave_exit(vm: *mut Vm, exit: Exit, yielded: Yielded) {
    // SAFETY: its fields are nobody else's (I2): the host function is over.
    unsafe {
        (*vm).yielded = matches!(exit, Exit::Yield(_)).then_some(yielded);
        (*vm).stopped_at = StoppedAt::Return;
        (*vm).exit = Some(match exit {
            // Only metered code is where it can go on with more fuel.
            Exit::OutOfFuel { .. } => Exit::Trap(Trap::OutOfFuel),
            Exit::Late => Exit::Trap(Trap::Interrupt),
            exit @ (Exit::Trap(_)
            | Exit::Host(_)
            | Exit::Thrown { .. }
            | Exit::Yield(_)
            | Exit::NoStack { .. }
            | Exit::Panic(_)) => exit,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::instance::InstanceBlock;
    use pirn_decode::FuncIdx;
    use pirn_decode::layout::{Counts, InstanceLayout};
    use std::any::Any;
    use std::ptr::null_mut;

    /// Head and code of a function with a frame of eight words. Its cell is never executed.
    static LOWERED: [u64; 3] = {
        let head = CodeHead { index: FuncIdx(0), header: 0, frame_bytes: 64, type_id: TypeId(0) };
        let [a, b] =
            [head.index.0 as u64 | (head.header as u64) << 32, head.frame_bytes as u64 | (head.type_id.0 as u64) << 32];
        [a, b, 0]
    };

    fn lowered() -> *const u64 {
        LOWERED.as_ptr().wrapping_add(CodeHead::WORDS)
    }

    unsafe fn lowers(_: *mut InstanceHead, funcidx: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
        if funcidx == FuncIdx(0) { Ok(lowered()) } else { Err(Box::new("it cannot be lowered")) }
    }

    /// Has a function lowered at the beginning of a stack of so many words; gives what [`lower`] gave, the record's code
    /// afterwards, and why execution cannot go on.
    fn lower_on(stack_words: usize, index: FuncIdx) -> (*const u64, *const u64, Option<Exit>) {
        let lazy = LazyCode::new(CodeHead { index, header: 0, frame_bytes: 24, type_id: TypeId(0) });
        let mut stack = [0; 8];
        // SAFETY: everything is live until the end; nothing runs.
        unsafe {
            let vm = Box::into_raw(Vm::new(64, 1, lowers));
            (*vm).stack_limit = stack.as_mut_ptr().add(stack_words);
            let block = InstanceBlock::new(InstanceLayout::new(Counts::default()), vm).unwrap();
            let mut record = FuncRecord::new(lazy.first_cell(), block.as_ptr());
            // The header is the frame's first words.
            stack[..3].copy_from_slice(&[11, 12, block.as_ptr() as u64]);
            let link = lowered();
            let code = lower(&raw mut record, stack.as_mut_ptr(), link);
            if code.is_null() {
                let Registers { ip, fp, link: further, .. } = (*vm).saved;
                assert_eq!((ip, fp.addr(), further.addr()), (link, 12, 11), "its caller stops");
            }
            let exit = (*vm).exit.take();
            drop(Box::from_raw(vm));
            (code, record.code, exit)
        }
    }

    #[test]
    fn a_function_is_lowered_once() {
        let (code, later, exit) = lower_on(8, FuncIdx(0));
        assert_eq!((code, later), (lowered(), lowered()));
        assert!(exit.is_none());
    }

    /// Its caller knew only how long arguments and header are.
    #[test]
    fn a_frame_is_compared_again_once_its_length_is_known() {
        let (code, later, exit) = lower_on(7, FuncIdx(0));
        assert!(code.is_null() && matches!(exit, Some(Exit::Trap(Trap::StackOverflow))));
        assert_eq!(later, lowered(), "it is lowered for the next caller");
    }

    #[test]
    fn a_function_that_cannot_be_lowered_is_asked_for_again() {
        let (code, later, exit) = lower_on(8, FuncIdx(1));
        assert!(code.is_null() && matches!(exit, Some(Exit::Host(_))));
        assert_ne!(later, lowered());
    }

    #[test]
    fn a_host_functions_first_result_is_in_both_accumulators() {
        let caller = Registers::new(lowered(), null_mut(), null_mut(), lowered());
        let bits = 1.5_f64.to_bits();
        let frame = [bits, 7];
        // SAFETY: the frame has two words, which a vector has as well.
        unsafe {
            let m = after_host_call(caller, frame.as_ptr(), false);
            assert_eq!((m.r0, <f64 as Value>::acc(&m)), (bits, 1.5));
            assert_eq!(m.ip, lowered(), "behind the call");
            let m = after_host_call(caller, frame.as_ptr(), true);
            assert_eq!((m.v0.as_ptr().cast::<[u64; 2]>().read(), m.ip), (frame, lowered()));
        }
    }

    #[test]
    fn only_a_vector_that_comes_first_is_read_as_one() {
        let (v, i) = (ValType::V128, ValType::I32);
        for (results, expected) in [(&[][..], false), (&[i], false), (&[i, v], false), (&[v], true), (&[v, i], true)] {
            assert_eq!(gives_vector(&FuncType::new([v], results.iter().copied())), expected, "{results:?}");
        }
    }

    /// Calls a host function on a frame of two words of values, with `to` or `on_behalf` for instances.
    fn call_with(
        func: impl Fn(HostCall<'_>) -> Result<(), Exit> + Send + Sync + 'static,
    ) -> (bool, Option<Exit>, bool) {
        let ty = FuncType::new([pirn_decode::ValType::I64; 2], []);
        let mut stack = [5, 6, 0, 0, 0, 0, 7];
        // SAFETY: everything is live until the end.
        unsafe {
            let vm = Box::into_raw(Vm::new(64, 1, lowers));
            Vm::attach(vm, null_mut());
            let host = Box::into_raw(HostRecord::new(ty, TypeId(0), Arc::new(func)));
            HostRecord::arm(host);
            let returned = call_host(host, stack.as_mut_ptr(), lowered(), Vm::host(vm), null_mut());
            let (exit, yielded) = ((*vm).exit.take(), (*vm).yielded.is_some());
            assert!((*vm).top.is_null(), "the first free word is what it was");
            assert_eq!(stack[5], lowered() as u64, "the frame ends with where it returns to");
            assert_eq!(stack[6], 7, "what lies behind the frame is not a value");
            drop((Box::from_raw(host), Box::from_raw(vm)));
            (returned, exit, yielded)
        }
    }

    #[test]
    fn a_host_function_has_its_frames_values() {
        let (returned, exit, _) = call_with(|call| {
            assert!(call.caller().is_null(), "nobody's instance called");
            // SAFETY: the machine is live, and waits.
            let top = unsafe { (*call.vm()).top };
            let values = call.into_values();
            assert_eq!(values.get(), [5, 6]);
            // What it calls lies behind its header, and where it returns to.
            assert_eq!(top.cast_const(), values.get().as_ptr().wrapping_add(2 + HEADER_WORDS + RETURN_WORDS));
            Ok(())
        });
        assert!(returned && exit.is_none());
    }

    #[test]
    fn why_a_host_function_does_not_return_is_left_in_the_machine() {
        assert!(matches!(call_with(|_| Err(Exit::Yield(Box::new(1)))), (false, Some(Exit::Yield(_)), true)));
        assert!(matches!(call_with(|_| Err(Exit::Host(Box::new(1)))), (false, Some(Exit::Host(_)), false)));
        assert!(matches!(call_with(|_| panic!("on purpose")), (false, Some(Exit::Panic(_)), false)));
        let out_of_fuel = call_with(|_| Err(Exit::OutOfFuel { required: 1 }));
        assert!(matches!(out_of_fuel, (false, Some(Exit::Trap(Trap::OutOfFuel)), false)));
    }
}
