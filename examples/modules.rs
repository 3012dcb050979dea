//! Two modules: the second imports a function and the memory of the first.
//!
//!     cargo run --example modules

use pirn::{Engine, Linker, Module, Result, Store, Trap};

fn main() -> Result<()> {
    let engine = Engine::default();
    let counter = Module::new(
        &engine,
        r#"(module
            (memory (export "memory") 1)
            (func (export "bump") (param i32)
                (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))))"#,
    )?;
    let user = Module::new(
        &engine,
        r#"(module
            (import "counter" "bump" (func $bump (param i32)))
            (import "counter" "memory" (memory 1))
            (func (export "run") (param $n i32) (param $at i32) (result i32)
                (loop $more
                    (call $bump (local.get $at))
                    (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i32.load (local.get $at))))"#,
    )?;

    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let instance = linker.instantiate(&mut store, &counter)?;
    linker.instance(&mut store, "counter", instance)?;
    let instance = linker.instantiate(&mut store, &user)?;
    let run = instance.get_typed_func::<(i32, i32), i32>(&store, "run")?;

    assert_eq!(run.call(&mut store, (1000, 64))?, 1000);
    println!("{}", run.call(&mut store, (1000, 64))?);

    // The import's trap arrives here, wherever it happened.
    let error = run.call(&mut store, (1, 65_533)).expect_err("an i32 at 65,533 reaches beyond one page");
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    println!("{error}");
    Ok(())
}
