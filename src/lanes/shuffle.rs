//! Moving lanes: permutations, interleaving, gather, and the operations of a few elements only.

use super::{Element, Simd, Vector, Word};
use crate::isa::Width;

impl<S: Simd, T: Element> Vector<S, T> {
    /// Lane `i` is lane `idx[i]` of `self`; an index from `LANES` on gives 0.
    #[inline(always)]
    pub fn permute(self, idx: Vector<S, T::Bits>) -> Self {
        Self::new(self.simd, T::moves(self.simd).permute(self.reg, idx.reg))
    }

    /// The lanes in reverse order.
    #[inline(always)]
    pub fn reverse(self) -> Self {
        Self::new(self.simd, T::moves(self.simd).reverse(self.reg))
    }

    /// Lane `i` is lane `(i + N) % LANES`.
    ///
    /// # Panics
    /// If `N` is above the number of lanes.
    #[inline(always)]
    pub fn rotate<const N: usize>(self) -> Self {
        self.concat_shift::<N>(self)
    }

    /// Lanes `N..N + LANES` of `self` followed by `b`.
    ///
    /// # Panics
    /// If `N` is above the number of lanes; the check vanishes when compiled.
    #[inline(always)]
    pub fn concat_shift<const N: usize>(self, b: Self) -> Self {
        assert!(N <= Self::LANES, "a shift is at most the number of lanes");
        Self::new(self.simd, T::moves(self.simd).concat_shift::<N>(self.reg, b.reg))
    }

    /// Lanes `n..n + LANES` of `self` followed by `b`: `self` moves down, the first lanes of `b` come in.
    ///
    /// # Panics
    /// If `n` is above the number of lanes.
    #[inline(always)]
    pub fn slide_down(self, b: Self, n: usize) -> Self {
        assert!(n <= Self::LANES, "a slide is at most the number of lanes");
        Self::new(self.simd, T::moves(self.simd).slide(self.reg, b.reg, n))
    }

    /// Lanes `LANES - n..2 * LANES - n` of `b` followed by `self`: `self` moves up, the last lanes of `b` come in.
    ///
    /// # Panics
    /// If `n` is above the number of lanes.
    #[inline(always)]
    pub fn slide_up(self, b: Self, n: usize) -> Self {
        assert!(n <= Self::LANES, "a slide is at most the number of lanes");
        Self::new(self.simd, T::moves(self.simd).slide(b.reg, self.reg, Self::LANES - n))
    }

    /// `self[0] b[0] self[1] b[1] ...` in memory order.
    #[inline(always)]
    pub fn interleave(self, b: Self) -> [Self; 2] {
        Self::interleave2([self, b])
    }

    /// The even lanes of `self` followed by `b`, and the odd ones.
    #[inline(always)]
    pub fn deinterleave(self, b: Self) -> [Self; 2] {
        Self::deinterleave2([self, b])
    }

    /// `src[idx[i]]`.
    ///
    /// # Panics
    /// If an index is out of range, before anything is read.
    #[inline(always)]
    pub fn gather(src: &[T], idx: Vector<S, T::Bits>) -> Self
    where
        T::Bits: Gathered,
    {
        check_indices(idx, src.len());
        // SAFETY: every index was just found to be in range.
        Self::new(idx.simd, unsafe { T::moves(idx.simd).gather(bytemuck::cast_slice(src), idx.reg) })
    }

    /// `dst[idx[i]] = self[i]`; of equal indices the highest lane is stored last.
    ///
    /// # Panics
    /// If an index is out of range, before anything is written.
    #[inline(always)]
    pub fn scatter(self, dst: &mut [T], idx: Vector<S, T::Bits>)
    where
        T::Bits: Gathered,
    {
        check_indices(idx, dst.len());
        // SAFETY: every index was just found to be in range.
        unsafe { T::moves(self.simd).scatter(self.reg, bytemuck::cast_slice_mut(dst), idx.reg) };
    }
}

/// The words that can be indices: 32 and 64 bits.
pub trait Gathered: Word {}
impl Gathered for u32 {}
impl Gathered for u64 {}

#[inline(always)]
fn check_indices<S: Simd, B: Word>(idx: Vector<S, B>, len: usize) {
    // Where every value of the index type is in range there is nothing to check.
    let Some(limit) = (len as u64).checked_sub(1) else { out_of_range(idx.reduce_max().to_u64(), len) };
    if limit < B::from_u64(u64::MAX).to_u64() && idx.gt(Vector::splat(idx.simd, B::from_u64(limit))).any() {
        out_of_range(idx.reduce_max().to_u64(), len);
    }
}

#[cold]
#[inline(never)]
fn out_of_range(index: u64, len: usize) -> ! {
    panic!("a lane's index is {index}, the slice has {len} elements");
}

macro_rules! planes {
    ($($c:literal $load:ident $store:ident $interleave:ident $deinterleave:ident),*) => {
        impl<S: Simd, T: Element> Vector<S, T> {$(
            #[doc = concat!("The planes of ", $c, " interleaved channels, from the first `", $c, " * LANES` elements.")]
            ///
            /// # Panics
            /// If `src` is shorter.
            #[inline(always)]
            pub fn $load(simd: S, src: &[T]) -> [Self; $c] {
                let src = &src[..$c * Self::LANES];
                let mut regs = [Self::zero(simd); $c];
                for (i, reg) in regs.iter_mut().enumerate() {
                    *reg = Self::load(simd, &src[i * Self::LANES..]);
                }
                Self::$deinterleave(regs)
            }

            #[doc = concat!("Interleaves ", $c, " planes into the first `", $c, " * LANES` elements of `dst`.")]
            ///
            /// # Panics
            /// If `dst` is shorter.
            #[inline(always)]
            pub fn $store(planes: [Self; $c], dst: &mut [T]) {
                let dst = &mut dst[..$c * Self::LANES];
                for (i, reg) in Self::$interleave(planes).into_iter().enumerate() {
                    reg.store(&mut dst[i * Self::LANES..]);
                }
            }

            #[doc = concat!("The lanes of ", $c, " planes in turn, in memory order.")]
            #[inline(always)]
            pub fn $interleave(planes: [Self; $c]) -> [Self; $c] {
                let simd = planes[0].simd;
                let regs = planes.map(#[inline(always)] |v| v.reg);
                T::moves(simd).$interleave(regs).map(#[inline(always)] |reg| Self::new(simd, reg))
            }

            #[doc = concat!("The ", $c, " planes of lanes that take turns, in memory order.")]
            #[inline(always)]
            pub fn $deinterleave(lanes: [Self; $c]) -> [Self; $c] {
                let simd = lanes[0].simd;
                let regs = lanes.map(#[inline(always)] |v| v.reg);
                T::moves(simd).$deinterleave(regs).map(#[inline(always)] |reg| Self::new(simd, reg))
            }
        )*}
    };
}
planes!(2 load_interleaved2 store_interleaved2 interleave2 deinterleave2,
    3 load_interleaved3 store_interleaved3 interleave3 deinterleave3,
    4 load_interleaved4 store_interleaved4 interleave4 deinterleave4);

/// `dst[x][y] = src[y][x]` for a square of `N` = 4, 8 or 16 elements of 8, 16 or 32 bits (64 work too, one by one).
///
/// Rows are `src_stride` and `dst_stride` elements apart; the last row needs only `N`.
///
/// ```
/// use omnilane::lanes::{Simd, transpose_square};
///
/// omnilane::kernel! {
///     fn transpose_4x4<S: Simd>(simd: S, src: &[u8; 16], dst: &mut [u8; 16]) {
///         transpose_square::<S, u8, 4>(simd, src, 4, dst, 4);
///     }
/// }
///
/// let src: [u8; 16] = core::array::from_fn(|i| i as u8);
/// let mut dst = [0; 16];
/// transpose_4x4(&src, &mut dst);
/// assert_eq!(dst[..4], [0, 4, 8, 12]);
/// ```
///
/// # Panics
/// If `N` is another number (when compiled), or a slice does not hold `(N - 1) * stride + N` elements.
#[inline(always)]
pub fn transpose_square<S: Simd, T: Element, const N: usize>(
    simd: S,
    src: &[T],
    src_stride: usize,
    dst: &mut [T],
    dst_stride: usize,
) {
    const { assert!(N == 4 || N == 8 || N == 16, "squares of 4, 8 or 16") };
    let needed = |stride: usize| stride.checked_mul(N - 1).and_then(|n| n.checked_add(N)).unwrap_or(usize::MAX);
    let (src, dst) = (&src[..needed(src_stride)], &mut dst[..needed(dst_stride)]);
    T::moves(simd).transpose::<N>(bytemuck::cast_slice(src), src_stride, bytemuck::cast_slice_mut(dst), dst_stride);
}

impl<S: Simd> Vector<S, i16> {
    /// The lanes `a b a b ...`: weights for [`dot_pairs`](Vector::dot_pairs).
    #[inline(always)]
    pub fn pairs(simd: S, a: i16, b: i16) -> Self {
        simd.splat(bytemuck::cast::<[i16; 2], u32>([a, b])).bitcast()
    }
}

/// Methods of one element each, forwarded to the family `Bytes`.
macro_rules! forward {
    ($($(#[$doc:meta])* $t:ty: $name:ident($($b:ident: $bt:ty),*) -> $out:ty = $raw:ident;)*) => {$(
        impl<S: Simd> Vector<S, $t> {
            $(#[$doc])*
            #[inline(always)]
            pub fn $name(self, $($b: Vector<S, $bt>),*) -> Vector<S, $out> {
                Vector::new(self.simd, self.simd.$raw(self.reg, $($b.reg),*))
            }
        }
    )*};
}
forward! {
    /// `(self + b + 1) >> 1` without overflow.
    u8: average_round(b: u8) -> u8 = average_round_u8;
    /// `(self + b + 1) >> 1` without overflow.
    u16: average_round(b: u16) -> u16 = average_round_u16;
    /// The high half of the product.
    u16: mul_high(b: u16) -> u16 = mul_high_u16;
    /// The high half of the product.
    i16: mul_high(b: i16) -> i16 = mul_high_i16;
    /// `(self * b + 2^14) >> 15`, saturating at `MIN * MIN`.
    i16: mul_round_q15(b: i16) -> i16 = mul_round_q15;
    /// Lane `i`: `self[2i] * b[2i] + self[2i+1] * b[2i+1]`, wrapping.
    i16: dot_pairs(b: i16) -> i32 = dot_pairs;
    /// `self + a.dot_pairs(b)`, wrapping. VNNI where the CPU has it.
    i32: dot_pairs_add(a: i16, b: i16) -> i32 = dot_pairs_add;
    /// Lane `i`: `self[2i] * b[2i] + self[2i+1] * b[2i+1]`, clamped to i16. One instruction on x86; where it has to be put
    /// together, as costly as [`dot_quads`](Vector::dot_quads).
    u8: dot_pairs_saturating(b: i8) -> i16 = dot_pairs_saturating;
    /// Lane `i`: `self[i] + a[4i]*b[4i] + a[4i+1]*b[4i+1] + a[4i+2]*b[4i+2] + a[4i+3]*b[4i+3]`; the products exact, the
    /// sum wraps. VNNI where the CPU has it.
    i32: dot_quads(a: u8, b: i8) -> i32 = dot_quads;
    /// Lane `i`: the sum of `|self - b|` over its eight bytes.
    u8: sum_abs_diff(b: u8) -> u64 = sum_abs_diff;
    /// Byte `i` is `self[idx[i]]` of the same block of 16 bytes; an index from 16 on gives 0.
    u8: lookup16(idx: u8) -> u8 = lookup16;
}

impl<S: Simd> Vector<S, u8> {
    /// Byte `i` is `table[self[i]]`.
    #[inline(always)]
    pub fn lookup256(self, table: &[u8; 256]) -> Self {
        Self::new(self.simd, self.simd.lookup256(table, self.reg))
    }
}

impl<S: Simd> Vector<S, u8> {
    /// Groups of three bytes to groups of four, the fourth 0, in memory order: RGB to the layout of RGBA.
    #[inline(always)]
    pub fn three_to_four(v: [Self; 3]) -> [Self; 4] {
        let simd = v[0].simd;
        let [a, b, c, d] = simd.three_to_four([v[0].reg, v[1].reg, v[2].reg]);
        [Self::new(simd, a), Self::new(simd, b), Self::new(simd, c), Self::new(simd, d)]
    }

    /// Byte `i` is `(A v[4i] + B v[4i+1] + C v[4i+2] + D v[4i+3] + 2^14) >> 15` of the bytes of four vectors: the rounded
    /// mean of each four bytes, with the weights `A / 2^15` to `D / 2^15`.
    ///
    /// The weights are not negative, none is above 32 639 (what two signed bytes hold), and they add up to 2^15 at most,
    /// so that a mean is a byte; others do not compile.
    ///
    /// ```
    /// use omnilane::kernel;
    /// use omnilane::lanes::{LengthError, Simd, Vector, map_blocks};
    ///
    /// kernel! {
    ///     /// Two thirds of the third byte of each four, and a third of the fourth.
    ///     fn mix<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
    ///         map_blocks(simd, src, dst, |v: [Vector<S, u8>; 4]| [Vector::weighted_mean4::<0, 0, 21845, 10923>(v)])
    ///     }
    /// }
    /// let mut mixed = [0; 2];
    /// mix(&[1, 2, 30, 60, 1, 2, 0, 255], &mut mixed)?;
    /// assert_eq!(mixed, [40, 85]);
    /// # Ok::<(), LengthError>(())
    /// ```
    ///
    /// ```compile_fail
    /// # use omnilane::{kernel, lanes::{LengthError, Simd, Vector, map_blocks}};
    /// kernel! {
    ///     fn too_bright<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
    ///         map_blocks(simd, src, dst, |v: [Vector<S, u8>; 4]| [Vector::weighted_mean4::<0, 0, 21846, 10923>(v)])
    ///     }
    /// }
    /// # too_bright(&[], &mut [])?;
    /// # Ok::<(), LengthError>(())
    /// ```
    #[inline(always)]
    pub fn weighted_mean4<const A: i16, const B: i16, const C: i16, const D: i16>(v: [Self; 4]) -> Self {
        const { check_weights(&[A, B, C, D]) };
        let simd = v[0].simd;
        Self::new(simd, simd.weighted_mean4::<A, B, C, D>([v[0].reg, v[1].reg, v[2].reg, v[3].reg]))
    }

    /// Byte `i` is `(A v[3i] + B v[3i+1] + C v[3i+2] + 2^14) >> 15` of the bytes of three vectors: as
    /// [`weighted_mean4`](Vector::weighted_mean4), of each three bytes.
    #[inline(always)]
    pub fn weighted_mean3<const A: i16, const B: i16, const C: i16>(v: [Self; 3]) -> Self {
        const { check_weights(&[A, B, C]) };
        let simd = v[0].simd;
        Self::new(simd, simd.weighted_mean3::<A, B, C>([v[0].reg, v[1].reg, v[2].reg]))
    }
}

/// The weights of a mean of bytes, in 2^15ths: what `weighted_mean3` and `weighted_mean4` take.
///
/// The largest that two signed bytes hold, and none below 0:
/// ```
/// # use omnilane::{kernel, lanes::{LengthError, Simd, Vector, map_blocks}};
/// kernel! {
///     fn largest<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         map_blocks(simd, src, dst, |v: [Vector<S, u8>; 3]| [Vector::weighted_mean3::<0, 32639, 129>(v)])
///     }
/// }
/// # largest(&[], &mut [])?;
/// # Ok::<(), LengthError>(())
/// ```
/// One more, and one below:
/// ```compile_fail
/// # use omnilane::{kernel, lanes::{LengthError, Simd, Vector, map_blocks}};
/// kernel! {
///     fn too_large<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         map_blocks(simd, src, dst, |v: [Vector<S, u8>; 3]| [Vector::weighted_mean3::<0, 32640, 0>(v)])
///     }
/// }
/// # too_large(&[], &mut [])?;
/// # Ok::<(), LengthError>(())
/// ```
///
/// ```compile_fail
/// # use omnilane::{kernel, lanes::{LengthError, Simd, Vector, map_blocks}};
/// kernel! {
///     fn negative<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         map_blocks(simd, src, dst, |v: [Vector<S, u8>; 3]| [Vector::weighted_mean3::<-1, 2, 0>(v)])
///     }
/// }
/// # negative(&[], &mut [])?;
/// # Ok::<(), LengthError>(())
/// ```
const fn check_weights(weights: &[i16]) {
    let (mut i, mut sum) = (0, 0);
    while i < weights.len() {
        assert!(weights[i] >= 0, "no weight is negative");
        assert!(weights[i] <= 32_639, "no weight is above 32639");
        sum += weights[i] as i32;
        i += 1;
    }
    assert!(sum <= 1 << 15, "the weights add up to 2^15 at most");
}

/// Waits until the stores of [`Vector::store_stream`] are ordered before those that follow.
#[inline(always)]
pub fn stream_fence<S: Simd>(simd: S) {
    simd.fence();
}
