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
    with_objects();
    many_at_a_time();
    resets_when_there_are_too_many();
    #[cfg(target_os = "linux")]
    files_are_left_for_others();
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

/// Copies with objects, some of which their hosts hold, and with tags made by the host.
fn with_objects() {
    let text = r#"(module (type $list (struct (field (mut (ref null $list))))) (type $bytes (array (mut i8)))
        (tag (import "" "tag") (param i32))
        (global $list (mut (ref null $list)) (struct.new $list (struct.new $list (ref.null $list))))
        (global (ref $bytes) (array.new $bytes (i32.const 5) (i32.const 100000)))
        (func (export "push") (result (ref $list))
            (global.set $list (struct.new $list (global.get $list)))
            (ref.as_non_null (global.get $list))))"#;
    let mut store = Store::<()>::default();
    let tag = Tag::new(&mut store, &TagType::new(FuncType::new([ValType::I32], []))).unwrap();
    let module = Module::new(store.engine(), text).unwrap();
    let instance = Instance::new(&mut store, &module, &[tag.into()]).unwrap();
    let push = |store: &mut Store<()>, instance: Instance| {
        let mut results = [Val::AnyRef(None)];
        instance.get_func(&*store, "push").unwrap().call(&mut *store, &[], &mut results).unwrap();
        results[0].unwrap_anyref().unwrap()
    };
    let held = push(&mut store, instance);
    let owned = held.to_owned_rooted(&store).unwrap();
    let mut round = |count: usize| {
        for n in 0..count {
            let mut copy = store.fork(()).unwrap();
            let mut third = copy.fork(()).unwrap();
            let there = copy.forked(instance).unwrap();
            if n % 3 == 0 {
                drop(copy.forked(owned.clone()).unwrap());
                push(&mut copy, there);
                copy.gc();
                let tag = copy.forked(tag).unwrap();
                ExnRef::new(&mut copy, &tag, &[Val::I32(1)]).unwrap();
            }
            drop(copy);
            let last = third.forked(there).unwrap();
            push(&mut third, last);
        }
    };
    round(20);
    #[cfg(target_os = "linux")]
    let before = resources();
    round(MANY / 10);
    #[cfg(target_os = "linux")]
    {
        let after = resources();
        assert!(after.0 < before.0 + (4 << 20), "from {before:?} to {after:?}");
    }
    let engine = store.engine().clone();
    drop(store);
    let usage = engine.memory_usage();
    assert_eq!((usage.heaps, usage.instances, usage.memories), (0, 0, 0));
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

/// An instance is reset also when there are as many mappings as may be.
fn resets_when_there_are_too_many() {
    const MEMORIES: usize = 100;
    let engine = Engine::new(Config::new().wasm_multi_memory(true)).unwrap();
    let module = Module::new(&engine, format!("(module {})", "(memory 2)".repeat(MEMORIES))).unwrap();
    let mut store = Store::new(&engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let copies: Vec<_> = (0..170).map(|_| store.fork(()).unwrap()).collect();
    let text =
        r#"(module (memory (export "memory") 3) (data (i32.const 10) "DATA"))"#.replace("DATA", &"q".repeat(100_000));
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let bytes = memory.data(&store).to_vec();
    for _ in 0..2 {
        memory.data_mut(&mut store).fill(1);
        memory.grow(&mut store, 1).unwrap();
        instance.reset(&mut store).unwrap();
        assert!(memory.data(&store) == bytes);
    }
    drop(copies);
    memory.data_mut(&mut store).fill(1);
    instance.reset(&mut store).unwrap();
    assert!(memory.data(&store) == bytes);
}

/// What images are made of are files: they leave some for others.
#[cfg(target_os = "linux")]
fn files_are_left_for_others() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let open = resources().1;
    let most = 2 * open as u64 + 100;
    setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(most), ..limit }).unwrap();
    let pairs: Vec<_> = (0..most)
        .map(|_| {
            let (mut store, touch) = alone();
            assert_eq!(touch.call(&mut store, 5).unwrap(), 1);
            let mut copy = store.fork(()).unwrap();
            let there = copy.forked(touch).unwrap();
            assert_eq!(there.call(&mut copy, 5).unwrap(), 2);
            assert_eq!(touch.call(&mut store, 5).unwrap(), 2);
            (store, copy)
        })
        .collect();
    let now = resources().1;
    assert!(now > open && now <= open + most as usize / 2 + 1, "from {open} to {now} of {most}");
    drop(pairs);
    assert!(resources().1 <= open);
    setrlimit(Resource::Nofile, limit).unwrap();
}
