//! Programs that never end.

use crate::{Tick, Ticking, engine, engines, instance, run, store};
use pirn::{Linker, Module, Store, StoreLimitsBuilder, Trap, WasmBacktrace};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longer than anybody is late, unless the machine has more to do than it can: then it is tried again. (A release build is late by
/// less than a millisecond when it has nothing else to do.)
const SOON: Duration = Duration::from_millis(500);
const TRIES: usize = 5;

/// Runs in every way what `begin` makes ready, and asserts that it ends soon after a tick.
fn ends<R>(
    what: &str,
    mut begin: impl FnMut(&mut Store<()>) -> R,
    mut run: impl FnMut(&mut Store<()>, R) -> pirn::Error,
) {
    // One at a time: each keeps a processor busy, and together they would keep the thread that ticks waiting.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut latest = Duration::ZERO;
    for engine in engines() {
        let mut ends = || {
            let mut store = store(&engine, ());
            let ready = begin(&mut store);
            let tick = Tick::after(&engine, Duration::from_millis(20));
            let error = run(&mut store, ready);
            let late = tick.ago();
            assert_eq!(error.trap(), Some(Trap::Interrupt), "{what}: {error:?}");
            assert!(error.is::<WasmBacktrace>(), "{what}: no backtrace");
            late
        };
        let late = (0..TRIES).map(|_| ends()).find(|&late| late < SOON);
        let late = late.unwrap_or_else(|| panic!("{what}: late {TRIES} times, {:?}", engine.config()));
        latest = latest.max(late);
    }
    println!("{what}: at most {latest:?} late");
}

/// As [`ends`], for the export `run` of a module.
fn module_ends(what: &str, wat: &str) {
    ends(what, |store| instance(store, wat), |store, instance| run(store, instance).call(store, ()).unwrap_err());
}

#[test]
fn loops() {
    module_ends("an empty loop", r#"(module (func (export "run") (loop $l (br $l))))"#);
    module_ends(
        "a counting loop",
        r#"(module (func (export "run") (local $i i64)
            (loop $l (br_if $l (i64.ne (local.tee $i (i64.add (local.get $i) (i64.const 1))) (i64.const -1))))))"#,
    );
    module_ends(
        "a loop over memory of one cell",
        r#"(module (memory 1) (func (export "run") (local $i i32)
            (loop $l
                (i32.store8 (i32.and (local.get $i) (i32.const 255)) (i32.const 1))
                (br_if $l (i32.load8_u (i32.and (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 0)))))))"#,
    );
    module_ends(
        "a loop that begins with its test",
        r#"(module (func (export "run") (local $n i32) (local $sum i32)
            (local.set $n (i32.const 1))
            (block $done (loop $l
                (br_if $done (i32.eqz (local.get $n)))
                (local.set $sum (i32.add (local.get $sum) (local.get $n)))
                (local.set $n (i32.or (local.get $sum) (i32.const 1)))
                (br $l)))))"#,
    );
    module_ends(
        "a loop by a table, of which another way moves a value",
        r#"(module (func (export "run") (local $i i32)
            (local.set $i (i32.const 9))
            (drop (block $out (result i32)
                (i32.const 7) (i32.const 5)
                (loop $l (param i32) (br_table $l $out $l (local.get $i)))))))"#,
    );
    module_ends(
        "an interpreter's loop",
        r#"(module (func (export "run") (local $i i32)
            (loop $l
                (block $a (block $b
                    (br_table $a $b $l (i32.and (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
                    (br $l))
                (br_table $l $l (local.get $i)))))"#,
    );
    module_ends(
        "a loop around a loop",
        r#"(module (func (export "run") (local $i i32)
            (loop $outer
                (local.set $i (i32.const 3))
                (loop $inner (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
                (br $outer))))"#,
    );
}

#[test]
fn calls() {
    module_ends(
        "recursion",
        r#"(module (func $twice (export "go") (param $n i32)
                (if (local.get $n) (then
                    (call $twice (i32.sub (local.get $n) (i32.const 1)))
                    (call $twice (i32.sub (local.get $n) (i32.const 1))))))
            (func (export "run") (call $twice (i32.const 1000))))"#,
    );
    module_ends(
        "recursion in a loop",
        r#"(module (func $f (param $n i32)
                (loop $l
                    (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1)))))
                    (br_if $l (i32.const 0)))
                (loop $l
                    (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1)))))
                    (br_if $l (i32.const 0))))
            (func (export "run") (call $f (i32.const 1000))))"#,
    );
    // Each calls the next one twice, so that there is neither a loop nor a recursion.
    let mut chain = "(module (func $f0 (drop (i32.const 0)))".to_string();
    for i in 1..60 {
        chain += &format!("(func $f{i} (call $f{0}) (call $f{0}))", i - 1);
    }
    module_ends("a tree of calls", &(chain + r#"(export "run" (func $f59)))"#));
    module_ends(
        "tail recursion through a table",
        r#"(module (type $t (func)) (table funcref (elem $f $g))
            (func $f (return_call_indirect (type $t) (i32.const 1)))
            (func $g (return_call $f))
            (export "run" (func $f)))"#,
    );
    module_ends(
        "a long body of calls of a leaf",
        &format!(
            r#"(module (global $g (mut i32) (i32.const 0))
                (func $leaf {} ) (func $calls {}) (func (export "run") (loop $l (call $calls) (br $l))))"#,
            "(global.set $g (i32.add (global.get $g) (i32.const 1)))".repeat(300),
            "(call $leaf)".repeat(20_000),
        ),
    );
}

#[test]
fn tail_recursion_through_two_instances() {
    let begin = |store: &mut Store<()>| {
        let engine = store.engine().clone();
        let linker = Linker::new(&engine);
        let mut group = linker.group();
        for (name, other) in [("a", "b"), ("b", "a")] {
            let wat = format!(r#"(module (import "{other}" "run" (func $f)) (func (export "run") (return_call $f)))"#);
            group.module(name, &Module::new(&engine, wat).unwrap()).unwrap();
        }
        group.instantiate(store).unwrap().get("a").unwrap()
    };
    ends("tail recursion through two instances", begin, |store, instance| {
        run(store, instance).call(store, ()).unwrap_err()
    });
}

#[test]
fn start_functions() {
    let begin =
        |store: &mut Store<()>| Module::new(store.engine(), "(module (func $f (loop $l (br $l))) (start $f))").unwrap();
    ends("a start function", begin, |store, module| {
        Linker::new(&store.engine().clone()).instantiate(store, &module).unwrap_err()
    });
}

#[test]
fn memory_operations() {
    let module = |body: &str| {
        format!(r#"(module (memory 65535) (data $d "\01\02\03") (func (export "run") (loop $l {body} (br $l))))"#)
    };
    let all = "(i32.const 0xffff0000)";
    module_ends("memory.fill of 4 GiB", &module(&format!("(memory.fill (i32.const 0) (i32.const 7) {all})")));
    let copy =
        |to: &str, from: &str| format!("(memory.copy (i32.const {to}) (i32.const {from}) (i32.const 0xf0000000))");
    module_ends("memory.copy down", &module(&copy("0", "0x0fff0000")));
    module_ends("memory.copy up", &module(&copy("0x0fff0000", "0")));
}

#[test]
fn table_operations() {
    let module = |body: &str| {
        format!(
            r#"(module (table $t 100000000 funcref) (table $u 0 funcref) (elem declare func $f) (func $f)
                (func (export "run") (loop $l {body} (br $l))))"#
        )
    };
    let all = "(i32.const 100000000)";
    let module_ends = |what: &str, wat: &str| {
        let limits = StoreLimitsBuilder::new().table_elements(1 << 28).total_table_elements(1 << 28).build();
        let begin = |store: &mut Store<()>| {
            store.set_limits(limits.clone());
            instance(store, wat)
        };
        ends(what, begin, |store, instance| run(store, instance).call(store, ()).unwrap_err());
    };
    module_ends("table.fill", &module(&format!("(table.fill $t (i32.const 0) (ref.func $f) {all})")));
    module_ends("table.copy", &module("(table.copy (i32.const 10) (i32.const 0) (i32.const 99999990))"));
    module_ends("table.grow", &module(&format!("(drop (table.grow $u (ref.func $f) {all}))")));
}

#[test]
fn array_operations() {
    let module = |body: &str| {
        format!(
            r#"(module (type $a (array (mut i64))) (global $a (ref $a) (array.new_default $a (i32.const 5_000_000)))
                (func (export "run") (loop $l {body} (br $l))))"#
        )
    };
    module_ends("array.new", &module("(drop (array.new $a (i64.const 5) (i32.const 50_000_000)))"));
    module_ends("array.new_default", &module("(drop (array.new_default $a (i32.const 50_000_000)))"));
    let fill = "(array.fill $a (global.get $a) (i32.const 0) (i64.const 5) (i32.const 5_000_000))";
    module_ends("array.fill", &module(fill));
    let copy = |to: &str, from: &str| {
        format!(
            "(array.copy $a $a (global.get $a) (i32.const {to}) (global.get $a) (i32.const {from}) (i32.const 4_900_000))"
        )
    };
    module_ends("array.copy down", &module(&copy("0", "9")));
    module_ends("array.copy up", &module(&copy("9", "0")));
}

/// Each exception asks a hundred million clauses: seconds, in a debug build.
#[test]
fn throwing() {
    let wat = crate::throwing::module(50_000, 2000, "(drop) (br $again)");
    let begin = |store: &mut Store<()>| {
        let module = Module::new(store.engine(), &wat).unwrap();
        let mut linker = Linker::new(store.engine());
        linker.func_wrap("host", "throws", || ()).unwrap();
        linker.instantiate(store, &module).unwrap()
    };
    ends("throwing", begin, |store, instance| {
        instance.get_typed_func::<(), i32>(&*store, "run").unwrap().call(store, ()).unwrap_err()
    });
}

/// A segment of so many bytes, which are all 0.
fn with_data(bytes: usize) -> Vec<u8> {
    fn leb(mut number: usize, to: &mut Vec<u8>) {
        while number > 0x7f {
            to.push(number as u8 | 0x80);
            number >>= 7;
        }
        to.push(number as u8);
    }
    let mut segment = vec![1, 0, 0x41, 0, 0x0b];
    leb(bytes, &mut segment);
    let mut limits = vec![1, 0];
    leb(bytes.div_ceil(65_536), &mut limits);
    let mut module = b"\0asm\x01\0\0\0\x05".to_vec();
    leb(limits.len(), &mut module);
    module.extend(limits);
    module.push(11);
    leb(segment.len() + bytes, &mut module);
    module.extend(segment);
    module.resize(module.len() + bytes, 0);
    module
}

#[test]
fn segments_are_copied_until_the_deadline() {
    let engine = engine();
    let module = Module::from_binary(&engine, &with_data(256 << 20)).unwrap();
    let linker = Linker::new(&engine);
    let ticks = Ticking::every(&engine, Duration::from_micros(500));
    // On a machine with much else to do the other thread may not tick meanwhile.
    let interrupted = (0..20).any(|_| {
        let error = linker.instantiate(store(&engine, ()), &module).err();
        error.is_some_and(|error| error.trap() == Some(Trap::Interrupt))
    });
    assert!(interrupted);
    // A deadline that had passed before is no reason.
    drop(ticks);
    linker.instantiate(Store::new(&engine, ()), &module).unwrap();
}
