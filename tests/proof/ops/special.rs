//! Operations of a few elements only.

use super::Tally;
use crate::check;
use omnilane::lanes::{Simd, Vector};
use omnilane_test_values::Sample;

pub fn run<S: Simd>(simd: S, t: &mut Tally<'_>) {
    let (x, y) = u8::pairs();
    check!(simd, t, "average_round", u8, [a: u8 = x, b: u8 = y] => a.average_round(b));
    check!(simd, t, "sum_abs_diff", u8, [a: u8 = x, b: u8 = y] => a.sum_abs_diff(b));
    check!(simd, t, "lookup16", u8, [a: u8 = x, b: u8 = y] => a.lookup16(b));
    let table: [u8; 256] = std::array::from_fn(|i| (i * 167 + 13) as u8);
    check!(simd, t, "lookup256", u8, [a: u8 = x] => a.lookup256(&table));
    let (x, y) = u16::pairs();
    check!(simd, t, "average_round", u16, [a: u16 = x, b: u16 = y] => a.average_round(b));
    check!(simd, t, "mul_high", u16, [a: u16 = x, b: u16 = y] => a.mul_high(b));
    let (x, y) = i16::pairs();
    check!(simd, t, "mul_high", i16, [a: i16 = x, b: i16 = y] => a.mul_high(b));
    check!(simd, t, "mul_round_q15", i16, [a: i16 = x, b: i16 = y] => a.mul_round_q15(b));
    check!(simd, t, "dot_pairs", i16, [a: i16 = x, b: i16 = y] => a.dot_pairs(b));
    check!(simd, t, "pairs", i16, [a: i16 = i16::mixed(1, 64)] => (a.min(a), Vector::<_, i16>::pairs(simd, -3, 7)));
    let worst = |v: i16| vec![v; 64];
    check!(simd, t, "dot_pairs", i16, [a: i16 = worst(i16::MIN), b: i16 = worst(i16::MIN)] => a.dot_pairs(b));

    let n = 16384;
    check!(simd, t, "dot_pairs_add", i32, [acc: i32 = i32::mixed(1, n / 2), a: i16 = i16::mixed(2, n), b: i16 = i16::mixed(3, n)] => acc.dot_pairs_add(a, b));
    check!(simd, t, "dot_pairs_saturating", u8, [a: u8 = u8::mixed(2, n), b: i8 = i8::mixed(3, n)] => a.dot_pairs_saturating(b));
    for (a, b) in [(255, -128), (255, 127), (129, 127), (128, -128)] {
        check!(simd, t, "dot_pairs_saturating", u8, [a: u8 = [a; 64], b: i8 = [b; 64]] => a.dot_pairs_saturating(b));
    }
    check!(simd, t, "dot_quads", i32, [acc: i32 = i32::mixed(1, n / 4), a: u8 = u8::mixed(2, n), b: i8 = i8::mixed(3, n)] => acc.dot_quads(a, b));
    for (a, b) in [(255, -128), (255, 127), (0, -128), (1, -1)] {
        check!(simd, t, "dot_quads", i32, [acc: i32 = i32::mixed(1, 16), a: u8 = [a; 64], b: i8 = [b; 64]] => acc.dot_quads(a, b));
    }

    check!(simd, t, "to_f32", u8, [a: u8 = u8::singles()] => a.to_f32());
    let f = f32::singles();
    let shifted = |n: usize| f.iter().cycle().skip(n).take(f.len()).copied().collect::<Vec<_>>();
    check!(simd, t, "from_f32", u8, [a: f32 = f, b: f32 = shifted(64), c: f32 = shifted(128), d: f32 = shifted(200)] => Vector::<_, u8>::from_f32([a, b, c, d]));
    check!(simd, t, "narrow4", u8, [a: u32 = u32::mixed(1, n), b: u32 = u32::mixed(2, n), c: u32 = u32::mixed(3, n), d: u32 = u32::mixed(4, n)] => Vector::<_, u8>::narrow4([a, b, c, d]));
    check!(simd, t, "narrow4_saturating", u8, [a: i32 = i32::mixed(1, n), b: i32 = i32::mixed(2, n), c: i32 = i32::mixed(3, n), d: i32 = i32::mixed(4, n)] => Vector::<_, u8>::narrow4_saturating([a, b, c, d]));
    check!(simd, t, "three_to_four", u8, [a: u8 = u8::mixed(1, n), b: u8 = u8::mixed(2, n), c: u8 = u8::mixed(3, n)] => Vector::three_to_four([a, b, c]));
    weighted::<S, 9798, 19235, 3735, 0>(simd, t);
    weighted::<S, 3735, 19235, 9798, 0>(simd, t);
    weighted::<S, 8192, 8192, 8192, 8192>(simd, t);
    weighted::<S, 32639, 129, 0, 0>(simd, t);
    weighted::<S, 0, 128, 1, 32639>(simd, t);
    weighted::<S, 127, 255, 10922, 10923>(simd, t);
    weighted::<S, 0, 0, 0, 0>(simd, t);
    check!(simd, t, "widen4", u8, [a: u8 = u8::singles()] => a.widen4());
    check!(simd, t, "widen4", i8, [a: i8 = i8::singles()] => a.widen4());
    check!(simd, t, "widen4", u16, [a: u16 = u16::singles()] => a.widen4());
    check!(simd, t, "widen4", i16, [a: i16 = i16::singles()] => a.widen4());

    relaxed::<S, f32>(simd, t);
    relaxed::<S, f64>(simd, t);
}

/// Means with weights, against the formula: bytes of all values, and the largest and smallest ones.
fn weighted<S: Simd, const A: i16, const B: i16, const C: i16, const D: i16>(simd: S, t: &mut Tally<'_>) {
    t.add("weighted_mean3", "u8");
    t.add("weighted_mean4", "u8");
    let lanes = Vector::<S, u8>::LANES;
    let mean = |bytes: &[u8]| {
        let sum: i64 = bytes.iter().zip([A, B, C, D]).map(|(v, w)| i64::from(*v) * i64::from(w)).sum();
        ((sum + (1 << 14)) >> 15) as u8
    };
    let extreme = |n: usize| (0..4096).map(move |i: usize| if (i * n / 7).is_multiple_of(2) { 0 } else { 255 });
    for bytes in [u8::mixed(1, 16384), extreme(5).collect(), extreme(11).collect()] {
        for bytes in bytes.chunks_exact(4 * lanes) {
            let v = |i: usize| Vector::load(simd, &bytes[i * lanes..]);
            let got = Vector::weighted_mean4::<A, B, C, D>([v(0), v(1), v(2), v(3)]).to_array();
            let want: Vec<u8> = bytes.chunks_exact(4).map(mean).collect();
            assert_eq!(got.as_ref(), want, "of four with {A}, {B}, {C}, {D} on {}", S::ISA);
            let got = Vector::weighted_mean3::<A, B, C>([v(0), v(1), v(2)]).to_array();
            let want: Vec<u8> = bytes.chunks_exact(3).map(mean).take(lanes).collect();
            assert_eq!(got.as_ref(), want, "of three with {A}, {B}, {C} on {}", S::ISA);
        }
    }
}

/// The relaxed operations stay within the error that they document.
fn relaxed<S: Simd, T: omnilane::lanes::Float + Sample + Into<f64>>(simd: S, t: &mut Tally<'_>) {
    let name = super::short::<T>();
    for op in ["mul_add_relaxed", "recip_relaxed", "rsqrt_relaxed"] {
        t.add(op, name);
    }
    let values: Vec<T> = T::singles().into_iter().filter(|v| (1e-6..1e6).contains(&(*v).into())).collect();
    let bound = 2f64.powi(-11);
    for chunk in values.chunks_exact(Vector::<S, T>::LANES) {
        let v = Vector::load(simd, chunk);
        let (recip, rsqrt, fma) =
            (v.recip_relaxed().to_array(), v.rsqrt_relaxed().to_array(), v.mul_add_relaxed(v, v).to_array());
        for (i, x) in chunk.iter().enumerate() {
            let x: f64 = (*x).into();
            for (got, want) in
                [(recip.as_ref()[i], 1.0 / x), (rsqrt.as_ref()[i], 1.0 / x.sqrt()), (fma.as_ref()[i], x * x + x)]
            {
                let got: f64 = got.into();
                assert!((got - want).abs() <= bound * want.abs(), "{name} on {}: x {x} got {got} want {want}", S::ISA);
            }
        }
    }
}
