//! The definitions at the register width of another instruction set: what that one is tested against.

use super::{Complete, LaneWord, Registers, Shape, Width};
use crate::cpu::Isa;

/// `S`'s register with every operation left at its definition.
#[derive(Clone, Copy, Debug)]
pub struct Reference<S>(pub S);

impl<S: Complete> Registers for Reference<S> {
    type Reg = S::Reg;
    type Mask = u64;
    const ISA: Isa = S::ISA;
}

impl<S: Complete + Shape<T>, T: bytemuck::Pod> Shape<T> for Reference<S> {
    type Array = <S as Shape<T>>::Array;
}

impl<S: Complete + Shape<B>, B: LaneWord> Width<B> for Reference<S> {
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> u64 {
        bits & <Self as Width<B>>::ALL
    }

    #[inline(always)]
    fn mask_to_bits(self, m: u64) -> u64 {
        m
    }
}

super::all_defaults!(impl[S: Complete] Reference<S>);
