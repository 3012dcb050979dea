//! Why modules could not be linked: one error that names who asked, for what, and what was found.

use pirn_decode::{ExternType, FuncType, TagType};
use std::fmt;

/// Why modules could not be linked, one alone or many; find it in an [`crate::Error`] with [`crate::Error::downcast_ref`].
///
/// Nothing has changed when linking fails with this: there is no instance, and no definition.
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
    /// What defines an import does not match its type (spec 3.2.8).
    IncompatibleImport {
        /// The import.
        import: ImportName,
        /// Its type.
        expected: ExternType,
        /// The type of what defines it.
        found: Box<ExternType>,
    },
    /// What defines an import belongs to another store than the one that the module is instantiated in.
    OtherStore {
        /// The import.
        import: ImportName,
    },
    /// A module, or a linker, was made with another engine than what it is used with.
    OtherEngine {
        /// Which module, or the linker, in words.
        what: Box<str>,
        /// What has the engine that was expected: the store, or the linker.
        expected: Box<str>,
    },
    /// [`crate::Instance::new`] was given too few imports, or too many.
    ImportCount {
        /// How many the module has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A linker has a definition of that name, and does not allow shadowing ([`crate::Linker::allow_shadowing`]).
    AlreadyDefined {
        /// The module name.
        module: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// A linker has no such definition, of which an alias was asked for.
    NotDefined {
        /// The module name.
        module: Box<str>,
        /// The name, or `None` if all definitions of the module name were meant.
        name: Option<Box<str>>,
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
    /// Name, in its group, of the module that imports. A module that is instantiated alone has none: then this is empty.
    pub importer: Box<str>,
    /// Name of the module it imports from.
    pub module: Box<str>,
    /// Name of the import there.
    pub name: Box<str>,
}

impl fmt::Display for ImportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}::{}`", self.module, self.name)
    }
}

impl ImportName {
    /// Who imports, if that has a name, as the beginning of a sentence.
    fn importer(&self) -> String {
        if self.importer.is_empty() { String::new() } else { format!("module `{}`: ", self.importer) }
    }
}

/// The function type that something is declared as, if it is of one.
fn declared(ty: &ExternType) -> Option<&FuncType> {
    ty.func().or_else(|| ty.tag().map(TagType::ty))
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownImport { import, expected, module_exists } => {
                let (importer, module) = (import.importer(), &import.module);
                write!(f, "{importer}unknown import {import}: expected {expected}, found ")?;
                if *module_exists {
                    write!(f, "module `{module}` without such an export")
                } else {
                    write!(f, "no module `{module}`")
                }
            }
            Self::IncompatibleImport { import, expected, found } => {
                let importer = import.importer();
                write!(f, "{importer}incompatible import type for {import}: expected {expected}, found {found}")?;
                match (declared(expected), declared(found)) {
                    (Some(expected), Some(found)) if expected.is_written_as(found) && expected != found => {
                        let [expected, found] = [expected, found].map(FuncType::describe_declaration);
                        write!(f, ", which are declared apart: expected {expected}, found {found}")
                    }
                    _ => Ok(()),
                }
            }
            Self::OtherStore { import } => {
                let importer = import.importer();
                write!(
                    f,
                    "{importer}import {import} is defined by an object of another store: object used with the wrong store"
                )
            }
            Self::OtherEngine { what, expected } => write!(f, "{what} was made with another engine than {expected}"),
            Self::ImportCount { expected, found } => write!(f, "expected {expected} imports, found {found}"),
            Self::AlreadyDefined { module, name } => write!(f, "import of `{module}::{name}` defined twice"),
            Self::NotDefined { module, name: Some(name) } => write!(f, "`{module}::{name}` has not been defined"),
            Self::NotDefined { module, name: None } => write!(f, "module `{module}` has not been defined"),
            Self::DuplicateModule { module } => write!(f, "module `{module}` defined twice"),
            Self::DuplicateDefinition { module, name, ty } => {
                write!(f, "`{module}::{name}` defined twice: the linker has it, and module `{module}` exports {ty}")
            }
            Self::Cycle { imports } => {
                f.write_str("modules import from each other what must exist before: ")?;
                for (i, (import, ty)) in imports.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}`{}` imports {import} ({ty})", import.importer)?;
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
