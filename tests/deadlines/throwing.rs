//! Looking for who catches, through many frames of many clauses.

use crate::{engines, store};
use pirn::{
    AsContextMut, Caller, Instance, Linker, Module, Result, Resumable, StoreContextMut, TypedFunc, UpdateDeadline,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A module whose export `run` has two functions call each other so many times, each call within so many clauses of another tag. The last
/// one says so to the host, and throws. `then` is done with the struct that was thrown.
pub(crate) fn module(frames: u32, clauses: u32, then: &str) -> String {
    let clauses = "(catch $other 0)".repeat(clauses as usize);
    let call = |callee: &str| {
        format!(
            "(block (try_table {clauses} (call {callee} (i32.sub (local.get $n) (i32.const 1)) (local.get $s)) (return)))"
        )
    };
    let (up, down) = (call("$b"), call("$a"));
    format!(
        r#"(module
        (import "host" "throws" (func $throws))
        (type $s (struct (field i32)))
        (tag $thrown (param (ref $s))) (tag $other)
        (func $a (param $n i32) (param $s (ref $s))
            (if (i32.eqz (local.get $n)) (then (call $throws) (throw $thrown (local.get $s)))) {up})
        (func $b (param $n i32) (param $s (ref $s)) {down})
        (func (export "waste") (param $count i32)
            (loop $l (drop (struct.new $s (i32.const -1)))
                (br_if $l (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
        (func (export "run") (result i32)
            (loop $again
                (block $caught (result (ref $s))
                    (try_table (catch $thrown $caught) (call $a (i32.const {frames}) (struct.new $s (i32.const 42))))
                    (unreachable))
                {then})
            (unreachable)))"#
    )
}

/// An exception that pauses on its way, or whose deadline's callback makes objects and collects, arrives with what it had.
#[test]
fn an_exception_arrives_though_deadlines_pass_on_its_way() {
    fn collect(mut store: StoreContextMut<'_, ()>, instance: Instance) -> Result<()> {
        store.set_epoch_deadline(u64::MAX / 2);
        store.gc();
        instance.get_typed_func::<i32, ()>(&store, "waste")?.call(&mut store, 1000)
    }
    for engine in engines() {
        let module = Module::new(&engine, module(2000, 100, "(return (struct.get $s 0))")).unwrap();
        for how in [UpdateDeadline::Yield(0), UpdateDeadline::Continue(0)] {
            let mut store = store(&engine, ());
            let mut linker = Linker::new(&engine);
            // It is late from where it throws on.
            linker.func_wrap("host", "throws", |mut caller: Caller<'_, ()>| caller.set_epoch_deadline(0)).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let run: TypedFunc<(), i32> = instance.get_typed_func(&store, "run").unwrap();
            let asked = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&asked);
            store.epoch_deadline_callback(move |store| {
                count.fetch_add(1, Ordering::Relaxed);
                if how == UpdateDeadline::Continue(0) {
                    collect(store, instance)?;
                }
                Ok(how)
            });
            store.set_epoch_deadline(u64::MAX / 2);
            let mut call = run.call_resumable(&mut store, ()).unwrap();
            let mut pauses = 0;
            while let Resumable::Paused(paused) = call {
                assert!(paused.is_within_instruction());
                pauses += 1;
                collect(store.as_context_mut(), instance).unwrap();
                store.set_epoch_deadline(0);
                call = paused.resume(&mut store, &[]).unwrap();
            }
            assert_eq!(call.finished(), Some(42));
            let asked = asked.load(Ordering::Relaxed);
            assert!(asked >= 5, "{asked}");
            assert_eq!(pauses, if how == UpdateDeadline::Continue(0) { 0 } else { asked });
        }
    }
}
