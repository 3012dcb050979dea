//! What vectors are worth: programs built with them beside the same programs built without, on pirn.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin vectors [FILTER...]
//! ```
//!
//! prints for each pair whose name contains one of the filters (all, if there is none) the fastest of several alternating
//! runs of both builds, and the ratio of the time with vectors to the time without; then the geometric means of the ratios,
//! of the programs that judge and of those that may train. With `--features simd -- --wasmi`, on wasmi in place of pirn.

#![forbid(unsafe_code)]

use anyhow::{Result, bail};
use pirn_suite::Runtime;
use pirn_suite::adapters::{Pirn, Wasmi};
use pirn_suite::case::{self, Role};
use pirn_suite::measure::{self, Effort};
use std::time::Duration;

fn main() -> Result<()> {
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let pairs = case::pairs(|name, _| filters.is_empty() || filters.iter().any(|filter| name.contains(filter)))?;
    let runtime: Box<dyn Runtime> =
        if std::env::args().any(|arg| arg == "--wasmi") { Box::new(Wasmi::eager()) } else { Box::new(Pirn::eager()) };
    println!("{:<16} {:<11} {:>11} {:>11} {:>9}", "program", "role", "vectors ms", "without ms", "ratio");
    let (mut judges, mut trainers, mut failed) = (Vec::new(), Vec::new(), false);
    for (with, without) in &pairs {
        let effort = Effort { rounds: 5, time: Duration::from_secs(4) };
        let times = match measure::compare_builds(&*runtime, [with, without], effort) {
            Ok(times) => times.map(|time| time.as_secs_f64() * 1e3),
            Err(error) => {
                eprintln!("{error:#}");
                failed = true;
                continue;
            }
        };
        let ratio = times[0] / times[1];
        let (role, ratios) =
            if with.role == Role::JudgeSimd { ("judge-simd", &mut judges) } else { ("train-simd", &mut trainers) };
        println!("{:<16} {role:<11} {:>11.2} {:>11.2} {ratio:>9.3}", with.name, times[0], times[1]);
        ratios.push(ratio);
    }
    for (role, ratios) in [("judge-simd", judges), ("train-simd", trainers)] {
        if let Some(mean) = measure::geomean(ratios) {
            println!("{:<16} {role:<11} {:>33.3}", "geomean", mean);
        }
    }
    if failed {
        bail!("not every program ran, or not with the right output");
    }
    Ok(())
}
