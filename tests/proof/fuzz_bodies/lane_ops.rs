//! A family of lane operations on every token of this CPU, against the definitions at the same register width.

use super::COMPARED;
use super::input::Input;
use omnilane::cpu::Isa;
use omnilane::lanes::{
    Element, Float, Gathered, Int, Mask, Narrow, Num, Saturating, Signed, Simd, ToFloat, ToInt, Vector, Widen, bf16,
    f16, transpose_square,
};
use omnilane::token;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use omnilane::token::Reference;
use omnilane_test_values::{Lane, Observe, Sample};
use std::sync::atomic::Ordering::Relaxed;

/// The operation and what it gave, as bits.
type Results = Vec<(&'static str, Vec<u64>)>;

/// The results of some expressions over vectors.
macro_rules! results {
    ($($e:expr),* $(,)?) => { vec![$((stringify!($e), apart(|| Observe::observe(&$e)))),*] };
}

/// A function for each operation: compilers need more than twice as long for all of them in one.
#[inline(never)]
fn apart(f: impl FnOnce() -> Vec<u64>) -> Vec<u64> {
    f()
}

pub fn run(bytes: &[u8]) {
    for isa in Isa::available() {
        let done = omnilane::dispatch_on(isa, Compare(bytes));
        assert!(done.is_ok(), "{isa} is available");
    }
}

/// The input, on its way to one token.
struct Compare<'a>(&'a [u8]);

impl omnilane::Kernel for Compare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        compare(simd, self.0);
    }
}

#[inline(never)]
fn compare<S: Simd>(simd: S, bytes: &[u8]) {
    // The same operations on the same operands, in the same order.
    let got = family(simd, &mut Input(bytes));
    let want = definition(Vector::<S, u8>::LANES, &mut Input(bytes));
    for ((op, got), (_, want)) in got.iter().zip(&want) {
        assert!(got == want, "{op} on {}: got {got:x?}, its definition gives {want:x?}", S::ISA);
        COMPARED.fetch_add(got.len() as u64, Relaxed);
    }
}

/// The definitions in registers of `width` bytes, compiled once for the instruction sets that share a width.
fn definition(width: usize, i: &mut Input<'_>) -> Results {
    match width {
        16 => family(token::Scalar::new(), i),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        32 => family(Reference(token::Avx2::detect().expect("it is running")), i),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        64 => family(Reference(token::Avx512::detect().expect("it is running")), i),
        _ => panic!("no definition for registers of {width} bytes"),
    }
}

/// The family and the element that the input asks for. What only moves bits is fuzzed for one element a width, since the
/// contract has it once a width; `tests/proof/ops` runs it for each element.
fn family<S: Simd>(simd: S, i: &mut Input<'_>) -> Results {
    macro_rules! families {
        ($($f:ident $([$($t:ty),*])+;)*) => { [$($($f::<S $(, $t)*>,)+)*] };
    }
    let families: &[fn(S, &mut Input<'_>) -> Results] = &families! {
        num [u8] [i8] [u16] [i16] [u32] [i32] [u64] [i64] [f32] [f64];
        signed [i8] [i16] [i32] [i64] [f32] [f64];
        int [u8] [i8] [u16] [i16] [u32] [i32] [u64] [i64];
        saturating [u8] [i8] [u16] [i16] [u32] [i32];
        float [f32] [f64];
        widen [u8] [i8] [u16] [i16] [u32] [i32] [f32] [f16] [bf16];
        mul_wide [u8] [i8] [u16] [i16] [u32] [i32];
        narrow [u16, u8] [u16, i8] [i16, u8] [i16, i8] [u32, u16] [u32, i16] [i32, u16] [i32, i16] [u64, u32] [u64, i32]
            [i64, u32] [i64, i32];
        to_float [i32] [u32] [i64] [u64];
        to_int [f32, i32] [f32, u32] [f64, i64] [f64, u64];
        moves [u8] [u16] [u32] [u64];
        masks [u8] [u16] [u32] [u64];
        memory [u8] [u16] [u32] [u64];
        gather [u32] [u64];
        bytes [];
        sixteen [];
    };
    i.pick(families)(simd, i)
}

fn vectors<S: Simd, T: Sample, const N: usize>(simd: S, i: &mut Input<'_>) -> [Vector<S, T>; N] {
    std::array::from_fn(|_| Vector::load(simd, &i.elements(Vector::<S, T>::LANES)))
}

fn num<S: Simd, T: Num + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let [a, b, c] = vectors::<S, T, 3>(simd, i);
    results![
        a + b,
        a - b,
        a * b,
        a.wrapping_neg(),
        a.min(b),
        a.max(b),
        a.clamp(b, c),
        a.eq(b),
        a.ne(b),
        a.lt(b),
        a.le(b),
        a.gt(b),
        a.ge(b),
        a.reduce_sum(),
        a.reduce_min(),
        a.reduce_max(),
        a.prefix_sum(),
    ]
}

fn signed<S: Simd, T: Signed + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let [a] = vectors::<S, T, 1>(simd, i);
    results![-a, a.abs()]
}

fn int<S: Simd, T: Int<Bits: Sample + Lane> + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let n = u32::from(i.byte());
    let [a, b] = vectors::<S, T, 2>(simd, i);
    let [counts] = vectors::<S, T::Bits, 1>(simd, i);
    // Most counts from the input are beyond the width.
    let small = counts & Vector::splat(simd, word(8 * size_of::<T>() as u64 - 1));
    results![
        a & b,
        a | b,
        a ^ b,
        !a,
        a.and_not(b),
        a << n,
        a >> n,
        a << (n % 70),
        a >> (n % 70),
        a.rounding_shr(n % 70),
        a.shl_lanes(counts),
        a.shr_lanes(counts),
        a.shl_lanes(small),
        a.shr_lanes(small),
        a.abs_diff(b),
        a.popcount(),
        a.leading_zeros(),
        a.trailing_zeros(),
        a.reverse_bits(),
        a.reduce_and(),
        a.reduce_or(),
        a.reduce_xor(),
    ]
}

fn saturating<S: Simd, T: Saturating + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let [a, b] = vectors::<S, T, 2>(simd, i);
    results![a.saturating_add(b), a.saturating_sub(b)]
}

fn float<S: Simd, T: Float + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let [a, b, c] = vectors::<S, T, 3>(simd, i);
    results![a / b, a.sqrt(), a.floor(), a.ceil(), a.trunc(), a.round_even(), a.fma(b, c)]
}

fn widen<S: Simd, T: Widen<Wide: Sample + Lane> + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let [a] = vectors::<S, T, 1>(simd, i);
    let wide = vectors::<S, T::Wide, 2>(simd, i);
    results![a.widen(), Vector::<S, T>::narrow(wide)]
}

fn mul_wide<S: Simd, T: Int + Widen<Wide: Int + Lane> + Sample>(simd: S, i: &mut Input<'_>) -> Results {
    let [a, b] = vectors::<S, T, 2>(simd, i);
    results![a.mul_wide(b)]
}

fn narrow<S: Simd, W: Narrow<N> + Sample, N: Int + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let wide = vectors::<S, W, 2>(simd, i);
    results![Vector::<S, N>::narrow_saturating(wide)]
}

fn to_float<S: Simd, I: ToFloat<Float: Lane> + Sample>(simd: S, i: &mut Input<'_>) -> Results {
    let [a] = vectors::<S, I, 1>(simd, i);
    results![a.to_float()]
}

fn to_int<S: Simd, F: ToInt<I> + Sample, I: Int + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let [a] = vectors::<S, F, 1>(simd, i);
    results![a.trunc_to_int::<I>(), a.round_to_int::<I>()]
}

fn moves<S: Simd, T: Element<Bits: Sample> + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let n = i.up_to(Vector::<S, T>::LANES);
    let strides = [i.up_to(20), i.up_to(20)];
    let [a, b, c, d] = vectors::<S, T, 4>(simd, i);
    let [idx] = vectors::<S, T::Bits, 1>(simd, i);
    let near = idx & Vector::splat(simd, word(2 * Vector::<S, T>::LANES as u64 - 1));
    let square: Vec<T> = i.elements(36 * 16);
    let transposed = |n: usize| {
        let mut out = square.clone();
        let [from, to] = strides.map(|s| s + n);
        match n {
            4 => transpose_square::<S, T, 4>(simd, &square, from, &mut out, to),
            8 => transpose_square::<S, T, 8>(simd, &square, from, &mut out, to),
            _ => transpose_square::<S, T, 16>(simd, &square, from, &mut out, to),
        }
        out
    };
    results![
        a.eq_bits(b),
        a.bitcast::<u8>(),
        a.reverse(),
        a.permute(idx),
        a.permute(near),
        a.slide_down(b, n),
        a.slide_up(b, n),
        a.concat_shift::<1>(b),
        a.concat_shift::<2>(b),
        a.rotate::<1>(),
        a.interleave(b),
        a.deinterleave(b),
        Vector::interleave3([a, b, c]),
        Vector::deinterleave3([a, b, c]),
        Vector::interleave4([a, b, c, d]),
        Vector::deinterleave4([a, b, c, d]),
        transposed(4),
        transposed(8),
        transposed(16),
    ]
}

fn masks<S: Simd, T: Element<Bits: Lane> + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let (m, n) = (Mask::<S, T>::from_bits(simd, i.word()), Mask::<S, T>::from_bits(simd, i.word()));
    let len = i.up_to(Vector::<S, T>::LANES + 1);
    let first = i.up_to(70);
    let [a, b] = vectors::<S, T, 2>(simd, i);
    let around: Vec<T> = i.elements(Vector::<S, T>::LANES + 3);
    let mut stored = around.clone();
    a.store_masked(m, &mut stored[1..=len]);
    let mut compressed = around;
    let count = a.compress_store(m, &mut compressed[1..]);
    results![
        m & n,
        m | n,
        m ^ n,
        !m,
        m.and_not(n),
        [m.any(), m.all(), m.none()],
        m.count(),
        m.first(),
        m.last(),
        Mask::<S, T>::first_n(simd, first),
        m.cast::<T::Bits>(),
        m.to_vector(),
        m.select(a, b),
        a.compress(m),
        a.expand(m),
        (count, compressed.clone()),
        stored.clone(),
    ]
}

fn memory<S: Simd, T: Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let lanes = Vector::<S, T>::LANES;
    let (start, len) = (i.up_to(lanes), i.up_to(lanes + 1));
    let data: Vec<T> = i.elements(3 * lanes + 3);
    let part = &data[start..start + len];
    let whole = Vector::load(simd, &data[start..]);
    let stored = |store: fn(Vector<S, T>, &mut [T], usize)| {
        let mut out = data.clone();
        store(whole, &mut out[start..], len);
        out
    };
    results![
        whole,
        Vector::load_partial(simd, part),
        Vector::splat(simd, data[0]),
        stored(|v, out, _| v.store(out)),
        stored(|v, out, _| v.store_stream(out)),
        stored(|v, out, len| v.store_partial(&mut out[..len])),
        Vector::<S, T>::load_interleaved3(simd, &data[3..]),
        stored(|v, out, _| Vector::store_interleaved2([v, v.reverse()], out)),
    ]
}

fn gather<S: Simd, T: Element<Bits: Gathered + Sample> + Sample + Lane>(simd: S, i: &mut Input<'_>) -> Results {
    let len = 1 + i.up_to(100);
    let src: Vec<T> = i.elements(len);
    let idx = Vector::<S, T::Bits>::from_fn(simd, |_| word(i.up_to(len - 1) as u64));
    let [a] = vectors::<S, T, 1>(simd, i);
    let mut out = src.clone();
    a.scatter(&mut out, idx);
    results![Vector::<S, T>::gather(&src, idx), out]
}

fn bytes<S: Simd>(simd: S, i: &mut Input<'_>) -> Results {
    let [a, b] = vectors::<S, u8, 2>(simd, i);
    let [c] = vectors::<S, i8, 1>(simd, i);
    let [sum, p, q, r] = vectors::<S, i32, 4>(simd, i);
    let f = vectors::<S, f32, 4>(simd, i);
    let table: Vec<u8> = i.elements(256);
    let table: &[u8; 256] = table[..].try_into().expect("256 bytes");
    results![
        a.average_round(b),
        a.sum_abs_diff(b),
        a.lookup16(b),
        a.lookup16(b & simd.splat(31)),
        a.lookup256(table),
        sum.dot_quads(a, c),
        a.dot_pairs_saturating(c),
        a.to_f32(),
        Vector::<S, u8>::from_f32(f),
        Vector::<S, u8>::narrow4([sum, p, q, r].map(|v| v.bitcast::<u32>())),
        Vector::<S, u8>::narrow4_saturating([sum, p, q, r]),
        a.widen4(),
        c.widen4(),
    ]
}

fn sixteen<S: Simd>(simd: S, i: &mut Input<'_>) -> Results {
    let [a, b] = vectors::<S, u16, 2>(simd, i);
    let [c, d] = vectors::<S, i16, 2>(simd, i);
    results![
        a.average_round(b),
        a.mul_high(b),
        c.mul_high(d),
        c.mul_round_q15(d),
        c.dot_pairs(d),
        a.widen4(),
        c.widen4(),
    ]
}

/// `i` as a word of the width of a lane.
fn word<B: omnilane::lanes::Word>(i: u64) -> B {
    let bytes = if cfg!(target_endian = "big") { i.to_be_bytes() } else { i.to_le_bytes() };
    let skip = if cfg!(target_endian = "big") { 8 - size_of::<B>() } else { 0 };
    bytemuck::pod_read_unaligned(&bytes[skip..skip + size_of::<B>()])
}
