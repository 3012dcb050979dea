//! A reader of DWARF that is patient only for so long.
//!
//! DWARF can ask for far more work than it is long: a million units may share an abbreviation table of megabytes, a million
//! functions a list of ranges, a million files the name of a directory. `gimli` and `addr2line` follow all of it. So each read
//! takes of a budget, and they get an error when that is used up, as they do at the end of a section.

use gimli::{EndianArcSlice, Error, LittleEndian, Reader, ReaderOffsetId, Result};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What may be read yet: a unit for each read, and for each byte that is looked at or copied as part of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Sets it.
    pub(super) fn set(&self, units: u64) {
        self.0.store(units, Relaxed);
    }

    /// Whether it is used up.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// Only one thread reads at a time, so no read is lost.
    #[inline]
    fn take(&self, units: usize) -> Result<()> {
        let left = self.0.load(Relaxed).saturating_sub(units as u64);
        self.0.store(left, Relaxed);
        if left == 0 { Err(Error::UnexpectedEof(ReaderOffsetId(0))) } else { Ok(()) }
    }
}

/// A part of a section.
#[derive(Clone)]
pub(super) struct Section {
    reader: EndianArcSlice<LittleEndian>,
    budget: Budget,
}

impl Section {
    /// A whole section.
    pub(super) fn new(data: &[u8], budget: &Budget) -> Self {
        Self { reader: EndianArcSlice::new(Arc::from(data), LittleEndian), budget: budget.clone() }
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("bytes", &self.reader.len()).finish_non_exhaustive()
    }
}

impl Reader for Section {
    type Endian = LittleEndian;
    type Offset = usize;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        Reader::len(&self.reader)
    }

    fn empty(&mut self) {
        self.reader.empty();
    }

    fn truncate(&mut self, len: usize) -> Result<()> {
        self.reader.truncate(len)
    }

    fn offset_from(&self, base: &Self) -> usize {
        self.reader.offset_from(&base.reader)
    }

    fn offset_id(&self) -> ReaderOffsetId {
        self.reader.offset_id()
    }

    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<usize> {
        self.reader.lookup_offset_id(id)
    }

    fn find(&self, byte: u8) -> Result<usize> {
        let found = self.reader.find(byte)?;
        self.budget.take(found)?;
        Ok(found)
    }

    #[inline]
    fn skip(&mut self, len: usize) -> Result<()> {
        self.budget.take(1)?;
        self.reader.skip(len)
    }

    fn split(&mut self, len: usize) -> Result<Self> {
        self.budget.take(1)?;
        Ok(Self { reader: self.reader.split(len)?, budget: self.budget.clone() })
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        self.budget.take(Reader::len(self))?;
        self.reader.to_slice()
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        self.budget.take(Reader::len(self))?;
        self.reader.to_string()
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        self.budget.take(Reader::len(self))?;
        self.reader.to_string_lossy()
    }

    #[inline]
    fn read_slice(&mut self, buf: &mut [u8]) -> Result<()> {
        self.budget.take(1)?;
        self.reader.read_slice(buf)
    }
}
