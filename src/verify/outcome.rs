//! What a kernel gives, compared.

use crate::lanes::{bf16, f16};
use core::fmt::Debug;

/// What a kernel gives, and how two of them are compared: elements, `bool`, `usize`, and options, arrays, pairs and
/// vectors of such. Implement it for the result of a reduction of your own.
pub trait Outcome: Debug {
    /// The first part that differs from what is wanted by more than `ulps`, if one does.
    ///
    /// With `ulps` 0 the bits are equal, and any NaN equals any NaN. Integers count their difference; no NaN is near a
    /// number.
    fn differs(&self, want: &Self, ulps: u64) -> Option<usize>;

    /// Part `i` for a person to read.
    fn show(&self, i: usize) -> String {
        let _ = i;
        format!("{self:?}")
    }

    /// The number of parts.
    fn parts(&self) -> usize {
        1
    }

    /// Whether all bytes of part `i` are `byte`.
    #[doc(hidden)]
    fn is_filled(&self, i: usize, byte: u8) -> bool {
        let _ = (i, byte);
        false
    }
}

macro_rules! integers {
    ($($t:ty),*) => {$(
        impl Outcome for $t {
            fn differs(&self, want: &Self, ulps: u64) -> Option<usize> {
                (self.abs_diff(*want) as u64 > ulps).then_some(0)
            }
            fn is_filled(&self, _: usize, byte: u8) -> bool { self.to_ne_bytes().iter().all(|b| *b == byte) }
        }
    )*};
}
integers!(u8, i8, u16, i16, u32, i32, u64, i64, usize);

macro_rules! floats {
    ($($t:ty, $bits:ty);*) => {$(
        impl Outcome for $t {
            fn differs(&self, want: &Self, ulps: u64) -> Option<usize> {
                if self.to_bits() == want.to_bits() || (self.is_nan() && want.is_nan()) {
                    return None;
                }
                if ulps == 0 || self.is_nan() || want.is_nan() {
                    return Some(0);
                }
                // The floats in their order, counted from zero.
                let rank = |v: Self| {
                    let (bits, sign) = (v.to_bits(), 1 << (<$bits>::BITS - 1));
                    if bits & sign == 0 { i128::from(bits) } else { -i128::from(bits ^ sign) }
                };
                (rank(*self).abs_diff(rank(*want)) > u128::from(ulps)).then_some(0)
            }
            fn show(&self, _: usize) -> String { format!("{self:?} ({:#x})", self.to_bits()) }
            fn is_filled(&self, _: usize, byte: u8) -> bool { self.to_ne_bytes().iter().all(|b| *b == byte) }
        }
    )*};
}
floats!(f32, u32; f64, u64; f16, u16; bf16, u16);

impl Outcome for bool {
    fn differs(&self, want: &Self, _: u64) -> Option<usize> {
        (self != want).then_some(0)
    }
}

impl<O: Outcome> Outcome for Option<O> {
    fn differs(&self, want: &Self, ulps: u64) -> Option<usize> {
        match (self, want) {
            (Some(a), Some(b)) => a.differs(b, ulps),
            (None, None) => None,
            _ => Some(0),
        }
    }
}

impl<A: Outcome, B: Outcome> Outcome for (A, B) {
    fn differs(&self, want: &Self, ulps: u64) -> Option<usize> {
        self.0.differs(&want.0, ulps).or_else(|| self.1.differs(&want.1, ulps)).map(|_| 0)
    }
}

impl<O: Outcome, const N: usize> Outcome for [O; N] {
    fn differs(&self, want: &Self, ulps: u64) -> Option<usize> {
        self.iter().zip(want).position(|(a, b)| a.differs(b, ulps).is_some())
    }
}

impl<O: Outcome> Outcome for Vec<O> {
    fn differs(&self, want: &Self, ulps: u64) -> Option<usize> {
        let pairs = self.iter().zip(want).position(|(a, b)| a.differs(b, ulps).is_some());
        pairs.or_else(|| (self.len() != want.len()).then(|| self.len().min(want.len())))
    }

    fn show(&self, i: usize) -> String {
        self.get(i).map_or("nothing".into(), |part| part.show(0))
    }

    fn parts(&self) -> usize {
        self.len()
    }

    fn is_filled(&self, i: usize, byte: u8) -> bool {
        self.get(i).is_some_and(|part| part.is_filled(0, byte))
    }
}
