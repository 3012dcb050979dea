//! What the right columns of the two pages on migration name is there, and does what the left column's does. The programs that were ported are
//! `examples/from_wasmtime.rs` and `from_wasmi.rs`.

use pirn::*;

const TEXT: &str = r#"(module
    (table (export "table") 1 4 funcref)
    (memory (export "memory") 1 2)
    (global (export "global") (mut i32) (i32.const 5))
    (type $none (func))
    (func (export "zero") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
    (func (export "trunc") (result i32) (i32.trunc_f32_s (f32.const nan)))
    (func (export "dead") unreachable)
    (func (export "call") (param i32) (call_indirect (type $none) (local.get 0)))
    (func (export "set") (table.set (i32.const 0) (ref.func $other)))
    (elem declare func $other)
    (func $other (param i64)))"#;

/// A store with an instance of it.
fn made() -> Result<(Store<()>, Instance)> {
    let engine = Engine::new(Config::new().max_wasm_stack(1 << 20).module_limits(ModuleLimits::untrusted()))?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &Module::new(&engine, TEXT)?)?;
    Ok((store, instance))
}

#[test]
fn traps_have_these_names() -> Result<()> {
    let (mut store, instance) = made()?;
    let mut trap = |name: &str, params: &[Val]| {
        let func = instance.get_func(&store, name).expect("it is exported");
        let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
        let error = func.call(&mut store, params, &mut results).expect_err("it traps");
        assert_eq!(error.downcast_ref::<Trap>().copied(), error.trap());
        error.trap()
    };
    assert_eq!(trap("zero", &[Val::I32(0)]), Some(Trap::IntegerDivideByZero));
    assert_eq!(trap("trunc", &[]), Some(Trap::InvalidConversionToInteger));
    assert_eq!(trap("dead", &[]), Some(Trap::Unreachable));
    assert_eq!(trap("call", &[Val::I32(7)]), Some(Trap::UndefinedElement));
    assert_eq!(trap("call", &[Val::I32(0)]), Some(Trap::UninitializedElement));
    instance.get_typed_func::<(), ()>(&store, "set")?.call(&mut store, ())?;
    let error = instance.get_typed_func::<i32, ()>(&store, "call")?.call(&mut store, 0).expect_err("another type");
    assert_eq!(error.trap(), Some(Trap::IndirectCallTypeMismatch));
    Ok(())
}

#[test]
fn types_and_values_are_written_like_this() -> Result<()> {
    let (mut store, instance) = made()?;
    assert_eq!(FuncType::new([ValType::I32], []).params(), [ValType::I32]);
    let global = instance.get_global(&store, "global").expect("it is exported");
    assert_eq!((global.ty(&store).content, global.ty(&store).mutable), (ValType::I32, true));
    assert_eq!(GlobalType::new(ValType::I32, true), global.ty(&store));
    let memory = instance.get_memory(&store, "memory").expect("it is exported").ty(&store);
    assert_eq!((memory.minimum(), memory.maximum(), memory.is_64()), (1, Some(2), false));
    assert!(MemoryType::new64(1, None).is_64() && MemoryType::shared(1, 2).is_shared());
    assert_eq!(MemoryType::new(1, None).with_page_size(1).page_size(), 1);
    let table = instance.get_table(&store, "table").expect("it is exported").ty(&store);
    assert_eq!((table.element, table.minimum(), table.maximum()), (RefType::FUNCREF, 1, Some(4)));

    assert_eq!(Val::default_for(ValType::FUNCREF), Val::FuncRef(None));
    assert_eq!(Val::F64(1.5_f64.to_bits()).f64(), Some(1.5));
    let value = ExternRef::new(&mut store, "text");
    assert_eq!(value.data(&store)?.and_then(|value| value.downcast_ref()), Some(&"text"));
    let functions = instance.exports(&store).filter_map(|export| export.into_extern().into_func()).count();
    assert_eq!(functions, 5);
    Ok(())
}

#[test]
fn linkers_and_errors_have_these_functions() -> Result<()> {
    let (mut store, _) = made()?;
    let engine = store.engine().clone();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("m", "", || 1)?;
    assert!(linker.get(&mut store, "m", "").is_some());
    linker.define_unknown_imports_as_traps(&Module::new(&engine, r#"(module (import "m" "f" (func)))"#)?)?;
    assert!(linker.get(&mut store, "m", "f").is_some());

    assert_eq!(Error::msg("text").to_string(), "text");
    assert!(Error::new(std::fmt::Error).is::<std::fmt::Error>());
    assert_eq!(Error::i32_exit(3).i32_exit_status(), Some(3));
    assert_eq!(CompilationMode::default(), CompilationMode::Lazy);
    Ok(())
}
