//! A program: modules that import from each other, and what is called in them.

use crate::outcome::{FloatAreas, Type, Value};
use crate::rng::Rng;

/// Name of the exported global that counts calls down, if a program has one; it is filled before each call.
pub const FUEL: &str = "fuel";

/// Name of an exported function that is called when all others have been, if a program has one: it copies what cannot be looked
/// at to an exported memory.
pub const LOOK: &str = "look";

/// What [`FUEL`] is filled with.
pub const FUEL_PER_CALL: i32 = 60;

/// Modules, instantiated in order. The `n`th is known to the others as `m<n>`; whatever else they import, the host
/// makes, by the import's type.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Binary modules.
    pub modules: Vec<Vec<u8>>,
    /// See [`FloatAreas`].
    pub floats: FloatAreas,
    /// Arguments are drawn from this.
    pub seed: u64,
    /// How often each function is called.
    pub rounds: usize,
    /// Whether operators of relaxed SIMD do what the deterministic profile says, on every engine.
    pub deterministic: bool,
    /// If the modules import from each other in circles: the same program as one module, for engines that cannot link
    /// them. What it exports is called by module and name, as `1:f0`.
    pub merged: Option<Vec<u8>>,
    /// The program that it was made of and that does the same, if there is one: of fewer memories, say.
    pub original: Option<Box<Program>>,
}

impl Program {
    /// The modules for an engine that instantiates one after the other.
    pub fn in_order(&self) -> &[Vec<u8>] {
        self.merged.as_ref().map_or(&self.modules[..], std::slice::from_ref)
    }

    /// Module and name of an export of one of [`Program::in_order`].
    pub fn export(&self, index: usize, name: &str) -> (usize, String) {
        let parts = self.merged.as_ref().and_then(|_| name.split_once(':'));
        match parts.and_then(|(module, name)| Some((module.parse().ok()?, name))) {
            Some((module, name)) => (module, name.to_owned()),
            None => (index, name.to_owned()),
        }
    }

    /// Where among [`Program::in_order`] an export is, and what it is called there.
    pub fn place(&self, module: usize, name: &str) -> (usize, String) {
        match self.merged {
            Some(_) => (0, format!("{module}:{name}")),
            None => (module, name.to_owned()),
        }
    }
}

/// One call of an exported function.
#[derive(Debug, Clone)]
pub struct Call {
    /// Of which module.
    pub module: usize,
    /// Its name.
    pub name: String,
    /// The arguments.
    pub args: Vec<Value>,
    /// Types of the results.
    pub results: Vec<Type>,
}

/// An exported function: module, name, parameters, results.
pub type Exported = (usize, String, Vec<Type>, Vec<Type>);

/// The calls of a program with these exported functions.
pub fn plan(program: &Program, exports: &[Exported]) -> Vec<Call> {
    let mut rng = Rng::new(program.seed ^ 0xCA11);
    let mut calls = Vec::new();
    for _ in 0..program.rounds {
        for (module, name, params, results) in exports.iter().filter(|(_, name, ..)| name != LOOK) {
            if !params.iter().all(|ty| ty.has_values()) {
                continue;
            }
            let args = params.iter().map(|&ty| Value::interesting(ty, &mut rng)).collect();
            calls.push(Call { module: *module, name: name.clone(), args, results: results.clone() });
        }
    }
    calls
}

/// The module an import's module name refers to.
pub fn provider(name: &str) -> Option<usize> {
    name.strip_prefix('m')?.parse().ok()
}
