//! Every family of handlers in a long loop, in a thread with a native stack of 256 KiB.
//!
//! Under tail dispatch a handler must leave by a jump. One that leaves by a call grows the native stack by at least a
//! return address each time it runs, so [`ROUNDS`] times it pass the end of a 256 KiB stack many times over. Results are
//! compared with sums computed here, in Rust, by semantics that share nothing with pirn's.
//!
//! - `operators`: every numeric operator with every operand class (local, constant, result of what came before) in each
//!   place, and comparisons under `br_if` and `if` as well;
//! - `memory`: loads and stores, with each class of address and value;
//! - `language`: branches, `br_table`, `select`, globals, tables, bulk operations, calls of every kind;
//! - `calls`: calls between instances, recursion to the limit by each kind of call, and panics of host functions.
//!
//! Optimised builds do 250,000 rounds, whatever assertions they have. Unoptimised ones do 2,000: they use the portable
//! loop, which leaves nothing on the stack. Under an emulator of another machine, a fifth of the rounds can be asked
//! for (`PIRN_EMULATED`, when the test is compiled): 50,000 calls still pass the end of the stack three times over.

mod calls;
mod language;
mod memory;
mod operators;

use pirn::{Caller, Config, Engine, Instance, Linker, Module, Store};

/// Rounds of each loop.
const ROUNDS: i32 = 250_000 / CUT;

/// By how much less is done than in an optimised build on its own machine.
const CUT: i32 = if !pirn_exec::OPTIMISED {
    125
} else if option_env!("PIRN_EMULATED").is_some() {
    5
} else {
    1
};

/// Bytes of the native stack.
const NATIVE_STACK: usize = 256 << 10;

/// Runs `body` on the small stack.
fn on_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(NATIVE_STACK).spawn(body).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A store with `wat` instantiated, in each way of lowering.
fn with_instances(wat: &str, body: impl FnMut(&str, &mut Store<u64>, Instance)) {
    with_ways(&[("fused", true, false), ("not fused", false, false)], wat, body);
}

/// As [`with_instances`], and consuming fuel as well.
fn with_metered_instances(wat: &str, body: impl FnMut(&str, &mut Store<u64>, Instance)) {
    with_ways(&[("fused", true, false), ("not fused", false, false), ("consuming fuel", true, true)], wat, body);
}

/// Ways have a name, whether operations are fused, and whether fuel is consumed.
fn with_ways(ways: &[(&str, bool, bool)], wat: &str, mut body: impl FnMut(&str, &mut Store<u64>, Instance)) {
    for &(way, fuse, metered) in ways {
        let mut config = Config::new();
        config.fuse(fuse).consume_fuel(metered);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, 0);
        if metered {
            store.set_fuel(u64::MAX).unwrap();
        }
        let module = Module::new(&engine, wat).unwrap_or_else(|error| panic!("{error}"));
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "nothing", || {}).unwrap();
        linker.func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b)).unwrap();
        linker.func_wrap("host", "half", |a: f64| a * 0.5).unwrap();
        linker
            .func_wrap("host", "count", |mut caller: Caller<'_, u64>, by: i64| {
                *caller.data_mut() += by as u64;
                *caller.data() as i64
            })
            .unwrap();
        linker
            .func_wrap("host", "many", |a: i64, b: f32, c: i32, d: f64| -> (f64, i32, f32, i64) { (d, c, b, a) })
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        body(way, &mut store, instance);
    }
}

/// Text of a unary operator or "operator second-operand" applied to `value`.
fn apply(operator: &str, value: &str) -> String {
    match (operator, operator.split_once(' ')) {
        ("i64.reinterpret_f32", _) => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        (_, Some((name, second))) => format!("({name} {value} {second})"),
        (_, None) => format!("({operator} {value})"),
    }
}

/// The state that follows `s`: what the loops' text does too.
fn next_state(s: u64) -> u64 {
    s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}
