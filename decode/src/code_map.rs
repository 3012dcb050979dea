//! Where in the module's bytes the cells of a function came from: for those who stopped in one.
//!
//! A map is made when somebody asks, by lowering the function once more. Lowering gives the same code each time, so nothing
//! is kept of functions that never stop. Places where execution stands still are found in the same way.

use crate::lower::place::{Place, Stand, Wanted};
use crate::lower::survey::Surveyed;
use crate::lower::surveying::{places, survey};
use crate::{Error, FuncIdx, Module, Options, Target, TypeId};
use std::collections::{HashMap, HashSet};

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

/// How a function is lowered in which execution stands still.
#[derive(Debug, Clone, Copy)]
pub struct Lowered<'a, T> {
    /// The module.
    pub module: &'a Module,
    /// The id of every type of it, as for [`Lowering::new`](crate::Lowering::new).
    pub type_ids: &'a [TypeId],
    /// The function, which is not an imported one.
    pub funcidx: FuncIdx,
    /// How.
    pub options: Options,
    /// The machine.
    pub target: &'a T,
}

impl<T: Target> Lowered<'_, T> {
    /// The places where execution stands still that goes on at one of these bytes of the code, the head counted; each with whether a call there
    /// has not returned. What is missing is no such place, or the state there cannot be told.
    ///
    /// The function is lowered once, however many there are. What is given takes memory for the operands of each.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`](crate::Lowering::lower).
    ///
    /// # Panics
    /// As [`Lowering::lower`](crate::Lowering::lower).
    pub fn places_at(&self, positions: HashSet<(usize, bool)>) -> Result<HashMap<(usize, bool), Place>, Error> {
        // The innermost of several: nothing is executed between the beginnings of a function and of a loop in the same place.
        let places = self.places(Wanted::At(positions))?.into_iter();
        Ok(places.map(|place| ((place.position, place.stand == Stand::Call), place)).collect())
    }

    /// The places where one of these is about to be done: see [`Stand`]. What is missing is no such place.
    ///
    /// The function is lowered once, however many there are. What is given takes memory for the operands of each.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`](crate::Lowering::lower).
    ///
    /// # Panics
    /// As [`Lowering::lower`](crate::Lowering::lower).
    pub fn places_of(&self, wanted: HashSet<(Stand, u32)>) -> Result<HashMap<(Stand, u32), Place>, Error> {
        // The first of several is the one where accumulators hold nothing that is asked for.
        let places = self.places(Wanted::Of(wanted))?.into_iter().rev();
        Ok(places.map(|place| ((place.stand, place.offset), place)).collect())
    }

    fn places(&self, wanted: Wanted) -> Result<Vec<Place>, Error> {
        places(self.module, self.type_ids, self.funcidx, self.options, self.target, wanted)
    }
}
