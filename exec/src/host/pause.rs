//! Executions that can stand still and go on: calls from the host that run on a value stack of their own.
//!
//! What stands still is the [`Registers`] and the frames; whatever else the program knows is in its instances. While it runs, it has a
//! [`Stack`], the machine's: what a host function calls meanwhile lies above the caller's frame, as always. Where it stops, its frames are
//! copied out to exactly the words they are ([`parked`](crate::host::parked)), and the stack is its thread's again. So a million of them
//! may stand still, and each goes on on any thread. Copying takes time that grows with the frames; an execution with more than
//! [`MOST_COPIED`] bytes of them keeps its stack.

use crate::Word;
use crate::handlers::dispatch::run;
use crate::host::call::{HostEntry, enter_from_host, no_entry, told};
use crate::host::parked::{Awaited, Built, NewFrame, PausedFrames, View, Waiting, adopt, index};
use crate::host::thunks::{after_host_call, gives_vector};
use crate::state::crossing::CallHook;
use crate::state::heap::parked::{Rooted, Words};
use crate::state::instance::InstanceHead;
use crate::state::record::FuncRecord;
use crate::state::registers::Registers;
use crate::state::stack::Stack;
use crate::state::trap::{Exit, Trap};
use crate::state::vm::{StoppedAt, Vm, Yielded};
use guards::{CanPause, OnOther};
use pirn_decode::ValType;
use pirn_decode::layout::ENTRY_WORDS;

/// Most bytes of frames that are copied to let go of a stack.
const MOST_COPIED: usize = 16 << 10;

/// A call from the host on a stack of its own.
///
/// After [`Exit::OutOfFuel`], [`Exit::Late`] and [`Exit::Yield`] it can be [resumed](Execution::resume); after any other way to end, it
/// is over. Dropping it gives up its frames, which are all it owns, and plain words.
#[derive(Debug)]
pub struct Execution {
    /// Where its frames are while it runs, when it has returned, and if there are too many to be copied.
    stack: Option<Stack>,
    /// Where they are otherwise. If a stack is there besides, that has them.
    parked: Box<[Word]>,
    /// Address of the base of the stack on which it stopped: headers that are parked lead there, and so do the registers.
    base: usize,
    /// How many words of the stack are its frames, where it stopped.
    used: usize,
    /// Whether it has had too many to be copied.
    deep: bool,
    /// How many words hold the arguments, and later the results, at the stack's base.
    words: u32,
    /// Type of the first result.
    first: Option<ValType>,
    /// Whether it has, and so the results are there.
    returned: bool,
    /// Where it goes on.
    registers: Registers,
    /// If it goes on behind a host function.
    waiting: Option<Waiting>,
    /// How much of the cell where it goes on is done already.
    progress: usize,
    /// Has its words looked at while it stands still. None before anything was allocated in its store.
    rooted: Option<Rooted>,
}

// SAFETY: the pointers lead to the stack, which goes along, and into a store; they are followed by `resume` and the
// like, which ask for that store.
unsafe impl Send for Execution {}
// SAFETY: a shared one gives its results, an address and what it waits for; running needs `&mut` of it.
unsafe impl Sync for Execution {}

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
        // SAFETY: the machine is live and stands still.
        unsafe { (*vm).begin_program() };
        // SAFETY: `enter_from_host` asks for the same; a stack in which nothing runs is free from its base on.
        let entered = unsafe { enter_from_host(vm, func, start_of, values, base, stack.limit(), std::ptr::null_mut()) };
        let registers =
            entered.unwrap_or_else(|| Registers::new(std::ptr::null(), base, std::ptr::null_mut(), std::ptr::null()));
        let mut this = Self {
            stack: Some(stack),
            parked: Box::default(),
            base: base.addr(),
            used: 0,
            deep: false,
            words: values.len() as u32,
            first,
            returned: false,
            registers,
            waiting: None,
            progress: 0,
            rooted: None,
        };
        let outcome = match entered {
            // SAFETY: the registers are those of a function that has just been entered on this stack, of which I6 holds.
            Some(_) => unsafe { this.run(vm, CallHook::CallingWasm, 0, poller) },
            // SAFETY: the machine stands still.
            None => Err(unsafe { no_entry(vm, (*vm).top) }),
        };
        (this, outcome)
    }

    /// An execution that stands still, made of frames, the outermost first. It goes on at the address of the innermost, with `r0` in the
    /// accumulator of integers, or if a host function's results are awaited, behind the call of that. It was called with `words` words of arguments, or gives so many of results if they are more, the first of type `first`.
    /// `None` if frames of such functions do not fit a stack of the machine's, or are longer or shorter than those functions'.
    ///
    /// # Safety
    /// `vm` is a live machine that stands still, which knows where code [lies](Vm::set_locate). The frames fit each other and what is awaited
    /// ([I3, I5, I6](crate#safety)): each address but the innermost is that of a cell behind a call, of a function of the type that comes
    /// next; that of the innermost is behind the call of what is awaited, or where code stops that runs out of fuel or time; and the words
    /// hold what code reads that goes on there. `words` and `first` are as the type of the outermost function says.
    pub unsafe fn of_frames(
        vm: *mut Vm,
        frames: &[NewFrame<'_>],
        awaited: Option<Awaited<'_>>,
        (words, first): (u32, Option<ValType>),
        r0: Word,
    ) -> Option<Self> {
        // SAFETY: the same is asked for above.
        let Built { words: parked, registers, waiting } = unsafe { Built::new(vm, frames, awaited)? };
        let mut this = Self {
            stack: None,
            used: parked.len(),
            parked: parked.into(),
            base: 0,
            deep: false,
            words,
            first,
            returned: false,
            registers: Registers { r0, ..registers },
            waiting,
            progress: 0,
            rooted: None,
        };
        // SAFETY: the machine is live, and this has its words.
        unsafe { this.root(vm) };
        Some(this)
    }

    /// A copy of it that goes on in another store, whose machine `vm` is. `moved` gives for an instance of this one's store, or for its machine's
    /// [own](Vm::host) for the host, what stands for it there. `None` if it gives none.
    ///
    /// References to functions in its words still lead into this one's store: see [`Self::set_words`].
    ///
    /// # Safety
    /// It stands still after [`Exit::OutOfFuel`], [`Exit::Late`] or [`Exit::Yield`]; its store may be gone. `vm` is a live machine that stands
    /// still, which knows where code [lies](Vm::set_locate). What `moved` gives are live instances of its store, of the same modules;
    /// the functions of the host that they have are the same. If it stands [within](Self::progress) an instruction, what that works on is there as
    /// it was, an element segment that was dropped since it began not among it; and nothing is reset.
    pub unsafe fn fork(
        &self,
        vm: *mut Vm,
        moved: &mut dyn FnMut(*mut InstanceHead) -> Option<*mut InstanceHead>,
    ) -> Option<Self> {
        let mut parked: Box<[Word]> = match &self.stack {
            // SAFETY: I7: so many words are its frames, which nobody writes to while it stands still.
            Some(stack) => unsafe { std::slice::from_raw_parts(stack.base(), self.used) }.into(),
            None => self.parked.clone(),
        };
        let Self { base, words, first, returned, registers, waiting, progress, .. } = *self;
        // SAFETY: the same is asked for; headers are right for the base it stopped at.
        let registers = unsafe { adopt(vm, (&mut parked, base), registers, waiting, moved)? };
        let used = parked.len();
        let mut copy = Self {
            stack: None,
            parked,
            base,
            used,
            deep: false,
            words,
            first,
            returned,
            registers,
            waiting,
            progress,
            rooted: None,
        };
        // SAFETY: the machine is live, and the copy has its words.
        unsafe { copy.root(vm) };
        Some(copy)
    }

    /// Changes words of its frames, which [`PausedFrame::start`](crate::PausedFrame::start) numbers, and the accumulator of integers.
    ///
    /// # Panics
    /// It has frames on a stack, as no copy has that did not go on; there is no such word.
    ///
    /// # Safety
    /// [I3 and I5](crate#safety): the words are of locals and operands, and of their types; so is the accumulator's, if there is one.
    pub unsafe fn set_words(&mut self, words: &[(usize, Word)], r0: Option<Word>) {
        assert!(self.stack.is_none(), "words of an execution that is on a stack");
        for &(at, word) in words {
            self.parked[at] = word;
        }
        if let Some(r0) = r0 {
            self.registers.r0 = r0;
            if let Some(rooted) = &mut self.rooted {
                rooted.set_r0(r0);
            }
        }
    }

    /// Goes on where it stands still, until something stops it again; `poller` is as for [`Execution::start`].
    ///
    /// # Errors
    /// With [`Exit::NoStack`], it is as it was.
    ///
    /// # Safety
    /// It stands still after [`Exit::OutOfFuel`] or [`Exit::Late`], or after [`Exit::Yield`] with results [set](Self::set_results);
    /// `vm` is the machine it was started on.
    pub unsafe fn resume(&mut self, vm: *mut Vm, poller: *mut ()) -> Result<(), Exit> {
        // SAFETY: it stands still, and so does the machine.
        let base = unsafe { self.place(vm)? }.base();
        self.registers.fp = base.wrapping_add(self.frame());
        self.base = base.addr();
        let mut begins = CallHook::CallingWasm;
        if let Some(waiting) = self.waiting.take() {
            begins = CallHook::ReturningFromHost;
            let frame = base.wrapping_add(waiting.frame);
            // SAFETY: `set_results` put results of the function's type where its frame begins, and nothing ran on this
            // stack since. A store keeps the host functions that its instances have (I1).
            self.registers = unsafe { after_host_call(self.registers, frame, gives_vector((*waiting.func).ty())) };
        }
        // SAFETY: I6 held when it stopped: of the cell that asked for fuel, or behind the call of the host function that
        // yielded. Its frames are as they were, wherever they are now, nobody else writes to the stack, and everything it leads to is live
        // as before (I1).
        unsafe { self.run(vm, begins, 0, poller) }
    }

    /// Which word of its stack is word 0 of the frame in which it goes on.
    fn frame(&self) -> usize {
        index(self.base, self.registers.fp.addr())
    }

    /// Puts its frames on a stack, if they are on none. What is parked remains.
    ///
    /// # Errors
    /// There is no memory for one ([`Exit::NoStack`]).
    ///
    /// # Safety
    /// It stands still, and so does `vm`, the live machine that it was started on.
    pub unsafe fn place(&mut self, vm: *mut Vm) -> Result<&Stack, Exit> {
        if self.stack.is_none() {
            // SAFETY: what is asked for.
            self.stack = Some(unsafe { self.copied_in(vm)? });
            // What is written from now on, is written there.
            // SAFETY: the machine is live, and the stack stays until this is rooted again.
            unsafe { self.root(vm) };
        }
        Ok(self.stack.as_ref().expect("it was placed"))
    }

    /// A stack with its frames.
    ///
    /// # Errors
    /// There is no memory for one.
    ///
    /// # Safety
    /// That of [`Self::place`]; it has no stack.
    unsafe fn copied_in(&self, vm: *mut Vm) -> Result<Stack, Exit> {
        // SAFETY: the machine is live.
        let bytes = unsafe { (*vm).stack_bytes };
        let stack = Stack::new(bytes).ok_or(Exit::NoStack { bytes })?;
        let base = stack.base();
        assert!(size_of_val(&*self.parked) <= bytes, "frames that do not fit the machine's stacks");
        // SAFETY: there are so many words, and nobody else refers to those of the stack.
        unsafe { base.copy_from_nonoverlapping(self.parked.as_ptr(), self.parked.len()) };
        if base.addr() != self.base {
            // SAFETY: a header's word for the caller's frame, among those that were copied; that one is behind the base as well.
            let lead = |header: usize, caller| unsafe {
                base.add(header + 1).cast::<*mut u64>().write(base.wrapping_add(caller));
            };
            if let Some(waiting) = self.waiting {
                lead(waiting.header(), self.frame());
            }
            // SAFETY: as is asked for; I6 and I7 hold of what is parked.
            let mut frames = unsafe { self.frames(vm) };
            while let Some((_, header, caller)) = frames.next_with_header() {
                lead(header, caller);
            }
        }
        Ok(stack)
    }

    /// Lets go of the stack on which it has stopped, if that pays.
    ///
    /// # Safety
    /// `vm` is the live machine on which it has just stopped; it can go on.
    unsafe fn park(&mut self, vm: *mut Vm) {
        let Some(stack) = &self.stack else { return };
        let base = stack.base();
        self.base = base.addr();
        let Registers { ip, instance, .. } = self.registers;
        // SAFETY: the machine is live and stands still, and so is the instance in which code stopped.
        let located =
            unsafe { (*vm).locate.map(|locate| (self.waiting.is_none()).then(|| locate(instance, ip.addr()))) };
        // How far its frames reach, nobody else knows.
        let Some(located) = located else { return };
        self.used = match (self.waiting, located.flatten()) {
            (Some(waiting), _) => waiting.end(),
            (None, Some(code)) => self.frame() + code.head.frame_bytes as usize / size_of::<Word>(),
            (None, None) => unreachable!("code is that of a function of its instance"),
        };
        if self.used * size_of::<Word>() > MOST_COPIED {
            self.deep = true;
            self.parked = Box::default();
            return;
        }
        if self.parked.len() != self.used {
            self.parked = vec![0; self.used].into();
        }
        // SAFETY: I7: so many words of the stack are its frames; they were zero once, so they are initialised.
        unsafe { self.parked.as_mut_ptr().copy_from_nonoverlapping(base, self.used) };
        self.give_up();
    }

    /// Has its words looked at when its store is collected.
    ///
    /// # Safety
    /// `vm` is the live machine that it was started on; it stands still, and its words are where they stay until it goes on.
    unsafe fn root(&mut self, vm: *mut Vm) {
        // SAFETY: it is live, and nobody else refers to the field.
        let Some(parked) = (unsafe { (*vm).heap.parked.clone() }) else { return };
        let at = match &self.stack {
            Some(stack) => stack.base().cast_const(),
            None => self.parked.as_ptr(),
        };
        let words = Words { at, len: self.used, r0: self.registers.r0, is_within: self.progress != 0 };
        // SAFETY: so many words are its frames. They stay there until `run_in` or `drop`, and only who has the store writes to them.
        self.rooted = Some(unsafe { Rooted::new(&parked, words) });
    }

    /// Gives its stack up.
    fn give_up(&mut self) {
        if let Some(mut stack) = self.stack.take()
            && std::mem::take(&mut self.deep)
        {
            // SAFETY: its frames were copied, or will not be used again.
            unsafe { stack.trim() };
        }
    }

    /// Runs from where it stands still; `begins` is what is to be told of that. `caught` is the exception that a handler begins with whose slots
    /// are not looked at yet, or 0.
    ///
    /// # Safety
    /// [I6](crate#safety) holds of `self.registers`, on this stack and in the store of `vm`, whose machine is alone
    /// with it.
    unsafe fn run(&mut self, vm: *mut Vm, begins: CallHook, caught: Word, poller: *mut ()) -> Result<(), Exit> {
        // SAFETY: both ask for the same.
        unsafe {
            match HostEntry::new(vm) {
                Some(entry) => self.run_in(vm, entry, poller),
                None => {
                    let words = std::ptr::slice_from_raw_parts(self.first_word(), self.words as usize);
                    told(vm, begins, (words, caught), |entry| self.run_in(vm, entry, poller))
                }
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
            self.rooted = None;
            let outer = (*vm).top;
            let _outer = OnOther::new(vm);
            let stack = self.stack.as_ref().expect("what runs has a stack");
            (*vm).run_on(stack);
            let base = stack.base();
            base.cast::<*mut u64>().write(outer);
            (*vm).progress = self.progress;
            run(self.registers);
            let exit = (*vm).exit.take();
            self.registers = (*vm).saved;
            self.waiting = (*vm).yielded.take().map(|Yielded { frame, words, func }| Waiting {
                frame: index(base.addr(), frame.addr()),
                words: words as u32,
                func,
            });
            self.progress = std::mem::take(&mut (*vm).progress);
            match exit {
                Some(exit @ (Exit::OutOfFuel { .. } | Exit::Late | Exit::Yield(_))) => {
                    self.park(vm);
                    self.root(vm);
                    return Err(exit);
                }
                Some(exit @ (Exit::NoStack { .. } | Exit::Panic(_))) => return Err(exit),
                Some(exit @ (Exit::Trap(_) | Exit::Host(_) | Exit::Thrown { .. })) => {
                    let is_overflow = matches!(exit, Exit::Trap(Trap::StackOverflow));
                    let exit = Vm::traced(vm, exit);
                    if is_overflow {
                        // It cannot go on, so its frames are none any more.
                        self.deep = true;
                        self.give_up();
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
    /// Too many entries from the host are nested, or there is no memory for a stack.
    ///
    /// # Safety
    /// `vm` is the machine it was started on.
    pub unsafe fn act<R>(&mut self, vm: *mut Vm, act: impl FnOnce() -> R) -> Result<Option<R>, Exit> {
        let Some(waiting) = self.waiting else { return Ok(None) };
        let was_parked = self.stack.is_none();
        // SAFETY: the machine is live and stands still (I1, I2). Until the entry is dropped it is on this stack, whose first
        // free word lies behind the frame of the function, with its header and where it returns to, which `call_host` wrote;
        // afterwards it has its own back, whatever happens.
        let acted = unsafe {
            let outer = (*vm).top;
            if !(*vm).may_enter() {
                return Err(no_entry(vm, outer));
            }
            let stack = self.place(vm)?;
            // Nobody is told: what goes on is no call.
            let _entry = HostEntry::count(vm);
            let _outer = OnOther::new(vm);
            (*vm).run_on(stack);
            stack.base().cast::<*mut u64>().write(outer);
            (*vm).top = stack.base().add(waiting.end());
            act()
        };
        if was_parked {
            // Nothing has written to its frames, so what is parked is still right.
            self.rooted = None;
            self.give_up();
            // SAFETY: as when it was parked.
            unsafe { self.root(vm) };
        }
        Ok(Some(acted))
    }

    /// What it ends with that has stopped out of fuel and does not go on.
    ///
    /// # Safety
    /// It has stopped on `vm` with [`Exit::OutOfFuel`], and whatever called it has not returned since.
    #[cold]
    pub unsafe fn out_of_fuel(&mut self, vm: *mut Vm) -> Exit {
        let exit = Exit::Trap(Trap::OutOfFuel);
        // SAFETY: its frames are as they were, in front of the cell that asked for fuel, and those further out are still there, where the word
        // of its entry says. What ran on the machine since has stopped.
        unsafe {
            // Without a stack there is no walk over its frames.
            let Ok(stack) = self.place(vm) else { return exit };
            let fp = stack.base().wrapping_add(self.frame());
            ((*vm).saved, (*vm).stopped_at) = (Registers { fp, ..self.registers }, StoppedAt::Place(0));
            Vm::traced(vm, exit)
        }
    }

    /// The first word of the frame in which it was started.
    fn first_word(&self) -> *mut u64 {
        self.stack.as_ref().expect("what has run has a stack").base().wrapping_add(ENTRY_WORDS)
    }

    /// Address of the cell at which it goes on.
    pub fn address(&self) -> usize {
        self.registers.ip as usize
    }

    /// What is in the accumulator of integers where it goes on, if no results are awaited.
    pub fn r0(&self) -> Word {
        self.registers.r0
    }

    /// How many items of the operation of the cell at which it goes on are done already.
    pub fn progress(&self) -> usize {
        self.progress
    }

    /// How many bytes it has of its own for frames as long as it stands still: just what they are, or, if they are many, a stack.
    pub fn bytes(&self) -> usize {
        match &self.stack {
            Some(stack) => stack.limit().addr() - stack.base().addr(),
            None => size_of_val(&*self.parked),
        }
    }

    /// Its frames of WebAssembly, from where it goes on outwards.
    ///
    /// # Panics
    /// When they are asked for, if its machine does not know where code [lies](Vm::set_locate).
    ///
    /// # Safety
    /// It stands still after [`Exit::OutOfFuel`], [`Exit::Late`] or [`Exit::Yield`]. Its store is alive, and nothing runs in that as long as
    /// the frames are looked at; `vm` is its machine.
    pub unsafe fn frames(&self, vm: *const Vm) -> PausedFrames<'_> {
        let (words, base) = match &self.stack {
            // SAFETY: I7: so many words are its frames, which nobody writes to while it stands still.
            Some(stack) => (unsafe { std::slice::from_raw_parts(stack.base(), self.used) }, stack.base().addr()),
            None => (&*self.parked, self.base),
        };
        let view = View { words, base };
        // SAFETY: as is asked for; I6 and I7 hold of where it has stopped.
        unsafe { PausedFrames::new(vm, view, self.registers, self.frame(), self.waiting) }
    }

    /// The results, in as many words as it was started with.
    ///
    /// # Panics
    /// It has not returned.
    pub fn results(&self) -> &[Word] {
        assert!(self.returned, "results of an execution that has not returned");
        // SAFETY: it has returned, so it was entered: its frame, at the base of the stack, fits that (I7), and begins
        // with so many words.
        unsafe { std::slice::from_raw_parts(self.first_word(), self.words as usize) }
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.rooted = None;
        self.give_up();
    }
}

mod awaited;
mod guards;
#[cfg(test)]
mod tests;
mod throw;
