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
//! If a file is to be written, the walker over frames gives each sample's call stack as well. The sample counts for its innermost
//! function, so that the file and the table say the same.
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
//! | `stacks.rs` | call stacks, if a file is to be written |
//! | `graph.rs` | these files |

mod graph;
mod places;
mod report;
mod stacks;
mod table;

pub use graph::Output;

use crate::host::Host;
use pirn::{Module, PauseReason, Paused, Resumable, Store, Trap};
use pirn_decode::FuncIdx;
use report::Report;
use stacks::{Stacks, Tree};
use std::collections::HashMap;
use std::fs::File;
use std::time::{Duration, Instant};

/// How long a sample should take.
const INTERVAL: Duration = Duration::from_micros(20);

/// Least and greatest mean of fuel a sample.
const STEPS: (u64, u64) = (64, 1 << 20);

/// How much longer a sample should take than the walk over its stack.
const WALKS: u32 = 4;

/// What the samples that began at one cell add up to.
#[derive(Debug, Default, Clone, Copy)]
struct Sample {
    count: u64,
    fuel: u64,
    /// Without host functions.
    time: Duration,
}

/// A module whose functions are profiled.
#[derive(Debug)]
pub struct Profiled {
    /// Under which name others import from it; the program's has none.
    name: Option<String>,
    module: Module,
    /// What the module was made of.
    binary: Vec<u8>,
}

impl Profiled {
    /// What stands before the names of its functions.
    fn prefix(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!("{}!", name.escape_debug()))
    }
}

/// A function: the place of its module among those that are profiled, and which one of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId {
    module: usize,
    funcidx: FuncIdx,
}

/// Runs a program, and knows afterwards where it was.
#[derive(Debug)]
pub struct Sampler {
    /// The program's is the first.
    modules: Vec<Profiled>,
    /// By the cell's address.
    samples: HashMap<usize, Sample>,
    /// Fuel that the program may have, but did not get yet.
    reserve: u64,
    /// Fuel a sample in the mean.
    step: u64,
    /// State of the random numbers.
    random: u64,
    /// The stacks, if a file gets them.
    stacks: Option<Stacks>,
    /// The functions of one.
    funcs: Vec<FuncId>,
}

impl Sampler {
    /// For a program that is `module`, made of `binary`, and may consume so much fuel; whether call stacks are sampled.
    pub fn new(module: &Module, binary: Vec<u8>, fuel: u64, stacks: bool) -> Self {
        Self {
            modules: vec![Profiled { name: None, module: module.clone(), binary }],
            samples: HashMap::new(),
            reserve: fuel,
            step: STEPS.0,
            random: 0x9e37_79b9_7f4a_7c15,
            stacks: stacks.then(Stacks::new),
            funcs: Vec::new(),
        }
    }

    /// Profiles `module` too, made of `binary`, from which the program imports under `name`.
    pub fn add(&mut self, name: &str, module: &Module, binary: Vec<u8>) {
        self.modules.push(Profiled { name: Some(name.to_owned()), module: module.clone(), binary });
    }

    /// Does what `begin` begins, to its end.
    ///
    /// # Errors
    /// Those of `begin` and of what it calls; all fuel is consumed.
    pub fn run<R: 'static>(
        &mut self,
        store: &mut Store<Host>,
        begin: impl FnOnce(&mut Store<Host>) -> pirn::Result<Resumable<R>>,
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
    fn refuel(&mut self, store: &mut Store<Host>, required: u64) -> pirn::Result<()> {
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
    fn sample<R: 'static>(&mut self, store: &mut Store<Host>, paused: Paused<R>) -> pirn::Result<Resumable<R>> {
        let address = paused.address();
        let walk = Instant::now();
        let stack = self.stacks.as_mut().map(|stacks| {
            self.funcs.clear();
            let mut last = 0;
            paused.active_functions(&*store, |active, funcidx| {
                // Mostly of the module of the function before.
                let is_active = |profiled: &Profiled| Module::same(&profiled.module, active);
                let known = Some(last).filter(|&last| is_active(&self.modules[last]));
                if let Some(module) = known.or_else(|| self.modules.iter().position(is_active)) {
                    last = module;
                    self.funcs.push(FuncId { module, funcidx });
                }
            });
            stacks.intern(&self.funcs)
        });
        // The deeper stacks are, the fewer are looked at.
        let interval = INTERVAL.max(if stack.is_some() { walk.elapsed() * WALKS } else { Duration::ZERO });
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
        if let (Some(stacks), Some(stack)) = (&mut self.stacks, stack) {
            stacks.add(stack, time);
        }
        if time < interval / 2 {
            self.step = (self.step * 2).min(STEPS.1);
        } else if time > interval * 2 {
            self.step = (self.step / 2).max(STEPS.0);
        }
        Ok(outcome?)
    }

    /// Writes the stacks to a file.
    pub fn write(&self, store: &Store<Host>, output: &Output, file: File, program: &str) -> anyhow::Result<()> {
        let none = Stacks::new();
        let stacks = self.stacks.as_ref().unwrap_or(&none);
        output.write(file, &Tree::new(stacks, store.data().times().as_deref(), &self.modules)?, program)
    }

    /// The profile as text, with `top` functions; nothing if nothing was executed.
    pub fn report(&self, store: &Store<Host>, top: usize) -> String {
        if self.samples.is_empty() {
            return String::new();
        }
        match Report::new(&self.samples, store.data().times().as_deref(), &self.modules) {
            Ok(report) => table::show(&report, top),
            Err(error) => format!("no profile: {error:#}\n"),
        }
    }
}

fn host_time(store: &Store<Host>) -> Duration {
    store.data().times().map_or(Duration::ZERO, |times| times.total)
}
