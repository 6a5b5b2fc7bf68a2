//! One lane after the other, in plain Rust: every operation is the contract's definition as it stands.

use super::shape::shapes;
use super::{LaneWord, Registers, Shape, Width};
use crate::cpu::Isa;

/// No instruction set at all: plain loops over 16-byte arrays. The definition that all others must equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scalar(());

impl Scalar {
    /// Always there.
    #[must_use]
    #[inline(always)]
    pub const fn new() -> Self {
        Scalar(())
    }

    /// Always there.
    #[must_use]
    #[inline(always)]
    pub const fn detect() -> Option<Self> {
        Some(Scalar(()))
    }
}

impl Default for Scalar {
    fn default() -> Self {
        Self::new()
    }
}

/// Sixteen bytes, aligned so that an element of any type can be read in place.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(16))]
pub struct Block([u8; 16]);

impl Registers for Scalar {
    type Reg = Block;
    type Mask = u64;
    const ISA: Isa = Isa::Scalar;
}

shapes!(Scalar, 16);

impl<B: LaneWord> Width<B> for Scalar
where
    Self: Shape<B>,
{
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> u64 {
        bits & <Self as Width<B>>::ALL
    }

    #[inline(always)]
    fn mask_to_bits(self, m: u64) -> u64 {
        m
    }
}

super::all_defaults!(impl[] Scalar);
