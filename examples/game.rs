//! Scripts of a game, with a budget for each frame that is drawn: a script runs until it waits for the next frame or its share is
//! used up, and goes on where it was. So a script is written as if it had the machine for itself, and the frame is never late.
//!
//!     cargo run --example game

use pirn::{Config, Engine, Linker, Module, PauseReason, Paused, Result, Resumable, Store, Yield};

/// Fuel for all scripts of a frame: about as many operators.
const BUDGET: u64 = 30_000;

/// `patrol` walks to and fro, a step a frame. `think` computes for as long as it takes, then shows a number, again and again.
const SCRIPTS: &str = r#"(module
    (import "game" "move" (func $move (param i32)))
    (import "game" "next_frame" (func $next_frame))
    (func (export "patrol") (local $step i32)
        (loop $walk
            (call $move (if (result i32) (i32.lt_u (i32.rem_u (local.get $step) (i32.const 8)) (i32.const 4))
                (then (i32.const 1)) (else (i32.const -1))))
            (local.set $step (i32.add (local.get $step) (i32.const 1)))
            (call $next_frame)
            (br $walk)))
    (func (export "think") (local $n i32)
        (loop $again
            (local.set $n (i32.const 0))
            (loop $compute
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $compute (i32.lt_u (local.get $n) (i32.const 9000))))
            (call $move (i32.const 10))
            (call $next_frame)
            (br $again))))"#;

/// A script in its own store, whose data is where its actor stands.
struct Script {
    name: &'static str,
    store: Store<i32>,
    call: Option<Paused<()>>,
}

/// Runs a script until it waits for the next frame, or its fuel is used up; says which.
fn run(script: &mut Script, share: u64) -> Result<&'static str> {
    script.store.set_fuel(share)?;
    let Some(call) = script.call.take() else { return Ok("has ended") };
    Ok(match call.resume(&mut script.store, &[])? {
        Resumable::Finished(()) => "has ended",
        Resumable::Paused(call) => {
            let waits = matches!(call.reason(), PauseReason::Yield(_));
            script.call = Some(call);
            if waits { "waits" } else { "is not done yet" }
        }
    })
}

fn main() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(&engine, SCRIPTS)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("game", "move", |mut caller: pirn::Caller<'_, i32>, by: i32| *caller.data_mut() += by)?;
    linker.func_wrap("game", "next_frame", || -> Result<()> { Err(Yield::new(()).into()) })?;

    let mut scripts = Vec::new();
    for name in ["patrol", "think"] {
        let mut store = Store::new(&engine, 0);
        let script = linker.instantiate(&mut store, &module)?.get_typed_func::<(), ()>(&store, name)?;
        // Without fuel it pauses before its first operator.
        let call = script.call_resumable(&mut store, ())?.paused();
        scripts.push(Script { name, store, call });
    }
    for frame in 0..20 {
        let share = BUDGET / scripts.len() as u64;
        for script in &mut scripts {
            let how = run(script, share)?;
            println!("frame {frame:>2}: {:<6} at {:>2}, {how}", script.name, script.store.data());
        }
    }
    assert_eq!(scripts.iter().map(|script| *script.store.data()).collect::<Vec<_>>(), [4, 40]);
    Ok(())
}
