//! How much a store may hold.
//!
//! A memory or table keeps the limit of one that there was when it was created. What all of them may have together is
//! counted down where they grow (`pirn_exec::Room`). A callback runs on `memory.grow` only if the store has a limiter
//! ([`crate::ResourceLimiter`]), or growing that fails is to trap.

use crate::error::{Result, format_err};
use pirn_decode::{Limits, MemoryType, Module, TableType};
use pirn_exec::Room;
use std::ops::AddAssign;

/// Limits of a store. [`StoreLimitsBuilder`] makes them.
///
/// What a store creates stays until the store is dropped. So the limits count everything that was ever created in it.
///
/// | limit | default | [untrusted](StoreLimits::untrusted) | why |
/// |---|---|---|---|
/// | [`memory_size`](StoreLimitsBuilder::memory_size) | 64 GiB | 128 MiB | what a module can ask for, by declaring it or by growing, if its addresses have 64 bits; with 32 bits there are 4 GiB; committed as it is touched. 128 MiB hold what compilers and tools in WebAssembly take to start 5 times over |
/// | [`total_memory_size`](StoreLimitsBuilder::total_memory_size) | 64 GiB | 128 MiB | a module of 20 bytes may declare 4 GiB, and a store have 10,000 |
/// | [`table_elements`](StoreLimitsBuilder::table_elements) | 10,000,000 | 100,000 | 8 bytes each; the largest programs measured with have 9,403 |
/// | [`total_table_elements`](StoreLimitsBuilder::total_table_elements) | 10,000,000 | 100,000 | a table takes 6 bytes to declare, whatever its size; all together take 80 MB at most, or 800 KB |
/// | [`gc_heap`](StoreLimitsBuilder::gc_heap) | 64 GiB | 128 MiB | structs, arrays and exceptions, and room for more; what nothing refers to is collected before the limit is passed |
/// | [`instances`](StoreLimitsBuilder::instances) | 10,000 | 10 | each takes memory for every global, segment and import of its module, besides memories and tables: see SECURITY.md. Instances that fail to start count |
/// | [`memories`](StoreLimitsBuilder::memories) | 10,000 | 10 | 3 bytes declare one, which takes 200 |
/// | [`tables`](StoreLimitsBuilder::tables) | 10,000 | 100 | 3 bytes declare one, which takes 100 and, on its first use, a page of 4 KiB |
/// | [`tags`](StoreLimitsBuilder::tags) | 100,000 | 1,000 | 2 bytes declare one, which takes 100, and 8 for each parameter; one that is imported takes a word of the instance. Programs have a few |
/// | [`resumable_calls`](StoreLimitsBuilder::resumable_calls) | 1,000 | 10 | each may fill a value stack ([`crate::Config::max_wasm_stack`]) and pause: 8 GB by default, 10 MB untrusted. One that pauses with few frames takes some hundred bytes |
#[derive(Debug, Clone)]
pub struct StoreLimits {
    pub(crate) memory_bytes: u64,
    pub(crate) total_bytes: u64,
    pub(crate) table_elements: u32,
    pub(crate) total_elements: u64,
    pub(crate) gc_heap: u64,
    pub(crate) instances: usize,
    pub(crate) memories: usize,
    pub(crate) tables: usize,
    pub(crate) tags: usize,
    pub(crate) resumable_calls: usize,
    pub(crate) trap_on_grow_failure: bool,
    /// As a limiter: bytes of memories.
    pub(crate) allowed_bytes: Allowed,
    /// As a limiter: elements.
    pub(crate) allowed_elements: Allowed,
}

impl Default for StoreLimits {
    /// Limits that ordinary programs do not reach, and that a system can provide: see the table above.
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 30,
            total_bytes: 64 << 30,
            table_elements: 10_000_000,
            total_elements: 10_000_000,
            gc_heap: 64 << 30,
            instances: 10_000,
            memories: 10_000,
            tables: 10_000,
            tags: 100_000,
            resumable_calls: 1_000,
            trap_on_grow_failure: false,
            allowed_bytes: Allowed::default(),
            allowed_elements: Allowed::default(),
        }
    }
}

impl StoreLimits {
    /// Limits for a store that runs a stranger's module: see the table above. [`crate::Config::untrusted`] gives them to all
    /// stores of an engine.
    pub fn untrusted() -> Self {
        let limits = StoreLimitsBuilder::new()
            .memory_size(128 << 20)
            .total_memory_size(128 << 20)
            .table_elements(100_000)
            .total_table_elements(100_000)
            .gc_heap(128 << 20);
        limits.instances(10).memories(10).tables(100).tags(1_000).resumable_calls(10).build()
    }

    /// Whether a memory of this type may be created, whatever else there is.
    ///
    /// # Errors
    /// The type is not valid (spec 3.2.5), or its minimum passes the limit of one memory.
    pub(crate) fn check_memory(&self, ty: MemoryType) -> Result<()> {
        let Limits { min, max } = ty.limits;
        let has_page_size = matches!(ty.page_size_log2, 0 | 16);
        if !has_page_size
            || ty.shared && max.is_none()
            || max.is_some_and(|max| max < min)
            || min.max(max.unwrap_or(0)) > ty.most_pages()
        {
            return Err(format_err!("there can be no memory of type {ty}"));
        }
        let (bytes, limit) = (ty.bytes(min), self.memory_bytes);
        if bytes > limit {
            return Err(format_err!(
                "a memory of {bytes} bytes passes the store's limit of {limit} bytes (`memory_size`)"
            ));
        }
        Ok(())
    }

    /// Whether a table of this type may be created, whatever else there is.
    ///
    /// # Errors
    /// The type is not valid (spec 3.2.4), or its minimum passes the limit of one table.
    pub(crate) fn check_table(&self, ty: TableType) -> Result<()> {
        let Limits { min, max } = ty.limits;
        let most = if ty.is_64() { u64::MAX } else { u32::MAX.into() };
        if max.is_some_and(|max| max < min) || min.max(max.unwrap_or(0)) > most {
            return Err(format_err!("there can be no table of type {ty}"));
        }
        let limit = self.table_elements;
        if min > limit.into() {
            return Err(format_err!(
                "a table of {min} elements passes the store's limit of {limit} elements (`table_elements`)"
            ));
        }
        Ok(())
    }

    /// Whether a store that `has` so much may create what is needed, while memories and tables may grow by `room`.
    ///
    /// # Errors
    /// The limit that would be passed.
    pub(crate) fn check(&self, has: &Needs, room: Room, needs: &Needs) -> Result<()> {
        has.check_counts(needs, [self.instances, self.memories, self.tables, self.tags], "limit")?;
        let totals = [
            ("bytes of memory", "total_memory_size", room.bytes, needs.bytes, self.total_bytes),
            ("elements of tables", "total_table_elements", room.elements, needs.elements, self.total_elements),
        ];
        for (name, setting, room, more, limit) in totals {
            if more > room {
                return Err(format_err!(
                    "{more} {name} would pass the store's limit of {limit} in all (`{setting}`), of which {room} are left"
                ));
            }
        }
        Ok(())
    }

    /// What memories and tables may grow by that have so many bytes and elements already.
    pub(crate) fn room(&self, bytes: u64, elements: u64) -> Room {
        Room { bytes: self.total_bytes.saturating_sub(bytes), elements: self.total_elements.saturating_sub(elements) }
    }

    /// How much more so many bytes and elements are than is allowed.
    pub(crate) fn over(&self, bytes: u64, elements: u64) -> Room {
        Room { bytes: bytes.saturating_sub(self.total_bytes), elements: elements.saturating_sub(self.total_elements) }
    }
}

/// Builds [`StoreLimits`], from the defaults or from others:
///
/// ```
/// use pirn_link::{Config, StoreLimits, StoreLimitsBuilder};
///
/// // The limits for strangers' modules, but with memories of 512 MiB.
/// let limits = StoreLimitsBuilder::from(StoreLimits::untrusted()).memory_size(512 << 20).total_memory_size(512 << 20);
/// let mut config = Config::untrusted();
/// config.limits(limits.build());
/// ```
#[derive(Debug, Clone, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// Begins with the defaults, which [`StoreLimits`] lists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins with [`StoreLimits::untrusted`].
    pub fn untrusted() -> Self {
        StoreLimits::untrusted().into()
    }

    /// Sets the most bytes one memory may have.
    pub fn memory_size(mut self, bytes: usize) -> Self {
        self.0.memory_bytes = bytes as u64;
        self
    }

    /// Sets the most bytes all memories may have together. The host's memories count, and growing does.
    pub fn total_memory_size(mut self, bytes: u64) -> Self {
        self.0.total_bytes = bytes;
        self
    }

    /// Sets the most elements one table may have.
    pub fn table_elements(mut self, elements: u32) -> Self {
        self.0.table_elements = elements;
        self
    }

    /// Sets the most elements all tables may have together. The host's tables count, and growing does.
    pub fn total_table_elements(mut self, elements: u64) -> Self {
        self.0.total_elements = elements;
        self
    }

    /// Sets the most bytes that structs, arrays and exceptions may take in all, with the room between them, which is taken by the MiB: with less than one there
    /// are none. What does not fit after a collection ends the execution with [`crate::Trap::GcHeapOutOfMemory`].
    ///
    /// A heap also counts as full after four collections in a row that were in vain. They were made for lack of room, and each freed no more than a 16th of what
    /// it looked at, nor was more than that made before it. (It looks at what is in use, but counts at least an eighth of the heap, and of
    /// roots at most four times the limit.) Without this, a program in a heap that is nearly full would collect for each object that it makes, and pay
    /// hardly any fuel for it. A full heap is collected again when much was made, when somebody calls [`Store::gc`](crate::Store::gc), when what the embedder
    /// has called lacks room itself, and once for what its host functions call or make in each further call of the embedder.
    ///
    /// While it is marked, a heap takes a list of objects that are still to be looked at besides. It is mostly short; a hostile program brings it to 16 bytes an object,
    /// which may be as much as the heap has, and to half as much again for a moment when the list moves. No limit or account knows of it.
    pub fn gc_heap(mut self, bytes: u64) -> Self {
        self.0.gc_heap = bytes;
        self
    }

    /// Sets the most instances.
    pub fn instances(mut self, count: usize) -> Self {
        self.0.instances = count;
        self
    }

    /// Sets the most memories, including the host's.
    pub fn memories(mut self, count: usize) -> Self {
        self.0.memories = count;
        self
    }

    /// Sets the most tables, including the host's.
    pub fn tables(mut self, count: usize) -> Self {
        self.0.tables = count;
        self
    }

    /// Sets the most tags, including the host's. Tags that are imported count once, where they were made.
    pub fn tags(mut self, count: usize) -> Self {
        self.0.tags = count;
        self
    }

    /// Sets the most resumable calls at a time, running or paused. Each may fill a value stack
    /// ([`crate::Config::max_wasm_stack`]); what a paused one holds, [`crate::Paused`] says. Unlike the other counts, this one falls again
    /// when a call is over.
    pub fn resumable_calls(mut self, count: usize) -> Self {
        self.0.resumable_calls = count;
        self
    }

    /// Sets whether `memory.grow` and `table.grow` end the execution when they fail, and do not give -1; by default they give -1, as
    /// the specification has it. The error's [`WasmBacktrace`](crate::WasmBacktrace) says where a program wanted too much.
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits that were set.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}

impl From<StoreLimits> for StoreLimitsBuilder {
    /// Begins with `limits`.
    fn from(limits: StoreLimits) -> Self {
        Self(limits)
    }
}

/// How much of what a store limits: what it has, or what is about to be created in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) instances: usize,
    pub(crate) memories: usize,
    pub(crate) tables: usize,
    pub(crate) tags: usize,
    pub(crate) bytes: u64,
    pub(crate) elements: u64,
}

impl Needs {
    /// What an instance of `module` needs.
    pub(crate) fn of(module: &Module) -> Self {
        let memories = &module.memories[module.imported_memories..];
        let tables = &module.tables[module.imported_tables..];
        Self {
            instances: 1,
            memories: memories.len(),
            tables: tables.len(),
            tags: module.tags.len() - module.imported_tags,
            // Each is compared with what one may have, besides.
            bytes: memories.iter().fold(0, |sum, ty| ty.bytes(ty.limits.min).saturating_add(sum)),
            elements: tables.iter().fold(0, |sum, ty| ty.limits.min.saturating_add(sum)),
        }
    }
}

impl Needs {
    /// Whether a store that has so much may create what is needed, with these limits of instances, memories, tables and tags.
    ///
    /// # Errors
    /// The limit that would be passed, as `whose` of the store.
    pub(crate) fn check_counts(
        &self,
        needs: &Self,
        [instances, memories, tables, tags]: [usize; 4],
        whose: &str,
    ) -> Result<()> {
        let counts = [
            ("instances", self.instances, needs.instances, instances),
            ("memories", self.memories, needs.memories, memories),
            ("tables", self.tables, needs.tables, tables),
            ("tags", self.tags, needs.tags, tags),
        ];
        for (name, has, more, limit) in counts {
            if has.saturating_add(more) > limit {
                return Err(format_err!(
                    "the store's {whose} of {limit} {name} is reached (`{name}`): it has {has} of them, and {more} more would be made"
                ));
            }
        }
        Ok(())
    }
}

impl AddAssign for Needs {
    fn add_assign(&mut self, other: Self) {
        self.instances += other.instances;
        self.memories += other.memories;
        self.tables += other.tables;
        self.tags += other.tags;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.elements = self.elements.saturating_add(other.elements);
    }
}

/// What a limiter has allowed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowed {
    total: u64,
    /// What of it was allowed last: until it is known that it failed.
    last: u64,
}

impl Allowed {
    /// Allows `more`, if that does not pass `limit` in all.
    pub(crate) fn add(&mut self, more: u64, limit: u64) -> bool {
        let total = self.total.saturating_add(more);
        let allowed = total <= limit;
        if allowed {
            *self = Self { total, last: more };
        }
        allowed
    }

    /// What was allowed last was not taken.
    pub(crate) fn take_back(&mut self) {
        self.total -= std::mem::take(&mut self.last);
    }
}
