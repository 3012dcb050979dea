//! Structs, arrays, exceptions and tags: what refers to what afterwards is what did before.

use crate::collecting::ways;
use crate::older::DEEP;
use crate::{assert_refused, call, module, restored};
use pirn::*;
use std::any::Any;

/// Values of the embedder as their bytes.
struct Numbers;

impl SnapshotHooks for Numbers {
    fn save_extern(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        Ok(value.downcast_ref::<u32>().expect("a number").to_le_bytes().into())
    }

    fn load_extern(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        let bytes = bytes.try_into().map_err(|_| Error::msg("no number"))?;
        Ok(Box::new(u32::from_le_bytes(bytes)))
    }
}

/// Engines that execute the same in different ways; of the last four, every allocation collects, or begins a collection, goes on with it or ends it.
fn engines() -> Vec<Engine> {
    let engine = |fuse, stress| Engine::new(Config::new().fuse(fuse).gc_stress(stress)).unwrap();
    ways().map(|(fuse, stress)| engine(fuse, stress)).into()
}

fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "wait", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    linker
}

/// Runs `run` of the last of these modules, which import from those before under `0`, `1`..., until it has waited `waits` times; then in every
/// engine's place, from a snapshot. Gives what it comes to, which is the same everywhere.
fn everywhere(texts: &[&str], waits: usize, prepare: impl Fn(&mut Store<()>, &[Instance])) -> Vec<i32> {
    let mut found = Vec::new();
    for from in &engines() {
        let mut store = Store::new(from, ());
        let mut linker = linker(from);
        let mut instances = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let instance = linker.instantiate(&mut store, &module(from, text)).unwrap();
            linker.instance(&store, &number.to_string(), instance).unwrap();
            instances.push(instance);
        }
        prepare(&mut store, &instances);
        let run = instances.last().unwrap().get_func(&store, "run").unwrap();
        let mut paused = run.call_resumable(&mut store, &[]).unwrap().paused().expect("it waits");
        for number in 1..=waits {
            let snapshot = Snapshot::take_with(&store, &[&paused], &mut Numbers).unwrap();
            let bytes = snapshot.to_bytes();
            assert_eq!(Snapshot::from_bytes(&bytes).unwrap().content(), snapshot.content());
            for to in &engines() {
                let (mut store, mut restored) = restored(&bytes, to, &self::linker(to), texts, &mut Numbers)
                    .unwrap_or_else(|error| panic!("{error:#}"));
                store.gc();
                let paused = restored.take_paused();
                // Nothing is lost on the way.
                let calls: Vec<_> = paused.iter().map(|paused| paused as &dyn PausedCall).collect();
                let again = Snapshot::take_with(&store, &calls, &mut Numbers).unwrap();
                assert_eq!(again.content(), snapshot.content());
                let mut call = Resumable::Paused({ paused }.remove(0));
                for answer in number.. {
                    match call {
                        Resumable::Finished(results) => {
                            found.push(results[0].unwrap_i32());
                            break;
                        }
                        Resumable::Paused(paused) => {
                            call = paused.resume(&mut store, &[Val::I32(answer as i32)]).unwrap();
                        }
                    }
                }
            }
            paused = match paused.resume(&mut store, &[Val::I32(number as i32)]).unwrap() {
                Resumable::Paused(paused) => paused,
                Resumable::Finished(results) => {
                    assert_eq!(number, waits, "it waits as often as it was to");
                    found.push(results[0].unwrap_i32());
                    break;
                }
            };
        }
    }
    assert!(found.iter().all(|&result| result == found[0]), "{found:?}");
    found
}

/// Who refers to the same thing still does; fields of all kinds are as they were.
#[test]
fn objects_are_as_they_were() {
    let found = everywhere(
        &[r#"(module
                (rec
                    (type $node (sub (struct (field $n (mut i32)) (field $next (mut (ref null $node))))))
                    (type $more (sub final $node (struct (field (mut i32)) (field (mut (ref null $node)))
                        (field $small (mut i8)) (field $short i16) (field $long i64) (field $half f32) (field $float f64)
                        (field $vector v128) (field $func (ref null $f)) (field $value externref) (field $list (ref $list)))))
                    (type $f (func (param i32) (result i32)))
                    (type $list (array (mut (ref null $node)))))
                (type $bytes (array (mut i8))) (type $vectors (array v128)) (type $floats (array (mut f64)))
                (import "host" "wait" (func $wait (result i32)))
                (global $root (export "root") (mut (ref null $node)) (ref.null $node))
                (global $value (export "value") (mut externref) (ref.null extern))
                (global $fixed (ref $bytes) (array.new_fixed $bytes 3 (i32.const 1) (i32.const -2) (i32.const 3)))
                (table $table 4 anyref)
                (elem $segment (ref null $node) (item (struct.new $node (i32.const 70) (ref.null $node))) (item (ref.null $node)))
                (table $nodes 4 (ref null $node))
                (elem declare func $twice)
                (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
                (func (export "run") (result i32)
                    (local $a (ref null $node)) (local $b (ref null $more)) (local $vectors (ref null $vectors)) (local $floats (ref null $floats))
                    (local $wide externref) (local $sum i32)
                    (local.set $a (struct.new $node (i32.const 1) (ref.null $node)))
                    (local.set $b (struct.new $more (i32.const 2) (local.get $a) (i32.const 255) (i32.const -1) (i64.const 1099511627777)
                        (f32.const 1.5) (f64.const -2.25) (v128.const i32x4 1 2 3 4) (ref.func $twice) (global.get $value)
                        (array.new_fixed $list 3 (local.get $a) (ref.null $node) (local.get $a))))
                    (struct.set $node $next (local.get $a) (local.get $b))
                    (global.set $root (local.get $a))
                    (table.set $table (i32.const 0) (local.get $b))
                    (table.set $table (i32.const 1) (ref.i31 (i32.const -5)))
                    (table.set $table (i32.const 2) (any.convert_extern (global.get $value)))
                    (table.init $nodes $segment (i32.const 0) (i32.const 0) (i32.const 1))
                    (local.set $vectors (array.new $vectors (v128.const i64x2 -1 7) (i32.const 3)))
                    (local.set $floats (array.new_default $floats (i32.const 1000)))
                    (array.set $floats (local.get $floats) (i32.const 999) (f64.const 8))
                    (local.set $wide (extern.convert_any (local.get $b)))
                    ;; One operand below the call.
                    (local.get $a)
                    (local.set $sum (call $wait))
                    ;; The same object, by whatever way.
                    (local.set $sum (i32.add (ref.eq (global.get $root)) (local.get $sum)))
                    (local.set $sum (i32.add (local.get $sum)
                        (i32.mul (i32.const 10) (ref.eq (local.get $b) (struct.get $node $next (local.get $a))))))
                    (local.set $sum (i32.add (local.get $sum)
                        (i32.mul (i32.const 100) (ref.eq (local.get $b) (ref.cast (ref eq) (any.convert_extern (local.get $wide)))))))
                    (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 1000)
                        (ref.eq (array.get $list (struct.get $more $list (local.get $b)) (i32.const 0))
                            (array.get $list (struct.get $more $list (local.get $b)) (i32.const 2))))))
                    (table.init $nodes $segment (i32.const 1) (i32.const 0) (i32.const 2))
                    (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 10000)
                        (ref.eq (table.get $nodes (i32.const 0)) (table.get $nodes (i32.const 1))))))
                    ;; A change is seen by all.
                    (struct.set $node $n (local.get $a) (i32.const 50))
                    (local.set $sum (i32.add (local.get $sum) (struct.get $node $n (global.get $root))))
                    ;; All fields.
                    (local.set $sum (i32.add (local.get $sum) (struct.get_s $more $small (local.get $b))))
                    (local.set $sum (i32.add (local.get $sum) (struct.get_u $more $short (local.get $b))))
                    (local.set $sum (i32.add (local.get $sum) (i32.wrap_i64 (i64.shr_u (struct.get $more $long (local.get $b)) (i64.const 40)))))
                    (local.set $sum (i32.add (local.get $sum) (i32.trunc_f64_s (f64.mul (f64.const 4) (f64.add
                        (f64.promote_f32 (struct.get $more $half (local.get $b))) (struct.get $more $float (local.get $b)))))))
                    (local.set $sum (i32.add (local.get $sum) (i32x4.extract_lane 3 (struct.get $more $vector (local.get $b)))))
                    (local.set $sum (i32.add (local.get $sum) (call_ref $f (i32.const 21) (struct.get $more $func (local.get $b)))))
                    (local.set $sum (i32.add (local.get $sum) (i64.eq (i64.const 7)
                        (i64x2.extract_lane 1 (array.get $vectors (local.get $vectors) (i32.const 2))))))
                    (local.set $sum (i32.add (local.get $sum) (i32.trunc_f64_s (array.get $floats (local.get $floats) (i32.const 999)))))
                    (local.set $sum (i32.add (local.get $sum) (array.get_s $bytes (global.get $fixed) (i32.const 1))))
                    (local.set $sum (i32.add (local.get $sum) (i31.get_s (ref.cast (ref i31) (table.get $table (i32.const 1))))))
                    (local.set $sum (i32.add (local.get $sum) (ref.test (ref $more) (table.get $table (i32.const 0)))))
                    (i32.add (local.get $sum) (i32.add (call $wait) (ref.is_null (struct.get $more $value (local.get $b)))))))"#],
        2,
        |store, instances| {
            let value = ExternRef::new(&mut *store, 42_u32);
            instances[0].get_global(&*store, "value").unwrap().set(&mut *store, value.into()).unwrap();
        },
    );
    let fields = -1 + 65535 + 1 - 3 + 4 + 42 + 1 + 8 - 2 - 5 + 1;
    assert_eq!(found[0], 1 + 1 + 10 + 100 + 1000 + 10000 + 50 + fields + 2);
}

/// One host function, linked to imports of two declared types and of none, is each of them again.
#[test]
fn host_functions_have_the_types_of_imports() {
    let found = everywhere(
        &[r#"(module
            (rec (type $w (sub (func (result i32)))) (type (struct)))
            (type $below (sub final $w (func (result i32))))
            (type $plain (func (result i32)))
            (import "host" "wait" (func $wait (type $w)))
            (import "host" "wait" (func $other (type $below)))
            (import "host" "wait" (func $third (type $plain)))
            (table 3 funcref)
            (elem (i32.const 0) $wait $other $third)
            (func (export "run") (result i32) (local $sum i32)
                (local.set $sum (call_indirect (type $w) (i32.const 0)))
                (local.set $sum (i32.add (local.get $sum) (call_indirect (type $w) (i32.const 1))))
                (local.set $sum (i32.add (local.get $sum) (call_indirect (type $below) (i32.const 1))))
                (local.set $sum (i32.add (local.get $sum) (call_indirect (type $plain) (i32.const 2))))
                (i32.add (local.get $sum) (i32.add
                    (i32.mul (i32.const 100) (ref.test (ref $w) (table.get (i32.const 1))))
                    (i32.add
                        (i32.mul (i32.const 1000) (ref.test (ref $below) (table.get (i32.const 0))))
                        (i32.mul (i32.const 1000) (ref.test (ref $w) (table.get (i32.const 2)))))))))"#],
        4,
        |_, _| (),
    );
    assert_eq!(found[0], 1 + 2 + 3 + 4 + 100);
}

/// Between instances, in a circle with an object, within both kinds of handlers.
#[test]
fn exceptions_are_caught_elsewhere() {
    let found = everywhere(
        &[
            r#"(module
                (rec (type $node (struct (field $n (mut i32)) (field $exn (mut exnref)))))
                (tag $tag (export "tag") (param i32 (ref $node) v128))
                (tag $other (export "other"))
                (func (export "throw") (param i32) (throw $tag (local.get 0)
                    (struct.new $node (i32.const 30) (ref.null exn)) (v128.const i32x4 5 6 7 8))))"#,
            r#"(module
                (rec (type $node (struct (field $n (mut i32)) (field $exn (mut exnref)))))
                (import "host" "wait" (func $wait (result i32)))
                (import "0" "tag" (tag $tag (param i32 (ref $node) v128)))
                (import "0" "throw" (func $throw (param i32)))
                (func $inner (result i32)
                    (block $out (result i32 (ref $node) v128 exnref)
                        (try_table (catch_ref $tag $out) (call $throw (call $wait)))
                        (unreachable))
                    (call $tie))
                ;; The object refers to the exception that refers to it.
                (func $tie (param i32 (ref $node) v128 exnref) (result i32)
                    (struct.set $node $exn (local.get 1) (local.get 3))
                    (local.set 0 (i32.add (local.get 0) (call $wait)))
                    (block $again (result i32 (ref $node) v128)
                        (try_table (catch $tag $again) (throw_ref (struct.get $node $exn (local.get 1))))
                        (unreachable))
                    drop
                    (if (i32.eqz (ref.eq (local.get 1))) (then (unreachable)))
                    (i32.mul (i32.const 1000))
                    (i32.add (local.get 0)) (i32.add (struct.get $node $n (local.get 1))) (i32.add (i32x4.extract_lane 3 (local.get 2))))
                (func (export "run") (result i32) (call $inner)))"#,
        ],
        2,
        |_, _| (),
    );
    assert_eq!(found[0], 1000 + 1 + 2 + 30 + 8);
}

/// Whoever called has an exception that nothing caught, and throws it into another call, in another store.
#[test]
fn what_is_pending_is_so_elsewhere() {
    let texts = [r#"(module
        (type $node (struct (field i32)))
        (import "host" "wait" (func $wait (result i32)))
        (tag $tag (export "tag") (param i32 (ref $node)))
        (func (export "throw") (throw $tag (i32.const 5) (struct.new $node (i32.const 6))))
        (func (export "run") (result i32)
            (block $caught (result i32 (ref $node))
                (try_table (catch $tag $caught) (drop (call $wait)))
                (unreachable))
            (i32.mul (struct.get $node 0) (i32.const 10))
            i32.add))"#];
    for from in &engines() {
        let mut store = Store::new(from, ());
        let instance = linker(from).instantiate(&mut store, &module(from, texts[0])).unwrap();
        let run = instance.get_func(&store, "run").unwrap();
        let paused = run.call_resumable(&mut store, &[]).unwrap().paused().expect("it waits");
        assert!(call(&mut store, instance, "throw", &[]).unwrap_err().is::<ThrownException>());
        let snapshot = Snapshot::take(&store, &[&paused]).unwrap();
        assert!(store.has_pending_exception(), "taking a snapshot takes nothing from the store");
        for to in &engines() {
            let (mut store, mut restored) =
                restored(&snapshot.to_bytes(), to, &linker(to), &texts, &mut Numbers).unwrap();
            store.gc();
            let paused = restored.take_paused().remove(0);
            assert_eq!(Snapshot::take(&store, &[&paused]).unwrap().content(), snapshot.content());
            let exception = store.take_pending_exception().expect("it is pending");
            assert_eq!(exception.field(&store, 0).unwrap(), Val::I32(5));
            let results = paused.throw(&mut store, exception).unwrap().finished().expect("it waits no more");
            assert_eq!(results, [Val::I32(65)]);
            let without = Snapshot::take(&store, &[]).unwrap().to_bytes();
            let (store, _) = self::restored(&without, to, &linker(to), &texts, &mut Numbers).unwrap();
            assert!(!store.has_pending_exception());
        }
    }
}

/// The exception that such a handler may throw again is in no place of the specification's.
#[test]
fn older_handlers_go_on() {
    let found = everywhere(
        &[&r#"(module
            (import "host" "wait" (func $wait (result i32)))
            (tag $tag (param i32))
            DEEP
            (func (export "run") (result i32)
                try (result i32)
                    call $deep
                catch $tag
                    i32.const 7
                    i32.mul
                    call $wait
                    i32.add
                end))"#
            .replace("DEEP", DEEP)
            .replace("$ask", "$wait")],
        3,
        |_, _| (),
    );
    assert_eq!(found[0], 7 + 3);
}

/// A tag has a name by its type, which some module has to define.
#[test]
fn what_has_no_name_is_refused() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    Tag::new(&mut store, &TagType::new(FuncType::new([ValType::I32, ValType::F32], []))).unwrap();
    assert_refused(Snapshot::take(&store, &[]), &["tag 0 of the store", "no module of the store defines"]);
    let text = "(module (type (func (param i32 f32))))";
    Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let bytes = Snapshot::take(&store, &[]).unwrap().to_bytes();
    assert!(restored(&bytes, &engine, &linker(&engine), &[text], &mut ()).is_ok());
}

/// Of what is large, only what is left.
#[test]
fn long_lists_need_no_stack() {
    let engine = Engine::default();
    let text = r#"(module
        (type $node (struct (field (mut (ref null $node)))))
        (global $list (mut (ref null $node)) (ref.null $node))
        (func (export "make") (param i32)
            (loop $l (global.set $list (struct.new $node (global.get $list)))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "count") (result i32) (local (ref null $node)) (local i32)
            (local.set 0 (global.get $list))
            (block $end (loop $l
                (local.set 0 (struct.get $node 0 (br_on_null $end (local.get 0))))
                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (br $l)))
            (local.get 1)))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    call(&mut store, instance, "make", &[Val::I32(200_000)]).unwrap();
    let bytes = Snapshot::take(&store, &[]).unwrap().to_bytes();
    let (mut store, restored) = restored(&bytes, &engine, &linker(&engine), &[text], &mut ()).unwrap();
    store.gc();
    assert_eq!(call(&mut store, restored.instances()[0], "count", &[]).unwrap(), [Val::I32(200_000)]);
}

/// A local that cannot be null, and that nothing has set yet, holds nothing: also the last of many.
#[test]
fn locals_that_nothing_has_set() {
    let found = everywhere(
        &[&format!(
            r#"(module (type $box (struct (field i32))) (import "host" "wait" (func $wait (result i32)))
                (func (export "run") (result i32) (local {}) (local $first (ref $box)) (local $second (ref $box)) (local $sum i32)
                    (block
                        (local.set $second (struct.new $box (i32.const 100)))
                        (local.set $sum (i32.add (call $wait) (struct.get $box 0 (local.get $second)))))
                    ;; Here neither is set, says validation.
                    (local.set $sum (i32.add (local.get $sum) (call $wait)))
                    (if (local.get $sum)
                        (then (local.set $first (struct.new $box (i32.const 1000))))
                        (else (local.set $first (struct.new $box (i32.const 2000)))
                            (local.set $sum (struct.get $box 0 (local.get $first)))))
                    (local.set $sum (i32.add (local.get $sum) (call $wait)))
                    (local.set $first (struct.new $box (local.get $sum)))
                    (i32.add (call $wait) (struct.get $box 0 (local.get $first)))))"#,
            "i32 ".repeat(200)
        )],
        4,
        |_, _| (),
    );
    assert_eq!(found[0], 100 + 1 + 2 + 3 + 4);
}

/// A function may be of a type below the one that is imported.
#[test]
fn imported_functions_of_types_below() {
    const TYPES: &str =
        "(rec (type $all (sub (func (result anyref)))) (type $one (sub $all (func (result (ref i31))))))";
    let found = everywhere(
        &[
            &format!(r#"(module {TYPES} (func (export "five") (type $one) (ref.i31 (i32.const 5))))"#),
            &format!(
                r#"(module {TYPES} (import "0" "five" (func $five (type $all))) (import "host" "wait" (func $wait (result i32)))
                    (global $five (mut (ref null $all)) (ref.func $five))
                    (func (export "run") (result i32)
                        (i32.add (call $wait) (i32.add (i31.get_s (ref.cast (ref i31) (call $five)))
                            (i31.get_s (ref.cast (ref i31) (call_ref $all (global.get $five))))))))"#
            ),
        ],
        1,
        |_, _| (),
    );
    assert_eq!(found[0], 1 + 5 + 5);
}

/// The embedder's code may panic: what it was called for is undone.
#[test]
fn hooks_that_panic() {
    struct Panics;
    impl SnapshotHooks for Panics {
        fn save_extern(&mut self, _: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
            panic!("it cannot be saved")
        }
        fn load_extern(&mut self, _: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
            panic!("it cannot be loaded")
        }
    }
    fn panics<R>(work: impl FnOnce() -> R) {
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
    }
    let engine = Engine::new(Config::new().limits(StoreLimitsBuilder::new().gc_heap(16 << 20).build())).unwrap();
    let holds = module(&engine, r#"(module (global (export "g") (mut externref) (ref.null extern)))"#);
    // Of what it makes, nothing is left.
    let makes = module(
        &engine,
        r#"(module (type $bytes (array i8))
            (func (export "make") (param i32)
                (loop $l (drop (array.new_default $bytes (i32.const 1000000)))
                    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    );
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &holds, &[]).unwrap();
    let value = ExternRef::new(&mut store, 1_u32);
    instance.get_global(&store, "g").unwrap().set(&mut store, value.into()).unwrap();
    panics(|| Snapshot::take_with(&store, &[], &mut Panics));
    let snapshot = Snapshot::take_with(&store, &[], &mut Numbers).unwrap();
    let mut store = Store::new(&engine, ());
    panics(|| snapshot.restore_with(&mut store, &linker(&engine), &[holds], &mut Panics));
    let makes = Instance::new(&mut store, &makes, &[]).unwrap();
    call(&mut store, makes, "make", &[Val::I32(100)]).unwrap();
}
