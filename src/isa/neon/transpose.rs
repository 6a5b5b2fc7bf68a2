//! Squares turned about their diagonal in registers.

use super::Neon;
use crate::isa::{LaneWord, Width};
use bytemuck::{Pod, Zeroable};
use core::arch::aarch64::uint8x16_t;

/// The square of `N` as tiles of `SIDE` lanes square, each in `R` registers; `W` is as long as a tile's row.
///
/// A tile is read as one long row of its `SIDE * SIDE` lanes. Interleaving the first half of that with the second moves the
/// top bit of each lane's number to the bottom; after as many rounds as a row's number has bits, row and column have
/// changed places.
#[inline(always)]
pub fn tiles<B: LaneWord, W: Pod, const N: usize, const SIDE: usize, const R: usize>(
    simd: Neon,
    src: &[B],
    src_stride: usize,
    dst: &mut [B],
    dst_stride: usize,
) where
    Neon: Width<B>,
{
    let mut y = 0;
    while y < N {
        let mut x = 0;
        while x < N {
            let mut tile = [uint8x16_t::zeroed(); R];
            let rows = bytemuck::cast_slice_mut::<_, W>(&mut tile);
            for i in 0..SIDE {
                let row = &src[(y + i) * src_stride + x..][..SIDE];
                rows[i] = bytemuck::pod_read_unaligned(bytemuck::cast_slice(row));
            }
            for _ in 0..SIDE.ilog2() {
                tile = interleave_halves(simd, tile);
            }
            let columns = bytemuck::cast_slice::<_, W>(&tile);
            for i in 0..SIDE {
                let column = &mut dst[(x + i) * dst_stride + y..][..SIDE];
                bytemuck::cast_slice_mut(column).copy_from_slice(bytemuck::bytes_of(&columns[i]));
            }
            x += SIDE;
        }
        y += SIDE;
    }
}

#[inline(always)]
fn interleave_halves<B: LaneWord, const R: usize>(simd: Neon, a: [uint8x16_t; R]) -> [uint8x16_t; R]
where
    Neon: Width<B>,
{
    let mut out = a;
    if R == 1 {
        let second = simd.ext(a[0], a[0], 8);
        [out[0], _] = Width::<B>::interleave2(simd, [a[0], second]);
    } else {
        for i in 0..R / 2 {
            [out[2 * i], out[2 * i + 1]] = Width::<B>::interleave2(simd, [a[i], a[i + R / 2]]);
        }
    }
    out
}
