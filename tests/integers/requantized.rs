//! Requantization, of sums and fused with the product.

use super::{Product, Size, definition};
use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::Sample;
use proptest::prelude::*;

const MULTIPLIERS: [f64; 14] = [
    0.0,
    1.0,
    0.5,
    0.25,
    1.5,
    0.0073,
    1e-5,
    3e-10,
    2.3283064365386963e-10,
    1e-20,
    127.3,
    0.999_999_999_99,
    65536.0,
    1e9,
];
/// Sums at every boundary, halves among them.
fn sums() -> Vec<i32> {
    let mut sums = i32::mixed(5, 700);
    sums.extend(<i32 as Sample>::boundary());
    sums.extend(-300..300);
    sums.extend((-40..40).map(|i| (i << 24) + 1));
    sums
}

fn requantize_one<Q: OutputCode + Sample>(multiplier: f64, zero_point: Q, min: Q, max: Q) {
    let sums = sums();
    let range = [min.to_i32(), max.to_i32()];
    let float = Requantizer::new(multiplier as f32, zero_point).unwrap().with_range(min, max).unwrap();
    let fixed = Requantizer::fixed_point(multiplier, zero_point).unwrap().with_range(min, max).unwrap();
    for isa in Isa::available() {
        with_isa(isa, || {
            let (float, fixed) = (requantize(&sums, &float).unwrap(), requantize(&sums, &fixed).unwrap());
            for (i, sum) in sums.iter().enumerate() {
                let want = definition::requantize(*sum, multiplier as f32, zero_point.to_i32(), range);
                assert_eq!(float[i].to_i32(), want, "{sum} * {multiplier} + {zero_point} on {isa}");
                let want = definition::requantize_fixed(*sum, multiplier, zero_point.to_i32(), range);
                assert_eq!(fixed[i].to_i32(), want, "{sum} * {multiplier} + {zero_point} on {isa}, fixed");
            }
        })
        .unwrap();
    }
}

#[test]
fn requantize_every_multiplier() {
    for multiplier in MULTIPLIERS {
        requantize_one::<u8>(multiplier, 0, 0, 255);
        requantize_one::<u8>(multiplier, 255, 3, 200);
        requantize_one::<i8>(multiplier, -128, -128, 127);
        requantize_one::<i8>(multiplier, 13, 13, 127);
    }
}

#[test]
fn requantize_channels() {
    for channels in [1, 3, 16, 17, 64, 100] {
        let sums = i32::mixed(6, 7 * channels);
        let multipliers: Vec<f64> = (0..channels).map(|j| MULTIPLIERS[j % MULTIPLIERS.len()]).collect();
        let floats: Vec<f32> = multipliers.iter().map(|v| *v as f32).collect();
        let float = Requantizer::<i8>::per_channel(&floats, -5).unwrap();
        let fixed = Requantizer::<i8>::fixed_point_per_channel(&multipliers, -5).unwrap();
        assert_eq!(float.channels(), Some(channels));
        for isa in Isa::available() {
            with_isa(isa, || {
                let (a, b) = (requantize(&sums, &float).unwrap(), requantize(&sums, &fixed).unwrap());
                for (i, sum) in sums.iter().enumerate() {
                    let j = i % channels;
                    assert_eq!(i32::from(a[i]), definition::requantize(*sum, floats[j], -5, [-128, 127]), "{isa}");
                    let want = definition::requantize_fixed(*sum, multipliers[j], -5, [-128, 127]);
                    assert_eq!(i32::from(b[i]), want, "{isa}, fixed");
                }
            })
            .unwrap();
        }
    }
}

/// The fused product is the product, requantized.
#[test]
fn fused_equals_unfused() {
    fn check<Q: OutputCode>(size: Size, requantizer: &Requantizer<Q>) {
        let (m, k, n) = size;
        let p = Product::<u8>::random(size, 17);
        let weights = PackedWeights::new(&p.w, k, n).unwrap().with_zero_points(&p.z).unwrap();
        let weights = weights.with_bias(&p.bias).unwrap();
        let x = MatrixView::new(&p.x, m, k).unwrap();
        for isa in Isa::available() {
            with_isa(isa, || {
                let sums = matmul(x, p.zero_point, &weights).unwrap();
                let want = requantize(&sums, requantizer).unwrap();
                let got = matmul_requantized(x, p.zero_point, &weights, requantizer).unwrap();
                assert_eq!(got, want, "{size:?} on {isa}");
                let first = matvec_requantized(x.row(0), p.zero_point, &weights, requantizer).unwrap();
                assert_eq!(first, want[..n], "{size:?} on {isa}");
            })
            .unwrap();
        }
    }
    for size in [(3, 20, 5), (26, 40, 70), (1, 300, 130), (40, 600, 190), (2, 9, 64)] {
        let n = size.2;
        let per_column: Vec<f32> = (0..n).map(|j| 0.001 * (j + 1) as f32).collect();
        let fixed: Vec<f64> = per_column.iter().map(|v| f64::from(*v)).collect();
        check(size, &Requantizer::<u8>::new(0.01, 128).unwrap());
        check(size, &Requantizer::<i8>::per_channel(&per_column, -3).unwrap());
        check(size, &Requantizer::<i8>::fixed_point(0.02, 0).unwrap().with_range(0, 100).unwrap());
        check(size, &Requantizer::<u8>::fixed_point_per_channel(&fixed, 9).unwrap());
    }
}

/// From the parameters of three tensors: a product in codes is near the product in real numbers.
#[test]
fn between_real_numbers() {
    let input = QuantParams::<u8>::asymmetric(-1.0, 1.0).unwrap();
    let output = QuantParams::<i8>::asymmetric(-4.0, 4.0).unwrap();
    let scales = [0.01, 0.02];
    let requantizer = Requantizer::between(input.scale(), &scales, &output).unwrap();
    let (x, w) = ([0.5f32, -0.25, 1.0], [[50i8, -100], [20, 30], [-7, 90]]);
    let weights = PackedWeights::new(w.as_flattened(), 3, 2).unwrap();
    let codes = x.map(|v| input.quantize(v));
    let got = matvec_requantized(&codes, input.zero_point() as u8, &weights, &requantizer).unwrap();
    for j in 0..2 {
        let want: f32 = (0..3).map(|q| x[q] * f32::from(w[q][j]) * scales[j]).sum();
        assert!((output.dequantize(got[j]) - want).abs() < 0.05, "{} is not {want}", output.dequantize(got[j]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_multiplier(multiplier in prop_oneof![0.0..1.0f64, 0.0..1e-6f64, 0.0..1e9f64], zero_point: i8, sum: i32) {
        let fixed = Requantizer::fixed_point(multiplier, zero_point).unwrap();
        let float = Requantizer::new(multiplier as f32, zero_point).unwrap();
        let (range, zero) = ([-128, 127], i32::from(zero_point));
        for isa in Isa::available() {
            let got = with_isa(isa, || [requantize(&[sum], &fixed), requantize(&[sum], &float)]).unwrap();
            let [fixed, float] = got.map(|codes| i32::from(codes.unwrap()[0]));
            prop_assert_eq!(fixed, definition::requantize_fixed(sum, multiplier, zero, range), "{}", isa);
            prop_assert_eq!(float, definition::requantize(sum, multiplier as f32, zero, range), "{}", isa);
        }
    }
}
