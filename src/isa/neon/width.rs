//! Masks, and moving lanes about.

use super::{Neon, binary, neon, partial, tables, transpose, unary};
use crate::isa::{Arith, Width};
use bytemuck::cast;
use core::arch::aarch64::*;

/// The bytes 0, 1, 2, ...
const IOTA: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// What is the same for lanes of every width: `gather` and `scatter` stay loops, as NEON has neither.
macro_rules! every_width {
    ($b:ident) => {
        binary! { mask_and = vandq_u8, mask_or = vorrq_u8, mask_xor = veorq_u8 }
        unary! { mask_not = vmvnq_u8 }

        #[inline(always)]
        fn mask_any(self, m: uint8x16_t) -> bool {
            neon!(self, vmaxvq_u32(cast(m))) != 0
        }

        #[inline(always)]
        fn mask_all(self, m: uint8x16_t) -> bool {
            neon!(self, vminvq_u32(cast(m))) == u32::MAX
        }

        #[inline(always)]
        fn select(self, m: uint8x16_t, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            neon!(self, vbslq_u8(m, a, b))
        }

        #[inline(always)]
        fn load_partial(self, src: &[$b]) -> uint8x16_t {
            partial::load(bytemuck::cast_slice(src))
        }

        #[inline(always)]
        fn store_partial(self, a: uint8x16_t, dst: &mut [$b]) {
            partial::store(a, bytemuck::cast_slice_mut(dst));
        }

        // The lanes that are not set are written back as they were: `dst` is ours alone.
        #[inline(always)]
        fn masked_store(self, m: uint8x16_t, a: uint8x16_t, dst: &mut [$b]) {
            let old = self.load_partial(dst);
            self.store_partial(neon!(self, vbslq_u8(m, a, old)), dst);
        }

        #[inline(always)]
        fn slide(self, a: uint8x16_t, b: uint8x16_t, n: usize) -> uint8x16_t {
            let first = (n * size_of::<$b>()) as u8;
            neon!(self, vqtbl2q_u8(uint8x16x2_t(a, b), vaddq_u8(cast(IOTA), vdupq_n_u8(first))))
        }

        #[inline(always)]
        fn concat_shift<const N: usize>(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            self.ext(a, b, N * size_of::<$b>())
        }

        #[inline(always)]
        fn interleave4(self, [a, b, c, d]: [uint8x16_t; 4]) -> [uint8x16_t; 4] {
            let (ac, bd) = (Width::<$b>::interleave2(self, [a, c]), Width::<$b>::interleave2(self, [b, d]));
            let (low, high) =
                (Width::<$b>::interleave2(self, [ac[0], bd[0]]), Width::<$b>::interleave2(self, [ac[1], bd[1]]));
            [low[0], low[1], high[0], high[1]]
        }

        #[inline(always)]
        fn deinterleave4(self, [a, b, c, d]: [uint8x16_t; 4]) -> [uint8x16_t; 4] {
            let (low, high) = (Width::<$b>::deinterleave2(self, [a, b]), Width::<$b>::deinterleave2(self, [c, d]));
            let (ac, bd) = (
                Width::<$b>::deinterleave2(self, [low[0], high[0]]),
                Width::<$b>::deinterleave2(self, [low[1], high[1]]),
            );
            [ac[0], bd[0], ac[1], bd[1]]
        }

        // The running sum of a mask (-1 where set) is minus the number of lanes set up to there, and its complement that
        // number less one: the lane of `a` that belongs there.
        #[inline(always)]
        fn expand(self, m: uint8x16_t, a: uint8x16_t) -> uint8x16_t {
            let rank = neon!(self, vmvnq_u8(Arith::<$b>::prefix_sum(self, m)));
            neon!(self, vandq_u8(Width::<$b>::permute(self, a, rank), m))
        }
    };
}

/// The methods on masks that count lanes: `$sum` of the weights where set is the bits, of the mask itself minus the count.
macro_rules! counts {
    ($b:ident, $dup:ident, $lt:ident, $sum:ident, $iota:expr) => {
        #[inline(always)]
        fn mask_count(self, m: uint8x16_t) -> usize {
            usize::from(neon!(self, $sum(cast(m))).wrapping_neg() as u8)
        }

        #[inline(always)]
        fn mask_first_n(self, n: usize) -> uint8x16_t {
            neon!(self, cast($lt(cast($iota), $dup(n.min(16) as $b))))
        }

        #[inline(always)]
        fn splat_bits(self, v: $b) -> uint8x16_t {
            neon!(self, cast($dup(v)))
        }
    };
}

/// A mask from and to bits, where there is a bit for each lane in one lane.
macro_rules! bits {
    ($b:ident, $dup:ident, $test:ident, $and:ident, $sum:ident, $weights:expr) => {
        #[inline(always)]
        fn mask_from_bits(self, bits: u64) -> uint8x16_t {
            neon!(self, cast($test($dup(bits as $b), cast($weights))))
        }

        #[inline(always)]
        fn mask_to_bits(self, m: uint8x16_t) -> u64 {
            u64::from(neon!(self, $sum($and(cast(m), cast($weights)))))
        }
    };
}

/// Pairs of registers by zipping and unzipping.
macro_rules! pairs {
    ($zip1:ident, $zip2:ident, $uzp1:ident, $uzp2:ident) => {
        #[inline(always)]
        fn interleave2(self, [a, b]: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
            neon!(self, [cast($zip1(cast(a), cast(b))), cast($zip2(cast(a), cast(b)))])
        }

        #[inline(always)]
        fn deinterleave2(self, [a, b]: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
            neon!(self, [cast($uzp1(cast(a), cast(b))), cast($uzp2(cast(a), cast(b)))])
        }
    };
}

/// Triples of registers by one look-up for each.
macro_rules! triples {
    ($size:literal) => {
        #[inline(always)]
        fn interleave3(self, [a, b, c]: [uint8x16_t; 3]) -> [uint8x16_t; 3] {
            const PLACES: [[u8; 16]; 3] = tables::interleaving($size);
            self.lookup_triple([a, b, c], PLACES)
        }

        #[inline(always)]
        fn deinterleave3(self, [a, b, c]: [uint8x16_t; 3]) -> [uint8x16_t; 3] {
            const PLACES: [[u8; 16]; 3] = tables::deinterleaving($size);
            self.lookup_triple([a, b, c], PLACES)
        }
    };
}

impl Neon {
    #[inline(always)]
    fn lookup_triple(self, [a, b, c]: [uint8x16_t; 3], places: [[u8; 16]; 3]) -> [uint8x16_t; 3] {
        let table = uint8x16x3_t(a, b, c);
        let [p, q, r] = places;
        neon!(self, [vqtbl3q_u8(table, cast(p)), vqtbl3q_u8(table, cast(q)), vqtbl3q_u8(table, cast(r))])
    }

    /// The bytes of 16-bit lane numbers: 8 and above lie outside of a register, up to `0x7f`.
    #[inline(always)]
    pub(super) fn bytes_of_u16(self, lanes: uint16x8_t) -> uint8x16_t {
        neon!(self, cast(vmlaq_u16(vdupq_n_u16(0x0100), lanes, vdupq_n_u16(0x0202))))
    }
}

impl Width<u8> for Neon {
    every_width!(u8);
    counts!(u8, vdupq_n_u8, vcltq_u8, vaddvq_u8, IOTA);
    pairs!(vzip1q_u8, vzip2q_u8, vuzp1q_u8, vuzp2q_u8);
    triples!(1);
    binary! { permute = vqtbl1q_u8, eq_bits = vceqq_u8 }
    unary! { popcount = vcntq_u8, leading_zeros = vclzq_u8, reverse_bits = vrbitq_u8 }

    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> uint8x16_t {
        let bytes = neon!(self, vcombine_u8(vdup_n_u8(bits as u8), vdup_n_u8((bits >> 8) as u8)));
        neon!(self, vtstq_u8(bytes, cast([0x8040_2010_0804_0201u64; 2])))
    }

    #[inline(always)]
    fn mask_to_bits(self, m: uint8x16_t) -> u64 {
        let weighted = neon!(self, vandq_u8(m, cast([0x8040_2010_0804_0201u64; 2])));
        // Bytes i and i + 8 side by side: one sum then gives both bytes of bits.
        let paired = neon!(self, vzip1q_u8(weighted, vextq_u8::<8>(weighted, weighted)));
        u64::from(neon!(self, vaddvq_u16(cast(paired))))
    }

    #[inline(always)]
    fn reverse(self, a: uint8x16_t) -> uint8x16_t {
        let a = neon!(self, vrev64q_u8(a));
        self.ext(a, a, 8)
    }

    #[inline(always)]
    fn trailing_zeros(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, vclzq_u8(vrbitq_u8(a)))
    }

    #[inline(always)]
    fn compress(self, m: uint8x16_t, a: uint8x16_t) -> uint8x16_t {
        let bits = Width::<u8>::mask_to_bits(self, m) as usize;
        // Each half by itself, then the bytes of the second moved down to those of the first.
        let [low, high] = [tables::BYTES[bits & 0xff], tables::BYTES[bits >> 8 & 0xff]];
        let halves = neon!(self, vqtbl1q_u8(a, vcombine_u8(cast(low), vorr_u8(cast(high), vdup_n_u8(8)))));
        let first = (bits as u8).count_ones() as u8;
        let second = neon!(self, vcgeq_u8(cast(IOTA), vdupq_n_u8(first)));
        let gap = neon!(self, vandq_u8(second, vdupq_n_u8(8 - first)));
        neon!(self, vqtbl1q_u8(halves, vaddq_u8(cast(IOTA), gap)))
    }

    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[u8], src_stride: usize, dst: &mut [u8], dst_stride: usize) {
        match N {
            4 => transpose::tiles::<u8, u32, N, 4, 1>(self, src, src_stride, dst, dst_stride),
            8 => transpose::tiles::<u8, u64, N, 8, 4>(self, src, src_stride, dst, dst_stride),
            _ => transpose::tiles::<u8, uint8x16_t, N, 16, 16>(self, src, src_stride, dst, dst_stride),
        }
    }
}

impl Width<u16> for Neon {
    every_width!(u16);
    counts!(u16, vdupq_n_u16, vcltq_u16, vaddvq_u16, [0u16, 1, 2, 3, 4, 5, 6, 7]);
    bits!(u16, vdupq_n_u16, vtstq_u16, vandq_u16, vaddvq_u16, [1u16, 2, 4, 8, 16, 32, 64, 128]);
    pairs!(vzip1q_u16, vzip2q_u16, vuzp1q_u16, vuzp2q_u16);
    triples!(2);
    binary! { eq_bits = vceqq_u16 }
    unary! { leading_zeros = vclzq_u16 }

    #[inline(always)]
    fn permute(self, a: uint8x16_t, idx: uint8x16_t) -> uint8x16_t {
        let idx = neon!(self, vminq_u16(cast(idx), vdupq_n_u16(8)));
        neon!(self, vqtbl1q_u8(a, self.bytes_of_u16(idx)))
    }

    #[inline(always)]
    fn reverse(self, a: uint8x16_t) -> uint8x16_t {
        let a = neon!(self, cast(vrev64q_u16(cast(a))));
        self.ext(a, a, 8)
    }

    #[inline(always)]
    fn popcount(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, cast(vpaddlq_u8(vcntq_u8(a))))
    }

    #[inline(always)]
    fn reverse_bits(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, vrbitq_u8(vrev16q_u8(a)))
    }

    #[inline(always)]
    fn trailing_zeros(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, cast(vclzq_u16(cast(vrbitq_u8(vrev16q_u8(a))))))
    }

    #[inline(always)]
    fn compress(self, m: uint8x16_t, a: uint8x16_t) -> uint8x16_t {
        let lanes = tables::BYTES[Width::<u16>::mask_to_bits(self, m) as usize & 0xff];
        neon!(self, vqtbl1q_u8(a, self.bytes_of_u16(vmovl_u8(cast(lanes)))))
    }

    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[u16], src_stride: usize, dst: &mut [u16], dst_stride: usize) {
        match N {
            4 => transpose::tiles::<u16, u64, N, 4, 2>(self, src, src_stride, dst, dst_stride),
            _ => transpose::tiles::<u16, uint8x16_t, N, 8, 8>(self, src, src_stride, dst, dst_stride),
        }
    }
}

impl Width<u32> for Neon {
    every_width!(u32);
    counts!(u32, vdupq_n_u32, vcltq_u32, vaddvq_u32, [0u32, 1, 2, 3]);
    bits!(u32, vdupq_n_u32, vtstq_u32, vandq_u32, vaddvq_u32, [1u32, 2, 4, 8]);
    pairs!(vzip1q_u32, vzip2q_u32, vuzp1q_u32, vuzp2q_u32);
    triples!(4);
    binary! { eq_bits = vceqq_u32 }
    unary! { leading_zeros = vclzq_u32 }

    #[inline(always)]
    fn permute(self, a: uint8x16_t, idx: uint8x16_t) -> uint8x16_t {
        let idx = neon!(self, vminq_u32(cast(idx), vdupq_n_u32(4)));
        let bytes = neon!(self, vmlaq_u32(vdupq_n_u32(0x0302_0100), idx, vdupq_n_u32(0x0404_0404)));
        neon!(self, vqtbl1q_u8(a, cast(bytes)))
    }

    #[inline(always)]
    fn reverse(self, a: uint8x16_t) -> uint8x16_t {
        let a = neon!(self, cast(vrev64q_u32(cast(a))));
        self.ext(a, a, 8)
    }

    #[inline(always)]
    fn popcount(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, cast(vpaddlq_u16(vpaddlq_u8(vcntq_u8(a)))))
    }

    #[inline(always)]
    fn reverse_bits(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, vrbitq_u8(vrev32q_u8(a)))
    }

    #[inline(always)]
    fn trailing_zeros(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, cast(vclzq_u32(cast(vrbitq_u8(vrev32q_u8(a))))))
    }

    #[inline(always)]
    fn compress(self, m: uint8x16_t, a: uint8x16_t) -> uint8x16_t {
        let bytes = tables::FOUR[Width::<u32>::mask_to_bits(self, m) as usize & 0xf];
        neon!(self, vqtbl1q_u8(a, cast(bytes)))
    }

    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[u32], src_stride: usize, dst: &mut [u32], dst_stride: usize) {
        transpose::tiles::<u32, uint8x16_t, N, 4, 4>(self, src, src_stride, dst, dst_stride);
    }
}

impl Width<u64> for Neon {
    every_width!(u64);
    counts!(u64, vdupq_n_u64, vcltq_u64, vaddvq_u64, [0u64, 1]);
    bits!(u64, vdupq_n_u64, vtstq_u64, vandq_u64, vaddvq_u64, [1u64, 2]);
    pairs!(vzip1q_u64, vzip2q_u64, vuzp1q_u64, vuzp2q_u64);
    binary! { eq_bits = vceqq_u64 }

    #[inline(always)]
    fn permute(self, a: uint8x16_t, idx: uint8x16_t) -> uint8x16_t {
        let (first, second) = neon!(self, (vdupq_laneq_u64::<0>(cast(a)), vdupq_laneq_u64::<1>(cast(a))));
        let second = neon!(self, vandq_u64(vceqq_u64(cast(idx), vdupq_n_u64(1)), second));
        neon!(self, cast(vbslq_u64(vceqzq_u64(cast(idx)), first, second)))
    }

    #[inline(always)]
    fn reverse(self, a: uint8x16_t) -> uint8x16_t {
        self.ext(a, a, 8)
    }

    #[inline(always)]
    fn interleave3(self, [a, b, c]: [uint8x16_t; 3]) -> [uint8x16_t; 3] {
        let first = neon!(self, cast(vzip1q_u64(cast(a), cast(b))));
        let second = neon!(self, cast(vcopyq_laneq_u64::<1, 1>(cast(c), cast(a))));
        let third = neon!(self, cast(vzip2q_u64(cast(b), cast(c))));
        [first, second, third]
    }

    #[inline(always)]
    fn deinterleave3(self, [a, b, c]: [uint8x16_t; 3]) -> [uint8x16_t; 3] {
        let first = neon!(self, cast(vcopyq_laneq_u64::<1, 1>(cast(a), cast(b))));
        let third = neon!(self, cast(vcopyq_laneq_u64::<1, 1>(cast(b), cast(c))));
        [first, self.ext(a, c, 8), third]
    }

    #[inline(always)]
    fn popcount(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, cast(vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(vcntq_u8(a))))))
    }

    // The zeros of the high half, and those of the low half too where the high one is zero.
    #[inline(always)]
    fn leading_zeros(self, a: uint8x16_t) -> uint8x16_t {
        let zeros: uint64x2_t = neon!(self, cast(vclzq_u32(cast(a))));
        let both = neon!(self, vshrq_n_u64::<32>(cast(vceqzq_u32(cast(a)))));
        neon!(self, cast(vsraq_n_u64::<32>(vandq_u64(zeros, both), zeros)))
    }

    #[inline(always)]
    fn reverse_bits(self, a: uint8x16_t) -> uint8x16_t {
        neon!(self, vrbitq_u8(vrev64q_u8(a)))
    }

    #[inline(always)]
    fn trailing_zeros(self, a: uint8x16_t) -> uint8x16_t {
        Width::<u64>::leading_zeros(self, Width::<u64>::reverse_bits(self, a))
    }

    #[inline(always)]
    fn compress(self, m: uint8x16_t, a: uint8x16_t) -> uint8x16_t {
        let bytes = tables::TWO[Width::<u64>::mask_to_bits(self, m) as usize & 0x3];
        neon!(self, vqtbl1q_u8(a, cast(bytes)))
    }

    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[u64], src_stride: usize, dst: &mut [u64], dst_stride: usize) {
        transpose::tiles::<u64, uint8x16_t, N, 2, 2>(self, src, src_stride, dst, dst_stride);
    }
}
