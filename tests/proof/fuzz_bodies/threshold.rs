//! Thresholds of every kind, into another picture and in place, against one comparison per element.

use super::input::Input;
use super::oracle;
use super::pictures::Place;
use omnilane::lanes::Num;
use omnilane_kernels::{Threshold, threshold_in_place, threshold_into};
use omnilane_test_values::{Lane, Sample};

pub fn run(bytes: &[u8]) {
    let mut i = Input(bytes);
    match i.byte() % 6 {
        0 => channels::<u8>(&mut i),
        1 => channels::<u16>(&mut i),
        2 => channels::<f32>(&mut i),
        3 => channels::<i8>(&mut i),
        4 => channels::<i64>(&mut i),
        _ => channels::<f64>(&mut i),
    }
}

fn channels<T: Num + Sample + Lane>(i: &mut Input<'_>) {
    match i.byte() % 3 {
        0 => check::<T, 1>(i),
        1 => check::<T, 3>(i),
        _ => check::<T, 4>(i),
    }
}

fn check<T: Num + Sample + Lane, const C: usize>(i: &mut Input<'_>) {
    let kind = i.byte();
    let (mut level, max) = (i.element::<T>(), i.element::<T>());
    let kind = match kind % 5 {
        0 => Threshold::Binary(max),
        1 => Threshold::BinaryInv(max),
        2 => Threshold::Truncate,
        3 => Threshold::ToZero,
        _ => Threshold::ToZeroInv,
    };
    let from = Place::new(i, C);
    let to = from.moved(i);
    let data: Vec<T> = i.elements(from.buffer());
    let elements = from.pack(&data);
    if i.byte().is_multiple_of(2) && !elements.is_empty() {
        level = elements[i.up_to(elements.len() - 1)]; // equal to some element
    }
    let want: Vec<T> = elements.iter().map(|v| oracle::threshold(*v, level, kind)).collect();
    to.check(to.filled([i.element(), i.element()]), &want, |dst| {
        threshold_into(from.view::<T, C>(&data), dst, level, kind).expect("the sizes are equal");
    });
    let mut source = to.filled([i.element(), i.element()]);
    source.iter_mut().for_each(|buffer| to.unpack(&elements, buffer));
    to.check::<T, C>(source, &want, |data| threshold_in_place(data, level, kind));
}
