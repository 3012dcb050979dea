//! One program of many modules, kept apart and merged: what a hop from module to module costs, what an instance takes,
//! how long linking lasts.
//!
//! The scenario is that of the public indirection_bench project: a ring of 15 modules, around which one million hops go,
//! and beside it one of 300 functions. [`ring`] runs it as WebAssembly, [`models`] as that project's data structures do, which
//! follow an index from function to function and execute nothing. [`counts`] counts a hop's instructions, [`instances`] measures
//! memory, [`link_time`] linking.

use std::time::Duration;

pub mod counts;
pub mod heap;
pub mod instances;
pub mod link_time;
pub mod models;
pub mod ring;

/// Modules of the ring.
pub const MODULES: usize = 15;
/// Functions of the module beside it.
pub const JINX_MODULE_SIZE: usize = 300;
/// Hops.
pub const FUEL: u32 = 1_000_000;

/// The shortest of `runs` times that `task` takes: of this thread on a processor, so that a machine that does something
/// else besides disturbs less.
///
/// # Panics
/// The system has no such clock.
pub fn fastest(runs: usize, mut task: impl FnMut()) -> Duration {
    let times = (0..runs).map(|_| {
        let start = processor_time();
        task();
        processor_time() - start
    });
    times.min().unwrap_or_default()
}

fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time` only.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0, "no clock of the thread's time");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
