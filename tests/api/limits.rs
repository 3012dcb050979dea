//! Limits of stores and modules, and the settings for strangers' modules.

use crate::assert_says;
use pirn::*;

const PAGE: u64 = 65_536;

fn store(limits: StoreLimitsBuilder) -> Store<()> {
    let mut store = Store::new(&Engine::default(), ());
    store.set_limits(limits.build());
    store
}

#[test]
fn all_memories_together() {
    let mut store = store(StoreLimitsBuilder::new().total_memory_size(5 * PAGE + 1));
    let module = r#"(module (memory (export "memory") 2)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let module = Module::new(store.engine(), module).unwrap();
    let one = Instance::new(&mut store, &module, &[]).unwrap();
    let two = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    // Two pages are left, for whoever comes first.
    let grow = one.get_typed_func::<i32, i32>(&store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, 3).unwrap(), -1);
    assert_eq!(grow.call(&mut store, 1).unwrap(), 2);
    assert!(two.grow(&mut store, 2).is_err());
    assert_eq!(two.grow(&mut store, 1).unwrap(), 1);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    assert_eq!(grow.call(&mut store, 0).unwrap(), 3);
    assert_says(&Instance::new(&mut store, &module, &[]).unwrap_err(), &["131072 bytes", "limit of 327681 in all"]);
    // What was refused takes nothing, and an empty memory is no page.
    Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    // New limits count what there is.
    store.set_limits(StoreLimitsBuilder::new().total_memory_size(6 * PAGE).build());
    assert_eq!(grow.call(&mut store, 1).unwrap(), 3);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    store.set_limits(StoreLimitsBuilder::new().total_memory_size(PAGE).build());
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    assert_eq!(grow.call(&mut store, 0).unwrap(), 4);
}

#[test]
fn all_tables_together() {
    let mut store = store(StoreLimitsBuilder::new().total_table_elements(10));
    let module = r#"(module (table $a 2 funcref) (table $b 3 externref)
        (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
        (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))"#;
    let module = Module::new(store.engine(), module).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let [a, b] = ["a", "b"].map(|name| instance.get_typed_func::<i32, i32>(&store, name).unwrap());
    assert_eq!(a.call(&mut store, 3).unwrap(), 2);
    assert_eq!(b.call(&mut store, 3).unwrap(), -1);
    assert_eq!(b.call(&mut store, 1).unwrap(), 3);
    let ty = |min| TableType::new(RefType::FUNCREF, min, None);
    assert_says(&Table::new(&mut store, ty(2), Ref::Func(None)).unwrap_err(), &["2 elements", "limit of 10"]);
    let table = Table::new(&mut store, ty(0), Ref::Func(None)).unwrap();
    assert_eq!(table.grow(&mut store, 1, Ref::Func(None)).unwrap(), 0);
    assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
    assert_eq!(a.call(&mut store, 1).unwrap(), -1);
}

/// What cannot grow costs no fuel for what it would have added.
#[test]
fn growing_that_the_total_forbids_costs_nothing() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().total_memory_size(3 * PAGE).total_table_elements(100).build());
    let module = r#"(module (memory 1) (table 1 funcref)
        (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;
    let instance = Instance::new(&mut store, &Module::new(&engine, module).unwrap(), &[]).unwrap();
    for (name, least, fits) in [("memory", 3, 2), ("table", 100, 80)] {
        let grow = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
        let mut cost = |n| {
            store.set_fuel(1_000_000).unwrap();
            let old = grow.call(&mut store, n).unwrap();
            (old, 1_000_000 - store.get_fuel().unwrap())
        };
        let (old, refused) = cost(least);
        assert_eq!(old, -1);
        let (old, granted) = cost(fits);
        assert_eq!(old, 1);
        assert!(refused < 5 && granted > refused, "{name}: {refused} if refused, {granted} if granted");
    }
}

/// Tags count where they are made, and not where they are imported.
#[test]
fn of_tags() {
    let mut store = store(StoreLimitsBuilder::new().tags(5));
    let module =
        Module::new(store.engine(), r#"(module (tag (export "a")) (tag (param i32)) (tag $again (export "b")))"#)
            .unwrap();
    let one = Instance::new(&mut store, &module, &[]).unwrap();
    assert_says(&Instance::new(&mut store, &module, &[]).unwrap_err(), &["limit of 5 tags", "it has 3", "3 more"]);
    let importer = Module::new(store.engine(), r#"(module (tag (import "" "a")) (tag (import "" "b")))"#).unwrap();
    let tags = ["a", "b"].map(|name| one.get_export(&store, name).unwrap());
    for _ in 0..10 {
        Instance::new(&mut store, &importer, &tags).unwrap();
    }
    let ty = TagType::new(FuncType::new([], []));
    Tag::new(&mut store, &ty).unwrap();
    Tag::new(&mut store, &ty).unwrap();
    assert_says(&Tag::new(&mut store, &ty).unwrap_err(), &["limit of 5 tags"]);
    // A limiter says so, too.
    let mut store = Store::new(&Engine::default(), StoreLimitsBuilder::new().tags(1).build());
    store.limiter(|limits| limits);
    Tag::new(&mut store, &ty).unwrap();
    assert_says(&Tag::new(&mut store, &ty).unwrap_err(), &["limiter's limit of 1 tags"]);
}

/// A stranger's module of many tags.
#[test]
fn of_a_strangers_tags() {
    let engine = Engine::new(&Config::untrusted()).unwrap();
    let module = |tags: usize| {
        let text = format!("(module {})", "(tag)".repeat(tags));
        Module::from_binary(&engine, &wat::parse_str(text).unwrap()).unwrap()
    };
    let mut store = Store::new(&engine, ());
    assert_says(&Instance::new(&mut store, &module(1_001), &[]).unwrap_err(), &["limit of 1000 tags"]);
    Instance::new(&mut store, &module(1_000), &[]).unwrap();
}

/// A group is refused before anything of it exists.
#[test]
fn of_groups() {
    let mut store = store(StoreLimitsBuilder::new().total_memory_size(3 * PAGE).total_table_elements(5).instances(3));
    let engine = store.engine().clone();
    let linker = Linker::new(&engine);
    let module = Module::new(&engine, "(module (memory 1) (table 2 funcref))").unwrap();
    let group = |n: usize| {
        let mut group = linker.group();
        (0..n).for_each(|i| _ = group.module(&i.to_string(), &module).unwrap());
        group
    };
    assert_says(&group(4).instantiate(&mut store).unwrap_err(), &["limit of 3 instances"]);
    assert_says(&group(3).instantiate(&mut store).unwrap_err(), &["6 elements", "limit of 5"]);
    group(2).instantiate(&mut store).unwrap();
}

/// A preset is a beginning.
#[test]
fn presets_are_adjusted() {
    let mut config = Config::untrusted();
    config.limits(StoreLimitsBuilder::untrusted().instances(11).build());
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::from_binary(&engine, &wat::parse_str("(module (memory 0))").unwrap()).unwrap();
    for _ in 0..10 {
        Instance::new(&mut store, &module, &[]).unwrap();
    }
    assert_says(&Instance::new(&mut store, &module, &[]).unwrap_err(), &["limit of 10 memories"]);
}

/// What `Config::untrusted` says of nested entries: that as many as it allows may take 64 KiB each on a thread of 2 MiB.
/// In a process of its own, since it would abort.
#[test]
fn nested_entries_fit_a_small_thread() {
    const TASK: &str = "PIRN_TEST_NESTED_ENTRIES";
    const NAME: &str = "limits::nested_entries_fit_a_small_thread";
    if std::env::var_os(TASK).is_none() {
        let me = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
        // Under an emulator no process can start itself, but cargo was told how to.
        let runner = std::env::var("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER").unwrap_or_default();
        let runner = runner.split_whitespace().filter(|_| cfg!(target_arch = "aarch64"));
        let words: Vec<&str> = runner.chain([&*me, NAME, "--exact"]).collect();
        let output = std::process::Command::new(words[0]).args(&words[1..]).env(TASK, "").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}", output.status);
        return;
    }
    let nest = || {
        let engine = Engine::new(&Config::untrusted()).unwrap();
        let mut linker = Linker::<u32>::new(&engine);
        let nested = |mut caller: Caller<'_, u32>| -> Result<()> {
            // Used before the call and after it, so it is there meanwhile.
            let bytes = [1u8; 64 << 10];
            std::hint::black_box(&bytes);
            *caller.data_mut() += 1;
            let f = caller.get_export("f").unwrap().into_func().unwrap();
            let result = f.call(&mut caller, &[], &mut []);
            std::hint::black_box(&bytes);
            result
        };
        linker.func_wrap("", "h", nested).unwrap();
        let wasm = wat::parse_str("(module (import \"\" \"h\" (func $h)) (func (export \"f\") (call $h)))").unwrap();
        let module = Module::from_binary(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, 0);
        store.set_fuel(1_000_000).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let f = instance.get_func(&store, "f").unwrap();
        let error = f.call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!((error.trap(), *store.data()), (Some(Trap::StackOverflow), 24));
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(nest).unwrap().join().unwrap();
}

/// By default no module gets more than the totals, whatever it declares.
#[test]
fn defaults_hold_for_hostile_modules() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let tables = |n: usize, min: u32| {
        let text = format!("(module {})", format!("(table {min} funcref)").repeat(n));
        Module::new(&engine, text).unwrap()
    };
    assert_says(&Instance::new(&mut store, &tables(10_001, 0), &[]).unwrap_err(), &["limit of 10000 tables"]);
    let error = Instance::new(&mut store, &tables(10_000, 10_000_000), &[]).unwrap_err();
    assert_says(&error, &["100000000000 elements", "limit of 10000000 in all"]);
    Instance::new(&mut store, &tables(10, 1_000_000), &[]).unwrap();
    assert!(Instance::new(&mut store, &tables(1, 1), &[]).is_err());

    // Sixteen memories of 4 GiB are what a store may have; nobody asks the system for more.
    let mut store = Store::new(&engine, ());
    let linker = Linker::<()>::new(&engine);
    let module = Module::new(&engine, "(module (memory 65536))").unwrap();
    let mut group = linker.group();
    (0..17).for_each(|i| _ = group.module(&i.to_string(), &module).unwrap());
    assert_says(&group.instantiate(&mut store).unwrap_err(), &["73014444032 bytes", "limit of 68719476736 in all"]);
}

#[test]
fn of_modules() {
    let limited = |limits| Engine::new(Config::new().module_limits(limits)).unwrap();
    let limits =
        ModuleLimits::new().size(200).types(4).params(3).results(2).fields(2).locals(10).function_size(100).nesting(3);
    let engine = limited(limits.clone());
    let fits = "(module (func (param i32 i32 i32) (result i32 i32) (local i32 i64 i32 i64 i32 i64 i32 i64 i32 i64) unreachable))";
    Module::new(&engine, fits).unwrap();
    let long = format!("(module (func {}))", "nop ".repeat(200));
    let large = format!("(module (func) (func {}))", "nop ".repeat(100));
    // In a body that the quick check refuses, in one that it takes, and where nothing is reached.
    let deep = "(module (func block block block end end end block block (block (result i32 i32) i32.const 0 i32.const 0 \
        (block)) drop drop end end))";
    let deep_if = "(module (func block i32.const 0 if loop block end end end end))";
    let dead = "(module (func unreachable block block block block end end end end))";
    let cases = [
        ("(module (type (func)) (type (func (param i32 i32 i32 i32))))", "4 parameters of type 1, more than the 3"),
        (&large, "102 bytes of function 1, more than the 100"),
        (deep, "4 nested blocks in function 0, more than the 3"),
        (deep_if, "4 nested blocks in function 0, more than the 3"),
        (dead, "4 nested blocks in function 0, more than the 3"),
        ("(module (type (func (param i32 i32 i32 i32))))", "4 parameters of type 0, more than the 3"),
        ("(module (type (func (result i32 i32 i32))))", "3 results of type 0, more than the 2"),
        ("(module (type (struct (field i32 i32 i32))))", "3 fields of type 0, more than the 2"),
        (
            "(module (func (local i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i64)))",
            "11 locals of function 0, more than the 10",
        ),
        ("(module (type (func)) (type (func)) (type (func)) (type (func)) (type (func)))", "5 types, more than the 4"),
        (&long, "bytes, more than the 200"),
    ];
    for (wat, says) in cases {
        let wasm = wat::parse_str(wat).unwrap();
        for error in [Module::new(&engine, &wasm).unwrap_err(), Module::validate(&engine, &wasm).unwrap_err()] {
            assert_says(&error, &[says]);
            assert!(error.offset().is_some());
        }
        Module::new(&Engine::default(), &wasm).unwrap();
    }
    Module::new(&engine, "(module (func block block block end end end block end))").unwrap();
    let error = Module::new(&engine, "(module (type (func)) (type (func (result i32 i32 i32))))").unwrap_err();
    // Behind the header, the section's id, size and count, and the first type.
    assert_eq!(error.offset(), Some(14));
    // Locals are counted however they are declared.
    let many = "(local i32 i32 i32 i32)".repeat(3);
    let locals = Module::new(&limited(ModuleLimits::new().locals(11)), format!("(module (func {many}))")).unwrap_err();
    assert_says(&locals, &["12 locals"]);
}

#[test]
fn text_can_be_refused() {
    let engine = Engine::new(Config::new().max_text_size(20)).unwrap();
    Module::new(&engine, "(module (func))").unwrap();
    let long = "(module (func) (func) (func))";
    assert_says(&Module::new(&engine, long).unwrap_err(), &["29 bytes", "20 bytes of text"]);
    Module::new(&engine, wat::parse_str(long).unwrap()).unwrap();
    assert_says(&Module::from_binary(&Engine::default(), b"(module)").unwrap_err(), &["magic"]);
}

#[test]
fn strangers_are_bounded() {
    let engine = Engine::new(&Config::untrusted()).unwrap();
    assert!(engine.config().consumes_fuel());
    assert_says(&Module::new(&engine, "(module)").unwrap_err(), &["not a binary", "takes no text"]);
    // Nor is nothing at all text.
    assert_says(&Module::new(&engine, "").unwrap_err(), &["not a binary", "takes no text"]);
    let module = |wat: &str| Module::new(&engine, wat::parse_str(wat).unwrap());
    let wide = format!("(module (type (func (param {}))))", "i32 ".repeat(33));
    assert_says(&module(&wide).unwrap_err(), &["33 parameters"]);
    let wide = format!("(module (type (func (result {}))))", "i32 ".repeat(33));
    assert_says(&module(&wide).unwrap_err(), &["33 results"]);
    let types = format!("(module {})", "(type (func))".repeat(10_001));
    assert_says(&module(&types).unwrap_err(), &["10001 types"]);
    let locals = format!("(module (func (local {})))", "i32 ".repeat(5_001));
    assert_says(&module(&locals).unwrap_err(), &["5001 locals"]);
    let large = format!("(module (func {}))", "nop ".repeat(512 << 10));
    assert_says(&module(&large).unwrap_err(), &["524290 bytes of function 0, more than the 524288"]);
    let deep = |depth| module(&format!("(module (func {}{}))", "block ".repeat(depth), "end ".repeat(depth)));
    deep(10_000).unwrap();
    assert_says(&deep(10_001).unwrap_err(), &["10001 nested blocks in function 0"]);
    let long = format!("(module (memory 1) (data \"{}\"))", "x".repeat(8 << 20));
    assert_says(&module(&long).unwrap_err(), &["bytes, more than the 8388608"]);

    let mut store = Store::new(&engine, ());
    for (wat, says) in [
        ("(module (memory 2049))", "limit of 134217728 bytes"),
        ("(module (table 100001 funcref))", "limit of 100000"),
        ("(module (table 50001 funcref) (table 50000 funcref))", "limit of 100000 in all"),
    ] {
        assert_says(&Instance::new(&mut store, &module(wat).unwrap(), &[]).unwrap_err(), &[says]);
    }
    let tables = format!("(module {})", "(table 0 funcref)".repeat(101));
    assert_says(&Instance::new(&mut store, &module(&tables).unwrap(), &[]).unwrap_err(), &["limit of 100 tables"]);

    // What an ordinary program needs is there: 20,000 calls deep, and 128 MiB.
    let program = r#"(module (memory 2048)
        (func $deep (export "deep") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func (export "hang") (loop $again (br $again))))"#;
    let instance = Instance::new(&mut store, &module(program).unwrap(), &[]).unwrap();
    let deep = instance.get_typed_func::<i32, i32>(&store, "deep").unwrap();
    assert_eq!(deep.call(&mut store, 1).unwrap_err().trap(), Some(Trap::OutOfFuel));
    store.set_fuel(10_000_000).unwrap();
    assert_eq!(deep.call(&mut store, 20_000).unwrap(), 20_000);
    assert_eq!(deep.call(&mut store, 200_000).unwrap_err().trap(), Some(Trap::StackOverflow));
    let hang = instance.get_typed_func::<(), ()>(&store, "hang").unwrap();
    assert_eq!(hang.call(&mut store, ()).unwrap_err().trap(), Some(Trap::OutOfFuel));
    for _ in 1..10 {
        Instance::new(&mut store, &module("(module)").unwrap(), &[]).unwrap();
    }
    assert_says(&Instance::new(&mut store, &module("(module)").unwrap(), &[]).unwrap_err(), &["limit of 10 instances"]);
}
