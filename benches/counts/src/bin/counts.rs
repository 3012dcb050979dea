//! Prints instruction counts, and compares them with those kept in the repository:
//!
//! ```text
//! cargo run --release -p pirn-counts             # the table
//! cargo run --release -p pirn-counts -- calls    # only what calls cost, pirn and wasmi
//! cargo run --release -p pirn-counts -- --check  # fails if something grew by more than the limit
//! cargo run --release -p pirn-counts -- --update # writes benches/counts/numbers.txt and the README's table anew
//! ```
//!
//! valgrind must be installed.

use anyhow::{Context, Result, bail};
use pirn_counts::{Counter, Task};
use pirn_suite::case;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

/// A count may grow by so many percent before `--check` fails. Decoding varies a little by the seeds of hash maps.
const LIMIT_PERCENT: f64 = 2.0;

/// Kernels at a size that callgrind runs through in a moment, and modules to decode.
const TASKS: [Task<'_>; 10] = [
    Task::Kernel("fib", 15),
    Task::Kernel("dot", 4),
    Task::Kernel("crc", 2_000),
    Task::Kernel("sieve", 20_000),
    Task::Kernel("quicksort", 2_000),
    Task::Kernel("matmul", 24),
    Task::Kernel("watches", 20),
    Task::Decode("coremark"),
    Task::Decode("fib"),
    Task::Decode("quicksort"),
];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        // What runs under valgrind.
        ["measure", runtime, kind, name, n] => {
            pirn_counts::perform(&*pirn_counts::runtime(runtime)?, Task::parse(kind, name, n)?)
        }
        ["calls"] => print_calls(&counter()?),
        [] => {
            let counter = counter()?;
            print_calls(&counter)?;
            println!();
            counts(&counter).map(|counts| print!("{}", show(&counts)))
        }
        ["--check"] => check(&counts(&counter()?)?),
        ["--update"] => update(&counter()?),
        _ => bail!("usage: counts [calls | --check | --update]"),
    }
}

fn counter() -> Result<Counter> {
    if !pirn_counts::valgrind() {
        bail!("valgrind is missing");
    }
    Counter::new(std::env::current_exe()?)
}

fn print_calls(counter: &Counter) -> Result<()> {
    println!("instructions of one call and return of `x + 1`, the loop subtracted");
    println!("{:<12} {:>8} {:>8}", "call", "pirn", "wasmi");
    for export in &case::CALLS[1..] {
        let show = |runtime| counter.call(runtime, export).map_or_else(|error| error.to_string(), |n| n.to_string());
        println!("{export:<12} {:>8} {:>8}", show("pirn"), show("wasmi"));
    }
    Ok(())
}

/// Writes what is kept anew: the numbers, and the README's table of what calls cost.
fn update(counter: &Counter) -> Result<()> {
    std::fs::write(numbers(), format!("# {}\n{}", rustc(), show(&counts(counter)?)))?;
    let mut table = String::from("| instructions (callgrind) | pirn | wasmi |\n|---|--:|--:|\n");
    for (export, name) in [
        ("local", "local"),
        ("imported", "imported from another instance"),
        ("indirect", "`call_indirect`"),
        ("host", "host function"),
    ] {
        let (pirn, wasmi) = (counter.call("pirn", export)?, counter.call("wasmi", export)?);
        writeln!(table, "| {name} | {pirn} | {wasmi} |")?;
    }
    table.push_str("\nCounted by `cargo run --release -p pirn-counts`, and the same on every run.");
    let root = case::directory().join("..");
    pirn_suite::page::replace(&root.join("README.md"), "counts", &table)
}

type Counts = BTreeMap<String, u64>;

/// All of pirn's counts, by name.
fn counts(counter: &Counter) -> Result<Counts> {
    let mut counts = Counts::new();
    for export in &case::CALLS[1..] {
        counts.insert(format!("call {export}"), counter.call("pirn", export)?);
    }
    for task in TASKS {
        let name = match task {
            Task::Call(name, n) => format!("loop {name} {n}"),
            Task::Kernel(name, n) => format!("kernel {name} {n}"),
            Task::Decode(name) => format!("decode {name}"),
        };
        counts.insert(name, counter.count("pirn", task)?);
    }
    Ok(counts)
}

fn show(counts: &Counts) -> String {
    counts.iter().fold(String::new(), |mut text, (name, count)| {
        let _ = writeln!(text, "{name}: {count}");
        text
    })
}

/// Where the counts are kept.
fn numbers() -> PathBuf {
    case::directory().join("counts/numbers.txt")
}

fn check(counts: &Counts) -> Result<()> {
    let kept = std::fs::read_to_string(numbers()).context("there are no numbers to compare with; try --update")?;
    let mut grown = 0;
    let (comments, lines): (Vec<&str>, Vec<&str>) = kept.lines().partition(|line| line.starts_with('#'));
    for line in lines {
        let (name, old) = line.rsplit_once(": ").context("each line is a name and a number")?;
        let old: f64 = old.parse()?;
        let Some(&new) = counts.get(name) else { bail!("`{name}` is not counted any more; try --update") };
        let percent = (new as f64 / old - 1.0) * 100.0;
        let verdict = if percent > LIMIT_PERCENT { "grew" } else { "" };
        grown += usize::from(!verdict.is_empty());
        println!("{name:<24} {old:>12} {new:>12} {percent:>+7.2} % {verdict}");
    }
    if grown > 0 {
        bail!(
            "{grown} counts grew by more than {LIMIT_PERCENT} % over those of `{}`, and this is `# {}`; if that is meant, run \
             with --update",
            comments.join(" "),
            rustc()
        );
    }
    Ok(())
}

/// The compiler, which has a say in the counts.
fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(|_| "rustc".into(), |output| String::from_utf8_lossy(&output.stdout).trim().into())
}
