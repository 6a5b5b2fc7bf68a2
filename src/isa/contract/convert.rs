//! Widening, narrowing, and conversion between integers and floats.

use crate::isa::define::{LaneFloat, LaneInt, LaneNum};
use crate::isa::shape::lanewise;
use crate::isa::{Arith, Shape};
use bytemuck::{Pod, Zeroable};

/// One lane to a lane twice as wide, and back.
pub trait LaneWiden: Pod {
    /// The element twice as wide.
    type Wide: LaneNum;
    /// The same value.
    fn widen(self) -> Self::Wide;
    /// The low bits of an integer; a float rounded half to even.
    fn narrow(v: Self::Wide) -> Self;
}

macro_rules! lane_widen_int {
    ($($n:ty => $w:ty),*) => {$(
        impl LaneWiden for $n {
            type Wide = $w;
            #[inline(always)]
            fn widen(self) -> $w { self as $w }
            #[inline(always)]
            fn narrow(v: $w) -> $n { v as $n }
        }
    )*};
}
lane_widen_int!(u8 => u16, i8 => i16, u16 => u32, i16 => i32, u32 => u64, i32 => i64, f32 => f64);

macro_rules! lane_widen_half {
    ($($n:ty),*) => {$(
        impl LaneWiden for $n {
            type Wide = f32;
            // `_const`: half's own arithmetic, which does not look for F16C at run time.
            #[inline(always)]
            fn widen(self) -> f32 { self.to_f32_const() }
            #[inline(always)]
            fn narrow(v: f32) -> $n { <$n>::from_f32_const(v) }
        }
    )*};
}
lane_widen_half!(half::f16, half::bf16);

/// Lanes of `N` to lanes twice as wide, in memory order.
pub trait Widening<N: LaneWiden>: Shape<N> + Arith<N::Wide> {
    /// The first half of the lanes, then the second.
    #[inline(always)]
    fn widen(self, a: Self::Reg) -> [Self::Reg; 2] {
        let a: <Self as Shape<N>>::Array = bytemuck::cast(a);
        let mut out = [<Self as Shape<N::Wide>>::Array::zeroed(); 2];
        let lanes: &mut [N::Wide] = bytemuck::cast_slice_mut(&mut out);
        for (wide, narrow) in lanes.iter_mut().zip(a.as_ref()) {
            *wide = narrow.widen();
        }
        out.map(bytemuck::cast)
    }

    /// The lanes of both: integers keep their low bits, floats round half to even.
    #[inline(always)]
    fn narrow(self, a: [Self::Reg; 2]) -> Self::Reg {
        let a: [<Self as Shape<N::Wide>>::Array; 2] = a.map(bytemuck::cast);
        let lanes: &[N::Wide] = bytemuck::cast_slice(&a);
        let mut out = <Self as Shape<N>>::Array::zeroed();
        for (narrow, wide) in out.as_mut().iter_mut().zip(lanes) {
            *narrow = N::narrow(*wide);
        }
        bytemuck::cast(out)
    }

    /// The whole products of integer lanes, in memory order.
    #[inline(always)]
    fn mul_wide(self, a: Self::Reg, b: Self::Reg) -> [Self::Reg; 2] {
        let (a, b) = (self.widen(a), self.widen(b));
        [self.mul(a[0], b[0]), self.mul(a[1], b[1])]
    }
}

/// Lanes of the integer `W` to the integer `N` half as wide, signed or not, clamped.
pub trait Narrowing<W: LaneInt, N: LaneInt>: Shape<W> + Shape<N> {
    /// Each lane clamped to the range of `N`, in memory order.
    #[inline(always)]
    fn narrow_saturating(self, a: [Self::Reg; 2]) -> Self::Reg {
        let a: [<Self as Shape<W>>::Array; 2] = a.map(bytemuck::cast);
        let lanes: &[W] = bytemuck::cast_slice(&a);
        let mut out = <Self as Shape<N>>::Array::zeroed();
        for (narrow, wide) in out.as_mut().iter_mut().zip(lanes) {
            *narrow = N::saturate(wide.to_i128());
        }
        bytemuck::cast(out)
    }
}

/// One float lane to and from the integer of its width.
pub trait LaneConvert<I>: LaneFloat {
    /// Rounded half to even.
    fn from_int(i: I) -> Self;
    /// Truncated, saturating, NaN to 0.
    fn to_int(self) -> I;
}

macro_rules! lane_convert {
    ($($f:ty, $i:ty);*) => {$(
        impl LaneConvert<$i> for $f {
            #[inline(always)]
            fn from_int(i: $i) -> $f { i as $f }
            #[inline(always)]
            fn to_int(self) -> $i { self as $i }
        }
    )*};
}
lane_convert!(f32, i32; f32, u32; f64, i64; f64, u64);

/// Floats `F` to and from integers `I` of the same width.
pub trait Converting<F: LaneConvert<I>, I: LaneInt>: Shape<F> + Shape<I> {
    /// To float, half to even.
    #[inline(always)]
    fn from_int(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, I, F; a => F::from_int(a))
    }

    /// To integer towards zero; saturates; NaN gives 0.
    #[inline(always)]
    fn trunc_to_int(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, F, I; a => a.to_int())
    }

    /// To integer half to even; saturates; NaN gives 0.
    #[inline(always)]
    fn round_to_int(self, a: Self::Reg) -> Self::Reg {
        lanewise!(Self, F, I; a => a.round_even().to_int())
    }
}
