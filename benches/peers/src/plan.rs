//! Which runtimes run which cases, in turns.
//!
//! For each case all runtimes are started as processes of their own ([`child`](crate::child)); they prepare one after the
//! other, their answers are compared, and then they take turns, one round each, never two at once.

use crate::child;
use crate::results::{Cell, Group, Row};
use crate::runtimes::{self, Kind};
use anyhow::{Context, Result};
use pirn_suite::{Case, Role, case};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A quarter of an hour, most of them in the slower runtimes.
    Quick,
    /// Everything, with more rounds.
    Full,
}

impl Mode {
    /// Rounds of each runtime at least and at most, and the time after which it has no more once it has enough.
    fn effort(self) -> (usize, usize, Duration) {
        match self {
            Self::Quick => (1, 7, Duration::from_millis(500)),
            Self::Full => (7, 31, Duration::from_secs(3)),
        }
    }

    /// The longest a runtime may take to answer.
    fn patience(self, group: &str) -> Duration {
        match self {
            // To compile the largest takes a compiler longer, and that is what is to be seen.
            Self::Quick if group != COLD => Duration::from_secs(40),
            _ => Duration::from_secs(180),
        }
    }
}

/// Programs for training that the quick mode runs; the full mode has them all.
const QUICK: [&str; 2] = ["bzip2", "blake3"];

/// Programs of the group `execute` that are measured from the start of a process to its end, too.
const SMALL_JOBS: [&str; 3] = ["quickjs", "sqlite", "rust-comrak"];

/// What will be measured: group, unit, and the cases with the sets they belong to.
struct Plan {
    group: &'static str,
    unit: &'static str,
    cases: Vec<(String, &'static str)>,
}

fn plans(mode: Mode) -> Result<Vec<Plan>> {
    let names = |cases: Vec<Case>, set| cases.into_iter().map(move |case| (case.name, set)).collect::<Vec<_>>();
    let trained = |name: &str, role| role == Role::Train && (mode == Mode::Full || QUICK.contains(&name));
    let mut execute = names(case::programs(|_, role| role == Role::Judge)?, JUDGE);
    execute.extend(names(case::kernels()?, "kernel"));
    execute.extend(names(case::programs(trained)?, "train"));
    let calls = case::CALLS.into_iter().chain([case::ENTRY]).map(|name| (name.to_owned(), "")).collect();
    let mut vectors = names(case::vector_kernels()?, "kernel");
    if mode == Mode::Full {
        vectors.extend(names(case::programs(|_, role| role == Role::JudgeSimd)?, JUDGE));
    }
    let loops = names(case::loops()?, "");
    let (gc, exceptions) = (names(case::gc_kernels()?, ""), names(case::exception_kernels()?, ""));
    let large = names(case::programs(|_, role| role == Role::Startup)?, "");
    let mut cold = names(case::programs(|name, role| role == Role::Cold || SMALL_JOBS.contains(&name))?, "");
    cold.sort();
    let plan = |group, unit, cases| Plan { group, unit, cases };
    Ok(vec![
        plan("execute", "ms", execute),
        plan(SIMD, "ms", vectors),
        plan(LOOPS, "ms", loops),
        plan(GC, "ms", gc),
        plan(EXCEPTIONS, "ms", exceptions),
        plan("calls", "ns", calls),
        plan("startup", "ms", large.clone()),
        plan(COLD, "ms", cold),
        plan(child::PEAK, "KiB", large.clone()),
        plan(child::KEPT, "KiB", large.clone()),
        plan(child::INSTANCE, "KiB", large),
    ])
}

/// The group of what is built with vectors.
pub const SIMD: &str = "simd";

/// The group of small loops.
pub const LOOPS: &str = "loops";

/// The group of what makes structs and arrays.
pub const GC: &str = "gc";

/// The group of what throws.
pub const EXCEPTIONS: &str = "exceptions";

/// The group of what is measured from the start of a process to its end.
pub const COLD: &str = "cold";

/// The set of programs that count.
pub const JUDGE: &str = "judge";

/// Measures all groups; `filter` keeps the cases whose `group/name` contains one of its parts, between which are commas, `only` the runtimes it names, unless it
/// names none. Says on the standard error what is done.
///
/// # Errors
/// The checkout is incomplete, or no process can be started.
pub fn run(mode: Mode, filter: &str, only: &[&str]) -> Result<Vec<Group>> {
    let mut plans = plans(mode)?;
    for Plan { group, cases, .. } in &mut plans {
        let chosen = |name: &str| filter.split(',').any(|part| name.contains(part));
        cases.retain(|(case, _)| chosen(&format!("{group}/{case}")));
    }
    plans.retain(|plan| !plan.cases.is_empty());
    if plans.iter().any(|plan| plan.group == COLD) {
        for name in case::not_fetched()? {
            eprintln!("{COLD}/{name} is left out: benches/workloads/fetch.sh gets it");
        }
    }
    let mut progress = Progress::new(plans.iter().map(|plan| plan.cases.len()).sum());
    let mut results = Vec::new();
    for Plan { group, unit, cases } in plans {
        let mut rows = Vec::new();
        for (case, set) in cases {
            progress.begin(group, &case);
            let cells = row(mode, group, &case, only, &progress)?;
            progress.end(&cells);
            rows.push(Row { case, set: set.into(), cells });
        }
        if group == "calls" {
            without_loop(&mut rows);
        }
        results.push(Group { name: group.into(), unit: unit.into(), rows });
    }
    Ok(results)
}

/// Lines that say what runs, how far it is, and how long it will take.
struct Progress {
    cases: usize,
    done: usize,
    now: String,
    begin: Instant,
    terminal: bool,
}

impl Progress {
    fn new(cases: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { cases, done: 0, now: String::new(), begin: Instant::now(), terminal }
    }

    fn begin(&mut self, group: &str, case: &str) {
        self.now = format!("[{:>2}/{}] {group}: {case}", self.done + 1, self.cases);
    }

    /// What is done at this moment: only shown where it can be overwritten.
    fn show(&self, detail: &str) {
        if self.terminal {
            eprint!("\r\x1b[K{}, {detail}", self.now);
        }
    }

    fn end(&mut self, cells: &BTreeMap<String, Cell>) {
        self.done += 1;
        let elapsed = self.begin.elapsed().as_secs_f64();
        let left = elapsed / self.done as f64 * (self.cases - self.done) as f64;
        let failed = cells.iter().filter(|(_, cell)| matches!(cell, Cell::Failed(_))).map(|(name, _)| name.as_str());
        let failed = failed.collect::<Vec<_>>().join(", ");
        let failed = if failed.is_empty() { failed } else { format!(" ({failed} cannot)") };
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        eprintln!("{clear}{}{failed}; {elapsed:.0} s so far, about {left:.0} s left", self.now);
    }
}

/// Subtracts the loop without a call, as it was fastest.
fn without_loop(rows: &mut Vec<Row>) {
    let Some(at) = rows.iter().position(|row| row.case == "empty") else { return };
    let empty = rows.remove(at);
    for row in rows.iter_mut().filter(|row| row.case != case::ENTRY) {
        for (runtime, cell) in &mut row.cells {
            if let (Cell::Values(values), Some(empty)) = (cell, empty.value(runtime)) {
                values.iter_mut().for_each(|value| *value = (*value - empty).max(0.0));
            }
        }
    }
}

/// Starts and prepares `case` on all runtimes that `takes_part`, and compares their answers: the processes that are ready
/// to measure, and the reasons of those that are not.
fn prepare(
    binary: &Path,
    patience: Duration,
    group: &str,
    case: &str,
    only: &[&str],
    mut show: impl FnMut(&str),
) -> Result<(Vec<Worker>, BTreeMap<String, String>)> {
    let mut failed = BTreeMap::new();
    let mut workers: Vec<(Worker, String)> = Vec::new();
    let chosen = |kind: &&Kind| kind.takes_part(group) && (only.is_empty() || only.contains(&kind.name));
    for kind in runtimes::ALL.iter().filter(chosen) {
        show(kind.name);
        let mut worker = Worker::start(binary, kind.name, group, case)?;
        match worker.answer(patience, "ready") {
            Ok(answer) => workers.push((worker, answer)),
            Err(why) => {
                failed.insert(kind.name.into(), why);
            }
        }
    }
    // What the most used runtime says is right; the manifest's hashes were checked before.
    let right = ["wasmtime Cranelift", "wasmi"]
        .iter()
        .find_map(|judge| workers.iter().find(|(worker, _)| worker.runtime == *judge))
        .or(workers.first())
        .map(|(_, answer)| answer.clone());
    workers.retain(|(worker, answer)| {
        let agrees = Some(answer) == right.as_ref();
        if !agrees {
            failed.insert(worker.runtime.clone(), format!("wrong answer: {answer}"));
        }
        agrees
    });
    Ok((workers.into_iter().map(|(worker, _)| worker).collect(), failed))
}

/// Which runtimes can do `case`, and why the others cannot; `binary` is the one that serves.
///
/// # Errors
/// No process can be started.
pub fn able(binary: impl AsRef<Path>, group: &str, case: &str) -> Result<BTreeMap<String, Result<(), String>>> {
    let (workers, failed) = prepare(binary.as_ref(), Mode::Full.patience(group), group, case, &[], |_| ())?;
    let able = workers.iter().map(|worker| (worker.runtime.clone(), Ok(())));
    Ok(able.chain(failed.into_iter().map(|(runtime, why)| (runtime, Err(why)))).collect())
}

/// One case on all runtimes that take part.
fn row(mode: Mode, group: &str, case: &str, only: &[&str], progress: &Progress) -> Result<BTreeMap<String, Cell>> {
    let show = |runtime: &str| progress.show(&format!("preparing {runtime}"));
    let (mut workers, failed) = prepare(&std::env::current_exe()?, mode.patience(group), group, case, only, show)?;
    let mut cells: BTreeMap<String, Cell> =
        failed.into_iter().map(|(runtime, why)| (runtime, Cell::Failed(why))).collect();

    let (least, most, time) = mode.effort();
    // A process's memory can be measured once.
    let most = if group.starts_with("memory") { 1 } else { most };
    let mut round = 0;
    while !workers.is_empty() {
        round += 1;
        progress.show(&format!("round {round}"));
        // Who has done enough drops out; the others go on in turns.
        workers.retain_mut(|worker| {
            let begin = Instant::now();
            let value = match worker.go(mode.patience(group)) {
                Ok(value) => value,
                Err(why) => {
                    cells.insert(worker.runtime.clone(), Cell::Failed(why));
                    return false;
                }
            };
            worker.spent += begin.elapsed();
            let cell = cells.entry(worker.runtime.clone()).or_insert_with(|| Cell::Values(Vec::new()));
            let Cell::Values(values) = cell else { return false };
            values.push(value);
            values.len() < most && (values.len() < least || worker.spent < time)
        });
    }
    Ok(cells)
}

/// A process that runs one runtime.
struct Worker {
    runtime: String,
    process: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
    /// How long it has been measured.
    spent: Duration,
}

impl Worker {
    fn start(binary: &Path, runtime: &str, group: &str, case: &str) -> Result<Self> {
        let mut process = Command::new(binary)
            .args(["child", runtime, group, case])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a process")?;
        let out = BufReader::new(process.stdout.take().context("it is piped")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let orders = process.stdin.take();
        Ok(Self { runtime: runtime.into(), process, orders, lines, spent: Duration::ZERO })
    }

    /// What follows `word` in the next line; else why there is none.
    fn answer(&mut self, patience: Duration, word: &str) -> Result<String, String> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => match line.split_once(' ') {
                Some((first, rest)) if first == word => Ok(rest.into()),
                Some(("error", why)) => Err(why.into()),
                _ => Err(format!("it said `{line}`")),
            },
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                let _ = self.process.kill();
                Err(format!("no answer within {} s", patience.as_secs()))
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                let status = self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(format!("crashed: {status}"))
            }
        }
    }

    fn go(&mut self, patience: Duration) -> Result<f64, String> {
        // A process that is gone is found out when it does not answer.
        let _ = self.orders.as_mut().map(|orders| writeln!(orders, "go"));
        let value = self.answer(patience, "value")?;
        value.parse().map_err(|_| format!("`{value}` is no number"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends when there are no more orders, and takes its files with it; if it is still running something, it need not finish.
        drop(self.orders.take());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(500) {
            if let Ok(Some(_)) = self.process.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
