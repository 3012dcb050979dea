//! pirn.

use crate::runtime::{Instance, Program, Runtime, inc};
use crate::wasi::{self, Wasi};
use anyhow::{Context, Result};
use pirn::{Caller, CompilationMode, Config, Engine, Extern, Linker, Module, Store, TypedFunc};

/// pirn in one configuration.
#[derive(Debug)]
pub struct Pirn {
    name: &'static str,
    engine: Engine,
}

impl Pirn {
    /// Lowers functions when the module is made, or on their first call.
    pub fn new(name: &'static str, mode: CompilationMode) -> Self {
        let engine = Engine::new(Config::new().compilation_mode(mode)).expect("the settings are supported");
        Self { name, engine }
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
    /// The last export that was called.
    func: Option<(String, TypedFunc<i32, i64>)>,
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

fn linker(engine: &Engine, world: &Wasi) -> pirn::Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    macro_rules! define {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            $(let wasi = world.clone();
            linker.func_wrap(wasi::MODULE, stringify!($name), move |mut caller: Caller<'_, ()>, $($arg: $ty),*| {
                match caller.get_export("memory") {
                    Some(Extern::Memory(memory)) => wasi.$name(memory.data_mut(&mut caller), $($arg),*),
                    _ => wasi.$name(&mut [], $($arg),*),
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
    Ok(linker)
}

impl Program for Compiled {
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>> {
        let mut linker = linker(&self.engine, wasi)?;
        let mut store = Store::new(&self.engine, ());
        let mut last = None;
        for (name, module) in &self.modules {
            linker.define_unknown_imports_as_traps(module)?;
            let instance = linker.instantiate(&mut store, module)?;
            linker.instance(&mut store, name, instance)?;
            last = Some(instance);
        }
        let instance = last.context("no module")?;
        Ok(Box::new(Running { store, instance, wasi: wasi.clone(), func: None }))
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, argument: i32) -> Result<i64> {
        if self.func.as_ref().is_none_or(|(name, _)| name != export) {
            let func = self.instance.get_typed_func::<i32, i64>(&self.store, export)?;
            self.func = Some((export.to_owned(), func));
        }
        let (_, func) = self.func.as_ref().context("just set")?;
        Ok(func.call(&mut self.store, argument)?)
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.instance.get_typed_func::<(), ()>(&self.store, "_start")?;
        Ok(self.wasi.status(start.call(&mut self.store, ()))?)
    }
}
