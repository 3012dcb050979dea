//! Modules that wasm-smith makes of the input, on pirn and on the oracle: see the crate `pirn-oracle`.
//!
//! `cargo +nightly fuzz run differential`

#![no_main]

use libfuzzer_sys::fuzz_target;
use pirn_oracle::on_pirn::Mode;
use pirn_oracle::{Authority, Verdict, check, smith};

fuzz_target!(|bytes: &[u8]| {
    let Some(program) = smith::from_bytes(bytes, 0) else { return };
    if let Verdict::Different(mismatch) = check(&program, Authority::Wasmi, &Mode::ALL[..2], 0) {
        panic!(
            "{:?}: expected {:?}, found {:?}",
            mismatch.mode,
            mismatch.expected.events.get(mismatch.at),
            mismatch.found.events.get(mismatch.at)
        );
    }
});
