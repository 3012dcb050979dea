//! Linear memories (spec 4.2.8).

use crate::error::{Result, format_err};
use crate::store::handle::Handle;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use pirn_decode::MemoryType;

/// A memory of an instance, or made by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Memory(Handle<pirn_exec::Memory>);

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

impl From<Handle<pirn_exec::Memory>> for Memory {
    fn from(item: Handle<pirn_exec::Memory>) -> Self {
        Self(item)
    }
}

/// All methods but [`Memory::new`] and [`Memory::grow`] panic when the memory belongs to another store.
impl Memory {
    /// Makes a memory of zeros.
    ///
    /// # Errors
    /// `ty` is not valid (spec 3.2.5), passes the store's limits, or its [limiter](crate::Store::limiter) does not allow it; or the
    /// system has not that much memory. Or `ty` is [shared](MemoryType::is_shared): [`SharedMemory::new`](crate::SharedMemory::new)
    /// makes such memories.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self> {
        if ty.is_shared() {
            return Err(format_err!("a memory that threads share is made by `SharedMemory::new`"));
        }
        store.as_context_mut().opaque_mut().create_memory(ty).map(Self)
    }

    pub(crate) fn item(self) -> Handle<pirn_exec::Memory> {
        self.0
    }

    fn get(self, store: &StoreOpaque) -> &pirn_exec::Memory {
        self.0.get(store).expect("memory")
    }

    /// Its type; the minimum is the size now (spec 4.5.3, growing memories).
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        self.get(store.as_context().opaque()).ty()
    }

    /// Its size in pages, of 65,536 bytes unless its [type](Self::ty) says otherwise.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context().opaque()).size()
    }

    /// Bytes of a page: 65,536, or 1.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// Its size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.get(store.as_context().opaque()).byte_size() as usize
    }

    /// Adds `delta` pages of zeros; gives the old size in pages.
    ///
    /// # Errors
    /// The memory belongs to another store; its maximum or the store's limit would be passed; the store's
    /// [limiter](crate::Store::limiter) does not allow it; the system has not that much memory. Nothing has changed then.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        self.0.check(store.id())?;
        // SAFETY: L3: the store was compared, so L1: the memory is of this one.
        let old = unsafe { store.grow_memory(self.0.as_ptr(), delta) }?;
        old.ok_or_else(|| format_err!("failed to grow a memory of {} pages by {delta} pages", self.get(store).size()))
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
        self.get(store.into().opaque()).bytes()
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
        (self.0.get_mut(opaque).expect("memory").bytes_mut(), data)
    }
}
