//! Going on, pausing, failing, and what a callback does with the store.

use crate::{Ticking, engine, engines, instance, run, store};
use pirn::{
    AsContextMut, Caller, Config, Engine, Error, Func, Instance, Linker, Module, PauseReason, Ref, Resumable, Store,
    Trap, UpdateDeadline,
};
use std::time::Duration;

/// Sums up to its parameter, and has the host tick in each iteration.
const SUM: &str = r#"(module (import "host" "tick" (func $tick)) (memory (export "memory") 1) (global $g (mut i64) (i64.const 0))
    (func (export "read") (result i64) (global.get $g))
    (func (export "sum") (param $n i32) (result i64) (local $sum i64) (local $x f64)
        (local.set $x (f64.const 0.5))
        (loop $l
            (call $tick)
            (local.set $x (f64.add (local.get $x) (f64.const 1)))
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $n))))
            (global.set $g (local.get $sum))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i64.add (local.get $sum) (i64.trunc_f64_s (local.get $x)))))"#;

/// Of 100: the numbers, and 0.5 and 100 times 1.
const SUM_OF_100: i64 = 5050 + 100;

fn sum<T: Send>(store: &mut Store<T>) -> Instance {
    let engine = store.engine().clone();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "tick", |caller: Caller<'_, T>| caller.engine().increment_epoch()).unwrap();
    let module = Module::new(&engine, SUM).unwrap();
    linker.instantiate(store, &module).unwrap()
}

#[test]
fn going_on() {
    for engine in engines() {
        let mut store = store(&engine, 0);
        let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
        store.epoch_deadline_callback(|mut store| {
            *store.data_mut() += 1;
            Ok(UpdateDeadline::Continue(1))
        });
        assert_eq!(sum.call(&mut store, 100).unwrap(), SUM_OF_100);
        // All iterations but the first, before which nobody had ticked.
        assert_eq!(*store.data(), 99);
        // The deadline of the last one has passed.
        store.epoch_deadline_trap();
        assert_eq!(sum.call(&mut store, 100).unwrap_err().trap(), Some(Trap::Interrupt));
    }
}

#[test]
fn pausing() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let begin = |store: &mut Store<()>| sum.call_resumable(store, 100).unwrap();
        let (mut calls, mut pauses) = ([begin(&mut store), begin(&mut store)].map(Some), [0; 2]);
        // Two calls in turn, so that each goes on from what is its own.
        while let [Some(Resumable::Paused(_)), _] | [_, Some(Resumable::Paused(_))] = calls {
            for (call, pauses) in calls.iter_mut().zip(&mut pauses) {
                *call = match call.take().unwrap() {
                    Resumable::Paused(mut paused) => {
                        assert!(matches!(paused.reason(), PauseReason::Deadline));
                        assert!(paused.expects().is_empty() && paused.payload_mut().is_none());
                        *pauses += 1;
                        store.set_epoch_deadline(1);
                        Some(paused.resume(&mut store, &[]).unwrap())
                    }
                    finished => Some(finished),
                };
            }
        }
        assert_eq!(calls.map(|call| call.unwrap().finished().unwrap()), [SUM_OF_100; 2]);
        assert!(pauses.iter().all(|&pauses| pauses >= 99), "{pauses:?}");
    }
}

#[test]
fn a_call_that_is_resumed_late_gets_on() {
    let calls = r#"(module
        (func $g)
        (func (export "run") (result i32) (call $g) (call $g) (call $g) (i32.const 7)))"#;
    for engine in engines() {
        // No tick at all is taken for one.
        for ticks in [0, 1, 2] {
            let mut store = store(&engine, ());
            let module = Module::new(&engine, calls).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
            store.epoch_deadline_callback(move |_| Ok(UpdateDeadline::Yield(ticks)));
            store.set_epoch_deadline(0);
            let (mut call, mut pauses) = (run.call_resumable(&mut store, ()).unwrap(), 0);
            while let Resumable::Paused(paused) = call {
                pauses += 1;
                assert!(pauses < 10, "it does not get on");
                (0..=ticks).for_each(|_| engine.increment_epoch());
                call = paused.resume(&mut store, &[]).unwrap();
            }
            assert_eq!((call.finished(), pauses), (Some(7), 1));
        }
    }
}

#[test]
fn a_paused_call_can_be_made_to_trap() {
    let engine = engine();
    let mut store = store(&engine, ());
    let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
    let paused = sum.call_resumable(&mut store, 100).unwrap().paused().unwrap();
    // The trap ends it.
    store.set_epoch_deadline(0);
    store.epoch_deadline_trap();
    let error = paused.resume(&mut store, &[]).unwrap_err();
    assert_eq!(error.error().trap(), Some(Trap::Interrupt));
    assert!(error.into_paused().is_none());
}

#[test]
fn what_cannot_pause_says_so() {
    let engine = engine();
    let mut store = store(&engine, ());
    let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
    let error = sum.call(&mut store, 100).unwrap_err().to_string();
    assert!(error.contains("callback yielded") && error.contains("call_resumable"), "{error}");
}

#[test]
fn deadlines_that_nobody_set_have_passed() {
    let hang = r#"(module (func (export "run") (loop $l (br $l))))"#;
    for engine in engines() {
        let mut store = store(&engine, ());
        let mut fresh = Store::new(&engine, ());
        if engine.config().consumes_fuel() {
            fresh.set_fuel(u64::MAX).unwrap();
        }
        let run_fresh = instance(&mut fresh, hang);
        assert_eq!(run(&fresh, run_fresh).call(&mut fresh, ()).unwrap_err().trap(), Some(Trap::Interrupt));
        let run = {
            let instance = instance(&mut store, hang);
            run(&store, instance)
        };
        engine.increment_epoch();
        assert_eq!(run.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupt));
        // The store is as usable as before.
        store.set_epoch_deadline(u64::MAX);
        let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
        assert_eq!(sum.call(&mut store, 100).unwrap(), SUM_OF_100);
    }
}

/// Without the setting nobody asks.
#[test]
fn deadlines_without_the_setting() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(0);
    store.epoch_deadline_callback(|_| panic!("nobody asks"));
    engine.increment_epoch();
    let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, 100).unwrap(), SUM_OF_100);
}

#[test]
fn fuel_costs_the_same_with_deadlines() {
    let spent = |epochs| {
        let engine = Engine::new(Config::new().consume_fuel(true).epoch_interruption(epochs)).unwrap();
        let mut store = store(&engine, ());
        store.set_epoch_deadline(u64::MAX);
        let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
        sum.call(&mut store, 100).unwrap();
        u64::MAX - store.get_fuel().unwrap()
    };
    assert_eq!(spent(true), spent(false));
}

#[test]
fn a_callback_uses_the_store() {
    for engine in engines() {
        let mut store = store(&engine, Vec::new());
        let instance = sum(&mut store);
        let [sum, read] = ["sum", "read"].map(|name| instance.get_func(&store, name).unwrap());
        let memory = instance.get_memory(&store, "memory").unwrap();
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<i64>>| caller.data_mut().push(-1));
        store.epoch_deadline_callback(move |mut store| {
            // It would trap where it asks, but asks nowhere.
            let sum = read.invoke::<(), i64>(&mut store, ())?;
            store.data_mut().push(sum);
            host.invoke::<(), ()>(&mut store, ())?;
            memory.grow(&mut store, 1)?;
            store.set_epoch_deadline(7);
            Ok(UpdateDeadline::Continue(50))
        });
        assert_eq!(sum.invoke::<i32, i64>(&mut store, 100).unwrap(), SUM_OF_100);
        assert_eq!(*store.data(), [100, -1, (51..=100).sum::<i64>() + 50, -1]);
        assert_eq!(memory.size(&store), 3);
    }
}

#[test]
fn what_a_callback_calls_traps_if_it_is_late() {
    let engine = engine();
    let mut store = store(&engine, 0);
    let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
    store.epoch_deadline_callback(move |mut store| {
        *store.data_mut() += 1;
        assert_eq!(sum.call(store.as_context_mut(), 5).unwrap_err().trap(), Some(Trap::Interrupt));
        Ok(UpdateDeadline::Interrupt)
    });
    assert_eq!(sum.call(&mut store, 100).unwrap_err().trap(), Some(Trap::Interrupt));
    assert_eq!(*store.data(), 1, "it is not called by itself");
}

#[test]
fn errors_and_panics_of_callbacks() {
    let engine = engine();
    let mut store = store(&engine, ());
    let sum = sum(&mut store).get_typed_func::<i32, i64>(&store, "sum").unwrap();
    store.epoch_deadline_callback(|_| Err(Error::msg("enough")));
    assert_eq!(sum.call(&mut store, 100).unwrap_err().to_string(), "enough");
    assert_eq!(sum.call_resumable(&mut store, 100).unwrap_err().to_string(), "enough");
    store.epoch_deadline_callback(|_| panic!("help"));
    let call = std::panic::AssertUnwindSafe(|| sum.call(&mut store, 100));
    let payload = std::panic::catch_unwind(call).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"help"));
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(u64::MAX)));
    assert_eq!(sum.call(&mut store, 100).unwrap(), SUM_OF_100);
}

/// Memory, and what becomes of its bytes, by an operation with these operands.
fn copied(to: usize, from: usize, len: usize) -> (Vec<u8>, Vec<u8>) {
    let before: Vec<u8> = (0..24_u32 << 20).map(|i| (i ^ i >> 8 ^ i >> 16) as u8).collect();
    let mut after = before.clone();
    after.copy_within(from..from + len, to);
    (before, after)
}

/// Interrupted at any time, large operations do what they do in one go: whether they pause or the callback goes on, and
/// also when it moves the memory.
#[test]
fn large_operations_go_on_where_they_were() {
    const MIB: usize = 1 << 20;
    let wat = r#"(module (memory (export "memory") 384)
        (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#;
    let mut pauses = 0;
    for engine in engines() {
        let ticks = Ticking::every(&engine, Duration::from_micros(50));
        for (to, from, len) in [(0, 3, 20 * MIB + 1), (MIB + 5, 7, 22 * MIB), (12 * MIB, 0, 12 * MIB)] {
            let mut store = store(&engine, ());
            let instance = instance(&mut store, wat);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let [copy, fill] =
                ["copy", "fill"].map(|name| instance.get_typed_func::<(i32, i32, i32), ()>(&store, name).unwrap());
            let (before, mut after) = copied(to, from, len);
            memory.write(&mut store, 0, &before).unwrap();
            store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
            let mut finish = |store: &mut Store<()>, mut call: Resumable<()>| {
                while let Resumable::Paused(paused) = call {
                    pauses += 1;
                    call = paused.resume(&mut *store, &[]).unwrap();
                }
            };
            let call = copy.call_resumable(&mut store, (to as i32, from as i32, len as i32)).unwrap();
            finish(&mut store, call);
            assert!(memory.data(&store) == after, "{to} {from} {len}");
            let call = fill.call_resumable(&mut store, (from as i32, 9, len as i32)).unwrap();
            finish(&mut store, call);
            after[from..][..len].fill(9);
            assert!(memory.data(&store) == after, "{to} {from} {len}");

            memory.write(&mut store, 0, &before).unwrap();
            store.epoch_deadline_callback(move |mut store| {
                memory.grow(&mut store, 1)?;
                Ok(UpdateDeadline::Continue(1))
            });
            copy.call(&mut store, (to as i32, from as i32, len as i32)).unwrap();
            fill.call(&mut store, (from as i32, 9, len as i32)).unwrap();
            assert!(memory.data(&store)[..after.len()] == after, "{to} {from} {len}");
        }
        drop(ticks);
    }
    println!("{pauses} pauses");
}

/// As above, for tables, which are filled where they have grown.
#[test]
fn large_operations_on_tables_go_on_where_they_were() {
    const COUNT: i32 = 3_000_000;
    let wat = r#"(module (table $t (export "table") 3 funcref) (elem declare func $f $g) (func $f (export "f")) (func $g (export "g"))
        (func (export "grow") (param i32 i32 i32) (result i32) (table.grow (ref.func $f) (local.get 0)))
        (func (export "fill") (param i32 i32 i32) (result i32) (table.fill (local.get 0) (ref.func $g) (local.get 2)) (i32.const 0))
        (func (export "copy") (param i32 i32 i32) (result i32)
            (table.copy (local.get 0) (local.get 1) (local.get 2)) (i32.const 0)))"#;
    let engine = engine();
    let ticks = Ticking::every(&engine, Duration::from_micros(50));
    let mut store = store(&engine, ());
    let instance = instance(&mut store, wat);
    let table = instance.get_table(&store, "table").unwrap();
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
    let mut call = |name: &str, params: (i32, i32, i32)| {
        let func = instance.get_typed_func::<(i32, i32, i32), i32>(&store, name).unwrap();
        let mut call = func.call_resumable(&mut store, params).unwrap();
        loop {
            match call {
                Resumable::Finished(result) => return result,
                // Others may use the table meanwhile.
                Resumable::Paused(paused) => {
                    let size = table.size(&store);
                    table.get(&store, size - 1).unwrap();
                    call = paused.resume(&mut store, &[]).unwrap();
                }
            }
        }
    };
    assert_eq!(call("grow", (COUNT, 0, 0)), 3);
    call("fill", (100, 0, COUNT - 200));
    call("copy", (50, 100, COUNT - 1000));
    call("copy", (COUNT / 2, 10, COUNT / 2 - 10));
    drop(ticks);
    let mut expected = vec![0_u8; 3];
    expected.resize(3 + COUNT as usize, 1);
    let count = COUNT as usize;
    expected[100..count - 100].fill(2);
    expected.copy_within(100..count - 900, 50);
    expected.copy_within(10..count / 2, count / 2);
    let [f, g] = ["f", "g"].map(|name| instance.get_func(&store, name).unwrap());
    for index in (0..expected.len()).step_by(997).chain([0, 2, 3, 49, 50, 99, 100, count / 2 - 1, count / 2, count + 2])
    {
        let found = match table.get(&store, index as u64).unwrap() {
            Ref::Func(None) => 0,
            Ref::Func(Some(func)) if func == f => 1,
            Ref::Func(Some(func)) if func == g => 2,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected[index], "{index}");
    }
}

/// A table whose elements cannot be null has none that are, whenever somebody looks, and however the operation ends.
#[test]
fn tables_without_nulls_never_have_any() {
    let wat = r#"(module (type $f (func (result i32)))
        (table $t (export "table") 1 1000000 (ref $f) (ref.func $f))
        (func $f (type $f) (i32.const 9))
        (func (export "grow") (result i32) (table.grow $t (ref.func $f) (i32.const 100000)))
        (func (export "last") (result (ref func)) (table.get $t (i32.sub (table.size $t) (i32.const 1))))
        (func (export "call") (result i32) (call_ref $f (table.get $t (i32.sub (table.size $t) (i32.const 1))))))"#;
    for end in [|| Ok(UpdateDeadline::Interrupt), || Ok(UpdateDeadline::Yield(0)), || Err(Error::msg("it is over"))] {
        let mut store = store(&engine(), ());
        let instance = instance(&mut store, wat);
        let table = instance.get_table(&store, "table").unwrap();
        let mut begun = false;
        store.epoch_deadline_callback(move |context| {
            let size = table.size(&context);
            assert!(!table.get(&context, size - 1).unwrap().is_null());
            if std::mem::replace(&mut begun, true) { end() } else { Ok(UpdateDeadline::Continue(0)) }
        });
        store.set_epoch_deadline(0);
        let grow = instance.get_typed_func::<(), i32>(&store, "grow").unwrap();
        if let Ok(Resumable::Finished(old)) = grow.call_resumable(&mut store, ()) {
            assert_eq!((old, table.size(&store)), (1, 100_001));
        }
        store.set_epoch_deadline(u64::MAX / 2);
        let last = instance.get_typed_func::<(), Func>(&store, "last").unwrap().call(&mut store, ()).unwrap();
        assert_eq!(last.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 9);
        assert_eq!(instance.get_typed_func::<(), i32>(&store, "call").unwrap().call(&mut store, ()).unwrap(), 9);
    }
}

#[test]
fn weak_engines() {
    let engine = engine();
    let weak = engine.weak();
    assert!(Engine::same(&weak.upgrade().unwrap(), &engine));
    drop(engine);
    assert!(weak.upgrade().is_none());
}
