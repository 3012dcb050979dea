//! Instances (spec 4.2.5): a module's index spaces filled with the store's functions, tables, memories and globals.

use crate::call::asynchronous;
use crate::call::calls::TypedFunc;
use crate::call::epoch::Borrowed;
use crate::call::pending::Poller;
use crate::call::resumable::{Resumable, run_all};
use crate::call::start::Start;
use crate::call::typed::{WasmParams, WasmResults};
use crate::error::{Result, format_err};
use crate::instantiate::instantiate_one;
use crate::instantiate::members::Source;
use crate::instantiate::reset::reset;
use crate::instantiate::resolve::Sources;
use crate::items::external::{Export, Extern};
use crate::items::func::Func;
use crate::items::global::Global;
use crate::items::memory::Memory;
use crate::items::shared_memory::SharedMemory;
use crate::items::table::Table;
use crate::items::tag::Tag;
use crate::link_error::LinkError;
use crate::module::Module;
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut, StoreContext};
use pirn_decode::FuncIdx;

/// An instance of a module.
///
/// Methods panic when the instance belongs to another store, unless they return a `Result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instance(Handle<InstanceData>);

impl From<Handle<InstanceData>> for Instance {
    fn from(handle: Handle<InstanceData>) -> Self {
        Self(handle)
    }
}

impl Instance {
    /// Instantiates a module (spec 4.5.4) with `imports` in the order of [`Module::imports`], and runs its start
    /// function. [`crate::Linker`] finds imports by name.
    ///
    /// # Errors
    /// - A [`LinkError`]: the module was made with another engine than the store; there are too few or too many imports; one is
    ///   of another store, or does not match the type that the module asks for.
    /// - A limit of the store would be passed (nothing has changed then), or memory is short.
    /// - An active segment reaches beyond its table or memory, or the start function traps or fails; the store's deadline passes
    ///   while gigabytes of segments are copied. What was written
    ///   to imported tables and memories until then stays, and functions that got into tables can be called.
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Self> {
        let mut store = store.as_context_mut();
        let (instance, start) = Self::make(&mut store, module, imports)?;
        start.map_or(Ok(()), |start| start.call(&mut store))?;
        Ok(Self(instance))
    }

    /// As [`Instance::new`], but the start function may pause: see [`Func::call_resumable`].
    ///
    /// # Errors
    /// As [`Instance::new`] and, if there is a start function, [`Func::call_resumable`].
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn new_resumable(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Resumable<Self>> {
        let mut store = store.as_context_mut();
        let (instance, start) = Self::make(&mut store, module, imports)?;
        run_all(&mut store, start, Self(instance), Poller::NONE)
    }

    /// As [`Instance::new`], but the start function may wait: see [`Func::call_async`].
    ///
    /// # Errors
    /// As [`Instance::new_resumable`].
    ///
    /// # Panics
    /// As [`Instance::new`], when the future is polled.
    pub async fn new_async(
        mut store: impl AsContextMut<Data: Send>,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self> {
        asynchronous::run(&mut store.as_context_mut(), |store, poller| {
            let (instance, start) = Self::make(store, module, imports)?;
            run_all(store, start, Self(instance), poller)
        })
        .await
    }

    /// Puts what the module defines back to just after instantiation (spec 4.5.4): its memories and tables have the size and content that they had then, its
    /// globals the value, its segments are all there but for active ones; and calls the start function, if there is one. It is as if the module had been instantiated
    /// again, with the same imports, but in place: handles stay what they are, and so do other instances that import from this one.
    ///
    /// What the instance imports is left as it is. Its active segments are not copied there again; whatever the start function does, it does again.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Instance, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (memory (export "memory") 1) (data (i32.const 0) "hello")
    ///     (func (export "run") (memory.fill (i32.const 0) (i32.const 7) (i32.const 9)) (drop (memory.grow (i32.const 2)))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let (run, memory) = (instance.get_func(&store, "run").unwrap(), instance.get_memory(&store, "memory").unwrap());
    /// for _ in 0..3 {
    ///     assert_eq!((&memory.data(&store)[..9], memory.size(&store)), (&b"hello\0\0\0\0"[..], 1));
    ///     run.call(&mut store, &[], &mut [])?;
    ///     instance.reset(&mut store)?;
    /// }
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// A [`ResourceLimiter`](crate::ResourceLimiter) is not told of the room that this gives back; the store's own limits know of it.
    ///
    /// # Costs
    /// Where data segments are more than 64 KiB and the system has copies on write, the module keeps what its memories begin with, and a memory is put back by
    /// giving up the pages that were written to. Otherwise a memory gets new pages, and segments are copied. See also [`Store::fork`](crate::Store::fork),
    /// which copies any state of a store.
    ///
    /// # Errors
    /// The instance belongs to another store, or was not finished; it has a memory that threads share; a call runs in the store, or is paused there; or an instance
    /// is being made or reset there, if the deadline's callback asks for this. Nothing has changed then. Or the system has not that much memory, the store's deadline passes while gigabytes of segments are copied, or the start function traps or
    /// fails: then the instance is partly put back, and may be reset again.
    ///
    /// # Panics
    /// As [`Func::call`], for the start function.
    pub fn reset(&self, mut store: impl AsContextMut) -> Result<()> {
        let mut store = store.as_context_mut();
        let start = reset(&mut store, self.0)?;
        start.map_or(Ok(()), |start| start.call(&mut store))
    }

    fn make(
        store: &mut dyn Borrowed,
        module: &Module,
        imports: &[Extern],
    ) -> Result<(Handle<InstanceData>, Option<Start>)> {
        let (expected, found) = (module.imports().len(), imports.len());
        if expected != found {
            return Err(LinkError::ImportCount { expected, found }.into());
        }
        let sources: Sources<'_> = imports.iter().map(Source::Item).collect();
        instantiate_one(store, module, &sources)
    }

    fn get<'a>(&self, store: &'a StoreOpaque) -> &'a InstanceData {
        self.0.get(store).expect("instance")
    }

    pub(crate) fn handle(self) -> Handle<InstanceData> {
        self.0
    }

    /// Compares the store.
    pub(crate) fn check(&self, store: &StoreOpaque) -> Result<()> {
        self.0.check(store.id())
    }

    /// Function `funcidx`, if there is one.
    pub(crate) fn func_at(&self, store: impl AsContext, funcidx: FuncIdx) -> Option<Func> {
        let store = store.as_context().opaque();
        let instance = self.get(store);
        (funcidx.index() < instance.module().parsed().funcs.len()).then(|| instance.func(funcidx, store.id()))
    }

    /// The module.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        self.get(store.into().opaque()).module()
    }

    /// Which data segments, and which element segments, are dropped; empty ones count as such. For those who write modules; not part of
    /// the API that versions promise.
    #[doc(hidden)]
    pub fn dropped_segments(&self, store: impl AsContext) -> (Vec<bool>, Vec<bool>) {
        self.get(store.as_context().opaque()).dropped_segments()
    }

    /// All exports, in the module's order.
    pub fn exports<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> {
        let store = store.into().opaque();
        let instance = self.get(store);
        let parsed = instance.module().parsed();
        let export = |export: &pirn_decode::module::Export| Export {
            name: parsed.name(export.name),
            item: instance.item(export.index, store.id()),
        };
        parsed.exports.iter().map(export)
    }

    /// The export called `name`.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let store = store.as_context();
        self.get(store.opaque()).export(name, store.opaque().id())
    }

    /// The exported function called `name`.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported table called `name`.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported memory called `name`.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported memory called `name`, if threads share it.
    pub fn get_shared_memory(&self, store: impl AsContext, name: &str) -> Option<SharedMemory> {
        self.get_export(store, name)?.into_shared_memory()
    }

    /// The exported global called `name`.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag called `name`.
    pub fn get_tag(&self, store: impl AsContext, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// The exported function called `name`, its type known to Rust: see [`Func::typed`].
    ///
    /// # Errors
    /// There is no such export, or it is not a function of this type; the instance belongs to another store.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let store = store.as_context();
        let instance = self.0.get(store.opaque())?;
        let export = instance.export(name, store.opaque().id());
        let export = export.ok_or_else(|| {
            format_err!("the instance has no export `{name}`: {}", instance.module().exports_like(name))
        })?;
        let Extern::Func(func) = export else {
            return Err(format_err!("export `{name}`: expected func, found {}", export.ty_in(store.opaque())?));
        };
        func.typed(store).map_err(|error| format_err!("export `{name}`: {error}"))
    }
}
