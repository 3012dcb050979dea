//! Heaps in which there is no room, or hardly any.

use crate::{engine, instance, lists};
use pirn::*;

/// The largest number below `more` that fits.
fn most_that(mut more: i32, mut fits: impl FnMut(i32) -> bool) -> i32 {
    let mut most = 1;
    while more - most > 1 {
        let middle = most + (more - most) / 2;
        *(if fits(middle) { &mut most } else { &mut more }) = middle;
    }
    most
}

/// A list that fills 4 MiB but for what `spare` objects take, of 24 bytes each.
fn nearly_full(store: &mut Store<()>, spare: i32) -> Instance {
    store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
    let instance = lists(store);
    let keep = instance.get_typed_func::<i32, ()>(&*store, "keep").unwrap();
    // How many there are room for depends on what lies beside objects.
    let fits = |store: &mut Store<()>, count: i32| {
        instance.get_global(&*store, "kept").unwrap().set(&mut *store, Val::AnyRef(None)).unwrap();
        store.gc();
        keep.call(store, count).is_ok()
    };
    let most = most_that(200_000, |count| fits(store, count));
    assert!(most > 100_000, "{most} objects");
    assert!(fits(store, most - spare));
    instance
}

/// Where nearly all is in use, each object that a program makes would have all of it looked at, for the fuel of one object.
#[test]
fn a_heap_that_is_nearly_full_is_full() {
    let mut store = Store::new(&engine(GcStress::None), ());
    let instance = nearly_full(&mut store, 10);
    let garbage = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
    let error = garbage.call(&mut store, 100_000).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::GcHeapOutOfMemory));
    assert_eq!(garbage.call(&mut store, 1_000).unwrap_err().trap(), Some(Trap::GcHeapOutOfMemory));
    // What is not in use any more makes room.
    instance.get_global(&store, "kept").unwrap().set(&mut store, Val::AnyRef(None)).unwrap();
    store.gc();
    garbage.call(&mut store, 1_000_000).unwrap();
    // With a tenth of it free a program goes on.
    let mut store = Store::new(&engine(GcStress::None), ());
    let instance = nearly_full(&mut store, 12_000);
    instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap().call(&mut store, 1_000_000).unwrap();
}

/// A program that is out of memory, and has its data given up, goes on, however often it was so before.
#[test]
fn a_full_heap_that_is_given_up_has_room_without_more_ado() {
    let mut store = Store::new(&engine(GcStress::None), ());
    let instance = nearly_full(&mut store, 1);
    let garbage = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
    for calls in 1..8 {
        let outcomes: Vec<bool> = (0..calls).map(|_| garbage.call(&mut store, 100).is_ok()).collect();
        assert!(outcomes.contains(&false) || calls < 3, "{outcomes:?}");
    }
    instance.get_global(&store, "kept").unwrap().set(&mut store, Val::AnyRef(None)).unwrap();
    garbage.call(&mut store, 1_000_000).unwrap();
}

/// However often it was collected in vain, what a program has given up by the time there is no room makes room.
#[test]
fn a_program_that_gives_up_what_nearly_fills_a_heap_goes_on() {
    let text = r#"(module
        (type $list (struct (field $number i32) (field $next (ref null $list))))
        (global $kept (mut (ref null $list)) (ref.null $list))
        (func $push (param $n i32)
            (loop $more
                (global.set $kept (struct.new $list (local.get $n) (global.get $kept)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func $garbage (param $n i32)
            (loop $more
                (drop (struct.new $list (local.get $n) (ref.null $list)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "begin") (param $keep i32)
            (global.set $kept (ref.null $list))
            (call $push (local.get $keep)))
        (func (export "run") (param $garbage i32) (result i32)
            (if (local.get $garbage) (then (call $garbage (local.get $garbage))))
            (global.set $kept (ref.null $list))
            (call $garbage (i32.const 1000))
            (i32.const 1)))"#;
    let mut store = Store::new(&engine(GcStress::None), ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
    let instance = instance(&mut store, &[], text);
    let begin = instance.get_typed_func::<i32, ()>(&store, "begin").unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let fits = |store: &mut Store<()>, count| {
        begin.call(&mut *store, 1).unwrap();
        store.gc();
        begin.call(store, count).is_ok()
    };
    let most = most_that(200_000, |count| fits(&mut store, count));
    let (mut went_on, mut had_no_room) = (0, 0);
    for garbage in (0..600).step_by(25) {
        assert!(fits(&mut store, most - 100));
        match run.call(&mut store, garbage) {
            Ok(_) => went_on += 1,
            Err(error) => {
                // It had nothing given up yet, and nearly all was in use.
                assert_eq!(error.trap(), Some(Trap::GcHeapOutOfMemory));
                let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
                let text_offset = frames[1].func_offset().unwrap();
                assert!(text_offset < 12, "it had given up all when {garbage} were made before: {frames:?}");
                had_no_room += 1;
            }
        }
    }
    assert!(went_on > 8 && had_no_room > 2, "{went_on} and {had_no_room}");
}

/// A heap that has more than it may have is full, whatever its limit, and so is a small one beside many roots.
#[test]
fn a_heap_is_full_whatever_it_may_have_and_whatever_its_roots_take() {
    let mut store = Store::new(&engine(GcStress::None), ());
    let instance = nearly_full(&mut store, 10);
    for limit in [4 << 20, 1 << 20, 64 << 10, 100, 0] {
        store.set_limits(StoreLimitsBuilder::new().gc_heap(limit).build());
        let garbage = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
        let begin = std::time::Instant::now();
        assert_eq!(garbage.call(&mut store, 100_000).unwrap_err().trap(), Some(Trap::GcHeapOutOfMemory), "{limit}");
        assert!(begin.elapsed().as_secs() < 5, "{limit}: {:?}", begin.elapsed());
    }
    for (kept, goes_on) in [(36_000, false), (15_000, true)] {
        let mut store = Store::new(&engine(GcStress::None), ());
        store.set_limits(StoreLimitsBuilder::new().gc_heap(1 << 20).build());
        let table = TableType::new(RefType::ANYREF, 2_000_000, None);
        Table::new(&mut store, table, Ref::Any(None)).unwrap();
        let instance = lists(&mut store);
        instance.get_typed_func::<i32, ()>(&store, "keep").unwrap().call(&mut store, kept).unwrap();
        let outcome = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap().call(&mut store, 100_000);
        assert_eq!(outcome.is_ok(), goes_on, "{kept}: {outcome:?}");
    }
}

/// What was in vain in one program counts no longer in the next.
#[test]
fn a_full_heap_is_looked_at_again_when_the_next_program_begins() {
    for resumable in [false, true] {
        let mut store = Store::new(&engine(GcStress::None), ());
        store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
        let lists = lists(&mut store);
        let host = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, keep: i32, n: i32| -> i32 {
            let name = if keep == 1 { "keep" } else { "garbage" };
            lists.get_func(&caller, name).unwrap().invoke::<i32, ()>(&mut caller, n).is_ok().into()
        });
        let text = r#"(module (import "" "h" (func $h (param i32 i32) (result i32)))
            (func (export "run") (param i32 i32) (result i32) (call $h (local.get 0) (local.get 1))))"#;
        let run = instance(&mut store, &[host.into()], text).get_typed_func::<(i32, i32), i32>(&store, "run").unwrap();
        let call = |store: &mut Store<()>, keep, n| match resumable {
            false => run.call(store, (keep, n)).unwrap(),
            true => match run.call_resumable(store, (keep, n)).unwrap() {
                Resumable::Finished(result) => result,
                Resumable::Paused(_) => panic!("nothing has it pause"),
            },
        };
        let kept = lists.get_global(&store, "kept").unwrap();
        let mut fits = |count| {
            kept.set(&mut store, Val::AnyRef(None)).unwrap();
            call(&mut store, 1, count) == 1
        };
        let most = most_that(200_000, &mut fits);
        assert!(fits(most - 3));
        for _ in 0..6 {
            assert_eq!(call(&mut store, 0, 1_000), 0);
        }
        kept.set(&mut store, Val::AnyRef(None)).unwrap();
        for _ in 0..6 {
            assert_eq!(call(&mut store, 0, 1_000), 1);
        }
    }
}

/// Instances are made while nothing is collected, so it is collected before; but nothing is in vain by that.
#[test]
fn instances_do_not_fill_an_empty_heap() {
    let text = r#"(module (type $bytes (array (mut i8)))
        (func (export "large") (param $n i32) (result i32) (array.len (array.new_default $bytes (local.get $n)))))"#;
    for made in 0..8 {
        let mut store = Store::new(&engine(GcStress::None), ());
        store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
        let lists = lists(&mut store);
        lists.get_typed_func::<i32, ()>(&store, "keep").unwrap().call(&mut store, 150_000).unwrap();
        let large = instance(&mut store, &[], text).get_typed_func::<i32, i32>(&store, "large").unwrap();
        lists.get_global(&store, "kept").unwrap().set(&mut store, Val::AnyRef(None)).unwrap();
        store.gc();
        for _ in 0..made {
            instance(
                &mut store,
                &[],
                "(module (type $s (struct (field i32))) (global (ref $s) (struct.new $s (i32.const 1))))",
            );
        }
        assert_eq!(large.call(&mut store, 1 << 20).unwrap(), 1 << 20, "{made} instances");
    }
}

/// The embedder's own instances are made in what was given up, whatever was in vain before.
#[test]
fn instances_are_made_in_a_heap_that_was_full() {
    let mut store = Store::new(&engine(GcStress::None), ());
    let lists = nearly_full(&mut store, 3);
    let host = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, n: i32| -> i32 {
        lists.get_func(&caller, "garbage").unwrap().invoke::<i32, ()>(&mut caller, n).is_ok().into()
    });
    let text = r#"(module (import "" "h" (func $h (param i32) (result i32)))
        (func (export "run") (param i32) (result i32) (call $h (local.get 0))))"#;
    let run = instance(&mut store, &[host.into()], text).get_typed_func::<i32, i32>(&store, "run").unwrap();
    for _ in 0..6 {
        assert_eq!(run.call(&mut store, 1_000).unwrap(), 0);
    }
    lists.get_global(&store, "kept").unwrap().set(&mut store, Val::AnyRef(None)).unwrap();
    let text = "(module (type $a (array i64)) (global (ref $a) (array.new_default $a (i32.const 4000))))";
    for _ in 0..5 {
        instance(&mut store, &[], text);
    }
}

/// The same of instances that a host function makes, and of what it makes besides: an empty heap is not full, however much it has had.
#[test]
fn instances_that_a_host_function_makes_do_not_fill_an_empty_heap() {
    let mut store = Store::new(&engine(GcStress::None), ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
    let lists = lists(&mut store);
    lists.get_typed_func::<i32, ()>(&store, "keep").unwrap().call(&mut store, 150_000).unwrap();
    lists.get_global(&store, "kept").unwrap().set(&mut store, Val::AnyRef(None)).unwrap();
    store.gc();
    let small = "(module (type $s (struct (field i32))) (global (ref $s) (struct.new $s (i32.const 1))))";
    let large = "(module (type $a (array i8)) (global (ref $a) (array.new_default $a (i32.const 1048576))))";
    let modules = [small, large].map(|text| Module::new(store.engine(), text).unwrap());
    let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, large: i32| {
        Instance::new(&mut caller, &modules[large as usize], &[]).unwrap();
    });
    let text = r#"(module (import "" "make" (func $make (param i32)))
        (func (export "run")
            (call $make (i32.const 0)) (call $make (i32.const 0)) (call $make (i32.const 0)) (call $make (i32.const 0))
            (call $make (i32.const 0)) (call $make (i32.const 1))))"#;
    instance(&mut store, &[make.into()], text)
        .get_typed_func::<(), ()>(&store, "run")
        .unwrap()
        .call(&mut store, ())
        .unwrap();
}

/// A program cannot have a heap collected again and again by a host function that makes instances.
#[test]
fn instances_that_a_host_function_makes_collect_a_few_times() {
    let mut store = Store::new(&engine(GcStress::None), ());
    nearly_full(&mut store, 3_000);
    let text = "(module (type $s (struct (field i32))) (global (ref $s) (struct.new $s (i32.const 1))))";
    let module = Module::new(store.engine(), text).unwrap();
    let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
        Instance::new(&mut caller, &module, &[]).unwrap();
    });
    let text = r#"(module (import "" "make" (func $make))
        (func (export "run") (param i32)
            (loop $more (call $make) (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let run = instance(&mut store, &[make.into()], text).get_typed_func::<i32, ()>(&store, "run").unwrap();
    // A collection takes milliseconds here.
    let begin = std::time::Instant::now();
    run.call(&mut store, 2_000).unwrap();
    assert!(begin.elapsed().as_secs() < 8, "{:?}", begin.elapsed());
}

/// A program that pauses is the same one when it goes on, whatever the embedder calls meanwhile.
#[test]
fn a_heap_is_full_for_a_program_that_pauses() {
    for calls in [false, true] {
        let mut store = Store::new(&engine(GcStress::None), ());
        let lists = nearly_full(&mut store, 2);
        let pause = Func::wrap(&mut store, |_: Caller<'_, ()>| Err::<(), _>(Error::new(Yield::new(()))));
        let garbage = lists.get_func(&store, "garbage").unwrap();
        let text = r#"(module
            (import "" "pause" (func $pause))
            (import "" "garbage" (func $garbage (param i32)))
            (func (export "nothing"))
            (func (export "run") (loop $more (call $garbage (i32.const 2)) (call $pause) (br $more))))"#;
        let instance = instance(&mut store, &[pause.into(), garbage.into()], text);
        let nothing = instance.get_typed_func::<(), ()>(&store, "nothing").unwrap();
        let run = instance.get_typed_func::<(), ()>(&store, "run").unwrap();
        let mut rounds = 0;
        let mut state = run.call_resumable(&mut store, ());
        let error = loop {
            match state {
                Ok(Resumable::Paused(paused)) => {
                    rounds += 1;
                    assert!(rounds < 20, "it is collected for every two objects");
                    if calls {
                        nothing.call(&mut store, ()).unwrap();
                    }
                    state = paused.resume(&mut store, &[]).map_err(Error::from);
                }
                Ok(Resumable::Finished(())) => unreachable!("it runs for ever"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.trap(), Some(Trap::GcHeapOutOfMemory));
    }
}

/// Where there may be no heap, nobody looks for room in it again and again.
#[test]
fn no_heap_is_a_full_heap() {
    let mut store = Store::new(&engine(GcStress::None), ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(0).build());
    Table::new(&mut store, TableType::new(RefType::ANYREF, 2_000_000, None), Ref::Any(None)).unwrap();
    let tag = Tag::new(&mut store, &TagType::new(FuncType::new([], []))).unwrap();
    let make =
        Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| assert!(ExnRef::new(&mut caller, &tag, &[]).is_err()));
    let text = r#"(module (import "" "make" (func $make))
        (func (export "run") (param i32)
            (loop $more (call $make) (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let run = instance(&mut store, &[make.into()], text).get_typed_func::<i32, ()>(&store, "run").unwrap();
    // All roots are looked at in some milliseconds.
    let begin = std::time::Instant::now();
    run.call(&mut store, 10_000).unwrap();
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

/// A program whose host function takes no notice that there is no room cannot have it looked for again and again.
#[test]
fn a_host_function_that_takes_no_notice_finds_no_room_either() {
    let text = r#"(module
        (type $box (struct (field i32)))
        (import "" "make" (func $make))
        (func (export "type") (result (ref null $box)) (ref.null $box))
        (func (export "run") (param $n i32)
            (loop $more
                (call $make)
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let mut store = Store::new(&engine(GcStress::None), ());
    let lists = nearly_full(&mut store, 1);
    let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
        let ty = caller.get_export("type").unwrap().into_func().unwrap().ty(&caller);
        let ValType::Ref(ty) = ty.results()[0] else { panic!("a reference") };
        let pre = StructRefPre::new(&mut caller, ty.heap_type()).unwrap();
        drop(StructRef::new(&mut caller, &pre, &[Val::I32(1)]));
        drop(lists.get_func(&caller, "garbage").unwrap().invoke::<i32, ()>(&mut caller, 10));
    });
    let run = instance(&mut store, &[make.into()], text).get_typed_func::<i32, ()>(&store, "run").unwrap();
    // A collection takes milliseconds here.
    let begin = std::time::Instant::now();
    run.call(&mut store, 10_000).unwrap();
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}

/// Rows of 100 structs each, in a table: what is left of them on stacks is a row at most.
#[test]
fn a_program_that_gives_up_what_fills_the_heap_fills_it_again() {
    let text = r#"(module
        (type $list (struct (field $next (ref null $list)) (field i64)))
        (table $rows (export "rows") 5000 (ref null $list))
        (func $row (result (ref null $list)) (local $n i32) (local $list (ref null $list))
            (loop $more
                (local.set $list (struct.new $list (local.get $list) (i64.const 1)))
                (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
            (local.get $list))
        (func (export "fill") (param $n i32)
            (table.fill $rows (i32.const 0) (ref.null $list) (table.size $rows))
            (loop $more
                (table.set $rows (local.get $n) (call $row))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let mut store = Store::new(&engine(GcStress::None), ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(4 << 20).build());
    let fill = instance(&mut store, &[], text).get_typed_func::<i32, ()>(&store, "fill").unwrap();
    let most = most_that(5_000, |rows| fill.call(&mut store, rows).is_ok());
    assert!(most > 1_200, "{most} rows of 100 structs of 24 bytes");
    for _ in 0..20 {
        fill.call(&mut store, most - 5).unwrap();
    }
}
