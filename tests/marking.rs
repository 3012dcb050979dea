//! What a program, or the embedder, does while a collection is under way: what is reachable stays, whatever was overwritten, made or found meanwhile.
//!
//! With [`GcStress::Step`] a collection goes an object further whenever one is made. So each case is tried at many points of one: before it, so
//! many objects are made.

use pirn::*;
use std::sync::Arc;

/// Nodes in a chain that the global `root` leads to. The last has an array of others.
const NODES: &str = r#"(module
    (rec
        (type $node (struct (field $number i32) (field $next (mut (ref null $node))) (field $items (mut (ref null $items)))))
        (type $items (array (mut (ref null $node)))))
    (type $wide (struct (field $number i32) (field i64) (field i64) (field i64)))
    (type $wides (array (mut (ref null $wide))))
    (global $root (mut (ref null $node)) (ref.null $node))
    (global $wides (mut (ref null $wides)) (ref.null $wides))
    (elem $nulls (ref null $node) (ref.null $node) (ref.null $node) (ref.null $node) (ref.null $node))
    (func $new (param i32) (result (ref $node)) (struct.new $node (local.get 0) (ref.null $node) (ref.null $items)))
    ;; So many nodes, and an array of four that have another one behind them: 10 to 13, and 110 to 113.
    (func (export "build") (param $n i32) (local $node (ref null $node)) (local $items (ref $items)) (local $i i32)
        (local.set $items (array.new_default $items (i32.const 4)))
        (loop $more
            (local.set $node (call $new (i32.add (local.get $i) (i32.const 10))))
            (array.set $items (local.get $items) (local.get $i) (local.get $node))
            (struct.set $node $next (local.get $node) (call $new (i32.add (local.get $i) (i32.const 110))))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
        (local.set $node (call $new (i32.const 0)))
        (struct.set $node $items (local.get $node) (local.get $items))
        (loop $more
            (local.set $node (struct.new $node (local.get $n) (local.get $node) (ref.null $items)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (global.set $root (local.get $node)))
    (func $garbage (export "garbage") (param $n i32)
        (loop $more
            (drop (call $new (i32.const -1)))
            (drop (array.new $items (ref.null $node) (i32.const 2)))
            (br_if $more (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
    (func $last (export "last") (result (ref $node)) (local $node (ref null $node))
        (local.set $node (global.get $root))
        (loop $more
            (if (ref.is_null (struct.get $node $next (local.get $node))) (then (return (ref.as_non_null (local.get $node)))))
            (local.set $node (struct.get $node $next (local.get $node)))
            (br $more))
        (unreachable))
    (func $items (export "items") (result (ref $items)) (ref.as_non_null (struct.get $node $items (call $last))))
    (func $numbers (export "numbers") (param $node (ref $node)) (result i32)
        (i32.add (i32.mul (i32.const 1000) (struct.get $node $number (local.get $node)))
            (struct.get $node $number (struct.get $node $next (local.get $node)))))
    ;; Each takes a node of the array, overwrites the reference to it in one way, and makes garbage. What the node has: 11 and 111.
    (func (export "array.set") (result i32) (local $node (ref $node))
        (local.set $node (ref.as_non_null (array.get $items (call $items) (i32.const 1))))
        (array.set $items (call $items) (i32.const 1) (ref.null $node))
        (call $garbage (i32.const 200))
        (call $numbers (local.get $node)))
    (func (export "array.fill") (result i32) (local $node (ref $node))
        (local.set $node (ref.as_non_null (array.get $items (call $items) (i32.const 1))))
        (array.fill $items (call $items) (i32.const 0) (ref.null $node) (i32.const 4))
        (call $garbage (i32.const 200))
        (call $numbers (local.get $node)))
    (func (export "array.copy") (result i32) (local $node (ref $node))
        (local.set $node (ref.as_non_null (array.get $items (call $items) (i32.const 1))))
        (array.copy $items $items (call $items) (i32.const 0) (call $items) (i32.const 2) (i32.const 2))
        (call $garbage (i32.const 200))
        (call $numbers (local.get $node)))
    (func (export "array.init_elem") (result i32) (local $node (ref $node))
        (local.set $node (ref.as_non_null (array.get $items (call $items) (i32.const 1))))
        (array.init_elem $items $nulls (call $items) (i32.const 0) (i32.const 0) (i32.const 4))
        (call $garbage (i32.const 200))
        (call $numbers (local.get $node)))
    (func (export "struct.set") (result i32) (local $node (ref $node)) (local $items (ref $items))
        (local.set $items (call $items))
        (struct.set $node $items (call $last) (ref.null $items))
        (call $garbage (i32.const 200))
        (call $numbers (ref.as_non_null (array.get $items (local.get $items) (i32.const 1)))))
    ;; Makes two nodes and a large array, and then garbage, which takes the place of what was freed.
    (func (export "made meanwhile") (result i32) (local $node (ref $node)) (local $many (ref $items))
        (local.set $node (call $new (i32.const 11)))
        (call $garbage (i32.const 3))
        (struct.set $node $next (local.get $node) (call $new (i32.const 111)))
        (local.set $many (array.new $items (local.get $node) (i32.const 3000)))
        (call $garbage (i32.const 200))
        (drop (array.new $items (call $new (i32.const -1)) (i32.const 3000)))
        (drop (array.new $items (call $new (i32.const -1)) (i32.const 3000)))
        (call $numbers (ref.as_non_null (array.get $items (local.get $many) (i32.const 2999)))))
    ;; Structs of another size that an array keeps, some between every few others: their numbers' sum. They come from a list that is there
    ;; when a collection begins.
    (func (export "wide") (param $n i32) (result i32) (local $i i32) (local $sum i32)
        (global.set $wides (array.new_default $wides (local.get $n)))
        (loop $more
            (array.set $wides (global.get $wides) (local.get $i)
                (struct.new $wide (local.get $i) (i64.const 0) (i64.const 0) (i64.const 0)))
            (call $garbage (i32.const 250))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        ;; What was freed is made anew.
        (local.set $i (local.get $n))
        (loop $more
            (drop (struct.new $wide (i32.const -1) (i64.const -1) (i64.const -1) (i64.const -1)))
            (br_if $more (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (loop $more
            (local.set $sum (i32.add (local.get $sum)
                (struct.get $wide $number (array.get $wides (global.get $wides) (local.get $i)))))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (local.get $sum)))"#;

/// How long the chain is.
const CHAIN: i32 = 30;

/// A store with an instance, at many points of a collection, of engines that fuse and that do not.
fn stores() -> impl Iterator<Item = (Store<()>, Instance, String)> {
    [true, false].into_iter().flat_map(|fuse| {
        let engine = Engine::new(Config::new().fuse(fuse).gc_stress(GcStress::Step)).unwrap();
        let module = Module::new(&engine, NODES).unwrap();
        (0..CHAIN + 20).map(move |made| {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            instance.get_typed_func::<i32, ()>(&store, "build").unwrap().call(&mut store, CHAIN).unwrap();
            instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap().call(&mut store, made).unwrap();
            (store, instance, format!("fuse: {fuse}, {made} objects made before"))
        })
    })
}

fn call(store: &mut Store<()>, instance: Instance, name: &str) -> i32 {
    instance.get_typed_func::<(), i32>(&*store, name).unwrap().call(store, ()).unwrap()
}

/// Has collections that are under way go by, and what was freed be used for something else.
fn make_garbage(store: &mut Store<()>, instance: Instance) {
    instance.get_typed_func::<i32, ()>(&*store, "garbage").unwrap().call(store, 200).unwrap();
}

#[test]
fn what_a_program_overwrites_stays() {
    for way in ["struct.set", "array.set", "array.fill", "array.copy", "array.init_elem"] {
        for (mut store, instance, when) in stores() {
            assert_eq!(call(&mut store, instance, way), 11_111, "{way}, {when}");
        }
    }
}

#[test]
fn what_a_program_makes_stays() {
    for (mut store, instance, when) in stores() {
        assert_eq!(call(&mut store, instance, "made meanwhile"), 11_111, "{when}");
    }
}

#[test]
fn what_was_free_when_it_began_stays_when_it_is_made() {
    for fuse in [true, false] {
        let engine = Engine::new(Config::new().fuse(fuse)).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &Module::new(&engine, NODES).unwrap(), &[]).unwrap();
        let wide = instance.get_typed_func::<i32, i32>(&store, "wide").unwrap();
        // Each with 16 KB of garbage: a collection every hundred of them.
        assert_eq!(wide.call(&mut store, 2_000).unwrap(), 1_999_000);
    }
}

#[test]
fn what_the_embedder_overwrites_stays() {
    let null = || Val::AnyRef(None);
    for (mut store, instance, when) in stores() {
        let mut results = [null()];
        instance.get_func(&store, "last").unwrap().call(&mut store, &[], &mut results).unwrap();
        let last = results[0].unwrap_anyref().unwrap().as_struct(&store).unwrap().unwrap();
        let items = last.field(&store, 2).unwrap();
        last.set_field(&mut store, 2, null()).unwrap();
        // Rooted here, but a collection that is under way does not look at that again.
        make_garbage(&mut store, instance);
        let items = items.unwrap_anyref().unwrap().as_array(&store).unwrap().unwrap();
        let node = items.get(&store, 1).unwrap();
        items.set(&mut store, 1, null()).unwrap();
        make_garbage(&mut store, instance);
        let mut numbers = [Val::I32(0)];
        instance.get_func(&store, "numbers").unwrap().call(&mut store, &[node], &mut numbers).unwrap();
        assert_eq!(numbers[0].unwrap_i32(), 11_111, "{when}");
    }
}

#[test]
fn values_that_the_embedder_puts_in_stay() {
    for (mut store, instance, when) in stores() {
        let value = Arc::new(5_u32);
        let reference = ExternRef::new(&mut store, Arc::clone(&value));
        make_garbage(&mut store, instance);
        let there = reference.data(&store).unwrap().and_then(|data| data.downcast_ref::<Arc<u32>>());
        assert!(there.is_some_and(|there| Arc::ptr_eq(there, &value)), "{when}");
    }
}

/// What a copy of a store finds by what the original has: nothing in the copy need refer to it.
const COPIED: &str = r#"(module
    (import "host" "ask" (func $ask (result i32)))
    (type $node (struct (field $number i32) (field $next (ref null $node)) (field $value externref)))
    (type $many (array (mut i64)))
    (table (export "table") 1 externref)
    (func $garbage (export "garbage") (param $n i32)
        (loop $more
            (drop (struct.new $node (i32.const -1) (ref.null $node) (ref.null extern)))
            (br_if $more (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
    ;; Holds two nodes, a value and a large array while it asks: 5,617 if all are there.
    (func (export "run") (param $value externref) (result i32) (local $node (ref null $node)) (local $many (ref null $many))
        (local.set $node
            (struct.new $node (i32.const 5)
                (struct.new $node (i32.const 6) (ref.null $node) (ref.null extern)) (local.get $value)))
        (local.set $many (array.new $many (i64.const 7) (i32.const 5000)))
        (drop (call $ask))
        (call $garbage (i32.const 300))
        (i32.add
            (i32.add (i32.mul (i32.const 1000) (struct.get $node $number (local.get $node)))
                (i32.mul (i32.const 100) (struct.get $node $number (struct.get $node $next (local.get $node)))))
            (i32.add (i32.wrap_i64 (array.get $many (local.get $many) (i32.const 4999)))
                (i32.mul (i32.const 10) (i32.eqz (ref.is_null (struct.get $node $value (local.get $node)))))))))"#;

/// A store with an instance of it.
fn copied(fuse: bool) -> (Store<()>, Instance) {
    let engine = Engine::new(Config::new().fuse(fuse).gc_stress(GcStress::Step)).unwrap();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "ask", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, COPIED).unwrap()).unwrap();
    (store, instance)
}

#[test]
fn what_a_copied_call_refers_to_stays() {
    for fuse in [true, false] {
        let mut copies = 0;
        for made in 0..20 {
            let (mut store, instance) = copied(fuse);
            let run = instance.get_func(&store, "run").unwrap();
            let paused = {
                let mut scope = RootScope::new(&mut store);
                let value = ExternRef::new(&mut scope, 5);
                run.call_resumable(&mut scope, &[value.into()]).unwrap().paused().unwrap()
            };
            let mut copy = store.fork(()).unwrap();
            let garbage = copy.forked(instance).unwrap().get_typed_func::<i32, ()>(&copy, "garbage").unwrap();
            // Here it begins, and finds nothing of what the call refers to, which is freed when it ends.
            garbage.call(&mut copy, made).unwrap();
            let Ok(call) = paused.fork(&mut copy) else { continue };
            garbage.call(&mut copy, 100).unwrap();
            let results = call.resume(&mut copy, &[Val::I32(1)]).unwrap().finished().unwrap();
            assert_eq!(results[0].unwrap_i32(), 5_617, "fuse: {fuse}, {made} objects made before");
            copies += 1;
        }
        assert!(copies > 1, "all was freed before anybody asked for it");
    }
}

#[test]
fn a_value_that_a_copy_is_asked_for_stays() {
    let mut found = 0;
    for made in 0..20 {
        let (mut store, instance) = copied(true);
        let table = instance.get_table(&store, "table").unwrap();
        let value = {
            let mut scope = RootScope::new(&mut store);
            let value = ExternRef::new(&mut scope, 5);
            table.set(&mut scope, 0, Ref::Extern(Some(value))).unwrap();
            value
        };
        let mut copy = store.fork(()).unwrap();
        let (table, instance) = (copy.forked(table).unwrap(), copy.forked(instance).unwrap());
        table.set(&mut copy, 0, Ref::Extern(None)).unwrap();
        let garbage = instance.get_typed_func::<i32, ()>(&copy, "garbage").unwrap();
        garbage.call(&mut copy, made).unwrap();
        let Ok(there) = copy.forked(value) else { continue };
        // In a table it is looked at no more than as a root.
        table.set(&mut copy, 0, Ref::Extern(Some(there))).unwrap();
        for _ in 0..10 {
            garbage.call(&mut copy, 100).unwrap();
            let data = there.data(&copy).unwrap().and_then(|data| data.downcast_ref::<i32>());
            assert_eq!(data, Some(&5), "{made} objects made before");
        }
        found += 1;
    }
    assert!(found > 1, "it was freed before anybody asked for it");
}
