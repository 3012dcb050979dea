//! Memories that threads share.
//!
//! Such a memory never moves: the addresses of all that it may have one day are reserved when it is made, and its pages are
//! committed by the system as they are touched. What changes is its size, one atomic number, which only grows: so an access that
//! was compared with it lies within, whatever other threads do. All accesses to the bytes are atomic ([`racing`]): I10 of the crate.
//!
//! The memory belongs to no store. Each store that has it has a [`Memory`](crate::Memory) that keeps it.

pub(crate) mod park;
pub(crate) mod racing;
/// What [`park`] synchronises by.
mod sync {
    pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
}

use crate::state::pages::Pages;
use crate::state::trap::Trap;
use park::Lot;
use pirn_decode::{Limits, MemoryType};
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};

/// A memory that threads share.
#[derive(Debug)]
pub struct SharedMemory {
    pages: Pages,
    /// Bytes now.
    len: AtomicU64,
    /// With the limits that were declared.
    ty: MemoryType,
    /// Bytes that there are addresses for.
    most: u64,
    lot: Lot,
}

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitResult {
    /// Another thread has notified this one.
    Ok = 0,
    /// There was another value than was expected.
    Mismatch = 1,
    /// Nobody has notified this thread in time.
    TimedOut = 2,
}

/// What to wait for: a value of 32 or of 64 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    Short(u32),
    Long(u64),
}

impl Expected {
    fn bytes(self) -> u64 {
        match self {
            Self::Short(_) => 4,
            Self::Long(_) => 8,
        }
    }
}

/// The latest moment to wait for, if it is to be one: so many nanoseconds from now on, for ever if that is less than none.
pub(crate) fn deadline(nanoseconds: i64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
}

impl SharedMemory {
    /// A zeroed memory of this type, that never has more than `most` bytes. `None` if there is no memory, or are no addresses, for
    /// it.
    ///
    /// # Panics
    /// The type is not that of a shared memory, or has no maximum.
    pub fn new(ty: MemoryType, most: u64) -> Option<Arc<Self>> {
        assert!(ty.shared, "a memory that is not shared");
        let maximum = ty.limits.max.expect("a shared memory has a maximum").min(ty.most_pages());
        let most = ty.bytes(maximum).min(most) >> ty.page_size_log2 << ty.page_size_log2;
        let len = ty.bytes(ty.limits.min);
        let room = usize::try_from(most).ok().filter(|&most| most <= isize::MAX as usize && len <= most as u64)?;
        let pages = Pages::reserved(room)?;
        Some(Arc::new(Self { pages, len: AtomicU64::new(len), ty, most, lot: Lot::new() }))
    }

    /// Its type; the minimum is the size now.
    pub fn ty(&self) -> MemoryType {
        MemoryType { limits: Limits { min: self.size(), ..self.ty.limits }, ..self.ty }
    }

    /// The type that it was made with.
    pub(crate) fn declared(&self) -> &MemoryType {
        &self.ty
    }

    /// First byte; it never changes.
    pub(crate) fn base(&self) -> *mut u8 {
        self.pages.base()
    }

    /// Bytes now.
    #[inline(always)]
    pub fn byte_size(&self) -> u64 {
        self.len.load(SeqCst)
    }

    /// Bytes there were, some time ago at worst: what an access that other threads are not ordered with has to lie within.
    #[inline(always)]
    pub(crate) fn known_size(&self) -> u64 {
        self.len.load(Relaxed)
    }

    /// Pages now.
    pub fn size(&self) -> u64 {
        self.byte_size() >> self.ty.page_size_log2
    }

    /// Its bytes, of which other threads may read and write any at any time: they are to be accessed by atomics.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        // SAFETY: the pages have room for so many bytes, initialised (I9), which stay where they are as long as this lives.
        unsafe { std::slice::from_raw_parts(self.base().cast(), self.byte_size() as usize) }
    }

    /// Bytes after growing by `delta` pages, if that is allowed.
    fn grown(&self, len: u64, delta: u64) -> Option<u64> {
        len.checked_add(self.ty.bytes(delta)).filter(|&bytes| bytes <= self.most)
    }

    /// Whether the maximum allows `delta` pages more.
    pub(crate) fn can_grow(&self, delta: u64) -> bool {
        self.grown(self.byte_size(), delta).is_some()
    }

    /// Adds `delta` pages and gives the old size in pages; `None`, with nothing changed, if that passes the maximum.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        let old = self.len.fetch_update(SeqCst, SeqCst, |len| self.grown(len, delta));
        old.ok().map(|len| len >> self.ty.page_size_log2)
    }

    /// As [`Self::grow`], if it has `size` pages, and no other thread grows it meanwhile; otherwise nothing is changed.
    pub fn grow_from(&self, size: u64, delta: u64) -> Option<u64> {
        let len = self.ty.bytes(size);
        self.len.compare_exchange(len, self.grown(len, delta)?, SeqCst, SeqCst).is_ok().then_some(size)
    }

    /// Where `len` bytes from `start` on lie, if they lie within.
    pub(crate) fn range(&self, start: u64, len: u64) -> Option<*mut u8> {
        let end = start.checked_add(len)?;
        // SAFETY: the pages have room for so many bytes.
        (end <= self.byte_size()).then(|| unsafe { self.base().add(start as usize) })
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// They reach beyond the memory's end; nothing has changed then.
    pub fn read(&self, start: u64, buffer: &mut [u8]) -> Result<(), Trap> {
        let place = self.range(start, buffer.len() as u64).ok_or(Trap::MemoryOutOfBounds)?;
        // SAFETY: they lie within, and all accesses are atomic (I10).
        unsafe { racing::read(place, buffer) };
        Ok(())
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// They reach beyond the memory's end; nothing has changed then.
    pub fn write(&self, start: u64, bytes: &[u8]) -> Result<(), Trap> {
        let place = self.range(start, bytes.len() as u64).ok_or(Trap::MemoryOutOfBounds)?;
        // SAFETY: they lie within, and all accesses are atomic (I10).
        unsafe { racing::write(place, bytes) };
        Ok(())
    }

    /// The place of a value that is aligned.
    fn aligned(&self, address: u64, bytes: u64) -> Result<*mut u8, Trap> {
        if !address.is_multiple_of(bytes) {
            return Err(Trap::HeapMisaligned);
        }
        self.range(address, bytes).ok_or(Trap::MemoryOutOfBounds)
    }

    /// Wakes threads that wait at an address, no more than `count`: how many.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`]: the address is no multiple of 4. [`Trap::MemoryOutOfBounds`]: it is beyond the end.
    pub fn notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        self.aligned(address, 4)?;
        Ok(self.lot.notify(address as usize, count))
    }

    /// Enters the queue of those who wait at an address, if the value there is the expected one.
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`], of the value's size.
    pub(crate) fn enter(&self, address: u64, expected: Expected) -> Result<Option<park::Place<'_>>, Trap> {
        let place = self.aligned(address, expected.bytes())?;
        // SAFETY: the value lies within, and pages are aligned to words as addresses are.
        Ok(self.lot.enter(address as usize, || unsafe {
            match expected {
                Expected::Short(value) => AtomicU32::from_ptr(place.cast()).load(SeqCst) == value,
                Expected::Long(value) => AtomicU64::from_ptr(place.cast()).load(SeqCst) == value,
            }
        }))
    }

    fn wait(&self, address: u64, expected: Expected, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        let Some(place) = self.enter(address, expected)? else { return Ok(WaitResult::Mismatch) };
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let woken = place.wait(until) || place.leave();
        Ok(if woken { WaitResult::Ok } else { WaitResult::TimedOut })
    }

    /// Waits at an address while `expected` lies there, until another thread notifies this one, or the time is over.
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`].
    pub fn wait32(&self, address: u64, expected: u32, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        self.wait(address, Expected::Short(expected), timeout)
    }

    /// As [`SharedMemory::wait32`], of a value of 64 bits.
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`], of an address that is to be a multiple of 8.
    pub fn wait64(&self, address: u64, expected: u64, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        self.wait(address, Expected::Long(expected), timeout)
    }
}
