//! Tables.

use crate::Trap;
use std::alloc::Layout;

/// A table: references encoded as on the value stack (0 is null).
#[repr(C)]
#[derive(Debug)]
pub struct Table {
    /// First element. Read by handlers; kept true by [`Table::grow`].
    pub(crate) base: *mut u64,
    /// Elements now.
    pub(crate) len: u64,
    elements: Vec<u64>,
    max: u32,
}

// SAFETY: `base` points into `elements`, which the table owns.
unsafe impl Send for Table {}
// SAFETY: as above; writing needs `&mut`.
unsafe impl Sync for Table {}

/// So many null references. The system gives them page by page, as they are touched.
fn zeroed(len: usize) -> Option<Vec<u64>> {
    let layout = Layout::array::<u64>(len).ok()?;
    if len == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout, that of so many words, is not empty; zeros are words; a vector frees with the same layout.
    unsafe {
        let words = std::alloc::alloc_zeroed(layout).cast::<u64>();
        (!words.is_null()).then(|| Vec::from_raw_parts(words, len, len))
    }
}

impl Table {
    /// A table of `min` elements, all `init`, that may grow to `max`. `None` if there is no memory for it.
    pub fn new(min: u32, max: u32, init: u64) -> Option<Self> {
        let elements = if init == 0 { zeroed(min as usize)? } else { Vec::new() };
        let mut this = Self { base: std::ptr::null_mut(), len: 0, elements, max };
        this.resize(min, init).then_some(this)
    }

    fn resize(&mut self, len: u32, init: u64) -> bool {
        if len > self.max || self.elements.try_reserve(len as usize - self.elements.len()).is_err() {
            return false;
        }
        self.elements.resize(len as usize, init);
        self.base = self.elements.as_mut_ptr();
        self.len = self.elements.len() as u64;
        true
    }

    /// Elements now.
    pub fn size(&self) -> u32 {
        self.len as u32
    }

    /// Whether the maximum allows `delta` elements more.
    pub(crate) fn can_grow(&self, delta: u32) -> bool {
        self.size().checked_add(delta).is_some_and(|len| len <= self.max)
    }

    /// Adds `delta` elements and gives the old size; `None` if that passes the maximum or memory is short.
    ///
    /// # Safety
    /// If instances have the table, `init` is a word of its element type, in their store.
    pub unsafe fn grow(&mut self, delta: u32, init: u64) -> Option<u32> {
        let old = self.size();
        self.resize(old.checked_add(delta)?, init).then_some(old)
    }

    /// The elements.
    pub fn elements(&self) -> &[u64] {
        &self.elements
    }

    /// The elements.
    ///
    /// # Safety
    /// If instances have the table, what is written is words of its element type, in their store.
    pub unsafe fn elements_mut(&mut self) -> &mut [u64] {
        &mut self.elements
    }

    /// The `len` elements from `start` on.
    fn range(&mut self, start: u32, len: u32) -> Result<&mut [u64], Trap> {
        let (start, len) = (start as usize, len as usize);
        self.elements.get_mut(start..).and_then(|rest| rest.get_mut(..len)).ok_or(Trap::TableOutOfBounds)
    }

    /// `table.fill` (spec 4.4.6).
    ///
    /// # Errors
    /// [`Trap::TableOutOfBounds`].
    ///
    /// # Safety
    /// If instances have the table, `value` is a word of its element type, in their store.
    pub unsafe fn fill(&mut self, start: u32, len: u32, value: u64) -> Result<(), Trap> {
        self.range(start, len)?.fill(value);
        Ok(())
    }

    /// `table.init` (spec 4.4.6): copies `len` references from `source[from..]`.
    ///
    /// # Errors
    /// [`Trap::TableOutOfBounds`], for either side.
    ///
    /// # Safety
    /// If instances have the table, `source` is words of its element type, in their store.
    pub unsafe fn init(&mut self, start: u32, source: &[u64], from: u32, len: u32) -> Result<(), Trap> {
        let source = source.get(from as usize..).and_then(|rest| rest.get(..len as usize));
        let target = self.range(start, len)?;
        target.copy_from_slice(source.ok_or(Trap::TableOutOfBounds)?);
        Ok(())
    }

    /// `table.copy` within one table (spec 4.4.6).
    ///
    /// # Errors
    /// [`Trap::TableOutOfBounds`], for either side.
    pub fn copy_within(&mut self, to: u32, from: u32, len: u32) -> Result<(), Trap> {
        self.range(to, len)?;
        self.range(from, len)?;
        let from = from as usize;
        self.elements.copy_within(from..from + len as usize, to as usize);
        Ok(())
    }
}
