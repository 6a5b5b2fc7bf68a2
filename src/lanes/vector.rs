//! One register read as lanes of an element: making, loading, storing, arithmetic.

use super::{Element, Float, Int, Mask, Num, Saturating, Signed, Simd};
use crate::isa::{Arith, FloatArith, Integer, LaneWord, Saturating as _, Shape, Width};
use core::fmt;
use core::marker::PhantomData;

/// One register of the instruction set `S`, read as lanes of `T` in memory order.
#[must_use = "an operation gives new lanes, it changes none"]
pub struct Vector<S: Simd, T: Element> {
    pub(super) reg: S::Reg,
    pub(super) simd: S,
    element: PhantomData<T>,
}

impl<S: Simd, T: Element> Clone for Vector<S, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S: Simd, T: Element> Copy for Vector<S, T> {}

impl<S: Simd, T: Element> fmt::Debug for Vector<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", S::ISA)?;
        f.debug_list().entries(self.to_array().as_ref()).finish()
    }
}

impl<S: Simd, T: Element> Vector<S, T> {
    /// The number of lanes.
    pub const LANES: usize = <T::Moves<S> as Shape<T>>::LANES;

    #[inline(always)]
    pub(super) fn new(simd: S, reg: S::Reg) -> Self {
        Vector { reg, simd, element: PhantomData }
    }

    /// The token it was made with.
    #[inline(always)]
    pub fn simd(self) -> S {
        self.simd
    }

    /// Every lane `v`.
    #[inline(always)]
    pub fn splat(simd: S, v: T) -> Self {
        Self::new(simd, T::moves(simd).splat_bits(v.to_bits()))
    }

    /// Every lane zero.
    #[inline(always)]
    pub fn zero(simd: S) -> Self {
        Self::new(simd, simd.zero())
    }

    /// Lane `i` is `f(i)`, called in order; meant for constants.
    #[inline(always)]
    pub fn from_fn(simd: S, mut f: impl FnMut(usize) -> T) -> Self {
        let mut out: Array<S, T> = bytemuck::Zeroable::zeroed();
        for (i, lane) in out.as_mut().iter_mut().enumerate() {
            *lane = f(i);
        }
        Self::from_array(simd, out)
    }

    /// The lanes in memory order, as `[T; LANES]`.
    #[inline(always)]
    pub fn to_array(self) -> Array<S, T> {
        bytemuck::cast(self.reg)
    }

    /// The vector with these lanes.
    #[inline(always)]
    pub fn from_array(simd: S, lanes: Array<S, T>) -> Self {
        Self::new(simd, bytemuck::cast(lanes))
    }

    /// The first `LANES` elements of `src`, at any alignment.
    ///
    /// # Panics
    /// If `src` is shorter.
    #[inline(always)]
    pub fn load(simd: S, src: &[T]) -> Self {
        check_length(src.len(), Self::LANES);
        Self::new(simd, bytemuck::pod_read_unaligned(bytemuck::cast_slice(&src[..Self::LANES])))
    }

    /// The lanes to the first `LANES` elements of `dst`, at any alignment.
    ///
    /// # Panics
    /// If `dst` is shorter.
    #[inline(always)]
    pub fn store(self, dst: &mut [T]) {
        check_length(dst.len(), Self::LANES);
        bytemuck::cast_slice_mut(&mut dst[..Self::LANES]).copy_from_slice(bytemuck::bytes_of(&self.reg));
    }

    /// Like [`Vector::store`], past the caches where the destination is aligned to the register and the CPU can; call
    /// [`stream_fence`](super::stream_fence) after the last one.
    #[inline(always)]
    pub fn store_stream(self, dst: &mut [T]) {
        check_length(dst.len(), Self::LANES);
        self.simd.stream_store(self.reg, bytemuck::cast_slice_mut(&mut dst[..Self::LANES]));
    }

    /// The first `min(src.len(), LANES)` lanes from `src`, the rest zero; no byte outside is read.
    #[inline(always)]
    pub fn load_partial(simd: S, src: &[T]) -> Self {
        Self::new(simd, T::moves(simd).load_partial(bytemuck::cast_slice(src)))
    }

    /// The first `min(dst.len(), LANES)` lanes to `dst`; no byte outside is written.
    #[inline(always)]
    pub fn store_partial(self, dst: &mut [T]) {
        T::moves(self.simd).store_partial(self.reg, bytemuck::cast_slice_mut(dst));
    }

    /// The same bits as lanes of `U`, in the machine's byte order; free.
    #[inline(always)]
    pub fn bitcast<U: Element>(self) -> Vector<S, U> {
        Vector::new(self.simd, self.reg)
    }

    /// Hints that the cache line at the start of `src` will be read soon.
    #[inline(always)]
    pub fn prefetch(simd: S, src: &[T]) {
        simd.prefetch(bytemuck::cast_slice(src));
    }
}

/// `[T; LANES]` of the instruction set `S`.
pub type Array<S, T> = <<T as Element>::Moves<S> as Shape<T>>::Array;

#[inline(always)]
fn check_length(len: usize, lanes: usize) {
    if len < lanes {
        too_short(len, lanes);
    }
}

#[cold]
#[inline(never)]
fn too_short(len: usize, lanes: usize) -> ! {
    panic!("a whole vector has {lanes} lanes, the slice has {len} elements");
}

impl<S: Simd, T: Num> Vector<S, T> {
    /// Lane `i` holds `i`.
    #[inline(always)]
    pub fn iota(simd: S) -> Self {
        Self::from_fn(simd, T::from_usize)
    }

    /// The smaller of each pair of lanes; floats: `-0 < +0`, and the operand that is not NaN.
    #[inline(always)]
    pub fn min(self, b: Self) -> Self {
        Self::new(self.simd, T::arith(self.simd).min(self.reg, b.reg))
    }

    /// The larger of each pair of lanes; floats: `-0 < +0`, and the operand that is not NaN.
    #[inline(always)]
    pub fn max(self, b: Self) -> Self {
        Self::new(self.simd, T::arith(self.simd).max(self.reg, b.reg))
    }

    /// `self.max(low).min(high)`; a NaN lane becomes `low`.
    #[inline(always)]
    pub fn clamp(self, low: Self, high: Self) -> Self {
        self.max(low).min(high)
    }

    /// Lanes where `self == b`; false where one is NaN.
    #[inline(always)]
    pub fn eq(self, b: Self) -> Mask<S, T> {
        Mask::new(self.simd, T::arith(self.simd).eq(self.reg, b.reg))
    }

    /// Lanes where `self != b`; true where one is NaN.
    #[inline(always)]
    pub fn ne(self, b: Self) -> Mask<S, T> {
        !self.eq(b)
    }

    /// Lanes where `self < b`; false where one is NaN.
    #[inline(always)]
    pub fn lt(self, b: Self) -> Mask<S, T> {
        Mask::new(self.simd, T::arith(self.simd).lt(self.reg, b.reg))
    }

    /// Lanes where `self <= b`; false where one is NaN.
    #[inline(always)]
    pub fn le(self, b: Self) -> Mask<S, T> {
        Mask::new(self.simd, T::arith(self.simd).le(self.reg, b.reg))
    }

    /// Lanes where `self > b`; false where one is NaN.
    #[inline(always)]
    pub fn gt(self, b: Self) -> Mask<S, T> {
        b.lt(self)
    }

    /// Lanes where `self >= b`; false where one is NaN.
    #[inline(always)]
    pub fn ge(self, b: Self) -> Mask<S, T> {
        b.le(self)
    }

    /// The sum of the lanes by halving: lane `i` plus lane `i + n/2`, until one is left; integers wrap.
    ///
    /// The number of lanes differs between instruction sets: for the sum of a slice use [`sum`](super::sum()), which has
    /// one order everywhere.
    #[inline(always)]
    pub fn reduce_sum(self) -> T {
        T::arith(self.simd).reduce_sum(self.reg)
    }

    /// The smallest lane, as [`Vector::min`] orders them.
    #[inline(always)]
    pub fn reduce_min(self) -> T {
        T::arith(self.simd).reduce_min(self.reg)
    }

    /// The largest lane, as [`Vector::max`] orders them.
    #[inline(always)]
    pub fn reduce_max(self) -> T {
        T::arith(self.simd).reduce_max(self.reg)
    }

    /// Lane `i` is the sum of lanes `0..=i`, in doubling steps `a[i] += a[i - d]`, d = 1, 2, 4, ...
    #[inline(always)]
    pub fn prefix_sum(self) -> Self {
        Self::new(self.simd, T::arith(self.simd).prefix_sum(self.reg))
    }
}

impl<S: Simd, T: Signed> Vector<S, T> {
    /// `|a|`; the smallest integer wraps to itself.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self::new(self.simd, T::arith(self.simd).abs(self.reg))
    }
}

impl<S: Simd, T: Int> Vector<S, T> {
    /// `self & !b`
    #[inline(always)]
    pub fn and_not(self, b: Self) -> Self {
        Self::new(self.simd, self.simd.and_not(self.reg, b.reg))
    }

    /// Lane `i` shifted left by lane `i` of `count`; 0 from the width on.
    #[inline(always)]
    pub fn shl_lanes(self, count: Vector<S, T::Bits>) -> Self {
        Self::new(self.simd, T::integer(self.simd).shl_lanes(self.reg, count.reg))
    }

    /// Lane `i` shifted right by lane `i` of `count`, arithmetically if signed; 0 (or the sign) from the width on.
    #[inline(always)]
    pub fn shr_lanes(self, count: Vector<S, T::Bits>) -> Self {
        Self::new(self.simd, T::integer(self.simd).shr_lanes(self.reg, count.reg))
    }

    /// `(self + 2^(n-1)) >> n` without overflow; `n = 0` is `self`, beyond the width 0.
    #[inline(always)]
    pub fn rounding_shr(self, n: u32) -> Self {
        Self::new(self.simd, T::integer(self.simd).rounding_shr(self.reg, n))
    }

    /// `|self - b|` as the unsigned number of the same width.
    #[inline(always)]
    pub fn abs_diff(self, b: Self) -> Vector<S, T::Bits> {
        Vector::new(self.simd, T::integer(self.simd).abs_diff(self.reg, b.reg))
    }

    /// Number of ones in each lane.
    #[inline(always)]
    pub fn popcount(self) -> Self {
        Self::new(self.simd, T::moves(self.simd).popcount(self.reg))
    }

    /// Zeros above the highest one in each lane; the width for 0.
    #[inline(always)]
    pub fn leading_zeros(self) -> Self {
        Self::new(self.simd, T::moves(self.simd).leading_zeros(self.reg))
    }

    /// Zeros below the lowest one in each lane; the width for 0.
    #[inline(always)]
    pub fn trailing_zeros(self) -> Self {
        Self::new(self.simd, T::moves(self.simd).trailing_zeros(self.reg))
    }

    /// The bits of each lane in reverse order.
    #[inline(always)]
    pub fn reverse_bits(self) -> Self {
        Self::new(self.simd, T::moves(self.simd).reverse_bits(self.reg))
    }

    /// The lanes combined with `&`.
    #[inline(always)]
    pub fn reduce_and(self) -> T {
        self.fold(
            #[inline(always)]
            |a, b| a & b,
        )
    }

    /// The lanes combined with `|`.
    #[inline(always)]
    pub fn reduce_or(self) -> T {
        self.fold(
            #[inline(always)]
            |a, b| a | b,
        )
    }

    /// The lanes combined with `^`.
    #[inline(always)]
    pub fn reduce_xor(self) -> T {
        self.fold(
            #[inline(always)]
            |a, b| a ^ b,
        )
    }

    #[inline(always)]
    fn fold(self, op: impl Fn(u64, u64) -> u64) -> T {
        // 64 bits at a time, then the lanes inside one word.
        let words = self.bitcast::<u64>().to_array();
        let mut all = words.as_ref()[0];
        for w in &words.as_ref()[1..] {
            all = op(all, *w);
        }
        let mut bits = 64;
        while bits > <T::Bits as LaneWord>::BITS {
            bits /= 2;
            all = op(all, all >> bits);
        }
        bytemuck::cast(<T::Bits as LaneWord>::from_u64(all))
    }
}

impl<S: Simd, T: Saturating> Vector<S, T> {
    /// `self + b`, clamped to the type.
    #[inline(always)]
    pub fn saturating_add(self, b: Self) -> Self {
        Self::new(self.simd, T::saturating(self.simd).saturating_add(self.reg, b.reg))
    }

    /// `self - b`, clamped to the type.
    #[inline(always)]
    pub fn saturating_sub(self, b: Self) -> Self {
        Self::new(self.simd, T::saturating(self.simd).saturating_sub(self.reg, b.reg))
    }
}

/// Methods of one operand each, or two or three, that forward to the float family.
macro_rules! float_methods {
    ($($(#[$doc:meta])* $name:ident($($b:ident),*);)*) => {
        impl<S: Simd, T: Float> Vector<S, T> {$(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name(self, $($b: Self),*) -> Self {
                Self::new(self.simd, T::float(self.simd).$name(self.reg, $($b.reg),*))
            }
        )*}
    };
}
float_methods! {
    /// The square root, correctly rounded.
    sqrt();
    /// Towards negative infinity.
    floor();
    /// Towards positive infinity.
    ceil();
    /// Towards zero.
    trunc();
    /// To the nearest integer, ties to even.
    round_even();
    /// `self * b + c` with one rounding on every instruction set; emulated, so slow, where the CPU has no FMA.
    fma(b, c);
    /// `self * b + c` with one rounding or two, whichever is faster: bits differ between instruction sets.
    mul_add_relaxed(b, c);
    /// `1 / self` within a relative error of 2^-11 where operand and result are normal numbers: bits differ between instruction sets.
    recip_relaxed();
    /// `1 / sqrt(self)` within a relative error of 2^-11 where operand and result are normal numbers: bits differ between instruction sets.
    rsqrt_relaxed();
}
