//! Errors and correlations against their definition, in their fixed order.

use crate::normal;
use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;

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
