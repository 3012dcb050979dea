//! A box whose content others may point to.

use std::ptr::NonNull;

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
        // SAFETY: the pointer came from a box (`new`, or `try_new`, whose array of one has the same layout), and is given back once,
        // here.
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
