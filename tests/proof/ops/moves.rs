//! Loads, stores, masks, permutations, interleaving.

use super::Tally;
use crate::check;
use omnilane::lanes::{Gathered, Mask, Simd, Vector, bf16, f16, transpose_square};
use omnilane_test_values::{Lane, Observe, Random, Sample};

pub fn run<S: Simd>(simd: S, t: &mut Tally<'_>) {
    macro_rules! each {
        ($f:ident: $($t:ty),*) => { $($f::<S, $t>(simd, t);)* };
    }
    each!(memory: u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, f16, bf16);
    each!(masks: u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, f16, bf16);
    each!(moves: u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, f16, bf16);
    each!(gather: u32, i32, u64, i64, f32, f64);
}

fn memory<S: Simd, T: Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    let lanes = Vector::<S, T>::LANES;
    let name = super::short::<T>();
    let data = T::mixed(21, 2 * lanes + 3);
    for op in [
        "splat",
        "zero",
        "from_fn",
        "load",
        "store",
        "to_array",
        "from_array",
        "store_stream",
        "stream_fence",
        "load_partial",
        "store_partial",
        "prefetch",
    ] {
        t.add(op, name);
    }
    Vector::prefetch(simd, &data);
    Vector::prefetch(simd, &data[..0]);
    assert_eq!(Vector::<S, T>::splat(simd, data[1]).observe(), vec![data[1].bits(); lanes]);
    assert_eq!(Vector::<S, T>::zero(simd).observe(), vec![0; lanes]);
    assert_eq!(Vector::<S, T>::from_fn(simd, |i| data[i]).observe(), data[..lanes].to_vec().observe());
    for offset in 0..3 {
        let v = Vector::load(simd, &data[offset..]);
        assert_eq!(v.observe(), data[offset..offset + lanes].to_vec().observe());
        let again = Vector::from_array(simd, v.to_array());
        for fill in [data[0], data[3]] {
            let mut out = vec![fill; 2 * lanes + 3];
            again.store(&mut out[offset..]);
            let mut want = vec![fill; 2 * lanes + 3];
            want[offset..offset + lanes].copy_from_slice(&data[offset..offset + lanes]);
            assert_eq!(out.observe(), want.observe());
            let mut out = vec![fill; 2 * lanes + 3];
            again.store_stream(&mut out[offset..]);
            omnilane::lanes::stream_fence(simd);
            assert_eq!(out.observe(), want.observe());
        }
    }
    for n in 0..=lanes + 1 {
        let v = Vector::load_partial(simd, &data[..n]);
        let mut want = data[..n.min(lanes)].to_vec().observe();
        want.resize(lanes, 0);
        assert_eq!(v.observe(), want, "load_partial of {n} {name} on {}", S::ISA);
        let whole = Vector::load(simd, &data[2..]);
        for fill in [data[0], data[3]] {
            let mut out = vec![fill; lanes + 3];
            whole.store_partial(&mut out[1..n + 1]);
            let mut want = vec![fill; lanes + 3];
            want[1..n.min(lanes) + 1].copy_from_slice(&data[2..2 + n.min(lanes)]);
            assert_eq!(out.observe(), want.observe(), "store_partial of {n} {name} on {}", S::ISA);
        }
    }
}

/// Interesting masks: none, all, single lanes, runs, random.
fn mask_bits(lanes: usize) -> Vec<u64> {
    let mut r = Random(5);
    let mut v = vec![0, u64::MAX, 0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa];
    v.extend((0..lanes).map(|i| 1 << i));
    v.extend((0..lanes).map(|i| (1 << i) - 1));
    v.extend((0..lanes).map(|i| !(1 << i)));
    v.extend((0..64).map(|_| r.next()));
    v
}

fn masks<S: Simd, T: Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    let lanes = Vector::<S, T>::LANES;
    let name = super::short::<T>();
    let all = u64::MAX >> (64 - lanes);
    let cases = mask_bits(lanes);
    for op in [
        "Mask::from_bits",
        "Mask::to_bits",
        "Mask::any",
        "Mask::all",
        "Mask::none",
        "Mask::count",
        "Mask::first",
        "Mask::last",
        "Mask::bitand",
        "Mask::bitor",
        "Mask::bitxor",
        "Mask::not",
        "Mask::and_not",
        "Mask::first_n",
        "Mask::splat",
        "Mask::to_vector",
        "Mask::cast",
    ] {
        t.add(op, name);
    }
    for (i, &x) in cases.iter().enumerate() {
        let y = cases[(i * 7 + 3) % cases.len()];
        let (m, n) = (Mask::<S, T>::from_bits(simd, x), Mask::<S, T>::from_bits(simd, y));
        let (x, y) = (x & all, y & all);
        assert_eq!(m.to_bits(), x, "mask bits of {name} on {}", S::ISA);
        assert_eq!((m & n).to_bits(), x & y);
        assert_eq!((m | n).to_bits(), x | y);
        assert_eq!((m ^ n).to_bits(), x ^ y);
        assert_eq!(m.and_not(n).to_bits(), x & !y);
        assert_eq!((!m).to_bits(), !x & all);
        assert_eq!(
            (m.any(), m.none(), m.all()),
            (x != 0, x == 0, x == all),
            "any, none, all of {x:x} {name} on {}",
            S::ISA
        );
        assert_eq!(((!m).any(), (!m).none(), (!m).all()), (x != all, x == all, x == 0));
        assert_eq!(m.count(), x.count_ones() as usize);
        assert_eq!(m.first(), (0..lanes).find(|i| x >> i & 1 != 0));
        assert_eq!(m.last(), (0..lanes).rev().find(|i| x >> i & 1 != 0));
        assert_eq!(m.cast::<T::Bits>().cast::<T>().to_bits(), x);
        let ones = m.to_vector().to_array();
        for (lane, v) in ones.as_ref().iter().enumerate() {
            let zero = <T::Bits as Default>::default();
            assert_eq!(*v, if x >> lane & 1 != 0 { super::number_word(u64::MAX) } else { zero });
        }
    }
    for n in 0..=70 {
        assert_eq!(Mask::<S, T>::first_n(simd, n).to_bits(), if n >= 64 { all } else { ((1 << n) - 1) & all });
    }
    assert!(Mask::<S, T>::splat(simd, true).all() && Mask::<S, T>::splat(simd, false).none());

    for (i, bits) in cases.into_iter().enumerate() {
        let seed = i as u64;
        check!(simd, t, "Mask::select", T, [a: T = T::mixed(seed, 64), b: T = T::mixed(seed + 1, 64)] => Mask::from_bits(simd, bits).select(a, b));
        check!(simd, t, "compress", T, [a: T = T::mixed(seed, 64)] => a.compress(Mask::from_bits(simd, bits)));
        check!(simd, t, "expand", T, [a: T = T::mixed(seed, 64)] => a.expand(Mask::from_bits(simd, bits)));
        for len in [0, 1, lanes / 2, lanes - 1, lanes, lanes + 1] {
            check!(simd, t, "store_masked", T, [a: T = T::mixed(seed, 64)] => {
                let mut out = T::mixed(seed + 5, lanes + 2);
                a.store_masked(Mask::from_bits(simd, bits), &mut out[1..=len]);
                out
            });
        }
        check!(simd, t, "compress_store", T, [a: T = T::mixed(seed, 64)] => {
            let mut out = T::mixed(seed + 5, lanes + 2);
            let n = (bits & all).count_ones() as usize;
            assert_eq!(a.compress_store(Mask::from_bits(simd, bits), &mut out[1..=n]), n);
            out
        });
    }
}

fn moves<S: Simd, T: Sample + Lane>(simd: S, t: &mut Tally<'_>)
where
    T::Bits: Sample,
{
    let lanes = Vector::<S, T>::LANES;
    let data = |seed| T::mixed(seed, 512);
    check!(simd, t, "eq_bits", T, [a: T = data(1), b: T = data(2)] => a.eq_bits(b));
    check!(simd, t, "eq_bits", T, [a: T = data(1), b: T = data(1)] => a.eq_bits(b));
    check!(simd, t, "bitcast", T, [a: T = data(1)] => a.bitcast::<u8>());
    check!(simd, t, "reverse", T, [a: T = data(1)] => a.reverse());
    check!(simd, t, "interleave", T, [a: T = data(1), b: T = data(2)] => a.interleave(b));
    check!(simd, t, "deinterleave", T, [a: T = data(1), b: T = data(2)] => a.deinterleave(b));
    check!(simd, t, "permute", T, [a: T = data(1), i: T::Bits = <T::Bits>::mixed(3, 512)] => a.permute(i));
    let mut r = Random(3);
    let indices: Vec<T::Bits> =
        (0..512).map(|_| super::number_word::<T::Bits>(r.next() % (lanes as u64 + 2))).collect();
    check!(simd, t, "permute", T, [a: T = data(1), i: T::Bits = indices] => a.permute(i));
    for n in 0..=lanes {
        check!(simd, t, "slide_down", T, [a: T = data(1), b: T = data(2)] => a.slide_down(b, n));
        check!(simd, t, "slide_up", T, [a: T = data(1), b: T = data(2)] => a.slide_up(b, n));
    }
    check!(simd, t, "concat_shift", T, [a: T = data(1), b: T = data(2)] => [a.concat_shift::<0>(b), a.concat_shift::<1>(b), a.concat_shift::<2>(b)]);
    check!(simd, t, "rotate", T, [a: T = data(1)] => [a.rotate::<0>(), a.rotate::<1>(), a.rotate::<2>()]);
    more_shifts::<S, T>(simd, t);
    check!(simd, t, "interleave3", T, [a: T = data(1), b: T = data(2), c: T = data(3)] => Vector::interleave3([a, b, c]));
    check!(simd, t, "interleave4", T, [a: T = data(1), b: T = data(2), c: T = data(3), d: T = data(4)] => Vector::interleave4([a, b, c, d]));
    check!(simd, t, "deinterleave3", T, [a: T = data(1), b: T = data(2), c: T = data(3)] => Vector::deinterleave3([a, b, c]));
    check!(simd, t, "deinterleave4", T, [a: T = data(1), b: T = data(2), c: T = data(3), d: T = data(4)] => Vector::deinterleave4([a, b, c, d]));
    check!(simd, t, "interleave2", T, [a: T = data(1), b: T = data(2)] => Vector::interleave2([a, b]));
    check!(simd, t, "deinterleave2", T, [a: T = data(1), b: T = data(2)] => Vector::deinterleave2([a, b]));
    macro_rules! interleaved {
        ($load:ident $loads:literal $store:ident $stores:literal $($p:ident $seed:literal),*) => {
            check!(simd, t, $loads, T, [a: T = data(1)] => {
                let _ = a;
                Vector::<_, T>::$load(simd, &data(9)[1..])
            });
            check!(simd, t, $stores, T, [$($p: T = data($seed)),*] => {
                let mut out = data(7);
                Vector::$store([$($p),*], &mut out[1..]);
                out
            });
        };
    }
    interleaved!(load_interleaved2 "load_interleaved2" store_interleaved2 "store_interleaved2" a 1, b 2);
    interleaved!(load_interleaved3 "load_interleaved3" store_interleaved3 "store_interleaved3" a 1, b 2, c 3);
    interleaved!(load_interleaved4 "load_interleaved4" store_interleaved4 "store_interleaved4" a 1, b 2, c 3, d 4);
    check!(simd, t, "transpose_square", T, [a: T = data(1)] => {
        let _ = a;
        let src = data(6);
        let mut out = [data(7), data(7), data(7)];
        transpose_square::<_, T, 4>(simd, &src, 7, &mut out[0], 9);
        transpose_square::<_, T, 8>(simd, &src, 8, &mut out[1], 11);
        transpose_square::<_, T, 16>(simd, &src, 17, &mut out[2], 16);
        out
    });
}

/// Constant shifts by every multiple of a few lanes, as far as the register is long.
fn more_shifts<S: Simd, T: Sample + Lane>(simd: S, t: &mut Tally<'_>) {
    macro_rules! shifts {
        ($($n:literal),*) => {$(
            if $n <= Vector::<S, T>::LANES {
                check!(simd, t, "concat_shift", T, [a: T = T::mixed(1, 512), b: T = T::mixed(2, 512)] => a.concat_shift::<$n>(b));
            }
        )*};
    }
    shifts!(3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64);
}

fn gather<S: Simd, T: Sample + Lane>(simd: S, t: &mut Tally<'_>)
where
    T::Bits: Gathered + Sample,
{
    let mut r = Random(3);
    for len in [1usize, 2, 3, 100] {
        let indices: Vec<T::Bits> = (0..256).map(|_| super::number_word::<T::Bits>(r.next() % len as u64)).collect();
        let src = T::mixed(4, len);
        check!(simd, t, "gather", T, [i: T::Bits = indices] => Vector::<_, T>::gather(&src, i));
        check!(simd, t, "scatter", T, [a: T = T::mixed(8, 256), i: T::Bits = indices] => {
            let mut out = src.clone();
            a.scatter(&mut out, i);
            out
        });
    }
    if cfg!(not(panic = "unwind")) {
        return; // wasm32: a panic ends the program
    }
    // One index out of range: a panic, and nothing written.
    for len in [0usize, 1, 5] {
        for bad in [len as u64, u32::MAX as u64] {
            let mut out = T::mixed(4, len);
            let before = out.observe();
            let panicked = super::panics(|| {
                let v = Vector::load(simd, &T::mixed(8, 64));
                let zero = <T::Bits as Default>::default();
                let last = Vector::<S, T>::LANES - 1;
                let idx = Vector::from_fn(simd, |i| if i == last { super::number_word(bad) } else { zero });
                v.scatter(&mut out, idx);
            });
            assert!(panicked, "scatter of index {bad} into {len} {} on {}", super::short::<T>(), S::ISA);
            assert_eq!(out.observe(), before);
        }
    }
}
