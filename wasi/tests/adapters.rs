//! The same program on every runtime that has an adapter here.

#![cfg(any(feature = "pirn", feature = "wasmi"))]

use pirn_wasi::{MemoryInputPipe, MemoryOutputPipe, WasiCtxBuilder, WasiP1Ctx};
use std::sync::{Arc, Mutex};

/// Copies its input to its output, sleeps for 20 ms, says how long its first argument is, and exits with 7.
fn program(module: &str, poll: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
        (import "{module}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "{module}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "{module}" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
        (import "{module}" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (import "{module}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "{module}" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\00\04\00\00\00\04\00\00")
        (func (export "_start")
            (loop $more
                (i32.store (i32.const 4) (i32.const 3))
                (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
                (i32.store (i32.const 4) (i32.load (i32.const 8)))
                (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)) (then unreachable))
                (br_if $more (i32.load (i32.const 8))))
            {poll}
            (if (call $poll (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 12)) (then unreachable))
            (if (call $sizes (i32.const 16) (i32.const 20)) (then unreachable))
            (i32.store (i32.const 1024) (i32.add (i32.const 47) (i32.load (i32.const 20))))
            (i32.store (i32.const 4) (i32.const 1))
            (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)) (then unreachable))
            ;; A stream cannot seek.
            (if (i32.ne (call $seek (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 8)) (i32.const 70))
                (then unreachable))
            (call $exit (i32.const 7)))
        (func (export "fault") (result i32) (call $write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const 12))))"#
    );
    wat::parse_str(text).unwrap()
}

/// The clock's subscription is laid out otherwise in the older interface.
fn programs() -> [Vec<u8>; 2] {
    let poll = |id, timeout| {
        format!("(i32.store (i32.const {id}) (i32.const 1)) (i64.store (i32.const {timeout}) (i64.const 20000000))")
    };
    [program("wasi_snapshot_preview1", &poll(272, 280)), program("wasi_unstable", &poll(280, 288))]
}

type Calls = Arc<Mutex<Vec<&'static str>>>;

fn context(input: &str) -> (WasiP1Ctx, MemoryOutputPipe, Calls) {
    let (out, calls) = (MemoryOutputPipe::new(1000), Calls::default());
    let mut builder = WasiCtxBuilder::new();
    let observed = Arc::clone(&calls);
    builder.observe(move |name, _| observed.lock().unwrap().push(name));
    builder.stdin(MemoryInputPipe::new(input)).stdout(out.clone()).arg("name");
    (builder.build_p1(), out, calls)
}

fn check(out: &MemoryOutputPipe, calls: &Calls) {
    assert_eq!(String::from_utf8(out.contents()).unwrap(), "some input4");
    let calls = calls.lock().unwrap();
    let last = ["fd_read", "fd_write", "poll_oneoff", "args_sizes_get", "fd_write", "fd_seek"];
    assert_eq!(calls[calls.len() - 6..], last);
    assert_eq!(calls.len(), 14);
}

#[cfg(feature = "pirn")]
mod on_pirn {
    use super::*;
    use pirn::{Engine, Linker, Module, Store};
    use pirn_wasi::{FdStream, p1};
    use std::io::Write;
    use std::time::{Duration, Instant};

    #[test]
    fn waits_where_it_is_called() {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |ctx| ctx).unwrap();
        assert!(p1::add_to_linker_sync(&mut linker, |ctx| ctx).is_err());
        for wasm in programs() {
            let (ctx, out, calls) = context("some input");
            let mut store = Store::new(&engine, ctx);
            let instance = linker.instantiate(&mut store, &Module::new(&engine, &wasm).unwrap()).unwrap();
            let begin = Instant::now();
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
            let error = start.call(&mut store, ()).unwrap_err();
            assert_eq!(error.i32_exit_status(), Some(7));
            assert!(begin.elapsed() >= Duration::from_millis(20));
            check(&out, &calls);
            let fault = instance.get_typed_func::<(), i32>(&mut store, "fault").unwrap();
            assert_eq!(fault.call(&mut store, ()).unwrap(), 21);
        }
    }

    /// One thread runs fifty guests, each of which waits for input and for a clock.
    #[test]
    fn yields_where_it_is_polled() {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_async(&mut linker, |ctx: &mut WasiP1Ctx| ctx).unwrap();
        let module = Module::new(&engine, &programs()[0]).unwrap();
        let (mut futures, mut writers, mut outs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..50 {
            let (reader, writer) = std::io::pipe().unwrap();
            let out = MemoryOutputPipe::new(1000);
            let mut builder = WasiCtxBuilder::new();
            let ctx = builder.stdin(FdStream::new(reader)).stdout(out.clone()).arg("name").build_p1();
            let mut store = Store::new(&engine, ctx);
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
            writers.push(writer);
            outs.push(out);
            futures.push(Box::pin(async move {
                let error = start.call_async(&mut store, ()).await.unwrap_err();
                assert_eq!(error.i32_exit_status(), Some(7));
            }));
        }
        let begin = Instant::now();
        let feeder = std::thread::spawn(move || {
            for text in ["some ", "input"] {
                std::thread::sleep(Duration::from_millis(20));
                for writer in &mut writers {
                    writer.write_all(text.as_bytes()).unwrap();
                }
            }
        });
        struct Unpark(std::thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Arc::new(Unpark(std::thread::current())).into();
        let mut context = std::task::Context::from_waker(&waker);
        loop {
            futures.retain_mut(|future| future.as_mut().poll(&mut context).is_pending());
            if futures.is_empty() {
                break;
            }
            std::thread::park();
        }
        feeder.join().unwrap();
        // Not one after the other.
        assert!(begin.elapsed() < Duration::from_secs(20));
        for out in outs {
            assert_eq!(String::from_utf8(out.contents()).unwrap(), "some input4");
        }
    }

    /// What threads share is copied.
    #[test]
    fn has_shared_memories() {
        let engine = Engine::default();
        let text = r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (memory (export "memory") 1 1 shared)
            (data (i32.const 0) "\10\00\00\00\05\00\00\00") (data (i32.const 16) "text\n")
            (func (export "run") (result i32 i32 i32 i64)
                (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
                (call $write (i32.const 1) (i32.const 65535) (i32.const 1) (i32.const 8))
                (call $random (i32.const 100) (i32.const 8))
                (i64.load (i32.const 100))))"#;
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |ctx| ctx).unwrap();
        let (ctx, out, _) = context("");
        let mut store = Store::new(&engine, ctx);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(), (i32, i32, i32, i64)>(&mut store, "run").unwrap();
        let (first, second, third, random) = run.call(&mut store, ()).unwrap();
        assert_eq!((first, second, third), (0, 21, 0));
        assert_ne!(random, 0);
        assert_eq!(out.contents(), b"text\n");
    }
}

#[cfg(feature = "wasmi")]
#[test]
fn on_wasmi() {
    let engine = wasmi::Engine::default();
    let mut linker = wasmi::Linker::new(&engine);
    pirn_wasi::wasmi::add_to_linker_sync(&mut linker, |ctx| ctx).unwrap();
    assert!(pirn_wasi::wasmi::add_to_linker_sync(&mut linker, |ctx| ctx).is_err());
    for wasm in programs() {
        let (ctx, out, calls) = context("some input");
        let mut store = wasmi::Store::new(&engine, ctx);
        let module = wasmi::Module::new(&engine, &wasm).unwrap();
        let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
        let start = instance.get_typed_func::<(), ()>(&store, "_start").unwrap();
        let error = start.call(&mut store, ()).unwrap_err();
        assert_eq!(error.i32_exit_status(), Some(7));
        check(&out, &calls);
        let fault = instance.get_typed_func::<(), i32>(&store, "fault").unwrap();
        assert_eq!(fault.call(&mut store, ()).unwrap(), 21);
    }
}
