//! The reference: each operator lane by lane, as the specification says it (4.3). Processors without a set of
//! their own run it.

use crate::vector::V128;
use crate::vector::isa::{Isa, functions};
use crate::vector::lanes::{Lane, make, map, zip, zip3};

/// No instructions of any processor.
pub(crate) struct Portable;

/// All bits of a lane, as comparisons give them.
macro_rules! masks {
    ($($name:ident $ty:ident)*) => {
        $(#[inline(always)]
        fn $name(is: bool) -> $ty {
            -$ty::from(is)
        })*
    };
}
masks!(mask8 i8 mask16 i16 mask32 i32 mask64 i64);

/// `f` of each of the lower half of lanes.
#[inline(always)]
fn low<A: Lane, R: Lane>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::lanes(a);
    make(|i| f(a[i]))
}

/// `f` of each of the upper half of lanes.
#[inline(always)]
fn high<A: Lane, R: Lane>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::lanes(a);
    make(|i| f(a[R::COUNT + i]))
}

/// `f` of each pair in the lower halves.
#[inline(always)]
fn low2<A: Lane, R: Lane>(a: V128, b: V128, f: impl Fn(A, A) -> R) -> V128 {
    let (a, b) = (A::lanes(a), A::lanes(b));
    make(|i| f(a[i], b[i]))
}

/// `f` of each pair in the upper halves.
#[inline(always)]
fn high2<A: Lane, R: Lane>(a: V128, b: V128, f: impl Fn(A, A) -> R) -> V128 {
    let (a, b) = (A::lanes(a), A::lanes(b));
    make(|i| f(a[R::COUNT + i], b[R::COUNT + i]))
}

/// `f` of lanes 0 and 1, 2 and 3, and so on.
#[inline(always)]
fn pairs<A: Lane, R: Lane>(a: V128, f: impl Fn(A, A) -> R) -> V128 {
    let a = A::lanes(a);
    make(|i| f(a[2 * i], a[2 * i + 1]))
}

/// `f` of the lanes of `a`, and then of those of `b`.
#[inline(always)]
fn join<A: Lane, R: Lane>(a: V128, b: V128, f: impl Fn(A) -> R) -> V128 {
    let (a, b) = (A::lanes(a), A::lanes(b));
    make(|i| f(if i < A::COUNT { a[i] } else { b[i - A::COUNT] }))
}

/// From the lane `first` on, a lane of `a` and one of `b` in turn.
#[inline(always)]
fn interleave<A: Lane>(a: V128, b: V128, first: usize) -> V128 {
    let (a, b) = (A::lanes(a), A::lanes(b));
    make(|i| if i.is_multiple_of(2) { a[first + i / 2] } else { b[first + i / 2] })
}

/// Every other lane of `a` from the lane `first` on, and then those of `b`.
#[inline(always)]
fn every_other<A: Lane>(a: V128, b: V128, first: usize) -> V128 {
    let (a, b) = (A::lanes(a), A::lanes(b));
    make(|i| if 2 * i < A::COUNT { a[2 * i + first] } else { b[2 * i - A::COUNT + first] })
}

/// `f` of the lanes there are, and zeros.
#[inline(always)]
fn and_zero<A: Lane, R: Lane + Default>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::lanes(a);
    make(|i| if i < A::COUNT { f(a[i]) } else { R::default() })
}

/// Whether no lane is 0.
#[inline(always)]
fn all_true<A: Lane + PartialEq>(a: V128, zero: A) -> u32 {
    let a = A::lanes(a);
    u32::from((0..A::COUNT).all(|i| a[i] != zero))
}

/// Which lanes are negative.
#[inline(always)]
fn bitmask<A: Lane + PartialOrd>(a: V128, zero: A) -> u32 {
    let a = A::lanes(a);
    (0..A::COUNT).fold(0, |mask, i| mask | u32::from(a[i] < zero) << i)
}

/// The vector, with one lane set.
#[inline(always)]
fn replace<A: Lane>(a: V128, lane: u8, to: A) -> V128 {
    let mut lanes = A::lanes(a);
    lanes[usize::from(lane)] = to;
    A::vector(lanes)
}

/// The lane.
#[inline(always)]
fn extract<A: Lane>(a: V128, lane: u8) -> A {
    A::lanes(a)[usize::from(lane)]
}

/// The product of numbers with 15 bits behind the point, rounded to the nearest, ties up.
#[inline(always)]
fn q15(a: i16, b: i16) -> i16 {
    let rounded = (i32::from(a) * i32::from(b) + 0x4000) >> 15;
    rounded.min(0x7fff) as i16
}

/// The sum of two products, which fits unless all four are -128.
#[inline(always)]
fn dot_i8(a: V128, b: V128) -> V128 {
    let (a, b) = (i8::lanes(a), i8::lanes(b));
    let product = |i: usize| i16::from(a[i]) * i16::from(b[i]);
    make(|i| product(2 * i).saturating_add(product(2 * i + 1)))
}

macro_rules! floats {
    ($($float:ident $quiet:ident $min:ident $max:ident $canonical:ident $nan:literal)*) => {
        $(
            /// Rounding functions of libraries need not make NaNs quiet.
            #[inline(always)]
            fn $quiet(a: $float) -> $float {
                if a.is_nan() { $float::from_bits(a.to_bits() | $nan) } else { a }
            }

            /// NaN if one is; -0 is less than 0.
            #[inline(always)]
            fn $min(a: $float, b: $float) -> $float {
                if a.is_nan() || b.is_nan() {
                    a + b
                } else if a < b || a == b && a.is_sign_negative() {
                    a
                } else {
                    b
                }
            }

            #[inline(always)]
            fn $max(a: $float, b: $float) -> $float {
                if a.is_nan() || b.is_nan() {
                    a + b
                } else if a > b || a == b && a.is_sign_positive() {
                    a
                } else {
                    b
                }
            }

            #[inline(always)]
            fn $canonical(a: $float) -> $float {
                if a.is_nan() { $float::from_bits($nan) } else { a }
            }
        )*
    };
}
floats! {
    f32 f32_quiet f32_min f32_max f32_canonical 0x7fc0_0000
    f64 f64_quiet f64_min f64_max f64_canonical 0x7ff8_0000_0000_0000
}

impl Isa for Portable {
    type Below = Self;

    // Lanes.
    functions! {from u32 {
        i8x16_splat |a| make(|_| a as u8);
        i16x8_splat |a| make(|_| a as u16);
        i32x4_splat |a| make(|_| a);
        v128_load32_zero |a| u32::vector([a, 0, 0, 0]);
    }}
    functions! {from u64 {
        i64x2_splat |a| make(|_| a);
        v128_load64_zero |a| u64::vector([a, 0]);
    }}
    functions! {from f32 { f32x4_splat |a| make(|_| a); }}
    functions! {from f64 { f64x2_splat |a| make(|_| a); }}
    functions! {extract u32 {
        i8x16_extract_lane_s <LANE> |a| extract::<i8>(a, LANE) as u32;
        i8x16_extract_lane_u <LANE> |a| extract::<u8>(a, LANE).into();
        i16x8_extract_lane_s <LANE> |a| extract::<i16>(a, LANE) as u32;
        i16x8_extract_lane_u <LANE> |a| extract::<u16>(a, LANE).into();
        i32x4_extract_lane <LANE> |a| extract(a, LANE);
    }}
    functions! {extract u64 { i64x2_extract_lane <LANE> |a| extract(a, LANE); }}
    functions! {extract f32 { f32x4_extract_lane <LANE> |a| extract(a, LANE); }}
    functions! {extract f64 { f64x2_extract_lane <LANE> |a| extract(a, LANE); }}
    functions! {replace u32 {
        i8x16_replace_lane <LANE> |a, b| replace(a, LANE, b as u8);
        i16x8_replace_lane <LANE> |a, b| replace(a, LANE, b as u16);
        i32x4_replace_lane <LANE> |a, b| replace(a, LANE, b);
    }}
    functions! {replace u64 { i64x2_replace_lane <LANE> |a, b| replace(a, LANE, b); }}
    functions! {replace f32 { f32x4_replace_lane <LANE> |a, b| replace(a, LANE, b); }}
    functions! {replace f64 { f64x2_replace_lane <LANE> |a, b| replace(a, LANE, b); }}

    // Bits, and integers in lanes as wide as the operands'.
    functions! {unary {
        v128_not |a| map(a, |a: u64| !a);
        i8x16_abs |a| map(a, i8::wrapping_abs);
        i8x16_neg |a| map(a, i8::wrapping_neg);
        i16x8_abs |a| map(a, i16::wrapping_abs);
        i16x8_neg |a| map(a, i16::wrapping_neg);
        i32x4_abs |a| map(a, i32::wrapping_abs);
        i32x4_neg |a| map(a, i32::wrapping_neg);
        i64x2_abs |a| map(a, i64::wrapping_abs);
        i64x2_neg |a| map(a, i64::wrapping_neg);
        i8x16_popcnt |a| map(a, |a: u8| a.count_ones() as u8);
    }}
    functions! {test {
        v128_any_true |a| u32::from(u64::lanes(a) != [0; 2]);
        i8x16_all_true |a| all_true::<u8>(a, 0);
        i8x16_bitmask |a| bitmask::<i8>(a, 0);
        i16x8_all_true |a| all_true::<u16>(a, 0);
        i16x8_bitmask |a| bitmask::<i16>(a, 0);
        i32x4_all_true |a| all_true::<u32>(a, 0);
        i32x4_bitmask |a| bitmask::<i32>(a, 0);
        i64x2_all_true |a| all_true::<u64>(a, 0);
        i64x2_bitmask |a| bitmask::<i64>(a, 0);
    }}
    functions! {shift {
        i8x16_shl |a, n| map(a, |a: u8| a.wrapping_shl(n));
        i8x16_shr_s |a, n| map(a, |a: i8| a.wrapping_shr(n));
        i8x16_shr_u |a, n| map(a, |a: u8| a.wrapping_shr(n));
        i16x8_shl |a, n| map(a, |a: u16| a.wrapping_shl(n));
        i16x8_shr_s |a, n| map(a, |a: i16| a.wrapping_shr(n));
        i16x8_shr_u |a, n| map(a, |a: u16| a.wrapping_shr(n));
        i32x4_shl |a, n| map(a, |a: u32| a.wrapping_shl(n));
        i32x4_shr_s |a, n| map(a, |a: i32| a.wrapping_shr(n));
        i32x4_shr_u |a, n| map(a, |a: u32| a.wrapping_shr(n));
        i64x2_shl |a, n| map(a, |a: u64| a.wrapping_shl(n));
        i64x2_shr_s |a, n| map(a, |a: i64| a.wrapping_shr(n));
        i64x2_shr_u |a, n| map(a, |a: u64| a.wrapping_shr(n));
    }}
    functions! {binary {
        v128_and |a, b| zip(a, b, |a: u64, b: u64| a & b);
        v128_andnot |a, b| zip(a, b, |a: u64, b: u64| a & !b);
        v128_or |a, b| zip(a, b, |a: u64, b: u64| a | b);
        v128_xor |a, b| zip(a, b, |a: u64, b: u64| a ^ b);
        i8x16_swizzle |a, b| {
            let a = u8::lanes(a);
            map(b, |lane: u8| if lane < 16 { a[usize::from(lane)] } else { 0 })
        };
        i8x16_add |a, b| zip(a, b, u8::wrapping_add);
        i8x16_sub |a, b| zip(a, b, u8::wrapping_sub);
        i8x16_eq |a, b| zip(a, b, |a: i8, b: i8| mask8(a == b));
        i8x16_ne |a, b| zip(a, b, |a: i8, b: i8| mask8(a != b));
        i8x16_lt_s |a, b| zip(a, b, |a: i8, b: i8| mask8(a < b));
        i8x16_lt_u |a, b| zip(a, b, |a: u8, b: u8| mask8(a < b));
        i8x16_gt_s |a, b| zip(a, b, |a: i8, b: i8| mask8(a > b));
        i8x16_gt_u |a, b| zip(a, b, |a: u8, b: u8| mask8(a > b));
        i8x16_le_s |a, b| zip(a, b, |a: i8, b: i8| mask8(a <= b));
        i8x16_le_u |a, b| zip(a, b, |a: u8, b: u8| mask8(a <= b));
        i8x16_ge_s |a, b| zip(a, b, |a: i8, b: i8| mask8(a >= b));
        i8x16_ge_u |a, b| zip(a, b, |a: u8, b: u8| mask8(a >= b));
        i8x16_min_s |a, b| zip(a, b, i8::min);
        i8x16_min_u |a, b| zip(a, b, u8::min);
        i8x16_max_s |a, b| zip(a, b, i8::max);
        i8x16_max_u |a, b| zip(a, b, u8::max);
        i8x16_add_sat_s |a, b| zip(a, b, i8::saturating_add);
        i8x16_add_sat_u |a, b| zip(a, b, u8::saturating_add);
        i8x16_sub_sat_s |a, b| zip(a, b, i8::saturating_sub);
        i8x16_sub_sat_u |a, b| zip(a, b, u8::saturating_sub);
        i8x16_avgr_u |a, b| zip(a, b, |a: u8, b: u8| (u32::from(a) + u32::from(b)).div_ceil(2) as u8);
        i16x8_add |a, b| zip(a, b, u16::wrapping_add);
        i16x8_sub |a, b| zip(a, b, u16::wrapping_sub);
        i16x8_mul |a, b| zip(a, b, u16::wrapping_mul);
        i16x8_eq |a, b| zip(a, b, |a: i16, b: i16| mask16(a == b));
        i16x8_ne |a, b| zip(a, b, |a: i16, b: i16| mask16(a != b));
        i16x8_lt_s |a, b| zip(a, b, |a: i16, b: i16| mask16(a < b));
        i16x8_lt_u |a, b| zip(a, b, |a: u16, b: u16| mask16(a < b));
        i16x8_gt_s |a, b| zip(a, b, |a: i16, b: i16| mask16(a > b));
        i16x8_gt_u |a, b| zip(a, b, |a: u16, b: u16| mask16(a > b));
        i16x8_le_s |a, b| zip(a, b, |a: i16, b: i16| mask16(a <= b));
        i16x8_le_u |a, b| zip(a, b, |a: u16, b: u16| mask16(a <= b));
        i16x8_ge_s |a, b| zip(a, b, |a: i16, b: i16| mask16(a >= b));
        i16x8_ge_u |a, b| zip(a, b, |a: u16, b: u16| mask16(a >= b));
        i16x8_min_s |a, b| zip(a, b, i16::min);
        i16x8_min_u |a, b| zip(a, b, u16::min);
        i16x8_max_s |a, b| zip(a, b, i16::max);
        i16x8_max_u |a, b| zip(a, b, u16::max);
        i16x8_add_sat_s |a, b| zip(a, b, i16::saturating_add);
        i16x8_add_sat_u |a, b| zip(a, b, u16::saturating_add);
        i16x8_sub_sat_s |a, b| zip(a, b, i16::saturating_sub);
        i16x8_sub_sat_u |a, b| zip(a, b, u16::saturating_sub);
        i16x8_avgr_u |a, b| zip(a, b, |a: u16, b: u16| (u32::from(a) + u32::from(b)).div_ceil(2) as u16);
        i32x4_add |a, b| zip(a, b, u32::wrapping_add);
        i32x4_sub |a, b| zip(a, b, u32::wrapping_sub);
        i32x4_mul |a, b| zip(a, b, u32::wrapping_mul);
        i32x4_eq |a, b| zip(a, b, |a: i32, b: i32| mask32(a == b));
        i32x4_ne |a, b| zip(a, b, |a: i32, b: i32| mask32(a != b));
        i32x4_lt_s |a, b| zip(a, b, |a: i32, b: i32| mask32(a < b));
        i32x4_lt_u |a, b| zip(a, b, |a: u32, b: u32| mask32(a < b));
        i32x4_gt_s |a, b| zip(a, b, |a: i32, b: i32| mask32(a > b));
        i32x4_gt_u |a, b| zip(a, b, |a: u32, b: u32| mask32(a > b));
        i32x4_le_s |a, b| zip(a, b, |a: i32, b: i32| mask32(a <= b));
        i32x4_le_u |a, b| zip(a, b, |a: u32, b: u32| mask32(a <= b));
        i32x4_ge_s |a, b| zip(a, b, |a: i32, b: i32| mask32(a >= b));
        i32x4_ge_u |a, b| zip(a, b, |a: u32, b: u32| mask32(a >= b));
        i32x4_min_s |a, b| zip(a, b, i32::min);
        i32x4_min_u |a, b| zip(a, b, u32::min);
        i32x4_max_s |a, b| zip(a, b, i32::max);
        i32x4_max_u |a, b| zip(a, b, u32::max);
        i64x2_add |a, b| zip(a, b, u64::wrapping_add);
        i64x2_sub |a, b| zip(a, b, u64::wrapping_sub);
        i64x2_mul |a, b| zip(a, b, u64::wrapping_mul);
        i64x2_eq |a, b| zip(a, b, |a: i64, b: i64| mask64(a == b));
        i64x2_ne |a, b| zip(a, b, |a: i64, b: i64| mask64(a != b));
        i64x2_lt_s |a, b| zip(a, b, |a: i64, b: i64| mask64(a < b));
        i64x2_gt_s |a, b| zip(a, b, |a: i64, b: i64| mask64(a > b));
        i64x2_le_s |a, b| zip(a, b, |a: i64, b: i64| mask64(a <= b));
        i64x2_ge_s |a, b| zip(a, b, |a: i64, b: i64| mask64(a >= b));
        i16x8_q15mulr_sat_s |a, b| zip(a, b, q15);
        i8x16_interleave_low |a, b| interleave::<u8>(a, b, 0);
        i8x16_interleave_high |a, b| interleave::<u8>(a, b, 8);
        i16x8_interleave_low |a, b| interleave::<u16>(a, b, 0);
        i16x8_interleave_high |a, b| interleave::<u16>(a, b, 4);
        i32x4_interleave_low |a, b| interleave::<u32>(a, b, 0);
        i32x4_interleave_high |a, b| interleave::<u32>(a, b, 2);
        i64x2_interleave_low |a, b| interleave::<u64>(a, b, 0);
        i64x2_interleave_high |a, b| interleave::<u64>(a, b, 1);
        i32x4_concat_even |a, b| every_other::<u32>(a, b, 0);
        i32x4_concat_odd |a, b| every_other::<u32>(a, b, 1);
    }}
    functions! {ternary {
        v128_bitselect |a, b, c| zip3(a, b, c, |a: u64, b, c| (a & c) | (b & !c));
        i8x16_shuffle |a, b, c| {
            let (a, b) = (u8::lanes(a), u8::lanes(b));
            map(c, |lane: u8| if lane < 16 { a[usize::from(lane)] } else { b[usize::from(lane) % 16] })
        };
    }}

    // Integers in wider or narrower lanes.
    functions! {unary {
        i16x8_extend_low_i8x16_s |a| low(a, |a: i8| i16::from(a));
        i16x8_extend_low_i8x16_u |a| low(a, |a: u8| u16::from(a));
        i16x8_extend_high_i8x16_s |a| high(a, |a: i8| i16::from(a));
        i16x8_extend_high_i8x16_u |a| high(a, |a: u8| u16::from(a));
        i16x8_extadd_pairwise_i8x16_s |a| pairs(a, |a: i8, b| i16::from(a) + i16::from(b));
        i16x8_extadd_pairwise_i8x16_u |a| pairs(a, |a: u8, b| u16::from(a) + u16::from(b));
        i32x4_extend_low_i16x8_s |a| low(a, |a: i16| i32::from(a));
        i32x4_extend_low_i16x8_u |a| low(a, |a: u16| u32::from(a));
        i32x4_extend_high_i16x8_s |a| high(a, |a: i16| i32::from(a));
        i32x4_extend_high_i16x8_u |a| high(a, |a: u16| u32::from(a));
        i32x4_extadd_pairwise_i16x8_s |a| pairs(a, |a: i16, b| i32::from(a) + i32::from(b));
        i32x4_extadd_pairwise_i16x8_u |a| pairs(a, |a: u16, b| u32::from(a) + u32::from(b));
        i64x2_extend_low_i32x4_s |a| low(a, |a: i32| i64::from(a));
        i64x2_extend_low_i32x4_u |a| low(a, |a: u32| u64::from(a));
        i64x2_extend_high_i32x4_s |a| high(a, |a: i32| i64::from(a));
        i64x2_extend_high_i32x4_u |a| high(a, |a: u32| u64::from(a));
    }}
    functions! {binary {
        i16x8_extmul_low_i8x16_s |a, b| low2(a, b, |a: i8, b: i8| i16::from(a) * i16::from(b));
        i16x8_extmul_low_i8x16_u |a, b| low2(a, b, |a: u8, b: u8| u16::from(a) * u16::from(b));
        i16x8_extmul_high_i8x16_s |a, b| high2(a, b, |a: i8, b: i8| i16::from(a) * i16::from(b));
        i16x8_extmul_high_i8x16_u |a, b| high2(a, b, |a: u8, b: u8| u16::from(a) * u16::from(b));
        i32x4_extmul_low_i16x8_s |a, b| low2(a, b, |a: i16, b: i16| i32::from(a) * i32::from(b));
        i32x4_extmul_low_i16x8_u |a, b| low2(a, b, |a: u16, b: u16| u32::from(a) * u32::from(b));
        i32x4_extmul_high_i16x8_s |a, b| high2(a, b, |a: i16, b: i16| i32::from(a) * i32::from(b));
        i32x4_extmul_high_i16x8_u |a, b| high2(a, b, |a: u16, b: u16| u32::from(a) * u32::from(b));
        i64x2_extmul_low_i32x4_s |a, b| low2(a, b, |a: i32, b: i32| i64::from(a) * i64::from(b));
        i64x2_extmul_low_i32x4_u |a, b| low2(a, b, |a: u32, b: u32| u64::from(a) * u64::from(b));
        i64x2_extmul_high_i32x4_s |a, b| high2(a, b, |a: i32, b: i32| i64::from(a) * i64::from(b));
        i64x2_extmul_high_i32x4_u |a, b| high2(a, b, |a: u32, b: u32| u64::from(a) * u64::from(b));
        i8x16_narrow_i16x8_s |a, b| join(a, b, |a: i16| a.clamp(-0x80, 0x7f) as i8);
        i8x16_narrow_i16x8_u |a, b| join(a, b, |a: i16| a.clamp(0, 0xff) as u8);
        i16x8_narrow_i32x4_s |a, b| join(a, b, |a: i32| a.clamp(-0x8000, 0x7fff) as i16);
        i16x8_narrow_i32x4_u |a, b| join(a, b, |a: i32| a.clamp(0, 0xffff) as u16);
        i32x4_dot_i16x8_s |a, b| {
            let (a, b) = (i16::lanes(a), i16::lanes(b));
            let product = |i: usize| i32::from(a[i]) * i32::from(b[i]);
            make(|i| product(2 * i).wrapping_add(product(2 * i + 1)))
        };
    }}

    // Floats.
    functions! {unary {
        f32x4_ceil |a| map(a, |a: f32| f32_quiet(a.ceil()));
        f32x4_floor |a| map(a, |a: f32| f32_quiet(a.floor()));
        f32x4_trunc |a| map(a, |a: f32| f32_quiet(a.trunc()));
        f32x4_nearest |a| map(a, |a: f32| f32_quiet(a.round_ties_even()));
        f32x4_abs |a| map(a, f32::abs);
        f32x4_neg |a| map(a, |a: f32| -a);
        f32x4_sqrt |a| map(a, f32::sqrt);
        f32x4_canonical |a| map(a, f32_canonical);
        f64x2_ceil |a| map(a, |a: f64| f64_quiet(a.ceil()));
        f64x2_floor |a| map(a, |a: f64| f64_quiet(a.floor()));
        f64x2_trunc |a| map(a, |a: f64| f64_quiet(a.trunc()));
        f64x2_nearest |a| map(a, |a: f64| f64_quiet(a.round_ties_even()));
        f64x2_abs |a| map(a, f64::abs);
        f64x2_neg |a| map(a, |a: f64| -a);
        f64x2_sqrt |a| map(a, f64::sqrt);
        f64x2_canonical |a| map(a, f64_canonical);
    }}
    functions! {binary {
        f32x4_add |a, b| zip(a, b, |a: f32, b: f32| a + b);
        f32x4_sub |a, b| zip(a, b, |a: f32, b: f32| a - b);
        f32x4_mul |a, b| zip(a, b, |a: f32, b: f32| a * b);
        f32x4_div |a, b| zip(a, b, |a: f32, b: f32| a / b);
        f32x4_min |a, b| zip(a, b, f32_min);
        f32x4_max |a, b| zip(a, b, f32_max);
        f32x4_pmin |a, b| zip(a, b, |a: f32, b: f32| if b < a { b } else { a });
        f32x4_pmax |a, b| zip(a, b, |a: f32, b: f32| if a < b { b } else { a });
        f32x4_eq |a, b| zip(a, b, |a: f32, b: f32| mask32(a == b));
        f32x4_ne |a, b| zip(a, b, |a: f32, b: f32| mask32(a != b));
        f32x4_lt |a, b| zip(a, b, |a: f32, b: f32| mask32(a < b));
        f32x4_gt |a, b| zip(a, b, |a: f32, b: f32| mask32(a > b));
        f32x4_le |a, b| zip(a, b, |a: f32, b: f32| mask32(a <= b));
        f32x4_ge |a, b| zip(a, b, |a: f32, b: f32| mask32(a >= b));
        f64x2_add |a, b| zip(a, b, |a: f64, b: f64| a + b);
        f64x2_sub |a, b| zip(a, b, |a: f64, b: f64| a - b);
        f64x2_mul |a, b| zip(a, b, |a: f64, b: f64| a * b);
        f64x2_div |a, b| zip(a, b, |a: f64, b: f64| a / b);
        f64x2_min |a, b| zip(a, b, f64_min);
        f64x2_max |a, b| zip(a, b, f64_max);
        f64x2_pmin |a, b| zip(a, b, |a: f64, b: f64| if b < a { b } else { a });
        f64x2_pmax |a, b| zip(a, b, |a: f64, b: f64| if a < b { b } else { a });
        f64x2_eq |a, b| zip(a, b, |a: f64, b: f64| mask64(a == b));
        f64x2_ne |a, b| zip(a, b, |a: f64, b: f64| mask64(a != b));
        f64x2_lt |a, b| zip(a, b, |a: f64, b: f64| mask64(a < b));
        f64x2_gt |a, b| zip(a, b, |a: f64, b: f64| mask64(a > b));
        f64x2_le |a, b| zip(a, b, |a: f64, b: f64| mask64(a <= b));
        f64x2_ge |a, b| zip(a, b, |a: f64, b: f64| mask64(a >= b));
    }}
    functions! {ternary {
        f32x4_madd |a, b, c| zip3(a, b, c, |a: f32, b, c| a * b + c);
        f32x4_nmadd |a, b, c| zip3(a, b, c, |a: f32, b, c| -a * b + c);
        f64x2_madd |a, b, c| zip3(a, b, c, |a: f64, b, c| a * b + c);
        f64x2_nmadd |a, b, c| zip3(a, b, c, |a: f64, b, c| -a * b + c);
    }}
    #[inline(always)]
    fn f32_canonical(a: f32) -> f32 {
        f32_canonical(a)
    }
    #[inline(always)]
    fn f64_canonical(a: f64) -> f64 {
        f64_canonical(a)
    }

    // Conversions.
    functions! {unary {
        i32x4_trunc_sat_f32x4_s |a| map(a, |a: f32| a as i32);
        i32x4_trunc_sat_f32x4_u |a| map(a, |a: f32| a as u32);
        i32x4_trunc_sat_f64x2_s_zero |a| and_zero(a, |a: f64| a as i32);
        i32x4_trunc_sat_f64x2_u_zero |a| and_zero(a, |a: f64| a as u32);
        f32x4_convert_i32x4_s |a| map(a, |a: i32| a as f32);
        f32x4_convert_i32x4_u |a| map(a, |a: u32| a as f32);
        f64x2_convert_low_i32x4_s |a| low(a, |a: i32| f64::from(a));
        f64x2_convert_low_i32x4_u |a| low(a, |a: u32| f64::from(a));
        f32x4_demote_f64x2_zero |a| and_zero(a, |a: f64| a as f32);
        f64x2_promote_low_f32x4 |a| low(a, |a: f32| f64::from(a));
    }}

    // Relaxed operators: the deterministic choices.
    functions! {unary {
        i32x4_relaxed_trunc_f32x4_s |a| Self::i32x4_trunc_sat_f32x4_s(a);
        i32x4_relaxed_trunc_f64x2_s_zero |a| Self::i32x4_trunc_sat_f64x2_s_zero(a);
    }}
    functions! {binary {
        i8x16_relaxed_swizzle |a, b| Self::i8x16_swizzle(a, b);
        i16x8_relaxed_q15mulr_s |a, b| Self::i16x8_q15mulr_sat_s(a, b);
        i16x8_relaxed_dot_i8x16_i7x16_s |a, b| dot_i8(a, b);
        i16x8_dot_i8x16_s |a, b| dot_i8(a, b);
    }}
    functions! {ternary {
        f32x4_relaxed_madd |a, b, c| Self::f32x4_madd(a, b, c);
        f32x4_relaxed_nmadd |a, b, c| Self::f32x4_nmadd(a, b, c);
        f64x2_relaxed_madd |a, b, c| Self::f64x2_madd(a, b, c);
        f64x2_relaxed_nmadd |a, b, c| Self::f64x2_nmadd(a, b, c);
        i32x4_relaxed_dot_i8x16_i7x16_add_s |a, b, c| Self::i32x4_dot_i8x16_add_s(a, b, c);
        i32x4_dot_i8x16_add_s |a, b, c| Self::i32x4_add(Self::i32x4_extadd_pairwise_i16x8_s(dot_i8(a, b)), c);
    }}
}
