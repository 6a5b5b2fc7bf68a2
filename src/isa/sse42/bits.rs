//! Counting and reversing the bits of a lane, by looking up its nibbles.

use super::arch::*;
use super::{Sse42, intrinsic, lanes};

/// For each byte `low[byte & 15]` and `high[byte >> 4]`.
#[inline(always)]
fn look_up_nibbles(sse: Sse42, a: __m128i, low: [u8; 16], high: [u8; 16]) -> (__m128i, __m128i) {
    let nibble = lanes([15u8; 16]);
    intrinsic!(sse, {
        let (l, h) = (_mm_and_si128(a, nibble), _mm_and_si128(_mm_srli_epi16::<4>(a), nibble));
        (_mm_shuffle_epi8(lanes(low), l), _mm_shuffle_epi8(lanes(high), h))
    })
}

/// The ones of each byte.
#[inline(always)]
pub fn popcount(sse: Sse42, a: __m128i) -> __m128i {
    const ONES: [u8; 16] = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
    let (low, high) = look_up_nibbles(sse, a, ONES, ONES);
    intrinsic!(sse, _mm_add_epi8(low, high))
}

/// The bits of each byte in reverse order.
#[inline(always)]
pub fn reverse_in_bytes(sse: Sse42, a: __m128i) -> __m128i {
    const HIGH: [u8; 16] = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];
    const LOW: [u8; 16] = u128::to_le_bytes(u128::from_le_bytes(HIGH) << 4);
    let (low, high) = look_up_nibbles(sse, a, LOW, HIGH);
    intrinsic!(sse, _mm_or_si128(low, high))
}

#[inline(always)]
pub fn leading_zeros_8(sse: Sse42, a: __m128i) -> __m128i {
    // A high nibble that is not 0 says less than any low one.
    const HIGH: [u8; 16] = [8, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    const LOW: [u8; 16] = [8, 7, 6, 6, 5, 5, 5, 5, 4, 4, 4, 4, 4, 4, 4, 4];
    let (low, high) = look_up_nibbles(sse, a, LOW, HIGH);
    intrinsic!(sse, _mm_min_epu8(low, high))
}

// The zeros of a lane are those of its high half, and where that is 0 also those of its low half.

#[inline(always)]
pub fn leading_zeros_16(sse: Sse42, a: __m128i) -> __m128i {
    let halves = leading_zeros_8(sse, a);
    intrinsic!(sse, {
        let high_is_zero = _mm_srli_epi16::<8>(_mm_cmpeq_epi8(a, _mm_setzero_si128()));
        _mm_add_epi16(_mm_srli_epi16::<8>(halves), _mm_and_si128(halves, high_is_zero))
    })
}

#[inline(always)]
pub fn leading_zeros_32(sse: Sse42, a: __m128i) -> __m128i {
    let halves = leading_zeros_16(sse, a);
    intrinsic!(sse, {
        let high_is_zero = _mm_srli_epi32::<16>(_mm_cmpeq_epi16(a, _mm_setzero_si128()));
        _mm_add_epi32(_mm_srli_epi32::<16>(halves), _mm_and_si128(halves, high_is_zero))
    })
}

#[inline(always)]
pub fn leading_zeros_64(sse: Sse42, a: __m128i) -> __m128i {
    let halves = leading_zeros_32(sse, a);
    intrinsic!(sse, {
        let high_is_zero = _mm_srli_epi64::<32>(_mm_cmpeq_epi32(a, _mm_setzero_si128()));
        _mm_add_epi64(_mm_srli_epi64::<32>(halves), _mm_and_si128(halves, high_is_zero))
    })
}
