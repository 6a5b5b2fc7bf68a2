//! A picture that owns its memory.

use super::layout::{self, Layout};
use super::raw::LINE;
use super::{AlignedBuffer, ImageError, ImageView, ImageViewMut};
use crate::lanes::Element;
use alloc::vec::Vec;
use core::fmt;

/// A picture of `C` interleaved channels of `T` that owns its memory; rows start on 64 bytes. From 4 MB on, Linux is asked for
/// huge pages.
///
/// ```
/// use omnilane::memory::Image;
///
/// let image = Image::<u8, 3>::from_fn(100, 2, |x, y| [x as u8, y as u8, 255])?;
/// assert_eq!((image.width(), image.height(), image.stride()), (100, 2, 320));
/// assert_eq!(image.view().pixel(99, 1), Some([99, 1, 255]));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
pub struct Image<T, const C: usize> {
    elements: AlignedBuffer<T>,
    layout: Layout,
}

impl<T: Element, const C: usize> Image<T, C> {
    /// A picture of zeros.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] if there is not that much memory.
    pub fn new(width: usize, height: usize) -> Result<Self, ImageError> {
        const { assert!(C > 0, "a pixel has a channel") };
        let too_large = ImageError::TooLarge { width, height, channels: C };
        let (layout, elements) = Layout::with_rows_on(LINE / size_of::<T>(), width, height, C).ok_or(too_large)?;
        let elements = AlignedBuffer::zeroed(elements).map_err(|_| too_large)?;
        Ok(Image { elements, layout })
    }

    /// A picture whose pixel at column `x` of row `y` is `f(x, y)`.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] if there is not that much memory.
    pub fn from_fn(width: usize, height: usize, mut f: impl FnMut(usize, usize) -> [T; C]) -> Result<Self, ImageError> {
        let mut image = Self::new(width, height)?;
        let height = if width == 0 { 0 } else { height };
        for (y, row) in image.view_mut().into_rows().take(height).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(C).enumerate() {
                pixel.copy_from_slice(&f(x, y));
            }
        }
        Ok(image)
    }

    layout::size!("Elements from the start of a row to the start of the next: `width * C`, rounded up to 64 bytes.");

    /// The picture for reading.
    #[must_use]
    pub fn view(&self) -> ImageView<'_, T, C> {
        ImageView::from_layout(&self.elements, self.layout)
    }

    /// The picture for writing.
    #[must_use]
    pub fn view_mut(&mut self) -> ImageViewMut<'_, T, C> {
        ImageViewMut::from_layout(&mut self.elements, self.layout)
    }

    /// The elements row by row, without the padding between rows.
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        let mut out = Vec::with_capacity(self.layout.width * C * self.layout.height);
        let height = if self.width() == 0 { 0 } else { self.height() };
        for row in self.view().rows().take(height) {
            out.extend_from_slice(row);
        }
        out
    }
}

impl<T: Element, const C: usize> Clone for Image<T, C> {
    fn clone(&self) -> Self {
        Image { elements: self.elements.clone(), layout: self.layout }
    }
}

impl<T: Element, const C: usize> PartialEq for Image<T, C> {
    /// Whether size and pixels are equal.
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl<T: Element + Eq, const C: usize> Eq for Image<T, C> {}

impl<'a, T: Element, const C: usize> From<&'a Image<T, C>> for ImageView<'a, T, C> {
    fn from(image: &'a Image<T, C>) -> Self {
        image.view()
    }
}

impl<'a, T: Element, const C: usize> From<&'a mut Image<T, C>> for ImageViewMut<'a, T, C> {
    fn from(image: &'a mut Image<T, C>) -> Self {
        image.view_mut()
    }
}

impl<T: Element, const C: usize> fmt::Debug for Image<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
