//! What two threads cost each other: two stores that share nothing, on two threads.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin threads [FILTER...]
//! ```
//!
//! prints for each judging program whose name contains one of the filters (all, if there is none) the fastest of several
//! alternating runs: on one thread while the other waits, and on both at once, there the slower one's; and the ratio. The
//! machine needs two idle cores.

#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use pirn_suite::Runtime;
use pirn_suite::adapters::Pirn;
use pirn_suite::case::{self, Case, Role};
use pirn_suite::measure;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 8;

fn main() -> Result<()> {
    ensure!(thread::available_parallelism()?.get() >= 2, "two threads need two cores");
    let filters: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
    println!("{:<16} {:>11} {:>11} {:>9}", "program", "one ms", "both ms", "ratio");
    let mut ratios = Vec::new();
    for case in case::programs(|name, role| role == Role::Judge && named(name))? {
        let [one, both] = times(&case)?.map(|time| time.as_secs_f64() * 1e3);
        println!("{:<16} {one:>11.2} {both:>11.2} {:>9.3}", case.name, both / one);
        ratios.push(both / one);
    }
    if let Some(mean) = measure::geomean(ratios) {
        println!("{:<16} {mean:>33.3}", "geomean");
    }
    Ok(())
}

/// The fastest time of one thread alone, and of two at once.
fn times(case: &Case) -> Result<[Duration; 2]> {
    let turn = Barrier::new(2);
    let run = |is_first: bool| -> Result<[Duration; 2]> {
        let prepared = Pirn::eager().compile(&[("main", &case.wasm)]);
        let (mut best, mut failed) = ([Duration::MAX; 2], None);
        // Whoever fails keeps taking turns, for the other thread waits for it.
        let mut timed = |best: &mut Duration| {
            let result = prepared.as_ref().map_err(|error| anyhow::anyhow!("{error:#}")).and_then(|program| {
                let begin = Instant::now();
                let (_, answer) = measure::run(&**program, case)?;
                *best = begin.elapsed().min(*best);
                case.check(&answer)
            });
            failed = failed.take().or(result.err());
        };
        for _ in 0..ROUNDS {
            turn.wait();
            if is_first {
                timed(&mut best[0]);
            }
            turn.wait();
            timed(&mut best[1]);
        }
        failed.map_or(Ok(best), Err)
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| run(false));
        let ([one, both], [_, others]) = (run(true)?, other.join().expect("it does not panic")?);
        Ok([one, both.max(others)])
    })
}
