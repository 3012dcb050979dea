//! What metering costs: pirn that consumes fuel against pirn that does not; and what it takes to pause and to go on.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin fuel [FILTER...]
//! ```
//!
//! prints for each case whose name contains one of the filters (all, if there is none) the fastest of several alternating
//! runs, and the ratio of the two; and then, in nanoseconds, a call, a call that could pause, and a pause.

#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use pirn::{Config, Engine, Instance, Module, Resumable, Store};
use pirn_suite::Runtime;
use pirn_suite::adapters::Pirn;
use pirn_suite::measure::Effort;
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut cases = pirn_speed::cases()?;
    cases.retain(|case| filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter)));
    let runtimes: [Box<dyn Runtime>; 2] = [Box::new(Pirn::metered()), Box::new(Pirn::eager())];
    pirn_speed::table(&runtimes, &cases, Effort { rounds: 15, time: Duration::from_secs(4) })?;
    pauses()
}

/// Nanoseconds that one of `count` takes, in the fastest of several rounds.
fn each(count: u32, mut round: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let begin = Instant::now();
        round()?;
        best = best.min(begin.elapsed().as_nanos() as f64 / f64::from(count));
    }
    Ok(best)
}

fn pauses() -> Result<()> {
    const COUNT: i32 = 10_000;
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    // An iteration costs 5, a call 6.
    let module = Module::new(
        &engine,
        r#"(module (func (export "count") (param i32) (result i32)
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 0)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let count = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i32>(&store, "count")?;
    store.set_fuel(u64::MAX)?;
    let call = each(COUNT as u32, || {
        for _ in 0..COUNT {
            count.call(&mut store, 1)?;
        }
        Ok(())
    })?;
    let resumable = each(COUNT as u32, || {
        for _ in 0..COUNT {
            ensure!(count.call_resumable(&mut store, 1)?.finished() == Some(0));
        }
        Ok(())
    })?;
    let pause = each(COUNT as u32, || {
        store.set_fuel(1)?;
        let (mut call, mut pauses) = (count.call_resumable(&mut store, COUNT)?, 0);
        while let Resumable::Paused(paused) = call {
            pauses += 1;
            store.set_fuel(5)?;
            call = paused.resume(&mut store, &[])?;
        }
        ensure!(pauses == COUNT);
        Ok(())
    })?;
    println!("\ncall {call:.1} ns, resumable call {resumable:.1} ns, pause and resume {pause:.1} ns");
    Ok(())
}
