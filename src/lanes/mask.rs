//! The answer of a comparison: one bit per lane.

use super::{Element, Simd, Vector};
use crate::isa::Width;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{BitAnd, BitOr, BitXor, Not};

/// One truth per lane of a [`Vector<S, T>`], in whatever form the instruction set keeps it.
///
/// ```
/// use omnilane::lanes::{LengthError, Simd, map};
///
/// omnilane::kernel! {
///     /// Halves what is above 100.
///     fn soften<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         let level = simd.splat(100);
///         map(simd, src, dst, #[inline(always)] |v| v.gt(level).select(v >> 1, v))
///     }
/// }
///
/// let mut dst = [0; 3];
/// soften(&[100, 101, 200], &mut dst)?;
/// assert_eq!(dst, [100, 50, 100]);
/// # Ok::<(), LengthError>(())
/// ```
#[must_use = "an operation gives new lanes, it changes none"]
pub struct Mask<S: Simd, T: Element> {
    pub(super) mask: S::Mask,
    simd: S,
    element: PhantomData<T>,
}

impl<S: Simd, T: Element> Clone for Mask<S, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S: Simd, T: Element> Copy for Mask<S, T> {}

impl<S: Simd, T: Element> fmt::Debug for Mask<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.to_bits();
        write!(f, "{:?}", S::ISA)?;
        f.debug_list().entries((0..Vector::<S, T>::LANES).map(|i| bits >> i & 1 != 0)).finish()
    }
}

impl<S: Simd, T: Element> Mask<S, T> {
    #[inline(always)]
    pub(super) fn new(simd: S, mask: S::Mask) -> Self {
        Mask { mask, simd, element: PhantomData }
    }

    /// Lane `i` is bit `i`; bits from the number of lanes on are ignored.
    #[inline(always)]
    pub fn from_bits(simd: S, bits: u64) -> Self {
        Self::new(simd, T::moves(simd).mask_from_bits(bits))
    }

    /// Bit `i` is lane `i`; bits from the number of lanes on are 0.
    #[inline(always)]
    pub fn to_bits(self) -> u64 {
        T::moves(self.simd).mask_to_bits(self.mask)
    }

    /// The first `n` lanes set; all of them from the number of lanes on.
    #[inline(always)]
    pub fn first_n(simd: S, n: usize) -> Self {
        Self::new(simd, T::moves(simd).mask_first_n(n))
    }

    /// Every lane `b`.
    #[inline(always)]
    pub fn splat(simd: S, b: bool) -> Self {
        Self::from_bits(simd, if b { u64::MAX } else { 0 })
    }

    /// Whether a lane is set.
    #[inline(always)]
    pub fn any(self) -> bool {
        T::moves(self.simd).mask_any(self.mask)
    }

    /// Whether every lane is set.
    #[inline(always)]
    pub fn all(self) -> bool {
        T::moves(self.simd).mask_all(self.mask)
    }

    /// Whether no lane is set.
    #[inline(always)]
    pub fn none(self) -> bool {
        !self.any()
    }

    /// The number of lanes set.
    #[inline(always)]
    pub fn count(self) -> usize {
        T::moves(self.simd).mask_count(self.mask)
    }

    /// The first lane that is set.
    #[inline(always)]
    pub fn first(self) -> Option<usize> {
        let bits = self.to_bits();
        (bits != 0).then(|| bits.trailing_zeros() as usize)
    }

    /// The last lane that is set.
    #[inline(always)]
    pub fn last(self) -> Option<usize> {
        let bits = self.to_bits();
        (bits != 0).then(|| 63 - bits.leading_zeros() as usize)
    }

    /// Lane by lane `self ? a : b`.
    #[inline(always)]
    pub fn select(self, a: Vector<S, T>, b: Vector<S, T>) -> Vector<S, T> {
        Vector::new(self.simd, T::moves(self.simd).select(self.mask, a.reg, b.reg))
    }

    /// The mask of the same lanes of another element of the same width; free.
    #[inline(always)]
    pub fn cast<U: Element<Bits = T::Bits>>(self) -> Mask<S, U> {
        Mask::new(self.simd, self.mask)
    }

    /// All ones where the lane is set, else zero.
    #[inline(always)]
    pub fn to_vector(self) -> Vector<S, T::Bits> {
        let ones = !Vector::<S, T::Bits>::zero(self.simd);
        let mask = Mask::<S, T::Bits>::new(self.simd, self.mask);
        mask.select(ones, Vector::zero(self.simd))
    }

    /// `self & !b`
    #[inline(always)]
    pub fn and_not(self, b: Self) -> Self {
        self & !b
    }
}

macro_rules! mask_operators {
    ($($trait:ident $f:ident $op:ident),*) => {$(
        impl<S: Simd, T: Element> $trait for Mask<S, T> {
            type Output = Self;
            #[inline(always)]
            fn $f(self, rhs: Self) -> Self {
                Self::new(self.simd, T::moves(self.simd).$op(self.mask, rhs.mask))
            }
        }
    )*};
}
mask_operators!(BitAnd bitand mask_and, BitOr bitor mask_or, BitXor bitxor mask_xor);

impl<S: Simd, T: Element> Not for Mask<S, T> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self::new(self.simd, T::moves(self.simd).mask_not(self.mask))
    }
}

impl<S: Simd, T: Element> Vector<S, T> {
    /// The lanes that `mask` sets, each to its place in `dst`; no other byte is written.
    ///
    /// A set lane past the end of `dst` is dropped.
    #[inline(always)]
    pub fn store_masked(self, mask: Mask<S, T>, dst: &mut [T]) {
        T::moves(self.simd).masked_store(mask.mask, self.reg, bytemuck::cast_slice_mut(dst));
    }

    /// The lanes that `mask` sets, moved to the front in order; the rest zero.
    #[inline(always)]
    pub fn compress(self, mask: Mask<S, T>) -> Self {
        Self::new(self.simd, T::moves(self.simd).compress(mask.mask, self.reg))
    }

    /// The first lanes, moved in order to the lanes that `mask` sets; the rest zero.
    #[inline(always)]
    pub fn expand(self, mask: Mask<S, T>) -> Self {
        Self::new(self.simd, T::moves(self.simd).expand(mask.mask, self.reg))
    }

    /// The lanes that `mask` sets, in order, to the front of `dst`; how many they are. No other byte is written.
    ///
    /// # Panics
    /// If `dst` has fewer elements than lanes are set.
    #[inline(always)]
    pub fn compress_store(self, mask: Mask<S, T>, dst: &mut [T]) -> usize {
        let n = mask.count();
        self.compress(mask).store_partial(&mut dst[..n]);
        n
    }

    /// Whether the lanes of two vectors have the same bits: unlike [`Vector::eq`], NaN equals itself and `-0` differs
    /// from `+0`.
    #[inline(always)]
    pub fn eq_bits(self, b: Self) -> Mask<S, T> {
        Mask::new(self.simd, T::moves(self.simd).eq_bits(self.reg, b.reg))
    }
}
