//! The driver: runs seeds through pirn and the oracle, and reports what differs.
//!
//! ```text
//! pirn-oracle --seeds A..B [--kind smith|expr|group|loop|circle|shape|trap|atomic|reference|smith-object|object|all] [--oracle wasmi|pirn|wasmtime]
//!             [--jobs N] [--out DIR] [--max-failures N] [--seconds N] [--no-shrink yes]
//! pirn-oracle --fresh N ...                          N seeds of each kind that nobody has run yet: the clock chooses
//! pirn-oracle --coverage FILE                        which handlers nobody executed that wrote FILE
//! pirn-oracle --lowered yes --seeds A..B ...         which handlers are not in their code
//! pirn-oracle --check only --seeds A..B ...          only check their code, without running any of it; `no`: only run it
//! pirn-oracle --corpus DIR --seeds A..B ...          only write their modules: a corpus for fuzzing the decoder
//! pirn-oracle --seed N --kind KIND                   one seed, with its text
//! pirn-oracle --seed N --wasm FILE [--wasm FILE]...  modules of a group, with the arguments of a seed
//! ```
//!
//! Seeds run in processes of their own, so that one that crashes or does not end is a finding like any other: the process
//! writes each seed down before it begins, and a new one goes on behind it. (One that crashes on the oracle alone, too, is
//! counted apart, and so is one that something else kills: the exit code is 1 if seeds failed, else 3 if processes were killed.) For
//! each mismatch the modules are written to DIR (`oracle-failures` by default) as wasm and text, and,
//! for generated programs, a shrunk form.

#![forbid(unsafe_code)]

mod options;

use options::{Check, Options};
use pirn_oracle::checked::{self, Checked};
use pirn_oracle::on_pirn::{DISPATCHER, Deadline, Mode};
use pirn_oracle::outcome::Event;
use pirn_oracle::program::Program;
use pirn_oracle::{Authority, Kind, Mismatch, Verdict, broken, check, coverage, generate, shrink, threaded_code};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use wasmparser::{Validator, WasmFeatures};

/// Seeds one process runs.
const BATCH: u64 = 200;
/// How long one seed may take, shrinking included.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The driver's exit code if nothing differed, but not all seeds were run.
const KILLED: u8 = 3;
/// How long is spent on shrinking.
const SHRINK: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match options::read() {
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
        Ok(options) if options.check == Check::Only => check_code(&options),
        Ok(options) if options.lowered => {
            let mut seen = std::collections::HashSet::new();
            for kind in &options.kinds {
                let programs = options.seeds.clone().filter_map(|seed| kind.program(seed));
                programs.for_each(|program| coverage::lowered(&program, &mut seen));
            }
            print!("{}", coverage::report(&seen));
            ExitCode::SUCCESS
        }
        Ok(Options { corpus: Some(path), kinds, seeds, .. }) => match write_corpus(&path, &kinds, seeds) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                ExitCode::FAILURE
            }
        },
        Ok(Options { coverage: Some(path), .. }) => match std::fs::read_to_string(&path) {
            Ok(lines) => {
                print!("{}", coverage::report(&coverage::executed(&lines)));
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                ExitCode::FAILURE
            }
        },
        Ok(options) if options.worker.is_some() || options.verbose => work(&options),
        Ok(options) => drive(&options),
    }
}

/// Checks the code of seeds, of each kind on a thread of its own, as many at a time as there are jobs.
fn check_code(options: &Options) -> ExitCode {
    let begun = Instant::now();
    let kinds = std::sync::Mutex::new(options.kinds.clone());
    let (right, too_hard, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let one = || {
        while let Some(kind) = { kinds.lock().expect("no panics").pop() } {
            for seed in options.seeds.clone() {
                let mut checked = Checked::default();
                kind.program(seed).iter().for_each(|program| checked.add(program, &checked::WAYS));
                right.fetch_add(checked.right, Relaxed);
                too_hard.fetch_add(checked.too_hard, Relaxed);
                if let Some(mistake) = checked.mistakes.first() {
                    println!("{} seed {seed}: {mistake}", kind.name());
                    if failed.fetch_add(1, Relaxed) + 1 >= options.max_failures {
                        return;
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| (0..options.jobs).for_each(|_| _ = scope.spawn(one)));
    let [right, too_hard, failed] = [right, too_hard, failed].map(AtomicU64::into_inner);
    println!(
        "{right} functions are right, {too_hard} too hard to check, {failed} seeds failed, in {} s",
        begun.elapsed().as_secs()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the modules of seeds to a directory.
fn write_corpus(out: &Path, kinds: &[Kind], seeds: std::ops::Range<u64>) -> std::io::Result<()> {
    std::fs::create_dir_all(out)?;
    for (kind, seed) in kinds.iter().flat_map(|kind| seeds.clone().map(move |seed| (kind, seed))) {
        for (i, wasm) in kind.program(seed).into_iter().flat_map(|program| program.modules).enumerate() {
            std::fs::write(out.join(format!("{}-{seed}-m{i}.wasm", kind.name())), wasm)?;
        }
    }
    Ok(())
}

/// What all workers found.
#[derive(Debug, Default)]
struct Totals {
    passed: AtomicU64,
    failed: AtomicU64,
    invalid: AtomicU64,
    cut: AtomicU64,
    returned: AtomicU64,
    trapped: AtomicU64,
    overruled: AtomicU64,
    traces: AtomicU64,
    frames: AtomicU64,
    reworded: AtomicU64,
    died: AtomicU64,
    killed: AtomicU64,
}

impl Totals {
    /// How many a worker counts.
    const FIELDS: usize = 10;
    /// The first of them tell what became of a seed.
    const SEEDS: usize = 3;

    /// In the order of the line a worker prints.
    fn fields(&self) -> [&AtomicU64; Self::FIELDS] {
        let Self { passed, failed, invalid, cut, returned, trapped, overruled, traces, frames, reworded, .. } = self;
        [passed, failed, invalid, cut, returned, trapped, overruled, traces, frames, reworded]
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [passed, failed, invalid, cut, returned, trapped, overruled, traces, frames, reworded] =
            self.fields().map(|count| count.load(Relaxed));
        write!(
            f,
            "{passed} passed, {failed} failed ({invalid} without a module, {cut} cut short, {overruled} where the oracle is \
             wrong, {} where it crashes; {returned} calls returned, {trapped} trapped)",
            self.died.load(Relaxed),
        )?;
        if traces == 0 {
            Ok(())
        } else {
            write!(f, "; backtraces of {traces} traps are the same, {frames} frames; {reworded} in other words")
        }
    }
}

/// Hands the seeds out to workers and adds up what they report.
fn drive(options: &Options) -> ExitCode {
    let begun = Instant::now();
    println!(
        "seeds {}..{} of {}, {DISPATCHER} dispatch, against {}",
        options.seeds.start,
        options.seeds.end,
        options.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
        options.authority.name()
    );
    #[cfg(feature = "mutants")]
    if let Some(mutant) = pirn_exec::mutants::description() {
        println!("mutant: {mutant}");
    }
    let mut work: Vec<(Kind, u64, u64)> = Vec::new();
    for from in options.seeds.clone().step_by(BATCH as usize) {
        let to = options.seeds.end.min(from + BATCH);
        let kinds = options.kinds.iter().filter(|&&kind| options.authority.runs(kind));
        work.extend(kinds.map(|&kind| (kind, from, to)));
    }
    work.reverse();
    let total = work.len();
    let (work, totals) = (std::sync::Mutex::new(work), Totals::default());
    std::thread::scope(|scope| {
        for job in 0..options.jobs {
            let (work, totals) = (&work, &totals);
            scope.spawn(move || {
                loop {
                    let Some((kind, from, to)) = work.lock().expect("no panics").pop() else { return };
                    batch(options, kind, from, to, job, totals);
                    let left = work.lock().expect("no panics").len();
                    if left % 20 == 0 {
                        println!("{:>6} s  {} of {total} batches left: {totals}", begun.elapsed().as_secs(), left);
                    }
                    let late = options.time.is_some_and(|time| begun.elapsed() >= time);
                    if late || totals.failed.load(Relaxed) >= options.max_failures {
                        work.lock().expect("no panics").clear();
                    }
                }
            });
        }
    });
    println!("seeds {}..{} in {} s: {totals}", options.seeds.start, options.seeds.end, begun.elapsed().as_secs());
    let failed = totals.failed.load(Relaxed);
    println!("{} passed, {failed} failed", totals.passed.load(Relaxed));
    match (failed, totals.killed.load(Relaxed)) {
        (0, 0) => ExitCode::SUCCESS,
        (0, killed) => {
            println!("{killed} processes were killed by something else: nobody knows about their seeds");
            ExitCode::from(KILLED)
        }
        _ => ExitCode::FAILURE,
    }
}

/// Whether a process was ended from outside, as by a system without memory. No mistake of pirn's looks so.
fn was_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    const SIGKILL: i32 = 9;
    signal == Some(SIGKILL)
}

/// Runs seeds in processes until all are done.
fn batch(options: &Options, kind: Kind, from: u64, to: u64, job: usize, totals: &Totals) {
    let progress = std::env::temp_dir().join(format!("pirn-oracle-{}-{job}", std::process::id()));
    let program = std::env::current_exe().expect("a running program has a path");
    let mut next = from;
    while next < to {
        std::fs::write(&progress, next.to_string()).expect("the temporary directory is writable");
        let worker = |seeds: std::ops::Range<u64>| {
            let mut worker = Command::new(&program);
            worker
                .args(["--seeds", &format!("{}..{}", seeds.start, seeds.end), "--kind", kind.name()])
                .args(["--oracle", options.authority.name()])
                .args(["--check", if options.check == Check::No { "no" } else { "yes" }])
                .args(["--no-shrink", if options.shrink { "no" } else { "yes" }, "--worker"])
                .arg(&progress)
                .arg("--out")
                .arg(&options.out)
                .stdout(Stdio::piped());
            worker
        };
        let mut child = worker(next..to).spawn().expect("this program can be run");
        let output = child.stdout.take().expect("piped");
        let reader =
            std::thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).collect::<Vec<_>>());
        let read = || std::fs::read_to_string(&progress).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let (mut seen, mut since, mut hung) = (next, Instant::now(), false);
        let status = loop {
            if let Some(status) = child.try_wait().expect("the child is ours") {
                break status;
            }
            let now = read().unwrap_or(seen);
            if now != seen {
                (seen, since) = (now, Instant::now());
            } else if since.elapsed() > TIMEOUT {
                hung = true;
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let lines = reader.join().expect("reading lines does not panic");
        let mut reported = 0;
        for line in &lines {
            match line.strip_prefix("counts ") {
                Some(counts) => {
                    let counts: Vec<u64> = counts.split(' ').map(|count| count.parse().expect("a count")).collect();
                    reported += counts[..Totals::SEEDS].iter().sum::<u64>();
                    for (field, count) in totals.fields().into_iter().zip(counts) {
                        field.fetch_add(count, Relaxed);
                    }
                }
                None => println!("{line}"),
            }
        }
        if status.success() {
            break;
        }
        // A process that dies has reported all seeds that did not pass.
        let seed = read().unwrap_or(next);
        totals.passed.fetch_add(seed - next - reported, Relaxed);
        next = seed + 1;
        if !hung && was_killed(status) {
            totals.killed.fetch_add(1, Relaxed);
            println!("{} seed {seed}: something else killed the process; is there not enough memory?", kind.name());
            continue;
        }
        // What pirn compares itself with, is no other engine.
        let is_other = options.authority != Authority::Itself;
        let dies_alone = || {
            is_other
                && worker(seed..next)
                    .args(["--oracle-alone", "yes"])
                    .output()
                    .is_ok_and(|alone| !alone.status.success())
        };
        if !hung && dies_alone() {
            totals.died.fetch_add(1, Relaxed);
            println!("{} seed {seed}: {} crashes without pirn", kind.name(), options.authority.name());
            continue;
        }
        totals.failed.fetch_add(1, Relaxed);
        println!(
            "{} seed {seed}: the process {}",
            kind.name(),
            if hung { "did not end".into() } else { format!("died: {status}") }
        );
        save(&options.out, kind, seed, "crash", &kind.program(seed));
    }
    let _ = std::fs::remove_file(progress);
}

/// The modules in files, called as generated ones are.
fn program_in(files: &[PathBuf], seed: u64) -> Program {
    let read = |path: &PathBuf| std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let modules: Vec<Vec<u8>> = files.iter().map(read).collect();
    let features = pirn_decode::module::FEATURES.difference(WasmFeatures::RELAXED_SIMD);
    let is_relaxed = |wasm: &Vec<u8>| Validator::new_with_features(features).validate_all(wasm).is_err();
    Program {
        floats: generate::FLOATS,
        seed,
        rounds: generate::ROUNDS,
        deterministic: modules.iter().any(is_relaxed),
        merged: None,
        original: None,
        modules,
    }
}

/// Runs the seeds here.
fn work(options: &Options) -> ExitCode {
    let mut progress = options
        .worker
        .as_ref()
        .map(|path| std::fs::OpenOptions::new().write(true).open(path).expect("the driver made the file"));
    let (mut counts, mut found) = ([0; Totals::FIELDS], false);
    let kind = options.kinds[0];
    for seed in options.seeds.clone() {
        if let Some(file) = &mut progress {
            let _ = file.seek(SeekFrom::Start(0)).and_then(|_| write!(file, "{seed:<20}"));
        }
        let program = if options.wasm.is_empty() { kind.program(seed) } else { Some(program_in(&options.wasm, seed)) };
        let Some(program) = program else {
            counts[2] += 1;
            tell(&mut counts);
            continue;
        };
        if options.verbose {
            for wasm in &program.modules {
                println!("{}", wasmprinter::print_bytes(wasm).unwrap_or_else(|error| error.to_string()));
            }
        }
        if options.oracle_alone {
            options.authority.run(&program, 0);
            continue;
        }
        if options.check == Check::First {
            let mut checked = Checked::default();
            checked.add(&program, &checked::ways(seed));
            if let Some(mistake) = checked.mistakes.first() {
                println!("{} seed {seed}: wrong code: {mistake}", kind.name());
                save(&options.out, kind, seed, "whole", &Some(program));
                found = true;
                counts[1] += 1;
                tell(&mut counts);
                continue;
            }
        }
        broken::compare(&program, seed);
        match check(&program, options.authority, &Mode::of_seed(seed), 0) {
            Verdict::Same { cut, overruled, returned, trapped, traces, frames, reworded } => {
                counts[6] += u64::from(overruled);
                counts[0] += 1;
                counts[3] += u64::from(cut);
                counts[4] += returned as u64;
                counts[5] += trapped as u64;
                counts[7] += traces as u64;
                counts[8] += frames as u64;
                counts[9] += reworded as u64;
            }
            Verdict::Invalid => {
                counts[2] += 1;
                tell(&mut counts);
            }
            Verdict::Different(mismatch) => {
                found = true;
                report(options, kind, seed, &program, &mismatch);
                counts[1] += 1;
                tell(&mut counts);
            }
        }
    }
    tell(&mut counts);
    if options.verbose && found { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Tells the driver what was found since the last time. Whoever dies has told of all seeds that did not pass.
fn tell(counts: &mut [u64; Totals::FIELDS]) {
    println!("counts {}", std::mem::take(counts).map(|count| count.to_string()).join(" "));
}

/// What runs, for whoever wants to run it again: it has the features that found something.
fn this_program() -> String {
    std::env::current_exe().map_or_else(|_| "pirn-oracle".into(), |path| path.display().to_string())
}

fn report(options: &Options, kind: Kind, seed: u64, program: &Program, mismatch: &Mismatch) {
    let name = kind.name();
    println!("{name} seed {seed}: mismatch with {:?}, {DISPATCHER} dispatch", mismatch.mode);
    if mismatch.original {
        println!("  expected is what pirn does, found what it does with the program that this one was made of");
    }
    let call = mismatch.expected.events[..mismatch.at.min(mismatch.expected.events.len())]
        .iter()
        .rev()
        .find(|event| matches!(event, Event::Call { .. }));
    println!("  in {call:?}");
    println!("  expected {:?}", mismatch.expected.events.get(mismatch.at));
    println!("  arbiter  {:?}", mismatch.second.events.get(mismatch.at));
    println!("  found    {:?}", mismatch.found.events.get(mismatch.at));
    let offsets = mismatch.found.traces.iter().flat_map(|trace| &trace.frames).any(|frame| frame.offset.is_some());
    if let Err((found, expected)) = mismatch.found.compare_traces(&mismatch.second, &program.modules, offsets) {
        println!("  expected {expected:?}");
        println!("  found    {found:?}");
    }
    let Mode { fuse, step, deadline, .. } = mismatch.mode;
    let others = [
        Mode { fuse: !fuse, eager: false, ..mismatch.mode },
        Mode { step: None, deadline: Deadline::None, ..mismatch.mode },
    ];
    for mode in others.into_iter().take(if step.is_some() || deadline.is_some() { 2 } else { 1 }) {
        let same = matches!(check(program, options.authority, &[mode], 0), Verdict::Same { .. });
        println!("  {mode:?} {}", if same { "is right" } else { "is wrong too" });
    }
    if let (Some(Event::Memory { bytes: a, .. }), Some(Event::Memory { bytes: b, .. })) =
        (mismatch.expected.events.get(mismatch.at), mismatch.found.events.get(mismatch.at))
    {
        println!("  first byte: {:?}", a.difference(b));
    }
    if !options.wasm.is_empty() {
        return;
    }
    println!("  again: {} --seed {seed} --kind {name} --oracle {}", this_program(), options.authority.name());
    save(&options.out, kind, seed, "whole", &Some(program.clone()));
    let Some(spec) = kind.spec(seed).filter(|_| options.shrink) else {
        return show_code(options, kind, seed, "whole", program, mismatch.mode);
    };
    let small = shrink::shrink(&spec, options.authority, mismatch.mode, SHRINK).encode();
    save(&options.out, kind, seed, "small", &Some(small.clone()));
    show_code(options, kind, seed, "small", &small, mismatch.mode);
    if let Verdict::Different(mismatch) = check(&small, options.authority, &[mismatch.mode], 0) {
        println!("  shrunk: expected {:?}", mismatch.expected.events.get(mismatch.at));
        println!("  shrunk: found    {:?}", mismatch.found.events.get(mismatch.at));
    }
}

/// Prints the threaded code of a program, what is too much of it to a file only.
fn show_code(options: &Options, kind: Kind, seed: u64, what: &str, program: &Program, mode: Mode) {
    const LINES: usize = 60;
    let text = threaded_code(program, mode);
    text.lines().take(LINES).for_each(|line| println!("    {line}"));
    let path = options.out.join(format!("{}-{seed}-{what}.code", kind.name()));
    match std::fs::write(&path, &text) {
        Ok(()) => println!("  threaded code of {} lines in {}", text.lines().count(), path.display()),
        Err(error) => println!("  threaded code not written to {}: {error}", path.display()),
    }
}

/// Writes the modules of a program to files.
fn save(out: &Path, kind: Kind, seed: u64, what: &str, program: &Option<Program>) {
    let Some(program) = program else { return };
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(out)?;
        for (i, wasm) in program.modules.iter().enumerate() {
            let path = out.join(format!("{}-{seed}-{what}-m{i}", kind.name()));
            std::fs::write(path.with_extension("wasm"), wasm)?;
            let text = wasmprinter::print_bytes(wasm).unwrap_or_else(|error| error.to_string());
            std::fs::write(path.with_extension("wat"), text)?;
        }
        Ok(())
    };
    match write() {
        Ok(()) => println!("  written to {}/{}-{seed}-{what}-*", out.display(), kind.name()),
        Err(error) => println!("  not written to {}: {error}", out.display()),
    }
}
