//! Linear memories.
//!
//! The bytes are [`Pages`], committed by the system as they are touched. Growing may move them; base and limits are
//! rewritten then, here and in every instance whose memory 0 this is, which is what lets handlers read them without asking.
//!
//! A memory that threads share is a [`SharedMemory`]; a [`Memory`] stands for it in a store, and has no bytes of its own: its limits
//! are 0.

use crate::state::instance::InstanceHead;
use crate::state::pages::{Image, Pages};
use crate::state::shared::SharedMemory;
use crate::state::trap::Trap;
use pirn_decode::{Limits, MemoryType};
use std::sync::Arc;

/// Below which address an access must begin, by the logarithm of its size. The first is the memory's size in bytes.
pub(crate) type MemoryLimits = [u64; 5];

/// A linear memory.
#[repr(C)]
#[derive(Debug)]
pub struct Memory {
    /// First byte. Handlers of far accesses read this and the next field, which [`Memory::grow`] keeps true.
    pub(crate) base: *mut u8,
    pub(crate) limits: MemoryLimits,
    /// What it stands for, if threads share it.
    pub(crate) shared: Option<Arc<SharedMemory>>,
    pages: Pages,
    /// Bytes now; behind them, up to the room there is, nothing has been written.
    len: usize,
    /// With the limits that were declared.
    ty: MemoryType,
    /// Bytes that the owner allows, whatever the type says.
    most: u64,
    /// Instances whose memory 0 this is.
    users: Vec<*mut InstanceHead>,
    /// Whether the owner may have written to the bytes since they were copied last.
    is_touched: bool,
}

/// What a memory may begin with, of which the system copies only what is written to: see [`Memory::reset`].
#[derive(Debug, Clone)]
pub struct MemoryImage(Arc<Image>);

impl MemoryImage {
    /// These pieces at these offsets, later ones over earlier ones, and zeros elsewhere; they end at `most` at the latest. `None` if the system has no
    /// such thing, or there is no memory for it.
    pub fn new<'a>(pieces: impl Iterator<Item = (usize, &'a [u8])>, most: usize) -> Option<Self> {
        Some(Self(Arc::new(Image::new(pieces, most)?)))
    }
}

// SAFETY: the memory owns its bytes (I9); the instances in `users` belong to the same store and go between threads with
// it (I2).
unsafe impl Send for Memory {}
// SAFETY: as above; writing needs `&mut` of the store (I2).
unsafe impl Sync for Memory {}

impl Memory {
    /// A zeroed memory of this type, that never has more than `most` bytes. `None` if there is no memory for it.
    pub fn new(ty: MemoryType, most: u64) -> Option<Self> {
        if ty.shared {
            return SharedMemory::new(ty, most).map(Self::of_shared);
        }
        let pages = Pages::empty();
        let base = pages.base();
        let (shared, users) = (None, Vec::new());
        let mut this = Self { base, limits: [0; 5], shared, pages, len: 0, ty, most, users, is_touched: true };
        this.grow(ty.limits.min).map(|_| this)
    }

    /// What stands in a store for a memory that threads share.
    pub fn of_shared(shared: Arc<SharedMemory>) -> Self {
        Self {
            base: shared.base(),
            limits: [0; 5],
            ty: *shared.declared(),
            shared: Some(shared),
            pages: Pages::empty(),
            len: 0,
            most: 0,
            users: Vec::new(),
            is_touched: true,
        }
    }

    /// Says that code may have written to it. Until then, only who has [its bytes](Self::bytes_mut) may have.
    pub fn touch(&mut self) {
        self.is_touched = true;
    }

    /// A copy of it, which is no instance's yet. The bytes of this one may move for it. `None` if there is no memory for it.
    ///
    /// Where the system can, bytes are copied when they are written to, in either of the two.
    ///
    /// # Panics
    /// Threads share it.
    pub fn fork(&mut self) -> Option<Self> {
        assert!(self.shared.is_none(), "a memory that threads share is not copied");
        // SAFETY: the pages have room for `len`, and nothing was written behind it. With `&mut self` nobody else refers to the bytes.
        // `publish` is next (I8).
        let pages = unsafe { self.pages.fork(self.len, !self.is_touched) };
        self.publish();
        self.is_touched = false;
        let pages = pages?;
        let (base, shared, users) = (pages.base(), None, Vec::new());
        Some(Self {
            base,
            limits: self.limits,
            shared,
            pages,
            len: self.len,
            ty: self.ty,
            most: self.most,
            users,
            is_touched: false,
        })
    }

    /// Has it be of `min` pages, with zeros, or as `image` has it, of which all that is not zero lies within. Gives how many bytes it had more, and
    /// whether it is as the image has it, of which there may be too many already; `None`, with nothing changed, if there is no memory for it.
    ///
    /// # Panics
    /// Threads share it; it is smaller.
    ///
    /// # Safety
    /// Nothing stands still within an operation on it.
    pub unsafe fn reset(&mut self, min: u64, image: Option<&MemoryImage>) -> Option<(u64, bool)> {
        assert!(self.shared.is_none(), "a memory that threads share is not made anew");
        assert!(min <= self.size(), "a memory is not reset to more than it has");
        let len = self.ty.bytes(min) as usize;
        // SAFETY: with `&mut self` nobody else refers to the bytes. `publish` is next (I8).
        let is_reverted = image.is_some_and(|image| unsafe { self.pages.revert(&image.0, len) });
        let mut is_image = is_reverted;
        if !is_reverted {
            let pages = image.and_then(|image| Pages::of_image(&image.0, len));
            is_image = pages.is_some();
            self.pages = pages.or_else(|| Pages::zeroed(len))?;
        }
        let more = self.len - len;
        self.len = len;
        self.is_touched = true;
        self.publish();
        Some((more as u64, is_image))
    }

    /// The memory that this stands for, if threads share it.
    pub fn shared(&self) -> Option<&Arc<SharedMemory>> {
        self.shared.as_ref()
    }

    /// Bytes now.
    #[inline(always)]
    pub fn byte_size(&self) -> u64 {
        self.shared.as_ref().map_or(self.limits[0], |shared| shared.byte_size())
    }

    /// Where `len` bytes from `start` on lie, if they lie within.
    #[inline(always)]
    pub(crate) fn place(&self, start: u64, len: u64) -> Option<*mut u8> {
        // An end that is compared with the size would take a register more, which handlers would have to save.
        let last = self.byte_size().checked_sub(len)?;
        // SAFETY: what lies within the memory lies within its pages.
        (start <= last).then(|| unsafe { self.base.add(start as usize) })
    }

    /// Its type; the minimum is the size now (spec 4.5.3, growing memories).
    pub fn ty(&self) -> MemoryType {
        MemoryType { limits: Limits { min: self.size(), ..self.ty.limits }, ..self.ty }
    }

    /// The type that it was made with.
    pub(crate) fn declared(&self) -> &MemoryType {
        &self.ty
    }

    /// Keeps `instance`'s view of memory 0 true from now on.
    ///
    /// # Safety
    /// `this` is a live memory that does not move; `instance` is a live instance block, and stays so as long as this
    /// memory may grow.
    pub unsafe fn attach(this: *mut Self, instance: *mut InstanceHead) {
        // The instance gets the pointer itself, not one derived from a reference that ends here.
        // SAFETY: both are live and stay where they are, and nothing runs meanwhile. From here on I8 holds of `instance`.
        unsafe {
            (*instance).memory = this;
            (*this).users.push(instance);
            (*this).publish_to(instance);
        }
    }

    fn publish(&mut self) {
        self.base = self.pages.base();
        self.limits = [1, 2, 4, 8, 16].map(|bytes| (self.len as u64).saturating_sub(bytes - 1));
        for &instance in &self.users {
            // SAFETY: `attach` asked for blocks that are live as long as this memory may grow.
            unsafe { self.publish_to(instance) };
        }
    }

    /// Writes base and limits into an instance.
    ///
    /// # Safety
    /// `instance` is live.
    unsafe fn publish_to(&self, instance: *mut InstanceHead) {
        // SAFETY: it is live. I8: these are base and length of the pages there are now.
        unsafe {
            (*instance).mem_base = self.base;
            (*instance).mem_limits = self.limits;
        }
    }

    /// Size now, in pages.
    pub fn size(&self) -> u64 {
        self.byte_size() >> self.ty.page_size_log2
    }

    /// Whether the maximum allows `delta` pages more.
    pub(crate) fn can_grow(&self, delta: u64) -> bool {
        match &self.shared {
            Some(shared) => shared.can_grow(delta),
            None => self.grown(delta).is_some(),
        }
    }

    /// Bytes after growing by `delta` pages, if that is allowed.
    fn grown(&self, delta: u64) -> Option<u64> {
        let declared = self.ty.limits.max.unwrap_or(u64::MAX).min(self.ty.most_pages());
        let pages = self.size().checked_add(delta).filter(|&pages| pages <= declared)?;
        Some(self.ty.bytes(pages)).filter(|&bytes| bytes <= self.most)
    }

    /// Adds `delta` pages and gives the old size in pages; `None`, with nothing changed, if that passes the maximum or
    /// memory is short.
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        if let Some(shared) = &self.shared {
            return shared.grow(delta);
        }
        let old = self.size();
        let bytes = self.grown(delta)?;
        if delta == 0 {
            return Some(old);
        }
        // References to more than that are none.
        let new_len = usize::try_from(bytes).ok().filter(|&len| len <= isize::MAX as usize)?;
        // SAFETY: the pages have room for `len`, and nothing was written behind it. With `&mut self` nobody else refers
        // to the bytes; a cell that grows memory keeps no pointer to them. `publish` is next (I8).
        if !unsafe { self.pages.grow(self.len, new_len) } {
            return None;
        }
        self.len = new_len;
        self.publish();
        Some(old)
    }

    /// As [`Self::grow`], if it has `size` pages; otherwise nothing is changed.
    pub fn grow_from(&mut self, size: u64, delta: u64) -> Option<u64> {
        match &self.shared {
            Some(shared) => shared.grow_from(size, delta),
            None if self.size() == size => self.grow(delta),
            None => None,
        }
    }

    /// The bytes; none of a memory that threads share.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the pages have room for `len`, initialised (I9); with `&self` the machine does not run (I2).
        unsafe { std::slice::from_raw_parts(self.pages.base(), self.len) }
    }

    /// The bytes; none of a memory that threads share.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.is_touched = true;
        // SAFETY: as in `bytes`; with `&mut self` nobody else refers to them.
        unsafe { std::slice::from_raw_parts_mut(self.pages.base(), self.len) }
    }

    fn range(&mut self, start: u64, len: u32) -> Result<&mut [u8], Trap> {
        let start = usize::try_from(start).map_err(|_| Trap::MemoryOutOfBounds)?;
        self.bytes_mut().get_mut(start..).and_then(|rest| rest.get_mut(..len as usize)).ok_or(Trap::MemoryOutOfBounds)
    }

    /// `memory.init` (spec 4.4.7): copies `len` bytes from `source[from..]`.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`], for either side.
    pub fn init(&mut self, start: u64, source: &[u8], from: u32, len: u32) -> Result<(), Trap> {
        let source = source.get(from as usize..).and_then(|rest| rest.get(..len as usize));
        let source = source.ok_or(Trap::MemoryOutOfBounds)?;
        if let Some(shared) = &self.shared {
            return shared.write(start, source);
        }
        self.range(start, len)?.copy_from_slice(source);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
