//! What a kernel refuses.

use omnilane::memory::{ImageView, ImageViewMut};

/// Why a kernel did nothing: the destination is then as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Source and destination are not of the size that the kernel needs.
    #[error("dst: {width} x {height} pixels, it must be {expected_width} x {expected_height}, as src")]
    SizeMismatch {
        /// The destination's width.
        width: usize,
        /// The destination's height.
        height: usize,
        /// The width that it must have.
        expected_width: usize,
        /// The height that it must have.
        expected_height: usize,
    },
}

impl Error {
    /// An error unless both pictures have the same size.
    pub(crate) fn check_size<T, U, const C: usize, const D: usize>(
        src: &ImageView<'_, T, C>,
        dst: &ImageViewMut<'_, U, D>,
    ) -> Result<(), Error>
    where
        T: omnilane::lanes::Element,
        U: omnilane::lanes::Element,
    {
        let (width, height) = (dst.width(), dst.height());
        let (expected_width, expected_height) = (src.width(), src.height());
        if (width, height) == (expected_width, expected_height) {
            Ok(())
        } else {
            Err(Error::SizeMismatch { width, height, expected_width, expected_height })
        }
    }
}
