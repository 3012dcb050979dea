//! The page: the machine, the versions, the commands, a table a group, and the pictures.

use crate::chart::{self, Bar, Colour};
use crate::child::CALLS;
use crate::results::{Cell, Group, Results};
use crate::runtimes::{self, Kind};
use anyhow::Result;
use std::fmt::Write;
use std::path::Path;

/// What everything is compared with.
const BASE: &str = "pirn";

/// Writes `BENCHMARKS.md` below `root` and its pictures below `root/benches/pictures`.
///
/// # Errors
/// Of writing.
pub fn write(results: &Results, root: &Path) -> Result<()> {
    let pictures = root.join("benches/pictures");
    std::fs::create_dir_all(&pictures)?;
    let mut page = head(results)?;
    for group in &results.groups {
        let name = group.name.replace(' ', "-");
        let _ = write!(page, "\n## {}\n\n{}\n\n", title(&group.name), about(&group.name));
        if let Some(svg) = picture(group) {
            std::fs::write(pictures.join(format!("{name}.svg")), svg)?;
            let _ = write!(page, "![{}](benches/pictures/{name}.svg)\n\n", title(&group.name));
        }
        page.push_str(&table(group));
    }
    std::fs::write(root.join("BENCHMARKS.md"), page)?;
    Ok(())
}

fn head(results: &Results) -> Result<String> {
    let Results { date, machine, rustc, mode, seconds, .. } = results;
    let mut page = String::from("# Benchmarks\n\n");
    writeln!(page, "Written by a program, from one run on one machine; do not edit. To run it again:\n")?;
    writeln!(page, "```sh\ncargo run --release -p pirn-peers            # quick, under five minutes")?;
    writeln!(page, "cargo run --release -p pirn-peers -- full    # all programs, more rounds\n```\n")?;
    writeln!(page, "With clang and libclang installed, `CC=clang` and `--features wasm3` add wasm3.\n")?;
    writeln!(
        page,
        "| | |\n|---|---|\n| date | {date} |\n| machine | {machine} |\n| compiler | {rustc}; fat LTO, one codegen unit |\n| mode | {mode}, {seconds} s |\n"
    )?;
    writeln!(
        page,
        "Every runtime runs the same modules with the same host functions, each in a process of its own; all answers are \
         compared before anything is timed. The runtimes take turns, and the fastest round of each counts. Numbers of \
         other runtimes are ratios to pirn: **2.00 means that it takes twice as long** (or twice as much memory) as \
         pirn. Differences under 10 % are not real: layout and machine move numbers by as much.\n"
    )?;
    writeln!(page, "| runtime | what |\n|---|---|")?;
    for kind in &runtimes::ALL {
        writeln!(page, "| {} | {} |", kind.name, kind.what)?;
    }
    Ok(page)
}

fn title(group: &str) -> String {
    let mut letters = group.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn about(group: &str) -> String {
    match group {
        "execute" => "Kernels (`benches/kernels`) and programs (`benches/workloads`), from the call of the exported \
                      function to its return; decoding and instantiation are not timed."
            .into(),
        "calls" => format!(
            "One call and return of `x + 1`, from a loop of {CALLS} iterations, the same loop without a call subtracted. \
             `imported` is a function of another instance. Compilers inline some of them, which leaves nothing to measure."
        ),
        "startup" => {
            "From the bytes of a large module to an instance: engine, decoding, validation, what compilation is not \
                      put off, and instantiation. One thread."
                .into()
        }
        "memory of a module" => {
            "Resident memory at its peak while the module is decoded and compiled, over what the process \
                                 had before. (sf-nano and wasm3 lower or compile only at instantiation.)"
                .into()
        }
        "memory of an instance" => "Resident memory that an instance adds, its linear memory included.".into(),
        _ => String::new(),
    }
}

/// The runtimes that have a cell somewhere in the group.
fn columns(group: &Group) -> Vec<&'static Kind> {
    runtimes::ALL.iter().filter(|kind| group.rows.iter().any(|row| row.cells.contains_key(kind.name))).collect()
}

/// The table of a group, and below it what failed.
pub fn table(group: &Group) -> String {
    let columns = columns(group);
    let mut table = format!("| {} |", group.name);
    for kind in &columns {
        let unit = if kind.name == BASE { format!(" {}", group.unit) } else { String::new() };
        let _ = write!(table, " {}{unit} |", kind.name);
    }
    table.push_str("\n|---|");
    table.push_str(&"--:|".repeat(columns.len()));
    table.push('\n');
    let mut failures = String::new();
    for row in &group.rows {
        let _ = write!(table, "| {} |", row.case);
        for kind in &columns {
            match (row.cells.get(kind.name), row.value(BASE)) {
                (Some(Cell::Value(value)), _) if kind.name == BASE => {
                    let _ = write!(table, " {} |", number(*value));
                }
                (Some(Cell::Value(value)), Some(base)) => {
                    let _ = write!(table, " {} |", number(value / base));
                }
                (Some(Cell::Value(value)), None) => {
                    let _ = write!(table, " {} {} |", number(*value), group.unit);
                }
                (Some(Cell::Failed(why)), _) => {
                    table.push_str(" fails |");
                    let _ = writeln!(failures, "- {}, {}: {}", kind.name, row.case, shorten(why));
                }
                (None, _) => table.push_str(" |"),
            }
        }
        table.push('\n');
    }
    table.push_str("| **geomean** |");
    for kind in &columns {
        match group.geomean(kind.name, BASE) {
            Some((mean, count)) if count == group.rows.len() => {
                let _ = write!(table, " **{mean:.2}** |");
            }
            Some((mean, count)) => {
                let _ = write!(table, " {mean:.2} ({count} of {}) |", group.rows.len());
            }
            None => table.push_str(" |"),
        }
    }
    table.push('\n');
    if !failures.is_empty() {
        let _ = write!(table, "\nWhat fails, and how:\n\n{failures}");
    }
    table
}

/// Three digits are as many as are real.
fn number(value: f64) -> String {
    match value.abs() {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn shorten(why: &str) -> String {
    const MOST: usize = 160;
    let why = why.replace('|', "/");
    if why.chars().count() <= MOST { why } else { why.chars().take(MOST).chain(['…']).collect() }
}

/// Bars of the geometric means, shortest first.
fn picture(group: &Group) -> Option<String> {
    let subtitle = match group.name.as_str() {
        "calls" => "nanoseconds for one call into another instance and back",
        "execute" => "time relative to pirn, geometric mean; shorter is better",
        "startup" => "time relative to pirn (eager), geometric mean; shorter is better",
        _ => return None,
    };
    let mut bars: Vec<Bar> = columns(group)
        .into_iter()
        .filter_map(|kind| {
            let (value, text) = if group.name == "calls" {
                let value = group.rows.iter().find(|row| row.case == "imported")?.value(kind.name)?;
                (value, format!("{} ns", number(value)))
            } else {
                let (mean, count) = group.geomean(kind.name, BASE)?;
                let part = if count == group.rows.len() {
                    String::new()
                } else {
                    format!(" ({count} of {})", group.rows.len())
                };
                (mean, format!("{mean:.2}{part}"))
            };
            let colour = match kind {
                kind if kind.name.starts_with(BASE) => Colour::Own,
                kind if kind.jit => Colour::Jit,
                _ => Colour::Interpreter,
            };
            Some(Bar { label: kind.name.into(), value: value.max(0.01), text, colour })
        })
        .collect();
    bars.sort_by(|a, b| a.value.total_cmp(&b.value));
    (!bars.is_empty()).then(|| chart::svg(&title(&group.name), subtitle, &bars))
}
