//! Exceptions across the boundary: thrown by host functions, through them, out of calls; through nested, resumable and async calls; through
//! circles of modules; with fuel, deadlines, and collections at every allocation. The scripts in `tests/scripts` have the language.

#![cfg(feature = "wat")]

mod host;
mod paused;
mod random;
#[path = "../support/waiting.rs"]
mod waiting;

use pirn::*;

/// Engines that execute the same in different ways; in the last two of three, every allocation collects, or begins a collection, goes on with it or ends it.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for (fuse, fuel, epochs) in [(true, false, false), (false, false, true), (true, true, true), (false, true, false)] {
        for stress in [GcStress::None, GcStress::Collect, GcStress::Step] {
            let mut config = Config::new();
            config.fuse(fuse).consume_fuel(fuel).epoch_interruption(epochs).gc_stress(stress);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

/// A store that nothing stops.
fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    if engine.config().consumes_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.set_epoch_deadline(u64::MAX);
    store
}

fn tag(store: &mut Store<impl Send + 'static>, params: &[ValType]) -> Tag {
    Tag::new(store, &TagType::new(FuncType::new(params.iter().copied(), []))).unwrap()
}

/// Tag and values of the exception that the error is about.
#[track_caller]
fn thrown<T>(store: &mut Store<T>, error: &Error) -> (Tag, Vec<Val>) {
    assert!(error.is::<ThrownException>(), "{error:?}");
    assert!(store.has_pending_exception());
    let exception = store.take_pending_exception().expect("an exception is pending");
    assert!(!store.has_pending_exception() && store.take_pending_exception().is_none());
    (exception.tag(&*store).unwrap(), exception.fields(&*store).unwrap().collect())
}

#[test]
fn an_uncaught_exception_is_an_error_with_tag_values_and_backtrace() {
    for engine in engines() {
        let text = r#"(module $m
            (tag $t (export "t") (param i32 v128 f64))
            (func $inner (param i32)
                (throw $t (local.get 0) (v128.const i64x2 3 4) (f64.const 2.5)))
            (func $middle (param i32) (call $inner (i32.add (local.get 0) (i32.const 1))))
            (func (export "run") (param i32) (call $middle (local.get 0))))"#;
        let module = Module::new(&engine, text).unwrap();
        let mut store = store(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let error = instance.get_func(&store, "run").unwrap().invoke::<i32, ()>(&mut store, 6).unwrap_err();
        let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
        let names: Vec<_> =
            backtrace.frames().iter().map(|frame| frame.func_name().unwrap_or("-").to_owned()).collect();
        assert_eq!(names, ["inner", "middle", "-"]);
        let throw = backtrace.frames()[0].module_offset().unwrap();
        assert_eq!(wat::parse_str(text).unwrap()[throw], 0x08, "where it was thrown");
        assert!(error.trap().is_none());
        let (found, values) = thrown(&mut store, &error);
        assert_eq!(found, instance.get_tag(&store, "t").unwrap());
        let vector = V128::from(3_u128 | 4 << 64);
        assert_eq!(values, [Val::I32(7), Val::V128(vector), Val::F64(2.5_f64.to_bits())]);
        let ty = found.ty(&store);
        assert_eq!(ty.ty().params(), [ValType::I32, ValType::V128, ValType::F64]);
    }
}

#[test]
fn tags_are_linked_by_identity_and_type() {
    let engine = Engine::default();
    let mut store = store(&engine, ());
    let (one, other) = (tag(&mut store, &[ValType::I32]), tag(&mut store, &[ValType::I32]));
    assert_ne!(one, other);
    let module = Module::new(
        &engine,
        r#"(module (tag $a (import "" "a") (param i32)) (tag $b (import "" "b") (param i32))
            (export "a" (tag $a)) (tag (export "own"))
            (func (export "run") (result i32)
                (block $h (result i32) (try_table (catch $b $h) (throw $a (i32.const 1))) (i32.const 0))))"#,
    )
    .unwrap();
    let imports = module.imports().map(|import| import.ty()).collect::<Vec<_>>();
    assert!(matches!(&imports[0], ExternType::Tag(ty) if ty.ty().params() == [ValType::I32]));
    assert_eq!(imports[0].to_string(), "tag [i32] -> []");
    let same = Instance::new(&mut store, &module, &[one.into(), one.into()]).unwrap();
    assert_eq!(same.get_tag(&store, "a"), Some(one));
    assert_ne!(same.get_tag(&store, "own"), Some(one));
    assert_eq!(same.get_func(&store, "run").unwrap().invoke::<(), i32>(&mut store, ()).unwrap(), 1);
    let apart = Instance::new(&mut store, &module, &[one.into(), other.into()]).unwrap();
    let error = apart.get_func(&store, "run").unwrap().invoke::<(), i32>(&mut store, ()).unwrap_err();
    assert_eq!(thrown(&mut store, &error), (one, vec![Val::I32(1)]));
    // Of another type, and of another store.
    let wrong = tag(&mut store, &[ValType::I64]);
    let error = Instance::new(&mut store, &module, &[one.into(), wrong.into()]).unwrap_err();
    assert!(error.to_string().contains("expected tag [i32] -> [], found tag [i64] -> []"), "{error}");
    let mut elsewhere = Store::new(&engine, ());
    let foreign = tag(&mut elsewhere, &[ValType::I32]);
    assert!(Instance::new(&mut store, &module, &[one.into(), foreign.into()]).is_err());
    assert!(ExnRef::new(&mut store, &foreign, &[Val::I32(0)]).is_err());
}

#[test]
fn exceptions_are_made_of_values_of_the_tags_types() {
    let engine = Engine::default();
    let mut store = store(&engine, ());
    let tag = tag(&mut store, &[ValType::I64, ValType::EXTERNREF, ValType::V128, ValType::FUNCREF]);
    let value = ExternRef::new(&mut store, "a value");
    let vector = Val::V128(V128::from(9));
    let values = [Val::I64(1), value.into(), vector, Val::FuncRef(None)];
    let exception = ExnRef::new(&mut store, &tag, &values).unwrap();
    store.gc();
    assert_eq!(exception.tag(&store).unwrap(), tag);
    assert_eq!(exception.fields(&store).unwrap().collect::<Vec<_>>(), values);
    assert_eq!(exception.field(&store, 2).unwrap(), vector);
    assert!(exception.field(&store, 4).is_err());
    for wrong in [&values[..3], &[Val::I32(1), values[1], values[2], values[3]]] {
        assert!(ExnRef::new(&mut store, &tag, wrong).is_err());
    }
    // It is not collected as long as it is pending, nor what it refers to.
    let owned = {
        let mut scope = RootScope::new(&mut store);
        let held = ExternRef::new(&mut scope, String::from("held"));
        let exception = ExnRef::new(&mut scope, &tag, &[Val::I64(2), held.into(), vector, Val::FuncRef(None)]).unwrap();
        scope.as_context_mut().throw::<()>(exception).unwrap_err()
    };
    store.gc();
    assert!(Error::from(owned).is::<ThrownException>());
    let exception = store.take_pending_exception().unwrap();
    let held = exception.field(&store, 1).unwrap().unwrap_externref().unwrap();
    assert_eq!(held.data(&store).unwrap().unwrap().downcast_ref::<String>().unwrap(), "held");
}

#[test]
fn exceptions_die_with_their_last_reference() {
    struct Dropped(std::sync::Arc<std::sync::atomic::AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let dropped = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let engine = Engine::default();
    let mut store = store(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module (tag $t (param externref))
            (func (export "run") (param externref)
                (block $h (result externref) (try_table (catch $t $h) (throw $t (local.get 0))) (unreachable)) (drop)))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    for _ in 0..10 {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, Dropped(dropped.clone()));
        run.call(&mut scope, &[value.into()], &mut []).unwrap();
    }
    store.gc();
    // The machine's stacks and accumulators may still look like references to the last.
    assert!(dropped.load(std::sync::atomic::Ordering::Relaxed) >= 9);
}

#[test]
fn start_functions_may_throw() {
    let engine = Engine::default();
    let mut store = store(&engine, ());
    let module =
        Module::new(&engine, r#"(module (tag $t (param i32)) (func $s (throw $t (i32.const 3))) (start $s))"#).unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(thrown(&mut store, &error).1, [Val::I32(3)]);
    let module = Module::new(
        &engine,
        r#"(module (tag $t (param i32)) (func $s (try_table (catch_all 0) (throw $t (i32.const 3)))) (start $s))"#,
    )
    .unwrap();
    Instance::new(&mut store, &module, &[]).unwrap();
}

/// Two modules call each other, each catches every third exception and throws another.
#[test]
fn exceptions_go_through_circles_of_modules() {
    let text = |own: &str, other: &str, third: i32| {
        format!(
            r#"(module
                (tag $shared (import "tags" "t") (param i32 i64))
                (func $other (import "{other}" "{other}") (param i32) (result i32))
                (func (export "{own}") (param i32) (result i32)
                    (local i32 i64)
                    (if (i32.eqz (local.get 0)) (then (throw $shared (i32.const 1) (i64.const 1000))))
                    (block $h (result i32 i64)
                        (if (i32.eq (i32.rem_u (local.get 0) (i32.const 3)) (i32.const {third}))
                            (then
                                (try_table (catch $shared $h)
                                    (return (call $other (i32.sub (local.get 0) (i32.const 1))))))
                            (else (return (call $other (i32.sub (local.get 0) (i32.const 1))))))
                        (unreachable))
                    (local.set 2) (local.set 1)
                    (throw $shared (i32.add (local.get 1) (local.get 0)) (i64.add (local.get 2) (i64.const 1)))))"#
        )
    };
    for engine in engines() {
        let mut store = store(&engine, ());
        let mut linker = Linker::<()>::new(&engine);
        let tags = Module::new(&engine, r#"(module (tag $t (param i32 i64)) (export "t" (tag $t)))"#).unwrap();
        let tags = Instance::new(&mut store, &tags, &[]).unwrap();
        linker.instance(&mut store, "tags", tags).unwrap();
        let (even, odd) = (text("even", "odd", 0), text("odd", "even", 2));
        let mut group = linker.group();
        for (name, text) in [("even", even), ("odd", odd)] {
            group.module(name, &Module::new(&engine, text).unwrap()).unwrap();
        }
        let linked = group.instantiate(&mut store).unwrap();
        let run = linked.get("even").unwrap().get_func(&store, "even").unwrap();
        let error = run.invoke::<i32, i32>(&mut store, 100).unwrap_err();
        let (mut sum, mut count) = (1, 1000);
        for n in 1..=100 {
            let catches = n % 3 == if n % 2 == 0 { 0 } else { 2 };
            (sum, count) = if catches { (sum + n, count + 1) } else { (sum, count) };
        }
        let tag = tags.get_tag(&store, "t").unwrap();
        assert_eq!(thrown(&mut store, &error), (tag, vec![Val::I32(sum), Val::I64(count)]));
    }
}

#[test]
fn exceptions_leave_deep_stacks() {
    for engine in engines() {
        let mut config = engine.config().clone();
        config.max_wasm_stack(64 << 20);
        let engine = Engine::new(&config).unwrap();
        let mut store = store(&engine, ());
        let module = Module::new(
            &engine,
            r#"(module (tag $t (param i32))
                (func $down (param i32 i32) (result i32)
                    (if (i32.eqz (local.get 0)) (then (throw $t (local.get 1))))
                    (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
                (func (export "run") (param i32 i32) (result i32)
                    (block $h (result i32)
                        (try_table (catch $t $h) (drop (call $down (local.get 0) (local.get 1))))
                        (i32.const -1))))"#,
        )
        .unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_func(&store, "run").unwrap();
        assert_eq!(run.invoke::<(i32, i32), i32>(&mut store, (100_000, 7)).unwrap(), 7);
    }
}

/// A loop that goes on by way of a handler alone pays for each round, and is interrupted.
#[test]
fn handlers_that_lead_back_stop_for_fuel_and_deadlines() {
    let text = r#"(module (tag $t)
        (func (export "catch") (loop $l (try_table (catch $t $l) (throw $t))))
        (func (export "legacy") (loop $l try throw $t catch $t br $l end)))"#;
    for fuse in [true, false] {
        for name in ["catch", "legacy"] {
            let engine = Engine::new(Config::new().fuse(fuse).consume_fuel(true)).unwrap();
            let mut store = Store::new(&engine, ());
            store.set_fuel(10_000).unwrap();
            let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
            let error = instance.get_func(&store, name).unwrap().invoke::<(), ()>(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::OutOfFuel));

            let engine = Engine::new(Config::new().fuse(fuse).epoch_interruption(true)).unwrap();
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1);
            let ticker = engine.clone();
            let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(20));
                ticker.increment_epoch();
            });
            let error = instance.get_func(&store, name).unwrap().invoke::<(), ()>(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::Interrupt));
            thread.join().unwrap();
        }
    }
}

#[test]
fn the_heap_may_have_no_room_for_an_exception() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(1 << 20).build());
    let module = Module::new(
        &engine,
        r#"(module (tag $t (param exnref))
            (func (export "run") (local $last exnref)
                (loop $l
                    (block $h (result exnref)
                        (try_table (catch_all_ref $h) (throw $t (local.get $last)))
                        (unreachable))
                    (local.set $last)
                    (br $l))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let error = instance.get_func(&store, "run").unwrap().invoke::<(), ()>(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::GcHeapOutOfMemory));
}

#[test]
fn serialized_modules_keep_their_handlers() {
    for engine in engines() {
        let module = Module::new(
            &engine,
            r#"(module (tag $t (param i32))
                (func $f (param i32) (throw $t (local.get 0)))
                (func (export "run") (param i32) (result i32)
                    (block $h (result i32 exnref)
                        (try_table (catch_ref $t $h) (call $f (local.get 0)))
                        (unreachable))
                    (drop)))"#,
        )
        .unwrap();
        let bytes = module.serialize().unwrap();
        // SAFETY: the bytes are those that `serialize` gave.
        let module = unsafe { Module::deserialize(&engine, bytes) }.unwrap();
        let mut store = store(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        assert_eq!(instance.get_func(&store, "run").unwrap().invoke::<i32, i32>(&mut store, 8).unwrap(), 8);
    }
}
