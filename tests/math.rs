//! The functions of f32 lanes: their error against f64, the same bits on every instruction set, and every edge case.
//!
//! The sweeps take every 4099th argument; `OMNILANE_EXHAUSTIVE=1` in the environment makes that every one.

use omnilane::lanes::{Simd, Vector};
use omnilane::token::{Portable, Scalar};
use omnilane_test_values::Random;

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

/// A function, its f64 reference, and the documented bound of its error in ULP.
struct Function {
    name: &'static str,
    of: Of,
    exact: fn(f64) -> f64,
    bound: f64,
}

#[derive(Clone, Copy)]
enum Of {
    Exp,
    Ln,
    Log2,
    Tanh,
    Sigmoid,
}

fn functions() -> [Function; 5] {
    [
        Function { name: "exp", of: Of::Exp, exact: f64::exp, bound: 0.98 },
        Function { name: "ln", of: Of::Ln, exact: f64::ln, bound: 0.89 },
        Function { name: "log2", of: Of::Log2, exact: f64::log2, bound: 1.34 },
        Function { name: "tanh", of: Of::Tanh, exact: f64::tanh, bound: 1.47 },
        Function { name: "sigmoid", of: Of::Sigmoid, exact: sigmoid, bound: 1.87 },
    ]
}
const POW_BOUND: f64 = 0.51;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[inline(always)]
fn vector<S: Simd>(of: Of, x: Vector<S, f32>) -> Vector<S, f32> {
    match of {
        Of::Exp => x.exp(),
        Of::Ln => x.ln(),
        Of::Log2 => x.log2(),
        Of::Tanh => x.tanh(),
        Of::Sigmoid => x.sigmoid(),
    }
}

/// `src` through the function, whole vectors and the rest.
#[inline(never)]
fn apply<S: Simd>(simd: S, of: Of, src: &[f32], dst: &mut [f32]) {
    let lanes = Vector::<S, f32>::LANES;
    for (x, y) in src.chunks(lanes).zip(dst.chunks_mut(lanes)) {
        vector(of, Vector::load_partial(simd, x)).store_partial(y);
    }
}

#[inline(never)]
fn apply_pow<S: Simd>(simd: S, x: &[f32], y: &[f32], dst: &mut [f32]) {
    let lanes = Vector::<S, f32>::LANES;
    for ((x, y), z) in x.chunks(lanes).zip(y.chunks(lanes)).zip(dst.chunks_mut(lanes)) {
        Vector::load_partial(simd, x).pow(Vector::load_partial(simd, y)).store_partial(z);
    }
}

/// One lane through the function on `Scalar`.
fn one(of: Of, x: f32) -> f32 {
    let mut y = [0.0];
    apply(Scalar::new(), of, &[x], &mut y);
    y[0]
}

fn pow(x: f32, y: f32) -> f32 {
    let mut z = [0.0];
    apply_pow(Scalar::new(), &[x], &[y], &mut z);
    z[0]
}

fn exhaustive() -> bool {
    std::env::var_os("OMNILANE_EXHAUSTIVE").is_some_and(|v| v == "1")
}

/// Every `stride`th bit pattern of f32, in blocks.
fn sweep(stride: u64, mut block: impl FnMut(&[f32])) {
    let mut x = Vec::with_capacity(4096);
    let mut bits = 0;
    while bits < 1 << 32 {
        x.clear();
        while x.len() < 4096 && bits < 1 << 32 {
            x.push(f32::from_bits(bits as u32));
            bits += stride;
        }
        block(&x);
    }
}

/// How many spacings of f32 (at `want`) lie between the two; an infinite f32 stands for 2^128.
fn ulps(got: f32, want: f64) -> f64 {
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if f64::from(got) == want {
        return 0.0;
    }
    let end = 2f64.powi(128);
    let (got, want) = (f64::from(got).clamp(-end, end), want.clamp(-end, end));
    let exponent = ((want.to_bits() >> 52 & 0x7ff) as i32 - 1023).clamp(-126, 127);
    (got - want).abs() / 2f64.powi(exponent - 23)
}

#[test]
fn ulps_counts_spacings() {
    assert_eq!(ulps(1.0, 1.0 + 2f64.powi(-24)), 0.5);
    assert_eq!(ulps(f32::from_bits(3), 0.0), 3.0);
    assert_eq!(ulps(INF, 1e300), 0.0);
    assert_eq!(ulps(f32::MAX, f64::INFINITY), 1.0);
    assert_eq!(ulps(0.0, f64::NAN), f64::INFINITY);
}

#[test]
fn every_function_is_within_its_bound() {
    let stride = if exhaustive() { 1 } else { 4099 };
    std::thread::scope(|scope| {
        for function in functions() {
            scope.spawn(move || within_bound(&function, stride));
        }
    });
}

fn within_bound(function: &Function, stride: u64) {
    let mut y = vec![0.0; 4096];
    let mut worst = (0.0, 0.0);
    sweep(stride, |x| {
        apply(Scalar::new(), function.of, x, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let error = ulps(y, (function.exact)(f64::from(x)));
            if error > worst.0 {
                worst = (error, x);
            }
        }
    });
    println!("{}: at most {:.4} ULP, at {:e}", function.name, worst.0, worst.1);
    assert!(worst.0 <= function.bound, "{} has {} ULP at {:e}", function.name, worst.0, worst.1);
}

/// In -1..1.
fn signed_unit(random: &mut Random) -> f64 {
    2.0 * random.unit() - 1.0
}

/// A pair for pow: of any magnitude; with a result of any magnitude; with a base near 1; with an integer power.
fn pair(random: &mut Random) -> (f32, f32) {
    let (a, b) = (f32::from_bits(random.next() as u32), f32::from_bits(random.next() as u32));
    match random.next() % 4 {
        0 => (a, b),
        1 => (a.abs(), (signed_unit(random) * 155.0 / f64::from(a.abs()).log2()) as f32),
        2 => {
            let x = (1.0 + signed_unit(random) * 2f64.powi(-((random.next() % 24) as i32))) as f32;
            (x, (signed_unit(random) * 155.0 / f64::from(x).log2()) as f32)
        }
        _ => (a, (signed_unit(random) * 200.0 / f64::from(a.abs()).log2().abs().max(1.0)).round() as f32),
    }
}

fn pairs(random: &mut Random, n: usize) -> (Vec<f32>, Vec<f32>) {
    (0..n).map(|_| pair(random)).unzip()
}

/// Numbers where something changes, with both signs.
fn edges() -> Vec<f32> {
    let mut edges =
        vec![0.0, 1.0, 2.0, 3.0, 4.0, 0.5, 0.25, 1.5, 2.5, 1.0 / 3.0, 10.0, 127.0, 128.0, 149.0, 150.0, INF, NAN];
    edges.extend([
        f32::MAX,
        f32::MIN_POSITIVE,
        f32::EPSILON,
        f32::from_bits(1),
        f32::from_bits(2),
        f32::from_bits(0x007f_ffff),
    ]);
    // Neighbours of 1, the largest odd numbers and the first that must be even.
    edges.extend([
        0.999_999_94,
        1.000_000_1,
        8_388_607.0,
        8_388_608.5,
        8_388_609.0,
        16_777_215.0,
        16_777_216.0,
        16_777_218.0,
    ]);
    edges.extend([
        88.722_83,
        88.722_84,
        87.336_54,
        103.278_93,
        103.972_07,
        103.972_084,
        104.0,
        9.010_914,
        0.625,
        0.707_106_77,
    ]);
    edges.iter().flat_map(|&v| [v, -v]).collect()
}

/// All pairs of `edges`.
fn edge_pairs() -> (Vec<f32>, Vec<f32>) {
    let edges = edges();
    edges.iter().flat_map(|&x| edges.iter().map(move |&y| (x, y))).unzip()
}

#[test]
fn pow_is_within_its_bound() {
    let mut random = Random(1);
    let mut worst = (0.0, 0.0, 0.0);
    for block in 0..if exhaustive() { 250_000 } else { 250 } {
        let (x, y) = if block == 0 { edge_pairs() } else { pairs(&mut random, 4096) };
        let mut z = vec![0.0; x.len()];
        apply_pow(Scalar::new(), &x, &y, &mut z);
        for ((&x, &y), &z) in x.iter().zip(&y).zip(&z) {
            let error = ulps(z, f64::from(x).powf(f64::from(y)));
            if error > worst.0 {
                worst = (error, x, y);
            }
        }
    }
    println!("pow: at most {:.4} ULP, at {:e}, {:e}", worst.0, worst.1, worst.2);
    assert!(worst.0 <= POW_BOUND, "pow has {} ULP at {:e}, {:e}", worst.0, worst.1, worst.2);
}

fn assert_same(what: &str, x: &dyn Fn(usize) -> String, got: &[f32], want: &[f32]) {
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
        assert!(same, "{what}({}) is {got:e}, on Scalar {want:e}", x(i));
    }
}

/// The bits of `Scalar`, on another instruction set.
fn same_bits<S: Simd>(name: &str, token: Option<S>) {
    let Some(simd) = token else {
        println!("{name}: NOT RUN, this CPU does not have it");
        return;
    };
    for function in functions() {
        let what = format!("{name}: {}", function.name);
        let check = |x: &[f32]| {
            let mut both = [vec![0.0; x.len()], vec![0.0; x.len()]];
            apply(Scalar::new(), function.of, x, &mut both[0]);
            apply(simd, function.of, x, &mut both[1]);
            assert_same(&what, &|i| format!("{:e}", x[i]), &both[1], &both[0]);
        };
        check(&edges());
        sweep(if exhaustive() { 67 } else { 65_537 }, check);
    }
    let mut random = Random(2);
    for block in 0..if exhaustive() { 2500 } else { 25 } {
        let (x, y) = if block == 0 { edge_pairs() } else { pairs(&mut random, 4096) };
        let mut both = [vec![0.0; x.len()], vec![0.0; x.len()]];
        apply_pow(Scalar::new(), &x, &y, &mut both[0]);
        apply_pow(simd, &x, &y, &mut both[1]);
        assert_same(&format!("{name}: pow"), &|i| format!("{:e}, {:e}", x[i], y[i]), &both[1], &both[0]);
    }
    println!("{name}: the same bits");
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    same_bits("portable", Portable::detect());
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        same_bits("sse42", omnilane::token::Sse42::detect());
        same_bits("avx2", omnilane::token::Avx2::detect());
        same_bits("avx512", omnilane::token::Avx512::detect());
    }
    #[cfg(target_arch = "aarch64")]
    same_bits("neon", omnilane::token::Neon::detect());
}

/// Each line: an argument and the exact result, signs of zeros included; NaN is any NaN.
fn check(name: &str, of: Of, cases: &[(f32, f32)]) {
    for &(x, want) in cases {
        assert_same(name, &|_| format!("{x:e}"), &[one(of, x)], &[want]);
    }
}

#[test]
fn edges_of_exp() {
    check(
        "exp",
        Of::Exp,
        &[
            (0.0, 1.0),
            (-0.0, 1.0),
            (f32::from_bits(1), 1.0),
            (-f32::from_bits(1), 1.0),
            (INF, INF),
            (-INF, 0.0),
            (NAN, NAN),
            (-NAN, NAN),
            (f32::MAX, INF),
            (f32::MIN, 0.0),
            (88.722_84, INF),
            (-103.972_084, 0.0),
            (-103.972_07, f32::from_bits(1)),
            (-104.0, 0.0),
        ],
    );
    assert!(one(Of::Exp, 88.722_83).is_finite());
    assert!(one(Of::Exp, -87.336_55).is_subnormal() && one(Of::Exp, -87.336_54).is_normal());
}

#[test]
fn edges_of_the_logarithms() {
    for (name, of) in [("ln", Of::Ln), ("log2", Of::Log2)] {
        let cases = [(0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (NAN, NAN), (-NAN, NAN), (1.0, 0.0)];
        check(name, of, &cases);
        check(name, of, &[(-1.0, NAN), (f32::MIN, NAN), (-f32::MIN_POSITIVE, NAN), (-f32::from_bits(1), NAN)]);
    }
    for n in -149..128 {
        assert_eq!(one(Of::Log2, 2f64.powi(n) as f32), n as f32);
    }
}

#[test]
fn edges_of_tanh() {
    let tiny = f32::from_bits(1);
    let cases = [(0.0, 0.0), (INF, 1.0), (9.010_914, 1.0), (f32::MAX, 1.0), (NAN, NAN), (tiny, tiny), (1e-40, 1e-40)];
    check("tanh", Of::Tanh, &cases);
    check("tanh", Of::Tanh, &cases.map(|(x, y)| (-x, -y)));
}

#[test]
fn edges_of_sigmoid() {
    let cases =
        [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (f32::MAX, 1.0), (f32::MIN, 0.0), (NAN, NAN), (-NAN, NAN)];
    check("sigmoid", Of::Sigmoid, &cases);
    check("sigmoid", Of::Sigmoid, &[(-103.972_07, f32::from_bits(1)), (-103.972_084, 0.0), (17.5, 1.0)]);
}

/// IEEE 754 (9.2.1) and C99 (F.9.4.4), sentence by sentence.
#[test]
fn edges_of_pow() {
    let odd = [1.0, 3.0, 5.0, 8_388_609.0, 16_777_215.0];
    let even = [2.0, 4.0, 16_777_216.0, 16_777_218.0, f32::MAX, INF];
    let fractions = [0.5, 1.5, 2.5, 1e-40, 8_388_607.5, 1.0 / 3.0];
    let expect = |x: f32, y: f32, want: f32| assert_same("pow", &|_| format!("{x:e}, {y:e}"), &[pow(x, y)], &[want]);
    for v in edges() {
        expect(v, 0.0, 1.0);
        expect(v, -0.0, 1.0);
        expect(1.0, v, 1.0);
        if v != 0.0 {
            expect(NAN, v, NAN);
        }
        if v != 1.0 {
            expect(v, NAN, NAN);
        }
        if !v.is_nan() && v.abs() < 1.0 {
            expect(v, INF, 0.0);
            expect(v, -INF, INF);
        }
        if v.abs() > 1.0 {
            expect(v, INF, INF);
            expect(v, -INF, 0.0);
        }
        expect(v, 1.0, v);
    }
    for y in odd {
        for (zero, infinity) in [(0.0, INF), (-0.0, -INF)] {
            expect(zero, y, zero);
            expect(zero, -y, infinity);
            expect(infinity, y, infinity);
            expect(infinity, -y, zero);
        }
        expect(-1.0, y, -1.0);
        expect(-1.0, -y, -1.0);
    }
    for y in even.into_iter().chain(fractions) {
        for (zero, infinity) in [(0.0, INF), (-0.0, -INF)] {
            expect(zero, y, 0.0);
            expect(zero, -y, INF);
            expect(infinity, y, INF);
            expect(infinity, -y, 0.0);
        }
    }
    for y in even {
        expect(-1.0, y, 1.0);
        expect(-1.0, -y, 1.0);
    }
    for y in fractions {
        for x in [1.0, 2.0, 0.5, f32::MAX, f32::from_bits(1)] {
            expect(-x, y, NAN);
            expect(-x, -y, NAN);
        }
    }
    expect(2.0, 127.0, 2f32.powi(127));
    expect(2.0, 128.0, INF);
    expect(-2.0, 129.0, -INF);
    expect(2.0, -149.0, f32::from_bits(1));
    expect(-2.0, -149.0, -f32::from_bits(1));
    // Half of the smallest number is a tie, which goes to even.
    expect(2.0, -150.0, 0.0);
    expect(-2.0, -151.0, -0.0);
    expect(f32::MAX, f32::MAX, INF);
    expect(f32::MAX, f32::MIN, 0.0);
    expect(f32::from_bits(1), f32::from_bits(1), 1.0);
}
