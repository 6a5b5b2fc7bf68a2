//! `Width`: masks, memory, moves. A mask is a register whose lanes are all ones or all zero.

use super::interleave::by_width;
use super::table::{BYTE_OF_BIT, Table};
use super::*;
use crate::isa::shape::lanewise;
use crate::isa::sse42::Sse42;
use crate::isa::{LaneWord, Shape, Width, x86};

/// Methods that forward to one for every width: `interleave2([__m256i; 2]) -> [__m256i; 2] = interleave2_lanes`.
macro_rules! forward {
    ($($name:ident($in:ty) -> $out:ty = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, a: $in) -> $out {
            self.$f::<B>(a)
        }
    )*};
}

impl<B: LaneWord> Width<B> for Avx2
where
    Self: Shape<B>,
    Sse42: Width<B>,
{
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> __m256i {
        let bits = bits as i32;
        // The bits where each lane can see its own.
        let seen = by_width!(self, B;
            _mm256_shuffle_epi8(_mm256_set1_epi32(bits), bytes(BYTE_OF_BIT)),
            _mm256_set1_epi16(bits as i16),
            _mm256_set1_epi32(bits),
            _mm256_set1_epi32(bits),
        );
        let own = bytes(Table::<B>::OWN_BIT);
        Width::<B>::eq_bits(self, self.and(seen, own), own)
    }

    #[inline(always)]
    fn mask_to_bits(self, m: __m256i) -> u64 {
        let bits = by_width!(self, B;
            _mm256_movemask_epi8(m) as u32,
            {
                let [lo, hi] = halves(m);
                _mm_movemask_epi8(_mm_packs_epi16(lo, hi)) as u32
            },
            _mm256_movemask_ps(ps(m)) as u32,
            _mm256_movemask_pd(pd(m)) as u32,
        );
        u64::from(bits)
    }

    binary!(mask_and = _mm256_and_si256, mask_or = _mm256_or_si256, mask_xor = _mm256_xor_si256);

    #[inline(always)]
    fn mask_not(self, a: __m256i) -> __m256i {
        self.not(a)
    }

    #[inline(always)]
    fn mask_any(self, m: __m256i) -> bool {
        intrinsic!(self, _mm256_testz_si256(m, m) == 0)
    }

    #[inline(always)]
    fn mask_all(self, m: __m256i) -> bool {
        intrinsic!(self, _mm256_testc_si256(m, _mm256_set1_epi8(-1)) != 0)
    }

    #[inline(always)]
    fn mask_count(self, m: __m256i) -> usize {
        intrinsic!(self, _mm256_movemask_epi8(m)).count_ones() as usize / size_of::<B>()
    }

    #[inline(always)]
    fn mask_first_n(self, n: usize) -> __m256i {
        let n = self.splat_bits(B::from_u64(n.min(32) as u64));
        let iota = bytes(Table::<B>::IOTA);
        by_width!(self, B;
            _mm256_cmpgt_epi8(n, iota), _mm256_cmpgt_epi16(n, iota), _mm256_cmpgt_epi32(n, iota), _mm256_cmpgt_epi64(n, iota))
    }

    #[inline(always)]
    fn splat_bits(self, v: B) -> __m256i {
        let v = v.to_u64();
        by_width!(self, B;
            _mm256_set1_epi8(v as i8), _mm256_set1_epi16(v as i16), _mm256_set1_epi32(v as i32), _mm256_set1_epi64x(v as i64))
    }

    #[inline(always)]
    fn select(self, m: __m256i, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, _mm256_blendv_epi8(b, a, m))
    }

    #[inline(always)]
    fn load_partial(self, src: &[B]) -> __m256i {
        if size_of::<B>() < 4 {
            return self.load_bytes(bytemuck::cast_slice(src));
        }
        if src.is_empty() {
            // Its address may be no page: slow even under an empty mask, and QEMU 7.2 faults.
            return self.zero();
        }
        let m = Width::<B>::mask_first_n(self, src.len());
        // SAFETY: the CPU has AVX2; the mask has the lanes of `src` only, and no other lane is read.
        unsafe {
            match size_of::<B>() {
                4 => _mm256_maskload_epi32(src.as_ptr().cast(), m),
                _ => _mm256_maskload_epi64(src.as_ptr().cast(), m),
            }
        }
    }

    #[inline(always)]
    fn store_partial(self, a: __m256i, dst: &mut [B]) {
        if size_of::<B>() < 4 {
            return self.store_bytes(a, bytemuck::cast_slice_mut(dst));
        }
        let m = Width::<B>::mask_first_n(self, dst.len());
        self.masked_store(m, a, dst);
    }

    #[inline(always)]
    fn masked_store(self, m: __m256i, a: __m256i, dst: &mut [B]) {
        if size_of::<B>() < 4 {
            // `dst` is ours alone, so what it holds may be stored again.
            let old = self.load_partial(dst);
            return self.store_partial(Width::<B>::select(self, m, a, old), dst);
        }
        let m = self.and(m, Width::<B>::mask_first_n(self, dst.len()));
        // SAFETY: the CPU has AVX2; the mask has lanes of `dst` only, and no other lane is written.
        unsafe {
            match size_of::<B>() {
                4 => _mm256_maskstore_epi32(dst.as_mut_ptr().cast(), m, a),
                _ => _mm256_maskstore_epi64(dst.as_mut_ptr().cast(), m, a),
            }
        }
    }

    #[inline(always)]
    fn permute(self, a: __m256i, idx: __m256i) -> __m256i {
        match size_of::<B>() {
            1 => self.permute_bytes(a, idx),
            2 => self.permute_16(a, idx),
            4 => self.permute_32(a, idx),
            _ => self.permute_64(a, idx),
        }
    }

    #[inline(always)]
    fn reverse(self, a: __m256i) -> __m256i {
        intrinsic!(self, {
            let a = _mm256_shuffle_epi8(a, bytes(Table::<B>::REVERSE));
            _mm256_permute4x64_epi64::<0x4e>(a)
        })
    }

    #[inline(always)]
    fn slide(self, a: __m256i, b: __m256i, n: usize) -> __m256i {
        self.slide_bytes(a, b, n * size_of::<B>())
    }

    #[inline(always)]
    fn concat_shift<const N: usize>(self, a: __m256i, b: __m256i) -> __m256i {
        self.slide_bytes_const(a, b, N * size_of::<B>())
    }

    forward! {
        interleave2([__m256i; 2]) -> [__m256i; 2] = interleave2_lanes;
        interleave3([__m256i; 3]) -> [__m256i; 3] = interleave3_lanes;
        interleave4([__m256i; 4]) -> [__m256i; 4] = interleave4_lanes;
        deinterleave2([__m256i; 2]) -> [__m256i; 2] = deinterleave2_lanes;
        deinterleave3([__m256i; 3]) -> [__m256i; 3] = deinterleave3_lanes;
        deinterleave4([__m256i; 4]) -> [__m256i; 4] = deinterleave4_lanes;
        popcount(__m256i) -> __m256i = popcount_lanes;
        leading_zeros(__m256i) -> __m256i = leading_zeros_lanes;
        trailing_zeros(__m256i) -> __m256i = trailing_zeros_lanes;
        reverse_bits(__m256i) -> __m256i = reverse_bits_lanes;
    }

    #[inline(always)]
    fn compress(self, m: __m256i, a: __m256i) -> __m256i {
        match size_of::<B>() {
            1 | 2 => self.compress_bytes(m, a),
            _ => self.compress_32(m, a),
        }
    }

    #[inline(always)]
    fn expand(self, m: __m256i, a: __m256i) -> __m256i {
        // A set lane is -1: the sum up to it is minus the number of set lanes, and `!` makes that the index.
        let idx = self.not(self.prefix_sum_lanes::<B>(m));
        self.and(m, Width::<B>::permute(self, a, idx))
    }

    #[inline(always)]
    unsafe fn gather(self, src: &[B], idx: __m256i) -> __m256i {
        match size_of::<B>() {
            // The instruction reads 32-bit indices as signed: counted from the middle of their range.
            4 => {
                let middle = src.as_ptr().cast::<i32>().wrapping_add(1 << 31);
                // SAFETY: the CPU has AVX2; the caller has checked that every index lies in `src`.
                unsafe {
                    let idx = _mm256_xor_si256(idx, _mm256_set1_epi32(i32::MIN));
                    _mm256_i32gather_epi32::<4>(middle, idx)
                }
            }
            // SAFETY: the CPU has AVX2; the caller has checked that every index lies in `src`.
            8 => unsafe { _mm256_i64gather_epi64::<8>(src.as_ptr().cast(), idx) },
            // Narrower indices: no instruction gathers bytes or 16-bit lanes.
            _ => lanewise!(Self, B; idx => src[idx.to_u64() as usize]),
        }
    }

    // `scatter` at its definition: AVX2 has no such instruction.

    #[inline(always)]
    fn eq_bits(self, a: __m256i, b: __m256i) -> __m256i {
        by_width!(self, B;
            _mm256_cmpeq_epi8(a, b), _mm256_cmpeq_epi16(a, b), _mm256_cmpeq_epi32(a, b), _mm256_cmpeq_epi64(a, b))
    }

    // 128 bits at a time: rows that are shorter than a register leave its second half nothing to do.
    #[inline(always)]
    fn transpose<const N: usize>(self, src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
        x86::transpose::<B, N>(Sse42::from(self), src, src_stride, dst, dst_stride);
    }
}
