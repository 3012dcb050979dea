//! What the heap costs, and what it promises.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin gc
//! ```
//!
//! prints three figures, and fails if one of them is more than it may be:
//!
//! - nanoseconds for a small struct that is made, forgotten and collected, beside one call and return of `x + 1`, in alternating
//!   rounds: at most [`CALLS`] times as long, for one of 16 bytes and one of 24;
//! - bytes that the heap takes before and after [`ALLOCATED`] MiB went through it with [`LIVE`] MiB in use: the same;
//! - the longest pause that a program notices between two calls of the host, 128 new objects apart, while a whole collection goes by; for each 10 MiB
//!   in use, with 10 MiB and with 100: at most [`PAUSE`] ms. What is in use is of four sorts: one long list; binary trees; structs of seven fields
//!   with a string each in an array; and strings in an array. Each new object goes to an array, where it takes the place of another one. Beside
//!   that, how long it takes to collect the same all at once (`Store::gc`).
//!
//! Each time is the least of several, of processor time.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use pirn::{Caller, Engine, Instance, Linker, Module, Store, TypedFunc};
use pirn_suite::measure::Stopwatch;

/// How many calls of `x + 1` a small struct may take.
const CALLS: f64 = 4.0;
/// MiB in use while much is allocated.
const LIVE: i32 = 16;
/// MiB that are allocated.
const ALLOCATED: i32 = 2048;
/// Milliseconds that a pause may take for each 10 MiB in use.
const PAUSE: f64 = 1.0;

const ROUNDS: usize = 15;

const SMALL: &str = r#"(module
    (type $number (struct (field i32)))
    (type $pair (struct (field $first i32) (field $second (ref null $pair))))
    (global $last (mut (ref null $pair)) (ref.null $pair))
    (func $inc (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "empty") (param $n i32) (result i32) (local $x i32)
        (loop $next
            (local.set $x (i32.add (local.get $x) (i32.const 1)))
            (br_if $next (i32.ne (local.get $x) (local.get $n))))
        (local.get $x))
    (func (export "call") (param $n i32) (result i32) (local $x i32)
        (loop $next
            (local.set $x (call $inc (local.get $x)))
            (br_if $next (i32.ne (local.get $x) (local.get $n))))
        (local.get $x))
    (func (export "16 bytes") (param $n i32) (result i32) (local $x i32) (local $number (ref null $number))
        (loop $next
            (local.set $x (i32.add (local.get $x) (i32.const 1)))
            (local.set $number (struct.new $number (local.get $x)))
            (br_if $next (i32.ne (local.get $x) (local.get $n))))
        (struct.get $number 0 (local.get $number)))
    (func (export "24 bytes") (param $n i32) (result i32) (local $x i32) (local $pair (ref null $pair))
        (loop $next
            (local.set $x (i32.add (local.get $x) (i32.const 1)))
            (local.set $pair (struct.new $pair (local.get $x) (ref.null $pair)))
            (br_if $next (i32.ne (local.get $x) (local.get $n))))
        (struct.get $pair $first (local.get $pair))))"#;

/// Each `fill` takes a number of MiB, and gives the bytes that are in use afterwards; `churn` allocates so many MiB and forgets
/// them.
const HEAPS: &str = r#"(module
    (import "host" "tick" (func $tick))
    (rec
        (type $item (struct (field $value i32) (field $next (ref null $item))))
        (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))
        (type $record (struct
            (field i32) (field $name (ref $string)) (field i64) (field f64) (field $other (ref null $record)) (field i32) (field i32)))
        (type $records (array (mut (ref null $record))))
        (type $string (array (mut i8)))
        (type $strings (array (mut (ref null $string))))
        (type $items (array (mut (ref null $item)))))
    (global $root (mut anyref) (ref.null any))
    (global $forgotten (mut (ref null $item)) (ref.null $item))
    (func $count (param $mib i32) (param $bytes i32) (result i32)
        (i32.div_u (i32.mul (local.get $mib) (i32.const 1048576)) (local.get $bytes)))
    (func (export "list") (param $mib i32) (result i32)
        (local $n i32) (local $list (ref null $item))
        (local.set $n (call $count (local.get $mib) (i32.const 24)))
        (loop $next
            (local.set $list (struct.new $item (local.get $n) (local.get $list)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (global.set $root (local.get $list))
        (i32.mul (call $count (local.get $mib) (i32.const 24)) (i32.const 24)))
    (func $tree (param $depth i32) (result (ref $tree))
        (if (i32.eqz (local.get $depth)) (then (return (struct.new_default $tree))))
        (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
        (struct.new $tree (call $tree (local.get $depth)) (call $tree (local.get $depth))))
    ;; Trees of depth 9 in a list of trees.
    (func (export "trees") (param $mib i32) (result i32)
        (local $n i32) (local $trees (ref null $tree))
        (local.set $n (call $count (local.get $mib) (i32.const 24576)))
        (loop $next
            (local.set $trees (struct.new $tree (call $tree (i32.const 9)) (local.get $trees)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (global.set $root (local.get $trees))
        (i32.mul (call $count (local.get $mib) (i32.const 24576)) (i32.const 24576)))
    ;; Each with a name of 16 bytes, and a reference to one that was made long before: 64 + 32 + 8 bytes.
    (func (export "records") (param $mib i32) (result i32)
        (local $n i32) (local $i i32) (local $records (ref $records))
        (local.set $n (call $count (local.get $mib) (i32.const 104)))
        (local.set $records (array.new_default $records (local.get $n)))
        (global.set $root (local.get $records))
        (loop $next
            (array.set $records (local.get $records) (local.get $i)
                (struct.new $record
                    (local.get $i) (array.new_default $string (i32.const 16)) (i64.const 0) (f64.const 0)
                    (array.get $records (local.get $records) (i32.rem_u (i32.mul (local.get $i) (i32.const 7919)) (local.get $n)))
                    (i32.const 0) (i32.const 0)))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (i32.mul (local.get $n) (i32.const 104)))
    ;; Of 48 bytes.
    (func (export "strings") (param $mib i32) (result i32)
        (local $n i32) (local $i i32) (local $strings (ref $strings))
        (local.set $n (call $count (local.get $mib) (i32.const 72)))
        (local.set $strings (array.new_default $strings (local.get $n)))
        (global.set $root (local.get $strings))
        (loop $next
            (array.set $strings (local.get $strings) (local.get $i) (array.new_default $string (i32.const 48)))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (i32.mul (local.get $n) (i32.const 72)))
    (func (export "ticking churn") (param $mib i32) (result i32)
        (local $n i32) (local $items (ref $items))
        (local.set $n (call $count (local.get $mib) (i32.const 24)))
        (local.set $items (array.new_default $items (i32.const 1024)))
        (loop $next
            (array.set $items (local.get $items) (i32.and (local.get $n) (i32.const 1023))
                (struct.new $item (local.get $n) (ref.null $item)))
            (if (i32.eqz (i32.and (local.get $n) (i32.const 127))) (then (call $tick)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 0))
    (func (export "churn") (param $mib i32) (result i32)
        (local $n i32)
        (loop $mib
            (local.set $n (i32.const 43691))
            (loop $next
                (global.set $forgotten (struct.new $item (local.get $n) (ref.null $item)))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (br_if $mib (local.tee $mib (i32.sub (local.get $mib) (i32.const 1)))))
        (i32.const 0)))"#;

fn main() -> Result<()> {
    let kept = [small()?, steady()?, pauses()?];
    ensure!(kept.iter().all(|&kept| kept), "not everything is as it should be");
    Ok(())
}

/// A store with an instance of a program.
struct Running {
    engine: Engine,
    store: Store<Ticks>,
    instance: Instance,
}

/// When the program called last, and the longest time between two calls, in milliseconds.
#[derive(Default)]
struct Ticks {
    last: Option<Stopwatch>,
    longest: f64,
}

fn tick(ticks: &mut Ticks) {
    let now = Stopwatch::start();
    if let Some(last) = ticks.last.replace(now) {
        ticks.longest = ticks.longest.max(last.until(&now).as_secs_f64() * 1e3);
    }
}

impl Running {
    fn new(program: &str) -> Result<Self> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, Ticks::default());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "tick", |mut caller: Caller<'_, Ticks>| tick(caller.data_mut()))?;
        let instance = linker.instantiate(&mut store, &Module::new(&engine, program)?)?;
        Ok(Self { engine, store, instance })
    }

    fn func(&self, name: &str) -> Result<TypedFunc<i32, i32>> {
        self.instance.get_typed_func(&self.store, name).with_context(|| format!("the function {name}"))
    }

    /// Milliseconds that a function takes.
    fn time(&mut self, name: &str, argument: i32) -> Result<f64> {
        let func = self.func(name)?;
        let begin = Stopwatch::start();
        func.call(&mut self.store, argument)?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }
}

fn verdict(kept: bool) -> &'static str {
    if kept { "kept" } else { "NOT KEPT" }
}

fn small() -> Result<bool> {
    const COUNT: i32 = 2_000_000;
    const NAMES: [&str; 4] = ["empty", "call", "16 bytes", "24 bytes"];
    let mut running = Running::new(SMALL)?;
    let mut least = [f64::INFINITY; NAMES.len()];
    for _ in 0..ROUNDS {
        for (name, least) in NAMES.iter().zip(&mut least) {
            *least = least.min(running.time(name, COUNT)? * 1e6 / f64::from(COUNT));
        }
    }
    let [empty, call, ..] = least;
    let call = call - empty;
    println!("a call of x + 1: {call:.2} ns");
    let mut all = true;
    for (name, time) in NAMES.iter().zip(least).skip(2) {
        let time = time - empty;
        let kept = time <= CALLS * call;
        println!("a struct of {name}: {time:.2} ns, {:.2} calls, at most {CALLS}: {}", time / call, verdict(kept));
        all &= kept;
    }
    Ok(all)
}

fn steady() -> Result<bool> {
    let mut running = Running::new(HEAPS)?;
    running.time("trees", LIVE)?;
    // Until it has been collected with all of that in use.
    running.time("churn", 4 * LIVE)?;
    let before = running.engine.memory_usage().heaps;
    let time = running.time("churn", ALLOCATED)?;
    let after = running.engine.memory_usage().heaps;
    let kept = after == before;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{ALLOCATED} MiB allocated in {time:.0} ms with {LIVE} MiB in use: a heap of {:.1} MiB before, of {:.1} after: {}",
        mib(before),
        mib(after),
        verdict(kept)
    );
    Ok(kept)
}

fn pauses() -> Result<bool> {
    println!(
        "{:<10} {:>8} {:>18} {:>14} {:>16}",
        "in use", "MiB", "longest pause, ms", "for 10 MiB", "all at once, ms"
    );
    let mut all = true;
    for name in ["list", "trees", "records", "strings"] {
        for mib in [10, 100] {
            let mut running = Running::new(HEAPS)?;
            let live = running.func(name)?.call(&mut running.store, mib)?;
            let (mut pause, mut at_once) = (f64::INFINITY, f64::INFINITY);
            for _ in 0..9 {
                let begin = Stopwatch::start();
                running.store.gc();
                at_once = at_once.min(begin.elapsed().as_secs_f64() * 1e3);
            }
            for _ in 0..5 {
                *running.store.data_mut() = Ticks::default();
                // As much as is in use, at most, until one begins; and as much until it has ended.
                running.func("ticking churn")?.call(&mut running.store, 2 * mib + 8)?;
                pause = pause.min(running.store.data().longest);
            }
            let share = pause / (f64::from(live) / f64::from(10 << 20));
            println!("{name:<10} {mib:>8} {pause:>18.3} {share:>14.3} {at_once:>16.2}");
            all &= share <= PAUSE;
        }
    }
    println!("at most {PAUSE} ms for 10 MiB in use: {}", verdict(all));
    Ok(all)
}
