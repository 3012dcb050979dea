//! What code refers to that keeps its number.

use anyhow::Result;
use std::collections::BTreeSet;
use wasmparser::{FunctionBody, Operator};

/// What the code of a module refers to.
#[derive(Debug, Default)]
pub struct Scan {
    /// Whether to data segments, and to element segments.
    pub data: bool,
    pub elements: bool,
    /// Functions by `ref.func`, which have to be declared elsewhere in the module.
    pub funcs: BTreeSet<u32>,
}

impl Scan {
    /// Adds what a body refers to.
    ///
    /// # Errors
    /// It is not valid.
    pub fn add(&mut self, body: &FunctionBody<'_>) -> Result<()> {
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::MemoryInit { .. }
                | Operator::DataDrop { .. }
                | Operator::ArrayNewData { .. }
                | Operator::ArrayInitData { .. } => self.data = true,
                Operator::TableInit { .. }
                | Operator::ElemDrop { .. }
                | Operator::ArrayNewElem { .. }
                | Operator::ArrayInitElem { .. } => self.elements = true,
                Operator::RefFunc { function_index } => drop(self.funcs.insert(function_index)),
                _ => {}
            }
        }
        Ok(())
    }
}
