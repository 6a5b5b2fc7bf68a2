//! The signal that 8 bits keep: figures that theory and other libraries agree on, within 0.1 dB.

use omnilane::quantize::*;
use omnilane_test_values::Random;

/// `10 log10(sum x^2 / sum (x - x')^2)`
fn sqnr(src: &[f32], back: &[f32]) -> f64 {
    let signal: f64 = src.iter().map(|x| f64::from(*x).powi(2)).sum();
    let noise: f64 = src.iter().zip(back).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
    10.0 * (signal / noise).log10()
}

fn near(what: &str, got: f64, want: f64) {
    println!("{what}: {got:.2} dB, expected {want}");
    assert!((got - want).abs() <= 0.1, "{what}: {got} dB, not {want}");
}

const N: usize = 400_000;

#[test]
fn uniform_in_8_bits() {
    let mut random = Random(1);
    let src: Vec<f32> = (0..N).map(|_| (random.unit() * 2.0 - 1.0) as f32).collect();
    near("uniform, asymmetric", sqnr(&src, &QuantizedTensor::<u8>::from_f32(&src).to_f32()), 48.1);
    near("uniform, symmetric", sqnr(&src, &QuantizedTensor::<i8>::from_f32_symmetric(&src).to_f32()), 48.1);
}

#[test]
fn normal_in_8_bits_by_percentile() {
    let mut random = Random(2);
    let src: Vec<f32> = (0..N).map(|_| random.normal() as f32).collect();
    // The two-sided quantiles of the normal distribution.
    for (percentile, absmax, want) in
        [(99.999, 4.4172, 40.0), (99.99, 3.8906, 40.6), (99.9, 3.2905, 37.4), (99.0, 2.5758, 27.2)]
    {
        let tensor = QuantizedTensor::<i8>::with_params(&src, QuantParams::symmetric(absmax).unwrap());
        near(&format!("normal, {percentile} %"), sqnr(&src, &tensor.to_f32()), want);
    }
    // The largest of a sample varies; that of the reference was 4.77.
    let inside: Vec<f32> = src.iter().map(|x| x.clamp(-4.77, 4.77)).chain([4.77]).collect();
    near("normal, 100 %", sqnr(&inside, &QuantizedTensor::<i8>::from_f32_symmetric(&inside).to_f32()), 39.3);
}

#[test]
fn one_outlier_leaves_nothing_of_the_rest() {
    let mut random = Random(3);
    let mut src: Vec<f32> = (0..10_000).map(|_| random.normal() as f32).collect();
    src.push(1000.0);
    let back = QuantizedTensor::<i8>::from_f32_symmetric(&src).to_f32();
    near("the rest beside an outlier", sqnr(&src[..10_000], &back[..10_000]), 0.0);
}
