//! Where the system gives no memory, there is an error or -1, and what there was goes on: in a process of its own each, which
//! limits its address space.
#![cfg(target_os = "linux")]

use pirn::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::process::Command;

/// Set to the name of what a process of its own is to do.
const TASK: &str = "PIRN_TEST_TASK";

const MIB: u64 = 1 << 20;

/// Runs `task` in a process of its own, which then calls it once more.
fn alone(name: &str, task: impl FnOnce()) {
    if std::env::var_os(TASK).is_some_and(|task| *task == *name) {
        return task();
    }
    let me = std::env::current_exe().unwrap();
    let output = Command::new(me).args([name, "--exact", "--nocapture"]).env(TASK, name).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}{}", output.status, {
        String::from_utf8_lossy(&output.stderr)
    });
}

/// From now on there are so many MiB more.
fn leave(mib: u64) {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let size: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    let limit = Some(size * 4096 + mib * MIB);
    setrlimit(Resource::As, Rlimit { current: limit, ..getrlimit(Resource::As) }).unwrap();
}

fn instance(engine: &Engine, wat: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &Module::new(engine, wat).unwrap(), &[]).unwrap();
    (store, instance)
}

#[test]
fn growing_a_memory_gives_minus_one() {
    alone("growing_a_memory_gives_minus_one", || {
        let engine = Engine::default();
        let wat = r#"(module (memory (export "m") 1)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#;
        let (mut store, instance) = instance(&engine, wat);
        let grow = instance.get_typed_func::<i32, i32>(&store, "grow").unwrap();
        let write = instance.get_typed_func::<(i32, i32), ()>(&store, "store").unwrap();
        let read = instance.get_typed_func::<i32, i32>(&store, "load").unwrap();
        write.call(&mut store, (65_528, 77)).unwrap();
        leave(400);
        // From slot to slot, to a mapping of its own, and on, until there is no more.
        let mut pages = 1;
        for delta in [60_000, 7, 100, 60_000, 200, 1, 60_000, 1_000, 60_000, 400, 60_000, 60_000] {
            let old = grow.call(&mut store, delta).unwrap();
            if delta == 60_000 {
                assert_eq!(old, -1);
            } else {
                assert_eq!(old, pages, "{delta}");
                pages += delta;
            }
            assert_eq!(read.call(&mut store, 65_528).unwrap(), 77);
            let end = pages * 65_536 - 4;
            write.call(&mut store, (end, pages)).unwrap();
            assert_eq!(read.call(&mut store, end).unwrap(), pages);
            assert!(read.call(&mut store, end + 4).is_err());
        }
        let memory = instance.get_memory(&store, "m").unwrap();
        assert!(memory.grow(&mut store, 60_000).is_err());
        assert_eq!(memory.size(&store), pages as u64);
    });
}

fn number(mut n: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

/// A module of one function, and of globals and passive segments as they stand in their sections. As text, parsing would
/// leave the allocator with more memory than the module takes.
fn binary(globals: Option<&[u8]>, elements: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    let mut section = |id: u8, content: &[u8]| {
        bytes.push(id);
        bytes.extend(number(content.len() as u32));
        bytes.extend(content);
    };
    section(1, &[1, 0x60, 0, 0]);
    section(3, &[1, 0]);
    globals.inspect(|globals| section(6, globals));
    elements.inspect(|elements| section(9, elements));
    section(10, &[1, 2, 0, 0x0b]);
    bytes
}

/// So many times the same, with the number in front.
fn repeated(item: &[u8], count: u32) -> Vec<u8> {
    [number(count), item.repeat(count as usize)].concat()
}

#[test]
fn instances_without_memory_are_errors() {
    alone("instances_without_memory_are_errors", || {
        let engine = Engine::default();
        let module = |wat: &str| Module::new(&engine, wat).unwrap();
        let large = module("(module (memory 60000))");
        let table = module("(module (table 10000000 funcref))");
        let functions = format!("(module (func $f) {})", "(func)".repeat(100_000));
        let functions = module(&functions);
        let load = |globals: Option<&[u8]>, elements: Option<&[u8]>| {
            Module::from_binary(&engine, &binary(globals, elements)).unwrap()
        };
        // One segment of many elements, many globals, and many segments of one element.
        let segment = load(None, Some(&[&[1, 1, 0][..], &repeated(&[0], 10_000_000)].concat()));
        let globals = load(Some(&repeated(&[0x7f, 0, 0x41, 7, 0x0b], 200_000)), None);
        let segments = load(None, Some(&repeated(&[1, 0, 1, 0], 100_000)));
        let small = module("(module (memory 1) (table 1 funcref) (func (export \"f\") (result i32) (i32.const 5)))");
        leave(40);
        let mut store = Store::new(&engine, ());
        for (name, module) in [("memory", &large), ("table", &table), ("segment", &segment)] {
            let error = Instance::new(&mut store, module, &[]).unwrap_err().to_string();
            assert!(error.contains("the system gave no memory"), "{name}: {error}");
            assert!(error.contains(name), "{name}: {error}");
        }
        assert!(Memory::new(&mut store, MemoryType::new(60_000, None)).is_err());
        // What fits is made as before.
        Instance::new(&mut store, &functions, &[]).unwrap();
        for _ in 0..100 {
            let instance = Instance::new(&mut store, &small, &[]).unwrap();
            let func = instance.get_typed_func::<(), i32>(&store, "f").unwrap();
            assert_eq!(func.call(&mut store, ()).unwrap(), 5);
        }
        // Many of what is small, until there is no more.
        leave(4);
        for module in [&globals, &segments] {
            let error = (0..100).find_map(|_| Instance::new(&mut store, module, &[]).err()).unwrap().to_string();
            assert!(error.contains("the system gave no memory"), "{error}");
        }
    });
}

#[test]
fn calls_without_a_stack_are_errors() {
    alone("calls_without_a_stack_are_errors", || {
        let engine = Engine::new(Config::new().max_wasm_stack(1 << 30)).unwrap();
        let (mut store, instance) = instance(&engine, r#"(module (func (export "f") (result i32) (i32.const 5)))"#);
        let func = instance.get_typed_func::<(), i32>(&store, "f").unwrap();
        leave(100);
        for _ in 0..3 {
            let error = func.call(&mut store, ()).unwrap_err().to_string();
            assert!(error.contains("no memory for a value stack of 1073741824 bytes"), "{error}");
            let error = func.call_resumable(&mut store, ()).unwrap_err().to_string();
            assert!(error.contains("no memory for a value stack"), "{error}");
        }
        setrlimit(Resource::As, Rlimit { current: None, maximum: None }).unwrap();
        assert_eq!(func.call(&mut store, ()).unwrap(), 5);
    });
}

/// A call that cannot go on for want of a stack is as it was, whether it is to go on with results or by throwing.
#[test]
fn paused_calls_without_a_stack_are_given_back() {
    alone("paused_calls_without_a_stack_are_given_back", || {
        let engine = Engine::new(Config::new().max_wasm_stack(1 << 30)).unwrap();
        let mut linker = Linker::<Option<Paused<i32>>>::new(&engine);
        linker.func_wrap("host", "wait", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
        // The store's own stack is in use where this is called.
        let go_on = |mut caller: Caller<'_, Option<Paused<i32>>>| {
            let paused = caller.data_mut().take().expect("it waits");
            let Some(Extern::Tag(tag)) = caller.get_export("tag") else { panic!("a tag") };
            let exception = ExnRef::new(&mut caller, &tag, &[]).unwrap();
            leave(100);
            let error = paused.resume(&mut caller, &[Val::I32(1)]).unwrap_err();
            assert!(error.to_string().contains("no memory for a value stack"), "{error}");
            let paused = error.into_paused().expect("it is given back");
            let error = paused.throw(&mut caller, exception).unwrap_err();
            assert!(error.to_string().contains("no memory for a value stack"), "{error}");
            let paused = error.into_paused().expect("it is given back");
            assert!(!caller.has_pending_exception());
            setrlimit(Resource::As, Rlimit { current: None, maximum: None }).unwrap();
            paused.throw(&mut caller, exception).unwrap().finished().expect("it waits no more")
        };
        linker.func_wrap("host", "go_on", go_on).unwrap();
        let text = r#"(module
            (import "host" "wait" (func $wait (result i32))) (import "host" "go_on" (func $go_on (result i32)))
            (tag $tag (export "tag"))
            (func (export "go_on") (result i32) (call $go_on))
            (func (export "run") (result i32)
                (block $caught (try_table (catch $tag $caught) (return (call $wait)))) (i32.const 7)))"#;
        let mut store = Store::new(&engine, None);
        let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
        let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
        *store.data_mut() = run.call_resumable(&mut store, ()).unwrap().paused();
        let go_on = instance.get_typed_func::<(), i32>(&store, "go_on").unwrap();
        assert_eq!(go_on.call(&mut store, ()).unwrap(), 7);
    });
}
