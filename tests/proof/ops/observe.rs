//! Results as plain bits, so that any two can be compared. A NaN is a NaN: its sign and payload are nobody's promise.

use omnilane::lanes::{Element, Mask, Simd, Vector, bf16, f16};

pub trait Observe {
    fn observe(&self) -> Vec<u64>;
}

pub trait Lane: Observe {
    fn bits(&self) -> u64;
}

macro_rules! lanes {
    ($($t:ty: |$v:ident| $e:expr;)*) => {$(
        impl Lane for $t { fn bits(&self) -> u64 { let $v = *self; $e } }
        impl Observe for $t { fn observe(&self) -> Vec<u64> { vec![self.bits()] } }
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
    fn observe(&self) -> Vec<u64> {
        self.to_array().as_ref().iter().map(Lane::bits).collect()
    }
}

impl<S: Simd, T: Element> Observe for Mask<S, T> {
    #[inline(never)]
    fn observe(&self) -> Vec<u64> {
        let bits = self.to_bits();
        (0..Vector::<S, T>::LANES).map(|i| bits >> i & 1).chain([bits]).collect()
    }
}

impl<O: Observe, const N: usize> Observe for [O; N] {
    fn observe(&self) -> Vec<u64> {
        self.iter().flat_map(Observe::observe).collect()
    }
}

impl<O: Observe> Observe for Option<O> {
    fn observe(&self) -> Vec<u64> {
        self.as_ref().map_or(vec![u64::MAX], Observe::observe)
    }
}

impl<O: Observe> Observe for Vec<O> {
    fn observe(&self) -> Vec<u64> {
        self.iter().flat_map(Observe::observe).collect()
    }
}

impl<A: Observe, B: Observe> Observe for (A, B) {
    fn observe(&self) -> Vec<u64> {
        [self.0.observe(), self.1.observe()].concat()
    }
}
