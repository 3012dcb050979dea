//! The two pointer types everything in a store is reached by.
//!
//! A store's contents never move and are never freed before the store, so a handle is a plain address plus the id of
//! the store it belongs to: using one is a comparison and a dereference. (Indices into arenas were the alternative:
//! bounds-checked, and one more load for each use.)

use crate::error::{Result, format_err};
use crate::store::StoreOpaque;
use std::num::NonZeroU64;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// A box whose content others may point to. (`Box` claims to be the only way to its content; moving one would
/// invalidate the pointers handlers hold.)
pub(crate) struct Pinned<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Pinned<T> {
    pub(crate) fn new(content: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(content)))
    }

    pub(crate) fn as_ptr(&self) -> NonNull<T> {
        self.0
    }
}

impl<T> Pinned<T> {
    /// As [`Pinned::new`], of something that is in no box yet; `None` if there is no memory for one.
    pub(crate) fn try_new(content: T) -> Option<Self> {
        let mut one = Vec::new();
        one.try_reserve_exact(1).ok()?;
        one.push(content);
        let one: Box<[T; 1]> = one.into_boxed_slice().try_into().ok()?;
        // An array of one lies in memory as its element does.
        Some(Self(NonNull::from(Box::leak(one)).cast()))
    }
}

impl<T: ?Sized> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box and is given back once, here.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl<T: ?Sized> std::fmt::Debug for Pinned<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Pointer::fmt(&self.0, f)
    }
}

// SAFETY: owns its content as a box does.
unsafe impl<T: ?Sized + Send> Send for Pinned<T> {}
// SAFETY: as above; a shared `Pinned` gives no more than an address.
unsafe impl<T: ?Sized + Sync> Sync for Pinned<T> {}

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
    /// # Safety
    /// `ptr` points at a `T` that the store called `store` owns: valid until that store is dropped, and accessed only
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

    #[inline]
    pub(crate) fn get(self, store: &StoreOpaque) -> Result<&T> {
        self.check(store.id())?;
        // SAFETY: the store lives, being borrowed, and nobody writes to its contents meanwhile (`new`).
        Ok(unsafe { self.ptr.as_ref() })
    }

    #[inline]
    pub(crate) fn get_mut(mut self, store: &mut StoreOpaque) -> Result<&mut T> {
        self.check(store.id())?;
        // SAFETY: the store lives, and its mutable borrow makes this the only access to its contents (`new`).
        Ok(unsafe { self.ptr.as_mut() })
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

// SAFETY: without the store a handle is a number; with it, access follows the borrow of the store.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}
