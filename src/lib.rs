//! Write an image, tensor or quantization kernel once, in safe Rust, over lanes; run it on AVX-512, AVX2, SSE4.2, NEON or
//! anything else, with the same bits on all of them.
//!
//! ```
//! use omnilane::kernel;
//! use omnilane::lanes::{LengthError, Simd, map};
//!
//! kernel! {
//!     /// Twice as bright: `min(255, 2 v)`.
//!     pub fn brighten<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
//!         map(simd, src, dst, #[inline(always)] |v| v.saturating_add(v))
//!     }
//! }
//!
//! let mut dst = [0; 4];
//! brighten(&[1, 2, 100, 200], &mut dst)?;
//! assert_eq!(dst, [2, 4, 200, 255]);
//! # Ok::<(), LengthError>(())
//! ```
//!
//! The formula stands there once. [`map`](lanes::map) owns the loop and the tail; [`kernel!`] makes a plain function that picks
//! the instruction set when it is called; `S: Simd` is the proof that the CPU has it, so that no line above is `unsafe`.
//!
//! # Where things are
//! To write a kernel:
//!
//! - [`lanes`]: what it is made of: [`Vector`](lanes::Vector), [`Mask`](lanes::Mask), and loops that own the tail.
//! - [`kernel!`] makes a plain function of it; [`dispatch()`] and [`dispatch_on`] run one that is a type.
#![cfg_attr(feature = "std", doc = "- [`verify`]: your kernel on every instruction set against a plain definition.")]
//! - [`cpu`]: what the CPU has, which instruction set is used, and how to choose another one; [`token`]: their proofs.
//!
//! To work with data:
//!
//! - [`memory`]: views of images and images; buffer pools, arenas, model files.
//! - [`quantize`]: real numbers as small integers, bit-equal to ONNX Runtime.
#![cfg_attr(
    feature = "parallel",
    doc = "- [`parallel`]: maps, pipelines and an executor over threads; streams of frames."
)]
#![cfg_attr(feature = "batch", doc = "- [`batch`]: single requests gathered into batches.")]
//!
//! Image and tensor kernels that are ready are the crate `omnilane-kernels`.
//!
//! # The same bits
//! For the same input an operation, and every kernel made of them, returns the same bits on every instruction set, for every
//! stride, alignment and number of threads. Floats round as IEEE 754 says, there is no fused operation but
//! [`fma`](lanes::Vector::fma), and sums run in a fixed order. Operations that give this up for speed end in `_relaxed`.
//!
//! # Features
//! | feature | brings |
//! |---|---|
//! | `std` (default) | `cpu::with_isa`, the environment's `OMNILANE_ISA`, `verify`, pools; without it `no_std` with `alloc` |
//! | `parallel` (default) | `parallel`: what uses threads |
//! | `mmap` (default) | `memory::model`, and quantization of files |
//! | `batch` (default) | `batch` |
//! | `image` | from and into the buffers of the image crate |
//! | `optimize` | `parallel`, `mmap` and `batch` |

#![cfg_attr(not(feature = "std"), no_std)]
// What the API guidelines ask of a library, and clippy only looks for if it is told to.
#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]
#![warn(clippy::must_use_candidate, clippy::return_self_not_must_use)]
// On docs.rs each item says which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(loom))))]

extern crate alloc;

#[cfg(feature = "batch")]
pub mod batch;
pub mod cpu;
mod dispatch;
mod isa;
mod kernel_macro;
pub mod lanes;
pub mod memory;
#[cfg(feature = "parallel")]
pub mod parallel;
pub mod quantize;
#[cfg(feature = "std")]
pub(crate) mod sync;
#[cfg(feature = "std")]
pub mod verify;

pub use dispatch::{Kernel, dispatch, dispatch_on};

/// The tokens: each is the proof that the CPU has its instruction set, and the way to name it.
///
/// Kernels receive one from [`dispatch()`]; tests and benches make their own with `detect()`.
///
/// ```
/// use omnilane::lanes::{Simd, sum};
/// use omnilane::token::Portable;
///
/// fn total<S: Simd>(simd: S, src: &[i32]) -> i32 {
///     sum(simd, src)
/// }
///
/// assert_eq!(total(Portable::new(), &[1, 2, 3]), 6);
/// # #[cfg(target_arch = "x86_64")]
/// if let Some(avx2) = omnilane::token::Avx2::detect() {
///     assert_eq!(total(avx2, &[1, 2, 3]), 6); // the same, but out of line: a call for each operation
/// }
/// ```
pub mod token {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    pub use crate::isa::avx2::Avx2;
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    pub use crate::isa::avx512::Avx512;
    #[cfg(all(target_arch = "aarch64", target_endian = "little", target_feature = "neon"))]
    pub use crate::isa::neon::Neon;
    pub use crate::isa::portable::Portable;
    #[doc(hidden)]
    pub use crate::isa::reference::Reference;
    pub use crate::isa::scalar::Scalar;
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    pub use crate::isa::sse42::Sse42;
}

/// The README's code runs too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
