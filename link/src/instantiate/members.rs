//! What is instantiated together: modules, their names, and what defines each of their imports.

use crate::engine::Engine;
use crate::engine::types::TypeId;
use crate::error::{Error, format_err};
use crate::items::external::Extern;
use crate::link_error::ImportName;
use crate::module::{ImportType, Module};
use crate::store::host_item::HostItem;
use hashbrown::HashTable;
use pirn_decode::ExternType;
use pirn_decode::module::ExternIndex;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// Modules that may import from each other, by their names.
#[derive(Clone)]
pub(crate) struct Members {
    pub(crate) list: SmallVec<[Member; 1]>,
    /// Places in the list, by the hashes of the names.
    names: HashTable<u32>,
}

/// One module.
#[derive(Clone)]
pub(crate) struct Member {
    /// A module that is instantiated alone has none, and nobody imports from it.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) module: Module,
    /// How many imports the members before it have.
    pub(crate) place: usize,
}

/// What defines an import. Imports are counted through all members, in order: an import's *place*.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A member, which does not import it itself.
    Member {
        member: u32,
        index: ExternIndex,
        /// Of a function: so that nothing more of the member is read to compare types.
        type_id: TypeId,
    },
    /// Something of a store.
    Item(&'a Extern),
    /// A host function of any store.
    Host(&'a Arc<HostItem>),
}

// There may be hundreds of thousands.
const _: () = assert!(size_of::<Source<'_>>() <= 16);

impl Members {
    /// No modules.
    pub(crate) fn new() -> Self {
        Self { list: SmallVec::new(), names: HashTable::new() }
    }

    /// A module alone.
    pub(crate) fn one(module: &Module) -> Self {
        let member = Member { name: None, module: module.clone(), place: 0 };
        Self { list: smallvec![member], names: HashTable::new() }
    }

    /// Adds a module under a name that no other has, whose hash is `hash`.
    pub(crate) fn push(&mut self, engine: &Engine, hash: u64, name: &str, module: &Module) {
        let index = u32::try_from(self.list.len()).expect("more than 2^32 modules in a group");
        let place = self.places();
        self.list.push(Member { name: Some(name.into()), module: module.clone(), place });
        let list = &self.list;
        self.names
            .insert_unique(hash, index, |&member| engine.hash(list[member as usize].name.as_deref().unwrap_or("")));
    }

    /// The names: places in the list, by hashes.
    pub(crate) fn names(&self) -> &HashTable<u32> {
        &self.names
    }

    /// The member called `name`.
    pub(crate) fn find(&self, hash: u64, name: &[u8]) -> Option<u32> {
        let named =
            |member: &u32| self.list[*member as usize].name.as_ref().is_some_and(|other| *other.as_bytes() == *name);
        self.names.find(hash, named).copied()
    }

    /// How many imports all members have.
    pub(crate) fn places(&self) -> usize {
        self.list.last().map_or(0, |last| last.place + last.module.parsed().imports.len())
    }

    /// Who imports what at a place, and its type.
    pub(crate) fn import_at(&self, place: usize) -> (ImportName, ExternType) {
        // Members without imports have the place of the next one.
        let member = &self.list[self.list.partition_point(|member| member.place <= place) - 1];
        let import = member.module.imports().nth(place - member.place).expect("a place of this member");
        (member.import_name(import), import.ty())
    }
}

impl Member {
    /// What defines its imports, of what defines those of all members.
    pub(crate) fn sources<'a, 's>(&self, sources: &'a [Source<'s>]) -> &'a [Source<'s>] {
        &sources[self.place..][..self.module.parsed().imports.len()]
    }

    /// Its imports, and what defines them.
    pub(crate) fn imports<'a>(
        &'a self,
        sources: &'a [Source<'a>],
    ) -> impl Iterator<Item = (ImportType<'a>, Source<'a>)> {
        self.module.imports().zip(self.sources(sources).iter().copied())
    }

    /// An import of it, as errors have it.
    pub(crate) fn import_name(&self, import: ImportType<'_>) -> ImportName {
        let importer = self.name.as_deref().unwrap_or_default();
        ImportName { importer: importer.into(), module: import.module().into(), name: import.name().into() }
    }

    /// The module, in an error's text.
    #[cold]
    pub(crate) fn describe(&self) -> String {
        self.name.as_ref().map_or_else(|| "the module".into(), |name| format!("module `{name}`"))
    }

    /// An error that has to do with this module, which is named if it has a name.
    #[cold]
    pub(crate) fn named(&self, error: Error) -> Error {
        match &self.name {
            Some(name) => format_err!("module `{name}`: {error}"),
            None => error,
        }
    }
}
