//! Limits that the embedder decides, one request at a time.

use crate::engine::limits::StoreLimits;
use crate::error::{Error, Result};

/// Says of each memory and table of a store whether it may grow, and how many instances, memories, tables and tags there may be. A
/// store gets one with [`Store::limiter`](crate::Store::limiter).
///
/// A limiter adds to the store's own limits ([`Store::set_limits`](crate::Store::set_limits),
/// [`Config::limits`](crate::Config::limits)): what there is has to be allowed by both. It is asked first of what grows, and so is told
/// of what the store's limits refuse; of what is to be made it is asked if they allow it. What it is not asked of are value stacks ([`crate::Config::max_wasm_stack`]),
/// structs, arrays and exceptions ([`StoreLimitsBuilder::gc_heap`](crate::StoreLimitsBuilder::gc_heap)), and what the store keeps for itself.
///
/// [`StoreLimits`] is a limiter, for those who have limits in the store's data.
///
/// A limiter is not told of what is given back either: when an instance is [reset](crate::Instance::reset), or a store dropped. Whoever counts bytes in
/// a limiter counts anew then. The store's own limits take a reset into account by themselves.
///
/// A panic in a limiter passes through WebAssembly as a host function's does. Nothing has grown then, and the store stays usable.
pub trait ResourceLimiter: Send {
    /// Whether a memory may grow from `current` to `desired` bytes, both of them whole pages. `maximum` is what the memory's type
    /// allows. A memory that is about to be made grows from 0, also one of 0 bytes.
    ///
    /// `desired` may be more than `maximum`; the memory does not grow then, whatever is returned. This is not called for growing
    /// by 0 pages. What is more than fits a `usize` is `usize::MAX`.
    ///
    /// A memory that threads share grows from `current` and from nothing else: where another thread has grown it meanwhile, the limiter is told of
    /// the [failure](Self::memory_grow_failed), and asked again.
    ///
    /// `false` has `memory.grow` give -1, and is an error of [`Memory::new`](crate::Memory::new),
    /// [`Memory::grow`](crate::Memory::grow), or of instantiation. Fuel that `memory.grow` costs was paid before.
    ///
    /// # Errors
    /// The execution that asks for memory ends with the error, as if it trapped, which tells where a program wanted so much
    /// ([`WasmBacktrace`](crate::WasmBacktrace)); if the host asks, it gets the error.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// Says that a memory did not grow, although [`memory_growing`](Self::memory_growing), called just before, allowed it. It is called for
    /// nothing else, so whoever counts takes back what was counted last. `error` says why: it passes its maximum, or a limit of
    /// the store, or the system has not that much memory.
    ///
    /// # Errors
    /// As for [`memory_growing`](Self::memory_growing), in the place of -1 or of an error that was there anyway. By default there is
    /// none.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// Whether a table may grow from `current` to `desired` elements, as [`memory_growing`](Self::memory_growing) says of memories.
    /// An element takes 8 bytes.
    ///
    /// # Errors
    /// As [`memory_growing`](Self::memory_growing).
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// Says that a table did not grow, although [`table_growing`](Self::table_growing), called just before, allowed it.
    ///
    /// # Errors
    /// As [`memory_grow_failed`](Self::memory_grow_failed).
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// How many instances there may be in the store, 10,000 by default. This and the next three are asked whenever one is to be made;
    /// an instantiation that would pass one fails, and nothing has changed then.
    fn instances(&self) -> usize {
        10_000
    }

    /// How many tables there may be in the store, 10,000 by default.
    fn tables(&self) -> usize {
        10_000
    }

    /// How many memories there may be in the store, 10,000 by default.
    fn memories(&self) -> usize {
        10_000
    }

    /// How many tags there may be in the store, 100,000 by default.
    fn tags(&self) -> usize {
        100_000
    }
}

/// Limits in the store's data, to be asked by [`Store::limiter`](crate::Store::limiter). `total_memory_size` and
/// `total_table_elements` count what was allowed since. `resumable_calls` is no matter of a limiter.
///
/// The same limits given to [`Store::set_limits`](crate::Store::set_limits) cost less, and count what there was before; in the
/// store's data, host functions can change them.
impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let fits = desired as u64 <= self.memory_bytes && maximum.is_none_or(|maximum| desired <= maximum);
        let more = (desired - current) as u64;
        let allowed = fits && self.allowed_bytes.add(more, self.total_bytes);
        self.refusal(allowed, || format!("growing a memory to {desired} bytes, which its limits do not allow"))
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.allowed_bytes.take_back();
        self.failure(error, "growing a memory failed, which is to trap")
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let fits = desired as u64 <= self.table_elements.into() && maximum.is_none_or(|maximum| desired <= maximum);
        let more = (desired - current) as u64;
        let allowed = fits && self.allowed_elements.add(more, self.total_elements);
        self.refusal(allowed, || format!("growing a table to {desired} elements, which its limits do not allow"))
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.allowed_elements.take_back();
        self.failure(error, "growing a table failed, which is to trap")
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }

    fn tags(&self) -> usize {
        self.tags
    }
}

impl StoreLimits {
    fn refusal(&self, allowed: bool, what: impl FnOnce() -> String) -> Result<bool> {
        if !allowed && self.trap_on_grow_failure { Err(Error::msg(what())) } else { Ok(allowed) }
    }

    /// What becomes of growing that failed for this reason.
    ///
    /// # Errors
    /// It is to trap.
    pub(crate) fn failure(&self, error: Error, what: &str) -> Result<()> {
        if self.trap_on_grow_failure { Err(error.context(what)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::limits::StoreLimitsBuilder;
    use pirn_decode::PAGE_BYTES;

    const PAGE: usize = PAGE_BYTES as usize;

    #[test]
    fn totals_count_what_was_allowed() {
        let mut limits = StoreLimitsBuilder::new().total_memory_size(5 * PAGE as u64).total_table_elements(7).build();
        assert!(limits.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(limits.memory_growing(2 * PAGE, 4 * PAGE, None).unwrap());
        assert!(!limits.memory_growing(0, 2 * PAGE, None).unwrap());
        // What was refused has not replaced what was allowed last, and that is taken back once.
        limits.memory_grow_failed(Error::msg("no memory")).unwrap();
        limits.memory_grow_failed(Error::msg("no memory")).unwrap();
        assert!(limits.memory_growing(0, 3 * PAGE, None).unwrap());
        assert!(!limits.memory_growing(0, PAGE, None).unwrap());
        assert!(limits.table_growing(0, 7, None).unwrap());
        assert!(!limits.table_growing(7, 8, None).unwrap());
        limits.table_grow_failed(Error::msg("no memory")).unwrap();
        assert!(limits.table_growing(0, 1, None).unwrap());
    }

    #[test]
    fn one_has_limits_too() {
        let mut limits = StoreLimitsBuilder::new().memory_size(3 * PAGE).table_elements(4).build();
        assert!(limits.memory_growing(PAGE, 3 * PAGE, None).unwrap());
        assert!(!limits.memory_growing(PAGE, 4 * PAGE, None).unwrap());
        assert!(!limits.memory_growing(PAGE, 3 * PAGE, Some(2 * PAGE)).unwrap());
        assert!(limits.table_growing(0, 4, Some(4)).unwrap());
        assert!(!limits.table_growing(0, 5, None).unwrap() && !limits.table_growing(0, 4, Some(3)).unwrap());
    }

    #[test]
    fn what_is_refused_may_trap() {
        let mut limits =
            StoreLimitsBuilder::new().memory_size(PAGE).table_elements(1).trap_on_grow_failure(true).build();
        assert!(limits.memory_growing(0, PAGE, None).unwrap() && limits.table_growing(0, 1, None).unwrap());
        assert!(limits.memory_growing(PAGE, 2 * PAGE, None).unwrap_err().to_string().contains("131072 bytes"));
        assert!(limits.table_growing(1, 2, None).unwrap_err().to_string().contains("2 elements"));
        assert_eq!(limits.memory_grow_failed(Error::msg("why")).unwrap_err().root_cause().to_string(), "why");
        assert_eq!(limits.table_grow_failed(Error::msg("why")).unwrap_err().root_cause().to_string(), "why");
    }
}
