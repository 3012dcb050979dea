//! Making, filling and copying large arrays, in steps: what comes out is what it is in one go, whatever is done in between.

use crate::engines;
use pirn::{
    AsContextMut, Engine, Instance, Linker, Module, Result, Resumable, Store, StoreContextMut, TypedFunc,
    UpdateDeadline,
};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Elements of the segments: with references of 8 bytes, several steps of 128 KiB.
const COUNT: u32 = 40_000;

fn module(engine: &Engine) -> Module {
    let mut bytes = String::new();
    for i in 0..8 * COUNT {
        write!(bytes, "\\{:02x}", (i ^ i >> 8) & 0xff).unwrap();
    }
    let mut items = String::new();
    for i in 0..COUNT {
        write!(items, "(item (struct.new $s (i32.const {i})))").unwrap();
    }
    let text = format!(
        r#"(module
        (type $s (struct (field i32)))
        (type $b (array (mut i8)))
        (type $l (array (mut i64)))
        (type $v (array (mut v128)))
        (type $r (array (mut (ref null $s))))
        (memory (export "memory") 16) (table $t {COUNT} (ref null $s))
        (data $d "{bytes}") (elem $e (ref null $s) {items})
        (global $b (mut (ref null $b)) (ref.null $b)) (global $l (mut (ref null $l)) (ref.null $l))
        (global $v (mut (ref null $v)) (ref.null $v)) (global $r (mut (ref null $r)) (ref.null $r))

        (func (export "drop") (data.drop $d) (elem.drop $e))
        ;; So that what is freed is written to.
        (func (export "waste") (param $count i32)
            (loop $l
                (drop (struct.new $s (i32.const -1)))
                (br_if $l (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

        (func (export "new-bytes") (global.set $b (array.new $b (i32.const 0x1c7) (i32.const 500_001))))
        (func (export "new-longs") (global.set $l (array.new $l (i64.const -3) (i32.const 70_001))))
        (func (export "new-vectors") (global.set $v (array.new $v (v128.const i64x2 5 6) (i32.const 30_001))))
        (func (export "new-objects") (global.set $r (array.new $r (struct.new $s (i32.const 77)) (i32.const 70_001))))
        (func (export "new-default") (global.set $r (array.new_default $r (i32.const 70_001))))
        (func (export "new-data") (global.set $l (array.new_data $l $d (i32.const 8) (i32.const {less}))))
        (func (export "new-elem") (global.set $r (array.new_elem $r $e (i32.const 1) (i32.const {less}))))
        (func (export "init-data") (array.init_data $l $d (global.get $l) (i32.const 2) (i32.const 16) (i32.const {least})))
        (func (export "init-elem") (array.init_elem $r $e (global.get $r) (i32.const 2) (i32.const 0) (i32.const {less})))
        (func (export "fill-bytes") (array.fill $b (global.get $b) (i32.const 1) (i32.const 0x235) (i32.const 499_000)))
        (func (export "fill-objects")
            (array.fill $r (global.get $r) (i32.const 3) (struct.new $s (i32.const 78)) (i32.const 50_000)))
        (func (export "up") (array.copy $r $r (global.get $r) (i32.const 9) (global.get $r) (i32.const 0) (i32.const 69_000)))
        (func (export "down") (array.copy $r $r (global.get $r) (i32.const 1) (global.get $r) (i32.const 11) (i32.const 60_000)))
        (func (export "memory-init") (memory.init $d (i32.const 3) (i32.const 5) (i32.const {bytes_less})))
        (func (export "table-init") (table.init $t $e (i32.const 1) (i32.const 2) (i32.const {elements_less})))

        (func (export "byte") (param i32) (result i64)
            (i64.extend_i32_u (array.get_u $b (global.get $b) (local.get 0))))
        (func (export "long") (param i32) (result i64) (array.get $l (global.get $l) (local.get 0)))
        (func (export "vector") (param i32) (result i64)
            (i64x2.extract_lane 1 (array.get $v (global.get $v) (local.get 0))))
        (func $field (param (ref null $s)) (result i64)
            (if (result i64) (ref.is_null (local.get 0)) (then (i64.const -1))
                (else (i64.extend_i32_u (struct.get $s 0 (local.get 0))))))
        (func (export "object") (param i32) (result i64)
            (call $field (array.get $r (global.get $r) (local.get 0))))
        (func (export "element") (param i32) (result i64) (call $field (table.get $t (local.get 0))))
        (func (export "stored") (param i32) (result i64) (i64.load8_u (local.get 0)))
        (func (export "byte-count") (result i32) (array.len (global.get $b)))
        (func (export "long-count") (result i32) (array.len (global.get $l)))
        (func (export "vector-count") (result i32) (array.len (global.get $v)))
        (func (export "object-count") (result i32) (array.len (global.get $r)))
        (func (export "element-count") (result i32) (table.size $t))
        (func (export "stored-count") (result i32) (i32.const {stored})))"#,
        less = COUNT - 4,
        least = COUNT - 8,
        bytes_less = 8 * COUNT - 8,
        elements_less = COUNT - 2,
        stored = 8 * COUNT + 20,
    );
    Module::new(engine, text).unwrap()
}

/// Functions of the module, and which one reads what they write, in order: those that make an array come before those that use it.
const STEPS: [(&str, &str); 17] = [
    ("new-bytes", "byte"),
    ("new-longs", "long"),
    ("new-vectors", "vector"),
    ("new-objects", "object"),
    ("fill-bytes", "byte"),
    ("up", "object"),
    ("new-default", "object"),
    ("init-elem", "object"),
    ("up", "object"),
    ("down", "object"),
    ("fill-objects", "object"),
    ("new-data", "long"),
    ("init-data", "long"),
    ("memory-init", "stored"),
    ("table-init", "element"),
    ("init-elem", "object"),
    ("new-elem", "object"),
];

/// How many elements there are, and every 101st and the last of them.
fn state(store: &mut Store<()>, instance: Instance, read: &str) -> Vec<i64> {
    store.set_epoch_deadline(u64::MAX / 2);
    let count: TypedFunc<(), i32> = instance.get_typed_func(&*store, &format!("{read}-count")).unwrap();
    let count = count.call(&mut *store, ()).unwrap();
    let read: TypedFunc<i32, i64> = instance.get_typed_func(&*store, read).unwrap();
    let some = (0..count).step_by(101).chain(count - 20..count);
    std::iter::once(count.into()).chain(some.map(|i| read.call(&mut *store, i).unwrap())).collect()
}

/// Does all steps, and looks at what each has written. Whenever one is interrupted, `how` says what it does, objects are made, and it is
/// collected; and during the last, segments are dropped.
fn run(engine: &Engine, module: &Module, how: Option<UpdateDeadline>) -> Vec<Vec<i64>> {
    const FAR: u64 = u64::MAX / 2;
    let mut store = Store::new(engine, ());
    if engine.config().consumes_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.set_epoch_deadline(FAR);
    let instance = Linker::new(engine).instantiate(&mut store, module).unwrap();
    let mut states = Vec::new();
    for (i, (step, read)) in STEPS.into_iter().enumerate() {
        let is_last = i + 1 == STEPS.len();
        let within = move |mut store: StoreContextMut<'_, ()>| -> Result<()> {
            store.set_epoch_deadline(FAR);
            if is_last {
                instance.get_typed_func::<(), ()>(&store, "drop")?.call(&mut store, ())?;
            }
            store.gc();
            let count = if is_last { 3 * COUNT as i32 } else { 500 };
            instance.get_typed_func::<i32, ()>(&store, "waste")?.call(&mut store, count)
        };
        let func: TypedFunc<(), ()> = instance.get_typed_func(&store, step).unwrap();
        let stops = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&stops);
        // It is asked first where the function begins.
        store.epoch_deadline_callback(move |store| {
            if count.fetch_add(1, Ordering::Relaxed) > 0 {
                match how {
                    Some(UpdateDeadline::Yield(_)) => return Ok(UpdateDeadline::Yield(0)),
                    _ => within(store)?,
                }
            }
            Ok(UpdateDeadline::Continue(0))
        });
        store.set_epoch_deadline(if how.is_some() { 0 } else { FAR });
        let mut call = func.call_resumable(&mut store, ()).unwrap();
        while let Resumable::Paused(paused) = call {
            assert!(paused.is_within_instruction(), "{step}");
            within(store.as_context_mut()).unwrap();
            store.set_epoch_deadline(0);
            call = paused.resume(&mut store, &[]).unwrap();
        }
        let stops = stops.load(Ordering::Relaxed);
        assert!(how.is_none() || stops > 2, "{step} asked {stops} times");
        states.push(state(&mut store, instance, read));
    }
    states
}

#[test]
fn large_operations_on_arrays_go_on_where_they_were() {
    // Lazy and eager, fused and not, with fuel and without.
    for engine in engines().into_iter().step_by(3) {
        let module = module(&engine);
        let expected = run(&engine, &module, None);
        assert_eq!(expected[3][..3], [70_001, 77, 77]);
        assert_eq!(expected[16][..3], [i64::from(COUNT) - 4, 1, 102]);
        for how in [UpdateDeadline::Yield(0), UpdateDeadline::Continue(0)] {
            let found = run(&engine, &module, Some(how));
            for ((step, _), (found, expected)) in STEPS.iter().zip(found.iter().zip(&expected)) {
                assert!(found == expected, "{step}: {how:?}");
            }
        }
    }
}
