//! A guest calls the host, which has state in the store.

use pirn::*;

struct State {
    name: String,
    count: usize,
}

#[test]
fn main() -> Result<()> {
    let engine = Engine::default();
    let module =
        Module::new(&engine, r#"(module (func $hello (import "" "hello")) (func (export "run") (call $hello)))"#)?;
    let mut store = Store::new(&engine, State { name: "world".to_string(), count: 0 });
    let hello = Func::wrap(&mut store, |mut caller: Caller<'_, State>| {
        caller.data_mut().count += 1;
        assert_eq!(caller.data().name, "world");
    });
    let imports = [hello.into()];
    let instance = Instance::new(&mut store, &module, &imports)?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    run.call(&mut store, ())?;
    run.call(&mut store, ())?;
    assert_eq!(store.data().count, 2);
    Ok(())
}
