//! `+ - * / & | ^ ! << >>` on vectors.

use super::{Float, Int, Num, Signed, Simd, Vector};
use crate::isa::{Arith, FloatArith, Integer};
use core::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign, Mul, MulAssign,
    Neg, Not, Shl, Shr, Sub, SubAssign,
};

macro_rules! binary {
    ($($trait:ident $f:ident, $assign:ident $g:ident, $bound:ident, |$a:ident, $b:ident| $e:expr;)*) => {$(
        impl<S: Simd, T: $bound> $trait for Vector<S, T> {
            type Output = Self;
            #[inline(always)]
            fn $f(self, rhs: Self) -> Self {
                let ($a, $b) = (self, rhs);
                Self::new(self.simd, $e)
            }
        }
        impl<S: Simd, T: $bound> $assign for Vector<S, T> {
            #[inline(always)]
            fn $g(&mut self, rhs: Self) {
                *self = $trait::$f(*self, rhs);
            }
        }
    )*};
}
binary! {
    Add add, AddAssign add_assign, Num, |a, b| T::arith(a.simd).add(a.reg, b.reg);
    Sub sub, SubAssign sub_assign, Num, |a, b| T::arith(a.simd).sub(a.reg, b.reg);
    Mul mul, MulAssign mul_assign, Num, |a, b| T::arith(a.simd).mul(a.reg, b.reg);
    Div div, DivAssign div_assign, Float, |a, b| T::float(a.simd).div(a.reg, b.reg);
    BitAnd bitand, BitAndAssign bitand_assign, Int, |a, b| a.simd.and(a.reg, b.reg);
    BitOr bitor, BitOrAssign bitor_assign, Int, |a, b| a.simd.or(a.reg, b.reg);
    BitXor bitxor, BitXorAssign bitxor_assign, Int, |a, b| a.simd.xor(a.reg, b.reg);
}

impl<S: Simd, T: Signed> Neg for Vector<S, T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(self.simd, T::arith(self.simd).neg(self.reg))
    }
}

impl<S: Simd, T: Num> Vector<S, T> {
    /// `0 - self`, wrapping; what `-` is to signed numbers, for unsigned ones too. Floats flip the sign.
    #[inline(always)]
    pub fn wrapping_neg(self) -> Self {
        Self::new(self.simd, T::arith(self.simd).neg(self.reg))
    }
}

impl<S: Simd, T: Int> Not for Vector<S, T> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self::new(self.simd, self.simd.not(self.reg))
    }
}

/// By a count: 0 from the width on.
impl<S: Simd, T: Int> Shl<u32> for Vector<S, T> {
    type Output = Self;
    #[inline(always)]
    fn shl(self, n: u32) -> Self {
        Self::new(self.simd, T::integer(self.simd).shl(self.reg, n))
    }
}

/// By a count, arithmetically if signed: 0 (or the sign) from the width on.
impl<S: Simd, T: Int> Shr<u32> for Vector<S, T> {
    type Output = Self;
    #[inline(always)]
    fn shr(self, n: u32) -> Self {
        Self::new(self.simd, T::integer(self.simd).shr(self.reg, n))
    }
}
