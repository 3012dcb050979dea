//! Calls that can pause, out of fuel, at a deadline, or because a host function yields, and go on later.
//!
//! A resumable call runs on a value stack of its own. Pausing it means keeping what is on that stack: there are no frames anywhere
//! else, however many instances the call goes through. So any number of calls of one store may be paused at a time and go
//! on in any order, and dropping one drops its frames.
//!
//! What a call is for is in its *continuation* ([`Then`]), which takes the results: it reads them, or calls the next start function.

use crate::call::epoch::Borrowed;
use crate::call::pending::{Pending, Poller};
use crate::call::start::Start;
use crate::call::then::{Next, Then};
use crate::call::words;
use crate::error::{Error, Result, format_err};
use crate::items::heap_ref::ExnRef;
use crate::items::rooted::Rooted;
use crate::items::value::Val;
use crate::store::handle::{StoreId, wrong_store};
use crate::store::lease::{Lease, Place};
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContextMut, StoreContextMut};
use pirn_decode::ValType;
use pirn_exec::{Execution, Exit, FuncRecord, Held, InstanceHead, Stack, Trap, Vm, Word};
use smallvec::SmallVec;
use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// How far a resumable call got.
#[derive(Debug)]
#[must_use = "a paused call that is dropped never goes on"]
pub enum Resumable<R> {
    /// It returned; these are its results.
    Finished(R),
    /// It paused.
    Paused(Paused<R>),
}

impl<R> Resumable<R> {
    /// The results, if it returned.
    pub fn finished(self) -> Option<R> {
        if let Self::Finished(results) = self { Some(results) } else { None }
    }

    /// The paused call, if it paused.
    pub fn paused(self) -> Option<Paused<R>> {
        if let Self::Paused(paused) = self { Some(paused) } else { None }
    }
}

/// Why a call paused.
#[derive(Debug)]
#[non_exhaustive]
pub enum PauseReason<'a> {
    /// The store's fuel does not suffice to go on.
    OutOfFuel {
        /// What the store's fuel has to be, at least, to get any further.
        required: u64,
    },
    /// The store's deadline has passed, and its callback returned [`UpdateDeadline::Yield`](crate::UpdateDeadline::Yield).
    Deadline,
    /// A host function yielded this payload: see [`Yield::new`](crate::Yield::new).
    Yield(&'a (dyn Any + Send)),
}

/// A call that paused, with everything needed to go on.
///
/// It belongs to the store it was begun in, but borrows nothing of it. Meanwhile the store can be used for anything, also for
/// other calls, and the call that goes on sees what has changed. Dropping a paused call frees its frames, also after
/// its store was dropped. What the call did so far remains. It can be sent to other threads.
///
/// It holds its frames, in exactly as many bytes as they are, and some 300 bytes besides: so there may be a million of them. Only a call with
/// more than 16 KiB of frames, some hundreds, keeps its value stack when it pauses, for copying so many takes longer. That takes as much memory
/// as the call has used of it, at most [`Config::max_wasm_stack`](crate::Config::max_wasm_stack); and a process may have some
/// tens of thousands of them, as many mappings as the system allows. [`Engine::memory_usage`](crate::Engine::memory_usage) counts both.
#[must_use = "a paused call that is dropped never goes on"]
pub struct Paused<R>(Box<Inner<R>>);

pub(super) struct Inner<R> {
    store: StoreId,
    /// How often the store had been forked when it paused.
    forks: u64,
    /// Dropped before the frames of what it is the reason for.
    reason: Reason,
    call: Call<R>,
}

/// An execution, and what becomes of its results.
pub(super) struct Call<R> {
    lease: Lease,
    /// Taken when it returns.
    then: Option<Then<R>>,
}

/// A call that runs.
#[expect(clippy::large_enum_variant, reason = "a box would be allocated for each call that never pauses")]
pub(super) enum Running<R> {
    /// It has not paused yet, and mostly will not.
    New(Call<R>),
    /// It will mostly pause again, in the same place.
    Again(Box<Inner<R>>),
}

impl<R> Running<R> {
    pub(super) fn new(lease: Lease, then: Then<R>) -> Self {
        Self::New(Call { lease, then: Some(then) })
    }

    fn call(&mut self) -> &mut Call<R> {
        match self {
            Self::New(call) => call,
            Self::Again(inner) => &mut inner.call,
        }
    }

    /// It pauses, in this store.
    fn pause(mut self, store: &StoreOpaque, reason: Reason) -> Paused<R> {
        self.call().lease.account();
        let (store, forks) = (store.id(), store.forks());
        Paused(match self {
            Self::New(call) => Box::new(Inner { store, forks, reason, call }),
            Self::Again(mut inner) => {
                (inner.forks, inner.reason) = (forks, reason);
                inner
            }
        })
    }
}

/// Why a call paused.
pub(crate) enum Reason {
    OutOfFuel { required: u64 },
    Deadline,
    Yield { payload: Box<dyn Any + Send>, expects: ResultTypes },
}

/// Types of a function's results: mostly one, and paused calls are to be small.
pub(crate) type ResultTypes = SmallVec<[ValType; 2]>;

/// What a snapshot holds of a paused call. (`pub` because a sealed trait names it.)
pub struct Parts<'a> {
    pub(crate) lease: &'a Lease,
    pub(crate) reason: &'a Reason,
}

/// A paused call could not go on, or failed when it did.
pub struct ResumeError<R> {
    error: Error,
    /// Locked so that the error can be shared between threads, as errors mostly have to be.
    paused: Option<Mutex<Paused<R>>>,
}

impl<R> ResumeError<R> {
    /// What went wrong.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What went wrong. If the call is still paused, it is dropped.
    pub fn into_error(self) -> Error {
        self.error
    }

    /// The call, still paused as it was, if [`Paused::resume`] refused to let it go on or could not; `None` if it went on
    /// and failed.
    pub fn into_paused(self) -> Option<Paused<R>> {
        self.paused.map(|paused| paused.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<R> fmt::Debug for ResumeError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<R> fmt::Display for ResumeError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<R> std::error::Error for ResumeError<R> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<R> From<ResumeError<R>> for Error {
    fn from(error: ResumeError<R>) -> Self {
        error.error
    }
}

impl<R> fmt::Debug for Paused<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paused").field("reason", &self.reason()).finish_non_exhaustive()
    }
}

impl<R: 'static> Paused<R> {
    /// Goes on. If it paused because a host function yielded, `results` are what that function returns; otherwise there
    /// must be none. [`Paused::expects`] has their types.
    ///
    /// A call that is out of fuel may be resumed with too little; it pauses again then, with nothing changed.
    ///
    /// # Errors
    /// - The store is another than the one it was begun in, or `results` are not those that are expected; or it trapped
    ///   with [`crate::Trap::StackOverflow`] because so many calls from the host are nested already that one more is not
    ///   allowed ([`crate::Config::max_nested_entries`]), or there is no memory for a stack. The [`ResumeError`] gives the call back, still
    ///   paused: nothing of it has run, and it goes on where it may.
    /// - As [`Func::call`](crate::Func::call), when it goes on and fails.
    ///
    /// # Panics
    /// As [`Func::call`](crate::Func::call).
    pub fn resume(mut self, mut store: impl AsContextMut, results: &[Val]) -> Result<Resumable<R>, ResumeError<R>> {
        let mut store = store.as_context_mut();
        let words = self.words(store.opaque(), results).and_then(|words| {
            // SAFETY: L3: it paused in this store: `words` compared that. L2: the store is borrowed mutably, and its machine stands still.
            unsafe { self.0.call.lease.execution.place(store.opaque().vm()) }.map_err(Error::from_exit)?;
            Ok(words)
        });
        let words = match words {
            Ok(words) => words,
            Err(error) => return Err(ResumeError { error, paused: Some(Mutex::new(self)) }),
        };
        self.go_on(&mut store, &words, Poller::NONE).map_err(|error| ResumeError { error, paused: None })
    }

    /// Goes on, with these words for the results that it waits for, if it does.
    ///
    /// # Errors
    /// It goes on and fails.
    pub(crate) fn go_on<T: 'static>(
        mut self,
        store: &mut StoreContextMut<'_, T>,
        words: &[Word],
        poller: Poller,
    ) -> Result<Resumable<R>> {
        // While it runs there is none.
        if let Reason::Deadline = std::mem::replace(&mut self.0.reason, Reason::Deadline) {
            store.renew_deadline();
        }
        let execution = &mut self.0.call.lease.execution;
        if execution.awaits() {
            // SAFETY: L5: whoever goes on has compared the types with those that are expected, and the stores.
            unsafe { execution.set_results(store.opaque().vm(), words) };
        }
        // SAFETY: L3: it paused in this store: that was compared. L2: no reference to the store is in use any more, and the
        // context waits here.
        let outcome = unsafe { execution.resume(store.opaque().vm(), poller.as_ptr()) };
        drive(store, Running::Again(self.0), outcome, poller)
    }

    /// Goes on where the store's pending exception is caught, as if the host function that yielded threw that.
    ///
    /// # Errors
    /// Nothing catches it, and this is as it was.
    pub(crate) fn go_on_throwing<T: 'static>(
        mut self,
        store: &mut StoreContextMut<'_, T>,
        poller: Poller,
    ) -> Result<Result<Resumable<R>>, Self> {
        if !store.has_pending_exception() {
            return Err(self);
        }
        // While it runs there is none.
        let reason = std::mem::replace(&mut self.0.reason, Reason::Deadline);
        // SAFETY: L3: it paused in this store, by a host function that yielded. L2: no reference to the store is in use any more, and the
        // context waits here.
        let outcome = unsafe { self.0.call.lease.execution.throw(store.opaque().vm(), poller.as_ptr()) };
        let Some(outcome) = outcome else {
            self.0.reason = reason;
            return Err(self);
        };
        Ok(drive(store, Running::Again(self.0), outcome, poller))
    }

    /// Goes on as if the host function that yielded threw this exception.
    ///
    /// # Errors
    /// As [`Paused::resume`]; no host function yielded; nothing catches the exception, which is a [`ThrownException`](crate::ThrownException).
    ///
    /// # Panics
    /// As [`Paused::resume`]; the exception belongs to another store, or its scope has ended.
    pub fn throw<T: 'static>(
        mut self,
        mut store: impl AsContextMut<Data = T>,
        exception: Rooted<ExnRef>,
    ) -> Result<Resumable<R>, ResumeError<R>> {
        let mut store = store.as_context_mut();
        let refused = if self.0.store != store.opaque().id() {
            Some(wrong_store())
        } else if !self.0.call.lease.execution.awaits() {
            Some(format_err!("throwing: no host function yielded"))
        } else if !store.opaque().may_enter() {
            Some(Trap::StackOverflow.into())
        } else {
            // SAFETY: L3: it paused in this store, which was compared. L2: the store is borrowed mutably, and its machine stands still.
            unsafe { self.0.call.lease.execution.place(store.opaque().vm()) }.map_err(Error::from_exit).err()
        };
        if let Some(error) = refused {
            return Err(ResumeError { error, paused: Some(Mutex::new(self)) });
        }
        let Err(thrown) = store.throw::<()>(exception) else { unreachable!("it always fails") };
        let outcome = match self.go_on_throwing(&mut store, Poller::NONE) {
            Ok(outcome) => outcome,
            Err(uncaught) => {
                drop(uncaught);
                // SAFETY: L2: the machine is the store's, which is borrowed, and what yielded is gone.
                let ended = unsafe { pirn_exec::ended(store.opaque().vm()) };
                Err(ended.map_or_else(Error::from_exit, |()| Error::new(thrown)))
            }
        };
        outcome.map_err(|error| ResumeError { error, paused: None })
    }

    /// The words of `results`, if they are what is expected and it may go on.
    fn words(&self, opaque: &StoreOpaque, results: &[Val]) -> Result<SmallVec<[Word; 4]>> {
        let store = opaque.id();
        if self.0.store != store {
            return Err(wrong_store());
        }
        let expected = self.expects();
        if results.len() != expected.len() {
            return Err(format_err!("resuming: expected {} results, found {}", expected.len(), results.len()));
        }
        let mut words = SmallVec::from_elem(0, self.expected_words());
        words::write(results, expected, &mut words, opaque, |i| format!("resuming: result {i}"))?;
        if !opaque.may_enter() {
            return Err(Trap::StackOverflow.into());
        }
        Ok(words)
    }
}

impl Paused<Vec<Val>> {
    /// A call whose execution was made, and gives results of these types.
    ///
    /// # Errors
    /// The store's limit of resumable calls is reached.
    ///
    /// # Safety
    /// L3 and L5: the execution is of this store, stands still for this reason, and its results are of these types.
    pub(crate) unsafe fn made(
        store: &mut StoreOpaque,
        execution: Execution,
        reason: Reason,
        types: ResultTypes,
    ) -> Result<Self> {
        let place = Place::take(store.resumable_calls(), store.limits().resumable_calls)?;
        let lease = Lease::new(execution, false, place, Held::new(&store.engine().account().stacks, 0));
        let then = Then::read(move |store: &StoreOpaque, words: &[Word]| {
            // SAFETY: L5: as is asked for.
            unsafe { words::read(&types, words, store) }.collect()
        });
        Ok(Running::new(lease, then).pause(store, reason))
    }
}

impl<R> Paused<R> {
    /// What a snapshot holds of it.
    ///
    /// # Errors
    /// It is of another store.
    pub(crate) fn parts(&self, store: StoreId) -> Result<Parts<'_>> {
        let Inner { store: of, reason, call, .. } = &*self.0;
        if *of == store { Ok(Parts { lease: &call.lease, reason }) } else { Err(wrong_store()) }
    }

    /// What a copy of it in another store is made of; in which store it paused, and how often that had been forked by then.
    pub(crate) fn original(&self) -> (StoreId, u64, Parts<'_>) {
        let Inner { store, forks, reason, call } = &*self.0;
        (*store, *forks, Parts { lease: &call.lease, reason })
    }

    /// A copy of it in `store`, with this execution, which paused for this reason.
    ///
    /// # Errors
    /// The store's limit of resumable calls is reached; it is the call of a start function.
    ///
    /// # Safety
    /// L3: the execution is that of this call, but in `store`, where it stands still.
    pub(crate) unsafe fn forked(&self, store: &mut StoreOpaque, execution: Execution, reason: Reason) -> Result<Self> {
        let then = self.0.call.then.as_ref().and_then(Then::fork);
        let then = then.ok_or_else(|| format_err!("it is the call of a start function: these cannot be forked"))?;
        let place = Place::take(store.resumable_calls(), store.limits().resumable_calls)?;
        let lease = Lease::new(execution, false, place, Held::new(&store.engine().account().stacks, 0));
        Ok(Running::new(lease, then).pause(store, reason))
    }

    /// Why it paused.
    pub fn reason(&self) -> PauseReason<'_> {
        match &self.0.reason {
            Reason::OutOfFuel { required } => PauseReason::OutOfFuel { required: *required },
            Reason::Deadline => PauseReason::Deadline,
            Reason::Yield { payload, .. } => PauseReason::Yield(&**payload),
        }
    }

    /// Whether it stands within an instruction on a memory, table or array, or one that throws, which only deadlines make happen: then no
    /// [`Snapshot`](crate::Snapshot) can be taken of it, but where it pauses next, perhaps.
    pub fn is_within_instruction(&self) -> bool {
        self.0.call.lease.execution.progress() != 0
    }

    /// Address of the cell of threaded code at which it goes on: see `Module::code_ranges`. For profilers; neither is part of
    /// the API that versions promise.
    #[doc(hidden)]
    pub fn address(&self) -> usize {
        self.0.call.lease.execution.address()
    }

    /// The payload that a host function yielded, to change it or to move something out of it.
    pub fn payload_mut(&mut self) -> Option<&mut (dyn Any + Send)> {
        match &mut self.0.reason {
            Reason::OutOfFuel { .. } | Reason::Deadline => None,
            Reason::Yield { payload, .. } => Some(&mut **payload),
        }
    }

    /// Does what the host function does that yielded, as if it had not: `act` is given the payload, and what it calls lies above
    /// the frames that wait.
    ///
    /// # Errors
    /// Too many entries from the host are nested.
    ///
    /// # Panics
    /// No host function yielded.
    ///
    /// # Safety
    /// L3: `vm` is the machine of the store it paused in, which is mutably borrowed.
    pub(crate) unsafe fn act<O>(
        &mut self,
        vm: *mut Vm,
        act: impl FnOnce(&mut (dyn Any + Send)) -> O,
    ) -> Result<O, Exit> {
        let Inner { call, reason: Reason::Yield { payload, .. }, .. } = &mut *self.0 else {
            panic!("no host function yielded")
        };
        // SAFETY: L3, as asked for above. L2: nobody else has anything of the machine meanwhile.
        let acted = unsafe { call.lease.execution.act(vm, || act(&mut **payload)) };
        acted.map(|acted| acted.expect("a host function yielded"))
    }

    /// What a call ends with that paused out of fuel and does not go on.
    ///
    /// # Safety
    /// L3: `vm` is the machine of the store it paused in, out of fuel, and whatever called it has not returned since.
    pub(crate) unsafe fn out_of_fuel(mut self, vm: *mut Vm) -> Exit {
        // SAFETY: the same is asked for above.
        unsafe { self.0.call.lease.execution.out_of_fuel(vm) }
    }

    /// Types of the results that [`Paused::resume`] takes: those of the host function that yielded.
    pub fn expects(&self) -> &[ValType] {
        match &self.0.reason {
            Reason::OutOfFuel { .. } | Reason::Deadline => &[],
            Reason::Yield { expects, .. } => expects,
        }
    }

    /// How many words these results take.
    pub(crate) fn expected_words(&self) -> usize {
        self.expects().iter().map(|ty| ty.words()).sum()
    }
}

/// Why a host function does not run, or go on, that cannot wait.
#[cold]
pub(crate) fn not_async() -> Error {
    format_err!(
        "an async host function is called by a call that cannot wait: `call_async` would have to begin it, or \
         `instantiate_async` where a start function calls"
    )
}

/// Begins a call whose arguments are `words`, which are as many as its record says.
///
/// # Safety
/// L3: `func` is a record of the store, and so is the instance `start_of`, whose start function it is, if that is not null. L5:
/// `words` are arguments of its type, in the store; `first` is the type of its first result.
pub(super) unsafe fn begin<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    func: *mut FuncRecord,
    start_of: *mut InstanceHead,
    words: &[Word],
    first: Option<ValType>,
    poller: Poller,
) -> Result<(Lease, Result<(), Exit>)> {
    let opaque = store.opaque_mut();
    let place = Place::take(opaque.resumable_calls(), opaque.limits().resumable_calls)?;
    let (vm, bytes) = (opaque.vm(), opaque.engine().config().stack_bytes);
    let held = Held::new(&opaque.engine().account().stacks, 0);
    let stack = Stack::new(bytes).ok_or_else(|| Error::from_exit(Exit::NoStack { bytes }))?;
    // SAFETY: L3 and L5, as this function asks for; the machine is this store's. L2: no reference to the store is in use any more,
    // and the context waits here.
    let (execution, outcome) = unsafe { Execution::start(vm, stack, func, start_of, words, first, poller.as_ptr()) };
    Ok((Lease::new(execution, !start_of.is_null(), place, held), outcome))
}

/// Begins the call of a start function.
fn begin_start<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    start: Start,
    poller: Poller,
) -> Result<(Lease, Result<(), Exit>)> {
    let (func, inst) = start.get(store.opaque().id())?;
    // SAFETY: L3: `get` compared the store; L5: by validation start functions take and give nothing.
    unsafe { begin(store, func, inst, &[], None, poller) }
}

/// Goes on behind a call that stopped, until there is nothing left to do or a call pauses.
pub(super) fn drive<T: 'static, R: 'static>(
    store: &mut StoreContextMut<'_, T>,
    mut running: Running<R>,
    mut outcome: Result<(), Exit>,
    poller: Poller,
) -> Result<Resumable<R>> {
    loop {
        let Call { lease, then } = running.call();
        let reason = match outcome {
            Ok(()) => match then.take().expect("it returns once").go_on(store.opaque(), lease.execution.results()) {
                Next::Done(results) => return Ok(Resumable::Finished(results)),
                Next::Start(start, next) => {
                    drop(running);
                    let (lease, stopped) = begin_start(store, start, poller)?;
                    (running, outcome) = (Running::new(lease, next), stopped);
                    continue;
                }
            },
            Err(Exit::OutOfFuel { required }) => {
                let vm = store.opaque().vm();
                // An async call that is further out has its fuel in turns. This one is not such a call, and has all there is.
                // SAFETY: L1 and L2: the machine is the store's, which is borrowed, and stands still.
                if poller.is_none() && unsafe { Vm::refuel(vm, required) } {
                    // SAFETY: L3: it stopped in this store just now, out of fuel, of which there is enough. L2 as in `go_on`.
                    outcome = unsafe { lease.execution.resume(vm, poller.as_ptr()) };
                    // SAFETY: L1 and L2, as above.
                    unsafe { Vm::end_turn(vm) };
                    continue;
                }
                Reason::OutOfFuel { required }
            }
            Err(Exit::Late) => Reason::Deadline,
            // Nobody may have a future that has borrowed the store but who polls the call.
            Err(Exit::Yield(payload)) if poller.is_none() && payload.is::<Pending>() => return Err(not_async()),
            Err(Exit::Yield(payload)) => {
                // SAFETY: L1 and L3: it paused in this store, which is borrowed, so the host function that yielded is there.
                let ty = unsafe { lease.execution.awaited() }.expect("a host function yielded");
                Reason::Yield { payload, expects: ty.results().into() }
            }
            Err(exit) => return Err(Error::from_exit(exit)),
        };
        return Ok(Resumable::Paused(running.pause(store.opaque(), reason)));
    }
}

/// Calls start functions, one after the other; gives `value` at last.
pub(crate) fn run_all<T: 'static, R: Send + 'static>(
    store: &mut StoreContextMut<'_, T>,
    starts: impl IntoIterator<Item = Start, IntoIter: Send + 'static>,
    value: R,
    poller: Poller,
) -> Result<Resumable<R>> {
    fn next<R: Send + 'static>(mut starts: impl Iterator<Item = Start> + Send + 'static, value: R) -> Next<R> {
        match starts.next() {
            None => Next::Done(value),
            Some(start) => Next::Start(start, Then::next(move || next(starts, value))),
        }
    }
    match next(starts.into_iter(), value) {
        Next::Done(value) => Ok(Resumable::Finished(value)),
        Next::Start(start, then) => {
            let (lease, outcome) = begin_start(store, start, poller)?;
            drive(store, Running::new(lease, then), outcome, poller)
        }
    }
}
