//! What it costs that a guest can be stopped, and that calls can wait.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin control [FILTER...]
//! ```
//!
//! prints for each kernel and judging program whose name contains one of the filters (all, if there is none) the fastest of
//! several alternating runs of pirn with fuel, with deadlines, and with neither, and the ratios of the first two to the
//! last. Then, in nanoseconds: a call, a call that could pause, a pause; and the call of a host function from WebAssembly,
//! a plain one, an async one that is ready at once, and one that waits once.

#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use pirn::{Config, Engine, Instance, Linker, Module, Resumable, Store};
use pirn_suite::Runtime;
use pirn_suite::adapters::Pirn;
use pirn_suite::case::{self, Role};
use pirn_suite::measure::Effort;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut cases = case::kernels()?;
    cases.extend(case::programs(|_, role| role == Role::Judge)?);
    cases.retain(|case| filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter)));
    let runtimes: [Box<dyn Runtime>; 3] =
        [Box::new(Pirn::metered()), Box::new(Pirn::with_deadlines()), Box::new(Pirn::eager())];
    pirn_speed::table(&runtimes, &cases, Effort { rounds: 15, time: Duration::from_secs(4) })?;
    pauses()?;
    host_calls()
}

/// Nanoseconds that one of `count` takes, in the fastest of several rounds.
fn each(count: u32, mut round: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let begin = Instant::now();
        round()?;
        best = best.min(begin.elapsed().as_nanos() as f64 / f64::from(count));
    }
    Ok(best)
}

fn pauses() -> Result<()> {
    const COUNT: i32 = 10_000;
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    // An iteration costs 5, a call 6.
    let module = Module::new(
        &engine,
        r#"(module (func (export "count") (param i32) (result i32)
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 0)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let count = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i32>(&store, "count")?;
    store.set_fuel(u64::MAX)?;
    let call = each(COUNT as u32, || {
        for _ in 0..COUNT {
            count.call(&mut store, 1)?;
        }
        Ok(())
    })?;
    let resumable = each(COUNT as u32, || {
        for _ in 0..COUNT {
            ensure!(count.call_resumable(&mut store, 1)?.finished() == Some(0));
        }
        Ok(())
    })?;
    let pause = each(COUNT as u32, || {
        store.set_fuel(1)?;
        let (mut call, mut pauses) = (count.call_resumable(&mut store, COUNT)?, 0);
        while let Resumable::Paused(paused) = call {
            pauses += 1;
            store.set_fuel(5)?;
            call = paused.resume(&mut store, &[])?;
        }
        ensure!(pauses == COUNT);
        Ok(())
    })?;
    println!("\ncall {call:.1} ns, resumable call {resumable:.1} ns, pause and resume {pause:.1} ns");
    Ok(())
}

fn host_calls() -> Result<()> {
    const COUNT: u32 = 100_000;
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("host", "plain", |n: i32| n + 1)?;
    linker.func_wrap_async("host", "ready", |_, (n,): (i32,)| Box::new(async move { n + 1 }))?;
    linker.func_wrap_async("host", "waits", |_, (n,): (i32,)| {
        Box::new(async move {
            let mut waited = false;
            std::future::poll_fn(
                |_| {
                    if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
                },
            )
            .await;
            n + 1
        })
    })?;
    let names = ["plain", "ready", "waits"];
    let imports: String =
        names.map(|name| format!(r#"(import "host" "{name}" (func ${name} (param i32) (result i32)))"#)).concat();
    let loops: String = names
        .map(|name| {
            format!(
                r#"(func (export "{name}") (param $n i32) (result i32) (local $sum i32)
                    (loop $next
                        (local.set $sum (call ${name} (local.get $sum)))
                        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (local.get $sum))"#
            )
        })
        .concat();
    let module = Module::new(&engine, format!("(module {imports} {loops})"))?;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module)?;
    // All by `call_async`, so that nothing else differs.
    let mut times = [f64::INFINITY; 3];
    for _ in 0..3 {
        for (name, best) in names.iter().zip(&mut times) {
            let func = instance.get_typed_func::<u32, u32>(&store, name)?;
            let time = each(COUNT, || {
                let mut call = pin!(func.call_async(&mut store, COUNT));
                // An executor that does nothing but poll.
                let mut context = Context::from_waker(Waker::noop());
                let result = loop {
                    if let Poll::Ready(result) = call.as_mut().poll(&mut context) {
                        break result?;
                    }
                };
                ensure!(result == COUNT);
                Ok(())
            })?;
            *best = best.min(time);
        }
    }
    let [plain, ready, waits] = times;
    println!(
        "host function: plain {plain:.1} ns, async and ready {ready:.1} ns ({:.2}), async and waits once {waits:.1} ns",
        ready / plain
    );
    Ok(())
}
