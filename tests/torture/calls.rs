//! Calls that cross a boundary, recurse without end, or panic.

use crate::{ROUNDS, on_small_stack};
use pirn::{Caller, Config, Engine, Instance, Linker, Module, Store, Trap, TypedFunc, Val};

#[test]
fn calls_into_another_instance() {
    on_small_stack(|| {
        let callee = r#"(module (memory (export "m") 1) (table (export "t") 2 funcref) (elem (i32.const 0) func $f $f) (global $g (mut i64) (i64.const 5))
            (func $f (export "f") (param i64) (result i64) (global.set $g (i64.add (global.get $g) (i64.const 1))) (i64.add (local.get 0) (i64.load (i32.const 0))))
            (func (export "tail") (param i64) (result i64) (return_call $f (local.get 0)))
            (data (i32.const 0) "\03") )"#;
        let caller = r#"(module (import "callee" "f" (func $f (param i64) (result i64))) (import "callee" "tail" (func $tail (param i64) (result i64)))
            (import "callee" "t" (table 2 funcref)) (memory 1) (data (i32.const 0) "\64")
            (func $to_tail (param i64) (result i64) (return_call $tail (local.get 0)))
            (func (export "run") (param $n i32) (result i64) (local $sum i64)
                (loop $again
                    (local.set $sum (call $f (local.get $sum)))
                    (local.set $sum (call_indirect (param i64) (result i64) (local.get $sum) (i32.const 1)))
                    (local.set $sum (call $to_tail (local.get $sum)))
                    (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 0))))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum)))"#;
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let module = Module::new(&engine, callee).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        linker.instance(&store, "callee", instance).unwrap();
        let module = Module::new(&engine, caller).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i64>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, ROUNDS).unwrap(), i64::from(ROUNDS) * (3 * 3 + 100));
    });
}

#[test]
fn entries_from_the_host() {
    on_small_stack(|| {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let module = Module::new(
            &engine,
            "(module (func (export \"f\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))",
        )
        .unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
        assert_eq!((0..ROUNDS).fold(0, |n, _| f.call(&mut store, n).unwrap()), ROUNDS);
    });
}

#[test]
fn recursion_to_the_limit() {
    on_small_stack(|| {
        let wat = r#"(module
            (import "host" "again" (func $host (param i32) (result i32)))
            (import "other" "f" (func $other (param i32) (result i32)))
            (type $t (func (param i32) (result i32)))
            (table (export "t") 4 funcref) (elem (i32.const 0) func $local $indirect $host $tail)
            (func $local (export "local") (param i32) (result i32) (i32.add (call $local (local.get 0)) (i32.const 1)))
            (func $indirect (export "indirect") (param i32) (result i32) (i32.add (call_indirect (type $t) (local.get 0) (i32.const 1)) (i32.const 1)))
            (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
            (func (export "imported") (param i32) (result i32) (call $other (local.get 0)))
            (func (export "host indirect") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 2)))
            (func $tail (export "tail") (param i32) (result i32) (local i64 i64) (return_call $between (local.get 0)))
            (func $between (param i32) (result i32) (local i64) (i32.add (call_indirect (type $t) (local.get 0) (i32.const 3)) (i32.const 1)))
            (func (export "wide") (param i32) (result i32) (call $wide (local.get 0) (i64.const 1) (i64.const 2) (f64.const 3) (i32.const 4) (i32.const 5)) (i32.add) (i32.add))
            (func $wide (param i32 i64 i64 f64 i32 i32) (result i32 i32 i32)
                (call $wide (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)))
            (func (export "ok") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        )"#;
        // Calls itself through the table of the first module's kind, in an instance of its own.
        let other = r#"(module (type $t (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) func $f)
            (func $f (export "f") (param i32) (result i32) (i32.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (i32.const 1))))"#;
        let mut config = Config::new();
        // In unoptimised builds an entry from the host takes some KiB of the small native stack.
        config.max_wasm_stack(1 << 20).max_nested_entries(if pirn_exec::OPTIMISED { 64 } else { 16 });
        let engine = Engine::new(&config).unwrap();
        let mut store: Store<Option<TypedFunc<i32, i32>>> = Store::new(&engine, None);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Option<TypedFunc<i32, i32>>>, n: i32| {
                let again = caller.data().expect("set before");
                again.call(&mut caller, n)
            })
            .unwrap();
        let module = Module::new(&engine, other).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        linker.instance(&store, "other", instance).unwrap();
        let module = Module::new(&engine, wat).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let ok = instance.get_typed_func::<i32, i32>(&store, "ok").unwrap();
        for _ in 0..3 {
            for name in ["local", "indirect", "imported", "host", "host indirect", "tail", "wide"] {
                let func = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
                *store.data_mut() = Some(func);
                let error = func.call(&mut store, 1).unwrap_err();
                assert_eq!(error.trap(), Some(Trap::StackOverflow), "{name}: {error}");
                assert_eq!(error.to_string(), "call stack exhausted");
                assert_eq!(ok.call(&mut store, 21).unwrap(), 42, "after {name}");
            }
        }
    });
}

#[test]
fn panicking_host_function() {
    on_small_stack(|| {
        let engine = Engine::default();
        let mut store = Store::new(&engine, 0_u32);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "panic", |mut caller: Caller<'_, u32>, n: i32| -> i32 {
                *caller.data_mut() += 1;
                if n % 2 == 0 { panic!("even") } else { n }
            })
            .unwrap();
        let module = Module::new(
            &engine,
            r#"(module (import "host" "panic" (func $panic (param i32) (result i32)))
                (func $deep (export "deep") (param i32 i32) (result i32) (local i64 f64)
                    (if (result i32) (local.get 1) (then (i32.add (i32.const 1) (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1))))) (else (call $panic (local.get 0))))))"#,
        )
        .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let deep = instance.get_typed_func::<(i32, i32), i32>(&store, "deep").unwrap();
        std::panic::set_hook(Box::new(|_| {}));
        for n in 0..100 {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| deep.call(&mut store, (n, 50))));
            match result {
                Ok(value) => assert_eq!(value.unwrap(), n + 50),
                Err(payload) => assert_eq!((n % 2, payload.downcast_ref::<&str>()), (0, Some(&"even"))),
            }
        }
        let _ = std::panic::take_hook();
        assert_eq!(*store.data(), 100);
    });
}

/// Calls of each kind in one run, and whether both stacks are afterwards where they were before: the native one by where
/// a host function finds its end, the value stack by how deep a recursion gets before it is exhausted.
#[test]
fn calls_of_each_kind_very_often() {
    const CALLS: i32 = 10 * ROUNDS;
    on_small_stack(|| {
        let callee =
            r#"(module (func (export "imported") (param i64) (result i64) (i64.add (local.get 0) (i64.const 2))))"#;
        let caller = r#"(module
            (import "callee" "imported" (func $imported (param i64) (result i64)))
            (import "host" "host" (func $host (param i64) (result i64)))
            (type $t (func (param i64) (result i64)))
            (table funcref (elem $indirect $tail))
            (global $depth (export "depth") (mut i32) (i32.const 0))
            (func $local (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
            (func $indirect (param i64) (result i64) (i64.add (local.get 0) (i64.const 3)))
            (func $tail (param i64) (result i64) (return_call $imported (i64.add (local.get 0) (i64.const 4))))
            (func $tail_indirect (param i64) (result i64) (return_call_indirect (type $t) (local.get 0) (i32.const 1)))
            (func (export "run") (param $n i32) (result i64) (local $sum i64)
                (loop $again
                    (local.set $sum (call $local (local.get $sum)))
                    (local.set $sum (call $imported (local.get $sum)))
                    (local.set $sum (call_indirect (type $t) (local.get $sum) (i32.const 0)))
                    (local.set $sum (call $host (local.get $sum)))
                    (local.set $sum (call $tail (local.get $sum)))
                    (local.set $sum (call $tail_indirect (local.get $sum)))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum))
            (func $deeper (export "deeper") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $deeper)))"#;
        let engine = Engine::default();
        // Lowest and highest stack pointer in a host function, and how often it was called.
        let mut store = Store::new(&engine, (usize::MAX, 0_usize, 0_u64));
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "host", |mut caller: Caller<'_, (usize, usize, u64)>, n: i64| {
                let address = pirn_exec::stack_pointer();
                let (lowest, highest, calls) = caller.data_mut();
                (*lowest, *highest, *calls) = (address.min(*lowest), address.max(*highest), *calls + 1);
                n + 5
            })
            .unwrap();
        let module = Module::new(&engine, callee).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        linker.instance(&store, "callee", instance).unwrap();
        let module = Module::new(&engine, caller).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i64>(&store, "run").unwrap();
        let deeper = instance.get_typed_func::<(), ()>(&store, "deeper").unwrap();
        let depth = instance.get_global(&store, "depth").unwrap();
        let exhaust = |store: &mut Store<_>| {
            depth.set(&mut *store, Val::I32(0)).unwrap();
            let error = deeper.call(&mut *store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::StackOverflow));
            depth.get(&*store).i32().unwrap()
        };
        let before = exhaust(&mut store);
        let sum = run.call(&mut store, CALLS).unwrap();
        assert_eq!(sum, i64::from(CALLS) * (1 + 2 + 3 + 5 + (4 + 2) + (4 + 2)));
        let &(lowest, highest, calls) = store.data();
        assert_eq!(calls, CALLS as u64);
        assert_eq!(lowest, highest, "the native stack moved by {} bytes", highest - lowest);
        assert!(before > 1_000, "only {before} frames fit");
        assert_eq!(exhaust(&mut store), before, "the value stack is not where it was");
    });
}
