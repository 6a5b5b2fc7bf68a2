//! Arithmetic, comparison, reduction, shifts, conversion.

use super::Tally;
use crate::check;
use omnilane::lanes::{Element, Float, Int, Narrow, Num, Saturating, Signed, Simd, ToFloat, ToInt, Widen, bf16, f16};
use omnilane_test_values::{Lane, Sample};

pub fn run<S: Simd>(simd: S, t: &mut Tally<'_>) {
    macro_rules! each {
        ($f:ident: $($t:ty),*) => { $($f::<S, $t>(simd, t);)* };
    }
    each!(num: u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);
    each!(signed: i8, i16, i32, i64, f32, f64);
    each!(int: u8, i8, u16, i16, u32, i32, u64, i64);
    each!(saturating: u8, i8, u16, i16, u32, i32);
    each!(float: f32, f64);
    each!(widen: u8, i8, u16, i16, u32, i32, f32, f16, bf16);
    each!(mul_wide: u8, i8, u16, i16, u32, i32);
    each!(to_float: i32, u32, i64, u64);
    macro_rules! narrow {
        ($($w:ty => $($n:ty),*);*) => { $($(narrow::<S, $w, $n>(simd, t);)*)* };
    }
    narrow!(u16 => u8, i8; i16 => u8, i8; u32 => u16, i16; i32 => u16, i16; u64 => u32, i32; i64 => u32, i32);
    to_int::<S, f32, i32>(simd, t);
    to_int::<S, f32, u32>(simd, t);
    to_int::<S, f64, i64>(simd, t);
    to_int::<S, f64, u64>(simd, t);
}

fn num<S: Simd, T: Num + Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    let (x, y) = T::pairs();
    check!(simd, t, "add", T, [a: T = x, b: T = y] => (a + b));
    check!(simd, t, "sub", T, [a: T = x, b: T = y] => (a - b));
    check!(simd, t, "mul", T, [a: T = x, b: T = y] => (a * b));
    check!(simd, t, "min", T, [a: T = x, b: T = y] => a.min(b));
    check!(simd, t, "max", T, [a: T = x, b: T = y] => a.max(b));
    check!(simd, t, "eq", T, [a: T = x, b: T = y] => a.eq(b));
    check!(simd, t, "ne", T, [a: T = x, b: T = y] => a.ne(b));
    check!(simd, t, "lt", T, [a: T = x, b: T = y] => a.lt(b));
    check!(simd, t, "le", T, [a: T = x, b: T = y] => a.le(b));
    check!(simd, t, "gt", T, [a: T = x, b: T = y] => a.gt(b));
    check!(simd, t, "ge", T, [a: T = x, b: T = y] => a.ge(b));
    check!(simd, t, "clamp", T, [a: T = x, b: T = y, c: T = T::mixed(3, x.len())] => a.clamp(b, c));
    check!(simd, t, "add_assign", T, [a: T = x, b: T = y] => { let mut v = a; v += b; v });
    check!(simd, t, "sub_assign", T, [a: T = x, b: T = y] => { let mut v = a; v -= b; v });
    check!(simd, t, "mul_assign", T, [a: T = x, b: T = y] => { let mut v = a; v *= b; v });
    check!(simd, t, "wrapping_neg", T, [a: T = T::singles()] => a.wrapping_neg());
    check!(simd, t, "reduce_sum", T, [a: T = T::singles()] => a.reduce_sum());
    check!(simd, t, "reduce_min", T, [a: T = T::singles()] => a.reduce_min());
    check!(simd, t, "reduce_max", T, [a: T = T::singles()] => a.reduce_max());
    check!(simd, t, "reduce_min", T, [a: T = T::mixed(5, 4096)] => a.reduce_min());
    check!(simd, t, "reduce_max", T, [a: T = T::mixed(5, 4096)] => a.reduce_max());
    check!(simd, t, "prefix_sum", T, [a: T = T::singles()] => a.prefix_sum());
    check!(simd, t, "iota", T, [a: T = T::mixed(1, 64)] => (a.min(a), omnilane::lanes::Vector::<_, T>::iota(simd)));
}

fn signed<S: Simd, T: Signed + Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    check!(simd, t, "abs", T, [a: T = T::singles()] => a.abs());
    check!(simd, t, "neg", T, [a: T = T::singles()] => (-a));
}

fn int<S: Simd, T: Int + Sample + Lane>(simd: S, t: &mut Tally<'_>)
where
    T::Bits: Sample + Lane,
{
    let (x, y) = T::pairs();
    check!(simd, t, "bitand", T, [a: T = x, b: T = y] => (a & b));
    check!(simd, t, "bitor", T, [a: T = x, b: T = y] => (a | b));
    check!(simd, t, "bitxor", T, [a: T = x, b: T = y] => (a ^ b));
    check!(simd, t, "bitand_assign", T, [a: T = x, b: T = y] => { let mut v = a; v &= b; v });
    check!(simd, t, "bitor_assign", T, [a: T = x, b: T = y] => { let mut v = a; v |= b; v });
    check!(simd, t, "bitxor_assign", T, [a: T = x, b: T = y] => { let mut v = a; v ^= b; v });
    check!(simd, t, "and_not", T, [a: T = x, b: T = y] => a.and_not(b));
    check!(simd, t, "not", T, [a: T = T::singles()] => (!a));
    check!(simd, t, "abs_diff", T, [a: T = x, b: T = y] => a.abs_diff(b));
    let width = 8 * size_of::<T>() as u32;
    for n in (0..=width + 1).chain([255, 256, u32::MAX]) {
        check!(simd, t, "shl", T, [a: T = T::mixed(n.into(), 256)] => (a << n));
        check!(simd, t, "shr", T, [a: T = T::mixed(n.into(), 256)] => (a >> n));
        check!(simd, t, "rounding_shr", T, [a: T = T::mixed(n.into(), 256)] => a.rounding_shr(n));
    }
    let counts: Vec<T::Bits> = y.iter().map(|v| Element::to_bits(*v)).collect();
    check!(simd, t, "shl_lanes", T, [a: T = x, n: T::Bits = counts] => a.shl_lanes(n));
    check!(simd, t, "shr_lanes", T, [a: T = x, n: T::Bits = counts] => a.shr_lanes(n));
    let small: Vec<T::Bits> =
        (0..x.len() as u64).map(|i| super::number_word::<T::Bits>(i * 7 % u64::from(width + 3))).collect();
    check!(simd, t, "shl_lanes", T, [a: T = x, n: T::Bits = small] => a.shl_lanes(n));
    check!(simd, t, "shr_lanes", T, [a: T = x, n: T::Bits = small] => a.shr_lanes(n));
    check!(simd, t, "popcount", T, [a: T = T::singles()] => a.popcount());
    check!(simd, t, "leading_zeros", T, [a: T = T::singles()] => a.leading_zeros());
    check!(simd, t, "trailing_zeros", T, [a: T = T::singles()] => a.trailing_zeros());
    check!(simd, t, "reverse_bits", T, [a: T = T::singles()] => a.reverse_bits());
    check!(simd, t, "reduce_and", T, [a: T = T::mixed(5, 4096)] => a.reduce_and());
    check!(simd, t, "reduce_or", T, [a: T = T::mixed(5, 4096)] => a.reduce_or());
    check!(simd, t, "reduce_xor", T, [a: T = T::mixed(5, 4096)] => a.reduce_xor());
}

fn saturating<S: Simd, T: Saturating + Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    let (x, y) = T::pairs();
    check!(simd, t, "saturating_add", T, [a: T = x, b: T = y] => a.saturating_add(b));
    check!(simd, t, "saturating_sub", T, [a: T = x, b: T = y] => a.saturating_sub(b));
}

fn float<S: Simd, T: Float + Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    let (x, y) = T::pairs();
    check!(simd, t, "div", T, [a: T = x, b: T = y] => (a / b));
    check!(simd, t, "div_assign", T, [a: T = x, b: T = y] => { let mut v = a; v /= b; v });
    check!(simd, t, "fma", T, [a: T = x, b: T = y, c: T = T::mixed(9, x.len())] => a.fma(b, c));
    check!(simd, t, "sqrt", T, [a: T = T::singles()] => a.sqrt());
    check!(simd, t, "floor", T, [a: T = T::singles()] => a.floor());
    check!(simd, t, "ceil", T, [a: T = T::singles()] => a.ceil());
    check!(simd, t, "trunc", T, [a: T = T::singles()] => a.trunc());
    check!(simd, t, "round_even", T, [a: T = T::singles()] => a.round_even());
}

fn widen<S: Simd, T: Widen + Sample + Lane>(simd: S, t: &mut Tally<'_>)
where
    T::Wide: Sample + Lane + Element,
{
    check!(simd, t, "widen", T, [a: T = T::singles()] => a.widen());
    let wide = <T::Wide>::singles();
    let twice: Vec<T::Wide> = wide.iter().rev().copied().collect();
    check!(simd, t, "narrow", T, [a: T::Wide = wide, b: T::Wide = twice] => omnilane::lanes::Vector::<_, T>::narrow([a, b]));
}

fn mul_wide<S: Simd, T: Widen + Int + Sample + Lane>(simd: S, t: &mut Tally<'_>)
where
    T::Wide: Int + Lane,
{
    let (x, y) = T::pairs();
    check!(simd, t, "mul_wide", T, [a: T = x, b: T = y] => a.mul_wide(b));
}

fn narrow<S: Simd, W: Narrow<N> + Sample, N: Int + Lane>(simd: S, t: &mut Tally<'_>) {
    let (x, y) = (W::singles(), W::mixed(3, 4096));
    check!(simd, t, "narrow_saturating", N, [a: W = x, b: W = y] => omnilane::lanes::Vector::<_, N>::narrow_saturating([a, b]));
    check!(simd, t, "narrow_saturating", N, [a: W = y, b: W = x] => omnilane::lanes::Vector::<_, N>::narrow_saturating([a, b]));
}

fn to_float<S: Simd, I: ToFloat + Sample>(simd: S, t: &mut Tally<'_>)
where
    I::Float: Lane,
{
    check!(simd, t, "to_float", I, [a: I = I::singles()] => a.to_float());
}

fn to_int<S: Simd, F: ToInt<I> + Sample, I: Int + Lane>(simd: S, t: &mut Tally<'_>) {
    check!(simd, t, "trunc_to_int", F, [a: F = F::singles()] => a.trunc_to_int::<I>());
    check!(simd, t, "round_to_int", F, [a: F = F::singles()] => a.round_to_int::<I>());
}
