//! Checks the threaded code of a program's functions, lowered in every way, without running any of it
//! ([`pirn_decode::checker`]).

use crate::program::Program;
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
const WAYS: [Options; 7] = [
    Options { fuse: true, fuel: false, epochs: false, deterministic: false },
    Options { fuse: false, fuel: false, epochs: false, deterministic: false },
    Options { fuse: true, fuel: true, epochs: false, deterministic: false },
    Options { fuse: false, fuel: true, epochs: false, deterministic: false },
    Options { fuse: true, fuel: false, epochs: true, deterministic: false },
    Options { fuse: true, fuel: false, epochs: false, deterministic: true },
    Options { fuse: false, fuel: false, epochs: false, deterministic: true },
];

impl Checked {
    /// Checks all functions of a program.
    pub fn add(&mut self, program: &Program) {
        for (index, wasm) in program.modules.iter().enumerate() {
            let Ok(module) = Module::new(&**wasm) else { continue };
            self.add_module(&format!("m{index}"), &module);
        }
    }

    /// Checks all functions of a module, which mistakes call `name`.
    pub fn add_module(&mut self, name: &str, module: &Module) {
        let type_ids = type_ids(module);
        for options in WAYS {
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
