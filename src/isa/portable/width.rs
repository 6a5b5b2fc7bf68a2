//! Masks, selection, partial loads and stores, permutation.

use super::lanes::Lanes;
use super::{BIG_ENDIAN, ONES, Portable, Reg, ZERO, bits, interleave, partial, shl64, shr64, transpose};
use crate::isa::{Shape, Width};
use bytemuck::{Zeroable, cast, cast_slice, cast_slice_mut};

impl<B: Lanes> Width<B> for Portable
where
    Self: Shape<B>,
{
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> Reg {
        B::from_bits(bits)
    }

    #[inline(always)]
    fn mask_to_bits(self, m: Reg) -> u64 {
        B::to_bits(m)
    }

    #[inline(always)]
    fn mask_and(self, a: Reg, b: Reg) -> Reg {
        a & b
    }

    #[inline(always)]
    fn mask_or(self, a: Reg, b: Reg) -> Reg {
        a | b
    }

    #[inline(always)]
    fn mask_xor(self, a: Reg, b: Reg) -> Reg {
        a ^ b
    }

    #[inline(always)]
    fn mask_not(self, a: Reg) -> Reg {
        a ^ ONES
    }

    #[inline(always)]
    fn mask_any(self, m: Reg) -> bool {
        m.any() // a lane that is set has all its bytes set
    }

    #[inline(always)]
    fn mask_all(self, m: Reg) -> bool {
        m.all()
    }

    // `mask_count` and `mask_first_n` stay at their definitions: they are a few scalar instructions around the bits.

    #[inline(always)]
    fn splat_bits(self, v: B) -> Reg {
        B::splat(v)
    }

    #[inline(always)]
    fn select(self, m: Reg, a: Reg, b: Reg) -> Reg {
        m.bitselect(a, b)
    }

    #[inline(always)]
    fn load_partial(self, src: &[B]) -> Reg {
        partial::load(cast_slice(src))
    }

    #[inline(always)]
    fn store_partial(self, a: Reg, dst: &mut [B]) {
        partial::store(a, cast_slice_mut(dst));
    }

    #[inline(always)]
    fn masked_store(self, m: Reg, a: Reg, dst: &mut [B]) {
        // Lanes that are not set get back what was there.
        let dst: &mut [u8] = cast_slice_mut(dst);
        partial::store(m.bitselect(a, partial::load(dst)), dst);
    }

    #[inline(always)]
    fn permute(self, a: Reg, idx: Reg) -> Reg {
        let inside = B::equal(B::shr(idx, B::COUNT.ilog2()), ZERO);
        B::pick(a, idx) & inside
    }

    #[inline(always)]
    fn reverse(self, a: Reg) -> Reg {
        B::reverse(a)
    }

    #[inline(always)]
    fn slide(self, a: Reg, b: Reg, n: usize) -> Reg {
        // Two halves of the row of four, each shifted on by the half after it.
        let ([_, a1], [b0, _]): ([u64; 2], [u64; 2]) = (cast(a), cast(b));
        let bits = (n * 8 * size_of::<B>()) as u32;
        let middle: Reg = cast([a1, b0]);
        let (from, next, bits) = if bits < 64 { (a, middle, bits) } else { (middle, b, bits - 64) };
        if BIG_ENDIAN { shl64(from, bits) | shr64(next, 64 - bits) } else { shr64(from, bits) | shl64(next, 64 - bits) }
    }

    #[inline(always)]
    fn interleave2(self, [a, b]: [Reg; 2]) -> [Reg; 2] {
        B::zip(a, b)
    }

    #[inline(always)]
    fn interleave3(self, p: [Reg; 3]) -> [Reg; 3] {
        interleave::interleave3::<B>(p)
    }

    #[inline(always)]
    fn interleave4(self, [a, b, c, d]: [Reg; 4]) -> [Reg; 4] {
        let ([ac0, ac1], [bd0, bd1]) = (B::zip(a, c), B::zip(b, d));
        let ([p, q], [r, s]) = (B::zip(ac0, bd0), B::zip(ac1, bd1));
        [p, q, r, s]
    }

    #[inline(always)]
    fn deinterleave2(self, [a, b]: [Reg; 2]) -> [Reg; 2] {
        B::unzip(a, b)
    }

    #[inline(always)]
    fn deinterleave3(self, v: [Reg; 3]) -> [Reg; 3] {
        interleave::deinterleave3::<B>(v)
    }

    #[inline(always)]
    fn deinterleave4(self, [p, q, r, s]: [Reg; 4]) -> [Reg; 4] {
        let ([ac0, bd0], [ac1, bd1]) = (B::unzip(p, q), B::unzip(r, s));
        let ([a, c], [b, d]) = (B::unzip(ac0, ac1), B::unzip(bd0, bd1));
        [a, b, c, d]
    }

    #[inline(always)]
    fn compress(self, m: Reg, a: Reg) -> Reg {
        // Without branches: every lane is written, and overwritten unless it was set.
        let bits = B::to_bits(m);
        let a: <Self as Shape<B>>::Array = cast(a);
        let mut out = <Self as Shape<B>>::Array::zeroed();
        let mut n = 0;
        for i in 0..B::COUNT {
            out.as_mut()[n % B::COUNT] = a.as_ref()[i];
            n += (bits >> i & 1) as usize;
        }
        if n < B::COUNT {
            out.as_mut()[n] = B::zeroed();
        }
        cast(out)
    }

    #[inline(always)]
    fn expand(self, m: Reg, a: Reg) -> Reg {
        let bits = B::to_bits(m);
        let a: <Self as Shape<B>>::Array = cast(a);
        let mut out = <Self as Shape<B>>::Array::zeroed();
        let mut n = 0;
        for i in 0..B::COUNT {
            out.as_mut()[i] = a.as_ref()[n % B::COUNT];
            n += (bits >> i & 1) as usize;
        }
        cast::<_, Reg>(out) & m
    }

    // `gather` and `scatter` stay at their definitions: one access per lane is what these machines can do.

    #[inline(always)]
    fn popcount(self, a: Reg) -> Reg {
        bits::popcount::<B>(a)
    }

    #[inline(always)]
    fn leading_zeros(self, a: Reg) -> Reg {
        bits::leading_zeros::<B>(a)
    }

    #[inline(always)]
    fn trailing_zeros(self, a: Reg) -> Reg {
        bits::trailing_zeros::<B>(a)
    }

    #[inline(always)]
    fn reverse_bits(self, a: Reg) -> Reg {
        bits::reverse_bits::<B>(a)
    }

    #[inline(always)]
    fn eq_bits(self, a: Reg, b: Reg) -> Reg {
        B::equal(a, b)
    }

    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
        transpose::square::<B, N>(src, src_stride, dst, dst_stride);
    }
}
