//! Three planes: repeated riffle shuffles of the lanes, and their inverse.
//!
//! One riffle takes lane `i` of 3n to lane `2i mod (3n - 1)`, so log2(n) of them take `3k + c` to `nc + k`.

use super::lanes::{Lanes, even_odd};
use super::{Reg, swap_halves};
use bytemuck::cast;
use wide::u8x16;

/// `a[0] b[0] c[0] a[1] ...` to a, b, c.
#[inline(always)]
pub fn deinterleave3<B: Lanes>(mut v: [Reg; 3]) -> [Reg; 3] {
    for _ in 0..B::COUNT.ilog2() {
        v = riffle::<B>(v);
    }
    v
}

/// a, b, c to `a[0] b[0] c[0] a[1] ...`
#[inline(always)]
pub fn interleave3<B: Lanes>(p: [Reg; 3]) -> [Reg; 3] {
    match size_of::<B>() {
        1 => interleave3_bytes(p),
        2 => unriffle16(unriffle16(unriffle16(p))),
        4 => {
            let [a, b, c]: [[u32; 4]; 3] = [cast(p[0]), cast(p[1]), cast(p[2])];
            [cast([a[0], b[0], c[0], a[1]]), cast([b[1], c[1], a[2], b[2]]), cast([c[2], a[3], b[3], c[3]])]
        }
        _ => {
            let [a, b, c]: [[u64; 2]; 3] = [cast(p[0]), cast(p[1]), cast(p[2])];
            [cast([a[0], b[0]]), cast([c[0], a[1]]), cast([b[1], c[1]])]
        }
    }
}

/// The first one and a half registers and the last one and a half, lane by lane in turn.
#[inline(always)]
fn riffle<B: Lanes>([x, y, z]: [Reg; 3]) -> [Reg; 3] {
    [B::zip(x, swap_halves(y))[0], B::zip(swap_halves(x), z)[0], B::zip(y, swap_halves(z))[0]]
}

#[inline(always)]
fn interleave3_bytes(mut v: [Reg; 3]) -> [Reg; 3] {
    for _ in 0..4 {
        // The even bytes of all three registers, then the odd ones.
        let [[x0, x1], [y0, y1], [z0, z1]] = [even_odd(v[0]), even_odd(v[1]), even_odd(v[2])];
        v = [u8x16::narrow_i16x8(x0, y0), u8x16::narrow_i16x8(z0, x1), u8x16::narrow_i16x8(y1, z1)];
    }
    v
}

/// The even lanes of all three registers, then the odd ones.
#[inline(always)]
fn unriffle16([x, y, z]: [Reg; 3]) -> [Reg; 3] {
    let [[x0, x1], [y0, y1], [z0, z1]] = [even_odd16(x), even_odd16(y), even_odd16(z)];
    [cast([x0, y0]), cast([z0, x1]), cast([y1, z1])]
}

/// The even lanes and the odd ones.
#[inline(always)]
fn even_odd16(a: Reg) -> [u64; 2] {
    let a: [u16; 8] = cast(a);
    cast([a[0], a[2], a[4], a[6], a[1], a[3], a[5], a[7]])
}
