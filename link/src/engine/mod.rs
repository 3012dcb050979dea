//! The engine: configuration and the registry of types, shared by everything made with it.

pub(crate) mod account;
pub(crate) mod config;
pub(crate) mod declared;
pub(crate) mod limiter;
pub(crate) mod limits;
pub(crate) mod types;

use crate::engine::account::{Account, MemoryUsage};
use crate::engine::config::Config;
use crate::engine::types::TypeRegistry;
use crate::store::pinned::Pinned;
use pirn_decode::{SubType, TypeId};
use pirn_exec::{LowerHook, Vm};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// A reference to an [`Engine`] that does not keep it: see [`Engine::weak`].
#[derive(Debug, Clone)]
pub struct EngineWeak(Weak<Inner>);

impl EngineWeak {
    /// The engine, if anything still has it.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

/// Settings and types shared by modules, stores and linkers. Cloning is cheap and gives the same engine.
///
/// An engine keeps a type as long as something has it: a module, a store that has objects of it, a host function, or a `FuncType`,
/// `StructType` or `ArrayType` that you declared and hold. When the last of these is dropped, the engine forgets the type. So an engine does not grow with the number of modules that
/// were made with it, and one engine can serve a process as long as it runs.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    /// Hashes the names of imports and exports. It is random, so that nobody can choose names that collide.
    names: RandomState,
    types: TypeRegistry,
    /// How often time was said to have passed.
    epoch: AtomicU64,
    account: Account,
}

impl Engine {
    /// An engine without the proof that this build can run: for [`Engine::new`], and for the probe itself.
    pub(crate) fn unproven(config: Config) -> Self {
        let (names, types, epoch, account) = Default::default();
        Self(Arc::new(Inner { config, names, types, epoch, account }))
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Says that time has passed: adds 1 to the engine's epoch, which stores compare with their deadlines
    /// ([`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline)) if
    /// [`Config::epoch_interruption`] was set. Any thread may do so, and a signal handler, for it is one atomic addition.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Config, Engine, Instance, Module, Store, Trap};
    /// use std::{thread, time::Duration};
    ///
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "hang") (loop $again (br $again))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let hang = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&store, "hang")?;
    ///
    /// // One tick from now on.
    /// store.set_epoch_deadline(1);
    /// let ticker = engine.clone();
    /// thread::spawn(move || {
    ///     thread::sleep(Duration::from_millis(20));
    ///     ticker.increment_epoch();
    /// });
    /// assert_eq!(hang.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupt));
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn increment_epoch(&self) {
        self.epoch_counter().fetch_add(1, Ordering::Relaxed);
    }

    /// How many bytes are held by what was made with this engine and not dropped. Any thread may ask, at any time. Each number is
    /// exact of itself, but others may go on meanwhile, so they need not be of one moment.
    ///
    /// This counts what programs make large. It does not count what an allocator adds, nor the engine itself, linkers, host
    /// functions and what they hold, external references, and lists in which a store keeps its items.
    ///
    /// Stores that are dropped give back everything but their modules, and modules everything when nobody has them any more.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Instance, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, "(module (memory 3) (table 10 funcref))")?;
    /// let before = engine.memory_usage();
    /// let mut store = Store::new(&engine, ());
    /// Instance::new(&mut store, &module, &[])?;
    /// let usage = engine.memory_usage();
    /// assert_eq!((usage.memories, usage.tables), (3 * 65_536, 10 * 8));
    /// assert!(usage.total() > before.total());
    /// drop(store);
    /// assert_eq!(engine.memory_usage(), before);
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn memory_usage(&self) -> MemoryUsage {
        self.account().read()
    }

    /// What is held by what was made with it.
    pub(crate) fn account(&self) -> &Account {
        &self.0.account
    }

    /// The epoch now.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch_counter().load(Ordering::Relaxed)
    }

    /// The epoch. It stays where it is as long as the engine, or a clone of it, is there.
    pub(crate) fn epoch_counter(&self) -> &AtomicU64 {
        &self.0.epoch
    }

    /// A reference that does not keep the engine: for a thread that calls [`Engine::increment_epoch`] as long as it is there.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(Arc::downgrade(&self.0))
    }

    /// Whether `a` and `b` are the same engine. Two engines that were made with the same settings are not.
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// A machine for a new store.
    ///
    /// # Safety
    /// L1 and L4: `lower` is a hook that [`Vm::new`] may have: it gives the code of a function of an instance of the store that
    /// the machine will be attached to. All stores have the same hook.
    pub(crate) unsafe fn machine(&self, lower: LowerHook) -> Pinned<Vm> {
        let Config { stack_bytes, max_nested_entries, .. } = self.0.config;
        // SAFETY: a hook as `Vm::new` asks for is asked for above.
        Pinned::new(unsafe { Vm::new(stack_bytes, max_nested_entries, lower) })
    }

    /// A number that no other engine has as long as this one is there.
    fn number(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The hash of a name of an import or export, by which modules of this engine find each other's exports: taken when
    /// a module is made, so that linking need not.
    pub(crate) fn hash(&self, name: &str) -> u64 {
        self.0.names.hash_one(name)
    }

    /// The function types in use.
    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.0.types
    }

    /// The type that goes by `id` in this engine, as [`HeapType`](crate::HeapType)s of its modules, functions and tables name it;
    /// `None` if nothing uses it any more. (It takes a look at many types, if it is that of a function.)
    pub fn type_definition(&self, id: TypeId) -> Option<SubType> {
        self.types().sub_type(id)
    }

    /// How many types it keeps. For tests; no part of the API that versions promise.
    #[doc(hidden)]
    pub fn function_types(&self) -> usize {
        self.types().len()
    }
}
