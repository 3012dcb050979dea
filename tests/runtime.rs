//! Functions by name, by index and by handle ([`pirn::Runtime`]), and the examples.

#![cfg(feature = "wat")]

use pirn::{
    AsContext, DEFAULT_MODULE, Engine, Error, Func, Global, GlobalType, LinkError, Linker, Module, Runtime, Store,
    Trap, Val, ValType,
};

#[path = "../examples/add_one.rs"]
mod add_one;
#[path = "../examples/add_two.rs"]
mod add_two;

const ADD_ONE: &str = r#"(module
    (func (export "add_one") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (global (export "g") i32 (i32.const 5)))"#;

const ADD_TWO: &str = r#"(module
    (import "one" "add_one" (func $add_one (param i32) (result i32)))
    (func $hidden (param i32 i64) (result i64 f64)
        (i64.add (local.get 1) (i64.extend_i32_s (local.get 0))) (f64.const 0.5))
    (func (export "add_two") (param i32) (result i32) (call $add_one (call $add_one (local.get 0)))))"#;

fn one_and_two() -> (Engine, Runtime) {
    let engine = Engine::default();
    let mut rt = Runtime::new_named("one", &Module::new(&engine, ADD_ONE).unwrap()).unwrap();
    assert_eq!(rt.add_module("two", &Module::new(&engine, ADD_TWO).unwrap()).unwrap(), 1);
    (engine, rt)
}

#[track_caller]
fn assert_says(error: Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

#[test]
fn examples() {
    assert_eq!(add_one::run().unwrap(), [12; 3]);
    assert_eq!(add_two::run().unwrap(), [13; 3]);
}

#[test]
fn by_name_and_by_index_is_the_same_function() {
    let (_, mut rt) = one_and_two();
    let exported = rt.get_fn("one", "add_one").unwrap();
    assert_eq!(rt.get_fn_idx(0, 0).unwrap(), exported);
    // The import of the second module is the first one's function.
    assert_eq!(rt.get_fn_idx(1, 0).unwrap(), exported);
    assert_eq!(rt.get_fn_idx(1, 2).unwrap(), rt.get_fn("two", "add_two").unwrap());
    assert_ne!(rt.get_fn_idx(1, 1).unwrap(), exported);
    let sum: i32 = rt.invoke(&exported, 41).unwrap();
    assert_eq!(sum, 42);
}

#[test]
fn functions_that_are_not_exported_have_an_index() {
    let (_, mut rt) = one_and_two();
    let hidden = rt.get_fn_idx(1, 1).unwrap();
    let (sum, half): (i64, f64) = rt.invoke(&hidden, (-1, 8i64)).unwrap();
    assert_eq!((sum, half), (7, 0.5));
    assert_eq!(hidden.invoke::<(i32, i64), (u64, f64)>(&mut rt, (1, 8)).unwrap(), (9, 0.5));
}

#[test]
fn what_is_not_there() {
    let (_, rt) = one_and_two();
    assert_says(rt.get_fn("three", "add_one").unwrap_err(), &["no module `three`"]);
    assert_says(rt.get_fn(DEFAULT_MODULE, "add_one").unwrap_err(), &["no module `main`"]);
    assert_says(rt.get_fn("two", "add_one").unwrap_err(), &["module `two` has no export `add_one`"]);
    assert_says(rt.get_fn("one", "g").unwrap_err(), &["`g`", "`one`", "expected func", "found global i32"]);
    assert_says(rt.get_fn_idx(2, 0).unwrap_err(), &["module index 2"]);
    assert_says(rt.get_fn_idx(1, 3).unwrap_err(), &["function index 3", "`two`"]);
    assert_says(rt.get_fn_idx(1, u32::MAX).unwrap_err(), &["out of range"]);
    assert!(rt.get_module("three").is_err() && rt.get_module_idx("three").is_err());
    assert_eq!(rt.get_module_idx("two").unwrap(), 1);
    assert_eq!(rt.modules().map(|(name, _)| name).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn wrong_types() {
    let (_, mut rt) = one_and_two();
    let f = rt.get_fn("one", "add_one").unwrap();
    for error in [
        rt.invoke::<i64, i32>(&f, 11).unwrap_err(),
        rt.invoke::<i32, i64>(&f, 11).unwrap_err(),
        rt.invoke::<i32, ()>(&f, 11).unwrap_err(),
        rt.invoke::<(), i32>(&f, ()).unwrap_err(),
        rt.invoke::<(i32, i32), i32>(&f, (1, 2)).unwrap_err(),
        f.invoke::<f32, i32>(&mut rt, 1.0).unwrap_err(),
        rt.get_typed_fn::<f64, i32>("one", "add_one").unwrap_err(),
    ] {
        assert_says(error, &["type mismatch", "found func [i32] -> [i32]"]);
    }
    assert_eq!(rt.invoke::<u32, u32>(&f, u32::MAX).unwrap(), 0);
}

#[test]
fn foreign_and_stale_handles() {
    let (engine, mut rt) = one_and_two();
    let foreign = {
        let (_, other) = one_and_two();
        let f = other.get_fn("one", "add_one").unwrap();
        assert_says(rt.invoke::<i32, i32>(&f, 11).unwrap_err(), &["wrong store"]);
        f
    };
    // Its runtime is gone now, and whatever takes its place in memory does not revive it.
    for _ in 0..100 {
        let mut other = Runtime::new_named("one", &Module::new(&engine, ADD_ONE).unwrap()).unwrap();
        assert_says(other.invoke::<i32, i32>(&foreign, 11).unwrap_err(), &["wrong store"]);
        assert_says(foreign.invoke::<i32, i32>(&mut rt, 11).unwrap_err(), &["wrong store"]);
        assert!(foreign.typed::<i32, i32>(&other).is_err());
    }
    let mut store = Store::new(&engine, ());
    let own = rt.get_fn("one", "add_one").unwrap();
    assert!(own.invoke::<i32, i32>(&mut store, 11).is_err());
}

#[test]
fn names_are_unique() {
    let (engine, mut rt) = one_and_two();
    let module = Module::new(&engine, "(module)").unwrap();
    let error = rt.add_module("one", &module).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&LinkError::DuplicateModule { module: "one".into() }));
    rt.add_module("empty", &module).unwrap();
    assert!(rt.add_module("empty", &module).is_err());
    assert!(rt.add_modules([("x", &module), ("x", &module)]).is_err());
    assert!(rt.get_module("x").is_err());
    assert_eq!(rt.modules().len(), 3);
}

#[test]
fn modules_that_import_from_each_other() {
    let engine = Engine::default();
    let [ping, pong] = [("pong", "ping"), ("ping", "pong")].map(|(other, own)| {
        let text = format!(
            r#"(module
                (import "{other}" "f" (func $other (param i32) (result i32)))
                (global $n (export "n") (mut i32) (i32.const 0))
                (func (export "f") (param i32) (result i32)
                    (global.set $n (i32.add (global.get $n) (i32.const 1)))
                    (if (result i32) (local.get 0)
                        (then (call $other (i32.sub (local.get 0) (i32.const 1))))
                        (else (i32.const {})))))"#,
            i32::from(own == "ping"),
        );
        Module::new(&engine, text).unwrap()
    });
    let mut rt = Runtime::empty(&engine);
    assert_eq!(rt.add_modules([("ping", &ping), ("pong", &pong)]).unwrap(), 0);
    let f = rt.get_fn("ping", "f").unwrap();
    let ends_at_ping: i32 = rt.invoke(&f, 10).unwrap();
    assert_eq!(ends_at_ping, 1);
    let counts = ["ping", "pong"].map(|name| rt.get_module(name).unwrap().get_global(&rt, "n").unwrap().get(&rt));
    assert_eq!(counts, [Val::I32(6), Val::I32(5)]);
}

#[test]
fn host_functions_data_and_the_rest_of_the_api() {
    let engine = Engine::default();
    let mut linker = Linker::<Vec<i32>>::new(&engine);
    linker
        .func_wrap("host", "log", |mut caller: pirn::Caller<'_, Vec<i32>>, x: i32| caller.data_mut().push(x))
        .unwrap();
    let mut rt = Runtime::with_linker(linker, Vec::new());
    let (linker, store) = rt.linker_and_store_mut();
    let global = Global::new(&mut *store, GlobalType::new(ValType::I32, false), Val::I32(7)).unwrap();
    linker.define(&*store, "host", "seven", global).unwrap();
    rt.linker_mut().func_wrap("host", "trap", || -> pirn::Result<()> { Err(Trap::Unreachable.into()) }).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "log" (func $log (param i32)))
            (import "host" "trap" (func $trap))
            (import "host" "seven" (global $seven i32))
            (func (export "log") (call $log (global.get $seven)))
            (func (export "trap") (call $trap)))"#,
    )
    .unwrap();
    rt.add_module(DEFAULT_MODULE, &module).unwrap();
    let log = rt.get_fn(DEFAULT_MODULE, "log").unwrap();
    log.call(&mut rt, &[], &mut []).unwrap();
    log.invoke::<(), ()>(&mut rt, ()).unwrap();
    let trap = rt.get_fn(DEFAULT_MODULE, "trap").unwrap();
    assert_eq!(rt.invoke::<(), ()>(&trap, ()).unwrap_err().trap(), Some(Trap::Unreachable));
    // An imported host function has an index like any other.
    let direct = rt.get_fn_idx(0, 0).unwrap();
    rt.invoke::<i32, ()>(&direct, 9).unwrap();
    assert_eq!(rt.store().data(), &[7, 7, 9]);
    let own = Func::wrap(rt.store_mut(), |x: i32| x * 2);
    assert_eq!(rt.invoke::<i32, i32>(&own, 4).unwrap(), 8);
    assert_eq!(rt.as_context().data().len(), 3);
}
