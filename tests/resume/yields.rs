//! Host functions that yield, and how resuming can fail.

use crate::{assert_says, finish, instantiate, metered};
use pirn::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

const ASKS: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (import "host" "pair" (func $pair (param i64) (result f64 i64)))
    (import "host" "tell" (func $tell (param i32)))
    (memory (export "memory") 1)
    (type $ask (func (param i32) (result i32)))
    (table 1 funcref) (elem (i32.const 0) func $ask)
    (func (export "once") (param i32) (result i32) (i32.add (call $ask (local.get 0)) (i32.const 1)))
    (func (export "indirect") (param i32) (result i32)
        (i32.sub (i32.const 100) (call_indirect (type $ask) (local.get 0) (i32.const 0))))
    (func (export "tail") (param i32) (result i32) (return_call $ask (local.get 0)))
    (func (export "many") (result i64) (local f64 i64)
        (call $pair (i64.const 3)) (local.set 1) (local.set 0)
        (call $tell (i32.const 4))
        (i64.add (local.get 1) (i64.trunc_f64_s (local.get 0))))
    (func $deep (export "deep") (param i32 i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
            (else (call $ask (local.get 1)))))
    (func $endless (export "endless") (param i32) (result i32)
        (i32.add (call $endless (local.get 0)) (call $ask (i32.const 0))))
    (func (export "plain") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;

/// A linker whose `host` functions yield; `ask` of a negative number panics, of 1000 and more fails.
fn linker(engine: &Engine) -> Linker<u32> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "ask", |n: i32| -> Result<i32> {
            match n {
                ..0 => panic!("asked {n}"),
                0..1000 => Err(Yield::new(n).into()),
                _ => Err(Error::msg("too much")),
            }
        })
        .unwrap()
        .func_new("host", "pair", FuncType::new([ValType::I64], [ValType::F64, ValType::I64]), |_, params, _| {
            Err(Yield::new(params[0].i64().unwrap()).into())
        })
        .unwrap()
        .func_wrap("host", "tell", |mut caller: Caller<'_, u32>, n: i32| -> Result<()> {
            *caller.data_mut() += 1;
            Err(Yield::new(n.to_string()).into())
        })
        .unwrap();
    linker
}

fn world() -> (Store<u32>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let instance = instantiate(&linker(&engine), &mut store, ASKS);
    (store, instance)
}

fn unary(store: &Store<u32>, instance: Instance, name: &str) -> TypedFunc<i32, i32> {
    instance.get_typed_func(store, name).unwrap()
}

#[test]
fn results_arrive() {
    let (mut store, instance) = world();
    for (name, expected) in [("once", 43), ("indirect", 58), ("tail", 42)] {
        let paused = unary(&store, instance, name).call_resumable(&mut store, 5).unwrap().paused().unwrap();
        assert!(matches!(paused.reason(), PauseReason::Yield(n) if n.downcast_ref() == Some(&5)));
        assert_eq!(paused.expects(), [ValType::I32]);
        assert_eq!(paused.resume(&mut store, &[Val::I32(42)]).unwrap().finished(), Some(expected), "{name}");
    }
    let deep = instance.get_typed_func::<(i32, i32), i32>(&store, "deep").unwrap();
    let call = deep.call_resumable(&mut store, (10_000, 7)).unwrap();
    assert_eq!(finish(&mut store, call, 0, |_, n| Val::I32(n + 1)).unwrap().results, 10_008);

    // Several results, and none; a payload that is moved out.
    let many = instance.get_func(&store, "many").unwrap();
    let paused = many.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    assert_eq!(paused.expects(), [ValType::F64, ValType::I64]);
    let call = paused.resume(&mut store, &[Val::from(2.5), Val::I64(1 << 40)]).unwrap();
    let mut paused = call.paused().unwrap();
    assert!(paused.expects().is_empty());
    let text = std::mem::take(paused.payload_mut().unwrap().downcast_mut::<String>().unwrap());
    assert_eq!((text.as_str(), *store.data()), ("4", 1));
    assert_eq!(paused.resume(&mut store, &[]).unwrap().finished(), Some(vec![Val::I64((1 << 40) + 2)]));
}

#[test]
fn host_functions_called_by_the_embedder() {
    let (mut store, _) = world();
    let ask = linker(store.engine()).get(&mut store, "host", "ask").unwrap().into_func().unwrap();
    let paused = ask.call_resumable(&mut store, &[Val::I32(3)]).unwrap().paused().unwrap();
    assert_eq!(paused.resume(&mut store, &[Val::I32(4)]).unwrap().finished(), Some(vec![Val::I32(4)]));
    let scale = Func::wrap(&mut store, |x: f64| x * 2.0).typed::<f64, f64>(&store).unwrap();
    assert_eq!(scale.call_resumable(&mut store, 1.5).unwrap().finished(), Some(3.0));
}

#[test]
fn wrong_results_leave_it_paused() {
    let (mut store, instance) = world();
    let once = unary(&store, instance, "once");
    let mut paused = once.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    let func = Func::wrap(&mut Store::new(store.engine(), ()), || ());
    for (results, says) in [
        (vec![], "expected 1 results, found 0"),
        (vec![Val::I32(1), Val::I32(2)], "expected 1 results, found 2"),
        (vec![Val::I64(1)], "result 0: expected i32, found i64"),
        (vec![Val::FuncRef(Some(func))], "expected i32"),
    ] {
        let refused = paused.resume(&mut store, &results).unwrap_err();
        assert_says(refused.error(), &["resuming", says]);
        assert_eq!(refused.to_string(), refused.error().to_string());
        paused = refused.into_paused().expect("still paused");
    }
    assert!(matches!(paused.reason(), PauseReason::Yield(n) if n.downcast_ref() == Some(&5)));
    assert_eq!(paused.resume(&mut store, &[Val::I32(1)]).unwrap().finished(), Some(2));

    // Out of fuel: no results at all.
    let engine = metered();
    let mut store = Store::new(&engine, 0);
    let instance = instantiate(&linker(&engine), &mut store, ASKS);
    let plain = unary(&store, instance, "plain");
    let paused = plain.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    let refused = paused.resume(&mut store, &[Val::I32(1)]).unwrap_err();
    assert_says(refused.error(), &["expected 0 results, found 1"]);
    store.add_fuel(3).unwrap();
    assert_eq!(refused.into_paused().unwrap().resume(&mut store, &[]).unwrap().finished(), Some(10));
}

#[test]
fn wrong_references_leave_it_paused() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let give = || -> Result<Option<Func>> { Err(Yield::new(()).into()) };
    linker.func_wrap("host", "give", give).unwrap();
    let wat = r#"(module (import "host" "give" (func $give (result funcref)))
        (table 1 funcref) (type $t (func (result i32)))
        (func (export "run") (result i32)
            (table.set (i32.const 0) (call $give)) (call_indirect (type $t) (i32.const 0))))"#;
    let (mut store, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let run = instantiate(&linker, &mut store, wat).get_typed_func::<(), i32>(&store, "run").unwrap();
    let [own, foreign] = [&mut store, &mut other].map(|store| Func::wrap(store, || 11));
    let paused = run.call_resumable(&mut store, ()).unwrap().paused().unwrap();
    let refused = paused.resume(&mut store, &[foreign.into()]).unwrap_err();
    assert_says(refused.error(), &["wrong store"]);
    let paused = refused.into_paused().unwrap();
    assert_eq!(paused.resume(&mut store, &[own.into()]).unwrap().finished(), Some(11));
}

#[test]
fn other_stores_are_refused() {
    let (mut store, instance) = world();
    let (mut other, other_instance) = world();
    let once = unary(&store, instance, "once");
    let paused = once.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    let refused = paused.resume(&mut other, &[Val::I32(1)]).unwrap_err();
    assert_says(refused.error(), &["wrong store"]);
    let paused = refused.into_paused().unwrap();
    assert!(once.call_resumable(&mut other, 5).is_err());
    // Its own store, moved.
    let mut moved = Box::new(store);
    assert_eq!(paused.resume(&mut *moved, &[Val::I32(1)]).unwrap().finished(), Some(2));
    // A store that is gone cannot come back.
    let once = unary(&other, other_instance, "once");
    let orphan = once.call_resumable(&mut other, 5).unwrap().paused().unwrap();
    drop(other);
    let refused = orphan.resume(&mut *moved, &[Val::I32(1)]).unwrap_err();
    assert_says(refused.error(), &["wrong store"]);
    drop(refused.into_paused());
}

#[test]
fn plain_calls_cannot_yield() {
    let (mut store, instance) = world();
    let once = unary(&store, instance, "once");
    assert_says(&once.call(&mut store, 5).unwrap_err(), &["yielded", "cannot be resumed"]);
    let params = [Val::I32(5)];
    assert!(once.func().call(&mut store, &params, &mut [Val::I32(0)]).is_err());
    // Nor can plain calls that host functions make within resumable ones.
    let nested = Func::wrap(&mut store, move |mut caller: Caller<'_, u32>, n: i32| once.call(&mut caller, n));
    let error = nested.call_resumable(&mut store, &params).unwrap_err();
    assert_says(&error, &["yielded", "cannot be resumed"]);
    // Resumable ones that they make pause by themselves.
    let inner = Func::wrap(&mut store, move |mut caller: Caller<'_, u32>, n: i32| -> Result<i32> {
        let paused = once.call_resumable(&mut caller, n)?.paused().unwrap();
        Ok(paused.resume(&mut caller, &[Val::I32(n * 10)])?.finished().unwrap())
    });
    let results = inner.call_resumable(&mut store, &params).unwrap().finished();
    assert_eq!(results, Some(vec![Val::I32(51)]));
    // The store is none the worse.
    assert_eq!(unary(&store, instance, "plain").call(&mut store, 4).unwrap(), 8);
    let paused = once.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    assert_eq!(paused.resume(&mut store, &[Val::I32(1)]).unwrap().finished(), Some(2));
}

#[test]
fn fuel_of_nested_calls() {
    let engine = metered();
    let mut linker = linker(&engine);
    linker
        .func_wrap("host", "nested", |mut caller: Caller<'_, u32>, n: i32| -> Result<i32> {
            let plain = caller.get_export("plain").and_then(Extern::into_func).unwrap();
            plain.typed::<i32, i32>(&caller)?.call(&mut caller, n)
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    let wat = r#"(module (import "host" "nested" (func $nested (param i32) (result i32)))
        (func (export "plain") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "run") (param i32) (result i32) (call $nested (local.get 0))))"#;
    let instance = instantiate(&linker, &mut store, wat);
    let run = unary(&store, instance, "run");
    store.set_fuel(4).unwrap();
    // The inner call is plain: it traps, and the outer one with it.
    assert_eq!(run.call_resumable(&mut store, 5).unwrap_err().trap(), Some(Trap::OutOfFuel));
    store.set_fuel(5).unwrap();
    assert_eq!(run.call_resumable(&mut store, 5).unwrap().finished(), Some(10));
}

#[test]
fn errors_and_traps_and_panics_end_it() {
    let (mut store, instance) = world();
    let once = unary(&store, instance, "once");
    let deep = instance.get_typed_func::<(i32, i32), i32>(&store, "deep").unwrap();
    for _ in 0..3 {
        assert_says(&deep.call_resumable(&mut store, (100, 1000)).unwrap_err(), &["too much"]);
        let panic = catch_unwind(AssertUnwindSafe(|| deep.call_resumable(&mut store, (100, -4)))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "asked -4");
        // Recursion to the end of the call's own stack.
        let error = unary(&store, instance, "endless").call_resumable(&mut store, 0).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::StackOverflow));
        // Behind a pause.
        let two = Func::wrap(&mut store, |_: i32| -> Result<i32> { Err(Trap::Unreachable.into()) });
        assert_eq!(two.call_resumable(&mut store, &[Val::I32(0)]).unwrap_err().trap(), Some(Trap::Unreachable));
        let paused = once.call_resumable(&mut store, 5).unwrap().paused().unwrap();
        assert_eq!(paused.resume(&mut store, &[Val::I32(1)]).unwrap().finished(), Some(2));
    }
}

#[test]
fn failure_behind_a_pause() {
    let (mut store, _) = world();
    let wat = r#"(module (import "host" "ask" (func $ask (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
            (i32.div_u (call $ask (local.get 0)) (call $ask (local.get 0)))))"#;
    let instance = instantiate(&linker(store.engine()), &mut store, wat);
    let run = unary(&store, instance, "run");
    let paused = run.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    let paused = paused.resume(&mut store, &[Val::I32(1)]).unwrap().paused().unwrap();
    let failed = paused.resume(&mut store, &[Val::I32(0)]).unwrap_err();
    assert_eq!(failed.error().trap(), Some(Trap::IntegerDivideByZero));
    assert!(failed.into_paused().is_none());
}

#[test]
fn paused_calls_go_between_threads() {
    let (mut store, instance) = world();
    let once = unary(&store, instance, "once");
    let paused = once.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    let thread = std::thread::spawn(move || {
        let result = paused.resume(&mut store, &[Val::I32(1)]).unwrap().finished();
        (result, once.call_resumable(&mut store, 6).unwrap().paused().unwrap(), store)
    });
    let (result, paused, mut store) = thread.join().unwrap();
    assert_eq!(result, Some(2));
    assert_eq!(paused.resume(&mut store, &[Val::I32(2)]).unwrap().finished(), Some(3));
}

#[test]
fn errors_fit_other_error_types() {
    fn error<E: std::error::Error + Send + Sync + 'static>() {}
    error::<ResumeError<i32>>();
    error::<Yield>();
}
