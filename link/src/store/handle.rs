//! Handles: how everything in a store is reached.
//!
//! A store's contents never move and are never freed before the store, so a handle is a plain address plus the id of
//! the store it belongs to: using one is a comparison and a dereference. (Indices into arenas were the alternative:
//! bounds-checked, and one more load for each use.)

use crate::error::{Result, format_err};
use std::num::NonZeroU64;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which store something belongs to; unique in the process. (`pub` because sealed traits name it.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(NonZeroU64);

impl StoreId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)).expect("2^64 stores were made"))
    }
}

/// Something that lives in a store.
pub(crate) struct Handle<T> {
    store: StoreId,
    ptr: NonNull<T>,
}

impl<T> Handle<T> {
    /// A handle of what `ptr` points at.
    ///
    /// # Safety
    /// L3: `ptr` points at a `T` that the store called `store` owns: valid until that store is dropped, and accessed only
    /// under a borrow of the store or by its machine, which runs under a mutable one.
    pub(crate) unsafe fn new(store: StoreId, ptr: NonNull<T>) -> Self {
        Self { store, ptr }
    }

    pub(crate) fn store(self) -> StoreId {
        self.store
    }

    /// The address; whoever dereferences it has compared the store.
    pub(crate) fn as_ptr(self) -> *mut T {
        self.ptr.as_ptr()
    }

    /// Compares the store.
    #[inline]
    pub(crate) fn check(self, store: StoreId) -> Result<()> {
        if self.store == store { Ok(()) } else { Err(wrong_store()) }
    }
}

#[cold]
pub(crate) fn wrong_store() -> crate::error::Error {
    format_err!("object used with the wrong store")
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        // The address alone may come again after a store was dropped.
        self.ptr == other.ptr && self.store == other.store
    }
}

impl<T> Eq for Handle<T> {}

impl<T> std::hash::Hash for Handle<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.ptr.hash(state);
        self.store.hash(state);
    }
}

impl<T> std::fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:p} of store {}", self.ptr, self.store.0)
    }
}

// SAFETY: L3 and L2: a handle gives access only together with a borrow of its store, and that borrow decides between threads.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}
