//! Pictures in bands of rows, one band a thread.

use super::ParallelError;
use super::threads::for_maps;
use crate::cpu::Captured;
use crate::lanes::Element;
use crate::memory::{ImageView, ImageViewMut};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that a band has at least.
const LEAST_BYTES: usize = 1 << 16;
/// The calling thread tries so many bytes alone, but at most 1/16 of its share.
const TRIED_BYTES: usize = 1 << 15;
/// Pictures that take less than this gain next to nothing: until another thread has woken up, much of it has passed.
const SMALL: Duration = Duration::from_micros(120);
/// Bands for each thread, so that one that was interrupted does not keep the others waiting.
const BANDS: usize = 4;

/// Calls `f(rows, band)` for bands of rows that together are `dst`, on as many threads as there are.
///
/// A band is `dst` from row `rows.start` to `rows.end`; each starts on a multiple of `step` rows, for kernels that take
/// several at once. Kernels that `f` calls run on the caller's instruction set, so a kernel whose rows do not depend on each
/// other gives the same bits for every number of threads.
///
/// Everything runs on the calling thread with one thread, for pictures below 128 KiB, and where the first rows (at most 1/16
/// of one thread's share, from 16 rows a thread on) say that all of them take less than 120 us.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane::parallel::parallel_rows;
///
/// let mut image = Image::<u8, 1>::new(640, 480)?;
/// parallel_rows(&mut image.view_mut(), 1, |rows, band| {
///     for (y, row) in rows.zip(band.rows_mut()) {
///         row.fill(y as u8);
///     }
/// })?;
/// assert_eq!(image.view().pixel(639, 200), Some([200]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ParallelError::RowStep`] if `step` is 0; `f` is not called then.
///
/// # Panics
/// If `f` panics, with what it panicked with, after every thread has stopped.
pub fn parallel_rows<T: Element, const C: usize>(
    dst: &mut ImageViewMut<'_, T, C>,
    step: usize,
    f: impl Fn(Range<usize>, &mut ImageViewMut<'_, T, C>) + Sync,
) -> Result<(), ParallelError> {
    if step == 0 {
        return Err(ParallelError::RowStep);
    }
    let height = dst.height();
    let row_bytes = dst.width() * C * size_of::<T>();
    let pools = if row_bytes.saturating_mul(height) < 2 * LEAST_BYTES { None } else { for_maps() };
    let Some(pools) = pools else {
        f(0..height, dst);
        return Ok(());
    };
    let least = LEAST_BYTES.div_ceil(row_bytes.max(1)).max(1);
    let rows = height.div_ceil(BANDS * pools.threads()).max(least);
    let rows = rows.checked_next_multiple_of(step).unwrap_or(height);
    if rows >= height {
        f(0..height, dst);
        return Ok(());
    }
    let most = height / (16 * pools.threads());
    let tried = TRIED_BYTES.div_ceil(row_bytes.max(1)).min(most) / step * step;
    let mut begin = 0;
    if tried > 0 {
        let start = Instant::now();
        f(0..tried, &mut rows_of(dst.reborrow(), 0, tried));
        begin = tried;
        if start.elapsed().as_nanos() * height as u128 <= SMALL.as_nanos() * tried as u128 {
            f(begin..height, &mut rows_of(dst.reborrow(), begin, height));
            return Ok(());
        }
    }
    let isa = Captured::here();
    let bands = split(rows_of(dst.reborrow(), begin, height), begin, rows);
    let others = pools.threads().min(bands.len()) - 1;
    let bands = Mutex::new(bands.into_iter());
    pools.share(others, || {
        let _scope = isa.enter();
        loop {
            let next = bands.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((start, mut band)) = next else { break };
            f(start..start + band.height(), &mut band);
        }
    });
    Ok(())
}

/// The rows from `start` to `end`, which are inside.
fn rows_of<T: Element, const C: usize>(
    view: ImageViewMut<'_, T, C>,
    start: usize,
    end: usize,
) -> ImageViewMut<'_, T, C> {
    let width = view.width();
    let Ok(rows) = view.subview(0, start, width, end - start) else { unreachable!("the rows are inside") };
    rows
}

/// Bands of `rows` rows, the last one of what is left, with their first rows; the first row of all is number `start`.
fn split<T: Element, const C: usize>(
    mut rest: ImageViewMut<'_, T, C>,
    mut start: usize,
    rows: usize,
) -> Vec<(usize, ImageViewMut<'_, T, C>)> {
    let mut bands = Vec::with_capacity(rest.height().div_ceil(rows));
    while rest.height() > rows {
        let Ok((band, below)) = rest.split_rows_mut(rows) else { unreachable!("it has more than `rows` rows") };
        bands.push((start, band));
        start += rows;
        rest = below;
    }
    bands.push((start, rest));
    bands
}

/// [`parallel_rows`] with the same rows of a source: calls `f(band of src, band of dst)`.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane::parallel::parallel_zip_rows;
///
/// let src = Image::<u8, 3>::from_fn(200, 100, |x, y| [x as u8, y as u8, 0])?;
/// let mut sum = Image::<u8, 1>::new(200, 100)?;
/// parallel_zip_rows(src.view(), &mut sum.view_mut(), 1, |src, sum| {
///     for (src, sum) in src.rows().zip(sum.rows_mut()) {
///         for (pixel, sum) in src.chunks_exact(3).zip(sum) {
///             *sum = pixel[0] / 2 + pixel[1] / 2;
///         }
///     }
/// })?;
/// assert_eq!(sum.view().pixel(100, 50), Some([75]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ParallelError::Rows`] if the pictures have not the same height (widths are `f`'s to check),
/// [`ParallelError::RowStep`] if `step` is 0; `f` is not called then.
///
/// # Panics
/// As [`parallel_rows`].
pub fn parallel_zip_rows<T: Element, U: Element, const C: usize, const D: usize>(
    src: ImageView<'_, T, C>,
    dst: &mut ImageViewMut<'_, U, D>,
    step: usize,
    f: impl Fn(ImageView<'_, T, C>, &mut ImageViewMut<'_, U, D>) + Sync,
) -> Result<(), ParallelError> {
    if src.height() != dst.height() {
        return Err(ParallelError::Rows { height: dst.height(), expected: src.height() });
    }
    parallel_rows(dst, step, |rows, dst| {
        let Ok(src) = src.subview(0, rows.start, src.width(), rows.len()) else {
            unreachable!("the heights are equal")
        };
        f(src, dst);
    })
}
