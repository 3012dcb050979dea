//! Functions of several results, of the guest and of the host.

use pirn::*;

#[test]
fn main() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (func $f (import "" "f") (param i32 i64) (result i64 i32))
            (func $g (export "g") (param i32 i64) (result i64 i32) (call $f (local.get 0) (local.get 1)))
            (func (export "round_trip_many") (param i64 i64 i64 i64 i64) (result i64 i64 i64 i64 i64)
                local.get 0 local.get 1 local.get 2 local.get 3 local.get 4))"#,
    )?;
    let callback_type = FuncType::new([ValType::I32, ValType::I64], [ValType::I64, ValType::I32]);
    let callback = Func::new(&mut store, callback_type, |_, args, results| {
        results[0] = Val::I64(args[1].unwrap_i64() + 1);
        results[1] = Val::I32(args[0].unwrap_i32() + 1);
        Ok(())
    });
    let instance = Instance::new(&mut store, &module, &[callback.into()])?;
    let g = instance.get_typed_func::<(i32, i64), (i64, i32)>(&mut store, "g")?;
    assert_eq!(g.call(&mut store, (1, 3))?, (4, 2));

    let round_trip_many = instance
        .get_typed_func::<(i64, i64, i64, i64, i64), (i64, i64, i64, i64, i64)>(&mut store, "round_trip_many")?;
    assert_eq!(round_trip_many.call(&mut store, (0, 1, 2, 3, 4))?, (0, 1, 2, 3, 4));

    let round_trip_many = instance.get_func(&mut store, "round_trip_many").expect("it is exported");
    let args: Vec<Val> = (0..5).map(Val::I64).collect();
    let mut results = vec![Val::I32(0); 5];
    round_trip_many.call(&mut store, &args, &mut results)?;
    for (at, result) in results.iter().enumerate() {
        assert_eq!(result.i64(), Some(at as i64));
    }
    Ok(())
}
