//! Tables (spec 4.2.7).

use crate::error::{Result, format_err};
use crate::items::value::Ref;
use crate::store::handle::Handle;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut};
use pirn_decode::{RefType, TableType};
use pirn_exec::{Trap, Word};

/// A table of an instance, or made by the host. Indices and sizes count elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Table(Handle<pirn_exec::Table>);

impl From<Handle<pirn_exec::Table>> for Table {
    fn from(item: Handle<pirn_exec::Table>) -> Self {
        Self(item)
    }
}

/// The word of `value` as an element of type `element`.
fn word(element: RefType, value: Ref, store: &StoreOpaque) -> Result<Word> {
    if !value.is_of(element, store) {
        return Err(format_err!("element of a table: expected {element}, found {}", value.ty()));
    }
    value.to_word(store)
}

fn index(index: u64) -> Result<u32> {
    u32::try_from(index).map_err(|_| Trap::TableOutOfBounds.into())
}

impl Table {
    /// Makes a table, all its elements `init`.
    ///
    /// # Errors
    /// `init` is of another type or store; the type that `ty` names is gone; `ty` is not valid (spec 3.2.4), passes the store's limits, or the system has
    /// not that much memory.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Self> {
        let mut store = store.as_context_mut();
        let init = word(ty.element, init, store.opaque())?;
        store.opaque_mut().keep_type(ty.element.heap_type())?;
        // SAFETY: L5: type and store of the reference were compared.
        unsafe { store.opaque_mut().create_table(ty, init) }.map(Self)
    }

    pub(crate) fn item(self) -> Handle<pirn_exec::Table> {
        self.0
    }

    /// Its type; the minimum is the size now (spec 4.5.3, growing tables).
    ///
    /// # Panics
    /// The table belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        self.0.get(store.as_context().opaque()).expect("table").ty()
    }

    /// Its size.
    ///
    /// # Panics
    /// The table belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.0.get(store.as_context().opaque()).expect("table").size()
    }

    /// The element at `index`; `None` beyond the end.
    ///
    /// # Panics
    /// The table belongs to another store.
    pub fn get(&self, store: impl AsContext, index: u64) -> Option<Ref> {
        let store = store.as_context();
        let item = self.0.get(store.opaque()).expect("table");
        let word = *item.elements().get(usize::try_from(index).ok()?)?;
        // SAFETY: L5: a table holds words of references of its element type, in its store, which `get` compared.
        Some(unsafe { Ref::from_word(item.element(), word, store.opaque()) })
    }

    /// Changes the element at `index`.
    ///
    /// # Errors
    /// The table or `value` belongs to another store; `value` is of another type; `index` lies beyond the end.
    pub fn set(&self, store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        self.fill(store, index, value, 1)
    }

    /// Changes `len` elements from `start` on (spec 4.4.6, `table.fill`).
    ///
    /// # Errors
    /// The table or `value` belongs to another store; `value` is of another type; the elements reach beyond the end.
    /// Nothing has changed then.
    pub fn fill(&self, mut store: impl AsContextMut, start: u64, value: Ref, len: u64) -> Result<()> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let word = word(self.0.get(store)?.element(), value, store)?;
        let item = self.0.get_mut(store)?;
        // SAFETY: L5: `word` compared the type with the table's, and the store with this one, as `get_mut` did the table's.
        Ok(unsafe { item.fill(index(start)?, index(len)?, word) }?)
    }

    /// Adds `delta` elements, all `init`; gives the old size.
    ///
    /// # Errors
    /// The table or `init` belongs to another store; `init` is of another type; the maximum or the store's limit would
    /// be passed; the store's [limiter](crate::Store::limiter) does not allow it; the system has not that much memory. Nothing has
    /// changed then.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let word = word(self.0.get(store)?.element(), init, store)?;
        // SAFETY: L3: `get` compared the store, so L1: the table is of this one. L5, as in `fill`.
        let old = unsafe { store.grow_table(self.0.as_ptr(), delta, word) }?;
        let size = self.0.get(store)?.size();
        old.ok_or_else(|| format_err!("failed to grow a table of {size} elements by {delta} elements"))
    }

    /// Copies `len` elements between tables, or within one (spec 4.4.6, `table.copy`).
    ///
    /// # Errors
    /// A table belongs to another store; the element types differ; either side reaches beyond its end. Nothing has
    /// changed then.
    pub fn copy(
        mut store: impl AsContextMut,
        to_table: &Table,
        to: u64,
        from_table: &Table,
        from: u64,
        len: u64,
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let (to, from, len) = (index(to)?, index(from)?, index(len)?);
        if to_table == from_table {
            return Ok(to_table.0.get_mut(store)?.copy_within(to, from, len)?);
        }
        let engine = store.engine().clone();
        let source = from_table.0.get(store)?;
        let element = source.element();
        let elements = source.elements().get(from as usize..).and_then(|rest| rest.get(..len as usize));
        let elements = std::ptr::from_ref(elements.ok_or(Trap::TableOutOfBounds)?);
        let target = to_table.0.get_mut(store)?;
        if !element.matches(target.element(), engine.types()) {
            return Err(format_err!("element of a table: expected {}, found {element}", target.element()));
        }
        // SAFETY: L5: the elements are of the same type, which was compared, and `get` and `get_mut` compared both stores.
        // L2: nobody else refers to either table, and they are two, so nothing that is read is written.
        Ok(unsafe { target.init(to, &*elements, 0, len) }?)
    }
}
