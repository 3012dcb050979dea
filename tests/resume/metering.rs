//! What costs how much.

use crate::{assert_says, instantiate, metered};
use pirn::*;

/// The fuel that `call` consumes in a fresh instance of `wat`.
fn cost(wat: &str, call: impl Fn(&mut Store<()>, Instance)) -> u64 {
    let costs = [(true, CompilationMode::Lazy), (false, CompilationMode::Eager)].map(|(fuse, mode)| {
        let engine = Engine::new(Config::new().consume_fuel(true).fuse(fuse).compilation_mode(mode)).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(1 << 40).unwrap();
        let instance = instantiate(&Linker::new(&engine), &mut store, wat);
        let before = store.get_fuel().unwrap();
        call(&mut store, instance);
        before - store.get_fuel().unwrap()
    });
    assert_eq!(costs[0], costs[1], "fused and not, lazily and eagerly");
    costs[0]
}

/// The fuel that calling the export `f` with `n` consumes.
fn cost_of(wat: &str, n: i32) -> u64 {
    cost(wat, |store, instance| {
        let f = instance.get_func(&*store, "f").unwrap();
        let params = vec![Val::I32(n); f.ty(&*store).params().len()];
        let mut results = vec![Val::I32(0); f.ty(&*store).results().len()];
        f.call(store, &params, &mut results).unwrap();
    })
}

#[test]
fn operators_cost_one_each() {
    assert_eq!(cost_of("(module (func (export \"f\")))", 0), 1);
    assert_eq!(cost_of("(module (func (export \"f\") nop (block (drop (i32.const 1)))))", 0), 1);
    assert_eq!(cost_of("(module (func (export \"f\") (result i32) (i32.add (i32.const 1) (i32.const 2))))", 0), 3);
    // Locals are not operators; what cannot be reached is free.
    let wat = "(module (func (export \"f\") (result i32) (local i64 f64) (return (i32.const 1)) (i32.const 2) drop))";
    assert_eq!(cost_of(wat, 0), 2);
    // Both arms are paid for: local.get, if, and 1 + 3 operators.
    let wat = r#"(module (func (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.const 1))
            (else (i32.mul (local.get 0) (i32.const 3))))))"#;
    assert_eq!((cost_of(wat, 0), cost_of(wat, 1)), (6, 6));
    // The same, with arms that become a selection.
    let wat = r#"(module (func (export "f") (param i32) (local i32)
        (if (local.get 0)
            (then (local.set 1 (i32.const 1)))
            (else (local.set 1 (i32.add (local.get 0) (i32.const 3)))))))"#;
    assert_eq!((cost_of(wat, 0), cost_of(wat, 1)), (8, 8));
}

#[test]
fn iterations_cost_what_is_in_them() {
    // Outside 1 (the last `local.get`) and the call of nothing; an iteration is 5.
    let wat = r#"(module (func (export "f") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 0)))"#;
    for n in [1, 2, 1000] {
        assert_eq!(cost_of(wat, n), 1 + 5 * n as u64);
    }
    // Loops in loops: 2 outside, 5 + 2 an outer iteration, 5 an inner one, which are 10.
    let wat = r#"(module (func (export "f") (param i32) (local i32)
        (loop $outer
            (local.set 1 (i32.const 10))
            (loop $inner (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
            (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.set 1 (local.get 0))))"#;
    assert_eq!(cost_of(wat, 7), 2 + 7 * (2 + 5 + 10 * 5));
    // A call is one operator and what the callee costs.
    let wat = r#"(module (func $g (param i32) (drop (i32.add (local.get 0) (i32.const 1))))
        (func (export "f") (call $g (i32.const 1)) (call $g (i32.const 2))))"#;
    assert_eq!(cost_of(wat, 0), 4 + 2 * 3);
}

#[test]
fn locals_and_values_cost_by_the_word() {
    let locals = |n: usize| cost_of(&format!("(module (func (export \"f\") (local {})))", "i64 ".repeat(n)), 0);
    assert_eq!([0, 7, 8, 15, 16].map(locals), [1, 1, 1, 1, 2]);
    assert_eq!(locals(50_000), 6_250);
    let values = |n: usize| ("i32 ".repeat(n), "(i32.const 1)".repeat(n));
    let returns = |n: usize| {
        let (types, values) = values(n);
        cost_of(&format!("(module (func (export \"f\") (result {types}) {values}))"), 0)
    };
    assert_eq!([7, 8, 17].map(returns), [7, 9, 19]);
    // A constant each, the condition, the branch; the values it takes, and the function's results.
    let branches = |n: usize, branch: &str| {
        let (types, values) = values(n);
        let wat = format!(
            "(module (func (export \"f\") (param i32) (result {types})
                (block (result {types}) {values} (local.get 0) {branch})))"
        );
        cost_of(&wat, 0) - (n + 2) as u64
    };
    for branch in ["(br_if 0)", "(br_if 1)", "(br_table 0 1 0)", "(drop) (br 0)", "(drop) (br 1)", "(drop) (return)"] {
        // `drop` is free.
        assert_eq!([7, 8, 16].map(|n| branches(n, branch)), [0, 2, 4], "{branch}");
    }
}

#[test]
fn bulk_operations_cost_their_size() {
    let module = |body: &str| {
        format!(
            r#"(module (memory 1 2) (data $d "{}") (table $t 100 200 funcref) (elem $e func $g $g $g $g $g $g $g $g $g)
                (func $g) (func (export "f") (param i32) {body}))"#,
            "x".repeat(200)
        )
    };
    let bulk = |body: &str, n: i32, operators: u64| cost_of(&module(body), n) - operators;
    for (n, size) in [(0, 0), (63, 0), (64, 1), (6500, 101), (65536, 1024)] {
        assert_eq!(bulk("(memory.fill (i32.const 0) (i32.const 7) (local.get 0))", n, 4), size, "fill {n}");
        assert_eq!(bulk("(memory.copy (i32.const 0) (i32.const 0) (local.get 0))", n, 4), size, "copy {n}");
    }
    assert_eq!(bulk("(memory.init $d (i32.const 0) (i32.const 0) (local.get 0))", 200, 4), 3);
    assert_eq!(bulk("(drop (memory.grow (local.get 0)))", 1, 2), 1024);
    // What the maximum forbids is free.
    assert_eq!(bulk("(drop (memory.grow (local.get 0)))", 2, 2), 0);
    assert_eq!(bulk("(drop (memory.grow (local.get 0)))", -1, 2), 0);
    assert_eq!(bulk("(table.fill $t (i32.const 0) (ref.null func) (local.get 0))", 100, 4), 12);
    assert_eq!(bulk("(table.copy $t $t (i32.const 0) (i32.const 1) (local.get 0))", 80, 4), 10);
    assert_eq!(bulk("(table.init $t $e (i32.const 0) (i32.const 0) (local.get 0))", 9, 4), 1);
    assert_eq!(bulk("(drop (table.grow $t (ref.func $g) (local.get 0)))", 80, 3), 10);
    assert_eq!(bulk("(drop (table.grow $t (ref.func $g) (local.get 0)))", 101, 3), 0);
    // Operands that are not in place yet, and one that waits in the accumulator meanwhile.
    let body = "(local i32) (local.set 1 (i32.add (i32.load (i32.const 8)) (memory.grow (i32.load (i32.const 4)))))";
    assert_eq!(bulk(body, 0, 7), 0);
    // Out of bounds: the whole memory at most.
    let spent = cost(&module("(memory.fill (i32.const 0) (i32.const 7) (local.get 0))"), |store, instance| {
        let f = instance.get_typed_func::<i32, ()>(&*store, "f").unwrap();
        assert_eq!(f.call(store, -1).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    });
    assert_eq!(spent, 4 + 1024);
}

#[test]
fn structs_and_arrays_cost_their_size() {
    let module = |body: &str| {
        format!(
            r#"(module
                (type $s (struct (field i32) (field v128) (field i64) (field f32) (field f64) (field funcref) (field i8)))
                (type $a (array (mut i8))) (type $r (array (mut funcref))) (data $d "{}") (elem $e func $g $g $g $g $g $g $g $g $g)
                (global $a (ref $a) (array.new_default $a (i32.const 1000))) (global $r (ref $r) (array.new_default $r (i32.const 1000)))
                (func $g) (func (export "f") (param $n i32) {body}))"#,
            "x".repeat(200)
        )
    };
    let spent = |body: &str, n: i32, operators: u64| cost_of(&module(body), n) - operators;
    assert_eq!(spent("(drop (struct.new_default $s))", 0, 1), 1);
    assert_eq!(spent("(drop (array.new_fixed $a 17 (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1)
        (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1)
        (i32.const 1) (i32.const 1)))", 0, 18), 2);
    // An element counts as 8 bytes, whatever it has.
    for (n, size) in [(0, 0), (7, 0), (8, 1), (1000, 125)] {
        for (body, operators) in [
            ("(drop (array.new $a (i32.const 7) (local.get $n)))", 3),
            ("(drop (array.new_default $r (local.get $n)))", 2),
            ("(array.fill $a (global.get $a) (i32.const 0) (i32.const 7) (local.get $n))", 5),
            ("(array.copy $r $r (global.get $r) (i32.const 0) (global.get $r) (i32.const 0) (local.get $n))", 6),
        ] {
            assert_eq!(spent(body, n, operators), size, "{body} {n}");
        }
    }
    for (body, n, operators, size) in [
        ("(drop (array.new_data $a $d (i32.const 1) (local.get $n)))", 199, 3, 24),
        ("(drop (array.new_elem $r $e (i32.const 0) (local.get $n)))", 9, 3, 1),
        ("(array.init_data $a $d (global.get $a) (i32.const 0) (i32.const 0) (local.get $n))", 200, 5, 25),
        ("(array.init_elem $r $e (global.get $r) (i32.const 0) (i32.const 0) (local.get $n))", 8, 5, 1),
    ] {
        assert_eq!(spent(body, n, operators), size, "{body}");
    }
    // What traps pays, too, for all that it was told.
    let spent = cost(
        &module("(array.fill $a (global.get $a) (i32.const 0) (i32.const 7) (local.get $n))"),
        |store, instance| {
            let f = instance.get_typed_func::<i32, ()>(&*store, "f").unwrap();
            assert_eq!(f.call(&mut *store, 1001).unwrap_err().trap(), Some(Trap::ArrayOutOfBounds));
            assert_eq!(f.call(store, -1).unwrap_err().trap(), Some(Trap::ArrayOutOfBounds));
        },
    );
    assert_eq!(spent, 5 + 125 + 5 + u64::from(u32::MAX) / 8);
}

#[test]
fn bulk_operations_wait_for_fuel() {
    let engine = metered();
    let mut store = Store::new(&engine, ());
    let wat = r#"(module (memory (export "m") 1 2)
        (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let instance = instantiate(&Linker::new(&engine), &mut store, wat);
    let memory = instance.get_memory(&store, "m").unwrap();
    let fill = instance.get_typed_func::<i32, ()>(&store, "fill").unwrap();
    store.set_fuel(4 + 9).unwrap();
    let paused = fill.call_resumable(&mut store, 640).unwrap().paused().unwrap();
    assert!(matches!(paused.reason(), PauseReason::OutOfFuel { required: 10 }));
    assert_eq!(store.get_fuel().unwrap(), 9);
    assert_eq!(memory.data(&store)[0], 0);
    store.add_fuel(1).unwrap();
    assert!(paused.resume(&mut store, &[]).unwrap().finished().is_some());
    assert_eq!((memory.data(&store)[639], memory.data(&store)[640], store.get_fuel().unwrap()), (7, 0, 0));

    // The operand of `memory.grow` waits in the accumulator.
    store.set_fuel(1000).unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&store, "grow").unwrap();
    let paused = grow.call_resumable(&mut store, 1).unwrap().paused().unwrap();
    assert!(matches!(paused.reason(), PauseReason::OutOfFuel { required: 1024 }));
    assert_eq!(memory.size(&store), 1);
    store.set_fuel(1024).unwrap();
    assert_eq!(paused.resume(&mut store, &[]).unwrap().finished(), Some(1));
    assert_eq!((memory.size(&store), store.get_fuel().unwrap()), (2, 0));
}

#[test]
fn nothing_goes_on_for_free() {
    let engine = metered();
    let linker = Linker::<()>::new(&engine);
    let mut store = Store::new(&engine, ());
    let wat = r#"(module
        (type $t (func)) (table 1 funcref) (elem (i32.const 0) func $through_table)
        (func (export "loop") (loop (br 0)))
        (func (export "loops") (loop (loop (br 1))))
        (func (export "conditional") (loop (br_if 0 (i32.const 1))))
        (func (export "table branch") (loop (br_table 0 0 (i32.const 5))))
        (func $recursion (export "tail recursion") (return_call $recursion))
        (func $through_table (export "through a table") (return_call_indirect (type $t) (i32.const 0)))
        (func (export "ping") (call $pong) (return_call $pong)) (func $pong (return_call $recursion)))"#;
    let instance = instantiate(&linker, &mut store, wat);
    let names: Vec<String> = instance.exports(&store).map(|export| export.name().into()).collect();
    for name in &names {
        let f = instance.get_typed_func::<(), ()>(&store, name).unwrap();
        store.set_fuel(10_000).unwrap();
        assert_eq!(f.call(&mut store, ()).unwrap_err().trap(), Some(Trap::OutOfFuel), "{name}");
        assert!(store.get_fuel().unwrap() < 10, "{name}");
        // It paused for good reasons, and pauses again.
        let paused = f.call_resumable(&mut store, ()).unwrap().paused().expect(name);
        let paused = paused.resume(&mut store, &[]).unwrap().paused().expect(name);
        store.add_fuel(1000).unwrap();
        assert!(paused.resume(&mut store, &[]).unwrap().paused().is_some(), "{name}");
    }
    // A ring of instances.
    let ring = crate::group(
        &linker,
        &[
            ("a", "(module (import \"b\" \"f\" (func $f)) (func (export \"f\") (return_call $f)))"),
            ("b", "(module (import \"c\" \"f\" (func $f)) (func (export \"f\") (return_call $f)))"),
            ("c", "(module (import \"a\" \"f\" (func $f)) (func (export \"f\") (return_call $f)))"),
        ],
    );
    let ring = ring.instantiate(&mut store).unwrap();
    store.set_fuel(10_000).unwrap();
    let f = ring.get("a").unwrap().get_typed_func::<(), ()>(&store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap_err().trap(), Some(Trap::OutOfFuel));
    assert_eq!(store.get_fuel().unwrap(), 0);
}

#[test]
fn fuel_is_the_stores() {
    let engine = metered();
    let linker = Linker::<()>::new(&engine);
    let wat = "(module (func (export \"f\") (result i32) (i32.const 1)))";
    let (mut one, mut two) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let f = instantiate(&linker, &mut one, wat).get_typed_func::<(), i32>(&one, "f").unwrap();
    let g = instantiate(&linker, &mut two, wat).get_typed_func::<(), i32>(&two, "f").unwrap();
    // A store begins with none.
    assert_eq!(one.get_fuel().unwrap(), 0);
    assert_eq!(f.call(&mut one, ()).unwrap_err().trap(), Some(Trap::OutOfFuel));
    one.set_fuel(2).unwrap();
    assert_eq!(f.call(&mut one, ()).unwrap(), 1);
    assert_eq!(g.call(&mut two, ()).unwrap_err().trap(), Some(Trap::OutOfFuel));
    assert_eq!(one.get_fuel().unwrap(), 1);
    one.add_fuel(u64::MAX).unwrap();
    assert_eq!(one.get_fuel().unwrap(), u64::MAX);
    // A machine that another store used has no fuel of it.
    drop(one);
    let mut three = Store::new(&engine, ());
    assert_eq!(three.get_fuel().unwrap(), 0);
    assert_eq!(three.as_context_mut().get_fuel().unwrap(), 0);
    three.as_context_mut().add_fuel(3).unwrap();
    assert_eq!(three.as_context().get_fuel().unwrap(), 3);
}

#[test]
fn engines_that_consume_none() {
    let mut store = Store::new(&Engine::default(), ());
    assert_says(&store.get_fuel().unwrap_err(), &["no fuel", "consume_fuel"]);
    assert_says(&store.set_fuel(1).unwrap_err(), &["no fuel"]);
    assert_says(&store.add_fuel(1).unwrap_err(), &["no fuel"]);
}

#[test]
fn hosts_may_charge() {
    let engine = metered();
    let mut linker = Linker::<()>::new(&engine);
    let work = |mut caller: Caller<'_, ()>, units: i32| -> Result<()> {
        let left = caller.get_fuel()?.checked_sub(units as u64).ok_or(Trap::OutOfFuel)?;
        caller.set_fuel(left)
    };
    linker.func_wrap("h", "work", work).unwrap();
    let mut store = Store::new(&engine, ());
    let wat = r#"(module (import "h" "work" (func $work (param i32)))
        (func (export "f") (param i32) (call $work (local.get 0)) (call $work (local.get 0))))"#;
    let f = instantiate(&linker, &mut store, wat).get_typed_func::<i32, ()>(&store, "f").unwrap();
    store.set_fuel(4 + 20).unwrap();
    f.call(&mut store, 10).unwrap();
    assert_eq!(store.get_fuel().unwrap(), 0);
    store.set_fuel(4 + 19).unwrap();
    assert_eq!(f.call(&mut store, 10).unwrap_err().trap(), Some(Trap::OutOfFuel));
    assert_eq!(store.get_fuel().unwrap(), 9);
}
