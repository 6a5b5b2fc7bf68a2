//! The types that a lane can hold, and what each kind of them can do.

use super::Simd;
use crate::isa::{self, Registers};
use bytemuck::Pod;
use core::fmt::{Debug, Display};

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A type that a lane can hold: `u8 i8 u16 i16 u32 i32 u64 i64 f32 f64`, and [`f16`](half::f16) and
/// [`bf16`](half::bf16) for load, store and conversion.
///
/// `Element` is enough to move lanes about; [`Num`], [`Int`] and [`Float`] add arithmetic. Ask for no more than a kernel
/// uses.
pub trait Element: Pod + PartialOrd + Debug + Display + Default + Send + Sync + Unpin + Sealed {
    /// The unsigned integer of the same width: lanes of equal width move alike.
    type Bits: Word;
    #[doc(hidden)]
    type Moves<S: Simd>: isa::Shape<Self> + isa::Width<Self::Bits> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn moves<S: Simd>(simd: S) -> Self::Moves<S>;
    #[doc(hidden)]
    fn to_bits(self) -> Self::Bits;
}

/// An unsigned integer as a pattern of bits: `u8 u16 u32 u64`.
pub trait Word: Int + Element<Bits = Self> + isa::LaneWord {}

/// An element with arithmetic: all but the half floats.
pub trait Num: Element + isa::LaneNum<Word = <Self as Element>::Bits> {
    #[doc(hidden)]
    type Arith<S: Simd>: isa::Arith<Self> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn arith<S: Simd>(simd: S) -> Self::Arith<S>;
}

/// A number with a sign: signed integers and floats.
pub trait Signed: Num {}

/// An integer.
pub trait Int: Num + isa::LaneInt + Eq + Ord {
    #[doc(hidden)]
    type Integer<S: Simd>: isa::Integer<Self> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn integer<S: Simd>(simd: S) -> Self::Integer<S>;
}

/// An integer of 8, 16 or 32 bits: what adds and subtracts with saturation.
pub trait Saturating: Int {
    #[doc(hidden)]
    type Saturate<S: Simd>: isa::Saturating<Self> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn saturating<S: Simd>(simd: S) -> Self::Saturate<S>;
}

/// `f32` or `f64`.
pub trait Float: Signed + isa::LaneFloat {
    #[doc(hidden)]
    type FloatArith<S: Simd>: isa::FloatArith<Self> + Registers<Reg = S::Reg, Mask = S::Mask>;
    #[doc(hidden)]
    fn float<S: Simd>(simd: S) -> Self::FloatArith<S>;
}

/// Says that the token itself is the implementation: one line of bridge per trait and element.
macro_rules! bridge {
    ($assoc:ident, $f:ident) => {
        type $assoc<S: Simd> = S;
        #[inline(always)]
        fn $f<S: Simd>(simd: S) -> S {
            simd
        }
    };
}
pub(super) use bridge;

macro_rules! elements {
    ($($t:ty, $bits:ty);*) => {$(
        impl Sealed for $t {}
        impl Element for $t {
            type Bits = $bits;
            bridge!(Moves, moves);
            #[inline(always)]
            fn to_bits(self) -> $bits { bytemuck::cast(self) }
        }
    )*};
}
elements!(u8, u8; i8, u8; u16, u16; i16, u16; u32, u32; i32, u32; u64, u64; i64, u64; f32, u32; f64, u64;
    half::f16, u16; half::bf16, u16);

macro_rules! implement {
    ($trait:ident $body:tt for $($t:ty),*) => { $(impl $trait for $t $body)* };
}
implement!(Num { bridge!(Arith, arith); } for u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);
implement!(Signed {} for i8, i16, i32, i64, f32, f64);
implement!(Int { bridge!(Integer, integer); } for u8, i8, u16, i16, u32, i32, u64, i64);
implement!(Word {} for u8, u16, u32, u64);
implement!(Saturating { bridge!(Saturate, saturating); } for u8, i8, u16, i16, u32, i32);
implement!(Float { bridge!(FloatArith, float); } for f32, f64);
