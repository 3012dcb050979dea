//! wasmtime, in three configurations: Cranelift, an optimising compiler; Winch, a compiler in one pass; Pulley, an
//! interpreter of bytecode that Cranelift has optimised.

use anyhow::{Context, Result, anyhow, ensure};
use pirn_suite::runtime::{Instance, Program, Runtime, inc};
use pirn_suite::wasi::{self, Number, Wasi};
use std::path::PathBuf;
use wasmtime::{
    Caller, Config, Engine, Extern, FuncType, Linker, Module, OptLevel, Store, Strategy, TypedFunc, ValType,
};

/// wasmtime in one configuration.
pub struct Wasmtime {
    name: &'static str,
    engine: Engine,
    /// Where the machine code of the one module is.
    kept: Option<PathBuf>,
}

impl Wasmtime {
    fn new(name: &'static str, configure: impl FnOnce(&mut Config) -> Result<()>) -> Result<Self> {
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::Speed);
        // As deep as the others; the native stack is made to fit.
        config.max_wasm_stack(1 << 20);
        configure(&mut config)?;
        let engine = Engine::new(&config).map_err(|error| anyhow!("{error:?}"))?;
        Ok(Self { name, engine, kept: None })
    }

    fn module(&self, wasm: &[u8]) -> wasmtime::Result<Module> {
        let Some(kept) = &self.kept else { return Module::new(&self.engine, wasm) };
        if !kept.exists() {
            // Whole or not at all.
            let new = kept.with_extension("new");
            std::fs::write(&new, Module::new(&self.engine, wasm)?.serialize()?)?;
            std::fs::rename(new, kept)?;
        }
        // SAFETY: so `cached` asks.
        unsafe { Module::deserialize_file(&self.engine, kept) }
    }

    /// The optimising compiler.
    pub fn cranelift() -> Result<Self> {
        Self::new("wasmtime Cranelift", |config| {
            config.strategy(Strategy::Cranelift).wasm_gc(true).wasm_function_references(true).wasm_exceptions(true);
            Ok(())
        })
    }

    /// The compiler in one pass.
    pub fn winch() -> Result<Self> {
        Self::new("wasmtime Winch", |config| {
            config.strategy(Strategy::Winch);
            Ok(())
        })
    }

    /// The optimising compiler, whose machine code the file at `kept` holds, and is put there if there is none.
    ///
    /// # Safety
    /// If the file is there, another such runtime wrote it.
    pub unsafe fn cached(kept: PathBuf) -> Result<Self> {
        Ok(Self { kept: Some(kept), ..Self::cranelift()? })
    }

    /// The interpreter.
    pub fn pulley() -> Result<Self> {
        Self::new("wasmtime Pulley", |config| {
            config.wasm_gc(true).wasm_function_references(true).wasm_exceptions(true);
            config.target("pulley64").map_err(|error| anyhow!("{error:?}"))?;
            Ok(())
        })
    }
}

struct Compiled {
    engine: Engine,
    modules: Vec<(String, Module)>,
}

struct Running {
    store: Store<()>,
    instance: wasmtime::Instance,
    wasi: Wasi,
    func: Option<TypedFunc<i32, i64>>,
}

impl Runtime for Wasmtime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        ensure!(self.kept.is_none() || modules.len() == 1, "a file holds the code of one module");
        let modules = modules
            .iter()
            .map(|&(name, wasm)| Ok((name.to_owned(), self.module(wasm).map_err(|error| anyhow!("{error:?}"))?)));
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

fn linker(engine: &Engine, world: &Wasi) -> wasmtime::Result<Linker<()>> {
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
    pirn_suite::for_each_wasi_function!(define);
    let wasi = world.clone();
    linker.func_wrap(wasi::MODULE, "proc_exit", move |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(wasi.proc_exit(code)))
    })?;
    linker.func_wrap("host", "inc", inc)?;
    for stub in world.stubs() {
        let types = |types: &[Number]| types.iter().map(|&ty| value_type(ty)).collect::<Vec<_>>();
        let ty = FuncType::new(engine, types(&stub.params), types(&stub.results));
        linker.func_new(&stub.module, &stub.name, ty, |_, _, _| Err(wasmtime::Error::msg("not defined")))?;
    }
    Ok(linker)
}

impl Program for Compiled {
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>> {
        let instantiate = || -> wasmtime::Result<_> {
            let mut linker = linker(&self.engine, wasi)?;
            let mut store = Store::new(&self.engine, ());
            let mut last = None;
            for (name, module) in &self.modules {
                let instance = linker.instantiate(&mut store, module)?;
                linker.instance(&mut store, name, instance)?;
                last = Some(instance);
            }
            Ok((store, last))
        };
        let (store, last) = instantiate().map_err(|error| anyhow!("{error:?}"))?;
        let instance = last.context("no module")?;
        Ok(Box::new(Running { store, instance, wasi: wasi.clone(), func: None }))
    }
}

impl Instance for Running {
    fn select(&mut self, export: &str) -> Result<()> {
        let func = self.instance.get_typed_func(&mut self.store, export);
        self.func = Some(func.map_err(|error| anyhow!("{error:?}"))?);
        Ok(())
    }

    fn call(&mut self, argument: i32) -> Result<i64> {
        let func = self.func.as_ref().context("no export is selected")?;
        func.call(&mut self.store, argument).map_err(|error| anyhow!("{error:?}"))
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.instance.get_typed_func::<(), ()>(&mut self.store, "_start");
        let start = start.map_err(|error| anyhow!("{error:?}"))?;
        self.wasi.status(start.call(&mut self.store, ())).map_err(|error| anyhow!("{error:?}"))
    }
}
