//! Structs, arrays, exceptions and tags: each store has its own, which refer to each other as those of the other do.
//!
//! Everything is tried in code that is fused and in code that is not, and where every allocation collects.

use crate::collecting::ways;
use crate::{assert_refused, call, get, module};
use pirn::*;

/// Engines that execute the same in different ways; of the last four, every allocation collects, or begins a collection, goes on with it or ends it.
fn engines() -> impl Iterator<Item = Engine> {
    ways().into_iter().map(|(fuse, stress)| Engine::new(Config::new().fuse(fuse).gc_stress(stress)).unwrap())
}

/// Stores with an instance of this module, which may wait for `host.ask`.
fn stores(text: &str) -> impl Iterator<Item = (Store<()>, Instance)> {
    engines().map(move |engine| {
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "ask", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
        linker.func_wrap("host", "twice", |n: i32| 2 * n).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
        (store, instance)
    })
}

/// Takes what others have left, and fills it with something else.
fn use_up(store: &mut Store<()>, instance: Instance) {
    store.gc();
    call(store, instance, "garbage", &[Val::I32(300)]).unwrap();
    store.gc();
}

const GARBAGE: &str = r#"(type $junk (struct (field i64 i64 i64)))
    (func (export "garbage") (param i32) (local (ref null $junk))
        (loop $more
            (local.set 1 (struct.new $junk (i64.const -1) (i64.const 0x5555555555555554) (i64.const -1)))
            (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"#;

/// Objects of all kinds, held in all ways.
const RICH: &str = r#"(module
    (rec
        (type $node (sub (struct (field $n (mut i32)) (field $next (mut (ref null $node))))))
        (type $more (sub final $node (struct (field (mut i32)) (field (mut (ref null $node)))
            (field $small (mut i8)) (field $vector v128) (field $f (mut (ref null $op))) (field $host funcref) (field $value externref)
            (field $list (ref $list)) (field $ops (ref $ops)) (field $exn exnref) (field $any anyref))))
        (type $op (func (param i32) (result i32)))
        (type $list (array (mut (ref null $node))))
        (type $ops (array (mut funcref))))
    (type $bytes (array (mut i8))) (type $vectors (array (mut v128)))
    (import "host" "twice" (func $twice (type $op)))
    (tag $tag (param (ref null $node) i32))
    (global $root (export "root") (mut (ref null $node)) (ref.null $node))
    (global $eq (mut eqref) (ref.null eq))
    (global $array (mut arrayref) (ref.null array))
    (global $i31 (mut i31ref) (ref.i31 (i32.const -7)))
    (global $exn (export "exn") (mut exnref) (ref.null exn))
    (global $wide (mut externref) (ref.null extern))
    (global $value (export "value") (mut externref) (ref.null extern))
    (global $count (mut i32) (i32.const 0))
    (global $fixed (ref $bytes) (array.new_fixed $bytes 3 (i32.const 1) (i32.const -2) (i32.const 3)))
    (table $table (export "table") 6 anyref)
    (table $exns 2 exnref)
    (table $nodes 4 (ref null $node))
    (elem $segment (ref null $node) (item (struct.new $node (i32.const 70) (ref.null $node))) (item (ref.null $node)))
    (elem $gone (ref null $node) (item (struct.new $node (i32.const 71) (ref.null $node))))
    (elem declare func $count_up $twice)
    (func $count_up (type $op)
        (global.set $count (i32.add (global.get $count) (local.get 0)))
        (global.get $count))
    (func $throw (param (ref null $node)) (throw $tag (local.get 0) (i32.const 40)))
    (func (export "make")
        (local $a (ref null $node)) (local $b (ref null $more)) (local $bytes (ref null $bytes)) (local $vectors (ref null $vectors))
        (local.set $a (struct.new $node (i32.const 1) (ref.null $node)))
        (block $caught (result (ref null $node) i32 exnref)
            (try_table (catch_ref $tag $caught) (call $throw (local.get $a)))
            (unreachable))
        (global.set $exn)
        (drop) (drop)
        (local.set $b (struct.new $more (i32.const 2) (local.get $a) (i32.const 255) (v128.const i32x4 1 2 3 4)
            (ref.func $count_up) (ref.func $twice) (global.get $value)
            (array.new_fixed $list 3 (local.get $a) (ref.null $node) (local.get $a))
            (array.new $ops (ref.func $count_up) (i32.const 3000)) (global.get $exn) (ref.i31 (i32.const 5))))
        (struct.set $node $next (local.get $a) (local.get $b))
        (array.set $ops (struct.get $more $ops (local.get $b)) (i32.const 1) (ref.func $twice))
        (array.set $ops (struct.get $more $ops (local.get $b)) (i32.const 2) (ref.null func))
        (global.set $root (local.get $a))
        (global.set $eq (local.get $b))
        (global.set $wide (extern.convert_any (local.get $b)))
        (table.set $table (i32.const 0) (local.get $b))
        (table.set $table (i32.const 1) (ref.i31 (i32.const -5)))
        (table.set $table (i32.const 2) (any.convert_extern (global.get $value)))
        (local.set $bytes (array.new $bytes (i32.const 0x61) (i32.const 100000)))
        (array.set $bytes (local.get $bytes) (i32.const 99999) (i32.const 0x7a))
        (table.set $table (i32.const 3) (local.get $bytes))
        (local.set $vectors (array.new $vectors (v128.const i64x2 -1 7) (i32.const 3)))
        (table.set $table (i32.const 4) (local.get $vectors))
        (global.set $array (array.new $list (local.get $a) (i32.const 20000)))
        (table.set $exns (i32.const 1) (global.get $exn))
        (table.init $nodes $segment (i32.const 0) (i32.const 0) (i32.const 1))
        (elem.drop $gone))
    ;; What is to be so whoever asks, as bits.
    (func (export "same") (result i32) (local $b (ref null $more)) (local $sum i32) (local $number i32) (local $node (ref null $node))
        (local.set $b (ref.cast (ref $more) (struct.get $node $next (global.get $root))))
        (local.set $sum (ref.eq (global.get $root) (struct.get $node $next (local.get $b))))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 2) (ref.eq (global.get $eq) (local.get $b)))))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 4)
            (ref.eq (local.get $b) (ref.cast (ref eq) (any.convert_extern (global.get $wide)))))))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 8)
            (ref.eq (local.get $b) (ref.cast (ref eq) (table.get $table (i32.const 0)))))))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 16)
            (ref.eq (array.get $list (struct.get $more $list (local.get $b)) (i32.const 2)) (global.get $root)))))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 32)
            (ref.eq (array.get $list (ref.cast (ref $list) (global.get $array)) (i32.const 19999)) (global.get $root)))))
        (table.init $nodes $segment (i32.const 1) (i32.const 0) (i32.const 1))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 64)
            (ref.eq (table.get $nodes (i32.const 0)) (table.get $nodes (i32.const 1))))))
        ;; What was thrown there is caught here.
        (block $caught (result (ref null $node) i32)
            (try_table (catch $tag $caught) (throw_ref (table.get $exns (i32.const 1))))
            (unreachable))
        (local.set $number)
        (local.set $node)
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 128) (i32.eq (local.get $number) (i32.const 40)))))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 256) (ref.eq (local.get $node) (global.get $root)))))
        (block $again (result (ref null $node) i32)
            (try_table (catch $tag $again) (throw_ref (struct.get $more $exn (local.get $b))))
            (unreachable))
        (drop)
        (local.set $node)
        (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 512) (ref.eq (local.get $node) (global.get $root)))))
        (local.get $sum))
    (func (export "numbers") (result i32) (local $b (ref null $more)) (local $bytes (ref null $bytes))
        (local.set $b (ref.cast (ref $more) (global.get $eq)))
        (local.set $bytes (ref.cast (ref $bytes) (table.get $table (i32.const 3))))
        (i32.add (struct.get $node $n (global.get $root))
            (i32.add (struct.get_s $more $small (local.get $b))
                (i32.add (i32x4.extract_lane 3 (struct.get $more $vector (local.get $b)))
                    (i32.add (i31.get_s (global.get $i31))
                        (i32.add (i31.get_s (ref.cast (ref i31) (struct.get $more $any (local.get $b))))
                            (i32.add (array.get_u $bytes (local.get $bytes) (i32.const 99999))
                                (i32.add (array.get_s $bytes (global.get $fixed) (i32.const 1))
                                    (i32.wrap_i64 (i64x2.extract_lane 1 (array.get $vectors
                                        (ref.cast (ref $vectors) (table.get $table (i32.const 4))) (i32.const 2)))))))))))
    )
    (func (export "change") (param i32)
        (struct.set $node $n (global.get $root) (local.get 0))
        (array.set $bytes (ref.cast (ref $bytes) (table.get $table (i32.const 3))) (i32.const 99999) (local.get 0)))
    ;; By a field, and by elements.
    (func (export "count") (param i32) (result i32) (local $b (ref null $more)) (local $ops (ref null $ops))
        (local.set $b (ref.cast (ref $more) (global.get $eq)))
        (local.set $ops (struct.get $more $ops (local.get $b)))
        (drop (call_ref $op (local.get 0) (struct.get $more $f (local.get $b))))
        (drop (call_ref $op (local.get 0) (ref.cast (ref $op) (struct.get $more $host (local.get $b)))))
        (drop (ref.is_null (array.get $ops (local.get $ops) (i32.const 2))))
        (call_ref $op
            (call_ref $op (local.get 0) (ref.cast (ref $op) (array.get $ops (local.get $ops) (i32.const 1))))
            (ref.cast (ref $op) (array.get $ops (local.get $ops) (i32.const 2999)))))
    (func (export "counted") (result i32) (global.get $count))
    GARBAGE)"#;

const SAME: i32 = 1023;
/// But for the first two, 1 and -1.
const NUMBERS: i32 = 4 - 7 + 5 + 0x7a - 2 + 7;

#[test]
fn objects_are_copied_with_what_they_refer_to() {
    for (mut store, instance) in stores(&RICH.replace("GARBAGE", GARBAGE)) {
        let value = ExternRef::new(&mut store, "a value");
        instance.get_global(&store, "value").unwrap().set(&mut store, value.into()).unwrap();
        call(&mut store, instance, "make", &[]).unwrap();
        assert_eq!(get(&mut store, instance, "count", &[1]), 3);
        let mut copy = store.fork(()).unwrap();
        let there = copy.forked(instance).unwrap();
        for (store, instance) in [(&mut copy, there), (&mut store, instance)] {
            for _ in 0..2 {
                assert_eq!(get(store, instance, "same", &[]), SAME);
                assert_eq!(get(store, instance, "numbers", &[]), NUMBERS);
                use_up(store, instance);
            }
        }
        // Functions act on their own store's global.
        assert_eq!(get(&mut copy, there, "count", &[10]), 3 + 10 + 20);
        assert_eq!(get(&mut store, instance, "counted", &[]), 3);
        // Changes are the store's own.
        call(&mut copy, there, "change", &[Val::I32(100)]).unwrap();
        assert_eq!(get(&mut store, instance, "numbers", &[]), NUMBERS);
        assert_eq!(get(&mut copy, there, "numbers", &[]), NUMBERS - 1 - 0x7a + 200);
        call(&mut store, instance, "change", &[Val::I32(50)]).unwrap();
        assert_eq!(get(&mut copy, there, "numbers", &[]), NUMBERS - 1 - 0x7a + 200);
        // A copy of the copy, after the others are gone.
        let mut third = copy.fork(()).unwrap();
        let last = third.forked(there).unwrap();
        drop(store);
        use_up(&mut copy, there);
        assert_eq!(get(&mut copy, there, "same", &[]), SAME);
        drop(copy);
        use_up(&mut third, last);
        assert_eq!(get(&mut third, last, "same", &[]), SAME);
        assert_eq!(get(&mut third, last, "numbers", &[]), NUMBERS - 1 - 0x7a + 200);
        assert_eq!(get(&mut third, last, "count", &[1]), 36);
        let value = last.get_global(&third, "value").unwrap().get(&third);
        let Val::ExternRef(Some(value)) = value else { panic!("{value:?}") };
        assert_eq!(value.data(&third).unwrap().unwrap().downcast_ref(), Some(&"a value"));
    }
}

/// The copy may be dropped first, and what it had is not the original's.
#[test]
fn copies_come_and_go() {
    for (mut store, instance) in stores(&RICH.replace("GARBAGE", GARBAGE)) {
        call(&mut store, instance, "make", &[]).unwrap();
        let engine = store.engine().clone();
        use_up(&mut store, instance);
        let usage = engine.memory_usage().heaps;
        for round in 0..10 {
            let mut copy = store.fork(()).unwrap();
            let held = engine.memory_usage().heaps;
            assert!(held > usage + 500_000 && held <= 2 * usage, "{held} of {usage}");
            let there = copy.forked(instance).unwrap();
            assert_eq!(get(&mut copy, there, "count", &[1]), 3, "round {round}");
            use_up(&mut copy, there);
            drop(copy);
            assert_eq!(get(&mut store, instance, "same", &[]), SAME);
        }
        use_up(&mut store, instance);
        assert_eq!(get(&mut store, instance, "numbers", &[]), NUMBERS);
        assert_eq!(engine.memory_usage().heaps, usage);
    }
}

/// A tag that instances share they share in the copy, and it is none of the original's.
#[test]
fn tags_are_the_copys_own() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let made = Tag::new(&mut store, &TagType::new(FuncType::new([ValType::I32], []))).unwrap();
        let thrower = module(
            &engine,
            r#"(module (import "host" "made" (tag $made (param i32))) (tag $own (export "own") (param i32))
                (tag $alike (export "alike") (param i32))
                (func (export "throw") (param i32 i32)
                    (if (i32.eq (local.get 0) (i32.const 0)) (then (throw $made (local.get 1))))
                    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $own (local.get 1))))
                    (throw $alike (local.get 1))))"#,
        );
        let thrower = Instance::new(&mut store, &thrower, &[made.into()]).unwrap();
        let catcher = module(
            &engine,
            r#"(module (import "host" "made" (tag $made (param i32))) (import "a" "own" (tag $own (param i32)))
                (import "a" "throw" (func $throw (param i32 i32)))
                (func (export "catch") (param i32) (result i32)
                    (block $own (result i32)
                        (block $made (result i32)
                            (try_table (catch $own $own) (catch $made $made) (call $throw (local.get 0) (i32.const 5)))
                            (unreachable))
                        (return (i32.add (i32.const 100))))
                    (return (i32.add (i32.const 200)))))"#,
        );
        let own = thrower.get_export(&store, "own").unwrap();
        let throw = thrower.get_export(&store, "throw").unwrap();
        let catcher = Instance::new(&mut store, &catcher, &[made.into(), own.clone(), throw]).unwrap();
        let mut copy = store.fork(()).unwrap();
        let there = copy.forked(catcher).unwrap();
        let copied = copy.forked(made).unwrap();
        assert_eq!(copied.ty(&copy), made.ty(&store));
        let Extern::Tag(own_there) = copy.forked(own).unwrap() else { panic!("a tag") };
        drop(store);
        for _ in 0..2 {
            assert_eq!(get(&mut copy, there, "catch", &[0]), 105);
            assert_eq!(get(&mut copy, there, "catch", &[1]), 205);
            // Another tag of the same type.
            assert!(call(&mut copy, there, "catch", &[Val::I32(2)]).unwrap_err().is::<ThrownException>());
            let exception = copy.take_pending_exception().unwrap();
            let tag = exception.tag(&copy).unwrap();
            assert!(tag != copied && tag != own_there);
            copy.gc();
        }
        // The host's exceptions of the copy's tag.
        let exception = ExnRef::new(&mut copy, &copied, &[Val::I32(9)]).unwrap();
        assert_eq!(exception.tag(&copy).unwrap(), copied);
        assert!(ExnRef::new(&mut copy, &made, &[Val::I32(9)]).is_err());
        let late = Tag::new(&mut copy, &TagType::new(FuncType::new([ValType::I32], []))).unwrap();
        let third = copy.fork(()).unwrap();
        assert!(third.forked(made).is_err());
        assert_eq!(third.forked(late).unwrap().ty(&third), late.ty(&copy));
        drop(copy);
        assert_eq!(third.forked(exception).unwrap().tag(&third).unwrap(), third.forked(copied).unwrap());
    }
}

/// What was thrown and not caught is so in both.
#[test]
fn a_pending_exception_is_copied() {
    let text = r#"(module (type $s (struct (field i32))) (tag $tag (param (ref $s)))
        (func (export "throw") (throw $tag (struct.new $s (i32.const 6)))) GARBAGE)"#;
    for (mut store, instance) in stores(&text.replace("GARBAGE", GARBAGE)) {
        assert!(call(&mut store, instance, "throw", &[]).unwrap_err().is::<ThrownException>());
        let mut copy = store.fork(()).unwrap();
        let there = copy.forked(instance).unwrap();
        for (store, instance) in [(&mut store, instance), (&mut copy, there)] {
            use_up(store, instance);
            let exception = store.take_pending_exception().unwrap();
            let Val::AnyRef(Some(value)) = exception.field(&*store, 0).unwrap() else { panic!("a struct") };
            let field = value.as_struct(&*store).unwrap().unwrap().field(&*store, 0).unwrap();
            assert_eq!(field, Val::I32(6));
        }
    }
}

const HELD: &str = r#"(module (type $s (struct (field (mut i32)) (field (mut (ref null $s))))) (type $bytes (array (mut i8)))
    (global (export "g") (mut (ref null $s)) (ref.null $s))
    (func (export "make") (param i32) (result (ref $s)) (struct.new $s (local.get 0) (ref.null $s)))
    (func (export "bytes") (param i32) (result (ref $bytes)) (array.new $bytes (i32.const 3) (local.get 0)))
    GARBAGE)"#;

/// A struct, and what its first field is to be.
fn make(store: &mut Store<()>, instance: Instance, n: i32) -> Rooted<StructRef> {
    let Val::AnyRef(Some(value)) = call(store, instance, "make", &[Val::I32(n)]).unwrap()[0] else {
        panic!("a struct")
    };
    value.as_struct(&*store).unwrap().unwrap()
}

#[test]
fn what_the_host_holds_is_held_in_the_copy() {
    for (mut store, instance) in stores(&HELD.replace("GARBAGE", GARBAGE)) {
        let one = make(&mut store, instance, 1);
        let two = {
            let mut scope = RootScope::new(&mut store);
            let func = instance.get_func(&scope, "make").unwrap();
            let mut results = [Val::AnyRef(None)];
            func.call(&mut scope, &[Val::I32(2)], &mut results).unwrap();
            let Val::AnyRef(Some(two)) = results[0] else { panic!("a struct") };
            let two = two.as_struct(&scope).unwrap().unwrap();
            one.set_field(&mut scope, 1, two.into()).unwrap();
            two
        };
        let three = make(&mut store, instance, 3);
        let owned = three.to_owned_rooted(&store).unwrap();
        let value = ExternRef::new(&mut store, 4_u8).to_owned_rooted(&store).unwrap();
        let small = AnyRef::from_i31(&store, I31::wrapping_i32(-3));
        let mut copy = store.fork(()).unwrap();
        let there = copy.forked(instance).unwrap();
        use_up(&mut copy, there);
        use_up(&mut store, instance);
        let first = copy.forked(one).unwrap();
        assert_eq!(first, copy.forked(one).unwrap());
        assert_eq!(first.field(&copy, 0).unwrap(), Val::I32(1));
        let Val::AnyRef(Some(second)) = first.field(&copy, 1).unwrap() else { panic!("a struct") };
        assert_eq!(second.as_struct(&copy).unwrap().unwrap().field(&copy, 0).unwrap(), Val::I32(2));
        assert_refused(copy.forked(two), "not rooted when the store was forked");
        assert_eq!(copy.forked(small).unwrap().as_i31(&copy).unwrap(), Some(I31::wrapping_i32(-3)));
        let any: Rooted<AnyRef> = one.into();
        assert_eq!(copy.forked(Val::from(any)).unwrap(), Val::from(first));
        assert_eq!(copy.forked(Ref::from(any)).unwrap(), Ref::from(Rooted::<AnyRef>::from(first)));
        // What is owned is so in both, as long as one of the handles is there.
        let third = copy.forked(owned.clone()).unwrap();
        assert_eq!(third.to_rooted(&copy).field(&copy, 0).unwrap(), Val::I32(3));
        let value_there = copy.forked(value).unwrap().to_rooted(&copy);
        assert_eq!(value_there.data(&copy).unwrap().unwrap().downcast_ref(), Some(&4_u8));
        // Each has its own.
        first.set_field(&mut copy, 0, Val::I32(10)).unwrap();
        assert_eq!(one.field(&store, 0).unwrap(), Val::I32(1));
        // Those made since are unknown, though they may be where others were, and stand where others do in the list.
        let late = make(&mut store, instance, 5);
        make(&mut copy, there, 6);
        make(&mut copy, there, 7);
        assert_refused(copy.forked(late), "not rooted when the store was forked");
        let late = late.to_owned_rooted(&store).unwrap();
        copy.forked(owned.clone()).unwrap();
        assert_refused(copy.forked(late), "not rooted when the store was forked");
        assert_refused(copy.forked(first), "not of the store that this one was forked of");
        // A copy of the copy, in which the original's handles mean nothing.
        let mut last = copy.fork(()).unwrap();
        drop((store, copy));
        last.gc();
        assert_refused(last.forked(one), "not of the store that this one was forked of");
        assert_refused(last.forked(owned), "not of the store that this one was forked of");
        assert_eq!(last.forked(first).unwrap().field(&last, 0).unwrap(), Val::I32(10));
        assert_eq!(last.forked(third).unwrap().to_rooted(&last).field(&last, 0).unwrap(), Val::I32(3));
    }
}

/// The room of a large object of the original may be anything's by the time that somebody asks for it.
#[test]
fn what_is_made_where_objects_were_is_unknown() {
    for (mut store, instance) in stores(&HELD.replace("GARBAGE", GARBAGE)) {
        for bytes in [20_000, 100_000] {
            let array = {
                let mut scope = RootScope::new(&mut store);
                let func = instance.get_func(&scope, "bytes").unwrap();
                let mut results = [Val::AnyRef(None)];
                func.call(&mut scope, &[Val::I32(bytes)], &mut results).unwrap();
                let Val::AnyRef(Some(array)) = results[0] else { panic!("an array") };
                array.to_owned_rooted(&scope).unwrap()
            };
            let copy = store.fork(()).unwrap();
            assert_eq!(
                copy.forked(array.clone())
                    .unwrap()
                    .to_rooted(&copy)
                    .as_array(&copy)
                    .unwrap()
                    .unwrap()
                    .len(&copy)
                    .unwrap(),
                bytes as u32
            );
            drop(array);
            store.gc();
            for n in 0..2_000 {
                let global = Global::new(&mut store, GlobalType::new(ValType::I64, true), Val::I64(n)).unwrap();
                assert_refused(copy.forked(global), "made since");
                let func = Func::wrap(&mut store, move || n);
                assert_refused(copy.forked(func), "made since");
            }
        }
    }
}

#[test]
fn limits_and_accounts_count_the_copys_heap() {
    let text = r#"(module (type $list (struct (field (mut (ref null $list))))) (type $bytes (array (mut i8)))
        (global $list (mut (ref null $list)) (ref.null $list))
        (func (export "more") (param i32)
            (loop $more
                (global.set $list (struct.new $list (global.get $list)))
                (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "less") (global.set $list (ref.null $list)))
        (func (export "large") (param i32) (result i32) (array.len (array.new_default $bytes (local.get 0)))))"#;
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(3 << 20).build());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    call(&mut store, instance, "more", &[Val::I32(70_000)]).unwrap();
    assert_eq!(engine.memory_usage().heaps, 2 << 20);
    let mut copy = store.fork(()).unwrap();
    assert_eq!(engine.memory_usage().heaps, 4 << 20);
    let there = copy.forked(instance).unwrap();
    for (store, instance) in [(&mut copy, there), (&mut store, instance)] {
        let full = call(store, instance, "large", &[Val::I32(3 << 19)]).unwrap_err();
        assert_eq!(full.downcast_ref(), Some(&Trap::GcHeapOutOfMemory));
        assert_eq!(get(store, instance, "large", &[1 << 19]), 1 << 19);
        call(store, instance, "more", &[Val::I32(50_000)]).unwrap();
        let full = call(store, instance, "more", &[Val::I32(200_000)]).unwrap_err();
        assert_eq!(full.downcast_ref(), Some(&Trap::GcHeapOutOfMemory));
    }
    // Who has more than its limit by now is copied, and gets no more.
    store.set_limits(StoreLimitsBuilder::new().gc_heap(1 << 20).build());
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    assert!(call(&mut copy, there, "large", &[Val::I32(100_000)]).is_err());
    // What has gone is not copied.
    call(&mut copy, there, "less", &[]).unwrap();
    // Nor does the accumulator hold it.
    get(&mut copy, there, "large", &[1]);
    let before = engine.memory_usage().heaps;
    let last = copy.fork(()).unwrap();
    assert_eq!(engine.memory_usage().heaps, before);
    drop((store, copy, last));
    assert!(engine.memory_usage().heaps <= 3 << 20);
}
