//! pirn.

use crate::runtime::{Instance, Program, Runtime, inc};
use crate::wasi::{self, Number, Wasi};
use anyhow::{Context, Result};
use pirn::{Caller, CompilationMode, Config, Engine, Extern, FuncType, Linker, Module, Store, TypedFunc, Val, ValType};

/// pirn in one configuration.
#[derive(Debug)]
pub struct Pirn {
    name: &'static str,
    engine: Engine,
}

impl Pirn {
    /// Lowers functions when the module is made, or on their first call.
    pub fn new(name: &'static str, mode: CompilationMode) -> Self {
        Self::configured(name, Config::new().compilation_mode(mode))
    }

    fn configured(name: &'static str, config: &Config) -> Self {
        Self { name, engine: Engine::new(config).expect("the settings are supported") }
    }

    /// Lowers all functions when the module is made, and consumes fuel, of which there is plenty.
    pub fn metered() -> Self {
        Self::configured("metered", Config::new().compilation_mode(CompilationMode::Eager).consume_fuel(true))
    }

    /// Lowers all functions when the module is made, and compares the time with a deadline that never passes.
    pub fn with_deadlines() -> Self {
        Self::configured("deadlines", Config::new().compilation_mode(CompilationMode::Eager).epoch_interruption(true))
    }

    /// Lowers all functions when the module is made.
    pub fn eager() -> Self {
        Self::new("pirn", CompilationMode::Eager)
    }

    /// Lowers functions on their first call.
    pub fn lazy() -> Self {
        Self::new("pirn lazy", CompilationMode::Lazy)
    }
}

struct Compiled {
    engine: Engine,
    modules: Vec<(String, Module)>,
}

struct Running {
    store: Store<()>,
    instance: pirn::Instance,
    wasi: Wasi,
    /// The selected export.
    func: Option<TypedFunc<i32, i64>>,
}

impl Runtime for Pirn {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        let modules = modules.iter().map(|&(name, wasm)| Ok((name.to_owned(), Module::new(&self.engine, wasm)?)));
        Ok(Box::new(Compiled { engine: self.engine.clone(), modules: modules.collect::<Result<_>>()? }))
    }
}

fn value_type(ty: Number) -> ValType {
    match ty {
        Number::I32 => ValType::I32,
        Number::I64 => ValType::I64,
        Number::F32 => ValType::F32,
        Number::F64 => ValType::F64,
    }
}

/// A linker with everything an adapter defines.
///
/// # Errors
/// None that these definitions cause.
pub fn linker(engine: &Engine, world: &Wasi) -> pirn::Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    macro_rules! define {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            $(let wasi = world.clone();
            linker.func_wrap(wasi::MODULE, stringify!($name), move |mut caller: Caller<'_, ()>, $($arg: $ty),*| {
                match caller.get_export("memory") {
                    Some(Extern::Memory(memory)) => wasi.$name(memory.data_mut(&mut caller), $($arg),*),
                    _ => wasi.$name(&mut [][..], $($arg),*),
                }
            })?;)*
        };
    }
    crate::for_each_wasi_function!(define);
    let wasi = world.clone();
    linker.func_wrap(wasi::MODULE, "proc_exit", move |code: i32| -> pirn::Result<()> {
        Err(pirn::Error::new(wasi.proc_exit(code)))
    })?;
    linker.func_wrap("host", "inc", inc)?;
    let types = |types: &[Number]| types.iter().map(|&ty| value_type(ty)).collect::<Vec<_>>();
    for stub in world.stubs() {
        let ty = FuncType::new(types(&stub.params), types(&stub.results));
        linker.func_new(&stub.module, &stub.name, ty, |_: Caller<'_, ()>, _: &[Val], _: &mut [Val]| {
            Err(pirn::Error::msg("not defined"))
        })?;
    }
    Ok(linker)
}

impl Program for Compiled {
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>> {
        let mut linker = linker(&self.engine, wasi)?;
        let mut store = Store::new(&self.engine, ());
        if self.engine.config().consumes_fuel() {
            store.set_fuel(u64::MAX)?;
        }
        store.set_epoch_deadline(u64::MAX);
        let mut last = None;
        for (name, module) in &self.modules {
            let instance = linker.instantiate(&mut store, module)?;
            linker.instance(&mut store, name, instance)?;
            last = Some(instance);
        }
        let instance = last.context("no module")?;
        Ok(Box::new(Running { store, instance, wasi: wasi.clone(), func: None }))
    }
}

impl Instance for Running {
    fn select(&mut self, export: &str) -> Result<()> {
        self.func = Some(self.instance.get_typed_func(&self.store, export)?);
        Ok(())
    }

    fn call(&mut self, argument: i32) -> Result<i64> {
        let func = self.func.as_ref().context("no export is selected")?;
        Ok(func.call(&mut self.store, argument)?)
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.instance.get_typed_func::<(), ()>(&self.store, "_start")?;
        Ok(self.wasi.status(start.call(&mut self.store, ()))?)
    }
}
