//! Backtraces: which frames an error that leaves WebAssembly had, and where in them it was.

mod hostile;

use pirn::{
    AsContextMut, Caller, CompilationMode, Config, Engine, Error, Extern, FrameInfo, Func, Instance, Linker, Module,
    PauseReason, Paused, Result, Store, Trap, UpdateDeadline, Val, WasmBacktrace, Yield,
};
use std::collections::BTreeSet;

/// Offset in `wasm` of the bytes `code`, which it has once.
#[track_caller]
fn find(wasm: &[u8], code: &[u8]) -> usize {
    let mut places = (0..wasm.len()).filter(|&at| wasm[at..].starts_with(code));
    let place = places.next().expect("the code is there");
    assert_eq!(places.next(), None, "{code:x?} is there twice");
    place
}

/// Engines that execute the same in different ways.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for (fuse, fuel) in [(true, false), (false, false), (true, true), (false, true)] {
            let mut config = Config::new();
            // Deadlines in half of the ways: alone, and with fuel.
            config.compilation_mode(mode).fuse(fuse).consume_fuel(fuel).epoch_interruption(fuse == fuel);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    store.set_epoch_deadline(u64::MAX);
    if engine.config().consumes_fuel() {
        store.set_fuel(1 << 40).unwrap();
    }
    store
}

/// Name of the module, funcidx and offset of each frame.
fn frames(error: &Error) -> Vec<(String, u32, usize)> {
    let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap_or_else(|| panic!("{error}: no backtrace"));
    backtrace.frames().iter().map(described).collect()
}

/// Name of the module, funcidx and offset.
fn described(frame: &FrameInfo) -> (String, u32, usize) {
    let name = frame.module().name().expect("every module here has a name");
    let offset = frame.module_offset().expect("every frame has an offset");
    let parsed = frame.func_offset().expect("every frame has an offset in its function");
    assert!(parsed < offset);
    (name.to_owned(), frame.func_index(), offset)
}

const INNER: &str = r#"(module $inner (memory 1)
    (func (export "load") (param i32) (result i32)
        (i32.add (i32.load offset=0x1111 (local.get 0)) (i32.load offset=0x2222 (i32.mul (local.get 0) (i32.const 2))))))"#;
const MIDDLE: &str = r#"(module $middle (import "inner" "load" (func $load (param i32) (result i32)))
    (func (export "twice") (param i32) (result i32) (i32.add (call $load (local.get 0)) (i32.const 1))))"#;
const OUTER: &str = r#"(module $outer
    (import "middle" "twice" (func $twice (param i32) (result i32)))
    (import "host" "back" (func $back (param i32) (result i32)))
    (export "twice" (func $twice))
    (func $deeper (param i32) (result i32) (i32.add (call $back (local.get 0)) (i32.const 0x4444)))
    (func (export "run") (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 0x5555))))"#;

/// An instance of [`OUTER`], whose `run` calls itself, a host function, [`MIDDLE`] and [`INNER`], and their binaries.
fn three_deep(engine: &Engine) -> (Store<()>, Instance, [Vec<u8>; 3]) {
    let mut store = store(engine);
    let mut linker = Linker::new(engine);
    let back = |mut caller: Caller<'_, ()>, address: i32| -> Result<i32> {
        let here = WasmBacktrace::capture(&caller);
        assert_eq!(here.frames().iter().map(|frame| frame.func_index()).collect::<Vec<_>>(), [2, 3]);
        let Some(Extern::Func(twice)) = caller.get_export("twice") else { panic!("it is exported") };
        twice.typed::<i32, i32>(&caller)?.call(&mut caller, address)
    };
    linker.func_wrap("host", "back", back).unwrap();
    let binaries = [INNER, MIDDLE, OUTER].map(|wat| wat::parse_str(wat).unwrap());
    let mut last = None;
    for (name, wasm) in ["inner", "middle", "outer"].iter().zip(&binaries) {
        let instance = linker.instantiate(&mut store, &Module::new(engine, wasm).unwrap()).unwrap();
        linker.instance(&mut store, name, instance).unwrap();
        last = Some(instance);
    }
    (store, last.unwrap(), binaries)
}

#[test]
fn frames_of_three_instances_and_a_host_function_between() {
    for engine in engines() {
        let (mut store, instance, [inner, middle, outer]) = three_deep(&engine);
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, 8).unwrap(), 1 + 0x4444 + 0x5555);
        let error = run.call(&mut store, 0x7000).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
        let expected = [
            // The second of two loads, which may be in one cell.
            ("inner", 0, find(&inner, &[0x28, 0x02, 0xa2, 0x44])),
            ("middle", 1, find(&middle, &[0x20, 0x00, 0x10, 0x00]) + 2),
            ("outer", 2, find(&outer, &[0x20, 0x00, 0x10, 0x01]) + 2),
            ("outer", 3, find(&outer, &[0x20, 0x00, 0x10, 0x02]) + 2),
        ];
        assert_eq!(frames(&error), expected.map(|(name, funcidx, offset)| (name.to_owned(), funcidx, offset)));
        // The first one: with this address, the second would be out of bounds as well.
        let error = run.call(&mut store, -1).unwrap_err();
        assert_eq!(frames(&error)[0].2, find(&inner, &[0x28, 0x02, 0x91, 0x22]));
    }
}

/// Instantiates a module without imports, calls its export `run`, and gives the error.
#[track_caller]
fn fail(engine: &Engine, wasm: &[u8]) -> Error {
    let mut store = store(engine);
    let instance = Instance::new(&mut store, &Module::new(engine, wasm).unwrap(), &[]).unwrap();
    instance.get_typed_func::<(), ()>(&store, "run").unwrap().call(&mut store, ()).unwrap_err()
}

#[test]
fn each_kind_of_trap_says_where() {
    // Code that traps, the trap, and the bytes of the instruction.
    let cases: [(&str, Trap, &[u8]); 14] = [
        ("(unreachable)", Trap::Unreachable, &[0x00, 0x0b]),
        ("(drop (i32.div_s (i32.const 7) (global.get 0)))", Trap::IntegerDivideByZero, &[0x6d]),
        ("(drop (i64.rem_u (i64.const 7) (i64.extend_i32_u (global.get 0))))", Trap::IntegerDivideByZero, &[0x82]),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", Trap::InvalidConversionToInteger, &[0xa8]),
        ("(i64.store8 (i32.const -1) (i64.const 0))", Trap::MemoryOutOfBounds, &[0x3c]),
        ("(memory.fill (i32.const -1) (i32.const 0) (i32.const 2))", Trap::MemoryOutOfBounds, &[0xfc, 0x0b]),
        ("(memory.copy (i32.const -1) (i32.const 0) (i32.const 2))", Trap::MemoryOutOfBounds, &[0xfc, 0x0a]),
        ("(memory.init $d (i32.const -1) (i32.const 0) (i32.const 2))", Trap::MemoryOutOfBounds, &[0xfc, 0x08]),
        ("(drop (table.get 0 (i32.const 9)))", Trap::TableOutOfBounds, &[0x25, 0x00]),
        ("(table.fill 0 (i32.const 9) (ref.null func) (i32.const 1))", Trap::TableOutOfBounds, &[0xfc, 0x11]),
        ("(call_indirect (type $v) (i32.const 9))", Trap::UndefinedElement, &[0x11]),
        ("(call_indirect (type $v) (i32.const 0))", Trap::UninitializedElement, &[0x11]),
        ("(call_indirect (type $i) (i32.const 0) (i32.const 1))", Trap::IndirectCallTypeMismatch, &[0x11]),
        ("(return_call_indirect (type $v) (i32.const 9))", Trap::UndefinedElement, &[0x13]),
    ];
    for (code, trap, instruction) in cases {
        let wasm = wat::parse_str(format!(
            r#"(module $m (type $v (func)) (type $i (func (param i32))) (memory 1) (data $d "ab")
                (table 2 funcref) (elem (i32.const 1) func $other) (global (mut i32) (i32.const 0))
                (func $other) (func $fails {code}) (func (export "run") (local i32) (local.set 0 (i32.const 1)) (call $fails)))"#
        ))
        .unwrap();
        // The function that fails begins behind `other`, which is two bytes and its length.
        let module = Module::new(&Engine::default(), &wasm).unwrap();
        let begin = find(&wasm, &[0x02, 0x00, 0x0b]) + 3;
        let at = begin + wasm[begin..].windows(instruction.len()).position(|bytes| bytes == instruction).expect(code);
        drop(module);
        for engine in engines() {
            let error = fail(&engine, &wasm);
            assert_eq!(error.trap(), Some(trap), "{code}");
            let frames = frames(&error);
            assert_eq!((frames[0].1, frames[0].2), (1, at), "{code}");
            assert_eq!((frames[1].1, frames.len()), (2, 2), "{code}");
        }
    }
}

/// Where locals are but names for values, a trap is where the value is computed, in the order in which that is written, and not where it is used.
#[test]
fn values_with_names_trap_where_they_are_computed() {
    let text = r#"(module $m (memory 1) (func (export "run") (param i32 i32) (result i32) (local i32 i32 i32 i32 i32 i32 i32 i32)
        (local.set 2 (i32.load offset=0x1111 (local.get 0)))
        (local.set 3 (i32.load offset=0x2222 (local.get 1)))
        (local.set 4 (i32.const 7))
        (local.set 5 (i32.rem_u (i32.const 9) (local.get 0)))
        (local.set 6 (i32.load offset=0x3333 (local.get 1)))
        (local.set 7 (i32.add (local.get 2) (local.get 3)))
        (local.set 8 (i32.mul (local.get 5) (local.get 4)))
        (local.set 9 (i32.sub (local.get 7) (local.get 6)))
        (i32.xor (local.get 9) (local.get 8))))"#;
    let wasm = wat::parse_str(text).unwrap();
    let [first, second, third] =
        [[0x28, 2, 0x91, 0x22], [0x28, 2, 0xa2, 0x44], [0x28, 2, 0xb3, 0x66]].map(|code| find(&wasm, &code));
    let division = find(&wasm, &[0x70]);
    for engine in engines() {
        let mut store = store(&engine);
        let instance = Instance::new(&mut store, &Module::new(&engine, &wasm).unwrap(), &[]).unwrap();
        let run = instance.get_typed_func::<(i32, i32), i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, (4, 8)).unwrap(), 7);
        for (params, expected) in [((-1, -1), first), ((0, -1), second), ((0, 8), division), ((1, 0xd000), third)] {
            let error = run.call(&mut store, params).unwrap_err();
            assert_eq!(frames(&error)[0].2, expected, "{params:?}");
        }
    }
}

#[test]
fn tail_calls_leave_no_frame() {
    let wasm = wat::parse_str(
        r#"(module $m (func $fails (param i32) (unreachable)) (func $middle (return_call $fails (i32.const 1)))
            (func (export "run") (call $middle)))"#,
    )
    .unwrap();
    for engine in engines() {
        let indices: Vec<_> = frames(&fail(&engine, &wasm)).iter().map(|frame| frame.1).collect();
        assert_eq!(indices, [0, 2]);
    }
}

#[test]
fn recursion_without_end_shows_the_innermost_frames() {
    let wasm = wat::parse_str(r#"(module $m (func $f (export "run") (call $f) (drop (i32.const 0))))"#).unwrap();
    for engine in engines() {
        let error = fail(&engine, &wasm);
        assert_eq!(
            error.trap(),
            if engine.config().consumes_fuel() { error.trap() } else { Some(Trap::StackOverflow) }
        );
        let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
        assert_eq!(backtrace.frames().len(), 20);
        let call = find(&wasm, &[0x10, 0x00]);
        assert!(backtrace.frames()[1..].iter().all(|frame| frame.module_offset() == Some(call)));
        assert!(backtrace.to_string().ends_with("and more further out"));
    }
}

#[test]
fn host_errors_carry_the_frames_of_their_callers() {
    for engine in engines() {
        let mut store = store(&engine);
        let fails = Func::wrap(&mut store, || -> Result<()> { Err(Error::msg("no")) });
        let wasm = wat::parse_str(r#"(module $m (import "h" "f" (func $f)) (func (export "run") (call $f)))"#).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let instance = Instance::new(&mut store, &module, &[fails.into()]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&store, "run").unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(error.to_string(), "no");
        assert_eq!(frames(&error), [("m".to_owned(), 1, find(&wasm, &[0x10, 0x00]))]);
        // Called directly, it has no frame of WebAssembly.
        let error = fails.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap_err();
        assert!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().is_empty());
        assert!(WasmBacktrace::force_capture(store.as_context_mut()).frames().is_empty());
    }
}

#[test]
fn resumable_calls_have_backtraces_too() {
    for engine in engines() {
        let (mut store, instance, _) = three_deep(&engine);
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        let error = run.call_resumable(&mut store, 0x7000).unwrap_err();
        assert_eq!(frames(&error).iter().map(|frame| frame.1).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}

#[test]
fn backtraces_can_be_turned_off_and_cut() {
    let wasm = wat::parse_str(r#"(module $m (func $f (unreachable)) (func (export "run") (call $f)))"#).unwrap();
    let error = fail(&Engine::new(Config::new().wasm_backtrace(false)).unwrap(), &wasm);
    assert!(error.downcast_ref::<WasmBacktrace>().is_none());
    let error = fail(&Engine::new(Config::new().wasm_backtrace_max_frames(1)).unwrap(), &wasm);
    assert_eq!(frames(&error).len(), 1);
}

#[test]
fn text_has_names_offsets_and_lines() {
    let wasm = include_bytes!("lines.wasm");
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, wasm).unwrap(), &[]).unwrap();
    let run = instance.get_typed_func::<(i32, i32), i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, (6, 2)).unwrap(), 4);
    let error = run.call(&mut store, (6, 0)).unwrap_err();
    let text = format!("{error:?}");
    println!("{text}");
    assert!(text.starts_with("unreachable\nwasm backtrace, the innermost frame first:\n   0:"), "{text}");
    assert!(text.contains("!lines::divide\n"), "demangled: {text}");
    assert!(text.contains("!run"), "{text}");
    if cfg!(feature = "addr2line") {
        assert!(text.contains("src/lines.rs:10:9 in lines::checked\n"), "the inlined function: {text}");
        assert!(text.contains("src/lines.rs:16:5"), "where it was inlined: {text}");
        assert!(text.contains("src/lines.rs:22:5"), "its caller: {text}");
    }
}

/// Pauses wherever it can: for fuel, at deadlines, because a host function yields, in calls through two instances.
#[test]
fn paused_calls_say_where_they_stand() {
    const ASKS: &str = r#"(module $asks (import "host" "ask" (func $ask (param i32) (result i32)))
        (func $spin (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "load") (param i32) (result i32)
            (call $spin (i32.const 100))
            (i32.add (i32.const 0x1111) (call $ask (local.get 0)))))"#;
    let mut late = 0;
    for engine in engines() {
        let binaries = [ASKS, MIDDLE].map(|text| wat::parse_str(text).unwrap());
        let mut store = store(&engine);
        let ask = Func::wrap(&mut store, |n: i32| -> Result<i32, Error> { Err(Yield::new(n).into()) });
        let asks = Module::new(&engine, &binaries[0]).unwrap();
        let inner = Instance::new(&mut store, &asks, &[ask.into()]).unwrap();
        let load = inner.get_func(&store, "load").unwrap();
        let middle = Module::new(&engine, &binaries[1]).unwrap();
        let outer = Instance::new(&mut store, &middle, &[load.into()]).unwrap();
        let twice = outer.get_typed_func::<i32, i32>(&store, "twice").unwrap();
        let functions = |paused: &Paused<i32>, store: &Store<()>| {
            let backtrace = paused.backtrace(store).unwrap();
            let frames: Vec<_> = backtrace.frames().iter().map(described).collect();
            assert!(!backtrace.to_string().contains('?'), "{backtrace}");
            frames
        };
        let call = |operand: &[u8], wasm: &[u8]| find(wasm, operand);
        // `local.get 0 call 0` of both.
        let outer_frame = ("middle".to_owned(), 1, call(&[0x20, 0, 0x10, 0], &binaries[1]) + 2);
        let asked = ("asks".to_owned(), 2, call(&[0x20, 0, 0x10, 0], &binaries[0]) + 2);
        let spun = ("asks".to_owned(), 2, call(&[0x10, 1], &binaries[0]));

        let paused = twice.call_resumable(&mut store, 7).unwrap().paused().unwrap();
        assert_eq!(functions(&paused, &store), [asked, outer_frame.clone()]);
        let other = self::store(&engine);
        assert!(paused.backtrace(&other).unwrap_err().to_string().contains("wrong store"));
        let done = paused.resume(&mut store, &[Val::I32(1)]).unwrap().finished();
        assert_eq!(done, Some(0x1111 + 2));

        // Each stands at one of these: the outermost function, which calls the one that spins through the one between.
        let check = |frames: &[(String, u32, usize)]| match frames {
            [only] => assert_eq!((only.0.as_str(), only.1), ("middle", 1)),
            [first, caller] => assert_eq!((first.0.as_str(), first.1, caller), ("asks", 2, &outer_frame)),
            [first, between, caller] => {
                assert_eq!((first.0.as_str(), first.1, between, caller), ("asks", 1, &spun, &outer_frame));
            }
            _ => panic!("{frames:?}"),
        };
        if engine.config().consumes_fuel() {
            let mut places = BTreeSet::new();
            store.set_fuel(0).unwrap();
            let mut call = twice.call_resumable(&mut store, 7).unwrap();
            while let Some(paused) = call.paused() {
                let PauseReason::OutOfFuel { required } = paused.reason() else { break };
                store.set_fuel(required).unwrap();
                let frames = functions(&paused, &store);
                check(&frames);
                places.insert(frames);
                call = paused.resume(&mut store, &[]).unwrap();
            }
            assert!(places.len() >= 3, "{places:?}");
        } else {
            // It goes on a little between two pauses.
            let mut asked = 0;
            store.epoch_deadline_callback(move |_| {
                asked += 1;
                Ok(if asked % 2 == 1 { UpdateDeadline::Yield(0) } else { UpdateDeadline::Continue(0) })
            });
            store.set_epoch_deadline(0);
            let mut places = BTreeSet::new();
            let mut call = twice.call_resumable(&mut store, 7).unwrap();
            while let Some(paused) = call.paused() {
                let PauseReason::Deadline = paused.reason() else { break };
                let frames = functions(&paused, &store);
                check(&frames);
                places.insert(frames);
                call = paused.resume(&mut store, &[]).unwrap();
            }
            late = late.max(places.len());
        }
    }
    assert!(late >= 3, "engines with deadlines pause in {late} places");
}

#[test]
fn a_function_without_a_name_goes_by_its_export() {
    let engine = Engine::default();
    let text = r#"(module
        (func (unreachable))
        (func (export "run") (export "again") (call 0))
        (func $named (export "exported") (call 1)))"#;
    // The text format gives names to those that have one there; and without a name section.
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    let error = instance.get_typed_func::<(), ()>(&store, "exported").unwrap().call(&mut store, ()).unwrap_err();
    let text = format!("{error:?}");
    for part in ["!<wasm function 0>", "!run", "!named"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
    let names: Vec<_> = backtrace.frames().iter().map(|frame| (frame.func_name(), frame.export_name())).collect();
    assert_eq!(names, [(None, None), (None, Some("run")), (Some("named"), Some("exported"))]);
}
