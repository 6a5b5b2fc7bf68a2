//! Whether a kernel does the same on every instruction set, and what its definition says.
//!
//! A kernel is run on every instruction set of this machine over a grid of sizes, strides, offsets and values: every
//! width from nothing to beyond four of the widest registers, some larger; boundary values (extremes, NaN, infinities,
//! signed zeros, subnormals, ties) and random ones. What it writes must equal a plain definition, bit for bit or within
//! [`ulps`](Check::ulps), and must equal, bit for bit, what it writes on [`Isa::Scalar`](crate::cpu::Isa::Scalar) into
//! rows without gaps. The destination is surrounded by guards and filled with two patterns in two runs, so a byte
//! written outside and a byte never written are both found. The smallest case that fails is what a [`Failure`] tells.
//!
//! ```
//! use omnilane::lanes::{Simd, map};
//! use omnilane::memory::{ImageView, ImageViewMut, zip_rows};
//! use omnilane::verify;
//!
//! omnilane::kernel! {
//!     /// `255 - v` for every channel.
//!     fn invert<S: Simd>(simd: S, src: ImageView<'_, u8, 3>, dst: &mut ImageViewMut<'_, u8, 3>) {
//!         zip_rows(src, dst, #[inline(always)] |src, dst| {
//!             map(simd, src, dst, #[inline(always)] |v| !v).expect("the sizes are equal");
//!         });
//!     }
//! }
//!
//! let report = verify::image::<u8, 3, u8, 3>("invert")
//!     .definition(|src, dst| {
//!         for (src, dst) in src.rows().zip(dst.rows_mut()) {
//!             for (v, out) in src.iter().zip(dst) {
//!                 *out = 255 - v;
//!             }
//!         }
//!     })
//!     .kernel(|src, dst| invert(src, dst))
//!     .check()?;
//! println!("{report}"); // which instruction sets ran, and which could not
//! # Ok::<(), verify::Failure>(())
//! ```
//!
//! | form | the kernel |
//! |---|---|
//! | [`image()`] | `Fn(ImageView<T, C>, &mut ImageViewMut<U, D>)`, pictures of one size |
//! | [`image_in_place`] | `Fn(&mut ImageViewMut<T, C>)` |
//! | [`image_reduce`] | `Fn(ImageView<T, C>) -> R` |
//! | [`slice()`] | `Fn(&[T], &mut [U])`, lengths equal or in a [`ratio`](SliceKernel::ratio) |
//! | [`slice_in_place`] | `Fn(&mut [T])` |
//! | [`slice_reduce`] | `Fn(&[T]) -> R` |
//!
//! A kernel of two sources is a slice kernel of ratio 2 to 1 that splits its source in the middle.
//!
//! The instruction set is chosen by [`with_isa`](crate::cpu::with_isa), which holds on the calling thread: a kernel that
//! hands work to other threads takes the choice along, or is not verified there.

mod canvas;
mod cases;
mod engine;
mod forms;
mod outcome;
mod report;
mod sample;
mod shrink;

pub use engine::Check;
pub use forms::{
    ImageInPlace, ImageKernel, ImageReduction, SliceInPlace, SliceKernel, SliceReduction, image, image_in_place,
    image_reduce, slice, slice_in_place, slice_reduce,
};
pub use outcome::Outcome;
pub use report::{Against, Case, Failure, Place, Placement, Problem, Report, Skipped};
#[doc(hidden)]
pub use sample::Random;
pub use sample::Sample;
