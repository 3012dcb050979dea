//! Tables.

use crate::state::pages::Pages;
use crate::state::trap::Trap;
use pirn_decode::{Limits, RefType, TableType};

/// A table: references encoded as on the value stack (0 is null).
#[repr(C)]
#[derive(Debug)]
pub struct Table {
    /// First element. Read by handlers; kept true by [`Table::grow`].
    pub(crate) base: *mut u64,
    /// Elements now; behind them, up to the room there is, nothing has been written.
    pub(crate) len: u64,
    pages: Pages,
    /// With the limits that were declared.
    ty: TableType,
    /// Elements that the owner allows, whatever the type says.
    most: u32,
}

// SAFETY: `base` points into `pages`, which the table owns (I9); what its words point to goes between threads with the
// store.
unsafe impl Send for Table {}
// SAFETY: as above; writing needs `&mut` of the store (I2).
unsafe impl Sync for Table {}

impl Table {
    /// A table of this type, all its elements `init`, that never has more than `most` elements, nor more than `u32::MAX - 1`.
    /// `None` if there is no memory for it.
    pub fn new(ty: TableType, most: u32, init: u64) -> Option<Self> {
        let pages = Pages::empty();
        // Lowering relies on there never being an element of the largest index: see `lower::table`.
        let most = most.min(u32::MAX - 1);
        let mut this = Self { base: pages.base().cast(), len: 0, pages, ty, most };
        this.resize(ty.limits.min, init).then_some(this)
    }

    /// A copy of it, of which each element is what `word` gives for that of this one. `None` if there is no memory for it.
    ///
    /// # Safety
    /// [I5](crate#safety): the words are of its element type, in the store of the instances that will have the copy.
    pub unsafe fn fork(&self, word: impl FnMut(u64) -> u64) -> Option<Self> {
        let pages = Pages::zeroed(self.len as usize * size_of::<u64>())?;
        let mut copy = Self { base: pages.base().cast(), len: self.len, pages, ty: self.ty, most: self.most };
        copy.words().iter_mut().zip(self.elements().iter().copied().map(word)).for_each(|(to, word)| {
            // Untouched pages are not committed.
            if word != 0 {
                *to = word;
            }
        });
        Some(copy)
    }

    /// Has it be of `min` elements, all of them `init`. Gives how many elements it had more.
    ///
    /// # Panics
    /// It is smaller.
    ///
    /// # Safety
    /// Nothing stands still within an operation on it. [I5](crate#safety): `init` is a word of its element type, in the store of the instances that
    /// have it.
    pub unsafe fn reset(&mut self, min: u64, init: u64) -> u64 {
        assert!(min <= self.len, "a table is not reset to more than it has");
        let words = self.words();
        words[..min as usize].fill(init);
        words[min as usize..].fill(0);
        let more = self.len - min;
        self.len = min;
        more
    }

    /// Its type; the minimum is the size now (spec 4.5.3, growing tables).
    pub fn ty(&self) -> TableType {
        TableType { limits: Limits { min: self.len, ..self.ty.limits }, ..self.ty }
    }

    /// Type of its elements.
    pub fn element(&self) -> RefType {
        self.ty.element
    }

    /// Whether its indices have 64 bits.
    pub(crate) fn is_64(&self) -> bool {
        self.ty.is_64()
    }

    /// Elements it may have at most.
    fn most(&self) -> u64 {
        self.ty.limits.max.unwrap_or(u64::MAX).min(self.most.into())
    }

    fn resize(&mut self, len: u64, init: u64) -> bool {
        let old = self.len as usize;
        let bytes = usize::try_from(len).ok().and_then(|len| len.checked_mul(8));
        let Some(bytes) = bytes.filter(|_| len <= self.most()) else { return false };
        // SAFETY: the pages have room for the elements, and nothing was written behind them. With `&mut self` nobody
        // else refers to them; a cell that grows a table keeps no pointer to them. `base` and `len` are next (I8).
        if !unsafe { self.pages.grow(old * 8, bytes) } {
            return false;
        }
        self.base = self.pages.base().cast();
        self.len = len;
        // Null is what the new ones are already, and untouched pages are not committed.
        if init != 0 {
            self.words()[old..].fill(init);
        }
        true
    }

    /// Elements now.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// Whether the maximum allows `delta` elements more.
    pub(crate) fn can_grow(&self, delta: u64) -> bool {
        self.len.checked_add(delta).is_some_and(|len| len <= self.most())
    }

    /// Adds `delta` elements and gives the old size; `None` if that passes the maximum or memory is short.
    ///
    /// # Safety
    /// [I5](crate#safety): if instances have the table, `init` is a word of its element type, in their store.
    pub unsafe fn grow(&mut self, delta: u64, init: u64) -> Option<u64> {
        let old = self.len;
        self.resize(old.checked_add(delta)?, init).then_some(old)
    }

    /// The elements.
    pub fn elements(&self) -> &[u64] {
        // SAFETY: the pages have room for `len` words, aligned and initialised (I8, I9); with `&self` the machine does
        // not run (I2).
        unsafe { std::slice::from_raw_parts(self.base, self.len as usize) }
    }

    /// The elements.
    ///
    /// # Safety
    /// [I5](crate#safety): if instances have the table, what is written is words of its element type, in their store.
    pub unsafe fn elements_mut(&mut self) -> &mut [u64] {
        self.words()
    }

    fn words(&mut self) -> &mut [u64] {
        // SAFETY: as in `elements`; with `&mut self` nobody else refers to them.
        unsafe { std::slice::from_raw_parts_mut(self.base, self.len as usize) }
    }

    /// The `len` elements from `start` on.
    fn range(&mut self, start: u32, len: u32) -> Result<&mut [u64], Trap> {
        let (start, len) = (start as usize, len as usize);
        self.words().get_mut(start..).and_then(|rest| rest.get_mut(..len)).ok_or(Trap::TableOutOfBounds)
    }

    /// `table.fill` (spec 4.4.6).
    ///
    /// # Errors
    /// [`Trap::TableOutOfBounds`].
    ///
    /// # Safety
    /// [I5](crate#safety): if instances have the table, `value` is a word of its element type, in their store.
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
    /// [I5](crate#safety): if instances have the table, `source` is words of its element type, in their store.
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
        self.words().copy_within(from..from + len as usize, to as usize);
        Ok(())
    }
}
