//! What paused executions take, in bytes and in time.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin paused [COUNT]                 # wasmtime too: --features wasmtime
//! ```
//!
//! prints for pirn, for wasmi and for wasmtime (whose host functions pause by being async, each call on a stack of its own, one in a store), each in
//! processes of its own:
//!
//! - a million executions (or COUNT) that pause in one store, five frames deep: bytes each, of the process and by the engine's account,
//!   and nanoseconds to begin one until it pauses, to go on with one to its end, in any order, on this thread and on another, and to drop
//!   one;
//! - a tenth as many stores with an instance each, each paused so: bytes each;
//! - nanoseconds that a pause takes until the execution has gone on, at several depths, and what the same host function takes that does
//!   not yield.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail, ensure};
use pirn::{PauseReason, StoreLimitsBuilder, Yield};
use std::fmt;
use std::hint::black_box;
use std::process::Command;
use std::thread;
use std::time::Instant;

/// Calls itself to so many frames, and asks so often.
const PROGRAM: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (func $run (export "run") (param $frames i32) (param $rounds i32) (result i32) (local $sum i32)
        (if (i32.gt_s (local.get $frames) (i32.const 1))
            (then (return (i32.add
                (call $run (i32.sub (local.get $frames) (i32.const 1)) (local.get $rounds))
                (i32.const 1)))))
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (call $ask (local.get $sum))))
            (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum)))"#;

/// What the host answers.
const ANSWER: i32 = 1;

/// Frames of those that are many.
const FRAMES: i32 = 5;

/// A runtime, and one program for it.
trait Subject: Sized {
    type Store: Send;
    type Paused: Send;

    /// Its host function yields, or else gives the answer.
    fn new(yields: bool) -> Result<Self>;
    /// A store with an instance, and room for so many paused executions.
    fn store(&self, most: usize) -> Result<Self::Store>;
    fn call(store: &mut Self::Store, frames: i32, rounds: i32) -> Result<i32>;
    fn begin(store: &mut Self::Store, frames: i32, rounds: i32) -> Result<Self::Paused>;
    /// The result if it has returned, or the execution, which has paused again.
    fn go_on(store: &mut Self::Store, paused: Self::Paused) -> Result<std::result::Result<i32, Self::Paused>>;
    /// Bytes that paused executions hold, if it tells.
    fn account(&self) -> Option<u64>;
}

struct Pirn {
    engine: pirn::Engine,
    linker: pirn::Linker<()>,
    module: pirn::Module,
}

impl Subject for Pirn {
    type Store = (pirn::Store<()>, pirn::TypedFunc<(i32, i32), i32>);
    type Paused = pirn::Paused<i32>;

    fn new(yields: bool) -> Result<Self> {
        let engine = pirn::Engine::default();
        let mut linker = pirn::Linker::new(&engine);
        if yields {
            linker.func_wrap("host", "ask", |n: i32| -> pirn::Result<i32> { Err(Yield::new(n).into()) })?;
        } else {
            linker.func_wrap("host", "ask", |n: i32| black_box(n) - n + ANSWER)?;
        }
        let module = pirn::Module::new(&engine, PROGRAM)?;
        Ok(Self { engine, linker, module })
    }

    fn store(&self, most: usize) -> Result<Self::Store> {
        let mut store = pirn::Store::new(&self.engine, ());
        store.set_limits(StoreLimitsBuilder::new().resumable_calls(most).build());
        let run = self.linker.instantiate(&mut store, &self.module)?.get_typed_func(&store, "run")?;
        Ok((store, run))
    }

    fn call((store, run): &mut Self::Store, frames: i32, rounds: i32) -> Result<i32> {
        Ok(run.call(store, (frames, rounds))?)
    }

    fn begin((store, run): &mut Self::Store, frames: i32, rounds: i32) -> Result<Self::Paused> {
        run.call_resumable(store, (frames, rounds))?.paused().context("it asks")
    }

    fn go_on((store, _): &mut Self::Store, paused: Self::Paused) -> Result<std::result::Result<i32, Self::Paused>> {
        ensure!(matches!(paused.reason(), PauseReason::Yield(_)));
        Ok(match paused.resume(store, &[pirn::Val::I32(ANSWER)])? {
            pirn::Resumable::Finished(result) => Ok(result),
            pirn::Resumable::Paused(paused) => Err(paused),
        })
    }

    fn account(&self) -> Option<u64> {
        Some(self.engine.memory_usage().stacks)
    }
}

struct Wasmi {
    linker: wasmi::Linker<()>,
    module: wasmi::Module,
}

/// The error of a host function that yields.
#[derive(Debug)]
struct Asks;

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host function asks")
    }
}

impl wasmi::errors::HostError for Asks {}

impl Subject for Wasmi {
    type Store = (wasmi::Store<()>, wasmi::TypedFunc<(i32, i32), i32>);
    type Paused = wasmi::TypedResumableCallHostTrap<i32>;

    fn new(yields: bool) -> Result<Self> {
        let engine = wasmi::Engine::default();
        let mut linker = wasmi::Linker::new(&engine);
        if yields {
            linker.func_wrap("host", "ask", |_: i32| -> std::result::Result<i32, wasmi::Error> {
                Err(wasmi::Error::host(Asks))
            })?;
        } else {
            linker.func_wrap("host", "ask", |n: i32| black_box(n) - n + ANSWER)?;
        }
        let module = wasmi::Module::new(&engine, wat::parse_str(PROGRAM)?)?;
        Ok(Self { linker, module })
    }

    fn store(&self, _: usize) -> Result<Self::Store> {
        let mut store = wasmi::Store::new(self.linker.engine(), ());
        let run = self.linker.instantiate_and_start(&mut store, &self.module)?.get_typed_func(&store, "run")?;
        Ok((store, run))
    }

    fn call((store, run): &mut Self::Store, frames: i32, rounds: i32) -> Result<i32> {
        Ok(run.call(store, (frames, rounds))?)
    }

    fn begin((store, run): &mut Self::Store, frames: i32, rounds: i32) -> Result<Self::Paused> {
        match run.call_resumable(store, (frames, rounds))? {
            wasmi::TypedResumableCall::HostTrap(paused) => Ok(paused),
            _ => bail!("it does not ask"),
        }
    }

    fn go_on((store, _): &mut Self::Store, paused: Self::Paused) -> Result<std::result::Result<i32, Self::Paused>> {
        match paused.resume(store, &[wasmi::Val::I32(ANSWER)])? {
            wasmi::TypedResumableCall::Finished(result) => Ok(Ok(result)),
            wasmi::TypedResumableCall::HostTrap(paused) => Ok(Err(paused)),
            wasmi::TypedResumableCall::OutOfFuel(_) => bail!("fuel is not consumed"),
        }
    }

    fn account(&self) -> Option<u64> {
        None
    }
}

#[cfg(feature = "wasmtime")]
use on_wasmtime::Wasmtime;

#[cfg(feature = "wasmtime")]
mod on_wasmtime {
    use super::{ANSWER, PROGRAM, Subject};
    use anyhow::{Context as _, Result, bail};
    use std::future::Future;
    use std::hint::black_box;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    /// A store, which is away while something is paused in it.
    type Store = Option<(wasmtime::Store<()>, wasmtime::TypedFunc<(i32, i32), i32>)>;

    pub struct Wasmtime {
        linker: wasmtime::Linker<()>,
        module: wasmtime::Module,
        /// Then everything must be called as async functions are.
        yields: bool,
    }

    fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// A host function that is ready when it is asked again.
    struct Asked(bool);

    impl Future for Asked {
        type Output = i32;

        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<i32> {
            if std::mem::replace(&mut self.0, true) { Poll::Ready(ANSWER) } else { Poll::Pending }
        }
    }

    impl Subject for Wasmtime {
        type Store = Store;
        type Paused = Pin<Box<dyn Future<Output = Result<(Store, i32)>> + Send>>;

        fn new(yields: bool) -> Result<Self> {
            let engine = wasmtime::Engine::default();
            let mut linker = wasmtime::Linker::new(&engine);
            if yields {
                linker.func_wrap_async("host", "ask", |_, _: (i32,)| Box::new(Asked(false)))?;
            } else {
                linker.func_wrap("host", "ask", |n: i32| black_box(n) - n + ANSWER)?;
            }
            let module = wasmtime::Module::new(&engine, wat::parse_str(PROGRAM)?)?;
            Ok(Self { linker, module, yields })
        }

        fn store(&self, _: usize) -> Result<Store> {
            let mut store = wasmtime::Store::new(self.linker.engine(), ());
            let instance = if self.yields {
                match poll(pin!(self.linker.instantiate_async(&mut store, &self.module))) {
                    Poll::Ready(instance) => instance?,
                    Poll::Pending => bail!("nothing yields when it is instantiated"),
                }
            } else {
                self.linker.instantiate(&mut store, &self.module)?
            };
            let run = instance.get_typed_func(&mut store, "run")?;
            Ok(Some((store, run)))
        }

        fn call(store: &mut Store, frames: i32, rounds: i32) -> Result<i32> {
            let (store, run) = store.as_mut().context("nothing is paused")?;
            Ok(run.call(store, (frames, rounds))?)
        }

        fn begin(store: &mut Store, frames: i32, rounds: i32) -> Result<Self::Paused> {
            let (mut inside, run) = store.take().context("nothing is paused")?;
            let call = async move {
                let result = run.call_async(&mut inside, (frames, rounds)).await?;
                Ok((Some((inside, run)), result))
            };
            Ok(Self::go_on(store, Box::pin(call))?.err().context("it asks")?)
        }

        fn go_on(store: &mut Store, mut paused: Self::Paused) -> Result<std::result::Result<i32, Self::Paused>> {
            Ok(match poll(paused.as_mut()) {
                Poll::Pending => Err(paused),
                Poll::Ready(done) => {
                    let (inside, result) = done?;
                    *store = inside;
                    Ok(result)
                }
            })
        }

        fn account(&self) -> Option<u64> {
            None
        }
    }
}

/// Bytes that the process has in memory.
fn resident() -> Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).context("two numbers")?.parse::<usize>()? * 4096)
}

/// Nanoseconds each of so many took since then.
fn each(begin: Instant, count: usize) -> f64 {
    begin.elapsed().as_nanos() as f64 / count as f64
}

fn in_one_store<S: Subject>(count: usize) -> Result<()> {
    let subject = S::new(true)?;
    let mut store = subject.store(count)?;
    let mut paused = Vec::with_capacity(count);
    // What is allocated once.
    let first = S::begin(&mut store, FRAMES, 1)?;
    ensure!(S::go_on(&mut store, first)?.is_ok());
    let (before, now) = (resident()?, Instant::now());
    for _ in 0..count {
        paused.push(S::begin(&mut store, FRAMES, 1)?);
    }
    let (begin, bytes) = (each(now, count), (resident()? - before) / count);
    let account = subject.account().map_or(String::new(), |bytes| format!(", {} of them frames", bytes / count as u64));
    // A third goes on, in any order, another does so on another thread, and the last is dropped.
    let third = count / 3;
    let mut go_on = |paused: &mut Vec<S::Paused>| {
        let now = Instant::now();
        for n in 0..third {
            let paused = paused.swap_remove(n.wrapping_mul(0x9e37_79b1) % paused.len());
            ensure!(S::go_on(&mut store, paused)?.ok() == Some(ANSWER + FRAMES - 1));
        }
        Ok(each(now, third))
    };
    let here = go_on(&mut paused)?;
    let there = thread::scope(|scope| scope.spawn(|| go_on(&mut paused)).join().expect("it does not panic"))?;
    let (left, now) = (paused.len(), Instant::now());
    drop(paused);
    let dropped = each(now, left);
    println!(
        "{count} in one store: {bytes} bytes each{account}; begin {begin:.0} ns, go on {here:.0} ns, on another thread {there:.0} ns, \
         drop {dropped:.0} ns"
    );
    Ok(())
}

fn in_own_stores<S: Subject>(count: usize) -> Result<()> {
    let subject = S::new(true)?;
    let mut all = Vec::with_capacity(count);
    let (before, now) = (resident()?, Instant::now());
    for _ in 0..count {
        let mut store = subject.store(1)?;
        let paused = S::begin(&mut store, FRAMES, 1)?;
        all.push((store, paused));
    }
    let (begin, bytes) = (each(now, count), (resident()? - before) / count);
    let now = Instant::now();
    for (mut store, paused) in all {
        ensure!(S::go_on(&mut store, paused)?.ok() == Some(ANSWER + FRAMES - 1));
    }
    let end = each(now, count);
    println!(
        "{count} stores with an instance and a paused execution: {bytes} bytes each; make {begin:.0} ns, go on and drop {end:.0} ns"
    );
    Ok(())
}

fn at_depths<S: Subject>() -> Result<()> {
    const ROUNDS: i32 = 20_000;
    let (yields, answers) = (S::new(true)?, S::new(false)?);
    let (mut store, mut plain) = (yields.store(1)?, answers.store(1)?);
    let mut line = String::from("pause and go on:");
    for frames in [1, FRAMES, 50, 200, 300, 900] {
        let (mut best, mut call) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..8 {
            let mut paused = S::begin(&mut store, frames, ROUNDS)?;
            let now = Instant::now();
            let result = loop {
                match S::go_on(&mut store, paused)? {
                    Ok(result) => break result,
                    Err(again) => paused = again,
                }
            };
            best = best.min(each(now, ROUNDS as usize));
            ensure!(result == ANSWER * ROUNDS + frames - 1);
            let now = Instant::now();
            ensure!(S::call(&mut plain, frames, ROUNDS)? == result);
            call = call.min(each(now, ROUNDS as usize));
        }
        line += &format!(" {frames} frames {best:.0} ns ({call:.1}),");
    }
    println!("{} (in parentheses, what it takes that does not yield)", line.trim_end_matches(','));
    Ok(())
}

fn run<S: Subject>(what: &str, count: usize) -> Result<()> {
    match what {
        "one" => in_one_store::<S>(count),
        "own" => in_own_stores::<S>(count),
        "depths" => at_depths::<S>(),
        _ => bail!("unknown: {what}"),
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [subject, what, count] = &args[..] {
        let count = count.parse()?;
        return match subject.as_str() {
            "pirn" => run::<Pirn>(what, count),
            "wasmi" => run::<Wasmi>(what, count),
            #[cfg(feature = "wasmtime")]
            "wasmtime" => run::<Wasmtime>(what, count),
            _ => bail!("unknown: {subject}"),
        };
    }
    let count: usize = args.first().map_or(Ok(1_000_000), |count| count.parse())?;
    // wasmi's executions keep tens of kilobytes each, and wasmtime's a stack; in a store of it only one can be paused.
    let all = |count| vec![("one", count), ("own", count / 10), ("depths", 1)];
    let mut subjects = vec![("pirn", all(count)), ("wasmi", all(count / 20))];
    if cfg!(feature = "wasmtime") {
        subjects.push(("wasmtime", vec![("own", count / 200), ("depths", 1)]));
    }
    for (subject, cases) in subjects {
        for (what, count) in cases {
            print!("{subject:<9}");
            std::io::Write::flush(&mut std::io::stdout())?;
            let child = Command::new(std::env::current_exe()?).args([subject, what, &count.to_string()]).status()?;
            ensure!(child.success(), "{subject} failed");
        }
    }
    Ok(())
}
