//! Source lines of a module, from its DWARF, read by the crates `gimli` and `addr2line`.

use crate::symbol::{Demangled, FrameSymbol};
use gimli::{EndianArcSlice, LittleEndian};
use pirn_decode::Module;
use std::sync::{Arc, Mutex, PoisonError};

type Reader = EndianArcSlice<LittleEndian>;

/// A module's DWARF, as far as somebody has asked for it. It has copies of the sections, since what was read refers to them.
pub(crate) struct Dwarf(Option<Mutex<addr2line::Context<Reader>>>);

impl Dwarf {
    /// That of `module`. What is malformed counts as not there.
    pub(crate) fn of(module: &Module) -> Self {
        let load = |id: gimli::SectionId| {
            let section = module.custom_sections().find(|section| section.name == id.name());
            let data = section.map_or(&[][..], |section| section.data);
            Ok::<_, gimli::Error>(EndianArcSlice::new(Arc::from(data), LittleEndian))
        };
        let context = gimli::Dwarf::load(load).and_then(addr2line::Context::from_dwarf);
        Self(context.ok().map(Mutex::new))
    }

    /// The functions and lines of the instruction so many bytes behind the beginning of the code section, inlined functions
    /// first.
    pub(crate) fn symbols(&self, offset: u64) -> Vec<FrameSymbol> {
        let Some(context) = &self.0 else { return Vec::new() };
        // Reading it leaves nothing half-done.
        let context = context.lock().unwrap_or_else(PoisonError::into_inner);
        let mut symbols = Vec::new();
        let Ok(mut frames) = context.find_frames(offset).skip_all_loads() else { return symbols };
        while let Ok(Some(frame)) = frames.next() {
            let name: Option<String> =
                frame.function.as_ref().and_then(|function| Some(function.raw_name().ok()?.into_owned()));
            let location = frame.location.as_ref();
            symbols.push(FrameSymbol {
                name: name.map(|name| Demangled(&name).to_string()),
                file: location.and_then(|location| location.file).map(str::to_owned),
                line: location.and_then(|location| location.line),
                column: location.and_then(|location| location.column),
            });
        }
        symbols
    }
}
