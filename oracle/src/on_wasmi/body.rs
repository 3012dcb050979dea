// A program on one version of wasmi: see `mod.rs`, which includes this once for each, with `wasmi` and what differs in
// scope.

use crate::outcome::{Bytes, Event, Outcome, TrapKind, Type, Value, host_results};
use crate::program::{Call, Exported, FUEL, FUEL_PER_CALL, Program, provider};
use wasmi::{
    Caller, Config, Engine, Extern, ExternType, Func, Global, Instance, Memory, Module, Mutability, Store, Table,
    TrapCode, Val, ValType,
};

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::FuncRef => Type::Func,
        _ => Type::Extern,
    }
}

fn from_val(value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(value) => Value::f32(value.to_bits()),
        Val::F64(value) => Value::f64(value.to_bits()),
        Val::FuncRef(func) => Value::Ref { null: func.is_null(), func: true },
        Val::ExternRef(value) => Value::Ref { null: value.is_null(), func: false },
        other => unreachable!("no such type is on: {other:?}"),
    }
}

fn to_val(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(f32::from_bits(bits).into()),
        Value::F64(bits) => Val::F64(f64::from_bits(bits).into()),
        Value::Ref { func, .. } => null_value(func),
    }
}

fn trap_of(error: &wasmi::Error) -> TrapKind {
    match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => TrapKind::Memory,
        Some(TrapCode::TableOutOfBounds) => TrapKind::Table,
        Some(TrapCode::IndirectCallToNull) => TrapKind::NullElement,
        Some(TrapCode::BadSignature) => TrapKind::Signature,
        Some(TrapCode::IntegerDivisionByZero) => TrapKind::DivideByZero,
        Some(TrapCode::IntegerOverflow) => TrapKind::Overflow,
        Some(TrapCode::BadConversionToInteger) => TrapKind::NotANumber,
        Some(TrapCode::StackOverflow) => TrapKind::Stack,
        Some(TrapCode::OutOfFuel) => TrapKind::GaveUp,
        _ => match error.kind() {
            wasmi::errors::ErrorKind::Table(_) => TrapKind::Table,
            wasmi::errors::ErrorKind::Memory(_) => TrapKind::Memory,
            _ => TrapKind::Other,
        },
    }
}

/// The result, if there is one; notes if a start function used the stack up.
fn note<T>(result: Result<T, wasmi::Error>, overflow: &mut bool) -> Option<T> {
    *overflow = result.as_ref().is_err_and(|error| trap_of(error) == TrapKind::Stack);
    result.ok()
}

/// Makes what an import asks for.
fn make(store: &mut Store<Vec<Event>>, module: &str, name: &str, ty: &ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let label = format!("{module}.{name}");
            let types: Vec<_> = ty.results().iter().map(|&ty| type_of(ty)).collect();
            Func::new(&mut *store, ty.clone(), move |mut caller: Caller<'_, Vec<Event>>, args, results| {
                let args: Vec<_> = args.iter().map(from_val).collect();
                let values = host_results(&label, &args, &types);
                results.iter_mut().zip(values).for_each(|(result, value)| *result = to_val(value));
                caller.data_mut().push(Event::Host { name: label.clone(), args });
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => {
            let mutability = if ty.mutability().is_mut() { Mutability::Var } else { Mutability::Const };
            Global::new(&mut *store, default_value(ty.content()), mutability).into()
        }
        ExternType::Memory(ty) => Memory::new(&mut *store, *ty).ok()?.into(),
        ExternType::Table(ty) => {
            let null = null_element(is_func(ty.element()));
            Table::new(&mut *store, *ty, null).ok()?.into()
        }
    })
}

/// The oracle's view of a program: its exported functions and how it ran.
pub struct Oracle {
    engine: Engine,
    modules: Vec<Option<Module>>,
    /// Instructions a call may take; none if 0.
    fuel: u64,
}

impl Oracle {
    /// Decodes the modules. `fuel` bounds the instructions of all calls together; 0 asks for no bound.
    pub fn new(program: &Program, fuel: u64) -> Self {
        let mut config = Config::default();
        config.wasm_tail_call(true).wasm_extended_const(true).consume_fuel(fuel != 0);
        let engine = Engine::new(&config);
        let modules = program.in_order().iter().map(|wasm| Module::new(&engine, wasm).ok()).collect();
        Self { engine, modules, fuel }
    }

    /// Whether wasmi takes every module.
    pub fn is_valid(&self) -> bool {
        self.modules.iter().all(Option::is_some)
    }

    /// The exported functions.
    pub fn exports(&self, program: &Program) -> Vec<Exported> {
        let mut exports = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            for export in module.iter().flat_map(|module| module.exports()) {
                if let ExternType::Func(ty) = export.ty() {
                    let types = |types: &[ValType]| types.iter().map(|&ty| type_of(ty)).collect();
                    let (module, name) = program.export(index, export.name());
                    exports.push((module, name, types(ty.params()), types(ty.results())));
                }
            }
        }
        exports
    }

    /// Runs the program; `calls` come from [`crate::program::plan`].
    pub fn run(&self, program: &Program, calls: &[Call]) -> Outcome {
        let mut store: Store<Vec<Event>> = Store::new(&self.engine, Vec::new());
        if self.fuel != 0 {
            store.set_fuel(self.fuel).expect("fuel is on");
        }
        let mut instances: Vec<Instance> = Vec::new();
    let mut overflow = false;
        for (index, module) in self.modules.iter().enumerate() {
            let instance = module.as_ref().and_then(|module| {
                let mut imports = Vec::new();
                for import in module.imports() {
                    let from = provider(import.module()).and_then(|index| instances.get(index));
                    imports.push(match from {
                        Some(instance) => instance.get_export(&store, import.name())?,
                        None => make(&mut store, import.module(), import.name(), import.ty())?,
                    });
                }
                note(Instance::new(&mut store, module, &imports), &mut overflow)
            });
            let Some(instance) = instance else {
                let refused = Event::NotInstantiated { module: index };
                store.data_mut().push(if overflow { Event::Trapped(TrapKind::Stack) } else { refused });
                return Outcome { events: store.into_data() };
            };
            instances.push(instance);
        }
        for call in calls {
            self.execute(&mut store, &instances, program, call);
        }
        self.finish(&mut store, &instances, program);
        Outcome { events: store.into_data() }
    }

    /// Exported items of an instance, by name.
    fn items(&self, store: &Store<Vec<Event>>, index: usize, instance: &Instance) -> Vec<(String, Extern)> {
        let module = self.modules[index].as_ref().expect("instantiated");
        let item = |name: &str| instance.get_export(store, name).expect("an export of its module");
        let mut items: Vec<_> =
            module.exports().map(|export| (export.name().to_owned(), item(export.name()))).collect();
        items.sort_by(|a, b| a.0.cmp(&b.0));
        items
    }

    fn execute(&self, store: &mut Store<Vec<Event>>, instances: &[Instance], program: &Program, call: &Call) {
        let fuel_name = program.place(0, FUEL).1;
        for instance in instances {
            if let Some(fuel) = instance.get_global(&*store, &fuel_name) {
                let _ = fuel.set(&mut *store, Val::I32(FUEL_PER_CALL));
            }
        }
        let (at, name) = program.place(call.module, &call.name);
        let Some(func) = instances[at].get_func(&*store, &name) else { return };
        store.data_mut().push(Event::Call { module: call.module, name: call.name.clone(), args: call.args.clone() });
        let args: Vec<_> = call.args.iter().map(|&arg| to_val(arg)).collect();
        let mut results: Vec<_> = call.results.iter().map(|_| Val::I32(0)).collect();
        let event = match func.call(&mut *store, &args, &mut results) {
            Ok(()) => Event::Returned(results.iter().map(from_val).collect()),
            Err(error) => Event::Trapped(trap_of(&error)),
        };
        store.data_mut().push(event);
        for (module, instance) in instances.iter().enumerate() {
            for (name, item) in self.items(store, module, instance) {
                if let Extern::Global(global) = item {
                    let value = from_val(&global.get(&*store));
                    let (module, name) = program.export(module, &name);
                    store.data_mut().push(Event::Global { module, name, value });
                }
            }
        }
    }

    fn finish(&self, store: &mut Store<Vec<Event>>, instances: &[Instance], program: &Program) {
        for (module, instance) in instances.iter().enumerate() {
            for (name, item) in self.items(store, module, instance) {
                let (module, name) = program.export(module, &name);
                let event = match item {
                    Extern::Memory(memory) => {
                        Event::Memory { module, name, bytes: Bytes::new(memory.data(&*store), program.floats) }
                    }
                    Extern::Table(table) => {
                        let null = |index| table.get(&*store, index).is_none_or(|element| is_null(&element));
                        Event::Table { module, name, null: (0..table.size(&*store)).map(null).collect() }
                    }
                    _ => continue,
                };
                store.data_mut().push(event);
            }
        }
    }
}
