//! Where the fast ways to a quotient could lead to another code.

use crate::slices::stride;
use crate::{code, codes, on_every_isa};
use omnilane::quantize::*;
use omnilane_test_values::Random;

/// The inverse of an odd number modulo 2^64, by Newton's method.
fn inverse(m: u64) -> u64 {
    (0..6).fold(m, |x, _| x.wrapping_mul(2_u64.wrapping_sub(m.wrapping_mul(x))))
}

/// All `(x, scale)` up to powers of two whose quotient is within 2^-47 of the middle between `k + 1/2` and a float next to
/// it: `x 2^t = scale m + d` in integers of 24, 24 and 25 bits, `d` of 4 at most.
fn hard_quotients(k: u64) -> Vec<(f32, f32)> {
    let odd = 2 * k + 1;
    let up = 24 - odd.ilog2();
    let mut found = Vec::new();
    for m in [(odd << up) + 1, if k == 0 { (1 << 25) - 1 } else { (odd << up) - 1 }] {
        for (t, d) in [24, 25].into_iter().flat_map(|t| (-4..=4).map(move |d: i64| (t, d))) {
            let scale = inverse(m).wrapping_mul(d.wrapping_neg() as u64) % (1 << t);
            let x = (scale * m).wrapping_add_signed(d) >> t;
            if d != 0 && [scale, x].iter().all(|v| (1 << 23..1 << 24).contains(v)) {
                assert_eq!((x << t).wrapping_sub(scale * m) as i64, d);
                // A quotient between 1/2 and 2, to the magnitude of the tie.
                let tie = k as f32 + 0.5;
                let power = (tie * scale as f32 / x as f32).log2().round().exp2();
                found.push((x as f32 * power, scale as f32));
            }
        }
    }
    found
}

/// Codes of eight bits come from a quotient that may be the other of the two floats around the true one. All pairs of
/// number and scale whose code could be another for that, on every instruction set and both sides of zero.
#[test]
fn hard_quotients_have_the_right_codes() {
    fn check<C: Code<Storage = C>>(ties: impl Iterator<Item = u64>) {
        let mut random = Random(5);
        let (mut codes, mut nearest) = (0, f64::INFINITY);
        for (k, (x, scale)) in ties.flat_map(|k| hard_quotients(k).into_iter().map(move |pair| (k, pair))) {
            let power = (random.next() % 128) as i32 - 64 - 23;
            let [x, scale] = [x, scale].map(|v| v * 2_f32.powi(power));
            let tie = k as f64 + 0.5;
            nearest = nearest.min((f64::from(x) / f64::from(scale) / tie - 1.0).abs());
            for (x, zero_point) in [(x, 0), (-x, if C::MIN == 0 { C::MAX } else { 0 })] {
                let params = QuantParams::<C>::new(scale, zero_point).unwrap();
                let mut got = [C::default()];
                quantize_into(&[x], &params, &mut got).unwrap();
                assert_eq!(got[0], code(x, &params), "{x:e} / {scale:e}");
                codes += 1;
            }
        }
        assert!(codes > 100 && nearest < 2_f64.powi(-23), "{codes} codes, {nearest:e} from a tie");
    }
    on_every_isa("hard quotients", |_| {
        check::<u8>(0..=255);
        check::<i8>(0..=128);
        // From 3554 on, some would be wrong: these take the full quotient.
        let step = stride().map_or(97, |n| n.min(97));
        check::<u16>((0..65_536).step_by(step).chain(3554..3600));
    });
}

/// Numbers around those quotients, for many scales.
#[test]
fn quotients_next_to_ties() {
    /// Slices of at least `least` elements.
    fn check<C: Code<Storage = C>>(scales: usize, ties: &[i32], least: usize) {
        let mut random = Random(7);
        let (mut src, mut checked) = (Vec::new(), 0);
        // With the first one, a remainder underflows; with a half of the others it may under- or overflow.
        let first = std::iter::once(3.706_172_8e-37);
        let mut scale = Random(8);
        let others = std::iter::repeat_with(|| {
            let exponent = (scale.next() % 250) as i32 - 124;
            ((1.0 + scale.unit()) * 2_f64.powi(exponent)) as f32
        });
        for scale in first.chain(others).take(scales) {
            let params = QuantParams::<C>::new(scale, (random.next() % 100) as i32).unwrap();
            src.clear();
            while src.len() < least {
                for k in ties {
                    let tie = f64::from(*k) + 0.5;
                    let ulp = f64::from(f32::EPSILON) * 2_f64.powi(tie.abs().log2().floor() as i32);
                    for quotient in [tie, tie - ulp / 2.0, tie + ulp / 2.0] {
                        let x = (quotient * f64::from(scale)) as f32;
                        src.extend((-1..=1).map(|d| f32::from_bits(x.to_bits().wrapping_add_signed(d))));
                    }
                }
            }
            let want = codes(&src, &params);
            let mut got = vec![C::default(); src.len()];
            for isa in omnilane::cpu::Isa::available() {
                omnilane::cpu::with_isa(isa, || quantize_into(&src, &params, &mut got)).unwrap().unwrap();
                if let Some(i) = (0..src.len()).find(|i| got[*i] != want[*i]) {
                    panic!("{isa}: {:e} / {scale:e} is {}, not {}", src[i], got[i], want[i]);
                }
            }
            checked += src.len();
        }
        println!("{checked} quotients to {}", C::NAME);
    }
    let far = [-32_000, -1025, -513, 127, 128, 255, 511, 16_383, 32_766];
    check::<i16>(stride().map_or(60, |n| 4_000_000 / n), &(-40..40).chain(far).collect::<Vec<_>>(), 1);
    let all: Vec<i32> = (-230..130).collect();
    check::<i8>(stride().map_or(4, |n| 800_000 / n), &all, 1 << 14);
    check::<u8>(stride().map_or(4, |n| 800_000 / n), &all, 1 << 14);
}

/// Where the sum that rounds a quotient leaves its range, in each place of a block whose other numbers are ordinary.
#[test]
fn quotients_far_outside() {
    fn check<C: Code<Storage = C>>() {
        let (range, half) = (2_f64.powi(22), 2_f64.powi(31));
        let steps = [range, -range, 3.0 * range, -3.0 * range, 4.0 * range, -4.0 * range, half, -half, 1e30, -1e30];
        for (scale, mode) in [0.1, 3e-20, 1e-31, 4e30].into_iter().flat_map(|s| [(s, Mode::Exact), (s, Mode::Fast)]) {
            let params = QuantParams::<C>::new(scale, 3).unwrap();
            let options = QuantizeOptions::default().mode(mode);
            let all = steps.iter().flat_map(|steps| {
                let x = (steps * f64::from(scale)) as f32;
                (-2..=2).map(move |d| f32::from_bits(x.to_bits().wrapping_add_signed(d)))
            });
            for (i, far) in all.enumerate() {
                for n in [64, 1 << 14] {
                    let mut src = vec![scale * 2.0; n];
                    src[(i * 7 + n / 2) % n] = far;
                    let mut got = vec![C::default(); n];
                    quantize_into_with(&src, &params, options, &mut got).unwrap();
                    assert_eq!(got, codes(&src, &params), "{far:e} / {scale:e}, {mode:?}");
                }
            }
        }
    }
    on_every_isa("far outside", |_| {
        check::<u8>();
        check::<i8>();
        check::<i16>();
    });
}
