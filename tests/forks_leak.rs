//! Many copies of a store leave nothing behind, dropped in any order. Alone in its process, whose memory is looked at.

#![cfg(feature = "wat")]

use pirn::*;

const TEXT: &str = r#"(module (memory (export "memory") 256) (table 100 funcref) (elem (i32.const 0) func $touch)
    (data (i32.const 1000000) "some data")
    (func $touch (export "touch") (param i32) (result i32)
        (i32.store8 (local.get 0) (i32.add (i32.const 1) (i32.load8_u (local.get 0))))
        (i32.load8_u (local.get 0))))"#;

/// A store with the module's function.
fn alone() -> (Store<()>, TypedFunc<i32, i32>) {
    let mut store = Store::<()>::default();
    let module = Module::new(store.engine(), TEXT).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let touch = instance.get_typed_func(&store, "touch").unwrap();
    (store, touch)
}

const MANY: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

/// Bytes that the process has in memory, and its open files.
#[cfg(target_os = "linux")]
fn resources() -> (usize, usize) {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    (pages * 4096, std::fs::read_dir("/proc/self/fd").unwrap().count())
}

/// One after the other: what the process has in memory is looked at.
#[test]
fn many_copies_leave_nothing() {
    one_after_the_other();
    many_at_a_time();
}

fn one_after_the_other() {
    let (mut store, touch) = alone();
    assert_eq!(touch.call(&mut store, 5).unwrap(), 1);
    let usage = store.engine().memory_usage();
    let round = |store: &mut Store<()>, count: usize| {
        for n in 0..count {
            let mut copy = store.fork(()).unwrap();
            let there = copy.forked(touch).unwrap();
            if n % 10 == 0 {
                assert_eq!(there.call(&mut copy, 5).unwrap(), 2);
                let mut third = copy.fork(()).unwrap();
                let there = third.forked(there).unwrap();
                drop(copy);
                assert_eq!(there.call(&mut third, 5).unwrap(), 3);
            }
        }
    };
    round(&mut store, 100);
    #[cfg(target_os = "linux")]
    let before = resources();
    round(&mut store, MANY);
    #[cfg(target_os = "linux")]
    {
        let after = resources();
        assert!(after.0 < before.0 + (4 << 20), "from {before:?} to {after:?}");
        assert!(after.1 <= before.1 + 2, "from {before:?} to {after:?}");
    }
    assert_eq!(store.engine().memory_usage(), usage);
}

/// More than there are mappings for.
fn many_at_a_time() {
    let (mut store, touch) = alone();
    assert_eq!(touch.call(&mut store, 5).unwrap(), 1);
    let usage = store.engine().memory_usage();
    let count = if cfg!(debug_assertions) { 500 } else { 18_000 };
    let mut copies: Vec<_> = (0..count).map(|_| store.fork(()).unwrap()).collect();
    for (n, copy) in copies.iter_mut().enumerate().filter(|(n, _)| n % 7 == 0 || *n > 17_990) {
        let there = copy.forked(touch).unwrap();
        assert_eq!(there.call(copy, 5).unwrap(), 2, "copy {n}");
    }
    let engine = store.engine().clone();
    drop(store);
    while !copies.is_empty() {
        let at = copies.len() * 7 / 11;
        copies.swap_remove(at);
    }
    assert_eq!(engine.memory_usage().memories, 0);
    assert!(usage.memories > 0);
}
