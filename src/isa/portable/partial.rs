//! Loads and stores of less than a register, in two overlapping pieces at most.

use super::Reg;
use bytemuck::{bytes_of, cast, pod_read_unaligned};

/// The first 16 bytes of `src`, zeros where it has less.
#[inline(always)]
pub fn load(src: &[u8]) -> Reg {
    if src.len() >= 16 {
        pod_read_unaligned(&src[..16])
    } else if src.len() >= 8 {
        let (first, rest) = src.split_at(8);
        cast([pod_read_unaligned::<u64>(first), up_to_8(rest)])
    } else {
        cast([up_to_8(src), 0])
    }
}

/// Less than 8 bytes in memory order, then zeros.
#[inline(always)]
fn up_to_8(src: &[u8]) -> u64 {
    let n = src.len();
    let little_endian = if n >= 4 {
        let first: u32 = pod_read_unaligned(&src[..4]);
        let last: u32 = pod_read_unaligned(&src[n - 4..]);
        u64::from(u32::from_le(first)) | u64::from(u32::from_le(last)) << (8 * (n - 4))
    } else if n > 0 {
        u64::from(src[0]) | u64::from(src[n / 2]) << (8 * (n / 2)) | u64::from(src[n - 1]) << (8 * (n - 1))
    } else {
        0
    };
    little_endian.to_le()
}

/// The first `min(dst.len(), 16)` bytes of `a` to `dst`.
#[inline(always)]
pub fn store(a: Reg, dst: &mut [u8]) {
    let n = dst.len();
    if n >= 16 {
        dst[..16].copy_from_slice(bytes_of(&a));
        return;
    }
    let [first, second]: [u64; 2] = cast(a);
    let v = u128::from(u64::from_le(first)) | u128::from(u64::from_le(second)) << 64;
    if n >= 8 {
        dst[..8].copy_from_slice(&first.to_ne_bytes());
        dst[n - 8..].copy_from_slice(&((v >> (8 * (n - 8))) as u64).to_le_bytes());
    } else if n >= 4 {
        let v = v as u64;
        dst[..4].copy_from_slice(&(v as u32).to_le_bytes());
        dst[n - 4..].copy_from_slice(&((v >> (8 * (n - 4))) as u32).to_le_bytes());
    } else if n > 0 {
        let v = v as u32;
        for i in [0, n / 2, n - 1] {
            dst[i] = (v >> (8 * i)) as u8;
        }
    }
}
