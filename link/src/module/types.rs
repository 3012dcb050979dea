//! Imports and exports of a module, as the embedder sees them.

use pirn_decode::ExternType;
use pirn_decode::module::{Export, ExternIndex, Import};

/// An import of a module (spec 2.5.11).
#[derive(Debug, Clone, Copy)]
pub struct ImportType<'module> {
    pub(super) module: &'module pirn_decode::Module,
    pub(super) import: Import,
}

impl<'module> ImportType<'module> {
    /// The name of the module it is imported from.
    pub fn module(&self) -> &'module str {
        self.module.name(self.import.module)
    }

    /// Its name in that module.
    pub fn name(&self) -> &'module str {
        self.module.name(self.import.name)
    }

    /// The type that is asked for.
    pub fn ty(&self) -> ExternType {
        self.module.extern_type(self.import.index)
    }

    /// Its place in the module's index spaces.
    pub(crate) fn index(&self) -> ExternIndex {
        self.import.index
    }
}

/// An export of a module (spec 2.5.10).
#[derive(Debug, Clone, Copy)]
pub struct ExportType<'module> {
    pub(super) module: &'module pirn_decode::Module,
    pub(super) export: Export,
}

impl<'module> ExportType<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        self.module.name(self.export.name)
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        self.module.extern_type(self.export.index)
    }
}
