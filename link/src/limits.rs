//! How much a store may hold.
//!
//! The limits are looked at when a memory or table is created and become its maximum then, so growing costs nothing
//! extra: no callback runs on `memory.grow`.

use pirn_decode::PAGE_BYTES;

/// Most pages a memory can have (spec 3.2.5: 2^16).
pub(crate) const MAX_PAGES: u32 = 65_536;

/// Limits of a store; make one with [`StoreLimitsBuilder`].
///
/// Whatever a store creates stays until the store is dropped, so the counts are of all that was ever created in it.
#[derive(Debug, Clone)]
pub struct StoreLimits {
    pub(crate) memory_pages: u32,
    pub(crate) table_elements: u32,
    pub(crate) instances: usize,
    pub(crate) memories: usize,
    pub(crate) tables: usize,
    pub(crate) resumable_calls: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            memory_pages: MAX_PAGES,
            table_elements: 10_000_000,
            instances: usize::MAX,
            memories: usize::MAX,
            tables: usize::MAX,
            resumable_calls: usize::MAX,
        }
    }
}

/// Builds [`StoreLimits`].
#[derive(Debug, Clone, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// Begins with the defaults: 4 GiB a memory, 10,000,000 elements a table, any number of instances, memories,
    /// tables and resumable calls.
    pub fn new() -> Self {
        Self::default()
    }

    /// Most bytes of one memory, rounded down to whole pages of 65,536 bytes.
    pub fn memory_size(mut self, bytes: usize) -> Self {
        self.0.memory_pages = u32::try_from(bytes as u64 / PAGE_BYTES).unwrap_or(MAX_PAGES).min(MAX_PAGES);
        self
    }

    /// Most elements of one table.
    pub fn table_elements(mut self, elements: u32) -> Self {
        self.0.table_elements = elements;
        self
    }

    /// Most instances.
    pub fn instances(mut self, count: usize) -> Self {
        self.0.instances = count;
        self
    }

    /// Most memories, those of the host included.
    pub fn memories(mut self, count: usize) -> Self {
        self.0.memories = count;
        self
    }

    /// Most tables, those of the host included.
    pub fn tables(mut self, count: usize) -> Self {
        self.0.tables = count;
        self
    }

    /// Most resumable calls at a time, running or paused: each has a value stack of its own
    /// ([`crate::Config::max_wasm_stack`]). Unlike the other counts, this one sinks again.
    pub fn resumable_calls(mut self, count: usize) -> Self {
        self.0.resumable_calls = count;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}
