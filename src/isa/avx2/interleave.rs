//! Planes to interleaved lanes and back, for every width of lane.

use super::table::Table;
use super::*;

/// One expression for each width of `B`, chosen when compiled.
macro_rules! by_width {
    ($token:ident, $b:ty; $e8:expr, $e16:expr, $e32:expr, $e64:expr $(,)?) => {
        intrinsic!(
            $token,
            match size_of::<$b>() {
                1 => $e8,
                2 => $e16,
                4 => $e32,
                _ => $e64,
            }
        )
    };
}
pub(super) use by_width;

impl Avx2 {
    /// The low lanes of each half in turns, and the high ones.
    #[inline(always)]
    fn unpack<B>(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
        by_width!(self, B;
            [_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)],
            [_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)],
            [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)],
            [_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)],
        )
    }

    /// The low halves of both, and the high halves.
    #[inline(always)]
    pub(super) fn swap_halves(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
        intrinsic!(self, [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)])
    }

    #[inline(always)]
    pub(super) fn interleave2_lanes<B>(self, [a, b]: [__m256i; 2]) -> [__m256i; 2] {
        let [lo, hi] = self.unpack::<B>(a, b);
        self.swap_halves(lo, hi)
    }

    #[inline(always)]
    pub(super) fn deinterleave2_lanes<B>(self, [a, b]: [__m256i; 2]) -> [__m256i; 2] {
        let [even, odd] = by_width!(self, B;
            {
                let low = _mm256_set1_epi16(0xff);
                [
                    _mm256_packus_epi16(_mm256_and_si256(a, low), _mm256_and_si256(b, low)),
                    _mm256_packus_epi16(_mm256_srli_epi16::<8>(a), _mm256_srli_epi16::<8>(b)),
                ]
            },
            {
                let low = _mm256_set1_epi32(0xffff);
                [
                    _mm256_packus_epi32(_mm256_and_si256(a, low), _mm256_and_si256(b, low)),
                    _mm256_packus_epi32(_mm256_srli_epi32::<16>(a), _mm256_srli_epi32::<16>(b)),
                ]
            },
            [
                from_ps(_mm256_shuffle_ps::<0x88>(ps(a), ps(b))),
                from_ps(_mm256_shuffle_ps::<0xdd>(ps(a), ps(b))),
            ],
            [_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)],
        );
        [self.in_order(even), self.in_order(odd)]
    }

    /// Quarters 0 2 1 3: what packing two registers within their halves leaves to be done.
    #[inline(always)]
    pub(super) fn in_order(self, a: __m256i) -> __m256i {
        intrinsic!(self, _mm256_permute4x64_epi64::<0xd8>(a))
    }

    /// The same 16 bytes in both halves.
    #[inline(always)]
    pub(super) fn both_halves(self, a: [u8; 16]) -> __m256i {
        bytemuck::cast([a, a])
    }

    /// `a` with the bytes of `b` and of `c` where their masks are set.
    #[inline(always)]
    fn blend3(self, [a, b, c]: [__m256i; 3], second: [u8; 16], third: [u8; 16]) -> __m256i {
        intrinsic!(self, {
            let ab = _mm256_blendv_epi8(a, b, self.both_halves(second));
            _mm256_blendv_epi8(ab, c, self.both_halves(third))
        })
    }

    #[inline(always)]
    fn shuffle(self, a: __m256i, idx: [u8; 16]) -> __m256i {
        intrinsic!(self, _mm256_shuffle_epi8(a, self.both_halves(idx)))
    }

    // Three channels: of the three blocks of 16 bytes that hold 16 bytes of each plane, no two have bytes of the same
    // plane in the same place. So blends gather a plane without a collision, and one shuffle puts it in order.
    #[inline(always)]
    pub(super) fn deinterleave3_lanes<B>(self, [a, b, c]: [__m256i; 3]) -> [__m256i; 3] {
        // Blocks 0 3, 1 4, 2 5 from 0 1, 2 3, 4 5.
        let blocks = intrinsic!(
            self,
            [
                _mm256_blend_epi32::<0xf0>(a, b),
                _mm256_permute2x128_si256::<0x21>(a, c),
                _mm256_blend_epi32::<0xf0>(b, c),
            ]
        );
        let (owned, order) = (Table::<B>::OWNED3, Table::<B>::ORDER3);
        [
            self.shuffle(self.blend3(blocks, owned[1][0], owned[2][0]), order[0]),
            self.shuffle(self.blend3(blocks, owned[1][1], owned[2][1]), order[1]),
            self.shuffle(self.blend3(blocks, owned[1][2], owned[2][2]), order[2]),
        ]
    }

    #[inline(always)]
    pub(super) fn interleave3_lanes<B>(self, [a, b, c]: [__m256i; 3]) -> [__m256i; 3] {
        let (owned, spread) = (Table::<B>::OWNED3, Table::<B>::SPREAD3);
        let planes = [self.shuffle(a, spread[0]), self.shuffle(b, spread[1]), self.shuffle(c, spread[2])];
        let [b03, b14, b25] = [
            self.blend3(planes, owned[0][1], owned[0][2]),
            self.blend3(planes, owned[1][1], owned[1][2]),
            self.blend3(planes, owned[2][1], owned[2][2]),
        ];
        intrinsic!(
            self,
            [
                _mm256_permute2x128_si256::<0x20>(b03, b14),
                _mm256_blend_epi32::<0xf0>(b25, b03),
                _mm256_permute2x128_si256::<0x31>(b14, b25),
            ]
        )
    }

    #[inline(always)]
    pub(super) fn interleave4_lanes<B>(self, [a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
        let ([ab0, ab1], [cd0, cd1]) = (self.unpack::<B>(a, b), self.unpack::<B>(c, d));
        if size_of::<B>() == 8 {
            let ([o0, o2], [o1, o3]) = (self.swap_halves(ab0, cd0), self.swap_halves(ab1, cd1));
            return [o0, o1, o2, o3];
        }
        let [[r0, r1], [r2, r3]] = match size_of::<B>() {
            1 => [self.unpack::<u16>(ab0, cd0), self.unpack::<u16>(ab1, cd1)],
            2 => [self.unpack::<u32>(ab0, cd0), self.unpack::<u32>(ab1, cd1)],
            _ => [self.unpack::<u64>(ab0, cd0), self.unpack::<u64>(ab1, cd1)],
        };
        let ([o0, o2], [o1, o3]) = (self.swap_halves(r0, r1), self.swap_halves(r2, r3));
        [o0, o1, o2, o3]
    }

    #[inline(always)]
    pub(super) fn deinterleave4_lanes<B>(self, [a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
        let ([t0, t1], [t2, t3]) = (self.swap_halves(a, c), self.swap_halves(b, d));
        if size_of::<B>() == 8 {
            let ([o0, o1], [o2, o3]) = (self.unpack::<u64>(t0, t2), self.unpack::<u64>(t1, t3));
            return [o0, o1, o2, o3];
        }
        // Each channel's lanes of a block into 32 bits, then a transposition of those.
        let order = Table::<B>::CHANNELS4;
        let [t0, t1, t2, t3] =
            [self.shuffle(t0, order), self.shuffle(t1, order), self.shuffle(t2, order), self.shuffle(t3, order)];
        let ([ab0, cd0], [ab1, cd1]) = (self.unpack::<u32>(t0, t1), self.unpack::<u32>(t2, t3));
        let ([o0, o1], [o2, o3]) = (self.unpack::<u64>(ab0, ab1), self.unpack::<u64>(cd0, cd1));
        [o0, o1, o2, o3]
    }
}
