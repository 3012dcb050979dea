//! Source lines of a module, from its DWARF, read by the crates `gimli` and `addr2line`.
//!
//! A module may say anything in its DWARF. What would take long, or much memory, is cut short by [`reader`]; what would recurse too
//! deep is found by [`nests_too_deep`] beforehand. Both count as if the module had none.

mod reader;

use crate::symbol::{Cut, Demangled, FrameSymbol};
use pirn_decode::Module;
use reader::{Budget, Section};
use std::sync::{Mutex, PoisonError};

/// Units of the budget that a look has for each byte of the sections, and besides. Each is a nanosecond or so, or some ten bytes.
/// Producers' DWARF takes less than one for each byte.
const UNITS: (u64, u64) = (4, 1 << 20);

/// How deep inlined functions may lie in each other: `addr2line` recurses over them.
const DEPTH: usize = 128;

/// A module's DWARF, as far as somebody has asked for it. It has copies of the sections, since what was read refers to them.
pub(crate) struct Dwarf {
    /// Nothing if it is malformed, or takes too long.
    context: Mutex<Option<addr2line::Context<Section>>>,
    budget: Budget,
    /// What a look may take.
    units: u64,
}

impl Dwarf {
    /// That of `module`. What is malformed counts as not there.
    pub(crate) fn of(module: &Module) -> Self {
        let budget = Budget::default();
        let mut bytes = 0;
        let load = |id: gimli::SectionId| {
            let section = module.custom_sections().find(|section| section.name == id.name());
            let data = section.map_or(&[][..], |section| section.data);
            bytes += data.len() as u64;
            Ok::<_, gimli::Error>(Section::new(data, &budget))
        };
        let sections = gimli::Dwarf::load(load);
        let units = UNITS.0 * bytes + UNITS.1;
        budget.set(units);
        let context = sections.and_then(|sections| {
            if nests_too_deep(&sections)? {
                return Ok(None);
            }
            budget.set(units);
            addr2line::Context::from_dwarf(sections).map(Some)
        });
        Self { context: Mutex::new(context.ok().flatten()), budget, units }
    }

    /// The functions and lines of the instruction so many bytes behind the beginning of the code section, inlined functions
    /// first.
    pub(crate) fn symbols(&self, offset: u64) -> Vec<FrameSymbol> {
        // Reading it leaves nothing half-done.
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        self.budget.set(self.units);
        let symbols = context.as_ref().map_or_else(Vec::new, |context| symbols(context, offset));
        if self.budget.is_empty() {
            // The next look would take as long.
            *context = None;
        }
        symbols
    }
}

fn symbols(context: &addr2line::Context<Section>, offset: u64) -> Vec<FrameSymbol> {
    let mut symbols = Vec::new();
    let Ok(mut frames) = context.find_frames(offset).skip_all_loads() else { return symbols };
    while let Ok(Some(frame)) = frames.next() {
        let name: Option<String> =
            frame.function.as_ref().and_then(|function| Some(function.raw_name().ok()?.into_owned()));
        let location = frame.location.as_ref();
        symbols.push(FrameSymbol {
            name: name.map(|name| Demangled(&name).to_string()),
            file: location.and_then(|location| location.file).map(|file| Cut(file).to_string()),
            line: location.and_then(|location| location.line),
            column: location.and_then(|location| location.column),
        });
    }
    symbols
}

/// Whether some unit has inlined functions deeper in each other than [`DEPTH`].
///
/// # Errors
/// A unit is malformed that `addr2line` may read.
fn nests_too_deep(sections: &gimli::Dwarf<Section>) -> gimli::Result<bool> {
    let mut headers = sections.units();
    while let Some(header) = headers.next()? {
        // As in `addr2line`, which leaves out such a one.
        let Ok(unit) = sections.unit(header) else { continue };
        let mut entries = unit.entries_raw(None)?;
        // The depths of the inlined functions around the next entry.
        let mut around: Vec<isize> = Vec::new();
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            while around.last().is_some_and(|&outer| outer >= depth) {
                around.pop();
            }
            if abbreviation.tag() == gimli::DW_TAG_inlined_subroutine {
                around.push(depth);
                if around.len() > DEPTH {
                    return Ok(true);
                }
            }
            entries.skip_attributes(abbreviation.attributes())?;
        }
    }
    Ok(false)
}
