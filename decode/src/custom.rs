//! Custom sections (spec 5.5.3), and what the name section (spec 7.4.1) calls the module and its functions.
//!
//! They are no part of a module's meaning, so nothing here is read before somebody asks, and what is malformed in the
//! name section counts as not there.

use crate::{FuncIdx, Module};
use std::ops::Range;
use wasmparser::{BinaryReader, Name, NameSectionReader};

/// Bytes of a module before its first section: magic number and version (spec 5.5.16).
const PREAMBLE: u64 = 8;

/// A custom section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomSection<'module> {
    /// Its name.
    pub name: &'module str,
    /// What follows its name.
    pub data: &'module [u8],
}

/// Ids of sections (spec 5.5.2).
const CUSTOM: u8 = 0;
const CODE: u8 = 10;

impl Module {
    /// All sections, in order: id, where the contents begin, and the contents.
    fn sections(&self) -> impl Iterator<Item = (u8, u64, &[u8])> {
        let mut reader = BinaryReader::new(&self.bytes[PREAMBLE as usize..], PREAMBLE);
        // Validation has read them, so nothing ends early.
        std::iter::from_fn(move || {
            let id = reader.read_u8().ok()?;
            let size = reader.read_var_u32().ok()? as usize;
            let begin = reader.original_position();
            Some((id, begin, reader.read_bytes(size).ok()?))
        })
    }

    /// The custom sections, in order.
    pub fn custom_sections(&self) -> impl Iterator<Item = CustomSection<'_>> {
        let customs = self.sections().filter(|&(id, ..)| id == CUSTOM);
        customs.filter_map(|(_, _, contents)| {
            let mut reader = BinaryReader::new(contents, 0);
            let name = reader.read_string().ok()?;
            let data = reader.read_bytes(reader.bytes_remaining()).ok()?;
            Some(CustomSection { name, data })
        })
    }

    /// Where in the module's bytes the contents of the code section begin: DWARF counts from there.
    pub fn code_section(&self) -> Option<u64> {
        self.sections().find(|&(id, ..)| id == CODE).map(|(_, begin, _)| begin)
    }
}

/// Where the names of the name section lie in the module's bytes.
#[derive(Debug, Clone, Default)]
pub struct Names {
    module: Option<Range<usize>>,
    /// By funcidx, sorted.
    funcs: Vec<(FuncIdx, Range<usize>)>,
}

impl Names {
    /// Reads those of `module`.
    pub fn of(module: &Module) -> Self {
        let mut names = Self::default();
        let place = |name: &str| {
            let start = name.as_ptr().addr() - module.bytes.as_ptr().addr();
            start..start + name.len()
        };
        for section in module.custom_sections().filter(|section| section.name == "name") {
            // Of what is malformed, what comes before the first error counts.
            for subsection in NameSectionReader::new(BinaryReader::new(section.data, 0)).map_while(Result::ok) {
                match subsection {
                    Name::Module { name, .. } => names.module = Some(place(name)),
                    Name::Function(funcs) => {
                        let funcs = funcs.into_iter().map_while(Result::ok);
                        names.funcs.extend(funcs.map(|func| (FuncIdx(func.index), place(func.name))));
                    }
                    Name::Local(_)
                    | Name::Label(_)
                    | Name::Type(_)
                    | Name::Table(_)
                    | Name::Memory(_)
                    | Name::Global(_)
                    | Name::Element(_)
                    | Name::Data(_)
                    | Name::Field(_)
                    | Name::Tag(_)
                    | Name::Parameter(_)
                    | Name::TagParameter(_)
                    | Name::Unknown { .. } => {}
                }
            }
        }
        // Indices ascend, but nobody has checked it.
        names.funcs.sort_by_key(|&(funcidx, _)| funcidx);
        names
    }

    /// What the module is called. `module` is the one that the names were read of.
    pub fn module<'module>(&self, module: &'module Module) -> Option<&'module str> {
        self.module.as_ref().and_then(|place| text(module, place))
    }

    /// What function `funcidx` is called. `module` is the one that the names were read of.
    pub fn func<'module>(&self, module: &'module Module, funcidx: FuncIdx) -> Option<&'module str> {
        let place = self.funcs.binary_search_by_key(&funcidx, |&(funcidx, _)| funcidx).ok()?;
        text(module, &self.funcs[place].1)
    }
}

fn text<'module>(module: &'module Module, place: &Range<usize>) -> Option<&'module str> {
    std::str::from_utf8(module.bytes.get(place.clone())?).ok()
}
