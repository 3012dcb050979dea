//! Modules through bytes: what is loaded is what was serialized, and what is not of here is refused with the reason.

use pirn::{CompilationMode, Config, Engine, Func, FuncType, Instance, Linker, Module, ModuleLimits};
use pirn::{PauseReason, Precompiled, Resumable, Store, Trap, ValType, WasmBacktrace};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Branches of all kinds, calls of all kinds, every index space.
const PROGRAM: &str = r#"(module $program
    (type $unused (func (param f64 f64 i32)))
    (type $binary (func (param i32 i32) (result i32)))
    (type $unary (func (param i64) (result i64)))
    (type $same (func (param i32 i32) (result i32)))
    (import "host" "add" (func $add (type $binary)))
    (import "host" "offset" (global $offset i32))
    (memory (export "memory") 1 2)
    (table $functions (export "table") 4 funcref)
    (elem (i32.const 0) $add $mul $fac)
    (data (i32.const 8) "\01\02\03\04")
    (data $passive "passive")
    (global $count (export "count") (mut i32) (i32.const 7))
    (func $mul (type $same) (i32.mul (local.get 0) (local.get 1)))
    (func $fac (export "fac") (type $unary)
        (if (result i64) (i64.eqz (local.get 0))
            (then (i64.const 1))
            (else (i64.mul (local.get 0) (call $fac (i64.sub (local.get 0) (i64.const 1)))))))
    (func $apply (export "apply") (param i32 i32 i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (call_indirect (type $binary) (local.get 1) (local.get 2) (local.get 0)))
    (func (export "tail") (param i32 i32 i32) (result i32)
        (return_call_indirect (type $same) (local.get 1) (local.get 2) (local.get 0)))
    (func (export "switch") (param i32) (result i32)
        (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
            (return (i32.const 10)))
            (return (i32.const 20)))
        (i32.add (i32.const 30) (global.get $offset)))
    (func (export "sum") (result i32) (local $i i32) (local $sum i32)
        (loop $again
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u offset=8 (local.get $i))))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
        (local.get $sum))
    (func (export "init") (memory.init $passive (i32.const 100) (i32.const 0) (i32.const 7)))
    (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func (export "trap") (param i32) (result i32) (i32.add (i32.const 1) (call $inner (local.get 0))))
    (@custom "note" "a note"))"#;

fn engine(change: impl FnOnce(&mut Config)) -> Engine {
    let mut config = Config::new();
    change(&mut config);
    Engine::new(&config).unwrap()
}

fn deserialize(engine: &Engine, bytes: &[u8]) -> pirn::Result<Module> {
    // SAFETY: what `serialize` gave, or what must be refused.
    unsafe { Module::deserialize(engine, bytes) }
}

fn refusal(engine: &Engine, bytes: &[u8]) -> String {
    deserialize(engine, bytes).expect_err("bytes that must be refused").to_string()
}

/// What the program does, as far as it can be seen.
fn observe(module: &Module) -> String {
    let mut store = Store::new(module.engine(), ());
    if module.engine().config().consumes_fuel() {
        store.set_fuel(1_000_000).unwrap();
    }
    store.set_epoch_deadline(u64::MAX);
    let mut linker = Linker::new(module.engine());
    linker.func_wrap("host", "add", |a: i32, b: i32| a + b).unwrap();
    let global = pirn::GlobalType::new(ValType::I32, false);
    let offset = pirn::Global::new(&mut store, global, 5_i32.into()).unwrap();
    linker.define(&store, "host", "offset", offset).unwrap();
    let instance = linker.instantiate(&mut store, module).unwrap();
    let mut seen = Vec::new();
    let fac = instance.get_typed_func::<i64, i64>(&store, "fac").unwrap();
    seen.push(format!("{:?}", fac.call(&mut store, 20)));
    for name in ["apply", "tail"] {
        let call = instance.get_typed_func::<(i32, i32, i32), i32>(&store, name).unwrap();
        for index in 0..5 {
            let result = call.call(&mut store, (index, 6, 7));
            seen.push(format!("{name} {index}: {:?}", result.map_err(|error| error.trap())));
        }
    }
    let switch = instance.get_typed_func::<i32, i32>(&store, "switch").unwrap();
    seen.push(format!("{:?}", [0, 1, 2, 9].map(|index| switch.call(&mut store, index).unwrap())));
    let sum = instance.get_typed_func::<(), i32>(&store, "sum").unwrap();
    seen.push(format!("{:?}", sum.call(&mut store, ()).unwrap()));
    instance.get_typed_func::<(), ()>(&store, "init").unwrap().call(&mut store, ()).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    seen.push(String::from_utf8_lossy(&memory.data(&store)[100..107]).into_owned());
    let trap = instance.get_typed_func::<i32, i32>(&store, "trap").unwrap();
    let error = trap.call(&mut store, 0).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::IntegerDivideByZero));
    for frame in error.downcast_ref::<WasmBacktrace>().unwrap().frames() {
        seen.push(format!(
            "{:?} {} {:?} {:?} {:?}",
            frame.module().name(),
            frame.func_index(),
            frame.func_name(),
            frame.module_offset(),
            frame.func_offset()
        ));
    }
    seen.push(format!("{:?}", instance.get_global(&store, "count").unwrap().get(&store)));
    if module.engine().config().consumes_fuel() {
        seen.push(format!("{:?}", store.get_fuel()));
    }
    seen.push(format!("{:?} {:?}", module.name(), module.resources_required()));
    seen.push(format!("{:?}", module.custom_sections().collect::<Vec<_>>()));
    seen.extend(module.imports().map(|import| format!("{} {} {:?}", import.module(), import.name(), import.ty())));
    seen.extend(module.exports().map(|export| format!("{} {:?}", export.name(), export.ty())));
    seen.join("\n")
}

#[test]
fn everything_is_as_it_was() {
    for settings in 0..16 {
        let change = |config: &mut Config| {
            config.fuse(settings & 1 == 0).consume_fuel(settings & 2 != 0).epoch_interruption(settings & 4 != 0);
            let mode = if settings & 8 == 0 { CompilationMode::Lazy } else { CompilationMode::Eager };
            config.compilation_mode(mode);
        };
        let here = engine(change);
        let module = Module::new(&here, PROGRAM).unwrap();
        let bytes = module.serialize().unwrap();
        let expected = observe(&module);
        assert!(expected.contains("2432902008176640000") && expected.contains("passive"), "{expected}");
        // There, other function types came first: they have other ids.
        let there = engine(change);
        let params = [vec![ValType::F32], vec![ValType::I64; 3], vec![]];
        let kept = params.map(|params| {
            let ty = FuncType::new(params, []);
            let mut store = Store::new(&there, ());
            let func = Func::new(&mut store, ty, |_, _, _| Ok(()));
            (store, func)
        });
        for engine in [&here, &there] {
            let loaded = deserialize(engine, &bytes).unwrap();
            assert_eq!(observe(&loaded), expected, "settings {settings}");
            assert_eq!(loaded.serialize().unwrap(), bytes, "the same bytes again");
        }
        drop(kept);
    }
}

#[test]
fn calls_pause_and_go_on() {
    let engine = engine(|config| _ = config.consume_fuel(true));
    let bytes = Module::new(
        &engine,
        PROGRAM
            .replace("(import \"host\" \"add\" (func $add (type $binary)))", "(func $add (type $binary) (local.get 0))")
            .replace("(import \"host\" \"offset\" (global $offset i32))", "(global $offset i32 (i32.const 1))"),
    )
    .unwrap()
    .serialize()
    .unwrap();
    let module = deserialize(&engine, &bytes).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let fac = instance.get_typed_func::<i64, i64>(&store, "fac").unwrap();
    store.set_fuel(20).unwrap();
    let mut state = fac.call_resumable(&mut store, 20).unwrap();
    let mut pauses = 0;
    let result = loop {
        match state {
            Resumable::Finished(result) => break result,
            Resumable::Paused(paused) => {
                assert!(matches!(paused.reason(), PauseReason::OutOfFuel { .. }));
                pauses += 1;
                store.set_fuel(40).unwrap();
                state = paused.resume(&mut store, &[]).unwrap();
            }
        }
    };
    assert_eq!(result, 2_432_902_008_176_640_000);
    assert!(pauses > 2, "{pauses} pauses");
}

#[test]
fn bytes_that_were_cut_off_or_changed_are_refused() {
    let engine = Engine::default();
    let bytes = Module::new(&engine, PROGRAM).unwrap().serialize().unwrap();
    for len in 0..bytes.len() {
        refusal(&engine, &bytes[..len]);
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        refusal(&engine, &longer),
        format!("a serialized module of {} bytes, of which there are {}", bytes.len(), longer.len())
    );
    let mut changed = bytes.clone();
    for at in 0..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            changed[at] ^= mask;
            refusal(&engine, &changed);
            changed[at] ^= mask;
        }
    }
    deserialize(&engine, &changed).unwrap();
    changed[bytes.len() / 2] ^= 4;
    assert!(refusal(&engine, &changed).ends_with("they were changed"));
    assert!(refusal(&engine, &[]).starts_with("not a module that pirn has serialized"));
    let wasm = wat::parse_str("(module)").unwrap();
    assert!(refusal(&engine, &wasm).contains("`Module::new` reads"));
}

#[test]
fn other_settings_are_refused_by_name() {
    let bytes = Module::new(&Engine::default(), "(module)").unwrap().serialize().unwrap();
    let limits = ModuleLimits::untrusted();
    let others: [(Engine, &str, &str); 6] = [
        (engine(|config| _ = config.fuse(false)), "fuse: true", "fuse: false"),
        (engine(|config| _ = config.consume_fuel(true)), "consume_fuel: false", "consume_fuel: true"),
        (engine(|config| _ = config.epoch_interruption(true)), "epoch_interruption: false", "epoch_interruption: true"),
        (
            engine(|config| _ = config.relaxed_simd_deterministic(true)),
            "relaxed_simd_deterministic: false",
            "relaxed_simd_deterministic: true",
        ),
        (
            engine(|config| _ = config.wasm_tail_call(false)),
            "proposals not allowed:",
            "proposals not allowed: tail calls;",
        ),
        (engine(|config| _ = config.module_limits(limits)), "size: 18446744073709551615", "size: 8388608"),
    ];
    let hash = |engine: &Engine| {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(engine.precompile_compatibility_hash())
    };
    for (engine, found, expected) in others {
        let message = refusal(&engine, &bytes);
        let (before, after) = message.split_once(", but this engine has ").unwrap();
        assert!(before.contains(found) && after.contains(expected), "{message}");
        assert_ne!(hash(&engine), hash(&Engine::default()), "{expected}");
    }
    // What code does not depend on may differ.
    let eager = engine(|config| _ = config.compilation_mode(CompilationMode::Eager).max_wasm_stack(1 << 16));
    deserialize(&eager, &bytes).unwrap();
    assert_eq!(hash(&eager), hash(&Engine::default()));
}

#[test]
fn files_and_precompiling() {
    let engine = Engine::default();
    let bytes = engine.precompile_module(PROGRAM.as_bytes()).unwrap();
    assert_eq!(bytes, Module::new(&engine, PROGRAM).unwrap().serialize().unwrap());
    assert!(engine.precompile_module(b"(module (func (result i32)))").is_err(), "an invalid module");
    assert_eq!(Engine::detect_precompiled(&bytes), Some(Precompiled::Module));
    assert_eq!(Engine::detect_precompiled(b"\0asm\x01\0\0\0"), None);
    assert_eq!(Engine::detect_precompiled(&[]), None);
    let path = std::env::temp_dir().join(format!("pirn-serialize-{}", std::process::id()));
    std::fs::write(&path, &bytes).unwrap();
    // SAFETY: what `precompile_module` gave.
    let module = unsafe { Module::deserialize_file(&engine, &path) }.unwrap();
    assert_eq!(module.name(), Some("program"));
    assert_eq!(Engine::detect_precompiled_file(&path).unwrap(), Some(Precompiled::Module));
    std::fs::write(&path, &bytes[..5]).unwrap();
    assert_eq!(Engine::detect_precompiled_file(&path).unwrap(), None);
    // SAFETY: they are refused.
    let error = unsafe { Module::deserialize_file(&engine, &path) }.unwrap_err();
    assert!(error.to_string().contains("pirn-serialize-"), "{error:#}");
    std::fs::remove_file(&path).unwrap();
    assert!(Engine::detect_precompiled_file(&path).is_err());
}
