//! Entering WebAssembly from the host.

use crate::Word;
use crate::handlers::dispatch::run;
use crate::handlers::exit::exit_cell;
use crate::state::crossing::CallHook;
use crate::state::frames::{frame_end, push_frame};
use crate::state::heap::OuterStack;
use crate::state::instance::InstanceHead;
use crate::state::record::{FuncRecord, code_head};
use crate::state::registers::Registers;
use crate::state::stack::BorrowedStack;
use crate::state::trap::{Exit, Trap};
use crate::state::vm::{StoppedAt, Vm};
use pirn_decode::ValType;
use pirn_decode::layout::ENTRY_WORDS;

/// Puts `func`'s frame behind `base`, with `values` for arguments and a header that returns to the host, and gives the state
/// in which it begins. `None` if the frame reaches beyond `limit`.
///
/// A host function acts for the instance `on_behalf`, or nobody's if that is null.
///
/// # Safety
/// That of [`invoke`] for `vm` and `func`; `values` is as long as there, and holds arguments; `on_behalf` is null or a
/// live instance of the same store; `base` is the first free word of a stack whose limit is `limit`; `outer` is the
/// machine's first free word before this entry, or null.
#[inline(always)]
pub(crate) unsafe fn enter_from_host(
    vm: *mut Vm,
    func: *mut FuncRecord,
    on_behalf: *mut InstanceHead,
    values: &[Word],
    base: *mut u64,
    limit: *mut u64,
    outer: *mut u64,
) -> Option<Registers> {
    // SAFETY: the record is live and leads to code with a head (I1). The frame is compared with the limit before
    // anything is written (I7); its type says that it begins with as many words as there are values, and where its
    // header is. That leads to the exit cell with the machine's own instance for the host. So I6 holds of what is
    // given.
    unsafe {
        let FuncRecord { code, instance } = *func;
        let head = code_head(code);
        let fp = base.wrapping_add(ENTRY_WORDS);
        if frame_end(code, fp) > limit as usize {
            return None;
        }
        base.cast::<*mut u64>().write(outer);
        copy_few(values.as_ptr(), fp, values.len());
        // The host itself returns nowhere.
        let host = Registers::new(std::ptr::null(), fp, Vm::host(vm), std::ptr::null());
        push_frame(fp.add((*head).header as usize), &host);
        let instance = if instance.is_null() { on_behalf } else { instance };
        Some(Registers { r0: func as u64, ..Registers::new(code, fp, instance, exit_cell()) })
    }
}

/// Copies words, mostly one or two: a call of `memcpy` takes as long as all the rest of an entry.
///
/// # Safety
/// There are so many words at either place, which do not overlap, and nobody else refers to those at `to`.
#[inline(always)]
unsafe fn copy_few(from: *const Word, to: *mut Word, words: usize) {
    // SAFETY: each arm copies so many words as there are; two words are aligned as one is.
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
/// [The crate's](crate#safety), for the store of `vm`; `func` is a record of it; `values` holds arguments of its type
/// and is as long as the longer of parameters and results; `first` is the type of its first result, if it has one.
pub unsafe fn invoke(
    vm: *mut Vm,
    func: *mut FuncRecord,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    // SAFETY: `call` asks for the same; nobody's instance is null.
    unsafe { call(vm, func, std::ptr::null_mut(), values, first) }
}

/// Calls the start function of `instance` (spec 4.5.4), which may be a host function: then it acts for that instance.
///
/// # Errors
/// As [`invoke`].
///
/// # Safety
/// That of [`invoke`], for a function without parameters and results; `instance` is a live instance of the same store.
pub unsafe fn invoke_start(vm: *mut Vm, func: *mut FuncRecord, instance: *mut InstanceHead) -> Result<(), Exit> {
    // SAFETY: `call` asks for the same; without parameters and results there are no values.
    unsafe { call(vm, func, instance, &mut [], None) }
}

/// As [`invoke`]; a host function acts for `on_behalf`.
///
/// # Safety
/// That of [`invoke`]; `on_behalf` is null or a live instance of the same store.
#[inline(always)]
unsafe fn call(
    vm: *mut Vm,
    func: *mut FuncRecord,
    on_behalf: *mut InstanceHead,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    // SAFETY: the machine is live and stands still (I1, I2); for the rest both ask for the same.
    unsafe {
        match HostEntry::new(vm) {
            Some(entry) => call_in(vm, entry, func, on_behalf, values, first),
            None => call_told(vm, func, on_behalf, values, first),
        }
    }
}

/// As [`call`], if somebody is told of it, it is to be [noticed](Vm::has_run), or too many entries are nested.
///
/// # Safety
/// That of [`call`].
#[cold]
#[inline(never)]
unsafe fn call_told(
    vm: *mut Vm,
    func: *mut FuncRecord,
    on_behalf: *mut InstanceHead,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    let words: *mut [Word] = values;
    // SAFETY: the same is asked for. Of the words nobody else has a reference but `call_in`.
    let outcome = unsafe {
        (*vm).begin_program();
        told(vm, CallHook::CallingWasm, (words, 0), |entry| call_in(vm, entry, func, on_behalf, &mut *words, first))
    };
    // SAFETY: the machine is live and stands still.
    if unsafe { !(*vm).is_told() } {
        return outcome;
    }
    let Err(Exit::Yield(payload)) = outcome else { return outcome };
    // It cannot go on, so the host function that yielded has returned by that. Nobody but the payload may know of the store.
    drop(payload);
    // SAFETY: as above.
    unsafe { ended(vm) }?;
    Err(Exit::Yield(Box::new(())))
}

/// Tells the machine's hook, if there is one, of what `run` does in a new entry, in which nothing ran yet: `begins`, and that it comes back.
/// `words` are the arguments, and the results if it returns: references among them are nowhere else while the hook is told. The same goes for what is
/// `caught`, the exception whose values the handler has with which it goes on; 0 if there is none.
///
/// A host function that yields is about to go on, maybe with what it has of the store, which nobody else may have meanwhile. So nothing
/// is told of that. It returns when the execution goes on, and if that does not, the caller tells so ([`ended`]).
///
/// # Errors
/// Those of `run`, or of the hook; too many entries are nested.
///
/// # Safety
/// `vm` is live and stands still, and nothing refers to what a host function may change. The words are initialised, and nobody refers to them
/// but `run`, after which they are still there if it returns `Ok`.
pub(crate) unsafe fn told(
    vm: *mut Vm,
    begins: CallHook,
    (words, caught): (*const [Word], Word),
    run: impl FnOnce(HostEntry) -> Result<(), Exit>,
) -> Result<(), Exit> {
    // SAFETY: what is asked for. Before and after the entry the machine is as its caller had it.
    unsafe {
        if !(*vm).may_enter() {
            return Err(no_entry(vm, (*vm).top));
        }
        (*vm).runs();
        // The entry has begun: what the hook enters is further in.
        let entry = HostEntry::count(vm);
        if !(*vm).is_told() {
            return run(entry);
        }
        let outcome = match crossed_with(vm, begins, words, caught) {
            Ok(()) => run(entry),
            Err(exit) if begins == CallHook::CallingWasm => return Err(exit),
            Err(exit) => {
                drop(entry);
                Err(exit)
            }
        };
        // A panic goes through without further ado.
        if !matches!(outcome, Err(Exit::Panic(_) | Exit::Yield(_))) {
            let _entry = HostEntry::count(vm);
            // What pauses may have its words elsewhere by now, and looks after them itself.
            let words = if outcome.is_ok() { words } else { &[] };
            crossed_with(vm, CallHook::ReturningFromWasm, words, 0)?;
        }
        outcome
    }
}

/// Tells the machine's hook, while collecting looks at these words as at those of a stack, and at an exception, or 0.
///
/// # Safety
/// That of [`Vm::crossed`]; the words are initialised, and nobody writes to them meanwhile.
unsafe fn crossed_with(vm: *mut Vm, at: CallHook, words: *const [Word], caught: Word) -> Result<(), Exit> {
    let base = words.cast::<Word>();
    // SAFETY: as is asked for; nobody else refers to the heap.
    unsafe {
        (*vm).heap.outer.push(OuterStack { base, top: base.wrapping_add(words.len()), r0: caught });
        let told = Vm::crossed(vm, at);
        (*vm).heap.outer.pop();
        told
    }
}

/// Tells the machine's hook that a host function has returned that had yielded, and with it the execution, which does not go on.
///
/// # Errors
/// What the hook says.
///
/// # Safety
/// `vm` is live and stands still, and nothing refers to what a host function may change.
pub unsafe fn ended(vm: *mut Vm) -> Result<(), Exit> {
    // SAFETY: what is asked for; an entry has just ended, so there may be one.
    unsafe {
        if !(*vm).is_told() {
            return Ok(());
        }
        let _entry = HostEntry::count(vm);
        let returned = Vm::crossed(vm, CallHook::ReturningFromHost);
        if !matches!(returned, Err(Exit::Panic(_))) {
            Vm::crossed(vm, CallHook::ReturningFromWasm)?;
        }
        returned
    }
}

/// As [`call`], in an entry that has begun.
///
/// # Safety
/// That of [`call`]; nothing ran in the entry yet.
#[inline(always)]
unsafe fn call_in(
    vm: *mut Vm,
    entry: HostEntry,
    func: *mut FuncRecord,
    on_behalf: *mut InstanceHead,
    values: &mut [Word],
    first: Option<ValType>,
) -> Result<(), Exit> {
    // SAFETY: the machine is live and stands still (I1, I2), so nothing is above `top`, and the stack is its alone: one
    // taken here until the end, or the one that lies below this entry. What was run has left, if it returned, results
    // where the arguments were, and the first one in its accumulator, for which there is room in `values`; if not, its frames are none any more, and a stack
    // taken here is free to be trimmed.
    unsafe {
        let _entry = entry;
        let outer = (*vm).top;
        let mut own_stack = None;
        if outer.is_null() {
            // Nothing runs yet; otherwise what is entered lies above the frames there are.
            let bytes = (*vm).stack_bytes;
            let Some(stack) = BorrowedStack::new(bytes) else { return Err(Exit::NoStack { bytes }) };
            let base = stack.base();
            (*vm).top = base;
            (*vm).stack_limit = base.byte_add(bytes);
            own_stack = Some(stack);
        }
        let base = (*vm).top;
        let Some(registers) = enter_from_host(vm, func, on_behalf, values, base, (*vm).stack_limit, outer) else {
            return Err(no_entry(vm, outer));
        };
        run(registers);
        let mut exit = (*vm).exit.take();
        if let Some(Exit::OutOfFuel { .. }) = exit {
            exit = go_on_with_all_fuel(vm, exit);
        }
        if let Some(exit) = exit {
            (*vm).yielded = None;
            (*vm).progress = 0;
            let is_overflow = matches!(exit, Exit::Trap(Trap::StackOverflow));
            let exit = Vm::traced(vm, exit);
            if let (Some(stack), true) = (&mut own_stack, is_overflow) {
                // Nothing runs on it any more.
                stack.trim();
            }
            return Err(exit);
        }
        copy_few(base.add(ENTRY_WORDS), values.as_mut_ptr(), values.len());
        if let Some(ty) = first {
            (*vm).first_result(ty, values.as_mut_ptr());
        }
        Ok(())
    }
}

/// Goes on for as long as there is fuel that an async call further out has not in its turn: this call takes none. What it ends with, or
/// nothing if it returns.
///
/// # Safety
/// `vm` has just stopped with `exit`.
#[cold]
#[inline(never)]
unsafe fn go_on_with_all_fuel(vm: *mut Vm, mut exit: Option<Exit>) -> Option<Exit> {
    // SAFETY: out of fuel, it stands still in front of the cell that asked, of which I6 holds.
    unsafe {
        let mut refuelled = false;
        while let Some(Exit::OutOfFuel { required }) = exit
            && Vm::refuel(vm, required)
        {
            refuelled = true;
            run((*vm).saved);
            exit = (*vm).exit.take();
        }
        if refuelled {
            Vm::end_turn(vm);
        }
    }
    exit
}

/// The exit of an entry for which there is no room, or which is nested too deeply, inside of the one whose first free word
/// is `outer`.
///
/// # Safety
/// `vm` is live and stands still.
#[cold]
#[inline(never)]
pub(crate) unsafe fn no_entry(vm: *mut Vm, outer: *mut u64) -> Exit {
    // SAFETY: nobody else refers to its fields, and whoever is further out is as before.
    unsafe {
        (*vm).top = outer;
        (*vm).stopped_at = StoppedAt::Entry;
        Vm::traced(vm, Exit::Trap(Trap::StackOverflow))
    }
}

/// An entry from the host: when it is over, by a panic of the machine itself too, which only the portable loop can have,
/// the machine is as it was before.
pub(crate) struct HostEntry {
    vm: *mut Vm,
    limit: *mut u64,
    top: *mut u64,
}

impl HostEntry {
    /// `None` if too many entries are nested, or somebody is to be [told] first.
    ///
    /// # Safety
    /// `vm` is live until the entry is dropped.
    #[inline(always)]
    pub(crate) unsafe fn new(vm: *mut Vm) -> Option<Self> {
        // SAFETY: it is live, and stands still: nobody else refers to its fields.
        unsafe { (*vm).enter().then(|| Self { vm, limit: (*vm).stack_limit, top: (*vm).top }) }
    }

    /// An entry where there may be one.
    ///
    /// # Safety
    /// `vm` is live until the entry is dropped.
    pub(crate) unsafe fn count(vm: *mut Vm) -> Self {
        // SAFETY: as in `new`.
        unsafe {
            (*vm).depth += 1;
            Self { vm, limit: (*vm).stack_limit, top: (*vm).top }
        }
    }
}

impl Drop for HostEntry {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `new` asked for a machine that is live until now; what ran since has stopped.
        unsafe {
            (*self.vm).stack_limit = self.limit;
            (*self.vm).top = self.top;
            (*self.vm).depth -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pirn_decode::layout::{CodeHead, HEADER_WORDS};
    use pirn_decode::{FuncIdx, TypeId};
    use std::any::Any;
    use std::ptr::{null, null_mut};

    unsafe fn no_lowering(_: *mut InstanceHead, _: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
        panic!("nothing is lowered here")
    }

    /// Enters a function of two words of arguments and results and a frame of so many words, on a stack of 16 words that
    /// are all 7. Gives the stack, the registers, and what the first word and the header should be.
    fn enter(frame_words: u32) -> ([u64; 16], Option<Registers>, [u64; 1 + HEADER_WORDS]) {
        let head = CodeHead { index: FuncIdx(0), header: 2, frame_bytes: frame_words * 8, type_id: TypeId(0) };
        let code = [head.words()[0], head.words()[1], 0];
        let mut instance = InstanceHead::empty();
        let mut stack = [7; 16];
        // SAFETY: everything is live until the end; nothing runs.
        unsafe {
            let vm = Box::into_raw(Vm::new(128, 1, no_lowering));
            let mut record = FuncRecord::new(code.as_ptr().add(CodeHead::WORDS), &raw mut instance);
            let (base, limit) = (stack.as_mut_ptr(), stack.as_mut_ptr().add(16));
            let entered = enter_from_host(vm, &raw mut record, null_mut(), &[1, 2], base, limit, base.add(9));
            if let Some(m) = entered {
                assert_eq!((m.ip, m.fp, m.instance), (record.code, base.add(1), &raw mut instance));
                assert_eq!((m.r0, m.link), (&raw const record as u64, exit_cell()));
            }
            // The host returns nowhere, with the frame it began at.
            let header = [base.add(9) as u64, null::<u64>() as u64, base.add(1) as u64, Vm::host(vm) as u64];
            drop(Box::from_raw(vm));
            (stack, entered, header)
        }
    }

    #[test]
    fn a_frame_that_does_not_fit_is_not_begun() {
        let (stack, entered, _) = enter(16);
        assert!(entered.is_none());
        assert_eq!(stack, [7; 16]);
    }

    #[test]
    fn where_it_was_and_arguments_and_header_are_all_that_is_written() {
        let (stack, entered, [outer, header @ ..]) = enter(15);
        assert!(entered.is_some());
        assert_eq!(stack[..3], [outer, 1, 2]);
        assert_eq!(stack[3..6], header);
        assert_eq!(stack[6..], [7; 10]);
    }

    #[test]
    fn words_are_copied_whatever_their_number() {
        for words in 0..6 {
            let (from, mut to) = ([1, 2, 3, 4, 5, 6], [0; 6]);
            // SAFETY: there are six at either place.
            unsafe { copy_few(from.as_ptr(), to.as_mut_ptr(), words) };
            assert!(to[..words] == from[..words] && to[words..].iter().all(|&word| word == 0));
        }
    }
}
