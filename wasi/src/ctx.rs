//! The context of a guest: its view of the world.

use crate::Errno;
use crate::clock::{HostMonotonicClock, HostRandom, HostWallClock};
use crate::descriptor::{Descriptor, Descriptors};
use crate::wait::Wait;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Told of each call when it has ended: the function's name, and how long it took.
pub(crate) type Observer = dyn Fn(&'static str, Duration) + Send + Sync;

/// One guest's view of the world, made by [`WasiCtxBuilder::build_p1`](crate::WasiCtxBuilder::build_p1).
///
/// A clone has the same arguments, clocks and descriptors: it is for another thread of the same guest.
#[derive(Clone)]
pub struct WasiP1Ctx {
    pub(crate) shared: Arc<Shared>,
    /// Whether a call may wait by itself, on the thread that makes it.
    pub(crate) blocking: bool,
    /// When the call began that waits, by the guest's clocks.
    pub(crate) begun: Option<Begun>,
}

/// A point in time by both clocks, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    pub monotonic: u64,
    pub wall: u64,
}

/// What the threads of a guest have in common.
pub(crate) struct Shared {
    pub args: Vec<Vec<u8>>,
    /// `NAME=VALUE`.
    pub env: Vec<Vec<u8>>,
    pub wall_clock: Box<dyn HostWallClock>,
    pub monotonic_clock: Box<dyn HostMonotonicClock>,
    pub random: Mutex<Box<dyn HostRandom>>,
    /// How many bytes of it a call gives at most.
    pub max_random_size: u64,
    pub descriptors: Mutex<Descriptors>,
    /// How many entries of directories all of these keep at most.
    pub max_listed_entries: usize,
    /// What was given at the start, by number, and what that is called.
    pub initial: Vec<Weak<Descriptor>>,
    pub names: Vec<String>,
    pub observer: Option<Box<Observer>>,
}

impl fmt::Debug for WasiP1Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<_> = self.shared.args.iter().map(|arg| String::from_utf8_lossy(arg)).collect();
        f.debug_struct("WasiP1Ctx").field("args", &args).finish_non_exhaustive()
    }
}

impl Shared {
    /// The descriptors, which other threads do not have meanwhile.
    pub(crate) fn descriptors(&self) -> MutexGuard<'_, Descriptors> {
        // What a thread that panicked did to them was done.
        self.descriptors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WasiP1Ctx {
    /// The descriptors, which other threads do not have meanwhile.
    pub(crate) fn descriptors(&self) -> MutexGuard<'_, Descriptors> {
        self.shared.descriptors()
    }

    /// Room for one more descriptor.
    ///
    /// # Errors
    /// There are as many as there may be.
    pub(crate) fn room(&self) -> Result<Room, Errno> {
        self.descriptors().reserve()?;
        Ok(Room { context: Arc::clone(&self.shared), is_taken: false })
    }

    /// The descriptor `fd`.
    pub(crate) fn descriptor(&self, fd: u32) -> Result<Arc<Descriptor>, Errno> {
        self.descriptors().get(fd)
    }

    /// The time now, by both clocks.
    pub(crate) fn now(&self) -> Begun {
        Begun { monotonic: self.shared.monotonic_clock.now(), wall: self.shared.wall_clock.now().as_nanos() as u64 }
    }

    /// To be called by adapters before each call of a guest. `blocking` says whether the call may wait on this thread where a
    /// system call does; else it gives a [`Wait`].
    pub fn begin(&mut self, blocking: bool) {
        self.blocking = blocking;
        self.begun = None;
    }

    /// To be called by adapters when a call has ended after `time`.
    pub fn end(&self, name: &'static str, time: impl FnOnce() -> Duration) {
        if let Some(observer) = &self.shared.observer {
            observer(name, time());
        }
    }

    /// Whether [`end`](WasiP1Ctx::end) wants to know how long a call took.
    pub fn is_observed(&self) -> bool {
        self.shared.observer.is_some()
    }
}

/// Room for one more descriptor, which is had before anything is opened: whoever has it can keep what it opens.
pub(crate) struct Room {
    context: Arc<Shared>,
    is_taken: bool,
}

impl Room {
    /// Gives `descriptor` the lowest free number.
    pub(crate) fn take(mut self, descriptor: Descriptor) -> u32 {
        self.is_taken = true;
        self.context.descriptors().add(descriptor)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.is_taken {
            self.context.descriptors().release();
        }
    }
}

/// Why a call gives nothing, or not yet.
#[derive(Debug)]
pub(crate) enum Failure {
    Errno(Errno),
    Wait(Wait),
}

impl<E: Into<Errno>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Errno(error.into())
    }
}

/// What a call came to.
#[derive(Debug)]
pub enum Outcome {
    /// It has ended; the guest gets this.
    Done(Errno),
    /// It has to wait, and is to be made again, with the same arguments, when that is over.
    Wait(Wait),
}

impl From<Result<(), Failure>> for Outcome {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Done(Errno::SUCCESS),
            Err(Failure::Errno(errno)) => Self::Done(errno),
            Err(Failure::Wait(wait)) => Self::Wait(wait),
        }
    }
}
