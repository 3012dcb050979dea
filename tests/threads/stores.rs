//! Stores of several threads with one memory.

use crate::{engines, instance, memory, number, store};
use pirn::{Engine, Module};
use std::thread;

/// As many as take a second, or what a build without optimisations does in a few.
const COUNT: u32 = if cfg!(debug_assertions) { 200_000 } else { 10_000_000 };

/// What `THREADS` threads do at the same time, each with its number.
fn run(engine: &Engine, module: &Module, memory: &pirn::SharedMemory, threads: u32) {
    thread::scope(|scope| {
        for number in 0..threads {
            scope.spawn(move || {
                let mut store = store(engine);
                let instance = instance(&mut store, module, memory);
                let run = instance.get_typed_func::<(u32, u32), ()>(&mut store, "run").unwrap();
                run.call(&mut store, (number, COUNT)).unwrap();
            });
        }
    });
}

/// Every atomic way to add one to a number loses nothing.
#[test]
fn increments_are_not_lost() {
    let exchange = "(loop $again
        (local.set $old (i32.atomic.load (i32.const 8)))
        (br_if $again (i32.ne (local.get $old) (i32.atomic.rmw.cmpxchg (i32.const 8) (local.get $old)
            (i32.add (local.get $old) (i32.const 1))))))";
    let ways = [
        ("(drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))", u64::from(u32::MAX)),
        ("(drop (i64.atomic.rmw.sub (i32.const 8) (i64.const -1)))", u64::MAX),
        ("(drop (i64.atomic.rmw16.add_u (i32.const 8) (i64.const 1)))", 0xffff),
        ("(drop (i32.atomic.rmw8.add_u (i32.const 8) (i32.const 1)))", 0xff),
        (exchange, u64::from(u32::MAX)),
    ];
    for engine in engines() {
        for (way, mask) in ways {
            let wat = format!(
                r#"(module (import "" "" (memory 1 1 shared))
                (func (export "run") (param i32 i32) (local $old i32)
                    (loop $next {way} (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))))"#
            );
            let memory = memory(&engine, 1);
            run(&engine, &Module::new(&engine, wat).unwrap(), &memory, 2);
            assert_eq!(number(&engine, &memory, 8), u64::from(2 * COUNT) & mask, "{way}");
        }
    }
}

/// A lock by which plain accesses are ordered: a number that is read, changed and written while a thread has it, in
/// memory that is aligned and that is not.
#[test]
fn a_lock_orders_plain_accesses() {
    for engine in engines() {
        for address in [16, 17] {
            let wat = format!(
                r#"(module (import "" "" (memory 1 1 shared))
                (func $lock
                    (block $done (loop $again
                        (br_if $done (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
                        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
                        (br $again))))
                (func $unlock
                    (i32.atomic.store (i32.const 0) (i32.const 0))
                    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
                (func (export "run") (param i32 i32)
                    (local.set 1 (i32.div_u (local.get 1) (i32.const 20)))
                    (loop $next
                        (call $lock)
                        (i64.store (i32.const {address}) (i64.add (i64.load (i32.const {address})) (i64.const 1)))
                        (call $unlock)
                        (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))
                (func (export "aligned") (i64.store (i32.const 8) (i64.load (i32.const {address})))))"#
            );
            let (memory, module) = (memory(&engine, 1), Module::new(&engine, wat).unwrap());
            run(&engine, &module, &memory, 3);
            let mut store = store(&engine);
            let instance = instance(&mut store, &module, &memory);
            instance.get_typed_func::<(), ()>(&mut store, "aligned").unwrap().call(&mut store, ()).unwrap();
            assert_eq!(number(&engine, &memory, 8), u64::from(COUNT / 20 * 3), "at {address}");
        }
    }
}

/// A message that is written plainly before a flag is set atomically is whole when the flag is seen.
#[test]
fn messages_are_passed() {
    for engine in engines() {
        let wat = r#"(module (import "" "" (memory 1 1 shared))
            (func $send (param $left i32)
                (loop $next
                    (loop $full (br_if $full (i32.atomic.load (i32.const 0))))
                    (memory.fill (i32.const 64) (local.get $left) (i32.const 100))
                    (i32.atomic.store (i32.const 0) (i32.const 1))
                    (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
            (func $receive (param $left i32)
                (loop $next
                    (loop $empty (br_if $empty (i32.eqz (i32.atomic.load (i32.const 0)))))
                    (memory.copy (i32.const 201) (i32.const 64) (i32.const 100))
                    (if (i32.or
                            (i64.ne (i64.load (i32.const 64)) (i64.load (i32.const 156)))
                            (i32.or
                                (i32.ne (i32.load8_u (i32.const 64)) (i32.and (local.get $left) (i32.const 255)))
                                (i64.ne (i64.load (i32.const 201)) (i64.load (i32.const 293)))))
                        (then unreachable))
                    (i32.atomic.store (i32.const 0) (i32.const 0))
                    (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
            (func (export "run") (param i32 i32)
                (local.set 1 (i32.div_u (local.get 1) (i32.const 1000)))
                (if (local.get 0) (then (call $send (local.get 1))) (else (call $receive (local.get 1))))))"#;
        run(&engine, &Module::new(&engine, wat).unwrap(), &memory(&engine, 1), 2);
    }
}

/// Threads that make the memory grow all see each page once.
#[test]
fn growing_is_atomic() {
    for engine in engines() {
        let wat = r#"(module (import "" "" (memory 1 2000 shared))
            (func (export "run") (param i32 i32) (local $page i32)
                (loop $next
                    (local.set $page (memory.grow (i32.const 1)))
                    (if (i32.ne (local.get $page) (i32.const -1)) (then
                        (if (i32.load (i32.mul (local.get $page) (i32.const 65536))) (then unreachable))
                        (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
                        (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
                        (br $next)))))
            )"#;
        let memory = memory(&engine, 2000);
        run(&engine, &Module::new(&engine, wat).unwrap(), &memory, 4);
        assert_eq!(memory.size(), 2000);
        assert_eq!(number(&engine, &memory, 8), 1999);
    }
}
