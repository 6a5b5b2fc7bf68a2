//! Integer products and requantization on each instruction set, beside plain Rust loops: `cargo bench --bench integers`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use std::hint::black_box;

/// Pseudo-random bytes.
fn noise(n: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..n).map(|_| next()).collect()
}

/// Weights as quantization makes them: sums of bytes, so that few are large.
fn weights(n: usize) -> Vec<i8> {
    let sum = |bytes: &[u8]| bytes.iter().map(|b| i32::from(*b)).sum::<i32>();
    noise(8 * n).chunks_exact(8).map(|bytes| ((sum(bytes) - 1020) / 7).clamp(-127, 127) as i8).collect()
}

/// A function on every instruction set, beside plain Rust.
fn compare(c: &mut Criterion, name: &str, operations: usize, mut ours: impl FnMut(), mut plain: impl FnMut()) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(operations as u64));
    for isa in Isa::available() {
        group.bench_function(BenchmarkId::from_parameter(isa), |b| {
            with_isa(isa, || b.iter(&mut ours)).expect("it is available");
        });
    }
    group.bench_function("plain", |b| b.iter(&mut plain));
    group.finish();
}

fn dots(c: &mut Criterion) {
    for n in [64, 4096, 262_144] {
        let (a, b) = (noise(n), weights(n));
        let signed: Vec<i8> = a.iter().map(|v| *v as i8).collect();
        compare(
            c,
            &format!("dot_u8/{n}"),
            n,
            || _ = black_box(dot(black_box(&a), &b)),
            || _ = black_box(a.iter().zip(black_box(&b)).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>()),
        );
        compare(
            c,
            &format!("dot_i8/{n}"),
            n,
            || _ = black_box(dot(black_box(&signed), &b)),
            || _ = black_box(signed.iter().zip(black_box(&b)).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>()),
        );
    }
}

fn products(c: &mut Criterion) {
    for (m, k, n) in [(1, 1024, 1024), (8, 64, 64), (64, 256, 256)] {
        let (x, w) = (noise(m * k), weights(k * n));
        let packed = PackedWeights::new(&w, k, n).expect("k * n weights");
        let requantizer = Requantizer::<u8>::new(0.001, 128).expect("a multiplier");
        let view = MatrixView::new(&x, m, k).expect("m * k codes");
        let (mut sums, mut plain, mut codes) = (vec![0; m * n], vec![0; m * n], vec![0; m * n]);
        compare(
            c,
            &format!("matmul/{m}x{k}x{n}"),
            m * k * n,
            || matmul_into(black_box(view), 0, &packed, &mut sums).expect("m * n sums"),
            || plain_matmul(black_box(&x), &w, k, &mut plain),
        );
        compare(
            c,
            &format!("matmul_requantized/{m}x{k}x{n}"),
            m * k * n,
            || matmul_requantized_into(black_box(view), 0, &packed, &requantizer, &mut codes).expect("m * n codes"),
            || plain_matmul(black_box(&x), &w, k, &mut plain),
        );
    }
}

/// Row by row, so that the compiler's vectors run along the columns.
fn plain_matmul(x: &[u8], w: &[i8], k: usize, out: &mut [i32]) {
    let n = w.len() / k;
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        out.fill(0);
        for (x, w) in x.iter().zip(w.chunks_exact(n)) {
            for (out, w) in out.iter_mut().zip(w) {
                *out += i32::from(*x) * i32::from(*w);
            }
        }
    }
}

fn requantization(c: &mut Criterion) {
    let n = 65_536;
    let sums: Vec<i32> = noise(n).iter().map(|v| (i32::from(*v) - 128) * 997).collect();
    let (mut codes, mut plain) = (vec![0u8; n], vec![0u8; n]);
    let float = Requantizer::<u8>::new(0.001, 128).expect("a multiplier");
    let fixed = Requantizer::<u8>::fixed_point(0.001, 128).expect("a multiplier");
    for (name, requantizer) in [("requantize/float", &float), ("requantize/fixed_point", &fixed)] {
        compare(
            c,
            name,
            n,
            || requantize_into(black_box(&sums), requantizer, &mut codes).expect("equal lengths"),
            || {
                for (sum, code) in black_box(&sums).iter().zip(black_box(&mut plain)) {
                    *code = ((*sum as f32 * 0.001).round_ties_even().clamp(-128.0, 127.0) as i32 + 128) as u8;
                }
            },
        );
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(15).warm_up_time(std::time::Duration::from_millis(100))
        .measurement_time(std::time::Duration::from_millis(300));
    targets = dots, products, requantization
}
criterion_main!(benches);
