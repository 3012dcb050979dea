//! Linear memories (spec 4.2.8).

use crate::error::{Result, format_err};
use crate::handle::Handle;
use crate::limits::{MAX_PAGES, Needs};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreOpaque};
use pirn_decode::{Limits, MemoryType};
use pirn_exec::Room;

/// A memory in a store.
#[derive(Debug)]
pub(crate) struct MemoryItem {
    pub(crate) memory: pirn_exec::Memory,
    /// As declared.
    max: Option<u32>,
}

impl MemoryItem {
    /// Creates a memory in `store`.
    pub(crate) fn create(store: &mut StoreOpaque, ty: MemoryType) -> Result<Handle<Self>> {
        let Limits { min, max } = ty.limits;
        if max.is_some_and(|max| max < min) || min.max(max.unwrap_or(0)) > MAX_PAGES {
            return Err(format_err!("a memory cannot have limits {}", ty.limits));
        }
        store.check_needs(Needs { memories: 1, pages: min.into(), ..Needs::default() })?;
        let limit = store.limits().memory_pages;
        if min > limit {
            return Err(format_err!("a memory of {min} pages passes the store's limit of {limit} pages"));
        }
        let memory = pirn_exec::Memory::new(min, max.unwrap_or(MAX_PAGES).min(limit));
        let memory = memory.ok_or_else(|| format_err!("the system gave no memory for {min} pages"))?;
        store.room_mut().pages -= u64::from(min);
        store.add_memory(Self { memory, max })
    }

    pub(crate) fn ty(&self) -> MemoryType {
        MemoryType::new(self.memory.size(), self.max)
    }
}

/// A memory of an instance, or made by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Memory(Handle<MemoryItem>);

/// A read or write reached beyond the end of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryAccessError;

impl std::fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("out of bounds memory access by the host")
    }
}

impl std::error::Error for MemoryAccessError {}

impl From<MemoryAccessError> for crate::error::Error {
    fn from(error: MemoryAccessError) -> Self {
        Self::new(error)
    }
}

impl From<Handle<MemoryItem>> for Memory {
    fn from(item: Handle<MemoryItem>) -> Self {
        Self(item)
    }
}

/// All methods but [`Memory::new`] and [`Memory::grow`] panic when the memory belongs to another store.
impl Memory {
    /// Makes a memory of zeros.
    ///
    /// # Errors
    /// `ty` is not valid (spec 3.2.5), passes the store's limits, or the system has not that much memory.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self> {
        MemoryItem::create(store.as_context_mut().opaque_mut(), ty).map(Self)
    }

    pub(crate) fn item(self) -> Handle<MemoryItem> {
        self.0
    }

    fn get(self, store: &StoreOpaque) -> &MemoryItem {
        self.0.get(store).expect("memory")
    }

    /// Its type; the minimum is the size now (spec 4.5.3, growing memories).
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        self.get(store.as_context().opaque()).ty()
    }

    /// Its size in pages of 65,536 bytes.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context().opaque()).memory.size().into()
    }

    /// Its size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.get(store.as_context().opaque()).memory.bytes().len()
    }

    /// Adds `delta` pages of zeros; gives the old size in pages.
    ///
    /// # Errors
    /// The memory belongs to another store; its maximum or the store's limit would be passed; the system has not that
    /// much memory. Nothing has changed then.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let mut room = store.room().pages;
        let memory = &mut self.0.get_mut(store)?.memory;
        let grow = |delta| Room::grow(&mut room, delta, |delta| memory.grow(delta));
        let Some(old) = u32::try_from(delta).ok().and_then(grow) else {
            return Err(format_err!("failed to grow a memory of {} pages by {delta} pages", memory.size()));
        };
        store.room_mut().pages = room;
        Ok(old.into())
    }

    /// Copies bytes from `offset` on into `buffer`.
    ///
    /// # Errors
    /// They reach beyond the memory's end; `buffer` has not changed then.
    pub fn read(&self, store: impl AsContext, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        let store = store.as_context();
        let bytes = self.data(store).get(offset..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(MemoryAccessError)?);
        Ok(())
    }

    /// Copies `buffer` to `offset`.
    ///
    /// # Errors
    /// It reaches beyond the memory's end; nothing has changed then.
    pub fn write(&self, mut store: impl AsContextMut, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        let mut store = store.as_context_mut();
        let bytes = self.data_mut(&mut store).get_mut(offset..).and_then(|rest| rest.get_mut(..buffer.len()));
        bytes.ok_or(MemoryAccessError)?.copy_from_slice(buffer);
        Ok(())
    }

    /// Its bytes.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.get(store.into().opaque()).memory.bytes()
    }

    /// Its bytes.
    pub fn data_mut<'a, T: 'static>(&self, store: impl Into<StoreContextMut<'a, T>>) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// Its bytes and the embedder's data, both at once.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let (opaque, data) = store.into().into_parts();
        (self.0.get_mut(opaque).expect("memory").memory.bytes_mut(), data)
    }
}
