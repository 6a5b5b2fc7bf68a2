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
//! - [`lanes`]: what a kernel is made of: [`Vector`](lanes::Vector), [`Mask`](lanes::Mask), and loops that own the tail.
//! - [`kernel!`] makes a plain function of a kernel; [`dispatch()`] and [`dispatch_on`] run one that is a type.
//! - [`cpu`]: what the CPU has, which instruction set is used, and how to choose another one.
//! - [`memory`]: views of images and images; buffer pools, arenas, model files.
//! - [`quantize`]: real numbers as small integers, bit-equal to ONNX Runtime.
#![cfg_attr(feature = "batch", doc = "- [`batch`]: single requests gathered into batches.")]
#![cfg_attr(feature = "std", doc = "- [`verify`]: your kernel on every instruction set against a plain definition.")]
#![cfg_attr(
    feature = "parallel",
    doc = "- [`parallel`]: maps, pipelines and an executor over threads; streams of frames."
)]
//!
//! The kernels themselves are the crate `omnilane-kernels`.
//!
//! # Features
//! `std` (default): [`with_isa`](cpu::with_isa), the environment's `OMNILANE_ISA`, and what only the
//! operating system knows. Without it the crate is `no_std` with `alloc`.
//!
//! All default: `parallel`, what uses threads; `mmap`, model files; `batch`, the batcher; `optimize` is all three. Not
//! default: `image`, from and into the buffers of the image crate.

#![cfg_attr(not(feature = "std"), no_std)]
// On docs.rs each item says which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

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
