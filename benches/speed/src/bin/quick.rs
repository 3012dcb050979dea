//! pirn against wasmi in half a minute, to be run after every change:
//!
//! ```text
//! cargo run --release -p pirn-speed --bin quick [FILTER...]
//! ```
//!
//! prints for each case whose name contains one of the filters (all, if there is none) the fastest of several alternating
//! runs, and the ratio of the two.

#![forbid(unsafe_code)]

use anyhow::Result;
use pirn_suite::adapters::{Pirn, Wasmi};
use pirn_suite::measure::Effort;
use pirn_suite::{Runtime, case};
use std::time::Duration;

fn main() -> Result<()> {
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut cases = pirn_speed::cases()?;
    // The small loops, thirty of them, only for those who ask.
    if filters.iter().any(|filter| filter.starts_with("loops")) {
        cases.extend(case::loops()?);
    }
    cases.retain(|case| filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter)));
    let runtimes: [Box<dyn Runtime>; 2] = [Box::new(Pirn::eager()), Box::new(Wasmi::eager())];
    pirn_speed::table(&runtimes, &cases, Effort { rounds: 5, time: Duration::from_secs(2) })
}
