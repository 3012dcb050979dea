//! sf-nano-core, its interpreter. A module is used up by its instantiation, which is also what lowers it: so it is decoded
//! anew for each instance but the first.

use anyhow::{Context, Result, anyhow};
use pirn_suite::runtime::{Instance, Program, Runtime, inc};
use pirn_suite::wasi::{self, Wasi};
use sf_nano_core::{Caller, Config, Engine, Func, Import, InstanceId, Module, RuntimeWorld, Tier, Value, WasmError};
use std::cell::RefCell;

/// The interpreter of sf-nano-core.
pub struct SfNano(Engine);

impl SfNano {
    /// With default budgets.
    pub fn new() -> Result<Self> {
        let engine = Engine::new(Config::new()).map_err(|error| anyhow!("{error:?}"))?;
        debug_assert_eq!(engine.tier(), Tier::Interp);
        Ok(Self(engine))
    }
}

struct Compiled {
    engine: Engine,
    modules: Vec<(String, Vec<u8>, RefCell<Option<Module>>)>,
}

struct Running {
    world: RuntimeWorld,
    id: InstanceId,
    wasi: Wasi,
    func: Option<Func>,
}

impl Runtime for SfNano {
    fn name(&self) -> &'static str {
        "sf-nano"
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        let modules = modules.iter().map(|&(name, wasm)| {
            let module = Module::new(name, wasm).map_err(|error| anyhow!("{error}"))?;
            Ok((name.to_owned(), wasm.to_vec(), RefCell::new(Some(module))))
        });
        Ok(Box::new(Compiled { engine: self.0, modules: modules.collect::<Result<_>>()? }))
    }
}

/// Of a parameter: the engine has checked the types.
trait Parameter {
    fn of(value: Option<&Value>) -> Self;
}

impl Parameter for i32 {
    fn of(value: Option<&Value>) -> Self {
        if let Some(Value::I32(value)) = value { *value } else { 0 }
    }
}

impl Parameter for i64 {
    fn of(value: Option<&Value>) -> Self {
        if let Some(Value::I64(value)) = value { *value } else { 0 }
    }
}

fn imports(world: &Wasi) -> Vec<Import> {
    let mut imports = Vec::new();
    macro_rules! define {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            $(let wasi = world.clone();
            imports.push(Import::func(
                wasi::MODULE,
                stringify!($name),
                move |caller: &mut Caller<'_>, params: &[Value], results: &mut [Value]| {
                    let mut params = params.iter();
                    $(let $arg = <$ty>::of(params.next());)*
                    let memory = caller.memory_mut().unwrap_or_default();
                    results[0] = Value::I32(wasi.$name(memory, $($arg),*));
                    Ok(())
                },
            ));)*
        };
    }
    pirn_suite::for_each_wasi_function!(define);
    let wasi = world.clone();
    let exit = move |_: &mut Caller<'_>, params: &[Value], _: &mut [Value]| {
        wasi.proc_exit(i32::of(params.first()));
        Err(WasmError::trap("exit"))
    };
    imports.push(Import::func(wasi::MODULE, "proc_exit", exit));
    imports.push(Import::func("host", "inc", |_: &mut Caller<'_>, params: &[Value], results: &mut [Value]| {
        results[0] = Value::I32(inc(i32::of(params.first())));
        Ok(())
    }));
    for stub in world.stubs() {
        let trap = |_: &mut Caller<'_>, _: &[Value], _: &mut [Value]| Err(WasmError::trap("not defined"));
        imports.push(Import::func(&stub.module, &stub.name, trap));
    }
    imports
}

impl Program for Compiled {
    fn instantiate(&self, wasi: &Wasi) -> Result<Box<dyn Instance>> {
        let mut world = RuntimeWorld::new();
        let mut imports = imports(wasi);
        let mut last = None;
        for (name, wasm, module) in &self.modules {
            let module = match module.borrow_mut().take() {
                Some(module) => module,
                None => Module::new(name, wasm).map_err(|error| anyhow!("{error}"))?,
            };
            let id = world.instantiate(&self.engine, module, &imports);
            let id = id.map_err(|error| anyhow!("{}", error.error()))?;
            let instance = world.instance(id).context("just made")?;
            for (export, value) in instance.exports().map_err(|error| anyhow!("{error}"))? {
                imports.push(Import::new(name, &export, value));
            }
            last = Some(id);
        }
        Ok(Box::new(Running { world, id: last.context("no module")?, wasi: wasi.clone(), func: None }))
    }
}

impl Running {
    fn func(&self, export: &str) -> Result<Func> {
        let instance = self.world.instance(self.id).context("it lives as long as its world")?;
        instance.get_func(export).with_context(|| format!("no export `{export}`"))
    }
}

impl Instance for Running {
    fn select(&mut self, export: &str) -> Result<()> {
        self.func = Some(self.func(export)?);
        Ok(())
    }

    fn call(&mut self, argument: i32) -> Result<i64> {
        let func = self.func.as_ref().context("no export is selected")?;
        let instance = self.world.instance_mut(self.id).context("it lives as long as its world")?;
        let mut results = [Value::I64(0)];
        instance.call(func, &[Value::I32(argument)], &mut results).map_err(|error| anyhow!("{error}"))?;
        Ok(i64::of(results.first()))
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.func("_start")?;
        let instance = self.world.instance_mut(self.id).context("it lives as long as its world")?;
        self.wasi.status(instance.call(&start, &[], &mut [])).map_err(|error| anyhow!("{error}"))
    }
}
