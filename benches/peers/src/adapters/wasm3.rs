//! wasm3, through wasm3x. Its runtime has one memory for all modules, and the binding links no module to another; calls
//! into another instance cannot be measured.

use anyhow::{Context, Result, anyhow, ensure};
use pirn_suite::runtime::{Instance, Program, Runtime, inc};
use pirn_suite::wasi::{self, Number, Wasi};
use wasm3x::{Caller, CompilationMode, Config, Engine, FuncType, Linker, Module, Store, TypedFunc, Val, ValType};

/// wasm3 in one configuration.
pub struct Wasm3 {
    name: &'static str,
    engine: Engine,
}

impl Wasm3 {
    /// Compiles all functions at instantiation.
    pub fn eager() -> Self {
        Self::new("wasm3", CompilationMode::Eager)
    }

    /// Compiles functions on their first call; bodies are not validated before.
    pub fn lazy() -> Self {
        Self::new("wasm3 lazy", CompilationMode::Lazy)
    }

    fn new(name: &'static str, mode: CompilationMode) -> Self {
        Self { name, engine: Engine::new(Config::new().compilation_mode(mode)) }
    }
}

struct Compiled {
    engine: Engine,
    module: Module,
}

struct Running {
    store: Store<()>,
    instance: wasm3x::Instance,
    wasi: Wasi,
    func: Option<TypedFunc<i32, i64>>,
}

fn error(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}")
}

impl Runtime for Wasm3 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        ensure!(modules.len() == 1, "it does not link modules to each other");
        let module = Module::new(&self.engine, modules[0].1).map_err(error)?;
        Ok(Box::new(Compiled { engine: self.engine.clone(), module }))
    }
}

/// Of a parameter: the engine has checked the types.
trait Parameter {
    const TYPE: ValType;
    fn of(value: Option<&Val>) -> Self;
}

impl Parameter for i32 {
    const TYPE: ValType = ValType::I32;
    fn of(value: Option<&Val>) -> Self {
        if let Some(Val::I32(value)) = value { *value } else { 0 }
    }
}

impl Parameter for i64 {
    const TYPE: ValType = ValType::I64;
    fn of(value: Option<&Val>) -> Self {
        if let Some(Val::I64(value)) = value { *value } else { 0 }
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

fn linker(engine: &Engine, world: &Wasi) -> wasm3x::Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    macro_rules! define {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            $(let wasi = world.clone();
            let ty = FuncType::new([$(<$ty>::TYPE),*], [ValType::I32]);
            linker.func_new(wasi::MODULE, stringify!($name), ty, move |mut caller, params, results| {
                let mut params = params.iter();
                $(let $arg = <$ty>::of(params.next());)*
                results[0] = Val::I32(wasi.$name(&mut Guest(&mut caller), $($arg),*));
                Ok(())
            })?;)*
        };
    }
    pirn_suite::for_each_wasi_function!(define);
    let wasi = world.clone();
    linker.func_wrap(wasi::MODULE, "proc_exit", move |code: i32| -> wasm3x::Result<()> {
        Err(wasm3x::Error::host(wasi.proc_exit(code)))
    })?;
    linker.func_wrap("host", "inc", inc)?;
    for stub in world.stubs() {
        let types = |types: &[Number]| types.iter().map(|&ty| value_type(ty)).collect::<Vec<_>>();
        let ty = FuncType::new(types(&stub.params), types(&stub.results));
        linker.func_new(&stub.module, &stub.name, ty, |_, _, _| Err(wasm3x::Error::new("not defined")))?;
    }
    Ok(linker)
}

/// The memory, which the binding only lends by copying while a function runs.
struct Guest<'a, 'b>(&'a mut Caller<'b, ()>);

impl wasi::Memory for Guest<'_, '_> {
    fn read(&mut self, at: usize, into: &mut [u8]) -> bool {
        self.0.get_memory().is_some_and(|memory| memory.read(&*self.0, at, into).is_ok())
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
        self.0.get_memory().is_some_and(|memory| memory.write(&mut *self.0, at, bytes).is_ok())
    }
}

impl Program for Compiled {
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>> {
        let linker = linker(&self.engine, wasi).map_err(error)?;
        let mut store = Store::new(&self.engine, ());
        let instance = linker.instantiate_and_start(&mut store, &self.module).map_err(error)?;
        Ok(Box::new(Running { store, instance, wasi: wasi.clone(), func: None }))
    }
}

impl Instance for Running {
    fn select(&mut self, export: &str) -> Result<()> {
        self.func = Some(self.instance.get_typed_func(&self.store, export).map_err(error)?);
        Ok(())
    }

    fn call(&mut self, argument: i32) -> Result<i64> {
        let func = self.func.as_ref().context("no export is selected")?;
        func.call(&mut self.store, argument).map_err(error)
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.instance.get_typed_func::<(), ()>(&self.store, "_start").map_err(error)?;
        self.wasi.status(start.call(&mut self.store, ())).map_err(error)
    }
}
