//! The smallest program: no imports, one function.

use pirn::*;

#[test]
fn main() -> Result<()> {
    let mut store = Store::<()>::default();
    let module = Module::new(
        store.engine(),
        r#"(module (func (export "gcd") (param i32 i32) (result i32) (local i32)
            (block $done (loop $again
                (br_if $done (i32.eqz (local.get 1)))
                (local.set 2 (i32.rem_u (local.get 0) (local.get 1)))
                (local.set 0 (local.get 1))
                (local.set 1 (local.get 2))
                (br $again)))
            (local.get 0)))"#,
    )?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let gcd = instance.get_typed_func::<(i32, i32), i32>(&mut store, "gcd")?;
    assert_eq!(gcd.call(&mut store, (6, 27))?, 3);
    Ok(())
}
