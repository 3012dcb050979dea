//! Clocks and random numbers, those of the system or others.

use std::time::{Duration, Instant, SystemTime};

/// The time of day.
pub trait HostWallClock: Send + Sync {
    /// How finely it tells the time.
    fn resolution(&self) -> Duration;

    /// The time since 1970.
    fn now(&self) -> Duration;
}

/// Time that only goes forward, from a beginning of its own.
pub trait HostMonotonicClock: Send + Sync {
    /// How finely it tells the time, in nanoseconds.
    fn resolution(&self) -> u64;

    /// The time since its beginning, in nanoseconds.
    fn now(&self) -> u64;

    /// Whether it goes as fast as the system's. If not, a guest that waits for it asks it again every few milliseconds.
    fn is_real(&self) -> bool {
        false
    }
}

/// Random numbers.
pub trait HostRandom: Send {
    /// Fills all of `buffer`.
    ///
    /// # Errors
    /// There are none, which becomes the guest's `io`.
    fn fill(&mut self, buffer: &mut [u8]) -> std::io::Result<()>;
}

/// The system's.
#[derive(Debug)]
pub(crate) struct WallClock;

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        // What the standard library keeps everywhere.
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

/// The system's, from when it was made.
#[derive(Debug)]
pub(crate) struct MonotonicClock(pub Instant);

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// The system's.
#[derive(Debug)]
pub(crate) struct SystemRandom;

impl HostRandom for SystemRandom {
    fn fill(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
        getrandom::fill(buffer).map_err(std::io::Error::other)
    }
}
