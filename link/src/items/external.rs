//! What can be imported and exported (spec 4.2.13), and what an instance exports.

use crate::error::Result;
use crate::items::func::Func;
use crate::items::global::Global;
use crate::items::memory::Memory;
use crate::items::shared_memory::SharedMemory;
use crate::items::table::Table;
use crate::items::tag::Tag;
use crate::store::AsContext;
use crate::store::handle::{StoreId, wrong_store};
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::module::ExternIndex;
use pirn_decode::{ExternType, FuncIdx};
use std::sync::Arc;

/// A function, table, memory, global or tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
    /// A memory that threads share.
    SharedMemory(SharedMemory),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        if let Self::Func(func) = self { Some(func) } else { None }
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }

    /// The memory, if it is one that threads do not share.
    pub fn into_memory(self) -> Option<Memory> {
        if let Self::Memory(memory) = self { Some(memory) } else { None }
    }

    /// The memory that threads share, if it is one.
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        if let Self::SharedMemory(memory) = self { Some(memory) } else { None }
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        if let Self::Global(global) = self { Some(global) } else { None }
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        if let Self::Tag(tag) = self { Some(tag) } else { None }
    }

    /// Its type; minima of tables and memories are their sizes now.
    ///
    /// # Panics
    /// It belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        self.ty_in(store.as_context().opaque()).expect("Extern::ty")
    }

    /// Its type.
    ///
    /// # Errors
    /// It belongs to another store.
    pub(crate) fn ty_in(&self, store: &StoreOpaque) -> Result<ExternType> {
        Ok(match self {
            Self::Func(func) => ExternType::Func(store.kept_func_type(func.record())?),
            Self::Table(table) => ExternType::Table(table.item().get(store)?.ty()),
            Self::Memory(memory) => ExternType::Memory(memory.item().get(store)?.ty()),
            Self::Global(global) => ExternType::Global(global.item().get(store)?.ty),
            Self::Tag(tag) => ExternType::Tag(tag.item().get(store)?.kept_type(store.engine())),
            Self::SharedMemory(memory) => {
                if !memory.is_for(store) {
                    return Err(wrong_store());
                }
                ExternType::Memory(memory.ty())
            }
        })
    }

    /// Whether it may be used in a store: it belongs to it, or to its engine.
    pub(crate) fn is_for(&self, store: &StoreOpaque) -> bool {
        let of = match self {
            Self::SharedMemory(memory) => return memory.is_for(store),
            Self::Func(func) => func.record().store(),
            Self::Table(table) => table.item().store(),
            Self::Memory(memory) => memory.item().store(),
            Self::Global(global) => global.item().store(),
            Self::Tag(tag) => tag.item().store(),
        };
        of == store.id()
    }
}

impl InstanceData {
    /// Function `funcidx`, all imports being linked.
    pub(crate) fn func(&self, funcidx: FuncIdx, store: StoreId) -> Func {
        // SAFETY: L6: a record of this instance, set when it was made or linked, before anybody asks for it; L1: it is live.
        unsafe { Func::of_record(store, self.block.func(funcidx)) }
    }

    /// What stands at `index`.
    pub(crate) fn item(&self, index: ExternIndex, store: StoreId) -> Extern {
        match index {
            ExternIndex::Func(i) => Extern::Func(self.func(i, store)),
            ExternIndex::Table(i) => Table::from(self.tables[i as usize]).into(),
            ExternIndex::Memory(i) => {
                // SAFETY: L1: it is of the store of this instance, which is borrowed from there; L2: nobody changes it meanwhile.
                let memory = unsafe { &*self.memories[i as usize].as_ptr() };
                match memory.shared() {
                    Some(shared) => SharedMemory::of_parts(self.module().engine(), Arc::clone(shared)).into(),
                    None => Memory::from(self.memories[i as usize]).into(),
                }
            }
            ExternIndex::Global(i) => Global::from(self.globals[i as usize]).into(),
            ExternIndex::Tag(i) => Tag::from(self.tags[i as usize]).into(),
        }
    }

    /// The export called `name`.
    pub(crate) fn export(&self, name: &str, store: StoreId) -> Option<Extern> {
        self.module().export_index(name).map(|index| self.item(index, store))
    }
}

macro_rules! from {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Extern {
            fn from(item: $kind) -> Self {
                Self::$kind(item)
            }
        }
    )*};
}
from!(Func, Table, Memory, Global, SharedMemory, Tag);

/// An export of an instance: see [`crate::Instance::exports`].
#[derive(Debug, Clone)]
pub struct Export<'instance> {
    pub(crate) name: &'instance str,
    pub(crate) item: Extern,
}

impl<'instance> Export<'instance> {
    /// Its name.
    pub fn name(&self) -> &'instance str {
        self.name
    }

    /// What it is.
    pub fn into_extern(self) -> Extern {
        self.item
    }
}
