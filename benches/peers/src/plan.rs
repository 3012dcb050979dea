//! Which runtimes run which cases, in turns.
//!
//! For each case all runtimes are started as processes of their own ([`child`](crate::child)); they prepare one after the
//! other, their answers are compared, and then they take turns, one round each, never two at once.

use crate::results::{Cell, Group, Row};
use crate::runtimes::{self, Kind};
use anyhow::{Context, Result};
use pirn_suite::{Role, case};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Under five minutes.
    Quick,
    /// Everything, with more rounds.
    Full,
}

impl Mode {
    /// Rounds at least and at most, and the time after which no round is begun once there are enough.
    fn effort(self) -> (u32, u32, Duration) {
        match self {
            Self::Quick => (2, 5, Duration::from_millis(1500)),
            Self::Full => (5, 20, Duration::from_secs(30)),
        }
    }

    /// The longest a runtime may take to answer.
    fn patience(self) -> Duration {
        match self {
            Self::Quick => Duration::from_secs(20),
            Self::Full => Duration::from_secs(120),
        }
    }
}

/// Programs of the quick mode; the full mode has them all.
const QUICK: [&str; 7] = ["coremark", "lua54", "zstd", "argon2", "bzip2", "blake3", "picosat"];

/// Measures all groups; `filter` keeps the cases whose `group/name` contains it.
///
/// # Errors
/// The checkout is incomplete, or no process can be started.
pub fn run(mode: Mode, filter: &str) -> Result<Vec<Group>> {
    let quick = mode == Mode::Quick;
    let mut execute: Vec<String> = case::kernels()?.into_iter().map(|case| case.name).collect();
    let programs = case::programs(|name, role| role != Role::Startup && (!quick || QUICK.contains(&name)))?;
    execute.extend(programs.into_iter().map(|case| case.name));
    let calls: Vec<String> = case::CALLS.map(str::to_owned).into();
    let large: Vec<String> =
        case::programs(|_, role| role == Role::Startup)?.into_iter().map(|case| case.name).collect();
    let groups = [
        ("execute", "ms", &execute, false),
        ("calls", "ns", &calls, false),
        ("startup", "ms", &large, true),
        ("memory of a module", "KiB", &large, true),
        ("memory of an instance", "KiB", &large, true),
    ];
    let mut results = Vec::new();
    for (name, unit, cases, all) in groups {
        let chosen: Vec<&String> = cases.iter().filter(|case| format!("{name}/{case}").contains(filter)).collect();
        if chosen.is_empty() {
            continue;
        }
        let mut rows = Vec::new();
        for case in chosen {
            eprint!("{name}: {case} ...");
            let begin = Instant::now();
            let cells = row(mode, name, case, |kind| all || kind.runs)?;
            eprintln!(" {:.1} s", begin.elapsed().as_secs_f64());
            rows.push(Row { case: case.clone(), cells });
        }
        if name == "calls" {
            rows = without_loop(rows);
        }
        results.push(Group { name: name.into(), unit: unit.into(), rows });
    }
    Ok(results)
}

/// Subtracts the loop without a call.
fn without_loop(mut rows: Vec<Row>) -> Vec<Row> {
    let Some(at) = rows.iter().position(|row| row.case == "empty") else { return rows };
    let empty = rows.remove(at);
    for row in &mut rows {
        for (runtime, cell) in &mut row.cells {
            if let (Cell::Value(value), Some(empty)) = (cell, empty.value(runtime)) {
                // What an optimising compiler inlines costs nothing, give or take the clock.
                *value = (*value - empty).max(0.01);
            }
        }
    }
    rows
}

/// Starts and prepares `case` on all runtimes that `takes_part`, and compares their answers: the processes that are ready
/// to measure, and the reasons of those that are not.
fn prepare(
    binary: &Path,
    patience: Duration,
    group: &str,
    case: &str,
    takes_part: impl Fn(&Kind) -> bool,
) -> Result<(Vec<Worker>, BTreeMap<String, String>)> {
    let mut failed = BTreeMap::new();
    let mut workers: Vec<(Worker, String)> = Vec::new();
    for kind in runtimes::ALL.iter().filter(|kind| takes_part(kind)) {
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
pub fn able(
    binary: impl AsRef<Path>,
    group: &str,
    case: &str,
    takes_part: impl Fn(&Kind) -> bool,
) -> Result<BTreeMap<String, Result<(), String>>> {
    let (workers, failed) = prepare(binary.as_ref(), Mode::Full.patience(), group, case, takes_part)?;
    let able = workers.iter().map(|worker| (worker.runtime.clone(), Ok(())));
    Ok(able.chain(failed.into_iter().map(|(runtime, why)| (runtime, Err(why)))).collect())
}

/// One case on all runtimes that `takes_part`.
fn row(mode: Mode, group: &str, case: &str, takes_part: impl Fn(&Kind) -> bool) -> Result<BTreeMap<String, Cell>> {
    let (mut workers, failed) = prepare(&std::env::current_exe()?, mode.patience(), group, case, takes_part)?;
    let mut cells: BTreeMap<String, Cell> =
        failed.into_iter().map(|(runtime, why)| (runtime, Cell::Failed(why))).collect();

    let (least, most, time) = mode.effort();
    let most = if group.starts_with("memory") { 1 } else { most };
    let begin = Instant::now();
    let mut round = 0;
    while round < most && (round < least || begin.elapsed() < time) {
        for worker in &mut workers {
            if matches!(cells.get(&worker.runtime), Some(Cell::Failed(_))) {
                continue;
            }
            let value = worker.go(mode.patience());
            let cell = match (value, cells.get(&worker.runtime)) {
                (Ok(value), Some(&Cell::Value(best))) => Cell::Value(value.min(best)),
                (Ok(value), _) => Cell::Value(value),
                (Err(why), _) => Cell::Failed(why),
            };
            cells.insert(worker.runtime.clone(), cell);
        }
        round += 1;
    }
    Ok(cells)
}

/// A process that runs one runtime.
struct Worker {
    runtime: String,
    process: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
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
        Ok(Self { runtime: runtime.into(), process, orders, lines })
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
        // It ends when there are no more orders; if it is still running something, it need not finish.
        drop(self.orders.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
