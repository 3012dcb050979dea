//! Numeric semantics (spec 4.3) that are not one Rust expression. Nothing here calls the mathematics library: a call
//! would make the handler spill its registers.

use crate::state::trap::Trap;

/// A reference, unless it is null.
#[inline(always)]
pub(crate) fn non_null(reference: u64) -> Result<u64, Trap> {
    if reference == 0 { Err(Trap::NullReference) } else { Ok(reference) }
}

/// The integer of a reference to one, its sign extended.
#[inline(always)]
pub(crate) fn i31_s(reference: u64) -> Result<u32, Trap> {
    if reference == 0 { Err(Trap::NullI31Reference) } else { Ok((reference as i64 >> 33) as u32) }
}

/// The integer of a reference to one, without a sign.
#[inline(always)]
pub(crate) fn i31_u(reference: u64) -> Result<u32, Trap> {
    if reference == 0 { Err(Trap::NullI31Reference) } else { Ok((reference >> 33) as u32) }
}

macro_rules! signed_division {
    ($div:ident, $rem:ident, $unsigned:ty, $signed:ty) => {
        #[inline(always)]
        pub(crate) fn $div(a: $unsigned, b: $unsigned) -> Result<$unsigned, Trap> {
            if b == 0 {
                return Err(Trap::IntegerDivideByZero);
            }
            (a as $signed).checked_div(b as $signed).map(|q| q as $unsigned).ok_or(Trap::IntegerOverflow)
        }

        #[inline(always)]
        pub(crate) fn $rem(a: $unsigned, b: $unsigned) -> Result<$unsigned, Trap> {
            if b == 0 {
                return Err(Trap::IntegerDivideByZero);
            }
            Ok((a as $signed).wrapping_rem(b as $signed) as $unsigned)
        }
    };
}
signed_division!(i32_div, i32_rem, u32, i32);
signed_division!(i64_div, i64_rem, u64, i64);

/// `low` and `high` are the floats next to the range that are outside of it.
macro_rules! truncation {
    ($name:ident, $float:ty => $int:ty as $bits:ty, $low:expr, $high:expr) => {
        #[inline(always)]
        pub(crate) fn $name(a: $float) -> Result<$bits, Trap> {
            if a > $low && a < $high {
                // SAFETY: `a` was compared with both ends of the integer's range, and so is no NaN.
                Ok(unsafe { a.to_int_unchecked::<$int>() } as $bits)
            } else if a.is_nan() {
                Err(Trap::InvalidConversionToInteger)
            } else {
                Err(Trap::IntegerOverflow)
            }
        }
    };
}
truncation!(f32_to_i32, f32 => i32 as u32, -2_147_483_904.0, 2_147_483_648.0);
truncation!(f32_to_u32, f32 => u32 as u32, -1.0, 4_294_967_296.0);
truncation!(f32_to_i64, f32 => i64 as u64, -9_223_373_136_366_403_584.0, 9_223_372_036_854_775_808.0);
truncation!(f32_to_u64, f32 => u64 as u64, -1.0, 18_446_744_073_709_551_616.0);
truncation!(f64_to_i32, f64 => i32 as u32, -2_147_483_649.0, 2_147_483_648.0);
truncation!(f64_to_u32, f64 => u32 as u32, -1.0, 4_294_967_296.0);
truncation!(f64_to_i64, f64 => i64 as u64, -9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0);
truncation!(f64_to_u64, f64 => u64 as u64, -1.0, 18_446_744_073_709_551_616.0);

/// Rounding and selection. A float at least `INTEGRAL` in magnitude is integral; below, the integer type holds it. NaNs
/// become quiet by their bit: LLVM folds arithmetic that would do it.
macro_rules! float {
    ($quiet:ident, $quiet_bit:expr, $float:ty, $int:ty, $integral:expr, $min:ident, $max:ident, $ceil:ident, $floor:ident, $trunc:ident, $nearest:ident) => {
        /// What is integral already, or no number.
        #[inline(always)]
        fn $quiet(a: $float) -> $float {
            if a.is_nan() { <$float>::from_bits(a.to_bits() | $quiet_bit) } else { a }
        }

        #[inline(always)]
        pub(crate) fn $trunc(a: $float) -> $float {
            if a.abs() < $integral {
                // SAFETY: what is less than `INTEGRAL` in magnitude is no NaN and lies in the integer's range.
                let integer = unsafe { a.to_int_unchecked::<$int>() };
                (integer as $float).copysign(a)
            } else {
                $quiet(a)
            }
        }

        #[inline(always)]
        pub(crate) fn $ceil(a: $float) -> $float {
            let t = $trunc(a);
            if t < a { t + 1.0 } else { t }
        }

        #[inline(always)]
        pub(crate) fn $floor(a: $float) -> $float {
            let t = $trunc(a);
            if t > a { t - 1.0 } else { t }
        }

        /// Ties to even: at `INTEGRAL` the float's last place is 1, so the addition rounds.
        #[inline(always)]
        pub(crate) fn $nearest(a: $float) -> $float {
            if a.abs() < $integral {
                let magnitude = (a.abs() + $integral) - $integral;
                magnitude.copysign(a)
            } else {
                $quiet(a)
            }
        }

        #[inline(always)]
        pub(crate) fn $min(a: $float, b: $float) -> $float {
            if a < b {
                a
            } else if b < a {
                b
            } else if a == b {
                // Equal: only zeros of different sign differ in bits, and the sign bit wins.
                <$float>::from_bits(a.to_bits() | b.to_bits())
            } else {
                a + b
            }
        }

        #[inline(always)]
        pub(crate) fn $max(a: $float, b: $float) -> $float {
            if a > b {
                a
            } else if b > a {
                b
            } else if a == b {
                <$float>::from_bits(a.to_bits() & b.to_bits())
            } else {
                a + b
            }
        }
    };
}
float!(f32_quiet, 1 << 22, f32, i32, 8_388_608.0, f32_min, f32_max, f32_ceil, f32_floor, f32_trunc, f32_nearest);
float!(
    f64_quiet,
    1 << 51,
    f64,
    i64,
    4_503_599_627_370_496.0,
    f64_min,
    f64_max,
    f64_ceil,
    f64_floor,
    f64_trunc,
    f64_nearest
);
