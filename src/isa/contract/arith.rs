//! Arithmetic, comparison and reduction.

use crate::isa::define::{LaneFloat, LaneInt, LaneNum};
use crate::isa::shape::{lanemask, lanewise};
use crate::isa::{Shape, Width};

/// Arithmetic on every element.
pub trait Arith<T: LaneNum>: Shape<T> + Width<T::Word> {
    /// `a + b`; integers wrap.
    #[inline(always)]
    fn add(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.add(b))
    }

    /// `a - b`; integers wrap.
    #[inline(always)]
    fn sub(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.sub(b))
    }

    /// `a * b`; integers wrap.
    #[inline(always)]
    fn mul(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.mul(b))
    }

    /// `-a`; integers wrap, floats flip the sign.
    #[inline(always)]
    fn neg(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.neg())
    }

    /// The smaller; floats: `-0 < +0`, and the operand that is not NaN.
    #[inline(always)]
    fn min(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.min(b))
    }

    /// The larger; floats: `-0 < +0`, and the operand that is not NaN.
    #[inline(always)]
    fn max(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.max(b))
    }

    /// `|a|`; `MIN` wraps; unsigned lanes as they are.
    #[inline(always)]
    fn abs(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.abs())
    }

    /// `a == b`; false where one is NaN.
    #[inline(always)]
    fn eq(self, a: Self::Reg, b: Self::Reg) -> Self::Mask {
        lanemask!(self, T, T::Word; a, b => a == b)
    }

    /// `a < b`; false where one is NaN.
    #[inline(always)]
    fn lt(self, a: Self::Reg, b: Self::Reg) -> Self::Mask {
        lanemask!(self, T, T::Word; a, b => a < b)
    }

    /// `a <= b`; false where one is NaN.
    #[inline(always)]
    fn le(self, a: Self::Reg, b: Self::Reg) -> Self::Mask {
        lanemask!(self, T, T::Word; a, b => a <= b)
    }

    /// The sum by halving: lane `i` plus lane `i + n/2`, until one is left; integers wrap.
    #[inline(always)]
    fn reduce_sum(self, a: Self::Reg) -> T {
        fold::<Self, T>(a, T::add)
    }

    /// The smallest lane, as [`Arith::min`] orders them.
    #[inline(always)]
    fn reduce_min(self, a: Self::Reg) -> T {
        fold::<Self, T>(a, T::min)
    }

    /// The largest lane, as [`Arith::max`] orders them.
    #[inline(always)]
    fn reduce_max(self, a: Self::Reg) -> T {
        fold::<Self, T>(a, T::max)
    }

    /// Lane `i` is the sum of lanes `0..=i`, in doubling steps: `a[i] += a[i - d]` for d = 1, 2, 4, ...
    #[inline(always)]
    fn prefix_sum(self, a: Self::Reg) -> Self::Reg {
        let mut a: <Self as Shape<T>>::Array = bytemuck::cast(a);
        let mut d = 1;
        while d < <Self as Shape<T>>::LANES {
            for i in (d..<Self as Shape<T>>::LANES).rev() {
                a.as_mut()[i] = a.as_ref()[i].add(a.as_ref()[i - d]);
            }
            d *= 2;
        }
        bytemuck::cast(a)
    }
}

#[inline(always)]
fn fold<S: Shape<T>, T: LaneNum>(a: S::Reg, op: impl Fn(T, T) -> T) -> T {
    let mut a: S::Array = bytemuck::cast(a);
    let mut n = S::LANES;
    while n > 1 {
        n /= 2;
        for i in 0..n {
            a.as_mut()[i] = op(a.as_ref()[i], a.as_ref()[i + n]);
        }
    }
    a.as_ref()[0]
}

/// Operations of integers.
pub trait Integer<T: LaneInt>: Arith<T> {
    /// `a << n`; 0 from the width on.
    #[inline(always)]
    fn shl(self, a: Self::Reg, n: u32) -> Self::Reg {
        lanewise!(Self, T; a => a.shl(u64::from(n)))
    }

    /// `a >> n`, arithmetic if signed; 0 (or the sign) from the width on.
    #[inline(always)]
    fn shr(self, a: Self::Reg, n: u32) -> Self::Reg {
        lanewise!(Self, T; a => a.shr(u64::from(n)))
    }

    /// `a << n[i]`, the counts unsigned words.
    #[inline(always)]
    fn shl_lanes(self, a: Self::Reg, n: Self::Reg) -> Self::Reg {
        let n: <Self as Shape<T::Word>>::Array = bytemuck::cast(n);
        let mut out: <Self as Shape<T>>::Array = bytemuck::cast(a);
        for (lane, n) in out.as_mut().iter_mut().zip(n.as_ref()) {
            *lane = lane.shl(crate::isa::LaneWord::to_u64(*n));
        }
        bytemuck::cast(out)
    }

    /// `a >> n[i]`, the counts unsigned words.
    #[inline(always)]
    fn shr_lanes(self, a: Self::Reg, n: Self::Reg) -> Self::Reg {
        let n: <Self as Shape<T::Word>>::Array = bytemuck::cast(n);
        let mut out: <Self as Shape<T>>::Array = bytemuck::cast(a);
        for (lane, n) in out.as_mut().iter_mut().zip(n.as_ref()) {
            *lane = lane.shr(crate::isa::LaneWord::to_u64(*n));
        }
        bytemuck::cast(out)
    }

    /// `(a + 2^(n-1)) >> n` without overflow; `n = 0` is `a`, beyond the width 0.
    #[inline(always)]
    fn rounding_shr(self, a: Self::Reg, n: u32) -> Self::Reg {
        if n == 0 {
            return a;
        }
        let one = self.splat_bits(<T::Word as crate::isa::LaneWord>::from_u64(1));
        self.add(self.shr(a, n), self.and(self.shr(a, n - 1), one))
    }

    /// `|a - b|`, the bits of the unsigned distance.
    #[inline(always)]
    fn abs_diff(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.abs_diff(b))
    }
}

/// Saturating arithmetic of 8, 16 and 32 bits.
pub trait Saturating<T: LaneInt>: Integer<T> {
    /// `a + b`, clamped to the type.
    #[inline(always)]
    fn saturating_add(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.saturating_add(b))
    }

    /// `a - b`, clamped to the type.
    #[inline(always)]
    fn saturating_sub(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.saturating_sub(b))
    }
}

/// Operations of floats.
pub trait FloatArith<T: LaneFloat>: Arith<T> {
    /// `a / b`
    #[inline(always)]
    fn div(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b => a.div(b))
    }

    /// The square root, correctly rounded.
    #[inline(always)]
    fn sqrt(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.sqrt())
    }

    /// Towards negative infinity.
    #[inline(always)]
    fn floor(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.floor())
    }

    /// Towards positive infinity.
    #[inline(always)]
    fn ceil(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.ceil())
    }

    /// Towards zero.
    #[inline(always)]
    fn trunc(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.trunc())
    }

    /// To the nearest integer, ties to even.
    #[inline(always)]
    fn round_even(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => a.round_even())
    }

    /// `a * b + c` with one rounding.
    #[inline(always)]
    fn fma(self, a: Self::Reg, b: Self::Reg, c: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a, b, c => a.fma(b, c))
    }

    /// `a * b + c` with one rounding or two, whichever is faster.
    #[inline(always)]
    fn mul_add_relaxed(self, a: Self::Reg, b: Self::Reg, c: Self::Reg) -> Self::Reg {
        self.add(self.mul(a, b), c)
    }

    /// `1 / a` within a relative error of 2^-11 where operand and result are normal numbers.
    #[inline(always)]
    fn recip_relaxed(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => T::ONE.div(a))
    }

    /// `1 / sqrt(a)` within a relative error of 2^-11 where operand and result are normal numbers.
    #[inline(always)]
    fn rsqrt_relaxed(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, T; a => T::ONE.div(a.sqrt()))
    }
}
