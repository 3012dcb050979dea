//! The engine: configuration and the registry of function types, shared by everything made with it.
//!
//! A function type's id is the same in all modules and stores of one engine, so `call_indirect` and linking compare
//! one integer. Types are never removed; the registry is bounded by the number of different types ever seen.
//!
//! It also keeps a few machines of dropped stores for new ones: a fresh value stack of 8 MiB costs 80 us where the
//! allocator clears it by hand (glibc does once it has freed one), a used one nothing. What a store left on the stack,
//! the next one cannot read: validated code writes every local and operand before it reads it.

use crate::config::Config;
use crate::error::{Result, format_err};
use crate::handle::Pinned;
use pirn_decode::FuncType;
use pirn_exec::{LowerHook, Vm};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Settings and function types shared by modules, stores and linkers. Cloning is cheap and gives the same engine.
///
/// An engine keeps every function type that a module or host function made with it ever had. Whoever loads modules of
/// strangers for long makes a new engine now and then.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    /// Of the names of imports and exports; random, so that nobody can choose names that collide.
    names: RandomState,
    types: Mutex<Types>,
    idle: Mutex<Vec<Pinned<Vm>>>,
}

/// Most machines kept for new stores.
const MAX_IDLE: usize = 16;

#[derive(Debug, Default)]
struct Types {
    ids: HashMap<Arc<FuncType>, u32>,
    by_id: Vec<Arc<FuncType>>,
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
    /// The first engine of a process also proves that this build can run WebAssembly for long, which takes less than a
    /// millisecond.
    ///
    /// # Errors
    /// The value stack asked for is larger than the address space allows. Or a
    /// [`TailDispatchError`](crate::TailDispatchError): this build would overflow the native stack.
    pub fn new(config: &Config) -> Result<Self> {
        if config.stack_bytes > isize::MAX as usize / 2 {
            return Err(format_err!("a value stack of {} bytes does not fit the address space", config.stack_bytes));
        }
        crate::probe::prove_jumps()?;
        Ok(Self::unproven(config.clone()))
    }

    /// An engine without the proof: for the probe itself.
    pub(crate) fn unproven(config: Config) -> Self {
        let (names, types, idle) = Default::default();
        Self(Arc::new(Inner { config, names, types, idle }))
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
    pub(crate) fn machine(&self, lower: LowerHook) -> Pinned<Vm> {
        let idle = lock(&self.0.idle).pop();
        let Config { stack_bytes, max_nested_entries, .. } = self.0.config;
        idle.unwrap_or_else(|| Pinned::new(Vm::new(stack_bytes, max_nested_entries, lower)))
    }

    /// Takes the machine of a store that is dropped.
    pub(crate) fn recycle(&self, machine: Pinned<Vm>) {
        // SAFETY: the machine is owned here, and its store is gone: nothing runs on it.
        let is_idle = unsafe { machine.as_ptr().as_ref() }.is_idle();
        let mut idle = lock(&self.0.idle);
        // Frames would be left by a panic of the machine itself only.
        if is_idle && idle.len() < MAX_IDLE {
            idle.push(machine);
        }
    }

    /// The hash of a name of an import or export, by which modules of this engine find each other's exports: taken when
    /// a module is made, so that linking need not.
    pub(crate) fn hash(&self, name: &str) -> u64 {
        self.0.names.hash_one(name)
    }

    fn types(&self) -> MutexGuard<'_, Types> {
        lock(&self.0.types)
    }

    /// The id of `ty`.
    pub(crate) fn type_id(&self, ty: &FuncType) -> u32 {
        let mut types = self.types();
        if let Some(&id) = types.ids.get(ty) {
            return id;
        }
        let id = u32::try_from(types.by_id.len()).expect("more than 2^32 function types in one engine");
        let ty = Arc::new(ty.clone());
        types.by_id.push(Arc::clone(&ty));
        types.ids.insert(ty, id);
        id
    }

    /// The type whose id is `id`.
    pub(crate) fn func_type(&self, id: u32) -> Arc<FuncType> {
        Arc::clone(&self.types().by_id[id as usize])
    }
}

/// Nothing that is locked here can be left half-changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
