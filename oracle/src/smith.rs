//! Modules of wasm-smith, limited to what pirn knows.

use crate::program::Program;
use crate::rng::Rng;
use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

/// Calls and loop rounds of the whole program: fewer than would use the oracle's stack up.
const FUEL: u32 = 900;

/// The program of a seed; `None` if the random bytes made none.
pub fn program(seed: u64) -> Option<Program> {
    of_random_bytes(Rng::new(seed ^ 0x5317), seed, false)
}

/// The same with structs, arrays, exceptions, and typed references to functions.
pub fn with_objects(seed: u64) -> Option<Program> {
    of_random_bytes(Rng::new(seed ^ 0x0B1E), seed, true)
}

fn of_random_bytes(mut rng: Rng, seed: u64, objects: bool) -> Option<Program> {
    let bytes: Vec<u8> = (0..rng.between(300, 4_000)).map(|_| rng.next() as u8).collect();
    made(&bytes, seed, objects)
}

/// The program wasm-smith makes of `bytes`; settings and arguments come from `seed`.
pub fn from_bytes(bytes: &[u8], seed: u64) -> Option<Program> {
    made(bytes, seed, false)
}

fn made(bytes: &[u8], seed: u64, objects: bool) -> Option<Program> {
    let mut rng = Rng::new(seed ^ 0x517E);
    // Most programs have one 32-bit memory, as most that are compiled do.
    let several = rng.chance(40);
    let mut config = Config {
        allow_start_export: rng.chance(20),
        bulk_memory_enabled: true,
        canonicalize_nans: true,
        exceptions_enabled: objects,
        export_everything: true,
        // Mostly: what traps does so in the first few instructions.
        disallow_traps: rng.chance(75),
        extended_const_enabled: true,
        gc_enabled: objects,
        limit_arrays_in_const_exprs: true,
        compact_imports_enabled: false,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 12,
        max_funcs: 12,
        // Without a type there is no function.
        min_types: 3,
        min_funcs: 2,
        max_globals: 8,
        max_imports: 6,
        max_instructions: 200,
        max_memories: if several { 3 } else { 1 },
        max_memory32_bytes: 3 << 16,
        max_memory64_bytes: 3 << 16,
        custom_page_sizes_enabled: several,
        max_nesting_depth: 8,
        max_table_elements: 40,
        max_tables: 3,
        max_types: if objects { 24 } else { 12 },
        memory64_enabled: several,
        memory_max_size_required: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        simd_enabled: true,
        table_max_size_required: true,
        tail_call_enabled: true,
        threads_enabled: false,
        wide_arithmetic_enabled: true,
        ..Config::default()
    };
    // Offsets that mostly stay within a page.
    config.memory_offset_choices = wasm_smith::MemoryOffsetChoices(90, 8, 2);
    let mut module = Module::new(config, &mut Unstructured::new(bytes)).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(Program { modules: vec![module.to_bytes()], seed, rounds: 2, ..Program::default() })
}
