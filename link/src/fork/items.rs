//! What stands in the copy of a store for what an embedder has a handle of.

use crate::call::calls::TypedFunc;
use crate::error::{Result, format_err};
use crate::instance::Instance;
use crate::items::external::Extern;
use crate::items::func::Func;
use crate::items::global::Global;
use crate::items::heap_ref::ExternRef;
use crate::items::memory::Memory;
use crate::items::rooted::Rooted;
use crate::items::table::Table;
use crate::items::value::{Ref, Val};
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

/// The error of what no copy of a store has.
fn of_the_heap() -> crate::error::Error {
    format_err!("structs, arrays, small integers and exceptions have no copies")
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
        Self::Tag(_) => return Err(format_err!("a store with tags of exceptions is not forked")),
        Self::SharedMemory(_) => return Err(format_err!("a store with a memory that threads share is not forked")),
    });
    Rooted<ExternRef>: |value, copy| {
        // Stores with anything else are not forked.
        let index = value.extern_index().unwrap_or(usize::MAX);
        if index >= copy.0.origin_of(value.store())?.externs {
            return Err(format_err!("it was made since the store was forked"));
        }
        if copy.0.extern_value(index).is_none() {
            return Err(format_err!("nothing in this store refers to it any more"));
        }
        Ok(ExternRef::of_index(copy.0, index))
    };
    Ref: |reference, copy| Ok(match reference {
        Self::Func(func) => Self::Func(func.map(|func| func.in_fork(copy)).transpose()?),
        Self::Extern(value) => Self::Extern(value.map(|value| value.in_fork(copy)).transpose()?),
        Self::Any(None) | Self::Exn(None) => reference,
        Self::Any(Some(_)) | Self::Exn(Some(_)) => return Err(of_the_heap()),
    });
    Val: |value, copy| Ok(match value {
        Self::I32(_) | Self::I64(_) | Self::F32(_) | Self::F64(_) | Self::V128(_) => value,
        Self::FuncRef(func) => Self::FuncRef(func.map(|func| func.in_fork(copy)).transpose()?),
        Self::ExternRef(value) => Self::ExternRef(value.map(|value| value.in_fork(copy)).transpose()?),
        Self::AnyRef(None) | Self::ExnRef(None) => value,
        Self::AnyRef(Some(_)) | Self::ExnRef(Some(_)) => return Err(of_the_heap()),
    });
}

impl<P: crate::WasmParams, R: crate::WasmResults> sealed::Forked for TypedFunc<P, R> {
    fn in_fork(self, copy: &Copy<'_>) -> Result<Self> {
        let func = self.func().in_fork(copy)?;
        // SAFETY: L5: it is the same function, of an instance of the same module, or of the host.
        Ok(unsafe { self.of_same_type(func) })
    }
}
