//! Waiting: on this thread, or, where the embedder calls asynchronously, on one thread for all guests.

use crate::descriptor::{Descriptor, Interest};
use crate::stream::retry;
use rustix::event::{PollFd, Timespec, poll};
use std::sync::Arc;
use std::time::Instant;

/// What a call waits for: descriptors, and a point in time.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Those that the system can wait for.
    pub(crate) descriptors: Vec<(Arc<Descriptor>, Interest)>,
    /// `None` if for ever.
    pub(crate) until: Option<Instant>,
}

/// The longest time one wait takes: what waits longer waits again. Every system takes it.
const MOST_SECONDS: u64 = 1 << 20;

/// The time until then.
pub(crate) fn time_until(until: Option<Instant>) -> Option<Timespec> {
    let left = until?.saturating_duration_since(Instant::now());
    let seconds = left.as_secs().min(MOST_SECONDS) as i64;
    Some(Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos() as _ })
}

impl Wait {
    /// For one descriptor.
    pub(crate) fn one(descriptor: &Arc<Descriptor>, interest: Interest) -> Self {
        Self { descriptors: vec![(Arc::clone(descriptor), interest)], until: None }
    }

    /// What the system is asked.
    pub(crate) fn poll_fds(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.descriptors
            .iter()
            .filter_map(|(descriptor, interest)| Some(PollFd::from_borrowed_fd(descriptor.as_fd()?, interest.flags())))
    }

    /// Waits on this thread.
    pub fn block(&self) {
        let mut fds: Vec<_> = self.poll_fds().collect();
        if let ([], Some(until)) = (&fds[..], self.until) {
            // Sleeps more exactly than polling nothing does.
            return std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        // What cannot be waited for is found out by the call when it is made again.
        let _ = retry(|| poll(&mut fds, time_until(self.until).as_ref()));
    }
}
