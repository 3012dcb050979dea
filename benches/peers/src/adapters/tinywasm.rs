//! tinywasm. Its default stacks are too small for the programs here; they are made to grow as the others' do.

use anyhow::{Context, Result, anyhow};
use pirn_suite::runtime::{Instance, Program, Runtime, inc};
use pirn_suite::wasi::{self, Number, Wasi};
use tinywasm::engine::{Config, StackConfig};
use tinywasm::types::{FuncType, WasmType, WasmValue};
use tinywasm::{Engine, FuncContext, FunctionTyped, HostFunction, Imports, Memory, Module, ModuleInstance, Store};

/// tinywasm.
pub struct Tinywasm(Engine);

impl Default for Tinywasm {
    /// With stacks as large as the others'.
    fn default() -> Self {
        let values = StackConfig::dynamic(64 << 10, 1 << 20);
        let config = Config::new()
            .with_value_stack_32(values)
            .with_value_stack_64(values)
            .with_call_stack(StackConfig::dynamic(1 << 10, 64 << 10));
        Self(Engine::new(config))
    }
}

struct Compiled {
    engine: Engine,
    modules: Vec<(String, Module)>,
}

struct Running {
    store: Store,
    instance: ModuleInstance,
    wasi: Wasi,
    func: Option<FunctionTyped<i32, i64>>,
}

fn error(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}")
}

impl Runtime for Tinywasm {
    fn name(&self) -> &'static str {
        "tinywasm"
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        let modules =
            modules.iter().map(|&(name, wasm)| Ok((name.to_owned(), tinywasm::parse_bytes(wasm).map_err(error)?)));
        Ok(Box::new(Compiled { engine: self.0.clone(), modules: modules.collect::<Result<_>>()? }))
    }
}

/// Of a parameter: the engine has checked the types.
trait Parameter {
    const TYPE: WasmType;
    fn of(value: Option<&WasmValue>) -> Self;
}

impl Parameter for i32 {
    const TYPE: WasmType = WasmType::I32;
    fn of(value: Option<&WasmValue>) -> Self {
        if let Some(WasmValue::I32(value)) = value { *value } else { 0 }
    }
}

impl Parameter for i64 {
    const TYPE: WasmType = WasmType::I64;
    fn of(value: Option<&WasmValue>) -> Self {
        if let Some(WasmValue::I64(value)) = value { *value } else { 0 }
    }
}

/// The memory, which is only lent by copying.
struct Guest<'a> {
    memory: Option<Memory>,
    store: &'a mut Store,
}

impl wasi::Memory for Guest<'_> {
    fn read(&mut self, at: usize, into: &mut [u8]) -> bool {
        self.memory.as_ref().is_some_and(|memory| memory.read_exact(self.store, at, into).is_ok())
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
        self.memory.as_ref().is_some_and(|memory| memory.copy_from_slice(self.store, at, bytes).is_ok())
    }
}

fn value_type(ty: Number) -> WasmType {
    match ty {
        Number::I32 => WasmType::I32,
        Number::I64 => WasmType::I64,
        Number::F32 => WasmType::F32,
        Number::F64 => WasmType::F64,
    }
}

fn imports(store: &mut Store, world: &Wasi) -> Imports {
    let mut imports = Imports::new();
    macro_rules! define {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            $(let wasi = world.clone();
            let ty = FuncType::new(&[$(<$ty>::TYPE),*], &[WasmType::I32]);
            let func = HostFunction::from_untyped(store, &ty, move |mut context: FuncContext<'_>, params| {
                let mut params = params.iter();
                $(let $arg = <$ty>::of(params.next());)*
                let memory = context.memory("memory").ok();
                let mut guest = Guest { memory, store: context.store_mut() };
                Ok(vec![WasmValue::I32(wasi.$name(&mut guest, $($arg),*))])
            });
            imports.define(wasi::MODULE, stringify!($name), func);)*
        };
    }
    pirn_suite::for_each_wasi_function!(define);
    let wasi = world.clone();
    let ty = FuncType::new(&[WasmType::I32], &[]);
    let exit = HostFunction::from_untyped(store, &ty, move |_, params| {
        wasi.proc_exit(i32::of(params.first()));
        Err(tinywasm::Error::Other("exit".into()))
    });
    imports.define(wasi::MODULE, "proc_exit", exit);
    let inc = HostFunction::from(store, |_, x: i32| Ok(inc(x)));
    imports.define("host", "inc", inc);
    for stub in world.stubs() {
        let types = |types: &[Number]| types.iter().map(|&ty| value_type(ty)).collect::<Vec<_>>();
        let ty = FuncType::new(&types(&stub.params), &types(&stub.results));
        let trap = HostFunction::from_untyped(store, &ty, |_, _| Err(tinywasm::Error::Other("not defined".into())));
        imports.define(&stub.module, &stub.name, trap);
    }
    imports
}

impl Program for Compiled {
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine.clone());
        let mut imports = imports(&mut store, wasi);
        let mut last = None;
        for (name, module) in &self.modules {
            let instance = ModuleInstance::instantiate(&mut store, module, Some(imports.clone())).map_err(error)?;
            imports.link_module(name, instance.clone()).map_err(error)?;
            last = Some(instance);
        }
        let instance = last.context("no module")?;
        Ok(Box::new(Running { store, instance, wasi: wasi.clone(), func: None }))
    }
}

impl Instance for Running {
    fn select(&mut self, export: &str) -> Result<()> {
        self.func = Some(self.instance.func(&self.store, export).map_err(error)?);
        Ok(())
    }

    fn call(&mut self, argument: i32) -> Result<i64> {
        let func = self.func.as_ref().context("no export is selected")?;
        func.call(&mut self.store, argument).map_err(error)
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.instance.func::<(), ()>(&self.store, "_start").map_err(error)?;
        self.wasi.status(start.call(&mut self.store, ())).map_err(error)
    }
}
