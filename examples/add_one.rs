//! One module, called by name, by index, and both ways around: 11 gives 12.

use pirn::{DEFAULT_MODULE, Engine, Module, Result, Runtime};

const ADD_ONE: &str = r#"(module
    (func (export "add_one") (param i32) (result i32)
        (i32.add (local.get 0) (i32.const 1))))"#;

/// Calls `add_one` with 11 in every way there is; gives what it returned each time.
pub fn run() -> Result<Vec<i32>> {
    let engine = Engine::default();
    let module = Module::new(&engine, ADD_ONE)?;
    let mut rt = Runtime::new(&module)?;

    let by_name = rt.get_fn(DEFAULT_MODULE, "add_one")?;
    let by_index = rt.get_fn_idx(0, 0)?;
    let typed = rt.get_typed_fn::<i32, i32>(DEFAULT_MODULE, "add_one")?;
    Ok(vec![rt.invoke(&by_name, 11)?, by_index.invoke(&mut rt, 11)?, typed.call(&mut rt, 11)?])
}

#[allow(dead_code, reason = "the tests include this file")]
fn main() -> Result<()> {
    for result in run()? {
        println!("add_one(11) = {result}");
    }
    Ok(())
}
