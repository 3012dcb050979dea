//! Sequences of API calls: stores, instances, groups, calls and items of several stores, dropped in any order, with host
//! functions that enter WebAssembly again, grow memories and instantiate meanwhile, and calls that pause, for want of fuel
//! or because a host function yields, and go on later, elsewhere or never. Errors are fine; undefined behaviour
//! (watched by AddressSanitizer) and panics are not.
//!
//! `cargo +nightly fuzz run api`

#![no_main]

use libfuzzer_sys::fuzz_target;
use pirn::{
    AsContextMut, Caller, CompilationMode, Config, Engine, Extern, Func, Global, GlobalType, Instance, Linker, Memory,
    MemoryType, Module, Paused, Ref, RefType, Resumable, ResumeError, Store, StoreLimitsBuilder, Table, TableType, Val,
    ValType, Yield,
};
use std::sync::LazyLock;

/// What stores know: enough to call anything again.
#[derive(Default)]
struct Data {
    items: Vec<Extern>,
    /// Actions of host functions.
    actions: Vec<u8>,
    /// Host calls left.
    budget: u32,
    /// Calls that may go on.
    paused: Vec<Paused<Vec<Val>>>,
}

/// Modules whose imports fit each other's exports, more or less. What calls more than once, or in a circle
/// that uses no stack, asks the host, which some time has enough.
const MODULES: &[&str] = &[
    r#"(module (memory (export "m") 1 3) (table (export "t") 4 8 funcref) (global (export "g") (mut i64) (i64.const 7))
        (func $f (export "f") (param i32) (result i32) (i32.store (i32.const 8) (local.get 0)) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
        (elem (i32.const 0) func $f $f))"#,
    r#"(module (import "a" "m" (memory 1)) (import "a" "f" (func $f (param i32) (result i32)))
        (func (export "f") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.load8_u (i32.const 9))))
        (func (export "grow") (param i32) (result i32) (memory.grow (i32.and (local.get 0) (i32.const 1)))))"#,
    r#"(module (import "a" "t" (table 1 funcref)) (import "a" "host" (func $h (param i32) (result i32)))
        (func $g (export "f") (param i32) (result i32) (call_indirect (param i32) (result i32) (call $h (local.get 0)) (i32.and (local.get 0) (i32.const 7))))
        (func (export "tail") (param i32) (result i32) (return_call_indirect (param i32) (result i32) (call $h (local.get 0)) (i32.and (local.get 0) (i32.const 3))))
        (elem (i32.const 1) func $g))"#,
    r#"(module (import "a" "host" (func $h (param i32) (result i32))) (memory (export "m") 1) (global $g (export "g") (mut i64) (i64.const 0))
        (func (export "f") (param i32) (result i32) (local $n i32) (local.set $n (i32.const 3))
            (loop (global.set $g (i64.add (global.get $g) (i64.extend_i32_s (call $h (local.get 0)))))
                (i32.store (i32.const 65532) (local.get $n)) (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (i32.load (i32.const 65532))))"#,
    r#"(module (import "b" "f" (func $f (param i32) (result i32))) (table (export "t") 2 funcref) (export "again" (func $f))
        (func (export "f") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 1)))) (call $f (i32.sub (local.get 0) (i32.const 1)))))"#,
    r#"(module (import "a" "g" (global $g (mut i64))) (table (export "t") 3 externref)
        (func $start (global.set $g (i64.add (global.get $g) (i64.const 1))) (i32.store (i32.const 70000) (i32.wrap_i64 (global.get $g))))
        (memory 1) (start $start))"#,
    r#"(module (memory (export "m") 1) (data "abcdefgh") (table (export "t") 6 funcref) (elem $e func $f)
        (func $f (export "f") (param i32) (result i32) (memory.init 0 (local.get 0) (i32.const 0) (i32.const 8)) (data.drop 0)
            (table.init $e (i32.const 5) (i32.const 0) (i32.const 1)) (elem.drop $e) (table.size 0))
        (func (export "deep") (param i32) (result i32) (i32.add (call 1 (local.get 0)) (i32.const 1))))"#,
];

/// Bytes that choose; zeros once they are used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(first)
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let at = self.byte();
        (!items.is_empty()).then(|| items[at % items.len()])
    }
}

/// The engines; the last two are metered.
static ENGINES: LazyLock<[(Engine, Vec<Module>); 4]> = LazyLock::new(|| {
    [0, 1, 2, 3].map(|which| {
        let mode = if which % 2 == 0 { CompilationMode::Lazy } else { CompilationMode::Eager };
        let mut config = Config::new();
        config.compilation_mode(mode).consume_fuel(which >= 2).max_wasm_stack(32 << 10).max_nested_entries(8);
        let engine = Engine::new(&config).expect("a valid configuration");
        let modules = MODULES.iter().map(|text| Module::new(&engine, text).expect("a valid module")).collect();
        (engine, modules)
    })
});

/// Calls a function; what pauses is kept.
fn begin(mut store: impl AsContextMut<Data = Data>, func: Func, n: i32) {
    if let Ok(Resumable::Paused(paused)) = func.call_resumable(&mut store, &[Val::I32(n)]) {
        store.as_context_mut().data_mut().paused.push(paused);
    }
}

/// Lets a call go on; gives it back if it pauses again, or is refused.
fn go_on<R: 'static>(store: impl AsContextMut<Data = Data>, paused: Paused<R>, n: i32) -> Result<R, Option<Paused<R>>> {
    let results: Vec<Val> = paused.expects().iter().map(|_| Val::I32(n)).collect();
    match paused.resume(store, &results) {
        Ok(Resumable::Finished(results)) => Ok(results),
        Ok(Resumable::Paused(paused)) => Err(Some(paused)),
        Err(error) => Err(ResumeError::into_paused(error)),
    }
}

/// Lets one of the paused calls of a store go on.
fn go_on_with(mut store: impl AsContextMut<Data = Data>, at: usize, n: i32) {
    let mut context = store.as_context_mut();
    let all = &mut context.data_mut().paused;
    if all.is_empty() {
        return;
    }
    let paused = all.swap_remove(at % all.len());
    if let Err(Some(paused)) = go_on(&mut store, paused, n) {
        store.as_context_mut().data_mut().paused.push(paused);
    }
}

/// What comes of an instantiation, if it does not pause too often.
fn finish<R: 'static>(store: &mut Store<Data>, call: pirn::Result<Resumable<R>>) -> Option<R> {
    let mut call = call.ok()?;
    for fuel in 0..20 {
        let paused = match call {
            Resumable::Finished(result) => return Some(result),
            Resumable::Paused(paused) => paused,
        };
        // An error where there is no fuel.
        let _ = store.set_fuel(fuel);
        match go_on(&mut *store, paused, 1) {
            Ok(result) => return Some(result),
            Err(paused) => call = Resumable::Paused(paused?),
        }
    }
    None
}

/// A host function: what it does, the store's data say.
fn host(mut caller: Caller<'_, Data>, n: i32) -> pirn::Result<i32> {
    let data = caller.data_mut();
    if data.budget == 0 {
        return Err(pirn::Error::msg("enough"));
    }
    data.budget -= 1;
    let action = data.actions.pop().unwrap_or(0);
    let items = data.items.clone();
    let item = |kind: u8| items.get(usize::from(kind) % items.len().max(1)).cloned();
    match action % 11 {
        0 => {}
        1 | 2 => {
            let func = items.iter().filter_map(|item| (*item).into_func()).nth(usize::from(action >> 3) % 4);
            if let Some(func) = func {
                let _ = func.call(&mut caller, &[Val::I32(n)], &mut [Val::I32(0)]);
            }
        }
        3 => {
            if let Some(Extern::Memory(memory)) = caller.get_export("m") {
                let _ = memory.grow(&mut caller, 1);
                let _ = memory.write(&mut caller, n as usize & 0x1FFFF, &[1, 2, 3]);
            }
        }
        4 => {
            let (engine, modules) = &ENGINES[0];
            let module = &modules[usize::from(action >> 3) % modules.len()];
            if Engine::same(engine, caller.engine()) {
                let _ = Instance::new(&mut caller, module, &[]);
            }
        }
        5 => return Err(pirn::Error::msg("no")),
        6 => {
            if let Some(Extern::Table(table)) = item(action >> 3) {
                let _ = table.grow(&mut caller, 1, Ref::Func(None));
            }
        }
        7 => return Err(Yield::new(n).into()),
        8 => {
            if let Some(Extern::Func(func)) = item(action >> 3) {
                begin(&mut caller, func, n);
            }
        }
        9 => go_on_with(&mut caller, usize::from(action >> 3), n),
        _ => {
            if let Some(Extern::Global(global)) = item(action >> 3) {
                let _ = global.set(&mut caller, Val::I64(i64::from(n)));
            }
        }
    }
    Ok(n.wrapping_add(1))
}

/// One store with what it made.
struct World {
    store: Store<Data>,
    items: Vec<Extern>,
    which: usize,
}

impl World {
    fn new(which: usize) -> Self {
        let mut store = Store::new(&ENGINES[which].0, Data::default());
        let host = Func::wrap(&mut store, host);
        Self { store, items: vec![host.into()], which }
    }

    /// Tells the host functions what there is.
    fn arm(&mut self, choices: &mut Choices<'_>) {
        let actions: Vec<u8> = (0..6).map(|_| choices.byte() as u8).collect();
        // An error where there is no fuel.
        let _ = self.store.set_fuel(choices.byte() as u64);
        let data = self.store.data_mut();
        data.items.clone_from(&self.items);
        (data.actions, data.budget) = (actions, 20);
    }

    fn keep(&mut self, instance: Instance) {
        let exports: Vec<Extern> = instance.exports(&self.store).map(pirn::Export::into_extern).collect();
        self.items.extend(exports);
    }
}

fn act(worlds: &mut Vec<World>, choices: &mut Choices<'_>) {
    let action = choices.byte();
    if worlds.is_empty() || (action == 0 && worlds.len() < 3) {
        return worlds.push(World::new(choices.byte() % ENGINES.len()));
    }
    let at = choices.byte() % worlds.len();
    // Items of another store, at times.
    let foreign: Vec<Extern> = worlds[choices.byte() % worlds.len()].items.clone();
    if action % 16 == 1 {
        worlds.swap_remove(at);
        return;
    }
    if action % 16 == 10 {
        // A paused call of one store, in whichever.
        let Some(paused) = worlds[at].store.data_mut().paused.pop() else { return };
        let other = choices.byte() % worlds.len();
        let world = &mut worlds[other];
        world.arm(choices);
        if let Err(Some(paused)) = go_on(&mut world.store, paused, 2) {
            // Also where it does not belong: it may be dropped after its store.
            world.store.data_mut().paused.push(paused);
        }
        return;
    }
    let world = &mut worlds[at];
    world.arm(choices);
    let own = world.items.clone();
    let modules = &ENGINES[world.which].1;
    let module = &modules[choices.byte() % modules.len()];
    let from = |choices: &mut Choices<'_>| if choices.byte() % 8 == 7 { foreign.clone() } else { own.clone() };
    match action % 16 {
        2..=5 => {
            let imports: Vec<Extern> = module
                .imports()
                .filter_map(|import| {
                    let fitting: Vec<Extern> = from(choices)
                        .into_iter()
                        .filter(|item| std::mem::discriminant(item) == kind(&import.ty()))
                        .collect();
                    let at = choices.byte();
                    (!fitting.is_empty()).then(|| fitting[at % fitting.len()])
                })
                .collect();
            let instance = if action.is_multiple_of(2) {
                Instance::new(&mut world.store, module, &imports).ok()
            } else {
                let call = Instance::new_resumable(&mut world.store, module, &imports);
                finish(&mut world.store, call)
            };
            if let Some(instance) = instance {
                world.keep(instance);
            }
        }
        6 | 7 => {
            let mut linker = Linker::new(&ENGINES[world.which].0);
            for (name, item) in ["host", "m", "t", "g"].into_iter().zip(from(choices)) {
                let _ = linker.define(&world.store, "a", name, item);
            }
            let mut group = linker.group();
            for name in ["a", "b", "c"] {
                let module = &modules[choices.byte() % modules.len()];
                let _ = group.module(name, module);
            }
            let linked = if action.is_multiple_of(2) {
                group.instantiate(&mut world.store).ok()
            } else {
                let call = group.instantiate_resumable(&mut world.store);
                finish(&mut world.store, call)
            };
            if let Some(linked) = linked {
                let instances: Vec<Instance> = linked.iter().map(|(_, instance)| instance).collect();
                instances.into_iter().for_each(|instance| world.keep(instance));
            }
        }
        8 => {
            let memory = Memory::new(&mut world.store, MemoryType::new(1, Some(2)));
            let table = Table::new(&mut world.store, TableType::new(RefType::FUNCREF, 3, Some(9)), Ref::Func(None));
            let global = Global::new(&mut world.store, GlobalType::new(ValType::I64, true), Val::I64(3));
            world.items.extend(memory.ok().map(Extern::from));
            world.items.extend(table.ok().map(Extern::from));
            world.items.extend(global.ok().map(Extern::from));
        }
        9 => {
            let (memory, tables, calls) = (choices.byte() << 14, choices.byte(), choices.byte() % 8);
            let limits = StoreLimitsBuilder::new().memory_size(memory).table_elements(tables as u32);
            world.store.set_limits(limits.resumable_calls(calls).build());
        }
        11 => go_on_with(&mut world.store, choices.byte(), 3),
        _ => {
            let items = from(choices);
            let at = choices.byte();
            let Some(item) = items.get(at % items.len().max(1)).cloned() else { return };
            let n = choices.byte() as i32;
            use_item(world, item, &items, n, choices);
        }
    }
}

fn kind(ty: &pirn::ExternType) -> std::mem::Discriminant<Extern> {
    use std::sync::OnceLock;
    static KINDS: OnceLock<[std::mem::Discriminant<Extern>; 5]> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let mut store = Store::new(&ENGINES[0].0, Data::default());
        let func = Extern::from(Func::wrap(&mut store, || {}));
        let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None)).expect("small");
        let memory = Memory::new(&mut store, MemoryType::new(0, None)).expect("small");
        let global = Global::new(&mut store, GlobalType::new(ValType::I64, true), Val::I64(3)).expect("its type");
        let tag = pirn::Tag::new(&mut store, &pirn::TagType::new(pirn::FuncType::new([], []))).expect("small");
        [func, table.into(), memory.into(), global.into(), tag.into()].map(|item| std::mem::discriminant(&item))
    });
    kinds[match ty {
        pirn::ExternType::Func(_) => 0,
        pirn::ExternType::Table(_) => 1,
        pirn::ExternType::Memory(_) => 2,
        pirn::ExternType::Global(_) => 3,
        pirn::ExternType::Tag(_) => 4,
    }]
}

fn use_item(world: &mut World, item: Extern, items: &[Extern], n: i32, choices: &mut Choices<'_>) {
    let store = &mut world.store;
    match item {
        Extern::Func(func) => {
            let _ = func.call(&mut *store, &[Val::I32(n)], &mut [Val::I32(0)]);
            begin(&mut *store, func, n);
            if let Ok(typed) = func.typed::<i32, i32>(&*store) {
                let _ = typed.call(&mut *store, -n);
            }
        }
        Extern::Memory(memory) if world.items.contains(&Extern::Memory(memory)) => {
            let _ = memory.grow(&mut *store, (n % 3) as u64);
            let len = memory.data(&*store).len();
            let _ = memory.write(&mut *store, len.saturating_sub(2), &[n as u8; 3]);
            if let Some(byte) = memory.data_mut(&mut *store).last_mut() {
                *byte = n as u8;
            }
        }
        Extern::Table(table) if world.items.contains(&Extern::Table(table)) => {
            let func = choices.pick(&items.iter().filter_map(|item| (*item).into_func()).collect::<Vec<_>>());
            let _ = table.grow(&mut *store, (n % 3) as u64, Ref::Func(None));
            let _ = table.set(&mut *store, (n % 9) as u64, Ref::Func(func));
            let _ = table.get(&*store, (n % 9) as u64);
            let _ = table.fill(&mut *store, (n % 4) as u64, Ref::Func(func), 2);
        }
        Extern::Global(global) if world.items.contains(&Extern::Global(global)) => {
            let _ = global.set(&mut *store, Val::I64(i64::from(n)));
            let _ = global.get(&*store);
        }
        _ => {}
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let mut worlds = Vec::new();
    for _ in 0..200 {
        if choices.0.is_empty() {
            break;
        }
        act(&mut worlds, &mut choices);
    }
});
