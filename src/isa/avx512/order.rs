//! Constant orders of bytes, and what interleaves three and four planes with them.

use super::arch::*;
use super::{Avx512, lanes};

/// The place of byte `i` of a register in another order of its lanes of `SIZE` bytes; `i / SIZE` is its lane.
pub struct Order<const SIZE: usize>;

impl<const SIZE: usize> Order<SIZE> {
    const LANES: usize = 64 / SIZE;

    /// The lanes from the last to the first.
    pub const REVERSE: [u8; 64] = table!(u8, 64; i => (Self::LANES - 1 - i / SIZE) * SIZE + i % SIZE);
    /// The bytes of each lane from the last to the first, within 16 bytes.
    pub const SWAP: [u8; 64] = table!(u8, 64; i => i % 16 / SIZE * SIZE + SIZE - 1 - i % SIZE);

    /// The upper half of the lanes, each with as many bytes again above it, which [`Order::WIDE`] leaves out.
    pub const UPPER: [u8; 64] = table!(u8, 64; i => 32 + i / (2 * SIZE) * SIZE + i % SIZE);
    /// The lower half of each lane twice as wide.
    pub const WIDE: u64 = {
        let (mut bits, mut i) = (0, 0);
        while i < 64 {
            bits |= ((i / SIZE).is_multiple_of(2) as u64) << i;
            i += 1;
        }
        bits
    };

    /// The last lane of the 16 bytes below, in every lane of 16.
    pub const BELOW: [u8; 64] = table!(u8, 64; i => (i / 16 * 16 + 64 - SIZE + i % SIZE) % 64);
    /// The last lane of the lower half, in every lane.
    pub const MIDDLE: [u8; 64] = table!(u8, 64; i => 32 - SIZE + i % SIZE);

    /// Bytes of lanes `i` with `i % 3 == R`, for R = 0, 1, 2.
    const THIRDS: [u64; 3] = {
        let (mut thirds, mut i) = ([0; 3], 0);
        while i < 64 {
            thirds[i / SIZE % 3] |= 1 << i;
            i += 1;
        }
        thirds
    };
    /// Three planes interleaved: lane `i` of plane `c` goes to place `(3 * i + c) % LANES` of register
    /// `(3 * i + c) / LANES`. As 3 and LANES have no common factor, these places differ for all `i` of a plane:
    /// `MERGE3[c]` puts a plane's lanes there.
    const MERGE3: [[u8; 64]; 3] = Self::threes().0;
    /// The inverse of `MERGE3[c]`.
    const SPLIT3: [[u8; 64]; 3] = Self::threes().1;

    const fn threes() -> ([[u8; 64]; 3], [[u8; 64]; 3]) {
        let (mut merge, mut split) = ([[0; 64]; 3], [[0; 64]; 3]);
        let mut at = 0;
        while at < 3 * Self::LANES {
            let (plane, lane, place) = (at % 3, at / 3, at % Self::LANES);
            let mut byte = 0;
            while byte < SIZE {
                merge[plane][place * SIZE + byte] = (lane * SIZE + byte) as u8;
                split[plane][lane * SIZE + byte] = (place * SIZE + byte) as u8;
                byte += 1;
            }
            at += 1;
        }
        (merge, split)
    }

    /// Four interleaved planes in one register: the lanes of each brought together in 16 bytes. In the second order
    /// the planes stand 1 0 3 2, so that those of two registers merge by blends.
    const SPLIT4: [[u8; 64]; 2] = [Self::split4(0), Self::split4(1)];
    /// The inverses of `SPLIT4`.
    const MERGE4: [[u8; 64]; 2] = [Self::merge4(0), Self::merge4(1)];

    const fn split4(swap: usize) -> [u8; 64] {
        table!(u8, 64; i => (i % 16 / SIZE * 4 + ((i / 16) ^ swap)) * SIZE + i % SIZE)
    }

    const fn merge4(swap: usize) -> [u8; 64] {
        table!(u8, 64; i => ((i / SIZE % 4) ^ swap) * 16 + i / SIZE / 4 * SIZE + i % SIZE)
    }
}

impl Avx512 {
    /// `b` in the bytes of `m`, else `a`.
    #[inline(always)]
    fn blend(self, m: u64, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(self, _mm512_mask_blend_epi8(m, a, b))
    }

    /// Three planes of lanes of `SIZE` bytes, in turn: one permutation of each plane, and blends.
    ///
    /// Place `p` of register `r` belongs to plane `(r * LANES + p) % 3`, so plane `c` has the places with
    /// `p % 3 == (c - r * LANES) % 3`.
    #[inline(always)]
    pub(super) fn interleave3_of<const SIZE: usize>(self, [a, b, c]: [__m512i; 3]) -> [__m512i; 3] {
        let a = self.reorder(a, Order::<SIZE>::MERGE3[0]);
        let b = self.reorder(b, Order::<SIZE>::MERGE3[1]);
        let c = self.reorder(c, Order::<SIZE>::MERGE3[2]);
        self.thirds::<SIZE>([a, b, c], 1, 3 - Order::<SIZE>::LANES % 3)
    }

    /// The inverse of [`Avx512::interleave3_of`].
    #[inline(always)]
    pub(super) fn deinterleave3_of<const SIZE: usize>(self, regs: [__m512i; 3]) -> [__m512i; 3] {
        let [a, b, c] = self.thirds::<SIZE>(regs, 3 - Order::<SIZE>::LANES % 3, 1);
        [
            self.reorder(a, Order::<SIZE>::SPLIT3[0]),
            self.reorder(b, Order::<SIZE>::SPLIT3[1]),
            self.reorder(c, Order::<SIZE>::SPLIT3[2]),
        ]
    }

    /// Register `k` of the result has the lanes `i` of register `r` with `i % 3 == (r * x + k * y) % 3`.
    #[inline(always)]
    fn thirds<const SIZE: usize>(self, [a, b, c]: [__m512i; 3], x: usize, y: usize) -> [__m512i; 3] {
        let mut out = [a; 3];
        for (k, reg) in out.iter_mut().enumerate() {
            let (of_b, of_c) = (Order::<SIZE>::THIRDS[(x + k * y) % 3], Order::<SIZE>::THIRDS[(2 * x + k * y) % 3]);
            *reg = self.blend(of_c, self.blend(of_b, a, b), c);
        }
        out
    }

    /// Four planes of lanes of `SIZE` bytes, in turn.
    #[inline(always)]
    pub(super) fn interleave4_of<const SIZE: usize>(self, [a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
        // 16 bytes of a plane for each of two registers, in the order of `SPLIT4`.
        let (ac0, bd0, ac2, bd2) = intrinsic!(
            self,
            (
                _mm512_shuffle_i32x4::<0b01_00_01_00>(a, c),
                _mm512_shuffle_i32x4::<0b00_01_00_01>(b, d),
                _mm512_shuffle_i32x4::<0b11_10_11_10>(a, c),
                _mm512_shuffle_i32x4::<0b10_11_10_11>(b, d),
            )
        );
        let [even, odd] = Order::<SIZE>::MERGE4;
        [
            self.reorder(self.blend(ODD_BLOCKS, ac0, bd0), even),
            self.reorder(self.blend(ODD_BLOCKS, bd0, ac0), odd),
            self.reorder(self.blend(ODD_BLOCKS, ac2, bd2), even),
            self.reorder(self.blend(ODD_BLOCKS, bd2, ac2), odd),
        ]
    }

    /// The inverse of [`Avx512::interleave4_of`].
    #[inline(always)]
    pub(super) fn deinterleave4_of<const SIZE: usize>(self, [a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
        let [even, odd] = Order::<SIZE>::SPLIT4;
        let (a, b) = (self.reorder(a, even), self.reorder(b, odd));
        let (c, d) = (self.reorder(c, even), self.reorder(d, odd));
        let (ac0, bd0) = (self.blend(ODD_BLOCKS, a, b), self.blend(ODD_BLOCKS, b, a));
        let (ac2, bd2) = (self.blend(ODD_BLOCKS, c, d), self.blend(ODD_BLOCKS, d, c));
        intrinsic!(
            self,
            [
                _mm512_shuffle_i32x4::<0b01_00_01_00>(ac0, ac2),
                _mm512_shuffle_i32x4::<0b00_01_00_01>(bd0, bd2),
                _mm512_shuffle_i32x4::<0b11_10_11_10>(ac0, ac2),
                _mm512_shuffle_i32x4::<0b10_11_10_11>(bd0, bd2),
            ]
        )
    }

    /// What a prefix sum within 16 bytes adds to those above: `odd` to the second 16 bytes of each half, else to the
    /// upper half.
    #[inline(always)]
    pub(super) fn carry<const SIZE: usize>(self, a: __m512i, odd: bool) -> __m512i {
        if odd {
            self.spread(a, Order::<SIZE>::BELOW, ODD_BLOCKS)
        } else {
            self.spread(a, Order::<SIZE>::MIDDLE, u64::MAX << 32)
        }
    }

    /// The bytes of each lane in reverse order.
    #[inline(always)]
    pub(super) fn swap_bytes<const SIZE: usize>(self, a: __m512i) -> __m512i {
        intrinsic!(self, _mm512_shuffle_epi8(a, lanes(Order::<SIZE>::SWAP)))
    }
}

/// The second and the fourth 16 bytes of a register.
const ODD_BLOCKS: u64 = 0xffff_0000_ffff_0000;
