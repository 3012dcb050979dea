//! What samples and counts add up to, by function and loop.

use super::places::{Place, Places};
use super::{FuncId, Profiled, Sample};
use crate::times::{Calls, Times};
use anyhow::{Context, Result};
use pirn_decode::body::Loop;
use std::collections::HashMap;
use std::ops::AddAssign;
use std::time::Duration;

/// What something cost: as far as it was sampled, or counted.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cost {
    /// Sampled.
    pub time: Duration,
    /// Sampled.
    pub fuel: u64,
    /// Counted.
    pub operators: u64,
    /// Counted.
    pub dispatches: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.fuel += other.fuel;
        self.operators += other.operators;
        self.dispatches += other.dispatches;
    }
}

/// One function, with its loops, without what it calls.
#[derive(Debug)]
pub struct Func {
    pub id: FuncId,
    /// What stands before its name: see `Profiled::prefix`.
    pub prefix: String,
    pub name: Option<String>,
    pub cost: Cost,
    /// The loops with what they cost, loops in them included.
    pub loops: Vec<(Loop, Cost)>,
}

/// Everything that is known.
#[derive(Debug)]
pub struct Report {
    /// How many samples there are.
    pub samples: u64,
    /// How long the program took, without host functions.
    pub time: Duration,
    /// Those that were executed, in order.
    pub funcs: Vec<Func>,
    /// Host functions by name, in order.
    pub hosts: Vec<(&'static str, Calls)>,
    /// Dispatches of cells that are no function's: those that enter the host, or return to it.
    pub elsewhere: u64,
}

impl Report {
    /// Adds up.
    pub fn new(samples: &HashMap<usize, Sample>, times: Option<&Times>, modules: &[Profiled]) -> Result<Self> {
        let parse = |profiled: &Profiled| pirn_decode::Module::new(&profiled.binary[..]);
        let parsed = modules.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let mut places = Places::new(modules, &parsed);
        let mut costs = Costs::new();
        let mut elsewhere = 0;
        if COUNTS {
            elsewhere = count(&mut costs, &mut places)?;
        } else {
            sample(&mut costs, &mut places, samples)?;
        }
        let names: Vec<_> = parsed.iter().map(pirn_decode::dump::names).collect();
        let funcs = costs.into_iter().map(|(id, costs)| {
            let (cost, loops) = include(places.loops(id), &costs);
            let name = names[id.module].get(&id.funcidx).map(|name| pirn::Demangled(name).to_string());
            Func { id, prefix: modules[id.module].prefix(), name, cost, loops }
        });
        let mut funcs: Vec<Func> = funcs.collect();
        funcs.sort_by_key(|func| func.id);
        let mut hosts: Vec<_> =
            times.into_iter().flat_map(|times| &times.calls).map(|(&name, &calls)| (name, calls)).collect();
        hosts.sort_by_key(|&(name, _)| name);
        let time = samples.values().map(|sample| sample.time).sum();
        Ok(Self { samples: samples.values().map(|sample| sample.count).sum(), time, funcs, hosts, elsewhere })
    }

    /// What all functions of the modules cost.
    pub fn total(&self) -> Cost {
        let mut total = Cost { dispatches: self.elsewhere, ..Cost::default() };
        self.funcs.iter().for_each(|func| total += func.cost);
        total
    }

    /// How long host functions took.
    pub fn host_time(&self) -> Duration {
        self.hosts.iter().map(|(_, calls)| calls.time).sum()
    }
}

/// By function, then by innermost loop.
type Costs = HashMap<FuncId, HashMap<Option<usize>, Cost>>;

fn add(costs: &mut Costs, place: Place, cost: Cost) {
    *costs.entry(place.func).or_default().entry(place.innermost).or_default() += cost;
}

/// Adds up what was sampled.
fn sample(costs: &mut Costs, places: &mut Places<'_>, samples: &HashMap<usize, Sample>) -> Result<()> {
    for (&address, &Sample { fuel, time, .. }) in samples {
        let place = places.get(address)?.context("a call was out of fuel at no cell of a function")?;
        add(costs, place, Cost { time, fuel, ..Cost::default() });
    }
    Ok(())
}

/// Adds up what was counted, and gives the dispatches elsewhere.
fn count(costs: &mut Costs, places: &mut Places<'_>) -> Result<u64> {
    let mut elsewhere = 0;
    for (address, dispatches) in dispatches() {
        match places.get(address)? {
            Some(place) if place.pays => {}
            Some(place) => {
                let operators = dispatches * place.operators;
                add(costs, place, Cost { dispatches, operators, ..Cost::default() });
            }
            None => elsewhere += dispatches,
        }
    }
    Ok(elsewhere)
}

/// What the function and its loops cost, with what is in them.
fn include(loops: &[Loop], costs: &HashMap<Option<usize>, Cost>) -> (Cost, Vec<(Loop, Cost)>) {
    let own = |place| costs.get(&place).copied().unwrap_or_default();
    let mut whole = own(None);
    let mut loops: Vec<_> = loops.iter().enumerate().map(|(i, &one)| (one, own(Some(i)))).collect();
    // A loop begins before those in it.
    for i in (0..loops.len()).rev() {
        let (one, cost) = loops[i];
        match one.parent {
            Some(parent) => loops[parent].1 += cost,
            None => whole += cost,
        }
    }
    (whole, loops)
}

/// Whether this build counts dispatches.
pub const COUNTS: bool = cfg!(feature = "profile");

/// How often each cell was dispatched, by its address.
fn dispatches() -> Vec<(usize, u64)> {
    #[cfg(feature = "profile")]
    return pirn_exec::profile::cells();
    #[cfg(not(feature = "profile"))]
    Vec::new()
}
