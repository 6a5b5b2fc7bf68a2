//! Squares, by riffle shuffles: one takes lane `i` of a square in a row to lane `2i mod (n^2 - 1)`, so log2(n) of them
//! swap rows and columns.

use super::lanes::Lanes;
use super::{Reg, ZERO, swap_halves};
use bytemuck::{bytes_of, cast, cast_slice, cast_slice_mut, pod_read_unaligned};

/// `dst[x][y] = src[y][x]` for `0 <= x, y < N`.
#[inline(always)]
pub fn square<B: Lanes, const N: usize>(src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
    match (N * size_of::<B>(), B::COUNT) {
        (4, _) => {
            let mut rows = [0u32; 4];
            for (y, row) in rows.iter_mut().enumerate() {
                *row = pod_read_unaligned(cast_slice(&src[y * src_stride..][..N]));
            }
            let a = cast(rows);
            let a = B::zip(a, swap_halves(a))[0];
            let a: [u32; 4] = cast(B::zip(a, swap_halves(a))[0]);
            for (x, column) in a.iter().enumerate() {
                put(bytes_of(column), &mut dst[x * dst_stride..][..N]);
            }
        }
        (8, 8) => halves::<B, N, 2>(src, src_stride, dst, dst_stride),
        (8, _) => halves::<B, N, 4>(src, src_stride, dst, dst_stride),
        (_, 16) => tiles::<B, N, 16>(src, src_stride, dst, dst_stride),
        (_, 8) => tiles::<B, N, 8>(src, src_stride, dst, dst_stride),
        (_, 4) => tiles::<B, N, 4>(src, src_stride, dst, dst_stride),
        _ => tiles::<B, N, 2>(src, src_stride, dst, dst_stride),
    }
}

/// Rows of half a register, two in each of `R`.
#[inline(always)]
fn halves<B: Lanes, const N: usize, const R: usize>(src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
    let mut rows = [ZERO; R];
    for (i, pair) in rows.iter_mut().enumerate() {
        let first: u64 = pod_read_unaligned(cast_slice(&src[2 * i * src_stride..][..N]));
        let second: u64 = pod_read_unaligned(cast_slice(&src[(2 * i + 1) * src_stride..][..N]));
        *pair = cast([first, second]);
    }
    for _ in 0..N.ilog2() {
        rows = riffle::<B, R>(rows);
    }
    for (i, pair) in rows.into_iter().enumerate() {
        let [first, second]: [u64; 2] = cast(pair);
        put(bytes_of(&first), &mut dst[2 * i * dst_stride..][..N]);
        put(bytes_of(&second), &mut dst[(2 * i + 1) * dst_stride..][..N]);
    }
}

/// Squares of `L` registers of `L` lanes.
#[inline(always)]
fn tiles<B: Lanes, const N: usize, const L: usize>(src: &[B], src_stride: usize, dst: &mut [B], dst_stride: usize) {
    for top in (0..N).step_by(L) {
        for left in (0..N).step_by(L) {
            let mut rows = [ZERO; L];
            for (y, row) in rows.iter_mut().enumerate() {
                *row = pod_read_unaligned(cast_slice(&src[(top + y) * src_stride + left..][..L]));
            }
            for _ in 0..L.ilog2() {
                rows = riffle::<B, L>(rows);
            }
            for (x, column) in rows.iter().enumerate() {
                put(bytes_of(column), &mut dst[(left + x) * dst_stride + top..][..L]);
            }
        }
    }
}

/// The first half of the registers and the second, lane by lane in turn.
#[inline(always)]
fn riffle<B: Lanes, const R: usize>(rows: [Reg; R]) -> [Reg; R] {
    let mut out = [ZERO; R];
    for i in 0..R / 2 {
        [out[2 * i], out[2 * i + 1]] = B::zip(rows[i], rows[i + R / 2]);
    }
    out
}

#[inline(always)]
fn put<B: Lanes>(bytes: &[u8], dst: &mut [B]) {
    cast_slice_mut::<B, u8>(dst).copy_from_slice(bytes);
}
