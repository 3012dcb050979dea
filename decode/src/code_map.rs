//! Where in the module's bytes the cells of a function came from: for those who stopped in one.
//!
//! A map is made when somebody asks, by lowering the function once more. Lowering gives the same code each time, so nothing
//! is kept of functions that never stop.

use crate::lower::survey::Surveyed;
use crate::lower::surveying::survey;
use crate::{Error, FuncIdx, Module, Options, Target, TypeId};

/// The cells of one function, and the instructions that they are made of.
#[derive(Debug)]
pub struct CodeMap {
    /// By their positions.
    cells: Vec<Surveyed>,
}

impl CodeMap {
    /// That of function `funcidx`, lowered as it is when it runs.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`](crate::Lowering::lower).
    ///
    /// # Panics
    /// As [`Lowering::lower`](crate::Lowering::lower).
    pub fn new(
        module: &Module,
        type_ids: &[TypeId],
        funcidx: FuncIdx,
        options: Options,
        target: &impl Target,
    ) -> Result<Self, Error> {
        Ok(Self { cells: survey(module, type_ids, funcidx, options, target, None)? })
    }

    /// Offset in the module's bytes of the instruction at a place where the cell at byte `position` of the code may trap:
    /// see [`Shape::trap_places`](crate::shape::Shape::trap_places).
    pub fn at_place(&self, position: usize, place: usize) -> Option<u32> {
        let cell = self.cells.binary_search_by_key(&position, |cell| cell.position).ok()?;
        let Surveyed { places, offset, .. } = &self.cells[cell];
        Some(places.get(place).copied().unwrap_or(*offset))
    }

    /// Offset in the module's bytes of the call whose cell ends at byte `position` of the code.
    pub fn call_before(&self, position: usize) -> Option<u32> {
        let cell = self.cells.partition_point(|cell| cell.position < position).checked_sub(1)?;
        self.cells[cell].places.last().copied()
    }
}
