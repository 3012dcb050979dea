//! `--max-memory`: what the memories of a program may have together. Each thread has a store of its own; they ask one account.

use pirn::{Error, MemoryType, ResourceLimiter, Result};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the memories of a program have.
#[derive(Debug)]
struct Account {
    limit: u64,
    bytes: AtomicU64,
    /// The maxima of the memories that threads share, in bytes.
    shared: Mutex<HashSet<usize>>,
}

impl Account {
    /// Takes so many bytes, if there are as many.
    fn take(&self, bytes: u64) -> bool {
        let more = |taken: u64| taken.checked_add(bytes).filter(|&taken| taken <= self.limit);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn shared(&self) -> MutexGuard<'_, HashSet<usize>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the memories of one store have. They give it back when this is dropped, which is to outlive the store.
#[derive(Debug)]
pub struct Taken {
    account: Arc<Account>,
    bytes: AtomicU64,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.account.give_back(*self.bytes.get_mut());
    }
}

/// The limiter of a store of the program.
#[derive(Debug)]
pub struct Budget {
    taken: Arc<Taken>,
    /// What was taken last: how much, and whether the store gives it back.
    last: Option<(u64, bool)>,
}

impl Budget {
    /// The first store's, of a program whose memories may have so many bytes.
    pub fn new(limit: u64) -> Self {
        Self::of(Arc::new(Account { limit, bytes: AtomicU64::new(0), shared: Mutex::default() }))
    }

    fn of(account: Arc<Account>) -> Self {
        Self { taken: Arc::new(Taken { account, bytes: AtomicU64::new(0) }), last: None }
    }

    /// Another store's of the same program.
    pub fn for_thread(&self) -> Self {
        Self::of(Arc::clone(&self.taken.account))
    }

    /// To be dropped behind the store.
    pub fn taken(&self) -> Arc<Taken> {
        Arc::clone(&self.taken)
    }

    /// Takes what a memory has at first that threads share.
    ///
    /// # Errors
    /// There is not so much left.
    pub fn share(&self, ty: MemoryType) -> Result<()> {
        let account = &self.taken.account;
        let (bytes, limit) = (ty.bytes(ty.minimum()), account.limit);
        if !account.take(bytes) {
            return Err(Error::msg(format!("the program's memories pass its limit of {limit} bytes (`--max-memory`)")));
        }
        account.shared().extend(ty.maximum().map(|pages| usize::try_from(ty.bytes(pages)).unwrap_or(usize::MAX)));
        Ok(())
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let (account, bytes) = (&self.taken.account, (desired - current) as u64);
        if !account.take(bytes) {
            return Ok(false);
        }
        // What threads share stays when one of them ends. A memory of the store's own with the same maximum is taken for one: rather too
        // much is on the account than too little.
        let is_own = maximum.is_none_or(|maximum| !account.shared().contains(&maximum));
        if is_own {
            self.taken.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        self.last = Some((bytes, is_own));
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        if let Some((bytes, is_own)) = self.last.take() {
            self.taken.account.give_back(bytes);
            if is_own {
                self.taken.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// The store's own limits bound tables.
    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }
}
