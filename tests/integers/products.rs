//! Products of integers, and the dot product.

use super::{Product, Size, check};
use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::{Random, Sample};
use proptest::prelude::*;

/// Sizes from 1 to 70 each, some of the 343000.
#[test]
fn sizes_to_70() {
    let mut r = Random(70);
    for i in 0..110 {
        let mut side = || 1 + (r.next() % 70) as usize;
        // One row, and one column, as often as all the others.
        let size = (if i % 4 == 0 { 1 } else { side() }, side(), if i % 9 == 0 { 1 } else { side() });
        check(size, r.next());
    }
    for side in [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 70] {
        check((1, side, side), 1);
        check((side, side, 3), 2);
        check((2, 70, side), 3);
    }
}

/// Over the edges of blocks of rows, of columns and of the inner dimension.
#[test]
fn sizes_around_blocks() {
    for (i, size) in [(25, 257, 65), (24, 256, 64), (23, 255, 63), (49, 513, 17), (1, 1025, 193), (13, 300, 33)]
        .into_iter()
        .enumerate()
    {
        check(size, i as u64);
    }
}

/// So many that rows are staged whole: two blocks, five, eleven, and more than have room.
#[test]
fn large_products() {
    for (i, size) in [(37, 300, 400), (29, 1030, 150), (13, 2700, 130), (25, 4100, 65)].into_iter().enumerate() {
        Product::<u8>::random(size, i as u64).check();
    }
    Product::<i8>::random((28, 513, 300), 9).check();
}

/// Where sums of two products leave 16 bits, and as many products as 32 bits can hold.
#[test]
fn what_would_saturate() {
    fn all<A: Activation + Sample + Into<i64>>(size: Size, x: A, w: i8, zero_point: A, z: i8) {
        let (m, k, n) = size;
        Product { size, x: vec![x; m * k], zero_point, w: vec![w; k * n], z: vec![z], bias: vec![0; n] }.check();
    }
    for k in (1..=9).chain([64, 255, 256, 257, 1000]) {
        for w in [-128, 127] {
            for size in [(7, k, 17), (1, k, 1)] {
                all::<u8>(size, 255, w, 0, 0);
                all::<u8>(size, 0, w, 255, 127);
                all::<i8>(size, -128, w, 0, 0);
                all::<i8>(size, 127, w, -128, -128);
            }
        }
    }
    // The longest that cannot overflow, and one more.
    for k in [65793, 65794] {
        all::<u8>((1, k, 1), 255, -128, 0, 0);
        assert_eq!(65793 * 255 * -128 >= i64::from(i32::MIN), 65794 * 255 * -128 < i64::from(i32::MIN));
    }
    for k in [131071, 131072] {
        all::<i8>((1, k, 1), -128, -128, 0, 0);
    }
    all::<u8>((1, 33025, 1), 255, 127, 0, -128);
}

/// Weights of which few, some, or all must be split, with activations below 128 and not.
#[test]
fn large_weights_now_and_then() {
    let mut r = Random(31);
    for every in [2, 7, 40, 300, 3000] {
        for (size, top) in [((5, 300, 33), 255), ((3, 256, 16), 127), ((26, 520, 20), 255), ((1, 31, 3), 255)] {
            let (m, k, n) = size;
            let mut weight = || match r.next() % every {
                0 => [127, -128, 90, -100][(r.next() % 4) as usize],
                _ => (r.next() % 80) as i8 - 40,
            };
            let w: Vec<i8> = (0..k * n).map(|_| weight()).collect();
            let x: Vec<u8> = (0..m * k).map(|_| top - (r.next() % 8) as u8).collect();
            Product { size, x, zero_point: 3, w, z: vec![0], bias: vec![0; n] }.check();
        }
    }
}

#[test]
fn dot_of_every_length() {
    fn check<A: Activation + Sample + Into<i64>>(a: &[A], b: &[i8]) {
        let want: i64 = a.iter().zip(b).map(|(a, b)| (*a).into() * i64::from(*b)).sum();
        for isa in Isa::available() {
            assert_eq!(with_isa(isa, || dot(a, b)).unwrap(), Ok(want as i32), "{} of {} on {isa}", A::NAME, a.len());
        }
    }
    for n in (0..=257).chain([1000, 4099]) {
        let b = i8::mixed(n as u64 + 1, n);
        check::<u8>(&u8::mixed(n as u64, n), &b);
        check::<i8>(&i8::mixed(n as u64, n), &b);
        check(&vec![255u8; n], &vec![-128; n]);
        check(&vec![-128i8; n], &vec![-128; n]);
    }
    check(&vec![255u8; 65793], &vec![-128; 65793]);
    check(&vec![-128i8; 131071], &vec![-128; 131071]);
    check(&vec![-128i8; 131072], &vec![-128; 131072]); // the first that wraps
}

/// No rows, no columns, nothing to add up: the bias is what is left.
#[test]
fn zero_sizes() {
    for (m, k, n) in [(0, 0, 0), (0, 5, 7), (3, 0, 70), (3, 5, 0), (0, 0, 4), (2, 0, 0)] {
        check((m, k, n), 5);
        let weights = PackedWeights::new(&vec![1; k * n], k, n).unwrap();
        let requantizer = Requantizer::<i8>::new(1.0, 3).unwrap();
        let x = vec![1u8; m * k];
        let codes = matmul_requantized(MatrixView::new(&x, m, k).unwrap(), 0, &weights, &requantizer).unwrap();
        assert_eq!(codes, vec![3 + k as i8; m * n]);
    }
}

/// A byte per weight, and little more.
#[test]
fn bytes_of_weights() {
    for isa in Isa::available() {
        with_isa(isa, || bytes_of_weights_on(isa)).unwrap();
    }
}

fn bytes_of_weights_on(isa: Isa) {
    let (k, n) = (1024, 768);
    let few_large = PackedWeights::new(&vec![64; k * n], k, n).unwrap();
    assert!((k * n..k * n * 102 / 100).contains(&few_large.bytes()), "{}", few_large.bytes());
    let all_large = PackedWeights::new(&vec![127; k * n], k, n).unwrap();
    assert_eq!(all_large.bytes(), few_large.bytes());
    // One line of ten in two parts, where sums of two products saturate.
    let w: Vec<i8> = (0..k * n).map(|i| if i / n % 40 < 2 { 127 } else { 0 }).collect();
    let some_large = PackedWeights::new(&w, k, n).unwrap();
    if matches!(isa, Isa::Avx2 | Isa::Sse42) {
        assert!((k * n * 108 / 100..k * n * 113 / 100).contains(&some_large.bytes()), "{}", some_large.bytes());
    } else {
        assert_eq!(some_large.bytes(), few_large.bytes(), "{isa}");
    }
}

#[test]
fn rows_apart_and_in_parts() {
    let (m, k, n, stride) = (31, 37, 21, 41);
    let buffer = u8::mixed(3, m * stride);
    let dense: Vec<u8> = (0..m).flat_map(|i| buffer[i * stride..][..k].to_vec()).collect();
    let weights = PackedWeights::new(&i8::mixed(4, k * n), k, n).unwrap().with_zero_points(&[5]).unwrap();
    let want = matmul(MatrixView::new(&dense, m, k).unwrap(), 9, &weights).unwrap();
    let strided = MatrixView::with_stride(&buffer[..(m - 1) * stride + k], m, k, stride).unwrap();
    assert_eq!(matmul(strided, 9, &weights).unwrap(), want);
    let mut parts = vec![0; m * n];
    for (start, end) in [(0, 1), (1, 25), (25, 25), (25, 31)] {
        matmul_into(strided.range(start..end), 9, &weights, &mut parts[start * n..end * n]).unwrap();
    }
    assert_eq!(parts, want);
    assert_eq!(strided.range(31..31).rows(), 0);
}

#[test]
fn transposed_weights_are_the_same() {
    for (k, n) in [(1, 1), (5, 70), (300, 17)] {
        let w = i8::mixed(8, k * n);
        let transposed: Vec<i8> = (0..n * k).map(|i| w[i % k * n + i / k]).collect();
        let x = i8::mixed(9, k);
        let a = matvec(&x, -7, &PackedWeights::new(&w, k, n).unwrap()).unwrap();
        assert_eq!(matvec(&x, -7, &PackedWeights::from_transposed(&transposed, n, k).unwrap()).unwrap(), a);
    }
}

/// Zero points that replace others.
#[test]
fn zero_points_twice() {
    let (k, n) = (9, 20);
    let (w, z) = (i8::mixed(1, k * n), i8::mixed(2, n));
    let x = u8::mixed(3, k);
    let once = PackedWeights::new(&w, k, n).unwrap().with_zero_points(&z).unwrap();
    let twice = once.clone().with_zero_points(&[-3]).unwrap().with_zero_points(&z).unwrap();
    assert_eq!(matvec(&x, 11, &once), matvec(&x, 11, &twice));
    let none = twice.with_zero_points(&[0]).unwrap();
    assert_eq!(matvec(&x, 11, &none), matvec(&x, 11, &PackedWeights::new(&w, k, n).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_product((m, k, n) in (0usize..8, 0usize..40, 0usize..40), seed: u64) {
        check((m, k, n), seed);
    }
}
