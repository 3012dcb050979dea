//! What throwing and catching takes.
//!
//! ```text
//! cargo run --release -p pirn-speed --bin exceptions
//! ```
//!
//! prints nanoseconds from a call in a `try_table` to its handler, if the exception is thrown so many frames further in; the same with a
//! `try` and `catch`, and with a reference to the exception, which is thrown on; and for comparison, what returning through as many frames takes
//! with a test in each, as a program does that has no exceptions. Each is the least of several runs.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use pirn::{Engine, Instance, Module, Store};
use std::time::Instant;

const PROGRAM: &str = r#"(module
    (tag $t (param i32))
    (func $throw (param $depth i32)
        (if (i32.le_s (local.get $depth) (i32.const 1)) (then (throw $t (i32.const 1))))
        (call $throw (i32.sub (local.get $depth) (i32.const 1))))
    (func $return (param $depth i32) (result i32)
        (if (i32.le_s (local.get $depth) (i32.const 1)) (then (return (i32.const 1))))
        (if (call $return (i32.sub (local.get $depth) (i32.const 1))) (then (return (i32.const 1))))
        (i32.const 0))
    (func (export "try_table") (param $depth i32) (param $rounds i32) (result i32) (local $sum i32)
        (loop $next
            (block $h (result i32)
                (try_table (catch $t $h) (call $throw (local.get $depth)))
                (unreachable))
            (local.set $sum (i32.add (local.get $sum)))
            (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum))
    (func (export "try") (param $depth i32) (param $rounds i32) (result i32) (local $sum i32)
        (loop $next
            try (result i32) local.get $depth call $throw unreachable catch $t end
            (local.set $sum (i32.add (local.get $sum)))
            (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum))
    (func $again (param $depth i32)
        (block $h (result exnref)
            (try_table (catch_all_ref $h) (call $throw (local.get $depth)))
            (unreachable))
        (throw_ref))
    (func (export "throw_ref") (param $depth i32) (param $rounds i32) (result i32) (local $sum i32)
        (loop $next
            (block $h (result i32)
                (try_table (catch $t $h) (call $again (local.get $depth)))
                (unreachable))
            (local.set $sum (i32.add (local.get $sum)))
            (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum))
    (func (export "return") (param $depth i32) (param $rounds i32) (result i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (call $return (local.get $depth))))
            (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum)))"#;

const DEPTHS: [i32; 3] = [1, 10, 100];
const RUNS: usize = 7;

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, PROGRAM)?, &[])?;
    println!("nanoseconds   {}", DEPTHS.map(|depth| format!("{depth:>5} deep")).join(""));
    for name in ["try_table", "try", "throw_ref", "return"] {
        let func = instance.get_typed_func::<(i32, i32), i32>(&store, name).context(name)?;
        let mut line = format!("{name:<14}");
        for depth in DEPTHS {
            let rounds = 2_000_000 / (depth + 9);
            let mut least = f64::INFINITY;
            for _ in 0..RUNS {
                let start = Instant::now();
                let sum = func.call(&mut store, (depth, rounds))?;
                least = least.min(start.elapsed().as_nanos() as f64 / f64::from(rounds));
                ensure!(sum == rounds, "{name}: a wrong sum");
            }
            line += &format!("{least:>10.0}");
        }
        println!("{line}");
    }
    Ok(())
}
