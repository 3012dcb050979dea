//! A running script: its store, its instances, and what each directive does with them.

use crate::{Load, Options, parse_buffer, spectest, value};
use anyhow::{Context, Result, anyhow, bail, ensure};
use pirn::{Engine, Extern, Instance, Linker, Module, Store, ThrownException, Trap, Val};
use std::collections::HashMap;
use wast::token::Id;
use wast::{QuoteWat, QuoteWatTest, WastDirective, WastExecute, WastInvoke, Wat, parser};

/// State of a running script.
pub(crate) struct Script {
    store: Store<()>,
    load: Load,
    /// `spectest`, and every instance under the names it was registered by.
    linker: Linker<()>,
    /// Instances with a name of their own, and the latest.
    instances: HashMap<String, Instance>,
    latest: Option<Instance>,
    /// Definitions with a name of their own, and the latest.
    definitions: HashMap<String, Module>,
    latest_definition: Option<Module>,
}

/// Why a call or an instantiation gave no result; kept apart from errors in the script itself.
type Outcome<T> = std::result::Result<T, pirn::Error>;

impl Script {
    /// An empty script.
    pub(crate) fn new(options: &Options) -> pirn::Result<Self> {
        let engine = Engine::new(&options.config)?;
        let mut store = Store::new(&engine, ());
        if options.config.consumes_fuel() {
            store.set_fuel(u64::MAX)?;
        }
        store.set_epoch_deadline(u64::MAX);
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store)?;
        Ok(Self {
            store,
            load: options.load,
            linker,
            instances: HashMap::new(),
            latest: None,
            definitions: HashMap::new(),
            latest_definition: None,
        })
    }

    /// Executes one directive; an error says how it went wrong.
    pub(crate) fn run(&mut self, directive: WastDirective<'_>) -> Result<()> {
        match directive {
            WastDirective::Module(mut wat) => {
                let id = wat.name();
                // A module that fails must not leave the one before it to be tested in its place.
                self.latest = None;
                let module = self.module(&mut wat)?;
                let instance = self.instantiate(&module).context("instantiation failed")?;
                self.add_instance(id, instance);
                Ok(())
            }
            WastDirective::ModuleDefinition(mut wat) => {
                let id = wat.name();
                let module = self.module(&mut wat)?;
                if let Some(id) = id {
                    self.definitions.insert(id.name().to_owned(), module.clone());
                }
                self.latest_definition = Some(module);
                Ok(())
            }
            WastDirective::ModuleInstance { instance: id, module, .. } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()),
                    None => self.latest_definition.as_ref(),
                };
                let module = module.context("no such module definition")?.clone();
                let instance = self.instantiate(&module).context("instantiation failed")?;
                self.add_instance(id, instance);
                Ok(())
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.linker.instance(&mut self.store, name, instance)?;
                Ok(())
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?.with_context(|| format!("`{}` failed", invoke.name))?;
                Ok(())
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec)?.context("it should return")?;
                value::check_results(&self.store, &values, &results)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec)?;
                check_trap(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call)?;
                if let Err(error) = &outcome
                    && let Some(trap) = error.trap()
                {
                    ensure!(trap == Trap::StackOverflow, "expected exhaustion, got `{trap}`");
                }
                check_trap(outcome, message)
            }
            WastDirective::AssertInvalid { mut module, message, .. }
            | WastDirective::AssertMalformed { mut module, message, .. } => match self.module(&mut module) {
                Ok(_) => bail!("the module should be refused: {message}"),
                Err(_) => Ok(()),
            },
            WastDirective::AssertUnlinkable { module, message, .. } => {
                let module = self.module(&mut QuoteWat::Wat(module)).context("the module should be valid")?;
                match self.instantiate(&module) {
                    Ok(_) => bail!("linking should fail: {message}"),
                    Err(error) if error.trap().is_some() => {
                        bail!("linking should fail: {message}; it trapped: {error}")
                    }
                    Err(error) => check_text(&error.to_string(), message),
                }
            }
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Err(error) if error.is::<ThrownException>() => Ok(()),
                Err(error) => bail!("it should throw an exception; it failed: {error}"),
                Ok(_) => bail!("it should throw an exception"),
            },
            WastDirective::AssertSuspension { .. } => bail!("stack switching is not supported"),
            WastDirective::AssertInvalidCustom { .. } | WastDirective::AssertMalformedCustom { .. } => {
                bail!("custom sections are not looked into")
            }
            WastDirective::Thread(_) | WastDirective::Wait { .. } => bail!("threads are not supported"),
        }
    }

    /// Encodes, parses and validates a module, whichever way the script gives it.
    fn module(&self, wat: &mut QuoteWat<'_>) -> Result<Module> {
        let binary = match wat.to_test()? {
            QuoteWatTest::Binary(binary) => binary,
            QuoteWatTest::Text(text) => {
                let text = std::str::from_utf8(&text).context("the quoted text is not UTF-8")?;
                let buffer = parse_buffer(text)?;
                let wast = parser::parse::<Wat<'_>>(&buffer);
                wast?.encode()?
            }
        };
        Ok((self.load)(self.store.engine(), &binary)?)
    }

    fn instantiate(&mut self, module: &Module) -> Outcome<Instance> {
        self.linker.instantiate(&mut self.store, module)
    }

    fn add_instance(&mut self, id: Option<Id<'_>>, instance: Instance) {
        if let Some(id) = id {
            self.instances.insert(id.name().to_owned(), instance);
        }
        self.latest = Some(instance);
    }

    /// The instance called `id`, or the latest.
    fn instance(&self, id: Option<Id<'_>>) -> Result<Instance> {
        match id {
            Some(id) => self.instances.get(id.name()).copied().with_context(|| format!("no instance ${}", id.name())),
            None => self.latest.context("no instance"),
        }
    }

    fn export(&mut self, id: Option<Id<'_>>, name: &str) -> Result<Extern> {
        let instance = self.instance(id)?;
        instance.get_export(&mut self.store, name).with_context(|| format!("no export `{name}`"))
    }

    /// Calls, reads a global, or instantiates: whatever an assertion is about.
    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Outcome<Vec<Val>>> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let global = self.export(module, global)?.into_global().context("the export is no global")?;
                Ok(Ok(vec![global.get(&self.store)]))
            }
            WastExecute::Wat(wat) => {
                let module = self.module(&mut QuoteWat::Wat(wat)).context("the module should be valid")?;
                Ok(self.instantiate(&module).map(|_| Vec::new()))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Outcome<Vec<Val>>> {
        let func = self.export(invoke.module, invoke.name)?.into_func().context("the export is no function")?;
        let args = invoke.args.iter().map(|arg| value::argument(&mut self.store, arg)).collect::<Result<Vec<_>>>()?;
        let mut results: Vec<_> = func.ty(&self.store).results().iter().map(|&ty| Val::default_for(ty)).collect();
        Ok(func.call(&mut self.store, &args, &mut results).map(|()| results))
    }
}

/// Whether the outcome is the trap that `message` describes.
fn check_trap<T>(outcome: Outcome<T>, message: &str) -> Result<()> {
    let Err(error) = outcome else { bail!("it should trap: {message}") };
    let trap = error.trap().ok_or_else(|| anyhow!("it should trap: {message}; it failed: {error}"))?;
    check_text(trap.message(), message)
}

/// Whether one text begins the other: scripts differ in how much they say (`uninitialized element 2`, `undefined`).
fn check_text(ours: &str, expected: &str) -> Result<()> {
    let alike = ours.starts_with(expected) || expected.starts_with(ours);
    ensure!(alike && !ours.is_empty() && !expected.is_empty(), "expected `{expected}`, got `{ours}`");
    Ok(())
}
