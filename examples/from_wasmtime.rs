//! A program for wasmtime 48, ported: "was" marks what changed, and all else is as it was, but for the names of the crate.
//!
//!     cargo run --example from_wasmtime

use pirn::{
    Caller, Config, Engine, Error, Extern, FuncType, Global, GlobalType, Linker, Module, Result, Store, StoreLimits,
    StoreLimitsBuilder, Trap, Val, ValType,
};

const SHOP: &str = r#"(module
    (import "host" "log" (func $log (param i32 i32)))
    (import "host" "price" (func $price (param i32) (result i32)))
    (import "host" "tax" (global $tax (mut i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "sold")
    (func (export "total") (param $items i32) (result i32)
        (call $log (i32.const 8) (i32.const 4))
        (i32.add (call $price (local.get $items)) (global.get $tax)))
    (func (export "each") (param $sum i32) (param $among i32) (result i32)
        (i32.div_s (local.get $sum) (local.get $among)))
    (func (export "grow") (result i32) (memory.grow (i32.const 100)))
    (func (export "hang") (loop $again (br $again))))"#;

struct Host {
    log: Vec<String>,
    limits: StoreLimits,
}

fn main() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(&engine, SHOP)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "log", |mut caller: Caller<'_, Host>, at: u32, len: u32| -> Result<()> {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
            return Err(Error::msg("the module exports no memory"));
        };
        let (bytes, host) = memory.data_and_store_mut(&mut caller);
        let text =
            bytes.get(at as usize..).and_then(|bytes| bytes.get(..len as usize)).ok_or(Trap::MemoryOutOfBounds)?;
        host.log.push(String::from_utf8_lossy(text).into_owned());
        Ok(())
    })?;
    let ty = FuncType::new([ValType::I32], [ValType::I32]); // was: FuncType::new(&engine, ...)
    linker.func_new("host", "price", ty, |_, params, results| {
        results[0] = Val::I32(10 * params[0].unwrap_i32());
        Ok(())
    })?;

    let limits = StoreLimitsBuilder::new().memory_size(1 << 20).build();
    let mut store = Store::new(&engine, Host { log: Vec::new(), limits });
    store.limiter(|host| &mut host.limits);
    store.set_fuel(1_000_000)?;
    // was: GlobalType::new(ValType::I32, Mutability::Var)
    let tax = Global::new(&mut store, GlobalType::new(ValType::I32, true), Val::I32(7))?;
    linker.define(&store, "host", "tax", tax)?;

    let instance = linker.instantiate(&mut store, &module)?;
    let total = instance.get_typed_func::<i32, i32>(&mut store, "total")?;
    assert_eq!(total.call(&mut store, 3)?, 37);
    tax.set(&mut store, Val::I32(0))?;
    assert_eq!(total.call(&mut store, 3)?, 30);
    assert_eq!(store.data().log, ["sold", "sold"]);

    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow")?;
    assert_eq!(grow.call(&mut store, ())?, -1);
    let each = instance.get_typed_func::<(i32, i32), i32>(&mut store, "each")?;
    let error = each.call(&mut store, (30, 0)).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerDivideByZero)); // was: IntegerDivisionByZero
    let hang = instance.get_typed_func::<(), ()>(&mut store, "hang")?;
    let error = hang.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
    println!("{:?}", store.data().log);
    Ok(())
}
