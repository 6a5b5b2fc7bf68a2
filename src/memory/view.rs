//! A picture in a slice, for reading.

use super::layout::{self, Layout};
use super::{Image, ImageError, Rows};
use crate::lanes::Element;
use core::fmt;

/// A picture of `C` interleaved channels of `T` in somebody's slice; rows are `stride` elements apart.
///
/// Copying one copies a slice and three numbers. Zero widths and heights are fine.
#[derive(Clone, Copy)]
pub struct ImageView<'a, T, const C: usize> {
    data: &'a [T],
    layout: Layout,
}

impl<'a, T: Element, const C: usize> ImageView<'a, T, C> {
    /// The first `width * height * C` elements of `data`, rows without a gap.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] if the product overflows, [`ImageError::DataTooShort`] if `data` has fewer elements.
    pub fn new(data: &'a [T], width: usize, height: usize) -> Result<Self, ImageError> {
        Self::with_stride(data, width, height, width.saturating_mul(C))
    }

    /// Rows `stride` elements apart; the last row needs only `width * C`.
    ///
    /// # Errors
    /// As [`ImageView::new`], and [`ImageError::StrideTooSmall`] if rows would overlap.
    pub fn with_stride(data: &'a [T], width: usize, height: usize, stride: usize) -> Result<Self, ImageError> {
        const { assert!(C > 0, "a pixel has a channel") };
        let layout = Layout::new(data.len(), width, height, stride, C)?;
        Ok(Self::from_layout(data, layout))
    }

    #[inline(always)]
    pub(super) fn from_layout(data: &'a [T], layout: Layout) -> Self {
        ImageView { data: &data[..layout.needed(C)], layout }
    }

    layout::size!("Elements from the start of a row to the start of the next.");

    /// Whether the rows follow each other without a gap.
    #[inline(always)]
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        self.layout.is_contiguous(C)
    }

    /// All elements in one slice, if the rows follow each other without a gap.
    #[inline(always)]
    #[must_use]
    pub fn as_slice(&self) -> Option<&'a [T]> {
        self.is_contiguous().then_some(self.data)
    }

    /// The channels of the pixel at column `x` of row `y`, if it is inside.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> Option<[T; C]> {
        let i = self.layout.index(x, y, C)?;
        self.data[i..].first_chunk().copied()
    }

    /// Row `y`, if it is inside: `width * C` elements.
    #[must_use]
    pub fn row(&self, y: usize) -> Option<&'a [T]> {
        self.rows().nth(y)
    }

    /// The rows from top to bottom, `width * C` elements each.
    #[inline(always)]
    #[must_use]
    pub fn rows(&self) -> Rows<'a, T> {
        Rows::new(self.data, self.layout.width * C, self.layout.height, self.layout.stride)
    }

    /// All of a picture without gaps as one row.
    #[inline(always)]
    pub(super) fn one_row(&self) -> Rows<'a, T> {
        Rows::new(self.data, self.data.len(), 1, self.data.len())
    }

    /// The same elements as a picture of one channel, `C` times as wide: for what treats all channels alike, so that it is
    /// compiled once and not for each number of channels.
    ///
    /// ```
    /// use omnilane::memory::ImageView;
    ///
    /// let rgb = ImageView::<u8, 3>::new(&[1, 2, 3, 4, 5, 6], 2, 1)?;
    /// assert_eq!((rgb.elements().width(), rgb.elements().pixel(4, 0)), (6, Some([5])));
    /// # Ok::<(), omnilane::memory::ImageError>(())
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn elements(self) -> ImageView<'a, T, 1> {
        ImageView { data: self.data, layout: self.layout.elements(C) }
    }

    /// The rectangle of `width` x `height` pixels whose top left corner is `(x, y)`; takes constant time.
    ///
    /// # Errors
    /// [`ImageError::OutOfBounds`] if it reaches outside.
    pub fn subview(&self, x: usize, y: usize, width: usize, height: usize) -> Result<ImageView<'a, T, C>, ImageError> {
        let (start, layout) = self.layout.sub(x, y, width, height, C)?;
        Ok(Self::from_layout(&self.data[start..], layout))
    }

    /// A copy that owns its memory.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] if there is not that much memory.
    pub fn to_image(&self) -> Result<Image<T, C>, ImageError> {
        let mut image = Image::new(self.width(), self.height())?;
        if self.width() == 0 {
            return Ok(image); // there may be more empty rows than anybody wants to count
        }
        for (src, dst) in self.rows().zip(image.view_mut().into_rows()) {
            dst.copy_from_slice(src);
        }
        Ok(image)
    }
}

impl<T: Element + Eq, const C: usize> Eq for ImageView<'_, T, C> {}

impl<T: Element, const C: usize> PartialEq for ImageView<'_, T, C> {
    /// Whether size and pixels are equal; what lies between the rows does not count.
    fn eq(&self, other: &Self) -> bool {
        (self.width(), self.height()) == (other.width(), other.height())
            && (self.width() == 0 || self.rows().eq(other.rows()))
    }
}

impl<T: Element, const C: usize> fmt::Debug for ImageView<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageView")
            .field("element", &core::any::type_name::<T>())
            .field("channels", &C)
            .field("width", &self.width())
            .field("height", &self.height())
            .field("stride", &self.stride())
            .finish()
    }
}
