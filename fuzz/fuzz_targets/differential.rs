//! Modules that wasm-smith makes of the input, on pirn and on the oracle: see the crate `pirn-oracle`. The first byte is
//! their seed, which chooses arguments and pirn's modes.
//!
//! `cargo +nightly fuzz run differential`

#![no_main]

use libfuzzer_sys::fuzz_target;
use pirn_oracle::on_pirn::Mode;
use pirn_oracle::{Authority, Verdict, check, smith};

fuzz_target!(|bytes: &[u8]| {
    let Some((&seed, bytes)) = bytes.split_first() else { return };
    let seed = u64::from(seed);
    let Some(program) = smith::from_bytes(bytes, seed) else { return };
    if let Verdict::Different(mismatch) = check(&program, Authority::Wasmi, &Mode::of_seed(seed), 0) {
        panic!(
            "{:?}: expected {:?}, found {:?}",
            mismatch.mode,
            mismatch.expected.events.get(mismatch.at),
            mismatch.found.events.get(mismatch.at)
        );
    }
});
