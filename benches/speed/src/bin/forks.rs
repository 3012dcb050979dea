//! What copies of stores take, and instances that are put back.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin forks                          # wasmtime too: --features wasmtime
//! ```
//!
//! prints microseconds, the least of many rounds:
//!
//! - of a store with a memory of 16 MiB that has been written to everywhere: the first copy; a copy, made and dropped, of a store that has not run since
//!   the last one; with a call in the copy that writes to one page; of a store in which a call has written to one page since the last copy; with a paused
//!   call of five frames that goes on in the copy to its end; with 64 KiB instead;
//! - of an instance with 1 MiB of data in a memory of 16 MiB: instantiated anew, in a new store, and put back, each with a call that writes to one page;
//! - the same for wasmi and wasmtime, as far as they can: a copy is another instance, with the bytes of the memory copied. wasmtime takes instances
//!   from its pool, whose memories are mapped from the module's data, copied on writing.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use pirn::Yield;
use std::time::Instant;

/// A program whose memory has so many pages, and so many bytes of data.
fn program(pages: u32, data: usize) -> String {
    format!(
        r#"(module
    (import "host" "ask" (func $ask (result i32)))
    (memory (export "memory") {pages})
    (table 100 funcref) (elem (i32.const 0) func $touch $run)
    (data (i32.const 4096) "{}")
    (func (export "fill") (result i32) (local $at i32)
        (loop $next
            (i32.store (local.get $at) (i32.add (local.get $at) (i32.const 1)))
            (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1024))) (i32.const {}))))
        (local.get $at))
    (func $touch (export "touch") (result i32)
        (i32.store (i32.const 65000) (i32.add (i32.const 1) (i32.load (i32.const 65000))))
        (i32.load (i32.const 65000)))
    (func $run (export "run") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $run (i32.sub (local.get 0) (i32.const 1)))))
            (else (call $ask)))))"#,
        "d".repeat(data),
        u64::from(pages) << 16,
    )
}

/// Microseconds of `work`, the least of many rounds of a few.
fn least(rounds: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    const EACH: usize = 8;
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let begin = Instant::now();
        for _ in 0..EACH {
            work()?;
        }
        least = least.min(begin.elapsed().as_nanos() as f64 / EACH as f64 / 1e3);
    }
    Ok(least)
}

fn pirn_copies(linker: &pirn::Linker<()>, pages: u32) -> Result<()> {
    let engine = linker.engine();
    let module = pirn::Module::new(engine, program(pages, 0))?;
    let mut store = pirn::Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let func = |name: &str| instance.get_typed_func::<(), i32>(&store, name);
    let (fill, touch) = (func("fill")?, func("touch")?);
    let run = instance.get_typed_func::<i32, i32>(&store, "run")?;
    fill.call(&mut store, ())?;
    let begin = Instant::now();
    drop(store.fork(())?);
    let first = begin.elapsed().as_micros();
    let untouched = least(500, || {
        store.fork(())?;
        Ok(())
    })?;
    let called = least(500, || {
        let mut copy = store.fork(())?;
        ensure!(copy.forked(touch)?.call(&mut copy, ())? > 0);
        Ok(())
    })?;
    let written = least(50, || {
        touch.call(&mut store, ())?;
        store.fork(())?;
        Ok(())
    })?;
    let paused = run.call_resumable(&mut store, 4)?.paused().context("it asks")?;
    drop(store.fork(())?);
    let resumed = least(500, || {
        let mut copy = store.fork(())?;
        let result = paused.fork(&mut copy)?.resume(&mut copy, &[pirn::Val::I32(1)])?;
        ensure!(result.finished() == Some(5));
        Ok(())
    })?;
    println!(
        "pirn     {:>5} KiB copied: first {first} us; untouched {untouched:.1}; and a call {called:.1}; written to {written:.1}; a paused call goes on \
         {resumed:.1}",
        pages * 64
    );
    Ok(())
}

fn pirn_instances(linker: &pirn::Linker<()>) -> Result<()> {
    let engine = linker.engine();
    let module = pirn::Module::new(engine, program(256, 1 << 20))?;
    let anew = least(50, || {
        let mut store = pirn::Store::new(engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        ensure!(instance.get_typed_func::<(), i32>(&store, "touch")?.call(&mut store, ())? != 0);
        Ok(())
    })?;
    let mut store = pirn::Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let touch = instance.get_typed_func::<(), i32>(&store, "touch")?;
    let expected = touch.call(&mut store, ())?;
    let begin = Instant::now();
    instance.reset(&mut store)?;
    let first = begin.elapsed().as_micros();
    let reset = least(500, || {
        ensure!(touch.call(&mut store, ())? == expected);
        Ok(instance.reset(&mut store)?)
    })?;
    println!("pirn     1 MiB of data, with a call: anew {anew:.1} us; reset {reset:.1} (the first time {first})");
    Ok(())
}

fn wasmi(pages: u32, data: usize) -> Result<f64> {
    let engine = wasmi::Engine::default();
    let mut linker = wasmi::Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", || 1)?;
    let module = wasmi::Module::new(&engine, wat::parse_str(program(pages, data))?)?;
    let mut store = wasmi::Store::new(&engine, ());
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    instance.get_typed_func::<(), i32>(&store, "fill")?.call(&mut store, ())?;
    let memory = instance.get_memory(&store, "memory").context("a memory")?;
    let is_copy = data == 0;
    least(20, || {
        let mut copy = wasmi::Store::new(&engine, ());
        let there = linker.instantiate_and_start(&mut copy, &module)?;
        if is_copy {
            let to = there.get_memory(&copy, "memory").context("a memory")?;
            to.data_mut(&mut copy).copy_from_slice(memory.data(&store));
        }
        ensure!(there.get_typed_func::<(), i32>(&copy, "touch")?.call(&mut copy, ())? != 0);
        Ok(())
    })
}

#[cfg(feature = "wasmtime")]
fn wasmtime(pages: u32, data: usize) -> Result<f64> {
    use wasmtime::{InstanceAllocationStrategy, PoolingAllocationConfig};
    let mut config = wasmtime::Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::new()));
    let engine = wasmtime::Engine::new(&config)?;
    let mut linker = wasmtime::Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", || 1)?;
    let module = wasmtime::Module::new(&engine, wat::parse_str(program(pages, data))?)?;
    let prepared = linker.instantiate_pre(&module)?;
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = prepared.instantiate(&mut store)?;
    instance.get_typed_func::<(), i32>(&mut store, "fill")?.call(&mut store, ())?;
    let memory = instance.get_memory(&mut store, "memory").context("a memory")?;
    let is_copy = data == 0;
    least(20, || {
        let mut copy = wasmtime::Store::new(&engine, ());
        let there = prepared.instantiate(&mut copy)?;
        if is_copy {
            let to = there.get_memory(&mut copy, "memory").context("a memory")?;
            to.data_mut(&mut copy).copy_from_slice(memory.data(&store));
        }
        ensure!(there.get_typed_func::<(), i32>(&mut copy, "touch")?.call(&mut copy, ())? > 0);
        Ok(())
    })
}

/// A runtime that has no copies: the time of another instance, with the bytes of a memory of so many pages copied or with so much data.
type Anew = fn(pages: u32, data: usize) -> Result<f64>;

fn main() -> Result<()> {
    let engine = pirn::Engine::default();
    let mut linker = pirn::Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", || -> pirn::Result<i32> { Err(Yield::new(()).into()) })?;
    pirn_copies(&linker, 256)?;
    pirn_copies(&linker, 1)?;
    pirn_instances(&linker)?;
    let others: &[(&str, Anew)] = &[
        ("wasmi", wasmi),
        #[cfg(feature = "wasmtime")]
        ("wasmtime", wasmtime),
    ];
    for (name, anew) in others {
        println!("{name:<9}16384 KiB, instantiated anew, copied, and a call: {:.1} us", anew(256, 0)?);
        println!("{name:<9}   64 KiB, instantiated anew, copied, and a call: {:.1} us", anew(1, 0)?);
        println!("{name:<9}1 MiB of data, with a call: anew {:.1} us", anew(256, 1 << 20)?);
    }
    Ok(())
}
