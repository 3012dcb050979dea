//! The machine's state between handlers: the value stack and what execution leaves behind when it stops.

use crate::{Exit, Inst, Trap};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::any::Any;
use std::ptr::{NonNull, null, null_mut};

/// Gives where the code of a function of an instance begins ([`crate::first_cell`]), by funcidx; an error becomes
/// [`Exit::Host`].
pub type LowerHook = unsafe fn(*mut Inst, u32) -> Result<*const u64, Box<dyn Any + Send>>;

/// Words a machine needs above the last frame to enter another: a header.
const ENTRY_WORDS: usize = pirn_decode::layout::HEADER_WORDS;

/// One machine: a value stack and the registers of an execution that stands still.
///
/// All WebAssembly frames of an execution, whatever their instances, lie on this one stack.
#[repr(C)]
#[derive(Debug)]
pub struct Vm {
    /// First byte a frame may not reach. Read by every call, through `inst`.
    pub(crate) stack_limit: *mut u64,
    /// The registers where execution stands still.
    pub(crate) saved: Saved,
    /// First free word of the stack while WebAssembly does not run.
    pub(crate) top: *mut u64,
    /// What a handler that stops leaves for [`crate::invoke`].
    pub(crate) exit: Option<Exit>,
    /// Entries from the host that have not returned.
    pub(crate) depth: u32,
    max_depth: u32,
    pub(crate) lower: LowerHook,
    /// Of the owner's choosing: see [`Vm::attach`].
    pub store: *mut (),
    /// What stands for the embedder where a frame's header names its caller's instance: a head without index spaces.
    host: Inst,
    stack: Stack,
}

/// Registers of an execution that stands still.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) ip: *const u64,
    pub(crate) fp: *mut u64,
    pub(crate) inst: *mut Inst,
    pub(crate) r0: u64,
    pub(crate) v0: crate::machine::Vector,
}

#[derive(Debug)]
struct Stack {
    base: NonNull<u64>,
    layout: Layout,
}

impl Stack {
    fn new(words: usize) -> Self {
        let layout = Layout::array::<u64>(words.max(1)).expect("stack size overflows the address space");
        // SAFETY: the size is not zero.
        let base = unsafe { alloc_zeroed(layout) };
        let Some(base) = NonNull::new(base.cast()) else { handle_alloc_error(layout) };
        Self { base, layout }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.base.as_ptr().cast(), self.layout) };
    }
}

// SAFETY: all pointers are into the stack, which goes along, or into the store that owns the machine.
unsafe impl Send for Vm {}
// SAFETY: a shared machine does nothing; executing needs `&mut` of the store.
unsafe impl Sync for Vm {}

impl Vm {
    /// A machine with a value stack of `stack_bytes` bytes on which the host may enter WebAssembly `max_depth` times
    /// nested. It has to be [attached](Self::attach) before it runs.
    pub fn new(stack_bytes: usize, max_depth: u32, lower: LowerHook) -> Box<Self> {
        let words = stack_bytes / 8;
        let stack = Stack::new(words + ENTRY_WORDS);
        let base = stack.base.as_ptr();
        Box::new(Self {
            // SAFETY: within the allocation.
            stack_limit: unsafe { base.add(words) },
            saved: Saved { ip: null(), fp: null_mut(), inst: null_mut(), r0: 0, v0: std::mem::MaybeUninit::zeroed() },
            top: base,
            exit: None,
            depth: 0,
            max_depth,
            lower,
            store: null_mut(),
            host: Inst::host(),
            stack,
        })
    }

    /// Gives the machine to a store.
    ///
    /// # Safety
    /// `this` is a live machine that stands still, does not move any more, and is reached by this pointer from now on.
    pub unsafe fn attach(this: *mut Self, store: *mut ()) {
        // SAFETY: the caller's.
        unsafe {
            (*this).store = store;
            (*this).host.vm = this;
        }
    }

    /// The instance that stands for the embedder.
    ///
    /// # Safety
    /// `this` is live.
    pub(crate) unsafe fn host(this: *mut Self) -> *mut Inst {
        // SAFETY: the caller's.
        unsafe { &raw mut (*this).host }
    }

    /// Whether `inst` stands for the embedder.
    ///
    /// # Safety
    /// `this` is live.
    pub(crate) unsafe fn is_host(this: *mut Self, inst: *mut Inst) -> bool {
        // SAFETY: the caller's.
        inst == unsafe { Self::host(this) }
    }

    /// Counts one more entry from the host.
    pub(crate) fn enter(&mut self) -> Result<(), Exit> {
        if self.depth >= self.max_depth {
            return Err(Exit::Trap(Trap::StackOverflow));
        }
        self.depth += 1;
        Ok(())
    }

    /// Bytes of the value stack in use while a host function runs; 0 when nothing executes.
    pub fn stack_used(&self) -> usize {
        self.top as usize - self.stack.base.as_ptr() as usize
    }
}
