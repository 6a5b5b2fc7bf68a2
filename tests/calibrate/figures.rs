//! The figures that calibration must reach, and the searches against their text.

use crate::normal;
use omnilane::quantize::*;

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
