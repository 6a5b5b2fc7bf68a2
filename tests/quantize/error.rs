//! What is refused, in which words, and that nothing is written then.

use omnilane::quantize::*;

fn message<T: std::fmt::Debug>(result: Result<T, QuantizeError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn parameters() {
    for scale in [0.0, -1.0, f32::INFINITY, f32::NAN] {
        let got = message(QuantParams::<u8>::new(scale, 0));
        assert_eq!(got, format!("scale: {scale}, it must be above 0 and finite"));
    }
    assert!(QuantParams::<u8>::new(1e-45, 0).is_ok());
    assert_eq!(message(QuantParams::<u8>::new(1.0, 256)), "zero_point: 256, it must be in 0..=255");
    let reduced = QuantParams::<i8>::with_range(1.0, 65, CodeRange::Reduced);
    assert_eq!(message(reduced), "zero_point: 65, it must be in -64..=64");
    for (min, max) in [(2.0, 1.0), (f32::NAN, 1.0), (0.0, f32::INFINITY)] {
        let got = message(QuantParams::<i8>::asymmetric(min, max));
        assert_eq!(got, format!("min, max: {min}, {max}; they must be finite, and min not above max"));
    }
    assert_eq!(message(QuantParams::<i8>::symmetric(-1.0)), "absmax: -1, it must be finite and not negative");
}

#[test]
fn lengths_and_nan() {
    let params = QuantParams::<I4>::new(1.0, 0).unwrap();
    let mut codes = [0x55; 3];
    let got = message(quantize_into(&[1.0_f32; 4], &params, &mut codes));
    assert_eq!(got, "dst: its length is 3, it must be 2");
    let strict = QuantizeOptions::default().on_nan(OnNan::Error);
    let got = message(quantize_into_with(&[1.0, f32::NAN, 2.0, f32::NAN, 0.0], &params, strict, &mut codes));
    assert_eq!(got, "src: 2 of its 5 elements are NaN");
    assert_eq!(codes, [0x55; 3]);
    assert_eq!(quantize_into_with(&[1.0_f32; 5], &params, strict, &mut codes), Ok(0));

    let mut numbers = [7.0_f32; 5];
    assert_eq!(message(dequantize_into(&[0, 0], &params, &mut numbers)), "codes: its length is 2, it must be 3");
    assert_eq!(numbers, [7.0; 5]);
    let got = message(QuantizedTensor::from_codes(vec![0; 2], 5, params));
    assert_eq!(got, "codes: its length is 2, it must be 3");
    assert_eq!(message(convert_into(&[1.0_f32], &mut [1.0_f32; 2])), "dst: its length is 2, it must be 1");
    let params = QuantParams::<i8>::default();
    let got = message(fake_quantize_backward_into(&[1.0], &[], &params, &mut [0.0]));
    assert_eq!(got, "gradient: its length is 0, it must be 1");
    assert_eq!(message(fake_quantize_into(&[1.0], &params, &mut [])), "dst: its length is 0, it must be 1");
    assert!(DynamicQuantizer::<u8>::new().quantize_into(&[1.0_f32], &mut []).is_err());
}

#[test]
fn shapes() {
    let of = |shape: &[usize], axis, block| PerChannelQuant::<i8>::from_real(&[0.0_f32; 6], shape, axis, block, true);
    assert_eq!(message(of(&[2, 3], 2, None)), "axis: 2, it must be in -2..2");
    assert_eq!(message(of(&[2, 3], -3, None)), "axis: -3, it must be in -2..2");
    assert_eq!(message(of(&[], 0, None)), "axis: 0, it must be in -0..0");
    assert_eq!(message(of(&[2, 4], 0, None)), "shape: 8 elements, src has 6");
    assert_eq!(message(of(&[usize::MAX, 4], 0, None)), "shape: more than a usize of elements, src has 6");
    assert_eq!(message(of(&[2, 3], 0, Some(0))), "block: 0, it must be at least 1");
    assert_eq!(message(of(&[2, 3], isize::MIN, None)), format!("axis: {}, it must be in -2..2", isize::MIN));

    let params = [QuantParams::<i8>::default(), QuantParams::symmetric(1.0).unwrap()];
    let with = |n: usize| PerChannelQuant::with_params(&[0.0_f32; 6], &[2, 3], 0, None, &params[..n]);
    assert_eq!(message(with(1)), "params: its length is 1, it must be 2");
    assert_eq!(message(with(2)), "params[1]: its range is Symmetric, it must be Full, as that of the first");
    let q = of(&[2, 3], 0, None).unwrap();
    assert_eq!(message(q.dequantize_into(&mut [0.0_f32; 5])), "dst: its length is 5, it must be 6");
}
