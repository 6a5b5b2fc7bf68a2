//! The rows of a picture, one after the other or two pictures' at once.

use super::{ImageView, ImageViewMut};
use crate::lanes::Element;
use core::iter::FusedIterator;

/// The rows of an [`ImageView`], from top to bottom.
#[derive(Clone, Debug)]
pub struct Rows<'a, T> {
    data: &'a [T],
    row: usize,
    left: usize,
    stride: usize,
}

impl<'a, T> Rows<'a, T> {
    #[inline(always)]
    pub(super) fn new(data: &'a [T], row: usize, height: usize, stride: usize) -> Self {
        Rows { data, row, left: height, stride }
    }
}

impl<'a, T> Iterator for Rows<'a, T> {
    type Item = &'a [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a [T]> {
        self.nth(0)
    }

    #[inline(always)]
    fn nth(&mut self, n: usize) -> Option<&'a [T]> {
        if n >= self.left {
            self.left = 0;
            return None;
        }
        self.left -= n + 1;
        let from = &self.data[n * self.stride..];
        self.data = from.get(self.stride..).unwrap_or_default();
        Some(&from[..self.row])
    }

    #[inline(always)]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for Rows<'_, T> {}
impl<T> FusedIterator for Rows<'_, T> {}

/// The rows of an [`ImageViewMut`], from top to bottom.
#[derive(Debug)]
pub struct RowsMut<'a, T> {
    data: &'a mut [T],
    row: usize,
    left: usize,
    stride: usize,
}

impl<'a, T> RowsMut<'a, T> {
    #[inline(always)]
    pub(super) fn new(data: &'a mut [T], row: usize, height: usize, stride: usize) -> Self {
        RowsMut { data, row, left: height, stride }
    }
}

impl<'a, T> Iterator for RowsMut<'a, T> {
    type Item = &'a mut [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a mut [T]> {
        self.nth(0)
    }

    #[inline(always)]
    fn nth(&mut self, n: usize) -> Option<&'a mut [T]> {
        if n >= self.left {
            self.left = 0;
            return None;
        }
        self.left -= n + 1;
        let from = &mut core::mem::take(&mut self.data)[n * self.stride..];
        let (here, rest) = from.split_at_mut(self.stride.min(from.len()));
        self.data = rest;
        Some(&mut here[..self.row])
    }

    #[inline(always)]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for RowsMut<'_, T> {}
impl<T> FusedIterator for RowsMut<'_, T> {}

/// Calls `f(source row, destination row)` for the rows of two pictures, or once for all of them where neither has gaps.
///
/// `f` must not care where a row ends. The pictures have the same height, or the shorter one ends it; widths are the
/// caller's to check.
///
/// ```
/// use omnilane::memory::{Image, ImageView, zip_rows};
///
/// let data: Vec<u8> = (0..12).collect();
/// let src = ImageView::<u8, 1>::with_stride(&data, 3, 2, 6)?;
/// let mut dst = Image::<u8, 1>::new(3, 2)?;
/// zip_rows(src, &mut dst.view_mut(), |src, dst| dst.copy_from_slice(src));
/// assert_eq!(dst.to_vec(), [0, 1, 2, 6, 7, 8]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
#[inline(always)]
pub fn zip_rows<T: Element, U: Element, const C: usize, const D: usize>(
    src: ImageView<'_, T, C>,
    dst: &mut ImageViewMut<'_, U, D>,
    mut f: impl FnMut(&[T], &mut [U]),
) {
    let same_size = (src.width(), src.height()) == (dst.width(), dst.height());
    // Either way one loop, so that `f` is compiled once.
    let joined = same_size && src.is_contiguous() && dst.is_contiguous();
    let (src, mut rows) = if joined { (src.one_row(), dst.one_row_mut()) } else { (src.rows(), dst.rows_mut()) };
    for src in src {
        let Some(dst) = rows.next() else { break };
        f(src, dst);
    }
}

/// Calls `f(row)` for the rows of a picture, or once for all of them where it has no gaps.
///
/// `f` must not care where a row ends.
///
/// ```
/// use omnilane::memory::{ImageViewMut, for_each_row};
///
/// let mut data = [1, 2, 3, 4];
/// for_each_row(&mut ImageViewMut::<u8, 1>::new(&mut data, 2, 2)?, |row| row.fill(7));
/// assert_eq!(data, [7; 4]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
#[inline(always)]
pub fn for_each_row<T: Element, const C: usize>(data: &mut ImageViewMut<'_, T, C>, mut f: impl FnMut(&mut [T])) {
    let rows = if data.is_contiguous() { data.one_row_mut() } else { data.rows_mut() };
    for row in rows {
        f(row);
    }
}
