//! What differs between lanes of 8, 16, 32 and 64 bits.

use super::{BEYOND_SSE2, BIG_ENDIAN, Reg, ZERO, read, shr64, swap_halves};
use crate::isa::LaneWord;
use bytemuck::cast;
use wide::{i16x8, u8x16, u16x8, u32x4, u64x2};

/// A register as lanes of this word.
pub trait Lanes: LaneWord {
    /// Lanes in a register.
    const COUNT: usize = 16 / size_of::<Self>();
    fn splat(v: Self) -> Reg;
    /// All ones where lane `i` of `bits` is set.
    fn from_bits(bits: u64) -> Reg;
    /// The highest bit of each lane.
    fn to_bits(m: Reg) -> u64;
    /// All ones where the lanes are equal.
    fn equal(a: Reg, b: Reg) -> Reg;
    /// Each lane shifted right; 0 from the width on.
    fn shr(a: Reg, n: u32) -> Reg;
    /// `a[0] b[0] a[1] b[1] ...`
    fn zip(a: Reg, b: Reg) -> [Reg; 2];
    /// The even lanes of `a` and `b`, and the odd ones.
    fn unzip(a: Reg, b: Reg) -> [Reg; 2];
    fn reverse(a: Reg) -> Reg;
    /// `a[idx[i] % COUNT]`
    fn pick(a: Reg, idx: Reg) -> Reg;
}

/// A lane of `$out` for every expression.
macro_rules! lane_by_lane {
    ($a:ident: $t:ty, $idx:ident; $($i:literal)*) => {{
        let a: [$t; 16 / size_of::<$t>()] = cast($a);
        let idx: [$t; 16 / size_of::<$t>()] = cast($idx);
        cast([$(a[idx[$i] as usize % a.len()]),*])
    }};
}

impl Lanes for u8 {
    #[inline(always)]
    fn splat(v: u8) -> Reg {
        u8x16::splat(v)
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Reg {
        const LANE: Reg = u8x16::new([1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128]);
        const EACH: u64 = 0x0101_0101_0101_0101;
        let spread: Reg = cast([(bits & 0xff) * EACH, (bits >> 8 & 0xff) * EACH]);
        (spread & LANE).simd_eq(LANE)
    }

    #[inline(always)]
    fn to_bits(m: Reg) -> u64 {
        m.to_bitmask().into()
    }

    #[inline(always)]
    fn equal(a: Reg, b: Reg) -> Reg {
        a.simd_eq(b)
    }

    #[inline(always)]
    fn shr(a: Reg, n: u32) -> Reg {
        a.unbounded_shr_scalar(n)
    }

    #[inline(always)]
    fn zip(a: Reg, b: Reg) -> [Reg; 2] {
        [u8x16::unpack_low(a, b), u8x16::unpack_high(a, b)]
    }

    #[inline(always)]
    fn unzip(a: Reg, b: Reg) -> [Reg; 2] {
        let ([a0, a1], [b0, b1]) = (even_odd(a), even_odd(b));
        [u8x16::narrow_i16x8(a0, b0), u8x16::narrow_i16x8(a1, b1)]
    }

    #[inline(always)]
    fn reverse(a: Reg) -> Reg {
        let [first, second]: [u64; 2] = cast(a);
        cast([second.swap_bytes(), first.swap_bytes()])
    }

    #[inline(always)]
    fn pick(a: Reg, idx: Reg) -> Reg {
        lane_by_lane!(a: u8, idx; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    }
}

impl Lanes for u16 {
    #[inline(always)]
    fn splat(v: u16) -> Reg {
        cast(u16x8::splat(v))
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Reg {
        const LANE: u16x8 = u16x8::new([1, 2, 4, 8, 16, 32, 64, 128]);
        cast((u16x8::splat(bits as u16) & LANE).simd_eq(LANE))
    }

    #[inline(always)]
    fn to_bits(m: Reg) -> u64 {
        cast::<Reg, u16x8>(m).to_bitmask().into()
    }

    #[inline(always)]
    fn equal(a: Reg, b: Reg) -> Reg {
        read!(u16x8; a, b => a.simd_eq(b))
    }

    #[inline(always)]
    fn shr(a: Reg, n: u32) -> Reg {
        read!(u16x8; a => a.unbounded_shr_scalar(n))
    }

    #[inline(always)]
    fn zip(a: Reg, b: Reg) -> [Reg; 2] {
        let (a, b): ([u16; 8], [u16; 8]) = (cast(a), cast(b));
        [cast([a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]]), cast([a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]])]
    }

    #[inline(always)]
    fn unzip(a: Reg, b: Reg) -> [Reg; 2] {
        // Each cut swaps the order of lanes as dealing a deck of 16 does; three more bring it to even and odd.
        let [a, b] = Self::zip(a, b);
        let [a, b] = Self::zip(a, b);
        Self::zip(a, b)
    }

    #[inline(always)]
    fn reverse(a: Reg) -> Reg {
        let a: [u16; 8] = cast(a);
        cast([a[7], a[6], a[5], a[4], a[3], a[2], a[1], a[0]])
    }

    #[inline(always)]
    fn pick(a: Reg, idx: Reg) -> Reg {
        lane_by_lane!(a: u16, idx; 0 1 2 3 4 5 6 7)
    }
}

impl Lanes for u32 {
    #[inline(always)]
    fn splat(v: u32) -> Reg {
        cast(u32x4::splat(v))
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Reg {
        const LANE: u32x4 = u32x4::new([1, 2, 4, 8]);
        cast((u32x4::splat(bits as u32) & LANE).simd_eq(LANE))
    }

    #[inline(always)]
    fn to_bits(m: Reg) -> u64 {
        cast::<Reg, u32x4>(m).to_bitmask().into()
    }

    #[inline(always)]
    fn equal(a: Reg, b: Reg) -> Reg {
        read!(u32x4; a, b => a.simd_eq(b))
    }

    #[inline(always)]
    fn shr(a: Reg, n: u32) -> Reg {
        read!(u32x4; a => a.unbounded_shr_scalar(n))
    }

    #[inline(always)]
    fn zip(a: Reg, b: Reg) -> [Reg; 2] {
        let (a, b): (u32x4, u32x4) = (cast(a), cast(b));
        [cast(a.unpack_lo(b)), cast(a.unpack_hi(b))]
    }

    #[inline(always)]
    fn unzip(a: Reg, b: Reg) -> [Reg; 2] {
        let (a, b): ([u32; 4], [u32; 4]) = (cast(a), cast(b));
        [cast([a[0], a[2], b[0], b[2]]), cast([a[1], a[3], b[1], b[3]])]
    }

    #[inline(always)]
    fn reverse(a: Reg) -> Reg {
        let a: [u32; 4] = cast(a);
        cast([a[3], a[2], a[1], a[0]])
    }

    #[inline(always)]
    fn pick(a: Reg, idx: Reg) -> Reg {
        lane_by_lane!(a: u32, idx; 0 1 2 3)
    }
}

impl Lanes for u64 {
    #[inline(always)]
    fn splat(v: u64) -> Reg {
        cast(u64x2::splat(v))
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Reg {
        cast([(bits & 1).wrapping_neg(), (bits >> 1 & 1).wrapping_neg()])
    }

    #[inline(always)]
    fn to_bits(m: Reg) -> u64 {
        cast::<Reg, u64x2>(m).to_bitmask().into()
    }

    #[inline(always)]
    fn equal(a: Reg, b: Reg) -> Reg {
        if BEYOND_SSE2 {
            read!(u64x2; a, b => a.simd_eq(b))
        } else {
            let halves = u32::equal(a, b);
            let [p, q, r, s]: [u32; 4] = cast(halves);
            halves & cast::<[u32; 4], Reg>([q, p, s, r])
        }
    }

    #[inline(always)]
    fn shr(a: Reg, n: u32) -> Reg {
        shr64(a, n)
    }

    #[inline(always)]
    fn zip(a: Reg, b: Reg) -> [Reg; 2] {
        let ([a, c], [b, d]): ([u64; 2], [u64; 2]) = (cast(a), cast(b));
        [cast([a, b]), cast([c, d])]
    }

    #[inline(always)]
    fn unzip(a: Reg, b: Reg) -> [Reg; 2] {
        Self::zip(a, b)
    }

    #[inline(always)]
    fn reverse(a: Reg) -> Reg {
        swap_halves(a)
    }

    #[inline(always)]
    fn pick(a: Reg, idx: Reg) -> Reg {
        let even = Self::equal(idx & Self::splat(1), ZERO);
        let [first, second]: [u64; 2] = cast(a);
        even.bitselect(cast([first, first]), cast([second, second]))
    }
}

/// The even bytes and the odd ones, each as the low half of 16 bits.
#[inline(always)]
pub fn even_odd(a: Reg) -> [i16x8; 2] {
    let a: u16x8 = cast(a);
    let (low, high): (i16x8, i16x8) = (cast(a & 0xff), cast(a.unbounded_shr_scalar(8)));
    if BIG_ENDIAN { [high, low] } else { [low, high] }
}
