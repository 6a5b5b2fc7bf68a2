//! Quantization: the definition's codes on every instruction set, for one scale and for many.

use super::input::Input;
use super::{COMPARED, quantize_oracle as oracle};
use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::{bf16, f16};
use omnilane::quantize::{
    Code, CodeRange, I4, Mode, PerChannelQuant, QuantParams, QuantizeOptions, Real, U4, dequantize_into, quantize_into,
    quantize_into_with,
};
use omnilane_test_values::Sample;
use std::sync::atomic::Ordering::Relaxed;

pub fn run(bytes: &[u8]) {
    let mut i = Input(bytes);
    match i.byte() % 6 {
        0 => with_code::<i8>(&mut i),
        1 => with_code::<u8>(&mut i),
        2 => with_code::<i16>(&mut i),
        3 => with_code::<u16>(&mut i),
        4 => with_code::<I4>(&mut i),
        _ => with_code::<U4>(&mut i),
    }
}

fn with_code<C: Code>(i: &mut Input<'_>) {
    match i.byte() % 3 {
        0 => check::<C, f32>(i),
        1 => check::<C, f16>(i),
        _ => check::<C, bf16>(i),
    }
}

/// Any scale above 0 and any zero point of a range.
fn params<C: Code>(i: &mut Input<'_>, range: CodeRange) -> QuantParams<C> {
    let raw = f32::from_bits(i.word() as u32).abs();
    let scale = i.pick(&[raw, 1.0, 0.1, 0.002_148_548_6, 1e-40, f32::MAX]);
    let scale = if scale > 0.0 && scale.is_finite() { scale } else { 0.5 };
    let (min, max) = range.bounds::<C>();
    let zero_point = min + i.up_to((max - min) as usize) as i32;
    QuantParams::with_range(scale, zero_point, range).expect("a scale and a code")
}

fn code<C: Code>(x: f32, params: &QuantParams<C>) -> i32 {
    oracle::quantize(x, params.scale(), params.zero_point(), (params.qmin(), params.qmax()))
}

fn check<C: Code, R: Real + Sample>(i: &mut Input<'_>) {
    let range = i.pick(&[CodeRange::Full, CodeRange::Symmetric, CodeRange::Reduced]);
    let params = params::<C>(i, range);
    let n = i.up_to(300);
    let mut src: Vec<R> = i.elements(n);
    if i.byte().is_multiple_of(2) {
        // Around the range, and on its ties.
        let half_steps = (params.qmax() - params.qmin() + 8) as usize;
        for x in &mut src {
            let steps = i.up_to(2 * half_steps) as f32 / 2.0 + (params.qmin() - params.zero_point() - 4) as f32;
            *x = R::from_f32(steps * params.scale());
        }
    }
    let nan = src.iter().filter(|x| x.to_f32().is_nan()).count();
    for isa in Isa::available() {
        with_isa(isa, || one_scale(isa, &src, &params, nan)).expect("it is available");
    }
    many_scales::<C, R>(i, &src, range);
}

fn one_scale<C: Code, R: Real>(isa: Isa, src: &[R], params: &QuantParams<C>, nan: usize) {
    let mut codes = vec![C::Storage::default(); C::storage_len(src.len())];
    assert_eq!(quantize_into(src, params, &mut codes), Ok(nan), "{isa}");
    let mut fast = codes.clone();
    let options = QuantizeOptions::default().mode(Mode::Fast);
    assert_eq!(quantize_into_with(src, params, options, &mut fast), Ok(nan), "{isa}");
    let mut back = vec![R::default(); src.len()];
    dequantize_into(&codes, params, &mut back).expect("as many numbers");
    for (k, x) in src.iter().enumerate() {
        let (got, want) = (C::get(&codes, k), code(x.to_f32(), params));
        assert_eq!(got.to_i32(), want, "{isa}: {x} of {} in {params:?}", R::NAME);
        let near = C::get(&fast, k).to_i32();
        assert!(near.abs_diff(want) <= 1, "{isa}: {x} is {near} by Fast, {want} by Exact, in {params:?}");
        let number = R::from_f32(oracle::dequantize(want, params.scale(), params.zero_point())).to_f32();
        assert_eq!(back[k].to_f32().to_bits(), number.to_bits(), "{isa}: {want} of {params:?} back");
    }
    if C::PER_ELEMENT == 2 && src.len() % 2 == 1 {
        let last: Vec<u8> = codes.iter().map(|b| bytemuck::cast(*b)).collect();
        assert_eq!(last[src.len() / 2] >> 4, 0, "{isa}: the high nibble of an odd last byte");
    }
    COMPARED.fetch_add(3 * src.len() as u64, Relaxed);
}

fn many_scales<C: Code, R: Real>(i: &mut Input<'_>, src: &[R], range: CodeRange) {
    let (outer, inner) = (1 + i.up_to(3), 1 + i.up_to(40));
    let dim = src.len() / (outer * inner);
    let src = &src[..outer * inner * dim];
    let nan = src.iter().filter(|x| x.to_f32().is_nan()).count();
    let block = i.pick(&[None, Some(1), Some(2), Some(3), Some(32)]);
    let along = block.map_or(dim, |block| dim.div_ceil(block));
    let scales = if src.is_empty() { 0 } else { along * block.map_or(1, |_| outer * inner) };
    let table: Vec<QuantParams<C>> = (0..scales).map(|_| params(i, range)).collect();
    for isa in Isa::available() {
        let shape = [outer, dim, inner];
        let q = with_isa(isa, || PerChannelQuant::with_params(src, &shape, -2, block, &table));
        let q = q.expect("it is available").expect("the shape is right");
        assert_eq!(q.nan_count(), nan, "{isa}");
        for (k, x) in src.iter().enumerate() {
            let (o, d, e) = (k / (dim * inner), k / inner % dim, k % inner);
            let at = block.map_or(d, |block| (o * along + d / block) * inner + e);
            let (got, want) = (C::get(q.codes(), k).to_i32(), code(x.to_f32(), &table[at]));
            assert_eq!(got, want, "{isa}: {x} at {k} of {shape:?}, block {block:?}, in {:?}", table[at]);
        }
        COMPARED.fetch_add(src.len() as u64, Relaxed);
    }
}
