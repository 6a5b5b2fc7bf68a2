//! Mean, deviation and normalization: the same bits on every instruction set and for every layout, and near the
//! definition in f64.

use super::input::Input;
use super::oracle;
use super::pictures::Place;
use omnilane::cpu::{Isa, with_isa};
use omnilane::memory::ImageView;
use omnilane_kernels::{MeanStd, mean_std, normalize_in_place, normalize_into};

pub fn run(bytes: &[u8]) {
    let mut i = Input(bytes);
    match i.byte() % 2 {
        0 => check::<1>(&mut i),
        _ => check::<3>(&mut i),
    }
}

fn check<const C: usize>(i: &mut Input<'_>) {
    let from = Place::new(i, C);
    let to = from.moved(i);
    let mut data: Vec<f32> = i.elements(from.buffer());
    if i.byte().is_multiple_of(2) {
        // Far from zero and close together, where a naive variance fails.
        let (base, scale) = (i.pick(&[1.0, 1e4, -3e6]), i.pick(&[1.0, 1e-3, 0.0]));
        data.iter_mut().for_each(|v| *v = base + if v.is_finite() { *v % 100.0 * scale } else { 0.0 });
    }
    let elements = from.pack(&data);
    let packed = ImageView::<f32, 1>::new(&elements, elements.len(), 1).expect("one row");
    let mut want = elements.clone();
    let measured = with_isa(Isa::Scalar, || mean_std(packed)).expect("scalar is everywhere");
    let row = &mut omnilane::memory::ImageViewMut::<f32, 1>::new(&mut want, elements.len(), 1).expect("one row");
    with_isa(Isa::Scalar, || normalize_in_place(row)).expect("scalar is everywhere");

    near_definition(&elements, measured, &want);
    let same = |got: MeanStd| {
        let bits = |m: MeanStd| [m.mean, m.std].map(|v| if v.is_nan() { 0 } else { v.to_bits() });
        assert_eq!(bits(got), bits(measured), "mean_std of {from:?}");
    };
    to.check::<f32, C>(to.filled([f32::NAN, -7.0]), &want, |dst| {
        same(mean_std(from.view::<f32, C>(&data)));
        same(normalize_into(from.view(&data), dst).expect("the sizes are equal"));
    });
    let mut source = to.filled([f32::MAX, 3.0]);
    source.iter_mut().for_each(|buffer| to.unpack(&elements, buffer));
    to.check::<f32, C>(source, &want, |data| same(normalize_in_place(data)));
}

fn near_definition(elements: &[f32], got: MeanStd, normal: &[f32]) {
    let want = oracle::mean_std(elements);
    if elements.iter().any(|v| !v.is_finite()) {
        assert!(got.std.is_nan() && normal.iter().all(|v| v.is_nan()), "{got:?}");
        return;
    }
    let largest = elements.iter().fold(0f64, |m, v| m.max(f64::from(v.abs())));
    // What the sums of f64, here and in the definition, may lose.
    let lost = 1e-12 * largest;
    assert!((got.mean - want.mean).abs() <= lost, "mean {} not {}", got.mean, want.mean);
    assert!((got.std - want.std).abs() <= 1e-9 * want.std + lost, "std {} not {}", got.std, want.std);
    // The elements by the measure that was found: three operations of f32.
    let (mean, scale) = (got.mean, 1.0 / (got.std + 1e-8));
    for (x, y) in elements.iter().zip(normal) {
        let distance = f64::from(*x) - mean;
        if distance.abs() > f64::from(f32::MAX) {
            continue; // beyond f32 on the way: infinite
        }
        let slack = 1e-6 * (distance.abs() + 1e-7 * mean.abs()) * scale + 1e-36;
        let error = (f64::from(*y) - distance * scale).abs();
        assert!(error <= slack, "normal of {x}: {y}, not {}; {got:?}", distance * scale);
    }
}
