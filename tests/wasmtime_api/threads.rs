//! One engine and one module for several threads, each with a store; and a store that goes to another thread.

use pirn::*;
use std::sync::Arc;
use std::thread;

fn run(engine: &Engine, module: &Module, linker: &Linker<u32>) -> Result<()> {
    let mut store = Store::new(engine, 0);
    for _ in 0..5 {
        let instance = linker.instantiate(&mut store, module)?;
        instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
    }
    let moved = thread::spawn(move || {
        *store.data_mut() += 1;
        store
    });
    let store = moved.join().expect("it does not panic");
    assert_eq!(*store.data(), 6);
    Ok(())
}

#[test]
fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (func $hello (import "global" "hello")) (func (export "run") (call $hello)))"#,
    )?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("global", "hello", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)?;
    let linker = Arc::new(linker);
    let children: Vec<_> = (0..4)
        .map(|_| {
            let (engine, module, linker) = (engine.clone(), module.clone(), linker.clone());
            thread::spawn(move || run(&engine, &module, &linker))
        })
        .collect();
    for child in children {
        child.join().expect("no thread panics")?;
    }
    Ok(())
}
