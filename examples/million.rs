//! Many executions stand still at once, in the middle of a call that asks the host for something, and go on in any order. Meanwhile
//! each is a few hundred bytes. First all are in one store; then a tenth as many have a store and an instance each.
//!
//!     cargo run --release --example million 1000000

use pirn::{Engine, Instance, Linker, Module, PauseReason, Paused, Result, Store, StoreLimitsBuilder, Val, Yield};
use std::time::Instant;

const WORKFLOW: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (func $depth (param $left i32) (param $n i32) (result i32)
        (if (result i32) (local.get $left)
            (then (i32.add (call $depth (i32.sub (local.get $left) (i32.const 1)) (local.get $n)) (i32.const 1)))
            (else (call $ask (local.get $n)))))
    (func (export "run") (param $n i32) (result i32) (call $depth (i32.const 3) (local.get $n))))"#;

/// Begins a call, which asks for the answer to `n`.
fn begin(store: &mut Store<()>, instance: Instance, n: i32) -> Result<Paused<i32>> {
    let run = instance.get_typed_func::<i32, i32>(&*store, "run")?;
    Ok(run.call_resumable(store, n)?.paused().expect("it asks"))
}

/// Answers, and checks what the call gives.
fn finish(store: &mut Store<()>, paused: Paused<i32>) -> Result<()> {
    let PauseReason::Yield(asked) = paused.reason() else { unreachable!("it asks") };
    let n = *asked.downcast_ref::<i32>().expect("for a number");
    assert_eq!(paused.resume(store, &[Val::I32(10 * n)])?.finished(), Some(10 * n + 3));
    Ok(())
}

/// Does something with each number below `count`, and shows how long that took.
fn each(what: &str, count: usize, body: impl FnMut(usize) -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    (0..count).try_for_each(body)?;
    println!("{what:<24} {count:>8} {:>6.2} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Bytes that the process has in memory, where Linux tells.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|pages| pages.split(' ').nth(1)?.parse::<usize>().ok()).map_or(0, |pages| pages * 4096)
}

fn main() -> Result<()> {
    let count = std::env::args().nth(1).map_or(10_000, |count| count.parse().expect("a number")).max(10);
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", |n: i32| -> Result<i32> { Err(Yield::new(n).into()) })?;
    let module = Module::new(&engine, WORKFLOW)?;

    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().resumable_calls(count).build());
    let instance = linker.instantiate(&mut store, &module)?;
    let (mut paused, before) = (Vec::with_capacity(count), resident());
    each("paused in one store", count, |n| {
        paused.push(begin(&mut store, instance, n as i32)?);
        Ok(())
    })?;
    let frames = engine.memory_usage().stacks as usize / count;
    println!("{} bytes each in memory, {frames} of them frames", (resident() - before) / count);

    let (mut stores, before) = (Vec::new(), resident());
    each("stores of their own", count / 10, |n| {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        let paused = begin(&mut store, instance, n as i32)?;
        stores.push((store, paused));
        Ok(())
    })?;
    println!("{} bytes each in memory", (resident() - before) / (count / 10));
    each("gone on in any order", count, |n| finish(&mut store, paused.swap_remove(n * 7_919 % paused.len())))?;
    each("those in their own, too", count / 10, |n| {
        let (mut store, paused) = stores.swap_remove(n * 7_919 % stores.len());
        finish(&mut store, paused)
    })
}
