//! The call hook: that it is told of every crossing, in order, and what its errors and panics do.

use crate::{engines, module, panics, store};
use pirn::CallHook::{CallingHost, CallingWasm, ReturningFromHost, ReturningFromWasm};
use pirn::*;

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
        // A host function yields, and returns by that.
        let yields = instance.get_typed_func::<i32, i32>(&store, "yield").unwrap();
        let Resumable::Paused(paused) = yields.call_resumable(&mut store, 1).unwrap() else { panic!("it yields") };
        assert_eq!(told(&mut store), wasm(&HOST));
        assert_eq!(paused.resume(&mut store, &[Val::I32(20)]).unwrap().finished(), Some(21));
        assert_eq!(told(&mut store), wasm(&[]));
        // What the hook has fail is over, whether it was about to pause or to go on.
        store.set_limits(StoreLimitsBuilder::new().resumable_calls(1).build());
        for place in [2, 3, 4] {
            store.data_mut().fails_at = Some(place);
            let error = match yields.call_resumable(&mut store, 1) {
                Err(error) => error,
                Ok(Resumable::Paused(paused)) => {
                    let error = paused.resume(&mut store, &[Val::I32(20)]).unwrap_err();
                    assert_eq!(place, 4);
                    let text = error.to_string();
                    assert!(error.into_paused().is_none(), "{text}");
                    assert_eq!(text, "the hook says no");
                    Error::new(Stop)
                }
                Ok(Resumable::Finished(_)) => panic!("it yields"),
            };
            assert!(error.is::<Stop>(), "{error}");
            assert_eq!(told(&mut store).len(), if place == 4 { 5 } else { 4 });
        }
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
