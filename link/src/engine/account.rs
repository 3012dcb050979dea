//! How many bytes an engine's modules and stores hold.
//!
//! Whoever holds some puts them on the account and takes them off when it is dropped ([`pirn_exec::Held`]); only what allocates
//! does so, and nothing that runs. So one can be read while others run.

use pirn_decode::Module;
use pirn_decode::module::ElementItems;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the modules and stores of an engine hold, in bytes: see [`Engine::memory_usage`](crate::Engine::memory_usage).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MemoryUsage {
    /// Binaries of modules, and what was read of them: the code that a serialized module came with, too, which is read at functions'
    /// first calls. Names and debugging information that backtraces have asked for do not count.
    pub modules: u64,
    /// Threaded code of functions that were lowered, or read.
    pub code: u64,
    /// Instances, with their globals and element segments.
    pub instances: u64,
    /// Linear memories, as large as they are now; of those that threads share, only what stores that are alive have made them grow by. The system commits their pages as they are touched, so it may have given less.
    pub memories: u64,
    /// Elements of tables, committed as they are touched.
    pub tables: u64,
    /// Heaps: structs, arrays and exceptions, and room for more.
    pub heaps: u64,
    /// Frames of paused calls. Those of one that paused with more than 16 KiB are still on a value stack, which counts as large as it may
    /// get ([`crate::Config::max_wasm_stack`]), and is committed as it was used. What runs uses the stack of its thread, which belongs to no
    /// engine.
    pub stacks: u64,
}

impl MemoryUsage {
    /// All of it.
    pub fn total(&self) -> u64 {
        let Self { modules, code, instances, memories, tables, heaps, stacks } = self;
        modules + code + instances + memories + tables + heaps + stacks
    }
}

/// The accounts of an engine.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) modules: Arc<AtomicU64>,
    pub(crate) code: Arc<AtomicU64>,
    pub(crate) instances: Arc<AtomicU64>,
    pub(crate) memories: Arc<AtomicU64>,
    pub(crate) tables: Arc<AtomicU64>,
    pub(crate) heaps: Arc<AtomicU64>,
    pub(crate) stacks: Arc<AtomicU64>,
}

impl Account {
    /// What is on them now.
    pub(crate) fn read(&self) -> MemoryUsage {
        let Account { modules, code, instances, memories, tables, heaps, stacks } = self;
        let read = |account: &AtomicU64| account.load(Ordering::Relaxed);
        MemoryUsage {
            modules: read(modules),
            code: read(code),
            instances: read(instances),
            memories: read(memories),
            tables: read(tables),
            heaps: read(heaps),
            stacks: read(stacks),
        }
    }
}

/// Bytes of a module that was read: of its binary, and of what is kept for each thing that it declares.
pub(crate) fn module_bytes(module: &Module, per_import: usize, per_func: usize, per_export: usize) -> u64 {
    let Module {
        bytes,
        types,
        rec_groups,
        imports,
        funcs,
        tables,
        table_inits,
        memories,
        globals,
        global_inits,
        exports,
        elements,
        data,
        ..
    } = module;
    let items = |element: &pirn_decode::module::Element| match &element.items {
        ElementItems::Funcs(funcs) => size_of_val(&**funcs),
        ElementItems::Exprs(exprs) => size_of_val(&**exprs),
    };
    let lists = bytes.len()
        + size_of_val(&types[..])
        + size_of_val(&rec_groups[..])
        + size_of_val(&imports[..])
        + size_of_val(&funcs[..])
        + size_of_val(&tables[..])
        + size_of_val(&table_inits[..])
        + size_of_val(&memories[..])
        + size_of_val(&globals[..])
        + size_of_val(&global_inits[..])
        + size_of_val(&exports[..])
        + size_of_val(&elements[..])
        + size_of_val(&data[..])
        + size_of_val(&module.bodies[..]);
    let more = elements.iter().map(items).sum::<usize>()
        + imports.len() * per_import
        + module.bodies.len() * per_func
        + exports.len() * per_export;
    (lists + more) as u64
}
