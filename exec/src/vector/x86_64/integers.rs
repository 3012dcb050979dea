//! Integers by SSE2, where it has no instruction for an operator.

use crate::vector::isa::instructions;
use core::arch::x86_64::*;

/// All bits flipped.
#[inline(always)]
pub(super) fn not(a: __m128i) -> __m128i {
    instructions!(_mm_xor_si128(a, _mm_set1_epi32(-1)))
}

/// By each bit of the mask, that of `a` or of `b`.
#[inline(always)]
pub(super) fn select(mask: __m128i, a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b)))
}

/// What lies below the sign bits flips into signed order.
#[inline(always)]
fn flip(a: __m128i) -> __m128i {
    instructions!(_mm_xor_si128(a, _mm_set1_epi32(i32::MIN)))
}

/// The same for bytes.
#[inline(always)]
fn flip8(a: __m128i) -> __m128i {
    instructions!(_mm_xor_si128(a, _mm_set1_epi8(i8::MIN)))
}

/// Signed order of bytes is unsigned order of bytes with their sign bits flipped.
#[inline(always)]
pub(super) fn min_i8(a: __m128i, b: __m128i) -> __m128i {
    instructions!(flip8(_mm_min_epu8(flip8(a), flip8(b))))
}

#[inline(always)]
pub(super) fn max_i8(a: __m128i, b: __m128i) -> __m128i {
    instructions!(flip8(_mm_max_epu8(flip8(a), flip8(b))))
}

/// What `a` has more than `b`, or nothing, taken off `a`.
#[inline(always)]
pub(super) fn min_u16(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_sub_epi16(a, _mm_subs_epu16(a, b)))
}

#[inline(always)]
pub(super) fn max_u16(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_add_epi16(b, _mm_subs_epu16(a, b)))
}

#[inline(always)]
pub(super) fn min_i32(a: __m128i, b: __m128i) -> __m128i {
    instructions!(select(_mm_cmpgt_epi32(a, b), b, a))
}

#[inline(always)]
pub(super) fn max_i32(a: __m128i, b: __m128i) -> __m128i {
    instructions!(select(_mm_cmpgt_epi32(a, b), a, b))
}

#[inline(always)]
pub(super) fn gt_u32(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_cmpgt_epi32(flip(a), flip(b)))
}

#[inline(always)]
pub(super) fn min_u32(a: __m128i, b: __m128i) -> __m128i {
    select(gt_u32(a, b), b, a)
}

#[inline(always)]
pub(super) fn max_u32(a: __m128i, b: __m128i) -> __m128i {
    select(gt_u32(a, b), a, b)
}

#[inline(always)]
pub(super) fn le_u8(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_cmpeq_epi8(_mm_min_epu8(a, b), a))
}

#[inline(always)]
pub(super) fn le_u16(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_cmpeq_epi16(_mm_subs_epu16(a, b), _mm_setzero_si128()))
}

/// Both halves are equal.
#[inline(always)]
pub(super) fn eq_64(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let halves = _mm_cmpeq_epi32(a, b);
        _mm_and_si128(halves, _mm_shuffle_epi32::<0b10_11_00_01>(halves))
    })
}

/// The upper half is greater; or it is equal, and the difference of all is negative (which then cannot overflow).
#[inline(always)]
pub(super) fn gt_i64(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let below = _mm_and_si128(_mm_cmpeq_epi32(a, b), _mm_sub_epi64(b, a));
        _mm_shuffle_epi32::<0b11_11_01_01>(_mm_or_si128(_mm_cmpgt_epi32(a, b), below))
    })
}

#[inline(always)]
pub(super) fn abs_i32(a: __m128i) -> __m128i {
    instructions!({
        let sign = _mm_srai_epi32::<31>(a);
        _mm_sub_epi32(_mm_xor_si128(a, sign), sign)
    })
}

#[inline(always)]
pub(super) fn abs_i64(a: __m128i) -> __m128i {
    instructions!({
        let sign = _mm_shuffle_epi32::<0b11_11_01_01>(_mm_srai_epi32::<31>(a));
        _mm_sub_epi64(_mm_xor_si128(a, sign), sign)
    })
}

/// Sums of bits in pairs, in fours, in bytes.
#[inline(always)]
pub(super) fn popcnt(a: __m128i) -> __m128i {
    instructions!({
        let pairs = _mm_sub_epi8(a, _mm_and_si128(_mm_srli_epi16::<1>(a), _mm_set1_epi8(0x55)));
        let fours = _mm_set1_epi8(0x33);
        let fours = _mm_add_epi8(_mm_and_si128(pairs, fours), _mm_and_si128(_mm_srli_epi16::<2>(pairs), fours));
        _mm_and_si128(_mm_add_epi8(fours, _mm_srli_epi16::<4>(fours)), _mm_set1_epi8(0x0f))
    })
}

/// In each byte the `8 - count` lower bits.
#[inline(always)]
fn below(count: __m128i) -> __m128i {
    instructions!({
        let words = _mm_srl_epi16(_mm_set1_epi16(0xff), count);
        _mm_packus_epi16(words, words)
    })
}

/// What would leave a byte is cut off first.
#[inline(always)]
pub(super) fn shl_8(a: __m128i, count: i32) -> __m128i {
    instructions!({
        let count = _mm_cvtsi32_si128(count & 7);
        _mm_sll_epi16(_mm_and_si128(a, below(count)), count)
    })
}

#[inline(always)]
pub(super) fn shr_u8(a: __m128i, count: i32) -> __m128i {
    instructions!({
        let count = _mm_cvtsi32_si128(count & 7);
        _mm_and_si128(_mm_srl_epi16(a, count), below(count))
    })
}

/// As the upper bytes of words.
#[inline(always)]
pub(super) fn shr_i8(a: __m128i, count: i32) -> __m128i {
    instructions!({
        let count = _mm_cvtsi32_si128((count & 7) + 8);
        let (low, high) = (_mm_unpacklo_epi8(a, a), _mm_unpackhi_epi8(a, a));
        _mm_packs_epi16(_mm_sra_epi16(low, count), _mm_sra_epi16(high, count))
    })
}

/// Extends the sign from where the unsigned shift leaves it.
#[inline(always)]
pub(super) fn shr_i64(a: __m128i, count: i32) -> __m128i {
    instructions!({
        let count = _mm_cvtsi32_si128(count & 63);
        let sign = _mm_srl_epi64(_mm_set1_epi64x(i64::MIN), count);
        _mm_sub_epi64(_mm_xor_si128(_mm_srl_epi64(a, count), sign), sign)
    })
}

/// Lanes 0 and 2, and lanes 1 and 3, as products of 64 bits.
#[inline(always)]
pub(super) fn mul_32(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let even = _mm_mul_epu32(a, b);
        let odd = _mm_mul_epu32(_mm_srli_epi64::<32>(a), _mm_srli_epi64::<32>(b));
        let (even, odd) = (_mm_shuffle_epi32::<0b10_00>(even), _mm_shuffle_epi32::<0b10_00>(odd));
        _mm_unpacklo_epi32(even, odd)
    })
}

/// As on paper, with digits of 32 bits.
#[inline(always)]
pub(super) fn mul_64(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let left = _mm_mul_epu32(_mm_srli_epi64::<32>(a), b);
        let right = _mm_mul_epu32(a, _mm_srli_epi64::<32>(b));
        _mm_add_epi64(_mm_mul_epu32(a, b), _mm_slli_epi64::<32>(_mm_add_epi64(left, right)))
    })
}

/// `pmulhrsw` by the halves of products, of which bits 15 to 30 are wanted, rounded by bit 14: `pavgw` adds 1 and
/// halves.
#[inline(always)]
pub(super) fn mulhrs(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let (low, high) = (_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
        let rounded = _mm_avg_epu16(_mm_srli_epi16::<14>(low), _mm_setzero_si128());
        _mm_add_epi16(_mm_add_epi16(high, high), rounded)
    })
}

/// Only the product of two -32768 is -32768, and must be 32767.
#[inline(always)]
pub(super) fn saturate_q15(product: __m128i) -> __m128i {
    instructions!(_mm_xor_si128(product, _mm_cmpeq_epi16(product, _mm_set1_epi16(i16::MIN))))
}

/// 0 if negative; then saturated as signed, 32768 less, which is added again.
#[inline(always)]
pub(super) fn narrow_u16(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let half = _mm_set1_epi32(0x8000);
        let a = _mm_sub_epi32(_mm_andnot_si128(_mm_srai_epi32::<31>(a), a), half);
        let b = _mm_sub_epi32(_mm_andnot_si128(_mm_srai_epi32::<31>(b), b), half);
        _mm_xor_si128(_mm_packs_epi32(a, b), _mm_set1_epi16(i16::MIN))
    })
}

/// Both halves of words, signed.
#[inline(always)]
fn bytes(a: __m128i) -> [__m128i; 2] {
    instructions!([_mm_srai_epi16::<8>(_mm_slli_epi16::<8>(a)), _mm_srai_epi16::<8>(a)])
}

#[inline(always)]
pub(super) fn extadd_i8(a: __m128i) -> __m128i {
    let [low, high] = bytes(a);
    instructions!(_mm_add_epi16(low, high))
}

#[inline(always)]
pub(super) fn extadd_u8(a: __m128i) -> __m128i {
    instructions!(_mm_add_epi16(_mm_and_si128(a, _mm_set1_epi16(0xff)), _mm_srli_epi16::<8>(a)))
}

#[inline(always)]
pub(super) fn extadd_i16(a: __m128i) -> __m128i {
    instructions!(_mm_madd_epi16(a, _mm_set1_epi16(1)))
}

#[inline(always)]
pub(super) fn extadd_u16(a: __m128i) -> __m128i {
    instructions!(_mm_add_epi32(_mm_and_si128(a, _mm_set1_epi32(0xffff)), _mm_srli_epi32::<16>(a)))
}

#[inline(always)]
pub(super) fn dot_i8(a: __m128i, b: __m128i) -> __m128i {
    let ([a_low, a_high], [b_low, b_high]) = (bytes(a), bytes(b));
    instructions!(_mm_adds_epi16(_mm_mullo_epi16(a_low, b_low), _mm_mullo_epi16(a_high, b_high)))
}

/// Halves of vectors to lanes of twice the width: as the upper part, shifted down, or below zeros.
macro_rules! extend {
    ($($low_s:ident $low_u:ident $high_s:ident $high_u:ident $low:ident $high:ident $shift:ident $bits:literal;)*) => {
        $(
            #[inline(always)]
            pub(super) fn $low_s(a: __m128i) -> __m128i {
                instructions!($shift::<$bits>($low(a, a)))
            }
            #[inline(always)]
            pub(super) fn $low_u(a: __m128i) -> __m128i {
                instructions!($low(a, _mm_setzero_si128()))
            }
            #[inline(always)]
            pub(super) fn $high_s(a: __m128i) -> __m128i {
                instructions!($shift::<$bits>($high(a, a)))
            }
            #[inline(always)]
            pub(super) fn $high_u(a: __m128i) -> __m128i {
                instructions!($high(a, _mm_setzero_si128()))
            }
        )*
    };
}
extend! {
    low_i8 low_u8 high_i8 high_u8 _mm_unpacklo_epi8 _mm_unpackhi_epi8 _mm_srai_epi16 8;
    low_i16 low_u16 high_i16 high_u16 _mm_unpacklo_epi16 _mm_unpackhi_epi16 _mm_srai_epi32 16;
}

#[inline(always)]
pub(super) fn low_i32(a: __m128i) -> __m128i {
    instructions!(_mm_unpacklo_epi32(a, _mm_srai_epi32::<31>(a)))
}

#[inline(always)]
pub(super) fn high_i32(a: __m128i) -> __m128i {
    instructions!(_mm_unpackhi_epi32(a, _mm_srai_epi32::<31>(a)))
}

/// The lower two lanes twice each: lanes 0 and 2 are factors of `pmuludq`.
#[inline(always)]
pub(super) fn low_twice(a: __m128i) -> __m128i {
    instructions!(_mm_shuffle_epi32::<0b01_01_00_00>(a))
}

#[inline(always)]
pub(super) fn high_twice(a: __m128i) -> __m128i {
    instructions!(_mm_shuffle_epi32::<0b11_11_10_10>(a))
}

/// The signed product of lanes 0 and 2: from the unsigned one's upper half, each factor is taken off whose other is
/// negative.
#[inline(always)]
pub(super) fn mul_i32(a: __m128i, b: __m128i) -> __m128i {
    instructions!({
        let over_a = _mm_and_si128(_mm_srai_epi32::<31>(a), b);
        let over_b = _mm_and_si128(_mm_srai_epi32::<31>(b), a);
        _mm_sub_epi64(_mm_mul_epu32(a, b), _mm_slli_epi64::<32>(_mm_add_epi32(over_a, over_b)))
    })
}
