//! The plain definition of quantization.

#![allow(dead_code, reason = "each test binary uses its own part")]

/// The code of `x`: `saturate(round_half_even(x / s) + zp)`; NaN is the zero point.
pub fn quantize(x: f32, s: f32, zp: i32, (qmin, qmax): (i32, i32)) -> i32 {
    if x.is_nan() {
        return zp;
    }
    let steps = f64::from((x / s).round_ties_even());
    (steps + f64::from(zp)).clamp(qmin.into(), qmax.into()) as i32
}

/// What a code stands for.
pub fn dequantize(q: i32, s: f32, zp: i32) -> f32 {
    (q - zp) as f32 * s
}
