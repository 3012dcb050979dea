//! Values on the command line, as parameters and as results.

use anyhow::{Context, Result, anyhow, bail};
use pirn::{V128, Val, ValType};
use std::ffi::OsStr;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

macro_rules! exit_status {
    () => {
        "Exit status: the program's own; 134 if it trapped or threw what nobody caught; 124 if its time was over; 75 if it was to end at a \
         checkpoint; 1 if it could not be run, also for wrong parameters of a function; 2 if options are not understood."
    };
}

/// What exit statuses mean, for short help.
pub const EXIT_STATUS: &str = exit_status!();

/// How values are written, and what exit statuses mean, for help.
pub const HELP: &str = concat!(
    "\
Parameters: an integer is decimal or hexadecimal, with a sign or without; a float is also `inf`, `nan`, `nan:0x7ff` (its \
payload) or hexadecimal (`0x1.8p3`); a vector is one number without a sign, lane 0 in its lowest digits, or its lanes \
(`i32x4:1,2,3,4`); a reference is `null`. Results are written so that they can be \
parameters, but for references that are not null.

",
    exit_status!()
);

/// Bits of a float of a kind.
#[derive(Debug, Clone, Copy)]
struct Float {
    /// Bits of the whole, and of the significand without the leading one.
    bits: u32,
    fraction: u32,
}

const F32: Float = Float { bits: 32, fraction: 23 };
const F64: Float = Float { bits: 64, fraction: 52 };

/// A parameter of type `ty`.
///
/// # Errors
/// The text is none.
pub fn parse(ty: ValType, arg: &OsStr) -> Result<Val> {
    let text = arg.to_str().ok_or_else(|| anyhow!("an argument is not UTF-8"))?;
    let value = match ty {
        ValType::I32 => integer(text, 32).map(|bits| Val::I32(bits as i32)),
        ValType::I64 => integer(text, 64).map(|bits| Val::I64(bits as i64)),
        ValType::F32 => f32_bits(text).map(Val::F32),
        ValType::F64 => f64_bits(text).map(Val::F64),
        ValType::V128 => vector(text).map(|bits| Val::V128(V128::from(bits))),
        ValType::Ref(ty) if text == "null" => Some(Val::default_for(ValType::Ref(ty))),
        ValType::Ref(_) => bail!("`{text}` is no {ty}: the only one that can be given on the command line is `null`"),
    };
    value.with_context(|| format!("`{text}` is no {ty}"))
}

/// The bits of an integer of so many bits, signed or not.
fn integer(text: &str, bits: u32) -> Option<u64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = natural(digits)?;
    let most = if negative { 1 << (bits - 1) } else { (1_u128 << bits) - 1 };
    (magnitude <= most).then_some(if negative { (magnitude as u64).wrapping_neg() } else { magnitude as u64 })
}

/// A number without sign.
fn natural(text: &str) -> Option<u128> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // The parser of `u128` would take a sign.
    (!digits.starts_with('+')).then(|| u128::from_str_radix(digits, radix))?.ok()
}

fn f32_bits(text: &str) -> Option<u32> {
    let decimal = || f32::from_str(text).ok().filter(|value| value.is_finite() || names_infinity(text));
    special(text, F32).map(|bits| bits as u32).or_else(|| decimal().map(f32::to_bits))
}

fn f64_bits(text: &str) -> Option<u64> {
    let decimal = || f64::from_str(text).ok().filter(|value| value.is_finite() || names_infinity(text));
    special(text, F64).or_else(|| decimal().map(f64::to_bits))
}

/// Whether a text that is infinity for Rust says so: digits that are too large are no number.
fn names_infinity(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The bits of a float in the forms that Rust does not know: hexadecimal, and NaNs with a payload.
fn special(text: &str, float: Float) -> Option<u64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (1, rest),
        None => (0, text.strip_prefix('+').unwrap_or(text)),
    };
    let exponent_ones = (1 << (float.bits - 1)) - (1_u64 << float.fraction);
    let magnitude = if rest.eq_ignore_ascii_case("nan") {
        exponent_ones | 1 << (float.fraction - 1)
    } else if let Some(payload) = rest.strip_prefix("nan:") {
        let payload = payload.starts_with("0x").then(|| natural(payload))??;
        let fits = payload > 0 && payload < 1 << float.fraction;
        fits.then_some(exponent_ones | payload as u64)?
    } else {
        hexadecimal(rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?, float)?
    };
    Some(negative << (float.bits - 1) | magnitude)
}

/// The bits of a float without sign from its hexadecimal digits: `1.8p3`. Rounded to nearest, ties to even.
fn hexadecimal(text: &str, float: Float) -> Option<u64> {
    let (digits, exponent) = match text.split_once(['p', 'P']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // Digits until there are more than any significand has, then only whether there is more.
    let (mut significand, mut exponent) = (0_u128, exponent.clamp(-1 << 40, 1 << 40));
    for (c, is_fraction) in whole.chars().map(|c| (c, false)).chain(fraction.chars().map(|c| (c, true))) {
        let digit = u128::from(c.to_digit(16)?);
        if significand >> 100 == 0 {
            significand = significand << 4 | digit;
            exponent -= if is_fraction { 4 } else { 0 };
        } else {
            significand |= u128::from(digit != 0);
            exponent += if is_fraction { 0 } else { 4 };
        }
    }
    if significand == 0 {
        return Some(0);
    }
    let bias = (1 << (float.bits - float.fraction - 2)) - 1_i64;
    // The exponent of the leading one, and the least that the last bit may have.
    let leading = exponent + 127 - i64::from(significand.leading_zeros());
    let mut least = leading.max(1 - bias) - i64::from(float.fraction);
    let drop = least - exponent;
    let mut kept = match drop {
        ..=0 => significand << -drop,
        1..=127 => {
            let (kept, rest, half) = (significand >> drop, significand & ((1 << drop) - 1), 1 << (drop - 1));
            kept + u128::from(rest > half || rest == half && kept & 1 == 1)
        }
        _ => 0,
    };
    if kept >> (float.fraction + 1) != 0 {
        kept >>= 1;
        least += 1;
    }
    let is_normal = kept >> float.fraction != 0;
    let biased = if is_normal { least + i64::from(float.fraction) + bias } else { 0 };
    let infinite = (1 << (float.bits - float.fraction - 1)) - 1;
    if biased >= infinite {
        // Too large is no number; infinity has a name.
        return None;
    }
    Some((biased as u64) << float.fraction | kept as u64 & ((1 << float.fraction) - 1))
}

/// The bits of a vector.
fn vector(text: &str) -> Option<u128> {
    let Some((shape, lanes)) = text.split_once(':') else { return natural(text) };
    let (bits, parse): (u32, fn(&str) -> Option<u64>) = match shape {
        "i8x16" => (8, |lane| integer(lane, 8)),
        "i16x8" => (16, |lane| integer(lane, 16)),
        "i32x4" => (32, |lane| integer(lane, 32)),
        "i64x2" => (64, |lane| integer(lane, 64)),
        "f32x4" => (32, |lane| f32_bits(lane).map(u64::from)),
        "f64x2" => (64, f64_bits),
        _ => return None,
    };
    let (mut vector, mut count) = (0, 0);
    for lane in lanes.split(',') {
        let lane = u128::from(parse(lane)?) & ((1 << bits) - 1);
        vector |= lane.checked_shl(count * bits)?;
        count += 1;
    }
    (count * bits == 128).then_some(vector)
}

/// A result, written so that it can be a parameter.
pub fn show(value: &Val) -> Box<dyn Display> {
    match *value {
        Val::I32(value) => Box::new(value),
        Val::I64(value) => Box::new(value),
        Val::F32(bits) => {
            nan(bits.into(), F32).map_or_else(|| Box::new(f32::from_bits(bits)) as _, |it| Box::new(it) as _)
        }
        Val::F64(bits) => nan(bits, F64).map_or_else(|| Box::new(f64::from_bits(bits)) as _, |it| Box::new(it) as _),
        Val::V128(vector) => Box::new(format!("{:#034x}", vector.as_u128())),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => Box::new("null"),
        Val::FuncRef(Some(_)) => Box::new("funcref"),
        Val::ExternRef(Some(_)) => Box::new("externref"),
        Val::AnyRef(Some(_)) => Box::new("anyref"),
        Val::ExnRef(Some(_)) => Box::new("exnref"),
    }
}

/// The text of a NaN that is not the one that `NaN` stands for.
fn nan(bits: u64, float: Float) -> Option<String> {
    let payload = bits & ((1 << float.fraction) - 1);
    let magnitude = bits & ((1 << (float.bits - 1)) - 1);
    let is_nan = magnitude >> float.fraction == (1 << (float.bits - float.fraction - 1)) - 1 && payload != 0;
    let sign = if magnitude == bits { "" } else { "-" };
    let is_usual = sign.is_empty() && payload == 1 << (float.fraction - 1);
    (is_nan && !is_usual).then(|| format!("{sign}nan:{payload:#x}"))
}

const SIZE: &str = "a size is a whole number of bytes, or one with K, M or G behind it";
const TIME: &str = "a time is a number of seconds, or one with ms, s, m or h behind it";

/// The size in bytes that a text says: a number, with `K`, `M` or `G` for powers of 1024.
///
/// # Errors
/// It says none.
pub fn size(text: &str) -> Result<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit.trim_end_matches("iB").trim_end_matches('B') {
        "" => 0,
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        _ => bail!(SIZE),
    };
    let number = u64::from_str(number).context(SIZE)?;
    number.checked_mul(1 << shift).context("the size is too large")
}

/// A time: a number and a unit, or seconds without one.
///
/// # Errors
/// The text says none.
pub fn duration(text: &str) -> Result<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => bail!(TIME),
    };
    let number = f64::from_str(number).context(TIME)?;
    Duration::try_from_secs_f64(number * seconds).context("the time is too long")
}
