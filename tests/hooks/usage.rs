//! The account of an engine: of all kinds of things, and that it is even in the end.

use crate::{engines, module, panics, store};
use pirn::*;

const PAGE: u64 = 65_536;

const PROGRAM: &str = r#"(module
    (memory (export "m") 2 4) (table (export "t") 3 100 funcref)
    (global (mut i64) (i64.const 1)) (elem func $f $f $f) (func $f)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
    (func (export "wait") (param $n i32) (result i32)
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n)))"#;

#[test]
fn everything_is_counted_and_given_back() {
    for engine in engines() {
        let empty = engine.memory_usage();
        assert_eq!(empty, MemoryUsage::default());
        let program = module(&engine, PROGRAM);
        let made = engine.memory_usage();
        assert!(made.modules > 200, "a binary of so many bytes: {made:?}");
        assert_eq!(made.total(), made.modules + made.code);
        assert_eq!(made.code > 0, format!("{:?}", engine.config()).contains("Eager"), "what is lowered already");
        let mut store = store(&engine, ());
        assert_eq!(engine.memory_usage(), made, "a store is nothing");
        let instance = Instance::new(&mut store, &program, &[]).unwrap();
        let usage = engine.memory_usage();
        assert_eq!((usage.memories, usage.tables, usage.stacks), (2 * PAGE, 24, 0));
        assert!(usage.instances > 100);
        // The same again takes the same again, but for the module.
        let other = Instance::new(&mut store, &program, &[]).unwrap();
        let twice = engine.memory_usage();
        assert_eq!((twice.memories, twice.tables), (4 * PAGE, 48));
        assert_eq!((twice.instances, twice.modules), (2 * usage.instances, usage.modules));
        // Growing, by code and by the host, and growing that fails.
        let [memory, table] =
            ["memory", "table"].map(|name| instance.get_typed_func::<i32, i32>(&store, name).unwrap());
        assert_eq!((memory.call(&mut store, 1).unwrap(), memory.call(&mut store, 9).unwrap()), (2, -1));
        assert_eq!((table.call(&mut store, 7).unwrap(), table.call(&mut store, 99).unwrap()), (3, -1));
        other.get_memory(&store, "m").unwrap().grow(&mut store, 2).unwrap();
        other.get_table(&store, "t").unwrap().grow(&mut store, 10, Ref::Func(None)).unwrap();
        let grown = engine.memory_usage();
        assert_eq!((grown.memories, grown.tables), (7 * PAGE, 48 + 17 * 8));
        assert!(grown.code > 0);
        // The host's own.
        Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        Table::new(&mut store, TableType::new(RefType::EXTERNREF, 5, None), Ref::Extern(None)).unwrap();
        assert!(Memory::new(&mut store, MemoryType::new(70_000, None)).is_err());
        let own = engine.memory_usage();
        assert_eq!((own.memories, own.tables), (8 * PAGE, 48 + 22 * 8));
        // Somebody else's are not this engine's.
        let foreign = Engine::default();
        let mut elsewhere = crate::store(&foreign, ());
        crate::instance(&mut elsewhere, PROGRAM).unwrap();
        assert_eq!(engine.memory_usage(), own);
        // What is not there any more is not counted, and a module is as long as an instance of it.
        drop(program);
        assert_eq!(engine.memory_usage(), own);
        drop(store);
        assert_eq!(engine.memory_usage(), empty);
    }
}

#[test]
fn paused_calls_have_frames() {
    let engine = Engine::new(Config::new().consume_fuel(true).max_wasm_stack(100_000)).unwrap();
    let mut store = Store::new(&engine, ());
    let wait = crate::instance(&mut store, PROGRAM).unwrap().get_typed_func::<i32, i32>(&store, "wait").unwrap();
    let mut paused = Vec::new();
    let mut each = 0;
    for n in 1..4 {
        match wait.call_resumable(&mut store, 10).unwrap() {
            Resumable::Paused(call) => paused.push(call),
            Resumable::Finished(_) => panic!("without fuel"),
        }
        let held = engine.memory_usage().stacks;
        if n == 1 {
            each = held;
            assert!((40..200).contains(&each), "one small frame: {each}");
        }
        assert_eq!(held, n * each);
    }
    // One is dropped, one goes on to its end, one outlives its store.
    drop(paused.pop());
    assert_eq!(engine.memory_usage().stacks, 2 * each);
    store.set_fuel(1_000).unwrap();
    assert_eq!(paused.pop().unwrap().resume(&mut store, &[]).unwrap().finished(), Some(0));
    assert_eq!(wait.call(&mut store, 1).unwrap(), 0);
    assert_eq!(engine.memory_usage().stacks, each);
    drop(store);
    assert_eq!(engine.memory_usage().total(), each);
    drop(paused);
    assert_eq!(engine.memory_usage(), MemoryUsage::default());
}

/// Refused by a limiter, or by a module that is no use: nothing stays behind.
#[test]
fn what_fails_holds_nothing() {
    struct No;
    impl ResourceLimiter for No {
        fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
            panic!("no memory for you")
        }
        fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
            Ok(true)
        }
    }
    let engine = Engine::default();
    let mut store = Store::new(&engine, No);
    store.limiter(|no| no);
    assert_eq!(panics(|| crate::instance(&mut store, PROGRAM)), "no memory for you");
    let usage = engine.memory_usage();
    assert_eq!((usage.memories, usage.tables), (0, 24), "the table was made, and is the store's");
    drop(store);
    assert!(Module::new(&engine, "(module (func (result i32)))").is_err());
    assert_eq!(engine.memory_usage(), MemoryUsage::default());
}

/// While other threads make and drop stores, anybody may look.
#[test]
fn any_thread_may_look() {
    let engine = Engine::default();
    let program = module(&engine, PROGRAM);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut store = Store::new(&engine, ());
                        let instance = Instance::new(&mut store, &program, &[]).unwrap();
                        let grow = instance.get_typed_func::<i32, i32>(&store, "memory").unwrap();
                        assert_eq!(grow.call(&mut store, 2).unwrap(), 2);
                        assert!(engine.memory_usage().memories >= 4 * PAGE);
                    }
                })
            })
            .collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            assert!(engine.memory_usage().memories <= 3 * 4 * PAGE);
            std::thread::yield_now();
        }
    });
    let usage = engine.memory_usage();
    assert_eq!(usage.total(), usage.modules + usage.code);
    drop(program);
    assert_eq!(engine.memory_usage().total(), 0);
}
