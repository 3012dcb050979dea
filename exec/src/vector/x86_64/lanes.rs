//! Single lanes, and bytes moved between lanes, by SSE2.

use crate::vector::isa::{at, instructions};
use core::arch::x86_64::*;

#[inline(always)]
pub(super) fn extract_8<const LANE: u8>(a: __m128i) -> u32 {
    let word = extract_16(a, LANE / 2);
    if LANE.is_multiple_of(2) { word & 0xff } else { word >> 8 }
}

/// The upper half is 0.
#[inline(always)]
pub(super) fn extract_16(a: __m128i, lane: u8) -> u32 {
    at!(lane, 0 1 2 3 4 5 6 7, |N| _mm_extract_epi16::<N>(a) as u32)
}

#[inline(always)]
pub(super) fn extract_32<const LANE: u8>(a: __m128i) -> u32 {
    at!(LANE, 0 1 2 3, |N| _mm_cvtsi128_si32(_mm_shuffle_epi32::<N>(a)) as u32)
}

#[inline(always)]
pub(super) fn extract_64<const LANE: u8>(a: __m128i) -> u64 {
    instructions!(_mm_cvtsi128_si64(if LANE == 0 { a } else { _mm_unpackhi_epi64(a, a) }) as u64)
}

#[inline(always)]
pub(super) fn extract_f32<const LANE: u8>(a: __m128) -> f32 {
    at!(LANE, 0 1 2 3, |N| _mm_cvtss_f32(_mm_shuffle_ps::<N>(a, a)))
}

#[inline(always)]
pub(super) fn extract_f64<const LANE: u8>(a: __m128d) -> f64 {
    instructions!(_mm_cvtsd_f64(if LANE == 0 { a } else { _mm_unpackhi_pd(a, a) }))
}

/// Within a word.
#[inline(always)]
pub(super) fn replace_8<const LANE: u8>(a: __m128i, to: u32) -> __m128i {
    let word = extract_16(a, LANE / 2);
    let word = if LANE.is_multiple_of(2) { word & 0xff00 | to & 0xff } else { word & 0xff | to << 8 };
    replace_16(a, LANE / 2, word)
}

#[inline(always)]
pub(super) fn replace_16(a: __m128i, lane: u8, to: u32) -> __m128i {
    at!(lane, 0 1 2 3 4 5 6 7, |N| _mm_insert_epi16::<N>(a, to as i32))
}

/// Its two words.
#[inline(always)]
pub(super) fn replace_32<const LANE: u8>(a: __m128i, to: u32) -> __m128i {
    replace_16(replace_16(a, 2 * LANE, to), 2 * LANE + 1, to >> 16)
}

#[inline(always)]
pub(super) fn replace_64<const LANE: u8>(a: __m128i, to: u64) -> __m128i {
    instructions!({
        let to = _mm_cvtsi64_si128(to as i64);
        if LANE == 0 {
            _mm_castpd_si128(_mm_move_sd(_mm_castsi128_pd(a), _mm_castsi128_pd(to)))
        } else {
            _mm_unpacklo_epi64(a, to)
        }
    })
}

/// Beside the lane that shares its half; then the other half is put to them.
#[inline(always)]
pub(super) fn replace_f32<const LANE: u8>(a: __m128, to: f32) -> __m128 {
    instructions!({
        let to = _mm_set_ss(to);
        match LANE {
            0 => _mm_move_ss(a, to),
            1 => _mm_shuffle_ps::<0b11_10_00_10>(_mm_shuffle_ps::<0>(to, a), a),
            2 => _mm_shuffle_ps::<0b10_00_01_00>(a, _mm_shuffle_ps::<0b11_11_00_00>(to, a)),
            _ => _mm_shuffle_ps::<0b00_10_01_00>(a, _mm_shuffle_ps::<0b10_10_00_00>(to, a)),
        }
    })
}

#[inline(always)]
pub(super) fn replace_f64<const LANE: u8>(a: __m128d, to: f64) -> __m128d {
    instructions!({
        let to = _mm_set_sd(to);
        if LANE == 0 { _mm_move_sd(a, to) } else { _mm_unpacklo_pd(a, to) }
    })
}

/// Byte 0 in every byte.
#[inline(always)]
pub(super) fn splat_8(a: __m128i) -> __m128i {
    instructions!(splat_16(_mm_unpacklo_epi8(a, a)))
}

/// Word 0 in every word.
#[inline(always)]
pub(super) fn splat_16(a: __m128i) -> __m128i {
    instructions!(_mm_shuffle_epi32::<0>(_mm_shufflelo_epi16::<0>(a)))
}

/// Two words of each, by two bits of `WHICH`.
#[inline(always)]
pub(super) fn words<const WHICH: i32>(a: __m128i, b: __m128i) -> __m128i {
    instructions!(_mm_castps_si128(_mm_shuffle_ps::<WHICH>(_mm_castsi128_ps(a), _mm_castsi128_ps(b))))
}

/// Whether a byte is not 0. Loops that end with the last such byte are not unrolled as those that count would be: there are
/// hundreds of handlers for processors that have nothing better, five times as long.
#[inline(always)]
fn is_left(a: __m128i) -> bool {
    instructions!(_mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) != 0xffff)
}

/// Without `pshufb`: each byte of the table in turn goes wherever its number is asked for.
#[inline(always)]
pub(super) fn swizzle(table: __m128i, numbers: __m128i) -> __m128i {
    instructions!({
        let (mut table, mut number) = (table, _mm_setzero_si128());
        let mut result = number;
        while is_left(table) {
            result = _mm_or_si128(result, _mm_and_si128(_mm_cmpeq_epi8(numbers, number), splat_8(table)));
            table = _mm_srli_si128::<1>(table);
            number = _mm_sub_epi8(number, _mm_set1_epi8(-1));
        }
        result
    })
}

/// The same from two tables. One loop: with two, numbers would be kept from one to the other, on the stack.
#[inline(always)]
pub(super) fn shuffle(a: __m128i, b: __m128i, numbers: __m128i) -> __m128i {
    instructions!({
        let (mut a, mut b, mut number) = (a, b, _mm_setzero_si128());
        let (mut result, of_b) = (number, _mm_sub_epi8(numbers, _mm_set1_epi8(16)));
        while is_left(_mm_or_si128(a, b)) {
            let from_a = _mm_and_si128(_mm_cmpeq_epi8(numbers, number), splat_8(a));
            let from_b = _mm_and_si128(_mm_cmpeq_epi8(of_b, number), splat_8(b));
            result = _mm_or_si128(result, _mm_or_si128(from_a, from_b));
            (a, b) = (_mm_srli_si128::<1>(a), _mm_srli_si128::<1>(b));
            number = _mm_sub_epi8(number, _mm_set1_epi8(-1));
        }
        result
    })
}
