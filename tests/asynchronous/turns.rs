//! Calls that let others have their turn: after so much fuel, or when the deadline has passed.

use super::{finish, instance, message, store, wait, waiting};
use pirn::{Caller, Config, Engine, Linker, Result, Resumable, Store, Trap, TypedFunc, UpdateDeadline, WasmBacktrace};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An iteration costs nine units; there are so many as the argument says.
const COUNT: &str = r#"(module
    (func $count (export "count") (param $n i32) (result i32) (local $i i32)
        (loop $next
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $i)))"#;

fn metered() -> Engine {
    Engine::new(Config::new().consume_fuel(true)).unwrap()
}

#[test]
fn turns_change_neither_result_nor_fuel() {
    let engine = metered();
    let mut store = store(&engine, ());
    let count = instance(&Linker::new(&engine), &mut store, COUNT).get_typed_func::<u32, u32>(&store, "count").unwrap();
    let mut run = |interval, fuel| {
        store.fuel_async_yield_interval(interval).unwrap();
        store.set_fuel(fuel).unwrap();
        let (result, waits) = finish(count.call_async(&mut store, 1000));
        (result, waits, store.get_fuel().unwrap())
    };
    let (result, waits, left) = run(None, 100_000);
    assert_eq!((result.unwrap(), waits), (1000, 0));
    let used = 100_000 - left;
    for interval in [1, 7, 9, 100, 5000, used - 1] {
        let (result, waits, left) = run(Some(interval), 100_000);
        assert_eq!((result.unwrap(), left), (1000, 100_000 - used), "interval {interval}");
        let most = used as usize / interval.max(9) as usize;
        // An iteration is paid for at once, so a slice is not used up to its end.
        assert!(waits <= used as usize && waits + 1 >= most, "interval {interval}: {waits} turns");
    }
    assert_eq!(run(Some(used), 100_000).1, 0);
    assert_eq!(run(Some(u64::MAX), 100_000).1, 0);
    // With just enough, and with a unit less.
    let (result, _, left) = run(Some(50), used);
    assert_eq!((result.unwrap(), left), (1000, 0));
    let error = run(Some(50), used - 1).0.unwrap_err();
    assert_eq!(error.trap(), Some(Trap::OutOfFuel));
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0].func_name(), Some("count"));
    assert_eq!(run(None, 10).0.unwrap_err().trap(), Some(Trap::OutOfFuel));
}

#[test]
fn wrong_intervals() {
    let mut store = Store::new(&Engine::default(), ());
    assert!(message(store.fuel_async_yield_interval(Some(1))).contains("Config::consume_fuel"));
    let mut store = Store::new(&metered(), ());
    assert!(message(store.fuel_async_yield_interval(Some(0))).contains("at least 1 unit"));
}

/// A host function sees all the fuel there is, and may change it; what it calls itself takes no turns.
#[test]
fn host_functions_see_all_fuel() {
    let engine = metered();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "f", |mut caller: Caller<'_, ()>, (times,): (u32,)| {
            Box::new(async move {
                let count = caller.get_export("count").unwrap().into_func().unwrap().typed::<u32, u32>(&caller)?;
                let before = caller.get_fuel()?;
                assert!(before > 1_000_000 - 10_000, "{before}");
                wait(times).await;
                assert_eq!(caller.get_fuel()?, before);
                // 900 units, in one go.
                assert_eq!(count.call(&mut caller, 100)?, 100);
                let plain = before - caller.get_fuel()?;
                let paused = count.call_resumable(&mut caller, 100)?;
                assert!(matches!(paused, Resumable::Finished(100)), "{paused:?}");
                assert_eq!(before - caller.get_fuel()?, 2 * plain);
                caller.set_fuel(plain - 1)?;
                assert_eq!(count.call(&mut caller, 100).unwrap_err().trap(), Some(Trap::OutOfFuel));
                let Resumable::Paused(paused) = count.call_resumable(&mut caller, 200)? else {
                    panic!("it cannot end")
                };
                caller.set_fuel(before)?;
                assert!(matches!(paused.resume(&mut caller, &[])?, Resumable::Finished(200)));
                caller.set_fuel(before)?;
                // Async calls of its own do take turns.
                count.call_async(&mut caller, 100).await?;
                assert_eq!(before - caller.get_fuel()?, plain);
                caller.set_fuel(before)?;
                Ok::<_, pirn::Error>(times)
            })
        })
        .unwrap();
    let wat = COUNT.replace("(module", r#"(module (import "host" "f" (func $f (param i32) (result i32)))"#).replace(
        "(func $count",
        r#"(func (export "run") (param i32) (result i32)
            (i32.add (call $f (local.get 0)) (call $count (i32.const 100)))) (func $count"#,
    );
    let mut store = store(&engine, ());
    let run = instance(&linker, &mut store, &wat).get_typed_func::<u32, u32>(&store, "run").unwrap();
    store.set_fuel(1_000_000).unwrap();
    let (result, _) = finish(run.call_async(&mut store, 0));
    assert_eq!(result.unwrap(), 100);
    let used = 1_000_000 - store.get_fuel().unwrap();
    for times in 0..3 {
        store.fuel_async_yield_interval(Some(90)).unwrap();
        store.set_fuel(1_000_000).unwrap();
        let (result, waits) = finish(run.call_async(&mut store, times));
        assert_eq!(result.unwrap(), 100 + times);
        assert_eq!(1_000_000 - store.get_fuel().unwrap(), used);
        // Ten or so in `run`, ten or so in the async call inside.
        assert!((18..=26 + times as usize).contains(&waits), "{waits}");
    }
}

/// Whatever a host function does with fuel, and whatever it calls, others have their turns as often.
#[test]
fn no_call_keeps_the_turn() {
    let engine = metered();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "nothing", || {}).unwrap();
    linker
        .func_wrap("host", "charges", |mut caller: Caller<'_, ()>| {
            let fuel = caller.get_fuel()?;
            caller.set_fuel(fuel)
        })
        .unwrap();
    fn inner(caller: &mut Caller<'_, ()>) -> TypedFunc<u32, u32> {
        caller.get_export("count").unwrap().into_func().unwrap().typed(&caller).unwrap()
    }
    linker
        .func_wrap("host", "calls", |mut caller: Caller<'_, ()>| {
            let count = inner(&mut caller);
            count.call(&mut caller, 1).map(drop)
        })
        .unwrap();
    linker
        .func_wrap("host", "resumes", |mut caller: Caller<'_, ()>| {
            let count = inner(&mut caller);
            count.call_resumable(&mut caller, 1).map(drop)
        })
        .unwrap();
    linker
        .func_wrap_async("host", "awaits", |mut caller: Caller<'_, ()>, ()| {
            Box::new(async move {
                let count = inner(&mut caller);
                count.call_async(&mut caller, 1).await.map(drop)
            })
        })
        .unwrap();
    for (name, cost) in [("nothing", 8), ("charges", 8), ("calls", 19), ("resumes", 19), ("awaits", 19)] {
        let import = format!(r#"(module (import "host" "{name}" (func $host))"#);
        let wat = COUNT.replace("(module", &import).replace(
            "(func $count",
            r#"(func (export "run") (param $n i32)
                (loop $next
                    (call $host)
                    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))) (func $count"#,
        );
        let mut store = store(&engine, ());
        let run = instance(&linker, &mut store, &wat).get_typed_func::<u32, ()>(&store, "run").unwrap();
        for interval in [50, 100, 1000] {
            store.fuel_async_yield_interval(Some(interval)).unwrap();
            store.set_fuel(1 << 40).unwrap();
            let (result, waits) = finish(run.call_async(&mut store, 1000));
            result.unwrap();
            let used = (1 << 40) - store.get_fuel().unwrap();
            assert!(used.abs_diff(1000 * cost) < 1000 * cost / 2, "{name}: {used} units");
            let fewest = used / (interval + 2 * cost);
            assert!(waits as u64 >= fewest && waits < 1100, "{name}, interval {interval}: {waits} turns");
        }
    }
}

/// A resumable call pauses at its deadline, whoever makes it.
#[test]
fn resumable_calls_inside_of_async_calls_pause_at_deadlines() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    let clock = engine.clone();
    linker.func_wrap("host", "tick", move || clock.increment_epoch()).unwrap();
    fn pauses(mut caller: Caller<'_, ()>) -> Result<u32> {
        let ticks = caller.get_export("ticks").unwrap().into_func().unwrap();
        let (mut pauses, mut call) = (0, ticks.call_resumable(&mut caller, &[])?);
        while let Resumable::Paused(paused) = call {
            pauses += 1;
            call = paused.resume(&mut caller, &[])?;
        }
        Ok(pauses)
    }
    linker.func_wrap("host", "plain", pauses).unwrap();
    linker.func_wrap_async("host", "async", |caller, ()| Box::new(async move { pauses(caller) })).unwrap();
    let mut store = store(&engine, ());
    let instance = instance(
        &linker,
        &mut store,
        r#"(module
            (import "host" "tick" (func $tick))
            (import "host" "plain" (func $plain (result i32)))
            (import "host" "async" (func $async (result i32)))
            (func (export "ticks") (local $n i32)
                (loop $next
                    (call $tick)
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $n) (i32.const 20)))))
            (func (export "plain") (result i32) (call $plain))
            (func (export "async") (result i32) (call $async)))"#,
    );
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
    for name in ["plain", "async"] {
        store.set_epoch_deadline(1);
        let call = instance.get_typed_func::<(), u32>(&store, name).unwrap();
        assert_eq!(finish(call.call_async(&mut store, ())).0.unwrap(), 19, "{name}");
    }
}

#[test]
fn deadlines_give_turns() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut linker = waiting::<()>(&engine);
    let clock = engine.clone();
    linker.func_wrap("host", "tick", move || clock.increment_epoch()).unwrap();
    let ticking = r#"(module
        (import "host" "tick" (func $tick))
        (import "host" "again" (func $again (param i32)))
        (func (export "count") (param $n i32)
            (loop $next
                (call $tick)
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $next (local.get $n))))
        (func (export "again") (param i32) (call $again (local.get 0))))"#;
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    linker
        .func_wrap("host", "again", move |mut caller: Caller<'_, ()>, n: u32| {
            count.fetch_add(1, Ordering::Relaxed);
            let count = caller.get_export("count").unwrap().into_func().unwrap();
            count.invoke::<u32, ()>(&mut caller, n)
        })
        .unwrap();
    let mut store = store(&engine, ());
    let instance = instance(&linker, &mut store, ticking);
    let [count, again] = ["count", "again"].map(|name| instance.get_typed_func::<u32, ()>(&store, name).unwrap());
    store.epoch_deadline_async_yield_and_update(10);
    store.set_epoch_deadline(10);
    let (result, waits) = finish(count.call_async(&mut store, 1000));
    result.unwrap();
    assert!((95..=100).contains(&waits), "{waits}");
    // What a host function calls goes on, late or not.
    store.set_epoch_deadline(10);
    let (result, waits) = finish(again.call_async(&mut store, 1000));
    result.unwrap();
    assert_eq!((waits, calls.load(Ordering::Relaxed)), (0, 1));
    // There is nobody to let have a turn.
    store.set_epoch_deadline(10);
    assert!(message(count.call(&mut store, 1000)).contains("the deadline's callback yielded"));

    // A callback may decide.
    let mut store = super::store(&engine, ());
    let instance = super::instance(&linker, &mut store, ticking);
    let count = instance.get_typed_func::<u32, ()>(&store, "count").unwrap();
    let mut late = 0;
    store.epoch_deadline_callback(move |_| {
        late += 1;
        Ok([UpdateDeadline::Continue(1), UpdateDeadline::Yield(1)][late % 2])
    });
    store.set_epoch_deadline(1);
    let (result, waits) = finish(count.call_async(&mut store, 100));
    result.unwrap();
    assert!((48..=51).contains(&waits), "{waits}");
    store.epoch_deadline_trap();
    store.set_epoch_deadline(5);
    assert_eq!(finish(count.call_async(&mut store, 100)).0.unwrap_err().trap(), Some(Trap::Interrupt));
}
