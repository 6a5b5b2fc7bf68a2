//! Bytes to nibbles, two to a byte, and back.

use crate::lanes::{Simd, Vector};

/// Codes that wait in a buffer between bytes and nibbles; even.
pub(super) const CHUNK: usize = 1024;

/// The low nibbles of the bytes, the first of each pair in the low half; an odd one leaves the high half zero.
#[inline(always)]
pub(super) fn pack_on<S: Simd>(simd: S, bytes: &[u8], nibbles: &mut [u8]) {
    let lanes = Vector::<S, u8>::LANES;
    let low = simd.splat(0x0f_u8);
    let whole = bytes.len() / (2 * lanes);
    let (from, bytes) = bytes.split_at(2 * lanes * whole);
    let (to, nibbles) = nibbles.split_at_mut(lanes * whole);
    let mut to = to.chunks_exact_mut(lanes);
    for bytes in from.chunks_exact(2 * lanes) {
        let Some(nibbles) = to.next() else { break };
        let [even, odd] = Vector::load_interleaved2(simd, bytes);
        ((even & low) | (odd << 4)).store(nibbles);
    }
    if !bytes.is_empty() {
        let first = Vector::load_partial(simd, bytes);
        let second = Vector::load_partial(simd, &bytes[lanes.min(bytes.len())..]);
        let [even, odd] = Vector::deinterleave2([first, second]);
        ((even & low) | (odd << 4)).store_partial(nibbles);
    }
}

/// Each nibble as a byte, the low half of a byte first; `signed` ones in two's complement.
#[inline(always)]
pub(super) fn unpack_on<S: Simd>(simd: S, nibbles: &[u8], bytes: &mut [u8], signed: bool) {
    let lanes = Vector::<S, u8>::LANES;
    let (low, sign) = (simd.splat(0x0f_u8), simd.splat(if signed { 8_u8 } else { 0 }));
    let whole = bytes.len() / (2 * lanes);
    let (from, nibbles) = nibbles.split_at(lanes * whole);
    let (to, bytes) = bytes.split_at_mut(2 * lanes * whole);
    let mut to = to.chunks_exact_mut(2 * lanes);
    for nibbles in from.chunks_exact(lanes) {
        let Some(bytes) = to.next() else { break };
        let v = Vector::load(simd, nibbles);
        Vector::store_interleaved2([((v & low) ^ sign) - sign, ((v >> 4) ^ sign) - sign], bytes);
    }
    if !bytes.is_empty() {
        let v = Vector::load_partial(simd, nibbles);
        let [first, second] = Vector::interleave2([((v & low) ^ sign) - sign, ((v >> 4) ^ sign) - sign]);
        first.store_partial(bytes);
        let rest = lanes.min(bytes.len());
        second.store_partial(&mut bytes[rest..]);
    }
}
