//! A scale per channel or per block.

use crate::{assert_same, code, on_every_isa};
use omnilane::lanes::f16;
use omnilane::quantize::*;
use omnilane_test_values::Random;

/// Which parameters the element at `index` has: what the documentation says, written out.
fn params_of(index: &[usize], shape: &[usize], axis: usize, block: Option<usize>) -> usize {
    let Some(block) = block else { return index[axis] };
    let (mut position, mut dims) = (index.to_vec(), shape.to_vec());
    position[axis] /= block;
    dims[axis] = dims[axis].div_ceil(block);
    position.iter().zip(&dims).fold(0, |at, (i, dim)| at * dim + i)
}

/// The indices of element `i`.
fn index_of(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|dim| {
            let at = i % dim;
            i /= dim;
            at
        })
        .collect();
    index.reverse();
    index
}

fn check<C: Code, R: Real>(shape: &[usize], axis: isize, block: Option<usize>, symmetric: bool) {
    let n: usize = shape.iter().product();
    let mut random = Random(n as u64);
    let src: Vec<R> = (0..n)
        .map(|_| match random.next() % 64 {
            0 => R::from_f32(f32::NAN),
            1 => R::from_f32(f32::INFINITY),
            2 => R::from_f32(-0.0),
            k => R::from_f32((random.normal() * k as f64) as f32),
        })
        .collect();
    let what = format!("{} to {}, {shape:?}, axis {axis}, block {block:?}", R::NAME, C::NAME);
    let got = PerChannelQuant::<C>::from_real(&src, shape, axis, block, symmetric).expect(&what);
    let from_front = if axis < 0 { shape.len() - axis.unsigned_abs() } else { axis.unsigned_abs() };
    let groups: Vec<usize> = (0..n).map(|i| params_of(&index_of(i, shape), shape, from_front, block)).collect();
    let mut numbers = Vec::new();
    for (i, x) in src.iter().enumerate() {
        let members = groups.iter().zip(&src).filter(|(group, _)| **group == groups[i]).map(|(_, x)| x.to_f32());
        let finite = members.filter(|x| x.is_finite());
        let (min, max) = finite.fold((0.0_f32, 0.0_f32), |(a, b), x| (a.min(x), b.max(x)));
        let want: QuantParams<C> =
            if symmetric { QuantParams::symmetric(max.max(-min)) } else { QuantParams::asymmetric(min, max) }.unwrap();
        assert_eq!(got.params(groups[i]), Some(want), "{what}: element {i}");
        assert_eq!(C::get(got.codes(), i), code(x.to_f32(), &want), "{what}: element {i}, {x}");
        numbers.push(R::from_f32(want.dequantize(C::get(got.codes(), i))).to_f32());
    }
    let back: Vec<f32> = got.to_real::<R>().iter().map(|x| x.to_f32()).collect();
    assert_same(&back, &numbers, &what);
    assert_eq!(got.nan_count(), src.iter().filter(|x| x.to_f32().is_nan()).count());
    assert_eq!(got.infinite_count(), src.iter().filter(|x| x.to_f32().is_infinite()).count());
    // With the same parameters, the same tensor.
    let params: Vec<_> = (0..got.scales().len()).map(|i| got.params(i).unwrap()).collect();
    let again = PerChannelQuant::with_params(&src, shape, axis, block, &params).expect(&what);
    assert_eq!((again.codes(), again.scales()), (got.codes(), got.scales()), "{what}");
}

#[test]
fn every_axis_and_block() {
    on_every_isa("channels", |_| {
        for (shape, axis) in
            [(&[3, 5, 7][..], 0), (&[3, 5, 7], 1), (&[3, 5, 7], -1), (&[2, 37], 1), (&[37, 2], -2), (&[9], 0)]
        {
            for block in [None, Some(1), Some(2), Some(4), Some(100)] {
                check::<i8, f32>(shape, axis, block, true);
                check::<u16, f32>(shape, axis, block, false);
                check::<I4, f32>(shape, axis, block, true);
                check::<U4, f16>(shape, axis, block, false);
            }
        }
    });
}

/// Rows that are longer than a vector, and nibbles that are longer than a chunk.
#[test]
fn long_rows() {
    on_every_isa("channels, long", |_| {
        check::<i8, f32>(&[3, 131], 0, None, true);
        check::<u8, f32>(&[3, 131], -1, None, false);
        check::<I4, f32>(&[3, 555], 0, None, true);
        check::<U4, f32>(&[2, 777], 1, Some(32), false);
        check::<I4, f32>(&[2, 4, 161], 1, Some(3), true);
    });
}

#[test]
fn nothing_and_one() {
    for shape in [&[0][..], &[0, 3], &[3, 0], &[usize::MAX, usize::MAX, 0]] {
        let q = PerChannelQuant::<i8>::from_f32(&[], shape, 0).unwrap();
        assert!(q.is_empty() && q.scales().is_empty() && q.to_f32().is_empty(), "{shape:?}");
        assert_eq!(q.compression_ratio(), 0.0);
    }
    let q = PerChannelQuant::<u8>::from_f32(&[2.5], &[1], -1).unwrap();
    assert_eq!((q.codes(), q.to_f32()), (&[255][..], vec![2.5]));
}

#[test]
fn memory_with_parameters() {
    let weights = vec![0.5; 64 * 256];
    let q = PerChannelQuant::<i8>::from_f32_symmetric(&weights, &[64, 256], 0).unwrap();
    assert_eq!(q.bytes(), 64 * 256 + 64 * 5);
    let q = PerChannelQuant::<I4>::blocked_f32_symmetric(&weights, &[64, 256], -1, 32).unwrap();
    assert_eq!(q.bytes(), 64 * 256 / 2 + 64 * 8 * 5);
    assert_eq!(q.compression_ratio(), 4.0 * 16384.0 / 10752.0);
}
