//! A program on pirn.

use crate::outcome::{Event, FRAMES, Frame, Object, Outcome, Top, TrapKind, Type, Value};
use crate::program::{Call, Exported, Program, provider};
use crate::runner::{self, Host, Runner};
use pirn::{
    AnyRef, AsContextMut, CompilationMode, Config, Engine, Error, Extern, ExternRef, ExternType, FrameInfo, Func,
    GcStress, Global, HeapType, I31, Instance, Linker, Memory, Module, PauseReason, Ref, Resumable, ResumeError,
    Rooted, SharedMemory, Store, StoreContextMut, StoreLimitsBuilder, Table, Tag, ThrownException, Trap,
    UpdateDeadline, Val, ValType, WasmBacktrace,
};
use std::cell::RefCell;

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
    /// What code does about deadlines.
    pub deadline: Deadline,
    /// What everything that allocates does about collecting.
    pub stress: GcStress,
}

/// What code does about deadlines, where it asks for the epoch at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// It does not ask.
    None,
    /// It is never reached.
    Far,
    /// It has passed wherever code asks, and code is told to go on.
    Passed,
    /// It has passed, and every other time the call pauses.
    Pauses,
}

impl Deadline {
    /// Those that code asks for.
    pub const SOME: [Self; 3] = [Self::Far, Self::Passed, Self::Pauses];

    /// Whether code asks.
    pub fn is_some(self) -> bool {
        self != Self::None
    }

    fn set(self, store: &mut Store<Vec<Event>>) {
        store.set_epoch_deadline(if self == Self::Far { u64::MAX } else { 0 });
        if matches!(self, Self::Passed | Self::Pauses) {
            let mut asked = 0;
            store.epoch_deadline_callback(move |_| {
                asked += 1;
                // A cell that asks does so again when its call goes on.
                Ok(match asked {
                    ASKS.. => UpdateDeadline::Continue(u64::MAX),
                    _ if self == Self::Pauses && asked % 2 == 1 => UpdateDeadline::Yield(0),
                    _ => UpdateDeadline::Continue(0),
                })
            });
        }
    }
}

/// How often a call pauses; what is left of it then runs in one go. Most calls are over by then, and at a unit of fuel a
/// time a long loop would take as long as many programs.
const PAUSES: u32 = 500;

/// How often a program is late: its deadline is never reached again then.
const ASKS: u32 = 5_000;

/// Bytes of value stacks. Each store makes a new one for calls that pause, and clearing a megabyte takes longer than
/// most programs do.
const STACK: usize = 1 << 20;
const STACK_IN_STEPS: usize = 1 << 18;

/// Bytes of objects, more than programs use that end soon.
const HEAP: u64 = 64 << 20;

/// Which dispatcher this program was built with.
pub const DISPATCHER: &str = pirn_exec::inspect::DISPATCHER;

impl Mode {
    /// Every way in one go.
    pub const PLAIN: [Self; 4] = [
        Self { fuse: true, eager: false, step: None, deadline: Deadline::None, stress: GcStress::None },
        Self { fuse: false, eager: true, step: None, deadline: Deadline::None, stress: GcStress::None },
        Self { fuse: true, eager: true, step: None, deadline: Deadline::None, stress: GcStress::Collect },
        Self { fuse: false, eager: false, step: None, deadline: Deadline::None, stress: GcStress::Step },
    ];

    /// The fuel steps of resumed ways.
    pub const STEPS: [u64; 3] = [1, 7, 1_000];

    /// Whether calls pause.
    fn pauses(self) -> bool {
        self.step.is_some() || self.deadline == Deadline::Pauses
    }

    /// The ways a seed's program runs: all in one go, one in steps, perhaps with a deadline, and one with a deadline.
    pub fn of_seed(seed: u64) -> [Self; 6] {
        let [a, b, c, d] = Self::PLAIN;
        let step = Some(Self::STEPS[(seed % 3) as usize]);
        let (fuse, eager) = (seed & 1 == 0, seed & 2 != 0);
        let deadline = Deadline::SOME[(seed / 4 % 3) as usize];
        let (some, other) =
            if seed & 16 == 0 { (GcStress::Collect, GcStress::Step) } else { (GcStress::Step, GcStress::None) };
        let (stress, other) = if seed & 8 == 0 { (some, other) } else { (other, some) };
        let timed = Self { fuse: !fuse, eager, step: None, deadline, stress: other };
        let both = [Deadline::None, Deadline::None, Deadline::Far, Deadline::Pauses][(seed / 4 % 4) as usize];
        [a, b, c, d, Self { fuse, eager, step, deadline: both, stress }, timed]
    }
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) => match (ty.heap_type(), ty.is_nullable()) {
            (HeapType::Func, true) => Type::Func,
            (HeapType::Extern, true) => Type::Extern,
            (heap, null) => {
                Type::Ref { top: top(heap), null, i31: matches!(heap, HeapType::Any | HeapType::Eq | HeapType::I31) }
            }
        },
    }
}

fn top(heap: HeapType) -> Top {
    match heap.top() {
        HeapType::Func => Top::Func,
        HeapType::Extern => Top::Extern,
        HeapType::Exn => Top::Exn,
        _ => Top::Any,
    }
}

/// What a host function ends with that has no value for its results.
#[derive(Debug)]
struct NoValue;

impl std::fmt::Display for NoValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the host has no such value")
    }
}

impl std::error::Error for NoValue {}

/// The value of the host that a reference is to.
fn host_value(store: &mut StoreContextMut<'_, Vec<Event>>, value: &Rooted<ExternRef>) -> Option<u32> {
    value.data(&*store).ok()??.downcast_ref().copied()
}

fn new_host_value(store: &mut StoreContextMut<'_, Vec<Event>>, value: u32) -> Rooted<ExternRef> {
    ExternRef::new(&mut *store, value)
}

/// The values of the exception that nothing caught.
fn thrown(store: &mut StoreContextMut<'_, Vec<Event>>) -> Vec<Value> {
    let Some(exception) = store.take_pending_exception() else { return Vec::new() };
    let fields = exception.fields(&*store).expect("it is rooted").collect::<Vec<_>>();
    fields.iter().map(|value| from_val(store, value)).collect()
}

runner::in_the_same_words!(values);
runner::in_the_same_words!(frames);

fn trap_of(error: &Error) -> TrapKind {
    match error.trap() {
        Some(Trap::Unreachable) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds) => TrapKind::Memory,
        Some(Trap::TableOutOfBounds | Trap::UndefinedElement) => TrapKind::Table,
        Some(Trap::UninitializedElement) => TrapKind::NullElement,
        Some(Trap::IndirectCallTypeMismatch) => TrapKind::Signature,
        Some(Trap::IntegerDivideByZero) => TrapKind::DivideByZero,
        Some(Trap::IntegerOverflow) => TrapKind::Overflow,
        Some(Trap::InvalidConversionToInteger) => TrapKind::NotANumber,
        Some(Trap::HeapMisaligned) => TrapKind::Unaligned,
        Some(Trap::AtomicWaitNonSharedMemory) => TrapKind::NotShared,
        Some(Trap::StackOverflow) => TrapKind::Stack,
        Some(
            Trap::NullReference
            | Trap::NullFuncReference
            | Trap::NullExceptionReference
            | Trap::NullStructReference
            | Trap::NullArrayReference
            | Trap::NullI31Reference,
        ) => TrapKind::NullReference,
        Some(Trap::ArrayOutOfBounds) => TrapKind::Array,
        Some(Trap::CastFailure) => TrapKind::Cast,
        // How much room there is, is the engine's choice.
        Some(Trap::GcHeapOutOfMemory) => TrapKind::GaveUp,
        None if error.is::<ThrownException>() => TrapKind::Thrown,
        _ => TrapKind::Other,
    }
}

/// Runs what `begin` begins to its end, `step` units of fuel at a time if it needs any, and as often as it pauses.
fn in_steps<R: 'static>(
    store: &mut Store<Vec<Event>>,
    step: Option<u64>,
    begin: impl FnOnce(&mut Store<Vec<Event>>) -> Result<Resumable<R>, Error>,
) -> Result<R, Error> {
    if let Some(step) = step {
        store.set_fuel(step)?;
    }
    let mut call = begin(store)?;
    let mut pauses = 0;
    loop {
        let paused = match call {
            Resumable::Finished(results) => return Ok(results),
            Resumable::Paused(paused) => paused,
        };
        match (paused.reason(), step) {
            (PauseReason::Deadline, _) => {}
            (PauseReason::OutOfFuel { required }, Some(step)) => {
                store.set_fuel(if pauses < PAUSES { step.max(required) } else { u64::MAX })?;
                pauses += 1;
            }
            _ => unreachable!("no host function yields"),
        }
        call = paused.resume(&mut *store, &[]).map_err(ResumeError::into_error)?;
    }
}

/// Makes what an import asks for.
fn make(store: &mut Store<Vec<Event>>, module: &str, name: &str, ty: ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let host = Host::new(module, name, ty.results().iter().map(|&ty| type_of(ty)));
            Func::new(&mut *store, ty, move |mut caller: pirn::Caller<'_, Vec<Event>>, args, results| {
                let mut store = caller.as_context_mut();
                let (event, values) = host.call(args.iter().map(|arg| from_val(&mut store, arg)).collect());
                store.data_mut().push(event);
                let values = values.ok_or_else(|| Error::new(NoValue))?;
                results.iter_mut().zip(values).for_each(|(result, value)| *result = to_val(&mut store, value));
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => Global::new(&mut *store, ty, Val::default_for(ty.content)).ok()?.into(),
        ExternType::Memory(ty) if ty.shared => SharedMemory::new(store.engine(), ty).ok()?.into(),
        ExternType::Memory(ty) => Memory::new(&mut *store, ty).ok()?.into(),
        ExternType::Table(ty) => Table::new(&mut *store, ty, Ref::null(ty.element)).ok()?.into(),
        ExternType::Tag(ty) => Tag::new(&mut *store, &ty).ok()?.into(),
        #[allow(unreachable_patterns, reason = "kinds yet to come")]
        _ => return None,
    })
}

/// Of each element whether it is null.
fn nulls(store: &mut Store<Vec<Event>>, table: &Table) -> Vec<bool> {
    let null = |index| table.get(&*store, index).is_none_or(|element| element.is_null());
    (0..table.size(&*store)).map(null).collect()
}

/// A program that runs.
struct Running {
    store: Store<Vec<Event>>,
    instances: Vec<Instance>,
    /// Of the instances, in the same order.
    modules: Vec<Option<Module>>,
    mode: Mode,
    offsets: bool,
}

impl Running {
    runner::in_the_same_words!(inherent, call_at_once);

    fn modules(&self) -> &[Option<Module>] {
        &self.modules
    }

    fn offsets(&self) -> bool {
        self.offsets
    }

    /// One module, which imports from those before.
    fn in_order(&mut self, wasm: &[u8]) -> Result<Instance, Option<Error>> {
        let module = Module::from_binary(self.store.engine(), wasm).map_err(Some)?;
        let imports = self.imports(&module).ok_or(None)?;
        self.modules.push(Some(module.clone()));
        let step = self.mode.step;
        let instance = if self.mode.pauses() {
            in_steps(&mut self.store, step, |store| Instance::new_resumable(store, &module, &imports))
        } else {
            Instance::new(&mut self.store, &module, &imports)
        };
        instance.map_err(Some)
    }

    /// The modules as a group: they import from each other in circles.
    fn link(&mut self, program: &Program) -> Result<(), Event> {
        let refused = |module| Event::NotInstantiated { module };
        let mut linker = Linker::new(self.store.engine());
        let mut modules = Vec::new();
        for (index, wasm) in program.modules.iter().enumerate() {
            let module = Module::from_binary(self.store.engine(), wasm).map_err(|_| refused(index))?;
            for import in module.imports().filter(|import| provider(import.module()).is_none()) {
                let item = make(&mut self.store, import.module(), import.name(), import.ty());
                let item = item.ok_or_else(|| refused(index))?;
                linker.define(&self.store, import.module(), import.name(), item).map_err(|_| refused(index))?;
            }
            modules.push((format!("m{index}"), module));
        }
        let mut group = linker.group();
        for (index, (name, module)) in modules.iter().enumerate() {
            group.module(name, module).map_err(|_| refused(index))?;
        }
        let linked = if self.mode.pauses() {
            in_steps(&mut self.store, self.mode.step, |store| group.instantiate_resumable(store))
        } else {
            group.instantiate(&mut self.store)
        };
        let linked = linked.map_err(|_| refused(0))?;
        self.instances = modules.iter().map(|(name, _)| linked.get(name).expect("a module of the group")).collect();
        Ok(())
    }

    fn call_func(&mut self, func: Func, args: &[Val], results: usize) -> Result<Vec<Val>, Error> {
        if self.mode.pauses() {
            in_steps(&mut self.store, self.mode.step, |store| func.call_resumable(store, args))
        } else {
            self.call_at_once(func, args, results)
        }
    }
}

impl Runner for Running {
    runner::in_the_same_words!(runner);

    const LINKS_CIRCLES: bool = true;

    fn instantiate(&mut self, program: &Program) -> Result<(), Event> {
        if program.merged.is_some() {
            return self.link(program);
        }
        for (index, wasm) in program.modules.iter().enumerate() {
            let instance = self.in_order(wasm).map_err(|error| runner::refused(index, error.as_ref().map(trap_of)))?;
            self.instances.push(instance);
        }
        Ok(())
    }
}

/// The functions that the modules export; `None` if one is refused.
pub fn exports(program: &Program) -> Option<Vec<Exported>> {
    let engine = engine(Mode::PLAIN[1], program.deterministic);
    let mut exports = Vec::new();
    for (index, wasm) in program.modules.iter().enumerate() {
        let module = Module::from_binary(&engine, wasm).ok()?;
        for export in module.exports() {
            if let ExternType::Func(ty) = export.ty() {
                let types = |types: &[ValType]| types.iter().map(|&ty| type_of(ty)).collect();
                exports.push((index, export.name().to_owned(), types(ty.params()), types(ty.results())));
            }
        }
    }
    Some(exports)
}

/// The engine for a mode. Making one takes longer than some calls do, so each thread keeps those it made.
fn engine(mode: Mode, deterministic: bool) -> Engine {
    type Settings = (Mode, bool);
    thread_local! {
        static ENGINES: RefCell<Vec<(Settings, Engine)>> = const { RefCell::new(Vec::new()) };
    }
    // What lowering and the store are told; amounts of fuel are the store's.
    let settings = (Mode { step: mode.step.map(|_| 0), ..mode }, deterministic);
    ENGINES.with_borrow_mut(|engines| {
        if let Some((_, engine)) = engines.iter().find(|(other, _)| *other == settings) {
            return engine.clone();
        }
        let mut config = Config::new();
        config.fuse(mode.fuse);
        config.compilation_mode(if mode.eager { CompilationMode::Eager } else { CompilationMode::Lazy });
        config.consume_fuel(mode.step.is_some()).epoch_interruption(mode.deadline.is_some());
        config.wasm_backtrace_max_frames(FRAMES).relaxed_simd_deterministic(deterministic).gc_stress(mode.stress);
        config.max_wasm_stack(if mode.pauses() { STACK_IN_STEPS } else { STACK });
        let engine = Engine::new(&config).expect("a configuration of pirn's own");
        engines.push((settings, engine.clone()));
        engine
    })
}

/// Runs the program; `calls` come from [`crate::program::plan`]. Frames of backtraces have offsets if those are asked for: for each
/// function where a call was, pirn lowers it once more.
pub fn run(program: &Program, calls: &[Call], mode: Mode, offsets: bool) -> Outcome {
    let engine = engine(mode, program.deterministic);
    let mut store = Store::new(&engine, Vec::new());
    store.set_limits(StoreLimitsBuilder::new().gc_heap(HEAP).build());
    mode.deadline.set(&mut store);
    let running = Running { store, instances: Vec::new(), modules: Vec::new(), mode, offsets };
    runner::run(running, program, calls)
}
