// A program on one version of wasmi: see `mod.rs`, which includes this once for each, with `wasmi` and what differs in
// scope.

use crate::outcome::{Event, Frame, Outcome, TrapKind, Type, Value};
use crate::program::{Call, Exported, Program, provider};
use crate::runner::{self, Host, Runner};
use wasmi::{
    AsContextMut, Caller, Config, Engine, Error, Extern, ExternType, Func, FuncType, Global, Instance, Memory, Module, Mutability, Store, StoreContextMut, Table,
    TrapCode, Val, ValType,
};

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::FuncRef => Type::Func,
        _ => Type::Extern,
    }
}

fn from_val(_: &mut StoreContextMut<'_, Vec<Event>>, value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(value) => Value::f32(value.to_bits()),
        Val::F64(value) => Value::f64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(func) => Value::Ref { null: func.is_null(), func: true },
        Val::ExternRef(value) => Value::Ref { null: value.is_null(), func: false },
    }
}

fn to_val(_: &mut StoreContextMut<'_, Vec<Event>>, value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(f32::from_bits(bits).into()),
        Value::F64(bits) => Val::F64(f64::from_bits(bits).into()),
        Value::V128(bits) => Val::V128(bits.into()),
        Value::Ref { func, .. } => null_value(func),
        Value::I31(_) | Value::Host(_) | Value::Null(_) | Value::Object { .. } => unreachable!("wasmi has no such values"),
    }
}

fn trap_of(error: &Error) -> TrapKind {
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

/// wasmi has no exceptions.
fn thrown(_: &mut StoreContextMut<'_, Vec<Event>>) -> Vec<Value> {
    Vec::new()
}

/// wasmi has no backtraces.
fn frames_of(_: &[Option<Module>], _: &Error, _: bool) -> Vec<Frame> {
    Vec::new()
}

/// Makes what an import asks for.
fn make(store: &mut Store<Vec<Event>>, module: &str, name: &str, ty: ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let host = Host::new(module, name, ty.results().iter().map(|&ty| type_of(ty)));
            Func::new(&mut *store, ty, move |mut caller: Caller<'_, Vec<Event>>, args, results| {
                let mut store = caller.as_context_mut();
                let (event, values) = host.call(args.iter().map(|arg| from_val(&mut store, arg)).collect());
                store.data_mut().push(event);
                let values = values.ok_or_else(|| Error::new("no value"))?;
                results.iter_mut().zip(values).for_each(|(result, value)| *result = to_val(&mut store, value));
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => {
            let mutability = if ty.mutability().is_mut() { Mutability::Var } else { Mutability::Const };
            Global::new(&mut *store, default_value(ty.content()), mutability).into()
        }
        ExternType::Memory(ty) => Memory::new(&mut *store, ty).ok()?.into(),
        ExternType::Table(ty) => {
            let null = null_element(is_func(ty.element()));
            Table::new(&mut *store, ty, null).ok()?.into()
        }
    })
}

/// Of each element whether it is null.
fn nulls(store: &mut Store<Vec<Event>>, table: &Table) -> Vec<bool> {
    (0..table.size(&*store)).map(|index| table.get(&*store, index).is_none_or(|element| is_null(&element))).collect()
}

fn engine(fuel: bool) -> Engine {
    let mut config = Config::default();
    config.wasm_tail_call(true).wasm_extended_const(true).consume_fuel(fuel).wasm_relaxed_simd(true);
    config.wasm_wide_arithmetic(true);
    config.wasm_multi_memory(true).wasm_memory64(true).wasm_custom_page_sizes(true);
    Engine::new(&config)
}

fn signature(ty: &FuncType) -> (Vec<Type>, Vec<Type>) {
    let types = |types: &[ValType]| types.iter().map(|&ty| type_of(ty)).collect();
    (types(ty.params()), types(ty.results()))
}

runner::in_the_same_words!(oracle);

impl Oracle {
    /// Decodes the modules. `fuel` bounds the instructions of all calls together; 0 asks for no bound.
    pub fn new(program: &Program, fuel: u64) -> Self {
        Self::on(engine(fuel != 0), program, fuel)
    }
}
