//! Moving lanes of one width about: what does not depend on how the bits are read.

use crate::isa::define::LaneWord;
use crate::isa::shape::{lanemask, lanewise};
use crate::isa::{Shape, transpose};
use bytemuck::Zeroable;

/// Lanes as wide as the word `B`: u8, u16, u32 or u64.
pub trait Width<B: LaneWord>: Shape<B> {
    /// The mask whose lane `i` is bit `i`; higher bits are ignored.
    fn mask_from_bits(self, bits: u64) -> Self::Mask;

    /// Bit `i` is lane `i`; bits from `LANES` on are 0.
    fn mask_to_bits(self, m: Self::Mask) -> u64;

    /// The bits of a mask with every lane set.
    const ALL: u64 = u64::MAX >> (64 - <Self as Shape<B>>::LANES);

    /// Lanes set in both.
    #[inline(always)]
    fn mask_and(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        self.mask_from_bits(self.mask_to_bits(a) & self.mask_to_bits(b))
    }

    /// Lanes set in either.
    #[inline(always)]
    fn mask_or(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        self.mask_from_bits(self.mask_to_bits(a) | self.mask_to_bits(b))
    }

    /// Lanes set in one of them.
    #[inline(always)]
    fn mask_xor(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        self.mask_from_bits(self.mask_to_bits(a) ^ self.mask_to_bits(b))
    }

    /// Lanes not set.
    #[inline(always)]
    fn mask_not(self, a: Self::Mask) -> Self::Mask {
        self.mask_from_bits(!self.mask_to_bits(a))
    }

    /// Whether a lane is set.
    #[inline(always)]
    fn mask_any(self, m: Self::Mask) -> bool {
        self.mask_to_bits(m) != 0
    }

    /// Whether every lane is set.
    #[inline(always)]
    fn mask_all(self, m: Self::Mask) -> bool {
        self.mask_to_bits(m) == Self::ALL
    }

    /// The number of lanes set.
    #[inline(always)]
    fn mask_count(self, m: Self::Mask) -> usize {
        self.mask_to_bits(m).count_ones() as usize
    }

    /// The mask with its first `n` lanes set; all of them from `LANES` on.
    #[inline(always)]
    fn mask_first_n(self, n: usize) -> Self::Mask {
        self.mask_from_bits(if n >= 64 { u64::MAX } else { (1 << n) - 1 })
    }

    /// Every lane `v`.
    #[inline(always)]
    fn splat_bits(self, v: B) -> Self::Reg {
        let mut out = Self::Array::zeroed();
        for lane in out.as_mut() {
            *lane = v;
        }
        self.from_array(out)
    }

    /// Lane by lane `m ? a : b`.
    #[inline(always)]
    fn select(self, m: Self::Mask, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        let bits = self.mask_to_bits(m);
        let a: Self::Array = bytemuck::cast(a);
        let mut out: Self::Array = bytemuck::cast(b);
        for i in 0..Self::LANES {
            if bits >> i & 1 != 0 {
                out.as_mut()[i] = a.as_ref()[i];
            }
        }
        self.from_array(out)
    }

    /// The first `min(src.len(), LANES)` lanes from `src`, the rest 0; no byte outside is read.
    #[inline(always)]
    fn load_partial(self, src: &[B]) -> Self::Reg {
        let mut out = Self::Array::zeroed();
        for (lane, v) in out.as_mut().iter_mut().zip(src) {
            *lane = *v;
        }
        self.from_array(out)
    }

    /// The first `min(dst.len(), LANES)` lanes to `dst`; no byte outside is written.
    #[inline(always)]
    fn store_partial(self, a: Self::Reg, dst: &mut [B]) {
        let a: Self::Array = bytemuck::cast(a);
        for (v, lane) in dst.iter_mut().zip(a.as_ref()) {
            *v = *lane;
        }
    }

    /// The lanes that are set, each to its place in `dst`; a set lane past the end of `dst` is dropped.
    #[inline(always)]
    fn masked_store(self, m: Self::Mask, a: Self::Reg, dst: &mut [B]) {
        let bits = self.mask_to_bits(m);
        let a: Self::Array = bytemuck::cast(a);
        for (i, (v, lane)) in dst.iter_mut().zip(a.as_ref()).enumerate() {
            if bits >> i & 1 != 0 {
                *v = *lane;
            }
        }
    }

    /// Lane `i` is `a[idx[i]]`; an index from `LANES` on gives 0.
    #[inline(always)]
    fn permute(self, a: Self::Reg, idx: Self::Reg) -> Self::Reg {
        let a: Self::Array = bytemuck::cast(a);
        let pick = |i: B| a.as_ref().get(i.to_u64() as usize).copied().unwrap_or(B::zeroed());
        lanewise!(Self, B; idx => pick(idx))
    }

    /// Lane `i` is `a[LANES - 1 - i]`.
    #[inline(always)]
    fn reverse(self, a: Self::Reg) -> Self::Reg {
        let mut a: Self::Array = bytemuck::cast(a);
        a.as_mut().reverse();
        self.from_array(a)
    }

    /// Lanes `n..n + LANES` of `a` followed by `b`; `n` at most `LANES`.
    #[inline(always)]
    fn slide(self, a: Self::Reg, b: Self::Reg, n: usize) -> Self::Reg {
        let mut both: [Self::Array; 2] = [bytemuck::cast(a), bytemuck::cast(b)];
        let lanes: &mut [B] = bytemuck::cast_slice_mut(&mut both);
        lanes.copy_within(n..n + Self::LANES, 0);
        self.from_array(both[0])
    }

    /// [`Width::slide`] by a constant, which is one or two instructions.
    #[inline(always)]
    fn concat_shift<const N: usize>(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        self.slide(a, b, N)
    }

    /// `a[0] b[0] a[1] b[1] ...` in memory order.
    #[inline(always)]
    fn interleave2(self, p: [Self::Reg; 2]) -> [Self::Reg; 2] {
        interleave::<Self, B, 2>(p)
    }

    /// `a[0] b[0] c[0] a[1] ...` in memory order.
    #[inline(always)]
    fn interleave3(self, p: [Self::Reg; 3]) -> [Self::Reg; 3] {
        interleave::<Self, B, 3>(p)
    }

    /// `a[0] b[0] c[0] d[0] a[1] ...` in memory order.
    #[inline(always)]
    fn interleave4(self, p: [Self::Reg; 4]) -> [Self::Reg; 4] {
        interleave::<Self, B, 4>(p)
    }

    /// The inverse of [`Width::interleave2`].
    #[inline(always)]
    fn deinterleave2(self, v: [Self::Reg; 2]) -> [Self::Reg; 2] {
        deinterleave::<Self, B, 2>(v)
    }

    /// The inverse of [`Width::interleave3`].
    #[inline(always)]
    fn deinterleave3(self, v: [Self::Reg; 3]) -> [Self::Reg; 3] {
        deinterleave::<Self, B, 3>(v)
    }

    /// The inverse of [`Width::interleave4`].
    #[inline(always)]
    fn deinterleave4(self, v: [Self::Reg; 4]) -> [Self::Reg; 4] {
        deinterleave::<Self, B, 4>(v)
    }

    /// The lanes that are set, moved to the front in order; the rest 0.
    #[inline(always)]
    fn compress(self, m: Self::Mask, a: Self::Reg) -> Self::Reg {
        let bits = self.mask_to_bits(m);
        let a: Self::Array = bytemuck::cast(a);
        let mut out = Self::Array::zeroed();
        let mut n = 0;
        for i in 0..Self::LANES {
            if bits >> i & 1 != 0 {
                out.as_mut()[n] = a.as_ref()[i];
                n += 1;
            }
        }
        self.from_array(out)
    }

    /// The first lanes of `a`, moved in order to the lanes that are set; the rest 0.
    #[inline(always)]
    fn expand(self, m: Self::Mask, a: Self::Reg) -> Self::Reg {
        let bits = self.mask_to_bits(m);
        let a: Self::Array = bytemuck::cast(a);
        let mut out = Self::Array::zeroed();
        let mut n = 0;
        for i in 0..Self::LANES {
            if bits >> i & 1 != 0 {
                out.as_mut()[i] = a.as_ref()[n];
                n += 1;
            }
        }
        self.from_array(out)
    }

    /// `src[idx[i]]`
    ///
    /// # Safety
    /// Every index is below `src.len()`.
    #[inline(always)]
    unsafe fn gather(self, src: &[B], idx: Self::Reg) -> Self::Reg {
        lanewise!(Self, B; idx => src[idx.to_u64() as usize])
    }

    /// `dst[idx[i]] = a[i]`, of equal indices the highest lane last.
    ///
    /// # Safety
    /// Every index is below `dst.len()`.
    #[inline(always)]
    unsafe fn scatter(self, a: Self::Reg, dst: &mut [B], idx: Self::Reg) {
        let (a, idx): (Self::Array, Self::Array) = (bytemuck::cast(a), bytemuck::cast(idx));
        for (v, i) in a.as_ref().iter().zip(idx.as_ref()) {
            dst[i.to_u64() as usize] = *v;
        }
    }

    /// Number of ones in each lane.
    #[inline(always)]
    fn popcount(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, B; a => a.popcount())
    }

    /// Zeros above the highest one in each lane.
    #[inline(always)]
    fn leading_zeros(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, B; a => a.leading_zeros())
    }

    /// Zeros below the lowest one in each lane.
    #[inline(always)]
    fn trailing_zeros(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, B; a => a.trailing_zeros())
    }

    /// The bits of each lane in reverse order.
    #[inline(always)]
    fn reverse_bits(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, B; a => a.reverse_bits())
    }

    /// Lanes whose bits are equal.
    #[inline(always)]
    fn eq_bits(self, a: Self::Reg, b: Self::Reg) -> Self::Mask {
        lanemask!(self, B, B; a, b => a == b)
    }

    /// `dst[x][y] = src[y][x]` for a square of `N` = 4, 8 or 16; rows are `src_stride` and `dst_stride` lanes apart. The
    /// slices hold the last row whole: the caller has checked.
    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
        transpose::plain::<B, N>(src, src_stride, dst, dst_stride);
    }
}

#[inline(always)]
fn interleave<S: Shape<B>, B: LaneWord, const C: usize>(planes: [S::Reg; C]) -> [S::Reg; C] {
    let mut out = [S::Array::zeroed(); C];
    let lanes: &mut [B] = bytemuck::cast_slice_mut(&mut out);
    for (c, plane) in planes.iter().enumerate() {
        let plane: S::Array = bytemuck::cast(*plane);
        for i in 0..S::LANES {
            lanes[i * C + c] = plane.as_ref()[i];
        }
    }
    out.map(bytemuck::cast)
}

#[inline(always)]
fn deinterleave<S: Shape<B>, B: LaneWord, const C: usize>(regs: [S::Reg; C]) -> [S::Reg; C] {
    let regs: [S::Array; C] = regs.map(bytemuck::cast);
    let lanes: &[B] = bytemuck::cast_slice(&regs);
    let mut out = [S::Array::zeroed(); C];
    for (c, plane) in out.iter_mut().enumerate() {
        for i in 0..S::LANES {
            plane.as_mut()[i] = lanes[i * C + c];
        }
    }
    out.map(bytemuck::cast)
}
