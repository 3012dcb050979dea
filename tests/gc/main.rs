//! Structs and arrays as the embedder has them, and collecting in the middle of everything. (What the instructions do, the official
//! scripts test: `tests/spec.rs`.)

mod full;

use pirn::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn engine(stress: GcStress) -> Engine {
    Engine::new(Config::new().gc_stress(stress)).unwrap()
}

fn instance<T>(store: &mut Store<T>, imports: &[Extern], text: &str) -> Instance {
    let module = Module::new(store.engine(), text).unwrap();
    Instance::new(store, &module, imports).unwrap()
}

/// Lists of numbers, made and summed up; and one that a global holds.
const LISTS: &str = r#"(module
    (type $list (struct (field $number i32) (field $next (mut (ref null $list)))))
    (import "" "pause" (func $pause))
    (global $kept (export "kept") (mut (ref null $list)) (ref.null $list))
    (func $make (export "make") (param $n i32) (result (ref null $list)) (local $list (ref null $list))
        (loop $more
            (local.set $list (struct.new $list (local.get $n) (local.get $list)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $list))
    (func $sum (export "sum") (param $list (ref null $list)) (result i32) (local $sum i32)
        (block $done
            (loop $more
                (br_if $done (ref.is_null (local.get $list)))
                (local.set $sum (i32.add (local.get $sum) (struct.get $list $number (local.get $list))))
                (local.set $list (struct.get $list $next (local.get $list)))
                (br $more)))
        (local.get $sum))
    (func (export "keep") (param i32) (global.set $kept (call $make (local.get 0))))
    (func (export "sum_kept") (result i32) (call $sum (global.get $kept)))
    (func (export "paused") (param $n i32) (result i32) (local $first (ref null $list))
        (local.set $first (call $make (local.get $n)))
        (call $make (local.get $n))
        (call $pause)
        (call $sum)
        (call $pause)
        (i32.add (call $sum (local.get $first))))
    (func (export "garbage") (param $n i32)
        (loop $more
            (drop (struct.new $list (local.get $n) (ref.null $list)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

fn lists(store: &mut Store<()>) -> Instance {
    let pause = Func::wrap(&mut *store, |mut caller: Caller<'_, ()>| {
        caller.as_context_mut().gc();
        Err::<(), _>(Error::new(Yield::new(())))
    });
    instance(store, &[pause.into()], LISTS)
}

#[test]
fn what_a_global_holds_is_kept_and_garbage_takes_no_room() {
    let mut store = Store::new(&engine(GcStress::None), ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
    let instance = lists(&mut store);
    let call = |store: &mut Store<()>, name: &str, n: i32| {
        instance.get_typed_func::<i32, ()>(&*store, name).unwrap().call(store, n)
    };
    call(&mut store, "keep", 1_000).unwrap();
    // 240 MB, of 24 bytes each.
    call(&mut store, "garbage", 10_000_000).unwrap();
    let sum = instance.get_typed_func::<(), i32>(&store, "sum_kept").unwrap();
    assert_eq!(sum.call(&mut store, ()).unwrap(), 500_500);
    assert!(store.engine().memory_usage().heaps <= 4 << 20);
    // What is kept does not fit.
    let error = call(&mut store, "keep", 10_000_000).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::GcHeapOutOfMemory));
    assert_eq!(sum.call(&mut store, ()).unwrap(), 500_500);
    call(&mut store, "keep", 2_000).unwrap();
    assert_eq!(sum.call(&mut store, ()).unwrap(), 2_001_000);
}

#[test]
fn paused_calls_keep_what_their_frames_refer_to() {
    for stress in [GcStress::None, GcStress::Collect, GcStress::Step] {
        let mut store = Store::new(&engine(stress), ());
        let instance = lists(&mut store);
        let paused = instance.get_typed_func::<i32, i32>(&store, "paused").unwrap();
        let begin = |store: &mut Store<()>, n| paused.call_resumable(store, n).unwrap().paused().unwrap();
        let mut calls: Vec<(i32, _)> = (1..20).map(|n| (n, begin(&mut store, n))).collect();
        for round in 0..2 {
            store.gc();
            let garbage = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
            garbage.call(&mut store, 1_000).unwrap();
            // Half of them are dropped; the others go on in another order.
            if round == 0 {
                calls.retain(|(n, _)| n % 2 == 0);
            }
            calls = std::mem::take(&mut calls)
                .into_iter()
                .rev()
                .filter_map(|(n, call)| match call.resume(&mut store, &[]).unwrap() {
                    Resumable::Paused(call) => Some((n, call)),
                    Resumable::Finished(sum) => {
                        assert_eq!(sum, n * (n + 1));
                        None
                    }
                })
                .collect();
        }
        assert!(calls.is_empty());
    }
}

/// Counts how many of its kind were dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_value_of_the_embedder_is_dropped_when_nothing_refers_to_it() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = || dropped.load(Ordering::Relaxed);
    let mut store = Store::new(&engine(GcStress::None), ());
    let instance = instance(
        &mut store,
        &[],
        r#"(module (table (export "table") 3 externref)
            (type $box (struct (field (mut anyref))))
            (global $box (ref $box) (struct.new_default $box))
            (func (export "box") (param externref) (struct.set $box 0 (global.get $box) (any.convert_extern (local.get 0))))
            (func (export "unbox") (result externref) (extern.convert_any (struct.get $box 0 (global.get $box)))))"#,
    );
    let table = instance.get_table(&store, "table").unwrap();
    let owned = {
        let mut scope = RootScope::new(&mut store);
        let [a, b, c, d] = [(); 4].map(|()| ExternRef::new(&mut scope, Counted(Arc::clone(&dropped))));
        table.set(&mut scope, 0, a.into()).unwrap();
        instance
            .get_typed_func::<Option<Rooted<ExternRef>>, ()>(&scope, "box")
            .unwrap()
            .call(&mut scope, Some(b))
            .unwrap();
        scope.as_context_mut().gc();
        assert_eq!(count(), 0, "all are rooted");
        let _ = d;
        c.to_owned_rooted(&scope).unwrap()
    };
    store.gc();
    assert_eq!(count(), 1, "but one, nothing refers to");
    let unbox = instance.get_typed_func::<(), Option<Rooted<ExternRef>>>(&store, "unbox").unwrap();
    let found = {
        let mut scope = RootScope::new(&mut store);
        let found = unbox.call(&mut scope, ()).unwrap().unwrap();
        assert!(found.data(&scope).unwrap().unwrap().is::<Counted>());
        found
    };
    assert!(found.data(&store).is_err(), "its scope has ended");
    drop(owned.clone());
    store.gc();
    assert_eq!(count(), 1);
    drop(owned);
    table.set(&mut store, 0, Ref::Extern(None)).unwrap();
    store.gc();
    assert_eq!(count(), 3);
    drop(store);
    assert_eq!(count(), 4);
}

/// What is in a segment lasts as long as that, and no longer.
#[test]
fn a_dropped_segment_keeps_nothing() {
    let mut store = Store::new(&engine(GcStress::None), ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
    let instance = instance(
        &mut store,
        &[],
        r#"(module
            (type $bytes (array (mut i8)))
            (type $box (struct (field (mut externref))))
            (table 2 anyref)
            (elem $large (ref $bytes) (item (array.new_default $bytes (i32.const 3000000))))
            (elem $box (ref $box) (item (struct.new_default $box)))
            (func (export "put") (param externref)
                (table.init $box (i32.const 0) (i32.const 0) (i32.const 1))
                (struct.set $box 0 (ref.cast (ref $box) (table.get (i32.const 0))) (local.get 0))
                (table.set (i32.const 0) (ref.null any)))
            (func (export "get") (result externref)
                (table.init $box (i32.const 0) (i32.const 0) (i32.const 1))
                (struct.get $box 0 (ref.cast (ref $box) (table.get (i32.const 0))))
                (table.set (i32.const 0) (ref.null any)))
            (func (export "large") (drop (array.new_default $bytes (i32.const 3000000))))
            (func (export "drop") (elem.drop $large) (elem.drop $box)))"#,
    );
    let dropped = Arc::new(AtomicUsize::new(0));
    let run =
        |store: &mut Store<()>, name: &str| instance.get_typed_func::<(), ()>(&*store, name).unwrap().call(store, ());
    {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, Counted(Arc::clone(&dropped)));
        let put = instance.get_typed_func::<Option<Rooted<ExternRef>>, ()>(&scope, "put").unwrap();
        put.call(&mut scope, Some(value)).unwrap();
    }
    store.gc();
    {
        let mut scope = RootScope::new(&mut store);
        let get = instance.get_typed_func::<(), Option<Rooted<ExternRef>>>(&scope, "get").unwrap();
        assert!(get.call(&mut scope, ()).unwrap().is_some(), "the segment has it");
    }
    assert_eq!(run(&mut store, "large").unwrap_err().trap(), Some(Trap::GcHeapOutOfMemory));
    run(&mut store, "drop").unwrap();
    store.gc();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    run(&mut store, "large").unwrap();
}

#[test]
fn structs_and_arrays_of_the_embedder() {
    for stress in [GcStress::None, GcStress::Collect, GcStress::Step] {
        let mut store = Store::new(&engine(stress), ());
        let instance = instance(
            &mut store,
            &[],
            r#"(module
                (type $s (struct (field (mut i8)) (field (mut f64)) (field v128) (field (mut anyref))))
                (type $a (array (mut i16)))
                (func (export "s") (result (ref null $s)) (struct.new_default $s))
                (func (export "a") (param (ref null $a)) (result i32) (array.get_s $a (local.get 0) (i32.const 1)))
                (func (export "number") (param anyref) (result i32) (i31.get_s (ref.cast (ref i31) (local.get 0)))))"#,
        );
        let call = |store: &mut Store<()>, name: &str, params: &[Val]| {
            let func = instance.get_func(&*store, name).unwrap();
            let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
            func.call(store, params, &mut results).map(|()| results[0])
        };
        let made = call(&mut store, "s", &[]).unwrap().unwrap_anyref().unwrap();
        let ty = made.ty(&store).unwrap();
        let made = made.as_struct(&store).unwrap().unwrap();
        assert_eq!(made.ty(&store).unwrap(), ty);
        let pre = StructRefPre::new(&mut store, ty).unwrap();
        assert_eq!(pre.ty().fields().len(), 4);
        let five = AnyRef::from_i31(&store, I31::new_i32(-5).unwrap());
        assert_eq!([-1_i32 as u32, 1 << 31, 1 << 30].map(I31::new_u32), [None, None, I31::new_i32(-1 << 30)]);
        assert_eq!((I31::new_i32(1 << 30), I31::new_i32(-5)), (None, I31::new_u32(0x7fff_fffb)));
        // Compared as it may be: what it is underneath stays.
        let equal = [five, made.into()].map(|any: Rooted<AnyRef>| any.as_eqref(&store).unwrap().unwrap());
        let values = equal.map(|equal| Rooted::<AnyRef>::from(equal).as_i31(&store).unwrap());
        assert_eq!(values, [I31::new_i32(-5), None]);
        let fields = [Val::I32(0x1ff), Val::F64(7), V128::from(9_u128).into(), five.into()];
        let new = StructRef::new(&mut store, &pre, &fields).unwrap();
        store.gc();
        assert_eq!(new.field(&store, 0).unwrap(), Val::I32(0xff));
        assert_eq!([1, 2, 3].map(|i| new.field(&store, i).unwrap()), fields[1..]);
        assert!(new.field(&store, 4).is_err() && new.set_field(&mut store, 2, fields[2]).is_err());
        assert!(new.set_field(&mut store, 1, Val::I32(1)).is_err());
        new.set_field(&mut store, 3, new.into()).unwrap();
        assert_eq!(new.field(&store, 3).unwrap().unwrap_anyref(), Some(new.into()));
        assert!(StructRef::new(&mut store, &pre, &fields[1..]).is_err());
        assert_eq!(call(&mut store, "number", &[five.into()]).unwrap(), Val::I32(-5));
        assert_eq!(call(&mut store, "number", &[new.into()]).unwrap_err().trap(), Some(Trap::CastFailure));

        let ValType::Ref(ty) = instance.get_func(&store, "a").unwrap().ty(&store).params()[0] else {
            panic!("a reference")
        };
        let pre = ArrayRefPre::new(&mut store, ty.heap_type()).unwrap();
        let array = ArrayRef::new_fixed(&mut store, &pre, &[Val::I32(1), Val::I32(-2)]).unwrap();
        assert_eq!((array.len(&store).unwrap(), array.get(&store, 1).unwrap()), (2, Val::I32(0xfffe)));
        assert_eq!(call(&mut store, "a", &[array.into()]).unwrap(), Val::I32(-2));
        array.set(&mut store, 1, Val::I32(3)).unwrap();
        assert_eq!(call(&mut store, "a", &[array.into()]).unwrap(), Val::I32(3));
        assert_eq!(array.get(&store, 2).unwrap_err().trap(), Some(Trap::ArrayOutOfBounds));
        assert!(call(&mut store, "a", &[new.into()]).is_err(), "a struct is no array");
        assert!(StructRefPre::new(&mut store, ty.heap_type()).is_err());
        // What is ready for one store, is not for another.
        let mut other = Store::new(store.engine(), ());
        assert!(ArrayRef::new(&mut other, &pre, Val::I32(1), 1).is_err());
        assert!(array.len(&other).is_err());
    }
}

#[test]
fn a_host_functions_references_last_as_long_as_its_call() {
    let mut store = Store::new(&engine(GcStress::Collect), None::<Rooted<AnyRef>>);
    let host =
        Func::wrap(&mut store, |mut caller: Caller<'_, Option<Rooted<AnyRef>>>, value: Option<Rooted<AnyRef>>| {
            caller.as_context_mut().gc();
            assert!(value.unwrap().as_struct(&caller).unwrap().is_some());
            *caller.data_mut() = value;
            value
        });
    let instance = instance(
        &mut store,
        &[host.into()],
        r#"(module (type $s (struct (field i32))) (import "" "host" (func $host (param anyref) (result anyref)))
            (func (export "run") (result i32)
                (struct.get $s 0 (ref.cast (ref $s) (call $host (struct.new $s (i32.const 77)))))))"#,
    );
    let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 77);
    let kept = store.data().unwrap();
    assert!(kept.ty(&store).is_err());
}

#[test]
fn room_of_small_objects_is_given_to_large_ones() {
    for stress in [GcStress::None, GcStress::Step] {
        let mut store = Store::new(&engine(stress), ());
        store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
        let instance = instance(
            &mut store,
            &[],
            r#"(module
                (type $list (struct (field i64) (field (ref null $list))))
                (type $bytes (array (mut i8)))
                (global $list (mut (ref null $list)) (ref.null $list))
                (func (export "small") (param $n i32)
                    (loop $more
                        (global.set $list (struct.new $list (i64.const 7) (global.get $list)))
                        (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
                (func (export "forget") (global.set $list (struct.new $list (i64.const 7) (ref.null $list))))
                (func (export "large") (param $n i32) (result i32)
                    (array.len (array.new_default $bytes (local.get $n)))))"#,
        );
        let small = instance.get_typed_func::<i32, ()>(&store, "small").unwrap();
        let forget = instance.get_typed_func::<(), ()>(&store, "forget").unwrap();
        let large = instance.get_typed_func::<i32, i32>(&store, "large").unwrap();
        for _ in 0..3 {
            small.call(&mut store, 140_000).unwrap();
            assert_eq!(large.call(&mut store, 2 << 20).unwrap_err().trap(), Some(Trap::GcHeapOutOfMemory));
            forget.call(&mut store, ()).unwrap();
            assert_eq!(large.call(&mut store, 2 << 20).unwrap(), 2 << 20);
        }
    }
}
