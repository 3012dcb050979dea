//! Measures pirn beside its peers and writes `BENCHMARKS.md`:
//!
//! ```text
//! cargo run --profile bench -p pirn-peers                    # quick: a quarter of an hour on two cores, once built
//! cargo run --profile bench -p pirn-peers -- full            # all programs, more rounds
//! cargo run --profile bench -p pirn-peers -- quick FILTER    # only cases whose group/name contains FILTER; prints, writes no page
//! cargo run --profile bench -p pirn-peers -- quick gc/,exceptions/              # or one of several filters
//! cargo run --profile bench -p pirn-peers -- quick FILTER --only pirn,wasmi     # only these runtimes
//! cargo run --profile bench -p pirn-peers -- write           # the page again, from the last run's results
//! ```

use anyhow::{Context, Result, bail};
use pirn_peers::plan::{self, Mode};
use pirn_peers::results::Results;
use pirn_peers::{child, report};
use pirn_suite::case;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["child", runtime, group, case] => child::serve(runtime, group, case),
        ["once", runtime, case, kept] => child::once(runtime, case, Path::new(kept)),
        [] | ["quick"] => measure(Mode::Quick, "", ""),
        ["quick", filter] => measure(Mode::Quick, filter, ""),
        ["quick", filter, "--only", only] => measure(Mode::Quick, filter, only),
        ["full"] => measure(Mode::Full, "", ""),
        ["full", filter] => measure(Mode::Full, filter, ""),
        ["full", filter, "--only", only] => measure(Mode::Full, filter, only),
        ["write"] => report::write(&serde_json::from_slice(&std::fs::read(kept()?)?)?, &root()?),
        _ => bail!("usage: report [quick | full] [FILTER [--only RUNTIME,...]] | report write"),
    }
}

/// The checkout.
fn root() -> Result<PathBuf> {
    Ok(case::directory().parent().context("`benches` lies in the checkout")?.into())
}

/// Where the results are kept: beside the binary.
fn kept() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("pirn-peers-results.json"))
}

fn measure(mode: Mode, filter: &str, only: &str) -> Result<()> {
    let only: Vec<&str> = only.split(',').filter(|name| !name.is_empty()).collect();
    let (begin, load) = (Instant::now(), load());
    let groups = plan::run(mode, filter, &only)?;
    let results = Results {
        date: output("date", &["-u", "+%Y-%m-%d"]),
        machine: machine(),
        load,
        version: version(),
        rustc: output("rustc", &["--version"]),
        mode: if mode == Mode::Quick { "quick" } else { "full" }.into(),
        seconds: begin.elapsed().as_secs(),
        groups,
    };
    if !filter.is_empty() || !only.is_empty() {
        for group in &results.groups {
            println!("{}", report::table(group));
        }
        return Ok(());
    }
    std::fs::write(kept()?, serde_json::to_vec_pretty(&results)?)?;
    report::write(&results, &root()?)?;
    eprintln!("wrote BENCHMARKS.md after {} s", results.seconds);
    Ok(())
}

/// What a program prints, or that nothing is known.
fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or_else(|_| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().into())
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The load average of the last minute.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().into()
}

/// pirn's version, and the commit where there is one.
fn version() -> String {
    let commit = output("git", &["describe", "--always", "--dirty"]);
    let commit = if commit.is_empty() { String::new() } else { format!(", commit {commit}") };
    format!("{}{commit}", env!("CARGO_PKG_VERSION"))
}
