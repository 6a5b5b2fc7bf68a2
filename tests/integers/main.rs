//! Integer products and requantization against 64 and 128 bits, on every instruction set.

#[path = "../oracle/integers.rs"]
mod definition;
mod products;
mod refusals;
mod requantized;

use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::{Random, Sample};

type Size = (usize, usize, usize);

/// Everything that goes into a product; `z` has one element or `n`.
struct Product<A> {
    size: Size,
    x: Vec<A>,
    zero_point: A,
    w: Vec<i8>,
    z: Vec<i8>,
    bias: Vec<i32>,
}

impl<A: Activation + Sample + Into<i64>> Product<A> {
    /// Every choice from a seed.
    fn random(size: Size, seed: u64) -> Self {
        let (m, k, n) = size;
        let mut r = Random(seed);
        let z = match r.next() % 3 {
            0 => vec![0],
            1 => i8::mixed(r.next(), 1),
            _ => i8::mixed(r.next(), n),
        };
        Product {
            size,
            x: A::mixed(r.next(), m * k),
            zero_point: if r.next().is_multiple_of(2) { A::default() } else { A::random(&mut r) },
            w: i8::mixed(r.next(), k * n),
            z,
            bias: if r.next().is_multiple_of(2) { vec![0; n] } else { i32::mixed(r.next(), n) },
        }
    }

    /// The weights as they are packed where sums of two products saturate, and elsewhere, for each instruction set.
    fn packed(&self) -> Vec<(PackedWeights, [Isa; 2])> {
        let (_, k, n) = self.size;
        let pack = |isa| with_isa(isa, || PackedWeights::new(&self.w, k, n).unwrap()).unwrap();
        let kinds = [Isa::Scalar, Isa::Sse42].into_iter().filter(|isa| isa.is_available());
        let kinds = kinds.map(|isa| (pack(isa).with_zero_points(&self.z).unwrap().with_bias(&self.bias).unwrap(), isa));
        kinds.flat_map(|(weights, packed)| Isa::available().map(move |isa| (weights.clone(), [packed, isa]))).collect()
    }

    /// Whether each form gives the definition on each instruction set.
    fn check(&self) {
        let (m, k, n) = self.size;
        let want = definition::matmul(self.size, (&self.x, self.zero_point), (&self.w, &self.z), &self.bias);
        let want: Vec<i32> = want.into_iter().map(|v| v as i32).collect(); // wraps, as it is documented to
        let x = MatrixView::new(&self.x, m, k).unwrap();
        for (weights, [packed, isa]) in self.packed() {
            with_isa(isa, || {
                let mut out = vec![77; m * n];
                matmul_into(x, self.zero_point, &weights, &mut out).unwrap();
                assert_eq!(out, want, "{} on {isa}, packed on {packed}, {m} x {k} x {n}", A::NAME);
                if m == 1 {
                    assert_eq!(matvec(&self.x, self.zero_point, &weights).unwrap(), want, "matvec on {isa}");
                }
            })
            .unwrap();
        }
    }
}

fn check(size: Size, seed: u64) {
    Product::<u8>::random(size, seed).check();
    Product::<i8>::random(size, seed).check();
}
