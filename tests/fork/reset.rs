//! Instances as instantiation left them.

use crate::{alone, assert_refused, call, get, module};
use pirn::*;

/// Everything of a module changes. `DATA` stands for a long data segment, or none.
const TEXT: &str = r#"(module
    (type $op (func (param i32) (result i32)))
    (memory (export "memory") PAGES 200)
    (table $t (export "table") 3 20 funcref)
    (global $n (export "n") (mut i32) (i32.const 5))
    (global $f (mut funcref) (ref.func $twice))
    (global $v (mut v128) (v128.const i64x2 3 4))
    (elem (table $t) (i32.const 1) func $twice)
    (elem $passive func $up)
    (data (i32.const 3) "abc")
    DATA
    (data $bytes "xyz")
    (start $start)
    (func $start (global.set $n (i32.mul (global.get $n) (i32.const 3))) (i32.store8 (i32.const 0) (i32.const 9)))
    (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $up (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "change") (param i32) (result i32)
        (global.set $n (i32.add (global.get $n) (local.get 0)))
        (global.set $f (ref.null func))
        (global.set $v (v128.const i64x2 0 0))
        (table.init $t $passive (i32.const 1) (i32.const 0) (i32.const 1))
        (table.set $t (i32.const 0) (ref.func $up))
        (drop (table.grow $t (ref.func $up) (local.get 0)))
        (drop (memory.grow (local.get 0)))
        (memory.fill (i32.const 0) (local.get 0) (i32.mul (memory.size) (i32.const 65536)))
        (memory.init $bytes (i32.const 50) (i32.const 0) (i32.const 3))
        (data.drop $bytes) (elem.drop $passive)
        (call_indirect $t (type $op) (i32.const 10) (i32.const 1)))
    (func (export "apply") (param i32) (result i32)
        (call_indirect $t (type $op) (local.get 0) (i32.const 1)))
    (func (export "state") (result i32)
        (i32.add (global.get $n)
            (i32.add (i32.mul (i32.const 1000) (ref.is_null (global.get $f)))
                     (i32.wrap_i64 (i64x2.extract_lane 0 (global.get $v)))))))"#;

fn text(pages: usize, data: usize) -> String {
    let data = if data == 0 { String::new() } else { format!("(data (i32.const 70000) \"{}\")", "q".repeat(data)) };
    TEXT.replace("PAGES", &pages.to_string()).replace("DATA", &data)
}

#[test]
fn everything_is_as_instantiation_left_it() {
    for (pages, data) in [(1, 0), (3, 100), (3, 100_000), (40, 1_000_000), (300, 100_000)] {
        let text = text(pages, data).replace(" 200)", " 400)");
        let (mut store, instance) = alone(&text);
        let memory = instance.get_memory(&store, "memory").unwrap();
        let table = instance.get_table(&store, "table").unwrap();
        let bytes = memory.data(&store).to_vec();
        let held = |store: &Store<()>| {
            let usage = store.engine().memory_usage();
            (usage.memories, usage.tables, usage.instances)
        };
        let usage = held(&store);
        let elements: Vec<_> = (0..3).map(|i| table.get(&mut store, i).unwrap()).collect();
        for round in 1..5 {
            assert_eq!(get(&mut store, instance, "state", &[]), 18);
            assert_eq!(get(&mut store, instance, "change", &[round]), 11);
            assert_eq!((memory.size(&store), table.size(&store)), (pages as u64 + round as u64, 3 + round as u64));
            assert!(call(&mut store, instance, "change", &[Val::I32(round)]).is_err(), "its segments are dropped");
            instance.reset(&mut store).unwrap();
            assert!(memory.data(&store) == bytes, "{pages} pages, {data} bytes");
            assert_eq!(table.size(&store), 3);
            let now: Vec<_> = (0..3).map(|i| table.get(&mut store, i).unwrap()).collect();
            assert_eq!(now, elements);
            assert_eq!(get(&mut store, instance, "apply", &[4]), 8);
            assert_eq!(held(&store), usage);
            // What is grown again is zero.
            memory.grow(&mut store, 2).unwrap();
            assert!(memory.data(&store)[bytes.len()..].iter().all(|&byte| byte == 0));
            table.grow(&mut store, 2, Ref::Func(None)).unwrap();
            assert!(table.get(&mut store, 4).unwrap().is_null());
            instance.reset(&mut store).unwrap();
        }
        assert!(memory.data(&store) == bytes);
    }
}

/// Two instances of a module, and a copy of one, share what they begin with, and nothing else.
#[test]
fn images_are_shared_by_instances_and_copies() {
    let (mut store, one) = alone(&text(40, 200_000));
    let module = one.module(&store).clone();
    let two = Instance::new(&mut store, &module, &[]).unwrap();
    let bytes = one.get_memory(&store, "memory").unwrap().data(&store).to_vec();
    one.reset(&mut store).unwrap();
    two.reset(&mut store).unwrap();
    get(&mut store, one, "change", &[1]);
    let mut copy = store.fork(()).unwrap();
    let [first, second] = [one, two].map(|instance| copy.forked(instance).unwrap());
    assert!(
        first.get_memory(&copy, "memory").unwrap().data(&copy)
            == one.get_memory(&store, "memory").unwrap().data(&store)
    );
    get(&mut copy, second, "change", &[2]);
    first.reset(&mut copy).unwrap();
    assert!(first.get_memory(&copy, "memory").unwrap().data(&copy) == bytes);
    assert!(two.get_memory(&store, "memory").unwrap().data(&store) == bytes);
    assert_eq!(second.get_memory(&copy, "memory").unwrap().size(&copy), 42);
    second.reset(&mut copy).unwrap();
    one.reset(&mut store).unwrap();
    for (store, instance) in [(&store, one), (&store, two), (&copy, first), (&copy, second)] {
        assert!(instance.get_memory(store, "memory").unwrap().data(store) == bytes);
    }
    drop(store);
    assert_eq!(get(&mut copy, first, "state", &[]), 18);
}

/// What is imported stays as it is; who imports sees what was put back.
#[test]
fn imports_are_left_alone() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let owner = module(
        &engine,
        r#"(module (memory (export "memory") 2) (global (export "base") i32 (i32.const 16))
            (global (export "n") (mut i32) (i32.const 1)) (table (export "table") 2 funcref)
            (data (i32.const 0) "owner") (func $f) (elem (i32.const 1) func $f))"#,
    );
    let owner = Instance::new(&mut store, &owner, &[]).unwrap();
    let exports: Vec<_> = owner.exports(&store).map(|export| export.into_extern()).collect();
    let user = module(
        &engine,
        r#"(module (import "o" "memory" (memory 1)) (import "o" "base" (global $base i32))
            (import "o" "n" (global $n (mut i32))) (import "o" "table" (table 2 funcref))
            (memory $own (export "own") 1) (global $m (mut i32) (global.get $base))
            (data (i32.const 8) "user") (data (memory $own) (global.get $base) "own")
            (elem (i32.const 0) func $g)
            (func $g) (start $start)
            (func $start (global.set $n (i32.add (global.get $n) (i32.const 1))))
            (func (export "change") (result i32)
                (i32.store (i32.const 8) (i32.const 0)) (i32.store $own (i32.const 16) (i32.const 0))
                (table.set (i32.const 0) (ref.null func))
                (global.set $m (i32.add (global.get $m) (i32.const 1))) (global.get $m)))"#,
    );
    let user = Instance::new(&mut store, &user, &exports).unwrap();
    let [shared, own] =
        [(owner, "memory"), (user, "own")].map(|(instance, name)| instance.get_memory(&store, name).unwrap());
    assert_eq!(&shared.data(&store)[8..12], b"user");
    assert_eq!((get(&mut store, user, "change", &[]), get(&mut store, user, "change", &[])), (17, 18));
    user.reset(&mut store).unwrap();
    assert_eq!(&shared.data(&store)[8..12], [0; 4]);
    assert_eq!(&own.data(&store)[16..19], b"own");
    let table = owner.get_table(&store, "table").unwrap();
    assert!(table.get(&mut store, 0).unwrap().is_null());
    assert_eq!(owner.get_global(&store, "n").unwrap().get(&store), Val::I32(3), "the start function was called again");
    assert_eq!(get(&mut store, user, "change", &[]), 17);
    // The other way round, the importer sees it.
    owner.reset(&mut store).unwrap();
    assert_eq!(&shared.data(&store)[..12], b"owner\0\0\0\0\0\0\0");
    assert_eq!(owner.get_global(&store, "n").unwrap().get(&store), Val::I32(1));
    assert_eq!(get(&mut store, user, "change", &[]), 18);
}

#[test]
fn what_cannot_be_reset_is_said() {
    let engine = Engine::default();
    let mut linker = Linker::<Option<Instance>>::new(&engine);
    linker
        .func_wrap("host", "reset", |mut caller: Caller<'_, Option<Instance>>| -> Result<()> {
            let instance = caller.data().unwrap();
            instance.reset(&mut caller)
        })
        .unwrap();
    linker.func_wrap("host", "ask", || -> Result<()> { Err(Yield::new(()).into()) }).unwrap();
    let text = r#"(module (import "host" "reset" (func $reset)) (import "host" "ask" (func $ask))
        (func (export "reset") (call $reset)) (func (export "ask") (call $ask)))"#;
    let mut store = Store::new(&engine, None);
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    *store.data_mut() = Some(instance);
    assert_refused(call(&mut store, instance, "reset", &[]), "a call runs in the store, or is paused");
    let ask = instance.get_func(&store, "ask").unwrap();
    let paused = ask.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    assert_refused(instance.reset(&mut store), "a call runs in the store, or is paused");
    drop(paused);
    instance.reset(&mut store).unwrap();
    assert_refused(instance.reset(Store::new(&engine, ())), "wrong store");
    let shared = module(&engine, "(module (memory 1 1 shared))");
    let shared = Instance::new(&mut store, &shared, &[]).unwrap();
    assert_refused(shared.reset(&mut store), "shared between threads");
}

/// What is reset makes room for others.
#[test]
fn limits_count_what_is_left() {
    let (mut store, instance) = alone(&text(1, 0));
    store.set_limits(StoreLimitsBuilder::new().total_memory_size(10 << 16).total_table_elements(12).build());
    let memory = instance.get_memory(&store, "memory").unwrap();
    for _ in 0..3 {
        memory.grow(&mut store, 9).unwrap();
        assert!(memory.grow(&mut store, 1).is_err());
        instance.get_table(&store, "table").unwrap().grow(&mut store, 9, Ref::Func(None)).unwrap();
        instance.reset(&mut store).unwrap();
    }
}

/// A snapshot that is restored and reset is as the instance that it was taken of, reset.
#[test]
fn what_was_restored_is_reset() {
    let (mut store, instance) = alone(&text(1, 0));
    get(&mut store, instance, "change", &[2]);
    let module = instance.module(&store).clone();
    let bytes = Snapshot::take(&store, &[]).unwrap().to_bytes();
    let mut other = Store::new(module.engine(), ());
    let linker = Linker::new(module.engine());
    let restored = Snapshot::from_bytes(&bytes).unwrap().restore(&mut other, &linker, &[module]).unwrap();
    let there = restored.instances()[0];
    assert_eq!(get(&mut other, there, "state", &[]), 1017);
    let (memory, table) = (there.get_memory(&other, "memory").unwrap(), there.get_table(&other, "table").unwrap());
    assert_eq!((memory.size(&other), table.size(&other)), (3, 5));
    there.reset(&mut other).unwrap();
    assert_eq!((memory.size(&other), table.size(&other)), (1, 3));
    assert_eq!(memory.data(&other)[..6], *b"\x09\0\0abc");
    assert_eq!(get(&mut other, there, "state", &[]), 18);
    assert_eq!(get(&mut other, there, "change", &[1]), 11);
}

/// Objects are made anew, and those that were there are garbage; tags stay what they are.
#[test]
fn objects_are_made_anew() {
    let text = r#"(module
        (type $node (struct (field $n (mut i32)) (field $next (mut (ref null $node))))) (type $bytes (array (mut i8)))
        (tag $tag (export "tag") (param i32))
        (global $root (export "root") (mut (ref null $node)) (struct.new $node (i32.const 1) (struct.new $node (i32.const 2) (ref.null $node))))
        (global $exn (export "exn") (mut exnref) (ref.null exn))
        (table $nodes (export "nodes") 2 10 (ref null $node) (struct.new $node (i32.const 3) (ref.null $node)))
        (elem (table $nodes) (i32.const 1) (ref $node) (item (struct.new $node (i32.const 4) (ref.null $node))))
        (elem $passive (ref $node) (item (struct.new $node (i32.const 5) (ref.null $node))))
        (func (export "state") (result i32)
            (i32.add (ref.is_null (global.get $exn))
            (i32.add (i32.mul (i32.const 10) (struct.get $node $n (global.get $root)))
            (i32.add (i32.mul (i32.const 100) (struct.get $node $n (struct.get $node $next (global.get $root))))
            (i32.add (i32.mul (i32.const 1000) (struct.get $node $n (table.get $nodes (i32.const 0))))
                (i32.mul (i32.const 10000) (struct.get $node $n (table.get $nodes (i32.const 1)))))))))
        (func (export "change") (result i32)
            (table.init $nodes $passive (i32.const 0) (i32.const 0) (i32.const 1))
            (elem.drop $passive)
            (drop (table.grow $nodes (global.get $root) (i32.const 3)))
            (struct.set $node $n (global.get $root) (i32.const 50))
            (struct.set $node $next (table.get $nodes (i32.const 0)) (global.get $root))
            (global.set $root (struct.new $node (i32.const 6) (table.get $nodes (i32.const 0))))
            (block $caught (result i32 exnref)
                (try_table (catch_ref $tag $caught) (throw $tag (i32.const 8)))
                (unreachable))
            (global.set $exn)
            (i32.add (struct.get $node $n (struct.get $node $next (global.get $root))))))"#;
    for stress in [GcStress::None, GcStress::Collect, GcStress::Step] {
        let engine = Engine::new(Config::new().gc_stress(stress)).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
        let tag = instance.get_tag(&store, "tag").unwrap();
        let root = instance.get_global(&store, "root").unwrap();
        for _ in 0..3 {
            assert_eq!(get(&mut store, instance, "state", &[]), 43_211);
            let Val::AnyRef(Some(before)) = root.get(&store) else { panic!("a struct") };
            assert_eq!(get(&mut store, instance, "change", &[]), 8 + 5);
            // A copy goes its own way.
            let mut copy = store.fork(()).unwrap();
            let there = copy.forked(instance).unwrap();
            for (store, instance) in [(&mut copy, there), (&mut store, instance)] {
                assert!(call(store, instance, "change", &[]).is_err(), "its segment is dropped");
                instance.reset(&mut *store).unwrap();
                store.gc();
                assert_eq!(get(store, instance, "state", &[]), 43_211);
            }
            assert_eq!(get(&mut copy, there, "change", &[]), 8 + 5);
            assert_eq!(get(&mut store, instance, "state", &[]), 43_211);
            // What the host holds is what it was, and no longer the instance's.
            let held = before.as_struct(&store).unwrap().unwrap();
            assert_eq!(held.field(&store, 0).unwrap(), Val::I32(50));
            assert!(root.get(&store) != Val::from(before));
            assert_eq!(instance.get_tag(&store, "tag").unwrap(), tag);
        }
    }
}

/// What is given up is no room as long as there is more than the limits allow.
#[test]
fn limits_that_were_set_later_hold_after_a_reset() {
    let mut store = Store::new(&Engine::default(), ());
    let module = module(
        &store.engine().clone(),
        r#"(module (memory 1) (table $t 1 funcref)
            (func (export "pages") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "elements") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))"#,
    );
    let grow = |store: &mut Store<()>, instance: Instance, name: &str, more: i32| {
        instance.get_typed_func::<i32, i32>(&*store, name).unwrap().call(store, more).unwrap()
    };
    let [one, two] = [(); 2].map(|()| Instance::new(&mut store, &module, &[]).unwrap());
    for name in ["pages", "elements"] {
        assert_eq!(grow(&mut store, one, name, 99), 1);
        assert_eq!(grow(&mut store, two, name, 1), 1);
    }
    store.set_limits(StoreLimitsBuilder::new().total_memory_size(5 << 16).total_table_elements(5).build());
    one.reset(&mut store).unwrap();
    for name in ["pages", "elements"] {
        assert_eq!(grow(&mut store, one, name, 3), -1, "two have three of five");
        assert_eq!(grow(&mut store, two, name, 2), 2);
        assert_eq!(grow(&mut store, one, name, 1), -1);
    }
}

/// An importer that found a table larger than it is now is restored all the same.
#[cfg(feature = "snapshot")]
#[test]
fn a_snapshot_of_what_was_reset_is_restored() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let exporter = module(&engine, r#"(module (table (export "t") 1 funcref) (memory (export "m") 1))"#);
    let importer = module(&engine, r#"(module (import "" "t" (table 5 funcref)) (import "" "m" (memory 3)))"#);
    let instance = Instance::new(&mut store, &exporter, &[]).unwrap();
    let (table, memory) = (instance.get_table(&store, "t").unwrap(), instance.get_memory(&store, "m").unwrap());
    table.grow(&mut store, 4, Ref::Func(None)).unwrap();
    memory.grow(&mut store, 2).unwrap();
    Instance::new(&mut store, &importer, &[table.into(), memory.into()]).unwrap();
    instance.reset(&mut store).unwrap();
    let snapshot = Snapshot::take(&store, &[]).unwrap();
    let mut restored = Store::new(&engine, ());
    snapshot.restore(&mut restored, &Linker::new(&engine), &[exporter, importer]).unwrap();
}
