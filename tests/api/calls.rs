//! Calling WebAssembly.

use crate::{assert_says, instance};
use pirn::*;

const MATH: &str = r#"(module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
    (func (export "none"))
    (func (export "half") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5)))
    (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "three") (result i32 i64 f32) (i32.const 1) (i64.const 2) (f32.const 3))
    (memory (export "memory") 1))"#;

#[test]
fn typed() {
    let (mut store, instance) = instance(MATH);
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
    assert_eq!(add.call(&mut store, (i32::MAX, 1)).unwrap(), i32::MIN);
    let add = instance.get_typed_func::<(u32, u32), u32>(&store, "add").unwrap();
    assert_eq!(add.call(&mut store, (u32::MAX, 2)).unwrap(), 1);
    let swap = instance.get_typed_func::<(i32, f64), (f64, i32)>(&store, "swap").unwrap();
    assert_eq!(swap.call(&mut store, (7, 2.5)).unwrap(), (2.5, 7));
    instance.get_typed_func::<(), ()>(&store, "none").unwrap().call(&mut store, ()).unwrap();
    let half = instance.get_typed_func::<f32, f32>(&store, "half").unwrap();
    assert_eq!(half.call(&mut store, 3.0).unwrap(), 1.5);
    assert_eq!(half.func(), instance.get_func(&store, "half").unwrap());
    let three = instance.get_typed_func::<(), (i32, i64, f32)>(&store, "three").unwrap();
    assert_eq!(three.call(&mut store, ()).unwrap(), (1, 2, 3.0));
}

#[test]
fn sixteen_each_way() {
    let (mut store, instance) = instance(
        r#"(module
            (type $t (func
                (param i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64)
                (result i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32)))
            (func (export "reverse") (type $t)
                (local.get 15) (local.get 14) (local.get 13) (local.get 12)
                (local.get 11) (local.get 10) (local.get 9) (local.get 8)
                (local.get 7) (local.get 6) (local.get 5) (local.get 4)
                (local.get 3) (local.get 2) (local.get 1) (local.get 0)))"#,
    );
    type Params = (i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64);
    type Results = (i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32);
    let reverse = instance.get_typed_func::<Params, Results>(&store, "reverse").unwrap();
    let results = reverse.call(&mut store, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)).unwrap();
    let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) = results;
    assert_eq!([a, c, e, g, i, k, m, o], [15, 13, 11, 9, 7, 5, 3, 1]);
    assert_eq!([b, d, f, h, j, l, n, p], [14, 12, 10, 8, 6, 4, 2, 0]);
}

#[test]
fn untyped() {
    let (mut store, instance) = instance(MATH);
    let swap = instance.get_func(&store, "swap").unwrap();
    assert_eq!(swap.ty(&store), FuncType::new([ValType::I32, ValType::F64], [ValType::F64, ValType::I32]));
    let mut results = [Val::I32(0); 2];
    swap.call(&mut store, &[Val::I32(7), Val::from(2.5)], &mut results).unwrap();
    assert_eq!(results, [Val::from(2.5), Val::I32(7)]);
}

#[test]
fn many_arguments() {
    let params = "i64 ".repeat(300);
    let (mut store, instance) = instance(&format!(
        "(module (func (export \"f\") (param {params}) (result i64)
            (i64.add (local.get 0) (i64.add (local.get 298) (local.get 299)))))"
    ));
    let args: Vec<_> = (1..=300).map(Val::I64).collect();
    let mut result = [Val::I64(0)];
    instance.get_func(&store, "f").unwrap().call(&mut store, &args, &mut result).unwrap();
    assert_eq!(result, [Val::I64(600)]);
}

#[test]
fn exports_that_were_meant_come_first_and_are_few() {
    let (store, none) = instance("(module)");
    assert_says(&none.get_typed_func::<(), ()>(&store, "run").unwrap_err(), &["no export `run`: it exports nothing"]);
    let exports: String = (0..50).map(|n| format!("(export \"function-{n}\" (func 0))")).collect();
    let (store, many) = instance(&format!("(module (func) {exports} (export \"\\07bell\" (func 0)))"));
    let error = many.get_typed_func::<(), ()>(&store, "Function_37").unwrap_err().to_string();
    assert!(error.contains("it exports `function-37`, `function-"), "{error}");
    assert!(error.ends_with(" and 43 more"), "{error}");
    assert_eq!(error.matches('`').count(), 2 + 2 * 8);
    // What names say does not command the terminal.
    let error = many.get_typed_func::<(), ()>(&store, "bell").unwrap_err().to_string();
    assert!(error.contains("it exports `\\u{7}bell`"), "{error}");
}

#[test]
fn wrong_types() {
    let (mut store, instance) = instance(MATH);
    let error = instance.get_typed_func::<(i32, i64), i32>(&store, "add").unwrap_err();
    assert_says(&error, &["add", "expected func [i32 i64] -> [i32]", "found func [i32 i32] -> [i32]"]);
    let error = instance.get_typed_func::<(), ()>(&store, "nothing").unwrap_err();
    assert_says(&error, &["no export `nothing`"]);
    let error = instance.get_typed_func::<(i32, i32), i32>(&store, "Ad").unwrap_err();
    assert_says(&error, &["no export `Ad`: it exports `add`, "]);
    let error = instance.get_typed_func::<(), ()>(&store, "memory").unwrap_err();
    assert_says(&error, &["memory", "expected func", "found memory {min 1}"]);
    let add = instance.get_func(&store, "add").unwrap();
    let error = add.call(&mut store, &[Val::I32(1)], &mut [Val::I32(0)]).unwrap_err();
    assert_says(&error, &["expected 2 arguments, found 1"]);
    let error = add.call(&mut store, &[Val::I32(1), Val::I64(1)], &mut [Val::I32(0)]).unwrap_err();
    assert_says(&error, &["argument 1: expected i32, found i64"]);
    let error = add.call(&mut store, &[Val::I32(1), Val::I32(1)], &mut []).unwrap_err();
    assert_says(&error, &["expected room for 1 results, found 0"]);
}

#[test]
fn wrong_store() {
    let (mut store, instance) = instance(MATH);
    let mut other = Store::new(store.engine(), ());
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
    assert_says(&add.call(&mut other, (1, 2)).unwrap_err(), &["wrong store"]);
    let func = add.func();
    assert_says(&func.call(&mut other, &[], &mut []).unwrap_err(), &["wrong store"]);
    assert_says(&func.typed::<(i32, i32), i32>(&other).unwrap_err(), &["wrong store"]);
    assert_says(&instance.get_typed_func::<(), ()>(&other, "none").unwrap_err(), &["wrong store"]);
    fn panics<R>(f: impl Fn() -> R) {
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err());
    }
    panics(|| func.ty(&other));
    panics(|| instance.get_export(&other, "add"));
    let memory = instance.get_memory(&store, "memory").unwrap();
    panics(|| memory.size(&other));
    assert!(memory.grow(&mut other, 1).is_err());
    assert_eq!(add.call(&mut store, (1, 2)).unwrap(), 3);
}

#[test]
fn traps() {
    let (mut store, instance) = instance(MATH);
    let div = instance.get_typed_func::<(i32, i32), i32>(&store, "div").unwrap();
    let error = div.call(&mut store, (1, 0)).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerDivideByZero));
    assert_eq!(error.to_string(), "integer divide by zero");
    let error = div.call(&mut store, (i32::MIN, -1)).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::IntegerOverflow));
    assert_eq!(div.call(&mut store, (7, -2)).unwrap(), -3);
}

#[test]
fn the_stack_ends() {
    let mut config = Config::new();
    config.max_wasm_stack(64 << 10);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (func $f (export "f") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
                    (else (i32.const 0)))))"#,
    );
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module.unwrap(), &[]).unwrap();
    let f = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
    for _ in 0..3 {
        assert_eq!(f.call(&mut store, 100).unwrap(), 100);
        assert_eq!(f.call(&mut store, 1_000_000).unwrap_err().trap(), Some(Trap::StackOverflow));
    }
}

#[test]
fn stores_begin_clean() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (func (export "locals") (result i64) (local i64 i64 i64 i64)
                (i64.or (i64.or (local.get 0) (local.get 1)) (i64.or (local.get 2) (local.get 3))))
            (func $deep (export "deep") (param i64 i64 i64 i64)
                (call $deep (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1))))"#,
    )
    .unwrap();
    for i in 0..3 {
        let mut store = Store::new(&engine, i);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let locals = instance.get_typed_func::<(), i64>(&store, "locals").unwrap();
        assert_eq!(locals.call(&mut store, ()).unwrap(), 0);
        let data = Func::wrap(&mut store, |caller: Caller<'_, i32>| *caller.data());
        assert_eq!(data.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), i);
        let deep = instance.get_typed_func::<(i64, i64, i64, i64), ()>(&store, "deep").unwrap();
        assert_eq!(deep.call(&mut store, (0, 0, 0, 0)).unwrap_err().trap(), Some(Trap::StackOverflow));
    }
}

#[test]
fn eager_and_unfused_mean_the_same() {
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for fuse in [false, true] {
            let mut config = Config::new();
            config.compilation_mode(mode).fuse(fuse);
            let engine = Engine::new(&config).unwrap();
            let module = Module::new(&engine, MATH).unwrap();
            // The second store finds all code lowered in either mode.
            for _ in 0..2 {
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let div = instance.get_typed_func::<(i32, i32), i32>(&store, "div").unwrap();
                assert_eq!(div.call(&mut store, (7, 2)).unwrap(), 3);
            }
        }
    }
}

#[test]
fn threads_share_a_module() {
    let engine = Engine::default();
    let module = Module::new(&engine, MATH).unwrap();
    std::thread::scope(|scope| {
        for i in 0..4 {
            let module = &module;
            scope.spawn(move || {
                let mut store = Store::new(module.engine(), ());
                let instance = Instance::new(&mut store, module, &[]).unwrap();
                let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
                assert_eq!(add.call(&mut store, (i, 1)).unwrap(), i + 1);
            });
        }
    });
}

#[test]
fn refused_modules_say_where() {
    let engine = Engine::default();
    let binary = wat_to_binary();
    Module::validate(&engine, &binary).unwrap();
    Module::from_binary(&engine, &binary).unwrap();
    let error = Module::from_binary(&engine, &binary[..binary.len() - 1]).unwrap_err();
    assert!(error.offset().is_some(), "{error}");
    assert!(Module::validate(&engine, b"\0asm\x02\0\0\0").is_err());
    assert!(Module::new(&engine, "(module (func (result i32)))").unwrap_err().offset().is_some());
    assert!(Module::new(&engine, "(modul)").is_err());
}

/// `(module (func (export "f")))`.
fn wat_to_binary() -> Vec<u8> {
    let mut binary = b"\0asm\x01\0\0\0".to_vec();
    binary.extend([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, b'f', 0, 0, 10, 4, 1, 2, 0, 0x0b]);
    binary
}
