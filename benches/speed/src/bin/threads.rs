//! What two threads cost each other: two stores that share nothing, on two threads.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin threads [FILTER...]
//! ```
//!
//! prints for each judging program whose name contains one of the filters (all, if there is none) the fastest of several
//! alternating runs: on one thread while the other waits, and on both at once, there the slower one's; and the ratio. Then the same
//! of two processes at once, which is what the machine makes of it: caches, memory and clock are shared there, too. It makes at least that of it, for
//! processes do not wait for each other, and the fastest run may be one that had the machine alone. The machine needs two idle
//! cores.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use pirn_suite::Runtime;
use pirn_suite::adapters::Pirn;
use pirn_suite::case::{self, Case, Role};
use pirn_suite::measure;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 8;

fn main() -> Result<()> {
    ensure!(thread::available_parallelism()?.get() >= 2, "two threads need two cores");
    let filters: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name] = &filters[..]
        && first == ALONE
    {
        return alone(name);
    }
    let named = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
    println!("{:<16} {:>9} {:>9} {:>9} {:>9} {:>9}", "program", "one ms", "both ms", "ratio", "processes", "ratio");
    let mut ratios = [Vec::new(), Vec::new()];
    for case in case::programs(|name, role| role == Role::Judge && named(name))? {
        let [one, both] = times(&case)?.map(|time| time.as_secs_f64() * 1e3);
        let processes = processes(&case)?.as_secs_f64() * 1e3;
        let [of_both, of_processes] = [both / one, processes / one];
        println!("{:<16} {one:>9.2} {both:>9.2} {of_both:>9.3} {processes:>9.2} {of_processes:>9.3}", case.name);
        ratios[0].push(of_both);
        ratios[1].push(of_processes);
    }
    if let [Some(of_both), Some(of_processes)] = ratios.map(measure::geomean) {
        println!("{:<16} {of_both:>29.3} {of_processes:>19.3}", "geomean");
    }
    Ok(())
}

/// What this program is started with to run one program and say how long that takes.
const ALONE: &str = "--alone";

/// Runs a program as often as [`times`] does, and prints the fastest time in nanoseconds.
fn alone(name: &str) -> Result<()> {
    let cases = case::programs(|other, _| other == name)?;
    let case = cases.first().with_context(|| format!("there is no program `{name}`"))?;
    let program = Pirn::eager().compile(&[("main", &case.wasm)])?;
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let (_, answer) = measure::run(&*program, case)?;
        best = begin.elapsed().min(best);
        case.check(&answer)?;
    }
    println!("{}", best.as_nanos());
    Ok(())
}

/// The fastest time of two processes at once: the slower one's.
fn processes(case: &Case) -> Result<Duration> {
    let start = || {
        let mut command = Command::new(std::env::current_exe()?);
        Ok::<_, anyhow::Error>(command.args([ALONE, &case.name]).stdout(Stdio::piped()).spawn()?)
    };
    let started = [start()?, start()?];
    let mut slower = Duration::ZERO;
    for process in started {
        let output = process.wait_with_output()?;
        ensure!(output.status.success(), "{} fails in a process of its own", case.name);
        slower = slower.max(Duration::from_nanos(String::from_utf8_lossy(&output.stdout).trim().parse()?));
    }
    Ok(slower)
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
