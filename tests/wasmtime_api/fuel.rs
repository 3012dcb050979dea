//! Fibonacci numbers until the fuel is used up.

use pirn::*;

#[test]
fn main() -> Result<()> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000)?;
    let module = Module::new(
        store.engine(),
        r#"(module (func $fibonacci (export "fibonacci") (param i32) (result i32)
            (if (result i32) (i32.le_s (local.get 0) (i32.const 2))
                (then (i32.const 1))
                (else (i32.add
                    (call $fibonacci (i32.sub (local.get 0) (i32.const 1)))
                    (call $fibonacci (i32.sub (local.get 0) (i32.const 2))))))))"#,
    )?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let fibonacci = instance.get_typed_func::<i32, i32>(&mut store, "fibonacci")?;
    for n in 1.. {
        let output = match fibonacci.call(&mut store, n) {
            Ok(output) => output,
            Err(error) => {
                assert_eq!(error.downcast::<Trap>()?, Trap::OutOfFuel);
                assert!(n > 10, "the fuel sufficed for {n} numbers");
                break;
            }
        };
        assert!(output >= 1);
        assert!(store.get_fuel()? < 10_000);
        store.set_fuel(10_000)?;
    }
    Ok(())
}
