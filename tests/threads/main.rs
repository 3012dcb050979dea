//! Memories that threads share, and atomic instructions.
//!
//! - `stores`: stores of several threads with one memory;
//! - `waiting`: what ends waiting;
//! - `items`: how such memories are imported, exported and grown.

#![cfg(feature = "wat")]

mod items;
mod stores;
mod waiting;

use pirn::{CompilationMode, Config, Engine, Instance, MemoryType, Module, SharedMemory, Store};

/// Engines that execute the same in different ways.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for (fuse, fuel, epoch) in [(true, false, false), (false, false, false), (true, true, true)] {
        let mut config = Config::new();
        config.compilation_mode(CompilationMode::Lazy).fuse(fuse).consume_fuel(fuel).epoch_interruption(epoch);
        engines.push(Engine::new(&config).unwrap());
    }
    engines
}

fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    if engine.config().consumes_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.set_epoch_deadline(1);
    store
}

fn memory(engine: &Engine, pages: u32) -> SharedMemory {
    SharedMemory::new(engine, MemoryType::shared(1, pages)).unwrap()
}

/// An instance whose only import is the memory.
fn instance(store: &mut Store<()>, module: &Module, memory: &SharedMemory) -> Instance {
    Instance::new(store, module, &[memory.clone().into()]).unwrap()
}

/// The number at an address, while nobody writes to it.
fn number(engine: &Engine, memory: &SharedMemory, address: u32) -> u64 {
    let wat = r#"(module (import "" "" (memory 0 65536 shared))
        (func (export "load") (param i32) (result i64) (i64.atomic.load (local.get 0))))"#;
    let mut store = store(engine);
    let instance = instance(&mut store, &Module::new(engine, wat).unwrap(), memory);
    let load = instance.get_typed_func::<u32, u64>(&mut store, "load").unwrap();
    load.call(&mut store, address).unwrap()
}
