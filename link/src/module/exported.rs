//! What linking looks up in a module by name: exports, and hashes of what is imported.

use crate::engine::Engine;
use crate::engine::types::TypeUse;
use hashbrown::HashTable;
use pirn_decode::TypeId;
use pirn_decode::module::{Export, ExternIndex, Name};

/// An export, and all that linking asks of it. So a look-up reads one cache line: with thousands of modules none of them
/// is in a cache.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) item: ExportedItem,
    pub(super) name: Name,
    /// Of a function's type.
    pub(crate) type_id: TypeId,
    /// The name's first bytes; if it is shorter, with zeros behind it.
    pub(super) head: [u8; HEAD],
}

/// How many bytes of a name stand in [`Exported`].
pub(super) const HEAD: usize = 12;

const _: () = assert!(size_of::<Exported>() == 32);

#[derive(Debug, Clone, Copy)]
pub(crate) enum ExportedItem {
    Own(ExternIndex),
    /// An import, which is exported again.
    Import(u32),
}

impl Exported {
    fn new(name: Name, text: &str, item: ExportedItem, type_id: TypeId) -> Self {
        let mut head = [0; HEAD];
        let len = text.len().min(HEAD);
        head[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self { item, name, type_id, head }
    }
}

/// Hashes of the two names of an import: see [`Engine::hash`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImportHash {
    pub(crate) module: u64,
    pub(crate) name: u64,
}

pub(super) fn exports(engine: &Engine, parsed: &pirn_decode::Module, types: &[TypeUse]) -> HashTable<Exported> {
    // By index space: which imports its first items are.
    let mut imports = <[Vec<u32>; 5]>::default();
    for (import, place) in parsed.imports.iter().zip(0..) {
        imports[space(import.index).0].push(place);
    }
    let hash = |export: &Exported| engine.hash(parsed.name(export.name));
    let mut exports = HashTable::with_capacity(parsed.exports.len());
    for &Export { name, index } in &parsed.exports {
        let (space, place) = space(index);
        let item = imports[space].get(place).map_or(ExportedItem::Own(index), |&import| ExportedItem::Import(import));
        let type_id = match index {
            ExternIndex::Func(funcidx) => types[parsed.typeidx(funcidx).index()].id(),
            ExternIndex::Tag(tagidx) => types[parsed.tags[tagidx as usize].index()].id(),
            ExternIndex::Table(_) | ExternIndex::Memory(_) | ExternIndex::Global(_) => TypeId::NONE,
        };
        let export = Exported::new(name, parsed.name(name), item, type_id);
        exports.insert_unique(hash(&export), export, hash);
    }
    exports
}

/// Which index space, and where in it.
fn space(index: ExternIndex) -> (usize, usize) {
    match index {
        ExternIndex::Func(funcidx) => (0, funcidx.index()),
        ExternIndex::Table(place) => (1, place as usize),
        ExternIndex::Memory(place) => (2, place as usize),
        ExternIndex::Global(place) => (3, place as usize),
        ExternIndex::Tag(place) => (4, place as usize),
    }
}

/// Imports from one module mostly stand together, and its name is hashed once for them.
pub(super) fn import_hashes(engine: &Engine, parsed: &pirn_decode::Module) -> Box<[ImportHash]> {
    let mut last = None;
    let hashes = parsed.imports.iter().map(|import| {
        let module = match last {
            Some((name, hash)) if name == import.module => hash,
            Some(_) | None => engine.hash(parsed.name(import.module)),
        };
        last = Some((import.module, module));
        ImportHash { module, name: engine.hash(parsed.name(import.name)) }
    });
    hashes.collect()
}
