//! Executions that can stand still and go on: calls from the host that run on a value stack of their own.
//!
//! What stands still is the [`Registers`], and one [`Stack`], the frames; whatever else the program knows is
//! in its instances. While it runs, the machine's stack is this one: what a host function calls meanwhile lies above the
//! caller's frame, as always.

use crate::Word;
use crate::handlers::dispatch::run;
use crate::host::call::{HostEntry, enter_from_host, no_entry, told};
use crate::host::thunks::{after_host_call, gives_vector};
use crate::host::walk::Walk;
use crate::state::crossing::CallHook;
use crate::state::instance::InstanceHead;
use crate::state::record::FuncRecord;
use crate::state::registers::Registers;
use crate::state::stack::Stack;
use crate::state::trap::{Exit, Trap};
use crate::state::turns::Pausing;
use crate::state::vm::{StoppedAt, Vm, Yielded};
use pirn_decode::layout::{ENTRY_WORDS, HEADER_WORDS, RETURN_WORDS};
use pirn_decode::{FuncType, ValType};

/// A call from the host on a stack of its own.
///
/// After [`Exit::OutOfFuel`], [`Exit::Late`] and [`Exit::Yield`] it can be [resumed](Execution::resume); after any other way to end, it
/// is over. Dropping it gives the stack up, which is all it owns: frames are plain words.
#[derive(Debug)]
pub struct Execution {
    stack: Stack,
    /// How many words hold the arguments, and later the results, at the stack's base.
    words: usize,
    /// Type of the first result.
    first: Option<ValType>,
    /// Whether it has, and so the results are there.
    returned: bool,
    /// Where it goes on.
    registers: Registers,
    /// If it goes on behind a host function.
    yielded: Option<Yielded>,
    /// How much of the cell where it goes on is done already.
    progress: usize,
}

// SAFETY: the pointers lead to the stack, which goes along, and into a store; they are followed by `resume` and the
// like, which ask for that store.
unsafe impl Send for Execution {}
// SAFETY: a shared one gives its results, an address and what it waits for; running needs `&mut` of it.
unsafe impl Sync for Execution {}

/// The innermost entry can pause, as long as this is there.
struct CanPause {
    vm: *mut Vm,
    outer: Pausing,
}

impl CanPause {
    /// `poller` polls it, if that is not null.
    ///
    /// # Safety
    /// `vm` is live until this is dropped; an entry has begun that ends afterwards.
    unsafe fn new(vm: *mut Vm, poller: *mut ()) -> Self {
        // SAFETY: it is live, and nobody else refers to the field.
        unsafe {
            let outer = (*vm).pausing;
            (*vm).pausing = Pausing { depth: (*vm).depth, poller, ..outer };
            Self { vm, outer }
        }
    }
}

impl Drop for CanPause {
    fn drop(&mut self) {
        // SAFETY: `new` asked for a machine that is live until now. Polls that began since have ended.
        unsafe { (*self.vm).pausing = self.outer };
    }
}

impl Execution {
    /// Calls `func`, with `values` for arguments, on `stack`; runs until something stops it. If `func` is a host
    /// function, it acts for the instance `start_of`, whose start function it is, or for none if that is null. While it runs,
    /// [`Vm::poller`] gives `poller`.
    ///
    /// # Safety
    /// That of [`crate::invoke`], and, for `start_of`, that of [`crate::invoke_start`].
    pub unsafe fn start(
        vm: *mut Vm,
        stack: Stack,
        func: *mut FuncRecord,
        start_of: *mut InstanceHead,
        values: &[Word],
        first: Option<ValType>,
        poller: *mut (),
    ) -> (Self, Result<(), Exit>) {
        let base = stack.base();
        // SAFETY: `enter_from_host` asks for the same; a stack in which nothing runs is free from its base on.
        let entered = unsafe { enter_from_host(vm, func, start_of, values, base, stack.limit(), std::ptr::null_mut()) };
        let registers =
            entered.unwrap_or_else(|| Registers::new(std::ptr::null(), base, std::ptr::null_mut(), std::ptr::null()));
        let mut this =
            Self { stack, words: values.len(), first, returned: false, registers, yielded: None, progress: 0 };
        let outcome = match entered {
            // SAFETY: the registers are those of a function that has just been entered on this stack, of which I6 holds.
            Some(_) => unsafe { this.run(vm, CallHook::CallingWasm, poller) },
            // SAFETY: the machine stands still.
            None => Err(unsafe { no_entry(vm, (*vm).top) }),
        };
        (this, outcome)
    }

    /// Goes on where it stands still, until something stops it again; `poller` is as for [`Execution::start`].
    ///
    /// # Safety
    /// It stands still after [`Exit::OutOfFuel`] or [`Exit::Late`], or after [`Exit::Yield`] with results [set](Self::set_results);
    /// `vm` is the machine it was started on.
    pub unsafe fn resume(&mut self, vm: *mut Vm, poller: *mut ()) -> Result<(), Exit> {
        let mut begins = CallHook::CallingWasm;
        if let Some(Yielded { frame, func, .. }) = self.yielded.take() {
            begins = CallHook::ReturningFromHost;
            // SAFETY: `set_results` put results of the function's type where its frame begins, and nothing ran on this
            // stack since. A store keeps the host functions that its instances have (I1).
            self.registers = unsafe { after_host_call(self.registers, frame, gives_vector((*func).ty())) };
        }
        // SAFETY: I6 held when it stopped: of the cell that asked for fuel, or behind the call of the host function that
        // yielded. Nobody else writes to the stack, and everything it leads to is live as before (I1).
        unsafe { self.run(vm, begins, poller) }
    }

    /// Runs from where it stands still; `begins` is what is to be told of that.
    ///
    /// # Safety
    /// [I6](crate#safety) holds of `self.registers`, on this stack and in the store of `vm`, whose machine is alone
    /// with it.
    unsafe fn run(&mut self, vm: *mut Vm, begins: CallHook, poller: *mut ()) -> Result<(), Exit> {
        // SAFETY: both ask for the same.
        unsafe {
            match HostEntry::new(vm) {
                Some(entry) => self.run_in(vm, entry, poller),
                None => told(vm, begins, |entry| self.run_in(vm, entry, poller)),
            }
        }
    }

    /// As [`Self::run`], in an entry that has begun.
    ///
    /// # Safety
    /// That of [`Self::run`]; nothing ran in the entry yet.
    unsafe fn run_in(&mut self, vm: *mut Vm, entry: HostEntry, poller: *mut ()) -> Result<(), Exit> {
        // SAFETY: the machine is live and stands still (I1, I2). Until the entry is dropped it runs on this stack,
        // whose frames are this execution's alone; afterwards it has its own back, whatever happens. If the function
        // returned, its first result is in the accumulator, and there is room for it at the stack's base.
        unsafe {
            let _entry = entry;
            let _pausing = CanPause::new(vm, poller);
            let outer = (*vm).top;
            (*vm).run_on(&self.stack);
            self.stack.base().cast::<*mut u64>().write(outer);
            (*vm).progress = self.progress;
            run(self.registers);
            let exit = (*vm).exit.take();
            self.registers = (*vm).saved;
            self.yielded = (*vm).yielded.take();
            self.progress = std::mem::take(&mut (*vm).progress);
            match exit {
                Some(
                    exit @ (Exit::OutOfFuel { .. }
                    | Exit::Late
                    | Exit::Yield(_)
                    | Exit::NoStack { .. }
                    | Exit::Panic(_)),
                ) => {
                    return Err(exit);
                }
                Some(exit @ (Exit::Trap(_) | Exit::Host(_))) => {
                    let is_overflow = matches!(exit, Exit::Trap(Trap::StackOverflow));
                    let exit = Vm::traced(vm, exit);
                    if is_overflow {
                        // It cannot go on, so its frames are none any more.
                        self.stack.trim();
                    }
                    return Err(exit);
                }
                None => {
                    if let Some(ty) = self.first {
                        (*vm).first_result(ty, self.first_word());
                    }
                    self.returned = true;
                }
            }
        }
        Ok(())
    }

    /// Does what the host function does whose results it waits for: what `act` calls lies above its frame, as if it had not
    /// yielded. Nothing, if it waits for none.
    ///
    /// # Errors
    /// Too many entries from the host are nested.
    ///
    /// # Safety
    /// `vm` is the machine it was started on.
    pub unsafe fn act<R>(&mut self, vm: *mut Vm, act: impl FnOnce() -> R) -> Result<Option<R>, Exit> {
        let Some(Yielded { frame, words, .. }) = self.yielded else { return Ok(None) };
        // SAFETY: the machine is live and stands still (I1, I2). Until the entry is dropped it is on this stack, whose first
        // free word lies behind the frame of the function, with its header and where it returns to, which `call_host` wrote;
        // afterwards it has its own back, whatever happens.
        unsafe {
            let outer = (*vm).top;
            if !(*vm).may_enter() {
                return Err(no_entry(vm, outer));
            }
            // Nobody is told: what goes on is no call.
            let _entry = HostEntry::count(vm);
            (*vm).run_on(&self.stack);
            self.stack.base().cast::<*mut u64>().write(outer);
            (*vm).top = frame.add(words + HEADER_WORDS + RETURN_WORDS);
            Ok(Some(act()))
        }
    }

    /// What it ends with that has stopped out of fuel and does not go on.
    ///
    /// # Safety
    /// It has stopped on `vm` with [`Exit::OutOfFuel`], and whatever called it has not returned since.
    #[cold]
    pub unsafe fn out_of_fuel(&self, vm: *mut Vm) -> Exit {
        // SAFETY: its frames are as they were, in front of the cell that asked for fuel, and those further out are still there. What ran on
        // the machine since has stopped.
        unsafe {
            ((*vm).saved, (*vm).stopped_at) = (self.registers, StoppedAt::Place(0));
            Vm::traced(vm, Exit::Trap(Trap::OutOfFuel))
        }
    }

    /// The first word of the frame in which it was started.
    fn first_word(&self) -> *mut u64 {
        self.stack.base().wrapping_add(ENTRY_WORDS)
    }

    /// Address of the cell at which it goes on.
    pub fn address(&self) -> usize {
        self.registers.ip as usize
    }

    /// A walk over its frames alone, from where it goes on; `None` if it waits for the results of a host function.
    ///
    /// # Safety
    /// It stands still after [`Exit::OutOfFuel`] or [`Exit::Late`], its store is alive, and nothing runs in that until the walk is over.
    pub unsafe fn walk(&mut self) -> Option<Walk> {
        if self.awaits() {
            return None;
        }
        // SAFETY: the word of the entry is at the base of the stack, which is this execution's; `run` writes it anew. What it led to may
        // be gone, so the walk ends there. I6 holds of the registers.
        unsafe {
            self.stack.base().cast::<*mut u64>().write(std::ptr::null_mut());
            Some(Walk::from_registers(self.registers))
        }
    }

    /// Whether it goes on behind a host function, whose results it waits for.
    pub fn awaits(&self) -> bool {
        self.yielded.is_some()
    }

    /// Type of the host function whose results it waits for.
    ///
    /// # Safety
    /// Its store is alive, and so for as long as the type is looked at.
    pub unsafe fn awaited<'a>(&self) -> Option<&'a FuncType> {
        // SAFETY: a store keeps the host functions that its instances have (I1).
        self.yielded.map(|yielded| unsafe { (*yielded.func).ty() })
    }

    /// Gives the results it waits for.
    ///
    /// # Panics
    /// It waits for none; they are more than the function's type has.
    ///
    /// # Safety
    /// They are results of the function that yielded, in its store.
    pub unsafe fn set_results(&mut self, results: &[Word]) {
        let Yielded { frame, words, .. } = self.yielded.expect("a host function yielded");
        assert!(results.len() <= words, "more results than the function's type has");
        // SAFETY: the function's frame begins with so many words, on the stack that this owns.
        unsafe { frame.copy_from_nonoverlapping(results.as_ptr(), results.len()) };
    }

    /// The results, in as many words as it was started with.
    ///
    /// # Panics
    /// It has not returned.
    pub fn results(&self) -> &[Word] {
        assert!(self.returned, "results of an execution that has not returned");
        // SAFETY: it has returned, so it was entered: its frame, at the base of the stack, fits that (I7), and begins
        // with so many words.
        unsafe { std::slice::from_raw_parts(self.first_word(), self.words) }
    }
}
