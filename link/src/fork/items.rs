//! What stands in the copy of a store for what an embedder has a handle of.

use crate::call::calls::TypedFunc;
use crate::error::{Result, format_err};
use crate::instance::Instance;
use crate::items::external::Extern;
use crate::items::func::Func;
use crate::items::global::Global;
use crate::items::memory::Memory;
use crate::items::rooted::{OwnedRooted, Rooted};
use crate::items::table::Table;
use crate::items::tag::Tag;
use crate::items::value::{Ref, Val};
use crate::store::handle::StoreId;
use crate::store::held_refs::RootPlace;
use sealed::Copy;

/// What a store may have a copy of, and [`Store::forked`](crate::Store::forked) gives it.
pub trait Forked: sealed::Forked {}

impl<I: sealed::Forked> Forked for I {}

pub(super) mod sealed {
    use crate::error::Result;
    use crate::store::opaque::StoreOpaque;

    /// A store that was forked of another one.
    pub struct Copy<'a>(pub(crate) &'a StoreOpaque);

    pub trait Forked: Sized {
        /// What stands for it in the copy.
        ///
        /// # Errors
        /// Nothing does.
        fn in_fork(self, copy: &Copy<'_>) -> Result<Self>;
    }
}

/// Whether the copy still has the value of the embedder with this index in `store`, which it was forked of; a reference to the value was rooted
/// there at this place, whether its scope has ended or not.
///
/// # Errors
/// It was not; the value was made since; it was freed, in the copy or before.
fn check_extern(copy: &Copy<'_>, store: StoreId, index: usize, place: RootPlace) -> Result<()> {
    copy.0.origin_of(store)?;
    if !copy.0.externs().was_inherited(index) {
        return Err(format_err!("it was made since the store was forked"));
    }
    if copy.0.extern_value(index).is_none() || !copy.0.externs().was_there(index, place) {
        return Err(format_err!("nothing in this store refers to it any more"));
    }
    Ok(())
}

macro_rules! forked {
    ($($ty:ty: |$item:ident, $copy:ident| $made:expr;)*) => {$(
        impl sealed::Forked for $ty {
            fn in_fork(self, copy: &Copy<'_>) -> Result<Self> {
                let ($item, $copy) = (self, copy);
                $made
            }
        }
    )*};
}

forked! {
    Instance: |instance, copy| copy.0.copy_of(instance.handle()).map(Self::from);
    Func: |func, copy| copy.0.copy_of(func.record()).map(Self::from);
    Memory: |memory, copy| copy.0.copy_of(memory.item()).map(Self::from);
    Table: |table, copy| copy.0.copy_of(table.item()).map(Self::from);
    Global: |global, copy| copy.0.copy_of(global.item()).map(Self::from);
    Extern: |item, copy| Ok(match item {
        Self::Func(func) => func.in_fork(copy)?.into(),
        Self::Table(table) => table.in_fork(copy)?.into(),
        Self::Memory(memory) => memory.in_fork(copy)?.into(),
        Self::Global(global) => global.in_fork(copy)?.into(),
        Self::Tag(tag) => tag.in_fork(copy)?.into(),
        Self::SharedMemory(_) => return Err(format_err!("a store with a memory that threads share is not forked")),
    });
    Tag: |tag, copy| copy.0.copy_of(tag.item()).map(Self::from);
    Ref: |reference, copy| Ok(match reference {
        Self::Func(func) => Self::Func(func.map(|func| func.in_fork(copy)).transpose()?),
        Self::Extern(value) => Self::Extern(value.map(|value| value.in_fork(copy)).transpose()?),
        Self::Any(value) => Self::Any(value.map(|value| value.in_fork(copy)).transpose()?),
        Self::Exn(value) => Self::Exn(value.map(|value| value.in_fork(copy)).transpose()?),
    });
    Val: |value, copy| Ok(match value {
        Self::I32(_) | Self::I64(_) | Self::F32(_) | Self::F64(_) | Self::V128(_) => value,
        Self::FuncRef(func) => Self::FuncRef(func.map(|func| func.in_fork(copy)).transpose()?),
        Self::ExternRef(value) => Self::ExternRef(value.map(|value| value.in_fork(copy)).transpose()?),
        Self::AnyRef(value) => Self::AnyRef(value.map(|value| value.in_fork(copy)).transpose()?),
        Self::ExnRef(value) => Self::ExnRef(value.map(|value| value.in_fork(copy)).transpose()?),
    });
}

impl<T> sealed::Forked for Rooted<T> {
    fn in_fork(self, copy: &Copy<'_>) -> Result<Self> {
        let Some(index) = self.extern_index() else { return self.in_copy(copy.0) };
        check_extern(copy, self.store(), index, self.place())?;
        copy.0.keep_extern(index);
        // SAFETY: L5: the copy has a value of the embedder with this index, to which a `T` refers here.
        Ok(unsafe { Self::of_index(copy.0, index) })
    }
}

impl<T> sealed::Forked for OwnedRooted<T> {
    fn in_fork(self, copy: &Copy<'_>) -> Result<Self> {
        self.in_copy(copy.0)
    }
}

impl<P: crate::WasmParams, R: crate::WasmResults> sealed::Forked for TypedFunc<P, R> {
    fn in_fork(self, copy: &Copy<'_>) -> Result<Self> {
        let func = self.func().in_fork(copy)?;
        // SAFETY: L5: it is the same function, of an instance of the same module, or of the host.
        Ok(unsafe { self.of_same_type(func) })
    }
}
