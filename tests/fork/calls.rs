//! Paused calls, which go on in any of the copies.

use crate::{assert_refused, module};
use pirn::*;

/// A linker whose `host.ask` yields `()`, and `host.ask_for` what it is given.
fn asking(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "ask", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
    linker.func_wrap("host", "ask_for", |n: i32| -> Result<i32> { Err(Yield::new(n).into()) }).unwrap();
    linker
}

fn instance(engine: &Engine, wat: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let instance = asking(engine).instantiate(&mut store, &module(engine, wat)).unwrap();
    (store, instance)
}

/// Adds what it is answered at each of five depths, in a memory too.
const SUM: &str = r#"(module
    (import "host" "ask" (func $ask (result i32)))
    (memory (export "memory") 20)
    (func $sum (export "sum") (param i32) (result i32) (local i64)
        (local.set 1 (i64.const 0x7fff_0000_1234))
        (if (result i32) (local.get 0)
            (then (i32.add (call $sum (i32.sub (local.get 0) (i32.const 1)))
                           (i32.add (call $ask) (i32.ne (i32.const 0x1234) (i32.wrap_i64 (local.get 1))))))
            (else (i32.store (i32.const 900000) (i32.add (i32.const 1) (i32.load (i32.const 900000))))
                  (i32.load (i32.const 900000))))))"#;

#[test]
fn a_paused_call_goes_on_in_each_copy() {
    let engine = Engine::default();
    let (mut store, there) = instance(&engine, SUM);
    let sum = there.get_typed_func::<i32, i32>(&store, "sum").unwrap();
    let mut paused = sum.call_resumable(&mut store, 5).unwrap().paused().unwrap();
    for round in 0..4 {
        for answer in [1, 10] {
            let mut copy = store.fork(()).unwrap();
            let mut call = paused.fork(&mut copy).unwrap();
            // A copy of the copy, when it has gone on.
            let mut third = None;
            let result = loop {
                match call.resume(&mut copy, &[Val::I32(answer)]).unwrap() {
                    Resumable::Finished(result) => break result,
                    Resumable::Paused(again) => {
                        third = Some((copy.fork(()).unwrap(), again));
                        let (store, again) = third.as_mut().unwrap();
                        let fork = again.fork(&mut *store).unwrap();
                        // This one goes on in the copy, and what was forked in the copy of it.
                        call = std::mem::replace(again, fork);
                    }
                }
            };
            assert_eq!(result, 1 + round + (5 - round) * answer);
            if let Some((mut third, call)) = third {
                drop(copy);
                let result = call.resume(&mut third, &[Val::I32(answer + 1)]).unwrap().finished().unwrap();
                assert_eq!(result, 1 + round + (5 - round) * answer + 1);
            }
        }
        paused = paused.resume(&mut store, &[Val::I32(1)]).unwrap().paused().unwrap();
    }
    let result = paused.resume(&mut store, &[Val::I32(1)]).unwrap().finished().unwrap();
    assert_eq!(result, 6);
}

/// As many frames as keep their stack.
#[test]
fn deep_calls_are_copied() {
    let engine = Engine::default();
    let (mut store, there) = instance(&engine, SUM);
    let sum = there.get_func(&store, "sum").unwrap();
    let mut paused = sum.call_resumable(&mut store, &[Val::I32(2_000)]).unwrap().paused().unwrap();
    let mut copy = store.fork(()).unwrap();
    let mut call = paused.fork(&mut copy).unwrap();
    let mut left = 2_000;
    let results = loop {
        left -= 1;
        let resumed = call.resume(&mut copy, &[Val::I32(2)]).unwrap();
        paused = match paused.resume(&mut store, &[Val::I32(3)]).unwrap() {
            Resumable::Paused(paused) => paused,
            Resumable::Finished(results) => {
                break [results, resumed.finished().unwrap()];
            }
        };
        call = resumed.paused().unwrap();
    };
    assert_eq!((left, results), (0, [vec![Val::I32(6_001)], vec![Val::I32(4_001)]]));
}

/// References in locals, on the operand stack, and in arguments lead into the copy.
const REFERENCES: &str = r#"(module
    (import "host" "ask" (func $ask (result i32)))
    (type $op (func (param i32) (result i32)))
    (global $n (export "n") (mut i32) (i32.const 0))
    (table $t 3 funcref)
    (elem declare func $count $down $ask)
    (func $count (type $op) (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n))
    (func $down (type $op) (i32.sub (i32.const 0) (local.get 0)))
    (func $pick (param $a funcref) (param $b funcref) (param $which i32) (result funcref)
        (if (result funcref) (local.get $which) (then (local.get $a)) (else (local.get $b))))
    (func $hold (param $f funcref) (param $depth i32) (result i32) (local $g funcref)
        (local.set $g (ref.func $down))
        (table.set $t (i32.const 0)
            (call $pick (local.get $f) (local.get $g) (call $ask)))
        (if (local.get $depth)
            (then (drop (call $hold (table.get $t (i32.const 0)) (i32.sub (local.get $depth) (i32.const 1))))))
        (table.set $t (i32.const 1) (local.get $f))
        (i32.add
            (call_indirect $t (type $op) (i32.const 100) (i32.const 0))
            (call_indirect $t (type $op) (i32.const 1) (i32.const 1))))
    (func (export "run") (param i32) (result i32) (call $hold (ref.func $count) (local.get 0)))
    (func (export "give") (result funcref i32) (ref.func $count) (call $ask))
    (func (export "tail") (result i32) (local $f funcref) (local.set $f (ref.func $count))
        (table.set $t (i32.const 2) (local.get $f))
        (drop (call $ask)) (ref.is_null (local.get $f))))"#;

#[test]
fn references_in_frames_lead_into_the_copy() {
    for fuse in [true, false] {
        let engine = Engine::new(Config::new().fuse(fuse)).unwrap();
        let (mut store, there) = instance(&engine, REFERENCES);
        let run = there.get_typed_func::<i32, i32>(&store, "run").unwrap();
        let mut paused = Some(run.call_resumable(&mut store, 3).unwrap().paused().unwrap());
        let mut pauses = 0;
        let mut results = Vec::new();
        while let Some(call) = paused.take() {
            pauses += 1;
            let mut copy = store.fork(()).unwrap();
            let mut forked = Resumable::Paused(call.fork(&mut copy).unwrap());
            let n = there.get_global(&store, "n").unwrap();
            let before = n.get(&store);
            let mut answer = pauses;
            let result = loop {
                match forked {
                    Resumable::Finished(result) => break result,
                    Resumable::Paused(call) => {
                        answer += 1;
                        forked = call.resume(&mut copy, &[Val::I32(answer & 1)]).unwrap();
                    }
                }
            };
            assert_eq!(n.get(&store), before, "the copy counts its own");
            results.push((result, copy.forked(n).unwrap().get(&copy).unwrap_i32()));
            match call.resume(&mut store, &[Val::I32((pauses + 1) & 1)]).unwrap() {
                Resumable::Paused(call) => paused = Some(call),
                Resumable::Finished(result) => {
                    // All copies were answered as the original was.
                    let n = n.get(&store).unwrap_i32();
                    assert_eq!(pauses, 4);
                    assert_eq!(results, vec![(result, n); 4]);
                }
            }
        }
    }
}

#[test]
fn results_are_of_the_copy() {
    let engine = Engine::default();
    let (mut store, there) = instance(&engine, REFERENCES);
    let give = there.get_func(&store, "give").unwrap();
    let paused = give.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    let mut copy = store.fork(()).unwrap();
    let forked = paused.fork(&mut copy).unwrap();
    drop(paused);
    drop(store);
    let results = forked.resume(&mut copy, &[Val::I32(3)]).unwrap().finished().unwrap();
    let [Val::FuncRef(Some(count)), Val::I32(3)] = results[..] else { panic!("{results:?}") };
    let count = count.typed::<i32, i32>(&copy).unwrap();
    assert_eq!(count.call(&mut copy, 5).unwrap(), 5);
    assert_eq!(get_n(&copy, there), 5);
}

fn get_n(copy: &Store<()>, original: Instance) -> i32 {
    let instance = copy.forked(original).unwrap();
    instance.get_global(copy, "n").unwrap().get(copy).unwrap_i32()
}

/// Out of fuel at every place there is.
#[test]
fn calls_out_of_fuel_go_on_in_copies() {
    for (text, name) in [(SUM, "sum"), (REFERENCES, "run")] {
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let (mut store, there) = instance(&engine, text);
        let func = there.get_typed_func::<i32, i32>(&store, name).unwrap();
        let run = |store: &mut Store<()>, mut call: Resumable<i32>| loop {
            match call {
                Resumable::Finished(result) => break result,
                Resumable::Paused(paused) => {
                    store.set_fuel(1_000_000).unwrap();
                    let answer: &[Val] = if paused.expects().is_empty() { &[] } else { &[Val::I32(1)] };
                    call = paused.resume(&mut *store, answer).unwrap();
                }
            }
        };
        let expected = {
            store.set_fuel(1_000_000).unwrap();
            let mut copy = store.fork(()).unwrap();
            let call = copy.forked(func).unwrap().call_resumable(&mut copy, 3).unwrap();
            run(&mut copy, call)
        };
        store.set_fuel(0).unwrap();
        let mut call = func.call_resumable(&mut store, 3).unwrap();
        let mut pauses = 0;
        loop {
            let Resumable::Paused(paused) = call else { break };
            pauses += 1;
            let mut copy = store.fork(()).unwrap();
            let forked = paused.fork(&mut copy).unwrap();
            assert_eq!(run(&mut copy, Resumable::Paused(forked)), expected, "{name}, pause {pauses}");
            let answer: &[Val] = if paused.expects().is_empty() { &[] } else { &[Val::I32(1)] };
            store.add_fuel(3).unwrap();
            call = paused.resume(&mut store, answer).unwrap();
        }
        assert_eq!(call.finished(), Some(expected));
        assert!(pauses > 20, "{pauses}");
    }
}

/// A host function that is called directly has no frame below it.
#[test]
fn a_host_function_that_waits_is_copied() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ask = asking(&engine).get(&mut store, "host", "ask").unwrap().into_func().unwrap();
    let paused = ask.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    let mut copy = store.fork(()).unwrap();
    let forked = paused.fork(&mut copy).unwrap();
    assert_eq!(forked.resume(&mut copy, &[Val::I32(4)]).unwrap().finished(), Some(vec![Val::I32(4)]));
    assert_eq!(paused.resume(&mut store, &[Val::I32(5)]).unwrap().finished(), Some(vec![Val::I32(5)]));
}

/// A plain call in which a host function yields fails as before, in a store that was forked.
#[test]
fn calls_that_cannot_pause_fail_as_ever() {
    let engine = Engine::default();
    let (mut store, there) = instance(&engine, SUM);
    let sum = there.get_typed_func::<i32, i32>(&store, "sum").unwrap();
    let before = sum.call(&mut store, 2).unwrap_err().to_string();
    let mut copy = store.fork(()).unwrap();
    assert_eq!(sum.call(&mut store, 2).unwrap_err().to_string(), before);
    assert_eq!(copy.forked(sum).unwrap().call(&mut copy, 2).unwrap_err().to_string(), before);
    // Each of them has counted, in its own memory.
    assert_eq!(sum.call(&mut store, 0).unwrap(), 3);
    assert_eq!(copy.forked(sum).unwrap().call(&mut copy, 0).unwrap(), 3);
}

#[test]
fn what_cannot_be_copied_is_said() {
    let engine = Engine::default();
    let (mut store, there) = instance(&engine, SUM);
    let sum = there.get_typed_func::<i32, i32>(&store, "sum").unwrap();
    let early = store.fork(());
    let paused = sum.call_resumable(&mut store, 2).unwrap().paused().unwrap();
    assert_refused(paused.fork(&mut early.unwrap()), "paused after the store was forked");
    let mut copy = store.fork(()).unwrap();
    assert_refused(paused.fork(&mut store), "not of the store that this one was forked of");
    copy.set_limits(StoreLimitsBuilder::new().resumable_calls(1).build());
    let forked = paused.fork(&mut copy).unwrap();
    assert_refused(paused.fork(&mut copy), "limit of 1 resumable calls");
    assert_refused(forked.fork(&mut copy), "not of the store that this one was forked of");
    drop(forked);
    // It is not what it was when the store was forked.
    let later = paused.resume(&mut store, &[Val::I32(1)]).unwrap().paused().unwrap();
    assert_refused(later.fork(&mut copy), "paused after the store was forked");

    let text = r#"(module (import "host" "ask_for" (func $ask (param i32) (result i32)))
        (func (export "run") (result i32) (call $ask (i32.const 41))))"#;
    let (mut store, there) = instance(&engine, text);
    let paused = there.get_func(&store, "run").unwrap().call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    let mut copy = store.fork(()).unwrap();
    assert_refused(paused.fork(&mut copy), "yielded something that is not ()");
    let forked =
        paused.fork_with(&mut copy, |payload| Ok(Box::new(*payload.downcast_ref::<i32>().unwrap() + 1))).unwrap();
    let PauseReason::Yield(payload) = forked.reason() else { panic!("it yielded") };
    assert_eq!(payload.downcast_ref(), Some(&42));
    assert_eq!(forked.resume(&mut copy, &[Val::I32(9)]).unwrap().finished(), Some(vec![Val::I32(9)]));
}

#[test]
fn start_functions_are_not_copied() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = r#"(module (import "host" "ask" (func $ask (result i32))) (start $start)
        (func $start (drop (call $ask))))"#;
    let pre = asking(&engine).instantiate_resumable(&mut store, &module(&engine, text)).unwrap();
    let paused = pre.paused().unwrap();
    let mut copy = store.fork(()).unwrap();
    assert_refused(paused.fork(&mut copy), "start function");
}

/// Code that stops at its deadline is copied wherever it stands, if it holds no references.
#[test]
fn calls_that_are_late_are_copied() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let text = r#"(module (memory 4)
        (func (export "spin") (param i32) (result i32) (local i32)
            (loop $next
                (local.set 1 (i32.add (local.get 1) (local.get 0)))
                (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (memory.fill (i32.const 0) (local.get 1) (i32.const 200000))
            (i32.add (local.get 1) (i32.load8_u (i32.const 199999)))))"#;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(0);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(0)));
    let there = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let spin = there.get_typed_func::<i32, i32>(&store, "spin").unwrap();
    let expected = 50 * 51 / 2 + ((50 * 51 / 2) & 255);
    let mut call = spin.call_resumable(&mut store, 50).unwrap();
    let mut pauses = 0;
    while let Resumable::Paused(paused) = call {
        pauses += 1;
        let mut copy = store.fork(()).unwrap();
        copy.set_epoch_deadline(u64::MAX);
        let forked = paused.fork(&mut copy).unwrap();
        assert_eq!(forked.resume(&mut copy, &[]).unwrap().finished(), Some(expected), "pause {pauses}");
        if pauses > 60 {
            store.set_epoch_deadline(1_000);
        }
        call = paused.resume(&mut store, &[]).unwrap();
    }
    assert_eq!(call.finished(), Some(expected));
}

/// A call that is forked later than its store finds what is left there by then.
#[test]
fn calls_that_are_forked_late_find_what_they_need() {
    let engine = Engine::default();
    let (mut store, there) = instance(
        &engine,
        r#"(module (import "host" "ask" (func $ask (result i32)))
            (func (export "keep") (param externref) (result externref) (local externref)
                (drop (call $ask)) (local.set 1 (local.get 0)) (local.get 1)))"#,
    );
    let keep = there.get_func(&store, "keep").unwrap();
    let paused = {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, "a value");
        keep.call_resumable(&mut scope, &[Val::ExternRef(Some(value))]).unwrap().paused().unwrap()
    };
    let [mut early, mut late] = [store.fork(()).unwrap(), store.fork(()).unwrap()];
    let kept = paused.fork(&mut early).unwrap();
    early.gc();
    late.gc();
    assert_refused(paused.fork(&mut late), "refers to a value that was freed in the copy");
    for (store, call) in [(&mut early, kept), (&mut store, paused)] {
        let results = call.resume(&mut *store, &[Val::I32(1)]).unwrap().finished().unwrap();
        let [Val::ExternRef(Some(value))] = results[..] else { panic!("{results:?}") };
        assert_eq!(value.data(&*store).unwrap().unwrap().downcast_ref(), Some(&"a value"));
    }
}

/// A store whose calls pause at deadlines, but not where the function begins.
fn store_that_pauses(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    store.set_epoch_deadline(0);
    let mut has_begun = false;
    store.epoch_deadline_callback(move |_| match std::mem::replace(&mut has_begun, true) {
        false => Ok(UpdateDeadline::Continue(0)),
        true => Ok(UpdateDeadline::Yield(0)),
    });
    store
}

/// A call within an instruction on a memory relies on that having the size that it found.
#[test]
fn calls_within_an_instruction_are_not_forked_to_where_an_instance_was_reset() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let text = r#"(module (memory 1)
        (func (export "fill") (result i32)
            (drop (memory.grow (i32.const 9)))
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 600000))
            (i32.load8_u (i32.const 599999))))"#;
    let mut store = store_that_pauses(&engine);
    let there = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let fill = there.get_typed_func::<(), i32>(&store, "fill").unwrap();
    let paused = fill.call_resumable(&mut store, ()).unwrap().paused().unwrap();
    assert!(paused.is_within_instruction());
    let [mut reset, mut other] = [store.fork(()).unwrap(), store.fork(()).unwrap()];
    reset.forked(there).unwrap().reset(&mut reset).unwrap();
    assert_refused(paused.fork(&mut reset), "an instance was reset since the store was forked");
    other.set_epoch_deadline(u64::MAX);
    let forked = paused.fork(&mut other).unwrap();
    assert_eq!(forked.resume(&mut other, &[]).unwrap().finished(), Some(7));
}

/// A call within `table.init` takes what its segment had when it began, also if that is dropped; but what was dropped is not copied.
#[test]
fn calls_within_an_instruction_are_not_forked_to_where_their_segment_was_dropped() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let all = 40_000;
    let text = format!(
        r#"(module (type $s (struct (field i32)))
            (global $g (mut i32) (i32.const 1)) (memory 1)
            (table $t {all} funcref) (table $u {all} (ref null $s))
            (elem $funcs func {}) (elem $objects (ref $s) {}) (elem $other func $f)
            (func $f (result i32) (global.get $g))
            (func (export "set") (param i32) (global.set $g (local.get 0)))
            (func (export "funcs") (table.init $t $funcs (i32.const 0) (i32.const 0) (i32.const {all})))
            (func (export "objects") (table.init $u $objects (i32.const 0) (i32.const 0) (i32.const {all})))
            (func (export "drop") (elem.drop $funcs) (elem.drop $objects))
            (func (export "drop other") (elem.drop $other))
            (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0)))
            (func (export "get") (param i32) (result i32) (struct.get $s 0 (table.get $u (local.get 0)))))"#,
        "$f ".repeat(all),
        "(item (struct.new $s (i32.const 7))) ".repeat(all),
    );
    let module = module(&engine, &text);
    for name in ["funcs", "objects"] {
        let mut store = store_that_pauses(&engine);
        let there = Instance::new(&mut store, &module, &[]).unwrap();
        let init = there.get_typed_func::<(), ()>(&store, name).unwrap();
        let paused = init.call_resumable(&mut store, ()).unwrap().paused().unwrap();
        assert!(paused.is_within_instruction());
        let call = |store: &mut Store<()>, name: &str| {
            store.set_epoch_deadline(u64::MAX / 2);
            let there = store.forked(there).unwrap_or(there);
            there.get_typed_func::<(), ()>(&mut *store, name).unwrap().call(store, ()).unwrap();
        };
        call(&mut store, "drop other");
        let [mut good, mut late] = [store.fork(()).unwrap(), store.fork(()).unwrap()];
        call(&mut late, "drop");
        late.gc();
        assert_refused(paused.fork(&mut late), "an element segment that was dropped");
        let forked = paused.fork(&mut good).unwrap();
        // Dropped behind both, which go on all the same.
        for store in [&mut store, &mut good] {
            call(store, "drop");
            store.gc();
        }
        assert_refused(paused.fork(&mut store.fork(()).unwrap()), "an element segment that was dropped");
        paused.resume(&mut store, &[]).unwrap().finished().unwrap();
        let set = there.get_typed_func::<i32, ()>(&store, "set").unwrap();
        set.call(&mut store, 5).unwrap();
        drop(store);
        forked.resume(&mut good, &[]).unwrap().finished().unwrap();
        let there = good.forked(there).unwrap();
        let (get, expected) = if name == "funcs" { ("call", 1) } else { ("get", 7) };
        let get = there.get_typed_func::<i32, i32>(&good, get).unwrap();
        for at in [0, 20_000, all as i32 - 1] {
            assert_eq!(get.call(&mut good, at).unwrap(), expected, "{name} {at}");
        }
    }
}
