//! A program for wasmi 2.0, ported: "was" marks what changed, and all else is as it was, but for the names of the crate.
//!
//!     cargo run --example from_wasmi

use pirn::{
    Caller, Config, Engine, Error, Linker, Module, PauseReason, Resumable, Store, StoreLimits, StoreLimitsBuilder,
    Trap, Val, Yield,
};

const GAME: &str = r#"(module
    (import "host" "roll" (func $roll (param i32) (result i32)))
    (import "host" "say" (func $say (param f64)))
    (memory 1)
    (func (export "play") (param $rounds i32) (result i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (call $roll (i32.const 6))))
            (call $say (f64.convert_i32_s (local.get $sum)))
            (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum))
    (func (export "count") (param $n i32) (result i32)
        (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))
    (func (export "grow") (result i32) (memory.grow (i32.const 100)))
    (func (export "fall") unreachable))"#;

struct Host {
    said: Vec<f64>,
    limits: StoreLimits,
}

/// Answers what the call asks for, and gives it fuel, until it has finished.
fn finish(store: &mut Store<Host>, mut call: Resumable<i32>) -> Result<i32, Error> {
    let mut dice = (1..=6).cycle();
    loop {
        call = match call {
            Resumable::Finished(result) => return Ok(result), // was: TypedResumableCall::Finished
            // was: TypedResumableCall::HostTrap(paused), and TypedResumableCall::OutOfFuel(paused), both of which are Paused
            Resumable::Paused(paused) => match paused.reason() {
                PauseReason::Yield(sides) => {
                    assert_eq!(sides.downcast_ref(), Some(&6)); // was: paused.host_error().downcast_ref(), a type of one's own
                    paused.resume(&mut *store, &[Val::I32(dice.next().expect("endless"))])?
                }
                PauseReason::OutOfFuel { required } => {
                    store.set_fuel(required + 1_000)?; // was: paused.required_fuel()
                    paused.resume(&mut *store, &[])? // was: paused.resume(store)
                }
                reason => unreachable!("{reason:?}"),
            },
        };
    }
}

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().consume_fuel(true))?; // was: no `?`
    let module = Module::new(&engine, GAME)?;
    let mut linker = Linker::<Host>::new(&engine);
    // was: Err(Error::host(Roll { sides })), where Roll is a HostError
    linker.func_wrap("host", "roll", |sides: i32| -> Result<i32, Error> { Err(Yield::new(sides).into()) })?;
    linker.func_wrap("host", "say", |mut caller: Caller<'_, Host>, sum: f64| caller.data_mut().said.push(sum))?;

    let limits = StoreLimitsBuilder::new().memory_size(1 << 20).build();
    let mut store = Store::new(&engine, Host { said: Vec::new(), limits });
    store.limiter(|host| &mut host.limits);
    store.set_fuel(10_000)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let call = instance.get_typed_func::<i32, i32>(&store, "play")?.call_resumable(&mut store, 10)?;
    assert_eq!(finish(&mut store, call)?, 31);
    assert_eq!(store.data().said.len(), 10);

    store.set_fuel(1_000)?;
    let call = instance.get_typed_func::<i32, i32>(&store, "count")?.call_resumable(&mut store, 10_000)?;
    assert_eq!(finish(&mut store, call)?, 0);
    store.set_fuel(1_000_000)?;
    assert_eq!(instance.get_typed_func::<(), i32>(&store, "grow")?.call(&mut store, ())?, -1);
    let error = instance.get_typed_func::<(), ()>(&store, "fall")?.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Unreachable)); // was: error.as_trap_code(), TrapCode::UnreachableCodeReached
    println!("{:?}", store.data().said);
    Ok(())
}
