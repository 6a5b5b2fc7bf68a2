//! One scale for the whole slice.

use crate::{assert_same, code, codes, on_every_isa, oracle};
use omnilane::lanes::{bf16, f16};
use omnilane::quantize::*;
use omnilane::verify::{self, Outcome, Sample};
use omnilane_test_values::Random;

/// Scales and, as shares of the range of codes, zero points.
const PARAMS: [(f32, f64); 6] =
    [(1.0, 0.5), (0.1, 0.0), (0.002_148_548_6, 1.0), (3e-38, 0.25), (1e-40, 0.5), (3e35, 0.75)];

fn params<C: Code>() -> impl Iterator<Item = QuantParams<C>> {
    let ranges = [CodeRange::Full, CodeRange::Symmetric, CodeRange::Reduced];
    PARAMS.into_iter().zip(ranges.into_iter().cycle()).map(|((scale, share), range)| {
        let (min, max) = range.bounds::<C>();
        let zero = f64::from(min) + share * f64::from(max - min);
        QuantParams::with_range(scale, zero.round() as i32, range).unwrap()
    })
}

/// Codes that are elements: whole slices of every length, boundary values and random ones.
fn elements<R: Real + Sample, C: Code<Storage = C> + Sample>() {
    for params in params::<C>() {
        let name = format!("{} to {}: {params:?}", R::NAME, C::NAME);
        verify::slice::<R, C>(&name)
            .definition(move |src, dst| src.iter().zip(dst).for_each(|(x, q)| *q = code(x.to_f32(), &params)))
            .kernel(move |src, dst| _ = quantize_into(src, &params, dst).unwrap())
            .cases(8)
            .assert();
        verify::slice_reduce::<R, usize>(&name)
            .definition(|src| src.iter().filter(|x| x.to_f32().is_nan()).count())
            .kernel(move |src| quantize_into(src, &params, &mut vec![C::default(); src.len()]).unwrap())
            .cases(8)
            .assert();
        verify::slice::<C, R>(&format!("{name}, back"))
            .definition(move |src, dst| {
                for (q, x) in src.iter().zip(dst) {
                    *x = R::from_f32(oracle::dequantize(q.to_i32(), params.scale(), params.zero_point()));
                }
            })
            .kernel(move |src, dst| dequantize_into(src, &params, dst).unwrap())
            .cases(8)
            .assert();
    }
    println!("{} to {} and back: bit-equal to the definition", R::NAME, C::NAME);
}

#[test]
fn f32_to_8_bits() {
    elements::<f32, u8>();
    elements::<f32, i8>();
}

#[test]
fn f32_to_16_bits() {
    elements::<f32, u16>();
    elements::<f32, i16>();
}

#[test]
fn halves() {
    elements::<f16, i8>();
    elements::<f16, u16>();
    elements::<bf16, u8>();
    elements::<bf16, i16>();
}

/// Nibbles: every length up to more than a chunk's vectors, odd ones too; nothing beyond the end is touched.
#[test]
fn nibbles() {
    fn check<R: Real + Sample + Outcome, C: Code<Storage = u8>>() {
        let mut random = Random(C::MAX as u64);
        for (k, params) in params::<C>().enumerate() {
            for n in (0..=261).chain([1023, 1024, 1025, 2050]) {
                let src: Vec<R> = (0..n)
                    .map(|i| match random.next() % 8 {
                        0 => R::BOUNDARY[i % R::BOUNDARY.len()],
                        _ => R::from_f32(((random.unit() - 0.5) * 40.0) as f32 * params.scale()),
                    })
                    .collect();
                let wide: Vec<f32> = src.iter().map(|x| x.to_f32()).collect();
                let mut got = vec![0xa5; n.div_ceil(2) + 1];
                let (room, guard) = got.split_at_mut(n.div_ceil(2));
                let nan = quantize_into(&src, &params, room).unwrap();
                assert_eq!(room, codes(&wide, &params), "{k}, {n} of {} to {}", R::NAME, C::NAME);
                assert_eq!((nan, guard[0]), (wide.iter().filter(|x| x.is_nan()).count(), 0xa5));

                let mut back = vec![R::default(); n];
                dequantize_into(room, &params, &mut back).unwrap();
                let back: Vec<f32> = back.iter().map(|x| x.to_f32()).collect();
                let want: Vec<f32> = (0..n).map(|i| R::from_f32(params.dequantize(C::get(room, i))).to_f32()).collect();
                assert_same(&back, &want, C::NAME);
            }
        }
    }
    on_every_isa("nibbles", |_| {
        check::<f32, I4>();
        check::<f32, U4>();
        check::<f16, I4>();
        check::<bf16, U4>();
    });
}

/// `Fast` is at most one code away, and the same everywhere.
#[test]
fn fast_is_within_one_code() {
    for params in params::<i8>() {
        verify::slice::<f32, i8>(&format!("fast, {params:?}"))
            .definition(move |src, dst| src.iter().zip(dst).for_each(|(x, q)| *q = code(*x, &params)))
            .kernel(move |src, dst| {
                let options = QuantizeOptions::default().mode(Mode::Fast);
                quantize_into_with(src, &params, options, dst).map(drop).unwrap();
            })
            .ulps(1)
            .assert();
    }
    // FBGEMM's example: the quotient is below the tie at 127.5, the product is on it.
    let params = QuantParams::<u8>::new(0.002_148_548_6, 0).unwrap();
    let code_in = |mode| {
        let mut code = [0];
        quantize_into_with(&[0.273_939_94_f32], &params, QuantizeOptions::default().mode(mode), &mut code).unwrap();
        code[0]
    };
    assert_eq!((code_in(Mode::Exact), code_in(Mode::Fast)), (127, 128));
}

/// One of how many is tried: OMNILANE_EXHAUSTIVE=1 for all, in release.
pub fn stride() -> Option<usize> {
    std::env::var("OMNILANE_EXHAUSTIVE").ok().map(|n| n.parse().expect("a stride"))
}

/// Every so many bit patterns of f32.
#[test]
fn sweep_of_all_floats() {
    fn sweep<C: Code<Storage = C>>(scale: f32, zero_point: i32) {
        let params = QuantParams::<C>::new(scale, zero_point).unwrap();
        let stride = stride().unwrap_or(49_999);
        let mut patterns = (0..=u32::MAX).step_by(stride).map(f32::from_bits);
        let mut swept = 0;
        loop {
            let src: Vec<f32> = patterns.by_ref().take(1 << 16).collect();
            if src.is_empty() {
                break;
            }
            swept += src.len();
            let (want, nan) = (codes(&src, &params), src.iter().filter(|x| x.is_nan()).count());
            let mut got = vec![C::default(); src.len()];
            for isa in omnilane::cpu::Isa::available() {
                let found = omnilane::cpu::with_isa(isa, || quantize_into(&src, &params, &mut got)).unwrap().unwrap();
                assert_eq!(found, nan, "{isa}");
                if let Some(i) = (0..src.len()).find(|i| got[*i] != want[*i]) {
                    panic!("{isa}: {:e} / {scale:e} is {}, not {}", src[i], got[i], want[i]);
                }
            }
        }
        println!("{} patterns to {}, scale {scale:e}, zero point {zero_point}", swept, C::NAME);
    }
    sweep::<u8>(0.002_148_548_6, 0);
    sweep::<i8>(0.1, -3);
    sweep::<i16>(1e-3, 0);
    sweep::<u16>(7.3e-20, 40_000);
}

/// |x - x'| <= s/2 inside the range, up to the rounding of the product.
#[test]
fn half_a_step_at_most() {
    let mut random = Random(11);
    for n in [1, 5, 1000] {
        let src: Vec<f32> = (0..n).map(|_| (random.normal() * 3.0) as f32).collect();
        on_every_isa("half a step", |_| {
            let tensor = QuantizedTensor::<i8>::from_f32(&src);
            let step = tensor.params().scale();
            for (x, back) in src.iter().zip(tensor.to_f32()) {
                assert!((x - back).abs() <= step / 2.0 * (1.0 + 1e-5), "{x} came back as {back}, step {step}");
            }
        });
    }
}

#[test]
fn fake_quantization_is_both_in_turn() {
    for params in params::<u8>() {
        let range = (f64::from(params.qmin()), f64::from(params.qmax()));
        verify::slice::<f32, f32>("fake_quantize_into")
            .definition(move |src, dst| {
                for (x, y) in src.iter().zip(dst) {
                    *y = params.dequantize(code(*x, &params));
                }
            })
            .kernel(move |src, dst| fake_quantize_into(src, &params, dst).unwrap())
            .assert();
        // The sources first, then the gradients.
        verify::slice::<f32, f32>("fake_quantize_backward_into")
            .ratio(2, 1)
            .definition(move |src, dst| {
                let (src, gradient) = src.split_at(src.len() / 2);
                for ((x, g), out) in src.iter().zip(gradient).zip(dst) {
                    let steps = f64::from((x / params.scale()).round_ties_even());
                    let code = steps + f64::from(params.zero_point());
                    *out = if code >= range.0 && code <= range.1 { *g } else { 0.0 };
                }
            })
            .kernel(move |src, dst| {
                let (src, gradient) = src.split_at(src.len() / 2);
                fake_quantize_backward_into(src, gradient, &params, dst).unwrap();
            })
            .assert();
    }
}

#[test]
fn conversions() {
    macro_rules! check {
        ($($a:ident $b:ident),*) => {$(
            verify::slice::<$a, $b>(concat!(stringify!($a), " to ", stringify!($b)))
                .definition(|src, dst| {
                    src.iter().zip(dst).for_each(|(x, y)| *y = <$b as Real>::from_f32(x.to_f32()));
                })
                .kernel(|src, dst| convert_into(src, dst).unwrap())
                .assert();
        )*};
    }
    check!(f32 f16, f16 f32, f32 bf16, bf16 f32, f16 bf16, f32 f32);
}

#[test]
fn outputs_too_large_for_the_caches_have_the_same_bits() {
    use omnilane::lanes::STREAM_FROM;
    fn check<R: Real + std::fmt::Debug>() {
        let params = QuantParams::<u8>::new(0.37, 3).unwrap();
        let wanted: Vec<R> = dequantize(&(0..=255).collect::<Vec<u8>>(), &params);
        let n = STREAM_FROM / size_of::<R>() + 77;
        let codes: Vec<u8> = (0..n).map(|i| (i % 251) as u8).collect();
        let mut numbers = vec![R::from_f32(-7.0); n + 2];
        dequantize_into(&codes, &params, &mut numbers[1..=n]).unwrap();
        assert!(numbers[1..=n].iter().zip(&codes).all(|(x, code)| *x == wanted[usize::from(*code)]));
        assert_eq!([numbers[0], numbers[n + 1]], [R::from_f32(-7.0); 2]);
    }
    check::<f32>();
    check::<f16>();
}
