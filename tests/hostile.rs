//! Modules made to take more memory than they may: what is lowered is linear in what is read.

use peak_alloc::PeakAlloc;
use pirn::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that `call` takes at its peak, over those there were.
fn peak(call: impl FnOnce()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    call();
    MEMORY.peak_usage() - before
}

/// Bytes that all functions of `wat` take, when they are lowered, for one of the module.
fn bytes_for_one(wat: &str) -> usize {
    let engine = Engine::new(Config::new().compilation_mode(CompilationMode::Eager)).unwrap();
    // The handler table is made once.
    Module::new(&engine, "(module (func))").unwrap();
    let wasm = wat::parse_str(wat).unwrap();
    peak(|| drop(Module::new(&engine, &wasm).unwrap())) / wasm.len()
}

/// One test: what runs beside it would be counted.
#[test]
fn memory_is_linear() {
    let (types, values) = ("i32 ".repeat(1000), "(local.get 0)".repeat(1000));
    // Something waits below all the time.
    let below = "i32.const 7 ";
    let wide = format!("(type $t (func (param {types}) (result {types}))) (func $f (type $t) unreachable)");
    let function = |body: &str| format!("(module {wide} (func (param i32) {below} {body} unreachable))");
    let calls = function(&format!("{values} {}", "call $f ".repeat(20_000)));
    let arms = function(&format!("{values} {}", "local.get 0 if (type $t) else end ".repeat(5_000)));
    let tests = function(&format!("i32.const 1 {}", "i32.eqz ".repeat(200_000)));
    let moves = function(&format!(
        "(block (result {types}) {below} {values} {} unreachable) unreachable",
        "local.get 0 br_if 0 ".repeat(10_000)
    ));
    let labels = (1..=100).map(|label| format!("{label} ")).collect::<String>();
    let tables = format!("(block {below} call $g local.get 0 br_table {labels} 1) ").repeat(100);
    let tables = format!(
        "(module (func $g (result {types}) unreachable) (func (param i32) (result {types}) {} {tables} unreachable {}))",
        format!("(block (result {types}) ").repeat(100),
        ")".repeat(100)
    );
    for (name, wat) in [("calls", calls), ("arms", arms), ("tests", tests), ("moves", moves), ("tables", tables)] {
        let bytes = bytes_for_one(&wat);
        println!("{name}: {bytes} bytes for one of the module");
        assert!(bytes < 200, "{name} take {bytes} bytes for one of the module");
    }
}
