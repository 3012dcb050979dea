//! Host functions of a linker that are imported as types of recursion groups, or as types that are declared to be below others.

use crate::assert_says;
use pirn::*;

/// Imports `host.f` as a type of a group, under a type above it, and calls it in every way.
const IMPORTER: &str = r#"(module
    (rec
        (type $box (struct (field (mut i32))))
        (type $f (sub (func (param (ref null $box) i32) (result i32)))))
    (type $below (sub $f (func (param (ref null $box) i32) (result i32))))
    (type $plain (func (param (ref null $box) i32) (result i32)))
    (import "host" "f" (func $f (type $below)))
    (import "host" "f" (func $again (type $f)))
    (table 2 funcref)
    (elem (i32.const 0) $f $again)
    (elem declare func $f)
    (func $box (result (ref $box)) (struct.new $box (i32.const 40)))
    (func (export "direct") (result i32) (call $f (call $box) (i32.const 2)))
    (func (export "tail") (result i32) (return_call $f (call $box) (i32.const 2)))
    (func (export "by reference") (result i32) (call_ref $f (call $box) (i32.const 2) (ref.func $f)))
    (func (export "by table") (param i32) (result i32)
        (call_indirect (type $f) (call $box) (i32.const 2) (local.get 0)))
    (func (export "as below") (param i32) (result i32)
        (call_indirect (type $below) (call $box) (i32.const 2) (local.get 0)))
    (func (export "as plain") (param i32) (result i32)
        (call_indirect (type $plain) (call $box) (i32.const 2) (local.get 0)))
    (func (export "is below") (param i32) (result i32) (ref.test (ref $below) (table.get (local.get 0))))
    (export "f" (func $f)))"#;

/// Adds a number to what the box that it is given holds.
fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    let add = |caller: Caller<'_, ()>, any: Option<Rooted<AnyRef>>, n: i32| -> Result<i32> {
        let object = any.ok_or_else(|| Error::msg("null"))?.as_struct(&caller)?.expect("a box");
        Ok(object.field(&caller, 0)?.unwrap_i32() + n)
    };
    linker.func_wrap("host", "f", add).unwrap();
    linker
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, args: &[Val]) -> Result<i32> {
    let mut results = [Val::I32(0)];
    instance.get_func(&*store, name).unwrap().call(store, args, &mut results)?;
    Ok(results[0].unwrap_i32())
}

fn check(store: &mut Store<()>, instance: Instance) {
    for name in ["direct", "tail", "by reference"] {
        assert_eq!(call(store, instance, name, &[]).unwrap(), 42, "{name}");
    }
    for (name, first, second) in [("by table", 42, 42), ("as below", 42, -1), ("as plain", -1, -1), ("is below", 1, 0)]
    {
        for (index, expected) in [(0, first), (1, second)] {
            let found = call(store, instance, name, &[Val::I32(index)]);
            if expected < 0 {
                assert_eq!(found.unwrap_err().trap(), Some(Trap::IndirectCallTypeMismatch), "{name} {index}");
            } else {
                assert_eq!(found.unwrap(), expected, "{name} {index}");
            }
        }
    }
}

#[test]
fn takes_the_type_of_the_import() {
    let engine = Engine::default();
    let module = Module::new(&engine, IMPORTER).unwrap();
    let linker = linker(&engine);
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    check(&mut store, instance);
    // Another instance has the same function, and so has one that was prepared.
    let again = linker.instantiate_pre(&module).unwrap().instantiate(&mut store).unwrap();
    check(&mut store, again);
    let one = instance.get_func(&store, "f").unwrap();
    let mut table = Linker::<()>::new(&engine);
    table.define(&store, "host", "f", one).unwrap();
    // What is defined as an item is of one type, which is below the other.
    let third = table.instantiate(&mut store, &module).unwrap();
    assert_eq!(call(&mut store, third, "direct", &[]).unwrap(), 42);
    assert_eq!(call(&mut store, third, "is below", &[Val::I32(1)]).unwrap(), 1);
}

#[test]
fn a_copied_store_has_it() {
    let engine = Engine::default();
    let text = r#"(module (rec (type $f (sub (func (result i32)))) (type (struct)))
        (import "host" "f" (func $f (type $f))) (table (export "t") 1 funcref) (elem (i32.const 0) $f)
        (func (export "run") (result i32) (call_indirect (type $f) (i32.const 0))))"#;
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("host", "f", |caller: Caller<'_, i32>| *caller.data()).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, 1);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let mut copy = store.fork(2).unwrap();
    let copied = copy.forked(instance).unwrap();
    let more = linker.instantiate(&mut copy, &module).unwrap();
    for instance in [copied, more] {
        assert_eq!(instance.get_typed_func::<(), i32>(&copy, "run").unwrap().call(&mut copy, ()).unwrap(), 2);
    }
    drop(copy);
    assert_eq!(instance.get_typed_func::<(), i32>(&store, "run").unwrap().call(&mut store, ()).unwrap(), 1);
}

#[test]
fn the_type_stays_as_long_as_the_store() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let func = {
        let module = Module::new(&engine, IMPORTER).unwrap();
        linker(&engine).instantiate(&mut store, &module).unwrap().get_func(&store, "f").unwrap()
    };
    // Types that would take its id, were it free.
    let others: Vec<_> = (0..200)
        .map(|n| {
            Module::new(
                &engine,
                format!("(module (rec (type (struct)) (type (sub (func {})))))", "(param i64)".repeat(n)),
            )
        })
        .collect();
    assert!(others.iter().all(Result::is_ok));
    let mut results = [Val::I32(0)];
    let error = func.call(&mut store, &[Val::AnyRef(None), Val::I32(1)], &mut results).unwrap_err();
    assert_says(&error, &["null"]);
}

#[test]
fn of_another_engine() {
    let [engine, other] = [Engine::default(), Engine::default()];
    let mut linker = Linker::<()>::new(&other);
    linker.func_wrap("host", "id", |x: i32| x).unwrap();
    let module = Module::new(
        &engine,
        r#"(module (rec (type $f (func (param i32) (result i32))) (type (struct)))
            (import "host" "id" (func $id (type $f))) (elem declare func $id)
            (func (export "run") (result i32) (call_ref $f (i32.const 7) (ref.func $id))))"#,
    )
    .unwrap();
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        assert_eq!(call(&mut store, instance, "run", &[]).unwrap(), 7);
    }
}

#[test]
fn made_for_an_import_of_its_type() {
    let engine = Engine::default();
    let module = Module::new(&engine, IMPORTER).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    let ExternType::Func(ty) = module.imports().next().unwrap().ty() else { panic!("a function") };
    linker
        .func_new("host", "f", ty, |_, args, results| {
            results[0] = args[1];
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(call(&mut store, instance, "by reference", &[]).unwrap(), 2);
    // What is not defined can trap instead.
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_says(&call(&mut store, instance, "direct", &[]).unwrap_err(), &["host", "f"]);
}

#[test]
fn parameters_and_results_have_to_match() {
    let engine = Engine::default();
    let import = |ty: &str| {
        let text = format!(
            r#"(module (rec (type $s (struct)) (type $f (sub (func {ty})))) (import "host" "f" (func (type $f))))"#
        );
        Module::new(&engine, text).unwrap()
    };
    let linker = linker(&engine);
    let link = |ty: &str| linker.instantiate(&mut Store::new(&engine, ()), &import(ty)).map(drop);
    // Parameters may be narrower, results wider.
    link("(param (ref $s) i32) (result i32)").unwrap();
    link("(param anyref i32) (result i32)").unwrap();
    link("(param nullref i32) (result i32)").unwrap();
    for ty in [
        "(param externref i32) (result i32)",
        "(param (ref $s) i64) (result i32)",
        "(param (ref $s)) (result i32)",
        "(param (ref $s) i32)",
        "(param (ref $s) i32) (result i64)",
    ] {
        assert_says(&link(ty).unwrap_err(), &["host", "f"]);
    }
}
