//! One process compiles, another one runs what it finds in a file.

use pirn::*;
use std::path::Path;

fn serialize() -> Result<Vec<u8>> {
    let engine = Engine::default();
    let path = std::env::temp_dir().join(format!("pirn-hello-{}.wat", std::process::id()));
    std::fs::write(&path, r#"(module (import "" "hello" (func $hello)) (func (export "run") (call $hello)))"#)?;
    let module = Module::from_file(&engine, &path)?;
    std::fs::remove_file(&path)?;
    let serialized = module.serialize()?;
    Ok(serialized)
}

fn run(mut store: Store<()>, module: &Module) -> Result<u32> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    let called = Arc::new(AtomicU32::new(0));
    let counter = called.clone();
    let hello = Func::wrap(&mut store, move || _ = counter.fetch_add(1, Ordering::Relaxed));
    let imports = [hello.into()];
    let instance = Instance::new(&mut store, module, &imports)?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    run.call(&mut store, ())?;
    Ok(called.load(Ordering::Relaxed))
}

fn deserialize(buffer: &[u8]) -> Result<u32> {
    let store: Store<()> = Store::default();
    let engine = store.engine().clone();
    // SAFETY: the bytes are those that `serialize` gave.
    let module = unsafe { Module::deserialize(&engine, buffer)? };
    run(store, &module)
}

fn deserialize_file(path: &Path) -> Result<u32> {
    let store: Store<()> = Store::default();
    // SAFETY: the file holds the bytes that `serialize` gave.
    let module = unsafe { Module::deserialize_file(store.engine(), path)? };
    run(store, &module)
}

#[test]
fn main() -> Result<()> {
    let file = serialize()?;
    assert!(matches!(Engine::detect_precompiled(&file), Some(Precompiled::Module)));
    assert_eq!(deserialize(&file)?, 1);
    let path = std::env::temp_dir().join(format!("pirn-hello-{}.module", std::process::id()));
    std::fs::write(&path, &file)?;
    assert_eq!(deserialize_file(&path)?, 1);
    std::fs::remove_file(&path)?;
    Ok(())
}
