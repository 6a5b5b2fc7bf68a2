//! Gray from each order of channels, against its formula.

use super::input::Input;
use super::oracle;
use super::pictures::Place;
use omnilane::memory::{ImageView, ImageViewMut};
use omnilane_kernels as kernels;

pub fn run(bytes: &[u8]) {
    let mut i = Input(bytes);
    match i.byte() % 4 {
        0 => check(&mut i, [0, 1, 2], |src: ImageView<'_, u8, 4>, dst| kernels::gray_from_rgba_into(src, dst)),
        1 => check(&mut i, [2, 1, 0], |src: ImageView<'_, u8, 4>, dst| kernels::gray_from_bgra_into(src, dst)),
        2 => check(&mut i, [0, 1, 2], |src: ImageView<'_, u8, 3>, dst| kernels::gray_from_rgb_into(src, dst)),
        _ => check(&mut i, [2, 1, 0], |src: ImageView<'_, u8, 3>, dst| kernels::gray_from_bgr_into(src, dst)),
    }
}

fn check<const C: usize>(
    i: &mut Input<'_>,
    order: [usize; 3],
    kernel: impl Fn(ImageView<'_, u8, C>, &mut ImageViewMut<'_, u8, 1>) -> Result<(), kernels::Error>,
) {
    let from = Place::new(i, C);
    let to = from.with_channels(i, 1);
    let data: Vec<u8> = i.elements(from.buffer());
    let mut want = vec![0; to.buffer()];
    oracle::gray(from.view::<u8, C>(&data), &mut to.view_mut(&mut want), order);
    to.check(to.filled([0x5a, 0xa5]), &to.pack(&want), |dst| {
        kernel(from.view(&data), dst).expect("the sizes are equal");
    });
}
