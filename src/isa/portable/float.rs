//! Arithmetic of floats.
//!
//! The minima, maxima and most roundings of `wide` differ from target to target for NaN, -0 and halves; these are made of
//! comparisons and sums, which do not.

use super::arith::fold;
use super::convert::{to_f32, to_f64};
use super::{BEYOND_SSE2, EXCESS_PRECISION, Portable, Reg, VECTORS, read, sign64};
use crate::isa::shape::lanewise;
use crate::isa::{Arith, FloatArith, LaneFloat};
use bytemuck::cast;
use wide::{f32x4, f64x2, u32x4, u64x2};

/// Whether `wide` fuses its `mul_add`.
const FUSED: bool = cfg!(any(
    all(target_feature = "sse2", target_feature = "fma"),
    all(target_arch = "aarch64", target_feature = "neon")
));

macro_rules! floats {
    ($($t:ident $v:ident $bits:ident, $integers_from:literal;)*) => {$(
        impl Arith<$t> for Portable {
            #[inline(always)]
            fn add(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a + b)
            }

            #[inline(always)]
            fn sub(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a - b)
            }

            #[inline(always)]
            fn mul(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a * b)
            }

            #[inline(always)]
            fn neg(self, a: Reg) -> Reg {
                read!($bits; a => a ^ $bits::splat((-0.0 as $t).to_bits()))
            }

            #[inline(always)]
            fn min(self, a: Reg, b: Reg) -> Reg {
                let take_a: Reg = read!($v; a, b => a.simd_lt(b) | b.simd_ne(b));
                // Of two zeros the result has the sign if one of them has.
                take_a.bitselect(a, b) | (a & <Self as Arith<$t>>::eq(self, a, b))
            }

            #[inline(always)]
            fn max(self, a: Reg, b: Reg) -> Reg {
                let take_a: Reg = read!($v; a, b => b.simd_lt(a) | b.simd_ne(b));
                // Of two zeros the result has the sign if both of them have.
                take_a.bitselect(a, b) & (a | !<Self as Arith<$t>>::eq(self, a, b))
            }

            #[inline(always)]
            fn abs(self, a: Reg) -> Reg {
                read!($bits; a => a & $bits::splat(!(-0.0 as $t).to_bits()))
            }

            #[inline(always)]
            fn eq(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a.simd_eq(b))
            }

            #[inline(always)]
            fn lt(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a.simd_lt(b))
            }

            #[inline(always)]
            fn le(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a.simd_le(b))
            }

            #[inline(always)]
            fn reduce_sum(self, a: Reg) -> $t {
                fold(a, <Self as Arith<$t>>::add)
            }

            #[inline(always)]
            fn reduce_min(self, a: Reg) -> $t {
                fold(a, <Self as Arith<$t>>::min)
            }

            #[inline(always)]
            fn reduce_max(self, a: Reg) -> $t {
                fold(a, <Self as Arith<$t>>::max)
            }

            // `prefix_sum` stays at its definition: two or four lanes, whose sums have an order.
        }

        impl FloatArith<$t> for Portable {
            #[inline(always)]
            fn div(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a / b)
            }

            #[inline(always)]
            fn sqrt(self, a: Reg) -> Reg {
                if VECTORS { read!($v; a => a.sqrt()) } else { lanewise!(Self, $t; a => LaneFloat::sqrt(a)) }
            }

            #[inline(always)]
            fn floor(self, a: Reg) -> Reg {
                if BEYOND_SSE2 {
                    read!($v; a => a.floor())
                } else if EXCESS_PRECISION {
                    lanewise!(Self, $t; a => LaneFloat::floor(a))
                } else {
                    let near = <Self as FloatArith<$t>>::round_even(self, a);
                    rounded::$t(a, read!($v; a, near => near - (near.simd_gt(a) & $v::splat(1.0))))
                }
            }

            #[inline(always)]
            fn ceil(self, a: Reg) -> Reg {
                if BEYOND_SSE2 {
                    read!($v; a => a.ceil())
                } else if EXCESS_PRECISION {
                    lanewise!(Self, $t; a => LaneFloat::ceil(a))
                } else {
                    let near = <Self as FloatArith<$t>>::round_even(self, a);
                    rounded::$t(a, read!($v; a, near => near + (near.simd_lt(a) & $v::splat(1.0))))
                }
            }

            #[inline(always)]
            fn trunc(self, a: Reg) -> Reg {
                if BEYOND_SSE2 {
                    read!($v; a => a.trunc())
                } else if EXCESS_PRECISION {
                    lanewise!(Self, $t; a => LaneFloat::trunc(a))
                } else {
                    rounded::$t(a, <Self as FloatArith<$t>>::floor(self, <Self as Arith<$t>>::abs(self, a)))
                }
            }

            #[inline(always)]
            fn round_even(self, a: Reg) -> Reg {
                if BEYOND_SSE2 {
                    read!($v; a => a.round_ties_even())
                } else if EXCESS_PRECISION {
                    lanewise!(Self, $t; a => LaneFloat::round_even(a))
                } else {
                    // Where the next float is one away, the sum is rounded to an integer, ties to even.
                    let magnitude = <Self as Arith<$t>>::abs(self, a);
                    let big = $v::splat($integers_from);
                    rounded::$t(a, read!($v; magnitude => (magnitude + big) - big))
                }
            }

            #[inline(always)]
            fn fma(self, a: Reg, b: Reg, c: Reg) -> Reg {
                if FUSED { read!($v; a, b, c => a.mul_add(b, c)) } else { fused::$t(a, b, c) }
            }

            #[inline(always)]
            fn mul_add_relaxed(self, a: Reg, b: Reg, c: Reg) -> Reg {
                read!($v; a, b, c => a.mul_add(b, c))
            }

            // Exact: the estimates of SSE turn subnormal operands into infinity.
            #[inline(always)]
            fn recip_relaxed(self, a: Reg) -> Reg {
                read!($v; a => $v::splat(1.0) / a)
            }

            #[inline(always)]
            fn rsqrt_relaxed(self, a: Reg) -> Reg {
                let root = <Self as FloatArith<$t>>::sqrt(self, a);
                read!($v; root => $v::splat(1.0) / root)
            }
        }
    )*};
}
floats! {
    f32 f32x4 u32x4, 8388608.0;
    f64 f64x2 u64x2, 4503599627370496.0;
}

/// `result` with the sign of `a`; where `a` is an integer by its size, or NaN, `a` itself.
mod rounded {
    use super::*;

    macro_rules! rounded {
        ($($t:ident $v:ident, $integers_from:literal;)*) => {$(
            #[inline(always)]
            pub fn $t(a: Reg, result: Reg) -> Reg {
                let sign: Reg = cast($v::splat(-0.0));
                let magnitude: $v = cast(a & !sign);
                let fractional: Reg = cast(magnitude.simd_lt($v::splat($integers_from)));
                fractional.bitselect(result | (a & sign), a)
            }
        )*};
    }
    rounded! {
        f32 f32x4, 8388608.0;
        f64 f64x2, 4503599627370496.0;
    }
}

/// `a * b + c` with one rounding, without an instruction for it.
mod fused {
    use super::*;

    #[inline(always)]
    pub fn f32(a: Reg, b: Reg, c: Reg) -> Reg {
        if EXCESS_PRECISION {
            return lanewise!(Portable, f32; a, b, c => LaneFloat::fma(a, b, c));
        }
        let (a, b, c) = (to_f64(a), to_f64(b), to_f64(c));
        to_f32([to_odd(a[0], b[0], c[0]), to_odd(a[1], b[1], c[1])])
    }

    /// `a * b + c` of floats that were f32: the product is exact, the sum is rounded to the neighbour whose last bit is
    /// odd, so that rounding once more to f32 gives what rounding once would have.
    #[inline(always)]
    fn to_odd(a: Reg, b: Reg, c: Reg) -> Reg {
        let (a, b, c): (f64x2, f64x2, f64x2) = (cast(a), cast(b), cast(c));
        let product = a * b;
        let sum = product + c;
        let of_c = sum - product;
        let error = (product - (sum - of_c)) + (c - of_c);
        let zero = f64x2::splat(0.0);
        let inexact: u64x2 = cast(error.simd_lt(zero) | error.simd_gt(zero)); // not where it is NaN
        // One step away from zero, if the error has the sign of the sum; else one back.
        let bits: u64x2 = cast(sum);
        let step = cast::<Reg, u64x2>(sign64(cast(bits ^ cast::<f64x2, u64x2>(error)))) | 1;
        let even = (bits & 1) - 1;
        cast(bits + (step & inexact & even))
    }

    /// The definition: an exact sum of f64 products has no wider float to be made in.
    #[inline(always)]
    pub fn f64(a: Reg, b: Reg, c: Reg) -> Reg {
        lanewise!(Portable, f64; a, b, c => LaneFloat::fma(a, b, c))
    }
}
