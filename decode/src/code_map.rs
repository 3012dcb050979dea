//! Where in the module's bytes the cells of a function came from: for those who stopped in one.
//!
//! A map is made when somebody asks, by lowering the function once more. Lowering gives the same code each time, so nothing
//! is kept of functions that never stop. Places where execution stands still are found in the same way.

use crate::lower::place::{Place, Stand, Wanted};
use crate::lower::survey::Surveyed;
use crate::lower::surveying::{places, survey};
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
    /// The place where execution stands still that goes on at byte `position` of the code, the head counted; `is_call` says
    /// whether a call there has not returned. `None` if that is no such place, or the state there cannot be told.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`](crate::Lowering::lower).
    ///
    /// # Panics
    /// As [`Lowering::lower`](crate::Lowering::lower).
    pub fn place_at(&self, position: usize, is_call: bool) -> Result<Option<Place>, Error> {
        // The innermost of several: nothing is executed between the beginnings of a function and of a loop in the same place.
        Ok(self.places(Wanted::Position { position, is_call })?.pop())
    }

    /// The place where this is about to be done: see [`Stand`].
    ///
    /// # Errors
    /// Those of [`Lowering::lower`](crate::Lowering::lower).
    ///
    /// # Panics
    /// As [`Lowering::lower`](crate::Lowering::lower).
    pub fn place_of(&self, stand: Stand, offset: u32) -> Result<Option<Place>, Error> {
        // The first of several is the one where accumulators hold nothing that is asked for.
        Ok(self.places(Wanted::At(stand, offset))?.into_iter().next())
    }

    fn places(&self, wanted: Wanted) -> Result<Vec<Place>, Error> {
        places(self.module, self.type_ids, self.funcidx, self.options, self.target, wanted)
    }
}
