//! The public API, as an embedder uses it.

mod callers;
mod calls;
mod declared;
mod declared_here;
mod errors;
mod host;
mod items;
mod limits;
mod link;
mod memories;
mod modules;
mod objects_here;
mod statics;
mod types;

use pirn::{Engine, Error, Extern, Instance, Module, Store};

/// A store and an instance of `wat`, which imports nothing.
fn instance(wat: &str) -> (Store<()>, Instance) {
    instance_with(wat, |_| Vec::new())
}

/// A store and an instance of `wat` with these imports.
fn instance_with(wat: &str, imports: impl FnOnce(&mut Store<()>) -> Vec<Extern>) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, wat).unwrap();
    let imports = imports(&mut store);
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    (store, instance)
}

/// Asserts that `error`'s text contains every one of `parts`.
#[track_caller]
fn assert_says(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}
