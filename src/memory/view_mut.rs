//! A picture in a slice, for writing.

use super::layout::{self, Layout};
use super::{ImageError, ImageView, RowsMut};
use crate::lanes::Element;
use core::fmt;

/// A picture of `C` interleaved channels of `T` in somebody's slice, for writing; otherwise as [`ImageView`].
///
/// What lies between the rows is never written.
///
/// ```
/// use omnilane::memory::ImageViewMut;
///
/// let mut data = [0; 6];
/// let mut view = ImageViewMut::<u8, 1>::with_stride(&mut data, 2, 2, 3)?;
/// view.rows_mut().for_each(|row| row.fill(7));
/// assert_eq!(data, [7, 7, 0, 7, 7, 0]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
pub struct ImageViewMut<'a, T, const C: usize> {
    data: &'a mut [T],
    layout: Layout,
}

impl<'a, T: Element, const C: usize> ImageViewMut<'a, T, C> {
    /// The first `width * height * C` elements of `data`, rows without a gap.
    ///
    /// # Errors
    /// As [`ImageView::new`].
    pub fn new(data: &'a mut [T], width: usize, height: usize) -> Result<Self, ImageError> {
        Self::with_stride(data, width, height, width.saturating_mul(C))
    }

    /// Rows `stride` elements apart; the last row needs only `width * C`.
    ///
    /// # Errors
    /// As [`ImageView::with_stride`].
    pub fn with_stride(data: &'a mut [T], width: usize, height: usize, stride: usize) -> Result<Self, ImageError> {
        const { assert!(C > 0, "a pixel has a channel") };
        let layout = Layout::new(data.len(), width, height, stride, C)?;
        Ok(Self::from_layout(data, layout))
    }

    #[inline(always)]
    pub(super) fn from_layout(data: &'a mut [T], layout: Layout) -> Self {
        ImageViewMut { data: &mut data[..layout.needed(C)], layout }
    }

    layout::size!("Elements from the start of a row to the start of the next.");

    /// Whether the rows follow each other without a gap.
    #[inline(always)]
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        self.layout.is_contiguous(C)
    }

    /// The same picture for reading.
    #[inline(always)]
    #[must_use]
    pub fn as_view(&self) -> ImageView<'_, T, C> {
        ImageView::from_layout(self.data, self.layout)
    }

    /// The same picture for writing, borrowed for a shorter time.
    #[inline(always)]
    #[must_use]
    pub fn reborrow(&mut self) -> ImageViewMut<'_, T, C> {
        ImageViewMut { data: self.data, layout: self.layout }
    }

    /// All elements in one slice, if the rows follow each other without a gap.
    #[inline(always)]
    #[must_use]
    pub fn as_mut_slice(&mut self) -> Option<&mut [T]> {
        self.is_contiguous().then_some(&mut *self.data)
    }

    /// The channels of the pixel at column `x` of row `y`, if it is inside.
    #[must_use]
    pub fn pixel_mut(&mut self, x: usize, y: usize) -> Option<&mut [T; C]> {
        let i = self.layout.index(x, y, C)?;
        self.data[i..].first_chunk_mut()
    }

    /// Row `y`, if it is inside: `width * C` elements.
    #[must_use]
    pub fn row_mut(&mut self, y: usize) -> Option<&mut [T]> {
        self.rows_mut().nth(y)
    }

    /// The rows from top to bottom, `width * C` elements each.
    #[inline(always)]
    #[must_use]
    pub fn rows_mut(&mut self) -> RowsMut<'_, T> {
        self.reborrow().into_rows()
    }

    /// The rows from top to bottom, for as long as the data is borrowed.
    #[inline(always)]
    #[must_use]
    pub fn into_rows(self) -> RowsMut<'a, T> {
        RowsMut::new(self.data, self.layout.width * C, self.layout.height, self.layout.stride)
    }

    /// All of a picture without gaps as one row.
    #[inline(always)]
    pub(super) fn one_row_mut(&mut self) -> RowsMut<'_, T> {
        let len = self.data.len();
        RowsMut::new(self.data, len, 1, len)
    }

    /// The same elements as a picture of one channel, `C` times as wide; as [`ImageView::elements`].
    #[inline(always)]
    #[must_use]
    pub fn elements_mut(&mut self) -> ImageViewMut<'_, T, 1> {
        ImageViewMut { data: self.data, layout: self.layout.elements(C) }
    }

    /// The rectangle of `width` x `height` pixels whose top left corner is `(x, y)`; takes constant time.
    ///
    /// # Errors
    /// [`ImageError::OutOfBounds`] if it reaches outside.
    pub fn subview(
        self,
        x: usize,
        y: usize,
        width: usize,
        height: usize,
    ) -> Result<ImageViewMut<'a, T, C>, ImageError> {
        let (start, layout) = self.layout.sub(x, y, width, height, C)?;
        Ok(Self::from_layout(&mut self.data[start..], layout))
    }

    /// The rows above `y`, and those from `y` on: two pictures that two threads can write.
    ///
    /// # Errors
    /// [`ImageError::OutOfBounds`] if `y` is above the height.
    pub fn split_rows_mut(self, y: usize) -> Result<(Self, Self), ImageError> {
        let Layout { width, height, stride } = self.layout;
        let (_, top) = self.layout.sub(0, 0, width, y, C)?;
        let bottom = Layout { width, height: height - y, stride };
        let (above, below) = self.data.split_at_mut((y * stride).min(self.data.len()));
        Ok((Self::from_layout(above, top), Self::from_layout(below, bottom)))
    }
}

impl<T: Element, const C: usize> fmt::Debug for ImageViewMut<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_view().fmt(f)
    }
}
