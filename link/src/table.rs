//! Tables (spec 4.2.7).

use crate::error::{Result, format_err};
use crate::handle::{Handle, StoreId};
use crate::limits::Needs;
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::value::Ref;
use pirn_decode::{Limits, RefType, TableType};
use pirn_exec::{Room, Trap, Word};

/// A table in a store.
#[derive(Debug)]
pub(crate) struct TableItem {
    pub(crate) table: pirn_exec::Table,
    element: RefType,
    /// As declared.
    max: Option<u32>,
}

impl TableItem {
    /// Creates a table in `store`, all its elements `init`.
    pub(crate) fn create(store: &mut StoreOpaque, ty: TableType, init: Word) -> Result<Handle<Self>> {
        let Limits { min, max } = ty.limits;
        if max.is_some_and(|max| max < min) {
            return Err(format_err!("a table cannot have limits {}", ty.limits));
        }
        store.check_needs(Needs { tables: 1, elements: min.into(), ..Needs::default() })?;
        let limit = store.limits().table_elements;
        if min > limit {
            return Err(format_err!("a table of {min} elements passes the store's limit of {limit} elements"));
        }
        let table = pirn_exec::Table::new(min, max.unwrap_or(u32::MAX).min(limit), init);
        let table = table.ok_or_else(|| format_err!("the system gave no memory for a table of {min} elements"))?;
        store.room_mut().elements -= u64::from(min);
        store.add_table(Self { table, element: ty.element, max })
    }

    pub(crate) fn ty(&self) -> TableType {
        TableType::new(self.element, self.table.size(), self.max)
    }

    fn to_word(&self, value: Ref, store: StoreId) -> Result<Word> {
        if value.ty() != self.element {
            return Err(format_err!("element of a table: expected {}, found {}", self.element, value.ty()));
        }
        value.to_word(store)
    }
}

/// A table of an instance, or made by the host. Indices and sizes count elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Table(Handle<TableItem>);

impl From<Handle<TableItem>> for Table {
    fn from(item: Handle<TableItem>) -> Self {
        Self(item)
    }
}

fn index(index: u64) -> Result<u32> {
    u32::try_from(index).map_err(|_| Trap::TableOutOfBounds.into())
}

impl Table {
    /// Makes a table, all its elements `init`.
    ///
    /// # Errors
    /// `init` is of another type or store; `ty` is not valid (spec 3.2.4), passes the store's limits, or the system has
    /// not that much memory.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Self> {
        let mut store = store.as_context_mut();
        if init.ty() != ty.element {
            return Err(format_err!("element of a table: expected {}, found {}", ty.element, init.ty()));
        }
        let init = init.to_word(store.opaque().id())?;
        TableItem::create(store.opaque_mut(), ty, init).map(Self)
    }

    pub(crate) fn item(self) -> Handle<TableItem> {
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
        self.0.get(store.as_context().opaque()).expect("table").table.size().into()
    }

    /// The element at `index`; `None` beyond the end.
    ///
    /// # Panics
    /// The table belongs to another store.
    pub fn get(&self, store: impl AsContext, index: u64) -> Option<Ref> {
        let store = store.as_context();
        let item = self.0.get(store.opaque()).expect("table");
        let word = *item.table.elements().get(usize::try_from(index).ok()?)?;
        // SAFETY: tables hold words of references of their element type, of their store.
        Some(unsafe { Ref::from_word(item.element, word, store.opaque().id()) })
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
        let id = store.opaque().id();
        let item = self.0.get_mut(store.opaque_mut())?;
        let word = item.to_word(value, id)?;
        // SAFETY: the word of a reference of the table's type, and its store's.
        Ok(unsafe { item.table.fill(index(start)?, index(len)?, word) }?)
    }

    /// Adds `delta` elements, all `init`; gives the old size.
    ///
    /// # Errors
    /// The table or `init` belongs to another store; `init` is of another type; the maximum or the store's limit would
    /// be passed; the system has not that much memory. Nothing has changed then.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let (id, mut room) = (store.id(), store.room().elements);
        let item = self.0.get_mut(store)?;
        let word = item.to_word(init, id)?;
        // SAFETY: as in `fill`.
        let grow = |delta| Room::grow(&mut room, delta, |delta| unsafe { item.table.grow(delta, word) });
        let Some(old) = u32::try_from(delta).ok().and_then(grow) else {
            let size = item.table.size();
            return Err(format_err!("failed to grow a table of {size} elements by {delta} elements"));
        };
        store.room_mut().elements = room;
        Ok(old.into())
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
            return Ok(to_table.0.get_mut(store)?.table.copy_within(to, from, len)?);
        }
        let source = from_table.0.get(store)?;
        let element = source.element;
        let elements = source.table.elements().get(from as usize..).and_then(|rest| rest.get(..len as usize));
        let elements = std::ptr::from_ref(elements.ok_or(Trap::TableOutOfBounds)?);
        let target = to_table.0.get_mut(store)?;
        if target.element != element {
            return Err(format_err!("element of a table: expected {}, found {element}", target.element));
        }
        // SAFETY: elements of another table, of the same type and store; nobody else refers to either.
        Ok(unsafe { target.table.init(to, &*elements, 0, len) }?)
    }
}
