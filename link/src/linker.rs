//! The linker: definitions by name, for instantiating modules.

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::{Error, Result, format_err};
use crate::external::Extern;
use crate::func::Func;
use crate::group::{LinkGroup, LinkedGroup};
use crate::host::{HostDef, HostItem, IntoFunc};
use crate::instance::Instance;
use crate::instantiate::{instantiate, instantiate_resumable};
use crate::module::{ExportType, ImportType, Module};
use crate::resumable::Resumable;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreOpaque};
use crate::value::Val;
use pirn_decode::{ExternType, FuncType};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// Definitions by module name and name, from which modules get their imports.
///
/// Host functions defined with [`Linker::func_wrap`] and [`Linker::func_new`] belong to no store: one linker serves
/// many. Everything else belongs to the store it was made in, and instantiating in another is an error.
pub struct Linker<T: 'static> {
    engine: Engine,
    shadowing: bool,
    modules: HashMap<Arc<str>, HashMap<Arc<str>, Definition>>,
    /// Host functions read and write a `T`, so it is that type and no subtype, here and in [`InstancePre`]:
    ///
    /// ```compile_fail
    /// fn widen(linker: pirn_link::Linker<fn(&'static u8)>) -> pirn_link::Linker<for<'a> fn(&'a u8)> {
    ///     linker
    /// }
    /// ```
    ///
    /// ```compile_fail
    /// fn widen(pre: pirn_link::InstancePre<fn(&'static u8)>) -> pirn_link::InstancePre<for<'a> fn(&'a u8)> {
    ///     pre
    /// }
    /// ```
    data: PhantomData<fn(T) -> T>,
}

#[derive(Debug, Clone)]
pub(crate) enum Definition {
    /// Something of a store.
    Extern(Extern),
    /// A host function of any store.
    Host(Arc<HostItem>),
}

impl Definition {
    /// What it is in `store`.
    pub(crate) fn item(&self, store: &mut StoreOpaque) -> Extern {
        match self {
            Self::Extern(item) => *item,
            Self::Host(host) => Func::from(store.shared_host(host)).into(),
        }
    }
}

impl<T: 'static> Clone for Linker<T> {
    fn clone(&self) -> Self {
        let Self { engine, shadowing, modules, data } = self;
        Self { engine: engine.clone(), shadowing: *shadowing, modules: modules.clone(), data: *data }
    }
}

impl<T: 'static> std::fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(&self.modules).finish()
    }
}

/// All exports of an instance, as definitions of a module called `module`.
fn exports<'a, T: 'static>(
    store: StoreContext<'a, T>,
    module: &'a str,
    instance: Instance,
) -> Result<Vec<(&'a str, &'a str, Definition)>> {
    instance.check(store.opaque())?;
    let exports = instance.exports(store);
    Ok(exports.map(|export| (module, export.name(), Definition::Extern(export.into_extern()))).collect())
}

fn unknown(import: ImportType<'_>) -> Error {
    format_err!("unknown import: `{}::{}` has not been defined", import.module(), import.name())
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Self {
        Self { engine: engine.clone(), shadowing: false, modules: HashMap::new(), data: PhantomData }
    }

    /// The engine it was made with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a definition may replace another of the same name; otherwise that is an error, which is the default.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.shadowing = allow;
        self
    }

    fn insert(&mut self, module: &str, name: &str, definition: Definition) -> Result<&mut Self> {
        self.insert_all(vec![(module, name, definition)])
    }

    /// Defines all of them, whose names differ, or none.
    fn insert_all(&mut self, all: Vec<(&str, &str, Definition)>) -> Result<&mut Self> {
        let is_taken = |module, name| !self.shadowing && self.definition(module, name).is_some();
        if let Some((module, name, _)) = all.iter().find(|(module, name, _)| is_taken(module, name)) {
            return Err(format_err!("import of `{module}::{name}` defined twice"));
        }
        for (module, name, definition) in all {
            if !self.modules.contains_key(module) {
                self.modules.insert(module.into(), HashMap::new());
            }
            self.modules.get_mut(module).expect("inserted").insert(name.into(), definition);
        }
        Ok(self)
    }

    /// A definition that serves many stores.
    fn host(&self, host: HostDef) -> Definition {
        Definition::Host(host.for_engine(&self.engine))
    }

    /// Defines something of a store.
    ///
    /// # Errors
    /// The name is taken; `item` belongs to another store.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        let item = item.into();
        if item.store() != store.as_context().opaque().id() {
            return Err(crate::handle::wrong_store());
        }
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines a host function of a closure, for any store: see [`IntoFunc`].
    ///
    /// # Errors
    /// The name is taken.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self> {
        self.insert(module, name, self.host(func.into_host()))
    }

    /// Defines a host function whose type is known at run time only, for any store: see [`Func::new`].
    ///
    /// # Errors
    /// The name is taken.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        self.insert(module, name, self.host(HostDef::dynamic(ty, func)))
    }

    /// Defines all exports of an instance, as of a module called `module`.
    ///
    /// # Errors
    /// A name is taken; the instance belongs to another store. Nothing has been defined then.
    pub fn instance(&mut self, store: impl AsContext<Data = T>, module: &str, instance: Instance) -> Result<&mut Self> {
        self.insert_all(exports(store.as_context(), module, instance)?)
    }

    /// Defines all exports of all instances of a group, as of modules of the names they have there.
    ///
    /// # Errors
    /// As [`Linker::instance`].
    pub fn instances(&mut self, store: impl AsContext<Data = T>, group: &LinkedGroup) -> Result<&mut Self> {
        let mut all = Vec::new();
        for (name, instance) in group.iter() {
            all.extend(exports(store.as_context(), name, instance)?);
        }
        self.insert_all(all)
    }

    /// Instantiates a module, calls its export `_initialize` if it has one (a "reactor" in WASI's words), and defines
    /// its exports as of a module called `name`.
    ///
    /// # Errors
    /// As [`Linker::instantiate`] and [`Linker::instance`]; `_initialize` is not a function of type `[] -> []`.
    ///
    /// # Panics
    /// As [`Func::call`], for the start function and `_initialize`.
    pub fn module(&mut self, mut store: impl AsContextMut<Data = T>, name: &str, module: &Module) -> Result<&mut Self> {
        let mut store = store.as_context_mut();
        let instance = self.instantiate(&mut store, module)?;
        if instance.get_export(&store, "_initialize").is_some() {
            instance.get_typed_func::<(), ()>(&store, "_initialize")?.call(&mut store, ())?;
        }
        self.instance(&store, name, instance)
    }

    /// Defines under `as_module::as_name` what `module::name` is now.
    ///
    /// # Errors
    /// There is no such definition; the new name is taken.
    pub fn alias(&mut self, module: &str, name: &str, as_module: &str, as_name: &str) -> Result<&mut Self> {
        let definition = self.modules.get(module).and_then(|names| names.get(name)).cloned();
        let definition = definition.ok_or_else(|| format_err!("`{module}::{name}` has not been defined"))?;
        self.insert(as_module, as_name, definition)
    }

    /// Defines under the module name `as_module` everything that `module` has now.
    ///
    /// # Errors
    /// There is no such module; a new name is taken. Nothing has been defined then.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<&mut Self> {
        let names = self.modules.get(module).cloned();
        let names = names.ok_or_else(|| format_err!("module `{module}` has not been defined"))?;
        self.insert_all(names.iter().map(|(name, definition)| (as_module, &**name, definition.clone())).collect())
    }

    /// Defines every function that `module` imports and that has no definition yet as one that fails when called, with
    /// the error instantiating would have given.
    ///
    /// # Errors
    /// None now.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if let (ExternType::Func(ty), None) = (import.ty(), self.definition(import.module(), import.name())) {
                let message = unknown(import).to_string();
                let fail = move |_: Caller<'_, T>, _: &[Val], _: &mut [Val]| Err(Error::msg(&message));
                self.func_new(import.module(), import.name(), ty.clone(), fail)?;
            }
        }
        Ok(())
    }

    pub(crate) fn definition(&self, module: &str, name: &str) -> Option<&Definition> {
        self.modules.get(module)?.get(name)
    }

    /// Whether anything is defined under the module name `module`.
    pub(crate) fn defines_module(&self, module: &str) -> bool {
        self.modules.contains_key(module)
    }

    /// The first export of `module` that would replace a definition under the module name `name`, if that is not allowed.
    pub(crate) fn first_defined<'m>(&self, name: &str, module: &'m Module) -> Option<ExportType<'m>> {
        let names = self.modules.get(name).filter(|_| !self.shadowing)?;
        module.exports().find(|export| names.contains_key(export.name()))
    }

    /// An empty [`LinkGroup`]: modules that import from each other, function imports in circles included, and from this
    /// linker's definitions.
    pub fn group(&self) -> LinkGroup<'_, T> {
        LinkGroup::new(self)
    }

    /// What `module::name` is in `store`. A host function that serves many stores gets its place in this one now.
    pub fn get(&self, mut store: impl AsContextMut<Data = T>, module: &str, name: &str) -> Option<Extern> {
        let definition = self.modules.get(module)?.get(name)?;
        Some(definition.item(store.as_context_mut().opaque_mut()))
    }

    /// Instantiates a module with the definitions its imports name, and runs its start function.
    ///
    /// # Errors
    /// An import has no definition; otherwise as [`Instance::new`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let definitions = self.resolve(module)?;
        let imports: Vec<_> = definitions.map(|definition| definition.item(store.opaque_mut())).collect();
        instantiate(&mut store, module, &imports)
    }

    /// As [`Linker::instantiate`], but the start function may pause: see [`Func::call_resumable`].
    ///
    /// # Errors
    /// As [`Linker::instantiate`] and, if there is a start function, [`Func::call_resumable`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn instantiate_resumable(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Resumable<Instance>> {
        let mut store = store.as_context_mut();
        let definitions = self.resolve(module)?;
        let imports: Vec<_> = definitions.map(|definition| definition.item(store.opaque_mut())).collect();
        instantiate_resumable(&mut store, module, &imports)
    }

    /// Looks the module's imports up once, for instantiating it many times.
    ///
    /// # Errors
    /// An import has no definition. Types are compared when instantiating.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        let definitions = self.resolve(module)?.cloned().collect();
        Ok(InstancePre { module: module.clone(), definitions, data: PhantomData })
    }

    fn resolve(&self, module: &Module) -> Result<impl Iterator<Item = &Definition>> {
        let found = module
            .imports()
            .map(|import| self.definition(import.module(), import.name()).ok_or_else(|| unknown(import)));
        Ok(found.collect::<Result<Vec<_>>>()?.into_iter())
    }
}

/// A module and the definitions of its imports: see [`Linker::instantiate_pre`].
pub struct InstancePre<T: 'static> {
    module: Module,
    definitions: Arc<[Definition]>,
    data: PhantomData<fn(T) -> T>,
}

impl<T: 'static> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        Self { module: self.module.clone(), definitions: Arc::clone(&self.definitions), data: PhantomData }
    }
}

impl<T: 'static> std::fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstancePre").field("module", &self.module).finish_non_exhaustive()
    }
}

impl<T: 'static> InstancePre<T> {
    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Instantiates the module, and runs its start function.
    ///
    /// # Errors
    /// As [`Instance::new`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let imports: Vec<_> = self.definitions.iter().map(|definition| definition.item(store.opaque_mut())).collect();
        instantiate(&mut store, &self.module, &imports)
    }

    /// As [`InstancePre::instantiate`], but the start function may pause: see [`Func::call_resumable`].
    ///
    /// # Errors
    /// As [`Instance::new_resumable`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn instantiate_resumable(&self, mut store: impl AsContextMut<Data = T>) -> Result<Resumable<Instance>> {
        let mut store = store.as_context_mut();
        let imports: Vec<_> = self.definitions.iter().map(|definition| definition.item(store.opaque_mut())).collect();
        instantiate_resumable(&mut store, &self.module, &imports)
    }
}
