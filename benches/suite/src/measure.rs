//! Alternating runs, checked before they count.
//!
//! The machine's speed drifts and other processes disturb; so what is measured is the processor's time and not the
//! clock's, the runtimes take turns, round by round, and the fastest round of each is what it needs: disturbances only add.

use crate::case::{Answer, Case, Job};
use crate::runtime::{Program, Runtime};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// Measures how long this process has computed since: time in which others had the processor does not count.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Duration);

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Self {
        Self(processor_time())
    }

    /// How much processor time they have had between this and another.
    pub fn until(&self, later: &Self) -> Duration {
        later.0.saturating_sub(self.0)
    }

    /// How much processor time all threads of this process together have had since.
    pub fn elapsed(&self) -> Duration {
        processor_time().saturating_sub(self.0)
    }
}

/// How much processor time the processes that this one started, and waited for, have had.
#[cfg(unix)]
pub fn processor_time_of_children() -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a place of that type, which is written when there is no error.
    let usage = unsafe {
        let error = libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        assert_eq!(error, 0, "every Unix knows its children");
        usage.assume_init()
    };
    let time = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Where nobody says, the time on the wall: as long as one process at a time is waited for, that is near.
#[cfg(not(unix))]
pub fn processor_time_of_children() -> Duration {
    processor_time()
}

#[cfg(unix)]
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a place of that type.
    let error = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(error, 0, "every Unix has this clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Where there is no such clock, the one on the wall.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static BEGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed()
}

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// At least so many rounds.
    pub rounds: u32,
    /// And at most so much time for a case, unless the least number of rounds takes more.
    pub time: Duration,
}

/// What a runtime did with a case: the fastest time, or why there is none.
pub type Outcome = Result<Duration>;

/// One run: instantiation is not timed.
///
/// # Errors
/// Of the runtime.
pub fn run(program: &dyn Program, case: &Case) -> Result<(Duration, Answer)> {
    let wasi = case.wasi();
    let mut instance = program.instantiate(&wasi)?;
    if let Job::Kernel(_) = case.job {
        instance.select("run")?;
    }
    let begin = Stopwatch::start();
    match case.job {
        Job::Kernel(n) => {
            let value = instance.call(n)?;
            Ok((begin.elapsed(), Answer::Value(value)))
        }
        Job::Command { .. } => {
            let status = instance.start()?;
            let time = begin.elapsed();
            Ok((time, Answer::Output { status, stdout: wasi.stdout() }))
        }
        Job::Startup(_) => Ok((begin.elapsed(), Answer::Value(0))),
    }
}

/// Compiles `case` and runs it once, which is not timed: whatever is done lazily is done then.
fn prepare(runtime: &dyn Runtime, case: &Case) -> Result<(Box<dyn Program>, Answer)> {
    let program = runtime.compile(&[("main", &case.wasm)])?;
    let (_, answer) = run(&*program, case)?;
    case.check(&answer)?;
    Ok((program, answer))
}

/// Runs `case` on all `runtimes` in turns. The answer that counts as right is the one the manifest gives, or else that
/// of the first runtime that has one.
pub fn compare(runtimes: &[Box<dyn Runtime>], case: &Case, effort: Effort) -> Vec<Outcome> {
    let mut right: Option<(Answer, &str)> = None;
    let mut prepared: Vec<Result<Box<dyn Program>>> = Vec::new();
    for runtime in runtimes {
        let program = prepare(&**runtime, case).and_then(|(program, answer)| {
            let (right, whose) = right.get_or_insert_with(|| (answer.clone(), runtime.name()));
            ensure!(
                answer == *right,
                "{}: the answer is {}, but {whose} says {}",
                case.name,
                answer.summary(),
                right.summary()
            );
            Ok(program)
        });
        prepared.push(program.with_context(|| format!("{} cannot run {}", runtime.name(), case.name)));
    }

    let mut best: Vec<Outcome> = prepared.iter().map(|_| Ok(Duration::MAX)).collect();
    let begin = Instant::now();
    let mut round = 0;
    while round < effort.rounds || (begin.elapsed() < effort.time && round < 10 * effort.rounds) {
        for (program, best) in prepared.iter().zip(&mut best) {
            if let (Ok(program), Ok(fastest)) = (program, best.as_mut()) {
                match run(&**program, case) {
                    Ok((time, _)) => *fastest = time.min(*fastest),
                    Err(error) => *best = Err(error),
                }
            }
        }
        round += 1;
    }
    prepared.into_iter().zip(best).map(|(program, best)| program.and(best)).collect()
}

/// Runs two builds of a program on one runtime in turns: the fastest time of each.
///
/// # Errors
/// The runtime cannot run one of them, or it gives a wrong answer.
pub fn compare_builds(runtime: &dyn Runtime, builds: [&Case; 2], effort: Effort) -> Result<[Duration; 2]> {
    let prepare = |case: &Case| {
        let program = prepare(runtime, case).with_context(|| format!("{} cannot run {}", runtime.name(), case.name))?;
        Ok::<_, anyhow::Error>(program)
    };
    let [(first, right), (second, other)] = [prepare(builds[0])?, prepare(builds[1])?];
    ensure!(other == right, "{} and {} answer differently", builds[0].name, builds[1].name);
    let mut best = [Duration::MAX; 2];
    let begin = Instant::now();
    let mut round = 0;
    while round < effort.rounds || (begin.elapsed() < effort.time && round < 10 * effort.rounds) {
        for ((program, case), best) in [&first, &second].into_iter().zip(builds).zip(&mut best) {
            *best = run(&**program, case)?.0.min(*best);
        }
        round += 1;
    }
    Ok(best)
}

/// Geometric mean; `None` of nothing.
pub fn geomean(ratios: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = ratios.into_iter().fold((0.0, 0), |(sum, count), ratio| (sum + ratio.ln(), count + 1));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

/// Median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        len if len % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}
