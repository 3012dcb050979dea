//! Arbitrary bytes as a module: an error or a module whose functions can all be lowered, never a panic. (With debug
//! assertions, which fuzzing has, wasmparser is asked about every body that pirn accepted by itself.)
//!
//! `cargo +nightly fuzz run decode`

#![no_main]

use libfuzzer_sys::fuzz_target;
use pirn::{CompilationMode, Config, Engine, Module};
use std::sync::LazyLock;

fuzz_target!(|bytes: &[u8]| {
    static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| {
        [true, false].map(|fuse| {
            let mut config = Config::new();
            config.compilation_mode(CompilationMode::Eager).fuse(fuse);
            Engine::new(&config).expect("a valid configuration")
        })
    });
    let results = ENGINES.each_ref().map(|engine| Module::from_binary(engine, bytes).is_ok());
    assert_eq!(results[0], results[1], "fusing decides whether a module is valid");
});
