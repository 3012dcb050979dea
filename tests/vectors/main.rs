//! Vectors where host and WebAssembly meet.
//!
//! - `calls`: arguments and results of calls in either direction, at every place among others;
//! - `pauses`: calls that stand still with vectors in their frames: out of fuel, or for a host function's results;
//! - `items`: globals, types that do not match, large frames, values.

#![cfg(feature = "wat")]

mod calls;
mod items;
mod pauses;

use pirn::*;

/// Engines that execute the same in different ways.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for (fuse, fuel, epochs) in [(true, false, false), (false, false, true), (true, true, true)] {
            let mut config = Config::new();
            config.compilation_mode(mode).fuse(fuse).consume_fuel(fuel).epoch_interruption(epochs);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

/// A store that nothing stops.
fn store(engine: &Engine) -> Store<Vec<Vec<Val>>> {
    let mut store = Store::new(engine, Vec::new());
    if engine.config().consumes_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.set_epoch_deadline(u64::MAX);
    store
}

fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// A vector of its own for each number, whose words differ.
fn vector(number: usize) -> V128 {
    V128::from(0x8182_8384_8586_8788_0102_0304_0506_0708 ^ (number as u128) << 100 ^ number as u128)
}

/// A value of a type, another one for each number.
fn value(ty: ValType, number: usize) -> Val {
    match ty {
        ValType::I32 => Val::I32(-1 - number as i32),
        ValType::I64 => Val::I64(-1_000_000_000_000 - number as i64),
        ValType::F32 => Val::from(number as f32 + 0.5),
        ValType::F64 => Val::from(number as f64 + 0.25),
        ValType::V128 => Val::V128(vector(number)),
        ValType::Ref(ty) => Ref::null(ty).into(),
    }
}

/// Values of these types, all different.
fn values(types: &[ValType]) -> Vec<Val> {
    types.iter().enumerate().map(|(i, &ty)| value(ty, i)).collect()
}

/// Lists of up to four types, with vectors at each set of places.
fn signatures() -> Vec<Vec<ValType>> {
    const SCALARS: [ValType; 5] = [ValType::I32, ValType::F64, ValType::EXTERNREF, ValType::I64, ValType::F32];
    let mut lists = Vec::new();
    for count in 1..=4 {
        for vectors in 0..1_usize << count {
            let ty = |i: usize| if vectors >> i & 1 == 1 { ValType::V128 } else { SCALARS[(vectors + i) % 5] };
            lists.push((0..count).map(ty).collect());
        }
    }
    lists
}

/// The types as text.
fn text(types: &[ValType]) -> String {
    types.iter().map(|ty| format!("{ty} ")).collect()
}

/// The first locals, so many.
fn locals(count: usize) -> String {
    (0..count).map(|i| format!("(local.get {i}) ")).collect()
}

fn call(store: &mut Store<Vec<Vec<Val>>>, instance: Instance, name: &str, args: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&mut *store, name).unwrap_or_else(|| panic!("no `{name}`"));
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, args, &mut results).map(|()| results)
}

fn message<R: std::fmt::Debug>(result: Result<R>) -> String {
    result.unwrap_err().to_string()
}
