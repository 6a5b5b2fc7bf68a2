//! What is quantized.

use super::block::BlockReal;
use super::code::Sealed;
use crate::lanes::{bf16, f16};

/// A real number that can be quantized: `f32`, `f16`, `bf16`. Arithmetic is that of `f32`.
pub trait Real: BlockReal + Sealed {
    /// The type's name.
    const NAME: &'static str;

    /// The same value.
    fn to_f32(self) -> f32;

    /// The nearest value, half to even; too large is infinite.
    fn from_f32(v: f32) -> Self;
}

macro_rules! reals {
    ($($t:ident: $to:expr, $from:expr;)*) => {$(
        impl Sealed for $t {}
        impl Real for $t {
            const NAME: &'static str = stringify!($t);
            #[inline(always)]
            fn to_f32(self) -> f32 { $to(self) }
            #[inline(always)]
            fn from_f32(v: f32) -> $t { $from(v) }
        }
    )*};
}
reals! {
    f32: core::convert::identity, core::convert::identity;
    f16: f16::to_f32_const, f16::from_f32_const;
    bf16: bf16::to_f32_const, bf16::from_f32_const;
}
