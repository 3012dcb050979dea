//! A host function that keeps its state in the store, and a typed call.
//!
//!     cargo run --example add

use pirn::{Caller, Engine, Linker, Module, Result, Store};

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "next" (func $next (result i32)))
            (func (export "add") (param i32 i32) (result i32)
                (i32.add (call $next) (i32.add (local.get 0) (local.get 1)))))"#,
    )?;

    // The store's data is a counter; each call of the host function advances it.
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "next", |mut caller: Caller<'_, i32>| {
        *caller.data_mut() += 1;
        *caller.data()
    })?;

    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module)?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add")?;
    for expected in [31, 32, 33] {
        let sum = add.call(&mut store, (10, 20))?;
        println!("{sum}");
        assert_eq!(sum, expected);
    }
    Ok(())
}
