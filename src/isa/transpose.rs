//! The definition of a square's transposition.

/// `dst[x][y] = src[y][x]` for `0 <= x, y < N`.
#[inline(always)]
pub fn plain<B: Copy, const N: usize>(src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
    for y in 0..N {
        for x in 0..N {
            dst[x * dst_stride + y] = src[y * src_stride + x];
        }
    }
}
