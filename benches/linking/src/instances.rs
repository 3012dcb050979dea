//! Memory of one more instance of a module that is decoded already.

use crate::heap::live;
use anyhow::Result;
use pirn::{Engine, Instance, Module, Store, Val};
use std::fmt::Write;

/// Most bytes a function may take in one more instance.
pub const LIMIT: usize = 16;

/// Instances over which growing vectors of the store are averaged.
const INSTANCES: usize = 1_000;

/// What an instance of a module of some functions takes.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    /// Functions of the module.
    pub funcs: usize,
    /// Bytes of one more instance.
    pub bytes: usize,
    /// The same, after each of its functions was called.
    pub called: usize,
}

/// Measures; needs [`crate::heap::Counting`].
///
/// # Errors
/// The text is wrong.
pub fn footprint(funcs: usize) -> Result<Footprint> {
    let mut text = String::from("(module (func (export \"all\")");
    for i in 1..funcs {
        let _ = write!(text, "(drop (call $f{i} (i32.const {i})))");
    }
    text += ")\n";
    for i in 1..funcs {
        let _ = writeln!(text, "(func $f{i} (param i32) (result i32) (i32.add (local.get 0) (i32.const {i})))");
    }
    text += ")";
    let engine = Engine::default();
    let module = Module::new(&engine, text)?;
    let mut store = Store::new(&engine, ());
    // What is once for all instances: the code, and the store's own.
    let first = Instance::new(&mut store, &module, &[])?;
    let call = |store: &mut Store<()>, instance: &Instance| {
        let all = instance.get_func(&*store, "all").expect("exported");
        all.call(&mut *store, &[], &mut [] as &mut [Val])
    };
    call(&mut store, &first)?;

    let before = live();
    let mut instances = Vec::with_capacity(INSTANCES);
    let room = live().wrapping_sub(before);
    for _ in 0..INSTANCES {
        instances.push(Instance::new(&mut store, &module, &[])?);
    }
    let bytes = live().wrapping_sub(before).wrapping_sub(room).div_ceil(INSTANCES);
    for instance in &instances {
        call(&mut store, instance)?;
    }
    let called = live().wrapping_sub(before).wrapping_sub(room).div_ceil(INSTANCES);
    Ok(Footprint { funcs, bytes, called })
}
