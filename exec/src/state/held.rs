//! Accounts of bytes, which whoever holds some keeps true.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many bytes on an account, as long as this is there. Nothing is ordered by an account: it can be read at any time, and says
/// what there was at about that time.
#[derive(Debug, Default)]
pub struct Held {
    account: Option<Arc<AtomicU64>>,
    bytes: AtomicU64,
}

impl Held {
    /// Puts so many bytes on `account`.
    pub fn new(account: &Arc<AtomicU64>, bytes: u64) -> Self {
        account.fetch_add(bytes, Ordering::Relaxed);
        Self { account: Some(Arc::clone(account)), bytes: bytes.into() }
    }

    /// Puts more bytes on the account, if there is one.
    pub fn add(&self, bytes: u64) {
        if let Some(account) = &self.account {
            account.fetch_add(bytes, Ordering::Relaxed);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Takes bytes off the account again, if there is one.
    pub fn remove(&self, bytes: u64) {
        if let Some(account) = &self.account {
            account.fetch_sub(bytes, Ordering::Relaxed);
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// How many there are, if there is an account.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Has so many bytes on the account, if there is one.
    pub fn set(&mut self, bytes: u64) {
        let held = self.bytes.get_mut();
        if let Some(account) = &self.account
            && *held != bytes
        {
            account.fetch_add(bytes.wrapping_sub(*held), Ordering::Relaxed);
            *held = bytes;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(account) = &self.account {
            account.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let account = Arc::new(AtomicU64::new(5));
        let (one, other) = (Held::new(&account, 10), Held::new(&account, 100));
        other.add(1_001);
        other.remove(1);
        assert_eq!((account.load(Ordering::Relaxed), other.bytes()), (1_115, 1_100));
        drop(one);
        assert_eq!(account.load(Ordering::Relaxed), 1_105);
        let mut one = Held::new(&account, 0);
        for bytes in [7, 7, 3, 0, 5] {
            one.set(bytes);
            assert_eq!(account.load(Ordering::Relaxed), 1_105 + bytes);
        }
        drop(one);
        assert_eq!(account.load(Ordering::Relaxed), 1_105);
        drop(other);
        Held::default().add(7);
        assert_eq!(account.load(Ordering::Relaxed), 5);
    }
}
