//! A program on wasmtime: the authority.

use crate::outcome::{Event, FRAMES, Frame, Object, Outcome, Top, TrapKind, Type, Value};
use crate::program::{Call, Exported, Program, provider};
use crate::runner::{self, Host, Runner};
use std::sync::OnceLock;
use wasmtime::{
    AnyRef, AsContextMut, Caller, Config, Engine, Error, Extern, ExternRef, ExternType, FrameInfo, Func, FuncType,
    Global, HeapType, I31, Instance, Memory, Module, OptLevel, Ref, RegallocAlgorithm, Rooted, SharedMemory, Store,
    StoreContextMut, Table, Tag, TagType, ThrownException, Trap, Val, ValType, WasmBacktrace,
};

fn type_of(ty: &ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) => {
            let (heap, null) = (ty.heap_type(), ty.is_nullable());
            match heap {
                HeapType::Func if null => Type::Func,
                HeapType::Extern if null => Type::Extern,
                _ => Type::Ref {
                    top: top(heap),
                    null,
                    i31: matches!(heap, HeapType::Any | HeapType::Eq | HeapType::I31),
                },
            }
        }
    }
}

fn top(heap: &HeapType) -> Top {
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
    ExternRef::new(&mut *store, value).expect("there is room for it")
}

/// The values of the exception that nothing caught.
fn thrown(store: &mut StoreContextMut<'_, Vec<Event>>) -> Vec<Value> {
    let Some(exception) = store.take_pending_exception() else { return Vec::new() };
    let fields = exception.fields(&mut *store).expect("it is rooted").collect::<Vec<_>>();
    fields.iter().map(|value| from_val(store, value)).collect()
}

runner::in_the_same_words!(values);
runner::in_the_same_words!(frames);

fn zero(ty: &ValType) -> Val {
    match type_of(ty) {
        Type::I32 => Val::I32(0),
        Type::I64 => Val::I64(0),
        Type::F32 => Val::F32(0),
        Type::F64 => Val::F64(0),
        Type::V128 => Val::V128(0.into()),
        Type::Func => Val::FuncRef(None),
        Type::Extern | Type::Ref { top: Top::Extern, .. } => Val::ExternRef(None),
        Type::Ref { top: Top::Func, .. } => Val::FuncRef(None),
        Type::Ref { top: Top::Any, .. } => Val::AnyRef(None),
        Type::Ref { top: Top::Exn, .. } => Val::ExnRef(None),
    }
}

fn trap_of(error: &Error) -> TrapKind {
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds) => TrapKind::Memory,
        Some(Trap::TableOutOfBounds) => TrapKind::Table,
        Some(Trap::IndirectCallToNull) => TrapKind::NullElement,
        Some(Trap::BadSignature) => TrapKind::Signature,
        Some(Trap::IntegerDivisionByZero) => TrapKind::DivideByZero,
        Some(Trap::IntegerOverflow) => TrapKind::Overflow,
        Some(Trap::BadConversionToInteger) => TrapKind::NotANumber,
        Some(Trap::HeapMisaligned) => TrapKind::Unaligned,
        Some(Trap::AtomicWaitNonSharedMemory) => TrapKind::NotShared,
        Some(Trap::StackOverflow) => TrapKind::Stack,
        Some(Trap::NullReference) => TrapKind::NullReference,
        Some(Trap::ArrayOutOfBounds) => TrapKind::Array,
        Some(Trap::CastFailure) => TrapKind::Cast,
        // How much room there is, is the engine's choice.
        Some(Trap::OutOfFuel | Trap::AllocationTooLarge) => TrapKind::GaveUp,
        None if error.is::<ThrownException>() => TrapKind::Thrown,
        None if error.is::<wasmtime::GcHeapOutOfMemory<()>>() => TrapKind::GaveUp,
        _ => TrapKind::Other,
    }
}

/// Makes what an import asks for: functions and tags of its own type, as on pirn.
fn make(store: &mut Store<Vec<Event>>, module: &str, name: &str, ty: ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let host = Host::new(module, name, ty.results().map(|ty| type_of(&ty)));
            Func::new(&mut *store, ty, move |mut caller: Caller<'_, Vec<Event>>, args, results| {
                let mut store = caller.as_context_mut();
                let (event, values) = host.call(args.iter().map(|arg| from_val(&mut store, arg)).collect());
                store.data_mut().push(event);
                let values = values.ok_or_else(|| Error::new(NoValue))?;
                results.iter_mut().zip(values).for_each(|(result, value)| *result = to_val(&mut store, value));
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => {
            let value = zero(ty.content());
            Global::new(&mut *store, ty, value).ok()?.into()
        }
        ExternType::Memory(ty) if ty.is_shared() => SharedMemory::new(store.engine(), ty).ok()?.into(),
        ExternType::Memory(ty) => Memory::new(&mut *store, ty).ok()?.into(),
        ExternType::Table(ty) => {
            let null = Ref::null(ty.element().heap_type());
            Table::new(&mut *store, ty, null).ok()?.into()
        }
        ExternType::Tag(ty) => Tag::new(&mut *store, &TagType::new(ty.ty().clone())).ok()?.into(),
    })
}

/// Of each element whether it is null.
fn nulls(store: &mut Store<Vec<Event>>, table: &Table) -> Vec<bool> {
    let size = table.size(&*store);
    let null = |index| table.get(&mut *store, index).is_none_or(|element| element.is_null());
    (0..size).map(null).collect()
}

/// An engine that compiles in a hurry, or as wasmtime is meant to.
fn new_engine(quick: bool, fuel: bool) -> Engine {
    let mut config = Config::new();
    config.wasm_tail_call(true).wasm_extended_const(true).consume_fuel(fuel);
    config.wasm_multi_memory(true).wasm_memory64(true).wasm_custom_page_sizes(true);
    config.relaxed_simd_deterministic(true).wasm_wide_arithmetic(true);
    config.wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    config.gc_heap_reservation(1 << 20).gc_heap_guard_size(0);
    config.wasm_threads(true).shared_memory(true);
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(FRAMES));
    config.max_wasm_stack(512 << 10).memory_reservation(1 << 20).memory_guard_size(0);
    // A signal in a memory that two instances share is one too many.
    config.signals_based_traps(false);
    if quick {
        config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
        // What programs do not need takes time, too.
        config.native_unwind_info(false).memory_init_cow(false).concurrency_support(false);
    }
    Engine::new(&config).expect("a valid configuration")
}

fn engine(quick: bool, fuel: bool) -> Engine {
    // Making an engine takes longer than most programs do.
    static ENGINES: [OnceLock<Engine>; 4] = [const { OnceLock::new() }; 4];
    let at = 2 * usize::from(quick) + usize::from(fuel);
    ENGINES[at].get_or_init(|| new_engine(quick, fuel)).clone()
}

fn signature(ty: &FuncType) -> (Vec<Type>, Vec<Type>) {
    (ty.params().map(|ty| type_of(&ty)).collect(), ty.results().map(|ty| type_of(&ty)).collect())
}

runner::in_the_same_words!(oracle);

impl Oracle {
    /// Decodes the modules. `fuel` bounds the instructions of all calls together; 0 asks for no bound.
    pub fn new(program: &Program, fuel: u64) -> Self {
        Self::on(engine(true, fuel != 0), program, fuel)
    }

    /// The same with the optimizing compiler that most people use: the arbiter.
    pub fn optimizing(program: &Program, fuel: u64) -> Self {
        Self::on(engine(false, fuel != 0), program, fuel)
    }
}
