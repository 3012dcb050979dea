//! Calls that are polled by one thread after another, which each have a stack of their own: with frames of WebAssembly above and below the
//! host function that waits, few and many.

use super::{engines, instance, is_send, poll, store, wait};
use pirn::{Caller, Linker, WasmBacktrace};
use std::pin::pin;
use std::task::Poll;

/// Goes down `left` frames, and calls the host from there with `then`.
const DOWN: &str = r#"(module
    (import "host" "visit" (func $visit (param i32) (result i32)))
    (func $down (export "down") (param $left i32) (param $then i32) (result i32) (local $kept i64)
        (local.set $kept (i64.extend_i32_u (local.get $left)))
        (if (result i32) (local.get $left)
            (then
                (call $down (i32.sub (local.get $left) (i32.const 1)) (local.get $then))
                (i32.add (i32.wrap_i64 (local.get $kept))))
            (else (call $visit (local.get $then))))))"#;

/// As many frames as a backtrace has.
const MOST: u32 = 20;

fn sum(n: u32) -> u32 {
    n * (n + 1) / 2
}

#[test]
fn threads_take_turns() {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("host", "visit", |mut caller: Caller<'_, ()>, (then,): (u32,)| {
                Box::new(async move {
                    wait(1).await;
                    let frames = WasmBacktrace::capture(&caller).frames().len() as u32;
                    if then == 0 {
                        wait(2).await;
                        return Ok(frames);
                    }
                    let down = caller.get_export("down").unwrap().into_func().unwrap();
                    let down = down.typed::<(u32, u32), u32>(&caller)?;
                    let inner = down.call_async(&mut caller, (then, 0)).await?;
                    wait(1).await;
                    assert_eq!(WasmBacktrace::capture(&caller).frames().len() as u32, frames);
                    Ok::<_, pirn::Error>(inner)
                })
            })
            .unwrap();
        // Of 12 words each; more than 16 KiB of them are not copied.
        for (outer, inner) in [(0, 3), (3, 0), (3, 2), (3, 400), (400, 3), (300, 300)] {
            let mut store = store(&engine, ());
            let down = instance(&linker, &mut store, DOWN).get_typed_func::<(u32, u32), u32>(&store, "down").unwrap();
            let mut call = pin!(is_send(down.call_async(&mut store, (outer, inner))));
            let mut polls = 0;
            let result = loop {
                let mut call = call.as_mut();
                let polled = std::thread::scope(|scope| scope.spawn(move || poll(call.as_mut())).join().unwrap());
                polls += 1;
                if let Poll::Ready(result) = polled {
                    break result.unwrap();
                }
            };
            let depth = if inner == 0 { 0 } else { inner + 1 };
            // The frames of both calls.
            let frames = (outer + 1 + depth).min(MOST);
            assert_eq!(result, sum(outer) + sum(inner) + frames, "{outer}, {inner}");
            assert!(polls >= 4, "{polls}");
        }
    }
}
