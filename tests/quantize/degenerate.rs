//! Empty, constant, infinite: each case of the module's table.

use crate::on_every_isa;
use omnilane::quantize::*;

#[test]
fn nothing_zero_and_one() {
    on_every_isa("degenerate", |_| {
        for zeros in [&[][..], &[0.0], &[0.0, -0.0, 0.0]] {
            let unsigned = QuantizedTensor::<u8>::from_f32(zeros);
            let signed = QuantizedTensor::<i8>::from_f32_symmetric(zeros);
            let dynamic = DynamicQuantizer::<u8>::new().quantize(zeros);
            assert_eq!((unsigned.params().scale(), unsigned.params().zero_point()), (1.0, 0));
            assert_eq!((signed.params().scale(), signed.params().zero_point()), (1.0, 0));
            assert_eq!((dynamic.params().scale(), dynamic.params().zero_point()), (1.0, 0));
            assert_eq!(unsigned.to_f32(), vec![0.0; zeros.len()]);
            assert_eq!(signed.codes(), vec![0; zeros.len()]);
            assert_eq!(dynamic.codes(), vec![0; zeros.len()]);
        }
        for one in [0.3_f32, -7.0, 1e-30, 3e38] {
            let back = QuantizedTensor::<u8>::from_f32(&[one]).to_f32();
            assert!(
                back.len() == 1 && (back[0] - one).abs() <= one.abs() * f32::EPSILON,
                "{one} came back as {back:?}"
            );
        }
    });
}

#[test]
fn constants_come_back_from_an_end_code() {
    on_every_isa("constants", |_| {
        for c in [0.1_f32, 1.0, -1.0, 12345.678, -3e-20, 1e30] {
            let src = [c; 9];
            let unsigned = QuantizedTensor::<u8>::from_f32(&src);
            let end = if c > 0.0 { 255 } else { 0 };
            assert_eq!((unsigned.codes(), unsigned.params().zero_point()), (&[end; 9][..], 255 - i32::from(end)));
            let signed = QuantizedTensor::<i8>::from_f32_symmetric(&src);
            assert_eq!(signed.codes(), [if c > 0.0 { 127 } else { -127 }; 9]);
            for back in unsigned.to_f32().into_iter().chain(signed.to_f32()) {
                // Exactly, but for the rounding of the scale and of the product.
                assert!((back - c).abs() <= c.abs() * f32::EPSILON, "{c} came back as {back}");
            }
        }
    });
}

#[test]
fn nan_is_zero_and_counted_and_infinity_saturates() {
    let src = [1.0, f32::NAN, f32::INFINITY, -2.0, f32::NEG_INFINITY, -f32::NAN, 0.0];
    on_every_isa("NaN", |_| {
        // In the body of a vector and in its tail.
        for repeat in [1, 3, 40] {
            let src = src.repeat(repeat);
            for tensor in [QuantizedTensor::<u8>::from_f32(&src), DynamicQuantizer::new().quantize(&src)] {
                assert_eq!((tensor.nan_count(), tensor.infinite_count()), (2 * repeat, 2 * repeat));
                assert_eq!((tensor.params().scale(), tensor.params().zero_point()), (3.0 / 255.0, 170));
                assert_eq!(tensor.codes(), [255, 170, 255, 0, 0, 170, 170].repeat(repeat));
                assert_eq!(tensor.to_f32()[1], 0.0);
            }
            let symmetric = QuantizedTensor::<I4>::from_f32_symmetric(&src);
            assert_eq!(symmetric.params().scale(), 2.0 / 7.0);
            let codes: Vec<i8> = (0..7).map(|i| I4::get(symmetric.codes(), i).value()).collect();
            assert_eq!(codes, [3, 0, 7, -7, -7, 0, 0]);
        }
        for nothing_finite in [[f32::NAN; 5], [f32::INFINITY; 5]] {
            let tensor = QuantizedTensor::<u8>::from_f32(&nothing_finite);
            assert_eq!((tensor.params().scale(), tensor.params().zero_point()), (1.0, 0));
            assert_eq!(tensor.nan_count() + tensor.infinite_count(), 5);
        }
    });
}

#[test]
fn scales_without_a_range() {
    // Subnormal, or above the largest f32.
    for tiny in [1e-38_f32, 1e-45, f32::MIN_POSITIVE] {
        assert_eq!(QuantParams::<i8>::asymmetric(-tiny, tiny).unwrap().scale(), 1.0);
        assert_eq!(QuantParams::<i8>::symmetric(tiny).unwrap().scale(), 1.0);
        assert_eq!(DynamicQuantizer::<u8>::new().params(&[tiny, 0.0]).scale(), 1.0);
    }
    // In f64 the whole range of f32 has a scale; in f32, as ONNX has it, it overflows.
    let all = QuantParams::<u8>::asymmetric(f32::MIN, f32::MAX).unwrap();
    assert!(all.scale() > 2e36 && all.zero_point() == 128, "{all:?}");
    assert_eq!(DynamicQuantizer::<u8>::new().params(&[f32::MIN, f32::MAX]).scale(), 1.0);
}

#[test]
fn large_numbers_are_clamped_before_they_are_integers() {
    let params = QuantParams::<u8>::new(1.0, 10).unwrap();
    on_every_isa("3e9", |_| {
        assert_eq!(quantize_weights(&[3e9_f32, -3e9, 2_147_483_648.0, f32::MAX], &params), [255, 0, 255, 255]);
    });
}

#[test]
fn ranges_and_symmetric_parameters() {
    fn check<C: Code>(full: (i32, i32), symmetric: (i32, i32), reduced: (i32, i32), middle: i32) {
        for (range, want) in [(CodeRange::Full, full), (CodeRange::Symmetric, symmetric), (CodeRange::Reduced, reduced)]
        {
            assert_eq!(range.bounds::<C>(), want, "{} {range:?}", C::NAME);
        }
        let params = QuantParams::<C>::symmetric(3.0).unwrap();
        assert_eq!((params.zero_point(), params.qmin()), (middle, symmetric.0));
        assert_eq!(params.scale(), (3.0 / f64::from(symmetric.1 - middle)) as f32);
        let [low, high] = [-3.0, 3.0].map(|x| params.quantize(x).to_i32());
        assert_eq!((low, high), symmetric, "{}", C::NAME);
    }
    check::<i8>((-128, 127), (-127, 127), (-64, 64), 0);
    check::<u8>((0, 255), (1, 255), (0, 127), 128);
    check::<i16>((-32768, 32767), (-32767, 32767), (-16384, 16384), 0);
    check::<u16>((0, 65535), (1, 65535), (0, 32767), 32768);
    check::<I4>((-8, 7), (-7, 7), (-4, 3), 0);
    check::<U4>((0, 15), (1, 15), (0, 7), 8);
}
