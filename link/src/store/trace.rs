//! Backtraces of what runs in a store: made of a walk over its machine's frames.

use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::error::{Error, ThrownException};
use crate::module::Module;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{FuncIdx, Subtyping, TypeId};
use pirn_exec::{CodeAt, Exit, InstanceHead, PausedFrame, Trap, Vm, Walk};

impl WasmBacktrace {
    /// The frames over which a walk leads, at most as many as the configuration allows.
    ///
    /// # Safety
    /// It is a walk over frames of this store, and nothing runs meanwhile.
    pub(crate) unsafe fn of_walk(store: &StoreOpaque, mut walk: Walk) -> Self {
        let most = store.engine().config().backtrace_frames;
        let mut frames = Vec::new();
        while let Some(&frame) = walk.frame() {
            if frames.len() == most {
                return Self::new(frames, true);
            }
            // SAFETY: L4: the head of an instance of the store. L2: nobody changes it meanwhile.
            let module = unsafe { InstanceData::of_head(frame.instance) }.module();
            let Some((funcidx, position, head)) = module.function_at(frame.address) else {
                debug_assert!(false, "the frame's code is none of its module's");
                break;
            };
            frames.push(FrameInfo::new(module.clone(), funcidx, position, frame.at));
            // SAFETY: nothing has run since the walk began, and the function's head says where its frame has the header.
            unsafe { walk.leave(head.header as usize) };
        }
        Self::new(frames, false)
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
        Exit::Host(error) | Exit::Thrown(Some(error)) => match error.downcast::<Error>() {
            Ok(error) => *error,
            // A panic that is carried around frames.
            Err(other) => return Exit::Host(other),
        },
        Exit::Thrown(None) => Error::new(ThrownException),
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
