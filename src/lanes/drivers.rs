//! Loops that carry a formula over slices and own the tail, so that a kernel states its formula once.
//!
//! The last, incomplete vector of a slice is a whole one that ends where the slice ends: it computes some elements a
//! second time, to the same values. Only a slice shorter than a vector is loaded and stored in part.

use super::{Element, LengthError, Simd, Vector};

/// `dst[i] = f(src[i])` for elements of equal width.
///
/// `f` sees lanes without their places: what it makes of a lane may depend on that lane only. It may see an element
/// twice, and lanes past the end as zero.
///
/// ```
/// use omnilane::lanes::{LengthError, Simd, map};
///
/// omnilane::kernel! {
///     fn invert<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         map(simd, src, dst, #[inline(always)] |v| !v)
///     }
/// }
///
/// let mut dst = [0; 3];
/// invert(&[0, 1, 255], &mut dst)?;
/// assert_eq!(dst, [255, 254, 0]);
/// # Ok::<(), LengthError>(())
/// ```
///
/// # Errors
/// [`LengthError`] if the lengths differ; nothing is written then.
#[inline(always)]
pub fn map<S: Simd, T: Element, U: Element<Bits = T::Bits>>(
    simd: S,
    src: &[T],
    dst: &mut [U],
    f: impl Fn(Vector<S, T>) -> Vector<S, U>,
) -> Result<(), LengthError> {
    map_blocks(
        simd,
        src,
        dst,
        #[inline(always)]
        |[v]: [Vector<S, T>; 1]| [f(v)],
    )
}

/// From how many bytes of destination on [`map_streamed`] pays: more than a core's share of the caches of most CPUs.
pub const STREAM_FROM: usize = 32 << 20;

/// [`map`] with stores past the caches: for a destination too large for them ([`STREAM_FROM`]), whose old lines need not be
/// read then.
///
/// The results, and what `f` may do, are those of [`map`]. What reads the destination next finds it in memory, not in a cache.
///
/// ```
/// use omnilane::lanes::{LengthError, STREAM_FROM, Simd, map, map_streamed};
///
/// omnilane::kernel! {
///     fn double<S: Simd>(simd: S, src: &[f32], dst: &mut [f32]) -> Result<(), LengthError> {
///         if size_of_val(dst) >= STREAM_FROM {
///             map_streamed(simd, src, dst, #[inline(always)] |v| v + v)
///         } else {
///             map(simd, src, dst, #[inline(always)] |v| v + v)
///         }
///     }
/// }
///
/// let mut dst = [0.0; 3];
/// double(&[1.0, 2.0, 3.0], &mut dst)?;
/// assert_eq!(dst, [2.0, 4.0, 6.0]);
/// # Ok::<(), LengthError>(())
/// ```
///
/// # Errors
/// [`LengthError`] if the lengths differ; nothing is written then.
#[inline(always)]
pub fn map_streamed<S: Simd, T: Element, U: Element<Bits = T::Bits>>(
    simd: S,
    src: &[T],
    dst: &mut [U],
    f: impl Fn(Vector<S, T>) -> Vector<S, U>,
) -> Result<(), LengthError> {
    let lanes = Vector::<S, U>::LANES;
    LengthError::check("dst", dst.len(), src.len())?;
    if src.len() < lanes {
        f(Vector::load_partial(simd, src)).store_partial(dst);
        return Ok(());
    }
    // Only aligned registers go past the caches: a whole vector at either end covers what is not.
    let last = src.len() - lanes;
    f(Vector::load(simd, src)).store(dst);
    let start = dst.as_ptr().align_offset(lanes * size_of::<U>()).min(src.len());
    let mut out = dst[start..].chunks_exact_mut(lanes);
    for src in src[start..].chunks_exact(lanes) {
        let Some(dst) = out.next() else { break };
        f(Vector::load(simd, src)).store_stream(dst);
    }
    f(Vector::load(simd, &src[last..])).store(&mut dst[last..]);
    super::stream_fence(simd);
    Ok(())
}

/// Blocks of `IN` vectors of `src` to blocks of `OUT` vectors of `dst`, both in memory order.
///
/// For what changes the number or the width of elements: four bytes to one (RGBA to gray: `IN` 4, `OUT` 1), bytes to f32
/// (`IN` 1, `OUT` 4). The lanes of a block, common factors of two taken out, are `k` source elements to `m` destination
/// elements: 4 to 1, 1 to 1, 3 to 1, 3 to 3. What `f` makes of a group of `m` may depend on its `k` only. (A formula that
/// mixes the channels of four and gives four is a [`map`] over words of 32 bits.)
///
/// ```
/// use omnilane::lanes::{LengthError, Simd, Vector, map_blocks};
///
/// omnilane::kernel! {
///     fn to_unit<S: Simd>(simd: S, src: &[u8], dst: &mut [f32]) -> Result<(), LengthError> {
///         let full = simd.splat(255.0);
///         map_blocks(simd, src, dst, #[inline(always)] |[v]: [Vector<S, u8>; 1]| {
///             let [a, b, c, d] = v.to_f32();
///             [a / full, b / full, c / full, d / full]
///         })
///     }
/// }
///
/// let mut dst = [0.0; 3];
/// to_unit(&[0, 51, 255], &mut dst)?;
/// assert_eq!(dst, [0.0, 0.2, 1.0]);
/// # Ok::<(), LengthError>(())
/// ```
///
/// # Errors
/// [`LengthError`] if the lengths are not in the ratio of the blocks; nothing is written then.
#[inline(always)]
pub fn map_blocks<S: Simd, T: Element, U: Element, const IN: usize, const OUT: usize>(
    simd: S,
    src: &[T],
    dst: &mut [U],
    f: impl Fn([Vector<S, T>; IN]) -> [Vector<S, U>; OUT],
) -> Result<(), LengthError> {
    let (step, out_step) = (IN * Vector::<S, T>::LANES, OUT * Vector::<S, U>::LANES);
    // Lowest terms: the lanes are powers of two, so this loop leaves IN / OUT times a power of two.
    let (mut from, mut to) = (step, out_step);
    while from % 2 == 0 && to % 2 == 0 {
        (from, to) = (from / 2, to / 2);
    }
    LengthError::check("src", src.len(), src.len() / from * from)?;
    LengthError::check("dst", dst.len(), src.len() / from * to)?;
    if src.len() < step {
        store_block_partial(f(load_block_partial(simd, src)), dst);
        return Ok(());
    }
    let (last, out_last) = (src.len() - step, dst.len() - out_step);
    // Four blocks a turn: 15 % on threshold in the second-level cache.
    let (turn, out_turn) = (4 * step, 4 * out_step);
    let done = src.len() / turn;
    if S::BYTES == 64 && step * size_of::<T>() == out_step * size_of::<U>() {
        let backward = done > 1 && behind(src, dst);
        let mut at = if backward { (done - 1) * turn } else { 0 };
        for _ in 0..done {
            let to = at / step * out_step;
            four_blocks(simd, &src[at..at + turn], &mut dst[to..to + out_turn], &f);
            at = if backward { at.wrapping_sub(turn) } else { at + turn };
        }
    } else {
        let mut turns = dst.chunks_exact_mut(out_turn);
        for src in src.chunks_exact(turn) {
            let Some(dst) = turns.next() else { break };
            four_blocks(simd, src, dst, &f);
        }
    }
    // `Iterator::zip` has been seen left out of line in large kernels, hence two iterators by hand.
    let mut blocks = dst[done * out_turn..].chunks_exact_mut(out_step);
    for src in src[done * turn..].chunks_exact(step) {
        let Some(dst) = blocks.next() else { break };
        store_block(f(load_block(simd, src)), dst);
    }
    if !src.len().is_multiple_of(step) {
        store_block(f(load_block(simd, &src[last..])), &mut dst[out_last..]);
    }
    Ok(())
}

/// Four blocks of a map. A load waits for an older store where their addresses differ by a multiple of 4096, and buffers often
/// lie a little past one apart; so loads go first, of 64 bytes two.
#[inline(always)]
fn four_blocks<S: Simd, T: Element, U: Element, const IN: usize, const OUT: usize>(
    simd: S,
    src: &[T],
    dst: &mut [U],
    f: &impl Fn([Vector<S, T>; IN]) -> [Vector<S, U>; OUT],
) {
    let (step, out_step) = (IN * Vector::<S, T>::LANES, OUT * Vector::<S, U>::LANES);
    let mut next = load_block(simd, &src[..step]);
    let mut after = next;
    if S::BYTES == 64 {
        after = load_block(simd, &src[step..][..step]);
    }
    for k in 0..4 {
        let block = next;
        if S::BYTES == 64 {
            next = after;
            if k < 2 {
                after = load_block(simd, &src[(k + 2) * step..][..step]);
            }
        } else if k < 3 {
            next = load_block(simd, &src[(k + 1) * step..][..step]);
        }
        store_block(f(block), &mut dst[k * out_step..][..out_step]);
    }
}

/// Whether `dst` starts a little after `src`, apart from a multiple of 4096 bytes: there loads wait for stores to other
/// addresses, but not where turns go backward. Threshold of 64 KiB, 128 bytes after: 0.64 of the speed of `memcpy`, and 0.97.
#[inline(always)]
fn behind<T, U>(src: &[T], dst: &[U]) -> bool {
    (1..1024).contains(&(dst.as_ptr().addr().wrapping_sub(src.as_ptr().addr()) % 4096))
}

/// `data[i] = f(data[i])`; `f` as in [`map`], but it sees no element twice.
///
/// ```
/// use omnilane::lanes::{Simd, map_in_place};
///
/// omnilane::kernel! {
///     fn double<S: Simd>(simd: S, data: &mut [i32]) {
///         map_in_place(simd, data, #[inline(always)] |v| v + v);
///     }
/// }
///
/// let mut data = [1, 2, 3];
/// double(&mut data);
/// assert_eq!(data, [2, 4, 6]);
/// ```
#[inline(always)]
pub fn map_in_place<S: Simd, T: Element>(simd: S, data: &mut [T], f: impl Fn(Vector<S, T>) -> Vector<S, T>) {
    let lanes = Vector::<S, T>::LANES;
    if data.len() < lanes {
        f(Vector::load_partial(simd, data)).store_partial(data);
        return;
    }
    // The last vector is computed from what the loop has not touched yet, and stored after it.
    let last = data.len() - lanes;
    let tail = f(Vector::load(simd, &data[last..]));
    for chunk in data.chunks_exact_mut(lanes) {
        f(Vector::load(simd, chunk)).store(chunk);
    }
    if !data.len().is_multiple_of(lanes) {
        tail.store(&mut data[last..]);
    }
}

/// `dst[i] = f(a[i], b[i])` for elements of equal width; `f` as in [`map`].
///
/// ```
/// use omnilane::lanes::{LengthError, Simd, zip_map};
///
/// omnilane::kernel! {
///     fn difference<S: Simd>(simd: S, a: &[u8], b: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         zip_map(simd, a, b, dst, #[inline(always)] |a, b| a.abs_diff(b))
///     }
/// }
///
/// let mut dst = [0; 2];
/// difference(&[1, 200], &[4, 150], &mut dst)?;
/// assert_eq!(dst, [3, 50]);
/// # Ok::<(), LengthError>(())
/// ```
///
/// # Errors
/// [`LengthError`] if the lengths differ; nothing is written then.
#[inline(always)]
pub fn zip_map<S: Simd, T: Element, U: Element<Bits = T::Bits>, V: Element<Bits = T::Bits>>(
    simd: S,
    a: &[T],
    b: &[U],
    dst: &mut [V],
    f: impl Fn(Vector<S, T>, Vector<S, U>) -> Vector<S, V>,
) -> Result<(), LengthError> {
    let (n, lanes) = (a.len(), Vector::<S, T>::LANES);
    LengthError::check("b", b.len(), n)?;
    LengthError::check("dst", dst.len(), n)?;
    if n < lanes {
        f(Vector::load_partial(simd, a), Vector::load_partial(simd, b)).store_partial(dst);
        return Ok(());
    }
    let (mut bs, mut dsts) = (b.chunks_exact(lanes), dst.chunks_exact_mut(lanes));
    for a in a.chunks_exact(lanes) {
        let (Some(b), Some(dst)) = (bs.next(), dsts.next()) else { break };
        f(Vector::load(simd, a), Vector::load(simd, b)).store(dst);
    }
    if !n.is_multiple_of(lanes) {
        let last = n - lanes;
        f(Vector::load(simd, &a[last..]), Vector::load(simd, &b[last..])).store(&mut dst[last..]);
    }
    Ok(())
}

/// Calls `f(vector, n)` for every vector of `src` in order, each element once: the first `n` lanes are elements (all but
/// in the last call), the others zero.
///
/// ```
/// use omnilane::lanes::{Simd, for_each};
///
/// omnilane::kernel! {
///     /// How many vectors it takes, and the elements of the last one.
///     fn vectors<S: Simd>(simd: S, src: &[u8]) -> (usize, usize) {
///         let (mut vectors, mut last) = (0, 0);
///         for_each(simd, src, #[inline(always)] |_, n| {
///             vectors += 1;
///             last = n;
///         });
///         (vectors, last)
///     }
/// }
///
/// assert_eq!(vectors(&[7; 5]), (1, 5));
/// ```
#[inline(always)]
pub fn for_each<S: Simd, T: Element>(simd: S, src: &[T], mut f: impl FnMut(Vector<S, T>, usize)) {
    let chunks = src.chunks_exact(Vector::<S, T>::LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        f(Vector::load(simd, chunk), Vector::<S, T>::LANES);
    }
    if !rest.is_empty() {
        f(Vector::load_partial(simd, rest), rest.len());
    }
}

#[inline(always)]
fn load_block<S: Simd, T: Element, const N: usize>(simd: S, src: &[T]) -> [Vector<S, T>; N] {
    let mut block = [Vector::zero(simd); N];
    for (k, v) in block.iter_mut().enumerate() {
        *v = Vector::load(simd, &src[k * Vector::<S, T>::LANES..]);
    }
    block
}

#[inline(always)]
fn store_block<S: Simd, T: Element, const N: usize>(block: [Vector<S, T>; N], dst: &mut [T]) {
    for (k, v) in block.iter().enumerate() {
        v.store(&mut dst[k * Vector::<S, T>::LANES..]);
    }
}

#[inline(always)]
fn load_block_partial<S: Simd, T: Element, const N: usize>(simd: S, src: &[T]) -> [Vector<S, T>; N] {
    let mut block = [Vector::zero(simd); N];
    for (k, v) in block.iter_mut().enumerate() {
        *v = Vector::load_partial(simd, &src[(k * Vector::<S, T>::LANES).min(src.len())..]);
    }
    block
}

#[inline(always)]
fn store_block_partial<S: Simd, T: Element, const N: usize>(block: [Vector<S, T>; N], dst: &mut [T]) {
    for (k, v) in block.iter().enumerate() {
        let start = (k * Vector::<S, T>::LANES).min(dst.len());
        v.store_partial(&mut dst[start..]);
    }
}
