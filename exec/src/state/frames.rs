//! Frames of the value stack: the headers by which they lead back to their callers.

use crate::state::instance::InstanceHead;
use crate::state::registers::{Registers, Vector, load, store};
use pirn_decode::layout::HEADER_WORDS;

/// The state of the caller, whose frame's header is in slot `header`: where `link` leads.
///
/// # Safety
/// It is a header, as [`push_frame`] wrote it.
#[inline(always)]
pub(crate) unsafe fn pop_frame(mut m: Registers, header: u16) -> Registers {
    // SAFETY: the caller's.
    unsafe {
        let header = m.slot(header);
        m.ip = m.link;
        m.link = header.cast::<*const u64>().read();
        m.fp = header.add(1).cast::<*mut u64>().read();
        m.instance = header.add(2).cast::<*mut InstanceHead>().read();
    }
    m
}

/// Writes a frame's header: what of `caller` its callee does not keep in registers.
///
/// # Safety
/// `header` lies within the stack's limit.
#[inline(always)]
pub(crate) unsafe fn push_frame(header: *mut u64, caller: &Registers) {
    // SAFETY: the caller's.
    unsafe {
        header.cast::<*const u64>().write(caller.link);
        header.add(1).cast::<*mut u64>().write(caller.fp);
        header.add(2).cast::<*mut InstanceHead>().write(caller.instance);
    }
}

/// A frame's header while the arguments of a tail call are moved over it: in vector registers, for the others are few.
pub(crate) struct Header([Vector; 2]);

const _: () = assert!(size_of::<Vector>() == 16 && HEADER_WORDS == 3);

impl Header {
    /// # Safety
    /// A header lies at `at`.
    #[inline(always)]
    pub(crate) unsafe fn read(at: *const u64) -> Self {
        // SAFETY: the caller's: the vectors are three words together.
        unsafe { Self([load(at.cast::<Vector>()), load(at.add(1).cast::<Vector>())]) }
    }

    /// # Safety
    /// A header may be written to `at`.
    #[inline(always)]
    pub(crate) unsafe fn write(self, at: *mut u64) {
        let Self([first, second]) = self;
        // SAFETY: as in `read`.
        unsafe {
            store(at.cast::<Vector>(), first);
            store(at.add(1).cast::<Vector>(), second);
        }
    }
}
