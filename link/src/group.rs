//! Link groups: modules under names that import from each other, in any order, linked and instantiated together.

use crate::call::asynchronous;
use crate::call::epoch::Borrowed;
use crate::call::pending::Poller;
use crate::call::resumable::{Resumable, run_all};
use crate::call::start::Start;
use crate::engine::Engine;
use crate::error::Result;
use crate::instance::Instance;
use crate::instantiate::members::{Member, Members};
use crate::instantiate::resolve::resolve;
use crate::instantiate::{Initialised, instantiate};
use crate::link_error::LinkError;
use crate::linker::{Linker, exports};
use crate::module::Module;
use crate::store::{AsContext, AsContextMut};
use hashbrown::HashTable;
use std::sync::Arc;

/// Modules that are linked with each other: see [`Linker::group`].
///
/// ```
/// # #[cfg(feature = "wat")] {
/// # use pirn_link as pirn;
/// use pirn::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let even = Module::new(&engine, r#"(module
///     (import "odd" "odd" (func $odd (param i32) (result i32)))
///     (func (export "even") (param i32) (result i32)
///         (if (result i32) (local.get 0)
///             (then (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
///             (else (i32.const 1)))))"#)?;
/// let odd = Module::new(&engine, r#"(module
///     (import "even" "even" (func $even (param i32) (result i32)))
///     (func (export "odd") (param i32) (result i32)
///         (if (result i32) (local.get 0)
///             (then (return_call $even (i32.sub (local.get 0) (i32.const 1))))
///             (else (i32.const 0)))))"#)?;
///
/// let linker = Linker::new(&engine);
/// let mut store = Store::new(&engine, ());
/// let mut group = linker.group();
/// group.module("even", &even)?.module("odd", &odd)?;
/// let instances = group.instantiate(&mut store)?;
/// let even = instances.get("even").unwrap().get_typed_func::<i32, i32>(&store, "even")?;
/// assert_eq!(even.call(&mut store, 10_000)?, 1);
/// # }
/// # Ok::<(), pirn_link::Error>(())
/// ```
pub struct LinkGroup<'linker, T: 'static> {
    linker: &'linker Linker<T>,
    /// Places in `members`, by the hashes of the names.
    names: HashTable<u32>,
    members: Vec<(Arc<str>, Module)>,
}

impl<T: 'static> Clone for LinkGroup<'_, T> {
    fn clone(&self) -> Self {
        Self { linker: self.linker, names: self.names.clone(), members: self.members.clone() }
    }
}

impl<T: 'static> std::fmt::Debug for LinkGroup<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.members.iter().map(|(name, module)| (name, module))).finish()
    }
}

impl<T: 'static> Linker<T> {
    /// An empty [`LinkGroup`]: modules that import from each other, function imports in circles included, and from this
    /// linker's definitions.
    pub fn group(&self) -> LinkGroup<'_, T> {
        LinkGroup { linker: self, names: HashTable::new(), members: Vec::new() }
    }

    /// Defines all exports of all instances of a group, under the names the modules have there.
    ///
    /// # Errors
    /// As [`Linker::instance`].
    pub fn instances(&mut self, store: impl AsContext<Data = T>, group: &LinkedGroup) -> Result<&mut Self> {
        let mut all = Vec::new();
        for (name, instance) in group.iter() {
            all.extend(exports(store.as_context(), name, instance)?);
        }
        self.define_all(all)
    }
}

impl<T: 'static> LinkGroup<'_, T> {
    /// Adds a module. Its exports are what other modules of the group import as `name::export`. It may be added before
    /// the modules it imports from, and any number of times under different names: it is lowered once.
    ///
    /// # Errors
    /// - [`LinkError::DuplicateModule`]: the group has a module of this name.
    /// - [`LinkError::DuplicateDefinition`]: the linker defines one of the exports under this name, and does not allow
    ///   shadowing.
    /// - [`LinkError::OtherEngine`]: the module was made with another engine than the linker.
    pub fn module(&mut self, name: &str, module: &Module) -> Result<&mut Self> {
        let engine = self.linker.engine();
        if !Engine::same(module.engine(), engine) {
            let (what, expected) = (format!("module `{name}`").into(), "the linker".into());
            return Err(LinkError::OtherEngine { what, expected }.into());
        }
        let hash = engine.hash(name);
        if self.names.find(hash, |&member| *self.members[member as usize].0 == *name).is_some() {
            return Err(LinkError::DuplicateModule { module: name.into() }.into());
        }
        if let Some(export) = self.linker.definitions().first_taken(name, module) {
            let (module, name, ty) = (name.into(), export.name().into(), export.ty());
            return Err(LinkError::DuplicateDefinition { module, name, ty }.into());
        }
        let index = u32::try_from(self.members.len()).expect("more than 2^32 modules in a group");
        self.members.push((name.into(), module.clone()));
        let members = &self.members;
        self.names.insert_unique(hash, index, |&member| engine.hash(&members[member as usize].0));
        Ok(self)
    }

    /// Links the modules with each other and with the linker's definitions, instantiates them, and runs their start
    /// functions. A group may be instantiated many times.
    ///
    /// Every module is initialised after those it imports from; in a circle of function imports, after those whose
    /// tables, memories and globals it imports, and otherwise in the order they were added. All are initialised before
    /// the first start function runs, in the same order.
    ///
    /// # Errors
    /// - A [`LinkError`]: an import has no definition, or one of another type or another store; imports lead around in a circle;
    ///   the store has another engine. No instance exists then.
    /// - A limit of the store would be passed (no instance exists then, either), or memory is short.
    /// - An active segment reaches beyond its table or memory, or a start function traps or fails; as with
    ///   [`Instance::new`], what was written to tables and memories of other instances until then stays.
    ///
    /// # Panics
    /// As [`crate::Func::call`], for the start functions.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<LinkedGroup> {
        let mut store = store.as_context_mut();
        let (linked, starts) = self.make(&mut store)?;
        for start in starts {
            start.call(&mut store)?;
        }
        Ok(linked)
    }

    /// As [`LinkGroup::instantiate`], but start functions may pause: see [`crate::Func::call_resumable`]. Each is a
    /// resumable call of its own. The group's instances are given when all have returned.
    ///
    /// # Errors
    /// As [`LinkGroup::instantiate`]; the store's limit of resumable calls is reached, or there is no memory for one.
    ///
    /// # Panics
    /// As [`crate::Func::call`], for the start functions.
    pub fn instantiate_resumable(&self, mut store: impl AsContextMut<Data = T>) -> Result<Resumable<LinkedGroup>> {
        let mut store = store.as_context_mut();
        let (linked, starts) = self.make(&mut store)?;
        run_all(&mut store, starts, linked, Poller::NONE)
    }

    /// As [`LinkGroup::instantiate`], but start functions may wait: see [`Func::call_async`](crate::Func::call_async).
    ///
    /// # Errors
    /// As [`LinkGroup::instantiate_resumable`].
    ///
    /// # Panics
    /// As [`LinkGroup::instantiate`], when the future is polled.
    pub async fn instantiate_async(&self, mut store: impl AsContextMut<Data = T>) -> Result<LinkedGroup>
    where
        T: Send,
    {
        asynchronous::run(&mut store.as_context_mut(), |store, poller| {
            let (linked, starts) = self.make(store)?;
            run_all(store, starts, linked, poller)
        })
        .await
    }

    /// Makes all instances; gives them, and their start functions in order, which are all that is left to do.
    fn make(&self, store: &mut dyn Borrowed) -> Result<(LinkedGroup, Vec<Start>)> {
        if !Engine::same(self.linker.engine(), store.opaque().engine()) {
            let (what, expected) = ("the linker".into(), "the store".into());
            return Err(LinkError::OtherEngine { what, expected }.into());
        }
        let list = Member::all(self.members.iter().map(|(name, module)| (&**name, module)));
        let members = Members::named(&list, &self.names);
        let sources = resolve(members, self.linker.definitions())?;
        let Initialised { instances, starts } = instantiate(store, members, &sources)?;
        let names = self.members.iter().map(|(name, _)| Arc::clone(name));
        let instances = names.zip(instances.into_iter().map(Instance::from)).collect();
        let (engine, names) = (self.linker.engine().clone(), self.names.clone());
        Ok((LinkedGroup { engine, names, instances }, starts))
    }
}

/// The instances of a [`LinkGroup`].
#[derive(Debug, Clone)]
pub struct LinkedGroup {
    engine: Engine,
    /// Places in `instances`, by the hashes of the names.
    names: HashTable<u32>,
    instances: Vec<(Arc<str>, Instance)>,
}

impl LinkedGroup {
    /// The instance of the module called `name`.
    pub fn get(&self, name: &str) -> Option<Instance> {
        let named = |&index: &u32| *self.instances[index as usize].0 == *name;
        self.names.find(self.engine.hash(name), named).map(|&index| self.instances[index as usize].1)
    }

    /// All instances and their names, in the order the modules were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Instance)> {
        self.instances.iter().map(|(name, instance)| (&**name, *instance))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.instances.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }
}
