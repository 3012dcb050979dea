//! What cannot be in a snapshot, and what does not fit where it is restored.

use crate::{assert_refused, call, engine, module, restored};
use pirn::*;

const WAITS: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32))) (memory (export "memory") 2)
    (func (export "run") (result i32) (call $wait (i32.const 1))))"#;

fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "wait", |_: i32| -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    linker
}

/// A store in which a call waits.
fn waits(engine: &Engine, linker: &Linker<()>) -> (Store<()>, Paused<Vec<Val>>) {
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module(engine, WAITS)).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let paused = run.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    (store, paused)
}

#[test]
fn what_has_no_name_is_refused_by_what_it_is() {
    let engine = engine(false, true);
    let mut store = Store::new(&engine, ());
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None)).unwrap();
    let unnamed = Func::wrap(&mut store, |_: i64| {});
    table.set(&mut store, 0, Ref::Func(Some(unnamed))).unwrap();
    assert_refused(Snapshot::take(&store, &[]), &["host function of type [i64] -> []", "no instance imports"]);

    let mut store = Store::new(&engine, ());
    let table = Table::new(&mut store, TableType::new(RefType::EXTERNREF, 1, None), Ref::Extern(None)).unwrap();
    let value = ExternRef::new(&mut store, 5);
    table.set(&mut store, 0, Ref::Extern(Some(value))).unwrap();
    assert_refused(Snapshot::take(&store, &[]), &["externref", "no hook"]);

    // Two linkers have two functions of one name.
    let mut store = Store::new(&engine, ());
    for _ in 0..2 {
        linker(&engine).instantiate(&mut store, &module(&engine, WAITS)).unwrap();
    }
    assert_refused(Snapshot::take(&store, &[]), &["two host functions were linked as `host::wait`"]);

    let mut store = Store::new(&engine, ());
    let mut other = Linker::<()>::new(&engine);
    other.func_wrap("host", "wait", |_: i32| -> Result<i32> { Err(Yield::new("a text").into()) }).unwrap();
    let instance = other.instantiate(&mut store, &module(&engine, WAITS)).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let paused = run.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    assert_refused(Snapshot::take(&store, &[&paused]), &["paused call 0", "yielded something", "no hook"]);
    Snapshot::take(&store, &[]).unwrap();
}

#[test]
fn shared_memories_and_start_functions_are_refused() {
    let engine = engine(false, true);
    let threads = Engine::new(Config::new().wasm_threads(true)).unwrap();
    let mut store = Store::new(&threads, ());
    Instance::new(&mut store, &module(&threads, "(module (memory 1 2 shared))"), &[]).unwrap();
    assert_refused(Snapshot::take(&store, &[]), &["memory 0", "shared between threads"]);

    const START: &str = r#"(module (import "host" "wait" (func $wait (param i32) (result i32)))
        (func $start (drop (call $wait (i32.const 0)))) (start $start))"#;
    let linker = linker(&engine);
    let mut store = Store::new(&engine, ());
    let started = linker.instantiate_resumable(&mut store, &module(&engine, START)).unwrap();
    let paused = started.paused().expect("it waits");
    assert_refused(Snapshot::take(&store, &[&paused]), &["paused call 0", "start function"]);
}

#[test]
fn calls_of_other_stores_and_instances_that_failed_are_refused() {
    let engine = engine(false, true);
    let linker = linker(&engine);
    let (_, paused) = waits(&engine, &linker);
    let (store, _) = waits(&engine, &linker);
    assert_refused(Snapshot::take(&store, &[&paused]), &["paused call 0", "wrong store"]);

    let limited = StoreLimitsBuilder::new().memory_size(100_000).build();
    let mut store = Store::new(&engine, ());
    let mut snapshot = Snapshot::take(&store, &[]).unwrap();
    let instance = Instance::new(&mut store, &module(&engine, "(module)"), &[]).unwrap();
    assert_refused(snapshot.set_name(instance, "late"), &["is not in the snapshot"]);
    let other = Instance::new(&mut store, &module(&engine, "(module)"), &[]).unwrap();
    let mut snapshot = Snapshot::take(&store, &[]).unwrap();
    snapshot.set_name(instance, "name").unwrap();
    snapshot.set_name(instance, "name").unwrap();
    assert_refused(snapshot.set_name(other, "name"), &["`name`"]);
    store.set_limits(limited);
    let bytes = {
        let (store, paused) = waits(&engine, &linker);
        Snapshot::take(&store, &[&paused]).unwrap().to_bytes()
    };
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().memory_size(100_000).build());
    let there = Snapshot::from_bytes(&bytes).unwrap().restore(&mut store, &linker, &[module(&engine, WAITS)]);
    assert_refused(there, &["memory"]);
}

#[test]
fn what_does_not_fit_is_refused_where_it_is_restored() {
    let engine = engine(false, true);
    let named = linker(&engine);
    let bytes = {
        let (store, paused) = waits(&engine, &named);
        Snapshot::take(&store, &[&paused]).unwrap().to_bytes()
    };
    let with = |linker: &Linker<()>, texts: &[&str]| restored(&bytes, &engine, linker, texts, &mut ());
    with(&named, &["(module)", WAITS]).unwrap();
    assert_refused(with(&named, &["(module)"]), &["a module that was not given"]);
    let hash: String = module(&engine, WAITS).hash().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_refused(with(&named, &[]), &[&hash]);
    assert_refused(with(&Linker::new(&engine), &[WAITS]), &["`host::wait`", "[i32] -> [i32]"]);
    let mut other = Linker::<()>::new(&engine);
    other.func_wrap("host", "wait", |_: i64| 5_i32).unwrap();
    assert_refused(with(&other, &[WAITS]), &["`host::wait`", "[i32] -> [i32]", "[i64] -> [i32]"]);

    let snapshot = Snapshot::from_bytes(&bytes).unwrap();
    let foreign = Engine::default();
    let mut store = Store::new(&engine, ());
    let refused = snapshot.restore(&mut store, &named, &[module(&foreign, WAITS)]);
    assert_refused(refused, &["another engine"]);
    let mut store = Store::new(&engine, ());
    Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    let refused = snapshot.restore(&mut store, &named, &[module(&engine, WAITS)]);
    assert_refused(refused, &["empty store"]);

    // Frames of a recursion that another engine has no stack for.
    const DEEP: &str = r#"(module (import "host" "wait" (func $wait (param i32) (result i32)))
        (func $run (export "run") (param i32) (result i32) (local i64 i64 i64 i64)
            (if (result i32) (local.get 0)
                (then (call $run (i32.sub (local.get 0) (i32.const 1)))) (else (call $wait (i32.const 0))))))"#;
    let mut store = Store::new(&engine, ());
    let instance = named.instantiate(&mut store, &module(&engine, DEEP)).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let paused = run.call_resumable(&mut store, &[Val::I32(5000)]).unwrap().paused().unwrap();
    let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
    restored(&bytes, &engine, &named, &[DEEP], &mut ()).unwrap();
    let small = Engine::new(Config::new().max_wasm_stack(64 << 10)).unwrap();
    let refused = restored(&bytes, &small, &linker(&small), &[DEEP], &mut ());
    assert_refused(refused, &["paused call 0", "do not fit the engine's stacks"]);
}

#[test]
fn readers_and_writers_are_asked_for_the_same_bytes() {
    let engine = engine(false, true);
    let linker = linker(&engine);
    let (store, paused) = waits(&engine, &linker);
    let snapshot = Snapshot::take(&store, &[&paused]).unwrap();
    let mut written = Vec::new();
    snapshot.write_to(&mut written).unwrap();
    assert_eq!(written, snapshot.to_bytes());
    assert_eq!(Snapshot::read_from(&written[..]).unwrap().to_bytes(), written);
    assert_refused(snapshot.write_to(&mut [0; 10][..]), &["write"]);
    assert_refused(Snapshot::from_bytes(b"\0asm\x01\0\0\0"), &["no snapshot"]);
    let mut other = written.clone();
    other[8] = 1;
    assert_refused(Snapshot::from_bytes(&other), &["version 1", "3"]);
    for len in 0..written.len() {
        assert!(Snapshot::from_bytes(&written[..len]).is_err());
    }
    for at in 0..written.len() {
        written[at] ^= 1;
        assert!(Snapshot::from_bytes(&written).is_err(), "byte {at}");
        written[at] ^= 1;
    }
}

#[test]
fn what_would_take_too_much_memory_is_refused() {
    let engine = engine(false, true);
    let mut store = Store::new(&engine, ());
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 500_000, None), Ref::Func(None)).unwrap();
    let func = Instance::new(&mut store, &module(&engine, "(module (func (export \"f\")))"), &[]).unwrap();
    let func = func.get_func(&store, "f").unwrap();
    // As many runs as elements.
    for index in (0..500_000).step_by(2) {
        table.set(&mut store, index, Ref::Func(Some(func))).unwrap();
    }
    let bytes = Snapshot::take(&store, &[]).unwrap().to_bytes();
    assert!(bytes.len() < 50_000, "{}", bytes.len());
    // Each run takes 32 bytes at least, of the 4 and 3 that it is written in.
    assert_refused(Snapshot::from_bytes_within(&bytes, 1 << 20), &["more memory"]);
    assert_refused(Snapshot::from_bytes_within(&bytes, 15 << 20), &["more memory"]);
    assert_eq!(Snapshot::from_bytes_within(&bytes, 40 << 20).unwrap().to_bytes(), bytes);
}

/// An exception that nobody has caught, nor taken, holds what no hook writes down.
#[test]
fn what_a_pending_exception_holds() {
    let engine = Engine::default();
    let text =
        r#"(module (tag $tag (param externref)) (func (export "throw") (param externref) (throw $tag (local.get 0))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let value = ExternRef::new(&mut store, 5_u32);
    call(&mut store, instance, "throw", &[value.into()]).unwrap_err();
    assert_refused(Snapshot::take(&store, &[]), &["pending exception", "take_pending_exception", "externref"]);
    store.take_pending_exception().expect("it is pending");
    Snapshot::take(&store, &[]).unwrap();
}
