//! Arbitrary bytes as a module: it is valid if wasmparser says so, whoever checked its bodies.
//!
//! `cargo +nightly fuzz run validity`

#![no_main]

use libfuzzer_sys::fuzz_target;
use pirn_decode::Module;
use pirn_decode::module::FEATURES;
use wasmparser::Validator;

fuzz_target!(|bytes: &[u8]| {
    let ours = Module::new(bytes).map(|_| ());
    let theirs = Validator::new_with_features(FEATURES).validate_all(bytes).map(|_| ());
    let too_large = ours.as_ref().is_err_and(|error| error.message().contains("needs a frame"));
    assert!(ours.is_ok() == theirs.is_ok() || too_large, "{ours:?}, and wasmparser {theirs:?}");
});
