//! Calls that stand still with vectors in their frames.

use crate::{call, engines, message, module, store, vector};
use pirn::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Vectors in locals, among operands, and in frames of callers and callees.
const WORK: &str = r#"(module
    (import "host" "mix" (func $mix (param v128 i32 v128) (result v128 i64)))
    (global $sum (export "sum") (mut v128) (v128.const i64x2 3 -3))
    (func $step (param $a v128) (param $n i32) (param $b v128) (result v128) (local $c v128) (local $d i64)
        (local.set $c (i64x2.add (local.get $a) (local.get $b)))
        (call $mix (local.get $c) (local.get $n) (local.get $a))
        (local.set $d)
        (i64x2.splat (local.get $d))
        (i64x2.add)
        (global.set $sum (i64x2.sub (global.get $sum) (local.get $c)))
        (i64x2.add (local.get $c)))
    (func $down (param $n i32) (param $a v128) (result v128)
        (if (result v128) (local.get $n)
            (then (i64x2.add
                (call $step (local.get $a) (local.get $n) (v128.const i64x2 1 100))
                (call $down (i32.sub (local.get $n) (i32.const 1)) (i64x2.add (local.get $a) (local.get $a)))))
            (else (local.get $a))))
    (func (export "work") (param $n i32) (param $a v128) (result i32 v128) (local $total v128)
        (loop $next
            (local.set $total (i64x2.add (local.get $total) (call $down (local.get $n) (local.get $a))))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n) (local.get $total)))"#;

fn lanes(vector: V128) -> [u64; 2] {
    [vector.as_u128() as u64, (vector.as_u128() >> 64) as u64]
}

/// What `work` gives, and leaves in `sum`.
fn expected(n: u64, a: V128) -> ([u64; 2], [u64; 2]) {
    fn each<const N: usize>(vectors: [[u64; 2]; N]) -> [u64; 2] {
        std::array::from_fn(|lane| vectors.iter().fold(0, |sum: u64, vector| sum.wrapping_add(vector[lane])))
    }
    let (mut total, mut sum) = ([0; 2], [3, -3_i64 as u64]);
    for n in (1..=n).rev() {
        let mut a = lanes(a);
        for n in (1..=n).rev() {
            let c = each([a, [1, 100]]);
            // The host function gives its second vector, and its number and the low lane of the first.
            let d = c[0].wrapping_add(n);
            total = each([total, a, [d; 2], c]);
            sum = std::array::from_fn(|lane| sum[lane].wrapping_sub(c[lane]));
            a = each([a, a]);
        }
        total = each([total, a]);
    }
    (total, sum)
}

fn mixed(a: V128, n: i32, b: V128) -> (V128, i64) {
    (b, lanes(a)[0].wrapping_add(n as u64) as i64)
}

#[test]
fn what_pauses_has_the_same_vectors_when_it_goes_on() {
    let a = vector(9);
    let (total, sum) = expected(4, a);
    for fuse in [true, false] {
        for step in [1, 7, u64::MAX] {
            let engine = Engine::new(Config::new().consume_fuel(true).fuse(fuse)).unwrap();
            let mut linker = Linker::new(&engine);
            linker.func_wrap("host", "mix", mixed).unwrap();
            let mut store = store(&engine);
            let instance = linker.instantiate(&mut store, &module(&engine, WORK)).unwrap();
            let work = instance.get_typed_func::<(i32, V128), (i32, V128)>(&store, "work").unwrap();
            store.set_fuel(step).unwrap();
            let mut call = work.call_resumable(&mut store, (4, a)).unwrap();
            let mut pauses = 0;
            let results = loop {
                match call {
                    Resumable::Finished(results) => break results,
                    Resumable::Paused(paused) => {
                        let PauseReason::OutOfFuel { required } = paused.reason() else { panic!("{paused:?}") };
                        pauses += 1;
                        store.set_fuel(required.max(step)).unwrap();
                        // Another call meanwhile uses the accumulators and another stack.
                        call = paused.resume(&mut store, &[]).unwrap();
                    }
                }
            };
            assert_eq!((results.0, lanes(results.1)), (0, total), "{step} units at a time, fused: {fuse}");
            let global = instance.get_global(&mut store, "sum").unwrap().get(&store);
            assert_eq!(lanes(global.unwrap_v128()), sum);
            assert_eq!(pauses > 10, step != u64::MAX, "{pauses} pauses");
        }
    }
}

#[test]
fn host_functions_that_yield_are_given_vectors() {
    let a = vector(8);
    let (total, sum) = expected(3, a);
    for engine in engines() {
        let mut linker: Linker<Vec<Vec<Val>>> = Linker::new(&engine);
        let yields = |a: V128, n: i32, b: V128| -> Result<(V128, i64)> { Err(Yield::new((a, n, b)).into()) };
        linker.func_wrap("host", "mix", yields).unwrap();
        let mut store = store(&engine);
        let instance = linker.instantiate(&mut store, &module(&engine, WORK)).unwrap();
        let work = instance.get_func(&mut store, "work").unwrap();
        let mut call = work.call_resumable(&mut store, &[Val::I32(3), a.into()]).unwrap();
        let mut yields = 0;
        let results = loop {
            let paused = match call {
                Resumable::Finished(results) => break results,
                Resumable::Paused(paused) => paused,
            };
            assert_eq!(paused.expects(), [ValType::V128, ValType::I64]);
            let PauseReason::Yield(payload) = paused.reason() else { panic!("{paused:?}") };
            let &(a, n, b) = payload.downcast_ref::<(V128, i32, V128)>().unwrap();
            let (vector, number) = mixed(a, n, b);
            // It is the types that count, not the words.
            let error = paused.resume(&mut store, &[Val::I64(0), Val::I64(0)]).unwrap_err();
            assert_eq!(error.to_string(), "resuming: result 0: expected v128, found i64");
            let error = error.into_paused().unwrap().resume(&mut store, &[vector.into()]).unwrap_err();
            assert_eq!(error.to_string(), "resuming: expected 2 results, found 1");
            yields += 1;
            call = error.into_paused().unwrap().resume(&mut store, &[vector.into(), number.into()]).unwrap();
        };
        assert_eq!((results[0], lanes(results[1].unwrap_v128()), yields), (Val::I32(0), total, 6));
        let global = instance.get_global(&mut store, "sum").unwrap().get(&store);
        assert_eq!(lanes(global.unwrap_v128()), sum);
    }
}

/// Polls until it is ready.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// Waits so many times.
async fn wait(mut times: i32) {
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        times -= 1;
        if times < 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn async_host_functions_take_and_give_vectors() {
    let a = vector(7);
    let (total, sum) = expected(3, a);
    for engine in engines() {
        for typed in [true, false] {
            let mut linker: Linker<Vec<Vec<Val>>> = Linker::new(&engine);
            if typed {
                linker.func_wrap_async("host", "mix", |_, (a, n, b): (V128, i32, V128)| {
                    Box::new(async move {
                        // Sometimes it is ready at once.
                        wait(n - 1).await;
                        mixed(a, n, b)
                    })
                })
            } else {
                let ty = FuncType::new([ValType::V128, ValType::I32, ValType::V128], [ValType::V128, ValType::I64]);
                linker.func_new_async("host", "mix", ty, |_, args, results| {
                    Box::new(async move {
                        let (a, n, b) = (args[0].unwrap_v128(), args[1].unwrap_i32(), args[2].unwrap_v128());
                        wait(n - 1).await;
                        let (vector, number) = mixed(a, n, b);
                        results.copy_from_slice(&[vector.into(), number.into()]);
                        Ok(())
                    })
                })
            }
            .unwrap();
            let mut store = store(&engine);
            let module = module(&engine, WORK);
            let instance = finish(linker.instantiate_async(&mut store, &module)).unwrap();
            let work = instance.get_func(&mut store, "work").unwrap();
            let mut results = [Val::I32(0); 2];
            finish(work.call_async(&mut store, &[Val::I32(3), a.into()], &mut results)).unwrap();
            assert_eq!((results[0], lanes(results[1].unwrap_v128())), (Val::I32(0), total), "typed: {typed}");
            let global = instance.get_global(&mut store, "sum").unwrap().get(&store);
            assert_eq!(lanes(global.unwrap_v128()), sum);
            let typed = instance.get_typed_func::<(i32, V128), (i32, V128)>(&store, "work").unwrap();
            assert_eq!(finish(typed.call_async(&mut store, (3, a))).unwrap(), (0, results[1].unwrap_v128()));
        }
    }
}

/// What yields in a tail call, its first result in the accumulator of vectors and its second behind it.
#[test]
fn a_host_function_that_is_called_last_gives_a_vector_later() {
    let wat = r#"(module
        (import "host" "ask" (func $ask (param v128) (result v128)))
        (func $tail (param v128) (result v128) (return_call $ask (local.get 0)))
        (export "ask" (func $ask)) (export "tail" (func $tail))
        (func (export "used") (param v128) (result v128) (i64x2.add (call $tail (local.get 0)) (local.get 0))))"#;
    for engine in engines() {
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "ask", |a: V128| -> Result<V128> { Err(Yield::new(a).into()) }).unwrap();
        let mut store = store(&engine);
        let instance = linker.instantiate(&mut store, &module(&engine, wat)).unwrap();
        let one = V128::from(1 << 64 | 1);
        for (name, expected) in
            [("ask", vector(1)), ("tail", vector(1)), ("used", V128::from(vector(1).as_u128() + one.as_u128()))]
        {
            let func = instance.get_typed_func::<V128, V128>(&store, name).unwrap();
            let paused = func.call_resumable(&mut store, one).unwrap().paused().unwrap();
            let PauseReason::Yield(payload) = paused.reason() else { panic!("{paused:?}") };
            assert_eq!(payload.downcast_ref(), Some(&one));
            let results = paused.resume(&mut store, &[vector(1).into()]).unwrap().finished();
            assert_eq!(results, Some(expected), "{name}");
            let error = message(call(&mut store, instance, name, &[one.into()]));
            assert!(error.contains("yield"), "{error}");
        }
    }
}
