//! Globals (spec 4.2.9).

use crate::error::{Result, format_err};
use crate::items::value::Val;
use crate::store::handle::Handle;
use crate::store::instance_data::GlobalItem;
use crate::store::{AsContext, AsContextMut};
use pirn_decode::{GlobalType, ValType};

/// A global of an instance, or made by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Global(Handle<GlobalItem>);

impl From<Handle<GlobalItem>> for Global {
    fn from(item: Handle<GlobalItem>) -> Self {
        Self(item)
    }
}

impl Global {
    /// Makes a global.
    ///
    /// # Errors
    /// `value` is of another type or store; the type that `ty` names is gone; the system has no memory.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Self> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        if !value.is_of(ty.content, store) {
            return Err(format_err!("value of a global: expected {}, found {}", ty.content, value.ty()));
        }
        let words = value.to_words(store)?;
        if let ValType::Ref(ty) = ty.content {
            store.keep_type(ty.heap_type())?;
        }
        let global = store.add_globals(&[ty])?.next().expect("one was asked for");
        // SAFETY: L5: the global was made just now, of the type that the value's was compared with; `to_words` compared the store.
        unsafe { global.get_mut(store)?.cell.set(words) };
        Ok(Self(global))
    }

    pub(crate) fn item(self) -> Handle<GlobalItem> {
        self.0
    }

    /// Its type.
    ///
    /// # Panics
    /// The global belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        self.0.get(store.as_context().opaque()).expect("global").ty
    }

    /// Its value.
    ///
    /// # Panics
    /// The global belongs to another store.
    pub fn get(&self, store: impl AsContext) -> Val {
        let store = store.as_context();
        let item = self.0.get(store.opaque()).expect("global");
        // SAFETY: L5: a global holds the words of a value of its type, in its store, which `get` compared.
        unsafe { Val::from_words(item.ty.content, item.cell.get(), store.opaque()) }
    }

    /// Changes its value.
    ///
    /// # Errors
    /// The global or `value` belongs to another store; `value` is of another type; the global is immutable.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let ty = self.0.get(store)?.ty;
        if !ty.mutable {
            return Err(format_err!("an immutable global cannot be set"));
        }
        if !value.is_of(ty.content, store) {
            return Err(format_err!("value of a global: expected {}, found {}", ty.content, value.ty()));
        }
        let words = value.to_words(store)?;
        // SAFETY: L5: the type was compared with the global's; `to_words` and `get_mut` compared both stores with this one.
        unsafe { self.0.get_mut(store)?.cell.set(words) };
        Ok(())
    }
}
