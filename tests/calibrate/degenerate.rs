//! Values without a range, NaN, infinities, halves, and what is refused.

use crate::normal;
use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::{bf16, f16};
use omnilane::quantize::*;

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
