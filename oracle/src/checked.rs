//! Checks the threaded code of a program's functions, lowered in every way, without running any of it
//! ([`pirn_decode::checker`]).

use crate::program::Program;
use crate::turn;
use pirn_decode::checker::{Verdict, type_ids};
use pirn_decode::{Module, Options};

/// What became of functions, each counted once for every way of lowering it.
#[derive(Debug, Default)]
pub struct Checked {
    /// How many are right.
    pub right: u64,
    /// How many take too long to check.
    pub too_hard: u64,
    /// The mistakes in the others.
    pub mistakes: Vec<String>,
}

/// Every way of lowering.
pub const WAYS: [Options; 7] = [
    Options { fuse: true, fuel: false, epochs: false, deterministic: false },
    Options { fuse: false, fuel: false, epochs: false, deterministic: false },
    Options { fuse: true, fuel: true, epochs: false, deterministic: false },
    Options { fuse: false, fuel: true, epochs: false, deterministic: false },
    Options { fuse: true, fuel: false, epochs: true, deterministic: false },
    Options { fuse: true, fuel: false, epochs: false, deterministic: true },
    Options { fuse: false, fuel: false, epochs: false, deterministic: true },
];

/// The ways in which the code of a seed's program is checked before it runs: the one that most people use, and two of the others.
pub fn ways(seed: u64) -> [Options; 3] {
    let [first, others @ ..] = WAYS;
    let (at, more) = (turn(seed, others.len()), 1 + turn(seed ^ 1 << 63, others.len() - 1));
    [first, others[at], others[(at + more) % others.len()]]
}

impl Checked {
    /// Checks all functions of a program, lowered in these ways.
    pub fn add(&mut self, program: &Program, ways: &[Options]) {
        for (index, wasm) in program.modules.iter().enumerate() {
            let Ok(module) = Module::new(&**wasm) else { continue };
            self.add_module(&format!("m{index}"), &module, ways);
        }
    }

    /// Checks all functions of a module, which mistakes call `name`.
    pub fn add_module(&mut self, name: &str, module: &Module, ways: &[Options]) {
        let type_ids = type_ids(module);
        for &options in ways {
            let checker = pirn_exec::inspect::checker(module, &type_ids, options);
            for funcidx in module.own_funcs() {
                match checker.function(funcidx) {
                    Ok(Verdict::Right) => self.right += 1,
                    Ok(Verdict::TooHard) => self.too_hard += 1,
                    Err(mistake) => self.mistakes.push(format!("{name}, {options:?}: {mistake}")),
                }
            }
        }
    }
}
