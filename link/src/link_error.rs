//! Why modules could not be linked: one error that names who asked, for what, and what was found.

use pirn_decode::ExternType;
use std::fmt;

/// Why a group of modules could not be linked; find it in an [`crate::Error`] with [`crate::Error::downcast_ref`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// Nothing has the name a module imports.
    UnknownImport {
        /// The import.
        import: ImportName,
        /// Its type.
        expected: ExternType,
        /// Whether there is a module of that name, without such an export.
        module_exists: bool,
    },
    /// What has the name is of another type.
    IncompatibleImport {
        /// The import.
        import: ImportName,
        /// Its type.
        expected: ExternType,
        /// The type of what has the name.
        found: ExternType,
    },
    /// Two modules have the same name.
    DuplicateModule {
        /// The name.
        module: Box<str>,
    },
    /// A module of the group exports what has a definition already.
    DuplicateDefinition {
        /// The module.
        module: Box<str>,
        /// The export.
        name: Box<str>,
        /// Its type.
        ty: ExternType,
    },
    /// A module would need a table, memory or global of another before that other can have it, or a name leads to
    /// nothing but imports of each other. Cycles of function imports are no error.
    Cycle {
        /// Each import is made of the module that makes the next one; the last is made of the module that makes the
        /// first.
        imports: Vec<(ImportName, ExternType)>,
    },
}

/// Who imports what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportName {
    /// Name, in its group, of the module that imports.
    pub importer: Box<str>,
    /// Name of the module it imports from.
    pub module: Box<str>,
    /// Name of the import there.
    pub name: Box<str>,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownImport { import, expected, module_exists } => {
                let ImportName { importer, module, name } = import;
                write!(f, "module `{importer}`: unknown import `{module}::{name}`: expected {expected}, found ")?;
                if *module_exists {
                    write!(f, "module `{module}` without such an export")
                } else {
                    write!(f, "no module `{module}`")
                }
            }
            Self::IncompatibleImport { import, expected, found } => {
                let ImportName { importer, module, name } = import;
                write!(
                    f,
                    "module `{importer}`: incompatible import type for `{module}::{name}`: expected {expected}, found {found}"
                )
            }
            Self::DuplicateModule { module } => write!(f, "module `{module}` defined twice"),
            Self::DuplicateDefinition { module, name, ty } => {
                write!(f, "`{module}::{name}` defined twice: the linker has it, and module `{module}` exports {ty}")
            }
            Self::Cycle { imports } => {
                f.write_str("modules import from each other what must exist before: ")?;
                for (i, (ImportName { importer, module, name }, ty)) in imports.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}`{importer}` imports `{module}::{name}` ({ty})")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for LinkError {}

impl From<LinkError> for crate::Error {
    #[cold]
    fn from(error: LinkError) -> Self {
        Self::new(error)
    }
}
