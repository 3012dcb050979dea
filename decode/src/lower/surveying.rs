//! Lowering for those who want to know what becomes of a function, and not its code.

use super::place::{Place, Wanted};
use super::survey::{Limits, Survey, Surveyed};
use super::{Arena, Lowering, Options, Target, Tile};
use crate::sig::Sig;
use crate::{Error, FuncIdx, Module, TypeId};

/// The places of function `funcidx` that are wanted, by their positions.
///
/// # Errors
/// Those of [`Lowering::lower`].
pub(crate) fn places(
    module: &Module,
    type_ids: &[TypeId],
    funcidx: FuncIdx,
    options: Options,
    target: &impl Target,
    wanted: Wanted,
) -> Result<Vec<Place>, Error> {
    let target = Surveying(target);
    let mut arena = Arena::new();
    let survey = Some(Box::new(Survey::of_places(wanted)));
    let mut lowering = Lowering::surveyed(module, type_ids, options, &target, &mut arena, survey);
    lowering.lower(funcidx)?;
    let mut places = lowering.into_survey().places;
    places.sort_by_key(|place| place.position);
    Ok(places)
}

impl<T> Lowering<'_, T> {
    /// The cells of the function it was to survey.
    pub(crate) fn into_cells(self) -> Vec<Surveyed> {
        self.into_survey().cells
    }

    /// What it noted of the function it was to survey.
    pub(crate) fn into_survey(self) -> Survey {
        *self.survey.expect("a survey was asked for")
    }
}

/// A machine of which a survey is made.
pub(crate) struct Surveying<'a, T>(pub(crate) &'a T);

impl<T: Target> Target for Surveying<'_, T> {
    const SURVEYED: bool = true;

    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.0.tile(sig)
    }
}

/// Lowers function `funcidx` as [`Lowering::lower`] does, and tells what became of it; with `limits`, handlers are asked for
/// up to that size only.
///
/// # Errors
/// Those of [`Lowering::lower`].
pub fn survey(
    module: &Module,
    type_ids: &[TypeId],
    funcidx: FuncIdx,
    options: Options,
    target: &impl Target,
    limits: Option<Limits>,
) -> Result<Vec<Surveyed>, Error> {
    let survey = Some(Box::new(Survey::new(limits)));
    let target = Surveying(target);
    let mut arena = Arena::new();
    let mut lowering = Lowering::surveyed(module, type_ids, options, &target, &mut arena, survey);
    lowering.lower(funcidx)?;
    Ok(lowering.into_cells())
}
