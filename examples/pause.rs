//! Two programs share one thread: each runs a while, is paused when its fuel is used up, and goes on later. One of them
//! waits for the host as well.
//!
//!     cargo run --example pause

use pirn::{Config, Engine, Linker, Module, PauseReason, Result, Resumable, Store, Val, Yield};

fn main() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let mut linker = Linker::<()>::new(&engine);
    // The answer is not there yet: yield, and let the embedder bring it.
    linker.func_wrap("host", "ask", |question: i32| -> Result<i32> { Err(Yield::new(question).into()) })?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "ask" (func $ask (param i32) (result i32)))
            (func (export "primes") (param $below i32) (result i32) (local $n i32) (local $d i32) (local $count i32)
                (local.set $n (i32.const 2))
                (loop $next
                    (local.set $d (i32.const 1))
                    (block $composite
                        (loop $try
                            (local.set $d (i32.add (local.get $d) (i32.const 1)))
                            (if (i32.lt_u (local.get $d) (local.get $n))
                                (then
                                    (br_if $try (i32.rem_u (local.get $n) (local.get $d)))
                                    (br $composite))))
                        (local.set $count (i32.add (local.get $count) (i32.const 1))))
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $n) (local.get $below))))
                (local.get $count))
            (func (export "sum") (param $n i32) (result i32) (local $sum i32)
                (loop $next
                    (local.set $sum (i32.add (local.get $sum) (call $ask (local.get $n))))
                    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;

    let mut calls = Vec::new();
    for (name, argument) in [("primes", 100), ("sum", 5)] {
        let f = instance.get_typed_func::<i32, i32>(&store, name)?;
        calls.push((name, f.call_resumable(&mut store, argument)?));
    }
    // In turns, until all have returned.
    let mut results = Vec::new();
    while !calls.is_empty() {
        for (name, call) in std::mem::take(&mut calls) {
            let paused = match call {
                Resumable::Finished(result) => {
                    println!("{name}: {result}");
                    results.push(result);
                    continue;
                }
                Resumable::Paused(paused) => paused,
            };
            let answers = match paused.reason() {
                PauseReason::Yield(question) => {
                    vec![Val::I32(10 * question.downcast_ref::<i32>().expect("`ask` yields one"))]
                }
                // Out of fuel.
                _ => vec![],
            };
            store.set_fuel(2_000)?;
            calls.push((name, paused.resume(&mut store, &answers)?));
        }
    }
    assert_eq!(results, [150, 25]);
    Ok(())
}
