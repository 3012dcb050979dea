//! Time to link many modules, against the time to hash the names their imports give.

use crate::fastest;
use anyhow::Result;
use pirn::{Engine, Linker, Module, Store};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::time::Duration;

/// Imports of each module, and exports.
pub const IMPORTS: usize = 100;
/// Most times the hashing that linking 1,000 modules may take.
pub const LIMIT: f64 = 10.0;
/// Most times the linking of 1,000 modules that linking 2,000 may take.
pub const GROWTH: f64 = 2.3;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct LinkTime {
    /// Hashing module's name and name of every import once.
    pub hash: Duration,
    /// Adding all modules to a group, and instantiating it in a new store.
    pub link: Duration,
}

/// Measures with `count` modules, each of which imports from 100 others.
///
/// # Errors
/// The texts are wrong.
pub fn link_time(count: usize) -> Result<LinkTime> {
    let engine = Engine::default();
    let modules = (0..count).map(|i| {
        let mut text = String::from("(module\n");
        for j in 0..IMPORTS {
            let from = (i + 1 + j * 7) % count;
            let _ = writeln!(text, "(import \"module_{from}\" \"function_{j}\" (func (param i32) (result i32)))");
        }
        text += "(func $own (param i32) (result i32) (local.get 0))\n";
        for j in 0..IMPORTS {
            let _ = writeln!(text, "(export \"function_{j}\" (func $own))");
        }
        Ok((format!("module_{i}"), Module::new(&engine, text + ")")?))
    });
    let modules = modules.collect::<Result<Vec<_>>>()?;

    let hasher = RandomState::new();
    let hash = fastest(5, || {
        for (_, module) in &modules {
            for import in module.imports() {
                black_box(hasher.hash_one(import.module()) ^ hasher.hash_one(import.name()));
            }
        }
    });
    let linker = Linker::new(&engine);
    let mut linked = Ok(());
    let link = fastest(5, || {
        let mut store = Store::new(&engine, ());
        let mut group = linker.group();
        let added = modules.iter().try_for_each(|(name, module)| group.module(name, module).map(|_| ()));
        let done = added.and_then(|()| group.instantiate(&mut store).map(|_| ()));
        if linked.is_ok() {
            linked = done;
        }
    });
    linked?;
    Ok(LinkTime { hash, link })
}
