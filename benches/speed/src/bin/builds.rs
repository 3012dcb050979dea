//! Programs that were built twice, on pirn: what vectors are worth, and what 64-bit addresses cost.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin builds vectors|wide [FILTER...]
//! ```
//!
//! prints for each pair whose name contains one of the filters (all, if there is none) the fastest of several alternating
//! runs of both builds, and the ratio of the time with vectors, or with 64-bit addresses, to the time without; then the
//! geometric means of the ratios, of the programs that judge and of those that may train. With `--features simd -- --wasmi`, on
//! wasmi in place of pirn.

#![forbid(unsafe_code)]

use anyhow::{Result, bail};
use pirn_suite::Runtime;
use pirn_suite::adapters::{Pirn, Wasmi};
use pirn_suite::case::{self, Role};
use pirn_suite::measure::{self, Effort};
use std::time::Duration;

fn main() -> Result<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let on_wasmi = args.iter().any(|arg| arg == "--wasmi");
    args.retain(|arg| !arg.starts_with('-'));
    let chosen: fn(Role) -> bool = match args.first().map(String::as_str) {
        Some("vectors") => Role::has_vectors,
        Some("wide") => Role::is_wide,
        _ => bail!("builds vectors|wide [FILTER...] [--wasmi]"),
    };
    let filters = &args[1..];
    let named = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
    let pairs = case::pairs(|name, role| chosen(role) && named(name))?;
    let runtime: Box<dyn Runtime> = if on_wasmi { Box::new(Wasmi::eager()) } else { Box::new(Pirn::eager()) };
    println!("{:<16} {:<6} {:>11} {:>11} {:>9}", "program", "role", "with ms", "without ms", "ratio");
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
        let is_judge = matches!(with.role, Role::JudgeSimd | Role::Judge64);
        let (role, ratios) = if is_judge { ("judge", &mut judges) } else { ("train", &mut trainers) };
        println!("{:<16} {role:<6} {:>11.2} {:>11.2} {ratio:>9.3}", with.name, times[0], times[1]);
        ratios.push(ratio);
    }
    for (role, ratios) in [("judge", judges), ("train", trainers)] {
        if let Some(mean) = measure::geomean(ratios) {
            println!("{:<16} {role:<6} {:>33.3}", "geomean", mean);
        }
    }
    if failed {
        bail!("not every program ran, or not with the right output");
    }
    Ok(())
}
