//! The operators by NEON, which every 64-bit Arm processor has, and which has an instruction for nearly all of them.

use crate::vector::V128;
use crate::vector::isa::{Isa, at, functions, instructions};
use crate::vector::portable::Portable;
use core::arch::aarch64::*;

/// What every aarch64 has.
pub(crate) struct Neon;

/// The vector as one of such lanes.
macro_rules! take {
    (u8 $a:ident) => {
        $a.0
    };
    (s8 $a:ident) => {
        vreinterpretq_s8_u8($a.0)
    };
    (u16 $a:ident) => {
        vreinterpretq_u16_u8($a.0)
    };
    (s16 $a:ident) => {
        vreinterpretq_s16_u8($a.0)
    };
    (u32 $a:ident) => {
        vreinterpretq_u32_u8($a.0)
    };
    (s32 $a:ident) => {
        vreinterpretq_s32_u8($a.0)
    };
    (u64 $a:ident) => {
        vreinterpretq_u64_u8($a.0)
    };
    (s64 $a:ident) => {
        vreinterpretq_s64_u8($a.0)
    };
    (f32 $a:ident) => {
        vreinterpretq_f32_u8($a.0)
    };
    (f64 $a:ident) => {
        vreinterpretq_f64_u8($a.0)
    };
}

/// The bytes of a vector of such lanes.
macro_rules! bytes {
    (u8 $a:expr) => {
        $a
    };
    (s8 $a:expr) => {
        vreinterpretq_u8_s8($a)
    };
    (u16 $a:expr) => {
        vreinterpretq_u8_u16($a)
    };
    (s16 $a:expr) => {
        vreinterpretq_u8_s16($a)
    };
    (u32 $a:expr) => {
        vreinterpretq_u8_u32($a)
    };
    (s32 $a:expr) => {
        vreinterpretq_u8_s32($a)
    };
    (u64 $a:expr) => {
        vreinterpretq_u8_u64($a)
    };
    (s64 $a:expr) => {
        vreinterpretq_u8_s64($a)
    };
    (f32 $a:expr) => {
        vreinterpretq_u8_f32($a)
    };
    (f64 $a:expr) => {
        vreinterpretq_u8_f64($a)
    };
}

macro_rules! give {
    ($ty:ident $a:expr) => {
        V128(bytes!($ty $a))
    };
}

/// Writes functions of `Isa` as rows, on vectors of such lanes.
macro_rules! rows {
    (unary $from:ident $to:ident { $($name:ident |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        fn $name($a: V128) -> V128 {
            // SAFETY: V1.
            unsafe {
                let $a = take!($from $a);
                give!($to $body)
            }
        })*
    };
    (test { $($name:ident <$from:ident> |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        #[allow(unused_unsafe, reason = "some call functions of ours only")]
        fn $name($a: V128) -> u32 {
            // SAFETY: V1.
            unsafe {
                let $a = take!($from $a);
                $body as u32
            }
        })*
    };
    (shift { $($name:ident |$a:ident, $count:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        fn $name($a: V128, $count: u32) -> V128 {
            let $count = $count as i32;
            instructions!($body)
        })*
    };
    (binary $from:ident $to:ident { $($name:ident |$a:ident, $b:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        #[allow(unused_unsafe, reason = "some call functions of ours only")]
        fn $name($a: V128, $b: V128) -> V128 {
            // SAFETY: V1.
            unsafe {
                let ($a, $b) = (take!($from $a), take!($from $b));
                give!($to $body)
            }
        })*
    };
    (ternary $from:ident $to:ident { $($name:ident |$a:ident, $b:ident, $c:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        fn $name($a: V128, $b: V128, $c: V128) -> V128 {
            // SAFETY: V1.
            unsafe {
                let ($a, $b, $c) = (take!($from $a), take!($from $b), take!($from $c));
                give!($to $body)
            }
        })*
    };
}

/// Each lane's bit, if it is negative, by sums of halves: pairs of bytes become words of a lower and an upper half.
#[inline(always)]
fn bitmask_8(a: int8x16_t) -> u32 {
    instructions!({
        let bits = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
        let bits = vandq_u8(vreinterpretq_u8_s8(vshrq_n_s8::<7>(a)), bits);
        let pairs = vzip1q_u8(bits, vextq_u8::<8>(bits, bits));
        vaddvq_u16(vreinterpretq_u16_u8(pairs)).into()
    })
}

#[inline(always)]
fn bitmask_16(a: int16x8_t) -> u32 {
    instructions!({
        let bits = vcombine_u16(vcreate_u16(0x0008_0004_0002_0001), vcreate_u16(0x0080_0040_0020_0010));
        vaddvq_u16(vandq_u16(vreinterpretq_u16_s16(vshrq_n_s16::<15>(a)), bits)).into()
    })
}

#[inline(always)]
fn bitmask_32(a: int32x4_t) -> u32 {
    instructions!({
        let bits = vcombine_u32(vcreate_u32(0x2_0000_0001), vcreate_u32(0x8_0000_0004));
        vaddvq_u32(vandq_u32(vreinterpretq_u32_s32(vshrq_n_s32::<31>(a)), bits))
    })
}

#[inline(always)]
fn bitmask_64(a: uint64x2_t) -> u32 {
    instructions!((vgetq_lane_u64::<0>(a) >> 63 | vgetq_lane_u64::<1>(a) >> 63 << 1) as u32)
}

/// As on paper, with digits of 32 bits.
#[inline(always)]
fn mul_64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
    instructions!({
        let (a_low, b_low) = (vmovn_u64(a), vmovn_u64(b));
        let across = vmulq_u32(vreinterpretq_u32_u64(a), vrev64q_u32(vreinterpretq_u32_u64(b)));
        vmlal_u32(vshlq_n_u64::<32>(vpaddlq_u32(across)), a_low, b_low)
    })
}

/// The sum of two products, which fits unless all four are -128.
#[inline(always)]
fn dot_i8(a: int8x16_t, b: int8x16_t) -> int16x8_t {
    instructions!({
        let (low, high) = (vmull_s8(vget_low_s8(a), vget_low_s8(b)), vmull_high_s8(a, b));
        vqaddq_s16(vuzp1q_s16(low, high), vuzp2q_s16(low, high))
    })
}

impl Isa for Neon {
    type Below = Portable;

    // Lanes.
    functions! {from u32 {
        i8x16_splat |a| instructions!(give!(u8 vdupq_n_u8(a as u8)));
        i16x8_splat |a| instructions!(give!(u16 vdupq_n_u16(a as u16)));
        i32x4_splat |a| instructions!(give!(u32 vdupq_n_u32(a)));
        v128_load32_zero |a| instructions!(give!(u32 vsetq_lane_u32::<0>(a, vdupq_n_u32(0))));
    }}
    functions! {from u64 {
        i64x2_splat |a| instructions!(give!(u64 vdupq_n_u64(a)));
        v128_load64_zero |a| instructions!(give!(u64 vcombine_u64(vcreate_u64(a), vcreate_u64(0))));
    }}
    functions! {from f32 { f32x4_splat |a| instructions!(give!(f32 vdupq_n_f32(a))); }}
    functions! {from f64 { f64x2_splat |a| instructions!(give!(f64 vdupq_n_f64(a))); }}
    functions! {extract u32 {
        i8x16_extract_lane_s <LANE> |a|
            at!(LANE, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, |N| vgetq_lane_s8::<N>(take!(s8 a)) as u32);
        i8x16_extract_lane_u <LANE> |a|
            at!(LANE, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, |N| vgetq_lane_u8::<N>(take!(u8 a)).into());
        i16x8_extract_lane_s <LANE> |a| at!(LANE, 0 1 2 3 4 5 6 7, |N| vgetq_lane_s16::<N>(take!(s16 a)) as u32);
        i16x8_extract_lane_u <LANE> |a| at!(LANE, 0 1 2 3 4 5 6 7, |N| vgetq_lane_u16::<N>(take!(u16 a)).into());
        i32x4_extract_lane <LANE> |a| at!(LANE, 0 1 2 3, |N| vgetq_lane_u32::<N>(take!(u32 a)));
    }}
    functions! {extract u64 { i64x2_extract_lane <LANE> |a| at!(LANE, 0 1, |N| vgetq_lane_u64::<N>(take!(u64 a))); }}
    functions! {extract f32 {
        f32x4_extract_lane <LANE> |a| at!(LANE, 0 1 2 3, |N| vgetq_lane_f32::<N>(take!(f32 a)));
    }}
    functions! {extract f64 { f64x2_extract_lane <LANE> |a| at!(LANE, 0 1, |N| vgetq_lane_f64::<N>(take!(f64 a))); }}
    functions! {replace u32 {
        i8x16_replace_lane <LANE> |a, b| at!(
            LANE, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, |N| give!(u8 vsetq_lane_u8::<N>(b as u8, take!(u8 a)))
        );
        i16x8_replace_lane <LANE> |a, b|
            at!(LANE, 0 1 2 3 4 5 6 7, |N| give!(u16 vsetq_lane_u16::<N>(b as u16, take!(u16 a))));
        i32x4_replace_lane <LANE> |a, b| at!(LANE, 0 1 2 3, |N| give!(u32 vsetq_lane_u32::<N>(b, take!(u32 a))));
    }}
    functions! {replace u64 {
        i64x2_replace_lane <LANE> |a, b| at!(LANE, 0 1, |N| give!(u64 vsetq_lane_u64::<N>(b, take!(u64 a))));
    }}
    functions! {replace f32 {
        f32x4_replace_lane <LANE> |a, b| at!(LANE, 0 1 2 3, |N| give!(f32 vsetq_lane_f32::<N>(b, take!(f32 a))));
    }}
    functions! {replace f64 {
        f64x2_replace_lane <LANE> |a, b| at!(LANE, 0 1, |N| give!(f64 vsetq_lane_f64::<N>(b, take!(f64 a))));
    }}

    // Tests and shifts.
    rows! {test {
        v128_any_true <u32> |a| vmaxvq_u32(a) != 0;
        i8x16_all_true <u8> |a| vminvq_u8(a) != 0;
        i16x8_all_true <u16> |a| vminvq_u16(a) != 0;
        i32x4_all_true <u32> |a| vminvq_u32(a) != 0;
        i64x2_all_true <u64> |a| vmaxvq_u32(vreinterpretq_u32_u64(vceqzq_u64(a))) == 0;
        i8x16_bitmask <s8> |a| bitmask_8(a);
        i16x8_bitmask <s16> |a| bitmask_16(a);
        i32x4_bitmask <s32> |a| bitmask_32(a);
        i64x2_bitmask <u64> |a| bitmask_64(a);
    }}
    rows! {shift {
        i8x16_shl |a, n| give!(u8 vshlq_u8(take!(u8 a), vdupq_n_s8((n & 7) as i8)));
        i8x16_shr_s |a, n| give!(s8 vshlq_s8(take!(s8 a), vdupq_n_s8(-((n & 7) as i8))));
        i8x16_shr_u |a, n| give!(u8 vshlq_u8(take!(u8 a), vdupq_n_s8(-((n & 7) as i8))));
        i16x8_shl |a, n| give!(u16 vshlq_u16(take!(u16 a), vdupq_n_s16((n & 15) as i16)));
        i16x8_shr_s |a, n| give!(s16 vshlq_s16(take!(s16 a), vdupq_n_s16(-((n & 15) as i16))));
        i16x8_shr_u |a, n| give!(u16 vshlq_u16(take!(u16 a), vdupq_n_s16(-((n & 15) as i16))));
        i32x4_shl |a, n| give!(u32 vshlq_u32(take!(u32 a), vdupq_n_s32(n & 31)));
        i32x4_shr_s |a, n| give!(s32 vshlq_s32(take!(s32 a), vdupq_n_s32(-(n & 31))));
        i32x4_shr_u |a, n| give!(u32 vshlq_u32(take!(u32 a), vdupq_n_s32(-(n & 31))));
        i64x2_shl |a, n| give!(u64 vshlq_u64(take!(u64 a), vdupq_n_s64(i64::from(n & 63))));
        i64x2_shr_s |a, n| give!(s64 vshlq_s64(take!(s64 a), vdupq_n_s64(-(i64::from(n & 63)))));
        i64x2_shr_u |a, n| give!(u64 vshlq_u64(take!(u64 a), vdupq_n_s64(-(i64::from(n & 63)))));
    }}

    // Of one operand.
    rows! {unary u8 u8 {
        v128_not |a| vmvnq_u8(a);
        i8x16_popcnt |a| vcntq_u8(a);
    }}
    rows! {unary s8 s8 {
        i8x16_abs |a| vabsq_s8(a);
        i8x16_neg |a| vnegq_s8(a);
    }}
    rows! {unary s16 s16 {
        i16x8_abs |a| vabsq_s16(a);
        i16x8_neg |a| vnegq_s16(a);
    }}
    rows! {unary s32 s32 {
        i32x4_abs |a| vabsq_s32(a);
        i32x4_neg |a| vnegq_s32(a);
    }}
    rows! {unary s64 s64 {
        i64x2_abs |a| vabsq_s64(a);
        i64x2_neg |a| vnegq_s64(a);
    }}
    rows! {unary s8 s16 {
        i16x8_extend_low_i8x16_s |a| vmovl_s8(vget_low_s8(a));
        i16x8_extend_high_i8x16_s |a| vmovl_high_s8(a);
        i16x8_extadd_pairwise_i8x16_s |a| vpaddlq_s8(a);
    }}
    rows! {unary u8 u16 {
        i16x8_extend_low_i8x16_u |a| vmovl_u8(vget_low_u8(a));
        i16x8_extend_high_i8x16_u |a| vmovl_high_u8(a);
        i16x8_extadd_pairwise_i8x16_u |a| vpaddlq_u8(a);
    }}
    rows! {unary s16 s32 {
        i32x4_extend_low_i16x8_s |a| vmovl_s16(vget_low_s16(a));
        i32x4_extend_high_i16x8_s |a| vmovl_high_s16(a);
        i32x4_extadd_pairwise_i16x8_s |a| vpaddlq_s16(a);
    }}
    rows! {unary u16 u32 {
        i32x4_extend_low_i16x8_u |a| vmovl_u16(vget_low_u16(a));
        i32x4_extend_high_i16x8_u |a| vmovl_high_u16(a);
        i32x4_extadd_pairwise_i16x8_u |a| vpaddlq_u16(a);
    }}
    rows! {unary s32 s64 {
        i64x2_extend_low_i32x4_s |a| vmovl_s32(vget_low_s32(a));
        i64x2_extend_high_i32x4_s |a| vmovl_high_s32(a);
    }}
    rows! {unary u32 u64 {
        i64x2_extend_low_i32x4_u |a| vmovl_u32(vget_low_u32(a));
        i64x2_extend_high_i32x4_u |a| vmovl_high_u32(a);
    }}
    rows! {unary f32 f32 {
        f32x4_ceil |a| vrndpq_f32(a);
        f32x4_floor |a| vrndmq_f32(a);
        f32x4_trunc |a| vrndq_f32(a);
        f32x4_nearest |a| vrndnq_f32(a);
        f32x4_abs |a| vabsq_f32(a);
        f32x4_neg |a| vnegq_f32(a);
        f32x4_sqrt |a| vsqrtq_f32(a);
        f32x4_canonical |a| vbslq_f32(vceqq_f32(a, a), a, vdupq_n_f32(f32::NAN));
    }}
    rows! {unary f64 f64 {
        f64x2_ceil |a| vrndpq_f64(a);
        f64x2_floor |a| vrndmq_f64(a);
        f64x2_trunc |a| vrndq_f64(a);
        f64x2_nearest |a| vrndnq_f64(a);
        f64x2_abs |a| vabsq_f64(a);
        f64x2_neg |a| vnegq_f64(a);
        f64x2_sqrt |a| vsqrtq_f64(a);
        f64x2_canonical |a| vbslq_f64(vceqq_f64(a, a), a, vdupq_n_f64(f64::NAN));
    }}
    rows! {unary f32 s32 {
        i32x4_trunc_sat_f32x4_s |a| vcvtq_s32_f32(a);
        i32x4_relaxed_trunc_f32x4_s |a| vcvtq_s32_f32(a);
    }}
    rows! {unary f32 u32 {
        i32x4_trunc_sat_f32x4_u |a| vcvtq_u32_f32(a);
    }}
    rows! {unary f64 s32 {
        i32x4_trunc_sat_f64x2_s_zero |a| vcombine_s32(vqmovn_s64(vcvtq_s64_f64(a)), vdup_n_s32(0));
        i32x4_relaxed_trunc_f64x2_s_zero |a| vcombine_s32(vqmovn_s64(vcvtq_s64_f64(a)), vdup_n_s32(0));
    }}
    rows! {unary f64 u32 {
        i32x4_trunc_sat_f64x2_u_zero |a| vcombine_u32(vqmovn_u64(vcvtq_u64_f64(a)), vdup_n_u32(0));
    }}
    rows! {unary s32 f32 {
        f32x4_convert_i32x4_s |a| vcvtq_f32_s32(a);
    }}
    rows! {unary u32 f32 {
        f32x4_convert_i32x4_u |a| vcvtq_f32_u32(a);
    }}
    rows! {unary s32 f64 {
        f64x2_convert_low_i32x4_s |a| vcvtq_f64_s64(vmovl_s32(vget_low_s32(a)));
    }}
    rows! {unary u32 f64 {
        f64x2_convert_low_i32x4_u |a| vcvtq_f64_u64(vmovl_u32(vget_low_u32(a)));
    }}
    rows! {unary f64 f32 {
        f32x4_demote_f64x2_zero |a| vcombine_f32(vcvt_f32_f64(a), vdup_n_f32(0.0));
    }}
    rows! {unary f32 f64 {
        f64x2_promote_low_f32x4 |a| vcvt_f64_f32(vget_low_f32(a));
    }}

    // Of two.
    rows! {binary u8 u8 {
        i8x16_interleave_low |a, b| vzip1q_u8(a, b);
        i8x16_interleave_high |a, b| vzip2q_u8(a, b);
        v128_and |a, b| vandq_u8(a, b);
        v128_andnot |a, b| vbicq_u8(a, b);
        v128_or |a, b| vorrq_u8(a, b);
        v128_xor |a, b| veorq_u8(a, b);
        i8x16_swizzle |a, b| vqtbl1q_u8(a, b);
        i8x16_relaxed_swizzle |a, b| vqtbl1q_u8(a, b);
        i8x16_add |a, b| vaddq_u8(a, b);
        i8x16_sub |a, b| vsubq_u8(a, b);
        i8x16_min_u |a, b| vminq_u8(a, b);
        i8x16_max_u |a, b| vmaxq_u8(a, b);
        i8x16_add_sat_u |a, b| vqaddq_u8(a, b);
        i8x16_sub_sat_u |a, b| vqsubq_u8(a, b);
        i8x16_avgr_u |a, b| vrhaddq_u8(a, b);
        i8x16_eq |a, b| vceqq_u8(a, b);
        i8x16_ne |a, b| vmvnq_u8(bytes!(u8 vceqq_u8(a, b)));
        i8x16_lt_u |a, b| vcltq_u8(a, b);
        i8x16_gt_u |a, b| vcgtq_u8(a, b);
        i8x16_le_u |a, b| vcleq_u8(a, b);
        i8x16_ge_u |a, b| vcgeq_u8(a, b);
    }}
    rows! {binary s8 s8 {
        i8x16_min_s |a, b| vminq_s8(a, b);
        i8x16_max_s |a, b| vmaxq_s8(a, b);
        i8x16_add_sat_s |a, b| vqaddq_s8(a, b);
        i8x16_sub_sat_s |a, b| vqsubq_s8(a, b);
    }}
    rows! {binary s8 u8 {
        i8x16_lt_s |a, b| vcltq_s8(a, b);
        i8x16_gt_s |a, b| vcgtq_s8(a, b);
        i8x16_le_s |a, b| vcleq_s8(a, b);
        i8x16_ge_s |a, b| vcgeq_s8(a, b);
    }}
    rows! {binary u16 u16 {
        i16x8_interleave_low |a, b| vzip1q_u16(a, b);
        i16x8_interleave_high |a, b| vzip2q_u16(a, b);
        i16x8_add |a, b| vaddq_u16(a, b);
        i16x8_sub |a, b| vsubq_u16(a, b);
        i16x8_mul |a, b| vmulq_u16(a, b);
        i16x8_min_u |a, b| vminq_u16(a, b);
        i16x8_max_u |a, b| vmaxq_u16(a, b);
        i16x8_add_sat_u |a, b| vqaddq_u16(a, b);
        i16x8_sub_sat_u |a, b| vqsubq_u16(a, b);
        i16x8_avgr_u |a, b| vrhaddq_u16(a, b);
        i16x8_eq |a, b| vceqq_u16(a, b);
        i16x8_lt_u |a, b| vcltq_u16(a, b);
        i16x8_gt_u |a, b| vcgtq_u16(a, b);
        i16x8_le_u |a, b| vcleq_u16(a, b);
        i16x8_ge_u |a, b| vcgeq_u16(a, b);
    }}
    rows! {binary s16 s16 {
        i16x8_min_s |a, b| vminq_s16(a, b);
        i16x8_max_s |a, b| vmaxq_s16(a, b);
        i16x8_add_sat_s |a, b| vqaddq_s16(a, b);
        i16x8_sub_sat_s |a, b| vqsubq_s16(a, b);
        i16x8_q15mulr_sat_s |a, b| vqrdmulhq_s16(a, b);
        i16x8_relaxed_q15mulr_s |a, b| vqrdmulhq_s16(a, b);
    }}
    rows! {binary u16 u8 {
        i16x8_ne |a, b| vmvnq_u8(bytes!(u16 vceqq_u16(a, b)));
    }}
    rows! {binary s16 u16 {
        i16x8_lt_s |a, b| vcltq_s16(a, b);
        i16x8_gt_s |a, b| vcgtq_s16(a, b);
        i16x8_le_s |a, b| vcleq_s16(a, b);
        i16x8_ge_s |a, b| vcgeq_s16(a, b);
    }}
    rows! {binary u32 u32 {
        i32x4_interleave_low |a, b| vzip1q_u32(a, b);
        i32x4_interleave_high |a, b| vzip2q_u32(a, b);
        i32x4_concat_even |a, b| vuzp1q_u32(a, b);
        i32x4_concat_odd |a, b| vuzp2q_u32(a, b);
        i32x4_add |a, b| vaddq_u32(a, b);
        i32x4_sub |a, b| vsubq_u32(a, b);
        i32x4_mul |a, b| vmulq_u32(a, b);
        i32x4_min_u |a, b| vminq_u32(a, b);
        i32x4_max_u |a, b| vmaxq_u32(a, b);
        i32x4_eq |a, b| vceqq_u32(a, b);
        i32x4_lt_u |a, b| vcltq_u32(a, b);
        i32x4_gt_u |a, b| vcgtq_u32(a, b);
        i32x4_le_u |a, b| vcleq_u32(a, b);
        i32x4_ge_u |a, b| vcgeq_u32(a, b);
    }}
    rows! {binary s32 s32 {
        i32x4_min_s |a, b| vminq_s32(a, b);
        i32x4_max_s |a, b| vmaxq_s32(a, b);
    }}
    rows! {binary u32 u8 {
        i32x4_ne |a, b| vmvnq_u8(bytes!(u32 vceqq_u32(a, b)));
    }}
    rows! {binary s32 u32 {
        i32x4_lt_s |a, b| vcltq_s32(a, b);
        i32x4_gt_s |a, b| vcgtq_s32(a, b);
        i32x4_le_s |a, b| vcleq_s32(a, b);
        i32x4_ge_s |a, b| vcgeq_s32(a, b);
    }}
    rows! {binary u64 u64 {
        i64x2_interleave_low |a, b| vzip1q_u64(a, b);
        i64x2_interleave_high |a, b| vzip2q_u64(a, b);
        i64x2_add |a, b| vaddq_u64(a, b);
        i64x2_sub |a, b| vsubq_u64(a, b);
        i64x2_eq |a, b| vceqq_u64(a, b);
        i64x2_mul |a, b| mul_64(a, b);
    }}
    rows! {binary u64 u8 {
        i64x2_ne |a, b| vmvnq_u8(bytes!(u64 vceqq_u64(a, b)));
    }}
    rows! {binary s64 u64 {
        i64x2_lt_s |a, b| vcltq_s64(a, b);
        i64x2_gt_s |a, b| vcgtq_s64(a, b);
        i64x2_le_s |a, b| vcleq_s64(a, b);
        i64x2_ge_s |a, b| vcgeq_s64(a, b);
    }}
    rows! {binary s8 s16 {
        i16x8_extmul_low_i8x16_s |a, b| vmull_s8(vget_low_s8(a), vget_low_s8(b));
        i16x8_extmul_high_i8x16_s |a, b| vmull_high_s8(a, b);
        i16x8_relaxed_dot_i8x16_i7x16_s |a, b| dot_i8(a, b);
        i16x8_dot_i8x16_s |a, b| dot_i8(a, b);
    }}
    rows! {binary u8 u16 {
        i16x8_extmul_low_i8x16_u |a, b| vmull_u8(vget_low_u8(a), vget_low_u8(b));
        i16x8_extmul_high_i8x16_u |a, b| vmull_high_u8(a, b);
    }}
    rows! {binary s16 s32 {
        i32x4_extmul_low_i16x8_s |a, b| vmull_s16(vget_low_s16(a), vget_low_s16(b));
        i32x4_extmul_high_i16x8_s |a, b| vmull_high_s16(a, b);
        i32x4_dot_i16x8_s |a, b| vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
    }}
    rows! {binary u16 u32 {
        i32x4_extmul_low_i16x8_u |a, b| vmull_u16(vget_low_u16(a), vget_low_u16(b));
        i32x4_extmul_high_i16x8_u |a, b| vmull_high_u16(a, b);
    }}
    rows! {binary s32 s64 {
        i64x2_extmul_low_i32x4_s |a, b| vmull_s32(vget_low_s32(a), vget_low_s32(b));
        i64x2_extmul_high_i32x4_s |a, b| vmull_high_s32(a, b);
    }}
    rows! {binary u32 u64 {
        i64x2_extmul_low_i32x4_u |a, b| vmull_u32(vget_low_u32(a), vget_low_u32(b));
        i64x2_extmul_high_i32x4_u |a, b| vmull_high_u32(a, b);
    }}
    rows! {binary s16 s8 {
        i8x16_narrow_i16x8_s |a, b| vqmovn_high_s16(vqmovn_s16(a), b);
    }}
    rows! {binary s16 u8 {
        i8x16_narrow_i16x8_u |a, b| vqmovun_high_s16(vqmovun_s16(a), b);
    }}
    rows! {binary s32 s16 {
        i16x8_narrow_i32x4_s |a, b| vqmovn_high_s32(vqmovn_s32(a), b);
    }}
    rows! {binary s32 u16 {
        i16x8_narrow_i32x4_u |a, b| vqmovun_high_s32(vqmovun_s32(a), b);
    }}
    rows! {binary f32 f32 {
        f32x4_add |a, b| vaddq_f32(a, b);
        f32x4_sub |a, b| vsubq_f32(a, b);
        f32x4_mul |a, b| vmulq_f32(a, b);
        f32x4_div |a, b| vdivq_f32(a, b);
        f32x4_min |a, b| vminq_f32(a, b);
        f32x4_max |a, b| vmaxq_f32(a, b);
        f32x4_pmin |a, b| vbslq_f32(vcltq_f32(b, a), b, a);
        f32x4_pmax |a, b| vbslq_f32(vcltq_f32(a, b), b, a);
    }}
    rows! {binary f32 u32 {
        f32x4_eq |a, b| vceqq_f32(a, b);
        f32x4_lt |a, b| vcltq_f32(a, b);
        f32x4_gt |a, b| vcgtq_f32(a, b);
        f32x4_le |a, b| vcleq_f32(a, b);
        f32x4_ge |a, b| vcgeq_f32(a, b);
    }}
    rows! {binary f32 u8 {
        f32x4_ne |a, b| vmvnq_u8(bytes!(u32 vceqq_f32(a, b)));
    }}
    rows! {binary f64 f64 {
        f64x2_add |a, b| vaddq_f64(a, b);
        f64x2_sub |a, b| vsubq_f64(a, b);
        f64x2_mul |a, b| vmulq_f64(a, b);
        f64x2_div |a, b| vdivq_f64(a, b);
        f64x2_min |a, b| vminq_f64(a, b);
        f64x2_max |a, b| vmaxq_f64(a, b);
        f64x2_pmin |a, b| vbslq_f64(vcltq_f64(b, a), b, a);
        f64x2_pmax |a, b| vbslq_f64(vcltq_f64(a, b), b, a);
    }}
    rows! {binary f64 u64 {
        f64x2_eq |a, b| vceqq_f64(a, b);
        f64x2_lt |a, b| vcltq_f64(a, b);
        f64x2_gt |a, b| vcgtq_f64(a, b);
        f64x2_le |a, b| vcleq_f64(a, b);
        f64x2_ge |a, b| vcgeq_f64(a, b);
    }}
    rows! {binary f64 u8 {
        f64x2_ne |a, b| vmvnq_u8(bytes!(u64 vceqq_f64(a, b)));
    }}

    // Of three.
    rows! {ternary u8 u8 {
        v128_bitselect |a, b, c| vbslq_u8(c, a, b);
        i8x16_shuffle |a, b, c| vqtbl2q_u8(uint8x16x2_t(a, b), c);
    }}
    rows! {ternary f32 f32 {
        f32x4_madd |a, b, c| vaddq_f32(vmulq_f32(a, b), c);
        f32x4_nmadd |a, b, c| vsubq_f32(c, vmulq_f32(a, b));
        f32x4_relaxed_madd |a, b, c| vfmaq_f32(c, a, b);
        f32x4_relaxed_nmadd |a, b, c| vfmsq_f32(c, a, b);
    }}
    rows! {ternary f64 f64 {
        f64x2_madd |a, b, c| vaddq_f64(vmulq_f64(a, b), c);
        f64x2_nmadd |a, b, c| vsubq_f64(c, vmulq_f64(a, b));
        f64x2_relaxed_madd |a, b, c| vfmaq_f64(c, a, b);
        f64x2_relaxed_nmadd |a, b, c| vfmsq_f64(c, a, b);
    }}
    functions! {ternary {
        i32x4_relaxed_dot_i8x16_i7x16_add_s |a, b, c| Self::i32x4_dot_i8x16_add_s(a, b, c);
        i32x4_dot_i8x16_add_s |a, b, c|
            instructions!(give!(s32 vpadalq_s16(take!(s32 c), dot_i8(take!(s8 a), take!(s8 b)))));
    }}
}
