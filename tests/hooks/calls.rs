//! The call hook: that it is told of every crossing, in order, and what its errors and panics do.

use crate::{engines, module, panics, store};
use pirn::CallHook::{CallingHost, CallingWasm, ReturningFromHost, ReturningFromWasm};
use pirn::*;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What the hook was told, and at which of these it does something else: the `n`th one, counted from 0.
#[derive(Default)]
struct Log {
    told: Vec<CallHook>,
    fails_at: Option<usize>,
    panics_at: Option<usize>,
    /// How often the host function `work` has run.
    worked: usize,
}

#[derive(Debug)]
struct Stop;

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the hook says no")
    }
}

impl std::error::Error for Stop {}

fn hook(mut store: StoreContextMut<'_, Log>, at: CallHook) -> Result<()> {
    assert_ne!(at.entering_host(), at.exiting_host());
    let log = store.data_mut();
    let place = log.told.len();
    log.told.push(at);
    if log.panics_at == Some(place) {
        panic!("the hook panics");
    }
    if log.fails_at == Some(place) { Err(Error::new(Stop)) } else { Ok(()) }
}

/// What it was told since this was looked at last.
fn told(store: &mut Store<Log>) -> Vec<CallHook> {
    (store.data_mut().fails_at, store.data_mut().panics_at) = (None, None);
    std::mem::take(&mut store.data_mut().told)
}

const PROGRAM: &str = r#"(module
    (import "host" "work" (func $work (param i32) (result i32)))
    (import "host" "again" (func $again (param i32) (result i32)))
    (import "host" "fail" (func $fail))
    (import "host" "panic" (func $panic))
    (import "host" "yield" (func $yield (result i32)))
    (type $unary (func (param i32) (result i32)))
    (table (export "table") 2 funcref) (elem (i32.const 0) func $work)
    (global (export "g") i32 (i32.const 5))
    (func (export "none") (param i32) (result i32) (local.get 0))
    (func (export "work") (param i32) (result i32) (i32.add (call $work (local.get 0)) (i32.const 100)))
    (func (export "twice") (param i32) (result i32) (call $work (call $work (local.get 0))))
    (func (export "tail") (param i32) (result i32) (return_call $work (local.get 0)))
    (func (export "indirect") (param i32) (result i32)
        (call_indirect (type $unary) (i32.const 1000) (local.get 0)))
    (func (export "again") (param i32) (result i32) (call $again (local.get 0)))
    (func (export "fail") (param i32) (result i32) (call $fail) (i32.const 0))
    (func (export "panic") (param i32) (result i32) (call $panic) (i32.const 0))
    (func (export "trap") (param i32) (result i32) (unreachable))
    (func (export "yield") (param i32) (result i32) (i32.add (call $yield) (local.get 0)))
    (func (export "loop") (param i32) (result i32)
        (loop $l
            (drop (call $work (i32.const 0)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 7)))"#;

/// The program in a new store. The hook is there before or behind everything else.
fn program(engine: &Engine, hook_first: bool) -> (Store<Log>, Instance) {
    let mut store = store(engine, Log::default());
    if hook_first {
        store.call_hook(hook);
    }
    let mut linker = Linker::new(engine);
    let work = |mut caller: Caller<'_, Log>, n: i32| {
        caller.data_mut().worked += 1;
        match caller.get_export("g").and_then(Extern::into_global) {
            Some(global) => assert_eq!(global.get(&caller).i32(), Some(5)),
            None => assert_eq!(n, 0, "the embedder calls it so"),
        }
        n + 1
    };
    linker.func_wrap("host", "work", work).unwrap();
    linker
        .func_wrap("host", "again", |mut caller: Caller<'_, Log>, n: i32| {
            let name = if n == 0 { "none" } else { "again" };
            let func = caller.get_export(name).and_then(Extern::into_func).unwrap();
            func.invoke::<i32, i32>(&mut caller, n - 1)
        })
        .unwrap();
    linker.func_wrap("host", "fail", || -> Result<()> { Err(Error::msg("the host function fails")) }).unwrap();
    linker.func_wrap("host", "panic", || -> () { panic!("the host function panics") }).unwrap();
    linker.func_wrap("host", "yield", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    let instance = linker.instantiate(&mut store, &module(engine, PROGRAM)).unwrap();
    // A function that the host makes, in a table.
    let own = Func::wrap(&mut store, work);
    instance.get_table(&store, "table").unwrap().set(&mut store, 1, Ref::Func(Some(own))).unwrap();
    if !hook_first {
        store.call_hook(hook);
    }
    assert_eq!(told(&mut store), []);
    (store, instance)
}

fn call(store: &mut Store<Log>, instance: Instance, name: &str, n: i32) -> Result<i32> {
    instance.get_typed_func::<i32, i32>(&*store, name).unwrap().call(store, n)
}

const HOST: [CallHook; 2] = [CallingHost, ReturningFromHost];

/// A call from the host in which this happens.
fn wasm(within: &[CallHook]) -> Vec<CallHook> {
    [&[CallingWasm], within, &[ReturningFromWasm]].concat()
}

#[test]
fn every_crossing_is_told_in_order() {
    for engine in engines() {
        for hook_first in [true, false] {
            let (mut store, instance) = program(&engine, hook_first);
            let mut ran = |name: &str, n, result, expected: Vec<CallHook>| {
                assert_eq!(call(&mut store, instance, name, n).unwrap(), result, "{name}");
                assert_eq!(told(&mut store), expected, "{name}");
                // By values that are looked at when it runs, too.
                let mut results = [Val::I32(0)];
                let func = instance.get_func(&store, name).unwrap();
                func.call(&mut store, &[Val::I32(n)], &mut results).unwrap();
                assert_eq!(results[0].i32(), Some(result), "{name}");
                assert_eq!(told(&mut store), expected, "{name}");
                // And with a stack of its own.
                let call = func.call_resumable(&mut store, &[Val::I32(n)]).unwrap();
                assert_eq!(call.finished().unwrap()[0].i32(), Some(result), "{name}");
                assert_eq!(told(&mut store), expected, "{name}");
            };
            ran("none", 3, 3, wasm(&[]));
            ran("work", 3, 104, wasm(&HOST));
            ran("twice", 3, 5, wasm(&[HOST, HOST].concat()));
            ran("tail", 3, 4, wasm(&HOST));
            ran("indirect", 0, 1001, wasm(&HOST));
            ran("indirect", 1, 1001, wasm(&HOST));
            let again = |within: Vec<CallHook>| wasm(&[&[CallingHost][..], &within, &[ReturningFromHost]].concat());
            ran("again", 0, -1, again(wasm(&[])));
            ran("again", 2, -1, again(again(again(wasm(&[])))));
            // A host function that the host calls.
            let Some(Ref::Func(Some(work))) = instance.get_table(&store, "table").unwrap().get(&store, 0) else {
                panic!("a function")
            };
            assert_eq!(work.invoke::<i32, i32>(&mut store, 0).unwrap(), 1);
            assert_eq!(told(&mut store), wasm(&HOST));
        }
    }
}

#[test]
fn what_fails_is_told_as_well() {
    for engine in engines() {
        let (mut store, instance) = program(&engine, true);
        assert_eq!(call(&mut store, instance, "trap", 0).unwrap_err().trap(), Some(Trap::Unreachable));
        assert_eq!(told(&mut store), wasm(&[]));
        let error = call(&mut store, instance, "fail", 0).unwrap_err();
        assert_eq!(error.to_string(), "the host function fails");
        assert_eq!(told(&mut store), wasm(&HOST));
        // But panics are not.
        assert_eq!(panics(|| call(&mut store, instance, "panic", 0)), "the host function panics");
        assert_eq!(told(&mut store), [CallingWasm, CallingHost]);
        assert_eq!(call(&mut store, instance, "work", 1).unwrap(), 102);
        assert_eq!(told(&mut store), wasm(&HOST));
    }
}

#[test]
fn errors_of_the_hook_end_what_they_are_about() {
    for engine in engines() {
        let (mut store, instance) = program(&engine, true);
        // What the hook was told after each of its errors, and whether the host function ran.
        let all = wasm(&HOST);
        let expected: [(&[CallHook], usize); 4] =
            [(&all[..1], 0), (&[CallingWasm, CallingHost, ReturningFromWasm], 0), (&all, 1), (&all, 1)];
        for (place, (expected, worked)) in expected.into_iter().enumerate() {
            for name in ["work", "tail", "indirect"] {
                (store.data_mut().fails_at, store.data_mut().worked) = (Some(place), 0);
                let error = call(&mut store, instance, name, 0).unwrap_err();
                assert!(error.is::<Stop>(), "{name}: {error}");
                // A tail call has left no frame.
                let inside = [1, 2].contains(&place) && name != "tail";
                let frames = error.downcast_ref::<WasmBacktrace>().map_or(0, |trace| trace.frames().len());
                assert_eq!(frames, usize::from(inside), "{name} at {place}");
                assert_eq!((told(&mut store), store.data().worked), (expected.to_vec(), worked), "{name} at {place}");
            }
        }
        // An error takes the place of another.
        for (name, place) in [("trap", 1), ("fail", 2), ("fail", 3)] {
            store.data_mut().fails_at = Some(place);
            assert!(call(&mut store, instance, name, 0).unwrap_err().is::<Stop>());
            told(&mut store);
        }
        // It goes through the calls further out, which are told.
        store.data_mut().fails_at = Some(4);
        assert!(call(&mut store, instance, "again", 1).unwrap_err().is::<Stop>());
        let inner = [CallingWasm, CallingHost, CallingWasm, CallingHost, CallingWasm];
        let outer = [ReturningFromHost, ReturningFromWasm, ReturningFromHost, ReturningFromWasm];
        assert_eq!(told(&mut store), [&inner[..], &outer].concat());
        assert_eq!(call(&mut store, instance, "work", 0).unwrap(), 101);
    }
}

#[test]
fn panics_of_the_hook_pass_through() {
    for engine in engines() {
        let (mut store, instance) = program(&engine, true);
        for place in 0..4 {
            for name in ["work", "tail", "indirect"] {
                store.data_mut().panics_at = Some(place);
                assert_eq!(panics(|| call(&mut store, instance, name, 0)), "the hook panics");
                // A panic of a host function, or of what stands for it, is the end of the call.
                assert_eq!(told(&mut store), wasm(&HOST)[..=place], "{name} at {place}");
                let resumable = |store: &mut Store<Log>| {
                    let func = instance.get_typed_func::<i32, i32>(&*store, name).unwrap();
                    func.call_resumable(store, 0)
                };
                store.data_mut().panics_at = Some(place);
                assert_eq!(panics(|| resumable(&mut store)), "the hook panics");
                assert_eq!(told(&mut store), wasm(&HOST)[..=place], "{name} at {place}");
                assert_eq!(call(&mut store, instance, "work", 1).unwrap(), 102);
                assert_eq!(told(&mut store), wasm(&HOST));
            }
        }
    }
}

#[test]
fn start_functions_are_calls() {
    for engine in engines() {
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "start", |mut caller: Caller<'_, Log>| caller.data_mut().worked += 1).unwrap();
        let imported = r#"(module (import "host" "start" (func $f)) (start $f))"#;
        let own = r#"(module (import "host" "start" (func $f)) (func $own (call $f)) (start $own))"#;
        let empty = "(module (func $f) (start $f))";
        for (wat, expected) in [(imported, wasm(&HOST)), (own, wasm(&HOST)), (empty, wasm(&[]))] {
            let mut store = store(&engine, Log::default());
            store.call_hook(hook);
            let module = module(&engine, wat);
            linker.instantiate(&mut store, &module).unwrap();
            assert_eq!(told(&mut store), expected, "{wat}");
            let resumable = linker.instantiate_resumable(&mut store, &module).unwrap();
            assert!(resumable.finished().is_some());
            assert_eq!(told(&mut store), expected, "{wat}");
            let worked = store.data().worked;
            assert_eq!(worked, if wat == empty { 0 } else { 2 });
            store.data_mut().fails_at = Some(0);
            assert!(linker.instantiate(&mut store, &module).unwrap_err().is::<Stop>());
            assert_eq!((told(&mut store).len(), store.data().worked), (1, worked));
        }
    }
}

#[test]
fn a_pause_is_a_return() {
    for fuse in [true, false] {
        let engine = Engine::new(Config::new().consume_fuel(true).fuse(fuse)).unwrap();
        let (mut store, instance) = program(&engine, true);
        // Out of fuel.
        let work = instance.get_typed_func::<i32, i32>(&store, "work").unwrap();
        store.set_fuel(0).unwrap();
        let Resumable::Paused(paused) = work.call_resumable(&mut store, 1).unwrap() else { panic!("without fuel") };
        assert_eq!(told(&mut store), wasm(&[]));
        store.set_fuel(1_000).unwrap();
        assert_eq!(paused.resume(&mut store, &[]).unwrap().finished(), Some(102));
        assert_eq!(told(&mut store), wasm(&HOST));
        // A host function that yields returns when the call goes on.
        let yields = instance.get_typed_func::<i32, i32>(&store, "yield").unwrap();
        let Resumable::Paused(paused) = yields.call_resumable(&mut store, 1).unwrap() else { panic!("it yields") };
        assert_eq!(told(&mut store), [CallingWasm, CallingHost]);
        assert_eq!(paused.resume(&mut store, &[Val::I32(20)]).unwrap().finished(), Some(21));
        assert_eq!(told(&mut store), [ReturningFromHost, ReturningFromWasm]);
        // In a call that cannot pause it returns at once, by its error.
        assert!(yields.call(&mut store, 1).unwrap_err().to_string().contains("yielded"));
        assert_eq!(told(&mut store), wasm(&HOST));
        // What the hook has fail is over.
        store.set_limits(StoreLimitsBuilder::new().resumable_calls(1).build());
        for place in [2, 3] {
            store.data_mut().fails_at = Some(place);
            let Resumable::Paused(paused) = yields.call_resumable(&mut store, 1).unwrap() else { panic!("it yields") };
            let error = paused.resume(&mut store, &[Val::I32(20)]).unwrap_err();
            assert!(error.error().is::<Stop>() && error.into_paused().is_none());
            assert_eq!(told(&mut store), wasm(&HOST));
            store.data_mut().fails_at = Some(place);
            assert!(yields.call(&mut store, 1).unwrap_err().is::<Stop>());
            assert_eq!(told(&mut store), wasm(&HOST));
        }
        // So it is when the call was about to pause, or to go on.
        for place in [1, 2] {
            store.set_fuel(0).unwrap();
            store.data_mut().fails_at = Some(place);
            match work.call_resumable(&mut store, 1) {
                Err(error) => assert!(error.is::<Stop>() && place == 1),
                Ok(Resumable::Finished(_)) => panic!("without fuel"),
                Ok(Resumable::Paused(paused)) => {
                    let error = paused.resume(&mut store, &[]).unwrap_err();
                    assert!(error.error().is::<Stop>() && error.into_paused().is_none() && place == 2);
                }
            }
            assert_eq!(told(&mut store).len(), place + 1);
        }
        store.set_fuel(1_000).unwrap();
        assert_eq!(work.call_resumable(&mut store, 1).unwrap().finished(), Some(102));
    }
}

/// It may use the store as host functions do, and is not told of what it calls itself.
#[test]
fn the_hook_may_call() {
    for engine in engines() {
        let (mut store, instance) = program(&engine, false);
        let none = instance.get_typed_func::<i32, i32>(&store, "none").unwrap();
        let work = instance.get_typed_func::<i32, i32>(&store, "work").unwrap();
        store.call_hook(move |mut store, at| {
            store.data_mut().told.push(at);
            assert_eq!(none.call(&mut store, 9)?, 9);
            assert_eq!(work.call(&mut store, 9)?, 110);
            assert_eq!(work.call_resumable(&mut store, 9)?.finished(), Some(110));
            Ok(())
        });
        assert_eq!(call(&mut store, instance, "twice", 3).unwrap(), 5);
        assert_eq!(told(&mut store), wasm(&[HOST, HOST].concat()));
        assert_eq!(store.data().worked, 2 + 2 * 6);
    }
}

#[test]
fn nesting_has_its_limit() {
    let engine = Engine::new(Config::new().max_nested_entries(4)).unwrap();
    let (mut store, instance) = program(&engine, true);
    // Four calls of `again`, or three of them and one of `none`.
    assert_eq!(call(&mut store, instance, "again", 2).unwrap(), -1);
    assert_eq!(told(&mut store).len(), 4 * 2 + 3 * 2);
    let error = call(&mut store, instance, "again", 3).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::StackOverflow));
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 4);
    assert_eq!(told(&mut store).len(), 4 * 2 + 4 * 2);
    // A stack that is full is no entry either.
    let engine = Engine::new(Config::new().max_wasm_stack(64)).unwrap();
    let (mut store, instance) = program(&engine, true);
    assert_eq!(call(&mut store, instance, "again", 3).unwrap_err().trap(), Some(Trap::StackOverflow));
    assert_eq!(told(&mut store), wasm(&[]));
}

/// The native stack does not grow with the number of calls.
#[test]
fn many_calls_are_told() {
    for engine in engines() {
        let (mut store, instance) = program(&engine, true);
        store.call_hook(|_, _| Ok(()));
        assert_eq!(call(&mut store, instance, "loop", 100_000).unwrap(), 7);
        assert_eq!((store.data().worked, store.data().told.len()), (100_000, 0));
    }
}

/// An async host function that waits has not returned, and keeps what it has borrowed of the store: nobody is told meanwhile.
#[test]
fn what_waits_has_not_returned() {
    /// Ready when it is polled again.
    async fn wait() {
        let mut waits = true;
        poll_fn(|_| if std::mem::take(&mut waits) { Poll::Pending } else { Poll::Ready(()) }).await;
    }
    for engine in engines() {
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap_async("host", "wait", |mut caller: Caller<'_, Log>, (n,): (i32,)| {
                Box::new(async move {
                    let told = &mut caller.data_mut().told;
                    let (before, last) = (told.len(), told.last_mut().expect("it was told of the call"));
                    if n != 0 {
                        wait().await;
                    }
                    assert_eq!(*last, CallingHost);
                    *last = CallingHost;
                    assert_eq!(told.len(), before);
                    if n < 0 { Err(Error::msg("it fails after it has waited")) } else { Ok(n) }
                })
            })
            .unwrap();
        linker.func_wrap("host", "yield", || -> Result<()> { Err(Yield::new(()).into()) }).unwrap();
        let module = module(
            &engine,
            r#"(module
                (import "host" "wait" (func $wait (param i32) (result i32)))
                (import "host" "yield" (func $yield))
                (func (export "run") (param i32) (result i32)
                    (i32.add (call $wait (local.get 0)) (call $wait (i32.const 0))))
                (func (export "yield") (param i32) (result i32) (call $yield) (i32.const 0)))"#,
        );
        let mut store = store(&engine, Log::default());
        // What it does to the data would be seen by what waits.
        store.call_hook(|mut store, at| {
            store.data_mut().told.reserve(100);
            hook(store, at)
        });
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        let both = wasm(&[HOST, HOST].concat());
        for n in [0, 5] {
            assert_eq!(block_on(run.call_async(&mut store, n)).unwrap(), n);
            assert_eq!(told(&mut store), both);
        }
        assert!(block_on(run.call_async(&mut store, -1)).unwrap_err().to_string().contains("after it has waited"));
        assert_eq!(told(&mut store), wasm(&HOST));
        for place in [2, 3, 4, 5] {
            store.data_mut().fails_at = Some(place);
            assert!(block_on(run.call_async(&mut store, 5)).unwrap_err().is::<Stop>());
            // Of a call of a host function that the hook forbids there is no return.
            assert_eq!(told(&mut store).len(), [4, 5, 6, 6][place - 2]);
        }
        let yields = instance.get_typed_func::<i32, i32>(&store, "yield").unwrap();
        assert!(block_on(yields.call_async(&mut store, 0)).is_err());
        assert_eq!(told(&mut store), wasm(&HOST));
        // A call that is dropped while it waits is told nothing more.
        {
            let mut call = pin!(run.call_async(&mut store, 5));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(told(&mut store), [CallingWasm, CallingHost]);
        assert_eq!(block_on(run.call_async(&mut store, 5)).unwrap(), 5);
    }
}

/// A hook is no part of the call that is polled: an async host function that it calls cannot wait.
#[test]
fn what_the_hook_calls_does_not_wait() {
    for engine in engines() {
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap_async("host", "wait", |_: Caller<'_, Vec<bool>>, ()| {
                Box::new(async { std::future::pending::<()>().await })
            })
            .unwrap();
        linker.func_wrap("host", "none", || {}).unwrap();
        let module = module(
            &engine,
            r#"(module (import "host" "wait" (func $wait)) (import "host" "none" (func $none))
                (func (export "wait") (call $wait)) (func (export "none") (call $none)))"#,
        );
        let mut store = store(&engine, Vec::new());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let wait = instance.get_typed_func::<(), ()>(&store, "wait").unwrap();
        let none = instance.get_typed_func::<(), ()>(&store, "none").unwrap();
        store.call_hook(move |mut store, _| {
            let fails = [wait.call(&mut store, ()).is_err(), wait.call_resumable(&mut store, ()).is_err()];
            store.data_mut().extend(fails);
            Ok(())
        });
        block_on(none.call_async(&mut store, ())).unwrap();
        assert_eq!(*store.data(), [true; 8]);
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// Whatever the hook calls, an error says where the call was that it is about.
#[test]
fn calls_of_the_hook_leave_backtraces_alone() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = module(
        &engine,
        r#"(module
            (import "host" "fails" (func $fails))
            (func $hang (export "hang") (loop $again (br $again)))
            (func $traps (export "traps") unreachable)
            (func $host (export "host") (call $fails))
            (func $boom (export "boom") (param i32 i32 i32 i32) (unreachable)))"#,
    );
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "fails", || -> Result<()> { Err(Error::new(Stop)) }).unwrap();
    let mut store = store(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let boom = instance.get_typed_func::<(i32, i32, i32, i32), ()>(&store, "boom").unwrap();
    let mut inside = false;
    store.call_hook(move |mut store, _| {
        // Not of what it calls itself.
        if !std::mem::replace(&mut inside, true) {
            let left = store.get_fuel()?;
            store.set_fuel(1000)?;
            assert_eq!(boom.call(&mut store, (7, 7, 7, 7)).unwrap_err().trap(), Some(Trap::Unreachable));
            store.set_fuel(left)?;
        }
        inside = false;
        Ok(())
    });
    for name in ["hang", "traps", "host"] {
        let func = instance.get_typed_func::<(), ()>(&store, name).unwrap();
        for way in 0..3 {
            store.set_fuel(100).unwrap();
            let error = match way {
                0 => func.call(&mut store, ()).unwrap_err(),
                1 => match func.call_resumable(&mut store, ()) {
                    Ok(call) => {
                        assert!(name == "hang" && call.paused().is_some());
                        continue;
                    }
                    Err(error) => error,
                },
                _ => block_on(func.call_async(&mut store, ())).unwrap_err(),
            };
            let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
            let names: Vec<_> = frames.iter().map(|frame| frame.func_name().unwrap()).collect();
            assert_eq!(names, [name], "way {way}");
        }
    }
}
