//! A picture whose memory goes back to its pool.

use super::{BufferPool, PooledBuffer};
use crate::lanes::Element;
use crate::memory::layout::{self, Layout};
use crate::memory::raw::LINE;
use crate::memory::{ImageView, ImageViewMut, PoolError};
use std::fmt;

/// A picture of `C` interleaved channels of `T` whose memory goes back to its pool; rows start on 64 bytes.
///
/// ```
/// use omnilane::memory::BufferPool;
///
/// let pool = BufferPool::<u8>::new(&[1 << 20])?;
/// let mut picture = pool.get_image::<3>(640, 480)?;
/// picture.view_mut().pixel_mut(639, 479).unwrap().fill(255);
/// assert_eq!(picture.view().pixel(639, 479), Some([255; 3]));
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
pub struct PooledImage<T, const C: usize> {
    buffer: PooledBuffer<T>,
    layout: Layout,
}

impl<T: Element, const C: usize> PooledImage<T, C> {
    #[track_caller]
    pub(super) fn take(pool: &BufferPool<T>, width: usize, height: usize) -> Result<Self, PoolError> {
        const { assert!(C > 0, "a pixel has a channel") };
        let elements = width.saturating_mul(C).saturating_mul(height);
        let too_large = PoolError::OutOfMemory { elements, element_size: size_of::<T>() };
        let unit = LINE / size_of::<T>();
        let (layout, elements) = Layout::with_rows_on(unit, width, height, C).ok_or(too_large)?;
        Ok(PooledImage { buffer: pool.get(elements)?, layout })
    }

    layout::size!("Elements from the start of a row to the start of the next: `width * C`, rounded up to 64 bytes.");

    /// The picture for reading.
    #[must_use]
    pub fn view(&self) -> ImageView<'_, T, C> {
        ImageView::from_layout(&self.buffer, self.layout)
    }

    /// The picture for writing.
    #[must_use]
    pub fn view_mut(&mut self) -> ImageViewMut<'_, T, C> {
        ImageViewMut::from_layout(&mut self.buffer, self.layout)
    }
}

impl<T: Element, const C: usize> PartialEq for PooledImage<T, C> {
    /// Whether size and pixels are equal.
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl<T: Element + Eq, const C: usize> Eq for PooledImage<T, C> {}

impl<T: Element, const C: usize> fmt::Debug for PooledImage<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
