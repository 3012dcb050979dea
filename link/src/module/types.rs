//! Imports and exports of a module, as the embedder sees them.

use super::Inner;
use pirn_decode::ExternType;
use pirn_decode::module::{Export, ExternIndex, Import};
use std::fmt;

/// An import of a module (spec 2.5.11).
#[derive(Clone, Copy)]
pub struct ImportType<'module> {
    pub(super) module: &'module Inner,
    pub(super) import: Import,
}

impl<'module> ImportType<'module> {
    /// The name of the module it is imported from.
    pub fn module(&self) -> &'module str {
        self.module.parsed.name(self.import.module)
    }

    /// Its name in that module.
    pub fn name(&self) -> &'module str {
        self.module.parsed.name(self.import.name)
    }

    /// The type that is asked for. One of a function or tag is the module's own, however it is declared: what the host makes of it
    /// ([`Func::new`](crate::Func::new), [`Tag::new`](crate::Tag::new)) satisfies the import.
    pub fn ty(&self) -> ExternType {
        self.module.extern_type(self.import.index)
    }

    /// Its place in the module's index spaces.
    pub(crate) fn index(&self) -> ExternIndex {
        self.import.index
    }
}

/// An export of a module (spec 2.5.10).
#[derive(Clone, Copy)]
pub struct ExportType<'module> {
    pub(super) module: &'module Inner,
    pub(super) export: Export,
}

impl<'module> ExportType<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        self.module.parsed.name(self.export.name)
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        self.module.extern_type(self.export.index)
    }
}

impl fmt::Debug for ImportType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ImportType");
        debug.field("module", &self.module()).field("name", &self.name()).field("ty", &self.ty()).finish()
    }
}

impl fmt::Debug for ExportType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportType").field("name", &self.name()).field("ty", &self.ty()).finish()
    }
}
