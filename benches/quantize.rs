//! Quantization by size, on each instruction set, against plain idiomatic Rust.
//!
//! `cargo bench --bench quantize`, or with a filter: `cargo bench --bench quantize -- quantize_i8/65536`. Against ONNX
//! Runtime: `cargo bench -p omnilane-peers --bench quantize`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::f16;
use omnilane::quantize::*;
use std::hint::black_box;

const SIZES: [usize; 3] = [1 << 10, 1 << 16, 1 << 20];
const SCALE: f32 = 0.03;
const ZERO: i32 = 3;

fn values(n: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 8.0 - 4.0
    };
    (0..n).map(|_| next()).collect()
}

/// A kernel on every instruction set, beside plain Rust.
fn compare(c: &mut Criterion, name: &str, n: usize, mut kernel: impl FnMut(), mut plain: impl FnMut()) {
    let mut group = c.benchmark_group(format!("{name}/{n}"));
    group.throughput(Throughput::Elements(n as u64));
    for isa in Isa::available() {
        group.bench_function(BenchmarkId::from_parameter(isa), |b| {
            with_isa(isa, || b.iter(&mut kernel)).expect("it is available");
        });
    }
    group.bench_function("plain", |b| b.iter(&mut plain));
    group.finish();
}

fn plain_quantize(src: &[f32], dst: &mut [i8]) {
    for (x, q) in black_box(src).iter().zip(dst) {
        *q = ((x / SCALE).round_ties_even() + ZERO as f32) as i8;
    }
}

fn quantize(c: &mut Criterion) {
    for n in SIZES {
        let (x, mut a, mut b) = (values(n), vec![0; n], vec![0; n]);
        let params = QuantParams::<i8>::new(SCALE, ZERO).expect("a scale");
        for (name, mode) in [("quantize_i8", Mode::Exact), ("quantize_i8_fast", Mode::Fast)] {
            let options = QuantizeOptions::default().mode(mode);
            compare(
                c,
                name,
                n,
                || _ = quantize_into_with(black_box(&x), &params, options, &mut a).expect("equal lengths"),
                || plain_quantize(&x, &mut b),
            );
        }
        let (mut a, params) = (vec![0; n], QuantParams::<u16>::new(SCALE, 300).expect("a scale"));
        compare(
            c,
            "quantize_u16",
            n,
            || _ = quantize_into(black_box(&x), &params, &mut a).expect("equal lengths"),
            || plain_quantize(&x, &mut b),
        );
        let (mut a, params) = (vec![0; n / 2], QuantParams::<I4>::new(0.5, 0).expect("a scale"));
        compare(
            c,
            "quantize_i4",
            n,
            || _ = quantize_into(black_box(&x), &params, &mut a).expect("half as many bytes"),
            || plain_quantize(&x, &mut b),
        );
    }
}

fn dequantize(c: &mut Criterion) {
    for n in SIZES {
        let params = QuantParams::<i8>::new(SCALE, ZERO).expect("a scale");
        let (codes, mut a, mut b) = (quantize_weights(&values(n), &params), vec![0.0_f32; n], vec![0.0_f32; n]);
        let plain = |b: &mut [f32]| {
            for (q, x) in black_box(&codes).iter().zip(b) {
                *x = (i32::from(*q) - ZERO) as f32 * SCALE;
            }
        };
        compare(
            c,
            "dequantize_i8",
            n,
            || dequantize_into(black_box(&codes), &params, &mut a).expect("equal lengths"),
            || plain(&mut b),
        );
        let params = QuantParams::<I4>::new(0.5, 0).expect("a scale");
        let nibbles = quantize_weights(&values(n), &params);
        compare(
            c,
            "dequantize_i4",
            n,
            || dequantize_into(black_box(&nibbles), &params, &mut a).expect("twice as many numbers"),
            || plain(&mut b),
        );
    }
}

fn dynamic(c: &mut Criterion) {
    for n in SIZES {
        let (x, mut a, mut b) = (values(n), vec![0; n], vec![0; n]);
        compare(
            c,
            "dynamic_u8",
            n,
            || _ = DynamicQuantizer::<u8>::new().quantize_into(black_box(&x), &mut a).expect("equal lengths"),
            || {
                let (min, max) = x.iter().fold((0.0_f32, 0.0_f32), |(a, b), x| (a.min(*x), b.max(*x)));
                let scale = (max - min) / 255.0;
                let zero = (-min / scale).round_ties_even();
                for (x, q) in black_box(&x).iter().zip(&mut b) {
                    *q = ((x / scale).round_ties_even() + zero) as u8;
                }
            },
        );
    }
}

fn channels(c: &mut Criterion) {
    let n = 1 << 20;
    let x = values(n);
    let mut plain = vec![0; n];
    for (name, axis, block) in [
        ("channels_first", 0, None),
        ("channels_last", 1, None),
        ("blocks_of_32", 1, Some(32)),
        ("blocks_across", 0, Some(32)),
    ] {
        compare(
            c,
            name,
            n,
            || {
                _ = black_box(
                    PerChannelQuant::<i8>::from_real(&x, &[1024, 1024], axis, block, true).expect("the shape"),
                )
            },
            || plain_quantize(&x, &mut plain),
        );
    }
}

fn convert(c: &mut Criterion) {
    for n in SIZES {
        let (x, mut a, mut b) = (values(n), vec![f16::ZERO; n], vec![f16::ZERO; n]);
        compare(
            c,
            "f32_to_f16",
            n,
            || convert_into(black_box(&x), &mut a).expect("equal lengths"),
            || x.iter().zip(&mut b).for_each(|(x, h)| *h = f16::from_f32(*x)),
        );
    }
}

criterion_group!(benches, quantize, dequantize, dynamic, channels, convert);
criterion_main!(benches);
