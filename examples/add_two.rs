//! Two modules, one importing from the other: 11 gives 13.

use pirn::{Engine, Module, Result, Runtime};

const ADD_ONE: &str = r#"(module
    (func (export "add_one") (param i32) (result i32)
        (i32.add (local.get 0) (i32.const 1))))"#;

const ADD_TWO: &str = r#"(module
    (import "add_one_module" "add_one" (func $add_one (param i32) (result i32)))
    (func (export "add_two") (param i32) (result i32)
        (call $add_one (call $add_one (local.get 0)))))"#;

/// Calls `add_two` with 11 in every way there is; gives what it returned each time.
pub fn run() -> Result<Vec<i32>> {
    let engine = Engine::default();
    let add_one = Module::new(&engine, ADD_ONE)?;
    let add_two = Module::new(&engine, ADD_TWO)?;

    // One after the other: a module imports from those before it...
    let mut rt = Runtime::new_named("add_one_module", &add_one)?;
    let module_idx = rt.add_module("add_two_module", &add_two)?;
    let by_name = rt.get_fn("add_two_module", "add_two")?;
    // ... where function 0 is the imported one.
    let by_index = rt.get_fn_idx(module_idx, 1)?;
    let mut results = vec![rt.invoke(&by_name, 11)?, by_index.invoke(&mut rt, 11)?];

    // Or all at once, in any order, as modules must be that import from each other.
    let mut rt = Runtime::empty(&engine);
    rt.add_modules([("add_two_module", &add_two), ("add_one_module", &add_one)])?;
    let add_two = rt.get_fn("add_two_module", "add_two")?;
    results.push(rt.invoke(&add_two, 11)?);
    Ok(results)
}

#[allow(dead_code, reason = "the tests include this file")]
fn main() -> Result<()> {
    for result in run()? {
        println!("add_two(11) = {result}");
    }
    Ok(())
}
