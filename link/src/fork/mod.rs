//! Stores with their paused calls, copied within the process.
//!
//! `store::fork` copies a store's inside. Here are: what stands in the copy for what an embedder has a handle of (`items`), and paused calls
//! (`paused`), where `refs` finds the references that their frames hold.

mod items;
mod paused;
mod refs;

pub use items::Forked;

use crate::error::Result;
use crate::store::{AsContext, AsContextMut, Store};
use items::sealed::Copy;

impl<T: 'static> Store<T> {
    /// A copy of the store, with `data` for the embedder's: its instances with their memories, tables, globals and segments, all that the host made
    /// in it, and the calls that are paused. The two know nothing of each other from then on, and either can be dropped first.
    ///
    /// Handles belong to the one they were made of. [`Store::forked`] gives what stands for something in the copy, and
    /// [`Paused::fork`](crate::Paused::fork) the copy of a paused call.
    ///
    /// Host functions are the same in both, and so is what they have captured; a handle that one has captured is of this store. So are the values of
    /// [`ExternRef`](crate::ExternRef)s. The copy has as much fuel as this store has, the same deadline, limits ([`Store::set_limits`]), and
    /// [interval of yielding](Store::fuel_async_yield_interval). A [limiter](Store::limiter), a
    /// [call hook](Store::call_hook) and a [callback of the deadline](Store::epoch_deadline_callback) are closures over this store's data, which
    /// the copy has none of until it is given some.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Instance, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (global $n (mut i32) (i32.const 0))
    ///     (func (export "next") (result i32)
    ///         (global.set $n (i32.add (global.get $n) (i32.const 1)))
    ///         (global.get $n)))"#)?;
    /// let mut store = Store::new(&engine, "original");
    /// let next = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), i32>(&store, "next")?;
    /// assert_eq!(next.call(&mut store, ())?, 1);
    ///
    /// let mut copy = store.fork("copy")?;
    /// let next_of_copy = copy.forked(next)?;
    /// assert_eq!(next_of_copy.call(&mut copy, ())?, 2);
    /// assert_eq!(next_of_copy.call(&mut copy, ())?, 3);
    /// assert_eq!(next.call(&mut store, ())?, 2);
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Costs
    /// On Linux and Android, memories of more than 64 KiB are copied when they are written to, in either store, a page at a time. The first time, what they
    /// hold is written to a file in memory (`memfd_create`), of which both have a private mapping then. A store that has not run since it was forked last is forked
    /// without looking at its memories: that takes some microseconds, however large they are. Of one that has run, the pages are copied that
    /// were written to since. Each such memory is a mapping or two of the process, of which there are 16,384 at most, and each such file is one of
    /// those that the process may have open, of which they take half at most (`ulimit -n`); other memories, and those of other systems, are copied at
    /// once. The bytes of a memory of this store may move, as when it grows.
    ///
    /// Tables, globals and functions' records are copied at once.
    ///
    /// # Errors
    /// A memory of the store is [shared](crate::SharedMemory) between threads; it has structs, arrays or exceptions ([`Store::gc`] frees those that nothing
    /// refers to any more), or tags of exceptions; something runs in the store; the system has not that much memory. The store is as it was.
    pub fn fork(&mut self, data: T) -> Result<Self> {
        let mut store = self.as_context_mut();
        let original = store.opaque_mut();
        let mut copy = Self::new(original.engine(), data);
        original.fork_to(copy.as_context_mut().opaque_mut())?;
        Ok(copy)
    }

    /// What in this store stands for `item`, of the store that it was [forked](Store::fork) of: an [`Instance`](crate::Instance), a
    /// [`Func`](crate::Func) or [`TypedFunc`](crate::TypedFunc), a [`Memory`](crate::Memory), [`Table`](crate::Table) or
    /// [`Global`](crate::Global), an [`Extern`](crate::Extern), an [`ExternRef`](crate::ExternRef), a [`Val`](crate::Val) or
    /// [`Ref`](crate::Ref).
    ///
    /// # Errors
    /// `item` is of another store, of this one already, for example, or was made after that was forked; or it is an `ExternRef` whose value was
    /// [freed](Store::gc) here, because nothing in this store referred to it. Of the heap, stores that were forked have nothing but nulls.
    pub fn forked<I: Forked>(&self, item: I) -> Result<I> {
        item.in_fork(&Copy(self.as_context().opaque()))
    }
}
