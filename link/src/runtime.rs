//! A runtime: one value that owns a store and named modules in it, for embedders who want functions by name or index and
//! nothing else.

use crate::call::calls::TypedFunc;
use crate::call::typed::{WasmParams, WasmResults};
use crate::engine::Engine;
use crate::error::{Result, format_err};
use crate::group::LinkedGroup;
use crate::instance::Instance;
use crate::items::external::Extern;
use crate::items::func::Func;
use crate::link_error::LinkError;
use crate::linker::Linker;
use crate::module::Module;
use crate::store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
use pirn_decode::FuncIdx;
use std::collections::HashMap;
use std::sync::Arc;

/// The name of the module in a [`Runtime`] made of one module.
pub const DEFAULT_MODULE: &str = "main";

/// Instances of named modules in a store of their own, linked with each other.
///
/// A module imports from those added before it, by their names, and from the definitions of
/// [`Runtime::linker_mut`]; modules that import from each other are added together ([`Runtime::add_modules`]).
///
/// Functions are the same [`Func`]s as everywhere, and a runtime can stand wherever a store can (it is
/// [`AsContextMut`]), so the rest of the API works on it, too. A function of another runtime, or of one that was dropped,
/// is an error; so are parameters or results of other types than the function's.
///
/// ```
/// # #[cfg(feature = "wat")] {
/// # use pirn_link as pirn;
/// use pirn::{DEFAULT_MODULE, Engine, Module, Runtime};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (func (export "add_one") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#)?;
/// let mut rt = Runtime::new(&module)?;
/// let add_one = rt.get_fn(DEFAULT_MODULE, "add_one")?;
/// let result: i32 = rt.invoke(&add_one, 11)?;
/// assert_eq!(result, 12);
/// # }
/// # Ok::<(), pirn_link::Error>(())
/// ```
pub struct Runtime<T: 'static = ()> {
    store: Store<T>,
    linker: Linker<T>,
    modules: Vec<(Arc<str>, Instance)>,
    by_name: HashMap<Arc<str>, usize>,
}

impl<T: std::fmt::Debug> std::fmt::Debug for Runtime<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.modules.iter().map(|(name, _)| name).collect();
        f.debug_struct("Runtime").field("modules", &names).field("store", &self.store).finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime of one module that imports nothing, called [`DEFAULT_MODULE`].
    ///
    /// # Errors
    /// As [`Runtime::add_module`].
    ///
    /// # Panics
    /// As [`Runtime::add_module`].
    pub fn new(module: &Module) -> Result<Self> {
        Self::new_named(DEFAULT_MODULE, module)
    }

    /// A runtime of one module that imports nothing, called `name`. More can be added.
    ///
    /// # Errors
    /// As [`Runtime::add_module`].
    ///
    /// # Panics
    /// As [`Runtime::add_module`].
    pub fn new_named(name: &str, module: &Module) -> Result<Self> {
        let mut this = Self::empty(module.engine());
        this.add_module(name, module)?;
        Ok(this)
    }

    /// A runtime without modules.
    pub fn empty(engine: &Engine) -> Self {
        Self::with_linker(Linker::new(engine), ())
    }
}

impl<T: 'static> Runtime<T> {
    /// A runtime without modules, whose modules may import what `linker` defines, and whose host functions find `data`
    /// in their [`crate::Caller`].
    pub fn with_linker(linker: Linker<T>, data: T) -> Self {
        let store = Store::new(linker.engine(), data);
        Self { store, linker, modules: Vec::new(), by_name: HashMap::new() }
    }

    /// Instantiates a module and runs its start function. Modules added later can import its exports under the module name
    /// `name`. Gives the module's index: the number of modules added before.
    ///
    /// # Errors
    /// As [`Runtime::add_modules`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn add_module(&mut self, name: &str, module: &Module) -> Result<usize> {
        self.add_modules([(name, module)])
    }

    /// Instantiates modules that may import from each other, in any order, and runs their start functions: see
    /// [`crate::LinkGroup::instantiate`]. Gives the first one's index; the others follow.
    ///
    /// # Errors
    /// [`LinkError::DuplicateModule`] if a name is taken; otherwise as [`crate::LinkGroup::module`] and
    /// [`crate::LinkGroup::instantiate`]. No module has been added then.
    ///
    /// # Panics
    /// As [`Func::call`], for the start functions.
    pub fn add_modules<'a>(&mut self, modules: impl IntoIterator<Item = (&'a str, &'a Module)>) -> Result<usize> {
        let mut group = self.linker.group();
        for (name, module) in modules {
            if self.by_name.contains_key(name) {
                return Err(LinkError::DuplicateModule { module: name.into() }.into());
            }
            group.module(name, module)?;
        }
        let linked = group.instantiate(&mut self.store)?;
        self.add_linked(&linked)
    }

    /// Adds the instances of a group that was instantiated in this runtime's store, for example with
    /// [`crate::LinkGroup::instantiate_resumable`], whose start functions may pause. Gives the first one's index; the others
    /// follow.
    ///
    /// # Errors
    /// [`LinkError::DuplicateModule`] if a name is taken; an export's name is taken in the linker; the instances belong to
    /// another store.
    pub fn add_linked(&mut self, linked: &LinkedGroup) -> Result<usize> {
        if let Some((name, _)) = linked.iter().find(|(name, _)| self.by_name.contains_key(*name)) {
            return Err(LinkError::DuplicateModule { module: name.into() }.into());
        }
        self.linker.instances(&self.store, linked)?;
        let first = self.modules.len();
        for (name, instance) in linked.iter() {
            let name: Arc<str> = name.into();
            self.by_name.insert(Arc::clone(&name), self.modules.len());
            self.modules.push((name, instance));
        }
        Ok(first)
    }

    /// The instance of the module called `name`.
    ///
    /// # Errors
    /// There is none.
    pub fn get_module(&self, name: &str) -> Result<Instance> {
        let index = self.by_name.get(name).ok_or_else(|| format_err!("the runtime has no module `{name}`"))?;
        Ok(self.modules[*index].1)
    }

    /// The index of the module called `name`.
    ///
    /// # Errors
    /// There is none.
    pub fn get_module_idx(&self, name: &str) -> Result<usize> {
        self.by_name.get(name).copied().ok_or_else(|| format_err!("the runtime has no module `{name}`"))
    }

    /// Names and instances of all modules, by index.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = (&str, Instance)> {
        self.modules.iter().map(|(name, instance)| (&**name, *instance))
    }

    /// The function that the module called `module` exports as `name`.
    ///
    /// # Errors
    /// There is no such module, it has no such export, or that is not a function.
    pub fn get_fn(&self, module: &str, name: &str) -> Result<Func> {
        let instance = self.get_module(module)?;
        match instance.get_export(&self.store, name) {
            Some(Extern::Func(func)) => Ok(func),
            Some(other) => {
                Err(format_err!("export `{name}` of module `{module}`: expected func, found {}", other.ty(&self.store)))
            }
            None => {
                let exports = instance.module(&self.store).exports_like(name);
                Err(format_err!("module `{module}` has no export `{name}`: {exports}"))
            }
        }
    }

    /// As [`Runtime::get_fn`], its type known to Rust: the fastest to call.
    ///
    /// # Errors
    /// As [`Runtime::get_fn`] and [`Func::typed`].
    pub fn get_typed_fn<P: WasmParams, R: WasmResults>(&self, module: &str, name: &str) -> Result<TypedFunc<P, R>> {
        self.get_fn(module, name)?.typed(&self.store)
    }

    /// Function `function_idx` (a funcidx: imports come first) of module `module_idx` (in the order they were added),
    /// exported or not.
    ///
    /// # Errors
    /// There is no such module, or no such function in it.
    pub fn get_fn_idx(&self, module_idx: usize, function_idx: u32) -> Result<Func> {
        let Some((name, instance)) = self.modules.get(module_idx) else {
            return Err(format_err!("module index {module_idx} in a runtime of {} modules", self.modules.len()));
        };
        let func = instance.func_at(&self.store, FuncIdx(function_idx));
        func.ok_or_else(|| format_err!("function index {function_idx} is out of range in module `{name}`"))
    }

    /// Calls a function: `let sum: i32 = rt.invoke(&add, (1, 2))?`.
    ///
    /// # Errors
    /// As [`Func::invoke`].
    ///
    /// # Panics
    /// As [`Func::call`].
    pub fn invoke<P: WasmParams, R: WasmResults>(&mut self, func: &Func, params: P) -> Result<R> {
        func.invoke(&mut self.store, params)
    }

    /// The definitions that modules can import: those given, and the exports of the modules added.
    pub fn linker(&self) -> &Linker<T> {
        &self.linker
    }

    /// The definitions that modules can import, to add host functions.
    pub fn linker_mut(&mut self) -> &mut Linker<T> {
        &mut self.linker
    }

    /// The store.
    pub fn store(&self) -> &Store<T> {
        &self.store
    }

    /// The store, for example to set limits or to make memories for [`Linker::define`].
    pub fn store_mut(&mut self) -> &mut Store<T> {
        &mut self.store
    }

    /// Linker and store, both at once.
    pub fn linker_and_store_mut(&mut self) -> (&mut Linker<T>, &mut Store<T>) {
        (&mut self.linker, &mut self.store)
    }
}

impl<T: 'static> AsContext for Runtime<T> {
    type Data = T;
    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: 'static> AsContextMut for Runtime<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}
