//! What AVX2 and FMA do better than SSE2, or SSSE3 and SSE4, which AVX2 contains.

use crate::vector::V128;
use crate::vector::isa::{Isa, at, functions, instructions};
use crate::vector::x86_64::integers::{extadd_i16, high_twice, low_twice, not, saturate_q15};
use crate::vector::x86_64::{Sse2, floats, give, rows, take};
use core::arch::x86_64::*;

/// For functions with `#[target_feature(enable = "avx2,fma")]`.
pub(crate) struct Avx2;

/// `pshufb` gives 0 where the number's highest bit is set, and else takes the lower four.
#[inline(always)]
fn swizzle(a: __m128i, numbers: __m128i) -> __m128i {
    instructions!(_mm_shuffle_epi8(a, _mm_adds_epu8(numbers, _mm_set1_epi8(0x70))))
}

/// By bit 4 of the number, which moves to the highest.
#[inline(always)]
fn shuffle(a: __m128i, b: __m128i, numbers: __m128i) -> __m128i {
    instructions!({
        let (a, b) = (_mm_shuffle_epi8(a, numbers), _mm_shuffle_epi8(b, numbers));
        _mm_blendv_epi8(a, b, _mm_slli_epi16::<3>(numbers))
    })
}

/// From a table, by the halves of each byte.
#[inline(always)]
fn popcnt(a: __m128i) -> __m128i {
    instructions!({
        let (table, half) = (_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4), _mm_set1_epi8(0x0f));
        let low = _mm_shuffle_epi8(table, _mm_and_si128(a, half));
        let high = _mm_shuffle_epi8(table, _mm_and_si128(_mm_srli_epi16::<4>(a), half));
        _mm_add_epi8(low, high)
    })
}

/// As [`floats::min_f32`] and so on, with the canonical NaN chosen in one.
#[inline(always)]
fn nan_f32(result: __m128, a: __m128, b: __m128) -> __m128 {
    instructions!(_mm_blendv_ps(result, _mm_set1_ps(f32::NAN), _mm_cmpunord_ps(a, b)))
}

#[inline(always)]
fn nan_f64(result: __m128d, a: __m128d, b: __m128d) -> __m128d {
    instructions!(_mm_blendv_pd(result, _mm_set1_pd(f64::NAN), _mm_cmpunord_pd(a, b)))
}

/// Rounded towards 0 within the range, and under the exponent 2^52.
#[inline(always)]
fn trunc_sat_f64_u(a: __m128d) -> __m128i {
    instructions!({
        let a = _mm_min_pd(_mm_max_pd(a, _mm_setzero_pd()), _mm_set1_pd(f64::from(u32::MAX)));
        let a = _mm_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a);
        floats::low_words(_mm_add_pd(a, _mm_set1_pd(4_503_599_627_370_496.0)))
    })
}

/// `pmaddubsw` takes the first operand as unsigned, and saturates the sum.
#[inline(always)]
fn dot(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_maddubs_epi16(b, a))
}

impl Isa for Avx2 {
    type Below = Sse2;

    // Lanes.
    functions! {from u32 {
        i8x16_splat |a| instructions!(V128(_mm_broadcastb_epi8(_mm_cvtsi32_si128(a as i32))));
        i16x8_splat |a| instructions!(V128(_mm_broadcastw_epi16(_mm_cvtsi32_si128(a as i32))));
    }}
    functions! {replace u32 {
        i8x16_replace_lane <LANE> |a, b| V128(
            at!(LANE, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, |N| _mm_insert_epi8::<N>(a.0, b as i32))
        );
        i32x4_replace_lane <LANE> |a, b| V128(at!(LANE, 0 1 2 3, |N| _mm_insert_epi32::<N>(a.0, b as i32)));
    }}
    functions! {replace u64 {
        i64x2_replace_lane <LANE> |a, b| V128(at!(LANE, 0 1, |N| _mm_insert_epi64::<N>(a.0, b as i64)));
    }}
    functions! {extract u32 {
        i8x16_extract_lane_s <LANE> |a| Self::i8x16_extract_lane_u::<LANE>(a) as i8 as u32;
        i8x16_extract_lane_u <LANE> |a|
            at!(LANE, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, |N| _mm_extract_epi8::<N>(a.0) as u32);
        i32x4_extract_lane <LANE> |a| at!(LANE, 0 1 2 3, |N| _mm_extract_epi32::<N>(a.0) as u32);
    }}
    functions! {extract u64 { i64x2_extract_lane <LANE> |a| at!(LANE, 0 1, |N| _mm_extract_epi64::<N>(a.0) as u64); }}

    // Bits and integers.
    rows! {test i {
        v128_any_true |a| 1 - _mm_testz_si128(a, a);
        i64x2_all_true |a| _mm_testz_si128(_mm_cmpeq_epi64(a, _mm_setzero_si128()), _mm_set1_epi32(-1));
    }}
    rows! {unary i i {
        i8x16_abs |a| _mm_abs_epi8(a);
        i16x8_abs |a| _mm_abs_epi16(a);
        i32x4_abs |a| _mm_abs_epi32(a);
        i8x16_popcnt |a| popcnt(a);
        i16x8_extend_low_i8x16_s |a| _mm_cvtepi8_epi16(a);
        i16x8_extend_low_i8x16_u |a| _mm_cvtepu8_epi16(a);
        i32x4_extend_low_i16x8_s |a| _mm_cvtepi16_epi32(a);
        i32x4_extend_low_i16x8_u |a| _mm_cvtepu16_epi32(a);
        i64x2_extend_low_i32x4_s |a| _mm_cvtepi32_epi64(a);
        i64x2_extend_low_i32x4_u |a| _mm_cvtepu32_epi64(a);
        i16x8_extadd_pairwise_i8x16_s |a| _mm_maddubs_epi16(_mm_set1_epi8(1), a);
        i16x8_extadd_pairwise_i8x16_u |a| _mm_maddubs_epi16(a, _mm_set1_epi8(1));
    }}
    rows! {binary i i {
        i8x16_swizzle |a, b| swizzle(a, b);
        i8x16_min_s |a, b| _mm_min_epi8(a, b);
        i8x16_max_s |a, b| _mm_max_epi8(a, b);
        i16x8_min_u |a, b| _mm_min_epu16(a, b);
        i16x8_max_u |a, b| _mm_max_epu16(a, b);
        i16x8_le_u |a, b| _mm_cmpeq_epi16(_mm_min_epu16(a, b), a);
        i16x8_ge_u |a, b| _mm_cmpeq_epi16(_mm_max_epu16(a, b), a);
        i32x4_min_s |a, b| _mm_min_epi32(a, b);
        i32x4_max_s |a, b| _mm_max_epi32(a, b);
        i32x4_min_u |a, b| _mm_min_epu32(a, b);
        i32x4_max_u |a, b| _mm_max_epu32(a, b);
        i32x4_le_u |a, b| _mm_cmpeq_epi32(_mm_min_epu32(a, b), a);
        i32x4_ge_u |a, b| _mm_cmpeq_epi32(_mm_max_epu32(a, b), a);
        i32x4_mul |a, b| _mm_mullo_epi32(a, b);
        i64x2_eq |a, b| _mm_cmpeq_epi64(a, b);
        i64x2_ne |a, b| not(_mm_cmpeq_epi64(a, b));
        i64x2_lt_s |a, b| _mm_cmpgt_epi64(b, a);
        i64x2_gt_s |a, b| _mm_cmpgt_epi64(a, b);
        i64x2_le_s |a, b| not(_mm_cmpgt_epi64(a, b));
        i64x2_ge_s |a, b| not(_mm_cmpgt_epi64(b, a));
        i16x8_narrow_i32x4_u |a, b| _mm_packus_epi32(a, b);
        i16x8_q15mulr_sat_s |a, b| saturate_q15(_mm_mulhrs_epi16(a, b));
        i16x8_extmul_low_i8x16_s |a, b| _mm_mullo_epi16(_mm_cvtepi8_epi16(a), _mm_cvtepi8_epi16(b));
        i16x8_extmul_low_i8x16_u |a, b| _mm_mullo_epi16(_mm_cvtepu8_epi16(a), _mm_cvtepu8_epi16(b));
        i64x2_extmul_low_i32x4_s |a, b| _mm_mul_epi32(low_twice(a), low_twice(b));
        i64x2_extmul_high_i32x4_s |a, b| _mm_mul_epi32(high_twice(a), high_twice(b));
        i8x16_relaxed_swizzle |a, b| _mm_shuffle_epi8(a, b);
        i16x8_relaxed_q15mulr_s |a, b| _mm_mulhrs_epi16(a, b);
        i16x8_relaxed_dot_i8x16_i7x16_s |a, b| dot(a, b);
    }}
    rows! {ternary i i {
        i8x16_shuffle |a, b, c| shuffle(a, b, c);
        i32x4_relaxed_dot_i8x16_i7x16_add_s |a, b, c| _mm_add_epi32(extadd_i16(dot(a, b)), c);
    }}

    // Floats.
    rows! {unary s s {
        f32x4_ceil |a| _mm_round_ps::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a);
        f32x4_floor |a| _mm_round_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a);
        f32x4_trunc |a| _mm_round_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a);
        f32x4_nearest |a| _mm_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
    }}
    rows! {binary s s {
        f32x4_min |a, b| nan_f32(_mm_or_ps(_mm_min_ps(a, b), _mm_min_ps(b, a)), a, b);
        f32x4_max |a, b| nan_f32(_mm_and_ps(_mm_max_ps(a, b), _mm_max_ps(b, a)), a, b);
    }}
    rows! {ternary s s {
        f32x4_relaxed_madd |a, b, c| _mm_fmadd_ps(a, b, c);
        f32x4_relaxed_nmadd |a, b, c| _mm_fnmadd_ps(a, b, c);
    }}
    rows! {unary d d {
        f64x2_ceil |a| _mm_round_pd::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a);
        f64x2_floor |a| _mm_round_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a);
        f64x2_trunc |a| _mm_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a);
        f64x2_nearest |a| _mm_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
    }}
    rows! {binary d d {
        f64x2_min |a, b| nan_f64(_mm_or_pd(_mm_min_pd(a, b), _mm_min_pd(b, a)), a, b);
        f64x2_max |a, b| nan_f64(_mm_and_pd(_mm_max_pd(a, b), _mm_max_pd(b, a)), a, b);
    }}
    rows! {ternary d d {
        f64x2_relaxed_madd |a, b, c| _mm_fmadd_pd(a, b, c);
        f64x2_relaxed_nmadd |a, b, c| _mm_fnmadd_pd(a, b, c);
    }}
    rows! {unary d i { i32x4_trunc_sat_f64x2_u_zero |a| trunc_sat_f64_u(a); }}
}
