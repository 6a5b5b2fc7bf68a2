//! Image and tensor kernels on [`omnilane`]'s lanes.
//!
//! Each kernel is one safe function over lanes, compiled for AVX-512, AVX2, SSE4.2, NEON and a portable fallback, and
//! chosen when it is called. All of them return the same bits, for every stride and alignment. A kernel comes in these
//! forms: `name(src)` makes the destination, `name_into(src, dst)` allocates nothing, and with the feature `parallel`
//! `name_parallel` and `name_into_parallel` split the work between threads, with the same bits for every number of them.
//!
//! ```
//! use omnilane::memory::ImageView;
//! use omnilane_kernels::{Threshold, gray_from_rgba, threshold};
//!
//! let pixels = [255, 255, 255, 255, 255, 0, 0, 255, 0, 0, 0, 255];
//! let picture = ImageView::<u8, 4>::new(&pixels, 3, 1)?;
//!
//! let gray = gray_from_rgba(picture);
//! assert_eq!(gray.to_vec(), [255, 76, 0]);
//! assert_eq!(threshold(gray.view(), 75, Threshold::Binary(255)).to_vec(), [255, 255, 0]);
//! # Ok::<(), omnilane::memory::ImageError>(())
//! ```
//!
//! | kernel | from, to | equal to |
//! |---|---|---|
//! | [`gray_from_rgba`], [`gray_from_bgra`], [`gray_from_rgb`], [`gray_from_bgr`] | u8, u8 | OpenCV's `cvtColor`, bit for bit |
//! | [`threshold`] | any number type | OpenCV's `threshold` |
//! | [`mean_std`] | f32, f64 | |
//! | [`normalize`] | f32, f32 | `(x - mean) / (std + 1e-8)` |
//!
//! # Features
//! `std` and `parallel` (the `_parallel` forms) are on by default; `image` gives omnilane's pictures from and into the buffers of
//! the image crate. Without them the crate is `no_std` with `alloc`.

#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "std"), no_std)]
// What the API guidelines ask of a library, and clippy only looks for if it is told to.
#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]
#![warn(clippy::must_use_candidate, clippy::return_self_not_must_use)]
// On docs.rs each item says which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "parallel")]
mod bands;
mod error;
mod gray;
mod normalize;
mod threshold;

pub use error::Error;
pub use gray::{
    gray_from_bgr, gray_from_bgr_into, gray_from_bgra, gray_from_bgra_into, gray_from_rgb, gray_from_rgb_into,
    gray_from_rgba, gray_from_rgba_into,
};
#[cfg(feature = "parallel")]
pub use gray::{
    gray_from_bgr_into_parallel, gray_from_bgr_parallel, gray_from_bgra_into_parallel, gray_from_bgra_parallel,
    gray_from_rgb_into_parallel, gray_from_rgb_parallel, gray_from_rgba_into_parallel, gray_from_rgba_parallel,
};
pub use normalize::{MeanStd, mean_std, normalize, normalize_in_place, normalize_into};
#[cfg(feature = "parallel")]
pub use normalize::{mean_std_parallel, normalize_in_place_parallel, normalize_into_parallel, normalize_parallel};
pub use threshold::{Threshold, threshold, threshold_in_place, threshold_into};
#[cfg(feature = "parallel")]
pub use threshold::{threshold_in_place_parallel, threshold_into_parallel, threshold_parallel};

use omnilane::lanes::Element;
use omnilane::memory::Image;

/// A destination for a kernel's result, as large as its source.
fn destination<T: Element, const C: usize>(width: usize, height: usize) -> Image<T, C> {
    match Image::new(width, height) {
        Ok(image) => image,
        Err(e) => panic!("no memory for the result: {e}"),
    }
}

/// The README's code runs too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The guide's code runs too: each chapter is the documentation of something that only `cargo test` sees.
#[cfg(all(doctest, feature = "parallel"))]
mod guide {
    #[doc = include_str!("../guide/src/why.md")]
    struct Why;
    #[doc = include_str!("../guide/src/first_kernel.md")]
    struct FirstKernel;
    #[doc = include_str!("../guide/src/lanes.md")]
    struct Lanes;
    #[doc = include_str!("../guide/src/dispatch.md")]
    struct Dispatch;
    #[doc = include_str!("../guide/src/images.md")]
    struct Images;
    #[doc = include_str!("../guide/src/quantization.md")]
    struct Quantization;
    #[doc = include_str!("../guide/src/memory.md")]
    struct Memory;
    #[doc = include_str!("../guide/src/parallel.md")]
    struct Threads;
    #[doc = include_str!("../guide/src/batching.md")]
    struct Batching;
    #[doc = include_str!("../guide/src/verify.md")]
    struct Verify;
    #[doc = include_str!("../guide/src/migration.md")]
    struct Migration;
    #[doc = include_str!("../guide/src/platforms.md")]
    struct Platforms;
    #[doc = include_str!("../guide/src/troubleshooting.md")]
    struct Troubleshooting;
    #[doc = include_str!("../guide/src/architecture.md")]
    struct Architecture;
}
