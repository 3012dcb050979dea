//! The same groups by criterion, with its statistics; the page is written by the binary `report`, which is quicker and
//! takes turns.
//!
//! ```text
//! cargo bench -p pirn-peers --bench peers [FILTER]
//! ```
//!
//! Each runtime first does each case in a process of its own, so that one that fails, crashes, or gives another answer
//! than the others is left out, with a line that says so, instead of ending the run.

use anyhow::{Context, Result};
use criterion::{BenchmarkId, Criterion};
use pirn_peers::{child, plan, runtimes};
use pirn_suite::{Case, Role, case};
use std::time::Duration;

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let mut execute: Vec<String> = case::kernels()?.into_iter().map(|case| case.name).collect();
    execute.extend(case::programs(|_, role| role.is_scalar_program())?.into_iter().map(|case| case.name));
    let mut vectors: Vec<String> = case::vector_kernels()?.into_iter().map(|case| case.name).collect();
    vectors.extend(case::programs(|_, role| role.has_vectors())?.into_iter().map(|case| case.name));
    let names = |cases: Vec<Case>| cases.into_iter().map(|case| case.name).collect::<Vec<_>>();
    let loops = names(case::loops()?);
    let (gc, exceptions) = (names(case::gc_kernels()?), names(case::exception_kernels()?));
    let calls = case::CALLS.into_iter().chain([case::ENTRY]).map(str::to_owned).collect();
    let startup = case::programs(|_, role| role == Role::Startup)?.into_iter().map(|case| case.name).collect();
    for (group, cases) in [
        ("execute", execute),
        ("simd", vectors),
        ("loops", loops),
        ("gc", gc),
        ("exceptions", exceptions),
        ("calls", calls),
        ("startup", startup),
    ] {
        for case in cases {
            let able = plan::able(env!("CARGO_BIN_EXE_report"), group, &case)?;
            let mut benchmarks = criterion.benchmark_group(format!("{group}/{case}"));
            benchmarks
                .sample_size(10)
                .measurement_time(Duration::from_secs(3))
                .warm_up_time(Duration::from_millis(500));
            for (kind, able) in runtimes::ALL.iter().filter_map(|kind| Some((kind, able.get(kind.name)?))) {
                if let Err(why) = able {
                    println!("{group}/{case}/{}: left out: {why}", kind.name);
                    continue;
                }
                let (_, mut round) = child::prepare(kind.name, group, &case).context("it could before")?;
                benchmarks.bench_function(BenchmarkId::from_parameter(kind.name), |bencher| {
                    bencher.iter_custom(|iterations| {
                        (0..iterations).map(|_| round().expect("it could before").time).sum()
                    });
                });
            }
            benchmarks.finish();
        }
    }
    criterion.final_summary();
    Ok(())
}
