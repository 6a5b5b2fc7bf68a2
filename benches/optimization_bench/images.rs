//! Grayscale, threshold, normalize.

use super::{compare, copy, noise};
use criterion::Criterion;
use omnilane::memory::Image;
use omnilane_kernels::{Threshold, gray_from_rgb_into, gray_from_rgba_into, normalize_into, threshold_into};
use std::hint::black_box;

fn picture<const C: usize>(width: usize, height: usize) -> Image<u8, C> {
    let mut next = noise();
    Image::from_fn(width, height, |_, _| [(); C].map(|()| (next() >> 24) as u8)).expect("it fits in memory")
}

/// Elements are pixels: G elements/s are thousands of megapixels a second.
pub fn grayscale(c: &mut Criterion) {
    let mut group = c.benchmark_group("grayscale");
    for side in [256, 512, 1024, 2048] {
        let size = format!("{side}x{side}");
        let (src, mut dst, mut out) = (picture::<4>(side, side), picture::<1>(side, side), vec![0u8; side * side]);
        let pixels = src.to_vec();
        compare(
            &mut group,
            &size,
            side * side,
            || gray_from_rgba_into(src.view(), &mut dst.view_mut()).expect("equal sizes"),
            || plain_gray::<4>(&pixels, &mut out),
        );
        copy(&mut group, &size, 5 * side * side);
    }
    let side = 512;
    let (src, mut dst, mut out) = (picture::<3>(side, side), picture::<1>(side, side), vec![0u8; side * side]);
    let pixels = src.to_vec();
    compare(
        &mut group,
        "512x512 from rgb",
        side * side,
        || gray_from_rgb_into(src.view(), &mut dst.view_mut()).expect("equal sizes"),
        || plain_gray::<3>(&pixels, &mut out),
    );
    group.finish();
}

fn plain_gray<const C: usize>(src: &[u8], dst: &mut [u8]) {
    for (p, v) in black_box(src).chunks_exact(C).zip(black_box(dst)) {
        *v = ((9798 * u32::from(p[0]) + 19235 * u32::from(p[1]) + 3735 * u32::from(p[2]) + (1 << 14)) >> 15) as u8;
    }
}

pub fn threshold(c: &mut Criterion) {
    let mut group = c.benchmark_group("threshold");
    for (size, n) in [("1 K", 1 << 10), ("64 K", 1 << 16), ("1 M", 1 << 20), ("16 M", 1 << 24)] {
        let (src, mut dst, mut out) = (picture::<1>(n, 1), picture::<1>(n, 1), vec![0u8; n]);
        let bytes = src.to_vec();
        compare(
            &mut group,
            size,
            n,
            || threshold_into(src.view(), &mut dst.view_mut(), 127, Threshold::Binary(255)).expect("equal sizes"),
            || {
                for (v, w) in black_box(&bytes).iter().zip(black_box(&mut out)) {
                    *w = if *v > 127 { 255 } else { 0 };
                }
            },
        );
        copy(&mut group, size, 2 * n);
    }
    group.finish();
}

pub fn normalize(c: &mut Criterion) {
    let mut group = c.benchmark_group("normalize");
    for (size, n) in [("128", 128), ("8 K", 1 << 13), ("256 K", 1 << 18), ("8 M", 1 << 23)] {
        let mut next = noise();
        let src = Image::<f32, 1>::from_fn(n, 1, |_, _| [(next() >> 24) as f32]).expect("it fits in memory");
        let (mut dst, values, mut out) = (src.clone(), src.to_vec(), src.to_vec());
        compare(
            &mut group,
            size,
            n,
            || _ = black_box(normalize_into(src.view(), &mut dst.view_mut())),
            || {
                let (mean, std) = plain_mean_std(black_box(&values));
                for (v, w) in values.iter().zip(black_box(&mut out)) {
                    *w = (*v - mean as f32) / (std as f32 + 1e-8);
                }
            },
        );
        copy(&mut group, size, 12 * n);
    }
    group.finish();
}

fn plain_mean_std(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    (mean, (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt())
}
