//! Squares transposed: those of one or two registers by one permutation of each, the larger ones from them.

use super::arch::*;
use super::{Avx512, lanes};
use crate::isa::{LaneWord, Width};

/// `dst[x][y] = src[y][x]` for `0 <= x, y < N`, as [`Width::transpose`] says.
#[inline(always)]
pub fn transpose<B: LaneWord, const N: usize>(
    token: Avx512,
    src: &[B],
    src_stride: usize,
    dst: &mut [B],
    dst_stride: usize,
) {
    match (size_of::<B>(), N) {
        (1, 4) => {
            let square: __m128i = bytemuck::cast(rows::<B, 4, 4>(src, src_stride));
            let order: __m128i = bytemuck::cast(const { order::<16>(1, 4) });
            let square = intrinsic!(token, _mm_shuffle_epi8(square, order));
            put::<B, 4, 4>(bytemuck::cast(square), dst, dst_stride);
        }
        (1, 8) => one::<B, 8>(token, src, src_stride, dst, dst_stride),
        (1, _) => {
            // Byte `y * 16 + x` goes to `x * 16 + y`; each interleaving by four rotates the bits of its place by two.
            let square: [__m512i; 4] = bytemuck::cast(rows::<B, 16, 16>(src, src_stride));
            let square = Width::<u8>::interleave4(token, Width::<u8>::interleave4(token, square));
            put::<B, 16, 16>(bytemuck::cast(square), dst, dst_stride);
        }
        (2, 4) => {
            let square: __m256i = bytemuck::cast(rows::<B, 4, 4>(src, src_stride));
            let order: __m256i = bytemuck::cast(const { order::<32>(2, 4) });
            let square = intrinsic!(token, _mm256_permutexvar_epi8(order, square));
            put::<B, 4, 4>(bytemuck::cast(square), dst, dst_stride);
        }
        (2, _) => {
            for y in (0..N).step_by(8) {
                for x in (0..N).step_by(8) {
                    let (src, dst) = (&src[y * src_stride + x..], &mut dst[x * dst_stride + y..]);
                    let [low, high]: [__m512i; 2] = bytemuck::cast(rows::<B, 8, 8>(src, src_stride));
                    let first = lanes(const { table!(u16, 32; i => i % 8 * 8 + i / 8) });
                    let second = lanes(const { table!(u16, 32; i => i % 8 * 8 + i / 8 + 4) });
                    let square = intrinsic!(
                        token,
                        [_mm512_permutex2var_epi16(low, first, high), _mm512_permutex2var_epi16(low, second, high),]
                    );
                    put::<B, 8, 8>(bytemuck::cast(square), dst, dst_stride);
                }
            }
        }
        (4, _) => {
            for y in (0..N).step_by(4) {
                for x in (0..N).step_by(4) {
                    let (src, dst) = (&src[y * src_stride + x..], &mut dst[x * dst_stride + y..]);
                    one::<B, 4>(token, src, src_stride, dst, dst_stride);
                }
            }
        }
        _ => {
            for y in (0..N).step_by(4) {
                for x in (0..N).step_by(4) {
                    let (src, dst) = (&src[y * src_stride + x..], &mut dst[x * dst_stride + y..]);
                    let [low, high]: [__m512i; 2] = bytemuck::cast(rows::<B, 4, 4>(src, src_stride));
                    let first = lanes(const { table!(u64, 8; i => i % 4 * 4 + i / 4) });
                    let second = lanes(const { table!(u64, 8; i => i % 4 * 4 + i / 4 + 2) });
                    let square = intrinsic!(
                        token,
                        [_mm512_permutex2var_epi64(low, first, high), _mm512_permutex2var_epi64(low, second, high),]
                    );
                    put::<B, 4, 4>(bytemuck::cast(square), dst, dst_stride);
                }
            }
        }
    }
}

/// A square of `K` that fills one register.
#[inline(always)]
fn one<B: LaneWord, const K: usize>(token: Avx512, src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
    let square = token.reorder(lanes(rows::<B, K, K>(src, src_stride)), const { order::<64>(size_of::<B>(), K) });
    put::<B, K, K>(bytemuck::cast(square), dst, dst_stride);
}

/// The order of bytes that transposes a square of `k` lanes of `size` bytes.
const fn order<const BYTES: usize>(size: usize, k: usize) -> [u8; BYTES] {
    table!(u8, BYTES; i => (i / size % k * k + i / size / k) * size + i % size)
}

/// The first `K` lanes of `R` rows, their bounds checked once: at each row it would cost more than the transposition.
#[inline(always)]
fn rows<B: LaneWord, const K: usize, const R: usize>(src: &[B], stride: usize) -> [[B; K]; R] {
    assert!(holds(src.len(), K, R, stride), "the rows of a square are inside its slice");
    let mut rows = [[B::zeroed(); K]; R];
    for (y, row) in rows.iter_mut().enumerate() {
        // SAFETY: `y` is at most `R - 1`, and `src` holds `(R - 1) * stride + K` lanes.
        *row = unsafe { src.as_ptr().add(y * stride).cast::<[B; K]>().read() };
    }
    rows
}

/// Stores `R` rows of `K` lanes.
#[inline(always)]
fn put<B: LaneWord, const K: usize, const R: usize>(rows: [[B; K]; R], dst: &mut [B], stride: usize) {
    assert!(holds(dst.len(), K, R, stride), "the rows of a square are inside its slice");
    for (y, row) in rows.into_iter().enumerate() {
        // SAFETY: `y` is at most `R - 1`, and `dst` holds `(R - 1) * stride + K` lanes.
        unsafe { dst.as_mut_ptr().add(y * stride).cast::<[B; K]>().write(row) }
    }
}

/// Whether `len` is at least `(r - 1) * stride + k`.
#[inline(always)]
fn holds(len: usize, k: usize, r: usize, stride: usize) -> bool {
    len >= k
        && (r - 1).checked_mul(stride).is_some_and(
            #[inline(always)]
            |last| last <= len - k,
        )
}
