//! Async calls on executors that others made, with real timers and a real socket.

use super::{is_send, module, store, waiting};
use pirn::{Caller, Engine, Linker, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

fn threads(number: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(number).enable_all().build().unwrap()
}

/// Mixes a number for a while, waits, and so again.
const COMPUTES: &str = r#"(module
    (import "host" "sleep" (func $sleep (param i32) (result i32)))
    (func $mix (param $n i32) (param $rounds i32) (result i32)
        (loop $next
            (local.set $n (i32.xor (i32.mul (local.get $n) (i32.const 0x9e3779b1)) (i32.shr_u (local.get $n) (i32.const 15))))
            (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
            (br_if $next (local.get $rounds)))
        (local.get $n))
    (func (export "run") (param $n i32) (result i32)
        (call $mix (call $sleep (call $mix (local.get $n) (i32.const 500))) (i32.const 500))))"#;

fn mix(mut n: u32, rounds: u32) -> u32 {
    for _ in 0..rounds {
        n = n.wrapping_mul(0x9e37_79b1) ^ (n >> 15);
    }
    n
}

/// Ten thousand calls of one host function wait at the same time, and compute before and after.
#[test]
fn ten_thousand_calls_wait() {
    const CALLS: u32 = 10_000;
    let engine = Engine::new(pirn::Config::new().max_wasm_stack(1 << 16)).unwrap();
    let (sleeping, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut linker = Linker::<Vec<ThreadId>>::new(&engine);
    let counts = (Arc::clone(&sleeping), Arc::clone(&most));
    linker
        .func_wrap_async("host", "sleep", move |mut caller: Caller<'_, Vec<ThreadId>>, (n,): (u32,)| {
            let (sleeping, most) = (Arc::clone(&counts.0), Arc::clone(&counts.1));
            Box::new(async move {
                most.fetch_max(sleeping.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                caller.data_mut().push(thread::current().id());
                // All have to sleep before the first one may go on.
                while most.load(Ordering::SeqCst) < CALLS as usize {
                    tokio::time::sleep(Duration::from_millis(u64::from(n % 50))).await;
                }
                sleeping.fetch_sub(1, Ordering::SeqCst);
                caller.data_mut().push(thread::current().id());
                n + 1
            })
        })
        .unwrap();
    let pre = linker.instantiate_pre(&module(&engine, COMPUTES)).unwrap();
    let moved = threads(4).block_on(async move {
        let calls: Vec<_> = (0..CALLS)
            .map(|n| {
                let (engine, pre) = (engine.clone(), pre.clone());
                tokio::spawn(is_send(async move {
                    let mut store = store(&engine, Vec::new());
                    let instance = pre.instantiate_async(&mut store).await.unwrap();
                    let run = instance.get_typed_func::<u32, u32>(&store, "run").unwrap();
                    let result = run.call_async(&mut store, n).await.unwrap();
                    assert_eq!(result, mix(mix(n, 500).wrapping_add(1), 500));
                    let threads = store.into_data();
                    assert_eq!(threads.len(), 2);
                    threads[0] != threads[1]
                }))
            })
            .collect();
        let mut moved = 0;
        for call in calls {
            moved += u32::from(call.await.unwrap());
        }
        moved
    });
    assert_eq!(most.load(Ordering::SeqCst), CALLS as usize);
    assert_eq!(sleeping.load(Ordering::SeqCst), 0);
    assert!(moved > 0, "no store went to another thread while its call waited");
}

/// A guest asks an echo server, line by line, with a timeout of the host's around it.
#[test]
fn sockets_and_timers() {
    struct Connection(TcpStream);
    threads(2).block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 64];
            loop {
                let length = stream.read(&mut buffer).await.unwrap();
                if length == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
                buffer[..length].reverse();
                stream.write_all(&buffer[..length]).await.unwrap();
            }
        });
        let engine = Engine::default();
        let mut linker = Linker::<Connection>::new(&engine);
        linker
            .func_wrap_async("net", "exchange", |mut caller: Caller<'_, Connection>, (at, length): (u32, u32)| {
                Box::new(async move {
                    let memory = caller.get_export("memory").unwrap().into_memory().unwrap();
                    // The guest's bytes are sent, and received, where they lie.
                    let (bytes, connection) = memory.data_and_store_mut(&mut caller);
                    let bytes = &mut bytes[at as usize..][..length as usize];
                    connection.0.write_all(bytes).await?;
                    connection.0.read_exact(bytes).await?;
                    Result::<_>::Ok(())
                })
            })
            .unwrap();
        linker
            .func_wrap_async("time", "sleep", |_, (millis,): (u64,)| {
                Box::new(async move { tokio::time::sleep(Duration::from_millis(millis)).await })
            })
            .unwrap();
        let module = module(
            &engine,
            r#"(module
                (import "net" "exchange" (func $exchange (param i32 i32)))
                (import "time" "sleep" (func $sleep (param i64)))
                (memory (export "memory") 1)
                (data (i32.const 16) "a line of bytes")
                (func (export "talk") (param $times i32)
                    (loop $next
                        (call $exchange (i32.const 16) (i32.const 15))
                        (call $sleep (i64.const 1))
                        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                        (br_if $next (local.get $times))))
                (func (export "hang") (call $sleep (i64.const 3600000))))"#,
        );
        let mut store = store(&engine, Connection(TcpStream::connect(address).await.unwrap()));
        let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
        let talk = instance.get_typed_func::<u32, ()>(&store, "talk").unwrap();
        let begin = Instant::now();
        talk.call_async(&mut store, 20).await.unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(60), "it waited for server and timer");
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(&memory.data(&store)[16..31], b"a line of bytes");
        talk.call_async(&mut store, 1).await.unwrap();
        assert_eq!(&memory.data(&store)[16..31], b"setyb fo enil a");
        // An executor's timeout drops the call.
        let hang = instance.get_typed_func::<(), ()>(&store, "hang").unwrap();
        let call = tokio::time::timeout(Duration::from_millis(5), hang.call_async(&mut store, ()));
        assert!(call.await.is_err());
        talk.call_async(&mut store, 1).await.unwrap();
        assert_eq!(&memory.data(&store)[16..31], b"a line of bytes");
        drop(store);
        server.await.unwrap();
    });
}

/// Two guests that never wait share one thread, since each has its turn.
#[test]
fn guests_share_a_thread() {
    let engine = Engine::new(pirn::Config::new().consume_fuel(true)).unwrap();
    let linker = waiting::<()>(&engine);
    let module = module(
        &engine,
        r#"(module (func (export "spin") (param $n i32)
            (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
    );
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let calls: Vec<_> = [50_000, 10_000, 30_000]
            .map(|n| {
                let (engine, linker, module, order) =
                    (engine.clone(), linker.clone(), module.clone(), Arc::clone(&order));
                tokio::spawn(async move {
                    let mut store = store(&engine, ());
                    store.fuel_async_yield_interval(Some(10_000)).unwrap();
                    let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
                    let spin = instance.get_typed_func::<u32, ()>(&store, "spin").unwrap();
                    spin.call_async(&mut store, n).await.unwrap();
                    order.lock().unwrap().push(n);
                })
            })
            .into();
        for call in calls {
            call.await.unwrap();
        }
    });
    // The shorter ones are not kept waiting.
    assert_eq!(*order.lock().unwrap(), [10_000, 30_000, 50_000]);
}
