//! What ends waiting.

use crate::{engines, instance, memory, store};
use pirn::{
    Config, Engine, Error, MemoryType, Module, Resumable, SharedMemory, Store, Trap, UpdateDeadline, WaitResult,
};
use std::thread;
use std::time::{Duration, Instant};

const WAT: &str = r#"(module (import "" "" (memory 1 1 shared))
    (func (export "wait32") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1))))"#;

fn wait32(store: &mut Store<()>, memory: &SharedMemory, address: u32, expected: u32, time: i64) -> Result<u32, Error> {
    let module = Module::new(store.engine(), WAT)?;
    let instance = instance(store, &module, memory);
    instance.get_typed_func::<(u32, u32, i64), u32>(&mut *store, "wait32")?.call(store, (address, expected, time))
}

#[test]
fn another_value_and_time() {
    for engine in engines() {
        let (memory, mut store) = (memory(&engine, 1), store(&engine));
        assert_eq!(wait32(&mut store, &memory, 0, 1, -1).unwrap(), 1);
        assert_eq!(wait32(&mut store, &memory, 0, 0, 0).unwrap(), 2);
        let begun = Instant::now();
        assert_eq!(wait32(&mut store, &memory, 0, 0, 20_000_000).unwrap(), 2);
        assert!(begun.elapsed() >= Duration::from_millis(20));
        assert_eq!(memory.atomic_wait64(8, 0, Some(Duration::from_millis(1))), Ok(WaitResult::TimedOut));
        assert_eq!(memory.atomic_wait32(8, 1, None), Ok(WaitResult::Mismatch));
    }
}

/// Threads of WebAssembly and of the host wake each other; as many as were asked for.
#[test]
fn notifications() {
    for engine in engines() {
        let memory = memory(&engine, 1);
        thread::scope(|scope| {
            let guests: Vec<_> =
                (0..3).map(|_| scope.spawn(|| wait32(&mut store(&engine), &memory, 16, 0, -1).unwrap())).collect();
            let host = scope.spawn(|| memory.atomic_wait32(16, 0, None).unwrap());
            let mut woken = 0;
            while woken < 4 {
                let now = memory.atomic_notify(16, 2).unwrap();
                assert!(now <= 2);
                assert_eq!(memory.atomic_notify(20, u32::MAX), Ok(0), "nobody waits there");
                woken += now;
                thread::yield_now();
            }
            assert!(guests.into_iter().all(|guest| guest.join().unwrap() == 0));
            assert_eq!(host.join().unwrap(), WaitResult::Ok);
        });
        let mut store = store(&engine);
        let instance = instance(&mut store, &Module::new(&engine, WAT).unwrap(), &memory);
        let notify = instance.get_typed_func::<(u32, u32), u32>(&mut store, "notify").unwrap();
        assert_eq!(notify.call(&mut store, (16, 1)).unwrap(), 0);
    }
}

#[test]
fn addresses_are_checked_in_this_order() {
    for engine in engines() {
        let (memory, mut store) = (memory(&engine, 1), store(&engine));
        let mut wait = |address| wait32(&mut store, &memory, address, 0, 0).map_err(|error| error.trap().unwrap());
        assert_eq!(wait(65_533).unwrap_err(), Trap::HeapMisaligned);
        assert_eq!(wait(1_000_001).unwrap_err(), Trap::HeapMisaligned);
        assert_eq!(wait(65_536).unwrap_err(), Trap::MemoryOutOfBounds);
        assert_eq!(memory.atomic_notify(2, 1), Err(Trap::HeapMisaligned));
        assert_eq!(memory.atomic_notify(65_536, 1), Err(Trap::MemoryOutOfBounds));
        assert_eq!(memory.atomic_wait64(4, 0, None), Err(Trap::HeapMisaligned));
        let alone = WAT.replace(r#"(import "" "" (memory 1 1 shared))"#, "(memory 1)");
        let module = Module::new(&engine, alone).unwrap();
        let instance = pirn::Instance::new(&mut store, &module, &[]).unwrap();
        let wait = instance.get_typed_func::<(u32, u64, i64), u32>(&mut store, "wait64").unwrap();
        let mut wait = |address| wait.call(&mut store, (address, 0, 0)).unwrap_err().trap().unwrap();
        assert_eq!(wait(0), Trap::AtomicWaitNonSharedMemory);
        assert_eq!(wait(4), Trap::HeapMisaligned);
        assert_eq!(wait(65_536), Trap::MemoryOutOfBounds);
        let notify = instance.get_typed_func::<(u32, u32), u32>(&mut store, "notify").unwrap();
        assert_eq!(notify.call(&mut store, (0, 1)).unwrap(), 0);
        assert_eq!(notify.call(&mut store, (2, 1)).unwrap_err().trap(), Some(Trap::HeapMisaligned));
    }
}

fn timed() -> Engine {
    Engine::new(Config::new().epoch_interruption(true)).unwrap()
}

/// A thread that waits for ever ends at its deadline, and is in no queue then.
#[test]
fn a_deadline_ends_it() {
    let engine = timed();
    let memory = memory(&engine, 1);
    thread::scope(|scope| {
        let waits = scope.spawn(|| wait32(&mut store(&engine), &memory, 0, 0, -1).unwrap_err());
        // Again and again, for the thread may begin late.
        while !waits.is_finished() {
            thread::sleep(Duration::from_millis(5));
            engine.increment_epoch();
        }
        assert_eq!(waits.join().unwrap().trap(), Some(Trap::Interrupt));
    });
    assert_eq!(memory.atomic_notify(0, 1), Ok(0));
}

/// A callback that has execution go on leaves the thread where it waits.
#[test]
fn a_callback_may_have_it_go_on() {
    let engine = timed();
    let memory = memory(&engine, 1);
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let mut store = store(&engine);
            let known = memory.clone();
            store.epoch_deadline_callback(move |_| {
                // Nobody else does; it finds the thread in its queue, if that waits already.
                known.atomic_notify(0, 1).unwrap();
                Ok(UpdateDeadline::Continue(1))
            });
            wait32(&mut store, &memory, 0, 0, -1).unwrap()
        });
        while !waits.is_finished() {
            thread::sleep(Duration::from_millis(5));
            engine.increment_epoch();
        }
        assert_eq!(waits.join().unwrap(), 0);
    });
}

/// An execution that pauses while it waits goes on waiting for the rest of its time.
#[test]
fn a_pause_does_not_make_it_longer() {
    let engine = timed();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1)).unwrap();
    let mut store = store(&engine);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
    let instance = instance(&mut store, &Module::new(&engine, WAT).unwrap(), &memory);
    let wait = instance.get_typed_func::<(u32, u32, i64), u32>(&mut store, "wait32").unwrap();
    engine.increment_epoch();
    let begun = Instant::now();
    let time = Duration::from_millis(100);
    let mut paused = 0;
    let mut state = wait.call_resumable(&mut store, (0, 0, time.as_nanos() as i64)).unwrap();
    let result = loop {
        match state {
            Resumable::Finished(result) => break result,
            Resumable::Paused(call) => {
                paused += 1;
                if paused < 3 {
                    engine.increment_epoch();
                }
                state = call.resume(&mut store, &[]).unwrap();
            }
        }
    };
    assert_eq!(result, 2);
    assert!(paused >= 1, "{paused}");
    assert!(begun.elapsed() >= time && begun.elapsed() < 10 * time, "{:?}", begun.elapsed());
}
