//! How a register reads as an array of elements.

use super::Registers;
use bytemuck::Pod;
use core::fmt::Debug;

/// The register as an array of `T` in memory order.
pub trait Shape<T: Pod>: Registers {
    /// `[T; LANES]`.
    type Array: Pod + Debug + AsRef<[T]> + AsMut<[T]> + IntoIterator<Item = T> + Send + Sync + Unpin;
    /// Lanes in a register.
    const LANES: usize = size_of::<Self::Reg>() / size_of::<T>();

    /// The lanes in memory order.
    #[inline(always)]
    fn to_array(self, a: Self::Reg) -> Self::Array {
        bytemuck::cast(a)
    }

    /// The register with these lanes.
    #[inline(always)]
    fn from_array(self, a: Self::Array) -> Self::Reg {
        bytemuck::cast(a)
    }
}

/// Implements [`Shape`] for every element on a token whose register has `$bytes` bytes.
macro_rules! shapes {
    (@ $token:ty, $bytes:literal; $($t:ty = $size:literal),*) => {
        $(impl $crate::isa::Shape<$t> for $token { type Array = [$t; $bytes / $size]; })*
    };
    ($token:ty, $bytes:literal) => {
        $crate::isa::shape::shapes!(@ $token, $bytes; u8 = 1, i8 = 1, u16 = 2, i16 = 2, u32 = 4, i32 = 4, u64 = 8, i64 = 8,
            f32 = 4, f64 = 8, half::f16 = 2, half::bf16 = 2);
    };
}
pub(crate) use shapes;

/// A result computed lane by lane: `lanewise!(Self, T; a, b => expression of the lanes a and b)`.
///
/// The operands are registers read as `T`; `-> U` after `T` gives a result of elements `U` of the same size. A loop, not
/// a closure, so that nothing can be left out of line.
macro_rules! lanewise {
    ($s:ty, $t:ty; $($a:ident),+ => $e:expr) => {
        lanewise!($s, $t, $t; $($a),+ => $e)
    };
    ($s:ty, $t:ty, $u:ty; $($a:ident),+ => $e:expr) => {{
        $(let $a: <$s as $crate::isa::Shape<$t>>::Array = bytemuck::cast($a);)+
        let mut out: <$s as $crate::isa::Shape<$u>>::Array = bytemuck::Zeroable::zeroed();
        for i in 0..<$s as $crate::isa::Shape<$t>>::LANES {
            $(let $a = $a.as_ref()[i];)+
            out.as_mut()[i] = $e;
        }
        bytemuck::cast(out)
    }};
}
pub(crate) use lanewise;

/// A mask computed lane by lane: `lanemask!(self, T, B; a, b => boolean expression)`, `B` the word as wide as `T`.
macro_rules! lanemask {
    ($self:ident, $t:ty, $b:ty; $($a:ident),+ => $e:expr) => {{
        $(let $a: <Self as $crate::isa::Shape<$t>>::Array = bytemuck::cast($a);)+
        let mut bits = 0u64;
        for i in 0..<Self as $crate::isa::Shape<$t>>::LANES {
            $(let $a = $a.as_ref()[i];)+
            bits |= u64::from($e) << i;
        }
        <Self as $crate::isa::Width<$b>>::mask_from_bits($self, bits)
    }};
}
pub(crate) use lanemask;
