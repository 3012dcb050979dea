//! What `Engine::new` finds out about the build: that handlers jump, or, where they call, that nothing can be run.
//!
//! `PIRN_TAIL_UNPROVEN=1 cargo test --test probe` makes a build of the second kind: tail dispatch without optimisation.

use pirn::{Config, Engine, Instance, Module, Store, TailDispatchError};

/// Bytes of the native stack on which the probe runs.
const NATIVE_STACK: usize = 256 << 10;

/// Whether handlers of this build call where they should jump.
const CALLS: bool = UNPROVEN && !pirn_exec::OPTIMISED;
/// Whether such a build was asked for.
const UNPROVEN: bool = option_env!("PIRN_TAIL_UNPROVEN").is_some();

// It is the build that was asked for.
const _: () = assert!(pirn_exec::TAIL_DISPATCH || !UNPROVEN);

/// What `body` gives, on the small stack.
fn on_small_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> std::thread::Result<T> {
    std::thread::Builder::new().stack_size(NATIVE_STACK).spawn(body).unwrap().join()
}

#[test]
fn engines_say_whether_handlers_jump() {
    // The first engine runs the probe; later ones know.
    for _ in 0..3 {
        let engine = on_small_stack(|| Engine::new(Config::new().consume_fuel(true))).unwrap();
        if !CALLS {
            engine.unwrap();
            continue;
        }
        let error = engine.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("this build cannot run WebAssembly") && text.contains("`portable`"), "{text}");
        let grown = error.downcast_ref::<TailDispatchError>().unwrap().grown();
        println!("{text}");
        // Found out long before the stack is used up.
        assert!((16..NATIVE_STACK / 4).contains(&grown), "{grown}");
    }
}

#[test]
fn the_default_engine_panics_where_there_is_none() {
    let engine = on_small_stack(Engine::default);
    assert_eq!(engine.is_err(), CALLS);
    if let Err(payload) = engine {
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(text.contains("its handlers call each other where they should jump"), "{text}");
    }
}

/// An ordinary loop, which is what aborts where handlers call.
#[test]
fn long_loops_run_on_a_small_stack() {
    let sum = on_small_stack(|| {
        let engine = Engine::new(&Config::new())?;
        let module = Module::new(
            &engine,
            r#"(module (memory 1) (func (export "sum") (param $n i32) (result i32) (local $sum i32)
                (loop $again
                    (local.set $sum
                        (i32.add (local.get $sum) (i32.load8_u (i32.and (local.get $n) (i32.const 1020)))))
                    (local.set $sum (i32.add (local.get $sum) (i32.const 3)))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum)))"#,
        )?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        instance.get_typed_func::<i32, i32>(&store, "sum")?.call(&mut store, 1_000_000)
    })
    .unwrap();
    match sum {
        Ok(sum) => assert_eq!((sum, CALLS), (3_000_000, false)),
        Err(error) => assert_eq!((error.is::<TailDispatchError>(), CALLS), (true, true), "{error}"),
    }
}
