//! Paused calls: taken in one engine, gone on with in another.

use crate::{assert_refused, call, engine, module, restored};
use pirn::*;

/// A host function `host::wait` of these types, which yields.
fn waiting(engine: &Engine, params: &[ValType], results: &[ValType]) -> Linker<()> {
    let mut linker = Linker::new(engine);
    let ty = FuncType::new(params.iter().copied(), results.iter().copied());
    linker.func_new("host", "wait", ty, |_, _, _| Err(Yield::new(()).into())).unwrap();
    linker
}

/// Calls the export `run` of `text` until it pauses, in an engine; goes on in another. Gives the bytes, the results, and what was paused.
fn go_on_in(
    text: &str,
    [from, to]: [&Engine; 2],
    linkers: [&Linker<()>; 2],
    params: &[Val],
    answers: &[Val],
) -> Vec<Val> {
    let mut store = Store::new(from, ());
    let instance = linkers[0].instantiate(&mut store, &module(from, text)).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let paused = run.call_resumable(&mut store, params).unwrap().paused().expect("it pauses");
    let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
    // Nothing has changed where it was taken.
    let results = paused.resume(&mut store, answers).unwrap().finished().expect("it returns");
    let (mut store, mut there) = restored(&bytes, to, linkers[1], &[text], &mut ()).unwrap();
    let paused = there.take_paused().pop().unwrap();
    assert!(matches!(paused.reason(), PauseReason::Yield(payload) if payload.is::<()>()));
    let found = paused.resume(&mut store, answers).unwrap().finished().expect("it returns");
    assert_eq!(found, results);
    results
}

/// Both ways between lowering with fusion and without.
fn both_ways(text: &str, host: [&[ValType]; 2], params: &[Val], answers: &[Val]) -> Vec<Val> {
    let engines = [engine(false, true), engine(false, false)];
    let linkers = [0, 1].map(|i| waiting(&engines[i], host[0], host[1]));
    let results = [[0, 1], [1, 0], [0, 0], [1, 1]].map(|[from, to]| {
        let both = |i: usize, j: usize| ([&engines[i], &engines[j]], [&linkers[i], &linkers[j]]);
        let (engines, linkers) = both(from, to);
        go_on_in(text, engines, linkers, params, answers)
    });
    assert!(results.iter().all(|result| *result == results[0]));
    results[0].clone()
}

#[test]
fn values_of_all_types_wait_in_locals_and_on_the_operand_stack() {
    const TEXT: &str = r#"(module
        (import "host" "wait" (func $wait (param i64 v128) (result f64 v128)))
        (func $f (result i32) (i32.const 9)) (elem declare func $f) (table 1 funcref) (global $g (mut i32) (i32.const 3))
        (func (export "run") (param $i i32) (param $l i64) (param $f f32) (param $d f64) (param $v v128)
            (result i32 i64 f32 f64 v128 i32 f64 v128)
            (local $r funcref) (local $w v128) (local $n i32)
            (local.set $r (ref.func $f))
            (local.set $w (v128.not (local.get $v)))
            (i32.add (local.get $i) (i32.const 1))
            (local.get $l) (f32.neg (local.get $f)) (f64.const 2.5) (i64x2.add (local.get $v) (local.get $w))
            (i32.const 0) (local.get $r)
            (local.set $n (i32.mul (local.get $i) (local.get $i)))
            (table.set)
            (i32.add (call_indirect (result i32) (i32.const 0)) (i32.add (local.get $n) (global.get $g)))
            (call $wait (i64.const 1) (local.get $w))))"#;
    let v = Val::V128(V128::from(0x0123_4567_89ab_cdef_u128 << 64 | 77));
    let params = [Val::I32(41), Val::I64(-9), Val::from(1.25_f32), Val::from(-8.0), v];
    let host = [&[ValType::I64, ValType::V128][..], &[ValType::F64, ValType::V128]];
    let answers = [Val::from(0.5), Val::V128(V128::from(1_u128))];
    let results = both_ways(TEXT, host, &params, &answers);
    let all = Val::V128(V128::from(u128::MAX));
    let expected = [Val::I32(42), Val::I64(-9), Val::from(-1.25_f32), Val::from(2.5), all, Val::I32(41 * 41 + 12)];
    assert_eq!(results, [&expected[..], &answers].concat());
}

#[test]
fn frames_of_several_functions_go_on_one_after_the_other() {
    const TEXT: &str = r#"(module
        (import "host" "wait" (func $wait (result i32)))
        (type $f (func (param i32) (result i32))) (table 2 funcref) (elem (i32.const 0) func $down $tail)
        (func $down (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
                (then (call $wait))
                (else (i32.add (i32.mul (local.get 0) (i32.const 3))
                    (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))))))
        ;; It is no frame when the callee runs, which takes other parameters.
        (func $tail (param i32) (result i32) (return_call $other (i64.const 5) (local.get 0)))
        (func $other (param i64 i32) (result i32)
            (i32.sub (call $down (local.get 1)) (i32.wrap_i64 (local.get 0))))
        (func (export "run") (param i32) (result i32) (call $down (local.get 0))))"#;
    let results = both_ways(TEXT, [&[], &[ValType::I32]], &[Val::I32(500)], &[Val::I32(1_000_000)]);
    assert_eq!(results, [Val::I32(1_000_000 + 3 * 500 * 501 / 2 - 5 * 500)]);
}

#[test]
fn a_host_function_is_waited_for_without_frames_too() {
    const TAIL: &str = r#"(module
        (import "host" "wait" (func $wait (param i32) (result i64)))
        (func (export "run") (param f64) (result i64) (return_call $wait (i32.const 1))))"#;
    const DIRECT: &str =
        r#"(module (import "host" "wait" (func $wait (param i32) (result i64))) (export "run" (func $wait)))"#;
    let host = [&[ValType::I32][..], &[ValType::I64]];
    assert_eq!(both_ways(TAIL, host, &[Val::from(1.0)], &[Val::I64(6)]), [Val::I64(6)]);
    assert_eq!(both_ways(DIRECT, host, &[Val::I32(1)], &[Val::I64(7)]), [Val::I64(7)]);
}

#[test]
fn fuel_is_no_condition_of_a_call_that_waits() {
    const TEXT: &str = r#"(module
        (import "host" "wait" (func $wait (result i32)))
        (func (export "run") (result i32) (local i32)
            (loop $l (local.set 0 (i32.add (local.get 0) (call $wait))))
            (local.get 0)))"#;
    let (metered, not) = (engine(true, true), engine(false, true));
    for [from, to] in [[&metered, &not], [&not, &metered]] {
        let linkers = [from, to].map(|engine| waiting(engine, &[], &[ValType::I32]));
        let mut store = Store::new(from, ());
        _ = store.set_fuel(1000);
        let instance = linkers[0].instantiate(&mut store, &module(from, TEXT)).unwrap();
        let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
        let paused = run.call_resumable(&mut store, ()).unwrap().paused().unwrap();
        let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
        let (mut store, mut there) = restored(&bytes, to, &linkers[1], &[TEXT], &mut ()).unwrap();
        _ = store.set_fuel(1000);
        let paused = there.take_paused().pop().unwrap();
        assert_eq!(paused.resume(&mut store, &[Val::I32(3)]).unwrap().finished().unwrap(), [Val::I32(3)]);
    }
}

/// Loops, calls, and instructions that are paid for by their size.
const COSTLY: &str = r#"(module (memory (export "memory") 1 9) (table 3 funcref)
    (func $leaf (param i32 i64) (result i64) (local f64 i64)
        (local.set 3 (i64.mul (local.get 1) (i64.const 3)))
        (i64.add (local.get 3) (i64.extend_i32_u (local.get 0))))
    (func (export "run") (param i32) (result i64) (local $sum i64) (local $n i32)
        (local.set $n (i32.const 5))
        (i64.const 7)
        (loop $outer (param i64) (result i64)
            (loop $inner
                (local.set $sum (i64.add (i64.shl (local.get $sum) (i64.const 1))
                    (call $leaf (local.get $n) (local.get $sum))))
                (br_if $inner (i32.and (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
            (i64.add (i64.extend_i32_u (memory.grow (i32.const 1))))
            (memory.fill (i32.shl (local.get $n) (i32.const 3)) (local.get $n) (i32.const 300))
            (memory.copy (i32.const 1000) (i32.add (local.get $n) (i32.const 60)) (i32.const 128))
            (drop (table.grow (ref.null func) (local.get $n)))
            (local.set $sum (i64.xor (local.get $sum) (i64.load (i32.const 1000))))
            (br_if $outer (i32.lt_u (local.get $n) (local.get 0))))
        (i64.add (local.get $sum))))"#;

#[test]
fn calls_that_are_out_of_fuel_go_on_elsewhere() {
    let engines = [engine(true, true), engine(true, false)];
    let mut store = Store::new(&engines[0], ());
    store.set_fuel(100_000).unwrap();
    let instance = Instance::new(&mut store, &module(&engines[0], COSTLY), &[]).unwrap();
    let expected = call(&mut store, instance, "run", &[Val::I32(12)]).unwrap();
    let consumed = 100_000 - store.get_fuel().unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap().data(&store).to_vec();
    for step in [3, 20] {
        let mut store = Store::new(&engines[0], ());
        store.set_fuel(0).unwrap();
        let instance = Instance::new(&mut store, &module(&engines[0], COSTLY), &[]).unwrap();
        let run = instance.get_func(&store, "run").unwrap();
        let mut call = run.call_resumable(&mut store, &[Val::I32(12)]).unwrap();
        let (mut given, mut moves) = (0, 0);
        let results = loop {
            let paused = match call {
                Resumable::Finished(results) => break results,
                Resumable::Paused(paused) => paused,
            };
            assert!(
                matches!(paused.reason(), PauseReason::OutOfFuel { required } if required > store.get_fuel().unwrap())
            );
            let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
            moves += 1;
            let engine = &engines[moves % 2];
            let mut there;
            (store, there) = restored(&bytes, engine, &Linker::new(engine), &[COSTLY], &mut ()).unwrap();
            store.add_fuel(step).unwrap();
            given += step;
            call = there.take_paused().pop().unwrap().resume(&mut store, &[]).unwrap();
        };
        assert_eq!((&results, given - store.get_fuel().unwrap()), (&expected, consumed));
        assert!(moves > 10);
        let again = Snapshot::take(&store, &[]).unwrap();
        let engine = engine(false, false);
        let modules = [module(&engine, COSTLY)];
        let mut store = Store::new(&engine, ());
        let there = again.restore(&mut store, &Linker::new(&engine), &modules).unwrap();
        assert!(there.memories()[0].data(&store) == memory);
    }
}

#[test]
fn what_is_out_of_fuel_goes_on_without_unless_it_pays_by_size() {
    let (metered, not) = (engine(true, true), engine(false, true));
    let mut outcomes = [0; 2];
    for fuel in 0..400 {
        let mut store = Store::new(&metered, ());
        store.set_fuel(fuel).unwrap();
        let instance = Instance::new(&mut store, &module(&metered, COSTLY), &[]).unwrap();
        let run = instance.get_func(&store, "run").unwrap();
        let Resumable::Paused(paused) = run.call_resumable(&mut store, &[Val::I32(12)]).unwrap() else { break };
        let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
        store.set_fuel(100_000).unwrap();
        let expected = paused.resume(&mut store, &[]).unwrap().finished().unwrap();
        match restored(&bytes, &not, &Linker::new(&not), &[COSTLY], &mut ()) {
            Ok((mut store, mut there)) => {
                let paused = there.take_paused().pop().unwrap();
                assert_eq!(paused.resume(&mut store, &[]).unwrap().finished().unwrap(), expected);
                outcomes[0] += 1;
            }
            refused => {
                assert_refused(refused, &["paused call 0", "in code of this engine's settings", "Before"]);
                outcomes[1] += 1;
            }
        }
    }
    assert!(outcomes.iter().all(|&count| count > 5), "{outcomes:?}");
}

#[test]
fn many_calls_of_one_store_go_on_in_any_order() {
    const TEXT: &str = r#"(module
        (import "host" "wait" (func $wait (result i32))) (global $g (export "g") (mut i32) (i32.const 0))
        (func (export "run") (param i32) (result i32)
            (i32.sub (i32.mul (local.get 0) (call $wait))
                (block (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))))"#;
    let engines = [engine(false, true), engine(false, false)];
    let linkers = [0, 1].map(|i| waiting(&engines[i], &[], &[ValType::I32]));
    let mut store = Store::new(&engines[0], ());
    let instance = linkers[0].instantiate(&mut store, &module(&engines[0], TEXT)).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let paused: Vec<_> =
        (0..100).map(|i| run.call_resumable(&mut store, i).unwrap().paused().expect("it waits")).collect();
    let list: Vec<&dyn PausedCall> = paused.iter().map(|paused| paused as _).collect();
    let bytes = Snapshot::take(&store, &list).unwrap().to_bytes();
    let (mut store, mut there) = restored(&bytes, &engines[1], &linkers[1], &[TEXT], &mut ()).unwrap();
    let mut left: Vec<_> = there.take_paused().into_iter().enumerate().collect();
    assert_eq!(left.len(), 100);
    for turn in 1..=100 {
        let (i, paused) = left.swap_remove(turn * 7 % left.len());
        let found = paused.resume(&mut store, &[Val::I32(10)]).unwrap().finished().unwrap();
        assert_eq!(found, [Val::I32(10 * i as i32 - turn as i32)]);
    }
}

/// Calls `run`, which pauses every second time it asks whether its deadline has passed.
fn late(engine: &Engine, text: &str) -> (Store<()>, Resumable<Vec<Val>>) {
    let mut store = Store::new(engine, ());
    let mut asked = 0;
    store.epoch_deadline_callback(move |_| {
        asked += 1;
        Ok(if asked % 2 == 1 { UpdateDeadline::Yield(0) } else { UpdateDeadline::Continue(0) })
    });
    store.set_epoch_deadline(0);
    let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let call = run.call_resumable(&mut store, &[Val::I32(12)]).unwrap();
    (store, call)
}

#[test]
fn calls_whose_deadline_has_passed_go_on_elsewhere() {
    const TEXT: &str = r#"(module
        (func $twice (param i32) (result i32) (local i32)
            (loop $l
                (local.set 1 (i32.add (local.get 1) (i32.const 2)))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1))
        ;; Rotated: its test only reads.
        (func $while (param i32) (result i32) (local i32)
            (i32.const 3)
            (block $end (loop $l
                (br_if $end (i32.ge_u (local.get 1) (local.get 0)))
                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (br $l)))
            (i32.mul (local.get 1)))
        ;; Its test counts.
        (func $countdown (param i32) (result i32) (local i32)
            (block $end (loop $l
                (br_if $end (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.set 1 (i32.add (local.get 1) (local.get 0)))
                (br $l)))
            (local.get 1))
        (func (export "run") (param i32) (result i32) (local i32 i32)
            (i32.sub (call $while (local.get 0)) (call $countdown (local.get 0)))
            (loop $outer
                (local.set 1 (i32.add (local.get 1) (call $twice (local.get 0))))
                (local.set 2 (i32.add (local.get 1) (local.get 2)))
                (if (i32.lt_u (local.get 1) (i32.const 200)) (then (br $outer))))
            (i32.add (local.get 2))))"#;
    let with = |fuse, fuel| Engine::new(Config::new().epoch_interruption(true).fuse(fuse).consume_fuel(fuel)).unwrap();
    let engines = [with(true, false), with(false, false), with(true, true), engine(false, true)];
    let modules = [0, 1, 2, 3].map(|i| module(&engines[i], TEXT));
    let mut taken = 0;
    for from in 0..2 {
        let (mut store, mut call) = late(&engines[from], TEXT);
        let mut all = Vec::new();
        let expected = loop {
            let paused = match call {
                Resumable::Finished(results) => break results,
                Resumable::Paused(paused) => paused,
            };
            assert!(matches!(paused.reason(), PauseReason::Deadline));
            all.push(Snapshot::take(&store, &[&paused]).unwrap().to_bytes());
            call = paused.resume(&mut store, &[]).unwrap();
        };
        taken += all.len();
        for bytes in &all {
            for (engine, module) in engines.iter().zip(&modules) {
                let mut store = Store::new(engine, ());
                store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
                _ = store.set_fuel(10_000);
                let snapshot = Snapshot::from_bytes(bytes).unwrap();
                let modules = std::slice::from_ref(module);
                let mut there = snapshot.restore(&mut store, &Linker::new(engine), modules).unwrap();
                let paused = there.take_paused().pop().unwrap();
                assert_eq!(paused.resume(&mut store, &[]).unwrap().finished().unwrap(), expected);
            }
        }
    }
    assert!(taken > 50, "{taken}");
}

/// What lies in the slot of a local that nobody has set is another function's: it is not written down.
#[test]
fn locals_that_are_not_set_yet_are_written_down_as_zero() {
    const TEXT: &str = r#"(module
        (import "host" "wait" (func $wait (result i32)))
        (global $dirty (mut i64) (i64.const 0))
        ;; Leaves numbers where the other function has its locals.
        (func $litter (param i64) (result i64) (local i64 i64 i64 i64 i64 i64 i64 i64)
            (local.set 1 (local.get 0)) (local.set 2 (local.get 1)) (local.set 3 (local.get 2)) (local.set 4 (local.get 3))
            (local.set 5 (local.get 4)) (local.set 6 (local.get 5)) (local.set 7 (local.get 6)) (local.set 8 (local.get 7))
            (i64.add (i64.add (local.get 1) (local.get 2)) (i64.add (local.get 7) (local.get 8))))
        (func (export "litter") (param i64) (result i64) (call $litter (local.get 0)))
        (func $work (param i64) (result i64) (local $n i64) (local $f funcref) (local $e externref) (local $v v128) (local $i i32)
            (if (i64.eqz (local.get 0)) (then (local.set $n (i64.const 5))))
            (local.set $i (call $wait))
            (local.set $n (i64.extend_i32_u (local.get $i)))
            (local.set $f (ref.null func)) (local.set $e (ref.null extern)) (local.set $v (v128.const i64x2 1 2))
            (i64.add (local.get $n) (i64.extend_i32_u (i32.add
                (i32.and (ref.is_null (local.get $f)) (ref.is_null (local.get $e))) (i32x4.extract_lane 2 (local.get $v))))))
        (func (export "run") (param i64) (result i64) (call $work (local.get 0))))"#;
    for fuse in [true, false] {
        let from = engine(false, fuse);
        let linker = waiting(&from, &[], &[ValType::I32]);
        let bytes = [0, 0x4141_4141_4141_4141_i64].map(|dirt| {
            let mut store = Store::new(&from, ());
            let instance = linker.instantiate(&mut store, &module(&from, TEXT)).unwrap();
            let litter = call(&mut store, instance, "litter", &[Val::I64(dirt)]).unwrap();
            assert_eq!(litter, [Val::I64(dirt.wrapping_mul(4))]);
            let run = instance.get_func(&store, "run").unwrap();
            let paused = run.call_resumable(&mut store, &[Val::I64(3)]).unwrap().paused().expect("it waits");
            let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
            let results = paused.resume(&mut store, &[Val::I32(39)]).unwrap().finished().unwrap();
            assert_eq!(results, [Val::I64(42)]);
            bytes
        });
        assert!(bytes[0] == bytes[1], "what lay on the stack is in the snapshot");
        let (mut store, mut there) = restored(&bytes[1], &from, &linker, &[TEXT], &mut ()).unwrap();
        let paused = there.take_paused().pop().unwrap();
        assert_eq!(paused.resume(&mut store, &[Val::I32(39)]).unwrap().finished().unwrap(), [Val::I64(42)]);
    }
}

/// Whatever lowering makes of locals that are but names for values, a call goes on where another way of lowering made something else of them: also if
/// one is a reference that cannot be null.
#[test]
fn values_with_names_go_on_elsewhere() {
    let text = r#"(module
        (import "host" "wait" (func $wait (result i32)))
        (type $s (struct (field i32)))
        (func (export "run") (param i32) (result i32) (local (ref $s) i32 i32 i32 i32 i32 i32 i32 i32 f64 f64 (ref $s))
            (local.set 1 (struct.new $s (local.get 0)))
            (local.set 2 (struct.get $s 0 (local.get 1)))
            (local.set 3 (i32.const 5))
            (local.set 4 (i32.mul (local.get 2) (local.get 3)))
            (local.set 10 (f64.const 2.5))
            (local.set 11 (f64.mul (local.get 10) (f64.convert_i32_s (local.get 4))))
            (local.set 5 (i32.trunc_f64_s (local.get 11)))
            (local.set 6 (local.get 5))
            (local.set 7 (call $wait))
            (local.set 12 (struct.new $s (local.get 7)))
            (local.set 8 (i32.add (struct.get $s 0 (local.get 12)) (local.get 6)))
            (local.get 8)))"#;
    let found = both_ways(text, [&[], &[ValType::I32]], &[Val::I32(4)], &[Val::I32(8)]);
    assert_eq!(found[0].unwrap_i32(), 58);
}

#[test]
fn frames_in_thousands_of_places_of_a_function_take_no_longer_than_others() {
    use std::fmt::Write;
    const PLACES: usize = if cfg!(debug_assertions) { 1_000 } else { 8_000 };
    let mut text = String::from(
        r#"(module (import "host" "wait" (func $wait (result i32)))
        (func $run (export "run") (param i32) (result i32)"#,
    );
    for place in 1..PLACES {
        let next = place + 1;
        writeln!(
            text,
            "(if (i32.eq (local.get 0) (i32.const {place})) (then (return (i32.add (i32.const 1) (call $run (i32.const {next}))))))"
        )
        .unwrap();
    }
    text += "(call $wait)))";
    let engine = engine(false, true);
    let linker = waiting(&engine, &[], &[ValType::I32]);
    let module = module(&engine, &text);
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let paused = run.call_resumable(&mut store, &[Val::I32(1)]).unwrap().paused().expect("it pauses");
    let begin = std::time::Instant::now();
    let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
    let taken = begin.elapsed();
    let mut there = Store::new(&engine, ());
    let restored = Snapshot::from_bytes(&bytes).unwrap().restore(&mut there, &linker, &[module]).unwrap();
    println!("{PLACES} places: taken in {taken:?}, restored in {:?}", begin.elapsed() - taken);
    // A function that is lowered again for each place takes minutes.
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    let paused = restored.into_paused().pop().unwrap();
    let results = paused.resume(&mut there, &[Val::I32(5)]).unwrap().finished().expect("it returns");
    assert_eq!(results, [Val::I32(PLACES as i32 - 1 + 5)]);
}

/// Where a deadline may pass in front of a call depends on the engine's settings; elsewhere such a snapshot is refused, and nothing worse.
#[test]
fn a_deadline_in_front_of_a_call_is_one_of_the_same_settings() {
    let calls = "(local.set 0 (call $leaf (local.get 0)))".repeat(200);
    let text = format!(
        r#"(module
        (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
        (func (export "run") (param i32) (result i32) (local i32)
            (local.set 1 (i32.const 5))
            (loop $l
                (local.set 0 (call $leaf (local.get 0)))
                (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
            {calls} (local.get 0)))"#
    );
    let with = |epochs, fuse| Engine::new(Config::new().epoch_interruption(epochs).fuse(fuse)).unwrap();
    let engines = [with(true, true), with(true, false), with(false, true)];
    let modules = [0, 1, 2].map(|i| module(&engines[i], &text));
    let mut outcomes = [[0; 2]; 3];
    for from in 0..2 {
        let (mut store, mut call) = late(&engines[from], &text);
        loop {
            let Resumable::Paused(paused) = call else { break };
            if let Ok(snapshot) = Snapshot::take(&store, &[&paused]) {
                for (to, (engine, module)) in engines.iter().zip(&modules).enumerate() {
                    let mut there = Store::new(engine, ());
                    there.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
                    match snapshot.restore(&mut there, &Linker::new(engine), std::slice::from_ref(module)) {
                        Ok(restored) => {
                            let paused = restored.into_paused().pop().unwrap();
                            let results = paused.resume(&mut there, &[]).unwrap().finished().unwrap();
                            assert_eq!(results, [Val::I32(12 + 3 * 205)]);
                            outcomes[to][0] += 1;
                        }
                        refused => {
                            assert_ne!(to, from, "it was taken with the same settings");
                            assert_refused(refused, &["paused call 0", "no place `Before`"]);
                            outcomes[to][1] += 1;
                        }
                    }
                }
            }
            call = paused.resume(&mut store, &[]).unwrap();
        }
    }
    println!("gone on and refused, by where: {outcomes:?}");
    assert!(outcomes[2][0] > 0 && outcomes[2][1] > 0, "{outcomes:?}");
}
