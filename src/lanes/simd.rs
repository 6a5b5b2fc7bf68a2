//! The token that a kernel receives.

use super::{Element, Vector};
use crate::isa::Complete;

/// A zero-sized proof that the CPU has an instruction set; kernels are generic over it.
///
/// Its implementors are the tokens in [`crate::token`]. One is made only by asking the CPU (`Avx2::detect()`), or handed
/// to a [`Kernel`](crate::Kernel) by [`dispatch`](crate::dispatch()), so everything reached through it is safe.
pub trait Simd: Complete {
    /// Every lane `v`.
    #[inline(always)]
    fn splat<T: Element>(self, v: T) -> Vector<Self, T> {
        Vector::splat(self, v)
    }
}

impl<S: Complete> Simd for S {}
