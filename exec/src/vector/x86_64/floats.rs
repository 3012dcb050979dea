//! Floats by SSE2, where it has no instruction for an operator.

use crate::vector::isa::instructions;
use core::arch::x86_64::*;

/// Both widths, by the same instructions of different names.
///
/// - `$integral`: what is as great in magnitude is integral; added to less, it rounds that to an integer;
/// - `$payload`: how far down the bits of a NaN go that no canonical one has: sign, exponent and a bit remain.
macro_rules! floats {
    (
        $float:ident $vector:ident $integral:literal $payload:literal
        $to_integers:ident $of_integers:ident $shift:ident $set:ident $and:ident $andnot:ident $or:ident $xor:ident
        $add:ident $sub:ident $lt:ident $unordered:ident $min:ident $max:ident
        => $f_abs:ident $f_neg:ident $f_sign:ident $f_nearest:ident $f_ceil:ident $f_floor:ident $f_trunc:ident
        $f_nan:ident $f_min:ident $f_max:ident $f_canonical:ident
    ) => {
        #[inline(always)]
        pub(super) fn $f_abs(a: $vector) -> $vector {
            instructions!($andnot($set(-0.0), a))
        }

        #[inline(always)]
        pub(super) fn $f_neg(a: $vector) -> $vector {
            instructions!($xor($set(-0.0), a))
        }

        #[inline(always)]
        fn $f_sign(a: $vector) -> $vector {
            instructions!($and($set(-0.0), a))
        }

        /// Adds what rounds, of the number's sign, and takes it off again; or zero, to what is integral and to NaNs,
        /// which that makes quiet.
        #[inline(always)]
        pub(super) fn $f_nearest(a: $vector) -> $vector {
            instructions!({
                let (integral, sign) = ($set($integral), $f_sign(a));
                let integral = $or($and($lt($f_abs(a), integral), integral), sign);
                $or($sub($add(a, integral), integral), sign)
            })
        }

        /// One more where that rounded down. The sign is that of the operand: what is added to -1 gives 0.
        #[inline(always)]
        pub(super) fn $f_ceil(a: $vector) -> $vector {
            instructions!({
                let nearest = $f_nearest(a);
                let up = $and($lt(nearest, a), $set(1.0));
                $or($add(nearest, up), $f_sign(a))
            })
        }

        /// One less where that rounded up.
        #[inline(always)]
        pub(super) fn $f_floor(a: $vector) -> $vector {
            instructions!({
                let nearest = $f_nearest(a);
                $sub(nearest, $and($lt(a, nearest), $set(1.0)))
            })
        }

        /// Rounds the magnitude down.
        #[inline(always)]
        pub(super) fn $f_trunc(a: $vector) -> $vector {
            instructions!($or($f_floor($f_abs(a)), $f_sign(a)))
        }

        /// `result`, but the canonical NaN, of either sign, where operands are unordered.
        #[inline(always)]
        fn $f_nan(result: $vector, unordered: $vector) -> $vector {
            instructions!({
                let payload = $of_integers($shift::<$payload>($to_integers(unordered)));
                $andnot(payload, $or(result, unordered))
            })
        }

        /// The instruction gives its second operand of two zeros, and of NaN and anything. In both orders it gives
        /// both: of zeros the one with a sign remains, the rest is equal or replaced.
        #[inline(always)]
        pub(super) fn $f_min(a: $vector, b: $vector) -> $vector {
            instructions!($f_nan($or($min(a, b), $min(b, a)), $unordered(a, b)))
        }

        #[inline(always)]
        pub(super) fn $f_max(a: $vector, b: $vector) -> $vector {
            instructions!($f_nan($and($max(a, b), $max(b, a)), $unordered(a, b)))
        }

        #[inline(always)]
        pub(super) fn $f_canonical(a: $vector) -> $vector {
            instructions!({
                let nan = $unordered(a, a);
                $or($andnot(nan, a), $and(nan, $set($float::NAN)))
            })
        }
    };
}
floats! {
    f32 __m128 8_388_608.0 10
    _mm_castps_si128 _mm_castsi128_ps _mm_srli_epi32 _mm_set1_ps _mm_and_ps _mm_andnot_ps _mm_or_ps _mm_xor_ps
    _mm_add_ps _mm_sub_ps _mm_cmplt_ps _mm_cmpunord_ps _mm_min_ps _mm_max_ps
    => abs_f32 neg_f32 sign_f32 nearest_f32 ceil_f32 floor_f32 trunc_f32 nan_f32 min_f32 max_f32 canonical_f32
}
floats! {
    f64 __m128d 4_503_599_627_370_496.0 13
    _mm_castpd_si128 _mm_castsi128_pd _mm_srli_epi64 _mm_set1_pd _mm_and_pd _mm_andnot_pd _mm_or_pd _mm_xor_pd
    _mm_add_pd _mm_sub_pd _mm_cmplt_pd _mm_cmpunord_pd _mm_min_pd _mm_max_pd
    => abs_f64 neg_f64 sign_f64 nearest_f64 ceil_f64 floor_f64 trunc_f64 nan_f64 min_f64 max_f64 canonical_f64
}

/// 2^31: `cvttps2dq` gives the least integer from there on, as of NaN and what is too small.
const BEYOND: f32 = 2_147_483_648.0;

/// NaN made 0, and the greatest integer where the number is too great.
#[inline(always)]
pub(super) fn trunc_sat_f32_s(a: __m128) -> __m128i {
    instructions!({
        let a = _mm_and_ps(a, _mm_cmpeq_ps(a, a));
        let beyond = _mm_castps_si128(_mm_cmple_ps(_mm_set1_ps(BEYOND), a));
        _mm_xor_si128(_mm_cvttps_epi32(a), beyond)
    })
}

/// What is negative or NaN made 0. Then either the number itself fits, or it gives 2^31, to which is added what it has
/// more, where that is not negative.
#[inline(always)]
pub(super) fn trunc_sat_f32_u(a: __m128) -> __m128i {
    instructions!({
        let a = _mm_max_ps(a, _mm_setzero_ps());
        let more = _mm_sub_ps(a, _mm_set1_ps(BEYOND));
        let beyond = _mm_castps_si128(_mm_cmple_ps(_mm_set1_ps(BEYOND), more));
        let more = _mm_xor_si128(_mm_cvttps_epi32(more), beyond);
        _mm_add_epi32(_mm_cvttps_epi32(a), _mm_andnot_si128(_mm_srai_epi32::<31>(more), more))
    })
}

/// NaN made 0, and at most the greatest integer. What is too small gives the least one.
#[inline(always)]
pub(super) fn trunc_sat_f64_s(a: __m128d) -> __m128i {
    instructions!({
        let most = _mm_and_pd(_mm_cmpeq_pd(a, a), _mm_set1_pd(f64::from(i32::MAX)));
        _mm_cvttpd_epi32(_mm_min_pd(a, most))
    })
}

/// As for `f32`, but that the greatest integer is a number here.
#[inline(always)]
pub(super) fn trunc_sat_f64_u(a: __m128d) -> __m128i {
    instructions!({
        let a = _mm_min_pd(_mm_max_pd(a, _mm_setzero_pd()), _mm_set1_pd(f64::from(u32::MAX)));
        let more = _mm_cvttpd_epi32(_mm_sub_pd(a, _mm_set1_pd(BEYOND as f64)));
        _mm_add_epi32(_mm_cvttpd_epi32(a), _mm_andnot_si128(_mm_srai_epi32::<31>(more), more))
    })
}

/// Halves as floats: under the exponents 2^23 and 2^39 each is a number of its own, which the latter is 2^39 + 2^23 too
/// great. That is taken off exactly, and the sum rounds once.
#[inline(always)]
pub(super) fn convert_u32(a: __m128i) -> __m128 {
    instructions!({
        let low = _mm_or_si128(_mm_and_si128(a, _mm_set1_epi32(0xffff)), _mm_set1_epi32(0x4b00_0000));
        let high = _mm_or_si128(_mm_srli_epi32::<16>(a), _mm_set1_epi32(0x5300_0000));
        let high = _mm_sub_ps(_mm_castsi128_ps(high), _mm_set1_ps(549_764_202_496.0));
        _mm_add_ps(high, _mm_castsi128_ps(low))
    })
}

/// Under the exponent 2^52, which is taken off.
#[inline(always)]
pub(super) fn convert_low_u32(a: __m128i) -> __m128d {
    instructions!({
        let a = _mm_unpacklo_epi32(a, _mm_set1_epi32(0x4330_0000));
        _mm_sub_pd(_mm_castsi128_pd(a), _mm_set1_pd(4_503_599_627_370_496.0))
    })
}

/// The number of which the lower two lanes are the integers, under the exponent 2^52.
#[inline(always)]
pub(super) fn low_words(a: __m128d) -> __m128i {
    instructions!(_mm_castps_si128(_mm_shuffle_ps::<0b10_00_10_00>(_mm_castpd_ps(a), _mm_setzero_ps())))
}
