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
    /// A copy of the store, with `data` for the embedder's: its instances with their memories, tables, globals, tags and segments, structs, arrays and
    /// exceptions, all that the host made in it, and the calls that are paused. The two know nothing of each other from then on, and either can be
    /// dropped first.
    ///
    /// Handles belong to the one they were made of. [`Store::forked`] gives what stands for something in the copy, and
    /// [`Paused::fork`](crate::Paused::fork) the copy of a paused call.
    ///
    /// What refers to the same object in this store does so in the copy, and what was thrown with a tag is caught there by the copy of that tag. What
    /// the host has [rooted](crate::Rooted) is rooted in the copy too, until the copy is dropped; what it [owns](crate::OwnedRooted), for as long as
    /// it owns it in this store.
    /// An exception that is [pending](Store::take_pending_exception) is so in both.
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
    /// Tables, globals and functions' records are copied at once. So are structs, arrays and exceptions, after garbage was [collected](Store::gc), if
    /// any was allocated since it was collected last, or that is under way: where there are many of them, this is what takes time.
    /// Values of [`ExternRef`](crate::ExternRef)s are shared. A place in the list of values, which the collection looks at, is not used again as long as a copy
    /// of the store knows a value by it, also if nothing refers to the value any more; and in the copy never.
    ///
    /// # Errors
    /// A memory of the store is [shared](crate::SharedMemory) between threads; something runs in the store; the system has not that much memory. The store
    /// is as it was. Limits do not apply to copying: a store that has more than limits
    /// allow that were set later has a copy that has as much.
    pub fn fork(&mut self, data: T) -> Result<Self> {
        let mut store = self.as_context_mut();
        store.opaque_mut().check_forkable()?;
        if !store.opaque_mut().heap().is_marked() {
            store.collect();
        }
        let original = store.opaque_mut();
        let mut copy = Self::new(original.engine(), data);
        original.fork_to(copy.as_context_mut().opaque_mut())?;
        Ok(copy)
    }

    /// What in this store stands for `item`, of the store that it was [forked](Store::fork) of: an [`Instance`](crate::Instance), a
    /// [`Func`](crate::Func) or [`TypedFunc`](crate::TypedFunc), a [`Memory`](crate::Memory), [`Table`](crate::Table),
    /// [`Global`](crate::Global) or [`Tag`](crate::Tag), an [`Extern`](crate::Extern), a reference that is [`Rooted`](crate::Rooted) or
    /// [`OwnedRooted`](crate::OwnedRooted), a [`Val`](crate::Val) or [`Ref`](crate::Ref).
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Instance, Module, Store, Val};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (type $point (struct (field (mut i32))))
    ///     (func (export "make") (result (ref $point)) (struct.new $point (i32.const 1))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let make = Instance::new(&mut store, &module, &[])?.get_func(&store, "make").unwrap();
    /// let mut results = [Val::AnyRef(None)];
    /// make.call(&mut store, &[], &mut results)?;
    /// let point = results[0].unwrap_anyref().unwrap().as_struct(&store)?.unwrap();
    ///
    /// let mut copy = store.fork(())?;
    /// let there = copy.forked(point)?;
    /// there.set_field(&mut copy, 0, Val::I32(2))?;
    /// assert_eq!(point.field(&store, 0)?, Val::I32(1));
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Errors
    /// `item` is of another store, of this one already, for example, or was made after that was forked; it is a reference to a struct, array or exception
    /// whose scope had ended by then; or it is an [`ExternRef`](crate::ExternRef) whose value was [freed](Store::gc) here, because nothing in this
    /// store referred to it.
    pub fn forked<I: Forked>(&self, item: I) -> Result<I> {
        item.in_fork(&Copy(self.as_context().opaque()))
    }
}
