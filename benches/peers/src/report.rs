//! The page: the machine, the versions, the commands, a table a group, and the pictures; and the section of the README
//! that quotes it.

use crate::child::{self, CALLS};
use crate::pictures;
use crate::plan::{COLD, EXCEPTIONS, GC, JUDGE, LOOPS, SIMD};
use crate::results::{Cell, Group, Results, Row};
use crate::runtimes::{self, BASE, Kind};
use anyhow::Result;
use std::fmt::Write;
use std::path::Path;

/// Iterations of CoreMark in the case of that name, as `manifest.json` has them.
const COREMARK: f64 = 300.0;

/// What is left of a call after the loop is subtracted, and below this many nanoseconds, is none: a compiler inlined it.
pub const NOTHING: f64 = 0.15;

/// Writes `BENCHMARKS.md` below `root`, its pictures below `root/benches/pictures`, and the numbers of the README.
///
/// # Errors
/// Of reading and writing; or the README has no place for them.
pub fn write(results: &Results, root: &Path) -> Result<()> {
    let directory = root.join("benches/pictures");
    std::fs::create_dir_all(&directory)?;
    let mut page = head(results)?;
    for group in &results.groups {
        let _ = write!(page, "\n## {}\n\n{}\n\n", title(&group.name), wrap(&about(&group.name)));
        if let Some(svg) = pictures::of(group) {
            let file = format!("{}.svg", group.name.replace(' ', "-"));
            std::fs::write(directory.join(&file), svg)?;
            let _ = write!(page, "![{}](benches/pictures/{file})\n\n", title(&group.name));
        }
        page.push_str(&table(group));
    }
    std::fs::write(root.join("BENCHMARKS.md"), page)?;
    pirn_suite::page::replace(&root.join("README.md"), "peers", &summary(results))
}

/// Breaks prose into lines of at most 120 columns. Code spans and links stay whole.
fn wrap(text: &str) -> String {
    const COLUMNS: usize = 120;
    let mut lines = vec![String::new()];
    let mut word = String::new();
    for part in text.split(' ') {
        word.push_str(part);
        let count = |of| word.matches(of).count();
        if count("`") % 2 == 1 || count("[") > count("]") || count("](") > count(")") {
            word.push(' ');
            continue;
        }
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(&word);
        } else if line.chars().count() + 1 + word.chars().count() <= COLUMNS {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word.clone());
        }
        word.clear();
    }
    // A span that does not end.
    lines.extend((!word.is_empty()).then(|| word.trim_end().to_owned()));
    lines.join("\n")
}

/// When and where, in a sentence.
fn provenance(results: &Results) -> String {
    let Results { date, machine, load, .. } = results;
    let busy = load.parse::<f64>().is_ok_and(|load| load >= 0.7);
    let busy = if busy { format!("; the machine was not idle: load {load} when it began") } else { String::new() };
    format!("{date}, {machine}{busy}")
}

/// The command that runs this, for the shell.
const COMMAND: &str = if cfg!(feature = "wasm3") {
    "CC=clang cargo run --profile bench -p pirn-peers --features wasm3"
} else {
    "cargo run --profile bench -p pirn-peers"
};

/// What this was compiled with.
fn profile() -> String {
    match option_env!("CARGO_PROFILE_BENCH_LTO") {
        None => "fat LTO, one codegen unit".into(),
        Some(lto) => format!("one codegen unit, with `lto` set to `{lto}`"),
    }
}

fn head(results: &Results) -> Result<String> {
    let Results { rustc, version, mode, seconds, .. } = results;
    let mut page = String::from("# Benchmarks\n\n");
    writeln!(page, "Written by a program, from one run on one machine; do not edit. To run it again:\n")?;
    writeln!(page, "```sh")?;
    writeln!(page, "{COMMAND}            # quick: a quarter of an hour once built")?;
    writeln!(page, "{COMMAND} -- full    # all programs, more rounds\n```\n")?;
    if cfg!(feature = "wasm3") {
        writeln!(page, "`CC=clang` and `--features wasm3`, which need clang and libclang, are for wasm3 alone.\n")?;
    }
    writeln!(page, "| | |\n|---|---|\n| when and where | {} |", provenance(results))?;
    writeln!(page, "| pirn | {version} |")?;
    writeln!(page, "| compiler | {rustc}; {} |", profile())?;
    writeln!(page, "| mode | {mode}, {seconds} s |")?;
    if let Some(spread) = spread(results) {
        writeln!(page, "| steadiness | the median round takes {:.1} % more than the fastest |", spread * 100.0)?;
    }
    let conditions = wrap(
        "Every runtime runs the same modules with the same host functions, each in a process of its own; all answers \
         are compared before anything is timed, and a runtime that cannot do a case, or gives another answer, is \
         listed with the reason below the table. Times are the processor's; the runtimes take turns, and the fastest \
         round of each counts. In parentheses stands the ratio to pirn: **(2.00) means twice as long, or twice as much memory**. \
         Differences under 10 % are not real: the layout of code and the machine move numbers by as much.",
    );
    writeln!(page, "\n{conditions}\n")?;
    writeln!(page, "| runtime | what |\n|---|---|")?;
    for kind in &runtimes::ALL {
        writeln!(page, "| {} | {} |", kind.name, kind.what)?;
    }
    Ok(page)
}

/// How much the median round was slower than the fastest, in the middle of all cases.
fn spread(results: &Results) -> Option<f64> {
    let timed = results.groups.iter().filter(|group| group.unit != "KiB" && group.name != "calls");
    let cells = timed.flat_map(|group| &group.rows).flat_map(|row| row.cells.values());
    pirn_suite::measure::median(&cells.filter_map(Cell::spread).collect::<Vec<_>>())
}

/// With a capital letter.
pub fn title(group: &str) -> String {
    let mut letters = group.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn about(group: &str) -> String {
    match group {
        "execute" => "Programs (`benches/workloads`) and kernels (`benches/kernels`), from the call of the exported function \
                      to its return; decoding and instantiation are not timed. The mean over the programs marked `judge` is \
                      the one that counts: nothing in pirn was tuned by looking at them. Programs marked `train` may \
                      have been."
            .into(),
        SIMD => "Kernels with vectors (`benches/kernels/simd`, C with intrinsics) and, in the full mode, programs built with \
                 them (`benches/workloads/simd`), measured as above, on the runtimes that have vectors. wasmi is among them in \
                 a build with the feature `simd` of `pirn-peers`; it is off otherwise, since it might slow the other groups."
            .into(),
        LOOPS => "Loops of one to six statements over locals or memory (`benches/kernels/loops`): what people write first to \
                  compare interpreters."
            .into(),
        GC => "Programs that make structs and arrays (`benches/kernels/gc`), measured as above, collections included. wasmtime \
               has its default collector, which copies. What cannot run one of them stands below."
            .into(),
        EXCEPTIONS => "An exception thrown and caught again (`benches/kernels/exceptions`), so many frames further in: 300,000, \
                       100,000 and 20,000 times."
            .into(),
        "calls" => format!(
            "One call and return of `x + 1`, from a loop of {CALLS} iterations, the same loop without a call subtracted. \
             `imported` is a function of another instance, `host` one of the embedder. `entry` is the other direction, the \
             embedder calling WebAssembly. Compilers inline some calls, which leaves nothing to measure."
        ),
        "startup" => "From the bytes of a large module to an instance: decoding, validation, what compilation is not put \
                      off, and instantiation. One thread. sf-nano lowers at instantiation, and so does wasm3."
            .into(),
        COLD => "From the start of a process to its end: a program does a small job, as tools do that are started for it. `naga` \
                 compiles four shaders to four languages, `typescript` formats a file of 95 KB, `python` is CPython, which counts \
                 words (where `benches/workloads/fetch.sh` has got it), `rust-comrak` makes HTML; `quickjs` and `sqlite` are training programs. In \
                 parentheses stands the ratio to pirn lazy, which is how pirn is by default. It is the processor's time of the whole \
                 process, reading the module included; what takes half a second was run once or twice."
            .into(),
        child::PEAK => "Resident memory at its peak while the module is decoded and compiled, over what the process had \
                        before. sf-nano and wasm3 lower or compile at instantiation, so that this is not all they need."
            .into(),
        child::KEPT => "Resident memory that the module keeps when it is decoded and compiled, before there is an \
                        instance."
            .into(),
        child::INSTANCE => "Resident memory that one more instance takes, its linear memory as far as it is touched \
                            included: the mean of eight. Instances of sf-nano and wasm3 hold lowered code of their own."
            .into(),
        _ => String::new(),
    }
}

/// The runtimes that have a cell somewhere in the group.
pub fn columns(group: &Group) -> Vec<&'static Kind> {
    runtimes::ALL.iter().filter(|kind| group.rows.iter().any(|row| row.cells.contains_key(kind.name))).collect()
}

/// Whether `kind` can do nothing of the group, so that a column would say nothing.
fn fails_all(group: &Group, kind: &Kind) -> bool {
    let mut cells = group.rows.iter().filter_map(|row| row.cells.get(kind.name));
    cells.all(|cell| matches!(cell, Cell::Failed(_)))
}

/// The table of a group, and below it what failed.
pub fn table(group: &Group) -> String {
    let all = columns(group);
    let columns: Vec<&Kind> = all.iter().copied().filter(|kind| !fails_all(group, kind)).collect();
    let mut table = format!("| {}, {} |", group.name, group.unit);
    for kind in &columns {
        let _ = write!(table, " {} |", kind.name);
    }
    table.push_str("\n|---|");
    table.push_str(&"--:|".repeat(columns.len()));
    table.push('\n');
    for set in group.sets() {
        for row in group.rows_of(set) {
            let set = if set.is_empty() { String::new() } else { format!(" ({set})") };
            let _ = write!(table, "| {}{set} |", row.case);
            for kind in &columns {
                let _ = write!(table, " {} |", cell(group, row, kind));
            }
            table.push('\n');
        }
    }
    if group.name != "calls" {
        means(&mut table, group, &columns);
    }
    if let Some(row) = group.rows.iter().find(|row| row.case == "coremark") {
        table.push_str("| CoreMark, iterations a second |");
        for kind in &columns {
            let score = row.value(kind.name).map(|ms| format!("{:.0}", COREMARK / ms * 1e3));
            let _ = write!(table, " {} |", score.unwrap_or_default());
        }
        table.push('\n');
    }
    failures(&mut table, group, &all);
    table
}

fn cell(group: &Group, row: &Row, kind: &Kind) -> String {
    let compared = runtimes::base(&group.name);
    match (row.cells.get(kind.name), row.value(compared)) {
        (Some(Cell::Failed(_)), _) => "fails".into(),
        (Some(cell @ Cell::Values(_)), base) => match (cell.value(), base) {
            (Some(value), _) if group.name == "calls" && value < NOTHING => "inlined".into(),
            (Some(value), Some(base)) if kind.name != compared && base > 0.0 => {
                format!("{} ({:.2})", number(value), value / base)
            }
            (Some(value), _) => number(value),
            (None, _) => String::new(),
        },
        (None, _) => String::new(),
    }
}

/// A line of geometric means for each set.
fn means(table: &mut String, group: &Group, columns: &[&Kind]) {
    for set in group.sets() {
        let total = group.rows_of(set).count();
        let name = if set.is_empty() { String::new() } else { format!(", {set}") };
        let strong = if set.is_empty() || set == JUDGE { "**" } else { "" };
        let _ = write!(table, "| {strong}geometric mean of ratios{name}{strong} |");
        for kind in columns {
            match group.geomean(set, kind.name, runtimes::base(&group.name)) {
                Some((mean, count)) if count == total => {
                    let _ = write!(table, " {strong}{mean:.2}{strong} |");
                }
                Some((mean, count)) => {
                    let _ = write!(table, " {mean:.2} ({count} of {total} cases) |");
                }
                None => table.push_str(" |"),
            }
        }
        table.push('\n');
    }
}

fn failures(table: &mut String, group: &Group, kinds: &[&Kind]) {
    let mut lines = String::new();
    for kind in kinds {
        // Cases that fail alike share a line.
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for row in &group.rows {
            let Some(Cell::Failed(why)) = row.cells.get(kind.name) else { continue };
            let why = shorten(why);
            match reasons.iter_mut().find(|(other, _)| *other == why) {
                Some((_, cases)) => cases.push(&row.case),
                None => reasons.push((why, vec![&row.case])),
            }
        }
        // One reason will do for a runtime that can do nothing here.
        if fails_all(group, kind)
            && let Some((why, _)) = reasons.first()
        {
            let _ = writeln!(lines, "- {} fails all: {why}", kind.name);
            continue;
        }
        for (why, cases) in reasons {
            let _ = writeln!(lines, "- {} fails {}: {why}", kind.name, cases.join(", "));
        }
    }
    if !lines.is_empty() {
        let _ = write!(table, "\n{lines}");
    }
}

/// Three digits are as many as are real.
pub fn number(value: f64) -> String {
    match value.abs() {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn shorten(why: &str) -> String {
    const MOST: usize = 160;
    // A runtime's error may be a table, or have empty lines. Where a crate lies on this machine is nobody's business.
    let why = why.replace('|', "/");
    let words = why.split_whitespace().map(|word| match word.split_once("/registry/src/") {
        Some((_, path)) => path.split_once('/').map_or(word, |(_, path)| path),
        None => word,
    });
    let why = words.collect::<Vec<_>>().join(" ");
    if why.chars().count() <= MOST { why } else { why.chars().take(MOST).chain(['…']).collect() }
}

/// What the README says.
fn summary(results: &Results) -> String {
    let mut text = wrap(&format!(
        "`{COMMAND}` ({} mode; {}) on {}. [BENCHMARKS.md](BENCHMARKS.md) has every case, and what fails where.",
        results.mode,
        profile(),
        provenance(results)
    ));
    text.push_str("\n\n");
    text.push_str("![Time of programs, relative to pirn](benches/pictures/execute.svg)\n\n");
    text.push_str("![What a call costs](benches/pictures/calls.svg)\n\n");
    let find = |name: &str| results.groups.iter().find(|group| group.name == name);
    let shown = ["wasmi", "sf-nano", "wasm3", "stitch", "wasmtime Pulley", "wasmtime Winch", "wasmtime Cranelift"];
    let built =
        |name: &&str| find("execute").is_some_and(|group| group.rows.iter().any(|row| row.value(name).is_some()));
    let shown: Vec<&str> = shown.into_iter().filter(built).collect();
    let _ = writeln!(text, "| | pirn | {} |", shown.join(" | "));
    let _ = writeln!(text, "|---|--:|{}", "--:|".repeat(shown.len()));
    let mut line = |name: &str, value: &dyn Fn(&str) -> Option<String>| {
        let _ = write!(text, "| {name} |");
        for runtime in std::iter::once(BASE).chain(shown.iter().copied()) {
            let _ = write!(text, " {} |", value(runtime).unwrap_or_else(|| "fails".into()));
        }
        text.push('\n');
    };
    let mean = |group: &str, set: &str, runtime: &str| {
        let group = find(group)?;
        let total = group.rows_of(set).count();
        let (mean, count) = group.geomean(set, runtime, runtimes::base(&group.name))?;
        Some(if count == total { format!("{mean:.2}") } else { format!("{mean:.2} ({count} of {total})") })
    };
    let value =
        |group: &str, case: &str, runtime: &str| find(group)?.rows.iter().find(|row| row.case == case)?.value(runtime);
    line("programs, time relative to pirn", &|runtime| mean("execute", JUDGE, runtime));
    line("kernels, time relative to pirn", &|runtime| mean("execute", "kernel", runtime));
    line("CoreMark, iterations a second", &|runtime| {
        value("execute", "coremark", runtime).map(|ms| format!("{:.0}", COREMARK / ms * 1e3))
    });
    line("call into another instance, ns", &|runtime| {
        let value = value("calls", "imported", runtime)?;
        Some(if value < NOTHING { "inlined".into() } else { number(value) })
    });
    line("startup of large modules, time relative to pirn", &|runtime| mean("startup", "", runtime));
    text
}
