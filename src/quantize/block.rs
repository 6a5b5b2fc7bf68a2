//! Blocks of elements as four vectors of 32-bit lanes: one register's worth of bytes, in memory order.

use crate::lanes::{Element, Int, Simd, Vector, bf16, f16};

/// Four vectors: `S::BYTES` elements.
pub type Four<S, T> = [Vector<S, T>; 4];

/// A real number as lanes of f32.
pub trait BlockReal: Element {
    /// A block; if not `WHOLE`, as much of it as there is, then zeros.
    #[doc(hidden)]
    fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[Self]) -> Four<S, f32>;
    /// A block; if not `WHOLE`, as much of it as there is room for.
    #[doc(hidden)]
    fn put<S: Simd, const WHOLE: bool>(block: Four<S, f32>, dst: &mut [Self]);
    /// A whole block, past the caches where `dst` is aligned; a fence must follow.
    #[doc(hidden)]
    fn put_past<S: Simd>(block: Four<S, f32>, dst: &mut [Self]);
}

/// A code that is a whole element, as lanes of i32.
pub trait ElementCode: Int {
    /// What [`put`](ElementCode::put) wants added to each lane.
    #[doc(hidden)]
    const BIAS: i32;
    /// An i32, clamped.
    #[doc(hidden)]
    fn from_i32(v: i32) -> Self;
    /// What [`take`](ElementCode::take) has added to each code.
    #[doc(hidden)]
    const TAKEN: i32;
    /// A block as numbers; if not `WHOLE`, as much of it as there is, then some number.
    #[doc(hidden)]
    fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[Self]) -> Four<S, f32>;
    /// A block of codes plus the bias, clamped to the `limits` or else the type; if not `WHOLE`, as much of it as there is
    /// room for.
    #[doc(hidden)]
    fn put<S: Simd, const WHOLE: bool>(block: Four<S, i32>, limits: Option<[Self; 2]>, dst: &mut [Self]);
}

#[inline(always)]
fn load<S: Simd, T: Element, const WHOLE: bool>(simd: S, src: &[T], k: usize) -> Vector<S, T> {
    let start = k * Vector::<S, T>::LANES;
    if WHOLE { Vector::load(simd, &src[start..]) } else { Vector::load_partial(simd, &src[start.min(src.len())..]) }
}

#[inline(always)]
fn store<S: Simd, T: Element, const WHOLE: bool>(v: Vector<S, T>, dst: &mut [T], k: usize) {
    let start = k * Vector::<S, T>::LANES;
    if WHOLE {
        v.store(&mut dst[start..]);
    } else {
        let start = start.min(dst.len());
        v.store_partial(&mut dst[start..]);
    }
}

/// To the limits, where they are not those of the type.
#[inline(always)]
fn clamp<S: Simd, T: Int>(v: Vector<S, T>, limits: Option<[T; 2]>) -> Vector<S, T> {
    match limits {
        Some([low, high]) => v.max(v.simd().splat(low)).min(v.simd().splat(high)),
        None => v,
    }
}

/// A block of 32-bit elements.
#[inline(always)]
pub(super) fn take_words<S: Simd, T: Element, const WHOLE: bool>(simd: S, src: &[T]) -> Four<S, T> {
    [
        load::<S, T, WHOLE>(simd, src, 0),
        load::<S, T, WHOLE>(simd, src, 1),
        load::<S, T, WHOLE>(simd, src, 2),
        load::<S, T, WHOLE>(simd, src, 3),
    ]
}

impl BlockReal for f32 {
    #[inline(always)]
    fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[f32]) -> Four<S, f32> {
        take_words::<S, f32, WHOLE>(simd, src)
    }

    #[inline(always)]
    fn put<S: Simd, const WHOLE: bool>([a, b, c, d]: Four<S, f32>, dst: &mut [f32]) {
        store::<S, f32, WHOLE>(a, dst, 0);
        store::<S, f32, WHOLE>(b, dst, 1);
        store::<S, f32, WHOLE>(c, dst, 2);
        store::<S, f32, WHOLE>(d, dst, 3);
    }

    #[inline(always)]
    fn put_past<S: Simd>(block: Four<S, f32>, dst: &mut [f32]) {
        for (v, dst) in block.into_iter().zip(dst.chunks_exact_mut(Vector::<S, f32>::LANES)) {
            v.store_stream(dst);
        }
    }
}

macro_rules! halves {
    ($($t:ident),*) => {$(
        impl BlockReal for $t {
            #[inline(always)]
            fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[$t]) -> Four<S, f32> {
                let [a, b] = load::<S, $t, WHOLE>(simd, src, 0).widen();
                let [c, d] = load::<S, $t, WHOLE>(simd, src, 1).widen();
                [a, b, c, d]
            }

            #[inline(always)]
            fn put<S: Simd, const WHOLE: bool>([a, b, c, d]: Four<S, f32>, dst: &mut [$t]) {
                store::<S, $t, WHOLE>(Vector::narrow([a, b]), dst, 0);
                store::<S, $t, WHOLE>(Vector::narrow([c, d]), dst, 1);
            }

            #[inline(always)]
            fn put_past<S: Simd>([a, b, c, d]: Four<S, f32>, dst: &mut [$t]) {
                let (first, second) = dst.split_at_mut(Vector::<S, $t>::LANES);
                Vector::<S, $t>::narrow([a, b]).store_stream(first);
                Vector::<S, $t>::narrow([c, d]).store_stream(second);
            }
        }
    )*};
}
halves!(f16, bf16);

impl ElementCode for u8 {
    const BIAS: i32 = 0;
    const TAKEN: i32 = 0;

    #[inline(always)]
    fn from_i32(v: i32) -> u8 {
        v.clamp(0, 255) as u8
    }

    #[inline(always)]
    fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[u8]) -> Four<S, f32> {
        load::<S, u8, WHOLE>(simd, src, 0).to_f32()
    }

    #[inline(always)]
    fn put<S: Simd, const WHOLE: bool>(block: Four<S, i32>, limits: Option<[u8; 2]>, dst: &mut [u8]) {
        store::<S, u8, WHOLE>(clamp(Vector::narrow4_saturating(block), limits), dst, 0);
    }
}

impl ElementCode for i8 {
    // Four vectors narrow to unsigned bytes in one step, to signed ones in two; bytes become floats alike.
    const BIAS: i32 = 128;
    const TAKEN: i32 = 128;

    #[inline(always)]
    fn from_i32(v: i32) -> i8 {
        v.clamp(-128, 127) as i8
    }

    #[inline(always)]
    fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[i8]) -> Four<S, f32> {
        (load::<S, i8, WHOLE>(simd, src, 0).bitcast::<u8>() ^ simd.splat(0x80)).to_f32()
    }

    #[inline(always)]
    fn put<S: Simd, const WHOLE: bool>(block: Four<S, i32>, limits: Option<[i8; 2]>, dst: &mut [i8]) {
        let simd = block[0].simd();
        let v = (Vector::narrow4_saturating(block) ^ simd.splat(0x80)).bitcast::<i8>();
        store::<S, i8, WHOLE>(clamp(v, limits), dst, 0);
    }
}

macro_rules! sixteen_bits {
    ($($t:ident),*) => {$(
        impl ElementCode for $t {
            const BIAS: i32 = 0;
            const TAKEN: i32 = 0;

            #[inline(always)]
            fn from_i32(v: i32) -> $t {
                v.clamp($t::MIN.into(), $t::MAX.into()) as $t
            }

            #[inline(always)]
            fn take<S: Simd, const WHOLE: bool>(simd: S, src: &[$t]) -> Four<S, f32> {
                let [a, b] = load::<S, $t, WHOLE>(simd, src, 0).widen();
                let [c, d] = load::<S, $t, WHOLE>(simd, src, 1).widen();
                let [a, b, c, d] = [a.bitcast::<i32>(), b.bitcast(), c.bitcast(), d.bitcast()];
                [a.to_float(), b.to_float(), c.to_float(), d.to_float()]
            }

            #[inline(always)]
            fn put<S: Simd, const WHOLE: bool>([a, b, c, d]: Four<S, i32>, limits: Option<[$t; 2]>, dst: &mut [$t]) {
                store::<S, $t, WHOLE>(clamp(Vector::narrow_saturating([a, b]), limits), dst, 0);
                store::<S, $t, WHOLE>(clamp(Vector::narrow_saturating([c, d]), limits), dst, 1);
            }
        }
    )*};
}
sixteen_bits!(i16, u16);

/// The body for each pair of matching blocks of both slices, then for what is left, if anything is; `at` counts elements.
macro_rules! blocks {
    ($simd:ty, $src:expr, $dst:expr, |$from:pat_param, $to:pat_param, $at:pat_param, $whole:ident| $body:expr) => {{
        let (src, dst) = ($src, $dst);
        let block = <$simd as crate::isa::Registers>::BYTES;
        let mut to = dst.chunks_exact_mut(block);
        let from = src.chunks_exact(block);
        let rest = from.remainder();
        for (k, $from) in from.enumerate() {
            let Some($to) = to.next() else { break };
            let $at = k * block;
            const $whole: bool = true;
            $body
        }
        if !rest.is_empty() {
            let ($from, $to, $at) = (rest, to.into_remainder(), src.len() - rest.len());
            const $whole: bool = false;
            $body
        }
    }};
}
pub(super) use blocks;
