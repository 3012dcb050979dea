//! Stores copied within the process, and instances put back.
//!
//! - `items`: what is copied, who shares it, what handles stand for;
//! - `memories`: copies on write, whatever is written where and when;
//! - `objects`: structs, arrays, exceptions, tags, and who holds them;
//! - `calls`, `paused_objects`: paused calls, which go on in any of the copies;
//! - `reset`: instances as instantiation left them.
//!
//! `tests/forks_leak.rs` has many copies. Generated programs are forked wherever they pause in `tests/resume`.

#![cfg(feature = "wat")]

mod calls;
#[path = "../support/collecting.rs"]
mod collecting;
mod items;
mod memories;
mod objects;
#[path = "../support/older.rs"]
mod older;
mod paused_objects;
mod reset;

use pirn::*;

/// A module of `engine`.
fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// A store with an instance of a module without imports.
fn alone(wat: &str) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, wat), &[]).unwrap();
    (store, instance)
}

/// Calls an exported function.
fn call<T>(store: &mut Store<T>, instance: Instance, name: &str, params: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&*store, name).expect("it is exported");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, params, &mut results)?;
    Ok(results)
}

/// Calls an exported function of `i32`s that gives one.
fn get<T>(store: &mut Store<T>, instance: Instance, name: &str, params: &[i32]) -> i32 {
    let params: Vec<_> = params.iter().map(|&param| Val::I32(param)).collect();
    let results = call(store, instance, name, &params).unwrap_or_else(|error| panic!("{name}: {error}"));
    results[0].unwrap_i32()
}

/// Asserts that a result is an error whose text contains `part`.
#[track_caller]
fn assert_refused<T>(result: Result<T>, part: &str) {
    let Err(error) = result else { panic!("it was not refused; expected {part:?}") };
    let text = format!("{error:#}");
    assert!(text.contains(part), "{text:?} does not say {part:?}");
}
