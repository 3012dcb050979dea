//! What async calls do is what other calls do.

use super::{engines, finish, instance, is_send, module, poll, store, wait, waiting};
use pirn::{Caller, Engine, ExternRef, Func, FuncType, Instance, Linker, Rooted, Store, Val, ValType, WasmBacktrace};
use std::pin::pin;
use std::task::Poll;

/// A function that calls `host.wait` with 0, 1, 2..., between two that count.
const SUM: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (global $calls (export "calls") (mut i32) (i32.const 0))
    (func (export "sum") (param $n i32) (result i32) (local $i i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (call $wait (local.get $i))))
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $sum)))"#;

#[test]
fn waiting_changes_nothing() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let instance = instance(&waiting(&engine), &mut store, SUM);
        let sum = instance.get_typed_func::<u32, u32>(&store, "sum").unwrap();
        for n in 1..10 {
            let (result, waits) = finish(is_send(sum.call_async(&mut store, n)));
            assert_eq!((result.unwrap(), waits as u32), (n * (n - 1) / 2, n * (n - 1) / 2));
        }
        let mut results = [Val::I32(0)];
        let (result, waits) = finish(is_send(sum.func().call_async(&mut store, &[Val::I32(4)], &mut results)));
        result.unwrap();
        assert_eq!((results[0].unwrap_i32(), waits), (6, 6));
        let calls = instance.get_global(&store, "calls").unwrap().get(&store);
        assert_eq!(calls.unwrap_i32(), 45 + 4);
    }
}

#[test]
fn nothing_waits_that_is_ready() {
    let engine = Engine::default();
    let mut store = store(&engine, ());
    let instance = instance(&waiting(&engine), &mut store, SUM);
    let sum = instance.get_typed_func::<u32, u32>(&store, "sum").unwrap();
    assert_eq!(finish(sum.call_async(&mut store, 1)).1, 0);
    // The host's functions and WebAssembly's own alike.
    let wait = Func::wrap_async(&mut store, |_, (n,): (i64,)| Box::new(async move { n + 1 }));
    let mut results = [Val::I64(0)];
    let (result, waits) = finish(wait.call_async(&mut store, &[Val::I64(41)], &mut results));
    result.unwrap();
    assert_eq!((results[0].unwrap_i64(), waits), (42, 0));
}

#[test]
fn values_of_every_type_arrive() {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        type All = (i32, u32, i64, u64, f32, f64, Option<Func>, Option<Rooted<ExternRef>>);
        linker
            .func_wrap_async("host", "typed", |_, all: All| {
                Box::new(async move {
                    wait(all.1).await;
                    Ok(all)
                })
            })
            .unwrap();
        let types = [
            ValType::I32,
            ValType::I32,
            ValType::I64,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::FUNCREF,
            ValType::EXTERNREF,
        ];
        linker
            .func_new_async("host", "dynamic", FuncType::new(types, types), |_, params, results| {
                Box::new(async move {
                    wait(params[1].unwrap_i32() as u32).await;
                    results.copy_from_slice(params);
                    Ok(())
                })
            })
            .unwrap();
        let list = "i32 i32 i64 i64 f32 f64 funcref externref";
        let ty = format!("(param {list}) (result {list})");
        let get: String = (0..8).map(|i| format!("(local.get {i})")).collect();
        let mut store = store(&engine, ());
        let instance = instance(
            &linker,
            &mut store,
            &format!(
                r#"(module
                    (import "host" "typed" (func $typed {ty}))
                    (import "host" "dynamic" (func $dynamic {ty}))
                    (func (export "run") {ty} (call $dynamic (call $typed {get}))))"#
            ),
        );
        let run = instance.get_func(&store, "run").unwrap();
        let extern_ref = ExternRef::new(&mut store, 7_u8);
        for waits in 0..3 {
            let params = [
                Val::I32(-5),
                Val::I32(waits),
                Val::I64(i64::MIN + 3),
                Val::I64(-1),
                Val::F32(0x7fa0_0001),
                Val::F64(1.5_f64.to_bits()),
                Val::from(Some(run)),
                Val::from(Some(extern_ref)),
            ];
            let mut results = [const { Val::I32(0) }; 8];
            let (result, waited) = finish(run.call_async(&mut store, &params, &mut results));
            result.unwrap();
            assert_eq!(waited as i32, 2 * waits);
            assert_eq!(format!("{results:?}"), format!("{params:?}"));
        }
    }
}

/// As in functions that do not wait.
#[test]
fn what_a_host_function_roots_is_so_until_it_returns() {
    type Kept = Vec<Rooted<ExternRef>>;
    for engine in engines() {
        let mut linker = Linker::<Kept>::new(&engine);
        linker
            .func_wrap_async(
                "host",
                "typed",
                |mut caller: Caller<'_, Kept>, (waits, given): (u32, Rooted<ExternRef>)| {
                    Box::new(async move {
                        let made = ExternRef::new(&mut caller, waits);
                        wait(waits).await;
                        assert_eq!(made.data(&caller).unwrap().and_then(|data| data.downcast_ref()), Some(&waits));
                        caller.data_mut().extend([given, made]);
                        made
                    })
                },
            )
            .unwrap();
        linker
            .func_wrap("host", "plain", |mut caller: Caller<'_, Kept>, given: Rooted<ExternRef>| {
                caller.data_mut().push(given);
                given
            })
            .unwrap();
        let mut store = store(&engine, Kept::new());
        let instance = instance(
            &linker,
            &mut store,
            r#"(module
                (import "host" "typed" (func $typed (param i32 (ref extern)) (result (ref extern))))
                (import "host" "plain" (func $plain (param (ref extern)) (result (ref extern))))
                (func (export "run") (param i32 (ref extern)) (result (ref extern))
                    (call $plain (call $typed (local.get 0) (local.get 1)))))"#,
        );
        let run = instance.get_typed_func::<(u32, Rooted<ExternRef>), Rooted<ExternRef>>(&store, "run").unwrap();
        for waits in 0..3 {
            let given = ExternRef::new(&mut store, "given");
            let (made, waited) = finish(run.call_async(&mut store, (waits, given)));
            assert_eq!(waited as u32, waits);
            assert!(given.data(&store).is_ok() && made.unwrap().data(&store).is_ok());
            let kept = std::mem::take(store.data_mut());
            assert_eq!(kept.len(), 3);
            for kept in kept {
                let error = kept.data(&store).unwrap_err().to_string();
                assert!(error.contains("after the scope"), "{error}");
            }
        }
    }
}

/// Three instances deep, through a table and by a tail call.
#[test]
fn calls_wait_anywhere() {
    for engine in engines() {
        let mut linker = waiting::<()>(&engine);
        let mut store = store(&engine, ());
        for (name, wat) in [
            (
                "inner",
                r#"(module
                    (import "host" "wait" (func $wait (param i32) (result i32)))
                    (func (export "f") (param i32) (result i32) (return_call $wait (local.get 0))))"#,
            ),
            (
                "middle",
                r#"(module
                    (import "inner" "f" (func $f (param i32) (result i32)))
                    (type $t (func (param i32) (result i32)))
                    (table funcref (elem $f))
                    (func (export "f") (param i32) (result i32)
                        (i32.mul (i32.const 3) (call_indirect (type $t) (local.get 0) (i32.const 0)))))"#,
            ),
        ] {
            let instance = instance(&linker, &mut store, wat);
            linker.instance(&store, name, instance).unwrap();
        }
        let outer = instance(
            &linker,
            &mut store,
            r#"(module
                (import "middle" "f" (func $f (param i32) (result i32)))
                (func $deep (export "deep") (param $depth i32) (param $times i32) (result i32)
                    (if (result i32) (local.get $depth)
                        (then (i32.add (local.get $depth)
                            (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $times))))
                        (else (call $f (local.get $times))))))"#,
        );
        let deep = outer.get_typed_func::<(u32, u32), u32>(&store, "deep").unwrap();
        let (result, waits) = finish(deep.call_async(&mut store, (1000, 5)));
        assert_eq!((result.unwrap(), waits), (1000 * 1001 / 2 + 15, 5));
    }
}

#[test]
fn start_functions_wait() {
    for engine in engines() {
        let linker = waiting::<()>(&engine);
        let starts = module(
            &engine,
            r#"(module
                (import "host" "wait" (func $wait (param i32) (result i32)))
                (global $done (export "done") (mut i32) (i32.const 0))
                (func $start (global.set $done (call $wait (i32.const 3))))
                (start $start))"#,
        );
        let mut store = store(&engine, ());
        let done =
            |store: &Store<()>, instance: Instance| instance.get_global(store, "done").unwrap().get(store).unwrap_i32();
        let (made, waits) = finish(is_send(linker.instantiate_async(&mut store, &starts)));
        assert_eq!((done(&store, made.unwrap()), waits), (3, 3));
        let pre = linker.instantiate_pre(&starts).unwrap();
        let (made, waits) = finish(is_send(pre.instantiate_async(&mut store)));
        assert_eq!((done(&store, made.unwrap()), waits), (3, 3));
        let import = linker.get(&mut store, "host", "wait").unwrap();
        let (made, waits) = finish(is_send(Instance::new_async(&mut store, &starts, &[import])));
        assert_eq!((done(&store, made.unwrap()), waits), (3, 3));
        let mut group = linker.group();
        group.module("a", &starts).unwrap().module("b", &starts).unwrap();
        let (made, waits) = finish(is_send(group.instantiate_async(&mut store)));
        assert_eq!(waits, 6);
        assert_eq!(made.unwrap().iter().map(|(_, instance)| done(&store, instance)).sum::<i32>(), 6);
    }
}

/// A host function has the store while it waits: it changes data and memory, and calls back, both ways.
#[test]
fn host_functions_use_the_store_while_they_wait() {
    for engine in engines() {
        let mut linker = Linker::<Vec<u32>>::new(&engine);
        linker
            .func_wrap_async("host", "call", |mut caller: Caller<'_, Vec<u32>>, (depth,): (u32,)| {
                Box::new(async move {
                    let memory = caller.get_export("memory").unwrap().into_memory().unwrap();
                    let [down, plain] = ["down", "plain"].map(|name| {
                        let func = caller.get_export(name).unwrap().into_func().unwrap();
                        func.typed::<u32, u32>(&caller).unwrap()
                    });
                    let data = caller.data_mut();
                    data.push(depth);
                    wait(1).await;
                    // The borrow lasted as long as it waited.
                    data.push(depth + 100);
                    let frames = WasmBacktrace::capture(&caller).frames().len();
                    let before = plain.call(&mut caller, depth)?;
                    let inner = down.call_async(&mut caller, depth).await?;
                    wait(1).await;
                    assert_eq!(WasmBacktrace::capture(&caller).frames().len(), frames);
                    memory.write(&mut caller, depth as usize, &[depth as u8 + 1])?;
                    Ok::<_, pirn::Error>(before + inner + frames as u32 * 1000)
                })
            })
            .unwrap();
        let mut store = store(&engine, Vec::new());
        let instance = instance(
            &linker,
            &mut store,
            r#"(module
                (import "host" "call" (func $call (param i32) (result i32)))
                (memory (export "memory") 1)
                (func (export "plain") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
                (func (export "down") (param i32) (result i32)
                    (if (result i32) (local.get 0)
                        (then (call $call (i32.sub (local.get 0) (i32.const 1))))
                        (else (i32.const 5)))))"#,
        );
        let down = instance.get_typed_func::<u32, u32>(&store, "down").unwrap();
        let (result, waits) = finish(is_send(down.call_async(&mut store, 4)));
        // Frames are 1, 2, 3, 4 from outside in: those further out are seen by those that wait further in.
        assert_eq!((result.unwrap(), waits), (5 + (3 + 2 + 1) * 2 + (1 + 2 + 3 + 4) * 1000, 8));
        assert_eq!(*store.data(), [3, 103, 2, 102, 1, 101, 0, 100]);
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(memory.data(&store)[..5], [1, 2, 3, 4, 0]);
    }
}

/// Calls of several stores wait in any order.
#[test]
fn many_wait_at_a_time() {
    let engine = Engine::default();
    let linker = waiting::<u32>(&engine);
    let sum = module(&engine, SUM);
    let mut calls: Vec<_> = (0..100)
        .map(|i| {
            let (linker, sum) = (linker.clone(), sum.clone());
            let mut store = store(&engine, i);
            Box::pin(async move {
                let instance = linker.instantiate_async(&mut store, &sum).await.unwrap();
                let sum = instance.get_typed_func::<u32, u32>(&store, "sum").unwrap();
                sum.call_async(&mut store, 1 + i % 7).await.unwrap()
            })
        })
        .collect();
    let mut round = 0;
    let mut sums = vec![None; 100];
    while sums.iter().any(Option::is_none) {
        for (i, call) in calls.iter_mut().enumerate() {
            if sums[i].is_none()
                && (round + i) % 3 != 0
                && let Poll::Ready(sum) = poll(call.as_mut())
            {
                sums[i] = Some(sum);
            }
        }
        round += 1;
    }
    for (i, sum) in sums.into_iter().enumerate() {
        let n = 1 + i as u32 % 7;
        assert_eq!(sum, Some(n * (n - 1) / 2));
    }
}

/// A call of one store is polled inside of a host function of another one's, and the other way round.
#[test]
fn calls_of_stores_inside_each_other() {
    let engine = Engine::default();
    let mut linker = Linker::<Option<Store<()>>>::new(&engine);
    linker
        .func_wrap_async("host", "wait", |mut caller: Caller<'_, Option<Store<()>>>, (times,): (u32,)| {
            Box::new(async move {
                let mut inner = caller.data_mut().take().unwrap();
                let instance = instance(&waiting(inner.engine()), &mut inner, SUM);
                let sum = instance.get_typed_func::<u32, u32>(&inner, "sum")?;
                let result = sum.call_async(&mut inner, times + 2).await?;
                *caller.data_mut() = Some(inner);
                Ok(result)
            })
        })
        .unwrap();
    let inner = store(&engine, ());
    let mut outer = store(&engine, Some(inner));
    let instance = instance(&linker, &mut outer, SUM);
    let sum = instance.get_typed_func::<u32, u32>(&outer, "sum").unwrap();
    let mut call = pin!(is_send(sum.call_async(&mut outer, 3)));
    let mut waits = 0;
    let result = loop {
        match poll(call.as_mut()) {
            Poll::Ready(result) => break result.unwrap(),
            Poll::Pending => waits += 1,
        }
    };
    assert_eq!((result, waits), (1 + 3 + 6, 1 + 3 + 6));
}

/// What a host function has borrowed of the store stays as it is while it waits.
#[test]
fn what_is_borrowed_stays_while_it_waits() {
    let engine = Engine::default();
    let mut linker = Linker::<Option<Instance>>::new(&engine);
    linker
        .func_wrap_async("host", "wait", |caller: Caller<'_, Option<Instance>>, (times,): (u32,)| {
            Box::new(async move {
                let (instance, engine) = (caller.data().unwrap(), caller.engine());
                let mut names = Vec::new();
                for export in instance.exports(&caller) {
                    wait(times).await;
                    names.push(export.name());
                }
                assert!(engine.config().consumes_fuel() || names == ["calls", "sum"], "{names:?}");
                names.len() as u32
            })
        })
        .unwrap();
    let mut store = store(&engine, None);
    let instance = instance(&linker, &mut store, SUM);
    *store.data_mut() = Some(instance);
    let sum = instance.get_typed_func::<u32, u32>(&store, "sum").unwrap();
    let (result, waits) = finish(sum.call_async(&mut store, 3));
    assert_eq!((result.unwrap(), waits), (6, 2 * (1 + 2)));
}
