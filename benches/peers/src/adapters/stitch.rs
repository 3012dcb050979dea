//! makepad-stitch. Its host functions do not learn who calls them, so the memory of what runs is
//! handed to them through the thread; and their types are always static, so no stubs can be made for a module's own imports.

use anyhow::{Context, Result, ensure};
use makepad_stitch::{Engine, Error, ExternVal, Func, FuncError, Linker, Mem, Module, Store, Val};
use pirn_suite::runtime::{Instance, Program, Runtime, inc};
use pirn_suite::wasi::{self, Wasi};
use std::cell::Cell;

thread_local! {
    /// Memory of the instance that runs.
    static MEMORY: Cell<Option<Mem>> = const { Cell::new(None) };
}

/// makepad-stitch. It lowers functions on their first call.
pub struct Stitch(Engine);

impl Default for Stitch {
    /// There is nothing to choose.
    fn default() -> Self {
        Self(Engine::new())
    }
}

struct Compiled {
    engine: Engine,
    modules: Vec<(String, Module)>,
}

struct Running {
    store: Store,
    instance: makepad_stitch::Instance,
    wasi: Wasi,
    func: Option<Func>,
}

impl Runtime for Stitch {
    fn name(&self) -> &'static str {
        "stitch"
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        let modules = modules.iter().map(|&(name, wasm)| Ok((name.to_owned(), Module::new(&self.0, wasm)?)));
        Ok(Box::new(Compiled { engine: self.0.clone(), modules: modules.collect::<Result<_>>()? }))
    }
}

impl Program for Compiled {
    fn instantiate(&self, world: &Wasi) -> Result<Box<dyn Instance>> {
        ensure!(world.stubs().is_empty(), "it cannot define host functions of a type given at run time");
        let mut linker = Linker::new();
        let mut store = Store::new(self.engine.clone());
        macro_rules! define {
            ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
                $(let wasi = world.clone();
                let func = Func::wrap(&mut store, move |store: &mut Store, $($arg: $ty),*| match MEMORY.get() {
                    Some(memory) => wasi.$name(memory.bytes_mut(store), $($arg),*),
                    None => wasi.$name(&mut [][..], $($arg),*),
                });
                linker.define(wasi::MODULE, stringify!($name), func);)*
            };
        }
        pirn_suite::for_each_wasi_function!(define);
        let wasi = world.clone();
        let exit = Func::wrap(&mut store, move |code: i32| -> Result<(), Error> {
            wasi.proc_exit(code);
            // Its traps cannot be made from outside.
            Err(Error::Func(FuncError::ParamTypeMismatch))
        });
        linker.define(wasi::MODULE, "proc_exit", exit);
        let inc = Func::wrap(&mut store, inc);
        linker.define("host", "inc", inc);

        let mut last = None;
        for (name, module) in &self.modules {
            let instance = linker.instantiate(&mut store, module)?;
            for (export, value) in instance.exports() {
                if let ExternVal::Func(func) = value {
                    linker.define(name, export, func);
                }
            }
            last = Some(instance);
        }
        let instance = last.context("no module")?;
        Ok(Box::new(Running { store, instance, wasi: world.clone(), func: None }))
    }
}

impl Instance for Running {
    fn select(&mut self, export: &str) -> Result<()> {
        self.func = Some(self.instance.exported_func(export).with_context(|| format!("no export `{export}`"))?);
        Ok(())
    }

    fn call(&mut self, argument: i32) -> Result<i64> {
        let mut results = [Val::I64(0)];
        self.func.context("no export is selected")?.call(&mut self.store, &[Val::I32(argument)], &mut results)?;
        results[0].to_i64().context("the result is no i64")
    }

    fn start(&mut self) -> Result<i32> {
        let start = self.instance.exported_func("_start").context("no export `_start`")?;
        MEMORY.set(self.instance.exported_mem("memory"));
        Ok(self.wasi.status(start.call(&mut self.store, &[], &mut []))?)
    }
}
