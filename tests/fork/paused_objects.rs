//! Paused calls whose frames refer to structs, arrays and exceptions.

use crate::collecting::ways;
use crate::older::DEEP;
use crate::{assert_refused, module};
use pirn::*;

/// The module's `run`, paused when it asks first, in a store of an engine that fuses or does not, and of one where every allocation collects.
fn paused(text: &str, params: &[Val]) -> Vec<(Store<()>, Instance, Paused<Vec<Val>>)> {
    let start = |(fuse, stress)| {
        let engine = Engine::new(Config::new().fuse(fuse).gc_stress(stress)).unwrap();
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "ask", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
        let run = instance.get_func(&store, "run").unwrap();
        let paused = run.call_resumable(&mut store, params).unwrap().paused().expect("it asks");
        (store, instance, paused)
    };
    ways().map(start).into()
}

/// Goes on to the end, with the numbers from `answer` on for answers; everything that is free is used for something else whenever it stands still.
fn finish(store: &mut Store<()>, instance: Instance, paused: Paused<Vec<Val>>, answer: i32) -> i32 {
    let mut call = Resumable::Paused(paused);
    for answer in answer.. {
        match call {
            Resumable::Finished(results) => return results[0].unwrap_i32(),
            Resumable::Paused(paused) => {
                use_up(store, instance);
                let answers = &[Val::I32(answer)][..paused.expects().len()];
                call = paused.resume(&mut *store, answers).unwrap();
            }
        }
    }
    unreachable!("it ends")
}

fn use_up(store: &mut Store<()>, instance: Instance) {
    store.gc();
    let garbage = instance.get_typed_func::<i32, ()>(&*store, "garbage").unwrap();
    garbage.call(&mut *store, 60).unwrap();
    store.gc();
}

/// Runs `run` of a module, forked wherever it asks, in copies, in copies of these, and in the original, which is dropped before the last copy goes on.
/// Gives what it comes to with the answers 1, 2 and so on, which is the same everywhere.
fn everywhere(text: &str) -> i32 {
    let garbage = r#"(type $junk (struct (field i64 i64 i64)))
        (func (export "garbage") (param i32) (local (ref null $junk))
            (loop $more
                (local.set 1 (struct.new $junk (i64.const -1) (i64.const 0x5555555555555554) (i64.const -1)))
                (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"#;
    let mut found = Vec::new();
    for (mut store, instance, paused) in self::paused(&text.replace("GARBAGE", garbage), &[]) {
        let mut kept = Vec::new();
        let mut paused = paused;
        for answer in 1.. {
            let mut copies = [store.fork(()).unwrap(), store.fork(()).unwrap()];
            let there = copies[0].forked(instance).unwrap();
            let call = paused.fork(&mut copies[0]).unwrap();
            // A copy of the copy, which goes on when that is gone.
            let [mut copy, mut second] = copies;
            let mut third = copy.fork(()).unwrap();
            let last = third.forked(there).unwrap();
            let again = call.fork(&mut third).unwrap();
            found.push(finish(&mut copy, there, call, answer));
            drop(copy);
            found.push(finish(&mut third, last, again, answer));
            let call = paused.fork(&mut second).unwrap();
            let there = second.forked(instance).unwrap();
            kept.push((second, there, call, answer));
            use_up(&mut store, instance);
            match paused.resume(&mut store, &[Val::I32(answer)]).unwrap() {
                Resumable::Paused(next) => paused = next,
                Resumable::Finished(results) => {
                    found.push(results[0].unwrap_i32());
                    break;
                }
            }
        }
        drop(store);
        for (mut store, instance, call, answer) in kept {
            found.push(finish(&mut store, instance, call, answer));
        }
    }
    assert!(found.iter().all(|&result| result == found[0]), "{found:?}");
    found[0]
}

/// In locals, parameters, on the operand stack, in frames of several functions.
#[test]
fn objects_in_frames_lead_into_the_copy() {
    let result = everywhere(
        r#"(module
            (import "host" "ask" (func $ask (result i32)))
            (type $node (struct (field $n (mut i32)) (field $next (mut (ref null $node)))))
            (type $op (func (param i32) (result i32)))
            (type $box (struct (field (ref $op)) (field (mut anyref))))
            (type $bytes (array (mut i8)))
            (global $count (mut i32) (i32.const 0))
            (elem declare func $count_up)
            (func $count_up (type $op)
                (global.set $count (i32.add (global.get $count) (local.get 0)))
                (global.get $count))
            (func $inner (param $node (ref null $node)) (param $any anyref) (result i32) (local $b (ref null $box)) (local $unset (ref null $node))
                (local.set $b (struct.new $box (ref.func $count_up) (local.get $any)))
                ;; An operand, which is nowhere else.
                (struct.new $node (i32.const 1000) (local.get $node))
                (struct.set $node $n (local.get $node) (i32.add (struct.get $node $n (local.get $node)) (call $ask)))
                (struct.get $node $next)
                (struct.get $node $n)
                (drop (call_ref $op (i32.const 100) (struct.get $box 0 (local.get $b))))
                (i32.mul (i32.const 2) (call $ask))
                (i32.add)
                (i32.add (array.len (ref.cast (ref $bytes) (struct.get $box 1 (local.get $b)))))
                (local.set $unset (local.get $node))
                (i32.add (ref.eq (local.get $unset) (local.get $node))))
            (func (export "run") (result i32) (local $node (ref $node)) (local $bytes (ref null $bytes)) (local $late (ref $node))
                (local.set $node (struct.new $node (i32.const 5) (ref.null $node)))
                (struct.set $node $next (local.get $node) (local.get $node))
                (local.set $bytes (array.new $bytes (i32.const 1) (i32.const 50000)))
                (call $inner (local.get $node) (local.get $bytes))
                (local.set $late (ref.as_non_null (struct.get $node $next (struct.get $node $next (local.get $node)))))
                (i32.add (i32.mul (i32.const 7) (struct.get $node $n (local.get $late))))
                (i32.add (call_ref $op (i32.const 1) (ref.func $count_up)))
                (i32.add (array.get_u $bytes (local.get $bytes) (i32.const 49999))))
            GARBAGE)"#,
    );
    // The node's number is 5 and the first answer; `$inner` adds twice the second, the bytes, and that the nodes are the same.
    assert_eq!(result, (6 + 4 + 50_000 + 1) + 7 * 6 + 101 + 1);
}

/// Exceptions that nothing holds but a handler: of the older instructions where the specification has no place for them, and of the newer
/// ones on the operand stack. None of these functions has a reference in its locals or results.
#[test]
fn caught_exceptions_lead_into_the_copy() {
    let older = everywhere(
        &r#"(module
            (import "host" "ask" (func $ask (result i32)))
            (tag $tag (param i32)) (tag $other)
            DEEP
            (func (export "run") (result i32)
                try (result i32)
                    call $deep
                catch $tag
                    i32.const 7
                    i32.mul
                    call $ask
                    i32.add
                    try
                        throw $other
                    catch_all
                        call $ask
                        drop
                    end
                end)
            GARBAGE)"#
            .replace("DEEP", DEEP),
    );
    assert_eq!(older, 7 + 3);
    let newer = everywhere(
        r#"(module
            (import "host" "ask" (func $ask (result i32)))
            (tag $tag (param i32))
            (func $throw (throw $tag (call $ask)))
            (func $again
                (block $caught (result exnref)
                    (try_table (catch_all_ref $caught) (call $throw))
                    (unreachable))
                (drop (call $ask))
                (throw_ref))
            (func (export "run") (result i32)
                (block $caught (result i32)
                    (try_table (catch $tag $caught) (call $again))
                    (unreachable))
                (i32.mul (i32.const 10))
                (i32.add (call $ask)))
            GARBAGE)"#,
    );
    assert_eq!(newer, 13);
}

/// What the copy has freed by the time that the call is forked, or not.
#[test]
fn calls_that_are_forked_late_find_what_they_need() {
    let text = r#"(module
        (import "host" "ask" (func $ask (result i32)))
        (type $s (struct (field (mut i32)))) (type $bytes (array (mut i8)))
        (global $kept (export "kept") (mut anyref) (ref.null any))
        (func (export "run") (param $length i32) (result i32) (local $ref anyref)
            (if (local.get $length)
                (then (local.set $ref (array.new $bytes (i32.const 9) (local.get $length))))
                (else (local.set $ref (struct.new $s (i32.const 8)))))
            (global.set $kept (local.get $ref))
            (drop (call $ask))
            (if (result i32) (local.get $length)
                (then (array.get_u $bytes (ref.cast (ref $bytes) (local.get $ref)) (i32.const 0)))
                (else (struct.get $s 0 (ref.cast (ref $s) (local.get $ref))))))
        (func (export "garbage") (param i32)
            (loop $more
                (drop (struct.new $s (i32.const 77)))
                (drop (array.new $bytes (i32.const 78) (i32.const 60000)))
                (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    for length in [0, 100, 60_000] {
        for (mut store, instance, paused) in paused(text, &[Val::I32(length)]) {
            let expected = if length == 0 { 8 } else { 9 };
            let [mut early, mut late, mut kept] = [(); 3].map(|()| store.fork(()).unwrap());
            let of_early = paused.fork(&mut early).unwrap();
            for copy in [&mut early, &mut late] {
                let there = copy.forked(instance).unwrap();
                there.get_global(&*copy, "kept").unwrap().set(&mut *copy, Val::AnyRef(None)).unwrap();
                use_up(copy, there);
            }
            let there = kept.forked(instance).unwrap();
            use_up(&mut kept, there);
            instance.get_global(&store, "kept").unwrap().set(&mut store, Val::AnyRef(None)).unwrap();
            use_up(&mut store, instance);
            assert_refused(paused.fork(&mut late), "refers to a struct, array or exception that was freed in the copy");
            let of_kept = paused.fork(&mut kept).unwrap();
            // It was refused before, and is so again: it is not what is there now.
            assert_refused(paused.fork(&mut late), "refers to a struct, array or exception that was freed in the copy");
            for (store, call) in [(&mut early, of_early), (&mut kept, of_kept), (&mut store, paused)] {
                let results = call.resume(&mut *store, &[Val::I32(1)]).unwrap().finished().unwrap();
                assert_eq!(results[0].unwrap_i32(), expected);
            }
        }
    }
}

/// Out of fuel at every place there is: also where a reference is nowhere but in the accumulator.
#[test]
fn calls_out_of_fuel_refer_to_objects_of_the_copy() {
    let text = r#"(module
        (type $node (sub (struct (field $n (mut i32)) (field $next (mut (ref null $node))))))
        (type $more (sub $node (struct (field (mut i32)) (field (mut (ref null $node))) (field $exn (mut exnref)))))
        (type $list (array (mut (ref null $node)))) (type $bytes (array (mut i8)))
        (tag $tag (param (ref null $node)))
        (table $table 0 1000 anyref) (table $exns 0 1000 exnref)
        (data $data "abcdefgh")
        (func $push (param $list (ref null $node)) (param $n i32) (result (ref $node))
            (if (result (ref $node)) (i32.eqz (local.get $n))
                (then (struct.new $node (i32.const 1) (local.get $list)))
                (else (call $push (struct.new $more (local.get $n) (local.get $list) (ref.null exn)) (i32.sub (local.get $n) (i32.const 1))))))
        (func $throw (param $node (ref null $node)) (throw $tag (local.get $node)))
        (func (export "run") (param $n i32) (result i32)
            (local $node (ref null $node)) (local $list (ref null $list)) (local $sum i32) (local $bytes (ref null $bytes)) (local $two i32)
            (local $caught (ref null $node))
            (local.set $two (i32.const 2))
            (local.set $node (call $push (ref.null $node) (local.get $n)))
            (local.set $list (array.new $list (local.get $node) (i32.const 6)))
            (array.set $list (local.get $list) (i32.const 3) (struct.get $node $next (local.get $node)))
            ;; What is filled, copied, grown is paid for.
            (drop (table.grow $table (struct.get $node $next (local.get $node)) (local.get $two)))
            (drop (table.grow $table (array.get $list (local.get $list) (i32.const 1)) (local.get $two)))
            (table.fill $table (i32.const 1) (struct.get $node $next (local.get $node)) (local.get $two))
            (array.fill $list (local.get $list) (i32.const 1) (struct.get $node $next (local.get $node)) (local.get $two))
            (array.copy $list $list (array.new $list (struct.get $node $next (local.get $node)) (local.get $two)) (i32.const 0)
                (local.get $list) (i32.const 2) (local.get $two))
            (local.set $bytes (array.new_data $bytes $data (i32.const 1) (i32.const 5)))
            (block $caught (result (ref null $node) exnref)
                (try_table (catch_ref $tag $caught) (call $throw (struct.get $node $next (local.get $node))))
                (unreachable))
            (table.grow $exns (local.get $two))
            (drop)
            (struct.set $more $exn (ref.cast (ref $more) (struct.get $node $next (local.get $node))) (table.get $exns (i32.const 1)))
            (struct.get $node $n)
            (local.set $sum)
            (block $again (result (ref null $node))
                (try_table (catch $tag $again)
                    (throw_ref (struct.get $more $exn (ref.cast (ref $more) (struct.get $node $next (local.get $node))))))
                (unreachable))
            (local.set $caught)
            (local.set $sum (i32.add (local.get $sum) (i32.mul (i32.const 2)
                (ref.eq (local.get $caught) (struct.get $node $next (local.get $node))))))
            (loop $next
                (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (struct.get $node $n (local.get $node))))
                (br_if $next (i32.eqz (ref.is_null
                    (local.tee $node (struct.get $node $next (local.get $node)))))))
            (loop $more
                (local.set $two (i32.add (local.get $two) (i32.const 1)))
                (if (ref.is_null (table.get $table (i32.rem_u (local.get $two) (table.size $table)))) (then (unreachable)))
                (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (struct.get $node $n
                    (array.get $list (local.get $list) (i32.rem_u (local.get $two) (i32.const 6))))))
                (local.set $sum (i32.add (local.get $sum) (array.get_u $bytes (local.get $bytes) (i32.rem_u (local.get $two) (i32.const 5)))))
                (br_if $more (i32.lt_u (local.get $two) (i32.const 12))))
            (local.get $sum))
        (func (export "garbage") (param i32)
            (loop $more
                (drop (struct.new $node (i32.const 77) (ref.null $node)))
                (drop (struct.new $more (i32.const 77) (ref.null $node) (ref.null exn)))
                (drop (array.new $bytes (i32.const 78) (i32.const 60)))
                (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let mut results = Vec::new();
    for (fuse, stress) in ways() {
        let engine = Engine::new(Config::new().consume_fuel(true).fuse(fuse).gc_stress(stress)).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
        let run = instance.get_func(&store, "run").unwrap();
        store.set_fuel(0).unwrap();
        let mut call = run.call_resumable(&mut store, &[Val::I32(5)]).unwrap();
        let mut kept = Vec::new();
        while let Resumable::Paused(paused) = call {
            let mut copy = store.fork(()).unwrap();
            let forked = paused.fork(&mut copy).unwrap();
            let there = copy.forked(instance).unwrap();
            copy.set_fuel(1 << 40).unwrap();
            // Some go on when the original is gone.
            if kept.len() < 20 {
                kept.push((copy, there, forked));
            } else {
                use_up(&mut copy, there);
                kept.rotate_left(7);
                let (mut copy, there, forked) = std::mem::replace(&mut kept[0], (copy, there, forked));
                results.push(finish(&mut copy, there, forked, 0));
            }
            store.add_fuel(3).unwrap();
            call = paused.resume(&mut store, &[]).unwrap();
        }
        let Resumable::Finished(found) = call else { unreachable!("it is not paused") };
        results.push(found[0].unwrap_i32());
        drop(store);
        for (mut copy, there, forked) in kept {
            use_up(&mut copy, there);
            results.push(finish(&mut copy, there, forked, 0));
        }
    }
    assert!(results.len() > 100, "{}", results.len());
    assert!(results.iter().all(|&result| result == results[0]), "{results:?}");
}
