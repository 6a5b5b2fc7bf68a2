//! What a real number is quantized to.

use super::block::ElementCode;
use bytemuck::Pod;
use core::fmt;

mod sealed {
    pub trait Sealed {}
}
pub(super) use sealed::Sealed;

/// A small integer that stands for a real number: `i8 u8 i16 u16`, and [`I4`] and [`U4`].
///
/// Codes in memory are a slice of [`Storage`](Code::Storage): the codes themselves, or bytes of two nibbles each.
///
/// **Nibbles.** Code `2j` is the low nibble of byte `j`, code `2j + 1` the high one (ONNX's order); [`I4`] in two's
/// complement. An odd number of codes leaves the high nibble of the last byte zero.
pub trait Code: Copy + Eq + Ord + Default + fmt::Debug + fmt::Display + Send + Sync + Sealed + 'static {
    /// An element of a slice that holds codes: `Self`, or `u8` for two nibbles.
    type Storage: Pod + Default + Eq + fmt::Debug + Send + Sync;
    /// The code as a whole element: `Self`, or eight bits for four.
    #[doc(hidden)]
    type Element: ElementCode;
    /// The type's name.
    const NAME: &'static str;
    /// Bits in memory.
    const BITS: u32;
    /// The smallest code.
    const MIN: i32;
    /// The largest code.
    const MAX: i32;
    /// Codes in an element of the storage: 1, or 2 for nibbles.
    const PER_ELEMENT: usize = 8 * size_of::<Self::Storage>() / Self::BITS as usize;

    /// The code as an integer.
    fn to_i32(self) -> i32;

    /// The code nearest to `v`.
    fn saturate(v: i32) -> Self;

    /// Elements of storage that `n` codes take.
    #[must_use]
    fn storage_len(n: usize) -> usize {
        n.div_ceil(Self::PER_ELEMENT)
    }

    /// Code `i` of a slice.
    ///
    /// # Panics
    /// If the slice does not reach so far.
    fn get(codes: &[Self::Storage], i: usize) -> Self;

    /// Writes code `i` of a slice, and no other.
    ///
    /// # Panics
    /// If the slice does not reach so far.
    fn set(self, codes: &mut [Self::Storage], i: usize);
}

macro_rules! elements {
    ($($t:ident),*) => {$(
        impl Sealed for $t {}
        impl Code for $t {
            type Storage = $t;
            type Element = $t;
            const NAME: &'static str = stringify!($t);
            const BITS: u32 = $t::BITS;
            const MIN: i32 = $t::MIN as i32;
            const MAX: i32 = $t::MAX as i32;
            #[inline(always)]
            fn to_i32(self) -> i32 { self.into() }
            #[inline(always)]
            fn saturate(v: i32) -> $t { v.clamp(<$t as Code>::MIN, <$t as Code>::MAX) as $t }
            #[inline(always)]
            fn get(codes: &[$t], i: usize) -> $t { codes[i] }
            #[inline(always)]
            fn set(self, codes: &mut [$t], i: usize) { codes[i] = self; }
        }
    )*};
}
elements!(i8, u8, i16, u16);

macro_rules! nibbles {
    ($($(#[$doc:meta])* $t:ident($int:ident) $min:literal $max:literal $name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $t($int);

        impl $t {
            /// The number, if it has four bits.
            #[must_use]
            pub const fn new(v: $int) -> Option<$t> {
                let wide = v as i32;
                if wide >= $min && wide <= $max { Some($t(v)) } else { None }
            }

            /// The number.
            #[must_use]
            pub const fn value(self) -> $int {
                self.0
            }

            /// From the low nibble of a byte.
            #[inline(always)]
            const fn from_nibble(byte: u8) -> $t {
                $t((byte << 4) as $int >> 4)
            }
        }

        impl fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Sealed for $t {}
        impl Code for $t {
            type Storage = u8;
            type Element = $int;
            const NAME: &'static str = $name;
            const BITS: u32 = 4;
            const MIN: i32 = $min;
            const MAX: i32 = $max;
            #[inline(always)]
            fn to_i32(self) -> i32 { self.0.into() }
            #[inline(always)]
            fn saturate(v: i32) -> $t { $t(v.clamp($min, $max) as $int) }
            #[inline(always)]
            fn get(codes: &[u8], i: usize) -> $t { $t::from_nibble(codes[i / 2] >> (i % 2 * 4)) }
            #[inline(always)]
            fn set(self, codes: &mut [u8], i: usize) {
                let shift = i % 2 * 4;
                codes[i / 2] = codes[i / 2] & !(0xf << shift) | (self.0 as u8 & 0xf) << shift;
            }
        }
    )*};
}
nibbles! {
    /// A signed code of four bits, -8..=7; two to a byte in memory.
    ///
    /// ```
    /// use omnilane::quantize::{Code, I4};
    ///
    /// let mut codes = [0; 2];
    /// for (i, v) in [-8, 7, -1].into_iter().enumerate() {
    ///     I4::saturate(v).set(&mut codes, i);
    /// }
    /// assert_eq!(codes, [0x78, 0x0f]);
    /// assert_eq!(I4::get(&codes, 2).value(), -1);
    /// ```
    I4(i8) -8 7 "i4";
    /// An unsigned code of four bits, 0..=15; two to a byte in memory.
    U4(u8) 0 15 "u4";
}
