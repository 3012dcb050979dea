//! The cases of the small comparison with wasmi, and its table.

#![forbid(unsafe_code)]

use anyhow::{Result, bail};
use pirn_suite::measure::{self, Effort};
use pirn_suite::{Case, Runtime, case};
use std::time::Duration;

/// The kernels and CoreMark.
///
/// # Errors
/// The checkout is incomplete.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = case::kernels()?;
    cases.extend(case::programs(|name, _| name == "coremark")?);
    Ok(cases)
}

/// Measures the two `runtimes` and prints a line a case, with the ratio of the first to the second, and the geometric
/// mean of the ratios.
///
/// # Errors
/// One of them could not run a case, or gave another answer.
pub fn table(runtimes: &[Box<dyn Runtime>; 2], cases: &[Case], effort: Effort) -> Result<()> {
    let [first, second] = runtimes.each_ref().map(|runtime| runtime.name());
    println!("{:<12} {:>10} {:>10} {:>7}", "case", format!("{first} ms"), format!("{second} ms"), "ratio");
    let mut ratios = Vec::new();
    let mut failed = false;
    for case in cases {
        let outcomes = measure::compare(runtimes, case, effort);
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            eprintln!("{error:#}");
            failed = true;
        }
        if let [Ok(first), Ok(second)] = outcomes[..] {
            let ratio = first.as_secs_f64() / second.as_secs_f64();
            println!("{:<12} {:>10.2} {:>10.2} {ratio:>7.3}", case.name, millis(first), millis(second));
            ratios.push(ratio);
        }
    }
    if let Some(mean) = measure::geomean(ratios) {
        println!("{:<12} {:>10} {:>10} {mean:>7.3}", "geomean", "", "");
    }
    if failed {
        bail!("not every case ran, or not with the same answer");
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
