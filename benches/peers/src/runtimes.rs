//! All runtimes, by name.

use crate::adapters::{SfNano, Stitch, Tinywasm, Validator, Wasmtime};
use crate::plan::COLD;
use anyhow::{Context, Result, bail};
use pirn_suite::Runtime;
use pirn_suite::adapters::{Pirn, Wasmi};
use std::path::Path;

/// What everything is compared with.
pub const BASE: &str = "pirn";

/// What is compared with where the time of starting up is most of it: pirn as it is by default.
pub const LAZY: &str = "pirn lazy";

/// The optimising compiler whose machine code a file holds.
pub const CACHED: &str = "wasmtime cached";

/// What the runtimes of the group `group` are compared with.
pub fn base(group: &str) -> &'static str {
    if group == COLD { LAZY } else { BASE }
}

/// What is known of a runtime without running it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What tables call it, and how it is asked for.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Where it takes part.
    pub part: Part,
    /// Whether machine code is generated.
    pub jit: bool,
}

/// Where a runtime takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// In everything.
    All,
    /// A second configuration of another one, which differs only in starting up and in memory.
    Starting,
    /// In the time of starting up only: it runs nothing.
    Validation,
    /// In what begins with a process only: it has kept what it compiled before.
    Cached,
}

impl Kind {
    /// Whether it takes part in the group of this name.
    pub fn takes_part(&self, group: &str) -> bool {
        match self.part {
            Part::All => group != "simd" || VECTORS.contains(&self.name),
            Part::Starting => !matches!(group, "execute" | "simd" | "loops" | "gc" | "exceptions" | "calls"),
            Part::Validation => group == "startup",
            Part::Cached => group == COLD,
        }
    }
}

const fn kind(name: &'static str, what: &'static str, part: Part, jit: bool) -> Kind {
    Kind { name, what, part, jit }
}

/// Those that have vectors. The compiler in one pass has few of the operators.
const VECTORS: [&str; 5] = [BASE, "wasmi", "tinywasm", "wasmtime Pulley", "wasmtime Cranelift"];

/// All of them, in the order of the tables.
pub const ALL: [Kind; 15] = [
    kind(BASE, "interpreter; all functions lowered when the module is made", Part::All, false),
    kind(LAZY, "validates all, lowers functions on their first call (the default)", Part::Starting, false),
    kind("wasmi", "wasmi 2.0.0, interpreter; tail-call dispatch, eager", Part::All, false),
    kind(
        "wasmi lazy translation",
        "validates all, translates functions on their first call (the default)",
        Part::Starting,
        false,
    ),
    kind("wasmi lazy", "validates and translates functions on their first call", Part::Starting, false),
    kind("sf-nano", "sf-nano-core 0.6.0, its interpreter of assembly handlers", Part::All, false),
    kind("stitch", "makepad-stitch 0.1.0, interpreter; lowers functions on their first call", Part::All, false),
    kind("wasm3", "wasm3 by wasm3x 0.2.1, interpreter in C; compiles functions at instantiation", Part::All, false),
    kind(
        "wasm3 lazy",
        "compiles functions on their first call, and does not validate them before",
        Part::Starting,
        false,
    ),
    kind("tinywasm", "tinywasm 0.10.0, interpreter", Part::All, false),
    kind("wasmtime Pulley", "wasmtime 48.0.8, interpreter of bytecode that Cranelift has optimised", Part::All, false),
    kind("wasmtime Winch", "wasmtime 48.0.8, compiler in one pass", Part::All, true),
    kind("wasmtime Cranelift", "wasmtime 48.0.8, optimising compiler", Part::All, true),
    kind(CACHED, "wasmtime 48.0.8, Cranelift's machine code from a file that was written before", Part::Cached, true),
    kind(
        "validation alone",
        "wasmparser of the version pirn uses, no runtime: the floor for all that validate",
        Part::Validation,
        false,
    ),
];

/// The runtime of this name.
///
/// `kept` is where what keeps its machine code has it.
///
/// # Errors
/// There is none, or this build or machine does not have it.
pub fn by_name(name: &str, kept: Option<&Path>) -> Result<Box<dyn Runtime>> {
    Ok(match name {
        BASE => Box::new(Pirn::eager()),
        LAZY => Box::new(Pirn::lazy()),
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
        "wasm3" | "wasm3 lazy" => bail!("{NOT_BUILT}"),
        "tinywasm" => Box::new(Tinywasm::default()),
        "wasmtime Pulley" => Box::new(Wasmtime::pulley()?),
        "wasmtime Winch" => Box::new(Wasmtime::winch()?),
        "wasmtime Cranelift" => Box::new(Wasmtime::cranelift()?),
        CACHED => {
            let kept = kept.context("it keeps machine code nowhere")?.into();
            // SAFETY: `child::Process` gives a path in a directory that it made and that goes with it.
            Box::new(unsafe { Wasmtime::cached(kept) }?)
        }
        "validation alone" => Box::new(Validator),
        _ => bail!("there is no runtime `{name}`"),
    })
}

/// Why a runtime is missing that this build does not have.
pub const NOT_BUILT: &str = "not built: it needs clang, libclang, and the feature `wasm3`";
