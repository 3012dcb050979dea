//! Backtraces of what runs in a store: made of a walk over its machine's frames.

use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::error::{Error, ThrownException};
use crate::module::Module;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::layout::CodeHead;
use pirn_decode::{FuncIdx, Subtyping, TypeId};
use pirn_exec::{CodeAt, Exit, Frame, FrameAt, InstanceHead, PausedFrame, Trap, Vm, Walk};

impl WasmBacktrace {
    /// The frames over which a walk leads, at most as many as the configuration allows.
    ///
    /// # Safety
    /// It is a walk over frames of this store, and nothing runs meanwhile.
    pub(crate) unsafe fn of_walk(store: &StoreOpaque, mut walk: Walk) -> Self {
        let mut found = Found::new(store);
        while let Some(&Frame { instance, address, at, .. }) = walk.frame() {
            // SAFETY: it is a frame of this store, in which nothing runs.
            let Some(head) = (unsafe { found.add(instance, address, at) }) else { break };
            // SAFETY: nothing has run since the walk began, and the function's head says where its frame has the header.
            unsafe { walk.leave(head.header as usize) };
        }
        Self::new(found.frames, found.is_cut)
    }

    /// The frames of an execution that stands still, at most as many as the configuration allows.
    ///
    /// # Safety
    /// They are frames of this store, and nothing runs meanwhile.
    pub(crate) unsafe fn of_paused<'a>(store: &StoreOpaque, frames: impl Iterator<Item = PausedFrame<'a>>) -> Self {
        let mut found = Found::new(store);
        for PausedFrame { instance, address, at, .. } in frames {
            // SAFETY: as is asked for.
            if unsafe { found.add(instance, address, at) }.is_none() {
                break;
            }
        }
        Self::new(found.frames, found.is_cut)
    }
}

/// What becomes a backtrace.
struct Found {
    frames: Vec<FrameInfo>,
    most: usize,
    is_cut: bool,
}

impl Found {
    fn new(store: &StoreOpaque) -> Self {
        Self { frames: Vec::new(), most: store.engine().config().backtrace_frames, is_cut: false }
    }

    /// Adds a frame, and gives its function's head; `None` if no more are wanted.
    ///
    /// # Safety
    /// It is a frame of a live store in which nothing runs.
    unsafe fn add(&mut self, instance: *mut InstanceHead, address: usize, at: FrameAt) -> Option<CodeHead> {
        self.is_cut = self.frames.len() == self.most;
        if self.is_cut {
            return None;
        }
        // SAFETY: L4: the head of an instance of the store. L2: nobody changes it meanwhile.
        let module = unsafe { InstanceData::of_head(instance) }.module();
        let Some((funcidx, position, head)) = module.function_at(address) else {
            debug_assert!(false, "the frame's code is none of its module's");
            return None;
        };
        self.frames.push(FrameInfo::new(module.clone(), funcidx, position, at));
        Some(head)
    }
}

/// Gives `each` the functions of frames: their modules and funcidxs.
///
/// # Safety
/// They are frames of a live store, in which nothing runs meanwhile.
pub(crate) unsafe fn functions<'a>(
    frames: impl Iterator<Item = PausedFrame<'a>>,
    mut each: impl FnMut(&Module, FuncIdx),
) {
    for frame in frames {
        // SAFETY: L4: the head of an instance of the store. L2: nobody changes it meanwhile.
        each(unsafe { InstanceData::of_head(frame.instance) }.module(), frame.head.index);
    }
}

/// The machine's hook: gives the function of an instance whose code is at `address`.
///
/// # Safety
/// `inst` is the head of an instance of a live store in which nothing runs, and code of it is at `address`.
pub(super) unsafe fn locate(inst: *mut InstanceHead, address: usize) -> Option<CodeAt> {
    // SAFETY: L4: as is asked for; L2: nobody changes an `InstanceData` meanwhile.
    let (_, code) = unsafe { InstanceData::of_head(inst) }.module().code_around(address)?;
    let range = code.words().as_ptr_range();
    let catches = code.catches().map_or(std::ptr::null(), std::ptr::from_ref);
    Some(CodeAt { head: code.head(), code: range.start.addr()..range.end.addr(), catches })
}

/// The machine's hook: says which types are below which.
///
/// # Safety
/// `store` is that of a machine which runs.
pub(super) unsafe fn is_subtype(store: *mut (), sub: TypeId, of: TypeId) -> bool {
    // SAFETY: L1: a machine's store is live. L2: nobody refers to it mutably while the machine runs.
    unsafe { &*store.cast::<StoreOpaque>().cast_const() }.engine().types().is_subtype(sub, of)
}

/// The machine's hook: gives errors the backtrace of where they happened, unless they have one.
///
/// # Safety
/// `vm` is a store's machine, on which an execution has stopped for this reason; its frames are as they were.
pub(super) unsafe fn trace(vm: *mut Vm, exit: Exit) -> Exit {
    // SAFETY: L1: the machine is attached to its store, which is live. L2: nobody refers to it mutably while the machine runs,
    // or has just stopped.
    let store = unsafe { &*Vm::store(vm).cast::<StoreOpaque>().cast_const() };
    if !store.engine().config().backtrace {
        return exit;
    }
    let error = match exit {
        Exit::Trap(trap) => Error::from(trap),
        Exit::OutOfFuel { .. } => Error::from(Trap::OutOfFuel),
        Exit::Host(error) | Exit::Thrown { error: Some(error), .. } => match error.downcast::<Error>() {
            Ok(error) => *error,
            // A panic that is carried around frames.
            Err(other) => return Exit::Host(other),
        },
        Exit::Thrown { number, error: None } => Error::new(ThrownException { number }),
        exit @ (Exit::Late | Exit::Yield(_) | Exit::NoStack { .. } | Exit::Panic(_)) => return exit,
    };
    // SAFETY: the frames are as they were when it stopped.
    Exit::Host(Box::new(unsafe { store.traced(error, Walk::stopped(vm)) }))
}

impl StoreOpaque {
    /// Gives an error the backtrace of a walk, unless it has one or none is wanted.
    ///
    /// # Safety
    /// That of [`WasmBacktrace::of_walk`].
    pub(crate) unsafe fn traced(&self, error: Error, walk: Walk) -> Error {
        if !self.engine().config().backtrace || error.is::<WasmBacktrace>() {
            return error;
        }
        // SAFETY: the same is asked for above.
        error.traced(unsafe { WasmBacktrace::of_walk(self, walk) })
    }
}
