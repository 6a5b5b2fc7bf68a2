//! Operations against plain std arithmetic, on every instruction set: rounding and conversion over a strided sweep of all
//! f32, integers over all pairs of bytes and all shift counts.
//!
//! `OMNILANE_EXHAUSTIVE=1 cargo test --release --test sweep` takes every f32.

use omnilane::cpu::Isa;
use omnilane::lanes::{Simd, Vector, bf16, f16};
use omnilane::{Kernel, dispatch_on};

/// Runs a kernel on every instruction set of this machine.
fn everywhere<K: Kernel<Output = u64> + Copy>(name: &str, kernel: K) {
    for isa in Isa::available() {
        let compared = dispatch_on(isa, kernel).expect("it is available");
        assert!(compared > 0);
        println!("{name} on {isa}: {compared} results equal std's");
    }
}

fn same(op: &str, isa: Isa, x: f32, got: u64, want: u64) {
    assert_eq!(got, want, "{op} of {x:?} ({:#010x}) on {isa}: {got:#x}, std has {want:#x}", x.to_bits());
}

/// A NaN is a NaN.
fn bits(v: f32) -> u64 {
    if v.is_nan() { u64::MAX } else { v.to_bits().into() }
}

fn bits64(v: f64) -> u64 {
    if v.is_nan() { u64::MAX } else { v.to_bits() }
}

#[derive(Clone, Copy)]
struct Floats(usize);

impl Kernel for Floats {
    type Output = u64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u64 {
        let lanes = Vector::<S, f32>::LANES;
        let (mut x, mut next, mut compared) = ([0f32; 16], 0usize, 0);
        while next <= u32::MAX as usize {
            for v in &mut x[..lanes] {
                *v = f32::from_bits(next.min(u32::MAX as usize) as u32);
                next += self.0;
            }
            compared += one_vector(simd, &x[..lanes]);
        }
        compared
    }
}

/// One vector's lanes; out of line, so that a test build stays small.
#[inline(never)]
fn one_vector<S: Simd>(simd: S, x: &[f32]) -> u64 {
    let v = Vector::load(simd, x);
    let check = |op: &str, got: Vector<S, f32>, std: fn(f32) -> f32| {
        for (x, got) in x.iter().zip(got.to_array()) {
            same(op, S::ISA, *x, bits(got), bits(std(*x)));
        }
    };
    check("sqrt", v.sqrt(), f32::sqrt);
    check("floor", v.floor(), f32::floor);
    check("ceil", v.ceil(), f32::ceil);
    check("trunc", v.trunc(), f32::trunc);
    check("round_even", v.round_even(), f32::round_ties_even);
    check("abs", v.abs(), f32::abs);
    check("neg", -v, |x| -x);
    let (trunc, round) = (v.trunc_to_int::<i32>().to_array(), v.round_to_int::<i32>().to_array());
    let (trunc_u, round_u) = (v.trunc_to_int::<u32>().to_array(), v.round_to_int::<u32>().to_array());
    let from = (v.bitcast::<i32>().to_float().to_array(), v.bitcast::<u32>().to_float().to_array());
    let wide = v.widen();
    let bytes = Vector::<S, u8>::from_f32([v; 4]).to_array();
    let half = Vector::<S, f16>::narrow([v; 2]).to_array();
    let brain = Vector::<S, bf16>::narrow([v; 2]).to_array();
    for (i, x) in x.iter().enumerate() {
        let s = |op, got, want| same(op, S::ISA, *x, got, want);
        s("trunc_to_int::<i32>", trunc.as_ref()[i] as u64, *x as i32 as u64);
        s("round_to_int::<i32>", round.as_ref()[i] as u64, x.round_ties_even() as i32 as u64);
        s("trunc_to_int::<u32>", trunc_u.as_ref()[i].into(), (*x as u32).into());
        s("round_to_int::<u32>", round_u.as_ref()[i].into(), (x.round_ties_even() as u32).into());
        s("to_float of i32", bits(from.0.as_ref()[i]), bits(x.to_bits() as i32 as f32));
        s("to_float of u32", bits(from.1.as_ref()[i]), bits(x.to_bits() as f32));
        let lanes = Vector::<S, f64>::LANES;
        s("widen", bits64(wide[i / lanes].to_array().as_ref()[i % lanes]), bits64(f64::from(*x)));
        s("from_f32", bytes.as_ref()[i].into(), (x.round_ties_even() as u8).into());
        let (got, want) = (half.as_ref()[i], f16::from_f32(*x));
        s("narrow to f16", bits(got.into()), bits(want.into()));
        let (got, want) = (brain.as_ref()[i], bf16::from_f32(*x));
        s("narrow to bf16", bits(got.into()), bits(want.into()));
    }
    17 * x.len() as u64
}

#[test]
fn rounding_and_conversion_of_f32() {
    let exhaustive = std::env::var_os("OMNILANE_EXHAUSTIVE").is_some();
    everywhere("f32", Floats(if exhaustive { 1 } else { 100_003 }));
}

#[derive(Clone, Copy)]
struct Bytes;

impl Kernel for Bytes {
    type Output = u64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u64 {
        (0..=255).map(|a| unsigned(simd, a) + signed(simd, a as i8) + shifts(simd, a)).sum()
    }
}

/// `got` must be `want(b)` for all bytes `b`, of which `$lanes` are looked at at once.
macro_rules! all_bytes {
    ($simd:ident, $a:ident: $t:ty, $($op:literal: |$v:ident, $b:ident| $got:expr, $want:expr;)*) => {{
        let all: Vec<$t> = (<$t>::MIN..=<$t>::MAX).collect();
        let mut compared = 0;
        for lanes in all.chunks_exact(Vector::<S, $t>::LANES) {
            let ($a, scalar) = ($simd.splat($a), $a);
            $({
                let ($v, rest) = ($a, Vector::load($simd, lanes));
                let got = { let $b = rest; let _ = $v; $got.to_array() };
                for (b, got) in lanes.iter().zip(got) {
                    let ($v, $b) = (scalar, *b);
                    assert_eq!(got, $want, "{} of {scalar} and {b} on {}", $op, S::ISA);
                    compared += 1;
                }
            })*
        }
        compared
    }};
}

#[inline(never)]
fn unsigned<S: Simd>(simd: S, a: u8) -> u64 {
    all_bytes!(simd, a: u8,
        "add": |a, b| a + b, a.wrapping_add(b);
        "sub": |a, b| a - b, a.wrapping_sub(b);
        "mul": |a, b| a * b, a.wrapping_mul(b);
        "min": |a, b| a.min(b), Ord::min(a, b);
        "max": |a, b| a.max(b), Ord::max(a, b);
        "abs_diff": |a, b| a.abs_diff(b), u8::abs_diff(a, b);
        "saturating_add": |a, b| a.saturating_add(b), u8::saturating_add(a, b);
        "saturating_sub": |a, b| a.saturating_sub(b), u8::saturating_sub(a, b);
        "average_round": |a, b| a.average_round(b), (u16::from(a) + u16::from(b)).div_ceil(2) as u8;)
}

#[inline(never)]
fn signed<S: Simd>(simd: S, a: i8) -> u64 {
    all_bytes!(simd, a: i8,
        "add": |a, b| a + b, a.wrapping_add(b);
        "sub": |a, b| a - b, a.wrapping_sub(b);
        "mul": |a, b| a * b, a.wrapping_mul(b);
        "min": |a, b| a.min(b), Ord::min(a, b);
        "max": |a, b| a.max(b), Ord::max(a, b);
        "abs_diff": |a, b| a.abs_diff(b), i8::abs_diff(a, b);
        "saturating_add": |a, b| a.saturating_add(b), i8::saturating_add(a, b);
        "saturating_sub": |a, b| a.saturating_sub(b), i8::saturating_sub(a, b);)
}

/// Shifts of all bytes by `n`, against 128-bit arithmetic.
#[inline(never)]
fn shifts<S: Simd>(simd: S, n: u8) -> u64 {
    let count = u32::from(n);
    let big = count.min(100);
    all_bytes!(simd, n: u8,
        "shl": |n, b| b << count, { let _ = n; (u128::from(b) << big) as u8 };
        "shr": |n, b| b >> count, { let _ = n; (u128::from(b) >> big) as u8 };
        "signed shr": |n, b| (b.bitcast::<i8>() >> count).bitcast::<u8>(), { let _ = n; (i128::from(b as i8) >> big) as u8 };
        "shl_lanes": |n, b| b.shl_lanes(n), (u128::from(b) << u32::from(n).min(100)) as u8;
        "rounding_shr": |n, b| b.rounding_shr(count), { let _ = n; ((u128::from(b) + ((1u128 << big) >> 1)) >> big) as u8 };)
}

#[test]
fn integers_over_all_pairs_of_bytes() {
    everywhere("bytes", Bytes);
}
