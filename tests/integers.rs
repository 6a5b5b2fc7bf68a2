//! Integer products and requantization against 64 and 128 bits, on every instruction set.

mod oracle;

use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::*;
use omnilane_test_values::{Random, Sample};
use oracle::integers as definition;
use proptest::prelude::*;

type Size = (usize, usize, usize);

/// Everything that goes into a product; `z` has one element or `n`.
struct Product<A> {
    size: Size,
    x: Vec<A>,
    zero_point: A,
    w: Vec<i8>,
    z: Vec<i8>,
    bias: Vec<i32>,
}

impl<A: Activation + Sample + Into<i64>> Product<A> {
    /// Every choice from a seed.
    fn random(size: Size, seed: u64) -> Self {
        let (m, k, n) = size;
        let mut r = Random(seed);
        let z = match r.next() % 3 {
            0 => vec![0],
            1 => i8::mixed(r.next(), 1),
            _ => i8::mixed(r.next(), n),
        };
        Product {
            size,
            x: A::mixed(r.next(), m * k),
            zero_point: if r.next().is_multiple_of(2) { A::default() } else { A::random(&mut r) },
            w: i8::mixed(r.next(), k * n),
            z,
            bias: if r.next().is_multiple_of(2) { vec![0; n] } else { i32::mixed(r.next(), n) },
        }
    }

    /// Whether each form gives the definition on each instruction set.
    fn check(&self) {
        let (m, k, n) = self.size;
        let want = definition::matmul(self.size, (&self.x, self.zero_point), (&self.w, &self.z), &self.bias);
        let want: Vec<i32> = want.into_iter().map(|v| v as i32).collect(); // wraps, as it is documented to
        let weights = PackedWeights::new(&self.w, k, n).unwrap();
        let weights = weights.with_zero_points(&self.z).unwrap().with_bias(&self.bias).unwrap();
        let x = MatrixView::new(&self.x, m, k).unwrap();
        for isa in Isa::available() {
            with_isa(isa, || {
                let mut out = vec![77; m * n];
                matmul_into(x, self.zero_point, &weights, &mut out).unwrap();
                assert_eq!(out, want, "{} on {isa}, {m} x {k} x {n}", A::NAME);
                if m == 1 {
                    assert_eq!(matvec(&self.x, self.zero_point, &weights).unwrap(), want, "matvec on {isa}");
                }
            })
            .unwrap();
        }
    }
}

fn check(size: Size, seed: u64) {
    Product::<u8>::random(size, seed).check();
    Product::<i8>::random(size, seed).check();
}

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
    let (k, n) = (1024, 768);
    let few_large = PackedWeights::new(&vec![64; k * n], k, n).unwrap();
    assert!((k * n..k * n * 102 / 100).contains(&few_large.bytes()), "{}", few_large.bytes());
    let all_large = PackedWeights::new(&vec![127; k * n], k, n).unwrap();
    assert_eq!(all_large.bytes(), few_large.bytes());
    // One line of ten in two parts.
    let w: Vec<i8> = (0..k * n).map(|i| if i / n % 40 < 2 { 127 } else { 0 }).collect();
    let some_large = PackedWeights::new(&w, k, n).unwrap();
    assert!((k * n * 108 / 100..k * n * 113 / 100).contains(&some_large.bytes()), "{}", some_large.bytes());
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

const MULTIPLIERS: [f64; 14] = [
    0.0,
    1.0,
    0.5,
    0.25,
    1.5,
    0.0073,
    1e-5,
    3e-10,
    2.3283064365386963e-10,
    1e-20,
    127.3,
    0.999_999_999_99,
    65536.0,
    1e9,
];

/// Sums at every boundary, halves among them.
fn sums() -> Vec<i32> {
    let mut sums = i32::mixed(5, 700);
    sums.extend(<i32 as Sample>::boundary());
    sums.extend(-300..300);
    sums.extend((-40..40).map(|i| (i << 24) + 1));
    sums
}

fn requantize_one<Q: OutputCode + Sample>(multiplier: f64, zero_point: Q, min: Q, max: Q) {
    let sums = sums();
    let range = [min.to_i32(), max.to_i32()];
    let float = Requantizer::new(multiplier as f32, zero_point).unwrap().with_range(min, max).unwrap();
    let fixed = Requantizer::fixed_point(multiplier, zero_point).unwrap().with_range(min, max).unwrap();
    for isa in Isa::available() {
        with_isa(isa, || {
            let (float, fixed) = (requantize(&sums, &float).unwrap(), requantize(&sums, &fixed).unwrap());
            for (i, sum) in sums.iter().enumerate() {
                let want = definition::requantize(*sum, multiplier as f32, zero_point.to_i32(), range);
                assert_eq!(float[i].to_i32(), want, "{sum} * {multiplier} + {zero_point} on {isa}");
                let want = definition::requantize_fixed(*sum, multiplier, zero_point.to_i32(), range);
                assert_eq!(fixed[i].to_i32(), want, "{sum} * {multiplier} + {zero_point} on {isa}, fixed");
            }
        })
        .unwrap();
    }
}

#[test]
fn requantize_every_multiplier() {
    for multiplier in MULTIPLIERS {
        requantize_one::<u8>(multiplier, 0, 0, 255);
        requantize_one::<u8>(multiplier, 255, 3, 200);
        requantize_one::<i8>(multiplier, -128, -128, 127);
        requantize_one::<i8>(multiplier, 13, 13, 127);
    }
}

#[test]
fn requantize_channels() {
    for channels in [1, 3, 16, 17, 64, 100] {
        let sums = i32::mixed(6, 7 * channels);
        let multipliers: Vec<f64> = (0..channels).map(|j| MULTIPLIERS[j % MULTIPLIERS.len()]).collect();
        let floats: Vec<f32> = multipliers.iter().map(|v| *v as f32).collect();
        let float = Requantizer::<i8>::per_channel(&floats, -5).unwrap();
        let fixed = Requantizer::<i8>::fixed_point_per_channel(&multipliers, -5).unwrap();
        assert_eq!(float.channels(), Some(channels));
        for isa in Isa::available() {
            with_isa(isa, || {
                let (a, b) = (requantize(&sums, &float).unwrap(), requantize(&sums, &fixed).unwrap());
                for (i, sum) in sums.iter().enumerate() {
                    let j = i % channels;
                    assert_eq!(i32::from(a[i]), definition::requantize(*sum, floats[j], -5, [-128, 127]), "{isa}");
                    let want = definition::requantize_fixed(*sum, multipliers[j], -5, [-128, 127]);
                    assert_eq!(i32::from(b[i]), want, "{isa}, fixed");
                }
            })
            .unwrap();
        }
    }
}

/// The fused product is the product, requantized.
#[test]
fn fused_equals_unfused() {
    fn check<Q: OutputCode>(size: Size, requantizer: &Requantizer<Q>) {
        let (m, k, n) = size;
        let p = Product::<u8>::random(size, 17);
        let weights = PackedWeights::new(&p.w, k, n).unwrap().with_zero_points(&p.z).unwrap();
        let weights = weights.with_bias(&p.bias).unwrap();
        let x = MatrixView::new(&p.x, m, k).unwrap();
        for isa in Isa::available() {
            with_isa(isa, || {
                let sums = matmul(x, p.zero_point, &weights).unwrap();
                let want = requantize(&sums, requantizer).unwrap();
                let got = matmul_requantized(x, p.zero_point, &weights, requantizer).unwrap();
                assert_eq!(got, want, "{size:?} on {isa}");
                let first = matvec_requantized(x.row(0), p.zero_point, &weights, requantizer).unwrap();
                assert_eq!(first, want[..n], "{size:?} on {isa}");
            })
            .unwrap();
        }
    }
    for size in [(3, 20, 5), (26, 40, 70), (1, 300, 130), (2, 9, 64)] {
        let n = size.2;
        let per_column: Vec<f32> = (0..n).map(|j| 0.001 * (j + 1) as f32).collect();
        let fixed: Vec<f64> = per_column.iter().map(|v| f64::from(*v)).collect();
        check(size, &Requantizer::<u8>::new(0.01, 128).unwrap());
        check(size, &Requantizer::<i8>::per_channel(&per_column, -3).unwrap());
        check(size, &Requantizer::<i8>::fixed_point(0.02, 0).unwrap().with_range(0, 100).unwrap());
        check(size, &Requantizer::<u8>::fixed_point_per_channel(&fixed, 9).unwrap());
    }
}

/// From the parameters of three tensors: a product in codes is near the product in real numbers.
#[test]
fn between_real_numbers() {
    let input = QuantParams::<u8>::asymmetric(-1.0, 1.0).unwrap();
    let output = QuantParams::<i8>::asymmetric(-4.0, 4.0).unwrap();
    let scales = [0.01, 0.02];
    let requantizer = Requantizer::between(input.scale(), &scales, &output).unwrap();
    let (x, w) = ([0.5f32, -0.25, 1.0], [[50i8, -100], [20, 30], [-7, 90]]);
    let weights = PackedWeights::new(w.as_flattened(), 3, 2).unwrap();
    let codes = x.map(|v| input.quantize(v));
    let got = matvec_requantized(&codes, input.zero_point() as u8, &weights, &requantizer).unwrap();
    for j in 0..2 {
        let want: f32 = (0..3).map(|q| x[q] * f32::from(w[q][j]) * scales[j]).sum();
        assert!((output.dequantize(got[j]) - want).abs() < 0.05, "{} is not {want}", output.dequantize(got[j]));
    }
}

/// Every refusal names the argument, and nothing is written.
#[test]
fn refusals() {
    fn message<T: std::fmt::Debug>(result: Result<T, QuantizeError>) -> String {
        result.unwrap_err().to_string()
    }
    assert_eq!(message(dot(&[1u8], &[])), "b: its length is 0, it must be 1");
    assert_eq!(message(PackedWeights::new(&[1], 2, 3)), "weights: its length is 1, it must be 6");
    assert!(message(PackedWeights::new(&[], usize::MAX, 2)).starts_with("rows, columns: "));
    // No memory for a column's sums where there are no weights.
    assert!(message(PackedWeights::new(&[], 0, usize::MAX / 8)).starts_with("rows, columns: "));
    let weights = PackedWeights::new(&[1; 6], 2, 3).unwrap();
    let bias = weights.clone().with_bias(&[1]);
    assert_eq!(message(bias), "bias: its length is 1, it must be 3");
    assert_eq!(message(weights.clone().with_zero_points(&[1, 2])), "zero_points: its length is 2, it must be 3");
    assert_eq!(message(MatrixView::new(&[0u8], 2, 3)), "data: its length is 1, it must be 6");
    assert_eq!(message(MatrixView::with_stride(&[0u8; 8], 2, 3, 2)), "stride: 2 elements, but a row has 3");
    assert_eq!(message(MatrixView::with_stride(&[0u8; 6], 2, 3, 4)), "data: 6 elements, but the matrix needs 7");
    assert!(message(MatrixView::with_stride(&[0u8; 6], usize::MAX, 3, 4)).starts_with("rows, columns: "));
    let x = MatrixView::new(&[1u8, 2], 1, 2).unwrap();
    let mut out = [7; 2];
    assert_eq!(message(matmul_into(x, 0, &weights, &mut out)), "out: its length is 2, it must be 3");
    let mut out = [7; 3];
    let narrow = MatrixView::new(&[1u8], 1, 1).unwrap();
    assert_eq!(message(matmul_into(narrow, 0, &weights, &mut out)), "x: its length is 1, it must be 2");
    let two = Requantizer::<u8>::per_channel(&[1.0, 2.0], 0).unwrap();
    let mut codes = [7; 3];
    let refused = matmul_requantized_into(x, 0, &weights, &two, &mut codes);
    assert_eq!(message(refused), "requantizer: its length is 2, it must be 3");
    assert_eq!(message(requantize_into(&[1, 2, 3], &two, &mut codes)), "sums: its length is 3, it must be 2");
    assert_eq!(message(requantize_into(&[1, 2], &two, &mut codes)), "out: its length is 3, it must be 2");
    assert_eq!((out, codes), ([7; 3], [7; 3]));
    for bad in [-1.0, f32::NAN, f32::INFINITY] {
        assert!(message(Requantizer::<u8>::new(bad, 0)).starts_with("multiplier: "));
        assert!(message(Requantizer::<u8>::fixed_point(bad.into(), 0)).starts_with("multiplier: "));
    }
    assert!(message(Requantizer::<u8>::fixed_point(1073741824.0, 0)).starts_with("multiplier: 1073741824"));
    let range = Requantizer::<u8>::new(1.0, 0).unwrap().with_range(5, 4);
    assert_eq!(message(range), "min, max: 5, 4; min must not be above max");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_product((m, k, n) in (0usize..8, 0usize..40, 0usize..40), seed: u64) {
        check((m, k, n), seed);
    }

    #[test]
    fn any_multiplier(multiplier in prop_oneof![0.0..1.0f64, 0.0..1e-6f64, 0.0..1e9f64], zero_point: i8, sum: i32) {
        let fixed = Requantizer::fixed_point(multiplier, zero_point).unwrap();
        let float = Requantizer::new(multiplier as f32, zero_point).unwrap();
        let (range, zero) = ([-128, 127], i32::from(zero_point));
        for isa in Isa::available() {
            let got = with_isa(isa, || [requantize(&[sum], &fixed), requantize(&[sum], &float)]).unwrap();
            let [fixed, float] = got.map(|codes| i32::from(codes.unwrap()[0]));
            prop_assert_eq!(fixed, definition::requantize_fixed(sum, multiplier, zero, range), "{}", isa);
            prop_assert_eq!(float, definition::requantize(sum, multiplier as f32, zero, range), "{}", isa);
        }
    }
}
