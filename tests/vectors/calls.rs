//! Calls with vectors among arguments and results.

use crate::{call, engines, locals, message, module, signatures, store, text, value, values, vector};
use pirn::*;

/// Functions of each signature: `same` gives what it takes, `through` has `same` do so, `tail` by a tail call, `indirect` by a
/// table, and `host`, `host_tail` have the host do so. `back` gives it backwards.
fn functions() -> (String, Vec<Vec<ValType>>) {
    let signatures = signatures();
    let (mut types, mut imports, mut funcs) = (String::new(), String::new(), String::new());
    for (i, signature) in signatures.iter().enumerate() {
        let (list, args) = (text(signature), locals(signature.len()));
        let backwards: Vec<ValType> = signature.iter().rev().copied().collect();
        let backwards_args: String = (0..signature.len()).rev().map(|i| format!("(local.get {i}) ")).collect();
        types += &format!("(type $t{i} (func (param {list}) (result {list})))");
        imports += &format!("(import \"host\" \"same{i}\" (func $import{i} (type $t{i})))");
        let func = |name: &str, body: String| format!("(func ${name}{i} (export \"{name}{i}\") (type $t{i}) {body})\n");
        funcs += &func("same", args.clone());
        funcs += &func("through", format!("(call $same{i} {args})"));
        funcs += &func("tail", format!("(return_call $same{i} {args})"));
        funcs += &func("indirect", format!("(call_indirect (type $t{i}) {args} (i32.const {i}))"));
        funcs += &func("host", format!("(call $import{i} {args})"));
        funcs += &func("host_tail", format!("(return_call $import{i} {args})"));
        funcs += &func("host_through", format!("(call $host_tail{i} {args})"));
        funcs +=
            &format!("(func (export \"back{i}\") (param {list}) (result {}) {backwards_args})\n", text(&backwards));
    }
    let elements: String = (0..signatures.len()).map(|i| format!("$same{i} ")).collect();
    let count = signatures.len();
    (
        format!("(module {types} {imports} (table {count} funcref) (elem (i32.const 0) func {elements})\n{funcs})"),
        signatures,
    )
}

#[test]
fn vectors_keep_their_places_among_others() {
    let (wat, signatures) = functions();
    for engine in engines() {
        let mut linker = Linker::new(&engine);
        for (i, signature) in signatures.iter().enumerate() {
            let ty = FuncType::new(signature.iter().copied(), signature.iter().copied());
            let same = |mut caller: Caller<'_, Vec<Vec<Val>>>, args: &[Val], results: &mut [Val]| {
                assert!(results.iter().zip(args).all(|(result, arg)| *result == Val::default_for(arg.ty())));
                results.copy_from_slice(args);
                caller.data_mut().push(args.to_vec());
                Ok(())
            };
            linker.func_new("host", &format!("same{i}"), ty, same).unwrap();
        }
        let mut store = store(&engine);
        let instance = linker.instantiate(&mut store, &module(&engine, &wat)).unwrap();
        for (i, signature) in signatures.iter().enumerate() {
            let args = values(signature);
            for name in ["same", "through", "tail", "indirect", "host", "host_tail", "host_through"] {
                let results = call(&mut store, instance, &format!("{name}{i}"), &args).unwrap();
                assert_eq!(results, args, "{name} {signature:?}");
            }
            assert_eq!(std::mem::take(store.data_mut()), vec![args.clone(); 3], "{signature:?}");
            let backwards: Vec<_> = args.iter().rev().copied().collect();
            assert_eq!(call(&mut store, instance, &format!("back{i}"), &args).unwrap(), backwards, "{signature:?}");
        }
    }
}

#[test]
fn typed_functions_take_and_give_vectors() {
    let sixteen = "v128 ".repeat(16);
    let wat = format!(
        r#"(module
        (func (export "none") (result v128) (v128.const i64x2 1 2))
        (func (export "one") (param v128) (result v128) (local.get 0))
        (func (export "take") (param i32 v128 f64) (result i32) (local.get 0))
        (func (export "mixed") (param i32 v128 f64 v128) (result v128 f64 i32 v128)
            (local.get 3) (local.get 2) (local.get 0) (local.get 1))
        (func (export "last") (param f32 v128) (result f32 v128) (local.get 0) (local.get 1))
        (func (export "reference") (param v128 externref v128) (result externref v128)
            (local.get 1) (local.get 2))
        (func (export "sixteen") (param {sixteen}) (result {sixteen}) {}))"#,
        (0..16).rev().map(|i| format!("(local.get {i}) ")).collect::<String>(),
    );
    for engine in engines() {
        let mut store = store(&engine);
        let instance = Instance::new(&mut store, &module(&engine, &wat), &[]).unwrap();
        macro_rules! func {
            ($params:ty => $results:ty, $name:literal) => {
                instance.get_typed_func::<$params, $results>(&store, $name).unwrap()
            };
        }
        let (a, b) = (vector(1), vector(2));
        assert_eq!(func!(() => V128, "none").call(&mut store, ()).unwrap().as_u128(), 2 << 64 | 1);
        assert_eq!(func!(V128 => V128, "one").call(&mut store, a).unwrap(), a);
        assert_eq!(func!((V128,) => (V128,), "one").call(&mut store, (b,)).unwrap(), (b,));
        assert_eq!(func!((i32, V128, f64) => i32, "take").call(&mut store, (5, a, 2.5)).unwrap(), 5);
        let mixed = func!((i32, V128, f64, V128) => (V128, f64, u32, V128), "mixed");
        assert_eq!(mixed.call(&mut store, (-1, a, 2.5, b)).unwrap(), (b, 2.5, u32::MAX, a));
        assert_eq!(mixed.call_resumable(&mut store, (7, b, 1.5, a)).unwrap().finished(), Some((a, 1.5, 7, b)));
        assert_eq!(func!((f32, V128) => (f32, V128), "last").call(&mut store, (0.5, b)).unwrap(), (0.5, b));
        let value = ExternRef::new(&mut store, 7);
        let reference =
            func!((V128, Option<Rooted<ExternRef>>, V128) => (Option<Rooted<ExternRef>>, V128), "reference");
        assert_eq!(reference.call(&mut store, (a, Some(value), b)).unwrap(), (Some(value), b));
        type Sixteen = (V128, V128, V128, V128, V128, V128, V128, V128, V128, V128, V128, V128, V128, V128, V128, V128);
        let sixteen = func!(Sixteen => Sixteen, "sixteen");
        let v = vector;
        let args =
            (v(0), v(1), v(2), v(3), v(4), v(5), v(6), v(7), v(8), v(9), v(10), v(11), v(12), v(13), v(14), v(15));
        let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) = sixteen.call(&mut store, args).unwrap();
        assert_eq!([p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a], std::array::from_fn(v));
        let error = message(instance.get_typed_func::<V128, u64>(&store, "one"));
        assert!(error.contains("expected func [v128] -> [i64], found func [v128] -> [v128]"), "{error}");
    }
}

#[test]
fn host_functions_take_and_give_vectors() {
    let wat = r#"(module
        (import "host" "swap" (func $swap (param v128 i32 v128) (result v128 v128)))
        (import "host" "add" (func $add (param i64 v128) (result v128)))
        (import "host" "pair" (func $pair (param v128) (result f64 v128)))
        (import "host" "tell" (func $tell (param v128)))
        (export "swap" (func $swap)) (export "add" (func $add)) (export "pair" (func $pair))
        (func (export "sum") (param v128 v128) (result v128)
            (i64x2.add (call $add (i64.const 5) (local.get 0)) (call $add (i64.const 7) (local.get 1))))
        (func (export "difference") (param v128 v128) (result v128) (local v128)
            (call $tell (local.get 0))
            (call $swap (local.get 0) (i32.const 1) (local.get 1))
            (local.set 2) (local.set 0)
            (i64x2.sub (local.get 0) (local.get 2)))
        (func (export "behind") (param v128) (result v128 f64)
            (local f64)
            (call $pair (local.get 0)) (local.set 0) (local.set 1)
            (local.get 0) (f64.add (local.get 1) (f64.const 1)))
        (func (export "tail") (param v128) (result v128) (return_call $add (i64.const 3) (local.get 0)))
        (func $through (param v128) (result v128) (return_call $add (i64.const 4) (local.get 0)))
        (func (export "twice") (param v128) (result v128) (call $through (call $through (local.get 0)))))"#;
    let lanes = |low: i64, high: i64| V128::from(u128::from(high as u64) << 64 | u128::from(low as u64));
    for engine in engines() {
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "swap", |a: V128, which: i32, b: V128| {
                assert_eq!(which, 1);
                (b, a)
            })
            .unwrap()
            .func_wrap("host", "add", |n: i64, a: V128| {
                let add = |word: u128| u128::from((word as u64).wrapping_add(n as u64));
                V128::from(add(a.as_u128() >> 64) << 64 | add(a.as_u128()))
            })
            .unwrap()
            .func_wrap("host", "pair", |a: V128| -> Result<(f64, V128)> { Ok((1.5, a)) })
            .unwrap()
            .func_wrap("host", "tell", |mut caller: Caller<'_, Vec<Vec<Val>>>, a: V128| {
                caller.data_mut().push(vec![a.into()]);
            })
            .unwrap();
        let mut store = store(&engine);
        let instance = linker.instantiate(&mut store, &module(&engine, wat)).unwrap();
        let (a, b) = (lanes(10, -20), lanes(300, 4000));
        let mut call = |name: &str, args: &[Val]| call(&mut store, instance, name, args).unwrap();
        assert_eq!(call("sum", &[a.into(), b.into()]), [lanes(322, 3992).into()]);
        assert_eq!(call("difference", &[a.into(), b.into()]), [lanes(290, 4020).into()]);
        assert_eq!(call("behind", &[a.into()]), [a.into(), Val::from(2.5_f64)]);
        assert_eq!(call("tail", &[a.into()]), [lanes(13, -17).into()]);
        assert_eq!(call("twice", &[b.into()]), [lanes(308, 4008).into()]);
        // Called by the embedder itself.
        assert_eq!(call("swap", &[a.into(), Val::I32(1), b.into()]), [Val::V128(b), Val::V128(a)]);
        assert_eq!(call("add", &[Val::I64(-1), a.into()]), [lanes(9, -21).into()]);
        assert_eq!(call("pair", &[b.into()]), [Val::from(1.5_f64), b.into()]);
        assert_eq!(*store.data(), [vec![Val::V128(a)]]);
    }
}

#[test]
fn values_of_another_type_are_refused() {
    let engine = Engine::default();
    let mut store = store(&engine);
    let ty = FuncType::new([ValType::I32, ValType::V128], [ValType::V128]);
    let wrong = Func::new(&mut store, ty, |_: Caller<'_, Vec<Vec<Val>>>, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let mut results = [Val::I32(0)];
    let right = [Val::I32(0), value(ValType::V128, 0)];
    let error = message(wrong.call(&mut store, &right, &mut results));
    assert_eq!(error, "result 0 of a host function: expected v128, found i64");
    let error = message(wrong.call(&mut store, &[Val::I32(0), Val::F64(0)], &mut results));
    assert_eq!(error, "argument 1: expected v128, found f64");
    let error = message(wrong.call(&mut store, &[right[1], right[0]], &mut results));
    assert_eq!(error, "argument 0: expected i32, found v128");
    assert_eq!(results, [Val::I32(0)]);
}
