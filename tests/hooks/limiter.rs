//! Limiters: of all that grows and is made, whoever asks for it.

use crate::{engines, instance, module, panics, store};
use pirn::*;

const PAGE: usize = 65_536;

/// What a limiter does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Yes,
    No,
    Fail,
    Panic,
}

/// A limiter that says one thing, and keeps what it was asked and told.
struct Log {
    answer: Answer,
    /// Whether it fails when it is told that something did not grow.
    fails_late: bool,
    asked: Vec<(&'static str, usize, usize, Option<usize>)>,
    told: Vec<String>,
    counts: [usize; 3],
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there is not enough for you")
    }
}

impl std::error::Error for Refused {}

impl Log {
    fn new() -> Self {
        Self { answer: Answer::Yes, fails_late: false, asked: Vec::new(), told: Vec::new(), counts: [100; 3] }
    }

    fn asked(&mut self, what: &'static str, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.asked.push((what, current, desired, maximum));
        match self.answer {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::Fail => Err(Error::new(Refused)),
            Answer::Panic => panic!("the limiter panics"),
        }
    }

    fn told(&mut self, error: &Error) -> Result<()> {
        self.told.push(error.to_string());
        if self.fails_late { Err(Error::new(Refused)) } else { Ok(()) }
    }
}

impl ResourceLimiter for Log {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.asked("memory", current, desired, maximum)
    }
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.told(&error)
    }
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.asked("table", current, desired, maximum)
    }
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.told(&error)
    }
    fn instances(&self) -> usize {
        self.counts[0]
    }
    fn memories(&self) -> usize {
        self.counts[1]
    }
    fn tables(&self) -> usize {
        self.counts[2]
    }
}

/// A store with a limiter that allows everything so far.
fn limited(engine: &Engine) -> Store<Log> {
    let mut store = store(engine, Log::new());
    store.limiter(|log| log);
    store
}

/// What was asked since this was looked at last.
fn asked(store: &mut Store<Log>) -> Vec<(&'static str, usize, usize, Option<usize>)> {
    std::mem::take(&mut store.data_mut().asked)
}

const GROWS: &str = r#"(module $grows
    (memory (export "m") 1 5) (table (export "t") 2 8 funcref)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
    (func (export "sizes") (result i32 i32) (memory.size) (table.size)))"#;

#[test]
fn code_asks_to_grow() {
    for engine in engines() {
        let mut store = limited(&engine);
        let instance = instance(&mut store, GROWS).unwrap();
        assert_eq!(asked(&mut store), [("table", 0, 2, Some(8)), ("memory", 0, PAGE, Some(5 * PAGE))]);
        let [memory, table] =
            ["memory", "table"].map(|name| instance.get_typed_func::<i32, i32>(&store, name).unwrap());
        let sizes = instance.get_typed_func::<(), (i32, i32)>(&store, "sizes").unwrap();
        for (grow, what, unit, old, most) in [(memory, "memory", PAGE, 1, 5), (table, "table", 1, 2, 8)] {
            let question = |n: usize| [(what, old * unit, (old + n) * unit, Some(most * unit))];
            // Nothing is asked about nothing.
            assert_eq!(grow.call(&mut store, 0).unwrap(), old as i32);
            assert_eq!(asked(&mut store), []);
            // Refused.
            store.data_mut().answer = Answer::No;
            assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
            assert_eq!(asked(&mut store), question(1));
            // An error is what the call ends with, and it says where.
            store.data_mut().answer = Answer::Fail;
            let error = grow.call(&mut store, 2).unwrap_err();
            assert!(error.is::<Refused>() && error.trap().is_none());
            assert_eq!(asked(&mut store), question(2));
            let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
            let [frame] = trace.frames() else { panic!("one frame: {trace}") };
            assert_eq!(frame.func_index(), u32::from(what == "table"));
            let text = frame.func_offset().expect("the offset of the instruction");
            assert!(text > 0, "{trace}");
            // A panic goes through, and nothing has changed.
            store.data_mut().answer = Answer::Panic;
            assert_eq!(panics(|| grow.call(&mut store, 1)), "the limiter panics");
            assert_eq!(asked(&mut store), question(1));
            assert!(store.data().told.is_empty(), "nothing failed that was allowed");
            // What is allowed grows, and once.
            store.data_mut().answer = Answer::Yes;
            assert_eq!(grow.call(&mut store, 2).unwrap(), old as i32);
            assert_eq!(asked(&mut store), question(2));
            // The maximum is asked about, and then refused.
            assert_eq!(grow.call(&mut store, 7).unwrap(), -1);
            assert_eq!(asked(&mut store), [(what, (old + 2) * unit, (old + 9) * unit, Some(most * unit))]);
            let told = std::mem::take(&mut store.data_mut().told);
            assert!(matches!(&told[..], [text] if text.contains("by 7")), "{told:?}");
            // Which may be an error as well.
            store.data_mut().fails_late = true;
            assert!(grow.call(&mut store, 7).unwrap_err().is::<Refused>());
            store.data_mut().fails_late = false;
            (store.data_mut().asked, store.data_mut().told) = Default::default();
        }
        assert_eq!(sizes.call(&mut store, ()).unwrap(), (3, 4));
    }
}

#[test]
fn the_host_asks_to_grow() {
    let mut store = limited(&Engine::default());
    let memory = Memory::new(&mut store, MemoryType::new(0, Some(4))).unwrap();
    let table = Table::new(&mut store, TableType::new(RefType::EXTERNREF, 0, None), Ref::Extern(None)).unwrap();
    // Also what is empty is asked about.
    assert_eq!(asked(&mut store), [("memory", 0, 0, Some(4 * PAGE)), ("table", 0, 0, None)]);
    let grow = |what, store: &mut Store<Log>, n| match what {
        "memory" => memory.grow(store, n),
        _ => table.grow(store, n, Ref::Extern(None)),
    };
    for (what, unit, most) in [("memory", PAGE, Some(4 * PAGE)), ("table", 1, None)] {
        assert_eq!(grow(what, &mut store, 2).unwrap(), 0);
        assert_eq!(asked(&mut store), [(what, 0, 2 * unit, most)]);
        store.data_mut().answer = Answer::No;
        assert!(grow(what, &mut store, 1).unwrap_err().to_string().contains("failed to grow"));
        assert_eq!(grow(what, &mut store, 0).unwrap(), 2);
        assert_eq!(asked(&mut store), [(what, 2 * unit, 3 * unit, most)]);
        store.data_mut().answer = Answer::Fail;
        assert!(grow(what, &mut store, 1).unwrap_err().is::<Refused>());
        store.data_mut().answer = Answer::Panic;
        assert_eq!(panics(|| grow(what, &mut store, 1)), "the limiter panics");
        store.data_mut().answer = Answer::Yes;
        assert_eq!(grow(what, &mut store, 1).unwrap(), 2);
        assert!(store.data().told.is_empty());
        asked(&mut store);
        // No such thing can be, and a budget is told that it did not come about.
        assert!(grow(what, &mut store, u64::MAX).is_err());
        let questions = [(what, 3 * unit, usize::MAX, most)];
        assert_eq!(asked(&mut store), questions);
        assert_eq!(std::mem::take(&mut store.data_mut().told).len(), 1);
    }
    assert_eq!((memory.size(&store), table.size(&store)), (3, 3));
    // Making them.
    for answer in [Answer::No, Answer::Fail, Answer::Panic] {
        store.data_mut().answer = answer;
        let mut make = || Memory::new(&mut store, MemoryType::new(7, None)).map(drop);
        match answer {
            Answer::Panic => assert_eq!(panics(make), "the limiter panics"),
            Answer::Fail => assert!(make().unwrap_err().is::<Refused>()),
            _ => assert!(make().unwrap_err().to_string().contains("limiter does not allow a memory of 7 pages")),
        }
        let mut make = || Table::new(&mut store, TableType::new(RefType::FUNCREF, 7, None), Ref::Func(None)).map(drop);
        match answer {
            Answer::Panic => assert_eq!(panics(make), "the limiter panics"),
            Answer::Fail => assert!(make().unwrap_err().is::<Refused>()),
            _ => assert!(make().unwrap_err().to_string().contains("limiter does not allow a table of 7 elements")),
        }
    }
    store.data_mut().answer = Answer::Yes;
    Memory::new(&mut store, MemoryType::new(7, None)).unwrap();
}

#[test]
fn what_an_instance_brings_is_asked_about() {
    for answer in [Answer::No, Answer::Fail, Answer::Panic] {
        for engine in engines() {
            let mut store = limited(&engine);
            store.data_mut().answer = answer;
            match answer {
                Answer::Panic => assert_eq!(panics(|| instance(&mut store, GROWS)), "the limiter panics"),
                Answer::Fail => assert!(instance(&mut store, GROWS).unwrap_err().is::<Refused>()),
                _ => {
                    let error = instance(&mut store, GROWS).unwrap_err();
                    assert!(error.to_string().contains("limiter does not allow a table of 2 elements"), "{error}");
                }
            }
            assert_eq!(asked(&mut store), [("table", 0, 2, Some(8))], "the memory was not to be made any more");
            // The store goes on.
            store.data_mut().answer = Answer::Yes;
            let instance = instance(&mut store, GROWS).unwrap();
            let sizes = instance.get_typed_func::<(), (i32, i32)>(&store, "sizes").unwrap();
            assert_eq!(sizes.call(&mut store, ()).unwrap(), (1, 2));
        }
    }
}

#[test]
fn instances_memories_and_tables_are_counted() {
    let engine = Engine::default();
    let (grows, empty) = (module(&engine, GROWS), module(&engine, "(module)"));
    for (place, name) in ["instances", "memories", "tables"].into_iter().enumerate() {
        let mut store = limited(&engine);
        store.data_mut().counts[place] = 2;
        Instance::new(&mut store, &grows, &[]).unwrap();
        Instance::new(&mut store, &grows, &[]).unwrap();
        asked(&mut store);
        let error = Instance::new(&mut store, &grows, &[]).unwrap_err();
        assert!(error.to_string().contains(&format!("limiter's limit of 2 {name}")), "{error}");
        assert_eq!(asked(&mut store), [], "nothing was begun");
        assert_eq!(Instance::new(&mut store, &empty, &[]).is_ok(), name != "instances");
        let memory = Memory::new(&mut store, MemoryType::new(1, None));
        assert_eq!(memory.is_ok(), name != "memories");
        let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None));
        assert_eq!(table.is_ok(), name != "tables");
        // The limiter may change its mind.
        store.data_mut().counts[place] = 10;
        Instance::new(&mut store, &grows, &[]).unwrap();
    }
}

/// A group is refused as a whole for its count; of what its members bring each is asked about, in order.
#[test]
fn groups_are_asked_about() {
    let engine = Engine::default();
    let user = module(
        &engine,
        r#"(module (import "grows" "m" (memory 1)) (table 3 funcref)
            (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    let grows = module(&engine, GROWS);
    let mut store = limited(&engine);
    let linker = Linker::new(&engine);
    let mut group = linker.group();
    group.module("user", &user).unwrap().module("grows", &grows).unwrap();
    store.data_mut().counts[0] = 1;
    let error = group.instantiate(&mut store).unwrap_err();
    assert!(error.to_string().contains("limiter's limit of 1 instances"), "{error}");
    assert_eq!(asked(&mut store), []);
    store.data_mut().counts[0] = 2;
    let linked = group.instantiate(&mut store).unwrap();
    let mine = [("table", 0, 2, Some(8)), ("memory", 0, PAGE, Some(5 * PAGE)), ("table", 0, 3, None)];
    assert_eq!(asked(&mut store), mine);
    // Code of one module grows the memory of another.
    let grow = linked.get("user").unwrap().get_typed_func::<(), i32>(&store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, ()).unwrap(), 1);
    assert_eq!(asked(&mut store), [("memory", PAGE, 2 * PAGE, Some(5 * PAGE))]);
}

#[test]
fn both_limits_hold() {
    let mut store = limited(&Engine::default());
    let limits = StoreLimitsBuilder::new().total_memory_size(4 * PAGE as u64).memory_size(3 * PAGE).instances(1);
    store.set_limits(limits.build());
    let instance = instance(&mut store, GROWS).unwrap();
    let memory = instance.get_typed_func::<i32, i32>(&store, "memory").unwrap();
    asked(&mut store);
    // The limiter allows what the limit of one memory forbids, and is told so.
    assert_eq!(memory.call(&mut store, 3).unwrap(), -1);
    assert_eq!((asked(&mut store).len(), std::mem::take(&mut store.data_mut().told).len()), (1, 1));
    assert_eq!(memory.call(&mut store, 1).unwrap(), 1);
    // What is to be made is compared with the limits first.
    asked(&mut store);
    assert!(Memory::new(&mut store, MemoryType::new(3, None)).is_err());
    assert_eq!((asked(&mut store), store.data().told.len()), (vec![], 0));
    assert!(crate::instance(&mut store, "(module)").is_err());
    // New limits leave the limiter where it is.
    store.set_limits(StoreLimits::default());
    store.data_mut().answer = Answer::No;
    assert_eq!(memory.call(&mut store, 1).unwrap(), -1);
    // A limiter is replaced by another.
    store.limiter(|log| {
        log.answer = Answer::Yes;
        log
    });
    assert_eq!(memory.call(&mut store, 1).unwrap(), 2);
}

#[test]
fn store_limits_are_a_limiter() {
    for engine in engines() {
        let limits =
            StoreLimitsBuilder::new().total_memory_size(4 * PAGE as u64).table_elements(3).instances(2).build();
        let mut store = store(&engine, (7, limits));
        store.limiter(|(_, limits)| limits);
        let instance = instance(&mut store, GROWS).unwrap();
        let [memory, table] =
            ["memory", "table"].map(|name| instance.get_typed_func::<i32, i32>(&store, name).unwrap());
        assert_eq!(memory.call(&mut store, 2).unwrap(), 1);
        assert!(Memory::new(&mut store, MemoryType::new(2, None)).is_err());
        Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        assert_eq!(memory.call(&mut store, 1).unwrap(), -1);
        assert_eq!((table.call(&mut store, 1).unwrap(), table.call(&mut store, 1).unwrap()), (2, -1));
        crate::instance(&mut store, "(module)").unwrap();
        assert!(crate::instance(&mut store, "(module)").is_err());
        assert_eq!(store.data().0, 7);
    }
}

/// With a limiter, and without one.
#[test]
fn growing_that_fails_may_trap() {
    for as_limiter in [false, true] {
        for engine in engines() {
            let limits = StoreLimitsBuilder::new().memory_size(2 * PAGE).table_elements(3).trap_on_grow_failure(true);
            let limits = limits.build();
            let mut store = store(&engine, limits.clone());
            if as_limiter {
                store.limiter(|limits| limits);
            } else {
                store.set_limits(limits);
            }
            let instance = instance(&mut store, GROWS).unwrap();
            for name in ["memory", "table"] {
                let grow = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
                assert!(grow.call(&mut store, 1).unwrap() >= 0);
                let error = grow.call(&mut store, 1).unwrap_err();
                assert!(error.is::<WasmBacktrace>() && format!("{error:#}").contains("grow"), "{error:#}");
                assert!(grow.call(&mut store, 0).unwrap() > 0);
            }
            assert!(instance.get_memory(&store, "m").unwrap().grow(&mut store, 1).is_err());
            // Without a growth of its own, the engine's limits would do as well: they are asked about by new stores.
            let mut config = engine.config().clone();
            config.limits(StoreLimitsBuilder::new().memory_size(PAGE).trap_on_grow_failure(true).build());
            let mut store = crate::store(&Engine::new(&config).unwrap(), ());
            let grow =
                crate::instance(&mut store, GROWS).unwrap().get_typed_func::<i32, i32>(&store, "memory").unwrap();
            assert!(grow.call(&mut store, 1).unwrap_err().is::<WasmBacktrace>());
        }
    }
}

/// No number of bytes is large enough for what is asked for.
#[test]
fn how_much_growing_fails_by_is_said_of_huge_memories_too() {
    const TEXT: &str = r#"(module
        (memory i64 1) (table i64 2 funcref)
        (func (export "memory") (param i64) (result i64) (memory.grow (local.get 0)))
        (func (export "table") (param i64) (result i64) (table.grow (ref.null func) (local.get 0))))"#;
    for engine in engines() {
        let mut store = limited(&engine);
        let instance = instance(&mut store, TEXT).unwrap();
        for name in ["memory", "table"] {
            let grow = instance.get_typed_func::<u64, i64>(&store, name).unwrap();
            assert_eq!(grow.call(&mut store, u64::MAX - 1).unwrap(), -1);
        }
        let most = u64::MAX - 1;
        let expected = [
            format!("failed to grow a memory of 1 pages by {most} pages"),
            format!("failed to grow a table of 2 elements by {most} elements"),
        ];
        assert_eq!(store.data().told, expected);
    }
}

/// A call that pauses before, between and after asks once about each.
#[test]
fn paused_calls_ask_once() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, Log::new());
    store.limiter(|log| log);
    let module = module(
        &engine,
        r#"(module (memory 0) (table 0 funcref) (func $f) (elem declare func $f)
            (func (export "run") (param $n i32) (result i32)
                (loop $l
                    (drop (memory.grow (i32.const 1)))
                    (drop (table.grow (ref.func $f) (i32.const 100)))
                    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (memory.size)))"#,
    );
    let run = Instance::new(&mut store, &module, &[]).unwrap().get_typed_func::<i32, i32>(&store, "run").unwrap();
    asked(&mut store);
    let (mut call, mut pauses) = (run.call_resumable(&mut store, 5).unwrap(), 0);
    while let Resumable::Paused(paused) = call {
        pauses += 1;
        store.add_fuel(7).unwrap();
        call = paused.resume(&mut store, &[]).unwrap();
    }
    assert_eq!(call.finished(), Some(5));
    assert!(pauses > 500, "a page costs 1,024");
    let asked_about = asked(&mut store);
    assert_eq!(asked_about.len(), 10);
    assert_eq!(asked_about[8..], [("memory", 4 * PAGE, 5 * PAGE, None), ("table", 400, 500, None)]);
    // A call that has paused ends with the limiter's error as any other, and so its stack is free again.
    store.set_limits(StoreLimitsBuilder::new().resumable_calls(1).build());
    for answer in [Answer::Fail, Answer::Panic, Answer::Yes] {
        store.set_fuel(0).unwrap();
        let Resumable::Paused(paused) = run.call_resumable(&mut store, 1).unwrap() else { panic!("it has no fuel") };
        store.data_mut().answer = answer;
        store.set_fuel(1_000_000).unwrap();
        match answer {
            Answer::Panic => assert_eq!(panics(|| paused.resume(&mut store, &[])), "the limiter panics"),
            Answer::Fail => {
                let error = Error::from(paused.resume(&mut store, &[]).unwrap_err());
                assert!(error.is::<Refused>());
            }
            _ => assert_eq!(paused.resume(&mut store, &[]).unwrap().finished(), Some(6)),
        }
    }
}

/// A large table grows in steps, between which the deadline is looked at: it is asked about once.
#[test]
fn growing_in_steps_asks_once() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, Log::new());
    store.limiter(|log| log);
    store.set_epoch_deadline(0);
    // It is always late, and pauses every other time: what stands before the operation would never go on otherwise.
    let mut pauses = true;
    store.epoch_deadline_callback(move |_| {
        pauses = !pauses;
        Ok(if pauses { UpdateDeadline::Yield(0) } else { UpdateDeadline::Continue(0) })
    });
    let module = module(
        &engine,
        r#"(module (table $t 1 funcref) (func $f) (elem declare func $f)
            (func (export "run") (result i32) (table.grow $t (ref.func $f) (i32.const 200000))))"#,
    );
    let run = Instance::new(&mut store, &module, &[]).unwrap().get_typed_func::<(), i32>(&store, "run").unwrap();
    asked(&mut store);
    let (mut call, mut pauses) = (run.call_resumable(&mut store, ()).unwrap(), 0);
    while let Resumable::Paused(paused) = call {
        pauses += 1;
        call = paused.resume(&mut store, &[]).unwrap();
    }
    assert_eq!(call.finished(), Some(1));
    assert!(pauses > 3);
    assert_eq!(asked(&mut store), [("table", 1, 200_001, None)]);
    store.data_mut().answer = Answer::Fail;
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(u64::MAX)));
    assert!(run.call(&mut store, ()).unwrap_err().is::<Refused>());
    store.data_mut().answer = Answer::No;
    assert_eq!(run.call(&mut store, ()).unwrap(), -1);
}

/// A host function has the store while code that it was called by waits to grow.
#[test]
fn growing_is_asked_about_in_nested_calls() {
    for engine in engines() {
        let mut store = limited(&engine);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Log>| {
                let grow = caller.get_export("memory").and_then(Extern::into_func).expect("a function");
                let old = grow.invoke::<i32, i32>(&mut caller, 1)?;
                let memory = caller.get_export("m").and_then(Extern::into_memory).expect("a memory");
                assert_eq!(memory.grow(&mut caller, 1)?, old as u64 + 1);
                caller.data_mut().answer = Answer::Fail;
                Ok(old)
            })
            .unwrap();
        let module = module(
            &engine,
            r#"(module (import "host" "again" (func $again (result i32)))
                (memory (export "m") 0)
                (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
                (func (export "run") (result i32)
                    (drop (memory.grow (i32.const 1)))
                    (drop (call $again))
                    (memory.grow (i32.const 1))))"#,
        );
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
        asked(&mut store);
        assert!(run.call(&mut store, ()).unwrap_err().is::<Refused>());
        let sizes: Vec<_> = asked(&mut store).iter().map(|&(_, current, desired, _)| (current, desired)).collect();
        assert_eq!(sizes, [(0, PAGE), (PAGE, 2 * PAGE), (2 * PAGE, 3 * PAGE), (3 * PAGE, 4 * PAGE)]);
    }
}

/// What can never be takes nothing back of what a limit in all counts.
#[test]
fn totals_are_not_got_around() {
    let engine = Engine::default();
    for way in 0..2 {
        let limits = StoreLimitsBuilder::new().total_memory_size(4 * PAGE as u64).build();
        let mut store = store(&engine, limits.clone());
        if way == 0 {
            store.limiter(|limits| limits);
        } else {
            store.set_limits(limits);
        }
        let instance = instance(
            &mut store,
            r#"(module (memory 0)
                (func (export "grow") (result i32)
                    (drop (memory.grow (i32.const 1)))
                    (drop (memory.grow (i32.const 65536)))
                    (drop (memory.grow (i32.const -1)))
                    (memory.size)))"#,
        );
        let grow = instance.unwrap().get_typed_func::<(), u32>(&store, "grow").unwrap();
        let sizes: Vec<_> = (0..6).map(|_| grow.call(&mut store, ()).unwrap()).collect();
        assert_eq!(sizes, [1, 2, 3, 4, 4, 4]);
    }
}
