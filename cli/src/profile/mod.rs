//! `pirn run --profile`: where a program's time goes, by function and loop.
//!
//! Nothing in the machine measures anything. The program runs metered, by calls that get a little fuel at a time: out of
//! fuel, a call pauses in front of a cell that pays for a function's body or for an iteration of a loop, and that cell's
//! place gets what is consumed until the next pause, and the time until then. Whether a cell is paused at depends on what
//! it costs and on random numbers, so fuel is sampled without bias.
//!
//! Time is not: a sample takes some 20 us, and of the places that take turns within one, each gets time as it pays. They
//! pay for arms not taken, too, so the loop around a large `br_table` looks longer than it is, and what it calls shorter.
//!
//! Builds with the feature `profile` have an answer without that error: there the portable loop counts each cell's
//! dispatches, and samples, whose time would be that of counting, are not shown.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | sampling |
//! | `places.rs` | from addresses of cells to functions and loops |
//! | `report.rs` | adding up |
//! | `table.rs` | the text |

mod places;
mod report;
mod table;

use crate::wasi::Wasi;
use pirn::{Module, PauseReason, Paused, Resumable, Store, Trap};
use report::Report;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a sample should take.
const INTERVAL: Duration = Duration::from_micros(20);

/// Least and greatest mean of fuel a sample.
const STEPS: (u64, u64) = (64, 1 << 20);

/// What the samples that began at one cell add up to.
#[derive(Debug, Default, Clone, Copy)]
struct Sample {
    count: u64,
    fuel: u64,
    /// Without host functions.
    time: Duration,
}

/// Runs a program, and knows afterwards where it was.
#[derive(Debug)]
pub struct Sampler {
    module: Module,
    /// What the module was made of.
    binary: Vec<u8>,
    /// By the cell's address.
    samples: HashMap<usize, Sample>,
    /// Fuel that the program may have, but did not get yet.
    reserve: u64,
    /// Fuel a sample in the mean.
    step: u64,
    /// State of the random numbers.
    random: u64,
}

impl Sampler {
    /// For a program that is `module`, made of `binary`, and may consume so much fuel.
    pub fn new(module: &Module, binary: Vec<u8>, fuel: u64) -> Self {
        Self {
            module: module.clone(),
            binary,
            samples: HashMap::new(),
            reserve: fuel,
            step: STEPS.0,
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// Does what `begin` begins, to its end.
    ///
    /// # Errors
    /// Those of `begin` and of what it calls; all fuel is consumed.
    pub fn run<R: 'static>(
        &mut self,
        store: &mut Store<Wasi>,
        begin: impl FnOnce(&mut Store<Wasi>) -> pirn::Result<Resumable<R>>,
    ) -> pirn::Result<R> {
        // Without any, it pauses before it has done anything.
        self.reserve += store.get_fuel()?;
        store.set_fuel(0)?;
        let mut call = begin(store)?;
        loop {
            let paused = match call {
                Resumable::Finished(results) => return Ok(results),
                Resumable::Paused(paused) => paused,
            };
            let PauseReason::OutOfFuel { required } = paused.reason() else { unreachable!("no host function yields") };
            self.refuel(store, required)?;
            call = self.sample(store, paused)?;
        }
    }

    /// Gives the program some fuel.
    fn refuel(&mut self, store: &mut Store<Wasi>, required: u64) -> pirn::Result<()> {
        if store.get_fuel()?.saturating_add(self.reserve) < required {
            return Err(Trap::OutOfFuel.into());
        }
        // Xorshift (Marsaglia): any will do that is in no step with the program's loops.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let fuel = (self.step / 2 + self.random % self.step).min(self.reserve);
        self.reserve -= fuel;
        store.add_fuel(fuel)
    }

    /// Goes on until the next pause.
    fn sample<R: 'static>(&mut self, store: &mut Store<Wasi>, paused: Paused<R>) -> pirn::Result<Resumable<R>> {
        let address = paused.address();
        let (fuel, host) = (store.get_fuel()?, host_time(store));
        let start = Instant::now();
        let outcome = paused.resume(&mut *store, &[]);
        let elapsed = start.elapsed();
        let fuel = fuel - store.get_fuel()?;
        let time = elapsed.saturating_sub(host_time(store) - host);
        let sample = self.samples.entry(address).or_default();
        sample.count += 1;
        sample.fuel += fuel;
        sample.time += time;
        if time < INTERVAL / 2 {
            self.step = (self.step * 2).min(STEPS.1);
        } else if time > INTERVAL * 2 {
            self.step = (self.step / 2).max(STEPS.0);
        }
        Ok(outcome?)
    }

    /// The profile as text, with `top` functions; nothing if nothing was executed.
    pub fn report(&self, store: &Store<Wasi>, top: usize) -> String {
        if self.samples.is_empty() {
            return String::new();
        }
        match Report::new(&self.samples, store.data().times.as_ref(), &self.module, &self.binary) {
            Ok(report) => table::show(&report, top),
            Err(error) => format!("no profile: {error:#}\n"),
        }
    }
}

fn host_time(store: &Store<Wasi>) -> Duration {
    store.data().times.as_ref().map_or(Duration::ZERO, |times| times.total)
}
