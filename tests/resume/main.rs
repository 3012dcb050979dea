//! Fuel, and executions that pause and go on.
//!
//! - `metering`: what costs how much, and what happens when there is too little;
//! - `across`: calls from instance to instance and back, resumed a unit of fuel at a time, also behind a host function that
//!   yields;
//! - `yields`: host functions that yield, and everything that can be wrong about resuming;
//! - `nested`: resuming where calls from the host are nested as deep as they may;
//! - `starts`: start functions that pause;
//! - `moved`: calls that go on on other threads and stacks, in any order;
//! - `leaks`: paused calls that are dropped;
//! - `property`: generated programs of up to 8 modules, run in one go and in pieces;
//! - `forks`: the same programs, whose stores are forked when they pause, and go on in both;
//! - `snapshots`: the same programs, whose stores are written down when they pause, and go on in other engines;
//! - `late`: the same programs, without fuel, interrupted by deadlines and moved there;
//! - `hostile`: the same programs, whose snapshots somebody changes;
//! - `relay`: the same programs, moved from process to process by way of files, perhaps on other processors.

#![cfg(all(feature = "snapshot", feature = "wat"))]

mod across;
#[path = "../support/change.rs"]
mod change;
mod forks;
mod hostile;
mod late;
mod leaks;
mod metering;
mod moved;
mod nested;
mod program;
mod property;
mod relay;
mod snapshots;
mod starts;
mod yields;

use pirn::{Config, Engine, Error, Instance, LinkGroup, Linker, Module, PauseReason, Result, Resumable, Store, Val};

/// An engine that consumes fuel.
fn metered() -> Engine {
    Engine::new(Config::new().consume_fuel(true)).unwrap()
}

/// An instance of `wat`, which imports what `linker` defines.
fn instantiate<T>(linker: &Linker<T>, store: &mut Store<T>, wat: &str) -> Instance {
    linker.instantiate(store, &Module::new(linker.engine(), wat).unwrap()).unwrap()
}

/// A group of modules given as names and text.
fn group<'linker, T>(linker: &'linker Linker<T>, modules: &[(&str, &str)]) -> LinkGroup<'linker, T> {
    let mut group = linker.group();
    for (name, wat) in modules {
        let module = Module::new(linker.engine(), wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
        group.module(name, &module).unwrap();
    }
    group
}

/// How a call was finished.
struct Finished<R> {
    results: R,
    /// How often it was out of fuel.
    refuelled: usize,
    /// How often a host function yielded.
    yielded: usize,
}

/// Goes on with `call` until it returns, giving `step` units of fuel whenever there is too little, and `answer` of what a
/// host function yielded, an `i32`.
fn finish<T, R: 'static>(
    store: &mut Store<T>,
    mut call: Resumable<R>,
    step: u64,
    mut answer: impl FnMut(&mut Store<T>, i32) -> Val,
) -> Result<Finished<R>> {
    let (mut refuelled, mut yielded) = (0, 0);
    loop {
        let paused = match call {
            Resumable::Finished(results) => return Ok(Finished { results, refuelled, yielded }),
            Resumable::Paused(paused) => paused,
        };
        call = match paused.reason() {
            PauseReason::OutOfFuel { required } => {
                assert!(store.get_fuel().unwrap() < required, "there was enough fuel");
                refuelled += 1;
                store.add_fuel(step).unwrap();
                paused.resume(&mut *store, &[])?
            }
            PauseReason::Yield(payload) => {
                yielded += 1;
                let answer = answer(store, *payload.downcast_ref().expect("an i32"));
                paused.resume(&mut *store, &[answer])?
            }
            other => panic!("{other:?}"),
        };
    }
}

/// Asserts that `error`'s text contains every one of `parts`.
#[track_caller]
fn assert_says(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}
