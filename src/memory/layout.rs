//! The arithmetic of a picture in a slice, checked once.

use super::ImageError;

/// Width, height and stride that are known to fit; all products of them are below `usize::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub width: usize,
    pub height: usize,
    pub stride: usize,
}

impl Layout {
    /// Checks a picture of `channels`, with rows `stride` elements apart, against a slice of `len` elements.
    #[inline]
    pub fn new(len: usize, width: usize, height: usize, stride: usize, channels: usize) -> Result<Layout, ImageError> {
        let too_large = ImageError::TooLarge { width, height, channels };
        let row = width.checked_mul(channels).ok_or(too_large)?;
        if stride < row {
            return Err(ImageError::StrideTooSmall { stride, row });
        }
        let needed = needed(row, height, stride).ok_or(too_large)?;
        if len < needed {
            return Err(ImageError::DataTooShort { got: len, needed });
        }
        Ok(Layout { width, height, stride })
    }

    /// Elements from the first of the picture to its last.
    #[inline(always)]
    pub fn needed(&self, channels: usize) -> usize {
        match self.height {
            0 => 0,
            h => (h - 1) * self.stride + self.width * channels,
        }
    }

    /// Whether the rows follow each other without a gap.
    #[inline(always)]
    pub fn is_contiguous(&self, channels: usize) -> bool {
        self.height <= 1 || self.stride == self.width * channels
    }

    /// Every channel a pixel of its own.
    #[inline(always)]
    pub fn elements(self, channels: usize) -> Layout {
        Layout { width: self.width * channels, ..self }
    }

    /// Where the rectangle starts, and its layout.
    pub fn sub(
        &self,
        x: usize,
        y: usize,
        width: usize,
        height: usize,
        channels: usize,
    ) -> Result<(usize, Layout), ImageError> {
        let inside = |start: usize, size: usize, all: usize| start.checked_add(size).is_some_and(|end| end <= all);
        if !inside(x, width, self.width) || !inside(y, height, self.height) {
            let (image_width, image_height) = (self.width, self.height);
            return Err(ImageError::OutOfBounds { x, y, width, height, image_width, image_height });
        }
        // An empty rectangle may sit below the last row, where the offset would be past the end.
        let start = if width == 0 || height == 0 { 0 } else { y * self.stride + x * channels };
        Ok((start, Layout { width, height, stride: self.stride }))
    }

    /// The index of the pixel's first channel.
    pub fn index(&self, x: usize, y: usize, channels: usize) -> Option<usize> {
        (x < self.width && y < self.height).then(|| y * self.stride + x * channels)
    }

    /// A picture whose rows start on multiples of `unit` elements, and the elements that it takes.
    pub fn with_rows_on(unit: usize, width: usize, height: usize, channels: usize) -> Option<(Layout, usize)> {
        let row = width.checked_mul(channels)?;
        // A picture without rows needs no memory, however wide it is.
        let stride = row.checked_next_multiple_of(unit).or((height == 0).then_some(row))?;
        Some((Layout { width, height, stride }, needed(row, height, stride)?))
    }
}

/// The size of a picture whose field `layout` has it.
macro_rules! size {
    ($stride:literal) => {
        /// Pixels in a row.
        #[inline(always)]
        #[must_use]
        pub fn width(&self) -> usize {
            self.layout.width
        }

        /// Rows.
        #[inline(always)]
        #[must_use]
        pub fn height(&self) -> usize {
            self.layout.height
        }

        #[doc = $stride]
        #[inline(always)]
        #[must_use]
        pub fn stride(&self) -> usize {
            self.layout.stride
        }
    };
}
pub(super) use size;

/// Elements of `height` rows; the last row needs no padding.
#[inline(always)]
fn needed(row: usize, height: usize, stride: usize) -> Option<usize> {
    match height {
        0 => Some(0),
        h => (h - 1).checked_mul(stride)?.checked_add(row),
    }
}
