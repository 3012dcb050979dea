//! From instance to instance and back, in pieces.

use crate::{Finished, finish, group, metered};
use pirn::*;

/// Calls 1 -> 2 -> 1 -> 2, in loops at every level, that write to two memories (one shared, one not) and to globals.
const ONE: &str = r#"(module
    (import "two" "mix" (func $mix (param i32 i64) (result i64)))
    (import "two" "leaf" (func $leaf (param f64 i32) (result f64)))
    (memory (export "memory") 1 8)
    (global $visits (export "visits") (mut i32) (i32.const 0))
    (func (export "run") (param $n i32) (result i64) (local $sum i64) (local $i i32)
        (loop $next
            (i64.store offset=64 (i32.shl (local.get $i) (i32.const 3)) (local.get $sum))
            (local.set $sum (i64.add (call $mix (local.get $i) (local.get $sum))
                (i64.load offset=64 (i32.shl (local.get $i) (i32.const 3)))))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (i64.xor (local.get $sum) (i64.extend_i32_u (global.get $visits))))
    (func (export "back") (param $i i32) (param $x f64) (result f64 i32) (local $j i32)
        (global.set $visits (i32.add (global.get $visits) (i32.const 1)))
        (local.set $j (i32.const 3))
        (loop $next
            (local.set $x (f64.add (local.get $x) (call $leaf (local.get $x) (local.get $j))))
            (i32.store8 (i32.add (local.get $i) (i32.const 32)) (i32.trunc_f64_s (local.get $x)))
            (br_if $next (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
        (local.get $x)
        (i32.load8_u (i32.add (local.get $i) (i32.const 32)))))"#;
const TWO: &str = r#"(module
    (import "one" "back" (func $back (param i32 f64) (result f64 i32)))
    (import "one" "memory" (memory 1 8))
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (type $leaf (func (param f64 i32) (result f64)))
    (table 1 funcref) (elem (i32.const 0) func $leaf)
    (global $total (export "total") (mut f64) (f64.const 0))
    (func (export "mix") (param $i i32) (param $sum i64) (result i64) (local $x f64) (local $byte i32)
        (call $back (local.get $i) (f64.convert_i32_u (i32.and (local.get $i) (i32.const 15))))
        (local.set $byte)
        (local.set $x)
        (global.set $total (f64.add (global.get $total) (local.get $x)))
        (local.set $byte (i32.add (local.get $byte) (call $ask (local.get $byte))))
        (i64.add (i64.mul (local.get $sum) (i64.const 31))
            (i64.add (i64.trunc_f64_s (local.get $x)) (i64.extend_i32_u (local.get $byte)))))
    (func $leaf (export "leaf") (param $x f64) (param $j i32) (result f64)
        (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (local.get $j)))
        (if (i32.and (local.get $j) (i32.const 1))
            (then (return_call_indirect (type $leaf) (local.get $x) (i32.const 0) (i32.const 0))))
        (f64.add (f64.mul (local.get $x) (f64.const 0.5)) (f64.const 1))))"#;

/// What a run leaves behind.
#[derive(Debug, PartialEq)]
struct Trace {
    result: i64,
    memory: Vec<u8>,
    globals: [Val; 2],
    fuel: u64,
}

/// How a run is made.
#[derive(Debug, Clone, Copy)]
struct Way {
    fuse: bool,
    /// `None`: plainly, all at once.
    step: Option<u64>,
    yields: bool,
}

const FUEL: u64 = 1_000_000;

fn answer(asked: i32) -> i32 {
    asked.wrapping_mul(7) ^ 0x55
}

fn run(way: Way, n: i32) -> (Trace, usize, usize) {
    let engine = Engine::new(Config::new().consume_fuel(true).fuse(way.fuse)).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    let ask =
        move |asked: i32| -> Result<i32> { if way.yields { Err(Yield::new(asked).into()) } else { Ok(answer(asked)) } };
    linker.func_wrap("host", "ask", ask).unwrap();
    let mut store = Store::new(&engine, ());
    let linked = group(&linker, &[("one", ONE), ("two", TWO)]).instantiate(&mut store).unwrap();
    let (one, two) = (linked.get("one").unwrap(), linked.get("two").unwrap());
    let f = one.get_typed_func::<i32, i64>(&store, "run").unwrap();
    let Finished { results: result, refuelled, yielded } = match way.step {
        None => {
            store.set_fuel(FUEL).unwrap();
            Finished { results: f.call(&mut store, n).unwrap(), refuelled: 0, yielded: 0 }
        }
        Some(step) => {
            store.set_fuel(step).unwrap();
            let call = f.call_resumable(&mut store, n).unwrap();
            finish(&mut store, call, step, |_, asked| Val::I32(answer(asked))).unwrap()
        }
    };
    let given = way.step.map_or(FUEL, |step| step * (1 + refuelled as u64));
    let trace = Trace {
        result,
        memory: one.get_memory(&store, "memory").unwrap().data(&store).to_vec(),
        globals: [
            one.get_global(&store, "visits").unwrap().get(&store),
            two.get_global(&store, "total").unwrap().get(&store),
        ],
        fuel: given - store.get_fuel().unwrap(),
    };
    (trace, refuelled, yielded)
}

#[test]
fn in_pieces_as_in_one_go() {
    for fuse in [true, false] {
        for n in [1, 2, 20] {
            let (whole, ..) = run(Way { fuse, step: None, yields: false }, n);
            for step in [1, 2, 3, 7, 50, 1000, FUEL] {
                for yields in [false, true] {
                    let way = Way { fuse, step: Some(step), yields };
                    let (trace, refuelled, yielded) = run(way, n);
                    assert!(trace == whole, "{way:?}, {n}");
                    assert_eq!(yielded, if yields { n as usize } else { 0 }, "{way:?}, {n}");
                    assert_eq!(refuelled as u64, whole.fuel.div_ceil(step) - 1, "{way:?}, {n}");
                }
            }
        }
    }
}

#[test]
fn several_at_a_time() {
    const COUNT: i32 = 5;
    let whole: Vec<_> = (1..=COUNT).map(|n| run(Way { fuse: true, step: None, yields: false }, n).0).collect();
    let engine = metered();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", |asked: i32| -> Result<i32> { Err(Yield::new(asked).into()) }).unwrap();
    let mut store = Store::new(&engine, ());
    // Each in instances of its own, all in one store, resumed in turns until all have returned.
    let mut calls: Vec<_> = (1..=COUNT)
        .map(|n| {
            let linked = group(&linker, &[("one", ONE), ("two", TWO)]).instantiate(&mut store).unwrap();
            let one = linked.get("one").unwrap();
            let f = one.get_typed_func::<i32, i64>(&store, "run").unwrap();
            (one, Some(f.call_resumable(&mut store, n).unwrap()))
        })
        .collect();
    let mut results = vec![None; calls.len()];
    while results.iter().any(Option::is_none) {
        for ((_, call), result) in calls.iter_mut().zip(&mut results) {
            match call.take() {
                None => {}
                Some(Resumable::Finished(value)) => *result = Some(value),
                Some(Resumable::Paused(paused)) => {
                    let answers = match paused.reason() {
                        PauseReason::Yield(asked) => vec![Val::I32(answer(*asked.downcast_ref().unwrap()))],
                        _ => vec![],
                    };
                    store.set_fuel(40).unwrap();
                    *call = Some(paused.resume(&mut store, &answers).unwrap());
                }
            }
        }
    }
    for (((one, _), result), whole) in calls.iter().zip(results).zip(whole) {
        assert_eq!(result, Some(whole.result));
        assert!(one.get_memory(&store, "memory").unwrap().data(&store) == whole.memory);
    }
}

/// Module 2, which imports the memory of module 1, grows it while frames of both are pending.
const OWNER: &str = r#"(module
    (import "user" "grow" (func $grow (param i32) (result i32)))
    (memory (export "memory") 1 10)
    (func (export "run") (result i32) (local $old i32)
        (i32.store (i32.const 65532) (i32.const 5))
        (local.set $old (call $grow (i32.const 2)))
        ;; Beyond the old end, in the frame that was pending.
        (i32.store (i32.const 65536) (i32.const 7))
        (i32.add (i32.mul (i32.const 1000) (local.get $old))
            (i32.add (i32.load (i32.const 65536)) (i32.mul (i32.const 10) (memory.size)))))
    (func (export "deeper") (param i32) (result i32)
        (drop (memory.grow (local.get 0)))
        (i32.store (i32.const 131072) (i32.const 9))
        (i32.load (i32.const 65532))))"#;
const USER: &str = r#"(module
    (import "owner" "memory" (memory 1 10))
    (import "owner" "deeper" (func $deeper (param i32) (result i32)))
    (import "host" "grow" (func $host_grow (param i32) (result i32)))
    (func (export "grow") (param i32) (result i32) (local $result i32)
        (local.set $result (call $deeper (local.get 0)))
        ;; Grown by the owner while this frame was pending.
        (local.set $result (i32.add (local.get $result) (i32.load (i32.const 131072))))
        (drop (call $host_grow (i32.const 1)))
        (i32.store (i32.const 196608) (local.get $result))
        (i32.add (i32.load (i32.const 196608)) (i32.load (i32.const 196612)))))"#;

#[test]
fn every_pending_frame_sees_growth() {
    for fuse in [true, false] {
        for (step, yields) in [(FUEL, false), (1, false), (3, false), (1000, false), (1, true), (FUEL, true)] {
            let engine = Engine::new(Config::new().consume_fuel(true).fuse(fuse)).unwrap();
            let mut linker = Linker::<Option<Memory>>::new(&engine);
            let grow = move |mut caller: Caller<'_, Option<Memory>>, delta: i32| -> Result<i32> {
                if yields {
                    return Err(Yield::new(delta).into());
                }
                let memory = caller.data().unwrap();
                Ok(memory.grow(&mut caller, delta as u64)? as i32)
            };
            linker.func_wrap("host", "grow", grow).unwrap();
            let mut store = Store::new(&engine, None);
            let linked = group(&linker, &[("owner", OWNER), ("user", USER)]).instantiate(&mut store).unwrap();
            let owner = linked.get("owner").unwrap();
            let memory = owner.get_memory(&store, "memory").unwrap();
            *store.data_mut() = Some(memory);
            let run = owner.get_typed_func::<(), i32>(&store, "run").unwrap();
            if step == FUEL && !yields {
                store.set_fuel(FUEL).unwrap();
                assert_eq!(run.call(&mut store, ()).unwrap(), 14 * 1000 + 7 + 40, "plainly");
                continue;
            }
            let call = run.call_resumable(&mut store, ()).unwrap();
            // The embedder grows it while the execution is paused.
            let done = finish(&mut store, call, step, |store, delta| {
                Val::I32(memory.grow(store, delta as u64).unwrap() as i32)
            });
            assert_eq!(done.unwrap().results, 14 * 1000 + 7 + 40, "{fuse}, {step}, {yields}");
            assert_eq!(memory.data(&store)[131072], 9);
            assert_eq!(memory.data(&store)[196608], 14);
        }
    }
}
