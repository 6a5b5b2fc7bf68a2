//! What a kernel author reads: registers as lanes of an element, and the loops that carry them over slices.
//!
//! A kernel is a function generic over a token `S: `[`Simd`], the proof that the CPU has an instruction set. The token
//! makes [`Vector`]s, one register read as [`LANES`](Vector::LANES) lanes of an [`Element`]; comparing two gives a
//! [`Mask`]. Every operation means the same, bit for bit, on every instruction set.
//!
//! ```
//! use omnilane::lanes::{Simd, Vector, map};
//!
//! /// `255 - x` over one vector.
//! #[inline(always)]
//! fn invert<S: Simd>(v: Vector<S, u8>) -> Vector<S, u8> {
//!     !v
//! }
//!
//! omnilane::kernel! {
//!     /// Inverts a picture's bytes.
//!     fn invert_all<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), omnilane::lanes::LengthError> {
//!         map(simd, src, dst, #[inline(always)] |v| invert(v))
//!     }
//! }
//!
//! let mut dst = [0; 3];
//! invert_all(&[0, 1, 255], &mut dst)?;
//! assert_eq!(dst, [255, 254, 0]);
//! # Ok::<(), omnilane::lanes::LengthError>(())
//! ```
//!
//! | to | use |
//! |---|---|
//! | make each element of one or two slices | [`map`], [`map_in_place`], [`zip_map`]; [`map_streamed`] past the caches |
//! | change the width or the number of elements | [`map_blocks`] |
//! | make one value of a slice | [`reduce`], [`sum`], [`min`], [`max`], [`count`], [`find`] |
//! | look at a slice vector by vector | [`for_each`] |
//! | walk a picture's rows | [`for_each_row`](crate::memory::for_each_row), [`zip_rows`](crate::memory::zip_rows) |
//!
//! **The one rule.** Every function between a kernel's entry and a lane operation is `#[inline(always)]`, and so is every
//! closure, written where it is used: `map(simd, src, dst, #[inline(always)] |v| ...)`. A function left out of line is
//! compiled without the instruction set, and each operation in it becomes a call.

mod convert;
mod drivers;
mod element;
mod error;
mod mask;
mod math;
mod operators;
mod reductions;
mod shuffle;
mod simd;
mod vector;

pub use convert::{Narrow, ToFloat, ToInt, Widen};
pub use drivers::{STREAM_FROM, for_each, map, map_blocks, map_in_place, map_streamed, zip_map};
pub use element::{Element, Float, Int, Num, Saturating, Signed, Word};
pub use error::LengthError;
pub use half::{bf16, f16};
pub use mask::Mask;
pub use reductions::{count, find, max, min, reduce, sum};
pub use shuffle::{Gathered, stream_fence, transpose_square};
pub use simd::Simd;
pub use vector::{Array, Vector};
