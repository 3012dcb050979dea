//! Definitions by module name and name: what a linker has.

use crate::instantiate::members::Source;
use crate::items::external::Extern;
use crate::items::func::Func;
use crate::link_error::LinkError;
use crate::module::{ExportType, Module};
use crate::store::host_item::HostItem;
use crate::store::opaque::StoreOpaque;
use std::collections::HashMap;
use std::sync::Arc;

/// What has a name in a linker.
#[derive(Debug, Clone)]
pub(crate) enum Definition {
    /// Something of a store.
    Extern(Extern),
    /// A host function of any store.
    Host(Arc<HostItem>),
}

impl Definition {
    /// What it is in `store`; `None` for a host function of another engine that is none in this one.
    pub(crate) fn item(&self, store: &mut StoreOpaque) -> Option<Extern> {
        Some(match self {
            Self::Extern(item) => item.clone(),
            Self::Host(host) => Func::from(store.shared_host(host)?).into(),
        })
    }

    /// What defines an import of a module alone.
    pub(crate) fn of_source(source: Source<'_>) -> Self {
        match source {
            Source::Member { .. } => unreachable!("nobody imports from a module alone"),
            Source::Item(item) => Self::Extern(item.clone()),
            Source::Host(host) => Self::Host(Arc::clone(host)),
        }
    }

    /// It, as what defines an import.
    pub(crate) fn source(&self) -> Source<'_> {
        match self {
            Self::Extern(item) => Source::Item(item),
            Self::Host(host) => Source::Host(host),
        }
    }
}

/// Definitions by module name and name.
#[derive(Clone, Default)]
pub(crate) struct Definitions {
    modules: HashMap<Arc<str>, HashMap<Arc<str>, Definition>>,
    /// Whether a definition may replace another of the same name.
    pub(crate) shadowing: bool,
}

impl std::fmt::Debug for Definitions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(&self.modules).finish()
    }
}

impl Definitions {
    /// The first export of `module` that would replace a definition under the module name `name`, if that is not allowed.
    pub(crate) fn first_taken<'m>(&self, name: &str, module: &'m Module) -> Option<ExportType<'m>> {
        let names = self.of_module(name).filter(|_| !self.shadowing)?;
        module.exports().find(|export| names.contains_key(export.name()))
    }

    pub(crate) fn get(&self, module: &str, name: &str) -> Option<&Definition> {
        self.modules.get(module)?.get(name)
    }

    /// All that is defined under the module name `module`, if anything is.
    pub(crate) fn of_module(&self, module: &str) -> Option<&HashMap<Arc<str>, Definition>> {
        self.modules.get(module)
    }

    /// Defines all of them, whose names differ, or none.
    ///
    /// # Errors
    /// A name is taken, and shadowing is not allowed.
    pub(crate) fn insert_all(&mut self, all: Vec<(&str, &str, Definition)>) -> Result<(), LinkError> {
        let is_taken = |module, name| !self.shadowing && self.get(module, name).is_some();
        if let Some((module, name, _)) = all.iter().find(|(module, name, _)| is_taken(module, name)) {
            return Err(LinkError::AlreadyDefined { module: (*module).into(), name: (*name).into() });
        }
        for (module, name, definition) in all {
            if !self.modules.contains_key(module) {
                self.modules.insert(module.into(), HashMap::new());
            }
            self.modules.get_mut(module).expect("inserted").insert(name.into(), definition);
        }
        Ok(())
    }
}
