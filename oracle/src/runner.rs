//! What is done with a program on every engine: the calls, and looking at what they leave behind.

use crate::outcome::{Bytes, Event, Frame, Outcome, Trace, TrapKind, Type, Value, host_results};
use crate::program::{Call, FUEL, FUEL_PER_CALL, LOOK, Program};
use std::sync::Arc;

/// A store of some engine, with the instances of a program.
pub trait Runner {
    /// What an instance exports.
    type Item;

    /// Whether modules that import from each other in circles are linked, and not merged into one.
    const LINKS_CIRCLES: bool = false;

    /// Makes the instances; fails with what was seen of the one that there is not.
    fn instantiate(&mut self, program: &Program) -> Result<(), Event>;

    /// How many instances there are.
    fn instances(&self) -> usize;

    /// Exported items of an instance.
    fn items(&mut self, instance: usize) -> Vec<(String, Self::Item)>;

    /// Sets the exported global of this name, if there is one.
    fn set_global(&mut self, instance: usize, name: &str, value: Value);

    /// Calls the exported function of this name; gives its results, which are so many.
    fn call(&mut self, instance: usize, name: &str, args: &[Value], results: usize) -> Result<Vec<Value>, Failure>;

    /// The value, if it is a global.
    fn global(&mut self, item: &Self::Item) -> Option<Value>;

    /// The bytes, if it is a memory.
    fn memory(&self, item: &Self::Item) -> Option<&[u8]>;

    /// Of each element whether it is null, if it is a table.
    fn table(&mut self, item: &Self::Item) -> Option<Vec<bool>>;

    /// What was seen so far: the store's data.
    fn events(&mut self) -> &mut Vec<Event>;
}

/// How deep objects are looked into.
pub const DEPTH: usize = 3;
/// How many fields or elements of each are looked at.
pub const PARTS: usize = 6;

/// Why a call did not return, and the frames where that was, if the engine says so.
pub type Failure = (TrapKind, Vec<Frame>);

/// What is seen of a module that was refused, could not be linked, or whose start function trapped.
pub fn refused(module: usize, trap: Option<TrapKind>) -> Event {
    // How deep the stack is, and how large the heap, is the engine's choice.
    match trap {
        Some(trap @ (TrapKind::Stack | TrapKind::GaveUp)) => Event::Trapped(trap),
        _ => Event::NotInstantiated { module },
    }
}

/// Runs the program; `calls` come from [`crate::program::plan`].
pub fn run<R: Runner>(mut runner: R, program: &Program, calls: &[Call]) -> Outcome {
    let mut traces = Vec::new();
    match runner.instantiate(program) {
        Ok(()) => {
            let items = items(&mut runner, program);
            calls.iter().for_each(|call| execute(&mut runner, program, &items, call, &mut traces));
            finish(&mut runner, program, &items);
        }
        Err(event) => runner.events().push(event),
    }
    Outcome { events: std::mem::take(runner.events()), traces }
}

/// Instance and name of what a program calls so, on this engine.
fn place<R: Runner>(program: &Program, module: usize, name: &str) -> (usize, String) {
    if R::LINKS_CIRCLES { (module, name.to_owned()) } else { program.place(module, name) }
}

/// An item that an instance exports: the module it belongs to, its name there, and itself.
type Named<R> = (usize, Arc<str>, <R as Runner>::Item);

/// The items of all instances by name. What an instance exports never changes, so they are asked for once.
fn items<R: Runner>(runner: &mut R, program: &Program) -> Vec<Named<R>> {
    let mut items = Vec::new();
    for instance in 0..runner.instances() {
        let mut own = runner.items(instance);
        own.sort_by(|a, b| a.0.cmp(&b.0));
        items.extend(own.into_iter().map(|(name, item)| {
            let (module, name) = if R::LINKS_CIRCLES { (instance, name) } else { program.export(instance, &name) };
            (module, name.into(), item)
        }));
    }
    items
}

fn execute<R: Runner>(runner: &mut R, program: &Program, items: &[Named<R>], call: &Call, traces: &mut Vec<Trace>) {
    let (_, fuel) = place::<R>(program, 0, FUEL);
    for instance in 0..runner.instances() {
        runner.set_global(instance, &fuel, Value::I32(FUEL_PER_CALL));
    }
    let (instance, name) = place::<R>(program, call.module, &call.name);
    runner.events().push(Event::Call { module: call.module, name: call.name.clone(), args: call.args.clone() });
    let event = match runner.call(instance, &name, &call.args, call.results.len()) {
        Ok(results) => Event::Returned(results),
        Err((TrapKind::Thrown, _)) => Event::Trapped(TrapKind::Thrown),
        Err((trap, frames)) => {
            traces.push(Trace { event: runner.events().len(), frames });
            Event::Trapped(trap)
        }
    };
    runner.events().push(event);
    for (module, name, item) in items {
        if let Some(value) = runner.global(item) {
            runner.events().push(Event::Global { module: *module, name: name.clone(), value });
        }
    }
}

fn finish<R: Runner>(runner: &mut R, program: &Program, items: &[Named<R>]) {
    for (module, name, _) in items.iter().filter(|(_, name, _)| &**name == LOOK) {
        let (instance, name) = place::<R>(program, *module, name);
        // What is seen of it is the memory.
        let _ = runner.call(instance, &name, &[], 0);
    }
    for (module, name, item) in items {
        let (module, name) = (*module, name.clone());
        let event = if let Some(bytes) = runner.memory(item) {
            Event::Memory { module, name, bytes: Bytes::new(bytes, program.floats) }
        } else if let Some(null) = runner.table(item) {
            Event::Table { module, name, null }
        } else {
            continue;
        };
        runner.events().push(event);
    }
}

/// A function that the host makes for an import.
pub struct Host {
    name: String,
    results: Vec<Type>,
}

impl Host {
    /// What `module.name` is to return.
    pub fn new(module: &str, name: &str, results: impl IntoIterator<Item = Type>) -> Self {
        Self { name: format!("{module}.{name}"), results: results.into_iter().collect() }
    }

    /// What is seen of a call, and its results, if there are values of their types.
    pub fn call(&self, args: Vec<Value>) -> (Event, Option<Vec<Value>>) {
        let has_results = self.results.iter().all(|ty| ty.has_values());
        let results = has_results.then(|| host_results(&self.name, &args, &self.results));
        (Event::Host { name: self.name.clone(), args }, results)
    }
}

/// What engines' APIs let one write in the same words. The engine's types are in scope, and `make`, `nulls`, `from_val`,
/// `to_val`, `trap_of` and `frames_of`; methods are of a type with a `store` and its `instances`.
macro_rules! in_the_same_words {
    // Conversions, where floats are bits and references options.
    (values) => {
        fn from_val(store: &mut StoreContextMut<'_, Vec<Event>>, value: &Val) -> Value {
            look(store, value, runner::DEPTH)
        }

        /// A value, objects so deep.
        fn look(store: &mut StoreContextMut<'_, Vec<Event>>, value: &Val, depth: usize) -> Value {
            match value {
                Val::I32(value) => Value::I32(*value),
                Val::I64(value) => Value::I64(*value),
                Val::F32(bits) => Value::f32(*bits),
                Val::F64(bits) => Value::f64(*bits),
                Val::V128(bits) => Value::V128(bits.as_u128()),
                Val::FuncRef(func) => Value::Ref { null: func.is_none(), func: true },
                Val::ExternRef(None) => Value::Ref { null: true, func: false },
                Val::ExternRef(Some(value)) => match host_value(store, value) {
                    Some(value) => Value::Host(value),
                    None => Value::Ref { null: false, func: false },
                },
                Val::AnyRef(None) => Value::Null(Top::Any),
                Val::AnyRef(Some(value)) => {
                    if let Ok(Some(value)) = value.as_i31(&*store) {
                        return Value::I31(value.get_i32());
                    }
                    let (kind, parts) = if let Ok(Some(value)) = value.as_struct(&*store) {
                        let fields = (0..runner::PARTS).map_while(|index| value.field(&mut *store, index).ok());
                        (Object::Struct, fields.collect::<Vec<_>>())
                    } else if let Ok(Some(value)) = value.as_array(&*store) {
                        let len = value.len(&*store).expect("an array has a length");
                        let elements =
                            (0..len.min(runner::PARTS as u32)).map_while(|index| value.get(&mut *store, index).ok());
                        (Object::Array, std::iter::once(Val::I32(len as i32)).chain(elements).collect())
                    } else {
                        (Object::Converted, Vec::new())
                    };
                    parts_of(store, kind, parts, depth)
                }
                Val::ExnRef(None) => Value::Null(Top::Exn),
                Val::ExnRef(Some(value)) => {
                    let fields = (0..runner::PARTS).map_while(|index| value.field(&mut *store, index).ok());
                    let fields = fields.collect();
                    parts_of(store, Object::Exception, fields, depth)
                }
                #[allow(unreachable_patterns, reason = "not every engine has more")]
                other => unreachable!("no such type is on: {other:?}"),
            }
        }

        fn parts_of(store: &mut StoreContextMut<'_, Vec<Event>>, kind: Object, parts: Vec<Val>, depth: usize) -> Value {
            let parts = if depth == 0 { Vec::new() } else { parts };
            let seen: Vec<_> = parts.iter().map(|part| look(store, part, depth - 1)).collect();
            Value::object(kind, seen)
        }

        fn to_val(store: &mut StoreContextMut<'_, Vec<Event>>, value: Value) -> Val {
            match value {
                Value::I32(value) => Val::I32(value),
                Value::I64(value) => Val::I64(value),
                Value::F32(bits) => Val::F32(bits),
                Value::F64(bits) => Val::F64(bits),
                Value::V128(bits) => Val::V128(bits.into()),
                Value::Ref { func: true, .. } => Val::FuncRef(None),
                Value::Ref { func: false, .. } => Val::ExternRef(None),
                Value::I31(value) => Val::AnyRef(Some(AnyRef::from_i31(&mut *store, I31::wrapping_i32(value)))),
                Value::Host(value) => Val::ExternRef(Some(new_host_value(store, value))),
                Value::Null(Top::Func) => Val::FuncRef(None),
                Value::Null(Top::Extern) => Val::ExternRef(None),
                Value::Null(Top::Any) => Val::AnyRef(None),
                Value::Null(Top::Exn) => Val::ExnRef(None),
                Value::Object { .. } => unreachable!("the host makes no objects"),
            }
        }
    };
    // Backtraces, of engines that have those.
    (frames) => {
        /// The frames of an error, whose modules are among these.
        fn frames_of(modules: &[Option<Module>], error: &Error, offsets: bool) -> Vec<Frame> {
            let is = |module: &Module, other: &Option<Module>| {
                other.as_ref().is_some_and(|other| Module::same(module, other))
            };
            let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], WasmBacktrace::frames);
            let frame = |frame: &FrameInfo| Frame {
                module: modules.iter().position(|other| is(frame.module(), other)),
                funcidx: pirn_decode::FuncIdx(frame.func_index()),
                offset: if offsets { frame.module_offset() } else { None },
            };
            frames.iter().map(frame).collect()
        }
    };
    // Methods of the type itself. The one that calls has the name it is given.
    (inherent, $call:ident) => {
        /// What a module imports, from instances there are and from the host.
        fn imports(&mut self, module: &Module) -> Option<Vec<Extern>> {
            let mut imports = Vec::new();
            for import in module.imports() {
                let from = provider(import.module()).and_then(|index| self.instances.get(index));
                imports.push(match from {
                    Some(instance) => instance.get_export(&mut self.store, import.name())?,
                    None => make(&mut self.store, import.module(), import.name(), import.ty().clone())?,
                });
            }
            Some(imports)
        }

        /// Calls a function in one go; it has so many results.
        fn $call(&mut self, func: Func, args: &[Val], results: usize) -> Result<Vec<Val>, Error> {
            let mut values = vec![Val::I32(0); results];
            func.call(&mut self.store, args, &mut values).map(|()| values)
        }
    };
    // Methods of `Runner`, but for `instantiate`, for a type with `call_func`.
    (runner) => {
        type Item = Extern;

        fn instances(&self) -> usize {
            self.instances.len()
        }

        fn items(&mut self, instance: usize) -> Vec<(String, Extern)> {
            let exports = self.instances[instance].exports(&mut self.store);
            exports.map(|export| (export.name().to_owned(), export.into_extern())).collect()
        }

        fn set_global(&mut self, instance: usize, name: &str, value: Value) {
            if let Some(global) = self.instances[instance].get_global(&mut self.store, name) {
                let value = to_val(&mut self.store.as_context_mut(), value);
                let _ = global.set(&mut self.store, value);
            }
        }

        fn call(
            &mut self,
            instance: usize,
            name: &str,
            args: &[Value],
            results: usize,
        ) -> Result<Vec<Value>, runner::Failure> {
            let none = || (TrapKind::Other, Vec::new());
            let func = self.instances[instance].get_func(&mut self.store, name).ok_or_else(none)?;
            let args: Vec<_> = args.iter().map(|&arg| to_val(&mut self.store.as_context_mut(), arg)).collect();
            let values = self.call_func(func, &args, results);
            let mut store = self.store.as_context_mut();
            match values {
                Ok(values) => Ok(values.iter().map(|value| from_val(&mut store, value)).collect()),
                Err(error) => {
                    let trap = trap_of(&error);
                    if trap == TrapKind::Thrown {
                        let values = thrown(&mut store);
                        store.data_mut().push(Event::Thrown(values));
                    }
                    Err((trap, frames_of(self.modules(), &error, self.offsets())))
                }
            }
        }

        fn global(&mut self, item: &Extern) -> Option<Value> {
            let Extern::Global(global) = item else { return None };
            let value = global.get(&mut self.store);
            Some(from_val(&mut self.store.as_context_mut(), &value))
        }

        fn memory(&self, item: &Extern) -> Option<&[u8]> {
            if let Extern::Memory(memory) = item { Some(memory.data(&self.store)) } else { None }
        }

        fn table(&mut self, item: &Extern) -> Option<Vec<bool>> {
            if let Extern::Table(table) = item { Some(nulls(&mut self.store, table)) } else { None }
        }

        fn events(&mut self) -> &mut Vec<Event> {
            self.store.data_mut()
        }
    };
    // An engine that says what is right, but for `new`. `signature` gives a function's type.
    (oracle) => {
        /// The engine's view of a program: its exported functions and how it ran.
        pub struct Oracle {
            engine: Engine,
            modules: Vec<Option<Module>>,
            fuel: u64,
        }

        impl Oracle {
            fn on(engine: Engine, program: &Program, fuel: u64) -> Self {
                let mut is_valid = true;
                // If one is refused, nobody needs the others.
                let decode = |wasm: &Vec<u8>| {
                    let module = is_valid.then(|| Module::new(&engine, wasm).ok()).flatten();
                    is_valid = module.is_some();
                    module
                };
                let modules = program.in_order().iter().map(decode).collect();
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
                            let (module, name) = program.export(index, export.name());
                            let (params, results) = signature(&ty);
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
                runner::run(Running { oracle: self, store, instances: Vec::new() }, program, calls)
            }
        }

        /// A program that runs.
        struct Running<'a> {
            oracle: &'a Oracle,
            store: Store<Vec<Event>>,
            instances: Vec<Instance>,
        }

        impl Running<'_> {
            runner::in_the_same_words!(inherent, call_func);

            fn modules(&self) -> &[Option<Module>] {
                &self.oracle.modules
            }

            fn offsets(&self) -> bool {
                true
            }
        }

        impl Runner for Running<'_> {
            runner::in_the_same_words!(runner);

            fn instantiate(&mut self, _: &Program) -> Result<(), Event> {
                for (index, module) in self.oracle.modules.iter().enumerate() {
                    let refused = |error: Option<Error>| runner::refused(index, error.as_ref().map(trap_of));
                    let module = module.as_ref().ok_or_else(|| refused(None))?;
                    let imports = self.imports(module).ok_or_else(|| refused(None))?;
                    let instance = Instance::new(&mut self.store, module, &imports);
                    self.instances.push(instance.map_err(|error| refused(Some(error)))?);
                }
                Ok(())
            }
        }
    };
}
pub(crate) use in_the_same_words;
