//! The engine: configuration and the registry of function types, shared by everything made with it.

use crate::config::Config;
use crate::error::{Result, format_err};
use crate::handle::Pinned;
use crate::types::TypeRegistry;
use pirn_exec::{LowerHook, Vm};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Settings and function types shared by modules, stores and linkers. Cloning is cheap and gives the same engine.
///
/// An engine keeps the function types of the modules, and of the host functions in stores and linkers, that there are;
/// when the last of them is dropped that has a type, the engine forgets the type. So one engine serves for as long as one likes,
/// whoever makes modules with it.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    /// Of the names of imports and exports; random, so that nobody can choose names that collide.
    names: RandomState,
    types: TypeRegistry,
}

impl Default for Engine {
    /// An engine with the default [`Config`].
    ///
    /// # Panics
    /// [`Engine::new`] fails, which it does with these settings only in builds that cannot run anything
    /// ([`TailDispatchError`](crate::TailDispatchError)), or where there is no memory.
    fn default() -> Self {
        Self::new(&Config::default()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Engine {
    /// An engine with these settings.
    ///
    /// The first engine of a process also builds the table of handlers, and proves that this build can run WebAssembly for
    /// long: 1.5 ms in all (a busy core of an AMD EPYC). Later ones take microseconds.
    ///
    /// # Errors
    /// The value stack asked for is larger than the address space allows. The settings allow a proposal that pirn does not
    /// support. Or a
    /// [`TailDispatchError`](crate::TailDispatchError): this build would overflow the native stack.
    pub fn new(config: &Config) -> Result<Self> {
        if config.stack_bytes > isize::MAX as usize / 2 {
            return Err(format_err!("a value stack of {} bytes does not fit the address space", config.stack_bytes));
        }
        if let Some(proposal) = config.features.unsupported() {
            return Err(format_err!("the configuration allows {proposal}, which pirn does not support"));
        }
        crate::probe::prove_jumps()?;
        Ok(Self::unproven(config.clone()))
    }

    /// An engine without the proof: for the probe itself.
    pub(crate) fn unproven(config: Config) -> Self {
        let (names, types) = Default::default();
        Self(Arc::new(Inner { config, names, types }))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Whether both are the same engine, not merely alike.
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// A machine for a new store.
    ///
    /// # Safety
    /// That of [`Vm::new`]; all stores have the same hook.
    pub(crate) unsafe fn machine(&self, lower: LowerHook) -> Pinned<Vm> {
        let Config { stack_bytes, max_nested_entries, .. } = self.0.config;
        // SAFETY: the caller's.
        Pinned::new(unsafe { Vm::new(stack_bytes, max_nested_entries, lower) })
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

    /// How many function types it keeps. For tests; no part of the API that versions promise.
    #[doc(hidden)]
    pub fn function_types(&self) -> usize {
        self.types().len()
    }
}
