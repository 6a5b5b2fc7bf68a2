//! Histograms against their text, in any order of their parts, and quantiles of them.

use crate::{normal, values};
use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::Random;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;
use std::collections::BTreeMap;

/// The histogram from its text: the exponent of the whole set, then every value.
fn histogram(values: &[f32], magnitudes: bool) -> (f64, BTreeMap<i64, u64>) {
    let values: Vec<f32> =
        values.iter().filter(|v| v.is_finite()).map(|v| if magnitudes { v.abs() } else { *v }).collect();
    let number = |v: f32, e: i32| {
        let k = (f64::from(v.abs()) / 2f64.powi(e)) as i64;
        if v < 0.0 { -1 - k } else { k }
    };
    let absmax = values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let (mut low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    if magnitudes {
        low = 0.0;
    }
    // The spacing of f32 at the largest magnitude.
    let spacing = f64::from(absmax.next_up()) - f64::from(absmax);
    let spacing = if absmax == f32::MAX { 2f64.powi(104) } else { spacing };
    let mut e = spacing.log2() as i32;
    while number(high, e) - number(low, e) >= 2048 {
        e += 1;
    }
    let mut bins = BTreeMap::new();
    for v in values {
        *bins.entry(number(v, e)).or_default() += 1;
    }
    (2f64.powi(e), bins)
}

fn check_histogram(values: &[f32]) {
    for magnitudes in [false, true] {
        let empty = if magnitudes { Histogram::of_magnitudes() } else { Histogram::new() };
        for isa in Isa::available() {
            let mut got = empty.clone();
            with_isa(isa, || got.observe(values)).unwrap();
            if !values.iter().any(|v| v.is_finite()) {
                assert_eq!((got.bin_width(), got.bins().count(), got.min_max()), (0.0, 0, None));
                continue;
            }
            let (width, want) = histogram(values, magnitudes);
            assert_eq!(got.bin_width(), width, "{isa}: {values:?}");
            let full: BTreeMap<i64, u64> =
                got.bins().filter(|b| b.1 > 0).map(|(start, n)| ((start / width) as i64, n)).collect();
            assert_eq!(full, want, "{isa}: {values:?}");
            assert!(got.bins().count() <= 2048);
        }
    }
}

#[test]
fn histograms_are_what_they_say() {
    for seed in 0..21 {
        for n in [0, 1, 2, 17, 500, 5000] {
            check_histogram(&values(seed, n));
        }
    }
    // Long enough for the copies of the bins, with ranges that grow on the way.
    let mut growing = normal(9000);
    growing[5000] = -1e6;
    growing[8999] = 3e38;
    check_histogram(&growing);
    // More of one value than 16 bits count in any copy, and a range that grows afterwards.
    let mut many = vec![1.5; 4 * 65536 + 4096];
    many.push(-1e6);
    check_histogram(&many);
    let tiny = f32::from_bits(1);
    check_histogram(&[0.0, -0.0, tiny, -tiny, f32::MAX, f32::MIN]);
    check_histogram(&[f32::NAN, f32::INFINITY, 1.0, f32::NEG_INFINITY, -2.0]);
    check_histogram(&[f32::NAN; 3]);
}

/// NumPy's percentile (linear) of sorted values.
fn exact_quantile(sorted: &[f32], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let (low, part) = (position.floor() as usize, position.fract());
    let high = (low + 1).min(sorted.len() - 1);
    f64::from(sorted[low]) * (1.0 - part) + f64::from(sorted[high]) * part
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::with_failure_persistence(WithSource("regressions")) })]

    /// Whatever the parts, and whatever the order of merging, the result is that of all values at once, to the bit.
    #[test]
    fn parts_merge_in_any_order(seed in any::<u64>(), n in 1usize..12_000, parts in 1usize..9, order in any::<u64>()) {
        fn check<O: Merge + Clone + PartialEq + std::fmt::Debug>(empty: O, values: &[f32], parts: usize, order: u64) {
            let mut whole = empty.clone();
            whole.observe(values);
            let mut observers: Vec<O> = vec![empty; parts];
            let mut r = Random(order);
            let mut rest = values;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(1 + r.next() as usize % rest.len());
                observers[r.next() as usize % parts].observe(now);
                rest = later;
            }
            // A random tree of merges.
            while observers.len() > 1 {
                let from = observers.swap_remove(r.next() as usize % observers.len());
                let to = r.next() as usize % observers.len();
                observers[to].merge(&from).unwrap();
            }
            assert_eq!(observers[0], whole);
            assert_eq!(observers[0].params::<u8>(), whole.params::<u8>());
        }
        let values = values(seed, n);
        for scheme in [Scheme::Asymmetric, Scheme::Symmetric] {
            check(MinMax::new(scheme), &values, parts, order);
            check(Percentile::new(scheme), &values, parts, order);
            check(MseSearch::new(scheme), &values, parts, order);
        }
    }

    #[test]
    fn quantiles_are_within_a_bin(seed in any::<u64>(), n in 1usize..3000, q in 0.0f64..=1.0) {
        let values = values(seed, n);
        for magnitudes in [false, true] {
            let mut h = if magnitudes { Histogram::of_magnitudes() } else { Histogram::new() };
            h.observe(&values);
            let mut sorted: Vec<f32> =
                values.iter().filter(|v| v.is_finite()).map(|v| if magnitudes { v.abs() } else { *v }).collect();
            sorted.sort_by(f32::total_cmp);
            if sorted.is_empty() {
                prop_assert_eq!(h.quantile(q), None);
                continue;
            }
            for q in [q, 1.0, 0.9999, 0.5] {
                let (got, want) = (f64::from(h.quantile(q).unwrap()), exact_quantile(&sorted, q));
                let rounding = 1e-6 * want.abs();
                prop_assert!((got - want).abs() <= h.bin_width() + rounding, "{} for {}", got, want);
            }
            prop_assert_eq!(h.quantile(1.0), sorted.last().map(|v| v + 0.0));
        }
    }
}
