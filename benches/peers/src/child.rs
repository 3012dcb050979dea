//! A process that runs one runtime on one case, when it is told to: a runtime that crashes, or that never comes back,
//! takes only its own process with it, and no runtime's memory or code layout is in another's way.
//!
//! It prints `ready ANSWER`, then for each line `go` on its standard input `value NUMBER`; or, once, `error WHY`.

use crate::plan::{COLD, EXCEPTIONS, GC, LOOPS, SIMD};
use crate::runtimes;
use anyhow::{Context, Result, bail, ensure};
use pirn_suite::case::Answer;
use pirn_suite::measure::{self, Stopwatch};
use pirn_suite::{Case, Role, Runtime, Wasi, case};
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Iterations of a loop that calls.
pub const CALLS: i32 = 500_000;

/// Instances that are made to measure the memory of one.
const INSTANCES: u32 = 8;

/// Does what the module's description says.
///
/// # Errors
/// The parent is gone.
pub fn serve(runtime: &str, group: &str, case: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match prepare(runtime, group, case) {
        Ok((answer, mut round)) => {
            writeln!(out, "ready {answer}")?;
            out.flush()?;
            for line in std::io::stdin().lock().lines() {
                line?;
                match round() {
                    Ok(measured) => writeln!(out, "value {}", measured.value)?,
                    Err(error) => writeln!(out, "error {}", one_line(&error))?,
                }
                out.flush()?;
            }
        }
        Err(error) => writeln!(out, "error {}", one_line(&error))?,
    }
    Ok(())
}

fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").replace('\n', " ")
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// In the unit of its group.
    pub value: f64,
    /// How long what is timed took; nothing, where something else is measured.
    pub time: Duration,
}

/// Measures once.
pub type Round<'a> = Box<dyn FnMut() -> Result<Measured> + 'a>;

/// Makes everything ready that is not measured, and gives the answer to compare, and what measures once.
///
/// # Errors
/// The runtime cannot do this.
pub fn prepare<'a>(runtime: &str, group: &str, name: &'a str) -> Result<(String, Round<'a>)> {
    let make = {
        let runtime = runtime.to_owned();
        move || runtimes::by_name(&runtime, None)
    };
    match group {
        "execute" | SIMD | LOOPS | GC | EXCEPTIONS => {
            let case = find(name)?;
            let program = make()?.compile(&[("main", &case.wasm)])?;
            let (_, answer) = measure::run(&*program, &case)?;
            case.check(&answer)?;
            let round = move || Ok(millis(measure::run(&*program, &case)?.0));
            Ok((answer.summary(), Box::new(round)))
        }
        "calls" => {
            let modules = case::calls(name)?;
            let program = make()?.compile(&case::borrow(&modules))?;
            let mut instance = program.instantiate(&Wasi::default())?;
            instance.select(name)?;
            let mut calls = move || {
                // The program must live as long as its instance in some runtimes.
                let _ = &program;
                if name != case::ENTRY {
                    return instance.call(CALLS);
                }
                (0..CALLS).try_fold(0, |sum, x| Ok(sum + instance.call(x)?))
            };
            let answer = calls()?;
            let round = move || {
                let begin = Stopwatch::start();
                calls()?;
                let time = begin.elapsed();
                Ok(Measured { value: time.as_secs_f64() * 1e9 / f64::from(CALLS), time })
            };
            Ok((answer.to_string(), Box::new(round)))
        }
        "startup" => {
            let case = find(name)?;
            let runtime = make()?;
            start(&*runtime, &case)?;
            let round = move || {
                let begin = Stopwatch::start();
                start(&*runtime, &case)?;
                Ok(millis(begin.elapsed()))
            };
            Ok((String::new(), Box::new(round)))
        }
        COLD => {
            let case = find(name)?;
            let process = Process::new(runtime, name)?;
            let (_, answer) = process.run()?;
            case.check(&answer)?;
            let round = move || Ok(millis(process.run()?.0));
            Ok((answer.summary(), Box::new(round)))
        }
        PEAK | KEPT | INSTANCE => {
            let case = find(name)?;
            let group = group.to_owned();
            // Only the first time counts in a process: afterwards the allocator has pages left over.
            let round = move || Ok(Measured { value: memory(&*make()?, &case, &group)?, time: Duration::ZERO });
            Ok((String::new(), Box::new(round)))
        }
        _ => bail!("there is no group `{group}`"),
    }
}

/// What [`once`] is started with: a process each time.
struct Process {
    runtime: String,
    case: String,
    /// Where machine code is kept, which goes with this.
    kept: TempDir,
}

impl Process {
    fn new(runtime: &str, case: &str) -> Result<Self> {
        Ok(Self { runtime: runtime.into(), case: case.into(), kept: tempfile::tempdir()? })
    }

    /// Runs the program in a process of its own: the processor time of all of it, and what came out.
    fn run(&self) -> Result<(Duration, Answer)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["once", &self.runtime, &self.case]).arg(self.kept.path().join("code")).stdin(Stdio::null());
        let before = measure::processor_time_of_children();
        let output = command.output().context("cannot start a process")?;
        let time = measure::processor_time_of_children().saturating_sub(before);
        ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        let mut stdout = output.stdout;
        let status = stdout.split_off(stdout.len().checked_sub(4).context("no status")?);
        let status = i32::from_le_bytes(status.try_into().expect("there are four"));
        Ok((time, Answer::Output { status, stdout }))
    }
}

/// What the processes of the group `cold` do: run a program as a tool does that is started for it. What the program wrote goes to
/// the standard output, and behind it, in four bytes, its exit status.
///
/// # Errors
/// The runtime cannot do it.
pub fn once(runtime: &str, name: &str, kept: &Path) -> Result<()> {
    // Who waits for this may be stopped, if it takes too long.
    #[cfg(target_os = "linux")]
    // SAFETY: it takes no pointers.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
    let case = case::unchecked(name)?;
    let program = runtimes::by_name(runtime, Some(kept))?.compile(&[("main", &case.wasm)])?;
    let wasi = case.wasi();
    let status = program.instantiate(&wasi)?.start()?;
    let mut out = std::io::stdout().lock();
    out.write_all(&wasi.stdout())?;
    out.write_all(&status.to_le_bytes())?;
    Ok(out.flush()?)
}

fn millis(time: Duration) -> Measured {
    Measured { value: time.as_secs_f64() * 1e3, time }
}

fn find(name: &str) -> Result<Case> {
    let mut kernels = case::kernels()?;
    for more in [case::vector_kernels()?, case::loops()?, case::gc_kernels()?, case::exception_kernels()?] {
        kernels.extend(more);
    }
    let kernel = kernels.into_iter().find(|case| case.name == name);
    let mut programs = case::programs(|other, _| other == name)?;
    kernel.or_else(|| programs.pop()).with_context(|| format!("there is no case `{name}`"))
}

/// Decodes, compiles and instantiates.
fn start(runtime: &dyn Runtime, case: &Case) -> Result<()> {
    debug_assert_eq!(case.role, Role::Startup);
    let program = runtime.compile(&[("main", &case.wasm)])?;
    drop(program.instantiate(&case.wasi())?);
    Ok(())
}

/// Memory at its peak while a module is decoded and compiled.
pub const PEAK: &str = "memory while decoding";
/// Memory that the module keeps.
pub const KEPT: &str = "memory of a module";
/// Memory that one more instance takes.
pub const INSTANCE: &str = "memory of an instance";

/// KiB that the process grew by.
fn memory(runtime: &dyn Runtime, case: &Case, group: &str) -> Result<f64> {
    trim();
    // The peak begins anew here.
    std::fs::write("/proc/self/clear_refs", "5").context("memory is only measured on Linux")?;
    let before = status("VmRSS")?;
    let program = runtime.compile(&[("main", &case.wasm)])?;
    if group == PEAK {
        let peak = status("VmHWM")?;
        drop(program);
        return Ok((peak - before).max(0.0));
    }
    trim();
    if group == KEPT {
        let after = status("VmRSS")?;
        drop(program);
        return Ok((after - before).max(0.0));
    }
    // The first may do what is done once a module.
    let first = program.instantiate(&case.wasi())?;
    trim();
    let before = status("VmRSS")?;
    let instances: Vec<_> = (0..INSTANCES).map(|_| program.instantiate(&case.wasi())).collect::<Result<_>>()?;
    trim();
    let after = status("VmRSS")?;
    drop((first, instances));
    Ok(((after - before) / f64::from(INSTANCES)).max(0.0))
}

/// Gives back what the allocator keeps for later, so that what is resident is used.
fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointers, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A field of the process's status, in KiB.
fn status(field: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is only measured on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("no {field}"))?;
    let number = line.trim_start_matches(':').split_whitespace().next().context("a number follows")?;
    Ok(number.parse()?)
}
