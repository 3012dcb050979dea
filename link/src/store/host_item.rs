//! Host functions as stores keep them, whatever closures they are made of.

use crate::engine::Engine;
use crate::engine::declared::KeptType;
use crate::error::Result;
use crate::store::pinned::Pinned;
use pirn_decode::{FuncType, TypeId};
use pirn_exec::{FuncRecord, HostFunc, HostRecord};
use std::ptr::NonNull;
use std::sync::Arc;

/// A host function not bound to an engine.
pub struct HostDef {
    ty: FuncType,
    func: Arc<HostFunc>,
}

impl HostDef {
    /// A host function of type `ty`.
    ///
    /// # Safety
    /// L5: when `func` returns `Ok`, it has left words of the results of `ty`, in the caller's store, at the beginning of the
    /// words it was given. L7: if `func` relies on the type of the store's data, the definition is put into no other stores.
    pub(crate) unsafe fn of_parts(ty: FuncType, func: Arc<HostFunc>) -> Self {
        Self { ty, func }
    }

    /// Its type.
    pub(crate) fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// The function, for stores of `engine`.
    ///
    /// # Errors
    /// Its type is of another engine, or names types that this one does not have.
    pub(crate) fn for_engine(self, engine: &Engine) -> Result<Arc<HostItem>> {
        HostItem::new(engine, self.ty, self.func)
    }
}

/// A host function in the stores of one engine. They share its record, and keep it: so a store that may call hundreds of host
/// functions makes none of them.
pub(crate) struct HostItem {
    /// What keeps the id of its type, in its engine.
    ty: KeptType,
    host: Pinned<HostRecord>,
    record: NonNull<FuncRecord>,
    func: Arc<HostFunc>,
}

// SAFETY: `record` points into `host`, which this owns, and nothing writes to a host function's record; the rest is `Send`.
unsafe impl Send for HostItem {}
// SAFETY: as above; shared, it gives an address and reads.
unsafe impl Sync for HostItem {}

impl HostItem {
    /// # Errors
    /// The type is of another engine, or names types that this one does not have.
    fn new(engine: &Engine, ty: FuncType, func: Arc<HostFunc>) -> Result<Arc<Self>> {
        let used = engine.use_type(&ty)?;
        // SAFETY: L5: the function leaves results of its type (`HostDef::of_parts`).
        Ok(unsafe { Self::of_type(ty, used, func) })
    }

    /// A function whose type is `ty`, of which `used` is a use.
    ///
    /// # Safety
    /// L5: `func` takes parameters of `ty`, and leaves results of it.
    unsafe fn of_type(ty: FuncType, used: KeptType, func: Arc<HostFunc>) -> Arc<Self> {
        // SAFETY: L8: the use, kept here, keeps the id; L5: as is asked for.
        let host = Pinned::new(unsafe { HostRecord::new(ty, used.id(), Arc::clone(&func)) });
        // SAFETY: L1: it is pinned and lives as long as this, which stores keep, and everything reaches it by this pointer.
        let record = unsafe { NonNull::new_unchecked(HostRecord::arm(host.as_ptr().as_ptr())) };
        Arc::new(Self { ty: used, host, record, func })
    }

    /// The same function in the stores of another engine, where its type is declared nowhere. There is none if its type names others: what
    /// names say, they say in one engine alone.
    pub(crate) fn for_engine(&self, engine: &Engine) -> Option<Arc<Self>> {
        let ty = Some(self.ty().undeclared()).filter(|ty| !ty.names_types())?;
        Some(Self::new(engine, ty, Arc::clone(&self.func)).expect("such a type is of no engine"))
    }

    /// Whether it may be linked to an import of type `wanted`, of `engine`, whatever `wanted` is declared to be: if its own type is declared
    /// nowhere, it takes the import's.
    pub(crate) fn may_be(&self, engine: &Engine, wanted: &FuncType) -> bool {
        let ty = self.ty();
        !ty.is_declared() && (self.is_for(engine) || !ty.names_types()) && ty.matches(wanted, engine.types())
    }

    /// The same function with the type of an import that it [may be](Self::may_be) linked to, in the stores of `engine`, whose the type is.
    pub(crate) fn declared(&self, engine: &Engine, ty: FuncType) -> Arc<Self> {
        assert!(self.may_be(engine, &ty), "types were compared");
        let used = engine.use_type(&ty).expect("the store's modules are of its engine");
        // SAFETY: L5: parameters of `ty` are of its own parameters' types, and its own results are of those of `ty`: that was compared.
        unsafe { Self::of_type(ty, used, Arc::clone(&self.func)) }
    }

    /// Whether it is for stores of `engine`.
    pub(crate) fn is_for(&self, engine: &Engine) -> bool {
        Engine::same(self.ty.engine(), engine)
    }

    /// The one record of it.
    pub(crate) fn record(&self) -> NonNull<FuncRecord> {
        self.record
    }

    /// The id of its type, in its engine.
    pub(crate) fn type_id(&self) -> TypeId {
        self.ty.id()
    }

    /// Its type.
    pub(crate) fn ty(&self) -> &FuncType {
        // SAFETY: it is pinned here as long as this lives, and nothing writes to it.
        unsafe { self.host.as_ptr().as_ref() }.ty()
    }
}

impl std::fmt::Debug for HostItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "host func {}", self.ty())
    }
}

impl std::fmt::Debug for HostDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "host func {}", self.ty)
    }
}
