//! What refers to objects where the host and WebAssembly hand them to each other, and how long.

#![cfg(feature = "wat")]

#[path = "support/waiting.rs"]
mod waiting;

use pirn::*;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use waiting::{block_on, later};

/// A store of a heap of a mebibyte, with an instance that fills it up.
fn full(text: &str) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(1 << 20).build());
    let text = format!(
        r#"(module
            (type $pair (struct (field i32) (field i32)))
            (func (export "pair") (result anyref) (struct.new $pair (i32.const 3) (i32.const 4)))
            (func (export "fill")
                (local $n i32)
                (loop $more
                    (drop (struct.new_default $pair))
                    (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 42900)))))
            {text})"#
    );
    let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    instance.get_typed_func::<(), ()>(&store, "fill").unwrap().call(&mut store, ()).unwrap();
    (store, instance)
}

#[test]
fn what_the_host_makes_has_the_room_that_garbage_takes() {
    let text = r#"(type $bytes (array (mut i8)))
        (func (export "bytes") (param (ref null $bytes)))
        (tag (export "tag") (param i64 i64 i64 i64 i64 i64))"#;
    let (mut store, instance) = full(text);
    let mut scope = RootScope::new(&mut store);
    let ValType::Ref(bytes) = instance.get_func(&scope, "bytes").unwrap().ty(&scope).params()[0] else {
        panic!("a reference")
    };
    let bytes = ArrayRefPre::new(&mut scope, bytes.heap_type()).unwrap();
    let array = ArrayRef::new(&mut scope, &bytes, Val::I32(7), 1_000).unwrap();
    assert_eq!(array.get(&scope, 999).unwrap(), Val::I32(7));
    drop(scope);

    let (mut store, instance) = full(text);
    let tag = instance.get_tag(&store, "tag").unwrap();
    let exception = ExnRef::new(&mut store, &tag, &[5, 6, 7, 8, 9, 10].map(Val::I64)).unwrap();
    assert_eq!(exception.field(&store, 5).unwrap(), Val::I64(10));
    // What is rooted stays, and then there is no more room.
    let error = loop {
        if let Err(error) = ExnRef::new(&mut store, &tag, &[0; 6].map(Val::I64)) {
            break error;
        }
    };
    assert_eq!(error.trap(), Some(Trap::GcHeapOutOfMemory));
    assert_eq!(exception.field(&store, 5).unwrap(), Val::I64(10));

    let (mut store, instance) = full("");
    let pair = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&store, "pair").unwrap();
    let ty = pair.call(&mut store, ()).unwrap().unwrap().ty(&store).unwrap();
    let pre = StructRefPre::new(&mut store, ty).unwrap();
    for n in 0..100_000 {
        let mut scope = RootScope::new(&mut store);
        let made = StructRef::new(&mut scope, &pre, &[Val::I32(n), Val::I32(-n)]).unwrap();
        assert_eq!(made.field(&scope, 1).unwrap(), Val::I32(-n));
    }
}

#[test]
fn what_constant_expressions_make_has_the_room_that_garbage_takes() {
    let (mut store, _) = full("");
    let text = r#"(module
        (type $bytes (array (mut i8)))
        (global $bytes (export "bytes") (ref $bytes) (array.new $bytes (i32.const 9) (i32.const 5000))))"#;
    let module = Module::new(store.engine(), text).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let bytes = instance.get_global(&store, "bytes").unwrap().get(&mut store);
    let bytes = bytes.unwrap_anyref().unwrap().as_array(&store).unwrap().unwrap();
    assert_eq!(bytes.get(&store, 4_999).unwrap(), Val::I32(9));
}

#[test]
fn much_that_constant_expressions_make_has_the_room_that_garbage_takes() {
    let engine = Engine::default();
    let garbage = r#"(module (type $bytes (array (mut i8)))
        (func (export "garbage") (drop (array.new_default $bytes (i32.const 6000000)))))"#;
    let one = r#"(module (type $bytes (array (mut i8)))
        (global $g (mut (ref null $bytes)) (array.new_default $bytes (i32.const 8000000)))
        (func (export "garbage")))"#;
    let many = format!(
        r#"(module (type $bytes (array (mut i8)))
            (table 400 (ref null $bytes)) (elem (i32.const 0) (ref null $bytes) {})
            (func (export "garbage")))"#,
        "(array.new_default $bytes (i32.const 8000))".repeat(400)
    );
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(20 << 20).build());
    let mut instance = |text: &str| Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    let [garbage, one] = [garbage, one].map(&mut instance);
    let many = Module::new(&engine, many).unwrap();
    for _ in 0..5 {
        one.reset(&mut store).unwrap();
        garbage.get_typed_func::<(), ()>(&store, "garbage").unwrap().call(&mut store, ()).unwrap();
    }
    // What is kept of it has room twice.
    for _ in 0..2 {
        garbage.get_typed_func::<(), ()>(&store, "garbage").unwrap().call(&mut store, ()).unwrap();
        Instance::new(&mut store, &many, &[]).unwrap();
    }
}

#[test]
fn memory_of_a_heap_that_is_empty_goes_back() {
    let engine = Engine::default();
    let text = r#"(module (type $list (struct (field (ref null $list)) (field i64)))
        (global $list (mut (ref null $list)) (ref.null $list))
        (func (export "make") (param $n i32)
            (loop $more
                (global.set $list (struct.new $list (global.get $list) (i64.const 1)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "drop") (global.set $list (ref.null $list))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    for _ in 0..3 {
        instance.get_typed_func::<i32, ()>(&store, "make").unwrap().call(&mut store, 200_000).unwrap();
        assert!(engine.memory_usage().heaps > 4 << 20);
        instance.get_typed_func::<(), ()>(&store, "drop").unwrap().call(&mut store, ()).unwrap();
        store.gc();
        assert!(engine.memory_usage().heaps <= 1 << 20, "{}", engine.memory_usage().heaps);
    }
}

/// Whoever holds as many references as there is room for, and drops one and makes another, does not have all of them looked at each time.
#[test]
fn owning_a_reference_takes_no_longer_where_there_are_many() {
    let mut store = Store::<()>::default();
    let value = ExternRef::new(&mut store, 1);
    let mut owned: Vec<_> = (0..1 << 18).map(|_| value.to_owned_rooted(&mut store).unwrap()).collect();
    // Each looked at once would be 2^36 of them.
    for one in &mut owned {
        *one = value.to_owned_rooted(&mut store).unwrap();
    }
    assert!(owned.iter().all(|owned| owned.to_rooted(&mut store).data(&store).unwrap().is_some()));
}

/// Counts the epoch up as fast as it can, until it is dropped.
struct Ticking(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Ticking {
    fn new(engine: &Engine) -> Self {
        let (over, engine) = (Arc::new(AtomicBool::new(false)), engine.clone());
        let is_over = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                engine.increment_epoch();
            }
        });
        Self(over, Some(thread))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().expect("it is joined once").join().expect("it does not panic");
    }
}

#[test]
fn segments_that_are_put_back_keep_their_objects_while_the_deadlines_callback_collects() {
    const COUNT: u32 = 40_000;
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut text = format!(
        r#"(module
            (type $s (struct (field $n i32)))
            (table $t {COUNT} (ref null $s))
            (func (export "make") (param $n i32)
                (loop $more
                    (drop (struct.new $s (i32.const -1)))
                    (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
            (func (export "sum") (result i64) (local $i i32) (local $sum i64)
                (loop $more
                    (local.set $sum
                        (i64.add (local.get $sum) (i64.extend_i32_s (struct.get $s $n (table.get $t (local.get $i))))))
                    (br_if $more
                        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {COUNT}))))
                (local.get $sum))
            (elem (table $t) (i32.const 0) (ref null $s)"#
    );
    (0..COUNT).for_each(|n| write!(text, "(struct.new $s (i32.const {n}))").unwrap());
    text.push_str("))");
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, 0);
    store.set_epoch_deadline(u64::MAX);
    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        store.gc();
        Ok(UpdateDeadline::Continue(u64::MAX))
    });
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let make = instance.get_typed_func::<i32, ()>(&store, "make").unwrap();
    let sum = instance.get_typed_func::<(), i64>(&store, "sum").unwrap();
    // When the deadline passes, another thread decides: until that is while the segment is being read.
    for power in (8..20).cycle() {
        {
            let _ticking = Ticking::new(&engine);
            store.set_epoch_deadline(1 << power);
            instance.reset(&mut store).unwrap();
        }
        store.set_epoch_deadline(u64::MAX);
        make.call(&mut store, COUNT as i32).unwrap();
        assert_eq!(sum.call(&mut store, ()).unwrap(), i64::from(COUNT) * i64::from(COUNT - 1) / 2);
        if *store.data() > 0 {
            break;
        }
    }
}

/// Calls what waits, which gives or throws a struct.
const WAITS: &str = r#"(module
    (type $s (struct (field $n i32)))
    (import "host" "tag" (tag $tag (param anyref)))
    (import "host" "wait" (func $wait (param i32 externref anyref) (result anyref)))
    (func $number (param anyref) (result i32) (struct.get $s $n (ref.cast (ref $s) (local.get 0))))
    (table $value (export "value") 1 externref)
    (func (export "run") (param $throws i32) (result i32)
        (local $before anyref) (local $found anyref)
        (local.set $before (struct.new $s (i32.const 1000)))
        (local.set $found
            (block $caught (result anyref)
                (try_table (result anyref) (catch $tag $caught)
                    (call $wait (local.get $throws) (table.get $value (i32.const 0)) (struct.new $s (i32.const 7))))))
        ;; What was freed is used again.
        (drop (struct.new $s (i32.const -1)))
        (drop (struct.new $s (i32.const -2)))
        (i32.add (call $number (local.get $before)) (call $number (local.get $found)))))"#;

fn linker(store: &mut Store<()>) -> Linker<()> {
    let anyref = ValType::Ref(RefType::ANYREF);
    let tag = Tag::new(&mut *store, &TagType::new(FuncType::new([anyref], []))).unwrap();
    let mut linker = Linker::new(store.engine());
    linker.define(&mut *store, "host", "tag", tag).unwrap();
    type Args = (i32, Option<Rooted<ExternRef>>, Option<Rooted<AnyRef>>);
    linker
        .func_wrap_async("host", "wait", move |mut caller: Caller<'_, ()>, (throws, _, given): Args| {
            Box::new(async move {
                later().await;
                // The struct that was given is the only thing that refers to nothing but what is rooted here.
                let ty = given.unwrap().ty(&caller)?;
                let pre = StructRefPre::new(&mut caller, ty)?;
                let made = StructRef::new(&mut caller, &pre, &[Val::I32(8)])?;
                if throws == 0 {
                    return Ok(Some(Rooted::<AnyRef>::from(made)));
                }
                let exception = ExnRef::new(&mut caller, &tag, &[made.into()])?;
                Ok(caller.throw(exception)?)
            })
        })
        .unwrap();
    linker
}

#[test]
fn what_an_async_host_function_gives_or_throws_is_kept_while_a_hook_collects() {
    for stress in [GcStress::None, GcStress::Collect, GcStress::Step] {
        let engine = Engine::new(Config::new().gc_stress(stress)).unwrap();
        let mut store = Store::new(&engine, ());
        store.call_hook(|mut store, _| {
            store.gc();
            Ok(())
        });
        let linker = linker(&mut store);
        let instance = linker.instantiate(&mut store, &Module::new(&engine, WAITS).unwrap()).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        block_on(async {
            // What the first call leaves on the stack may keep what a later one has in the same place.
            for throws in [1, 0, 1, 0] {
                assert_eq!(run.call_async(&mut store, throws).await.unwrap(), 1008, "{throws}");
            }
        });
    }
}

#[test]
fn an_async_host_functions_references_last_as_long_as_its_call() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let linker = linker(&mut store);
    let instance = linker.instantiate(&mut store, &Module::new(&engine, WAITS).unwrap()).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let table = instance.get_table(&store, "value").unwrap();
    for throws in [0, 1] {
        {
            let mut scope = RootScope::new(&mut store);
            let value = ExternRef::new(&mut scope, Counted(Arc::clone(&dropped)));
            table.set(&mut scope, 0, value.into()).unwrap();
        }
        assert_eq!(block_on(run.call_async(&mut store, throws)).unwrap(), 1008);
        store.gc();
        assert_eq!(dropped.load(Ordering::Relaxed), throws as usize, "the table has it");
        table.set(&mut store, 0, Ref::Extern(None)).unwrap();
        store.gc();
        assert_eq!(dropped.load(Ordering::Relaxed), throws as usize + 1);
    }
}

/// A future that has the store until it is dropped, and collects then. It gives a struct when it is polled the second time.
struct Collects<'a> {
    caller: Caller<'a, ()>,
    pre: StructRefPre,
    waited: bool,
}

impl Collects<'_> {
    fn make(&mut self, number: i32) -> Rooted<AnyRef> {
        StructRef::new(&mut self.caller, &self.pre, &[Val::I32(number)]).expect("there is room").into()
    }
}

impl Future for Collects<'_> {
    type Output = Option<Rooted<AnyRef>>;

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::replace(&mut self.waited, true) { Poll::Ready(Some(self.make(8))) } else { Poll::Pending }
    }
}

impl Drop for Collects<'_> {
    fn drop(&mut self) {
        self.caller.as_context_mut().gc();
        // What was freed is used again.
        for number in 0..1000 {
            self.make(-number);
        }
    }
}

#[test]
fn what_a_future_gives_is_kept_while_it_is_dropped() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = linker(&mut store);
    linker.allow_shadowing(true);
    type Args = (i32, Option<Rooted<ExternRef>>, Option<Rooted<AnyRef>>);
    linker
        .func_wrap_async("host", "wait", |mut caller, (_, _, given): Args| {
            let ty = given.unwrap().ty(&caller).unwrap();
            let pre = StructRefPre::new(&mut caller, ty).unwrap();
            Box::new(Collects { caller, pre, waited: false })
        })
        .unwrap();
    let instance = linker.instantiate(&mut store, &Module::new(&engine, WAITS).unwrap()).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    for _ in 0..3 {
        assert_eq!(block_on(run.call_async(&mut store, 0)).unwrap(), 1008);
    }
}

/// Nobody waits any more for what the host function was given.
#[test]
fn an_async_call_that_is_dropped_roots_nothing() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let linker = linker(&mut store);
    let instance = linker.instantiate(&mut store, &Module::new(&engine, WAITS).unwrap()).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let table = instance.get_table(&store, "value").unwrap();
    let value = Arc::new(());
    {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, Arc::clone(&value));
        table.set(&mut scope, 0, value.into()).unwrap();
    }
    {
        let mut call = pin!(run.call_async(&mut store, 0));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    table.set(&mut store, 0, Ref::Extern(None)).unwrap();
    store.gc();
    assert_eq!(Arc::strong_count(&value), 1);
}

/// A module that makes a struct, gives what one holds, and makes many others.
const BOXES: &str = r#"(module
    (type $box (struct (field (mut i64))))
    (import "" "call" (func $call))
    (func (export "make") (param i64) (result anyref) (struct.new $box (local.get 0)))
    (func (export "get") (param anyref) (result i64) (struct.get $box 0 (ref.cast (ref $box) (local.get 0))))
    (func (export "waste") (local $n i32)
        (loop $more
            (drop (struct.new $box (i64.const 0x6666)))
            (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000)))))
    (func (export "holds") (result i64) (local $box (ref null $box))
        (local.set $box (struct.new $box (i64.const 42)))
        (call $call)
        (struct.get $box 0 (local.get $box))))"#;

fn boxes(store: &mut Store<()>, call: Func) -> Instance {
    let module = Module::new(store.engine(), BOXES).unwrap();
    Instance::new(store, &module, &[call.into()]).unwrap()
}

/// One store when it is asked first, another one from then on.
struct Changing<'a>(Option<&'a mut Store<()>>, StoreContextMut<'a, ()>);

impl AsContext for Changing<'_> {
    type Data = ();
    fn as_context(&self) -> StoreContext<'_, ()> {
        self.1.as_context()
    }
}

impl AsContextMut for Changing<'_> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, ()> {
        match self.0.take() {
            Some(first) => first.as_context_mut(),
            None => self.1.as_context_mut(),
        }
    }
}

#[test]
fn a_scope_ends_nothing_of_another_store() {
    let engine = Engine::default();
    let (mut store, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let value = ExternRef::new(&mut store, 7);
    drop(RootScope::new(Changing(Some(&mut other), store.as_context_mut())));
    assert!(value.data(&store).unwrap().is_some());
}

/// A call's arguments and results are in no root of the embedder's while a hook is told of the call.
#[test]
fn arguments_and_results_stay_while_a_hook_collects() {
    for at in [CallHook::CallingWasm, CallHook::ReturningFromWasm] {
        let engine = Engine::new(Config::new().limits(StoreLimitsBuilder::new().gc_heap(2 << 20).build())).unwrap();
        let mut store = Store::new(&engine, ());
        let call = Func::wrap(&mut store, || {});
        let instance = boxes(&mut store, call);
        let make = instance.get_typed_func::<i64, Option<Rooted<AnyRef>>>(&store, "make").unwrap();
        let get = instance.get_typed_func::<Option<Rooted<AnyRef>>, i64>(&store, "get").unwrap();
        let waste = instance.get_typed_func::<(), ()>(&store, "waste").unwrap();
        let told = Arc::new(AtomicUsize::new(0));
        let times = Arc::clone(&told);
        let mut is_inside = false;
        store.call_hook(move |mut context, now| {
            if now == at && !std::mem::replace(&mut is_inside, true) {
                times.fetch_add(1, Ordering::Relaxed);
                let dropped = Arc::new(());
                ExternRef::new(RootScope::new(&mut context), Arc::clone(&dropped));
                context.gc();
                assert_eq!(Arc::strong_count(&dropped), 1, "it is collected here, too");
                // More than the heap has room for.
                waste.call(&mut context, ())?;
                is_inside = false;
            }
            Ok(())
        });
        let value = make.call(&mut store, 42).unwrap();
        assert_eq!(get.call(&mut store, value).unwrap(), 42);
        let value = make.call_resumable(&mut store, 43).unwrap().finished().unwrap();
        assert_eq!(get.call_resumable(&mut store, value).unwrap().finished(), Some(43));
        assert!(told.load(Ordering::Relaxed) >= 4);
    }
}

/// Panics when it is dropped, with something that does so, too.
struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        struct Again;
        impl Drop for Again {
            fn drop(&mut self) {
                if !std::thread::panicking() {
                    panic!("on purpose, again");
                }
            }
        }
        std::panic::panic_any(Again);
    }
}

#[test]
fn values_that_panic_when_they_are_dropped_do_no_harm() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let call = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
        let inner = Func::wrap(&mut caller, |mut caller: Caller<'_, ()>| {
            let mut scope = RootScope::new(&mut caller);
            let values = [ExternRef::new(&mut scope, Panics), ExternRef::new(&mut scope, Panics)];
            drop(scope);
            caller.as_context_mut().gc();
            assert!(values.iter().all(|value| value.data(&caller).is_err()));
        });
        assert!(inner.call_resumable(&mut caller, &[]).unwrap().finished().is_some());
        caller.as_context_mut().gc();
        // What a frame further out has is there still.
        let waste = caller.get_export("waste").unwrap().into_func().unwrap();
        waste.invoke::<(), ()>(&mut caller, ()).unwrap();
    });
    let instance = boxes(&mut store, call);
    assert_eq!(instance.get_typed_func::<(), i64>(&store, "holds").unwrap().call(&mut store, ()).unwrap(), 42);
}

#[test]
fn a_host_function_that_panics_keeps_nothing_rooted() {
    let mut store = Store::new(&Engine::default(), ());
    let value = Arc::new(());
    let held = Arc::clone(&value);
    let call = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
        ExternRef::new(&mut caller, Arc::clone(&held));
        assert!(Arc::strong_count(&held) == 0, "on purpose");
    });
    let instance = boxes(&mut store, call);
    let holds = instance.get_typed_func::<(), i64>(&store, "holds").unwrap();
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| holds.call(&mut store, ()))).is_err());
    }
    assert_eq!(Arc::strong_count(&value), 5);
    store.gc();
    assert_eq!(Arc::strong_count(&value), 2);
}

/// The values of an exception lie in slots behind those of the call that has thrown it.
#[test]
fn many_values_of_an_exception_are_kept_while_a_hook_collects() {
    let text = format!(
        r#"(module
            (import "host" "tag" (tag $tag (param {ten})))
            (import "host" "wait" (func $wait))
            (import "host" "sum" (func $sum (param {ten}) (result i32)))
            (func (export "run") (result i32)
                (block $caught (result {ten})
                    (try_table (catch $tag $caught) (call $wait))
                    (unreachable))
                (call $sum)))"#,
        ten = "externref ".repeat(10)
    );
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let externs = || std::iter::repeat_n(ValType::EXTERNREF, 10);
    let tag = Tag::new(&mut store, &TagType::new(FuncType::new(externs(), []))).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.define(&mut store, "host", "tag", tag).unwrap();
    linker
        .func_wrap_async("host", "wait", move |mut caller: Caller<'_, ()>, (): ()| {
            Box::new(async move {
                later().await;
                let values: Vec<Val> = (0..10).map(|n| ExternRef::new(&mut caller, n).into()).collect();
                let exception = ExnRef::new(&mut caller, &tag, &values)?;
                Ok(caller.throw::<()>(exception)?)
            })
        })
        .unwrap();
    let sum = FuncType::new(externs(), [ValType::I32]);
    linker
        .func_new("host", "sum", sum, |caller, values, results| {
            let number = |value: &Val| -> Result<i32> {
                let data = value.unwrap_externref().expect("a value").data(&caller)?;
                Ok(*data.and_then(|data| data.downcast_ref::<i32>()).expect("it was freed"))
            };
            results[0] = Val::I32(values.iter().map(number).sum::<Result<i32>>()?);
            Ok(())
        })
        .unwrap();
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
    store.call_hook(|mut context, _| {
        context.gc();
        Ok(())
    });
    for _ in 0..3 {
        assert_eq!(block_on(run.call_async(&mut store, ())).unwrap(), 45);
    }
}
