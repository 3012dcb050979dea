//! The linker: definitions by name, for instantiating modules.

use crate::call::asynchronous;
use crate::call::caller::Caller;
use crate::call::epoch::Borrowed;
use crate::call::host::IntoFunc;
use crate::call::pending::Poller;
use crate::call::resumable::{Resumable, run_all};
use crate::call::start::Start;
use crate::call::typed::{WasmParams, WasmRet};
use crate::engine::Engine;
use crate::error::{Result, format_err};
use crate::instance::Instance;
use crate::instantiate::definitions::{Definition, Definitions};
use crate::instantiate::instantiate_one;
use crate::instantiate::members::{Member, Members};
use crate::instantiate::resolve::{Sources, resolve, unknown_import};
use crate::items::external::Extern;
use crate::items::value::Val;
use crate::link_error::LinkError;
use crate::module::Module;
use crate::store::handle::{Handle, wrong_store};
use crate::store::host_item::HostDef;
use crate::store::instance_data::InstanceData;
use crate::store::{AsContext, AsContextMut, StoreContext};
use pirn_decode::{ExternType, FuncType};
use std::marker::PhantomData;
use std::sync::Arc;

/// Definitions by module name and name, from which modules get their imports.
///
/// Host functions defined with [`Linker::func_wrap`] and [`Linker::func_new`] belong to no store, so one linker serves many
/// stores. Everything else belongs to the store it was made in, and using it for a module in another store is an error.
pub struct Linker<T: 'static> {
    engine: Engine,
    definitions: Definitions,
    /// Host functions read and write a `T`. So `T` is invariant, here and in [`InstancePre`]:
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

impl<T: 'static> Clone for Linker<T> {
    fn clone(&self) -> Self {
        let Self { engine, definitions, data } = self;
        Self { engine: engine.clone(), definitions: definitions.clone(), data: *data }
    }
}

impl<T: 'static> std::fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.definitions, f)
    }
}

/// All exports of an instance, as definitions under the module name `module`.
pub(crate) fn exports<'a, T: 'static>(
    store: StoreContext<'a, T>,
    module: &'a str,
    instance: Instance,
) -> Result<Vec<(&'a str, &'a str, Definition)>> {
    instance.check(store.opaque())?;
    let exports = instance.exports(store);
    Ok(exports.map(|export| (module, export.name(), Definition::Extern(export.into_extern()))).collect())
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Self {
        Self { engine: engine.clone(), definitions: Definitions::default(), data: PhantomData }
    }

    /// The engine it was made with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets whether a definition may replace another of the same name. By default that is an error.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.definitions.shadowing = allow;
        self
    }

    pub(crate) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    fn insert(&mut self, module: &str, name: &str, definition: Definition) -> Result<&mut Self> {
        self.define_all(vec![(module, name, definition)])
    }

    /// Defines all of them, whose names differ, or none.
    pub(crate) fn define_all(&mut self, all: Vec<(&str, &str, Definition)>) -> Result<&mut Self> {
        self.definitions.insert_all(all)?;
        Ok(self)
    }

    /// Defines a host function that serves many stores.
    fn insert_host(&mut self, module: &str, name: &str, host: HostDef) -> Result<&mut Self> {
        if !self.engine.has_declared(host.ty().declared()) {
            let (what, expected) = (format!("the type of `{module}::{name}`").into(), "the linker".into());
            return Err(LinkError::OtherEngine { what, expected }.into());
        }
        let item = host.for_engine(&self.engine).map_err(|error| format_err!("`{module}::{name}`: {error}"))?;
        self.insert(module, name, Definition::Host(item))
    }

    /// Defines something of a store.
    ///
    /// # Errors
    /// The name is taken ([`LinkError::AlreadyDefined`]), or `item` belongs to another store or, if it is a shared memory, another engine
    /// ([`LinkError::OtherEngine`]).
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        let item = item.into();
        if !item.is_for(store.as_context().opaque()) {
            if let Extern::SharedMemory(_) = item {
                let (what, expected) = (format!("the shared memory `{module}::{name}`").into(), "the store".into());
                return Err(LinkError::OtherEngine { what, expected }.into());
            }
            return Err(wrong_store());
        }
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines a host function of a closure, for any store: see [`IntoFunc`].
    ///
    /// It may be linked to any import whose parameters and results match its own (spec 3.3.8), also if the import's type is one of a recursion
    /// group, or is declared to be below another: there it is a function of that type. The same holds of the other host functions that
    /// a linker defines, but for those whose own type [is declared](FuncType::is_declared): they are of that type alone.
    ///
    /// # Errors
    /// The name is taken ([`LinkError::AlreadyDefined`]).
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self> {
        self.insert_host(module, name, func.into_host::<true>())
    }

    /// Defines a host function whose type is known at run time only, for any store: see [`Func::new`](crate::Func::new).
    ///
    /// In stores of another engine a type that [is declared](FuncType::is_declared), or names others, is not there: then it satisfies no import,
    /// and [`Linker::get`] gives a function whose type is declared nowhere, or none.
    ///
    /// # Errors
    /// The name is taken ([`LinkError::AlreadyDefined`]), or `ty` is of another engine ([`LinkError::OtherEngine`]), or names types that the linker's does
    /// not have: names do not keep types.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        self.insert_host(module, name, HostDef::dynamic(ty, func))
    }

    /// Defines an async host function: `func` gives a future, for which the calls wait that reach it. Its parameters are one
    /// tuple, whose types say the function's type together with those of the future's output.
    ///
    /// Only calls that [`Func::call_async`](crate::Func::call_async), [`TypedFunc::call_async`](crate::TypedFunc::call_async) or
    /// [`Linker::instantiate_async`] begin can reach it; in any other it fails. A future that is ready when it is first polled
    /// costs little more than a plain host function. While one waits, it has the store, through its [`Caller`]: it
    /// may call WebAssembly, also by [`Func::call_async`](crate::Func::call_async), and what it calls runs above the frames that wait.
    ///
    /// ```
    /// # use pirn_link as pirn;
    /// use pirn::{Caller, Engine, Linker};
    ///
    /// let engine = Engine::default();
    /// let mut linker = Linker::<u64>::new(&engine);
    /// linker.func_wrap_async("host", "add", |mut caller: Caller<'_, u64>, (n,): (u64,)| {
    ///     Box::new(async move {
    ///         // Here it may wait for anything.
    ///         *caller.data_mut() += n;
    ///         *caller.data()
    ///     })
    /// })?;
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Linker::define`], but for the store.
    pub fn func_wrap_async<P: WasmParams, R: WasmRet + 'static>(
        &mut self,
        module: &str,
        name: &str,
        func: impl for<'a> Fn(Caller<'a, T>, P) -> Box<dyn Future<Output = R> + Send + 'a> + Send + Sync + 'static,
    ) -> Result<&mut Self>
    where
        T: Send,
    {
        self.insert_host(module, name, HostDef::async_typed(func))
    }

    /// Defines an async host function whose type is known at run time only: as [`Linker::func_new`] and
    /// [`Linker::func_wrap_async`].
    ///
    /// # Errors
    /// As [`Linker::func_new`].
    pub fn func_new_async(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Self>
    where
        T: Send,
    {
        self.insert_host(module, name, HostDef::async_dynamic(ty, func))
    }

    /// Defines all exports of an instance under the module name `module`.
    ///
    /// # Errors
    /// A name is taken ([`LinkError::AlreadyDefined`]), or the instance belongs to another store. Nothing has been defined
    /// then.
    pub fn instance(&mut self, store: impl AsContext<Data = T>, module: &str, instance: Instance) -> Result<&mut Self> {
        self.define_all(exports(store.as_context(), module, instance)?)
    }

    /// Instantiates a module, calls its export `_initialize` if it has one (then it is a "reactor" in WASI's words), and
    /// defines its exports under the module name `name`.
    ///
    /// # Errors
    /// As [`Linker::instantiate`] and [`Linker::instance`]; `_initialize` is not a function of type `[] -> []`.
    ///
    /// # Panics
    /// As [`Func::call`](crate::Func::call), for the start function and `_initialize`.
    pub fn module(&mut self, mut store: impl AsContextMut<Data = T>, name: &str, module: &Module) -> Result<&mut Self> {
        let mut store = store.as_context_mut();
        let instance = self.instantiate(&mut store, module)?;
        if instance.get_export(&store, "_initialize").is_some() {
            instance.get_typed_func::<(), ()>(&store, "_initialize")?.call(&mut store, ())?;
        }
        self.instance(&store, name, instance)
    }

    /// Defines `as_module::as_name` as what `module::name` is now.
    ///
    /// # Errors
    /// There is no such definition ([`LinkError::NotDefined`]), or the new name is taken ([`LinkError::AlreadyDefined`]).
    pub fn alias(&mut self, module: &str, name: &str, as_module: &str, as_name: &str) -> Result<&mut Self> {
        let definition = self.definitions.get(module, name).cloned();
        let not_defined = || LinkError::NotDefined { module: module.into(), name: Some(name.into()) };
        let definition = definition.ok_or_else(not_defined)?;
        self.insert(as_module, as_name, definition)
    }

    /// Defines everything that the module name `module` has now under the module name `as_module`, too.
    ///
    /// # Errors
    /// There is no such module name ([`LinkError::NotDefined`]), or a new name is taken ([`LinkError::AlreadyDefined`]). Nothing
    /// has been defined then.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<&mut Self> {
        let names = self.definitions.of_module(module).cloned();
        let names = names.ok_or_else(|| LinkError::NotDefined { module: module.into(), name: None })?;
        self.define_all(names.iter().map(|(name, definition)| (as_module, &**name, definition.clone())).collect())
    }

    /// Defines every function that `module` imports and that has no definition yet as one that fails when called, with
    /// the [`LinkError::UnknownImport`] that instantiating would have given.
    ///
    /// # Errors
    /// The module was made with another engine than the linker ([`LinkError::OtherEngine`]). Nothing has been defined then.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        if !Engine::same(module.engine(), &self.engine) {
            let (what, expected) = ("the module".into(), "the linker".into());
            return Err(LinkError::OtherEngine { what, expected }.into());
        }
        let [member] = Member::alone(module);
        for import in module.imports() {
            if let (ExternType::Func(ty), None) = (import.ty(), self.definitions.get(import.module(), import.name())) {
                let error = unknown_import(&member, import, &self.definitions, false);
                let fail = move |_: Caller<'_, T>, _: &[Val], _: &mut [Val]| Err(error.clone().into());
                // Imports of the same name may be of types that are declared apart.
                self.func_new(import.module(), import.name(), ty.undeclared(), fail)?;
            }
        }
        Ok(())
    }

    /// What `module::name` is in `store`. If it is a host function that serves many stores, it is put into this store now. What was
    /// [defined](Linker::define) as an item of one store is that item, whatever `store` is, and of no use with another one.
    pub fn get(&self, mut store: impl AsContextMut<Data = T>, module: &str, name: &str) -> Option<Extern> {
        let definition = self.definitions.get(module, name)?;
        definition.item(store.as_context_mut().opaque_mut())
    }

    fn make(&self, store: &mut dyn Borrowed, module: &Module) -> Result<(Handle<InstanceData>, Option<Start>)> {
        let sources = resolve(Members::one(&Member::alone(module)), &self.definitions)?;
        instantiate_one(store, module, &sources)
    }

    /// Instantiates a module with the definitions its imports name, and runs its start function.
    ///
    /// # Errors
    /// A [`LinkError`]: an import has no definition. Otherwise as [`Instance::new`].
    ///
    /// # Panics
    /// As [`Func::call`](crate::Func::call), for the start function.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let (instance, start) = self.make(&mut store, module)?;
        start.map_or(Ok(()), |start| start.call(&mut store))?;
        Ok(instance.into())
    }

    /// The same as [`Linker::instantiate`], under the name that wasmi has for it.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Linker, Module, Store, Val};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (global (export "started") (mut i32) (i32.const 0))
    ///     (func $start (global.set 0 (i32.const 1)))
    ///     (start $start))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
    /// let started = instance.get_global(&store, "started").expect("it is exported");
    /// assert!(matches!(started.get(&store), Val::I32(1)));
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Linker::instantiate`].
    ///
    /// # Panics
    /// As [`Linker::instantiate`].
    pub fn instantiate_and_start(&self, store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        self.instantiate(store, module)
    }

    /// As [`Linker::instantiate`], but the start function may pause: see [`Func::call_resumable`](crate::Func::call_resumable).
    ///
    /// # Errors
    /// As [`Linker::instantiate`] and, if there is a start function, [`Func::call_resumable`](crate::Func::call_resumable).
    ///
    /// # Panics
    /// As [`Func::call`](crate::Func::call), for the start function.
    pub fn instantiate_resumable(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Resumable<Instance>> {
        let mut store = store.as_context_mut();
        let (instance, start) = self.make(&mut store, module)?;
        run_all(&mut store, start, instance.into(), Poller::NONE)
    }

    /// As [`Linker::instantiate`], but the start function may wait: see [`Func::call_async`](crate::Func::call_async).
    ///
    /// # Errors
    /// As [`Linker::instantiate_resumable`].
    ///
    /// # Panics
    /// As [`Linker::instantiate`], when the future is polled.
    pub async fn instantiate_async(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance>
    where
        T: Send,
    {
        asynchronous::run(&mut store.as_context_mut(), |store, poller| {
            let (instance, start) = self.make(store, module)?;
            run_all(store, start, instance.into(), poller)
        })
        .await
    }

    /// Looks the module's imports up once, to instantiate it many times.
    ///
    /// # Errors
    /// A [`LinkError`]: an import has no definition. Types are compared when instantiating.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        let sources = resolve(Members::one(&Member::alone(module)), &self.definitions)?;
        let definitions = sources.into_iter().map(Definition::of_source).collect();
        Ok(InstancePre { module: module.clone(), definitions, data: PhantomData })
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
        f.debug_struct("InstancePre").field("module", self.module()).finish_non_exhaustive()
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
    /// As [`Func::call`](crate::Func::call), for the start function.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let (instance, start) = self.make(&mut store)?;
        start.map_or(Ok(()), |start| start.call(&mut store))?;
        Ok(instance.into())
    }

    /// As [`InstancePre::instantiate`], but the start function may pause: see [`Func::call_resumable`](crate::Func::call_resumable).
    ///
    /// # Errors
    /// As [`Instance::new_resumable`].
    ///
    /// # Panics
    /// As [`Func::call`](crate::Func::call), for the start function.
    pub fn instantiate_resumable(&self, mut store: impl AsContextMut<Data = T>) -> Result<Resumable<Instance>> {
        let mut store = store.as_context_mut();
        let (instance, start) = self.make(&mut store)?;
        run_all(&mut store, start, instance.into(), Poller::NONE)
    }

    /// As [`InstancePre::instantiate`], but the start function may wait: see [`Func::call_async`](crate::Func::call_async).
    ///
    /// # Errors
    /// As [`Linker::instantiate_resumable`].
    ///
    /// # Panics
    /// As [`Linker::instantiate`], when the future is polled.
    pub async fn instantiate_async(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance>
    where
        T: Send,
    {
        asynchronous::run(&mut store.as_context_mut(), |store, poller| {
            let (instance, start) = self.make(store)?;
            run_all(store, start, instance.into(), poller)
        })
        .await
    }

    fn make(&self, store: &mut dyn Borrowed) -> Result<(Handle<InstanceData>, Option<Start>)> {
        let sources: Sources<'_> = self.definitions.iter().map(Definition::source).collect();
        instantiate_one(store, &self.module, &sources)
    }
}
