//! Widening, and conversion between integers and floats.

use super::lanes::Lanes;
use super::{BEYOND_SSE2, BIG_ENDIAN, Portable, Reg, SIMD, VECTORS, ZERO, half_floats, read, shr64};
use crate::isa::{Converting, FloatArith, Widening};
use bytemuck::cast;
use half::{bf16, f16};
use wide::{f32x4, f64x2, i8x16, i16x8, i32x4, u32x4, u64x2};

/// Lanes twice as wide, of a low half and a high half.
#[inline(always)]
pub fn join<B: Lanes>(low: Reg, high: Reg) -> [Reg; 2] {
    if BIG_ENDIAN { B::zip(high, low) } else { B::zip(low, high) }
}

/// The low words of 64-bit lanes.
#[inline(always)]
pub fn low_words([a, b]: [Reg; 2]) -> Reg {
    let ([p, q], [r, s]): ([u64; 2], [u64; 2]) = (cast(a), cast(b));
    cast([p as u32, q as u32, r as u32, s as u32])
}

/// The high words of 64-bit lanes.
#[inline(always)]
pub fn high_words([a, b]: [Reg; 2]) -> Reg {
    low_words([shr64(a, 32), shr64(b, 32)])
}

#[inline(always)]
pub fn to_f64(a: Reg) -> [Reg; 2] {
    let [p, q, r, s]: [f32; 4] = cast(a);
    [cast([f64::from(p), f64::from(q)]), cast([f64::from(r), f64::from(s)])]
}

#[inline(always)]
pub fn to_f32([a, b]: [Reg; 2]) -> Reg {
    let ([p, q], [r, s]): ([f64; 2], [f64; 2]) = (cast(a), cast(b));
    cast([p as f32, q as f32, r as f32, s as f32])
}

impl Widening<u8> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u8>(a, ZERO)
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [Reg; 2]) -> Reg {
        read!(i16x8; a, b => Reg::narrow_i16x8(a & 0xff, b & 0xff))
    }

    // `mul_wide` of bytes stays at its definition: they are widened, and multiplied as 16 bits.
}

impl Widening<i8> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u8>(a, read!(i8x16; a => a.simd_lt(i8x16::splat(0))))
    }

    #[inline(always)]
    fn narrow(self, a: [Reg; 2]) -> Reg {
        <Self as Widening<u8>>::narrow(self, a)
    }
}

impl Widening<u16> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u16>(a, ZERO)
    }

    #[inline(always)]
    fn narrow(self, a: [Reg; 2]) -> Reg {
        cast(i16x8::from_i32x8_truncate(cast(a)))
    }

    #[inline(always)]
    fn mul_wide(self, a: Reg, b: Reg) -> [Reg; 2] {
        join::<u16>(read!(u16x8; a, b => a * b), read!(u16x8; a, b => a.mul_keep_high(b)))
    }
}

impl Widening<i16> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u16>(a, read!(i16x8; a => a.unbounded_shr_scalar(15)))
    }

    #[inline(always)]
    fn narrow(self, a: [Reg; 2]) -> Reg {
        <Self as Widening<u16>>::narrow(self, a)
    }

    #[inline(always)]
    fn mul_wide(self, a: Reg, b: Reg) -> [Reg; 2] {
        join::<u16>(read!(i16x8; a, b => a * b), read!(i16x8; a, b => a.mul_keep_high(b)))
    }
}

impl Widening<u32> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u32>(a, ZERO)
    }

    #[inline(always)]
    fn narrow(self, a: [Reg; 2]) -> Reg {
        low_words(a)
    }

    #[inline(always)]
    fn mul_wide(self, a: Reg, b: Reg) -> [Reg; 2] {
        cast(cast::<Reg, u32x4>(a).widening_mul(cast(b)))
    }
}

impl Widening<i32> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u32>(a, read!(i32x4; a => a.unbounded_shr_scalar(31)))
    }

    #[inline(always)]
    fn narrow(self, a: [Reg; 2]) -> Reg {
        low_words(a)
    }

    #[inline(always)]
    fn mul_wide(self, a: Reg, b: Reg) -> [Reg; 2] {
        if BEYOND_SSE2 {
            return cast(cast::<Reg, i32x4>(a).widening_mul(cast(b)));
        }
        // As unsigned numbers a negative factor is too big by 2^32, and the product by 2^32 times the other factor.
        let (x, y): (i32x4, i32x4) = (cast(a), cast(b));
        let excess = (x.unbounded_shr_scalar(31) & y) + (y.unbounded_shr_scalar(31) & x);
        let excess: [u64x2; 2] = cast(join::<u32>(ZERO, cast(excess)));
        let product: [u64x2; 2] = cast(cast::<Reg, u32x4>(a).widening_mul(cast(b)));
        [cast(product[0] - excess[0]), cast(product[1] - excess[1])]
    }
}

impl Widening<f32> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        to_f64(a)
    }

    #[inline(always)]
    fn narrow(self, a: [Reg; 2]) -> Reg {
        to_f32(a)
    }
}

impl Widening<f16> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        let [a, b] = join::<u16>(a, ZERO);
        [half_floats::f16_to_f32(a), half_floats::f16_to_f32(b)]
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [Reg; 2]) -> Reg {
        <Self as Widening<u16>>::narrow(self, [half_floats::f32_to_f16(a), half_floats::f32_to_f16(b)])
    }
}

impl Widening<bf16> for Portable {
    #[inline(always)]
    fn widen(self, a: Reg) -> [Reg; 2] {
        join::<u16>(ZERO, a)
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [Reg; 2]) -> Reg {
        <Self as Widening<u16>>::narrow(self, [half_floats::f32_to_bf16(a), half_floats::f32_to_bf16(b)])
    }
}

/// `round_to_int` of f32 to i32, which `wide` rounds half away from zero where it has no vectors.
#[inline(always)]
pub fn round_to_i32(a: Reg) -> Reg {
    if VECTORS {
        read!(f32x4; a => a.round_int())
    } else {
        let a = <Portable as FloatArith<f32>>::round_even(SIMD, a);
        read!(f32x4; a => a.trunc_int())
    }
}

impl Converting<f32, i32> for Portable {
    #[inline(always)]
    fn from_int(self, a: Reg) -> Reg {
        read!(i32x4; a => a.round_float())
    }

    #[inline(always)]
    fn trunc_to_int(self, a: Reg) -> Reg {
        read!(f32x4; a => a.trunc_int())
    }

    #[inline(always)]
    fn round_to_int(self, a: Reg) -> Reg {
        round_to_i32(a)
    }
}

impl Converting<f32, u32> for Portable {
    #[inline(always)]
    fn from_int(self, a: Reg) -> Reg {
        // The halves and the product are exact, so only the sum is rounded.
        let a: u32x4 = cast(a);
        let high: f32x4 = cast::<u32x4, i32x4>(a.unbounded_shr_scalar(16)).round_float();
        let low: f32x4 = cast::<u32x4, i32x4>(a & 0xffff).round_float();
        cast(high * 65536.0 + low)
    }

    #[inline(always)]
    fn trunc_to_int(self, a: Reg) -> Reg {
        // From 2^31 on, what is above it, plus 2^31.
        let a: f32x4 = cast(a);
        let limit = f32x4::splat(2147483648.0);
        let big = a.simd_ge(limit);
        let i: i32x4 = (a - (big & limit)).trunc_int();
        let i: u32x4 = cast(i & !i.unbounded_shr_scalar(31)); // negative ones to 0
        cast(i | (cast::<f32x4, u32x4>(big) & 0x8000_0000))
    }

    #[inline(always)]
    fn round_to_int(self, a: Reg) -> Reg {
        let rounded = <Self as FloatArith<f32>>::round_even(self, a);
        <Self as Converting<f32, u32>>::trunc_to_int(self, rounded)
    }
}

/// 64-bit integers to f64: each half below the point of a float 2^84 or 2^52, whose last bit it then is.
macro_rules! halves_to_f64 {
    ($a:ident, high = $high:literal, both = $both:expr) => {{
        let a: u64x2 = cast($a);
        let high: f64x2 = cast(a.unbounded_shr_scalar(32) ^ $high);
        let low: f64x2 = cast((a & 0xffff_ffff) | 0x4330_0000_0000_0000);
        cast((high - $both) + low)
    }};
}

// To integers of 64 bits each lane is converted by the scalar instruction: the definition of truncation.

impl Converting<f64, u64> for Portable {
    #[inline(always)]
    fn from_int(self, a: Reg) -> Reg {
        const BOTH: f64 = TWO_84 + TWO_52;
        halves_to_f64!(a, high = 0x4530_0000_0000_0000, both = BOTH)
    }

    #[inline(always)]
    fn round_to_int(self, a: Reg) -> Reg {
        let rounded = <Self as FloatArith<f64>>::round_even(self, a);
        <Self as Converting<f64, u64>>::trunc_to_int(self, rounded)
    }
}

impl Converting<f64, i64> for Portable {
    #[inline(always)]
    fn from_int(self, a: Reg) -> Reg {
        // The sign bit flipped makes it a number that is too big by 2^63.
        const BOTH: f64 = TWO_84 + TWO_63 + TWO_52;
        halves_to_f64!(a, high = 0x4530_0000_8000_0000, both = BOTH)
    }

    #[inline(always)]
    fn round_to_int(self, a: Reg) -> Reg {
        let rounded = <Self as FloatArith<f64>>::round_even(self, a);
        <Self as Converting<f64, i64>>::trunc_to_int(self, rounded)
    }
}

const TWO_52: f64 = (1u64 << 52) as f64;
const TWO_63: f64 = (1u64 << 63) as f64;
const TWO_84: f64 = (1u128 << 84) as f64;
