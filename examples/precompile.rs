//! What loading a serialized module saves: `cargo run --release --example precompile FILE.wasm...`
//!
//! Prints for each file how long `Module::new` takes, with functions lowered at their first calls and all at once, how long
//! `Module::deserialize` takes in the same two ways, and how many bytes of the serialized module there are for each of the file.

use pirn::{CompilationMode, Config, Engine, Module, Result};
use std::time::{Duration, Instant};

/// The shortest time of several.
fn time<R>(mut run: impl FnMut() -> Result<R>) -> Result<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..15 {
        let start = Instant::now();
        let result = run()?;
        shortest = shortest.min(start.elapsed());
        drop(result);
    }
    Ok(shortest)
}

fn main() -> Result<()> {
    let lazy = Engine::new(Config::new().compilation_mode(CompilationMode::Lazy))?;
    let eager = Engine::new(Config::new().compilation_mode(CompilationMode::Eager))?;
    for path in std::env::args().skip(1) {
        let wasm = std::fs::read(&path)?;
        let bytes = lazy.precompile_module(&wasm)?;
        let new = [time(|| Module::new(&lazy, &wasm))?, time(|| Module::new(&eager, &wasm))?];
        // SAFETY: the bytes are those that `precompile_module` gave.
        let load = |engine: &Engine| unsafe { Module::deserialize(engine, &bytes) };
        let loaded = [time(|| load(&lazy))?, time(|| load(&eager))?];
        let serialize = time(|| lazy.precompile_module(&wasm))?;
        println!("{path}: {} bytes, {:.1} for each", wasm.len(), bytes.len() as f64 / wasm.len() as f64);
        for (way, new, loaded) in [("lazily", new[0], loaded[0]), ("eagerly", new[1], loaded[1])] {
            let ratio = loaded.as_secs_f64() / new.as_secs_f64();
            println!("  {way}: new {new:?}, deserialized {loaded:?}, ratio {ratio:.3}");
        }
        println!("  serializing takes {serialize:?}");
    }
    Ok(())
}
