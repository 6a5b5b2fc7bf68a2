//! What an image refuses.

/// Why a view or an image cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// There is not that much memory, or no address for it.
    #[error("width, height: {width} x {height} pixels of {channels} channels are more than there is memory for")]
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Channels in a pixel.
        channels: usize,
    },
    /// Rows would overlap.
    #[error("stride: {stride} elements, but a row has {row} (width times channels)")]
    StrideTooSmall {
        /// The stride that was given.
        stride: usize,
        /// Elements in a row.
        row: usize,
    },
    /// The slice ends inside the picture.
    #[error("data: {got} elements, but the picture needs {needed}")]
    DataTooShort {
        /// Elements in the slice.
        got: usize,
        /// Elements that the picture needs.
        needed: usize,
    },
    /// The rectangle reaches outside the picture.
    #[error("subview: {width} x {height} at ({x}, {y}) reaches outside {image_width} x {image_height} pixels")]
    OutOfBounds {
        /// The rectangle's left edge.
        x: usize,
        /// The rectangle's top edge.
        y: usize,
        /// The rectangle's width.
        width: usize,
        /// The rectangle's height.
        height: usize,
        /// The picture's width.
        image_width: usize,
        /// The picture's height.
        image_height: usize,
    },
}
