//! Broken modules: pirn accepts and refuses the modules that wasmparser does, though it checks most bodies itself.

use crate::program::Program;
use crate::rng::Rng;
use pirn_decode::Module;
use pirn_decode::module::FEATURES;
use wasmparser::Validator;

/// How many broken modules are made of a program.
const MODULES: usize = 6;

/// Breaks bodies of a program's modules: in each a byte or a few.
///
/// # Panics
/// pirn and wasmparser differ on what comes of it.
pub fn compare(program: &Program, seed: u64) {
    let mut rng = Rng::new(seed ^ 0xB20C);
    for _ in 0..MODULES {
        let whole = rng.pick(&program.modules);
        let Ok(module) = Module::new(&**whole) else { continue };
        let bodies: Vec<_> = module.bodies.into_iter().filter(|body| !body.is_empty()).collect();
        if bodies.is_empty() {
            continue;
        }
        let mut broken = whole.clone();
        for _ in 0..rng.weighted(&[0, 8, 2, 1]) {
            let body = rng.pick(&bodies).clone();
            let (at, other) = (rng.between(body.start, body.end - 1), rng.between(body.start, body.end - 1));
            match rng.below(5) {
                0 => broken[at] = rng.next() as u8,
                1 => broken[at] = broken[other],
                2 => broken.swap(at, other),
                // Another index, label, type or operator of the same sort.
                _ => broken[at] ^= 1 << rng.below(4),
            }
        }
        let ours = Module::new(&*broken).map(|_| ());
        let theirs = Validator::new_with_features(FEATURES).validate_all(&broken).map(|_| ());
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{ours:?}, and wasmparser {theirs:?}: {broken:02x?}");
    }
}
