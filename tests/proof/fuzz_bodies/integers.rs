//! Products of codes, dot products and requantization against 64 and 128 bits.

use super::input::Input;
use super::oracle::integers as definition;
use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::Sample;
use std::sync::atomic::Ordering::Relaxed;

pub fn run(bytes: &[u8]) {
    let mut i = Input(bytes);
    match i.byte() % 4 {
        0 => product::<u8>(&mut i),
        1 => product::<i8>(&mut i),
        2 if i.byte().is_multiple_of(2) => dots::<u8>(&mut i),
        2 => dots::<i8>(&mut i),
        _ => requantized(&mut i),
    }
}

/// The same on every instruction set, and what is expected.
fn everywhere<T: PartialEq + std::fmt::Debug>(want: &T, elements: usize, got: impl Fn() -> T) {
    for isa in Isa::available() {
        assert_eq!(with_isa(isa, &got).expect("it is available"), *want, "{isa}");
        super::COMPARED.fetch_add(elements as u64, Relaxed);
    }
}

fn product<A: Activation + Sample + Into<i64>>(i: &mut Input<'_>) {
    let (m, n) = (i.up_to(30), i.up_to(80));
    let k = if i.byte().is_multiple_of(8) { i.up_to(600) } else { i.up_to(40) };
    let stride = k + i.up_to(3);
    let (buffer, w): (Vec<A>, Vec<i8>) = (i.elements(m * stride), i.elements(k * n));
    let (zero_point, one) = (i.element::<A>(), i.byte().is_multiple_of(2));
    let (z, bias): (Vec<i8>, Vec<i32>) = (i.elements(if one { 1 } else { n }), i.elements(n));
    let x: Vec<A> = (0..m).flat_map(|row| buffer[row * stride..][..k].to_vec()).collect();
    let sums = definition::matmul((m, k, n), (&x, zero_point), (&w, &z), &bias);
    let sums: Vec<i32> = sums.into_iter().map(|v| v as i32).collect();

    let packed = || {
        let weights = PackedWeights::new(&w, k, n).expect("a small matrix");
        weights.with_zero_points(&z).expect("one, or n").with_bias(&bias).expect("n of them")
    };
    let weights = packed();
    let view = MatrixView::with_stride(&buffer, m, k, stride).expect("a small matrix");
    everywhere(&sums, m * n, || matmul(view, zero_point, &weights).expect("k columns"));
    everywhere(&sums, m * n, || matmul(view, zero_point, &packed()).expect("k columns"));

    let (multiplier, code) = (f32::from_bits(i.word() as u32 % 0x4e00_0000), i.element::<i8>());
    let codes: Vec<i8> =
        sums.iter().map(|v| definition::requantize(*v, multiplier, code.into(), [-128, 127]) as i8).collect();
    let requantizer = Requantizer::new(multiplier, code).expect("from 0 to 2^29");
    everywhere(&codes, m * n, || matmul_requantized(view, zero_point, &weights, &requantizer).expect("k columns"));
}

fn dots<A: Activation + Sample + Into<i64>>(i: &mut Input<'_>) {
    let n = i.up_to(700);
    let (a, b): (Vec<A>, Vec<i8>) = (i.elements(n), i.elements(n));
    let want = a.iter().zip(&b).map(|(a, b)| (*a).into() * i64::from(*b)).sum::<i64>();
    everywhere(&(want as i32), n, || dot(&a, &b).expect("equal lengths"));
}

fn requantized(i: &mut Input<'_>) {
    let (channels, rows) = (1 + i.up_to(90), i.up_to(4));
    let sums: Vec<i32> = i.elements(channels * rows);
    // Any number of f64 from 0 to 2^30.
    let multipliers: Vec<f64> =
        (0..channels).map(|_| f64::from_bits(i.word() % f64::from(1 << 30).to_bits())).collect();
    let zero_point = i.element::<u8>();
    let want: Vec<u8> = (0..sums.len())
        .map(|at| definition::requantize_fixed(sums[at], multipliers[at % channels], zero_point.into(), [0, 255]) as u8)
        .collect();
    let requantizer = Requantizer::fixed_point_per_channel(&multipliers, zero_point).expect("from 0 to 2^30");
    everywhere(&want, sums.len(), || requantize(&sums, &requantizer).expect("whole rows"));
}
