//! Blocks of 32 numbers with a scale each, as ggml stores them.

use super::QuantizeError;
use crate::kernel;
use crate::lanes::{LengthError, Simd, f16};
use alloc::vec;
use alloc::vec::Vec;

/// Numbers in a block.
const LEN: usize = 32;
/// The largest scale: half of a unit more would round to infinity in f16.
const MOST: f32 = 65_519.996;

/// How ggml stores tensors in blocks of 32 numbers, byte for byte: `real = d * code`, with a scale `d` in f16 for each
/// block. (ONNX's int4, two codes to a byte in order, is [`I4`](super::I4): the two do not mix.)
///
/// | | bytes | `d` | code | layout |
/// |---|---|---|---|---|
/// | `Q8_0` | 34 | `absmax / 127` | `round(x / d)`, half away from zero | `d`, then 32 codes as i8 |
/// | `Q4_0` | 18 | `m / -8`, `m` the first number of largest magnitude | `trunc(x / d + 8.5)`, at most 15; stands for `code - 8` | `d`, then 16 bytes: code `j` in the low nibble, `j + 16` in the high one |
///
/// As in ggml's reference, codes are found with `1 / d` in f32, before `d` is rounded to f16; `d` is little-endian. A
/// block of zeros has `d = 0` (-0 in `Q4_0`). Where ggml leaves the result open: NaN is the code of 0; an infinity does not count for `d` and
/// is the code at the end of the range (that of 0 in a block with nothing else).
///
/// ```
/// use omnilane::quantize::BlockFormat;
///
/// let weights: Vec<f32> = (0..64).map(|i| (i as f32 - 32.0) / 32.0).collect();
/// let bytes = BlockFormat::Q8_0.quantize(&weights)?;
/// assert_eq!(bytes.len(), 2 * 34);
/// let restored = BlockFormat::Q8_0.dequantize(&bytes)?;
/// assert!(weights.iter().zip(&restored).all(|(x, y)| (x - y).abs() < 0.005));
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockFormat {
    /// 8 bits a number: 34 bytes a block.
    Q8_0,
    /// 4 bits a number: 18 bytes a block.
    Q4_0,
}

impl BlockFormat {
    /// Numbers in a block.
    pub const BLOCK_LEN: usize = LEN;

    /// The name that ggml gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BlockFormat::Q8_0 => "Q8_0",
            BlockFormat::Q4_0 => "Q4_0",
        }
    }

    /// Bytes of a block.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            BlockFormat::Q8_0 => 2 + LEN,
            BlockFormat::Q4_0 => 2 + LEN / 2,
        }
    }

    /// Bytes of so many numbers.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if they do not fill their last block.
    pub fn bytes_for(self, len: usize) -> Result<usize, QuantizeError> {
        LengthError::check("src", len, len / LEN * LEN)?;
        Ok(len / LEN * self.block_bytes())
    }

    /// The numbers in blocks.
    ///
    /// # Errors
    /// As [`quantize_into`](BlockFormat::quantize_into).
    pub fn quantize(self, src: &[f32]) -> Result<Vec<u8>, QuantizeError> {
        let mut dst = vec![0; self.bytes_for(src.len())?];
        self.quantize_into(src, &mut dst)?;
        Ok(dst)
    }

    /// [`quantize`](BlockFormat::quantize) into bytes that are there; allocates nothing.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if the length of `src` is no multiple of 32, or `dst` has not as many bytes as its blocks.
    /// [`QuantizeError::BlockScale`] if the scale of a block is infinite in f16 (a magnitude above 8 million in `Q8_0`, 524
    /// thousand in `Q4_0`). Nothing is written then.
    pub fn quantize_into(self, src: &[f32], dst: &mut [u8]) -> Result<(), QuantizeError> {
        LengthError::check("dst", dst.len(), self.bytes_for(src.len())?)?;
        let divisor = match self {
            BlockFormat::Q8_0 => 127.0,
            BlockFormat::Q4_0 => 8.0,
        };
        if let Some(block) = first_too_large(src, divisor) {
            return Err(QuantizeError::BlockScale { block, format: self.name() });
        }
        match self {
            BlockFormat::Q8_0 => quantize_q8(src, dst),
            BlockFormat::Q4_0 => quantize_q4(src, dst),
        }
        Ok(())
    }

    /// The numbers that blocks stand for.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if the bytes are no whole blocks.
    pub fn dequantize(self, src: &[u8]) -> Result<Vec<f32>, QuantizeError> {
        let mut dst = vec![0.0; src.len() / self.block_bytes() * LEN];
        self.dequantize_into(src, &mut dst)?;
        Ok(dst)
    }

    /// [`dequantize`](BlockFormat::dequantize) into numbers that are there; allocates nothing. Any bytes will do: a scale
    /// may be infinite or NaN.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if the bytes are no whole blocks, or `dst` has not 32 numbers for each; nothing is written
    /// then.
    pub fn dequantize_into(self, src: &[u8], dst: &mut [f32]) -> Result<(), QuantizeError> {
        let blocks = src.len() / self.block_bytes();
        LengthError::check("src", src.len(), blocks * self.block_bytes())?;
        LengthError::check("dst", dst.len(), blocks * LEN)?;
        match self {
            BlockFormat::Q8_0 => dequantize_q8(src, dst),
            BlockFormat::Q4_0 => dequantize_q4(src, dst),
        }
        Ok(())
    }
}

// Plain loops over 32 numbers, which the compiler turns into the lanes of the instruction set that `kernel!` compiles them
// for: every operation is exact or correctly rounded, so the bits are the same.
kernel! {
    /// The first block whose scale is infinite in f16.
    fn first_too_large<S: Simd>(_simd: S, src: &[f32], divisor: f32) -> Option<usize> {
        for (i, block) in src.chunks_exact(LEN).enumerate() {
            if absmax(block) / divisor > MOST {
                return Some(i);
            }
        }
        None
    }

    fn quantize_q8<S: Simd>(_simd: S, src: &[f32], dst: &mut [u8]) {
        let mut blocks = dst.chunks_exact_mut(2 + LEN);
        for src in src.chunks_exact(LEN) {
            let Some(dst) = blocks.next() else { break };
            let d = absmax(src) / 127.0;
            let scale = reciprocal(d);
            dst[..2].copy_from_slice(&f16::from_f32_const(d).to_le_bytes());
            for (code, x) in dst[2..].iter_mut().zip(src) {
                let steps = (x * scale).clamp(-127.0, 127.0);
                // The conversion truncates and makes 0 of NaN; the difference is exact.
                let whole = steps as i32;
                let rest = steps - whole as f32;
                *code = (whole + i32::from(rest >= 0.5) - i32::from(rest <= -0.5)) as u8;
            }
        }
    }

    fn quantize_q4<S: Simd>(_simd: S, src: &[f32], dst: &mut [u8]) {
        let mut blocks = dst.chunks_exact_mut(2 + LEN / 2);
        for src in src.chunks_exact(LEN) {
            let Some(dst) = blocks.next() else { break };
            let d = first_of_magnitude(src, absmax(src)) / -8.0;
            let scale = reciprocal(d);
            dst[..2].copy_from_slice(&f16::from_f32_const(d).to_le_bytes());
            let (low, high) = src.split_at(LEN / 2);
            for (j, byte) in dst[2..].iter_mut().enumerate() {
                *byte = nibble(low[j] * scale) | nibble(high[j] * scale) << 4;
            }
        }
    }

    fn dequantize_q8<S: Simd>(_simd: S, src: &[u8], dst: &mut [f32]) {
        let mut blocks = dst.chunks_exact_mut(LEN);
        for src in src.chunks_exact(2 + LEN) {
            let Some(dst) = blocks.next() else { break };
            let d = f16::from_le_bytes([src[0], src[1]]).to_f32_const();
            for (x, code) in dst.iter_mut().zip(&src[2..]) {
                *x = f32::from(code.cast_signed()) * d;
            }
        }
    }

    fn dequantize_q4<S: Simd>(_simd: S, src: &[u8], dst: &mut [f32]) {
        let mut blocks = dst.chunks_exact_mut(LEN);
        for src in src.chunks_exact(2 + LEN / 2) {
            let Some(dst) = blocks.next() else { break };
            let d = f16::from_le_bytes([src[0], src[1]]).to_f32_const();
            let (low, high) = dst.split_at_mut(LEN / 2);
            for (j, byte) in src[2..].iter().enumerate() {
                low[j] = (i32::from(byte & 15) - 8) as f32 * d;
                high[j] = (i32::from(byte >> 4) - 8) as f32 * d;
            }
        }
    }
}

/// The bits of a finite magnitude; 0 for NaN and infinities. Integers, since their maximum takes one instruction.
#[inline(always)]
fn magnitude(x: f32) -> u32 {
    let bits = x.to_bits() & 0x7fff_ffff;
    if bits < 0x7f80_0000 { bits } else { 0 }
}

/// The largest finite magnitude.
#[inline(always)]
fn absmax(block: &[f32]) -> f32 {
    let mut most = 0;
    for x in block {
        most = most.max(magnitude(*x));
    }
    f32::from_bits(most)
}

/// The first number that has the magnitude; 0 if none has.
#[inline(always)]
fn first_of_magnitude(block: &[f32], magnitude: f32) -> f32 {
    let (mut plus, mut minus) = (false, false);
    for x in block {
        plus |= *x == magnitude;
        minus |= *x == -magnitude;
    }
    match (plus, minus) {
        // Zeros of either sign: ggml starts from +0, so `d` is -0.
        _ if magnitude == 0.0 => 0.0,
        (true, false) => magnitude,
        (false, true) => -magnitude,
        _ => {
            for x in block {
                if x.abs() == magnitude {
                    return *x;
                }
            }
            0.0
        }
    }
}

/// `1 / d`, and 0 for 0.
#[inline(always)]
fn reciprocal(d: f32) -> f32 {
    if d == 0.0 { 0.0 } else { 1.0 / d }
}

/// The code of a number in steps; NaN is the code of 0.
#[inline(always)]
fn nibble(steps: f32) -> u8 {
    let steps = if steps.is_nan() { 0.0 } else { steps };
    (steps + 8.5).clamp(0.0, 15.0) as i32 as u8
}
