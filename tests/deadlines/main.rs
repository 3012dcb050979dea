//! Deadlines: that everything that can go on for long ends soon after its deadline, and what a callback may make of it.
//!
//! - `endless`: programs that never end;
//! - `arrays`: that large arrays are what they should be, whatever is done while they are made;
//! - `throwing`: that an exception arrives, though deadlines pass on its way;
//! - `callbacks`: going on, pausing, failing, and what a callback does with the store.

#![cfg(feature = "wat")]

mod arrays;
mod callbacks;
mod endless;
mod throwing;

use pirn::{CompilationMode, Config, Engine, Instance, Linker, Module, Store, TypedFunc};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Engines with deadlines that execute the same in different ways.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for (fuse, fuel) in [(true, false), (false, false), (true, true), (false, true)] {
            let mut config = Config::new();
            config.compilation_mode(mode).fuse(fuse).consume_fuel(fuel).epoch_interruption(true);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

fn engine() -> Engine {
    Engine::new(Config::new().epoch_interruption(true)).unwrap()
}

/// A store whose deadline is the next tick.
fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    if engine.config().consumes_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.set_epoch_deadline(1);
    store
}

fn instance<T>(store: &mut Store<T>, wat: &str) -> Instance {
    let module = Module::new(store.engine(), wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    Linker::new(store.engine()).instantiate(store, &module).unwrap()
}

/// The export `run`, which takes and gives nothing.
fn run<T>(store: &Store<T>, instance: Instance) -> TypedFunc<(), ()> {
    instance.get_typed_func(store, "run").unwrap()
}

/// A thread that ticks once, and then is gone.
struct Tick(JoinHandle<()>, Arc<Mutex<Option<Instant>>>);

impl Tick {
    fn after(engine: &Engine, time: Duration) -> Self {
        let (engine, at) = (engine.clone(), Arc::new(Mutex::new(None)));
        let ticked = Arc::clone(&at);
        let thread = std::thread::spawn(move || {
            std::thread::sleep(time);
            *ticked.lock().unwrap() = Some(Instant::now());
            engine.increment_epoch();
        });
        Self(thread, at)
    }

    /// How long ago it was.
    #[track_caller]
    fn ago(self) -> Duration {
        let now = Instant::now();
        self.0.join().unwrap();
        now.duration_since(self.1.lock().unwrap().expect("it ended before the tick"))
    }
}

/// A thread that ticks all the time.
struct Ticking(Option<JoinHandle<()>>, Arc<AtomicBool>);

impl Ticking {
    fn every(engine: &Engine, time: Duration) -> Self {
        let (engine, over) = (engine.clone(), Arc::new(AtomicBool::new(false)));
        let until = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                engine.increment_epoch();
                std::thread::sleep(time);
            }
        });
        Self(Some(thread), over)
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
        self.0.take().map(JoinHandle::join);
    }
}
