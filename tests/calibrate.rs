//! Metrics and observers against their definitions, on every instruction set, and the figures that calibration must reach.

use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::{bf16, f16};
use omnilane::quantize::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Numerical Recipes' generator.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 11
    }

    /// 0..1
    fn unit(&mut self) -> f64 {
        (self.next() as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Box and Muller.
    fn normal(&mut self) -> f32 {
        ((-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()) as f32
    }
}

fn normal(n: usize) -> Vec<f32> {
    let mut r = Lcg(5);
    (0..n).map(|_| r.normal()).collect()
}

/// The bits, any NaN as one.
fn bits(v: f64) -> u64 {
    if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() }
}

/// What `Comparison` says that it does: 16 lanes of f64, folded by halves after every 65536 elements.
fn in_its_order(x: &[f32], y: &[f32]) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for (x, y) in x.chunks(1 << 16).zip(y.chunks(1 << 16)) {
        let mut lanes = [[0.0; 16]; 4];
        for (i, (x, y)) in x.iter().zip(y).enumerate() {
            let (x, y) = (f64::from(*x), f64::from(*y));
            for (k, term) in [(x - y) * (x - y), x * x, x * y, y * y].into_iter().enumerate() {
                lanes[k][i % 16] += term;
            }
        }
        for (sum, mut lanes) in sums.iter_mut().zip(lanes) {
            for n in [8, 4, 2, 1] {
                for i in 0..n {
                    lanes[i] += lanes[i + n];
                }
            }
            *sum += lanes[0];
        }
    }
    sums
}

fn check_metrics(x: &[f32], y: &[f32]) {
    let [noise, signal, dot, other] = in_its_order(x, y);
    let mse = noise / x.len() as f64;
    let sqnr = if noise == 0.0 { f64::INFINITY } else { 10.0 * (signal / noise).log10() };
    let cosine = match (signal == 0.0, other == 0.0) {
        (true, true) => 1.0,
        (false, false) => (dot / (signal.sqrt() * other.sqrt())).clamp(-1.0, 1.0),
        _ => 0.0,
    };
    let errors = x.iter().zip(y).map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs());
    let max = errors.fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a });
    for isa in Isa::available() {
        let got = with_isa(isa, || Comparison::of(x, y)).unwrap().unwrap();
        assert_eq!(bits(got.mse().unwrap()), bits(mse), "{isa}: {} elements", x.len());
        assert_eq!(bits(got.max_error().unwrap()), bits(max), "{isa}: {} elements", x.len());
        assert_eq!(bits(got.cosine().unwrap()), bits(cosine), "{isa}: {} elements", x.len());
        // Two logarithms, ours and the system's.
        let got = got.sqnr().unwrap();
        assert!(bits(got) == bits(sqnr) || (got - sqnr).abs() < 1e-9, "{isa}: {got} dB, wanted {sqnr}");
    }
}

#[test]
fn metrics_in_a_fixed_order() {
    let (x, y) = (normal(140_000), normal(140_001));
    for n in (1..70).chain([4095, 65_535, 65_536, 65_537, 140_000]) {
        check_metrics(&x[..n], &y[1..n + 1]);
    }
}

#[test]
fn metrics_of_special_values() {
    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), -0.0] {
        for n in [1, 5, 16, 40] {
            let mut x = vec![1.0f32; n];
            x[n - 1] = special;
            check_metrics(&x, &x);
            check_metrics(&x, &vec![1.0; n]);
            check_metrics(&vec![1.0; n], &x);
            check_metrics(&vec![0.0; n], &x);
            check_metrics(&x, &vec![0.0; n]);
        }
    }
    check_metrics(&[0.0; 20], &[0.0; 20]);
    assert_eq!(sqnr(&[0.0], &[1.0]).unwrap(), Some(f64::NEG_INFINITY));
    assert_eq!(sqnr(&[0.0; 3], &[0.0; 3]).unwrap(), Some(f64::INFINITY));
}

#[test]
fn metrics_of_nothing_and_of_other_lengths() {
    assert_eq!(quantization_error(&[], &[]).unwrap(), None);
    assert_eq!(max_error(&[], &[]).unwrap(), None);
    assert_eq!(cosine_similarity(&[], &[]).unwrap(), None);
    assert_eq!(sqnr(&[], &[]).unwrap(), None);
    let error = sqnr(&[1.0, 2.0], &[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "restored: its length is 1, it must be 2");
    let mut parts = Comparison::default();
    parts.push(&[1.0], &[2.0]).unwrap();
    assert!(parts.push(&[1.0], &[]).is_err());
    assert_eq!((parts.len(), parts.mse()), (1, Some(1.0)));
}

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

/// Values of many kinds from a seed.
fn values(seed: u64, n: usize) -> Vec<f32> {
    let mut r = Lcg(seed);
    let kind = r.next() % 7;
    (0..n)
        .map(|_| match kind {
            0 => r.normal(),
            1 => r.unit() as f32,
            2 => -1e30 * r.unit() as f32,
            3 => f32::from_bits(r.next() as u32),
            4 => f32::from_bits(r.next() as u32 & 0x007f_ffff) * if r.next().is_multiple_of(2) { 1.0 } else { -1.0 },
            5 => 1000.0 + (r.unit() * 1e-3) as f32,
            _ => (r.normal() * 3.0).round(),
        })
        .collect()
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
    let tiny = f32::from_bits(1);
    check_histogram(&[0.0, -0.0, tiny, -tiny, f32::MAX, f32::MIN]);
    check_histogram(&[f32::NAN, f32::INFINITY, 1.0, f32::NEG_INFINITY, -2.0]);
    check_histogram(&[f32::NAN; 3]);
}

#[test]
fn nan_and_infinities_are_counted() {
    let mut values = normal(20_000);
    for (i, special) in [(0, f32::NAN), (4096, f32::INFINITY), (8191, -f32::NAN), (19_999, f32::NEG_INFINITY)] {
        values[i] = special;
    }
    let finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    fn check<O: Observer>(new: impl Fn(Scheme) -> O, values: &[f32], finite: &[f32]) {
        for scheme in [Scheme::Asymmetric, Scheme::Symmetric] {
            let (mut with, mut without) = (new(scheme), new(scheme));
            with.observe(values);
            without.observe(finite);
            assert_eq!(with.counts(), Counts { finite: 19_996, nan: 2, infinite: 2 });
            assert_eq!(without.counts(), Counts { finite: 19_996, nan: 0, infinite: 0 });
            assert_eq!(with.params::<u8>(), without.params::<u8>());
            assert_eq!(with.params::<I4>(), without.params::<I4>());
        }
    }
    check(MinMax::new, &values, &finite);
    check(MovingAverage::new, &values, &finite);
    check(Percentile::new, &values, &finite);
    check(MseSearch::new, &values, &finite);
    check(KlDivergence::new, &values, &finite);
}

/// Every observer on values that have no range, or hardly any.
#[test]
fn degenerate_values() {
    fn check<O: Observer + Clone + PartialEq + std::fmt::Debug>(new: impl Fn(Scheme) -> O) {
        for isa in Isa::available() {
            with_isa(isa, || {
                for none in [&[][..], &[f32::NAN], &[f32::INFINITY, f32::NEG_INFINITY], &[0.0; 9], &[-0.0], &[1e-45]] {
                    let mut o = new(Scheme::Asymmetric);
                    o.observe(none);
                    let params = o.params::<i8>();
                    assert_eq!((params.scale(), params.zero_point()), (1.0, 0), "{isa}: {none:?}");
                    let mut o = new(Scheme::Symmetric);
                    o.observe(none);
                    let params = o.params::<i8>();
                    assert_eq!((params.scale(), params.zero_point()), (1.0, 0), "{isa}: {none:?}");
                }
                // A constant is an end of the range, and comes back.
                for c in [1.0f32, -1.0, 255.0, -3e38, 1e-30, 0.1] {
                    for n in [1, 100] {
                        let mut o = new(Scheme::Asymmetric);
                        o.observe(&vec![c; n]);
                        assert_eq!(o.limits::<u8>(CodeRange::Full), Some((c, c)), "{isa}: {o:?}");
                        let params = o.params::<u8>();
                        let back = params.dequantize(params.quantize(c));
                        assert!((back - c).abs() <= 1e-6 * c.abs(), "{isa}: {c} became {back}");
                        let mut o = new(Scheme::Symmetric);
                        o.observe(&vec![c; n]);
                        assert_eq!(o.limits::<u8>(CodeRange::Full), Some((-c.abs(), c.abs())), "{isa}: {o:?}");
                    }
                }
            })
            .unwrap();
        }
    }
    check(MinMax::new);
    check(MovingAverage::new);
    check(Percentile::new);
    check(MseSearch::new);
    check(KlDivergence::new);
}

#[test]
fn halves_count_as_what_they_are() {
    let values = normal(10_000);
    let half: Vec<f16> = values.iter().map(|v| f16::from_f32(*v)).collect();
    let brain: Vec<bf16> = values.iter().map(|v| bf16::from_f32(*v)).collect();
    let (mut a, mut b) = (Percentile::new(Scheme::Symmetric), Percentile::new(Scheme::Symmetric));
    a.observe(&half);
    a.observe(&brain);
    b.observe(&half.iter().map(|v| v.to_f32()).collect::<Vec<_>>());
    b.observe(&brain.iter().map(|v| v.to_f32()).collect::<Vec<_>>());
    assert_eq!(a, b);
}

#[test]
fn moving_average_is_its_formula() {
    let mut o = MovingAverage::with_weight(Scheme::Asymmetric, 0.25).unwrap();
    o.observe(&[-2.0f32, 4.0]);
    o.observe(&[f32::NAN]);
    o.observe(&[0.0f32, 8.0]);
    assert_eq!(o.limits::<i8>(CodeRange::Full), Some((-1.5, 5.0)));
    let params = o.params::<i8>();
    assert_eq!(params, QuantParams::asymmetric(-1.5, 5.0).unwrap());
    for weight in [0.0, -1.0, 1.01, f64::NAN, f64::INFINITY] {
        let error = MovingAverage::with_weight(Scheme::Symmetric, weight).unwrap_err();
        assert_eq!(error.to_string(), format!("weight: {weight}, it must be in 0..=1 without 0"));
    }
}

#[test]
fn percentiles_outside_their_range_are_refused() {
    for percent in [0.0, -1.0, 100.1, f64::NAN] {
        let error = Percentile::with_percent(Scheme::Symmetric, percent).unwrap_err();
        assert_eq!(error.to_string(), format!("percent: {percent}, it must be in 0..=100 without 0"));
    }
    let mut h = Histogram::new();
    h.observe(&[1.0f32]);
    assert_eq!(
        (h.quantile(-0.1), h.quantile(1.1), h.quantile(f64::NAN), h.quantile(0.3)),
        (None, None, None, Some(1.0))
    );
}

#[test]
fn observers_that_are_not_alike_do_not_merge() {
    let mut a = Percentile::new(Scheme::Symmetric);
    a.observe(&[1.0f32, 2.0]);
    let before = a.clone();
    assert_eq!(a.merge(&Percentile::new(Scheme::Asymmetric)), Err(QuantizeError::Observers));
    assert_eq!(a.merge(&Percentile::with_percent(Scheme::Symmetric, 99.0).unwrap()), Err(QuantizeError::Observers));
    assert_eq!(a, before);
    assert!(MinMax::new(Scheme::Symmetric).merge(&MinMax::new(Scheme::Asymmetric)).is_err());
    assert!(Histogram::new().merge(&Histogram::of_magnitudes()).is_err());
}

/// NumPy's percentile (linear) of sorted values.
fn exact_quantile(sorted: &[f32], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let (low, part) = (position.floor() as usize, position.fract());
    let high = (low + 1).min(sorted.len() - 1);
    f64::from(sorted[low]) * (1.0 - part) + f64::from(sorted[high]) * part
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the parts, and whatever the order of merging, the result is that of all values at once, to the bit.
    #[test]
    fn parts_merge_in_any_order(seed in any::<u64>(), n in 1usize..12_000, parts in 1usize..9, order in any::<u64>()) {
        fn check<O: Merge + Clone + PartialEq + std::fmt::Debug>(empty: O, values: &[f32], parts: usize, order: u64) {
            let mut whole = empty.clone();
            whole.observe(values);
            let mut observers: Vec<O> = vec![empty; parts];
            let mut r = Lcg(order);
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

/// Quantized with these parameters and back.
fn restored<C: Code>(x: &[f32], params: &QuantParams<C>) -> Vec<f32> {
    x.iter().map(|v| params.dequantize(params.quantize(*v))).collect()
}

fn sqnr_of<C: Code>(x: &[f32], params: &QuantParams<C>) -> f64 {
    sqnr(x, &restored(x, params)).unwrap().unwrap()
}

#[test]
fn eight_bits_of_uniform_values_have_48_1_db() {
    let x: Vec<f32> = (0..100_000).map(|i| ((f64::from(i) + 0.5) / 50_000.0 - 1.0) as f32).collect();
    for db in [
        sqnr_of(&x, &QuantParams::<i8>::symmetric(1.0).unwrap()),
        sqnr_of(&x, &QuantParams::<u8>::asymmetric(-1.0, 1.0).unwrap()),
    ] {
        assert!((db - 48.1).abs() < 0.1, "{db} dB");
    }
}

/// The quantile function of N(0, 1), by bisection of its distribution function (a series, exact to 1e-9).
fn normal_quantiles(n: usize) -> Vec<f32> {
    // Newton's steps from one value to the next: the density is the derivative.
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let below = |x: f64| {
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term.abs() > 1e-17 {
            k += 2.0;
            term *= x * x / k;
            sum += term;
        }
        0.5 + density(x) * sum
    };
    let mut x = 0.0f64;
    let mut half = Vec::with_capacity(n / 2);
    for i in 0..n / 2 {
        let target = 0.5 + (i as f64 + 0.5) / n as f64;
        for _ in 0..50 {
            let step = (target - below(x)) / density(x);
            x += step;
            if step.abs() < 1e-9 {
                break;
            }
        }
        half.push(x as f32);
    }
    half.iter().flat_map(|v| [*v, -*v]).collect()
}

#[test]
fn percentiles_of_a_normal_distribution_have_their_figures() {
    // The figures of the distribution itself; samples of a million values scatter around them, at 99.9 % from 36.9 to 37.3 dB.
    // The largest value is that of a sample of 500 000.
    let x = normal_quantiles(500_000);
    for (percent, want) in [(100.0, 39.3), (99.999, 40.0), (99.99, 40.6), (99.9, 37.3), (99.0, 27.2)] {
        let mut o = Percentile::with_percent(Scheme::Symmetric, percent).unwrap();
        o.observe(&x);
        let db = sqnr_of(&x, &o.params::<i8>());
        println!("{percent}: {db:.2} dB, wanted {want}");
        assert!((db - want).abs() < 0.1, "{percent}: {db} dB, wanted {want}");
    }
}

#[test]
fn one_outlier_takes_all_codes_of_min_max() {
    let mut x = normal(10_000);
    x.push(1000.0);
    let mut o = MinMax::new(Scheme::Symmetric);
    o.observe(&x);
    let params = o.params::<i8>();
    x.pop();
    let db = sqnr_of(&x, &params);
    assert!(db.abs() < 0.1, "{db} dB");
    // The search for the least error sees it, too.
    x.push(1000.0);
    let mut o = Percentile::with_percent(Scheme::Symmetric, 99.9).unwrap();
    o.observe(&x);
    x.pop();
    let db = sqnr_of(&x, &o.params::<i8>());
    assert!(db > 30.0, "{db} dB");
}

/// The search over the values themselves.
fn search<C: Code>(x: &[f32], scheme: Scheme) -> f64 {
    let absmax = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let (min, max) = x.iter().fold((0.0f32, 0.0f32), |(a, b), v| (a.min(*v), b.max(*v)));
    let candidates = (1..=100).map(|i| {
        let t = absmax * i as f32 / 100.0;
        let params = match scheme {
            Scheme::Symmetric => QuantParams::<C>::symmetric(t),
            Scheme::Asymmetric => QuantParams::<C>::asymmetric(min.max(-t), max.min(t)),
        };
        quantization_error(x, &restored(x, &params.unwrap())).unwrap().unwrap()
    });
    candidates.fold(f64::INFINITY, f64::min)
}

#[test]
fn the_search_finds_nearly_the_least_error() {
    fn check<C: Code>(x: &[f32]) {
        for scheme in [Scheme::Symmetric, Scheme::Asymmetric] {
            let mut o = MseSearch::new(scheme);
            o.observe(x);
            let params = o.params::<C>();
            let got = quantization_error(x, &restored(x, &params)).unwrap().unwrap();
            let best = search::<C>(x, scheme);
            assert!(got <= best * 1.02, "{} {scheme:?}: {got}, the best is {best}", C::NAME);
        }
    }
    let mut x = normal(8000);
    check::<i8>(&x);
    check::<I4>(&x);
    x[7] = 30.0;
    check::<i8>(&x);
    check::<I4>(&x);
    check::<U4>(&x.iter().map(|v| v.abs()).collect::<Vec<_>>());
}

/// The divergence from its text, one loop for each of its sentences.
fn least_divergence(counts: &[f64], levels: usize) -> usize {
    let mut best = (f64::INFINITY, counts.len());
    for n in levels..=counts.len() {
        let mut p = counts[..n].to_vec();
        p[n - 1] += counts[n..].iter().sum::<f64>();
        let mut q = vec![0.0; n];
        for level in 0..levels {
            let group: Vec<usize> = (n * level / levels..n * (level + 1) / levels).collect();
            let full: Vec<usize> = group.iter().copied().filter(|i| counts[*i] > 0.0).collect();
            full.iter().for_each(|i| q[*i] = group.iter().map(|i| counts[*i]).sum::<f64>() / full.len() as f64);
        }
        for shares in [&mut p, &mut q] {
            let empty = shares.iter().filter(|c| **c == 0.0).count() as f64;
            let full = n as f64 - empty;
            shares.iter_mut().for_each(|c| *c = if *c == 0.0 { 1e-4 } else { *c - 1e-4 * empty / full });
            let sum: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|c| *c /= sum);
        }
        let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
        if divergence <= best.0 {
            best = (divergence, n);
        }
    }
    best.1
}

#[test]
fn the_least_divergence_is_found() {
    let mut x = normal(30_000);
    x[0] = 12.0;
    for (scheme, magnitudes) in [(Scheme::Symmetric, true), (Scheme::Asymmetric, false)] {
        let mut o = KlDivergence::new(scheme);
        o.observe(&x);
        // Magnitudes on both sides of 0 fold into one.
        let mut counts = vec![0.0; 2048];
        for (start, n) in o.histogram().bins() {
            let k = (start / o.histogram().bin_width()) as i64;
            counts[if k < 0 { -1 - k } else { k } as usize] += n as f64;
        }
        counts.truncate(counts.iter().rposition(|c| *c > 0.0).unwrap() + 1);
        let bins = least_divergence(&counts, 128);
        let (low, high) = o.limits::<i8>(scheme.codes()).unwrap();
        let threshold = bins as f64 * o.histogram().bin_width();
        assert!((f64::from(high) - threshold).abs() < 1e-6, "{high}, wanted {threshold}");
        assert!(threshold < 8.0 && threshold > 2.5, "an outlier at 12 is clamped: {threshold}");
        let min = x.iter().copied().fold(0.0, f32::min);
        assert_eq!(low, if magnitudes { -high } else { min.max(-high) });
    }
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
