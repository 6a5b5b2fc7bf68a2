//! Metrics and observers against their definitions, on every instruction set, and the figures that calibration must reach.

mod degenerate;
mod figures;
mod histograms;
mod metrics;

use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::Random;

fn normal(n: usize) -> Vec<f32> {
    let mut r = Random(5);
    (0..n).map(|_| r.normal() as f32).collect()
}

/// Values of many kinds from a seed.
fn values(seed: u64, n: usize) -> Vec<f32> {
    let mut r = Random(seed);
    let kind = r.next() % 7;
    (0..n)
        .map(|_| match kind {
            0 => r.normal() as f32,
            1 => r.unit() as f32,
            2 => -1e30 * r.unit() as f32,
            3 => f32::from_bits(r.next() as u32),
            4 => f32::from_bits(r.next() as u32 & 0x007f_ffff) * if r.next().is_multiple_of(2) { 1.0 } else { -1.0 },
            5 => 1000.0 + (r.unit() * 1e-3) as f32,
            _ => (r.normal() as f32 * 3.0).round(),
        })
        .collect()
}

/// Every observer gives the same parameters on every instruction set.
#[test]
fn the_same_parameters_on_every_instruction_set() {
    for seed in 0..7 {
        let x = values(seed, 9001);
        let all: Vec<_> = Isa::available()
            .map(|isa| {
                with_isa(isa, || {
                    fn of<O: Observer>(mut o: O, x: &[f32]) -> (QuantParams<u8>, QuantParams<I4>) {
                        o.observe(x);
                        (o.params(), o.params())
                    }
                    let s = [Scheme::Symmetric, Scheme::Asymmetric];
                    (
                        s.map(|s| of(MinMax::new(s), &x)),
                        s.map(|s| of(MovingAverage::new(s), &x)),
                        s.map(|s| of(Percentile::new(s), &x)),
                        s.map(|s| of(MseSearch::new(s), &x)),
                    )
                })
                .unwrap()
            })
            .collect();
        assert!(all.windows(2).all(|w| w[0] == w[1]), "{all:?}");
    }
}
