//! The loops over slices against plain Rust: every length up to four of the widest registers and one more, boundary
//! values and random ones, on every instruction set.

use omnilane::cpu::{Isa, with_isa};
use omnilane::kernel;
use omnilane::lanes::{
    Element, LengthError, Num, Simd, Vector, count, find, for_each, map, map_blocks, map_in_place, map_streamed, max,
    min, reduce, sum, zip_map,
};
use omnilane::verify::{self, Outcome, Sample};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;

/// Arithmetic as the lanes define it, in plain Rust.
trait Plain: Num + Sample {
    fn add(self, b: Self) -> Self;
    fn smaller(self, b: Self) -> Self;
    fn larger(self, b: Self) -> Self;
}

macro_rules! integers {
    ($($t:ty),*) => {$(
        impl Plain for $t {
            fn add(self, b: Self) -> Self { self.wrapping_add(b) }
            fn smaller(self, b: Self) -> Self { Ord::min(self, b) }
            fn larger(self, b: Self) -> Self { Ord::max(self, b) }
        }
    )*};
}
integers!(u8, i8, u16, i16, u32, i32, u64, i64);

macro_rules! floats {
    ($($t:ty),*) => {$(
        impl Plain for $t {
            fn add(self, b: Self) -> Self { self + b }
            fn smaller(self, b: Self) -> Self {
                match (self.is_nan(), b.is_nan()) {
                    (true, _) => b,
                    (_, true) => self,
                    _ => if self.total_cmp(&b).is_le() { self } else { b },
                }
            }
            fn larger(self, b: Self) -> Self {
                match (self.is_nan(), b.is_nan()) {
                    (true, _) => b,
                    (_, true) => self,
                    _ => if self.total_cmp(&b).is_ge() { self } else { b },
                }
            }
        }
    )*};
}
floats!(f32, f64);

kernel! {
    fn run_map<S: Simd, T: Num>(simd: S, src: &[T], dst: &mut [T]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v + v)
    }

    fn run_map_streamed<S: Simd, T: Num>(simd: S, src: &[T], dst: &mut [T]) -> Result<(), LengthError> {
        map_streamed(simd, src, dst, #[inline(always)] |v| v + v)
    }

    fn run_map_in_place<S: Simd, T: Num>(simd: S, data: &mut [T]) {
        map_in_place(simd, data, #[inline(always)] |v| v + v);
    }

    fn run_zip_map<S: Simd, T: Num>(simd: S, a: &[T], b: &[T], dst: &mut [T]) -> Result<(), LengthError> {
        zip_map(simd, a, b, dst, #[inline(always)] |a, b| a + b)
    }

    fn run_for_each<S: Simd, T: Element>(simd: S, src: &[T]) -> Vec<T> {
        let mut seen = Vec::new();
        for_each(simd, src, #[inline(always)] |v, n| {
            let array = v.to_array();
            let (elements, rest) = array.as_ref().split_at(n);
            assert!(!elements.is_empty() && bytemuck::cast_slice::<T, u8>(rest).iter().all(|b| *b == 0));
            seen.extend_from_slice(elements);
        });
        seen
    }

    fn run_reduce<S: Simd, T: Num>(simd: S, src: &[T], identity: T) -> T {
        // Two functions that differ, so that taking one for the other shows.
        reduce(simd, src, identity, #[inline(always)] |a, v| a + v + v, #[inline(always)] |a, b| a + b)
    }

    fn run_sum<S: Simd, T: Num>(simd: S, src: &[T]) -> T {
        sum(simd, src)
    }

    fn run_min<S: Simd, T: Num>(simd: S, src: &[T]) -> Option<T> {
        min(simd, src)
    }

    fn run_max<S: Simd, T: Num>(simd: S, src: &[T]) -> Option<T> {
        max(simd, src)
    }

    fn run_find<S: Simd, T: Num>(simd: S, src: &[T], what: T) -> Option<usize> {
        let what = simd.splat(what);
        find(simd, src, #[inline(always)] |v| v.eq(what))
    }

    fn run_count<S: Simd, T: Num>(simd: S, src: &[T], what: T) -> usize {
        let what = simd.splat(what);
        count(simd, src, #[inline(always)] |v| v.eq(what))
    }

    fn run_find_unequal<S: Simd, T: Num>(simd: S, src: &[T]) -> Option<usize> {
        find(simd, src, #[inline(always)] |v| v.ne(v))
    }

    fn run_count_not<S: Simd, T: Num>(simd: S, src: &[T], what: T) -> usize {
        let what = simd.splat(what);
        count(simd, src, #[inline(always)] |v| !v.eq(what))
    }

    fn to_unit<S: Simd>(simd: S, src: &[u8], dst: &mut [f32]) -> Result<(), LengthError> {
        map_blocks(simd, src, dst, #[inline(always)] |[v]: [Vector<S, u8>; 1]| v.to_f32())
    }

    fn add_pairs<S: Simd>(simd: S, src: &[u16], dst: &mut [u16]) -> Result<(), LengthError> {
        map_blocks(simd, src, dst, #[inline(always)] |v: [Vector<S, u16>; 2]| {
            let [a, b] = Vector::deinterleave2(v);
            [a + b]
        })
    }

    fn add_triples<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
        map_blocks(simd, src, dst, #[inline(always)] |v: [Vector<S, u8>; 3]| {
            let [a, b, c] = Vector::deinterleave3(v);
            [a + b + c]
        })
    }

    fn triple<S: Simd>(simd: S, src: &[i32], dst: &mut [i32]) -> Result<(), LengthError> {
        map_blocks(simd, src, dst, #[inline(always)] |[v]: [Vector<S, i32>; 1]| Vector::interleave3([v, -v, v + v]))
    }

    fn low_bytes<S: Simd>(simd: S, src: &[u32], dst: &mut [u8]) -> Result<(), LengthError> {
        map_blocks(simd, src, dst, #[inline(always)] |v: [Vector<S, u32>; 4]| [Vector::narrow4(v)])
    }
}

/// The order that `reduce` states, in plain Rust.
fn in_virtual_lanes<T: Plain>(src: &[T], identity: T, f: impl Fn(T, T) -> T, combine: impl Fn(T, T) -> T) -> T {
    let n = 128 / size_of::<T>();
    let mut lanes = vec![identity; n];
    for (i, v) in src.iter().enumerate() {
        lanes[i % n] = f(lanes[i % n], *v);
    }
    let mut half = n / 2;
    while half > 0 {
        for j in 0..half {
            lanes[j] = combine(lanes[j], lanes[j + half]);
        }
        half /= 2;
    }
    lanes[0]
}

fn every_driver<T: Plain>() {
    let name = std::any::type_name::<T>();
    verify::slice::<T, T>(&format!("map of {name}"))
        .definition(|src, dst| src.iter().zip(dst).for_each(|(v, out)| *out = Plain::add(*v, *v)))
        .kernel(|src, dst| run_map(src, dst).unwrap())
        .assert();
    verify::slice::<T, T>(&format!("map_streamed of {name}"))
        .definition(|src, dst| src.iter().zip(dst).for_each(|(v, out)| *out = Plain::add(*v, *v)))
        .kernel(|src, dst| run_map_streamed(src, dst).unwrap())
        .assert();
    verify::slice_in_place::<T>(&format!("map_in_place of {name}"))
        .definition(|data| data.iter_mut().for_each(|v| *v = Plain::add(*v, *v)))
        .kernel(|data| run_map_in_place(data))
        .assert();
    verify::slice::<T, T>(&format!("zip_map of {name}"))
        .ratio(2, 1)
        .definition(|src, dst| {
            let (a, b) = src.split_at(dst.len());
            a.iter().zip(b).zip(dst).for_each(|((a, b), out)| *out = Plain::add(*a, *b));
        })
        .kernel(|src, dst| {
            let (a, b) = src.split_at(dst.len());
            run_zip_map(a, b, dst).unwrap();
        })
        .assert();
    reduction(&format!("for_each of {name}"), |src: &[T]| src.to_vec(), |src| run_for_each(src));
    let three = T::from_usize(3);
    reduction(
        &format!("reduce of {name}"),
        move |src: &[T]| in_virtual_lanes(src, three, |a, v| Plain::add(Plain::add(a, v), v), Plain::add),
        move |src| run_reduce(src, three),
    );
    let zero = T::default();
    let in_order = move |src: &[T]| in_virtual_lanes(src, zero, Plain::add, Plain::add);
    reduction(&format!("sum of {name}"), in_order, |src| run_sum(src));
    let smallest = |src: &[T]| src.iter().copied().reduce(Plain::smaller);
    reduction(&format!("min of {name}"), smallest, |src| run_min(src));
    let largest = |src: &[T]| src.iter().copied().reduce(Plain::larger);
    reduction(&format!("max of {name}"), largest, |src| run_max(src));
    // Lanes past the end are zero, and must be neither found nor counted.
    for what in [zero, T::BOUNDARY[2], T::BOUNDARY[4]] {
        let found = move |src: &[T]| src.iter().position(|v| *v == what);
        reduction(&format!("find {what} in {name}"), found, move |src| run_find(src, what));
        let counted = move |src: &[T]| src.iter().filter(|v| **v == what).count();
        reduction(&format!("count {what} in {name}"), counted, move |src| run_count(src, what));
    }
    let counted = |src: &[T]| src.iter().filter(|v| **v != T::BOUNDARY[1]).count();
    reduction(&format!("count others in {name}"), counted, |src| run_count_not(src, T::BOUNDARY[1]));
    #[allow(clippy::eq_op, reason = "NaN")]
    let found = |src: &[T]| src.iter().position(|v| *v != *v);
    reduction(&format!("find NaN in {name}"), found, |src| run_find_unequal(src));
}

fn reduction<T: Sample, R: Outcome>(name: &str, definition: impl Fn(&[T]) -> R, kernel: impl Fn(&[T]) -> R) {
    verify::slice_reduce::<T, R>(name).definition(definition).kernel(kernel).cases(16).assert();
}

macro_rules! drivers {
    ($($name:ident $t:ty;)*) => {$(
        #[test]
        fn $name() {
            every_driver::<$t>();
        }
    )*};
}
drivers! {
    drivers_u8 u8; drivers_i8 i8; drivers_u16 u16; drivers_i16 i16; drivers_u32 u32; drivers_i32 i32;
    drivers_u64 u64; drivers_i64 i64; drivers_f32 f32; drivers_f64 f64;
}

#[test]
fn blocks() {
    verify::slice::<u8, f32>("u8 to f32")
        .definition(|src, dst| src.iter().zip(dst).for_each(|(v, out)| *out = f32::from(*v)))
        .kernel(|src, dst| to_unit(src, dst).unwrap())
        .assert();
    verify::slice::<u16, u16>("pairs added")
        .ratio(2, 1)
        .definition(|src, dst| src.chunks_exact(2).zip(dst).for_each(|(v, out)| *out = v[0].wrapping_add(v[1])))
        .kernel(|src, dst| add_pairs(src, dst).unwrap())
        .assert();
    verify::slice::<u8, u8>("triples added")
        .ratio(3, 1)
        .definition(|src, dst| {
            src.chunks_exact(3).zip(dst).for_each(|(v, out)| *out = v[0].wrapping_add(v[1]).wrapping_add(v[2]))
        })
        .kernel(|src, dst| add_triples(src, dst).unwrap())
        .assert();
    verify::slice::<i32, i32>("one to three")
        .ratio(1, 3)
        .definition(|src, dst| {
            for (v, out) in src.iter().zip(dst.chunks_exact_mut(3)) {
                out.copy_from_slice(&[*v, v.wrapping_neg(), v.wrapping_add(*v)]);
            }
        })
        .kernel(|src, dst| triple(src, dst).unwrap())
        .assert();
    verify::slice::<u32, u8>("u32 to u8")
        .definition(|src, dst| src.iter().zip(dst).for_each(|(v, out)| *out = *v as u8))
        .kernel(|src, dst| low_bytes(src, dst).unwrap())
        .assert();
}

/// A refusal names the argument and both lengths, and nothing is written.
#[test]
fn lengths_are_checked() {
    fn refused<T: Element, U>(
        run: impl FnOnce(&mut [T]) -> Result<U, LengthError>,
        len: usize,
        want: (&str, usize, usize),
    ) {
        let mut dst = vec![T::default(); len];
        bytemuck::cast_slice_mut::<T, u8>(&mut dst).fill(7);
        let error = run(&mut dst).map(drop).unwrap_err();
        assert_eq!((error.argument, error.got, error.expected), want);
        assert_eq!(error.to_string(), format!("{}: its length is {}, it must be {}", want.0, want.1, want.2));
        assert!(bytemuck::cast_slice::<T, u8>(&dst).iter().all(|b| *b == 7), "something was written");
    }
    for isa in Isa::available() {
        with_isa(isa, || {
            for (n, other) in [(0, 1), (1, 0), (5, 4), (5, 6), (64, 63), (64, 65), (300, 299), (300, 150), (300, 0)] {
                let (src, shorter) = (vec![1u8; n], vec![2u8; other]);
                refused(|dst| run_map(&src, dst), other, ("dst", other, n));
                refused(|dst| run_map_streamed(&src, dst), other, ("dst", other, n));
                refused(|dst| run_zip_map(&src, &shorter, dst), n, ("b", other, n));
                refused(|dst| run_zip_map(&src, &src, dst), other, ("dst", other, n));
                refused(|dst| to_unit(&src, dst), other, ("dst", other, n));
            }
            // The source is not a whole number of groups.
            for len in [9, 10, 11, 31] {
                refused(|dst| add_triples(&[1; 31], dst), len, ("src", 31, 30));
                refused(|dst| add_triples(&[1; 32], dst), len, ("src", 32, 30));
            }
            refused(|dst| add_triples(&[1; 30], dst), 11, ("dst", 11, 10));
            refused(|dst| add_triples(&[1; 300], dst), 99, ("dst", 99, 100));
            refused(|dst| add_pairs(&[1; 33], dst), 16, ("src", 33, 32));
            refused(|dst| triple(&[1; 33], dst), 33, ("dst", 33, 99));
            refused(|dst| triple(&[1; 33], dst), 98, ("dst", 98, 99));
        })
        .unwrap();
    }
    assert_eq!(LengthError::check("x", 3, 3), Ok(()));
    assert_eq!(LengthError::check("x", 3, 4).unwrap_err().expected, 4);
}

/// What a kernel gives on each instruction set.
fn on_every<R>(f: impl Fn() -> R) -> Vec<(Isa, R)> {
    Isa::available().map(|isa| (isa, with_isa(isa, &f).unwrap())).collect()
}

/// Wherever in a page the destination starts, for there are loops that go backward: all elements, and none beside them.
#[test]
fn buffers_at_any_distance() {
    fn check<T: Plain + PartialEq>(value: fn(usize) -> T) {
        let page = 4096 / size_of::<T>();
        for bytes in [0usize, 4, 16, 64, 100, 128, 512, 1020, 1024, 2048, 4032] {
            let distance = bytes / size_of::<T>();
            for n in [1usize, 255, 256, 257, 512, 777, 1088, 3001] {
                let mut buffer: Vec<T> = (0..n.next_multiple_of(page) + distance + n + 1).map(value).collect();
                let (src, dst) = buffer.split_at_mut(n.next_multiple_of(page) + distance);
                let (src, beside) = (&src[..n], dst[n]);
                let want: Vec<T> = src.iter().map(|v| Plain::add(*v, *v)).chain([beside]).collect();
                for isa in Isa::available() {
                    dst[..n].fill(value(0));
                    with_isa(isa, || run_map(src, &mut dst[..n])).unwrap().unwrap();
                    assert!(*dst == want, "{n} elements, {bytes} bytes past a page apart, on {isa}");
                }
            }
        }
    }
    check::<u8>(|i| (i * 7 + 1) as u8);
    check::<f32>(|i| i as f32 + 1.0);
}

proptest! {
    // Kept beside this file, to be run first from then on.
    #![proptest_config(ProptestConfig::with_failure_persistence(WithSource("regressions")))]

    #[test]
    fn maps(src in prop::collection::vec(any::<u16>(), 0..300), more in 0..3usize) {
        let want: Vec<u16> = src.iter().map(|v| v.wrapping_add(*v)).collect();
        for (isa, (result, dst)) in on_every(|| {
            let mut dst = vec![9; src.len() + more];
            (run_map(&src, &mut dst), dst)
        }) {
            if more == 0 {
                prop_assert!(result.is_ok() && dst == want, "{}", isa);
            } else {
                prop_assert!(result.is_err() && dst.iter().all(|v| *v == 9), "{}", isa);
            }
        }
    }

    #[test]
    fn sums_have_one_order(src in prop::collection::vec(any::<f32>(), 0..200), start in 0..8usize) {
        let src = &src[start.min(src.len())..];
        let want = in_virtual_lanes(src, 0.0, |a: f32, v| a + v, |a, b| a + b);
        for (isa, got) in on_every(|| run_sum(src)) {
            prop_assert!(got.differs(&want, 0).is_none(), "{}: {} {}", isa, got, want);
        }
    }

    #[test]
    fn extremes(src in prop::collection::vec(any::<f64>(), 0..70)) {
        let want = (src.iter().copied().reduce(Plain::smaller), src.iter().copied().reduce(Plain::larger));
        for (isa, got) in on_every(|| (run_min(&src), run_max(&src))) {
            prop_assert!(got.differs(&want, 0).is_none(), "{}: {:?} {:?}", isa, got, want);
        }
    }

    #[test]
    fn searches(src in prop::collection::vec(0..4i8, 0..300), what in 0..4i8) {
        let want = (src.iter().position(|v| *v == what), src.iter().filter(|v| **v == what).count());
        for (isa, got) in on_every(|| (run_find(&src, what), run_count(&src, what))) {
            prop_assert_eq!(got, want, "{}", isa);
        }
    }
}
