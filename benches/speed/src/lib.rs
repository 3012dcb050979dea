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

/// Measures the `runtimes`, in turns, and prints a line a case, with the ratio of each to the last one, and the geometric
/// means of the ratios.
///
/// # Errors
/// One of them could not run a case, or gave another answer.
pub fn table<const N: usize>(runtimes: &[Box<dyn Runtime>; N], cases: &[Case], effort: Effort) -> Result<()> {
    let others = N - 1;
    let mut head = format!("{:<12}", "case");
    runtimes.iter().for_each(|runtime| head += &format!(" {:>12}", format!("{} ms", runtime.name())));
    runtimes[..others].iter().for_each(|runtime| head += &format!(" {:>9}", runtime.name()));
    println!("{head}");
    let mut ratios = vec![Vec::new(); others];
    let mut failed = false;
    for case in cases {
        let outcomes = measure::compare(runtimes, case, effort);
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            eprintln!("{error:#}");
            failed = true;
        }
        let Ok(times) = outcomes.into_iter().collect::<Result<Vec<_>>>() else { continue };
        let mut line = format!("{:<12}", case.name);
        times.iter().for_each(|&time| line += &format!(" {:>12.2}", millis(time)));
        for (time, ratios) in times.iter().zip(&mut ratios) {
            let ratio = time.as_secs_f64() / times[others].as_secs_f64();
            line += &format!(" {ratio:>9.3}");
            ratios.push(ratio);
        }
        println!("{line}");
    }
    let means = ratios.into_iter().filter_map(measure::geomean).map(|mean| format!(" {mean:>9.3}"));
    println!("{:<12}{}{}", "geomean", " ".repeat(13 * N), means.collect::<String>());
    if failed {
        bail!("not every case ran, or not with the same answer");
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
