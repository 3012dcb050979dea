//! Who polls the async call that runs in a store.

use std::ptr::NonNull;
use std::task::Context;

/// A poll of an async call, while it lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polled {
    context: NonNull<Context<'static>>,
    /// How many entries from the host there are while the call runs: an async host function that finds another number was
    /// called by something further in.
    depth: u32,
}

// SAFETY: it is made for the time of a poll, and followed by the thread that polls; between polls a store has none.
unsafe impl Send for Polled {}
// SAFETY: as above; who shares it compares the depth.
unsafe impl Sync for Polled {}

impl Polled {
    /// The poll of a call that is entered at this depth.
    pub(crate) fn new(context: &mut Context<'_>, depth: u32) -> Self {
        Self { context: NonNull::from(context).cast(), depth }
    }

    /// Whether what runs at this depth is the call that is polled, and not something that it called.
    pub(crate) fn is_at(&self, depth: u32) -> bool {
        self.depth == depth
    }

    /// The context of the poll.
    pub(crate) fn context(&self) -> NonNull<Context<'static>> {
        self.context
    }
}
