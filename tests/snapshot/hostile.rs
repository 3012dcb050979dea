//! Snapshots that somebody changed who knows the format: each is refused, or is a state that the modules could be in as far as types go, and
//! goes on without harm.

use crate::change::{changed, places};
use crate::module;
use pirn::*;
use std::any::Any;
use std::collections::HashMap;

/// Numbers from a seed (SplitMix64).
struct Random(u64);

impl Random {
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Values of the embedder as their bytes.
struct Bytes;

impl SnapshotHooks for Bytes {
    fn save_extern(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        Ok(value.downcast_ref::<Vec<u8>>().expect("bytes").clone())
    }

    fn load_extern(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(bytes.to_vec()))
    }
}

/// Frames of several functions and instances, references of all kinds, objects in circles, loops.
const FIRST: &str = r#"(module
    (rec (type $node (sub (struct (field (mut i32)) (field (mut (ref null $node))) (field (mut (ref null $many)))
            (field (mut exnref)) (field (mut funcref)) (field (mut i8)))))
        (type $many (array (mut anyref))) (type $bytes (array (mut i16))) (type $leaf (sub final $node (struct (field (mut i32))
            (field (mut (ref null $node))) (field (mut (ref null $many))) (field (mut exnref)) (field (mut funcref)) (field (mut i8))
            (field v128) (field (mut externref))))))
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (import "host" "memory" (memory 1 4))
    (type $f (func (param i32) (result i32)))
    (tag $tag (export "tag") (param (ref $node) i64))
    (global $root (export "root") (mut (ref null $node)) (ref.null $node))
    (global $g (export "g") (mut funcref) (ref.func $down)) (global $e (export "e") (mut externref) (ref.null extern))
    (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
    (table (export "table") 5 10 funcref) (table $extern 2 externref)
    (table $any (export "any") 3 anyref) (elem $objects anyref (item (ref.i31 (i32.const 5))) (item (struct.new_default $node)))
    (elem (i32.const 0) func $down $loop $wait) (elem $passive func $loop $wait) (data $data "passive")
    (func $down (export "down") (param i32) (result i32) (local externref funcref v128 i32)
        (local.set 1 (global.get $e)) (local.set 2 (ref.func $loop)) (local.set 3 (global.get $v))
        (call $link)
        (table.set $extern (i32.const 1) (local.get 1))
        (if (result i32) (i32.eqz (local.get 0))
            (then (call $loop (i32.const 3)))
            (else
                (local.get 0) (local.get 2) (local.get 3)
                (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
                (local.set 4) (local.set 3) (global.set $g)
                (v128.store (i32.const 32) (local.get 3))
                (i32.add (local.get 4)))))
    ;; One node more, in a circle with the others, and an exception that holds it and is held by it.
    (func $link (local $new (ref null $node)) (local $old (ref null $node)) (local $exn exnref)
        (local.set $old (global.get $root))
        (local.set $new (struct.new $leaf (i32.const 7) (local.get $old)
            (array.new_fixed $many 3 (ref.i31 (i32.const -3)) (any.convert_extern (global.get $e)) (local.get $old)) (ref.null exn)
            (ref.func $down) (i32.const 300) (v128.const i64x2 5 6) (extern.convert_any (array.new $bytes (i32.const 70000) (i32.const 4)))))
        (block $caught (result (ref $node) i64 (ref exn))
            (try_table (catch_ref $tag $caught) (throw $tag (ref.as_non_null (local.get $new)) (i64.const 9)))
            (unreachable))
        (local.set $exn) drop drop
        (struct.set $node 3 (local.get $new) (local.get $exn))
        (if (ref.is_null (local.get $old))
            (then (struct.set $node 1 (local.get $new) (local.get $new)))
            (else (struct.set $node 1 (local.get $old) (local.get $new))))
        (table.set $any (i32.const 0) (local.get $new))
        (global.set $root (local.get $new)))
    ;; Takes from what it finds, if it is there.
    (func $look (result i32)
        (if (ref.is_null (global.get $root)) (then (return (i32.const 0))))
        (table.init $any $objects (i32.const 1) (i32.const 0) (i32.const 2))
        (block $caught (result (ref $node) i64)
            (try_table (catch $tag $caught) (throw_ref (struct.get $node 3 (global.get $root))))
            (unreachable))
        drop
        (i32.add (struct.get_s $node 5) (struct.get $node 0 (ref.cast (ref $node) (table.get $any (i32.const 0))))))
    (func $loop (param i32) (result i32) (local i32)
        (local.set 1 (call $look))
        (i32.const 4)
        (loop $l (param i32) (result i32)
            (local.set 1 (i32.add (local.get 1) (call $wait (i32.add (local.get 0)))))
            (local.get 1)
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (memory.init $data (i32.const 0) (i32.const 0) (i32.const 7))
        (table.init $passive (i32.const 3) (i32.const 0) (i32.const 2))))"#;
const SECOND: &str = r#"(module
    (import "first" "down" (func $down (param i32) (result i32)))
    (import "first" "table" (table 1 10 funcref)) (import "first" "g" (global (mut funcref)))
    (memory i64 1)
    (func (export "run") (param i32) (result i64)
        (i64.extend_i32_s (call $down (local.get 0)))
        (if (param i64) (result i64) (i32.eqz (ref.is_null (global.get 0)))
            (then (i64.add (i64.extend_i32_u (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 1))))))))"#;

/// A place where programs live, with the modules.
struct Home {
    engine: Engine,
    modules: [Module; 2],
    linker: Linker<()>,
}

impl Home {
    fn new(fuse: bool) -> Self {
        let engine = Engine::new(
            Config::new().consume_fuel(true).fuse(fuse).limits(StoreLimits::untrusted()).max_wasm_stack(256 << 10),
        )
        .unwrap();
        let modules = [FIRST, SECOND].map(|wat| module(&engine, wat));
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("host", "wait", |_: i32| -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
        Self { engine, modules, linker }
    }

    /// A snapshot of two calls, of which one waits, and one is out of fuel; an exception is pending.
    fn taken(&self) -> Snapshot {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(100_000).unwrap();
        let mut linker = self.linker.clone();
        let memory = Memory::new(&mut store, MemoryType::new(1, Some(4))).unwrap();
        memory.write(&mut store, 40, b"not zero").unwrap();
        linker.define(&store, "host", "memory", memory).unwrap();
        let first = linker.instantiate(&mut store, &self.modules[0]).unwrap();
        linker.instance(&store, "first", first).unwrap();
        let second = linker.instantiate(&mut store, &self.modules[1]).unwrap();
        let value = ExternRef::new(&mut store, vec![1_u8, 2, 3]);
        first.get_global(&store, "e").unwrap().set(&mut store, value.into()).unwrap();
        let run = second.get_func(&store, "run").unwrap();
        let waits = run.call_resumable(&mut store, &[Val::I32(3)]).unwrap().paused().unwrap();
        store.set_fuel(40).unwrap();
        let out_of_fuel = run.call_resumable(&mut store, &[Val::I32(5)]).unwrap().paused().unwrap();
        assert!(matches!(out_of_fuel.reason(), PauseReason::OutOfFuel { .. }));
        let Some(Extern::Tag(tag)) = first.get_export(&store, "tag") else { panic!("a tag") };
        let root = first.get_global(&store, "root").unwrap().get(&mut store);
        let exception = ExnRef::new(&mut store, &tag, &[root, Val::I64(3)]).unwrap();
        store.throw::<()>(exception).unwrap_err();
        let mut snapshot = Snapshot::take_with(&store, &[&waits, &out_of_fuel], &mut Bytes).unwrap();
        snapshot.set_name(first, "first").unwrap();
        snapshot
    }

    /// Makes a store of it, and goes on with all calls in it. `None` if it is refused; otherwise how the calls ended.
    fn live(&self, snapshot: &Snapshot) -> Option<Vec<Result<Vec<Val>>>> {
        let mut store = Store::new(&self.engine, ());
        let restored = snapshot.restore_with(&mut store, &self.linker, &self.modules, &mut Bytes);
        let mut restored = restored.ok()?;
        // Everything can be looked at, and taken again.
        for instance in restored.instances() {
            let globals: Vec<_> =
                instance.exports(&store).filter_map(|export| export.into_extern().into_global()).collect();
            for global in globals {
                let value = global.get(&mut store);
                look(&mut store, value, 3);
            }
        }
        for table in restored.tables() {
            for index in 0..table.size(&store).min(100) {
                match table.get(&store, index) {
                    Some(Ref::Func(Some(func))) => drop(func.ty(&store)),
                    Some(Ref::Any(reference)) => look(&mut store, Val::AnyRef(reference), 3),
                    _ => {}
                }
            }
        }
        let paused = restored.take_paused();
        let calls: Vec<_> = paused.iter().map(|paused| paused as &dyn PausedCall).collect();
        // A host function may have lost its name, if no instance imports it any more.
        if let Ok(again) = Snapshot::take_with(&store, &calls, &mut Bytes) {
            assert_eq!(Snapshot::from_bytes(&again.to_bytes()).unwrap().content(), again.content());
        }
        if let Some(exception) = store.take_pending_exception() {
            look(&mut store, Val::ExnRef(Some(exception)), 3);
        }
        let ended = paused.into_iter().map(|paused| {
            let mut call = Resumable::Paused(paused);
            store.set_fuel(5_000)?;
            for _ in 0..20 {
                let paused = match call {
                    Resumable::Finished(results) => return Ok(results),
                    Resumable::Paused(paused) => paused,
                };
                let answers: Vec<_> = paused.expects().iter().map(|&ty| Val::default_for(ty)).collect();
                call = paused.resume(&mut store, &answers)?;
            }
            Err(Error::msg("it goes on and on"))
        });
        Some(ended.collect())
    }
}

/// Looks at what can be reached from a value, so many references deep.
fn look(store: &mut Store<()>, value: Val, depth: usize) {
    let mut values = Vec::new();
    if let Val::AnyRef(Some(reference)) = value {
        if let Some(object) = reference.as_struct(&*store).unwrap() {
            values.extend((0..).map_while(|index| object.field(&*store, index).ok()));
        } else if let Some(array) = reference.as_array(&*store).unwrap() {
            let len = array.len(&*store).unwrap().min(10);
            values.extend((0..len).map(|index| array.get(&*store, index).unwrap()));
        }
    } else if let Val::ExnRef(Some(exception)) = value {
        values.extend(exception.fields(&*store).unwrap());
    }
    if depth > 0 {
        values.into_iter().for_each(|value| look(store, value, depth - 1));
    }
}

#[test]
fn changed_snapshots_are_refused_or_do_no_harm() {
    let rounds = std::env::var("PIRN_ROUNDS").map(|rounds| rounds.parse().expect("PIRN_ROUNDS is a number"));
    let rounds: usize = rounds.unwrap_or(if cfg!(debug_assertions) { 6_000 } else { 200_000 });
    let homes = [Home::new(true), Home::new(false)];
    let snapshot = homes[0].taken();
    let expected: Vec<_> =
        homes.iter().map(|home| format!("{:?}", home.live(&snapshot).expect("nothing was changed"))).collect();
    assert_eq!(expected[0], expected[1]);
    let content = snapshot.content();
    assert_eq!(Snapshot::from_content(&content).unwrap().to_bytes(), snapshot.to_bytes());
    let places = places(&content);
    let mut random = Random(rounds as u64);
    let mut outcomes = HashMap::<_, usize>::new();
    for _ in 0..rounds {
        let changed = changed(&content, &places, |n| random.below(n));
        let outcome = match Snapshot::from_content(&changed) {
            Err(_) => "malformed",
            Ok(snapshot) => match homes[random.below(2)].live(&snapshot) {
                None => "does not fit",
                Some(ended) if ended.iter().all(Result::is_ok) => "returns",
                Some(_) => "goes on, and ends otherwise",
            },
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:?}");
    assert!(outcomes.len() == 4 && outcomes.values().all(|&count| count > rounds / 500), "{outcomes:?}");
}

/// A snapshot may say of a segment that was dropped that it is there. One that is declared only never is; one that was active is dropped again when
/// the instance is reset.
#[test]
fn segments_that_are_said_to_be_there() {
    let engine = Engine::default();
    for (mode, is_active) in [("declare", false), ("(i32.const 0)", true)] {
        let text = format!(
            r#"(module (table 4 funcref) (elem $e {mode} func $f $f $f) (func $f)
                (func (export "init") (table.init $e (i32.const 0) (i32.const 0) (i32.const 1))))"#
        );
        let module = module(&engine, &text);
        let mut store = Store::new(&engine, ());
        Instance::new(&mut store, &module, &[]).unwrap();
        let mut content = Snapshot::take(&store, &[]).unwrap().content();
        drop(store);
        // The end: one element segment, whether it is dropped, no segments of objects, no paused calls.
        let end = content.len() - 4;
        assert_eq!(content[end..], [1, 1, 0, 0]);
        content[end + 1] = 0;
        let changed = Snapshot::from_content(&content).unwrap();
        let mut store = Store::new(&engine, ());
        let restored = changed.restore(&mut store, &Linker::new(&engine), &[module]);
        if !is_active {
            let error = restored.unwrap_err().to_string();
            assert!(error.contains("only declared is not dropped"), "{error}");
            continue;
        }
        let there = restored.unwrap().instances()[0];
        let init = there.get_typed_func::<(), ()>(&store, "init").unwrap();
        init.call(&mut store, ()).unwrap();
        let usage = engine.memory_usage().instances;
        there.reset(&mut store).unwrap();
        assert!(engine.memory_usage().instances < usage);
        assert_eq!(init.call(&mut store, ()).unwrap_err().trap(), Some(Trap::TableOutOfBounds));
    }
    assert_eq!(engine.memory_usage().instances, 0);
}

/// What is refused leaves instances in the store that lack what they import. They cannot be in a snapshot.
#[test]
fn what_was_refused_cannot_be_taken() {
    let engine = Engine::default();
    let texts = [r#"(module (func (export "f")))"#, r#"(module (import "0" "f" (func)))"#];
    let modules = texts.map(|text| module(&engine, text));
    let mut store = Store::new(&engine, ());
    let first = Instance::new(&mut store, &modules[0], &[]).unwrap();
    let func = first.get_func(&store, "f").unwrap();
    Instance::new(&mut store, &modules[1], &[func.into()]).unwrap();
    let mut content = Snapshot::take(&store, &[]).unwrap().content();
    // The end: one imported function, function 0 of instance 0; no tables, memories, globals, tags; no segments; no paused calls.
    let end = content.len() - 12;
    assert_eq!(content[end..], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    content[end + 3] = 1;
    let changed = Snapshot::from_content(&content).unwrap();
    let mut store = Store::new(&engine, ());
    let error = changed.restore(&mut store, &Linker::new(&engine), &modules).unwrap_err();
    assert_eq!(error.to_string(), "function 1 is none of the module's own");
    let error = Snapshot::take(&store, &[]).unwrap_err();
    assert!(error.to_string().contains("instance 1 of the store was not finished"), "{error}");
    store.fork(()).unwrap();
}

/// What is said to be large has to be there: an object without its fields is refused before there is room for it.
#[test]
fn objects_without_their_values_take_no_room() {
    let engine = Engine::default();
    let text = format!(
        "(module (type $large (struct {})) (global (ref $large) (struct.new_default $large)))",
        "(field v128) ".repeat(1_000)
    );
    let module = module(&engine, &text);
    let mut store = Store::new(&engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let mut content = Snapshot::take(&store, &[]).unwrap().content();
    // One object, a struct of type 0 of 1,000 fields.
    let begin = [1, 0x5f, 0, 0xe8, 0x07, 0x7b];
    let objects = content.windows(begin.len()).position(|bytes| bytes == begin).expect("an object");
    content.splice(objects..=objects, std::iter::once(101).chain([0x5f, 0, 0].repeat(100)));
    let changed = Snapshot::from_content(&content).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(1 << 20).build());
    let error = changed.restore(&mut store, &Linker::new(&engine), &[module]).unwrap_err();
    assert_eq!(error.to_string(), "an object of more values than its type has, or of fewer");
}
