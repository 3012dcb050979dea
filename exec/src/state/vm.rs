//! The machine's state between handlers: where its value stack ends and what execution leaves behind when it stops.

mod hooks;

pub use hooks::{
    CodeAt, CrossHook, GrowHook, Growing, LateHook, LocateHook, LowerHook, RootsHooks, SubtypeHook, TraceHook,
};

use crate::Word;
use crate::state::crossing::CallHook;
use crate::state::heap::Heap;
use crate::state::held::Held;
use crate::state::instance::InstanceHead;
use crate::state::record::HostRecord;
use crate::state::registers::Registers;
use crate::state::stack::{Stack, whole_words};
use crate::state::tag::Places;
use crate::state::trap::{Exit, Trap};
use crate::state::turns::{Fuel, Pausing};
use pirn_decode::{TypeId, ValType};
use std::ptr::{NonNull, null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

/// Execution cannot go on; the reason is in the machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped;

/// What the memories and tables of a store hold, in bytes.
#[derive(Debug, Default)]
pub struct Holdings {
    /// All memories.
    pub memories: Held,
    /// All tables.
    pub tables: Held,
}

/// What the memories and tables of a store may still grow by, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of memories.
    pub bytes: u64,
    /// Elements.
    pub elements: u64,
}

impl Default for Room {
    /// No bound.
    fn default() -> Self {
        Self { bytes: u64::MAX, elements: u64::MAX }
    }
}

impl Room {
    /// Takes `delta` of `room`, a field of this, for what `grow` adds. Gives what `grow` gives, or `None`, with nothing
    /// changed, if there is too little.
    fn grow<T>(room: &mut u64, delta: u64, grow: impl FnOnce() -> Option<T>) -> Option<T> {
        let left = room.checked_sub(delta)?;
        let grown = grow()?;
        *room = left;
        Some(grown)
    }
}

/// A host function that did not return yet: whoever goes on writes its results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Yielded {
    /// First word of its frame.
    pub(crate) frame: *mut u64,
    /// How many words of it are for arguments and results.
    pub(crate) words: usize,
    pub(crate) func: *const HostRecord,
}

/// Where execution has stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoppedAt {
    /// In a cell, at this place of it: see [`TrapAt`](crate::state::trap::TrapAt).
    Place(u8),
    /// In front of the cell behind a call: what was called has stopped, and has no frame.
    Return,
    /// Before anything was entered.
    Entry,
}

/// One machine: the registers of an execution that stands still, and what running code asks for besides them.
///
/// All WebAssembly frames of an execution, whatever their instances, lie on one [`Stack`], which is there as long as
/// something runs.
#[repr(C)]
#[derive(Debug)]
pub struct Vm {
    /// First byte a frame may not reach. Read by every call, through `instance`. Null while there is no stack.
    pub(crate) stack_limit: *mut u64,
    /// The epoch, which whoever has the time counts up; null if nobody asks for it.
    pub(crate) epoch: *const AtomicU64,
    /// The epoch with which code stops that asks for it.
    pub(crate) deadline: u64,
    /// What metered code may still consume.
    pub(crate) fuel: Fuel,
    /// The innermost entry that can pause.
    pub(crate) pausing: Pausing,
    /// The registers where execution stands still.
    pub(crate) saved: Registers,
    /// What is at the saved `ip`, if execution has stopped for good.
    pub(crate) stopped_at: StoppedAt,
    /// The host function that yielded there, if one did.
    pub(crate) yielded: Option<Yielded>,
    /// First free word of the stack while WebAssembly does not run. Null while there is no stack.
    pub(crate) top: *mut u64,
    /// What a handler that stops leaves for [`crate::invoke`].
    pub(crate) exit: Option<Exit>,
    /// Entries from the host that have not returned.
    pub(crate) depth: u32,
    pub(crate) max_depth: u32,
    /// As many as there may be without further ado: none if somebody is told of each.
    pub(crate) quick_depth: u32,
    crossed: Option<CrossHook>,
    pub(crate) lower: LowerHook,
    trace: Option<TraceHook>,
    late: Option<LateHook>,
    grow: Option<GrowHook>,
    /// How many items of an operation that has stopped are done already; 0 if none has.
    pub(crate) progress: usize,
    /// Of the owner's choosing: see [`Vm::attach`].
    pub(crate) store: *mut (),
    /// What memories and tables may still grow by.
    pub room: Room,
    /// What they hold.
    pub held: Holdings,
    /// What stands for the embedder where a frame's header names its caller's instance: a head without index spaces.
    host: InstanceHead,
    /// Bytes of a stack, whole words.
    pub(crate) stack_bytes: usize,
    pub(crate) locate: Option<LocateHook>,
    /// Whether it is to be noticed that something is entered: until then, no entry is quick.
    pub(crate) is_watched: bool,
    subtypes: Option<SubtypeHook>,
    /// The exception that nothing has caught yet, or 0.
    pub(crate) pending: Word,
    /// See [`Vm::pending_number`].
    pub(crate) pending_number: u64,
    /// What was pending where the innermost callback of the embedder began that runs, and its number: see [`Vm::keep_pending`].
    pub(crate) kept_pending: (Word, u64),
    /// What is known of places that exceptions were thrown through.
    pub(crate) thrown_at: Places,
    pub(crate) roots: Option<RootsHooks>,
    /// Objects of the store.
    pub(crate) heap: Heap,
}

// SAFETY: all pointers are into the store that owns the machine, or into the stack of whoever runs on it; they go between
// threads with the store (I2).
unsafe impl Send for Vm {}
// SAFETY: a shared machine gives numbers; executing needs `&mut` of the store (I2).
unsafe impl Sync for Vm {}

impl Vm {
    /// A machine with value stacks of `stack_bytes` bytes on which the host may enter WebAssembly `max_depth` times
    /// nested. It has to be [attached](Self::attach) before it runs.
    ///
    /// # Safety
    /// `lower`, asked for a function of an instance of the machine's store, gives an address of which
    /// [`crate::FuncRecord::new`] can make that function's record, not that of a [`crate::LazyCode`].
    pub unsafe fn new(stack_bytes: usize, max_depth: u32, lower: LowerHook) -> Box<Self> {
        Box::new(Self {
            stack_limit: null_mut(),
            epoch: null(),
            deadline: 0,
            fuel: Fuel::NONE,
            pausing: Pausing::NONE,
            room: Room::default(),
            held: Holdings::default(),
            saved: Registers::new(null(), null_mut(), null_mut(), null()),
            stopped_at: StoppedAt::Return,
            yielded: None,
            top: null_mut(),
            exit: None,
            depth: 0,
            max_depth,
            quick_depth: max_depth,
            crossed: None,
            lower,
            trace: None,
            late: None,
            grow: None,
            progress: 0,
            store: null_mut(),
            host: InstanceHead::empty(),
            stack_bytes: whole_words(stack_bytes),
            locate: None,
            is_watched: false,
            subtypes: None,
            pending: 0,
            pending_number: 0,
            kept_pending: (0, 0),
            thrown_at: Places::default(),
            roots: None,
            heap: Heap::new(),
        })
    }

    /// Gives the machine to a store, without fuel and with all room.
    ///
    /// # Safety
    /// `this` is a live machine that stands still, does not move any more, and is reached by this pointer from now on.
    pub unsafe fn attach(this: *mut Self, store: *mut ()) {
        // SAFETY: it is live, and nobody else refers to its fields while it stands still.
        unsafe {
            (*this).store = store;
            (*this).fuel = Fuel::NONE;
            (*this).room = Room::default();
            (*this).host.vm = this;
        }
    }

    /// Whom the machine asks which types are below which.
    ///
    /// # Safety
    /// The hook may be called with what the machine is [attached](Self::attach) to, whenever it runs.
    pub unsafe fn set_subtypes(&mut self, hook: SubtypeHook) {
        self.subtypes = Some(hook);
    }

    /// Whom the machine asks for references of the store when it collects.
    ///
    /// # Safety
    /// The hooks may be called with what the machine is [attached](Self::attach) to, whenever it runs or allocates; they tell of all
    /// references there are.
    pub unsafe fn set_roots(&mut self, hooks: RootsHooks) {
        self.roots = Some(hooks);
    }

    /// Whether type `sub` is declared to be below `of`. Without a hook no type is.
    ///
    /// # Safety
    /// `this` is live.
    #[cold]
    pub(crate) unsafe fn is_subtype(this: *const Self, sub: TypeId, of: TypeId) -> bool {
        // SAFETY: it is live; whoever set the hook said that it may be called with what the machine is attached to.
        unsafe { (*this).subtypes.is_some_and(|hook| hook((*this).store, sub, of)) }
    }

    /// Whom it was [attached](Self::attach) to; null before.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn store(this: *const Self) -> *mut () {
        // SAFETY: it is live; the field is written by `attach` alone.
        unsafe { (*this).store }
    }

    /// What metered code may still consume.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for the host function that asks.
    pub unsafe fn fuel(this: *const Self) -> u64 {
        // SAFETY: it is live, and nobody else refers to the field meanwhile.
        unsafe { (*this).fuel.total() }
    }

    /// Changes what metered code may still consume; the turn is as long as before.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for the host function that asks.
    pub unsafe fn set_fuel(this: *mut Self, fuel: u64) {
        // SAFETY: as in `fuel`.
        unsafe { (*this).fuel.set(fuel) };
    }

    /// Has metered code stop, out of fuel, when it has consumed `slice` units, whatever more it may consume. `u64::MAX` ends that.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    pub unsafe fn begin_turn(this: *mut Self, slice: u64) {
        // SAFETY: as in `fuel`.
        unsafe { (*this).fuel.begin_turn(slice) };
    }

    /// Makes the turn long enough for `least` units more.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    pub unsafe fn extend_turn(this: *mut Self, least: u64) {
        // SAFETY: as in `fuel`.
        unsafe { (*this).fuel.extend_turn(least) };
    }

    /// Whether code that takes no turns, and has stopped for want of `required` units, can go on, since so many are kept back: now
    /// nothing is, until [`Vm::end_turn`].
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    #[cold]
    #[inline(never)]
    pub unsafe fn refuel(this: *mut Self, required: u64) -> bool {
        // SAFETY: as in `fuel`.
        unsafe { (*this).fuel.take_all(required) }
    }

    /// Has code that takes turns stop where it asks for fuel next: what it called has used up its turn.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    #[cold]
    pub unsafe fn end_turn(this: *mut Self) {
        // SAFETY: as in `fuel`.
        unsafe { (*this).fuel.begin_turn(0) };
    }

    /// Who polls the innermost entry from the host, if that is an async call.
    ///
    /// # Safety
    /// As for [`Vm::fuel`].
    #[inline]
    pub unsafe fn poller(this: *const Self) -> Option<NonNull<()>> {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.poller_at((*this).depth) }
    }

    /// Whether the innermost entry from the host can pause.
    ///
    /// # Safety
    /// As for [`Vm::fuel`].
    pub unsafe fn can_pause(this: *const Self) -> bool {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.is_at((*this).depth) }
    }

    /// Says that a poll of an async call begins; whether it is the outermost.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`].
    pub unsafe fn begin_poll(this: *mut Self) -> bool {
        // SAFETY: as in `fuel`.
        unsafe {
            (*this).pausing.polls += 1;
            (*this).pausing.polls == 1
        }
    }

    /// Says that the innermost poll ends.
    ///
    /// # Safety
    /// As for [`Vm::set_fuel`]; one has begun.
    pub unsafe fn end_poll(this: *mut Self) {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.polls -= 1 };
    }

    /// Whether an async call is polled.
    ///
    /// # Safety
    /// As for [`Vm::fuel`].
    pub unsafe fn is_polled(this: *const Self) -> bool {
        // SAFETY: as in `fuel`.
        unsafe { (*this).pausing.polls != 0 }
    }

    /// Has code that asks for it find the epoch there. The deadline is 0 until it is [set](Self::set_deadline).
    ///
    /// # Safety
    /// `this` is live and stands still; `epoch` lives as long as it.
    pub unsafe fn set_epoch(this: *mut Self, epoch: *const AtomicU64) {
        // SAFETY: it is live, and nobody else refers to its fields while it stands still.
        unsafe { (*this).epoch = epoch };
    }

    /// Sets the epoch with which code stops that asks for it.
    ///
    /// # Safety
    /// `this` is live, and stands still, or waits for a host function or hook.
    pub unsafe fn set_deadline(this: *mut Self, deadline: u64) {
        // SAFETY: it is live, and nobody else refers to the field meanwhile.
        unsafe { (*this).deadline = deadline };
    }

    /// Whether the deadline has passed.
    ///
    /// # Safety
    /// `this` is live, and was told where the epoch [is](Self::set_epoch).
    #[inline(always)]
    pub unsafe fn is_late(this: *const Self) -> bool {
        // SAFETY: both are live. The epoch is counted by other threads, and so is read as an atomic; nothing is ordered by it.
        unsafe { (*(*this).epoch).load(Ordering::Relaxed) >= (*this).deadline }
    }

    /// Has `late` say what is to be done when the deadline has passed; without, execution traps.
    ///
    /// # Safety
    /// `this` is live, and stands still, or waits for a host function or hook; `late` may be called with it while it waits.
    pub unsafe fn set_late(this: *mut Self, late: Option<LateHook>) {
        // SAFETY: as in `set_deadline`.
        unsafe { (*this).late = late };
    }

    /// Asks what is to be done when the deadline has passed.
    ///
    /// # Errors
    /// How the execution ends, or stands still.
    ///
    /// # Safety
    /// What the [hook](Self::set_late) asks for: nothing refers to what it may change.
    pub unsafe fn late(this: *mut Self) -> Result<(), Exit> {
        // SAFETY: `set_late` asked for a hook that may be called with this machine.
        unsafe { (*this).late.map_or(Err(Exit::Trap(Trap::Interrupt)), |late| late(this)) }
    }

    /// Has `grow` grow memories and tables; without, they grow within the [room](Self::room) there is.
    ///
    /// # Safety
    /// `this` is live, and stands still, or waits for a host function or hook; `grow` may be called with it while it waits.
    pub unsafe fn set_grow(this: *mut Self, grow: Option<GrowHook>) {
        // SAFETY: as in `set_deadline`.
        unsafe { (*this).grow = grow };
    }

    /// Grows a memory or table: the old size, or `None` if it may not grow.
    ///
    /// # Errors
    /// Execution cannot go on; the reason is in the machine.
    ///
    /// # Safety
    /// That of [`Growing::within`]; the machine runs.
    #[inline]
    pub(crate) unsafe fn grow(this: *mut Self, growing: Growing) -> Result<Option<u64>, Stopped> {
        // SAFETY: the machine's fields are nobody else's while it runs (I2), but the hook's while that does, and the rest is asked
        // for above.
        unsafe {
            let Some(grow) = (*this).grow else { return Ok(growing.within(this)) };
            grow(this, growing).map_err(|exit| {
                (*this).exit = Some(exit);
                Stopped
            })
        }
    }

    /// The instance that stands for the embedder.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn host(this: *mut Self) -> *mut InstanceHead {
        // SAFETY: it is live, so this is a place in it; no reference is made.
        unsafe { &raw mut (*this).host }
    }

    /// Whether `instance` stands for the embedder.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub(crate) unsafe fn is_host(this: *mut Self, instance: *mut InstanceHead) -> bool {
        // SAFETY: it is live, which is all that `host` asks for.
        instance == unsafe { Self::host(this) }
    }

    /// Why it stopped, with what the hook says of the frames.
    ///
    /// # Safety
    /// `this` is live and stands still; the frames are as they were when it stopped.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn traced(this: *mut Self, exit: Exit) -> Exit {
        // SAFETY: nobody else refers to its fields.
        match unsafe { (*this).trace } {
            // SAFETY: `set_trace` asked for it.
            Some(trace) => unsafe { trace(this, exit) },
            None => exit,
        }
    }

    /// Whether the host may enter once more.
    pub fn may_enter(&self) -> bool {
        self.depth < self.max_depth
    }

    /// How many entries from the host have not returned.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Counts one more entry from the host, if there may be one of which nobody is told.
    pub(crate) fn enter(&mut self) -> bool {
        let may_enter = self.depth < self.quick_depth;
        self.depth += u32::from(may_enter);
        may_enter
    }

    /// Has `crossed` told of calls and returns between the host and WebAssembly. Without it nothing is paid but
    /// a compare in calls of host functions: an entry fails the test that it has anyway, and finds out then that it is told.
    ///
    /// # Safety
    /// `this` is live and stands still; `crossed` may be called with it while it waits.
    pub unsafe fn set_crossed(this: *mut Self, crossed: CrossHook) {
        // SAFETY: it is live, and nobody else refers to its fields while it stands still.
        unsafe {
            (*this).crossed = Some(crossed);
            (*this).quick_depth = 0;
        }
    }

    /// Whether somebody is told of calls between the host and WebAssembly.
    #[inline(always)]
    pub(crate) fn is_told(&self) -> bool {
        self.crossed.is_some()
    }

    /// Tells the hook, if there is one.
    ///
    /// # Errors
    /// How the call ends.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for a host function; nothing refers to what a host function may change.
    pub(crate) unsafe fn crossed(this: *mut Self, at: CallHook) -> Result<(), Exit> {
        // SAFETY: `set_crossed` asked for a hook that may be called with this machine. Where it stands still is as before, whatever the
        // hook has run meanwhile.
        unsafe {
            let Some(crossed) = (*this).crossed else { return Ok(()) };
            let (saved, stopped_at) = ((*this).saved, (*this).stopped_at);
            let outcome = crossed(this, at);
            ((*this).saved, (*this).stopped_at) = (saved, stopped_at);
            outcome
        }
    }

    /// Has `trace` say more of the exits of executions.
    ///
    /// # Safety
    /// It may be called with this machine after an execution on it has stopped.
    pub unsafe fn set_trace(&mut self, trace: TraceHook) {
        self.trace = Some(trace);
    }

    /// Has `locate` asked for the functions of frames. Without it, executions that stand still keep their stacks
    /// ([`Execution`](crate::Execution)).
    ///
    /// # Safety
    /// For any instance of the machine's store and the address of any cell of its code it gives the function that has it, while the
    /// store is alive and nothing runs in it.
    pub unsafe fn set_locate(&mut self, locate: LocateHook) {
        self.locate = Some(locate);
    }

    /// Writes the first result of the function that returned to the host, from the accumulator it lies in.
    ///
    /// # Safety
    /// A function has returned to the host, which has a first result, of type `ty`, and the registers of its return are
    /// saved. At `to` is room for its words.
    pub(crate) unsafe fn first_result(&self, ty: ValType, to: *mut Word) {
        let v0 = &raw const self.saved.v0;
        // SAFETY: I3: a function leaves its first result in the accumulator of its class. A float of that width was
        // left in the lowest lane, a vector in all; nothing else is read. There is room.
        unsafe {
            to.write(match ty {
                ValType::F32 => v0.cast::<u32>().read().into(),
                ValType::F64 => v0.cast::<u64>().read(),
                ValType::I32 | ValType::I64 | ValType::Ref(_) => self.saved.r0,
                ValType::V128 => return to.copy_from_nonoverlapping(v0.cast(), 2),
            });
        }
    }

    /// Whether nothing executes on it.
    pub fn is_idle(&self) -> bool {
        self.depth == 0 && self.top.is_null() && self.stack_limit.is_null()
    }

    /// Has what is entered next run on `stack`, until the [`HostEntry`](crate::host::call::HostEntry) made before is
    /// dropped.
    pub(crate) fn run_on(&mut self, stack: &Stack) {
        self.stack_limit = stack.limit();
        self.top = stack.base();
    }
}

#[cfg(test)]
mod tests;
