//! Host functions.

use crate::{assert_says, instance_with};
use pirn::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn arities() {
    let engine = Engine::default();
    let mut linker = Linker::<Vec<String>>::new(&engine);
    let log = |mut caller: Caller<'_, Vec<String>>, text: String| caller.data_mut().push(text);
    linker
        .func_wrap("h", "p0", move |caller: Caller<'_, _>| log(caller, "p0".into()))
        .unwrap()
        .func_wrap("h", "p1", move |caller: Caller<'_, _>, a: i32| log(caller, format!("p1 {a}")))
        .unwrap()
        .func_wrap("h", "p4", move |caller: Caller<'_, _>, a: i32, b: i64, c: f32, d: f64| {
            log(caller, format!("p4 {a} {b} {c} {d}"));
        })
        .unwrap()
        .func_wrap("h", "r0", || {})
        .unwrap()
        .func_wrap("h", "r1", || 1i32)
        .unwrap()
        .func_wrap("h", "r2", |a: i64, b: f64| (b, a))
        .unwrap()
        .func_wrap("h", "ok", |a: i32| -> Result<i32> { Ok(a + 1) })
        .unwrap()
        .func_wrap(
            "h",
            "p16",
            |a: u32,
             b: u32,
             c: u32,
             d: u32,
             e: u32,
             f: u32,
             g: u32,
             h: u32,
             i: u32,
             j: u32,
             k: u32,
             l: u32,
             m: u32,
             n: u32,
             o: u32,
             p: u32| {
                [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p].into_iter().rev().fold(0, |sum, x| sum * 2 + x)
            },
        )
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "h" "p0" (func $p0))
            (import "h" "p1" (func $p1 (param i32)))
            (import "h" "p4" (func $p4 (param i32 i64 f32 f64)))
            (import "h" "r0" (func $r0))
            (import "h" "r1" (func $r1 (result i32)))
            (import "h" "r2" (func $r2 (param i64 f64) (result f64 i64)))
            (import "h" "ok" (func $ok (param i32) (result i32)))
            (import "h" "p16" (func $p16
                (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
            (func (export "run") (result i32 f64 i64 i32)
                (call $p0)
                (call $p1 (i32.const -5))
                (call $p4 (i32.const 1) (i64.const -2) (f32.const 0.5) (f64.const 0.25))
                (call $r0)
                (call $ok (call $r1))
                (call $r2 (i64.const 3) (f64.const 4))
                (call $p16
                    (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 1))))"#,
    );
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module.unwrap()).unwrap();
    let run = instance.get_typed_func::<(), (i32, f64, i64, i32)>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), (2, 4.0, 3, 0x8081));
    assert_eq!(store.into_data(), ["p0", "p1 -5", "p4 1 -2 0.5 0.25"]);
}

#[test]
fn types_at_run_time() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 10i64);
    let ty = FuncType::new([ValType::I64, ValType::F32], [ValType::F32, ValType::I64]);
    let func = Func::new(&mut store, ty.clone(), |mut caller, params, results| {
        *caller.data_mut() += params[0].i64().unwrap();
        // Results begin as zeros of their types.
        assert_eq!(results, [Val::F32(0), Val::I64(0)]);
        results[0] = params[1];
        results[1] = Val::I64(*caller.data());
        Ok(())
    });
    assert_eq!(func.ty(&store), ty);
    let typed = func.typed::<(i64, f32), (f32, i64)>(&store).unwrap();
    assert_eq!(typed.call(&mut store, (5, 0.5)).unwrap(), (0.5, 15));
    assert_eq!(*store.data(), 15);

    let liar = Func::new(&mut store, FuncType::new([], [ValType::I32]), |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error = liar.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
    assert_says(&error, &["result 0", "expected i32, found i64"]);
}

#[derive(Debug, PartialEq)]
struct Custom(u32);
impl std::fmt::Display for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "custom {}", self.0)
    }
}
impl std::error::Error for Custom {}

const CALLS_HOST: &str = r#"(module
    (import "h" "f" (func $f (param i32) (result i32)))
    (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
    (func (export "run") (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1))))"#;

#[test]
fn errors_pass_through_unharmed() {
    let (mut store, instance) = instance_with(CALLS_HOST, |store| {
        vec![Func::wrap(store, |x: i32| if x < 0 { Err(Error::new(Custom(9))) } else { Ok(x) }).into()]
    });
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let error = run.call(&mut store, -1).unwrap_err();
    assert_eq!(error.downcast_ref::<Custom>(), Some(&Custom(9)));
    assert_eq!(error.to_string(), "custom 9");
    assert_eq!(error.downcast::<Custom>().unwrap(), Custom(9));
    assert_eq!(run.call(&mut store, 5).unwrap(), 7);
}

#[test]
fn hosts_may_trap() {
    let (mut store, instance) = instance_with(CALLS_HOST, |store| {
        vec![Func::wrap(store, |_: i32| -> Result<i32> { Err(Trap::Unreachable.into()) }).into()]
    });
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, 0).unwrap_err().trap(), Some(Trap::Unreachable));
}

#[test]
fn panics_pass_through_and_the_store_stays_usable() {
    let (mut store, instance) = instance_with(CALLS_HOST, |store| {
        vec![Func::wrap(store, |x: i32| if x < 0 { std::panic::panic_any(Custom(3)) } else { x }).into()]
    });
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    for _ in 0..3 {
        let panic = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, -1))).unwrap_err();
        assert_eq!(panic.downcast_ref::<Custom>(), Some(&Custom(3)));
        assert_eq!(run.call(&mut store, 40).unwrap(), 42);
    }
}

const REENTRANT: &str = r#"(module
    (import "h" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "down") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))"#;

#[test]
fn hosts_call_back() {
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    let again = |mut caller: Caller<'_, u32>, n: i32| -> Result<i32> {
        *caller.data_mut() += 1;
        let down = caller.get_export("down").and_then(Extern::into_func).unwrap();
        // New things of the store while it executes, to shake its lists.
        Func::wrap(&mut caller, || ());
        Global::new(&mut caller, GlobalType::new(ValType::I32, true), Val::I32(n))?;
        down.typed::<i32, i32>(&caller)?.call(&mut caller, n)
    };
    linker.func_wrap("h", "again", again).unwrap();
    let module = Module::new(&engine, REENTRANT).unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let down = instance.get_typed_func::<i32, i32>(&store, "down").unwrap();
    assert_eq!(down.call(&mut store, 100).unwrap(), 100);
    assert_eq!(*store.data(), 100);
    // Nesting ends with a trap, not with the native stack.
    let error = down.call(&mut store, 1_000_000).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::StackOverflow));
    assert_eq!(down.call(&mut store, 100).unwrap(), 100);
}

#[test]
fn hosts_instantiate_while_called() {
    let engine = Engine::default();
    let mut store = Store::new(
        &engine,
        Module::new(&engine, "(module (func (export \"one\") (result i32) (i32.const 1)))").unwrap(),
    );
    let make = Func::wrap(&mut store, |mut caller: Caller<'_, Module>, count: i32| -> Result<i32> {
        let module = caller.data().clone();
        let mut sum = 0;
        for _ in 0..count {
            let instance = Instance::new(&mut caller, &module, &[])?;
            sum += instance.get_typed_func::<(), i32>(&caller, "one")?.call(&mut caller, ())?;
        }
        Ok(sum)
    });
    let module = Module::new(&engine, CALLS_HOST).unwrap();
    let instance = Instance::new(&mut store, &module, &[make.into()]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, 20).unwrap(), 22);
}

#[test]
fn callers_see_growth() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "h" "grow" (func $grow (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32 i32)
                (i32.store (i32.const 65532) (i32.const 7))
                (call $grow)
                (i32.load (i32.const 65536))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let grow = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| -> Result<i32> {
        let memory = caller.get_export("memory").and_then(Extern::into_memory).unwrap();
        assert_eq!(memory.data(&caller)[65532], 7);
        assert_eq!(memory.grow(&mut caller, 1)?, 1);
        memory.write(&mut caller, 65536, &[42, 0, 0, 0])?;
        Ok(memory.size(&caller) as i32)
    });
    let instance = Instance::new(&mut store, &module, &[grow.into()]).unwrap();
    let run = instance.get_typed_func::<(), (i32, i32)>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), (2, 42));
}

#[test]
fn callers_without_instance() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, |caller: Caller<'_, ()>| i32::from(caller.get_export("x").is_none()));
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 1);
}

#[test]
fn references_into_other_stores_are_refused() {
    let engine = Engine::default();
    let mut other = Store::new(&engine, ());
    let foreign = Func::wrap(&mut other, || ());
    let mut store = Store::new(&engine, ());
    let give = Func::wrap(&mut store, move || Some(foreign));
    let error = give.typed::<(), Option<Func>>(&store).unwrap().call(&mut store, ()).unwrap_err();
    assert_says(&error, &["wrong store"]);
    let take = Func::wrap(&mut store, |_: Option<Func>| ());
    let error = take.typed::<Option<Func>, ()>(&store).unwrap().call(&mut store, Some(foreign)).unwrap_err();
    assert_says(&error, &["wrong store"]);
}

#[test]
fn host_functions_are_dropped_with_their_store_and_linker() {
    let counter = std::sync::Arc::new(());
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let held = counter.clone();
    linker.func_wrap("h", "f", move |x: i32| x + std::sync::Arc::strong_count(&held) as i32).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, CALLS_HOST).unwrap();
    linker.instantiate(&mut store, &module).unwrap();
    drop(linker);
    assert_eq!(std::sync::Arc::strong_count(&counter), 2);
    drop(store);
    assert_eq!(std::sync::Arc::strong_count(&counter), 1);
}

#[test]
fn function_types_are_as_wide_as_in_modules() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let many = |count: usize| std::iter::repeat_n(ValType::I64, count);
    let ty = FuncType::new(many(FuncType::MOST), many(FuncType::MOST));
    let reverse = Func::new(&mut store, ty, |_, params, results| {
        results.iter_mut().zip(params.iter().rev()).for_each(|(result, param)| *result = *param);
        Ok(())
    });
    let params: Vec<_> = (0..FuncType::MOST as i64).map(Val::I64).collect();
    let mut results = vec![Val::I64(0); FuncType::MOST];
    reverse.call(&mut store, &params, &mut results).unwrap();
    assert!(results.iter().eq(params.iter().rev()));
    for (params, results, what) in
        [(FuncType::MOST + 1, 0, "parameters"), (65_540, 0, "parameters"), (0, 1_001, "results")]
    {
        let panic = catch_unwind(|| FuncType::new(many(params), many(results))).unwrap_err();
        assert!(
            panic.downcast_ref::<String>().unwrap().contains(&format!("more than 1000 {what}")),
            "{params} {results}"
        );
    }
    let endless = std::iter::repeat(ValType::I32);
    assert!(catch_unwind(|| FuncType::new([], endless)).is_err());
}
