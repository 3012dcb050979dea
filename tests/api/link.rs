//! Linking and instantiation.

use crate::{assert_says, instance, instance_with};
use pirn::*;

#[test]
fn imports_and_exports_of_a_module() {
    let module = Module::new(
        &Engine::default(),
        r#"(module
            (import "a" "f" (func (param i32)))
            (import "a" "m" (memory 1 2))
            (import "b" "g" (global (mut i64)))
            (table (export "t") 1 funcref)
            (export "f2" (func 0)))"#,
    )
    .unwrap();
    let imports: Vec<_> =
        module.imports().map(|import| format!("{}.{} {}", import.module(), import.name(), import.ty())).collect();
    assert_eq!(imports, ["a.f func [i32] -> []", "a.m memory {min 1, max 2}", "b.g global (mut i64)"]);
    let exports: Vec<_> = module.exports().map(|export| format!("{} {}", export.name(), export.ty())).collect();
    assert_eq!(exports, ["t table {min 1} funcref", "f2 func [i32] -> []"]);
    assert_eq!(module.get_export("f2"), Some(ExternType::Func(FuncType::new([ValType::I32], []))));
    assert_eq!(module.get_export("f"), None);
}

#[test]
fn exports_of_an_instance() {
    let (store, instance) = instance(
        r#"(module (func (export "f")) (memory (export "m") 1) (global (export "g") i32 (i32.const 1)) (table (export "t") 1 funcref))"#,
    );
    let names: Vec<_> = instance.exports(&store).map(|export| export.name().to_owned()).collect();
    assert_eq!(names, ["f", "m", "g", "t"]);
    assert!(instance.get_export(&store, "f").unwrap().into_func().is_some());
    assert!(instance.get_memory(&store, "f").is_none());
    assert!(instance.get_export(&store, "x").is_none());
    for export in instance.exports(&store) {
        assert_eq!(instance.get_export(&store, export.name()).unwrap(), export.into_extern());
    }
    assert_eq!(instance.module(&store).exports().len(), 4);
}

const PROVIDER: &str = r#"(module
    (memory (export "memory") 1)
    (global $count (export "count") (mut i32) (i32.const 0))
    (table (export "table") 4 funcref)
    (func (export "add") (param i32 i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.store (i32.const 0) (global.get $count))
        (i32.add (local.get 0) (local.get 1))))"#;

#[test]
fn modules_share() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let mut store = Store::new(&engine, ());
    linker.module(&mut store, "provider", &Module::new(&engine, PROVIDER).unwrap()).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "provider" "add" (func $add (param i32 i32) (result i32)))
            (import "provider" "memory" (memory 1))
            (import "provider" "count" (global $count (mut i32)))
            (import "provider" "table" (table 1 funcref))
            (elem (i32.const 2) $mine)
            (func $mine (result i32) (i32.const 11))
            (func (export "add3") (param i32 i32 i32) (result i32)
                (call $add (call $add (local.get 0) (local.get 1)) (local.get 2)))
            (func (export "seen") (result i32 i32) (global.get $count) (i32.load (i32.const 0)))
            (func (export "grow") (drop (memory.grow (i32.const 1)))))"#,
    )
    .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let add3 = instance.get_typed_func::<(i32, i32, i32), i32>(&store, "add3").unwrap();
    assert_eq!(add3.call(&mut store, (1, 2, 3)).unwrap(), 6);
    let seen = instance.get_typed_func::<(), (i32, i32)>(&store, "seen").unwrap();
    assert_eq!(seen.call(&mut store, ()).unwrap(), (2, 2));
    instance.get_typed_func::<(), ()>(&store, "grow").unwrap().call(&mut store, ()).unwrap();
    let memory = linker.get(&mut store, "provider", "memory").and_then(Extern::into_memory).unwrap();
    assert_eq!(memory.size(&store), 2);
    assert_eq!(add3.call(&mut store, (1, 2, 3)).unwrap(), 6);
    assert_eq!(seen.call(&mut store, ()).unwrap(), (4, 4));
    let table = linker.get(&mut store, "provider", "table").and_then(Extern::into_table).unwrap();
    let mine = table.get(&store, 2).unwrap().func().unwrap();
    assert_eq!(mine.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 11);
}

#[test]
fn instances_are_separate() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, PROVIDER).unwrap();
    let [a, b] = [(); 2].map(|()| Instance::new(&mut store, &module, &[]).unwrap());
    assert_ne!(a, b);
    let add = a.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
    add.call(&mut store, (1, 2)).unwrap();
    assert_eq!(a.get_global(&store, "count").unwrap().get(&store), Val::I32(1));
    assert_eq!(b.get_global(&store, "count").unwrap().get(&store), Val::I32(0));
}

#[test]
fn import_errors() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let f = Func::wrap(&mut store, |_: i64| ());
    let g = Global::new(&mut store, GlobalType::new(ValType::I32, false), Val::I32(1)).unwrap();
    let m = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let t = Table::new(&mut store, TableType::new(RefType::EXTERNREF, 1, Some(9)), Ref::Extern(None)).unwrap();
    let cases: &[(&str, Extern, &str, &str)] = &[
        ("(func (param i32))", f.into(), "func [i32] -> []", "func [i64] -> []"),
        ("(func)", g.into(), "func [] -> []", "global i32"),
        ("(global (mut i32))", g.into(), "global (mut i32)", "global i32"),
        ("(global i64)", g.into(), "global i64", "global i32"),
        ("(memory 2)", m.into(), "memory {min 2}", "memory {min 1}"),
        ("(memory 1 2)", m.into(), "memory {min 1, max 2}", "memory {min 1}"),
        ("(table 1 8 externref)", t.into(), "table {min 1, max 8} externref", "table {min 1, max 9} externref"),
        ("(table 1 funcref)", t.into(), "table {min 1} funcref", "table {min 1, max 9} externref"),
    ];
    for (wanted, item, expected, found) in cases {
        let module = Module::new(&engine, format!("(module (import \"mod\" \"name\" {wanted}))")).unwrap();
        let error = Instance::new(&mut store, &module, std::slice::from_ref(item)).unwrap_err();
        let text = format!("incompatible import type for `mod::name`: expected {expected}, found {found}");
        assert_eq!(error.to_string(), text);
        assert!(matches!(error.downcast_ref(), Some(LinkError::IncompatibleImport { .. })));
    }
    // A memory's size now counts.
    m.grow(&mut store, 1).unwrap();
    let module = Module::new(&engine, "(module (import \"m\" \"m\" (memory 2)))").unwrap();
    Instance::new(&mut store, &module, &[m.into()]).unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_says(&error, &["expected 1 imports, found 0"]);
    assert_eq!(error.downcast_ref(), Some(&LinkError::ImportCount { expected: 1, found: 0 }));

    let mut other = Store::new(&engine, ());
    let error = Instance::new(&mut other, &module, &[m.into()]).unwrap_err();
    assert_says(&error, &["`m::m`", "another store", "wrong store"]);
    let import = ImportName { importer: "".into(), module: "m".into(), name: "m".into() };
    assert_eq!(error.downcast_ref(), Some(&LinkError::OtherStore { import }));
    let mut foreign = Store::new(&Engine::default(), ());
    let error = Instance::new(&mut foreign, &module, &[m.into()]).unwrap_err();
    assert_says(&error, &["the module was made with another engine than the store"]);
    assert!(matches!(error.downcast_ref(), Some(LinkError::OtherEngine { .. })));
}

#[test]
fn linker_errors() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new(&engine);
    let module =
        Module::new(&engine, "(module (import \"env\" \"f\" (func)) (func (export \"run\") (call 0)))").unwrap();
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!(error.to_string(), "unknown import `env::f`: expected func [] -> [], found no module `env`");
    linker.func_wrap("env", "f", || ()).unwrap();
    let error = linker.func_wrap("env", "f", || ()).unwrap_err();
    assert_eq!(error.to_string(), "import of `env::f` defined twice");
    assert!(matches!(error.downcast_ref(), Some(LinkError::AlreadyDefined { .. })));
    linker.allow_shadowing(true).func_wrap("env", "f", |_: i32| ()).unwrap();
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_says(&error, &["incompatible import type for `env::f`", "expected func [] -> []", "found func [i32] -> []"]);
    let not_defined = |name: Option<&str>| LinkError::NotDefined { module: "x".into(), name: name.map(Into::into) };
    let error = linker.alias_module("x", "y").unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&not_defined(None)));
    let error = linker.alias("x", "nothing", "env", "y").unwrap_err();
    assert_eq!(error.to_string(), "`x::nothing` has not been defined");
    assert_eq!(error.downcast_ref(), Some(&not_defined(Some("nothing"))));

    let mut other = Store::new(&engine, ());
    let item = Func::wrap(&mut other, || ());
    assert_says(&linker.define(&store, "env", "g", item).unwrap_err(), &["wrong store"]);
}

#[test]
fn all_exports_are_defined_or_none() {
    let (mut store, two) = instance(r#"(module (func (export "a")) (func (export "b")))"#);
    let engine = store.engine().clone();
    let module = Module::new(&engine, r#"(module (func (export "c")) (func (export "b")))"#).unwrap();
    let other = Instance::new(&mut store, &module, &[]).unwrap();
    let mut linker = Linker::new(&engine);
    linker.instance(&store, "m", two).unwrap();
    assert_says(&linker.instance(&store, "m", other).unwrap_err(), &["m::b", "twice"]);
    assert!(linker.get(&mut store, "m", "c").is_none());
    linker.instance(&store, "n", other).unwrap();
    assert_says(&linker.alias_module("n", "m").unwrap_err(), &["m::b", "twice"]);
    assert!(linker.get(&mut store, "m", "c").is_none());
    linker.allow_shadowing(true).alias_module("n", "m").unwrap();
    assert!(linker.get(&mut store, "m", "c").is_some());
}

#[test]
fn aliases() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("a", "f", || 5i32).unwrap();
    linker.alias_module("a", "b").unwrap().alias("a", "f", "c", "g").unwrap();
    let f = linker.get(&mut store, "a", "f").unwrap();
    // One definition is one function of a store, by whatever name.
    assert_eq!(linker.get(&mut store, "b", "f"), Some(f.clone()));
    assert_eq!(linker.get(&mut store, "c", "g"), Some(f));
    assert_eq!(linker.get(&mut store, "c", "f"), None);
}

#[test]
fn unknown_imports_as_traps() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (import "env" "known" (func $known (result i32)))
            (import "env" "unknown" (func $unknown (param i32) (result f64)))
            (func (export "good") (result i32) (call $known))
            (func (export "bad") (drop (call $unknown (i32.const 1)))))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("env", "known", || 1i32).unwrap();
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(instance.get_typed_func::<(), i32>(&store, "good").unwrap().call(&mut store, ()).unwrap(), 1);
    let error = instance.get_typed_func::<(), ()>(&store, "bad").unwrap().call(&mut store, ()).unwrap_err();
    let text = "unknown import `env::unknown`: expected func [i32] -> [f64], found module `env` without such an export";
    assert_eq!(error.to_string(), text);
    assert!(matches!(error.downcast_ref(), Some(LinkError::UnknownImport { module_exists: true, .. })));
}

#[test]
fn imports_of_a_module_of_another_engine_are_no_traps() {
    let other = Engine::default();
    let text = r#"(module
        (type $t (func))
        (import "env" "plain" (func))
        (import "env" "naming" (func (param (ref null $t)))))"#;
    let mut linker = Linker::<()>::new(&Engine::default());
    let error = linker.define_unknown_imports_as_traps(&Module::new(&other, text).unwrap()).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(LinkError::OtherEngine { .. })), "{error}");
    let mut store = Store::new(linker.engine(), ());
    assert!(linker.get(&mut store, "env", "plain").is_none());
}

#[test]
fn one_linker_many_stores() {
    let engine = Engine::default();
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("env", "data", |caller: Caller<'_, i32>| *caller.data()).unwrap();
    let module = Module::new(
        &engine,
        "(module (import \"env\" \"data\" (func (result i32))) (func (export \"run\") (result i32) (call 0)))",
    )
    .unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    let mut stores: Vec<_> = (0..3).map(|i| Store::new(&engine, i)).collect();
    for (i, store) in stores.iter_mut().enumerate() {
        let instances = [linker.instantiate(&mut *store, &module).unwrap(), pre.instantiate(&mut *store).unwrap()];
        for instance in instances {
            let run = instance.get_typed_func::<(), i32>(&*store, "run").unwrap();
            assert_eq!(run.call(&mut *store, ()).unwrap(), i as i32);
        }
    }
}

#[test]
fn start_functions() {
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    let tick = |mut caller: Caller<'_, u32>| -> Result<()> {
        *caller.data_mut() += 1;
        if *caller.data() > 2 { Err(Error::msg("too often")) } else { Ok(()) }
    };
    linker.func_wrap("env", "tick", tick).unwrap();
    let module =
        Module::new(&engine, "(module (import \"env\" \"tick\" (func $tick)) (func $s (call $tick)) (start $s))")
            .unwrap();
    let mut store = Store::new(&engine, 0);
    linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(*store.data(), 1);
    let imported = Module::new(&engine, "(module (import \"env\" \"tick\" (func $tick)) (start $tick))").unwrap();
    linker.instantiate(&mut store, &imported).unwrap();
    assert_eq!(*store.data(), 2);
    assert_eq!(linker.instantiate(&mut store, &module).unwrap_err().to_string(), "too often");
}

#[test]
fn reactors_are_initialized() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new(&engine);
    let module = Module::new(
        &engine,
        r#"(module (global $g (export "g") (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $g (i32.const 3))))"#,
    )
    .unwrap();
    linker.module(&mut store, "m", &module).unwrap();
    let global = linker.get(&mut store, "m", "g").and_then(Extern::into_global).unwrap();
    assert_eq!(global.get(&store), Val::I32(3));
}

#[test]
fn failed_instances_leave_what_they_wrote() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None)).unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "e" "t" (table 1 funcref))
            (import "e" "m" (memory 1))
            (elem (i32.const 1) $f)
            (elem $later (i32.const 2) func $f)
            (data (i32.const 0) "x")
            (func $f (result i32) (i32.load8_u (i32.const 9))))"#,
    )
    .unwrap();
    let error = Instance::new(&mut store, &module, &[table.into(), memory.into()]).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::TableOutOfBounds));
    let text = "out of bounds table access: element segment 1: 1 elements at 2, in a table of 2";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds));
    assert!(error.is::<Trap>() && !error.is::<LinkError>());
    assert_eq!(error.downcast::<LinkError>().unwrap_err().downcast::<Trap>().unwrap(), Trap::TableOutOfBounds);
    assert_eq!(memory.data(&store)[0], 0);
    let f = table.get(&store, 1).unwrap().func().unwrap().typed::<(), i32>(&store).unwrap();
    memory.data_mut(&mut store)[9] = 77;
    assert_eq!(f.call(&mut store, ()).unwrap(), 77);
    memory.grow(&mut store, 1).unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 77);

    let module = Module::new(
        &engine,
        r#"(module (import "e" "m" (memory 1)) (data (i32.const 5) "abc") (data (i32.const 131071) "yz"))"#,
    );
    let error = Instance::new(&mut store, &module.unwrap(), &[memory.into()]).unwrap_err();
    let text = "out of bounds memory access: data segment 1: 2 bytes at 131071, in a memory of 131072";
    assert_eq!(error.to_string(), text);
    assert_eq!(&memory.data(&store)[5..8], b"abc");
    assert_eq!(memory.data(&store)[131_071], 0);
}

#[test]
fn segments() {
    let (mut store, instance) = instance(
        r#"(module
            (memory (export "memory") 1)
            (data $active (i32.const 0) "active")
            (data $passive "passive")
            (table 2 funcref)
            (elem $e func $f)
            (func $f (result i32) (i32.const 3))
            (func (export "data") (memory.init $passive (i32.const 8) (i32.const 0) (i32.const 7)))
            (func (export "dropped") (memory.init $active (i32.const 8) (i32.const 0) (i32.const 1)))
            (func (export "elem") (result i32)
                (table.init $e (i32.const 1) (i32.const 0) (i32.const 1))
                (elem.drop $e)
                (call_indirect (result i32) (i32.const 1))))"#,
    );
    let [data, dropped] = ["data", "dropped"].map(|name| instance.get_typed_func::<(), ()>(&store, name).unwrap());
    data.call(&mut store, ()).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(&memory.data(&store)[..15], b"active\0\0passive");
    assert_eq!(dropped.call(&mut store, ()).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    let elem = instance.get_typed_func::<(), i32>(&store, "elem").unwrap();
    assert_eq!(elem.call(&mut store, ()).unwrap(), 3);
    assert_eq!(elem.call(&mut store, ()).unwrap_err().trap(), Some(Trap::TableOutOfBounds));
}

#[test]
fn constant_expressions() {
    let (store, instance) = instance_with(
        r#"(module
            (import "e" "base" (global $base i32))
            (import "e" "big" (global $big i64))
            (global (export "a") i32 (i32.sub (i32.mul (global.get $base) (i32.const 3)) (i32.const 1)))
            (global (export "b") i64 (i64.sub (i64.const 1) (i64.add (global.get $big) (i64.const 1))))
            (global (export "c") f32 (f32.const -0.0))
            (global (export "d") funcref (ref.func $f))
            (func $f (export "f")))"#,
        |store| {
            let base = Global::new(&mut *store, GlobalType::new(ValType::I32, false), Val::I32(-4)).unwrap();
            let big = Global::new(&mut *store, GlobalType::new(ValType::I64, false), Val::I64(1 << 40)).unwrap();
            vec![base.into(), big.into()]
        },
    );
    let get = |name| instance.get_global(&store, name).unwrap().get(&store);
    assert_eq!(get("a"), Val::I32(-13));
    assert_eq!(get("b"), Val::I64(-(1 << 40)));
    assert_eq!(get("c"), Val::from(-0.0f32));
    assert_eq!(get("d"), instance.get_func(&store, "f").unwrap().into());
}

/// A linker's host functions serve the stores of any engine, and types are compared there as well.
#[test]
fn host_functions_in_stores_of_another_engine() {
    let mut linker = Linker::<i32>::new(&Engine::default());
    linker.func_wrap("env", "data", |caller: Caller<'_, i32>| *caller.data()).unwrap();
    let engine = Engine::default();
    let module = |ty: &str| {
        let text = format!("(module (import \"env\" \"data\" (func {ty})) (export \"f\" (func 0)))");
        Module::new(&engine, text).unwrap()
    };
    let mut store = Store::new(&engine, 7);
    let instance = linker.instantiate(&mut store, &module("(result i32)")).unwrap();
    assert_eq!(instance.get_typed_func::<(), i32>(&store, "f").unwrap().call(&mut store, ()).unwrap(), 7);
    let error = linker.instantiate(&mut store, &module("(result i64)")).unwrap_err();
    assert_says(&error, &["`env::data`", "expected func [] -> [i64]", "found func [] -> [i32]"]);
}

/// What is refused before it is made takes no place in the store.
#[test]
fn nothing_is_made_when_linking_fails() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let limits = StoreLimitsBuilder::new().instances(1).memories(1).tables(1).memory_size(65_536).table_elements(1);
    store.set_limits(limits.build());
    let module = |text: &str| Module::new(&engine, format!("(module {text})")).unwrap();
    let cases = [
        ("(table 1 funcref) (memory 2)", "limit of 65536 bytes (`memory_size`)"),
        ("(memory 1) (table 2 funcref)", "limit of 1 elements (`table_elements`)"),
        (
            "(table 1 funcref) (table 1 funcref)",
            "limit of 1 tables is reached (`tables`): it has 0 of them, and 2 more",
        ),
    ];
    let linker = Linker::new(&engine);
    for (text, says) in cases {
        assert_says(&Instance::new(&mut store, &module(text), &[]).unwrap_err(), &[says]);
        let mut group = linker.group();
        group.module("a", &module(text)).unwrap();
        assert_says(&group.instantiate(&mut store).unwrap_err(), &[says]);
    }
    Instance::new(&mut store, &module("(memory 1) (table 1 funcref)"), &[]).unwrap();
}
