//! Walking over frames, from the innermost outwards: across instances, host functions and entries from the host.
//!
//! Frames lead to their callers by their headers ([`crate::state::frames`]). Two more words lead on where the host stands
//! between: a host function's frame ends with the address it returns to, and a word below the first frame of an entry
//! says where the one before has its first free word.

use crate::handlers::exit::exit_cell;
use crate::state::instance::InstanceHead;
use crate::state::vm::{StoppedAt, Vm};
use pirn_decode::layout::{ENTRY_WORDS, HEADER_WORDS, RETURN_WORDS};

/// A frame of WebAssembly, and where in its function execution is.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Its instance.
    pub instance: *mut InstanceHead,
    /// The address of a cell of its function: see [`Frame::at`].
    pub address: usize,
    /// What is at that address.
    pub at: FrameAt,
    fp: *mut u64,
    link: *const u64,
}

/// What the address of a [`Frame`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameAt {
    /// The cell that is executed, at the place where it may trap of this number: see
    /// [`Shape::trap_places`](pirn_decode::shape::Shape::trap_places).
    Cell {
        /// The place's number, the first one being 0.
        place: u8,
    },
    /// The cell behind a call that has not returned.
    Return,
}

/// A walk over the frames of one machine.
#[derive(Debug, Clone, Copy)]
pub struct Walk(Option<Frame>);

impl Walk {
    /// From where execution has just stopped.
    ///
    /// # Safety
    /// `vm` is a live machine. It has stopped, and nothing has run on it since.
    pub unsafe fn stopped(vm: *const Vm) -> Self {
        // SAFETY: the registers are those of a frame (I6), or what an entry began with.
        unsafe {
            let m = (*vm).saved;
            let at = match (*vm).stopped_at {
                StoppedAt::Place(place) => FrameAt::Cell { place },
                StoppedAt::Return => FrameAt::Return,
                StoppedAt::Entry => return Self::below((*vm).top),
            };
            Self::at(m.ip, at, m.fp, m.link, m.instance)
        }
    }

    /// From a host function that runs.
    ///
    /// # Safety
    /// `vm` is a live machine, and WebAssembly does not run on it.
    pub unsafe fn from_host(vm: *const Vm) -> Self {
        // SAFETY: its top is null, or behind the frame of a host function that has not returned.
        unsafe { Self::below((*vm).top) }
    }

    /// From the frame of a host function that ends before `top`; nothing if that is null.
    ///
    /// # Safety
    /// It has not returned.
    pub(crate) unsafe fn below(top: *const u64) -> Self {
        if top.is_null() {
            return Self(None);
        }
        // SAFETY: it ends with its header, and the address it returns to.
        unsafe {
            let link = top.sub(RETURN_WORDS).cast::<*const u64>().read();
            Self::caller(top.sub(RETURN_WORDS + HEADER_WORDS), link)
        }
    }

    /// From the frame to which the header at `header` leads, at `ip`.
    ///
    /// # Safety
    /// It is the header of a frame that has not returned, and returns there.
    unsafe fn caller(header: *const u64, ip: *const u64) -> Self {
        // SAFETY: I7: there are the three words that `push_frame` wrote, as the same types.
        unsafe {
            let link = header.cast::<*const u64>().read();
            let fp = header.add(1).cast::<*mut u64>().read();
            let instance = header.add(2).cast::<*mut InstanceHead>().read();
            Self::at(ip, FrameAt::Return, fp, link, instance)
        }
    }

    /// From the frame at `fp`, or, if that is the host's, from the one that is further out.
    ///
    /// # Safety
    /// There it is; and it has not returned.
    unsafe fn at(ip: *const u64, at: FrameAt, fp: *mut u64, link: *const u64, instance: *mut InstanceHead) -> Self {
        if ip == exit_cell() {
            // SAFETY: the host has no frame, but begins where its callee's does: below that is the word of the entry.
            return unsafe { Self::below(fp.sub(ENTRY_WORDS).cast::<*const u64>().read()) };
        }
        Self(Some(Frame { instance, address: ip.addr(), at, fp, link }))
    }

    /// The frame it is at; `None` when it has passed the outermost.
    pub fn frame(&self) -> Option<&Frame> {
        self.0.as_ref()
    }

    /// Goes on to the next frame further out.
    ///
    /// # Safety
    /// Nothing has run, and no execution was dropped, since the walk began. `header` is the slot of the header of the frame
    /// it is at, by its function's type: [`FrameLayout::header`](pirn_decode::layout::FrameLayout::header).
    pub unsafe fn leave(&mut self, header: usize) {
        if let Some(Frame { fp, link, .. }) = self.0 {
            // SAFETY: the frame has its header there (I7), and returns to `link`.
            *self = unsafe { Self::caller(fp.add(header), link) };
        }
    }
}
