//! Quantization by size, by format, by channel.

use super::{compare, noise};
use criterion::Criterion;
use omnilane::lanes::f16;
use omnilane::quantize::*;
use std::hint::black_box;

const SCALE: f32 = 0.03;
const ZERO: i32 = 3;
const MEDIUM: usize = 1 << 16;

fn values(n: usize) -> Vec<f32> {
    let mut next = noise();
    (0..n).map(|_| (next() >> 8) as f32 / (1 << 24) as f32 * 8.0 - 4.0).collect()
}

fn plain_quantize(src: &[f32], dst: &mut [i8]) {
    for (x, q) in black_box(src).iter().zip(dst) {
        *q = ((x / SCALE).round_ties_even() + ZERO as f32) as i8;
    }
}

fn plain_dynamic(src: &[f32], dst: &mut [u8]) {
    let (min, max) = black_box(src).iter().fold((0.0_f32, 0.0_f32), |(a, b), x| (a.min(*x), b.max(*x)));
    let scale = (max - min) / 255.0;
    let zero = (-min / scale).round_ties_even();
    for (x, q) in src.iter().zip(dst) {
        *q = ((x / scale).round_ties_even() + zero) as u8;
    }
}

pub fn by_size(c: &mut Criterion) {
    let mut group = c.benchmark_group("quantization");
    for (size, n) in [("1 K", 1 << 10), ("64 K", MEDIUM), ("1 M", 1 << 20)] {
        let (x, mut a, mut b) = (values(n), vec![0; n], vec![0; n]);
        let params = QuantParams::<i8>::new(SCALE, ZERO).expect("a scale");
        compare(
            &mut group,
            &format!("quantize i8, {size}"),
            n,
            || _ = quantize_into(black_box(&x), &params, &mut a).expect("equal lengths"),
            || plain_quantize(&x, &mut b),
        );
        let (codes, mut a, mut b) = (quantize_weights(&x, &params), vec![0.0_f32; n], vec![0.0_f32; n]);
        compare(
            &mut group,
            &format!("dequantize i8, {size}"),
            n,
            || dequantize_into(black_box(&codes), &params, &mut a).expect("equal lengths"),
            || {
                for (q, x) in black_box(&codes).iter().zip(&mut b) {
                    *x = (i32::from(*q) - ZERO) as f32 * SCALE;
                }
            },
        );
        let (mut a, mut b) = (vec![0; n], vec![0; n]);
        compare(
            &mut group,
            &format!("dynamic u8, {size}"),
            n,
            || _ = DynamicQuantizer::<u8>::new().quantize_into(black_box(&x), &mut a).expect("equal lengths"),
            || plain_dynamic(&x, &mut b),
        );
    }
    group.finish();
}

pub fn formats(c: &mut Criterion) {
    let mut group = c.benchmark_group("quantization_formats");
    let n = MEDIUM;
    let x = values(n);
    let (mut a, mut b) = (vec![0; n], vec![0; n]);
    let params = QuantParams::<i8>::new(SCALE, ZERO).expect("a scale");
    let fast = QuantizeOptions::default().mode(Mode::Fast);
    compare(
        &mut group,
        "i8, fast mode",
        n,
        || _ = quantize_into_with(black_box(&x), &params, fast, &mut a).expect("equal lengths"),
        || plain_quantize(&x, &mut b),
    );
    let (mut a, params) = (vec![0; n], QuantParams::<u16>::new(SCALE, 300).expect("a scale"));
    compare(
        &mut group,
        "u16",
        n,
        || _ = quantize_into(black_box(&x), &params, &mut a).expect("equal lengths"),
        || plain_quantize(&x, &mut b),
    );
    let (mut a, params) = (vec![0; n / 2], QuantParams::<I4>::new(0.5, 0).expect("a scale"));
    compare(
        &mut group,
        "i4",
        n,
        || _ = quantize_into(black_box(&x), &params, &mut a).expect("half as many bytes"),
        || plain_quantize(&x, &mut b),
    );
    let (nibbles, mut a, mut b) = (quantize_weights(&x, &params), vec![0.0_f32; n], vec![0.0_f32; n]);
    compare(
        &mut group,
        "i4 to f32",
        n,
        || dequantize_into(black_box(&nibbles), &params, &mut a).expect("twice as many numbers"),
        || {
            for (pair, x) in black_box(&nibbles).iter().zip(b.chunks_exact_mut(2)) {
                let byte = *pair as i8;
                x[0] = f32::from((byte << 4) >> 4) * 0.5;
                x[1] = f32::from(byte >> 4) * 0.5;
            }
        },
    );
    let (mut a, mut b) = (vec![f16::ZERO; n], vec![f16::ZERO; n]);
    compare(
        &mut group,
        "f32 to f16",
        n,
        || convert_into(black_box(&x), &mut a).expect("equal lengths"),
        || x.iter().zip(&mut b).for_each(|(x, h)| *h = f16::from_f32(*x)),
    );
    group.finish();
}

pub fn per_channel(c: &mut Criterion) {
    let mut group = c.benchmark_group("quantization_per_channel");
    let side = 512;
    let x = values(side * side);
    let mut plain = vec![0; side * side];
    for (name, axis, block) in [
        ("a scale each row", 0, None),
        ("a scale each column", 1, None),
        ("blocks of 32 in rows", 1, Some(32)),
        ("blocks of 32 in columns", 0, Some(32)),
    ] {
        compare(
            &mut group,
            name,
            side * side,
            || {
                let quantized = PerChannelQuant::<i8>::from_real(&x, &[side, side], axis, block, true);
                black_box(quantized).map(drop).expect("the shape");
            },
            || {
                for (x, q) in black_box(&x).chunks_exact(side).zip(plain.chunks_exact_mut(side)) {
                    let scale = x.iter().fold(0.0_f32, |most, x| most.max(x.abs())) / 127.0;
                    x.iter().zip(q).for_each(|(x, q)| *q = (x / scale).round_ties_even() as i8);
                }
            },
        );
    }
    group.finish();
}
