//! Every operator by SSE2.

use crate::vector::V128;
use crate::vector::isa::{Isa, functions, instructions};
use crate::vector::portable::Portable;
use crate::vector::x86_64::floats::*;
use crate::vector::x86_64::integers::*;
use crate::vector::x86_64::{give, lanes, rows, take};
use core::arch::x86_64::*;

/// What every x86-64 has.
pub(crate) struct Sse2;

impl Isa for Sse2 {
    type Below = Portable;

    // Lanes.
    functions! {from u32 {
        i8x16_splat |a| instructions!(V128(lanes::splat_8(_mm_cvtsi32_si128(a as i32))));
        i16x8_splat |a| instructions!(V128(lanes::splat_16(_mm_cvtsi32_si128(a as i32))));
        i32x4_splat |a| instructions!(V128(_mm_set1_epi32(a as i32)));
        v128_load32_zero |a| instructions!(V128(_mm_cvtsi32_si128(a as i32)));
    }}
    functions! {from u64 {
        i64x2_splat |a| instructions!(V128(_mm_set1_epi64x(a as i64)));
        v128_load64_zero |a| instructions!(V128(_mm_cvtsi64_si128(a as i64)));
    }}
    functions! {from f32 { f32x4_splat |a| instructions!(give!(s _mm_set1_ps(a))); }}
    functions! {from f64 { f64x2_splat |a| instructions!(give!(d _mm_set1_pd(a))); }}
    functions! {extract u32 {
        i8x16_extract_lane_s <LANE> |a| lanes::extract_8::<LANE>(a.0) as i8 as u32;
        i8x16_extract_lane_u <LANE> |a| lanes::extract_8::<LANE>(a.0);
        i16x8_extract_lane_s <LANE> |a| lanes::extract_16(a.0, LANE) as i16 as u32;
        i16x8_extract_lane_u <LANE> |a| lanes::extract_16(a.0, LANE);
        i32x4_extract_lane <LANE> |a| lanes::extract_32::<LANE>(a.0);
    }}
    functions! {extract u64 { i64x2_extract_lane <LANE> |a| lanes::extract_64::<LANE>(a.0); }}
    functions! {extract f32 { f32x4_extract_lane <LANE> |a| instructions!(lanes::extract_f32::<LANE>(take!(s a))); }}
    functions! {extract f64 { f64x2_extract_lane <LANE> |a| instructions!(lanes::extract_f64::<LANE>(take!(d a))); }}
    functions! {replace u32 {
        i8x16_replace_lane <LANE> |a, b| V128(lanes::replace_8::<LANE>(a.0, b));
        i16x8_replace_lane <LANE> |a, b| V128(lanes::replace_16(a.0, LANE, b));
        i32x4_replace_lane <LANE> |a, b| V128(lanes::replace_32::<LANE>(a.0, b));
    }}
    functions! {replace u64 { i64x2_replace_lane <LANE> |a, b| V128(lanes::replace_64::<LANE>(a.0, b)); }}
    functions! {replace f32 {
        f32x4_replace_lane <LANE> |a, b| instructions!(give!(s lanes::replace_f32::<LANE>(take!(s a), b)));
    }}
    functions! {replace f64 {
        f64x2_replace_lane <LANE> |a, b| instructions!(give!(d lanes::replace_f64::<LANE>(take!(d a), b)));
    }}

    // Bits, and integers in lanes as wide as the operands'.
    rows! {unary i i {
        v128_not |a| not(a);
        i8x16_neg |a| _mm_sub_epi8(_mm_setzero_si128(), a);
        i16x8_neg |a| _mm_sub_epi16(_mm_setzero_si128(), a);
        i32x4_neg |a| _mm_sub_epi32(_mm_setzero_si128(), a);
        i64x2_neg |a| _mm_sub_epi64(_mm_setzero_si128(), a);
        i8x16_abs |a| _mm_min_epu8(a, _mm_sub_epi8(_mm_setzero_si128(), a));
        i16x8_abs |a| _mm_max_epi16(a, _mm_sub_epi16(_mm_setzero_si128(), a));
        i32x4_abs |a| abs_i32(a);
        i64x2_abs |a| abs_i64(a);
        i8x16_popcnt |a| popcnt(a);
    }}
    rows! {test i {
        v128_any_true |a| _mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) != 0xffff;
        i8x16_all_true |a| _mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) == 0;
        i16x8_all_true |a| _mm_movemask_epi8(_mm_cmpeq_epi16(a, _mm_setzero_si128())) == 0;
        i32x4_all_true |a| _mm_movemask_epi8(_mm_cmpeq_epi32(a, _mm_setzero_si128())) == 0;
        i64x2_all_true |a| _mm_movemask_epi8(eq_64(a, _mm_setzero_si128())) == 0;
        i8x16_bitmask |a| _mm_movemask_epi8(a);
        i16x8_bitmask |a| _mm_movemask_epi8(_mm_packs_epi16(a, _mm_setzero_si128()));
        i32x4_bitmask |a| _mm_movemask_ps(_mm_castsi128_ps(a));
        i64x2_bitmask |a| _mm_movemask_pd(_mm_castsi128_pd(a));
    }}
    rows! {shift {
        i8x16_shl |a, n| shl_8(a, n);
        i8x16_shr_s |a, n| shr_i8(a, n);
        i8x16_shr_u |a, n| shr_u8(a, n);
        i16x8_shl |a, n| _mm_sll_epi16(a, _mm_cvtsi32_si128(n & 15));
        i16x8_shr_s |a, n| _mm_sra_epi16(a, _mm_cvtsi32_si128(n & 15));
        i16x8_shr_u |a, n| _mm_srl_epi16(a, _mm_cvtsi32_si128(n & 15));
        i32x4_shl |a, n| _mm_sll_epi32(a, _mm_cvtsi32_si128(n & 31));
        i32x4_shr_s |a, n| _mm_sra_epi32(a, _mm_cvtsi32_si128(n & 31));
        i32x4_shr_u |a, n| _mm_srl_epi32(a, _mm_cvtsi32_si128(n & 31));
        i64x2_shl |a, n| _mm_sll_epi64(a, _mm_cvtsi32_si128(n & 63));
        i64x2_shr_s |a, n| shr_i64(a, n);
        i64x2_shr_u |a, n| _mm_srl_epi64(a, _mm_cvtsi32_si128(n & 63));
    }}
    rows! {binary i i {
        v128_and |a, b| _mm_and_si128(a, b);
        v128_andnot |a, b| _mm_andnot_si128(b, a);
        v128_or |a, b| _mm_or_si128(a, b);
        v128_xor |a, b| _mm_xor_si128(a, b);
        i8x16_swizzle |a, b| lanes::swizzle(a, b);
        i8x16_add |a, b| _mm_add_epi8(a, b);
        i8x16_sub |a, b| _mm_sub_epi8(a, b);
        i8x16_add_sat_s |a, b| _mm_adds_epi8(a, b);
        i8x16_add_sat_u |a, b| _mm_adds_epu8(a, b);
        i8x16_sub_sat_s |a, b| _mm_subs_epi8(a, b);
        i8x16_sub_sat_u |a, b| _mm_subs_epu8(a, b);
        i8x16_avgr_u |a, b| _mm_avg_epu8(a, b);
        i8x16_eq |a, b| _mm_cmpeq_epi8(a, b);
        i8x16_ne |a, b| not(_mm_cmpeq_epi8(a, b));
        i8x16_lt_s |a, b| _mm_cmpgt_epi8(b, a);
        i8x16_gt_s |a, b| _mm_cmpgt_epi8(a, b);
        i8x16_le_s |a, b| not(_mm_cmpgt_epi8(a, b));
        i8x16_ge_s |a, b| not(_mm_cmpgt_epi8(b, a));
        i8x16_lt_u |a, b| not(le_u8(b, a));
        i8x16_gt_u |a, b| not(le_u8(a, b));
        i8x16_le_u |a, b| le_u8(a, b);
        i8x16_ge_u |a, b| le_u8(b, a);
        i8x16_min_s |a, b| min_i8(a, b);
        i8x16_max_s |a, b| max_i8(a, b);
        i8x16_min_u |a, b| _mm_min_epu8(a, b);
        i8x16_max_u |a, b| _mm_max_epu8(a, b);
        i16x8_add |a, b| _mm_add_epi16(a, b);
        i16x8_sub |a, b| _mm_sub_epi16(a, b);
        i16x8_add_sat_s |a, b| _mm_adds_epi16(a, b);
        i16x8_add_sat_u |a, b| _mm_adds_epu16(a, b);
        i16x8_sub_sat_s |a, b| _mm_subs_epi16(a, b);
        i16x8_sub_sat_u |a, b| _mm_subs_epu16(a, b);
        i16x8_avgr_u |a, b| _mm_avg_epu16(a, b);
        i16x8_eq |a, b| _mm_cmpeq_epi16(a, b);
        i16x8_ne |a, b| not(_mm_cmpeq_epi16(a, b));
        i16x8_lt_s |a, b| _mm_cmpgt_epi16(b, a);
        i16x8_gt_s |a, b| _mm_cmpgt_epi16(a, b);
        i16x8_le_s |a, b| not(_mm_cmpgt_epi16(a, b));
        i16x8_ge_s |a, b| not(_mm_cmpgt_epi16(b, a));
        i16x8_lt_u |a, b| not(le_u16(b, a));
        i16x8_gt_u |a, b| not(le_u16(a, b));
        i16x8_le_u |a, b| le_u16(a, b);
        i16x8_ge_u |a, b| le_u16(b, a);
        i16x8_min_s |a, b| _mm_min_epi16(a, b);
        i16x8_max_s |a, b| _mm_max_epi16(a, b);
        i16x8_min_u |a, b| min_u16(a, b);
        i16x8_max_u |a, b| max_u16(a, b);
        i32x4_add |a, b| _mm_add_epi32(a, b);
        i32x4_sub |a, b| _mm_sub_epi32(a, b);
        i32x4_eq |a, b| _mm_cmpeq_epi32(a, b);
        i32x4_ne |a, b| not(_mm_cmpeq_epi32(a, b));
        i32x4_lt_s |a, b| _mm_cmpgt_epi32(b, a);
        i32x4_gt_s |a, b| _mm_cmpgt_epi32(a, b);
        i32x4_le_s |a, b| not(_mm_cmpgt_epi32(a, b));
        i32x4_ge_s |a, b| not(_mm_cmpgt_epi32(b, a));
        i32x4_lt_u |a, b| gt_u32(b, a);
        i32x4_gt_u |a, b| gt_u32(a, b);
        i32x4_le_u |a, b| not(gt_u32(a, b));
        i32x4_ge_u |a, b| not(gt_u32(b, a));
        i32x4_min_s |a, b| min_i32(a, b);
        i32x4_max_s |a, b| max_i32(a, b);
        i32x4_min_u |a, b| min_u32(a, b);
        i32x4_max_u |a, b| max_u32(a, b);
        i64x2_add |a, b| _mm_add_epi64(a, b);
        i64x2_sub |a, b| _mm_sub_epi64(a, b);
        i64x2_eq |a, b| eq_64(a, b);
        i64x2_ne |a, b| not(eq_64(a, b));
        i64x2_lt_s |a, b| gt_i64(b, a);
        i64x2_gt_s |a, b| gt_i64(a, b);
        i64x2_le_s |a, b| not(gt_i64(a, b));
        i64x2_ge_s |a, b| not(gt_i64(b, a));
        i16x8_mul |a, b| _mm_mullo_epi16(a, b);
        i32x4_mul |a, b| mul_32(a, b);
        i64x2_mul |a, b| mul_64(a, b);
        i16x8_q15mulr_sat_s |a, b| saturate_q15(mulhrs(a, b));
        i8x16_interleave_low |a, b| _mm_unpacklo_epi8(a, b);
        i8x16_interleave_high |a, b| _mm_unpackhi_epi8(a, b);
        i16x8_interleave_low |a, b| _mm_unpacklo_epi16(a, b);
        i16x8_interleave_high |a, b| _mm_unpackhi_epi16(a, b);
        i32x4_interleave_low |a, b| _mm_unpacklo_epi32(a, b);
        i32x4_interleave_high |a, b| _mm_unpackhi_epi32(a, b);
        i64x2_interleave_low |a, b| _mm_unpacklo_epi64(a, b);
        i64x2_interleave_high |a, b| _mm_unpackhi_epi64(a, b);
        i32x4_concat_even |a, b| lanes::words::<0b10_00_10_00>(a, b);
        i32x4_concat_odd |a, b| lanes::words::<0b11_01_11_01>(a, b);
    }}
    rows! {ternary i i {
        v128_bitselect |a, b, c| select(c, a, b);
        i8x16_shuffle |a, b, c| lanes::shuffle(a, b, c);
    }}

    // Integers in wider or narrower lanes.
    rows! {unary i i {
        i16x8_extend_low_i8x16_s |a| low_i8(a);
        i16x8_extend_low_i8x16_u |a| low_u8(a);
        i16x8_extend_high_i8x16_s |a| high_i8(a);
        i16x8_extend_high_i8x16_u |a| high_u8(a);
        i32x4_extend_low_i16x8_s |a| low_i16(a);
        i32x4_extend_low_i16x8_u |a| low_u16(a);
        i32x4_extend_high_i16x8_s |a| high_i16(a);
        i32x4_extend_high_i16x8_u |a| high_u16(a);
        i64x2_extend_low_i32x4_s |a| low_i32(a);
        i64x2_extend_low_i32x4_u |a| _mm_unpacklo_epi32(a, _mm_setzero_si128());
        i64x2_extend_high_i32x4_s |a| high_i32(a);
        i64x2_extend_high_i32x4_u |a| _mm_unpackhi_epi32(a, _mm_setzero_si128());
        i16x8_extadd_pairwise_i8x16_s |a| extadd_i8(a);
        i16x8_extadd_pairwise_i8x16_u |a| extadd_u8(a);
        i32x4_extadd_pairwise_i16x8_s |a| extadd_i16(a);
        i32x4_extadd_pairwise_i16x8_u |a| extadd_u16(a);
    }}
    rows! {binary i i {
        i16x8_extmul_low_i8x16_s |a, b| _mm_mullo_epi16(low_i8(a), low_i8(b));
        i16x8_extmul_low_i8x16_u |a, b| _mm_mullo_epi16(low_u8(a), low_u8(b));
        i16x8_extmul_high_i8x16_s |a, b| _mm_mullo_epi16(high_i8(a), high_i8(b));
        i16x8_extmul_high_i8x16_u |a, b| _mm_mullo_epi16(high_u8(a), high_u8(b));
        i32x4_extmul_low_i16x8_s |a, b| _mm_unpacklo_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
        i32x4_extmul_low_i16x8_u |a, b| _mm_unpacklo_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b));
        i32x4_extmul_high_i16x8_s |a, b| _mm_unpackhi_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
        i32x4_extmul_high_i16x8_u |a, b| _mm_unpackhi_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b));
        i64x2_extmul_low_i32x4_s |a, b| mul_i32(low_twice(a), low_twice(b));
        i64x2_extmul_low_i32x4_u |a, b| _mm_mul_epu32(low_twice(a), low_twice(b));
        i64x2_extmul_high_i32x4_s |a, b| mul_i32(high_twice(a), high_twice(b));
        i64x2_extmul_high_i32x4_u |a, b| _mm_mul_epu32(high_twice(a), high_twice(b));
        i8x16_narrow_i16x8_s |a, b| _mm_packs_epi16(a, b);
        i8x16_narrow_i16x8_u |a, b| _mm_packus_epi16(a, b);
        i16x8_narrow_i32x4_s |a, b| _mm_packs_epi32(a, b);
        i16x8_narrow_i32x4_u |a, b| narrow_u16(a, b);
        i32x4_dot_i16x8_s |a, b| _mm_madd_epi16(a, b);
    }}

    // Floats.
    rows! {unary s s {
        f32x4_ceil |a| ceil_f32(a);
        f32x4_floor |a| floor_f32(a);
        f32x4_trunc |a| trunc_f32(a);
        f32x4_nearest |a| nearest_f32(a);
        f32x4_abs |a| abs_f32(a);
        f32x4_neg |a| neg_f32(a);
        f32x4_canonical |a| canonical_f32(a);
        f32x4_sqrt |a| _mm_sqrt_ps(a);
    }}
    rows! {binary s s {
        f32x4_add |a, b| _mm_add_ps(a, b);
        f32x4_sub |a, b| _mm_sub_ps(a, b);
        f32x4_mul |a, b| _mm_mul_ps(a, b);
        f32x4_div |a, b| _mm_div_ps(a, b);
        f32x4_min |a, b| min_f32(a, b);
        f32x4_max |a, b| max_f32(a, b);
        f32x4_pmin |a, b| _mm_min_ps(b, a);
        f32x4_pmax |a, b| _mm_max_ps(b, a);
        f32x4_eq |a, b| _mm_cmpeq_ps(a, b);
        f32x4_ne |a, b| _mm_cmpneq_ps(a, b);
        f32x4_lt |a, b| _mm_cmplt_ps(a, b);
        f32x4_gt |a, b| _mm_cmplt_ps(b, a);
        f32x4_le |a, b| _mm_cmple_ps(a, b);
        f32x4_ge |a, b| _mm_cmple_ps(b, a);
    }}
    rows! {ternary s s {
        f32x4_madd |a, b, c| _mm_add_ps(_mm_mul_ps(a, b), c);
        f32x4_nmadd |a, b, c| _mm_sub_ps(c, _mm_mul_ps(a, b));
        f32x4_relaxed_madd |a, b, c| _mm_add_ps(_mm_mul_ps(a, b), c);
        f32x4_relaxed_nmadd |a, b, c| _mm_sub_ps(c, _mm_mul_ps(a, b));
    }}
    rows! {unary d d {
        f64x2_ceil |a| ceil_f64(a);
        f64x2_floor |a| floor_f64(a);
        f64x2_trunc |a| trunc_f64(a);
        f64x2_nearest |a| nearest_f64(a);
        f64x2_abs |a| abs_f64(a);
        f64x2_neg |a| neg_f64(a);
        f64x2_canonical |a| canonical_f64(a);
        f64x2_sqrt |a| _mm_sqrt_pd(a);
    }}
    rows! {binary d d {
        f64x2_add |a, b| _mm_add_pd(a, b);
        f64x2_sub |a, b| _mm_sub_pd(a, b);
        f64x2_mul |a, b| _mm_mul_pd(a, b);
        f64x2_div |a, b| _mm_div_pd(a, b);
        f64x2_min |a, b| min_f64(a, b);
        f64x2_max |a, b| max_f64(a, b);
        f64x2_pmin |a, b| _mm_min_pd(b, a);
        f64x2_pmax |a, b| _mm_max_pd(b, a);
        f64x2_eq |a, b| _mm_cmpeq_pd(a, b);
        f64x2_ne |a, b| _mm_cmpneq_pd(a, b);
        f64x2_lt |a, b| _mm_cmplt_pd(a, b);
        f64x2_gt |a, b| _mm_cmplt_pd(b, a);
        f64x2_le |a, b| _mm_cmple_pd(a, b);
        f64x2_ge |a, b| _mm_cmple_pd(b, a);
    }}
    rows! {ternary d d {
        f64x2_madd |a, b, c| _mm_add_pd(_mm_mul_pd(a, b), c);
        f64x2_nmadd |a, b, c| _mm_sub_pd(c, _mm_mul_pd(a, b));
        f64x2_relaxed_madd |a, b, c| _mm_add_pd(_mm_mul_pd(a, b), c);
        f64x2_relaxed_nmadd |a, b, c| _mm_sub_pd(c, _mm_mul_pd(a, b));
    }}

    // Conversions.
    rows! {unary s i {
        i32x4_trunc_sat_f32x4_s |a| trunc_sat_f32_s(a);
        i32x4_trunc_sat_f32x4_u |a| trunc_sat_f32_u(a);
        i32x4_relaxed_trunc_f32x4_s |a| _mm_cvttps_epi32(a);
    }}
    rows! {unary d i {
        i32x4_trunc_sat_f64x2_s_zero |a| trunc_sat_f64_s(a);
        i32x4_trunc_sat_f64x2_u_zero |a| trunc_sat_f64_u(a);
        i32x4_relaxed_trunc_f64x2_s_zero |a| _mm_cvttpd_epi32(a);
    }}
    rows! {unary i s {
        f32x4_convert_i32x4_s |a| _mm_cvtepi32_ps(a);
        f32x4_convert_i32x4_u |a| convert_u32(a);
    }}
    rows! {unary i d {
        f64x2_convert_low_i32x4_s |a| _mm_cvtepi32_pd(a);
        f64x2_convert_low_i32x4_u |a| convert_low_u32(a);
    }}
    rows! {unary d s { f32x4_demote_f64x2_zero |a| _mm_cvtpd_ps(a); }}
    rows! {unary s d { f64x2_promote_low_f32x4 |a| _mm_cvtps_pd(a); }}

    // Relaxed operators.
    rows! {binary i i {
        i8x16_relaxed_swizzle |a, b| lanes::swizzle(a, b);
        i16x8_relaxed_q15mulr_s |a, b| mulhrs(a, b);
        i16x8_relaxed_dot_i8x16_i7x16_s |a, b| dot_i8(a, b);
        i16x8_dot_i8x16_s |a, b| dot_i8(a, b);
    }}
    rows! {ternary i i {
        i32x4_relaxed_dot_i8x16_i7x16_add_s |a, b, c| _mm_add_epi32(extadd_i16(dot_i8(a, b)), c);
        i32x4_dot_i8x16_add_s |a, b, c| _mm_add_epi32(extadd_i16(dot_i8(a, b)), c);
    }}
}
