//! The small comparison with wasmi, by criterion, and then the table of the ratios:
//!
//! ```text
//! cargo bench -p pirn-speed --bench speed
//! ```

use anyhow::Result;
use criterion::{BenchmarkId, Criterion};
use pirn_suite::Runtime;
use pirn_suite::adapters::{Pirn, Wasmi};
use pirn_suite::measure::{self, Effort};
use std::time::Duration;

fn main() -> Result<()> {
    let runtimes: [Box<dyn Runtime>; 2] = [Box::new(Pirn::eager()), Box::new(Wasmi::eager())];
    let cases = pirn_speed::cases()?;
    let mut criterion = Criterion::default().configure_from_args();
    for case in &cases {
        // Answers first: what is wrong is not timed.
        for outcome in measure::compare(&runtimes, case, Effort { rounds: 0, time: Duration::ZERO }) {
            outcome?;
        }
        let mut group = criterion.benchmark_group(&case.name);
        group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
        for runtime in &runtimes {
            let program = runtime.compile(&[("main", &case.wasm)])?;
            group.bench_function(BenchmarkId::from_parameter(runtime.name()), |bencher| {
                bencher.iter_custom(|iterations| {
                    (0..iterations).map(|_| measure::run(&*program, case).expect("it ran before").0).sum()
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
    if !std::env::args().any(|arg| arg == "--list" || arg == "--test") {
        pirn_speed::table(&runtimes, &cases, Effort { rounds: 10, time: Duration::from_secs(4) })?;
    }
    Ok(())
}
