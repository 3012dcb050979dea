//! What is in an instance, in the terms in which modules are written.

use wasm_encoder::ConstExpr;

/// How many there are of what a module has, imported ones among them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub funcs: u32,
    pub tables: u32,
    pub memories: u32,
    pub globals: u32,
}

/// What is in an instance.
#[derive(Debug)]
pub struct State {
    /// By index.
    pub memories: Vec<MemoryState>,
    pub tables: Vec<TableState>,
    /// Expressions that give the values; none for a null.
    pub globals: Vec<Option<ConstExpr>>,
    /// Which data segments, and which element segments, are dropped.
    pub data_dropped: Vec<bool>,
    pub elements_dropped: Vec<bool>,
}

/// A memory.
#[derive(Debug)]
pub struct MemoryState {
    pub pages: u64,
    /// What is not zero of it, and where.
    pub runs: Vec<(u64, Vec<u8>)>,
}

/// A table.
#[derive(Debug)]
pub struct TableState {
    pub size: u64,
    /// Functions, by number, and where they are.
    pub runs: Vec<(u64, Vec<u32>)>,
}

/// The name under which something is exported.
pub fn name(prefix: &str, kind: &str, index: u32) -> String {
    format!("{prefix}{kind}{index}")
}
