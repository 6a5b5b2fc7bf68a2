//! Moving bytes: what the widths share.

use super::arch::*;
use super::{Sse42, intrinsic, lanes};
use crate::isa::x86::{PLACES, Three};
use crate::isa::{Arith, Registers};

/// The bytes 0, 1, ..., 15.
#[inline(always)]
pub fn iota() -> __m128i {
    lanes(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100u128)
}

/// Byte `i` is `a[idx[i]]`, 0 from index 16 on: plus 0x70 that sets the bit which gives 0, and keeps the index below.
#[inline(always)]
pub fn permute_bytes(sse: Sse42, a: __m128i, idx: __m128i) -> __m128i {
    intrinsic!(sse, _mm_shuffle_epi8(a, _mm_adds_epu8(idx, lanes([0x70u8; 16]))))
}

/// The same byte shuffle of four registers.
#[inline(always)]
pub fn each(sse: Sse42, [a, b, c, d]: [__m128i; 4], order: __m128i) -> [__m128i; 4] {
    intrinsic!(
        sse,
        [
            _mm_shuffle_epi8(a, order),
            _mm_shuffle_epi8(b, order),
            _mm_shuffle_epi8(c, order),
            _mm_shuffle_epi8(d, order),
        ]
    )
}

/// Bytes `n..n + 16` of `a` followed by `b`; `n` at most 16. Not through memory, where the load would wait for two stores.
#[inline(always)]
pub fn slide_bytes(sse: Sse42, a: __m128i, b: __m128i, n: usize) -> __m128i {
    intrinsic!(sse, {
        let idx = _mm_add_epi8(iota(), _mm_set1_epi8(n as i8));
        let from_a = _mm_shuffle_epi8(a, _mm_add_epi8(idx, lanes([0x70u8; 16])));
        // Negative for the bytes that come from `a`, which gives 0.
        let from_b = _mm_shuffle_epi8(b, _mm_sub_epi8(idx, lanes([16u8; 16])));
        _mm_or_si128(from_a, from_b)
    })
}

/// [`slide_bytes`] by a number that is constant once inlined.
#[inline(always)]
pub fn concat_shift_bytes(sse: Sse42, a: __m128i, b: __m128i, n: usize) -> __m128i {
    macro_rules! by {
        ($($n:literal)*) => {
            match n {
                0 => a,
                $($n => intrinsic!(sse, _mm_alignr_epi8::<$n>(b, a)),)*
                _ => b,
            }
        };
    }
    by!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
}

/// Three planes of lanes of `SIZE` bytes to three blocks in which they take turns.
#[inline(always)]
pub fn interleave3<const SIZE: usize>(sse: Sse42, [a, b, c]: [__m128i; 3]) -> [__m128i; 3] {
    let [place_a, place_b, place_c] = Three::<SIZE>::SPREAD;
    let a = intrinsic!(sse, _mm_shuffle_epi8(a, lanes(place_a)));
    let b = intrinsic!(sse, _mm_shuffle_epi8(b, lanes(place_b)));
    let c = intrinsic!(sse, _mm_shuffle_epi8(c, lanes(place_c)));
    let [[_, b0, c0], [_, b1, c1], [_, b2, c2]] = Three::<SIZE>::OWNED;
    [merge(sse, a, (b, b0), (c, c0)), merge(sse, a, (b, b1), (c, c1)), merge(sse, a, (b, b2), (c, c2))]
}

/// The inverse of [`interleave3`].
#[inline(always)]
pub fn deinterleave3<const SIZE: usize>(sse: Sse42, [r0, r1, r2]: [__m128i; 3]) -> [__m128i; 3] {
    let [_, [a1, b1, c1], [a2, b2, c2]] = Three::<SIZE>::OWNED;
    let a = merge(sse, r0, (r1, a1), (r2, a2));
    let b = merge(sse, r0, (r1, b1), (r2, b2));
    let c = merge(sse, r0, (r1, c1), (r2, c2));
    let [order_a, order_b, order_c] = Three::<SIZE>::ORDER;
    intrinsic!(
        sse,
        [_mm_shuffle_epi8(a, lanes(order_a)), _mm_shuffle_epi8(b, lanes(order_b)), _mm_shuffle_epi8(c, lanes(order_c)),]
    )
}

/// The bytes of `a`, but those of `b` and `c` at their places.
#[inline(always)]
fn merge(sse: Sse42, a: __m128i, b: (__m128i, [u8; 16]), c: (__m128i, [u8; 16])) -> __m128i {
    intrinsic!(sse, _mm_blendv_epi8(_mm_blendv_epi8(a, b.0, lanes(b.1)), c.0, lanes(c.1)))
}

/// Rows to columns of a square of 32-bit words.
#[inline(always)]
pub fn deinterleave4_words(sse: Sse42, [r0, r1, r2, r3]: [__m128i; 4]) -> [__m128i; 4] {
    intrinsic!(sse, {
        let (ab, ab_high) = (_mm_unpacklo_epi32(r0, r1), _mm_unpacklo_epi32(r2, r3));
        let (cd, cd_high) = (_mm_unpackhi_epi32(r0, r1), _mm_unpackhi_epi32(r2, r3));
        [
            _mm_unpacklo_epi64(ab, ab_high),
            _mm_unpackhi_epi64(ab, ab_high),
            _mm_unpacklo_epi64(cd, cd_high),
            _mm_unpackhi_epi64(cd, cd_high),
        ]
    })
}

/// The bytes whose bit of `m` is set, to the front.
#[inline(always)]
pub fn compress_bytes(sse: Sse42, m: usize, a: __m128i) -> __m128i {
    let (low, high) = (m & 255, m >> 8 & 255);
    let order = sse.or(lanes([PLACES[low], PLACES[high]]), lanes([0u64, 0x0808_0808_0808_0808]));
    intrinsic!(sse, {
        let halves = _mm_shuffle_epi8(a, order);
        // The high half moves down to where the low one ends; negative places give 0.
        let places = _mm_sub_epi8(iota(), _mm_set1_epi8(low.count_ones() as i8));
        _mm_or_si128(_mm_move_epi64(halves), _mm_shuffle_epi8(_mm_srli_si128::<8>(halves), places))
    })
}

/// The 16-bit lanes whose bit of `m` is set, to the front.
#[inline(always)]
pub fn compress_pairs(sse: Sse42, m: usize, a: __m128i) -> __m128i {
    let places = lanes([u64::from_le_bytes(PLACES[m & 255]), 0]);
    intrinsic!(sse, {
        // Saturating, so that 0x80 still gives 0.
        let even = _mm_adds_epu8(places, places);
        _mm_shuffle_epi8(a, _mm_unpacklo_epi8(even, _mm_or_si128(even, lanes([1u8; 16]))))
    })
}

/// The 32-bit lanes whose bit of `m` is set, to the front.
#[inline(always)]
pub fn compress_words(sse: Sse42, m: usize, a: __m128i) -> __m128i {
    /// [`PLACES`] of four words, as bytes.
    static ORDERS: [[u8; 16]; 16] = {
        let mut table = [[0x80; 16]; 16];
        let mut i = 0;
        while i < 16 * 16 {
            let (m, byte) = (i / 16, i % 16);
            let place = PLACES[m][byte / 4];
            if place < 4 {
                table[m][byte] = place * 4 + byte as u8 % 4;
            }
            i += 1;
        }
        table
    };
    intrinsic!(sse, _mm_shuffle_epi8(a, lanes(ORDERS[m & 15])))
}

/// The first bytes of `a` to the bytes that are set in `m`; right for every width, as a lane is set with all its bytes.
#[inline(always)]
pub fn expand_bytes(sse: Sse42, m: __m128i, a: __m128i) -> __m128i {
    // At byte i minus the number of set bytes up to i: its complement is the place in `a`.
    let count = Arith::<i8>::prefix_sum(sse, m);
    let places = sse.not(sse.and(count, m));
    intrinsic!(sse, _mm_shuffle_epi8(a, places))
}
