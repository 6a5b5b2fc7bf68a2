//! The plain definitions of the kernels: what each of them must equal, in as few lines as the text of its definition.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod integers;

use omnilane::lanes::Num;
use omnilane::memory::{ImageView, ImageViewMut};
use omnilane_kernels::{MeanStd, Threshold};

/// `(9798 R + 19235 G + 3735 B + 2^14) >> 15`; `order` says where in the pixel red, green and blue are.
pub fn gray<const C: usize>(src: ImageView<'_, u8, C>, dst: &mut ImageViewMut<'_, u8, 1>, order: [usize; 3]) {
    for (src, dst) in src.rows().zip(dst.rows_mut()) {
        for (pixel, gray) in src.chunks_exact(C).zip(dst) {
            let [r, g, b] = order.map(|i| u32::from(pixel[i]));
            *gray = ((9798 * r + 19235 * g + 3735 * b + (1 << 14)) >> 15) as u8;
        }
    }
}

/// One value under a threshold.
pub fn threshold<T: Num>(v: T, level: T, kind: Threshold<T>) -> T {
    let zero = T::default();
    match (kind, v > level) {
        (Threshold::Binary(max), true) | (Threshold::BinaryInv(max), false) => max,
        (Threshold::Binary(_), false) | (Threshold::BinaryInv(_), true) => zero,
        (Threshold::Truncate, true) => level,
        (Threshold::ToZero, true) | (Threshold::ToZeroInv | Threshold::Truncate, false) => v,
        (Threshold::ToZero, false) | (Threshold::ToZeroInv, true) => zero,
    }
}

/// Two passes in f64.
pub fn mean_std(values: &[f32]) -> MeanStd {
    let n = values.len() as f64;
    if values.is_empty() {
        return MeanStd { mean: 0.0, std: 0.0 };
    }
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
    MeanStd { mean, std: variance.sqrt() }
}

/// `(x - mean) / (std + 1e-8)` in f64.
pub fn normalize(values: &[f32]) -> Vec<f64> {
    let m = mean_std(values);
    values.iter().map(|v| (f64::from(*v) - m.mean) / (m.std + 1e-8)).collect()
}
