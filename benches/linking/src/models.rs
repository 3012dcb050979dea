//! Models of the designs in indirection_bench: how a linker's data structures find the next function, and nothing else.
//!
//! A function is local, and calls a function of its module by index, or imported, and has names. A hop goes from a local
//! function to the imported one it calls, and on to the local one that is. A model differs from the next in how it takes
//! the second step. Execution, arguments and frames cost nothing here.

use crate::heap::measure;
use crate::{FUEL, JINX_MODULE_SIZE, MODULES};
use std::collections::BTreeMap;
use std::hint::black_box;

/// A function by module and place in it.
type Pair = (usize, usize);

enum Function {
    Local { name: String, calls: usize },
    Imported { module: String, name: String },
}

struct Module {
    name: String,
    functions: Vec<Function>,
}

/// The first function of each module of the ring is the second one of the next; the big module stands beside the ring.
fn program() -> Vec<Module> {
    let module_name = |place| format!("module_{place}");
    let local = |place| format!("function_{place}");
    let ring = (0..MODULES).map(|place| {
        let next = (place + 1) % MODULES;
        let imported = Function::Imported { module: module_name(next), name: local(next) };
        Module { name: module_name(place), functions: vec![imported, Function::Local { name: local(place), calls: 0 }] }
    });
    let jinx = (0..JINX_MODULE_SIZE).map(|i| Function::Local { name: format!("jinx_{i}"), calls: 0 });
    ring.chain([Module { name: "jinx".into(), functions: jinx.collect() }]).collect()
}

/// What each function of each module is, imports resolved.
fn resolve(modules: &[Module]) -> Vec<Vec<Pair>> {
    let mut found = BTreeMap::new();
    for (i, module) in modules.iter().enumerate() {
        for (j, function) in module.functions.iter().enumerate() {
            if let Function::Local { name, .. } = function {
                found.insert((&*module.name, &**name), (i, j));
            }
        }
    }
    let pairs = modules.iter().enumerate().map(|(i, module)| {
        let pairs = module.functions.iter().enumerate().map(|(j, function)| match function {
            Function::Local { .. } => (i, j),
            Function::Imported { module, name } => found[&(&**module, &**name)],
        });
        pairs.collect()
    });
    pairs.collect()
}

/// Follows the ring by a table; gives the module where that ends.
fn follow(modules: &[Module], fuel: u32, look_up: impl Fn(usize, usize) -> Pair) -> usize {
    let (mut module, mut function) = (0, 1);
    for _ in 0..fuel {
        let Function::Local { calls, .. } = &modules[module].functions[function] else { return usize::MAX };
        (module, function) = look_up(module, *calls);
    }
    module
}

/// One design, built.
pub struct Model {
    /// Its name there.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Bytes it takes, functions and their names included.
    pub bytes: usize,
    run: Box<dyn Fn(u32) -> usize>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Model {
    fn new<T: 'static>(
        name: &'static str,
        about: &'static str,
        build: impl FnOnce() -> T,
        run: impl Fn(&T, u32) -> usize + 'static,
    ) -> Self {
        let (tables, bytes) = measure(build);
        Self { name, about, bytes, run: Box::new(move |fuel| run(black_box(&tables), fuel)) }
    }

    /// Makes `fuel` hops; gives the number of the module where they end.
    pub fn run(&self, fuel: u32) -> usize {
        (self.run)(fuel)
    }
}

/// Where [`FUEL`] hops end.
pub fn end() -> usize {
    FUEL as usize % MODULES
}

/// All designs.
pub fn all() -> [Model; 5] {
    [direct(), names(), flat(), nested(), padded()]
}

fn direct() -> Model {
    let build = || {
        let ring = (0..MODULES)
            .map(|place| Function::Local { name: format!("function_{place}"), calls: (place + 1) % MODULES });
        let jinx = (0..JINX_MODULE_SIZE).map(|i| Function::Local { name: format!("jinx_{i}"), calls: 0 });
        ring.chain(jinx).collect::<Vec<_>>()
    };
    Model::new("direct", "one merged vector", build, |functions, fuel| {
        let mut at = 0;
        for _ in 0..fuel {
            let Function::Local { calls, .. } = &functions[at] else { return usize::MAX };
            at = *calls;
        }
        at
    })
}

fn names() -> Model {
    struct Named {
        functions: BTreeMap<String, Function>,
        /// Names by index, as a body has it.
        order: Vec<String>,
        place: usize,
    }
    let build = || {
        let modules = program().into_iter().enumerate().map(|(place, module)| {
            let mut functions = BTreeMap::new();
            let mut order = Vec::new();
            for function in module.functions {
                let (Function::Local { name, .. } | Function::Imported { name, .. }) = &function;
                order.push(name.clone());
                functions.insert(name.clone(), function);
            }
            (module.name, Named { functions, order, place })
        });
        modules.collect::<BTreeMap<_, _>>()
    };
    Model::new("indirect", "BTreeMaps, by module's name and function's", build, |modules, fuel| {
        let (first, function) = (String::from("module_0"), String::from("function_0"));
        let mut at = (&first, &function);
        for _ in 0..fuel {
            let module = &modules[at.0];
            let Function::Local { calls, .. } = &module.functions[at.1] else { return usize::MAX };
            let Function::Imported { module, name } = &module.functions[&module.order[*calls]] else {
                return usize::MAX;
            };
            at = (module, name);
        }
        modules[at.0].place
    })
}

fn flat() -> Model {
    struct Lut {
        modules: Vec<Module>,
        offsets: Vec<usize>,
        pairs: Vec<Pair>,
    }
    let build = || {
        let modules = program();
        let resolved = resolve(&modules);
        let mut next = 0;
        let offsets = resolved.iter().map(|pairs| {
            let offset = next;
            next += pairs.len();
            offset
        });
        let offsets = offsets.collect();
        Lut { modules, offsets, pairs: resolved.concat() }
    };
    Model::new("LUT 1", "one table of pairs, per-module offsets", build, |lut, fuel| {
        follow(&lut.modules, fuel, |module, function| lut.pairs[lut.offsets[module] + function])
    })
}

fn nested() -> Model {
    let build = || {
        let modules = program();
        let resolved = resolve(&modules);
        (modules, resolved)
    };
    Model::new("LUT 2", "a vector of vectors of pairs", build, |(modules, pairs), fuel| {
        follow(modules, fuel, |module, function| pairs[module][function])
    })
}

fn padded() -> Model {
    struct Lut {
        modules: Vec<Module>,
        width: usize,
        pairs: Vec<Pair>,
    }
    let build = || {
        let modules = program();
        let resolved = resolve(&modules);
        let width = resolved.iter().map(Vec::len).max().unwrap_or(0);
        let rows = resolved.iter().flat_map(|pairs| (0..width).map(|i| pairs.get(i).copied().unwrap_or_default()));
        let pairs = rows.collect();
        Lut { modules, width, pairs }
    };
    Model::new("LUT 3", "one two-dimensional table, padded", build, |lut, fuel| {
        follow(&lut.modules, fuel, |module, function| lut.pairs[module * lut.width + function])
    })
}
