//! Instruction counts: repeatable to the instruction for the same binary and input, whatever else the machine does, so
//! that a small change shows and a gate can be tight.
//!
//! A count is taken by running the binary `counts` again under `valgrind --tool=callgrind`, collecting only while
//! [`measured`] is on the stack. Nothing but valgrind is needed. (`benches/iai.rs` has the same cases for
//! iai-callgrind, which shows cache misses and branches too, and needs its runner.)
//!
//! Costs of one iteration are exact differences: of a loop of 2N and one of N iterations, divided by N, so that what
//! happens once (the entry from Rust above all) cancels out.

use anyhow::{Context, Result, bail, ensure};
use pirn_suite::adapters::{Pirn, Wasmi};
use pirn_suite::measure;
use pirn_suite::{Case, Instance, Job, Role, Runtime, Wasi, case};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Iterations of the short loop of a call.
const CALLS: u64 = 10_000;

/// Decodings that a count is the mean of.
const DECODINGS: usize = 16;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task<'a> {
    /// `n` iterations of one of [`case::CALLS`].
    Call(&'a str, u64),
    /// A kernel, with this parameter.
    Kernel(&'a str, u64),
    /// Decoding of a module: a program's by name. A mean of several, for hash tables have keys of their own each time.
    Decode(&'a str),
}

impl Task<'_> {
    /// As the arguments that [`Task::parse`] takes.
    fn args(self) -> [String; 3] {
        let (kind, name, n) = match self {
            Self::Call(name, n) => ("call", name, n),
            Self::Kernel(name, n) => ("kernel", name, n),
            Self::Decode(name) => ("decode", name, 0),
        };
        [kind.into(), name.into(), n.to_string()]
    }

    /// The task that these arguments mean.
    ///
    /// # Errors
    /// They mean none.
    pub fn parse<'a>(kind: &str, name: &'a str, n: &str) -> Result<Task<'a>> {
        match kind {
            "call" => Ok(Task::Call(name, n.parse()?)),
            "kernel" => Ok(Task::Kernel(name, n.parse()?)),
            "decode" => Ok(Task::Decode(name)),
            _ => bail!("`{kind}` is no kind of task"),
        }
    }
}

/// The runtimes that can be counted.
///
/// # Errors
/// None has this name.
pub fn runtime(name: &str) -> Result<Box<dyn Runtime>> {
    match name {
        "pirn" => Ok(Box::new(Pirn::eager())),
        "wasmi" => Ok(Box::new(Wasmi::eager())),
        _ => bail!("`{name}` is no runtime that is counted here"),
    }
}

/// An instance that can do the call `export` of [`case::CALLS`].
///
/// # Errors
/// The checkout is incomplete, or the runtime refuses it.
pub fn calls(runtime: &dyn Runtime, export: &str) -> Result<Box<dyn Instance>> {
    let modules = case::calls(export)?;
    runtime.compile(&case::borrow(&modules))?.instantiate(&Wasi::default())
}

/// The kernel or program `name`.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<Case> {
    let mut cases = case::kernels()?;
    cases.extend(case::counted()?);
    cases.extend(case::vector_kernels()?);
    cases.extend(case::programs(|_, role| !matches!(role, Role::Startup | Role::Cold))?);
    cases.into_iter().find(|case| case.name == name).with_context(|| format!("there is no `{name}`"))
}

/// What callgrind collects while it runs: a frame of its own that no optimisation may take away.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn measured(task: &mut dyn FnMut()) {
    task();
    std::hint::black_box(());
}

/// Does `task`, the part that counts within [`measured`].
///
/// # Errors
/// Of the runtime.
pub fn perform(runtime: &dyn Runtime, task: Task<'_>) -> Result<()> {
    match task {
        Task::Call(export, n) => {
            let mut instance = calls(runtime, export)?;
            instance.select(export)?;
            // The first call does what is done once.
            instance.call(1)?;
            let mut result = Ok(0);
            measured(&mut || result = instance.call(n as i32));
            let right = if export == "empty" { 0 } else { n as i64 };
            ensure!(result? == right, "{} gives a wrong answer for `{export}`", runtime.name());
        }
        Task::Kernel(name, n) => {
            let mut case = find(name)?;
            case.job = Job::Kernel(n as i32);
            let program = runtime.compile(&[("main", &case.wasm)])?;
            measure::run(&*program, &case)?;
            let mut instance = program.instantiate(&case.wasi())?;
            instance.select("run")?;
            let mut result = Ok(0);
            measured(&mut || result = instance.call(n as i32));
            result?;
        }
        Task::Decode(name) => {
            let case = find(name)?;
            // What is done once a process (the table of shapes) is no part of decoding.
            runtime.compile(&[("main", &case.wasm)])?;
            let mut modules = Vec::with_capacity(DECODINGS);
            measured(&mut || modules.extend((0..DECODINGS).map(|_| runtime.compile(&[("main", &case.wasm)]))));
            modules.into_iter().try_for_each(|module| module.map(drop))?;
        }
    }
    Ok(())
}

/// Whether valgrind can be run.
pub fn valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The binary `counts`, and where callgrind may leave its files.
#[derive(Debug)]
pub struct Counter {
    binary: PathBuf,
    directory: PathBuf,
}

impl Counter {
    /// Uses this build of the binary.
    ///
    /// # Errors
    /// There is no directory for temporary files.
    pub fn new(binary: impl AsRef<Path>) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("pirn-counts-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        Ok(Self { binary: binary.as_ref().into(), directory })
    }

    /// Instructions that `runtime` executes for `task`.
    ///
    /// # Errors
    /// valgrind is missing, or the task failed.
    pub fn count(&self, runtime: &str, task: Task<'_>) -> Result<u64> {
        let file = self.directory.join(format!("{runtime}-{}", task.args().join("-").replace('/', "-")));
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--toggle-collect=measured"])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(&self.binary)
            .arg("measure")
            .arg(runtime)
            .args(task.args())
            .output()
            .context("cannot run valgrind")?;
        ensure!(output.status.success(), "{runtime} {task:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = std::fs::read_to_string(&file)?;
        let totals = text.lines().find_map(|line| line.strip_prefix("totals: ")).context("callgrind gave no totals")?;
        let count: u64 = totals.trim().parse()?;
        // The symbols are missing, or a profile was chosen that strips them.
        ensure!(count > 0, "callgrind did not find the function `measured` in {}", self.binary.display());
        Ok(if let Task::Decode(_) = task { count / DECODINGS as u64 } else { count })
    }

    /// Instructions of one iteration of the call `export`: exact.
    ///
    /// # Errors
    /// As of [`Counter::count`]; or the loop's iterations do not all cost the same.
    pub fn iteration(&self, runtime: &str, export: &str) -> Result<u64> {
        let once = self.count(runtime, Task::Call(export, CALLS))?;
        let twice = self.count(runtime, Task::Call(export, 2 * CALLS))?;
        let difference = twice.checked_sub(once).context("the longer loop takes fewer instructions")?;
        ensure!(
            difference % CALLS == 0,
            "{runtime}: {CALLS} iterations of `{export}` take {difference} instructions, which is not the same for each"
        );
        Ok(difference / CALLS)
    }

    /// Instructions of one call and return of `x + 1` by `export`, the loop without a call subtracted.
    ///
    /// # Errors
    /// As of [`Counter::iteration`].
    pub fn call(&self, runtime: &str, export: &str) -> Result<u64> {
        let (call, empty) = (self.iteration(runtime, export)?, self.iteration(runtime, "empty")?);
        call.checked_sub(empty).context("the loop with the call takes fewer instructions")
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // What stays behind is in the directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
