//! Exceptions in calls that pause, and in calls that wait.

use crate::waiting::{block_on, later};
use crate::{engines, store, tag, thrown};
use pirn::*;

const TEXT: &str = r#"(module
    (tag $t (import "host" "tag") (param i32))
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (func $deep (param i32 i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
            (else (call $wait (local.get 1)))))
    (func (export "run") (param i32) (result i32)
        (local $sum i32)
        (block $h (result i32)
            (try_table (result i32) (catch $t $h)
                (call $deep (i32.const 3) (local.get 0))))
        ;; The handler pauses, too.
        (local.set $sum)
        (i32.add (local.get $sum) (call $wait (i32.const 1000))))
    (func (export "uncaught") (param i32) (result i32) (call $deep (i32.const 2) (local.get 0)))
    (func (export "loop") (param i32) (result i32)
        (local $n i32)
        (loop $l
            (block $h (result i32)
                (try_table (catch $t $h) (throw $t (i32.const 2)))
                (unreachable))
            (local.set $n (i32.add (local.get $n)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $n)))"#;

fn yielding(store: &mut Store<()>) -> (Instance, Tag) {
    let tag = tag(store, &[ValType::I32]);
    let engine = store.engine().clone();
    let mut linker = Linker::<()>::new(&engine);
    linker.define(&mut *store, "host", "tag", tag).unwrap();
    linker.func_wrap("host", "wait", |_: i32| -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    (linker.instantiate(&mut *store, &Module::new(&engine, TEXT).unwrap()).unwrap(), tag)
}

#[test]
fn a_paused_call_goes_on_by_an_exception() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let (instance, tag) = yielding(&mut store);
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        let mut paused = Vec::new();
        for n in 0..5 {
            paused.push((n, run.call_resumable(&mut store, n).unwrap().paused().unwrap()));
        }
        for (n, call) in paused {
            let exception = ExnRef::new(&mut store, &tag, &[Val::I32(10 + n)]).unwrap();
            let in_handler = call.throw(&mut store, exception).unwrap().paused().unwrap();
            assert!(!store.has_pending_exception());
            let results = in_handler.resume(&mut store, &[Val::I32(100)]).unwrap();
            assert_eq!(results.finished(), Some(110 + n));
        }
        let call = run.call_resumable(&mut store, 1).unwrap().paused().unwrap();
        let in_body = call.resume(&mut store, &[Val::I32(5)]).unwrap().paused().unwrap();
        // Where nothing catches it.
        let exception = ExnRef::new(&mut store, &tag, &[Val::I32(4)]).unwrap();
        let error = Error::from(in_body.throw(&mut store, exception).unwrap_err());
        assert_eq!(thrown(&mut store, &error), (tag, vec![Val::I32(4)]));
    }
}

#[test]
fn a_call_that_waits_for_no_host_function_is_not_thrown_into() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let (instance, tag) = yielding(&mut store);
    let call = instance.get_typed_func::<i32, i32>(&store, "loop").unwrap();
    let paused = call.call_resumable(&mut store, 3).unwrap().paused().unwrap();
    let exception = ExnRef::new(&mut store, &tag, &[Val::I32(4)]).unwrap();
    let error = paused.throw(&mut store, exception).unwrap_err();
    assert!(error.to_string().contains("no host function yielded"), "{error}");
    // It can go on.
    store.set_fuel(1 << 20).unwrap();
    let paused = error.into_paused().unwrap();
    assert_eq!(paused.resume(&mut store, &[]).unwrap().finished(), Some(6));
}

#[test]
fn fuel_runs_out_in_handlers_too() {
    for (fuse, stress) in [(true, GcStress::Collect), (false, GcStress::Collect), (true, GcStress::Step)] {
        let engine = Engine::new(Config::new().consume_fuel(true).fuse(fuse).gc_stress(stress)).unwrap();
        for step in [1, 3, 50] {
            let mut store = Store::new(&engine, ());
            store.set_fuel(1 << 20).unwrap();
            let (instance, _) = yielding(&mut store);
            store.set_fuel(0).unwrap();
            let run = instance.get_typed_func::<i32, i32>(&store, "loop").unwrap();
            let (mut call, mut pauses) = (run.call_resumable(&mut store, 20).unwrap(), 0);
            while let Resumable::Paused(paused) = call {
                pauses += 1;
                store.add_fuel(step).unwrap();
                call = paused.resume(&mut store, &[]).unwrap();
            }
            assert_eq!(call.finished(), Some(40));
            assert!(pauses > 2);
        }
    }
}

#[test]
fn an_async_host_function_throws_at_once_or_later() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let tag = tag(&mut store, &[ValType::I32]);
        let mut linker = Linker::<()>::new(&engine);
        linker.define(&mut store, "host", "tag", tag).unwrap();
        linker
            .func_wrap_async("host", "wait", move |mut caller: Caller<'_, ()>, (n,): (i32,)| {
                Box::new(async move {
                    if n & 1 != 0 {
                        later().await;
                    }
                    if n & 2 != 0 {
                        let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
                        return caller.throw::<i32>(exception).map_err(Error::new);
                    }
                    Ok(n)
                })
            })
            .unwrap();
        let instance = linker.instantiate(&mut store, &Module::new(&engine, TEXT).unwrap()).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        let uncaught = instance.get_typed_func::<i32, i32>(&store, "uncaught").unwrap();
        block_on(async {
            for n in 0..4 {
                let expected = if n & 2 != 0 { n + 1000 } else { n + 3 + 1000 };
                assert_eq!(run.call_async(&mut store, n).await.unwrap(), expected);
                let outcome = uncaught.call_async(&mut store, n).await;
                if n & 2 == 0 {
                    assert_eq!(outcome.unwrap(), n + 2);
                } else {
                    let error = outcome.unwrap_err();
                    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 4);
                    assert_eq!(thrown(&mut store, &error), (tag, vec![Val::I32(n)]));
                }
            }
        });
    }
}
