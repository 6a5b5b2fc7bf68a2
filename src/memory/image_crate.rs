//! From and into the buffers of the image crate.
//!
//! ```
//! use omnilane::memory::{Image, ImageView};
//!
//! let photo = image::RgbImage::from_fn(5, 4, |x, y| image::Rgb([x as u8, y as u8, 7]));
//! let view = ImageView::<u8, 3>::from(&photo); // borrows, copies nothing
//! assert_eq!(view.pixel(4, 3), Some([4, 3, 7]));
//!
//! let own = Image::try_from(&photo)?; // its own memory, rows on 64 bytes
//! let back = image::RgbImage::try_from(&own)?;
//! assert_eq!(back, photo);
//! # Ok::<(), omnilane::memory::ImageError>(())
//! ```

use super::layout::Layout;
use super::{Image, ImageError, ImageView, ImageViewMut};
use crate::lanes::Element;
use alloc::vec::Vec;
use image::{ImageBuffer, Luma, LumaA, Pixel, Rgb, Rgba};

/// Rows without a gap, which is what the crate's buffers have.
fn layout<P: Pixel, Container: core::ops::Deref<Target = [P::Subpixel]>>(
    buffer: &ImageBuffer<P, Container>,
    channels: usize,
) -> Layout {
    // The buffer is in memory, so the products fit.
    let (width, height) = (buffer.width() as usize, buffer.height() as usize);
    Layout { width, height, stride: width * channels }
}

macro_rules! conversions {
    ($($pixel:ident $channels:literal),*) => {$(
        impl<'a, T: Element> From<&'a ImageBuffer<$pixel<T>, Vec<T>>> for ImageView<'a, T, $channels>
        where
            $pixel<T>: Pixel<Subpixel = T>,
        {
            /// The same memory.
            fn from(buffer: &'a ImageBuffer<$pixel<T>, Vec<T>>) -> Self {
                ImageView::from_layout(buffer.as_raw(), layout(buffer, $channels))
            }
        }

        impl<'a, T: Element> From<&'a mut ImageBuffer<$pixel<T>, Vec<T>>> for ImageViewMut<'a, T, $channels>
        where
            $pixel<T>: Pixel<Subpixel = T>,
        {
            /// The same memory.
            fn from(buffer: &'a mut ImageBuffer<$pixel<T>, Vec<T>>) -> Self {
                let layout = layout(buffer, $channels);
                ImageViewMut::from_layout(buffer, layout)
            }
        }

        impl<T: Element> TryFrom<&ImageBuffer<$pixel<T>, Vec<T>>> for Image<T, $channels>
        where
            $pixel<T>: Pixel<Subpixel = T>,
        {
            type Error = ImageError;

            /// A copy, whose rows start on 64 bytes; [`ImageError::TooLarge`] if there is no memory for it.
            fn try_from(buffer: &ImageBuffer<$pixel<T>, Vec<T>>) -> Result<Self, ImageError> {
                ImageView::from(buffer).to_image()
            }
        }

        impl<T: Element> TryFrom<ImageBuffer<$pixel<T>, Vec<T>>> for Image<T, $channels>
        where
            $pixel<T>: Pixel<Subpixel = T>,
        {
            type Error = ImageError;

            /// As from a reference.
            fn try_from(buffer: ImageBuffer<$pixel<T>, Vec<T>>) -> Result<Self, ImageError> {
                Self::try_from(&buffer)
            }
        }

        impl<T: Element> TryFrom<ImageView<'_, T, $channels>> for ImageBuffer<$pixel<T>, Vec<T>>
        where
            $pixel<T>: Pixel<Subpixel = T>,
        {
            type Error = ImageError;

            /// A copy without gaps; [`ImageError::TooLarge`] if there is no memory for it, or a side is above 2^32 - 1,
            /// which is as far as the image crate counts.
            fn try_from(view: ImageView<'_, T, $channels>) -> Result<Self, ImageError> {
                let (width, height) = (view.width(), view.height());
                let too_large = ImageError::TooLarge { width, height, channels: $channels };
                let w = u32::try_from(width).map_err(|_| too_large)?;
                let h = u32::try_from(height).map_err(|_| too_large)?;
                ImageBuffer::from_raw(w, h, packed(view).ok_or(too_large)?).ok_or(too_large)
            }
        }

        impl<T: Element> TryFrom<&Image<T, $channels>> for ImageBuffer<$pixel<T>, Vec<T>>
        where
            $pixel<T>: Pixel<Subpixel = T>,
        {
            type Error = ImageError;

            /// As from a view.
            fn try_from(image: &Image<T, $channels>) -> Result<Self, ImageError> {
                Self::try_from(image.view())
            }
        }
    )*};
}
conversions!(Luma 1, LumaA 2, Rgb 3, Rgba 4);

/// The elements row by row.
fn packed<T: Element, const C: usize>(view: ImageView<'_, T, C>) -> Option<Vec<T>> {
    let (row, height) = (view.width() * C, view.height());
    let mut out = Vec::new();
    out.try_reserve_exact(row.checked_mul(height)?).ok()?;
    if row > 0 {
        view.rows().for_each(|row| out.extend_from_slice(row));
    }
    Some(out)
}
