//! What a collection has to keep, each kind of place that holds it: each of these tests fails when that kind is forgotten
//! (`oracle/object-mutants.sh`).

#[path = "support/collecting.rs"]
mod collecting;

use collecting::ways;
use pirn::*;

const TYPES: &str = "(type $item (struct (field $number i32))) (type $items (array (mut (ref null $item))))";

fn instance(store: &mut Store<()>, imports: &[Extern], text: &str) -> Instance {
    let module = Module::new(store.engine(), format!("(module {TYPES} {text})")).unwrap();
    Instance::new(store, &module, imports).unwrap()
}

/// Makes garbage of so many items, each with a number that nobody else uses, so that what was freed is overwritten.
const GARBAGE: &str = r#"(func $garbage (export "garbage") (param $n i32)
    (loop $more
        (drop (struct.new $item (i32.const -1)))
        (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"#;

fn engines() -> [Engine; 6] {
    ways()
        .map(|(fuse, stress)| Engine::new(Config::new().epoch_interruption(true).fuse(fuse).gc_stress(stress)).unwrap())
}

#[test]
fn long_arrays_wide_structs_and_whole_blocks() {
    // The last of seventy fields, and the last element of many, more than are marked at once; and so many items that blocks are full.
    let fields = "(field (ref null $item))".repeat(70);
    let text = format!(
        r#"(type $wide (struct {fields}))
        (global $items (mut (ref null $items)) (ref.null $items))
        (global $wide (mut (ref null $wide)) (ref.null $wide))
        {GARBAGE}
        (func (export "make") (param $n i32) (local $i i32)
            (global.set $items (array.new_default $items (local.get $n)))
            (loop $more
                (array.set $items (global.get $items) (local.get $i) (struct.new $item (local.get $i)))
                (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
            (global.set $wide (struct.new $wide {nulls} (struct.new $item (i32.const 5)))))
        (func (export "sum") (result i64) (local $i i32) (local $sum i64)
            (loop $more
                (local.set $sum (i64.add (local.get $sum)
                    (i64.extend_i32_s (struct.get $item $number (array.get $items (global.get $items) (local.get $i))))))
                (br_if $more
                    (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (global.get $items)))))
            (i64.add (local.get $sum) (i64.extend_i32_s (struct.get $item $number (struct.get $wide 69 (global.get $wide))))))"#,
        nulls = "(ref.null $item)".repeat(69),
    );
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store, &[], &text);
    const COUNT: i32 = 20_000;
    instance.get_typed_func::<i32, ()>(&store, "make").unwrap().call(&mut store, COUNT).unwrap();
    let garbage = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
    let sum = instance.get_typed_func::<(), i64>(&store, "sum").unwrap();
    for _ in 0..2 {
        store.gc();
        garbage.call(&mut store, COUNT).unwrap();
        assert_eq!(sum.call(&mut store, ()).unwrap(), i64::from(COUNT) * i64::from(COUNT - 1) / 2 + 5);
    }
}

/// An item that is nowhere but on the operand stack while the deadline passes, and loops with parameters.
fn late_text() -> String {
    format!(
        r#"{GARBAGE}
        (func $last (param $n i32) (param (ref $item)) (result i32)
            (local.get 1)
            (loop $more (param (ref $item)) (result (ref $item))
                struct.get $item $number  i32.const 1  i32.add  struct.new $item
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            struct.get $item $number)
        (func (export "run") (param $n i32) (result i32) (call $last (local.get $n) (struct.new $item (i32.const 100))))"#
    )
}

#[test]
fn what_a_loop_carries_while_a_deadlines_callback_collects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(0);
        store.epoch_deadline_callback(|mut store| {
            store.gc();
            Ok(UpdateDeadline::Continue(0))
        });
        let instance = instance(&mut store, &[], &late_text());
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, 50).unwrap(), 150);
    }
}

#[test]
fn what_a_loop_carries_while_its_call_stands_still() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(0);
        let mut asked = 0;
        store.epoch_deadline_callback(move |_| {
            asked += 1;
            Ok(if asked % 2 == 1 { UpdateDeadline::Yield(0) } else { UpdateDeadline::Continue(0) })
        });
        let instance = instance(&mut store, &[], &late_text());
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        let (mut call, mut pauses) = (run.call_resumable(&mut store, 50).unwrap(), 0);
        let result = loop {
            match call {
                Resumable::Finished(result) => break result,
                Resumable::Paused(paused) => {
                    pauses += 1;
                    store.gc();
                    call = paused.resume(&mut store, &[]).unwrap();
                }
            }
        };
        assert_eq!(result, 150);
        assert!(pauses > 20, "{pauses}");
    }
}

/// The frames of a call wait on one stack while its host function begins another on a second, which collects.
#[test]
fn what_frames_hold_while_another_stack_is_in_use() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX);
        let inside = instance(&mut store, &[], GARBAGE);
        let garbage = inside.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
        let collect = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
            for _ in 0..2 {
                caller.as_context_mut().gc();
                garbage.call_resumable(&mut caller, 1_000)?.finished().expect("nothing pauses it");
                // Within a resumable call as well.
                garbage.call(&mut caller, 1_000)?;
            }
            Ok(())
        });
        let text = r#"(import "" "collect" (func $collect))
            (func (export "run") (param i32) (result i32) (local $item (ref null $item))
                (local.set $item (struct.new $item (local.get 0)))
                (struct.new $item (i32.const 1))
                (call $collect)
                (i32.add (struct.get $item $number) (struct.get $item $number (local.get $item))))"#;
        let outside = instance(&mut store, &[collect.into()], text);
        let run = outside.get_typed_func::<i32, i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, 41).unwrap(), 42);
        assert_eq!(run.call_resumable(&mut store, 41).unwrap().finished(), Some(42));
    }
}

/// What a host function gives, while the hook collects that is told of its return.
#[test]
fn what_a_host_function_gives_while_a_hook_collects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX);
        store.call_hook(|mut store, _| {
            store.gc();
            Ok(())
        });
        let text = format!(
            r#"(import "" "give" (func $give (result anyref))) {GARBAGE}
            (func (export "make") (param i32) (result (ref null any)) (struct.new $item (local.get 0)))
            (func (export "run") (result i32) (struct.get $item $number (ref.cast (ref $item) (call $give))))"#
        );
        let maker = instance(
            &mut store,
            &[],
            &text.replace(
                r#"(import "" "give" (func $give (result anyref)))"#,
                "(func $give (result anyref) unreachable)",
            ),
        );
        let make = maker.get_func(&store, "make").unwrap();
        let give = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<Option<Rooted<AnyRef>>> {
            let mut results = [Val::I32(0)];
            make.call(&mut caller, &[Val::I32(7)], &mut results)?;
            let Val::AnyRef(made) = results[0] else { panic!("{results:?}") };
            Ok(made)
        });
        let instance = instance(&mut store, &[give.into()], &text);
        let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), 7);
    }
}

/// A segment that is dropped, by a deadline's callback, while it is copied to a table.
#[test]
fn what_a_segment_had_while_it_is_copied() {
    // More elements than are copied before somebody asks for the deadline.
    let nulls = "(ref.null $item)".repeat(16_384);
    let text = format!(
        r#"(table $t 20000 (ref null $item))
        (elem $e (ref null $item) {nulls} (struct.new $item (i32.const 7)))
        {GARBAGE}
        (func (export "drop") (elem.drop $e))
        (func (export "init") (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 16385)))
        (func (export "get") (result i32) (struct.get $item $number (table.get $t (i32.const 16384))))"#
    );
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX);
        let instance = instance(&mut store, &[], &text);
        let func = |store: &mut Store<()>, name: &str| instance.get_typed_func::<(), ()>(&*store, name).unwrap();
        let (init, drop) = (func(&mut store, "init"), func(&mut store, "drop"));
        let garbage = instance.get_typed_func::<i32, ()>(&store, "garbage").unwrap();
        let mut asked = 0;
        store.epoch_deadline_callback(move |mut store| {
            asked += 1;
            // The first time is in front of the instruction.
            if asked == 2 {
                store.set_epoch_deadline(u64::MAX);
                drop.call(&mut store, ())?;
                store.gc();
                garbage.call(&mut store, 200)?;
            }
            Ok(UpdateDeadline::Continue(0))
        });
        store.set_epoch_deadline(0);
        init.call(&mut store, ()).unwrap();
        let get = instance.get_typed_func::<(), i32>(&store, "get").unwrap();
        assert_eq!(get.call(&mut store, ()).unwrap(), 7);
    }
}
