//! Part of a register from and to memory: two overlapping words of the largest size that fits, never a byte outside.

use bytemuck::cast;
use core::arch::aarch64::uint8x16_t;

/// The first `min(src.len(), 16)` bytes, the rest 0.
#[inline(always)]
pub fn load(src: &[u8]) -> uint8x16_t {
    let n = src.len();
    if let Some(whole) = src.first_chunk::<16>() {
        return cast(*whole);
    }
    let value = if let (Some(first), Some(last)) = (src.first_chunk::<8>(), src.last_chunk::<8>()) {
        u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << (8 * (n - 8))
    } else if let (Some(first), Some(last)) = (src.first_chunk::<4>(), src.last_chunk::<4>()) {
        u128::from(u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (n - 4)))
    } else if n > 0 {
        // One to three bytes: the first, the middle and the last, some of them the same.
        let (middle, last) = (n / 2, n - 1);
        u128::from(u32::from(src[0]) | u32::from(src[middle]) << (8 * middle) | u32::from(src[last]) << (8 * last))
    } else {
        0
    };
    cast(value.to_le_bytes())
}

/// The first `min(dst.len(), 16)` bytes.
#[inline(always)]
pub fn store(a: uint8x16_t, dst: &mut [u8]) {
    let n = dst.len();
    if let Some(whole) = dst.first_chunk_mut::<16>() {
        *whole = cast(a);
        return;
    }
    let [low, high]: [u64; 2] = cast(a);
    let value = u128::from(low) | u128::from(high) << 64;
    if n >= 8 {
        dst[..8].copy_from_slice(&low.to_le_bytes());
        dst[n - 8..].copy_from_slice(&((value >> (8 * (n - 8))) as u64).to_le_bytes());
    } else if n >= 4 {
        dst[..4].copy_from_slice(&(low as u32).to_le_bytes());
        dst[n - 4..].copy_from_slice(&((low >> (8 * (n - 4))) as u32).to_le_bytes());
    } else if n > 0 {
        for i in [0, n / 2, n - 1] {
            dst[i] = (low >> (8 * i)) as u8;
        }
    }
}
