//! Each kernel by size, on each instruction set, against plain idiomatic Rust and a copy of as many bytes.
//!
//! `cargo bench --bench kernels`, or with a filter: `cargo bench --bench kernels -- gray_from_rgba/512`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use omnilane::cpu::{Isa, with_isa};
use omnilane::memory::Image;
use omnilane_kernels::{Threshold, gray_from_rgb_into, gray_from_rgba_into, mean_std, normalize_into, threshold_into};
use std::hint::black_box;

const SIZES: [usize; 5] = [16, 256, 512, 1024, 2048];

/// A picture of pseudo-random bytes.
fn noise<const C: usize>(side: usize) -> Image<u8, C> {
    let mut state = 1u32;
    Image::from_fn(side, side, |_, _| {
        [(); C].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
    })
    .expect("it fits in memory")
}

/// A kernel on every instruction set, beside plain Rust (`plain`) and the copy of half of `moved` bytes per pixel.
fn compare(
    c: &mut Criterion,
    name: &str,
    side: usize,
    moved: usize,
    mut kernel: impl FnMut(),
    mut plain: impl FnMut(),
) {
    let mut group = c.benchmark_group(format!("{name}/{side}"));
    group.throughput(Throughput::Elements((side * side) as u64));
    for isa in Isa::available() {
        group.bench_function(BenchmarkId::from_parameter(isa), |b| {
            with_isa(isa, || b.iter(&mut kernel)).expect("it is available");
        });
    }
    group.bench_function("plain", |b| b.iter(&mut plain));
    let src = vec![1u8; side * side * moved / 2];
    let mut dst = vec![0u8; src.len()];
    group.bench_function("copy", |b| b.iter(|| black_box(&mut dst).copy_from_slice(black_box(&src))));
    group.finish();
}

fn gray(c: &mut Criterion) {
    for side in SIZES {
        let (src, mut dst, mut out) = (noise::<4>(side), noise::<1>(side), vec![0u8; side * side]);
        let pixels = src.to_vec();
        compare(
            c,
            "gray_from_rgba",
            side,
            5,
            || gray_from_rgba_into(src.view(), &mut dst.view_mut()).expect("equal sizes"),
            || plain_gray::<4>(&pixels, &mut out),
        );
        let (src, pixels) = (noise::<3>(side), noise::<3>(side).to_vec());
        compare(
            c,
            "gray_from_rgb",
            side,
            4,
            || gray_from_rgb_into(src.view(), &mut dst.view_mut()).expect("equal sizes"),
            || plain_gray::<3>(&pixels, &mut out),
        );
    }
}

fn plain_gray<const C: usize>(src: &[u8], dst: &mut [u8]) {
    for (p, v) in black_box(src).chunks_exact(C).zip(black_box(dst)) {
        *v = ((9798 * u32::from(p[0]) + 19235 * u32::from(p[1]) + 3735 * u32::from(p[2]) + (1 << 14)) >> 15) as u8;
    }
}

fn threshold(c: &mut Criterion) {
    for side in SIZES {
        let (src, mut dst, mut out) = (noise::<1>(side), noise::<1>(side), vec![0u8; side * side]);
        let bytes = src.to_vec();
        compare(
            c,
            "threshold",
            side,
            2,
            || threshold_into(src.view(), &mut dst.view_mut(), 127, Threshold::Binary(255)).expect("equal sizes"),
            || {
                for (v, w) in black_box(&bytes).iter().zip(black_box(&mut out)) {
                    *w = if *v > 127 { 255 } else { 0 };
                }
            },
        );
    }
}

fn normalize(c: &mut Criterion) {
    for side in SIZES {
        let bytes = noise::<1>(side);
        let float = |x, y| bytes.view().pixel(x, y).unwrap_or_default().map(f32::from);
        let src = Image::<f32, 1>::from_fn(side, side, float).expect("it fits in memory");
        let (mut dst, values, mut out) = (src.clone(), src.to_vec(), src.to_vec());
        compare(
            c,
            "mean_std",
            side,
            4,
            || _ = black_box(mean_std(src.view())),
            || _ = black_box(plain_mean_std(black_box(&values))),
        );
        compare(
            c,
            "normalize",
            side,
            12,
            || _ = black_box(normalize_into(src.view(), &mut dst.view_mut())),
            || {
                let (mean, std) = plain_mean_std(black_box(&values));
                for (v, w) in values.iter().zip(black_box(&mut out)) {
                    *w = (*v - mean as f32) / (std as f32 + 1e-8);
                }
            },
        );
    }
}

fn plain_mean_std(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    (mean, (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt())
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_millis(900));
    targets = gray, threshold, normalize
}
criterion_main!(benches);
