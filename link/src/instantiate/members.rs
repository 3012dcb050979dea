//! What is instantiated together: modules, their names, and what defines each of their imports.

use crate::error::{Error, format_err};
use crate::items::external::Extern;
use crate::link_error::ImportName;
use crate::module::{ImportType, Module};
use crate::store::host_item::HostItem;
use hashbrown::HashTable;
use pirn_decode::module::ExternIndex;
use pirn_decode::{ExternType, TypeId};
use std::sync::Arc;

/// Modules that may import from each other, by their names.
#[derive(Clone, Copy)]
pub(crate) struct Members<'a> {
    pub(crate) list: &'a [Member<'a>],
    /// Places in the list, by the hashes of the names. A module alone has no name, and nobody imports from it.
    names: Option<&'a HashTable<u32>>,
}

/// One module.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) module: &'a Module,
    /// How many imports the members before it have.
    place: usize,
}

/// What defines an import. Imports are counted through all members, in order: an import's *place*.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A member, which does not import it itself.
    Member {
        member: u32,
        index: ExternIndex,
        /// Of a function or tag: so that nothing more of the member is read to compare types.
        type_id: TypeId,
    },
    /// Something of a store.
    Item(&'a Extern),
    /// A host function of any store.
    Host(&'a Arc<HostItem>),
}

// There may be hundreds of thousands.
const _: () = assert!(size_of::<Source<'_>>() <= 16);

impl<'a> Members<'a> {
    /// A module alone: `list` is made of [`Member::alone`].
    pub(crate) fn one(list: &'a [Member<'a>; 1]) -> Self {
        Self { list, names: None }
    }

    /// Modules with names: `list` is made by [`Member::all`], and `names` gives places in it by hashes of names.
    pub(crate) fn named(list: &'a [Member<'a>], names: &'a HashTable<u32>) -> Self {
        Self { list, names: Some(names) }
    }

    /// Whether members have names, by which others can import from them.
    pub(crate) fn have_names(self) -> bool {
        self.names.is_some()
    }

    /// The member called `name`.
    #[inline]
    pub(crate) fn find(self, hash: u64, name: &[u8]) -> Option<u32> {
        let named = |member: &u32| self.list[*member as usize].name.is_some_and(|other| *other.as_bytes() == *name);
        self.names?.find(hash, named).copied()
    }

    /// How many imports all members have.
    pub(crate) fn places(self) -> usize {
        self.list.last().map_or(0, |last| last.place + last.module.parsed().imports.len())
    }

    /// The place of import `import` of a member.
    pub(crate) fn place(self, member: u32, import: u32) -> usize {
        self.list[member as usize].place + import as usize
    }

    /// Who imports what at a place, and its type.
    #[cold]
    pub(crate) fn import_at(self, place: usize) -> (ImportName, ExternType) {
        // Members without imports have the place of the next one.
        let member = &self.list[self.list.partition_point(|member| member.place <= place) - 1];
        let import = member.module.imports().nth(place - member.place).expect("a place of this member");
        (member.import_name(import), import.ty())
    }
}

impl<'a> Member<'a> {
    /// A module that has no name.
    pub(crate) fn alone(module: &'a Module) -> [Self; 1] {
        [Self { name: None, module, place: 0 }]
    }

    /// Modules with names.
    pub(crate) fn all(modules: impl IntoIterator<Item = (&'a str, &'a Module)>) -> Vec<Self> {
        let mut place = 0;
        let member = |(name, module): (&'a str, &'a Module)| {
            let member = Self { name: Some(name), module, place };
            place += module.parsed().imports.len();
            member
        };
        modules.into_iter().map(member).collect()
    }

    /// What defines its imports, of what defines those of all members.
    pub(crate) fn sources<'s, 'i>(&self, sources: &'s [Source<'i>]) -> &'s [Source<'i>] {
        &sources[self.place..][..self.module.parsed().imports.len()]
    }

    /// Its imports, and what defines them.
    pub(crate) fn imports<'s>(
        &self,
        sources: &'s [Source<'s>],
    ) -> impl Iterator<Item = (ImportType<'a>, Source<'s>)> + use<'a, 's> {
        self.module.imports().zip(self.sources(sources).iter().copied())
    }

    /// An import of it, as errors have it.
    pub(crate) fn import_name(&self, import: ImportType<'_>) -> ImportName {
        let importer = self.name.unwrap_or_default();
        ImportName { importer: importer.into(), module: import.module().into(), name: import.name().into() }
    }

    /// The module, in an error's text.
    #[cold]
    pub(crate) fn describe(&self) -> String {
        self.name.map_or_else(|| "the module".into(), |name| format!("module `{name}`"))
    }

    /// An error that has to do with this module, which is named if it has a name.
    #[cold]
    pub(crate) fn named(&self, error: Error) -> Error {
        match self.name {
            Some(name) => format_err!("module `{name}`: {error}"),
            None => error,
        }
    }
}
