//! What wide arithmetic is worth: kernels over large numbers built with it beside the same built without, on pirn.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin wide
//! ```
//!
//! prints for each kernel the fastest of several alternating runs of both builds, and the ratio of the time with wide
//! arithmetic to the time without; and fails if one takes more than [`MOST`] of the time.

#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use pirn_suite::adapters::Pirn;
use pirn_suite::case;
use pirn_suite::measure::{self, Effort};
use std::time::Duration;

/// The ratio that no kernel may pass.
const MOST: f64 = 0.6;

fn main() -> Result<()> {
    println!("{:<16} {:>11} {:>11} {:>9}", "kernel", "wide ms", "without ms", "ratio");
    for (with, without) in &case::wide_kernels()? {
        let effort = Effort { rounds: 7, time: Duration::from_secs(4) };
        let [wide, narrow] = measure::compare_builds(&Pirn::eager(), [with, without], effort)?;
        let ratio = wide.as_secs_f64() / narrow.as_secs_f64();
        println!("{:<16} {:>11.2} {:>11.2} {ratio:>9.3}", with.name, millis(wide), millis(narrow));
        ensure!(ratio <= MOST, "{}: the ratio is {ratio:.3}, more than {MOST}", with.name);
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
