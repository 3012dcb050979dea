//! A program on wasmtime: the authority.

use crate::outcome::{Bytes, Event, Outcome, TrapKind, Type, Value, host_results};
use crate::program::{Call, Exported, FUEL, FUEL_PER_CALL, Program, provider};
use std::sync::LazyLock;
use wasmtime::{
    Caller, Config, Engine, Extern, ExternType, Func, Global, HeapType, Instance, Memory, Module, Ref, RefType, Store,
    Table, Trap, Val, ValType,
};

fn is_func(ty: &RefType) -> bool {
    matches!(ty.heap_type(), HeapType::Func)
}

fn type_of(ty: &ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::Ref(ty) if is_func(ty) => Type::Func,
        _ => Type::Extern,
    }
}

fn from_val(value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(bits) => Value::f32(*bits),
        Val::F64(bits) => Value::f64(*bits),
        Val::FuncRef(func) => Value::Ref { null: func.is_none(), func: true },
        Val::ExternRef(value) => Value::Ref { null: value.is_none(), func: false },
        other => unreachable!("no such type is on: {other:?}"),
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

fn zero(ty: &ValType) -> Val {
    match type_of(ty) {
        Type::I32 => Val::I32(0),
        Type::I64 => Val::I64(0),
        Type::F32 => Val::F32(0),
        Type::F64 => Val::F64(0),
        Type::Func => Val::FuncRef(None),
        Type::Extern => Val::ExternRef(None),
    }
}

fn trap_of(error: &wasmtime::Error) -> TrapKind {
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds) => TrapKind::Memory,
        Some(Trap::TableOutOfBounds) => TrapKind::Table,
        Some(Trap::IndirectCallToNull) => TrapKind::NullElement,
        Some(Trap::BadSignature) => TrapKind::Signature,
        Some(Trap::IntegerDivisionByZero) => TrapKind::DivideByZero,
        Some(Trap::IntegerOverflow) => TrapKind::Overflow,
        Some(Trap::BadConversionToInteger) => TrapKind::NotANumber,
        Some(Trap::StackOverflow) => TrapKind::Stack,
        Some(Trap::OutOfFuel) => TrapKind::GaveUp,
        _ => TrapKind::Other,
    }
}

/// Makes what an import asks for.
fn make(store: &mut Store<Vec<Event>>, module: &str, name: &str, ty: &ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let label = format!("{module}.{name}");
            let types: Vec<_> = ty.results().map(|ty| type_of(&ty)).collect();
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
            let value = zero(ty.content());
            Global::new(&mut *store, ty.clone(), value).ok()?.into()
        }
        ExternType::Memory(ty) => Memory::new(&mut *store, ty.clone()).ok()?.into(),
        ExternType::Table(ty) => {
            let null = if is_func(ty.element()) { Ref::Func(None) } else { Ref::Extern(None) };
            Table::new(&mut *store, ty.clone(), null).ok()?.into()
        }
        _ => return None,
    })
}

/// wasmtime's view of a program: its exported functions and how it ran.
pub struct Oracle {
    engine: Engine,
    modules: Vec<Option<Module>>,
    /// Instructions all calls may take; none if 0.
    fuel: u64,
}

impl Oracle {
    /// Compiles the modules. `fuel` bounds the instructions of all calls together; 0 asks for no bound.
    pub fn new(program: &Program, fuel: u64) -> Self {
        // Making an engine takes longer than most programs do.
        static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| {
            [false, true].map(|fuel| {
                let mut config = Config::new();
                config.wasm_tail_call(true).wasm_extended_const(true).consume_fuel(fuel);
                config.max_wasm_stack(512 << 10).memory_reservation(1 << 20).memory_guard_size(0);
                Engine::new(&config).expect("a valid configuration")
            })
        });
        let engine = ENGINES[usize::from(fuel != 0)].clone();
        let modules = program.in_order().iter().map(|wasm| Module::from_binary(&engine, wasm).ok()).collect();
        Self { engine, modules, fuel }
    }

    /// Whether it takes every module.
    pub fn is_valid(&self) -> bool {
        self.modules.iter().all(Option::is_some)
    }

    /// The exported functions.
    pub fn exports(&self, program: &Program) -> Vec<Exported> {
        let mut exports = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            for export in module.iter().flat_map(|module| module.exports()) {
                if let ExternType::Func(ty) = export.ty() {
                    let params = ty.params().map(|ty| type_of(&ty)).collect();
                    let results = ty.results().map(|ty| type_of(&ty)).collect();
                    let (module, name) = program.export(index, export.name());
                    exports.push((module, name, params, results));
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
        for (index, module) in self.modules.iter().enumerate() {
            let mut overflow = false;
            let instance = module.as_ref().and_then(|module| {
                let mut imports = Vec::new();
                for import in module.imports() {
                    let from = provider(import.module()).and_then(|index| instances.get(index));
                    imports.push(match from {
                        Some(instance) => instance.get_export(&mut store, import.name())?,
                        None => make(&mut store, import.module(), import.name(), &import.ty())?,
                    });
                }
                let instance = Instance::new(&mut store, module, &imports);
                overflow = instance.as_ref().is_err_and(|error| trap_of(error) == TrapKind::Stack);
                instance.ok()
            });
            let Some(instance) = instance else {
                let refused = Event::NotInstantiated { module: index };
                store.data_mut().push(if overflow { Event::Trapped(TrapKind::Stack) } else { refused });
                return Outcome { events: store.into_data() };
            };
            instances.push(instance);
        }
        for call in calls {
            execute(&mut store, &instances, program, call);
        }
        finish(&mut store, &instances, program);
        Outcome { events: store.into_data() }
    }
}

/// Exported items of an instance, by name.
fn items(store: &mut Store<Vec<Event>>, instance: &Instance) -> Vec<(String, Extern)> {
    let item = |export: wasmtime::Export<'_>| (export.name().to_owned(), export.into_extern());
    let mut items: Vec<_> = instance.exports(store).map(item).collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items
}

fn execute(store: &mut Store<Vec<Event>>, instances: &[Instance], program: &Program, call: &Call) {
    let fuel_name = program.place(0, FUEL).1;
    for instance in instances {
        if let Some(fuel) = instance.get_global(&mut *store, &fuel_name) {
            let _ = fuel.set(&mut *store, Val::I32(FUEL_PER_CALL));
        }
    }
    let (at, name) = program.place(call.module, &call.name);
    let Some(func) = instances[at].get_func(&mut *store, &name) else { return };
    store.data_mut().push(Event::Call { module: call.module, name: call.name.clone(), args: call.args.clone() });
    let args: Vec<_> = call.args.iter().map(|&arg| to_val(arg)).collect();
    let mut results = vec![Val::I32(0); call.results.len()];
    let event = match func.call(&mut *store, &args, &mut results) {
        Ok(()) => Event::Returned(results.iter().map(from_val).collect()),
        Err(error) => Event::Trapped(trap_of(&error)),
    };
    store.data_mut().push(event);
    for (index, instance) in instances.iter().enumerate() {
        for (name, item) in items(store, instance) {
            if let Extern::Global(global) = item {
                let value = from_val(&global.get(&mut *store));
                let (module, name) = program.export(index, &name);
                store.data_mut().push(Event::Global { module, name, value });
            }
        }
    }
}

fn finish(store: &mut Store<Vec<Event>>, instances: &[Instance], program: &Program) {
    for (index, instance) in instances.iter().enumerate() {
        for (name, item) in items(store, instance) {
            let (module, name) = program.export(index, &name);
            let event = match item {
                Extern::Memory(memory) => {
                    Event::Memory { module, name, bytes: Bytes::new(memory.data(&*store), program.floats) }
                }
                Extern::Table(table) => {
                    let size = table.size(&*store);
                    let mut null = |index| {
                        matches!(table.get(&mut *store, index), Some(Ref::Func(None) | Ref::Extern(None)) | None)
                    };
                    Event::Table { module, name, null: (0..size).map(&mut null).collect() }
                }
                _ => continue,
            };
            store.data_mut().push(event);
        }
    }
}
