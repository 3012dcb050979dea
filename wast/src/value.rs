//! Values in scripts: arguments to pass, and patterns that results are held against.

use anyhow::{Result, bail};
use pirn::{AnyRef, ExternRef, HeapType, Store, Val};
use wast::core::{AbstractHeapType, HeapType as WastHeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The null of a type, if it is one whose nulls need nothing else to be told apart.
fn null(ty: &WastHeapType<'_>) -> Option<Val> {
    let WastHeapType::Abstract { shared: false, ty } = ty else { return None };
    Some(match ty {
        AbstractHeapType::Func | AbstractHeapType::NoFunc => Val::FuncRef(None),
        AbstractHeapType::Extern | AbstractHeapType::NoExtern => Val::ExternRef(None),
        AbstractHeapType::Exn | AbstractHeapType::NoExn => Val::ExnRef(None),
        AbstractHeapType::Any
        | AbstractHeapType::Eq
        | AbstractHeapType::I31
        | AbstractHeapType::Struct
        | AbstractHeapType::Array
        | AbstractHeapType::None => Val::AnyRef(None),
        AbstractHeapType::Cont | AbstractHeapType::NoCont => return None,
    })
}

/// The argument `arg`. An `externref` is the number it was made of.
pub(crate) fn argument(store: &mut Store<()>, arg: &WastArg<'_>) -> Result<Val> {
    let WastArg::Core(arg) = arg else { bail!("an argument of the component model") };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::from(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefExtern(number) => ExternRef::new(store, *number).into(),
        WastArgCore::RefHost(number) => {
            let value = ExternRef::new(&mut *store, *number);
            AnyRef::convert_extern(store, value)?.into()
        }
        WastArgCore::RefNull(ty) => match null(ty) {
            Some(null) => null,
            None => bail!("an unsupported null: {arg:?}"),
        },
    })
}

/// Compares all results.
pub(crate) fn check_results(store: &Store<()>, results: &[Val], expected: &[WastRet<'_>]) -> Result<()> {
    if results.len() != expected.len() {
        bail!("expected {} results, got {}", expected.len(), results.len());
    }
    for (i, (result, expected)) in results.iter().zip(expected).enumerate() {
        let WastRet::Core(expected) = expected else { bail!("a result of the component model") };
        if !matches(store, result, expected) {
            bail!("result {i}: expected {}, got {}", describe_pattern(expected), describe(store, result));
        }
    }
    Ok(())
}

/// Whether `value` is what `pattern` asks for.
fn matches(store: &Store<()>, value: &Val, pattern: &WastRetCore<'_>) -> bool {
    match (pattern, value) {
        (WastRetCore::I32(expected), Val::I32(value)) => value == expected,
        (WastRetCore::I64(expected), Val::I64(value)) => value == expected,
        (WastRetCore::F32(expected), Val::F32(bits)) => matches_f32(expected, *bits),
        (WastRetCore::F64(expected), Val::F64(bits)) => matches_f64(expected, *bits),
        (WastRetCore::V128(expected), Val::V128(vector)) => matches_v128(expected, vector.as_u128()),
        (
            WastRetCore::RefNull(None),
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None),
        ) => true,
        (WastRetCore::RefNull(Some(ty)), value) => null(ty).as_ref() == Some(value),
        (WastRetCore::RefExtern(None), Val::ExternRef(Some(_))) => true,
        (WastRetCore::RefExtern(Some(expected)), Val::ExternRef(Some(_))) => number(store, value) == Some(*expected),
        // Which function it is, scripts find out by calling it.
        (WastRetCore::RefFunc(_), Val::FuncRef(Some(_))) => true,
        (WastRetCore::RefHost(expected), Val::AnyRef(Some(value))) => {
            let converted = ExternRef::convert_any(store, *value).ok().map(|value| Val::ExternRef(Some(value)));
            converted.and_then(|value| number(store, &value)) == Some(*expected)
        }
        (pattern, Val::AnyRef(Some(value))) => {
            let Ok(ty) = value.ty(store) else { return false };
            match pattern {
                WastRetCore::RefAny => true,
                WastRetCore::RefEq => ty != HeapType::Any,
                WastRetCore::RefI31 => ty == HeapType::I31,
                WastRetCore::RefStruct => matches!(ty, HeapType::ConcreteStruct(_)),
                WastRetCore::RefArray => matches!(ty, HeapType::ConcreteArray(_)),
                _ => false,
            }
        }
        (WastRetCore::Either(patterns), value) => patterns.iter().any(|pattern| matches(store, value, pattern)),
        _ => false,
    }
}

/// A canonical NaN is quiet and says nothing else; an arithmetic one is quiet (spec 2.2.3).
fn matches_f32(pattern: &NanPattern<F32>, bits: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

/// As [`matches_f32`].
fn matches_f64(pattern: &NanPattern<F64>, bits: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

/// Whether each lane is what its pattern asks for.
fn matches_v128(pattern: &V128Pattern, bits: u128) -> bool {
    let lane = |index: usize, width: usize| bits >> (index * width);
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.iter().enumerate().all(|(i, &expected)| lane(i, 8) as i8 == expected),
        V128Pattern::I16x8(lanes) => lanes.iter().enumerate().all(|(i, &expected)| lane(i, 16) as i16 == expected),
        V128Pattern::I32x4(lanes) => lanes.iter().enumerate().all(|(i, &expected)| lane(i, 32) as i32 == expected),
        V128Pattern::I64x2(lanes) => lanes.iter().enumerate().all(|(i, &expected)| lane(i, 64) as i64 == expected),
        V128Pattern::F32x4(lanes) => {
            lanes.iter().enumerate().all(|(i, pattern)| matches_f32(pattern, lane(i, 32) as u32))
        }
        V128Pattern::F64x2(lanes) => {
            lanes.iter().enumerate().all(|(i, pattern)| matches_f64(pattern, lane(i, 64) as u64))
        }
    }
}

/// The number an `externref` was made of.
fn number(store: &Store<()>, value: &Val) -> Option<u32> {
    value.externref()??.data(store).ok()??.downcast_ref().copied()
}

fn describe(store: &Store<()>, value: &Val) -> String {
    match value {
        Val::I32(value) => format!("i32 {value} ({value:#x})"),
        Val::I64(value) => format!("i64 {value} ({value:#x})"),
        Val::F32(bits) => format!("f32 {:?} ({bits:#x})", f32::from_bits(*bits)),
        Val::F64(bits) => format!("f64 {:?} ({bits:#x})", f64::from_bits(*bits)),
        Val::V128(vector) => describe_v128(vector.as_u128()),
        Val::FuncRef(None) => "ref.null func".into(),
        Val::FuncRef(Some(_)) => "ref.func".into(),
        Val::ExternRef(None) => "ref.null extern".into(),
        Val::AnyRef(None) => "ref.null any".into(),
        Val::ExnRef(None) => "ref.null exn".into(),
        Val::ExnRef(Some(_)) => "ref.exn".into(),
        Val::AnyRef(Some(value)) => match value.ty(store) {
            Ok(HeapType::I31) => "ref.i31".into(),
            Ok(HeapType::ConcreteStruct(ty)) => format!("ref.struct of type {ty}"),
            Ok(HeapType::ConcreteArray(ty)) => format!("ref.array of type {ty}"),
            _ => "ref.host".into(),
        },
        Val::ExternRef(Some(_)) => match number(store, value) {
            Some(number) => format!("ref.extern {number}"),
            None => "ref.extern".into(),
        },
    }
}

/// As lanes of 32 bits, which whoever reads it can take apart, and as floats.
fn describe_v128(bits: u128) -> String {
    let lanes: [u32; 4] = std::array::from_fn(|i| (bits >> (32 * i)) as u32);
    let [a, b, c, d] = lanes;
    format!("v128 i32x4 {a:#010x} {b:#010x} {c:#010x} {d:#010x} (f32x4 {:?})", lanes.map(f32::from_bits))
}

fn describe_pattern(pattern: &WastRetCore<'_>) -> String {
    match pattern {
        WastRetCore::I32(value) => format!("i32 {value} ({value:#x})"),
        WastRetCore::I64(value) => format!("i64 {value} ({value:#x})"),
        WastRetCore::F32(NanPattern::Value(value)) => {
            format!("f32 {:?} ({:#x})", f32::from_bits(value.bits), value.bits)
        }
        WastRetCore::F64(NanPattern::Value(value)) => {
            format!("f64 {:?} ({:#x})", f64::from_bits(value.bits), value.bits)
        }
        other => format!("{other:?}"),
    }
}
