//! wasmi: sorts argument 1 numbers by a module, benches/kernels/quicksort.wat.

use programs::number;
use wasmi::{Engine, Linker, Module, Store};

fn main() {
    let engine = Engine::default();
    let module = Module::new(&engine, include_bytes!("../quicksort.wasm")).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let instance = Linker::<()>::new(&engine).instantiate_and_start(&mut store, &module).expect("it imports nothing");
    let run = instance.get_typed_func::<i32, i64>(&store, "run").expect("it exports this");
    println!("{}", run.call(&mut store, number(1) as i32).expect("it does not trap"));
}
