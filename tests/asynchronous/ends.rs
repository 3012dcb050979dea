//! How async calls end otherwise than by returning.

use super::{engines, finish, instance, message, module, poll, store, wait, waiting};
use pirn::{
    Caller, Config, Engine, Func, Instance, Linker, Result, Resumable, Store, StoreLimitsBuilder, Trap, WasmBacktrace,
    Yield, format_err,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// `run` calls `$inner`, and that `host.f` with its argument.
const CALLS: &str = r#"(module $calls
    (import "host" "f" (func $f (param i32) (result i32)))
    (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
    (func $run (export "run") (param i32) (result i32) (i32.mul (call $inner (local.get 0)) (i32.const 2))))"#;

fn frames(error: &pirn::Error) -> Vec<String> {
    let backtrace = error.downcast_ref::<WasmBacktrace>().expect("it left WebAssembly");
    backtrace.frames().iter().map(|frame| frame.func_name().unwrap().to_owned()).collect()
}

#[test]
fn errors_say_where_they_happened() {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("host", "f", |_, (times,): (u32,)| {
                Box::new(async move {
                    wait(times).await;
                    Err::<i32, _>(format_err!("there is no answer"))
                })
            })
            .unwrap();
        let mut store = store(&engine, ());
        let run = instance(&linker, &mut store, CALLS).get_typed_func::<u32, i32>(&store, "run").unwrap();
        for times in 0..3 {
            let (result, waits) = finish(run.call_async(&mut store, times));
            let error = result.unwrap_err();
            assert_eq!((error.to_string(), waits), ("there is no answer".to_owned(), times as usize));
            assert_eq!(frames(&error), ["inner", "run"]);
        }
    }
    let engine = Engine::new(Config::new().wasm_backtrace(false)).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "f", |_, (times,): (u32,)| {
            Box::new(async move {
                wait(times).await;
                Err::<i32, _>(format_err!("no"))
            })
        })
        .unwrap();
    let mut store = store(&engine, ());
    let run = instance(&linker, &mut store, CALLS).get_typed_func::<u32, i32>(&store, "run").unwrap();
    assert!(!finish(run.call_async(&mut store, 1)).0.unwrap_err().is::<WasmBacktrace>());
}

/// What a host function calls that waited lies above the frames that called it.
#[test]
fn traps_behind_a_wait_say_where_they_happened() {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("host", "f", |mut caller: Caller<'_, ()>, (times,): (u32,)| {
                Box::new(async move {
                    let trap = caller.get_export("trap").unwrap().into_func().unwrap();
                    wait(times).await;
                    if times.is_multiple_of(2) {
                        trap.call(&mut caller, &[], &mut [])?;
                    } else {
                        trap.call_async(&mut caller, &[], &mut []).await?;
                    }
                    Ok(0)
                })
            })
            .unwrap();
        let wat = CALLS.replace("(func $inner", r#"(func $trap (export "trap") unreachable) (func $inner"#);
        let mut store = store(&engine, ());
        let run = instance(&linker, &mut store, &wat).get_typed_func::<u32, i32>(&store, "run").unwrap();
        for times in 0..4 {
            let error = finish(run.call_async(&mut store, times)).0.unwrap_err();
            assert_eq!(error.trap(), Some(Trap::Unreachable));
            assert_eq!(frames(&error), ["trap", "inner", "run"]);
        }
    }
}

#[test]
fn traps_of_the_call_itself() {
    let engine = Engine::default();
    let linker = waiting::<()>(&engine);
    let mut store = store(&engine, ());
    let instance = instance(
        &linker,
        &mut store,
        r#"(module
            (import "host" "wait" (func $wait (param i32) (result i32)))
            (func $run (export "run") (param i32) (result i32)
                (i32.div_u (i32.const 1) (i32.sub (call $wait (local.get 0)) (local.get 0)))))"#,
    );
    let run = instance.get_typed_func::<u32, i32>(&store, "run").unwrap();
    for times in 0..3 {
        let (result, waits) = finish(run.call_async(&mut store, times));
        let error = result.unwrap_err();
        assert_eq!((error.trap(), waits), (Some(Trap::IntegerDivideByZero), times as usize));
        assert_eq!(frames(&error), ["run"]);
    }
}

#[test]
fn panics_pass_through() {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("host", "f", |_, (times,): (u32,)| {
                Box::new(async move {
                    wait(times).await;
                    if times < 3 {
                        std::panic::resume_unwind(Box::new(times));
                    }
                    7
                })
            })
            .unwrap();
        let mut store = store(&engine, ());
        let run = instance(&linker, &mut store, CALLS).get_typed_func::<u32, i32>(&store, "run").unwrap();
        for times in 0..3 {
            let payload = catch_unwind(AssertUnwindSafe(|| finish(run.call_async(&mut store, times)))).unwrap_err();
            assert_eq!(payload.downcast_ref::<u32>(), Some(&times));
            // The store is as good as before.
            assert_eq!(finish(run.call_async(&mut store, 3)).0.unwrap(), 16);
        }
    }
}

/// Says when it is dropped.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn dropped_calls_are_over() {
    let mut config = Config::new();
    config.limits(StoreLimitsBuilder::new().resumable_calls(2).build());
    let engine = Engine::new(&config).unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut linker = Linker::<Vec<u32>>::new(&engine);
    let counter = Arc::clone(&dropped);
    linker
        .func_wrap_async("host", "f", move |caller: Caller<'_, Vec<u32>>, (times,): (u32,)| {
            let guard = Guard(Arc::clone(&counter));
            Box::new(async move {
                // Uses the store when it is dropped, too.
                struct Last<'a>(Caller<'a, Vec<u32>>, u32);
                impl Drop for Last<'_> {
                    fn drop(&mut self) {
                        let twice = self.0.get_export("twice").unwrap().into_func().unwrap();
                        let twice = twice.invoke::<u32, u32>(&mut self.0, self.1).unwrap();
                        self.0.data_mut().push(twice);
                    }
                }
                let run = caller.get_export("run").unwrap().into_func().unwrap();
                let mut last = Last(caller, times);
                if times > 10 {
                    run.typed::<u32, i32>(&last.0)?.call_async(&mut last.0, times - 10).await?;
                }
                wait(times).await;
                drop(guard);
                Ok(times)
            })
        })
        .unwrap();
    let wat = CALLS.replace(
        "(func $inner",
        r#"(func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))) (func $inner"#,
    );
    let mut store = store(&engine, Vec::new());
    let run = instance(&linker, &mut store, &wat).get_typed_func::<u32, i32>(&store, "run").unwrap();
    for polls in 0..5 {
        let before = dropped.load(Ordering::Relaxed);
        {
            let mut call = pin!(run.call_async(&mut store, 15));
            for _ in 0..polls {
                assert!(poll(call.as_mut()).is_pending());
            }
        }
        // Both host functions, the inner one first, with the store at hand.
        let (futures, values) = if polls == 0 { (0, vec![]) } else { (2, vec![10, 30]) };
        assert_eq!(dropped.load(Ordering::Relaxed) - before, futures);
        assert_eq!(std::mem::take(store.data_mut()), values);
        // Both places are free again, and it works as ever.
        assert_eq!(finish(run.call_async(&mut store, 12)).0.unwrap(), 26);
        store.data_mut().clear();
    }
    // One more than there may be.
    assert!(message(finish(run.call_async(&mut store, 25)).0).contains("limit of 2 resumable calls"));
}

#[test]
fn what_waits_holds_nothing_when_it_is_dropped() {
    let engine = Engine::default();
    let linker = waiting::<Arc<()>>(&engine);
    let data = Arc::new(());
    let weak: Weak<()> = Arc::downgrade(&data);
    let calls = module(&engine, &CALLS.replace("\"f\"", "\"wait\""));
    let mut call = Box::pin(async move {
        let mut store = store(&engine, data);
        let instance = linker.instantiate_async(&mut store, &calls).await.unwrap();
        instance.get_typed_func::<u32, i32>(&store, "run").unwrap().call_async(&mut store, 9).await.unwrap()
    });
    assert!(poll(call.as_mut()).is_pending());
    assert!(poll(call.as_mut()).is_pending());
    assert!(weak.upgrade().is_some());
    drop(call);
    assert!(weak.upgrade().is_none());
}

/// A future that is forgotten costs what it holds, and nothing else: the store goes on.
#[test]
fn forgotten_calls_leave_the_store_as_it_is() {
    let engine = Engine::default();
    let linker = waiting::<()>(&engine);
    let mut store = store(&engine, ());
    let calls = CALLS.replace("\"f\"", "\"wait\"");
    let run = instance(&linker, &mut store, &calls).get_typed_func::<u32, i32>(&store, "run").unwrap();
    let mut call = Box::pin(run.call_async(&mut store, 5));
    assert!(poll(call.as_mut()).is_pending());
    std::mem::forget(call);
    assert_eq!(finish(run.call_async(&mut store, 2)).0.unwrap(), 6);
}

const CANNOT_WAIT: &str = "an async host function is called by a call that cannot wait";

#[test]
fn calls_that_cannot_wait_fail() {
    for engine in engines() {
        let linker = waiting::<()>(&engine);
        let mut store = store(&engine, ());
        let calls = CALLS.replace("\"f\"", "\"wait\"");
        let run = instance(&linker, &mut store, &calls).get_typed_func::<u32, i32>(&store, "run").unwrap();
        // Also if there is nothing to wait for: it is not by chance that a program works.
        for times in [0, 1] {
            let error = run.call(&mut store, times).unwrap_err();
            assert!(error.to_string().contains(CANNOT_WAIT), "{error}");
            assert_eq!(frames(&error), ["inner", "run"]);
            assert!(message(run.call_resumable(&mut store, times).map(Resumable::finished)).contains(CANNOT_WAIT));
        }
        let starts = module(
            &engine,
            r#"(module (import "host" "wait" (func $wait (param i32) (result i32)))
                (func $start (drop (call $wait (i32.const 0)))) (start $start))"#,
        );
        assert!(message(linker.instantiate(&mut store, &starts)).contains(CANNOT_WAIT));
        let wait = Func::wrap_async(&mut store, |_, ()| Box::new(async {}));
        assert!(message(wait.call(&mut store, &[], &mut [])).contains(CANNOT_WAIT));
        assert!(message(Instance::new(&mut store, &starts, &[wait.into()])).contains("type"));
    }
}

/// Neither do the calls that host functions of async calls make by `call`, async ones or not, before they wait or after.
#[test]
fn calls_inside_of_async_calls_that_cannot_wait_fail() {
    for engine in engines() {
        let mut linker = waiting::<()>(&engine);
        linker
            .func_wrap_async("host", "async", |mut caller: Caller<'_, ()>, (times,): (u32,)| {
                Box::new(async move {
                    let call = caller.get_export("call").unwrap().into_func().unwrap();
                    let call = call.typed::<u32, u32>(&caller)?;
                    wait(times).await;
                    assert!(message(call.call(&mut caller, 0)).contains(CANNOT_WAIT));
                    assert!(message(call.call_resumable(&mut caller, 0)).contains(CANNOT_WAIT));
                    // What it calls by `call_async` waits.
                    call.call_async(&mut caller, times).await
                })
            })
            .unwrap();
        linker
            .func_wrap("host", "plain", |mut caller: Caller<'_, ()>, times: u32| {
                let call = caller.get_export("call").unwrap().into_func().unwrap();
                call.invoke::<u32, u32>(&mut caller, times)
            })
            .unwrap();
        let mut store = store(&engine, ());
        let instance = instance(
            &linker,
            &mut store,
            r#"(module
                (import "host" "wait" (func $wait (param i32) (result i32)))
                (import "host" "async" (func $async (param i32) (result i32)))
                (import "host" "plain" (func $plain (param i32) (result i32)))
                (func (export "call") (param i32) (result i32) (call $wait (local.get 0)))
                (func (export "async") (param i32) (result i32) (call $async (local.get 0)))
                (func (export "plain") (param i32) (result i32) (call $plain (local.get 0))))"#,
        );
        let func = |store: &Store<()>, name| instance.get_typed_func::<u32, u32>(store, name).unwrap();
        for times in 0..3 {
            let call = func(&store, "async");
            let (result, waits) = finish(call.call_async(&mut store, times));
            assert_eq!((result.unwrap(), waits as u32), (times, 2 * times));
            let call = func(&store, "plain");
            assert!(message(finish(call.call_async(&mut store, times)).0).contains(CANNOT_WAIT));
        }
    }
}

#[test]
fn nobody_resumes_what_yields_in_an_async_call() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "f", |_: i32| -> Result<i32> { Err(Yield::new(1).into()) }).unwrap();
    let mut store = store(&engine, ());
    let run = instance(&linker, &mut store, CALLS).get_typed_func::<u32, i32>(&store, "run").unwrap();
    assert!(message(finish(run.call_async(&mut store, 0)).0).contains("yielded in an async call"));
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "f", |_, (times,): (u32,)| {
            Box::new(async move {
                wait(times).await;
                Err::<i32, pirn::Error>(Yield::new(1).into())
            })
        })
        .unwrap();
    let run = instance(&linker, &mut store, CALLS).get_typed_func::<u32, i32>(&store, "run").unwrap();
    for times in 0..2 {
        assert!(message(finish(run.call_async(&mut store, times)).0).contains("yielded in an async call"));
    }
}

#[test]
fn wrong_arguments_are_refused_when_it_is_polled() {
    let engine = Engine::default();
    let linker = waiting::<()>(&engine);
    let (mut store, mut other) = (store(&engine, ()), Store::new(&engine, ()));
    let run = instance(&linker, &mut store, &CALLS.replace("\"f\"", "\"wait\"")).get_func(&store, "run").unwrap();
    assert!(message(finish(run.call_async(&mut store, &[], &mut [])).0).contains("room for 1 results, found 0"));
    let mut results = [pirn::Val::I32(0)];
    assert!(message(finish(run.call_async(&mut store, &[], &mut results)).0).contains("expected 1 arguments, found 0"));
    assert!(message(finish(run.call_async(&mut other, &[1.into()], &mut results)).0).contains("wrong store"));
}

/// While an instance is made asynchronously, a deadline's callback runs outside of any call: what it calls cannot wait, and no future
/// that has borrowed the store comes into its hands.
#[test]
fn calls_of_callbacks_that_cannot_wait_fail() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let linker = waiting::<Vec<String>>(&engine);
    let mut store = store(&engine, Vec::new());
    let calls = CALLS.replace("\"f\"", "\"wait\"");
    let run = instance(&linker, &mut store, &calls).get_typed_func::<u32, i32>(&store, "run").unwrap();
    // Segments that take longer than the deadline is asked for.
    let data = "x".repeat(1 << 20);
    let large = format!(r#"(module (memory 40) (data (i32.const 0) "{data}") (data (i32.const 1048576) "{data}"))"#);
    let large = module(&engine, &large);
    for asynchronous in [true, false] {
        store.epoch_deadline_callback(move |mut store| {
            store.set_epoch_deadline(u64::MAX);
            for times in [0, 3] {
                let plain = message(run.call(&mut store, times));
                let resumable = message(run.call_resumable(&mut store, times));
                store.data_mut().extend([plain, resumable]);
            }
            // This one may.
            let (result, waits) = finish(run.call_async(&mut store, 2));
            assert_eq!((result.unwrap(), waits), (6, 2));
            Ok(pirn::UpdateDeadline::Continue(u64::MAX))
        });
        // The deadline has to pass while segments are copied.
        let clock = engine.clone();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let ticks = std::thread::spawn(move || {
            while stopped.recv_timeout(std::time::Duration::from_micros(100)).is_err() {
                clock.increment_epoch();
            }
        });
        for _ in 0..2000 {
            store.set_epoch_deadline(2);
            if asynchronous {
                finish(linker.instantiate_async(&mut store, &large)).0.unwrap();
            } else {
                linker.instantiate(&mut store, &large).unwrap();
            }
            if !store.data().is_empty() {
                break;
            }
        }
        stop.send(()).unwrap();
        ticks.join().unwrap();
        let messages = std::mem::take(store.data_mut());
        assert_eq!(messages.len(), 4, "the callback was called once");
        assert!(messages.iter().all(|message| message.contains(CANNOT_WAIT)), "{messages:?}");
    }
}
