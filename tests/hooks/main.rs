//! What a store asks its embedder, and tells it.
//!
//! - `limiter`: what may grow, and be made;
//! - `calls`: calls between the host and WebAssembly;
//! - `usage`: how many bytes are held.

#![cfg(feature = "wat")]

mod calls;
mod limiter;
mod usage;

use pirn::{CompilationMode, Config, Engine, Instance, Linker, Module, Store};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Engines that execute the same in different ways.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for (fuse, fuel, epochs) in [(true, false, false), (false, false, false), (true, true, true)] {
            let mut config = Config::new();
            config.compilation_mode(mode).fuse(fuse).consume_fuel(fuel).epoch_interruption(epochs);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

/// A store that has all the time and fuel that it may want.
fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    if engine.config().consumes_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.set_epoch_deadline(u64::MAX);
    store
}

fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// Instantiates a module that imports nothing.
fn instance<T>(store: &mut Store<T>, wat: &str) -> pirn::Result<Instance> {
    let module = module(store.engine(), wat);
    Linker::new(store.engine()).instantiate(store, &module)
}

/// What `work` panics with.
fn panics<R>(work: impl FnOnce() -> R) -> &'static str {
    let payload = catch_unwind(AssertUnwindSafe(work)).err().expect("a panic");
    payload.downcast_ref::<&'static str>().copied().expect("a panic with a text")
}
