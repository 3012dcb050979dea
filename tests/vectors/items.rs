//! Globals, types that do not match, large frames, values.

use crate::{call, engines, message, module, store, vector};
use pirn::*;

#[test]
fn globals_hold_vectors() {
    let wat = r#"(module
        (import "host" "given" (global $given v128))
        (import "host" "shared" (global $shared (mut v128)))
        (global (export "own") (mut v128) (v128.const i32x4 1 2 3 -4))
        (global $number (export "number") (mut i64) (i64.const 5))
        (global (export "copy") v128 (global.get $given))
        (global (export "constant") v128 (v128.const f64x2 1 -2))
        (export "shared" (global $shared))
        (func (export "get") (result v128 i64 v128) (global.get 2) (global.get $number) (global.get $shared))
        (func (export "set") (param v128)
            (global.set $shared (global.get 2))
            (global.set 2 (local.get 0))
            (global.set $number (i64.add (global.get $number) (i64.const 1)))))"#;
    let own = V128::from(0xffff_fffc_0000_0003_0000_0002_0000_0001);
    for engine in engines() {
        let mut store = store(&engine);
        let global = |store: &mut Store<_>, mutable, number| {
            Global::new(store, GlobalType::new(ValType::V128, mutable), vector(number).into()).unwrap()
        };
        let (given, shared) = (global(&mut store, false, 1), global(&mut store, true, 2));
        let module = module(&engine, wat);
        let instance = Instance::new(&mut store, &module, &[given.into(), shared.into()]).unwrap();
        let get = |store: &mut Store<_>, name| instance.get_global(&mut *store, name).unwrap().get(&*store);
        assert_eq!(get(&mut store, "own"), own.into());
        assert_eq!(get(&mut store, "copy"), vector(1).into());
        let two = u128::from((-2_f64).to_bits()) << 64 | u128::from(1_f64.to_bits());
        assert_eq!(get(&mut store, "constant"), two.into());
        let results = call(&mut store, instance, "get", &[]).unwrap();
        assert_eq!(results, [own.into(), Val::I64(5), vector(2).into()]);

        call(&mut store, instance, "set", &[vector(3).into()]).unwrap();
        assert_eq!((shared.get(&store), get(&mut store, "own")), (own.into(), vector(3).into()));
        // An instance and the host see the same.
        let other = Instance::new(&mut store, &module, &[given.into(), shared.into()]).unwrap();
        shared.set(&mut store, vector(4).into()).unwrap();
        for instance in [instance, other] {
            assert_eq!(call(&mut store, instance, "get", &[]).unwrap()[2], vector(4).into());
        }
        assert_eq!(call(&mut store, instance, "get", &[]).unwrap()[..2], [vector(3).into(), Val::I64(6)]);

        assert_eq!(message(shared.set(&mut store, Val::I64(1))), "value of a global: expected v128, found i64");
        let number = instance.get_global(&mut store, "number").unwrap();
        assert_eq!(message(number.set(&mut store, vector(1).into())), "value of a global: expected i64, found v128");
        assert!(message(given.set(&mut store, vector(1).into())).contains("immutable"));
        assert_eq!(given.get(&store), vector(1).into());
    }
}

#[test]
fn a_vector_is_not_two_numbers() {
    let engine = Engine::default();
    let mut store = store(&engine);
    let number = Global::new(&mut store, GlobalType::new(ValType::I64, false), Val::I64(1)).unwrap();
    let asks = module(&engine, r#"(module (import "host" "g" (global v128)))"#);
    let error = message(Instance::new(&mut store, &asks, &[number.into()]));
    assert!(error.contains("global v128") && error.contains("global i64"), "{error}");
    let two = Func::wrap(&mut store, |_: i64, _: i64| {});
    let asks = module(&engine, r#"(module (import "host" "f" (func (param v128))))"#);
    let error = message(Instance::new(&mut store, &asks, &[two.into()]));
    assert!(error.contains("func [v128] -> []") && error.contains("func [i64 i64] -> []"), "{error}");
    let wat = r#"(module
        (type $one (func (param v128))) (type $two (func (param i64 i64)))
        (func $f (type $one)) (table 1 funcref) (elem (i32.const 0) $f)
        (func (export "right") (call_indirect (type $one) (v128.const i64x2 1 2) (i32.const 0)))
        (func (export "wrong") (call_indirect (type $two) (i64.const 1) (i64.const 2) (i32.const 0))))"#;
    let instance = Instance::new(&mut store, &module(&engine, wat), &[]).unwrap();
    call(&mut store, instance, "right", &[]).unwrap();
    let error = call(&mut store, instance, "wrong", &[]).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::IndirectCallTypeMismatch));
}

/// Locals up to the last word that a slot can name begin with zeros, are set, and lie where nobody else does.
#[test]
fn frames_hold_as_many_vectors_as_there_are_slots() {
    let wat = |count: usize| {
        format!(
            r#"(module
            (func (export "f") (param v128) (result v128 v128) {locals}
                (local.set {count} (i64x2.add (local.get 0) (local.get {count})))
                (local.get {count}) (local.get {before})))"#,
            locals = "(local v128)".repeat(count),
            before = count - 1,
        )
    };
    // Besides them there are four words of results, as many of operands, and two headers.
    let count = (65_535 - 4 - 4 - 2 * 3) / 2;
    let error = message(Module::new(&Engine::default(), wat(count + 1)));
    assert!(error.contains("needs a frame of 65536 words, more than the 65535 supported"), "{error}");
    for engine in engines() {
        let mut store = store(&engine);
        let instance = Instance::new(&mut store, &module(&engine, &wat(count)), &[]).unwrap();
        for number in 0..2 {
            // What another call left there is gone.
            let results = call(&mut store, instance, "f", &[vector(number).into()]).unwrap();
            assert_eq!(results, [vector(number).into(), Val::V128(V128::from(0))]);
        }
    }
}

#[test]
fn values_are_what_they_are_made_of() {
    let value = Val::from(vector(1));
    assert_eq!((value.ty(), value.v128(), value.unwrap_v128()), (ValType::V128, Some(vector(1)), vector(1)));
    assert_eq!(Val::from(vector(1).as_u128()), value);
    assert_eq!((value.i64(), Val::I64(1).v128()), (None, None));
    assert_eq!(Val::default_for(ValType::V128), Val::V128(V128::from(0)));
    assert_eq!(ValType::V128.to_string(), "v128");
    let debug = format!("{:?}", Val::from(0x0123_u128 << 100));
    assert_eq!(debug, "V128(V128(0x00001230000000000000000000000000))");
    let panicked = std::panic::catch_unwind(|| Val::I32(1).unwrap_v128());
    assert!(panicked.unwrap_err().downcast_ref::<String>().unwrap().contains("expected v128, found i32"));
}

#[test]
fn modules_with_vectors_go_through_bytes() {
    let engine = Engine::default();
    let wat = r#"(module
        (global $g (export "g") v128 (v128.const i64x2 7 8))
        (func (export "f") (param i32 v128) (result v128) (i64x2.add (local.get 1) (global.get $g))))"#;
    let bytes = module(&engine, wat).serialize().unwrap();
    // SAFETY: `serialize` gave them.
    let module = unsafe { Module::deserialize(&engine, &bytes) }.unwrap();
    let mut store = store(&engine);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let f = instance.get_typed_func::<(i32, V128), V128>(&store, "f").unwrap();
    assert_eq!(f.call(&mut store, (1, V128::from(1 << 64 | 2))).unwrap(), V128::from(9 << 64 | 9));
}
