//! Async calls: calls that can pause, as futures. They need no second native stack: WebAssembly's frames wait on a value stack of
//! their own ([`crate::call::resumable`]), and what an async host function is doing is a future.
//!
//! # How the store is borrowed
//!
//! A call's future has the store mutably borrowed until it is over or dropped. While the call waits, the host function's
//! future has it, as a `Caller` and as whatever that lent: it is polled and dropped by the call's future alone, which
//! meanwhile touches nothing of the store's inside but the machine, which nobody lends. That is what keeps invariant L2. So
//! only a call that is begun here may come to have such a future: [`Poller`] goes with it down to the machine, and an async host
//! function runs only where that finds one for the innermost entry.

use crate::call::calls::TypedFunc;
use crate::call::pending::{Pending, Poller};
use crate::call::resumable::{PauseReason, Paused, Resumable};
use crate::call::typed::{WasmParams, WasmResults};
use crate::error::{Error, Result, ThrownException, format_err};
use crate::items::func::Func;
use crate::items::value::Val;
use crate::store::deadline::UpdateDeadline;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContextMut, Store, StoreContextMut};
use crate::yielding::Yield;
use pirn_exec::{Vm, Walk, Word};
use smallvec::SmallVec;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// The machine of the store that a call's future has borrowed.
#[derive(Clone, Copy)]
struct Machine(*mut Vm);

// SAFETY: it goes where the store goes that is borrowed; whose data is to be `Send`, the context beside it says.
unsafe impl Send for Machine {}
// SAFETY: as above; nothing is done with a shared one.
unsafe impl Sync for Machine {}

impl Machine {
    fn get(self) -> *mut Vm {
        self.0
    }
}

/// A poll that lasts.
struct Polling {
    vm: *mut Vm,
    outermost: bool,
}

impl Polling {
    /// Begins one. The turn is the store's: a poll inside of another one begins none. It has `least` units of fuel, at least.
    ///
    /// # Safety
    /// `vm` is the machine of a store that is mutably borrowed until this is dropped.
    unsafe fn new(vm: *mut Vm, interval: u64, least: u64) -> Self {
        // SAFETY: L1 and L2: the machine stands still, or waits for the host function that polls.
        unsafe {
            let outermost = Vm::begin_poll(vm);
            if outermost {
                Vm::begin_turn(vm, interval);
            }
            Vm::extend_turn(vm, least);
            Self { vm, outermost }
        }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        unsafe {
            Vm::end_poll(self.vm);
            if self.outermost {
                Vm::begin_turn(self.vm, u64::MAX);
            }
        }
    }
}

/// The future of a call that `begin` begins.
pub(crate) async fn run<T: 'static, R: 'static>(
    store: &mut StoreContextMut<'_, T>,
    begin: impl FnOnce(&mut StoreContextMut<'_, T>, Poller) -> Result<Resumable<R>>,
) -> Result<R> {
    let interval = store.opaque().yield_interval();
    let machine = Machine(store.opaque().vm());
    let mut begin = Some(begin);
    let mut call = poll_fn(|context| {
        // SAFETY: L2: the store is borrowed, and its machine is this.
        let _polling = unsafe { Polling::new(machine.get(), interval, 0) };
        Poll::Ready(begin.take().expect("this is polled once")(store, Poller::new(context)))
    })
    .await?;
    loop {
        let paused = match call {
            Resumable::Finished(results) => return Ok(results),
            Resumable::Paused(paused) => paused,
        };
        let (mut paused, mut words, mut least) = (Some(paused), SmallVec::<[Word; 4]>::new(), 0);
        let waits = paused.as_mut().expect("it paused");
        match waits.reason() {
            PauseReason::OutOfFuel { required } => {
                // SAFETY: L1 and L2: the machine is the store's, which is borrowed, and stands still.
                if unsafe { Vm::fuel(machine.get()) } < required {
                    let paused = paused.take().expect("it paused");
                    // SAFETY: L3: it paused in this store, out of fuel, just now.
                    return Err(Error::from_exit(unsafe { paused.out_of_fuel(machine.get()) }));
                }
                least = required;
                yield_now().await;
            }
            PauseReason::Deadline => yield_now().await,
            PauseReason::Yield(payload) => {
                if !payload.is::<Pending>() {
                    drop(paused);
                    // SAFETY: L2: the machine is the store's, which is borrowed, and what yielded is gone.
                    unsafe { pirn_exec::ended(machine.get()) }.map_err(Error::from_exit)?;
                    return Err(cannot_yield());
                }
                words.resize(waits.expected_words(), 0);
                // Where it was called it was polled already.
                next_poll().await;
                let polled = poll_fn(|context| poll(machine.get(), context, interval, waits, &mut words)).await;
                if let Err(error) = polled {
                    if let Some(&thrown) = error.downcast_ref::<ThrownException>()
                        && store.opaque().is_pending(thrown)
                    {
                        let thrown = poll_fn(|context| {
                            // SAFETY: L2: the store is borrowed, and its machine is this.
                            let _polling = unsafe { Polling::new(machine.get(), interval, 0) };
                            Poll::Ready(
                                paused.take().expect("this is polled once").go_on_throwing(store, Poller::new(context)),
                            )
                        });
                        match thrown.await {
                            Ok(caught) => {
                                call = caught?;
                                continue;
                            }
                            Err(uncaught) => paused = Some(uncaught),
                        }
                    }
                    drop(paused);
                    // SAFETY: L2: the machine is the store's, which is borrowed, and the future is gone that had it.
                    unsafe { pirn_exec::ended(machine.get()) }.map_err(Error::from_exit)?;
                    return Err(error);
                }
            }
        }
        call = poll_fn(|context| {
            // SAFETY: L2: the store is borrowed, and its machine is this.
            let _polling = unsafe { Polling::new(machine.get(), interval, least) };
            Poll::Ready(paused.take().expect("this is polled once").go_on(store, &words, Poller::new(context)))
        })
        .await?;
    }
}

/// Polls the future of the host function for which the call waits.
fn poll<R: 'static>(
    vm: *mut Vm,
    context: &mut Context<'_>,
    interval: u64,
    paused: &mut Paused<R>,
    words: &mut [Word],
) -> Poll<Result<()>> {
    // SAFETY: L2: the store is borrowed that the call paused in, whose the machine is.
    let _polling = unsafe { Polling::new(vm, interval, 0) };
    // SAFETY: L3: it paused in this store, whose the machine is. L2: this refers to no more than the machine.
    let acted = unsafe {
        paused.act(vm, |payload| {
            let pending = payload.downcast_mut::<Pending>().expect("a host function's future");
            let ready = (pending.0)(context, words, vm);
            if ready.is_ready() {
                // Whatever it has of the store is given up.
                pending.0 = Box::new(|_, _, _| unreachable!("a future is polled that was ready"));
            }
            // SAFETY: L7 and L2: this is a store of that machine, which is borrowed; the future is gone.
            ready.map_err(|error| traced(vm, error))
        })
    };
    match acted {
        Ok(ready) => ready,
        Err(exit) => Poll::Ready(Err(Error::from_exit(exit))),
    }
}

/// The error of a host function that waited, with the frames that called it.
///
/// # Safety
/// `vm` is the machine of a store that is mutably borrowed, and no reference to its inside is in use.
#[cold]
unsafe fn traced(vm: *mut Vm, error: Error) -> Error {
    if error.is::<Yield>() {
        return cannot_yield();
    }
    // SAFETY: L1 and L7: a live machine leads to its store, which begins with that; L2 is asked for above.
    let store = unsafe { &*Vm::store(vm).cast::<StoreOpaque>().cast_const() };
    // SAFETY: L2: WebAssembly does not run while a future is polled.
    unsafe { store.traced(error, Walk::from_host(vm)) }
}

#[cold]
fn cannot_yield() -> Error {
    format_err!("a host function yielded in an async call: `call_resumable` would have to begin it")
}

/// Lets the executor do something else.
async fn yield_now() {
    poll_fn(|context| {
        context.waker().wake_by_ref();
        Poll::Ready(())
    })
    .await;
    next_poll().await;
}

/// Waits until it is polled again, for which somebody else cares.
async fn next_poll() {
    let mut is_first = true;
    poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}

impl Func {
    /// Calls it as [`Func::call`] does, but the call may wait: for the futures of async host functions
    /// ([`Linker::func_wrap_async`](crate::Linker::func_wrap_async)), and for its turn
    /// ([`Store::fuel_async_yield_interval`], [`Store::epoch_deadline_async_yield_and_update`]). [`TypedFunc::call_async`]
    /// has an example.
    ///
    /// The future runs on any executor. It can be sent between threads, while it waits too, if the store's data can.
    /// Dropping it ends the call: first the host function's future is dropped, then WebAssembly's frames, of which nothing
    /// else is seen. What the call did so far remains. Calls that a host function makes by [`Func::call`] wait for nothing: an async
    /// host function that is called so is an error; [`Func::call_async`] on its [`Caller`](crate::Caller) is how it makes others.
    ///
    /// The call has a value stack of its own while it runs, holds no more than its frames while it waits
    /// ([`Paused`]), and counts as one of the store's resumable calls
    /// ([`StoreLimitsBuilder::resumable_calls`](crate::StoreLimitsBuilder::resumable_calls)).
    ///
    /// # Errors
    /// As [`Func::call`] and [`Func::call_resumable`]; a host function [yields](crate::Yield).
    ///
    /// # Panics
    /// As [`Func::call`], when the future is polled.
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let (expected, found) = (store.opaque().func_type(self.record())?.results().len(), results.len());
        if found != expected {
            return Err(format_err!("expected room for {expected} results, found {found}"));
        }
        let values = run(&mut store, |store, poller| self.begin(store, params, poller)).await?;
        results.copy_from_slice(&values);
        Ok(())
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// As [`TypedFunc::call`], but the call may wait: see [`Func::call_async`].
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Caller, Engine, Linker, Module, Store};
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    /// # // Whatever waits here is woken at once.
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
    /// #             return output;
    /// #         }
    /// #     }
    /// # }
    /// # async fn fetch(key: i32) -> i32 {
    /// #     let mut waited = false;
    /// #     std::future::poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(key * 10) } else { Poll::Pending }).await
    /// # }
    ///
    /// let engine = Engine::default();
    /// let mut linker = Linker::new(&engine);
    /// linker.func_wrap_async("host", "ask", |mut caller: Caller<'_, Vec<i32>>, (key,): (i32,)| {
    ///     Box::new(async move {
    ///         caller.data_mut().push(key);
    ///         fetch(key).await
    ///     })
    /// })?;
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "ask" (func $ask (param i32) (result i32)))
    ///     (func (export "sum") (result i32) (i32.add (call $ask (i32.const 1)) (call $ask (i32.const 2)))))"#)?;
    ///
    /// block_on(async {
    ///     let mut store = Store::new(&engine, Vec::new());
    ///     let sum = linker.instantiate_async(&mut store, &module).await?.get_typed_func::<(), i32>(&store, "sum")?;
    ///     assert_eq!(sum.call_async(&mut store, ()).await?, 30);
    ///     assert_eq!(store.data(), &[1, 2]);
    ///     Ok::<(), pirn::Error>(())
    /// })?;
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Func::call_async`].
    ///
    /// # Panics
    /// As [`Func::call`], when the future is polled.
    pub async fn call_async(&self, mut store: impl AsContextMut<Data: Send>, params: P) -> Result<R> {
        let mut store = store.as_context_mut();
        run(&mut store, |store, poller| self.begin(store, params, poller)).await
    }
}

impl<T: 'static> Store<T> {
    /// Has async calls let the executor do something else whenever they have consumed `interval` units of fuel, and go on when
    /// they are polled again. `None`, the default, ends that. It holds for calls that begin afterwards.
    ///
    /// They may consume no more than the store has, all the same: see [`Config::consume_fuel`](crate::Config::consume_fuel). What a
    /// host function calls by [`Func::call_async`] shares the turn; what it calls otherwise waits for nothing, and uses up the turn.
    ///
    /// # Errors
    /// The engine does not consume fuel, or the interval is 0.
    pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<()> {
        let mut store = self.as_context_mut();
        store.get_fuel()?;
        if interval == Some(0) {
            return Err(format_err!("a yield interval: expected at least 1 unit of fuel, found 0"));
        }
        store.opaque_mut().set_yield_interval(interval.unwrap_or(u64::MAX));
        Ok(())
    }

    /// Has async calls let the executor do something else whenever the deadline has passed, and go on when they are polled
    /// again, with a deadline of the epoch then plus `ticks`. [`Store::epoch_deadline_callback`] says what becomes of other calls.
    pub fn epoch_deadline_async_yield_and_update(&mut self, ticks: u64) {
        self.epoch_deadline_callback(move |_| Ok(UpdateDeadline::Yield(ticks)));
    }
}
