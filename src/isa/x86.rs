//! What the three x86 instruction sets share: 128-bit work and the tables of byte shuffles.
//!
//! A CPU with AVX2 or AVX-512 also has SSE4.2, so their tokens turn into [`Sse42`] (`Sse42::from(self)`), and every
//! operation on 128 bits is within their reach: the same code, compiled with their encodings where it is inlined.
//! No intrinsic is called here: all is written over `Sse42`'s own operations, or over plain bytes.

use super::sse42::Sse42;
use super::{LaneWord, Registers, Width};

type Reg = <Sse42 as Registers>::Reg;

/// The first `min(src.len(), 16)` bytes, the rest 0: two reads that overlap, never one outside `src`.
#[inline(always)]
pub fn load_partial(src: &[u8]) -> Reg {
    if let Some(whole) = src.first_chunk::<16>() {
        return bytemuck::cast(*whole);
    }
    let n = src.len();
    // The second read ends where `src` ends; the shift drops or lays over what the first one has already.
    let halves = if let (Some(first), Some(last)) = (src.first_chunk(), src.last_chunk()) {
        // In two steps: by 64 if there are exactly 8 bytes.
        [u64::from_le_bytes(*first), u64::from_le_bytes(*last) >> (8 * (15 - n)) >> 8]
    } else if let (Some(first), Some(last)) = (src.first_chunk(), src.last_chunk()) {
        [u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (n - 4)), 0]
    } else if let (Some(first), Some(last)) = (src.first_chunk(), src.last_chunk()) {
        [u64::from(u16::from_le_bytes(*first)) | u64::from(u16::from_le_bytes(*last)) << (8 * (n - 2)), 0]
    } else {
        [src.first().map_or(0, |b| u64::from(*b)), 0]
    };
    bytemuck::cast(halves)
}

/// The first `min(dst.len(), 16)` bytes to `dst`: two writes that overlap, never one outside `dst`.
#[inline(always)]
pub fn store_partial(a: Reg, dst: &mut [u8]) {
    if let Some(whole) = dst.first_chunk_mut::<16>() {
        *whole = bytemuck::cast(a);
        return;
    }
    let n = dst.len();
    let [low, high]: [u64; 2] = bytemuck::cast(a);
    if n >= 8 {
        let both = u128::from(high) << 64 | u128::from(low);
        dst[n - 8..].copy_from_slice(&((both >> (8 * (n - 8))) as u64).to_le_bytes());
        dst[..8].copy_from_slice(&low.to_le_bytes());
    } else if n >= 4 {
        dst[n - 4..].copy_from_slice(&((low >> (8 * (n - 4))) as u32).to_le_bytes());
        dst[..4].copy_from_slice(&(low as u32).to_le_bytes());
    } else if n >= 2 {
        dst[n - 2..].copy_from_slice(&((low >> (8 * (n - 2))) as u16).to_le_bytes());
        dst[..2].copy_from_slice(&(low as u16).to_le_bytes());
    } else if n == 1 {
        dst[0] = low as u8;
    }
}

/// `dst[x][y] = src[y][x]` for `0 <= x, y < N`, as [`Width::transpose`] says.
#[inline(always)]
pub fn transpose<B: LaneWord, const N: usize>(
    sse: Sse42,
    src: &[B],
    src_stride: usize,
    dst: &mut [B],
    dst_stride: usize,
) where
    Sse42: Width<B>,
{
    let (src, dst) = ((src, src_stride), (dst, dst_stride));
    match (size_of::<B>(), N) {
        (1, 4) => squares::<B, N, 4, 1>(sse, src, dst),
        (1, 8) => squares::<B, N, 8, 4>(sse, src, dst),
        (1, _) => squares::<B, N, 16, 16>(sse, src, dst),
        (2, 4) => squares::<B, N, 4, 2>(sse, src, dst),
        (2, _) => squares::<B, N, 8, 8>(sse, src, dst),
        (4, _) => squares::<B, N, 4, 4>(sse, src, dst),
        _ => squares::<B, N, 2, 2>(sse, src, dst),
    }
}

/// Where `N` rows of `N` lanes begin, `stride` lanes apart, in a slice of `len`: checked once, not at each row.
#[derive(Clone, Copy)]
struct Rows<const N: usize> {
    stride: usize,
    len: usize,
}

impl<const N: usize> Rows<N> {
    #[inline(always)]
    fn new(stride: usize, len: usize) -> Self {
        let Some(needed) = stride.checked_mul(N - 1) else { panic!("the stride is too large") };
        assert!(len >= N && needed <= len - N, "a square's rows are within their slice");
        Rows { stride, len }
    }

    /// `K` lanes of row `y` from lane `x` on. The assertions vanish once the loops around are unrolled.
    #[inline(always)]
    fn row<B, const K: usize>(self, lanes: &[B], y: usize, x: usize) -> &[B] {
        assert!(y < N && x + K <= N && lanes.len() == self.len);
        let start = y * self.stride + x;
        // SAFETY: `new` has checked that row `N - 1` ends within a slice of this length, and no row ends later.
        unsafe { lanes.get_unchecked(start..start + K) }
    }

    /// [`Rows::row`], to be written.
    #[inline(always)]
    fn row_mut<B, const K: usize>(self, lanes: &mut [B], y: usize, x: usize) -> &mut [B] {
        assert!(y < N && x + K <= N && lanes.len() == self.len);
        let start = y * self.stride + x;
        // SAFETY: as in `row`.
        unsafe { lanes.get_unchecked_mut(start..start + K) }
    }
}

/// A square of `N` by squares of `K`, each of which fits `REGS` registers.
///
/// Laid end to end, lane `y * K + x` of such a square must go to `x * K + y`: the bits of its index rotate by log2 K.
/// Interleaving the first half of all lanes with the second rotates them by one, at one unpack for each register.
#[inline(always)]
fn squares<B: LaneWord, const N: usize, const K: usize, const REGS: usize>(
    sse: Sse42,
    src: (&[B], usize),
    dst: (&mut [B], usize),
) where
    Sse42: Width<B>,
{
    // Never another `K`, but every arm of the `match` is compiled for every `N`.
    if !N.is_multiple_of(K) {
        return;
    }
    let ((src, src_stride), (dst, dst_stride)) = (src, dst);
    let (from, to) = (Rows::<N>::new(src_stride, src.len()), Rows::<N>::new(dst_stride, dst.len()));
    let (bytes, rows) = (K * size_of::<B>(), K / REGS);
    for corner in 0..(N / K) * (N / K) {
        let (y0, x0) = (corner / (N / K) * K, corner % (N / K) * K);
        let mut lanes = [sse.zero(); REGS];
        for (i, reg) in lanes.iter_mut().enumerate() {
            let mut block = [0u8; 16];
            for r in 0..rows {
                let row = from.row::<B, K>(src, y0 + i * rows + r, x0);
                block[r * bytes..][..bytes].copy_from_slice(bytemuck::cast_slice(row));
            }
            *reg = bytemuck::cast(block);
        }
        let mut n = K;
        while n > 1 {
            lanes = riffle::<B, REGS>(sse, lanes);
            n /= 2;
        }
        for (i, reg) in lanes.iter().enumerate() {
            let block: [u8; 16] = bytemuck::cast(*reg);
            for r in 0..rows {
                let row = to.row_mut::<B, K>(dst, x0 + i * rows + r, y0);
                bytemuck::cast_slice_mut(row).copy_from_slice(&block[r * bytes..][..bytes]);
            }
        }
    }
}

/// The first half of all lanes interleaved with the second half.
#[inline(always)]
fn riffle<B: LaneWord, const REGS: usize>(sse: Sse42, a: [Reg; REGS]) -> [Reg; REGS]
where
    Sse42: Width<B>,
{
    let mut out = a;
    if REGS == 1 {
        let swapped = Width::<u64>::reverse(sse, a[0]);
        out[0] = Width::<B>::interleave2(sse, [a[0], swapped])[0];
    }
    for i in 0..REGS / 2 {
        [out[2 * i], out[2 * i + 1]] = Width::<B>::interleave2(sse, [a[i], a[i + REGS / 2]]);
    }
    out
}

/// `PLACES[m]`: the places of the ones of `m` from the lowest on, then `0x80`, which a byte shuffle turns into 0.
pub static PLACES: [[u8; 8]; 256] = {
    let mut table = [[0x80; 8]; 256];
    let mut m = 0;
    while m < 256 {
        let (mut i, mut n) = (0, 0);
        while i < 8 {
            if m >> i & 1 != 0 {
                table[m][n] = i;
                n += 1;
            }
            i += 1;
        }
        m += 1;
    }
    table
};

/// Three interleaved channels of lanes of `SIZE` bytes in three 16-byte blocks.
///
/// 3 and the lanes of a block have no common factor, so the lanes of one channel stand at different places in the three
/// blocks: two blends merge them into one, and one byte shuffle puts them in order. Interleaving is the inverse.
pub struct Three<const SIZE: usize>;

impl<const SIZE: usize> Three<SIZE> {
    /// `OWNED[r][c]`: ones in the bytes of block `r` that belong to channel `c`.
    pub const OWNED: [[[u8; 16]; 3]; 3] = Self::TABLES.owned;
    /// `ORDER[c]`: the shuffle of channel `c`'s merged block to its lanes in order.
    pub const ORDER: [[u8; 16]; 3] = Self::TABLES.order;
    /// `SPREAD[c]`: the inverse of `ORDER[c]`.
    pub const SPREAD: [[u8; 16]; 3] = Self::TABLES.spread;

    const TABLES: ThreeTables = {
        let mut t = ThreeTables { owned: [[[0; 16]; 3]; 3], order: [[0; 16]; 3], spread: [[0; 16]; 3] };
        let mut byte = 0;
        while byte < 48 {
            let (lane, place) = (byte / SIZE, byte % 16);
            let (channel, ordered) = (lane % 3, lane / 3 * SIZE + byte % SIZE);
            t.owned[byte / 16][channel][place] = 0xff;
            t.order[channel][ordered] = place as u8;
            t.spread[channel][place] = ordered as u8;
            byte += 1;
        }
        t
    };
}

struct ThreeTables {
    owned: [[[u8; 16]; 3]; 3],
    order: [[u8; 16]; 3],
    spread: [[u8; 16]; 3],
}
