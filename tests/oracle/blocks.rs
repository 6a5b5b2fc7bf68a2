//! ggml's block formats, from the text of their definition.

use omnilane::lanes::f16;

pub fn q8_0(x: &[f32]) -> Vec<u8> {
    let d = x.iter().filter(|v| v.is_finite()).fold(0.0f32, |m, v| m.max(v.abs())) / 127.0;
    let scale = if d == 0.0 { 0.0 } else { 1.0 / d };
    let mut bytes = f16::from_f32(d).to_le_bytes().to_vec();
    // Float to integer saturates, NaN is 0.
    bytes.extend(x.iter().map(|v| ((v * scale).round() as i8).max(-127) as u8));
    bytes
}

pub fn q4_0(x: &[f32]) -> Vec<u8> {
    let mut largest = 0.0f32;
    for v in x.iter().filter(|v| v.is_finite()) {
        if v.abs() > largest.abs() {
            largest = *v;
        }
    }
    let d = largest / -8.0;
    let scale = if d == 0.0 { 0.0 } else { 1.0 / d };
    let code = |v: f32| if (v * scale).is_nan() { 8 } else { ((v * scale + 8.5) as u8).min(15) };
    let mut bytes = f16::from_f32(d).to_le_bytes().to_vec();
    bytes.extend((0..16).map(|j| code(x[j]) | code(x[j + 16]) << 4));
    bytes
}

pub fn from_q8_0(b: &[u8]) -> Vec<f32> {
    let d = f16::from_le_bytes([b[0], b[1]]).to_f32();
    b[2..].iter().map(|q| d * f32::from(*q as i8)).collect()
}

pub fn from_q4_0(b: &[u8]) -> Vec<f32> {
    let d = f16::from_le_bytes([b[0], b[1]]).to_f32();
    let code = |j: usize| if j < 16 { b[2 + j] & 15 } else { b[2 + j - 16] >> 4 };
    (0..32).map(|j| d * (f32::from(code(j)) - 8.0)).collect()
}
