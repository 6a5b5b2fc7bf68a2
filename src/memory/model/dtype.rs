//! The elements of a tensor.

use crate::lanes::{Element, bf16, f16};
use std::fmt;

macro_rules! dtypes {
    ($($name:ident $text:literal $bits:literal $doc:literal;)*) => {
        /// The element of a tensor, by the format's name for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Dtype {
            $(#[doc = $doc] $name,)*
        }

        impl Dtype {
            /// Bits of one element.
            #[must_use]
            pub fn bits(self) -> u32 {
                match self { $(Dtype::$name => $bits,)* }
            }

            /// The format's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Dtype::$name => $text,)* }
            }

            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Dtype::$name),)* _ => None }
            }
        }
    };
}
dtypes! {
    Bool "BOOL" 8 "A byte, 0 or 1.";
    F4 "F4" 4 "MXFP4.";
    F6E2M3 "F6_E2M3" 6 "MXFP6 with 2 bits of exponent.";
    F6E3M2 "F6_E3M2" 6 "MXFP6 with 3 bits of exponent.";
    U8 "U8" 8 "u8.";
    I8 "I8" 8 "i8.";
    F8E5M2 "F8_E5M2" 8 "FP8 with 5 bits of exponent.";
    F8E4M3 "F8_E4M3" 8 "FP8 with 4 bits of exponent.";
    F8E8M0 "F8_E8M0" 8 "A power of two, the scale of MX formats.";
    F8E4M3Fnuz "F8_E4M3FNUZ" 8 "FP8 with 4 bits of exponent, without infinity and negative zero.";
    F8E5M2Fnuz "F8_E5M2FNUZ" 8 "FP8 with 5 bits of exponent, without infinity and negative zero.";
    I16 "I16" 16 "i16.";
    U16 "U16" 16 "u16.";
    F16 "F16" 16 "f16.";
    Bf16 "BF16" 16 "bf16.";
    I32 "I32" 32 "i32.";
    U32 "U32" 32 "u32.";
    F32 "F32" 32 "f32.";
    C64 "C64" 64 "Two f32, the real part first.";
    F64 "F64" 64 "f64.";
    I64 "I64" 64 "i64.";
    U64 "U64" 64 "u64.";
}

impl Dtype {
    /// Bytes of what must lie on a multiple of itself: the element, or its parts.
    pub(crate) fn align(self) -> usize {
        match self {
            Dtype::C64 => 4,
            _ => (self.bits() / 8).max(1) as usize,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An element that a tensor's data is a slice of: `u8 i8 u16 i16 u32 i32 u64 i64 f16 bf16 f32 f64`.
pub trait TensorElement: Element {
    /// The format's name for it.
    const DTYPE: Dtype;
}

macro_rules! elements {
    ($($t:ty => $dtype:ident),*) => { $(impl TensorElement for $t { const DTYPE: Dtype = Dtype::$dtype; })* };
}
elements! {
    u8 => U8, i8 => I8, u16 => U16, i16 => I16, u32 => U32, i32 => I32, u64 => U64, i64 => I64,
    f16 => F16, bf16 => Bf16, f32 => F32, f64 => F64
}
