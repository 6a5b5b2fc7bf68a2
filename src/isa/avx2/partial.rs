//! Part of a register from and to memory: two copies that overlap, whatever the number of bytes.

use super::*;
use crate::isa::x86;

impl Avx2 {
    /// The first `src.len()` bytes from `src`, the rest 0.
    #[inline(always)]
    pub(super) fn load_bytes(self, src: &[u8]) -> __m256i {
        let n = src.len();
        if let Some(all) = src.first_chunk::<32>() {
            return bytes(*all);
        }
        if let (Some(first), Some(last)) = (src.first_chunk::<16>(), src.last_chunk::<16>()) {
            let rest = self.slide_half(bytemuck::cast(*last), bytemuck::cast([0u8; 16]), 32 - n);
            return join(bytemuck::cast(*first), rest);
        }
        join(x86::load_partial(src), bytemuck::cast([0u8; 16]))
    }

    /// The first `dst.len()` bytes to `dst`.
    #[inline(always)]
    pub(super) fn store_bytes(self, a: __m256i, dst: &mut [u8]) {
        let n = dst.len();
        if let Some(all) = dst.first_chunk_mut::<32>() {
            *all = bytemuck::cast(a);
            return;
        }
        let [lo, hi] = halves(a);
        if let Some(last) = dst.last_chunk_mut::<16>() {
            *last = bytemuck::cast(self.slide_half(lo, hi, n - 16));
            dst[..16].copy_from_slice(bytemuck::bytes_of(&lo));
            return;
        }
        x86::store_partial(lo, dst);
    }

    /// Bytes `n..n + 16` of `lo` followed by `hi`; `n` at most 16.
    #[inline(always)]
    fn slide_half(self, lo: __m128i, hi: __m128i, n: usize) -> __m128i {
        intrinsic!(self, {
            let iota = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let idx = _mm_add_epi8(iota, _mm_set1_epi8(n as i8));
            // A shuffle gives 0 where the index has its top bit set: from 16 on for the one, below 16 for the other.
            let lo = _mm_shuffle_epi8(lo, _mm_add_epi8(idx, _mm_set1_epi8(0x70)));
            _mm_or_si128(lo, _mm_shuffle_epi8(hi, _mm_sub_epi8(idx, _mm_set1_epi8(16))))
        })
    }
}
