//! Paused calls that are dropped: every byte of the heap comes back, and stacks, which are the system's pages, are used again.

use crate::{assert_says, group, instantiate, metered};
use pirn::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes this thread allocated and did not free; tests run in threads of their own.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// How often it allocated.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: everything is the system allocator's doing; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = HELD.try_with(|held| held.set(held.get() + layout.size() as isize));
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let _ = HELD.try_with(|held| held.set(held.get() + layout.size() as isize));
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get() - layout.size() as isize));
        // SAFETY: the caller's.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> isize {
    HELD.with(Cell::get)
}

/// Bytes of address space that the process has, where Linux tells.
fn address_space() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|pages| pages.split(' ').next()?.parse::<usize>().ok()).map_or(0, |pages| pages * 4096)
}

const STACK: usize = 1 << 16;

const ASKS: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (else (call $ask (i32.const 0))))))"#;

/// A linker whose `ask` yields something that owns memory.
fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "ask", |_: i32| -> Result<i32> { Err(Yield::new(vec![0_u64; 100]).into()) }).unwrap();
    linker
}

fn small_stacks() -> Engine {
    Engine::new(Config::new().max_wasm_stack(STACK)).unwrap()
}

#[test]
fn dropped_calls_give_everything_back() {
    let engine = small_stacks();
    let linker = linker(&engine);
    let mut store = Store::new(&engine, ());
    let instance = instantiate(&linker, &mut store, ASKS);
    let deep = instance.get_typed_func::<i32, i32>(&store, "deep").unwrap();
    let pause = |store: &mut Store<()>, n| deep.call_resumable(store, n).unwrap().paused().unwrap();
    // What is kept for good is there after the first time.
    let warm: Vec<_> = (0..40).map(|n| pause(&mut store, n)).collect();
    drop(warm);
    let (before, addresses) = (held(), address_space());
    for round in 0..200 {
        // Paused in any order, dropped in another, some resumed.
        let mut calls: Vec<_> = (0..40).map(|n| pause(&mut store, n * 10)).collect();
        assert!(held() > before + 40 * 800);
        for n in (0..40).rev() {
            let call = calls.swap_remove((n * 7) % calls.len());
            if n % 3 == 0 {
                assert!(call.resume(&mut store, &[Val::I32(1)]).unwrap().finished().is_some());
            } else {
                drop(call);
            }
        }
        drop(calls);
        assert_eq!(held(), before, "in round {round}");
    }
    // The stacks of all rounds are 500 MiB. Other tests run beside this one.
    assert!(address_space() < addresses + 40 * 100 * STACK);
}

/// What a paused call takes, besides what its host function yields, and what pausing it again allocates.
#[test]
fn paused_calls_are_small() {
    let engine = small_stacks();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", |_: i32| -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    let mut store = Store::new(&engine, ());
    let wat = r#"(module (import "host" "ask" (func $ask (param i32) (result i32)))
        (func $deep (export "deep") (param $left i32) (param $rounds i32)
            (if (local.get $left)
                (then (call $deep (i32.sub (local.get $left) (i32.const 1)) (local.get $rounds)))
                (else (loop $next
                    (drop (call $ask (i32.const 0)))
                    (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))))"#;
    let deep = instantiate(&linker, &mut store, wat).get_typed_func::<(i32, i32), ()>(&store, "deep").unwrap();
    drop(deep.call_resumable(&mut store, (5, 1)).unwrap());
    let (before, account) = (held(), engine.memory_usage().stacks);
    let mut paused = deep.call_resumable(&mut store, (4, 100)).unwrap().paused().unwrap();
    let (bytes, frames) = (held() - before, engine.memory_usage().stacks - account);
    assert!(frames <= 5 * 7 * 8 + 48, "five frames of seven words, and the host function's: {frames}");
    // Sixteen are for telling a heap that is collected of its frames.
    assert!(bytes <= frames as isize + 304, "{bytes} with {frames} of frames");
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 1..100 {
        paused = paused.resume(&mut store, &[Val::I32(0)]).unwrap().paused().unwrap();
    }
    let each = (ALLOCATIONS.with(Cell::get) - before) / 99;
    assert!(each <= 3, "{each} allocations");
    assert!(paused.resume(&mut store, &[Val::I32(0)]).unwrap().finished().is_some());
}

#[test]
fn calls_outlive_their_store() {
    let engine = small_stacks();
    let linker = linker(&engine);
    let module = Module::new(&engine, ASKS).unwrap();
    let once = || {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let deep = instance.get_typed_func::<i32, i32>(&store, "deep").unwrap();
        let calls: Vec<_> = (0..20).map(|n| deep.call_resumable(&mut store, n).unwrap()).collect();
        drop(store);
        drop(calls);
    };
    once();
    let before = held();
    for _ in 0..10 {
        once();
        assert_eq!(held(), before);
    }
}

#[test]
fn failed_and_finished_calls_give_everything_back() {
    let engine = metered();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "panic", || -> i32 { std::panic::resume_unwind(Box::new(())) }).unwrap();
    let mut store = Store::new(&engine, ());
    let wat = r#"(module (import "host" "panic" (func $panic (result i32)))
        (func (export "ok") (result i32) (i32.const 1))
        (func (export "trap") (result i32) unreachable)
        (func $overflow (export "overflow") (result i32) (i32.add (call $overflow) (i32.const 1)))
        (func (export "panic") (result i32) (call $panic)))"#;
    let instance = instantiate(&linker, &mut store, wat);
    let all = |store: &mut Store<()>| {
        store.set_fuel(u64::MAX).unwrap();
        for name in ["ok", "trap", "overflow", "panic"] {
            let f = instance.get_typed_func::<(), i32>(&*store, name).unwrap();
            let call = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f.call_resumable(&mut *store, ())));
            assert_eq!(call.is_err(), name == "panic");
        }
        store.set_fuel(0).unwrap();
        let ok = instance.get_typed_func::<(), i32>(&*store, "ok").unwrap();
        drop(ok.call_resumable(store, ()).unwrap());
    };
    all(&mut store);
    let before = held();
    (0..10).for_each(|_| all(&mut store));
    assert_eq!(held(), before);
}

#[test]
fn start_functions_that_never_go_on() {
    let engine = metered();
    let linker = Linker::<()>::new(&engine);
    let wat = "(module (func $start (loop (br 0))) (start $start))";
    let group = group(&linker, &[("a", wat), ("b", wat)]);
    let once = || {
        let mut store = Store::new(&engine, ());
        let paused = group.instantiate_resumable(&mut store).unwrap().paused().unwrap();
        store.set_fuel(100).unwrap();
        let paused = paused.resume(&mut store, &[]).unwrap().paused().unwrap();
        drop(store);
        drop(paused);
    };
    once();
    let before = held();
    (0..10).for_each(|_| once());
    assert_eq!(held(), before);
}

#[test]
fn calls_can_be_limited() {
    let engine = small_stacks();
    let linker = linker(&engine);
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().resumable_calls(2).build());
    let instance = instantiate(&linker, &mut store, ASKS);
    let deep = instance.get_typed_func::<i32, i32>(&store, "deep").unwrap();
    let one = deep.call_resumable(&mut store, 1).unwrap().paused().unwrap();
    let two = deep.call_resumable(&mut store, 2).unwrap();
    assert_says(&deep.call_resumable(&mut store, 3).unwrap_err(), &["limit of 2 resumable calls"]);
    drop(two);
    let two = deep.call_resumable(&mut store, 2).unwrap();
    assert!(one.resume(&mut store, &[Val::I32(1)]).unwrap().finished().is_some());
    let three = deep.call_resumable(&mut store, 3).unwrap();
    assert!(deep.call_resumable(&mut store, 4).is_err());
    drop((two, three));
}
