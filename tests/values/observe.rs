//! Results as plain bits, so that any two can be compared.

use omnilane::lanes::{Element, Mask, Simd, Vector, bf16, f16};

/// A result that can be compared.
pub trait Observe {
    /// Its bits, at the end of `out`.
    fn observe_into(&self, out: &mut Vec<u64>);

    /// Its bits.
    fn observe(&self) -> Vec<u64> {
        let mut out = Vec::new();
        self.observe_into(&mut out);
        out
    }
}

/// What can be seen of a lane.
pub trait Lane: Observe + Sized {
    /// Its bits. A NaN is a NaN: its sign and payload are nobody's promise.
    fn bits(&self) -> u64;
    /// The bits of each lane, at the end of `out`.
    fn push_bits(lanes: &[Self], out: &mut Vec<u64>);
}

macro_rules! lanes {
    ($($t:ty: |$v:ident| $e:expr;)*) => {$(
        impl Lane for $t {
            fn bits(&self) -> u64 { let $v = *self; $e }
            fn push_bits(lanes: &[Self], out: &mut Vec<u64>) { out.extend(lanes.iter().map(Lane::bits)) }
        }
        impl Observe for $t {
            fn observe_into(&self, out: &mut Vec<u64>) { out.push(self.bits()) }
        }
    )*};
}
lanes! {
    u8: |v| u64::from(v); i8: |v| v as u8 as u64; u16: |v| u64::from(v); i16: |v| v as u16 as u64;
    u32: |v| u64::from(v); i32: |v| v as u32 as u64; u64: |v| v; i64: |v| v as u64; usize: |v| v as u64; bool: |v| u64::from(v);
    f32: |v| if v.is_nan() { 0x7fc0_0000 } else { u64::from(v.to_bits()) };
    f64: |v| if v.is_nan() { 0x7ff8 << 48 } else { v.to_bits() };
    f16: |v| if v.is_nan() { 0x7e00 } else { u64::from(v.to_bits()) };
    bf16: |v| if v.is_nan() { 0x7fc0 } else { u64::from(v.to_bits()) };
}

impl<S: Simd, T: Element + Lane> Observe for Vector<S, T> {
    #[inline(never)] // compiled once, not with every operation
    fn observe_into(&self, out: &mut Vec<u64>) {
        T::push_bits(self.to_array().as_ref(), out);
    }
}

impl<S: Simd, T: Element> Observe for Mask<S, T> {
    #[inline(never)]
    fn observe_into(&self, out: &mut Vec<u64>) {
        out.extend([Vector::<S, T>::LANES as u64, self.to_bits()]);
    }
}

impl<O: Observe, const N: usize> Observe for [O; N] {
    fn observe_into(&self, out: &mut Vec<u64>) {
        self.iter().for_each(|o| o.observe_into(out));
    }
}

impl<O: Observe> Observe for Option<O> {
    fn observe_into(&self, out: &mut Vec<u64>) {
        match self {
            Some(some) => some.observe_into(out),
            None => out.push(u64::MAX),
        }
    }
}

impl<T: Lane> Observe for Vec<T> {
    fn observe_into(&self, out: &mut Vec<u64>) {
        T::push_bits(self, out);
    }
}

impl<A: Observe, B: Observe> Observe for (A, B) {
    fn observe_into(&self, out: &mut Vec<u64>) {
        self.0.observe_into(out);
        self.1.observe_into(out);
    }
}
