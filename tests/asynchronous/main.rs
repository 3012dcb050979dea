//! Async calls: futures that wait for host functions, for fuel and for deadlines.
//!
//! - `calls`: that they do what other calls do, however often and wherever they wait;
//! - `ends`: errors, traps, panics, futures that are dropped, calls that cannot wait;
//! - `turns`: fuel and deadlines after which others have their turn;
//! - `moved`: calls that one thread after another polls;
//! - `executors`: real executors, timers and sockets.

#![cfg(feature = "wat")]

mod calls;
mod ends;
mod executors;
mod moved;
mod turns;

use pirn::{CompilationMode, Config, Engine, Instance, Linker, Module, Result, Store};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Engines that execute the same in different ways.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for (fuse, fuel, epochs) in
            [(true, false, false), (false, false, true), (true, true, true), (false, true, false)]
        {
            let mut config = Config::new();
            config.compilation_mode(mode).fuse(fuse).consume_fuel(fuel).epoch_interruption(epochs);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

/// A store that nothing stops.
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

/// An instance of a module without a start function.
fn instance<T>(linker: &Linker<T>, store: &mut Store<T>, wat: &str) -> Instance {
    linker.instantiate(&mut *store, &module(linker.engine(), wat)).unwrap()
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until it is ready; gives what it gives and how often that was not the case. Whoever waits has to have woken it.
fn finish<F: Future>(future: F) -> (F::Output, usize) {
    let (mut future, woken, mut waits) = (pin!(future), Arc::new(Woken::default()), 0);
    let waker = Waker::from(Arc::clone(&woken));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return (output, waits),
            Poll::Pending => {
                waits += 1;
                assert!(woken.0.load(Ordering::Relaxed) >= waits, "it waits, and nobody woke it");
            }
        }
    }
}

/// Waits so many times.
async fn wait(mut times: u32) {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A linker with `host.wait`, which waits as often as its argument says, and gives it.
fn waiting<T: Send>(engine: &Engine) -> Linker<T> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap_async("host", "wait", |_, (times,): (u32,)| {
            Box::new(async move {
                wait(times).await;
                times
            })
        })
        .unwrap();
    linker
}

/// That something is [`Send`].
fn is_send<S: Send>(it: S) -> S {
    it
}

fn message<R: std::fmt::Debug>(result: Result<R>) -> String {
    result.unwrap_err().to_string()
}
