//! Images as views of rows, and the memory that images and kernels take their room from.
//!
//! An [`ImageView`] is a picture inside somebody's slice: `C` interleaved channels of `T`, rows `stride` elements apart.
//! Any sub-rectangle of one is a view again, without a copy. [`Image`] owns its memory; its rows start on 64 bytes.
//!
//! ```
//! use omnilane::memory::{Image, ImageView};
//!
//! let data: Vec<u8> = (0..24).collect();
//! let view = ImageView::<u8, 3>::new(&data, 4, 2)?;
//! assert_eq!(view.pixel(1, 1), Some([15, 16, 17]));
//!
//! let right = view.subview(2, 0, 2, 2)?;
//! assert_eq!(right.row(0), Some(&data[6..12]));
//!
//! let own: Image<u8, 3> = right.to_image()?;
//! assert_eq!(own.view().pixel(0, 1), Some([18, 19, 20]));
//! # Ok::<(), omnilane::memory::ImageError>(())
//! ```
//!
//! Where the memory comes from:
//!
#![cfg_attr(
    feature = "std",
    doc = "- [`BufferPool`] hands the memory of dropped buffers out again; [`scratch`] is each thread's own."
)]
//! - [`Arena`]: many slices that end together. [`AlignedBuffer`]: one that starts on 64 bytes.
#![cfg_attr(
    feature = "mmap",
    doc = "- [`MmapModel`]: a file's bytes, mapped where that is safe; [`Tensors`]: what a model's file holds."
)]

mod aligned;
mod arena;
mod error;
mod image;
#[cfg(feature = "image")]
mod image_crate;
mod layout;
#[cfg(feature = "mmap")]
pub mod model;
#[cfg(feature = "std")]
pub mod pool;
mod pool_error;
mod raw;
mod rows;
mod view;
mod view_mut;

pub use aligned::AlignedBuffer;
pub use arena::{Arena, ArenaError};
pub use error::ImageError;
pub use image::Image;
#[cfg(feature = "mmap")]
#[doc(inline)]
pub use model::{Advice, Dtype, Metadata, MmapModel, ModelError, TensorElement, TensorView, Tensors};
#[cfg(feature = "std")]
#[doc(inline)]
pub use pool::{
    BufferPool, ClassStats, LeakReport, Outstanding, PoolBuilder, PoolStats, PooledBuffer, PooledImage, PooledUninit,
};
#[cfg(all(feature = "std", not(loom)))]
#[doc(inline)]
pub use pool::{GlobalPools, scratch, scratch_pool};
pub use pool_error::PoolError;
pub use rows::{Rows, RowsMut, for_each_row, zip_rows};
pub use view::ImageView;
pub use view_mut::ImageViewMut;
