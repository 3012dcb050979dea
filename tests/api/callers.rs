//! For whom a host function acts: the instance whose code called it, however it did.
//!
//! Every case writes where the guest says, as WASI's functions do, and then all memories are looked at.

use pirn::*;
use std::fmt::Write;

/// Where the host function writes.
const AT: i32 = 100;
/// What it writes.
const VALUE: i32 = 0x4141_4141;
/// What it returns.
const RESULT: i32 = VALUE + 1;

/// How the function is reached: an expression before the arguments, and one behind them.
const WAYS: [(&str, &str, &str); 6] = [
    ("imported", "call $poke", ""),
    // Through a third module, which exports what it imports.
    ("reexported", "call $again", ""),
    ("own table", "call_indirect $own (type $poke)", "(i32.const 0)"),
    // An element of the table's owner.
    ("other's table", "call_indirect $shared (type $poke)", "(i32.const 0)"),
    // A reference that the caller's caller made.
    ("caller's reference", "call_indirect $shared (type $poke)", "(i32.const 1)"),
    ("host's reference", "call_indirect $shared (type $poke)", "(i32.const 2)"),
];

/// What the calling function is like: name, parameters, how it passes them on, and with what it is called. So a tail call has
/// nothing to move, arguments, a header to a lower place, or to a higher one.
const SHAPES: [(&str, &str, &str, [Val; 5], usize); 4] = [
    ("same", "i32 i32", "(local.get 0) (local.get 1)", [Val::I32(AT), Val::I32(VALUE), NONE, NONE, NONE], 2),
    ("swapped", "i32 i32", "(local.get 1) (local.get 0)", [Val::I32(VALUE), Val::I32(AT), NONE, NONE, NONE], 2),
    (
        "longer",
        "i64 i32 i32 i64 f64",
        "(local.get 1) (local.get 2)",
        [Val::I64(7), Val::I32(AT), Val::I32(VALUE), Val::I64(8), Val::F64(9)],
        5,
    ),
    ("shorter", "", "(i32.const 100) (i32.const 0x41414141)", [NONE; 5], 0),
];
const NONE: Val = Val::I32(0);

/// Type, memory, tables and imports of every module that calls.
const HEAD: &str = r#"
    (type $poke (func (param i32 i32) (result i32)))
    (import "h" "poke" (func $poke (type $poke)))
    (import "r" "again" (func $again (type $poke)))
    (import "t" "table" (table $shared 3 funcref))
    (memory (export "memory") 1)
    (table $own funcref (elem $poke))"#;

/// Names, parameters and arguments of the functions that call the host function, and how.
fn kinds() -> impl Iterator<Item = (String, &'static str, &'static [Val], String)> {
    ["", "return_"].into_iter().flat_map(|tail| {
        WAYS.iter().flat_map(move |(way, call, index)| {
            SHAPES.iter().map(move |(shape, params, pass, args, count)| {
                (format!("{tail}{way} {shape}"), *params, &args[..*count], format!("({tail}{call} {pass} {index})"))
            })
        })
    })
}

fn constants(args: &[Val]) -> String {
    let constant = |arg: &Val| match arg {
        Val::I32(value) => format!("(i32.const {value}) "),
        Val::I64(value) => format!("(i64.const {value}) "),
        Val::F64(_) => "(f64.const 0) ".to_owned(),
        other => unreachable!("{other:?}"),
    };
    args.iter().map(constant).collect()
}

/// What is called: module, function, its arguments, and the instance whose code makes the last call.
type Case = (&'static str, String, Vec<Val>, &'static str);

/// Text of the modules, in an order in which they can be made, and all cases.
fn modules() -> (Vec<(&'static str, String)>, Vec<Case>) {
    let mut cases: Vec<Case> = Vec::new();
    let (mut b, mut c, mut a) = (String::new(), String::new(), String::new());
    let mut b_imports = String::new();
    let mut a_imports = String::new();
    for (name, params, args, call) in kinds() {
        let function = format!("(func (export \"{name}\") (param {params}) (result i32) {call})\n");
        b += &function;
        c += &function;
        cases.push(("b", name.clone(), args.to_vec(), "b"));
        writeln!(b_imports, "(import \"c\" \"{name}\" (func $\"{name}\" (param {params}) (result i32)))").unwrap();
        writeln!(a_imports, "(import \"b\" \"{name}\" (func $\"{name}\" (param {params}) (result i32)))").unwrap();
        writeln!(a_imports, "(import \"b\" \"then {name}\" (func $\"then {name}\" (result i32)))").unwrap();
        for tail in ["", "return_"] {
            // A calls B, which calls the host.
            let constants = constants(args);
            let name_a = format!("{tail}b, {name}");
            writeln!(a, "(func (export \"{name_a}\") (result i32) ({tail}call $\"{name}\" {constants}))").unwrap();
            cases.push(("a", name_a, Vec::new(), "b"));
            // A calls B, which gives its frame to C, which calls the host.
            let name_a = format!("{tail}b, c, {name}");
            writeln!(a, "(func (export \"{name_a}\") (result i32) ({tail}call $\"then {name}\"))").unwrap();
            cases.push(("a", name_a, Vec::new(), "c"));
        }
        let constants = constants(args);
        writeln!(b, "(func (export \"then {name}\") (result i32) (return_call $\"{name}\" {constants}))").unwrap();
    }
    let modules = vec![
        (
            "r",
            r#"(module (import "h" "poke" (func $poke (param i32 i32) (result i32))) (memory (export "memory") 1)
                (export "again" (func $poke)))"#
                .to_owned(),
        ),
        (
            "t",
            r#"(module (import "h" "poke" (func $poke (param i32 i32) (result i32))) (memory (export "memory") 1)
                (table (export "table") 3 funcref) (elem (i32.const 0) $poke))"#
                .to_owned(),
        ),
        ("c", format!("(module {HEAD} {c})")),
        ("b", format!("(module {} {b})", HEAD.replacen("(memory", &(b_imports + "(memory"), 1))),
        (
            "a",
            format!(
                r#"(module {} {a} (func (export "put") (table.set $shared (i32.const 1) (ref.func $poke))))"#,
                HEAD.replacen("(memory", &(a_imports + "(memory"), 1)
            ),
        ),
    ];
    (modules, cases)
}

/// What the host function does, and what it saw.
#[derive(Default)]
struct Host {
    yields: bool,
    calls: usize,
    /// Calls for which there was no instance.
    nobody: usize,
}

fn poke(mut caller: Caller<'_, Host>, at: i32, value: i32) -> Result<i32> {
    caller.data_mut().calls += 1;
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory.write(&mut caller, at as usize, &value.to_le_bytes())?,
        _ => caller.data_mut().nobody += 1,
    }
    if caller.data().yields { Err(Yield::new(value).into()) } else { Ok(value + 1) }
}

fn linker(engine: &Engine) -> Linker<Host> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("h", "poke", poke).unwrap();
    linker.func_wrap("h", "start", |caller: Caller<'_, Host>| poke(caller, AT, VALUE).map(|_| ())).unwrap();
    linker
}

/// Names and instances, in the order in which they were made.
type Instances = Vec<(&'static str, Instance)>;

/// The modules, made one by one or as a group.
fn instances(
    linker: &Linker<Host>,
    store: &mut Store<Host>,
    modules: &[(&'static str, Module)],
    grouped: bool,
) -> Instances {
    let mut instances = Vec::new();
    if grouped {
        let mut group = linker.group();
        for (name, module) in modules.iter().rev() {
            group.module(name, module).unwrap();
        }
        let linked = group.instantiate(&mut *store).unwrap();
        instances.extend(modules.iter().map(|(name, _)| (*name, linked.get(name).unwrap())));
    } else {
        let mut linker = linker.clone();
        for (name, module) in modules {
            let instance = linker.instantiate(&mut *store, module).unwrap();
            linker.instance(&mut *store, name, instance).unwrap();
            instances.push((*name, instance));
        }
    }
    // References of A's and of the host's for the shared table.
    let by_name = |name| instances.iter().find(|(found, _)| *found == name).unwrap().1;
    call(store, by_name("a").get_func(&*store, "put").unwrap(), &[]).unwrap();
    let poke = by_name("r").get_func(&*store, "again").unwrap();
    by_name("t").get_table(&*store, "table").unwrap().set(&mut *store, 2, Ref::Func(Some(poke))).unwrap();
    instances
}

/// In whose memory the value stands, which is then taken away.
fn written(store: &mut Store<Host>, instances: &Instances) -> Vec<&'static str> {
    let mut names = Vec::new();
    for (name, instance) in instances {
        let memory = instance.get_memory(&*store, "memory").unwrap();
        let mut bytes = [0; 4];
        memory.read(&*store, AT as usize, &mut bytes).unwrap();
        if i32::from_le_bytes(bytes) == VALUE {
            names.push(*name);
        }
        memory.write(&mut *store, AT as usize, &[0; 4]).unwrap();
    }
    names
}

/// Calls plainly, with fuel if there is any.
fn call(store: &mut Store<Host>, func: Func, args: &[Val]) -> Result<Vec<Val>> {
    let _ = store.set_fuel(1_000_000);
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, args, &mut results).map(|()| results)
}

/// Goes on with a call until it returns: a unit of fuel at a time, and with what the host function returns if it yields.
fn finish<R: 'static>(store: &mut Store<Host>, mut call: Resumable<R>) -> R {
    loop {
        let paused = match call {
            Resumable::Finished(results) => return results,
            Resumable::Paused(paused) => paused,
        };
        let results = match paused.reason() {
            PauseReason::OutOfFuel { .. } => {
                store.add_fuel(1).unwrap();
                Vec::new()
            }
            PauseReason::Yield(_) => paused.expects().iter().map(|_| Val::I32(RESULT)).collect(),
            other => panic!("{other:?}"),
        };
        call = paused.resume(&mut *store, &results).unwrap();
    }
}

/// Lazily and eagerly lowered, fused and not, metered and not.
fn engines() -> impl Iterator<Item = (String, Engine)> {
    (0..8).map(|bits| {
        let (eager, fuse, fuel) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        let mode = if eager { CompilationMode::Eager } else { CompilationMode::Lazy };
        let mut config = Config::new();
        let engine = Engine::new(config.compilation_mode(mode).fuse(fuse).consume_fuel(fuel)).unwrap();
        (format!("eager {eager}, fused {fuse}, metered {fuel}"), engine)
    })
}

#[test]
fn every_kind_of_call() {
    let (texts, cases) = modules();
    for (mode, engine) in engines() {
        let linker = linker(&engine);
        let module = |text: &String| Module::new(&engine, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let modules: Vec<_> = texts.iter().map(|(name, text)| (*name, module(text))).collect();
        for grouped in [false, true] {
            let mut store = Store::new(&engine, Host::default());
            let instances = instances(&linker, &mut store, &modules, grouped);
            for (module, name, args, expected) in &cases {
                let (_, instance) = instances.iter().find(|(found, _)| found == module).unwrap();
                let func = instance.get_func(&store, name).unwrap();
                let case = format!("{module}'s `{name}` ({mode}, grouped {grouped})");
                // At its first call it may have to be lowered, at its second it need not.
                for _ in 0..2 {
                    assert_eq!(call(&mut store, func, args).unwrap(), [Val::I32(RESULT)], "{case}");
                    assert_eq!(written(&mut store, &instances), [*expected], "{case}");
                }
                for yields in [false, true] {
                    store.data_mut().yields = yields;
                    let _ = store.set_fuel(0);
                    let resumable = func.call_resumable(&mut store, args).unwrap();
                    assert_eq!(finish(&mut store, resumable), [Val::I32(RESULT)], "{case}, yields {yields}");
                    assert_eq!(written(&mut store, &instances), [*expected], "{case}, yields {yields}");
                }
                store.data_mut().yields = false;
            }
            assert_eq!((store.data().calls, store.data().nobody), (4 * cases.len(), 0));
        }
    }
}

/// In each, a call of the host function comes behind one that yielded: what goes on has its instance back.
#[test]
fn calls_behind_one_that_yielded() {
    let text = r#"(module
        (import "h" "poke" (func $poke (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (result i32)
            (drop (call $poke (i32.const 200) (i32.const 1)))
            (return_call $poke (i32.const 100) (i32.const 0x41414141))))"#;
    for (mode, engine) in engines() {
        let linker = linker(&engine);
        let mut store = Store::new(&engine, Host { yields: true, ..Host::default() });
        let b = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
        let caller = r#"(module (import "b" "f" (func $f (result i32))) (memory (export "memory") 1)
            (func (export "go") (result i32) (call $f)))"#;
        let mut linker = linker.clone();
        linker.instance(&mut store, "b", b).unwrap();
        let a = linker.instantiate(&mut store, &Module::new(&engine, caller).unwrap()).unwrap();
        let call = a.get_func(&store, "go").unwrap().call_resumable(&mut store, &[]).unwrap();
        assert_eq!(finish(&mut store, call), [Val::I32(RESULT)], "{mode}");
        assert_eq!(written(&mut store, &vec![("a", a), ("b", b)]), ["b"], "{mode}");
        let mut bytes = [0; 1];
        b.get_memory(&store, "memory").unwrap().read(&store, 200, &mut bytes).unwrap();
        assert_eq!(bytes, [1], "{mode}");
    }
}

/// A start function acts for the instance being made, also if it is the host's.
#[test]
fn start_functions() {
    let reexporting = r#"(module (import "h" "start" (func $start)) (memory (export "memory") 1)
        (export "start" (func $start)))"#;
    let starts = [
        r#"(import "h" "start" (func $start)) (start $start)"#,
        r#"(import "r" "start" (func $start)) (start $start)"#,
        r#"(import "h" "start" (func $host)) (func $start (call $host)) (start $start)"#,
        r#"(import "h" "start" (func $host)) (func $start (return_call $host)) (start $start)"#,
        r#"(import "r" "start" (func $host)) (func $start (return_call $host)) (start $start)"#,
    ];
    for (mode, engine) in engines() {
        let r = Module::new(&engine, reexporting).unwrap();
        for start in starts {
            let module = Module::new(&engine, format!("(module {start} (memory (export \"memory\") 1))")).unwrap();
            for yields in [false, true] {
                for way in 0..6 {
                    let case = format!("{start} ({mode}, yields {yields}, way {way})");
                    let mut linker = linker(&engine);
                    let mut store = Store::new(&engine, Host::default());
                    let _ = store.set_fuel(1_000_000);
                    let mut instances = Vec::new();
                    let resumable = way % 2 == 1;
                    if yields && !resumable {
                        continue;
                    }
                    if way < 4 {
                        let instance = linker.instantiate(&mut store, &r).unwrap();
                        linker.instance(&mut store, "r", instance).unwrap();
                        instances.push(("r", instance));
                    }
                    store.data_mut().yields = yields;
                    if resumable {
                        let _ = store.set_fuel(0);
                    }
                    let mut group = linker.group();
                    if way >= 4 {
                        group.module("one", &module).unwrap().module("two", &module).unwrap().module("r", &r).unwrap();
                    }
                    match way {
                        0 => instances.push(("one", linker.instantiate(&mut store, &module).unwrap())),
                        1 => {
                            let call = linker.instantiate_resumable(&mut store, &module).unwrap();
                            instances.push(("one", finish(&mut store, call)));
                        }
                        2 | 3 => {
                            let import = module.imports().next().unwrap();
                            let import = linker.get(&mut store, import.module(), import.name()).unwrap();
                            instances.push(if way == 2 {
                                ("one", Instance::new(&mut store, &module, &[import]).unwrap())
                            } else {
                                let call = Instance::new_resumable(&mut store, &module, &[import]).unwrap();
                                ("one", finish(&mut store, call))
                            });
                        }
                        _ => {
                            let linked = if way == 4 {
                                group.instantiate(&mut store).unwrap()
                            } else {
                                let call = group.instantiate_resumable(&mut store).unwrap();
                                finish(&mut store, call)
                            };
                            instances.extend(["one", "two", "r"].map(|name| (name, linked.get(name).unwrap())));
                        }
                    }
                    let expected: &[&str] = if way < 4 { &["one"] } else { &["one", "two"] };
                    assert_eq!(written(&mut store, &instances), expected, "{case}");
                    assert_eq!(store.data().nobody, 0, "{case}");
                }
            }
        }
    }
}

/// Called by the embedder it acts for nobody, wherever the embedder has it from, also while a host function runs for somebody.
#[test]
fn calls_of_the_host() {
    let text = r#"(module
        (import "h" "poke" (func $poke (param i32 i32) (result i32)))
        (import "h" "nested" (func $nested (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (table (export "table") funcref (elem $poke))
        (export "poke" (func $poke))
        (func (export "nested") (result i32) (call $nested (i32.const 100) (i32.const 0x41414141)))
        (func (export "tail") (result i32) (return_call $nested (i32.const 100) (i32.const 0x41414141))))"#;
    for (mode, engine) in engines() {
        let mut linker = linker(&engine);
        linker
            .func_wrap("h", "nested", |mut caller: Caller<'_, Host>, at: i32, value: i32| -> Result<i32> {
                let Some(Extern::Func(poke)) = caller.get_export("poke") else { panic!("the caller exports it") };
                poke.invoke(&mut caller, (at, value))
            })
            .unwrap();
        let mut store = Store::new(&engine, Host::default());
        let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
        let func = instance.get_func(&store, "poke").unwrap();
        let of_table = instance.get_table(&store, "table").unwrap().get(&store, 0).unwrap().func().unwrap();
        let of_linker = linker.get(&mut store, "h", "poke").unwrap().into_func().unwrap();
        let wrapped = Func::wrap(&mut store, poke);
        let mut calls = 0;
        for func in [func, of_table, of_linker, wrapped] {
            assert_eq!(call(&mut store, func, &[Val::I32(AT), Val::I32(VALUE)]).unwrap(), [Val::I32(RESULT)], "{mode}");
            let typed = func.typed::<(i32, i32), i32>(&store).unwrap();
            assert_eq!(typed.call(&mut store, (AT, VALUE)).unwrap(), RESULT, "{mode}");
            let resumable = typed.call_resumable(&mut store, (AT, VALUE)).unwrap();
            assert_eq!(finish(&mut store, resumable), RESULT, "{mode}");
            calls += 3;
        }
        for name in ["nested", "tail"] {
            let func = instance.get_func(&store, name).unwrap();
            assert_eq!(call(&mut store, func, &[]).unwrap(), [Val::I32(RESULT)], "{mode}");
            calls += 1;
        }
        assert_eq!((store.data().calls, store.data().nobody), (calls, calls), "{mode}");
        assert!(written(&mut store, &vec![("the only one", instance)]).is_empty(), "{mode}");
    }
}
