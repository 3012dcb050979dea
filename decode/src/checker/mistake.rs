//! What a check says to wrong code.

use crate::FuncIdx;
use std::fmt;

/// Code that does not do what the source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The function.
    pub funcidx: FuncIdx,
    /// Offset in the binary of the instruction that is not executed as it should be.
    pub offset: u32,
    /// Where the cell begins, in bytes from the first one.
    pub cell: u32,
    /// What was expected and what is there.
    pub message: String,
    /// Nothing is known to be wrong, but the check takes too long.
    pub(super) gave_up: bool,
}

impl Mistake {
    pub(super) fn of_cell(cell: u32, message: String) -> Self {
        Self { funcidx: FuncIdx(0), offset: 0, cell, message, gave_up: false }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { funcidx, offset, cell, message, .. } = self;
        write!(f, "function {funcidx}, at {offset:#x}, cell {cell:#x}: {message}")
    }
}

impl std::error::Error for Mistake {}
