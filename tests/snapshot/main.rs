//! Stores as data: taken, written to bytes, read, and made again.
//!
//! - `items`: memories, tables, globals, segments, references, and who shares them;
//! - `objects`: structs, arrays, exceptions and tags;
//! - `calls`: paused calls, between engines of other settings;
//! - `refused`: what cannot be in a snapshot, and what does not fit;
//! - `hostile`: bytes that somebody changed.
//!
//! Generated programs are moved about in `tests/resume`.

#![cfg(all(feature = "snapshot", feature = "wat"))]

mod calls;
#[path = "../support/change.rs"]
mod change;
#[path = "../support/collecting.rs"]
mod collecting;
mod hostile;
mod items;
mod objects;
#[path = "../support/older.rs"]
mod older;
mod refused;

use pirn::*;

/// An engine that consumes fuel or not, and lowers with fusion or not.
fn engine(fuel: bool, fuse: bool) -> Engine {
    Engine::new(Config::new().consume_fuel(fuel).fuse(fuse)).unwrap()
}

/// A module of `engine`.
fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// A store of `engine` with what the bytes hold, for modules of these texts.
fn restored(
    bytes: &[u8],
    engine: &Engine,
    linker: &Linker<()>,
    texts: &[&str],
    hooks: &mut dyn SnapshotHooks,
) -> Result<(Store<()>, Restored)> {
    let modules: Vec<_> = texts.iter().map(|wat| module(engine, wat)).collect();
    let mut store = Store::new(engine, ());
    let restored = Snapshot::from_bytes(bytes)?.restore_with(&mut store, linker, &modules, hooks)?;
    Ok((store, restored))
}

/// Calls an exported function.
fn call(store: &mut Store<()>, instance: Instance, name: &str, params: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&*store, name).expect("it is exported");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, params, &mut results)?;
    Ok(results)
}

/// Asserts that a result is an error whose text contains every one of `parts`.
#[track_caller]
fn assert_refused<T>(result: Result<T>, parts: &[&str]) {
    let Err(error) = result else { panic!("it was not refused; expected {parts:?}") };
    let text = format!("{error:#}");
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}
