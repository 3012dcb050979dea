//! Modules that import from each other, linked and instantiated together.

#![cfg(feature = "wat")]

use pirn::{
    Engine, Error, Func, Instance, LinkError, LinkedGroup, Linker, Memory, MemoryType, Module, Result, Store,
    StoreLimitsBuilder, Trap, Val,
};

struct Host {
    engine: Engine,
    linker: Linker<Vec<i32>>,
    store: Store<Vec<i32>>,
}

impl Host {
    /// A host that defines `host::log`, which keeps its argument.
    fn new() -> Self {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        let log = |mut caller: pirn::Caller<'_, Vec<i32>>, x: i32| caller.data_mut().push(x);
        linker.func_wrap("host", "log", log).unwrap();
        let store = Store::new(&engine, Vec::new());
        Self { engine, linker, store }
    }

    /// Links modules given as names and fields.
    fn link(&mut self, modules: &[(&str, &str)]) -> Result<LinkedGroup> {
        let mut group = self.linker.group();
        for (name, fields) in modules {
            group.module(name, &Module::new(&self.engine, format!("(module {fields})"))?)?;
        }
        group.instantiate(&mut self.store)
    }

    fn fails(&mut self, modules: &[(&str, &str)]) -> Error {
        self.link(modules).expect_err("linking should fail")
    }

    fn call(&mut self, instance: Instance, name: &str, param: i32) -> i32 {
        let f = instance.get_typed_func::<i32, i32>(&self.store, name).unwrap();
        f.call(&mut self.store, param).unwrap()
    }
}

/// A module of a ring that adds its number to a sum and hands it on, `fuel` times.
fn hop(next: usize, number: usize) -> String {
    format!(
        r#"(import "m{next}" "hop" (func $next (param i32 i32) (result i32)))
        (global $visits (export "visits") (mut i32) (i32.const 0))
        (func (export "hop") (param $fuel i32) (param $sum i32) (result i32)
            (global.set $visits (i32.add (global.get $visits) (i32.const 1)))
            (if (i32.eqz (local.get $fuel)) (then (return (local.get $sum))))
            (return_call $next (i32.sub (local.get $fuel) (i32.const 1))
                (i32.add (local.get $sum) (i32.const {number}))))
        (func (export "hop_and_return") (param $fuel i32) (result i32)
            (call $next (local.get $fuel) (i32.const 0)))"#
    )
}

#[test]
fn a_ring_of_fifteen() {
    let mut host = Host::new();
    let texts: Vec<_> = (0..15).map(|i| (format!("m{i}"), hop((i + 1) % 15, i))).collect();
    let modules: Vec<_> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    let ring = host.link(&modules).unwrap();
    assert_eq!(ring.len(), 15);
    assert_eq!(ring.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()[14], "m14");
    let start = ring.get("m0").unwrap();
    let f = start.get_typed_func::<(i32, i32), i32>(&host.store, "hop").unwrap();
    // Ten rounds, each 0 + 1 + ... + 14.
    assert_eq!(f.call(&mut host.store, (150, 0)).unwrap(), 1050);
    let visits = ring.iter().map(|(_, m)| m.get_global(&host.store, "visits").unwrap().get(&host.store));
    assert_eq!(visits.collect::<Vec<_>>()[..2], [Val::I32(11), Val::I32(10)]);
    assert_eq!(host.call(start, "hop_and_return", 14), 105);
    // A tail call gives its frame away: a million hops take no stack.
    f.call(&mut host.store, (1_000_000, 0)).unwrap();
}

#[test]
fn a_group_again_and_again() {
    let mut host = Host::new();
    let module = Module::new(&host.engine, format!("(module {})", hop(0, 1))).unwrap();
    let mut group = host.linker.group();
    group.module("m0", &module).unwrap();
    // It imports from itself.
    let [a, b] = [(); 2].map(|()| group.instantiate(&mut host.store).unwrap().get("m0").unwrap());
    assert_ne!(a, b);
    assert_eq!(host.call(a, "hop_and_return", 5), 5);
    let visits = [a, b].map(|m| m.get_global(&host.store, "visits").unwrap().get(&host.store));
    assert_eq!(visits, [Val::I32(6), Val::I32(0)]);
}

#[test]
fn one_module_under_many_names() {
    let mut host = Host::new();
    let module = Module::new(
        &host.engine,
        r#"(module (global $n (mut i32) (i32.const 0))
            (func (export "count") (param i32) (result i32)
                (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n)))"#,
    )
    .unwrap();
    let user = Module::new(
        &host.engine,
        r#"(module (import "a" "count" (func $a (param i32) (result i32)))
            (import "b" "count" (func $b (param i32) (result i32)))
            (func (export "both") (param i32) (result i32)
                (i32.add (call $a (local.get 0)) (i32.mul (i32.const 100) (call $b (i32.const 1))))))"#,
    )
    .unwrap();
    let mut group = host.linker.group();
    group.module("user", &user).unwrap().module("a", &module).unwrap().module("b", &module).unwrap();
    let group = group.instantiate(&mut host.store).unwrap();
    let user = group.get("user").unwrap();
    assert_eq!(host.call(user, "both", 5), 105);
    assert_eq!(host.call(user, "both", 5), 210);
    assert!(group.get("c").is_none() && !group.is_empty());
}

#[test]
fn state_along_edges_in_any_order() {
    let mut host = Host::new();
    // Every module comes before those it needs.
    let group = host
        .link(&[
            (
                "user",
                r#"(import "mid" "g" (global $g i32)) (import "mid" "m" (memory 1)) (import "low" "t" (table 2 funcref))
                   (global $h (export "h") i32 (i32.add (global.get $g) (i32.const 1)))
                   (data (i32.const 0) "U")
                   (elem (i32.const 1) $two) (func $two (result i32) (i32.const 2))
                   (func (export "read") (param i32) (result i32) (i32.load8_u (local.get 0)))"#,
            ),
            (
                "mid",
                r#"(import "low" "g" (global $g i32))
                   (memory (export "m") 1) (data (i32.const 0) "MM")
                   (export "g" (global $g))"#,
            ),
            (
                "low",
                r#"(global (export "g") i32 (i32.const 41)) (table (export "t") 3 funcref)
                   (type $f (func (result i32)))
                   (elem (i32.const 0) $one $one) (func $one (result i32) (i32.const 1))
                   (func (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0)))"#,
            ),
        ])
        .unwrap();
    let [user, mid, low] = ["user", "mid", "low"].map(|name| group.get(name).unwrap());
    assert_eq!(user.get_global(&host.store, "h").unwrap().get(&host.store), Val::I32(42));
    assert_eq!(mid.get_global(&host.store, "g"), low.get_global(&host.store, "g"));
    // Exporters' segments are copied first.
    assert_eq!([0, 1].map(|at| host.call(user, "read", at)), [b'U'.into(), b'M'.into()]);
    assert_eq!([0, 1].map(|i| host.call(low, "call", i)), [1, 2]);
}

#[test]
fn functions_around_and_state_along() {
    // Functions lead around in a circle, the memory only one way; whichever is added first.
    let a = (
        "a",
        r#"(import "b" "peek" (func $peek (param i32) (result i32)))
           (memory (export "m") 1) (data (i32.const 7) "x")
           (func (export "run") (param i32) (result i32) (call $peek (local.get 0)))
           (func (export "base") (result i32) (i32.const 7))"#,
    );
    let b = (
        "b",
        r#"(import "a" "m" (memory 1)) (import "a" "base" (func $base (result i32)))
           (func (export "peek") (param i32) (result i32) (i32.load8_u (i32.add (call $base) (local.get 0))))"#,
    );
    for modules in [[a, b], [b, a]] {
        let mut host = Host::new();
        let group = host.link(&modules).unwrap();
        assert_eq!(host.call(group.get("a").unwrap(), "run", 0), i32::from(b'x'));
    }
}

#[test]
fn references_to_functions_in_a_circle() {
    let mut host = Host::new();
    let group = host
        .link(&[
            (
                "a",
                r#"(import "b" "f" (func $f (result i32)))
                   (type $r (func (result i32)))
                   (table 2 funcref) (elem (i32.const 0) $f $own) (func $own (export "own") (result i32) (i32.const 10))
                   (global $ref funcref (ref.func $f))
                   (func (export "call") (param i32) (result i32) (call_indirect (type $r) (local.get 0)))
                   (func (export "via_global") (param i32) (result i32)
                       (table.set (i32.const 1) (global.get $ref)) (call_indirect (type $r) (i32.const 1)))"#,
            ),
            (
                "b",
                r#"(import "a" "own" (func $own (result i32)))
                   (func (export "f") (result i32) (i32.mul (call $own) (i32.const 3)))"#,
            ),
        ])
        .unwrap();
    let a = group.get("a").unwrap();
    assert_eq!([0, 1].map(|i| host.call(a, "call", i)), [30, 10]);
    assert_eq!(host.call(a, "via_global", 0), 30);
}

#[test]
fn names_lead_through_reexports() {
    let mut host = Host::new();
    let group = host
        .link(&[
            (
                "last",
                r#"(import "m2" "log" (func $log (param i32))) (import "m2" "f" (func $f (result i32)))
                   (func (export "run") (param i32) (result i32) (call $log (local.get 0)) (call $f))"#,
            ),
            (
                "m2",
                r#"(import "m1" "g" (global i32)) (import "m1" "log" (func $log (param i32)))
                   (import "m1" "f" (func $f (result i32)))
                   (export "f" (func $f)) (export "log" (func $log))"#,
            ),
            (
                "m1",
                r#"(import "host" "log" (func $log (param i32))) (global (export "g") i32 (i32.const 1))
                   (func $f (result i32) (i32.const 5)) (export "f" (func $f)) (export "log" (func $log))"#,
            ),
        ])
        .unwrap();
    let last = group.get("last").unwrap();
    assert_eq!(host.call(last, "run", 8), 5);
    assert_eq!(host.store.data(), &[8]);
    let [f1, f2] = ["m1", "m2"].map(|name| group.get(name).unwrap().get_func(&host.store, "f").unwrap());
    assert_eq!(f1, f2);
}

#[test]
fn members_stand_beside_definitions() {
    let mut host = Host::new();
    // The module name `host` has definitions and a member.
    let group = host
        .link(&[
            ("host", r#"(func (export "f") (result i32) (i32.const 3))"#),
            (
                "user",
                r#"(import "host" "log" (func $log (param i32))) (import "host" "f" (func $f (result i32)))
                   (func (export "run") (param i32) (result i32) (call $log (call $f)) (local.get 0))"#,
            ),
        ])
        .unwrap();
    host.call(group.get("user").unwrap(), "run", 0);
    assert_eq!(host.store.data(), &[3]);

    let clash = [("host", r#"(func (export "log"))"#)];
    let error = host.fails(&clash);
    assert_eq!(
        error.to_string(),
        "`host::log` defined twice: the linker has it, and module `host` exports func [] -> []"
    );
    host.linker.allow_shadowing(true);
    host.link(&clash).unwrap();

    // And the other way round: a group's exports become definitions.
    host.linker.instances(&host.store, &group).unwrap();
    let module =
        Module::new(&host.engine, r#"(module (import "user" "run" (func (param i32) (result i32))))"#).unwrap();
    host.linker.instantiate(&mut host.store, &module).unwrap();
}

#[test]
fn starts_run_when_all_are_initialised() {
    let mut host = Host::new();
    let member = |number: usize, other: usize| {
        format!(
            r#"(import "host" "log" (func $log (param i32))) (import "m{other}" "get" (func $get (result i32)))
               (memory 1) (data (i32.const 0) "\0{number}")
               (func (export "get") (result i32) (i32.load8_u (i32.const 0)))
               (func $start (call $log (i32.add (i32.const {number}0) (call $get)))) (start $start)"#
        )
    };
    // 1 and 2 import from each other; 0 imports from 1, and so starts behind it.
    let texts = [member(0, 1), member(1, 2), member(2, 1)];
    host.link(&[("m0", &texts[0]), ("m1", &texts[1]), ("m2", &texts[2])]).unwrap();
    assert_eq!(host.store.data(), &[12, 21, 1]);
}

#[test]
fn failing_starts() {
    let mut host = Host::new();
    let error = host.fails(&[("a", "(func $f (unreachable)) (start $f)")]);
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    let error = host.fails(&[("a", "(memory 1) (data (i32.const 65536) \"x\")")]);
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    let text = "out of bounds memory access: module `a`, data segment 0: 1 bytes at 65536, in a memory of 65536";
    assert_eq!(error.to_string(), text);
    // A limit of one memory says whose memory it is.
    host.store.set_limits(StoreLimitsBuilder::new().memory_size(65_536).build());
    let error = host.fails(&[("a", "(memory 1)"), ("b", "(memory 2)")]);
    assert_eq!(
        error.to_string(),
        "module `b`: a memory of 131072 bytes passes the store's limit of 65536 bytes (`memory_size`)"
    );
}

#[test]
fn missing_imports() {
    let mut host = Host::new();
    let importer = r#"(import "b" "f" (func (param i32) (result i64)))"#;
    let error = host.fails(&[("a", importer)]);
    assert_eq!(
        error.to_string(),
        "module `a`: unknown import `b::f`: expected func [i32] -> [i64], found no module `b`"
    );
    let Some(LinkError::UnknownImport { import, module_exists: false, .. }) = error.downcast_ref() else { panic!() };
    assert_eq!((&*import.importer, &*import.module, &*import.name), ("a", "b", "f"));
    let error = host.fails(&[("empty", ""), ("a", importer), ("b", "(func (export \"g\"))")]);
    assert_eq!(
        error.to_string(),
        "module `a`: unknown import `b::f`: expected func [i32] -> [i64], found module `b` without such an export"
    );
    let error = host.fails(&[("a", r#"(import "host" "nothing" (memory 1))"#)]);
    assert_eq!(
        error.to_string(),
        "module `a`: unknown import `host::nothing`: expected memory {min 1}, found module `host` without such an export"
    );
}

#[test]
fn mismatched_types() {
    let cases = [
        ("(func (param i32))", "(func (export \"x\"))", "func [i32] -> []", "func [] -> []"),
        ("(func)", "(memory (export \"x\") 1)", "func [] -> []", "memory {min 1}"),
        ("(memory 2)", "(memory (export \"x\") 1)", "memory {min 2}", "memory {min 1}"),
        ("(memory 1 2)", "(memory (export \"x\") 1 3)", "memory {min 1, max 2}", "memory {min 1, max 3}"),
        ("(table 1 funcref)", "(table (export \"x\") 1 externref)", "table {min 1} funcref", "table {min 1} externref"),
        ("(global i32)", "(global (export \"x\") (mut i32) (i32.const 0))", "global i32", "global (mut i32)"),
        ("(global i32)", "(func (export \"x\"))", "global i32", "func [] -> []"),
        ("(func (param i32))", "(tag (export \"x\") (param i32))", "func [i32] -> []", "tag [i32] -> []"),
        ("(tag (param i32))", "(func (export \"x\") (param i32))", "tag [i32] -> []", "func [i32] -> []"),
    ];
    for (wanted, given, expected, found) in cases {
        let importer = format!("(import \"b\" \"x\" {wanted})");
        let error = Host::new().fails(&[("a", &importer), ("b", given)]);
        let text = format!("module `a`: incompatible import type for `b::x`: expected {expected}, found {found}");
        assert_eq!(error.to_string(), text);
        assert!(matches!(error.downcast_ref(), Some(LinkError::IncompatibleImport { .. })));
    }
    let error = Host::new().fails(&[("a", r#"(import "host" "log" (func))"#)]);
    assert_eq!(
        error.to_string(),
        "module `a`: incompatible import type for `host::log`: expected func [] -> [], found func [i32] -> []"
    );
    // What was re-exported is compared itself, not as it is re-exported.
    let modules = [
        ("a", r#"(import "b" "m" (memory 2))"#),
        ("b", r#"(import "c" "m" (memory 1)) (export "m" (memory 0))"#),
        ("c", r#"(memory (export "m") 2)"#),
    ];
    Host::new().link(&modules).unwrap();
}

#[test]
fn duplicate_names() {
    let mut host = Host::new();
    let error = host.fails(&[("a", ""), ("b", ""), ("a", "")]);
    assert_eq!(error.to_string(), "module `a` defined twice");
    assert_eq!(error.downcast_ref(), Some(&LinkError::DuplicateModule { module: "a".into() }));
}

#[test]
fn circles_of_state() {
    let mut host = Host::new();
    let error = host.fails(&[
        ("a", r#"(import "b" "g" (global i32)) (memory (export "m") 1)"#),
        ("b", r#"(import "c" "t" (table 1 funcref)) (global (export "g") i32 (i32.const 1))"#),
        ("c", r#"(import "a" "m" (memory 1)) (table (export "t") 1 funcref)"#),
    ]);
    assert_eq!(
        error.to_string(),
        "modules import from each other what must exist before: `a` imports `b::g` (global i32), \
         `b` imports `c::t` (table {min 1} funcref), `c` imports `a::m` (memory {min 1})"
    );
    let error = host.fails(&[("a", r#"(import "a" "g" (global i32)) (global (export "g") i32 (i32.const 1))"#)]);
    assert!(matches!(error.downcast_ref(), Some(LinkError::Cycle { imports }) if imports.len() == 1));
}

#[test]
fn names_that_lead_nowhere() {
    let mut host = Host::new();
    let pass = |from: &str| format!(r#"(import "{from}" "f" (func $f)) (export "f" (func $f))"#);
    let [a, b, user] = [pass("b"), pass("a"), pass("a")];
    let error = host.fails(&[("user", &user), ("a", &a), ("b", &b)]);
    assert_eq!(
        error.to_string(),
        "modules import from each other what must exist before: `a` imports `b::f` (func [] -> []), \
         `b` imports `a::f` (func [] -> [])"
    );
}

#[test]
fn a_long_chain_of_reexports() {
    let mut host = Host::new();
    let texts: Vec<_> = (0..2000)
        .map(|i| (format!("m{i}"), format!(r#"(import "m{}" "f" (func $f)) (export "f" (func $f))"#, i + 1)))
        .collect();
    let mut modules: Vec<_> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    modules.push(("m2000", "(func (export \"f\"))"));
    let group = host.link(&modules).unwrap();
    let [first, last] = ["m0", "m2000"].map(|name| group.get(name).unwrap().get_func(&host.store, "f").unwrap());
    assert_eq!(first, last);
}

#[test]
fn nothing_is_made_when_linking_fails() {
    let mut host = Host::new();
    host.store.set_limits(StoreLimitsBuilder::new().instances(2).memories(1).build());
    assert!(host.fails(&[("a", ""), ("b", ""), ("c", "")]).to_string().contains("limit of 2 instances"));
    assert!(host.fails(&[("a", "(memory 1)"), ("b", "(memory 1)")]).to_string().contains("limit of 1 memories"));
    host.fails(&[("a", "(memory 1)"), ("b", "(import \"c\" \"f\" (func))")]);
    host.link(&[("a", "(memory 1)"), ("b", "")]).unwrap();
}

#[test]
fn engines_and_stores() {
    let mut host = Host::new();
    let foreign = Module::new(&Engine::default(), "(module)").unwrap();
    let error = host.linker.group().module("a", &foreign).unwrap_err();
    assert_eq!(error.to_string(), "module `a` was made with another engine than the linker");
    assert!(matches!(error.downcast_ref(), Some(LinkError::OtherEngine { .. })));
    let mut other = Store::new(&Engine::default(), Vec::new());
    assert!(host.linker.group().instantiate(&mut other).unwrap_err().to_string().contains("another engine"));
    // A definition of another store.
    let mut other = Store::new(&host.engine, Vec::new());
    let memory = Memory::new(&mut other, MemoryType::new(1, None)).unwrap();
    host.linker.define(&other, "other", "m", memory).unwrap();
    let error = host.fails(&[("a", r#"(import "other" "m" (memory 1))"#)]);
    assert!(matches!(error.downcast_ref(), Some(LinkError::OtherStore { .. })));
    let error = error.to_string();
    assert!(error.contains("`a`") && error.contains("`other::m`") && error.contains("wrong store"), "{error}");
}

/// A function's identity for the embedder is the same by whatever way it is reached.
#[test]
fn one_function_many_ways() {
    let mut host = Host::new();
    let group = host
        .link(&[
            ("exporter", r#"(func (export "f") (result i32) (i32.const 1))"#),
            (
                "importer",
                r#"(import "exporter" "f" (func $f (result i32))) (import "host" "log" (func $log (param i32)))
                   (export "again" (func $f)) (export "log" (func $log))
                   (table (export "t") 3 funcref) (elem (i32.const 0) $f $log)
                   (global (export "g") funcref (ref.func $f))
                   (func (export "ref") (result funcref) (ref.func $f))
                   (func (export "put") (table.set (i32.const 2) (ref.func $log)))"#,
            ),
        ])
        .unwrap();
    let [exporter, importer] = ["exporter", "importer"].map(|name| group.get(name).unwrap());
    let store = &mut host.store;
    let f = exporter.get_func(&*store, "f").unwrap();
    assert_eq!(importer.get_func(&*store, "again"), Some(f));
    let table = importer.get_table(&*store, "t").unwrap();
    assert_eq!(table.get(&*store, 0).unwrap().func(), Some(f));
    assert_eq!(importer.get_global(&*store, "g").unwrap().get(&*store), Val::FuncRef(Some(f)));
    assert_eq!(
        importer.get_func(&*store, "ref").unwrap().invoke::<(), Option<Func>>(&mut *store, ()).unwrap(),
        Some(f)
    );
    importer.get_func(&*store, "put").unwrap().invoke::<(), ()>(&mut *store, ()).unwrap();
    let log = host.linker.get(&mut *store, "host", "log").unwrap().into_func();
    for i in [1, 2] {
        assert_eq!(table.get(&*store, i).unwrap().func(), log);
    }
    assert_eq!(importer.get_func(&*store, "log"), log);
    // And what comes out goes in again.
    table.set(&mut *store, 2, Some(f).into()).unwrap();
    assert_eq!(table.get(&*store, 2).unwrap().func(), Some(f));
}

/// A function is lowered by whatever calls it first: each way leads to the right code in the right instance, twice.
#[test]
fn first_calls() {
    let text = r#"(type $f (func (param i32) (result i32)))
        (import "other" "f" (func $imported (type $f)))
        (table 2 funcref) (elem (i32.const 0) $own $imported)
        (global $n (mut i32) (i32.const 0))
        (func $own (export "f") (type $f)
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (i32.add (i32.mul (local.get 0) (i32.const 10)) (global.get $n)))
        (func (export "local") (type $f) (call $own (local.get 0)))
        (func (export "import") (type $f) (call $imported (local.get 0)))
        (func (export "tail") (type $f) (return_call $own (local.get 0)))
        (func (export "tail_import") (type $f) (return_call $imported (local.get 0)))
        (func (export "indirect") (type $f) (call_indirect (type $f) (local.get 0) (i32.const 0)))
        (func (export "indirect_import") (type $f) (call_indirect (type $f) (local.get 0) (i32.const 1)))
        (func (export "tail_indirect") (type $f) (return_call_indirect (type $f) (local.get 0) (i32.const 1)))
        (func (export "nested") (type $f) (call $own (call $imported (i32.const 0))))"#;
    let ways = ["f", "local", "import", "tail", "tail_import", "indirect", "indirect_import", "tail_indirect"];
    for way in ways {
        let mut host = Host::new();
        let module = Module::new(&host.engine, format!("(module {text})")).unwrap();
        let mut group = host.linker.group();
        group.module("self", &module).unwrap().module("other", &module).unwrap();
        // `other` imports from itself.
        let group = group.instantiate(&mut host.store).unwrap();
        let [instance, other] = ["self", "other"].map(|name| group.get(name).unwrap());
        assert_eq!([1, 2].map(|x| host.call(instance, way, x)), [11, 22], "{way}");
        // The third call of the other one's function, or the first.
        let imported = way.contains("import") || way == "tail_indirect";
        assert_eq!(host.call(other, way, 4), if imported { 43 } else { 41 }, "{way}");
    }
    let mut host = Host::new();
    let group = host.link(&[("self", text), ("other", text)]).unwrap();
    let instance = group.get("self").unwrap();
    assert_eq!(host.call(instance, "nested", 0), 11);
}
