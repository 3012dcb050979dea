//! Start functions that pause.

use crate::{finish, group, metered};
use pirn::*;

/// Defines `host::ask`, which yields, and `host::log`, which keeps its argument.
fn linker(engine: &Engine) -> Linker<Vec<i32>> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "ask", |n: i32| -> Result<i32> { Err(Yield::new(n).into()) })
        .unwrap()
        .func_wrap("host", "log", |mut caller: Caller<'_, Vec<i32>>, n: i32| caller.data_mut().push(n))
        .unwrap();
    linker
}

/// Its start function asks in a loop, once through another module of a group, and logs the answers.
fn module(number: i32, next: Option<&str>) -> String {
    let (import, call) = match next {
        Some(next) => (format!("(import \"{next}\" \"ask\" (func $next (param i32) (result i32)))"), "$next"),
        None => (String::new(), "$ask"),
    };
    format!(
        r#"(module {import}
            (import "host" "ask" (func $ask (param i32) (result i32)))
            (import "host" "log" (func $log (param i32)))
            (global $sum (export "sum") (mut i32) (i32.const 0))
            (func $start (local $i i32)
                (loop $next
                    (global.set $sum (i32.add (global.get $sum) (call {call} (i32.add (local.get $i) (i32.const {number})))))
                    (call $log (global.get $sum))
                    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3)))))
            (func (export "ask") (param i32) (result i32) (call $ask (i32.add (local.get 0) (i32.const 1000))))
            (start $start))"#
    )
}

fn sum(store: &Store<Vec<i32>>, instance: Instance) -> Val {
    instance.get_global(store, "sum").unwrap().get(store)
}

#[test]
fn of_one_module() {
    let engine = metered();
    let linker = linker(&engine);
    let module = Module::new(&engine, module(10, None)).unwrap();
    for step in [1, 5, 1000] {
        let mut store = Store::new(&engine, Vec::new());
        let call = linker.instantiate_resumable(&mut store, &module).unwrap();
        let done = finish(&mut store, call, step, |_, n| Val::I32(n * 2)).unwrap();
        assert_eq!(done.yielded, 3);
        assert_eq!(*store.data(), [20, 42, 66]);
        assert_eq!(sum(&store, done.results), Val::I32(66));
        let call = linker.instantiate_pre(&module).unwrap().instantiate_resumable(&mut store).unwrap();
        assert_eq!(finish(&mut store, call, step, |_, n| Val::I32(n)).unwrap().yielded, 3);
    }
    // Plainly, it fails for the first thing that happens.
    let mut store = Store::new(&engine, Vec::new());
    assert_eq!(linker.instantiate(&mut store, &module).unwrap_err().trap(), Some(Trap::OutOfFuel));
    store.set_fuel(1000).unwrap();
    assert!(linker.instantiate(&mut store, &module).unwrap_err().to_string().contains("yielded"));
    // Without a start function there is nothing to pause, and no fuel is needed.
    let module = Module::new(&engine, "(module (memory 1) (data (i32.const 0) \"abc\"))").unwrap();
    assert!(Instance::new_resumable(&mut store, &module, &[]).unwrap().finished().is_some());
}

#[test]
fn of_a_group() {
    let engine = metered();
    let linker = linker(&engine);
    // A ring: each asks through the next.
    let texts = [module(10, Some("b")), module(20, Some("c")), module(30, Some("a"))];
    let modules = [("a", &*texts[0]), ("b", &*texts[1]), ("c", &*texts[2])];
    let mut logs = Vec::new();
    for step in [1, 7, 100_000] {
        let mut store = Store::new(&engine, Vec::new());
        let call = group(&linker, &modules).instantiate_resumable(&mut store).unwrap();
        let done = finish(&mut store, call, step, |_, n| Val::I32(n - 1000)).unwrap();
        assert_eq!(done.yielded, 9);
        let sums = ["a", "b", "c"].map(|name| sum(&store, done.results.get(name).unwrap()));
        assert_eq!(sums, [33, 63, 93].map(Val::I32));
        logs.push(store.into_data());
    }
    assert_eq!(logs[0].len(), 9);
    assert!(logs.iter().all(|log| *log == logs[0]));
}

#[test]
fn that_fail_behind_a_pause() {
    let engine = Engine::default();
    let linker = linker(&engine);
    let fails = r#"(module (import "host" "ask" (func $ask (param i32) (result i32)))
        (func $start (drop (call $ask (i32.const 1))) unreachable) (start $start))"#;
    let after = module(5, None);
    let mut store = Store::new(&engine, Vec::new());
    let group = group(&linker, &[("fails", fails), ("after", &after)]);
    let paused = group.instantiate_resumable(&mut store).unwrap().paused().unwrap();
    let failed = paused.resume(&mut store, &[Val::I32(0)]).unwrap_err();
    assert_eq!(failed.error().trap(), Some(Trap::Unreachable));
    assert!(failed.into_paused().is_none());
    // Those behind it did not begin.
    assert!(store.data().is_empty());
}

#[test]
fn of_a_runtime() {
    let engine = metered();
    let mut rt = Runtime::with_linker(linker(&engine), Vec::new());
    let text = module(10, None);
    let module = Module::new(&engine, &text).unwrap();
    let (linker, store) = rt.linker_and_store_mut();
    let mut group = linker.group();
    group.module("first", &module).unwrap();
    let call = group.instantiate_resumable(&mut *store).unwrap();
    let linked = finish(store, call, 3, |_, n| Val::I32(n)).unwrap().results;
    assert_eq!(rt.add_linked(&linked).unwrap(), 0);
    assert!(rt.add_linked(&linked).is_err());
    // Functions are called, and go on, with the runtime for a store.
    rt.store_mut().set_fuel(100).unwrap();
    let ask = rt.get_typed_fn::<i32, i32>("first", "ask").unwrap();
    let paused = ask.call_resumable(&mut rt, 1).unwrap().paused().unwrap();
    assert!(matches!(paused.reason(), PauseReason::Yield(n) if n.downcast_ref() == Some(&1001)));
    assert_eq!(paused.resume(&mut rt, &[Val::I32(2)]).unwrap().finished(), Some(2));
}
