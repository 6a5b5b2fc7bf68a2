//! Wider, narrower, integer to float and back; all in memory order.

use super::element::bridge;
use super::{Element, Float, Int, Simd, Vector, bf16, f16};
use crate::isa::{self, Converting, Narrowing, Registers, Widening};

/// An element that has one twice as wide: `u8 i8 u16 i16 u32 i32 f32` (to f64) and `f16 bf16` (to f32).
pub trait Widen: Element + isa::LaneWiden {
    #[doc(hidden)]
    type Widening<S: Simd>: isa::Widening<Self> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn widening<S: Simd>(simd: S) -> Self::Widening<S>;
}
macro_rules! widen {
    ($($t:ty),*) => { $(impl Widen for $t { bridge!(Widening, widening); })* };
}
widen!(u8, i8, u16, i16, u32, i32, f32, f16, bf16);

impl<S: Simd, N: Widen> Vector<S, N>
where
    N::Wide: Element,
{
    /// The lanes twice as wide: the first half, then the second. Exact.
    #[inline(always)]
    pub fn widen(self) -> [Vector<S, N::Wide>; 2] {
        vectors(self.simd, N::widening(self.simd).widen(self.reg))
    }

    /// The lanes of both: integers keep their low bits; floats round half to even, NaN stays NaN, overflow is infinite.
    #[inline(always)]
    pub fn narrow(a: [Vector<S, N::Wide>; 2]) -> Self {
        Self::new(a[0].simd, N::widening(a[0].simd).narrow([a[0].reg, a[1].reg]))
    }
}

impl<S: Simd, N: Widen + Int> Vector<S, N>
where
    N::Wide: Int,
{
    /// The whole products: those of the first half of the lanes, then of the second.
    #[inline(always)]
    pub fn mul_wide(self, b: Self) -> [Vector<S, N::Wide>; 2] {
        vectors(self.simd, N::widening(self.simd).mul_wide(self.reg, b.reg))
    }
}

/// Four times as wide, and back.
macro_rules! widen4 {
    ($($n:ty => $m:ty => $w:ty),*) => {$(
        impl<S: Simd> Vector<S, $n> {
            /// The lanes four times as wide, in memory order.
            #[inline(always)]
            pub fn widen4(self) -> [Vector<S, $w>; 4] {
                let [a, b] = self.widen();
                let ([a, b], [c, d]) = (a.widen(), b.widen());
                [a, b, c, d]
            }
        }
    )*};
}
widen4!(u8 => u16 => u32, i8 => i16 => i32, u16 => u32 => u64, i16 => i32 => i64);

impl<S: Simd> Vector<S, u8> {
    /// The low byte of each u32 of four vectors.
    #[inline(always)]
    pub fn narrow4(a: [Vector<S, u32>; 4]) -> Self {
        Self::new(
            a[0].simd,
            a[0].simd.narrow4_u32(a.map(
                #[inline(always)]
                |v| v.reg,
            )),
        )
    }

    /// Each i32 of four vectors, clamped to 0..=255.
    #[inline(always)]
    pub fn narrow4_saturating(a: [Vector<S, i32>; 4]) -> Self {
        Self::new(
            a[0].simd,
            a[0].simd.narrow4_saturating_i32_u8(a.map(
                #[inline(always)]
                |v| v.reg,
            )),
        )
    }
}

/// An integer that narrows to `N` (half as wide, signed or not) by clamping.
pub trait Narrow<N: Int>: Int {
    #[doc(hidden)]
    type Narrowing<S: Simd>: isa::Narrowing<Self, N> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn narrowing<S: Simd>(simd: S) -> Self::Narrowing<S>;
}
macro_rules! narrow {
    ($($w:ty => $($n:ty),*);*) => { $($(impl Narrow<$n> for $w { bridge!(Narrowing, narrowing); })*)* };
}
narrow!(u16 => u8, i8; i16 => u8, i8; u32 => u16, i16; i32 => u16, i16; u64 => u32, i32; i64 => u32, i32);

impl<S: Simd, N: Int> Vector<S, N> {
    /// The lanes of both, each clamped to the range of `N`.
    #[inline(always)]
    pub fn narrow_saturating<W: Narrow<N>>(a: [Vector<S, W>; 2]) -> Self {
        Self::new(a[0].simd, W::narrowing(a[0].simd).narrow_saturating([a[0].reg, a[1].reg]))
    }
}

/// A float that converts to the integer `I` of its width.
pub trait ToInt<I: Int>: Float + isa::LaneConvert<I> {
    #[doc(hidden)]
    type Converting<S: Simd>: isa::Converting<Self, I> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn converting<S: Simd>(simd: S) -> Self::Converting<S>;
}
macro_rules! to_int {
    ($($f:ty => $($i:ty),*);*) => { $($(impl ToInt<$i> for $f { bridge!(Converting, converting); })*)* };
}
to_int!(f32 => i32, u32; f64 => i64, u64);

/// An integer of 32 or 64 bits, and the float of its width.
pub trait ToFloat: Int {
    /// f32 or f64.
    type Float: ToInt<Self>;
}
macro_rules! to_float {
    ($($i:ty => $f:ty),*) => { $(impl ToFloat for $i { type Float = $f; })* };
}
to_float!(i32 => f32, u32 => f32, i64 => f64, u64 => f64);

impl<S: Simd, F: Float> Vector<S, F> {
    /// To integer towards zero; saturates; NaN gives 0.
    #[inline(always)]
    pub fn trunc_to_int<I: Int>(self) -> Vector<S, I>
    where
        F: ToInt<I>,
    {
        Vector::new(self.simd, F::converting(self.simd).trunc_to_int(self.reg))
    }

    /// To integer half to even; saturates; NaN gives 0.
    #[inline(always)]
    pub fn round_to_int<I: Int>(self) -> Vector<S, I>
    where
        F: ToInt<I>,
    {
        Vector::new(self.simd, F::converting(self.simd).round_to_int(self.reg))
    }
}

impl<S: Simd, I: ToFloat> Vector<S, I> {
    /// To the float of the same width, half to even.
    #[inline(always)]
    pub fn to_float(self) -> Vector<S, I::Float> {
        Vector::new(self.simd, <I::Float as ToInt<I>>::converting(self.simd).from_int(self.reg))
    }
}

impl<S: Simd> Vector<S, u8> {
    /// Each byte as f32.
    #[inline(always)]
    pub fn to_f32(self) -> [Vector<S, f32>; 4] {
        let [a, b, c, d] = self.simd.u8_to_f32(self.reg);
        [a, b, c, d].map(
            #[inline(always)]
            |reg| Vector::new(self.simd, reg),
        )
    }

    /// Each f32 as a byte: half to even, saturating, NaN gives 0.
    #[inline(always)]
    pub fn from_f32(a: [Vector<S, f32>; 4]) -> Self {
        Self::new(
            a[0].simd,
            a[0].simd.f32_to_u8(a.map(
                #[inline(always)]
                |v| v.reg,
            )),
        )
    }
}

#[inline(always)]
fn vectors<S: Simd, T: Element>(simd: S, [a, b]: [S::Reg; 2]) -> [Vector<S, T>; 2] {
    [Vector::new(simd, a), Vector::new(simd, b)]
}
