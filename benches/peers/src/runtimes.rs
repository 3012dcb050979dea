//! All runtimes, by name.

use crate::adapters::{SfNano, Stitch, Tinywasm, Wasmtime};
use anyhow::{Result, bail};
use pirn_suite::Runtime;
use pirn_suite::adapters::{Pirn, Wasmi};

/// What is known of a runtime without running it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What tables call it, and how it is asked for.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Whether it takes part in everything, or, as a second configuration of another, only in starting up.
    pub runs: bool,
    /// Whether machine code is generated.
    pub jit: bool,
}

const fn kind(name: &'static str, what: &'static str, runs: bool, jit: bool) -> Kind {
    Kind { name, what, runs, jit }
}

/// All of them, in the order of the tables.
pub const ALL: [Kind; 13] = [
    kind("pirn", "interpreter; all functions lowered when the module is made", true, false),
    kind("pirn lazy", "functions lowered on their first call (the default)", false, false),
    kind("wasmi", "wasmi 2.0.0, interpreter; tail-call dispatch, eager", true, false),
    kind("wasmi lazy translation", "validates all, translates functions on their first call", false, false),
    kind("wasmi lazy", "validates and translates functions on their first call", false, false),
    kind("sf-nano", "sf-nano-core 0.6.0, its interpreter of assembly handlers", true, false),
    kind("stitch", "makepad-stitch 0.1.0, interpreter; lowers functions on their first call", true, false),
    kind("wasm3", "wasm3 0.9.0 by wasm3x 0.2.1, interpreter in C; compiles functions at instantiation", true, false),
    kind("wasm3 lazy", "compiles functions on their first call, and does not validate them before", false, false),
    kind("tinywasm", "tinywasm 0.10.0, interpreter", true, false),
    kind("wasmtime Pulley", "wasmtime 48.0.8, interpreter of bytecode that Cranelift has optimised", true, false),
    kind("wasmtime Winch", "wasmtime 48.0.8, compiler in one pass", true, true),
    kind("wasmtime Cranelift", "wasmtime 48.0.8, optimising compiler", true, true),
];

/// The runtime of this name.
///
/// # Errors
/// There is none, or this build or machine does not have it.
pub fn by_name(name: &str) -> Result<Box<dyn Runtime>> {
    Ok(match name {
        "pirn" => Box::new(Pirn::eager()),
        "pirn lazy" => Box::new(Pirn::lazy()),
        "wasmi" => Box::new(Wasmi::eager()),
        "wasmi lazy translation" => Box::new(Wasmi::lazy_translation()),
        "wasmi lazy" => Box::new(Wasmi::lazy()),
        "sf-nano" => Box::new(SfNano::new()?),
        "stitch" => Box::new(Stitch::default()),
        #[cfg(feature = "wasm3")]
        "wasm3" => Box::new(crate::adapters::Wasm3::eager()),
        #[cfg(feature = "wasm3")]
        "wasm3 lazy" => Box::new(crate::adapters::Wasm3::lazy()),
        #[cfg(not(feature = "wasm3"))]
        "wasm3" | "wasm3 lazy" => bail!("not built: needs clang, libclang and `--features wasm3`"),
        "tinywasm" => Box::new(Tinywasm::default()),
        "wasmtime Pulley" => Box::new(Wasmtime::pulley()?),
        "wasmtime Winch" => Box::new(Wasmtime::winch()?),
        "wasmtime Cranelift" => Box::new(Wasmtime::cranelift()?),
        _ => bail!("there is no runtime `{name}`"),
    })
}
