//! Functions (spec 4.2.6).

use crate::store::AsContext;
use crate::store::handle::{Handle, StoreId};
use pirn_decode::FuncType;
use pirn_exec::FuncRecord;
use std::ptr::NonNull;

/// A function of an instance, or of the host (spec 4.2.6).
///
/// Two are equal if they are the same function of the same store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Func(Handle<FuncRecord>);

impl From<Handle<FuncRecord>> for Func {
    fn from(record: Handle<FuncRecord>) -> Self {
        Self(record)
    }
}

impl Func {
    /// The function that `record` is one of the records of.
    ///
    /// # Safety
    /// L3: `record` is a live record, set, of the store called `store`.
    pub(crate) unsafe fn of_record(store: StoreId, record: *mut FuncRecord) -> Self {
        // SAFETY: the record is live and set, as is asked for above; L1 and L3: the canonical one is of the same store.
        Self(unsafe { Handle::new(store, NonNull::new_unchecked(FuncRecord::canonical(record))) })
    }

    pub(crate) fn record(self) -> Handle<FuncRecord> {
        self.0
    }

    /// Its type, however it is declared.
    ///
    /// # Panics
    /// The function belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        store.as_context().opaque().kept_func_type(self.0).expect("Func::ty")
    }
}
