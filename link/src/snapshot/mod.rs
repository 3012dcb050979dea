//! Snapshots: a store with its paused executions, as data that is independent of how this build of pirn works.
//!
//! - `state`: what a snapshot holds, in the terms of the specification; `format`: how it is written down.
//! - `take`: from a store to that, with `names` for what references refer to.
//! - `restore`: from that to a store, where everything is compared with the modules; `made`: what numbers mean there.
//! - `objects`: what is on the heap, both ways.
//! - `frames`: paused executions, both ways; `places`: where frames stand.
//! - `hooks`: what the embedder says of its own values.

#[cfg(feature = "snapshot")]
mod format;
pub(crate) mod frames;
mod hooks;
mod made;
mod names;
#[cfg(feature = "snapshot")]
mod objects;
pub(crate) mod places;
#[cfg(feature = "snapshot")]
mod restore;
mod state;
#[cfg(feature = "snapshot")]
mod take;

pub use hooks::SnapshotHooks;

use crate::call::resumable::{Parts, Paused};
use crate::error::{Result, format_err};
use crate::instance::Instance;
use crate::items::global::Global;
use crate::items::memory::Memory;
use crate::items::table::Table;
use crate::items::value::Val;
use crate::linker::Linker;
use crate::module::Module;
use crate::store::handle::{Handle, StoreId};
use crate::store::instance_data::InstanceData;
use crate::store::{AsContext, AsContextMut};
use state::{HASH, State};
use std::io::{Read, Write};

/// A store as it was, with calls that were paused in it: everything that is needed to go on elsewhere, but the modules.
///
/// It holds what the specification says a configuration is (spec 4.2): instances with their memories, tables and globals, tags, structs, arrays and exceptions, which segments were
/// dropped, and of each paused call the frames, with the values of locals and operands, and where in the module's bytes they stand. So it
/// depends neither on how the engine lowers code ([`Config::fuse`](crate::Config::fuse)), nor on pirn's version, nor on the processor. Modules
/// are named by the [hash](Module::hash) of their bytes, host functions by the import that they were linked to. Memories are compressed,
/// and what is zero of them is left out.
///
/// `docs/snapshot-format.md` describes the bytes. They need not be trusted ([`Snapshot::from_bytes_within`] bounds what they take): what does not
/// fit the modules is refused, and what fits them is a state that those could be in as far as types go. A changed snapshot can, of course, make a program do what it would not have
/// done; whoever cares signs them.
///
/// ```
/// # #[cfg(feature = "wat")] {
/// # use pirn_link as pirn;
/// use pirn::{Engine, Linker, Module, Result, Resumable, Snapshot, Store, Val, Yield};
///
/// let text = r#"(module
///     (import "host" "wait" (func $wait (result i32)))
///     (func (export "run") (param i32) (result i32) (i32.add (local.get 0) (call $wait))))"#;
/// let bytes = {
///     let engine = Engine::default();
///     let mut linker = Linker::<()>::new(&engine);
///     linker.func_wrap("host", "wait", || -> Result<i32> { Err(Yield::new(()).into()) })?;
///     let mut store = Store::new(&engine, ());
///     let instance = linker.instantiate(&mut store, &Module::new(&engine, text)?)?;
///     let run = instance.get_func(&store, "run").unwrap();
///     let paused = run.call_resumable(&mut store, &[Val::I32(40)])?.paused().unwrap();
///     Snapshot::take(&store, &[&paused])?.to_bytes()
/// };
///
/// // In another process, perhaps, on another machine.
/// let engine = Engine::default();
/// let mut linker = Linker::<()>::new(&engine);
/// linker.func_wrap("host", "wait", || -> Result<i32> { Err(Yield::new(()).into()) })?;
/// let mut store = Store::new(&engine, ());
/// let module = Module::new(&engine, text)?;
/// let restored = Snapshot::from_bytes(&bytes)?.restore(&mut store, &linker, &[module])?;
/// let paused = restored.into_paused().remove(0);
/// let results = paused.resume(&mut store, &[Val::I32(2)])?.finished().unwrap();
/// assert_eq!(results, [Val::I32(42)]);
/// # }
/// # Ok::<(), pirn_link::Error>(())
/// ```
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone)]
pub struct Snapshot {
    state: State,
    /// The instances, if it was taken in this process.
    taken: Vec<Handle<InstanceData>>,
}

/// A paused call, whatever its results: a [`Paused`].
pub trait PausedCall: sealed::PausedCall {}

impl<R> PausedCall for Paused<R> {}

mod sealed {
    use super::{Parts, Result, StoreId};

    pub trait PausedCall {
        /// What a snapshot holds of it.
        ///
        /// # Errors
        /// It is of another store.
        fn parts(&self, store: StoreId) -> Result<Parts<'_>>;
    }
}

impl<R> sealed::PausedCall for Paused<R> {
    fn parts(&self, store: StoreId) -> Result<Parts<'_>> {
        Self::parts(self, store)
    }
}

#[cfg(feature = "snapshot")]
impl Snapshot {
    /// A snapshot of the store, and of these calls, which are paused in it and stay so.
    ///
    /// The store's remaining fuel is part of it, and the exception that is [pending](crate::Store::take_pending_exception): the last one that nothing
    /// has caught, until it is taken. The store's limits, deadline, hooks and the embedder's data are not, nor are paused calls that are not given,
    /// nor a call that is running, if a host function takes a snapshot.
    ///
    /// # Errors
    /// Something cannot be in a snapshot, or has no name there; the error says what:
    /// - a memory that threads share; a tag, or a host function, of a type that no module of the store defines;
    /// - a host function to which something refers, but which no instance imports; two that were linked to imports of the same names;
    /// - an `externref` that is not null, or the payload of a [`Yield`](crate::Yield) that is not `()`: see [`Snapshot::take_with`]. The
    ///   pending exception may hold what nothing else does any more;
    /// - a call of a start function; one that waits for an async host function; one that stands within an instruction on a memory or
    ///   table, which only deadlines ([`UpdateDeadline::Yield`](crate::UpdateDeadline::Yield)) make happen ([`Paused::is_within_instruction`]): it goes on to another place
    ///   when it is resumed;
    /// - a call is paused in another store;
    /// - an instance was not finished, because instantiating it failed.
    pub fn take(store: impl AsContext, paused: &[&dyn PausedCall]) -> Result<Self> {
        Self::take_with(store, paused, &mut ())
    }

    /// As [`Snapshot::take`], with hooks that write down what is the embedder's.
    ///
    /// # Errors
    /// As [`Snapshot::take`], or of the hooks.
    pub fn take_with(store: impl AsContext, paused: &[&dyn PausedCall], hooks: &mut dyn SnapshotHooks) -> Result<Self> {
        let (state, taken) = take::take(store.as_context().opaque(), paused, hooks)?;
        Ok(Self { state, taken })
    }

    /// Gives an instance a name, by which [`Restored::get`] finds it. Without one, it has its place among the store's instances.
    ///
    /// # Errors
    /// The snapshot was not taken of the instance's store since the instance was made, or comes from bytes; another instance has this
    /// name.
    pub fn set_name(&mut self, instance: Instance, name: &str) -> Result<()> {
        let place = self.taken.iter().position(|&taken| Instance::from(taken) == instance);
        let place = place.ok_or_else(|| format_err!("the instance is not in the snapshot"))?;
        let others = self.state.instances.iter().enumerate().filter(|(other, _)| *other != place);
        if others.clone().any(|(_, instance)| instance.name.as_deref() == Some(name)) {
            return Err(format_err!("another instance in the snapshot is called `{name}`"));
        }
        self.state.instances[place].name = Some(name.into());
        Ok(())
    }

    /// The hashes of the modules that it is to be restored with: see [`Module::hash`].
    pub fn modules(&self) -> impl ExactSizeIterator<Item = [u8; 32]> {
        self.state.modules.iter().copied()
    }

    /// The snapshot as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        format::write(&self.state)
    }

    /// Writes the bytes.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn write_to(&self, mut writer: impl Write) -> Result<()> {
        Ok(writer.write_all(&self.to_bytes())?)
    }

    /// The snapshot of which [`Snapshot::to_bytes`] gave these bytes. Whether they fit any modules is found out by [`Snapshot::restore`].
    ///
    /// # Errors
    /// They are no snapshot; of a version of the format that this version of pirn does not know; were cut off or changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes_within(bytes, usize::MAX)
    }

    /// As [`Snapshot::from_bytes`], of bytes that somebody made who is not trusted: they are compressed, so a megabyte that says nothing but zeros
    /// can take gigabytes of memory.
    ///
    /// # Errors
    /// As [`Snapshot::from_bytes`]; or reading them would take more than `most` bytes of memory. (What is counted is the content and what is made of
    /// it; lists have room for up to twice as many items, besides.)
    pub fn from_bytes_within(bytes: &[u8], most: usize) -> Result<Self> {
        Ok(Self { state: format::read(bytes, most)?, taken: Vec::new() })
    }

    /// Reads to the end what [`Snapshot::write_to`] wrote.
    ///
    /// # Errors
    /// Those of `reader`; as [`Snapshot::from_bytes`].
    pub fn read_from(mut reader: impl Read) -> Result<Self> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes)
    }

    /// The bytes before they are compressed, of which no hash is taken. For tests that change them; not part of the API that versions promise.
    #[doc(hidden)]
    pub fn content(&self) -> Vec<u8> {
        format::content(&self.state)
    }

    /// The snapshot of which [`Snapshot::content`] gave these bytes. For tests.
    ///
    /// # Errors
    /// It did not.
    #[doc(hidden)]
    pub fn from_content(content: &[u8]) -> Result<Self> {
        Ok(Self { state: format::read_content(content, usize::MAX)?, taken: Vec::new() })
    }

    /// Makes everything again in `store`, which has no instances, memories, tables or globals yet: with `modules`, and with the host functions
    /// that `linker` has under the names under which they were linked. No start function is called.
    ///
    /// The engine may have other settings than the one of the snapshot, with two exceptions. A call that is out of fuel in front of an
    /// instruction that is paid for by its size (`memory.fill` and the like) goes on only where fuel is consumed. A call whose deadline passed in front
    /// of a call or of such an instruction, with dozens of them before it, goes on for certain only with the same settings and the same version of pirn: others ask for
    /// the deadline elsewhere. Such calls are refused, and go on to another place when they are resumed before the snapshot is taken. If fuel is
    /// consumed, the store's is what it was; a snapshot of a store without fuel leaves it as it is.
    ///
    /// # Errors
    /// The store is not empty; a module is missing, or of another engine; the linker has no such host function, or one of another type; a limit of the
    /// store would be passed, or the frames do not fit the engine's stacks; the snapshot does not fit the modules, which no snapshot does that
    /// `take` made; it holds what needs [hooks](Snapshot::restore_with). What was made by then stays in the store.
    pub fn restore<T: 'static>(
        &self,
        store: impl AsContextMut<Data = T>,
        linker: &Linker<T>,
        modules: &[Module],
    ) -> Result<Restored> {
        self.restore_with(store, linker, modules, &mut ())
    }

    /// As [`Snapshot::restore`], with hooks that make what is the embedder's.
    ///
    /// # Errors
    /// As [`Snapshot::restore`], or of the hooks.
    pub fn restore_with<T: 'static>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        linker: &Linker<T>,
        modules: &[Module],
        hooks: &mut dyn SnapshotHooks,
    ) -> Result<Restored> {
        let mut store = store.as_context_mut();
        // What an earlier one left that was refused is in the way.
        store.collect();
        restore::restore(store.opaque_mut(), linker.definitions(), modules, &self.state, hooks)
    }
}

/// What was made by [`Snapshot::restore`]; in the order in which it was made in the store of the snapshot.
#[cfg(feature = "snapshot")]
#[derive(Debug)]
pub struct Restored {
    names: Vec<Option<String>>,
    instances: Vec<Instance>,
    memories: Vec<Memory>,
    tables: Vec<Table>,
    globals: Vec<Global>,
    paused: Vec<Paused<Vec<Val>>>,
}

#[cfg(feature = "snapshot")]
impl Restored {
    /// The instances.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The instance that was called `name` by [`Snapshot::set_name`].
    pub fn get(&self, name: &str) -> Option<Instance> {
        let place = self.names.iter().position(|found| found.as_deref() == Some(name))?;
        Some(self.instances[place])
    }

    /// All memories, those of the host among them.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// All tables, those of the host among them.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// All globals, those of the host among them.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The paused calls, in the order in which they were given. Each gives its results as [`Func::call_resumable`](crate::Func::call_resumable)
    /// does.
    pub fn into_paused(self) -> Vec<Paused<Vec<Val>>> {
        self.paused
    }

    /// As [`Restored::into_paused`], for those who need the rest afterwards.
    pub fn take_paused(&mut self) -> Vec<Paused<Vec<Val>>> {
        std::mem::take(&mut self.paused)
    }
}
