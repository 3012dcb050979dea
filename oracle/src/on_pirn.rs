//! A program on pirn.

use crate::outcome::{Bytes, Event, Outcome, TrapKind, Type, Value, host_results};
use crate::program::{Call, FUEL, FUEL_PER_CALL, Program, provider};
use pirn::{
    CompilationMode, Config, Engine, Extern, ExternType, Func, Global, Instance, Linker, Memory, Module, PauseReason,
    Ref, Resumable, ResumeError, Store, Table, Trap, Val, ValType,
};

/// How pirn lowers and executes. The dispatcher is the build's: see [`DISPATCHER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Whether operations are fused.
    pub fuse: bool,
    /// Whether functions are lowered before they are called.
    pub eager: bool,
    /// How much fuel a call is given at a time: it pauses and goes on as often as that takes. `None`: in one go,
    /// without metering.
    pub step: Option<u64>,
}

/// How often a call pauses; what is left of it then runs in one go. Most calls are over by then, and at a unit of fuel a
/// time a long loop would take as long as many programs.
const PAUSES: u32 = 500;

/// Bytes of value stacks. Each store makes a new one for calls that pause, and clearing a megabyte takes longer than
/// most programs do.
const STACK: usize = 1 << 20;
const STACK_IN_STEPS: usize = 1 << 18;

/// Which dispatcher this program was built with.
pub const DISPATCHER: &str = pirn_exec::inspect::DISPATCHER;

impl Mode {
    /// Every way in one go.
    pub const PLAIN: [Self; 4] = [
        Self { fuse: true, eager: false, step: None },
        Self { fuse: false, eager: true, step: None },
        Self { fuse: true, eager: true, step: None },
        Self { fuse: false, eager: false, step: None },
    ];

    /// The fuel steps of resumed ways.
    pub const STEPS: [u64; 3] = [1, 7, 1_000];

    /// The ways a seed's program runs: all in one go, and one of the twelve in steps.
    pub fn of_seed(seed: u64) -> [Self; 5] {
        let [a, b, c, d] = Self::PLAIN;
        let step = Some(Self::STEPS[(seed % 3) as usize]);
        [a, b, c, d, Self { fuse: seed & 1 == 0, eager: seed & 2 != 0, step }]
    }

    /// Whether loops keep locals in registers: with fusion, without it, and neither, so that each runs alone.
    pub fn loop_registers(self) -> bool {
        self.fuse != self.eager
    }
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ty if ty == ValType::FUNCREF => Type::Func,
        _ => Type::Extern,
    }
}

fn from_val(value: &Val) -> Value {
    match *value {
        Val::I32(value) => Value::I32(value),
        Val::I64(value) => Value::I64(value),
        Val::F32(bits) => Value::f32(bits),
        Val::F64(bits) => Value::f64(bits),
        Val::FuncRef(func) => Value::Ref { null: func.is_none(), func: true },
        Val::ExternRef(value) => Value::Ref { null: value.is_none(), func: false },
    }
}

fn to_val(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::Ref { func: true, .. } => Val::FuncRef(None),
        Value::Ref { func: false, .. } => Val::ExternRef(None),
    }
}

fn trap_of(error: &pirn::Error) -> TrapKind {
    match error.trap() {
        Some(Trap::Unreachable) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds) => TrapKind::Memory,
        Some(Trap::TableOutOfBounds | Trap::UndefinedElement) => TrapKind::Table,
        Some(Trap::UninitializedElement) => TrapKind::NullElement,
        Some(Trap::IndirectCallTypeMismatch) => TrapKind::Signature,
        Some(Trap::IntegerDivideByZero) => TrapKind::DivideByZero,
        Some(Trap::IntegerOverflow) => TrapKind::Overflow,
        Some(Trap::InvalidConversionToInteger) => TrapKind::NotANumber,
        Some(Trap::StackOverflow) => TrapKind::Stack,
        _ => TrapKind::Other,
    }
}

/// The result, if there is one; notes if a start function used the stack up.
fn note<T>(result: Result<T, pirn::Error>, overflow: &mut bool) -> Option<T> {
    *overflow = result.as_ref().is_err_and(|error| trap_of(error) == TrapKind::Stack);
    result.ok()
}

/// Runs what `begin` begins to its end, `step` units of fuel at a time.
fn in_steps<R: 'static>(
    store: &mut Store<Vec<Event>>,
    step: u64,
    begin: impl FnOnce(&mut Store<Vec<Event>>) -> pirn::Result<Resumable<R>>,
) -> pirn::Result<R> {
    store.set_fuel(step)?;
    let mut call = begin(store)?;
    let mut pauses = 0;
    loop {
        let paused = match call {
            Resumable::Finished(results) => return Ok(results),
            Resumable::Paused(paused) => paused,
        };
        let PauseReason::OutOfFuel { required } = paused.reason() else { unreachable!("no host function yields") };
        store.set_fuel(if pauses < PAUSES { step.max(required) } else { u64::MAX })?;
        pauses += 1;
        call = paused.resume(&mut *store, &[]).map_err(ResumeError::into_error)?;
    }
}

/// Makes what an import asks for.
fn make(store: &mut Store<Vec<Event>>, module: &str, name: &str, ty: &ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let label = format!("{module}.{name}");
            let types: Vec<_> = ty.results().iter().map(|&ty| type_of(ty)).collect();
            Func::new(&mut *store, ty.clone(), move |mut caller: pirn::Caller<'_, Vec<Event>>, args, results| {
                let args: Vec<_> = args.iter().map(from_val).collect();
                let values = host_results(&label, &args, &types);
                results.iter_mut().zip(values).for_each(|(result, value)| *result = to_val(value));
                caller.data_mut().push(Event::Host { name: label.clone(), args });
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => Global::new(&mut *store, *ty, Val::default_for(ty.content)).ok()?.into(),
        ExternType::Memory(ty) => Memory::new(&mut *store, *ty).ok()?.into(),
        ExternType::Table(ty) => Table::new(&mut *store, *ty, Ref::null(ty.element)).ok()?.into(),
        #[allow(unreachable_patterns, reason = "kinds yet to come")]
        _ => return None,
    })
}

/// The modules one after the other.
fn instantiate(
    engine: &Engine,
    store: &mut Store<Vec<Event>>,
    program: &Program,
    step: Option<u64>,
) -> Result<Vec<Instance>, Event> {
    let mut instances: Vec<Instance> = Vec::new();
    let mut overflow = false;
    for (index, wasm) in program.modules.iter().enumerate() {
        let instance = Module::from_binary(engine, wasm).ok().and_then(|module| {
            let mut imports = Vec::new();
            for import in module.imports() {
                let from = provider(import.module()).and_then(|index| instances.get(index));
                imports.push(match from {
                    Some(instance) => instance.get_export(&*store, import.name())?,
                    None => make(store, import.module(), import.name(), import.ty())?,
                });
            }
            let instance = match step {
                None => Instance::new(&mut *store, &module, &imports),
                Some(step) => in_steps(store, step, |store| Instance::new_resumable(store, &module, &imports)),
            };
            note(instance, &mut overflow)
        });
        let refused = Event::NotInstantiated { module: index };
        instances.push(instance.ok_or(if overflow { Event::Trapped(TrapKind::Stack) } else { refused })?);
    }
    Ok(instances)
}

/// The modules as a group: they import from each other in circles.
fn link(
    engine: &Engine,
    store: &mut Store<Vec<Event>>,
    program: &Program,
    step: Option<u64>,
) -> Result<Vec<Instance>, Event> {
    let refused = |module| Event::NotInstantiated { module };
    let mut linker = Linker::new(engine);
    let mut modules = Vec::new();
    for (index, wasm) in program.modules.iter().enumerate() {
        let module = Module::from_binary(engine, wasm).map_err(|_| refused(index))?;
        for import in module.imports().filter(|import| provider(import.module()).is_none()) {
            let item = make(store, import.module(), import.name(), import.ty()).ok_or_else(|| refused(index))?;
            linker.define(&*store, import.module(), import.name(), item).map_err(|_| refused(index))?;
        }
        modules.push((format!("m{index}"), module));
    }
    let mut group = linker.group();
    for (index, (name, module)) in modules.iter().enumerate() {
        group.module(name, module).map_err(|_| refused(index))?;
    }
    let linked = match step {
        None => group.instantiate(&mut *store),
        Some(step) => in_steps(store, step, |store| group.instantiate_resumable(store)),
    };
    let linked = linked.map_err(|_| refused(0))?;
    Ok(modules.iter().map(|(name, _)| linked.get(name).expect("a module of the group")).collect())
}

/// Runs the program; `calls` come from [`crate::program::plan`].
pub fn run(program: &Program, calls: &[Call], mode: Mode) -> Outcome {
    let mut config = Config::new();
    config.fuse(mode.fuse).loop_registers(mode.loop_registers());
    config.compilation_mode(if mode.eager { CompilationMode::Eager } else { CompilationMode::Lazy });
    config.consume_fuel(mode.step.is_some());
    config.max_wasm_stack(if mode.step.is_some() { STACK_IN_STEPS } else { STACK });
    let engine = Engine::new(&config).expect("a configuration of pirn's own");
    let mut store: Store<Vec<Event>> = Store::new(&engine, Vec::new());
    let instances = if program.merged.is_some() {
        link(&engine, &mut store, program, mode.step)
    } else {
        instantiate(&engine, &mut store, program, mode.step)
    };
    let instances = match instances {
        Ok(instances) => instances,
        Err(event) => {
            store.data_mut().push(event);
            return Outcome { events: store.into_data() };
        }
    };
    for call in calls {
        execute(&mut store, &instances, call, mode.step);
    }
    finish(&mut store, &instances, program);
    Outcome { events: store.into_data() }
}

/// Exported items of an instance, by name.
fn items(store: &Store<Vec<Event>>, instance: &Instance) -> Vec<(String, Extern)> {
    let item = |export: pirn::Export<'_>| (export.name().to_owned(), export.into_extern());
    let mut items: Vec<_> = instance.exports(store).map(item).collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items
}

fn execute(store: &mut Store<Vec<Event>>, instances: &[Instance], call: &Call, step: Option<u64>) {
    for instance in instances {
        if let Some(fuel) = instance.get_global(&*store, FUEL) {
            let _ = fuel.set(&mut *store, Val::I32(FUEL_PER_CALL));
        }
    }
    let Some(func) = instances[call.module].get_func(&*store, &call.name) else { return };
    store.data_mut().push(Event::Call { module: call.module, name: call.name.clone(), args: call.args.clone() });
    let args: Vec<_> = call.args.iter().map(|&arg| to_val(arg)).collect();
    let outcome = match step {
        None => {
            let mut results = vec![Val::I32(0); call.results.len()];
            func.call(&mut *store, &args, &mut results).map(|()| results)
        }
        Some(step) => in_steps(store, step, |store| func.call_resumable(store, &args)),
    };
    let event = match outcome {
        Ok(results) => Event::Returned(results.iter().map(from_val).collect()),
        Err(error) => Event::Trapped(trap_of(&error)),
    };
    store.data_mut().push(event);
    for (module, instance) in instances.iter().enumerate() {
        for (name, item) in items(store, instance) {
            if let Extern::Global(global) = item {
                let value = from_val(&global.get(&*store));
                store.data_mut().push(Event::Global { module, name, value });
            }
        }
    }
}

fn finish(store: &mut Store<Vec<Event>>, instances: &[Instance], program: &Program) {
    for (module, instance) in instances.iter().enumerate() {
        for (name, item) in items(store, instance) {
            let event = match item {
                Extern::Memory(memory) => {
                    Event::Memory { module, name, bytes: Bytes::new(memory.data(&*store), program.floats) }
                }
                Extern::Table(table) => {
                    let null =
                        |index| matches!(table.get(&*store, index), Some(Ref::Func(None) | Ref::Extern(None)) | None);
                    Event::Table { module, name, null: (0..table.size(&*store)).map(null).collect() }
                }
                _ => continue,
            };
            store.data_mut().push(event);
        }
    }
}
